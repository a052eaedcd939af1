"""A witness over HTTP: it co-signs a log that goes on, and refuses one that contradicts itself."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from epcis_repo.evidence.keys import begin_epoch, open_key
from epcis_repo.ledger import (
    COSIGNATURE_V1,
    Ed25519Signer,
    Signature,
    add_signatures,
    cosigned_at,
    parse_checkpoint,
    parse_note,
    parse_verifier_key,
    verify_checkpoint,
)
from epcis_repo.witness import open_witness_key, reach, read_seen, witness
from tests.cli.running import Ran, run
from tests.witness.logs import ORIGIN, forget, grown, pages_of, rewrite, roll_back, served, shown

NAME = "epcis-repo-witness"


def look(url: str, state: Path, *options: str) -> Ran:
    """What the witness says of the log at `url`."""
    return run("witness", url, "--state", str(state), *options)


def trusted(url: str, state: Path) -> bytes:
    """The state after a look that found nothing wrong."""
    ran = look(url, state)
    assert ran.code == 0, ran.err
    return state.read_bytes()


def public_key() -> str:
    return run("key", "--witness").out.strip()


class TestLogThatGoesOn:
    def test_is_trusted_as_it_is_at_first(
        self, log_url: str, store_url: str, state: Path, key: Path
    ) -> None:
        """
        The first checkpoint is co-signed, and the witness says that nothing was there before.
        """
        grown(store_url, "a", "b", "c")

        ran = look(log_url, state)

        assert ran.code == 0
        assert ran.err.startswith("first use: 3 entries and its key epcis-repo+")
        assert parse_checkpoint(parse_note(ran.out.encode()).text).size == 3
        assert stat.S_IMODE(state.stat().st_mode) == 0o600

    def test_is_co_signed_as_it_grows(self, log_url: str, store_url: str, state: Path) -> None:
        """
        From the empty log on, through tiles that fill up and levels that begin.
        """
        witness_key = None
        for before, size in [(None, 0), (0, 3), (3, 3), (3, 256), (256, 700), (700, 701)]:
            grown(store_url, *(f"{before}-{number}" for number in range(size - (before or 0))))

            ran = look(log_url, state)

            assert ran.code == 0, ran.err
            witness_key = witness_key or parse_verifier_key(public_key())
            assert list(cosigned_at(ran.out.encode(), [witness_key])) == [witness_key]
            if before is not None:
                assert f"{size} entries, which go on from the {before} that were" in ran.err

    def test_is_told_for_programs(self, log_url: str, store_url: str, state: Path) -> None:
        """
        `--json` has the same in members.
        """
        grown(store_url, "a")
        key = run_key_of(log_url)

        first = look(log_url, state, "--json", "--verifier", key).json
        grown(store_url, "b")
        second = look(log_url, state, "--json").json

        assert (first["firstUse"], first["sizeBefore"], first["treeSize"]) == (True, None, 1)
        assert (second["firstUse"], second["sizeBefore"], second["treeSize"]) == (False, 1, 2)
        signed = verify_checkpoint(second["checkpoint"].encode(), [parse_verifier_key(key)])
        assert signed.size == 2

    def test_may_be_looked_at_by_several_at_once(
        self, log_url: str, store_url: str, state: Path, witness_key: Path
    ) -> None:
        """
        Who looks while another does answers by what the other has seen.
        """
        signer = open_witness_key(witness_key, NAME)
        grown(store_url, "a")

        async def looks() -> list[int | None]:
            async with reach(log_url) as log:
                found = await asyncio.gather(
                    *(witness(log, signer, state, log_key=None, now=n) for n in range(8))
                )
            return [None if each.before is None else each.before.size for each in found]

        assert sorted(asyncio.run(looks()), key=str) == [1] * 7 + [None]
        assert read_seen(state, signer.key) is not None

    def test_may_carry_what_others_have_signed(
        self, log_url: str, store_url: str, state: Path
    ) -> None:
        """
        However many signatures a log adds, ours and its own are what is kept.
        """
        grown(store_url, "a")
        pages = pages_of(log_url, "/tile/0/000.p/1")
        others = [Signature(f"other/{n}", bytes(4), bytes(64)) for n in range(99)]
        pages["/checkpoint"] = add_signatures(pages["/checkpoint"], *others)

        with shown(pages) as url:
            for _ in range(2):
                ran = look(url, state)
                assert ran.code == 0, ran.err
                names = [s.name for s in parse_note(ran.out.encode()).signatures]
                assert names == ["epcis-repo", NAME]


def run_key_of(url: str) -> str:
    return pages_of(url)["/key"].decode().strip()


def forked(key: Path, other_db: str, size: int) -> str:
    """Another log, signed with the key of the first."""
    forget(key)
    return grown(other_db, *map(str, range(size)))


# What is shown after five entries were seen, and what the witness says of it.
DEEDS: dict[str, tuple[Callable[[str, Path, str], str], str]] = {
    "another history of the same size": (
        lambda _, key, other: forked(key, other, 5),
        "two histories of 5 entries are signed with one key",
    ),
    "another history that is longer": (
        lambda _, key, other: forked(key, other, 300),
        "its first 5 entries are others, with the root ",
    ),
    "another history that is shorter": (
        lambda _, key, other: forked(key, other, 4),
        "1 entries that were signed are gone",
    ),
    "no history any more": (
        lambda _, key, other: forked(key, other, 0),
        "5 entries that were signed are gone",
    ),
    "the same history rolled back": (
        lambda db, key, _: roll_back(db, key, 3),
        "2 entries that were signed are gone",
    ),
    "the same history rolled back and gone on otherwise": (
        lambda db, key, _: grown(roll_back(db, key, 3), "x", "y", "z"),
        "its first 5 entries are others, with the root ",
    ),
    "the same history with one event rewritten": (
        lambda db, key, _: rewrite(db, key, 2),
        "two histories of 5 entries are signed with one key",
    ),
    "the same history with one event rewritten, gone on": (
        lambda db, key, _: grown(rewrite(db, key, 2), "x"),
        "its first 5 entries are others, with the root ",
    ),
}


class TestLogThatContradictsItself:
    @pytest.mark.parametrize("deed", DEEDS)
    def test_is_refused(
        self, store_url: str, other_db: str, key: Path, state: Path, deed: str
    ) -> None:
        """
        Though signed with the right key: both checkpoints are named and kept, none is co-signed.
        """
        grown(store_url, *"abcde")
        with served(store_url, key) as url:
            seen = trusted(url, state)
        work, reason = DEEDS[deed]
        db = work(store_url, key, other_db)

        with served(db, key) as url:
            pages = pages_of(url)
            ran = look(url, state)
            again = look(url, state)

        assert (ran.code, ran.out) == (1, "")
        assert reason in ran.err
        first = json.loads(seen)["checkpoint"].encode()
        for note in (first, pages["/checkpoint"]):
            found = parse_checkpoint(parse_note(note).text)
            assert f"{found.size} entries and root {found.root.hex()[:16]}" in ran.err
        evidence = state.with_name("log.state.refused")
        kept = {path.read_bytes() for path in evidence.iterdir()}
        assert kept == {first, pages["/checkpoint"]}
        assert all(str(path) in ran.err for path in evidence.iterdir())
        assert state.read_bytes() == seen
        assert again == ran

    def test_is_believed_again_when_it_goes_on(
        self, store_url: str, other_db: str, key: Path, state: Path
    ) -> None:
        """
        What was refused leaves no trace in what is remembered.
        """
        grown(store_url, *"abcde")
        with served(store_url, key) as url:
            trusted(url, state)
        forked(key, other_db, 9)
        with served(other_db, key) as url:
            assert look(url, state).code == 1
        forget(key)

        with served(store_url, key) as url:
            assert look(url, state).code == 0


class TestSignature:
    def test_of_another_key_is_refused(self, store_url: str, tmp_path: Path, state: Path) -> None:
        """
        Who has another key under the same name is not the log; both checkpoints are kept.
        """
        grown(store_url, "a")
        (tmp_path / "other").mkdir()
        with served(store_url, tmp_path / "log.key") as url:
            trusted(url, state)
        with served(store_url, tmp_path / "other" / "log.key") as url:
            ran = look(url, state)

        assert (ran.code, ran.out) == (1, "")
        assert "signatures: expected one of epcis-repo" in ran.err
        assert len(list(state.with_name("log.state.refused").iterdir())) == 2

    def test_that_is_not_of_the_key_that_was_given_is_refused_at_first(
        self, log_url: str, state: Path
    ) -> None:
        """
        With `--verifier` the first checkpoint is not trusted blindly; nothing is remembered.
        """
        other = Ed25519Signer("epcis-repo", b"o" * 32).key

        ran = look(log_url, state, "--verifier", str(other))

        assert ran.code == 1
        assert "where nothing was seen before" in ran.err
        assert not state.exists()

    def test_of_a_new_epoch_needs_a_state_of_its_own(
        self, store_url: str, tmp_path: Path, state: Path, key: Path
    ) -> None:
        """
        A log that calls itself otherwise is told from a broken signature, with what to do.
        """
        grown(store_url, "a")
        with served(store_url, key) as url:
            trusted(url, state)
        begin_epoch(open_key(key, ORIGIN))
        with served(store_url, key) as url:
            ran = look(url, state)
            new_key = run_key_of(url)
            wrong = look(url, state, "--verifier", new_key)
            right = look(url, tmp_path / "second.state", "--verifier", new_key)

        assert ran.code == 1
        assert "it is of epcis-repo/epoch-2, not of epcis-repo" in ran.err
        assert "--state" in ran.err
        assert (wrong.code, right.code) == (2, 0)
        assert "has a state of its own" in wrong.err

    @pytest.mark.parametrize("place", [0, 13, 60, -3])
    def test_over_another_text_is_refused(
        self, log_url: str, store_url: str, state: Path, place: int
    ) -> None:
        """
        A byte of the checkpoint that was changed on the way is no checkpoint of the log.
        """
        grown(store_url, "a")
        trusted(log_url, state)
        pages = pages_of(log_url)
        note = bytearray(pages["/checkpoint"])
        note[place] ^= 1
        pages["/checkpoint"] = bytes(note)

        with shown(pages) as url:
            ran = look(url, state)

        assert (ran.code, ran.out) == (1, "")
        assert bytes(note) in {
            p.read_bytes() for p in (state.parent / "log.state.refused").iterdir()
        }


class TestTiles:
    def test_that_do_not_lead_to_what_was_signed_are_refused(
        self, log_url: str, store_url: str, state: Path
    ) -> None:
        """
        A log that cannot show that it goes on is not co-signed.
        """
        grown(store_url, "a")
        trusted(log_url, state)
        grown(store_url, "b", "c")
        pages = pages_of(log_url, "/tile/0/000.p/3")
        pages["/tile/0/000.p/3"] = pages["/tile/0/000.p/3"][:32] + bytes(64)

        with shown(pages) as url:
            ran = look(url, state)

        assert ran.code == 1
        assert "its tiles lead to another root" in ran.err

    def test_that_are_cut_short_are_refused(
        self, log_url: str, store_url: str, state: Path
    ) -> None:
        """
        A tile has the hashes that its path says.
        """
        grown(store_url, "a", "b")
        pages = pages_of(log_url, "/tile/0/000.p/2")
        pages["/tile/0/000.p/2"] = pages["/tile/0/000.p/2"][:63]

        with shown(pages) as url:
            ran = look(url, state)

        assert ran.code == 1
        assert "tile/0/000.p/2: expected 64 bytes, found 63" in ran.err


class TestNoAnswer:
    @pytest.mark.parametrize(
        ("pages", "said"),
        [
            pytest.param({}, "answers 404: no such page", id="nothing there"),
            pytest.param({"/key": b"hello\n"}, "answers with no key", id="no key"),
            pytest.param({"/key": b"x" * 5000}, "more than the 1024 bytes", id="too much"),
        ],
    )
    def test_is_neither_yes_nor_no(
        self, tmp_path: Path, pages: dict[str, bytes], said: str
    ) -> None:
        """
        What is no log is told from a log that contradicts itself, and nothing is kept of it.
        """
        with shown(pages) as url:
            ran = look(url, tmp_path / "state")

        assert (ran.code, ran.out) == (6, "")
        assert said in ran.err
        assert [path.name for path in tmp_path.iterdir()] == ["witness.key"]

    def test_is_taken_from_what_has_no_end(self, state: Path) -> None:
        """
        No more is read than there can be, whatever is sent.
        """
        with shown({"/key": b"x" * 1000}, endless=True) as url:
            ran = look(url, state)

        assert ran.code == 6
        assert "more than the 1024 bytes" in ran.err

    def test_of_a_log_without_tiles(self, log_url: str, store_url: str, state: Path) -> None:
        """
        Without tiles nothing can be shown, and nothing is co-signed.
        """
        grown(store_url, "a")

        with shown(pages_of(log_url)) as url:
            ran = look(url, state)

        assert ran.code == 6
        assert "tile/0/000.p/1" in ran.err
        assert not state.exists()

    def test_from_where_nobody_listens(self, state: Path) -> None:
        """
        A log that is down is not available.
        """
        with shown({}) as url:
            pass

        ran = look(url, state)

        assert ran.code == 6
        assert "no answer from" in ran.err

    @pytest.mark.parametrize(
        "url", ["log.example", "ftp://log.example", "http://", "http://a:b", ""]
    )
    def test_from_what_is_no_address(self, state: Path, url: str) -> None:
        """
        A mistyped address is told with the form that would do.
        """
        ran = look(url, state)

        assert ran.code == 3
        assert "is no address" in ran.err


class TestMemory:
    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda text: text.replace("\\n1\\n", "\\n0\\n"), id="another size"),
            pytest.param(lambda text: text[: len(text) // 2], id="cut short"),
            pytest.param(lambda _: "[]", id="no state"),
            pytest.param(lambda _: "", id="empty"),
            pytest.param(
                lambda text: text.replace(f"— {NAME}", "— another"), id="not co-signed by us"
            ),
        ],
    )
    def test_that_was_altered_is_not_believed(
        self, log_url: str, store_url: str, state: Path, change: Callable[[str], str]
    ) -> None:
        """
        Nobody without the witness's key can make it remember another past.
        """
        grown(store_url, "a")
        text = trusted(log_url, state).decode()
        state.write_text(change(text))
        assert state.read_text() != text

        ran = look(log_url, state)

        assert ran.code == 2
        assert "put the file back" in ran.err

    def test_of_another_witness_is_not_believed(
        self, log_url: str, state: Path, witness_key: Path
    ) -> None:
        """
        A new key has seen nothing.
        """
        trusted(log_url, state)
        witness_key.unlink()

        assert look(log_url, state).code == 2

    def test_that_cannot_be_written_says_so(self, log_url: str, tmp_path: Path) -> None:
        """
        What is not remembered is not co-signed.
        """
        ran = look(log_url, tmp_path / "nowhere" / "state")

        assert (ran.code, ran.out) == (2, "")
        assert "cannot write beside" in ran.err


class TestKey:
    def test_is_made_once_and_kept_secret(self, witness_key: Path) -> None:
        """
        The first use makes a key for cosignatures, readable by its owner alone.
        """
        first, second = public_key(), public_key()

        assert first == second
        assert parse_verifier_key(first).signature_type == COSIGNATURE_V1
        assert parse_verifier_key(first).name == NAME
        assert stat.S_IMODE(witness_key.stat().st_mode) == 0o600

    def test_is_of_one_witness(
        self, witness_key: Path, monkeypatch: pytest.MonkeyPatch, key: Path
    ) -> None:
        """
        Another name needs another key, and the key of a log is none of a witness.
        """
        public_key()
        monkeypatch.setenv("EPCIS_REPO_WITNESS_NAME", "witness.example")
        assert run("key", "--witness").code == 2
        monkeypatch.delenv("EPCIS_REPO_WITNESS_NAME")
        witness_key.write_text("hello")
        assert run("key", "--witness").code == 2
        witness_key.write_text(Ed25519Signer(NAME, b"s" * 32).private_text())
        assert run("key", "--witness").code == 2
