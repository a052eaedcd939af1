"""The profile dscsa: sound shipments pass, and each rule finds what it is for."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from epcis_repo.bindings import JSON_LD, RENDERERS, XML
from epcis_repo.demo import generate_chain
from epcis_repo.validation import PROFILES, RULES
from tests.shared_data import shared, shared_files
from tests.validation.documents import (
    BUYER,
    CASE,
    CONTEXT,
    HC,
    PALLET,
    PLACE,
    UNIT,
    as_json,
    as_xml,
    findings,
)

DSCSA = PROFILES["dscsa"]
ALL = (*RULES, *DSCSA)
SBDH_NAMESPACE = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
DC = "urn:epc:id:sgln:0312345.00003.0"
BUYER_DC = "urn:epc:id:sgln:0399990.00004.0"
LOT = {"cbvmda:lotNumber": "L42", "cbvmda:itemExpirationDate": "2028-12-31"}

PRODUCT = {
    "additionalTradeItemIdentification": "1234-5678-90",
    "additionalTradeItemIdentificationTypeCode": "US_FDA_NDC",
    "regulatedProductName": "Examplol",
    "manufacturerOfTradeItemPartyName": "Example Pharma",
    "dosageFormType": "TABLET",
    "strengthDescription": "10 mg",
    "netContentDescription": "100 tablets",
}
ADDRESS = {
    "name": "Example Pharma",
    "streetAddressOne": "1 Example Way",
    "city": "Springfield",
    "state": "IL",
    "postalCode": "62701",
    "countryCode": "US",
}


def vocabulary(kind: str, *elements: tuple[str, dict[str, str]]) -> dict[str, Any]:
    return {
        "type": f"urn:epcglobal:epcis:vtype:{kind}",
        "vocabularyElementList": [
            {
                "id": name,
                "attributes": [
                    {"id": f"urn:epcglobal:cbv:mda#{attribute}", "attribute": value}
                    for attribute, value in attributes.items()
                ],
            }
            for name, attributes in elements
        ],
    }


def event(kind: str, minute: int, step: str, disposition: str, **members: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "eventTime": f"2026-01-31T12:{minute:02}:00Z",
        "eventTimeZoneOffset": "-05:00",
        "bizStep": step,
        "disposition": disposition,
        "readPoint": {"id": PLACE},
        **members,
    }


def commissioning(minute: int, *epcs: str, **members: Any) -> dict[str, Any]:
    place = {"bizLocation": {"id": PLACE}, "action": "ADD", "epcList": list(epcs)}
    return event("ObjectEvent", minute, "commissioning", "active", **place, **members)


def packing(minute: int, parent: str, *children: str) -> dict[str, Any]:
    members = {"action": "ADD", "parentID": parent, "childEPCs": list(children)}
    place = {"bizLocation": {"id": PLACE}}
    return event("AggregationEvent", minute, "packing", "in_progress", **place, **members)


def unpacking(minute: int, parent: str) -> dict[str, Any]:
    members = {"action": "DELETE", "parentID": parent}
    return event("AggregationEvent", minute, "unpacking", "in_progress", **members)


def shipment() -> dict[str, Any]:
    """A manufacturer's shipment as release 1.3 wants it: two packs in a case on a pallet."""
    party = {"sbdh:Identifier": {"@Authority": "GS1", "#text": PLACE}}
    identification = {
        "sbdh:Standard": "EPCglobal",
        "sbdh:TypeVersion": "1.0",
        "sbdh:InstanceIdentifier": "1",
        "sbdh:Type": "Events",
        "sbdh:CreationDateAndTime": "2026-02-01T00:00:00Z",
    }
    packs = [UNIT.format(1), UNIT.format(2)]
    shipping = {
        "action": "OBSERVE",
        "epcList": [PALLET.format(1)],
        "bizTransactionList": [
            {"type": "po", "bizTransaction": "urn:epcglobal:cbv:bt:0399990000023:PO-9"},
            {"type": "desadv", "bizTransaction": "urn:epcglobal:cbv:bt:0312345000011:D-1"},
        ],
        "sourceList": [
            {"type": "owning_party", "source": PLACE},
            {"type": "location", "source": DC},
        ],
        "destinationList": [
            {"type": "owning_party", "destination": BUYER},
            {"type": "location", "destination": BUYER_DC},
        ],
        "gs1ushc:dropShipment": "false",
    }
    return {
        "@context": [CONTEXT, {"gs1ushc": HC, "sbdh": SBDH_NAMESPACE}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-02-01T00:00:00Z",
        "epcisHeader": {
            "sbdh:StandardBusinessDocumentHeader": {
                "sbdh:HeaderVersion": "1.0",
                "sbdh:Sender": party,
                "sbdh:Receiver": copy.deepcopy(party),
                "sbdh:DocumentIdentification": identification,
            },
            "epcisMasterData": {
                "vocabularyList": [
                    vocabulary(
                        "EPCClass",
                        ("urn:epc:idpat:sgtin:0312345.067890.*", PRODUCT),
                        ("urn:epc:idpat:sgtin:0312345.167890.*", PRODUCT),
                    ),
                    vocabulary(
                        "Location", *((name, ADDRESS) for name in (PLACE, DC, BUYER, BUYER_DC))
                    ),
                ]
            },
            "gs1ushc:guidelineVersion": "GS1 US DSCSA R1.3",
            "gs1ushc:dscsaTransactionStatement": {
                "gs1ushc:affirmTransactionStatement": "true",
                "gs1ushc:legalNotice": "Seller has complied.",
            },
        },
        "epcisBody": {
            "eventList": [
                commissioning(0, *packs, ilmd=LOT),
                commissioning(1, CASE.format(1), ilmd=LOT),
                packing(2, CASE.format(1), *packs),
                commissioning(3, PALLET.format(1)),
                packing(4, PALLET.format(1), CASE.format(1)),
                event("ObjectEvent", 5, "shipping", "in_transit", **shipping),
            ]
        },
    }


Change = Callable[[dict[str, Any]], object]
PACKS, PACKED, PALLETS, ON_PALLET, SHIPPED = 0, 2, 3, 4, 5
SBDH = "sbdh:StandardBusinessDocumentHeader"


def events(value: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = value["epcisBody"]["eventList"]
    return found


def put(number: int, **members: Any) -> Change:
    """Change members of an event; None takes one away."""

    def change(value: dict[str, Any]) -> None:
        events(value)[number] = {
            name.replace("__", ":"): member
            for name, member in (events(value)[number] | members).items()
            if member is not None
        }

    return change


def put_header(*path: str | int, to: Any = None) -> Change:
    """Change what is at a path of the header; None takes it away."""

    def change(value: dict[str, Any]) -> None:
        node = value["epcisHeader"]
        for step in path[:-1]:
            node = node[step]
        if to is None:
            del node[path[-1]]
        else:
            node[path[-1]] = to

    return change


def add(*more: dict[str, Any]) -> Change:
    return lambda value: events(value).extend(more)


def element(vocabulary: int, number: int) -> tuple[str | int, ...]:
    return ("epcisMasterData", "vocabularyList", vocabulary, "vocabularyElementList", number)


def attribute(vocabulary: int, number: int, place: int) -> tuple[str | int, ...]:
    return (*element(vocabulary, number), "attributes", place)


# The rule, what breaks it, and its near miss, which is as sound as the document without it.
ROWS: list[tuple[str, Change, Change]] = [
    ("dscsa-sbdh-party",
     put_header(SBDH, "sbdh:Sender", "sbdh:Identifier", "#text", to="0312345000011"),
     put_header(SBDH, "sbdh:Sender", "sbdh:Identifier", "@Authority", to="SGLN")),
    ("dscsa-release",
     put_header("gs1ushc:guidelineVersion", to="GS1 US DSCSA"),
     put_header("gs1ushc:guidelineVersion", to=" GS1 US DSCSA R1.3 ")),
    ("dscsa-release-mixed",
     put(SHIPPED, gs1ushc__directPurchase="true"),
     put(SHIPPED, gs1ushc__directPurchase={
         "@qualifier": "ENTIRELY_DIRECT", "gs1ushc:directPurchaseStatement": "direct"})),
    ("dscsa-statement",
     put_header("gs1ushc:dscsaTransactionStatement", "gs1ushc:affirmTransactionStatement",
                to="false"),
     put_header("gs1ushc:dscsaTransactionStatement", "gs1ushc:affirmTransactionStatement",
                to="1")),
    ("dscsa-product",
     put_header(*element(0, 1), "id", to="urn:epc:idpat:sgtin:0312345.267890.*"),
     put_header(*element(0, 1), "id", to="https://id.gs1.org/01/10312345678903")),
    ("dscsa-product-attributes",
     put_header(*attribute(0, 0, 4)),
     put_header(*attribute(0, 0, 4), "attribute", to="CAPSULE")),
    ("dscsa-ndc",
     put_header(*attribute(0, 0, 0), "attribute", to="1234567890123"),
     put_header(*attribute(0, 0, 0), "attribute", to="12345-678-90")),
    ("dscsa-location",
     put_header(*element(1, 3), "id", to="urn:epc:id:sgln:0399990.00005.0"),
     put_header(*element(1, 3), "id", to="https://id.gs1.org/414/0399990000047")),
    ("dscsa-location-attributes",
     put_header(*attribute(1, 0, 4)),
     put_header(*attribute(1, 0, 4), "attribute", to="62702")),
    ("dscsa-step",
     add({**packing(6, CASE.format(1), UNIT.format(1)), "bizStep": ""}
         | {"action": "OBSERVE"}),
     add({**packing(6, CASE.format(1), UNIT.format(1)), "bizStep": "storing"}
         | {"action": "OBSERVE"})),
    ("dscsa-step-event", put(SHIPPED, action="ADD"), put(SHIPPED, action="OBSERVE")),
    ("dscsa-step-disposition",
     put(PACKED, disposition="active"), put(PACKED, disposition="in_progress")),
    ("dscsa-urn",
     put(PACKED, childEPCs=["https://id.gs1.org/01/00312345678906/21/1", UNIT.format(2)]),
     put(PACKED, childEPCs=[UNIT.format(2), UNIT.format(1)])),
    ("dscsa-epc",
     add({**packing(6, CASE.format(1), "urn:epc:id:grai:0312345.00001.7"), "bizStep": "storing"}
         | {"action": "OBSERVE"}),
     add({**packing(6, CASE.format(1), UNIT.format(1)), "bizStep": "storing"}
         | {"action": "OBSERVE"})),
    ("dscsa-place",
     put(PACKED, readPoint={"id": "https://id.gs1.org/414/0312345000011"}),
     put(PACKED, readPoint={"id": DC})),
    ("dscsa-lot",
     put(PACKS, ilmd=LOT | {"cbvmda:lotNumber": "L" * 21}),
     put(PACKS, ilmd=LOT | {"cbvmda:lotNumber": "L" * 20})),
    ("dscsa-container-lot", put(PALLETS, ilmd=LOT), put(PALLETS, ilmd=None)),
    ("dscsa-read-point", put(PACKED, readPoint=None), put(PACKED, readPoint={"id": DC})),
    ("dscsa-biz-location",
     put(SHIPPED, bizLocation={"id": DC}), put(SHIPPED, bizLocation=None)),
    ("dscsa-owner",
     put(SHIPPED, sourceList=[{"type": "location", "source": DC}]),
     put(SHIPPED, sourceList=[{"type": "location", "source": DC},
                              {"type": "https://ref.gs1.org/cbv/SDT-owning_party",
                               "source": PLACE}])),
    ("dscsa-ship-location",
     put(SHIPPED, sourceList=[{"type": "owning_party", "source": PLACE}]),
     put(SHIPPED, sourceList=[{"type": "location", "source": PLACE},
                              {"type": "owning_party", "source": PLACE}])),
    ("dscsa-papers",
     lambda value: events(value)[SHIPPED]["bizTransactionList"].pop(),
     put(SHIPPED, disposition="returned", bizTransactionList=None)),
    ("dscsa-paper-form",
     lambda value: events(value)[SHIPPED]["bizTransactionList"].append(
         {"type": "inv", "bizTransaction": "urn:example:INV-1"}),
     lambda value: events(value)[SHIPPED]["bizTransactionList"].append(
         {"type": "inv", "bizTransaction": "urn:epcglobal:cbv:bt:0312345000011:INV-1"})),
    ("dscsa-ship-container",
     put(SHIPPED, epcList=[CASE.format(1)]), put(SHIPPED, epcList=[PALLET.format(1)])),
    ("dscsa-drop-shipment",
     put(SHIPPED, gs1ushc__dropShipment="no"), put(SHIPPED, gs1ushc__dropShipment="true")),
    ("dscsa-direct-purchase",
     put(SHIPPED, gs1ushc__directPurchase={
         "@qualifier": "PARTIALLY_DIRECT", "gs1ushc:directPurchaseStatement": "partly"}),
     put(SHIPPED, gs1ushc__directPurchase={
         "@qualifier": "PARTIALLY_DIRECT", "gs1ushc:directPurchaseStatement": "partly",
         "gs1ushc:indirectPurchaseEPCs": {"epc": UNIT.format(1)}})),
    ("dscsa-commissioned-once",
     add(commissioning(6, UNIT.format(1), ilmd=LOT)),
     add(commissioning(6, UNIT.format(3), ilmd=LOT))),
    ("dscsa-commissioned",
     put(ON_PALLET, childEPCs=[CASE.format(1), CASE.format(2)]),
     put(ON_PALLET, childEPCs=[CASE.format(1)])),
    ("dscsa-one-container",
     add(packing(6, PALLET.format(1), UNIT.format(1))),
     add(unpacking(6, CASE.format(1)), packing(7, PALLET.format(1), UNIT.format(1)))),
    ("dscsa-packing-order",
     put(PACKED, eventTime="2026-01-31T12:04:30Z"),
     put(PACKED, eventTime="2026-01-31T12:04:00Z")),
    ("dscsa-lot-expiry",
     add(commissioning(6, UNIT.format(3), ilmd=LOT | {"cbvmda:itemExpirationDate": "2029-01-31"})),
     add(commissioning(6, UNIT.format(3), ilmd=LOT | {
         "cbvmda:itemExpirationDate": "2029-01-31", "cbvmda:lotNumber": "L43"}))),
]  # fmt: skip


def changed(change: Change) -> dict[str, Any]:
    value = shipment()
    change(value)
    return value


class TestRule:
    @pytest.mark.parametrize(("rule", "broken", "sound"), ROWS, ids=[row[0] for row in ROWS])
    @pytest.mark.parametrize("media_type", [JSON_LD, XML], ids=["JSON", "XML 1.2"])
    def test_finds_what_it_is_for(
        self, rule: str, broken: Change, sound: Change, media_type: str
    ) -> None:
        """
        What breaks a rule of the profile is told of it alone, and what nearly does of nothing.
        """
        write = as_json if media_type == JSON_LD else lambda value: as_xml(value, "1.2")

        found = findings(write(changed(broken)), media_type, DSCSA)

        assert {violation.rule for violation in found} == {rule}
        assert findings(write(changed(sound)), media_type, DSCSA) == []


class TestProfile:
    def test_has_a_test_for_every_rule(self) -> None:
        """
        A rule of the profile has a row.
        """
        assert [row[0] for row in ROWS] == [rule.id for rule in DSCSA if rule.id != "dscsa-sbdh"]

    @pytest.mark.parametrize("media_type", [JSON_LD, XML], ids=["JSON", "XML 1.2"])
    def test_has_nothing_to_say_of_a_sound_shipment(self, media_type: str) -> None:
        """
        A shipment as the guideline has it breaks no rule, of the profile or of the standard.
        """
        body = as_json(shipment()) if media_type == JSON_LD else as_xml(shipment(), "1.2")

        assert findings(body, media_type, ALL) == []

    def test_asks_for_a_header(self) -> None:
        """
        Without a Standard Business Document Header nobody knows from whom it is.
        """
        found = findings(as_json(changed(put_header(SBDH))), JSON_LD, DSCSA)

        assert {violation.rule for violation in found} == {"dscsa-sbdh"}

    def test_takes_release_1_2(self) -> None:
        """
        A document with the marks of release 1.2 alone lacks nothing that 1.2 asks for.
        """
        value = shipment()
        header = value["epcisHeader"]
        del header["gs1ushc:guidelineVersion"]
        for party in ("sbdh:Sender", "sbdh:Receiver"):
            identifier = {"@Authority": "GLN", "#text": "0312345000011"}
            header[SBDH][party]["sbdh:Identifier"] = identifier
        for number in (0, 1):
            put_header(*attribute(0, number, 1), "attribute", to="FDA_NDC_11")(value)
            put_header(*attribute(0, number, 0), "attribute", to="01234567890")(value)
        put(SHIPPED, **{"gs1ushc:dropShipment": None, "gs1ushc:directPurchase": "true"})(value)

        found = findings(as_json(value), JSON_LD, DSCSA)

        assert {violation.rule for violation in found} == {"dscsa-release", "dscsa-drop-shipment"}


# The examples of the guideline, and what is not as it should be in each.
KNOWN_DEFECTS: dict[str, set[str]] = {"GS1_US_Pharma_Example_2_2_1_1.xml": set()}


class TestExamples:
    @pytest.mark.parametrize("path", shared_files("dscsa", "*.xml"), ids=lambda path: path.name)
    def test_have_the_defects_that_we_know(self, path: Any) -> None:
        """
        The examples of the guideline break no rule but those that stand in the table.
        """
        body = shared(f"dscsa/{path.name}").read_bytes()

        found = findings(body, XML, ALL)

        assert {violation.rule for violation in found} == KNOWN_DEFECTS[path.name]

    def test_of_our_own_are_sound(self) -> None:
        """
        In the sample chain, where partners make no errors, nothing is wrong by the standard.
        """
        found = [
            violation
            for sample in generate_chain(seed=1, units=1_000, errors=False).documents
            for violation in findings(RENDERERS["xml-1.2"](sample.document), XML)
        ]

        assert found == []
