"""
The library's recorder for dynamic consistency boundaries, on our log.

Events of others are read with the rest: those of EPCIS and the receipts of captures, whose data
is what the log has, and whose tags come from it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from functools import partial

from eventsourcing.dcb.api import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBReadResponse,
    DCBRecorder,
    DCBSequencedEvent,
)
from eventsourcing.dcb.persistence import DCBListenNotifySubscription
from eventsourcing.persistence import ProgrammingError

from epcis_repo.evidence.tags import captured_tags
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store import (
    AppendCondition,
    EventData,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
)
from epcis_repo.store.envelope import enveloped, opened
from epcis_repo.store.log import head, read

_PAGE = 1_000


class LogDCBRecorder(DCBRecorder):
    """Reads and appends events by type and tags."""

    def __init__(self, log: SyncLog) -> None:
        """`log` is whoever opened it to close."""
        self._log = log

    def read(
        self,
        query: DCBQuery | None = None,
        *,
        after: int | None = None,
        limit: int | None = None,
    ) -> DCBReadResponse:
        """
        See `DCBRecorder.read`. Without a limit, events are fetched as they are asked for, as
        far as the head was at first.
        """
        asked, start = _query(query), after or 0
        if limit is None:
            until = self._log.read(head)
            return _Answer(self._pages(asked, start, until), until or None)
        page = self._log.read(partial(_page, query=asked, after=start, limit=limit))
        return _Answer(iter(page), page[-1].position if page else None)

    def append(
        self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None
    ) -> int:
        """See `DCBRecorder.append`."""
        if not events:
            raise ProgrammingError("an append has at least one event")
        recorded = self._log.record(
            [event_data(event) for event in events],
            condition=None
            if condition is None
            else AppendCondition(_query(condition.fail_if_events_match), condition.after or 0),
        )
        return recorded[-1].position

    def subscribe(
        self, query: DCBQuery | None = None, *, after: int | None = None
    ) -> LogDCBSubscription:
        """See `DCBRecorder.subscribe`."""
        return LogDCBSubscription(self, self._log, query, after)

    def _pages(self, query: Query, after: int, until: int) -> Iterator[DCBSequencedEvent]:
        while after < until:
            page = self._log.read(partial(_page, query=query, after=after, limit=_PAGE))
            yield from (event for event in page if event.position <= until)
            if len(page) < _PAGE:
                return
            after = page[-1].position


class LogDCBSubscription(DCBListenNotifySubscription[LogDCBRecorder]):
    """Follows the log; the library's part of it reads when it is woken."""

    def __init__(
        self,
        recorder: LogDCBRecorder,
        log: SyncLog,
        query: DCBQuery | None = None,
        after: int | None = None,
    ) -> None:
        # First, since the library's part may stop the subscription while it is being made.
        self._log = log
        super().__init__(recorder, query, after)
        log.add_follower(self._has_been_notified)

    def stop(self) -> None:
        """See `DCBSubscription.stop`."""
        super().stop()
        self._log.remove_follower(self._has_been_notified)


class _Answer(DCBReadResponse):
    def __init__(self, events: Iterator[DCBSequencedEvent], head: int | None) -> None:
        self._events = events
        self._head = head

    @property
    def head(self) -> int | None:
        return self._head

    def __next__(self) -> DCBSequencedEvent:
        return next(self._events)


def event_data(event: DCBEvent) -> EventData:
    """Return the event as the log takes it, under an identity of its own."""
    return enveloped(EventData(event.type, uuid.uuid4().urn, event.data, tuple(event.tags)))


def dcb_event(recorded: RecordedEvent) -> DCBEvent:
    """Return the event that `recorded` is, with its tags."""
    tags, data = captured_tags(recorded), recorded.data
    if tags is None:
        tags, data = opened(recorded)
    return DCBEvent(recorded.type, data, list(tags))


async def _page(
    session: Reading, *, query: Query, after: int, limit: int
) -> list[DCBSequencedEvent]:
    return [
        DCBSequencedEvent(dcb_event(recorded), recorded.position)
        async for recorded in read(session, query, after=after, limit=limit)
    ]


def _query(query: DCBQuery | None) -> Query:
    items = () if query is None else query.items
    return Query(tuple(QueryItem(tuple(item.types), tuple(item.tags)) for item in items))
