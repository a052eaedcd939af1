"""
The witness's key, and what it saw last of a log.

- A state is of one log: its key and its last checkpoint, as the witness co-signed it. So
  nobody without the witness's key can make it remember another past.
- Without a state there is no past: the first checkpoint of a log is trusted as it is.
- What is co-signed is on the disk before anybody sees it. Several processes take turns.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.evidence.files import turn, write_whole
from epcis_repo.ledger import (
    COSIGNATURE_V1,
    Checkpoint,
    Ed25519Signer,
    EvidenceError,
    Signer,
    VerifierKey,
    cosigned_at,
    parse_signer_key,
    parse_verifier_key,
    verify_checkpoint,
)

_SEED_SIZE = 32


@dataclass(frozen=True, slots=True)
class Seen:
    """The key of a log, and the last checkpoint that the witness co-signed with it."""

    log_key: VerifierKey
    note: bytes

    @property
    def checkpoint(self) -> Checkpoint:
        return verify_checkpoint(self.note, [self.log_key])


def open_witness_key(path: Path, name: str) -> Signer:
    """Return the key at `path`, which co-signs as `name`; make one if there is none yet."""
    try:
        if not path.exists():
            with turn(path):
                if not path.exists():  # by now: another process was first
                    new = Ed25519Signer(
                        name, secrets.token_bytes(_SEED_SIZE), signature_type=COSIGNATURE_V1
                    )
                    write_whole(path, f"{new.private_text()}\n".encode())
        signer = parse_signer_key(path.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError, EvidenceError) as error:
        raise KeyFileError(
            f"the witness's key {path} cannot be used ({error}): put it back from its backup, or "
            "name another file in EPCIS_REPO_WITNESS_KEY"
        ) from error
    if (signer.key.name, signer.key.signature_type) != (name, COSIGNATURE_V1):
        raise KeyFileError(
            f"the key {path} is that of {signer.key.name}, and no witness {name}: name the one in "
            "EPCIS_REPO_WITNESS_NAME, or another key in EPCIS_REPO_WITNESS_KEY"
        )
    return signer


def read_seen(path: Path, witness: VerifierKey) -> Seen | None:
    """Return what the witness saw last, None where it never looked; `KeyFileError` if altered."""
    try:
        value = json.loads(path.read_bytes())
        seen = Seen(parse_verifier_key(value["log"]), value["checkpoint"].encode())
        verify_checkpoint(seen.note, [seen.log_key])
        cosigned_at(seen.note, [witness])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, EvidenceError) as error:
        raise KeyFileError(
            f"{path} is not what {witness.name} has co-signed ({error}): put the file back from "
            "its backup; to trust the log anew, take it away"
        ) from error
    return seen


def remember(path: Path, seen: Seen, *, after: Seen | None, witness: VerifierKey) -> bool:
    """Keep what was seen after `after`; False when that is no longer what was seen last."""
    with turn(path):
        if read_seen(path, witness) != after:
            return False
        value = {"log": str(seen.log_key), "checkpoint": seen.note.decode()}
        write_whole(path, f"{json.dumps(value, ensure_ascii=False, indent=2)}\n".encode())
        return True


def keep_refused(path: Path, *notes: bytes) -> tuple[Path, ...]:
    """Keep checkpoints that contradict each other beside the state, each under its digest."""
    folder = path.with_name(f"{path.name}.refused")
    kept = tuple(folder / f"{sha256(note).hexdigest()[:16]}.checkpoint" for note in notes)
    with turn(path):
        folder.mkdir(exist_ok=True)
        for place, note in zip(kept, notes, strict=True):
            write_whole(place, note)
    return kept
