"""
The parameters of SimpleEventQuery (EPCIS 2.0, §8.2.7.1). The table is the grammar.

A parameter comes once; a list is one value with `|` between its members. What is unknown,
repeated or of the wrong type is refused with the parameter's name.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from epcis_repo.errors import EpcisError, QueryParameterError
from epcis_repo.gs1 import Level, cbv, parse_identifier
from epcis_repo.model.events import ACTIONS, EVENT_TYPES
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_timestamp

PER_PAGE_DEFAULT = 30
PER_PAGE_MAX = 1000


@dataclass(frozen=True, slots=True)
class Predicate:
    """A column of the event index, an operator, and the value or values to compare with."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class EpcPredicate:
    """That an event names one of `keys`, or something whose key lies in one of `ranges`."""

    keys: tuple[str, ...]
    ranges: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class EventQuery:
    """A query: all predicates must hold. `after` is the last position of the page before."""

    predicates: tuple[Predicate, ...] = ()
    epcs: tuple[EpcPredicate, ...] = ()
    per_page: int = PER_PAGE_DEFAULT
    after: int = 0
    fingerprint: str = ""

    def next_page_token(self, position: int) -> str:
        """Return what asks for the page after `position`. Survives a restart: it says it all."""
        return base64.urlsafe_b64encode(f"{position}.{self.fingerprint}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Parameter:
    """How a parameter is read, what it is compared with, and what is expected of it."""

    column: str
    operator: str
    read: Callable[[str], Any]
    expected: str


def _words_of(vocabulary: cbv.Vocabulary) -> Callable[[str], list[str]]:
    return lambda text: [cbv.bare_word(vocabulary, word) for word in _list(text)]


def _one_of(words: Iterable[str]) -> Callable[[str], list[str]]:
    known = tuple(words)

    def read(text: str) -> list[str]:
        values = _list(text)
        if any(value not in known for value in values):
            raise ValueError(text)
        return values

    return read


def _list(text: str) -> list[str]:
    values = text.split("|")
    # No URI has a control character or half a surrogate in it, and no database takes one.
    if not all(values) or not text.isprintable():
        raise ValueError(text)
    return values


def _time(text: str) -> int:
    # A query string turns the plus of an offset into a blank unless it is escaped.
    return parse_timestamp(text.replace(" ", "+")).microseconds


def _epcs(text: str) -> EpcPredicate:
    keys, ranges = [], []
    for value in _list(text):
        identifier = parse_identifier(value)
        if identifier.level is Level.CLASS and identifier.scheme.serial is not None:
            # A pattern: whatever has this class and any serial (§8.2.7.1.1).
            joint = f"/{identifier.scheme.serial.ai}/" if identifier.scheme.serial.ai else ""
            beginning = identifier.key + joint
            ranges.append((beginning, beginning + "\x7f"))
        else:
            keys.append(identifier.key)
    return EpcPredicate(tuple(keys), tuple(ranges))


PARAMETERS: dict[str, Parameter] = {
    "eventType": Parameter("type", "IN", _one_of(EVENT_TYPES), ", ".join(EVENT_TYPES)),
    "GE_eventTime": Parameter("event_time", ">=", _time, DATE_TIME_EXPECTED),
    "LT_eventTime": Parameter("event_time", "<", _time, DATE_TIME_EXPECTED),
    "GE_recordTime": Parameter("record_time", ">=", _time, DATE_TIME_EXPECTED),
    "LT_recordTime": Parameter("record_time", "<", _time, DATE_TIME_EXPECTED),
    "EQ_action": Parameter("action", "IN", _one_of(ACTIONS), ", ".join(ACTIONS)),
    "EQ_bizStep": Parameter("biz_step", "IN", _words_of(cbv.BIZ_STEP), "a business step"),
    "EQ_disposition": Parameter("disposition", "IN", _words_of(cbv.DISPOSITION), "a disposition"),
    "EQ_eventID": Parameter("event_id", "IN", _list, "an eventID"),
    "MATCH_anyEPC": Parameter("epc", "MATCH", _epcs, "an EPC, as URN or Digital Link"),
}


def parse_query(parameters: Iterable[tuple[str, str]]) -> EventQuery:
    """Return the query that the pairs of name and value ask; `QueryParameterError` if none."""
    predicates: list[Predicate] = []
    epcs: list[EpcPredicate] = []
    seen: dict[str, str] = {}
    for name, text in parameters:
        if name in seen:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
        seen[name] = text
        parameter = PARAMETERS.get(name)
        if parameter is None:
            if name not in ("perPage", "nextPageToken"):
                known = ", ".join((*PARAMETERS, "perPage", "nextPageToken"))
                raise QueryParameterError(name, expected=f"one of {known}", found=name)
            continue
        try:
            value = parameter.read(text)
        except (ValueError, EpcisError) as error:
            why = f" ({error})" if isinstance(error, EpcisError) else ""
            raise QueryParameterError(
                name, expected=f"{parameter.expected}{why}", found=text
            ) from None
        if isinstance(value, EpcPredicate):
            epcs.append(value)
        else:
            predicates.append(Predicate(parameter.column, parameter.operator, value))
    asked = sorted((name, text) for name, text in seen.items() if name != "nextPageToken")
    fingerprint = sha256(repr(asked).encode()).hexdigest()[:16]
    return EventQuery(
        predicates=tuple(predicates),
        epcs=tuple(epcs),
        per_page=_per_page(seen.get("perPage")),
        after=_after(seen.get("nextPageToken"), fingerprint),
        fingerprint=fingerprint,
    )


def _per_page(text: str | None) -> int:
    if text is None:
        return PER_PAGE_DEFAULT
    digits = text.lstrip("0")
    if not (digits.isascii() and digits.isdecimal()):
        raise QueryParameterError("perPage", expected="a number from 1 upwards", found=text)
    return min(int(digits[:9]), PER_PAGE_MAX)


def _after(token: str | None, fingerprint: str) -> int:
    if token is None:
        return 0
    try:
        position, _, asked = base64.urlsafe_b64decode(token).decode().partition(".")
        # Longer than any position is only what nobody was given.
        if asked == fingerprint and position.isdecimal() and len(position) < 19:
            return int(position)
    except (binascii.Error, ValueError):
        pass
    expected = "the token of the page before, with the same parameters"
    raise QueryParameterError("nextPageToken", expected=expected, found=token)
