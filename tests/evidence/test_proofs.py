"""Checkpoints that never contradict each other, and proofs that need nothing but a public key."""

from __future__ import annotations

import asyncio
import stat
from itertools import pairwise
from pathlib import Path

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.evidence.errors import KeyFileError, TreeError
from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.evidence.operations import check_proof, checkpoint, prepare, proof
from epcis_repo.ledger import (
    Checkpoint,
    Ed25519Signer,
    EvidenceError,
    ForkError,
    MalformedEvidenceError,
    TlogProof,
    parse_proof,
    parse_verifier_key,
    render_entry,
    render_proof,
    verify_checkpoint,
    verify_consistency,
)
from epcis_repo.store import EventStore, open_store
from tests.evidence.conftest import ORIGIN
from tests.evidence.logs import alter, capture, entries, flipped, record, values_of
from tests.ledger.reference import ReferenceTree


async def rewrite(store: EventStore, url: str, position: int) -> None:
    """Alter an event and make the tree anew, so that nothing in the database contradicts it."""
    data = (await values_of(store, "events", ["data"], f"position = {position}"))[0]
    async with store.reading() as session:
        part = session.part
    await alter(
        url,
        f"UPDATE events SET data = $1 WHERE part = $2 AND position = {position}",
        flipped(data),
        part,
    )
    for table in ("tile", "leaf"):
        await alter(url, f"DELETE FROM {table} WHERE part = $1", part)
    await prepare(store)


class TestCheckpoint:
    async def test_is_the_root_of_all_entries(self, store: EventStore, key: LogKey) -> None:
        """
        What is signed is the size and the root hash of RFC 6962, under the name of the log.
        """
        await record(store, *map(str, range(300)))

        signed = verify_checkpoint(await checkpoint(store, key), [key.verifier])

        root = ReferenceTree(await entries(store)).root(300)
        assert (signed.origin, signed.size, signed.root) == (ORIGIN, 300, root)

    async def test_continues_the_one_before(self, store: EventStore, key: LogKey) -> None:
        """
        Of any two checkpoints the later tree begins with the earlier.
        """
        heads: list[Checkpoint] = []
        for size in (1, 200, 0, 100, 300):
            await record(store, *(f"{len(heads)}-{number}" for number in range(size)))
            heads.append(verify_checkpoint(await checkpoint(store, key), [key.verifier]))

        tree = ReferenceTree(await entries(store))
        assert [head.size for head in heads] == [1, 201, 201, 301, 601]
        for old, new in pairwise(heads):
            verify_consistency(
                tree.proof(old.size, new.size),
                old_size=old.size,
                old_root=old.root,
                new_size=new.size,
                new_root=new.root,
            )

    async def test_is_signed_once(self, store: EventStore, key: LogKey) -> None:
        """
        While the log does not grow, everybody gets the same bytes.
        """
        await record(store, "a")

        first = await checkpoint(store, key)

        assert await checkpoint(store, key) == first == key.last_signed()

    async def test_is_never_of_a_fork(self, store: EventStore, store_url: str, key: LogKey) -> None:
        """
        A log that was rewritten after it was signed is not signed again, whatever is added.
        """
        await record(store, "a", "b", "c")
        before = await checkpoint(store, key)
        await rewrite(store, store_url, 2)

        with pytest.raises(ForkError, match="does not begin with"):
            await checkpoint(store, key)
        await record(store, "d")
        with pytest.raises(ForkError, match="does not begin with"):
            await checkpoint(store, key)
        with pytest.raises(ForkError):
            await proof(store, key, "a")
        assert key.last_signed() == before

    async def test_is_never_of_a_shorter_log(
        self, store: EventStore, store_url: str, key: LogKey
    ) -> None:
        """
        Where entries are lost, nothing is signed.
        """
        await record(store, "a", "b")
        await checkpoint(store, key)
        async with store.reading() as session:
            part = session.part
        await alter(store_url, "DELETE FROM tile WHERE part = $1", part)

        with pytest.raises(ForkError, match="had 2 entries when it was last signed and has 0"):
            await checkpoint(store, key)

    async def test_goes_on_after_a_restart(
        self, store: EventStore, store_url: str, key: LogKey
    ) -> None:
        """
        Another process with the same key remembers what was signed, and refuses the same fork.
        """
        await record(store, "a", "b")
        await checkpoint(store, key)
        again, same_key = open_store(store_url), open_key(key.path, ORIGIN)
        await prepare(again)
        await record(again, "c")

        signed = verify_checkpoint(await checkpoint(again, same_key), [key.verifier])
        await again.close()

        assert signed.size == 3
        await rewrite(store, store_url, 1)
        with pytest.raises(ForkError):
            await checkpoint(store, open_key(key.path, ORIGIN))

    async def test_is_one_for_all_who_ask_at_once(self, store: EventStore, key: LogKey) -> None:
        """
        While the log grows, each of many who sign at once gets a checkpoint that holds, and the
        largest is the last.
        """

        async def grow(name: str) -> int:
            await record(store, name)
            return verify_checkpoint(await checkpoint(store, key), [key.verifier]).size

        sizes = await asyncio.gather(*(grow(str(number)) for number in range(20)))

        assert verify_checkpoint(key.last_signed(), [key.verifier]).size == max(sizes) == 20


