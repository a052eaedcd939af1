"""Which store an address means."""

from __future__ import annotations

from pathlib import Path

from epcis_repo.errors import SettingsError
from epcis_repo.store.contract import EventStore
from epcis_repo.store.postgres import PostgresEventStore
from epcis_repo.store.sqlite import SQLiteEventStore

_SQLITE = "sqlite:///"


def open_store(url: str) -> EventStore:
    """
    Return the store at `url`: `sqlite:///path` or `postgresql://…`, as libpq has it.

    Raises `SettingsError` for another kind of address, `StoreUnavailableError` for a file
    that cannot be used.
    """
    if url.startswith(_SQLITE) and url != _SQLITE:
        return SQLiteEventStore(Path(url.removeprefix(_SQLITE)))
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresEventStore(url)
    raise SettingsError(
        f"{url!r} names no database: give sqlite:///path/to/file or "
        "postgresql://user@host/database, with --db or in EPCIS_REPO_DB"
    )
