"""
Moments as EPCIS writes them: a text with a zone, and the instant it means.

The text is kept because the offset that a partner wrote is part of what he said; order
and comparison use the instant, in microseconds since 1970-01-01T00:00:00Z.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# EPCIS 2.0, DateTimeStamp: a zone is mandatory, and reaches to 14 hours either way.
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00))",
    re.ASCII,
)
_ZONE_OFFSET = re.compile(r"[+-](?:(?:0\d|1[0-3]):[0-5]\d|14:00)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

DATE_TIME_EXPECTED = "a date and time with a zone, such as 2026-01-31T12:00:00Z"
ZONE_OFFSET_EXPECTED = "a zone offset from -14:00 to +14:00, such as -05:00"


@dataclass(frozen=True, slots=True)
class Timestamp:
    """A moment: the text as received, and the same instant in microseconds since 1970 (UTC)."""

    text: str
    microseconds: int


def parse_timestamp(text: str) -> Timestamp:
    """Return the moment that `text` names; `ValueError` when it has no zone or is no moment."""
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(text)
    microseconds = microseconds_of(datetime.fromisoformat(text))
    # The first and the last hours of the calendar have no date in every zone.
    if not _FIRST <= microseconds <= _LAST:
        raise ValueError(text)
    return Timestamp(text, microseconds)


def parse_moment(text: str) -> int:
    """
    Return the microseconds of a moment that a person asks about.

    A bare date means the whole of that day, in UTC: what happened on it is included.
    `ValueError` for anything else that `parse_timestamp` would refuse.
    """
    if _DATE.fullmatch(text):
        text = f"{text}T23:59:59.999999Z"
    return parse_timestamp(text).microseconds


def is_zone_offset(text: str) -> bool:
    """Whether `text` is an eventTimeZoneOffset (EPCIS 2.0, §7.4.1)."""
    return _ZONE_OFFSET.fullmatch(text) is not None


def microseconds_of(moment: datetime) -> int:
    """Return the microseconds from 1970 (UTC) to `moment`, which must have a zone."""
    return (moment - _EPOCH) // _MICROSECOND


# The events of a document have one record time, and the packs of a case one history.
@lru_cache(maxsize=16_384)
def utc_text(microseconds: int) -> str:
    """Return the instant as text in UTC, to the millisecond or, where it has more, microsecond."""
    moment = _EPOCH + microseconds * _MICROSECOND
    precision = "microseconds" if microseconds % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def utc_milliseconds(microseconds: int) -> str:
    """Return the instant as text in UTC, to the nearest millisecond, of two the later."""
    # Nothing comes after the last millisecond of the calendar.
    return utc_text(min(microseconds + 500, _LAST) // 1000 * 1000)


_FIRST = microseconds_of(datetime.min.replace(tzinfo=UTC))
_LAST = microseconds_of(datetime.max.replace(tzinfo=UTC))
