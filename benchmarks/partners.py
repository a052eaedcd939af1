"""
Documents of many events over HTTP, from several partners at once.

The server is one process, or two that share the port: one reads and checks a document while the
other has the database. The baseline is that of `capture`, a bulk insert of the rows that come of
them, which only one can do at a time.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import FORMATS, document_of, rendered, units_in
from benchmarks.figures import Figure
from benchmarks.load import send
from benchmarks.places import Place
from benchmarks.raw import Row, bulk_insert_seconds, tag_rows_by_document
from benchmarks.serving import serving
from epcis_repo.bindings import sniff
from epcis_repo.store import open_store

_PARTNERS = 8
_DOCUMENTS = 24


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many serials a second are captured, by the format and the workers."""
    documents = [document_of(amounts.typical, seed=seed) for seed in range(_DOCUMENTS + _PARTNERS)]
    first, rest = documents[:_PARTNERS], documents[_PARTNERS:]
    ours: dict[tuple[str, int], list[float]] = defaultdict(list)
    raw: list[float] = []
    rows: list[list[Row]] = []
    loop = asyncio.get_running_loop()
    # Spawned, not forked: a copy of this process would bring its threads' locks along.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as partners:
        for _ in range(amounts.rounds):
            for name in FORMATS:
                for workers in amounts.workers:
                    with place.database() as url:
                        with serving(url, place.folder, workers=workers) as address:
                            spent = [
                                await loop.run_in_executor(
                                    partners, send, address, bodies, _PARTNERS, sniff(bodies[0])
                                )
                                for some in (first, rest)
                                for bodies in ([rendered(document, name) for document in some],)
                            ]
                        # The first ones were for nothing: whoever is first makes all that is kept.
                        ours[name, workers].append(spent[-1].seconds)
                        store = open_store(url)
                        rows = (await tag_rows_by_document(store))[_PARTNERS:]
                        await store.close()
            raw.append(await bulk_insert_seconds(place, rows))
    count = sum(map(units_in, rest))
    return [
        Figure(
            store=place.name,
            what=(
                f"{amounts.typical:,} events a document over HTTP, {name}, {_PARTNERS} clients, "
                f"{workers} worker{'s' * (workers > 1)}"
            ),
            ours=count / median(seconds),
            raw=count / median(raw),
            unit="serials/s",
        )
        for (name, workers), seconds in ours.items()
    ]
