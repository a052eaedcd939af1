"""What is rendered parses back to the same, in every format that can say it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings import JSON_LD, RENDERERS, XML, parse_document
from epcis_repo.bindings.jsonld import parse_event, parse_jsonld, render_event, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event
from tests.model.strategies import (
    FORMATS,
    GS1USHC,
    JSON,
    NAMESPACES,
    XML_1_2,
    XML_2_0,
    Format,
    documents,
    event_types,
    events,
    events_of,
)

# Whole documents are large to draw; that is what they are for.
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
quick = settings(max_examples=40, deadline=None, suppress_health_check=SLOW)

EVENT_TYPES = [pytest.param(cls, id=cls.__name__) for cls in event_types(JSON)]


def without_context(document: Document) -> Document:
    """What JSON says about prefixes is how it was written, not what was said."""
    return replace(document, context=None, namespaces={})


@pytest.mark.parametrize("cls", EVENT_TYPES)
@quick
@given(data=st.data())
def test_event_as_the_log_keeps_it(cls: type[Event], data: st.DataObject) -> None:
    """
    An event comes back from the log as it went in.
    """
    event = data.draw(events_of(cls))

    assert parse_event(render_event(event, NAMESPACES)) == event


@quick
@given(event=events())
def test_event_bytes_depend_only_on_what_it_says(event: Event) -> None:
    """
    Reading and writing an event again gives the same bytes.
    """
    data = render_event(event, NAMESPACES)

    assert render_event(parse_event(data), NAMESPACES) == data


@pytest.mark.parametrize("format_", [pytest.param(f, id=f.name) for f in FORMATS])
@quick
@given(data=st.data())
def test_document(format_: Format, data: st.DataObject) -> None:
    """
    A document comes back from every format that can carry it.
    """
    document = data.draw(documents(format_))

    body = RENDERERS[format_.name](document)
    again = parse_document(body, XML if format_.is_xml else JSON_LD)

    assert without_context(again) == without_context(document)


@pytest.mark.parametrize(
    "name",
    [
        "plain",
        "https://example.com/name",
        "nobody:declared",
        "ex:with:colon",
        "@ex:attribute",
        "{odd",
        "{urn:x}//y",
        "{https://ns.example.com/epcis/}",
        "",
        ":",
    ],
)
def test_names_of_any_shape_survive_the_log(name: str) -> None:
    """
    A name that means nothing to us means the same after the log.
    """
    body = f"""{{"@context": {{"ex": "https://ns.example.com/epcis/"}}, "type": "ObjectEvent",
        "eventTime": "2026-01-31T12:00:00Z", "eventTimeZoneOffset": "+00:00", "action": "ADD",
        "{name}": {{"{name}": 1}}}}"""

    document = parse_jsonld(body.encode())
    [event] = document.events or ()

    assert parse_event(render_event(event, document.namespaces)) == event


@quick
@given(event=events())
def test_bare_event_is_a_document(event: Event) -> None:
    """
    An event that stands alone is a document of one event.
    """
    assert parse_jsonld(render_event(event, NAMESPACES)).events == (event,)


@pytest.mark.parametrize("format_", [pytest.param(f, id=f.name) for f in (XML_2_0, XML_1_2)])
@quick
@given(data=st.data())
def test_json_to_xml_and_back(format_: Format, data: st.DataObject) -> None:
    """
    A partner who speaks XML can answer one who speaks JSON without changing what was said.
    """
    # The version is that of the XML; JSON came with 2.0, and has a list of events in any case.
    drawn = data.draw(documents(format_))
    document = replace(drawn, schema_version="2.0", events=drawn.events or ())
    body = render_jsonld(document)

    xml = RENDERERS[format_.name](parse_jsonld(body))
    again = parse_jsonld(render_jsonld(parse_xml_document(xml)))

    assert without_context(again) == without_context(document)


@quick
@given(document=documents(XML_1_2))
def test_from_version_1_2_to_2_0_and_back(document: Document) -> None:
    """
    What was said in version 1.2 survives version 2.0.
    """
    # Version 2.0 has no place in a header for anything but what US healthcare has there.
    extensions = {n: v for n, v in document.header_extensions.items() if GS1USHC in n}
    document = replace(document, header_extensions=extensions)

    newer = parse_xml_document(render_xml_document(document, "2.0"))
    again = parse_xml_document(render_xml_document(newer, "1.2"))

    assert newer.events == document.events
    assert without_context(again) == without_context(document)


def test_what_a_header_of_2_0_has_no_place_for_stands_at_the_end_of_the_document() -> None:
    """
    What others than US healthcare put into a header of 1.2 is an extension of the document in 2.0.
    """
    document = Document(header_extensions={"{urn:x}a": "1", f"{{{GS1USHC}}}b": "2"})

    body = render_xml_document(document, "2.0")

    newer = parse_xml_document(body)
    assert newer.header_extensions == {f"{{{GS1USHC}}}b": "2"}
    assert newer.extensions == {"{urn:x}a": "1"}
