"""F18: one bit of a file of the database is another one than was written."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw
import asyncpg
import pytest

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.evidence.integrity import Integrity, check_integrity
from epcis_repo.evidence.operations import prepare
from epcis_repo.operations.capture import capture
from epcis_repo.projections import PROJECTIONS, rebuild
from epcis_repo.store import open_store
from tests.faults.cluster import Cluster
from tests.faults.reports import report
from tests.faults.trial import Trial
from tests.faults.verdict import rows_of
from tests.rest.documents import JSON

REPORTS = [report("kept", number) for number in range(80)]
READ_MODELS = {name for projection in PROJECTIONS for name in projection.TABLES}
NOW = 1_780_000_000_000_000
Content = dict[str, Counter[tuple[Any, ...]]]


async def fill(db: str) -> None:
    """Capture the reports."""
    store = open_store(db)
    await prepare(store)
    await asyncio.gather(*(capture(store, one.body, JSON, now=NOW) for one in REPORTS))
    await store.close()


async def check(db: str) -> Integrity:
    """What the integrity check says of the store."""
    store = open_store(db)
    try:
        return await check_integrity(store, None)
    finally:
        await store.close()


def flip(path: Path, place: int, bit: int) -> None:
    """Change one bit of a file."""
    with path.open("r+b") as file:
        file.seek(place)
        [byte] = file.read(1)
        file.seek(place)
        file.write(bytes([byte ^ 1 << bit]))


def content_of(path: Path) -> Content:
    """All rows of all tables, and the declarations."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        # A bit more or less, and a text may be none.
        said = ", ".join(map(_bare, ("type", "name", "tbl_name", "sql")))
        declared: list[tuple[Any, ...]] = connection.execute(
            f"SELECT {said} FROM sqlite_schema"
        ).fetchall()
        found: Content = {"declarations": Counter(declared)}
        for kind, name, _, _ in declared:
            if kind == b"table":
                table = name.decode()
                # Their types may be no text any more.
                names = connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
                columns = ", ".join(_bare(f'"{name}"') for (name,) in names)
                rows = connection.execute(f'SELECT {columns} FROM "{table}" NOT INDEXED')
                found[table] = Counter(rows.fetchall())
        return found
    finally:
        connection.close()


def _bare(column: str) -> str:
    return f"iif(typeof({column}) = 'text', CAST({column} AS blob), {column})"


def soundness_of(path: Path) -> str:
    """What SQLite itself says of the file."""
    connection = apsw.Connection(str(path))
    try:
        return str(connection.execute("PRAGMA integrity_check(1)").get)
    except apsw.Error as error:
        return str(error)
    finally:
        connection.close()


class TestSQLiteFile:
    async def test_with_another_bit_is_found_out(self, trial: Trial, tmp_path: Path) -> None:
        """
        Whatever bit it is: the integrity check names what was altered, or the file is said to be
        damaged; or nothing that is recorded has changed.
        """
        original = tmp_path / "original.db"
        await fill(f"sqlite:///{original}")
        before = content_of(original)
        found: Counter[str] = Counter()
        for _, chances in trial.rounds(short=40, full=1_000):
            path = tmp_path / "copy.db"
            shutil.copy(original, path)
            flip(path, chances.randrange(path.stat().st_size), chances.randrange(8))
            found[await self.verdict(path, before)] += 1
            for file in tmp_path.glob("copy.db*"):
                file.unlink()

        assert found["named by the check"]
        trial.tell(
            "F18",
            "one bit of the SQLite file",
            f"{found.total()} bits",
            ", ".join(f"{count} {verdict}" for verdict, count in found.most_common()),
        )

    async def verdict(self, path: Path, before: Content) -> str:
        db = f"sqlite:///{path}"
        try:
            outcome = await check(db)
        except StoreUnavailableError:
            return "damaged, says SQLite when it is read"
        except (apsw.Error, UnicodeDecodeError, TypeError, ValueError):
            return "damaged, says an error"
        changed = self.changed(path, before)
        if outcome.altered:
            named = {alteration.position for alteration in outcome.alterations}
            # A row that the indexes have under another key is read as it was: SQLite names it.
            rows = {f"row {p} missing": p for (_, p, *_) in before["events"]}
            said = " ".join(text for a in outcome.alterations for text in a.differs)
            named |= {position for row, position in rows.items() if row in said}
            # Where one event differs, it is that one which is named.
            events = changed.get("events", [])
            assert len(events) != 1 or events[0][1] in named
            return "named by the check"
        assert soundness_of(path) == "ok"
        if not changed:
            return "of no meaning"
        if changed.keys() == {"declarations"}:
            return "of a declaration"
        assert changed.keys() <= READ_MODELS
        assert await differ_when_made_anew(db)
        return "of a read model, found by its rebuild"

    def changed(self, path: Path, before: Content) -> dict[str, list[tuple[Any, ...]]]:
        """What was there before and is not there now, by table."""
        try:
            after = content_of(path)
        except (apsw.Error, UnicodeDecodeError):
            return {"unreadable": []}
        return {
            name: list((before[name] - after.get(name, Counter())).keys())
            for name in before
            if before[name] != after.get(name)
        }


async def differ_when_made_anew(db: str) -> bool:
    """Whether the read models are not what their rebuild is."""
    store = open_store(db)
    try:
        rows = await rows_of(store)
    except UnicodeDecodeError:
        return True
    else:
        await rebuild(store)
        return await rows_of(store) != rows
    finally:
        await store.close()


class TestPostgresPage:
    async def test_with_another_bit_is_said_to_be_damaged(
        self, trial: Trial, cluster: Cluster, cluster_url: str
    ) -> None:
        """
        A bit in any page of any table of the log: PostgreSQL's checksum tells, and the answer is
        that the database is damaged, not one from damaged rows.
        """
        await fill(cluster_url)
        files = await paths_of(cluster_url)
        found = 0
        for _, chances in trial.rounds(short=1, full=60):
            path = cluster.data / chances.choice(files)
            cluster.stop()
            place, bit = chances.randrange(path.stat().st_size), chances.randrange(8)
            flip(path, place, bit)
            cluster.start()

            with pytest.raises(StoreUnavailableError, match="is damaged"):
                await check(cluster_url)

            cluster.stop()
            flip(path, place, bit)
            cluster.start()
            assert (await check(cluster_url)).altered == 0
            found += 1
        trial.tell(
            "F18",
            "one bit of a page of PostgreSQL",
            f"{found} bits",
            f"{found} said to be damaged",
        )


async def paths_of(url: str) -> Sequence[str]:
    """Where the tables that the check reads lie, in the folder of the cluster."""
    connection: Any = await asyncpg.connect(url)
    try:
        # What is in memory only has to be on the disk first.
        await connection.execute("CHECKPOINT")
        rows = await connection.fetch(
            "SELECT pg_relation_filepath(c.oid) AS path FROM pg_class c "
            # Some of them are kept in years, each of which is a table of its own.
            r"WHERE regexp_replace(c.relname, '_\d+$', '') = any($1) AND c.relkind = 'r' "
            "AND pg_relation_size(c.oid) > 0",
            ["events", "event_tag", "document", "leaf", "tile", "log_head"],
        )
        return [row["path"] for row in rows]
    finally:
        await connection.close()
