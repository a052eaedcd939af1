"""
Who delivers: everything that is due to subscribers, in order for each of them.

A subscription has at most one page of what it is to be told in the outbox, and the first of that is
what is attempted; what comes after it is in the log still. So a receiver that is down for a week
costs one row, and whatever was captured meanwhile is found when it is up.

Subscriptions do not wait for each other: each has a task of its own. Several processes may deliver
at once: who has the lease of a delivery attempts it.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol

from epcis_repo.errors import ArchivedError, StoreUnavailableError
from epcis_repo.ledger import Signer
from epcis_repo.model.times import utc_text
from epcis_repo.recorders.decisions import decide, decisions
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from epcis_repo.subscriptions import outbox
from epcis_repo.subscriptions.events import DeliveryDeadLettered
from epcis_repo.subscriptions.message import message_of
from epcis_repo.subscriptions.outbox import Delivery, Failed, Lease, Progress, Taken
from epcis_repo.subscriptions.retries import pause_after
from epcis_repo.subscriptions.rules import AdvanceDelivery, Subscription, about, advance
from epcis_repo.subscriptions.runs import next_step, rows_of
from epcis_repo.subscriptions.sending import TIMEOUT_SECONDS, Outcome
from epcis_repo.subscriptions.signing import signed_headers
from epcis_repo.supervisor import keep_up

_log = logging.getLogger(__name__)

# Longer than an attempt can take, so that nobody else takes over from who is still at it; who is
# killed in the midst of one has his subscriber wait so long.
LEASE_SECONDS = TIMEOUT_SECONDS + 10
_LOOK_SECONDS = 0.25
_LOOK_SECONDS_IDLE = 1.0
_RETRY_SECONDS = 5.0
# Whatever somebody waits for, he looks again after so many seconds.
_WAIT_SECONDS_MAX = 60.0
# What was looked at in vain is looked at again after a restart: not more than so much of the log.
_UNSAID_MAX = 10_000
_TOO_LARGE = 413


class Post(Protocol):
    """Brings a body to an address and says what came of it (`Sender.post`)."""

    def __call__(
        self, dest: str, body: bytes, headers: dict[str, str], *, now: int
    ) -> Awaitable[Outcome]: ...


class Deliveries:
    """
    Delivers what is due to one subscription, step by step.

    Each step is of a moment that is given, so an hour takes as long as somebody says.
    """

    def __init__(
        self,
        store: EventStore,
        subscription: Subscription,
        *,
        since: int,
        post: Post,
        signer: Callable[[], Signer],
        clock: Callable[[], int],
        owner: str,
    ) -> None:
        """
        `since` is where in the log the subscription began, `owner` is who takes leases; `signer`
        gives the key when there is something to sign.
        """
        self._store = store
        self._subscription = subscription
        self._since = since
        self._post = post
        self._signer = signer
        self._clock = clock
        self._owner = owner
        # How far the log was looked at without finding anything.
        self._looked_at = 0

    async def step(self) -> int | None:
        """
        Do what is to be done at this moment.

        Return when there is something to do again, None when that is when the log has grown.
        """
        subscription_id = self._subscription.subscription_id
        async with self._store.reading() as session:
            progress = await outbox.progress_of(session, subscription_id)
            delivery = await outbox.first_delivery(session, subscription_id)
        if progress is None or progress.since != self._since:
            # It has ended, and its name may be that of another.
            return None
        now = self._clock()
        if delivery is None:
            return await self._look_for_more(progress, now=now)
        if now < delivery.due:
            return delivery.due
        if now < delivery.leased_until and delivery.leased_by != self._owner:
            return delivery.leased_until
        until = now + int(LEASE_SECONDS * 1_000_000)
        name, number = self._subscription.query_name, delivery.number
        wanted = Lease(progress, name, number, self._owner, until, now)
        leased = await outbox.lease(self._store, wanted)
        if leased is not None:
            await self._attempt(leased, progress)
        return self._clock() + (0 if leased else int(_RETRY_SECONDS * 1_000_000))

    async def _look_for_more(self, progress: Progress, *, now: int) -> int | None:
        known = progress._replace(position=max(progress.position, self._looked_at))
        is_stream = self._subscription.is_stream
        found = await next_step(
            self._store, self._subscription, known if is_stream else progress, now=now
        )
        if found is None:
            return None if is_stream else progress.due
        if is_stream and not found.contents:
            self._looked_at = found.position
            if found.position - progress.position < _UNSAID_MAX:
                return now
        await outbox.advance(self._store, found._replace(before=progress))
        return now

    async def _attempt(self, delivery: Delivery, progress: Progress) -> None:
        try:
            rows = await rows_of(self._store, delivery.content)
        except ArchivedError as error:
            await self._fail(delivery, Outcome(None, str(error)))
            return
        # Others are served while a long one is written.
        body, said = await asyncio.to_thread(message_of, self._subscription, delivery, rows)
        now = self._clock()
        signer = await asyncio.to_thread(self._signer)
        signed = signed_headers(
            body,
            delivery_id=delivery.delivery_id,
            now=now,
            signer=signer,
            token=progress.signature_token,
        )
        outcome = await self._post(self._subscription.dest, body, {**said, **signed}, now=now)
        if outcome.is_delivered:
            await outbox.taken(self._store, Taken(delivery, self._clock()))
        elif outcome.status == _TOO_LARGE and len(delivery.content.positions) > 1:
            # EPCIS 2.0, §12.8: he wants less at a time.
            await outbox.halve(self._store, delivery)
        else:
            await self._fail(delivery, outcome)

    async def _fail(self, delivery: Delivery, outcome: Outcome) -> None:
        attempts, now = delivery.attempts + 1, self._clock()
        failure = outcome.failure or ""
        pause = pause_after(attempts, delivery.delivery_id, asked_for=outcome.retry_after)
        if pause is not None:
            await outbox.failed(self._store, Failed(delivery, now + pause, failure))
            return
        _log.warning(
            "the delivery %s to the subscription %s is given up: %s",
            delivery.delivery_id,
            delivery.subscription_id,
            failure,
        )
        given_up = DeliveryDeadLettered(
            subscription_id=delivery.subscription_id,
            delivery_id=delivery.delivery_id,
            positions=list(delivery.content.positions),
            attempts=attempts,
            failure=failure,
            at=utc_text(now),
        )
        also = partial(outbox.dead_lettered, delivery=delivery, failure=failure)
        await decide(self._store, lambda: AdvanceDelivery(given_up), now=now, also=also)


class Deliverer:
    """Delivers to all subscriptions that there are, until it is cancelled."""

    def __init__(
        self,
        store: EventStore,
        *,
        post: Post,
        signer: Callable[[], Signer],
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._post = post
        self._signer = signer
        self._clock = clock
        self._owner = str(uuid.uuid4())
        self._position = 0
        self._known: dict[str, Subscription] = {}
        # Which subscriptions are served, by name, and where each began.
        self._served: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._wake: dict[str, asyncio.Event] = {}

    async def run(self) -> None:
        """Deliver."""
        # After an error all is read again.
        self._position, self._known = 0, {}
        try:
            while True:
                try:
                    await self._look()
                except StoreUnavailableError as error:
                    _log.warning("subscribers wait: %s", error)
                    await asyncio.sleep(_RETRY_SECONDS)
                await asyncio.sleep(_LOOK_SECONDS if self._tasks else _LOOK_SECONDS_IDLE)
        finally:
            await self._stop(list(self._tasks))

    async def _look(self) -> None:
        """Follow the log: who is to be told, and that there may be something to tell."""
        async with self._store.reading() as session:
            position = await head(session)
            if position == self._position:
                return
            new = [
                tagged.decision
                async for tagged in decisions(session, about(), after=self._position)
            ]
            begun = await outbox.beginnings(session) if new or not self._position else None
        advance(self._known, new)
        if begun is not None:
            gone = [
                name
                for name, since in self._served.items()
                if name not in self._known or begun.get(name) != since
            ]
            await self._stop(gone)
            for name in begun.keys() - self._known.keys():
                # It ended with its query.
                await outbox.forget(self._store, name, position=position)
            for name, subscription in self._known.items():
                if name not in self._served:
                    self._start(subscription, begun[name])
        self._position = position
        for wake in self._wake.values():
            wake.set()

    def _start(self, subscription: Subscription, since: int) -> None:
        name = subscription.subscription_id
        self._served[name], self._wake[name] = since, asyncio.Event()
        work = partial(self._serve, subscription, since, self._wake[name])
        self._tasks[name] = asyncio.create_task(keep_up(f"the subscription {name}", work))

    async def _stop(self, names: list[str]) -> None:
        tasks = [self._tasks.pop(name) for name in names]
        for name, task in zip(names, tasks, strict=True):
            del self._served[name], self._wake[name]
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _serve(self, subscription: Subscription, since: int, wake: asyncio.Event) -> None:
        deliveries = Deliveries(
            self._store,
            subscription,
            since=since,
            post=self._post,
            signer=self._signer,
            clock=self._clock,
            owner=self._owner,
        )
        while True:
            wake.clear()
            try:
                due = await deliveries.step()
                seconds = _WAIT_SECONDS_MAX if due is None else (due - self._clock()) / 1e6
            except StoreUnavailableError as error:
                _log.warning("the subscriber %s waits: %s", subscription.subscription_id, error)
                seconds = _RETRY_SECONDS
            if seconds > 0:
                await _woken(wake, min(seconds, _WAIT_SECONDS_MAX))


async def _woken(wake: asyncio.Event, seconds: float) -> None:
    """Return when somebody calls, or after some time."""
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        pass
