"""
The life of a thing: its own events, and those of every container while it was in it.

Containment is inferred when it is read, not written when something moves: a pallet's shipping
names one SSCC, and this finds it for each bottle on the pallet, marked with the container that
it was inferred from. Two clocks: `as_of` is the moment that is asked about, `known_at` the
moment whose knowledge answers.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.gs1 import SCHEMES, Identifier
from epcis_repo.model.times import utc_text
from epcis_repo.operations.naming import epc_of, identifier_value, names_of
from epcis_repo.projections.corrections import Declaration
from epcis_repo.projections.epc_state import EpcState
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.lot_story import LotStory, serials_of
from epcis_repo.projections.story import (
    AFTER_ALL,
    BEFORE_ALL,
    MOMENT_MAX,
    Entry,
    Order,
    Stay,
)
from epcis_repo.projections.thing_story import story_of
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import (
    ArchivedYear,
    head_and_archived_years,
    named,
    years_away,
)

T = TypeVar("T")

_NUMBER = re.compile("-?[0-9]{1,18}", re.ASCII)

# A page has so many events, if nobody says how many.
PER_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class History:
    """
    A story, in order, and the state at its end; `stays` say where the thing was in.

    A lot has neither, but `things`, how many serials were put into use as of it, and so many of
    them that each event concerns, by position. What was recorded in the years that are `archived`
    is not in it. The token asks for the events after these.
    """

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    entries: tuple[Entry, ...]
    stays: tuple[Stay, ...]
    state: EpcState | None
    names: Mapping[str, str]
    archived: tuple[int, ...] = ()
    next_page_token: str | None = None
    things: int | None = None
    concerned: Mapping[int, int | None] = field(default_factory=dict)


class _Place(NamedTuple):
    """Where a page ends, and the position that all pages of an answer are as of."""

    event_time: int
    position: int
    until: int


async def history(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
    per_page: int | None = None,
    token: str | None = None,
) -> History:
    """
    Return what happened to a thing or lot until `as_of`, as was known at `known_at` (microseconds).

    Of its events those after the page whose token is given, `per_page` at most. Raises
    `NotFoundError` when no event names it.
    """
    key, place = identifier.key, _place_of(token)
    is_lot = identifier.scheme is SCHEMES["lgtin"]
    # Nothing in the log changes, so what a thing's story has at a position is the same in every
    # view of it: a snapshot would be two more ways to the server and back.
    async with store.reading(snapshot=is_lot, long=is_lot) as session:
        until, away = await head_and_archived_years(session)
        until = until if known_at is None else await log.head_at(session, known_at)
        until = until if place is None else min(until, place.until)
        moment = MOMENT_MAX if as_of is None else as_of
        answer = History(identifier, as_of, known_at, (), (), None, {})
        tell = _of_lot if is_lot else _of_thing
        answer = await tell(session, answer, moment, until, place, per_page)
    if not answer.entries and place is None:
        raise not_found(key, as_of=as_of, known_at=known_at, archived=away)
    return replace(answer, archived=await years_away(store, away))


async def _of_thing(
    session: Reading,
    answer: History,
    moment: int,
    until: int,
    place: _Place | None,
    per_page: int | None,
) -> History:
    story = await story_of(session, answer.identifier.key, until=until, moment=moment)
    page, after = _page(story.entries, lambda e: e.said.order, until, place, per_page)
    return replace(
        answer,
        entries=page,
        stays=story.stays,
        state=story.state,
        names=names_of(story.company_prefixes),
        next_page_token=after,
    )


async def _of_lot(
    session: Reading,
    answer: History,
    moment: int,
    until: int,
    place: _Place | None,
    per_page: int | None,
) -> History:
    lot = answer.identifier
    serials = await serials_of(session, lot, until=until, moment=moment)
    story = LotStory(session, lot, set(serials), until=until, moment=moment)
    concerns = await story.concerns()
    page, after = _page(concerns, lambda concern: concern.order, until, place, per_page)
    told = await story.entries(page)
    entries = tuple(entry for entry, _ in told)
    containers = {entry.container for entry in entries if entry.container is not None}
    prefixes = await Lives(session, until).company_prefixes({lot.key} | containers)
    if entries:
        # Hardly any event names a lot itself.
        prefixes[lot.key] = prefixes[lot.key] or entries[0].said.company_prefixes or ""
    return replace(
        answer,
        entries=entries,
        names=names_of(prefixes),
        things=len(serials),
        concerned={entry.said.position: things for entry, things in told},
        next_page_token=after,
    )


def _page(
    items: Sequence[T],
    order_of: Callable[[T], Order],
    until: int,
    place: _Place | None,
    per_page: int | None,
) -> tuple[tuple[T, ...], str | None]:
    """Return the items after a place, so many of them, and the token for those after, if any."""
    before: Order = BEFORE_ALL if place is None else (place.event_time, place.position)
    begin = bisect_right(items, before, key=order_of)
    end = len(items) if per_page is None else begin + per_page
    if end >= len(items):
        return tuple(items[begin:]), None
    last = order_of(items[end - 1])
    return tuple(items[begin:end]), f"{int(last[0])}.{int(last[1])}.{until}"


def _place_of(token: str | None) -> _Place | None:
    if token is None:
        return None
    numbers = token.split(".")
    if len(numbers) == 3 and all(_NUMBER.fullmatch(number) for number in numbers):
        return _Place._make(map(int, numbers))
    expected = "the token of the page before"
    raise QueryParameterError("nextPageToken", expected=expected, found=token)


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


def history_value(story: History) -> dict[str, Any]:
    """Return a history as JSON (`schemas/history.schema.json`)."""
    key = story.identifier.key
    own = story.names[key]
    return {
        "id": identifier_value(own, story.identifier),
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
        "things": story.things,
        "events": [_entry_value(entry, story) for entry in story.entries],
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


def _entry_value(entry: Entry, story: History) -> dict[str, Any]:
    said, header, names = entry.said, entry.header, story.names
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
        "things": story.concerned.get(said.position),
        "declares_error": entry.declares_error,
        "in_error": entry.in_error,
        "declarations": [declaration_value(known) for known in entry.declarations],
        "corrects": list(entry.corrects),
        "event": header,
    }


def declaration_value(declaration: Declaration) -> dict[str, Any]:
    """Return a declaration that an event was in error as JSON."""
    return {
        "declared_at": declaration.declared_at,
        "record_time": utc_text(declaration.record_time),
        "reason": declaration.reason,
        "corrective_event_ids": list(declaration.corrective_event_ids),
    }


def _time_text(place: Order) -> str | None:
    return None if place in (BEFORE_ALL, AFTER_ALL) else utc_text(int(place[0]))
