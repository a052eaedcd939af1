"""
The library's recorders for aggregates: a stream of events for each, on the one log.

A stream is a tag, `events 7f3c…`, and the version of an event in it is part of the identity,
`events 7f3c…/2`, which the log gives to one event only. No URI has a blank in it, so no event
of a partner is in a stream or has its place. A second tag says that an event is of some
stream, so that all of them are found without looking at what else was recorded.

A stream is read whole, whatever part of it is wanted: those of decisions are short.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    ListenNotifySubscription,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Tracking,
)

from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.recorders.tracking import LogTrackingRecorder
from epcis_repo.store import EventData, Query, QueryItem, Reading, RecordedEvent
from epcis_repo.store.envelope import enveloped, opened
from epcis_repo.store.log import head, read


class LogAggregateRecorder(AggregateRecorder):
    """Streams for one purpose: the events of aggregates, or snapshots of them."""

    def __init__(self, log: SyncLog, purpose: str = "events") -> None:
        """`log` is whoever opened it to close."""
        self._log = log
        self._purpose = purpose

    @property
    def _all(self) -> str:
        return f"stored {self._purpose}"

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """See `AggregateRecorder.insert_events`."""
        self._insert(stored_events)
        return None

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """See `AggregateRecorder.select_events`."""
        query = Query((QueryItem(tags=(self._stream(originator_id),)),))
        stream = [
            event
            for event in map(_stored_event, self._log.read(partial(_events, query=query)))
            if (gt is None or event.originator_version > gt)
            and (lte is None or event.originator_version <= lte)
        ]
        stream.sort(key=lambda event: event.originator_version, reverse=desc)
        return stream[:limit]

    def _insert(
        self, events: Sequence[StoredEvent], tracking: Tracking | None = None
    ) -> Sequence[int]:
        if not events and tracking is None:
            return []
        new = [self._event_data(event) for event in events]
        return [event.position for event in self._log.record(new, tracking=tracking)]

    def _event_data(self, event: StoredEvent) -> EventData:
        stream = self._stream(event.originator_id)
        identity = f"{stream}/{event.originator_version}"
        return enveloped(EventData(event.topic, identity, event.state, (stream, self._all)))

    def _stream(self, originator_id: UUID | str) -> str:
        # A text is quoted, so that it is a text again when it is read, if it looks like a UUID.
        named = json.dumps(originator_id) if isinstance(originator_id, str) else originator_id
        return f"{self._purpose} {named}"


class LogApplicationRecorder(LogAggregateRecorder, ApplicationRecorder):
    """All streams for one purpose, in the order of the log, whose positions are their IDs."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """See `AggregateRecorder.insert_events`."""
        return self._insert(stored_events)

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """See `ApplicationRecorder.select_notifications`."""
        query = Query((QueryItem(tuple(topics), (self._all,)),))
        after = start or 0
        if inclusive_of_start and after:
            after -= 1
        found = self._log.read(partial(_events, query=query, after=after, limit=limit))
        return [_notification(event) for event in found if stop is None or event.position <= stop]

    def max_notification_id(self) -> int | None:
        """See `ApplicationRecorder.max_notification_id`."""
        return self._log.read(partial(_last, query=Query((QueryItem(tags=(self._all,)),))))

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        """See `ApplicationRecorder.subscribe`."""
        return LogSubscription(self, self._log, gt, topics)


class LogProcessRecorder(LogTrackingRecorder, LogApplicationRecorder, ProcessRecorder):
    """Records what came of following an application together with how far it was followed."""

    def __init__(self, log: SyncLog) -> None:
        """`log` is whoever opened it to close."""
        LogTrackingRecorder.__init__(self, log)
        LogApplicationRecorder.__init__(self, log)

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """See `AggregateRecorder.insert_events`; `tracking` is recorded with them."""
        return self._insert(stored_events, kwargs.get("tracking"))


class LogSubscription(ListenNotifySubscription[LogApplicationRecorder]):
    """Follows the log; the library's part of it reads when it is woken."""

    def __init__(
        self,
        recorder: LogApplicationRecorder,
        log: SyncLog,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        # First, since the library's part may stop the subscription while it is being made.
        self._log = log
        super().__init__(recorder, gt, topics)
        log.add_follower(self._has_been_notified)

    def stop(self) -> None:
        """See `Subscription.stop`."""
        super().stop()
        self._log.remove_follower(self._has_been_notified)


def _stored_event(recorded: RecordedEvent) -> StoredEvent:
    return StoredEvent(**_values(recorded))


def _notification(recorded: RecordedEvent) -> Notification:
    return Notification(**_values(recorded), id=recorded.position)


def _values(recorded: RecordedEvent) -> dict[str, Any]:
    stream, _, version = recorded.event_id.rpartition("/")
    _, _, named = stream.partition(" ")
    _, state = opened(recorded)
    return {
        "originator_id": json.loads(named) if named.startswith('"') else UUID(named),
        "originator_version": int(version),
        "topic": recorded.type,
        "state": state,
    }


async def _events(
    session: Reading, *, query: Query, after: int = 0, limit: int | None = None
) -> list[RecordedEvent]:
    return [event async for event in read(session, query, after=after, limit=limit)]


async def _last(session: Reading, *, query: Query) -> int | None:
    """Return the position of the last event that matches."""
    # The log reads forward only. But whether anything matches past a position costs one look
    # at an index, so the end is found in thirty looks among a thousand million events.
    found, end = 0, await head(session)
    while found < end:
        middle = (found + end) // 2
        past = await _events(session, query=query, after=middle, limit=1)
        if past:
            found = past[0].position
        else:
            end = middle
    return found or None