class TestProof:
    async def test_of_any_event_needs_only_the_key(self, store: EventStore, key: LogKey) -> None:
        """
        Each event of the log has a proof that holds offline, and tells what it is of.
        """
        await capture(store, 1, 270)
        public_key = parse_verifier_key(str(key.verifier))
        names = [f"urn:x:{number}" for number in range(1, 271)]

        for position, name in enumerate(names, 1):
            entry, signed = check_proof(await proof(store, key, name), public_key)
            assert (entry.event_id, entry.position, entry.type) == (name, position, "ObjectEvent")
            assert signed.size == 271

    async def test_does_not_hold_when_a_byte_differs(self, store: EventStore, key: LogKey) -> None:
        """
        No byte of the file can be another, to the last bit of the last signature.
        """
        await record(store, *map(str, range(5)))
        good = await proof(store, key, "3")
        check_proof(good, key.verifier)

        for place in range(len(good)):
            with pytest.raises(EvidenceError):
                check_proof(flipped(good, place), key.verifier)

    async def test_does_not_hold_for_another_key(self, store: EventStore, key: LogKey) -> None:
        """
        Who signs under the same name with another key proves nothing.
        """
        await record(store, "a")
        other = Ed25519Signer(ORIGIN, b"o" * 32)

        with pytest.raises(EvidenceError) as caught:
            check_proof(await proof(store, key, "a"), other.key)

        assert caught.value.part == "signatures"

    async def test_without_its_entry_says_so(self, store: EventStore, key: LogKey) -> None:
        """
        A proof file of another log may have no entry in it.
        """
        await record(store, "a")
        found = parse_proof(await proof(store, key, "a"))
        bare = render_proof(TlogProof(found.index, found.hashes, found.checkpoint))

        with pytest.raises(MalformedEvidenceError, match="extra"):
            check_proof(bare, key.verifier)

    async def test_is_of_what_is_recorded(self, store: EventStore, key: LogKey) -> None:
        """
        What is not recorded has no proof.
        """
        with pytest.raises(NotFoundError, match="urn:x:none"):
            await proof(store, key, "urn:x:none")

    @pytest.mark.parametrize(
        ("table", "column"), [("events", "data"), ("events", "type"), ("leaf", "salt")]
    )
    async def test_is_not_given_for_what_was_altered(
        self, store: EventStore, store_url: str, key: LogKey, table: str, column: str
    ) -> None:
        """
        Nobody is handed a proof that does not hold.
        """
        await record(store, "a", "b")
        [value] = await values_of(store, table, [column], "position = 1")
        async with store.reading() as session:
            part = session.part
        other = " " + value if column == "type" else flipped(value)
        await alter(
            store_url,
            f"UPDATE {table} SET {column} = $1 WHERE part = $2 AND position = 1",
            other,
            part,
        )

        with pytest.raises(TreeError, match="fsck"):
            await proof(store, key, "a")
        check_proof(await proof(store, key, "b"), key.verifier)

    async def test_carries_the_entry(self, store: EventStore, key: LogKey) -> None:
        """
        Who has the file has the digests of the event and its document too.
        """
        await record(store, "a")
        data = await proof(store, key, "a")

        entry, _ = check_proof(data, key.verifier)

        assert [render_entry(entry)] == await entries(store)


class TestKey:
    def test_is_made_once_and_kept_secret(self, tmp_path: Path) -> None:
        """
        The first use makes the key, readable by its owner alone; every other use finds it.
        """
        first = open_key(tmp_path / "log.key", ORIGIN)
        second = open_key(tmp_path / "log.key", ORIGIN)

        assert first.verifier == second.verifier
        assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
        assert "PRIVATE" not in str(first.verifier)
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "log.key",
            "log.key.checkpoint",
        ]

    def test_without_what_it_signed_last_signs_nothing(self, key: LogKey) -> None:
        """
        To take away the memory of the key does not make it sign anything.
        """
        key.last_path.unlink()

        with pytest.raises(KeyFileError, match="put the file back"):
            open_key(key.path, ORIGIN).last_signed()

    def test_with_what_another_has_signed_signs_nothing(self, key: LogKey, tmp_path: Path) -> None:
        """
        Nor does another memory.
        """
        (tmp_path / "other").mkdir()
        other = open_key(tmp_path / "other" / "log.key", ORIGIN)
        key.last_path.write_bytes(other.last_signed())

        with pytest.raises(KeyFileError, match="is not what"):
            key.last_signed()

    async def test_is_not_made_anew_beside_what_it_signed(
        self, store: EventStore, key: LogKey
    ) -> None:
        """
        A lost key is told from a log that never had one.
        """
        await record(store, "a")
        await checkpoint(store, key)
        key.path.unlink()

        with pytest.raises(KeyFileError, match="put the key back"):
            open_key(key.path, ORIGIN)

    def test_signs_for_one_log(self, key: LogKey) -> None:
        """
        Another origin needs another key.
        """
        with pytest.raises(KeyFileError, match=f"signs for {ORIGIN}, not for other"):
            open_key(key.path, "other")

    def test_that_is_none_says_what_to_do(self, tmp_path: Path) -> None:
        """
        A file that holds no key, and a place where none can be made, are told apart.
        """
        (tmp_path / "text").write_text("hello")

        with pytest.raises(KeyFileError, match="holds no key"):
            open_key(tmp_path / "text", ORIGIN)
        with pytest.raises(KeyFileError, match="cannot write beside"):
            open_key(tmp_path / "nowhere" / "log.key", ORIGIN)
