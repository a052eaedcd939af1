"""Runs the stories, or some of them, on both stores and prints one table."""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Collection

from rich.console import Console

from benchmarks import (
    capture,
    clients,
    formats,
    growth,
    hostile,
    look_ups,
    memory,
    pages,
    partners,
    proofs,
    rebuild,
    rules,
    size,
    traceability,
)
from benchmarks.amounts import Amounts
from benchmarks.figures import Figure, table
from benchmarks.places import PLACES, Place
from epcis_repo.cli.serving import settle_process
from epcis_repo.store.durability import refuse_lapses

Story = Callable[[Place, Amounts], Awaitable[list[Figure]]]

STORIES: dict[str, Story] = {
    "capture": capture.measure,
    "clients": clients.measure,
    "partners": partners.measure,
    "growth": growth.measure,
    "look-ups": look_ups.measure,
    "traceability": traceability.measure,
    "pages": pages.measure,
    "rebuild": rebuild.measure,
    "proofs": proofs.measure,
    "rules": rules.measure,
    "size": size.measure,
    "memory": memory.measure,
}
# No database has a part in these, so they are told once.
STORELESS: dict[str, Callable[[Amounts], list[Figure]]] = {
    "formats": formats.measure,
    "hostile": hostile.measure,
}


def main() -> None:
    """Measure and print."""
    usual, known = Amounts(), [*STORELESS, *STORIES]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("stories", nargs="*", metavar="STORY", help=f"of {', '.join(known)}")
    parser.add_argument("--store", choices=PLACES, help="the one to measure; both without")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="the median counts")
    parser.add_argument("--units", type=int, default=usual.units, help="serials of a lot")
    parser.add_argument(
        "--rows", type=int, default=usual.rows, help="EPC rows that the log of growth gets to"
    )
    chosen = parser.parse_args()
    stories = chosen.stories or known
    if unknown := set(stories) - set(known):
        parser.error(f"no story {', '.join(sorted(unknown))}: there are {', '.join(known)}")
    # What is measured in this process has what it has in a server.
    settle_process()
    amounts = Amounts(rounds=chosen.rounds, units=chosen.units, rows=chosen.rows)
    figures = [
        figure for name in stories if name in STORELESS for figure in STORELESS[name](amounts)
    ]
    of_stores = [name for name in stories if name in STORIES]
    for name in ([chosen.store] if chosen.store else PLACES) if of_stores else ():
        with PLACES[name]() as place:
            figures += asyncio.run(measure(place, of_stores, amounts))
    title = f"Python {platform.python_version()}, {platform.machine()}"
    Console(width=None if sys.stdout.isatty() else 160).print(table(title, figures))


async def measure(place: Place, stories: Collection[str], amounts: Amounts) -> list[Figure]:
    """Return the figures of some stories on one kind of database."""
    words = Console(stderr=True, highlight=False)
    async with place.opened() as store:
        # A database that waits for no disk would be fast and mean nothing.
        await refuse_lapses(store)
    figures = []
    for name in stories:
        started = time.monotonic()
        figures += await STORIES[name](place, amounts)
        words.print(f"{place.name}, {name}: {time.monotonic() - started:.0f} s")
    return figures


if __name__ == "__main__":
    main()
