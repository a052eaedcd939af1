"""The story of a thing: what happened to it, and to what it was in while it was in it."""

from itertools import pairwise
from pathlib import Path

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import digital_link as digital_link_of
from epcis_repo.gs1 import element_string, parse_identifier
from epcis_repo.model.events import Place
from epcis_repo.operations.capture import capture
from epcis_repo.operations.history import History, history_value
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    HOUR,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    PLANT,
    TRUCK,
    WHOLESALER,
    at,
    attached,
    commissioned,
    declared_in_error,
    key,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    story_of,
    told,
    transformed,
    unpacked,
)
from tests.shared_data import shared


def tell(story: History) -> list[tuple[float, str, str | None]]:
    """The story in short: hour, action and step, and the container that it is inferred from."""
    return [told(entry) for entry in story.entries]


async def usual(store: EventStore) -> None:
    """A pack's way in a case on a pallet to the wholesaler, who takes the pallet apart."""
    await report(store, commissioned(1, PACK, OTHER_PACK))
    await report(store, commissioned(2, CASE, ilmd=None), commissioned(2.5, PALLET, ilmd=None))
    await report(store, observed(3, CASE, biz_step="inspecting"))
    await report(store, packed(4, CASE, PACK, OTHER_PACK))
    await report(store, packed(5, PALLET, CASE), shipped(6, PALLET), received(7, PALLET))
    await report(store, unpacked(8, PALLET), shipped(9, PALLET), received(10, CASE))


