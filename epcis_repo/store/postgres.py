"""
The store in a PostgreSQL database.

Writers of one part take turns through a row lock on its head, in one process and in many.
That makes positions dense and commit-ordered with nothing but row locks, which every
distributed PostgreSQL has.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any, TypeVar

import asyncpg

from epcis_repo.errors import DuplicateEventError, SettingsError, StoreUnavailableError
from epcis_repo.store.contract import Tags, Work
from epcis_repo.store.log import STATEMENTS
from epcis_repo.store.sequencer import Sequencer
from epcis_repo.store.statements import load_statements

T = TypeVar("T")
R = TypeVar("R")

_GUARDS = load_statements("epcis_repo.store", "guards_postgres.sql")
# COPY asks the server for the table's columns each time; below this many rows that costs more.
_COPY_ROWS_MIN = 100
# One lock for the whole database while its tables are made; any number would do.
_SCHEMA_LOCK = 7_305_470_139
_TAKE_THE_TURN = STATEMENTS["select_head"] + " FOR UPDATE"

_SESSION = {
    # A capture that we have answered survives a power cut, whatever the database's default is.
    "synchronous_commit": "on",
    # The default is that of a spinning disk, for which going through a whole table seems cheaper
    # than finding a hundred of its rows by index.
    "random_page_cost": "1.1",
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
    asyncpg.ReadOnlySQLTransactionError,
)


_tag_of = itemgetter(2)


class PostgresReading:
    """A view through one connection."""

    part = 1

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """See `Reading.fetch`."""
        rows: list[tuple[Any, ...]] = await self._connection.fetch(statement, *values)
        return rows


class PostgresWriting(PostgresReading):
    """The transaction of the writer whose turn it is."""

    async def execute(self, statement: str, *values: Any) -> None:
        """See `Writing.execute`."""
        await self._connection.execute(statement, *values)

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """See `Writing.insert`."""
        if len(rows) >= _COPY_ROWS_MIN:
            await self._connection.copy_records_to_table(table, records=rows, columns=columns)
        elif rows:
            marks = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
            sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - ours
            await self._connection.executemany(sql, rows)

    async def insert_tags(self, bucket: int, tags: Sequence[Tags]) -> None:
        """See `Writing.insert_tags`. In the order of the index, pages are written one by one."""
        part = self.part
        rows = [
            (part, bucket, name, position, role) for position, role, names in tags for name in names
        ]
        rows.sort(key=_tag_of)
        await self.insert("event_tag", ("part", "bucket", "tag", "position", "role"), rows)

    async def analyze(self, tables: Sequence[str]) -> None:
        """See `Writing.analyze`."""
        await self._connection.execute(f"ANALYZE {', '.join(tables)}")


class PostgresEventStore:
    """The log and its read models in one database."""

    def __init__(self, url: str) -> None:
        """Remember the address; connections are made when they are needed."""
        self._url = url
        self._pool: asyncpg.Pool | None = None
        self._pool_lock = asyncio.Lock()
        self._sequencer = Sequencer(self.writing)

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
            if error.constraint_name == "events_event_id":
                raise DuplicateEventError("that this document brings again") from error
            raise
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

    async def prepare(self, schemas: Sequence[str]) -> None:
        """See `EventStore.prepare`."""
        async with self._connection() as connection, connection.transaction():
            # Two processes that start at once would both make the tables.
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _SCHEMA_LOCK)
            if await connection.fetchval("SELECT to_regclass('log_head')") is not None:
                # What follows locks the tables one by one; a writer in the midst of his turn
                # would have some of them and wait for others, and so would we.
                await connection.execute(_TAKE_THE_TURN, PostgresReading.part)
            for schema in (STATEMENTS["schema"], _GUARDS["schema"], *schemas):
                await connection.execute(schema)
            await connection.execute(STATEMENTS["insert_head"], PostgresReading.part)

    @asynccontextmanager
    async def reading(
        self, *, snapshot: bool = True, long: bool = False
    ) -> AsyncIterator[PostgresReading]:
        """See `EventStore.reading`."""
        async with self._connection() as connection:
            if not snapshot:
                yield PostgresReading(connection)
                return
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                yield PostgresReading(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[PostgresWriting]:
        """See `EventStore.writing`."""
        # The lock on the head is the turn. What is checked afterwards is a statement of its own
        # and, at this isolation, sees all that the writer before has committed.
        async with (
            self._connection() as connection,
            connection.transaction(isolation="read_committed"),
        ):
            session = PostgresWriting(connection)
            await session.execute(_TAKE_THE_TURN, session.part)
            yield session

    async def write(self, work: Work[T, R], item: T) -> R:
        """See `EventStore.write`."""
        answer: R = await self._sequencer.write(work, item)
        return answer

    async def close(self) -> None:
        """See `EventStore.close`."""
        await self._sequencer.finish()
        if self._pool is not None:
            await self._pool.close()


async def _nothing_to_reset(_connection: Any) -> None:
    """Nothing here changes a session, so no round trip is spent on putting it back."""
