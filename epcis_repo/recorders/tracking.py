"""
How far an application is followed, kept in the same database as the log.

The table is made for the first who follows, whatever the log holds by then: it is nothing that
those who capture and ask need to know of.
"""

from __future__ import annotations

from functools import partial

from eventsourcing.persistence import Tracking, TrackingRecorder

from epcis_repo.recorders import SCHEMA
from epcis_repo.recorders.appending import STATEMENTS
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store import Reading


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


async def _position(session: Reading, *, application_name: str) -> int | None:
    rows = await session.fetch(STATEMENTS["select_tracking"], session.part, application_name)
    return int(rows[0][0]) if rows else None
