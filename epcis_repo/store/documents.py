"""
The documents that are kept beside the log: their exact bytes, under their SHA-256.

They are kept in pieces, so that a long one is never in memory as a whole, and each piece is
compressed (zstd). That is a form of ours, in our own database: nothing that somebody else has
compressed is ever read here, and no more of a piece than it may have.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import IO, Any
from zlib import crc32

import zstandard

from epcis_repo.errors import DamagedDocumentError, InputError, NotFoundError
from epcis_repo.store.contract import Reading, Writing
from epcis_repo.store.log import STATEMENTS

PIECE_SIZE = 1 << 20

# The fastest: the next ones take half as long again for a twentieth of the size.
_LEVEL = 1
_CHECKSUM_SIZE = 4


@dataclass(frozen=True, slots=True)
class KeptDocument:
    """A document that was kept; `pieces` reads its bytes."""

    digest: str
    media_type: str
    size: int
    first: Any = field(repr=False)


async def keep(
    session: Writing, documents: Sequence[tuple[str, bytes | IO[bytes], str]]
) -> dict[str, str]:
    """
    Keep the exact bytes of documents (digest, body, media type), each once.

    Returns the media types under which they are kept, by digest: the first that each had. Raises
    `InputError` for a file that has other bytes by now than those of its digest.
    """
    digests = [digest for digest, _, _ in documents]
    rows = await session.fetch(STATEMENTS["select_kept"], session.part, digests)
    media_types: dict[str, str] = dict(rows)
    compressor = zstandard.ZstdCompressor(level=_LEVEL)
    fresh = []
    for digest, body, media_type in {row[0]: row for row in documents}.values():
        if digest in media_types:
            continue
        media_types[digest] = media_type
        size, first = 0, b""
        found = sha256()
        for number, piece in enumerate(_pieces_in(body), 1):
            size += len(piece)
            packed = _packed(compressor, piece)
            if number == 1:
                first = packed
            else:
                row = (session.part, digest, number, packed)
                await session.insert("document_piece", ("part", "digest", "number", "body"), [row])
            if not isinstance(body, bytes):
                found.update(piece)
        if not isinstance(body, bytes) and found.hexdigest() != digest:
            raise InputError("the document was changed while it was captured")
        fresh.append((session.part, digest, media_type, size, first))
    await session.insert("document", ("part", "digest", "media_type", "size", "body"), fresh)
    return media_types


async def kept(session: Reading, digest: str) -> KeptDocument:
    """Return a document that was kept; `NotFoundError` without."""
    rows = await session.fetch(STATEMENTS["select_document"], session.part, digest)
    if not rows:
        raise NotFoundError(f"no document with the digest {digest} is kept")
    return KeptDocument(*rows[0])


async def pieces(session: Reading, document: KeptDocument) -> AsyncIterator[bytes]:
    """Yield the bytes of a document; `DamagedDocumentError` where they are not what was kept."""
    found, size = sha256(), 0
    for number in range(1, max(1, -(-document.size // PIECE_SIZE)) + 1):
        packed = document.first
        if number > 1:
            values = session.part, document.digest, number
            rows = await session.fetch(STATEMENTS["select_piece"], *values)
            packed = rows[0][0] if rows else None
        piece = _unpacked(packed)
        if piece is None:
            raise DamagedDocumentError(document.digest)
        found.update(piece)
        size += len(piece)
        yield piece
    if (found.hexdigest(), size) != (document.digest, document.size):
        raise DamagedDocumentError(document.digest)


def _pieces_in(body: bytes | IO[bytes]) -> Iterator[bytes]:
    """Yield the pieces of a body, of one that is empty the empty one."""
    if isinstance(body, bytes):
        for start in range(0, max(1, len(body)), PIECE_SIZE):
            yield body[start : start + PIECE_SIZE]
        return
    body.seek(0)
    piece = _filled(body)
    yield piece
    while len(piece) == PIECE_SIZE and (piece := _filled(body)):
        yield piece


def _filled(file: IO[bytes]) -> bytes:
    # A file that is not buffered may give less than it has.
    piece = bytearray()
    while len(piece) < PIECE_SIZE and (more := file.read(PIECE_SIZE - len(piece))):
        piece += more
    return bytes(piece)


def _packed(compressor: zstandard.ZstdCompressor, piece: bytes) -> bytes:
    # There are bits in a compressed piece that say nothing of what is in it. With a checksum over
    # all of them, one that has flipped is found all the same.
    data = compressor.compress(piece)
    return crc32(data).to_bytes(_CHECKSUM_SIZE) + data


def _unpacked(packed: Any) -> bytes | None:
    """Return what is in a piece, None when it is not as it was packed."""
    if not isinstance(packed, bytes):
        return None
    checksum, data = packed[:_CHECKSUM_SIZE], packed[_CHECKSUM_SIZE:]
    if crc32(data).to_bytes(_CHECKSUM_SIZE) != checksum:
        return None
    try:
        # Who wants to harm us says that it is large, and writes a checksum to it.
        if not 0 <= zstandard.frame_content_size(data) <= PIECE_SIZE:
            return None
        return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError:
        return None
