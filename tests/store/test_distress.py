"""A disk that is full or fails: writing stops with a reason, reading goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import apsw
import asyncpg
import pytest

from epcis_repo.errors import StoreFullError, StoreUnavailableError, WritesStoppedError
from epcis_repo.store import EventData, EventStore, distress, open_store
from epcis_repo.store.distress import Distress
from epcis_repo.store.sqlite import SQLiteEventStore
from tests.store.facts import facts, names_of, record

LARGE = [EventData("Noted", f"large-{number}", b"x" * 100_000) for number in range(20)]


class FailingDisk(apsw.VFS):
    """A disk whose flushes fail while `fails` is set."""

    def __init__(self) -> None:
        self.fails = False
        self.flushes = 0
        super().__init__("failing-disk", "")

    def xOpen(self, name: Any, flags: Any) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        disk = self

        class File(apsw.VFSFile):
            def __init__(self) -> None:
                super().__init__("", name, flags)

            def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
                disk.flushes += 1
                if disk.fails:
                    error = apsw.IOError("the disk is gone")
                    error.extendedresult = apsw.SQLITE_IOERR_FSYNC  # type: ignore[attr-defined]
                    raise error
                super().xSync(flags)

        return File()


@pytest.fixture
def failing_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[FailingDisk]:
    """The disk of every store that is opened by this test."""
    disk = FailingDisk()
    connect = apsw.Connection
    monkeypatch.setattr(apsw, "Connection", lambda path: connect(path, vfs="failing-disk"))
    yield disk
    disk.unregister()


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SQLiteEventStore]:
    """An SQLite store with an empty log."""
    store = open_store(url)
    assert isinstance(store, SQLiteEventStore)
    await store.prepare(())
    try:
        yield store
    finally:
        await store.close()


def limit_pages(store: SQLiteEventStore, more: int) -> None:
    """Let the database grow by so many pages and no further: SQLite then says that it is full."""
    pages = store._writer.pragma("page_count")
    assert isinstance(pages, int)
    store._writer.pragma("max_page_count", pages + more)


async def set_full(url: str, *, full: bool) -> None:
    """Have PostgreSQL answer to an insert what it answers when its disk is full."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        deed = (
            "CREATE TRIGGER no_room BEFORE INSERT ON events EXECUTE FUNCTION no_room()"
            if full
            else "DROP TRIGGER no_room ON events"
        )
        await connection.execute(deed)
    finally:
        await connection.close()


class TestAFullDisk:
    async def test_of_sqlite_refuses_and_goes_on_when_there_is_room(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Nothing of what did not fit is recorded, what was is read, and the next try that fits
        is taken without a restart.
        """
        monkeypatch.setattr(distress, "RETRY_SECONDS", 0.0)
        async with opened(sqlite_url) as store:
            await record(store, facts("a"))
            limit_pages(store, 50)

            with pytest.raises(StoreFullError, match=r"no room.*reading goes on"):
                await record(store, LARGE)

            assert isinstance(store.distress(), StoreFullError)
            assert await names_of(store) == ["a"]
            limit_pages(store, 1 << 20)
            await record(store, LARGE)
            assert store.distress() is None
            assert len(await names_of(store)) == 1 + len(LARGE)

    async def test_of_postgresql_refuses_and_goes_on_when_there_is_room(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        SQLSTATE 53100 is a full disk, not a server that is away.
        """
        monkeypatch.setattr(distress, "RETRY_SECONDS", 0.0)
        store = open_store(postgres_url)
        await store.prepare(())
        await record(store, facts("a"))
        await set_full(postgres_url, full=True)

        with pytest.raises(StoreFullError, match=r"no room.*could not extend file"):
            await record(store, facts("b"))

        assert isinstance(store.distress(), StoreFullError)
        assert await names_of(store) == ["a"]
        await set_full(postgres_url, full=False)
        await record(store, facts("b"))
        assert store.distress() is None
        await store.close()

    async def test_is_not_tried_by_everybody(self, sqlite_url: str) -> None:
        """
        Until it is time to try again, the answer is the same and the disk is left alone.
        """
        async with opened(sqlite_url) as store:
            limit_pages(store, 50)
            with pytest.raises(StoreFullError):
                await record(store, LARGE)
            limit_pages(store, 1 << 20)

            with pytest.raises(StoreFullError):
                await record(store, facts("a"))

            assert await names_of(store) == []


class TestRoom:
    def test_that_was_made_is_seen_at_once(self) -> None:
        """
        With a megabyte more than when it was full, there is nothing against writing.
        """
        free = [5_000_000]
        found = Distress(lambda: free[0])
        found.note(StoreFullError("full"))

        free[0] += 1_000
        with pytest.raises(StoreFullError, match="full"):
            found.check()
        free[0] += 1 << 20
        found.check()

        assert found.reason() is None

    def test_is_of_no_use_after_a_failure(self) -> None:
        """
        A disk that has failed is not asked how much room it has.
        """
        free = [0]
        found = Distress(lambda: free[0])
        found.note(WritesStoppedError("gone"))

        free[0] = 1 << 40

        with pytest.raises(WritesStoppedError, match="gone"):
            found.check()

    @pytest.mark.parametrize("error", [StoreUnavailableError("busy"), ValueError("x")])
    def test_has_nothing_to_do_with_other_errors(self, error: Exception) -> None:
        """
        What ends one writing need not end the next.
        """
        found = Distress()

        found.note(error)

        found.check()
        assert found.reason() is None


class TestAFailedFlush:
    async def test_stops_writing_until_the_database_is_opened_anew(
        self, sqlite_url: str, failing_disk: FailingDisk
    ) -> None:
        """
        A flush that failed is never tried again, even if the disk seems well; reading goes on.
        """
        async with opened(sqlite_url) as store:
            await record(store, facts("a"))
            failing_disk.fails = True
            with pytest.raises(WritesStoppedError, match=r"did not take.*start again"):
                await record(store, facts("b"))
            failing_disk.fails = False
            flushes = failing_disk.flushes

            for _ in range(2):
                with pytest.raises(WritesStoppedError):
                    await record(store, facts("c"))

            assert failing_disk.flushes == flushes
            assert isinstance(store.distress(), WritesStoppedError)
            assert await names_of(store) == ["a"]

        async with opened(sqlite_url) as store:
            await record(store, facts("d"))
            # Whether what was being written has reached the disk, nobody knew.
            assert [name for name in await names_of(store) if name != "b"] == ["a", "d"]

    async def test_leaves_nothing_of_what_was_refused(
        self, sqlite_url: str, failing_disk: FailingDisk
    ) -> None:
        """
        Who asks before the restart does not see it, and after it sees it whole or not at all.
        """
        async with opened(sqlite_url) as store:
            failing_disk.fails = True
            with pytest.raises(WritesStoppedError):
                await record(store, facts("a", "b"))
            assert await names_of(store) == []
            failing_disk.fails = False

        async with opened(sqlite_url) as store:
            assert await names_of(store) in ([], ["a", "b"])


async def test_nothing_is_known_against_a_sound_store(log_store: EventStore) -> None:
    """
    A store that writes is in no distress.
    """
    await record(log_store, facts("a"))

    assert log_store.distress() is None
