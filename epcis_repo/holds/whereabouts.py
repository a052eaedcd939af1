"""
Where everything is that a hold or a recall is on: who has it, in which state, and how sure that is.

Of a lot that is each serial that was put into use as of it, of a container whatever is in it and
has nothing in it itself. They are followed some at a time, so that a lot of any length is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, NamedTuple

from epcis_repo.findings import Limits
from epcis_repo.findings.life import Life
from epcis_repo.findings.reading import read_lives
from epcis_repo.gs1 import SCHEMES, parse_identifier
from epcis_repo.holds.operations import one_hold
from epcis_repo.holds.rules import Hold
from epcis_repo.model.times import utc_text
from epcis_repo.operations.naming import names_of
from epcis_repo.operations.reach import content_of
from epcis_repo.projections.containment import RELATIONS
from epcis_repo.projections.custody import Gap, Named
from epcis_repo.projections.lifecycle import Lifecycle
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.lot_story import serials_of
from epcis_repo.projections.stories import gone_together
from epcis_repo.projections.story import AFTER_ALL, MOMENT_MAX
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import archived_years, years_away

# So many are followed at a time.
_TOGETHER = 5_000
_DAY = 86_400_000_000
_LIMITS = Limits()
_AGGREGATION = RELATIONS["AggregationEvent"]


class Certainty(StrEnum):
    """How sure it is where something is."""

    REPORTED = auto()
    """Its last event names it."""
    INFERRED = auto()
    """Its last event names what it was in."""
    DOUBTFUL = auto()
    """Its custody has a gap, or an event contradicts what it was."""
    UNKNOWN = auto()
    """No event names it."""


class LastEvent(NamedTuple):
    """The last event of a thing, in event time; `container` is what it names, where inferred."""

    event_id: str
    time: int
    biz_step: str | None
    container: str | None


@dataclass(frozen=True, slots=True)
class Way:
    """
    What is known of where something is, or several things that went the same way.

    `holder` is who had it last, or the place where it was last where nobody is said to have had it.
    `receiver` is whom it was shipped to, while it is on its way. `containers` are what it is in,
    the nearest first.
    """

    state: Lifecycle | None
    lot: str | None
    expiry: str | None
    disposition: str | None
    holder: Named | None
    is_held_by_place: bool
    receiver: Named | None
    place: str | None
    containers: tuple[str, ...]
    certainty: Certainty
    gaps: tuple[Gap, ...]
    last: LastEvent | None


@dataclass(frozen=True, slots=True)
class Unit:
    """One of the things that a hold is on; `days` is how old the last that is known of it is."""

    epc: str
    way: Way
    days: int | None
    names: Mapping[str, str]


class Total(NamedTuple):
    """How many units a holder has that are in a state."""

    holder: Named | None
    state: Lifecycle | None
    units: Counter[Certainty]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """
    How many units a hold is on, by holder and state.

    What was recorded in the years that are `archived` is not in it.
    """

    hold: Hold
    as_of: int | None
    known_at: int | None
    totals: tuple[Total, ...]
    archived: tuple[int, ...]


async def recall(
    store: EventStore,
    hold_id: str,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
    now: int,
) -> Whereabouts:
    """
    Count what a hold or recall is on at `as_of`, as was known at `known_at` (microseconds).

    Raises `NotFoundError` when there was no hold of that name.
    """
    hold = await one_hold(store, hold_id, known_at=known_at)
    async with store.reading(snapshot=False) as session:
        away = await archived_years(session)
    totals: dict[tuple[str | None, Lifecycle | None], Total] = {}
    async for some in units(store, hold, as_of=as_of, known_at=known_at, now=now):
        for unit in some:
            way = unit.way
            alike = (way.holder and way.holder.key, way.state)
            total = totals.setdefault(alike, Total(way.holder, way.state, Counter()))
            total.units[way.certainty] += 1
    return Whereabouts(
        hold=hold,
        as_of=as_of,
        known_at=known_at,
        totals=tuple(sorted(totals.values(), key=_place)),
        archived=await years_away(store, away),
    )


def _place(total: Total) -> tuple[str, str]:
    return total.holder.key if total.holder else "", total.state or ""


async def units(
    store: EventStore,
    hold: Hold,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
    now: int,
) -> AsyncIterator[Sequence[Unit]]:
    """
    Yield each thing that a hold is on, some at a time, in the order in which they were put to use.

    Nothing is held open from one yield to the next, and all is as known when it began.
    """
    moment = MOMENT_MAX if as_of is None else as_of
    end = now if as_of is None else as_of
    async with store.reading() as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
    told: set[str] = set()
    for epc in hold.held:
        async with store.reading(long=True) as session:
            keys = await _keys(session, epc, until=until, moment=moment)
        # Who recalls a lot, and a serial of it, too, means each once.
        new = [key for key in dict.fromkeys(keys) if key not in told]
        told.update(new)
        for first in range(0, len(new), _TOGETHER):
            together = new[first : first + _TOGETHER]
            async with store.reading(long=True) as session:
                # What the same events name went one way, and has the same company prefix.
                alike = await gone_together(session, together, until=until)
                lives = Lives(session, until)
                found = await read_lives(session, lives, alike, until=until, moment=moment, now=end)
                ways = {one: way for life in found for way in [_way(life)] for one in life.keys}
                boxes = {box for way in ways.values() for box in way.containers}
                boxes |= {w.last.container for w in ways.values() if w.last and w.last.container}
                prefixes = await lives.company_prefixes({*alike, *boxes})
            one_of = dict.fromkeys(together) | {k: one for one, keys in alike.items() for k in keys}
            prefixes |= {key: prefixes[one] if one else "" for key, one in one_of.items()}
            names = names_of(prefixes)
            yield [
                _unit(names[key], ways.get(one or key, _NOWHERE), names=names, now=end)
                for key, one in one_of.items()
            ]


async def _keys(session: Reading, epc: str, *, until: int, moment: int) -> Sequence[str]:
    """Return the keys of what an EPC that is held stands for."""
    identifier = parse_identifier(epc)
    if identifier.scheme is SCHEMES["lgtin"]:
        return await serials_of(session, identifier, until=until, moment=moment)
    key, lives = identifier.key, Lives(session, until)
    content = await content_of(session, lives, key, until=until, moment=moment)
    leaves = {thing for things in content.values() for thing in things} - content.keys()
    # It may be empty, or be held before anything is known of it.
    return sorted(leaves) or [key]


def _way(life: Life) -> Way:
    end, custody = life.end, life.custody
    last = life.entries[-1]
    told = end.told
    holder = custody.possessors[-1].who if custody.possessors else None
    place = custody.places[-1].who if custody.places else None
    shipped = [found for found in custody.findings if found.gap is Gap.SHIPPED_NEVER_RECEIVED]
    # What is under way has not been missing yet. The last transit is the one that is open.
    under_way = shipped[-1] if shipped and end.state is Lifecycle.SHIPPED else None
    is_late = under_way is not None and life.until - under_way.time > _LIMITS.on_the_way
    gaps = tuple(found.gap for found in custody.findings if found is not under_way or is_late)
    if gaps or end.is_doubted:
        certainty = Certainty.DOUBTFUL
    else:
        certainty = Certainty.INFERRED if last.level else Certainty.REPORTED
    inside = [s for s in life.stays if s.relation == _AGGREGATION and s.ends == AFTER_ALL]
    return Way(
        state=end.state,
        lot=end.lot,
        expiry=end.expiry,
        disposition=None if told is None else told.disposition,
        holder=holder or place,
        is_held_by_place=holder is None and place is not None,
        receiver=None if under_way is None else under_way.second,
        place=None if told is None else told.biz_location or told.read_point,
        containers=tuple(s.container for s in sorted(inside, key=lambda stay: stay.level)),
        certainty=certainty,
        gaps=gaps,
        last=LastEvent(last.event_id, last.said.event_time, last.said.biz_step, last.container),
    )


_NOWHERE = Way(
    state=None,
    lot=None,
    expiry=None,
    disposition=None,
    holder=None,
    is_held_by_place=False,
    receiver=None,
    place=None,
    containers=(),
    certainty=Certainty.UNKNOWN,
    gaps=(),
    last=None,
)


def _unit(epc: str, way: Way, *, names: Mapping[str, str], now: int) -> Unit:
    # A clock that is ahead makes nothing younger than new.
    days = None if way.last is None else max(0, now - way.last.time) // _DAY
    return Unit(epc, way, days, names)


def recall_value(found: Whereabouts) -> dict[str, Any]:
    """Return whereabouts as JSON (`schemas/recall.schema.json`)."""
    return {
        "hold": found.hold.value(),
        "as_of": None if found.as_of is None else utc_text(found.as_of),
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "units": sum(total.units.total() for total in found.totals),
        "totals": [
            {
                "holder": total.holder and total.holder.text,
                "state": total.state and total.state.value,
                "units": total.units.total(),
                **{certainty.value: total.units[certainty] for certainty in Certainty},
            }
            for total in found.totals
        ],
        "archived_years": list(found.archived),
    }


def unit_value(unit: Unit) -> dict[str, Any]:
    """Return where a thing is as JSON (`schemas/unit.schema.json`)."""
    way, names = unit.way, unit.names
    last = way.last
    return {
        "epc": unit.epc,
        "lot": way.lot,
        "expiry": way.expiry,
        "state": way.state and way.state.value,
        "disposition": way.disposition,
        "holder": way.holder and way.holder.text,
        "holder_is_place": way.is_held_by_place,
        "receiver": way.receiver and way.receiver.text,
        "place": way.place,
        "containers": [names[container] for container in way.containers],
        "certainty": way.certainty.value,
        "gaps": [gap.value for gap in way.gaps],
        "last_event": None
        if last is None
        else {
            "event_id": last.event_id,
            "event_time": utc_text(last.time),
            "biz_step": last.biz_step,
            "inferred_from": None if last.container is None else names[last.container],
        },
        "days": unit.days,
    }
