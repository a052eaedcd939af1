"""F4: the power is cut, and what was not synced is kept, dropped, torn or out of order."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.evidence.operations import prepare
from epcis_repo.operations.capture import capture
from epcis_repo.store import open_store, sqlite
from tests.faults.disk import checkpointing_often, closed
from tests.faults.power import (
    POWER_CUT,
    Fate,
    MemoryDisk,
    Platter,
    Step,
    Told,
    kept,
)
from tests.faults.reports import Report, report
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, Verdict, verdict_of
from tests.rest.documents import JSON

REPORTS = [report("script", number) for number in range(24)]
NAME = "epcis.db"


def never(_file: str) -> bool:
    return False


def script(folder: Path, *, sync_fails: Callable[[str], bool] = never) -> list[Step]:
    """What the disk sees while the reports are captured, in twos."""

    async def work(disk: MemoryDisk) -> None:
        store = open_store(f"sqlite:///{folder / NAME}")

        async def send(one: Report) -> None:
            with suppress(StoreUnavailableError):
                receipt = await capture(store, one.body, JSON, now=time.time_ns() // 1000)
                disk.steps.append(Told(one.digest, receipt.capture_id))

        with suppress(StoreUnavailableError):
            await prepare(store)
            for first, second in zip(REPORTS[::2], REPORTS[1::2], strict=True):
                await asyncio.gather(send(first), send(second))
        await closed(store, folder / NAME)

    with checkpointing_often(), MemoryDisk(sync_fails=sync_fails) as disk:
        asyncio.run(work(disk))
        return disk.steps


def after_cuts(
    steps: Sequence[Step], fates: Sequence[Fate], rounds: Iterable[tuple[int, Random]]
) -> Iterator[Verdict]:
    """Cut the power in each round at some moment, and yield what is wrong with what is left."""
    with tempfile.TemporaryDirectory(dir=_quick()) as folder:
        for number, chances in rounds:
            platter = Platter()
            platter.go_on(steps[: chances.randrange(len(steps))])
            left = platter.left_by(fates[number % len(fates)], chances)
            for file, content in left.items():
                (Path(folder) / Path(file).name).write_bytes(content)
            # To make the read models anew costs most of a cut, and tells little that fsck does not.
            every_so_often = number % 20 == 0
            yield asyncio.run(looked_at(Path(folder), platter.told, read_models=every_so_often))
            for path in Path(folder).iterdir():
                path.unlink()


async def looked_at(folder: Path, told: Sequence[tuple[str, str]], *, read_models: bool) -> Verdict:
    """What is wrong with a store that is found after a cut."""
    try:
        store = open_store(f"sqlite:///{folder / NAME}")
        try:
            await prepare(store)
            verdict = await verdict_of(store, REPORTS, told, read_models=read_models)
            async with store.reading() as session:
                [(found,)] = await session.fetch("PRAGMA integrity_check")
        finally:
            await store.close()
    except StoreUnavailableError as error:
        return Verdict(altered=(str(error),))
    return verdict if found == "ok" else Verdict(altered=(found,))


def _quick() -> str | None:
    # In memory where there is such a place: what is looked at need not survive anything.
    return next((str(path) for path in [Path("/dev/shm")] if path.is_dir()), None)


@pytest.fixture
def normal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting of SQLite that is usual with WAL, and not enough."""
    assert "synchronous = FULL" in sqlite._PRAGMAS
    changed = sqlite._PRAGMAS.replace("synchronous = FULL", "synchronous = NORMAL")
    monkeypatch.setattr(sqlite, "_PRAGMAS", changed)


class TestPowerCut:
    def test_loses_nothing_that_was_acknowledged(self, trial: Trial, tmp_path: Path) -> None:
        """
        At any moment, whatever becomes of the writes in doubt: all that was acknowledged is
        there, nothing in part, and the file is sound.
        """
        cuts = 0
        rounds = trial.rounds(short=120, full=3_000)
        for verdict in after_cuts(script(tmp_path), POWER_CUT, rounds):
            assert verdict == SOUND
            cuts += 1

        trial.tell(
            "F4",
            "power cut, synchronous=FULL",
            f"{cuts} cuts",
            "0 lost, 0 partial, 0 corrupt",
        )

    def test_loses_much_where_commits_do_not_wait_for_the_disk(
        self, trial: Trial, tmp_path: Path, normal: None
    ) -> None:
        """
        The control: with synchronous=NORMAL the same cuts lose what was acknowledged, so they
        are hard enough to show it.
        """
        rounds = trial.rounds(short=60, full=3_000)
        verdicts = [*after_cuts(script(tmp_path), POWER_CUT, rounds)]

        losing = sum(bool(verdict.lost) for verdict in verdicts)
        assert losing
        assert not any(verdict.partial or verdict.altered for verdict in verdicts)
        trial.tell(
            "F4",
            "control: power cut, synchronous=NORMAL",
            f"{len(verdicts)} cuts",
            f"{losing} lose what was acknowledged, 0 partial, 0 corrupt",
        )

    def test_is_not_what_a_kill_is(self, trial: Trial, tmp_path: Path, normal: None) -> None:
        """
        The control of the kills: a killed process leaves its writes with the kernel, so not
        even synchronous=NORMAL loses anything. To kill proves nothing about the disk.
        """
        kills = 0
        for verdict in after_cuts(script(tmp_path), [kept], trial.rounds(short=60, full=1_000)):
            assert verdict == SOUND
            kills += 1

        trial.tell(
            "F4",
            "control: kill, synchronous=NORMAL",
            f"{kills} kills",
            "0 lost: only power cuts show it",
        )

    def test_after_a_failed_sync_loses_nothing(self, trial: Trial, tmp_path: Path) -> None:
        """
        A sync fails, and the kernel forgets what it should have written: no capture was
        acknowledged on the strength of it, whenever the power goes.
        """
        cuts = failures = 0
        for number, chances in trial.rounds(short=5, full=300):
            fails_at = chances.randrange(4, 60)
            seen: list[str] = []

            def fails(file: str, fails_at: int = fails_at, seen: list[str] = seen) -> bool:
                seen.append(file)
                return len(seen) == fails_at

            folder = tmp_path / str(number)
            folder.mkdir()
            steps = script(folder, sync_fails=fails)
            failures += len(seen) >= fails_at
            drawn = ((n, trial.chances(f"{number} {n}")) for n in range(10))
            for verdict in after_cuts(steps, POWER_CUT, drawn):
                assert verdict == SOUND
                cuts += 1

        assert failures
        trial.tell(
            "F3",
            "failed sync whose writes are gone, then a power cut",
            f"{failures} failures, {cuts} cuts",
            "0 lost, 0 partial, 0 corrupt",
        )
