"""What is in a container, at every level, and what the container itself is in."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from epcis_repo.errors import IdentifierError, ScanError
from epcis_repo.gs1 import Identifier, digital_link, parse_identifier
from epcis_repo.model.found_by import class_of
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import Role
from epcis_repo.operations.history import not_found
from epcis_repo.operations.naming import identifier_value, names_of
from epcis_repo.projections.containment import LEVELS_MAX, Interval
from epcis_repo.projections.event_index import STATEMENTS
from epcis_repo.projections.lives import Lives, packed_in
from epcis_repo.projections.stories import named_alike
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import archived_years

_MOMENT_MAX = 2**62
# So many things are looked into at a time, where all leaves are listed.
_TOGETHER = 500


@dataclass(frozen=True, slots=True)
class Content:
    """Something in a container since a moment (microseconds), with what is in it in turn."""

    key: str
    relation: str
    since: int
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """
    A container, what it is in (nearest first) and what is in it.

    `levels` counts the things at each level below: cases, then units, and so on, and `products` the
    same by their class (None for what has none, such as a pallet). What is in several things at
    once is shown in each and counted once. What was recorded in the years that
    are `archived` is not in it.
    """

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    parents: tuple[str, ...]
    contents: tuple[Content, ...]
    levels: tuple[int, ...]
    products: tuple[Counter[str | None], ...]
    names: Mapping[str, str]
    archived: tuple[int, ...] = ()


async def contents(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
) -> Contents:
    """
    Return the content of a container at `as_of`, as was known at `known_at` (microseconds).

    Raises `NotFoundError` when no event names the container.
    """
    key = identifier.key
    moment = _MOMENT_MAX if as_of is None else as_of
    async with store.reading(long=True) as session:
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        named = STATEMENTS["select_named"]
        if not await session.fetch(named, session.part, key, until, moment):
            raise not_found(key, as_of=as_of, known_at=known_at, archived=away)
        lives = Lives(session, until)
        parents = await _parents(lives, key, moment)
        below: dict[str, list[tuple[str, str, int]]] = {}
        levels: list[int] = []
        products: list[Counter[str | None]] = []
        seen = level = {key}
        while level and len(levels) < LEVELS_MAX:
            inside = await _inside(session, lives, level, until, moment)
            below |= inside
            level = {child for stays in inside.values() for child, _, _ in stays} - seen
            seen = seen | level
            if level:
                levels.append(len(level))
                products.append(Counter(map(class_of, level)))
        names = names_of(await lives.company_prefixes(seen.union(parents)))
    return Contents(
        identifier=identifier,
        as_of=as_of,
        known_at=known_at,
        parents=tuple(parents),
        contents=_tree(key, below, set()),
        levels=tuple(levels),
        products=tuple(products),
        names=names,
        archived=tuple(year.year for year in away),
    )


def contents_value(found: Contents) -> dict[str, Any]:
    """Return contents as JSON (`schemas/contents.schema.json`)."""
    names = found.names
    parents = [names[parent] for parent in found.parents]
    return {
        "id": identifier_value(names[found.identifier.key]),
        "as_of": None if found.as_of is None else utc_text(found.as_of),
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "parent": parents[0] if parents else None,
        "parents": parents,
        "levels": list(found.levels),
        "total": sum(found.levels),
        "products": _products_value(found),
        "contents": [_content_value(content, names) for content in found.contents],
        "archived_years": list(found.archived),
    }


def counts_value(found: Contents) -> dict[str, Any]:
    """Return how much of what is in a container as JSON (`schemas/counts.schema.json`)."""
    value = contents_value(replace(found, contents=()))
    del value["contents"]
    return value


def _products_value(found: Contents) -> list[dict[str, Any]]:
    return [
        {"level": level, "class": class_text(beginning), "count": count}
        for level, counts in enumerate(found.products, 1)
        for beginning, count in sorted(counts.items(), key=lambda item: item[0] or "")
    ]


def class_text(beginning: str | None) -> str | None:
    """Return a class as its Digital Link, or by its beginning where it has none."""
    if beginning is None:
        return None
    with suppress(IdentifierError, ScanError):
        # It ends before the serial, with the application identifier of that.
        whole = beginning[:-1].rpartition("/")[0] if beginning.endswith("/") else beginning
        return digital_link(parse_identifier(whole))
    return beginning


def _content_value(content: Content, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "epc": names[content.key],
        "relation": content.relation,
        "since": utc_text(content.since),
        "contents": [_content_value(child, names) for child in content.contents],
    }


async def leaves(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
) -> AsyncIterator[Sequence[str]]:
    """
    Yield the EPCs of whatever is in a container and has nothing in it itself, some at a time.

    However many they are, few are in memory beyond their keys. Nothing is held open from one yield
    to the next, and all is as known when it began. Raises `NotFoundError` when no event names the
    container.
    """
    key, moment = identifier.key, _MOMENT_MAX if as_of is None else as_of
    async with store.reading() as session:
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        named = STATEMENTS["select_named"]
        if not await session.fetch(named, session.part, key, until, moment):
            raise not_found(key, as_of=as_of, known_at=known_at, archived=away)
    seen, waiting = {key}, [(key, 0)]
    while waiting:
        # Those that were met last come first: so what waits is one way down, and its neighbours.
        together = waiting[-_TOGETHER:]
        del waiting[-_TOGETHER:]
        parents = {parent: level for parent, level in together if level < LEVELS_MAX}
        async with store.reading(long=True) as session:
            lives = Lives(session, until)
            inside = await _alike_inside(session, lives, parents, until, moment)
            full = {group.parent for group in inside}
            found = {epc: epc for epc, _ in together if epc not in full and epc != key}
            for group in inside:
                new = [child for child in group.children if child not in seen]
                seen.update(new)
                if group.hold_things:
                    waiting += [(child, parents[group.parent] + 1) for child in new]
                else:
                    found |= dict.fromkeys(new, group.children[0])
            # What the same events name has the same company prefix.
            prefixes = await lives.company_prefixes(set(found.values()))
            names = names_of({epc: prefixes[first] for epc, first in found.items()})
        told = [names[epc] for epc in found]
        for begin in range(0, len(told), _TOGETHER):
            yield told[begin : begin + _TOGETHER]


class _Alike(NamedTuple):
    """Children of one parent that the same events name, and whether any has things in it."""

    parent: str
    children: Sequence[str]
    hold_things: bool


async def _alike_inside(
    session: Reading, lives: Lives, parents: Collection[str], until: int, moment: int
) -> list[_Alike]:
    """Return what is in each of `parents` at a moment, in order of the parents' and own keys."""
    named = sorted(await packed_in(session, parents, until))
    alike = await named_alike(session, named, until=until)
    stays = await lives.stays([children[0] for children in alike.values()])
    return sorted(
        _Alike(parent, children, any(role == Role.PARENT for _, role in said))
        for said, children in alike.items()
        for parent in {
            stay.parent
            for stay in stays.get(children[0], ())
            if stay.parent in parents and _lasts(stay, moment)
        }
    )


