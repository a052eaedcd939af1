"""
Documents of many sizes in two formats, from their bytes to committed: one after the other, and
those that stand for all also as several partners send them at once.

The baseline is a bulk insert of the very rows that their captures wrote into the index of EPCs,
ready made, as they come, in one transaction a document: what is left when nothing is parsed,
checked, kept or proved.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import FORMATS, document_of, one_event_of, rendered, units_in
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from benchmarks.raw import Row, bulk_insert_seconds, tag_rows_by_document
from benchmarks.timing import seconds
from epcis_repo.demo import generate_lot
from epcis_repo.model import Document
from epcis_repo.store import EventStore

_LAST = list(FORMATS)[-1]
_PARTNERS = 4


@dataclass(frozen=True, slots=True)
class _Kind:
    """Documents in each format, how many of them are captured at once, and their serials."""

    what: str
    bodies: Mapping[str, Sequence[bytes]]
    units: int
    at_once: int = 1


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many serials and rows a second are captured of each kind and format."""
    kinds = list(_kinds(amounts))
    ours: dict[tuple[str, str], list[float]] = defaultdict(list)
    raw: dict[str, list[float]] = defaultdict(list)
    counts = {}
    for bodies in kinds[0].bodies.values():
        async with place.opened() as store:
            # For nothing: whoever is first makes all that is kept.
            await _capture_seconds(store, bodies)
    # In turn, so that a slow minute of the machine falls on all of them.
    for _ in range(amounts.rounds):
        for kind in kinds:
            rows: list[list[Row]] = []
            for name, bodies in kind.bodies.items():
                async with place.opened() as store:
                    spent = await _capture_seconds(store, bodies, at_once=kind.at_once)
                    ours[kind.what, name].append(spent)
                    # In every format the rows are the same, so those of one will do.
                    if name == _LAST:
                        rows = await tag_rows_by_document(store)
            raw[kind.what].append(await bulk_insert_seconds(place, rows))
            counts[kind.what] = sum(map(len, rows))
    return [
        Figure(
            store=place.name,
            what=f"capture of {kind.what}, {name}",
            ours=count / median(ours[kind.what, name]),
            raw=count / median(raw[kind.what]),
            unit=unit,
        )
        for kind in kinds
        for name in kind.bodies
        for count, unit in ((kind.units, "serials/s"), (counts[kind.what], "EPC rows/s"))
    ]


def _kinds(amounts: Amounts) -> Iterator[_Kind]:
    for events in amounts.events:
        # Of short ones, about as many as make the longest: one alone is over too soon.
        several = max(1, max(amounts.events) // events * 4 // 5)
        documents = [document_of(events, seed=seed) for seed in range(several)]
        yield (kind := _kind(f"{events:,} events a document", documents))
        if events == amounts.typical:
            yield replace(kind, what=f"{kind.what}, of {_PARTNERS} at once", at_once=_PARTNERS)
    yield _kind(f"one event of {amounts.epcs:,} EPCs", [one_event_of(amounts.epcs, seed=1)])
    yield _kind(f"a lot of {amounts.units:,}", [generate_lot(seed=1, units=amounts.units)])


def _kind(what: str, documents: Sequence[Document]) -> _Kind:
    bodies = {name: [rendered(document, name) for document in documents] for name in FORMATS}
    return _Kind(what, bodies, sum(map(units_in, documents)))


async def _capture_seconds(
    store: EventStore, bodies: Sequence[bytes], *, at_once: int = 1
) -> float:
    rest = iter(bodies)

    async def send() -> None:
        for body in rest:
            await take(store, body)

    async def all_of_them() -> None:
        await asyncio.gather(*(send() for _ in range(at_once)))

    return await seconds(all_of_them())
