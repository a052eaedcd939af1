"""
Master data: what is true of places, parties and products, folded when somebody asks.

Of one identifier in one vocabulary the newest statement is in force, as a whole: an address of
which half is one sender's and half another's is nobody's. Which is newest, the moments tell at
which the documents were made, and for one moment the order of arrival.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from epcis_repo.model.master_data import key_of
from epcis_repo.projections.lives import EVERYTHING
from epcis_repo.projections.stated import Stated, child_tag_of, stated, tag_of, tagged
from epcis_repo.store import Reading

# Nobody nests places this deep. Whoever says so gets an answer that ends there.
LEVELS_MAX = 50


class Relative(NamedTuple):
    """What is so many levels above or below something; `id` is as somebody has written it."""

    id: str
    level: int


Ids = dict[str, str]
"""Identifiers as somebody has written them, by key."""


class MasterData:
    """What is known at a position, of a moment; fetched as it is asked for, each thing once."""

    def __init__(
        self, session: Reading, *, as_of: int = EVERYTHING, until: int = EVERYTHING
    ) -> None:
        """`until` is the last position that is looked at."""
        self._session = session
        self._as_of = as_of
        self._until = until
        self._stated: dict[str, list[Stated]] = {}

    async def statements(self, keys: Iterable[str]) -> Mapping[str, Sequence[Stated]]:
        """Return all that was said of each of `keys` by the moment, the newest last."""
        unknown = {key for key in keys if key not in self._stated}
        if unknown:
            self._stated |= {key: [] for key in unknown}
            for item in await self._with_tags(tag_of(key) for key in unknown):
                self._stated[item.statement.key].append(item)
            for key in unknown:
                self._stated[key].sort(key=lambda item: item.order)
        return self._stated

    async def in_force(self, keys: Collection[str]) -> dict[str, dict[str, Stated]]:
        """Return what is in force of each of `keys`, by vocabulary."""
        said = await self.statements(keys)
        return {key: {item.statement.vocabulary: item for item in said[key]} for key in keys}

    async def descendants(self, key: str) -> list[Relative]:
        """Return the children of something, directly and indirectly, the nearest first."""
        return await _levels(key, self._children)

    async def ancestors(self, key: str) -> list[Relative]:
        """Return what something is a child of, directly and indirectly, the nearest first."""
        return await _levels(key, self._parents)

    async def _children(self, keys: Collection[str]) -> Ids:
        in_force = await self.in_force(keys)
        return {
            key_of(child): child
            for by_vocabulary in in_force.values()
            for item in by_vocabulary.values()
            for child in item.statement.children
        }

    async def _parents(self, keys: Collection[str]) -> Ids:
        named = {*keys}
        naming = await self._with_tags(child_tag_of(key) for key in keys)
        # Some have named it once, and do so no more.
        in_force = await self.in_force({item.statement.key for item in naming})
        return {
            parent: item.statement.id
            for parent, by_vocabulary in in_force.items()
            for item in by_vocabulary.values()
            if named & {*item.statement.child_keys}
        }

    async def _with_tags(self, tags: Iterable[str]) -> list[Stated]:
        found = map(stated, await tagged(self._session, set(tags), self._until))
        return [item for item in found if item.statement.said_at <= self._as_of]


async def _levels(key: str, further: Callable[[Collection[str]], Awaitable[Ids]]) -> list[Relative]:
    # A hierarchy has no circles (EPCIS 1.2, §6.5), but what partners say of one may.
    found: dict[str, Relative] = {key: Relative(key, 0)}
    keys: Collection[str] = [key]
    for level in range(1, LEVELS_MAX + 1):
        ids = {other: text for other, text in (await further(keys)).items() if other not in found}
        if not ids:
            break
        found |= {other: Relative(text, level) for other, text in ids.items()}
        keys = ids
    del found[key]
    return sorted(found.values(), key=lambda relative: (relative.level, relative.id))
