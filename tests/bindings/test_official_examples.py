"""The official examples come back equal, and what we write is valid to the official schemas."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from lxml import etree

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.bindings.jsonld import parse_event, parse_jsonld, render_event, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.errors import ValidationError
from epcis_repo.model.events import AssociationEvent
from tests.shared_data import SHARED, shared, shared_files

DSCSA = "dscsa/GS1_US_Pharma_Example_2_2_1_1.xml"


def rows(folder: str, pattern: str, *, holding: bytes = b"") -> list[Any]:
    return [
        pytest.param(str(path.relative_to(SHARED)), id=str(path.relative_to(SHARED / folder)))
        for path in shared_files(folder, pattern)
        if not path.exists() or holding in path.read_bytes()
    ]


JSON_EXAMPLES = rows("gs1/json", "*.jsonld")
XML_EXAMPLES = [
    *rows("gs1/xml", "*.xml", holding=b":EPCISDocument"),
    pytest.param(DSCSA, id="DSCSA"),
]

# Where an example has a member twice, the second hides the first from most readers.
MEMBER_TWICE = "AssociationEvent-h.jsonld"


def json_body(path: str) -> bytes:
    body = shared(path).read_bytes()
    if path.endswith(MEMBER_TWICE):
        with pytest.raises(ValidationError, match="eventID twice"):
            parse_jsonld(body)
        lines = body.splitlines(keepends=True)
        del lines[[n for n, line in enumerate(lines) if b'"eventID"' in line][1]]
        body = b"".join(lines)
    return body


@pytest.mark.parametrize("path", JSON_EXAMPLES)
def test_json_examples_come_back_equal(path: str) -> None:
    """
    What is read goes out as it came: every member, every digit.
    """
    body = json_body(path)

    assert load_json(render_jsonld(parse_jsonld(body))) == load_json(body)


@pytest.mark.parametrize("path", JSON_EXAMPLES)
def test_events_of_json_examples_survive_the_log(path: str) -> None:
    """
    Each event comes back from the bytes of the log.
    """
    document = parse_jsonld(json_body(path))

    assert document.events
    for event in document.events:
        assert parse_event(render_event(event, document.namespaces)) == event


@cache
def xsd(version: str, kind: str = "epcis") -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(xsd_path(version, kind)))


def xsd_path(version: str, kind: str = "epcis") -> Path:
    return shared(f"gs1/xsd-{version}/EPCglobal-{kind}-{version.replace('.', '_')}.xsd")


@cache
def json_schema() -> jsonschema.Draft7Validator:
    schema = json.loads(shared("gs1/EPCIS-JSON-Schema.json").read_text())
    return jsonschema.Draft7Validator(schema)


def xml_body(path: str) -> bytes:
    """The bytes of an EPCISDocument, without a document type declaration that says nothing."""
    return shared(path).read_bytes().replace(b"<!DOCTYPE project>", b"")


def version_of(body: bytes) -> str:
    return "1.2" if b'"urn:epcglobal:epcis:xsd:1"' in body else "2.0"


def canonical(body: bytes) -> etree._Element:
    """`body` without what says nothing: comments, blanks between elements and around texts."""
    root = etree.fromstring(body, etree.XMLParser(remove_comments=True, remove_pis=True))
    for element in root.iter():
        element.text, element.tail = (element.text or "").strip() or None, None
    return root


def without_known_differences(root: etree._Element) -> str:
    """
    Canonical XML without the differences that the model does not keep.

    - `<quantity xsi:nil="true"/>` says that there is no quantity, and so does its absence.
    - In 2.0 an event's `<extension>` wraps only foreign elements, which may stand beside it.
    - Foreign elements stand behind the standard's, and those of one name together.
    - A prefix that is declared within the document is made up anew.
    """
    for quantity in list(root.iter("quantity")):
        if quantity.text is None:
            _parent(quantity).remove(quantity)
    for wrapper in list(root.iter("extension")):
        if all(str(child.tag).startswith("{") for child in wrapper):
            parent = _parent(wrapper)
            parent.extend(list(wrapper))
            parent.remove(wrapper)
    for element in root.iter():
        foreign = [child for child in element if str(child.tag).startswith("{")]
        element.extend(sorted(foreign, key=lambda child: str(child.tag)))
    return str(etree.canonicalize(root, rewrite_prefixes=True))


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    assert parent is not None
    return parent


@pytest.mark.parametrize("path", XML_EXAMPLES)
def test_xml_examples_come_back_equal(path: str) -> None:
    """
    What is read goes out as it came, but for the differences listed above.
    """
    body = xml_body(path)

    again = render_xml_document(parse_xml_document(body), version_of(body))

    expected, found = without_known_differences(canonical(body)), canonical(again)
    assert without_known_differences(found) == expected


@pytest.mark.parametrize(
    "path",
    [
        DSCSA,
        "gs1/xml/CBV/CBV-11.1-2020-06-16a.xml",
        "gs1/xml/WithFullCombinationOfFields/object_event_all_possible_fields.xml",
    ],
)
def test_some_come_back_equal_without_any_difference(path: str) -> None:
    """
    A sender of an orderly document gets it back to the character, blanks, comments and prefixes
    that stand for nothing aside.
    """
    body = xml_body(path)

    again = render_xml_document(parse_xml_document(body), version_of(body))

    assert etree.tostring(canonical(again), method="c14n", exclusive=True) == etree.tostring(
        canonical(body), method="c14n", exclusive=True
    )


@pytest.mark.parametrize("path", rows("gs1/xml", "*.xml", holding=b"<!DOCTYPE"))
def test_document_type_declarations_are_refused(path: str) -> None:
    """
    Some official examples have one, which says nothing; they are refused all the same.
    """
    with pytest.raises(ValidationError, match="DOCTYPE"):
        parse_xml_document(shared(path).read_bytes())


@pytest.mark.parametrize("path", XML_EXAMPLES)
def test_xml_from_xml_is_valid(path: str) -> None:
    """
    What we write for an XML example is valid to the XSD of its version.
    """
    body = xml_body(path)
    version = version_of(body)

    again = render_xml_document(parse_xml_document(body), version)

    xsd(version).assertValid(etree.fromstring(again))


@pytest.mark.parametrize("path", XML_EXAMPLES)
def test_json_from_xml_is_valid(path: str) -> None:
    """
    What we write in JSON for an XML example is valid to the JSON schema, and says the same.
    """
    body = xml_body(path)
    document = parse_xml_document(body)

    as_json = render_jsonld(document)

    assert parse_jsonld(as_json).events == document.events
    # The schema wants a type where the standard is content with an exception (§7.3.7.1.2).
    problems = [
        error.message[:100]
        for error in json_schema().iter_errors(json.loads(as_json))
        if "sensorReport" not in error.absolute_path
    ]
    assert problems == []


@pytest.mark.parametrize("path", JSON_EXAMPLES)
def test_xml_from_json_is_valid(path: str) -> None:
    """
    What we write in XML 2.0 for a JSON example is valid to the XSD.
    """
    document = parse_jsonld(json_body(path))

    again = render_xml_document(document, "2.0")

    kind = "epcis-query" if document.query_results else "epcis"
    xsd("2.0", kind).assertValid(etree.fromstring(again))


@pytest.mark.parametrize("path", rows("gs1/json/WithFullCombinationOfFields", "*.jsonld"))
def test_xml_1_2_from_json_is_valid(path: str) -> None:
    """
    Every field that version 1.2 has stands where its XSD wants it.
    """
    document = parse_jsonld(json_body(path))
    if isinstance((document.events or ())[0], AssociationEvent):
        pytest.skip("1.2 has no AssociationEvent")
    older = [
        replace(
            event, certification_info=None, sensor_element_list=None, persistent_disposition=None
        )
        for event in document.events or ()
    ]

    again = render_xml_document(replace(document, events=tuple(older)), "1.2")

    xsd("1.2").assertValid(etree.fromstring(again))


@pytest.mark.parametrize("path", JSON_EXAMPLES)
def test_json_from_json_is_valid(path: str) -> None:
    """
    What we write for a JSON example is valid to the JSON schema.
    """
    again = render_jsonld(parse_jsonld(json_body(path)))

    json_schema().validate(json.loads(again))


@pytest.mark.parametrize(
    ("path", "version"),
    [
        pytest.param(DSCSA, "1.2", id="DSCSA 1.2"),
        pytest.param(
            "gs1/xml/WithFullCombinationOfFields/object_event_all_possible_fields.xml",
            "2.0",
            id="ObjectEvent",
        ),
        pytest.param("gs1/xml/AssociationEvent/AssociationEventExamples.xml", "2.0", id="others"),
    ],
)
def test_another_validator_agrees(path: str, version: str) -> None:
    """
    A second implementation of XML Schema has nothing to say, either.
    """
    again = render_xml_document(parse_xml_document(xml_body(path)), version)

    schema = xmlschema.XMLSchema(str(xsd_path(version)), allow="local")
    assert [str(error) for error in schema.iter_errors(again.decode())] == []


def test_dscsa_example_in_version_2_0_and_json_says_the_same() -> None:
    """
    The eight events, header and transaction statement survive every format.
    """
    document = parse_xml_document(xml_body(DSCSA))

    newer = parse_xml_document(render_xml_document(document, "2.0"))
    in_json = parse_jsonld(render_jsonld(document))

    assert document.events
    assert len(document.events) == 8
    for other in (newer, in_json):
        assert other.events == document.events
        assert other.sbdh == document.sbdh
        assert other.vocabularies == document.vocabularies
        assert other.header_extensions == document.header_extensions
    assert in_json.schema_version == "2.0"
