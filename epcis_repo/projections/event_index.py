"""
The event index: what events are asked for by, and what a history shows of them.

One row for each EPCIS event. `header` is the event with its long lists cut, so that the
history of one serial does not read the fifty thousand that were commissioned with it; it is
NULL for an event that is short anyway.
"""

from __future__ import annotations

from typing import Any

import orjson

from epcis_repo.gs1 import cbv
from epcis_repo.model.events import FIELDS, Kind
from epcis_repo.projections.logged import Batch, LoggedEvent
from epcis_repo.store import Writing, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "event_index.sql")
SCHEMA = STATEMENTS["schema"]
TABLES = ("event_index",)

# An event longer than this (in bytes) has its lists cut to so many members in its header.
_HEADER_SIZE_MAX = 4_000
LIST_LENGTH_MAX = 10

_COLUMNS = (
    "part",
    "position",
    "event_id",
    "type",
    "event_time",
    "record_time",
    "action",
    "biz_step",
    "disposition",
    "declares_error",
    "header",
)


async def project(session: Writing, batch: Batch) -> None:
    """Add a row for each event; nothing ever changes one."""
    rows = [(session.part, *_row(item)) for item in batch.events]
    await session.insert("event_index", _COLUMNS, sorted(rows))


def _row(item: LoggedEvent) -> tuple[Any, ...]:
    event = item.event
    return (
        item.position,
        item.event_id,
        type(event).__name__,
        event.event_time.microseconds,
        item.record_time,
        getattr(event, "action", None),
        event.biz_step and cbv.bare_word(cbv.BIZ_STEP, event.biz_step),
        event.disposition and cbv.bare_word(cbv.DISPOSITION, event.disposition),
        0 if event.error_declaration is None else 1,
        _header(item),
    )


def _header(item: LoggedEvent) -> bytes | None:
    if len(item.data) <= _HEADER_SIZE_MAX:
        return None
    value = orjson.loads(item.data)
    counts = {}
    for member in FIELDS[type(item.event)]:
        if member.kind in (Kind.EPCS, Kind.QUANTITIES):
            members = value.get(member.standard, ())
            if len(members) > LIST_LENGTH_MAX:
                counts[member.standard] = len(members)
                value[member.standard] = members[:LIST_LENGTH_MAX]
    return orjson.dumps({**value, COUNTS: counts}) if counts else None


COUNTS = "listLengths"
"""The member of a header that says how long each list is that was cut."""
