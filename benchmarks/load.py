"""
The other side of a server: clients that keep a connection each and send one request after the
other. They do the least that HTTP asks, on raw streams, so that what is measured is the server.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import uvloop

from epcis_repo.bindings import JSON_LD

Address = tuple[str, int]

OK, ACCEPTED = 200, 202


class Load(NamedTuple):
    """
    How long it took to have everything answered, and what of that the clients computed.

    `waits` is how long each request was waited for, in seconds.
    """

    seconds: float
    cpu_seconds: float
    waits: tuple[float, ...]

    @property
    def share(self) -> float:
        """What the clients took of a core: if that is much, they are what is measured."""
        return self.cpu_seconds / self.seconds


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes


def send(
    address: Address, bodies: Sequence[bytes], clients: int, media_type: str = JSON_LD
) -> Load:
    """
    Have so many clients send documents, each the next that nobody has sent yet.

    Meant for a process of its own. Raises `RuntimeError` at the first that is not accepted.
    """
    requests = [capture_request(address, body, media_type) for body in bodies]
    return _run(address, requests, clients, status=ACCEPTED)


def ask(address: Address, paths: Sequence[str], clients: int, headers: str = "") -> Load:
    """Have so many clients get what is at these paths likewise; `headers` end with their lines."""
    requests = [get_request(address, path, headers) for path in paths]
    return _run(address, requests, clients, status=OK)


def _run(address: Address, requests: Sequence[bytes], clients: int, *, status: int) -> Load:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_exchange_all(address, requests, clients, status=status))


async def _exchange_all(
    address: Address, requests: Sequence[bytes], clients: int, *, status: int
) -> Load:
    left = iter(requests)
    connections = [await asyncio.open_connection(*address) for _ in range(clients)]
    try:
        waits: list[float] = []
        started, computed = time.perf_counter(), time.process_time()
        async with asyncio.TaskGroup() as group:
            for reader, writer in connections:
                group.create_task(_client(reader, writer, left, waits, status=status))
        seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - computed
        return Load(seconds, cpu_seconds, tuple(waits))
    finally:
        for _, writer in connections:
            writer.close()
            await writer.wait_closed()


async def _client(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    requests: Iterator[bytes],
    waits: list[float],
    *,
    status: int,
) -> None:
    for request in requests:
        started = time.perf_counter()
        answer = await exchange(reader, writer, request)
        waits.append(time.perf_counter() - started)
        if answer.status != status:
            raise RuntimeError(f"a request had another answer than {status}: {answer}")


def get_request(address: Address, path: str, headers: str = "") -> bytes:
    """Return the request for what is at a path."""
    host, port = address
    return f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\n{headers}\r\n".encode()


def capture_request(address: Address, body: bytes, media_type: str = JSON_LD) -> bytes:
    """Return the request that captures a document."""
    host, port = address
    head = (
        f"POST /epcis/capture HTTP/1.1\r\nHost: {host}:{port}\r\n"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> Answer:
    """Send a request and return its answer, after which the connection is free for the next."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    return Answer(status_of(head), await reader.readexactly(length_of(head)))


def status_of(head: bytes) -> int:
    """Return the status of an answer."""
    return int(head.split(b" ", 2)[1])


def length_of(head: bytes) -> int:
    """Return how many bytes follow the head; `ValueError` when it does not say (RFC 9112, §6.2)."""
    _, found, rest = head.lower().partition(b"\r\ncontent-length:")
    if not found:
        raise ValueError(f"no Content-Length in {head!r}")
    return int(rest.partition(b"\r\n")[0])
