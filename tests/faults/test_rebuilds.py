"""F16: a rebuild of the read models is killed, and the old ones are still served."""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path

from epcis_repo.evidence.operations import prepare
from epcis_repo.operations.capture import capture
from epcis_repo.projections import rebuild
from epcis_repo.store import open_store
from tests.faults.deeds import DIED
from tests.faults.forking import Fork
from tests.faults.reports import report
from tests.faults.trial import FULL, Trial
from tests.faults.verdict import SOUND, Rows, compared, rows_of
from tests.rest.documents import JSON

REPORTS = [report("rebuilt", number) for number in range(200 if FULL else 60)]


def filled(db: str) -> None:
    """Capture the reports."""

    async def fill() -> None:
        store = open_store(db)
        await prepare(store)
        now = time.time_ns() // 1000
        await asyncio.gather(*(capture(store, one.body, JSON, now=now) for one in REPORTS))
        await store.close()

    asyncio.run(fill())


def read_models(db: str) -> Rows:
    """All rows of the read models, as anybody finds them."""

    async def look() -> Rows:
        store = open_store(db)
        rows = await rows_of(store)
        await store.close()
        return rows

    return asyncio.run(look())


class TestRebuild:
    def test_that_dies_at_any_operation_leaves_the_old_read_models(
        self, trial: Trial, fork: Fork, tmp_path: Path
    ) -> None:
        """
        Before any write and sync of it: the read models are what they were, and the next rebuild
        makes equal ones.
        """
        original = tmp_path / "original.db"
        filled(f"sqlite:///{original}")
        before = read_models(f"sqlite:///{original}")
        path = tmp_path / "copy.db"
        deaths = 0
        for number, chances in trial.rounds(short=12, full=100_000):
            at = 1 + number if FULL else 1 + number * 12 + chances.randrange(12)
            shutil.copy(original, path)
            db = f"sqlite:///{path}"
            code = fork.start("rebuild", db, dies_at=at).wait()
            assert read_models(db) == before
            assert compared(db, REPORTS, ()) == SOUND
            for file in tmp_path.glob("copy.db*"):
                file.unlink()
            if code == 0:
                break
            assert code == DIED
            deaths += 1

        assert deaths
        trial.tell(
            "F16",
            "death at an operation of a rebuild, SQLite",
            f"{deaths} deaths in a rebuild of {len(REPORTS)} documents",
            "read models as before, and equal to the next rebuild",
        )

    def test_that_is_killed_leaves_the_old_read_models(
        self, trial: Trial, fork: Fork, durable_url: str
    ) -> None:
        """
        SIGKILL at random instants of it: the same, on each store.
        """
        filled(durable_url)
        before = read_models(durable_url)
        started = time.monotonic()
        assert fork.start("rebuild", durable_url).wait() == 0
        lasts = time.monotonic() - started
        kills = 0
        for _, chances in trial.rounds(short=4, full=150):
            child = fork.start("rebuild", durable_url)
            time.sleep(chances.uniform(0, lasts))
            child.kill()
            assert read_models(durable_url) == before
            kills += 1

        assert compared(durable_url, REPORTS, ()) == SOUND
        trial.tell(
            "F16",
            f"SIGKILL of a rebuild, {durable_url.partition(':')[0]}",
            f"{kills} kills in a rebuild of {len(REPORTS)} documents",
            "read models as before, and equal to the next rebuild",
        )

    async def test_is_seen_by_nobody_until_it_is_done(self, durable_url: str) -> None:
        """
        Who reads while it goes on reads whole read models, at every moment.
        """
        await asyncio.to_thread(filled, durable_url)
        store, reader = open_store(durable_url), open_store(durable_url)
        before = await rows_of(reader)
        looks = 0

        task = asyncio.create_task(rebuild(store))
        while not task.done():
            assert await rows_of(reader) == before
            looks += 1
            await asyncio.sleep(0)
        await task
        await store.close()
        await reader.close()

        assert looks > 3