class TestAPack:
    async def test_has_its_own_events_and_those_of_its_containers(self, store: EventStore) -> None:
        """
        Everything that happened to it or around it is told, with the container it comes from.
        """
        await usual(store)

        assert tell(await story_of(store, PACK)) == [
            (1, "ADD commissioning", None),
            (4, "ADD packing", None),
            (5, "ADD packing", key(CASE)),
            (6, "OBSERVE shipping", key(PALLET)),
            (7, "OBSERVE receiving", key(PALLET)),
            (8, "DELETE unpacking", key(PALLET)),
            (10, "OBSERVE receiving", key(CASE)),
        ]

    async def test_has_nothing_of_a_container_before_or_after(self, store: EventStore) -> None:
        """
        What a case went through without the pack is no part of the pack's story.
        """
        await report(store, commissioned(1, PACK), observed(2, CASE), packed(3, CASE, PACK))
        await report(store, observed(4, CASE), unpacked(5, CASE, PACK), observed(6, CASE))

        assert [hour for hour, _, _ in tell(await story_of(store, PACK))] == [1, 3, 4, 5]

    async def test_that_moves_follows_its_new_container(self, store: EventStore) -> None:
        """
        Packed again, without having been unpacked, it has left the case before.
        """
        await report(store, packed(1, CASE, PACK), shipped(2, CASE), packed(3, OTHER_CASE, PACK))
        await report(store, shipped(4, CASE), shipped(5, OTHER_CASE))

        story = await story_of(store, PACK)

        assert [(hour, container) for hour, _, container in tell(story)] == [
            (1, None),
            (2, key(CASE)),
            (3, None),
            (5, key(OTHER_CASE)),
        ]
        assert [(stay.container, stay.begins[0], stay.ends[0]) for stay in story.stays] == [
            (key(CASE), at(1), at(3)),
            (key(OTHER_CASE), at(3), float("inf")),
        ]

    async def test_that_left_with_all_others_has_the_unpacking(self, store: EventStore) -> None:
        """
        A DELETE without children ends the stay of each, is told, and shows as inferred.
        """
        await report(store, packed(1, CASE, PACK, OTHER_PACK), unpacked(2, CASE), shipped(3, CASE))

        story = await story_of(store, PACK)

        assert tell(story) == [(1, "ADD packing", None), (2, "DELETE unpacking", key(CASE))]
        assert [stay.ends[0] for stay in story.stays] == [at(2)]

    async def test_that_was_packed_late_left_with_the_others(self, store: EventStore) -> None:
        """
        A packing that is reported after the unpacking of all has been ends there.
        """
        await report(store, unpacked(2, CASE), shipped(3, CASE))
        await report(store, packed(1, CASE, PACK))

        assert [hour for hour, _, _ in tell(await story_of(store, PACK))] == [1, 2]

    async def test_that_was_taken_out_before_the_others(self, store: EventStore) -> None:
        """
        An unpacking that is reported after that of all the others ends the stay when it happened.
        """
        await report(store, packed(1, CASE, PACK, OTHER_PACK), unpacked(7, CASE))
        await report(store, unpacked(5, CASE, PACK), shipped(6, CASE))

        assert [stay.ends[0] for stay in (await story_of(store, PACK)).stays] == [at(5)]
        assert [stay.ends[0] for stay in (await story_of(store, OTHER_PACK)).stays] == [at(7)]

    async def test_has_what_came_after_its_packing_in_the_same_moment(
        self, store: EventStore
    ) -> None:
        """
        Of events of one time the order of arrival decides what was before and after.
        """
        early = shipped(2, CASE, disposition="in_progress")
        late = shipped(2, CASE, disposition="in_transit")
        await report(store, early, packed(2, CASE, PACK), late)
        await report(store, unpacked(3, CASE, PACK), shipped(3, CASE))

        story = await story_of(store, PACK)

        assert [entry.said.disposition for entry in story.entries] == [
            *(None, "in_transit", None),
        ]

    async def test_whose_packing_comes_after_its_unpacking(self, store: EventStore) -> None:
        """
        Two reports that pass each other on the way give the same stay as in order.
        """
        await report(store, unpacked(2, CASE, PACK))
        await report(store, packed(1, CASE, PACK))
        await report(store, shipped(3, CASE))

        assert [hour for hour, _, _ in tell(await story_of(store, PACK))] == [1, 2]

    async def test_is_told_through_four_levels(self, store: EventStore) -> None:
        """
        Pack, case, pallet, truck: each level is inferred for the time when all were joined.
        """
        await report(store, packed(3, PALLET, CASE), packed(4, TRUCK, PALLET))
        await report(store, shipped(4.5, TRUCK), packed(5, CASE, PACK), shipped(6, TRUCK))
        await report(store, unpacked(7, TRUCK, PALLET), shipped(8, TRUCK), shipped(9, PALLET))

        story = await story_of(store, PACK)

        assert [(hour, container) for hour, _, container in tell(story)] == [
            (5, None),
            (6, key(TRUCK)),
            (7, key(PALLET)),
            (9, key(PALLET)),
        ]
        assert [(stay.container, stay.level, stay.begins[0]) for stay in story.stays] == [
            (key(CASE), 1, at(5)),
            (key(PALLET), 2, at(5)),
            (key(TRUCK), 3, at(5)),
        ]

    async def test_may_be_in_a_circle(self, store: EventStore) -> None:
        """
        Containers that contain one another, or themselves, are reported and told once.
        """
        await report(store, packed(1, CASE, PACK), packed(2, PALLET, CASE), packed(3, CASE, PALLET))
        await report(store, packed(4, PACK, CASE), packed(5, OTHER_CASE, OTHER_CASE))

        hours = [hour for hour, _, _ in tell(await story_of(store, PACK))]
        around = await story_of(store, CASE)
        itself = await story_of(store, OTHER_CASE)

        assert hours == [1, 2, 3, 4]
        assert {stay.container for stay in around.stays} == {key(PALLET), key(PACK)}
        assert (tell(itself), itself.stays) == ([(5, "ADD packing", None)], ())

    async def test_may_be_packed_absurdly_deep(self, store: EventStore) -> None:
        """
        A nest that nobody could build is told as far as anybody would follow.
        """
        nest = [f"urn:x:box:{n}" for n in range(300)]
        await report(store, *(packed(1, a, b) for b, a in pairwise(nest)))

        story = await story_of(store, nest[0])

        assert max(stay.level for stay in story.stays) == 50

    async def test_may_have_two_ways_up_at_each_level(self, store: EventStore) -> None:
        """
        Ways up that meet again are not told for each of their combinations.
        """
        nest = [f"urn:x:box:{n}" for n in range(40)]
        reports = [packed(1, a, b) for b, a in pairwise(nest)]
        await report(store, *reports)
        await report(store, *(attached(2, a, b) for b, a in pairwise(nest)))

        story = await story_of(store, nest[0])

        assert len(story.stays) <= 3 * len(nest)
        assert len(story.entries) == 2 * 39


