"""
The store in a PostgreSQL database.

Writers of one part take turns through a row lock on its head, in one process and in many.
That makes positions dense and commit-ordered with nothing but row locks, which every
distributed PostgreSQL has.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import repeat
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg

from epcis_repo.errors import (
    ArchivedError,
    DuplicateEventError,
    SettingsError,
    StoreFullError,
    StoreUnavailableError,
)
from epcis_repo.store import migrations
from epcis_repo.store.contract import BATCH_SIZE, Look, Tags, Work
from epcis_repo.store.distress import Distress
from epcis_repo.store.log import STATEMENTS
from epcis_repo.store.partitions import (
    KnownYears,
    Years,
    lacks_years,
    spelt_for_years,
    year_of_bucket,
    year_table,
    yearly_tables,
)
from epcis_repo.store.schema import Schema
from epcis_repo.store.sequencer import Sequencer

T = TypeVar("T")
R = TypeVar("R")

# COPY asks the server for the table's columns each time; below this many rows that costs more.
_COPY_ROWS_MIN = 100
# One lock for the whole database while its tables are made; any number would do.
_SCHEMA_LOCK = 7_305_470_139
_TAKE_THE_TURN = STATEMENTS["select_head"] + " FOR UPDATE"
_TAKE_EVERY_TURN = "SELECT 1 FROM log_head ORDER BY part FOR UPDATE"
_KEEP_THE_YEARS = "LOCK TABLE events IN ACCESS SHARE MODE"
_COLUMNS = """
SELECT attname FROM pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""

_SESSION = {
    # A capture that we have answered survives a power cut, whatever the database's default is.
    "synchronous_commit": "on",
    # The default is that of a spinning disk, for which going through a whole table seems cheaper
    # than finding a hundred of its rows by index.
    "random_page_cost": "1.1",
    # Statements are few, come back often, and each has its way by an index, whatever is asked for.
    # To plan one anew for its values, which PostgreSQL does as soon as tables are large, takes five
    # times as long as what it finds. Without values, it would take going through a table for
    # cheaper than to look for some values in it, of which it does not know how few they are.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
}

_UNAVAILABLE = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    # A connection that is lost while it is given back to the pool.
    asyncpg.InternalClientError,
)
# Another session of the database was in the way: whoever comes again finds it gone.
_IN_THE_WAY = (asyncpg.LockNotAvailableError, asyncpg.TransactionRollbackError)
_DAMAGED = (asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError)


# The guard that looks into other years names the first, the key of a year is the second.
_OF_IDENTITIES = re.compile(r"events_event_id|events_\d+\w*_part_event_id_key\d*")

_tag_of = itemgetter(2)


