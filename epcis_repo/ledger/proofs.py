"""
Proof files (c2sp.org/tlog-proof): that an entry is in a log, for whoever has the log's key.

A file holds the entry's index, its inclusion proof, the checkpoint it leads to, and `extra`.
The evidence that we hand out carries the entry itself there. The format promises nothing
about that line, and need not: the entry is what the inclusion proof is verified for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from epcis_repo.ledger.checkpoints import Checkpoint, cosigned_at, verify_checkpoint
from epcis_repo.ledger.errors import MalformedEvidenceError, SignatureError
from epcis_repo.ledger.lines import (
    parse_base64,
    parse_hash,
    parse_number,
    parse_text,
    render_base64,
    shown,
)
from epcis_repo.ledger.notes import VerifierKey
from epcis_repo.ledger.tree import INCLUSION, leaf_hash, verify_inclusion

EXTENSION = ".tlog-proof"

_HEADER = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True)
class TlogProof:
    """What a proof file says. The checkpoint is kept as it was signed, to the byte."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None


def render_proof(proof: TlogProof) -> bytes:
    lines = [
        _HEADER,
        *([] if proof.extra is None else [f"extra {render_base64(proof.extra)}"]),
        f"index {proof.index}",
        *map(render_base64, proof.hashes),
    ]
    return "".join(f"{line}\n" for line in lines).encode() + b"\n" + proof.checkpoint


def parse_proof(data: bytes) -> TlogProof:
    """Return what a proof file says; nothing of it is verified yet."""
    head, separator, checkpoint = data.partition(b"\n\n")
    if not separator:
        raise MalformedEvidenceError("proof file", "no empty line before a checkpoint")
    header, *lines = parse_text(head, part="proof file").split("\n")
    if header != _HEADER:
        raise MalformedEvidenceError("header", f"expected {_HEADER}, found {shown(header)}")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = parse_base64(lines.pop(0).removeprefix("extra "), part="extra")
    if not lines or not lines[0].startswith("index "):
        raise MalformedEvidenceError("index", "no line for it")
    index = parse_number(lines.pop(0).removeprefix("index "), part="index")
    hashes = tuple(parse_hash(line, part=INCLUSION) for line in lines)
    return TlogProof(index, hashes, checkpoint, extra)


def verify_proof(
    data: bytes,
    entry: bytes,
    log_keys: Iterable[VerifierKey],
    witness_keys: Iterable[VerifierKey] = (),
) -> Checkpoint:
    """
    Return the checkpoint of a log that holds `entry`, as the proof file in `data` shows.

    Every witness whose key is given must have co-signed it. Raises `EvidenceError`, whose
    `part` says what does not hold.
    """
    proof = parse_proof(data)
    checkpoint = verify_checkpoint(proof.checkpoint, log_keys)
    witnesses = tuple(witness_keys)
    if witnesses:
        found = cosigned_at(proof.checkpoint, witnesses)
        missing = [key.name for key in witnesses if key not in found]
        if missing:
            raise SignatureError("witnesses", f"not co-signed by {', '.join(missing)}")
    verify_inclusion(
        proof.hashes,
        leaf=leaf_hash(entry),
        index=proof.index,
        size=checkpoint.size,
        root=checkpoint.root,
    )
    return checkpoint
