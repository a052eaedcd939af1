"""Capture jobs of a server that is killed: each is done once, by whoever starts next."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path

import pytest

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.store import open_store
from epcis_repo.store.log import read
from tests.cli.test_server import Process, server
from tests.operations.mixtures import JSON, as_json, event

EVENTS = 2_000
ENDS_SECONDS_MAX = 60.0
ASYNC = {"Content-Type": JSON, "Prefer": "respond-async"}
PROCEED = {"GS1-Capture-Error-Behaviour": "proceed"}
# One in a hundred is bad.
BODY = as_json([event(n, action="ADD" if n % 100 else "LOOK") for n in range(EVENTS)])


def submitted(process: Process) -> str:
    """Where the job is of the document that was handed in."""
    answer = process.client.post("/epcis/capture", content=BODY, headers=ASYNC | PROCEED)
    assert answer.status_code == 202, answer.text
    assert answer.json()["running"]
    location: str = answer.headers["Location"]
    return location


def types_in(url: str) -> list[str]:
    """The types of all events of the log, which must be what was recorded."""

    async def look() -> list[str]:
        store = open_store(url)
        try:
            assert (await check_integrity(store, None)).altered == 0
            async with store.reading() as session:
                return [e.type async for e in read(session)]
        finally:
            await store.close()

    return asyncio.run(look())


class TestAJobThatRuns:
    # At once, while the job runs, and when it may have ended.
    @pytest.mark.parametrize("seconds", [0.0, 0.3, 1.0])
    def test_survives_a_kill(self, store_url: str, tmp_path: Path, seconds: float) -> None:
        """
        Whenever the process dies, the next one ends the job, and every event is there once.
        """
        with server("--db", store_url, log=tmp_path / "first") as first:
            location = submitted(first)
            time.sleep(seconds)
            first.stop(signal.SIGKILL)
        with server("--db", store_url, log=tmp_path / "second") as second:
            deadline = time.monotonic() + ENDS_SECONDS_MAX
            while (value := second.client.get(location).json())["running"]:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            [listed] = second.client.get("/epcis/capture").json()
            assert second.stop() == (0, b"")
            assert "Traceback" not in second.words

        bad = EVENTS // 100
        assert (value["events"], value["recorded"], value["failed"]) == (EVENTS, EVENTS - bad, bad)
        assert [error["event"] for error in value["errors"]] == list(range(1, EVENTS, 100))
        assert listed == value
        assert types_in(store_url) == [
            "CaptureSubmitted",
            *["ObjectEvent"] * (EVENTS - bad),
            "DocumentCaptured",
            "CaptureFinished",
        ]

    def test_is_left_to_the_next_when_the_server_is_stopped(
        self, sqlite_url: str, tmp_path: Path
    ) -> None:
        """
        SIGTERM does not wait for a job, nor does it hurt one.
        """
        with server("--db", sqlite_url, log=tmp_path / "first") as first:
            location = submitted(first)
            assert first.stop() == (0, b"")
            assert "Traceback" not in first.words
        with server("--db", sqlite_url, log=tmp_path / "second") as second:
            deadline = time.monotonic() + ENDS_SECONDS_MAX
            while second.client.get(location).json()["running"]:
                assert time.monotonic() < deadline
                time.sleep(0.05)

        assert types_in(sqlite_url).count("ObjectEvent") == EVENTS - EVENTS // 100
