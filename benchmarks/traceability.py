"""
What inspectors ask of a large log: the life of a pack that was in four containers, all that was in
a truck on a past day, what a correction puts in doubt, and where the packs of a lot are.

The log is filled with lots, and the chains that are asked about come in between. The baseline is
one row of the event index, read by its key; over HTTP it is a bare route that returns the same
bytes.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import count
from random import Random
from statistics import median
from urllib.parse import quote

from benchmarks.amounts import Amounts
from benchmarks.chains import EVENTS, PACKS, Chain, chain, document, truck
from benchmarks.documents import names_in, rendered
from benchmarks.figures import Figure
from benchmarks.load import ask, exchange, get_request
from benchmarks.places import Place, take
from benchmarks.raw import row_read
from benchmarks.serving import serving, serving_bytes
from benchmarks.timing import seconds
from epcis_repo.demo import generate_lot
from epcis_repo.evidence.operations import prepare
from epcis_repo.gs1 import parse_identifier
from epcis_repo.holds import hold_asked, place_hold, recall
from epcis_repo.operations.contents import leaves
from epcis_repo.operations.corrections import correction, correction_value
from epcis_repo.operations.history import history, history_value
from epcis_repo.store import EventStore, log, open_store
from epcis_repo.store.merging import merge_all

# An event of a lot names so many, as practical (OpenSCS, Annex C, rule 5).
_EPCS_PER_EVENT = 5_000
# So many chains come after each lot.
_CHAINS = 10
_CORRECTIONS_MAX = 50
_PACK = f"a pack in four containers, {EVENTS} events"


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return what each question takes in a large log."""
    with place.database() as url:
        store = open_store(url)
        await prepare(store)
        inspected = Inspected(place, store, amounts)
        await inspected.fill()
        figures = [
            await inspected.histories(),
            await inspected.content_of_a_truck(),
            await inspected.recall_of_a_lot(),
            *await inspected.corrections(),
        ]
        await store.close()
        return [*figures, await inspected.histories_over_http(url)]


