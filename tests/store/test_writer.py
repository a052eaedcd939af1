"""The one writer of an SQLite file."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from epcis_repo.store import EventData, Writing, open_store
from epcis_repo.store.log import append
from tests.store.facts import NOW, names_of


async def test_carries_its_log_over_to_the_file(sqlite_url: str) -> None:
    """
    The write-ahead log stays small, however much is written through it.
    """
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    store = open_store(sqlite_url)
    await store.prepare(())
    for number in range(6):
        async with store.writing() as session:
            await append(session, [EventData("T", f"e{number}", os.urandom(9_000_000))], now=NOW)
        # What is carried over is so between two writers.
        await asyncio.sleep(0.01)
    written = path.with_name(f"{path.name}-wal").stat().st_size
    await store.close()

    assert written < 30_000_000


async def test_cuts_its_log_after_a_large_document(sqlite_url: str) -> None:
    """
    What one long transaction took of the disk is given back by those that come after it.
    """
    log = Path(f"{sqlite_url.removeprefix('sqlite:///')}-wal")
    store = open_store(sqlite_url)
    await store.prepare(())
    async with store.writing() as session:
        large = [EventData("T", f"e{number}", os.urandom(20_000_000)) for number in range(5)]
        await append(session, large, now=NOW)
    after_it = log.stat().st_size
    for number in range(3):
        await asyncio.sleep(0.1)
        async with store.writing() as session:
            await append(session, [EventData("T", f"small {number}", b"")], now=NOW)
    in_the_end = log.stat().st_size
    await store.close()

    assert after_it > 100_000_000
    assert in_the_end <= 64 << 20


@pytest.mark.parametrize(("room", "is_carried"), [(400_000, True), (1 << 40, False)])
async def test_carries_its_log_over_before_the_disk_is_full(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch, room: int, is_carried: bool
) -> None:
    """
    A log that might take what is left of the disk does not wait until it is long: on a disk that
    is full nothing could be carried over, and nothing be written any more.
    """
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    store = open_store(sqlite_url)
    await store.prepare(())
    before = path.stat().st_size
    monkeypatch.setattr("epcis_repo.store.sqlite.disk_usage", lambda _: SimpleNamespace(free=room))
    for number in range(6):
        async with store.writing() as session:
            await append(session, [EventData("T", f"e{number}", os.urandom(100_000))], now=NOW)
        await asyncio.sleep(0.05)
    has_grown = path.stat().st_size > before
    await store.close()

    assert has_grown == is_carried


async def test_is_made_way_for(sqlite_url: str) -> None:
    """
    A thread that computes waits while a transaction is open here, and not a moment else.
    """
    begun, done = threading.Event(), list[str]()
    store = open_store(sqlite_url)
    await store.prepare(())

    async def records(session: Writing, items: Sequence[str]) -> Sequence[str]:
        begun.set()
        time.sleep(0.05)
        done.append("recorded")
        return items

    def computes() -> None:
        begun.wait()
        store.make_way()
        done.append("computed")
        store.make_way()
        done.append("computed more")

    await asyncio.gather(asyncio.to_thread(computes), store.write(records, "x"))
    await store.close()

    assert done == ["recorded", "computed", "computed more"]


async def test_does_no_work_that_waits_for_others(sqlite_url: str) -> None:
    """
    A work that needs another task to go on is a fault of ours: told, undone, and past.
    """

    async def waits(session: Writing, items: Sequence[str]) -> Sequence[str]:
        await append(session, [EventData("T", "begun", b"")], now=NOW)
        await asyncio.sleep(0)
        return items

    async def works(session: Writing, items: Sequence[str]) -> Sequence[str]:
        await append(session, [EventData("T", "done", b"")], now=NOW)
        return items

    store = open_store(sqlite_url)
    await store.prepare(())

    with pytest.raises(AssertionError, match="nothing but its session"):
        await store.write(waits, "x")

    assert await store.write(works, "y") == "y"
    assert await names_of(store) == ["done"]
    await store.close()
