"""How much is measured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Amounts:
    """
    Sizes that say something of a real repository, and that a run ends in minutes with.

    `rounds` are interleaved, and their median counts. `units` are the serials of a lot, `events`
    those of documents of many events, `epcs` those that one event names, `small` is how many
    documents of one event there are, `rows` how many EPC rows a log grows to, `packs` what is in a
    truck. `workers` are the processes of a server.
    """

    rounds: int = 3
    units: int = 50_000
    events: tuple[int, ...] = (100, 1_000, 10_000)
    epcs: int = 200_000
    small: int = 2_000
    clients: tuple[int, ...] = (1, 16, 64)
    workers: tuple[int, ...] = (1, 2)
    look_ups: int = 1_000
    proofs: int = 200
    rows: int = 500_000
    packs: int = 100_000

    @property
    def typical(self) -> int:
        """The events of the document that stands for all of many events."""
        return self.events[len(self.events) // 2]
