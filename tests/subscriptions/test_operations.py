"""The life of subscriptions, on the log."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.evidence.tree import tree_size
from epcis_repo.store import open_store
from epcis_repo.store.log import head, read
from epcis_repo.subscriptions import (
    Asked,
    DestinationError,
    NotDeadError,
    Sender,
    Subscribed,
    SubscriptionLimitError,
    SubscriptionTakenError,
    deliveries,
    replay,
    subscribe,
    subscription,
    subscriptions,
    unsubscribe,
)
from epcis_repo.upkeep.backup import backup
from epcis_repo.upkeep.restore import restore
from tests.subscriptions.receiver import status
from tests.subscriptions.telling import HOUR, Story


class TestSubscribing:
    async def test_is_a_decision_in_the_tree(self, story: Story, store_url: str) -> None:
        """
        Subscriptions stand in the one log, and are there when it is opened again.
        """
        subscribed = await story.subscribe()
        name = subscribed.subscription.subscription_id

        again = open_store(store_url)
        assert await subscription(again, name) == subscribed
        async with again.reading() as session:
            assert await tree_size(session) == await head(session) == 2
        await again.close()

    async def test_keeps_the_secret_out_of_the_log(self, story: Story) -> None:
        """
        What is recorded stays for ever, and a secret is gone with its subscription.
        """
        subscribed = await story.subscribe(signature_token="between us")
        name = subscribed.subscription.subscription_id
        assert subscribed.progress.signature_token == "between us"

        await unsubscribe(story.store, name, now=story.clock())

        async with story.store.reading() as session:
            assert all([b"between us" not in event.data async for event in read(session)])
            rows = await session.fetch("SELECT 1 FROM subscription WHERE part = $1", session.part)
        assert rows == []
        assert "between us" not in str(subscribed.value())

    async def test_under_a_name_is_done_once(self, story: Story) -> None:
        """
        Who chooses the name of a subscription cannot choose that of another.
        """
        await story.subscribe(subscription_id="mine")

        with pytest.raises(SubscriptionTakenError):
            await story.subscribe(subscription_id="mine")

        await unsubscribe(story.store, "mine", now=story.clock())
        await story.subscribe(subscription_id="mine")

    async def test_records_nothing_of_what_is_refused(self, story: Story) -> None:
        """
        An address that nothing is delivered to leaves the log as it was.
        """
        asked = Asked("all", "https://127.0.0.1/")

        with pytest.raises(DestinationError):
            await subscribe(story.store, asked, now=story.clock(), reach=Sender().check)

        async with story.store.reading() as session:
            assert await head(session) == 1

    async def test_at_once_comes_to_no_more_than_there_may_be(self, story: Story) -> None:
        """
        Of many who subscribe at one moment as many do as there is room for, each to one of his own.
        """
        asked = Asked("all", story.receiver.url)

        found = await asyncio.gather(
            *(subscribe(story.store, asked, now=story.clock(), limit=3) for _ in range(8)),
            return_exceptions=True,
        )

        refused = [one for one in found if isinstance(one, SubscriptionLimitError)]
        assert (len(found) - len(refused), len(refused)) == (3, 5)
        page = await subscriptions(story.store, "all", per_page=9)
        assert {one.subscription.subscription_id for one in page.subscriptions} == {
            one.subscription.subscription_id for one in found if isinstance(one, Subscribed)
        }


class TestAsking:
    async def test_lists_those_of_a_query_in_pages(self, story: Story) -> None:
        """
        The subscriptions to a query come in order of their creation, and no others.
        """
        await story.query("other")
        names = []
        for number in range(5):
            subscribed = await story.subscribe()
            names.append(subscribed.subscription.subscription_id)
            await story.subscribe("other", subscription_id=f"other {number}")

        found, token = [], None
        for _ in range(3):
            page = await subscriptions(story.store, "all", per_page=2, token=token)
            found += [one.subscription.subscription_id for one in page.subscriptions]
            token = page.next_page_token

        assert token is None
        assert found == names
        everyone = await subscriptions(story.store, None, per_page=100)
        assert len(everyone.subscriptions) == 10

    @pytest.mark.parametrize("token", ["", "x", "-1", "9" * 30, "٣"])
    async def test_refuses_a_token_that_is_none(self, story: Story, token: str) -> None:
        """
        What is no token of a page is refused.
        """
        with pytest.raises(QueryParameterError):
            await subscriptions(story.store, "all", per_page=2, token=token)

    async def test_finds_a_subscription_under_its_query_alone(self, story: Story) -> None:
        """
        A subscription to one query is none to another.
        """
        await story.query("other")
        subscribed = await story.subscribe()
        name = subscribed.subscription.subscription_id

        with pytest.raises(NotFoundError):
            await subscription(story.store, name, query_name="other")
        with pytest.raises(NotFoundError):
            await unsubscribe(story.store, name, query_name="other", now=story.clock())
        assert await subscription(story.store, name, query_name="all") == subscribed


class TestDeliveries:
    async def test_on_their_way_say_what_failed(self, story: Story) -> None:
        """
        Whoever wonders finds how often it was tried, what failed, and when it is tried again.
        """
        story.receiver.answers = [status(503)]
        subscribed = await story.subscribe()
        await story.capture("A1", "A2")
        await story.settle(story.deliveries(subscribed))

        [delivery] = (await deliveries(story.store)).deliveries
        assert delivery["deliveryID"] == story.receiver.came[0].delivery_id
        assert (delivery["events"], delivery["attempts"]) == (2, 1)
        assert (delivery["failure"], delivery["givenUp"]) == ("it answered 503", False)
        assert delivery["nextAttemptAt"] > delivery["createdAt"]

    async def test_on_their_way_are_not_replayed(self, story: Story) -> None:
        """
        What is tried again by itself is left to that.
        """
        story.receiver.answers = [status(503)]
        subscribed = await story.subscribe()
        await story.capture("A1")
        await story.settle(story.deliveries(subscribed))
        [delivery] = (await deliveries(story.store)).deliveries

        with pytest.raises(NotDeadError):
            await replay(story.store, delivery["deliveryID"], now=story.clock())
        with pytest.raises(NotFoundError):
            await replay(story.store, "another", now=story.clock())

    @pytest.mark.parametrize("per_page", [1, 2, 3, 9])
    async def test_are_listed_page_by_page(self, story: Story, per_page: int) -> None:
        """
        Pages have each once, all of them or those of one subscription, in one order.
        """
        # What is too long comes in halves, so that the second of them has several.
        for number, answers in enumerate(([503], [413, 413, 503], [503])):
            story.receiver.answers = [*map(status, answers)]
            subscribed = await story.subscribe(subscription_id=f"S{number}")
            if number == 0:
                await story.capture("A1", "A2", "A3", "A4")
            else:
                await story.capture(f"B{number}", f"C{number}", f"D{number}", f"E{number}")
            await story.settle(story.deliveries(subscribed))
        every = (await deliveries(story.store)).deliveries
        counts = Counter(delivery["subscriptionID"] for delivery in every)
        assert counts == {"S0": 1, "S1": 3, "S2": 1}

        for name in (None, "S0", "S1", "S2"):
            found: list[dict[str, Any]] = []
            token: str | None = None
            while True:
                page = await deliveries(
                    story.store, subscription_id=name, per_page=per_page, token=token
                )
                assert len(page.deliveries) <= per_page
                found += page.deliveries
                token = page.next_page_token
                if token is None:
                    break
            assert found == [d for d in every if name in (None, d["subscriptionID"])]

    @pytest.mark.parametrize("token", ["", "x", "1", "1 ", "-1 S", "1 \0", "9" * 30 + " S"])
    async def test_take_no_token_that_they_did_not_give(self, story: Story, token: str) -> None:
        """
        What is no token is refused by name.
        """
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await deliveries(story.store, token=token)


class TestABackup:
    async def test_has_subscriptions_and_what_is_on_its_way(
        self, story: Story, tmp_path: Path
    ) -> None:
        """
        A store that was restored goes on where it was, under the names that deliveries had.
        """
        story.receiver.answers = [status(500)]
        subscribed = await story.subscribe(signature_token="between us")
        await story.capture("A1")
        await story.settle(story.deliveries(subscribed))
        await backup(story.store, tmp_path / "backup.zip", None, now=story.clock())
        other = open_store(f"sqlite:///{tmp_path / 'restored.db'}")
        await restore(other, tmp_path / "backup.zip", None, now=story.clock())

        again = Story(other, story.receiver, story.clock)
        await again.capture("A2")
        await again.settle(again.deliveries(subscribed), until=story.clock() + HOUR)
        await other.close()

        first, second, third = story.receiver.came
        assert first.delivery_id == second.delivery_id
        assert first.body == second.body
        assert third.names == ["A2"]
        assert "gs1-signature" in third.headers
