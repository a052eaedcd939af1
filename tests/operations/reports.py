"""What partners report, in a word each, and the documents that bring it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.documents import Document
from epcis_repo.model.events import (
    AggregationEvent,
    AssociationEvent,
    ErrorDeclaration,
    Event,
    ObjectEvent,
    Place,
    QuantityElement,
    TransformationEvent,
)
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.capture import capture
from epcis_repo.operations.history import History, history
from epcis_repo.operations.receipts import Receipt
from epcis_repo.projections.story import Entry
from epcis_repo.store import EventStore

JSON_LD = "application/ld+json"
HOUR = 3_600_000_000
NOW = 1_780_000_000_000_000
MDA = "{urn:epcglobal:cbv:mda}"

PACK, OTHER_PACK = "urn:epc:id:sgtin:030001.0012345.A1", "urn:epc:id:sgtin:030001.0012345.A2"
CASE, OTHER_CASE = "urn:epc:id:sscc:030001.00000000001", "urn:epc:id:sscc:030001.00000000002"
PALLET, TRUCK = "urn:epc:id:sscc:030001.00000000003", "urn:epc:id:grai:030001.000001.T1"
PLANT, WHOLESALER = "urn:epc:id:sgln:030001.000001.0", "urn:epc:id:sgln:030001.000002.0"


def at(hour: float) -> int:
    """The moment so many hours after the beginning, in microseconds."""
    return 1_767_225_600_000_000 + int(hour * HOUR)


def when(hour: float) -> dict[str, Any]:
    """The when dimension of an event."""
    moment = at(hour)
    return {"event_time": Timestamp(utc_text(moment), moment), "event_time_zone_offset": "+00:00"}


def observed(hour: float, *epcs: str, action: str = "OBSERVE", **dimensions: Any) -> ObjectEvent:
    """An event about things themselves."""
    return ObjectEvent(**when(hour), action=action, epc_list=epcs, **dimensions)


def commissioned(hour: float, *epcs: str, **dimensions: Any) -> ObjectEvent:
    """Things that begin, at the plant."""
    says: dict[str, Any] = {
        "biz_step": "commissioning",
        "disposition": "active",
        "read_point": Place(id=PLANT),
        "ilmd": {f"{MDA}lotNumber": "L1", f"{MDA}itemExpirationDate": "2027-12-31"},
    }
    return observed(hour, *epcs, action="ADD", **says | dimensions)


def shipped(hour: float, epc: str, **dimensions: Any) -> ObjectEvent:
    """Something that leaves the plant."""
    says: dict[str, Any] = {
        "biz_step": "shipping",
        "disposition": "in_transit",
        "read_point": Place(id=PLANT),
    }
    return observed(hour, epc, **says | dimensions)


def received(hour: float, epc: str, **dimensions: Any) -> ObjectEvent:
    """Something that arrives at the wholesaler."""
    says: dict[str, Any] = {
        "biz_step": "receiving",
        "disposition": "sellable_not_accessible",
        "read_point": Place(id=WHOLESALER),
    }
    return observed(hour, epc, **says | dimensions)


def packed(
    hour: float, parent: str, *children: str, action: str = "ADD", **dimensions: Any
) -> AggregationEvent:
    """Children into a parent."""
    return AggregationEvent(
        **when(hour),
        action=action,
        parent_id=parent,
        child_epcs=children,
        **{"biz_step": "packing"} | dimensions,
    )


def unpacked(hour: float, parent: str, *children: str, **dimensions: Any) -> AggregationEvent:
    """Children out of a parent; all of them where none is named."""
    return packed(hour, parent, *children, action="DELETE", biz_step="unpacking", **dimensions)


def attached(hour: float, parent: str, *children: str) -> AssociationEvent:
    """Children fastened to a parent for long."""
    return AssociationEvent(**when(hour), action="ADD", parent_id=parent, child_epcs=children)


def transformed(hour: float, inputs: Sequence[str], outputs: Sequence[str]) -> TransformationEvent:
    """Some things into others."""
    return TransformationEvent(
        **when(hour), input_epc_list=tuple(inputs), output_epc_list=tuple(outputs)
    )


def named(event_id: str, event: Event) -> Event:
    """The event under an eventID of its own."""
    return replace(event, event_id=event_id)


def declared_in_error(event: Event, hour: float = 99, **members: Any) -> Event:
    """The declaration that an event was in error."""
    moment = Timestamp(utc_text(at(hour)), at(hour))
    return replace(event, error_declaration=ErrorDeclaration(declaration_time=moment, **members))


def document(*events: Event, note: str | None = None) -> bytes:
    """The document that brings these events; another `note` makes it another document."""
    created = Timestamp("2026-01-01T00:00:00Z", at(0))
    return render_jsonld(
        Document(events=events, schema_version="2.0", creation_date=created, id=note)
    )


async def report(
    store: EventStore, *events: Event, now: int = NOW, note: str | None = None
) -> Receipt:
    """Capture a document of these events."""
    return await capture(store, document(*events, note=note), JSON_LD, now=now)


async def story_of(store: EventStore, text: str, **clocks: Any) -> History:
    """The history of a thing, as anyone writes it."""
    return await history(store, parse_identifier(text), **clocks)


def told(entry: Entry) -> tuple[float, str, str | None]:
    """An entry in short: hour, action and step, and the container that it is inferred from."""
    said = entry.said
    hour = (said.event_time - at(0)) / HOUR
    return hour, f"{said.action or said.type} {said.biz_step}", entry.container


def key(text: str) -> str:
    return parse_identifier(text).key


def quantity(epc_class: str) -> QuantityElement:
    return QuantityElement(epc_class=epc_class, quantity=5)
