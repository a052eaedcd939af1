"""
What is true of things: folded, when somebody asks, from what the events say that name them.

Nothing is kept for each thing, so a capture writes no row for a serial but those of its tags;
what comes late, or is declared in error, is folded where it belongs without anything being
made anew; and what was known at an earlier position is asked in the same way as what is known
now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import orjson

from epcis_repo.gs1 import canonical_key
from epcis_repo.model.what import Role
from epcis_repo.projections.containment import RELATIONS, Interval, Line, Move, fold
from epcis_repo.projections.epc_state import EpcState, after
from epcis_repo.projections.event_index import STATEMENTS
from epcis_repo.projections.said import Said
from epcis_repo.store import Reading

EVERYTHING = 2**62
"""The position after all others: what is known now."""

_CLASSES = (Role.CLASS, Role.INPUT_CLASS, Role.OUTPUT_CLASS)


class Lives:
    """What is known at a position, fetched as it is asked for, and each thing once."""

    def __init__(
        self,
        session: Reading,
        until: int = EVERYTHING,
        *,
        beside: Callable[[str], Collection[str]] | None = None,
    ) -> None:
        """
        `until` is the last position that is looked at.

        `beside` gives other tags for each thing, which are looked up with it, in no statement of
        their own: what is no event of EPCIS, and concerns it.
        """
        self._session = session
        self._until = until
        self._said: dict[str, list[Said]] = {}
        self._beside = beside
        self.found_beside: dict[str, list[int]] = {}
        """The positions of what has these tags, where there is anything that has."""

    async def said(self, keys: Collection[str]) -> Mapping[str, Sequence[Said]]:
        """Return what the events that stand say of each of `keys`, in story order."""
        unknown = [key for key in keys if key not in self._said]
        if unknown:
            self._said |= {key: [] for key in unknown}
            for row in await self._rows(unknown):
                if row[4] is None:
                    self.found_beside.setdefault(row[0], []).append(row[2])
                else:
                    self._said[row[0]].append(Said(*row))
        return self._said

    async def _rows(self, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        statement, tags = STATEMENTS["select_said"], list(keys)
        if self._beside is not None:
            statement = STATEMENTS["select_said_beside"]
            tags += [tag for key in keys for tag in self._beside(key)]
        return await self._session.fetch(statement, self._session.part, tags, self._until)

    async def states(self, keys: Collection[str]) -> dict[str, EpcState]:
        """Return the states of those of `keys` that an event names itself."""
        said = await self.said(keys)
        states: dict[str, EpcState] = {}
        for key in keys:
            # What has several roles in an event comes with each; the last tells what became of it.
            for item in {item.position: item for item in said[key]}.values():
                if item.role not in _CLASSES:
                    states[key] = after(states.get(key), item)
        return states

    async def stays(self, children: Collection[str]) -> dict[str, list[Interval]]:
        """Return where each of `children` was in, from when to when, in order of time."""
        lines = moves_of(children, await self.said(children))
        said = await self.said({move.parent for line in lines.values() for move in line})
        return stays_in(lines, said)

    async def company_prefixes(self, keys: Collection[str]) -> dict[str, str]:
        """Return the company prefixes that the events which name each of `keys` have in them."""
        said = await self.said(keys)
        return {
            key: " ".join(item.company_prefixes for item in said[key] if item.company_prefixes)
            for key in keys
        }


def moves_of(
    children: Collection[str], said: Mapping[str, Sequence[Said]]
) -> dict[Line, list[Move]]:
    """Return how events that name these things moved them, in story order."""
    moves: defaultdict[Line, list[Move]] = defaultdict(list)
    for child in children:
        for item in said[child]:
            relation = RELATIONS.get(item.type)
            if relation and item.role == Role.CHILD and item.parent_id is not None:
                enters = item.action != "DELETE"
                moves[child, relation].append(Move(*item.order, item.parent_id, enters))
    return moves


def stays_in(
    lines: Mapping[Line, Sequence[Move]], said: Mapping[str, Sequence[Said]]
) -> dict[str, list[Interval]]:
    """
    Return the stays that moves make, in order, by child.

    Given what is said of their parents; of those that are left out nothing, so that a stay in one
    of these may have ended sooner.
    """
    stays: dict[str, list[Interval]] = {}
    for (child, relation), line in lines.items():
        emptied = [
            Move(*item.order, parent, enters=False)
            for parent in {move.parent for move in line}
            for item in said.get(parent, ())
            if item.empties and item.role == Role.PARENT and RELATIONS.get(item.type) == relation
        ]
        told = sorted([*line, *emptied]) if emptied else line
        stays.setdefault(child, []).extend(fold(child, relation, told))
    for found in stays.values():
        found.sort(key=lambda stay: (stay.from_time, stay.from_position))
    return stays


async def packed_in(session: Reading, parents: Collection[str], until: int) -> set[str]:
    """Return whatever was ever said to be put into one of `parents` or taken out by its name."""
    rows = await session.fetch(
        STATEMENTS["select_packed"],
        session.part,
        list(parents),
        list(RELATIONS),
        int(Role.PARENT),
        until,
    )
    named = {epc for (data,) in rows for epc in orjson.loads(data).get("childEPCs", ())}
    return {canonical_key(epc) for epc in named}


async def is_named_between(session: Reading, low: str, high: str) -> bool:
    """Whether any event names something whose key is `low` or after, and before `high`."""
    return bool(await session.fetch(STATEMENTS["select_between"], session.part, low, high))
