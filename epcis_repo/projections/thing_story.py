"""
The story of one thing: its own events, and those of what it was in, found in two steps.

- How it was moved, and whatever it was moved into, level by level in one statement.
- What happened to each of these, in another: of a container no more than what happened to it while
  the thing may have been in it. A tote that goes out every day has thousands of events, and a pack
  was in it for one day.

The first step is blind to time, and so it has an end: through what is used again, all things hang
together. What was not reached is asked for by itself where the thing may have been in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from typing import NamedTuple

import orjson

from epcis_repo.model.what import Role
from epcis_repo.projections.containment import LEVELS_MAX, RELATIONS, Interval, Line, Move
from epcis_repo.projections.corrections import Corrections, corrections
from epcis_repo.projections.epc_state import EpcState
from epcis_repo.projections.lives import stays_in
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

# So many moves are read at once: a pack that came by four containers was moved four times.
_MOVES_MAX = 100
_ALL = 2**31
# So many things one statement tells of.
_ASKED_TOGETHER = 8
_NOBODY = ("", 0, 0)

_AGGREGATION = RELATIONS["AggregationEvent"]
_in_time = itemgetter(2, 3)
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
    """An event that names something."""

    said: Said
    event_id: str
    record_time: int
    declares_error: int
    header: bytes


async def story_of(session: Reading, key: str, *, until: int, moment: int = MOMENT_MAX) -> Story:
    """Return the story of a thing up to a moment, as known at position `until`."""
    moves = _Moves(session, until, moment)
    told = await _told(session, await moves.spans(key), until, moment)
    event_ids = {event.event_id for events in told.values() for event in events}
    known = await corrections(session, event_ids, until=until)
    above = _Above(moves.lines, told, known)
    stays = [stay async for stay in stays_of(above, key)]
    # An event that names both is told once, by the nearest.
    found: dict[int, tuple[_Told, Stay | None]] = {
        event.said.position: (event, None) for event in told[key]
    }
    for stay in stays:
        within = {e.said.position: e for e in _within(told[stay.container], stay.begins, stay.ends)}
        for position, event in within.items():
            found.setdefault(position, (event, stay))
    line = sorted(found.values(), key=lambda pair: pair[0].said.order)
    left = {(s.container, s.ends) for s in stays if s.level == 1 and s.relation == _AGGREGATION}
    entries = [
        Entry(
            said=event.said,
            event_id=event.event_id,
            record_time=event.record_time,
            container=None if stay is None else stay.container,
            level=0 if stay is None else stay.level,
            declares_error=bool(event.declares_error),
            header=orjson.loads(event.header),
            unpacks=stay is not None
            and bool(event.said.empties)
            and (stay.container, event.said.order) in left,
            declarations=known.of(event.event_id),
            corrects=known.by(event.event_id),
        )
        for event, stay in line
    ]
    return Story(tuple(entries), tuple(stays), above.company_prefixes(moves.company_prefixes))


class _Moves:
    """How a thing was moved, and what it was moved into, as far as that is of interest."""

    def __init__(self, session: Reading, until: int, moment: int) -> None:
        self._session = session
        self._until = until
        self._moment = moment
        self._known: set[str] = set()
        self.lines: defaultdict[Line, list[Move]] = defaultdict(list)
        self.company_prefixes: defaultdict[str, list[str]] = defaultdict(list)
        """Those that the events which moved a thing have, by its key."""

    async def spans(self, key: str) -> dict[str, Span]:
        """Return whatever a thing may have been in, from when to when at most; first itself."""
        spans: dict[str, Span] = {key: (BEFORE_ALL, AFTER_ALL)}
        level = [key]
        for _ in range(LEVELS_MAX):
            wider: dict[str, Span] = {}
            for child in level:
                if child not in self._known:
                    await self._climb(child)
                for relation in RELATIONS.values():
                    line = self.lines.get((child, relation), ())
                    for parent, span in _parents(line, spans[child]).items():
                        known = spans.get(parent, span)
                        span = min(known[0], span[0]), max(known[1], span[1])
                        if span != spans.get(parent):
                            spans[parent] = wider[parent] = span
            level = [*wider]
        return spans

    async def _climb(self, key: str) -> None:
        """Read the moves of a thing, and of what is nearest above it."""
        values = self._session.part, key, self._until, self._moment, int(Role.CHILD)
        statement = STATEMENTS["select_moves"]
        rows = await self._session.fetch(statement, *values, 1, _MOVES_MAX)
        found = {key, *(row[4] for row in rows)}
        if len(rows) == _MOVES_MAX:
            # Of none is known whether these are all.
            rows, found = await self._session.fetch(statement, *values, 0, _ALL), {key}
        found -= self._known
        self._known |= found
        rows = [row for row in sorted(rows, key=_in_time) if row[0] in found]
        for child, kind, time, position, parent, action, prefixes, declared in rows:
            if not declared:
                move = Move(time, position, parent, action != "DELETE")
                self.lines[child, RELATIONS[kind]].append(move)
                self.company_prefixes[child].append(prefixes or "")


class _Above:
    """What is known of where things were in: their moves, and the events that end a stay."""

    def __init__(
        self,
        lines: Mapping[Line, Sequence[Move]],
        told: Mapping[str, Sequence[_Told]],
        known: Corrections,
    ) -> None:
        self._lines = lines
        # What declares an error is of the eventID that is declared, and does not stand either.
        self._said = {
            key: [event.said for event in events if not known.of(event.event_id)]
            for key, events in told.items()
        }

    async def stays(self, children: Collection[str]) -> dict[str, list[Interval]]:
        """See `Above.stays`."""
        lines = {line: moves for line, moves in self._lines.items() if line[0] in children}
        return stays_in(lines, self._said)

    def company_prefixes(self, others: Mapping[str, Iterable[str]]) -> dict[str, str]:
        """Return the company prefixes of all that was told of, with others that are known."""
        return {
            key: " ".join(
                dict.fromkeys(
                    prefixes
                    for prefixes in (*(s.company_prefixes for s in said), *others.get(key, ()))
                    if prefixes
                )
            )
            for key, said in self._said.items()
        }


async def _told(
    session: Reading, spans: Mapping[str, Span], until: int, moment: int
) -> dict[str, list[_Told]]:
    """Return the events that name things within spans, up to a moment, by thing and in order."""
    told: dict[str, list[_Told]] = {key: [] for key in spans}
    asked = [
        (key, int(max(begins[0], -MOMENT_MAX)), int(min(ends[0], moment)))
        for key, (begins, ends) in spans.items()
    ]
    for start in range(0, len(asked), _ASKED_TOGETHER):
        some = asked[start : start + _ASKED_TOGETHER]
        some += [_NOBODY] * (_ASKED_TOGETHER - len(some))
        rows = await session.fetch(
            STATEMENTS["select_told"],
            session.part,
            [key for key, _, _ in some if key],
            until,
            *chain.from_iterable(some),
        )
        for row in sorted(rows, key=_in_story_order):
            told[row[0]].append(_Told(Said._make(row[:15]), *row[15:]))
    return told


def _within(events: Iterable[_Told], begins: Order, ends: Order) -> Iterator[_Told]:
    return (event for event in events if begins <= event.said.order <= ends)


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
