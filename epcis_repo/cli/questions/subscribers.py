"""Who is told what, and what became of that."""

from __future__ import annotations

from epcis_repo.cli.repository import Here, Question, Value
from epcis_repo.client import Client
from epcis_repo.clock import clock
from epcis_repo.subscriptions import Subscribed, deliveries, replay, subscriptions

_PER_PAGE = 1_000


async def _subscriptions(here: Here) -> list[Value]:
    found: list[Subscribed] = []
    page = await subscriptions(here.store, None, per_page=_PER_PAGE)
    found += page.subscriptions
    while (token := page.next_page_token) is not None:
        page = await subscriptions(here.store, None, per_page=_PER_PAGE, token=token)
        found += page.subscriptions
    return [{"queryName": one.subscription.query_name, **one.value()} for one in found]


async def _subscriptions_there(client: Client) -> list[Value]:
    found = [
        {"queryName": query["name"], **subscription}
        async for query in client.queries()
        async for subscription in client.subscriptions(query["name"])
    ]
    return sorted(found, key=lambda subscription: str(subscription["createdAt"]))


SUBSCRIPTIONS = Question(_subscriptions, _subscriptions_there)


async def _deliveries(here: Here) -> list[Value]:
    page = await deliveries(here.store, per_page=_PER_PAGE)
    found = [*page.deliveries]
    while (token := page.next_page_token) is not None:
        page = await deliveries(here.store, per_page=_PER_PAGE, token=token)
        found += page.deliveries
    return found


async def _deliveries_there(client: Client) -> list[Value]:
    return [delivery async for delivery in client.deliveries()]


DELIVERIES = Question(_deliveries, _deliveries_there)


async def _replay(here: Here, delivery_id: str) -> None:
    await replay(here.store, delivery_id, now=clock())


async def _replay_there(client: Client, delivery_id: str) -> None:
    await client.replay(delivery_id)


REPLAY = Question(_replay, _replay_there)