async def _parents(lives: Lives, key: str, moment: int) -> list[str]:
    parents: list[str] = []
    child = key
    while True:
        stays = (await lives.stays([child])).get(child, ())
        # In a box and attached to something at once: the box is what it is in.
        now = sorted((s for s in stays if _lasts(s, moment)), key=lambda stay: stay.relation)
        if not now or now[0].parent in (key, *parents) or len(parents) == LEVELS_MAX:
            return parents
        child = now[0].parent
        parents.append(child)


async def _inside(
    session: Reading, lives: Lives, parents: Collection[str], until: int, moment: int
) -> dict[str, list[tuple[str, str, int]]]:
    """Return what is in each of `parents` at a moment: child, relation, since when."""
    named = await packed_in(session, parents, until)
    inside: dict[str, list[tuple[str, str, int]]] = {}
    for child, stays in (await lives.stays(named)).items():
        for stay in stays:
            if stay.parent in parents and _lasts(stay, moment):
                entry = (child, stay.relation, stay.from_time)
                inside.setdefault(stay.parent, []).append(entry)
    return {parent: sorted(stays) for parent, stays in inside.items()}


def _lasts(stay: Interval, moment: int) -> bool:
    return stay.from_time <= moment and (stay.to_time is None or stay.to_time > moment)


def _tree(
    key: str, below: Mapping[str, list[tuple[str, str, int]]], shown: set[str]
) -> tuple[Content, ...]:
    # What is in several things, or in itself, shows its own content once: else the tree would
    # have no end, or none that anybody can wait for.
    if key in shown:
        return ()
    shown.add(key)
    return tuple(
        Content(child, relation, since, _tree(child, below, shown))
        for child, relation, since in below.get(key, ())
    )
