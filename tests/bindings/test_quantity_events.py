"""EPCIS XML 1.0 and 1.1, and the QuantityEvent that versions before 2.0 have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from epcis_repo.bindings.jsonld import parse_event, parse_jsonld, render_event, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.documents import Document
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import ObjectEvent, Place, QuantityElement, SourceOrDestination
from tests.shared_data import shared

MARK = {"{http://purl.org/dc/terms/}type": "QuantityEvent"}

TIMES = """<eventTime>2009-06-01T09:00:00Z</eventTime>
   <eventTimeZoneOffset>+00:00</eventTimeZoneOffset>"""
QUANTITY_EVENT = f"""<QuantityEvent>
   {TIMES}
   <epcClass>urn:epc:idpat:sgtin:0614141.107346.*</epcClass>
   <quantity>200</quantity>
   <bizStep>urn:epcglobal:cbv:bizstep:stocking</bizStep>
   <readPoint><id>urn:epc:id:sgln:0614141.07346.1234</id></readPoint>
   <bizTransactionList><bizTransaction>urn:example:po:1</bizTransaction></bizTransactionList>
   <ex:shelf>7</ex:shelf>
  </QuantityEvent>"""


def document(*events: str, version: str = "1.0") -> bytes:
    number = version[0]
    return (
        f'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:{number}"'
        f' xmlns:ex="https://ns.example.com/epcis/" schemaVersion="{version}"'
        f' creationDate="2009-06-01T10:00:00Z"><EPCISBody><EventList>{"".join(events)}'
        "</EventList></EPCISBody></e:EPCISDocument>"
    ).encode()


def event_in(body: bytes) -> ObjectEvent:
    [found] = parse_xml_document(body).events or ()
    assert isinstance(found, ObjectEvent)
    return found


def violations_in(body: bytes) -> list[Violation]:
    with pytest.raises(ValidationError) as caught:
        parse_xml_document(body)
    return list(caught.value.violations)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2"])
def test_is_an_observation_of_a_quantity(version: str) -> None:
    """
    What counts a class of objects, without touching them, observes so many of it.
    """
    found = event_in(document(QUANTITY_EVENT, version=version))

    assert found.action == "OBSERVE"
    assert found.epc_list is None
    assert found.quantity_list == (
        QuantityElement(epc_class="urn:epc:idpat:sgtin:0614141.107346.*", quantity=200),
    )
    assert found.biz_step == "stocking"
    assert found.read_point == Place(id="urn:epc:id:sgln:0614141.07346.1234")
    assert found.biz_transaction_list is not None
    assert found.extensions == MARK | {"{https://ns.example.com/epcis/}shelf": "7"}


def test_goes_out_as_it_came() -> None:
    """
    In a version that has QuantityEvents it is one again, and means the same.
    """
    received = parse_xml_document(document(QUANTITY_EVENT))

    body = render_xml_document(received, "1.2")

    assert b"<QuantityEvent>" in body
    assert b"ObjectEvent" not in body
    assert b"purl.org" not in body
    assert parse_xml_document(body).events == received.events


def test_is_written_as_the_schema_has_it() -> None:
    """
    The official schema of 1.2 accepts what we write.
    """
    path = shared("gs1/xsd-1.2/EPCglobal-epcis-1_2.xsd")
    body = render_xml_document(parse_xml_document(document(QUANTITY_EVENT)), "1.2")

    etree.XMLSchema(etree.parse(path)).assertValid(etree.fromstring(body))


def test_survives_the_log_and_later_versions() -> None:
    """
    The log, JSON and XML 2.0 keep what it was, so that it comes back as what it was.
    """
    received = parse_xml_document(document(QUANTITY_EVENT))
    [event] = received.events or ()

    json_ld = parse_jsonld(render_jsonld(received))
    newer = parse_xml_document(render_xml_document(json_ld, "2.0"))

    assert parse_event(render_event(event, received.namespaces)) == event
    assert json_ld.events == newer.events == received.events
    assert b"<QuantityEvent>" in render_xml_document(newer, "1.2")
    assert len({event_hash(e) for d in (received, newer) for e in d.events or ()}) == 1


def test_other_events_of_the_first_versions_are_those_of_1_2() -> None:
    """
    Versions 1.0 and 1.1 are read as 1.2, which added to them.
    """
    observed = f"<ObjectEvent>{TIMES}<epcList/><action>OBSERVE</action></ObjectEvent>"

    found = parse_xml_document(document(observed, QUANTITY_EVENT, version="1.1"))

    assert found.schema_version == "1.1"
    assert len(found.events or ()) == 2
    assert [place.rpartition("/")[2] for place in found.places] == [
        "ObjectEvent[1]",
        "QuantityEvent[1]",
    ]


@pytest.mark.parametrize(
    ("removed", "place"),
    [
        pytest.param("<epcClass>urn:epc:idpat:sgtin:0614141.107346.*</epcClass>", "", id="class"),
        pytest.param("<quantity>200</quantity>", "", id="quantity"),
        pytest.param("urn:epc:idpat:sgtin:0614141.107346.*", "/epcClass", id="text of the class"),
        pytest.param(">200<", "/quantity", id="text of the quantity"),
        pytest.param("2009-06-01T09:00:00Z", "/eventTime", id="time"),
    ],
)
def test_refuses_one_that_lacks_something(removed: str, place: str) -> None:
    """
    A QuantityEvent has a time, a class and a number, and the finding says where it lacks one.
    """
    filled = "><" if removed.startswith(">") else ""
    [violation] = violations_in(document(QUANTITY_EVENT.replace(removed, filled)))

    base = "/EPCISDocument/EPCISBody/EventList/QuantityEvent[1]"
    assert violation.pointer == base + place
    assert violation.line is not None


@pytest.mark.parametrize("unknown", ["action", "epcList", "quantityList"])
def test_refuses_fields_of_other_events(unknown: str) -> None:
    """
    What makes it an ObjectEvent here has no place in it.
    """
    body = document(QUANTITY_EVENT.replace("<bizStep>", f"<{unknown}/><bizStep>"))

    [violation] = violations_in(body)

    assert violation.rule == "unknown-element"


def test_version_2_0_has_none() -> None:
    """
    Version 2.0 has dropped the QuantityEvent.
    """
    [violation] = violations_in(document(QUANTITY_EVENT, version="2.0"))

    assert violation.rule == "event-type"


CLAIMED = event_in(document(QUANTITY_EVENT))
SOURCES = (SourceOrDestination(type="owning_party", id="urn:epc:id:pgln:0614141.00001"),)
COUNTED = QuantityElement(epc_class="urn:example:class:1", quantity=1)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(replace(CLAIMED, action="ADD"), id="adds"),
        pytest.param(replace(CLAIMED, epc_list=("urn:example:obj:1",)), id="names a thing"),
        pytest.param(replace(CLAIMED, source_list=SOURCES), id="has a field that is none of it"),
        pytest.param(replace(CLAIMED, quantity_list=None), id="counts nothing"),
        pytest.param(replace(CLAIMED, quantity_list=(COUNTED, COUNTED)), id="counts twice"),
        pytest.param(
            replace(CLAIMED, quantity_list=(replace(COUNTED, uom="KGM"),)), id="has a unit"
        ),
        pytest.param(
            replace(CLAIMED, quantity_list=(replace(COUNTED, quantity=None),)), id="has no number"
        ),
        pytest.param(
            replace(CLAIMED, quantity_list=(replace(COUNTED, extensions={"{urn:x}y": "z"}),)),
            id="extends the quantity",
        ),
        pytest.param(replace(CLAIMED, extensions={}), id="never was one"),
    ],
)
def test_an_event_that_says_more_stays_what_it_is(event: ObjectEvent) -> None:
    """
    Whoever claims that an event was a QuantityEvent cannot make it lose what one has no room for.
    """
    body = render_xml_document(Document(events=(event,)), "1.2")

    assert b"QuantityEvent>" not in body
    assert event_in(body) == event
