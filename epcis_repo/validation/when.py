"""Rules for the when dimension (EPCIS 2.0, §7.3.1)."""

from __future__ import annotations

from collections.abc import Iterator

from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.validation.rule import Fault, Seen

# Clocks differ.
AHEAD_MAX = 300 * 1_000_000


def events_have_happened(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.now is not None and event.event_time.microseconds > seen.now + AHEAD_MAX:
        expected = f"a time that has come, at {utc_text(seen.now)} by our clock"
        yield Fault(("eventTime",), expected, event.event_time.text)
