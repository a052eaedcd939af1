"""The thread that has the log's loop: who may call it, and what he hears."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from threading import Event

import pytest
from eventsourcing.dcb.api import DCBEvent
from eventsourcing.persistence import InterfaceError, OperationalError

from epcis_repo.errors import SettingsError
from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.factory import LogFactory
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store import Reading
from epcis_repo.store.log import head
from tests.recorders.packing import following


class TestCalling:
    def test_a_log_that_is_closed_is_refused(self, store_url: str) -> None:
        """
        A closed log answers nothing, and may be closed once more.
        """
        log = SyncLog(store_url)
        log.close()
        log.close()

        with pytest.raises(InterfaceError):
            log.read(head)

    def test_from_its_own_thread_is_refused(self, log: SyncLog) -> None:
        """
        What would wait for itself for ever is told so instead.
        """

        async def read_within(_session: Reading) -> int:
            return log.read(head)

        with pytest.raises(InterfaceError):
            log.read(read_within)

        assert log.read(head) == 0

    def test_errors_are_in_the_words_of_the_library(self, log: SyncLog) -> None:
        """
        Whoever handles the library's errors handles ours.
        """
        with pytest.raises(OperationalError, match="does not exist: create it"):
            SyncLog("sqlite:///nowhere/at/all.db")

    def test_a_log_that_cannot_be_opened_leaves_no_thread(self) -> None:
        """
        What fails to open is gone.
        """
        before = threading.active_count()

        with pytest.raises(OperationalError):
            SyncLog("sqlite:///nowhere/at/all.db")

        assert threading.active_count() == before

    def test_a_factory_without_a_database_says_so(self) -> None:
        """
        No database is made up where none was named.
        """
        with pytest.raises(SettingsError, match="EPCIS_REPO_DB"):
            LogFactory({})


class TestFollowing:
    def test_the_head_is_read_while_somebody_follows(self, log: SyncLog) -> None:
        """
        Nobody asks the database how far the log is when nobody wants to know.
        """
        polling = [log._polling]
        with LogDCBRecorder(log).subscribe(), LogDCBRecorder(log).subscribe():
            polling.append(log._polling)
        polling.append(log._polling)

        assert [state is not None for state in polling] == [False, True, False]

    def test_a_follower_is_woken_when_he_comes(self, log: SyncLog) -> None:
        """
        What was recorded between his last look and his coming is not left for later.
        """
        wake_up = Event()

        log.add_follower(wake_up)

        assert wake_up.is_set()
        log.remove_follower(wake_up)

    def test_an_append_wakes_those_who_follow(self, store_url: str) -> None:
        """
        Who follows where others append need not wait for a look at the head.
        """
        with closing(SyncLog(store_url, poll_seconds=3600)) as log:
            recorder = LogDCBRecorder(log)
            with following(recorder.subscribe(), 3) as seen:
                for _ in range(3):
                    recorder.append([DCBEvent("Noted", b"")])

                assert [event.position for event in seen.result(timeout=60)] == [1, 2, 3]

    def test_a_follower_hears_when_the_log_is_closed(self, store_url: str) -> None:
        """
        Who waits for what will never come is told, rather than left waiting.
        """
        log = SyncLog(store_url, poll_seconds=3600)
        recorder = LogDCBRecorder(log)
        with following(recorder.subscribe(), 2) as seen:
            recorder.append([DCBEvent("Noted", b"")])
            # Until he has looked for the last time, and waits.
            time.sleep(0.5)

            log.close()

            with pytest.raises(InterfaceError):
                seen.result(timeout=60)
