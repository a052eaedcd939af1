"""When people are at work: opening hours and local time of a site, without any zone database."""

from __future__ import annotations

from datetime import date, timedelta

from epcis_repo.demo.parties import Site
from epcis_repo.model import Timestamp

DAY = 86_400
HOUR = 3_600
_EPOCH = date(1970, 1, 1)


def midnight(day: date) -> int:
    """Return the seconds from 1970 to the beginning of `day`, in UTC."""
    return (day - _EPOCH).days * DAY


class Clock:
    """
    The clock of somebody at work at a site; it never shows a time when the site is closed.

    Times are seconds since 1970 (UTC).
    """

    def __init__(self, site: Site, moment: int) -> None:
        self.site = site
        self._today = range(0)
        self._offset = 0
        self.moment = moment
        self.forward(0)

    def forward(self, seconds: int) -> int:
        """Let `seconds` pass, and the night when the site closes before; return the time."""
        moment = self.moment + seconds
        if moment not in self._today:
            moment = self._next_opening(moment)
        self.moment = moment
        return moment

    def timestamp(self) -> Timestamp:
        """Return the time as this site's system writes it."""
        local = self.moment if self.site.writes_utc else self.moment + self._offset * HOUR
        days, seconds = divmod(local, DAY)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        day = (_EPOCH + timedelta(days)).isoformat()
        zone = "Z" if self.site.writes_utc else self.zone_offset
        text = f"{day}T{hour:02}:{minute:02}:{second:02}{zone}"
        return Timestamp(text, self.moment * 1_000_000)

    @property
    def zone_offset(self) -> str:
        """The local offset from UTC, as eventTimeZoneOffset has it."""
        return f"-{-self._offset:02}:00"

    def _next_opening(self, moment: int) -> int:
        day = _EPOCH + timedelta((moment + self.site.zone * HOUR) // DAY)
        while True:
            offset = self.site.zone + is_daylight_saving(day)
            opens, closes = (
                midnight(day) + (hour - offset) * HOUR
                for hour in (self.site.opens, self.site.closes)
            )
            if day.weekday() < self.site.days_open and moment < closes:
                self._today, self._offset = range(opens, closes), offset
                return max(moment, opens)
            day += timedelta(1)


def is_daylight_saving(day: date) -> bool:
    """Whether US clocks are ahead: from the second Sunday of March to the first of November."""
    second_of_march = _sunday_from(date(day.year, 3, 8))
    first_of_november = _sunday_from(date(day.year, 11, 1))
    return second_of_march <= day < first_of_november


def _sunday_from(day: date) -> date:
    return day + timedelta((6 - day.weekday()) % 7)
