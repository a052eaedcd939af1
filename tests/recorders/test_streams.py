"""Streams of aggregates on the one log, and how far an application is followed."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.streams import (
    LogAggregateRecorder,
    LogApplicationRecorder,
    LogProcessRecorder,
)
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store import open_store
from tests.operations.reports import PACK, commissioned, report

SOMEBODY = UUID("7f3cd1a2-2b1e-4c57-9b5c-0a4f6f1d2e3c")


def opened(originator_id: UUID | str, version: int = 1, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(originator_id, version, "Opened", state)


async def captured_at(url: str) -> None:
    """Capture an event, which brings a receipt after it."""
    store = open_store(url)
    await report(store, commissioned(1, PACK))
    await store.close()


class TestStreams:
    @pytest.mark.parametrize(
        "originator_id",
        [SOMEBODY, str(SOMEBODY), "two words", 'q"/1', "\x00\ud800", ""],
        ids=["UUID", "its text", "words", "marks", "what no database takes", "nothing"],
    )
    def test_have_any_name(self, log: SyncLog, originator_id: UUID | str) -> None:
        """
        The identifier of an aggregate comes back as what it was, a UUID or a text.
        """
        event = opened(originator_id, 3, b"any\nbytes\xff")
        recorder = LogApplicationRecorder(log)

        recorder.insert_events([event])

        [found] = recorder.select_notifications(None, 10)
        assert (found.originator_id, found.originator_version) == (originator_id, 3)
        assert recorder.select_events(originator_id) == [event]

    def test_of_a_uuid_and_of_its_text_are_two(self, log: SyncLog) -> None:
        """
        Two aggregates have no stream in common, however alike their names look.
        """
        recorder = LogApplicationRecorder(log)
        recorder.insert_events([opened(SOMEBODY)])

        recorder.insert_events([opened(str(SOMEBODY))])

        assert recorder.select_events(SOMEBODY) == [opened(SOMEBODY)]

    def test_of_snapshots_are_no_events(self, log: SyncLog) -> None:
        """
        A snapshot has the name and version of an event, and is in nobody's way.
        """
        events, snapshots = LogApplicationRecorder(log), LogAggregateRecorder(log, "snapshots")
        events.insert_events([opened(SOMEBODY)])

        snapshots.insert_events([opened(SOMEBODY, 1, b"snapshot")])

        assert events.select_events(SOMEBODY) == [opened(SOMEBODY)]
        assert snapshots.select_events(SOMEBODY) == [opened(SOMEBODY, 1, b"snapshot")]
        assert events.max_notification_id() == 1

    def test_leave_out_what_others_record(self, log: SyncLog, store_url: str) -> None:
        """
        The last notification is the last event of a stream, not that of the log.
        """
        recorder = LogApplicationRecorder(log)
        asyncio.run(captured_at(store_url))
        assert recorder.max_notification_id() is None
        assert recorder.insert_events([opened(SOMEBODY)]) == [3]
        asyncio.run(captured_at(store_url))

        recorder.insert_events([opened(SOMEBODY, 2)])
        LogAggregateRecorder(log, "snapshots").insert_events([opened(SOMEBODY, 2)])

        found = recorder.select_notifications(1, 10)
        assert [notification.id for notification in found] == [3, 4]
        assert recorder.max_notification_id() == 4

    @settings(
        max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(st.lists(st.booleans(), min_size=1, max_size=12))
    def test_end_where_the_last_event_is(self, log: SyncLog, story: list[bool]) -> None:
        """
        However streams and others take turns, the last notification is found.
        """
        streams, others = LogApplicationRecorder(log), LogAggregateRecorder(log, "others")
        last = streams.max_notification_id()
        for ours in story:
            recorder = streams if ours else others
            ids = recorder.insert_events([opened(uuid4())])
            last = last if ids is None else ids[-1]

        assert streams.max_notification_id() == last

    def test_are_read_by_type_and_tag_like_all_else(self, log: SyncLog) -> None:
        """
        Whoever reads the whole log meets the events of streams, with their states.
        """
        LogApplicationRecorder(log).insert_events([opened(SOMEBODY, 1, b"state")])

        [found] = LogDCBRecorder(log).read()

        assert (found.event.type, found.event.data) == ("Opened", b"state")
        assert found.event.tags == [f"events {SOMEBODY}", "stored events"]


class TestProcessing:
    def test_is_recorded_with_what_came_of_it_or_not_at_all(self, log: SyncLog) -> None:
        """
        Neither an event that is there already nor a position that was reached leaves half.
        """
        recorder = LogProcessRecorder(log)
        recorder.insert_events([opened(SOMEBODY)], tracking=Tracking("upstream", 5))

        with pytest.raises(IntegrityError):
            recorder.insert_events([opened(SOMEBODY)], tracking=Tracking("upstream", 6))
        with pytest.raises(IntegrityError):
            recorder.insert_events([opened(SOMEBODY, 2)], tracking=Tracking("upstream", 5))

        assert recorder.max_tracking_id("upstream") == 5
        assert recorder.select_events(SOMEBODY) == [opened(SOMEBODY)]

    def test_reaches_a_position_once_in_all_processes(self, log: SyncLog, store_url: str) -> None:
        """
        Two who process the same event do not both record what comes of it.
        """
        other = SyncLog(store_url)
        LogProcessRecorder(log).insert_events([opened("a")], tracking=Tracking("upstream", 1))

        with pytest.raises(IntegrityError, match="followed as far as 1"):
            LogProcessRecorder(other).insert_events([opened("b")], tracking=Tracking("upstream", 1))

        other.close()
