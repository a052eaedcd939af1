"""
The story of a lot: what names it, or any of its serials, and what these were in meanwhile.

A lot has tens of thousands of serials and few events, since they are packed and shipped together.
So the serials that have been in a container together are followed together, and only the events
of the page that is asked for are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

import orjson

from epcis_repo.gs1 import Identifier, canonical_keys
from epcis_repo.model.found_by import Link, class_tag, link_tag
from epcis_repo.projections.containment import LEVELS_MAX
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.said import Said
from epcis_repo.projections.story import (
    AFTER_ALL,
    BEFORE_ALL,
    Entry,
    Order,
    end_of,
    with_corrections,
)
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "lot_story.sql")


class Concern(NamedTuple):
    """
    An event that concerns a lot, and how: by the `key` that it names, as the nearest.

    `container` is None where that is the lot or a serial of it, else the same, `level` levels up.
    """

    order: Order
    key: str
    role: int
    container: str | None
    level: int


Span = tuple[str, Order, Order]
"""A container, and from when to when."""


class LotStory:
    """What is known of a lot at a position, up to a moment."""

    def __init__(
        self,
        session: Reading,
        lot: Identifier,
        serials: Collection[str],
        *,
        until: int,
        moment: int,
    ) -> None:
        self._session = session
        self._lot = lot
        self._serials = serials
        self._until = until
        self._moment = moment
        # By position, what an event names of the lot's serials and of what they were in.
        self._named: defaultdict[int, set[str]] = defaultdict(set)
        # What was in a container, from when to when.
        self._held: defaultdict[str, set[Span]] = defaultdict(set)

    async def concerns(self) -> list[Concern]:
        """Return all events that concern the lot, in story order."""
        found: dict[int, Concern] = {}
        for key, role, position, time in await self._naming([self._lot.key, *self._serials]):
            known = found.get(position)
            if known is None or role > known.role:
                found[position] = Concern((time, position), key, role, None, 0)
            if key != self._lot.key:
                self._named[position].add(key)
        lives, level = Lives(self._session, self._until), 0
        spans = {(serial, BEFORE_ALL, AFTER_ALL) for serial in self._serials}
        told: set[Span] = set()
        while (spans := await self._containers(lives, spans) - told) and level < LEVELS_MAX:
            level += 1
            told |= spans
            for concern in await self._within(spans, level):
                # An event that names both is told by the nearest.
                found.setdefault(int(concern.order[1]), concern)
        return sorted(found.values(), key=lambda concern: concern.order)

    async def entries(self, concerns: Collection[Concern]) -> list[tuple[Entry, int | None]]:
        """Return the entries of some concerns, and how many serials each concerns, if any."""
        by_position = {int(concern.order[1]): concern for concern in concerns}
        rows = await self._session.fetch(
            STATEMENTS["select_headers_at"], self._session.part, sorted(by_position)
        )
        entries = []
        for position, *members, event_id, record_time, declares_error, header in rows:
            concern = by_position[position]
            entries.append(
                Entry(
                    said=Said(concern.key, concern.role, position, *members),
                    event_id=event_id,
                    record_time=record_time,
                    container=concern.container,
                    level=concern.level,
                    declares_error=bool(declares_error),
                    header=orjson.loads(header),
                )
            )
        entries.sort(key=lambda entry: entry.said.order)
        known = await with_corrections(self._session, entries, until=self._until)
        return [(entry, self._concerned(by_position[entry.said.position])) for entry in known]

    def _concerned(self, concern: Concern) -> int | None:
        """Return how many serials an event concerns; None where it names the lot alone."""
        serials, passed = set[str](), set[str]()
        waiting = [*self._named[int(concern.order[1])]]
        while waiting:
            key = waiting.pop()
            if key in passed:
                continue
            passed.add(key)
            if key in self._held:
                within = self._held[key]
                waiting += [child for child, since, to in within if since <= concern.order <= to]
            if key in self._serials:
                serials.add(key)
        return len(serials) or None

    async def _naming(self, keys: Collection[str]) -> list[tuple[str, int, int, int]]:
        values = self._session.part, list(keys), self._until, self._moment
        rows = await self._session.fetch(STATEMENTS["select_naming"], *values)
        return [(key, role, position, time) for key, role, position, time in rows]

    async def _containers(self, lives: Lives, within: Collection[Span]) -> set[Span]:
        """Return what these were in, one level up, while serials of the lot were with them."""
        stays = await lives.stays({key for key, _, _ in within})
        for key, line in stays.items():
            for stay in line:
                begins = (stay.from_time, stay.from_position)
                self._held[stay.parent].add((key, begins, end_of(stay)))
        spans: set[Span] = set()
        for key, since, until in within:
            for stay in stays.get(key, ()):
                start = max(since, (stay.from_time, stay.from_position))
                end = min(until, end_of(stay))
                if start <= end:
                    spans.add((stay.parent, start, end))
        return spans

    async def _within(self, spans: Collection[Span], level: int) -> Iterable[Concern]:
        """Return the events that name a container while serials of the lot were in it."""
        times: defaultdict[str, list[tuple[Order, Order]]] = defaultdict(list)
        for container, begins, ends in spans:
            times[container].append((begins, ends))
        concerns: dict[int, Concern] = {}
        for key, role, position, time in await self._naming(times):
            order = (time, position)
            if any(begins <= order <= ends for begins, ends in times[key]):
                self._named[position].add(key)
                known = concerns.get(position)
                if known is None or role > known.role:
                    concerns[position] = Concern(order, key, role, key, level)
        return concerns.values()


async def serials_of(session: Reading, lot: Identifier, *, until: int, moment: int) -> list[str]:
    """Return what was put into use as of this lot up to a moment, as known at `until`."""
    beginning = f"{lot.key.partition('/10/')[0]}/21/"
    tags = link_tag(Link.LOT, lot.serial or ""), class_tag(beginning)
    rows = await session.fetch(STATEMENTS["select_lot"], session.part, *tags, until, moment)
    keys: dict[str, None] = {}
    for (data,) in rows:
        event = orjson.loads(data)
        # In an observation a lot would be that of nothing; it is not ILMD there.
        texts = event.get("epcList") or event.get("outputEPCList") or ()
        keys |= dict.fromkeys(key for key in canonical_keys(texts) if key.startswith(beginning))
    return list(keys)
