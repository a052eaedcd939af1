"""
Rules about things: what it costs that whatever comes in is held against them.

Documents of many events are captured one after the other, as lots that keep every rule. The
baseline is the same with the rules off. Behind the captures it is over when all of them are judged;
at the door, where a rule is set to reject what breaks it, when all are answered.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import NamedTuple

from benchmarks.amounts import Amounts
from benchmarks.documents import document_of, rendered, units_in
from benchmarks.figures import Figure
from benchmarks.places import Place
from benchmarks.timing import seconds
from epcis_repo.bindings import sniff
from epcis_repo.clock import clock
from epcis_repo.operations.capture import capture
from epcis_repo.operations.preparing import Door
from epcis_repo.reactions import (
    Judge,
    ReactionsDoor,
    is_behind,
    reaction_asked,
    set_reaction,
)
from epcis_repo.store import EventStore, open_store
from epcis_repo.upkeep.versions import prepare

_RULE = "commissioned-twice"
_OFF = "off"
_ON = "judged behind the captures"
_LOOK_SECONDS = 0.01


class _Way(NamedTuple):
    """Who is at the door, if anybody, for whom a rule is set to reject, and who judges."""

    door: bool = False
    partner: str | None = None
    is_set: bool = False
    judges: bool = False


WAYS: dict[str, _Way] = {
    _OFF: _Way(),
    "nothing set, at the door": _Way(door=True),
    "set for another partner, at the door": _Way(door=True, is_set=True, partner="0614141000005"),
    "one rule set to reject, at the door": _Way(door=True, is_set=True),
    _ON: _Way(door=True, judges=True),
}


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many serials a second are captured in each way."""
    count = max(2, max(amounts.events) // amounts.typical * 4 // 5)
    documents = [document_of(amounts.typical, seed=seed) for seed in range(count + 1)]
    units = sum(map(units_in, documents[1:]))
    bodies = [rendered(document) for document in documents]
    del documents
    spent: dict[str, list[float]] = defaultdict(list)
    for _ in range(amounts.rounds):
        # In turn, so that a slow minute of the machine falls on all of them.
        for what, way in WAYS.items():
            answered, all_of_it = await _measured(place, way, bodies)
            spent[what].append(all_of_it)
            if way.judges:
                spent[f"{what}, until answered"].append(answered)
    off = median(spent[_OFF])
    return [
        Figure(
            store=place.name,
            what=f"capture of {amounts.typical:,} events a document, rules {what}",
            ours=units / median(some),
            raw=units / off,
            unit="serials/s",
        )
        for what, some in spent.items()
    ]


async def _measured(place: Place, way: _Way, bodies: Sequence[bytes]) -> tuple[float, float]:
    """Return in how many seconds all documents but the first are answered, and all is done."""
    with place.database() as url:
        store = open_store(url)
        try:
            await prepare(store)
            if way.is_set:
                said = {"reaction": "reject", "reason": "measured", "by": "benchmarks"}
                who = {} if way.partner is None else {"partner": way.partner}
                asked = reaction_asked(_RULE, {**said, **who})
                await set_reaction(store, _RULE, asked, now=clock())
            door = ReactionsDoor() if way.door else None
            async with _judging(url if way.judges else None):
                # For nothing: whoever is first makes all that is kept.
                await _take(store, bodies[:1], door)
                await _judged(store, way)
                answered = await seconds(_take(store, bodies[1:], door))
                return answered, answered + await seconds(_judged(store, way))
        finally:
            await store.close()


@asynccontextmanager
async def _judging(url: str | None) -> AsyncIterator[None]:
    if url is None:
        yield
        return
    judging = asyncio.create_task(Judge(lambda: open_store(url), clock=clock).run())
    try:
        yield
    finally:
        judging.cancel()
        await asyncio.wait([judging])


async def _take(store: EventStore, bodies: Sequence[bytes], door: Door | None) -> None:
    for body in bodies:
        await capture(store, body, sniff(body), now=clock(), door=door)


async def _judged(store: EventStore, way: _Way) -> None:
    # Whoever judges has a store of his own, and tells nobody.
    while way.judges and await is_behind(store):  # noqa: ASYNC110
        await asyncio.sleep(_LOOK_SECONDS)
