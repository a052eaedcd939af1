"""
What a story has: the events of a thing, those of every container while it was in it, and where it
was in.

Containment is inferred when it is read, not written when something moves: a pallet's shipping
names one SSCC, and is in the story of each bottle on the pallet, with the container that it was
inferred from. Who tells one: `thing_story.py` that of a thing, `stories.py` those of many at once,
`lot_story.py` that of a lot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from epcis_repo.model.what import Role
from epcis_repo.projections.containment import LEVELS_MAX, Interval
from epcis_repo.projections.corrections import Declaration, corrections
from epcis_repo.projections.epc_state import EpcState, after, step_for
from epcis_repo.projections.lifecycle import Step
from epcis_repo.projections.said import Said
from epcis_repo.store import Reading

Order = tuple[float, float]
"""A place in a story: event time in microseconds, and position."""

BEFORE_ALL: Order = (float("-inf"), 0)
AFTER_ALL: Order = (float("inf"), float("inf"))
MOMENT_MAX = 2**62
"""The moment after all others: what is true by now."""


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


class Entry(NamedTuple):
    """
    An event of a story.

    `container` is None for an event that names the thing itself, else what it names, `level`
    levels up; `said` is what it says of that. `unpacks` says that it took the thing out of there
    without naming it (EPCIS 2.0, §7.4.3). `declarations` are those that have struck the event
    out, `corrects` the eventIDs instead of which it is true. `record_time` is in microseconds, and
    `header` the event with its long lists cut.
    """

    said: Said
    event_id: str
    record_time: int
    container: str | None
    level: int
    declares_error: bool
    header: dict[str, Any]
    unpacks: bool = False
    declarations: tuple[Declaration, ...] = ()
    corrects: tuple[str, ...] = ()

    @property
    def in_error(self) -> bool:
        """Whether it was declared in error; what declares that is not in error itself."""
        return bool(self.declarations) and not self.declares_error

    @property
    def stands(self) -> bool:
        """Whether it is folded."""
        return not self.declarations and not self.declares_error

    @property
    def step(self) -> Step | None:
        """What it does to the thing."""
        return step_for(self.said, level=self.level, unpacks=self.unpacks)

    @property
    def role(self) -> str:
        """As what the event names the thing, or the container that it was inferred from."""
        return _ROLES.get(self.said.role, "object")


class Above(Protocol):
    """What is known of where things were in."""

    async def stays(self, children: Collection[str]) -> Mapping[str, Sequence[Interval]]:
        """Return where each of `children` was in, from when to when, in order of time."""
        ...


async def with_corrections(
    session: Reading, entries: Sequence[Entry], *, until: int
) -> list[Entry]:
    """Return entries with what is known of their corrections as far as position `until`."""
    known = await corrections(session, {entry.event_id for entry in entries}, until=until)
    return [
        entry._replace(declarations=known.of(entry.event_id), corrects=known.by(entry.event_id))
        for entry in entries
    ]


def state_after(entries: Iterable[Entry]) -> EpcState | None:
    """Return the state of a thing at the end of its story, containers' events included."""
    state: EpcState | None = None
    for entry in entries:
        if entry.stands:
            state = after(state, entry.said, level=entry.level, unpacks=entry.unpacks)
    return state


async def stays_of(above: Above, key: str) -> AsyncIterator[Stay]:
    """Yield the stays of a thing, level by level."""
    paths = [(key, BEFORE_ALL, AFTER_ALL)]
    told: defaultdict[tuple[str, str], list[tuple[Order, Order]]] = defaultdict(list)
    level = 0
    while paths and level < LEVELS_MAX:
        level += 1
        intervals = await above.stays({path[0] for path in paths})
        upward = []
        for within, begins, ends in paths:
            for interval in intervals.get(within, ()):
                start = max(begins, (interval.from_time, interval.from_position))
                end = min(ends, end_of(interval))
                spans = told[interval.parent, interval.relation]
                # What is in itself, by whatever way, is told once: else it would have no end,
                # and what has two ways up at each level a story for each of their combinations.
                known = any(first <= start and end <= last for first, last in spans)
                if start <= end and interval.parent != key and not known:
                    spans.append((start, end))
                    yield Stay(interval.parent, within, interval.relation, level, start, end)
                    upward.append((interval.parent, start, end))
        paths = upward


def end_of(interval: Interval) -> Order:
    """Return until when a stay lasts."""
    if interval.to_time is None or interval.to_position is None:
        return AFTER_ALL
    return interval.to_time, interval.to_position


_ROLES: dict[int, str] = {
    Role.PARENT: "parent",
    Role.CHILD: "child",
    Role.INPUT: "input",
    Role.OUTPUT: "output",
}
