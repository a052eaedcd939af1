"""
What a log is like when it is large: captures and look-ups from empty to as many EPC rows as are
wanted. The baseline is the same in a log that is empty, in turns with the large one: a machine is
not as fast after minutes of filling as it was before.

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

# How many events are captured and look-ups answered a second, by what is done.
Rates = dict[str, float]


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

    async def rates(self) -> Rates:
        """Return what is done a second."""
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
    """Return each rate at each mark, beside what it is then when the log is empty."""
    figures: list[Figure] = []
    async with place.opened() as store:
        log = Growing(store, amounts)
        # For nothing: whoever is first makes all that is kept.
        await log.rates()
        for mark in MARKS:
            await log.grow(int(mark * amounts.rows))
            rows, ours, empty = log.rows, list[Rates](), list[Rates]()
            for _ in range(amounts.rounds):
                empty.append(await _rates_when_empty(place, amounts))
                ours.append(await log.rates())
            figures += [
                Figure(
                    store=place.name,
                    what=f"{what}, at {rows:,} rows",
                    ours=median(rates[what] for rates in ours),
                    raw=median(rates[what] for rates in empty),
                    unit="events/s" if what.startswith("capture") else "look-ups/s",
                )
                for what in ours[0]
            ]
    return figures


async def _rates_when_empty(place: Place, amounts: Amounts) -> Rates:
    async with place.opened() as store:
        log = Growing(store, amounts)
        await log.rates()
        return await log.rates()
