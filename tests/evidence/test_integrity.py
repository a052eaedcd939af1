"""The integrity check: a sound log passes, and whatever was altered is named."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from epcis_repo.evidence import integrity
from epcis_repo.evidence.integrity import Alteration, Integrity, check_integrity
from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.operations import checkpoint, prepare
from epcis_repo.ledger import Checkpoint, verify_checkpoint
from epcis_repo.projections import rebuild
from epcis_repo.projections.derived import READ_MODELS, columns_of
from epcis_repo.store import EventStore, documents, open_store
from epcis_repo.store.log import append
from tests.evidence.logs import (
    alter,
    capture,
    cover,
    entries,
    flipped,
    follow,
    record,
    values_of,
)
from tests.ledger.reference import ReferenceTree
from tests.operations.reports import (
    PACK,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    report,
)
from tests.store.facts import NOW, facts


async def signed_head(store: EventStore, key: LogKey) -> Checkpoint:
    """The checkpoint of the log as it is, signed."""
    return verify_checkpoint(await checkpoint(store, key), [key.verifier])


@dataclass(frozen=True)
class Case:
    """One value of one row, and what the check must say when a byte of it is another."""

    table: str
    column: str
    where: str
    place: str
    differs: str
    position: int | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.column} where {self.where}"


# The log below: events 1 to 300 and their receipt, 302 to 321 and theirs.
CASES = [
    *(
        case
        for position in (1, 257, 321)
        for case in (
            Case("events", "part", f"position = {position}", "event", "missing", position),
            Case("events", "position", f"position = {position}", "event", "missing", position),
            Case(
                "events", "record_time", f"position = {position}", "event", "record time", position
            ),
            Case("events", "type", f"position = {position}", "event", "type", position),
            Case("events", "event_id", f"position = {position}", "event", "identity", position),
            Case("events", "data", f"position = {position}", "event", "data or salt", position),
            Case("leaf", "part", f"position = {position}", "event", "salt missing", position),
            Case("leaf", "position", f"position = {position}", "event", "salt missing", position),
            Case("leaf", "salt", f"position = {position}", "event", "data or salt", position),
            Case(
                "leaf", "document", f"position = {position}", "event", "document digest", position
            ),
            Case("event_tag", "tag", f"position = {position}", "event", "tags", position),
            Case("event_tag", "position", f"position = {position}", "event", "tags", position),
            Case("event_tag", "part", f"position = {position}", "event", "tags", position),
            Case("event_tag", "bucket", f"position = {position}", "event", "tags", position),
            Case("event_tag", "role", f"position = {position}", "event", "tags", position),
        )
    ),
    Case("events", "type", "position = 301", "event", "type", 301),
    Case("events", "event_id", "position = 301", "event", "identity", 301),
    Case("events", "record_time", "position = 301", "event", "record time", 301),
    Case("events", "data", "position = 301", "event", "data or salt", 301),
    Case("events", "event_id", "position = 322", "event", "identity", 322),
    *(
        case
        for level, index, path in (
            (0, 0, "tile/0/000"),
            (0, 1, "tile/0/001.p/66"),
            (1, 0, "tile/1/000.p/1"),
        )
        for case in (
            Case("tile", "part", f"level = {level} AND idx = {index}", path, "missing"),
            Case("tile", "level", f"level = {level} AND idx = {index}", path, "missing"),
            Case("tile", "width", f"level = {level} AND idx = {index}", path, "width"),
            Case("tile", "hashes", f"level = {level} AND idx = {index}", path, "hashes"),
        )
        if (level, index, case.column) not in {(0, 1, "part"), (0, 1, "level"), (0, 1, "width")}
    ),
    *(
        Case("document", column, "of the first receipt", "document", differs, 301)
        for column, differs in (
            ("part", "missing"),
            ("digest", "missing"),
            ("media_type", "media type"),
            ("size", "bytes"),
            ("body", "bytes"),
        )
    ),
    *(
        Case("document_piece", column, "number = 2", "document", "bytes", 301)
        for column in ("part", "digest", "number", "body")
    ),
    Case("log_head", "head", "head > 0", "head of the log", "position or record time"),
    Case("log_head", "record_time", "head > 0", "head of the log", "position or record time"),
    Case("log_head", "part", "head > 0", "head of the log", "missing"),
]


class TestAlteration:
    async def test_of_any_value_is_named(
        self,
        store: EventStore,
        store_url: str,
        key: LogKey,
        short_pieces: None,
        subtests: pytest.Subtests,
    ) -> None:
        """
        One byte of any column of any table of log and tree: the check names the record first,
        by its position, and what of it differs.
        """
        await capture(store, 1, 300)
        await capture(store, 301, 20)
        signed = await signed_head(store, key)
        async with store.reading() as session:
            part = session.part
        for case in CASES:
            where = await condition_of(store, case)
            [value] = await values_of(store, case.table, [case.column], where)
            other = flipped(value, len(value) // 2 if isinstance(value, str | bytes) else 0)
            await alter(
                store_url,
                f"UPDATE {case.table} SET {case.column} = $1 WHERE part = $2 AND {where}",
                other,
                part,
            )

            found = await check_integrity(store, signed)

            with subtests.test(str(case)):
                first = found.alterations[0]
                assert found.altered
                assert first.place.startswith(case.place)
                assert first.differs == (case.differs,)
                assert first.position == case.position
            await undo(store_url, case, where, value, other, part)
        assert (await check_integrity(store, signed)).altered == 0


async def condition_of(store: EventStore, case: Case) -> str:
    """What only one row fulfils, the first of those that the case is about."""
    if case.table not in ("event_tag", "document", "document_piece"):
        return case.where
    position = case.where if case.table == "event_tag" else "position = 301"
    async with store.reading() as session:
        rows = await session.fetch(
            f"SELECT tag FROM event_tag WHERE part = $1 AND {position} ORDER BY tag", session.part
        )
    tags = [tag for (tag,) in rows]
    if case.table == "event_tag":
        return f"{case.where} AND tag = '{tags[0]}'"
    # A receipt is tagged with its capture and its document.
    of_the_document = f"digest = '{tags[1].removeprefix('document ')}'"
    return of_the_document if case.table == "document" else f"{of_the_document} AND {case.where}"


async def undo(url: str, case: Case, where: str, value: object, other: object, part: int) -> None:
    """Put the value back."""
    old_part = other if case.column == "part" else part
    if case.column != "part":
        where = where.replace(f"{case.column} = {value}", f"{case.column} = {other}")
        where = where.replace(f"{case.column} = '{value}'", f"{case.column} = '{other}'")
    await alter(
        url,
        f"UPDATE {case.table} SET {case.column} = $1 WHERE part = $2 AND {where}",
        value,
        old_part,
    )


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents of some events are kept in several pieces."""
    monkeypatch.setattr(documents, "PIECE_SIZE", 10_000)


