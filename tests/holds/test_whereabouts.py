"""Where everything is that is recalled: who has it, in which state, and how sure that is."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from epcis_repo.bindings import RENDERERS
from epcis_repo.demo import Chain, Status, generate_chain
from epcis_repo.demo.parties import PARTY_OF, UNIT
from epcis_repo.demo.truth import Lot, UnitTruth
from epcis_repo.errors import NotFoundError
from epcis_repo.holds import (
    Hold,
    hold_asked,
    one_hold,
    place_hold,
    recall,
    recall_value,
    unit_value,
    units,
    whereabouts,
)
from epcis_repo.operations.capture import capture
from epcis_repo.store import EventStore
from tests.operations.reports import (
    CASE,
    HOUR,
    JSON_LD,
    NOW,
    OTHER_PACK,
    PACK,
    PALLET,
    PLANT,
    WHOLESALER,
    at,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
)
from tests.operations.test_custody import BUYER, MAKER, sold
from tests.rest.serving import must_be_valid

LOT = "(01)00300010123455(10)L1"
DAY = 24 * HOUR
GLN_OF_PLACE = {site.gln: party.gln for site, party in PARTY_OF.items()}
# What the generator calls it, and what it is in our words.
STATES = {
    Status.IN_STOCK: {"commissioned", "packed", "received", "reactivated"},
    Status.IN_TRANSIT: {"shipped"},
    Status.RETURNED: {"received"},
    Status.RECALLED: {"held"},
    Status.EXPIRED: {"held"},
    Status.STOLEN: {"stolen"},
    Status.SAMPLED: {"sampled"},
    Status.DISPENSED: {"dispensed"},
    Status.DECOMMISSIONED: {"decommissioned"},
    Status.DESTROYED: {"destroyed"},
}


@cache
def chain(*, errors: bool = False) -> Chain:
    return generate_chain(seed=1, units=1_000, errors=errors)


async def recalled(store: EventStore, *of: str, **more: Any) -> Hold:
    asked = {"kind": "mock_recall", "hold_id": "M1", "of": [*of], "reason": "a drill", "by": "QA"}
    return (await place_hold(store, hold_asked({**asked, **more}), now=NOW)).hold


async def told(store: EventStore, hold_id: str = "M1", **asked: Any) -> dict[str, dict[str, Any]]:
    """Where each unit is, by its EPC."""
    asked.setdefault("now", at(24))
    hold = await one_hold(store, hold_id)
    found = [unit_value(unit) async for some in units(store, hold, **asked) for unit in some]
    for value in found:
        must_be_valid(value, "unit")
    assert len({value["epc"] for value in found}) == len(found)
    return {value["epc"]: value for value in found}


async def counted(store: EventStore, **asked: Any) -> dict[str, Any]:
    asked.setdefault("now", at(24))
    value = recall_value(await recall(store, "M1", **asked))
    must_be_valid(value, "recall")
    return value


class TestAMockRecall:
    async def test_of_the_sample_chain_finds_what_the_generator_knows(
        self, store: EventStore
    ) -> None:
        """
        Of each lot exactly its units are found, each with its holder, state and container, and the
        totals are those of the truth.
        """
        for document in chain().documents:
            body = RENDERERS["json-ld"](document.document)
            await capture(store, body, JSON_LD, now=NOW)
        truth = {lot.number: units_of(lot, chain()) for lot in chain().truth.lots}

        for lot in chain().truth.lots:
            await recalled(store, lgtin(lot), hold_id=lot.number)
            found = await told(store, lot.number, now=NOW)
            assert found.keys() == {unit.epc for unit in truth[lot.number]}
            for unit in truth[lot.number]:
                assert_is(found[unit.epc], unit)
            value = recall_value(await recall(store, lot.number, now=NOW))
            must_be_valid(value, "recall")
            assert value["units"] == len(found)
            assert Counter({(t["holder"], t["state"]): t["units"] for t in value["totals"]}) == (
                Counter((unit["holder"], unit["state"]) for unit in found.values())
            )

    async def test_of_a_chain_with_errors_finds_what_no_error_is_about(
        self, store: EventStore
    ) -> None:
        """
        Whatever mistakes partners make, exactly the units of each lot are found, and each that no
        mistake is about is where it is.
        """
        made = chain(errors=True)
        for document in made.documents:
            await capture(store, RENDERERS["json-ld"](document.document), JSON_LD, now=NOW)
        mistaken = {epc for error in made.truth.errors for epc in error.identifiers}

        for lot in made.truth.lots:
            await recalled(store, lgtin(lot), hold_id=lot.number)
            found = await told(store, lot.number, now=NOW)
            truth = units_of(lot, made)
            assert found.keys() == {unit.epc for unit in truth}
            for unit in truth:
                if unit.epc not in mistaken:
                    assert_is(found[unit.epc], unit)


def lgtin(lot: Lot) -> str:
    return f"(01){lot.product.gtin(UNIT)}(10){lot.number}"


def units_of(lot: Lot, made: Chain) -> list[UnitTruth]:
    every = {unit.epc: unit for unit in made.truth}
    return [unit for unit in every.values() if (unit.gtin, unit.lot) == key_of(lot)]


def key_of(lot: Lot) -> tuple[str, str]:
    return lot.product.gtin(UNIT), lot.number


def assert_is(value: dict[str, Any], unit: UnitTruth) -> None:
    """Hold what is told of a unit against what happened to it."""
    holder = gln_of(value["holder"])
    # Of what was never shipped no event says whose it is: then its place is told.
    assert holder == (unit.location if value["holder_is_place"] else unit.holder)
    assert GLN_OF_PLACE[unit.location] == unit.holder
    assert value["state"] in STATES[unit.status], unit
    assert (value["lot"], value["expiry"]) == (unit.lot, unit.expiry)
    assert (value["containers"] or [None])[0] == unit.parent
    assert (value["containers"] or [None])[-1] == unit.top
    assert (value["receiver"] is not None) == (unit.status is Status.IN_TRANSIT)
    # Nobody makes a mistake in this chain.
    assert value["certainty"] in ("reported", "inferred")


def gln_of(sgln: str) -> str:
    return next(
        site.gln
        for party, places in ((party, party.sites) for party in PARTY_OF.values())
        for site in (party.office, *places)
        if site.sgln == sgln
    )


class TestUnits:
    async def test_are_those_of_the_lot_where_they_are(self, store: EventStore) -> None:
        """
        A pack in a case is told by what happened to the case, and who has it.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK))
        await report(store, sold(shipped(3, CASE)), named("urn:x:in", received(5, CASE)))
        await recalled(store, LOT)

        found = await told(store, now=at(5) + 3 * DAY)

        assert found.keys() == {PACK, OTHER_PACK}
        pack, other = found[PACK], found[OTHER_PACK]
        assert (pack["state"], pack["holder"], pack["place"]) == ("received", BUYER, WHOLESALER)
        assert (pack["certainty"], pack["containers"], pack["days"]) == ("inferred", [CASE], 3)
        assert pack["last_event"]["event_id"] == "urn:x:in"
        assert pack["last_event"]["inferred_from"] == CASE
        assert (other["state"], other["holder"]) == ("commissioned", PLANT)
        assert (other["certainty"], other["holder_is_place"]) == ("reported", True)

    async def test_are_those_in_a_container(self, store: EventStore) -> None:
        """
        Who recalls a pallet recalls whatever is in it, at the moment that is asked about.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK, OTHER_PACK))
        await report(store, packed(3, PALLET, CASE), packed(6, CASE, OTHER_PACK, action="DELETE"))
        await recalled(store, PALLET, PACK)

        assert (await told(store)).keys() == {PACK}
        assert (await told(store, as_of=at(4))).keys() == {PACK, OTHER_PACK}
        assert (await told(store, as_of=at(2))).keys() == {PALLET, PACK}

    async def test_on_their_way_have_a_receiver(self, store: EventStore) -> None:
        """
        What is shipped is its sender's, to whom it goes is told, and after three weeks it is
        missing.
        """
        await report(store, commissioned(1, PACK), sold(shipped(3, PACK)))
        await recalled(store, PACK)

        soon = (await told(store, now=at(3) + 20 * DAY))[PACK]
        late = (await told(store, now=at(3) + 22 * DAY))[PACK]

        assert (soon["state"], soon["holder"], soon["receiver"]) == ("shipped", MAKER, BUYER)
        assert (soon["certainty"], soon["gaps"]) == ("reported", [])
        assert (late["certainty"], late["gaps"]) == ("doubtful", ["shipped_never_received"])

    async def test_are_shipped_once_however_often_that_is_told(self, store: EventStore) -> None:
        """
        The pallet's shipping and the case's are one, and no gap until somebody else ships it.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), packed(2, PALLET, CASE))
        await report(store, sold(shipped(3, PALLET)), sold(shipped(4, CASE)))
        await recalled(store, PACK)

        once = (await told(store))[PACK]
        await report(store, sold(shipped(6, CASE), by=BUYER, to=MAKER))
        twice = (await told(store))[PACK]

        assert (once["certainty"], once["gaps"], once["receiver"]) == ("inferred", [], BUYER)
        assert twice["gaps"] == ["shipped_never_received"]
        assert (twice["holder"], twice["receiver"]) == (BUYER, MAKER)

    async def test_that_are_gone_are_told_too(self, store: EventStore) -> None:
        """
        What was dispensed or destroyed is there, with who had it last.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), sold(shipped(2, PACK)))
        await report(store, received(3, PACK), observed(4, PACK, disposition="dispensed"))
        await report(store, observed(4, OTHER_PACK, action="DELETE", disposition="destroyed"))
        await recalled(store, LOT)

        found = await told(store)

        assert (found[PACK]["state"], found[PACK]["holder"]) == ("dispensed", BUYER)
        assert (found[OTHER_PACK]["state"], found[OTHER_PACK]["holder"]) == ("destroyed", PLANT)

    async def test_in_doubt_are_told_so(self, store: EventStore) -> None:
        """
        A receipt without a shipment, and a use after the end, are doubts; without them there is
        none.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), sold(received(3, PACK)))
        gone = observed(2, OTHER_PACK, action="DELETE", disposition="destroyed")
        await report(store, gone, packed(4, CASE, OTHER_PACK))
        await recalled(store, LOT)

        found = await told(store)
        before = await told(store, as_of=at(1))

        assert found[PACK]["gaps"] == ["received_never_shipped"]
        assert found[OTHER_PACK]["gaps"] == []
        assert {unit["certainty"] for unit in found.values()} == {"doubtful"}
        assert {unit["certainty"] for unit in before.values()} == {"reported"}

    async def test_that_nobody_told_of_are_unknown(self, store: EventStore) -> None:
        """
        A serial that no event names is listed, and nothing is known of it.
        """
        await recalled(store, PACK, LOT)

        found = await told(store)

        assert found.keys() == {PACK}
        assert (found[PACK]["certainty"], found[PACK]["last_event"]) == ("unknown", None)
        assert (await counted(store))["totals"] == [
            {
                "holder": None,
                "state": None,
                "units": 1,
                "reported": 0,
                "inferred": 0,
                "doubtful": 0,
                "unknown": 1,
            }
        ]

    async def test_are_of_two_clocks(self, store: EventStore) -> None:
        """
        Where it was is as of then, and as was known: what was declared in error counts until then.
        """
        wrong = named("urn:x:wrong", received(5, PACK))
        await report(store, commissioned(1, PACK), sold(shipped(3, PACK)), now=NOW)
        await recalled(store, PACK)
        await report(store, wrong, now=NOW + 1)
        await report(store, declared_in_error(wrong), now=NOW + 2)

        assert (await told(store, known_at=NOW + 1))[PACK]["state"] == "received"
        assert (await told(store))[PACK]["state"] == "shipped"
        assert (await told(store, as_of=at(2)))[PACK]["state"] == "commissioned"

    async def test_are_followed_some_at_a_time(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        However few are followed at a time, they are the same, in the same order.
        """
        packs = [f"urn:epc:id:sgtin:030001.0012345.B{n}" for n in range(7)]
        await report(store, commissioned(1, *packs), packed(2, CASE, *packs[2:6]))
        await recalled(store, LOT)
        whole = await told(store)

        monkeypatch.setattr(whereabouts, "_TOGETHER", 2)

        assert [*(await told(store)).items()] == [*whole.items()]
        assert [*whole] == packs


class TestCounting:
    async def test_is_by_holder_and_state(self, store: EventStore) -> None:
        """
        Units are counted by who has them and what they are, with how sure that is.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK))
        await report(store, sold(shipped(3, CASE)), received(5, CASE))
        await recalled(store, LOT)

        value = await counted(store)

        assert value["units"] == 2
        assert {
            (t["holder"], t["state"]): (t["reported"], t["inferred"]) for t in value["totals"]
        } == {
            (PLANT, "commissioned"): (1, 0),
            (BUYER, "received"): (0, 1),
        }

    async def test_needs_the_hold_to_be_known(self, store: EventStore) -> None:
        """
        Before it was placed there was no such recall.
        """
        await report(store, commissioned(1, PACK), now=NOW - 1)
        await recalled(store, LOT)

        with pytest.raises(NotFoundError, match="'M1'"):
            await counted(store, known_at=NOW - 1)
        with pytest.raises(NotFoundError, match="'M2'"):
            await recall(store, "M2", now=NOW)
