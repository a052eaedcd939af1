"""F12: reports arrive twice, out of order, late, and in part; what is true at the end does not."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.faults.clients import HANGS_SECONDS, Address
from tests.faults.cluster import Cluster
from tests.faults.deliveries import Delivery, Oracle, Thing, deliveries, world
from tests.faults.forking import Fork
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, compared
from tests.rest.documents import JSON


def deliver(address: Address, delivery: Delivery) -> None:
    """Send it as its sender would, and fail unless the answer is what it must be."""
    if delivery.how == "given up":
        with socket.create_connection(address, timeout=HANGS_SECONDS) as rude:
            head = f"POST /epcis/capture HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\n"
            length = f"Content-Length: {len(delivery.body)}\r\n\r\n"
            rude.sendall((head + length).encode() + delivery.body[:-20])
        return
    connection = HTTPConnection(*address, timeout=HANGS_SECONDS)
    connection.request("POST", "/epcis/capture", delivery.body, {"Content-Type": JSON})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    assert answer.status == (202 if delivery.how == "whole" else 400), text


def told(address: Address, epc: str) -> tuple[Thing, Any]:
    """What the server says of a thing: in the oracle's words, and all but places in the log."""
    connection = HTTPConnection(*address, timeout=HANGS_SECONDS)
    values = []
    for resource in ("history", "contents"):
        connection.request("GET", f"/{resource}/{epc}")
        values.append(json.loads(connection.getresponse().read()))
    connection.close()
    story, _ = values
    for entry in story["events"]:
        del entry["position"], entry["record_time"]
    state = {name: story["state"][name] for name in Thing.__dataclass_fields__ if name != "stays"}
    stays = [
        (stay["epc"], _short(stay["from"]), stay["to"] and _short(stay["to"]))
        for stay in story["containers"]
        if stay["within"] == epc
    ]
    return Thing(**state, stays=sorted(stays, key=lambda stay: stay[1])), values


def _short(time: str) -> str:
    return time.partition(".")[0] + "Z"


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """What gives the URL of an empty database, of each kind, as often as it is asked."""

    @contextmanager
    def in_a_file() -> Iterator[str]:
        path = tmp_path / "epcis.db"
        for file in tmp_path.glob("epcis.db*"):
            file.unlink()
        yield f"sqlite:///{path}"

    if request.param == "sqlite":
        return in_a_file
    cluster: Cluster = request.getfixturevalue("cluster")
    return cluster.server.database


class TestDeliveries:
    def test_end_in_what_happened(
        self, trial: Trial, fork: Fork, fresh: Any, request: pytest.FixtureRequest
    ) -> None:
        """
        For every order, the state of every serial, its stays, its history and the contents of
        every container are those of the oracle, and of the first order to the last word.
        """
        arrived = 0
        rounds = trial.rounds(short=2, full=500)
        firsts: dict[int, Any] = {}
        count = 0
        for number, chances in rounds:
            # The same world arrives in ten orders.
            happened = world(trial.chances(f"world {number // 10}"))
            truth = Oracle(happened).things
            with fresh() as db:
                server = fork.start("serve", db)
                address = server.address()
                sent = deliveries(happened, chances)
                for delivery in sent:
                    deliver(address, delivery)
                answers = {epc: told(address, epc) for epc in truth}
                server.kill()
                verdict = compared(db, (), ())
            assert verdict == SOUND
            assert {epc: thing for epc, (thing, _) in answers.items()} == truth
            first = firsts.setdefault(number // 10, answers)
            assert answers == first
            arrived += len(sent)
            count += 1

        kind = request.node.callspec.params["fresh"]
        trial.tell(
            "F12",
            f"deliveries twice, out of order, late and in part, {kind}",
            f"{count} orders of {len(firsts)} worlds, {arrived} deliveries",
            "every state, stay, history and content equal, and the oracle's",
        )
