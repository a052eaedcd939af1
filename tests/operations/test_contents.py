"""What is in a container, and what the container is in."""

from itertools import pairwise
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.events import AggregationEvent
from epcis_repo.operations.contents import (
    Content,
    Contents,
    contents,
    contents_value,
    counts_value,
    leaves,
)
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    TRUCK,
    at,
    attached,
    commissioned,
    declared_in_error,
    key,
    named,
    packed,
    quantity,
    report,
    shipped,
    unpacked,
    when,
)


async def contents_of(store: EventStore, text: str, **clocks: int) -> Contents:
    """What is in a thing, as anyone writes it."""
    return await contents(store, parse_identifier(text), **clocks)


def tree(found: tuple[Content, ...]) -> dict[str, Any]:
    """The tree of what is in what, without the rest."""
    return {content.key: tree(content.contents) for content in found}


async def usual(store: EventStore) -> None:
    """Two packs in a case, one in another, both cases on a pallet, the pallet on a truck."""
    await report(store, packed(1, CASE, PACK, OTHER_PACK), packed(2, OTHER_CASE, "urn:x:pack:3"))
    await report(store, packed(3, PALLET, CASE, OTHER_CASE), packed(4, TRUCK, PALLET))


class TestAContainer:
    async def test_has_levels(self, store: EventStore) -> None:
        """
        Everything below is there, level by level, and everything above, nearest first.
        """
        await usual(store)

        found = await contents_of(store, PALLET)

        assert tree(found.contents) == {
            key(CASE): {key(PACK): {}, key(OTHER_PACK): {}},
            key(OTHER_CASE): {"urn:x:pack:3": {}},
        }
        assert found.levels == (2, 3)
        assert found.parents == (key(TRUCK),)
        assert (await contents_of(store, PACK)).parents == (key(CASE), key(PALLET), key(TRUCK))

    async def test_that_is_empty_is_known_all_the_same(self, store: EventStore) -> None:
        """
        What was named by any event has contents, if only none.
        """
        await report(store, commissioned(1, CASE))

        found = await contents_of(store, CASE)

        assert (found.contents, found.levels, found.parents) == ((), (), ())

    async def test_that_nobody_named_is_not_found(self, store: EventStore) -> None:
        """
        A typing error is told from an empty case, at any time.
        """
        await usual(store)

        for clocks in ({}, {"as_of": at(9)}, {"known_at": NOW}):
            with pytest.raises(NotFoundError, match="sscc:030001"):
                await contents_of(store, "urn:epc:id:sscc:030001.00000000009", **clocks)

    async def test_that_had_not_been_named_yet_is_not_found(self, store: EventStore) -> None:
        """
        Before anything happened to it, or was known of it, there is no such container.
        """
        await usual(store)

        for clocks in ({"as_of": at(0.5)}, {"known_at": NOW - 1}):
            with pytest.raises(NotFoundError, match="known and happened by then"):
                await contents_of(store, CASE, **clocks)

    async def test_is_emptied_by_a_delete_without_children(self, store: EventStore) -> None:
        """
        Nothing is left in it, and what was in it keeps what is in that.
        """
        await usual(store)
        await report(store, unpacked(5, PALLET))

        assert (await contents_of(store, PALLET)).contents == ()
        assert len((await contents_of(store, CASE)).contents) == 2
        assert (await contents_of(store, CASE)).parents == ()

    @pytest.mark.parametrize("children", [None, ()], ids=["absent", "an empty list"])
    async def test_keeps_its_content_when_a_quantity_is_taken_out(
        self, store: EventStore, children: tuple[str, ...] | None
    ) -> None:
        """
        A DELETE of a quantity names no serial and takes none out.
        """
        await usual(store)
        await report(
            store,
            AggregationEvent(
                **when(5),
                action="DELETE",
                parent_id=CASE,
                child_epcs=children,
                child_quantity_list=(quantity("urn:epc:class:lgtin:030001.0012345.L1"),),
            ),
        )

        assert len((await contents_of(store, CASE)).contents) == 2

    async def test_loses_what_was_packed_elsewhere(self, store: EventStore) -> None:
        """
        A thing is in one parent at a time: the last that was reported by event time.
        """
        await usual(store)
        await report(store, packed(5, OTHER_CASE, PACK))
        await report(store, packed(0.5, PALLET, PACK))

        assert tree((await contents_of(store, PALLET)).contents) == {
            key(CASE): {key(OTHER_PACK): {}},
            key(OTHER_CASE): {key(PACK): {}, "urn:x:pack:3": {}},
        }

    async def test_has_back_what_was_seen_in_it_again(self, store: EventStore) -> None:
        """
        A stay elsewhere that is reported late ends where the thing was seen in its place again.
        """
        await report(store, packed(1, CASE, PACK), packed(5, CASE, PACK, action="OBSERVE"))
        await report(store, packed(3, OTHER_CASE, PACK))

        assert [c.since for c in (await contents_of(store, CASE)).contents] == [at(5)]
        assert (await contents_of(store, OTHER_CASE)).contents == ()
        assert len((await contents_of(store, OTHER_CASE, as_of=at(4))).contents) == 1

    async def test_has_what_is_attached_to_it(self, store: EventStore) -> None:
        """
        An association is another relation: a logger may be in a case and belong to a pallet.
        """
        logger = "urn:epc:id:giai:030001.LOGGER"
        await usual(store)
        await report(store, attached(5, PALLET, logger), packed(6, CASE, logger))

        found = await contents_of(store, PALLET)

        relations = {(c.key, c.relation) for c in found.contents}
        assert (key(logger), "association") in relations
        assert key(logger) in tree(found.contents)[key(CASE)]
        assert found.levels == (3, 3)
        assert (await contents_of(store, logger)).parents[0] == key(CASE)


