"""
The parameters of SimpleEventQuery (EPCIS 2.0, §8.2.7.1). The table is the grammar.

It has those with a fixed name; `families.py` has those whose name ends in something of the
caller's. A parameter comes once, and one with an empty value is as good as absent. What is
unknown, repeated or ill-typed is refused, with the parameter's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from string import hexdigits
from typing import Any

from epcis_repo.bindings.names import declared_prefixes
from epcis_repo.errors import EpcisError, QueryParameterError
from epcis_repo.gs1 import cbv
from epcis_repo.model.events import ACTIONS, EVENT_TYPES, Event
from epcis_repo.model.found_by import reference_key
from epcis_repo.model.times import DATE_TIME_EXPECTED
from epcis_repo.model.what import Role
from epcis_repo.query.families import (
    MEASURES,
    NUMBER_EXPECTED,
    VOID_EXPECTED,
    Parameter,
    Reader,
    compared,
    number_reader,
    parameter_of_family,
    present,
)
from epcis_repo.query.fields import QUANTITY_EVENT, Measure, Named, Standard, measurement_type
from epcis_repo.query.paging import (
    DIRECTIONS,
    ORDER_EXPECTED,
    Cursor,
    Limits,
    Order,
    at_least,
    cursor_of,
    order_by,
    order_direction,
    per_page_asked,
    token_of,
)
from epcis_repo.query.patterns import classes, instances
from epcis_repo.query.predicates import COMPARISONS, OneOf, Predicate, Within
from epcis_repo.query.values import Given, boolean, moment, one_of, spelt_words, texts, words


@dataclass(frozen=True)
class EventQuery:
    """A query: all predicates must hold. `cursor` is where the page before ended."""

    predicates: tuple[Predicate, ...] = ()
    order: Order = field(default_factory=Order)
    limits: Limits = field(default_factory=Limits)
    cursor: Cursor = field(default_factory=Cursor)

    def holds(self, event: Event) -> bool:
        """Whether all predicates do, of an event that has its eventID and its recordTime."""
        return all(predicate.holds(event) for predicate in self.predicates)

    @cached_property
    def fingerprint(self) -> str:
        """What tells it from others, in any process; an answer of one page has no use for it."""
        said = json.dumps(_plain([self.predicates, self.order, self.limits]))
        return sha256(said.encode()).hexdigest()[:16]

    def next_page_token(self, cursor: Cursor) -> str:
        """Return what asks for the page after `cursor`."""
        return token_of(cursor, self.fingerprint)


def _words_of(vocabulary: cbv.Vocabulary) -> Reader:
    return lambda given: OneOf(
        frozenset(cbv.bare_word(vocabulary, word) for word in spelt_words(given))
    )


def _any_of(read: Callable[[Given], list[str]], spell: Callable[[str], str] = str) -> Reader:
    return lambda given: OneOf(frozenset(map(spell, read(given))))


def _event_types(given: Given) -> list[str]:
    """Read a list of types: the standard's, or the URIs of others, which no event here has."""
    members = [member.removeprefix(_TYPES_AT) for member in words(given)]
    if any(":" not in member and member not in _EVENT_TYPES for member in members):
        raise ValueError(given.value)
    return members


def _hexadecimal(given: Given) -> list[str]:
    members = texts(given)
    if not all(set(member) <= set(hexdigits) for member in members):
        raise ValueError(given.value)
    return members


_TYPES_AT = "https://ref.gs1.org/epcis/"
_EVENT_TYPES = (*EVENT_TYPES, QUANTITY_EVENT)
_EPCS = (Role.OBJECT, Role.CHILD)
_ANY_EPC = (*_EPCS, Role.PARENT, Role.INPUT, Role.OUTPUT)
_ANY_CLASS = (Role.CLASS, Role.INPUT_CLASS, Role.OUTPUT_CLASS)

