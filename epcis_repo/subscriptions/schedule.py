"""
When a subscription runs by the clock (EPCIS 2.0, §8.2.5.3). The grammar of the standard, and times.

- A field is a list of numbers and ranges, such as `0,30` or `[1-5],7`; a time matches when all
  fields that are there match. The time zone is UTC.
- A field that is not there matches any value, unless it is finer than the finest that is there:
  then it counts as its first value. So `hour` 2 is two o'clock, and not each second of that hour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from epcis_repo.model.times import microseconds_of
from epcis_repo.subscriptions.errors import SubscriptionControlsError

# The finest first. Days of the month and of the week are as fine as each other.
_RANGES = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "dayOfWeek": (1, 7),
    "month": (1, 12),
}
FIELDS = tuple(_RANGES)
_DAYS = ("dayOfMonth", "dayOfWeek")
_ELEMENT = re.compile(r"(?P<number>[0-9]{1,2})|\[(?P<first>[0-9]{1,2})-(?P<last>[0-9]{1,2})\]")
_LENGTH_MAX = 500
# The 29th of February is a given day of the week every 28 years, and across 2100 after 40.
_YEARS_MAX = 41
_A_DAY = timedelta(days=1)
_A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Which times match: of each field the values, in order."""

    values: Mapping[str, tuple[int, ...]]

    def next_after(self, moment: int) -> int | None:
        """Return the first time after `moment` that matches, None where none ever does."""
        start = datetime.fromtimestamp(moment // 1_000_000, UTC) + _A_SECOND
        day, earliest = start.date(), start.time()
        until = min(day.year + _YEARS_MAX, date.max.year)
        while day.year < until:
            if self._is_on(day) and (found := self._first_from(earliest)) is not None:
                return microseconds_of(datetime.combine(day, found, UTC))
            day, earliest = day + _A_DAY, time.min
        return None

    def _is_on(self, day: date) -> bool:
        values = self.values
        return (
            day.month in values["month"]
            and day.day in values["dayOfMonth"]
            and day.isoweekday() in values["dayOfWeek"]
        )

    def _first_from(self, earliest: time) -> time | None:
        """Return the first time of a day that matches and is not before `earliest`."""
        for hour in self.values["hour"]:
            if hour < earliest.hour:
                continue
            for minute in self.values["minute"]:
                if (hour, minute) < (earliest.hour, earliest.minute):
                    continue
                for second in self.values["second"]:
                    found = time(hour, minute, second)
                    if found >= earliest:
                        return found
        return None


def parse_schedule(fields: Mapping[str, str]) -> Schedule:
    """Return the schedule with these fields; `SubscriptionControlsError` says which is wrong."""
    for name in fields:
        if name not in _RANGES:
            raise SubscriptionControlsError(
                f"schedule/{name}", expected=f"one of {', '.join(FIELDS)}", found=name
            )
    if not fields:
        expected = f"one of {', '.join(FIELDS)} at least"
        raise SubscriptionControlsError("schedule", expected=expected, found="no field")
    given = {name: _values(name, text) for name, text in fields.items()}
    schedule = Schedule({name: given.get(name) or _not_given(name, given) for name in FIELDS})
    if schedule.next_after(0) is None:
        found = ", ".join(f"{name} {text}" for name, text in fields.items())
        raise SubscriptionControlsError("schedule", expected="a time that ever is", found=found)
    return schedule


def _values(name: str, text: str) -> tuple[int, ...]:
    least, most = _RANGES[name]
    found = set[int]()
    if len(text) > _LENGTH_MAX:
        raise _wrong(name, text)
    for element in text.split(","):
        match = _ELEMENT.fullmatch(element)
        if match is None:
            raise _wrong(name, text)
        first = int(match["number"] or match["first"])
        last = int(match["number"] or match["last"])
        if not least <= first <= last <= most:
            raise _wrong(name, text)
        found.update(range(first, last + 1))
    return tuple(sorted(found))


def _not_given(name: str, given: Iterable[str]) -> tuple[int, ...]:
    least, most = _RANGES[name]
    finest = next(field for field in FIELDS if field in given)
    is_finer = FIELDS.index(name) < FIELDS.index(finest)
    # The first day of a month may be any of the week, and a Monday any of the month.
    if name == "dayOfWeek" or (name in _DAYS and finest in _DAYS):
        is_finer = False
    return (least,) if is_finer else tuple(range(least, most + 1))


def _wrong(name: str, text: str) -> SubscriptionControlsError:
    least, most = _RANGES[name]
    expected = (
        f"numbers from {least} to {most} and ranges of them, such as {least},[{least}-{most}]"
    )
    return SubscriptionControlsError(f"schedule/{name}", expected=expected, found=text)
