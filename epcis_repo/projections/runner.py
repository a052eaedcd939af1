"""Runs every projection over what was appended, or over the whole log."""

from __future__ import annotations

from collections.abc import Sequence
from types import ModuleType

from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.projections import event_index
from epcis_repo.projections.logged import LoggedEvent, logged
from epcis_repo.store import EventStore, Query, QueryItem, Writing
from epcis_repo.store.log import TABLES as LOG_TABLES
from epcis_repo.store.log import read

PROJECTIONS: tuple[ModuleType, ...] = (event_index,)
SCHEMAS: tuple[str, ...] = tuple(projection.SCHEMA for projection in PROJECTIONS)

_EPCIS_EVENTS = Query((QueryItem(types=tuple(EVENT_TYPES)),))
_BATCH = 2_000


async def project(session: Writing, events: Sequence[LoggedEvent]) -> None:
    """Fold `events`, which the transaction has just appended, onto every read model."""
    for projection in PROJECTIONS:
        await projection.project(session, events)
    await _analyze_when_grown(session, events)


async def _analyze_when_grown(session: Writing, events: Sequence[LoggedEvent]) -> None:
    # PostgreSQL without counts takes the part, which all rows share, for a good choice, and goes
    # through a whole table to find a row. So it counts at 10, 100, 1,000 events and so on.
    if events and len(str(events[0].position - 1)) < len(str(events[-1].position)):
        own = (table for projection in PROJECTIONS for table in projection.TABLES)
        await session.analyze((*LOG_TABLES, *own))


async def rebuild(store: EventStore) -> int:
    """
    Drop every read model, fold the whole log again, and return how many events that were.

    In one transaction: readers see the old read models until the new ones are there.
    """
    count = 0
    async with store.writing() as session:
        for projection in PROJECTIONS:
            for table in projection.TABLES:
                statement = f"DELETE FROM {table} WHERE part = $1"  # noqa: S608 - ours
                await session.execute(statement, session.part)
        events: list[LoggedEvent] = []
        async for recorded in read(session, _EPCIS_EVENTS):
            events.append(logged(recorded))
            if len(events) == _BATCH:
                await project(session, events)
                count, events = count + len(events), []
        await project(session, events)
    return count + len(events)
