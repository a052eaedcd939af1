"""When a schedule matches, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.model.times import microseconds_of, parse_timestamp, utc_text
from epcis_repo.subscriptions import SubscriptionControlsError
from epcis_repo.subscriptions.schedule import FIELDS, parse_schedule
from tests.conformance.rows import holds


def next_after(moment: str, **fields: str) -> str:
    found = parse_schedule(fields).next_after(parse_timestamp(moment).microseconds)
    assert found is not None
    return utc_text(found)


@pytest.mark.parametrize(
    ("fields", "after", "expected"),
    [
        pytest.param({"second": "0,30"}, "2026-01-01T00:00:00Z", "2026-01-01T00:00:30", id="30 s"),
        pytest.param({"second": "[10-12]"}, "2026-01-01T00:00:11Z", "2026-01-01T00:00:12"),
        pytest.param({"second": "[10-12],5"}, "2026-01-01T00:00:12Z", "2026-01-01T00:01:05"),
        pytest.param(
            {"hour": "1", "minute": "5"}, "2026-01-01T01:05:00Z", "2026-01-02T01:05:00", id="daily"
        ),
        pytest.param({"hour": "2"}, "2026-01-01T01:59:59.999Z", "2026-01-01T02:00:00", id="hour"),
        pytest.param(
            {"second": "0", "hour": "2"}, "2026-01-01T02:00:00Z", "2026-01-01T02:01:00", id="gap"
        ),
        pytest.param(
            {"dayOfWeek": "1"}, "2026-01-01T00:00:00Z", "2026-01-05T00:00:00", id="Monday"
        ),
        pytest.param(
            {"dayOfWeek": "7", "hour": "23"}, "2026-01-05T00:00:00Z", "2026-01-11T23:00:00"
        ),
        pytest.param(
            {"dayOfMonth": "31"}, "2026-02-01T00:00:00Z", "2026-03-31T00:00:00", id="31st"
        ),
        pytest.param({"month": "2"}, "2026-02-01T00:00:00Z", "2027-02-01T00:00:00", id="month"),
        pytest.param(
            {"dayOfMonth": "29", "month": "2"}, "2026-01-01T00:00:00Z", "2028-02-29T00:00:00"
        ),
        pytest.param(
            {"minute": "[0-59]"}, "2026-12-31T23:59:30Z", "2027-01-01T00:00:00", id="new year"
        ),
    ],
)
def test_comes_next(fields: dict[str, str], after: str, expected: str) -> None:
    """
    The next time is the first after a moment at which all fields match.
    """
    assert next_after(after, **fields) == f"{expected}.000Z"


@pytest.mark.parametrize("day", range(1, 8))
def test_waits_for_what_is_seldom(day: int) -> None:
    """
    A leap day on a given day of the week comes, be it forty years later.
    """
    schedule = parse_schedule({"dayOfMonth": "29", "month": "2", "dayOfWeek": str(day)})

    for year in (2026, 2072, 2096):
        after = microseconds_of(datetime(year, 3, 1, tzinfo=UTC))
        found = schedule.next_after(after)

        assert found is not None
        moment = datetime.fromtimestamp(found // 1_000_000, UTC)
        assert (moment.month, moment.day, moment.isoweekday()) == (2, 29, day)


@holds("M30", "R23")
@pytest.mark.parametrize(
    ("fields", "field"),
    [
        pytest.param({"second": "60"}, "second", id="past the end"),
        pytest.param({"dayOfWeek": "0"}, "dayOfWeek", id="before the beginning"),
        pytest.param({"dayOfMonth": "0"}, "dayOfMonth", id="no day"),
        pytest.param({"month": "13"}, "month", id="no month"),
        pytest.param({"hour": "[5-2]"}, "hour", id="backwards"),
        pytest.param({"hour": "5-7"}, "hour", id="without brackets"),
        pytest.param({"second": "*/5"}, "second", id="as cron has it"),
        pytest.param({"second": "*"}, "second", id="a star"),
        pytest.param({"second": "0/30"}, "second", id="a step"),
        pytest.param({"second": "a"}, "second", id="a letter"),
        pytest.param({"second": ""}, "second", id="nothing"),
        pytest.param({"second": "1,"}, "second", id="a comma too many"),
        pytest.param({"second": "1, 2"}, "second", id="a blank"),
        pytest.param({"second": "٣"}, "second", id="a digit of another script"),
        pytest.param({"second": "1," * 300 + "1"}, "second", id="without an end"),
        pytest.param({"dayOfWeek": "MON"}, "dayOfWeek", id="a name"),
        pytest.param({"week": "1"}, "week", id="no field"),
    ],
)
def test_refuses(fields: dict[str, str], field: str) -> None:
    """
    What the grammar of the standard does not have is refused by the name of its field.
    """
    with pytest.raises(SubscriptionControlsError) as caught:
        parse_schedule(fields)

    assert caught.value.field == f"schedule/{field}"


@holds("M32")
@pytest.mark.parametrize("fields", [{}, {"dayOfMonth": "30", "month": "2"}])
def test_refuses_what_never_is(fields: dict[str, str]) -> None:
    """
    A schedule without fields, or with a day that no year has, is none.
    """
    with pytest.raises(SubscriptionControlsError):
        parse_schedule(fields)


_RANGES = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 28),
    "dayOfWeek": (1, 7),
    "month": (1, 12),
}


@st.composite
def _fields(draw: st.DrawFn) -> dict[str, set[int]]:
    """Some fields, the finest among them, so that each second counts for itself."""
    names = draw(st.sets(st.sampled_from(FIELDS))) | {"second"}
    return {name: draw(st.sets(st.integers(*_RANGES[name]), min_size=1)) for name in names}


@given(_fields(), st.integers(0, 2 * 10**9))
def test_is_what_a_look_at_every_second_gives(fields: dict[str, set[int]], start: int) -> None:
    """
    No second before the next time matches, and that one does.
    """
    texts = {name: ",".join(map(str, sorted(values))) for name, values in fields.items()}

    found = parse_schedule(texts).next_after(start * 1_000_000)

    assert found is not None
    assert _matches(fields, datetime.fromtimestamp(found // 1_000_000, UTC))
    assert found > start * 1_000_000
    moment = datetime.fromtimestamp(start, UTC)
    for _ in range(min(found // 1_000_000 - start - 1, 2_000)):
        moment += timedelta(seconds=1)
        assert not _matches(fields, moment)


def _matches(fields: dict[str, set[int]], moment: datetime) -> bool:
    values = {
        "second": moment.second,
        "minute": moment.minute,
        "hour": moment.hour,
        "dayOfMonth": moment.day,
        "dayOfWeek": moment.isoweekday(),
        "month": moment.month,
    }
    return all(values[name] in allowed for name, allowed in fields.items())