# Times, by the name that parameters have for the field, and its name here.
_TIMES = {
    "eventTime": "eventTime",
    "recordTime": "recordTime",
    "errorDeclarationTime": "errorDeclarationTime",
    # The official schema has this spelling of it.
    "errorDeclaration_Time": "errorDeclarationTime",
    "time": "time",
    "startTime": "startTime",
    "endTime": "endTime",
}
# Fields that equal one of a list, how that is read, and what is expected.
_EQUAL: dict[str, tuple[Reader, str]] = {
    "action": (_any_of(one_of(ACTIONS)), ", ".join(ACTIONS)),
    "bizStep": (_words_of(cbv.BIZ_STEP), "a business step"),
    "disposition": (_words_of(cbv.DISPOSITION), "a disposition"),
    "persistentDisposition_set": (_words_of(cbv.DISPOSITION), "a disposition"),
    "persistentDisposition_unset": (_words_of(cbv.DISPOSITION), "a disposition"),
    "readPoint": (_any_of(words, reference_key), "a location"),
    "bizLocation": (_any_of(words, reference_key), "a location"),
    "transformationID": (_any_of(words, reference_key), "a transformationID"),
    "eventID": (_any_of(words), "an eventID"),
    "errorReason": (_words_of(cbv.ERROR_REASON), "the reason of an error declaration"),
    "correctiveEventID": (_any_of(words), "an eventID"),
    "type": (_any_of(spelt_words, measurement_type), "a type of measurement"),
    "deviceID": (_any_of(words, reference_key), "a URI"),
    "deviceMetadata": (_any_of(words), "a URI"),
    "rawData": (_any_of(words), "a URI"),
    "dataProcessingMethod": (_any_of(words), "a URI"),
    "bizRules": (_any_of(words), "a URI"),
    "microorganism": (_any_of(words), "a URI"),
    "chemicalSubstance": (_any_of(words), "a URI"),
    "uriValue": (_any_of(words), "a URI"),
    "stringValue": (_any_of(texts), "a text"),
    "hexBinaryValue": (_any_of(_hexadecimal, str.upper), "hexadecimal digits"),
    "booleanValue": (lambda given: OneOf(frozenset([boolean(given)])), "true or false"),
    "time": (lambda given: OneOf(frozenset([moment(given)])), DATE_TIME_EXPECTED),
}
_MATCH = {
    "epc": _EPCS,
    "parentID": (Role.PARENT,),
    "inputEPC": (Role.INPUT,),
    "outputEPC": (Role.OUTPUT,),
    "anyEPC": _ANY_EPC,
}
_MATCH_CLASS = {
    "epcClass": (Role.CLASS,),
    "inputEPCClass": (Role.INPUT_CLASS,),
    "outputEPCClass": (Role.OUTPUT_CLASS,),
    "anyEPCClass": _ANY_CLASS,
}


def _within(given: Given) -> Within:
    return Within(frozenset(map(reference_key, words(given))))


_EPC_EXPECTED = "an EPC, as URN or Digital Link, or a pattern such as urn:epc:idpat:sgtin:…*"
_CLASS_EXPECTED = "a class of things, as URN or Digital Link, or a pattern of them"

PARAMETERS: dict[str, Parameter] = {
    "eventType": Parameter(
        Standard("eventType"), _any_of(_event_types), f"{', '.join(_EVENT_TYPES)}, or a URI"
    ),
    **{
        f"{comparison}_{name}": Parameter(
            Standard(of), compared(comparison, moment), DATE_TIME_EXPECTED
        )
        for name, of in _TIMES.items()
        for comparison in ("GE", "LT")
    },
    **{
        f"EQ_{name}": Parameter(Standard(name), read, expected)
        for name, (read, expected) in _EQUAL.items()
    },
    **{
        f"WD_{name}": Parameter(Standard(name), _within, "a location")
        for name in ("readPoint", "bizLocation")
    },
    **{
        f"MATCH_{name}": Parameter(Named(frozenset(roles)), instances, _EPC_EXPECTED)
        for name, roles in _MATCH.items()
    },
    **{
        f"MATCH_{name}": Parameter(Named(frozenset(roles)), classes, _CLASS_EXPECTED)
        for name, roles in _MATCH_CLASS.items()
    },
    "EXISTS_errorDeclaration": Parameter(Standard("errorDeclaration"), present, VOID_EXPECTED),
    "EXISTS_sensorElementList": Parameter(Standard("sensorElementList"), present, VOID_EXPECTED),
    # The conformance tests have this spelling of it.
    "EXISTS_sensorElement": Parameter(Standard("sensorElementList"), present, VOID_EXPECTED),
    **{
        f"{operator}_quantity": Parameter(
            Measure(MEASURES["quantity"], None), number_reader(operator), NUMBER_EXPECTED
        )
        for operator in ("EQ", *COMPARISONS)
    },
    **{
        f"{operator}_percRank": Parameter(
            Standard("percRank"), number_reader(operator), NUMBER_EXPECTED
        )
        for operator in ("EQ", *COMPARISONS)
    },
}
"""The parameters with a fixed name that say something of an event."""

_HOW: dict[str, tuple[Callable[[Given], Any], str]] = {
    "orderBy": (order_by, ORDER_EXPECTED),
    "orderDirection": (order_direction, " or ".join(DIRECTIONS)),
    "eventCountLimit": (lambda given: at_least(1, given), "a number of events, from 1"),
    "maxEventCount": (lambda given: at_least(0, given), "a number of events, from 0"),
}
_PAGE = ("perPage", "nextPageToken")


