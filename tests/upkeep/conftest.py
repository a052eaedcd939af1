"""What every test of the upkeep may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.store import EventStore, open_store
from epcis_repo.upkeep.versions import prepare
from tests.postgres_server import Server

Opener = Callable[[str], Awaitable[EventStore]]


@pytest.fixture
def key(tmp_path: Path) -> LogKey:
    """A key that has signed nothing but the empty log."""
    return open_key(tmp_path / "log.key", "log.example")


@pytest.fixture
def other_postgres_url(postgres_server: Server) -> Iterator[str]:
    """The URL of one more fresh, empty PostgreSQL database."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    """A store with all that the program keeps, of each kind."""
    store = open_store(store_url)
    await prepare(store)
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "postgresql"], ids=["to sqlite", "to postgresql"])
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database to restore into: once for each kind that there is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'restored.db'}"
    url: str = request.getfixturevalue("other_postgres_url")
    return url


@pytest.fixture
async def opened() -> AsyncIterator[Opener]:
    """What opens a store without making anything in it, and closes it after the test."""
    async with AsyncExitStack() as stack:

        async def open_one(url: str) -> EventStore:
            store = open_store(url)
            stack.push_async_callback(store.close)
            return store

        yield open_one
