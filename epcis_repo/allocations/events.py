"""What is recorded of allocations."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True)
class SerialsAllocated(Decision):
    """Somebody has said that serials of a product, from `first` to `last`, are its maker's."""

    allocation_id: str
    gtin: str
    first: str
    last: str
    reason: str
    by: str


@dataclass(frozen=True)
class AllocationWithdrawn(Decision):
    """Somebody has said that an allocation counts no more."""

    allocation_id: str
    reason: str
    by: str


LIFECYCLE = (SerialsAllocated, AllocationWithdrawn)


def allocation_tag(allocation_id: str) -> str:
    """Return what the decisions on an allocation are found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for it.
    return f"allocation {allocation_id}"
