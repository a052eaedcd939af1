"""Files beside a key: written whole or not at all, by one process at a time."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from epcis_repo.evidence.errors import KeyFileError


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait for one's turn to write at `path` and beside it."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
    except OSError as error:
        raise KeyFileError(
            f"cannot write beside {path} ({error}): see that the user who runs this may "
            f"write in {path.parent.absolute()}, and that the disk is not full"
        ) from error


def write_whole(path: Path, content: bytes) -> None:
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
