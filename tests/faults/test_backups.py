"""F17: backups are made and killed under load, and restored."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from epcis_repo.store import open_store
from epcis_repo.store.log import read
from tests.faults.clients import crowd
from tests.faults.cluster import Cluster
from tests.faults.forking import Fork
from tests.faults.reports import Journal
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, compared

Line = tuple[int, int, str, bytes]


def log_of(db: str) -> list[Line]:
    """The log from its beginning: position, record time, identity and content of each event."""

    async def lines() -> list[Line]:
        store = open_store(db)
        async with store.reading() as session:
            found = [(e.position, e.record_time, e.event_id, e.data) async for e in read(session)]
        await store.close()
        return found

    return asyncio.run(lines())


class TestBackup:
    def test_under_load_has_all_that_was_acknowledged_before(
        self,
        trial: Trial,
        fork: Fork,
        cluster: Cluster,
        durable_url: str,
        tmp_path: Path,
    ) -> None:
        """
        While clients go on, a backup is the beginning of the log, with all that they had been
        told when it began; one that was killed is no file, or whole. Either store restores it.
        """
        clients = crowd(Journal(tmp_path / "journal"))
        server = fork.start("serve", durable_url)
        made = killed = 0
        restoring = 0.0
        address = server.address()
        for number, chances in trial.rounds(short=2, full=60):
            path = tmp_path / f"{number}.backup"
            with clients.sending_to(address):
                clients.wait_for(chances.randint(1, 20))
                told = clients.journal.answers()
                child = fork.start("command", "backup", str(path), "--db", durable_url)
                if number % 2:
                    time.sleep(chances.uniform(0, 0.05))
                    child.kill()
                    killed += 1
                else:
                    assert child.wait() == 0, child.words
            if not path.exists():
                assert number % 2
                continue
            # Into the other kind of store and its own, by turns.
            if durable_url.startswith("sqlite") == bool(number % 4):
                target = f"sqlite:///{tmp_path / f'{number}.db'}"
            else:
                target = cluster.server.create_database()
            started = time.monotonic()
            child = fork.start("command", "restore", str(path), "--db", target)
            assert child.wait() == 0, child.words
            restoring = max(restoring, time.monotonic() - started)
            assert compared(target, clients.sent, told) == SOUND
            restored = log_of(target)
            assert restored == log_of(durable_url)[: len(restored)]
            made += 1
        server.kill()

        assert made
        assert clients.surprises == []
        trial.tell(
            "F17",
            f"backup under load, {durable_url.partition(':')[0]} into both",
            f"{made} restored, {killed} killed while they were made",
            f"0 lost, 0 partial, the log's beginning; {restoring:.1f} s to restore at most",
        )
