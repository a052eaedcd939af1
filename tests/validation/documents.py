"""Documents to be checked: sound ones, and what changes them."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Sequence
from typing import Any

from epcis_repo.bindings import JSON_LD, XML, parse_document, scan_events
from epcis_repo.bindings.xml import render_xml_document
from epcis_repo.errors import Violation
from epcis_repo.model.times import parse_timestamp
from epcis_repo.validation import RULES, Rule, examine

NOW = parse_timestamp("2030-01-01T00:00:00Z").microseconds
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

UNIT = "urn:epc:id:sgtin:0312345.067890.{}"
CASE = "urn:epc:id:sgtin:0312345.167890.{}"
PALLET = "urn:epc:id:sscc:0312345.000000001{}"
LOT = "urn:epc:class:lgtin:0312345.067890.L42"
PLACE = "urn:epc:id:sgln:0312345.00001.0"
BUYER = "urn:epc:id:sgln:0399990.00002.0"
PARTY = "urn:epc:id:pgln:0312345.00001"
EVENT_ID = "urn:uuid:0b9d5a4e-5b0e-4a3c-9f55-6d1c2d1f0a{:02}"
ORDER = {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0399990000023:PO-9"}
REPORT = {"type": "Temperature", "value": 4.5, "uom": "CEL"}
HC = "http://epcis.gs1us.org/hc/ns"

_COMMON = {
    "eventTime": "2026-01-31T12:00:00Z",
    "eventTimeZoneOffset": "-05:00",
    "eventID": EVENT_ID.format(1),
    "bizStep": "inspecting",
    "readPoint": {"id": PLACE},
}
EVENTS: dict[str, dict[str, Any]] = {
    "ObjectEvent": {"action": "ADD", "epcList": [UNIT.format(1), UNIT.format(2)]},
    "AggregationEvent": {
        "action": "ADD",
        "parentID": PALLET.format(1),
        "childEPCs": [UNIT.format(1), UNIT.format(2)],
    },
    "TransactionEvent": {
        "action": "ADD",
        "bizTransactionList": [ORDER],
        "epcList": [PALLET.format(1)],
    },
    "TransformationEvent": {
        "inputEPCList": [UNIT.format(1)],
        "outputEPCList": [UNIT.format(2)],
    },
    "AssociationEvent": {
        "action": "ADD",
        "parentID": PALLET.format(1),
        "childEPCs": ["urn:epc:id:giai:0312345.SENSOR-1"],
    },
}


def event(kind: str = "ObjectEvent", **members: Any) -> dict[str, Any]:
    """A sound event of a type; `members` are added, None takes one away."""
    value = {"type": kind, **_COMMON, **copy.deepcopy(EVENTS[kind]), **members}
    return {name: member for name, member in value.items() if member is not None}


def sensors(report: dict[str, Any] | None = None, **metadata: Any) -> list[dict[str, Any]]:
    """A sensor element with a report."""
    element: dict[str, Any] = {"sensorReport": [REPORT if report is None else report]}
    return [{"sensorMetadata": metadata, **element} if metadata else element]


def document(*events: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A sound document with `events`; `members` are added, None takes one away."""
    value = {
        "@context": [CONTEXT, {"ex": "https://ns.example.com/", "gs1ushc": HC}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-02-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
        **members,
    }
    return {name: member for name, member in value.items() if member is not None}


def as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


def as_xml(value: dict[str, Any], version: str = "2.0") -> bytes:
    """The same document in XML, as we write it."""
    return render_xml_document(parse_document(as_json(value), JSON_LD), version)


def findings(
    body: bytes, media_type: str = JSON_LD, rules: Sequence[Rule] = RULES
) -> list[Violation]:
    """All that is found in a document."""
    scan = scan_events(io.BytesIO(body), media_type)
    return list(examine(scan, is_xml=media_type == XML, now=NOW, rules=rules))
