"""What queries ask of master data: the places within a place, and the attributes of something."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from epcis_repo.model.master_data import attribute_name, key_of
from epcis_repo.projections.master_data import MasterData
from epcis_repo.store import Reading

Known = dict[str, list[tuple[str, Any]]]
"""The attributes in force, by the key of what has them."""


async def places_within(session: Reading, keys: Iterable[str]) -> frozenset[str]:
    """Return these places, and all that are in them by the master data in force."""
    known = MasterData(session)
    within = set(keys)
    for key in sorted(within):
        within |= {key_of(relative.id) for relative in await known.descendants(key)}
    return frozenset(within)


async def attributes_of(session: Reading, keys: Collection[str]) -> Known:
    """Return the attributes of these that are in force, their names in the one spelling."""
    in_force = await MasterData(session).in_force(keys)
    return {
        key: [
            (attribute_name(name), value)
            for item in by_vocabulary.values()
            for name, value in item.statement.attributes
        ]
        for key, by_vocabulary in in_force.items()
    }
