"""
The file of a backup, or of a year: a zip, with a member for each table and, last, a manifest.

- A row is a line of JSON, the array of its values. Bytes stand as an array with their base64, so
  they are told from texts; nothing of it is true of one kind of database only.
- The manifest is written when all else is, so a file without one is none. It says what is in it,
  and has the SHA-256 of each member.
- Reading and writing hold some rows in memory, never a table.
"""

from __future__ import annotations

import os
import secrets
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import Field, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, ClassVar, Generic, Protocol, Self, TypeVar
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile

import orjson

from epcis_repo.errors import BackupError

# Which command takes a file, by the beginning of its format.
_TAKEN_BY = {"epcis-repo-backup": "epcis-repo restore", "epcis-repo-year": "epcis-repo attach"}

_MANIFEST = "manifest.json"
# The fastest: the others take four times as long for a tenth of the size.
_LEVEL = 1
_ROWS_SIZE = 1 << 20

Row = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """What is in the member of a table."""

    columns: tuple[str, ...]
    rows: int
    sha256: str


class AnyManifest(Protocol):
    """What a file is of; a dataclass with the tables that are in it."""

    FORMAT: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def tables(self) -> Mapping[str, Table]: ...

    def value(self) -> dict[str, Any]:
        """Return it as JSON."""
        ...

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Return what `value` was of."""
        ...


M = TypeVar("M", bound=AnyManifest)


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What a backup is of.

    `created` is when, in UTC; `schemas` are the versions of the tables; `head` is the position
    of the last event, `tree_size` and `root_hash` those of the tree, `checkpoint` the same,
    signed, where there was a key to sign it.
    """

    created: str
    program: str
    schemas: Mapping[str, int]
    head: int
    tree_size: int
    root_hash: str
    checkpoint: str | None
    tables: Mapping[str, Table] = field(default_factory=dict)

    FORMAT: ClassVar[str] = "epcis-repo-backup/1"

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/backup.schema.json`)."""
        return {
            "format": self.FORMAT,
            "created": self.created,
            "program": self.program,
            "schemas": dict(self.schemas),
            "head": self.head,
            "treeSize": self.tree_size,
            "rootHash": self.root_hash,
            "checkpoint": self.checkpoint,
            "tables": tables_value(self.tables),
        }

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Self:
        """Return what `value` was of."""
        return cls(
            created=value["created"],
            program=value["program"],
            schemas=value["schemas"],
            head=value["head"],
            tree_size=value["treeSize"],
            root_hash=value["rootHash"],
            checkpoint=value["checkpoint"],
            tables=tables_in(value),
        )


def tables_value(tables: Mapping[str, Table]) -> dict[str, Any]:
    """Return tables as JSON."""
    return {
        name: {"columns": list(t.columns), "rows": t.rows, "sha256": t.sha256}
        for name, t in tables.items()
    }


def tables_in(value: Mapping[str, Any]) -> dict[str, Table]:
    """Return the tables that a manifest, as JSON, has."""
    return {
        name: Table(tuple(table["columns"]), table["rows"], table["sha256"])
        for name, table in value["tables"].items()
    }


class ArchiveWriter:
    """A file that is being written."""

    def __init__(self, file: ZipFile) -> None:
        self._file = file
        self._tables: dict[str, Table] = {}

    @contextmanager
    def table(self, name: str, columns: Sequence[str]) -> Iterator[TableWriter]:
        """Begin a table; the next begins when this one has ended."""
        with self._file.open(_member(name), "w", force_zip64=True) as stream:
            writer = TableWriter(stream)
            yield writer
        self._tables[name] = Table(tuple(columns), writer.rows, writer.sha256)

    def finish(self, manifest: M) -> M:
        """Write the manifest, with the tables that were written, and return it so."""
        whole = replace(manifest, tables=self._tables)
        self._file.writestr(_MANIFEST, orjson.dumps(whole.value(), option=orjson.OPT_INDENT_2))
        return whole


class TableWriter:
    """The member of one table."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = sha256()
        self.rows = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, rows: Iterable[Row]) -> None:
        """Add rows."""
        text = bytearray()
        for row in rows:
            text += orjson.dumps(tuple(row), _base64, orjson.OPT_APPEND_NEWLINE)
            self.rows += 1
        self._hash.update(text)
        self._stream.write(text)


@contextmanager
def new_archive(path: Path) -> Iterator[ArchiveWriter]:
    """
    Write a file to `path`, where there must be nothing yet.

    It is there, and on the disk, when the context ends; and not at all if that ends with an error.
    """
    if path.exists():
        raise BackupError(f"{path} is there already: name another file, or take it away")
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # What is in it is as confidential as the database.
        with os.fdopen(os.open(new, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as stream:
            with ZipFile(stream, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as file:
                yield ArchiveWriter(file)
            stream.flush()
            os.fsync(stream.fileno())
        new.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BackupError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        new.unlink(missing_ok=True)


class ArchiveReader(Generic[M]):
    """A file that was written."""

    def __init__(self, path: Path, file: ZipFile, manifest: M) -> None:
        self._path = path
        self._file = file
        self.manifest = manifest

    def check(self) -> None:
        """Raise `BackupError` unless all tables are as they were written."""
        for name, table in self.manifest.tables.items():
            found = sha256()
            with _readable(self._path), self._file.open(_member(name)) as stream:
                while chunk := stream.read(_ROWS_SIZE):
                    found.update(chunk)
            if found.hexdigest() != table.sha256:
                raise BackupError(
                    f"{self._path} is damaged: {name} is not what the manifest says; take another "
                    "copy of it, or another backup"
                )

    def rows(self, name: str) -> Iterator[list[Row]]:
        """Yield the rows of a table, some at a time."""
        batch: list[Row] = []
        size = 0
        with _readable(self._path), self._file.open(_member(name)) as stream:
            for line in stream:
                batch.append(_row(line))
                size += len(line)
                if size >= _ROWS_SIZE:
                    yield batch
                    batch, size = [], 0
        yield batch


@contextmanager
def open_archive(path: Path, of: type[M]) -> Iterator[ArchiveReader[M]]:
    """Open the file at `path`; `BackupError` when it is no such, or turns out to be damaged."""
    with _readable(path):
        file = ZipFile(path)
    with file:
        with _readable(path):
            manifest = _manifest(path, file.read(_MANIFEST), of)
        yield ArchiveReader(path, file, manifest)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (BadZipFile, KeyError, TypeError, EOFError, zlib.error, ValueError) as error:
        raise BackupError(
            f"{path} is no whole backup ({error}): name a file that epcis-repo backup, or archive, "
            "has written"
        ) from error
    except OSError as error:
        raise BackupError(f"cannot read {path}: {error.strerror or error}") from error


def _manifest(path: Path, text: bytes, of: type[M]) -> M:
    value = orjson.loads(text)
    found = value.get("format")
    if found != of.FORMAT:
        advice = "take the version of epcis-repo that made it, or a newer one"
        kind, ours = (str(name).partition("/")[0] for name in (found, of.FORMAT))
        if kind != ours and kind in _TAKEN_BY:
            advice = f"{_TAKEN_BY[kind]} takes it"
        raise BackupError(f"{path} is in the format {found!r}, not {of.FORMAT}: {advice}")
    return of.of(value)


def _member(table: str) -> str:
    return f"{table}.jsonl"


def _base64(value: object) -> list[str]:
    assert isinstance(value, bytes)
    return [b64encode(value).decode()]


def _row(line: bytes) -> Row:
    return [b64decode(v[0]) if isinstance(v, list) else v for v in orjson.loads(line)]
