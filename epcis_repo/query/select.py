"""
Answers to queries, a page at a time.

`places.py` says where there may be events for the answer; here they are read, and looked into where
no index has told all. A page ends when it is full, and also when very much had to be looked into
for it, so that nobody waits for one page of a large log longer than for another.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.errors import QueryTooComplexError, QueryTooLargeError
from epcis_repo.model.events import Event
from epcis_repo.model.found_by import reference_key
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.query.fields import Extension
from epcis_repo.query.known import attributes_of, places_within
from epcis_repo.query.paging import PER_PAGE_MAX, Cursor, cursor_of
from epcis_repo.query.parameters import EventQuery
from epcis_repo.query.places import (
    Place,
    Places,
    Search,
    Values,
    by_position,
    in_order,
    where,
)
from epcis_repo.query.plan import plan_of
from epcis_repo.query.predicates import HasAttribute, Predicate, Within
from epcis_repo.query.values import moment_in, number_in
from epcis_repo.store import Reading, load_statements
from epcis_repo.store.log import head, head_at

STATEMENTS = load_statements("epcis_repo.query", "select.sql")

# So many events are read at a time, or so many bytes.
READ_TOGETHER = 64
_READ_SIZE = 16 << 20
# After so many events that were looked at, or bytes that were found, a page ends before it is full.
_LOOKED_INTO_MAX = 10_000
PAGE_SIZE_MAX = 64 << 20
# What is counted or sorted is found all at once.
_COUNTED_MAX = 200_000
_SORTED_MAX = 10_000
# An answer without pages has so many events at most, and is found in so many pages.
_WHOLE_MAX = 10_000
_WHOLE_PAGES_MAX = _WHOLE_MAX // PER_PAGE_MAX + _COUNTED_MAX // _LOOKED_INTO_MAX


class EventRow(NamedTuple):
    """An event as the log has it; `record_time` in microseconds."""

    position: int
    event_id: str
    record_time: int
    data: bytes

    def event(self) -> Event:
        """Return it with its eventID and its recordTime."""
        recorded = Timestamp(utc_text(self.record_time), self.record_time)
        return replace(parse_event(self.data), event_id=self.event_id, record_time=recorded)


async def select_event(session: Reading, event_id: str) -> list[EventRow]:
    """Return the event of that eventID, and the declarations that it was in error."""
    rows = await session.fetch(STATEMENTS["select_event"], session.part, event_id)
    return [EventRow(*row) for row in rows]


async def select_events_at(session: Reading, positions: Sequence[int]) -> list[EventRow]:
    """Return the events at some positions, in order of capture."""
    values = Values(session.part, list(positions))
    rows = await session.fetch(STATEMENTS["select_rows"] + " ORDER BY i.position", *values.all)
    return [EventRow(*row) for row in rows]


def looks_long(query: EventQuery) -> bool:
    """Whether answering may take more than a moment, so that others should not wait for it."""
    plan = plan_of(query.predicates)
    return not plan.is_short or not query.order.is_of_capture


async def select_page(
    session: Reading, query: EventQuery, *, after: int = 0
) -> tuple[list[EventRow], str | None]:
    """
    Return a page of events past position `after`, and the token of the next, if there is one.

    A page may have fewer events than it could, even none, where many had to be looked into.
    Raises `QueryTooLargeError` for more events than the query allows, `QueryTooComplexError` where
    that cannot be told, or what it asks not be sorted.
    """
    search = await _search(session, query, after)
    if query.limits.count_max is not None and query.cursor.given == 0:
        await _refuse_more(search, query.limits.count_max)
    if isinstance(query.order.by, Extension):
        return await _sorted_page(search, query, query.order.by)
    limit = query.limits.per_page
    if query.limits.count is not None:
        limit = max(1, min(limit, query.limits.count - query.cursor.given))
    page = _Page(limit)
    places = in_order(search, query.order, query.cursor)
    # One more than the page shows whether there is a next.
    together = READ_TOGETHER if search.plan.rest else min(READ_TOGETHER, limit + 1)
    async for looked_at, rows in _found(search, places, together=together):
        if page.add(looked_at, rows):
            break
    if page.last is None or query.cursor.given + len(page.rows) == query.limits.count:
        return page.rows, None
    until = 0 if follows_the_log(query) else search.until
    given = query.cursor.given + len(page.rows)
    cursor = Cursor(page.last.position, page.last.event_time, until, given)
    return page.rows, query.next_page_token(cursor)


async def select_whole(session: Reading, query: EventQuery) -> list[EventRow]:
    """
    Return all events that a query finds in the log as it is.

    Raises what `select_page` does, `QueryTooLargeError` for more than one answer may have, too, and
    `QueryTooComplexError` where too many have to be looked into.
    """
    until = await head(session)
    limits = replace(query.limits, per_page=PER_PAGE_MAX)
    query = replace(query, limits=limits, cursor=Cursor(until=until))
    rows: list[EventRow] = []
    for _ in range(_WHOLE_PAGES_MAX):
        page, token = await select_page(session, query)
        rows += page
        if len(rows) > _WHOLE_MAX or sum(len(row.data) for row in rows) > PAGE_SIZE_MAX:
            raise QueryTooLargeError(
                f"more than {_WHOLE_MAX} events match, or {PAGE_SIZE_MAX >> 20} MiB of them, "
                "which is what is answered at once; narrow the query, such as by GE_recordTime",
                count_max=_WHOLE_MAX,
            )
        if token is None:
            return rows
        # What is captured meanwhile is of no page, or there might be no last one.
        query = replace(query, cursor=cursor_of(token, query.fingerprint)._replace(until=until))
    raise QueryTooComplexError(
        f"more than {_COUNTED_MAX} events have to be looked into; narrow the query, such as by "
        "GE_recordTime"
    )


def follows_the_log(query: EventQuery) -> bool:
    """Whether what is captured while somebody turns the pages comes on a later page."""
    return query.order.is_of_capture and query.limits.count_max is None


class _Page:
    """What is found for a page, and, once it ends before the answer does, the last place of it."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._looked_into = 0
        self._size = 0
        self._before = Place(0)
        self.rows: list[EventRow] = []
        self.last: Place | None = None

    def add(self, places: Sequence[Place], rows: Sequence[EventRow]) -> bool:
        """Add what was found at some places; return whether the page ends there."""
        place_of = {place.position: place for place in places}
        for row in rows:
            if len(self.rows) == self._limit or self._size > PAGE_SIZE_MAX:
                self.last = self._before
                return True
            self.rows.append(row)
            self._before = place_of[row.position]
            self._size += len(row.data)
        self._looked_into += len(places)
        if self._looked_into >= _LOOKED_INTO_MAX:
            self.last = places[-1]
        return self.last is not None


