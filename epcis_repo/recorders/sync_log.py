"""
The log for callers that cannot await: its store runs on the loop of one thread of its own.

The library is synchronous, and whoever follows an application with it blocks a thread. All of
them share this one loop, each waiting for its own answer.

Followers of the log are woken by every append that is made here. Others append, too: a capture
of the server, another process. So while somebody follows, the head of the log is read ten times
a second, and when it has moved all are woken. They read on from the last position that they
saw; positions are gapless and in commit order, so that misses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event, Lock, Thread, current_thread
from typing import Any, TypeVar

from eventsourcing import persistence

from epcis_repo.clock import clock
from epcis_repo.errors import AppendConditionFailed, EpcisError, StoreUnavailableError
from epcis_repo.evidence.operations import prepare
from epcis_repo.recorders.appending import Appending, record
from epcis_repo.store import (
    AppendCondition,
    EventData,
    EventStore,
    Reading,
    RecordedEvent,
    Schema,
    open_store,
)
from epcis_repo.store.log import head
from epcis_repo.store.migrations import missing, run

T = TypeVar("T")

POLL_SECONDS = 0.1

# What the library calls an error of ours. The first that fits counts.
_MEANINGS: tuple[tuple[type[EpcisError], type[persistence.PersistenceError]], ...] = (
    (AppendConditionFailed, persistence.IntegrityError),
    (StoreUnavailableError, persistence.OperationalError),
    (EpcisError, persistence.DatabaseError),
)


class SyncLog:
    """The log of the store at an address, for any thread but its own."""

    def __init__(
        self, url: str, *, clock: Callable[[], int] = clock, poll_seconds: float = POLL_SECONDS
    ) -> None:
        """Open the store, create what is not there yet, and keep it open until `close`."""
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._followers: set[Event] = set()
        self._polling: Future[None] | None = None
        self._lock = Lock()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="log", daemon=True)
        self._thread.start()
        try:
            self._store = self._run(_opened(url))
        except BaseException:
            self._closed = True
            self._stop()
            raise

    def read(self, work: Callable[[Reading], Coroutine[Any, Any, T]]) -> T:
        """Return what `work` finds in a consistent view of the database."""
        return self._run(self._read(work))

    def declare(self, schema: Schema) -> None:
        """Create tables that a recorder needs besides the log, unless they are there."""
        self._run(self._declare(schema))

    def record(
        self,
        events: Sequence[EventData],
        *,
        condition: AppendCondition | None = None,
        tracking: persistence.Tracking | None = None,
    ) -> Sequence[RecordedEvent]:
        """Record `events` as `appending.record` does, and wake whoever follows."""
        appending = Appending(events, self._clock(), condition, tracking)
        recorded = self._run(record(self._store, appending))
        self._wake()
        return recorded

    def add_follower(self, wake_up: Event) -> None:
        """Set `wake_up` now, and whenever the log may have grown."""
        with self._lock:
            self._followers.add(wake_up)
            if self._polling is None and not self._closed:
                self._polling = asyncio.run_coroutine_threadsafe(self._poll(), self._loop)
        # What was recorded since he read last, and before he was known here, woke nobody.
        wake_up.set()

    def remove_follower(self, wake_up: Event) -> None:
        """Leave `wake_up` alone from now on."""
        with self._lock:
            self._followers.discard(wake_up)
            if not self._followers:
                self._rest()

    def close(self) -> None:
        """Let go of the store. The log cannot be used afterwards; who follows it hears so."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._rest()
            finished = asyncio.run_coroutine_threadsafe(self._finish(), self._loop)
        finished.result()
        self._stop()
        self._wake()

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        with self._lock:
            if self._closed or current_thread() is self._thread:
                coroutine.close()
                raise persistence.InterfaceError(
                    "the log is closed, or called from its own thread, which would wait for itself"
                )
            answer = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        with _in_words_of_the_library():
            return answer.result()

    async def _read(self, work: Callable[[Reading], Coroutine[Any, Any, T]]) -> T:
        async with self._store.reading() as session:
            return await work(session)

    async def _declare(self, schema: Schema) -> None:
        async with self._store.altering() as session:
            await run(session, await missing(session, [schema]))

    async def _poll(self) -> None:
        last: int | None = None
        while True:
            try:
                async with self._store.reading(snapshot=False) as session:
                    position = await head(session)
            except Exception:  # noqa: BLE001 - whoever is woken reads for himself, and hears of it
                position = None
            if position is None or position != last:
                last = position
                self._wake()
            await asyncio.sleep(self._poll_seconds)

    def _wake(self) -> None:
        with self._lock:
            for wake_up in self._followers:
                wake_up.set()

    def _rest(self) -> None:
        if self._polling is not None:
            self._polling.cancel()
            self._polling = None

    async def _finish(self) -> None:
        await self._store.close()
        # Who asked at the last moment is not left waiting for a loop that has stopped.
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for other in others:
            other.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _opened(url: str) -> EventStore:
    store = open_store(url)
    try:
        await prepare(store)
    except BaseException:
        await store.close()
        raise
    return store


@contextmanager
def _in_words_of_the_library() -> Iterator[None]:
    try:
        yield
    except EpcisError as error:
        meaning = next(theirs for ours, theirs in _MEANINGS if isinstance(error, ours))
        raise meaning(str(error)) from error
