"""What every test of the witness may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres_server import Server
from tests.witness.logs import served


@pytest.fixture(autouse=True)
def witness_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The witness's key, in a file of this test."""
    path = tmp_path / "witness.key"
    monkeypatch.setenv("EPCIS_REPO_WITNESS_KEY", str(path))
    return path


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the witness remembers the log."""
    return tmp_path / "log.state"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The key of the log, which signs whatever its holder wants."""
    return tmp_path / "log.key"


@pytest.fixture
def log_url(store_url: str, key: Path) -> Iterator[str]:
    """The address of a log that is served over HTTP, on each kind of store."""
    with served(store_url, key) as url:
        yield url


@pytest.fixture
def other_db(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> Iterator[str]:
    """One more empty database, of the same kind."""
    if store_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    with server.database() as url:
        yield url
