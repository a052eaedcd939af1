"""What the doctor sees, and what he says to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.operations import checkpoint
from epcis_repo.store import EventStore
from epcis_repo.store.durability import lapses
from epcis_repo.store.opening import sqlite_path
from epcis_repo.store.schema import DIALECTS
from epcis_repo.upkeep.doctor import Finding, Level, examine
from epcis_repo.upkeep.versions import SCHEMAS, prepare
from tests.operations.reports import PACK, commissioned, report
from tests.store.facts import NOW, facts, record
from tests.upkeep.conftest import Opener
from tests.upkeep.test_versions import make_old


class Usage(NamedTuple):
    """What the operating system says of a disk."""

    total: int
    used: int
    free: int


async def seen(store: EventStore, key: Path, **given: Any) -> list[Finding]:
    """Everything that is found, well or not."""
    asked = {"file": None, "key": key, "origin": "log.example", "unsafe": True, "now": NOW}
    return await examine(store, **asked | given)


async def wrong(store: EventStore, key: Path, about: str, **given: Any) -> list[Finding]:
    """What is not well with one thing."""
    findings = await seen(store, key, **given)
    assert about in {finding.about for finding in findings}
    return [f for f in findings if f.about == about and f.level is not Level.OK]


class TestAStoreThatIsWell:
    async def test_has_no_errors(self, store: EventStore, key: LogKey) -> None:
        """
        Each thing that was looked at is told, and what is well needs no advice.
        """
        await report(store, commissioned(1, PACK))
        await checkpoint(store, key)

        findings = await seen(store, key.path)

        assert {"clock", "durability", "key", "log", "schema"} <= {f.about for f in findings}
        assert all(f.level is not Level.ERROR for f in findings)
        assert all((f.advice is None) == (f.level is Level.OK) for f in findings)

    async def test_is_left_as_it_is(self, opened: Opener, store_url: str, key: LogKey) -> None:
        """
        To look at a store that was never made makes nothing.
        """
        store = await opened(store_url)

        [finding] = await wrong(store, key.path, "schema")

        assert (finding.level, finding.found.partition(":")[0]) == (
            Level.WARNING,
            "nothing is made yet",
        )
        async with store.reading() as session:
            assert await session.columns("events") == ()


class TestTheDisk:
    @pytest.mark.parametrize(
        ("free", "level"),
        [
            pytest.param(1 << 20, Level.ERROR, id="nearly full"),
            pytest.param(500 << 20, Level.WARNING, id="soon"),
            pytest.param(100 << 30, None, id="enough"),
        ],
    )
    async def test_that_is_filling_is_told_in_time(
        self,
        opened: Opener,
        sqlite_url: str,
        key: LogKey,
        monkeypatch: pytest.MonkeyPatch,
        free: int,
        level: Level | None,
    ) -> None:
        """
        Before captures are refused there is a warning, and then an error.
        """
        store = await opened(sqlite_url)
        await prepare(store)
        monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(1, 1, free))

        found = await wrong(store, key.path, "disk", file=sqlite_path(sqlite_url))

        assert [f.level for f in found] == ([] if level is None else [level])


class TestTheClock:
    async def test_that_was_never_set_is_an_error(self, store: EventStore, key: LogKey) -> None:
        """
        Record times come from it.
        """
        finding, *_ = await wrong(store, key.path, "clock", now=1_000_000)

        assert (finding.level, "1970" in finding.found) == (Level.ERROR, True)

    async def test_that_is_behind_the_log_is_told(self, store: EventStore, key: LogKey) -> None:
        """
        An event that was recorded in the future means that one of two clocks is wrong.
        """
        await record(store, facts("a"), now=NOW + 3_600_000_000)

        findings = await wrong(store, key.path, "clock")

        assert any("recorded 3600 s from now" in f.found for f in findings)


class TestDurability:
    @pytest.mark.parametrize(
        ("dialect", "settings", "said"),
        [
            pytest.param("sqlite", {"synchronous": "1"}, "may lose captures", id="normal"),
            pytest.param("sqlite", {"journal_mode": "delete"}, "hold up", id="no WAL"),
            pytest.param("sqlite", {"sqlite_version": "3.51.2"}, "may damage", id="WAL-reset bug"),
            pytest.param("postgresql", {"fsync": "off"}, "may damage", id="fsync"),
            pytest.param("postgresql", {"full_page_writes": "off"}, "may damage", id="torn pages"),
            pytest.param(
                "postgresql", {"synchronous_commit": "local"}, "may lose captures", id="replica"
            ),
        ],
    )
    def test_wants_every_setting(self, dialect: str, settings: dict[str, str], said: str) -> None:
        """
        Each setting that makes an acknowledgement worth less is a lapse of its own.
        """
        good = {
            "sqlite": {"sqlite_version": "3.51.3", "journal_mode": "wal", "synchronous": "2"},
            "postgresql": {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"},
        }[dialect]
        assert lapses(dialect, good) == []

        [lapse] = lapses(dialect, good | settings)

        assert said in lapse

    async def test_of_a_server_that_does_not_flush_is_an_error(
        self, opened: Opener, postgres_url: str, key: LogKey
    ) -> None:
        """
        The server itself is asked; where the loss is accepted, that is a warning, and told.
        """
        store = await opened(postgres_url)

        errors = await wrong(store, key.path, "durability", unsafe=False)
        warnings = await wrong(store, key.path, "durability", unsafe=True)

        assert {f.level for f in errors} == {Level.ERROR}
        assert any("fsync is off" in f.found for f in errors)
        assert {f.level for f in warnings} == {Level.WARNING}
        assert any("EPCIS_REPO_UNSAFE_NOT_DURABLE" in f.found for f in warnings)


class TestTheServer:
    async def test_is_told_with_its_version_and_its_clock(
        self, opened: Opener, postgres_url: str, key: LogKey
    ) -> None:
        """
        PostgreSQL's version, checksums, connections, and how far its clock is from ours.
        """
        store = await opened(postgres_url)

        findings = await seen(store, key.path)

        assert any(f.found.startswith("PostgreSQL 1") for f in findings)
        assert {"server", "checksums", "connections"} <= {f.about for f in findings}
        assert any("s away from ours" in f.found for f in findings if f.about == "clock")


class TestTheSchema:
    async def test_of_another_version_is_an_error(self, store: EventStore, key: LogKey) -> None:
        """
        What is to be migrated is named, with the command.
        """
        await report(store, commissioned(1, PACK))
        await make_old(store)

        [finding] = await wrong(store, key.path, "schema")

        assert finding.level is Level.ERROR
        assert "event_index" in finding.found
        assert "epcis-repo migrate" in (finding.advice or "")

    async def test_of_a_newer_program_is_an_error(
        self, store: EventStore, key: LogKey, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A database that is not for this program is told from one that is old.
        """
        monkeypatch.setattr("epcis_repo.upkeep.doctor.SCHEMAS", SCHEMAS[:-1])

        [finding] = await wrong(store, key.path, "schema")

        assert "newer than this program" in (finding.advice or "")