def parse_query(
    parameters: Iterable[tuple[str, str]], *, prefixes: Mapping[str, str] | None = None
) -> EventQuery:
    """
    Return the query that a URL asks by these names and values; `QueryParameterError` if none.

    `prefixes` are those that were declared for the names and values of extensions.
    """
    declared = prefixes or {}
    return _parse((name, Given(text, prefixes=declared)) for name, text in parameters)


def parse_json_query(query: Mapping[str, Any], page: Iterable[tuple[str, str]] = ()) -> EventQuery:
    """
    Return the query that a JSON object asks, as EPCIS 2.0, §8.2.7.1 has it.

    `page` says, as in a URL, which page of the answer is asked for.
    """
    prefixes = declared_prefixes(query.get("@context"))
    asked = [
        (name, Given(value, is_typed=True, prefixes=prefixes))
        for name, value in query.items()
        if name != "@context"
    ]
    for name, _ in asked:
        if name in _PAGE:
            expected = "it with the request for the events, not in the query"
            raise QueryParameterError(name, expected=expected, found=name)
    return _parse([*asked, *((name, Given(text)) for name, text in page)])


def _parse(parameters: Iterable[tuple[str, Given]]) -> EventQuery:
    predicates: list[Predicate] = []
    how: dict[str, Any] = {}
    page: dict[str, str] = {}
    seen = set[str]()
    for name, given in parameters:
        if name in seen:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
        seen.add(name)
        if name in _PAGE:
            page[name] = given.value
        elif name in _HOW:
            read, expected = _HOW[name]
            if not given.is_empty:
                how[name] = read_parameter(name, given, read, expected)
        else:
            parameter = _parameter(name, given.prefixes)
            if given.is_empty and parameter.read is not present:
                continue
            test = read_parameter(name, given, parameter.read, parameter.expected)
            if test is not None:
                predicates.append(Predicate(name, parameter.field, test))
    _refuse_contradictions(how)
    limits = Limits(
        per_page_asked(page.get("perPage")), how.get("eventCountLimit"), how.get("maxEventCount")
    )
    order = Order()
    if "orderBy" in how:
        # EPCIS 2.0, §8.2.7.1: the latest come first, unless something else is said.
        order = Order(how["orderBy"], how.get("orderDirection", "DESC") == "DESC")
    predicates.sort(key=lambda predicate: predicate.parameter)
    query = EventQuery(predicates=tuple(predicates), order=order, limits=limits)
    if (token := page.get("nextPageToken")) is None:
        return query
    return replace(query, cursor=cursor_of(token, query.fingerprint))


def reader_of(name: str) -> Callable[[Given], Any]:
    """Return what reads the values of a parameter; `QueryParameterError` where there is none."""
    return _HOW[name][0] if name in _HOW else _parameter(name, {}).read


def _parameter(name: str, prefixes: Mapping[str, str]) -> Parameter:
    parameter = PARAMETERS.get(name) or parameter_of_family(name, prefixes)
    if parameter is None:
        known = (*PARAMETERS, *_HOW, *_PAGE)
        nearest = get_close_matches(name, known, n=3)
        expected = "a parameter of SimpleEventQuery (EPCIS 2.0, §8.2.7.1)"
        if nearest:
            expected += f", such as {' or '.join(nearest)}"
        raise QueryParameterError(name, expected=expected, found=name)
    return parameter


def read_parameter(name: str, given: Given, read: Callable[[Given], Any], expected: str) -> Any:
    """Return what `read` makes of a value; `QueryParameterError` where that is nothing."""
    try:
        return read(given)
    except QueryParameterError:
        raise
    except (ValueError, EpcisError) as error:
        why = f" ({error})" if isinstance(error, EpcisError) else ""
        found = (
            given.value if isinstance(given.value, str) else json.dumps(given.value, default=repr)
        )
        raise QueryParameterError(name, expected=f"{expected}{why}", found=found) from None


def _refuse_contradictions(how: Mapping[str, Any]) -> None:
    if "eventCountLimit" in how:
        for other, is_wrong in (
            ("orderBy", "orderBy" not in how),
            ("maxEventCount", "maxEventCount" in how),
        ):
            if is_wrong:
                expected = "it with orderBy, and without maxEventCount (EPCIS 2.0, §8.2.7.1)"
                raise QueryParameterError("eventCountLimit", expected=expected, found=other)


def _plain(value: Any) -> Any:
    """Return equal lists and texts for equal values, in whatever process."""
    if is_dataclass(value) and not isinstance(value, type):
        members = [_plain(getattr(value, member.name)) for member in fields(value)]
        return [type(value).__name__, *members]
    if isinstance(value, frozenset):
        return sorted(map(repr, value))
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return repr(value)
