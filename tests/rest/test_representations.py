"""Events in the spelling that a client asks for, and documents as they were received."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from epcis_repo.bindings import parse_document
from epcis_repo.model.events import Event
from tests.conformance.rows import holds
from tests.rest.documents import JSON, UNIT, XML, document, event
from tests.rest.serving import captured, events_of, problem

ROOT = Path(__file__).parent.parent.parent
LINK = "https://id.gs1.org/01/00300010123455/21/{}"
WEB_URI = "https://ref.gs1.org/cbv/BizStep-shipping"
WORD_URN = "urn:epcglobal:cbv:bizstep:shipping"

# Two events: one with URNs, one with Digital Links and a private name.
SENT = document(
    event(1, eventID="urn:x:1", bizStep="shipping"),
    event(2, eventID="urn:x:2", bizStep=WEB_URI, epcList=[LINK.format(2), "urn:x:thing"]),
)


@pytest.fixture
def asked(quick: TestClient) -> Any:
    """What asks for the two events, with headers of its own and no others."""
    captured(quick, SENT)

    def ask(path: str = "/epcis/events?EQ_eventID=urn:x:1|urn:x:2", **headers: str) -> Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        before = quick.headers.pop("GS1-EPC-Format")
        try:
            return quick.get(path, headers=given)
        finally:
            quick.headers["GS1-EPC-Format"] = before

    return ask


def epcs_in(answer: Response) -> list[list[str]]:
    return [found["epcList"] for found in events_of(answer)]


def events_in_xml(answer: Response) -> tuple[Event, ...]:
    assert answer.status_code == 200, answer.text
    return parse_document(answer.content, XML).events or ()


AS_CAPTURED = [[UNIT.format(1)], [LINK.format(2), "urn:x:thing"]]
LINKS = [[LINK.format(1)], [LINK.format(2), "urn:x:thing"]]
URNS = [[UNIT.format(1)], [UNIT.format(2), "urn:x:thing"]]


class TestIdentifiers:
    @holds("R15")
    @pytest.mark.parametrize(
        ("headers", "expected", "echo"),
        [
            pytest.param({}, LINKS, "Always_GS1_Digital_Link", id="no header"),
            pytest.param(
                {"GS1_EPC_Format": "Always_GS1_Digital_Link"},
                LINKS,
                "Always_GS1_Digital_Link",
                id="Digital Links",
            ),
            pytest.param(
                {"GS1_EPC_Format": "Always_EPC_URN"}, URNS, "Always_EPC_URN", id="EPC URNs"
            ),
            pytest.param(
                {"GS1_EPC_Format": "Never_Translates"},
                AS_CAPTURED,
                "Never_Translates",
                id="as captured",
            ),
            pytest.param(
                {"GS1_EPC_Format": "No_Preference"}, AS_CAPTURED, "No_Preference", id="whatever"
            ),
        ],
    )
    def test_are_spelt_as_the_client_asks(
        self, asked: Any, headers: dict[str, str], expected: list[list[str]], echo: str
    ) -> None:
        """
        The standard's header decides, without it Digital Links are meant; the answer says which.
        What has no such spelling stays.
        """
        answer = asked(**headers)

        assert epcs_in(answer) == expected
        assert answer.headers["GS1-EPC-Format"] == echo
        assert "GS1-EPC-Format" in answer.headers["Vary"]

    @pytest.mark.parametrize(
        "path",
        ["/epcis/events/urn:x:1", f"/epcis/epcs/{UNIT.format(1)}/events?EQ_bizStep=shipping"],
    )
    def test_are_spelt_wherever_events_are(self, asked: Any, path: str) -> None:
        """
        One event and those of an EPC are answered like any.
        """
        assert [LINK.format(1)] in epcs_in(asked(path))
        assert [UNIT.format(1)] in epcs_in(asked(path, GS1_EPC_Format="Always_EPC_URN"))

    def test_are_spelt_in_xml_too(self, asked: Any) -> None:
        """
        The media type does not matter.
        """
        found = events_in_xml(asked(Accept=XML, GS1_EPC_Format="Always_EPC_URN"))

        assert [list(getattr(e, "epc_list", ())) for e in found] == URNS


class TestWords:
    @holds("R16")
    @pytest.mark.parametrize(
        ("asked_for", "expected"),
        [
            pytest.param(None, [WORD_URN, WEB_URI], id="no header"),
            pytest.param("No_Preference", [WORD_URN, WEB_URI], id="whatever"),
            pytest.param("Never_Translates", [WORD_URN, WEB_URI], id="as captured"),
            pytest.param("Always_URN", [WORD_URN, WORD_URN], id="URNs"),
            pytest.param("Always_Web_URI", [WEB_URI, WEB_URI], id="Web URIs"),
        ],
    )
    def test_of_xml_are_spelt_as_the_client_asks(
        self, asked: Any, asked_for: str | None, expected: list[str]
    ) -> None:
        """
        XML has URNs or Web URIs; a bare word is written as its URN.
        """
        headers = {} if asked_for is None else {"GS1_CBV_XML_Format": asked_for}

        answer = asked(Accept=XML, **headers)

        assert answer.text.count(f"<bizStep>{WORD_URN}<") == expected.count(WORD_URN)
        assert answer.text.count(f"<bizStep>{WEB_URI}<") == expected.count(WEB_URI)
        assert answer.headers["GS1-CBV-XML-Format"] == (asked_for or "No_Preference")

    @pytest.mark.parametrize("asked_for", ["Always_URN", "Always_Web_URI", "No_Preference"])
    def test_of_json_are_bare(self, asked: Any, asked_for: str) -> None:
        """
        The header is about XML alone: JSON has bare words.
        """
        found = events_of(asked(GS1_CBV_XML_Format=asked_for))

        assert [value["bizStep"] for value in found] == ["shipping", "shipping"]


class TestUnknownSpelling:
    @pytest.mark.parametrize(
        ("header", "known"),
        [("GS1_EPC_Format", "Always_EPC_URN"), ("GS1_CBV_XML_Format", "Always_URN")],
    )
    def test_is_not_acceptable(self, asked: Any, header: str, known: str) -> None:
        """
        A value that the header does not have is answered with those that it has.
        """
        value = problem(asked(**{header: "Always"}), 406, "NotAcceptableException")

        assert known in value["detail"]
        assert "Always" in value["detail"]


def test_what_xml_has_not_is_named(quick: TestClient) -> None:
    """
    Nothing is left out of an answer: the client is told which event, which field, and what to ask.
    """
    captured(quick, document(event(7, eventID="urn:x:7", **{"rdfs:comment": "\x07"})))

    value = problem(
        quick.get("/epcis/events/urn:x:7", headers={"Accept": XML}), 406, "NotAcceptableException"
    )

    assert "event 1, {http://www.w3.org/2000/01/rdf-schema#}comment" in value["detail"]
    assert "application/json" in value["detail"]


def test_what_is_asked_for_is_what_can_be_captured(quick: TestClient, asked: Any) -> None:
    """
    An answer in any spelling is a repetition of what is recorded, and no conflict.
    """
    for headers in ({}, {"GS1_EPC_Format": "Always_EPC_URN"}):
        for accept, media_type in ((JSON, JSON), (XML, XML)):
            answer = asked(Accept=accept, **headers)

            receipt = captured(quick, answer.content, media_type)

            assert receipt["recorded"] == 0


def test_an_event_may_come_alone_in_xml(quick: TestClient) -> None:
    """
    Who speaks XML can capture one event without a document around it, too.
    """
    body = (
        "<ObjectEvent><eventTime>2026-01-01T00:00:00Z</eventTime>"
        "<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><eventID>urn:x:alone</eventID>"
        f"<epcList><epc>{UNIT.format(9)}</epc></epcList><action>OBSERVE</action></ObjectEvent>"
    )

    answer = quick.post("/epcis/events", content=body, headers={"Content-Type": XML})

    assert answer.status_code == 201, answer.text
    assert answer.json()["epcList"] == [UNIT.format(9)]


class TestDocument:
    def test_is_given_as_it_was_received(self, client: TestClient) -> None:
        """
        Byte for byte, with the media type that it came in; its digest is its name.
        """
        body = (ROOT / "fixtures" / "shipment.xml").read_bytes()
        receipt = captured(client, body, XML)

        answer = client.get(f"/documents/{receipt['document']}")

        assert answer.status_code == 200
        assert answer.content == body
        assert answer.headers["Content-Type"].startswith(XML)
        assert answer.headers["ETag"] == f'"{sha256(body).hexdigest()}"'

    def test_may_be_long(self, client: TestClient) -> None:
        """
        A document of many pieces comes back whole.
        """
        many = [event(n, epcList=[UNIT.format(f"{n}A{m}") for m in range(100)]) for n in range(900)]
        body = document(*many)
        receipt = captured(client, body)

        answer = client.get(f"/documents/{receipt['document']}")

        assert len(body) > 3 << 20
        assert answer.content == body
        assert json.loads(answer.content)["type"] == "EPCISDocument"

    @pytest.mark.parametrize("digest", ["0" * 64, "x", "%00", "a/b"])
    def test_is_not_there_under_another_name(self, quick: TestClient, digest: str) -> None:
        """
        What is no digest of a document is found nowhere.
        """
        problem(quick.get(f"/documents/{digest}"), 404, "NoSuchResourceException")
