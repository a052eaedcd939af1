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
import threading
import time
from array import array
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from itertools import chain, islice
from pathlib import Path
from shutil import disk_usage
from typing import Any, TypeVar

import apsw

from epcis_repo.errors import (
    DuplicateEventError,
    StoreFullError,
    StoreUnavailableError,
    WritesStoppedError,
)
from epcis_repo.store import migrations
from epcis_repo.store.contract import BATCH_SIZE, Look, Tags, Work
from epcis_repo.store.distress import Distress
from epcis_repo.store.log import STATEMENTS
from epcis_repo.store.schema import Schema
from epcis_repo.store.sequencer import Sequencer

T = TypeVar("T")
R = TypeVar("R")

_PRAGMAS = """
-- Of a new file. An event of some kilobytes shares a page with others, and does not have one and a
-- half to itself.
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
-- After a large document the log is cut to so many bytes again when it begins anew.
PRAGMA journal_size_limit = 67108864;
-- FULL makes a commit wait for the disk, so a capture that we have answered survives a
-- power cut. NORMAL, usual with WAL, may lose the last ones.
PRAGMA synchronous = FULL;
PRAGMA cache_size = -65536;
PRAGMA temp_store = MEMORY;
"""

# What is looked up lies anywhere in a large file. Mapped, a page is there without being copied
# into a cache of a few of them, and a look-up among ten million tags takes half as long: as long
# as among a hundred thousand. SQLite maps two gigabytes at most, and reads what lies behind them.
# A disk that cannot be read would end the process then: whoever goes through all of the file, to
# check it or to copy it, reads it and is told.
_MAPPED = "PRAGMA mmap_size = 2147418112"

# Another process may have the write lock for so long. SQLite itself would look again after a tenth
# of a second, in which that one has recorded a document and the file is nobody's.
_BUSY_SECONDS_MAX = 10.0
_BUSY_LOOK_SECONDS = 0.001
# Half of what a process does of a transaction needs the interpreter's lock. Beside a thread that
# reads a document, it has the database for twice as long.
_MAKE_WAY_SECONDS_MAX = 0.2

# IMMEDIATE takes the write lock before the head is read, so no other process can append between
# the check and the insert.
_BEGIN = "BEGIN IMMEDIATE"

# The write-ahead log is carried over to the file when it has so many pages, as SQLite does itself;
# and, from a few on, before it takes the last of the disk, where nothing could be carried over.
_LOG_PAGES_MAX = 1_000
_LOG_PAGES_FEW = 50
_PAGE_SIZE = 8_192

# So many rows go in with one statement, and what is left over with fewer. The interpreter's lock is
# given up for each statement, and whoever is computing meanwhile keeps it for five milliseconds:
# row by row, one document that is being read would hold up another's thousand rows for seconds.
_ROWS_TOGETHER = (256, 16, 1)

