"""What is read of a request before any operation: its body, its path, what it accepts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
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

# A body beyond this goes to a temporary file as it arrives, so many bytes at a time.
IN_MEMORY_MAX = 1 << 20


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


def identifier_after(request: Request, prefix: str, suffix: str = "") -> str:
    """
    Return the identifier that stands in the path between `prefix` and `suffix`.

    One that was escaped as a whole is decoded. A Digital Link that was pasted as it is keeps
    its own escapes: they are part of it.
    """
    path = raw_path(request)
    text = path[len(prefix) : len(path) - len(suffix)]
    if not text.lower().startswith(("http://", "https://")):
        text = unquote(text)
    # The framework has decoded the path to find the route, so what it matched may be escaped
    # here. PostgreSQL stores no NUL, so nothing that is recorded has one in its name.
    if not (path.startswith(prefix) and path.endswith(suffix)) or "\0" in text:
        raise NotFoundError(f"there is nothing at {path}")
    return text


def clocks(request: Request) -> dict[str, int | None]:
    """Return the moments `as_of` and `known_at` that the query asks about, in microseconds."""
    moments: dict[str, int | None] = {"as_of": None, "known_at": None}
    for name, text in request.query_params.multi_items():
        # A Digital Link that was pasted into the path brings its attributes: `?17=250327`.
        if name.isdecimal():
            continue
        if name not in moments:
            raise QueryParameterError(name, expected="as_of or known_at", found=name)
        if moments[name] is not None:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
        # A query string turns the plus of an offset into a blank unless it is escaped.
        moments[name] = moment_asked(name, text.replace(" ", "+"))
    return moments


def accepted(request: Request, offers: tuple[str, ...]) -> str:
    """
    Return that of `offers` which the client likes best; `NotAcceptableError` if it takes none.

    The most particular range that fits an offer has its weight (RFC 9110, §12.5.1). Of equal
    weights the range that came first counts, then the offer that did.
    """
    header = ", ".join(request.headers.getlist("accept")) or "*/*"
    ranges = [part.partition(";") for part in header.lower().split(",")]
    places = {name.strip(): n for n, (name, _, _) in reversed([*enumerate(ranges)])}
    liked: list[tuple[float, int, str]] = []
    for offer in offers:
        for name in (offer, offer.partition("/")[0] + "/*", "*/*"):
            if name in places:
                liked.append((-_weight(ranges[places[name]][2]), places[name], offer))
                break
    weight, _, best = min(liked, key=lambda item: item[:2], default=(0, 0, ""))
    if not weight:
        raise NotAcceptableError(f"this resource is {' or '.join(offers)}; accepted was {header}")
    return best


def _weight(parameters: str) -> float:
    for parameter in parameters.split(";"):
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 1.0
    return 1.0
