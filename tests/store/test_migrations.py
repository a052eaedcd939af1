"""Schema versions: how a database is made, refused, and brought forward."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from epcis_repo import __version__
from epcis_repo.errors import EpcisError, SchemaVersionError
from epcis_repo.store import EventStore, Schema, load_schema, migrations, open_store
from epcis_repo.store.migrations import LOG, missing, refuse_unknown, run, versions
from epcis_repo.store.schema import DIALECTS, Migration
from tests.store.facts import facts, names_of, record

ROOT = Path(__file__).parent.parent.parent

# A migration as they will be: a table, what is in it, a column, an index.
STATEMENTS = (
    "CREATE TABLE note (part integer NOT NULL, body text NOT NULL)",
    "INSERT INTO note (part, body) SELECT part, event_id FROM events",
    "ALTER TABLE note ADD COLUMN length integer",
    "UPDATE note SET length = length(body)",
    "CREATE INDEX note_length ON note (part, length)",
)
READ_MODEL = load_schema("epcis_repo.projections", "event_index", folded=True)


def migration(number: int, name: str, *statements: str) -> Migration:
    """A migration that runs the same on both databases."""
    return Migration(number, name, dict.fromkeys(DIALECTS, ";\n".join(statements)))


def with_more(*statements: str, name: str = "notes") -> Schema:
    """The log of the program's next version."""
    later = migration(len(LOG.migrations) + 1, name, *statements)
    return Schema(LOG.name, (*LOG.migrations, later))


NEXT = with_more(*STATEMENTS)


async def lacking(store: EventStore, *schemas: Schema) -> list[str]:
    """What the database lacks."""
    async with store.reading() as session:
        return [str(step) for step in await missing(session, schemas)]


async def bring(store: EventStore, *schemas: Schema) -> None:
    """Bring the database forward, as `migrate` does."""
    async with store.altering() as session:
        await run(session, await missing(session, schemas))


async def opened_with(url: str, log: Schema, *schemas: Schema) -> None:
    """Open the database with a program whose log is `log`."""
    store = open_store(url)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(migrations, "LOG", log)
            await store.prepare(schemas)
    finally:
        await store.close()


