"""
The stories of many things at once: as `story.py` tells that of one, without what was in error.

The serials of a lot went few ways, since they are packed and shipped together. What the same events
name, as the same, is told once; so a hundred thousand things are a few reads, and some thousand
stories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import orjson

from epcis_repo.projections.containment import LEVELS_MAX, RELATIONS, Interval
from epcis_repo.projections.epc_state import EpcState
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.said import Said
from epcis_repo.projections.story import (
    AFTER_ALL,
    BEFORE_ALL,
    Entry,
    Order,
    Stay,
    state_after,
    stays_of,
)
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "stories.sql")

_AGGREGATION = RELATIONS["AggregationEvent"]
# So many are read at a time.
_AT_A_TIME = 1_000


@dataclass(frozen=True, slots=True)
class SharedStory:
    """
    What happened to things that went the same way, in order, and where they were in.

    The stays are those of the first of them, which the others were in as well.
    """

    keys: Sequence[str]
    entries: Sequence[Entry]
    stays: Sequence[Stay]

    @property
    def state(self) -> EpcState | None:
        """The state of each of them at the end; None where no event of it stands."""
        return state_after(self.entries)


class Told(NamedTuple):
    """What is known of an event beside what it says of a thing."""

    event_id: str
    record_time: int
    header: dict[str, Any]


Named = tuple[tuple[int, int], ...]
"""At which positions events name a thing, and as what (the number of the role)."""
Place = tuple[Said, str | None, int]
"""An event of a thing, with the container that it names, so many levels up."""
_Span = tuple[str, str | None, int, Order, Order]
"""What events of a thing name, the same if it is a container, its level, from when to when."""


class _Lives(Lives):
    """What is known at a position, with where each thing was in, found out once."""

    def __init__(self, session: Reading, until: int) -> None:
        super().__init__(session, until)
        self._stays: dict[str, list[Interval]] = {}

    async def stays(self, children: Collection[str]) -> dict[str, list[Interval]]:
        unknown = [child for child in children if child not in self._stays]
        if unknown:
            self._stays |= {child: [] for child in unknown} | await super().stays(unknown)
        return {child: stays for child in children if (stays := self._stays[child])}


async def stories_of(
    session: Reading, keys: Collection[str], *, until: int, moment: int
) -> AsyncIterator[SharedStory]:
    """
    Yield the stories of `keys`, up to a moment, as known at position `until`.

    What no event names has none. Some are read at a time, so that few are in memory.
    """
    together = await gone_together(session, keys, until=until)
    waiting = list(together)
    while waiting:
        # Neighbours were packed together, as a rule.
        firsts, waiting = waiting[:_AT_A_TIME], waiting[_AT_A_TIME:]
        lives = _Lives(session, until)
        await _fetch(lives, firsts)
        stays = {key: await _stays(lives, key, moment) for key in firsts}
        containers = {stay.container for line in stays.values() for stay in line}
        said = await lives.said({*firsts, *containers})
        places = {key: places_of(said, key, line, moment) for key, line in stays.items()}
        positions = {said.position for line in places.values() for said, _, _ in line}
        told = await told_at(session, positions)
        for key, line in places.items():
            yield SharedStory(together[key], entries_of(line, stays[key], told), stays[key])


async def gone_together(
    session: Reading, keys: Collection[str], *, until: int
) -> dict[str, list[str]]:
    """
    Return those of `keys` that the same events name, as the same, by the first of them.

    What had anything in it is alone, since an event has one parent.
    """
    alike = await named_alike(session, keys, until=until)
    return {group[0]: group for group in alike.values()}


async def named_alike(
    session: Reading, keys: Collection[str], *, until: int
) -> dict[Named, list[str]]:
    """Return those of `keys` that any event names, by which do, and as what."""
    if not keys:
        return {}
    rows = await session.fetch(STATEMENTS["select_named"], session.part, list(keys), until)
    named: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for key, position, role in rows:
        named[key].append((position, role))
    alike: defaultdict[Named, list[str]] = defaultdict(list)
    for key in dict.fromkeys(keys):
        if line := named.get(key):
            alike[tuple(sorted(line))].append(key)
    return alike


async def _fetch(lives: Lives, keys: Collection[str]) -> None:
    """Have one read for each level of all that these were in; then each is followed without any."""
    level, passed, levels = {*keys}, set[str](), 0
    while level and levels < LEVELS_MAX:
        levels += 1
        found = await lives.stays(level)
        passed |= level
        level = {stay.parent for line in found.values() for stay in line} - passed


async def _stays(lives: Lives, key: str, moment: int) -> list[Stay]:
    last = (moment, float("inf"))
    return [
        stay if stay.ends <= last else replace(stay, ends=AFTER_ALL)
        async for stay in stays_of(lives, key)
        if stay.begins <= last
    ]


def places_of(
    said: Mapping[str, Sequence[Said]], key: str, stays: Sequence[Stay], moment: int
) -> list[Place]:
    """Return which events are in the story of a thing, in order."""
    found: dict[int, Place] = {}
    spans: list[_Span] = [(key, None, 0, BEFORE_ALL, AFTER_ALL)]
    spans += [(s.container, s.container, s.level, s.begins, s.ends) for s in stays]
    for name, container, level, begins, ends in spans:
        # What has several roles in an event comes with each; the last is the highest.
        named = {item.position: item for item in said[name] if begins <= item.order <= ends}
        for position, item in named.items():
            if item.event_time <= moment:
                # An event that names both is told once, by the nearest.
                found.setdefault(position, (item, container, level))
    return sorted(found.values(), key=lambda place: place[0].order)


def entries_of(
    line: Sequence[Place], stays: Sequence[Stay], told: Mapping[int, Told]
) -> list[Entry]:
    """Return the events of a story, with what was told of them at their positions."""
    left = {(s.container, s.ends) for s in stays if s.level == 1 and s.relation == _AGGREGATION}
    return [
        Entry(
            said=said,
            container=container,
            level=level,
            declares_error=False,
            unpacks=bool(said.empties) and (container, said.order) in left,
            event_id=told[said.position].event_id,
            record_time=told[said.position].record_time,
            header=told[said.position].header,
        )
        for said, container, level in line
    ]


async def told_at(session: Reading, positions: Collection[int]) -> dict[int, Told]:
    """Return what is known of the events at some positions."""
    if not positions:
        return {}
    rows = await session.fetch(STATEMENTS["select_told"], session.part, sorted(positions))
    return {
        position: Told(event_id, record_time, orjson.loads(header))
        for position, event_id, record_time, header in rows
    }