class PostgresReading:
    """A view through one connection."""

    part = 1
    dialect = "postgresql"

    def __init__(self, connection: Any, part: int | None) -> None:
        self._connection = connection
        if part is not None:
            self.part = part

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """See `Reading.fetch`."""
        rows: list[tuple[Any, ...]] = await self._connection.fetch(statement, *values)
        return rows

    async def stream(
        self, statement: str, *values: Any
    ) -> AsyncIterator[Sequence[tuple[Any, ...]]]:
        """See `Reading.stream`."""
        cursor = await self._connection.cursor(statement, *values)
        count = 1
        while rows := await cursor.fetch(count):
            yield rows
            size = sum(len(v) if isinstance(v, bytes | str) else 8 for row in rows for v in row)
            count = max(1, min(2 * count, count * BATCH_SIZE // size))

    async def damage(self) -> tuple[str, ...]:
        """See `Reading.damage`. PostgreSQL tells by its checksums, when a page is read."""
        return ()

    async def columns(self, table: str) -> tuple[str, ...]:
        """See `Reading.columns`."""
        return tuple(name for (name,) in await self.fetch(_COLUMNS, table))


class PostgresWriting(PostgresReading):
    """The transaction of the writer whose turn it is."""

    def __init__(self, connection: Any, part: int | None, years: Years) -> None:
        super().__init__(connection, part)
        self._years = years

    async def execute(self, statement: str, *values: Any) -> None:
        """See `Writing.execute`."""
        spelt = spelt_for_years(statement)
        if spelt != statement:
            self._years.forget(yearly_tables(statement))
        await self._connection.execute(spelt, *values)

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """See `Writing.insert`."""
        years = await self._years.needed_for(self, table, columns, rows)
        await self._insert(table, columns, rows, years)

    async def _insert(
        self,
        table: str,
        columns: Sequence[str],
        rows: Sequence[tuple[Any, ...]],
        years: Collection[int],
    ) -> None:
        await self._years.have(self, table, years)
        if len(rows) >= _COPY_ROWS_MIN:
            # To the year itself, where it is one: it would be looked for with each row.
            into = year_table(table, *years) if len(years) == 1 else table
            await self._connection.copy_records_to_table(into, records=rows, columns=columns)
        elif rows:
            marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - ours
            await self._connection.executemany(sql, rows)
        await self._years.count(self, table, years, len(rows))

    async def insert_tags(self, bucket: int, tags: Sequence[Tags]) -> None:
        """See `Writing.insert_tags`. In the order of the index, pages are written one by one."""
        rows: list[tuple[Any, ...]] = []
        part, into = repeat(self.part), repeat(bucket)
        for position, role, names in tags:
            rows += zip(part, into, names, repeat(position), repeat(role), strict=False)
        rows.sort(key=_tag_of)
        columns = ("part", "bucket", "tag", "position", "role")
        await self._insert("event_tag", columns, rows, {year_of_bucket(bucket)})

    async def make_years(self, years: Mapping[str, Collection[int]]) -> None:
        """Make years of tables that are kept year by year."""
        for table, wanted in years.items():
            await self._years.make(self, table, wanted)

    async def analyze(self, tables: Sequence[str]) -> None:
        """See `Writing.analyze`."""
        await self._connection.execute(f"ANALYZE {', '.join(tables)}")


class PostgresEventStore:
    """The log and its read models in one database."""

    def __init__(self, url: str, part: int | None = None) -> None:
        """Remember the address; connections are made when they are needed."""
        self._url = url
        self._part = part
        self._pool: asyncpg.Pool | None = None
        self._pool_lock = asyncio.Lock()
        self._distress = Distress()
        self._known_years = KnownYears()
        self._sequencer = Sequencer(self._transact)
        # A round trip costs more than most look-ups: who comes while one is under way goes with the
        # next, as writers do.
        self._looks = Sequencer(self._look)

    async def _connections(self) -> asyncpg.Pool:
        async with self._pool_lock:
            if self._pool is None:
                try:
                    self._pool = await asyncpg.create_pool(
                        self._url,
                        min_size=1,
                        max_size=10,
                        reset=_nothing_to_reset,
                        server_settings=_SESSION,
                    )
                except ValueError as error:
                    raise SettingsError(
                        f"{self._place} is no address of a database ({error}): give "
                        "postgresql://user@host/database"
                    ) from error
        return self._pool

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        try:
            async with (await self._connections()).acquire() as connection:
                yield connection
        except asyncpg.UniqueViolationError as error:
            if _OF_IDENTITIES.fullmatch(error.constraint_name or ""):
                raise DuplicateEventError("that this document brings again") from error
            if error.constraint_name == "archived_event_event_id":
                raise ArchivedError(
                    f"event {error.detail} is recorded in a year that is archived"
                ) from error
            raise
        except asyncpg.DiskFullError as error:
            raise StoreFullError(
                f"there is no room to write to the database {self._place} ({error}): free some on "
                "the disks of the server; reading goes on, and once there is room, so does writing"
            ) from error
        except _IN_THE_WAY as error:
            raise StoreUnavailableError(
                f"another session of {self._place} was in the way ({error}): try again"
            ) from error
        except _DAMAGED as error:
            raise StoreUnavailableError(
                f"the database {self._place} is damaged ({error}): keep it for examination and "
                "restore a backup"
            ) from error
        except _UNAVAILABLE as error:
            reason = str(error) or type(error).__name__
            raise StoreUnavailableError(
                f"PostgreSQL cannot be used at {self._place} ({reason}): see that the server runs "
                "and accepts connections there, and that the database and the user exist; "
                "`pg_isready` and `psql` with the same address tell more"
            ) from error

    @property
    def _place(self) -> str:
        # The address without user and password, either of which may be in two places.
        return re.sub(r"(?<=://)[^/?]*@|(?<=[?&])(user|password)=[^&]*&?", "", self._url)

    async def prepare(self, schemas: Sequence[Schema]) -> None:
        """See `EventStore.prepare`. Has the years made that it is and that comes next."""
        await migrations.prepare(self, schemas)
        async with self.reading(snapshot=False) as session:
            lacking = await lacks_years(session)
        if lacking:
            async with self.altering() as session:
                await session.make_years(lacking)

    @asynccontextmanager
    async def reading(
        self, *, snapshot: bool = True, long: bool = False
    ) -> AsyncIterator[PostgresReading]:
        """See `EventStore.reading`. One that is `long` wants the log to be there."""
        async with self._connection() as connection:
            if not snapshot:
                yield PostgresReading(connection, self._part)
                return
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                if long:
                    # Before the first statement, which fixes what is seen: no year is taken out
                    # of the log until this has ended.
                    await connection.execute(_KEEP_THE_YEARS)
                yield PostgresReading(connection, self._part)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[PostgresWriting]:
        """See `EventStore.writing`."""
        # The lock on the head is the turn. What is checked afterwards is a statement of its own
        # and, at this isolation, sees all that the writer before has committed.
        async with self._transaction() as session:
            await session.execute(_TAKE_THE_TURN, session.part)
            yield session

    @asynccontextmanager
    async def altering(self, *, turns: bool = True) -> AsyncIterator[PostgresWriting]:
        """See `EventStore.altering`."""
        async with self._transaction() as session:
            # Two processes that start at once would both make the tables.
            await session.execute("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
            if turns and await session.columns("log_head"):
                # What follows locks the tables one by one; a writer in the midst of his turn
                # would have some of them and wait for others, and so would we.
                await session.execute(_TAKE_EVERY_TURN)
            yield session

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[PostgresWriting]:
        self._distress.check()
        try:
            async with (
                self._connection() as connection,
                connection.transaction(isolation="read_committed"),
            ):
                years = Years(self._known_years)
                yield PostgresWriting(connection, self._part, years)
            years.committed()
        except StoreFullError as error:
            self._distress.note(error)
            raise
        self._distress.over()

    def distress(self) -> StoreUnavailableError | None:
        """See `EventStore.distress`."""
        return self._distress.reason()

    async def _transact(self, work: Work[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
        async with self.writing() as session:
            return await work(session, items)

    async def write(self, work: Work[T, R], item: T) -> R:
        """See `EventStore.write`."""
        answer: R = await self._sequencer.write(work, item)
        return answer

    async def _look(
        self, look: Callable[..., Awaitable[Sequence[Any]]], items: Sequence[Any]
    ) -> Sequence[Any]:
        async with self.reading(snapshot=False) as session:
            return await look(session, items)

    async def look(self, look: Look[T, R], item: T) -> R:
        """See `EventStore.look`."""
        answer: R = await self._looks.write(look, item)
        return answer

    def make_way(self) -> None:
        """See `EventStore.make_way`. Does nothing: a writer waits for the server, not computing."""

    async def close(self) -> None:
        """See `EventStore.close`."""
        await self._sequencer.finish()
        await self._looks.finish()
        if self._pool is not None:
            await self._pool.close()


async def _nothing_to_reset(_connection: Any) -> None:
    """Nothing here changes a session, so no round trip is spent on putting it back."""
