"""
Placing, releasing and listing holds, and finding those that reach a thing.

A hold is on a key. What is in a container that is held, or of a lot that is, is found when somebody
asks, by where things are at the moment that is asked about.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from epcis_repo.findings import Hold as HoldKnown
from epcis_repo.findings import Known
from epcis_repo.gs1 import SCHEMES, Identifier
from epcis_repo.holds.events import held_tag
from epcis_repo.holds.reading import all_holds, held_by, holds_at, holds_named
from epcis_repo.holds.rules import (
    Asked,
    Hold,
    Kind,
    PlaceHold,
    ReleaseAsked,
    ReleaseHold,
    lot_key,
    no_hold,
)
from epcis_repo.projections.containment import LEVELS_MAX, Interval
from epcis_repo.projections.lifecycle import Step, step_in
from epcis_repo.projections.lives import Lives, packed_in
from epcis_repo.projections.lot_story import serials_of
from epcis_repo.projections.said import Said
from epcis_repo.recorders.decisions import decide
from epcis_repo.store import EventStore, Reading, log


class How(StrEnum):
    """How a hold reaches what is asked about."""

    ITSELF = auto()
    LOT = auto()
    CONTAINER = auto()
    CONTENT = auto()


@dataclass(frozen=True, slots=True)
class Reached:
    """
    A hold that reaches something, and how; `things` is how many things it reaches so.

    These are the thing itself, or what is in it. Where nothing was asked about, neither is there.
    """

    hold: Hold
    how: How | None = None
    things: int | None = None


async def place_hold(store: EventStore, asked: Asked, *, now: int) -> Hold:
    """Place a hold, and return it; `HoldTakenError` when another has its name."""
    hold_id = asked.hold_id or str(uuid.uuid4())
    await decide(store, lambda: PlaceHold(asked, hold_id=hold_id, now=now), now=now)
    return await one_hold(store, hold_id)


async def release_hold(store: EventStore, hold_id: str, asked: ReleaseAsked, *, now: int) -> Hold:
    """
    Release a hold, and return it.

    Raises `NotFoundError` when there is none, `HoldReleasedError` when it was released before, and
    `QueryParameterError` for a moment before it holds.
    """
    await one_hold(store, hold_id)
    await decide(store, lambda: ReleaseHold(hold_id, asked, now=now), now=now)
    return await one_hold(store, hold_id)


async def one_hold(store: EventStore, hold_id: str, *, known_at: int | None = None) -> Hold:
    """Return a hold, as was known at `known_at`; `NotFoundError` when there was none."""
    # No hold has such a name, and no database takes it.
    if not hold_id.isprintable():
        raise no_hold(hold_id)
    async with store.reading() as session:
        until = await _until(session, known_at)
        found = await holds_named(session, [hold_id], until)
    if hold_id not in found:
        raise no_hold(hold_id)
    return found[hold_id]


async def holds(
    store: EventStore, *, as_of: int | None, known_at: int | None = None, now: int
) -> list[Reached]:
    """Return the holds that last at `as_of`, as was known at `known_at`, as they were placed."""
    async with store.reading() as session:
        found = await all_holds(session, await _until(session, known_at))
    moment = now if as_of is None else as_of
    return [Reached(hold) for hold in found.values() if hold.lasts_at(moment)]


async def every_hold(store: EventStore, *, known_at: int | None = None) -> list[Reached]:
    """Return all holds that were ever placed, as was known at `known_at`."""
    async with store.reading() as session:
        found = await all_holds(session, await _until(session, known_at))
    return [Reached(hold) for hold in found.values()]


async def holds_reaching(
    store: EventStore,
    identifier: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
    now: int,
) -> list[Reached]:
    """
    Return the holds that reach a thing, a container or a lot at `as_of`, likewise.

    They are on it or on its lot, on what it is in, or on something in it: whoever ships a pallet
    wants to know of all of them.
    """
    moment = now if as_of is None else as_of
    is_lot = identifier.scheme is SCHEMES["lgtin"]
    async with store.reading(long=True) as session:
        until = await _until(session, known_at)
        lives = Lives(session, until)
        key = identifier.key
        # By the keys of what may be held, what is reached by that, and how.
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
        placed = await held_by(session, [held_tag(name) for name in reached], until)
        found = await holds_at(session, {p for some in placed.values() for p in some}, until)
    together: dict[tuple[int, How], set[str]] = {}
    for name, (how, things) in reached.items():
        for position in placed.get(held_tag(name), ()):
            together.setdefault((position, how), set()).update(things)
    return [
        Reached(found[position], how, len(things))
        for (position, how), things in sorted(together.items())
        if found[position].lasts_at(moment)
    ]


async def known_holds(store: EventStore, *, known_at: int | None = None) -> Known:
    """Return all holds as rules about things look at them, as was known at `known_at`."""
    held = [
        HoldKnown(
            key=key,
            name=reached.hold.hold_id,
            begins=reached.hold.since,
            ends=None if reached.hold.release is None else reached.hold.release.until,
            is_recall=reached.hold.kind is Kind.RECALL,
        )
        for reached in await every_hold(store, known_at=known_at)
        if reached.hold.kind is not Kind.MOCK_RECALL
        for key in reached.hold.keys
    ]
    return Known(holds=held)


def holds_value(found: Iterable[Reached]) -> dict[str, Any]:
    """Return holds as JSON (`schemas/holds.schema.json`)."""
    return {
        "holds": [
            {
                **reached.hold.value(),
                "how": None if reached.how is None else reached.how.value,
                "things": reached.things,
            }
            for reached in found
        ]
    }


async def _until(session: Reading, known_at: int | None) -> int:
    return await (log.head(session) if known_at is None else log.head_at(session, known_at))


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
