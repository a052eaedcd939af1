"""What every test of allocations may ask for."""

import pytest

from epcis_repo.store.postgres import PostgresReading
from tests.conftest import new_part


@pytest.fixture
def postgres_url(shared_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of the one database of these tests, where this one has a part of its own."""
    monkeypatch.setattr(PostgresReading, "part", new_part())
    return shared_postgres_url
