"""Every fault of a document is found, with its place; and no fault is more than a violation."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lxml import etree

from epcis_repo.bindings import RENDERERS, parse_document, sniff
from epcis_repo.bindings.jsonld import parse_event, parse_jsonld, render_event
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.errors import InputError, UnsupportedMediaTypeError, ValidationError, Violation
from epcis_repo.model.documents import Document
from tests.model.strategies import JSON, NAMESPACES, XML_1_2, XML_2_0, documents

EPC = "urn:epc:id:sgtin:030001.0012345.1"
SGLN = "urn:epc:id:sgln:030001.111111.0"
TIMES = {"eventTime": "2026-01-31T12:00:00Z", "eventTimeZoneOffset": "+00:00"}
# One of each thing that can be wrong.
OBJECT_EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    **TIMES,
    "eventID": "urn:uuid:0b9d5a4e-5b0e-4a3c-9f55-6d1c2d1f0a01",
    "errorDeclaration": {"declarationTime": TIMES["eventTime"], "reason": "incorrect_data"},
    "certificationInfo": ["https://example.com/c"],
    "action": "ADD",
    "bizStep": "commissioning",
    "readPoint": {"id": SGLN},
    "bizTransactionList": [{"type": "po", "bizTransaction": "urn:x:po"}],
    "sourceList": [{"type": "owning_party", "source": SGLN}],
    "destinationList": [{"type": "owning_party", "destination": SGLN}],
    "sensorElementList": [
        {
            "sensorMetadata": {"time": TIMES["eventTime"]},
            "sensorReport": [{"type": "Temperature", "value": 4.5, "booleanValue": True}],
        }
    ],
    "persistentDisposition": {"set": ["active"], "unset": ["expired"]},
    "epcList": [EPC],
    "quantityList": [{"epcClass": EPC, "quantity": 10, "uom": "KGM"}],
    "ilmd": {"ex:lot": "L1"},
    "ex:more": {"ex:a": [1, {"ex:b": None}]},
}
AGGREGATION_EVENT: dict[str, Any] = {
    "type": "AggregationEvent",
    **TIMES,
    "action": "ADD",
    "parentID": EPC,
    "childEPCs": [EPC],
}
HEADER: dict[str, Any] = {
    "epcisMasterData": {
        "vocabularyList": [
            {
                "type": "urn:epcglobal:epcis:vtype:Location",
                "vocabularyElementList": [
                    {
                        "id": SGLN,
                        "attributes": [{"id": "urn:x#name", "attribute": "n"}],
                        "children": [SGLN],
                    }
                ],
            }
        ]
    }
}


def document(*events: Any) -> dict[str, Any]:
    return {
        "@context": [{"ex": "https://ns.example.com/epcis/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": TIMES["eventTime"],
        "epcisHeader": copy.deepcopy(HEADER),
        "epcisBody": {"eventList": copy.deepcopy(list(events))},
    }


def query_document(*events: Any) -> dict[str, Any]:
    results = {"queryName": "q", "subscriptionID": "s", "resultsBody": {"eventList": list(events)}}
    return {"type": "EPCISQueryDocument", "epcisBody": {"queryResults": results}}


def violations_of(source: Any, parse: Callable[[bytes], Any] = parse_jsonld) -> list[Violation]:
    with pytest.raises(ValidationError) as caught:
        parse(source if isinstance(source, bytes) else json.dumps(source).encode())
    return list(caught.value.violations)


def changed(source: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of `source` with another value at a JSON pointer; `...` removes what is there."""
    result = copy.deepcopy(source)
    *steps, last = [int(s) if s.isdecimal() else s for s in path.split("/")[1:]]
    node: Any = result
    for step in steps:
        node = node[step]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return result


AT_EVENT = "/epcisBody/eventList/0"
REMOVED: Any = ...

