"""Subscriptions over HTTP: subscribed, listed, told, ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from epcis_repo.subscriptions.retries import ATTEMPTS_MAX
from tests.conformance.rows import holds
from tests.rest.documents import JSON, document, event
from tests.rest.serving import captured, must_be_valid, problem, serving
from tests.subscriptions.receiver import Receiver, receiving_beside, status, wait_until

QUERIES = "/epcis/queries"
SUBSCRIPTIONS = f"{QUERIES}/all/subscriptions"


@pytest.fixture
def client(store_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """A client of an application that may deliver to this machine, with a query for everything."""
    settings = {"webhook_networks": "127.0.0.1/32", "webhook_key": tmp_path / "webhook.key"}
    with serving(store_url, **settings) as client:
        del client.headers["GS1-EPC-Format"]
        assert client.post(QUERIES, json={"name": "all", "query": {}}).status_code == 201
        yield client


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A subscriber's server that takes what comes."""
    with receiving_beside() as receiver:
        yield receiver


def subscribed(client: TestClient, dest: str, **members: Any) -> Response:
    """Subscribe, as a stream unless something else is asked for."""
    controls = {} if "schedule" in members else {"stream": True}
    answer = client.post(SUBSCRIPTIONS, json={"dest": dest, **controls, **members})
    assert answer.status_code == 201, answer.text
    must_be_valid(answer.json(), "subscription")
    return answer


