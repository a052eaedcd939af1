"""
What is not as it should be around a store, and what to do about it.

It looks and changes nothing. Whether what is recorded is still what was recorded is not asked
here: `fsck` reads everything for that.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from epcis_repo.errors import SchemaVersionError, StoreUnavailableError
from epcis_repo.evidence.errors import KeyFileError, TreeError
from epcis_repo.evidence.keys import open_key
from epcis_repo.evidence.tree import tree_root, tree_size
from epcis_repo.ledger import verify_checkpoint
from epcis_repo.store import EventStore, Reading, load_statements
from epcis_repo.store.archived import archived_years
from epcis_repo.store.durability import lapses, settings_of
from epcis_repo.store.log import STATEMENTS as LOG_STATEMENTS
from epcis_repo.store.migrations import is_empty, missing, refuse_unknown, versions
from epcis_repo.upkeep.versions import SCHEMAS

_STATEMENTS = load_statements("epcis_repo.upkeep", "doctor.sql")

_POSTGRES_VERSION_MIN = 140000
_CLOCK_SECONDS_MAX = 5.0
# A clock before this program was written is wrong.
_CLOCK_MIN = datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1e6
_FREE_MIN = 64 << 20
_SHOWN_MAX = 3
_FREE_GOOD = 1 << 30


class Level(StrEnum):
    """How much a finding matters: an error keeps the store from doing what it promises."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what was found, and what to do; nothing where all is well."""

    level: Level
    about: str
    found: str
    advice: str | None = None

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/doctor.schema.json`)."""
        return {
            "level": self.level.value,
            "about": self.about,
            "found": self.found,
            "advice": self.advice,
        }


async def examine(
    store: EventStore, *, file: Path | None, key: Path, origin: str, unsafe: bool, now: int
) -> list[Finding]:
    """
    Look at everything and return what was found.

    `file` is the database if it is a file here, `key` that of the key of the log `origin`;
    `unsafe` says whether the operator has accepted that captures may be lost, `now` is in
    microseconds.
    """
    has_key, of_key = _key_file(key)
    findings = [*_disk(file), *_clock(now), *of_key]
    try:
        async with store.reading() as session:
            findings += await _durability(session, unsafe=unsafe)
            if session.dialect == "postgresql":
                findings += await _server(session, now)
            found = await _schema(session)
            findings.append(found)
            log = [f async for f in _log(session, now)] if found.level is Level.OK else []
            if log:
                findings += [await _guards(session), *log]
            if has_key:
                findings += await _signed(session if log else None, key, origin)
    except StoreUnavailableError as error:
        findings.append(Finding(Level.ERROR, "database", "it cannot be used", str(error)))
    return findings


def _disk(file: Path | None) -> list[Finding]:
    if file is None:
        return []
    free = shutil.disk_usage(file.parent).free
    size = file.stat().st_size if file.exists() else 0
    found = f"{free >> 20} MiB are free beside a database of {size >> 20} MiB"
    advice = f"make room on the disk of {file.parent.absolute()}, before captures are refused"
    if free < _FREE_MIN:
        return [Finding(Level.ERROR, "disk", found, advice)]
    if free < max(_FREE_GOOD, size // 10):
        return [Finding(Level.WARNING, "disk", found, advice)]
    return [Finding(Level.OK, "disk", found)]


def _clock(now: int) -> list[Finding]:
    text = datetime.fromtimestamp(now / 1e6, UTC).isoformat(timespec="seconds")
    if now < _CLOCK_MIN:
        advice = "set it, and have it kept right (NTP): record times come from it"
        return [Finding(Level.ERROR, "clock", f"it says {text}", advice)]
    return [Finding(Level.OK, "clock", f"it says {text}")]


async def _durability(session: Reading, *, unsafe: bool) -> list[Finding]:
    settings = await settings_of(session)
    shown = ", ".join(f"{name} {value}" for name, value in sorted(settings.items()))
    advice = "set it right: without that, what was acknowledged may be lost"
    findings = [
        Finding(Level.WARNING if unsafe else Level.ERROR, "durability", lapse, advice)
        for lapse in lapses(session.dialect, settings)
    ]
    if unsafe:
        findings.append(
            Finding(
                Level.WARNING,
                "durability",
                "EPCIS_REPO_UNSAFE_NOT_DURABLE is set, so nothing keeps an unsafe database away",
                "take it out, unless nothing that is captured here matters",
            )
        )
    return findings or [Finding(Level.OK, "durability", shown)]


async def _server(session: Reading, now: int) -> list[Finding]:
    [row] = await session.fetch(_STATEMENTS["select_server"])
    number, version, checksums, connections_max, connections, clock = row
    findings = [Finding(Level.OK, "server", f"PostgreSQL {version}")]
    if number < _POSTGRES_VERSION_MIN:
        findings = [
            Finding(Level.ERROR, "server", f"PostgreSQL {version}", "upgrade it to 14 or newer")
        ]
    if checksums == "on":
        findings.append(Finding(Level.OK, "checksums", "PostgreSQL checks its pages"))
    else:
        advice = "run pg_checksums --enable while the server is down"
        found = "PostgreSQL does not notice when a page of it rots"
        findings.append(Finding(Level.WARNING, "checksums", found, advice))
    found = f"{connections} of {connections_max} are in use"
    if connections * 10 >= connections_max * 9:
        advice = "raise max_connections, or see who holds them (pg_stat_activity)"
        findings.append(Finding(Level.WARNING, "connections", found, advice))
    else:
        findings.append(Finding(Level.OK, "connections", found))
    apart = abs(clock - now) / 1e6
    if apart > _CLOCK_SECONDS_MAX:
        found = f"the server's is {apart:.0f} s away from ours"
        findings.append(Finding(Level.WARNING, "clock", found, "have both kept right (NTP)"))
    return findings


async def _schema(session: Reading) -> Finding:
    try:
        await refuse_unknown(session, SCHEMAS)
        steps = await missing(session, SCHEMAS)
    except SchemaVersionError as error:
        return Finding(Level.ERROR, "schema", "it is not of this version", str(error))
    if not steps:
        last = {version.name: version.number for version in await versions(session)}
        shown = ", ".join(f"{name} {number}" for name, number in sorted(last.items()))
        return Finding(Level.OK, "schema", shown)
    lacking = ", ".join(map(str, steps))
    if await is_empty(session):
        advice = "run epcis-repo init, or capture something"
        return Finding(Level.WARNING, "schema", f"nothing is made yet: {lacking}", advice)
    advice = "stop what uses it, make a backup, and run epcis-repo migrate"
    return Finding(Level.ERROR, "schema", f"it lacks {lacking}", advice)


async def _guards(session: Reading) -> Finding:
    """Look whether the database still refuses by itself what nobody may do."""
    guards = {guard for schema in SCHEMAS for guard in schema.guards(session.dialect)}
    rows = await session.fetch(_STATEMENTS[f"select_guards_{session.dialect}"])
    there = {(table, name) for table, _, name in rows}
    wanted = {
        (table, name)
        for table, whole in {(table, whole) for table, whole, _ in rows}
        for guarded, name in guards
        if guarded == whole
    }
    if not (gone := sorted(wanted - there)):
        return Finding(Level.OK, "guards", f"{len(wanted)} triggers keep what is recorded")
    shown = ", ".join(f"{name} on {table}" for table, name in gone[:_SHOWN_MAX])
    more = f" and {len(gone) - _SHOWN_MAX} more" if len(gone) > _SHOWN_MAX else ""
    return Finding(
        Level.ERROR,
        "guards",
        f"the database no longer has {shown}{more}",
        "ask who took them out, run epcis-repo fsck, which names what was altered since, and "
        "restore a backup into a new database, which has them all",
    )


async def _log(session: Reading, now: int) -> AsyncIterator[Finding]:
    rows = await session.fetch(LOG_STATEMENTS["select_head"], session.part)
    head, record_time = rows[0] if rows else (0, 0)
    size = await tree_size(session)
    if head == size:
        yield Finding(Level.OK, "log", f"the log and its tree end at {head}")
    else:
        found = f"the log ends at {head}, its tree at {size}"
        yield Finding(
            Level.ERROR, "log", found, "run epcis-repo fsck, which tells what was altered"
        )
    for away in await archived_years(session):
        found = f"{away.year} is archived: {away.events} events at positions {away.first} to "
        yield Finding(Level.OK, "archived", f"{found}{away.last}")
    ahead = (record_time - now) / 1e6
    if ahead > _CLOCK_SECONDS_MAX:
        found = f"the last event was recorded {ahead:.0f} s from now"
        yield Finding(
            Level.WARNING, "clock", found, "see whether the clock was set back, or was wrong then"
        )


async def _signed(session: Reading | None, path: Path, origin: str) -> list[Finding]:
    """Compare what the key has signed with the tree, where there is one to look at."""
    try:
        key = open_key(path, origin)
        signed = verify_checkpoint(key.last_signed(), [key.verifier])
        size = signed.size if session is None else await tree_size(session)
        found = f"{key.verifier.name} has signed {signed.size} entries"
        if signed.size > size:
            found = f"{found}, the tree has {size}"
        elif session is None or await tree_root(session, signed.size) == signed.root:
            return [Finding(Level.OK, "key", found)]
        else:
            found = f"{found}, which are not those of this log"
    except (KeyFileError, TreeError) as error:
        return [Finding(Level.ERROR, "key", "it cannot be used", str(error))]
    advice = "run epcis-repo fsck; after a restore, see epcis-repo restore --help"
    return [Finding(Level.ERROR, "key", found, advice)]


def _key_file(path: Path) -> tuple[bool, list[Finding]]:
    """Return whether there is a key, and what is wrong with the file."""
    if not path.exists():
        found = f"there is no {path}, so nothing is signed"
        advice = "run epcis-repo init to have one made, or put the key back from its backup"
        return False, [Finding(Level.WARNING, "key", found, advice)]
    if path.stat().st_mode & 0o077:
        found = f"others than its owner may use {path}"
        return True, [Finding(Level.ERROR, "key", found, f"chmod 600 {path}")]
    return True, []
