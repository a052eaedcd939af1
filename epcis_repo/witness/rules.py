"""What a witness refuses to sign. Checkpoints and hashes in, a reason out."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.ledger import (
    Checkpoint,
    EvidenceError,
    HashReader,
    VerifierKey,
    consistency_proof,
    parse_checkpoint,
    parse_note,
    root_hash,
)

_ROOT_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Derived:
    """What the tiles of a log lead to: its root, that of its beginning, and what joins the two."""

    root: bytes
    root_before: bytes
    consistency: tuple[bytes, ...]


def derive(read: HashReader, *, size_before: int, size: int) -> Derived:
    """Return what the nodes of a tree of `size` entries say of it and of its beginning."""
    return Derived(
        root=root_hash(read, size),
        root_before=root_hash(read, size_before),
        consistency=tuple(consistency_proof(read, size_before, size)),
    )


def shrunk(seen: Checkpoint, shown: Checkpoint) -> str | None:
    """Say what is wrong with a tree that is shorter than it was; None if it is not."""
    if shown.size >= seen.size:
        return None
    return (
        f"{seen.size - shown.size} entries that were signed are gone; a log that is restored "
        "from a backup begins a new epoch, with a name and a key of its own"
    )


def contradiction(seen: Checkpoint, shown: Checkpoint, derived: Derived) -> str | None:
    """Say how a tree, no shorter than before, contradicts what was seen; None if it does not."""
    if shown.size == seen.size and shown.root != seen.root:
        return f"two histories of {seen.size} entries are signed with one key"
    if derived.root != shown.root:
        return f"its tiles lead to another root, {derived.root.hex()}"
    if derived.root_before != seen.root:
        return (
            f"its first {seen.size} entries are others, with the root {derived.root_before.hex()}"
        )
    return None


def unsigned(note: bytes, key: VerifierKey, error: EvidenceError) -> str:
    """Say what is wrong with a checkpoint that is not signed by `key`."""
    try:
        origin = parse_checkpoint(parse_note(note).text).origin
    except EvidenceError:
        origin = key.name
    if origin == key.name:
        return str(error)
    return (
        f"it is of {origin}, not of {key.name} ({error}); where the log has begun a new epoch, "
        "have the new key from its operator, and witness it with a --state of its own"
    )


def described(note: bytes) -> str:
    """Return a checkpoint in words, signed or not, whatever it is."""
    try:
        found = parse_checkpoint(parse_note(note).text)
    except EvidenceError:
        return f"something that is no checkpoint ({len(note)} bytes)"
    return f"{found.origin} with {found.size} entries and root {found.root.hex()[:_ROOT_SHOWN]}…"
