"""Who runs the jobs of a process: one after the other, in the order in which they came."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from epcis_repo.capture_jobs.operations import run, unended
from epcis_repo.errors import StoreBusyError, StoreUnavailableError
from epcis_repo.operations.preparing import Door
from epcis_repo.store import EventStore

T = TypeVar("T")

WAITING_MAX = 100
RETRY_SECONDS = 5.0

_log = logging.getLogger(__name__)


class Runner:
    """
    Runs jobs until it is cancelled.

    First come those that a process before this one has not ended. Where several start at once,
    each of them runs these: what one has ended, the others leave alone.
    """

    def __init__(
        self,
        store: EventStore,
        *,
        clock: Callable[[], int],
        events_max: int | None = None,
        door: Door | None = None,
    ) -> None:
        self._store = store
        self._door = door
        self._clock = clock
        self._events_max = events_max
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    def refuse_more(self) -> None:
        """Raise `StoreBusyError` when so many jobs wait that no other should."""
        if self._waiting.qsize() >= WAITING_MAX:
            raise StoreBusyError(waiting=self._waiting.qsize())

    def add(self, capture_id: str) -> None:
        """Have a job run when those before it have ended."""
        self._waiting.put_nowait(capture_id)

    async def run(self) -> None:
        """Run the jobs."""
        for capture_id in await self._patiently(lambda: unended(self._store)):
            await self._run(capture_id)
        while True:
            await self._run(await self._waiting.get())

    async def _run(self, capture_id: str) -> None:
        try:
            await self._patiently(
                lambda: run(
                    self._store,
                    capture_id,
                    clock=self._clock,
                    events_max=self._events_max,
                    door=self._door,
                )
            )
        except Exception:  # noqa: BLE001 - whatever it is, it is of this one
            # The others are not to wait for it. It runs on, as far as anybody knows, and is run
            # again after a restart.
            _log.exception("the capture job %s was not ended", capture_id)

    async def _patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` as soon as the store lets it be done."""
        while True:
            try:
                return await work()
            except StoreUnavailableError as error:
                _log.warning("capture jobs wait: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
