"""What the documents of a chain say of each unit, told slowly and without cleverness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from epcis_repo.demo import DemoDocument
from epcis_repo.model import AggregationEvent, Event, ObjectEvent

LOT = "{urn:epcglobal:cbv:mda}lotNumber"
EXPIRY = "{urn:epcglobal:cbv:mda}itemExpirationDate"

# The words of the business vocabulary that mean that a unit is now something else.
STATUS_OF_DISPOSITION = {
    "active": "in stock",
    "in_transit": "in transit",
    "sellable_accessible": "in stock",
    "recalled": "recalled",
    "expired": "expired",
    "stolen": "stolen",
    "dispensed": "dispensed",
    "inactive": "decommissioned",
    "destroyed": "destroyed",
}
STATUS_OF_BIZ_STEP = {"receiving": "in stock", "sampling": "sampled"}


@dataclass
class Thing:
    """A unit, case, tote or pallet."""

    lot: str | None = None
    expiry: str | None = None
    status: str | None = None
    site: str | None = None
    parent: str | None = None
    children: list[str] = field(default_factory=list)


def events_by_time(documents: Iterable[DemoDocument]) -> list[Event]:
    """Every event once, by the time when it happened, without those declared in error."""
    events = [event for d in documents for event in d.document.events or ()]
    declared = {event.event_id for event in events if event.error_declaration is not None}
    kept = {event.event_id: event for event in events if event.event_id not in declared}
    return sorted(kept.values(), key=lambda event: event.event_time.microseconds)


def fold(documents: Iterable[DemoDocument]) -> dict[str, Thing]:
    """Walk the events by time; nothing may happen to what has not been commissioned."""
    things: dict[str, Thing] = {}
    for event in events_by_time(documents):
        if isinstance(event, ObjectEvent):
            observe(things, event)
        elif isinstance(event, AggregationEvent):
            aggregate(things, event)
    return things


def observe(things: dict[str, Thing], event: ObjectEvent) -> None:
    for epc in event.epc_list or ():
        if event.biz_step == "commissioning":
            assert epc not in things, f"{epc} is commissioned twice"
            things[epc] = Thing()
            if event.ilmd is not None:
                things[epc].lot, things[epc].expiry = event.ilmd[LOT], event.ilmd[EXPIRY]
        for inner in within(things, epc):
            thing = things[inner]
            thing.site = event.read_point.id if event.read_point else None
            if event.disposition == "returned":
                thing.status = "in transit" if event.biz_step == "shipping" else "returned"
            elif event.disposition in STATUS_OF_DISPOSITION:
                thing.status = STATUS_OF_DISPOSITION[event.disposition]
            elif event.biz_step in STATUS_OF_BIZ_STEP:
                thing.status = STATUS_OF_BIZ_STEP[event.biz_step]


def aggregate(things: dict[str, Thing], event: AggregationEvent) -> None:
    assert event.parent_id is not None
    parent = things[event.parent_id]
    children = list(event.child_epcs or ())
    if event.action == "DELETE":
        for epc in children or list(parent.children):
            assert things[epc].parent == event.parent_id
            things[epc].parent = None
            parent.children.remove(epc)
            move(things, epc, event)
        return
    for epc in children:
        assert things[epc].parent is None, f"{epc} is in {things[epc].parent} already"
        things[epc].parent = event.parent_id
        parent.children.append(epc)
        move(things, epc, event)


def move(things: dict[str, Thing], epc: str, event: Event) -> None:
    for inner in within(things, epc):
        things[inner].site = event.read_point.id if event.read_point else None


def within(things: dict[str, Thing], epc: str) -> Iterator[str]:
    yield epc
    for child in things[epc].children:
        yield from within(things, child)