EVENT_FAULTS = [
    ("eventTime without zone", "/eventTime", "2026-01-31T12:00:00", "", "date-time", "zone"),
    ("eventTime in words", "/eventTime", "yesterday", "", "date-time", "yesterday"),
    ("eventTime a number", "/eventTime", 7, "", "type", "text"),
    ("eventTime null", "/eventTime", None, "", "type", "null"),
    ("eventTime at 24:00", "/eventTime", "2026-01-31T24:00:00Z", "", "date-time", "24:00"),
    ("eventTime on 30 February", "/eventTime", "2026-02-30T12:00:00Z", "", "date-time", "02-30"),
    ("eventTime in year 0", "/eventTime", "0000-01-01T00:00:00Z", "", "date-time", "0000"),
    ("eventTime before the calendar", "/eventTime", "0001-01-01T00:00:00+14:00", "", "date-time",
     ""),
    ("eventTime with other digits", "/eventTime", "2026-01-31T12:00:0٣Z", "", "date-time", ""),
    ("eventTime missing", "/eventTime", REMOVED, AT_EVENT, "required", "eventTime"),
    ("offset Z", "/eventTimeZoneOffset", "Z", "", "zone-offset", "-05:00"),
    ("offset too far", "/eventTimeZoneOffset", "+14:30", "", "zone-offset", "+14:30"),
    ("offset a number", "/eventTimeZoneOffset", 1, "", "zone-offset", "1"),
    ("offset with other digits", "/eventTimeZoneOffset", "+0٣:00", "", "zone-offset", ""),
    ("offset missing", "/eventTimeZoneOffset", REMOVED, AT_EVENT, "required", "Offset"),
    ("action in lower case", "/action", "add", "", "action", "ADD, OBSERVE, DELETE"),
    ("action a list", "/action", ["ADD"], "", "action", "a list"),
    ("action missing", "/action", REMOVED, AT_EVENT, "required", "action"),
    ("type unknown", "/type", "QuantityEvent", "", "event-type", "ObjectEvent"),
    ("type a list", "/type", ["ObjectEvent"], "", "event-type", "a list"),
    ("type missing", "/type", REMOVED, AT_EVENT + "/type", "event-type", "no type"),
    ("bizStep an object", "/bizStep", {"id": "shipping"}, "", "type", "an object"),
    ("epcList a text", "/epcList", EPC, "", "type", "a list of texts"),
    ("epcList null", "/epcList", None, "", "type", "null"),
    ("EPC a number", "/epcList", [EPC, 17], AT_EVENT + "/epcList/1", "type", "17"),
    ("EPC a list", "/epcList/0", [], "", "type", "an empty list"),
    ("readPoint a text", "/readPoint", SGLN, "", "type", '{"id"'),
    ("readPoint without id", "/readPoint", {}, "", "required", "id"),
    ("readPoint id a number", "/readPoint/id", 1, "", "type", "text"),
    ("quantity a text", "/quantityList/0/quantity", "10", "", "type", "a number"),
    ("quantity true", "/quantityList/0/quantity", True, "", "type", "true"),
    ("quantity element a text", "/quantityList/0", "10", "", "type", "quantity element"),
    ("epcClass missing", "/quantityList/0/epcClass", REMOVED, AT_EVENT + "/quantityList/0",
     "required", "epcClass"),
    ("sensor value a text", "/sensorElementList/0/sensorReport/0/value", "4.5", "", "type",
     "a number"),
    ("sensor boolean a number", "/sensorElementList/0/sensorReport/0/booleanValue", 1, "", "type",
     "true or false"),
    ("sensor reports missing", "/sensorElementList/0/sensorReport", REMOVED,
     AT_EVENT + "/sensorElementList/0", "required", "sensorReport"),
    ("sensor time without zone", "/sensorElementList/0/sensorMetadata/time", "2026-01-31T12:00:00",
     "", "date-time", "zone"),
    ("persistentDisposition a list", "/persistentDisposition", ["active"], "", "type", "set"),
    ("persistentDisposition empty", "/persistentDisposition", {}, "", "type", "set, unset"),
    ("persistentDisposition unknown", "/persistentDisposition", {"add": ["x"]}, "", "type", "set"),
    ("persistentDisposition text", "/persistentDisposition/set", "active", "", "type", "a list"),
    ("persistentDisposition number", "/persistentDisposition/unset/0", 1, "", "type", "text"),
    ("source without type", "/sourceList/0/type", REMOVED, AT_EVENT + "/sourceList/0", "required",
     "type"),
    ("source type a number", "/sourceList/0/type", 1, "", "type", "text"),
    ("source missing", "/sourceList/0/source", REMOVED, AT_EVENT + "/sourceList/0", "required",
     "source"),
    ("destination called source", "/destinationList/0", {"type": "location", "source": SGLN}, "",
     "required", "destination"),
    ("bizTransaction a text", "/bizTransactionList/0", "urn:x:po", "", "type", "bizTransaction"),
    ("bizTransaction type null", "/bizTransactionList/0/type", None, "", "type", "null"),
    ("declarationTime missing", "/errorDeclaration/declarationTime", REMOVED,
     AT_EVENT + "/errorDeclaration", "required", "declarationTime"),
    ("certificationInfo a number", "/certificationInfo", 1, "", "type", "a list of texts"),
    ("ilmd a list", "/ilmd", [], "", "type", "master data"),
    ("ilmd with a name twice", "/ilmd", {"ex:a": 1, "{https://ns.example.com/epcis/}a": 2}, "",
     "duplicate-member", "twice"),
    ("event a text", "", "ObjectEvent", "", "type", "an event"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "value", "place", "rule", "says"),
    [pytest.param(*row[1:], id=row[0]) for row in EVENT_FAULTS],
)
def test_single_fault_in_a_json_event(
    path: str, value: Any, place: str, rule: str, says: str
) -> None:
    """
    One fault is one violation, at the JSON pointer of what is wrong.
    """
    source = changed(document(OBJECT_EVENT), AT_EVENT + path, value)

    [violation] = violations_of(source)

    assert violation.pointer == (place or AT_EVENT + path)
    assert violation.rule == rule
    assert says in f"{violation.expected} {violation.found}"
    assert violation.event == 1
    assert violation.line is None


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("/creationDate", "today", None),
        ("/creationDate", 5, None),
        ("/schemaVersion", 2.0, None),
        ("/epcisBody", REMOVED, ""),
        ("/epcisBody", [], None),
        ("/epcisBody", None, None),
        ("/epcisBody/eventList", {}, None),
        ("/epcisBody/eventList", "x", None),
        ("/epcisHeader", [], None),
        ("/epcisHeader", "x", None),
        ("/epcisHeader/epcisMasterData", [], None),
        ("/epcisHeader/epcisMasterData/vocabularyList", {}, None),
        ("/epcisHeader/epcisMasterData/vocabularyList/0", "x", None),
        ("/epcisHeader/epcisMasterData/vocabularyList/0/type", 1, None),
        ("/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/id", 1, None),
        (
            "/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/children/0",
            1,
            None,
        ),
        (
            "/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/attributes",
            {"urn:x#name": "n"},
            None,
        ),
        (
            "/epcisHeader/epcisMasterData/vocabularyList/0/vocabularyElementList/0/attributes/0/id",
            None,
            None,
        ),
    ],
)
def test_single_fault_in_a_json_document(path: str, value: Any, place: str | None) -> None:
    """
    What is around the events is looked at as closely as they are.
    """
    [violation] = violations_of(changed(document(OBJECT_EVENT), path, value))

    assert violation.pointer == (path if place is None else place)
    assert violation.event is None


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/epcisBody/queryResults", []),
        ("/epcisBody/queryResults/queryName", 1),
        ("/epcisBody/queryResults/subscriptionID", {}),
        ("/epcisBody/queryResults/resultsBody", "x"),
        ("/epcisBody/queryResults/resultsBody/eventList", 7),
        ("/epcisBody/queryResults/resultsBody/eventList/0/action", "X"),
    ],
)
def test_single_fault_in_a_query_document(path: str, value: Any) -> None:
    """
    An answer is looked at as closely as what is captured.
    """
    [violation] = violations_of(changed(query_document(AGGREGATION_EVENT), path, value))

    assert violation.pointer == path


