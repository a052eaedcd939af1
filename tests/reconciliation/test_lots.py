"""The account of a lot, on both clocks: each serial once, and what does not add up by serial."""

from __future__ import annotations

import os
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.demo import Status, generate_chain
from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.events import Event, ObjectEvent, QuantityElement
from epcis_repo.operations.capture import capture
from epcis_repo.reconciliation import Difference, Row, lot_account_value, lot_of, reconcile_lot
from epcis_repo.store import EventStore
from tests.operations.chains import MINUTES, chain, documents, moment
from tests.operations.reports import (
    CASE,
    JSON_LD,
    MDA,
    NOW,
    OTHER_CASE,
    PALLET,
    at,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    transformed,
    unpacked,
)
from tests.operations.test_against_oracle import deliver
from tests.operations.test_custody import sold

# `make chains` looks further.
IS_LONG = "EPCIS_REPO_FUZZ" in os.environ
SEEDS = range(20 if IS_LONG else 2)
MORE_LOSSES = [(seed, seed % 3 + 1) for seed in range(4, 24)] if IS_LONG else []
GTIN, LOT = "00300010123455", "L1"
LGTIN, CLASS = "urn:epc:class:lgtin:030001.0012345.L1", "urn:epc:idpat:sgtin:030001.0012345.*"
PACKS = tuple(f"urn:epc:id:sgtin:030001.0012345.P{n}" for n in range(6))
STRANGER = "urn:epc:id:sgtin:030001.0012345.X1"
IN_HAND = {Status.IN_STOCK, Status.RETURNED, Status.RECALLED, Status.EXPIRED}
ROWS = {
    Status.IN_TRANSIT: Row.SHIPPED_OUT,
    Status.STOLEN: Row.LOST_OR_STOLEN,
    Status.SAMPLED: Row.SAMPLED,
    Status.DISPENSED: Row.DISPENSED,
    Status.DECOMMISSIONED: Row.DECOMMISSIONED,
    Status.DESTROYED: Row.DESTROYED,
}


async def value_of(store: EventStore, lot: str = LOT, **asked: Any) -> dict[str, Any]:
    value = lot_account_value(await reconcile_lot(store, lot_of(GTIN, lot), **asked))
    assert sum(value["rows"].values()) == value["commissioned"]
    return value


def rows(value: dict[str, Any]) -> dict[str, int]:
    """The rows that are not empty."""
    return {row: count for row, count in value["rows"].items() if count}


async def serials_in(store: EventStore, row: Row, lot: str = LOT, **asked: Any) -> list[str]:
    value = await value_of(store, lot, row=row, **asked)
    return [serial["epc"] for serial in value["serials"]]


def differences(value: dict[str, Any]) -> dict[str, list[str]]:
    """What does not add up, by serial."""
    return {
        serial["epc"]: [told["difference"] for told in serial["differences"]]
        for serial in value["serials"]
    }


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_demo_adds_up(store: EventStore, seed: int) -> None:
    """
    Of a generated chain each serial of each lot is in the row that the truth says, and no other.
    """
    made = generate_chain(seed=seed, units=400, errors=False, units_per_case=6, cases_per_pallet=3)
    for number, sent in enumerate(made.documents):
        await capture(store, render_jsonld(sent.document), JSON_LD, now=NOW + number)
    maker = made.parties[0].gln

    for lot in made.truth.lots:
        units = [unit for unit in made.truth if unit.lot == lot.number]
        expected: dict[str, Row] = {}
        for unit in units:
            at_home = Row.IN_STOCK if unit.holder == maker else Row.RECEIVED
            expected[unit.epc] = at_home if unit.status in IN_HAND else ROWS[unit.status]
        identifier = lot_of(units[0].gtin, lot.number)
        told: dict[str, Row] = {}
        for row in Row:
            account = await reconcile_lot(store, identifier, row=row)
            assert account.commissioned == len(units)
            assert not account.differences
            assert account.rows.get(row, 0) == len(account.serials)
            told |= {account.names[serial.key]: row for serial in account.serials}
        assert told == expected


