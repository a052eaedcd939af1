"""
Writing a backup while captures go on.

It is of one moment: everything is read in one snapshot, and what is captured meanwhile is not in
it. What can be made again from the log is not in it either. The key of the log is left out on
purpose: who finds a backup shall not be able to sign.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

from epcis_repo import __version__
from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.operations import checkpoint_in
from epcis_repo.evidence.tree import derived_root, tree_root, tree_size
from epcis_repo.model.times import utc_text
from epcis_repo.store import EventStore, Reading, Schema
from epcis_repo.store.log import head
from epcis_repo.store.migrations import versions
from epcis_repo.upkeep.archive import ArchiveWriter, Manifest, new_archive
from epcis_repo.upkeep.versions import KEPT


async def backup(store: EventStore, path: Path, key: LogKey | None, *, now: int) -> Manifest:
    """
    Write a backup of the store to `path`, and return what it is of.

    With a `key`, the tree of that moment is signed. Raises `ForkError` when it does not go on
    from what was signed before, and `TreeError` when the events are not what was recorded: such
    a backup could not be restored.
    """
    with new_archive(path) as archive:
        while True:
            last = None if key is None else await asyncio.to_thread(key.last_signed)
            async with store.reading(long=True) as session:
                note = None
                if key is not None and last is not None:
                    note = await checkpoint_in(session, key, after=last)
                    if note is None:
                        # What another process has signed meanwhile is past this snapshot.
                        continue
                manifest = await _manifest(session, note, now)
                schemas = [schema for schema in KEPT if schema.name in manifest.schemas]
                await _tables(session, archive, schemas)
            return archive.finish(manifest)


async def _manifest(session: Reading, checkpoint: bytes | None, now: int) -> Manifest:
    size, position = await tree_size(session), await head(session)
    root = await tree_root(session, size)
    if size != position or await derived_root(session, size) != root:
        raise TreeError(
            "the events are not what was recorded, so nothing is backed up: epcis-repo fsck tells "
            "what was altered"
        )
    kept = {schema.name for schema in KEPT}
    return Manifest(
        created=utc_text(now),
        program=__version__,
        schemas={v.name: v.number for v in await versions(session) if v.name in kept},
        head=position,
        tree_size=size,
        root_hash=root.hex(),
        checkpoint=None if checkpoint is None else checkpoint.decode(),
    )


async def _tables(session: Reading, archive: ArchiveWriter, schemas: Iterable[Schema]) -> None:
    for schema in schemas:
        for table in schema.tables:
            columns = [name for name in await session.columns(table) if name != "part"]
            statement = f"SELECT {', '.join(columns)} FROM {table} WHERE part = $1"  # noqa: S608 - ours
            with archive.table(table, columns) as writer:
                async for rows in session.stream(statement, session.part):
                    await asyncio.to_thread(writer.write, rows)
