"""Documents of every shape, whole and piece by piece; and what may stand where in them."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from epcis_repo.bindings import JSON_LD, RENDERERS, XML, parse_document, read_events, sniff
from epcis_repo.bindings.formats import FORMATS
from epcis_repo.bindings.jsonld import parse_jsonld, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.errors import ValidationError
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.events import ObjectEvent
from tests.model.strategies import FORMATS as KINDS
from tests.model.strategies import NAMESPACES, Format, documents, event_types, events_of

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
quick = settings(max_examples=25, deadline=None, suppress_health_check=SLOW)
KIND_ROWS = [pytest.param(kind, id=kind.name) for kind in KINDS]


def read_back(kind: Format, body: bytes) -> Document:
    assert sniff(body) == (XML if kind.is_xml else JSON_LD)
    found = parse_document(body, XML if kind.is_xml else JSON_LD)
    return replace(found, context=None, namespaces={})


@pytest.mark.parametrize("kind", KIND_ROWS)
@quick
@given(data=st.data())
def test_the_pieces_of_a_document_are_the_document(kind: Format, data: st.DataObject) -> None:
    """
    Events that were written one by one, with what stands around them, are the whole.
    """
    document = data.draw(documents(kind))
    form = FORMATS[kind.name]

    writer = form.writer(document.namespaces)
    events = [writer.event(event) for event in document.events or ()]
    before, behind = writer.around(document)
    pieces = before + form.between.join(events) + behind

    whole = form.writer(document.namespaces).whole(document)
    assert read_back(kind, pieces) == read_back(kind, whole)


@pytest.mark.parametrize("kind", KIND_ROWS)
@quick
@given(data=st.data())
def test_an_event_alone_comes_back(kind: Format, data: st.DataObject) -> None:
    """
    In every format an event of every type can stand without a document around it.
    """
    event = data.draw(st.sampled_from(event_types(kind)).flatmap(lambda c: events_of(c, kind)))
    document = Document(events=(event,), namespaces=NAMESPACES, is_bare=True)

    again = read_back(kind, RENDERERS[kind.name](document))

    assert again == replace(document, namespaces={})


ONE_IN_XML = """<{tag} {declared}><eventTime>2026-01-31T12:00:00Z</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcList><epc>urn:example:obj:1</epc></epcList>
<action>OBSERVE</action></{tag}>"""


@pytest.mark.parametrize(
    ("tag", "declared"),
    [
        pytest.param("ObjectEvent", "", id="no namespace"),
        pytest.param("e:ObjectEvent", 'xmlns:e="urn:epcglobal:epcis:xsd:2"', id="2.0"),
        pytest.param("e:ObjectEvent", 'xmlns:e="urn:epcglobal:epcis:xsd:1"', id="1.2"),
    ],
)
def test_an_event_alone_may_have_the_namespace_of_its_version(tag: str, declared: str) -> None:
    """
    Who cuts an event out of a document may give it a name of either version, or none.
    """
    document = parse_xml_document(ONE_IN_XML.format(tag=tag, declared=declared).encode())

    [event] = document.events or ()
    assert document.is_bare
    assert isinstance(event, ObjectEvent)
    assert event.epc_list == ("urn:example:obj:1",)


def test_violations_of_an_event_alone_have_their_place() -> None:
    """
    What is wrong with an event that stands alone is told as in a document.
    """
    body = ONE_IN_XML.format(tag="ObjectEvent", declared="").replace("OBSERVE", "LOOK").encode()

    with pytest.raises(ValidationError) as caught:
        parse_xml_document(body)

    [violation] = caught.value.violations
    assert (violation.pointer, violation.line) == ("/ObjectEvent/action", 3)


EXTENDED = """<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" {root}
 schemaVersion="2.0" creationDate="2026-01-31T12:00:00Z">
