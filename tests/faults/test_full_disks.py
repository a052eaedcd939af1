"""F8 and F9: the disk is full, and later it is not."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw
import httpx2
import pytest

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.evidence.operations import prepare
from epcis_repo.operations.capture import capture
from epcis_repo.store import open_store
from tests.faults.clients import Address, Crowd, crowd
from tests.faults.cluster import running_cluster
from tests.faults.forking import Fork
from tests.faults.reports import Journal, report
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, compared, verdict_of
from tests.postgres_server import SOCKET_PARENT
from tests.rest.documents import JSON

FULL_SECONDS_MAX = 60.0
MEGABYTE = 1 << 20
Disk = Callable[[int], AbstractContextManager[Path]]


@pytest.fixture
def disk() -> Disk:
    """What mounts a disk of some megabytes, in memory, at a folder of its own."""

    @contextmanager
    def mounted(megabytes: int) -> Iterator[Path]:
        folder = tempfile.mkdtemp(prefix="epcis-repo-disk-", dir=SOCKET_PARENT)
        size = f"size={megabytes}m,mode=755"
        try:
            tried = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", size, "tmpfs", folder],
                capture_output=True,
                text=True,
                check=False,
            )
            if tried.returncode:
                pytest.skip(f"no small disk can be mounted here: {tried.stderr.strip()}")
            try:
                yield Path(folder)
            finally:
                subprocess.run(["umount", "-l", folder], check=True)
        finally:
            Path(folder).rmdir()

    return mounted


def fill(path: Path, *, leave: int) -> None:
    """Write a file that leaves so many bytes on its disk."""
    with path.open("wb") as ballast:
        while True:
            size = shutil.disk_usage(path.parent).free - leave
            try:
                os.posix_fallocate(ballast.fileno(), 0, max(size, 1))
            except OSError:
                continue  # others have taken some meanwhile
            return


def wait_until_refused(clients: Crowd) -> None:
    """Return when a client was told to come back."""
    refused = clients.refused
    deadline = time.monotonic() + FULL_SECONDS_MAX
    while clients.refused == refused:
        assert time.monotonic() < deadline, "the disk does not get full"
        time.sleep(0.01)


def still_told(address: Address, epc: str) -> None:
    """Fail unless what is recorded is still answered."""
    with httpx2.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=30) as client:
        assert client.get(f"/history/{epc}").status_code == 200
        assert client.get("/epcis/events", params={"perPage": "5"}).status_code == 200


FIRST_UNIT = "urn:epc:id:sgtin:030001.0012345.{}U0N0"


class TestFullDisk:
    def test_of_sqlite_refuses_until_there_is_room(
        self, trial: Trial, fork: Fork, disk: Disk, tmp_path: Path
    ) -> None:
        """
        Clients are told to come back, and what is recorded is still told; with some room the
        same server goes on by itself, and nothing is lost or in part.
        """
        times = 0
        clients = crowd(Journal(tmp_path / "journal"))
        with disk(8) as folder:
            db = f"sqlite:///{folder / 'epcis.db'}"
            ballast, reserve = folder / "ballast", folder / "reserve"
            reserve.write_bytes(bytes(MEGABYTE))
            server = fork.start("serve", db)
            address = server.address()
            with clients.sending_to(address):
                clients.wait_for(8)
                for _ in trial.rounds(short=1, full=20):
                    fill(ballast, leave=MEGABYTE // 8)
                    wait_until_refused(clients)
                    still_told(address, FIRST_UNIT.format(clients.clients[0].name))
                    ballast.unlink()
                    clients.wait_for(8)
                    times += 1
                    if shutil.disk_usage(folder).free < MEGABYTE:
                        break
            # They may have written on until there was no room at all.
            reserve.unlink()
            clients.settle(address)
            server.kill()
            # To compare takes more room than there is.
            for name in ("epcis.db", "epcis.db-wal"):
                shutil.copy(folder / name, tmp_path / name)

        copy = f"sqlite:///{tmp_path / 'epcis.db'}"
        verdict = compared(copy, clients.sent, clients.journal.answers())

        assert clients.surprises == []
        assert verdict == SOUND
        trial.tell(
            "F8",
            "full disk, SQLite",
            f"full {times} times, {clients.answered} captures acknowledged",
            f"0 lost, 0 partial, 0 twice; {clients.refused} refused, reads went on",
        )

    def test_of_postgresql_refuses_until_there_is_room(
        self, trial: Trial, fork: Fork, disk: Disk, tmp_path: Path
    ) -> None:
        """
        PostgreSQL without room stops for its own sake; the server waits for it, and with some
        room goes on, and nothing is lost or in part.
        """
        times = 0
        clients = crowd(Journal(tmp_path / "journal"))
        with disk(160) as folder, running_cluster(folder) as cluster:
            db = cluster.server.create_database()
            ballast = folder / "ballast"
            server = fork.start("serve", db)
            address = server.address()
            with clients.sending_to(address):
                clients.wait_for(8)
                for _ in trial.rounds(short=1, full=10):
                    fill(ballast, leave=MEGABYTE // 8)
                    wait_until_refused(clients)
                    ballast.unlink()
                    # It may have given up altogether, which is for its operator to see.
                    if not cluster.runs():
                        cluster.stop()
                        cluster.start()
                    clients.wait_for(8)
                    times += 1
            clients.settle(address)
            still_told(address, FIRST_UNIT.format(clients.clients[0].name))
            server.kill()

            verdict = compared(db, clients.sent, clients.journal.answers())

        assert clients.surprises == []
        assert verdict == SOUND
        trial.tell(
            "F9",
            "full disk, PostgreSQL",
            f"full {times} times, {clients.answered} captures acknowledged",
            f"0 lost, 0 partial, 0 twice; {clients.refused} refused",
        )


class TestFullDatabase:
    def test_refuses_and_has_nothing_in_part(self, trial: Trial, tmp_path: Path) -> None:
        """
        Where SQLite may have no more pages, each capture is refused or recorded, and what was
        refused is recorded once there may be more.
        """
        db = f"sqlite:///{tmp_path / 'epcis.db'}"
        reports = [report("full", number) for number in range(60)]

        async def pages() -> int:
            store = open_store(db)
            await prepare(store)
            async with store.reading() as session:
                [(count,)] = await session.fetch("PRAGMA page_count")
            await store.close()
            return int(count)

        # Room for a few of them.
        most = asyncio.run(pages()) + 10

        def limited(connection: apsw.Connection) -> None:
            connection.pragma("max_page_count", most)

        async def send_all() -> tuple[list[tuple[str, str]], int]:
            store = open_store(db)
            await prepare(store)
            answers, refused = [], 0
            for one in reports:
                try:
                    receipt = await capture(store, one.body, JSON, now=time.time_ns() // 1000)
                except StoreUnavailableError:
                    refused += 1
                else:
                    answers.append((one.digest, receipt.capture_id))
            verdict = await verdict_of(store, reports, answers, read_models=not refused)
            await store.close()
            assert verdict == SOUND
            return answers, refused

        apsw.connection_hooks.append(limited)
        try:
            answers, refused = asyncio.run(send_all())
        finally:
            apsw.connection_hooks.remove(limited)
        again, refused_again = asyncio.run(send_all())

        assert answers
        assert refused
        assert (len(again), refused_again) == (len(reports), 0)
        assert {*answers} <= {*again}
        trial.tell(
            "F8",
            "no more pages, SQLite",
            f"{len(answers)} captures acknowledged, {refused} refused",
            "0 lost, 0 partial, 0 twice; all recorded once there was room",
        )
