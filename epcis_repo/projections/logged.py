"""EPCIS events as the log has them, and how to read them for a fold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.model.events import EVENT_TYPES, Event
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import What, what_of
from epcis_repo.store import Reading, RecordedEvent, load_statements

_STATEMENTS = load_statements("epcis_repo.projections", "logged.sql")
_PAGE = 500

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


@dataclass(frozen=True, slots=True)
class Batch:
    """
    What was just appended, in story order.

    `facts` are those of its `events` that stand; `fallen` the others, and the earlier events
    that one of them declares in error. What a fallen event names cannot be folded onwards,
    only anew. `until` is the last position of the batch: a fold looks no further.
    """

    events: Sequence[LoggedEvent]
    facts: Sequence[LoggedEvent]
    fallen: Sequence[LoggedEvent]
    until: int


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


async def batch_of(session: Reading, events: Iterable[LoggedEvent]) -> Batch:
    """Return `events` in story order, with those among them that are declared in error."""
    ordered = sorted(events, key=lambda item: item.order)
    until = max((item.position for item in ordered), default=0)
    now_declared = {item.event_id for item in ordered if item.event.error_declaration is not None}
    declared = now_declared | await declared_in_error(session, ordered, until=until)
    facts: list[LoggedEvent] = []
    fallen: list[LoggedEvent] = []
    for item in ordered:
        (facts if _stands(item, declared) else fallen).append(item)
    if now_declared:
        rows = await session.fetch(
            _STATEMENTS["select_identified"], session.part, sorted(now_declared), until
        )
        fallen += (logged(RecordedEvent(*row)) for row in rows)
    return Batch(ordered, facts, fallen, until)


async def declared_in_error(
    session: Reading, events: Iterable[LoggedEvent], *, until: int
) -> set[str]:
    """Return which of the eventIDs of `events` were declared in error, as far as `until`."""
    ids = [item.event_id for item in events]
    rows = await session.fetch(_STATEMENTS["select_declared"], session.part, ids, until)
    return {event_id for (event_id,) in rows}


def _stands(item: LoggedEvent, declared: Collection[str]) -> bool:
    # A fact is neither in error nor the declaration that another event was.
    return item.event.error_declaration is None and item.event_id not in declared


async def events_naming(
    session: Reading,
    keys: Collection[str],
    *,
    types: Sequence[str] = tuple(EVENT_TYPES),
    until: int,
) -> list[LoggedEvent]:
    """
    Return the facts of the log that name one of `keys`, in story order.

    `until` is the last position to look at: what was known then.
    """
    rows = await session.fetch(_STATEMENTS["select_positions"], session.part, sorted(keys), until)
    positions = [position for (position,) in rows]
    found: list[LoggedEvent] = []
    for start in range(0, len(positions), _PAGE):
        page = positions[start : start + _PAGE]
        rows = await session.fetch(_STATEMENTS["select_events"], session.part, page, list(types))
        found += (logged(RecordedEvent(*row)) for row in rows)
    declared = await declared_in_error(session, found, until=until)
    return sorted((item for item in found if _stands(item, declared)), key=lambda item: item.order)