# What SQLite spells differently from PostgreSQL. Statements are few and come back often.
_SPELLINGS = (
    # By a list PostgreSQL goes to the rows of an index, however large it takes the tables to be.
    (re.compile(r"= any\(array\((.*?)\)\)", re.IGNORECASE | re.DOTALL), r"IN (\1)"),
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


@lru_cache(maxsize=100)
def _insertion(table: str, columns: tuple[str, ...], rows: int) -> str:
    values = f"({', '.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([values] * rows)}"  # noqa: S608 - ours


class SQLiteReading:
    """A view of the file through one connection."""

    part = 1
    dialect = "sqlite"

    def __init__(
        self,
        path: Path,
        connection: apsw.Connection,
        executor: Executor | None,
        part: int | None,
        way: threading.Event | None = None,
    ) -> None:
        self._path = path
        self._connection = connection
        self._executor = executor
        self._way = way
        if part is not None:
            self.part = part

    async def run(self, work: Callable[[], T]) -> T:
        """Do what needs the connection where that is used: here, or on its thread."""
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
        return await self.run(lambda: self._connection.execute(sql, bindings).fetchall())

    async def stream(self, statement: str, *values: Any) -> AsyncIterator[list[tuple[Any, ...]]]:
        """See `Reading.stream`."""
        sql, bindings = spelt_for_sqlite(statement), _bindings(values)
        rows = await self.run(lambda: self._connection.execute(sql, bindings))
        try:
            while batch := await self.run(lambda: _batch(rows)):
                yield batch
        finally:
            rows.close()

    async def damage(self) -> list[str]:
        """See `Reading.damage`."""
        rows = await self.fetch("PRAGMA integrity_check")
        return [said for (said,) in rows if said != "ok"]

    async def columns(self, table: str) -> tuple[str, ...]:
        """See `Reading.columns`."""
        rows = await self.fetch("SELECT name FROM pragma_table_info($1)", table)
        return tuple(name for (name,) in rows)


class SQLiteWriting(SQLiteReading):
    """The transaction of the one writer."""

    async def execute(self, statement: str, *values: Any) -> None:
        """See `Writing.execute`."""
        sql, bindings = spelt_for_sqlite(statement), _bindings(values)
        await self.run(lambda: self._connection.execute(sql, bindings).fetchall())

    async def insert(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """See `Writing.insert`."""

        def work() -> None:
            rest = iter(rows)
            left = len(rows)
            for together in _ROWS_TOGETHER:
                sql = _insertion(table, tuple(columns), together)
                while left >= together:
                    values = tuple(chain.from_iterable(islice(rest, together)))
                    self._connection.execute(sql, values)
                    left -= together

        await self._run_long(work)

    async def insert_tags(self, bucket: int, tags: Sequence[Tags]) -> None:
        """
        See `Writing.insert_tags`.

        A row for each is built from one array of texts, which takes 40 % less than to bind five
        values a hundred thousand times. In the order of the index a page is written once, not
        once for each of its rows.
        """
        names: list[str] = []
        packed: list[str] = []
        begin = min((item.position for item in tags), default=0)
        for position, role, some in tags:
            place = f"{position - begin:09}{role:02}"
            names += some
            packed += [place + name for name in some]
        if not packed:
            return
        # Each by its name: that stands behind its place, since SQLite takes twice as long to cut
        # something off the end of a text.
        following = iter(names)
        packed.sort(key=lambda _: next(following))
        sql = spelt_for_sqlite(STATEMENTS["insert_packed_tags"])
        bindings = _bindings((self.part, bucket, packed, begin))
        await self._run_long(lambda: self._connection.execute(sql, bindings).fetchall())

    async def commit(self) -> None:
        """End the transaction; what it did is durable when this returns."""
        await self._run_long(lambda: self._connection.execute("COMMIT").fetchall())

    async def _run_long(self, work: Callable[[], object]) -> None:
        """Do what SQLite takes long for. It needs no interpreter, so others may have it."""
        if self._way is None:
            await self.run(work)
            return
        self._way.set()
        try:
            await self.run(work)
        finally:
            self._way.clear()

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

        await self.run(work)


class SQLiteEventStore:
    """The log and its read models in one file."""

    def __init__(self, path: Path, part: int | None = None) -> None:
        """Open or create the file; `StoreUnavailableError` says why that cannot be."""
        self._path = path
        self._part = part
        self._distress = Distress(self._room)
        self._turn = asyncio.Lock()
        self._sequencer = Sequencer(self._transact)
        self._writer_thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._reader_threads = ThreadPoolExecutor(4, thread_name_prefix="sqlite-reader")
        self._writer = self._connect()
        # SQLite would carry the write-ahead log over to the file within a commit, and have whoever
        # waits for that wait for both. What is committed is durable before, so it can be later.
        self._log_pages = 0
        self._writer.set_wal_hook(self._note_log_pages)
        self._carrying_over: asyncio.Task[None] | None = None
        self._readers: dict[bool, list[apsw.Connection]] = {False: [], True: []}
        # Whether no one here computes while he has the write lock.
        self._way = threading.Event()
        self._way.set()

    def _connect(self, *, is_mapped: bool = False) -> apsw.Connection:
        with _meanings(self._path):
            connection = apsw.Connection(str(self._path))
            # First, since what follows may have to wait for another process.
            connection.set_busy_handler(_patience())
            connection.execute(_PRAGMAS).fetchall()
            if is_mapped:
                connection.execute(_MAPPED).fetchall()
            return connection

    async def prepare(self, schemas: Sequence[Schema]) -> None:
        """See `EventStore.prepare`."""
        await migrations.prepare(self, schemas)

    @asynccontextmanager
    async def reading(
        self, *, snapshot: bool = True, long: bool = False
    ) -> AsyncIterator[SQLiteReading]:
        """See `EventStore.reading`."""
        idle = self._readers[long]
        connection = idle.pop() if idle else self._connect(is_mapped=not long)
        session = SQLiteReading(
            self._path, connection, self._reader_threads if long else None, self._part
        )
        try:
            if snapshot:
                connection.execute("BEGIN")
            yield session
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            idle.append(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[SQLiteWriting]:
        """See `EventStore.writing`."""
        session = SQLiteWriting(self._path, self._writer, self._writer_thread, self._part)
        async with self._turn:
            self._distress.check()
            try:
                await session.execute(_BEGIN)
                yield session
                await session.execute("COMMIT")
                self._committed()
            except BaseException as error:
                self._distress.note(error)
                # A cancelled request must not leave its transaction open for the next writer
                # to commit. Cancelled once more, the thread still does what it was given.
                await session.undo()
                raise

    def _note_log_pages(self, _connection: Any, _database: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _committed(self) -> None:
        self._distress.over()
        idle = self._carrying_over is None or self._carrying_over.done()
        if idle and self._is_log_long():
            self._carrying_over = asyncio.create_task(self._carry_over())

    def _is_log_long(self) -> bool:
        pages = self._log_pages
        if not _LOG_PAGES_FEW <= pages < _LOG_PAGES_MAX:
            return pages >= _LOG_PAGES_MAX
        return pages * _PAGE_SIZE > self._room()

    def _room(self) -> int:
        """Return how many bytes the disk has left."""
        return disk_usage(self._path.parent).free

    async def _carry_over(self) -> None:
        """Carry the write-ahead log over to the file, as far as no reader needs it."""
        turn = SQLiteWriting(self._path, self._writer, self._writer_thread, self._part)
        async with self._turn:
            try:
                await turn.execute("PRAGMA wal_checkpoint(PASSIVE)")
            except StoreUnavailableError as error:
                # Nothing is lost: it is still in the log. The next writer is told.
                self._distress.note(error)

    def altering(self, *, turns: bool = True) -> AbstractAsyncContextManager[SQLiteWriting]:
        """See `EventStore.altering`. There is one turn, and it takes it in any case."""
        return self.writing()

    def distress(self) -> StoreUnavailableError | None:
        """See `EventStore.distress`."""
        return self._distress.reason()

    async def _transact(self, work: Work[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
        # The whole of it runs on the writer's thread: handing over each of twenty statements
        # costs more than most of them do, and what lies between them keeps nobody waiting.
        turn = SQLiteWriting(self._path, self._writer, self._writer_thread, self._part)
        there = SQLiteWriting(self._path, self._writer, None, self._part, self._way)
        async with self._turn:
            self._distress.check()
            try:
                answers = await turn.run(
                    lambda: _finished(_transaction(there, work, items, self._way))
                )
            except BaseException as error:
                self._distress.note(error)
                raise
            self._committed()
            return answers

    async def write(self, work: Work[T, R], item: T) -> R:
        """See `EventStore.write`."""
        answer: R = await self._sequencer.write(work, item)
        return answer

    async def look(self, look: Look[T, R], item: T) -> R:
        """See `EventStore.look`. It runs where it is asked for, so there is nobody to wait for."""
        async with self.reading(snapshot=False) as session:
            [answer] = await look(session, [item])
        return answer

    def make_way(self) -> None:
        """See `EventStore.make_way`."""
        self._way.wait(_MAKE_WAY_SECONDS_MAX)

    async def close(self) -> None:
        """See `EventStore.close`."""
        await self._sequencer.finish()
        if self._carrying_over is not None:
            await self._carrying_over
        async with self._turn:
            self._writer_thread.shutdown()
            self._reader_threads.shutdown()
            for connection in (*self._readers[False], *self._readers[True], self._writer):
                connection.close()


def _patience() -> Callable[[int], bool]:
    """Return what a connection asks whether to try again, each time that another has the lock."""
    until = 0.0

    def wait(tries: int) -> bool:
        nonlocal until
        if tries == 0:
            until = time.monotonic() + _BUSY_SECONDS_MAX
        time.sleep(_BUSY_LOOK_SECONDS)
        return time.monotonic() < until

    return wait


async def _transaction(
    session: SQLiteWriting, work: Work[Any, Any], items: Sequence[Any], way: threading.Event
) -> Sequence[Any]:
    await session.execute(_BEGIN)
    way.clear()
    try:
        answers = await work(session, items)
        await session.commit()
    except BaseException:
        await session.undo()
        raise
    finally:
        way.set()
    return answers


def _finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to its end what waits for nothing, on a thread that has no event loop."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    coroutine.close()
    raise AssertionError("a work waits for nothing but its session")


def _batch(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    batch, size = [], 0
    for row in rows:
        batch.append(row)
        size += sum(len(v) if isinstance(v, bytes | str) else 8 for v in row)
        if size >= BATCH_SIZE:
            break
    return batch


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
    except apsw.FullError as error:
        raise StoreFullError(
            f"there is no room to write to the database {path}: free some on its disk; reading "
            "goes on, and once there is room, so does writing"
        ) from error
    except _UNAVAILABLE as error:
        if getattr(error, "extendedresult", None) in _NOT_WRITTEN:
            raise WritesStoppedError(
                f"the disk did not take what was written to the database {path} ({error}): nobody "
                "can know what it has kept, so nothing more is written; see to the disk, start "
                "again, and run epcis-repo fsck"
            ) from error
        advice = _advice(path, error)
        raise StoreUnavailableError(f"the database {path} cannot be used: {advice}") from error


_UNAVAILABLE = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.CorruptError,
    apsw.IOError,
    apsw.NotADBError,
    apsw.PermissionsError,
    apsw.ReadOnlyError,
)


_NOT_WRITTEN = {
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_DIR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE,
}


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