class TestSubscribing:
    @holds("R22")
    def test_answers_with_the_subscription(self, client: TestClient, receiver: Receiver) -> None:
        """
        The answer has its name, its place, and all that was asked for but the secret.
        """
        answer = subscribed(
            client,
            receiver.url,
            schedule={"hour": "2", "minute": "0,30"},
            reportIfEmpty=True,
            initialRecordTime="2026-01-01T00:00:00Z",
            signatureToken="between us",
        )

        value = answer.json()
        assert answer.headers["Location"] == f"{SUBSCRIPTIONS}/{value['subscriptionID']}"
        assert (value["dest"], value["reportIfEmpty"]) == (receiver.url, True)
        assert value["schedule"] == {"hour": "2", "minute": "0,30"}
        assert value["initialRecordTime"] == value["minRecordTime"] == "2026-01-01T00:00:00.000Z"
        assert value["epcFormat"] == "Always_GS1_Digital_Link"
        assert {"createdAt"} < value.keys()
        assert "stream" not in value
        assert "between us" not in answer.text
        assert client.get(answer.headers["Location"]).json() == value

    @holds("M88", "R22")
    def test_is_told_what_is_captured(self, client: TestClient, receiver: Receiver) -> None:
        """
        A capture reaches who has subscribed, signed by the key that is published.
        """
        place = subscribed(client, receiver.url).headers["Location"]
        captured(client, document(event(1)))
        wait_until(lambda: len(receiver.taken) == 1)

        [request] = receiver.taken
        assert request.events[0]["epcList"] == ["https://id.gs1.org/01/00300010123455/21/1"]
        assert request.headers["gs1-epcis-version"] == "2.0.0"
        assert client.get("/webhook-key").text.startswith("whpk_")
        wait_until(lambda: "lastNotifiedAt" in client.get(place).json())
        must_be_valid(client.get(place).json(), "subscription")
        must_be_valid(request.value, "epcis/epcis-2.0")

    def test_is_told_in_the_spelling_that_was_asked_for(
        self, client: TestClient, receiver: Receiver
    ) -> None:
        """
        The GS1 headers of who subscribes are those of every delivery.
        """
        answer = client.post(
            SUBSCRIPTIONS,
            json={"dest": receiver.url, "stream": True},
            headers={"GS1-EPC-Format": "Always_EPC_URN"},
        )
        captured(client, document(event(1)))
        wait_until(lambda: len(receiver.taken) == 1)

        assert answer.json()["epcFormat"] == "Always_EPC_URN"
        assert receiver.taken[0].events[0]["epcList"] == ["urn:epc:id:sgtin:030001.0012345.1"]

    @holds("M28", "M30", "R23")
    @pytest.mark.parametrize(
        ("body", "name"),
        [
            pytest.param({"stream": True}, "ValidationException", id="no address"),
            pytest.param({"dest": "not a uri", "stream": True}, "ValidationException", id="no URI"),
            pytest.param(
                {"dest": "ftp://partner.example/", "stream": True}, "ValidationException", id="ftp"
            ),
            pytest.param(
                {"dest": "https://10.0.0.1/", "stream": True}, "ValidationException", id="inside"
            ),
            pytest.param(
                {"dest": "http://8.8.8.8/", "stream": True}, "ValidationException", id="plain"
            ),
            pytest.param(
                {"dest": "https://8.8.8.8/"}, "SubscriptionControlsException", id="neither"
            ),
            pytest.param(
                {"dest": "https://8.8.8.8/", "stream": True, "schedule": {"hour": "1"}},
                "SubscriptionControlsException",
                id="both",
            ),
            pytest.param(
                {"dest": "https://8.8.8.8/", "schedule": {"second": "60"}},
                "SubscriptionControlsException",
                id="no second",
            ),
            pytest.param(
                {"dest": "https://8.8.8.8/", "schedule": {}},
                "SubscriptionControlsException",
                id="no time",
            ),
        ],
    )
    def test_refuses_what_cannot_be_kept_to(
        self, client: TestClient, body: dict[str, Any], name: str
    ) -> None:
        """
        What is wrong with a subscription is a 400 in the standard's words, and none is created.
        """
        problem(client.post(SUBSCRIPTIONS, json=body), 400, name)

        assert client.get(SUBSCRIPTIONS).json() == []

    def test_wants_json_and_a_query(self, client: TestClient) -> None:
        """
        Another media type is 415, a query that is not there 404.
        """
        body = {"dest": "https://8.8.8.8/", "stream": True}

        xml = client.post(SUBSCRIPTIONS, content=b"<a/>", headers={"Content-Type": "text/xml"})
        problem(xml, 415)
        problem(client.post(f"{QUERIES}/other/subscriptions", json=body), 404)
        problem(client.get(f"{QUERIES}/other/subscriptions"), 404)
        content = b'{"dest": "' + b"x" * 70_000 + b'"}'
        problem(client.post(SUBSCRIPTIONS, content=content, headers={"Content-Type": JSON}), 400)

    def test_is_one_of_so_many(self, store_url: str, receiver: Receiver, tmp_path: Path) -> None:
        """
        How many there may be is announced, one more is a 409, and there is room when one has ended.
        """
        settings = {"webhook_networks": "127.0.0.1/32", "subscription_limit": 2}
        body = {"dest": receiver.url, "stream": True}
        with serving(store_url, **settings, webhook_key=tmp_path / "webhook.key") as client:
            client.post(QUERIES, json={"name": "all", "query": {}})
            client.post(QUERIES, json={"name": "other", "query": {}})
            place = subscribed(client, receiver.url).headers["Location"]
            other = client.post(f"{QUERIES}/other/subscriptions", json=body)

            refused = client.post(SUBSCRIPTIONS, json=body)
            announced = client.options(SUBSCRIPTIONS)
            client.delete(place)

            assert other.status_code == 201
            problem(refused, 409, "ImplementationException")
            assert refused.headers["Subscription-Limit"] == "2"
            assert announced.headers["Subscription-Limit"] == "2"
            subscribed(client, receiver.url)

    def test_to_master_data_is_for_nobody(self, client: TestClient) -> None:
        """
        Of the predefined queries, which are SOAP's, none is there to subscribe to.
        """
        body = {"dest": "https://8.8.8.8/", "stream": True}
        for name in ("SimpleMasterDataQuery", "SimpleEventQuery"):
            problem(client.post(f"{QUERIES}/{name}/subscriptions", json=body), 404)


