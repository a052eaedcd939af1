"""What every test of subscriptions may ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from epcis_repo.store import EventStore, open_store
from epcis_repo.store.postgres import PostgresReading
from epcis_repo.upkeep.versions import prepare
from tests.conftest import FreshStores, new_part
from tests.subscriptions.receiver import Receiver, receiving
from tests.subscriptions.telling import Story


@pytest.fixture
def postgres_url(shared_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the one database of these tests, where this one has a part of its own."""
    monkeypatch.setattr(PostgresReading, "part", new_part())
    return shared_postgres_url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    """A store with an empty log and all tables, of each kind."""
    store = open_store(store_url)
    await prepare(store)
    yield store
    await store.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A subscriber's server that takes what comes."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def story(store: EventStore, receiver: Receiver) -> Story:
    """A store with a query for everything, and that server."""
    story = Story(store, receiver)
    await story.query()
    return story


class StoresWithAllTables(FreshStores):
    """Empty stores of one kind that may have subscriptions."""

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[EventStore]:
        async with super().__call__() as store:
            await prepare(store)
            yield store


@pytest.fixture
def fresh_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> FreshStores:
    """What opens one more empty store, of each kind."""
    return StoresWithAllTables(store_url, monkeypatch)
