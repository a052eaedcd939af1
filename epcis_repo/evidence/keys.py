"""
The key of the log, and beside it the checkpoint that it signed last.

- A key and its last checkpoint are made together: that of the empty log. From then on there
  is no key without one, so taking the file away does not make the key forget.
- What is signed is on the disk before anybody sees it. Several processes take turns.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from epcis_repo.evidence.errors import KeyFileError
from epcis_repo.ledger import (
    EMPTY_ROOT,
    Checkpoint,
    Ed25519Signer,
    EvidenceError,
    Signer,
    VerifierKey,
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
        return last_path_of(self.path)

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
        with _turn(self.path):
            if self.last_signed() != after:
                return None
            last = verify_checkpoint(after, [self.verifier])
            note = sign_checkpoint(tree, [self.signer], last_signed=last, consistency=consistency)
            _write_whole(self.last_path, note)
            return note


def open_key(path: Path, origin: str) -> LogKey:
    """Return the key at `path`, which signs for `origin`; make one if there is none yet."""
    try:
        if not path.exists():
            with _turn(path):
                _make_key(path, origin)
        signer = parse_signer_key(path.read_text("utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(
            f"the key {path} cannot be used ({error}): name a file that may be read and written, "
            "in EPCIS_REPO_KEY"
        ) from error
    except EvidenceError as error:
        raise KeyFileError(
            f"{path} holds no key ({error}): name another file in EPCIS_REPO_KEY, or put the key "
            "back from its backup"
        ) from error
    if signer.key.name != origin:
        raise KeyFileError(
            f"the key {path} signs for {signer.key.name}, not for {origin}: name the one in "
            "EPCIS_REPO_ORIGIN, or another key in EPCIS_REPO_KEY"
        )
    return LogKey(signer, path)


def last_path_of(path: Path) -> Path:
    """Return the file beside the key at `path` with what it signed last."""
    return path.with_name(f"{path.name}.checkpoint")


def _make_key(path: Path, origin: str) -> None:
    if path.exists():  # by now: another process was first
        return
    if last_path_of(path).exists():
        raise KeyFileError(
            f"there is no key {path}, but it has signed {last_path_of(path)}: put the key back "
            "from its backup, or name another file in EPCIS_REPO_KEY to begin with a new one"
        )
    signer = Ed25519Signer(origin, secrets.token_bytes(_SEED_SIZE))
    empty = Checkpoint(origin, 0, EMPTY_ROOT)
    note = sign_checkpoint(empty, [signer], last_signed=None, consistency=[])
    _write_whole(path, f"{signer.private_text()}\n".encode())
    _write_whole(last_path_of(path), note)


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Wait for one's turn to write beside `path`."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyFileError(
            f"cannot write beside the key {path} ({error}): see that the user who runs this may "
            f"write in {path.parent.absolute()}, and that the disk is not full"
        ) from error


def _write_whole(path: Path, content: bytes) -> None:
    """Replace the file, so that after a power cut it is the old one or the new, and readable."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        new.unlink(missing_ok=True)
