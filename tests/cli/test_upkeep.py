"""Making, migrating, backing up and examining a store at the command line."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path

import pytest

from epcis_repo.store import open_store
from tests.cli.running import run
from tests.rest.documents import document, event
from tests.rest.serving import log_of, must_be_valid
from tests.upkeep.test_versions import make_old


@pytest.fixture(autouse=True)
def key_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's key, in a file of this test."""
    path = tmp_path / "log.key"
    monkeypatch.setenv("EPCIS_REPO_KEY", str(path))
    return path


@pytest.fixture
def db(store_url: str) -> str:
    """A database with two events in it."""
    body = document(event(1, eventID="urn:x:1"), event(2, eventID="urn:x:2"))
    assert run("capture", "-", db=store_url, stdin=body).code == 0
    return store_url


async def age(url: str) -> None:
    """Have the read models of a database be of another version."""
    store = open_store(url)
    await make_old(store)
    await store.close()


class TestInit:
    def test_makes_store_and_key_and_says_so(self, store_url: str, key_path: Path) -> None:
        """
        The first time it makes them, the second it finds them.
        """
        first = run("init", db=store_url)
        again = run("init", "--json", db=store_url)

        assert (first.code, first.out) == (0, "")
        assert "made the store" in first.err
        assert f"made the key {key_path}" in first.err
        assert "keep a copy" in first.err
        assert again.json == {
            "store": again.json["store"],
            "storeMade": False,
            "key": str(key_path),
            "keyMade": False,
            "publicKey": run("key").out.strip(),
        }
        assert "there already: the store" in again.err
        assert log_of(store_url) == (0, 0)

    def test_is_not_needed(self, store_url: str) -> None:
        """
        A capture makes a store that is not there.
        """
        assert run("capture", "-", db=store_url, stdin=document(event(1))).code == 0


class TestMigrate:
    def test_brings_an_older_database_forward(self, db: str) -> None:
        """
        Every other command refuses it with the name of this one; a dry run tells what it would
        do, and does not.
        """
        asyncio.run(age(db))

        refused = run("history", "urn:epc:id:sgtin:030001.0012345.1", db=db)
        tried = run("migrate", "--dry-run", "--json", db=db)
        done = run("migrate", db=db)

        assert refused.code == 6
        assert "lacks event_index 1 (tables)" in refused.err
        assert "epcis-repo migrate" in refused.err
        assert tried.json["done"] is False
        assert "would run event_index 1" in tried.err
        assert (done.code, done.out) == (0, "")
        assert "ran event_index 1 (tables), folded anew from the log\n2 events folded" in done.err
        assert run("fsck", db=db).code == 0

    def test_says_when_there_is_nothing_to_do(self, db: str) -> None:
        """
        A database of this version stays as it is.
        """
        ran = run("migrate", "--json", db=db)

        assert ran.json == {"steps": [], "done": True}
        assert "is of this version" in ran.err


class TestBackup:
    def test_comes_back(self, db: str, tmp_path: Path) -> None:
        """
        What `backup` has written `restore` brings back, into the other kind of store too, and
        the log goes on as it was.
        """
        file, target = tmp_path / "b.zip", f"sqlite:///{tmp_path / 'restored.db'}"
        checkpoint = run("checkpoint", db=db).out

        made = run("backup", str(file), "--json", db=db)
        restored = run("restore", str(file), "--json", db=target)

        must_be_valid(made.json, "backup")
        assert made.json["checkpoint"] == checkpoint
        assert "log.key is not: keep it elsewhere" in made.err
        assert restored.json == {
            "events": 3,
            "rootHash": made.json["rootHash"],
            "origin": None,
            "publicKey": None,
        }
        assert run("fsck", db=target).code == 0
        assert run("checkpoint", db=target).out == checkpoint
        assert log_of(target) == log_of(db)

    def test_makes_no_key(self, db: str, tmp_path: Path, key_path: Path) -> None:
        """
        Where nothing was signed, a backup does not begin to; and a restore says what is missing.
        """
        file, target = tmp_path / "b.zip", f"sqlite:///{tmp_path / 'restored.db'}"

        made = run("backup", str(file), "--json", db=db)
        restored = run("restore", str(file), db=target)

        assert made.json["checkpoint"] is None
        assert not key_path.exists()
        assert f"there is no key {key_path}" in restored.err

    def test_that_is_behind_begins_an_epoch(self, db: str, tmp_path: Path) -> None:
        """
        The new origin and key are told; the old key is there, and everything goes on under the
        same settings.
        """
        file, target = tmp_path / "b.zip", f"sqlite:///{tmp_path / 'restored.db'}"
        old_key = run("key").out.strip()
        run("backup", str(file), db=db)
        run("capture", "-", db=db, stdin=document(event(3)))
        run("checkpoint", db=db)

        restored = run("restore", str(file), "--json", db=target)

        assert restored.json["origin"] == "epcis-repo/epoch-2"
        assert "the log goes on as epcis-repo/epoch-2" in restored.err
        assert run("key").out.strip() == restored.json["publicKey"] != old_key
        assert run("checkpoint", db=target).out.startswith("epcis-repo/epoch-2\n4\n")
        assert run("fsck", db=target).code == 0
        assert (tmp_path / "log.key.epoch-1").exists()

    def test_refusals_have_their_codes(self, db: str, tmp_path: Path) -> None:
        """
        A file that is there, one that is no backup, and a store that is not empty.
        """
        (tmp_path / "there.zip").write_text("mine")
        with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
            file.writestr("a", "b")
        run("backup", str(tmp_path / "b.zip"), db=db)

        there = run("backup", str(tmp_path / "there.zip"), db=db)
        other = run("restore", str(tmp_path / "other.zip"), db=f"sqlite:///{tmp_path / 'n.db'}")
        full = run("restore", str(tmp_path / "b.zip"), db=db)

        assert (there.code, other.code, full.code) == (3, 3, 6)
        assert "is there already" in there.err
        assert "no whole backup" in other.err
        assert "ends at 3 already" in full.err


class TestDoctor:
    def test_has_no_errors_with_a_sound_store(self, db: str) -> None:
        """
        The exit code is 0, also where there are warnings.
        """
        run("init", db=db)

        ran = run("doctor", db=db)
        as_json = run("doctor", "--json", db=db)

        assert (ran.code, ran.err) == (0, "")
        assert "ok      log: the log and its tree end at 3" in ran.out
        must_be_valid(as_json.json, "doctor")

    def test_says_what_to_do(self, db: str, key_path: Path) -> None:
        """
        With an error the exit code is 1, and the advice stands below it.
        """
        run("init", db=db)
        key_path.chmod(0o644)

        ran = run("doctor", db=db)

        assert ran.code == 1
        assert f"error   key: others than its owner may use {key_path}" in ran.out
        assert f"\n        chmod 600 {key_path}\n" in ran.out

    def test_makes_no_database(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        To look at a database is no reason to make one.
        """
        ran = run("doctor", db=sqlite_url)

        assert (ran.code, "epcis-repo init" in ran.out) == (1, True)
        assert not list(tmp_path.glob("*.db"))


class TestADatabaseThatForgets:
    def test_is_refused_by_every_command(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A server that does not flush is used only where the loss is accepted, by name.
        """
        monkeypatch.setenv("EPCIS_REPO_UNSAFE_NOT_DURABLE", "0")

        ran = run("capture", "-", db=postgres_url, stdin=document(event(1)))

        assert ran.code == 6
        assert "fsync is off" in ran.err
        assert "EPCIS_REPO_UNSAFE_NOT_DURABLE=1" in ran.err
