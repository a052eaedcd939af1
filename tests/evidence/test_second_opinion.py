"""
What we hand out is verified by others: by hand with the words of the specifications, and by an
implementation of the C2SP formats that shares no code with ours.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.operations import checkpoint, proof, tile
from epcis_repo.ledger import (
    Checkpoint,
    add_signatures,
    cosign_checkpoint,
    new_tiles,
    parse_proof,
    verify_checkpoint,
)
from epcis_repo.store import EventStore
from tests.evidence.logs import capture, entries, flipped, record
from tests.ledger.reference import Shape, inclusion_shape
from tests.ledger.signers import WITNESS

SIZES = (0, 1, 2, 255, 256, 257, 300)


def entry_by_hand(data: bytes, key: str) -> bytes:
    """
    The entry that a proof file holds, by its lines and the public key.

    Nothing of ours is asked. What does not hold is an AssertionError or `InvalidSignature`.
    """
    head, signed = data.decode().split("\n\n", 1)
    header, extra, index, *hashes = head.split("\n")
    assert header == "c2sp.org/tlog-proof@v1"
    entry = base64.b64decode(extra.removeprefix("extra "), validate=True)
    text, signatures = signed.split("\n\n")
    origin, size, root = text.split("\n")
    name, _, encoded = key.split("+", 2)
    [signature] = [
        line.split(" ")[2] for line in signatures.split("\n") if line.startswith(f"— {name} ")
    ]
    public_key = base64.b64decode(encoded)[1:]
    Ed25519PublicKey.from_public_bytes(public_key).verify(
        base64.b64decode(signature)[4:], f"{text}\n".encode()
    )
    assert origin == name
    named: dict[object, bytes] = dict(enumerate(map(base64.b64decode, hashes)))
    named["leaf"] = sha256(b"\0" + entry).digest()
    shape = inclusion_shape(int(index.removeprefix("index ")), int(size))
    assert hash_of(shape, named) == base64.b64decode(root)
    return entry


def hash_of(shape: Shape, named: dict[object, bytes]) -> bytes:
    if not isinstance(shape, tuple):
        return named[shape]
    return sha256(b"\1" + b"".join(hash_of(half, named) for half in shape)).digest()


class TestByHand:
    async def test_every_proof_holds(self, store: EventStore, key: LogKey) -> None:
        """
        Each event's file leads from its entry to the root that the log has signed.
        """
        await capture(store, 1, 270)
        stored = await entries(store)

        for number in range(1, 271):
            data = await proof(store, key, f"urn:x:{number}")
            assert entry_by_hand(data, str(key.verifier)) == stored[number - 1]

    async def test_nothing_else_holds(self, store: EventStore, key: LogKey) -> None:
        """
        Another entry, another hash on the way, or another root leads nowhere.
        """
        await record(store, *map(str, range(5)))
        data = await proof(store, key, "3")
        found, signed = (
            parse_proof(data),
            verify_checkpoint(await checkpoint(store, key), [key.verifier]),
        )
        assert found.extra is not None
        for value in (found.extra, *found.hashes, signed.root):
            changed = data.replace(base64.b64encode(value), base64.b64encode(flipped(value)))
            assert changed != data

            with pytest.raises((AssertionError, InvalidSignature)):
                entry_by_hand(changed, str(key.verifier))


@pytest.fixture(scope="module")
def theirs() -> Any:
    """The other implementation."""
    return pytest.importorskip("aics_tlog", reason="the second opinion needs Python 3.12")


async def tiles_of(store: EventStore, size: int) -> dict[str, bytes]:
    """All tiles of a log of that size, by the path they are served at."""
    return {each.path: await tile(store, each.path) for each in new_tiles(0, size)}


class TestOtherImplementation:
    async def test_believes_every_proof(self, theirs: Any, store: EventStore, key: LogKey) -> None:
        """
        Signature and inclusion hold by its verification, and for no other entry.
        """
        await capture(store, 1, 270)
        log_key = theirs.parse_vkey(str(key.verifier))

        for number in range(1, 271):
            found = parse_proof(await proof(store, key, f"urn:x:{number}"))
            signed = theirs.verify_checkpoint(theirs.parse_note(found.checkpoint), log_key)
            assert signed.ok, signed.error
            place = (found.index, signed.size, found.hashes, signed.root)
            assert found.extra is not None
            assert theirs.verify_leaf_inclusion(found.extra, *place)
            assert not theirs.verify_leaf_inclusion(found.extra + b" ", *place)

    async def test_makes_the_same_of_our_tiles(
        self, theirs: Any, store: EventStore, key: LogKey
    ) -> None:
        """
        From the tiles that we serve it derives the roots that we sign, and proofs that hold.
        """
        heads: list[Checkpoint] = []
        for size in SIZES:
            names = range(heads[-1].size if heads else 0, size)
            await record(store, *map(str, names))
            heads.append(verify_checkpoint(await checkpoint(store, key), [key.verifier]))
        reader = theirs.MemoryTileReader(await tiles_of(store, SIZES[-1]))

        for new in heads:
            assert theirs.tree_root_from_tiles(reader, new.size, SIZES[-1]) == new.root
            for old in heads:
                if old.size <= new.size:
                    shown = theirs.consistency_proof_from_tiles(
                        reader, old.size, new.size, SIZES[-1]
                    )
                    assert theirs.verify_consistency(old.size, new.size, old.root, new.root, shown)

    async def test_counts_our_witness(self, theirs: Any, store: EventStore, key: LogKey) -> None:
        """
        A cosignature of ours is one of a witness that it knows, at the time that we say.
        """
        await record(store, "a", "b")
        note = await checkpoint(store, key)
        cosigned = add_signatures(
            note,
            cosign_checkpoint(
                note,
                [key.verifier],
                WITNESS,
                last_seen=None,
                consistency=[],
                timestamp=1_780_000_000,
            ),
        )

        found = theirs.verify_checkpoint(
            theirs.parse_note(cosigned),
            theirs.parse_vkey(str(key.verifier)),
            [theirs.parse_vkey(str(WITNESS.key))],
            1,
        )

        assert found.ok, found.error
        assert found.timestamps == {WITNESS.key.name: 1_780_000_000}
