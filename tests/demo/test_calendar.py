"""Opening hours and local time."""

from datetime import UTC, date, datetime

import pytest

from epcis_repo.demo.calendar import Clock, is_daylight_saving
from epcis_repo.demo.parties import DISTRIBUTOR_DC, MANUFACTURER_DC, Site


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class TestClock:
    @pytest.mark.parametrize(
        ("site", "moment", "shown"),
        [
            pytest.param(
                DISTRIBUTOR_DC, "2026-01-05T15:00", "2026-01-05T10:00:00-05:00", id="at work"
            ),
            pytest.param(
                DISTRIBUTOR_DC, "2026-01-05T02:00", "2026-01-05T05:00:00-05:00", id="at night"
            ),
            pytest.param(
                DISTRIBUTOR_DC, "2026-01-11T15:00", "2026-01-12T05:00:00-05:00", id="on a Sunday"
            ),
            pytest.param(
                DISTRIBUTOR_DC, "2026-07-06T15:00", "2026-07-06T11:00:00-04:00", id="in summer"
            ),
            pytest.param(MANUFACTURER_DC, "2026-01-10T15:00", "2026-01-12T12:00:00Z", id="in UTC"),
        ],
    )
    def test_shows_when_the_site_is_open(self, site: Site, moment: str, shown: str) -> None:
        """
        The clock shows the moment, or the next opening where the site is closed.
        """
        assert Clock(site, seconds(moment)).timestamp().text == shown

    def test_goes_on_the_next_day(self) -> None:
        """
        Work that does not end before closing time goes on at the next opening.
        """
        clock = Clock(DISTRIBUTOR_DC, seconds("2026-01-06T01:59"))

        clock.forward(120)

        assert clock.timestamp().text == "2026-01-06T05:00:00-05:00"


@pytest.mark.parametrize(
    ("day", "ahead"),
    [
        pytest.param(date(2026, 3, 7), False, id="the day before"),
        pytest.param(date(2026, 3, 8), True, id="second Sunday of March"),
        pytest.param(date(2026, 10, 31), True, id="the last day"),
        pytest.param(date(2026, 11, 1), False, id="first Sunday of November"),
    ],
)
def test_daylight_saving(day: date, ahead: bool) -> None:
    """
    US clocks are ahead from the second Sunday of March to the first of November.
    """
    assert is_daylight_saving(day) is ahead
