"""What every test of the evidence may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from epcis_repo.evidence.keys import LogKey, open_key
from tests.own_parts import postgres_url as postgres_url

ORIGIN = "log.example/evidence"


@pytest.fixture
def key(tmp_path: Path) -> LogKey:
    """A key that has signed nothing but the empty log."""
    return open_key(tmp_path / "log.key", ORIGIN)
