"""Named queries over HTTP: defined, listed, asked, deleted; and what is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.conformance.rows import holds
from tests.rest.documents import JSON, JSON_LD, XML, document, event
from tests.rest.serving import captured, events_of, log_of, problem, serving

SHIPPED = {"EQ_bizStep": ["shipping"]}


def define(client: TestClient, name: str, query: Any, media_type: str = JSON) -> Response:
    body = json.dumps({"name": name, "query": query})
    return client.post("/epcis/queries", content=body, headers={"Content-Type": media_type})


def capture_some(client: TestClient) -> None:
    steps = ("shipping", "receiving")
    captured(
        client,
        document(*(event(n, eventID=f"urn:x:{n}", bizStep=steps[n % 2]) for n in range(10))),
    )


class TestDefining:
    @holds("R21")
    @pytest.mark.parametrize("name", ["shipped", "what was shipped?", "50 % & more", "Grüße"])
    def test_answers_with_where_it_is(self, client: TestClient, name: str) -> None:
        """
        The definition is at its Location, as it was given, whatever its name has in it.
        """
        query = {"EQ_bizStep": ["shipping"], "GE_quantity": 0.5, "@context": {"ex": "urn:ex:"}}

        answer = define(client, name, query)

        assert answer.status_code == 201, answer.text
        location = answer.headers["Location"]
        assert location == f"/epcis/queries/{quote(name, safe='')}"
        assert client.get(location).json() == {"name": name, "query": query} == answer.json()

    def test_is_of_json_ld_too(self, client: TestClient) -> None:
        """
        A query may have a `@context`, so it may say that it is JSON-LD.
        """
        assert define(client, "q", SHIPPED, JSON_LD).status_code == 201
        problem(define(client, "x", SHIPPED, XML), 415, "UnsupportedMediaTypeException")

    @holds("R21")
    def test_gives_a_name_once(self, client: TestClient) -> None:
        """
        A query never changes under its name.
        """
        define(client, "q", SHIPPED)

        problem(define(client, "q", {}), 409, "ResourceAlreadyExistsException")

        assert client.get("/epcis/queries/q").json()["query"] == SHIPPED
        problem(define(client, "SimpleEventQuery", {}), 409, "ResourceAlreadyExistsException")

    @pytest.mark.parametrize(
        ("name", "query", "what"),
        [
            ("a/b", {}, "name"),
            ("", {}, "name"),
            ("..", {}, "name"),
            ("q", {"EQ_bizStpe": ["shipping"]}, "EQ_bizStpe"),
            ("q", {"EQ_action": ["LOOK"]}, "EQ_action"),
            ("q", {"GE_eventTime": "yesterday"}, "GE_eventTime"),
            ("q", {"eventCountLimit": 5}, "eventCountLimit"),
            ("q", {"perPage": 5}, "perPage"),
            ("q", {"nextPageToken": "x"}, "nextPageToken"),
        ],
    )
    def test_checks_every_parameter(
        self, client: TestClient, store_url: str, name: str, query: Any, what: str
    ) -> None:
        """
        What could not be asked has no name, and nothing is recorded of it.
        """
        value = problem(define(client, name, query), 400, "QueryParameterException")

        assert value["detail"].startswith(f"{what}:")
        assert log_of(store_url) == (0, 0)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="nothing"),
            pytest.param(b"{", id="cut short"),
            pytest.param(b"[]", id="a list"),
            pytest.param(b'{"name": "q"}', id="no query"),
            pytest.param(b'{"query": {}}', id="no name"),
            pytest.param(b'{"name": 1, "query": {}}', id="a number for a name"),
            pytest.param(b'{"name": "q", "query": []}', id="a list for a query"),
            pytest.param(b'{"name": "q", "query": {}, "more": 1}', id="something else"),
            pytest.param(b'{"name": "q", "name": "r", "query": {}}', id="two names"),
            pytest.param(
                b'{"name": "q", "query": {"GE_quantity": 0.12345678901234567890}}',
                id="more digits than a double",
            ),
            pytest.param(b'{"name": "q\\u0000", "query": {}}', id="NUL"),
            pytest.param(b"\xff", id="no UTF-8"),
        ],
    )
    def test_wants_a_name_and_a_query(self, quick: TestClient, body: bytes) -> None:
        """
        What is no definition is told so.
        """
        answer = quick.post("/epcis/queries", content=body, headers={"Content-Type": JSON})

        problem(answer, 400, "QueryValidationException")

    def test_has_a_limit(self, quick: TestClient) -> None:
        """
        A query of a megabyte is not read.
        """
        query = {"MATCH_anyEPC": ["urn:x:" + "y" * 1_100_000]}

        problem(define(quick, "q", query), 413, "QueryTooComplexException")


class TestTheList:
    @holds("R21")
    def test_has_pages(self, client: TestClient) -> None:
        """
        Queries come in order of their names, each once, whatever is defined meanwhile.
        """
        names = [f"q{n}" for n in range(7)]
        for name in reversed(names):
            define(client, name, SHIPPED)

        answer = client.get("/epcis/queries?perPage=3")
        met = []
        while True:
            met += [value["name"] for value in answer.json()]
            assert all(value["query"] == SHIPPED for value in answer.json())
            if "next" not in answer.links:
                break
            assert answer.headers["GS1-Next-Page-Token-Expires"]
            define(client, f"a{len(met)}", SHIPPED)
            answer = client.get(answer.links["next"]["url"])

        assert met == names

    @pytest.mark.parametrize("query", ["perPage=0", "nextPageToken=%FF", "a=b"])
    def test_is_asked_for_in_known_words(self, quick: TestClient, query: str) -> None:
        """
        A parameter that there is not, or a value that there cannot be, is told.
        """
        problem(quick.get(f"/epcis/queries?{query}"), 400, "QueryParameterException")


class TestAsking:
    @holds("R21")
    def test_gives_what_the_query_finds(self, client: TestClient) -> None:
        """
        The answer bears the name of the query, and is that of its parameters, page by page.
        """
        capture_some(client)
        define(client, "shipped", SHIPPED)

        answer = client.get("/epcis/queries/shipped/events?perPage=2")
        found = []
        while True:
            results = answer.json()["epcisBody"]["queryResults"]
            assert results["queryName"] == "shipped"
            assert "subscriptionID" not in results
            found += [e["eventID"] for e in events_of(answer)]
            if "next" not in answer.links:
                break
            answer = client.get(answer.links["next"]["url"])

        assert found == [f"urn:x:{n}" for n in range(0, 10, 2)]
        xml = client.get("/epcis/queries/shipped/events", headers={"Accept": XML})
        assert b"<queryName>shipped</queryName>" in xml.content

    @pytest.mark.parametrize("query", ["EQ_action=ADD", "perPage=x", "perPage=1&perPage=1"])
    def test_cannot_be_narrowed(self, client: TestClient, query: str) -> None:
        """
        Who asks by name has no other parameters than those of pages.
        """
        define(client, "q", SHIPPED)

        problem(client.get(f"/epcis/queries/q/events?{query}"), 400, "QueryParameterException")

    def test_refuses_more_events_than_are_allowed(self, client: TestClient) -> None:
        """
        A query may say how many events are too many.
        """
        capture_some(client)
        define(client, "few", {"maxEventCount": 9})

        problem(client.get("/epcis/queries/few/events"), 413, "QueryTooLargeException")

    def test_finds_what_was_defined_last(self, client: TestClient) -> None:
        """
        A name that was another query's gives what it means now.
        """
        capture_some(client)
        define(client, "q", SHIPPED)
        first = events_of(client.get("/epcis/queries/q/events"))

        client.delete("/epcis/queries/q")
        define(client, "q", {})

        assert (len(first), len(events_of(client.get("/epcis/queries/q/events")))) == (5, 10)


class TestDeleting:
    @holds("R21")
    def test_frees_the_name(self, store_url: str) -> None:
        """
        What was deleted is not there any more, after a restart neither, and is no answer again.
        """
        with serving(store_url) as client:
            define(client, "q", SHIPPED)
            assert client.get("/epcis/queries/q/events").status_code == 200

            deleted = client.delete("/epcis/queries/q")

            assert (deleted.status_code, deleted.content) == (204, b"")
            for path in ("/epcis/queries/q", "/epcis/queries/q/events"):
                problem(client.get(path), 404, "NoSuchResourceException")
        with serving(store_url) as client:
            assert client.get("/epcis/queries").json() == []
            problem(client.delete("/epcis/queries/q"), 404, "NoSuchResourceException")

    @pytest.mark.parametrize("name", ["no", "%00", "SimpleEventQuery"])
    def test_finds_no_other(self, quick: TestClient, name: str) -> None:
        """
        What is no query of ours cannot be got or deleted.
        """
        problem(quick.get(f"/epcis/queries/{name}"), 404)
        problem(quick.delete(f"/epcis/queries/{name}"), 404)
