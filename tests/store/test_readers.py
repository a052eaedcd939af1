"""What the readers of a SQLite file see of it: where it is mapped, and where it is read."""

import asyncio

import pytest

from epcis_repo.store import EventData, EventStore, open_store
from tests.store.facts import facts, record


@pytest.fixture
async def store(sqlite_url: str) -> EventStore:
    """A store with an event in it."""
    store = open_store(sqlite_url)
    await store.prepare(())
    await record(store, facts("one"))
    return store


async def mapped(store: EventStore, *, long: bool) -> int:
    """How many bytes of the file such a reader may have mapped."""
    async with store.reading(long=long) as session:
        [(size,)] = await session.fetch("PRAGMA mmap_size")
        return int(size)


async def test_look_ups_have_the_file_mapped(store: EventStore) -> None:
    """
    As much of it as SQLite maps, also when the reader has been used before.
    """
    sizes = [await mapped(store, long=False) for _ in range(2)]
    await store.close()

    assert sizes == [2_147_418_112] * 2


async def test_who_goes_through_all_of_it_reads_it(store: EventStore) -> None:
    """
    Part of a disk that cannot be read is an error to him, and not the end of the process: never
    is he given a reader that maps, however many there are.
    """
    async with store.reading(), store.reading():
        pass
    sizes = [await mapped(store, long=True) for _ in range(2)]
    await store.close()

    assert sizes == [0, 0]


async def test_what_is_mapped_is_what_was_committed_last(store: EventStore) -> None:
    """
    Also what is still in the write-ahead log only, and what has just been carried over.
    """
    found = []
    for number in range(5):
        await record(store, [EventData("Noted", f"more{number}", bytes(5_000_000))])
        async with store.reading() as session:
            rows = await session.fetch("SELECT position, length(data) FROM events ORDER BY 1")
            found.append(rows[-1])
        await asyncio.sleep(0.01 * (number % 2))
    await store.close()

    assert found == [(number, 5_000_000) for number in range(2, 7)]
