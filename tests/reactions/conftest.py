"""What every test of reactions may ask for."""

from collections.abc import AsyncIterator

import pytest

from epcis_repo.store import EventStore, open_store
from epcis_repo.store.postgres import PostgresReading
from epcis_repo.upkeep.versions import prepare
from tests.conftest import new_part


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