class TestTheState:
    async def test_is_that_of_the_thing_and_its_containers(self, store: EventStore) -> None:
        """
        Where the pallet went, the pack is; its own lot, expiry and beginning stay.
        """
        await usual(store)

        state = (await story_of(store, PACK)).state

        assert state is not None
        assert (state.lifecycle, state.disposition) == ("received", "sellable_not_accessible")
        assert (state.read_point, state.lot, state.expiry) == (WHOLESALER, "L1", "2027-12-31")
        assert state.event_time == at(10)

    async def test_does_not_end_with_its_container(self, store: EventStore) -> None:
        """
        A case that is put out of use leaves the packs in it what they are.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK))
        await report(
            store,
            observed(3, CASE, action="DELETE", biz_step="decommissioning", disposition="inactive"),
        )

        state = (await story_of(store, PACK)).state

        assert state is not None
        assert (state.lifecycle, state.disposition) == ("packed", "active")

    @pytest.mark.parametrize(
        ("says", "lifecycle"),
        [
            ({"biz_step": "shipping"}, "shipped"),
            ({"biz_step": "void_shipping"}, "held"),
            ({"biz_step": "receiving"}, "received"),
            ({"biz_step": "holding"}, "held"),
            ({"disposition": "active"}, "reactivated"),
            ({"biz_step": "dispensing"}, "dispensed"),
            ({"disposition": "https://ns.example.com/disp/exported"}, "exported"),
            ({"disposition": "destroyed"}, "destroyed"),
            ({"disposition": "stolen"}, "stolen"),
            ({"disposition": "unknown"}, "lost"),
            # Of samples those are named that are meant.
            ({"biz_step": "sampling"}, "held"),
        ],
    )
    async def test_is_what_happens_to_its_container(
        self, store: EventStore, says: dict[str, str], lifecycle: str
    ) -> None:
        """
        A held pack is what becomes of the case in which it is, but for its own beginning and end.
        """
        await report(store, packed(1, CASE, PACK), observed(2, PACK, biz_step="holding"))
        await report(store, observed(3, CASE, **says))

        state = (await story_of(store, PACK)).state

        assert state is not None
        assert state.lifecycle == lifecycle

    async def test_ends_when_its_container_is_destroyed(self, store: EventStore) -> None:
        """
        What is in a case that is destroyed is destroyed.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK))
        await report(store, observed(3, CASE, action="DELETE", biz_step="destroying"))

        state = (await story_of(store, PACK)).state

        assert state is not None
        assert state.lifecycle == "destroyed"

    async def test_of_a_long_transformation_knows_what_came_out(self, store: EventStore) -> None:
        """
        In an event whose lists are cut, what went in and what came out are still told apart.
        """
        inputs = [f"urn:epc:id:sgtin:030001.0012345.I{n}" for n in range(200)]
        outputs = [f"urn:epc:id:sgtin:030001.0012345.O{n}" for n in range(200)]
        await report(store, transformed(1, [*inputs, PACK], [*outputs, PACK]))

        found = {}
        for epc in (inputs[0], inputs[150], outputs[0], outputs[150], PACK):
            state = (await story_of(store, epc)).state
            found[epc] = state and state.lifecycle

        assert list(found.values()) == [
            *("transformed", "transformed", "commissioned", "commissioned", "commissioned"),
        ]