@pytest.fixture(scope="module")
def sound_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sound") / "epcis.db"


COLUMNS = [
    *(("events", c) for c in ("part", "position", "record_time", "type", "event_id", "data")),
    *(("event_tag", c) for c in ("part", "bucket", "tag", "position", "role")),
    *(("tag_bucket", c) for c in ("part", "bucket")),
    *(("document", c) for c in ("part", "digest", "media_type", "size", "body")),
    *(("document_piece", c) for c in ("part", "digest", "number", "body")),
    *(("leaf", c) for c in ("part", "position", "salt", "document")),
    *(("tile", c) for c in ("part", "level", "idx", "width", "hashes")),
    *((table, c) for table in READ_MODELS for c in ("part", *columns_of(table))),
]


class TestSoundLog:
    async def test_passes(self, store: EventStore, key: LogKey) -> None:
        """
        All kinds of events, declarations and repetitions: nothing is altered.
        """
        first = named("urn:x:1", commissioned(1, PACK, "urn:epc:id:sgtin:030001.0012345.A2"))
        await report(store, first, packed(2, "urn:epc:id:sscc:030001.00000000001", PACK))
        await report(store, first, declared_in_error(first), observed(3, PACK), note="again")
        await record_after(store)

        found = await check_integrity(store, await signed_head(store, key))

        all_entries = await entries(store)
        assert found.altered == 0, found.alterations
        assert found == Integrity(
            events=len(all_entries),
            size=len(all_entries),
            root=ReferenceTree(all_entries).root(len(all_entries)),
            signed_size=len(all_entries),
            altered=0,
            alterations=(),
        )

    async def test_may_be_empty(self, store: EventStore, key: LogKey) -> None:
        """
        Of an empty log there is nothing to say.
        """
        found = await check_integrity(store, await signed_head(store, key))

        assert (found.events, found.size, found.altered) == (0, 0, 0)

    async def test_tells_how_far_it_is(self, store: EventStore) -> None:
        """
        Who waits hears of it.
        """
        await record(store, *map(str, range(5_000)))
        told: list[tuple[int, int]] = []

        await check_integrity(store, None, progress=lambda done, size: told.append((done, size)))

        assert told == [(2048, 5000), (4096, 5000), (5000, 5000)]


async def record_after(store: EventStore) -> None:
    await cover(store)
    await record(store, "a fact", "another")