@pytest.mark.parametrize(("seed", "count"), [(1, 1), (2, 2), (3, 3), *MORE_LOSSES])
async def test_a_loss_is_exactly_what_was_lost(store: EventStore, seed: int, count: int) -> None:
    """
    Of serials that are taken out of receipts of a generated chain, in which all adds up, exactly
    those are missing.
    """
    made = generate_chain(seed=seed, units=400, errors=False, units_per_case=6, cases_per_pallet=3)
    chances, lost = Random(seed), list[str]()
    for number, sent in enumerate(made.documents):
        events = list(sent.document.events or ())
        for place, event in enumerate(events):
            if isinstance(event, ObjectEvent) and event.biz_step == "receiving":
                # What was destroyed afterwards is not lost.
                epcs = [epc for epc in event.epc_list or () if epc in made.truth]
                there = [epc for epc in epcs if made.truth[epc].status in IN_HAND]
                some = chances.sample(there, min(len(there), count - len(lost)))
                kept = tuple(epc for epc in event.epc_list or () if epc not in some)
                if kept:
                    lost += some
                    events[place] = replace(event, epc_list=kept)
        body = render_jsonld(replace(sent.document, events=tuple(events)))
        await capture(store, body, JSON_LD, now=NOW + number)

    missing: list[str] = []
    for lot in made.truth.lots:
        gtin = next(unit.gtin for unit in made.truth if unit.lot == lot.number)
        account = await reconcile_lot(store, lot_of(gtin, lot.number))
        assert account.commissioned == len(lot.units)
        assert {*account.differences} <= {Difference.MISSING}
        missing += [account.names[serial.key] for serial in account.serials]
    assert len(lost) == count
    assert sorted(missing) == sorted(lost)


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_happens_adds_up(store: EventStore, seed: int) -> None:
    """
    In chains of chance, sensible or not, each serial of a lot that stands is in one row at any
    moment of either clock, and the rows are those of the same serials one by one.
    """
    chances = Random(seed)
    chains = [chain(number, chances) for number in range(20)]
    log = await deliver(store, documents(chains, chances))

    for one in chains:
        as_of, known_at = moment(chances.randint(1, MINUTES + 2)), NOW + chances.randint(0, 15)
        known = [item for item in log if item.record_time <= known_at]
        declared = {item.event_id for item in known if item.event.error_declaration}
        begun = {
            canonical_key(text)
            for item in known
            if item.event_id not in declared and item.order[0] <= as_of
            if isinstance(item.event, ObjectEvent)
            and item.event.ilmd
            and item.event.ilmd.get(f"{MDA}lotNumber") == one.lot
            for text in item.event.epc_list or ()
            if "sgtin" in text
        }
        if not begun:
            with pytest.raises(NotFoundError):
                await value_of(store, one.lot, as_of=as_of, known_at=known_at)
            continue
        found: list[str] = []
        for row in Row:
            found += await serials_in(store, row, one.lot, as_of=as_of, known_at=known_at)
        assert sorted(map(canonical_key, found)) == sorted(begun)


async def usual(store: EventStore) -> None:
    """Six packs of a lot in two cases on a pallet, which is sold and received."""
    await report(store, commissioned(1, *PACKS), packed(2, CASE, *PACKS[:4]))
    await report(store, packed(2.5, OTHER_CASE, *PACKS[4:]), packed(3, PALLET, CASE, OTHER_CASE))
    await report(store, sold(shipped(4, PALLET)), sold(received(6, PALLET)))


