"""Logs with a tree, and how to alter what never changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw
import asyncpg

from epcis_repo.evidence.tree import STATEMENTS, catch_up, entry_of, extend
from epcis_repo.ledger import render_entry
from epcis_repo.projections.event_hashes import positions_with_hash
from epcis_repo.store import EventStore, RecordedEvent
from epcis_repo.store.log import append
from epcis_repo.store.sqlite import spelt_for_sqlite
from tests.operations.reports import commissioned, named, report
from tests.store.facts import NOW, facts

PACK = "urn:epc:id:sgtin:030001.0012345.{}"


async def record(store: EventStore, *names: str) -> list[RecordedEvent]:
    """Append facts and extend the tree, in one transaction."""
    async with store.writing() as session:
        recorded = await append(session, facts(*names), now=NOW)
        await extend(session, recorded)
    return recorded


async def capture(store: EventStore, first: int, count: int) -> None:
    """Capture a document of `count` events that are identified from `first` on."""
    events = [
        named(f"urn:x:{number}", commissioned(1, PACK.format(number)))
        for number in range(first, first + count)
    ]
    await report(store, *events, now=NOW + first)
    await cover(store)


async def cover(store: EventStore) -> None:
    """Have the tree cover the whole log, whether or not the captures did that."""
    async with store.writing() as session:
        await catch_up(session)


async def follow(store: EventStore) -> None:
    """Have the read models that follow the log come to its end."""
    await positions_with_hash(store, bytes(32))


async def entries(store: EventStore) -> list[bytes]:
    """The entries of the whole log, from what is stored of them."""
    async with store.reading() as session:
        rows = await session.fetch(STATEMENTS["select_entries"], session.part, 0, 1 << 40)
    return [
        render_entry(entry_of(RecordedEvent(*row[:5]), row[5], row[6])) for row in map(tuple, rows)
    ]


async def alter(url: str, statement: str, *values: Any) -> None:
    """Run a statement as somebody who is at home on the machine: no guard is in the way."""
    if url.startswith("sqlite"):
        connection = apsw.Connection(url.removeprefix("sqlite:///"))
        try:
            triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
            for (name,) in triggers.fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(spelt_for_sqlite(statement), values)
        finally:
            connection.close()
        return
    other: Any = await asyncpg.connect(url)
    try:
        await other.execute("SET session_replication_role = replica")
        await other.execute(statement, *values)
    finally:
        await other.close()


def flipped(value: Any, place: int = 0) -> Any:
    """The value with one byte of it changed."""
    if isinstance(value, int):
        return value + (1 << 10)
    place %= len(value)
    if isinstance(value, bytes):
        return value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
    assert isinstance(value, str)
    return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


async def values_of(
    store: EventStore, table: str, columns: Sequence[str], where: str
) -> tuple[Any, ...]:
    """Some columns of one row."""
    async with store.reading() as session:
        [row] = await session.fetch(
            f"SELECT {', '.join(columns)} FROM {table} WHERE part = $1 AND {where}", session.part
        )
    return tuple(row)
