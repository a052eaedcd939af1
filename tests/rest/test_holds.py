"""Holds and recalls over HTTP."""

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
    PALLET,
    commissioned,
    document,
    packed,
    shipped,
)
from tests.rest.serving import captured, must_be_valid, problem

LOT = "(01)00300010123455(10)L1"
WHY = {"reason": "a complaint", "by": "QA"}
RECALL: dict[str, Any] = {
    **WHY,
    "kind": "recall",
    "hold_id": "R 1",
    "of": [LOT],
    "since": "2026-01-01T00:00:00Z",
}


def asked(
    client: TestClient, path: str, value: Any, media_type: str = "application/json"
) -> Response:
    return client.post(path, content=json.dumps(value), headers={"Content-Type": media_type})


def way(client: TestClient) -> None:
    """Two packs, one of them in a case that is shipped, and the recall of their lot."""
    captured(client, document(commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK)))
    captured(client, document(shipped(4, CASE)))
    assert asked(client, "/holds", RECALL).status_code == 201


class TestHolds:
    def test_are_read_however_long_they_are(self, client: TestClient) -> None:
        """
        A body that is too long for memory is read from its beginning; one beyond the limit is
        refused.
        """
        body = json.dumps(RECALL).encode()
        headers = {"Content-Type": "application/json"}

        placed = client.post("/holds", content=body + b" " * 1_200_000, headers=headers)
        refused = client.post("/holds", content=body + b" " * 2_200_000, headers=headers)

        assert placed.status_code == 201
        problem(refused, 400)

    def test_are_placed_and_released(self, client: TestClient) -> None:
        """
        What was placed is at its Location, lasts until it is released, and is kept then.
        """
        placed = asked(client, "/holds", RECALL)

        must_be_valid(RECALL, "hold-asked")
        must_be_valid(placed.json(), "hold")
        assert placed.headers["Location"] == "/holds/R%201"
        assert client.get("/holds/R%201").json() == placed.json()
        listed = client.get("/holds").json()
        must_be_valid(listed, "holds")
        assert [hold["hold_id"] for hold in listed["holds"]] == ["R 1"]
        must_be_valid(WHY, "release-asked")
        released = asked(client, "/holds/R%201/release", WHY)
        must_be_valid(released.json(), "hold")
        assert released.json() == client.get("/holds/R%201").json()
        assert client.get("/holds").json() == {"holds": []}
        every = client.get("/holds?all=true").json()
        must_be_valid(every, "holds")
        assert [hold["release"]["reason"] for hold in every["holds"]] == ["a complaint"]

    def test_are_decided_once(self, client: TestClient) -> None:
        """
        A name that is taken, and a second release, are conflicts; what is not there is not found.
        """
        asked(client, "/holds", RECALL)

        problem(asked(client, "/holds", RECALL), 409, "ResourceAlreadyExistsException")
        asked(client, "/holds/R%201/release", WHY)
        problem(asked(client, "/holds/R%201/release", WHY), 409, "ValidationException")
        problem(asked(client, "/holds/R2/release", WHY), 404, "NoSuchResourceException")
        problem(client.get("/holds/R2"), 404, "NoSuchResourceException")
        problem(client.get("/holds/R%00"), 404, "NoSuchResourceException")

    def test_are_placed_once_under_a_key(self, client: TestClient) -> None:
        """
        The same request again is answered as it was, to the byte, also when the hold is over;
        another under its key is refused.
        """
        key = {"Content-Type": "application/json", "Idempotency-Key": "K1"}
        hold = {"of": [PACK], **WHY}

        first = client.post("/holds", json=hold, headers=key)
        again = client.post("/holds", json=hold, headers=key)

        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["Location"] == first.headers["Location"]
        problem(client.post("/holds", json={**hold, "of": [CASE]}, headers=key), 422)
        asked(client, f"/holds/{first.json()['hold_id']}/release", WHY)
        over = client.post("/holds", json=hold, headers=key)
        assert (over.status_code, over.json()["release"]["by"]) == (201, "QA")
        assert len(client.get("/holds?all=true").json()["holds"]) == 1

    def test_are_placed_once_without_one(self, client: TestClient) -> None:
        """
        Who sends the same again, and names neither the request nor the hold, means the same hold.
        """
        first = asked(client, "/holds", {"of": [PACK, CASE], **WHY})

        again = asked(client, "/holds", {"of": [CASE, PACK], **WHY})

        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json() == first.json()
        assert len(client.get("/holds").json()["holds"]) == 1

    def test_are_listed_page_by_page(self, client: TestClient) -> None:
        """
        They come as they were placed, and the next page is at its link.
        """
        for number in range(5):
            asked(client, "/holds", {"of": [PACK], "hold_id": f"H{number}", **WHY})

        for query in ("", "all=true&", f"id={PACK}&"):
            first = client.get(f"/holds?{query}perPage=3")
            must_be_valid(first.json(), "holds")
            second = client.get(first.links["next"]["url"])
            found = first.json()["holds"] + second.json()["holds"]
            assert [hold["hold_id"] for hold in found] == ["H0", "H1", "H2", "H3", "H4"]
            assert "next" not in second.links
        problem(client.get("/holds?nextPageToken=H1"), 400)
        problem(client.get("/holds?perPage=0"), 400)

    def test_are_of_two_clocks(self, client: TestClient) -> None:
        """
        A hold lasts from its own moment on, and is known since it was recorded.
        """
        asked(client, "/holds", RECALL)

        for clocks, count in (
            ({}, 1),
            ({"as_of": "2025-12-31"}, 0),
            ({"as_of": "2026-01-01"}, 1),
            ({"known_at": "2026-01-01"}, 0),
        ):
            assert len(client.get("/holds", params=clocks).json()["holds"]) == count, clocks
        problem(client.get("/holds/R%201?known_at=2026-01-01"), 404)

    def test_are_found_by_what_they_reach(self, client: TestClient) -> None:
        """
        Who asks for a case is told of the recall of the lot of what is in it.
        """
        way(client)

        value = client.get("/holds", params={"id": CASE}).json()

        must_be_valid(value, "holds")
        assert [(hold["how"], hold["things"]) for hold in value["holds"]] == [("content", 1)]
        assert client.get("/holds", params={"id": PALLET}).json() == {"holds": []}

    @pytest.mark.parametrize(
        "query",
        [
            *("id=nothing", "id=urn:x:%00", "id=a&id=b", "all=yes", "all=true&all=true", "al=true"),
            *("all=true&as_of=2026-01-01", f"all=true&id={PACK}", "as_of=soon"),
        ],
    )
    def test_are_not_asked_for_otherwise(self, client: TestClient, query: str) -> None:
        """
        What is no parameter, or no value of one, is refused.
        """
        problem(client.get(f"/holds?{query}"), 400)

    def test_are_not_what_is_no_hold(self, client: TestClient) -> None:
        """
        What is wrong with a body is named by its place, and nothing is recorded.
        """
        refused = problem(asked(client, "/holds", {**RECALL, "of": []}), 400)
        assert [violation["pointer"] for violation in refused["violations"]] == ["/of"]
        problem(client.post("/holds", content=b"{"), 415)
        problem(asked(client, "/holds", RECALL, "text/plain"), 415)
        problem(asked(client, "/holds", {**RECALL, "reason": "x" * (3 << 20)}), 400)
        problem(client.get("/holds/R%201?as_of=2026-01-01"), 400)

        assert client.get("/holds?all=true").json() == {"holds": []}