class TestSchema:
    def test_has_its_tables_and_the_guards_of_each_database(self) -> None:
        """
        The first version of the log is what its files declare, triggers and all.
        """
        [first, *_] = LOG.migrations

        assert {"events", "event_tag", "document", "log_head"} <= {*LOG.tables}
        assert "RAISE(ABORT" in first.sql["sqlite"]
        assert "plpgsql" in first.sql["postgresql"]
        assert len({first.checksum(dialect) for dialect in DIALECTS}) == 2

    def test_of_a_part_has_the_files_that_follow(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What comes after the first version is a numbered file, with what differs by database.
        """
        package = tmp_path / "some_part"
        (package / "migrations").mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "notes.sql").write_text("-- schema --\nCREATE TABLE note (a text)\n")
        (package / "migrations" / "0002_more.sql").write_text(
            "-- schema --\nCREATE TABLE more (a text);\n-- sqlite --\nSELECT 1\n"
        )
        monkeypatch.syspath_prepend(tmp_path)

        schema = load_schema("some_part", "notes")

        assert [(m.number, m.name) for m in schema.migrations] == [(1, "tables"), (2, "more")]
        assert schema.migrations[1].sql == {
            "sqlite": "CREATE TABLE more (a text);\n\nSELECT 1",
            "postgresql": "CREATE TABLE more (a text);",
        }
        assert schema.tables == ("note", "more")
        assert schema.at(1).tables == ("note",)


class TestPreparing:
    async def test_notes_what_was_run(self, store_url: str) -> None:
        """
        A new database knows its migrations, with their checksums and the program that ran them.
        """
        store = open_store(store_url)
        await store.prepare((READ_MODEL,))

        async with store.reading() as session:
            found = await versions(session)
            dialect = session.dialect
        await store.close()

        assert [(v.name, v.number, v.checksum) for v in found] == [
            ("event_index", 1, READ_MODEL.migrations[0].checksum(dialect)),
            *(("log", m.number, m.checksum(dialect)) for m in LOG.migrations),
        ]
        assert {v.program for v in found} == {__version__}

    async def test_brings_an_empty_log_forward(self, log_store: EventStore, store_url: str) -> None:
        """
        Where nothing is recorded there is nothing to lose, and nobody is sent to migrate.
        """
        assert len(await lacking(log_store, NEXT)) == 1

        await opened_with(store_url, NEXT)

        assert await lacking(log_store, NEXT) == []

    async def test_refuses_an_older_log_with_events(
        self, log_store: EventStore, store_url: str
    ) -> None:
        """
        What is recorded is not touched by just opening it: a sentence names the command.
        """
        await record(log_store, facts("a"))

        with pytest.raises(SchemaVersionError, match=r"log \d \(notes\).*epcis-repo migrate"):
            await opened_with(store_url, NEXT)

        await bring(log_store, NEXT)
        await opened_with(store_url, NEXT)
        assert await names_of(log_store) == ["a"]

    async def test_refuses_a_read_model_that_would_be_empty(self, log_store: EventStore) -> None:
        """
        A log with events wants its read models folded, not made and left empty.
        """
        await record(log_store, facts("a"))

        with pytest.raises(SchemaVersionError, match=r"event_index 1.*folded anew"):
            await log_store.prepare((READ_MODEL,))

    async def test_refuses_a_newer_log(self, log_store: EventStore, store_url: str) -> None:
        """
        Who has gone back to an older program is told so, even while nothing is recorded.
        """
        await opened_with(store_url, NEXT)

        with pytest.raises(SchemaVersionError, match="newer than this program"):
            await log_store.prepare(())

    async def test_refuses_what_another_migration_has_made(
        self, log_store: EventStore, store_url: str
    ) -> None:
        """
        Two migrations of one number are two databases, whatever they are called.
        """
        await opened_with(store_url, NEXT)

        with pytest.raises(SchemaVersionError, match="was another one"):
            await opened_with(store_url, with_more("CREATE TABLE other (a text)"))

    async def test_refuses_tables_that_nobody_has_noted(self, store_url: str) -> None:
        """
        Tables of another program, or from before there were versions, are left alone.
        """
        store = open_store(store_url)
        async with store.altering() as session:
            await session.execute("CREATE TABLE events (a text)")

        with pytest.raises(SchemaVersionError, match="a table events that no version"):
            await store.prepare(())
        await store.close()

    async def test_refuses_parts_that_are_not_known(self, log_store: EventStore) -> None:
        """
        We would record events without keeping what a newer program folds from them.
        """
        newer = Schema("forecast", (migration(1, "tables", "CREATE TABLE forecast (a text)"),))
        await log_store.prepare((newer,))

        async with log_store.reading() as session:
            with pytest.raises(SchemaVersionError, match="it has forecast"):
                await refuse_unknown(session, (LOG, READ_MODEL))
            await refuse_unknown(session, (LOG, newer))


class TestMigrating:
    async def test_runs_what_is_missing_once(self, log_store: EventStore) -> None:
        """
        The steps are run in order, on what is recorded, and not again.
        """
        await record(log_store, facts("a", "bcd"))

        await bring(log_store, NEXT)
        await bring(log_store, NEXT)

        async with log_store.reading() as session:
            rows = await session.fetch("SELECT body, length FROM note ORDER BY body")
        assert [tuple(row) for row in rows] == [("a", 1), ("bcd", 3)]

    async def test_drops_the_tables_of_another_read_model(self, log_store: EventStore) -> None:
        """
        A read model of another version is made anew, with none of the old tables left.
        """
        old = Schema(
            READ_MODEL.name,
            (
                migration(
                    1, "tables", "CREATE TABLE event_index (a text)", "CREATE TABLE x (a text)"
                ),
            ),
            folded=True,
        )
        await log_store.prepare((old,))
        await record(log_store, facts("a"))

        await bring(log_store, READ_MODEL)

        async with log_store.reading() as session:
            assert "position" in await session.columns("event_index")
            assert await session.columns("x") == ()
        assert await lacking(log_store, LOG, READ_MODEL) == []


# A statement that fails, and one that ends the session of who runs it, on each database.
FAILS = "SELECT no_such_function()"
TERMINATES = "SELECT pg_terminate_backend(pg_backend_pid())"


def cut_at(place: int, statement: str) -> Schema:
    """The next version, with a statement put among those of its migration."""
    return with_more(*STATEMENTS[:place], statement, *STATEMENTS[place:])


async def assert_old(url: str) -> None:
    """The database is of the old version in every way, works, and can still be migrated."""
    store = open_store(url)
    try:
        await store.prepare(())
        async with store.reading() as session:
            assert await session.columns("note") == ()
        await record(store, facts("later"))
        await bring(store, NEXT)
        async with store.reading() as session:
            rows = await session.fetch("SELECT body, length FROM note ORDER BY body")
        assert [tuple(row) for row in rows] == [("a", 1), ("later", 5)]
    finally:
        await store.close()


PLACES = range(len(STATEMENTS) + 1)

# Runs the migration in a process that is gone, as with a power cut, where `die()` stands.
DYING = """
import asyncio, os, sys
from epcis_repo.store import open_store
from tests.store.test_migrations import bring, cut_at
store = open_store(sys.argv[1])
store._writer.create_scalar_function("die", lambda: os._exit(9))
asyncio.run(bring(store, cut_at(int(sys.argv[2]), "SELECT die()")))
"""


class TestACrash:
    @pytest.mark.parametrize("place", PLACES)
    async def test_by_an_error_leaves_the_old_version(
        self, log_store: EventStore, store_url: str, place: int
    ) -> None:
        """
        Whichever statement fails, none before it has happened.
        """
        await record(log_store, facts("a"))

        with pytest.raises(Exception, match=r"no_such_function|no such function"):
            await bring(log_store, cut_at(place, FAILS))

        await assert_old(store_url)

    @pytest.mark.parametrize("place", PLACES)
    async def test_of_the_connection_leaves_the_old_version(
        self, postgres_url: str, place: int
    ) -> None:
        """
        PostgreSQL forgets what a session had done that ended before its commit.
        """
        store = open_store(postgres_url)
        await store.prepare(())
        await record(store, facts("a"))

        with pytest.raises(EpcisError):
            await bring(store, cut_at(place, TERMINATES))
        await store.close()

        await assert_old(postgres_url)

    @pytest.mark.parametrize("place", PLACES)
    async def test_of_the_process_leaves_the_old_version(self, sqlite_url: str, place: int) -> None:
        """
        SQLite forgets what a process had done that died before its commit.
        """
        store = open_store(sqlite_url)
        await store.prepare(())
        await record(store, facts("a"))
        await store.close()

        died = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", DYING, sqlite_url, str(place)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
        )

        assert died.returncode == 9
        await assert_old(sqlite_url)
