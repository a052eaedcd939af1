"""
The key of the log, and beside it the checkpoint that it signed last.

- A key and its last checkpoint are made together: that of the empty log. From then on there
  is no key without one, so taking the file away does not make the key forget.
- What is signed is on the disk before anybody sees it. Several processes take turns.
- A restored backup that is shorter than what was signed begins a new epoch of the log, which has
  a key and a last checkpoint of its own. The key before is kept beside it; it signs no more.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.evidence.files import turn, write_whole
from epcis_repo.ledger import (
    EMPTY_ROOT,
    Checkpoint,
    Ed25519Signer,
    EvidenceError,
    Signer,
    VerifierKey,
    epoch_of,
    epoch_origin,
    parse_checkpoint,
    parse_note,
    parse_signer_key,
    sign_checkpoint,
    verify_checkpoint,
)

_SEED_SIZE = 32


@dataclass(frozen=True, slots=True)
class LogKey:
    """Who signs for the log, and the files that hold the key and what was signed last."""

    signer: Signer
    path: Path

    @property
    def verifier(self) -> VerifierKey:
        """What others check the signatures with; no secret."""
        return self.signer.key

    @property
    def last_path(self) -> Path:
        """The file with the checkpoint that was signed last."""
        return last_path_of(self.path, self.epoch)

    @property
    def epoch(self) -> int:
        """Which epoch of the log it signs for; the first is 1."""
        return epoch_of(self.verifier.name)[1]

    def verifiers(self) -> list[VerifierKey]:
        """Return what checks the signatures of this epoch and of those before."""
        former = (_former_path(self.path, epoch) for epoch in range(1, self.epoch))
        return [self.verifier, *(_read_key(path).key for path in former if path.exists())]

    def last_signed(self) -> bytes:
        """Return the checkpoint that was signed last, as it was signed."""
        try:
            note = self.last_path.read_bytes()
            verify_checkpoint(note, [self.verifier])
        except OSError as error:
            raise KeyFileError(
                f"what the key {self.path} has signed last cannot be read from {self.last_path} "
                f"({error.strerror}): put the file back, from the backup of the key; without it "
                "nothing is signed, since nobody could tell a log that was rewritten"
            ) from error
        except EvidenceError as error:
            raise KeyFileError(
                f"{self.last_path} is not what {self.verifier.name} has signed ({error}): put the "
                "file back, from the backup of the key"
            ) from error
        return note

    def sign(self, tree: Checkpoint, consistency: Sequence[bytes], *, after: bytes) -> bytes | None:
        """
        Return the signed checkpoint of `tree`, which goes on from the checkpoint `after`.

        None when `after` is no longer the last. Raises `ForkError` rather than sign a tree that
        does not begin with the last.
        """
        with turn(self.path):
            if self.last_signed() != after:
                return None
            last = verify_checkpoint(after, [self.verifier])
            note = sign_checkpoint(tree, [self.signer], last_signed=last, consistency=consistency)
            write_whole(self.last_path, note)
            return note


def open_key(path: Path, origin: str) -> LogKey:
    """Return the key at `path`, which signs for `origin`; make one if there is none yet."""
    try:
        if not path.exists():
            with turn(path):
                _make_key(path, origin)
    except OSError as error:
        raise _unusable(path, error) from error
    signer = _read_key(path)
    if origin not in (signer.key.name, epoch_of(signer.key.name)[0]):
        raise KeyFileError(
            f"the key {path} signs for {signer.key.name}, not for {origin}: name the one in "
            "EPCIS_REPO_ORIGIN, or another key in EPCIS_REPO_KEY"
        )
    return LogKey(signer, path)


def begin_epoch(key: LogKey) -> LogKey:
    """
    Have the log go on in a new epoch, and return its key, which has signed nothing yet.

    The key before is kept beside it, and so is what that signed last.
    """
    with turn(key.path):
        name, epoch = epoch_of(key.verifier.name)
        signer, note = _new_signer(epoch_origin(name, epoch + 1))
        # The last step takes the old key's place; cut short before, it is the key still.
        write_whole(_former_path(key.path, epoch), key.path.read_bytes())
        write_whole(last_path_of(key.path, epoch + 1), note)
        write_whole(key.path, f"{signer.private_text()}\n".encode())
        return LogKey(signer, key.path)


def last_path_of(path: Path, epoch: int = 1) -> Path:
    """Return the file beside the key at `path` with what it signed last in an epoch."""
    # Its own in each epoch, so that a new one begins with one step: that of the key.
    suffix = "" if epoch == 1 else f".epoch-{epoch}"
    return path.with_name(f"{path.name}{suffix}.checkpoint")


def _former_path(path: Path, epoch: int) -> Path:
    return path.with_name(f"{path.name}.epoch-{epoch}")


def _read_key(path: Path) -> Signer:
    try:
        return parse_signer_key(path.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from error
    except EvidenceError as error:
        raise KeyFileError(
            f"{path} holds no key ({error}): name another file in EPCIS_REPO_KEY, or put the key "
            "back from its backup"
        ) from error


def _unusable(path: Path, error: Exception) -> KeyFileError:
    return KeyFileError(
        f"the key {path} cannot be used ({error}): name a file that may be read and written, "
        "in EPCIS_REPO_KEY"
    )


def _make_key(path: Path, origin: str) -> None:
    if path.exists():  # by now: another process was first
        return
    signed = [p for p in path.parent.glob("*.checkpoint") if p.name.startswith(f"{path.name}.")]
    if signed and not (signed == [last_path_of(path)] and _is_of_the_empty_log(signed[0])):
        raise KeyFileError(
            f"there is no key {path}, but it has signed {signed[0]}: put the key back "
            "from its backup, or name another file in EPCIS_REPO_KEY to begin with a new one"
        )
    signer, note = _new_signer(origin)
    # The key comes last: whoever sees one, at any moment, finds what it has signed.
    write_whole(last_path_of(path), note)
    write_whole(path, f"{signer.private_text()}\n".encode())


def _is_of_the_empty_log(path: Path) -> bool:
    """Say whether a checkpoint without its key is what the making of a key left, cut short."""
    try:
        return parse_checkpoint(parse_note(path.read_bytes()).text).size == 0
    except EvidenceError:
        return False


def _new_signer(origin: str) -> tuple[Ed25519Signer, bytes]:
    """Return a key of its own for `origin`, and the checkpoint of the empty log that it signs."""
    signer = Ed25519Signer(origin, secrets.token_bytes(_SEED_SIZE))
    empty = Checkpoint(origin, 0, EMPTY_ROOT)
    return signer, sign_checkpoint(empty, [signer], last_signed=None, consistency=[])
