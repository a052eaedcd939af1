"""
The values of parameters, as a URL has them (texts) and as JSON has them (texts, numbers, lists).

A text of a URL has no type, so it may stand for a number or a time as well. JSON says what it
means: the text "5" is no number. A reader raises `ValueError` for what the parameter cannot have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from typing import Any

from epcis_repo.bindings.names import STANDARD_PREFIXES, Names
from epcis_repo.errors import QueryParameterError
from epcis_repo.model.times import parse_timestamp


@dataclass(frozen=True, slots=True)
class Given:
    """
    The value that a parameter was given, and the prefixes that were declared with the query.

    `is_typed` says that it came as JSON.
    """

    value: Any
    is_typed: bool = False
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it is as if the parameter was not given (EPCIS 1.2, §8.2.5)."""
        return self.value in ("", [])


# Python refuses to read numbers of thousands of digits, and nobody has them.
_NUMBER = re.compile(
    r"[+-]?(?:[0-9]{1,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[Ee][+-]?[0-9]{1,4})?"
)
_WHOLE = re.compile("[+-]?[0-9]{1,18}")
_EXPONENT_MAX = 308


# The values of a field come again with every event.
@lru_cache(maxsize=4_096)
def number_in(text: str) -> Fraction | None:
    """Return the number that a text is, None where it is none, or none that a double reaches."""
    if not _NUMBER.fullmatch(text):
        return None
    return exact(Decimal(text))


def exact(value: float | Decimal) -> Fraction | None:
    """Return a number of JSON digit by digit, None where it has too many before or behind."""
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or abs(number.adjusted()) > _EXPONENT_MAX:
        return None if number else Fraction(0)
    return Fraction(number)


@lru_cache(maxsize=4_096)
def moment_in(text: str) -> int | None:
    """Return the microseconds of the moment that a text is, None where it is none."""
    try:
        return parse_timestamp(text).microseconds
    except ValueError:
        return None


def _members(given: Given) -> list[Any]:
    if isinstance(given.value, list):
        return given.value
    if isinstance(given.value, str) and not given.is_typed:
        return given.value.split("|")
    return [given.value]


def texts(given: Given) -> list[str]:
    """Read a list of any texts."""
    members = _members(given)
    if not all(isinstance(member, str) and member for member in members):
        raise ValueError(given.value)
    return members


def words(given: Given) -> list[str]:
    """Read a list of URIs or words, which have neither control characters nor half surrogates."""
    members = texts(given)
    # No database takes them either.
    if not all(member.isprintable() for member in members):
        raise ValueError(given.value)
    return members


def spelt_words(given: Given) -> list[str]:
    """
    Read the same, with those that have a declared prefix as they are and as the URI they mean.

    And the other way round: events keep what their sender wrote.
    """
    members = words(given)
    if not given.prefixes:
        return members
    return list(dict.fromkeys(s for member in members for s in _spellings(member, given.prefixes)))


def _spellings(word: str, prefixes: Mapping[str, str]) -> Iterable[str]:
    yield word
    prefix, _, local = word.partition(":")
    if prefix in prefixes and not local.startswith("//"):
        yield prefixes[prefix] + local
    for prefix, namespace in prefixes.items():
        if word.startswith(namespace) and len(word) > len(namespace):
            yield f"{prefix}:{word[len(namespace) :]}"


def one_of(known: Iterable[str]) -> Callable[[Given], list[str]]:
    """Return what reads a list of these words."""
    known = frozenset(known)

    def read(given: Given) -> list[str]:
        members = texts(given)
        if not known.issuperset(members):
            raise ValueError(given.value)
        return members

    return read


def moment(given: Given) -> int:
    """Read a time with a zone."""
    if not isinstance(given.value, str):
        raise ValueError(given.value)  # noqa: TRY004 - it is the value of a parameter that is wrong
    # A query string turns the plus of an offset into a blank unless it is escaped.
    text = given.value if given.is_typed else given.value.replace(" ", "+")
    return parse_timestamp(text).microseconds