class TestRows:
    async def test_are_those_of_a_moment(self, store: EventStore) -> None:
        """
        What is in stock is shipped out, then received; and as it was known before, in stock.
        """
        await report(store, commissioned(1, *PACKS), packed(2, CASE, *PACKS[:4]), now=NOW)
        await report(store, sold(shipped(4, CASE)), sold(received(6, CASE)), now=NOW + 1)

        assert rows(await value_of(store)) == {"in_stock": 2, "received": 4}
        assert rows(await value_of(store, as_of=at(5))) == {"in_stock": 2, "shipped_out": 4}
        assert rows(await value_of(store, as_of=at(3))) == {"in_stock": 6}
        assert rows(await value_of(store, known_at=NOW)) == {"in_stock": 6}

    @pytest.mark.parametrize(
        ("event", "row"),
        [
            (observed(7, PACKS[0], biz_step="dispensing"), Row.DISPENSED),
            (observed(7, PACKS[0], disposition="https://example.com/exported"), Row.EXPORTED),
            (observed(7, PACKS[0], action="DELETE", biz_step="destroying"), Row.DESTROYED),
            (observed(7, PACKS[0], action="DELETE"), Row.DECOMMISSIONED),
            (observed(7, PACKS[0], biz_step="sampling"), Row.SAMPLED),
            (observed(7, PACKS[0], disposition="unknown"), Row.LOST_OR_STOLEN),
            (observed(7, PACKS[0], disposition="stolen"), Row.LOST_OR_STOLEN),
            (transformed(7, [PACKS[0]], [STRANGER]), Row.OTHER),
            (observed(7, PACKS[0], biz_step="holding"), Row.RECEIVED),
            (observed(7, PACKS[0], biz_step="inspecting"), Row.RECEIVED),
            (sold(shipped(7, PACKS[0])), Row.SHIPPED_OUT),
        ],
        ids=lambda value: value if isinstance(value, Row) else "",
    )
    async def test_have_each_end_of_a_life(self, store: EventStore, event: Event, row: Row) -> None:
        """
        How a serial has ended is its row, and no other serial's.
        """
        await usual(store)
        await report(store, event)

        value = await value_of(store)

        expected = {"received": 5, str(row): 1} if row is not Row.RECEIVED else {"received": 6}
        assert rows(value) == expected
        assert PACKS[0] in await serials_in(store, row)

    async def test_have_what_was_returned_in_stock(self, store: EventStore) -> None:
        """
        What its maker has again is in stock, whether parties are named or only places.
        """
        await usual(store)
        there, back = ("urn:epc:id:pgln:030001.000002", "urn:epc:id:pgln:030001.000001")
        await report(store, unpacked(7, PALLET), unpacked(8, CASE))
        await report(store, sold(shipped(9, PACKS[0]), by=there, to=back))
        await report(store, sold(received(10, PACKS[0]), by=there, to=back))

        assert rows(await value_of(store)) == {"in_stock": 1, "received": 5}

    async def test_go_by_places_where_no_party_is_named(self, store: EventStore) -> None:
        """
        Who names no parties has what is where it was before it was shipped.
        """
        home = shipped(1, PACKS[0]).read_point
        await report(store, commissioned(1, *PACKS[:2]), shipped(2, PACKS[0]))
        await report(store, received(3, PACKS[0]))
        away = await value_of(store)
        await report(store, shipped(4, PACKS[0]), received(5, PACKS[0], read_point=home))

        assert rows(away) == {"in_stock": 1, "received": 1}
        assert rows(await value_of(store)) == {"in_stock": 2}

    async def test_have_what_was_not_shipped_after_all(self, store: EventStore) -> None:
        """
        A shipping that was voided, or declared in error, leaves it in stock.
        """
        wrong = named("urn:x:wrong", shipped(3, PACKS[1]))
        await report(store, commissioned(1, *PACKS[:3]), shipped(2, PACKS[0]), wrong)
        await report(store, observed(4, PACKS[0], biz_step="void_shipping"))
        await report(store, declared_in_error(wrong), shipped(5, PACKS[2]))

        assert rows(await value_of(store)) == {"in_stock": 2, "shipped_out": 1}

    async def test_of_what_contains_it_are_by_level(self, store: EventStore) -> None:
        """
        Cases and pallets that have serials of the lot in them are counted once, where they are.
        """
        await usual(store)

        there = [(n["level"], n["class"], rows(n)) for n in (await value_of(store))["levels"]]
        before = [(n["level"], rows(n)) for n in (await value_of(store, as_of=at(5)))["levels"]]
        await report(store, unpacked(7, PALLET), unpacked(8, OTHER_CASE))

        assert there == [(1, None, {"received": 2}), (2, None, {"received": 1})]
        assert before == [(1, {"shipped_out": 2}), (2, {"shipped_out": 1})]
        assert [n["count"] for n in (await value_of(store))["levels"]] == [1]


