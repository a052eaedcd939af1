"""Bringing a whole store to the version of the program: log, tree and read models."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.errors import SchemaVersionError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.gs1 import parse_identifier
from epcis_repo.operations.history import history
from epcis_repo.store import EventStore, Schema, open_store
from epcis_repo.store.migrations import missing, run
from epcis_repo.store.schema import DIALECTS, Migration
from epcis_repo.upkeep import versions
from epcis_repo.upkeep.versions import SCHEMAS, migrate, prepare
from tests.evidence.logs import entries
from tests.operations.reports import PACK, commissioned, observed, report
from tests.store.facts import facts, record

# What a read model was, in a version that never was.
OLD = Schema(
    "event_index",
    (Migration(1, "tables", dict.fromkeys(DIALECTS, "CREATE TABLE event_index (a text)")),),
    folded=True,
)


async def read_models(store: EventStore) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all read models."""
    found = {}
    async with store.reading() as session:
        for table in (t for schema in SCHEMAS if schema.folded for t in schema.tables):
            columns = ", ".join(await session.columns(table))
            rows = await session.fetch(f"SELECT {columns} FROM {table}")
            found[table] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def make_old(store: EventStore) -> None:
    """Have a read model be of another version, as after an update of the program."""
    async with store.altering() as session:
        for table in next(schema.tables for schema in SCHEMAS if schema.name == OLD.name):
            await session.execute(f"DROP TABLE {table}")
        await session.execute("DELETE FROM schema_version WHERE name = $1", OLD.name)
        await run(session, await missing(session, (OLD,)))


class TestPrepare:
    async def test_says_whether_the_store_is_new(self, store_url: str) -> None:
        """
        Who makes a store is told that it is there now, and the next that it was.
        """
        store = open_store(store_url)

        made = [await prepare(store) for _ in range(2)]

        await store.close()
        assert made == [True, False]

    async def test_refuses_what_a_newer_program_keeps(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A part that this program does not know would fall behind with every capture.
        """
        monkeypatch.setattr(versions, "SCHEMAS", SCHEMAS[:-1])

        with pytest.raises(SchemaVersionError, match=f"it has {SCHEMAS[-1].name}"):
            await prepare(store)


class TestMigrate:
    async def test_folds_read_models_of_another_version_anew(self, store: EventStore) -> None:
        """
        Nothing can be read or captured before, and afterwards they are what they would be.
        """
        await report(store, commissioned(1, PACK), observed(2, PACK))
        before = await read_models(store)
        await make_old(store)
        with pytest.raises(SchemaVersionError, match="epcis-repo migrate"):
            await prepare(store)

        done = await migrate(store)

        assert [str(step) for step in done.steps] == [
            "event_index 1 (tables), folded anew from the log"
        ]
        assert done.events == 2
        assert await read_models(store) == before
        await prepare(store)
        assert len((await history(store, parse_identifier(PACK))).entries) == 2

    async def test_folds_those_of_every_part(self, store: EventStore, store_url: str) -> None:
        """
        The tables are those of all logs in the database, whichever of them was opened.
        """
        other = open_store(store_url, part=7)
        await prepare(other)
        for number, one in enumerate((store, other, other)):
            await report(one, observed(number, PACK))
        before = await read_models(store)
        await make_old(store)

        done = await migrate(store)

        assert done.events == 3
        assert await read_models(other) == before
        await other.close()

    async def test_of_a_store_of_this_version_does_nothing(self, store: EventStore) -> None:
        """
        It may be run after every update, whether or not there is something to do.
        """
        await report(store, commissioned(1, PACK))

        done = await migrate(store)

        assert (done.steps, done.events) == ((), 0)

    async def test_can_be_tried_first(self, store: EventStore) -> None:
        """
        A dry run tells the steps and leaves everything as it is.
        """
        await report(store, commissioned(1, PACK))
        await make_old(store)

        tried = [await migrate(store, dry_run=True) for _ in range(2)]

        assert [len(found.steps) for found in tried] == [1, 1]

    async def test_gives_a_log_without_a_tree_its_tree(self, log_store: EventStore) -> None:
        """
        A log from before there were trees is committed to, with all that it has.
        """
        await record(log_store, facts("a", "b", "c"))

        await migrate(log_store)

        assert len(await entries(log_store)) == 3
        assert not (await check_integrity(log_store, None)).altered

    async def test_that_fails_while_it_folds_leaves_the_old_version(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Tables that were made and not filled are not left behind.
        """
        await report(store, commissioned(1, PACK), observed(2, PACK))
        await make_old(store)

        async def fail(*_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("epcis_repo.projections.runner.project", fail)
        with pytest.raises(ZeroDivisionError):
            await migrate(store)

        assert len((await migrate(store, dry_run=True)).steps) == 1
        async with store.reading() as session:
            assert await session.columns("event_index") == ("a",)
