"""Work without an end goes on after an error, and somebody can read of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from epcis_repo.supervisor import PAUSE_SECONDS_MAX, PAUSE_SECONDS_MIN, keep_up
from tests.rest.serving import serving


class Time:
    """Simulated time, and how long somebody has slept each time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def clock(self) -> float:
        return self.now


def failing(times: int, time: Time, *, after: float = 0.0) -> Callable[[], Awaitable[None]]:
    """Work that fails so many times, each after a while, and then ends."""
    left = [times]

    async def work() -> None:
        time.now += after
        if left[0]:
            left[0] -= 1
            raise RuntimeError("nobody foresaw this")

    return work


class TestWorkThatFails:
    async def test_begins_again(self, caplog: pytest.LogCaptureFixture) -> None:
        """
        Each error is logged with what it was, and the work begun again.
        """
        time = Time()

        await keep_up("the work", failing(2, time), sleep=time.sleep, clock=time.clock)

        assert len(time.pauses) == 2
        assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
        assert caplog.text.count("the work ended by an error") == 2
        assert caplog.text.count("\nRuntimeError: nobody foresaw this") == 2

    async def test_is_left_alone_for_longer_and_longer(self) -> None:
        """
        The pause is doubled each time, up to the longest.
        """
        time = Time()

        await keep_up("the work", failing(12, time), sleep=time.sleep, clock=time.clock)

        assert time.pauses[:4] == [PAUSE_SECONDS_MIN * factor for factor in (1, 2, 4, 8)]
        assert time.pauses[-1] == max(time.pauses) == PAUSE_SECONDS_MAX

    async def test_after_a_long_time_begins_with_a_short_pause(self) -> None:
        """
        What fails once a day is not kept waiting for what it did last month.
        """
        time = Time()
        work = failing(5, time, after=PAUSE_SECONDS_MAX)

        await keep_up("the work", work, sleep=time.sleep, clock=time.clock)

        assert time.pauses == [PAUSE_SECONDS_MIN] * 5


class TestWork:
    async def test_that_is_cancelled_ends(self) -> None:
        """
        Who stops the work is not taken for an error.
        """
        began = asyncio.Event()

        async def work() -> None:
            began.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(keep_up("the work", work))
        await began.wait()
        task.cancel()
        await asyncio.wait([task])

        assert task.cancelled()

    async def test_that_ends_by_itself_is_over(self) -> None:
        """
        What has come to its end is not begun again.
        """
        time = Time()

        await keep_up("the work", failing(0, time), sleep=time.sleep, clock=time.clock)

        assert time.pauses == []


class TestTheServer:
    @pytest.mark.parametrize("work", ["keep_merged", "keep_hashed"])
    def test_keeps_up_what_goes_on_behind_the_requests(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch, work: str
    ) -> None:
        """
        What ends by an error while the server runs is begun again.
        """
        begun = threading.Semaphore(0)

        async def fail(*_: object, **__: object) -> None:
            begun.release()
            raise RuntimeError("nobody foresaw this")

        monkeypatch.setattr(f"epcis_repo.app.{work}", fail)
        monkeypatch.setattr("epcis_repo.supervisor.PAUSE_SECONDS_MIN", 0.01)
        with serving(sqlite_url):
            for _ in range(3):
                assert begun.acquire(timeout=30)
