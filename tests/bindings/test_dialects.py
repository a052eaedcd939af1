"""Documents with the namespace of EPCIS on everything, or nowhere, say what they would with it."""

from __future__ import annotations

import re
from dataclasses import replace
from io import BytesIO

import pytest

from epcis_repo.bindings import READERS, XML, read_events
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document, scan_xml
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.documents import Document, QueryResults, Vocabulary, VocabularyElement
from epcis_repo.model.events import (
    WAS,
    ErrorDeclaration,
    ObjectEvent,
    Place,
    SourceOrDestination,
    TransformationEvent,
)
from epcis_repo.model.times import parse_timestamp

TIME = parse_timestamp("2026-01-01T00:00:00Z")
EX = {"{https://ns.example.com/}dock": {"{https://ns.example.com/}door": "7"}}
THING = ObjectEvent(
    event_time=TIME,
    event_time_zone_offset="+00:00",
    event_id="urn:uuid:0b9d5a4e-5b0e-4a3c-9f55-6d1c2d1f0a01",
    error_declaration=ErrorDeclaration(declaration_time=TIME),
    action="ADD",
    biz_step="commissioning",
    epc_list=("urn:epc:id:sgtin:030001.0012345.1",),
    read_point=Place(id="urn:epc:id:sgln:030001.111111.0"),
    source_list=(SourceOrDestination(type="owning_party", id="urn:epc:id:sgln:030001.111111.0"),),
    ilmd={"{urn:epcglobal:cbv:mda}lotNumber": "L42"},
    extensions=EX,
)
CHANGE = TransformationEvent(
    event_time=TIME,
    event_time_zone_offset="+00:00",
    input_epc_list=("urn:x:1",),
    output_epc_list=("urn:x:2",),
)
LISTED = (
    Vocabulary(
        type="urn:x:vtype",
        elements=(VocabularyElement(id="urn:x:1", attributes=(("urn:x#name", "Plant"),)),),
    ),
)
NAMESPACES = {"ex": "https://ns.example.com/", "cbvmda": "urn:epcglobal:cbv:mda"}
DOCUMENTS = {
    "document": Document(
        events=(THING, CHANGE), vocabularies=LISTED, creation_date=TIME, namespaces=NAMESPACES
    ),
    "query": Document(
        events=(THING, CHANGE),
        query_results=QueryResults(query_name="SimpleEventQuery"),
        creation_date=TIME,
        namespaces=NAMESPACES,
    ),
    "master data": Document(
        events=None,
        vocabularies=LISTED,
        creation_date=TIME,
        extensions={WAS: "EPCISMasterDataDocument"},
    ),
}


def without_prefix(body: bytes) -> bytes:
    """The document with the namespace of its root for everything that has no prefix."""
    body = re.sub(rb"(</?)epcis(?:q|md)?:", rb"\1", body)
    return re.sub(rb" xmlns:epcis(?:q|md)?=", b" xmlns=", body)


def without_namespace(body: bytes) -> bytes:
    """The document with that namespace nowhere."""
    return re.sub(rb' xmlns="urn:epcglobal:epcis[^"]*"', b"", without_prefix(body))


DIALECTS = {"everywhere": without_prefix, "nowhere": without_namespace}


def said(document: Document) -> Document:
    """What is said, however it was written."""
    return replace(document, namespaces={})


@pytest.mark.parametrize("version", ["1.2", "2.0"])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_says_the_same(kind: str, dialect: str, version: str) -> None:
    """
    As a whole and in pieces it is read as if it were written as the standard has it, and is valid.
    """
    body = render_xml_document(DOCUMENTS[kind], version)
    spoken = DIALECTS[dialect](body)
    assert b":EPCIS" not in spoken

    expected = parse_xml_document(body)

    assert said(parse_xml_document(spoken)) == said(READERS[XML].check(spoken)) == said(expected)
    found = list(scan_xml(BytesIO(spoken), checked=True))
    assert not [piece for piece in found if isinstance(piece, Violation) or piece.faults]
    assert [piece.event for piece in found if not isinstance(piece, Violation)] == list(
        expected.events or ()
    )


def test_of_any_length_is_held_against_the_schema() -> None:
    """
    An event with more elements than are looked at in place is valid in this dialect, too.
    """
    many = replace(THING, epc_list=tuple(f"urn:x:{n}" for n in range(6_000)))
    document = Document(events=(many,), creation_date=TIME)
    body = without_prefix(render_xml_document(document, "2.0"))

    for sent in (body, BytesIO(body)):
        [found] = read_events(sent, XML)
        assert found.faults == ()
    short = body.replace(b"urn:x:", b"u:")
    assert READERS[XML].check(short).events


@pytest.mark.parametrize("dialect", DIALECTS)
def test_has_faults_like_any_other(dialect: str) -> None:
    """
    What EPCIS has not is refused there as elsewhere, and so is what has its prefix.
    """
    body = render_xml_document(DOCUMENTS["document"], "2.0")
    spoken = DIALECTS[dialect](body).replace(b"<action>", b"<dock>7</dock><action>", 1)
    other = b'<e:dock xmlns:e="urn:epcglobal:epcis:xsd:2">7</e:dock>'

    for wrong in (spoken, spoken.replace(b"<dock>7</dock>", other)):
        with pytest.raises(ValidationError) as caught:
            parse_xml_document(wrong)
        assert [violation.rule for violation in caught.value.violations] == ["unknown-element"]
