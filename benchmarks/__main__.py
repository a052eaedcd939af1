"""Runs every measurement on both stores and prints one table."""

from __future__ import annotations

import argparse
import asyncio
import platform
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Figure, measure_store
from tests.postgres_server import running_server


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--units", type=int, default=50_000, help="serials in the lot document")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the median counts")
    chosen = parser.parse_args()
    figures: list[Figure] = []
    # Here, not in the system's temporary folder: that may lie in memory and never wait for a disk.
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        numbers = count()
        figures += measure("SQLite", lambda: f"sqlite:///{folder}/{next(numbers)}.db", chosen)
    # fsync is on: what is measured is a capture that survives a power cut.
    with running_server(fsync=True) as server:
        figures += measure("PostgreSQL", server.create_database, chosen)
    table = Table(title=f"Python {platform.python_version()}, {platform.machine()}", box=None)
    for header in ("store", "what", "ours", "raw baseline", "ratio"):
        table.add_column(header, justify="left" if header in ("store", "what") else "right")
    for figure in figures:
        table.add_row(*figure.cells())
    Console(width=120).print(table)


def measure(name: str, fresh: Callable[[], str], chosen: argparse.Namespace) -> list[Figure]:
    """Return the figures of one store; `fresh` makes an empty database and returns its URL."""
    return asyncio.run(measure_store(name, fresh, units=chosen.units, rounds=chosen.rounds))


if __name__ == "__main__":
    main()
