"""
The most memory that a capture takes at one moment, in a process of its own.

The baseline is what that process had before: the program, the store, the bytes of the document.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.amounts import Amounts
from benchmarks.documents import document_of, rendered
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from epcis_repo.demo import generate_lot
from epcis_repo.evidence.operations import prepare
from epcis_repo.store import open_store


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return the peak of captures of a lot and of a document of many events."""
    long = document_of(max(amounts.events), seed=1)
    many = f"{max(amounts.events):,} events"
    figures = []
    for what, document, name in (
        (f"a lot of {amounts.units:,}", generate_lot(seed=1, units=amounts.units), "JSON-LD"),
        (many, long, "JSON-LD"),
        (many, long, "XML 1.2"),
    ):
        path = place.folder / "document"
        path.write_bytes(rendered(document, name))
        before, peak = await _alone(place, path)
        label = f"peak memory, capture of {what}, {name}"
        note = f"a document of {path.stat().st_size / 1024**2:,.1f} MB"
        figures.append(Figure(place.name, label, peak, before, "MB", note))
        path.unlink()
    return figures


async def _alone(place: Place, path: Path) -> tuple[float, float]:
    # A process of its own has no other measurement's memory in its peak.
    with (
        place.database() as url,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        return await asyncio.get_running_loop().run_in_executor(pool, peaks, url, path)


def peaks(url: str, path: Path) -> tuple[float, float]:
    """Return the most memory (MB) of this process before and after it captured a document."""
    return asyncio.run(_peaks(url, path))


async def _peaks(url: str, path: Path) -> tuple[float, float]:
    store = open_store(url)
    await prepare(store)
    body = path.read_bytes()  # noqa: ASYNC240 - nobody else is here
    before = peak_mb()
    await take(store, body)
    after = peak_mb()
    await store.close()
    return before, after


def peak_mb() -> float:
    """Return the most memory that this process had at one moment."""
    # Linux counts in ru_maxrss what the parent had when the process began, so it is not asked.
    status = Path("/proc/self/status")
    if status.exists():
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024**2 if sys.platform == "darwin" else peak / 1024
