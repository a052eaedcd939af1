"""Documents are kept in pieces: to the byte, however long, and damage is told as damage."""

from __future__ import annotations

import io
from hashlib import sha256
from pathlib import Path
from random import Random
from zlib import crc32

import pytest
import zstandard

from epcis_repo.errors import DamagedDocumentError, InputError, NotFoundError
from epcis_repo.store import EventStore, documents
from epcis_repo.store.documents import PIECE_SIZE, keep, kept, pieces
from tests.evidence.logs import alter
from tests.store.facts import whole

MEDIA_TYPE = "application/xml"
LENGTHS = [0, 1, PIECE_SIZE - 1, PIECE_SIZE, PIECE_SIZE + 1, 3 * PIECE_SIZE]


def of_length(length: int) -> bytes:
    """Bytes that no compression makes shorter."""
    return Random(length).randbytes(length)


async def keep_one(store: EventStore, body: bytes) -> str:
    digest = sha256(body).hexdigest()
    async with store.writing() as session:
        await keep(session, [(digest, body, MEDIA_TYPE)])
    return digest


class TestADocument:
    @pytest.mark.parametrize("length", LENGTHS)
    async def test_of_any_length_comes_back(self, log_store: EventStore, length: int) -> None:
        """
        From a file or from memory, the bytes are the same, and so is what is stored.
        """
        body = of_length(length)
        digest = sha256(body).hexdigest()
        async with log_store.writing() as writing:
            await keep(writing, [(digest, io.BytesIO(body), MEDIA_TYPE)])
            # From memory it would be the same document, which is kept once.
            await keep(writing, [(digest, body, "text/plain")])

        async with log_store.reading() as session:
            assert await whole(session, digest) == (body, MEDIA_TYPE)
            document = await kept(session, digest)
            lengths = [len(piece) async for piece in pieces(session, document)]

        assert (document.size, document.media_type) == (length, MEDIA_TYPE)
        assert lengths[:-1] == [PIECE_SIZE] * (len(lengths) - 1)

    async def test_takes_a_fraction_of_its_size(self, log_store: EventStore) -> None:
        """
        What says the same again and again is kept compressed.
        """
        await keep_one(log_store, b"urn:epc:id:sgtin:030001.0012345.1\n" * 100_000)

        async with log_store.reading() as session:
            rows = await session.fetch("SELECT body FROM document_piece")
            rows += await session.fetch("SELECT body FROM document")
        assert len(rows) == 4
        assert sum(len(row[0]) for row in rows) < 10_000

    async def test_that_is_another_by_now_is_not_kept(self, log_store: EventStore) -> None:
        """
        A file whose bytes have not the digest that was read before is refused.
        """
        with pytest.raises(InputError, match="changed"):
            async with log_store.writing() as session:
                await keep(session, [("0" * 64, io.BytesIO(b"x" * 3 * PIECE_SIZE), MEDIA_TYPE)])

        async with log_store.reading() as session:
            assert await session.fetch("SELECT 1 FROM document_piece") == []
            with pytest.raises(NotFoundError):
                await kept(session, "0" * 64)

    async def test_is_read_from_a_file_that_gives_little_at_a_time(
        self, log_store: EventStore, tmp_path: Path
    ) -> None:
        """
        An unbuffered file may give less than it was asked for.
        """

        class Slow(io.BytesIO):
            def read(self, size: int | None = -1, /) -> bytes:
                return super().read(min(size or 0, 100_000))

        body = of_length(2 * PIECE_SIZE + 5)
        digest = sha256(body).hexdigest()
        async with log_store.writing() as writing:
            await keep(writing, [(digest, Slow(body), MEDIA_TYPE)])

        async with log_store.reading() as session:
            assert (await whole(session, digest))[0] == body


def claiming(size: int) -> bytes:
    """A piece, with a good checksum, that says that it has `size` bytes."""
    data = zstandard.ZstdCompressor(level=1).compress(b"\0" * size)
    return crc32(data).to_bytes(4) + data


DAMAGED = {
    "the first piece is empty": ("document", "body", b""),
    "the first piece is no frame": ("document", "body", claiming(10)[:9]),
    "the first piece is another": ("document", "body", claiming(10)),
    "the first piece is a bomb": ("document", "body", claiming(100 * PIECE_SIZE)),
    "the second piece is another": ("document_piece", "body", claiming(PIECE_SIZE)),
    "the second piece is a bomb": ("document_piece", "body", claiming(100 * PIECE_SIZE)),
    "the second piece is the ninth": ("document_piece", "number", 9),
    "the size is smaller": ("document", "size", 1),
    "the size is one larger": ("document", "size", PIECE_SIZE + 12),
    "the size is beyond all": ("document", "size", 1 << 62),
    "the size is negative": ("document", "size", -1),
}


@pytest.mark.parametrize(("table", "column", "value"), DAMAGED.values(), ids=DAMAGED)
async def test_damage_is_told(
    log_store: EventStore, store_url: str, table: str, column: str, value: object
) -> None:
    """
    Whatever is altered of a document that is kept: it is read as damaged, and never as another.
    """
    digest = await keep_one(log_store, of_length(PIECE_SIZE + 11))

    await alter(store_url, f"UPDATE {table} SET {column} = $1", value)

    async with log_store.reading() as session:
        with pytest.raises(DamagedDocumentError, match=digest):
            await whole(session, digest)


PACKED = documents._packed(zstandard.ZstdCompressor(level=1), b"abc" * 300_000)


def test_a_flipped_bit_is_damage() -> None:
    """
    Whichever it is, also one that says nothing of what is in the piece.
    """
    assert documents._unpacked(PACKED) == b"abc" * 300_000

    for bit in range(8 * len(PACKED)):
        packed = bytearray(PACKED)
        packed[bit // 8] ^= 1 << bit % 8

        assert documents._unpacked(bytes(packed)) is None, bit


def test_a_piece_that_would_be_too_long_is_not_unpacked() -> None:
    """
    It is known by what it says of itself, before any memory is taken.
    """
    assert documents._unpacked(claiming(PIECE_SIZE)) is not None
    assert documents._unpacked(claiming(PIECE_SIZE + 1)) is None
