"""
The log: append, read, head. `documents.py` has what is kept beside it, `buckets.py` where tags go.

Told once, over the statements that a store runs. Nothing here updates or deletes an event;
the database would refuse (`guards_*.sql`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence

from epcis_repo.errors import AppendConditionFailed
from epcis_repo.store.buckets import insert_tags
from epcis_repo.store.contract import (
    AppendCondition,
    EventData,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
    Writing,
)
from epcis_repo.store.statements import load_statements

STATEMENTS = load_statements("epcis_repo.store", "log.sql")
TABLES = ("events", "event_tag", "tag_bucket")
_PAGE = 1000
EVERYTHING = Query()


async def head(session: Reading) -> int:
    """Return the position of the last event, 0 for an empty log."""
    [(position, _)] = await session.fetch(STATEMENTS["select_head"], session.part)
    return int(position)


async def head_at(session: Reading, record_time: int) -> int:
    """Return the position of the last event recorded at `record_time` or before."""
    rows = await session.fetch(STATEMENTS["select_head_at"], session.part, record_time)
    return int(rows[0][0]) if rows else 0


async def record_time(session: Reading, now: int) -> int:
    """Return when the log would record what is appended at `now`: never before its last event."""
    # The clock may be set back; the order in which we learned things may not.
    [(_, last)] = await session.fetch(STATEMENTS["select_head"], session.part)
    return max(now, int(last))


async def append(
    session: Writing,
    events: Sequence[EventData],
    condition: AppendCondition | None = None,
    *,
    now: int,
) -> list[RecordedEvent]:
    """
    Record `events`, all or none, at `now` (microseconds) or later.

    Raises `AppendConditionFailed` when an event that `condition` forbids is there, and
    `DuplicateEventError` when an identity is taken.
    """
    if condition is not None:
        statement, values = _select_events(
            session.part, condition.fail_if_events_match, condition.after, limit=1
        )
        if await session.fetch(statement, *values):
            raise AppendConditionFailed("an event that must not be there is recorded")
    if not events:
        return []
    [(position, last)] = await session.fetch(STATEMENTS["select_head"], session.part)
    # The clock may be set back; the order in which we learned things may not.
    record_time = max(now, last)
    recorded = [
        RecordedEvent(number, record_time, event.type, event.event_id, event.data)
        for number, event in enumerate(events, position + 1)
    ]
    await session.insert(
        "events",
        ("part", "position", "record_time", "type", "event_id", "data"),
        [(session.part, r.position, record_time, r.type, r.event_id, r.data) for r in recorded],
    )
    bucket, bucket_tags = await insert_tags(session, events, position, record_time)
    await session.execute(
        STATEMENTS["update_head"],
        session.part,
        position + len(events),
        record_time,
        bucket,
        bucket_tags,
    )
    return recorded


async def read(
    session: Reading, query: Query = EVERYTHING, *, after: int = 0, limit: int | None = None
) -> AsyncIterator[RecordedEvent]:
    """Yield the events that match, past position `after`, in order of position."""
    while limit is None or limit > 0:
        page = _PAGE if limit is None else min(limit, _PAGE)
        statement, values = _select_events(session.part, query, after, page)
        rows = await session.fetch(statement, *values)
        for row in rows:
            yield RecordedEvent(*row)
        if len(rows) < page:
            return
        after, limit = rows[-1][0], None if limit is None else limit - page


async def all_of_types(session: Reading, types: Collection[str], until: int) -> list[RecordedEvent]:
    """Return all events of some types, of which there are few, as far as a position, in order."""
    # One type after the other: of a list of any length PostgreSQL thinks that it is of all events.
    rows = [
        row
        for event_type in types
        for row in await session.fetch(
            STATEMENTS["select_whole_type"], session.part, event_type, until
        )
    ]
    return [RecordedEvent(*row) for row in sorted(map(tuple, rows))]


def _select_events(part: int, query: Query, after: int, limit: int) -> tuple[str, Sequence[object]]:
    values: list[object] = [part, after]

    def bound(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    statement = STATEMENTS["select_events"]
    if query.items:
        # A union of what each item finds by index, rather than an OR that scans the log.
        matches = " UNION ".join(_positions(item, bound) for item in query.items)
        statement += f" AND position IN ({matches})"
    return f"{statement} ORDER BY position LIMIT {bound(limit)}", values


def _positions(item: QueryItem, bound: Callable[[object], str]) -> str:
    having = [f"{STATEMENTS['select_tagged']} {bound(tag)}" for tag in item.tags]
    tagged = " INTERSECT ".join(having)
    if not item.types:
        # SQLite takes no bracketed part of a UNION, hence the select around it.
        return f"SELECT position FROM ({tagged or STATEMENTS['select_all']}) AS found"  # noqa: S608 - ours
    of_type = f"{STATEMENTS['select_of_type']} any({bound(item.types)})"
    return f"{of_type} AND position IN ({tagged})" if having else of_type
