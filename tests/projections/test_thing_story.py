"""How little is read for the story of a thing, and that it is all that belongs to it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from epcis_repo.projections import corrections, thing_story
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
    observed,
    packed,
    report,
    shipped,
    unpacked,
)

ASKED = {**thing_story.STATEMENTS, **corrections.STATEMENTS}
"""Every statement that the story of a thing takes."""
EACH_ONCE = ["select_moves", "select_told", "select_corrections"]


class Counted:
    """A view of the log that remembers what was asked, and what it has told of, by thing."""

    def __init__(self, session: Reading) -> None:
        self._session = session
        self.part, self.dialect = session.part, session.dialect
        self.asked: list[str] = []
        self.moves = 0
        self.rows: defaultdict[str, list[tuple[Any, ...]]] = defaultdict(list)

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        rows = await self._session.fetch(statement, *values)
        self.asked.append(next(name for name, text in ASKED.items() if text == statement))
        if self.asked[-1] == "select_told":
            for row in rows:
                self.rows[row[0]].append(row)
        if self.asked[-1] == "select_moves":
            self.moves += len(rows)
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
    async def test_takes_three_statements(self, store: EventStore) -> None:
        """
        However deep it was and however much happened, what moved it, what happened and what was
        corrected is asked for once.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), packed(3, PALLET, CASE))
        await report(store, packed(4, TRUCK, PALLET), *(shipped(5 + n, TRUCK) for n in range(9)))

        story, counted = await told(store, PACK)

        assert len(story.entries) == 13
        assert {*counted.rows} == {*map(key, (PACK, CASE, PALLET, TRUCK))}
        assert counted.asked == EACH_ONCE

    async def test_of_a_container_is_of_the_time_in_which_the_thing_was_in_it(
        self, store: EventStore
    ) -> None:
        """
        Of what goes out every day only that day is read.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK))
        await report(store, *(observed(2 + n, CASE) for n in range(20)))
        await report(store, packed(25, PALLET, CASE), packed(30, CASE, PACK), shipped(31, CASE))
        await report(store, unpacked(32, CASE), *(observed(40 + n, CASE) for n in range(20)))

        story, counted = await told(store, PACK)

        assert hours(story) == [1, 30, 31, 32]
        # Nobody has said by its name that the pack was taken out, so it might be in it to this day.
        assert min(row[3] for row in counted.rows[key(CASE)]) == at(30)

    async def test_leaves_out_what_it_was_in_at_other_times(self, store: EventStore) -> None:
        """
        What happened to that which a container was in before the thing came, and after it left, is
        not looked at.
        """
        await report(store, packed(1, PALLET, CASE), unpacked(2, PALLET, CASE))
        await report(store, commissioned(3, PACK), packed(4, CASE, PACK), unpacked(5, CASE, PACK))
        await report(store, packed(6, TRUCK, CASE), shipped(7, TRUCK))

        story, counted = await told(store, PACK)

        assert hours(story) == [3, 4, 5]
        assert {*counted.rows} == {key(PACK), key(CASE)}

    async def test_does_not_go_through_all_that_a_tote_was_ever_in(self, store: EventStore) -> None:
        """
        Of what was moved very often its own moves are read, and where it went while the thing was
        in it.
        """
        trucks = [f"urn:epc:id:sscc:030001.{number:011}" for number in range(1_000, 1_200)]
        pallets = [f"urn:epc:id:sscc:030001.{number:011}" for number in range(2_000, 2_200)]
        for hour, (truck, pallet) in enumerate(zip(trucks, pallets, strict=True)):
            moves = packed(10 * hour, truck, CASE), packed(10 * hour, pallet, truck)
            left = unpacked(10 * hour + 9, truck, CASE), unpacked(10 * hour + 9, pallet, truck)
            await report(store, *moves, shipped(10 * hour + 5, pallet), *left)
        await report(store, commissioned(1001, PACK), packed(1002, CASE, PACK))
        await report(store, unpacked(1007, CASE, PACK))

        story, counted = await told(store, PACK)

        assert hours(story) == [1001, 1002, 1005, 1007]
        assert {*counted.rows} == {*map(key, (PACK, CASE, trucks[100], pallets[100]))}
        assert counted.moves < 1_000


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
        assert counted.asked == EACH_ONCE

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

    @pytest.mark.parametrize("moves", [1, 2, 3, 5])
    async def test_is_the_same_however_far_was_looked_at_once(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch, moves: int
    ) -> None:
        """
        What was not reached with the first look is found with others.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), packed(3, PALLET, CASE))
        await report(store, packed(4, TRUCK, PALLET), shipped(5, TRUCK), unpacked(6, TRUCK))
        await report(store, unpacked(7, CASE), packed(8, OTHER_CASE, PACK), shipped(9, OTHER_CASE))
        await report(store, packed(10, PALLET, OTHER_CASE), packed(11, OTHER_CASE, PALLET))
        expected, _ = await told(store, PACK)

        monkeypatch.setattr(thing_story, "_MOVES_MAX", moves)
        story, counted = await told(store, PACK)

        assert story == expected
        assert len(counted.asked) > len(EACH_ONCE)
