"""Who delivers to all subscribers, in real time, beside captures and decisions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from epcis_repo.errors import StoreFullError
from epcis_repo.named_queries import create_query, delete_query
from epcis_repo.store import EventStore
from epcis_repo.subscriptions import (
    Deliverer,
    Sender,
    deliverer,
    deliveries,
    subscriptions,
    unsubscribe,
)
from epcis_repo.subscriptions.outbox import beginnings
from epcis_repo.subscriptions.sending import Outcome
from tests.subscriptions.receiver import hang, receiving
from tests.subscriptions.telling import HERE, HOUR, SIGNER, Story

WAIT_SECONDS = 20


@asynccontextmanager
async def delivering(story: Story) -> AsyncIterator[None]:
    """Have everything delivered that is due by the clock of a story."""
    task = asyncio.create_task(
        Deliverer(
            story.store,
            post=story.post or Sender(HERE, timeout_seconds=1).post,
            signer=lambda: SIGNER,
            clock=story.clock,
        ).run()
    )
    try:
        yield
    finally:
        assert not task.done()
        task.cancel()
        await asyncio.wait([task])


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():
            await asyncio.sleep(0.01)


class TestADeliverer:
    async def test_tells_each_subscriber_what_he_asked_for(self, story: Story) -> None:
        """
        Subscriptions of before its start and of after it are served, each by its own query.
        """
        await story.query("a1", MATCH_anyEPC=["urn:epc:id:sgtin:030001.0012345.A1"])
        async with receiving() as other:
            await story.subscribe()
            async with delivering(story):
                await story.subscribe("a1", dest=other.url)
                await story.capture("A1", "A2")
                await until(lambda: len(story.receiver.names) == 2 and other.names != [])

            assert story.receiver.names == ["A1", "A2"]
            assert other.names == ["A1"]

    async def test_does_not_have_one_wait_for_another(self, story: Story) -> None:
        """
        While one receiver says nothing, the others are told.
        """
        async with receiving() as other:
            story.receiver.then = hang
            await story.subscribe()
            await story.subscribe(dest=other.url)
            async with delivering(story):
                await story.capture("A1")
                await until(lambda: other.names == ["A1"])
                await story.capture("A2")
                await until(lambda: other.names == ["A1", "A2"])

            assert story.receiver.taken == []

    async def test_stops_with_a_subscription(self, story: Story) -> None:
        """
        Who has unsubscribed is told nothing any more, and nothing is kept of him.
        """
        subscribed = await story.subscribe()
        async with delivering(story):
            await story.capture("A1")
            await until(lambda: story.receiver.names == ["A1"])
            name = subscribed.subscription.subscription_id
            await unsubscribe(story.store, name, now=story.clock())
            witness = await story.subscribe()
            await story.capture("A2")
            await until(lambda: len(story.receiver.came) == 2)

        [request] = story.receiver.came[1:]
        results = request.value["epcisBody"]["queryResults"]
        assert results["subscriptionID"] == witness.subscription.subscription_id

    async def test_tells_who_has_a_name_now(self, story: Story) -> None:
        """
        A name that somebody gave back and another has taken is nothing to the first any more.
        """
        await story.query("a2", MATCH_anyEPC=["urn:epc:id:sgtin:030001.0012345.A2"])
        await story.subscribe(subscription_id="S")
        async with receiving() as other, delivering(story):
            await story.capture("A1")
            await until(lambda: story.receiver.names == ["A1"])
            await unsubscribe(story.store, "S", now=story.clock())
            await story.subscribe("a2", subscription_id="S", dest=other.url)
            await story.capture("A3", "A2")
            await until(lambda: other.names == ["A2"])

            assert len(story.receiver.came) == 1

    @pytest.mark.parametrize("at", ["while it runs", "before it starts"])
    async def test_forgets_what_has_ended_with_its_query(self, story: Story, at: str) -> None:
        """
        Of a subscription whose query was deleted nothing is left, its secret neither.
        """
        await story.subscribe(signature_token="between us")

        async def delete() -> None:
            await delete_query(story.store, "all", now=story.clock())
            await create_query(story.store, "all", {}, now=story.clock())

        if at == "before it starts":
            await delete()
        async with delivering(story):
            if at == "while it runs":
                await delete()
            async with asyncio.timeout(WAIT_SECONDS):
                while await kept(story.store):
                    await asyncio.sleep(0.01)

        assert (await subscriptions(story.store, "all", per_page=9)).subscriptions == []

    async def test_goes_on_after_an_error(
        self, story: Story, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        What nobody foresaw is logged, keeps one subscription waiting, and is tried again.
        """
        sender, calls = Sender(HERE), []

        async def fails_at_first(
            dest: str, body: bytes, headers: Mapping[str, str], *, now: int
        ) -> Outcome:
            calls.append(dest)
            if len(calls) == 1:
                raise RuntimeError("nobody foresaw this")
            return await sender.post(dest, body, headers, now=now)

        story.post = fails_at_first
        await story.subscribe()
        async with delivering(story):
            await story.capture("A1")
            await until(lambda: story.receiver.names == ["A1"])

        assert "nobody foresaw this" in caplog.text

    async def test_waits_while_nothing_can_be_written(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A full disk keeps nobody from being told once there is room.
        """
        monkeypatch.setattr(deliverer, "_RETRY_SECONDS", 0.01)
        write: Callable[..., Awaitable[object]] = story.store.write
        left = [3]

        async def full_at_first(*arguments: object) -> object:
            if left[0]:
                left[0] -= 1
                raise StoreFullError
            return await write(*arguments)

        await story.subscribe()
        await story.capture("A1")
        monkeypatch.setattr(story.store, "write", full_at_first)
        async with delivering(story):
            await until(lambda: story.receiver.names == ["A1"])
            # It was taken a moment before that is noted.
            async with asyncio.timeout(30):
                while (await deliveries(story.store)).deliveries:
                    await asyncio.sleep(0.01)


class TestTwoDeliverers:
    async def test_tell_everything_once(self, story: Story) -> None:
        """
        Two processes that deliver at once do not both deliver.
        """
        await story.subscribe()
        names = [f"A{number}" for number in range(20)]
        async with delivering(story), delivering(story):
            for name in names:
                await story.capture(name)
            await until(lambda: len(story.receiver.names) == len(names))

        assert [name for request in story.receiver.came for name in request.names] == names

    async def test_survive_each_other(self, story: Story) -> None:
        """
        When one ends in the midst of an attempt, the other goes on with it after its lease.
        """
        await story.subscribe()
        story.receiver.answers = [hang]
        await story.capture("A1")
        async with delivering(story):
            await until(lambda: len(story.receiver.came) == 1)
        story.clock.forward(HOUR)
        async with delivering(story):
            await until(lambda: story.receiver.names == ["A1"])

        first, second = story.receiver.came
        assert first.delivery_id == second.delivery_id


async def kept(store: EventStore) -> set[str]:
    """The names of the subscriptions that something is kept of."""
    async with store.reading() as session:
        return set(await beginnings(session))