@pytest.mark.parametrize(
    "source",
    [[], "x", 7, None, {}, {"type": []}, {"type": {}}, {"type": "Envelope"}, {"eventTime": 1}],
)
def test_json_that_is_no_document(source: Any) -> None:
    """
    JSON of another kind is refused by what it lacks.
    """
    [violation] = violations_of(source)

    assert violation.pointer in ("", "/type")


def test_a_member_hidden_by_another_prefix_is_found() -> None:
    """
    Two prefixes of one namespace cannot say two things of one name.
    """
    source = changed(document(OBJECT_EVENT), "/@context/0/same", "https://ns.example.com/epcis/")
    source = changed(source, AT_EVENT + "/ilmd/same:lot", "L2")

    [violation] = violations_of(source)

    assert violation.pointer == AT_EVENT + "/ilmd"
    assert violation.rule == "duplicate-member"


def test_all_faults_of_all_json_events_are_listed() -> None:
    """
    One bad event never hides another's faults, nor one fault the next.
    """
    bad = changed(changed(OBJECT_EVENT, "/action", "X"), "/epcList", [1, EPC, 2])
    bad_time = changed(AGGREGATION_EVENT, "/eventTime", "now")
    source = document(bad, AGGREGATION_EVENT, bad_time, 5)
    source["creationDate"] = "now"

    found = violations_of(source)

    assert {(v.pointer, v.event) for v in found} == {
        ("/creationDate", None),
        ("/epcisBody/eventList/0/action", 1),
        ("/epcisBody/eventList/0/epcList/0", 1),
        ("/epcisBody/eventList/0/epcList/2", 1),
        ("/epcisBody/eventList/2/eventTime", 3),
        ("/epcisBody/eventList/3", 4),
    }
    assert all(v.rule and v.expected and v.found and str(v) for v in found)


