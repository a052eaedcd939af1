"""Requests that are sent again, with and without a key, and eventIDs that come twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from epcis_repo.app import create_app
from epcis_repo.settings import Settings
from tests.rest.documents import JSON, bare, document, event
from tests.rest.serving import log_of, must_be_valid, problem

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
BODIES = {"/epcis/capture": document(event(1), event(2)), "/epcis/events": bare(event(1))}


def send(client: TestClient, path: str, body: bytes, key: str = KEY) -> Response:
    headers = {"Content-Type": JSON, "Idempotency-Key": key}
    return client.post(path, content=body, headers=headers)


@pytest.mark.parametrize("path", BODIES)
class TestKey:
    def test_has_one_answer(self, client: TestClient, store_url: str, path: str) -> None:
        """
        The first answer comes again, to the byte, and says that it does.
        """
        first = send(client, path, BODIES[path])
        before = log_of(store_url)

        again = send(client, path, BODIES[path])

        assert "Idempotent-Replayed" not in first.headers
        assert again.headers["Idempotent-Replayed"] == "true"
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["Location"] == first.headers["Location"]
        assert log_of(store_url) == before

    def test_of_another_body_is_refused(
        self, client: TestClient, store_url: str, path: str
    ) -> None:
        """
        422, and nothing of it is recorded.
        """
        send(client, path, BODIES[path])
        before = log_of(store_url)

        value = problem(send(client, path, bare(event(9))), 422, "ValidationException")

        assert KEY in value["detail"]
        assert log_of(store_url) == before

    def test_of_what_was_refused_is_free(self, client: TestClient, path: str) -> None:
        """
        A document that was not valid may be put right and sent under the same key.
        """
        assert send(client, path, bare(event(1, action="LOOK"))).status_code == 400

        answer = send(client, path, BODIES[path])

        assert answer.status_code in (201, 202)
        assert "Idempotent-Replayed" not in answer.headers

    @pytest.mark.parametrize("key", ["", "two words", "x" * 256])
    def test_that_is_none_is_refused(
        self, client: TestClient, store_url: str, path: str, key: str
    ) -> None:
        """
        A request whose key cannot be kept is not done without it.
        """
        problem(send(client, path, BODIES[path], key), 400, "ValidationException")

        assert log_of(store_url) == (0, 0)

    def test_stands_once(self, client: TestClient, path: str) -> None:
        """
        Of two keys there is no telling which is meant.
        """
        headers = [("Content-Type", JSON), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]

        problem(client.post(path, content=BODIES[path], headers=headers), 400)


class TestEndpoints:
    def test_have_keys_of_their_own(self, client: TestClient) -> None:
        """
        One key at two endpoints names two requests.
        """
        send(client, "/epcis/capture", BODIES["/epcis/capture"])

        answer = send(client, "/epcis/events", BODIES["/epcis/events"])

        assert (answer.status_code, "Idempotent-Replayed" in answer.headers) == (201, False)


class TestInProgress:
    @pytest.mark.parametrize("path", BODIES)
    async def test_is_told_to_ask_again(self, store_url: str, path: str) -> None:
        """
        While a request is being answered, a second under its key gets 409; then the same answer.
        """
        app = create_app(Settings(db=store_url))
        begun, may_end = asyncio.Event(), asyncio.Event()

        async def slowly() -> AsyncIterator[bytes]:
            yield BODIES[path][:10]
            begun.set()
            await may_end.wait()
            yield BODIES[path][10:]

        headers = {"Content-Type": JSON, "Idempotency-Key": KEY}
        transport = httpx2.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx2.AsyncClient(transport=transport, base_url="http://test") as client,
        ):
            first = asyncio.create_task(client.post(path, content=slowly(), headers=headers))
            await begun.wait()
            impatient = await client.post(path, content=BODIES[path], headers=headers)
            other = await client.post(
                path, content=BODIES[path], headers=headers | {"Idempotency-Key": "other"}
            )
            may_end.set()
            answer = await first
            again = await client.post(path, content=BODIES[path], headers=headers)

        problem(impatient, 409)
        assert int(impatient.headers["Retry-After"]) >= 1
        assert other.status_code == answer.status_code == again.status_code
        assert again.content == answer.content
        assert again.headers["Idempotent-Replayed"] == "true"


class TestConflicts:
    def answer(self, client: TestClient, path: str = "/conflicts") -> list[dict[str, Any]]:
        found = client.get(path)
        assert found.status_code == 200, found.text
        must_be_valid(found.json(), "conflicts")
        listed: list[dict[str, Any]] = found.json()["conflicts"]
        return listed

    def test_are_listed(self, client: TestClient) -> None:
        """
        An eventID that came with other content is answered with 409, and found afterwards.
        """
        first, other = event(eventID="urn:x:1"), event(eventID="urn:x:1", action="ADD")
        assert self.answer(client) == []
        send(client, "/epcis/events", bare(first))

        problem(send(client, "/epcis/events", bare(other), "other"), 409)

        [found] = self.answer(client)
        assert found["eventID"] == "urn:x:1"
        assert self.answer(client, "/conflicts?eventID=urn:x:1") == [found]
        assert self.answer(client, "/conflicts?eventID=urn:x:2") == []

    def test_have_pages(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        What does not fit is behind the link in the header.
        """
        monkeypatch.setattr("epcis_repo.operations.conflicts.PAGE_SIZE", 2)
        ids = [f"urn:x:{n}" for n in range(3)]
        send(client, "/epcis/capture", document(*(event(n, eventID=i) for n, i in enumerate(ids))))
        others = (event(n, eventID=i, action="ADD") for n, i in enumerate(ids))
        problem(send(client, "/epcis/capture", document(*others), "other"), 409)

        first = client.get("/conflicts")

        assert [c["eventID"] for c in first.json()["conflicts"]] == ids[:2]
        rest = self.answer(client, first.links["next"]["url"])
        assert [c["eventID"] for c in rest] == ids[2:]

    @pytest.mark.parametrize("query", ["a=b", "nextPageToken=x", "eventID=%00"])
    def test_are_asked_for_in_known_words(self, client: TestClient, query: str) -> None:
        """
        A parameter that there is not, or a value that there cannot be, is told.
        """
        problem(client.get(f"/conflicts?{query}"), 400, "QueryParameterException")
