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

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import Identifier
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import Role
from epcis_repo.operations.naming import epc_of, identifier_value, names_of
from epcis_repo.projections.containment import LEVELS_MAX, Interval
from epcis_repo.projections.epc_state import EpcState, after, step_of
from epcis_repo.projections.event_index import STATEMENTS, declared_in_error
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.said import Said
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import ArchivedYear, archived_years, named, years_away

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

    `container` is None for an event that names the thing itself, else what it names; `said` is
    what it says of that. `in_error` says that a declaration has struck the event out;
    `record_time` is in microseconds, and `header` the event with its long lists cut.
    """

    said: Said
    event_id: str
    record_time: int
    container: str | None
    declares_error: bool
    in_error: bool
    header: dict[str, Any]

    @property
    def role(self) -> str:
        """As what the event names the thing, or the container that it was inferred from."""
        return _ROLES.get(self.said.role, "object")


@dataclass(frozen=True, slots=True)
class History:
    """
    A story, in order, and the state at its end; `stays` say where the thing was in.

    What was recorded in the years that are `archived` is not in it.
    """

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    entries: tuple[Entry, ...]
    stays: tuple[Stay, ...]
    state: EpcState | None
    names: Mapping[str, str]
    archived: tuple[int, ...] = ()


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
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        moment = _MOMENT_MAX if as_of is None else as_of
        last = (moment, float("inf"))
        lives = Lives(session, until)
        stays = [
            stay if stay.ends <= last else replace(stay, ends=_AFTER_ALL)
            async for stay in _stays(lives, key)
            if stay.begins <= last
        ]
        found = await _naming(session, key, None, until, (_BEFORE_ALL, last))
        for stay in stays:
            span = (stay.begins, min(stay.ends, last))
            # An event that names both is told once, by the nearest.
            found = await _naming(session, key, stay.container, until, span) | found
        if not found:
            raise not_found(key, as_of=as_of, known_at=known_at, archived=away)
        event_ids = {entry.event_id for entry in found.values()}
        declared = await declared_in_error(session, event_ids, until=until)
        keys = {key} | {stay.container for stay in stays} | {stay.within for stay in stays}
        names = names_of(await lives.company_prefixes(keys))
    entries = tuple(
        replace(entry, in_error=entry.event_id in declared and not entry.declares_error)
        for entry in sorted(found.values(), key=lambda entry: entry.said.order)
    )
    return History(
        identifier=identifier,
        as_of=as_of,
        known_at=known_at,
        entries=entries,
        stays=tuple(stays),
        state=state_after(entries),
        names=names,
        archived=await years_away(store, away),
    )


def not_found(
    key: str, *, as_of: int | None, known_at: int | None, archived: Collection[ArchivedYear] = ()
) -> NotFoundError:
    """Return the error for a thing that no event names, or none of those that are asked about."""
    if archived:
        return NotFoundError(
            f"no event that is here names {epc_of(key)}; what was recorded in {named(archived)} "
            "is archived"
        )
    if as_of is None and known_at is None:
        return NotFoundError(f"no event names {epc_of(key)}: it was never captured here")
    return NotFoundError(f"no event known and happened by then names {epc_of(key)}")


def state_after(entries: Collection[Entry]) -> EpcState | None:
    """
    Return the state of a thing at the end of its story, containers' events included.

    What happens to a container moves what is in it and disposes of it, but an SSCC that is
    put into use or taken out of it says nothing of the content's own life.
    """
    state: EpcState | None = None
    for entry in entries:
        if entry.in_error or entry.declares_error:
            continue
        step = step_of(entry.said)
        if entry.container is not None:
            begins_or_ends = entry.said.action in ("ADD", "DELETE")
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
        state = after(state, step)
    return state


def history_value(story: History) -> dict[str, Any]:
    """Return a history as JSON (`schemas/history.schema.json`)."""
    key = story.identifier.key
    own = story.names[key]
    return {
        "id": identifier_value(own),
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
        "archived_years": list(story.archived),
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
    said, header = entry.said, entry.header
    return {
        "event_id": entry.event_id,
        "position": said.position,
        "type": said.type,
        "action": said.action,
        "biz_step": header.get("bizStep"),
        "disposition": said.disposition,
        "event_time": header["eventTime"],
        "event_time_utc": utc_text(said.event_time),
        "event_time_zone_offset": header["eventTimeZoneOffset"],
        "record_time": utc_text(entry.record_time),
        "read_point": said.read_point,
        "biz_location": said.biz_location,
        "role": entry.role,
        "inferred": entry.container is not None,
        "inferred_from": None if entry.container is None else names[entry.container],
        "declares_error": entry.declares_error,
        "in_error": entry.in_error,
        "event": header,
    }


def _time_text(place: Order) -> str | None:
    return None if place in (_BEFORE_ALL, _AFTER_ALL) else utc_text(int(place[0]))


async def _stays(lives: Lives, key: str) -> AsyncIterator[Stay]:
    """Yield the stays of a thing, level by level."""
    paths = [(key, _BEFORE_ALL, _AFTER_ALL)]
    told: defaultdict[tuple[str, str], list[tuple[Order, Order]]] = defaultdict(list)
    level = 0
    while paths and level < LEVELS_MAX:
        level += 1
        intervals = await lives.stays({path[0] for path in paths})
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


async def _naming(
    session: Reading,
    key: str,
    container: str | None,
    until: int,
    span: tuple[Order, Order],
) -> dict[int, Entry]:
    """Return the events that name `container`, or the thing itself, within a span."""
    begins, ends = span
    rows = await session.fetch(
        STATEMENTS["select_headers_naming"],
        session.part,
        container or key,
        until,
        int(max(begins[0], -_MOMENT_MAX)),
        int(min(ends[0], _MOMENT_MAX)),
    )
    entries: dict[int, Entry] = {}
    for *members, event_id, record_time, declares_error, header in rows:
        said = Said(*members)
        if begins <= said.order <= ends:
            # What has several roles in an event comes with each; the last is the highest.
            entries[said.position] = Entry(
                said=said,
                event_id=event_id,
                record_time=record_time,
                container=container,
                declares_error=bool(declares_error),
                in_error=False,
                header=orjson.loads(header),
            )
    return entries


_ROLES: dict[int, str] = {
    Role.PARENT: "parent",
    Role.CHILD: "child",
    Role.INPUT: "input",
    Role.OUTPUT: "output",
}
