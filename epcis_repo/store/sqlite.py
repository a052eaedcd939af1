"""
The store in one SQLite file: one writer, many readers.

SQLite comes with `apsw`, which carries a current one: the interpreter's own may have a bug
that corrupts databases in WAL mode. Writing happens on a thread of its own, so that waiting
for the disk holds up nobody; short readings run where they are asked for, because handing
them to a thread costs more than they do.
"""

from __future__ import annotations

import asyncio
import re
from array import array
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import apsw

from epcis_repo.errors import DuplicateEventError, StoreUnavailableError
from epcis_repo.store.contract import Tags, Work
from epcis_repo.store.log import STATEMENTS
from epcis_repo.store.sequencer import Sequencer
from epcis_repo.store.statements import load_statements

T = TypeVar("T")
R = TypeVar("R")

_GUARDS = load_statements("epcis_repo.store", "guards_sqlite.sql")

_PRAGMAS = """
-- First, since what follows may have to wait for another process.
PRAGMA busy_timeout = 10000;
PRAGMA journal_mode = WAL;
-- FULL makes a commit wait for the disk, so a capture that we have answered survives a
-- power cut. NORMAL, usual with WAL, may lose the last ones.
PRAGMA synchronous = FULL;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
"""

# What SQLite spells differently from PostgreSQL. Statements are few and come back often.
_SPELLINGS = (
    (re.compile(r"= any\(\$(\d+)\)", re.IGNORECASE), r"IN (SELECT value FROM carray(?\1))"),
    (re.compile(r"\$(\d+)"), r"?\1"),
    (re.compile(r' COLLATE "C"'), ""),
    (re.compile(r"\bbytea\b"), "blob"),
    (re.compile(r"CREATE OR REPLACE VIEW"), "CREATE VIEW IF NOT EXISTS"),
    # A table that is its own index: its rows lie in order of the key.
    (re.compile(r"/\* clustered \*/"), "WITHOUT ROWID"),
)


@lru_cache(maxsize=500)
def spelt_for_sqlite(statement: str) -> str:
    """Return a statement written for PostgreSQL as SQLite has it."""
    for theirs, ours in _SPELLINGS:
        statement = theirs.sub(ours, statement)
    return statement


class SQLiteReading:
    """A view of the file through one connection."""

    part = 1

    def __init__(self, path: Path, connection: apsw.Connection, executor: Executor | None) -> None:
        self._path = path
        self._connection = connection
        self._executor = executor

    async def _run(self, work: Callable[[], T]) -> T:
        with _meanings(self._path):
            if self._executor is None:
                return work()
            result = asyncio.get_running_loop().run_in_executor(self._executor, work)
            try:
                return await asyncio.shield(result)
            except asyncio.CancelledError:
                # The thread still has the connection, which no one else may use meanwhile.
                self._connection.interrupt()
                await asyncio.wait([result])
                raise

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """See `Reading.fetch`."""
        sql, bindings = spelt_for_sqlite(statement), _bindings(values)
        return await self._run(lambda: self._connection.execute(sql, bindings).fetchall())


class SQLiteWriting(SQLiteReading):
    """The transaction of the one writer."""

    async def execute(self, statement: str, *values: Any) -> None:
        """See `Writing.execute`."""
        sql, bindings = spelt_for_sqlite(statement), _bindings(values)
        await self._run(lambda: self._connection.execute(sql, bindings).fetchall())

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """See `Writing.insert`."""
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - ours
        await self._run(lambda: self._connection.executemany(sql, rows).fetchall())

    async def insert_tags(self, bucket: int, tags: Sequence[Tags]) -> None:
        """
        See `Writing.insert_tags`.

        A row for each is built from one array of texts, which takes 40 % less than to bind five
        values a hundred thousand times. In the order of the index a page is written once, not
        once for each of its rows.
        """
        packed: list[str] = []
        for position, role, names in tags:
            place = f"{position:018}{role:02}"
            packed += [name + place for name in names]
        if not packed:
            return
        packed.sort()
        await self.execute(STATEMENTS["insert_packed_tags"], self.part, bucket, packed)

    async def analyze(self, tables: Sequence[str]) -> None:
        """
        See `Writing.analyze`. Does nothing: without counts SQLite takes every table for a large
        one, while with those of a small one, which other connections keep, it would scan it.
        """

    async def undo(self) -> None:
        """Roll back what was begun and not committed, if there is any."""

        def work() -> None:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

        await self._run(work)


