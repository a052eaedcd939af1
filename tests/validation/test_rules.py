"""Every rule finds what it is for, and nothing next to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import epcis_repo
from epcis_repo.bindings import JSON_LD, XML
from epcis_repo.validation import CATALOGUE, RULES, Rule
from epcis_repo.validation.rules import READ
from tests.validation.documents import (
    BUYER,
    CASE,
    CONTEXT,
    EVENT_ID,
    LOT,
    PALLET,
    PARTY,
    PLACE,
    REPORT,
    UNIT,
    as_json,
    as_xml,
    document,
    event,
    findings,
    sensors,
)

JSON_AND_XML = (JSON_LD, XML)
JSON_ALONE = (JSON_LD,)
XML_ALONE = (XML,)

GTIN = "urn:epc:idpat:sgtin:0312345.067890.*"
URN = "urn:epcglobal:cbv:{}:{}"
DECLARED = {"declarationTime": "2026-02-01T00:00:00Z", "reason": "incorrect_data"}
SBDH_NAMESPACE = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"


@dataclass(frozen=True)
class Row:
    """A document that breaks a rule and no other, its near miss, and where the fault is."""

    rule: str
    broken: dict[str, Any]
    sound: dict[str, Any]
    pointer: str
    formats: tuple[str, ...] = JSON_AND_XML
    version: str = "2.0"


def row(
    rule: str,
    broken: dict[str, Any],
    sound: dict[str, Any],
    pointer: str,
    *,
    of: str = "ObjectEvent",
    formats: tuple[str, ...] = JSON_AND_XML,
) -> Row:
    """A row about one event."""
    place = f"/epcisBody/eventList/0/{pointer}"
    return Row(rule, document(event(of, **broken)), document(event(of, **sound)), place, formats)


def quantity(**members: Any) -> dict[str, Any]:
    return {"quantityList": [{"epcClass": LOT, **members}]}


def reported(**members: Any) -> dict[str, Any]:
    report = {name: value for name, value in (REPORT | members).items() if value is not None}
    return {"sensorElementList": sensors(report)}


def ilmd(**members: Any) -> dict[str, Any]:
    return {"ilmd": {name.replace("__", ":"): value for name, value in members.items()}}


def header(**members: Any) -> dict[str, Any]:
    """A document with a Standard Business Document Header, of which something is changed."""
    told = {
        "HeaderVersion": "1.0",
        "Standard": "EPCglobal",
        "TypeVersion": "1.0",
        "InstanceIdentifier": "1",
        "Type": "Events",
        "CreationDateAndTime": "2026-02-01T00:00:00Z",
    } | members
    version = told.pop("HeaderVersion")
    party = {"s:Identifier": {"@Authority": "SGLN", "#text": PLACE}}
    sbdh = {
        "s:HeaderVersion": version,
        "s:Sender": party,
        "s:Receiver": party,
        "s:DocumentIdentification": {f"s:{n}": v for n, v in told.items() if v is not None},
    }
    context = [CONTEXT, {"s": SBDH_NAMESPACE}]
    epcis_header = {"s:StandardBusinessDocumentHeader": sbdh}
    return document(event(), epcisHeader=epcis_header, **{"@context": context})


def vocabulary(kind: str = "Location", children: tuple[str, ...] = ()) -> dict[str, Any]:
    element = {"id": PLACE, "children": list(children)} if children else {"id": PLACE}
    vocabularies = [
        {"type": f"urn:epcglobal:epcis:vtype:{kind}", "vocabularyElementList": [element]}
    ]
    return document(event(), epcisHeader={"epcisMasterData": {"vocabularyList": vocabularies}})


def twice(name_of: str, in_header: str, in_event: str, name: str = "lotNumber") -> dict[str, Any]:
    """A document that says something of a lot, or of what has it, in its header and in an event."""
    attribute = {"id": f"urn:epcglobal:cbv:mda#{name}", "attribute": in_header}
    element = {"id": name_of, "attributes": [attribute]}
    kind = "urn:epcglobal:epcis:vtype:EPCClass"
    vocabularies = [{"type": kind, "vocabularyElementList": [element]}]
    return document(
        event(ilmd={"cbvmda:lotNumber": "L42", f"cbvmda:{name}": in_event}),
        epcisHeader={"epcisMasterData": {"vocabularyList": vocabularies}},
    )


CONTEXT_ALONE = {"@context": [CONTEXT]}
SBDH = "/epcisHeader/s:StandardBusinessDocumentHeader"
SENSOR = "sensorElementList/0/sensorReport/0"
MASTER_DATA = "/epcisHeader/epcisMasterData/vocabularyList/0"

ROWS = [
    # What
    row("object-what", {"epcList": None}, {"epcList": None, **quantity(quantity=2)}, "epcList"),
    row(
        "object-where",
        {"epcList": None, "readPoint": None, "sensorElementList": sensors()},
        {"epcList": None, "sensorElementList": sensors()},
        "readPoint",
    ),
    row(
        "aggregation-parent",
        {"parentID": None},
        {"parentID": None, "action": "OBSERVE"},
        "parentID",
        of="AggregationEvent",
    ),
    row(
        "aggregation-children",
        {"childEPCs": None},
        {"childEPCs": None, "action": "DELETE"},
        "childEPCs",
        of="AssociationEvent",
    ),
    row(
        "association-parent",
        {"parentID": None},
        {"parentID": PLACE},
        "parentID",
        of="AssociationEvent",
        formats=JSON_ALONE,
    ),
    row(
        "transaction-list",
        {"bizTransactionList": None},
        {},
        "bizTransactionList",
        of="TransactionEvent",
        formats=JSON_ALONE,
    ),
    row("transaction-what", {"epcList": []}, {}, "epcList", of="TransactionEvent"),
    row(
        "transformation-ends",
        {"outputEPCList": None},
        {"outputEPCList": None, "transformationID": "urn:x:1"},
        "outputEPCList",
        of="TransformationEvent",
    ),
    row(
        "list-empty",
        {"sourceList": []},
        {"sourceList": [{"type": "location", "source": PLACE}]},
        "sourceList",
        formats=JSON_ALONE,
    ),
    row(
        "epc-twice",
        {"childEPCs": [UNIT.format(1), "https://id.gs1.org/01/00312345678906/21/1"]},
        {"childEPCs": [UNIT.format(1), "https://id.gs1.org/01/00312345678906/21/2"]},
        "childEPCs/1",
        of="AggregationEvent",
    ),
    row(
        "epc-class",
        {"childEPCs": [UNIT.format(1), GTIN]},
        {"childEPCs": [UNIT.format(1), CASE.format(1)]},
        "childEPCs/1",
        of="AggregationEvent",
    ),
    row(
        "epc-place",
        {"parentID": PLACE},
        {"parentID": PALLET.format(1)},
        "parentID",
        of="AggregationEvent",
    ),
    row(
        "class-epc",
        {"quantityList": [{"epcClass": UNIT.format(9), "quantity": 1}]},
        {"quantityList": [{"epcClass": GTIN, "quantity": 1}]},
        "quantityList/0/epcClass",
    ),
    row("quantity-positive", quantity(quantity=0), quantity(quantity=1), "quantityList/0/quantity"),
    row(
        "quantity-whole",
        quantity(quantity=1.5),
        quantity(quantity=1.5, uom="KGM"),
        "quantityList/0/quantity",
    ),
    row(
        "uom-quantity",
        quantity(uom="KGM"),
        quantity(),
        "quantityList/0/uom",
        formats=JSON_ALONE,
    ),
    row(
        "uom-code",
        quantity(quantity=1, uom="kg"),
        quantity(quantity=1, uom="KGM"),
        "quantityList/0/uom",
    ),
    row(
        "uom-kind",
        quantity(quantity=1, uom="CEL"),
        quantity(quantity=1, uom="LTR"),
        "quantityList/0/uom",
    ),
    row(
        "uom-unknown",
        quantity(quantity=1, uom="ZZ9"),
        quantity(quantity=1, uom="MTR"),
        "quantityList/0/uom",
    ),
    row(
        "identifier-size",
        {"epcList": [f"urn:x:{'é' * 498}"]},
        {"epcList": [f"urn:x:{'é' * 497}"]},
        "epcList/0",
    ),
    # When
    row(
        "event-time-ahead",
        {"eventTime": "2030-01-01T00:05:01Z"},
        {"eventTime": "2030-01-01T00:05:00Z"},
        "eventTime",
    ),
    # Where
    row(
        "place-identifier",
        {"readPoint": {"id": "https://id.gs1.org/414/0399990000024"}},
        {"readPoint": {"id": "https://id.gs1.org/414/0399990000023"}},
        "readPoint/id",
    ),
    row(
        "place-extension",
        {"readPoint": {"id": PLACE, "ex:dock": "7"}},
        {"ex:dock": "7"},
        "readPoint/ex:dock",
    ),
    row(
        "place-unnamed",
        {"readPoint": {"id": ""}},
        {"readPoint": {"id": PLACE}},
        "readPoint/id",
        formats=JSON_ALONE,
    ),
    # Why
    row(
        "word-uri",
        {"sensorElementList": sensors({**REPORT, "component": "sideways"})},
        {"sensorElementList": sensors({**REPORT, "component": "x"})},
        f"{SENSOR}/component",
    ),
    row(
        "word-json",
        {"bizStep": URN.format("bizstep", "shipping")},
        {"bizStep": "https://ref.gs1.org/cbv/BizStep-shipping"},
        "bizStep",
        formats=JSON_ALONE,
    ),
    row(
        "word-unknown",
        {"disposition": URN.format("disp", "shiny")},
        {"disposition": "urn:example:shiny"},
        "disposition",
    ),
    row(
        "word-withdrawn",
        {"disposition": URN.format("disp", "non_sellable_expired")},
        {"disposition": "expired"},
        "disposition",
    ),
    row(
        "disposition-both",
        {"persistentDisposition": {"set": ["active", "damaged"], "unset": ["damaged"]}},
        {"persistentDisposition": {"set": ["active"], "unset": ["damaged"]}},
        "persistentDisposition/set/1",
    ),
    row(
        "transaction-uri",
        {"bizTransactionList": [{"type": "po", "bizTransaction": "PO-9"}]},
        {"bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:PO-9"}]},
        "bizTransactionList/0/bizTransaction",
    ),
    row(
        "transaction-gln",
        {"bizTransactionList": [{"bizTransaction": "urn:epcglobal:cbv:bt:0399990000024:1"}]},
        {"bizTransactionList": [{"bizTransaction": "urn:epcglobal:cbv:bt:0399990000023:1"}]},
        "bizTransactionList/0/bizTransaction",
    ),
    row(
        "source-destination",
        {"sourceList": [{"type": "location", "source": PARTY}]},
        {"sourceList": [{"type": "owning_party", "source": PARTY}]},
        "sourceList/0/source",
    ),
    row(
        "transaction-unnamed",
        {"bizTransactionList": [{"type": "po", "bizTransaction": ""}]},
        {"bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:PO-9"}]},
        "bizTransactionList/0/bizTransaction",
        formats=JSON_ALONE,
    ),
    row(
        "source-destination-unnamed",
        {"sourceList": [{"type": "location", "source": ""}]},
        {"sourceList": [{"type": "location", "source": PLACE}]},
        "sourceList/0/source",
        formats=JSON_ALONE,
    ),
    # How
    row(
        "sensor-report",
        {"sensorElementList": [{"sensorReport": []}]},
        {"sensorElementList": sensors()},
        "sensorElementList/0/sensorReport",
        formats=JSON_ALONE,
    ),
    row(
        "sensor-time",
        {"sensorElementList": sensors(time="2026-01-31T12:00:01Z")},
        {"sensorElementList": sensors(time="2026-01-31T13:00:00+01:00")},
        "sensorElementList/0/sensorMetadata/time",
    ),
    row(
        "sensor-interval",
        {
            "sensorElementList": sensors(
                startTime="2026-01-31T11:00:00Z", endTime="2026-01-31T10:00:00Z"
            )
        },
        {
            "sensorElementList": sensors(
                startTime="2026-01-31T10:00:00Z", endTime="2026-01-31T11:00:00Z"
            )
        },
        "sensorElementList/0/sensorMetadata/endTime",
    ),
    row(
        "sensor-twice",
        {"sensorElementList": sensors({**REPORT, "deviceID": "urn:x:1"}, deviceID="urn:x:1")},
        {"sensorElementList": sensors({**REPORT, "rawData": "urn:x:1"}, deviceID="urn:x:1")},
        f"{SENSOR}/deviceID",
    ),
    row(
        "sensor-type",
        reported(type=None),
        reported(type=None, exception="ALARM_CONDITION"),
        f"{SENSOR}/type",
    ),
    row("sensor-word", reported(type="Warmth"), reported(type="ex:Warmth"), f"{SENSOR}/type"),
    row("sensor-uom", reported(uom="KGM"), reported(uom="KEL"), f"{SENSOR}/uom"),
    row(
        "sensor-range",
        reported(minValue=9, maxValue=8),
        reported(minValue=8, maxValue=8),
        f"{SENSOR}/minValue",
    ),
    row(
        "hex-binary",
        reported(hexBinaryValue="F0G0"),
        reported(hexBinaryValue="F0f0"),
        f"{SENSOR}/hexBinaryValue",
    ),
    row(
        "hex-bytes",
        reported(hexBinaryValue="F0F"),
        reported(hexBinaryValue="F0F0"),
        f"{SENSOR}/hexBinaryValue",
    ),
    # Which event
    row("event-id", {"eventID": "urn:x:a b"}, {}, "eventID"),
    row(
        "event-id-form",
        {"eventID": "0b9d5a4e-5b0e-4a3c-9f55-6d1c2d1f0a01"},
        {"eventID": f"ni:///sha-256;{'a' * 64}?ver=CBV2.0"},
        "eventID",
    ),
    Row(
        "event-id-once",
        document(event(), event()),
        document(event(), event(errorDeclaration=DECLARED)),
        "/epcisBody/eventList/1/eventID",
    ),
    Row(
        "event-id-conflict",
        document(event(), event(disposition="damaged")),
        document(event(), event(eventID=EVENT_ID.format(2), disposition="damaged")),
        "/epcisBody/eventList/1/eventID",
    ),
    Row(
        "declaration-content",
        document(event(), event(disposition="damaged", errorDeclaration=DECLARED)),
        document(event(), event(errorDeclaration=DECLARED)),
        "/epcisBody/eventList/1/errorDeclaration",
    ),
    row(
        "declaration-time",
        {"errorDeclaration": DECLARED | {"declarationTime": "2026-01-31T11:59:59Z"}},
        {"errorDeclaration": DECLARED},
        "errorDeclaration/declarationTime",
    ),
    row(
        "corrective-uri",
        {"errorDeclaration": DECLARED | {"correctiveEventIDs": ["7"]}},
        {"errorDeclaration": DECLARED | {"correctiveEventIDs": ["urn:x:7"]}},
        "errorDeclaration/correctiveEventIDs/0",
    ),
    row(
        "corrective-other",
        {"errorDeclaration": DECLARED | {"correctiveEventIDs": [EVENT_ID.format(1)]}},
        {"errorDeclaration": DECLARED | {"correctiveEventIDs": [EVENT_ID.format(2)]}},
        "errorDeclaration/correctiveEventIDs/0",
    ),
    row(
        "corrective-reason",
        {
            "errorDeclaration": DECLARED
            | {"reason": "did_not_occur", "correctiveEventIDs": [EVENT_ID.format(2)]}
        },
        {"errorDeclaration": DECLARED | {"reason": "did_not_occur"}},
        "errorDeclaration/correctiveEventIDs",
    ),
    row(
        "certification-uri",
        {"certificationInfo": "ISO-1"},
        {"certificationInfo": "https://example.com/1"},
        "certificationInfo",
    ),
    # What partners add
    row(
        "object-ilmd",
        {"action": "OBSERVE", **ilmd(cbvmda__lotNumber="L42")},
        {"action": "ADD", **ilmd(cbvmda__lotNumber="L42")},
        "ilmd",
    ),
    row("prefix", {"nobody:dock": "7"}, {"ex:dock": "7"}, "nobody:dock", formats=JSON_ALONE),
    row("extension-name", {"dock": "7"}, {"ex:dock": "7"}, "dock", formats=JSON_ALONE),
    row(
        "extension-place",
        {"sourceList": [{"type": "location", "source": PLACE, "ex:dock": "7"}]},
        {"sourceList": [{"type": "location", "source": PLACE}], "ex:dock": "7"},
        "sourceList/0/ex:dock",
        formats=JSON_ALONE,
    ),
    row("ilmd-name", ilmd(lot="L42"), ilmd(ex__lot="L42"), "ilmd/lot"),
    row(
        "extension-namespace",
        {"epcis:dock": "7"},
        {"gs1:dock": "7"},
        "epcis:dock",
    ),
    row(
        "ilmd-place", ilmd(cbvmda__city="Springfield"), ilmd(ex__city="Springfield"),
        "ilmd/cbvmda:city",
    ),
    row(
        "ilmd-item",
        ilmd(cbvmda__regulatedProductName="Examplol"),
        ilmd(cbvmda__itemExpirationDate="2028-12-31"),
        "ilmd/cbvmda:regulatedProductName",
    ),
    # The document
    Row("document-attributes", document(event(), creationDate=None), event() | CONTEXT_ALONE,
        "/creationDate", JSON_ALONE),
    Row("schema-version", document(event(), schemaVersion="1.2"),
        document(event(), schemaVersion="2.0.1"), "/schemaVersion", JSON_ALONE),
    Row("context", document({**event(), "@context": [CONTEXT]}, **{"@context": None}),
        document(event()), "/@context", JSON_ALONE),
    Row("context-prefix",
        document(event(), **{"@context": [CONTEXT, {"cbv": "https://ns.example.com/"}]}),
        document(event(), **{"@context": [CONTEXT, {"cbv": "https://ref.gs1.org/cbv/"}]}),
        "/@context", JSON_ALONE),
    Row("sbdh", vocabulary(), header(), "", XML_ALONE, version="1.2"),
    Row("sbdh-fixed", header(TypeVersion="1.3"), header(),
        f"{SBDH}/s:DocumentIdentification/s:TypeVersion"),
    Row("sbdh-required", header(InstanceIdentifier=""), header(),
        f"{SBDH}/s:DocumentIdentification"),
    Row("sbdh-type", header(Type="MasterData"), header(),
        f"{SBDH}/s:DocumentIdentification/s:Type"),
    Row("vocabulary-type", vocabulary("Warehouse"), vocabulary("Location"), f"{MASTER_DATA}/type"),
    Row("vocabulary-children", vocabulary(children=(PLACE,)), vocabulary(children=(BUYER,)),
        f"{MASTER_DATA}/vocabularyElementList/0/children"),
    *(
        Row("vocabulary-ilmd", twice(named, *broken), twice(named, *sound),
            f"{MASTER_DATA}/vocabularyElementList/0/attributes/0")
        for named, broken, sound in (
            (GTIN, ("L43", "L42"), ("L42", "L42")),
            (UNIT.format(1), ("L43", "L42"), ("L42", "L42")),
            (LOT, ("2028-12-30", "2028-12-31", "itemExpirationDate"),
             (" 2028-12-31", "2028-12-31", "itemExpirationDate")),
            (LOT, ("2028-12-30", "2028-12-31", "sellByDate"),
             ("2028-12-31", "2028-12-31", "sellByDate")),
        )
    ),
]  # fmt: skip


# What a reader refuses, by rule: bytes that break it, and their near miss.
XML_TEXT = as_xml(document(event()))
JSON_TEXT = as_json(document(event()))
DEEP_JSON = b'{"a":' * 65 + b"1" + b"}" * 65


def replaced(text: bytes, old: bytes, new: bytes) -> tuple[bytes, bytes]:
    assert text.count(old) == 1
    return text.replace(old, new), text


READ_ROWS: dict[str, tuple[bytes, bytes]] = {
    "encoding": replaced(JSON_TEXT, b'"ADD"', b'"ADD\xff"'),
    "json": (JSON_TEXT[:-1], JSON_TEXT),
    "xml": replaced(XML_TEXT, b"</action>", b"</step>"),
    "doctype": (XML_TEXT.replace(b"<epcis:", b"<!DOCTYPE a>\n<epcis:", 1), XML_TEXT),
    "depth": replaced(JSON_TEXT, b'"action"', b'"ex:deep": ' + DEEP_JSON + b', "action"'),
    "text": replaced(JSON_TEXT, b'"inspecting"', b'"inspecting\\u0000"'),
    "number": replaced(JSON_TEXT, b'"action"', b'"ex:many": 1e999, "action"'),
    "duplicate-member": replaced(JSON_TEXT, b'"action"', b'"action": "ADD", "action"'),
    "duplicate-element": replaced(XML_TEXT, b"<action>", b"<action>ADD</action><action>"),
    "unknown-element": replaced(XML_TEXT, b"<action>", b"<dock>7</dock><action>"),
    "unknown-attribute": replaced(XML_TEXT, b"<readPoint>", b'<readPoint dock="7">'),
    "document-type": replaced(JSON_TEXT, b'"EPCISDocument"', b'"EPCISLetter"'),
    "event-type": replaced(JSON_TEXT, b'"ObjectEvent"', b'"QuantityEvent"'),
    "required": replaced(JSON_TEXT, b'"action": "ADD", ', b""),
    "type": replaced(JSON_TEXT, b'"bizStep": "inspecting"', b'"bizStep": 7'),
    "date-time": replaced(JSON_TEXT, b'"2026-01-31T12:00:00Z"', b'"2026-01-31T12:00:00"'),
    "zone-offset": replaced(JSON_TEXT, b'"-05:00"', b'"-14:01"'),
    "action": replaced(JSON_TEXT, b'"ADD"', b'"add"'),
    "namespace": (
        XML_TEXT.replace(b"epcis:EPCISDocument", b"EPCISDocument").replace(b":epcis=", b"="),
        XML_TEXT,
    ),
    "identifier": replaced(
        JSON_TEXT, UNIT.format(1).encode(), b"urn:epc:tag:sgtin-96:0.0312345.067890.1"
    ),
}
# Rules of readers that are tried where there is more to them than a document.
ELSEWHERE = {
    "media-type": "tests/cli/test_validate.py",
    "one-event": "tests/rest/test_rules.py",
    "size": "tests/bindings/test_pieces.py",
    "element-order": "tests/validation/test_schemas.py",
    "schema": "tests/validation/test_schemas.py",
}


def in_format(value: dict[str, Any], media_type: str, version: str = "2.0") -> bytes:
    return as_json(value) if media_type == JSON_LD else as_xml(value, version)


def ids(violations: list[Any]) -> list[str]:
    return [violation.rule for violation in violations]


CASES = [
    pytest.param(r, media_type, id=f"{r.rule} {'JSON' if media_type == JSON_LD else 'XML'}")
    for r in ROWS
    for media_type in r.formats
]


class TestRule:
    @pytest.mark.parametrize(("case", "media_type"), CASES)
    def test_finds_what_it_is_for(self, case: Row, media_type: str) -> None:
        """
        A document that breaks one rule is told of that rule alone, once, at its place.
        """
        [violation] = findings(in_format(case.broken, media_type, case.version), media_type)

        assert violation.rule == case.rule
        if media_type == JSON_LD:
            assert violation.pointer == case.pointer
        assert violation.expected
        assert violation.found

    @pytest.mark.parametrize(("case", "media_type"), CASES)
    def test_finds_nothing_next_to_it(self, case: Row, media_type: str) -> None:
        """
        What is nearly the same, and keeps the rules, is not told of anything.
        """
        assert findings(in_format(case.sound, media_type, case.version), media_type) == []


class TestReading:
    @pytest.mark.parametrize("rule", READ_ROWS)
    def test_finds_what_it_is_for(self, rule: str) -> None:
        """
        What cannot be read is told of by the rule that it breaks, and by no other.
        """
        body, _ = READ_ROWS[rule]

        assert ids(findings(body, XML if body.startswith(b"<") else JSON_LD)) == [rule]

    @pytest.mark.parametrize("rule", READ_ROWS)
    def test_finds_nothing_next_to_it(self, rule: str) -> None:
        """
        What is nearly the same, and can be read, is not told of anything.
        """
        _, body = READ_ROWS[rule]

        assert findings(body, XML if body.startswith(b"<") else JSON_LD) == []


class TestCatalogue:
    def test_has_a_test_for_every_rule(self) -> None:
        """
        A rule has a row that breaks it, here or in the tables that stand beside this one.
        """
        tried = {case.rule for case in ROWS} | READ_ROWS.keys() | ELSEWHERE.keys()

        assert tried == {rule.id for rule in (*READ, *RULES)}

    def test_numbers_and_names_each_rule_once(self) -> None:
        """
        A number and a name mean one rule, and numbers go up.
        """
        numbers = [rule.number for rule in CATALOGUE]

        assert numbers == sorted(set(numbers))
        assert len({rule.id for rule in CATALOGUE}) == len(CATALOGUE)

    def test_has_every_rule_that_a_reader_names(self) -> None:
        """
        Whatever name a violation may have, the catalogue says what it means.
        """
        package = Path(epcis_repo.__file__).parent
        sources = [path.read_text(encoding="utf-8") for path in package.rglob("bindings/**/*.py")]
        named = {
            name
            for source in sources
            for name in re.findall(r'rule="([a-z-]+)"|refusal\("([a-z-]+)"', source)
        }

        assert {"depth", "size"} <= {name for pair in named for name in pair}
        assert {a or b for a, b in named} <= {rule.id for rule in CATALOGUE}

    @pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.id)
    def test_says_what_a_rule_is(self, rule: Rule) -> None:
        """
        A rule has a clause, and one sentence.
        """
        assert rule.clause
        assert re.fullmatch(r"[A-Z@].*\.", rule.what)