# XML --------------------------------------------------------------------------------------

XML_EVENT = f"""<ObjectEvent>
<eventTime>2026-01-31T12:00:00Z</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
<errorDeclaration><declarationTime>2026-01-31T12:00:00Z</declarationTime></errorDeclaration>
<epcList><epc>{EPC}</epc></epcList>
<action>ADD</action>
<bizStep>urn:epcglobal:cbv:bizstep:commissioning</bizStep>
<readPoint><id>{SGLN}</id></readPoint>
<bizTransactionList><bizTransaction type="urn:x">urn:x:po</bizTransaction></bizTransactionList>
<quantityList><quantityElement><epcClass>{EPC}</epcClass><quantity>10</quantity>\
</quantityElement></quantityList>
<sourceList><source type="urn:x">{SGLN}</source></sourceList>
<sensorElementList><sensorElement><sensorReport value="4.5"/></sensorElement></sensorElementList>
<persistentDisposition><set>urn:x</set></persistentDisposition>
<ilmd><ex:lot>L1</ex:lot></ilmd>
</ObjectEvent>"""
XML_HEADER = """<EPCISHeader><extension><EPCISMasterData><VocabularyList><Vocabulary type="urn:x">\
<VocabularyElementList><VocabularyElement id="urn:y"><attribute id="urn:z">1</attribute>\
</VocabularyElement></VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData>\
</extension></EPCISHeader>"""


def xml_document(*events: str, version: str = "2.0") -> bytes:
    namespace = {"2.0": "urn:epcglobal:epcis:xsd:2", "1.2": "urn:epcglobal:epcis:xsd:1"}[version]
    return (
        f'<e:EPCISDocument xmlns:e="{namespace}" xmlns:ex="https://ns.example.com/epcis/"'
        f' schemaVersion="{version}" creationDate="2026-01-31T12:00:00Z">{XML_HEADER}'
        f"<EPCISBody><EventList>\n{''.join(events)}</EventList></EPCISBody></e:EPCISDocument>"
    ).encode()


AT_XML_EVENT = "/EPCISDocument/EPCISBody/EventList/ObjectEvent[1]"

