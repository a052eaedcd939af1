"""
The life of a thing: its own events, and those of every container while it was in it.

Containment is inferred when it is read, not written when something moves: a pallet's shipping
names one SSCC, and this finds it for each bottle on the pallet, marked with the container that
it was inferred from. Two clocks: `as_of` is the moment that is asked about, `known_at` the
moment whose knowledge answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import Identifier, canonical_key, parse_identifier
from epcis_repo.model.events import FIELDS, Event
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import What
from epcis_repo.operations.naming import epc_of, identifier_value
from epcis_repo.projections import LoggedEvent, containment, event_index
from epcis_repo.projections.containment import Interval
from epcis_repo.projections.epc_state import EpcState, after, states_of, step_of
from epcis_repo.projections.logged import declared_in_error
from epcis_repo.store import EventStore, Reading, log

Order = tuple[float, float]
"""A place in a story: event time in microseconds, and position."""

_BEFORE_ALL: Order = (float("-inf"), 0)
_AFTER_ALL: Order = (float("inf"), float("inf"))
_MOMENT_MAX = 2**62


@dataclass(frozen=True, slots=True)
class Stay:
    """
    That the thing was in `container`, at some depth, between two places of its story.

    `within` is what stood directly in the container: the thing, or a container of it.
    """

    container: str
    within: str
    relation: str
    level: int
    begins: Order
    ends: Order


@dataclass(frozen=True, slots=True)
class Entry:
    """
    An event of a story.

    `container` is None for an event that names the thing itself. `in_error` says that a
    declaration has struck the event out; `header` is the event with its long lists cut.
    """

    logged: LoggedEvent
    role: str
    container: str | None
    declares_error: bool
    in_error: bool
    header: dict[str, Any]


@dataclass(frozen=True, slots=True)
class History:
    """A story, in order, and the state at its end; `stays` say where the thing was in."""

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    entries: tuple[Entry, ...]
    stays: tuple[Stay, ...]
    state: EpcState | None
    names: Mapping[str, str]


async def history(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
) -> History:
    """
    Return what happened to a thing until `as_of`, as was known at `known_at` (microseconds).

    Raises `NotFoundError` when no event names it.
    """
    key = identifier.key
    async with store.reading() as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        moment = _MOMENT_MAX if as_of is None else as_of
        last = (moment, float("inf"))
        stays = [
            stay if stay.ends <= last else replace(stay, ends=_AFTER_ALL)
            async for stay in _stays(session, key, until=None if known_at is None else until)
            if stay.begins <= last
        ]
        own = await _naming(session, key, None, until, (_BEFORE_ALL, last))
        found = {entry.logged.position: entry for entry in own}
        for stay in stays:
            span = (stay.begins, min(stay.ends, last))
            for entry in await _naming(session, key, stay.container, until, span):
                # An event that names both is told once, by the nearest.
                found.setdefault(entry.logged.position, entry)
        if not found:
            raise not_found(key, as_of=as_of, known_at=known_at)
        declared = await declared_in_error(
            session, (entry.logged for entry in found.values()), until=until
        )
        keys = {key} | {stay.container for stay in stays} | {stay.within for stay in stays}
        states = await states_of(session, keys)
    entries = tuple(
        replace(entry, in_error=entry.logged.event_id in declared and not entry.declares_error)
        for entry in sorted(found.values(), key=lambda entry: entry.logged.order)
    )
    return History(
        identifier=identifier,
        as_of=as_of,
        known_at=known_at,
        entries=entries,
        stays=tuple(stays),
        state=state_after(entries, epc_of(key, states.get(key))),
        names={key: epc_of(key, states.get(key)) for key in keys},
    )


def not_found(key: str, *, as_of: int | None, known_at: int | None) -> NotFoundError:
    """Return the error for a thing that no event names, or none of those that are asked about."""
    if as_of is None and known_at is None:
        return NotFoundError(f"no event names {epc_of(key, None)}: it was never captured here")
    return NotFoundError(f"no event known and happened by then names {epc_of(key, None)}")


def state_after(entries: Collection[Entry], text: str) -> EpcState | None:
    """
    Return the state of a thing at the end of its story, containers' events included.

    What happens to a container moves what is in it and disposes of it, but an SSCC that is
    put into use or taken out of it says nothing of the content's own life.
    """
    state: EpcState | None = None
    for entry in entries:
        if entry.in_error or entry.declares_error:
            continue
        step = step_of(entry.logged, entry.role)
        if entry.container is not None:
            begins_or_ends = getattr(entry.logged.event, "action", None) in ("ADD", "DELETE")
            step = step._replace(
                lifecycle="destroyed" if step.lifecycle == "destroyed" else None,
                disposition=(
                    None
                    if begins_or_ends and step.lifecycle not in (None, "destroyed")
                    else step.disposition
                ),
                lot=None,
                expiry=None,
                commissioned_at=None,
            )
        state = after(state, step, text)
    return state


def history_value(story: History) -> dict[str, Any]:
    """Return a history as JSON (`schemas/history.schema.json`)."""
    key = story.identifier.key
    own = story.names[key]
    return {
        "id": identifier_value(parse_identifier(own), None),
        "as_of": None if story.as_of is None else utc_text(story.as_of),
        "known_at": None if story.known_at is None else utc_text(story.known_at),
        "state": None if story.state is None else state_value(story.state),
        "containers": [
            {
                "epc": story.names[stay.container],
                "within": story.names[stay.within],
                "relation": stay.relation,
                "level": stay.level,
                "from": _time_text(stay.begins),
                "to": _time_text(stay.ends),
            }
            for stay in story.stays
        ],
        "events": [_entry_value(entry, story.names) for entry in story.entries],
    }


def state_value(state: EpcState) -> dict[str, Any]:
    """Return a state as JSON; members that nobody reported are null."""
    return {
        "lifecycle": state.lifecycle,
        "disposition": state.disposition,
        "read_point": state.read_point,
        "biz_location": state.biz_location,
        "lot": state.lot,
        "expiry": state.expiry,
        "event_time": utc_text(state.event_time),
    }


def _entry_value(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    logged, event = entry.logged, entry.logged.event
    step = step_of(logged, entry.role)
    return {
        "event_id": logged.event_id,
        "position": logged.position,
        "type": type(event).__name__,
        "action": getattr(event, "action", None),
        "biz_step": event.biz_step,
        "disposition": step.disposition,
        "event_time": event.event_time.text,
        "event_time_utc": utc_text(event.event_time.microseconds),
        "event_time_zone_offset": event.event_time_zone_offset,
        "record_time": utc_text(logged.record_time),
        "read_point": step.read_point,
        "biz_location": step.biz_location,
        "role": entry.role,
        "inferred": entry.container is not None,
        "inferred_from": None if entry.container is None else names[entry.container],
        "declares_error": entry.declares_error,
        "in_error": entry.in_error,
        "event": entry.header,
    }


def _time_text(place: Order) -> str | None:
    return None if place in (_BEFORE_ALL, _AFTER_ALL) else utc_text(int(place[0]))


async def _stays(session: Reading, key: str, *, until: int | None) -> AsyncIterator[Stay]:
    """Yield the stays of a thing, level by level; `until` is given for past knowledge."""
    paths = [(key, _BEFORE_ALL, _AFTER_ALL)]
    told: defaultdict[tuple[str, str], list[tuple[Order, Order]]] = defaultdict(list)
    level = 0
    while paths and level < containment.LEVELS_MAX:
        level += 1
        intervals = await intervals_of(session, {path[0] for path in paths}, until=until)
        upward = []
        for within, begins, ends in paths:
            for interval in intervals.get(within, ()):
                start = max(begins, (interval.from_time, interval.from_position))
                end = min(ends, _end_of(interval))
                spans = told[interval.parent, interval.relation]
                # What is in itself, by whatever way, is told once: else it would have no end,
                # and what has two ways up at each level a story for each of their combinations.
                known = any(first <= start and end <= last for first, last in spans)
                if start <= end and interval.parent != key and not known:
                    spans.append((start, end))
                    yield Stay(interval.parent, within, interval.relation, level, start, end)
                    upward.append((interval.parent, start, end))
        paths = upward


def _end_of(interval: Interval) -> Order:
    if interval.to_time is None or interval.to_position is None:
        return _AFTER_ALL
    return interval.to_time, interval.to_position


async def intervals_of(
    session: Reading, children: Collection[str], *, until: int | None
) -> dict[str, list[Interval]]:
    """Return the stays of `children`, as known now or, folded from the log, at position `until`."""
    found: dict[str, list[Interval]] = {}
    if until is None:
        rows = await session.fetch(
            containment.STATEMENTS["select_intervals"], session.part, sorted(children)
        )
        intervals = [Interval(*row) for row in rows]
    else:
        lines = await containment.fold_anew(session, children, until=until)
        intervals = [interval for line in lines.values() for interval in line]
    for interval in sorted(intervals, key=lambda item: (item.from_time, item.from_position)):
        found.setdefault(interval.child, []).append(interval)
    return found


async def _naming(
    session: Reading,
    key: str,
    container: str | None,
    until: int,
    span: tuple[Order, Order],
) -> list[Entry]:
    """Return the events that name `container`, or the thing itself, within a span."""
    begins, ends = span
    rows = await session.fetch(
        event_index.STATEMENTS["select_headers_naming"],
        session.part,
        container or key,
        until,
        int(max(begins[0], -_MOMENT_MAX)),
        int(min(ends[0], _MOMENT_MAX)),
    )
    return [
        await _entry(session, row, container or key, container)
        for row in rows
        if begins <= (row[2], row[0]) <= ends
    ]


async def _entry(
    session: Reading, row: tuple[Any, ...], named: str, container: str | None
) -> Entry:
    position, event_id, _, record_time, declares_error, data = row
    header, event = orjson.loads(data), parse_event(data)
    role = _role(event, named)
    if role is None:
        # Not in what the header shows, so in a list that was cut.
        cut = header.get(event_index.COUNTS, {}).keys() & _ROLES.keys()
        if len(cut) > 1:
            statement = event_index.STATEMENTS["select_whole"]
            [(whole,)] = await session.fetch(statement, session.part, position)
            role = _role(parse_event(whole), named)
        else:
            role = _ROLES[cut.pop()] if cut else None
    return Entry(
        logged=LoggedEvent(position, record_time, event_id, event, What(), data),
        role=role or "object",
        container=container,
        declares_error=bool(declares_error),
        in_error=False,
        header=header,
    )


def _role(event: Event, named: str) -> str | None:
    # The last is the one that counts: what went into a transformation and came out is there.
    for member in reversed(FIELDS[type(event)]):
        if member.standard in _ROLES:
            epcs = getattr(event, member.name) or ()
            if any(canonical_key(epc) == named for epc in epcs):
                return _ROLES[member.standard]
    parent = getattr(event, "parent_id", None)
    return "parent" if parent is not None and canonical_key(parent) == named else None


_ROLES = {
    "epcList": "object",
    "childEPCs": "child",
    "inputEPCList": "input",
    "outputEPCList": "output",
}
