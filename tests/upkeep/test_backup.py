"""Backup and restore: what comes back is what was recorded, on either kind of store."""

from __future__ import annotations

import asyncio
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from epcis_repo.errors import BackupError, SchemaVersionError, StoreNotEmptyError
from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.evidence.operations import checkpoint
from epcis_repo.ledger import Checkpoint, ForkError, verify_checkpoint
from epcis_repo.projections import PROJECTIONS
from epcis_repo.store import EventStore, Schema
from epcis_repo.store.log import head
from epcis_repo.store.migrations import LOG
from epcis_repo.store.schema import DIALECTS, Migration
from epcis_repo.upkeep import versions
from epcis_repo.upkeep.archive import Manifest
from epcis_repo.upkeep.backup import backup
from epcis_repo.upkeep.restore import EPOCH_BEGAN, restore
from epcis_repo.upkeep.versions import prepare
from tests.evidence.logs import alter, flipped, values_of
from tests.operations.reports import PACK, commissioned, observed, packed, report
from tests.rest.serving import must_be_valid
from tests.store.facts import NOW, all_of
from tests.upkeep.conftest import Opener

PACKS = [f"urn:epc:id:sgtin:030001.0012345.{number}" for number in range(40)]
CASE = "urn:epc:id:sscc:030001.00000000001"


async def fill(store: EventStore) -> None:
    """Capture some documents."""
    await report(store, commissioned(1, *PACKS), packed(2, CASE, *PACKS))
    await report(store, *(observed(3 + number, PACKS[number]) for number in range(20)))


