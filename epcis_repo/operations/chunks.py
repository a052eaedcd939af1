"""
What was made of a document, on its way to the log: in memory where it is little, else in a file.

The file has no name, so nobody else can open it, and it is gone with the process, however that
ends. It lies in the folder for temporary files (TMPDIR).
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import IO, Any

from epcis_repo.errors import StoreFullError

# What is recorded at once is written to the index in order: the more, the fewer pages twice.
CHUNK_SIZE = 8 << 20
CHUNK_LENGTH = 8_000
# Up to sixty documents may share a transaction, and all of them are in memory then.
LONG_SIZE = 1 << 20
LONG_LENGTH = 1_000

# Of the versions of this format, the last that does not look for values that it has written
# before: that takes longer than all else.
_VERSION = 2
_LENGTH_SIZE = 8

Values = tuple[Any, ...]
"""Made of texts, bytes, numbers, None, and of tuples and dicts of such."""


class Chunks:
    """Values in the order in which they were added, some thousand at a time."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._last: list[Values] = []
        self._size = 0

    @property
    def are_long(self) -> bool:
        """Whether they are too much to be recorded together with those of others."""
        return self._file is not None or self._size > LONG_SIZE or len(self._last) > LONG_LENGTH

    def add(self, values: Values, size: int) -> None:
        """Add values that take about `size` bytes."""
        if self._size + size > CHUNK_SIZE or len(self._last) >= CHUNK_LENGTH:
            self._put_away()
        self._last.append(values)
        self._size += size

    def __iter__(self) -> Iterator[list[Values]]:
        """Yield the chunks; there is one at least."""
        if self._file is not None:
            self._file.seek(0)
            while length := self._file.read(_LENGTH_SIZE):
                # What this process wrote itself, to a file that nobody else can open.
                yield marshal.loads(self._file.read(int.from_bytes(length)))  # noqa: S302
        yield self._last

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()

    def _put_away(self) -> None:
        if not self._last:
            return
        data = marshal.dumps(self._last, _VERSION)
        try:
            if self._file is None:
                self._file = TemporaryFile()  # noqa: SIM115 - until `close`
            self._file.write(len(data).to_bytes(_LENGTH_SIZE) + data)
        except OSError as error:
            raise no_room(error) from error
        self._last, self._size = [], 0


def no_room(error: OSError) -> StoreFullError:
    """Return what to raise when a temporary file cannot be written."""
    return StoreFullError(
        f"a long document is kept in a temporary file while it is read, and that cannot be written "
        f"({error.strerror or error}): free some room, or name another folder in TMPDIR"
    )
