"""
What a page of events costs wherever it is: of an EPC in a log a hundred times as large, and of all
things of a product when a thousand pages were turned before, and as many are to come. In this
process, so that nothing but the query is measured; both sides in turns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from random import Random
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import UNITS_PER_CASE, names_in, rendered, things_in
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from benchmarks.timing import seconds
from epcis_repo.bindings import RENDERERS
from epcis_repo.demo import generate_lot
from epcis_repo.model import Document, ObjectEvent
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.events import Page, events
from epcis_repo.query.paging import PER_PAGE_DEFAULT
from epcis_repo.store import EventStore
from epcis_repo.store.merging import merge_all

# A log is so many times as large as the other.
_TIMES = 100
# The serials of a lot, and how many of them are asked about. Both logs are of the same lots.
_LOT = 960
_REMEMBERED = 5
# As many serials of a product are enough for two thousand pages.
_SERIALS_MAX = 1_000_000
_SERIALS_PER_EVENT = 16
_EVENTS_PER_DOCUMENT = 5_000
_PRODUCT = "0399992.012345"
_START = 1_767_225_600_000_000


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return what a page costs here and there."""
    return [await _in_a_large_log(place, amounts), await _far_behind(place, amounts)]


async def _in_a_large_log(place: Place, amounts: Amounts) -> Figure:
    async with place.opened() as small, place.opened() as large:
        few_rows, of_few = await _grow(small, max(1, amounts.rows // _TIMES))
        rows, of_many = await _grow(large, amounts.rows)
        chances = Random(1)
        ours, raw = await _in_turns(
            amounts.look_ups,
            lambda: _page_of(large, chances.choice(of_many)),
            lambda: _page_of(small, chances.choice(of_few)),
        )
    return Figure(
        store=place.name,
        what=f"page of an EPC, at {rows:,} rows beside {few_rows:,}",
        ours=ours * 1000,
        raw=raw * 1000,
        unit="ms",
    )


async def _far_behind(place: Place, amounts: Amounts) -> Figure:
    serials = min(_SERIALS_MAX, amounts.rows)
    pattern = ("MATCH_anyEPC", f"urn:epc:idpat:sgtin:{_PRODUCT}.*")
    async with place.opened() as store:
        number = max(3 * PER_PAGE_DEFAULT, serials // _SERIALS_PER_EVENT)
        for start in range(0, number, _EVENTS_PER_DOCUMENT):
            end = min(number, start + _EVENTS_PER_DOCUMENT)
            await take(store, RENDERERS["json-ld"](_of_the_product(start, end)))
        await merge_all(store)
        pages = number // PER_PAGE_DEFAULT // 2
        token = ""
        for _ in range(pages):
            token = (await _page(store, pattern, *_after(token))).next_page_token or ""
        ours, raw = await _in_turns(
            amounts.look_ups,
            lambda: _page(store, pattern, *_after(token)),
            lambda: _page(store, pattern),
        )
    return Figure(
        store=place.name,
        what=f"page {pages + 1:,} of a product with {number * _SERIALS_PER_EVENT:,} serials "
        "beside the first",
        ours=ours * 1000,
        raw=raw * 1000,
        unit="ms",
    )


async def _in_turns(
    times: int, one: Callable[[], Awaitable[object]], other: Callable[[], Awaitable[object]]
) -> tuple[float, float]:
    """Return what each of two takes, in seconds."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(max(2, times // 4)):
        for found, do in zip(spent, (one, other), strict=True):
            found.append(await seconds(do()))
    return median(spent[0]), median(spent[1])


async def _grow(store: EventStore, rows: int) -> tuple[int, Sequence[str]]:
    """Capture lots until there are so many rows; return how many, and some EPCs in them."""
    there, found = 0, list[str]()
    for seed in count(1):
        if there >= rows:
            break
        lot = generate_lot(
            seed=seed,
            units=_LOT,
            units_per_case=UNITS_PER_CASE,
            epcs_per_event=UNITS_PER_CASE,
        )
        await take(store, rendered(lot))
        there += names_in(lot)
        found += [
            f"(01){thing.gtin}(21){thing.serial}"
            for thing in things_in(lot, _REMEMBERED, seed=seed).products
        ]
    await merge_all(store)
    return there, found


def _of_the_product(start: int, end: int) -> Document:
    """Return a document of events that see things of one product, each thing once."""
    moment = Timestamp(utc_text(_START), _START)
    return Document(
        events=tuple(
            ObjectEvent(
                event_time=moment,
                event_time_zone_offset="+00:00",
                action="OBSERVE",
                biz_step="storing",
                epc_list=tuple(
                    f"urn:epc:id:sgtin:{_PRODUCT}.{event:06}{serial:03}"
                    for serial in range(_SERIALS_PER_EVENT)
                ),
            )
            for event in range(start, end)
        ),
        schema_version="2.0",
        creation_date=moment,
    )


async def _page_of(store: EventStore, epc: str) -> Page:
    return await _page(store, ("MATCH_epc", epc))


async def _page(store: EventStore, *asked: tuple[str, str]) -> Page:
    return await events(store, asked, now=_START)


def _after(token: str) -> list[tuple[str, str]]:
    return [("nextPageToken", token)] if token else []