async def kept_in(store: EventStore) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, the read models among them."""
    tables = [table for schema in versions.SCHEMAS for table in schema.tables]
    found = {}
    async with store.reading() as session:
        for table in tables:
            columns = [name for name in await session.columns(table) if name != "part"]
            rows = await session.fetch(f"SELECT {', '.join(columns)} FROM {table}")
            found[table] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def intact(store: EventStore, checkpoint: Checkpoint | None = None) -> bool:
    """Whether `fsck` finds nothing."""
    found = await check_integrity(store, checkpoint)
    assert found.alterations == ()
    return found.events > 0


def rewritten(path: Path, **changes: bytes | None) -> Path:
    """The archive with the text of some members replaced, and those without one left out."""
    new = path.with_name(f"changed-{path.name}")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w") as file:
        for name in old.namelist():
            text = changes.get(name.partition(".")[0], old.read(name))
            if text is not None:
                file.writestr(name, text)
    return new


def manifest_of(path: Path) -> dict[str, Any]:
    """What the archive says of itself."""
    with zipfile.ZipFile(path) as file:
        value: dict[str, Any] = orjson.loads(file.read("manifest.json"))
    return value


class TestRoundTrip:
    async def test_brings_back_all_that_was_recorded(
        self, store: EventStore, opened: Opener, target_url: str, tmp_path: Path, key: LogKey
    ) -> None:
        """
        From either kind of store to either: every row of every table is there again, with the
        same root, and the log goes on with the same key.
        """
        await fill(store)
        before = await kept_in(store)
        made = await backup(store, tmp_path / "b.zip", key, now=NOW)
        target = await opened(target_url)

        done = await restore(target, tmp_path / "b.zip", key, now=NOW)

        assert done.new_key is None
        assert done.manifest == made
        assert await kept_in(target) == before
        assert made.checkpoint is not None
        assert await intact(target, verify_checkpoint(made.checkpoint.encode(), [key.verifier]))
        await prepare(target)
        await report(target, observed(50, PACK))
        assert (
            verify_checkpoint(await checkpoint(target, key), [key.verifier]).size == made.head + 2
        )

    async def test_goes_into_a_store_that_was_made_and_is_empty(
        self, store: EventStore, opened: Opener, target_url: str, tmp_path: Path
    ) -> None:
        """
        Who has run `init` before need not begin again; the read models are folded all the same.
        """
        await fill(store)
        await backup(store, tmp_path / "b.zip", None, now=NOW)
        target = await opened(target_url)
        await prepare(target)

        await restore(target, tmp_path / "b.zip", None, now=NOW)

        assert await kept_in(target) == await kept_in(store)

    async def test_of_an_empty_log_is_an_empty_log(
        self, store: EventStore, opened: Opener, target_url: str, tmp_path: Path, key: LogKey
    ) -> None:
        """
        Nothing is something, too.
        """
        await backup(store, tmp_path / "b.zip", key, now=NOW)
        target = await opened(target_url)

        done = await restore(target, tmp_path / "b.zip", key, now=NOW)

        assert (done.manifest.head, done.new_key) == (0, None)
        await report(target, observed(1, PACK))
        assert await intact(target)


class TestUnderLoad:
    async def test_is_of_one_moment(
        self, store: EventStore, opened: Opener, target_url: str, tmp_path: Path, key: LogKey
    ) -> None:
        """
        While captures go on, a backup has a beginning of the log, whole documents of it, with
        the root that the checkpoint of that position has.
        """
        await fill(store)
        going_on = True

        async def write(writer: int) -> None:
            number = 0
            while going_on:
                epcs = [f"urn:epc:id:sgtin:030001.0099{writer:03}.{number}x{n}" for n in range(5)]
                await report(store, commissioned(1, *epcs), observed(2, *epcs))
                number += 1

        writers = [asyncio.create_task(write(writer)) for writer in range(4)]
        made = []
        for number in range(3):
            await asyncio.sleep(0.05)
            made.append(await backup(store, tmp_path / f"{number}.zip", key, now=NOW))
        going_on = False
        await asyncio.gather(*writers)
        whole = await all_of(store)

        assert made[0].head < made[1].head < made[2].head < len(whole)
        for manifest in made:
            assert manifest.checkpoint is not None
            signed = verify_checkpoint(manifest.checkpoint.encode(), [key.verifier])
            assert (signed.size, signed.root.hex()) == (manifest.head, manifest.root_hash)
        target = await opened(target_url)
        await restore(target, tmp_path / "1.zip", None, now=NOW)
        assert await all_of(target) == whole[: made[1].head]
        second = Checkpoint("log.example", made[1].head, bytes.fromhex(made[1].root_hash))
        assert await intact(target, second)
        async with target.reading() as session:
            [(documents,)] = await session.fetch("SELECT count(*) FROM document")
        receipts = [e for e in whole[: made[1].head] if e.type == "DocumentCaptured"]
        assert documents == len(receipts)


class TestManifest:
    async def test_says_what_the_backup_is_of(
        self, store: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        Position, tree, checkpoint and the digest of each table; nothing else is in the file.
        """
        await fill(store)
        signed = verify_checkpoint(await checkpoint(store, key), [key.verifier])

        made = await backup(store, tmp_path / "b.zip", key, now=NOW)

        value = manifest_of(tmp_path / "b.zip")
        must_be_valid(value, "backup")
        assert value == made.value()
        assert (value["head"], value["rootHash"]) == (signed.size, signed.root.hex())
        assert value["created"] == "2026-05-28T20:26:40.000Z"
        with zipfile.ZipFile(tmp_path / "b.zip") as file:
            assert {*file.namelist()} == {"manifest.json", *(f"{n}.jsonl" for n in made.tables)}
        assert key.path.read_bytes().strip() not in (tmp_path / "b.zip").read_bytes()
        assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0

    async def test_has_no_read_model(self, store: EventStore, tmp_path: Path) -> None:
        """
        What can be folded again is not carried along.
        """
        made = await backup(store, tmp_path / "b.zip", None, now=NOW)

        assert made.tables.keys().isdisjoint(t for p in PROJECTIONS for t in p.TABLES)
        assert made.checkpoint is None


class TestBackup:
    async def test_never_replaces_a_file(self, store: EventStore, tmp_path: Path) -> None:
        """
        An older backup is not lost to a newer one of the same name.
        """
        (tmp_path / "b.zip").write_text("mine")

        with pytest.raises(BackupError, match="is there already"):
            await backup(store, tmp_path / "b.zip", None, now=NOW)

        assert (tmp_path / "b.zip").read_text() == "mine"

    async def test_that_fails_leaves_no_file(
        self, store: EventStore, store_url: str, tmp_path: Path
    ) -> None:
        """
        Of events that are not what was recorded there is no backup, since it could not be
        restored; and no half of one.
        """
        await fill(store)
        [data] = await values_of(store, "events", ["data"], "position = 2")
        await alter(
            store_url, "UPDATE events SET data = $1 WHERE position = $2", flipped(data, -3), 2
        )

        with pytest.raises(TreeError, match="epcis-repo fsck"):
            await backup(store, tmp_path / "b.zip", None, now=NOW)

        assert list(tmp_path.glob("*.zip*")) == list(tmp_path.glob(".*")) == []

    async def test_of_a_log_that_contradicts_its_key_is_refused(
        self, store: EventStore, opened: Opener, tmp_path: Path, key: LogKey
    ) -> None:
        """
        The key has signed another log: what is backed up here is not what it stands for.
        """
        await fill(store)
        await checkpoint(store, key)
        other = await opened(f"sqlite:///{tmp_path / 'other.db'}")
        await prepare(other)

        with pytest.raises(ForkError):
            await backup(other, tmp_path / "b.zip", key, now=NOW)

    async def test_into_no_folder_says_so(self, store: EventStore, tmp_path: Path) -> None:
        """
        A file that cannot be written is told with its name.
        """
        with pytest.raises(BackupError, match=r"none/b\.zip: No such file"):
            await backup(store, tmp_path / "none" / "b.zip", None, now=NOW)


