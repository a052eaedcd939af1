"""Whether a database is set up to keep what it has acknowledged. The table says what that takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from epcis_repo.errors import NotDurableError
from epcis_repo.store.contract import EventStore, Reading
from epcis_repo.store.statements import load_statements

_STATEMENTS = load_statements("epcis_repo.store", "durability.sql")

# SQLite before this may corrupt a database in WAL mode that several connections write to
# (sqlite.org/wal.html, the WAL-reset bug).
SQLITE_VERSION_MIN = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Needed:
    """What a setting must be, and what happens otherwise."""

    values: tuple[str, ...]
    otherwise: str


SETTINGS: Mapping[str, Mapping[str, Needed]] = {
    "sqlite": {
        "journal_mode": Needed(("wal",), "readers and the writer hold up one another"),
        "synchronous": Needed(("2", "3"), "a power cut may lose captures that were answered"),
    },
    "postgresql": {
        "fsync": Needed(("on",), "a power cut may damage the database"),
        "full_page_writes": Needed(("on",), "a power cut may damage the database"),
        "synchronous_commit": Needed(
            ("on", "remote_apply"), "a power cut may lose captures that were answered"
        ),
    },
}


async def settings_of(session: Reading) -> dict[str, str]:
    """Return what the database says of itself: the settings of the table, and its version."""
    rows = await session.fetch(_STATEMENTS[f"select_{session.dialect}"])
    return dict(map(tuple, rows))


def lapses(dialect: str, found: Mapping[str, str]) -> list[str]:
    """Return why what was acknowledged may be lost, a sentence for each reason."""
    reasons = [
        f"{name} is {found[name]}, not {needed.values[0]}: {needed.otherwise}"
        for name, needed in SETTINGS[dialect].items()
        if found[name] not in needed.values
    ]
    version = found.get("sqlite_version")
    if version is not None and tuple(map(int, version.split("."))) < SQLITE_VERSION_MIN:
        least = ".".join(map(str, SQLITE_VERSION_MIN))
        reasons.append(f"SQLite is {version}, before {least}: it may damage the database")
    return reasons


async def refuse_lapses(store: EventStore) -> None:
    """Raise `NotDurableError` where what is acknowledged may be lost."""
    async with store.reading(snapshot=False) as session:
        reasons = lapses(session.dialect, await settings_of(session))
    if reasons:
        raise NotDurableError(
            f"{'; '.join(reasons)}. Set the database right, or accept the loss with "
            "EPCIS_REPO_UNSAFE_NOT_DURABLE=1; epcis-repo doctor tells more"
        )
