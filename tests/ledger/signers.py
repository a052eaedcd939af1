"""Keys and signed checkpoints of a log that only the tests know."""

from __future__ import annotations

from collections.abc import Sequence

from epcis_repo.ledger import COSIGNATURE_V1, Checkpoint, Ed25519Signer, sign_checkpoint
from tests.ledger.reference import ReferenceTree

ORIGIN = "log.example/part-1"
LOG = Ed25519Signer(ORIGIN, bytes(range(32)))
OTHER_LOG = Ed25519Signer("other.example/log", bytes(range(32)))
WITNESS = Ed25519Signer("witness.example/w1", b"w" * 32, signature_type=COSIGNATURE_V1)
OTHER_WITNESS = Ed25519Signer("witness.example/w2", b"v" * 32, signature_type=COSIGNATURE_V1)


def head(tree: ReferenceTree, size: int, origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, tree.root(size))


def signed(
    tree: ReferenceTree, size: int, signers: Sequence[Ed25519Signer] = (LOG,), origin: str = ORIGIN
) -> bytes:
    """The first checkpoint that the log ever signed."""
    return sign_checkpoint(head(tree, size, origin), signers, last_signed=None, consistency=[])
