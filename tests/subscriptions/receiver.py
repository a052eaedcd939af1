"""A subscriber's server: a real one, on a port of this machine, that answers as a test has it."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[StreamWriter], Awaitable[None]]


def status(code: int, *headers: str, body: bytes = b"") -> Answer:
    """Answers with a status at once."""

    async def answer(writer: StreamWriter) -> None:
        lines = [f"HTTP/1.1 {code} Whatever", f"Content-Length: {len(body)}", *headers]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def hang(_writer: StreamWriter) -> None:
    """Says nothing, for longer than anybody waits."""
    await asyncio.sleep(3600)


async def trickle(writer: StreamWriter) -> None:
    """Says something all the time, and never comes to an end of its headers."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: and more\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def flood(writer: StreamWriter) -> None:
    """Refuses with an answer that has no end."""
    writer.write(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        await writer.drain()


async def break_off(writer: StreamWriter) -> None:
    """Hangs up in the midst of its answer."""
    writer.write(b"HTTP/1.1 20")
    await writer.drain()


async def babble(writer: StreamWriter) -> None:
    """Speaks something else than HTTP."""
    writer.write(b"220 mail.example ESMTP\r\n")
    await writer.drain()


TAKE = status(200)


@dataclass(frozen=True)
class Request:
    """A request as it came: the line it begins with, its headers by lower-case name, its body."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def value(self) -> Any:
        return json.loads(self.body)

    @property
    def delivery_id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.value["epcisBody"]["queryResults"]["resultsBody"][
            "eventList"
        ]
        return found

    @property
    def names(self) -> list[str]:
        """The serials of its events, the last part of each."""
        return [name for event in self.events for name in names_in(event)]


def names_in(event: dict[str, Any]) -> Iterator[str]:
    """Yield the last parts of the EPCs of an event."""
    for epc in event["epcList"]:
        yield epc.rpartition("/")[2].rpartition(".")[2]


@dataclass
class Receiver:
    """What came, what was taken of it, and what is answered next: `then` when nothing is left."""

    port: int = 0
    scheme: str = "http"
    then: Answer = TAKE
    answers: list[Answer] = field(default_factory=list)
    came: list[Request] = field(default_factory=list)
    taken: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/epcis"

    @property
    def names(self) -> list[str]:
        """The serials of all events that were taken; what came twice by one name counts once."""
        once = {request.delivery_id: request for request in self.taken}
        return [name for request in once.values() for name in request.names]

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            request = await _read(reader)
            self.came.append(request)
            answer = self.answers.pop(0) if self.answers else self.then
            if answer is TAKE:
                # What comes after that may break off, and has been taken.
                self.taken.append(request)
            await answer(writer)
        # Waited for, since what is still open when its loop ends is open for ever. Over TLS that
        # takes two to say farewell, and the other may be gone.
        try:
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()


async def _read(reader: StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *lines = head.strip().split("\r\n")
    headers = {}
    for header in lines:
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(line, headers, body)


@asynccontextmanager
async def receiving(
    port: int = 0, *, context: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """Serve on a port, any that is free if none is named, until the context ends."""
    receiver = Receiver(scheme="http" if context is None else "https")
    connections = set[asyncio.Task[None]]()

    def connected(reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", port, ssl=context)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        # Whoever is shaking hands has done so by then, or has been refused: one who is half in
        # cannot be sent away.
        await asyncio.sleep(0.05)
        for task in connections:
            task.cancel()
        if connections:
            await asyncio.wait(connections)


@contextmanager
def receiving_beside(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Serve in a thread of its own, for tests that wait for something else."""
    started = threading.Event()
    found: list[tuple[Receiver, asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        async with receiving(context=context) as receiver:
            found.append((receiver, asyncio.get_running_loop(), stop))
            started.set()
            await stop.wait()

    # Whoever is still shaking hands when it ends is a task of the loop, and cancelled with it.
    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait()
    [(receiver, loop, stop)] = found
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()


def wait_until(holds: Callable[[], bool], *, seconds: float = 30) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not so within {seconds} seconds"
        time.sleep(0.01)
