"""Who owned a thing, who had it and where it was, also while it was in others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError, ScanError
from epcis_repo.gs1 import digital_link, parse_identifier
from epcis_repo.model.events import Event, Place, SourceOrDestination
from epcis_repo.operations.custody import custody, custody_value
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    NOW,
    PACK,
    PALLET,
    PLANT,
    WHOLESALER,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    unpacked,
)

MAKER, BUYER = "urn:epc:id:pgln:030001.000001", "urn:epc:id:pgln:030001.000002"
OWNING = "urn:epcglobal:cbv:sdt:owning_party"


def sold(event: Event, *, by: str = MAKER, to: str = BUYER, kind: str = OWNING) -> Event:
    """The event as part of a transfer."""
    return replace(
        event,
        source_list=(SourceOrDestination(type=kind, id=by),),
        destination_list=(SourceOrDestination(type=kind, id=to),),
    )


async def value_of(store: EventStore, text: str, **clocks: int) -> dict[str, Any]:
    return custody_value(await custody(store, parse_identifier(text), **clocks))


def periods(value: dict[str, Any], name: str) -> list[tuple[str, str | None, str | None]]:
    """Periods in short: who, and the hours."""
    hours = [(p["who"], *(p[end] and p[end][11:13] for end in ("from", "to"))) for p in value[name]]
    return [(who, since, until) for who, since, until in hours]


async def usual(store: EventStore, *, now: int = NOW) -> None:
    """A pack's way in a case on a pallet, which is sold, to the wholesaler."""
    await report(store, commissioned(1, PACK), packed(2, CASE, PACK), packed(3, PALLET, CASE))
    await report(store, sold(shipped(4, PALLET)), now=now)
    await report(store, received(6, PALLET), unpacked(7, PALLET), now=now + 1)


class TestAPack:
    async def test_is_in_the_hands_that_its_pallet_is_in(self, store: EventStore) -> None:
        """
        Nobody ever named the pack when its pallet was sold; it was sold with it.
        """
        await usual(store)

        value = await value_of(store, PACK)

        assert value["id"]["epc"] == PACK
        assert periods(value, "possessors") == [(MAKER, "01", "04"), (BUYER, "06", None)]
        assert periods(value, "owners") == [(MAKER, "01", "06"), (BUYER, "06", None)]
        assert periods(value, "places") == [(PLANT, "01", "04"), (WHOLESALER, "06", None)]
        assert value["findings"] == []
        # Nobody commissioned the pallet here.
        assert periods(await value_of(store, PALLET), "owners")[0] == (MAKER, None, "06")

    async def test_is_only_while_it_was_in_it(self, store: EventStore) -> None:
        """
        What becomes of the case after the pack has left it is not the pack's.
        """
        await usual(store)
        await report(store, unpacked(8, CASE, PACK), sold(shipped(9, CASE), by=BUYER, to=MAKER))

        assert (await value_of(store, PACK))["findings"] == []
        assert [f["finding"] for f in (await value_of(store, CASE))["findings"]] == [
            "shipped_never_received"
        ]

    async def test_is_known_by_what_was_recorded(self, store: EventStore) -> None:
        """
        On the way, and before the receipt was known, it had been shipped and not received.
        """
        await usual(store)

        for clocks in ({"as_of": 1_767_225_600_000_000 + 5 * 3_600_000_000}, {"known_at": NOW}):
            value = await value_of(store, PACK, **clocks)

            assert periods(value, "possessors") == [(MAKER, "01", "04")]
            assert periods(value, "owners") == [(MAKER, "01", None)]
            [finding] = value["findings"]
            assert finding["finding"] == "shipped_never_received"
            assert finding["sentence"] == f"shipped by {MAKER} to {BUYER}, never received"

    async def test_was_not_sold_by_an_event_in_error(self, store: EventStore) -> None:
        """
        A shipment that was declared in error changes nobody's hands, and the right one does.
        """
        wrong = named("urn:x:1", sold(shipped(2, PACK), to="urn:epc:id:pgln:030001.000009"))
        await report(store, commissioned(1, PACK), wrong)
        await report(store, declared_in_error(wrong), sold(shipped(3, PACK)), received(4, PACK))

        value = await value_of(store, PACK)

        assert periods(value, "owners") == [(MAKER, "01", "04"), (BUYER, "04", None)]
        assert value["findings"] == []


async def test_parties_are_compared_by_their_gln(store: EventStore) -> None:
    """
    A party, and the place that has its GLN, are one holder, however each is written.
    """
    await usual(store)
    link = digital_link(parse_identifier(WHOLESALER))
    onward = replace(sold(shipped(8, PALLET), by=link, to=MAKER), read_point=Place(id=WHOLESALER))
    await report(store, onward, received(9, PALLET, read_point=Place(id=PLANT)))

    value = await value_of(store, PALLET)

    assert [who for who, _, _ in periods(value, "possessors")] == [MAKER, BUYER, MAKER]
    assert value["findings"] == []


async def test_two_who_have_it_at_once_are_named(store: EventStore) -> None:
    """
    A pack that was received, and is then seen at the plant again, two have at once.
    """
    await usual(store)
    await report(store, *(observed(hour, PACK, read_point=Place(id=PLANT)) for hour in (9, 10)))

    # Each time that it is seen there says the same.
    [finding] = (await value_of(store, PACK))["findings"]

    assert (finding["first"], finding["second"]) == (MAKER, BUYER)
    assert finding["sentence"] == f"{MAKER} and {BUYER} both have it"


async def test_of_nothing_and_of_a_class_there_is_none(store: EventStore) -> None:
    """
    What no event names is not found, and of a lot each serial may be in other hands.
    """
    await usual(store)

    with pytest.raises(NotFoundError):
        await value_of(store, "urn:epc:id:sgtin:030001.0012345.A9")
    with pytest.raises(ScanError, match="one of them"):
        await value_of(store, "(01)00300010123455(10)L1")
