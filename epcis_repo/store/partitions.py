"""
The tables that PostgreSQL keeps year by year, so that a finished year can be taken out as a whole.

A table that is declared with `/* each year of column */` is partitioned there by that column, by
years in UTC. Three names belong to it:

- `{table}` has all rows, and the indexes that every year has.
- `{table}_{year}` has those of a year. It has the keys of the declaration, which PostgreSQL can
  hold within a year only, and the guards of the whole, since it can be written to by its name.
- `{table}_year` is what such a table is made like. It is always empty.

A year is made before the first row that belongs to it is inserted, whatever the clock says: by
whoever opens the database, for this year and the next, and otherwise by the writer himself.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

import asyncpg

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.store.contract import Reading, Writing
from epcis_repo.store.statements import load_statements

_STATEMENTS = load_statements("epcis_repo.store", "partitions.sql")

BUCKET_BITS = 20
"""A bucket of tags is numbered by the year in which it began, and within that by so many bits."""

_EACH_YEAR = re.compile(
    r"CREATE TABLE IF NOT EXISTS (\w+) \(([^;]*?)\n\)(?: /\* clustered \*/)? "
    r"/\* each year of (\w+) \*/;"
)
# A read model that is made anew is made anew from its declaration, so its years are, too.
_PARTITIONED = r"""DROP TABLE IF EXISTS \1_year;
CREATE TABLE \1_year (\2
);
CREATE TABLE IF NOT EXISTS \1 (LIKE \1_year) PARTITION BY RANGE (\3);"""

# One lock for the whole database while a year is made. Who takes it has his turn already, and
# waits for nobody who waits for a turn.
_YEARS_LOCK = 7_305_470_140
_DAY = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, as all of it here
_YEAR_MAX = date.max.year
_NONE: frozenset[int] = frozenset()
# Less than the second after which PostgreSQL looks whether two wait for each other.
_LOCK_MILLISECONDS = 500
_LOCK_ATTEMPTS = 20
_HOUSEKEEPING_MILLISECONDS = 10_000
# From then on the database's own housekeeping has long come by.
_ROWS_COUNTED_MAX = 100_000


@lru_cache(maxsize=100)
def spelt_for_years(statement: str) -> str:
    """Return a declaration as PostgreSQL has it: with its tables in years."""
    return _EACH_YEAR.sub(_PARTITIONED, statement)


def yearly_tables(declaration: str) -> dict[str, str]:
    """Return the tables of a declaration that are kept year by year, and by which column."""
    return {match[1]: match[3] for match in _EACH_YEAR.finditer(declaration)}


def year_of_moment(moment: int) -> int:
    """Return the year (UTC) of a moment in microseconds."""
    return (_EPOCH + timedelta(microseconds=moment)).year


def moments_of(year: int) -> range:
    """Return the moments of a year (UTC), in microseconds."""
    days = (date(year, 1, 1), date(year, 12, 31))
    first, last = (day.toordinal() - _EPOCH.toordinal() for day in days)
    return range(first * _DAY, (last + 1) * _DAY)


def year_of_bucket(bucket: int) -> int:
    """Return the year in which a bucket began."""
    return _EPOCH.year + (bucket >> BUCKET_BITS)


def buckets_of(year: int) -> range:
    """Return the buckets that may begin in a year. They fit four bytes, and will in 2048."""
    first = (year - _EPOCH.year) << BUCKET_BITS
    return range(first, first + (1 << BUCKET_BITS))


# What a column says of the year that a row belongs to: the year of a value, the values of a year.
_COLUMNS: Mapping[str, tuple[Callable[[int], int], Callable[[int], range]]] = {
    "record_time": (year_of_moment, moments_of),
    "bucket": (year_of_bucket, buckets_of),
}


@dataclass(slots=True)
class KnownYears:
    """What one process knows of the years of a database, and how they grow by what it inserts."""

    columns: dict[str, str | None] = field(default_factory=dict)
    there: dict[str, set[int]] = field(default_factory=dict)
    latest: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def grown(self, table: str, year: int, rows: int) -> bool:
        """
        Note rows of a year, and return whether it is time to count them.

        PostgreSQL makes its plans for a year while that is empty, and would keep to them until its
        own housekeeping comes. Who sees the year turn has it count at 10, 100, 1,000 and so on.
        """
        latest = self.latest.setdefault(table, year)
        if year > latest:
            self.latest[table], self.rows[table] = year, 0
        if table not in self.rows or year < latest:
            return False
        before, now = self.rows[table], self.rows[table] + rows
        self.rows[table] = now
        return len(str(before)) < len(str(now)) and before < _ROWS_COUNTED_MAX


class Years:
    """The years as one transaction sees them: what it makes is known to others once it commits."""

    def __init__(self, known: KnownYears) -> None:
        self._known = known
        self._there = {table: set(years) for table, years in known.there.items()}

    def committed(self) -> None:
        """Have others know what was found and made."""
        for table, years in self._there.items():
            self._known.there.setdefault(table, set()).update(years)

    def forget(self, tables: Collection[str]) -> None:
        """Know nothing of tables that are being made anew."""
        for known in (self._known.there, self._there, self._known.columns):
            for table in tables:
                known.pop(table, None)

    async def needed_for(
        self,
        session: Writing,
        table: str,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
    ) -> set[int]:
        """Return the years that these rows are of; none where a table is not kept in years."""
        column = await self._column_of(session, table)
        if column is None or not rows:
            return set()
        year_of, _ = _COLUMNS[column]
        place = columns.index(column)
        values = [row[place] for row in rows]
        first, last = year_of(min(values)), year_of(max(values))
        return {first} if first == last else set(map(year_of, values))

    async def have(self, session: Writing, table: str, years: Collection[int]) -> None:
        """Have these years of a table there, and the one after, so that nobody waits for that."""
        if not years:
            return
        wanted = {*years, min(max(years) + 1, _YEAR_MAX)}
        if not wanted <= self._there.get(table, _NONE):
            await self.make(session, table, wanted)

    async def make(self, session: Writing, table: str, years: Collection[int]) -> None:
        """Make these years of a table, unless they are there."""
        column = await self._column_of(session, table)
        assert column is not None
        await session.execute(_STATEMENTS["take_years_lock"], _YEARS_LOCK)
        for year in sorted(years):
            name = year_table(table, year)
            if not await session.columns(name):
                await _make_like(session, table, name)
                await _guard(session, table, name)
                await _attach(session, table, column, year)
            self._there.setdefault(table, set()).add(year)

    async def count(self, session: Writing, table: str, years: Collection[int], rows: int) -> None:
        """Have a year counted that has grown by so many rows, if it is time."""
        if years and self._known.grown(table, year := max(years), rows):
            await session.analyze([year_table(table, year)])

    async def _column_of(self, session: Writing, table: str) -> str | None:
        if table not in self._known.columns:
            rows = await session.fetch(_STATEMENTS["select_column"], table)
            self._known.columns[table] = rows[0][0] if rows else None
        return self._known.columns[table]


def year_table(table: str, year: int) -> str:
    """Return the name of the table that has a year of another."""
    return f"{table}_{year}"


async def _make_like(session: Writing, table: str, name: str) -> None:
    """Make a table, by this name, that can become a year of another."""
    [(options,)] = await session.fetch(_STATEMENTS["select_options"], f"{table}_year")
    declared = f" WITH ({options})" if options else ""
    await session.execute(f"CREATE TABLE {name} (LIKE {table}_year INCLUDING ALL){declared}")


async def _guard(session: Writing, table: str, name: str) -> None:
    """Guard a table as the one is of which it becomes a year."""
    # Those for each row come with the attaching; those for a statement are asked on the table
    # that is named in it.
    for (trigger,) in await session.fetch(_STATEMENTS["select_triggers"], table):
        await session.execute(trigger.replace(f" ON {table} ", f" ON {name} ", 1))


async def _attach(session: Writing, table: str, column: str, year: int) -> None:
    """Have a table that was made for it be a year of another. Readers go on meanwhile."""
    _, values_of = _COLUMNS[column]
    values = values_of(year)
    await session.execute(
        f"ALTER TABLE {table} ATTACH PARTITION {year_table(table, year)} "
        f"FOR VALUES FROM ({values.start}) TO ({values.stop})"
    )


def staged(table: str, year: int) -> str:
    """Return the name of a table that is to take the place of a year."""
    return f"{year_table(table, year)}_new"


async def stage(session: Writing, table: str, year: int) -> str:
    """Make an empty table that is to take the place of a year, and return its name."""
    name = staged(table, year)
    # One that was left behind by who came no further.
    await session.execute(f"DROP TABLE IF EXISTS {name}")
    await _make_like(session, table, name)
    return name


async def index(session: Writing, table: str, year: int) -> None:
    """Give a staged table the indexes that every year has, so that the attaching need not."""
    name = staged(table, year)
    for (definition,) in await session.fetch(_STATEMENTS["select_indexes"], table):
        await session.execute(f"CREATE INDEX ON {name} USING {definition.partition(' USING ')[2]}")
    await session.analyze([name])


async def replace_year(session: Writing, year: int, tables: Sequence[str]) -> None:
    """
    Have staged tables take the places of a year, for good; the last step of a transaction.

    Whoever reads one of the tables is waited for, and nobody else may begin meanwhile. Raises
    `StoreUnavailableError` when that takes too long: a backup may read for an hour.
    """
    await _lock(session, tables)
    for table in tables:
        name = year_table(table, year)
        if await session.columns(name):
            await session.execute(f"ALTER TABLE {table} DETACH PARTITION {name}")
            await session.execute(f"DROP TABLE {name}")
        await session.execute(f"ALTER TABLE {staged(table, year)} RENAME TO {name}")
        await _guard(session, table, name)
        [(column,)] = await session.fetch(_STATEMENTS["select_column"], table)
        await _attach(session, table, column, year)


async def _lock(session: Writing, tables: Sequence[str]) -> None:
    # Who reads two of them in another order than ours would wait for us, and we for him. We give
    # up before the database finds that out, since it might have him give up.
    await session.execute(f"SET LOCAL lock_timeout = {_LOCK_MILLISECONDS}")
    for _ in range(_LOCK_ATTEMPTS):
        await session.execute("SAVEPOINT before_waiting")
        try:
            for table in tables:
                await session.execute(f"LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE")
        except asyncpg.LockNotAvailableError:
            await session.execute("ROLLBACK TO SAVEPOINT before_waiting")
            await asyncio.sleep(_LOCK_MILLISECONDS / 1e3)
        else:
            # What still has a lock on one of the years is housekeeping, which gives way.
            await session.execute(f"SET LOCAL lock_timeout = {_HOUSEKEEPING_MILLISECONDS}")
            return
    raise StoreUnavailableError(
        "others are reading for long, such as a backup or epcis-repo fsck: nothing was changed; "
        "try again when they have ended"
    )


async def years_of(session: Reading, table: str) -> set[int]:
    """Return the years of a table that there are."""
    rows = await session.fetch(_STATEMENTS["select_years"], table)
    return {int(name.rpartition("_")[2]) for (name,) in rows}


async def lacks_years(session: Reading) -> dict[str, set[int]]:
    """Return which of this year and the next each table lacks that is kept year by year."""
    [(year,)] = await session.fetch(_STATEMENTS["select_this_year"])
    wanted = {year, year + 1}
    tables = [table for (table,) in await session.fetch(_STATEMENTS["select_tables"])]
    lacking = {table: wanted - await years_of(session, table) for table in tables}
    return {table: years for table, years in lacking.items() if years}
