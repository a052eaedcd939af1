"""The files that a command is given to read, where - is stdin, and those that it is to write."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from epcis_repo import errors


def size_of(name: str) -> int:
    """Return how many bytes there are to read, as far as that can be known before: else 0."""
    path = Path(name)
    return path.stat().st_size if path.is_file() else 0


def read(name: str) -> bytes:
    with _readable(name):
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


@contextmanager
def document_file(name: str) -> Iterator[IO[bytes]]:
    """Open a document; what comes through a pipe goes to a temporary file first."""
    with ExitStack() as files:
        with _readable(name):
            if name == "-":
                source: IO[bytes] = sys.stdin.buffer
            else:
                source = files.enter_context(Path(name).open("rb"))
            if name == "-" or not source.seekable():
                pipe, source = source, files.enter_context(TemporaryFile())
                shutil.copyfileobj(pipe, source)
                source.seek(0)
        yield source


@contextmanager
def written_file(name: str) -> Iterator[Callable[[bytes], object]]:
    """Give what writes to a file, which is there under its name only when all is written."""
    path = Path(name)
    # What is no file, such as a pipe, cannot be put in place of itself.
    whole = path if path.exists() and not path.is_file() else path.with_name(f"{path.name}.part")
    try:
        with whole.open("wb") as file:
            yield file.write
        if whole != path:
            whole.replace(path)
    except OSError as error:
        raise errors.InputError(f"cannot write {name}: {error.strerror}") from error
    finally:
        if whole != path:
            whole.unlink(missing_ok=True)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errors.InputError(f"cannot read {name}: {error.strerror}") from error
