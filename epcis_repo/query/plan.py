"""
What of a query the database can answer, and by which index; the rest is looked for in the events.

Every event that a query is about is among those that its lookups and conditions give. Where one of
them gives more, its predicate is asked again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from epcis_repo.gs1.cbv import BIZ_STEP, DISPOSITION, is_cbv
from epcis_repo.model.events import ObjectEvent
from epcis_repo.model.found_by import LOT_NUMBER, Link, link_tag
from epcis_repo.query.fields import QUANTITY_EVENT, Entry, Extension, Named, Standard
from epcis_repo.query.predicates import Compared, Equal, Matching, OneOf, Predicate, Within

_FIRST, _LAST = -(2**62), 2**62


@dataclass(frozen=True, slots=True)
class Lookup:
    """Tags and ranges of them, one of which an event has in one of these roles."""

    roles: tuple[int, ...]
    tags: tuple[str, ...]
    ranges: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Condition:
    """What must be true of a column of the event index."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """
    How to find what a query asks for.

    `event_ids` are all that it may have; `window` is the time in which it lies and `recorded` that
    in which it was recorded, both from a moment to another, in microseconds. `rest` is what must
    be asked of the events themselves.
    """

    lookups: tuple[Lookup, ...]
    conditions: tuple[Condition, ...]
    event_ids: frozenset[str] | None
    window: tuple[int, int] | None
    recorded: tuple[int | None, int | None]
    rest: tuple[Predicate, ...]

    @property
    def is_short(self) -> bool:
        """Whether what is to be looked at is little, as far as one can tell beforehand."""
        return self.event_ids is not None or any(not lookup.ranges for lookup in self.lookups)

    @property
    def only_tag(self) -> tuple[str, tuple[int, ...]] | None:
        """The tag, and the roles in which, that exactly the events have that are asked for."""
        if len(self.lookups) != 1 or self.rest or self.conditions or self.event_ids is not None:
            return None
        [lookup] = self.lookups
        if len(lookup.tags) != 1 or lookup.ranges or self.recorded != (None, None):
            return None
        return lookup.tags[0], lookup.roles


def plan_of(predicates: tuple[Predicate, ...]) -> Plan:
    """Return how to find the events of which all of these hold."""
    lookups: list[Lookup] = []
    conditions: list[Condition] = []
    rest: list[Predicate] = []
    event_ids: frozenset[str] | None = None
    window = recorded = _Between()
    for predicate in predicates:
        match predicate.field, predicate.test:
            case Standard("eventID"), OneOf(values):
                event_ids = values if event_ids is None else event_ids & values
            case Standard("recordTime"), Compared(comparison, bound):
                recorded = recorded.narrowed(comparison, bound)
            case Standard("eventTime"), Compared(comparison, bound):
                window = window.narrowed(comparison, bound)
            case Standard("eventType"), OneOf(values) if QUANTITY_EVENT in values:
                types = values - {QUANTITY_EVENT} | {ObjectEvent.__name__}
                conditions.append(Condition("type", "IN", sorted(types)))
                rest.append(predicate)
            case Standard(name), OneOf(values) if name in _COLUMNS and not _are_custom(
                name, values
            ):
                conditions.append(Condition(_COLUMNS[name], "IN", sorted(values)))
            case _:
                lookup, is_exact = _lookup_of(predicate)
                if lookup is not None:
                    lookups.append(lookup)
                if not is_exact:
                    rest.append(predicate)
    if window.since is not None:
        conditions.append(Condition("event_time", ">=", window.since))
    if window.before is not None:
        conditions.append(Condition("event_time", "<", window.before))
    in_time = window != _Between()
    return Plan(
        lookups=tuple(lookups),
        conditions=tuple(conditions),
        event_ids=event_ids,
        window=window.or_ever() if in_time else None,
        recorded=recorded,
        rest=tuple(rest),
    )


_COLUMNS = {
    "eventType": "type",
    "action": "action",
    "bizStep": "biz_step",
    "disposition": "disposition",
}
_VOCABULARIES = {"bizStep": BIZ_STEP, "disposition": DISPOSITION}


def _are_custom(name: str, words: frozenset[str]) -> bool:
    """Whether none of these words is the standard's, so that all are found by tag."""
    vocabulary = _VOCABULARIES.get(name)
    return vocabulary is not None and not any(is_cbv(vocabulary, word) for word in words)


class _Between(NamedTuple):
    """From a moment on, and until before another; None is no bound."""

    since: int | None = None
    before: int | None = None

    def narrowed(self, comparison: str, bound: int) -> _Between:
        """Return what also keeps to another bound."""
        if comparison == "GE":
            return self._replace(since=bound if self.since is None else max(self.since, bound))
        return self._replace(before=bound if self.before is None else min(self.before, bound))

    def or_ever(self) -> tuple[int, int]:
        """Return it with bounds that no moment reaches where it has none."""
        since, before = self
        return _FIRST if since is None else since, _LAST if before is None else before


# What events refer to, by the field, and whether who has the tag need not be looked at again.
_LINKS: dict[str, tuple[tuple[Link, ...], bool]] = {
    "readPoint": ((Link.PLACE, Link.READ_POINT), False),
    "bizLocation": ((Link.PLACE, Link.BIZ_LOCATION), False),
    "bizStep": ((Link.BIZ_STEP,), False),
    "disposition": ((Link.DISPOSITION,), False),
    "transformationID": ((Link.TRANSFORMATION,), True),
    "correctiveEventID": ((Link.CORRECTIVE_EVENT,), False),
}
_ENTRIES = {
    "bizTransaction": Link.BIZ_TRANSACTION,
    "source": Link.SOURCE,
    "destination": Link.DESTINATION,
}


def _lookup_of(predicate: Predicate) -> tuple[Lookup | None, bool]:
    """Return by which tags a predicate is found, and whether that is all that it asks."""
    match predicate.field, predicate.test:
        case Named(roles), Matching(keys, patterns):
            if any(not (pattern.tags or pattern.ranges) for pattern in patterns):
                return None, False
            tags = sorted(keys.union(*(pattern.tags for pattern in patterns)))
            ranges = [between for pattern in patterns for between in pattern.ranges]
            is_exact = all(pattern.is_exact for pattern in patterns)
            return Lookup(tuple(sorted(map(int, roles))), tuple(tags), tuple(ranges)), is_exact
        case Standard(name), OneOf(values) | Within(values) if name in _LINKS:
            links, is_exact = _LINKS[name]
            return _linked(links, values), is_exact
        case Entry(name), OneOf(values):
            return _linked((_ENTRIES[name],), values), False
        case Extension("ILMD", name, False), Equal() as test if name.is_of(LOT_NUMBER):
            # What equals a lot in other letters is not found by them.
            if not (test.moments or test.reads_numbers or test.texts & {"true", "false"}):
                return _linked((Link.LOT,), test.texts | set(map(str, test.numbers))), False
    return None, False


def _linked(links: tuple[Link, ...], values: frozenset[str]) -> Lookup:
    tags = {link_tag(link, value) for link in links for value in values}
    return Lookup(tuple(map(int, links)), tuple(sorted(tags)))
