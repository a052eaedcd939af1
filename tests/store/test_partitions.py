"""The tables that PostgreSQL keeps year by year: each is made in time, guarded, and looked into."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from epcis_repo.errors import DuplicateEventError
from epcis_repo.evidence.operations import prepare
from epcis_repo.projections import SCHEMAS
from epcis_repo.projections.derived import READ_MODELS
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import append
from epcis_repo.store.migrations import LOG
from epcis_repo.store.partitions import (
    buckets_of,
    moments_of,
    spelt_for_years,
    year_of_bucket,
    year_of_moment,
    yearly_tables,
    years_of,
)
from tests.operations.reports import commissioned, packed, report, unpacked
from tests.store.facts import facts, names_of, record
from tests.store.test_plans import FEW_ROWS, statements

DAY = 86_400_000_000


def in_year(year: int) -> int:
    """A moment of a year."""
    return moments_of(year).start + 100 * DAY


@pytest.fixture
async def log_store(postgres_url: str) -> AsyncIterator[EventStore]:
    """A store with an empty log on PostgreSQL, with all read models."""
    store = open_store(postgres_url)
    await prepare(store)
    yield store
    await store.close()


async def there(store: EventStore, table: str = "events") -> set[int]:
    """The years of a table that were made."""
    async with store.reading() as session:
        return await years_of(session, table)


class TestYears:
    @pytest.mark.parametrize("year", [1970, 1999, 2024, 2026, 2100, 4017])
    def test_of_moments_and_of_buckets_meet(self, year: int) -> None:
        """
        Every moment and every bucket is of one year, and no year has those of another.
        """
        for year_of, values in (
            (year_of_moment, moments_of(year)),
            (year_of_bucket, buckets_of(year)),
        ):
            assert year_of(values.start) == year_of(values.stop - 1) == year
            assert year_of(values.start - 1) == year - 1
            assert year_of(values.stop) == year + 1

    def test_are_those_of_all_that_grows_with_events(self) -> None:
        """
        The log, its tags and every read model: who takes out a year has all of it in hand.
        """
        schemas = (LOG, *SCHEMAS)
        found = {
            table: column
            for schema in schemas
            for table, column in yearly_tables(schema.migrations[0].sql["postgresql"]).items()
        }

        assert found.pop("events") == "record_time"
        assert found.pop("event_tag") == "bucket"
        assert found == dict.fromkeys(READ_MODELS, "record_time")

    def test_are_declared_in_a_comment(self) -> None:
        """
        What SQLite takes as it stands has for PostgreSQL a pattern with the keys, and no keys.
        """
        declared = (
            "CREATE TABLE IF NOT EXISTS fact (\n    at bigint,\n    n text,\n"
            "    CONSTRAINT fact_key PRIMARY KEY (n)\n) /* each year of at */;\nSELECT 1"
        )

        spelt = spelt_for_years(declared)

        assert "PRIMARY KEY (n)\n);" in spelt.partition("CREATE TABLE fact_year (")[2]
        assert "CREATE TABLE IF NOT EXISTS fact (LIKE fact_year) PARTITION BY RANGE (at);" in spelt
        assert spelt.endswith("\nSELECT 1")


class TestMaking:
    async def test_is_done_for_this_year_and_the_next(self, log_store: EventStore) -> None:
        """
        Who opens a database has both made; no capture of either needs to.
        """
        async with log_store.reading() as session:
            [(year,)] = await session.fetch("SELECT extract(year FROM now())::integer")

        for table in ("events", "event_tag", *READ_MODELS):
            assert await there(log_store, table) == {year, year + 1}

    async def test_is_done_by_the_writer_when_a_year_turns(self, log_store: EventStore) -> None:
        """
        A server that runs on, or whose clock jumps, loses no capture; the year after is made in
        the same breath.
        """
        years = (2026, 2027, 2028, 2039, 2100, 2101, 4000)
        for year in years:
            await report(log_store, commissioned(1, f"urn:x:{year}"), now=in_year(year))

        assert len(await names_of(log_store)) == 2 * len(years)
        async with log_store.reading() as session:
            for table in ("events", "event_tag", "event_index"):
                assert {*years, 2040, 2102, 4001} <= await years_of(session, table)
                for year in years:
                    [(rows,)] = await session.fetch(f"SELECT count(*) FROM {table}_{year}")
                    assert rows > 0

    async def test_is_done_once_by_many(self, postgres_url: str, log_store: EventStore) -> None:
        """
        Two processes, and two parts of the log in each, see the year turn at one moment.
        """
        stores = [open_store(postgres_url, part=part) for part in (1, 2, 1, 2)]
        for store in stores:
            await store.prepare(())

        await asyncio.gather(
            *(
                record(store, facts(f"{number}-{n}", tags=["t"]), now=in_year(2050))
                for number, store in enumerate(stores)
                for n in range(5)
            )
        )

        for store in stores:
            assert len(await names_of(store)) == 10
            await store.close()

    async def test_is_undone_with_its_transaction(self, log_store: EventStore) -> None:
        """
        Who thinks that he has made a year, and has not, makes it when he comes again.
        """

        async def break_off() -> None:
            async with log_store.writing() as session:
                await append(session, facts("a", tags=["t"]), now=in_year(2050))
                raise RuntimeError("power")

        with pytest.raises(RuntimeError, match="power"):
            await break_off()
        assert 2050 not in await there(log_store)

        await record(log_store, facts("a", tags=["t"]), now=in_year(2050))

        assert await names_of(log_store) == ["a"]

    async def test_has_a_year_counted_that_has_turned(self, log_store: EventStore) -> None:
        """
        PostgreSQL knows how large a new year is before its own housekeeping comes.
        """
        await record(log_store, facts("a", tags=["t"]), now=in_year(2026))
        names = [f"e{number}" for number in range(12)]
        await record(log_store, facts(*names, tags=["t"]), now=in_year(2027))

        async with log_store.reading() as session:
            for table in ("events_2027", "event_tag_2027"):
                counted = "SELECT reltuples FROM pg_class WHERE relname = $1"
                assert await session.fetch(counted, table) == [(12.0,)]


class TestIdentities:
    async def test_are_taken_once_over_all_years(self, log_store: EventStore) -> None:
        """
        Keys hold within a year; it is the guard that looks into those before.
        """
        await record(log_store, facts("a", "b"), now=in_year(2024))
        await record(log_store, facts("c"), now=in_year(2025))

        for taken in ("a", "c"):
            with pytest.raises(DuplicateEventError):
                await record(log_store, facts("d", taken), now=in_year(2026))

        assert await names_of(log_store) == ["a", "b", "c"]

    async def test_are_taken_once_by_many_rows_at_a_time(self, log_store: EventStore) -> None:
        """
        Also where the rows of two years are inserted together, as when a backup is restored.
        """
        columns = ("part", "position", "record_time", "type", "event_id", "data")
        rows = [
            (1, number, in_year(year), "Noted", "a", b"")
            for number, year in enumerate((2024, 2025), 1)
        ]
        many = [(1, number, in_year(2026), "Noted", f"{number}", b"") for number in range(3, 200)]

        for together in (rows, [*rows, *many]):
            with pytest.raises(DuplicateEventError):
                async with log_store.writing() as session:
                    await session.insert("events", columns, together)


class TestGuards:
    async def test_hold_for_every_year_by_its_name(
        self, postgres_url: str, log_store: EventStore, subtests: pytest.Subtests
    ) -> None:
        """
        A stranger cannot change what is recorded by going to the table of a year.
        """
        await record(log_store, facts("a", tags=["t"]), now=in_year(2026))
        await record(log_store, facts("b", tags=["t"]), now=in_year(2031))
        deeds = [
            deed.format(year=year, moment=in_year(year))
            for year in (2026, 2031)
            for deed in (
                "UPDATE events_{year} SET data = 'x'",
                "DELETE FROM events_{year}",
                "TRUNCATE events_{year}",
                "INSERT INTO events_{year} VALUES (1, 0, {moment}, 'T', 'x', 'x')",
                "UPDATE event_tag_{year} SET tag = 'x'",
                "DELETE FROM event_tag_{year}",
                "TRUNCATE event_tag_{year}",
            )
        ]
        connection = await asyncpg.connect(postgres_url)

        for deed in deeds:
            with subtests.test(deed), pytest.raises(asyncpg.RaiseError):
                await connection.execute(deed)
        await connection.close()

        assert await names_of(log_store) == ["a", "b"]

    async def test_and_indexes_are_those_of_the_whole(self, log_store: EventStore) -> None:
        """
        A year that is made by a writer differs in nothing from one that was made at the beginning.
        """
        await record(log_store, facts("a", tags=["t"]), now=in_year(2061))
        async with log_store.reading() as session:
            for table in ("events", "event_tag"):
                known = [
                    await _made_of(session, f"{table}_{year}")
                    for year in sorted(await years_of(session, table))
                ]
                assert len(known) == 4
                assert all(one == known[0] for one in known)
                [guards, indexes] = known[0]
                assert guards
                assert indexes


_GUARDS = """
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgrelid = to_regclass($1) AND NOT tgisinternal
"""
_INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = to_regclass($1)"


async def _made_of(session: Any, table: str) -> list[list[str]]:
    """The guards and the indexes of a year, without its name."""
    year = table.rpartition("_")[2]
    return [
        sorted(text.replace(year, "") for (text,) in await session.fetch(statement, table))
        for statement in (_GUARDS, _INDEXES)
    ]


async def test_plans_of_several_years(postgres_url: str, subtests: pytest.Subtests) -> None:
    """
    Of no year a table is read from end to end, nor an index from where the part begins.
    """
    store = open_store(postgres_url)
    await prepare(store)
    for year in (2023, 2024, 2025, 2026):
        for number in range(8):
            packs = [f"urn:epc:id:sgtin:030001.0012345.{year}{number}x{n}" for n in range(100)]
            case = f"urn:epc:id:sscc:030001.{year}{number:07}"
            events = commissioned(1, *packs), packed(2, case, *packs), unpacked(3, case)
            await report(store, *events, now=in_year(year) + number)
    async with store.writing() as session:
        await session.analyze(["events", "event_tag", "tag_bucket", *READ_MODELS])

    for name, (statement, values) in statements().items():
        async with store.writing() as session:
            await session.execute("SET LOCAL enable_seqscan = off")
            await session.execute("SET LOCAL cpu_index_tuple_cost = 1")
            rows = await session.fetch(f"EXPLAIN {statement}", *values)
        plan = "\n".join(row[0] for row in rows)
        with subtests.test(name):
            assert "Index Cond" in plan, plan
            assert "Seq Scan" not in plan, plan
            # Years that are empty: every way into them is the same.
            plan = re.sub(r"_20(?!2[3456])\d\d .*\n +Index Cond: \(part = 1\)", "", plan)
            few = r"(tag_bucket_key on tag_bucket|log_head_key on log_head)"
            plan = re.sub(few + r".*\n +Index Cond: \(part = 1\)", "", plan)
            if name not in FEW_ROWS:
                assert "Index Cond: (part = 1)\n" not in f"{plan}\n", plan
    await store.close()
