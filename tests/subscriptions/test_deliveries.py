"""What reaches a subscriber whose server fails in every way: everything, in order, by its name."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.named_queries import create_query, delete_query
from epcis_repo.recorders.decisions import Selector, decisions
from epcis_repo.store import EventStore
from epcis_repo.store.contract import Work
from epcis_repo.subscriptions import (
    Sender,
    Subscribed,
    deliveries,
    replay,
    subscription,
    unsubscribe,
)
from epcis_repo.subscriptions.deliverer import Deliveries
from epcis_repo.subscriptions.events import DeliveryDeadLettered, DeliveryReplayed
from epcis_repo.subscriptions.retries import ATTEMPTS_MAX
from epcis_repo.subscriptions.sending import Outcome
from tests.conformance.rows import holds
from tests.conftest import FreshStores
from tests.subscriptions.receiver import (
    TAKE,
    Answer,
    babble,
    break_off,
    flood,
    hang,
    receiving,
    status,
    trickle,
)
from tests.subscriptions.telling import HERE, HOUR, MINUTE, SECOND, Story

DAY = 24 * HOUR
FAILURES: dict[str, Answer] = {
    "500": status(500),
    "404": status(404),
    "410": status(410),
    "429": status(429, "Retry-After: 60"),
    "a redirect": status(307, "Location: /elsewhere"),
    "no answer": hang,
    "a slow answer": trickle,
    "an endless answer": flood,
    "half an answer": break_off,
    "another protocol": babble,
}


class TestAStream:
    @holds("M29")
    async def test_tells_what_is_captured_from_then_on(self, story: Story) -> None:
        """
        Events come as they are captured, those of before do not.
        """
        await story.capture("A0")
        told = story.deliveries(await story.subscribe())

        for name in ("A1", "A2"):
            await story.capture(name)
            await story.settle(told)

        assert [request.names for request in story.receiver.came] == [["A1"], ["A2"]]

    async def test_tells_what_the_query_finds(self, story: Story) -> None:
        """
        What the query is not about is left out, however much there is of it.
        """
        await story.query("some", MATCH_anyEPC=["urn:epc:id:sgtin:030001.0012345.A2"])
        told = story.deliveries(await story.subscribe("some"))

        await story.capture("A1", "A2", "A3")
        await story.settle(told)

        assert story.receiver.names == ["A2"]

    @holds("M29")
    async def test_tells_from_the_record_time_that_was_asked_for(self, story: Story) -> None:
        """
        With an initialRecordTime before the subscription, older events come first.
        """
        await story.capture("A0")
        story.clock.forward(HOUR)
        since = story.clock()
        await story.capture("A1")
        story.clock.forward(HOUR)

        told = story.deliveries(await story.subscribe(initial_record_time=since))
        await story.capture("A2")
        await story.settle(told)

        assert story.receiver.names == ["A1", "A2"]

    @holds("M29")
    async def test_says_nothing_before_the_record_time_that_was_asked_for(
        self, story: Story
    ) -> None:
        """
        With an initialRecordTime that is still to come, what is captured before it is left out.
        """
        since = story.clock() + HOUR
        told = story.deliveries(await story.subscribe(initial_record_time=since))

        await story.capture("A1")
        await story.settle(told, until=since)
        await story.capture("A2")
        await story.settle(told)

        assert story.receiver.names == ["A2"]

    async def test_of_a_receiver_that_was_away_comes_in_batches(self, story: Story) -> None:
        """
        What has piled up comes in deliveries of many events, in order.
        """
        told = story.deliveries(await story.subscribe())
        names = [f"A{number}" for number in range(250)]
        await story.capture(*names)

        await story.settle(told)

        assert [len(request.names) for request in story.receiver.came] == [100, 100, 50]
        assert story.receiver.names == names


class TestAReceiverThatFails:
    @pytest.mark.parametrize("failure", FAILURES)
    async def test_gets_everything_once_it_does_not(self, story: Story, failure: str) -> None:
        """
        After failures of any kind all comes, in order, and under the name that it had before.
        """
        told = story.deliveries(await story.subscribe())
        story.receiver.answers = [FAILURES[failure]] * 2
        await story.capture("A1")
        await story.settle(told)
        await story.capture("A2")

        await story.settle(told, until=story.clock() + HOUR)

        came = story.receiver.came
        assert [request.names for request in came] == [["A1"], ["A1"], ["A1"], ["A2"]]
        assert len({request.delivery_id for request in came[:3]}) == 1
        assert story.receiver.names == ["A1", "A2"]

    async def test_for_an_hour_loses_nothing(self, story: Story) -> None:
        """
        A receiver that nobody can connect to for an hour has all of it afterwards, in order.
        """
        names = [f"A{minute}" for minute in range(60)]
        async with receiving() as first:
            subscribed = await story.subscribe(dest=first.url)
        told = story.deliveries(subscribed)
        for name in names:
            await story.capture(name)
            await story.settle(told, until=story.clock() + MINUTE)

        async with receiving(first.port) as second:
            await story.settle(told, until=story.clock() + 4 * HOUR)

        assert first.came == []
        assert second.names == names
        assert len({request.delivery_id for request in second.came}) == len(second.came)

    async def test_is_told_no_redirect(self, story: Story) -> None:
        """
        Where a receiver sends us is not where a delivery goes.
        """
        async with receiving() as other:
            told = story.deliveries(await story.subscribe())
            story.receiver.answers = [status(302, f"Location: {other.url}")]
            await story.capture("A1")

            await story.settle(told, until=story.clock() + MINUTE)

            assert other.came == []
        assert story.receiver.names == ["A1"]

    async def test_is_not_asked_again_before_it_wants_to_be(self, story: Story) -> None:
        """
        Retry-After is kept to, where it is longer than the pause there would be.
        """
        told = story.deliveries(await story.subscribe())
        story.receiver.answers = [status(503, "Retry-After: 1800")]
        await story.capture("A1")
        await story.settle(told)

        await story.settle(told, until=story.clock() + 1799 * SECOND)
        assert len(story.receiver.came) == 1
        await story.settle(told, until=story.clock() + 2 * SECOND)

        assert story.receiver.names == ["A1"]

    async def test_that_wants_less_gets_less(self, story: Story) -> None:
        """
        What is too large comes in halves, each under a name of its own, all in order.
        """

        async def at_most_three(writer: asyncio.StreamWriter) -> None:
            request = story.receiver.came[-1]
            if len(request.names) > 3:
                await status(413)(writer)
            else:
                story.receiver.taken.append(request)
                await TAKE(writer)

        story.receiver.then = at_most_three
        told = story.deliveries(await story.subscribe())
        names = [f"A{number}" for number in range(20)]
        await story.capture(*names)

        await story.settle(told)
        await story.capture(*names_after(names))
        await story.settle(told)

        assert story.receiver.names == [*names, *names_after(names)]
        taken = [request.delivery_id for request in story.receiver.taken]
        assert len(set(taken)) == len(taken)
        refused = [request for request in story.receiver.came if len(request.names) > 3]
        assert not {request.delivery_id for request in refused} & set(taken)

    async def test_does_not_keep_others_waiting(self, story: Story) -> None:
        """
        One subscriber's deliveries are nothing to those of another.
        """
        async with receiving() as other:
            story.receiver.then = status(500)
            first = story.deliveries(await story.subscribe())
            second = story.deliveries(await story.subscribe(dest=other.url))
            await story.capture("A1", "A2")

            await story.settle(first)
            await story.settle(second)

            assert other.names == ["A1", "A2"]
        assert story.receiver.taken == []


def names_after(names: list[str]) -> list[str]:
    return [f"{name}B" for name in names]


class TestADeadLetter:
    async def given_up(self, story: Story) -> Subscribed:
        """Have the first delivery of a subscription given up, the second under way."""
        subscribed = await story.subscribe()
        story.receiver.answers = [status(500)] * ATTEMPTS_MAX
        await story.capture("A1")
        told = story.deliveries(subscribed)
        await story.settle(told)
        await story.capture("A2")
        await story.settle(told, until=story.clock() + 5 * DAY)
        return subscribed

    async def test_is_what_failed_ten_times_in_three_days(self, story: Story) -> None:
        """
        After the last attempt a delivery is given up, and what comes after it goes on.
        """
        await self.given_up(story)

        times = [int(request.headers["webhook-timestamp"]) for request in story.receiver.came]
        assert len(times) == ATTEMPTS_MAX + 1
        assert 3 * 86_400 * 0.9 < times[ATTEMPTS_MAX - 1] - times[0] < 3.2 * 86_400 * 1.1
        assert story.receiver.names == ["A2"]
        [letter] = (await deliveries(story.store)).deliveries
        assert (letter["givenUp"], letter["attempts"]) == (True, ATTEMPTS_MAX)
        assert letter["failure"] == "it answered 500"

    async def test_is_an_event_of_the_log(self, story: Story) -> None:
        """
        The log says which events a subscriber was not told, and why.
        """
        subscribed = await self.given_up(story)

        [given_up] = await decided(story.store, DeliveryDeadLettered)
        assert given_up["subscription_id"] == subscribed.subscription.subscription_id
        assert given_up["delivery_id"] == story.receiver.came[0].delivery_id
        assert (len(given_up["positions"]), given_up["failure"]) == (1, "it answered 500")

    async def test_replayed_comes_under_the_name_that_it_had(self, story: Story) -> None:
        """
        By hand it is attempted once more, and is gone when it was taken.
        """
        subscribed = await self.given_up(story)
        first = story.receiver.came[0].delivery_id

        await replay(story.store, first, now=story.clock())
        await story.settle(story.deliveries(subscribed))

        assert story.receiver.taken[-1].delivery_id == first
        assert story.receiver.taken[-1].names == ["A1"]
        assert (await deliveries(story.store)).deliveries == []
        assert len(await decided(story.store, DeliveryReplayed)) == 1

    async def test_replayed_in_vain_is_one_again(self, story: Story) -> None:
        """
        What nobody takes does not hold up what comes after it.
        """
        subscribed = await self.given_up(story)
        first = story.receiver.came[0].delivery_id
        story.receiver.answers = [status(500)]

        await replay(story.store, first, now=story.clock())
        await story.capture("A3")
        await story.settle(story.deliveries(subscribed))

        assert story.receiver.names == ["A2", "A3"]
        assert len(await decided(story.store, DeliveryDeadLettered)) == 2
        [letter] = (await deliveries(story.store)).deliveries
        assert letter["deliveryID"] == first


async def decided(store: EventStore, kind: type[Any]) -> list[Mapping[str, Any]]:
    """What is recorded of one kind."""
    async with store.reading() as session:
        found = [tagged.decision async for tagged in decisions(session, Selector((kind,)))]
    return [decision.as_dict() for decision in found]


class TestTheEnd:
    async def test_comes_with_unsubscribing(self, story: Story) -> None:
        """
        Nothing is attempted any more, not even what was on its way.
        """
        story.receiver.answers = [status(500)]
        subscribed = await story.subscribe()
        told = story.deliveries(subscribed)
        await story.capture("A1")
        await story.settle(told)

        name = subscribed.subscription.subscription_id
        await unsubscribe(story.store, name, now=story.clock())
        await story.capture("A2")
        await story.settle(told, until=story.clock() + DAY)

        assert len(story.receiver.came) == 1
        assert (await deliveries(story.store)).deliveries == []

    async def test_comes_with_that_of_the_query(self, story: Story) -> None:
        """
        A query that is deleted takes its subscriptions along, also when another gets its name.
        """
        story.receiver.answers = [status(500)]
        subscribed = await story.subscribe()
        told = story.deliveries(subscribed)
        await story.capture("A1")
        await story.settle(told)

        await delete_query(story.store, "all", now=story.clock())
        await create_query(story.store, "all", {}, now=story.clock())
        story.clock.forward(HOUR)

        for _ in range(3):
            await told.step()
        assert len(story.receiver.came) == 1

    @pytest.mark.parametrize("attempted", [False, True], ids=["nothing", "a failure"])
    async def test_is_one_also_where_another_takes_the_name(
        self, story: Story, *, attempted: bool
    ) -> None:
        """
        Who served the one that had a name before does nothing about the one that has it now.
        """
        if attempted:
            story.receiver.answers = [status(500)]
        async with receiving() as other:
            before = story.deliveries(await story.subscribe(subscription_id="S"))
            if attempted:
                await story.capture("A1")
                await story.settle(before)
            await unsubscribe(story.store, "S", now=story.clock())
            now = story.deliveries(await story.subscribe(subscription_id="S", dest=other.url))
            await story.capture("A2")
            for _ in range(3):
                await before.step()
            await now.step()
            for _ in range(3):
                await before.step()
            await story.settle(now)

            assert other.names == ["A2"]
        assert len(story.receiver.came) == attempted

    @pytest.mark.parametrize("writes", [1, 2], ids=["while it looks", "while it takes it"])
    async def test_comes_in_the_midst_of_a_step(
        self, story: Story, monkeypatch: pytest.MonkeyPatch, writes: int
    ) -> None:
        """
        Whatever was looked up for one that has ended meanwhile is not for who has its name now.
        """
        since = story.clock()
        await story.query("a2", MATCH_anyEPC=["urn:epc:id:sgtin:030001.0012345.A2"])
        await story.capture("A1", "A2")
        async with receiving() as other:
            first = await story.subscribe(subscription_id="S", initial_record_time=since)
            before, now = story.deliveries(first), list[Deliveries]()
            write, left = story.store.write, [writes]

            async def after_another_has_it(*arguments: Any) -> Any:
                left[0] -= 1
                if left[0] == 0:
                    monkeypatch.setattr(story.store, "write", write)
                    await unsubscribe(story.store, "S", now=story.clock())
                    again = await story.subscribe(
                        "a2", subscription_id="S", dest=other.url, initial_record_time=since
                    )
                    now.append(story.deliveries(again))
                    if writes == 2:
                        await now[0].step()
                return await write(*arguments)

            monkeypatch.setattr(story.store, "write", after_another_has_it)
            for _ in range(3):
                await before.step()
            await story.settle(now[0])

            assert other.names == ["A2"]
        assert story.receiver.came == []


class TestSeveralProcesses:
    async def test_attempt_each_delivery_once(self, story: Story) -> None:
        """
        Of processes that deliver at once one has a delivery, and the order is what it was.
        """
        subscribed = await story.subscribe()
        workers = [story.deliveries(subscribed, f"process {number}") for number in range(4)]
        names = [f"A{number}" for number in range(12)]
        for name in names:
            await story.capture(name)
            await asyncio.gather(*(worker.step() for worker in workers))
            await asyncio.gather(*(worker.step() for worker in workers))
        for worker in workers:
            await story.settle(worker)

        assert [name for request in story.receiver.came for name in request.names] == names

    async def test_wait_for_who_is_at_it(self, story: Story) -> None:
        """
        While one process attempts a delivery another leaves it, and what comes after it, alone.
        """
        subscribed = await story.subscribe()
        story.receiver.answers = [hang]
        await story.capture("A1")
        first, second = story.deliveries(subscribed), story.deliveries(subscribed, "another")
        await first.step()
        attempt = asyncio.create_task(coroutine_of(first))
        while not story.receiver.came:
            await asyncio.sleep(0.01)

        await story.capture("A2")
        due = await second.step()

        assert due is not None
        assert due > story.clock()
        assert len(story.receiver.came) == 1
        attempt.cancel()
        await asyncio.wait([attempt])

    async def test_take_over_from_one_that_was_killed(self, story: Story) -> None:
        """
        Killed after the receiver took it, and before that was noted, it comes again by its name.
        """
        subscribed = await story.subscribe()
        await story.capture("A1")

        async def killed(
            dest: str, body: bytes, headers: Mapping[str, str], *, now: int
        ) -> Outcome:
            await Sender(HERE).post(dest, body, headers, now=now)
            raise asyncio.CancelledError

        first = replace(story, post=killed).deliveries(subscribed, "one that is killed")
        with pytest.raises(asyncio.CancelledError):
            await story.settle(first)
        await story.capture("A2")
        await story.settle(story.deliveries(subscribed), until=story.clock() + HOUR)

        came = story.receiver.came
        assert [request.names for request in came] == [["A1"], ["A1"], ["A2"]]
        assert came[0].delivery_id == came[1].delivery_id
        assert came[0].body == came[1].body


async def coroutine_of(told: Any) -> None:
    await told.step()


class Killed(BaseException):
    """What a process does not survive."""


class DyingStore:
    """A store of a process that dies with the nth thing it would write: before that, or after."""

    def __init__(self, store: EventStore, writes: int, *, after: bool) -> None:
        self._store = store
        self._left = writes
        self._after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Work[Any, Any], item: Any) -> Any:
        self._left -= 1
        if self._left == 0 and not self._after:
            raise Killed
        answer = await self._store.write(work, item)
        if self._left == 0:
            raise Killed
        return answer


class TestAProcessThatIsKilled:
    @pytest.mark.parametrize("after", [False, True], ids=["before it writes", "after it wrote"])
    async def test_at_any_step_loses_nothing(self, story: Story, *, after: bool) -> None:
        """
        Wherever it is killed, the next one tells all, in order, and nothing twice by another name.
        """
        names, number, kills = list[str](), 0, 0
        while kills == number:
            number += 1
            subscribed = await story.subscribe()
            story.receiver.taken.clear()
            names = [f"A{number}x{count}" for count in range(3)]
            story.receiver.answers = [status(500), TAKE, status(413)]
            dying: Any = DyingStore(story.store, number, after=after)
            mortal = replace(story, store=dying).deliveries(subscribed, f"mortal {number}")
            left = list(names)
            try:
                while left:
                    await story.capture(left.pop(0))
                    await story.settle(mortal, until=story.clock() + HOUR)
            except Killed:
                kills += 1
                await story.capture(*left)
            story.receiver.answers = []

            successor = story.deliveries(subscribed, f"successor {number}")
            await story.settle(successor, until=story.clock() + DAY)

            assert story.receiver.names == names
            subscription_id = subscribed.subscription.subscription_id
            assert (await deliveries(story.store, subscription_id=subscription_id)).deliveries == []
            await unsubscribe(story.store, subscription_id, now=story.clock())

        assert kills >= 5


class TestWhateverHappens:
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        happens=st.lists(
            st.sampled_from(["capture", "capture", "fail", "take", "refuse", "pass", "restart"]),
            min_size=5,
            max_size=25,
        )
    )
    async def test_everything_comes_in_order(
        self, fresh_store: FreshStores, happens: list[str]
    ) -> None:
        """
        Captures, failures, refusals and restarts in any order: what was taken is what was captured.
        """
        async with fresh_store() as store, receiving() as receiver:
            story = Story(store, receiver)
            await story.query()
            subscribed = await story.subscribe()
            told = story.deliveries(subscribed)
            names: list[str] = []
            for number, what in enumerate(happens):
                match what:
                    case "capture":
                        names.append(f"A{number}")
                        await story.capture(names[-1])
                    case "fail":
                        receiver.answers = [status(500)]
                    case "refuse":
                        receiver.answers = [status(413)]
                    case "take":
                        receiver.answers = []
                    case "pass":
                        await story.settle(told, until=story.clock() + MINUTE)
                    case "restart":
                        told = story.deliveries(subscribed, f"process {number}")
            receiver.answers = []

            await story.settle(told, until=story.clock() + DAY)

            assert receiver.names == names
            taken = [request.delivery_id for request in receiver.taken]
            assert len(set(taken)) == len(taken)
            name = subscribed.subscription.subscription_id
            known = await subscription(store, name)
            assert (known.progress.last_notified is not None) == bool(names)