class Inspected:
    """A large log, and what is asked about in it."""

    def __init__(self, place: Place, store: EventStore, amounts: Amounts) -> None:
        self._place = place
        self._store = store
        self._amounts = amounts
        self._chances = Random(1)
        self._chains: list[Chain] = []
        self._truck, self._loading = truck(amounts.packs)
        self._rows = 0

    async def fill(self) -> None:
        """Capture lots and chains until there are so many rows, and have their buckets merged."""
        await take(self._store, self._loading)
        self._rows += 2 * self._truck.packs
        numbers = count()
        for seed in count(1):
            lot = generate_lot(seed=seed, units=self._amounts.units, epcs_per_event=_EPCS_PER_EVENT)
            self._rows += names_in(lot)
            await take(self._store, rendered(lot))
            del lot
            for _ in range(_CHAINS):
                deep = chain(next(numbers))
                self._chains.append(deep)
                self._rows += 2 * PACKS + EVENTS
                await take(self._store, document(deep.events()))
            if self._rows >= self._amounts.rows:
                break
        await merge_all(self._store)

    async def histories(self) -> Figure:
        """Return what the life of a pack takes."""
        ours, raw = list[float](), list[float]()
        head = await self._head()
        for _ in range(self._amounts.look_ups):
            raw.append(await seconds(row_read(self._store, self._chances.randint(1, head))))
            ours.append(await seconds(self._history_of(self._any_pack())))
        return self._figure(f"history of {_PACK}", ours, raw)

    async def content_of_a_truck(self) -> Figure:
        """Return what it takes to list all that was in a truck."""
        ours = [await seconds(self._list_truck()) for _ in range(self._amounts.rounds)]
        return self._figure(f"all {self._truck.packs:,} packs in a truck as of a past day", ours)

    async def recall_of_a_lot(self) -> Figure:
        """Return what it takes to find out where the packs of the truck are, a lot."""
        lot = f"(01){parse_identifier(self._any_pack()).value}(10)T"
        asked = {"kind": "mock_recall", "hold_id": "T", "of": [lot], "reason": "-", "by": "-"}
        await place_hold(self._store, hold_asked(asked), now=_now())
        ours = [await seconds(self._recall("T")) for _ in range(self._amounts.rounds)]
        return self._figure(f"recall of a lot of {self._truck.packs:,} packs", ours)

    async def corrections(self) -> list[Figure]:
        """Return what it takes to record a correction, and to find out what it puts in doubt."""
        amount = min(len(self._chains) // 2, self._amounts.look_ups, _CORRECTIONS_MAX)
        taken, told, raw = list[float](), list[float](), list[float]()
        head = await self._head()
        for corrected in self._chances.sample(self._chains, amount):
            self._chains.remove(corrected)
            declaration, right = corrected.correction()
            raw.append(await seconds(row_read(self._store, self._chances.randint(1, head))))
            taken.append(await seconds(take(self._store, document([declaration, right]))))
            told.append(await seconds(self._doubts_of(str(declaration.event_id))))
        what = f"correction of {PACKS} packs"
        return [
            self._figure(f"{what}, captured", taken),
            self._figure(f"{what}, all that it puts in doubt", told, raw),
        ]

    async def histories_over_http(self, url: str) -> Figure:
        """Return what the life of a pack takes over HTTP, one after the other."""
        loop, packs = asyncio.get_running_loop(), range(self._amounts.look_ups)
        paths = [f"/history/{quote(self._any_pack(), safe=':')}" for _ in packs]
        with (
            ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as clients,
            serving(url, self._place.folder, judging=False) as address,
        ):
            reader, writer = await asyncio.open_connection(*address)
            body = (await exchange(reader, writer, get_request(address, paths[0]))).body
            writer.close()
            await writer.wait_closed()
            waits: list[Sequence[float]] = []
            with serving_bytes(body, "application/json", self._place.folder) as bare:
                for where in (address, bare):
                    # For nothing: whoever is first makes all that is kept.
                    await loop.run_in_executor(clients, ask, where, paths[:10], 1)
                    load = await loop.run_in_executor(clients, ask, where, paths, 1)
                    waits.append(load.waits)
        return self._figure(f"history of {_PACK}, over HTTP", *waits, note=f"{len(body):,} bytes")

    async def _head(self) -> int:
        async with self._store.reading() as session:
            return await log.head(session)

    async def _history_of(self, epc: str) -> None:
        story = history_value(await history(self._store, parse_identifier(epc)))
        _expect(len(story["events"]), EVENTS)

    async def _list_truck(self) -> None:
        found, identifier = 0, parse_identifier(self._truck.epc)
        async for some in leaves(self._store, identifier, as_of=self._truck.loaded_at):
            found += len(some)
        _expect(found, self._truck.packs)

    async def _recall(self, hold_id: str) -> None:
        found = await recall(self._store, hold_id, now=_now())
        _expect(sum(total.units.total() for total in found.totals), self._truck.packs)

    async def _doubts_of(self, event_id: str) -> None:
        value = correction_value(await correction(self._store, event_id))
        _expect(len({doubt["epc"] for doubt in value["in_doubt"]}), PACKS)

    def _any_pack(self) -> str:
        return self._chances.choice(self._chances.choice(self._chains).packs)

    def _figure(
        self, what: str, ours: Sequence[float], raw: Sequence[float] = (), *, note: str = ""
    ) -> Figure:
        return Figure(
            store=self._place.name,
            what=f"{what}, at {self._rows:,} rows",
            ours=median(ours) * 1000,
            raw=median(raw) * 1000 if raw else None,
            unit="ms",
            note=note,
        )


def _expect(found: int, expected: int) -> None:
    if found != expected:
        raise RuntimeError(f"{found} were found where {expected} are: nothing was measured")


def _now() -> int:
    return time.time_ns() // 1000
