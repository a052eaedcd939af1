"""
Every official example in every format: the table says what becomes of each.

In its own format an example comes back equal, in the others equal in meaning: its events have the
same hash. Only version 1.2 has no place for all of them.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from lxml import etree

from epcis_repo.bindings import JSON_LD, parse_document, sniff
from epcis_repo.errors import UnsayableError, ValidationError
from epcis_repo.model.documents import Document
from epcis_repo.model.event_hash import event_hash
from epcis_repo.operations.convert import Target, convert
from tests.bindings.test_official_examples import canonical, without_known_differences, xsd
from tests.shared_data import SHARED, shared, shared_files

DSCSA = "dscsa/GS1_US_Pharma_Example_2_2_1_1.xml"
CERTIFICATE, SENSED, PERSISTENT = "certificationInfo", "sensorElementList", "persistentDisposition"
ASSOCIATION, NOTHING_LEFT = "AssociationEvent", "ObjectEvent"

# Each file, and what version 1.2 has no place for in it.
EXAMPLES: dict[str, set[str]] = {
    DSCSA: set(),
    "gs1/json/AssociationEvent/AssociationEvent-a.jsonld": {ASSOCIATION},
    "gs1/json/AssociationEvent/AssociationEvent-b.jsonld": {ASSOCIATION},
    "gs1/json/AssociationEvent/AssociationEvent-c.jsonld": {ASSOCIATION},
    "gs1/json/AssociationEvent/AssociationEvent-d.jsonld": {ASSOCIATION},
    "gs1/json/AssociationEvent/AssociationEvent-e.jsonld": {ASSOCIATION},
    "gs1/json/AssociationEvent/AssociationEvent-f.jsonld": {ASSOCIATION},
    "gs1/json/AssociationEvent/AssociationEvent-g.jsonld": {ASSOCIATION},
    "gs1/json/EPCISQueryDocument.jsonld": set(),
    "gs1/json/Example-TransactionEvents-2020_07_03y.jsonld": set(),
    "gs1/json/Example-Type-sourceOrDestination,measurement,bizTransaction.jsonld": {ASSOCIATION},
    "gs1/json/Example_9.6.1-ObjectEvent-with-pseudo-SBDH-headers.jsonld": set(),
    "gs1/json/Example_9.6.1-ObjectEvent.jsonld": set(),
    "gs1/json/Example_9.6.1-with-comment.jsonld": set(),
    "gs1/json/Example_9.6.2-ObjectEvent.jsonld": set(),
    "gs1/json/Example_9.6.3-AggregationEvent.jsonld": set(),
    "gs1/json/Example_9.6.4-TransformationEvent.jsonld": set(),
    "gs1/json/PersistentDisposition-example.jsonld": {PERSISTENT},
    "gs1/json/WithDigitalLinkID/Example_9.6.1-ObjectEventWithDigitalLink.jsonld": set(),
    "gs1/json/WithDigitalLinkID/Example_9.6.2-ObjectEventWithDigitalLink.jsonld": set(),
    "gs1/json/WithDigitalLinkID/Example_9.6.3-AggregationEventWithDigitalLink.jsonld": set(),
    "gs1/json/WithDigitalLinkID/Example_9.6.4-TransformationEventWithDigitalLink.jsonld": set(),
    "gs1/json/WithErrorDeclaration/ErrorDeclarationAndCorrectiveEvent.jsonld": set(),
    "gs1/json/WithErrorDeclaration/Example_9.6.1-ObjectEvent-with-error-declaration.jsonld": set(),
    "gs1/json/WithFullCombinationOfFields/aggregation_event_all_possible_fields.jsonld": {
        CERTIFICATE,
        SENSED,
    },
    "gs1/json/WithFullCombinationOfFields/association_event_all_possible_fields.jsonld": {
        ASSOCIATION
    },
    "gs1/json/WithFullCombinationOfFields/object_event_all_possible_fields.jsonld": {
        CERTIFICATE,
        PERSISTENT,
        SENSED,
    },
    "gs1/json/WithFullCombinationOfFields/transaction_event_all_possible_fields.jsonld": {
        CERTIFICATE,
        SENSED,
    },
    "gs1/json/WithFullCombinationOfFields/transformation_event_all_possible_fields.jsonld": {
        CERTIFICATE,
        PERSISTENT,
        SENSED,
    },
    "gs1/json/WithSensorData/SensorDataExample1.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample10.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample11.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample12.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample13.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample14.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample15.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample16.jsonld": set(),
    "gs1/json/WithSensorData/SensorDataExample17.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample1b.jsonld": {SENSED, NOTHING_LEFT},
    "gs1/json/WithSensorData/SensorDataExample2.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample3.jsonld": {SENSED, NOTHING_LEFT},
    "gs1/json/WithSensorData/SensorDataExample4.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample5.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample6.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample7.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample8.jsonld": {SENSED},
    "gs1/json/WithSensorData/SensorDataExample9.jsonld": {SENSED},
    "gs1/xml/AssociationEvent/AssociationEventExamples.xml": {ASSOCIATION},
    "gs1/xml/CBV/CBV-11.1-2020-06-16a.xml": set(),
    "gs1/xml/CBV/CBV-11.2-2020-06-16a.xml": set(),
    "gs1/xml/CBV/CBV-11.3-2020-06-16a.xml": set(),
    "gs1/xml/CBV/CBV-11.4-2020-06-16a.xml": set(),
    "gs1/xml/Example-PersistentDisposition.xml": {PERSISTENT},
    "gs1/xml/Example-TransactionEvent-2020_07_03y.xml": set(),
    "gs1/xml/Example_9.6.1-ObjectEvent-2020_06_18a.xml": set(),
    "gs1/xml/Mimasu/Example-associatonEvent-sensor.xml": {ASSOCIATION},
    "gs1/xml/Mimasu/Example-masterData.xml": set(),
    "gs1/xml/Mimasu/Example1.xml": set(),
    "gs1/xml/Mimasu/Example2.xml": set(),
    "gs1/xml/Mimasu/Example3.xml": set(),
    "gs1/xml/Mimasu/Example4.xml": set(),
    "gs1/xml/WithErrorDeclaration/ErrorDeclarationAndCorrectiveEvent.xml": set(),
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_1.xml": {PERSISTENT, SENSED},
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_2.xml": {PERSISTENT, SENSED},
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_3.xml": {PERSISTENT, SENSED},
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_4.xml": {PERSISTENT, SENSED},
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_5.xml": {PERSISTENT, SENSED},
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_6.xml": {PERSISTENT, SENSED},
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_7.json": {PERSISTENT, SENSED},
    "gs1/xml/WithExtension/AggregationEvent.xml": set(),
    "gs1/xml/WithExtension/AssociationEvent.xml": {ASSOCIATION},
    "gs1/xml/WithExtension/ObjectEvent.xml": set(),
    "gs1/xml/WithExtension/TransactionEvent.xml": {SENSED},
    "gs1/xml/WithExtension/TransformationEvent.xml": {SENSED},
    "gs1/xml/WithFullCombinationOfFields/aggregation_event_all_possible_fields.xml": {SENSED},
    "gs1/xml/WithFullCombinationOfFields/association_event_all_possible_fields.xml": {ASSOCIATION},
    "gs1/xml/WithFullCombinationOfFields/masterdata_all_possible_fields.xml": set(),
    "gs1/xml/WithFullCombinationOfFields/object_event_all_possible_fields.xml": {
        PERSISTENT,
        SENSED,
    },
    "gs1/xml/WithFullCombinationOfFields/transaction_event_all_possible_fields.xml": {SENSED},
    "gs1/xml/WithFullCombinationOfFields/transformation_event_all_possible_fields.xml": {
        PERSISTENT,
        SENSED,
    },
    "gs1/xml/WithSensorData/SensorDataExamples.xml": {SENSED, NOTHING_LEFT},
}

# The other files, and why they are no documents that are to be read.
OTHERS = {
    "gs1/json/AssociationEvent/AssociationEvent-h.jsonld": "a member twice",
    "gs1/xml/CaptureJob/Example-CaptureJobRunning.xml": "a capture job",
    "gs1/xml/CaptureJob/Example-CaptureJobSuccess.xml": "a capture job",
    "gs1/xml/CaptureJob/Example-CaptureJobWithErrorFile.xml": "a capture job",
    "gs1/xml/CaptureJob/Example-CaptureJobWithErrors.xml": "a capture job",
}

# The schema of 1.2 wants a business document header with any master data.
NO_BUSINESS_DOCUMENT = "gs1/xml/WithFullCombinationOfFields/masterdata_all_possible_fields.xml"


def body_of(path: str) -> bytes:
    """The bytes of an example, without a document type declaration that says nothing."""
    return shared(path).read_bytes().replace(b"<!DOCTYPE project>", b"")


def converted(body: bytes, form: str, **target: Any) -> bytes:
    done = convert(BytesIO(body), sniff(body), Target(form, **target), now=0)
    written = b"".join(done.pieces())
    done.close()
    return written


def read(body: bytes) -> Document:
    return parse_document(body, sniff(body))


def hashes(body: bytes) -> list[str]:
    return [event_hash(event) for event in read(body).events or ()]


def own_form(body: bytes) -> str:
    if sniff(body) == JSON_LD:
        return "json-ld"
    return "xml-1.2" if b'"urn:epcglobal:epcis:xsd:1"' in body else "xml-2.0"


def kind_of(body: bytes) -> str:
    """What the official schema of a document is called."""
    document = read(body)
    if document.is_master_data:
        return "epcis-masterdata"
    return "epcis" if document.query_results is None else "epcis-query"


ROWS = [pytest.param(path, id=path) for path in EXAMPLES]


def test_the_table_has_every_file() -> None:
    """
    There is no example of which nobody has said what becomes of it.
    """
    shared("gs1")
    found = [
        *shared_files("gs1/json", "*.jsonld"),
        *shared_files("gs1/xml", "*.xml"),
        *shared_files("gs1/xml", "*.json"),
        *shared_files("dscsa", "*.xml"),
    ]

    assert {str(path.relative_to(SHARED)) for path in found} == EXAMPLES.keys() | OTHERS.keys()


@pytest.mark.parametrize("path", ROWS)
def test_is_the_same_in_its_own_format(path: str) -> None:
    """
    An example that is converted to what it is says just what it said.
    """
    body = body_of(path)

    again = converted(body, own_form(body), words="Never_Translates")

    assert read(again).events == read(body).events
    assert read(again).vocabularies == read(body).vocabularies
    if own_form(body) != "json-ld":
        expected, found = canonical(body), canonical(again)
        assert without_known_differences(found) == without_known_differences(expected)


@pytest.mark.parametrize("form", ["xml-2.0", "json-ld"])
@pytest.mark.parametrize("path", ROWS)
def test_means_the_same_in_version_2_0(path: str, form: str) -> None:
    """
    Nothing is lost in XML 2.0 or JSON-LD, there or on the way back.
    """
    body = body_of(path)

    other = converted(body, form)
    back = converted(other, own_form(body))

    assert hashes(other) == hashes(back) == hashes(body)
    assert kind_of(back) == kind_of(body)
    if form == "xml-2.0":
        xsd("2.0", kind_of(body)).assertValid(etree.fromstring(other))


@pytest.mark.parametrize("path", [p for p in ROWS if not EXAMPLES[str(p.values[0])]])
def test_means_the_same_in_version_1_2(path: str) -> None:
    """
    Where version 1.2 has a place for all of it, nothing is lost, there or on the way back.
    """
    body = body_of(path)

    other = converted(body, "xml-1.2")

    assert hashes(other) == hashes(converted(other, own_form(body))) == hashes(body)
    if path != NO_BUSINESS_DOCUMENT:
        xsd("1.2", kind_of(body)).assertValid(etree.fromstring(other))


@pytest.mark.parametrize("path", [p for p in ROWS if EXAMPLES[str(p.values[0])]])
def test_is_refused_in_version_1_2_or_loses_what_it_is_said_to(path: str) -> None:
    """
    Where version 1.2 has not, that is said; what is left out is named, and the rest is valid.
    """
    body = body_of(path)

    with pytest.raises(UnsayableError) as caught:
        converted(body, "xml-1.2")
    rest = converted(body, "xml-1.2", lossy=True)

    assert {remark.field for remark in caught.value.lost} == EXAMPLES[path]
    xsd("1.2").assertValid(etree.fromstring(rest))


@pytest.mark.parametrize("path", OTHERS)
def test_what_is_no_such_document_is_refused(path: str) -> None:
    """
    What the table calls no document to be read is none.
    """
    with pytest.raises(ValidationError):
        converted(body_of(path), "xml-2.0")


def test_dscsa_example_comes_back_from_json_with_nothing_lost() -> None:
    """
    Events, business document header, master data and transaction statement go to JSON-LD 2.0 and
    come back as they were, to the character, blanks, comments and unused prefixes aside; and valid.
    """
    body = body_of(DSCSA)

    in_json = converted(body, "json-ld")
    back = converted(in_json, "xml-1.2")

    xsd("1.2").assertValid(etree.fromstring(back))
    assert etree.tostring(canonical(back), method="c14n", exclusive=True) == etree.tostring(
        canonical(body), method="c14n", exclusive=True
    )
    assert read(in_json).sender == "urn:epc:id:sgln:030001.111111.0"
