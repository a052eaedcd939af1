"""What every test of the recorders may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from epcis_repo.recorders.sync_log import SyncLog
from epcis_repo.store.postgres import PostgresReading
from tests.conftest import new_part


@pytest.fixture
def postgres_url(shared_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the one database of these tests, where this one has a part of its own."""
    monkeypatch.setattr(PostgresReading, "part", new_part())
    return shared_postgres_url


@pytest.fixture
def log(store_url: str) -> Iterator[SyncLog]:
    """An empty log, for callers that cannot await, on each kind of store."""
    log = SyncLog(store_url)
    yield log
    log.close()
