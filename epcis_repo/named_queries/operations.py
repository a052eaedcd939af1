"""Creating, listing, getting and deleting queries by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from epcis_repo.named_queries.rules import (
    CreateQuery,
    DeleteQuery,
    NamedQuery,
    about,
    check,
    is_name,
    no_query,
    standing,
)
from epcis_repo.recorders.decisions import decide, decisions
from epcis_repo.store import EventStore


async def create_query(
    store: EventStore, name: str, query: Mapping[str, Any], *, now: int
) -> NamedQuery:
    """
    Give a name to the query that has these parameters, and return it.

    `query` is a JSON object as EPCIS 2.0 has it for `POST /queries`. Raises
    `QueryParameterError` for one that could not be asked, `QueryNameTakenError` when the name
    is another query's.
    """
    named = NamedQuery(name, query)
    check(named)
    await decide(store, lambda: CreateQuery(named), now=now)
    return named


async def delete_query(store: EventStore, name: str, *, now: int) -> None:
    """Take the name of a query away; `NotFoundError` when none has it."""
    if not is_name(name):
        raise no_query(name)
    await decide(store, lambda: DeleteQuery(name), now=now)


async def named_query(store: EventStore, name: str) -> NamedQuery:
    """Return the query of that name; `NotFoundError` when there is none."""
    found = await _standing(store, name) if is_name(name) else {}
    if name not in found:
        raise no_query(name)
    return found[name]


async def named_queries(store: EventStore) -> list[NamedQuery]:
    """Return all queries that have a name, in order of it."""
    found = await _standing(store)
    return [found[name] for name in sorted(found)]


async def _standing(store: EventStore, *names: str) -> dict[str, NamedQuery]:
    async with store.reading() as session:
        return standing([tagged.decision async for tagged in decisions(session, about(*names))])
