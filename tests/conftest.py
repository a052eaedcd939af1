"""What every test may ask for."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from epcis_repo.evidence.operations import prepare
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.postgres import PostgresReading
from tests.postgres_server import Server, running_server

# The tests' PostgreSQL does not wait for the disk. Set here, before any test copies the
# environment for a process of its own.
os.environ.setdefault("EPCIS_REPO_UNSAFE_NOT_DURABLE", "1")
# What is found behind the captures is an event of the log, at a moment that no test knows.
os.environ.setdefault("EPCIS_REPO_JUDGING", "0")

# The gate judges a change, so it tries the same examples each time: what others would find is
# nobody's change. `make fuzz T=tests/query` looks for it, in any part, and at more of them.
# A machine that is busy with something else is nobody's change either.
settings.register_profile(
    "gate",
    derandomize=True,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
if "EPCIS_REPO_FUZZ" not in os.environ:
    settings.load_profile("gate")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return one more than there are cores: a test waits for others a third of its time."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One PostgreSQL for the whole run, started for the first test that asks for it."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """The URL of a fresh, empty PostgreSQL database for this test alone."""
    with postgres_server.database() as url:
        yield url


@pytest.fixture(scope="session")
def shared_postgres_url(postgres_server: Server) -> Iterator[str]:
    """
    The URL of one database for all who keep to a part of their own.

    A log refuses to be emptied, and to create a database takes longer than most tests do.
    """
    with postgres_server.database() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'epcis.db'}"


@pytest.fixture(params=["sqlite_url", "postgres_url"], ids=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database: the test runs once for each kind that there is."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def log_store(store_url: str) -> AsyncIterator[EventStore]:
    """A store with an empty log and no read models, of each kind."""
    store = open_store(store_url)
    await store.prepare(())
    yield store
    await store.close()


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    """A store with an empty log and all read models, of each kind."""
    store = open_store(store_url)
    await prepare(store)
    yield store
    await store.close()


_parts = count(2)


def new_part() -> int:
    """A part of the log that no other test has."""
    return next(_parts)


class FreshStores:
    """Empty stores of one kind, as many as a property needs, one at a time."""

    def __init__(self, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._url = url
        self._monkeypatch = monkeypatch

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[EventStore]:
        part = new_part()
        if self._url.startswith("sqlite"):
            store = open_store(self._url.replace("epcis.db", f"epcis-{part}.db"))
        else:
            self._monkeypatch.setattr(PostgresReading, "part", part)
            store = open_store(self._url)
        await prepare(store)
        try:
            yield store
        finally:
            await store.close()


@pytest.fixture
def fresh_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> FreshStores:
    """What opens one more empty store, of each kind."""
    return FreshStores(store_url, monkeypatch)
