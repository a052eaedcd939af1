"""
What the databases do when nobody asks anything of the data: the baselines.

Through our own store, so that both sides have the same connection, the same settings and the
same wait for the disk.
"""

from __future__ import annotations

import re
import time
from bisect import bisect
from collections.abc import Sequence
from typing import Any

from benchmarks.places import Place
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED
from epcis_repo.store import EventStore, load_statements

Row = tuple[Any, ...]

TAG_COLUMNS = ("part", "bucket", "tag", "position", "role")
_POSITION = TAG_COLUMNS.index("position")
_EVENT_COLUMNS = ("part", "position", "record_time", "type", "event_id", "data")
_SCHEMA = load_statements("epcis_repo.store", "log.sql")["schema"]


def bare(table: str) -> str:
    """Return what makes a table `bare_…` of the shape of one of the log, without its triggers."""
    declaration = rf"CREATE TABLE IF NOT EXISTS {table} \(.*?\n\)[^;]*;"
    [found] = re.findall(declaration, _SCHEMA, re.DOTALL)
    return str(found).replace(table, f"bare_{table}")


async def tag_rows(store: EventStore) -> list[Row]:
    """Return the rows of the index of EPCs, in the order in which they were recorded."""
    columns = ", ".join(TAG_COLUMNS)
    # Those with a blank are what else an event is asked for by.
    epcs = "role > 0 AND tag NOT LIKE '% %'"
    statement = f"SELECT {columns} FROM event_tag WHERE part = $1 AND {epcs} ORDER BY position"
    async with store.reading() as session:
        return [tuple(row) for row in await session.fetch(statement, session.part)]


async def tag_rows_by_document(store: EventStore) -> list[list[Row]]:
    """Return the same by the document that they came in: its receipt follows its events."""
    statement = "SELECT position FROM events WHERE part = $1 AND type = $2 ORDER BY position"
    async with store.reading() as session:
        ends = [at for (at,) in await session.fetch(statement, session.part, DOCUMENT_CAPTURED)]
    documents: list[list[Row]] = [[] for _ in ends]
    for row in await tag_rows(store):
        documents[bisect(ends, row[_POSITION])].append(row)
    return documents


async def bulk_insert_seconds(place: Place, documents: Sequence[Sequence[Row]]) -> float:
    """Insert rows of the index of EPCs, ready made, as they come; a transaction for each."""
    async with place.opened() as store:
        async with store.altering() as session:
            await session.execute(bare("event_tag"))
        started = time.perf_counter()
        for rows in documents:
            async with store.writing() as session:
                await session.insert("bare_event_tag", TAG_COLUMNS, rows)
        return time.perf_counter() - started


async def commits_seconds(place: Place, count: int) -> float:
    """Insert so many rows of the size of an event, each in a durable transaction of its own."""
    async with place.opened() as store:
        async with store.altering() as session:
            await session.execute(bare("events"))
        started = time.perf_counter()
        for number in range(1, count + 1):
            async with store.writing() as session:
                row = (session.part, number, number, "ObjectEvent", f"event {number}", bytes(500))
                await session.insert("bare_events", _EVENT_COLUMNS, [row])
        return time.perf_counter() - started


async def row_read(store: EventStore, position: int) -> object:
    """Read one row of the event index by its key."""
    async with store.reading(snapshot=False) as session:
        return await session.fetch(
            "SELECT * FROM event_index WHERE part = $1 AND position = $2", session.part, position
        )


async def log_read(store: EventStore) -> int:
    """Read the data of all events, and return how many bytes that are."""
    statement = "SELECT data FROM events WHERE part = $1 ORDER BY position"
    async with store.reading() as session:
        return sum(
            [
                len(data)
                async for batch in session.stream(statement, session.part)
                for (data,) in batch
            ]
        )