class TestTheResources:
    def test_list_subscriptions_in_pages(self, client: TestClient, receiver: Receiver) -> None:
        """
        The list leads on to its next page, and comes to an end.
        """
        names = [subscribed(client, receiver.url).json()["subscriptionID"] for _ in range(3)]

        first = client.get(SUBSCRIPTIONS, params={"perPage": 2})
        second = client.get(first.links["next"]["url"])

        found = [value["subscriptionID"] for value in [*first.json(), *second.json()]]
        assert found == names
        assert "next" not in second.links

    def test_announce_themselves(self, client: TestClient, receiver: Receiver) -> None:
        """
        OPTIONS says which methods there are, and from which record time on there is more to tell.
        """
        place = subscribed(client, receiver.url).headers["Location"]

        whole, one = client.options(SUBSCRIPTIONS), client.options(place)

        assert (whole.status_code, one.status_code) == (204, 204)
        assert {"GET", "POST"} <= set(whole.headers["Allow"].split(", "))
        assert {"GET", "DELETE"} <= set(one.headers["Allow"].split(", "))
        assert "GS1-EPC-Format" in whole.headers
        assert "GS1-EPC-Format" not in one.headers
        minimum = client.get(place).json()["minRecordTime"]
        assert one.headers["GS1-Query-Min-Record-Time"] == minimum
        problem(client.options(f"{SUBSCRIPTIONS}/other"), 404)
        problem(client.options(f"{QUERIES}/other/subscriptions"), 404)

    def test_end_a_subscription_once(self, client: TestClient, receiver: Receiver) -> None:
        """
        What was ended is not there, and cannot be ended again.
        """
        place = subscribed(client, receiver.url).headers["Location"]

        assert client.delete(place).status_code == 204
        problem(client.delete(place), 404)
        problem(client.get(place), 404)
        assert client.get(SUBSCRIPTIONS).json() == []

    @holds("R21")
    def test_end_with_their_query(self, client: TestClient, receiver: Receiver) -> None:
        """
        A query that is deleted takes its subscriptions along.
        """
        place = subscribed(client, receiver.url).headers["Location"]

        assert client.delete(f"{QUERIES}/all").status_code == 204
        client.post(QUERIES, json={"name": "all", "query": {}})

        problem(client.get(place), 404)
        assert client.get(SUBSCRIPTIONS).json() == []


