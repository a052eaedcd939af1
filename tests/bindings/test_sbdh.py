"""Sender, receiver and instance identifier: members in JSON, a business document header in XML."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from epcis_repo.bindings.sbdh import members_of, sbdh_of, unsaid
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.times import parse_timestamp
from tests.bindings.test_official_examples import xsd

SAID = Document(
    sender="urn:epc:id:sgln:0614141.00001.0",
    receiver="https://id.gs1.org/417/0399990000009",
    instance_identifier="i-1",
    creation_date=parse_timestamp("2026-01-31T12:00:00Z"),
)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(SAID, id="all three"),
        pytest.param(replace(SAID, instance_identifier=None), id="without an identifier"),
        pytest.param(
            replace(SAID, query_results=QueryResults(query_name="q")), id="answer to a query"
        ),
    ],
)
@pytest.mark.parametrize("version", ["1.2", "2.0"])
def test_the_members_of_json_are_a_valid_header_in_xml(document: Document, version: str) -> None:
    """
    The header that is made of them says what they say, and its schema has nothing against it.
    """
    body = render_xml_document(document, version)

    kind = "epcis" if document.query_results is None else "epcis-query"
    xsd(version, kind).assertValid(etree.fromstring(body))
    said = members_of(parse_xml_document(body).sbdh)
    assert said["sender"] == document.sender
    assert said["receiver"] == document.receiver
    assert said["instance_identifier"] == (document.instance_identifier or "2026-01-31T12:00:00Z")
    assert unsaid(document) == []


def test_a_header_that_is_there_stays_as_it_is() -> None:
    """
    What a sender put into his header is not made anew; members that contradict it are named.
    """
    document = replace(SAID, sbdh=sbdh_of(SAID), sender="urn:x:another")

    assert sbdh_of(document) == document.sbdh
    [remark] = unsaid(document)
    assert remark.field == "sender"
    assert "urn:epc:id:sgln:0614141.00001.0" in remark.text


def test_half_a_header_is_none() -> None:
    """
    XML wants both ends, so one of them alone is lost, and named.
    """
    document = replace(SAID, receiver=None)

    assert sbdh_of(document) is None
    assert [remark.field for remark in unsaid(document)] == ["sender", "instanceIdentifier"]