class TestSpellings:
    async def test_find_the_same_story(self, store: EventStore) -> None:
        """
        URN, Digital Link and element string name one thing.
        """
        await usual(store)
        expected = await story_of(store, PACK)
        identifier = parse_identifier(PACK)

        for text in (
            digital_link_of(identifier),
            "https://example.com/gtin/00300010123455/ser/A1?x=1",
            element_string(identifier),
            element_string(identifier, bracketed=False),
        ):
            story = await story_of(store, text)
            assert (story.entries, story.stays, story.state) == (
                expected.entries,
                expected.stays,
                expected.state,
            )

    async def test_of_an_unknown_thing_find_nothing(self, store: EventStore) -> None:
        """
        A serial that no event names is not found, and the message names it.
        """
        await usual(store)

        with pytest.raises(NotFoundError, match=r"sgtin:030001\.0012345\.A3"):
            await story_of(store, "urn:epc:id:sgtin:030001.0012345.A3")


class TestClocks:
    async def test_as_of_ends_the_story(self, store: EventStore) -> None:
        """
        What happened later is not told, and a stay that went on then has no end.
        """
        await usual(store)

        story = await story_of(store, PACK, as_of=at(6))

        assert tell(story)[-1] == (6, "OBSERVE shipping", key(PALLET))
        assert [stay.ends[0] for stay in story.stays] == [float("inf")] * 2
        assert story.state is not None
        assert story.state.disposition == "in_transit"

    async def test_known_at_tells_what_was_known(self, store: EventStore) -> None:
        """
        What was reported late was not known before it was reported.
        """
        await report(store, commissioned(1, PACK), now=NOW)
        await report(store, shipped(4, CASE), now=NOW + 1)
        await report(store, packed(2, CASE, PACK), now=NOW + 2)

        then = await story_of(store, PACK, known_at=NOW + 1)
        now = await story_of(store, PACK, known_at=NOW + 2)

        assert [hour for hour, _, _ in tell(then)] == [1]
        assert [hour for hour, _, _ in tell(now)] == [1, 2, 4]
        assert then.state is not None
        assert then.state.disposition == "active"

    async def test_known_at_before_all_knows_nothing(self, store: EventStore) -> None:
        """
        A thing that was not known then is not found.
        """
        await usual(store)

        with pytest.raises(NotFoundError, match="known and happened by then"):
            await story_of(store, PACK, known_at=NOW - 1)
        with pytest.raises(NotFoundError, match="known and happened by then"):
            await story_of(store, PACK, as_of=at(0.5))

    async def test_known_at_knows_no_later_correction(self, store: EventStore) -> None:
        """
        An event that was declared in error later was true then.
        """
        event = named("urn:x:1", shipped(2, PACK))
        await report(store, commissioned(1, PACK), event, now=NOW)
        await report(store, declared_in_error(event), now=NOW + HOUR)

        then = await story_of(store, PACK, known_at=NOW)
        now = await story_of(store, PACK)

        assert [entry.in_error for entry in then.entries] == [False, False]
        assert then.state is not None
        assert then.state.disposition == "in_transit"
        assert now.state is not None
        assert now.state.disposition == "active"