def number(given: Given) -> Fraction:
    """Read a number."""
    return _number_of(given, given.value)


def numbers(given: Given) -> list[Fraction]:
    """Read a list of numbers, or one."""
    return [_number_of(given, member) for member in _members(given)]


def _number_of(given: Given, value: Any) -> Fraction:
    read = None
    if isinstance(value, str) and not given.is_typed:
        read = number_in(value)
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        read = exact(value) if not isinstance(value, float) or isfinite(value) else None
    if read is None:
        raise ValueError(value)
    return read


def whole(given: Given) -> int:
    """Read a whole number."""
    if isinstance(given.value, str) and not given.is_typed and _WHOLE.fullmatch(given.value):
        return int(given.value)
    if isinstance(given.value, int) and not isinstance(given.value, bool):
        return given.value
    raise ValueError(given.value)


def boolean(given: Given) -> bool:
    """Read true or false."""
    if isinstance(given.value, bool):
        return given.value
    if given.value in ("true", "false") and not given.is_typed:
        return bool(given.value == "true")
    raise ValueError(given.value)


def void(given: Given) -> bool:
    """
    Read the value of a parameter that needs none: whether the parameter is meant.

    The official files have a boolean, an integer and an empty element for it. Only a false takes
    it back.
    """
    if given.value is None or isinstance(given.value, bool | int):
        return given.value is not False
    if given.value in ("", "true", "false") or (
        not given.is_typed and _WHOLE.fullmatch(given.value)
    ):
        return bool(given.value != "false")
    raise ValueError(given.value)


@dataclass(frozen=True, slots=True)
class FieldName:
    """
    The name of an extension field, whatever prefix or namespace form it is written with.

    XML joins namespace and local name with #, JSON-LD joins them with nothing in between.
    """

    spellings: frozenset[str]

    def is_of(self, name: str) -> bool:
        """Whether it is the name of a member `{namespace}local`, or of one that came as it is."""
        return not self.spellings.isdisjoint(name_spellings(name))

    @property
    def ending(self) -> str:
        """What every spelling of the name ends with."""
        return re.split(_ENDS_NAMESPACE, min(self.spellings))[-1]


_MASTER_DATA = STANDARD_PREFIXES["cbvmda"]
# JSON-LD 1.1, §4.1.5: only what ends so can be the namespace of a prefix.
_ENDS_NAMESPACE = r"[:/?#\[\]@]"


@lru_cache(maxsize=4_096)
def name_spellings(name: str) -> frozenset[str]:
    """Return the ways of writing the name of a member as a URI."""
    namespace, brace, local = name[1:].partition("}")
    if not (name.startswith("{") and brace):
        # In no namespace: #local.
        return frozenset({name, f"#{name}"})
    joints = ["#"]
    if re.fullmatch(_ENDS_NAMESPACE, namespace[-1:]):
        joints.append("")
    if namespace == _MASTER_DATA:
        joints.append(":")
    return frozenset(f"{namespace}{joint}{local}" for joint in joints)


FIELD_NAME_EXPECTED = (
    "the name of a field as prefix:name, with a prefix that was declared, or as namespace#name"
)


def field_name(parameter: str, text: str, prefixes: Mapping[str, str]) -> FieldName:
    """Return the field that a parameter has in its name; `QueryParameterError` if it is none."""
    prefix, colon, local = text.partition(":")
    if text.isprintable() and colon and local and "#" not in text and not local.startswith("//"):
        expanded = Names(prefixes).expand(text)
        if expanded != text:
            return FieldName(name_spellings(expanded))
    # A URN or another URI has its namespace in it.
    is_uri = prefix in ("urn", "http", "https") and local
    if text.isprintable() and not text.endswith("#") and ("#" in text or is_uri):
        return FieldName(frozenset({text}))
    raise QueryParameterError(parameter, expected=FIELD_NAME_EXPECTED, found=text)