class TestStrangeNests:
    async def test_that_contain_themselves_end(self, store: EventStore) -> None:
        """
        A circle is shown once around; a thing in itself shows that.
        """
        await report(store, packed(1, CASE, PACK), packed(2, PALLET, CASE), packed(3, CASE, PALLET))
        await report(store, packed(4, OTHER_CASE, OTHER_CASE))

        around = await contents_of(store, CASE)
        itself = await contents_of(store, OTHER_CASE)

        assert tree(around.contents) == {key(PALLET): {key(CASE): {}}, key(PACK): {}}
        assert around.parents == (key(PALLET),)
        assert around.levels == (2,)
        assert tree(itself.contents) == {key(OTHER_CASE): {}}
        assert (itself.levels, itself.parents) == ((), ())

    async def test_that_are_absurdly_deep_are_cut(self, store: EventStore) -> None:
        """
        A nest that nobody could build takes no answer down.
        """
        nest = [f"urn:x:box:{n}" for n in range(300)]
        await report(store, *(packed(1, a, b) for a, b in pairwise(nest)))

        found = await contents_of(store, nest[0])
        value = contents_value(found)

        assert found.levels == (1,) * 50
        assert value["total"] == 50
        assert len((await contents_of(store, nest[-1])).parents) == 50

    async def test_with_many_ways_down_are_shown_once(self, store: EventStore) -> None:
        """
        Where every level is in the one above twice, the tree does not double at each.
        """
        nest = [f"urn:x:box:{n}" for n in range(40)]
        pairs = list(pairwise(nest))
        await report(store, *(packed(1, a, b) for a, b in pairs))
        await report(store, *(attached(2, a, b) for a, b in pairs))

        found = await contents_of(store, nest[0])

        assert found.levels == (1,) * 39
        assert str(contents_value(found)).count("'epc'") < 2 * 40 + 2


class TestClocks:
    async def test_as_of_is_the_content_then(self, store: EventStore) -> None:
        """
        The moment counts from the packing on, and no longer when something has been taken out.
        """
        await report(store, packed(1, CASE, PACK), unpacked(3, CASE, PACK))

        found = {
            hour: tree((await contents_of(store, CASE, as_of=at(hour))).contents)
            for hour in (1, 2.9, 3, 4)
        }

        inside: dict[str, Any] = {key(PACK): {}}
        assert found == {1: inside, 2.9: inside, 3: {}, 4: {}}

    async def test_known_at_is_the_content_as_it_was_known(self, store: EventStore) -> None:
        """
        A packing that was reported late was not known before.
        """
        await report(store, packed(1, CASE, PACK), now=NOW)
        await report(store, packed(0.5, CASE, OTHER_PACK), now=NOW + 5)

        then = await contents_of(store, CASE, known_at=NOW)
        now = await contents_of(store, CASE, known_at=NOW + 5)

        assert tree(then.contents) == {key(PACK): {}}
        assert tree(now.contents) == {key(PACK): {}, key(OTHER_PACK): {}}

    async def test_both_clocks_answer_the_inspector(self, store: EventStore) -> None:
        """
        What did we believe on Monday to have been in the case on Sunday?
        """
        wrong = named("urn:x:1", packed(1, CASE, PACK))
        await report(store, wrong, packed(2, CASE, OTHER_PACK), now=NOW)
        await report(store, declared_in_error(wrong), unpacked(3, CASE), now=NOW + 9)

        believed = await contents_of(store, CASE, as_of=at(2), known_at=NOW)
        known = await contents_of(store, CASE, as_of=at(2))

        assert tree(believed.contents) == {key(PACK): {}, key(OTHER_PACK): {}}
        assert tree(known.contents) == {key(OTHER_PACK): {}}
        assert (await contents_of(store, CASE)).contents == ()