class TestRecalls:
    def test_say_where_all_of_it_is(self, client: TestClient) -> None:
        """
        The totals by holder and state, and a line for each thing, on both clocks.
        """
        way(client)

        value = client.get("/recalls/R%201", params={"as_of": "2026-01-02"}).json()
        before = client.get("/recalls/R%201", params={"as_of": "2026-01-01T03:00:00Z"}).json()
        answer = client.get("/recalls/R%201/units", params={"as_of": "2026-01-02"})

        must_be_valid(value, "recall")
        assert {(t["state"], t["units"]) for t in value["totals"]} == {
            *[("shipped", 1), ("commissioned", 1)]
        }
        assert {total["state"] for total in before["totals"]} == {"packed", "commissioned"}
        assert answer.headers["Content-Type"].startswith("application/jsonl")
        units = [json.loads(line) for line in answer.text.splitlines()]
        for unit in units:
            must_be_valid(unit, "unit")
        assert [(u["epc"], u["state"], u["certainty"]) for u in units] == [
            (PACK, "shipped", "inferred"),
            (OTHER_PACK, "commissioned", "reported"),
        ]

    def test_of_what_is_not_there_are_not_found(self, client: TestClient) -> None:
        """
        A number that no recall has is 404 before anything is sent.
        """
        problem(client.get("/recalls/R2"), 404, "NoSuchResourceException")
        problem(client.get("/recalls/R2/units"), 404, "NoSuchResourceException")
        problem(client.get("/recalls/R2?perPage=1"), 400)


class TestOthers:
    def test_are_told_of_recalls(self, client: TestClient) -> None:
        """
        Verification has it at once, and the shipment while it was recalled is a finding.
        """
        way(client)

        said = client.get("/verify/gtin/00300010123455/lot/L1/ser/A1?exp=271231").json()
        found = client.get(f"/findings/{PACK}").json()["findings"]

        assert said["data"] == {"verified": True, "additionalInfo": "Recalled"}
        told = [finding for finding in found if finding["rule"] == "shipped-recalled"]
        assert [finding["contradicts"]["event_id"] for finding in told] == ["R 1"]