@pytest.fixture
async def small(opened: Opener, tmp_path: Path) -> Path:
    """A small backup. From which kind of store it is makes no difference any more."""
    store = await opened(f"sqlite:///{tmp_path / 'source.db'}")
    await prepare(store)
    await fill(store)
    await backup(store, tmp_path / "small.zip", None, now=NOW)
    return tmp_path / "small.zip"


class TestRestore:
    async def test_refuses_a_store_that_is_not_empty(self, small: Path, store: EventStore) -> None:
        """
        Two logs do not become one.
        """
        await report(store, observed(1, PACK))
        before = await kept_in(store)

        with pytest.raises(StoreNotEmptyError, match=r"ends at 2 already.*--db"):
            await restore(store, small, None, now=NOW)

        assert await kept_in(store) == before

    @pytest.mark.parametrize(
        ("member", "old", "new", "message"),
        [
            pytest.param("events", b"2", b"3", "not what the manifest says", id="an event"),
            pytest.param("event_tag", b"21/1", b"21/2", "not what the manifest says", id="a tag"),
            pytest.param("leaf", b"\n", b"", "not what the manifest says", id="a line"),
            pytest.param("tile", b".*", b"", "no whole backup", id="a table that is missing"),
            pytest.param("manifest", b".*", b"", "no whole backup", id="no manifest"),
            pytest.param("manifest", b"backup/1", b"backup/9", "in the format", id="format"),
            pytest.param("manifest", b'"head": 24', b'"head": 25', "says 25", id="another head"),
        ],
    )
    async def test_refuses_a_damaged_file(
        self,
        small: Path,
        opened: Opener,
        sqlite_url: str,
        member: str,
        old: bytes,
        new: bytes,
        message: str,
    ) -> None:
        """
        Whatever is not as it was written is found before anything is there.
        """
        with zipfile.ZipFile(small) as file:
            name = "manifest.json" if member == "manifest" else f"{member}.jsonl"
            text = file.read(name)
        changed = None if old == b".*" else text.replace(old, new, 1)
        assert changed != text
        target = await opened(sqlite_url)

        with pytest.raises(BackupError, match=message):
            await restore(target, rewritten(small, **{member: changed}), None, now=NOW)

        await prepare(target)
        async with target.reading() as session:
            assert await head(session) == 0

    async def test_refuses_events_that_are_not_those_of_the_tree(
        self, small: Path, opened: Opener, sqlite_url: str
    ) -> None:
        """
        Who alters a backup and its digests does not get past the root of the tree.
        """
        with zipfile.ZipFile(small) as file:
            text = file.read("events.jsonl").replace(b"ObjectEvent", b"ObjectEvens", 1)
        value = manifest_of(small)
        value["tables"]["events"]["sha256"] = sha256(text).hexdigest()
        forged = rewritten(small, events=text, manifest=orjson.dumps(value))
        target = await opened(sqlite_url)

        with pytest.raises(BackupError, match="not those that its tree was made of"):
            await restore(target, forged, None, now=NOW)

    async def test_refuses_the_backup_of_a_newer_program(
        self, small: Path, opened: Opener, sqlite_url: str
    ) -> None:
        """
        What was kept in a way that is not known here is left to the program that knows it.
        """
        value = manifest_of(small)
        value["schemas"]["log"] += 1
        newer = rewritten(small, manifest=orjson.dumps(value))

        with pytest.raises(SchemaVersionError, match="a newer one"):
            await restore(await opened(sqlite_url), newer, None, now=NOW)

    async def test_brings_the_backup_of_an_older_program_forward(
        self,
        small: Path,
        opened: Opener,
        target_url: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """
        The tables are made as they were then, filled, and migrated.
        """
        number = len(LOG.migrations) + 1
        sql = "CREATE TABLE note AS SELECT part, event_id FROM events WHERE position < 4"
        later = Migration(number, "notes", dict.fromkeys(DIALECTS, sql))
        newer = Schema("log", (*LOG.migrations, later))
        for name in ("KEPT", "SCHEMAS"):
            schemas = (newer, *getattr(versions, name)[1:])
            monkeypatch.setattr(f"epcis_repo.upkeep.versions.{name}", schemas)
            monkeypatch.setattr(f"epcis_repo.upkeep.restore.{name}", schemas)
        target = await opened(target_url)

        await restore(target, small, None, now=NOW)

        async with target.reading() as session:
            [(count,)] = await session.fetch("SELECT count(*) FROM note")
        assert count == 3
        assert await intact(target)


async def with_backup_behind(
    store: EventStore, path: Path, key: LogKey
) -> tuple[Manifest, Checkpoint]:
    """Make a backup, record and sign more, and return the backup and what was signed last."""
    await fill(store)
    made = await backup(store, path, key, now=NOW)
    await report(store, observed(60, PACK))
    return made, verify_checkpoint(await checkpoint(store, key), [key.verifier])


class TestEpoch:
    async def test_begins_where_more_was_signed_than_is_restored(
        self, store: EventStore, opened: Opener, tmp_path: Path, key: LogKey
    ) -> None:
        """
        The restored log has another origin and another key, says so itself, and what the key of
        before has signed is kept.
        """
        made, last = await with_backup_behind(store, tmp_path / "b.zip", key)
        target = await opened(f"sqlite:///{tmp_path / 'restored.db'}")

        done = await restore(target, tmp_path / "b.zip", key, now=NOW)

        new = open_key(key.path, "log.example")
        assert done.new_key is not None
        assert done.new_key.verifier == new.verifier
        assert new.verifier.name == "log.example/epoch-2"
        signed = verify_checkpoint(await checkpoint(target, new), [new.verifier])
        assert (signed.origin, signed.size) == ("log.example/epoch-2", made.head + 1)
        assert await intact(target, signed)
        said = (await all_of(target))[-1]
        assert said.type == EPOCH_BEGAN
        assert f'"restoredRootHash":"{made.root_hash}"'.encode() in said.data
        assert f"\\n{last.size}\\n".encode() in said.data
        assert verify_checkpoint(key.last_path.read_bytes(), [key.verifier]) == last

    async def test_begins_again_after_each_restore(
        self, store: EventStore, opened: Opener, tmp_path: Path, key: LogKey
    ) -> None:
        """
        A backup of the first epoch may be restored in the second, and begins the third.
        """
        await with_backup_behind(store, tmp_path / "b.zip", key)
        origins = []
        for number in range(2):
            target = await opened(f"sqlite:///{tmp_path / str(number)}.db")
            now_key = open_key(key.path, "log.example")
            done = await restore(target, tmp_path / "b.zip", now_key, now=NOW)
            assert done.new_key is not None
            origins.append(done.new_key.verifier.name)
            await report(target, observed(70, PACK))
            await checkpoint(target, done.new_key)

        assert origins == ["log.example/epoch-2", "log.example/epoch-3"]
        assert open_key(key.path, "log.example").verifier.name == origins[-1]

    async def test_begins_when_it_is_asked_for(
        self, store: EventStore, opened: Opener, tmp_path: Path, key: LogKey
    ) -> None:
        """
        A key that came from a backup itself may have signed more than it knows.
        """
        await fill(store)
        await backup(store, tmp_path / "b.zip", key, now=NOW)
        target = await opened(f"sqlite:///{tmp_path / 'restored.db'}")

        done = await restore(target, tmp_path / "b.zip", key, new_epoch=True, now=NOW)

        assert done.new_key is not None
        assert done.new_key.epoch == 2

    async def test_is_not_begun_for_the_backup_of_another_log(
        self, store: EventStore, opened: Opener, tmp_path: Path, key: LogKey
    ) -> None:
        """
        A key does not come to stand for a log that it has never signed: neither a shorter one
        nor one that is as long.
        """
        other = await opened(f"sqlite:///{tmp_path / 'other.db'}")
        await prepare(other)
        await report(other, observed(1, PACK))
        other_key = open_key(tmp_path / "other.key", "log.example")
        await backup(other, tmp_path / "shorter.zip", other_key, now=NOW)
        await fill(other)
        await backup(other, tmp_path / "longer.zip", other_key, now=NOW)
        await fill(store)
        await checkpoint(store, key)

        for number, name in enumerate(("shorter.zip", "longer.zip")):
            target = await opened(f"sqlite:///{tmp_path / str(number)}.db")
            with pytest.raises(ForkError, match="EPCIS_REPO_KEY"):
                await restore(target, tmp_path / name, key, now=NOW)
            await prepare(target)
            async with target.reading() as session:
                assert await head(session) == 0
        assert open_key(key.path, "log.example").verifier == key.verifier
