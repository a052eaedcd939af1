"""
The tree over the log, kept as tiles beside it: each event is a leaf, in order of position.

It grows in the transaction that records the events, so there is no moment at which an event
is recorded and not committed to.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED, documents_in, receipt_in
from epcis_repo.ledger import (
    HASH_SIZE,
    SALT_SIZE,
    Entry,
    Frontier,
    HashReader,
    Tile,
    TileReader,
    grow,
    hash_reader,
    leaf_hash,
    partial_tiles,
    render_entry,
    root_hash,
    tiles_read_by,
)
from epcis_repo.store import (
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
    Writing,
    load_schema,
    load_statements,
)
from epcis_repo.store.archived import archived_positions
from epcis_repo.store.log import read

STATEMENTS = load_statements("epcis_repo.evidence", "evidence.sql")
SCHEMA = load_schema("epcis_repo.evidence", "evidence")
TABLES = ("tile", "leaf")

_TILE_COLUMNS = ("part", "level", "idx", "width", "hashes")
_LEAF_COLUMNS = ("part", "position", "salt", "document")
_FULL = 256
_BATCH = 2_000
_TYPE = re.compile("[!-~]+")
_RECEIPTS = Query((QueryItem(types=(DOCUMENT_CAPTURED,)),))


async def extend(
    session: Writing,
    recorded: Sequence[RecordedEvent],
    *,
    documents: Mapping[int, str] | None = None,
    salts: Callable[[int], bytes] = secrets.token_bytes,
) -> None:
    """
    Append a leaf for each of `recorded`, which are all events past the end of the tree.

    `documents` has the SHA-256 (in hex) of the document that an event came in, by position;
    without it, the receipts among `recorded` say so. `salts` returns so many random bytes.
    Raises `TreeError` when the tree does not end where `recorded` begins.
    """
    if not recorded:
        return
    size = recorded[0].position - 1
    edge = await _edge(session, size)
    digests = _digests(documents_in(recorded) if documents is None else documents)
    drawn = salts(SALT_SIZE * len(recorded))
    entries = []
    for number, event in enumerate(recorded):
        if event.position != size + number + 1:
            raise TreeError(
                f"the tree goes on with position {size + number + 1}, not with {event.position}"
            )
        salt = drawn[number * SALT_SIZE : (number + 1) * SALT_SIZE]
        entries.append(entry_of(event, salt, digests.get(event.position)))
    leaves = [leaf_hash(render_entry(entry)) for entry in entries]
    new = []
    for tile, hashes in grow(reader_of(edge), size, leaves):
        row = (session.part, tile.level, tile.index, tile.width, hashes)
        if (tile.level, tile.index) in edge:
            await session.execute(STATEMENTS["update_tile"], *row)
        else:
            new.append(row)
    await session.insert("tile", _TILE_COLUMNS, new)
    await session.insert(
        "leaf",
        _LEAF_COLUMNS,
        [(session.part, e.position, e.salt, e.document_sha256) for e in entries],
    )


async def catch_up(session: Writing) -> int:
    """Extend the tree over all events that it has not yet, and return how many they were."""
    size = await tree_size(session)
    batch: list[RecordedEvent] = []
    documents: dict[int, str] = {}
    count = 0
    async for event, document in _with_documents(session, after=size):
        batch.append(event)
        if document is not None:
            documents[event.position] = document
        if len(batch) == _BATCH:
            await extend(session, batch, documents=documents)
            count, batch, documents = count + len(batch), [], {}
    await extend(session, batch, documents=documents)
    return count + len(batch)


async def tree_size(session: Reading) -> int:
    """Return how many leaves the tree has: the position of the last event in it."""
    rows = await session.fetch(STATEMENTS["select_last_tile"], session.part)
    return int(rows[0][0]) * _FULL + int(rows[0][1]) if rows else 0


async def tree_root(session: Reading, size: int) -> bytes:
    """Return the root hash of the tree at `size`, from the tiles."""

    def prove(read: HashReader) -> bytes:
        return root_hash(read, size)

    return prove(await node_reader(session, prove, size))


async def derived_root(session: Reading, size: int) -> bytes | None:
    """
    Return the root hash of the first `size` events as they are stored; None where one is not.

    Of what is archived the leaves are taken from the tiles.
    """
    frontier = Frontier()
    away = _AwayLeaves(session)
    async for rows in session.stream(STATEMENTS["select_entries"], session.part, 0, size):
        for *columns, salt, document in rows:
            event = RecordedEvent(*columns)
            for position in range(frontier.size + 1, event.position):
                if (leaf := await away.leaf(position)) is None:
                    return None
                frontier.append(leaf)
            leaf = leaf_in(event, salt, document)
            if leaf is None or event.position != frontier.size + 1:
                return None
            frontier.append(leaf)
    return frontier.root() if frontier.size == size else None


class _AwayLeaves:
    """The leaves of events that are away, a tile of them at a time."""

    def __init__(self, session: Reading) -> None:
        self._session = session
        self._index = -1
        self._positions: set[int] = set()
        self._hashes = b""

    async def leaf(self, position: int) -> bytes | None:
        """Return the leaf hash at a position, None where it should not be away."""
        index, offset = divmod(position - 1, _FULL)
        if index != self._index:
            first = index * _FULL
            self._positions = await archived_positions(self._session, first, first + _FULL)
            tiles = await tiles_of(self._session, [(0, index)])
            self._index, self._hashes = index, tiles.get((0, index), b"")
        leaf = self._hashes[offset * HASH_SIZE : (offset + 1) * HASH_SIZE]
        return leaf if position in self._positions and leaf else None


async def first_altered(session: Reading, events: Sequence[RecordedEvent]) -> RecordedEvent | None:
    """Return the first of `events`, in order of position, that is not what the tree has there."""
    if not events:
        return None
    first, last = events[0].position - 1, events[-1].position
    rows = await session.fetch(STATEMENTS["select_leaves"], session.part, first, last)
    besides = {position: (salt, document) for position, salt, document in rows}
    indexes = range(first // _FULL, (last - 1) // _FULL + 1)
    tiles = await tiles_of(session, [(0, index) for index in indexes])
    for event in events:
        index, offset = divmod(event.position - 1, _FULL)
        recorded = tiles.get((0, index), b"")[offset * HASH_SIZE : (offset + 1) * HASH_SIZE]
        if leaf_in(event, *besides.get(event.position, (None, None))) != recorded:
            return event
    return None


async def tiles_of(
    session: Reading, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """Return the hashes of those of the tiles that are there, by level and index."""
    places = set(wanted)
    if not places:
        return {}
    levels, indexes = zip(*places, strict=True)
    rows = await session.fetch(
        STATEMENTS["select_tiles"], session.part, sorted(set(levels)), sorted(set(indexes))
    )
    return {(level, index): hashes for level, index, _, hashes in rows if (level, index) in places}


async def node_reader(
    session: Reading, prove: Callable[[HashReader], object], size: int
) -> HashReader:
    """Return a reader of the nodes that `prove` asks for in the tree at `size`."""
    tiles = await tiles_of(session, ((t.level, t.index) for t in tiles_read_by(prove, size)))
    return hash_reader(reader_of(tiles), size)


def reader_of(tiles: Mapping[tuple[int, int], bytes]) -> TileReader:
    """Return a reader of tiles that were fetched; what is not among them is `TreeError`."""

    def read_tile(tile: Tile) -> bytes:
        try:
            return tiles[tile.level, tile.index]
        except KeyError:
            raise TreeError(f"{tile.path} is missing; epcis-repo fsck tells what else is") from None

    return read_tile


def entry_of(event: RecordedEvent, salt: bytes, document: bytes | None) -> Entry:
    """Return what the tree commits to for an event."""
    return Entry(
        salt=salt,
        position=event.position,
        record_time=event.record_time,
        type=event.type,
        event_id=event.event_id,
        data_sha256=sha256(event.data).digest(),
        document_sha256=document,
    )


def _digests(documents: Mapping[int, str]) -> dict[int, bytes]:
    of_hex = {digest: bytes.fromhex(digest) for digest in set(documents.values())}
    return {position: of_hex[digest] for position, digest in documents.items()}


def leaf_in(event: RecordedEvent, salt: Any, document: Any) -> bytes | None:
    """Return the leaf hash of what is stored, or None where no entry can be of such values."""
    good_salt = isinstance(salt, bytes) and len(salt) == SALT_SIZE
    good_document = document is None or (isinstance(document, bytes) and len(document) == HASH_SIZE)
    if not (good_salt and good_document and _TYPE.fullmatch(event.type)):
        return None
    return leaf_hash(render_entry(entry_of(event, salt, document)))


async def _edge(session: Reading, size: int) -> dict[tuple[int, int], bytes]:
    """Return the tiles that growth widens; `TreeError` unless the tree has `size` leaves."""
    index, width = divmod(size, _FULL)
    partial = {(tile.level, tile.index) for tile in partial_tiles(size)}
    # Of a tree that ends with a full tile, that one is there, and the next is not.
    ends = {(0, index), (0, index - 1)} if size and not width else {(0, index)}
    tiles = await tiles_of(session, partial | ends)
    last = tiles.get((0, index), b"")
    full = tiles.pop((0, index - 1), b"") if len(ends) == 2 else bytes(_FULL * HASH_SIZE)
    if len(last) != width * HASH_SIZE or len(full) != _FULL * HASH_SIZE:
        raise TreeError(
            f"the tree has {await tree_size(session)} leaves and the log went on after {size}: "
            "they must grow together"
        )
    return tiles


async def _with_documents(
    session: Reading, *, after: int
) -> AsyncIterator[tuple[RecordedEvent, str | None]]:
    """Yield the events past a position, each with the digest of the document it came in."""
    receipts = read(session, _RECEIPTS, after=after)
    next_receipt = await anext(receipts, None)
    async for event in read(session, after=after):
        while next_receipt is not None and next_receipt.position < event.position:
            next_receipt = await anext(receipts, None)
        receipt = None if next_receipt is None else receipt_in(next_receipt)
        came_in = receipt is not None and event.position in receipt.positions
        yield event, receipt.document if receipt is not None and came_in else None
