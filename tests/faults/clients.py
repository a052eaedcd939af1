"""Clients over real HTTP, each of which sends a report until it is told that it is recorded."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count

from tests.faults.reports import Journal, Report, report
from tests.rest.documents import JSON

# A server that hangs for so long is a finding of its own.
HANGS_SECONDS = 60.0
Address = tuple[str, int]


@dataclass
class Client:
    """One client: what it has sent, and what of that it has no answer to."""

    name: str
    journal: Journal
    first: int = 0
    sent: list[Report] = field(default_factory=list)
    waiting: Report | None = None
    answered: int = 0
    refused: int = 0
    # Recorded though its first answer never came: the retry was told that it is a repeat.
    repeated: int = 0
    surprises: list[str] = field(default_factory=list)

    def work(self, address: Address, stop: threading.Event, *, settle: bool = False) -> None:
        """Send one report after the other; with `settle` only the one that waits for its answer."""
        connection = HTTPConnection(*address, timeout=HANGS_SECONDS)
        try:
            while not stop.is_set() and (self.waiting or not settle):
                if self.waiting is None:
                    self.waiting = report(self.name, self.first + len(self.sent))
                    self.sent.append(self.waiting)
                try:
                    self._send(connection, self.waiting)
                except (OSError, HTTPException):
                    # Whether it is recorded is not known, so it is sent again.
                    connection.close()
                    stop.wait(0.005)
        finally:
            connection.close()

    def _send(self, connection: HTTPConnection, sent: Report) -> None:
        connection.request("POST", "/epcis/capture", sent.body, {"Content-Type": JSON})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 202:
            receipt = json.loads(body)
            self.journal.told(sent, receipt)
            self.answered += 1
            self.repeated += receipt["repeated"]
            self.waiting = None
        elif answer.status in (503, 507) and (answer.getheader("Retry-After") or "").isdecimal():
            self.refused += 1
            time.sleep(0.01)
        else:
            self.surprises.append(f"{sent.name}: {answer.status} {body.decode()}")
            self.waiting = None


@dataclass
class Crowd:
    """Several clients that send at once."""

    journal: Journal
    clients: list[Client]

    @contextmanager
    def sending_to(self, address: Address) -> Iterator[None]:
        """Send while the context lasts; what was not answered is sent again in the next."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=client.work, args=(address, stop)) for client in self.clients
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def settle(self, address: Address) -> None:
        """Have everything answered that was sent."""
        for client in self.clients:
            client.work(address, threading.Event(), settle=True)

    @property
    def answered(self) -> int:
        return sum(client.answered for client in self.clients)

    @property
    def refused(self) -> int:
        return sum(client.refused for client in self.clients)

    @property
    def repeated(self) -> int:
        return sum(client.repeated for client in self.clients)

    @property
    def surprises(self) -> list[str]:
        return [surprise for client in self.clients for surprise in client.surprises]

    @property
    def sent(self) -> list[Report]:
        return [report for client in self.clients for report in client.sent]

    def wait_for(self, answers: int) -> None:
        """Return when so many more answers have come."""
        until = self.answered + answers
        deadline = time.monotonic() + HANGS_SECONDS
        while self.answered < until:
            assert time.monotonic() < deadline, f"no answer within {HANGS_SECONDS} seconds"
            time.sleep(0.002)


_names = count(1)


def crowd(journal: Journal, clients: int = 4) -> Crowd:
    """Clients whose reports nobody else sends."""
    return Crowd(journal, [Client(f"X{next(_names)}", journal) for _ in range(clients)])


def health(address: Address) -> int:
    """The status of a server's health, 0 when it does not answer."""
    with suppress(OSError, HTTPException):
        connection = HTTPConnection(*address, timeout=HANGS_SECONDS)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status
        finally:
            connection.close()
    return 0
