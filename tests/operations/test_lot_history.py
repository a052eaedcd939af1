"""The story of a lot, and stories in pages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.events import ObjectEvent
from epcis_repo.operations.history import History, history, history_value
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    MDA,
    NOW,
    OTHER_CASE,
    PALLET,
    at,
    commissioned,
    declared_in_error,
    key,
    named,
    observed,
    packed,
    quantity,
    report,
    shipped,
    told,
    transformed,
    unpacked,
    when,
)

LOT, OTHER_LOT = "(01)00300010123455(10)L1", "(01)00300010123455(10)L2"
LGTIN = "urn:epc:class:lgtin:030001.0012345.L1"
PACKS = tuple(f"urn:epc:id:sgtin:030001.0012345.P{n}" for n in range(6))
STRANGER = "urn:epc:id:sgtin:030001.0077777.X1"


async def of_lot(store: EventStore, text: str = LOT, **asked: Any) -> History:
    return await history(store, parse_identifier(text), **asked)


def tell(story: History) -> list[tuple[float, str, str | None, int | None]]:
    """A story in short: hour, what happened, the container, and how many serials it concerns."""
    return [(*told(e), story.concerned.get(e.said.position)) for e in story.entries]


async def usual(store: EventStore) -> None:
    """Four packs of a lot and two of another in two cases on one pallet."""
    other = {f"{MDA}lotNumber": "L2"}
    await report(store, commissioned(1, *PACKS[:4]), commissioned(1, *PACKS[4:], ilmd=other))
    await report(store, packed(2, CASE, *PACKS[:3]), packed(2.5, OTHER_CASE, *PACKS[3:]))
    await report(store, packed(3, PALLET, CASE), packed(3.5, PALLET, OTHER_CASE))
    await report(store, shipped(4, PALLET), unpacked(5, PALLET), observed(6, OTHER_CASE))


class TestALot:
    async def test_has_all_that_happened_to_any_of_its_serials(self, store: EventStore) -> None:
        """
        Each event is told once, with how many of the lot's serials it concerns, by whatever name.
        """
        await usual(store)

        story = await of_lot(store)

        assert (story.things, story.state, story.stays) == (4, None, ())
        assert tell(story) == [
            (1, "ADD commissioning", None, 4),
            (2, "ADD packing", None, 3),
            (2.5, "ADD packing", None, 1),
            (3, "ADD packing", key(CASE), 3),
            # The pallet has three of them by then, and this brings the fourth.
            (3.5, "ADD packing", key(OTHER_CASE), 4),
            (4, "OBSERVE shipping", key(PALLET), 4),
            (5, "DELETE unpacking", key(PALLET), 4),
            (6, "OBSERVE None", key(OTHER_CASE), 1),
        ]
        assert [things for *_, things in tell(await of_lot(store, OTHER_LOT))] == [2] * 6

    async def test_has_what_names_it_alone(self, store: EventStore) -> None:
        """
        A quantity of the lot is an event of it, though no serial is named.
        """
        held = ObjectEvent(**when(4), action="OBSERVE", quantity_list=(quantity(LGTIN),))
        await report(store, commissioned(1, *PACKS), held)

        assert tell(await of_lot(store)) == [
            *((1, "ADD commissioning", None, 6), (4, "OBSERVE None", None, None)),
        ]

    async def test_has_no_serial_of_another_product(self, store: EventStore) -> None:
        """
        Two products may have a lot of one number.
        """
        await report(store, commissioned(1, PACKS[0]), commissioned(2, STRANGER))
        await report(store, commissioned(3, PACKS[1], STRANGER), shipped(4, STRANGER))

        assert [(hour, things) for hour, _, _, things in tell(await of_lot(store))] == [
            *((1, 1), (3, 1)),
        ]

    async def test_may_be_made(self, store: EventStore) -> None:
        """
        What a transformation puts out as of a lot is of it.
        """
        made = transformed(1, [STRANGER], PACKS[:2])
        await report(store, replace(made, ilmd={f"{MDA}lotNumber": "L1"}))
        await report(store, shipped(2, PACKS[1]))

        assert [things for *_, things in tell(await of_lot(store))] == [2, 1]

    async def test_has_two_clocks_and_its_corrections(self, store: EventStore) -> None:
        """
        What happened later, or was known later, is not told; what was an error is struck out.
        """
        wrong = named("urn:x:1", packed(2, CASE, *PACKS))
        await report(store, commissioned(1, *PACKS), wrong, shipped(3, CASE))
        await report(store, declared_in_error(wrong), now=NOW + 1)

        then, now = await of_lot(store, known_at=NOW), await of_lot(store)

        assert [hour for hour, *_ in tell(then)] == [1, 2, 3]
        assert [hour for hour, *_ in tell(await of_lot(store, known_at=NOW, as_of=at(2)))] == [1, 2]
        assert [(told(e)[0], e.in_error, e.declares_error) for e in now.entries] == [
            *((1, False, False), (2, True, False), (2, False, True)),
        ]
        with pytest.raises(NotFoundError):
            await of_lot(store, as_of=at(0))

    async def test_whose_commissioning_was_an_error_has_other_serials(
        self, store: EventStore
    ) -> None:
        """
        Serials that were said to be of the lot in error are not of it.
        """
        wrong = named("urn:x:1", commissioned(1, *PACKS[:2]))
        await report(store, wrong, commissioned(1, PACKS[2]))
        await report(store, declared_in_error(wrong), shipped(3, PACKS[0]), shipped(4, PACKS[2]))

        story = await of_lot(store)

        assert (story.things, [hour for hour, *_ in tell(story)]) == (1, [1, 4])

    async def test_nobody_named_is_not_found(self, store: EventStore) -> None:
        """
        A typing error is told from a lot of which nothing happened.
        """
        await usual(store)

        with pytest.raises(NotFoundError, match="never captured"):
            await of_lot(store, "(01)00300010123455(10)L3")

    async def test_is_named_as_its_sender_does(self, store: EventStore) -> None:
        """
        Where only its serials were named, it is spelt with their company prefix.
        """
        await usual(store)

        assert history_value(await of_lot(store))["id"]["epc"] == LGTIN


class TestPages:
    @pytest.mark.parametrize("text", [PACKS[0], LOT], ids=["of a thing", "of a lot"])
    async def test_hold_the_story_between_them(self, store: EventStore, text: str) -> None:
        """
        Page by page it is the same story, whatever is captured meanwhile.
        """
        await usual(store)
        whole = tell(await of_lot(store, text))

        pages: list[Any] = []
        token: str | None = None
        while True:
            page = await of_lot(store, text, per_page=3, token=token)
            pages.append(tell(page))
            token = page.next_page_token
            if token is None:
                break
            await report(store, observed(1.5 + len(pages), PACKS[0]))

        assert [len(page) for page in pages][:-1] == [3] * (len(pages) - 1)
        assert [entry for page in pages for entry in page] == whole
        assert len(pages) > 1

    async def test_have_the_state_of_the_whole(self, store: EventStore) -> None:
        """
        The state is that at the end, on whichever page.
        """
        await usual(store)
        whole = await of_lot(store, PACKS[0])

        first = await of_lot(store, PACKS[0], per_page=1)

        assert (first.state, first.stays) == (whole.state, whole.stays)

    @pytest.mark.parametrize("token", ["", "1", "1.2", "1.2.x", "1.2.3.4", "1.2." + "9" * 40])
    async def test_are_asked_for_by_their_tokens(self, store: EventStore, token: str) -> None:
        """
        What is no token is refused by name.
        """
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await of_lot(store, token=token)
