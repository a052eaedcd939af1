"""
Documents of one event over HTTP, from one client and from many at once.

Server and clients are processes of their own; the server is one, or two that share the port. The
baseline is what a database does in a row: one short row a transaction, each waited for, one after
the other. Many clients at once can be better than that, since those that wait for the disk
together wait once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import small_documents
from benchmarks.figures import Figure
from benchmarks.load import Load, send
from benchmarks.places import Place
from benchmarks.raw import commits_seconds
from benchmarks.serving import serving

_FIRST = 100


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many documents a second are answered, by the number of clients."""
    first = small_documents(_FIRST, seed=0)
    # One alone waits for the disk most of the time, and so does the baseline: they do less.
    few = amounts.small // 4
    bodies = {n: small_documents(amounts.small if n > 1 else few, seed=n) for n in amounts.clients}
    loads: dict[tuple[int, int], list[Load]] = defaultdict(list)
    raw: list[float] = []
    loop = asyncio.get_running_loop()
    # Spawned, not forked: a copy of this process would bring its threads' locks along.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as clients:
        for _ in range(amounts.rounds):
            for workers in amounts.workers:
                with (
                    place.database() as url,
                    serving(url, place.folder, workers=workers) as address,
                ):
                    # For nothing: whoever is first makes all that is kept.
                    await loop.run_in_executor(clients, send, address, first, 2 * workers)
                    for n in amounts.clients:
                        load = await loop.run_in_executor(clients, send, address, bodies[n], n)
                        loads[n, workers].append(load)
            raw.append(await commits_seconds(place, few))
    return [
        Figure(
            store=place.name,
            what=(
                f"one event a document over HTTP, {_many('client', n)}, {_many('worker', workers)}"
            ),
            ours=len(bodies[n]) / median(load.seconds for load in loads[n, workers]),
            raw=few / median(raw),
            unit="documents/s",
            note=f"clients took {median(load.share for load in loads[n, workers]):.0%} of a core",
        )
        for workers in amounts.workers
        for n in amounts.clients
    ]


def _many(what: str, count: int) -> str:
    return f"{count} {what}{'s' * (count > 1)}"