class TestDeliveries:
    def test_that_were_given_up_are_replayed_by_hand(
        self, client: TestClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What nobody took is listed, and comes by its old name when somebody asks for it.
        """
        monkeypatch.setattr("epcis_repo.subscriptions.retries.PAUSES", (0,) * (ATTEMPTS_MAX - 1))
        receiver.answers = [status(500)] * ATTEMPTS_MAX
        name = subscribed(client, receiver.url).json()["subscriptionID"]
        captured(client, document(event(1)))
        params = {"subscriptionID": name}
        wait_until(
            lambda: (
                [
                    value["givenUp"]
                    for value in client.get("/deliveries", params=params).json()["deliveries"]
                ]
                == [True]
            )
        )
        must_be_valid(client.get("/deliveries").json(), "deliveries")
        [letter] = client.get("/deliveries").json()["deliveries"]

        answer = client.post(f"/deliveries/{letter['deliveryID']}/replay")
        wait_until(lambda: len(receiver.taken) == 1)

        assert answer.status_code == 204
        assert letter["attempts"] == ATTEMPTS_MAX
        assert receiver.taken[0].delivery_id == letter["deliveryID"]
        wait_until(lambda: client.get("/deliveries").json() == {"deliveries": []})
        problem(client.post(f"/deliveries/{letter['deliveryID']}/replay"), 404)

    def test_on_their_way_are_not(self, client: TestClient, receiver: Receiver) -> None:
        """
        What is tried again by itself needs nobody: 409.
        """
        receiver.answers = [status(500)]
        subscribed(client, receiver.url)
        captured(client, document(event(1)))
        wait_until(lambda: "failure" in client.get("/deliveries").text)
        must_be_valid(client.get("/deliveries").json(), "deliveries")
        [delivery] = client.get("/deliveries").json()["deliveries"]

        problem(client.post(f"/deliveries/{delivery['deliveryID']}/replay"), 409)
        problem(client.get("/deliveries", params={"subscription": "x"}), 400)
        problem(client.get("/deliveries", params={"subscriptionID": "x"}), 404)
        problem(client.get("/deliveries", params={"nextPageToken": "x"}), 400)

    def test_are_listed_page_by_page(self, client: TestClient, receiver: Receiver) -> None:
        """
        The next page is at its link, of all of them.
        """
        receiver.answers = [status(500)] * 3
        for _ in range(3):
            subscribed(client, receiver.url)
        captured(client, document(event(1)))
        wait_until(lambda: client.get("/deliveries").text.count("failure") == 3)

        first = client.get("/deliveries?perPage=2")
        second = client.get(first.links["next"]["url"])

        found = first.json()["deliveries"] + second.json()["deliveries"]
        assert len(first.json()["deliveries"]) == 2
        assert len({delivery["deliveryID"] for delivery in found}) == 3
        assert "next" not in second.links


def told(socket: WebSocketTestSession) -> list[str]:
    """The EPCs of the next message."""
    value = socket.receive_json()
    must_be_valid(value, "epcis/epcis-2.0")
    events = value["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return [epc.rpartition("/")[2] for event in events for epc in event["epcList"]]


class TestAWebSocket:
    @holds("R26")
    def test_is_told_what_is_captured(self, client: TestClient) -> None:
        """
        Who listens to a query hears what is captured from then on, and by which query.
        """
        captured(client, document(event(1)))
        with client.websocket_connect(f"{QUERIES}/all/events?stream=true") as socket:
            captured(client, document(event(2)))
            assert told(socket) == ["2"]
            captured(client, document(event(3), event(4)))
            assert told(socket) == ["3", "4"]

    def test_is_told_from_the_record_time_that_was_asked_for(self, client: TestClient) -> None:
        """
        Who was cut off asks from the record time on that he has seen, and the handshake says it.
        """
        captured(client, document(event(1)))
        since = "2026-01-01T01:00:00.000%2B01:00"
        path = f"{QUERIES}/all/events?stream=true&initialRecordTime={since}"

        with client.websocket_connect(path) as socket:
            said: Any = socket.extra_headers
            assert told(socket) == ["1"]
        assert dict(said)[b"gs1-query-min-record-time"] == b"2026-01-01T00:00:00.000Z"

    def test_is_told_by_the_clock(self, client: TestClient) -> None:
        """
        With a schedule there are runs, and empty ones are told to who wants them.
        """
        path = f"{QUERIES}/all/events?second=[0-59]&reportIfEmpty=true"
        with client.websocket_connect(path) as socket:
            assert told(socket) == []
            captured(client, document(event(1)))
            while not (found := told(socket)):
                pass
            assert found == ["1"]

    def test_ends_with_its_query(self, client: TestClient) -> None:
        """
        A query that is deleted closes what was opened on it.
        """
        with client.websocket_connect(f"{QUERIES}/all/events?stream=true") as socket:
            client.delete(f"{QUERIES}/all")
            client.post(QUERIES, json={"name": "all", "query": {}})

            with pytest.raises(WebSocketDisconnect) as caught:
                socket.receive_text()
        assert caught.value.code == 1000

    def test_hears_nothing_of_what_it_says(self, client: TestClient) -> None:
        """
        What a client sends is dropped, and it is told all the same.
        """
        with client.websocket_connect(f"{QUERIES}/all/events?stream=true") as socket:
            socket.send_text("hello")
            socket.send_bytes(b"\x00" * 1000)
            captured(client, document(event(1)))
            assert told(socket) == ["1"]

    @holds("R26")
    @pytest.mark.parametrize(
        ("path", "status_code"),
        [
            pytest.param("all/events", 400, id="neither"),
            pytest.param("all/events?stream=true&second=0", 400, id="both"),
            pytest.param("all/events?stream=yes", 400, id="no boolean"),
            pytest.param("all/events?second=60", 400, id="no second"),
            pytest.param("all/events?stream=true&perPage=5", 400, id="a page"),
            pytest.param("all/events?stream=true&stream=true", 400, id="twice"),
            pytest.param("all/events?stream=true&initialRecordTime=x", 400, id="no moment"),
            pytest.param("all/events?stream=true&reportIfEmpty=true", 400, id="no run"),
            pytest.param("other/events?stream=true", 404, id="no query"),
            pytest.param("SimpleMasterDataQuery/events?stream=true", 400, id="master data"),
        ],
    )
    def test_is_refused_what_cannot_be_kept_to(
        self, client: TestClient, path: str, status_code: int
    ) -> None:
        """
        Instead of being opened it is answered with a problem document.
        """
        with (
            pytest.raises(WebSocketDenialResponse) as caught,
            client.websocket_connect(f"{QUERIES}/{path}"),
        ):
            pass

        problem(caught.value, status_code)

    def test_is_one_of_so_many(self, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Who finds too many listening is told to come back, and may once one of them has gone.
        """
        monkeypatch.setattr("epcis_repo.rest.sockets.LISTENERS_MAX", 1)
        path = f"{QUERIES}/all/events?stream=true"
        with client.websocket_connect(path):
            with pytest.raises(WebSocketDenialResponse) as caught, client.websocket_connect(path):
                pass
            problem(caught.value, 503)

        def opens() -> bool:
            try:
                with client.websocket_connect(path):
                    return True
            except WebSocketDenialResponse:
                return False

        wait_until(opens)
