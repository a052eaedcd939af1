"""
A correction: what was declared in error, what is true instead, and what that puts in doubt.

Others acted on what they were told. An event is in doubt when it found a thing in another state
than it now appears to have been in, or when it is no longer known to concern the thing, or is known
to only now, since the thing was in another container. That is the difference between the stories of
the thing just before the declaration was recorded and just after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import what_of
from epcis_repo.operations.history import declaration_value
from epcis_repo.operations.naming import names_of
from epcis_repo.projections.containment import RELATIONS
from epcis_repo.projections.corrections import Declaration, corrections
from epcis_repo.projections.epc_state import EpcState, after
from epcis_repo.projections.lifecycle import Step
from epcis_repo.projections.lives import Lives, packed_in
from epcis_repo.projections.stories import stories_of
from epcis_repo.projections.story import MOMENT_MAX, Entry
from epcis_repo.query import select_event
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import refuse_archived

# Of so many things the two stories are compared for a page.
THINGS_PER_PAGE = 100

_WHAT_IT_IS = ("commissioned_at", "lot", "expiry")


class Because(StrEnum):
    """Why an event is in doubt."""

    OTHER_STATE = "other_state"
    NOT_IN_CONTAINER = "not_in_container"
    IN_CONTAINER = "in_container"


@dataclass(frozen=True, slots=True)
class Doubt:
    """An event that is in doubt for the sake of a thing."""

    entry: Entry
    key: str
    because: Because


@dataclass(frozen=True, slots=True)
class CorrectiveEvent:
    """What is true instead; without a position it is not recorded here."""

    event_id: str
    position: int | None
    record_time: int | None


@dataclass(frozen=True, slots=True)
class Correction:
    """
    What was declared in error, and what follows from that.

    `doubts` are those of some of the `things` that the event names or took out of something; the
    token asks for those of the next.
    """

    event_id: str
    known_at: int | None
    declarations: tuple[Declaration, ...]
    corrective_events: tuple[CorrectiveEvent, ...]
    things: int
    doubts: tuple[Doubt, ...]
    names: Mapping[str, str]
    next_page_token: str | None


async def correction(
    store: EventStore, event_id: str, *, known_at: int | None = None, token: str | None = None
) -> Correction:
    """
    Return the correction of an event, as was known at `known_at` (microseconds).

    Raises `NotFoundError` when no declaration that it was in error is recorded.
    """
    begin = _thing_after(token)
    async with store.reading(long=True) as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        declarations = (await corrections(session, [event_id], until=until)).of(event_id)
        if not declarations:
            await refuse_archived(session, event_id)
            raise NotFoundError(f"no declaration that event {event_id} was in error is recorded")
        instead = [name for known in declarations for name in known.corrective_event_ids]
        corrective_events = [
            await _corrective_event(session, name, until) for name in dict.fromkeys(instead)
        ]
        # It repeats the event (EPCIS 2.0, §7.4.1.2), which may not have come.
        declared_at = declarations[0].position
        rows = await select_event(session, event_id)
        event = next(row.event() for row in rows if row.position <= declared_at)
        things = await _things_of(session, event, declared_at)
        page = things[begin : begin + THINGS_PER_PAGE]
        doubts = await _doubts(session, event_id, page, declared_at)
        keys = {key for doubt in doubts for key in (doubt.key, doubt.entry.container) if key}
        names = names_of(await Lives(session, declared_at).company_prefixes(keys))
    end = begin + len(page)
    return Correction(
        event_id=event_id,
        known_at=known_at,
        declarations=declarations,
        corrective_events=tuple(corrective_events),
        things=len(things),
        doubts=tuple(doubts),
        names=names,
        next_page_token=str(end) if end < len(things) else None,
    )


def correction_value(found: Correction) -> dict[str, Any]:
    """Return a correction as JSON (`schemas/correction.schema.json`)."""
    # An event is in doubt for a hundred things that were in one case.
    entries = {doubt.entry.said.position: doubt.entry for doubt in found.doubts}.values()
    times = {time for entry in entries for time in (entry.said.event_time, entry.record_time)}
    moments = {time: utc_text(time) for time in times}
    return {
        "event_id": found.event_id,
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "declarations": [declaration_value(known) for known in found.declarations],
        "corrective_events": [
            {
                "event_id": event.event_id,
                "position": event.position,
                "record_time": None if event.record_time is None else utc_text(event.record_time),
            }
            for event in found.corrective_events
        ],
        "things": found.things,
        "in_doubt": [_doubt_value(doubt, found.names, moments) for doubt in found.doubts],
    }


def _doubt_value(
    doubt: Doubt, names: Mapping[str, str], moments: Mapping[int, str]
) -> dict[str, Any]:
    entry = doubt.entry
    return {
        "event_id": entry.event_id,
        "position": entry.said.position,
        "biz_step": entry.header.get("bizStep"),
        "event_time": moments[entry.said.event_time],
        "record_time": moments[entry.record_time],
        "epc": names[doubt.key],
        "inferred_from": None if entry.container is None else names[entry.container],
        "because": doubt.because,
    }


async def _corrective_event(session: Reading, event_id: str, until: int) -> CorrectiveEvent:
    for row in await select_event(session, event_id):
        if row.position <= until and row.event().error_declaration is None:
            return CorrectiveEvent(event_id, row.position, row.record_time)
    return CorrectiveEvent(event_id, None, None)


async def _things_of(session: Reading, event: Event, until: int) -> Sequence[str]:
    """Return what an event names, and what one that names no children took out."""
    what = what_of(event)
    things = dict.fromkeys((*what.epcs, *what.children, *what.inputs, *what.outputs))
    parent, is_delete = what.parent, getattr(event, "action", None) == "DELETE"
    if parent is not None and is_delete and type(event).__name__ in RELATIONS and not things:
        things = dict.fromkeys(sorted(await packed_in(session, [parent], until)))
    return list(things) if parent is None else [*dict.fromkeys((*things, parent))]


async def _doubts(
    session: Reading, event_id: str, keys: Collection[str], declared_at: int
) -> list[Doubt]:
    """Return what of the stories of these things was built on the event, thing by thing."""
    then, now = [
        await _stories(session, keys, until=until) for until in (declared_at - 1, declared_at)
    ]
    # What went together is looked at once.
    found: dict[tuple[int, int], Sequence[tuple[Entry, Because]]] = {}
    doubts: list[Doubt] = []
    for key in keys:
        stories = then.get(key, ()), now.get(key, ())
        ways = id(stories[0]), id(stories[1])
        if ways not in found:
            found[ways] = list(_in_doubt(event_id, *stories))
        doubts += [Doubt(entry, key, because) for entry, because in found[ways]]
    return doubts


async def _stories(
    session: Reading, keys: Collection[str], *, until: int
) -> dict[str, Sequence[Entry]]:
    """Return the events that stand of the stories of these things, by key."""
    told = stories_of(session, keys, until=until, moment=MOMENT_MAX)
    return {key: story.entries async for story in told for key in story.keys}


def _in_doubt(
    event_id: str, then: Sequence[Entry], now: Sequence[Entry]
) -> Iterator[tuple[Entry, Because]]:
    """Yield what of a thing's story was built on the event, in story order."""
    told_then = {entry.said.position: entry for entry in then}
    told_now = {entry.said.position: entry for entry in now}
    state_then: EpcState | None = None
    state_now: EpcState | None = None
    all_told = sorted({**told_now, **told_then}.values(), key=lambda entry: entry.said.order)
    for entry in all_told:
        place = entry.said.position
        if entry.event_id != event_id:
            if place not in told_now:
                yield entry, Because.NOT_IN_CONTAINER
            elif place not in told_then:
                yield entry, Because.IN_CONTAINER
            elif _found_another(entry.step, state_then, state_now):
                yield entry, Because.OTHER_STATE
        if place in told_then:
            state_then = _after(state_then, told_then[place])
        if place in told_now:
            state_now = _after(state_now, told_now[place])


def _after(state: EpcState | None, entry: Entry) -> EpcState:
    return after(state, entry.said, level=entry.level, unpacks=entry.unpacks)


def _found_another(step: Step | None, then: EpcState | None, now: EpcState | None) -> bool:
    """Whether an event that is this step was built on what is no longer known to be so."""
    # Who looks at what never began, or is of another lot, looks at another thing.
    if any(getattr(then, name, None) != getattr(now, name, None) for name in _WHAT_IT_IS):
        return True
    return step is not None and getattr(then, "lifecycle", None) != getattr(now, "lifecycle", None)


def _thing_after(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 10):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