class TestDifferences:
    async def test_are_exactly_what_was_lost(self, store: EventStore) -> None:
        """
        Of a case that is received pack by pack, those that nobody received are missing; while none
        of it has arrived, none is.
        """
        await report(store, commissioned(1, *PACKS), packed(2, CASE, *PACKS), shipped(4, CASE))
        before = await value_of(store)
        await report(store, *(received(6 + n / 10, pack) for n, pack in enumerate(PACKS[2:])))

        value = await value_of(store)

        assert before["serials"] == []
        assert differences(value) == {PACKS[0]: ["missing"], PACKS[1]: ["missing"]}
        assert value["differences"] == {"missing": 2, "never_commissioned": 0, "other_lot": 0}
        assert rows(value) == {"shipped_out": 2, "received": 4}
        assert await serials_in(store, Row.SHIPPED_OUT) == [*PACKS[:2]]

    async def test_are_told_where_only_others_of_the_shipment_arrived(
        self, store: EventStore
    ) -> None:
        """
        What was shipped with another lot, which arrived without it, is missing.
        """
        lot = {f"{MDA}lotNumber": "L2"}
        await report(store, commissioned(1, PACKS[0]), commissioned(1, PACKS[1], ilmd=lot))
        await report(store, packed(2, CASE, *PACKS[:2]), shipped(4, CASE))
        before = await value_of(store)
        await report(store, received(6, PACKS[1]))

        assert before["serials"] == []
        assert differences(await value_of(store)) == {PACKS[0]: ["missing"]}
        assert differences(await value_of(store, "L2")) == {}

    async def test_are_what_nobody_commissioned(self, store: EventStore) -> None:
        """
        A serial that is named together with those of the lot, and that nobody put into use, is no
        part of it; one of another lot, or of another product, is none of its business.
        """
        other, product = PACKS[5], "urn:epc:id:sgtin:030001.0077777.X1"
        lot = {f"{MDA}lotNumber": "L2"}
        await report(store, commissioned(1, *PACKS[:2]), commissioned(1, other, ilmd=lot))
        await report(store, packed(2, CASE, *PACKS[:2], other, STRANGER, product))

        value = await value_of(store)

        assert differences(value) == {STRANGER: ["never_commissioned"]}
        assert (value["commissioned"], value["serials"][0]["row"]) == (2, None)
        await report(store, commissioned(0.5, STRANGER, ilmd=lot))
        assert differences(await value_of(store)) == {}

    async def test_are_what_is_said_to_be_of_two_lots(self, store: EventStore) -> None:
        """
        A serial counts where it was commissioned last, and is told of in both lots.
        """
        lot = {f"{MDA}lotNumber": "L2"}
        await report(store, commissioned(1, *PACKS[:3]), commissioned(2, *PACKS[2:4], ilmd=lot))

        one, two = await value_of(store), await value_of(store, "L2")

        assert (one["commissioned"], two["commissioned"]) == (2, 2)
        assert differences(one) == differences(two) == {PACKS[2]: ["other_lot"]}
        assert (one["serials"][0]["row"], two["serials"][0]["row"]) == (None, "in_stock")

    @pytest.mark.parametrize(
        ("event", "quantity"),
        [
            (
                observed(
                    1, action="ADD", quantity_list=(QuantityElement(epc_class=LGTIN, quantity=7),)
                ),
                7,
            ),
            (
                observed(
                    1,
                    biz_step="commissioning",
                    quantity_list=(QuantityElement(epc_class=LGTIN, quantity=4),),
                ),
                4,
            ),
            (
                replace(
                    commissioned(1),
                    quantity_list=(QuantityElement(epc_class=CLASS, quantity=6),),
                    epc_list=None,
                ),
                6,
            ),
            (
                observed(
                    1, action="ADD", quantity_list=(QuantityElement(epc_class=CLASS, quantity=7),)
                ),
                None,
            ),
            (observed(1, quantity_list=(QuantityElement(epc_class=LGTIN, quantity=7),)), None),
            (
                observed(
                    1,
                    action="ADD",
                    quantity_list=(QuantityElement(epc_class=LGTIN, quantity=7, uom="KGM"),),
                ),
                None,
            ),
        ],
        ids=[
            *("of the lot", "observed as it began", "of the product, with the lot"),
            *("of the product alone", "counted later", "in a unit"),
        ],
    )
    async def test_are_of_what_was_declared(
        self, store: EventStore, event: ObjectEvent, quantity: int | None
    ) -> None:
        """
        What an event puts into use by quantity is held against the serials; other quantities not.
        """
        await report(store, commissioned(1, *PACKS), replace(event, epc_list=None))

        declared = (await value_of(store))["declared"]

        assert declared["quantity"] == quantity
        assert declared["difference"] == (None if quantity is None else quantity - 6)
        assert len(declared["events"]) == (quantity is not None)

    async def test_may_be_all_that_is_known(self, store: EventStore) -> None:
        """
        A lot that was declared, and of which no serial was ever named, is short of all of it.
        """
        element = QuantityElement(epc_class=LGTIN, quantity=5)
        await report(
            store, replace(observed(1, action="ADD"), quantity_list=(element,), epc_list=None)
        )

        value = await value_of(store)

        assert (value["commissioned"], value["declared"]["difference"]) == (0, 5)
        assert (value["serials"], value["levels"], rows(value)) == ([], [], {})


