"""Captures that arrive together: one database transaction, and each its own answer."""

import asyncio

from epcis_repo.errors import DuplicateEventError
from epcis_repo.operations.receipts import Receipt
from epcis_repo.store import EventStore
from epcis_repo.store.log import head, read
from tests.operations.reports import (
    CASE,
    PACK,
    commissioned,
    declared_in_error,
    named,
    packed,
    received,
    report,
    shipped,
    story_of,
)


async def identities_of(store: EventStore) -> list[str]:
    async with store.reading() as session:
        return [event.event_id async for event in read(session)]


async def head_of(store: EventStore) -> int:
    async with store.reading() as session:
        return await head(session)


class TestTogether:
    async def test_the_second_of_two_with_one_id_is_refused_alone(self, store: EventStore) -> None:
        """
        The same eventID with other content is a conflict with a neighbour, too.
        """
        first, second, third = await asyncio.gather(
            report(store, named("urn:uuid:1", commissioned(1, PACK)), note="a"),
            report(store, named("urn:uuid:1", shipped(2, PACK)), note="b"),
            report(store, named("urn:uuid:2", received(3, PACK)), note="c"),
            return_exceptions=True,
        )

        assert isinstance(first, Receipt)
        assert isinstance(second, DuplicateEventError)
        assert isinstance(third, Receipt)
        assert [e.event_id for e in (await story_of(store, PACK)).entries] == [
            "urn:uuid:1",
            "urn:uuid:2",
        ]

    async def test_nothing_of_a_refused_neighbour_is_kept(self, store: EventStore) -> None:
        """
        Neither its events nor its bytes: the next who sends the rest of it is not a repeat.
        """
        shared = named("urn:uuid:1", commissioned(1, PACK))
        other = named("urn:uuid:9", shipped(2, PACK))
        await asyncio.gather(
            report(store, shared, note="a"),
            report(store, other, named("urn:uuid:1", shipped(5, PACK)), note="b"),
            return_exceptions=True,
        )
        before = await identities_of(store)
        receipt = await report(store, other, note="b again")

        assert "urn:uuid:9" not in before
        assert (receipt.events, receipt.recorded) == (1, 1)

    async def test_one_document_twice_has_one_effect(self, store: EventStore) -> None:
        """
        Two deliveries in one group: one is recorded, the other gets its receipt.
        """
        receipts = await asyncio.gather(*(report(store, commissioned(1, PACK)) for _ in range(5)))

        assert sorted(receipt.repeated for receipt in receipts) == [False, True, True, True, True]
        assert len({receipt.capture_id for receipt in receipts}) == 1
        assert await head_of(store) == 2

    async def test_each_finds_what_its_neighbours_reported(self, store: EventStore) -> None:
        """
        What came together is folded as one story, whatever the order in the group.
        """
        await asyncio.gather(
            report(store, shipped(3, CASE), note="last"),
            report(store, packed(2, CASE, PACK), note="second"),
            report(store, commissioned(1, PACK), note="first"),
        )
        story = await story_of(store, PACK)

        assert [entry.said.biz_step for entry in story.entries] == [
            "commissioning",
            "packing",
            "shipping",
        ]
        assert [entry.container is not None for entry in story.entries] == [False, False, True]

    async def test_an_event_and_its_declaration_may_come_together(self, store: EventStore) -> None:
        """
        The original is struck out, though both were new to the log in one transaction.
        """
        wrong = named("urn:uuid:1", shipped(2, PACK))
        await asyncio.gather(
            report(store, commissioned(1, PACK), note="a"),
            report(store, wrong, note="b"),
            report(store, declared_in_error(wrong), note="c"),
        )
        story = await story_of(store, PACK)

        assert [entry.in_error for entry in story.entries if not entry.declares_error] == [
            False,
            True,
        ]
        assert story.state is not None
        assert story.state.disposition == "active"
