"""The commands about subscribers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from epcis_repo.ledger import Ed25519Signer
from epcis_repo.named_queries import create_query
from epcis_repo.store import EventStore, open_store
from epcis_repo.subscriptions import Asked, Sender, subscribe
from epcis_repo.subscriptions.deliverer import Deliveries
from epcis_repo.subscriptions.retries import PAUSES
from epcis_repo.upkeep.versions import prepare
from tests.cli.running import run
from tests.cli.test_server import server
from tests.operations.reports import NOW, PACK, observed, report
from tests.rest.documents import JSON, document, event

# Nothing listens at port 9, and this machine may not be delivered to.
DEST = "https://127.0.0.1:9/epcis"


@pytest.fixture
def given_up(store_url: str) -> str:
    """A store with two subscriptions, and a delivery to the first that was given up."""

    async def make() -> None:
        store = open_store(store_url)
        await prepare(store)
        await create_query(store, "all", {}, now=NOW)
        await make_dead_letter(store)
        daily = Asked("all", DEST, schedule={"hour": "2"}, subscription_id="daily")
        await subscribe(store, daily, now=NOW)
        await store.close()

    asyncio.run(make())
    return store_url


async def make_dead_letter(store: EventStore) -> None:
    first = await subscribe(store, Asked("all", DEST, subscription_id="first"), now=NOW)
    await report(store, observed(0, PACK))
    now = [NOW]
    told = Deliveries(
        store,
        first.subscription,
        since=first.progress.since,
        post=Sender().post,
        signer=lambda: Ed25519Signer("webhook", bytes(32)),
        clock=lambda: now[0],
        owner="this process",
    )
    while (due := await told.step()) is not None:
        now[0] = max(now[0], due)
        assert now[0] < NOW + 2 * sum(PAUSES)


def listed(db: str, what: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run(what, "--json", db=db).json[what]
    return found


class TestSubscriptions:
    def test_are_listed_with_when_and_where_to(self, given_up: str) -> None:
        """
        Everyone who is told something is listed, and how.
        """
        ran = run("subscriptions", db=given_up)

        assert ran.code == 0
        assert [line.split()[0] for line in ran.out.splitlines()] == [
            "subscription",
            "first",
            "daily",
        ]
        assert "as captured" in ran.out
        assert "hour 2" in ran.out
        assert [value["subscriptionID"] for value in listed(given_up, "subscriptions")] == [
            "first",
            "daily",
        ]


class TestTheLog:
    def test_is_whole_with_all_that_was_decided(self, given_up: str, tmp_path: Path) -> None:
        """
        What is recorded of subscribers is checked like all else.
        """
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EPCIS_REPO_KEY", str(tmp_path / "epcis.key"))

            ran = run("fsck", db=given_up)

        assert ran.code == 0, ran.err


class TestListening:
    def test_is_possible_over_a_real_connection(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        The server that the command line starts speaks WebSocket.
        """
        with server("--db", sqlite_url, log=tmp_path / "log") as process:
            process.client.post("/epcis/queries", json={"name": "all", "query": {}})
            address = str(process.client.base_url).replace("http", "ws", 1)
            path = "/epcis/queries/all/events?stream=true"
            with connect(f"{address.rstrip('/')}{path}", open_timeout=30) as socket:
                body = document(event(1))
                headers = {"Content-Type": JSON}
                process.client.post("/epcis/capture", content=body, headers=headers)

                value = json.loads(socket.recv(timeout=30))
        assert value["epcisBody"]["queryResults"]["queryName"] == "all"


class TestDeliveries:
    def test_that_were_given_up_are_listed_and_replayed(self, given_up: str) -> None:
        """
        What was given up is on its way again, once somebody says so.
        """
        [letter] = listed(given_up, "deliveries")
        shown = run("deliveries", db=given_up)

        assert "given up" in shown.out
        assert "replay" in shown.err
        assert letter["givenUp"]
        assert run("replay", letter["deliveryID"], db=given_up).code == 0
        [again] = listed(given_up, "deliveries")
        assert (again["deliveryID"], again["givenUp"]) == (letter["deliveryID"], False)

    @pytest.mark.parametrize(
        ("delivery", "code"), [pytest.param("other", 4, id="none"), pytest.param("", 5, id="going")]
    )
    def test_that_are_not_are_not_replayed(self, given_up: str, delivery: str, code: int) -> None:
        """
        What is not there is 4, what is on its way 5.
        """
        [letter] = listed(given_up, "deliveries")
        run("replay", letter["deliveryID"], db=given_up)

        ran = run("replay", delivery or letter["deliveryID"], db=given_up)

        assert ran.code == code
        assert ran.err.startswith("error:")
