"""
Disks that fail: SQLite's files behind a VFS that counts what is done to them.

While one of these is in use, every connection of the process goes through it, as it was
written: the product is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import apsw

from epcis_repo.store import EventStore

_names = count(1)


@dataclass(frozen=True)
class Operation:
    """Something that changes a file: a write, a sync, a truncation, a removal."""

    number: int
    kind: str
    path: str
    # Does the first half of a write; of another operation nothing.
    do_half: Callable[[], None]


class FaultyDisk(apsw.VFS):
    """
    The machine's own files, with `fault` asked before each operation.

    It may end the process, or raise an error of SQLite, which is then what the operation gives.
    """

    def __init__(self, fault: Callable[[Operation], None]) -> None:
        self.fault = fault
        self.count = 0
        super().__init__(f"faulty-{next(_names)}", "unix", makedefault=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.unregister()

    def before(self, kind: str, path: str, do_half: Callable[[], None] = lambda: None) -> None:
        self.count += 1
        self.fault(Operation(self.count, kind, path, do_half))

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _FaultyFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - the same
        self.before("delete", filename)
        super().xDelete(filename, syncdir)


class _FaultyFile(apsw.VFSFile):
    def __init__(self, disk: FaultyDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("unix", name, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - SQLite's name
        half = bytes(data[: len(data) // 2])
        write = super().xWrite
        self._disk.before("write", self._path, lambda: write(half, offset))
        write(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - the same
        self._disk.before("truncate", self._path)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802 - the same
        self._disk.before("sync", self._path)
        super().xSync(flags)


@contextmanager
def checkpointing_often() -> Iterator[None]:
    """Have SQLite move pages from its log to its file after a few of them, not a thousand."""

    def hook(connection: apsw.Connection) -> None:
        connection.wal_autocheckpoint(40)

    apsw.connection_hooks.append(hook)
    try:
        yield
    finally:
        apsw.connection_hooks.remove(hook)


async def closed(store: EventStore, path: Path) -> None:
    """
    Close a store whose disk fails.

    SQLite does not mind a last checkpoint that fails: the next who opens the file does it. From
    a VFS in Python the error comes through all the same.
    """
    with suppress(apsw.Error):
        await store.close()
    for connection in apsw.connections():
        if connection.filename == str(path):
            connection.close()