class TestAsJSON:
    async def test_names_things_as_their_sender_did(self, store: EventStore) -> None:
        """
        EPCs have the company prefix of the URN that came, and times are UTC.
        """
        await usual(store)
        await report(store, shipped(5, TRUCK))

        value = contents_value(await contents_of(store, CASE, as_of=at(6), known_at=NOW))

        assert value["id"]["epc"] == CASE
        assert (value["parent"], value["parents"]) == (PALLET, [PALLET, TRUCK])
        assert (value["levels"], value["total"]) == ([2], 2)
        assert value["contents"][0] == {
            "epc": PACK,
            "relation": "aggregation",
            "since": "2026-01-01T01:00:00.000Z",
            "contents": [],
        }
        assert value["as_of"] == "2026-01-01T06:00:00.000Z"


async def leaves_of(store: EventStore, text: str, **clocks: int) -> list[str]:
    """All leaves of a thing, in the order in which they come."""
    chunks = leaves(store, parse_identifier(text), **clocks)
    return [epc async for chunk in chunks for epc in chunk]


class TestCounts:
    async def test_are_by_level_and_class(self, store: EventStore) -> None:
        """
        So many of each product at each level; what has no class is counted as that.
        """
        await usual(store)

        value = counts_value(await contents_of(store, TRUCK))

        assert value["products"] == [
            {"level": 1, "class": None, "count": 1},
            {"level": 2, "class": None, "count": 2},
            {"level": 3, "class": None, "count": 1},
            {"level": 3, "class": "https://id.gs1.org/01/00300010123455", "count": 2},
        ]
        assert (value["levels"], value["total"]) == ([1, 2, 3], 6)
        assert "contents" not in value

    async def test_are_those_of_a_moment(self, store: EventStore) -> None:
        """
        What has left it is not counted, unless that had not happened, or was not known.
        """
        await usual(store)

        await report(store, unpacked(5, CASE), now=NOW + 1)

        then = counts_value(await contents_of(store, CASE, as_of=at(4)))
        known = counts_value(await contents_of(store, CASE, known_at=NOW))

        assert counts_value(await contents_of(store, CASE))["products"] == []
        assert [row["count"] for row in then["products"] + known["products"]] == [2, 2]


class TestLeaves:
    async def test_have_nothing_in_them(self, store: EventStore) -> None:
        """
        Whatever is in it at any level and is no container itself is named once.
        """
        await usual(store)
        await report(store, attached(5, PALLET, "urn:x:pack:3"))

        found = await leaves_of(store, TRUCK)

        assert sorted(found) == sorted([PACK, OTHER_PACK, "urn:x:pack:3"])
        assert await leaves_of(store, PACK) == []

    async def test_are_those_of_a_moment(self, store: EventStore) -> None:
        """
        An empty case is a leaf itself, before it was filled, and what was never named is not found.
        """
        await usual(store)
        await report(store, unpacked(6, CASE), now=NOW + 1)

        assert await leaves_of(store, CASE) == []
        assert sorted(await leaves_of(store, CASE, known_at=NOW)) == sorted([PACK, OTHER_PACK])
        assert CASE in await leaves_of(store, PALLET)
        assert CASE not in await leaves_of(store, PALLET, as_of=at(5))
        with pytest.raises(NotFoundError):
            await leaves_of(store, "urn:epc:id:sscc:030001.00000000009")

    async def test_of_what_contains_itself_end(self, store: EventStore) -> None:
        """
        A circle has the leaves that hang from it, and a nest beyond reason is cut.
        """
        await report(store, packed(1, CASE, PACK), packed(2, PALLET, CASE), packed(3, CASE, PALLET))
        nest = [f"urn:x:box:{n}" for n in range(80)]
        await report(store, *(packed(1, a, b) for a, b in pairwise(nest)))

        assert await leaves_of(store, CASE) == [PACK]
        assert await leaves_of(store, nest[0]) == [nest[50]]

    async def test_of_a_long_list_come_some_at_a_time(self, store: EventStore) -> None:
        """
        Thousands in one container are all there, once, and what is captured meanwhile is not.
        """
        packs = [f"urn:epc:id:sgtin:030001.0012345.P{n}" for n in range(3_000)]
        await report(store, packed(1, CASE, *packs))
        found: list[str] = []
        count = 0

        async for chunk in leaves(store, parse_identifier(CASE)):
            found += chunk
            count += 1
            await report(store, unpacked(2 + count, CASE), note=f"urn:x:{count}")

        assert count > 3
        assert sorted(found) == sorted(packs)