XML_FAULTS = [
    ("eventTime without zone", "12:00:00Z</eventTime>", "12:00:00</eventTime>", "/eventTime", 3,
     "date-time"),
    ("eventTime empty", "2026-01-31T12:00:00Z</eventTime>", "</eventTime>", "/eventTime", 3,
     "date-time"),
    ("eventTime missing", "<eventTime>2026-01-31T12:00:00Z</eventTime>", "", "", 2, "required"),
    ("eventTime twice", "<eventTimeZ", "<eventTime>2027-01-31T12:00:00Z</eventTime><eventTimeZ",
     "/eventTime", 4, "duplicate-element"),
    ("offset Z", "+00:00", "Z", "/eventTimeZoneOffset", 4, "zone-offset"),
    ("action", ">ADD<", ">add<", "/action", 7, "action"),
    ("action missing", "<action>ADD</action>", "", "", 2, "required"),
    ("action twice", "<bizStep>", "<action>DELETE</action><bizStep>", "/action", 8,
     "duplicate-element"),
    ("action with an element", ">ADD<", ">ADD<b/><", "/action", 7, "type"),
    ("declarationTime missing", "<declarationTime>2026-01-31T12:00:00Z</declarationTime>", "",
     "/errorDeclaration", 5, "required"),
    ("declarationTime wrong", "<declarationTime>2026", "<declarationTime>",
     "/errorDeclaration/declarationTime", 5, "date-time"),
    ("stranger in epcList", f"<epc>{EPC}</epc>", f"<epc>{EPC}</epc><id>x</id>", "/epcList/*[2]", 6,
     "type"),
    ("element in epc", f"<epc>{EPC}</epc>", f"<epc>{EPC}<b/></epc>", "/epcList/*[1]", 6, "type"),
    ("readPoint a text", f"<readPoint><id>{SGLN}</id>", f"<readPoint>{SGLN}", "/readPoint", 9,
     "required"),
    ("readPoint id empty", f"<readPoint><id>{SGLN}</id>", "<readPoint><id/><ex:dock>7</ex:dock>",
     "/readPoint/id", 9, "required"),
    ("readPoint id with an element", f"<readPoint><id>{SGLN}</id>", "<readPoint><id><b/></id>",
     "/readPoint/id", 9, "type"),
    ("quantity a word", ">10<", ">ten<", "/quantityList/*[1]/quantity", 11, "type"),
    ("quantity NaN", ">10<", ">NaN<", "/quantityList/*[1]/quantity", 11, "type"),
    ("quantity in Python", ">10<", ">1_0<", "/quantityList/*[1]/quantity", 11, "type"),
    ("epcClass missing", f"<epcClass>{EPC}</epcClass>", "", "/quantityList/*[1]", 11, "required"),
    ("stranger in quantityList", "</quantityElement>", "</quantityElement><x/>",
     "/quantityList/*[2]", 11, "type"),
    ("source without type", '<source type="urn:x">', "<source>", "/sourceList/*[1]", 12,
     "required"),
    ("source with a strange attribute", '<source type="urn:x">', '<source type="x" source="y">',
     "/sourceList/*[1]/@source", 12, "unknown-attribute"),
    ("bizTransaction with an element", "urn:x:po<", "urn:x:po<b/><", "/bizTransactionList/*[1]",
     10, "type"),
    ("sensor value a word", 'value="4.5"', 'value="warm"',
     "/sensorElementList/*[1]/sensorReport[1]/@value", 13, "type"),
    ("sensor value infinite", 'value="4.5"', 'value="INF"',
     "/sensorElementList/*[1]/sensorReport[1]/@value", 13, "type"),
    ("sensor boolean", 'value="4.5"', 'booleanValue="yes"',
     "/sensorElementList/*[1]/sensorReport[1]/@booleanValue", 13, "type"),
    ("persistentDisposition", "<set>urn:x</set>", "<add>urn:x</add>", "/persistentDisposition", 14,
     "type"),
    ("element without namespace", "<ilmd>", "<type>TransactionEvent</type><ilmd>", "/type", 15,
     "unknown-element"),
    ("element of another event", "<ilmd>", f"<parentID>{EPC}</parentID><ilmd>", "/parentID", 15,
     "unknown-element"),
    ("element in the namespace of EPCIS", "<ilmd>", "<e:x/><ilmd>",
     "/{urn:epcglobal:epcis:xsd:2}x", 15, "unknown-element"),
    ("attribute that JSON-LD knows", "<ObjectEvent>", '<ObjectEvent context="x">', "/@context", 2,
     "unknown-attribute"),
    ("ilmd twice", "<ilmd>", "<ilmd/><ilmd>", "/ilmd", 15, "duplicate-element"),
    ("fault in a wrapper", "<ilmd>", "<extension><parentID/></extension><ilmd>",
     "/extension/parentID", 15, "unknown-element"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "place", "line", "rule"),
    [pytest.param(*row[1:], id=row[0]) for row in XML_FAULTS],
)
def test_single_fault_in_an_xml_event(old: str, new: str, place: str, line: int, rule: str) -> None:
    """
    One fault is one violation, at the XPath and on the line of what is wrong.
    """
    assert XML_EVENT.count(old) == 1

    [violation] = violations_of(xml_document(XML_EVENT.replace(old, new)), parse_xml_document)

    assert violation.pointer == AT_XML_EVENT + place
    assert violation.line == line
    assert violation.rule == rule
    assert violation.event == 1
    assert violation.expected
    assert violation.found


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        pytest.param('Date="2026', 'Date="', "/@creationDate", id="creationDate"),
        pytest.param("EPCISBody>", "Body>", "/Body", id="no body"),
        pytest.param("</EPCISBody>", "</EPCISBody><EPCISBody/>", "/EPCISBody", id="two bodies"),
        pytest.param(
            "</EventList>", "</EventList><EventList/>", "/EPCISBody/EventList", id="lists"
        ),
        pytest.param(' type="urn:x"', "", "Vocabulary", id="vocabulary without type"),
        pytest.param(' id="urn:y"', "", "VocabularyElementList/*[1]", id="element without id"),
        pytest.param(' id="urn:z"', "", "VocabularyElementList/*[1]", id="attribute without id"),
        pytest.param(
            "<EPCISHeader>", "<EPCISHeader><epcisMasterData/>", "/epcisMasterData", id="h"
        ),
        pytest.param(' schemaVersion="2.0"', ' context="x"', "/@context", id="attribute"),
    ],
)
def test_single_fault_in_an_xml_document(old: str, new: str, place: str) -> None:
    """
    What is around the events is looked at as closely as they are.
    """
    body = xml_document().replace(old.encode(), new.encode())

    violation = violations_of(body, parse_xml_document)[0]

    assert place in violation.pointer
    assert violation.line is not None
    assert violation.event is None


