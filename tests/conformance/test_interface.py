"""What the interface of EPCIS 2.0 asks for, and no other test has in one place."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.bindings import RENDERERS, parse_document
from epcis_repo.bindings.xml import parse_xml_document
from tests.conformance.rows import holds
from tests.rest.documents import (
    CASE,
    JSON,
    PALLET,
    UNIT,
    XML,
    commissioning,
    document,
    event,
    packing,
)
from tests.rest.serving import captured, events_of, must_be_valid

LINK = "https://id.gs1.org/01/00300010123455/21/{}"
SHIPPING = (
    "shipping",
    "urn:epcglobal:cbv:bizstep:shipping",
    "https://ref.gs1.org/cbv/BizStep-shipping",
)


@holds("R17")
@pytest.mark.parametrize("epc_format", ["Always_GS1_Digital_Link", "Always_EPC_URN"])
def test_answers_are_what_their_schemas_say(house: TestClient, epc_format: str) -> None:
    """
    An answer is valid in JSON and in XML, in either spelling of identifiers.
    """
    made = commissioning(101, lot="L1", expiry="2027-12-31", eventID="urn:x:i:1")
    packed = packing(PALLET.format(1), CASE.format(1), eventID="urn:x:i:2")
    captured(house, document(made, packed))
    headers = {"GS1-EPC-Format": epc_format}

    answer = house.get("/epcis/events", headers=headers)
    xml = house.get("/epcis/events", headers={**headers, "Accept": XML})

    must_be_valid(answer.json(), "epcis/epcis-2.0")
    assert len(parse_xml_document(xml.content, checked=True).events or ()) == len(events_of(answer))


@holds("R18")
@pytest.mark.parametrize("spelling", SHIPPING)
def test_words_are_taken_in_every_spelling(house: TestClient, spelling: str) -> None:
    """
    A word of the CBV may be bare, a URN or a Web URI, in JSON as in XML, and is answered bare.
    """
    name = f"urn:x:i:{spelling}"
    sent = event(102, bizStep="shipping", eventID=name)
    xml = RENDERERS["xml-2.0"](parse_document(document({**sent, "eventID": f"{name}:x"}), JSON))
    spelt = xml.replace(SHIPPING[1].encode(), spelling.encode())

    captured(house, document({**sent, "bizStep": spelling}))
    captured(house, spelt, XML)

    for identifier in (name, f"{name}:x"):
        [found] = events_of(house.get("/epcis/events", params={"EQ_eventID": identifier}))
        assert found["bizStep"] == "shipping"


@holds("R30")
def test_things_are_found_by_either_spelling(house: TestClient) -> None:
    """
    A URN finds what came as a Digital Link, and the other way round, in a parameter and in a path.
    """
    urn, link = UNIT.format(103), LINK.format(103)
    captured(house, document(event(103, eventID="urn:x:i:urn")))
    captured(house, document(event(104, epcList=[link], eventID="urn:x:i:link")))

    for spelling in (urn, link):
        asked = (
            house.get("/epcis/events", params={"MATCH_epc": spelling}),
            house.get(f"/epcis/epcs/{quote(spelling, safe='')}/events"),
        )
        for answer in asked:
            found = {value["eventID"] for value in events_of(answer)}
            assert found == {"urn:x:i:urn", "urn:x:i:link"}


@holds("R32")
@pytest.mark.parametrize("version", ["1.2", "2.0"])
def test_versions_that_are_announced_are_taken(house: TestClient, version: str) -> None:
    """
    XML of every version that OPTIONS names may be captured.
    """
    name = f"urn:x:i:v{version}"
    body = RENDERERS[f"xml-{version}"](parse_document(document(event(105, eventID=name)), JSON))

    captured(house, body, XML)

    headers = house.options("/epcis/capture").headers
    assert headers["GS1-EPCIS-Min"] <= version <= headers["GS1-EPCIS-Max"]
    assert len(events_of(house.get("/epcis/events", params={"EQ_eventID": name}))) == 1
