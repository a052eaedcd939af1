"""EPCIS events as the log has them, and how to read them for a fold."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import What, what_of
from epcis_repo.store import RecordedEvent

# EPCIS 2.0, §7.4.1.2: a declaration repeats the eventID of the event that it declares in
# error, so it needs an identity of its own. No URI has a blank in it.
_DECLARED = " declared in error at "


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """
    An event of the log, ready to be folded.

    `event_id` is the partner's, or the one that was assigned; `data` is the event as bytes.
    """

    position: int
    record_time: int
    event_id: str
    event: Event
    what: What
    data: bytes

    @property
    def order(self) -> tuple[int, int]:
        """The place in the story: by event time, and for one moment by arrival."""
        return self.event.event_time.microseconds, self.position


def identity_of(event: Event, event_id: str) -> str:
    """Return the identity in the log of an event or of the declaration that it was in error."""
    if event.error_declaration is None:
        return event_id
    return f"{event_id}{_DECLARED}{utc_text(event.error_declaration.declaration_time.microseconds)}"


def logged(recorded: RecordedEvent) -> LoggedEvent:
    """Return the EPCIS event that `recorded` is."""
    event = parse_event(recorded.data)
    return LoggedEvent(
        position=recorded.position,
        record_time=recorded.record_time,
        event_id=recorded.event_id.partition(_DECLARED)[0],
        event=event,
        what=what_of(event),
        data=recorded.data,
    )
