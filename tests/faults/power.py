"""
A disk in memory that remembers what was done to it, and what a power cut would have left.

What was written and not synced is in doubt at a cut: each such write is kept or dropped,
whole, or by sectors of 512 bytes. A version of a sector that was overwritten before the cut
may be what is left, too: that is the same as the later write dropped. Files come and go at
once; that a directory forgets them is not part of the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

import apsw

SECTOR = 512
_names = count(1)


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that were written somewhere."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file was cut to a size."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """
    All that was written to a file is on the disk.

    Or it `failed`, and what was in doubt is not written any more, whoever asks: so do the
    kernels behave.
    """

    file: str
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Delete:
    """A file was removed."""

    file: str


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody was told that a document is recorded."""

    document: str
    capture: str


Step = Write | Truncate | Sync | Delete | Told


class MemoryDisk(apsw.VFS):
    """
    The disk, while a store is used on it; `steps` is what was done, in order.

    Only locks and shared memory are the machine's: for them there are empty files.
    """

    def __init__(self, *, sync_fails: Callable[[str], bool] = lambda _file: False) -> None:
        self.files: dict[str, bytearray] = {}
        self.steps: list[Step] = []
        self.sync_fails = sync_fails
        super().__init__(f"memory-{next(_names)}", "unix", makedefault=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.unregister()

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802 - SQLite's name
        return _MemoryFile(self, name, flags)

    def xAccess(self, pathname: str, _flags: int) -> bool:  # noqa: N802 - the same
        return pathname in self.files

    def xDelete(self, filename: str, _syncdir: bool) -> None:  # noqa: N802 - the same
        self.files.pop(filename, None)
        self.steps.append(Delete(filename))
        Path(filename).unlink(missing_ok=True)


class _MemoryFile(apsw.VFSFile):
    def __init__(self, disk: MemoryDisk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        super().__init__("unix", name, flags)
        disk.files.setdefault(self._path, bytearray())

    @property
    def _content(self) -> bytearray:
        return self._disk.files[self._path]

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name
        return bytes(self._content[offset : offset + amount])

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802 - the same
        step = Write(self._path, offset, bytes(data))
        self._disk.steps.append(step)
        apply(self._content, step)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - the same
        step = Truncate(self._path, newsize)
        self._disk.steps.append(step)
        apply(self._content, step)

    def xSync(self, _flags: int) -> None:  # noqa: N802 - the same
        failed = self._disk.sync_fails(self._path)
        self._disk.steps.append(Sync(self._path, failed))
        if failed:
            raise apsw.IOError("the disk failed to sync, as it was told to")

    def xFileSize(self) -> int:  # noqa: N802 - the same
        return len(self._content)


def apply(content: bytearray, step: Write | Truncate) -> None:
    """Do to a file what the step did."""
    if isinstance(step, Truncate):
        del content[step.size :]
        content.extend(bytes(step.size - len(content)))
    else:
        content.extend(bytes(max(0, step.offset - len(content))))
        content[step.offset : step.offset + len(step.data)] = step.data


class Platter:
    """What is on the disk for good after so many steps, and what is in doubt, by file."""

    def __init__(self) -> None:
        self.durable: dict[str, bytearray] = {}
        self.in_doubt: dict[str, list[Write | Truncate]] = {}
        self.told: list[tuple[str, str]] = []

    def go_on(self, steps: Iterable[Step]) -> None:
        """Have more steps done."""
        for step in steps:
            match step:
                case Told():
                    self.told.append((step.document, step.capture))
                case Delete():
                    self.durable.pop(step.file, None)
                    self.in_doubt.pop(step.file, None)
                case Sync():
                    pending = self.in_doubt.pop(step.file, [])
                    content = self.durable.setdefault(step.file, bytearray())
                    for kept in () if step.failed else pending:
                        apply(content, kept)
                case _:
                    self.in_doubt.setdefault(step.file, []).append(step)

    def left_by(self, fate: Fate, chances: Random) -> dict[str, bytes]:
        """What a cut now leaves of each file."""
        left = {}
        for file in self.durable.keys() | self.in_doubt.keys():
            content = bytearray(self.durable.get(file, b""))
            for step in fate(self.in_doubt.get(file, []), chances):
                apply(content, step)
            left[file] = bytes(content)
        return left


Fate = Callable[[Sequence[Write | Truncate], Random], Iterable[Write | Truncate]]
"""Which of the writes in doubt are on the disk after a cut, and what of each."""


def kept(pending: Sequence[Write | Truncate], _chances: Random) -> Iterable[Write | Truncate]:
    """All of them, as when only the process was killed."""
    return pending


def dropped(_pending: Sequence[Write | Truncate], _chances: Random) -> Iterable[Write | Truncate]:
    """None of them."""
    return ()


def cut_short(pending: Sequence[Write | Truncate], chances: Random) -> Iterable[Write | Truncate]:
    """The first of them."""
    return pending[: chances.randint(0, len(pending))]


def reordered(pending: Sequence[Write | Truncate], chances: Random) -> Iterable[Write | Truncate]:
    """Any of them: later ones without earlier ones, as a disk that sorts its work."""
    return [step for step in pending if chances.random() < 0.5]


def torn(pending: Sequence[Write | Truncate], chances: Random) -> Iterable[Write | Truncate]:
    """Any of their sectors."""
    for step in pending:
        if isinstance(step, Truncate):
            if chances.random() < 0.5:
                yield step
            continue
        start = step.offset
        while start < step.offset + len(step.data):
            end = min(start - start % SECTOR + SECTOR, step.offset + len(step.data))
            if chances.random() < 0.5:
                yield Write(step.file, start, step.data[start - step.offset : end - step.offset])
            start = end


POWER_CUT: tuple[Fate, ...] = (kept, dropped, cut_short, reordered, torn)
