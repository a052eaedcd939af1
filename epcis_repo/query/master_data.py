"""
The parameters of SimpleMasterDataQuery (EPCIS 1.2 and 2.0, §8.2.7.2). The table is the grammar.

As in a query for events, a parameter comes once, one with an empty value is as good as absent,
and what is unknown or ill-typed is refused by name. Two of them are required.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from epcis_repo.errors import QueryParameterError
from epcis_repo.model.master_data import attribute_name, key_of
from epcis_repo.query.paging import at_least
from epcis_repo.query.parameters import read_parameter
from epcis_repo.query.predicates import HasAttribute
from epcis_repo.query.values import FieldName, Given, boolean, texts, words


@dataclass(frozen=True, slots=True, kw_only=True)
class MasterDataQuery:
    """
    A query for master data; None is what was not asked.

    `names` and `within` are canonical keys. `tests` must all hold of the attributes of an element;
    `attribute_names` says which of them are answered.
    """

    include_attributes: bool
    include_children: bool
    vocabulary_names: frozenset[str] | None = None
    attribute_names: tuple[FieldName, ...] | None = None
    names: frozenset[str] | None = None
    within: frozenset[str] | None = None
    tests: tuple[HasAttribute, ...] = ()
    element_count_max: int | None = None


Read = Callable[[Given], Any]


def _set(given: Given) -> frozenset[str]:
    return frozenset(words(given))


def _keys(given: Given) -> frozenset[str]:
    return frozenset(map(key_of, words(given)))


def _attributes(given: Given) -> tuple[FieldName, ...]:
    return tuple(_attribute(name) for name in words(given))


def _attribute(name: str) -> FieldName:
    return FieldName(frozenset([attribute_name(name)]))


_NAMES_EXPECTED = "names of attributes"
_IDS_EXPECTED = "identifiers"

# The member of the query that each parameter is, how its value is read, and what is expected.
_PARAMETERS: dict[str, tuple[str, Read, str]] = {
    "vocabularyName": ("vocabulary_names", _set, "URIs of vocabularies"),
    "includeAttributes": ("include_attributes", boolean, "true or false"),
    "includeChildren": ("include_children", boolean, "true or false"),
    "attributeNames": ("attribute_names", _attributes, _NAMES_EXPECTED),
    "EQ_name": ("names", _keys, _IDS_EXPECTED),
    "WD_name": ("within", _keys, _IDS_EXPECTED),
    "HASATTR": ("tests", lambda given: HasAttribute(_attributes(given)), _NAMES_EXPECTED),
    "maxElementCount": (
        "element_count_max",
        lambda given: at_least(0, given),
        "a number of elements, from 0",
    ),
}
_EQUALS_ATTRIBUTE = re.compile("(?:EQATTR|EQ_ATTR)_(?P<name>.+)")
_REQUIRED = ("includeAttributes", "includeChildren")


def parse_master_data_query(query: Mapping[str, Any]) -> MasterDataQuery:
    """Return the query that has these parameters, their values as JSON has them."""
    members: dict[str, Any] = {}
    tests: list[HasAttribute] = []
    for name, value in query.items():
        member, read, expected = _row(name)
        given = Given(value, is_typed=True)
        if given.is_empty:
            continue
        said = read_parameter(name, given, read, expected)
        if member == "tests":
            tests.append(said)
        else:
            members[member] = said
    for name in _REQUIRED:
        if _PARAMETERS[name][0] not in members:
            expected = "true or false: a query for master data has to say it"
            raise QueryParameterError(name, expected=expected, found="nothing")
    return MasterDataQuery(tests=tuple(tests), **members)


def reader_of_master_data(name: str) -> Read:
    """Return what reads the values of a parameter; `QueryParameterError` where there is none."""
    return _row(name)[1]


def _row(name: str) -> tuple[str, Read, str]:
    if name in _PARAMETERS:
        return _PARAMETERS[name]
    if match := _EQUALS_ATTRIBUTE.fullmatch(name):
        attributes = (_attribute(match["name"]),)
        return "tests", lambda given: HasAttribute(attributes, frozenset(texts(given))), "values"
    expected = "a parameter of SimpleMasterDataQuery (EPCIS 2.0, §8.2.7.2)"
    if nearest := get_close_matches(name, _PARAMETERS, n=3):
        expected += f", such as {' or '.join(nearest)}"
    raise QueryParameterError(name, expected=expected, found=name)
