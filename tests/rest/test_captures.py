"""The resources for capturing documents: how they fail, what their jobs say, what is announced."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from httpx2 import Response
from lxml import etree
from starlette.testclient import TestClient

from epcis_repo import capture_jobs
from epcis_repo.settings import Settings
from tests.conformance.rows import holds
from tests.operations.mixtures import JSON, XML, as_json, as_xml, event
from tests.rest.serving import captured, events_of, log_of, must_be_valid, problem, serving
from tests.shared_data import shared

ENDS_SECONDS_MAX = 30.0
GOOD = as_json([event(1), event(2)])
MIXED = [event(1), event(2, action="LOOK"), event(3)]
NAMESPACE = "{urn:epcglobal:epcis:xsd:2}"
PROCEED = {"GS1-Capture-Error-Behaviour": "proceed"}
ASYNC = {"Prefer": "respond-async"}
NONE: Mapping[str, str] = {}


def send(
    client: TestClient,
    body: bytes = GOOD,
    media_type: str = JSON,
    headers: Mapping[str, str] = NONE,
) -> Response:
    return client.post(
        "/epcis/capture", content=body, headers={"Content-Type": media_type, **headers}
    )


def job(answer: Response, status: int = 202) -> dict[str, Any]:
    """The job that `answer` must be."""
    assert answer.status_code == status, answer.text
    assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"
    value: dict[str, Any] = answer.json()
    must_be_valid(value, "capture")
    return value


def ended(client: TestClient, location: str) -> dict[str, Any]:
    """The job at `location` when it runs no more."""
    deadline = time.monotonic() + ENDS_SECONDS_MAX
    while (value := job(client.get(location), 200))["running"]:
        assert time.monotonic() < deadline, value
        time.sleep(0.02)
    return value


class TestErrorBehaviour:
    @holds("R5")
    @pytest.mark.parametrize("as_bytes", [as_json, as_xml])
    def test_proceed_records_what_can_be(
        self, client: TestClient, as_bytes: Callable[..., bytes]
    ) -> None:
        """
        The good events are there, and the job names the bad one.
        """
        media_type = JSON if as_bytes is as_json else XML

        answer = send(client, as_bytes(MIXED), media_type, PROCEED)

        value = job(answer)
        assert (value["success"], value["captureErrorBehaviour"]) == (False, "proceed")
        assert (value["events"], value["recorded"], value["failed"]) == (3, 2, 1)
        [error] = value["errors"]
        assert (error["type"], error["event"]) == ("epcisException:ValidationException", 2)
        assert [e["eventID"] for e in events_of(client.get("/epcis/events"))] == [
            "urn:x:1",
            "urn:x:3",
        ]
        assert job(client.get(answer.headers["Location"]), 200) == value

    @holds("R4")
    @pytest.mark.parametrize("headers", [{}, {"GS1-Capture-Error-Behaviour": "rollback"}])
    def test_is_to_roll_back_unless_it_is_said(
        self, client: TestClient, store_url: str, headers: dict[str, str]
    ) -> None:
        """
        A document with a bad event is refused with its violations, and leaves nothing: no job.
        """
        value = problem(send(client, as_json(MIXED), headers=headers), 400, "ValidationException")

        assert [violation["event"] for violation in value["violations"]] == [2]
        assert log_of(store_url) == (0, 0)
        assert client.get("/epcis/capture").json() == []

    @holds("R6")
    @pytest.mark.parametrize("value", ["all", "", "Proceed", "rollback, proceed"])
    def test_that_there_is_not_is_refused(self, quick: TestClient, value: str) -> None:
        """
        A word that means nothing is answered with those that do.
        """
        headers = {"GS1-Capture-Error-Behaviour": value}

        told = problem(send(quick, headers=headers), 400, "ValidationException")

        assert "rollback or proceed" in told["detail"]

    def test_stands_once(self, quick: TestClient) -> None:
        """
        Of two there is no telling which is meant.
        """
        headers = [("Content-Type", JSON), *[("GS1-Capture-Error-Behaviour", "proceed")] * 2]

        problem(quick.post("/epcis/capture", content=GOOD, headers=headers), 400)


class TestHeaders:
    @pytest.mark.parametrize(
        ("header", "value", "status"),
        [
            ("GS1-EPCIS-Version", "2.0.0", 202),
            ("GS1-EPCIS-Version", "2.0", 202),
            ("GS1-EPCIS-Version", "1.2", 202),
            ("GS1-EPCIS-Version", "2.0.1", 202),
            ("GS1-EPCIS-Version", "3.0.0", 406),
            ("GS1-EPCIS-Version", "2.1", 406),
            ("GS1-EPCIS-Version", "two", 400),
            ("GS1-EPCIS-Version", "9" * 5000, 400),
            ("GS1-CBV-Version", "1.2.2", 202),
            ("GS1-CBV-Version", "4", 406),
            ("GS1-Extensions", "ex=https://example.org/ext,other=urn:other", 202),
            ("GS1-Extensions", '"ex":"https://example.org/ext"', 400),
            ("GS1-Extensions", "ex", 400),
        ],
    )
    def test_of_a_capture_are_looked_at(
        self, quick: TestClient, header: str, value: str, status: int
    ) -> None:
        """
        What we do not have is 406, what cannot be is 400, each with what was expected.
        """
        answer = send(quick, headers={header: value})

        if status == 202:
            job(answer)
        else:
            assert header in problem(answer, status)["detail"]

    @pytest.mark.parametrize(
        ("header", "value", "status"),
        [
            ("GS1-EPCIS-Min", "1.2", 200),
            ("GS1-EPCIS-Min", "2.0.0", 200),
            ("GS1-EPCIS-Min", "2.1", 406),
            ("GS1-EPCIS-Max", "2.0", 200),
            ("GS1-EPCIS-Max", "3", 200),
            ("GS1-EPCIS-Max", "1.2", 406),
            ("GS1-EPCIS-Max", "x", 400),
        ],
    )
    def test_of_a_question_are_looked_at(
        self, quick: TestClient, header: str, value: str, status: int
    ) -> None:
        """
        A client that accepts no version that we answer in is told so, for one job and for all.
        """
        location = send(quick).headers["Location"]

        for path in (location, "/epcis/capture"):
            answer = quick.get(path, headers={header: value})
            assert answer.status_code == status, answer.text
            assert quick.options(path, headers={header: value}).status_code in (status, 204)

    def test_with_extensions_come_back(self, quick: TestClient) -> None:
        """
        The answer says which extensions the request has used.
        """
        answer = send(quick, headers={"GS1-Extensions": "ex=https://example.org/ext"})

        assert answer.headers["GS1-Extensions"] == "ex=https://example.org/ext"


class TestAJob:
    def test_may_be_had_as_xml(self, client: TestClient) -> None:
        """
        The standard's element has the same facts as the JSON.
        """
        location = send(client, as_json(MIXED), headers=PROCEED).headers["Location"]
        value = client.get(location).json()

        answer = client.get(location, headers={"Accept": XML})

        assert answer.headers["Content-Type"] == XML
        root = etree.fromstring(answer.content)
        assert root.tag == f"{NAMESPACE}EPCISCaptureJob"
        assert sorted(root.items()) == [
            ("captureID", value["captureID"]),
            ("running", "false"),
            ("success", "false"),
        ]
        assert [(child.tag, child.text) for child in [*root][:3]] == [
            (name, value[name]) for name in ("captureErrorBehaviour", "createdAt", "finishedAt")
        ]
        [error] = value["errors"]
        assert [(child.tag, child.text) for child in root[3][0]] == [
            (name, str(error[name])) for name in ("type", "title", "status", "detail")
        ]

    @pytest.mark.parametrize("body", [GOOD, as_json([event(1, action="\u0001LOOK")])])
    def test_is_valid_xml(self, client: TestClient, body: bytes) -> None:
        """
        What we write is what the standard's schema describes, whatever was found in a document.
        """
        folder = shared("gs1/xsd-2.0")
        schema = etree.XMLSchema(etree.parse(folder / "EPCglobal-epcis-2_0.xsd"))
        location = send(client, body, headers=PROCEED).headers["Location"]

        root = etree.fromstring(client.get(location, headers={"Accept": "text/xml"}).content)

        schema.assertValid(root)

    def test_that_there_is_not_is_404(self, quick: TestClient) -> None:
        """
        Neither to be got, nor to be asked about.
        """
        for path in ("/epcis/capture/x", f"/epcis/capture/{'0' * 8}-0000-4000-8000-{'0' * 12}"):
            problem(quick.get(path), 404, "NoSuchResourceException")
            problem(quick.options(path), 404, "NoSuchResourceException")

    def test_is_there_in_a_form_that_we_have(self, quick: TestClient) -> None:
        """
        A list is JSON only; a job is JSON or XML.
        """
        location = send(quick).headers["Location"]

        problem(quick.get(location, headers={"Accept": "text/html"}), 406)
        problem(quick.get("/epcis/capture", headers={"Accept": XML}), 406)


class TestTheList:
    def test_has_pages(self, client: TestClient) -> None:
        """
        The jobs that began last come first; the rest are behind the link.
        """
        sent = [captured(client, as_json([event(n)]))["captureID"] for n in range(5)]

        answer = client.get("/epcis/capture", params={"perPage": "2"})
        met = []
        while True:
            assert answer.status_code == 200, answer.text
            for value in answer.json():
                must_be_valid(value, "capture")
                met.append(value["captureID"])
            if "next" not in answer.links:
                break
            assert len(answer.json()) == 2
            assert answer.headers["GS1-Next-Page-Token-Expires"]
            # Whoever captures meanwhile shifts nothing.
            captured(client, as_json([event(100 + len(met))]))
            answer = client.get(answer.links["next"]["url"])

        assert met == sent[::-1]

    def test_shows_thirty_unless_more_are_asked_for(self, client: TestClient) -> None:
        """
        As the standard has it.
        """
        for number in range(31):
            captured(client, as_json([event(number)]))

        assert len(client.get("/epcis/capture").json()) == 30
        assert len(client.get("/epcis/capture?perPage=100").json()) == 31

    @pytest.mark.parametrize(
        "query",
        ["perPage=0", "perPage=x", "nextPageToken=x", "a=b", "perPage=1&perPage=2"],
    )
    def test_is_asked_for_in_known_words(self, quick: TestClient, query: str) -> None:
        """
        A parameter that there is not, or a value that there cannot be, is told.
        """
        problem(quick.get(f"/epcis/capture?{query}"), 400, "QueryParameterException")

    def test_is_the_same_after_a_restart(self, store_url: str) -> None:
        """
        Jobs, and the tokens of pages, outlive the process that gave them.
        """
        with serving(store_url) as client:
            for number in range(3):
                captured(client, as_json([event(number)]))
            first = client.get("/epcis/capture?perPage=2")
            rest = client.get(first.links["next"]["url"]).json()
        with serving(store_url) as client:
            assert client.get("/epcis/capture?perPage=2").json() == first.json()
            assert client.get(first.links["next"]["url"]).json() == rest


class TestAfterwards:
    def test_is_captured_what_asks_for_that(self, client: TestClient) -> None:
        """
        `Prefer: respond-async` is answered before the job has begun, which ends by itself.
        """
        answer = send(client, headers=ASYNC)

        assert job(answer)["running"]
        assert answer.headers["Preference-Applied"] == "respond-async"
        value = ended(client, answer.headers["Location"])
        assert (value["success"], value["events"], value["recorded"]) == (True, 2, 2)
        assert len(events_of(client.get("/epcis/events"))) == 2

    def test_is_answered_before_it_runs(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The answer says that it runs, and says nothing of what will be recorded.
        """
        monkeypatch.setattr(capture_jobs.Runner, "add", lambda *_: None)

        value = job(send(client, headers=ASYNC))

        assert (value["running"], value["success"], value["errors"]) == (True, True, [])
        assert not value.keys() & {"finishedAt", "events", "recorded"}
        assert [listed["running"] for listed in client.get("/epcis/capture").json()] == [True]

    def test_is_captured_what_is_long(self, store_url: str) -> None:
        """
        What is longer than the settings say is captured afterwards, unasked; the rest at once.
        """
        long = as_json([event(n) for n in range(100)])
        with serving(store_url, capture_async_size=5_000) as client:
            assert job(send(client))["recorded"] == 2
            answer = send(client, long)
            assert "Preference-Applied" not in answer.headers
            assert job(answer)["running"]
            value = ended(client, answer.headers["Location"])

        assert (value["events"], value["recorded"]) == (100, 98)

    def test_tells_what_is_wrong(self, client: TestClient) -> None:
        """
        What would have been refused at once is refused by its job, which is kept.
        """
        location = send(client, as_json(MIXED), headers=ASYNC).headers["Location"]

        value = ended(client, location)

        assert (value["success"], value["captureErrorBehaviour"]) == (False, "rollback")
        assert [error["event"] for error in value["errors"]] == [2]
        assert events_of(client.get("/epcis/events")) == []

    def test_may_proceed(self, client: TestClient) -> None:
        """
        The two headers go together.
        """
        answer = send(client, as_xml(MIXED), XML, ASYNC | PROCEED)

        value = ended(client, answer.headers["Location"])
        assert (value["recorded"], value["failed"]) == (2, 1)

    def test_refuses_at_once_what_it_is_plainly_not(
        self, client: TestClient, store_url: str
    ) -> None:
        """
        Another media type than it says, none that is read, an impossible header: no job.
        """
        problem(send(client, GOOD, XML, ASYNC), 400, "ValidationException")
        problem(send(client, GOOD, "text/csv", ASYNC), 415)
        problem(send(client, headers=ASYNC | {"GS1-Capture-Error-Behaviour": "all"}), 400)

        assert log_of(store_url) == (0, 0)

    @pytest.mark.parametrize(
        "value", ["respond-async", "RESPOND-ASYNC; x=1", "wait=5, respond-async"]
    )
    def test_is_asked_for_as_in_rfc_7240(self, client: TestClient, value: str) -> None:
        """
        A preference may stand among others, in any case, with parameters.
        """
        assert (
            send(client, headers={"Prefer": value}).headers["Preference-Applied"] == "respond-async"
        )

    @pytest.mark.parametrize("value", ["", "wait=10", "return=minimal", "respond-asynchronously"])
    def test_is_not_asked_for_otherwise(self, client: TestClient, value: str) -> None:
        """
        Other preferences may be ignored, and are.
        """
        answer = send(client, headers={"Prefer": value})

        assert "Preference-Applied" not in answer.headers
        assert job(answer)["recorded"] == 2

    def test_has_a_key_of_its_own(self, client: TestClient) -> None:
        """
        The same request gets the same job; another body under its key is refused.
        """
        headers = ASYNC | {"Idempotency-Key": "k"}
        first = send(client, headers=headers)
        ended(client, first.headers["Location"])

        again = send(client, headers=headers)

        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.headers["Location"] == first.headers["Location"]
        problem(send(client, as_json([event(9)]), headers=headers), 422)

    def test_goes_on_after_a_restart(self, store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        A job that nobody had begun is run by the next server, once.
        """
        with monkeypatch.context() as idle, serving(store_url) as client:
            idle.setattr(capture_jobs.Runner, "add", lambda *_: None)
            location = send(client, headers=ASYNC).headers["Location"]
            assert client.get(location).json()["running"]
        with serving(store_url) as client:
            assert ended(client, location)["recorded"] == 2
        before = log_of(store_url)
        with serving(store_url) as client:
            assert ended(client, location)["recorded"] == 2

        assert log_of(store_url) == before

    def test_has_a_limit_of_jobs_that_wait(
        self, client: TestClient, monkeypatch: pytest.MonkeyPatch, store_url: str
    ) -> None:
        """
        Beyond it a client is told to come back, and nothing is kept.
        """
        monkeypatch.setattr(capture_jobs.runner, "WAITING_MAX", 0)

        answer = send(client, headers=ASYNC)

        problem(answer, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        assert log_of(store_url) == (0, 0)


class TestLimits:
    @holds("R7")
    @pytest.mark.parametrize(
        "body", [as_json([event(n) for n in range(4)]), as_xml([event(n) for n in range(40)])]
    )
    def test_are_kept_and_told(self, store_url: str, body: bytes) -> None:
        """
        Too many events or bytes are 413, with both limits; nothing is recorded.
        """
        media_type = XML if body.startswith(b"<") else JSON
        with serving(store_url, capture_limit=3, capture_size_max=2_000) as client:
            for headers in ({}, PROCEED):
                answer = send(client, body, media_type, headers)

                problem(answer, 413, "CaptureLimitExceededException")
                assert answer.headers["GS1-EPCIS-Capture-Limit"] == "3"
                assert answer.headers["GS1-EPCIS-Capture-File-Size-Limit"] == "2000"
            assert send(client, as_json([event(n) for n in range(3)])).status_code == 202
        assert log_of(store_url) == (4, 1)

    def test_are_announced(self, quick: TestClient) -> None:
        """
        Whoever asks beforehand learns the limits.
        """
        settings = Settings()

        answer = quick.options("/epcis/capture")

        limits = [answer.headers[name] for name in LIMITS]
        assert limits == [str(settings.capture_limit), str(settings.capture_size_max)]


LIMITS = ("GS1-EPCIS-Capture-Limit", "GS1-EPCIS-Capture-File-Size-Limit")
ANNOUNCED = {
    "GS1-EPCIS-Version": "2.0.0",
    "GS1-EPCIS-Min": "1.0",
    "GS1-EPCIS-Max": "2.0.0",
    "GS1-CBV-Version": "2.0.0",
    "GS1-CBV-Min": "1.0",
    "GS1-CBV-Max": "2.0.0",
    "GS1-EPC-Format": "No_Preference",
    "GS1-CBV-XML-Format": "No_Preference",
}


class TestDiscovery:
    def test_of_the_jobs_tells_what_may_be_captured(self, quick: TestClient) -> None:
        """
        Methods, versions, limits, and that errors may be treated either way.
        """
        answer = quick.options("/epcis/capture")

        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Allow"] == "OPTIONS, POST, GET, HEAD"
        assert answer.headers["GS1-Capture-Error-Behaviour"] == "all"
        assert all(answer.headers[name] == value for name, value in ANNOUNCED.items())
        for name in ("GS1-Extensions", "GS1-Vendor-Version", *LIMITS):
            assert answer.headers[name]

    def test_of_a_job_tells_its_methods(self, quick: TestClient) -> None:
        """
        A job can only be got.
        """
        location = send(quick).headers["Location"]

        answer = quick.options(location)

        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Allow"] == "OPTIONS, GET, HEAD"
        assert all(answer.headers[name] == value for name, value in ANNOUNCED.items())
        assert "GS1-Capture-Error-Behaviour" not in answer.headers
