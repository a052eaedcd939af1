"""Reactions to what breaks a rule, and what they keep out, over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from epcis_repo.reactions import DEFAULTS
from tests.operations.reports import OTHER_PACK, PACK, commissioned, document, named
from tests.reactions.sending import AGAIN, FIRST, MAKER, TWICE, body_of
from tests.rest.documents import JSON
from tests.rest.serving import captured, must_be_valid, problem, serving

WHY = {"reason": "agreed with partners", "by": "QA"}
OTHER = named("urn:x:other", commissioned(2, OTHER_PACK))


def asked(client: TestClient, path: str, value: Any) -> Response:
    headers = {"Content-Type": "application/json"}
    return client.post(path, content=json.dumps(value), headers=headers)


def react(client: TestClient, reaction: str, **more: str) -> dict[str, Any]:
    answer = asked(client, f"/rules/{TWICE}/reactions", {"reaction": reaction, **WHY, **more})
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    must_be_valid(value, "reactions")
    return value


def sent(client: TestClient, body: bytes, **headers: str) -> Response:
    return client.post("/epcis/capture", content=body, headers={"Content-Type": JSON, **headers})


class TestReactions:
    def test_are_shown_with_the_rules(self, client: TestClient) -> None:
        """
        GET /rules has what becomes of what breaks each rule about things, and what somebody has
        set, as known at any moment.
        """
        before = client.get("/rules").json()
        react(client, "quarantine", partner=MAKER)
        react(client, "reject")

        after = client.get("/rules").json()
        long_ago = client.get("/rules", params={"known_at": "2020-01-01"}).json()

        must_be_valid(after, "rules")
        assert long_ago == before
        shown = {rule["rule"]: rule["reactions"] for rule in after["rules"]}
        assert {r["rule"]: r["default"] for r in shown.values() if r} == DEFAULTS
        told = [(s["partner"], s["reaction"], s["by"]) for s in shown[TWICE]["set"]]
        assert told == [(None, "reject", "QA"), (MAKER, "quarantine", "QA")]
        assert client.get(f"/rules/{TWICE}/reactions").json() == shown[TWICE]

    @pytest.mark.parametrize(
        ("rule", "value", "status"),
        [
            pytest.param("nobodys", {"reaction": "reject", **WHY}, 404, id="no rule"),
            pytest.param("gs1-identifier", {"reaction": "reject", **WHY}, 404, id="of documents"),
            pytest.param(TWICE, {"reaction": "ignore", **WHY}, 400, id="no reaction"),
            pytest.param(TWICE, {"reaction": "reject", "by": "QA"}, 400, id="without a reason"),
            pytest.param(TWICE, {"reaction": "reject", **WHY, "partner": ""}, 400, id="no partner"),
            pytest.param(TWICE, {"reaction": "reject", **WHY, "who": "x"}, 400, id="unknown"),
            pytest.param(
                "shipped-not-received", {"reaction": "reject", **WHY}, 400, id="that time shows"
            ),
        ],
    )
    def test_are_refused(
        self, quick: TestClient, rule: str, value: dict[str, Any], status: int
    ) -> None:
        """
        What is no reaction to a rule about things is refused, and says what would be right.
        """
        problem(asked(quick, f"/rules/{rule}/reactions", value), status)

    def test_refuse_a_document_as_a_bad_one(self, client: TestClient) -> None:
        """
        What a rule refuses is 400, with rule, event, things, what it contradicts, what to do.
        """
        react(client, "reject")
        captured(client, body_of(FIRST))

        refused = problem(sent(client, body_of(OTHER, AGAIN)), 400, "ValidationException")
        in_xml = sent(client, body_of(OTHER, AGAIN), Accept="application/problem+xml")

        [violation] = refused["violations"]
        assert (violation["rule"], violation["event"]) == (TWICE, 2)
        assert violation["epcs"] == [PACK]
        assert violation["contradicts"] == "urn:x:first"
        assert violation["what_to_do"].startswith("Hold all that has the serial")
        assert f'epcs="{PACK}"' in in_xml.text
        found = client.get("/findings").json()
        must_be_valid(found, "findings-made")
        assert [(f["rule"], f["captured"]) for f in found["findings"]] == [(TWICE, False)]

    def test_keep_a_document_aside_until_it_is_released(self, client: TestClient) -> None:
        """
        A document that is kept aside has a job that says so, is listed, and is captured when it is
        released.
        """
        react(client, "quarantine")
        captured(client, body_of(FIRST))

        job = captured(client, body_of(OTHER, AGAIN))
        listed = client.get("/quarantine").json()
        path = f"/quarantine/{job['captureID']}"
        one = client.get(path).json()
        hidden = client.get("/epcis/events/urn:x:again").status_code
        released = asked(client, f"{path}/release", WHY)

        must_be_valid(job, "capture")
        assert (job["success"], job["quarantined"], job["recorded"]) == (False, 2, 0)
        must_be_valid(listed, "quarantine")
        assert listed["quarantine"] == [one]
        assert hidden == 404
        must_be_valid(released.json(), "quarantined")
        assert released.json()["state"] == "released"
        assert client.get("/epcis/events/urn:x:again").status_code == 200
        assert client.get("/quarantine").json() == {"quarantine": []}
        assert len(client.get("/quarantine", params={"all": "true"}).json()["quarantine"]) == 1
        problem(asked(client, f"{path}/dismiss", WHY), 409)
        again = client.get(f"/epcis/capture/{released.json()['decided']['captured_as']}").json()
        must_be_valid(again, "capture")
        assert (again["success"], again["recorded"]) == (True, 2)

    def test_keep_a_single_event_aside(self, client: TestClient) -> None:
        """
        An event that is kept aside is answered by its job, not as one that is there.
        """
        react(client, "quarantine")
        captured(client, body_of(FIRST))
        event = json.loads(document(AGAIN))["epcisBody"]["eventList"][0]
        context = json.loads(document(AGAIN))["@context"]

        answer = asked(client, "/epcis/events", {"@context": context, **event})

        assert answer.status_code == 202
        job = client.get(answer.headers["Location"]).json()
        assert (job["quarantined"], job["recorded"]) == (1, 0)

    def test_hold_for_what_is_captured_afterwards(self, client: TestClient) -> None:
        """
        A document that is captured after it was answered is refused by its job.
        """
        react(client, "reject")
        captured(client, body_of(FIRST))

        answer = sent(client, body_of(AGAIN), Prefer="respond-async").json()
        while (job := client.get(f"/epcis/capture/{answer['captureID']}").json())["running"]:
            pass

        must_be_valid(job, "capture")
        assert (job["success"], job["errors"][0]["violations"][0]["rule"]) == (False, TWICE)

    def test_find_what_was_captured_behind_the_answers(self, store_url: str) -> None:
        """
        Who serves finds what broke a rule and was captured, by rule, sender, event and thing.
        """
        with serving(store_url, judging=True) as client:
            captured(client, body_of(FIRST))
            captured(client, body_of(AGAIN, sender=MAKER))
            while not (found := client.get("/findings").json()["findings"]):
                pass
            sought = {"rule": TWICE, "sender": MAKER, "eventID": "urn:x:first", "epc": PACK}
            page = client.get("/findings", params=sought).json()
            others = client.get("/findings", params={**sought, "epc": OTHER_PACK}).json()
            cases = client.get("/exceptions").json()["exceptions"]

        assert page["findings"] == found
        assert others == {"findings": []}
        assert [case["kind"] for case in cases] == [TWICE]

    @pytest.mark.parametrize(
        "path",
        [
            "/findings?rule=nobodys",
            "/findings?epc=x",
            "/findings?who=x",
            "/findings?rule=event-ahead&rule=event-stale",
            "/findings?nextPageToken=x",
            "/quarantine?all=yes",
            "/quarantine?nextPageToken=x",
            "/rules?as_of=2026-01-01",
        ],
    )
    def test_refuse_what_nobody_can_ask(self, quick: TestClient, path: str) -> None:
        """
        A parameter that is unknown, twice, or of another type is refused by name.
        """
        assert quick.get(path).status_code in (400, 404)

    def test_have_nothing_of_what_was_not_kept_aside(self, quick: TestClient) -> None:
        """
        There is nothing of a capture that is none, or that has kept nothing aside.
        """
        problem(quick.get("/quarantine/x"), 404)
        problem(asked(quick, "/quarantine/x/release", WHY), 404)


class TestAllocations:
    def test_are_made_listed_and_withdrawn(self, client: TestClient, tmp_path: Path) -> None:
        """
        Allocated serials are listed by product, as known at any moment, and found when they are
        not.
        """
        captured(client, body_of(FIRST, OTHER))
        said = {"gtin": "00300010123455", "first": "A2", "last": "A9", **WHY}

        made = asked(client, "/allocations", said)
        again = asked(client, "/allocations", said)
        found = client.get(f"/findings/{PACK}").json()["findings"]
        listed = client.get("/allocations", params={"gtin": "300010123455"}).json()
        before = client.get("/allocations", params={"known_at": "2020-01-01"}).json()
        withdrawn = asked(client, f"{made.headers['Location']}/withdraw", WHY)

        must_be_valid(made.json(), "allocation")
        assert (made.status_code, again.json()) == (201, made.json())
        assert [finding["rule"] for finding in found] == ["serial-range"]
        must_be_valid(listed, "allocations")
        assert listed["allocations"] == [made.json()]
        assert before == {"allocations": []}
        assert withdrawn.json()["withdrawal"]["by"] == "QA"
        assert client.get(made.headers["Location"]).json() == withdrawn.json()
        assert client.get(f"/findings/{PACK}").json()["findings"] == []
        problem(asked(client, f"{made.headers['Location']}/withdraw", WHY), 409)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"gtin": "00300010123456"},
            {"gtin": "30001012345"},
            {"first": ""},
            {"first": "a b"},
            {"last": "A10"},
            {"last": "A1"},
            {"more": "x"},
        ],
        ids=["check digit", "11 digits", "empty", "a blank", "longer", "before", "unknown"],
    )
    def test_are_refused(self, quick: TestClient, wrong: dict[str, str]) -> None:
        """
        What allocates no serials of a product is refused.
        """
        said = {"gtin": "00300010123455", "first": "A2", "last": "A9", **WHY, **wrong}

        problem(asked(quick, "/allocations", said), 400)
