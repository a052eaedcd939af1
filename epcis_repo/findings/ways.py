"""
The ways that things went: of those that went the same way, the rules find the same. Pure.

A way is all that rules look at, but for names and moments: of which kinds the events are that name
a thing, in which order, what it was in meanwhile and which way that went, and what was in it. The
packs of a lot, and its cases, have a handful of ways between them.

What is not plain has no way and is looked at by itself: what is in itself, what happened to a thing
by itself while it was in another, what was packed into something that stood in something else.
`tests/reactions/test_judging.py` has the rules find the same with ways and without.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import orjson

from epcis_repo.findings.life import Limits
from epcis_repo.projections.containment import RELATIONS, Interval
from epcis_repo.projections.event_index import COUNTS
from epcis_repo.projections.said import Said
from epcis_repo.projections.stories import Told
from epcis_repo.projections.story import AFTER_ALL, Order, end_of

_DAY = 86_400_000_000
_AGGREGATION = RELATIONS["AggregationEvent"]
# What an event says of things by name, and of moments; these have their places in a way.
_NAMES = frozenset(
    {
        *("eventID", "eventTime", "eventTimeZoneOffset", "recordTime", "parentID", "epcList"),
        *("childEPCs", "inputEPCList", "outputEPCList", "transformationID", "@context", COUNTS),
    }
)

Kind = int
"""The number of all that an event says, but for names and moments."""


@dataclass(frozen=True, slots=True)
class Group:
    """
    Things that the same events name, as the same.

    `said` is what these say of the first of them, in story order, and `stays` where that was in.
    One that stands `apart` has something of its own: it is held, say.
    """

    keys: Sequence[str]
    said: Sequence[Said]
    stays: Sequence[Interval]
    apart: bool = False

    @property
    def key(self) -> str:
        """The key of the first of them."""
        return self.keys[0]


def kinds_of(said: Mapping[int, Said], told: Mapping[int, Told], limits: Limits) -> dict[int, Kind]:
    """Return the kinds of events, by position; `said` is what each says of any of its things."""
    numbers: dict[tuple[Any, ...], Kind] = {}
    kinds = {}
    for position, item in said.items():
        header, late = told[position].header, told[position].record_time - item.event_time
        rest = {name: value for name, value in header.items() if name not in _NAMES}
        kind = (
            orjson.dumps(rest),
            # Whether it names children is no name.
            item.empties,
            # Dates of expiry are compared with the day.
            item.event_time // _DAY,
            late > limits.stale,
            -late > limits.ahead,
        )
        kinds[position] = numbers.setdefault(kind, len(numbers))
    return kinds


class Ways:
    """The ways of groups, each found out once; all that was ever in one is among them."""

    def __init__(self, groups: Collection[Group], kinds: Mapping[int, Kind]) -> None:
        self._kinds = kinds
        self._groups = {group.key: group for group in groups}
        self._content: dict[str, list[tuple[Group, Interval]]] = {}
        for group in groups:
            for stay in group.stays:
                self._content.setdefault(stay.parent, []).append((group, stay))
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._ways: dict[str, int | None] = {}

    def content(self, key: str) -> Sequence[tuple[Group, Interval]]:
        """Return what was ever in something, as far as it is among the groups."""
        return self._content.get(key, ())

    def of(self, group: Group) -> int | None:
        """Return the number of the way that a group went; None where it is not plain."""
        if group.key not in self._ways:
            # Who comes back to it on the way up has found that it is in itself.
            self._ways[group.key] = None
            self._ways[group.key] = self._way(group)
        return self._ways[group.key]

    def _way(self, group: Group) -> int | None:
        if group.apart:
            return None
        places = [item.order for item in group.said]
        inside: list[tuple[int, ...]] = []
        for stay in group.stays:
            container = self._groups.get(stay.parent)
            outer = None if container is None else self.of(container)
            if container is None or outer is None or not _stays_plainly(stay, places, container):
                return None
            line = [item.order for item in container.said]
            begins, ends = _begin(stay), end_of(stay)
            inside.append(
                (
                    *(bisect_left(places, begins), bisect_left(places, ends)),
                    *(bisect_left(line, begins), bisect_left(line, ends)),
                    outer,
                )
            )
        return self._number(_class(group.key), self._own(group), *inside, *self._inside(group))

    def _own(self, group: Group) -> int:
        """Return the number of what the events say that name it themselves."""
        moments = [item.event_time for item in group.said]
        again = [one == other for one, other in pairwise(moments)]
        return self._number(*((self._kinds[s.position], s.role) for s in group.said), *again)

    def _inside(self, group: Group) -> Iterator[object]:
        """Yield what was in it, in an order that depends on nothing else."""
        if not self._content.get(group.key):
            return
        line = [item.order for item in group.said]
        place = {item.position: number for number, item in enumerate(group.said)}
        yield from sorted(
            (
                _class(child.key),
                self._own(child),
                bisect_left(line, _begin(stay)),
                bisect_left(line, end_of(stay)),
                tuple([place[s.position] for s in child.said if s.position in place]),
                len(child.keys),
            )
            for child, stay in self._content[group.key]
        )

    def _number(self, *said: object) -> int:
        return self._numbers.setdefault(said, len(self._numbers))


def _stays_plainly(stay: Interval, places: Sequence[Order], container: Group) -> bool:
    """Whether nothing else happened to a thing by itself, nor where it was put in or taken out."""
    begins, ends = _begin(stay), end_of(stay)
    moments = (begins,) if ends == AFTER_ALL else (begins, ends)
    outside = not any(
        _begin(outer) < moment <= end_of(outer) for outer in container.stays for moment in moments
    )
    return outside and not any(begins < place < ends for place in places)


def _begin(stay: Interval) -> Order:
    return stay.from_time, stay.from_position


def _class(key: str) -> str:
    """Return what a key has before the serial; to take several classes for one does no harm."""
    return key.rpartition("/")[0]
