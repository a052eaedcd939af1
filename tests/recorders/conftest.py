"""What every test of the recorders may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from epcis_repo.recorders.sync_log import SyncLog
from tests.own_parts import postgres_url as postgres_url


@pytest.fixture
def log(store_url: str) -> Iterator[SyncLog]:
    """An empty log, for callers that cannot await, on each kind of store."""
    log = SyncLog(store_url)
    yield log
    log.close()
