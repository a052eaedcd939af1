"""
Subscriptions that last as long as a connection (EPCIS 2.0, §12.8: WebSockets).

Nothing is recorded of them, and nothing is brought a second time: who was cut off connects once
more, and asks from the record time on that he has seen last.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.model.times import utc_text
from epcis_repo.named_queries import named_query
from epcis_repo.store import EventStore
from epcis_repo.store.log import head, head_at
from epcis_repo.subscriptions.message import Message, message_of
from epcis_repo.subscriptions.outbox import BATCH_MAX, Content, Delivery, Progress, query_is_gone
from epcis_repo.subscriptions.rules import Asked, Subscription, check, check_stream
from epcis_repo.subscriptions.runs import next_step, rows_of

_LOOK_SECONDS = 0.25
_RETRY_SECONDS = 5.0


class Listener:
    """Somebody who is told what a query finds while he listens."""

    def __init__(
        self,
        store: EventStore,
        subscription: Subscription,
        progress: Progress,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._subscription = subscription
        self._progress = progress
        self._clock = clock

    @property
    def min_record_time(self) -> int:
        """The record time, in microseconds, from which on he is told."""
        return self._progress.min_record_time

    async def messages(self) -> AsyncIterator[Message]:
        """
        Yield what there is to tell, when there is, until the query is deleted.

        The next is looked for when the one before was taken, so who is slow is told more at a time.
        """
        while await self._query_is_there():
            try:
                contents = await self._more()
            except StoreUnavailableError:
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            for content in contents or ():
                yield await self._message(content)
            if contents is None:
                await asyncio.sleep(_LOOK_SECONDS)

    async def _query_is_there(self) -> bool:
        try:
            async with self._store.reading() as session:
                position = await head(session)
                name, since = self._subscription.query_name, self._progress.since
                if position > since and await query_is_gone(session, name, since):
                    return False
        except StoreUnavailableError:
            # It is asked again before anything is told.
            return True
        self._progress = self._progress._replace(since=position)
        return True

    async def _more(self) -> list[Content] | None:
        """Return what is to be told now, None when there is nothing to look at."""
        step = await next_step(self._store, self._subscription, self._progress, now=self._clock())
        if step is None:
            return None
        self._progress = self._progress._replace(
            position=step.position,
            run_until=step.run_until,
            run_page=step.run_page,
            due=step.due,
            min_record_time=step.min_record_time,
        )
        return list(step.contents)

    async def _message(self, content: Content) -> Message:
        rows = await rows_of(self._store, content)
        subscription_id = self._subscription.subscription_id
        delivery = Delivery(
            subscription_id=subscription_id,
            number=0,
            delivery_id=subscription_id,
            created=self._clock(),
            content_text=content.text(),
            attempts=0,
            due=0,
            failure=None,
            is_dead=0,
            leased_by=None,
            leased_until=0,
        )
        return await asyncio.to_thread(message_of, self._subscription, delivery, rows)


async def listener(store: EventStore, asked: Asked, *, clock: Callable[[], int]) -> Listener:
    """
    Return somebody who listens to a named query from now on.

    Raises what `subscribe` does, but for the destination, which is the other end of a connection.
    """
    check(asked)
    named = await named_query(store, asked.query_name)
    if asked.schedule is None:
        check_stream(named.event_query())
    now, initial = clock(), asked.initial_record_time
    subscription = Subscription(
        subscription_id=str(uuid.uuid4()),
        query_name=named.name,
        query=named.query,
        dest=asked.dest,
        schedule=asked.schedule,
        report_if_empty=asked.report_if_empty,
        initial_record_time=None if initial is None else utc_text(initial),
        epc_format=asked.epc_format,
        cbv_xml_format=asked.cbv_xml_format,
        form=asked.form,
        created=utc_text(now),
    )
    times = subscription.times()
    async with store.reading() as session:
        since = await head(session)
        position = since if initial is None else await head_at(session, initial - 1)
    progress = Progress(
        subscription_id=subscription.subscription_id,
        since=since,
        position=position,
        run_until=0,
        run_page="",
        due=0 if times is None else times.next_after(now) or 0,
        min_record_time=now if initial is None else initial,
        last_notified=None,
        last_number=0,
        batch_max=BATCH_MAX,
        signature_token=None,
    )
    return Listener(store, subscription, progress, clock)
