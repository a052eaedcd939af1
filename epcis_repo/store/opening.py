"""Which store an address means."""

from __future__ import annotations

from pathlib import Path

from epcis_repo.errors import SettingsError
from epcis_repo.store.contract import EventStore
from epcis_repo.store.postgres import PostgresEventStore
from epcis_repo.store.sqlite import SQLiteEventStore

_SQLITE = "sqlite:///"


def sqlite_path(url: str) -> Path | None:
    """Return the file that an address names, None for that of a server."""
    named = url.startswith(_SQLITE) and url != _SQLITE
    return Path(url.removeprefix(_SQLITE)) if named else None


def open_store(url: str, *, part: int | None = None) -> EventStore:
    """
    Return the store at `url`: `sqlite:///path` or `postgresql://…`, as libpq has it.

    `part` is the log that it serves: a tenant, or a site of a very large one. Parts of one
    database know nothing of each other; who has but one part need not name it.

    Raises `SettingsError` for another kind of address, `StoreUnavailableError` for a file
    that cannot be used.
    """
    if (path := sqlite_path(url)) is not None:
        return SQLiteEventStore(path, part)
    if url.startswith(("postgresql://", "postgres://")):
        return PostgresEventStore(url, part)
    raise SettingsError(
        f"{url!r} names no database: give sqlite:///path/to/file or "
        "postgresql://user@host/database, with --db or in EPCIS_REPO_DB"
    )
