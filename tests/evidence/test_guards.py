"""What the tree is made of stays: the database itself refuses, whoever asks."""

from __future__ import annotations

import importlib
import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import apsw
import asyncpg
import pytest

from epcis_repo.errors import EpcisError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.operations import prepare
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.documents import keep
from tests.evidence.logs import record
from tests.postgres_server import Server

# The tree below has the leaves 1 to 300: the tiles 0/0, full, 0/1 of width 44, and 1/0 of one hash.
FORBIDDEN = {
    "update a salt": "UPDATE leaf SET salt = 'x' WHERE position = 1",
    "update a leaf's document": "UPDATE leaf SET document = 'x' WHERE position = 1",
    "move a leaf": "UPDATE leaf SET position = 1000 WHERE position = 1",
    "move a leaf to another part": "UPDATE leaf SET part = 9 WHERE position = 1",
    "delete a leaf": "DELETE FROM leaf WHERE position = 300",
    "delete all leaves": "DELETE FROM leaf",
    "delete a tile": "DELETE FROM tile WHERE level = 1",
    "delete all tiles": "DELETE FROM tile",
    "narrow a tile": (
        "UPDATE tile SET width = 43, hashes = substr(hashes, 1, 43 * 32)"
        " WHERE level = 0 AND idx = 1"
    ),
    "say that a tile is narrower": "UPDATE tile SET width = 43 WHERE level = 0 AND idx = 1",
    "say that a tile is wider": "UPDATE tile SET width = 45 WHERE level = 0 AND idx = 1",
    "cut the hashes of a tile": (
        "UPDATE tile SET hashes = substr(hashes, 1, 32) WHERE level = 0 AND idx = 1"
    ),
    "change a hash": (
        "UPDATE tile SET hashes = substr(hashes, 33, 43 * 32) || substr(hashes, 1, 32)"
        " WHERE level = 0 AND idx = 1"
    ),
    "change a hash of a tile that grows": (
        "UPDATE tile SET width = 45, hashes = substr(hashes, 33, 43 * 32)"
        " || substr(hashes, 1, 64) WHERE level = 0 AND idx = 1"
    ),
    "move a tile": "UPDATE tile SET idx = 2 WHERE level = 0 AND idx = 1",
    "move a tile to another level": "UPDATE tile SET level = 2 WHERE level = 1",
    "move a tile to another part": "UPDATE tile SET part = 9 WHERE level = 1",
}
FORBIDDEN_SQLITE = {
    "replace a leaf": "REPLACE INTO leaf (part, position, salt) VALUES (1, 1, 'x')",
    "replace a leaf by its number": (
        "REPLACE INTO leaf (rowid, part, position, salt) VALUES (1, 1, 1000, 'x')"
    ),
    "replace a tile": (
        "REPLACE INTO tile (part, level, idx, width, hashes) VALUES (1, 1, 0, 2, zeroblob(64))"
    ),
    "replace a tile by its number": (
        "REPLACE INTO tile (rowid, part, level, idx, width, hashes)"
        " VALUES (1, 1, 5, 0, 1, zeroblob(32))"
    ),
    "renumber a tile": "UPDATE OR REPLACE tile SET rowid = 1 WHERE level = 1",
    "renumber a tile that grows": (
        "UPDATE OR REPLACE tile SET rowid = 1, width = 45,"
        " hashes = CAST(hashes || zeroblob(32) AS blob) WHERE level = 0 AND idx = 1"
    ),
    "widen a tile by a text": (
        "UPDATE tile SET width = 45, hashes = CAST(hashes AS text) || 'x'"
        " WHERE level = 0 AND idx = 1"
    ),
    "replace an event by its number": (
        "REPLACE INTO events (rowid, part, position, record_time, type, event_id, data)"
        " VALUES (1, 1, 1000, 0, 'T', 'another', 'x')"
    ),
    "replace a document by its number": (
        "REPLACE INTO document (rowid, part, digest, media_type, body)"
        " VALUES (1, 1, 'another', 'x', 'x')"
    ),
}
FORBIDDEN_POSTGRES = {
    "truncate the leaves": "TRUNCATE leaf",
    "truncate the tiles": "TRUNCATE tile CASCADE",
    "upsert a leaf": (
        "INSERT INTO leaf (part, position, salt) VALUES (1, 1, 'x')"
        " ON CONFLICT (part, position) DO UPDATE SET salt = 'x'"
    ),
    "upsert a tile": (
        "INSERT INTO tile (part, level, idx, width, hashes) VALUES (1, 1, 0, 2, 'x')"
        " ON CONFLICT (part, level, idx) DO UPDATE SET hashes = 'x'"
    ),
}


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The URL of a database for this test alone: here a stranger is at work in all of it."""
    with postgres_server.database() as url:
        yield url


async def filled(url: str) -> EventStore:
    store = open_store(url)
    await prepare(store)
    await record(store, *map(str, range(300)))
    async with store.writing() as session:
        await keep(session, [("d", b"body", "text/plain")])
    return store


async def tree_of(store: EventStore) -> list[list[tuple[Any, ...]]]:
    """All that the tree is made of, and what it is the tree of."""
    async with store.reading() as session:
        return [
            sorted(tuple(row) for row in await session.fetch(statement))
            for statement in (
                "SELECT part, position, salt, document FROM leaf",
                "SELECT part, level, idx, width, hashes FROM tile",
                "SELECT part, position, event_id, data FROM events",
                "SELECT part, digest, body FROM document",
            )
        ]


def said_to(library: str, path: str, deed: str) -> str | None:
    """What who opens the file with a library and does something is told, None if it is done."""
    module = importlib.import_module(library)
    connection = (module.connect if library == "sqlite3" else module.Connection)(path)
    try:
        connection.execute(deed)
    except (sqlite3.Error, apsw.Error) as error:
        return type(error).__name__
    finally:
        connection.close()
    return None


class TestTheDatabaseItself:
    @pytest.mark.parametrize("library", [sqlite3, apsw], ids=["sqlite3", "apsw"])
    async def test_refuses_in_sqlite(
        self, tmp_path: Path, library: ModuleType, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger with the file in hand cannot change the tree.
        """
        path = tmp_path / "epcis.db"
        store = await filled(f"sqlite:///{path}")
        before = await tree_of(store)

        # In a process of his own: two libraries of SQLite in one take each other's locks away.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as stranger:
            for name, deed in (FORBIDDEN | FORBIDDEN_SQLITE).items():
                with subtests.test(name):
                    said = stranger.submit(said_to, library.__name__, str(path), deed).result()
                    assert said in ("IntegrityError", "ConstraintError")
                    assert await tree_of(store) == before

        await goes_on(store)

    async def test_refuses_in_postgresql(
        self, postgres_url: str, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger who may do everything in the database cannot change the tree.
        """
        store = await filled(postgres_url)
        before = await tree_of(store)
        connection = await asyncpg.connect(postgres_url)

        for name, deed in (FORBIDDEN | FORBIDDEN_POSTGRES).items():
            with subtests.test(name):
                with pytest.raises(asyncpg.RaiseError):
                    await connection.execute(deed)
                assert await tree_of(store) == before
        await connection.close()

        await goes_on(store)

    async def test_refuses_us_too(self, store: EventStore) -> None:
        """
        The guards hold for the store's own connection, and undo all that came with the deed.
        """
        await record(store, "a")
        before = await tree_of(store)

        with pytest.raises((apsw.ConstraintError, asyncpg.RaiseError, EpcisError)):
            async with store.writing() as session:
                await session.execute("DELETE FROM leaf WHERE part = $1", session.part)

        assert await tree_of(store) == before


async def goes_on(store: EventStore) -> None:
    """The tree still grows, from tile to tile, and is the tree of what is recorded."""
    for batch, size in enumerate((1, 211, 1, 300)):
        await record(store, *(f"{batch}-{number}" for number in range(size)))
    found = await check_integrity(store, None)
    assert (found.altered, found.size) == (0, 813)
    await store.close()
