"""
What a query asks of an event: predicates, each of them a field and a test of its values.

A predicate holds if any value of its field passes, so it never holds of an event that lacks the
field, and two predicates on a list that repeats may hold by two entries of it (EPCIS 2.0,
§8.2.7.1). There is no negation. All of it is data, so that equal queries are equal values.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

from epcis_repo.model.events import Event
from epcis_repo.query.fields import Field
from epcis_repo.query.values import FieldName, exact, moment_in, number_in

COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GT": operator.gt,
    "GE": operator.ge,
    "LT": operator.lt,
    "LE": operator.le,
}


class Test(Protocol):
    """What a value has to be."""

    def passes(self, value: Any) -> bool:
        """Whether it is that."""
        ...


@dataclass(frozen=True, slots=True)
class Predicate:
    """That a value of a field passes a test; `parameter` is what asked for it."""

    parameter: str
    field: Field
    test: Test

    def holds(self, event: Event) -> bool:
        """Whether it is so of an event, which has its eventID and its recordTime."""
        return any(map(self.test.passes, self.field.values(event)))


@dataclass(frozen=True, slots=True)
class Present:
    """Any value at all."""

    def passes(self, _value: Any) -> bool:
        """See `Test.passes`."""
        return True


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some values."""

    values: frozenset[Any]

    def passes(self, value: Any) -> bool:
        """See `Test.passes`."""
        return value in self.values


@dataclass(frozen=True, slots=True)
class Compared:
    """Something on one side of a bound; `comparison` is one of `COMPARISONS`."""

    comparison: str
    bound: Any

    def passes(self, value: Any) -> bool:
        """See `Test.passes`."""
        return COMPARISONS[self.comparison](value, self.bound)


@dataclass(frozen=True, slots=True)
class Pattern:
    """
    Keys with something in common. `expression` matches them in full.

    What is named by such a key can be found by one of `tags`, or by a tag that lies in one of
    `ranges`; where there is neither, everything has to be looked at. `is_exact` says that who has
    one of `tags` need not be looked at again.
    """

    expression: str
    tags: tuple[str, ...] = ()
    ranges: tuple[tuple[str, str], ...] = ()
    is_exact: bool = False
    serials: tuple[int, int] | None = None

    def matches(self, key: str) -> bool:
        """Whether a key is one of those."""
        match = _compiled(self.expression).fullmatch(key)
        if match is None or self.serials is None:
            return match is not None
        low, high = self.serials
        return match[1].isdecimal() and match[1][:1] != "0" and low <= int(match[1]) <= high


@lru_cache(maxsize=256)
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression)


@dataclass(frozen=True, slots=True)
class Matching:
    """One of some canonical keys, or one that matches a pattern."""

    keys: frozenset[str]
    patterns: tuple[Pattern, ...] = ()

    def passes(self, value: str) -> bool:
        """See `Test.passes`."""
        return value in self.keys or any(pattern.matches(value) for pattern in self.patterns)


@dataclass(frozen=True, slots=True)
class Within:
    """One of some places, or a place in one of them. `select.py` finds out which those are."""

    keys: frozenset[str]

    def passes(self, value: str) -> bool:
        """See `Test.passes`: what it is as long as nobody knows what is in what."""
        return value in self.keys


@dataclass(frozen=True, slots=True)
class Equal:
    """
    The value of an extension that equals a text, a number or a moment.

    A text of the event equals a text letter by letter: lot 007 is not lot 7. It is taken for a
    number or a moment where one is asked for, since XML has no other numbers.
    """

    texts: frozenset[str] = frozenset()
    numbers: frozenset[Fraction] = frozenset()
    moments: frozenset[int] = frozenset()
    reads_numbers: bool = False

    def passes(self, value: Any) -> bool:
        """See `Test.passes`."""
        match value:
            case bool():
                return str(value).lower() in self.texts
            case str():
                return (
                    value in self.texts
                    or (bool(self.moments) and moment_in(value) in self.moments)
                    or (self.reads_numbers and number_in(value) in self.numbers)
                )
            case int() | Decimal():
                return exact(value) in self.numbers
        return False


@dataclass(frozen=True, slots=True)
class Bounded:
    """The value of an extension on one side of a number or, where `is_moment`, of a moment."""

    comparison: str
    bound: Fraction | int
    is_moment: bool

    def passes(self, value: Any) -> bool:
        """See `Test.passes`."""
        read: Fraction | int | None = None
        if isinstance(value, str):
            read = moment_in(value) if self.is_moment else number_in(value)
        elif isinstance(value, int | Decimal) and not isinstance(value, bool):
            read = None if self.is_moment else exact(value)
        return read is not None and COMPARISONS[self.comparison](read, self.bound)


@dataclass(frozen=True, slots=True)
class HasAttribute:
    """
    Something with master data that has an attribute, with one of some values where they are given.

    What is known is not in the event: `select.py` brings it.
    """

    attributes: tuple[FieldName, ...]
    values: frozenset[str] | None = None

    def passes(self, _value: Any) -> bool:
        """See `Test.passes`: nothing does as long as nothing is known."""
        return False

    def holds(self, key: str, known: Mapping[str, Collection[tuple[str, Any]]]) -> bool:
        """Whether that is so of what has a key, by what is known: attributes by key."""
        return any(
            value not in (None, "") and (self.values is None or _text(value) in self.values)
            for name, said in known.get(key, ())
            if any(attribute.is_of(name) for attribute in self.attributes)
            for value in (said if isinstance(said, list) else [said])
        )


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        value = value.get("#text", value.get("@value", ""))
    return str(value).lower() if isinstance(value, bool) else str(value)
