"""
Pages of events over HTTP: the thirty events of one EPC, of any of many cases full of them.

The baseline is a bare Starlette route that returns the bytes of one of these pages. They are asked
for in the spelling in which their events were captured, and as the Digital Links that are the
standard's default; of a thing whose events nobody has asked for since the server was started, of
another thing that was in the same events, and of one thing again and again.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from random import Random
from statistics import median, quantiles
from urllib.parse import quote

from benchmarks import page_costs
from benchmarks.amounts import Amounts
from benchmarks.documents import UNITS_PER_CASE
from benchmarks.figures import Figure
from benchmarks.load import Load, ask, exchange, get_request
from benchmarks.places import Place, take
from benchmarks.serving import serving, serving_bytes
from epcis_repo.bindings import RENDERERS
from epcis_repo.evidence.operations import prepare
from epcis_repo.model import Document, ObjectEvent
from epcis_repo.model.events import Place as Location
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.projections.event_hashes import keep_hashed, last_hashed
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head
from epcis_repo.store.merging import merge_all

EVENTS = 30
_CLIENTS, _CROWD = 4, 16
_EPC = "urn:epc:id:sgtin:0399991.012345.{}"
_LOCATION = "urn:epc:id:sgln:0399991.00001.{}"
_AS_CAPTURED = "GS1-EPC-Format: Never_Translates\r\n"
# Of each case so many things are asked for when its events have been read.
_OTHERS = 4
_AGAIN = 50
_ASKED_AGAIN = "asked again"
_START = 1_767_225_600_000_000
_HOUR = 3_600_000_000


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many pages a second are answered, how evenly, and what they cost in large logs."""
    cases = [_epcs_of(number) for number in range(max(2, amounts.small // 5))]
    with place.database() as url:
        store = open_store(url)
        await prepare(store)
        await take(store, RENDERERS["json-ld"](_lives_of(cases)))
        await _settled(store)
        await store.close()
        figures = await _over_http(place, url, cases, rounds=amounts.rounds)
    return figures + await page_costs.measure(place, amounts)


async def _over_http(
    place: Place, url: str, cases: Sequence[tuple[str, ...]], *, rounds: int
) -> list[Figure]:
    chances = Random(1)
    for_nothing, *measured = chances.sample(cases, len(cases))
    unread = [epcs[0] for epcs in measured]
    others = [epc for epcs in measured for epc in epcs[1 : 1 + _OTHERS]]
    again = (others[:_AGAIN] * len(others))[: len(others)]
    # What is measured, in this order: what is asked for, with which header, by how many clients.
    asked: dict[str, tuple[list[str], str, int]] = {
        "events not read before": (unread, _AS_CAPTURED, _CLIENTS),
        "events read before": (others, _AS_CAPTURED, _CLIENTS),
        _ASKED_AGAIN: (again, _AS_CAPTURED, _CLIENTS),
        "as Digital Links, events not spelt before": (unread, "", _CLIENTS),
        "as Digital Links": (others, "", _CLIENTS),
        # Another size of page is another question.
        "a crowd": ([f"{epc}?perPage={EVENTS + 1}" for epc in others], _AS_CAPTURED, _CROWD),
    }
    loads: dict[str, list[Load]] = defaultdict(list)
    size = 0
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as clients:
        for _ in range(rounds):
            # What is remembered is gone with the process.
            with serving(url, place.folder) as address:
                reader, writer = await asyncio.open_connection(*address)
                page = b""
                for epc in for_nothing:
                    request = get_request(address, _path(epc), _AS_CAPTURED)
                    page = (await exchange(reader, writer, request)).body
                writer.close()
                await writer.wait_closed()
                size = len(page)
                with serving_bytes(page, "application/json", place.folder) as bare:
                    # For nothing: whoever is first makes all that is kept.
                    await loop.run_in_executor(
                        clients, ask, bare, list(map(_path, unread)), _CLIENTS
                    )
                    for number in (_CLIENTS, _CROWD):
                        load = await loop.run_in_executor(
                            clients, ask, bare, list(map(_path, others)), number
                        )
                        loads[f"bare {number}"].append(load)
                    for name, (epcs, headers, number) in asked.items():
                        if name == _ASKED_AGAIN:
                            # For nothing, likewise: from the second asking on an answer is kept.
                            paths = list(map(_path, others[:_AGAIN]))
                            await loop.run_in_executor(
                                clients, ask, address, paths, _CLIENTS, headers
                            )
                        load = await loop.run_in_executor(
                            clients, ask, address, list(map(_path, epcs)), number, headers
                        )
                        loads[name].append(load)
    rates = {
        name: len(found[0].waits) / median(load.seconds for load in found)
        for name, found in loads.items()
    }
    what = f"page of the {EVENTS} events of an EPC"
    figures = [
        Figure(
            store=place.name,
            what=f"{what}, {name}" if number == _CLIENTS else f"{what}, {number} clients",
            ours=rates[name],
            raw=rates[f"bare {number}"],
            unit="pages/s",
            note=f"{size:,} bytes a page",
        )
        for name, (_, _, number) in asked.items()
    ]
    waits = [_slow_and_usual(load) for load in loads["a crowd"]]
    return [
        *figures,
        Figure(
            store=place.name,
            what=f"{what}, {_CROWD} clients: what 99 of 100 wait at most, beside the median",
            ours=median(slow for slow, _ in waits),
            raw=median(usual for _, usual in waits),
            unit="ms",
        ),
    ]


def _slow_and_usual(load: Load) -> tuple[float, float]:
    hundredths = quantiles(load.waits, n=100)
    return hundredths[98] * 1000, hundredths[49] * 1000


def _path(epc: str) -> str:
    name, mark, query = epc.partition("?")
    return f"/epcis/epcs/{quote(name, safe=':')}/events{mark}{query}"


async def _settled(store: EventStore) -> None:
    """Have done what a server does behind captures: it would be measured, too."""
    await merge_all(store)
    hashing = asyncio.create_task(keep_hashed(store))
    while True:
        async with store.reading(snapshot=False) as session:
            # The receipt comes last, and is no event that has a hash.
            if await last_hashed(session) >= await head(session) - 1:
                break
        await asyncio.sleep(0.05)
    hashing.cancel()
    await asyncio.wait([hashing])


def _epcs_of(case: int) -> tuple[str, ...]:
    return tuple(_EPC.format(f"{case:05}{unit:02}") for unit in range(UNITS_PER_CASE))


def _lives_of(cases: Sequence[tuple[str, ...]]) -> Document:
    """Return a document in which the things of each case are seen together so many times."""
    return Document(
        events=tuple(
            ObjectEvent(
                event_time=_moment(hour),
                event_time_zone_offset="+00:00",
                event_id=f"urn:x:{hour}:{number}",
                action="OBSERVE",
                biz_step="storing",
                disposition="in_progress",
                read_point=Location(id=_LOCATION.format(hour % 5)),
                biz_location=Location(id=_LOCATION.format(0)),
                epc_list=epcs,
            )
            for hour in range(EVENTS)
            for number, epcs in enumerate(cases)
        ),
        schema_version="2.0",
        creation_date=_moment(EVENTS),
    )


def _moment(hour: int) -> Timestamp:
    microseconds = _START + hour * _HOUR
    return Timestamp(utc_text(microseconds), microseconds)