class TestReadModels:
    async def test_are_derived_again(
        self, store: EventStore, store_url: str, subtests: pytest.Subtests
    ) -> None:
        """
        Another value in any column of any read model: the first differing row is named.
        """
        await capture(store, 1, 270)
        long = [f"urn:epc:id:sgtin:030001.0012345.{number}" for number in range(200)]
        await report(store, named("urn:x:long", commissioned(1, *long)))
        await cover(store)
        await follow(store)
        assert (await check_integrity(store, None)).altered == 0
        async with store.reading() as session:
            part = session.part
        for table in READ_MODELS:
            for column in columns_of(table):
                where = "position = 272"
                [value] = await values_of(store, table, [column], where)
                # A time stays in its year, or its row would have no place on PostgreSQL.
                is_small = isinstance(value, int) and value < 9_999
                other = 9_999 if is_small else flipped(value or "x")
                change = f"UPDATE {table} SET {column} = $1 WHERE part = $2 AND "
                await alter(store_url, change + where, other, part)

                found = await check_integrity(store, None)

                moved = column == "position"
                with subtests.test(f"{table}.{column}"):
                    first = found.alterations[0]
                    assert (first.place, first.position) == (table, 272)
                    assert first.differs == (("missing",) if moved else (column,))
                    assert first.event_id == "urn:x:long"
                    assert found.altered == 1 + moved
                await alter(
                    store_url, change + ("position = 9999" if moved else where), value, part
                )
        assert (await check_integrity(store, None)).altered == 0

    async def test_have_a_row_for_each_event_and_no_other(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        A row that is gone, one of a receipt, and one past the end of the log.
        """
        await capture(store, 1, 3)
        await follow(store)
        async with store.reading() as session:
            part = session.part
        for table in READ_MODELS:
            names = ", ".join(name for name in columns_of(table) if name != "position")
            copy = (
                f"INSERT INTO {table} (part, position, {names})"
                f" SELECT part, {{}}, {names} FROM {table} WHERE part = $1 AND position = 1"
            )
            await alter(store_url, copy.format(4), part)
            await alter(store_url, copy.format(50), part)
            await alter(store_url, f"DELETE FROM {table} WHERE part = $1 AND position = 2", part)

        found = await check_integrity(store, None)

        assert [(a.position, a.differs) for a in found.alterations] == [
            (position, (differs,))
            for position, differs in (
                (2, "missing"),
                (4, "of no event that it is for"),
                (50, "of no event that it is for"),
            )
            for _ in READ_MODELS
        ]

    async def test_are_made_anew_by_a_rebuild(self, store: EventStore, store_url: str) -> None:
        """
        What only a read model has lost, the log gives back.
        """
        await capture(store, 1, 3)
        await follow(store)
        async with store.reading() as session:
            part = session.part
        for table in READ_MODELS:
            await alter(store_url, f"DELETE FROM {table} WHERE part = $1 AND position < 3", part)
        assert (await check_integrity(store, None)).altered == 2 * len(READ_MODELS)

        await rebuild(store)

        assert (await check_integrity(store, None)).altered == 0


class TestTags:
    async def test_of_many_events_are_told_one_by_one(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        Where tags of several tiles differ, each event is named, and none that is sound.
        """
        await capture(store, 1, 600)
        async with store.reading() as session:
            part = session.part
        gone = [1, 256, 257, 400, 600]
        await alter(
            store_url,
            f"DELETE FROM event_tag WHERE part = $1 AND position IN ({', '.join(map(str, gone))})",
            part,
        )

        found = await check_integrity(store, None)

        assert [(a.place, a.position) for a in found.alterations] == [("event", p) for p in gone]
        assert {a.differs for a in found.alterations} == {("tags",)}

    async def test_that_are_added_are_told(self, store: EventStore, store_url: str) -> None:
        """
        A tag that an event never had is told of that event, also where no guard refused it.
        """
        await capture(store, 1, 3)
        async with store.reading() as session:
            part = session.part
        await alter(
            store_url,
            "INSERT INTO event_tag (part, bucket, tag, position, role)"
            " SELECT part, bucket, tag, 2, 9 FROM event_tag"
            " WHERE part = $1 AND position = 1 LIMIT 1",
            part,
        )

        found = await check_integrity(store, None)

        assert [(a.place, a.position, a.differs) for a in found.alterations] == [
            ("event", 2, ("tags",))
        ]

    async def test_may_be_lost_altogether(
        self, store: EventStore, store_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        However much is lost, the first of it is named, and the check comes to an end.
        """
        monkeypatch.setattr(integrity, "_BLOCKS_MAX", 2)
        monkeypatch.setattr(integrity, "_KEPT_MAX", 300)
        await record(store, *(f"urn:x:{number}" for number in range(300)))
        await capture(store, 1_000, 1_500)
        async with store.reading() as session:
            part = session.part
        await alter(store_url, "DELETE FROM event_tag WHERE part = $1", part)

        found = await check_integrity(store, None)

        assert found.altered > len(found.alterations) == 300
        assert found.alterations[0].position == 301


class TestRewrittenLog:
    async def test_is_not_what_was_signed(
        self, store: EventStore, store_url: str, key: LogKey
    ) -> None:
        """
        Whoever alters an event and makes the whole tree anew has still not signed it.
        """
        await capture(store, 1, 5)
        signed = await signed_head(store, key)
        data = (await values_of(store, "events", ["data"], "position = 2"))[0]
        async with store.reading() as session:
            part = session.part
        await alter(
            store_url,
            "UPDATE events SET data = $1 WHERE part = $2 AND position = 2",
            flipped(data, -2),
            part,
        )
        for table in ("tile", "leaf"):
            await alter(store_url, f"DELETE FROM {table} WHERE part = $1", part)
        await prepare(store)

        found = await check_integrity(store, signed)

        assert [a.place for a in found.alterations] == ["signed checkpoint"]

    async def test_that_is_shorter_is_not_what_was_signed(
        self, store: EventStore, store_url: str, key: LogKey
    ) -> None:
        """
        The last events taken away, and the tree with them: the checkpoint knows of more.
        """
        await record(store, "a", "b", "c")
        signed = await signed_head(store, key)
        async with store.reading() as session:
            part = session.part
        await alter(store_url, "DELETE FROM events WHERE part = $1 AND position = 3", part)
        await alter(store_url, "UPDATE log_head SET head = 2 WHERE part = $1", part)
        for table in ("tile", "leaf"):
            await alter(store_url, f"DELETE FROM {table} WHERE part = $1", part)
        await prepare(store)

        found = await check_integrity(store, signed)

        [only] = found.alterations
        assert str(only) == "signed checkpoint: size 3 was signed, the tree has 2"

    async def test_with_events_past_the_tree_is_not_intact(self, store: EventStore) -> None:
        """
        What somebody appended without its leaf is named.
        """
        await record(store, "a")
        async with store.writing() as session:
            await append(session, facts("b"), now=NOW)

        found = await check_integrity(store, None)

        assert found.alterations == (Alteration("event", ("not in the tree",), 2, "b"),)


class TestOneByte:
    @settings(
        max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.sampled_from(COLUMNS),
        st.integers(0, 10**6),
        st.integers(0, 10**6),
        st.integers(0, 7),
    )
    async def test_of_any_row_is_found(
        self,
        sound_file: Path,
        short_pieces: None,
        column: tuple[str, str],
        row: int,
        place: int,
        bit: int,
    ) -> None:
        """
        Any bit of any value of any row, even one that leaves a text none: the check finds it.
        """
        if not sound_file.exists():
            store = open_store(f"sqlite:///{sound_file}")
            await prepare(store)
            await capture(store, 1, 280)
            await capture(store, 281, 30)
            await store.close()
        copy = sound_file.with_name("copy.db")
        for path in sound_file.parent.glob("copy.db*"):
            path.unlink()
        copy.write_bytes(sound_file.read_bytes())
        flip(copy, *column, row, place, bit)

        store = open_store(f"sqlite:///{copy}")
        found = await check_integrity(store, None)
        await store.close()

        assert found.altered


def flip(path: Path, table: str, column: str, row: int, place: int, bit: int) -> None:
    """Change one bit of one value in an SQLite file, whatever it makes of the value."""
    connection = apsw.Connection(str(path))
    for (name,) in connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger'"
    ).fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    keys = {
        "events": "part, position",
        "event_tag": "part, bucket, tag, position, role",
        "tag_bucket": "part, bucket",
        "document": "part, digest",
        "document_piece": "part, digest, number",
        "leaf": "part, position",
        "tile": "part, level, idx",
        **dict.fromkeys(READ_MODELS, "part, position"),
    }[table]
    rows = connection.execute(
        f"SELECT {keys}, {column}, CAST({column} AS blob) FROM {table} "
        f"WHERE {column} IS NOT NULL ORDER BY {keys}"
    ).fetchall()
    if not rows:
        connection.close()
        reject()  # nothing says anything there
    found: tuple[Any, ...] = rows[row % len(rows)]
    *key, value, raw = found
    matches = " AND ".join(f"{name} = ?" for name in keys.split(", "))
    if isinstance(value, int):
        new: object = value ^ (1 << (bit + 20))
        marks = "?"
    else:
        place %= len(raw)
        new = raw[:place] + bytes([raw[place] ^ 1 << bit]) + raw[place + 1 :]
        marks = "CAST(? AS text)" if isinstance(value, str) else "?"
    try:
        connection.execute(f"UPDATE {table} SET {column} = {marks} WHERE {matches}", (new, *key))
    except apsw.ConstraintError:
        reject()  # two rows would have become one, which not even the bare table takes
    finally:
        connection.close()
