"""
In which order events are answered, how many of them, and where the next page goes on.

A token says it all: it survives a restart, and nobody has to remember it. In order of capture a
page goes on past a position, so that what is captured meanwhile comes last. In any other order it
could come anywhere; there the pages are of the log as it was when the first was asked for.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import NamedTuple

from epcis_repo.errors import QueryParameterError
from epcis_repo.query.fields import Extension
from epcis_repo.query.values import Given, field_name, one_of, whole

PER_PAGE_DEFAULT = 30
PER_PAGE_MAX = 1000

CAPTURE, EVENT_TIME = "recordTime", "eventTime"


@dataclass(frozen=True, slots=True)
class Order:
    """
    By record time, which is the order of capture, by event time, or by an extension field.

    Where that is equal, by position.
    """

    by: str | Extension = CAPTURE
    is_descending: bool = False

    @property
    def is_of_capture(self) -> bool:
        """Whether what is captured later comes later."""
        return self.by == CAPTURE and not self.is_descending


class Cursor(NamedTuple):
    """
    How far an answer has come: the last event of the page before, and how many were given.

    `position` is that event's, `event_time` too; where the order is that of a field, `position`
    is how many came before. What stands past `until` in the log is not looked at; 0 is no limit.
    """

    position: int = 0
    event_time: int = 0
    until: int = 0
    given: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """
    How many events there may be: in a page, in all pages together, and before it is too many.

    The second cuts the answer short (`eventCountLimit`), the third refuses it (`maxEventCount`).
    """

    per_page: int = PER_PAGE_DEFAULT
    count: int | None = None
    count_max: int | None = None


def token_of(cursor: Cursor, fingerprint: str) -> str:
    """Return what asks the same query for what comes after the cursor."""
    text = ".".join(map(str, cursor)) + f".{fingerprint}"
    return base64.urlsafe_b64encode(text.encode()).decode()


def cursor_of(token: str | None, fingerprint: str) -> Cursor:
    """Return what a token of this query says; `QueryParameterError` for any other."""
    if token is None:
        return Cursor()
    try:
        *numbers, asked = base64.urlsafe_b64decode(token).decode().split(".")
        # Longer than any position is only what nobody was given.
        if asked == fingerprint and all(_is_number(text) for text in numbers):
            cursor = Cursor._make(map(int, numbers))
            if min(cursor.position, cursor.until, cursor.given) >= 0:
                return cursor
    except (binascii.Error, ValueError, TypeError):
        pass
    expected = "the token of the page before, with the same parameters"
    raise QueryParameterError("nextPageToken", expected=expected, found=token)


def token_after(name: str) -> str:
    """Return what asks for the rest of a list that is in order of names."""
    return base64.urlsafe_b64encode(name.encode()).decode()


def name_before(token: str) -> str:
    """Return the name past which a token asks; `QueryParameterError` where it is none."""
    try:
        name = base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError):
        name = ""
    # No database takes a NUL, and no list has a name of nothing.
    if not name or "\0" in name:
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return name


def _is_number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) < 19


def per_page_asked(text: str | None) -> int:
    """Return how many `perPage` asks for; the answer may have fewer."""
    if text is None:
        return PER_PAGE_DEFAULT
    digits = text.lstrip("0")
    if not (digits.isascii() and digits.isdecimal()):
        raise QueryParameterError("perPage", expected="a number from 1 upwards", found=text)
    return min(int(digits[:9]), PER_PAGE_MAX)


ORDER_EXPECTED = "eventTime, recordTime, or the name of an extension field"
DIRECTIONS = ("ASC", "DESC")


def order_by(given: Given) -> str | Extension:
    """Read `orderBy`."""
    if not isinstance(given.value, str):
        raise ValueError(given.value)  # noqa: TRY004 - it is the value of a parameter that is wrong
    if given.value in (CAPTURE, EVENT_TIME):
        return given.value
    try:
        return Extension("", field_name("orderBy", given.value, given.prefixes))
    except QueryParameterError:
        raise ValueError(given.value) from None


def order_direction(given: Given) -> str:
    """Read `orderDirection`."""
    [direction] = one_of(DIRECTIONS)(given)
    return direction


def at_least(least: int, given: Given) -> int:
    """Read a number of events."""
    count = whole(given)
    if count < least:
        raise ValueError(given.value)
    return count
