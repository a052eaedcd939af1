"""What is refused: where the fault is and what was expected, and nothing of it is recorded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.conformance.rows import holds
from tests.rest.documents import BAD_DOCUMENTS, JSON, PDF, BadDocument, document, event
from tests.rest.serving import captured, log_of, problem, serving


class TestBadDocument:
    @pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.id) for bad in BAD_DOCUMENTS])
    def test_is_refused_with_its_place_and_leaves_no_trace(
        self, client: TestClient, store_url: str, bad: BadDocument
    ) -> None:
        """
        Every fault is named with its place, what was expected and what was found; the log and
        the kept documents are as before.
        """
        captured(client, document(event(9999)))
        before = log_of(store_url)

        answer = client.post(
            "/epcis/capture", content=bad.body, headers={"Content-Type": bad.media_type}
        )

        value = problem(answer, 400, "ValidationException")
        assert value["violationCount"] == len(bad.findings)
        for found, finding in zip(value["violations"], bad.findings, strict=True):
            assert found["pointer"] == finding.pointer
            assert (found["event"], found["line"]) == (finding.event, finding.line)
            assert finding.expected in found["expected"]
            assert finding.found in found["found"]
        assert len(answer.content) < 10_000
        assert log_of(store_url) == before

    @pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.id) for bad in BAD_DOCUMENTS])
    def test_is_no_single_event_either(self, quick: TestClient, bad: BadDocument) -> None:
        """
        What is no document is no event for POST /epcis/events, and for the same reason.
        """
        answer = quick.post(
            "/epcis/events", content=bad.body, headers={"Content-Type": bad.media_type}
        )

        problem(answer, 400, "ValidationException")

    @holds("R8")
    @pytest.mark.parametrize(
        "media_type",
        [
            pytest.param("application/pdf", id="PDF"),
            pytest.param("text/plain", id="text"),
            pytest.param("application/jsonx", id="nearly JSON"),
            pytest.param("", id="none"),
            pytest.param("multipart/form-data; boundary=x", id="form"),
        ],
    )
    @pytest.mark.parametrize("path", ["/epcis/capture", "/epcis/events"])
    def test_of_another_media_type_is_refused(
        self, quick: TestClient, path: str, media_type: str
    ) -> None:
        """
        A body of a kind that no binding reads is not looked at; the answer lists the kinds.
        """
        answer = quick.post(path, content=PDF, headers={"Content-Type": media_type})

        value = problem(answer, 415, "UnsupportedMediaTypeException")
        assert "application/xml" in value["detail"]

    def test_with_long_faults_gets_a_short_answer(self, quick: TestClient) -> None:
        """
        What was found is cut, and of a multitude of violations the first are listed and all
        are counted.
        """
        body = document(*(event(1, action="X" * 100_000) for _ in range(3)))
        many = document(*(event(1, action="X") for _ in range(1500)))

        long = problem(
            quick.post("/epcis/capture", content=body, headers={"Content-Type": JSON}), 400
        )
        first = problem(
            quick.post("/epcis/capture", content=many, headers={"Content-Type": JSON}), 400
        )

        assert max(len(v["found"]) for v in long["violations"]) < 1000
        assert len(long["detail"]) < 1000
        assert (len(first["violations"]), first["violationCount"]) == (1000, 1500)


class TestSizeLimit:
    @pytest.fixture
    def small(self, tmp_path: Path) -> Iterator[TestClient]:
        with serving(f"sqlite:///{tmp_path / 'epcis.db'}", capture_size_max=2000) as client:
            yield client

    @pytest.mark.parametrize("path", ["/epcis/capture", "/epcis/events"])
    def test_refuses_what_says_that_it_is_longer(self, small: TestClient, path: str) -> None:
        """
        A body that announces too many bytes is refused, and the answer has the limit.
        """
        body = document(event()) + b" " * 2000

        answer = small.post(path, content=body, headers={"Content-Type": JSON})

        problem(answer, 413, "CaptureLimitExceededException")
        assert answer.headers["GS1-EPCIS-Capture-File-Size-Limit"] == "2000"

    def test_takes_what_is_just_as_long(self, small: TestClient) -> None:
        """
        A body of exactly the limit is taken.
        """
        body = document(event())

        captured(small, body + b" " * (2000 - len(body)))

    def test_refuses_what_says_nothing(self, small: TestClient) -> None:
        """
        A body in chunks, which announces nothing, is refused too.
        """
        chunks = (b"[" * 500 for _ in range(10))

        answer = small.post("/epcis/capture", content=chunks, headers={"Content-Type": JSON})

        problem(answer, 413, "CaptureLimitExceededException")
        assert answer.headers["GS1-EPCIS-Capture-File-Size-Limit"] == "2000"
