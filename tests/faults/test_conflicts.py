"""F13: clients of two servers at one store send what cannot both be, at one moment."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

from tests.faults.clients import HANGS_SECONDS, Address
from tests.faults.deliveries import PLANT, at
from tests.faults.forking import Fork
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, compared
from tests.rest.documents import CASE, JSON, UNIT, document, event, packing

Answer = tuple[int, Any]
CLIENTS = 8


class Racers:
    """Clients with connections of their own, who let go at one moment."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._connections = [
            HTTPConnection(*addresses[n % len(addresses)], timeout=HANGS_SECONDS)
            for n in range(CLIENTS)
        ]
        self._barrier = threading.Barrier(CLIENTS)
        self._threads = ThreadPoolExecutor(CLIENTS)

    def race(self, bodies: Sequence[bytes]) -> list[Answer]:
        """Send each its body; their answers, in the same order."""

        def send(number: int) -> Answer:
            connection = self._connections[number]
            self._barrier.wait(HANGS_SECONDS)
            connection.request("POST", "/epcis/capture", bodies[number], {"Content-Type": JSON})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

        return list(self._threads.map(send, range(CLIENTS)))

    def ask(self, number: int, path: str) -> Any:
        """What the server of a client says."""
        connection = self._connections[number]
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())

    def close(self) -> None:
        self._threads.shutdown()
        for connection in self._connections:
            connection.close()


class TestRace:
    def test_of_conflicting_captures_has_one_winner(
        self, trial: Trial, fork: Fork, durable_url: str
    ) -> None:
        """
        One eventID with eight contents: one is recorded, seven are refused. One document eight
        times: recorded once. One unit packed into eight cases at one moment: eight reports, and
        the unit is in one case, whichever server is asked.
        """
        servers = [fork.start("serve", durable_url) for _ in range(2)]
        racers = Racers([server.address() for server in servers])
        races = 0
        for number, chances in trial.rounds(short=6, full=1_000):
            one_id = [
                document(
                    event(1, eventID=f"urn:x:{number}", epcList=[UNIT.format(f"{number}E{n}")])
                )
                for n in range(CLIENTS)
            ]
            statuses = sorted(status for status, _ in racers.race(one_id))
            assert statuses == [202] + [409] * (CLIENTS - 1)

            same = document(event(2, epcList=[UNIT.format(f"{number}S")]))
            answers = racers.race([same] * CLIENTS)
            assert {status for status, _ in answers} == {202}
            assert len({receipt["captureID"] for _, receipt in answers}) == 1
            assert sorted(receipt["repeated"] for _, receipt in answers) == [False] + [True] * 7

            unit = UNIT.format(f"{number}P")
            cases = [CASE.format(f"{number}C{n}") for n in range(CLIENTS)]
            packs = [document(packing(case, unit, **at(PLANT))) for case in cases]
            assert {status for status, _ in racers.race(packs)} == {202}
            stories = [racers.ask(n, f"/history/{unit}") for n in chances.sample(range(CLIENTS), 3)]
            stories += [racers.ask(n, f"/history/{unit}") for n in (0, 1)]
            assert all(story == stories[0] for story in stories)
            open_stays = [stay for stay in stories[0]["containers"] if stay["to"] is None]
            assert [stay["within"] for stay in open_stays] == [unit]
            races += 3
        racers.close()
        for server in servers:
            server.kill()

        assert compared(durable_url, (), ()) == SOUND
        trial.tell(
            "F13",
            f"races of {CLIENTS} clients at two servers, {durable_url.partition(':')[0]}",
            f"{races} races",
            "one winner each, no deadlock, both servers agree",
        )
