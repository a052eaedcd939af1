"""Folding every read model anew. The baseline is reading the bytes of the log it is folded from."""

from __future__ import annotations

from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import document_of, names_in, rendered
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from benchmarks.raw import log_read
from benchmarks.timing import seconds
from epcis_repo.projections import rebuild


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many rows of the index of EPCs a second the events have that are folded."""
    document = document_of(max(amounts.events), seed=1)
    rows, events, body = names_in(document), len(document.events or ()), rendered(document)
    del document
    ours: list[float] = []
    raw: list[float] = []
    async with place.opened() as store:
        await take(store, body)
        for _ in range(amounts.rounds):
            ours.append(await seconds(rebuild(store)))
            raw.append(await seconds(log_read(store)))
    rate = rows / median(ours)
    note = f"{events / median(ours):,.0f} events/s"
    return [
        Figure(
            place.name, "rebuild of the read models", rate, rows / median(raw), "EPC rows/s", note
        )
    ]
