"""A store that cannot write: what clients are told, that reading goes on, and what comes after."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from epcis_repo.errors import NotDurableError, WritesStoppedError
from epcis_repo.store import EventStore, distress
from epcis_repo.store.sqlite import SQLiteEventStore
from tests.rest.documents import JSON, document, event
from tests.rest.serving import captured, problem, serving

LARGE = document(*(event(number, eventID=f"urn:x:{number}") for number in range(2_000)))


def store_of(client: TestClient) -> EventStore:
    """The store behind the application."""
    store: EventStore = client.app.state.store  # type: ignore[attr-defined]
    return store


def limit_pages(client: TestClient, more: int) -> None:
    """Let the database grow by so many pages only."""
    store = store_of(client)
    assert isinstance(store, SQLiteEventStore)
    pages = store._writer.pragma("page_count")
    assert isinstance(pages, int)
    store._writer.pragma("max_page_count", pages + more)


class TestAFullDisk:
    def test_is_507_until_there_is_room(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Captures are told that there is no room and when to come back, queries are answered, and
        `/health` says why; then captures go on, by themselves.
        """
        monkeypatch.setattr(distress, "RETRY_SECONDS", 0.0)
        with serving(sqlite_url) as client:
            captured(client, document(event(1, eventID="urn:x:first")))
            limit_pages(client, 20)

            refused = client.post("/epcis/capture", content=LARGE, headers={"Content-Type": JSON})

            assert "no room" in problem(refused, 507, "ImplementationException")["detail"]
            assert refused.headers["Retry-After"].isdecimal()
            assert client.get("/epcis/events/urn:x:first").status_code == 200
            health = client.get("/health")
            assert (health.status_code, health.json()["status"]) == (200, "read-only")
            assert "no room" in health.json()["reason"]
            limit_pages(client, 1 << 20)
            assert captured(client, LARGE)["recorded"] == 2_000
            assert client.get("/health").json()["status"] == "ok"


class TestAFailedDisk:
    def test_is_503_and_stays_so(self, sqlite_url: str) -> None:
        """
        After a failed flush captures are refused for good, and queries are still answered.
        """
        with serving(sqlite_url) as client:
            captured(client, document(event(1, eventID="urn:x:first")))
            store = store_of(client)
            assert isinstance(store, SQLiteEventStore)
            store._distress.note(WritesStoppedError("the disk did not take it"))

            for _ in range(2):
                refused = client.post(
                    "/epcis/capture", content=document(event(2)), headers={"Content-Type": JSON}
                )
                assert "did not take it" in problem(refused, 503)["detail"]
                assert refused.headers["Retry-After"].isdecimal()

            assert client.get("/epcis/events/urn:x:first").status_code == 200
            assert client.get("/health").json()["status"] == "read-only"


class TestADatabaseThatForgets:
    def test_keeps_the_service_from_starting(self, postgres_url: str) -> None:
        """
        A server that does not flush is refused unless somebody has said that he accepts it.
        """
        with (
            pytest.raises(NotDurableError, match=r"fsync is off.*EPCIS_REPO_UNSAFE_NOT_DURABLE"),
            serving(postgres_url, unsafe_not_durable=False),
        ):
            pass

        with serving(postgres_url, unsafe_not_durable=True) as client:
            assert client.get("/health").json()["status"] == "ok"
