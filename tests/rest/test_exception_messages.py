"""Messages about exceptions over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.exceptions.pdg.made import (
    CASE_UUID,
    MAKER,
    WHOLE_REPORT,
    WHOLE_RESPONSE,
    report_value,
    response_value,
)
from tests.rest.serving import must_be_valid, problem

MESSAGES = "/exceptions/messages"
ABOUT = f"/exceptions/{CASE_UUID}/messages"
ANSWER = {
    "message": "response",
    "by": "QA",
    "sender_information": MAKER,
    "resolution_response": "Accept",
}


def sent(
    client: TestClient, path: str, value: Any, media_type: str = "application/json"
) -> Response:
    return client.post(path, content=json.dumps(value), headers={"Content-Type": media_type})


class TestTaking:
    def test_answers_with_the_exception(self, client: TestClient) -> None:
        """
        A message that was taken is answered with its exception, which is at its Location.
        """
        taken = sent(client, MESSAGES, WHOLE_REPORT)

        must_be_valid(WHOLE_REPORT, "exception-message")
        must_be_valid(taken.json(), "exception")
        assert (taken.status_code, taken.json()["exception_id"]) == (200, CASE_UUID)
        assert taken.headers["Location"] == f"/exceptions/{CASE_UUID}"
        assert client.get(taken.headers["Location"]).json() == taken.json()

    def test_says_that_it_has_come_before(self, client: TestClient) -> None:
        """
        What comes again is answered like what came, and says so.
        """
        first, second = (sent(client, MESSAGES, WHOLE_REPORT) for _ in range(2))

        assert "Idempotent-Replayed" not in first.headers
        assert second.headers["Idempotent-Replayed"] == "true"
        assert second.json() == first.json()

    def test_takes_what_is_long(self, client: TestClient) -> None:
        """
        A message that is longer than what is kept in memory is taken as well.
        """
        value = report_value(other_errors=["x" * 1_200_000])

        assert sent(client, MESSAGES, value).status_code == 200
        assert client.get(f"{ABOUT}/report-1").json() == value

    @pytest.mark.parametrize(
        ("value", "status"),
        [
            pytest.param({"case_resolved": 1}, 400, id="no message"),
            pytest.param(report_value("report-1", po_number="another"), 409, id="another's name"),
            pytest.param(
                response_value(exception_case_uuid="nobody's"), 404, id="nothing to respond to"
            ),
            pytest.param(report_value(other_errors=["x" * (4 << 20)]), 400, id="too long"),
        ],
    )
    def test_refuses(self, client: TestClient, value: Any, status: int) -> None:
        """
        What cannot be taken is refused with a problem document.
        """
        sent(client, MESSAGES, WHOLE_REPORT)

        refused = sent(client, MESSAGES, value)

        assert problem(refused, status)["detail"]

    def test_names_every_violation(self, client: TestClient) -> None:
        """
        All that is wrong with a message is told, each with its place.
        """
        refused = problem(
            sent(client, MESSAGES, report_value(timestamp="now", po_number=None)), 400
        )

        assert [v["pointer"] for v in refused["violations"]] == ["/timestamp", "/po_number"]

    def test_takes_json_alone(self, client: TestClient) -> None:
        """
        Another media type is 415.
        """
        assert sent(client, MESSAGES, WHOLE_REPORT, "text/plain").status_code == 415


class TestWriting:
    def test_gives_the_message_to_send(self, client: TestClient) -> None:
        """
        A message that is written is answered as it is to be sent, and stays at its Location.
        """
        sent(client, MESSAGES, WHOLE_REPORT)

        written = sent(client, ABOUT, ANSWER)

        must_be_valid(ANSWER, "exception-message-asked")
        must_be_valid(written.json(), "exception-message")
        assert written.status_code == 201
        assert client.get(written.headers["Location"]).content == written.content

    def test_is_refused_where_there_is_nothing(self, client: TestClient) -> None:
        """
        Nothing is written about what is no exception, nor what is not asked for in its words.
        """
        problem(sent(client, ABOUT, ANSWER), 404)
        sent(client, MESSAGES, WHOLE_REPORT)
        problem(sent(client, ABOUT, {**ANSWER, "tone": "polite"}), 400)


class TestAThread:
    def test_is_between_two(self, client: TestClient) -> None:
        """
        A message from somebody else is forbidden, and says that it is; nothing is kept of it.
        """
        sent(client, MESSAGES, WHOLE_REPORT)
        stranger = {"gln": "0300010000039", "email": "somebody@elsewhere.example"}
        value = {**WHOLE_REPORT, "message_uuid": "report-2", "sender_information": stranger}

        refused = problem(sent(client, MESSAGES, value), 403, "SecurityException")

        assert "between others than 0300010000039" in refused["detail"]
        assert len(client.get(ABOUT).json()["messages"]) == 1

    def test_has_an_exception_for_each_class(self, client: TestClient) -> None:
        """
        What a report has of several classes is listed by its thread, each with its own.
        """
        sent(client, MESSAGES, WHOLE_REPORT)

        value = client.get("/exceptions", params={"thread": CASE_UUID}).json()

        must_be_valid(value, "exceptions")
        found = [case["class"] for case in value["exceptions"]]
        assert sorted(found) == ["data_issue", "data_no_product", "product_no_data"]
        for case in value["exceptions"]:
            path = f"/exceptions/{case['exception_id']}"
            whole = client.get(path).json()
            must_be_valid(whole, "exception")
            assert whole["thread"] == CASE_UUID
            assert len(client.get(f"{path}/messages").json()["messages"]) == 1


class TestShowing:
    def test_lists_what_was_exchanged(self, client: TestClient) -> None:
        """
        The messages are listed in order, and before they were known there were none.
        """
        sent(client, MESSAGES, WHOLE_REPORT)
        sent(client, MESSAGES, WHOLE_RESPONSE)

        listed = client.get(ABOUT).json()

        must_be_valid(listed, "exception-messages")
        assert [m["message"] for m in listed["messages"]] == ["report", "response"]
        assert client.get(ABOUT, params={"known_at": "2020-01-01"}).status_code == 404
        assert client.get(ABOUT, params={"as_of": "2020-01-01"}).status_code == 400

    def test_gives_every_byte(self, client: TestClient) -> None:
        """
        A message is given as it came, and as a document as well.
        """
        body = json.dumps(WHOLE_REPORT, indent=5).encode()
        client.post(MESSAGES, content=body, headers={"Content-Type": "application/json"})
        [told] = client.get(ABOUT).json()["messages"]

        assert client.get(f"{ABOUT}/report-1").content == body
        assert client.get(f"/documents/{told['document']}").content == body
        assert client.get(f"{ABOUT}/report-2").status_code == 404
