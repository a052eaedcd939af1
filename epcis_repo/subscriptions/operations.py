"""Subscribing to queries, unsubscribing, asking who has; and what became of deliveries."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.model.times import utc_text
from epcis_repo.recorders.decisions import decide, decisions
from epcis_repo.store import EventStore, Reading, Writing
from epcis_repo.store.log import head, head_at
from epcis_repo.subscriptions import outbox
from epcis_repo.subscriptions.destinations import parse_destination
from epcis_repo.subscriptions.events import DeliveryReplayed
from epcis_repo.subscriptions.outbox import Delivery, Progress
from epcis_repo.subscriptions.retries import ATTEMPTS_MAX
from epcis_repo.subscriptions.rules import (
    AdvanceDelivery,
    Asked,
    Subscribe,
    Subscription,
    Unsubscribe,
    about,
    check,
    no_subscription,
    standing,
)
from epcis_repo.subscriptions.schedule import parse_schedule


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A subscription that stands, and how far it has come."""

    subscription: Subscription
    progress: Progress

    def value(self) -> dict[str, Any]:
        """Return it as EPCIS 2.0, §12.8 has it; the secret is nowhere in it."""
        subscription, last = self.subscription, self.progress.last_notified
        value: dict[str, Any] = {
            "subscriptionID": subscription.subscription_id,
            "dest": subscription.dest,
            "createdAt": subscription.created,
            "lastNotifiedAt": None if last is None else utc_text(last),
            "initialRecordTime": subscription.initial_record_time or subscription.created,
            "minRecordTime": utc_text(self.progress.min_record_time),
            "epcFormat": subscription.epc_format.value,
        }
        if subscription.schedule is None:
            value["stream"] = True
        else:
            value |= {
                "schedule": subscription.schedule,
                "reportIfEmpty": subscription.report_if_empty,
            }
        return {name: member for name, member in value.items() if member is not None}