class TestAnAnswer:
    async def test_comes_in_pages(self, store: EventStore) -> None:
        """
        Page by page each serial of a row comes once, whatever is captured meanwhile.
        """
        await report(store, commissioned(1, *PACKS))
        found: list[str] = []
        token: str | None = None
        for _ in range(3):
            account = await reconcile_lot(
                store, lot_of(GTIN, LOT), row=Row.IN_STOCK, per_page=2, token=token
            )
            found += [account.names[serial.key] for serial in account.serials]
            token = account.next_page_token
            await report(store, observed(1 + len(found), PACKS[-1], biz_step="dispensing"))

        assert (found, token) == ([*PACKS], None)
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await value_of(store, token="2")

    async def test_names_who_has_a_serial_and_where(self, store: EventStore) -> None:
        """
        A serial comes with its holder, its place and its state.
        """
        await usual(store)

        [serial, *_] = (await value_of(store, row=Row.RECEIVED))["serials"]

        assert serial == {
            "epc": PACKS[0],
            "row": "received",
            "lifecycle": "received",
            "holder": "urn:epc:id:pgln:030001.000002",
            "place": "urn:epc:id:sgln:030001.000002.0",
            "event_time": "2026-01-01T06:00:00.000Z",
            "differences": [],
        }

    async def test_of_what_nobody_named_is_not_found(self, store: EventStore) -> None:
        """
        A typing error is told from a lot that adds up to nothing.
        """
        await usual(store)

        with pytest.raises(NotFoundError, match="never captured"):
            await value_of(store, "L9")
        with pytest.raises(NotFoundError, match="by then"):
            await value_of(store, as_of=at(0))