@pytest.mark.parametrize(
    "epcs",
    [
        pytest.param("<epc/><epc>urn:a:1 urn:a:2</epc>", id="none and two"),
        pytest.param("<epc>  </epc><epc>urn:a:1 urn:a:2</epc>", id="blanks and two"),
        pytest.param("<epc>urn:a:1<!-- c -->urn:a:2</epc><epc/>", id="two in pieces and none"),
        pytest.param("<epc>urn:a:1<epc>urn:a:2</epc></epc><epc/>", id="one in another"),
    ],
)
def test_as_many_epcs_are_read_as_there_are_elements(epcs: str) -> None:
    """
    What one element has is never taken for what two have, nor the other way round.
    """
    event = (
        "<ObjectEvent><eventTime>2026-01-31T12:00:00Z</eventTime>"
        "<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>"
        f"<epcList>{epcs}</epcList><action>OBSERVE</action></ObjectEvent>"
    )

    read: object = "refused"
    with suppress(ValidationError):
        [found] = parse_xml_document(xml_document(event)).events or ()
        read = getattr(found, "epc_list", None)

    assert read != ("urn:a:1", "urn:a:2")


def test_all_faults_of_all_xml_events_are_listed() -> None:
    """
    Events are counted through, those in a wrapper and those of other types, too.
    """
    bad = XML_EVENT.replace(">ADD<", "><").replace("+00:00", "x")
    body = xml_document(
        bad, "<extension><TransformationEvent/></extension>", "<QuantityEvent/>", XML_EVENT, bad
    )

    found = violations_of(body, parse_xml_document)

    base = "/EPCISDocument/EPCISBody/EventList"
    assert [(v.pointer.removeprefix(base), v.event) for v in found] == [
        ("/ObjectEvent[1]/eventTimeZoneOffset", 1),
        ("/ObjectEvent[1]/action", 1),
        ("/extension[1]/TransformationEvent[1]", 2),
        ("/extension[1]/TransformationEvent[1]", 2),
        ("/QuantityEvent[1]", 3),
        ("/ObjectEvent[3]/eventTimeZoneOffset", 5),
        ("/ObjectEvent[3]/action", 5),
    ]
    assert all(v.line for v in found)


@pytest.mark.parametrize("event", ["AssociationEvent", "Event", "objectEvent"])
def test_types_that_version_1_2_has_not(event: str) -> None:
    """
    A type of another version is refused with those that there are.
    """
    [violation] = violations_of(xml_document(f"<{event}/>", version="1.2"), parse_xml_document)

    assert violation.rule == "event-type"
    assert "TransformationEvent, as EPCIS 1.2 has" in violation.expected


