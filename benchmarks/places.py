"""Where it is measured: the kinds of databases, each with as many empty ones as are wanted."""

from __future__ import annotations

import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from epcis_repo.bindings import sniff
from epcis_repo.evidence.operations import prepare
from epcis_repo.operations.capture import capture
from epcis_repo.store import EventStore, open_store
from tests.postgres_server import running_server


@dataclass(frozen=True, slots=True)
class Place:
    """A kind of database, and a folder on a disk. `database` has the URL of an empty one."""

    name: str
    folder: Path
    database: Callable[[], AbstractContextManager[str]]

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[EventStore]:
        """A store that is empty and ready. Its database is gone afterwards."""
        with self.database() as url:
            store = open_store(url)
            try:
                await prepare(store)
                yield store
            finally:
                await store.close()


async def take(store: EventStore, body: bytes) -> None:
    """Capture a document as anybody does."""
    await capture(store, body, sniff(body), now=time.time_ns() // 1000)


@contextmanager
def sqlite() -> Iterator[Place]:
    """SQLite files in a folder of their own."""
    with disk_folder() as folder:
        numbers = count()

        @contextmanager
        def database() -> Iterator[str]:
            file = folder / f"{next(numbers)}.db"
            try:
                yield f"sqlite:///{file}"
            finally:
                for path in folder.glob(f"{file.name}*"):
                    path.unlink()

        yield Place("SQLite", folder, database)


@contextmanager
def postgresql() -> Iterator[Place]:
    """Databases of a PostgreSQL that waits for the disk, as in production."""
    with disk_folder() as folder, running_server(fsync=True) as server:
        yield Place("PostgreSQL", folder, server.database)


@contextmanager
def disk_folder() -> Iterator[Path]:
    """A new folder here: the system's own may lie in memory and never wait for a disk."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=Path.cwd()) as folder:
        yield Path(folder)


PLACES: dict[str, Callable[[], AbstractContextManager[Place]]] = {
    "sqlite": sqlite,
    "postgresql": postgresql,
}
