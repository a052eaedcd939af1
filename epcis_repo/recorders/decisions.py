"""
Decisions with a lifecycle, made on the log: the library's slices, awaited.

A slice reads the decisions that bear on it, decides, and appends what it decided under the
condition that nothing else was decided there meanwhile. `do` is what `DCBApplication.do` is,
on a store of ours; the library's own application runs the same slices (`DecisionMapper`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import IO, Any, ClassVar, TypeVar

from eventsourcing.dcb import domain
from eventsourcing.dcb.api import DCBEvent
from eventsourcing.dcb.domain import Selector, Slice, Tagged
from eventsourcing.dcb.persistence import DCBMapper
from eventsourcing.domain import event
from eventsourcing.utils import get_topic, register_topic, resolve_topic

from epcis_repo.errors import AppendConditionFailed
from epcis_repo.recorders.appending import Appending, record
from epcis_repo.recorders.dcb import dcb_event, event_data
from epcis_repo.store import (
    AppendCondition,
    EventData,
    EventStore,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
    Writing,
)
from epcis_repo.store.log import head, read

__all__ = [
    "Decision",
    "DecisionMapper",
    "Selector",
    "Slice",
    "decide",
    "decision_of",
    "decisions",
    "do",
    "event",
    "recorded_as",
]

S = TypeVar("S", bound=Slice[Any])


class Decision(domain.Decision):
    """
    An event of ours: a frozen dataclass of what JSON can say, named in the past tense.

    Its type in the log is the name of the class, so that the class can move to another module.
    """

    TOPIC: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.TOPIC = cls.__name__
        register_topic(cls.TOPIC, cls)


class DecisionMapper(DCBMapper[Decision]):
    """Decisions to events of the log, and back."""

    def to_dcb_event(self, event: Tagged[Decision]) -> DCBEvent:
        """See `DCBMapper.to_dcb_event`."""
        data = json.dumps(event.decision.as_dict(), separators=(",", ":"), allow_nan=False)
        return DCBEvent(get_topic(type(event.decision)), data.encode(), event.tags)

    def to_domain_event(self, event: DCBEvent) -> Tagged[Decision]:
        """See `DCBMapper.to_domain_event`."""
        return Tagged(event.tags, resolve_topic(event.type)(**json.loads(event.data)))


_MAPPER = DecisionMapper()


async def decisions(
    session: Reading, boundary: Selector | Sequence[Selector], *, after: int = 0
) -> AsyncIterator[Tagged[Decision]]:
    """Yield the decisions within a boundary that were recorded past a position, in order."""
    async for recorded in read(session, _query(boundary), after=after):
        yield _MAPPER.to_domain_event(dcb_event(recorded))


def decision_of(recorded: RecordedEvent) -> Decision:
    """Return the decision that an event of the log is."""
    return _MAPPER.to_domain_event(dcb_event(recorded)).decision


def recorded_as(decision: Decision, tags: Sequence[str]) -> EventData:
    """Return a decision as the log takes it, for who appends it with what else he appends."""
    return event_data(_MAPPER.to_dcb_event(Tagged([*tags], decision)))


Documents = Sequence[tuple[str, bytes | IO[bytes], str]]
"""Digests, bodies and media types."""

Also = Callable[[Writing], Awaitable[None]]
"""What else is written when something was decided, in the same transaction."""


async def do(
    store: EventStore, s: S, *, now: int, documents: Documents = (), also: Also | None = None
) -> S:
    """
    Advance the slice `s` to the head of the log, execute it, and record what it decided.

    With what is recorded `documents` are kept, and what `also` writes. Raises
    `AppendConditionFailed` when something was recorded within its boundary meanwhile, and whatever
    the slice raises when it is executed.
    """
    if type(s).do_projection:
        async with store.reading() as session:
            boundary, after = s.consistency_boundary(), s.last_known_position or 0
            async for tagged in decisions(session, boundary, after=after):
                tagged.decision.mutate(s)
            s.last_known_position = await head(session)
    s.execute()
    if new := s.collect_events():
        condition = AppendCondition(_query(s.consistency_boundary()), s.last_known_position or 0)
        events = [event_data(_MAPPER.to_dcb_event(tagged)) for tagged in new]
        await record(store, Appending(events, now, condition, documents=documents, also=also))
    return s


async def decide(
    store: EventStore,
    slice_of: Callable[[], S],
    *,
    now: int,
    documents: Documents = (),
    also: Also | None = None,
) -> S:
    """
    Do a slice, and a new one whenever somebody else was first, until it stands.

    It comes to an end: each time that it has to begin anew, somebody else has got on. Raises
    what `do` does, `AppendConditionFailed` of a slice only that looks at nothing.
    """
    while True:
        s = slice_of()
        try:
            return await do(store, s, now=now, documents=documents, also=also)
        except AppendConditionFailed:
            # One that looks at nothing would decide the same again, and for ever.
            if not type(s).do_projection:
                raise


def _query(boundary: Selector | Sequence[Selector]) -> Query:
    selectors = [boundary] if isinstance(boundary, Selector) else boundary
    return Query(tuple(QueryItem(tuple(map(get_topic, s.types)), tuple(s.tags)) for s in selectors))
