"""Tags in their order, each once, whatever number of events has it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from epcis_repo.store.contract import Reading
from epcis_repo.store.statements import load_statements

STATEMENTS = load_statements("epcis_repo.store", "listing.sql")


class Listed(NamedTuple):
    """A tag, and where an event stands that has it in a role, None where none has."""

    tag: str
    position: int | None


async def tags_between(
    session: Reading, after: str, before: str, *, roles: Collection[int], limit: int
) -> list[Listed]:
    """Return the tags past one and before another, of all roles, and an event with one of these."""
    rows = await session.fetch(
        STATEMENTS["select_tags_between"], session.part, after, before, limit, sorted(roles)
    )
    return [Listed(*row) for row in rows]
