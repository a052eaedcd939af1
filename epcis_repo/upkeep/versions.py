"""The tables of all parts of the program: made where there are none, else brought forward."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.evidence import operations as evidence
from epcis_repo.evidence.tree import SCHEMA as TREE
from epcis_repo.evidence.tree import catch_up, tree_size
from epcis_repo.projections import SCHEMAS as READ_MODELS
from epcis_repo.projections.runner import fold_all
from epcis_repo.recorders import SCHEMA as RECORDERS
from epcis_repo.store import EventStore, Schema
from epcis_repo.store.log import head
from epcis_repo.store.migrations import (
    LOG,
    Step,
    begin,
    missing,
    parts_of,
    refuse_unknown,
    run,
    versions,
)
from epcis_repo.subscriptions.outbox import SCHEMA as OUTBOX

KEPT: tuple[Schema, ...] = (LOG, TREE, RECORDERS, OUTBOX)
"""What cannot be made again, in the order in which it is migrated."""

SCHEMAS: tuple[Schema, ...] = (*KEPT, *READ_MODELS)


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was done, or would be: the steps, and how many events were folded again."""

    steps: tuple[Step, ...]
    events: int


async def prepare(store: EventStore) -> bool:
    """
    Make an empty database ready, leave one of this version as it is, and return whether it was new.

    Raises `SchemaVersionError` for one of another version.
    """
    async with store.reading() as session:
        await refuse_unknown(session, SCHEMAS)
        is_new = not await versions(session)
    await store.prepare(SCHEMAS)
    await evidence.prepare(store)
    return is_new


async def migrate(store: EventStore, *, dry_run: bool = False) -> Migrated:
    """
    Bring the database to the version of this program, in one transaction.

    Raises `SchemaVersionError` for one that is newer, or that is not what we think.
    """
    if dry_run:
        async with store.reading() as session:
            await refuse_unknown(session, SCHEMAS)
            return Migrated(tuple(await missing(session, SCHEMAS)), 0)
    async with store.altering() as session:
        await refuse_unknown(session, SCHEMAS)
        steps = await missing(session, SCHEMAS)
        await run(session, steps)
        await begin(session)
        # The read models are folded together, so if one is new they all are.
        stale = any(step.schema.folded for step in steps)
        events = 0
        for part in await parts_of(session):
            session.part = part
            if await tree_size(session) == 0 < await head(session):
                await catch_up(session)
            events += await fold_all(session) if stale else 0
    # A database that is of this version has the years that it is and that comes next.
    await store.prepare(SCHEMAS)
    return Migrated(tuple(steps), events)
