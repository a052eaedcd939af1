"""Documents that are taken, or refused whole: what the capture tests have in common."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from tests.rest.documents import JSON, document, event
from tests.rest.serving import captured, events_of, problem


def takes(house: TestClient, *events: dict[str, Any]) -> list[dict[str, Any]]:
    """The events, which must be taken, as they are answered by their eventIDs."""
    captured(house, document(*events))
    found = []
    for value in events:
        [answered] = events_of(house.get("/epcis/events", params={"EQ_eventID": value["eventID"]}))
        found.append(answered)
    return found


def refuses(house: TestClient, *events: dict[str, Any]) -> list[str]:
    """
    The rules that a document breaks, which must be refused with a good event in it.

    Nothing of it is recorded: not the good event either.
    """
    before = house.get("/health").json()["head"]
    body = document(event(999, eventID="urn:x:good"), *events)
    answer = house.post("/epcis/capture", content=body, headers={"Content-Type": JSON})
    violations = problem(answer, 400, "ValidationException")["violations"]
    assert house.get("/health").json()["head"] == before
    return [violation["rule"] for violation in violations]
