"""
The events of one tag, such as those of an EPC: what is asked for most, and found at once.

Where one tag says all that a query asks, and few events have it, the positions of all of them are
looked up, together with what others ask at the same time, and no more than a page of events is
read: of those that somebody has already, none. Any other query is answered by `select.py`, and
what is answered here would be answered there alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from epcis_repo.query.paging import Cursor
from epcis_repo.query.parameters import EventQuery
from epcis_repo.query.plan import plan_of
from epcis_repo.query.predicates import Matching
from epcis_repo.query.select import (
    PAGE_SIZE_MAX,
    READ_TOGETHER,
    EventRow,
    follows_the_log,
    select_events_at,
)
from epcis_repo.store import EventStore, Reading, load_statements

STATEMENTS = load_statements("epcis_repo.query", "of_one_tag.sql")

# An event has a tag in a role; of one tag that so many have, not all are looked up.
FEW_MAX = 512


class Asked(NamedTuple):
    """A tag, in which roles, and past which position."""

    tag: str
    roles: tuple[int, ...]
    after: int


async def page_of_one_tag(
    store: EventStore, query: EventQuery, known: Mapping[int, EventRow]
) -> tuple[list[EventRow], str | None] | None:
    """
    Return a page of events, and the token of the next; None where that is not for here.

    `known` are events that need not be read, by position.
    """
    tag = plan_of(query.predicates).only_tag
    # Where pages are of the log as it was, its head has to be known; the first so many of all are
    # counted elsewhere.
    if tag is None or not follows_the_log(query) or query.limits.count is not None:
        return None
    # What a pattern is about is many things, and very many events: nobody need look whether it is.
    if any(isinstance(p.test, Matching) and p.test.patterns for p in query.predicates):
        return None
    found = await store.look(positions_of, Asked(*tag, query.cursor.position))
    if found is None:
        return None
    limit, rows, end = query.limits.per_page, list[EventRow](), 0
    while end < limit and sum(len(row.data) for row in rows) <= PAGE_SIZE_MAX:
        start, end = end, min(limit, end + READ_TOGETHER)
        rows += await _rows(store, found[start:end], known)
        if len(found) <= end:
            return rows, None
    cursor = Cursor(found[end - 1], given=query.cursor.given + len(rows))
    return rows, query.next_page_token(cursor)


async def _rows(
    store: EventStore, positions: Sequence[int], known: Mapping[int, EventRow]
) -> list[EventRow]:
    there = {position: known[position] for position in positions if position in known}
    if len(there) < len(positions):
        lacking = [position for position in positions if position not in there]
        async with store.reading(snapshot=False) as session:
            there |= {row.position: row for row in await select_events_at(session, lacking)}
    # A year may have been archived since the positions were looked up.
    return [there[position] for position in positions if position in there]


async def positions_of(session: Reading, asked: Sequence[Asked]) -> list[list[int] | None]:
    """Return where there are events for each of `asked`, in order, None where that are many."""
    limit = FEW_MAX * len(asked)
    rows = await session.fetch(
        STATEMENTS["select_positions"],
        session.part,
        list({item.tag for item in asked}),
        min(item.after for item in asked),
        limit,
    )
    if len(rows) == limit and len(asked) > 1:
        # One that many events have leaves no room for the others.
        return [(await positions_of(session, [item]))[0] for item in asked]
    if len(rows) == limit:
        return [None]
    found: dict[str, list[tuple[int, int]]] = {item.tag: [] for item in asked}
    for tag, role, position in rows:
        found[tag].append((position, role))
    return [
        sorted({at for at, role in found[item.tag] if role in item.roles and at > item.after})
        for item in asked
    ]
