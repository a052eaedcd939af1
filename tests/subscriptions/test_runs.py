"""What a subscriber is told by the clock."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from epcis_repo.store import Reading
from epcis_repo.store.log import head
from epcis_repo.subscriptions import runs, subscription
from tests.conformance.rows import holds
from tests.operations.reports import observed, report
from tests.subscriptions.receiver import status
from tests.subscriptions.telling import EPC, HOUR, MINUTE, SECOND, Story
from tests.validation.judges import our_xml_schema

DAILY = {"hour": "2"}
EVERY_HALF_MINUTE = {"second": "0,30"}
DAY = 24 * HOUR


class TestARun:
    @holds("M48", "R24")
    async def test_tells_what_came_since_the_last(self, story: Story) -> None:
        """
        Every run has what was captured after the one before, and one without anything is silent.
        """
        told = story.deliveries(await story.subscribe(schedule=EVERY_HALF_MINUTE))
        await story.capture("A1", "A2")
        await story.settle(told, until=story.clock() + 5 * MINUTE)
        await story.capture("A3")
        await story.settle(told, until=story.clock() + 5 * MINUTE)

        assert [request.names for request in story.receiver.came] == [["A1", "A2"], ["A3"]]

    @holds("M31")
    async def test_comes_at_its_time(self, story: Story) -> None:
        """
        Nothing is told before a time of the schedule, and all of it then.
        """
        told = story.deliveries(await story.subscribe(schedule=DAILY))
        await story.capture("A1")

        due = await told.step()
        assert due is not None
        await story.settle(told, until=due - SECOND)
        assert story.receiver.came == []
        await story.settle(told, until=due)

        assert story.receiver.names == ["A1"]
        assert due % DAY == 2 * HOUR

    @holds("M29", "M48")
    async def test_that_is_empty_is_reported_to_who_wants_it(self, story: Story) -> None:
        """
        With an earlier initialRecordTime old events come first; then nothing; then the new alone.
        """
        await story.capture("A1")
        told = story.deliveries(
            await story.subscribe(
                schedule=EVERY_HALF_MINUTE,
                report_if_empty=True,
                initial_record_time=story.clock() - HOUR,
            )
        )
        await story.settle(told, until=story.clock() + MINUTE)
        await story.capture("A2")
        await story.settle(told, until=story.clock() + 30 * SECOND)

        assert [request.names for request in story.receiver.came] == [["A1"], [], ["A2"]]
        results = story.receiver.came[1].value["epcisBody"]["queryResults"]
        assert results["resultsBody"] == {"eventList": []}

    @holds("M6", "M34", "M89")
    async def test_names_query_and_subscription(self, story: Story) -> None:
        """
        A delivery says which query it answers, and to which subscription.
        """
        subscribed = await story.subscribe(schedule=EVERY_HALF_MINUTE)
        await story.capture("A1")
        await story.settle(story.deliveries(subscribed), until=story.clock() + MINUTE)

        [request] = story.receiver.came
        results = request.value["epcisBody"]["queryResults"]
        assert results["queryName"] == "all"
        assert results["subscriptionID"] == subscribed.subscription.subscription_id
        assert all("recordTime" in event for event in request.events)

    async def test_waits_until_the_one_before_was_taken(self, story: Story) -> None:
        """
        Times that pass while a receiver is down are one run, once it is up.
        """
        told = story.deliveries(await story.subscribe(schedule=EVERY_HALF_MINUTE))
        story.receiver.then = status(500)
        for name in ("A1", "A2", "A3"):
            await story.capture(name)
            await story.settle(told, until=story.clock() + 10 * MINUTE)
        story.receiver.then = status(200)
        came = len(story.receiver.came)

        await story.settle(told, until=story.clock() + 3 * HOUR)

        assert [request.names for request in story.receiver.came[came:]] == [["A1"], ["A2", "A3"]]

    async def test_that_was_missed_is_made_good(self, story: Story) -> None:
        """
        Whoever serves again after a week tells once what there is, and goes on at the next time.
        """
        subscribed = await story.subscribe(schedule=DAILY, report_if_empty=True)
        await story.capture("A1")
        story.clock.forward(7 * DAY)

        told = story.deliveries(subscribed, "another process")
        await story.settle(told, until=story.clock() + DAY)

        assert [request.names for request in story.receiver.came] == [["A1"], []]

    async def test_is_not_repeated_by_a_clock_that_goes_back(self, story: Story) -> None:
        """
        A clock that is set back two hours brings no time again that has been.
        """
        told = story.deliveries(
            await story.subscribe(schedule=EVERY_HALF_MINUTE, report_if_empty=True)
        )
        await story.settle(told, until=story.clock() + 2 * MINUTE)
        came = len(story.receiver.came)
        assert came == 4

        story.clock.forward(-2 * HOUR)
        await story.settle(told, until=story.clock() + 2 * HOUR)

        assert len(story.receiver.came) == came

    @holds("R25")
    async def test_moves_the_record_time_that_is_told(self, story: Story) -> None:
        """
        minRecordTime is that of the last run, lastNotifiedAt that of the last answer.
        """
        subscribed = await story.subscribe(schedule=DAILY)
        name = subscribed.subscription.subscription_id
        told = story.deliveries(subscribed)
        due = await told.step()
        assert due is not None
        await story.settle(told, until=due)
        silent = await subscription(story.store, name)
        await story.capture("A1")
        await story.settle(told, until=due + DAY)
        told_of = await subscription(story.store, name)

        assert silent.progress.min_record_time == due
        assert silent.progress.last_notified is None
        assert told_of.progress.min_record_time == told_of.progress.last_notified == due + DAY


class TestALongRun:
    async def test_goes_on_where_it_was_after_a_restart(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A run of many pages has what there was when it began, whoever goes on with it.
        """
        monkeypatch.setattr(runs, "_PAGE", 3)
        subscribed = await story.subscribe(schedule=DAILY)
        names = [f"A{number}" for number in range(10)]
        await story.capture(*names)
        due = await story.deliveries(subscribed).step()
        assert due is not None
        story.clock.now = due

        for number in range(40):
            await story.deliveries(subscribed, f"process {number}").step()
            if number == 2:
                await story.capture("A99")
            story.clock.forward(MINUTE)

        assert story.receiver.names == names
        assert len({request.delivery_id for request in story.receiver.came}) == 4

    async def test_is_in_the_order_of_the_query(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What is ordered by event time comes so, over all pages of a run, and each time anew.
        """
        monkeypatch.setattr(runs, "_PAGE", 2)
        await story.query("latest", orderBy="eventTime", orderDirection="DESC")
        told = story.deliveries(await story.subscribe("latest", schedule=DAILY))

        async def happened(*hours: int) -> None:
            for hour in hours:
                event = observed(hour, EPC.format(f"H{hour}"))
                await report(story.store, event, now=story.clock())

        await happened(3, 1, 5, 2, 4)
        await story.settle(told, until=story.clock() + DAY)
        await happened(0, 6)
        await story.settle(told, until=story.clock() + DAY)

        assert story.receiver.names == ["H5", "H4", "H3", "H2", "H1", "H6", "H0"]

    async def test_has_no_more_events_than_the_query_wants(self, story: Story) -> None:
        """
        eventCountLimit is of each run, and what it leaves out is not told by the next.
        """
        await story.query("two", orderBy="eventTime", orderDirection="ASC", eventCountLimit=2)
        told = story.deliveries(await story.subscribe("two", schedule=DAILY))
        for hour in (1, 2, 3):
            await report(story.store, observed(hour, EPC.format(f"H{hour}")), now=story.clock())
        await story.settle(told, until=story.clock() + DAY)
        await story.capture("A9")
        await story.settle(told, until=story.clock() + DAY)

        assert [request.names for request in story.receiver.came] == [["H1", "H2"], ["A9"]]


class TestWhatIsCapturedMeanwhile:
    async def test_is_told_the_next_time_and_once(
        self, story: Story, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        An event that comes between the look at the end of the log and the query is told once.
        """
        await story.query("one", MATCH_anyEPC=[EPC.format("A1")])
        told = story.deliveries(await story.subscribe("one"))
        await report(story.store, observed(1, EPC.format("A1")), now=story.clock())
        async with story.store.reading() as session:
            end = await head(session)
        await report(story.store, observed(2, EPC.format("A1")), now=story.clock())

        async def end_of_before(_session: Reading) -> int:
            return end

        with monkeypatch.context() as patch:
            patch.setattr(runs, "head", end_of_before)
            await story.settle(told)
        await story.settle(told)

        times = [event["eventTime"] for request in story.receiver.came for event in request.events]
        assert times == ["2026-01-01T01:00:00.000Z", "2026-01-01T02:00:00.000Z"]
        assert [len(request.events) for request in story.receiver.came] == [1, 1]


class TestTooMany:
    async def too_many(self, story: Story, **members: Any) -> None:
        await story.query("few", maxEventCount=2)
        told = story.deliveries(await story.subscribe("few", schedule=DAILY, **members))
        await story.capture("A1", "A2", "A3")
        await story.settle(told, until=story.clock() + DAY)
        await story.capture("A4")
        await story.settle(told, until=story.clock() + DAY)

    async def test_is_told_as_a_problem(self, story: Story) -> None:
        """
        More events than maxEventCount allows are a problem document, and the next run goes on.
        """
        await self.too_many(story)

        problem, answer = story.receiver.came
        assert problem.headers["content-type"] == "application/problem+json"
        assert problem.value["type"] == "epcisException:QueryTooLargeException"
        assert problem.value["queryName"] == "few"
        assert "webhook-signature" in problem.headers
        assert answer.names == ["A4"]

    @holds("M88", "M89")
    @pytest.mark.parametrize("version", ["1.2", "2.0"])
    async def test_is_told_in_xml(self, story: Story, version: str) -> None:
        """
        Who gets XML is told so by the exception of the standard, as its schema has it.
        """
        await self.too_many(story, form=f"xml-{version}")

        problem, answer = story.receiver.came
        root = etree.fromstring(problem.body)
        assert etree.QName(root).localname == "EPCISQueryDocument"
        [exception] = root.iterfind("EPCISBody/*")
        assert etree.QName(exception).localname == "QueryTooLargeException"
        assert exception.findtext("queryName") == "few"
        told = etree.fromstring(answer.body).findtext(".//subscriptionID")
        assert exception.findtext("subscriptionID") == told
        our_xml_schema(f"control-{version}").assertValid(etree.ElementTree(exception))
        assert answer.headers["content-type"] == "application/xml"
