"""
What the read models should say of an event, and what they do say: for the integrity check.

Each read model has one row for an event, which `row_of` derives from it alone; so a page of the
log is compared with a page of the tables, however long the log is.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from epcis_repo.projections.event_hashes import last_hashed
from epcis_repo.projections.logged import LoggedEvent
from epcis_repo.projections.runner import ALL, FOLLOWING
from epcis_repo.store import Reading

Rows = dict[tuple[str, int], tuple[Any, ...]]
"""Rows by table and position."""

_PROJECTION_OF: dict[str, ModuleType] = {
    table: projection for projection in ALL for table in projection.TABLES
}
_FOLLOWING = {table for projection in FOLLOWING for table in projection.TABLES}
READ_MODELS = tuple(_PROJECTION_OF)
"""The tables of all read models."""


def derived_rows(item: LoggedEvent, followed: int) -> Rows:
    """Return what each read model should say of an event, where those that follow are so far."""
    return {
        (table, item.position): tuple(projection.row_of(item))
        for table, projection in _PROJECTION_OF.items()
        if item.position <= followed or table not in _FOLLOWING
    }


async def followed_until(session: Reading) -> int:
    """Return the position as far as which all read models have come that follow the log."""
    return await last_hashed(session)


async def stored_rows(session: Reading, after: int, until: int, *, limit: int) -> Rows:
    """Return what the read models say of the events after a position, up to another."""
    found: Rows = {}
    for table in READ_MODELS:
        rows = await session.fetch(select_rows(table), session.part, after, until, limit)
        place = columns_of(table).index("position")
        found |= {(table, row[place]): tuple(row) for row in rows}
    return found


def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of a read model's table, in the order of its rows."""
    names: tuple[str, ...] = _PROJECTION_OF[table].Row._fields
    return names


def select_rows(table: str) -> str:
    """Return the statement for some rows of a read model, whatever columns it has."""
    return (
        f"SELECT {', '.join(columns_of(table))} FROM {table} "  # noqa: S608 - the names are ours
        "WHERE part = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4"
    )
