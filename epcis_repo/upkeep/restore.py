"""
Reading a backup into an empty store, of either kind: whole or not at all.

The tables are made as they were when the backup was written, filled, and then brought to the
version of this program; the read models are folded from the log. Nothing of it is there for
others before the tree of what was restored has the root that the backup says it had.

A log that was signed further than it is restored must not be signed again as the same log:
whoever has seen the checkpoints would see a fork. It begins a new epoch, and says so itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from epcis_repo.errors import BackupError, SchemaVersionError, StoreNotEmptyError
from epcis_repo.evidence.keys import LogKey, begin_epoch
from epcis_repo.evidence.tree import derived_root, extend, tree_root, tree_size
from epcis_repo.ledger import (
    Checkpoint,
    EvidenceError,
    ForkError,
    VerifierKey,
    epoch_of,
    epoch_origin,
    verify_checkpoint,
)
from epcis_repo.projections.runner import fold_all
from epcis_repo.store import EventData, EventStore, Schema, Writing, log
from epcis_repo.store.archived import archived_years, named
from epcis_repo.store.envelope import enveloped
from epcis_repo.store.migrations import begin, missing, run
from epcis_repo.upkeep.archive import ArchiveReader, Manifest, open_archive
from epcis_repo.upkeep.versions import KEPT, SCHEMAS

_HEAD = "log_head"

EPOCH_BEGAN = "EpochBegan"
"""The event by which a log says that it goes on from a backup, under another origin."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and the key of the new epoch, if one was begun."""

    manifest: Manifest
    new_key: LogKey | None


async def restore(
    store: EventStore,
    source: Path,
    key: LogKey | None,
    *,
    new_epoch: bool = False,
    now: int,
) -> Restored:
    """
    Restore the backup at `source`.

    `key` is that of the log, if it is still there. A new epoch begins when it has signed more
    than is restored, or with `new_epoch`. Raises `StoreNotEmptyError`; `BackupError` for a file
    that is not what a backup wrote; `ForkError` for the backup of another log.
    """
    with open_archive(source, Manifest) as archive:
        manifest = archive.manifest
        schemas = _schemas_then(manifest)
        await asyncio.to_thread(archive.check)
        async with store.altering() as session:
            await _make_tables(session, schemas)
            await _fill(session, archive, schemas)
            # Of tables that were filled just now, PostgreSQL would otherwise think nothing.
            await session.analyze([table for schema in schemas for table in schema.tables])
            await _check(session, manifest)
            await run(session, await missing(session, SCHEMAS))
            await fold_all(session)
            goes_on = key is None or await _goes_on(session, manifest, key, new_epoch=new_epoch)
            new_key = None
            if key is not None and not goes_on:
                await _note_epoch(session, manifest, key, now)
                # Before the commit: a new epoch of nothing harms nobody, a store that goes on
                # under the key of before would.
                new_key = await asyncio.to_thread(begin_epoch, key)
        return Restored(manifest, new_key)


def _schemas_then(manifest: Manifest) -> list[Schema]:
    """Return what was kept when the backup was written, in the versions of that time."""
    known = {schema.name: schema for schema in KEPT}
    for name, number in manifest.schemas.items():
        if name not in known or number > len(known[name].migrations):
            raise SchemaVersionError(
                f"the backup is of epcis-repo {manifest.program}, with {name} at version {number}, "
                "which this program does not know: restore it with that version or a newer one"
            )
    schemas = [s.at(manifest.schemas[s.name]) for s in KEPT if s.name in manifest.schemas]
    tables = {table for schema in schemas for table in schema.tables}
    if tables != manifest.tables.keys():
        raise BackupError("the tables of the backup are not those of its version: it was changed")
    return schemas


async def _make_tables(session: Writing, schemas: Sequence[Schema]) -> None:
    try:
        steps = await missing(session, schemas)
    except SchemaVersionError as error:
        raise StoreNotEmptyError(
            f"the database has tables of another version than the backup ({error}): name a "
            "database in which nothing was made yet"
        ) from error
    await run(session, steps)
    await begin(session)
    if await log.head(session):
        raise StoreNotEmptyError(
            f"the log ends at {await log.head(session)} already: a backup is restored into an "
            "empty store; name another database, such as sqlite:///restored.db, with --db"
        )


