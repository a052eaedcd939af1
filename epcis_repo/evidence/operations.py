"""Checkpoints, tiles and proofs of the repository's own log, and the check of a proof offline."""

from __future__ import annotations

import asyncio
from functools import partial

from epcis_repo.errors import NotFoundError
from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.tree import (
    SCHEMA,
    STATEMENTS,
    catch_up,
    entry_of,
    leaf_in,
    node_reader,
    tiles_of,
    tree_size,
)
from epcis_repo.ledger import (
    HASH_SIZE,
    Checkpoint,
    Entry,
    HashReader,
    MalformedEvidenceError,
    ProofError,
    TlogProof,
    VerifierKey,
    consistency_proof,
    inclusion_proof,
    parse_entry,
    parse_proof,
    parse_tile_path,
    render_entry,
    render_proof,
    root_hash,
    verify_checkpoint,
    verify_proof,
)
from epcis_repo.projections import SCHEMAS
from epcis_repo.store import EventStore, Reading, RecordedEvent
from epcis_repo.store.archived import refuse_archived
from epcis_repo.store.log import head

_INDEX_LIMIT = 2**63


async def prepare(store: EventStore) -> None:
    """
    Create what is not there yet: the log, the read models, and the tree over the log.

    A log that was filled before there were trees gets its leaves now. Events that a tree lacks
    which has others are left for the integrity check to report: nobody recorded them here.
    """
    await store.prepare((*SCHEMAS, SCHEMA))
    async with store.reading() as session:
        has_none = await tree_size(session) == 0 < await head(session)
    if has_none:
        async with store.writing() as session:
            await catch_up(session)


async def checkpoint(store: EventStore, key: LogKey) -> bytes:
    """
    Return the signed checkpoint of the tree as it is.

    Raises `ForkError` when the tree does not begin with what was signed before; the answer
    may be the one that another process signed meanwhile.
    """
    while True:
        last = await asyncio.to_thread(key.last_signed)
        async with store.reading() as session:
            note = await checkpoint_in(session, key, after=last)
        if note is not None:
            return note


async def checkpoint_in(session: Reading, key: LogKey, *, after: bytes) -> bytes | None:
    """
    Return the signed checkpoint of the tree that `session` sees.

    `after` is the last that was signed before the session began; None when another has been
    signed since. Raises `ForkError` when the tree does not begin with what was signed.
    """
    signed = verify_checkpoint(after, [key.verifier])
    size = await tree_size(session)

    # Of a tree that has shrunk there is no proof, and none will be believed.
    old_size = min(signed.size, size)
    prove = partial(_root_and_consistency, old_size=old_size, size=size)
    root, consistency = prove(await node_reader(session, prove, size))
    if (size, root) == (signed.size, signed.root):
        return after
    tree = Checkpoint(key.verifier.name, size, root)
    return await asyncio.to_thread(key.sign, tree, consistency, after=after)


async def tile(store: EventStore, path: str) -> bytes:
    """Return the hashes of the tile that is served at `path`; `NotFoundError` without."""
    try:
        wanted = parse_tile_path(path)
    except MalformedEvidenceError as error:
        raise NotFoundError(str(error)) from None
    place = (wanted.level, wanted.index)
    async with store.reading(snapshot=False) as session:
        # A path may name a larger number than a database has.
        tiles = await tiles_of(session, [place] if wanted.index < _INDEX_LIMIT else [])
    hashes = tiles.get(place, b"")
    if len(hashes) < wanted.width * HASH_SIZE:
        raise NotFoundError(f"the tree has no {wanted.path} yet")
    return hashes[: wanted.width * HASH_SIZE]


async def proof(store: EventStore, key: LogKey, event_id: str) -> bytes:
    """
    Return the proof file (`.tlog-proof`) that an event is in the log, with its entry.

    It leads to the checkpoint of the tree as it is. Raises `NotFoundError` without such an
    event, and `TreeError` for one that is not what was recorded.
    """
    signed = await checkpoint(store, key)
    size = verify_checkpoint(signed, [key.verifier]).size
    async with store.reading() as session:
        rows = await session.fetch(STATEMENTS["select_entry"], session.part, event_id)
        if not rows:
            await refuse_archived(session, event_id)
            raise NotFoundError(f"no event with the eventID {event_id} is recorded")
        *columns, salt, document = rows[0]
        event = RecordedEvent(*columns)
        index = event.position - 1
        if salt is None or index >= size:
            raise TreeError(f"event {event_id}, position {event.position}, is not in the tree")

        def prove(read: HashReader) -> list[bytes]:
            return inclusion_proof(read, index, size)

        hashes = prove(await node_reader(session, prove, size))
    altered = (
        f"event {event_id}, position {event.position}, is not what was recorded: "
        "epcis-repo fsck tells what has been altered"
    )
    if leaf_in(event, salt, document) is None:
        raise TreeError(altered)
    extra = render_entry(entry_of(event, salt, document))
    data = render_proof(TlogProof(index, tuple(hashes), signed, extra))
    try:
        verify_proof(data, extra, [key.verifier])
    except ProofError as error:
        raise TreeError(altered) from error
    return data


def check_proof(data: bytes, key: VerifierKey) -> tuple[Entry, Checkpoint]:
    """
    Return the entry in a proof file and the checkpoint of the log that holds it.

    Needs nothing but the key of the log. Raises `EvidenceError`, whose `part` says what does
    not hold.
    """
    found = parse_proof(data)
    if found.extra is None:
        raise MalformedEvidenceError("extra", "no entry in it, so nothing says what is proved")
    entry = parse_entry(found.extra)
    signed = verify_proof(data, found.extra, [key])
    if entry.index != found.index:
        raise MalformedEvidenceError(
            "index", f"the entry is of position {entry.position}, its leaf of {found.index + 1}"
        )
    return entry, signed


def _root_and_consistency(
    read: HashReader, *, old_size: int, size: int
) -> tuple[bytes, list[bytes]]:
    return root_hash(read, size), consistency_proof(read, old_size, size)
