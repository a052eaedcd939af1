"""
The parameters whose name ends in something of the caller's: a unit, a type, the name of a field.

A row of `FAMILIES` is what such names look like, and what they ask. The first that fits counts, so
that what has a scope of its own stands before what may have any name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from epcis_repo.errors import QueryParameterError
from epcis_repo.gs1 import cbv
from epcis_repo.model.found_by import reference_key
from epcis_repo.model.master_data import attribute_name
from epcis_repo.query.fields import ENTRIES, Entry, Extension, Field, Measure, Standard
from epcis_repo.query.predicates import (
    COMPARISONS,
    Bounded,
    Compared,
    Equal,
    HasAttribute,
    OneOf,
    Present,
    Test,
)
from epcis_repo.query.values import (
    FIELD_NAME_EXPECTED,
    FieldName,
    Given,
    field_name,
    moment_in,
    number,
    number_in,
    numbers,
    texts,
    void,
    words,
)

Reader = Callable[[Given], Test | None]
"""Reads the value of a parameter: None where it takes the parameter back."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a parameter looks at, how its value is read, and what is expected of that."""

    field: Field
    read: Reader
    expected: str


def compared(comparison: str, read: Callable[[Given], object]) -> Reader:
    """Return what reads a bound for one of `COMPARISONS`."""
    return lambda given: Compared(comparison, read(given))


def present(given: Given) -> Present | None:
    """Read the value of what asks whether there is a field."""
    return Present() if void(given) else None


def number_reader(comparison: str) -> Reader:
    """Return what reads the number that a comparison, or `EQ`, is with."""
    if comparison == "EQ":
        return lambda given: OneOf(frozenset(numbers(given)))
    return compared(comparison, number)


NUMBER_EXPECTED = "a number"
VOID_EXPECTED = "true (or false, which is as if it was not there)"
_VALUE_EXPECTED = "a number, a time with a zone, or a list of texts"
_BOUND_EXPECTED = "a number or a time with a zone"


def _measure(match: re.Match[str], _prefixes: Mapping[str, str]) -> Parameter:
    attribute = MEASURES[match["measure"]]
    read = number_reader(match["operator"])
    return Parameter(Measure(attribute, match["uom"]), read, NUMBER_EXPECTED)


def _entry(match: re.Match[str], prefixes: Mapping[str, str]) -> Parameter:
    name, kind = match["list"], match["type"]
    prefix, _, local = kind.partition(":")
    kinds = {kind, prefixes[prefix] + local} if prefix in prefixes else {kind}
    vocabulary, _ = ENTRIES[name]
    types = frozenset(cbv.bare_word(vocabulary, kind) for kind in kinds)
    return Parameter(Entry(name, types), _references, "a URI")


def _references(given: Given) -> OneOf:
    return OneOf(frozenset(map(reference_key, words(given))))


def _extension(match: re.Match[str], prefixes: Mapping[str, str]) -> Parameter:
    scope, is_inner = match["scope"] or "", match["inner"] is not None
    name = field_name(match[0], match["name"], prefixes)
    if match["name"].startswith("#") and not is_inner:
        # EPCIS 1.2, §8.2.7.1: what is in no namespace stands only within other fields.
        raise QueryParameterError(match[0], expected=FIELD_NAME_EXPECTED, found=match["name"])
    field = Extension(scope, name, is_inner)
    match match["operator"]:
        case "EXISTS":
            return Parameter(field, present, VOID_EXPECTED)
        case "EQ":
            return Parameter(field, _equal, _VALUE_EXPECTED)
    return Parameter(field, _bounded(match["operator"]), _BOUND_EXPECTED)


def _equal(given: Given) -> Equal:
    if not given.is_typed:
        strings = texts(given)
        # A query string turns the plus of an offset into a blank unless it is escaped.
        times = (moment_in(member.replace(" ", "+")) for member in strings)
        return Equal(
            texts=frozenset(strings),
            numbers=frozenset(n for n in map(number_in, strings) if n is not None),
            moments=frozenset(time for time in times if time is not None),
        )
    if isinstance(given.value, str):
        time = moment_in(given.value)
        return Equal(frozenset([given.value]), moments=frozenset([] if time is None else [time]))
    members: list[Any] = given.value if isinstance(given.value, list) else [given.value]
    said: list[Any] = [
        str(member).lower() if isinstance(member, bool) else member for member in members
    ]
    found_texts = frozenset(member for member in said if isinstance(member, str) and member)
    rest = [member for member in said if not isinstance(member, str)]
    found_numbers = [number(Given(member, is_typed=True)) for member in rest]
    return Equal(found_texts, frozenset(found_numbers), reads_numbers=bool(found_numbers))


