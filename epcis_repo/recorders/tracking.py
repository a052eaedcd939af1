"""
How far an application is followed, kept in the same database as the log.

The table is made for the first who follows, whatever the log holds by then: it is nothing that
those who capture and ask need to know of.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from eventsourcing.persistence import Tracking, TrackingRecorder

from epcis_repo.errors import AppendConditionFailed
from epcis_repo.recorders import SCHEMA
from epcis_repo.recorders.appending import STATEMENTS, Appending, record
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store import EventData, EventStore, Reading


class LogTrackingRecorder(TrackingRecorder):
    """Records each position of an application once, and only forward."""

    def __init__(self, log: SyncLog) -> None:
        """`log` is whoever opened it to close."""
        self._log = log
        log.declare(SCHEMA)

    def insert_tracking(self, tracking: Tracking) -> None:
        """See `TrackingRecorder.insert_tracking`."""
        self._log.record((), tracking=tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        """See `TrackingRecorder.max_tracking_id`."""
        return self._log.read(partial(_position, application_name=application_name))


async def followed_until(session: Reading, name: str) -> int:
    """Return how far the log was followed by somebody of a name, 0 where it was not yet."""
    return await _position(session, application_name=name) or 0


async def follow(
    store: EventStore, name: str, position: int, events: Sequence[EventData], *, now: int
) -> bool:
    """
    Record what came of following the log as far as a position, all of it or nothing.

    Returns whether it did: nothing is recorded where somebody of that name was as far before.
    """
    tracking = Tracking(application_name=name, notification_id=position)
    try:
        await record(store, Appending(events, now, tracking=tracking))
    except AppendConditionFailed:
        return False
    return True


async def _position(session: Reading, *, application_name: str) -> int | None:
    rows = await session.fetch(STATEMENTS["select_tracking"], session.part, application_name)
    return int(rows[0][0]) if rows else None
