"""
What is said of a thing because of where it belongs: to a lot, in what it is in, with what is in it.

Whoever asks about a pallet wants to know what was decided on anything in it, and who asks about a
pack, on its lot and on its pallet. Nothing of that is written down when it is decided: it is
inferred, by where things are at the moment that is asked about.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum, auto
from functools import lru_cache
from typing import NamedTuple

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import SCHEMES, Identifier, from_elements
from epcis_repo.projections.containment import LEVELS_MAX, Interval
from epcis_repo.projections.lifecycle import Step, step_in
from epcis_repo.projections.lives import Lives, packed_in
from epcis_repo.projections.lot_story import serials_of
from epcis_repo.projections.said import Said
from epcis_repo.store import Reading


class How(StrEnum):
    """How what is said of one thing reaches another."""

    ITSELF = auto()
    LOT = auto()
    CONTAINER = auto()
    CONTENT = auto()


class Reach(NamedTuple):
    """How what is said of a key reaches what is asked about, and which things of that."""

    how: How
    things: Collection[str]


async def reach_of(
    session: Reading, identifier: Identifier, *, until: int, moment: int
) -> Mapping[str, Reach]:
    """
    Return all keys by which something may be said of a thing, a container or a lot, as of a moment.

    These are its own and that of its lot, those of what it is in, and of what is in it or of it.
    """
    key, is_lot = identifier.key, identifier.scheme is SCHEMES["lgtin"]
    lives = Lives(session, until)
    reached: dict[str, tuple[How, set[str]]] = {key: (How.ITSELF, {key})}
    if is_lot:
        inside = set(await serials_of(session, identifier, until=until, moment=moment))
    else:
        for container in await _containers(lives, key, moment):
            reached.setdefault(container, (How.CONTAINER, {key}))
        content = await content_of(session, lives, key, until=until, moment=moment)
        inside = {thing for things in content.values() for thing in things} - {key}
    for thing in inside:
        reached.setdefault(thing, (How.CONTENT, {thing}))
    if not is_lot:
        said = await lives.said({*reached})
        for thing, (how, things) in [*reached.items()]:
            lot = lot_key(thing, _lot(said[thing], moment))
            if lot is not None:
                by_lot = (How.LOT if how is How.ITSELF else how, set[str]())
                reached.setdefault(lot, by_lot)[1].update(things)
    return {name: Reach(how, things) for name, (how, things) in reached.items()}


async def _containers(lives: Lives, key: str, moment: int) -> set[str]:
    """Return all that a thing is in at a moment, or is attached to."""
    found: set[str] = set()
    level = {key}
    for _ in range(LEVELS_MAX):
        stays = await lives.stays(level)
        parents = {s.parent for line in stays.values() for s in line if _lasts(s, moment)}
        level = parents - found - {key}
        if not level:
            break
        found |= level
    return found


async def content_of(
    session: Reading, lives: Lives, key: str, *, until: int, moment: int
) -> dict[str, set[str]]:
    """Return what is in a thing at a moment, at every level, by what it is in directly."""
    found: dict[str, set[str]] = {}
    passed, level = {key}, {key}
    for _ in range(LEVELS_MAX):
        children = await packed_in(session, level, until)
        below: set[str] = set()
        for child, stays in (await lives.stays(children)).items():
            for stay in stays:
                if stay.parent in level and _lasts(stay, moment):
                    found.setdefault(stay.parent, set()).add(child)
                    below.add(child)
        level = below - passed
        if not level:
            break
        passed |= level
    return found


def _lot(said: Sequence[Said], moment: int) -> str | None:
    """Return the lot as of which a thing was put into use, the last that was said by a moment."""
    begun = (s for s in said if step_in(s) is Step.COMMISSION and s.event_time <= moment)
    lots = [s.lot for s in begun if s.lot]
    return lots[-1] if lots else None


def _lasts(stay: Interval, moment: int) -> bool:
    return stay.from_time <= moment and (stay.to_time is None or stay.to_time > moment)


def lot_key(key: str, lot: str | None) -> str | None:
    """Return the key of the lot that a thing is of; None where there can be no such lot."""
    ai, _, rest = key.partition("/")
    return _lot_key(rest.partition("/")[0], lot) if lot is not None and ai == "01" else None


# Lots are few, and verification asks for one with each serial.
@lru_cache(maxsize=4_096)
def _lot_key(gtin: str, lot: str) -> str | None:
    try:
        return from_elements({"01": gtin, "10": lot}).key
    except IdentifierError:
        # A partner's lot may have characters that no lot of GS1 has.
        return None
