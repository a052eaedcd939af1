"""Asking a log over HTTP for its checkpoint, its key and its tiles (c2sp.org/tlog-tiles)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx2

from epcis_repo.errors import InputError
from epcis_repo.ledger import (
    HASH_SIZE,
    MalformedEvidenceError,
    Tile,
    VerifierKey,
    parse_verifier_key,
)
from epcis_repo.witness.errors import LogUnreachableError

_TIMEOUT_SECONDS = 30
_NOTE_SIZE_MAX = 64 * 1024
_KEY_SIZE_MAX = 1024
# A proxy between us may not answer with what it remembers.
_HEADERS = {"Cache-Control": "no-cache"}


class PublishedLog:
    """A log at an address. Nothing that it says is believed here."""

    def __init__(self, url: str, client: httpx2.AsyncClient) -> None:
        self._url = url.rstrip("/")
        self._client = client

    async def checkpoint(self) -> bytes:
        """Return the signed checkpoint."""
        return await self._get("checkpoint", size_max=_NOTE_SIZE_MAX)

    async def key(self) -> VerifierKey:
        """Return the key that the log says is its own."""
        found = await self._get("key", size_max=_KEY_SIZE_MAX)
        try:
            return parse_verifier_key(found.decode(errors="replace").strip())
        except MalformedEvidenceError as error:
            raise LogUnreachableError(f"{self._url}/key answers with no key ({error})") from error

    async def tiles(self, wanted: Iterable[Tile]) -> dict[Tile, bytes]:
        """Return the hashes of tiles."""
        named = list(wanted)
        found = await asyncio.gather(
            *(self._get(tile.path, size_max=tile.width * HASH_SIZE) for tile in named)
        )
        return dict(zip(named, found, strict=True))

    async def _get(self, path: str, *, size_max: int) -> bytes:
        url = f"{self._url}/{path}"
        body = bytearray()
        try:
            async with self._client.stream("GET", url, headers=_HEADERS) as answer:
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > size_max:
                        break
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            reason = str(error) or type(error).__name__
            raise LogUnreachableError(f"no answer from {url} ({reason})") from error
        if answer.status_code != 200:
            said = bytes(body[:500]).decode(errors="replace")
            raise LogUnreachableError(f"{url} answers {answer.status_code}: {said}")
        if len(body) > size_max:
            raise LogUnreachableError(f"{url} answers more than the {size_max} bytes there can be")
        return bytes(body)


@asynccontextmanager
async def reach(url: str) -> AsyncIterator[PublishedLog]:
    """Open the way to the log at `url`, such as `https://log.example`."""
    try:
        scheme, host = httpx2.URL(url).scheme, httpx2.URL(url).host
    except httpx2.InvalidURL as error:
        raise InputError(f"{url!r} is no address ({error})") from error
    if scheme not in ("http", "https") or not host:
        raise InputError(f"{url!r} is no address of a log: give one such as https://log.example")
    async with httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS) as client:
        yield PublishedLog(url, client)
