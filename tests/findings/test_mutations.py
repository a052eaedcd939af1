"""
A chain without errors breaks no rule, and one defect that is put into it breaks the rule for it
alone.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.demo import PARTNER_ERRORS, Chain, generate_chain
from epcis_repo.evidence.operations import prepare
from epcis_repo.findings import RULES, Finding, Known, SerialRange, judge
from epcis_repo.findings.reading import read_lives, with_master_data
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.model.documents import Document
from epcis_repo.model.events import AggregationEvent, Event, ObjectEvent, Place
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.capture import capture
from epcis_repo.projections.lives import EVERYTHING, Lives
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.store import EventStore, open_store

# `make chains` takes a chain of 5,000 events.
UNITS = 12_000 if "EPCIS_REPO_FUZZ" in os.environ else 300
SECOND = 1_000_000
DAY = 86_400 * SECOND
LOT, EXPIRY = "{urn:epcglobal:cbv:mda}lotNumber", "{urn:epcglobal:cbv:mda}itemExpirationDate"

NOTHING = Known()

T = TypeVar("T", bound=Event)
_names = count()


@dataclass
class Sent:
    """What is sent, document by document, and may be changed; with the time of each."""

    documents: list[tuple[Document, int]]
    events: list[list[Event]]

    def all(self, kind: type[T], **values: object) -> list[T]:
        """All events of a kind with these values, in order of time."""
        named = [e for events in self.events for e in events if isinstance(e, kind)]
        fit = [e for e in named if all(getattr(e, name) == v for name, v in values.items())]
        return sorted(fit, key=lambda event: event.event_time.microseconds)

    def change(self, event: Event, *events: Event) -> None:
        """Have other events in place of one."""
        for sent in self.events:
            if event in sent:
                at = sent.index(event)
                sent[at : at + 1] = events

    def shipment_of(self, epc: str) -> ObjectEvent:
        """The shipping of a thing itself, the first."""
        return next(e for e in self.all(ObjectEvent, biz_step="shipping") if epc in names(e))

    def packing_of(self, epc: str) -> AggregationEvent:
        """The packing of a thing, the first."""
        return next(e for e in self.all(AggregationEvent, action="ADD") if epc in children(e))


def names(event: ObjectEvent) -> Sequence[str]:
    return event.epc_list or ()


def children(event: AggregationEvent) -> Sequence[str]:
    return event.child_epcs or ()


def moved(event: T, microseconds: int) -> T:
    """The event so much later."""
    moment = event.event_time.microseconds + microseconds
    return replace(event, event_time=Timestamp(utc_text(moment), moment))


def once_more(event: T, microseconds: int = 0) -> T:
    """Another event like it, so much later."""
    return replace(moved(event, microseconds), event_id=f"urn:x:{next(_names)}")


def alone(event: ObjectEvent, epc: str, **ilmd: str) -> tuple[ObjectEvent, ObjectEvent]:
    """The event without one of its things, and one of that thing alone, of another lot perhaps."""
    others = tuple(each for each in names(event) if each != epc)
    says = {**event.ilmd, **ilmd} if event.ilmd else event.ilmd
    return replace(event, epc_list=others), replace(once_more(event), epc_list=(epc,), ilmd=says)


def unit_in_a_case(sent: Sent) -> tuple[str, AggregationEvent, AggregationEvent]:
    """A unit whose case is put on the pallet of the last shipment, with both packings."""
    pallet = names(sent.all(ObjectEvent, biz_step="shipping")[-1])[0]
    outer = next(e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id == pallet)
    case = children(outer)[0]
    inner = next(e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id == case)
    return children(inner)[0], inner, outer


def unpacked_case(sent: Sent) -> AggregationEvent:
    """The unpacking of a case at an outlet, of which a unit was dispensed."""
    sold = {epc for e in sent.all(ObjectEvent, biz_step="dispensing") for epc in names(e)}
    opened = sent.all(AggregationEvent, biz_step="unpacking")[::-1]
    return next(e for e in opened if "sgtin" in str(e.parent_id) and sold & {*children(e)})


# Each makes one defect.


def commission_twice(sent: Sent) -> None:
    unit, _, _ = unit_in_a_case(sent)
    event = next(e for e in sent.all(ObjectEvent, action="ADD") if unit in names(e))
    again = moved(alone(event, unit)[1], SECOND)
    sent.change(event, event, again)


def forget_commissioning(sent: Sent) -> None:
    unit, _, _ = unit_in_a_case(sent)
    event = next(e for e in sent.all(ObjectEvent, action="ADD") if unit in names(e))
    sent.change(event, alone(event, unit)[0])


def commission_late(sent: Sent) -> None:
    unit, packing, _ = unit_in_a_case(sent)
    event = next(e for e in sent.all(ObjectEvent, action="ADD") if unit in names(e))
    late = packing.event_time.microseconds - event.event_time.microseconds + SECOND
    others, own = alone(event, unit)
    sent.change(event, others, moved(own, late))


def write_another_expiry(sent: Sent) -> None:
    unit, _, _ = unit_in_a_case(sent)
    event = next(e for e in sent.all(ObjectEvent, action="ADD") if unit in names(e))
    others, own = alone(event, unit, **{EXPIRY: "2031-01-31"})
    sent.change(event, others, moved(own, SECOND))


def write_another_lot(sent: Sent) -> None:
    _, packing, _ = unit_in_a_case(sent)
    case = str(packing.parent_id)
    event = next(e for e in sent.all(ObjectEvent, action="ADD") if case in names(e))
    sent.change(event, *alone(event, case, **{LOT: "ANOTHER"}))


def forget_packing(sent: Sent) -> None:
    case = unpacked_case(sent).parent_id
    sent.change(next(e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id == case))


def forget_last_packing(sent: Sent) -> None:
    sent.change(unit_in_a_case(sent)[2])


def forget_unpacking(sent: Sent) -> None:
    sent.change(unpacked_case(sent))


def fill_late(sent: Sent) -> None:
    # While it is the manufacturer's, and told by him.
    pallet = names(sent.all(ObjectEvent, biz_step="shipping")[0])[0]
    outer = next(e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id == pallet)
    packed = [e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id in children(outer)]
    late = outer.event_time.microseconds - packed[0].event_time.microseconds + SECOND
    sent.change(packed[0])
    sent.change(outer, outer, moved(packed[0], late))


def forget_shipping(sent: Sent) -> None:
    sent.change(sent.all(ObjectEvent, biz_step="shipping", disposition="in_transit")[0])


def forget_receiving(sent: Sent) -> None:
    sent.change(sent.all(ObjectEvent, biz_step="receiving", disposition="in_progress")[-1])


def ship_again(sent: Sent) -> None:
    event = sent.all(ObjectEvent, biz_step="shipping")[-1]
    sent.change(event, event, once_more(event, SECOND))


def decommission_inside(sent: Sent) -> None:
    unit, packing, _ = unit_in_a_case(sent)
    sent.change(packing, packing, done(packing, unit, "decommissioning", "inactive", "DELETE"))


def destroy_inside(sent: Sent) -> None:
    unit, packing, _ = unit_in_a_case(sent)
    sent.change(packing, packing, done(packing, unit, "destroying", "destroyed", "DELETE"))


def hold_inside(sent: Sent) -> None:
    hold_before_shipping(sent, "non_sellable_other")


def recall_inside(sent: Sent) -> None:
    hold_before_shipping(sent, "recalled")


def hold_before_shipping(sent: Sent, disposition: str) -> None:
    unit, _, _ = unit_in_a_case(sent)
    shipping = sent.all(ObjectEvent, biz_step="shipping")[-1]
    held = moved(done(shipping, unit, "holding", disposition), -2 * SECOND)
    sent.change(shipping, held, shipping)


def dispense_again(sent: Sent) -> None:
    event = sent.all(ObjectEvent, biz_step="dispensing")[0]
    sent.change(event, event, once_more(event, SECOND))


def dispense_after_its_end(sent: Sent) -> None:
    event = sent.all(ObjectEvent, biz_step="destroying")[0]
    unit = names(event)[0]
    sent.change(event, event, done(event, unit, "dispensing", "dispensed"))


def write_tomorrow(sent: Sent) -> None:
    event = sent.all(ObjectEvent, biz_step="shipping")[-1]
    sent.change(event, moved(event, DAY))


def steal_inside(sent: Sent) -> None:
    unit, packing, _ = unit_in_a_case(sent)
    sent.change(packing, packing, done(packing, unit, "inspecting", "stolen"))


def hold_before_dispensing(sent: Sent) -> None:
    event = sent.all(ObjectEvent, biz_step="dispensing")[0]
    held = moved(done(event, names(event)[0], "holding", "non_sellable_other"), -2 * SECOND)
    sent.change(event, held, event)


def put_into_a_second_case(sent: Sent) -> None:
    first, second = sent.all(AggregationEvent, action="ADD")[:2]
    into = replace(once_more(second, SECOND), child_epcs=tuple(children(first)[:1]))
    sent.change(second, second, into)


def put_into_itself(sent: Sent) -> None:
    # Before anything has gone its way.
    pallet = names(sent.all(ObjectEvent, biz_step="shipping")[0])[0]
    outer = next(e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id == pallet)
    into = replace(once_more(outer, SECOND), parent_id=children(outer)[0], child_epcs=(pallet,))
    sent.change(outer, outer, into)


def pack_again_on_arrival(sent: Sent) -> None:
    arrived = sent.all(ObjectEvent, biz_step="receiving", disposition="in_progress")[-1]
    pallet, unit = names(arrived)[0], newcomer(sent)
    packing = next(e for e in sent.all(AggregationEvent, action="ADD") if e.parent_id == pallet)
    late = arrived.event_time.microseconds - packing.event_time.microseconds + SECOND
    again = replace(once_more(packing, late), child_epcs=(unit,), read_point=arrived.read_point)
    sent.change(arrived, arrived, replace(again, biz_location=arrived.biz_location))


def overfill(sent: Sent) -> None:
    unit = newcomer(sent)
    packing = sent.all(AggregationEvent, action="ADD")[0]
    sent.change(packing, replace(packing, child_epcs=(*children(packing), unit)))


def rework_without_an_order(sent: Sent) -> None:
    newcomer(sent, biz_step="repackaging")


def write_an_unknown_gtin(sent: Sent) -> None:
    newcomer(sent, "urn:epc:id:sgtin:0399991.099999.1")


def write_an_unknown_gln(sent: Sent) -> None:
    newcomer(sent, read_point=Place(id="urn:epc:id:sgln:0399991.09999.0"))


def take_a_serial_of_nobody(sent: Sent) -> None:
    newcomer(sent)


def ship_expired(sent: Sent) -> None:
    transfer(sent, newcomer(sent, **{LOT: "OLD", EXPIRY: "2020-01-31"}))


def lose_on_the_way(sent: Sent) -> None:
    unit = newcomer(sent)
    shipping, _ = first_transfer(sent)
    sent.change(shipping, shipping, replace(once_more(shipping, SECOND), epc_list=(unit,)))


def deliver_to_another(sent: Sent) -> None:
    shipping, _ = first_transfer(sent)
    transfer(sent, newcomer(sent), destination_list=shipping.source_list)


def see_it_where_it_was(sent: Sent) -> None:
    unit = newcomer(sent)
    shipping, receiving = first_transfer(sent)
    transfer(sent, unit)
    seen = replace(
        done(receiving, unit, "inspecting", "in_progress"), read_point=shipping.read_point
    )
    sent.change(receiving, receiving, moved(seen, SECOND))


def tell_a_year_late(sent: Sent) -> None:
    unit = newcomer(sent)
    begun = next(e for e in sent.all(ObjectEvent, action="ADD") if unit in names(e))
    sent.change(begun, moved(begun, -366 * DAY))


def newcomer(sent: Sent, epc: str | None = None, **says: Any) -> str:
    """One unit more that is put into use with others, with what is said of it alone."""
    begun = next(e for e in sent.all(ObjectEvent, action="ADD") if e.ilmd)
    unit = epc or f"{names(begun)[0].rpartition('.')[0]}.NEWCOMER"
    ilmd = {**(begun.ilmd or {}), **{n: says.pop(n) for n in (LOT, EXPIRY) if n in says}}
    one = replace(once_more(begun), epc_list=(unit,), ilmd=ilmd, **says)
    sent.change(begun, begun, one)
    return unit


def first_transfer(sent: Sent) -> tuple[ObjectEvent, ObjectEvent]:
    """The first shipping, and the receipt of what was shipped."""
    shipping = sent.all(ObjectEvent, biz_step="shipping", disposition="in_transit")[0]
    receipts = sent.all(ObjectEvent, biz_step="receiving")
    return shipping, next(e for e in receipts if {*names(e)} & {*names(shipping)})


def transfer(sent: Sent, unit: str, **received: Any) -> None:
    """Have a unit shipped and received, by itself, with what went first."""
    shipping, receiving = first_transfer(sent)
    sent.change(shipping, shipping, replace(once_more(shipping, SECOND), epc_list=(unit,)))
    receipt = replace(once_more(receiving, SECOND), epc_list=(unit,), **received)
    sent.change(receiving, receiving, receipt)


def done(
    event: Event, epc: str, step: str, disposition: str, action: str = "OBSERVE"
) -> ObjectEvent:
    """What is done with a thing a second after something else, at the same place."""
    moment = event.event_time.microseconds + SECOND
    return ObjectEvent(
        event_time=Timestamp(utc_text(moment), moment),
        event_time_zone_offset=event.event_time_zone_offset,
        event_id=f"urn:x:{next(_names)}",
        action=action,
        epc_list=(epc,),
        biz_step=step,
        disposition=disposition,
        read_point=event.read_point,
    )


def ranges_of(sent: Sent) -> Known:
    """That the serials that are in use were allocated, and no others."""
    ranges: dict[str, list[SerialRange]] = {}
    for event in sent.all(ObjectEvent, action="ADD"):
        for epc in names(event):
            unit = parse_identifier(epc)
            if unit.serial is not None and unit.key.startswith("01/"):
                one = SerialRange(unit.serial, unit.serial)
                ranges.setdefault(f"01/{unit.value}", []).append(one)
    return Known(ranges=ranges)


def sizes_of(sent: Sent) -> Known:
    """That a case holds as many units as any has in it."""
    cases = [e for e in sent.all(AggregationEvent, action="ADD") if "sgtin" in str(e.parent_id)]
    size = max(len(children(case)) for case in cases)
    products = {canonical_key(str(case.parent_id)).partition("/21/")[0] for case in cases}
    return Known(pack_sizes=dict.fromkeys(products, size))


Defect = Callable[[Sent], None]

DEFECTS: dict[Defect, str] = {
    commission_twice: "commissioned-twice",
    forget_commissioning: "never-commissioned",
    commission_late: "used-before-commissioning",
    write_another_expiry: "lot-expiry",
    write_another_lot: "case-lot",
    forget_packing: "unpacked-not-packed",
    forget_last_packing: "shipped-empty",
    forget_unpacking: "used-while-packed",
    fill_late: "filled-late",
    forget_shipping: "received-not-shipped",
    forget_receiving: "used-in-transit",
    ship_again: "shipped-twice",
    decommission_inside: "shipped-decommissioned",
    destroy_inside: "shipped-destroyed",
    hold_inside: "shipped-on-hold",
    recall_inside: "shipped-recalled",
    dispense_again: "dispensed-twice",
    dispense_after_its_end: "used-after-end",
    write_tomorrow: "event-ahead",
    rework_without_an_order: "rework-unlinked",
    write_an_unknown_gtin: "unknown-gtin",
    write_an_unknown_gln: "unknown-gln",
    take_a_serial_of_nobody: "serial-range",
    overfill: "pack-size",
    put_into_a_second_case: "two-parents",
    put_into_itself: "contains-itself",
    pack_again_on_arrival: "repacked-unlisted",
    ship_expired: "shipped-expired",
    steal_inside: "shipped-gone",
    hold_before_dispensing: "dispensed-unfit",
    lose_on_the_way: "shipped-not-received",
    deliver_to_another: "received-by-another",
    see_it_where_it_was: "two-holders",
    tell_a_year_late: "event-stale",
}
# What has to be known for a rule to look, made of the chain before the defect.
KNOWN_FOR: dict[str, Callable[[Sent], Known]] = {"serial-range": ranges_of, "pack-size": sizes_of}


# What a document that comes late or twice tells is true, and of a case whose content nobody ever
# told and nobody ever opened there is nothing to see.
PARTNER_ERRORS_FOUND = {
    "back-dated-event": {"used-before-commissioning", "event-stale", "two-holders"},
    "unit-commissioned-twice": {"commissioned-twice"},
    "shipped-never-received": {"shipped-not-received"},
    "received-never-shipped": {"received-not-shipped"},
    "two-parents": {"two-parents"},
    "wrong-lot": {"case-lot"},
    "dispensed-after-decommissioning": {"used-after-end"},
}


@pytest.fixture(scope="module")
def chain() -> Chain:
    """A chain in which nobody makes a mistake."""
    return generate_chain(seed=7, units=UNITS, errors=False, units_per_case=6, cases_per_pallet=4)


def sent_by(chain: Chain) -> Sent:
    """The documents of a chain, each sent when its last event has happened."""
    documents = [
        (sent.document, max(e.event_time.microseconds for e in sent.document.events or ()))
        for sent in chain.documents
    ]
    return Sent(documents, [list(document.events or ()) for document, _ in documents])


@asynccontextmanager
async def store_at(path: Path) -> AsyncIterator[EventStore]:
    store = open_store(f"sqlite:///{path / 'epcis.db'}")
    await prepare(store)
    try:
        yield store
    finally:
        await store.close()


async def findings_in(sent: Sent, path: Path, known: Known = NOTHING) -> tuple[Finding, ...]:
    """What the rules find in all things of these documents, as of when the last was sent."""
    things: dict[str, None] = {}
    async with store_at(path) as store:
        now = 0
        for (document, moment), events in zip(sent.documents, sent.events, strict=True):
            now = max(now, moment)
            for event in events:
                named = [getattr(event, "parent_id", None), *(getattr(event, "epc_list", ()) or ())]
                named += getattr(event, "child_epcs", None) or ()
                things |= dict.fromkeys(canonical_key(text) for text in named if text)
            body = render_jsonld(replace(document, events=tuple(events)))
            await capture(store, body, "application/ld+json", now=now)
        async with store.reading(long=True) as session:
            until = EVERYTHING
            lives = await read_lives(
                session, Lives(session), list(things), until=until, moment=MOMENT_MAX, now=now
            )
            known = await with_master_data(session, known, lives, until=until, moment=MOMENT_MAX)
    assert sum(len(life.keys) for life in lives) == len(things)
    return judge(lives, known)


@pytest.mark.parametrize("known_for", [None, *KNOWN_FOR])
async def test_a_chain_without_errors_has_none(
    known_for: str | None, chain: Chain, tmp_path: Path
) -> None:
    """
    Nothing is found where nobody made a mistake, whatever else is known.
    """
    sent = sent_by(chain)
    known = NOTHING if known_for is None else KNOWN_FOR[known_for](sent)

    assert await findings_in(sent, tmp_path, known) == ()


def test_there_is_a_defect_for_each_rule() -> None:
    """
    What a rule is for is put into a chain once at least.
    """
    assert {*DEFECTS.values()} == {rule.id for rule in RULES}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.__name__)
async def test_a_defect_breaks_its_rule_alone(defect: Defect, chain: Chain, tmp_path: Path) -> None:
    """
    One defect in a chain without errors is found by the rule for it, and by no other.
    """
    sent = sent_by(chain)
    rule = DEFECTS[defect]
    known = KNOWN_FOR[rule](sent) if rule in KNOWN_FOR else NOTHING
    defect(sent)

    found = await findings_in(sent, tmp_path, known)

    assert {finding.rule.id for finding in found} == {rule}


async def test_the_errors_of_partners_are_found(tmp_path: Path) -> None:
    """
    In a chain in which partners make their errors, each that things show is found, and no rule
    finds anything else.
    """
    chain = generate_chain(seed=7, units=UNITS, units_per_case=6, cases_per_pallet=4)
    found = await findings_in(sent_by(chain), tmp_path)
    concerned = {
        error.name: {canonical_key(text) for text in error.identifiers}
        for error in chain.truth.errors
    }

    assert concerned.keys() == PARTNER_ERRORS.keys() > PARTNER_ERRORS_FOUND.keys()
    assert {finding.rule.id for finding in found} == {
        rule for rules in PARTNER_ERRORS_FOUND.values() for rule in rules
    }
    for error, rules in PARTNER_ERRORS_FOUND.items():
        for rule in rules:
            keys = {key for f in found if f.rule.id == rule for key in f.keys}
            assert keys & concerned[error], (error, rule)
