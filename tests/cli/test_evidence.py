"""Checkpoint, proofs and the integrity check at the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from epcis_repo.store import open_store
from tests.cli.running import run
from tests.evidence.logs import alter, flipped, values_of
from tests.rest.documents import document, event
from tests.rest.serving import must_be_valid


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


def alter_event(db: str) -> None:
    """Change a byte of the second event."""

    async def work() -> None:
        store = open_store(db)
        [data] = await values_of(store, "events", ["data"], "position = 2")
        async with store.reading() as session:
            part = session.part
        await store.close()
        await alter(
            db,
            "UPDATE events SET data = $1 WHERE part = $2 AND position = 2",
            flipped(data, -3),
            part,
        )

    asyncio.run(work())


class TestProof:
    def test_holds_offline_with_the_public_key_alone(self, db: str, tmp_path: Path) -> None:
        """
        The file and what `key` shows are enough; the key may stand in a file as well.
        """
        key = run("key").out.strip()
        (tmp_path / "public").write_text(f"{key}\n")
        file = tmp_path / "event.tlog-proof"
        assert run("proof", "urn:x:2", "--out", str(file), db=db).code == 0

        for given in (key, str(tmp_path / "public")):
            ran = run("check-proof", str(file), "--key", given)
            assert (ran.code, ran.err) == (0, "")
            assert "urn:x:2 is in the log epcis-repo" in ran.out
            assert "ObjectEvent at position 2 of 3" in ran.out
        as_json = run("check-proof", str(file), "--key", key, "--json").json
        assert (as_json["holds"], as_json["eventID"], as_json["position"]) == (True, "urn:x:2", 2)

    @pytest.mark.parametrize(
        ("old", "new", "part"),
        [
            pytest.param("index 1", "index 0", "inclusion proof", id="another index"),
            pytest.param("\n3\n", "\n4\n", "signature of epcis-repo", id="another size"),
            pytest.param("c2sp", "c3sp", "header", id="another format"),
            pytest.param("extra ", "extra A", "extra", id="no base64"),
        ],
    )
    def test_that_does_not_hold_says_which_part(
        self, db: str, old: str, new: str, part: str
    ) -> None:
        """
        The exit code is 1, and a sentence names what failed.
        """
        key, good = run("key").out.strip(), run("proof", "urn:x:2", db=db).out
        bad = good.replace(old, new, 1).encode()
        assert bad != good.encode()

        ran = run("check-proof", "-", "--key", key, stdin=bad)
        as_json = run("check-proof", "-", "--key", key, "--json", stdin=bad)

        assert (ran.code, ran.out) == (1, "")
        assert f"the proof does not hold: {part}" in ran.err
        assert (as_json.code, as_json.json["part"]) == (1, part)

    def test_of_nothing_recorded_is_not_found(self, db: str) -> None:
        """
        What is not recorded has no proof.
        """
        assert run("proof", "urn:x:none", db=db).code == 4

    def test_with_a_key_that_is_none_is_wrong_input(self, db: str) -> None:
        """
        A mistyped key is told from a proof that does not hold.
        """
        ran = run("check-proof", "-", "--key", "epcis-repo+x", stdin=b"")

        assert ran.code == 3
        assert "verifier key" in ran.err


class TestCheckpoint:
    def test_is_printed_as_signed(self, db: str) -> None:
        """
        Name, size, root and signature, and the same again while nothing is added.
        """
        ran = run("checkpoint", db=db)

        assert ran.code == 0
        assert ran.out.startswith("epcis-repo\n3\n")
        assert "\n\n— epcis-repo " in ran.out
        assert run("checkpoint", db=db).out == ran.out

    def test_of_another_log_under_the_same_key_is_refused(self, db: str, tmp_path: Path) -> None:
        """
        A key that has signed one log signs no other: whoever believed it would see a fork.
        """
        run("checkpoint", db=db)
        other = f"sqlite:///{tmp_path / 'other.db'}"
        body = document(*(event(number) for number in range(9)))
        run("capture", "-", db=other, stdin=body)

        ran = run("checkpoint", db=other)

        assert (ran.code, ran.out) == (1, "")
        assert "does not begin with the 3 entries that were signed" in ran.err

    def test_under_another_name_needs_another_key(
        self, db: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The name of the log is that of its key.
        """
        run("checkpoint", db=db)
        monkeypatch.setenv("EPCIS_REPO_ORIGIN", "log.example")

        ran = run("checkpoint", db=db)

        assert ran.code == 2
        assert "EPCIS_REPO_ORIGIN" in ran.err


class TestFsck:
    def test_passes_what_is_as_it_was_recorded(self, db: str, key_path: Path) -> None:
        """
        A sound log passes, without a key too, and then none is made.
        """
        ran = run("fsck", db=db)
        assert (ran.code, ran.out) == (0, "")
        assert "3 events checked: all as recorded" in ran.err
        assert not key_path.exists()
        run("checkpoint", db=db)

        value = run("fsck", "--json", db=db).json

        must_be_valid(value, "integrity")
        assert (value["intact"], value["events"], value["signedSize"]) == (True, 3, 3)

    def test_names_what_was_altered(self, db: str) -> None:
        """
        The exit code is 1, and the record is named by position and eventID.
        """
        run("checkpoint", db=db)
        alter_event(db)

        ran = run("fsck", db=db)
        as_json = run("fsck", "--json", db=db)

        assert ran.code == as_json.code == 1
        assert "altered: event at position 2 (urn:x:2): data or salt" in ran.err
        must_be_valid(as_json.json, "integrity")
        assert as_json.json["alterations"][0]["eventID"] == "urn:x:2"
        assert run("proof", "urn:x:2", db=db).code == 1