class TestTheGuards:
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_are_known_one_and_all(self, dialect: str) -> None:
        """
        However one is declared, it is looked for.
        """
        sql = "".join(m.sql[dialect] for schema in SCHEMAS for m in schema.migrations)

        known = [guard for schema in SCHEMAS for guard in schema.guards(dialect)]

        assert len(known) == len(re.findall(r"CREATE[A-Z ]* TRIGGER", sql)) > 10

    async def test_that_were_taken_out_are_an_error(
        self, store: EventStore, store_url: str, key: LogKey
    ) -> None:
        """
        Who takes away what keeps the log from being changed is seen before anything is changed.
        """
        assert await wrong(store, key.path, "guards") == []
        gone = {
            "sqlite": "DROP TRIGGER events_are_never_updated",
            "postgresql": "DROP TRIGGER events_never_change ON events_2026",
        }
        async with store.altering() as session:
            await session.execute(gone[session.dialect])

        [finding] = await wrong(store, key.path, "guards")

        assert finding.level is Level.ERROR
        assert re.search(
            "events_are_never_updated|events_never_change on events_2026", finding.found
        )

    async def test_that_only_sleep_are_an_error(
        self, opened: Opener, postgres_url: str, key: LogKey
    ) -> None:
        """
        A guard that is switched off guards nothing, though it is there.
        """
        store = await opened(postgres_url)
        await prepare(store)
        async with store.altering() as session:
            await session.execute("ALTER TABLE document DISABLE TRIGGER documents_never_change")

        [finding] = await wrong(store, key.path, "guards")

        assert "documents_never_change on document" in finding.found


class TestTheLog:
    async def test_that_has_outgrown_its_tree_is_an_error(
        self, store: EventStore, key: LogKey
    ) -> None:
        """
        Head and tree end at one place, or somebody has been at work.
        """
        await record(store, facts("a"))

        [finding] = await wrong(store, key.path, "log")

        assert (finding.level, finding.found) == (Level.ERROR, "the log ends at 1, its tree at 0")


class TestTheKey:
    async def test_that_others_may_read_is_an_error(self, store: EventStore, key: LogKey) -> None:
        """
        Who can read it can sign in our name.
        """
        key.path.chmod(0o640)

        [finding] = await wrong(store, key.path, "key")

        assert (finding.level, finding.advice) == (Level.ERROR, f"chmod 600 {key.path}")

    async def test_that_is_not_there_is_told(self, store: EventStore, tmp_path: Path) -> None:
        """
        Without a key nothing is signed; none is made by looking.
        """
        [finding] = await wrong(store, tmp_path / "none.key", "key")

        assert (finding.level, "epcis-repo init" in (finding.advice or "")) == (Level.WARNING, True)
        assert not (tmp_path / "none.key").exists()

    async def test_that_lost_what_it_signed_last_is_an_error(
        self, store: EventStore, key: LogKey
    ) -> None:
        """
        The file beside the key is a part of it.
        """
        key.last_path.unlink()

        [finding] = await wrong(store, key.path, "key")

        assert (finding.level, "put the file back" in (finding.advice or "")) == (Level.ERROR, True)

    async def test_that_has_signed_another_log_is_an_error(
        self, opened: Opener, store: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        Neither a log that is shorter than what was signed nor another one of the same length
        is that of the key.
        """
        await report(store, commissioned(1, PACK))
        await checkpoint(store, key)
        other = await opened(f"sqlite:///{tmp_path / 'other.db'}")
        await prepare(other)

        [shorter] = await wrong(other, key.path, "key")
        await report(other, commissioned(2, PACK))
        [another] = await wrong(other, key.path, "key")

        assert shorter.found.endswith("has signed 2 entries, the tree has 0")
        assert another.found.endswith("which are not those of this log")


class TestADatabaseThatIsAway:
    async def test_is_an_error_with_advice(self, opened: Opener, key: LogKey) -> None:
        """
        The doctor does not fall ill himself.
        """
        store = await opened("postgresql://nobody@127.0.0.1:1/none")

        [finding] = await wrong(store, key.path, "database")

        assert (finding.level, "pg_isready" in (finding.advice or "")) == (Level.ERROR, True)
