"""
What a schema is: the tables of one part of the program, and the migrations that lead to them.

Migrations are numbered from 1 and only go forward; the first makes the tables. One that was
released never changes, in no letter. A read model, which can be folded again from the log, has
a single one: what its declaration says now.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

from epcis_repo.store.statements import load_statements

DIALECTS = ("sqlite", "postgresql")

_TABLE = re.compile(r"\bCREATE TABLE (?:IF NOT EXISTS )?(\w+)")
_GUARD = re.compile(
    r"\bCREATE (?:OR REPLACE )?TRIGGER (?:IF NOT EXISTS )?(\w+)\s+"
    r"(?:BEFORE|AFTER) (?:INSERT|UPDATE|DELETE|TRUNCATE|OR|\s)+ ON (\w+)"
)
_FILE = re.compile(r"(\d{4})_(\w+)\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """
    One step of a schema, from the version before to `number`.

    `sql` is what is run by dialect: SQL in PostgreSQL's spelling, as everywhere.
    """

    number: int
    name: str
    sql: Mapping[str, str]

    def checksum(self, dialect: str) -> str:
        """Return what tells this migration from another of the same name."""
        return sha256(self.sql[dialect].encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one part of the program. Those of a read model are `folded` from the log."""

    name: str
    migrations: tuple[Migration, ...]
    folded: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """Return the names of all tables that its migrations make."""
        return tuple(_TABLE.findall("\n".join(m.sql["postgresql"] for m in self.migrations)))

    def guards(self, dialect: str) -> frozenset[tuple[str, str]]:
        """Return the table and the name of each trigger that its migrations make."""
        sql = "\n".join(migration.sql[dialect] for migration in self.migrations)
        return frozenset((table, name) for name, table in _GUARD.findall(sql))

    def at(self, number: int) -> Schema:
        """Return the schema as it was when it had `number` migrations."""
        return Schema(self.name, self.migrations[:number], self.folded)


def load_schema(package: str, name: str, *, folded: bool = False) -> Schema:
    """
    Return the schema `name` of a package.

    Its first migration is the section `schema` of `{name}.sql`, with the `guards_{dialect}.sql`
    beside it, if there are any. The next are the files `migrations/{number}_{name}.sql`, from
    `0002` on, with a section `schema` for both databases and one for each that differs.
    """
    folder = files(package)
    first = {"schema": load_statements(package, f"{name}.sql")["schema"]}
    for dialect in () if folded else DIALECTS:
        guards = f"guards_{dialect}.sql"
        if folder.joinpath(guards).is_file():
            first[dialect] = load_statements(package, guards)["schema"]
    migrations = [_migration(1, "tables", first)]
    for number, path in enumerate([] if folded else _later(folder), 2):
        match = _FILE.fullmatch(path.name)
        assert match is not None
        assert int(match[1]) == number, f"{path.name}: expected the number {number:04}"
        sections = load_statements(package, f"migrations/{path.name}")
        migrations.append(_migration(number, match[2], sections))
    return Schema(name, tuple(migrations), folded)


def _later(folder: Traversable) -> list[Traversable]:
    later = folder.joinpath("migrations")
    found = later.iterdir() if later.is_dir() else ()
    return sorted((path for path in found if path.name.endswith(".sql")), key=lambda p: p.name)


def _migration(number: int, name: str, sections: Mapping[str, str]) -> Migration:
    sql = {
        dialect: "\n\n".join(sections[part] for part in ("schema", dialect) if part in sections)
        for dialect in DIALECTS
    }
    return Migration(number, name, sql)
