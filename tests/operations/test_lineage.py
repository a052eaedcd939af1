"""What a thing was made of, and what was made of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError, QueryTooLargeError
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.events import BizTransaction, Event, TransformationEvent
from epcis_repo.operations.lineage import lineage, lineage_value
from epcis_repo.projections import lineage as projection
from epcis_repo.store import EventStore
from tests.operations.reports import (
    NOW,
    at,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    quantity,
    report,
    transformed,
    when,
)

A, B, C, D, E = (f"urn:epc:id:sgtin:030001.0012345.{letter}" for letter in "ABCDE")
SUBSTANCE = "urn:epc:class:lgtin:030001.0099999.S1"
BULK = "urn:epc:class:lgtin:030001.0088888.B1"


async def value_of(store: EventStore, text: str, **clocks: int) -> dict[str, Any]:
    return lineage_value(await lineage(store, parse_identifier(text), **clocks))


async def told(store: EventStore, text: str, **clocks: int) -> tuple[list[str], list[str]]:
    """Lineage in short: generation and last letter, back and forward."""
    value = await value_of(store, text, **clocks)
    back, forward = (
        [f"{relative['generation']}{relative['epc'].rpartition('.')[2]}" for relative in value[way]]
        for way in ("back", "forward")
    )
    return back, forward


def part(
    hour: float, text: str, *, inputs: tuple[str, ...] = (), outputs: tuple[str, ...] = ()
) -> Event:
    """One of several events of a transformation."""
    return replace(transformed(hour, inputs, outputs), transformation_id=text)


def rework(hour: float, text: str, epc: str, action: str) -> Event:
    """One half of a rework under a business transaction."""
    order = BizTransaction(biz_transaction=text, type="prodorder")
    step = {"biz_step": "repackaging", "biz_transaction_list": (order,)}
    return observed(hour, epc, action=action, **step)


class TestGenerations:
    async def test_are_followed_both_ways(self, store: EventStore) -> None:
        """
        From any of them the others are found, with how many makings are between.
        """
        await report(store, transformed(1, [A], [B]), transformed(2, [B], [C]))
        await report(store, transformed(3, [C], [D]))

        assert await told(store, A) == ([], ["1B", "2C", "3D"])
        assert await told(store, B) == (["1A"], ["1C", "2D"])
        assert await told(store, D) == (["1C", "2B", "3A"], [])

    async def test_meet_what_is_made_in_several_ways_once(self, store: EventStore) -> None:
        """
        What is made of two things that are of one has that one, nearest first.
        """
        await report(store, transformed(1, [A], [B, C]), transformed(2, [B, C], [D]))
        await report(store, transformed(3, [A], [D]))

        assert await told(store, D) == (["1B", "1C", "1A"], [])
        assert len((await value_of(store, D))["makings"]) == 3

    async def test_may_go_in_a_circle(self, store: EventStore) -> None:
        """
        What comes out of its own outputs, or of itself, is told once and ends.
        """
        await report(store, transformed(1, [A], [A, B]), transformed(2, [B], [A]))

        assert await told(store, A) == (["1B"], ["1B"])

    async def test_are_followed_whatever_the_clocks_say(self, store: EventStore) -> None:
        """
        A recall wants what was made of it, though a clock says that it had been made before.
        """
        await report(store, transformed(5, [A], [B]), transformed(2, [B], [C]))

        assert await told(store, A) == ([], ["1B", "2C"])

    async def test_end_somewhere(self, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Generations beyond reason are not followed, and more relatives than anybody reads refused.
        """
        await report(store, transformed(1, [A], [B]), transformed(2, [B], [C, D]))

        monkeypatch.setattr(projection, "GENERATIONS_MAX", 1)
        assert await told(store, A) == ([], ["1B"])
        monkeypatch.setattr(projection, "THINGS_MAX", 0)
        with pytest.raises(QueryTooLargeError, match="more than 0 relatives"):
            await told(store, A)


