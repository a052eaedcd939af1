"""
Pages of events over HTTP: the thirty events of one EPC, of any of many cases full of them.

The baseline is a bare Starlette route that returns the bytes of one of these pages. They are asked
for once each in the spelling in which their events were captured, and in the other: as URNs, and as
the Digital Links that are the standard's default; and some of them again and again.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from random import Random
from statistics import median
from urllib.parse import quote

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
from epcis_repo.store import open_store

EVENTS = 30
_CLIENTS = 4
_EPC = "urn:epc:id:sgtin:0399991.012345.{}"
_LOCATION = "urn:epc:id:sgln:0399991.00001.{}"
_AS_CAPTURED = "GS1-EPC-Format: Never_Translates\r\n"
_AGAIN = 50
_START = 1_767_225_600_000_000
_HOUR = 3_600_000_000


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return how many pages a second are answered."""
    cases = [_epcs_of(number) for number in range(max(1, amounts.small // 20))]
    epcs = [quote(epc, safe=":") for case in cases for epc in case]
    once = [f"/epcis/epcs/{epc}/events" for epc in Random(1).sample(epcs, amounts.small)]
    again = (once[:_AGAIN] * len(once))[: len(once)]
    # What is measured: where, with which header, and what was asked for before.
    asked: dict[str, tuple[list[str], str, list[str]]] = {
        "as captured": (once, _AS_CAPTURED, []),
        "as Digital Links": (once, "", []),
        "asked for again": (again, _AS_CAPTURED, again[:_AGAIN]),
    }
    loads: dict[str, list[Load]] = defaultdict(list)
    loop = asyncio.get_running_loop()
    with (
        place.database() as url,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as clients,
    ):
        store = open_store(url)
        await prepare(store)
        await take(store, RENDERERS["json-ld"](_lives_of(cases)))
        await store.close()
        with serving(url, place.folder) as address:
            reader, writer = await asyncio.open_connection(*address)
            page = await exchange(reader, writer, get_request(address, once[0], _AS_CAPTURED))
            writer.close()
            await writer.wait_closed()
            with serving_bytes(page.body, "application/json", place.folder) as bare:
                for _ in range(amounts.rounds):
                    loads["bare"].append(
                        await loop.run_in_executor(clients, ask, bare, once, _CLIENTS)
                    )
                    for name, (paths, headers, before) in asked.items():
                        await loop.run_in_executor(clients, ask, address, before, 1, headers)
                        load = await loop.run_in_executor(
                            clients, ask, address, paths, _CLIENTS, headers
                        )
                        loads[name].append(load)
    rates = {
        name: len(once) / median(load.seconds for load in found) for name, found in loads.items()
    }
    return [
        Figure(
            store=place.name,
            what=f"page of the {EVENTS} events of an EPC, {name}",
            ours=rates[name],
            raw=rates["bare"],
            unit="pages/s",
            note=f"{len(page.body):,} bytes a page",
        )
        for name in asked
    ]


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
