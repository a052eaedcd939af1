"""
Schema versions: what a database has, what this program needs, and the way from one to the other.

- A schema is the tables of one part of the program. Its migrations are numbered from 1 and only
  go forward; the first makes the tables. What was released never changes: a database remembers
  the checksum of each that it has had, and one that had others is not written to.
- A read model has one migration, which is what its declaration says now. Where a database has
  another, its tables are dropped, made anew, and folded from the log.
- All that is missing is done in one transaction: a crash leaves the old version or the new one.
- An empty log is made ready by whoever opens it, and one with events gets the tables that it
  never had. What is there is changed, and read models are folded anew, by `epcis-repo migrate`
  alone: it may take long, and there is a backup to make before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from epcis_repo import __version__
from epcis_repo.errors import SchemaVersionError
from epcis_repo.store.contract import EventStore, Reading, Writing
from epcis_repo.store.log import STATEMENTS as _LOG_STATEMENTS
from epcis_repo.store.schema import Migration, Schema, load_schema
from epcis_repo.store.statements import load_statements

LOG = load_schema("epcis_repo.store", "log")

_STATEMENTS = load_statements("epcis_repo.store", "migrations.sql")


class Version(NamedTuple):
    """A migration that a database has had, and the version of the program that ran it."""

    name: str
    number: int
    migration: str
    checksum: str
    tables: str
    program: str


@dataclass(frozen=True, slots=True)
class Step:
    """A migration that a database lacks. `replaces` are the tables to drop before, if any."""

    schema: Schema
    migration: Migration
    replaces: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f"{self.schema.name} {self.migration.number} ({self.migration.name})"
        return f"{what}, folded anew from the log" if self.schema.folded else what


async def versions(session: Reading) -> list[Version]:
    """Return what the database has had."""
    if not await session.columns("schema_version"):
        return []
    return [Version(*row) for row in await session.fetch(_STATEMENTS["select_versions"])]


async def missing(session: Reading, schemas: Iterable[Schema]) -> list[Step]:
    """
    Return what the database lacks of `schemas`, in the order in which it must be done.

    Raises `SchemaVersionError` for one that no migration of ours leads on from.
    """
    known = await versions(session)
    steps = []
    for schema in schemas:
        had = [version for version in known if version.name == schema.name]
        if not had:
            for table in schema.tables:
                if await session.columns(table):
                    raise SchemaVersionError(
                        f"the database has a table {table} that no version of epcis-repo has "
                        "noted: it is of another program, or was made before there were versions; "
                        "name another database, and capture the documents into that"
                    )
        steps += _steps(schema, had, session.dialect)
    return steps


def _steps(schema: Schema, had: Sequence[Version], dialect: str) -> list[Step]:
    if schema.folded:
        [migration] = schema.migrations
        if [version.checksum for version in had] == [migration.checksum(dialect)]:
            return []
        replaces = " ".join(version.tables for version in had).split()
        return [Step(schema, migration, tuple(replaces))]
    for version, migration in zip(had, schema.migrations, strict=False):
        if version.checksum != migration.checksum(dialect):
            raise SchemaVersionError(
                f"migration {version.number} of {schema.name} ({version.migration}) was another "
                f"one when epcis-repo {version.program} ran it: this program, {__version__}, and "
                "the database do not belong together; use the program that made it, or restore "
                "its backup with this one"
            )
    if len(had) > len(schema.migrations):
        raise SchemaVersionError(
            f"the database is newer than this program, epcis-repo {__version__}: {schema.name} is "
            f"at version {len(had)}, and {len(schema.migrations)} is known here; use epcis-repo "
            f"{had[-1].program} or newer"
        )
    return [Step(schema, migration) for migration in schema.migrations[len(had) :]]


async def refuse_unknown(session: Reading, schemas: Collection[Schema]) -> None:
    """Raise `SchemaVersionError` when the database has tables that are none of `schemas`."""
    names = {schema.name for schema in schemas}
    for version in await versions(session):
        if version.name not in names:
            # We would record events without keeping them up to date.
            raise SchemaVersionError(
                f"the database is newer than this program, epcis-repo {__version__}: it has "
                f"{version.name}, which is not known here; use epcis-repo {version.program} or "
                "newer"
            )


async def run(session: Writing, steps: Iterable[Step]) -> None:
    """Bring the tables forward. What is folded from the log is empty afterwards."""
    await session.execute(_STATEMENTS["schema"])
    for step in steps:
        schema, migration = step.schema, step.migration
        for table in step.replaces:
            await session.execute(f"DROP TABLE {table}")
        if schema.folded:
            await session.execute(_STATEMENTS["delete_versions"], schema.name)
        await session.execute(migration.sql[session.dialect])
        await session.execute(
            _STATEMENTS["insert_version"],
            schema.name,
            migration.number,
            migration.name,
            migration.checksum(session.dialect),
            " ".join(Schema(schema.name, (migration,)).tables),
            __version__,
        )


async def is_empty(session: Reading) -> bool:
    """Return whether nothing is recorded, or not even a log is there."""
    if not await session.columns("log_head"):
        return True
    return not await session.fetch(_STATEMENTS["select_any_events"])


async def parts_of(session: Reading) -> list[int]:
    """Return all logs that the database holds: its tables are theirs together."""
    return [part for (part,) in await session.fetch(_STATEMENTS["select_parts"])]


async def begin(session: Writing) -> None:
    """Have the part begin with an empty log, unless it has one."""
    await session.execute(_LOG_STATEMENTS["insert_head"], session.part)


async def prepare(store: EventStore, schemas: Sequence[Schema]) -> None:
    """See `EventStore.prepare`."""
    schemas = (LOG, *(schema for schema in schemas if schema.name != LOG.name))
    async with store.reading() as session:
        ready = not await missing(session, schemas)
        if ready and await session.fetch(_LOG_STATEMENTS["select_head"], session.part):
            return
    async with store.altering() as session:
        # Another process may have been first.
        steps = await missing(session, schemas)
        # What it never had is made by the way, but what is there is not changed by the way, and
        # a read model would be empty.
        later = [step for step in steps if step.schema.folded or step.migration.number > 1]
        if later and not await is_empty(session):
            raise SchemaVersionError(
                "the database is of an older version and lacks "
                f"{', '.join(map(str, later))}: stop what uses it, make a backup, and run "
                "epcis-repo migrate"
            )
        await run(session, steps)
        await begin(session)
