"""The one place that assembles SQL: from the table of parameters, never from what came in."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from epcis_repo.query.parameters import EpcPredicate, EventQuery
from epcis_repo.store import Reading, load_statements

_STATEMENTS = load_statements("epcis_repo.query", "select.sql")


class EventRow(NamedTuple):
    """An event as the log has it; `record_time` in microseconds."""

    position: int
    event_id: str
    record_time: int
    data: bytes


async def select_page(session: Reading, query: EventQuery) -> tuple[list[EventRow], str | None]:
    """Return a page of events in order of capture, and the token of the next, if there is one."""
    values: list[object] = [session.part, query.after]

    def bound(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = [_STATEMENTS["select_events"]]
    for predicate in query.predicates:
        if predicate.operator == "IN":
            conditions.append(f"i.{predicate.column} = any({bound(predicate.value)})")
        else:
            conditions.append(f"i.{predicate.column} {predicate.operator} {bound(predicate.value)}")
    conditions += [f"i.position IN ({_naming(epcs, bound)})" for epcs in query.epcs]
    # One more than the page shows whether there is a next.
    statement = " AND ".join(conditions) + f" ORDER BY i.position LIMIT {bound(query.per_page + 1)}"
    rows = [EventRow(*row) for row in await session.fetch(statement, *values)]
    page = rows[: query.per_page]
    more = len(rows) > len(page)
    return page, query.next_page_token(page[-1].position) if more else None


async def select_event(session: Reading, event_id: str) -> list[EventRow]:
    """Return the event of that eventID, and the declarations that it was in error."""
    rows = await session.fetch(_STATEMENTS["select_event"], session.part, event_id)
    return [EventRow(*row) for row in rows]


def _naming(epcs: EpcPredicate, bound: Callable[[object], str]) -> str:
    matches = [f"tag = any({bound(epcs.keys)})"] if epcs.keys else []
    matches += [f"tag >= {bound(low)} AND tag < {bound(high)}" for low, high in epcs.ranges]
    return " UNION ".join(f"{_STATEMENTS['select_tagged']} AND {match}" for match in matches)
