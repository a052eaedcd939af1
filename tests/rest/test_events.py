"""Events one by one: recorded, answered, found again under their eventIDs."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from epcis_repo.bindings import parse_document
from tests.conformance.rows import holds
from tests.rest.documents import (
    CONTEXT,
    JSON,
    JSON_LD,
    UNIT,
    XML,
    bare,
    commissioning,
    document,
    event,
)
from tests.rest.serving import captured, events_of, log_of, must_be_valid, problem

EVENT_IDS = [
    pytest.param("urn:uuid:4f7e8ae3-0000-4000-8000-000000000001", id="UUID"),
    pytest.param("ni:///sha-256;5f3e?ver=CBV2.0", id="hash"),
    pytest.param("https://example.com/events/1?a=b#c", id="URL"),
    pytest.param("https://example.com/a%2Fb%20c", id="URL with escapes"),
    pytest.param("urn:example:100%25:+&=;", id="reserved characters"),
    pytest.param("urn:example:Grüße", id="beyond ASCII"),
]


class TestPostEvent:
    @holds("R10")
    @pytest.mark.parametrize("event_id", EVENT_IDS)
    def test_answers_with_the_event_and_where_it_is(self, quick: TestClient, event_id: str) -> None:
        """
        The answer is what is recorded, with its eventID and recordTime; its Location has it.
        """
        sent = event(eventID=event_id, bizStep="shipping")

        answer = quick.post("/epcis/events", content=bare(sent), headers={"Content-Type": JSON})

        assert answer.status_code == 201
        value = answer.json()
        record_time = value.pop("recordTime")
        assert value == {"@context": [CONTEXT], **sent}
        location = answer.headers["Location"]
        # One segment, which no proxy takes apart and no client completes.
        assert not set(location.removeprefix("/epcis/events/")) & set("/?#: ")
        [found] = events_of(quick.get(location))
        assert found == {**sent, "recordTime": record_time}

    @holds("R12")
    def test_gives_an_event_without_one_an_event_id(self, client: TestClient) -> None:
        """
        The eventID that was assigned is in the answer, and leads to the event.
        """
        answer = client.post(
            "/epcis/events", content=bare(event()), headers={"Content-Type": JSON_LD}
        )

        event_id = answer.json()["eventID"]
        assert event_id.startswith("urn:uuid:")
        assert events_of(client.get(f"/epcis/events/{event_id}"))[0]["eventID"] == event_id

    def test_answers_xml_in_json_with_its_extensions(self, quick: TestClient) -> None:
        """
        An event that came as XML is answered as JSON-LD that stands by itself: its extensions
        keep their values, and their prefix is declared.
        """
        body = quick.post(
            "/epcis/events",
            content=bare({**event(eventID="urn:x:ext"), "ex:weight": 1.5}).replace(
                f'["{CONTEXT}"]'.encode(), f'["{CONTEXT}", {{"ex": "https://ex.com/"}}]'.encode()
            ),
            headers={"Content-Type": JSON},
        )
        assert body.status_code == 201, body.text
        as_xml = quick.get("/epcis/events/urn:x:ext", headers={"Accept": XML})

        answer = quick.post(
            "/epcis/events",
            content=as_xml.content.replace(b"urn:x:ext", b"urn:x:from-xml"),
            headers={"Content-Type": XML},
        )

        assert answer.status_code == 201, answer.text
        assert answer.json()["@context"] == [CONTEXT, {"ex": "https://ex.com/"}]
        assert answer.json()["ex:weight"] == "1.5"
        assert answer.headers["Content-Type"] == JSON

    @holds("R11")
    def test_refuses_other_content_under_a_taken_event_id(
        self, client: TestClient, store_url: str
    ) -> None:
        """
        An eventID names one content; the same content again is no conflict and no new event.
        """
        first, other = event(eventID="urn:x:1"), event(eventID="urn:x:1", action="ADD")
        sent = client.post("/epcis/events", content=bare(first), headers={"Content-Type": JSON})

        refused = client.post("/epcis/events", content=bare(other), headers={"Content-Type": JSON})
        again = client.post("/epcis/events", content=bare(first), headers={"Content-Type": JSON})

        assert "urn:x:1" in problem(refused, 409, "ResourceAlreadyExistsException")["detail"]
        # The finding that it came, and what it said, are kept beside the event and its receipt.
        assert log_of(store_url) == (3, 2)
        assert (again.status_code, again.json()) == (201, sent.json())

    @pytest.mark.parametrize("count", [0, 2])
    def test_takes_exactly_one(self, client: TestClient, store_url: str, count: int) -> None:
        """
        A document of none or of several events belongs to /epcis/capture, and is not recorded.
        """
        body = document(*(event(n) for n in range(count)))

        answer = client.post("/epcis/events", content=body, headers={"Content-Type": JSON})

        [violation] = problem(answer, 400, "ValidationException")["violations"]
        assert violation["found"] == f"{count} events"
        assert log_of(store_url) == (0, 0)

    @holds("R11")
    def test_answers_a_declaration_with_itself(self, client: TestClient) -> None:
        """
        A declaration bears the eventID of the event that it declares in error, and is answered
        as itself; both are under that eventID.
        """
        first = event(eventID="urn:x:1")
        declared = first | {
            "errorDeclaration": {
                "declarationTime": "2026-02-01T00:00:00Z",
                "reason": "incorrect_data",
            }
        }
        client.post("/epcis/events", content=bare(first), headers={"Content-Type": JSON})

        answer = client.post(
            "/epcis/events", content=bare(declared), headers={"Content-Type": JSON}
        )

        assert answer.status_code == 201, answer.text
        assert answer.json()["errorDeclaration"] == declared["errorDeclaration"]
        found = events_of(client.get(answer.headers["Location"]))
        assert ["errorDeclaration" in value for value in found] == [False, True]
        told = client.get(f"/history/{UNIT.format(1)}").json()
        must_be_valid(told, "history")
        assert [(e["in_error"], e["declares_error"]) for e in told["events"]] == [
            (True, False),
            (False, True),
        ]
        assert told["state"] is None


class TestCapture:
    def test_sent_again_has_no_second_effect(self, client: TestClient, store_url: str) -> None:
        """
        The same bytes get the first receipt, marked as repeated.
        """
        first = captured(client, document(event()))
        before = log_of(store_url)

        again = captured(client, document(event()))

        assert again == first | {"repeated": True}
        assert log_of(store_url) == before

    def test_that_is_unknown_is_not_found(self, quick: TestClient) -> None:
        """
        A capture that nobody made has no job.
        """
        problem(quick.get("/epcis/capture/nope"), 404, "NoSuchResourceException")


class TestAccept:
    @pytest.mark.parametrize(
        ("accept", "media_type"),
        [
            pytest.param(None, JSON, id="not said"),
            pytest.param("", JSON, id="empty"),
            pytest.param("*/*", JSON, id="anything"),
            pytest.param(JSON, JSON, id="JSON"),
            pytest.param(JSON_LD, JSON_LD, id="JSON-LD"),
            pytest.param(XML, XML, id="XML"),
            pytest.param("text/xml", "text/xml", id="text/xml"),
            pytest.param("APPLICATION/XML", XML, id="upper case"),
            pytest.param("application/*", JSON, id="application"),
            pytest.param("text/*", "text/xml", id="text"),
            pytest.param("image/png, application/xml;q=0.1", XML, id="second choice"),
            pytest.param("application/json;q=0.5, application/xml", XML, id="weights"),
            pytest.param("application/xml, application/json", XML, id="the first of equals"),
            pytest.param("application/json;q=0, */*", JSON_LD, id="anything but"),
            pytest.param("application/*;q=0.1, text/xml;q=0.2", "text/xml", id="particular"),
            pytest.param("application/xml;q=nonsense", XML, id="weight that is none"),
        ],
    )
    def test_chooses_what_the_client_likes_best(
        self, quick: TestClient, accept: str | None, media_type: str
    ) -> None:
        """
        The answer is in the acceptable form of the greatest weight.
        """
        headers = {} if accept is None else {"Accept": accept}

        answer = quick.get("/epcis/events", headers=headers)

        assert answer.status_code == 200
        assert answer.headers["Content-Type"].partition(";")[0] == media_type

    @holds("R8")
    @pytest.mark.parametrize(
        "accept",
        ["text/html", "application/pdf, image/*", "*/*;q=0", "application/json;q=0", "nonsense"],
    )
    def test_refuses_what_there_is_not(self, quick: TestClient, accept: str) -> None:
        """
        A client that takes none of the forms is told which there are.
        """
        answer = quick.get("/epcis/events", headers={"Accept": accept})

        assert XML in problem(answer, 406, "NotAcceptableException")["detail"]

    def test_xml_has_the_same_events(self, client: TestClient) -> None:
        """
        The XML of a query parses to the events that the JSON of it does.
        """
        captured(
            client,
            document(
                event(1, bizStep="shipping", disposition="in_transit"),
                commissioning(2, 3, lot="A1", expiry="2030-01-01"),
            ),
        )

        answers = {
            accept: client.get("/epcis/events", headers={"Accept": accept})
            for accept in (JSON, JSON_LD, XML)
        }

        parsed = [parse_document(a.content, accept).events for accept, a in answers.items()]
        assert len(parsed[0] or ()) == 2
        assert parsed[0] == parsed[1] == parsed[2]
        assert answers[JSON].json()["epcisBody"] == answers[JSON_LD].json()["epcisBody"]

    def test_says_when_an_event_has_no_xml(self, client: TestClient) -> None:
        """
        An extension whose name XML has not is answered in JSON, and refused in XML by name.
        """
        value = event(eventID="urn:x:odd") | {"ex:odd name": 1}
        body = bare(value).replace(b'jsonld"]', b'jsonld", {"ex": "https://ex.com/"}]')
        sent = client.post("/epcis/events", content=body, headers={"Content-Type": JSON})
        assert sent.status_code == 201, sent.text

        answer = client.get("/epcis/events/urn:x:odd", headers={"Accept": XML})

        assert "odd name" in problem(answer, 406, "NotAcceptableException")["detail"]
        assert events_of(client.get("/epcis/events/urn:x:odd"))[0]["ex:odd name"] == 1


# A serial may have any character of set 82, which `/ % & + ? "` are among.
SERIALS = ["a/b", "a%b", "a&b", "a+b", "a?b", 'a"b', "%2F", "%41", "<a>", "a.b", "a;b=c"]


class TestSerial:
    @pytest.mark.parametrize("serial", SERIALS)
    def test_of_any_character_is_found_by_every_path(self, quick: TestClient, serial: str) -> None:
        """
        What a serial contains never cuts a path short, and is never decoded twice.
        """
        link = f"https://id.gs1.org/01/00300010123455/21/{quote(serial, safe='')}"
        case = "urn:epc:id:sgtin:030001.1012345.110"
        packed = {
            "type": "AggregationEvent",
            "parentID": case,
            "childEPCs": [link],
            "epcList": None,
            "action": "ADD",
        }
        ilmd = {"cbvmda:lotNumber": "L/1 %", "cbvmda:itemExpirationDate": "2030-02-28"}
        captured(
            quick,
            document(
                event(1, epcList=[link], action="ADD", bizStep="commissioning", ilmd=ilmd),
                event(2, **packed),
            ),
        )

        for spelling in (link, f"(01)00300010123455(21){serial}"):
            escaped = quote(spelling, safe="")
            told = quick.get(f"/history/{escaped}")
            assert told.status_code == 200, told.text
            assert [e["role"] for e in told.json()["events"]] == ["object", "child"]
            assert quick.get(f"/contents/{escaped}").json()["parent"] == case
            assert len(events_of(quick.get(f"/epcis/epcs/{escaped}/events"))) == 2
            assert quick.get(f"/history/{link}").json() == told.json()
        assert len(events_of(quick.get(f"/epcis/epcs/{link}/events"))) == 2
        assert len(events_of(quick.get("/epcis/events", params={"MATCH_anyEPC": link}))) == 2
        lot, last = quote("L/1 %", safe=""), quote(serial, safe="")
        verdict = quick.get(f"/verify/gtin/00300010123455/lot/{lot}/ser/{last}?exp=300200")
        assert verdict.json()["data"] == {"verified": True}


class TestPath:
    @pytest.mark.parametrize(
        "path",
        [
            "/nope",
            "/health/",
            "/epcis/nope",
            "/epcis/events/nope",
            "/epcis/events/",
            "/epcis/events/%00",
            "/epcis/capture/%00",
            "/%65pcis/events/urn:x:1",
            "/epcis%2Fevents/urn:x:1",
            "/history/urn:epc:id:sgtin:030001.0012345.nobody",
            "/contents/urn:epc:id:sscc:030001.49999999999",
            "/epcis/epcs/https:%2f%2fid.gs1.org%2f01%2f00300010123455%2f21%2f1%2fevents",
        ],
    )
    def test_that_leads_nowhere_is_not_found(self, client: TestClient, path: str) -> None:
        """
        A path that names nothing has a problem document, and no way to another host.
        """
        answer = client.get(path, follow_redirects=False)

        value = problem(answer, 404, "NoSuchResourceException")
        assert value["instance"] == path

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/epcis/events", "OPTIONS, GET, HEAD, POST"),
            ("DELETE", "/epcis/events/urn:x:1", "OPTIONS, GET, HEAD"),
            ("DELETE", "/epcis/capture", "OPTIONS, POST, GET, HEAD"),
            ("GET", "/epcis/nextPageToken/x", "OPTIONS, DELETE"),
            ("POST", "/history/x", "OPTIONS, GET, HEAD"),
            ("PATCH", "/health", "OPTIONS, GET, HEAD"),
        ],
    )
    def test_says_which_methods_it_has(
        self, quick: TestClient, method: str, path: str, allowed: str
    ) -> None:
        """
        A method that a resource has not is refused with those that it has.
        """
        answer = quick.request(method, path)

        assert allowed in problem(answer, 405)["detail"]
        assert answer.headers["Allow"] == allowed

    @pytest.mark.parametrize("path", ["/history", "/contents"])
    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("as_of=yesterday", "as_of"),
            ("as_of=", "as_of"),
            ("known_at=2026-01-01T00:00:00", "known_at"),
            ("asof=2026-01-01", "asof"),
            ("as_of=2026-01-01&as_of=2026-01-02", "as_of"),
        ],
    )
    def test_refuses_a_moment_that_is_none(
        self, quick: TestClient, path: str, query: str, name: str
    ) -> None:
        """
        A clock that is misspelt, repeated or no moment is refused by its name: never the
        present in its place.
        """
        value = problem(quick.get(f"{path}/{UNIT.format(1)}?{query}"), 400)

        assert value["type"] == "epcisException:QueryParameterException"
        assert value["detail"].startswith(f"{name}:")

    @pytest.mark.parametrize("path", ["/history/foo", "/contents/foo"])
    def test_says_what_an_identifier_may_look_like(self, quick: TestClient, path: str) -> None:
        """
        What is no identifier is answered with what would be one.
        """
        value = problem(quick.get(path), 400, "ValidationException")

        for form in ("foo", "URN", "Digital Link", "element string", "SSCC", "GTIN and a serial"):
            assert form in value["detail"]

    def test_zone_of_a_clock_needs_no_escape(self, client: TestClient) -> None:
        """
        The plus of an offset means a plus, though a query string makes it a blank.
        """
        captured(client, document(event(1)))
        path = f"/history/{UNIT.format(1)}"

        raw = client.get(f"{path}?as_of=2026-01-01T01:00:01+01:00")
        before = client.get(f"{path}?as_of=2026-01-01T01:00:00+01:00")

        assert raw.json()["as_of"] == "2026-01-01T00:00:01.000Z"
        problem(before, 404)


class TestRoot:
    def test_lists_the_resources(self, quick: TestClient) -> None:
        """
        The root says what there is.
        """
        assert "/epcis/events" in quick.get("/").json()["resources"]

    def test_health_tells_the_head(self, client: TestClient) -> None:
        """
        Health says how long the log is.
        """
        empty = client.get("/health").json()
        captured(client, document(event()))

        # The receipt of a capture is an event of the log, too.
        assert (empty["status"], empty["head"]) == ("ok", 0)
        assert client.get("/health").json()["head"] == 2

    @pytest.mark.parametrize("path", ["/", "/health", "/nope", "/health/"])
    def test_names_no_host(self, quick: TestClient, path: str) -> None:
        """
        No answer sends a browser elsewhere, whatever the client says the host is.
        """
        answer = quick.get(path, headers={"Host": "evil.example"}, follow_redirects=False)

        assert "http://" not in answer.text
        assert "https://" not in answer.text
        assert "evil" not in answer.text + str(answer.headers)

    def test_interactive_pages_are_not_there(self, quick: TestClient) -> None:
        """
        The framework's pages, which load scripts from another host, are not served.
        """
        assert quick.get("/redoc").status_code == 404
        assert "<script" not in quick.get("/docs").text
