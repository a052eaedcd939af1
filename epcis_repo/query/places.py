"""
Where the events stand that a query may be about: positions, by index, in the order of the answer.

The one place that assembles SQL, with `select.py`: from a plan, never from what came in. Each
function gives some hundred at a time, and finds them by what comes after the last. Where a tag is
that a million events have is asked between two positions, and never for the whole log at once; so
the thousandth page costs what the first does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from epcis_repo.query.paging import EVENT_TIME, Cursor, Order
from epcis_repo.query.plan import Condition, Lookup, Plan
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.query", "places.sql")

# So many positions are asked for at a time; of no more, all are taken at once.
BATCH = 512
# The log is gone through in parts: the first is that long, the next are longer as little is found.
_SPAN_MAX = 1 << 22
# So many positions are taken all at once where that saves going through the log for them: those of
# a time, of the rarer of two tags, or of a tag in another order than that of the log.
_TAKEN_MAX = 20_000


class Place(NamedTuple):
    """Where an event stands in an answer that is by event time; elsewhere that time is 0."""

    position: int
    event_time: int = 0


Places = AsyncIterator[list[Place]]


@dataclass(frozen=True, slots=True)
class Search:
    """A plan that is carried out, on what stands past `after` in the log, as far as `until`."""

    session: Reading
    plan: Plan
    after: int
    until: int


def in_order(search: Search, order: Order, cursor: Cursor) -> Places:
    """Return the places at which an answer may have events, from the cursor on."""
    if order.by == EVENT_TIME:
        return _by_event_time(search, cursor, is_descending=order.is_descending)
    position = cursor.position
    if order.is_descending:
        until = min(search.until, position - 1) if position else search.until
        return by_position(replace(search, until=until), is_descending=True)
    return by_position(replace(search, after=max(search.after, position)), is_descending=False)


async def by_position(search: Search, *, is_descending: bool) -> Places:
    """Yield places in order of capture, or against it."""
    few, others = await _few(search, in_order=True)
    if few is not None:
        positions = sorted(few, reverse=is_descending)
        batches = _slices(positions, BATCH)
        for batch in batches:
            yield [Place(position) for position in await _narrowed(search, others, batch)]
        return
    driver = next((lookup for lookup in others if not lookup.ranges), None)
    if driver is not None:
        others = [lookup for lookup in others if lookup is not driver]
        spans = _tagged_by_span(search, driver, is_descending=is_descending)
    elif others:
        driver, *others = others
        spans = _in_ranges(search, driver, is_descending=is_descending)
    else:
        spans = _all_by_span(search, is_descending=is_descending)
    async for positions in spans:
        for batch in _slices(positions, BATCH):
            yield [Place(position) for position in await _narrowed(search, others, batch)]


async def _few(search: Search, *, in_order: bool) -> tuple[set[int] | None, list[Lookup]]:
    """
    Return all positions if some index says that they are few, and what else is to be asked.

    Somewhat more are few where there is more than one tag, or they are not wanted `in_order`.
    """
    session, plan = search.session, search.plan
    few: list[set[int]] = []
    if plan.event_ids is not None:
        rows = await session.fetch(
            STATEMENTS["select_of_event_ids"],
            session.part,
            sorted(plan.event_ids),
            search.after,
            search.until,
        )
        few.append({position for (position,) in rows})
    others = list(plan.lookups)
    for most in (BATCH, _TAKEN_MAX):
        if most > BATCH and (few or (in_order and len(others) < 2)):
            break
        lookups, others = others, []
        for lookup in lookups:
            found = await _tagged(search, lookup, limit=most + 1)
            if len(found) > most:
                others.append(lookup)
            else:
                few.append(set(found))
    if not few and plan.window is not None:
        rows = await session.fetch(
            f"{STATEMENTS['select_between']} LIMIT $6",
            session.part,
            *plan.window,
            search.after,
            search.until,
            _TAKEN_MAX + 1,
        )
        if len(rows) <= _TAKEN_MAX:
            few.append({position for (position,) in rows})
    return (set.intersection(*few) if few else None), others


async def _narrowed(search: Search, lookups: Iterable[Lookup], positions: list[int]) -> list[int]:
    """Return those of some positions at which there is what `lookups` look for as well."""
    for lookup in lookups:
        if positions:
            low, high = min(positions), max(positions)
            there = set(
                await _tagged(replace(search, after=low - 1, until=high), lookup, positions)
            )
            positions = [position for position in positions if position in there]
    return positions


async def _tagged(
    search: Search,
    lookup: Lookup,
    positions: Sequence[int] | None = None,
    *,
    limit: int | None = None,
    order: str = "",
) -> list[int]:
    """
    Return where there is what `lookup` looks for, among some positions where they are given.

    A position comes once where they are given or ordered, else for each tag and role.
    """
    values = Values(search.session.part, list(lookup.roles), search.after, search.until)
    among = "" if positions is None else f" AND position = any({values.bound(list(positions))})"
    alternatives = [f"tag = any({values.bound(list(lookup.tags))})"] if lookup.tags else []
    alternatives += [
        f"tag >= {values.bound(low)} AND tag < {values.bound(high)}" for low, high in lookup.ranges
    ]
    # A union of what each finds by index, rather than an OR that goes through all tags.
    statement = " UNION ALL ".join(
        f"{STATEMENTS['select_tagged']} AND {alternative}{among}" for alternative in alternatives
    )
    if order or among:
        # All are read for that, which a limit alone would not do.
        statement = f"SELECT DISTINCT position FROM ({statement}) AS found{order}"  # noqa: S608 - ours
    if limit is not None:
        statement += f" LIMIT {values.bound(limit)}"
    return [position for (position,) in await search.session.fetch(statement, *values.all)]


async def _tagged_by_span(
    search: Search, lookup: Lookup, *, is_descending: bool
) -> AsyncIterator[list[int]]:
    """Yield where tags are, from one part of the log to the next."""
    spans = _Spans(search.after, search.until, is_descending=is_descending)
    while (span := spans.next()) is not None:
        after, until = span
        found = set(await _tagged(replace(search, after=after, until=until), lookup))
        spans.has_given(len(found))
        yield sorted(found, reverse=is_descending)


async def _in_ranges(
    search: Search, lookup: Lookup, *, is_descending: bool
) -> AsyncIterator[list[int]]:
    """Yield where there is a tag of some ranges, a batch at a time out of all that there are."""
    order = f" ORDER BY position{_DESC if is_descending else ''}"
    while True:
        found = await _tagged(search, lookup, limit=BATCH, order=order)
        yield found
        if len(found) < BATCH:
            return
        if is_descending:
            search = replace(search, until=found[-1] - 1)
        else:
            search = replace(search, after=found[-1])


async def _all_by_span(search: Search, *, is_descending: bool) -> AsyncIterator[list[int]]:
    """
    Yield where what the index says of an event is as asked, from one part of the log to the next.

    A part that has nothing of the time that is asked for is left for the next that has.
    """
    plan, session = search.plan, search.session
    spans = _Spans(search.after, search.until, is_descending=is_descending)
    order = f" ORDER BY i.position{_DESC if is_descending else ''}"
    while (span := spans.next()) is not None:
        values = Values(session.part, *span)
        statement = STATEMENTS["select_in_order"] + where(plan.conditions, values.bound) + order
        rows = await session.fetch(f"{statement} LIMIT {values.bound(BATCH)}", *values.all)
        found = [position for (position,) in rows]
        if len(found) == BATCH:
            spans.goes_on_from(found[-1])
        spans.has_given(len(found))
        if found:
            yield found
        elif plan.window is not None:
            values = Values(session.part, *plan.window, *spans.left)
            statement = STATEMENTS["select_between"] + order
            rows = await session.fetch(f"{statement} LIMIT {values.bound(1)}", *values.all)
            if not rows:
                return
            position = rows[0][0]
            spans.goes_on_from(position + 1 if is_descending else position - 1)


class _Spans:
    """Parts of the log, one after the other, and larger where little is found in them."""

    def __init__(self, after: int, until: int, *, is_descending: bool) -> None:
        self._after, self._until = after, until
        self._is_descending = is_descending
        self._length = BATCH

    @property
    def left(self) -> tuple[int, int]:
        """What comes after the part that was given last."""
        return self._after, self._until

    def next(self) -> tuple[int, int] | None:
        """Return the next part, as positions past the one and up to the other."""
        if self._after >= self._until:
            return None
        if self._is_descending:
            after, until = max(self._after, self._until - self._length), self._until
            self._until = after
        else:
            after, until = self._after, min(self._until, self._after + self._length)
            self._after = until
        return after, until

    def goes_on_from(self, position: int) -> None:
        """Have the next part begin there: past it, or before it where it goes backwards."""
        if self._is_descending:
            self._until = position - 1
        else:
            self._after = position

    def has_given(self, count: int) -> None:
        """Say how many positions the last part has given."""
        if count < BATCH // 2:
            self._length = min(self._length * 4, _SPAN_MAX)
        elif count > BATCH * 4:
            self._length = max(self._length // 4, BATCH)


async def _by_event_time(search: Search, cursor: Cursor, *, is_descending: bool) -> Places:
    """Yield places by the time at which the events happened."""
    session, plan = search.session, search.plan
    few, others = await _few(search, in_order=False)
    comparison, direction = ("<", _DESC) if is_descending else (">", "")
    position, event_time = cursor.position, cursor.event_time
    while True:
        values = Values(session.part, search.until)
        statement = STATEMENTS["select_by_event_time"]
        statement += f" AND i.position > {values.bound(search.after)}"
        statement += where(plan.conditions, values.bound)
        if few is not None:
            statement += f" AND i.position = any({values.bound(sorted(few))})"
        if position:
            last = f"({values.bound(event_time)}, {values.bound(position)})"
            statement += f" AND (i.event_time, i.position) {comparison} {last}"
        statement += f" ORDER BY i.event_time{direction}, i.position{direction}"
        rows = await session.fetch(f"{statement} LIMIT {values.bound(BATCH)}", *values.all)
        there = set(await _narrowed(search, others, [row[0] for row in rows]))
        yield [Place(*row) for row in rows if row[0] in there]
        if len(rows) < BATCH:
            return
        position, event_time = rows[-1]


_DESC = " DESC"


class Values:
    """The values of a statement, in the order in which they were bound."""

    def __init__(self, *values: Any) -> None:
        self.all = list(values)

    def bound(self, value: Any) -> str:
        """Add a value and return what stands for it in the statement."""
        self.all.append(value)
        return f"${len(self.all)}"


def where(conditions: Iterable[Condition], bound: Callable[[Any], str]) -> str:
    return "".join(
        f" AND i.{condition.column} = any({bound(condition.value)})"
        if condition.operator == "IN"
        else f" AND i.{condition.column} {condition.operator} {bound(condition.value)}"
        for condition in conditions
    )


def _slices(positions: list[int], length: int) -> Iterable[list[int]]:
    return (positions[start : start + length] for start in range(0, len(positions), length))
