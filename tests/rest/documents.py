"""Documents to send: good ones made in a line, and bad ones with what must be said of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

XML = "application/xml"
JSON = "application/json"
JSON_LD = "application/ld+json"
CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

UNIT = "urn:epc:id:sgtin:030001.0012345.{}"
CASE = "urn:epc:id:sgtin:030001.1012345.{}"
PALLET = "urn:epc:id:sscc:030001.4123456789{}"


def event(number: int = 1, **members: Any) -> dict[str, Any]:
    """An ObjectEvent that observes unit `number`; `members` are added, None takes one away."""
    value = {
        "type": "ObjectEvent",
        "eventTime": f"2026-01-01T00:{number // 60 % 60:02}:{number % 60:02}Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "epcList": [UNIT.format(number)],
    }
    return {name: v for name, v in (value | members).items() if v is not None}


def packing(parent: str, *children: str, **members: Any) -> dict[str, Any]:
    """An AggregationEvent that puts `children` into `parent`."""
    value = {
        "type": "AggregationEvent",
        "epcList": None,
        "parentID": parent,
        "childEPCs": [*children],
        "action": "ADD",
        "bizStep": "packing",
    }
    return event(**(value | members))


def commissioning(*numbers: int, lot: str, expiry: str, **members: Any) -> dict[str, Any]:
    """An ObjectEvent that commissions units of a lot."""
    value = {
        "action": "ADD",
        "bizStep": "commissioning",
        "disposition": "active",
        "epcList": [UNIT.format(number) for number in numbers],
        "ilmd": {"cbvmda:lotNumber": lot, "cbvmda:itemExpirationDate": expiry},
    }
    return event(**(value | members))


def document(*events: dict[str, Any]) -> bytes:
    """An EPCISDocument with `events`."""
    value = {
        "@context": [CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-01T00:00:00Z",
        "epcisBody": {"eventList": events},
    }
    return json.dumps(value).encode()


def bare(value: dict[str, Any]) -> bytes:
    """An event by itself, as POST /epcis/events takes it."""
    return json.dumps({"@context": [CONTEXT], **value}).encode()


@dataclass(frozen=True)
class Finding:
    """What must be said of one fault: where it is, and the words for expected and found."""

    pointer: str
    expected: str
    found: str
    event: int | None = None
    line: int | None = None


@dataclass(frozen=True)
class BadDocument:
    """A document that must be refused, whole, with `findings`."""

    id: str
    body: bytes
    media_type: str
    findings: Sequence[Finding]
    # What the command line says in place of the first finding: it looks before it parses.
    shell: str | None = None


_XML_EVENT = b"""<ObjectEvent>
<eventTime>2026-01-01T00:00:00%s</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
<epcList><epc>urn:epc:id:sgtin:030001.0012345.11</epc></epcList>
<action>OBSERVE</action>
</ObjectEvent>
"""
_XML = b"""<?xml version="1.0" encoding="UTF-8"?>
%s<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"
 creationDate="2026-01-01T00:00:00Z">
<EPCISBody><EventList>
%s</EventList></EPCISBody>
</epcis:EPCISDocument>
"""
_GOOD_XML = _XML % (b"", _XML_EVENT % b"Z")
_LIST = "/epcisBody/eventList"
_PATH = "/EPCISDocument/EPCISBody/EventList"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n"
_ONE_BAD_OF_MANY = [event(number) for number in range(1, 1001)]
_ONE_BAD_OF_MANY[500] = event(
    501, eventTime="yesterday", action="LOOK", epcList=["https://id.gs1.org/01/00300010123456/21/1"]
)

BAD_DOCUMENTS = (
    BadDocument(
        "truncated XML", _GOOD_XML[:-60], XML, [Finding("", "well-formed XML", "", line=10)]
    ),
    BadDocument(
        "DOCTYPE",
        _XML % (b'<!DOCTYPE a [<!ENTITY b "c">]>\n', _XML_EVENT % b"Z"),
        XML,
        [Finding("", "without a document type declaration", "DOCTYPE", line=2)],
    ),
    BadDocument(
        "unknown event type",
        document(event(type="SurpriseEvent")),
        JSON,
        [Finding(f"{_LIST}/0/type", "ObjectEvent", "SurpriseEvent", event=1)],
    ),
    BadDocument(
        "unknown event type in XML",
        _GOOD_XML.replace(b"ObjectEvent", b"SurpriseEvent"),
        XML,
        [Finding(f"{_PATH}/SurpriseEvent[1]", "ObjectEvent", "SurpriseEvent", event=1, line=5)],
    ),
    BadDocument(
        "wrong check digit",
        document(event(epcList=["https://id.gs1.org/01/00300010123456/21/11"])),
        JSON,
        [Finding(f"{_LIST}/0/epcList/0", "5", "00300010123456", event=1)],
    ),
    BadDocument(
        "eventTime without a zone",
        document(event(eventTime="2026-01-01T00:00:00")),
        JSON_LD,
        [Finding(f"{_LIST}/0/eventTime", "with a zone", "2026-01-01T00:00:00", event=1)],
    ),
    BadDocument(
        "eventTime without a zone in XML",
        _XML % (b"", _XML_EVENT % b"Z" + _XML_EVENT % b""),
        XML,
        [
            Finding(
                f"{_PATH}/ObjectEvent[2]/eventTime", "with a zone", "T00:00:00", event=2, line=12
            )
        ],
    ),
    BadDocument(
        "ADD without a parent",
        document(packing(PALLET.format(0), UNIT.format(1), parentID=None)),
        JSON,
        [Finding(f"{_LIST}/0/parentID", "parentID", "none", event=1)],
    ),
    BadDocument("empty file", b"", JSON, [Finding("", "document", "is empty")]),
    BadDocument(
        "ten megabytes of brackets", b"[" * 10_000_000, JSON, [Finding("", "64 deep", "column 65")]
    ),
    BadDocument("PDF", PDF, JSON, [Finding("", "UTF-8", "byte 0xe2")], shell="%PDF-1.7"),
    BadDocument(
        "one bad event among a thousand",
        document(*_ONE_BAD_OF_MANY),
        JSON,
        [
            Finding(f"{_LIST}/500/eventTime", "with a zone", "yesterday", event=501),
            Finding(f"{_LIST}/500/action", "ADD", "LOOK", event=501),
        ],
    ),
)
