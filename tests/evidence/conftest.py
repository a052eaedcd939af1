"""What every test of the evidence may ask for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.evidence.operations import prepare
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.postgres import PostgresReading
from tests.conftest import new_part

ORIGIN = "log.example/evidence"


@pytest.fixture
def postgres_url(shared_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the one database of these tests, where this one has a part of its own."""
    monkeypatch.setattr(PostgresReading, "part", new_part())
    return shared_postgres_url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[EventStore]:
    """A store with an empty log, all read models and an empty tree, of each kind."""
    store = open_store(store_url)
    await prepare(store)
    yield store
    await store.close()


@pytest.fixture
def key(tmp_path: Path) -> LogKey:
    """A key that has signed nothing but the empty log."""
    return open_key(tmp_path / "log.key", ORIGIN)
