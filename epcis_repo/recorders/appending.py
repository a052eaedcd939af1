"""
How events that are not captured get into the log: under a condition, and into the tree.

Who appends at the same time shares a database transaction (`store/sequencer.py`). Each is
refused or recorded for itself, and sees those before him in the group, so that of two who may
not both append the first one does.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO

from eventsourcing.persistence import Tracking

from epcis_repo.errors import AppendConditionFailed
from epcis_repo.evidence.tags import CAPTURED_TYPES
from epcis_repo.evidence.tree import extend
from epcis_repo.projections.runner import analyze_when_grown
from epcis_repo.store import (
    AppendCondition,
    EventData,
    EventStore,
    RecordedEvent,
    Writing,
    load_statements,
)
from epcis_repo.store.documents import keep
from epcis_repo.store.log import append

STATEMENTS = load_statements("epcis_repo.recorders", "recorders.sql")

# What an entry of the tree can name.
_TYPE = re.compile("[!-~]+")


@dataclass(frozen=True, slots=True)
class Appending:
    """
    Events that are recorded all or none, at `now` (microseconds) or later.

    With `tracking` they are what came of following an application as far as that; one position
    is reached once. `documents` (digest, body, media type) are kept with them, and what `also`
    writes is written in the same transaction, once they stand in the log.
    """

    events: Sequence[EventData]
    now: int
    condition: AppendCondition | None = None
    tracking: Tracking | None = None
    documents: Sequence[tuple[str, bytes | IO[bytes], str]] = ()
    also: Callable[[Writing], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        # A condition is checked by the log when the tracking has moved already.
        assert self.condition is None or self.tracking is None
        for event in self.events:
            if event.type in CAPTURED_TYPES:
                raise TypeError(f"an event of type {event.type} is recorded by a capture only")
            if not _TYPE.fullmatch(event.type):
                raise TypeError(f"{event.type!r} has other than visible ASCII characters")


async def record(store: EventStore, appending: Appending) -> Sequence[RecordedEvent]:
    """
    Record what is to be appended, and a leaf of the tree for each event of it.

    All of it is durable once this returns. Raises `AppendConditionFailed` when an event that
    the condition forbids is there, an identity is taken, or the tracking is as far already.
    """
    # What brings a document is a work of its own, so that no other waits in the same group.
    return await store.write(partial(_record) if appending.documents else _record, appending)


async def _record(
    session: Writing, group: Sequence[Appending]
) -> Sequence[Sequence[RecordedEvent] | AppendConditionFailed]:
    identities = [event.event_id for appending in group for event in appending.events]
    rows = await session.fetch(STATEMENTS["select_taken"], session.part, identities)
    taken = {identity for (identity,) in rows}
    answers: list[Sequence[RecordedEvent] | AppendConditionFailed] = []
    recorded: list[RecordedEvent] = []
    for appending in group:
        try:
            # Each of these refuses before it writes, so who is refused has written nothing.
            _refuse_taken(appending.events, taken)
            await _advance(session, appending.tracking)
            new = await append(session, appending.events, appending.condition, now=appending.now)
        except AppendConditionFailed as error:
            answers.append(error)
        else:
            if appending.documents:
                await keep(session, appending.documents)
            if appending.also is not None:
                await appending.also(session)
            answers.append(new)
            recorded += new
            taken.update(event.event_id for event in new)
    await extend(session, recorded)
    if recorded:
        await analyze_when_grown(session, recorded[0].position, recorded[-1].position)
    return answers


def _refuse_taken(events: Sequence[EventData], taken: Container[str]) -> None:
    own = set[str]()
    for event in events:
        if event.event_id in taken or event.event_id in own:
            raise AppendConditionFailed(f"event {event.event_id} is recorded already")
        own.add(event.event_id)


async def _advance(session: Writing, tracking: Tracking | None) -> None:
    if tracking is None:
        return
    name, position = tracking.application_name, tracking.notification_id
    if not await session.fetch(STATEMENTS["advance_tracking"], session.part, name, position):
        raise AppendConditionFailed(f"{name} was followed as far as {position} before")
