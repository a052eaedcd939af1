"""Moments: the text that was written, and the instant it means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.model.times import (
    Timestamp,
    is_zone_offset,
    parse_moment,
    parse_timestamp,
    utc_text,
)
from tests.model.strategies import timestamps

HOUR = 3_600_000_000
DAY = 24 * HOUR


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        pytest.param("1970-01-01T00:00:00Z", 0, id="the beginning"),
        pytest.param("1970-01-01T01:00:00+01:00", 0, id="the same, further east"),
        pytest.param("1969-12-31T10:00:00.000-14:00", 0, id="the same, as far west as it goes"),
        pytest.param("1970-01-01T00:00:00.1Z", 100_000, id="a tenth"),
        pytest.param("1970-01-01T00:00:00.123456Z", 123_456, id="microseconds"),
        pytest.param("1970-01-01T00:00:00.1234569Z", 123_456, id="more digits than are compared"),
        pytest.param("1969-12-31T23:59:59.999999Z", -1, id="before"),
    ],
)
def test_a_moment_is_its_text_and_its_instant(text: str, microseconds: int) -> None:
    """
    The text is kept, the instant is counted from 1970.
    """
    assert parse_timestamp(text) == Timestamp(text, microseconds)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("2026-01-31", id="date"),
        pytest.param("2026-01-31T12:00:00", id="no zone"),
        pytest.param("2026-01-31T12:00:00+0530", id="zone without colon"),
        pytest.param("2026-01-31T12:00:00+14:01", id="zone too far"),
        pytest.param("2026-01-31T12:00:00 Z", id="blank"),
        pytest.param("2026-01-31T12:00:00Z\n", id="end of line"),
        pytest.param("2026-01-31t12:00:00z", id="lower case"),
        pytest.param("2026-01-31T12:00Z", id="no seconds"),
        pytest.param("2026-01-31T24:00:00Z", id="24:00"),
        pytest.param("2026-01-31T23:59:60Z", id="leap second"),
        pytest.param("2026-02-29T12:00:00Z", id="no leap year"),
        pytest.param("0000-01-01T00:00:00Z", id="year 0"),
        pytest.param("12026-01-01T00:00:00Z", id="year of five digits"),
        pytest.param("-2026-01-01T00:00:00Z", id="negative year"),
        pytest.param("2026-W05-6T12:00:00Z", id="week"),
        pytest.param("٢٠٢٦-01-31T12:00:00Z", id="other digits"),
        pytest.param("0001-01-01T00:00:00+14:00", id="before the calendar in UTC"),
        pytest.param("9999-12-31T23:59:59-14:00", id="after the calendar in UTC"),
    ],
)
def test_what_is_no_moment(text: str) -> None:
    """
    A moment has a date, a time to the second, and a zone.
    """
    with pytest.raises(ValueError):
        parse_timestamp(text)


@given(timestamps())
def test_every_moment_can_be_written_in_utc(moment: Timestamp) -> None:
    """
    The instant in UTC is the same instant, to the microsecond.
    """
    assert parse_timestamp(utc_text(moment.microseconds)).microseconds == moment.microseconds


@given(st.text("+-0123459:Z٣", max_size=6))
def test_an_offset_is_what_a_moment_may_end_with(text: str) -> None:
    """
    An eventTimeZoneOffset and the zone of a moment keep one rule, but for Z.
    """
    try:
        parse_timestamp(f"2026-01-31T12:00:00{text}")
    except ValueError:
        assert not is_zone_offset(text)
    else:
        assert is_zone_offset(text) or "Z" in text or not text.startswith(("+", "-"))


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        pytest.param("1970-01-01", DAY - 1, id="a day is meant to its end"),
        pytest.param("1970-01-01T00:00:00Z", 0, id="a moment is meant as it stands"),
        pytest.param("9999-12-31", parse_timestamp("9999-12-31T23:59:59.999999Z").microseconds,
                     id="the last day"),
    ],
)  # fmt: skip
def test_what_a_person_asks_about(text: str, microseconds: int) -> None:
    """
    Who asks about a day includes what happened on it.
    """
    assert parse_moment(text) == microseconds


@pytest.mark.parametrize("text", ["today", "2026-02-30", "٢٠٢٦-01-31", "2026-1-1", "20260131"])
def test_what_a_person_cannot_ask_about(text: str) -> None:
    """
    A day that there is not is no day.
    """
    with pytest.raises(ValueError):
        parse_moment(text)