class SQLiteEventStore:
    """The log and its read models in one file."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; `StoreUnavailableError` says why that cannot be."""
        self._path = path
        self._turn = asyncio.Lock()
        self._sequencer = Sequencer(self.writing)
        self._writer_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._reader_threads = ThreadPoolExecutor(4, thread_name_prefix="sqlite-reader")
        self._writer = self._connect()
        self._readers: list[apsw.Connection] = []

    def _connect(self) -> apsw.Connection:
        with _meanings(self._path):
            connection = apsw.Connection(str(self._path))
            connection.execute(_PRAGMAS).fetchall()
            return connection

    async def prepare(self, schemas: Sequence[str]) -> None:
        """See `EventStore.prepare`."""
        async with self.writing() as session:
            for schema in (STATEMENTS["schema"], _GUARDS["schema"], *schemas):
                await session.execute(schema)
            await session.execute(STATEMENTS["insert_head"], session.part)

    @asynccontextmanager
    async def reading(
        self, *, snapshot: bool = True, long: bool = False
    ) -> AsyncIterator[SQLiteReading]:
        """See `EventStore.reading`."""
        connection = self._readers.pop() if self._readers else self._connect()
        session = SQLiteReading(self._path, connection, self._reader_threads if long else None)
        try:
            if snapshot:
                connection.execute("BEGIN")
            yield session
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._readers.append(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SQLiteWriting]:
        """See `EventStore.writing`."""
        session = SQLiteWriting(self._path, self._writer, self._writer_thread)
        async with self._turn:
            try:
                # IMMEDIATE takes the write lock before the head is read, so no other process
                # can append between the check and the insert.
                await session.execute("BEGIN IMMEDIATE")
                yield session
                await session.execute("COMMIT")
            except BaseException:
                # A cancelled request must not leave its transaction open for the next writer
                # to commit. Cancelled once more, the thread still does what it was given.
                await session.undo()
                raise

    async def write(self, work: Work[T, R], item: T) -> R:
        """See `EventStore.write`."""
        answer: R = await self._sequencer.write(work, item)
        return answer

    async def close(self) -> None:
        """See `EventStore.close`."""
        await self._sequencer.finish()
        async with self._turn:
            self._writer_thread.shutdown()
            self._reader_threads.shutdown()
            for connection in (*self._readers, self._writer):
                connection.close()


def _bindings(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(_array(v) if isinstance(v, list | tuple) else v for v in values)


def _array(values: Sequence[Any]) -> Any:
    # carray takes no empty array; no key is an empty text.
    if values and isinstance(values[0], int):
        return apsw.carray(array("q", values))
    return apsw.carray(tuple(values) or ("",))


@contextmanager
def _meanings(path: Path) -> Iterator[None]:
    """Translate what SQLite says of the database at `path`."""
    try:
        yield
    except apsw.ConstraintError as error:
        if "events.event_id" not in str(error):
            raise
        raise DuplicateEventError("that this document brings again") from error
    except _UNAVAILABLE as error:
        advice = _advice(path, error)
        raise StoreUnavailableError(f"the database {path} cannot be used: {advice}") from error


_UNAVAILABLE = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.FullError,
    apsw.IOError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ReadOnlyError,
)


def _advice(path: Path, error: apsw.Error) -> str:
    match error:
        case apsw.BusyError():
            return (
                "another process has been writing to it for more than ten seconds: try again, or "
                "stop the other process"
            )
        case apsw.CorruptError():
            return f"it is damaged ({error}): keep it for examination and restore a backup"
        case apsw.NotADBError():
            return "it is no SQLite database: name another file, this one was not touched"
    with suppress(PermissionError):  # of who may not even look
        if path.is_dir():
            return f"it is a folder: name a file in it, such as sqlite:///{path / 'epcis.db'}"
        if path.parent.is_file():
            return f"{path.parent} is a file: name one in a folder"
        if not path.parent.is_dir():
            return f"the folder {path.parent} does not exist: create it, or name another"
    return (
        f"{error}: see that the user who runs this may write the file and the folder "
        f"{path.parent}, and that the disk is not full"
    )
