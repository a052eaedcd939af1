"""
Runs every projection over what was appended, or over the whole log.

Those in `FOLLOWING` come behind by themselves; here they are only made anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.projections import event_hashes, event_index
from epcis_repo.projections.logged import LoggedEvent, logged
from epcis_repo.store import EventStore, Query, QueryItem, RecordedEvent, Schema, Writing
from epcis_repo.store.log import TABLES as LOG_TABLES
from epcis_repo.store.log import head, read

PROJECTIONS: tuple[ModuleType, ...] = (event_index,)
FOLLOWING: tuple[ModuleType, ...] = (event_hashes,)
ALL = (*PROJECTIONS, *FOLLOWING)
SCHEMAS: tuple[Schema, ...] = tuple(projection.SCHEMA for projection in ALL)

_EPCIS_EVENTS = Query((QueryItem(types=tuple(EVENT_TYPES)),))
_BATCH = 2_000
_BEFORE_ALL, _AFTER_ALL = -(2**62), 2**62


Rows = tuple[Any, ...]
"""What read models say of one event: a row for each of them."""


def rows_of(item: LoggedEvent) -> Rows:
    """Return what the read models say of an event as soon as it is recorded."""
    return tuple(projection.row_of(item) for projection in PROJECTIONS)


def placed(rows: Rows, recorded: RecordedEvent) -> Rows:
    """Return rows that were made before their event was recorded as they are since it is."""
    place = {"position": recorded.position, "record_time": recorded.record_time}
    return tuple(
        projection.Row(*row)._replace(**place)
        for projection, row in zip(PROJECTIONS, rows, strict=True)
    )


async def project(session: Writing, rows: Sequence[Rows]) -> None:
    """Add to every read model what it says of events that the transaction has just appended."""
    await _insert(session, PROJECTIONS, rows)
    if rows:
        await analyze_when_grown(session, rows[0][0].position, rows[-1][0].position)


async def _insert(
    session: Writing, projections: Sequence[ModuleType], rows: Sequence[Rows]
) -> None:
    for number, projection in enumerate(projections):
        await projection.project(session, [of_event[number] for of_event in rows])


async def analyze_when_grown(session: Writing, first: int, last: int) -> None:
    """Have all tables counted when the log, to which these positions were added, is longer."""
    # PostgreSQL without counts takes the part, which all rows share, for a good choice, and goes
    # through a whole table to find a row. So it counts at 10, 100, 1,000 events and so on.
    if len(str(first - 1)) < len(str(last)):
        own = (table for projection in PROJECTIONS for table in projection.TABLES)
        await session.analyze((*LOG_TABLES, *own))


async def rebuild(store: EventStore) -> int:
    """
    Make every row of every read model anew from the log; return how many events that were.

    Page by page, each in a transaction of its own. A row says what one event says, so old rows
    and new ones go together: readers are answered and captures recorded meanwhile, and what
    was broken off half-way is begun again.
    """
    count, after = 0, _BEFORE_ALL
    while True:
        async with store.reading(long=True) as session:
            page = read(session, _EPCIS_EVENTS, after=max(after, 0), limit=_BATCH)
            recorded = [event async for event in page]
            is_last = len(recorded) < _BATCH
            until = await head(session) if is_last else recorded[-1].position
        rows = await asyncio.to_thread(_rows_of_all, recorded)
        async with store.writing() as session:
            await _delete_rows(session, ALL, after, until)
            await _insert(session, ALL, rows)
            if is_last:
                # What stands past the log is of no event.
                await _delete_rows(session, ALL, await head(session), _AFTER_ALL)
        count, after = count + len(rows), until
        if is_last:
            return count


def _rows_of_all(recorded: Sequence[RecordedEvent]) -> list[Rows]:
    items = (logged(event) for event in recorded)
    return [tuple(projection.row_of(item) for projection in ALL) for item in items]


async def _delete_rows(
    session: Writing, projections: Sequence[ModuleType], after: int, until: int
) -> None:
    for projection in projections:
        for table in projection.TABLES:
            statement = f"DELETE FROM {table} WHERE part = $1 AND position > $2 AND position <= $3"  # noqa: S608 - ours
            await session.execute(statement, session.part, after, until)


async def fold_all(session: Writing) -> int:
    """
    Empty every read model, fold the whole log onto them, and return how many events it has.

    What follows the log has no row then, and begins at its beginning.
    """
    count = 0
    await _delete_rows(session, ALL, _BEFORE_ALL, _AFTER_ALL)
    rows: list[Rows] = []
    async for recorded in read(session, _EPCIS_EVENTS):
        rows.append(rows_of(logged(recorded)))
        if len(rows) == _BATCH:
            await project(session, rows)
            count, rows = count + len(rows), []
    await project(session, rows)
    return count + len(rows)
