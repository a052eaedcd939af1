"""What is measured of one store, and against what."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from epcis_repo.bindings import RENDERERS, sniff
from epcis_repo.demo import generate_lot, generate_small_documents
from epcis_repo.evidence.operations import prepare
from epcis_repo.gs1 import Identifier, from_elements, parse_identifier
from epcis_repo.model.events import ObjectEvent
from epcis_repo.operations.capture import capture
from epcis_repo.operations.history import history, history_value
from epcis_repo.store import EventStore, open_store
from epcis_repo.verification import ProductIdentifier, verify

LOOK_UPS = 1_000
SMALL = 2_000
CLIENTS = (1, 16, 64)

# Every table that a capture writes to, with its columns, in the order in which it does.
TABLES = {
    "document": "part digest media_type body",
    "events": "part position record_time type event_id data",
    "event_tag": "part tag position",
    "event_index": "part position event_id type event_time record_time action biz_step"
    " disposition declares_error header",
    "containment": "part child relation from_time from_position parent to_time to_position",
    "epc_state": "part epc company_prefix_length lifecycle disposition read_point biz_location"
    " lot expiry commissioned_at event_time position",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. A rate is better when it is higher, a time when it is lower."""

    store: str
    what: str
    ours: float
    raw: float | None
    unit: str

    def cells(self) -> tuple[str, ...]:
        """Return the line; the ratio is ours to raw."""
        raw = "" if self.raw is None else f"{self.raw:,.3g} {self.unit}"
        if self.raw is not None and self.raw >= 1000:
            raw = f"{self.raw:,.0f} {self.unit}"
        ours = f"{self.ours:,.0f}" if self.ours >= 1000 else f"{self.ours:,.3g}"
        ratio = "" if self.raw is None else f"{self.ours / self.raw:.2f}"
        return self.store, self.what, f"{ours} {self.unit}", raw, ratio


Rows = dict[str, list[tuple[object, ...]]]


async def measure_store(
    name: str, fresh: Callable[[], str], *, units: int, rounds: int
) -> list[Figure]:
    """Return the figures of a store; `fresh` makes an empty database and returns its URL."""
    lot = generate_lot(seed=1, units=units)
    bodies = {form: RENDERERS[form](lot) for form in ("json-ld", "xml-1.2")}
    ours: dict[str, list[float]] = {form: [] for form in bodies}
    raw: list[float] = []
    url, rows = "", Rows()
    # In turn, so that a slow minute of the machine falls on all of them.
    for _ in range(rounds):
        for form, body in bodies.items():
            url = fresh()
            seconds, rows = await _capture_seconds(url, body)
            ours[form].append(units / seconds)
        raw.append(units / await _raw_seconds(fresh(), rows))
    figures = [
        Figure(name, f"capture of a lot, {form}", median(rates), median(raw), "serials/s")
        for form, rates in ours.items()
    ]

    store = open_store(url)
    commissioned = next(e for e in lot.events or () if isinstance(e, ObjectEvent) and e.epc_list)
    serials = random.Random(1).sample(commissioned.epc_list or (), LOOK_UPS)
    things = [parse_identifier(serial) for serial in serials]
    row = await _look_up_ms(store, things, _row_of)
    for what, look_up in (("history of a unit", _history_of), ("verification", _verdict_on)):
        milliseconds = await _look_up_ms(store, things, look_up)
        figures.append(Figure(name, f"{what}, median", milliseconds, row, "ms"))
    await store.close()

    small = [RENDERERS["json-ld"](d) for d in generate_small_documents(seed=1, count=SMALL)]
    bare = SMALL / await _raw_commits_seconds(fresh())
    for clients in CLIENTS:
        rate = SMALL / await _small_seconds(fresh(), small, clients)
        what = f"capture of one event, {clients} at once"
        figures.append(Figure(name, what, rate, bare, "documents/s"))

    peak = _peak_mb(fresh(), bodies["json-ld"])
    return [*figures, Figure(name, "peak memory of a capture", peak, None, "MB")]


async def _capture_seconds(url: str, body: bytes) -> tuple[float, Rows]:
    store = open_store(url)
    await prepare(store)
    started = time.perf_counter()
    await capture(store, body, sniff(body), now=time.time_ns() // 1000)
    seconds = time.perf_counter() - started
    async with store.reading() as session:
        rows = {
            table: [
                tuple(row)
                for row in await session.fetch(f"SELECT {', '.join(columns.split())} FROM {table}")
            ]
            for table, columns in TABLES.items()
        }
    await store.close()
    return seconds, rows


async def _raw_seconds(url: str, rows: Rows) -> float:
    """Insert the very rows that the capture wrote, ready made, in one transaction."""
    store = open_store(url)
    await prepare(store)
    started = time.perf_counter()
    async with store.writing() as session:
        for table, columns in TABLES.items():
            await session.insert(table, columns.split(), rows[table])
    seconds = time.perf_counter() - started
    await store.close()
    return seconds


async def _small_seconds(url: str, bodies: Sequence[bytes], clients: int) -> float:
    store = open_store(url)
    await prepare(store)
    waiting = iter(bodies)

    async def client() -> None:
        for body in waiting:
            await capture(store, body, sniff(body), now=time.time_ns() // 1000)

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - started
    await store.close()
    return seconds


async def _raw_commits_seconds(url: str) -> float:
    """Insert as many rows of the size of an event, each in a durable transaction of its own."""
    store = open_store(url)
    await prepare(store)
    columns = TABLES["events"].split()
    started = time.perf_counter()
    for number in range(1, SMALL + 1):
        async with store.writing() as session:
            row = (session.part, number, number, "ObjectEvent", f"event {number}", bytes(500))
            await session.insert("events", columns, [row])
    seconds = time.perf_counter() - started
    await store.close()
    return seconds


LookUp = Callable[[EventStore, Identifier], Awaitable[object]]


async def _look_up_ms(store: EventStore, things: Sequence[Identifier], look_up: LookUp) -> float:
    times = []
    for thing in things:
        started = time.perf_counter()
        await look_up(store, thing)
        times.append((time.perf_counter() - started) * 1000)
    return median(times)


async def _row_of(store: EventStore, thing: Identifier) -> object:
    async with store.reading(snapshot=False) as session:
        return await session.fetch(
            "SELECT * FROM epc_state WHERE part = $1 AND epc = $2", session.part, thing.key
        )


async def _history_of(store: EventStore, thing: Identifier) -> object:
    return history_value(await history(store, thing))


async def _verdict_on(store: EventStore, thing: Identifier) -> object:
    product = ProductIdentifier(thing.value, thing.serial or "", "LOT", date(2028, 1, 5))
    assert product.identifier == from_elements({"01": thing.value, "21": thing.serial or ""})
    return await verify(store, product, today=date(2026, 1, 5))


def _peak_mb(url: str, body: bytes) -> float:
    # A process of its own has no other measurement's memory in its peak.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_capture_alone, args=(url, body, theirs))
    process.start()
    peak: float = ours.recv()
    process.join()
    return peak


def _capture_alone(url: str, body: bytes, answer: Connection) -> None:
    asyncio.run(_capture_again(url, body))
    # Linux counts in ru_maxrss what the parent had when the process began, so it is not asked.
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        answer.send(int(line.split()[1]) / 1024)
    else:
        answer.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2)


async def _capture_again(url: str, body: bytes) -> None:
    store = open_store(url)
    await prepare(store)
    await capture(store, body, sniff(body), now=time.time_ns() // 1000)
    await store.close()