class TestErrors:
    async def test_strike_out_and_hide_nothing(self, store: EventStore) -> None:
        """
        The original and its declaration are both told, and the state is that without them.
        """
        event = named("urn:x:1", observed(2, PACK, disposition="stolen"))
        await report(store, commissioned(1, PACK), event, shipped(3, PACK))
        await report(store, declared_in_error(event))

        story = await story_of(store, PACK)

        assert [(told(e)[0], e.declares_error, e.in_error) for e in story.entries] == [
            (1, False, False),
            (2, False, True),
            (2, True, False),
            (3, False, False),
        ]
        assert story.state is not None
        assert story.state.disposition == "in_transit"

    async def test_undo_a_packing(self, store: EventStore) -> None:
        """
        What the case went through is not the story of a pack that never was in it.
        """
        event = named("urn:x:1", packed(2, CASE, PACK))
        await report(store, commissioned(1, PACK), event, shipped(3, CASE))
        await report(store, declared_in_error(event))

        story = await story_of(store, PACK)

        assert [hour for hour, _, _ in tell(story)] == [1, 2, 2]
        assert story.stays == ()

    async def test_undo_an_unpacking_of_all(self, store: EventStore) -> None:
        """
        What was never taken out was still in the case when it was shipped.
        """
        event = named("urn:x:1", unpacked(2, CASE))
        await report(store, packed(1, CASE, PACK), event, shipped(3, CASE))
        await report(store, declared_in_error(event))

        story = await story_of(store, PACK)

        assert [stay.ends[0] for stay in story.stays] == [float("inf")]
        assert [(told(e)[0], e.in_error) for e in story.entries if not e.declares_error] == [
            *((1, False), (2, True), (3, False)),
        ]

    async def test_of_a_container_reach_its_content(self, store: EventStore) -> None:
        """
        A shipping of the pallet that was declared in error is struck out in the pack's story.
        """
        await usual(store)
        event = named("urn:x:1", observed(6.5, PALLET, disposition="stolen"))
        await report(store, event)
        await report(store, declared_in_error(named("urn:x:1", observed(30, PALLET))))

        story = await story_of(store, PACK)

        assert [told(e)[0] for e in story.entries if e.in_error] == [6.5]


class TestLongEvents:
    async def test_are_cut_to_what_a_reader_needs(self, store: EventStore) -> None:
        """
        The story of one serial of thirty thousand does not carry the others.
        """
        serials = [f"urn:epc:id:sgtin:030001.0012345.{n}" for n in range(30_000)]
        await report(store, commissioned(1, *serials))

        value = history_value(await story_of(store, serials[-1]))

        [entry] = value["events"]
        assert entry["role"] == "object"
        assert entry["event"]["listLengths"] == {"epcList": 30_000}
        assert len(entry["event"]["epcList"]) == 10
        assert len(str(value)) < 5_000
        assert value["state"]["lot"] == "L1"


class TestAsJSON:
    async def test_says_what_was_inferred_and_from_what(self, store: EventStore) -> None:
        """
        Each event has its role and, where it is inferred, the container as its sender wrote it.
        """
        await usual(store)

        value = history_value(await story_of(store, PACK))

        assert value["id"]["epc"] == PACK
        assert [(e["role"], e["inferred"], e["inferred_from"]) for e in value["events"]] == [
            ("object", False, None),
            ("child", False, None),
            ("child", True, CASE),
            ("object", True, PALLET),
            ("object", True, PALLET),
            ("parent", True, PALLET),
            ("object", True, CASE),
        ]
        assert [tuple(container.values()) for container in value["containers"]] == [
            (CASE, PACK, "aggregation", 1, "2026-01-01T04:00:00.000Z", None),
            (PALLET, CASE, "aggregation", 2, *(f"2026-01-01T0{h}:00:00.000Z" for h in (5, 8))),
        ]
        assert value["events"][0]["read_point"] == PLANT


async def test_the_example_of_gs1_us(store: EventStore) -> None:
    """
    A serial of the published DSCSA example has its commissioning, its packing and its shipping.
    """
    path: Path = shared("dscsa/GS1_US_Pharma_Example_2_2_1_1.xml")
    await capture(store, path.read_bytes(), "application/xml", now=NOW)
    async with store.reading() as session:
        [(serial,), *_] = await session.fetch(
            "SELECT tag FROM tagged WHERE part = $1 AND tag LIKE '01/%/21/%' ORDER BY tag",
            session.part,
        )

    story = await story_of(store, serial)

    steps = [entry.said.biz_step for entry in story.entries]
    assert [step for step in steps if step][:2] == ["commissioning", "packing"]
    assert any("shipping" in (step or "") for step in steps)
    assert story.state is not None
    assert story.state.lot
    assert Place(id=story.state.read_point or "").id
