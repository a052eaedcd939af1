"""
What is read of a request before any operation: its body, its path, what it accepts; and what the
application has for whoever answers it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager
from functools import lru_cache
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import unquote

from starlette.requests import Request

from epcis_repo.errors import (
    CaptureLimitExceededError,
    NotAcceptableError,
    NotFoundError,
    QueryParameterError,
)
from epcis_repo.operations.asked import moment_asked
from epcis_repo.operations.chunks import no_room
from epcis_repo.operations.preparing import Door
from epcis_repo.operations.recent import RecentEvents
from epcis_repo.settings import Settings
from epcis_repo.store import EventStore

# A body beyond this goes to a temporary file as it arrives, so many bytes at a time.
IN_MEMORY_MAX = 1 << 20


def store_of(request: Request) -> EventStore:
    """Return the store that the application has opened."""
    store: EventStore = request.app.state.store
    return store


def recent_of(request: Request) -> RecentEvents:
    """Return the events that the application has read last."""
    recent: RecentEvents = request.app.state.recent
    return recent


def door_of(request: Request) -> Door:
    """Return who looks at what comes in."""
    door: Door = request.app.state.door
    return door


def settings_of(request: Request) -> Settings:
    """Return the settings that the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


@asynccontextmanager
async def body_of(request: Request, *, size_max: int) -> AsyncIterator[bytes | IO[bytes]]:
    """
    Give the body, of `size_max` bytes at most: a long one as a file, which is gone afterwards.

    What is too long is refused when it says so, or as soon as it is: it is never all read.
    """
    announced = request.headers.get("content-length", "0")
    # No size has more digits than these, and Python refuses to read thousands of them.
    if announced.isdecimal() and int(announced[:18]) > size_max:
        raise CaptureLimitExceededError(f"{size_max} bytes at most")
    body, size = bytearray(), 0
    file: IO[bytes] | None = None
    with ExitStack() as files:
        async for chunk in request.stream():
            body += chunk
            size += len(chunk)
            if size > size_max:
                raise CaptureLimitExceededError(f"{size_max} bytes at most")
            if len(body) > IN_MEMORY_MAX:
                # It has no name, so nobody else can read what is in it, and it cannot be left over.
                file = file or files.enter_context(TemporaryFile())
                await _write(file, bytes(body))
                body.clear()
        if file is None:
            yield bytes(body)
        else:
            await _write(file, bytes(body))
            file.seek(0)
            yield file


async def _write(file: IO[bytes], data: bytes) -> None:
    try:
        await asyncio.to_thread(file.write, data)
        file.flush()
    except OSError as error:
        raise no_room(error) from error


def raw_path(request: Request) -> str:
    """Return the path as it was sent: what is escaped in it stays so."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    return raw.decode("latin-1").partition("?")[0]


def path_segments(request: Request) -> list[str]:
    """
    Return the segments of the path, each decoded by itself.

    A serial may have a slash in it, which the framework would take for the end of a segment.
    """
    return [unquote(segment) for segment in raw_path(request).split("/")]


def identifier_in(request: Request, name: str) -> str:
    """
    Return the identifier that stands in the path where the resource has `name`.

    One that was escaped as a whole is decoded. A Digital Link that was pasted as it is keeps
    its own escapes: they are part of it.
    """
    text: str = request.path_params[name]
    if not text.lower().startswith(("http://", "https://")):
        text = unquote(text)
    # PostgreSQL stores no NUL, so nothing that is recorded has one in its name.
    if "\0" in text:
        raise NotFoundError(f"there is nothing at {raw_path(request)}")
    return text


def clocks(request: Request, *, besides: Collection[str] = ()) -> dict[str, int | None]:
    """
    Return the moments `as_of` and `known_at` that the query asks about, in microseconds.

    It may have the parameters `besides`, which others read.
    """
    moments: dict[str, int | None] = {"as_of": None, "known_at": None}
    for name, text in request.query_params.multi_items():
        # A Digital Link that was pasted into the path brings its attributes: `?17=250327`.
        if name.isdecimal() or name in besides:
            continue
        if name not in moments:
            raise QueryParameterError(name, expected="as_of or known_at", found=name)
        if moments[name] is not None:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
        moments[name] = moment_of(name, text)
    return moments


def moment_of(name: str, text: str) -> int:
    """Return the moment that a parameter of a query string names, in microseconds."""
    # It turns the plus of an offset into a blank unless that is escaped.
    return moment_asked(name, text.replace(" ", "+"))


def accepted(request: Request, offers: tuple[str, ...]) -> str:
    """
    Return that of `offers` which the client likes best; `NotAcceptableError` if it takes none.

    The most particular range that fits an offer has its weight (RFC 9110, §12.5.1). Of equal
    weights the range that came first counts, then the offer that did.
    """
    header = ", ".join(request.headers.getlist("accept")) or "*/*"
    if best := _best(header, offers):
        return best
    raise NotAcceptableError(f"this resource is {' or '.join(offers)}; accepted was {header}")


# Clients are many and say few things.
@lru_cache(maxsize=1_000)
def _best(header: str, offers: tuple[str, ...]) -> str:
    """Return the offer that is liked best, nothing where none is."""
    ranges = [part.partition(";") for part in header.lower().split(",")]
    places = {name.strip(): n for n, (name, _, _) in reversed([*enumerate(ranges)])}
    liked: list[tuple[float, int, str]] = []
    for offer in offers:
        for name in (offer, offer.partition("/")[0] + "/*", "*/*"):
            if name in places:
                liked.append((-_weight(ranges[places[name]][2]), places[name], offer))
                break
    weight, _, best = min(liked, key=lambda item: item[:2], default=(0, 0, ""))
    return best if weight else ""


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 1.0
    return 1.0
