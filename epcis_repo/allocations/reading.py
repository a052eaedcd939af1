"""Reads allocations from the log. They are few, so all are read."""

from __future__ import annotations

from collections.abc import Iterable

from epcis_repo.allocations.events import LIFECYCLE
from epcis_repo.allocations.rules import Allocation, Learned, folded
from epcis_repo.recorders.decisions import decision_of
from epcis_repo.store import Reading, RecordedEvent
from epcis_repo.store.log import all_of_types

_TYPES = [decision.TOPIC for decision in LIFECYCLE]


async def all_allocations(session: Reading, until: int) -> dict[str, Allocation]:
    """Return all allocations that were ever made, by name, as known at position `until`."""
    return folded(_learned(await all_of_types(session, _TYPES, until)))


def _learned(decided: Iterable[RecordedEvent]) -> Iterable[Learned]:
    for recorded in decided:
        yield recorded.record_time, decision_of(recorded)
