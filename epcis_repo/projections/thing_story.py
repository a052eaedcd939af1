"""
The story of one thing: its own events, and those of what it was in, found container by container.

Of a container is read where it went itself, and what happened to it while the thing may have been
in it: a tote that goes out every day has thousands of events, and a pack was in it for one day.

There is a statement for each container, and not one for all of a level: each has a time of its own.
Most things are in one at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from epcis_repo.model.what import Role
from epcis_repo.projections.containment import RELATIONS, Interval, Move
from epcis_repo.projections.corrections import corrections
from epcis_repo.projections.epc_state import EpcState
from epcis_repo.projections.lives import moves_of, stays_in
from epcis_repo.projections.said import Said
from epcis_repo.projections.story import (
    AFTER_ALL,
    BEFORE_ALL,
    MOMENT_MAX,
    Entry,
    Order,
    Stay,
    state_after,
    stays_of,
)
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "thing_story.sql")

_AGGREGATION = RELATIONS["AggregationEvent"]
# By event time, position and role: what has several roles in an event comes with each.
_in_story_order = itemgetter(3, 2, 1)

Span = tuple[Order, Order]
"""From which place of a story to which."""


@dataclass(frozen=True, slots=True)
class Story:
    """
    The events of a story, in order, and where the thing was in.

    With the company prefixes that events have which name the thing, or what it was in, by key.
    """

    entries: tuple[Entry, ...]
    stays: tuple[Stay, ...]
    company_prefixes: Mapping[str, str]

    @property
    def state(self) -> EpcState | None:
        """The state of the thing at the end; None where no event of it stands."""
        return state_after(self.entries)


class _Told(NamedTuple):
    """An event that names something; its header is empty where only its place is asked for."""

    said: Said
    event_id: str
    record_time: int
    declares_error: bool
    is_declared: bool
    header: bytes


async def story_of(session: Reading, key: str, *, until: int, moment: int = MOMENT_MAX) -> Story:
    """Return the story of a thing up to a moment, as known at position `until`."""
    upward = _Upward(session, until, moment)
    await upward.follow(key, (BEFORE_ALL, AFTER_ALL))
    stays = [stay async for stay in stays_of(upward, key)]
    # An event that names both is told once, by the nearest.
    found: dict[int, tuple[_Told, Stay | None]] = {}
    for told in upward.told(key, (BEFORE_ALL, AFTER_ALL)):
        found[told.said.position] = told, None
    for stay in stays:
        within = {t.said.position: t for t in upward.told(stay.container, (stay.begins, stay.ends))}
        for position, told in within.items():
            found.setdefault(position, (told, stay))
    line = sorted(found.values(), key=lambda pair: pair[0].said.order)
    known = await corrections(
        session,
        {told.event_id for told, _ in line},
        until=until,
        declared={told.event_id for told, _ in line if told.is_declared},
    )
    left = {(s.container, s.ends) for s in stays if s.level == 1 and s.relation == _AGGREGATION}
    entries = [
        Entry(
            said=told.said,
            event_id=told.event_id,
            record_time=told.record_time,
            container=None if stay is None else stay.container,
            level=0 if stay is None else stay.level,
            declares_error=told.declares_error,
            header=orjson.loads(told.header),
            unpacks=stay is not None
            and bool(told.said.empties)
            and (stay.container, told.said.order) in left,
            declarations=known.of(told.event_id),
            corrects=known.by(told.event_id),
        )
        for told, stay in line
    ]
    return Story(tuple(entries), tuple(stays), upward.company_prefixes())


class _Upward:
    """What is known, up to a moment, of a thing and of what it was in."""

    def __init__(self, session: Reading, until: int, moment: int) -> None:
        self._session = session
        self._until = until
        self._moment = moment
        self._told: dict[str, list[_Told]] = {}
        self._said: dict[str, list[Said]] = {}
        self._spans: dict[str, Span] = {}

    async def follow(self, key: str, span: Span) -> None:
        """Read what names a thing within a span, and where it went before."""
        known = self._spans.get(key)
        if known is not None:
            if known[0] <= span[0] and span[1] <= known[1]:
                return
            span = min(known[0], span[0]), max(known[1], span[1])
        rows = await self._session.fetch(
            STATEMENTS["select_told"],
            self._session.part,
            key,
            self._until,
            int(max(span[0][0], -MOMENT_MAX)),
            int(min(span[1][0], self._moment)),
            int(Role.CHILD),
        )
        self._spans[key] = span
        told = [_told_in(row) for row in sorted(rows, key=_in_story_order)]
        self._told[key] = told
        # What declares an error is of the eventID that is declared, and does not stand either.
        self._said[key] = [t.said for t in told if not t.is_declared]

    async def stays(self, children: Collection[str]) -> dict[str, list[Interval]]:
        """See `Above.stays`: as far as each was followed."""
        lines = moves_of(children, self._said)
        for (child, _), line in lines.items():
            for parent, span in _parents(line, self._spans[child]).items():
                await self.follow(parent, span)
        return stays_in(lines, self._said)

    def told(self, key: str, span: Span) -> Iterator[_Told]:
        """Yield the events that name a thing within a span, in order."""
        begins, ends = span
        return (t for t in self._told[key] if begins <= t.said.order <= ends)

    def company_prefixes(self) -> dict[str, str]:
        """Return the company prefixes of all that was followed."""
        return {
            key: " ".join(dict.fromkeys(s.company_prefixes for s in said if s.company_prefixes))
            for key, said in self._said.items()
        }


def _told_in(row: Sequence[Any]) -> _Told:
    *members, event_id, record_time, declares_error, is_declared, header = row
    flags = bool(declares_error), bool(is_declared)
    return _Told(Said(*members), event_id, record_time, *flags, header)


def _parents(line: Sequence[Move], span: Span) -> dict[str, Span]:
    """Return what moves may have put a thing into within a span, from when to when at most."""
    parents: dict[str, Span] = {}
    for number, move in enumerate(line, 1):
        if not move.enters:
            continue
        # What takes it out of something else changes nothing.
        others = (line[n] for n in range(number, len(line)))
        later = (m for m in others if m.enters != (m.parent == move.parent))
        begins, ends = _order(move), next(map(_order, later), AFTER_ALL)
        if begins <= span[1] and span[0] <= ends:
            known = parents.get(move.parent, (begins, ends))
            parents[move.parent] = min(known[0], begins), max(known[1], ends)
    return parents


def _order(move: Move) -> Order:
    return move.time, move.position
