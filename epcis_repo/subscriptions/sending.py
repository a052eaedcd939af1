"""
Sending a delivery over HTTP, to an address that somebody else has chosen.

- The name is resolved once for an attempt, all that it stands for is checked, and what was checked
  is what is connected to: a name that means something else a moment later gains nothing.
- No redirect is followed, no proxy asked, no more than a little of an answer is read, and the
  whole of it ends after half a minute, however slowly it trickles.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from socket import SOCK_STREAM, getaddrinfo
from typing import Any

import httpcore2

from epcis_repo.model.times import microseconds_of
from epcis_repo.subscriptions.destinations import (
    Destination,
    Network,
    allowed,
    parse_destination,
)
from epcis_repo.subscriptions.errors import DestinationError

TIMEOUT_SECONDS = 30.0
# So many bytes of an answer are read, and thrown away.
_ANSWER_MAX = 64 * 1024
_CONNECT_SECONDS = 10.0
_SECONDS_MAX = 10**9
# A name server that does not answer holds a thread until the system gives it up. In a pool of their
# own such look-ups keep nobody waiting but other deliveries, and those only by the dozen.
_LOOK_UPS = ThreadPoolExecutor(max_workers=32, thread_name_prefix="look-up")


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What came of an attempt: the status of the answer, None without one.

    `failure` says what went wrong, None where it was taken; `retry_after` are the microseconds that
    the receiver wants us to wait at least. What else it answered nobody is told: it may be from
    inside a network that the subscriber has no business in.
    """

    status: int | None
    failure: str | None = None
    retry_after: int = 0

    @property
    def is_delivered(self) -> bool:
        return self.failure is None


class Sender:
    """Sends to whatever address is allowed, each time over a connection of its own."""

    def __init__(
        self,
        networks: Sequence[Network] = (),
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        """`networks` are those beside the public Internet that may be connected to."""
        self._networks = networks
        self._timeout_seconds = timeout_seconds
        self._ssl_context = ssl_context or ssl.create_default_context()

    async def check(self, dest: str) -> None:
        """
        Raise `DestinationError` for an address that nothing would be delivered to.

        One that leads nowhere at this moment may do so later.
        """
        destination = parse_destination(dest)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                addresses = await _resolved(destination)
        except (OSError, UnicodeError):  # a timeout is one of them
            return
        allowed(destination, addresses, self._networks)

    async def post(
        self, dest: str, body: bytes, headers: Mapping[str, str], *, now: int
    ) -> Outcome:
        """Send `body`, and return what came of it."""
        destination = parse_destination(dest)
        # No connection is kept: one that the other end has closed meanwhile would look like a
        # failed delivery, and another look at the name costs less than a wrong one.
        backend = _CheckedBackend(destination, self._networks)
        pool = httpcore2.AsyncConnectionPool(
            ssl_context=self._ssl_context,
            network_backend=backend,
            max_keepalive_connections=0,
        )
        try:
            async with asyncio.timeout(self._timeout_seconds), pool:
                return await _post(pool, destination.url, body, headers, now=now)
        except TimeoutError:
            return Outcome(None, f"no answer within {self._timeout_seconds:g} seconds")
        except DestinationError as error:
            return Outcome(None, str(error))
        except (OSError, UnicodeError, *_HTTP_ERRORS):
            return Outcome(None, "it could not be reached, or broke off")


_HTTP_ERRORS = (
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
    httpcore2.UnsupportedProtocol,
)


async def _post(
    pool: httpcore2.AsyncConnectionPool,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    now: int,
) -> Outcome:
    sent = {**headers, "Content-Length": str(len(body)), "Connection": "close"}
    lines = [(name.encode(), value.encode()) for name, value in sent.items()]
    async with pool.stream("POST", url, headers=lines, content=body) as answer:
        status, size = answer.status, 0
        if 200 <= status < 300:
            # Taken is what was taken, whatever becomes of the rest of the answer.
            return Outcome(status)
        async for chunk in answer.aiter_stream():
            size += len(chunk)
            if size > _ANSWER_MAX:
                break
    said = {name.lower(): value for name, value in answer.headers}
    retry_after = _microseconds(said.get(b"retry-after", b"").decode("latin-1").strip(), now=now)
    return Outcome(status, f"it answered {status}", retry_after)


def _microseconds(text: str, *, now: int) -> int:
    """Return how long `Retry-After` asks to wait: seconds, or until a date (RFC 9110, §10.2.3)."""
    if text.isascii() and text.isdecimal():
        return min(int(text[:12]), _SECONDS_MAX) * 1_000_000
    try:
        until = parsedate_to_datetime(text)
        return 0 if until.tzinfo is None else max(0, microseconds_of(until) - now)
    except (ValueError, OverflowError):  # a year that no calendar of ours has is the second
        return 0


class _CheckedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to what the name of a destination stands for, once that was checked."""

    def __init__(self, destination: Destination, networks: Sequence[Network]) -> None:
        self._destination = destination
        self._networks = networks
        self._backend = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the library's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """See `AsyncNetworkBackend.connect_tcp`. There is one host to connect to."""
        addresses = await _resolved(self._destination)
        checked = allowed(self._destination, addresses, self._networks)
        for address in checked[:-1]:
            try:
                return await self._connect(address, port, local_address, socket_options)
            except (httpcore2.NetworkError, httpcore2.TimeoutException):
                continue
        return await self._connect(checked[-1], port, local_address, socket_options)

    async def _connect(self, address: str, port: int, *others: Any) -> httpcore2.AsyncNetworkStream:
        return await self._backend.connect_tcp(address, port, _CONNECT_SECONDS, *others)

    async def sleep(self, seconds: float) -> None:
        """See `AsyncNetworkBackend.sleep`."""
        await asyncio.sleep(seconds)


async def _resolved(destination: Destination) -> list[str]:
    """Return the addresses that the name of a destination stands for, each once."""
    loop = asyncio.get_running_loop()
    look_up = partial(getaddrinfo, destination.host, destination.port, type=SOCK_STREAM)
    found = await loop.run_in_executor(_LOOK_UPS, look_up)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))
