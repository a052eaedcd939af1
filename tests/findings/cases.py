"""For each rule a few events that break it alone, and others next to them that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from epcis_repo.findings import Hold, Known, SerialRange
from epcis_repo.model.events import BizTransaction, Event, ObjectEvent, Place, QuantityElement
from tests.operations.reports import (
    CASE,
    MDA,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    PLANT,
    WHOLESALER,
    at,
    attached,
    commissioned,
    key,
    named,
    observed,
    packed,
    received,
    shipped,
    transformed,
    unpacked,
)
from tests.operations.test_custody import BUYER, MAKER, sold

LOT = "(01)00300010123455(10)L1"
THIRD_PACK = "urn:epc:id:sgtin:030001.0012345.A3"
# A case that has a GTIN of its own.
BOX = "urn:epc:id:sgtin:030001.1012345.B1"
PRODUCT, BOXES = "01/00300010123455", "01/10300010123452"
DAY = 24
NOTHING = Known()
# When all of it is asked about, and was recorded.
NOW = 20


@dataclass(frozen=True)
class Row:
    """
    Events that break a rule and others that keep it, with what else is known and when.

    `against` is which of the former the finding contradicts, by its number, or the name of a hold.
    """

    rule: str
    breaks: Sequence[Event]
    keeps: Sequence[Event]
    against: int | str | None = None
    known: Known = NOTHING
    known_better: Known | None = None
    now: float = NOW
    now_better: float | None = None
    recorded: float = NOW


def begun(*epcs: str, hour: float = 1, **ilmd: str) -> ObjectEvent:
    """Things that are commissioned, in a lot with an expiry if nothing else is said."""
    says = {"lotNumber": "L1", "itemExpirationDate": "2027-12-31", **ilmd}
    return commissioned(hour, *epcs, ilmd={f"{MDA}{name}": text for name, text in says.items()})


ALL = begun(PACK, OTHER_PACK, CASE, OTHER_CASE, PALLET, BOX)


def ended(hour: float, epc: str, step: str = "decommissioning", **more: Any) -> ObjectEvent:
    """A thing that is taken out of use."""
    disposition = "destroyed" if step == "destroying" else "inactive"
    says = {"disposition": disposition, **more}
    return observed(hour, epc, action="DELETE", biz_step=step, **says)


def dispensed(hour: float, epc: str, disposition: str = "dispensed") -> ObjectEvent:
    return observed(hour, epc, biz_step="dispensing", disposition=disposition)


def held(hour: float, epc: str, disposition: str = "non_sellable_other") -> ObjectEvent:
    return observed(hour, epc, biz_step="holding", disposition=disposition)


def released(hour: float, epc: str) -> ObjectEvent:
    return observed(hour, epc, biz_step="stocking", disposition="sellable_accessible")


def looked_at(hour: float, epc: str, **more: Any) -> ObjectEvent:
    return observed(hour, epc, biz_step="inspecting", **more)


def sent_back(hour: float, epc: str) -> ObjectEvent:
    return shipped(hour, epc, disposition="returned")


def hold_on(text: str, *, recall: bool = False, until: float | None = None) -> Known:
    """That something is on hold since the second hour."""
    ends = None if until is None else at(until)
    return Known(holds=[Hold(key(text), "hold 7", at(2), ends, is_recall=recall)])


FIVE = (QuantityElement(epc_class="urn:epc:class:lgtin:030001.0012345.L1", quantity=5),)
REWORK_ORDER = (BizTransaction(biz_transaction="urn:epcglobal:cbv:bt:0300010000012:R1"),)
TRANSFER = sold(shipped(2, PACK))

ROWS = (
    Row(
        "commissioned-twice",
        [ALL, begun(PACK, hour=5)],
        [ALL, ended(4, PACK), begun(PACK, hour=5)],
        against=0,
    ),
    Row(
        "used-before-commissioning",
        [begun(PACK), looked_at(0.5, PACK)],
        [looked_at(1, PACK), begun(PACK), looked_at(2, PACK)],
        against=0,
    ),
    Row(
        "never-commissioned",
        [looked_at(2, PACK)],
        [looked_at(2, "urn:epc:id:grai:030001.000001.T1")],
    ),
    Row(
        "never-commissioned",
        [packed(2, "urn:epc:id:grai:030001.000001.T1", PACK)],
        [transformed(1, [OTHER_PACK], [PACK]), begun(OTHER_PACK, hour=0), looked_at(2, PACK)],
    ),
    Row(
        "lot-expiry",
        [begun(PACK), begun(OTHER_PACK, hour=2, itemExpirationDate="2028-12-31")],
        [
            begun(PACK),
            begun(OTHER_PACK, hour=2, lotNumber="L2", itemExpirationDate="2028-12-31"),
            begun(BOX, hour=2, itemExpirationDate="2028-12-31"),
            begun(THIRD_PACK, hour=2, itemExpirationDate="2027-12-31T00:00:00Z"),
        ],
        against=0,
    ),
    Row(
        "case-lot",
        [begun(PACK), begun(BOX, lotNumber="L2"), packed(2, BOX, PACK)],
        [
            *(begun(PACK), begun(BOX), packed(2, BOX, PACK), unpacked(3, BOX), ended(4, BOX)),
            begun(BOX, hour=5, lotNumber="L2"),
        ],
    ),
    Row(
        "rework-unlinked",
        [ALL, ended(3, PACK, "repackaging")],
        [ALL, ended(3, PACK, "repackaging", biz_transaction_list=REWORK_ORDER)],
    ),
    Row(
        "unknown-gtin",
        [ALL],
        [ALL],
        known=Known(products=(BOXES,)),
        known_better=Known(products=(PRODUCT, BOXES)),
    ),
    Row(
        "unknown-gln",
        [ALL, looked_at(2, PACK, biz_location=Place(id=WHOLESALER))],
        [ALL, looked_at(2, PACK, biz_location=Place(id="urn:epc:id:sgln:030001.000001.R1"))],
        known=Known(places=(key(PLANT),)),
    ),
    Row(
        "serial-range",
        [ALL],
        [ALL],
        known=Known(ranges={PRODUCT: [SerialRange("A2", "A9")]}),
        known_better=Known(ranges={PRODUCT: [SerialRange("A2", "A9"), SerialRange("A1", "A1")]}),
    ),
    Row(
        "pack-size",
        [ALL, packed(2, BOX, PACK), packed(3, BOX, OTHER_PACK)],
        [ALL, packed(2, BOX, PACK), unpacked(2.5, BOX), packed(3, BOX, OTHER_PACK)],
        known=Known(pack_sizes={BOXES: 1}),
    ),
    Row(
        "pack-size",
        [
            ALL,
            packed(
                2,
                BOX,
                PACK,
                child_quantity_list=FIVE,
            ),
        ],
        [ALL, packed(2, BOX, PACK)],
        known=Known(pack_sizes={BOXES: 5}),
    ),
    Row(
        "two-parents",
        [ALL, packed(2, CASE, PACK), packed(3, OTHER_CASE, PACK)],
        [ALL, packed(2, CASE, PACK), unpacked(2.5, CASE), packed(3, OTHER_CASE, PACK)],
        against=1,
    ),
    Row(
        "unpacked-not-packed",
        [ALL, unpacked(3, CASE, PACK)],
        [ALL, packed(2, CASE, PACK), unpacked(3, CASE, PACK)],
    ),
    Row(
        "unpacked-not-packed",
        [ALL, packed(2, CASE, PACK), unpacked(3, CASE, PACK), unpacked(4, CASE)],
        [ALL, packed(2, CASE, PACK), unpacked(4, CASE)],
        against=2,
    ),
    Row(
        "contains-itself",
        [ALL, packed(2, CASE, OTHER_CASE), packed(3, OTHER_CASE, CASE)],
        [ALL, packed(2, CASE, OTHER_CASE), unpacked(2.5, CASE), packed(3, OTHER_CASE, CASE)],
        against=1,
    ),
    Row(
        "filled-late",
        [ALL, packed(2, PALLET, CASE), packed(3, CASE, PACK)],
        [ALL, packed(3, PALLET, CASE), packed(2, CASE, PACK)],
        against=1,
    ),
    Row(
        "repacked-unlisted",
        [
            ALL,
            packed(2, CASE, PACK),
            shipped(3, CASE),
            received(4, CASE),
            packed(5, CASE, OTHER_PACK),
        ],
        [
            *(ALL, packed(2, CASE, PACK), packed(2.5, CASE, OTHER_PACK), shipped(3, CASE)),
            *(received(4, CASE), packed(5, CASE, OTHER_PACK, PACK)),
            *(unpacked(6, CASE, PACK), packed(7, CASE, PACK)),
        ],
        against=1,
    ),
    Row(
        "repacked-unlisted",
        [
            *(ALL, packed(2, CASE, PACK, OTHER_PACK), shipped(3, CASE), received(4, CASE)),
            packed(5, CASE, BOX),
        ],
        [
            *(ALL, packed(2, CASE, PACK, OTHER_PACK), shipped(3, CASE), received(4, CASE)),
            *(unpacked(4.5, CASE, PACK), packed(5, CASE, BOX)),
        ],
        against=1,
    ),
    Row(
        "shipped-empty",
        # A logger that was attached to it is not in it.
        [ALL, attached(2, CASE, PACK), shipped(3, CASE)],
        [ALL, packed(2, CASE, PACK), shipped(3, CASE)],
    ),
    Row(
        "shipped-empty",
        [ALL, packed(2, CASE, PACK), unpacked(2.5, CASE, PACK), shipped(3, CASE)],
        [
            ALL,
            packed(
                2,
                CASE,
                child_quantity_list=FIVE,
            ),
            shipped(3, CASE),
        ],
    ),
    Row(
        "used-while-packed",
        [ALL, packed(2, CASE, PACK), dispensed(3, PACK)],
        [ALL, packed(2, CASE, PACK), unpacked(2.5, CASE, PACK), dispensed(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-decommissioned",
        [ALL, ended(2, PACK), shipped(3, PACK)],
        [ALL, ended(2, PACK), begun(PACK, hour=2.5), shipped(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-decommissioned",
        [
            ALL,
            packed(2, CASE, PACK, OTHER_PACK),
            ended(3, PACK),
            shipped(4, CASE),
            received(5, CASE),
        ],
        [
            ALL,
            packed(2, CASE, PACK, OTHER_PACK),
            unpacked(2.5, CASE, PACK),
            ended(3, PACK),
            shipped(4, CASE),
        ],
        against=2,
    ),
    Row(
        "shipped-destroyed",
        [ALL, ended(2, PACK, "destroying"), shipped(3, PACK)],
        [ALL, ended(2, OTHER_PACK, "destroying"), shipped(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-on-hold",
        [ALL, held(2, PACK), shipped(3, PACK)],
        [ALL, held(2, PACK), sent_back(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-on-hold",
        [ALL, shipped(3, PACK)],
        [ALL, shipped(3, PACK)],
        known=hold_on(PACK),
        known_better=hold_on(PACK, until=3),
        against="hold 7",
    ),
    Row(
        "shipped-on-hold",
        [ALL, packed(1.5, CASE, PACK), shipped(3, CASE)],
        [ALL, packed(1.5, CASE, OTHER_PACK), shipped(3, CASE)],
        known=hold_on(PACK),
        against="hold 7",
    ),
    Row(
        "shipped-expired",
        [begun(PACK, itemExpirationDate="2025-12-31"), shipped(3, PACK)],
        [begun(PACK, itemExpirationDate="2026-01-01"), shipped(3, PACK)],
        against=0,
    ),
    Row(
        "shipped-expired",
        [ALL, held(2, PACK, "expired"), shipped(3, PACK)],
        [begun(PACK, itemExpirationDate="2025-12-31"), sent_back(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-recalled",
        [ALL, held(2, PACK, "recalled"), shipped(3, PACK)],
        [ALL, held(2, PACK, "recalled"), released(2.5, PACK), shipped(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-recalled",
        [begun(PACK), shipped(3, PACK)],
        [begun(PACK, lotNumber="L2"), shipped(3, PACK)],
        known=hold_on(LOT, recall=True),
        against="hold 7",
    ),
    Row(
        "shipped-gone",
        [ALL, dispensed(2, PACK), shipped(3, PACK)],
        [ALL, dispensed(2, PACK, "partially_dispensed"), shipped(3, PACK)],
        against=1,
    ),
    Row(
        "dispensed-twice",
        [ALL, dispensed(2, PACK), dispensed(3, PACK)],
        [ALL, dispensed(2, PACK, "partially_dispensed"), dispensed(3, PACK)],
        against=1,
    ),
    Row(
        "dispensed-unfit",
        [ALL, held(2, PACK), dispensed(3, PACK)],
        [ALL, held(2, PACK), released(2.5, PACK), dispensed(3, PACK)],
        against=1,
    ),
    Row(
        "used-after-end",
        [ALL, ended(2, PACK), dispensed(3, PACK), held(4, PACK)],
        [ALL, ended(2, PACK), released(2.5, PACK), dispensed(3, PACK)],
        against=1,
    ),
    Row(
        "used-in-transit",
        [ALL, shipped(2, PACK), dispensed(3, PACK)],
        [ALL, shipped(2, PACK), received(2.5, PACK), dispensed(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-not-received",
        [ALL, shipped(2, PACK)],
        [ALL, shipped(2, PACK)],
        now=22 * DAY,
        now_better=21 * DAY,
    ),
    Row(
        "received-not-shipped",
        [ALL, received(3, PACK)],
        [ALL, shipped(2, PACK), received(3, PACK)],
    ),
    Row(
        "shipped-twice",
        [ALL, shipped(2, PACK), shipped(3, PACK)],
        [ALL, shipped(2, PACK), received(2.5, PACK), shipped(3, PACK)],
        against=1,
    ),
    Row(
        "shipped-twice",
        [ALL, packed(1.5, BOX, PACK), sold(shipped(2, PACK)), sold(shipped(3, BOX), to=MAKER)],
        [ALL, packed(1.5, BOX, PACK), sold(shipped(2, PACK)), sold(shipped(3, BOX))],
        against=2,
    ),
    Row(
        "received-by-another",
        [ALL, TRANSFER, sold(received(3, PACK), to="urn:epc:id:pgln:030001.000009")],
        [ALL, TRANSFER, sold(received(3, PACK), to=BUYER)],
    ),
    Row(
        "two-holders",
        [ALL, TRANSFER, received(3, PACK), looked_at(9, PACK, read_point=Place(id=PLANT))],
        [ALL, TRANSFER, received(3, PACK), looked_at(9, PACK, read_point=Place(id=WHOLESALER))],
    ),
    Row("event-ahead", [begun(PACK, hour=1.1)], [begun(PACK, hour=1.05)], recorded=1),
    Row("event-stale", [begun(PACK, hour=1)], [begun(PACK, hour=25)], recorded=365 * DAY + 2),
)


def under_names(events: Sequence[Event]) -> list[Event]:
    """The events, each with an eventID of its own that says which it is."""
    return [named(f"urn:x:{number}", event) for number, event in enumerate(events)]
