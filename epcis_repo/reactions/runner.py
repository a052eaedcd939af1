"""
Who holds what comes in against the rules, in a process: until it is cancelled.

To judge computes for as long as to capture. So it is done on a thread of its own, by a store of its
own, and requests are answered meanwhile. While others capture it works a quarter of the time, and
comes some way behind; then it does all that is left.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.exceptions import Watched
from epcis_repo.reactions.following import judge_in_time, judge_next, last_captured
from epcis_repo.store import EventStore

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5
# While others capture it rests for so many times as long as it has worked: of two processes that
# judge for half of the time, small documents took a tenth more.
_REST = 3
# Where another process is ahead, it is left to that one for a while.
_AHEAD_SECONDS = 5.0
_RETRY_SECONDS = 5.0
# Whoever waits to be stopped waits so long at most, but for the page that is looked at.
_STEP_SECONDS = 0.1


class Judge:
    """Judges what is captured in a store that `opened` opens."""

    def __init__(self, opened: Callable[[], EventStore], *, clock: Callable[[], int]) -> None:
        self._opened = opened
        self._clock = clock

    async def run(self) -> None:
        """Judge."""
        stop = threading.Event()
        with ThreadPoolExecutor(1, thread_name_prefix="judge") as thread:
            work = asyncio.get_running_loop().run_in_executor(thread, self._run, stop)
            try:
                await asyncio.shield(work)
            finally:
                # Its store is closed before anybody takes the database away.
                stop.set()
                await asyncio.wait([work])

    def _run(self, stop: threading.Event) -> None:
        asyncio.run(self._judge(stop))

    async def _judge(self, stop: threading.Event) -> None:
        store, watched = self._opened(), Watched()
        try:
            while not stop.is_set():
                try:
                    pause = await self._look(store, watched)
                except StoreUnavailableError as error:
                    _log.warning("what was captured waits to be judged: %s", error)
                    pause = _RETRY_SECONDS
                while pause > 0 and not stop.is_set():
                    await asyncio.sleep(min(pause, _STEP_SECONDS))
                    pause -= _STEP_SECONDS
        finally:
            await store.close()

    async def _look(self, store: EventStore, watched: Watched) -> float:
        """Judge what is next, and return how long there is nothing to do, or others go first."""
        started, before = time.monotonic(), await last_captured(store)
        for judge in (partial(judge_next, store, watched), partial(judge_in_time, store)):
            done = await judge(now=self._clock())
            if done:
                is_idle = await last_captured(store) == before
                return 0 if is_idle else _REST * (time.monotonic() - started)
            if done is None:
                return _AHEAD_SECONDS
        return _LOOK_SECONDS
