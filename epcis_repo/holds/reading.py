"""Reads holds from the log: all of them, some by name, or those that are on something."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from epcis_repo.holds.events import LIFECYCLE, HoldPlaced, hold_tag
from epcis_repo.holds.rules import Hold, Learned, folded
from epcis_repo.recorders.decisions import decision_of
from epcis_repo.store import Reading, RecordedEvent, load_statements
from epcis_repo.store.log import all_of_types

STATEMENTS = load_statements("epcis_repo.holds", "holds.sql")

_TYPES = [decision.TOPIC for decision in LIFECYCLE]


async def all_holds(session: Reading, until: int) -> dict[str, Hold]:
    """Return all holds that were ever placed, in that order, as known at position `until`."""
    return folded(_learned(await all_of_types(session, _TYPES, until)))


async def holds_named(session: Reading, names: Collection[str], until: int) -> dict[str, Hold]:
    """Return the holds of these names, likewise."""
    tags = [hold_tag(name) for name in names]
    rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags, until)
    return folded(_learned(RecordedEvent(*row) for row in rows))


async def holds_after(
    session: Reading, position: int, until: int, *, limit: int
) -> dict[int, Hold]:
    """Return the next holds that were placed past a position, by position, likewise."""
    values = session.part, HoldPlaced.TOPIC, position, until, limit
    rows = await session.fetch(STATEMENTS["select_placed"], *values)
    return await _placed_by(session, rows, until)


async def holds_at(session: Reading, positions: Collection[int], until: int) -> dict[int, Hold]:
    """Return the holds that were placed at these positions, by position."""
    if not positions:
        return {}
    rows = await session.fetch(STATEMENTS["select_at"], session.part, sorted(positions))
    return await _placed_by(session, rows, until)


async def _placed_by(
    session: Reading, rows: Iterable[tuple[Any, ...]], until: int
) -> dict[int, Hold]:
    """Return what became of the holds that were placed by some decisions, by position."""
    placed = {row[0]: decision_of(RecordedEvent(*row)) for row in rows}
    names = {position: p.hold_id for position, p in placed.items() if isinstance(p, HoldPlaced)}
    found = await holds_named(session, {*names.values()}, until) if names else {}
    return {position: found[name] for position, name in names.items()}


async def held_by(
    session: Reading, tags: Collection[str], until: int
) -> Mapping[str, Collection[int]]:
    """Return where the holds stand that have these tags, by tag."""
    rows = await session.fetch(STATEMENTS["select_held"], session.part, sorted(tags), until)
    found: dict[str, set[int]] = {}
    for tag, position in rows:
        found.setdefault(tag, set()).add(position)
    return found


def _learned(decided: Iterable[RecordedEvent]) -> Iterable[Learned]:
    for recorded in decided:
        yield recorded.position, recorded.record_time, decision_of(recorded)
