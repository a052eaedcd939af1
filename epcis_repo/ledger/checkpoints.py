"""
Checkpoints (c2sp.org/tlog-checkpoint): the signed promise that a tree of a size has a root.

- There is no way to sign a tree here but to show what was signed last and that the new tree
  begins with it. Whoever signs keeps the last checkpoint apart from the tree, durably, before
  the new one leaves the house; the same for a witness and what it co-signed last.
- The name of a log's key is the log's origin, so a key vouches for one log only.
- A restored backup is shorter than what was signed, and no signature can tell it from
  tampering. It begins a new epoch instead: another origin, and nothing signed under it yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from epcis_repo.ledger.errors import (
    ForkError,
    MalformedEvidenceError,
    ProofError,
    SignatureError,
)
from epcis_repo.ledger.lines import parse_hash, parse_number, render_base64, shown
from epcis_repo.ledger.notes import (
    COSIGNATURE_V1,
    TIMESTAMP_MAX,
    TIMESTAMP_SIZE,
    Note,
    Signature,
    Signer,
    VerifierKey,
    cosigned_message,
    is_key_name,
    parse_note,
    sign_note,
    verify_note,
)
from epcis_repo.ledger.tree import verify_consistency

PART = "checkpoint"
_EPOCH = re.compile(r"(.+)/epoch-([2-9]|[1-9][0-9]+)")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: which log, how many entries, and the root hash over them."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


def epoch_origin(name: str, epoch: int) -> str:
    """Return the origin of a log in an epoch. The first is 1; each restore begins the next."""
    assert is_key_name(name)
    assert epoch >= 1
    return name if epoch == 1 else f"{name}/epoch-{epoch}"


def epoch_of(origin: str) -> tuple[str, int]:
    """Return the name of a log and its epoch, from the origin in that epoch."""
    match = _EPOCH.fullmatch(origin)
    return (origin, 1) if match is None else (match[1], int(match[2]))


def parse_checkpoint(text: str) -> Checkpoint:
    """Return what a checkpoint says, without its signatures: the text of a note."""
    lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 3 or not all(lines):
        raise MalformedEvidenceError(PART, "expected lines with origin, size and root hash")
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin,
        parse_number(size, part=f"{PART} size"),
        parse_hash(root, part=f"{PART} root hash"),
        tuple(extensions),
    )


def render_checkpoint(checkpoint: Checkpoint) -> str:
    # Nobody audits extension lines, so we write none.
    assert not checkpoint.extensions
    return f"{checkpoint.origin}\n{checkpoint.size}\n{render_base64(checkpoint.root)}\n"


def next_checkpoint(
    last: Checkpoint | None, tree: Checkpoint, consistency: Sequence[bytes]
) -> Checkpoint:
    """
    Return `tree` when it may be signed after `last`, or raise `ForkError`.

    `last` is None only where nothing was signed under this origin before.
    """
    if last is None:
        return tree
    if tree.origin != last.origin:
        raise ForkError(
            f"the last checkpoint is of {shown(last.origin)}, this tree of {shown(tree.origin)}: "
            "each log, and each epoch of it, has its own last checkpoint"
        )
    if tree.size < last.size:
        raise ForkError(
            f"{tree.origin} had {last.size} entries when it was last signed and has {tree.size}: "
            "if an older backup was restored, begin a new epoch; otherwise entries are lost"
        )
    try:
        verify_consistency(
            consistency,
            old_size=last.size,
            old_root=last.root,
            new_size=tree.size,
            new_root=tree.root,
        )
    except ProofError as error:
        raise ForkError(
            f"{tree.origin} at size {tree.size} does not begin with the {last.size} entries that "
            f"were signed: they have changed since, or the proof is not theirs ({error})"
        ) from error
    return tree


def sign_checkpoint(
    tree: Checkpoint,
    signers: Iterable[Signer],
    *,
    last_signed: Checkpoint | None,
    consistency: Sequence[bytes],
) -> bytes:
    """Return the signed checkpoint of `tree`, or raise `ForkError`."""
    signers = tuple(signers)
    assert all(signer.key.name == tree.origin for signer in signers)
    return sign_note(render_checkpoint(next_checkpoint(last_signed, tree, consistency)), signers)


def verify_checkpoint(data: bytes, log_keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return the checkpoint in `data`, which the log it names has signed with one of its keys."""
    return _verified(parse_note(data), log_keys)


def cosign_checkpoint(
    data: bytes,
    log_keys: Iterable[VerifierKey],
    signer: Signer,
    *,
    last_seen: Checkpoint | None,
    consistency: Sequence[bytes],
    timestamp: int,
) -> Signature:
    """
    Return a witness's signature on the log's checkpoint in `data`, or raise `ForkError`.

    It says that at `timestamp`, in seconds since 1970, this was the largest tree that the
    witness had seen of the log, and that it continued all it had seen before.
    """
    assert signer.key.signature_type == COSIGNATURE_V1
    assert 0 <= timestamp <= TIMESTAMP_MAX
    note = parse_note(data)
    next_checkpoint(last_seen, _verified(note, log_keys), consistency)
    signature = signer.sign(cosigned_message(note.text.encode(), timestamp))
    value = timestamp.to_bytes(TIMESTAMP_SIZE) + signature
    return Signature(signer.key.name, signer.key.key_id, value)


def cosigned_at(data: bytes, witness_keys: Iterable[VerifierKey]) -> dict[VerifierKey, int]:
    """
    Return which of the witnesses have co-signed the checkpoint, and when, in seconds since 1970.

    Raises `SignatureError` when none has.
    """
    keys = tuple(witness_keys)
    for key in keys:
        if key.signature_type != COSIGNATURE_V1:
            raise SignatureError("witness key", f"{key.name} does not make cosignatures")
    verified = verify_note(parse_note(data), keys)
    return {key: int.from_bytes(found.value[:TIMESTAMP_SIZE]) for key, found in verified}


def _verified(note: Note, log_keys: Iterable[VerifierKey]) -> Checkpoint:
    verified = verify_note(note, log_keys)
    checkpoint = parse_checkpoint(note.text)
    if all(key.name != checkpoint.origin for key, _ in verified):
        names = ", ".join(sorted({key.name for key, _ in verified}))
        raise SignatureError(
            PART, f"of {shown(checkpoint.origin)}, but signed with the key of {names}"
        )
    return checkpoint
