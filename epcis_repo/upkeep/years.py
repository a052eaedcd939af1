"""
Taking a finished year out of the log, into a file, and bringing it back. On PostgreSQL.

The file has all events of the year and all their tags, with the checkpoint of that time. What
goes out of the database is what partners reported; what is ours stays, so that what was captured,
contradicted or decided then is known as before. So do the kept documents and the whole tree, with
the salts of its leaves: checkpoints, tiles and the proofs of all other events are what they were.

The file is on the disk before anything is taken out. That happens in one transaction, and so does
the way back, after each event was compared with its leaf of the tree.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from epcis_repo import __version__
from epcis_repo.errors import YearError
from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.operations import checkpoint_in
from epcis_repo.evidence.tree import extend, first_altered, tree_root, tree_size
from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.model.times import utc_text
from epcis_repo.projections.derived import (
    READ_MODELS,
    columns_of,
    derived_rows,
    followed_until,
)
from epcis_repo.projections.logged import logged
from epcis_repo.projections.runner import FOLLOWING
from epcis_repo.store import (
    EventData,
    EventStore,
    Reading,
    RecordedEvent,
    Writing,
    load_statements,
    log,
)
from epcis_repo.store.archived import STATEMENTS as ARCHIVED
from epcis_repo.store.archived import ArchivedYear, IdentitiesHash, archived_years
from epcis_repo.store.migrations import parts_of
from epcis_repo.store.partitions import (
    buckets_of,
    index,
    moments_of,
    replace_year,
    stage,
    staged,
    year_of_moment,
    years_of,
)
from epcis_repo.upkeep.archive import (
    ArchiveReader,
    ArchiveWriter,
    Table,
    new_archive,
    open_archive,
    tables_in,
    tables_value,
)

_STATEMENTS = load_statements("epcis_repo.upkeep", "years.sql")

_EVENTS, _TAGS = "events", "event_tag"
_COLUMNS = {
    _EVENTS: ("part", "position", "record_time", "type", "event_id", "data"),
    _TAGS: ("part", "bucket", "tag", "position", "role"),
}
_TYPES = list(EVENT_TYPES)


@dataclass(frozen=True, slots=True)
class YearOfPart:
    """
    The year of one part of the log.

    `first` to `last` are the positions of all its events, `events` how many; `archived` those
    that go away. `tree_size` and `root_hash` are those of its tree when the file was written.
    """

    first: int
    last: int
    events: int
    archived: ArchivedYear
    tree_size: int
    root_hash: str

    def value(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "firstPosition": self.first,
            "lastPosition": self.last,
            "events": self.events,
            "archived": {
                "events": self.archived.events,
                "firstPosition": self.archived.first,
                "lastPosition": self.archived.last,
                "sha256": self.archived.sha256,
            },
            "treeSize": self.tree_size,
            "rootHash": self.root_hash,
        }

    @classmethod
    def of(cls, year: int, value: Mapping[str, Any]) -> Self:
        """Return what `value` was of."""
        away = value["archived"]
        positions = away["firstPosition"], away["lastPosition"]
        return cls(
            value["firstPosition"],
            value["lastPosition"],
            value["events"],
            ArchivedYear(year, away["events"], *positions, away["sha256"]),
            value["treeSize"],
            value["rootHash"],
        )


@dataclass(frozen=True, slots=True)
class YearManifest:
    """
    What the file of a year is of: the year in each part of the log that has events of it.

    `checkpoint` is of the part that the key signs, where there was a key.
    """

    created: str
    program: str
    year: int
    parts: Mapping[int, YearOfPart]
    checkpoint: str | None
    tables: Mapping[str, Table] = field(default_factory=dict)

    FORMAT: ClassVar[str] = "epcis-repo-year/1"

    @property
    def archived(self) -> int:
        """How many events go away."""
        return sum(part.archived.events for part in self.parts.values())

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/year.schema.json`)."""
        return {
            "format": self.FORMAT,
            "created": self.created,
            "program": self.program,
            "year": self.year,
            "parts": {str(part): of.value() for part, of in self.parts.items()},
            "checkpoint": self.checkpoint,
            "tables": tables_value(self.tables),
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Return what `value` was of."""
        year = value["year"]
        return cls(
            created=value["created"],
            program=value["program"],
            year=year,
            parts={int(part): YearOfPart.of(year, of) for part, of in value["parts"].items()},
            checkpoint=value["checkpoint"],
            tables=tables_in(value),
        )


async def archive(
    store: EventStore, year: int, path: Path, key: LogKey | None, *, now: int
) -> YearManifest:
    """
    Write a year to `path` and take what partners reported in it out of the database.

    With a `key`, the tree of that moment is signed. Raises `YearError` for a year that is not
    over, or not here, and `TreeError` when its events are not what was recorded.
    """
    if year >= year_of_moment(now):
        raise YearError(f"{year} is not over: only a finished year can be archived")
    with new_archive(path) as file:
        while True:
            last = None if key is None else await asyncio.to_thread(key.last_signed)
            async with store.reading(long=True) as session:
                await _refuse_what_is_not_here(session, year)
                note = None
                if key is not None and last is not None:
                    note = await checkpoint_in(session, key, after=last)
                    if note is None:
                        # What another process has signed meanwhile is past this snapshot.
                        continue
                parts = await _write(session, file, year)
            if not any(part.archived.events for part in parts.values()):
                raise YearError(f"nothing that partners reported in {year} is here")
            manifest = file.finish(
                YearManifest(
                    created=utc_text(now),
                    program=__version__,
                    year=year,
                    parts=parts,
                    checkpoint=None if note is None else note.decode(),
                )
            )
            break
    await _take_out(store, manifest, now=now)
    return manifest


async def _refuse_what_is_not_here(session: Reading, year: int) -> None:
    if session.dialect != "postgresql":
        raise YearError(
            "SQLite keeps all years in one file: only a log on PostgreSQL can have one archived; "
            "epcis-repo backup and restore bring it there"
        )
    away = {away.year for away in await archived_years(session)}
    if year in away:
        raise YearError(f"{year} is archived already")
    # Whatever is here has all that came after it here, too. So of a thing that is known to have
    # begun, nothing that it came to is away.
    for here in sorted(await years_of(session, _EVENTS) - away):
        if here < year and await _is_reported(session, here):
            raise YearError(f"{here} is here: years are archived from the oldest on")


async def _write(session: Reading, file: ArchiveWriter, year: int) -> dict[int, YearOfPart]:
    """Write the tables of a year, and return what they are of."""
    parts = {}
    with file.table(_EVENTS, _COLUMNS[_EVENTS]) as writer:
        async for part in _each_part(session):
            first, last, events = await _extent(session, year)
            if not events:
                continue
            away = IdentitiesHash()
            moments = moments_of(year)
            statement = _STATEMENTS["select_events"]
            async for rows in session.stream(statement, session.part, moments.start, moments.stop):
                await _refuse_altered(session, rows)
                await asyncio.to_thread(writer.write, rows)
                for _, position, _, kind, event_id, _ in rows:
                    if kind in EVENT_TYPES:
                        away.add(position, event_id)
            size = await tree_size(session)
            root = await tree_root(session, size)
            parts[part] = YearOfPart(first, last, events, away.of_year(year), size, root.hex())
    with file.table(_TAGS, _COLUMNS[_TAGS]) as writer:
        buckets = buckets_of(year)
        for part in parts:
            statement = _STATEMENTS["select_tags"]
            async for rows in session.stream(statement, part, buckets.start, buckets.stop):
                await asyncio.to_thread(writer.write, rows)
    return parts


async def _each_part(session: Reading) -> AsyncIterator[int]:
    """Have the session serve each part of the log in turn, and then again the one it served."""
    served = session.part
    for part in await parts_of(session):
        session.part = part
        yield part
    session.part = served


async def _extent(session: Reading, year: int) -> tuple[int, int, int]:
    """Return where a year begins and ends in a part, and how many events it has."""
    moments = moments_of(year)
    values = session.part, moments.start, moments.stop
    [(first, last, events)] = await session.fetch(_STATEMENTS["select_year"], *values)
    return first, last, events


async def _is_reported(session: Reading, year: int) -> bool:
    """Return whether partners have reported anything in a year."""
    moments = moments_of(year)
    async for part in _each_part(session):
        values = part, moments.start, moments.stop, _TYPES
        if await session.fetch(_STATEMENTS["select_reported"], *values):
            return True
    return False


async def _refuse_altered(session: Reading, rows: Sequence[Sequence[Any]]) -> None:
    events = [RecordedEvent(*row[1:]) for row in rows]
    if (altered := await first_altered(session, events)) is not None:
        raise TreeError(
            f"event {altered.event_id}, position {altered.position}, is not what was recorded: "
            "epcis-repo fsck tells what was altered"
        )


async def _take_out(store: EventStore, manifest: YearManifest, *, now: int) -> None:
    """Take out what is in the file, if the year is still what it was when that was written."""
    year = manifest.year
    moments = moments_of(year)
    async with store.altering() as session:
        await _refuse_what_is_not_here(session, year)
        async for part in _each_part(session):
            extent = await _extent(session, year)
            of = manifest.parts.get(part)
            if extent != ((0, 0, 0) if of is None else (of.first, of.last, of.events)):
                raise YearError(f"{year} was recorded in meanwhile: archive it again")
            await session.execute(
                _STATEMENTS["note_archived"],
                *(part, moments.start, moments.stop, _TYPES),
            )
        names = {table: await stage(session, table, year) for table in (*_COLUMNS, *READ_MODELS)}
        statement = _STATEMENTS["keep_events"].format(staged=names[_EVENTS])
        await session.execute(statement, moments.start, moments.stop, _TYPES)
        statement = _STATEMENTS["keep_tags"].format(staged=names[_TAGS], kept=names[_EVENTS])
        await session.execute(statement, buckets_of(year).start, buckets_of(year).stop)
        # An event that says so, in every part: after it nothing can be recorded in that year any
        # more, wherever the clock is set, since record times never decrease.
        async for part in _each_part(session):
            of = manifest.parts.get(part)
            away = IdentitiesHash().of_year(year) if of is None else of.archived
            digest = manifest.tables[_EVENTS].sha256
            said = away.archived(after=await log.head(session), file_sha256=digest)
            await _say(session, said, now=now)
        await replace_year(session, year, list(names))


async def _say(session: Writing, event: EventData, *, now: int) -> None:
    await extend(session, await log.append(session, [event], now=now))


async def attach(store: EventStore, source: Path, *, now: int) -> YearManifest:
    """
    Bring back the year in the file at `source`.

    Raises `BackupError` for a file that is not what was written, and `YearError` for one that
    is of another log, or of a year that is not away.
    """
    with open_archive(source, YearManifest) as file:
        manifest = file.manifest
        await asyncio.to_thread(file.check)
        async with store.reading() as session:
            await _refuse_what_is_not_away(session, manifest)
        # Others go on meanwhile: nobody knows of these tables.
        async with store.altering(turns=False) as session:
            await _stage(session, file)
    year = manifest.year
    async with store.altering() as session:
        await _refuse_what_is_not_away(session, manifest)
        statement = _STATEMENTS["select_since"].format(staged=staged(_EVENTS, year))
        moments = moments_of(year)
        for (event_id,) in await session.fetch(statement, moments.start, moments.stop):
            raise YearError(f"event {event_id} of {year} is here, and not in {source}")
        await session.execute(_STATEMENTS["list_buckets"].format(staged=staged(_TAGS, year)))
        async for part in _each_part(session):
            # What follows the log must have come past all that it has.
            followed = await followed_until(session)
            for table in (table for projection in FOLLOWING for table in projection.TABLES):
                statement = _STATEMENTS["forget_ahead"].format(staged=staged(table, year))
                await session.execute(statement, part, followed)
            # A part that has begun since has nothing to be brought back.
            for away in await archived_years(session):
                if away.year == year:
                    values = part, away.first - 1, away.last
                    await session.execute(ARCHIVED["delete_archived"], *values)
                    said = away.attached(after=await log.head(session))
                    await _say(session, said, now=now)
        await replace_year(session, year, [*_COLUMNS, *READ_MODELS])
    return manifest


async def _refuse_what_is_not_away(session: Reading, manifest: YearManifest) -> None:
    year = manifest.year
    for away in await archived_years(session):
        if away.year > year:
            raise YearError(f"{away.year} is archived, too: attach that before")
    async for part in _each_part(session):
        if (of := manifest.parts.get(part)) is None:
            continue
        years = {away.year: away for away in await archived_years(session)}
        if year not in years:
            raise YearError(f"{year} is not archived here")
        is_of_ours = of.tree_size <= await tree_size(session)
        root = await tree_root(session, of.tree_size) if is_of_ours else b""
        if years[year] != of.archived or root.hex() != of.root_hash:
            raise YearError("the file is of another log: name the one that was written of this")


async def _stage(session: Writing, file: ArchiveReader[YearManifest]) -> None:
    """Fill tables with what is in the file, and with what the read models say of it."""
    year = file.manifest.year
    names = {table: await stage(session, table, year) for table in (*_COLUMNS, *READ_MODELS)}
    for table, columns in _COLUMNS.items():
        if file.manifest.tables[table].columns != columns:
            raise YearError(f"the columns of {table} are not those of this version")
    async for rows in _batches(file, _EVENTS):
        await _refuse_other(session, rows)
        await session.insert(names[_EVENTS], _COLUMNS[_EVENTS], rows)
        for table, derived in (await asyncio.to_thread(_derived, rows)).items():
            await session.insert(names[table], ("part", *columns_of(table)), derived)
    async for rows in _batches(file, _TAGS):
        await session.insert(names[_TAGS], _COLUMNS[_TAGS], rows)
    for table in names:
        await index(session, table, year)


async def _batches(
    file: ArchiveReader[YearManifest], table: str
) -> AsyncIterator[list[tuple[Any, ...]]]:
    rows = file.rows(table)
    while (batch := await asyncio.to_thread(next, rows, None)) is not None:
        yield [tuple(row) for row in batch]


async def _refuse_other(session: Writing, rows: Sequence[tuple[Any, ...]]) -> None:
    async for part in _each_part(session):
        await _refuse_altered(session, [row for row in rows if row[0] == part])


def _derived(rows: Sequence[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return what the read models say of events, by table."""
    found: dict[str, list[tuple[Any, ...]]] = {table: [] for table in READ_MODELS}
    for part, *columns in rows:
        event = RecordedEvent(*columns)
        if event.type in EVENT_TYPES:
            for (table, _), row in derived_rows(logged(event), event.position).items():
                found[table].append((part, *row))
    return found
