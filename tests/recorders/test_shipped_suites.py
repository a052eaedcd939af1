"""What the library ships to test recorders with, run on ours, on both stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import TestCase, defaultTestLoader

import pytest
from eventsourcing.dcb import tests as dcb
from eventsourcing.dcb.api import DCBEvent
from eventsourcing.persistence import Recorder
from eventsourcing.tests import application, persistence
from eventsourcing.utils import Environment, get_topic

from epcis_repo.recorders import factory
from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.streams import (
    LogAggregateRecorder,
    LogApplicationRecorder,
    LogProcessRecorder,
)
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.recorders.tracking import LogTrackingRecorder

SUITES: dict[type[TestCase], Callable[[SyncLog], Recorder]] = {
    persistence.AggregateRecorderTestCase: LogAggregateRecorder,
    persistence.ApplicationRecorderTestCase: LogApplicationRecorder,
    persistence.NonInterleavingNotificationIDsBaseCase: LogApplicationRecorder,
    persistence.TrackingRecorderTestCase: LogTrackingRecorder,
    persistence.ProcessRecorderTestCase: LogProcessRecorder,
}
# Prints how fast it was and asserts nothing.
MEASURES = "test_performance"


def shipped() -> list[Any]:
    """Each test of each suite, and the one that is only for recorders with subscriptions."""
    rows = [
        (suite, name)
        for suite in SUITES
        for name in defaultTestLoader.getTestCaseNames(suite)
        if name != MEASURES
    ]
    rows.append((persistence.ApplicationRecorderTestCase, "optional_test_insert_subscribe"))
    return [pytest.param(*row, id=f"{row[0].__name__}: {row[1]}") for row in rows]


@pytest.mark.parametrize(("suite", "name"), shipped())
def test_recorders(log: SyncLog, suite: type[TestCase], name: str) -> None:
    """
    A recorder of ours does what the library expects of any.
    """
    case = type(suite.__name__, (suite,), {"create_recorder": lambda _: SUITES[suite](log)})

    case(name).debug()


class TestDCBRecorder:
    @pytest.mark.parametrize("before", [0, 3])
    def test_appends_and_reads(self, log: SyncLog, before: int) -> None:
        """
        Events are read, and refused, by type and tags, wherever in the log they stand.
        """
        recorder = LogDCBRecorder(log)
        for _ in range(before):
            recorder.append([DCBEvent("Noted", b"", ["x"])])

        dcb.DCBRecorderTestCase()._test_append_read(recorder, initial_position=before)

    def test_subscribes(self, log: SyncLog) -> None:
        """
        A subscription goes on with what is appended while it waits.
        """
        dcb.DCBRecorderTestCase()._test_append_subscribe(LogDCBRecorder(log))


class LifeTrackingRecorder(LogTrackingRecorder):
    """A view that somebody has made."""


FACTORIES: dict[str, Any] = {
    "expected_factory_class": factory.LogFactory,
    "expected_aggregate_recorder_class": LogAggregateRecorder,
    "expected_application_recorder_class": LogApplicationRecorder,
    "expected_tracking_recorder_class": LogTrackingRecorder,
    "tracking_recorder_subclass": LifeTrackingRecorder,
    "expected_process_recorder_class": LogProcessRecorder,
}


@pytest.mark.parametrize(
    "name", defaultTestLoader.getTestCaseNames(persistence.InfrastructureFactoryTestCase)
)
def test_factory(store_url: str, name: str) -> None:
    """
    The library finds our factory by the name of its module, and has all recorders from it.
    """
    env = {"PERSISTENCE_MODULE": factory.__name__, "EPCIS_REPO_DB": store_url}
    answers = {method: lambda _, found=found: found for method, found in FACTORIES.items()}
    suite = persistence.InfrastructureFactoryTestCase
    case = type("Factory", (suite,), {"env": Environment("Test", env), **answers})

    case(name).debug()


def test_application(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The library's example, aggregates with snapshots, runs unchanged on our log.
    """
    monkeypatch.setenv("PERSISTENCE_MODULE", factory.__name__)
    monkeypatch.setenv("EPCIS_REPO_DB", store_url)
    suite = application.ExampleApplicationTestCase
    case = type("Example", (suite,), {"expected_factory_topic": get_topic(factory.LogFactory)})

    case("test_example_application").debug()
