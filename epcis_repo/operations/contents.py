"""What is in a container, at every level, and what the container itself is in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from epcis_repo.gs1 import Identifier, parse_identifier
from epcis_repo.model.times import utc_text
from epcis_repo.operations.history import intervals_of, not_found
from epcis_repo.operations.naming import epc_of, identifier_value
from epcis_repo.projections import containment, event_index
from epcis_repo.projections.containment import LEVELS_MAX, RELATIONS
from epcis_repo.projections.epc_state import EpcState, states_of
from epcis_repo.projections.logged import events_naming
from epcis_repo.store import EventStore, Reading, log

_MOMENT_MAX = 2**62
_CONTAINING = tuple(cls.__name__ for cls in RELATIONS)


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

    `levels` counts the things at each level below: cases, then units, and so on. What is in
    several things at once is shown in each and counted once.
    """

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    parents: tuple[str, ...]
    contents: tuple[Content, ...]
    levels: tuple[int, ...]
    states: Mapping[str, EpcState]


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
        until = None if known_at is None else await log.head_at(session, known_at)
        last = await log.head(session) if until is None else until
        named = event_index.STATEMENTS["select_named"]
        if not await session.fetch(named, session.part, key, last, moment):
            raise not_found(key, as_of=as_of, known_at=known_at)
        parents = await _parents(session, key, moment, until)
        below: dict[str, list[tuple[str, str, int]]] = {}
        levels: list[int] = []
        seen = level = {key}
        while level and len(levels) < LEVELS_MAX:
            inside = await _inside(session, level, moment, until)
            below |= inside
            level = {child for stays in inside.values() for child, _, _ in stays} - seen
            seen = seen | level
            if level:
                levels.append(len(level))
        states = await states_of(session, seen.union(parents))
    return Contents(
        identifier=identifier,
        as_of=as_of,
        known_at=known_at,
        parents=tuple(parents),
        contents=_tree(key, below, set()),
        levels=tuple(levels),
        states=states,
    )


def contents_value(found: Contents) -> dict[str, Any]:
    """Return contents as JSON (`schemas/contents.schema.json`)."""
    states = found.states
    parents = [epc_of(parent, states.get(parent)) for parent in found.parents]
    own = epc_of(found.identifier.key, states.get(found.identifier.key))
    return {
        "id": identifier_value(parse_identifier(own), None),
        "as_of": None if found.as_of is None else utc_text(found.as_of),
        "known_at": None if found.known_at is None else utc_text(found.known_at),
        "parent": parents[0] if parents else None,
        "parents": parents,
        "levels": list(found.levels),
        "total": sum(found.levels),
        "contents": [_content_value(content, states) for content in found.contents],
    }


def _content_value(content: Content, states: Mapping[str, EpcState]) -> dict[str, Any]:
    return {
        "epc": epc_of(content.key, states.get(content.key)),
        "relation": content.relation,
        "since": utc_text(content.since),
        "contents": [_content_value(child, states) for child in content.contents],
    }


async def _parents(session: Reading, key: str, moment: int, until: int | None) -> list[str]:
    parents: list[str] = []
    child = key
    while True:
        stays = (await intervals_of(session, {child}, until=until)).get(child, ())
        now = [s for s in stays if s.from_time <= moment and not _over(s.to_time, moment)]
        # In a box and attached to something at once: the box is what it is in.
        now.sort(key=lambda stay: stay.relation)
        if not now or now[0].parent in (key, *parents) or len(parents) == LEVELS_MAX:
            return parents
        child = now[0].parent
        parents.append(child)


async def _inside(
    session: Reading, parents: Collection[str], moment: int, until: int | None
) -> dict[str, list[tuple[str, str, int]]]:
    inside: dict[str, list[tuple[str, str, int]]] = {}
    if until is None:
        statement = containment.STATEMENTS["select_content"]
        rows = await session.fetch(statement, session.part, sorted(parents), moment)
        for parent, child, relation, since in rows:
            inside.setdefault(parent, []).append((child, relation, since))
        return inside
    # Past knowledge: whoever was ever reported to be in one of them, folded as far as then.
    events = await events_naming(session, parents, types=_CONTAINING, until=until)
    children = {child for item in events for child in item.what.children}
    for child, stays in (await intervals_of(session, children, until=until)).items():
        for stay in stays:
            lasts = stay.from_time <= moment and not _over(stay.to_time, moment)
            if lasts and stay.parent in parents:
                entry = (child, stay.relation, stay.from_time)
                inside.setdefault(stay.parent, []).append(entry)
    return {parent: sorted(stays) for parent, stays in inside.items()}


def _over(end: int | None, moment: int) -> bool:
    return end is not None and end <= moment


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
