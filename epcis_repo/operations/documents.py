"""Asking for a document as it was received."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from epcis_repo.errors import NotFoundError
from epcis_repo.operations.chunks import Chunks
from epcis_repo.store import EventStore
from epcis_repo.store.documents import kept, pieces

_DIGEST_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Received:
    """A document that was received; its bytes are those of its digest, and need no store."""

    digest: str
    media_type: str
    size: int
    chunks: Chunks = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, one piece after the other."""
        for chunk in self.chunks:
            for (piece,) in chunk:
                yield piece

    def close(self) -> None:
        """Let go of what was put aside."""
        self.chunks.close()


async def received(store: EventStore, digest: str) -> Received:
    """
    Return the document with this SHA-256; `NotFoundError` without.

    Raises `DamagedDocumentError` where its bytes are not what was kept, before any is given out.
    """
    wanted = digest.lower()
    if len(wanted) != _DIGEST_LENGTH or set(wanted) - set("0123456789abcdef"):
        raise NotFoundError(f"a document is found by its SHA-256, of 64 digits; not by {digest!r}")
    chunks = Chunks()
    try:
        # Put aside, so that a slow reader keeps nobody's connection.
        async with store.reading(long=True) as session:
            document = await kept(session, wanted)
            async for piece in pieces(session, document):
                chunks.add((piece,), len(piece))
    except BaseException:
        chunks.close()
        raise
    return Received(document.digest, document.media_type, document.size, chunks)
