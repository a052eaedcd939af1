"""
The mistakes that real partners make, each made once and remembered.

An error changes documents and never the truth, unless the mistake is one of goods: what is
lost on the way is lost. Every function below makes one of `PARTNER_ERRORS` and returns it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from epcis_repo.demo.calendar import DAY
from epcis_repo.demo.parties import DISTRIBUTOR_DC, PRODUCTS
from epcis_repo.demo.story import OUTLET_SITES, Story, remove, slug
from epcis_repo.demo.truth import Status
from epcis_repo.demo.world import Draft, ilmd
from epcis_repo.model import AggregationEvent, Event, ObjectEvent
from epcis_repo.model.times import parse_timestamp

# Each error with what a reader of the documents could notice. Where HDA's guidelines for
# exceptions (2023) have a category, it stands in brackets.
PARTNER_ERRORS = {
    "document-delivered-twice": "The same document comes again.",
    "late-commissioning": "The shipment of a lot is delivered before its commissioning.",
    "back-dated-event": "Units are dispensed a year before they were made.",
    "unit-commissioned-twice": "One unit is commissioned a second time.",
    "shipped-never-received": "A tote is shipped and nobody ever receives it [Data No Product].",
    "received-never-shipped": "A unit is received that nobody shipped [Product No Data].",
    "two-parents": "A unit is packed into a tote while it is still in a case [Data Issue].",
    "wrong-lot": "A case is commissioned with the lot of another; its units have theirs "
    "[Data Issue].",
    "dispensed-after-decommissioning": "A unit is dispensed after it was decommissioned.",
    "missing-aggregation": "What is in a case was never told [Product No Data].",
}


@dataclass(frozen=True, slots=True)
class ErrorMade:
    """A `PartnerError` before the documents have their names."""

    name: str
    identifiers: tuple[str, ...]
    drafts: tuple[Draft, ...]
    event_ids: tuple[str, ...] = ()


def make_errors(story: Story) -> list[ErrorMade]:
    """Make all errors that are in what the documents say."""
    return [
        _back_date(story),
        _commission_twice(story),
        _lose_a_tote(story),
        _receive_what_nobody_shipped(story),
        _pack_in_two_parents(story),
        _name_a_wrong_lot(story),
        _dispense_what_was_decommissioned(story),
        _forget_an_aggregation(story),
    ]


def deliver_badly(story: Story, delivered: list[Draft]) -> list[ErrorMade]:
    """Make the errors that are in the order of delivery, which is changed."""
    plant, dc = story.plant_drafts[1], story.dc_drafts[1]
    delivered.remove(plant)
    delivered.insert(delivered.index(dc) + 1, plant)

    shipment = next(d for d in delivered if d.name.startswith("distributor-shipment-"))
    delivered.insert(delivered.index(shipment) + 3, shipment)
    return [
        ErrorMade("late-commissioning", _shipped_epcs(dc), (plant, dc)),
        ErrorMade("document-delivered-twice", _shipped_epcs(shipment), (shipment,)),
    ]


def _shipped_epcs(draft: Draft) -> tuple[str, ...]:
    last = draft.events[-1]
    assert isinstance(last, ObjectEvent)
    assert last.biz_step == "shipping"
    return last.epc_list or ()


def _back_date(story: Story) -> ErrorMade:
    draft = story.dispensing_drafts[OUTLET_SITES[1]]
    at, event = next(
        (at, event)
        for at, event in enumerate(draft.events)
        # The year before a leap year has no such day.
        if event.biz_step == "dispensing" and "-02-29T" not in event.event_time.text
    )
    assert isinstance(event, ObjectEvent)
    # In the first weeks of a year many people still write the old one.
    text = event.event_time.text
    draft.events[at] = replace(event, event_time=parse_timestamp(f"{int(text[:4]) - 1}{text[4:]}"))
    return ErrorMade("back-dated-event", event.epc_list or (), (draft,), _ids(event))


def _commission_twice(story: Story) -> ErrorMade:
    draft, lot = story.plant_drafts[3], story.world.lots[3]
    epcs = [story.world.epcs[lot.units[-1]]]
    event = draft.object_event("commissioning", "active", epcs, action="ADD", ilmd=ilmd(lot))
    return ErrorMade("unit-commissioned-twice", tuple(epcs), (draft,), _ids(event))


def _lose_a_tote(story: Story) -> ErrorMade:
    units = _loose_units(story, 1)
    # Long enough before the end that nobody can say it is still on its way.
    draft = story.world.draft(
        f"distributor-shipment-lost-{slug(OUTLET_SITES[2])}",
        DISTRIBUTOR_DC,
        to=OUTLET_SITES[2],
        at=story.now - 30 * DAY,
        products=PRODUCTS,
    )
    tote = draft.commission_logistic_unit()
    draft.pack(tote, units)
    draft.ship([tote])
    identifiers = (tote.epc, *(story.world.epcs[unit] for unit in units))
    return ErrorMade("shipped-never-received", identifiers, (draft,), _ids(draft.events[-1]))


def _receive_what_nobody_shipped(story: Story) -> ErrorMade:
    units = _loose_units(story, 1)
    outlet = OUTLET_SITES[3]
    draft = story.world.draft(
        f"{slug(outlet)}-receipt-without-shipment", outlet, to=DISTRIBUTOR_DC, at=story.now
    )
    event = draft.observe("receiving", "in_progress", units)
    return ErrorMade("received-never-shipped", event.epc_list or (), (draft,), _ids(event))


def _pack_in_two_parents(story: Story) -> ErrorMade:
    world = story.world
    case = story.cases[world.lots[0].number].pop()
    units = list(case.units[:1])
    draft = world.draft("distributor-repacking", DISTRIBUTOR_DC, to=DISTRIBUTOR_DC, at=story.now)
    # The unit does leave the case; nobody says so.
    world.take_out(case, units)
    tote = draft.commission_logistic_unit()
    draft.pack(tote, units)
    identifiers = (world.epcs[units[0]], case.epc, tote.epc)
    return ErrorMade("two-parents", identifiers, (draft,), _ids(draft.events[-1]))


def _name_a_wrong_lot(story: Story) -> ErrorMade:
    draft, lots = story.dc_drafts[0], story.world.lots
    event = draft.events[0]
    assert isinstance(event, ObjectEvent)
    assert event.biz_step == "commissioning"
    draft.events[0] = replace(event, ilmd=ilmd(lots[3]))
    return ErrorMade("wrong-lot", event.epc_list or (), (draft,), _ids(event))


def _dispense_what_was_decommissioned(story: Story) -> ErrorMade:
    epcs = [story.world.epcs[unit] for unit in story.decommissioned[:1]]
    outlet = OUTLET_SITES[0]
    draft = story.world.draft(f"{slug(outlet)}-late-dispensing", outlet, to=outlet, at=story.now)
    event = draft.object_event("dispensing", "dispensed", epcs)
    return ErrorMade("dispensed-after-decommissioning", tuple(epcs), (draft,), _ids(event))


def _forget_an_aggregation(story: Story) -> ErrorMade:
    draft = story.plant_drafts[2]
    case = story.cases[story.world.lots[2].number][-1]
    event = next(
        event
        for event in draft.events
        if isinstance(event, AggregationEvent) and event.parent_id == case.epc
    )
    draft.events.remove(event)
    return ErrorMade("missing-aggregation", (case.epc, *(event.child_epcs or ())), (draft,))


def _loose_units(story: Story, count: int) -> list[int]:
    world = story.world
    units = [
        unit
        for unit in story.loose
        if world.status(unit) is Status.IN_STOCK and world.is_at(unit, DISTRIBUTOR_DC)
    ][:count]
    remove(story.loose, units)
    return units


def _ids(event: Event) -> tuple[str, ...]:
    return () if event.event_id is None else (event.event_id,)
