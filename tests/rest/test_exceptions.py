"""Exceptions over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.operations.reports import (
    CASE,
    OTHER_PACK,
    PACK,
    commissioned,
    declared_in_error,
    document,
    named,
    packed,
    received,
    shipped,
    unpacked,
)
from tests.operations.test_custody import sold
from tests.rest.serving import captured, must_be_valid, problem

WHY = {"reason": "two packs too few", "by": "Ann"}
SHORTAGE: dict[str, Any] = {
    **WHY,
    "exception_id": "E 1",
    "kind": "shortage",
    "things": [CASE],
    "transactions": ["urn:epcglobal:cbv:bt:030001000001:D1"],
    "due": "2030-01-01",
}
DECIDED = "/exceptions/E%201/decisions"


def asked(
    client: TestClient, path: str, value: Any, media_type: str = "application/json"
) -> Response:
    return client.post(path, content=json.dumps(value), headers={"Content-Type": media_type})


def decided(client: TestClient, word: str, **more: Any) -> Response:
    who = {"by": "Bob"} if word == "approve" else {}
    value = {"decision": word, **WHY, **who, **more}
    must_be_valid(value, "exception-decision-asked")
    return asked(client, DECIDED, value)


class TestExceptions:
    def test_are_opened_once_under_a_key(self, client: TestClient) -> None:
        """
        The same request again is answered as it was, to the byte, whatever was decided since;
        another under its key is refused, and opens nothing.
        """
        key = {"Content-Type": "application/json", "Idempotency-Key": "K1"}
        shortage = {**WHY, "kind": "shortage", "things": [CASE], "due": "2020-01-01"}

        first = client.post("/exceptions", json=shortage, headers=key)
        location = first.headers["Location"]
        asked(client, f"{location}/decisions", {"decision": "begin", **WHY})
        again = client.post("/exceptions", json=shortage, headers=key)
        other = client.post("/exceptions", json={**shortage, "things": [PACK]}, headers=key)

        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Location"] == location
        problem(other, 422)
        assert client.get(location).json()["state"] == "in_work"
        assert len(client.get("/exceptions").json()["exceptions"]) == 1

    def test_are_opened_as_often_as_they_are_asked_for_without_one(
        self, client: TestClient
    ) -> None:
        """
        Two shortages may look alike: who names neither the request nor the exception means two.
        """
        for _ in range(2):
            asked(client, "/exceptions", {**WHY, "kind": "shortage", "things": [CASE]})

        assert len(client.get("/exceptions").json()["exceptions"]) == 2

    def test_are_opened_and_decided_on_until_they_are_closed(self, client: TestClient) -> None:
        """
        What was opened is at its Location; each decision is answered with what it is then.
        """
        must_be_valid(SHORTAGE, "exception-asked")
        opened = asked(client, "/exceptions", SHORTAGE)

        assert opened.status_code == 201
        must_be_valid(opened.json(), "exception")
        assert opened.headers["Location"] == "/exceptions/E%201"
        assert client.get("/exceptions/E%201").json() == opened.json()
        asked(client, "/holds", {"of": [CASE], "hold_id": "H 1", **WHY})
        ways: list[tuple[str, dict[str, Any]]] = [
            ("begin", {}),
            ("assign", {"owner": "Bob"}),
            ("ask_partner", {}),
            ("amend", {"things": [PACK], "events": ["urn:x:1"], "partner": "the seller"}),
            ("comment", {}),
            ("hear_partner", {}),
            ("reschedule", {"due": "2031-01-01T12:00:00Z"}),
            ("explain", {"root_cause": "method"}),
            ("contain", {"hold_id": "H 1"}),
            ("plan_action", {"action": "preventive", "owner": "the line", "due": "2030-01-01"}),
            ("resolve", {}),
            ("approve", {}),
            ("finish_action", {"number": 1}),
            ("check_action", {"number": 1, "effective": False}),
            ("finish_action", {"number": 1}),
            ("check_action", {"number": 1, "effective": True}),
            ("close", {}),
            ("reopen", {}),
        ]
        for version, (word, more) in enumerate(ways, start=1):
            answer = decided(client, word, **more, version=version)
            assert answer.status_code == 200, answer.text
            must_be_valid(answer.json(), "exception")
            assert answer.json()["history"][-1]["decision"] == word
            assert answer.json() == client.get("/exceptions/E%201").json()
        value = client.get("/exceptions/E%201").json()
        assert [past["decision"] for past in value["history"]] == ["open", *(w for w, _ in ways)]
        assert (value["state"], value["owner"], value["partner"]) == ("open", "Bob", "the seller")
        assert (value["things"], value["holds"]) == ([CASE, PACK], ["H 1"])
        assert value["actions"][0]["checked"]["effective"] is True
        assert value["history"][4]["said"] == {
            "things": 1,
            "transactions": 0,
            "events": 1,
            "findings": 0,
            "partner": "the seller",
        }

    def test_are_decided_once(self, client: TestClient) -> None:
        """
        A name that is taken, a step that is not there, and an old version are conflicts.
        """
        asked(client, "/exceptions", SHORTAGE)

        problem(asked(client, "/exceptions", SHORTAGE), 409, "ResourceAlreadyExistsException")
        refused = problem(decided(client, "close"), 409, "ValidationException")
        assert "begin, ask_partner, resolve" in refused["detail"]
        decided(client, "comment", version=1)
        problem(decided(client, "comment", version=1), 409, "ValidationException")

    def test_are_approved_by_somebody_else(self, client: TestClient) -> None:
        """
        Who has resolved it cannot approve it; who has, with which words and when, is told.
        """
        asked(client, "/exceptions", SHORTAGE)
        decided(client, "resolve")

        refused = problem(decided(client, "approve", by="ann"), 409, "ValidationException")
        assert "somebody else" in refused["detail"]
        value = decided(client, "approve", reason="I have checked it").json()

        at = value["history"][-1]["at"]
        assert value["approval"] == {"by": "Bob", "reason": "I have checked it", "at": at}
        assert (value["state"], value["steps"]) == ("approved", ["close", "reopen"])

    def test_are_contained_by_a_hold_that_there_is(self, client: TestClient) -> None:
        """
        A hold that nobody has placed contains nothing.
        """
        asked(client, "/exceptions", SHORTAGE)

        problem(decided(client, "contain", hold_id="H9"), 404, "NoSuchResourceException")

    def test_about_a_container_are_found_by_what_is_in_it(self, client: TestClient) -> None:
        """
        Who asks for a pack is told of the exception about its case, as of when it was in that.
        """
        captured(client, document(commissioned(1, PACK), packed(2, CASE, PACK)))
        captured(client, document(unpacked(6, CASE, PACK)))
        asked(client, "/exceptions", SHORTAGE)

        for query, count in (("as_of=2026-01-01T05:00:00Z", 1), ("", 0)):
            value = client.get(f"/exceptions?id={PACK}&{query}").json()
            must_be_valid(value, "exceptions")
            assert len(value["exceptions"]) == count, query

    def test_that_are_not_there_are_not_found(self, client: TestClient) -> None:
        """
        A name that no exception has is 404, whatever is asked of it.
        """
        for path in ("/exceptions/E2", "/exceptions/E%00", "/exceptions/E%202"):
            problem(client.get(path), 404, "NoSuchResourceException")
            value = {"decision": "comment", **WHY}
            problem(asked(client, f"{path}/decisions", value), 404, "NoSuchResourceException")

    def test_are_listed_page_by_page(self, client: TestClient) -> None:
        """
        The newest come first, and the next page is at its link.
        """
        for number in range(5):
            asked(client, "/exceptions", {**SHORTAGE, "exception_id": f"E{number}"})

        first = client.get("/exceptions?perPage=3&class=data_no_product&overdue=false")

        must_be_valid(first.json(), "exceptions")
        second = client.get(first.links["next"]["url"])
        found = first.json()["exceptions"] + second.json()["exceptions"]
        assert [case["exception_id"] for case in found] == ["E4", "E3", "E2", "E1", "E0"]
        assert "next" not in second.links

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("", 1),
            ("state=open", 1),
            ("state=closed", 0),
            ("class=data_issue", 0),
            ("kind=shortage&overdue=false", 1),
            ("overdue=true", 0),
            ("owner=Ann", 0),
            (f"id={CASE}", 1),
            (f"id={PACK}", 0),
            ("known_at=2026-01-01", 0),
            ("known_at=2040-01-01&overdue=true", 1),
        ],
    )
    def test_are_found_by_what_is_said_of_them(
        self, client: TestClient, query: str, count: int
    ) -> None:
        """
        Each parameter narrows the list; they are overdue at the moment whose knowledge is asked.
        """
        asked(client, "/exceptions", SHORTAGE)

        value = client.get(f"/exceptions?{query}").json()

        must_be_valid(value, "exceptions")
        assert len(value["exceptions"]) == count
        assert all(case["overdue"] is ("2040" in query) for case in value["exceptions"])

    def test_are_of_the_moment_that_is_asked(self, client: TestClient) -> None:
        """
        What was known of one is what had been decided by then.
        """
        opened = asked(client, "/exceptions", SHORTAGE).json()
        decided(client, "resolve")

        value = client.get("/exceptions/E%201", params={"known_at": opened["opened_at"]}).json()

        assert value == opened
        problem(client.get("/exceptions/E%201?known_at=2026-01-01"), 404)

    @pytest.mark.parametrize(
        "query",
        [
            *("state=new", "class=other", "kind=A", "overdue=yes", "id=nothing", "id=urn:x:%00"),
            *("owner=", "stat=open", "state=open&state=open", "known_at=soon", "perPage=0"),
            *("nextPageToken=x", "as_of=2026-01-01", f"as_of=soon&id={CASE}", "thread="),
        ],
    )
    def test_are_not_asked_for_otherwise(self, client: TestClient, query: str) -> None:
        """
        What is no parameter, or no value of one, is refused.
        """
        problem(client.get(f"/exceptions?{query}"), 400)

    def test_are_not_what_is_no_exception(self, client: TestClient) -> None:
        """
        What is wrong with a body is named by its place, and nothing is recorded.
        """
        refused = problem(asked(client, "/exceptions", {**SHORTAGE, "things": ["a case"]}), 400)
        assert [violation["pointer"] for violation in refused["violations"]] == ["/things/0"]
        problem(client.post("/exceptions", content=b"{"), 415)
        problem(asked(client, "/exceptions", SHORTAGE, "text/plain"), 415)
        problem(asked(client, "/exceptions", {**SHORTAGE, "reason": "x" * (5 << 20)}), 400)
        problem(client.get("/exceptions/E%201?as_of=2026-01-01"), 400)
        problem(asked(client, "/exceptions", {**SHORTAGE, "exception_id": "findings"}), 400)

        assert client.get("/exceptions").json() == {"exceptions": []}


class TestFindings:
    def test_are_made_exceptions_of_once(self, client: TestClient) -> None:
        """
        Two packs that nobody shipped are one exception of each kind; again, nothing changes.
        """
        captured(client, document(commissioned(1, PACK, OTHER_PACK)))
        for pack in (PACK, OTHER_PACK):
            captured(client, document(sold(received(4, pack))))
        look = {"of": [PACK, OTHER_PACK], "by": "Ann"}
        must_be_valid(look, "exception-findings-asked")

        first = asked(client, "/exceptions/findings", look)
        again = asked(client, "/exceptions/findings", look)

        assert first.status_code == 200
        for answer in (first, again):
            must_be_valid(answer.json(), "exceptions-raised")
        became = {case["exception_id"]: case["became"] for case in first.json()["exceptions"]}
        assert {*became.values()} == {"opened"}
        for case in again.json()["exceptions"]:
            assert case["became"] == "unchanged"
            value = client.get(f"/exceptions/{case['exception_id']}").json()
            must_be_valid(value, "exception")
            assert value["findings"]
            assert value["what_to_do"]
        kinds = {case["kind"] for case in first.json()["exceptions"]}
        assert "received-not-shipped" in kinds

    def test_that_are_no_more_resolve_it(self, client: TestClient) -> None:
        """
        Looked for again after a correction, by the thing or by the exception, what is found no more
        is told as cleared.
        """
        event = named("urn:x:received", sold(received(4, PACK)))
        captured(client, document(commissioned(1, PACK), event))
        look = {"of": [PACK], "by": "Ann"}
        [name] = (
            c["exception_id"]
            for c in asked(client, "/exceptions/findings", look).json()["exceptions"]
        )
        captured(client, document(declared_in_error(event, 9)))
        again = {"exceptions": [name], "by": "Ann"}
        must_be_valid(again, "exception-findings-asked")

        answer = asked(client, "/exceptions/findings", again)

        must_be_valid(answer.json(), "exceptions-raised")
        assert [case["became"] for case in answer.json()["exceptions"]] == ["resolved"]
        value = client.get(f"/exceptions/{name}").json()
        must_be_valid(value, "exception")
        assert (value["state"], value["findings"]) == ("resolved", [])
        assert [finding["epcs"] for finding in value["cleared"]] == [[PACK]]
        assert [past["decision"] for past in value["history"]] == ["open", "clear", "resolve"]

    def test_of_what_is_held_are_those_too(self, client: TestClient) -> None:
        """
        What was shipped while it was recalled is unavailable for distribution.
        """
        captured(client, document(commissioned(1, PACK)))
        recall = {"kind": "recall", "hold_id": "R1", "of": [PACK], "since": "2026-01-01"}
        asked(client, "/holds", {**WHY, **recall})
        captured(client, document(sold(shipped(4, PACK))))

        found = asked(client, "/exceptions/findings", {"of": [PACK], "by": "Ann"}).json()

        classes = {case["kind"]: case["class"] for case in found["exceptions"]}
        assert classes["shipped-recalled"] == "unavailable_for_distribution"

    def test_of_what_nobody_knows_are_not_found(self, client: TestClient) -> None:
        """
        A thing that no event names is 404; what is no identifier is 400, with its place.
        """
        problem(asked(client, "/exceptions/findings", {"of": [PACK], "by": "Ann"}), 404)
        refused = problem(asked(client, "/exceptions/findings", {"of": ["a"], "by": "Ann"}), 400)
        assert [violation["pointer"] for violation in refused["violations"]] == ["/of/0"]