<EPCISBody><EventList {listed}><ObjectEvent {event}>
<eventTime>2026-01-31T12:00:00Z</eventTime><eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
<epcList><epc>urn:example:obj:1</epc></epcList><action>ADD</action>
<ilmd>{ilmd}</ilmd>{extension}</ObjectEvent></EventList></EPCISBody></epcis:EPCISDocument>"""
EX = "https://ns.example.com/x/"
SAYING = {"ilmd": f"{{{EX}}}lot", "extension": f"{{{EX}}}op"}

# Where the namespace of an extension is declared, and how the extension is then written.
DECLARED = [
    pytest.param({"root": f'xmlns:ex="{EX}"'}, "ex:", "", id="at the root"),
    pytest.param({"listed": f'xmlns:ex="{EX}"'}, "ex:", "", id="at the list"),
    pytest.param({"event": f'xmlns:ex="{EX}"'}, "ex:", "", id="at the event"),
    pytest.param({}, "ex:", f' xmlns:ex="{EX}"', id="at the element"),
    pytest.param({}, "", f' xmlns="{EX}"', id="as the default of the element"),
    pytest.param(
        {"root": 'xmlns:ex="urn:other"', "event": f'xmlns:ex="{EX}"'}, "ex:", "", id="twice"
    ),
]


@pytest.mark.parametrize(("places", "prefix", "own"), DECLARED)
@pytest.mark.parametrize("kind", KIND_ROWS)
def test_a_namespace_may_be_declared_anywhere(
    kind: Format, places: dict[str, str], prefix: str, own: str
) -> None:
    """
    Wherever a prefix is declared, or none, the name is the same in every format.
    """
    values = dict.fromkeys(("root", "listed", "event"), "") | places
    values |= {
        "ilmd": f"<{prefix}lot{own}>L1</{prefix}lot>",
        "extension": f"<{prefix}op{own}>7</{prefix}op>",
    }
    document = parse_xml_document(EXTENDED.format(**values).encode())

    again = read_back(kind, RENDERERS[kind.name](document))

    assert again.events == document.events
    [event] = again.events or ()
    assert isinstance(event, ObjectEvent)
    assert (event.ilmd, event.extensions) == ({SAYING["ilmd"]: "L1"}, {SAYING["extension"]: "7"})


CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
CONTEXTS = [
    pytest.param({"ex": EX}, id="object"),
    pytest.param([CONTEXT, {"ex": EX}], id="list"),
    pytest.param([{"ex": {"@id": EX}}, CONTEXT], id="list with an expanded term"),
    pytest.param([CONTEXT, {"other": "urn:x"}, {"ex": EX, "@vocab": "urn:y"}], id="several"),
]


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("is_own", [False, True], ids=["of the document", "of the event"])
def test_a_context_of_any_kind_says_what_a_prefix_means(context: Any, is_own: bool) -> None:
    """
    String, list, object, expanded terms, in the document or in the event: a name is the same in
    XML, and comes back.
    """
    event: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": "2026-01-31T12:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "epcList": ["urn:example:obj:1"],
        "ex:op": {"ex:deep": "1"},
    }
    source = {
        "@context": CONTEXT if is_own else context,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-01-31T12:00:00Z",
        "epcisBody": {"eventList": [event | ({"@context": context} if is_own else {})]},
    }
    document = parse_jsonld(json.dumps(source).encode())

    newer = parse_xml_document(render_xml_document(document, "2.0"))
    again = parse_jsonld(render_jsonld(newer))

    assert document.events == newer.events == again.events
    [found] = again.events or ()
    assert found.extensions == {f"{{{EX}}}op": {f"{{{EX}}}deep": "1"}}


def test_prefixes_that_stand_in_values_stay_declared() -> None:
    """
    A company's own type of sensor data is a name with a prefix, also after a turn through JSON.
    """
    report = '<sensorReport type="ex:Glow" component="cbv:Comp-x"/>'
    body = (
        EXTENDED.format(
            root=f'xmlns:ex="{EX}"', listed="", event="", ilmd="", extension=""
        ).replace("<ilmd>", f"<sensorElementList><sensorElement>{report}</sensorElement>"
                            "</sensorElementList><ilmd>")
    ).encode()  # fmt: skip

    in_json = render_jsonld(parse_xml_document(body))
    again = render_xml_document(parse_jsonld(in_json), "2.0")

    assert {"ex": EX} in json.loads(in_json)["@context"]
    root = etree.fromstring(again)
    assert root.nsmap["ex"] == EX
    assert root.nsmap["cbv"] == "https://ref.gs1.org/cbv/"
    assert b'type="ex:Glow"' in again


@pytest.mark.parametrize("kind", KIND_ROWS)
@quick
@given(data=st.data())
def test_an_answer_becomes_a_document_to_capture_and_a_document_an_answer(
    kind: Format, data: st.DataObject
) -> None:
    """
    What a query gave can be captured elsewhere, and the other way round; events stay.
    """
    # In XML the body of an answer holds nothing but the answer.
    document = replace(data.draw(documents(kind)), body_extensions={})
    answer = replace(document, query_results=QueryResults(query_name="SimpleEventQuery"))
    to_capture = replace(document, query_results=None)

    for shaped in (answer, to_capture):
        again = read_back(kind, RENDERERS[kind.name](shaped))
        assert again.events == document.events
        assert (again.query_results is None) == (shaped.query_results is None)


def test_an_event_alone_is_found_in_a_file() -> None:
    """
    What reads a document event by event finds the one that stands alone.
    """
    body = ONE_IN_XML.format(tag="ObjectEvent", declared="").encode()

    [found] = read_events(BytesIO(body), XML)

    assert (found.event,) == parse_xml_document(body).events
