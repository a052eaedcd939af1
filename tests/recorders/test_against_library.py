"""Recorders on our log agree with the library's recorder in memory, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBRecorder
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import IntegrityError
from hypothesis import HealthCheck, given, settings

from epcis_repo.recorders.dcb import LogDCBRecorder
from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store.postgres import PostgresReading
from tests.conftest import new_part
from tests.store.test_against_library import Append, Read, steps, theirs


class FreshLogs:
    """Empty logs of one kind, as many as a property needs, one at a time."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._url = url
        self._monkeypatch = monkeypatch

    @contextmanager
    def __call__(self) -> Iterator[SyncLog]:
        part = new_part()
        self._monkeypatch.setattr(PostgresReading, "part", part)
        log = SyncLog(self._url.replace("epcis.db", f"epcis-{part}.db"))
        try:
            yield log
        finally:
            log.close()


@pytest.fixture
def fresh_log(store_url: str, monkeypatch: pytest.MonkeyPatch) -> FreshLogs:
    """What opens one more empty log, on each kind of store."""
    return FreshLogs(store_url, monkeypatch)


def told(recorder: DCBRecorder, story: Sequence[Append | Read]) -> list[object]:
    """All that a recorder answers to a story."""
    answers: list[object] = []
    for number, step in enumerate(story):
        if isinstance(step, Read):
            found = recorder.read(theirs(step.query), after=step.after, limit=step.limit)
            answers.append((list(found), found.head))
            continue
        events = [
            DCBEvent(kind, f"{number}-{index}\n".encode(), list(tags))
            for index, (kind, tags) in enumerate(step.events)
        ]
        condition = None
        if step.condition is not None:
            forbidden = theirs(step.condition.fail_if_events_match)
            condition = DCBAppendCondition(forbidden, after=step.condition.after)
        try:
            answers.append(recorder.append(events, condition))
        except IntegrityError:
            answers.append("refused")
    whole = recorder.read()
    return [*answers, list(whole), whole.head]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=steps)
def test_agrees(fresh_log: FreshLogs, story: list[Append | Read]) -> None:
    """
    Events with their tags, positions, heads and refusals are those of the library's own.
    """
    with fresh_log() as log:
        assert told(LogDCBRecorder(log), story) == told(InMemoryDCBRecorder(), story)
