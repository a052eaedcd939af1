"""A document of master data alone comes back as such, from JSON too, which has no form for it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from epcis_repo.bindings import RENDERERS, parse_document, sniff
from epcis_repo.bindings.jsonld import parse_jsonld, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.model.documents import Document
from epcis_repo.model.events import WAS, ObjectEvent
from epcis_repo.model.times import parse_timestamp
from tests.bindings.test_official_examples import xsd
from tests.model.strategies import NAMESPACES, XML_1_2, XML_2_0, sbdhs, vocabularies
from tests.shared_data import shared

MADE = parse_timestamp("2026-01-01T00:00:00Z")
MARK = {WAS: "EPCISMasterDataDocument"}
EVENT = ObjectEvent(
    event_time=MADE, event_time_zone_offset="+00:00", action="ADD", epc_list=("urn:x:1",)
)
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
VERSIONS = {"1.2": XML_1_2, "2.0": XML_2_0}
EXAMPLES = ("gs1/xml/CBV/CBV-11.4-2020-06-16a.xml", "gs1/xml/Mimasu/Example-masterData.xml")


def master_data(version: str) -> st.SearchStrategy[Document]:
    """Documents of master data alone, as XML of a version has them."""
    return st.builds(
        Document,
        events=st.none(),
        schema_version=st.just(version),
        creation_date=st.just(MADE),
        namespaces=st.just(NAMESPACES),
        sbdh=st.none() | sbdhs,
        vocabularies=st.lists(vocabularies(VERSIONS[version]), max_size=2).map(tuple),
        extensions=st.just(MARK),
    )


def without_namespaces(document: Document) -> Document:
    """Which prefixes there are is how it was written, not what was said."""
    return replace(document, namespaces={})


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=30, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_comes_back(version: str, data: st.DataObject) -> None:
    """
    In XML it is a document of its own type; from JSON-LD it comes back as that.
    """
    document = data.draw(master_data(version))

    body = render_xml_document(document, version)
    in_json = render_jsonld(parse_xml_document(body))
    back = render_xml_document(parse_jsonld(in_json), version)

    for xml in (body, back):
        assert etree.fromstring(xml).tag.endswith("}EPCISMasterDataDocument")
        assert without_namespaces(parse_xml_document(xml)) == without_namespaces(document)


@pytest.mark.parametrize("form", ["xml-1.2", "xml-2.0"])
@pytest.mark.parametrize("path", EXAMPLES)
def test_of_gs1_is_valid_in_each_version(path: str, form: str) -> None:
    """
    The official examples are documents of master data in either version, and valid.
    """
    document = parse_document(shared(path).read_bytes(), "application/xml")

    body = RENDERERS[form](document)

    xsd(form.removeprefix("xml-"), "epcis-masterdata").assertValid(etree.fromstring(body))


@pytest.mark.parametrize("path", EXAMPLES)
def test_of_gs1_comes_back_from_json(path: str) -> None:
    """
    Nothing of an official example is lost on the way through JSON-LD, its type included.
    """
    document = parse_xml_document(shared(path).read_bytes())

    back = render_xml_document(parse_jsonld(render_jsonld(document)), "2.0")

    assert etree.fromstring(back).tag.endswith("}EPCISMasterDataDocument")
    assert without_namespaces(parse_xml_document(back)) == without_namespaces(document)


def test_with_events_is_a_document_of_events() -> None:
    """
    JSON may claim it of a document that has events, too: they are not lost, nor is the claim.
    """
    claimed = render_jsonld(Document(events=(EVENT,), extensions=MARK))

    again = parse_xml_document(render_xml_document(parse_jsonld(claimed), "2.0"))

    assert again.events == (EVENT,)
    assert again.extensions == MARK


def test_in_json_has_an_empty_list_of_events() -> None:
    """
    The JSON Schema of EPCIS wants a list of events in every body.
    """
    body = render_jsonld(Document(events=None, creation_date=MADE, vocabularies=()))

    assert parse_document(body, sniff(body)).events == ()
