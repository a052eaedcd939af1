"""
What a log is like when it is large: captures and look-ups from empty to as many EPC rows as are
wanted. The baseline is the same when it was empty.

It is filled with lots, whose serials are random; what is looked up is any of what was recorded,
the oldest as well as the newest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import count
from random import Random
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import (
    Things,
    document_of,
    names_in,
    rendered,
    small_documents,
    things_in,
)
from benchmarks.figures import Figure
from benchmarks.look_ups import LOOK_UPS
from benchmarks.places import Place, take
from benchmarks.timing import seconds
from epcis_repo.demo import generate_lot
from epcis_repo.model import Document
from epcis_repo.store import EventStore
from epcis_repo.store.merging import merge_all

# Where it is measured, as parts of the whole.
MARKS = (0, 0.1, 0.3, 1)
IN_FLIGHT = 64
# An event of a lot names so many, as practical (OpenSCS, Annex C, rule 5).
_EPCS_PER_EVENT = 5_000
# So many things of each document are remembered, to be asked about.
_REMEMBERED = 20


class Growing:
    """A log that grows, and some of the things that were recorded in it."""

    def __init__(self, store: EventStore, amounts: Amounts) -> None:
        self._store = store
        self._amounts = amounts
        self._seeds = count(1)
        self._chances = Random(1)
        self._things = Things((), ())
        self.rows = 0

    async def grow(self, rows: int) -> None:
        """Capture lots until there are so many rows, and have their buckets merged."""
        while self.rows < rows:
            seed, units = next(self._seeds), self._amounts.units
            lot = generate_lot(seed=seed, units=units, epcs_per_event=_EPCS_PER_EVENT)
            await take(self._store, self._sent(lot, seed))
        await merge_all(self._store)

    async def rates(self) -> dict[str, float]:
        """Return how many events are captured and look-ups answered a second, by what is done."""
        amounts = self._amounts
        seed = next(self._seeds)
        document = document_of(amounts.typical, seed=seed)
        events, body = len(document.events or ()), self._sent(document, seed)
        del document
        small = small_documents(amounts.small // 4, seed=next(self._seeds))
        self.rows += len(small)
        rates = {
            f"capture, {amounts.typical:,} events a document": events
            / await seconds(take(self._store, body)),
            f"capture, one event a document, {IN_FLIGHT} at once": len(small)
            / await seconds(self._take_at_once(small)),
        }
        look_ups = max(1, amounts.look_ups // 10)
        for what, look_up in LOOK_UPS.items():
            spent = 0.0
            for _ in range(look_ups):
                spent += await seconds(look_up(self._store, self._things, self._chances))
            rates[what] = look_ups / spent
        return rates

    def _sent(self, document: Document, seed: int) -> bytes:
        self.rows += names_in(document)
        self._things += things_in(document, _REMEMBERED, seed=seed)
        return rendered(document)

    async def _take_at_once(self, bodies: Sequence[bytes]) -> None:
        waiting = iter(bodies)

        async def client() -> None:
            for body in waiting:
                await take(self._store, body)

        await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return each rate at each mark, beside what it was when the log was empty."""
    async with place.opened() as store:
        # For nothing: whoever is first makes all that is kept.
        await Growing(store, amounts).rates()
    found: list[tuple[int, dict[str, float]]] = []
    async with place.opened() as store:
        log = Growing(store, amounts)
        for mark in MARKS:
            await log.grow(int(mark * amounts.rows))
            rows = log.rows
            rounds = [await log.rates() for _ in range(amounts.rounds)]
            found.append((rows, {what: median(r[what] for r in rounds) for what in rounds[0]}))
    (_, empty), *_ = found
    return [
        Figure(
            store=place.name,
            what=f"{what}, at {rows:,} rows",
            ours=rates[what],
            raw=empty[what],
            unit="events/s" if what.startswith("capture") else "look-ups/s",
        )
        for what in empty
        for rows, rates in found
    ]