class TestWays:
    async def test_classes_are_followed_like_things(self, store: EventStore) -> None:
        """
        From the lot of a substance to each bottle that was filled from it, and back.
        """
        mixed = TransformationEvent(
            **when(1),
            input_quantity_list=(quantity(SUBSTANCE),),
            output_quantity_list=(quantity(BULK),),
        )
        filled = TransformationEvent(
            **when(2), input_quantity_list=(quantity(BULK),), output_epc_list=(A, B)
        )
        await report(store, mixed, filled)

        assert await told(store, SUBSTANCE) == ([], ["1B1", "2A", "2B"])
        assert await told(store, A) == (["1B1", "2S1"], [])
        assert (await value_of(store, A))["back"][0]["epc"] == BULK

    async def test_several_events_may_be_one_transformation(self, store: EventStore) -> None:
        """
        With one transformationID, each input is in each output, whichever event names it.
        """
        await report(store, part(1, "urn:x:t1", inputs=(A,)), part(2, "urn:x:t1", inputs=(B,)))
        await report(store, part(3, "urn:x:t1", outputs=(C,)), part(4, "urn:x:t2", outputs=(D,)))

        value = await value_of(store, C)

        assert await told(store, A) == ([], ["1C"])
        assert await told(store, C) == (["1A", "1B"], [])
        assert [
            (making["transformation_id"], making["inputs"], len(making["events"]))
            for making in value["makings"]
        ] == [("urn:x:t1", 2, 3)]

    async def test_a_rework_may_be_two_events(self, store: EventStore) -> None:
        """
        A serial that was taken out of use and the one that replaces it share their order.
        """
        await report(store, commissioned(1, A), rework(2, "urn:x:o1", A, "DELETE"))
        await report(store, rework(3, "urn:x:o1", B, "ADD"), rework(4, "urn:x:o2", B, "DELETE"))
        await report(store, rework(5, "urn:x:o2", C, "ADD"), rework(6, "urn:x:o9", D, "ADD"))

        value = await value_of(store, C)

        assert await told(store, A) == ([], ["1B", "2C"])
        assert await told(store, C) == (["1B", "2A"], [])
        assert [making["biz_transaction"] for making in value["makings"]] == [
            *("urn:x:o2", "urn:x:o1"),
        ]

    async def test_to_be_packed_or_shipped_is_none(self, store: EventStore) -> None:
        """
        Things that are together, or in one order, are not made of each other.
        """
        order = (BizTransaction(biz_transaction="urn:x:o1", type="po"),)
        await report(store, packed(1, A, B), observed(2, C, biz_transaction_list=order))
        await report(store, commissioned(3, D, biz_transaction_list=order))

        for epc in (A, B, C, D):
            assert await told(store, epc) == ([], [])


class TestClocks:
    async def test_as_of_knows_no_later_making(self, store: EventStore) -> None:
        """
        What was made later had not been made.
        """
        await report(store, transformed(1, [A], [B]), transformed(3, [B], [C]))

        assert await told(store, A, as_of=at(2)) == ([], ["1B"])

    async def test_known_at_knows_no_later_report(self, store: EventStore) -> None:
        """
        What was reported later was not known.
        """
        await report(store, transformed(1, [A], [B]))
        await report(store, transformed(0.5, [D], [A]), now=NOW + 1)

        assert await told(store, B, known_at=NOW) == (["1A"], [])
        assert await told(store, B) == (["1A", "2D"], [])

    async def test_an_error_made_nothing(self, store: EventStore) -> None:
        """
        A transformation that was declared in error is none from the declaration on.
        """
        wrong = named("urn:x:1", transformed(1, [A], [B]))
        await report(store, commissioned(0.5, A), wrong)
        await report(store, declared_in_error(wrong), transformed(1, [A], [E]), now=NOW + 1)

        assert await told(store, A) == ([], ["1E"])
        assert await told(store, A, known_at=NOW) == ([], ["1B"])

    async def test_of_nothing_there_is_none(self, store: EventStore) -> None:
        """
        What no event names is not found.
        """
        with pytest.raises(NotFoundError, match="never captured"):
            await told(store, A)
