"""How little is read for the story of a thing, and that it is all that belongs to it."""

from __future__ import annotations

from typing import Any

from epcis_repo.projections.thing_story import Story, story_of
from epcis_repo.store import EventStore, Reading, log
from tests.operations.reports import (
    CASE,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    TRUCK,
    at,
    commissioned,
    key,
    named,
    observed,
    packed,
    report,
    shipped,
    unpacked,
)


class Counted:
    """A view of the log that remembers what was asked, and how many rows were the answer."""

    def __init__(self, session: Reading) -> None:
        self._session = session
        self.part, self.dialect = session.part, session.dialect
        self.asked: list[tuple[Any, ...]] = []
        self.rows: dict[Any, list[tuple[Any, ...]]] = {}

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        rows = await self._session.fetch(statement, *values)
        self.asked.append(values)
        if isinstance(values[1], str):
            self.rows[values[1]] = rows
        return rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


async def told(store: EventStore, text: str) -> tuple[Story, Counted]:
    async with store.reading(snapshot=False) as session:
        counted = Counted(session)
        story = await story_of(counted, key(text), until=await log.head(session))
    return story, counted


def hours(story: Story) -> list[float]:
    return [(entry.said.event_time - at(0)) / 3_600_000_000 for entry in story.entries]


class TestReading:
    async def test_takes_a_statement_for_each_container(self, store: EventStore) -> None:
        """
        However many events there are, each container is asked for once, and all corrections once.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), packed(3, PALLET, CASE))
        await report(store, packed(4, TRUCK, PALLET), *(shipped(5 + n, TRUCK) for n in range(9)))

        story, counted = await told(store, PACK)

        assert len(story.entries) == 13
        assert [*counted.rows] == [*map(key, (PACK, CASE, PALLET, TRUCK))]
        assert len(counted.asked) == 5

    async def test_of_a_container_is_of_the_time_in_which_the_thing_was_in_it(
        self, store: EventStore
    ) -> None:
        """
        Of what goes out every day only that day is read, and where it went itself.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK))
        await report(store, *(observed(2 + n, CASE) for n in range(20)))
        await report(store, packed(25, PALLET, CASE), packed(30, CASE, PACK), shipped(31, CASE))
        await report(store, unpacked(32, CASE), *(observed(40 + n, CASE) for n in range(20)))

        story, counted = await told(store, PACK)

        assert hours(story) == [1, 30, 31, 32]
        rows = counted.rows[key(CASE)]
        assert sorted((row[3] - at(0)) / 3_600_000_000 for row in rows)[:2] == [25, 30]
        # Of what it was put into before, nobody asks for the event itself.
        assert [bytes(row[-1] or b"") == b"" for row in rows if row[3] == at(25)] == [True]

    async def test_leaves_out_what_it_was_in_at_other_times(self, store: EventStore) -> None:
        """
        What a container was in before the thing came, and after it left, is not looked at.
        """
        await report(store, packed(1, PALLET, CASE), unpacked(2, PALLET, CASE))
        await report(store, commissioned(3, PACK), packed(4, CASE, PACK), unpacked(5, CASE, PACK))
        await report(store, packed(6, TRUCK, CASE), shipped(7, TRUCK))

        story, counted = await told(store, PACK)

        assert hours(story) == [3, 4, 5]
        assert key(PALLET) not in counted.rows
        assert key(TRUCK) not in counted.rows

    async def test_asks_for_declarations_where_there_are_any(self, store: EventStore) -> None:
        """
        Who corrected what is one more statement only for a story with an event in error.
        """
        wrong = named("urn:x:wrong", shipped(3, PACK))
        await report(store, commissioned(1, PACK, OTHER_PACK), wrong)
        await report(store, observed(2, OTHER_PACK))

        _, counted = await told(store, PACK)

        assert len(counted.asked) == 2


class TestAStory:
    async def test_goes_on_where_it_was_taken_out_of_something_else(
        self, store: EventStore
    ) -> None:
        """
        What is said to be taken out of where it is not is still where it was.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK))
        await report(store, unpacked(3, OTHER_CASE, PACK), shipped(4, CASE), unpacked(5, CASE))
        await report(store, shipped(6, CASE))

        story, _ = await told(store, PACK)

        assert hours(story) == [1, 2, 3, 4, 5]
        assert [(stay.begins[0], stay.ends[0]) for stay in story.stays] == [(at(2), at(5))]

    async def test_has_what_it_came_back_to(self, store: EventStore) -> None:
        """
        A container that it was in twice tells of both times, and of nothing between.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), shipped(3, CASE))
        await report(store, unpacked(4, CASE), shipped(5, CASE), packed(6, CASE, PACK))
        await report(store, packed(7, PALLET, CASE), shipped(8, PALLET))

        story, counted = await told(store, PACK)

        assert hours(story) == [1, 2, 3, 4, 6, 7, 8]
        assert len(counted.rows) == 3

    async def test_knows_a_container_that_it_comes_to_by_two_ways(self, store: EventStore) -> None:
        """
        What both of its cases were put into, one after the other, is told for both times.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), packed(3, PALLET, CASE))
        await report(store, shipped(4, PALLET), unpacked(5, PALLET), unpacked(6, CASE))
        await report(store, shipped(7, PALLET), packed(8, OTHER_CASE, PACK))
        await report(store, packed(9, PALLET, OTHER_CASE), shipped(10, PALLET))

        story, _ = await told(store, PACK)

        assert hours(story) == [1, 2, 3, 4, 5, 6, 8, 9, 10]
