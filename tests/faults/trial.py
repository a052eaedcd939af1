"""
How much is done of a fault, by which chances, and what came of it.

A test run does the short form; `EPCIS_REPO_FAULTS=full` does the full numbers. The chances of
a round come from the seed, the test and the number of the round, so that a round that failed
can be done again by itself: `EPCIS_REPO_FAULTS_SEED` and `EPCIS_REPO_FAULTS_ROUND`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

FULL = os.environ.get("EPCIS_REPO_FAULTS") == "full"
SEED = int(os.environ.get("EPCIS_REPO_FAULTS_SEED", "1"))
_ROUND = os.environ.get("EPCIS_REPO_FAULTS_ROUND")


@dataclass(frozen=True)
class Row:
    """A row of the table: what was done to what, and what was found."""

    fault: str
    what: str
    done: str
    found: str
    seconds: float


@dataclass
class Trial:
    """What one test does of a fault."""

    test: str
    rows: list[Row]
    round: int | None = None
    _started: float = field(default_factory=time.monotonic)

    def rounds(self, *, short: int, full: int) -> Iterator[tuple[int, Random]]:
        """Yield the number and the chances of each round."""
        numbers = range(full if FULL else short) if _ROUND is None else [int(_ROUND)]
        for self.round in numbers:
            yield self.round, self.chances(self.round)
        self.round = None

    def chances(self, about: object = "") -> Random:
        """What is drawn for something, the same for the same seed."""
        return Random(f"{SEED} {self.test} {about}")

    def tell(self, fault: str, what: str, done: str, found: str) -> None:
        """Add a row to the table that `make faults` prints."""
        self.rows.append(Row(fault, what, done, found, time.monotonic() - self._started))

    @property
    def replay(self) -> str:
        """The command that does the round that failed once more."""
        variables = {
            "EPCIS_REPO_FAULTS": "full" if FULL else None,
            "EPCIS_REPO_FAULTS_SEED": SEED,
            "EPCIS_REPO_FAULTS_ROUND": self.round,
        }
        given = [f"{name}={value}" for name, value in variables.items() if value is not None]
        return " ".join([*given, f".venv/bin/python -m pytest '{self.test}'"])