@dataclass(frozen=True, slots=True)
class SubscriptionPage:
    """Some subscriptions, in the order in which they were created."""

    subscriptions: Sequence[Subscribed]
    next_page_token: str | None


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries as JSON has them, in the order of their subscriptions."""

    deliveries: Sequence[dict[str, Any]]
    next_page_token: str | None


async def subscribe(
    store: EventStore,
    asked: Asked,
    *,
    now: int,
    reach: Callable[[str], Awaitable[None]] | None = None,
    limit: int | None = None,
) -> Subscribed:
    """
    Subscribe to a query from now on, or from the record time that is asked for.

    `reach` raises `DestinationError` for an address that nothing would be delivered to, and of
    all subscriptions there are `limit` at most. Raises `SubscriptionControlsError`,
    `DestinationError`, `SubscribeNotPermittedError`, `SubscriptionTakenError`,
    `SubscriptionLimitError`, and `NotFoundError` where there is no such query.
    """
    check(asked)
    parse_destination(asked.dest)
    if reach is not None:
        await reach(asked.dest)
    subscription_id = asked.subscription_id or str(uuid.uuid4())
    initial = asked.initial_record_time
    initial_text = None if initial is None else utc_text(initial)
    also = partial(_begin, asked=asked, subscription_id=subscription_id, now=now)
    await decide(
        store,
        lambda: Subscribe(
            asked, subscription_id, created=utc_text(now), initial=initial_text, limit=limit
        ),
        now=now,
        also=also,
    )
    return await subscription(store, subscription_id)


async def _begin(session: Writing, *, asked: Asked, subscription_id: str, now: int) -> None:
    since, initial = await head(session), asked.initial_record_time
    due = 0
    if asked.schedule is not None:
        due = parse_schedule(asked.schedule).next_after(now) or 0
    await outbox.begin(
        session,
        subscription_id,
        since=since,
        position=since if initial is None else await head_at(session, initial - 1),
        due=due,
        min_record_time=now if initial is None else initial,
        signature_token=asked.signature_token,
    )


async def unsubscribe(
    store: EventStore, subscription_id: str, *, query_name: str | None = None, now: int
) -> None:
    """
    End a subscription; no attempt to deliver anything to it begins after that.

    `NotFoundError` where there is none of that name, to that query if one is named.
    """
    found = await subscription(store, subscription_id, query_name=query_name)
    of_query = found.subscription.query_name
    also = partial(outbox.end, subscription_id=subscription_id)
    await decide(store, lambda: Unsubscribe(subscription_id, of_query), now=now, also=also)


async def subscription(
    store: EventStore, subscription_id: str, *, query_name: str | None = None
) -> Subscribed:
    """Return a subscription; `NotFoundError` as `unsubscribe` raises it."""
    async with store.reading() as session:
        found = (await _standing(session, query_name)).get(subscription_id)
        if (
            found is None
            or (progress := await outbox.progress_of(session, subscription_id)) is None
        ):
            raise no_subscription(subscription_id)
    return Subscribed(found, progress)


async def subscriptions(
    store: EventStore, query_name: str | None, *, per_page: int, token: str | None = None
) -> SubscriptionPage:
    """Return a page of the subscriptions to a query, or to all of them."""
    after = _after(token)
    async with store.reading() as session:
        found = [
            Subscribed(item, progress)
            for item in (await _standing(session, query_name)).values()
            if (progress := await outbox.progress_of(session, item.subscription_id)) is not None
            and progress.since > after
        ]
    shown = found[:per_page]
    more = len(found) > per_page
    return SubscriptionPage(shown, str(shown[-1].progress.since) if more else None)


async def deliveries(
    store: EventStore,
    *,
    subscription_id: str | None = None,
    per_page: int = 1_000,
    token: str | None = None,
) -> DeliveryPage:
    """
    Return what is on its way to subscribers, and what was given up: a page of it.

    Of all of them, or of one subscription; `NotFoundError` where there is none of that name.
    """
    place = _place(token) if token is not None else (subscription_id or "", -1)
    found: list[Delivery] = []
    async with store.reading() as session:
        known = await _standing(session, None)
        if subscription_id is not None and subscription_id not in known:
            raise no_subscription(subscription_id)
        # One more than is shown tells whether there is a next page.
        while len(found) <= per_page:
            read = await outbox.deliveries_after(session, *place, limit=per_page + 1)
            found += (
                delivery
                for delivery in read
                if delivery.subscription_id in known
                and subscription_id in (None, delivery.subscription_id)
            )
            if len(read) <= per_page or subscription_id not in (None, read[-1].subscription_id):
                break
            place = read[-1].subscription_id, read[-1].number
    shown = found[:per_page]
    more = f"{shown[-1].number} {shown[-1].subscription_id}" if len(found) > per_page else None
    return DeliveryPage([_value(item, known[item.subscription_id]) for item in shown], more)


async def replay(store: EventStore, delivery_id: str, *, now: int) -> None:
    """
    Have a delivery that was given up attempted once more, before what comes after it.

    It keeps its name. `NotFoundError` where there is none of that name, `NotDeadError` for one
    that is on its way.
    """
    async with store.reading() as session:
        # No delivery has such a name, and no database takes it.
        delivery = (
            await outbox.delivery_named(session, delivery_id) if delivery_id.isprintable() else None
        )
    if delivery is None:
        raise NotFoundError(f"there is no delivery {delivery_id!r}")
    again = DeliveryReplayed(delivery.subscription_id, delivery_id, utc_text(now))
    # One attempt is left, so that what nobody takes does not hold up what comes after it for days.
    also = partial(outbox.replayed, delivery=delivery, attempts=ATTEMPTS_MAX - 1, now=now)
    await decide(store, lambda: AdvanceDelivery(again), now=now, also=also)


async def _standing(session: Reading, query_name: str | None) -> dict[str, Subscription]:
    return standing([tagged.decision async for tagged in decisions(session, about(query_name))])


def _value(delivery: Delivery, of: Subscription) -> dict[str, Any]:
    content = delivery.content
    value: dict[str, Any] = {
        "deliveryID": delivery.delivery_id,
        "subscriptionID": of.subscription_id,
        "queryName": of.query_name,
        "createdAt": utc_text(delivery.created),
        "events": len(content.positions),
        "attempts": delivery.attempts,
        "givenUp": bool(delivery.is_dead),
    }
    if not delivery.is_dead:
        value["nextAttemptAt"] = utc_text(delivery.due)
    if content.problem is not None:
        value["problem"] = content.problem
    if delivery.failure is not None:
        value["failure"] = delivery.failure
    return value


def _after(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 19):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)


def _place(token: str) -> tuple[str, int]:
    """Return the place of the delivery that a page ended with."""
    number, _, subscription_id = token.partition(" ")
    is_number = number.isascii() and number.isdecimal() and len(number) < 19
    if not (is_number and subscription_id and subscription_id.isprintable()):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return subscription_id, int(number)