async def _fill(
    session: Writing, archive: ArchiveReader[Manifest], schemas: Sequence[Schema]
) -> None:
    for table in (table for schema in schemas for table in schema.tables):
        columns = archive.manifest.tables[table].columns
        if {"part", *columns} != {*await session.columns(table)}:
            raise BackupError(f"the columns of {table} are not those of its version")
        if table == _HEAD:
            continue
        rows = archive.rows(table)
        while (batch := await asyncio.to_thread(next, rows, None)) is not None:
            whole = [(session.part, *row) for row in batch]
            await session.insert(table, ("part", *columns), whole)
    # Last of all: below the head the database itself refuses every addition.
    [values] = [row for batch in archive.rows(_HEAD) for row in batch]
    columns = archive.manifest.tables[_HEAD].columns
    changes = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
    statement = f"UPDATE {_HEAD} SET {changes} WHERE part = $1"  # noqa: S608 - ours
    await session.execute(statement, session.part, *values)


async def _check(session: Writing, manifest: Manifest) -> None:
    size, position = await tree_size(session), await log.head(session)
    root = await tree_root(session, size)
    found = (position, size, root.hex())
    if found != (manifest.head, manifest.tree_size, manifest.root_hash):
        raise BackupError(
            f"what was restored ends at {position}, with {size} leaves and the root {root.hex()}; "
            f"the backup says {manifest.head}, {manifest.tree_size} and {manifest.root_hash}"
        )
    if session.dialect != "postgresql" and (years := await archived_years(session)):
        raise BackupError(
            f"of what was backed up {named(years)} is archived: restore it on PostgreSQL, the only "
            "place where that can be attached again"
        )
    if await derived_root(session, size) != root:
        raise BackupError("the events in the backup are not those that its tree was made of")


async def _goes_on(session: Writing, manifest: Manifest, key: LogKey, *, new_epoch: bool) -> bool:
    """Return whether `key` may go on to sign what was restored; `ForkError` for another log."""
    ours = _is_of(manifest, key.verifiers())
    last = verify_checkpoint(await asyncio.to_thread(key.last_signed), [key.verifier])
    if last.size <= manifest.tree_size:
        if await tree_root(session, last.size) != last.root:
            raise ForkError(
                f"the key {key.path} has signed another log than this backup is of: name the key "
                "that belongs to it in EPCIS_REPO_KEY, or a file that is not there to have a new "
                "one made"
            )
        return not new_epoch
    if not ours and not new_epoch:
        raise ForkError(
            f"the key {key.path} has signed {last.size} entries, the backup has "
            f"{manifest.tree_size}, and nothing shows that it is of the same log: if it is, say "
            "so with --new-epoch; if not, name the key that belongs to it in EPCIS_REPO_KEY"
        )
    return False


def _is_of(manifest: Manifest, keys: Sequence[VerifierKey]) -> bool:
    """Return whether one of `keys` has signed just what the backup is of."""
    if manifest.checkpoint is None:
        return False
    for key in keys:
        try:
            signed = verify_checkpoint(manifest.checkpoint.encode(), [key])
        except EvidenceError:
            continue
        return (signed.size, signed.root.hex()) == (manifest.tree_size, manifest.root_hash)
    return False


async def _note_epoch(session: Writing, manifest: Manifest, key: LogKey, now: int) -> None:
    last: Checkpoint = verify_checkpoint(key.last_signed(), [key.verifier])
    name, epoch = epoch_of(last.origin)
    origin = epoch_origin(name, epoch + 1)
    value = {
        "origin": origin,
        "restoredSize": manifest.tree_size,
        "restoredRootHash": manifest.root_hash,
        "lastSigned": key.last_signed().decode(),
    }
    event = enveloped(EventData(EPOCH_BEGAN, f"epoch {origin}", orjson.dumps(value)))
    await extend(session, await log.append(session, [event], now=now))