def _bounded(comparison: str) -> Reader:
    def read(given: Given) -> Bounded:
        value = given.value
        if isinstance(value, str):
            if not given.is_typed and (bound := number_in(value)) is not None:
                return Bounded(comparison, bound, is_moment=False)
            text = value if given.is_typed else value.replace(" ", "+")
            if (time := moment_in(text)) is not None:
                return Bounded(comparison, time, is_moment=True)
            raise ValueError(value)
        return Bounded(comparison, number(given), is_moment=False)

    return read


def _has_attribute(match: re.Match[str], prefixes: Mapping[str, str]) -> Parameter:
    def read(given: Given) -> HasAttribute:
        return HasAttribute(tuple(_attribute(name, prefixes) for name in words(given)))

    field = _with_master_data(match[0], match["field"], prefixes)
    return Parameter(field, read, "the name of an attribute of master data")


def _attribute_equals(match: re.Match[str], prefixes: Mapping[str, str]) -> Parameter:
    field = match["field"]
    if field not in WITH_MASTER_DATA and "_" in match["attribute"]:
        expected = "one _ between a field and an attribute, neither of which has one in its name"
        raise QueryParameterError(match[0], expected=expected, found=match[0])
    attributes = (_attribute(match["attribute"], prefixes),)

    def read(given: Given) -> HasAttribute:
        return HasAttribute(attributes, frozenset(texts(given)))

    return Parameter(_with_master_data(match[0], field, prefixes), read, "a value")


def _with_master_data(parameter: str, field: str, prefixes: Mapping[str, str]) -> Field:
    if field in WITH_MASTER_DATA:
        return Standard(WITH_MASTER_DATA[field])
    return Extension("", field_name(parameter, field, prefixes))


def _attribute(name: str, prefixes: Mapping[str, str]) -> FieldName:
    prefix, _, local = name.partition(":")
    spelt = prefixes[prefix] + local if prefix in prefixes else name
    return FieldName(frozenset(map(attribute_name, (name, spelt))))


MEASURES = {
    "quantity": "quantity",
    "value": "value",
    "minValue": "min_value",
    "maxValue": "max_value",
    "meanValue": "mean_value",
    "sDev": "s_dev",
    "percValue": "perc_value",
}
"""Numbers that have a unit, by their names in parameters."""

WITH_MASTER_DATA = {
    name: name
    for name in ("readPoint", "bizLocation", "epcClass", "bizTransaction", "source", "destination")
} | {"bizStep": "bizStep URN", "disposition": "disposition URN"}
"""The standard's fields that may have master data, by their names in parameters."""

_OPERATOR = f"(?P<operator>EQ|{'|'.join(COMPARISONS)})"
_OPERATOR_OR_EXISTS = f"(?P<operator>EQ|EXISTS|{'|'.join(COMPARISONS)})"
_SCOPES = "ILMD|ERROR_DECLARATION|SENSORELEMENT|SENSORMETADATA|SENSORREPORT|readPoint|bizLocation"
_WITH_MASTER_DATA = "|".join(WITH_MASTER_DATA)

FAMILIES: tuple[tuple[re.Pattern[str], Callable[..., Parameter]], ...] = (
    (re.compile(f"{_OPERATOR}_(?P<measure>quantity)_(?P<uom>[A-Z0-9]{{2,4}})"), _measure),
    (
        re.compile(
            f"{_OPERATOR}_(?P<measure>{'|'.join(list(MEASURES)[1:])})(?:_(?P<uom>[A-Z0-9]{{2,4}}))?"
        ),
        _measure,
    ),
    (re.compile(f"EQ_(?P<list>{'|'.join(ENTRIES)})_(?P<type>.+)"), _entry),
    (re.compile("HASATTR_(?P<field>.+)"), _has_attribute),
    # The official schema has the second spelling.
    (
        re.compile(f"(?:EQATTR|EQ_ATTR)_(?P<field>{_WITH_MASTER_DATA})_(?P<attribute>.+)"),
        _attribute_equals,
    ),
    (re.compile("(?:EQATTR|EQ_ATTR)_(?P<field>[^_]+)_(?P<attribute>.+)"), _attribute_equals),
    (
        re.compile(f"{_OPERATOR_OR_EXISTS}_(?P<inner>INNER_)?(?P<scope>{_SCOPES})_(?P<name>.+)"),
        _extension,
    ),
    (
        re.compile(f"{_OPERATOR_OR_EXISTS}_(?P<inner>INNER_)?(?P<scope>)(?P<name>.*[:#].*)"),
        _extension,
    ),
)


def parameter_of_family(name: str, prefixes: Mapping[str, str]) -> Parameter | None:
    """Return the parameter that a name ends into, None where it is of no family."""
    for expression, build in FAMILIES:
        if match := expression.fullmatch(name):
            return build(match, prefixes)
    return None