class TestWritingXml:
    @pytest.mark.parametrize(
        ("path", "value"),
        [
            pytest.param("/plain", "x", id="name without namespace"),
            pytest.param("/extension", {"parentID": "x"}, id="name of a wrapper"),
            pytest.param("/@ex:a", ["x"], id="attribute that is a list"),
            pytest.param("/#text", "x", id="text of an event"),
            pytest.param("/#xml", "<x/>", id="event by its XML"),
            pytest.param("/ex:1st", "x", id="name that XML has not"),
            pytest.param("/ex:a", "\u0001", id="character that XML has not"),
            pytest.param("/ex:a", "\uffff", id="character that Unicode has not"),
            pytest.param("/ex:a", {"#text": {}}, id="text that is an object"),
            pytest.param("/ex:a", {"b c": 1}, id="inner name that XML has not"),
            pytest.param("/ex:a", {"#xml": "<action>DELETE</action>"}, id="XML of another name"),
            pytest.param("/ex:a", {"#xml": "<a"}, id="XML that is none"),
            pytest.param("/ex:a", {"#xml": 5}, id="XML that is a number"),
            pytest.param(
                "/ex:a",
                {"#xml": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'},
                id="XML with an entity",
            ),
            pytest.param("/ilmd/extension", {"ex:lot": "x"}, id="wrapper in ilmd"),
            pytest.param("/ilmd/#text", "x", id="text of ilmd"),
            pytest.param("/sourceList/0/@type", "urn:x", id="type a second time"),
            pytest.param("/sourceList/0/ex:a", {}, id="attribute that is an object"),
            pytest.param("/sensorElementList/0/sensorReport/0/ex:a", [1], id="sensor attribute"),
            pytest.param("/certificationInfo", ["urn:x", "urn:y"], id="two certificates"),
            pytest.param("/eventID", "\u0000".replace("\0", "\u0002"), id="control in eventID"),
        ],
    )
    def test_refuses_what_xml_cannot_say(self, path: str, value: Any) -> None:
        """
        What would be read in another way, or not at all, is not written.
        """
        event = changed(OBJECT_EVENT, "/certificationInfo", "urn:x")
        source = document(changed(event, path, value))
        parsed = parse_jsonld(json.dumps(source).encode())

        with pytest.raises(InputError):
            render_xml_document(parsed, "2.0")

    @pytest.mark.parametrize(
        "event",
        [
            pytest.param({**AGGREGATION_EVENT, "type": "AssociationEvent"}, id="AssociationEvent"),
            *(
                pytest.param({**AGGREGATION_EVENT, name: OBJECT_EVENT[name]}, id=name)
                for name in ("sensorElementList", "persistentDisposition", "certificationInfo")
            ),
        ],
    )
    def test_refuses_what_version_1_2_has_not(self, event: Any) -> None:
        """
        What came with 2.0 is not dropped silently.
        """
        parsed = parse_jsonld(json.dumps(document(event)).encode())

        render_xml_document(parsed, "2.0")
        with pytest.raises(InputError, match=r"1\.2"):
            render_xml_document(parsed, "1.2")


def test_a_prefix_that_xml_has_not_does_not_matter() -> None:
    """
    A JSON prefix may be one that XML reserves or cannot write; the namespace is what counts.
    """
    source = document(AGGREGATION_EVENT)
    for prefix in ("xml", "xmlns", "ns0", "1st", "a b", "", "epcis", "-"):
        source["@context"][0][prefix] = f"urn:x:{len(prefix)}:{prefix[:1].strip() or 'e'}"
    source["epcisBody"]["eventList"][0]["ns0:a"] = "1"
    parsed = parse_jsonld(json.dumps(source).encode())

    again = parse_xml_document(render_xml_document(parsed, "2.0"))

    assert again.events == parsed.events


def test_a_name_in_an_events_own_context_is_declared_in_the_document() -> None:
    """
    A document that is written declares every prefix that it uses.
    """
    event = {"@context": {"own": "urn:own:"}, **AGGREGATION_EVENT, "own:a": 1}
    parsed = parse_jsonld(json.dumps(document(event)).encode())

    again = parse_jsonld(RENDERERS["json-ld"](parsed))

    assert again.events == parsed.events


class TestMediaTypes:
    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            (b" \n{}", "application/ld+json"),
            (b"[", "application/ld+json"),
            (b"\xef\xbb\xbf<a/>", "application/xml"),
            ("<a/>".encode("utf-16"), "application/xml"),
        ],
    )
    def test_are_told_by_the_first_character(self, body: bytes, media_type: str) -> None:
        """
        A file that does not say what it is begins in its own way.
        """
        assert sniff(body) == media_type

    @pytest.mark.parametrize("body", [b"", b"   ", b"%PDF-1.7", b"a,b,c"])
    def test_are_refused_by_the_first_character(self, body: bytes) -> None:
        """
        What is neither is refused.
        """
        [violation] = violations_of(body, sniff)

        assert violation.rule == "media-type"

    def test_that_nobody_reads_are_refused_with_those_that_there_are(self) -> None:
        """
        The error tells what would do.
        """
        with pytest.raises(UnsupportedMediaTypeError, match="application/ld"):
            parse_document(b"{}", "text/csv")

        assert parse_document(xml_document(), "Text/XML; charset=utf-8").events == ()


# Whatever comes ---------------------------------------------------------------------------

fuzz = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5) | st.sampled_from(["ObjectEvent", "EPCISDocument", TIMES["eventTime"]]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["id", "type", "@context", "set", "#xml", "#text", "@a", "ex:a", "{x}a"])
        | st.text(max_size=4),
        inner,
        max_size=3,
    ),
    max_leaves=5,
)  # fmt: skip