async def _search(session: Reading, query: EventQuery, after: int) -> Search:
    predicates = [await _resolved(session, predicate) for predicate in query.predicates]
    plan = plan_of(tuple(predicates))
    since, before = plan.recorded
    until = query.cursor.until or await head(session)
    # Record times never decrease with the position, so they are bounds of it.
    if since is not None:
        after = max(after, await head_at(session, since - 1))
    if before is not None:
        until = min(until, await head_at(session, before - 1))
    return Search(session, plan, after, until)


async def _resolved(session: Reading, predicate: Predicate) -> Predicate:
    if isinstance(predicate.test, Within):
        return replace(predicate, test=Within(await places_within(session, predicate.test.keys)))
    return predicate


# --- events, at positions ---


async def _found(
    search: Search, batches: Places, *, together: int = READ_TOGETHER, with_data: bool = True
) -> AsyncIterator[tuple[list[Place], list[EventRow]]]:
    """
    Yield the events that are as asked, with the places that were looked at for them, in order.

    Without their data where nobody needs it: then a row has its position alone.
    """
    with_data = with_data or bool(search.plan.rest)
    async for batch in batches:
        places = batch
        while places:
            part, places = places[:together], places[together:]
            rows = await _rows(search, [place.position for place in part], with_data=with_data)
            if rows:
                size = sum(len(row.data) for row in rows.values()) // len(rows)
                together = max(1, min(together, _READ_SIZE // (size or 1)))
            asked = [rows[place.position] for place in part if place.position in rows]
            yield part, await _that_hold(search, asked)


async def _rows(search: Search, positions: list[int], *, with_data: bool) -> dict[int, EventRow]:
    values = Values(search.session.part, positions)
    statement = STATEMENTS["select_rows" if with_data else "select_positions"]
    statement += where(search.plan.conditions, values.bound)
    rows = await search.session.fetch(statement, *values.all)
    return {row[0]: EventRow(*row) if with_data else EventRow(row[0], "", 0, b"") for row in rows}


async def _that_hold(search: Search, rows: list[EventRow]) -> list[EventRow]:
    """Return those of which the rest of the query holds."""
    rest = [p for p in search.plan.rest if not isinstance(p.test, HasAttribute)]
    by_attribute = [p for p in search.plan.rest if isinstance(p.test, HasAttribute)]
    if not search.plan.rest or not rows:
        return rows
    # Others are served while events are parsed.
    found = await asyncio.to_thread(_holding, rows, rest, search.plan.rest)
    if by_attribute:
        found = await _with_attributes(search.session, found, by_attribute)
    return [row for row, _ in found]


def _holding(
    rows: Iterable[EventRow], predicates: Sequence[Predicate], traced: Sequence[Predicate]
) -> list[tuple[EventRow, Event]]:
    traces = [trace for predicate in traced if (trace := _trace(predicate))]
    # To see that something is not in the text of an event takes a hundredth of parsing it.
    likely = (row for row in rows if all(trace in row.data for trace in traces))
    found = ((row, row.event()) for row in likely)
    return [
        (row, event)
        for row, event in found
        if all(predicate.holds(event) for predicate in predicates)
    ]


def _trace(predicate: Predicate) -> bytes:
    trace = predicate.field.trace
    # These are written in another way, so that the trace would not be found.
    return b"" if '"' in trace or "\\" in trace else trace.encode(errors="ignore")


async def _with_attributes(
    session: Reading, found: list[tuple[EventRow, Event]], predicates: Iterable[Predicate]
) -> list[tuple[EventRow, Event]]:
    """Return those that refer to something which has the attributes, by its master data."""
    for predicate in predicates:
        test = predicate.test
        assert isinstance(test, HasAttribute)
        named = [
            [
                reference_key(value)
                for value in predicate.field.values(event)
                if isinstance(value, str)
            ]
            for _, event in found
        ]
        known = await attributes_of(session, {key for keys in named for key in keys})
        found = [
            item
            for item, keys in zip(found, named, strict=True)
            if any(test.holds(key, known) for key in keys)
        ]
    return found


# --- what is found all at once ---


async def _refuse_more(search: Search, count_max: int) -> None:
    """Raise `QueryTooLargeError` for more events than that."""
    count, looked_into = 0, 0
    batches = by_position(search, is_descending=False)
    async for places, rows in _found(search, batches, with_data=False):
        count, looked_into = count + len(rows), looked_into + len(places)
        if count > count_max:
            raise QueryTooLargeError(count_max=count_max)
        if looked_into > _COUNTED_MAX:
            raise QueryTooComplexError(
                f"more than {_COUNTED_MAX} events have to be looked at to count those of this "
                "query; narrow it, such as by GE_recordTime, or ask without maxEventCount"
            )


async def _sorted_page(
    search: Search, query: EventQuery, by: Extension
) -> tuple[list[EventRow], str | None]:
    """Return a page in the order of an extension field; what has none comes last."""
    values: list[tuple[Any, int]] = []
    lacking: list[int] = []
    looked_into = 0
    batches = by_position(search, is_descending=query.order.is_descending)
    async for places, rows in _found(search, batches):
        looked_into += len(places)
        for row, value in await asyncio.to_thread(_first_values, rows, by):
            if value is None:
                lacking.append(row.position)
            else:
                values.append((value, row.position))
        if len(values) + len(lacking) > _SORTED_MAX or looked_into > _COUNTED_MAX:
            raise QueryTooComplexError(
                f"more than {_SORTED_MAX} events cannot be ordered by a field of theirs; narrow "
                "the query, or order by eventTime or recordTime"
            )
    spell = _sortable([value for value, _ in values])
    values.sort(key=lambda item: (spell(item[0]), item[1]), reverse=query.order.is_descending)
    positions = [position for _, position in values] + lacking
    if query.limits.count is not None:
        positions = positions[: query.limits.count]
    start = query.cursor.position
    page = positions[start : start + query.limits.per_page]
    there = await _rows(search, page, with_data=True)
    found = [there[position] for position in page]
    if start + len(page) >= len(positions):
        return found, None
    cursor = Cursor(start + len(page), 0, search.until, start + len(page))
    return found, query.next_page_token(cursor)


def _first_values(rows: Iterable[EventRow], by: Extension) -> list[tuple[EventRow, Any]]:
    return [(row, next(iter(_plain_values(by, row.event())), None)) for row in rows]


def _plain_values(by: Extension, event: Event) -> list[Any]:
    return [value for value in by.values(event) if not isinstance(value, dict | bool)]


def _sortable(values: Sequence[Any]) -> Callable[[Any], Any]:
    """
    Return what values are sorted by: as numbers or as moments if all are, else as texts.

    In XML all are texts. Texts are sorted by the codes of their characters (EPCIS 2.0, §8.2.7.1).
    """
    for read in (_number, lambda value: moment_in(str(value))):
        if all(read(value) is not None for value in values):
            return read
    return str


def _number(value: Any) -> Fraction | None:
    return number_in(str(value))