def nodes(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [path, *(p for step in steps for p in nodes(value[step], (*path, step)))]


BASES = [document(OBJECT_EVENT, AGGREGATION_EVENT), query_document(AGGREGATION_EVENT)]
PLACES = [(base, path) for base in BASES for path in nodes(base)]


def everything_with(document_: Document) -> None:
    """What is done with a document that was accepted."""
    for event in document_.events or ():
        assert parse_event(render_event(event, document_.namespaces)) == event
    # In JSON there is a list of events, also where there are none.
    assert parse_jsonld(RENDERERS["json-ld"](document_)).events == (document_.events or ())
    for version in ("2.0", "1.2"):
        try:
            body = render_xml_document(document_, version)
        except InputError:
            continue
        try:
            parse_xml_document(body)
        except ValidationError as error:
            # What JSON may say and XML may not: an empty identifier, deeper nesting.
            assert {v.rule for v in error.violations} <= {"required", "depth"}  # noqa: PT017


@fuzz
@given(place=st.sampled_from(PLACES), value=any_json, member=st.none() | st.text(max_size=5))
@example(place=PLACES[0], value=[], member=None)
def test_no_json_is_more_than_a_violation(
    place: tuple[Any, tuple[Any, ...]], value: Any, member: str | None
) -> None:
    """
    Whatever stands wherever: it is read, and then survives the log, or it is a violation.
    """
    source, path = copy.deepcopy(place[0]), place[1]
    holder = {"": source}
    node: Any = holder
    for step in ("", *path[:-1]) if path else ():
        node = node[step]
    last = path[-1] if path else ""
    if member is not None and isinstance(node[last], dict):
        node[last][member] = value
    else:
        node[last] = value
    body = json.dumps(holder[""]).encode()

    try:
        parsed = parse_jsonld(body)
    except ValidationError as error:
        for violation in error.violations:
            str(violation).encode()
        return
    everything_with(parsed)


XML_BASES = [xml_document(XML_EVENT), xml_document(XML_EVENT, version="1.2")]
xml_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=6).filter(
    lambda text: not set(text) & {"\ufffe", "\uffff"}
) | st.sampled_from(["", " ", "NaN", "9" * 5000, "1e5", "ADD", TIMES["eventTime"]])
xml_names = st.sampled_from(
    ["type", "id", "epc", "extension", "action", "{urn:epcglobal:cbv:mda:}x", "context",
     "{http://www.w3.org/2001/XMLSchema-instance}nil", "{urn:x}a", "EventList", "ilmd"]
)  # fmt: skip


@fuzz
@given(data=st.data(), base=st.sampled_from(XML_BASES))
def test_no_xml_is_more_than_a_violation(data: st.DataObject, base: bytes) -> None:
    """
    Whatever stands wherever: it is read, and then survives the log, or it is a violation.
    """
    root = etree.fromstring(base)
    for _ in range(data.draw(st.integers(1, 3))):
        element = data.draw(st.sampled_from(list(root.iter())))
        match data.draw(st.sampled_from(["text", "tail", "attribute", "child", "name", "remove"])):
            case "text":
                element.text = data.draw(xml_texts)
            case "tail":
                element.tail = data.draw(xml_texts)
            case "attribute":
                element.set(data.draw(xml_names), data.draw(xml_texts))
            case "child":
                etree.SubElement(element, data.draw(xml_names)).text = data.draw(xml_texts)
            case "name":
                element.tag = data.draw(xml_names)
            case _:
                for child in element:
                    element.remove(child)

    try:
        parsed = parse_xml_document(etree.tostring(root))
    except ValidationError as error:
        assert all(violation.line for violation in error.violations)  # noqa: PT017
        return
    everything_with(parsed)


@pytest.mark.parametrize("name", list(RENDERERS))
@settings(fuzz, max_examples=40)
@given(document_=documents(JSON))
def test_every_document_is_written_or_refused(name: str, document_: Document) -> None:
    """
    A document that no XML can carry is refused, never half written.
    """
    try:
        RENDERERS[name](document_)
    except InputError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("format_", [pytest.param(f, id=f.name) for f in (XML_2_0, XML_1_2)])
def test_namespaces_of_the_strategies_are_what_documents_have(format_: Any) -> None:
    """
    The prefixes of the strategies can be declared in every format.
    """
    again = parse_xml_document(RENDERERS[format_.name](Document(namespaces=NAMESPACES)))

    assert NAMESPACES.items() <= dict(again.namespaces).items()


def test_an_empty_identifier_of_before_is_read_from_the_log() -> None:
    """
    What is refused today, and was taken once, is still what was recorded.
    """
    data = json.dumps(
        {
            "type": "ObjectEvent",
            **TIMES,
            "action": "OBSERVE",
            "readPoint": {"id": ""},
            "bizTransactionList": [{"bizTransaction": ""}],
        },
        separators=(",", ":"),
    ).encode()

    assert render_event(parse_event(data), {}) == data
