"""What may become of an allocation, and what has. Pure: decisions in, decisions and values out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from epcis_repo.allocations.errors import AllocationTakenError, AllocationWithdrawnError
from epcis_repo.allocations.events import (
    LIFECYCLE,
    AllocationWithdrawn,
    SerialsAllocated,
    allocation_tag,
)
from epcis_repo.errors import NotFoundError
from epcis_repo.findings import SerialRange
from epcis_repo.model.times import utc_text
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event


class Asked(NamedTuple):
    """What is asked for by who allocates serials; without a name it gets one."""

    gtin: str
    serials: SerialRange
    reason: str
    by: str
    allocation_id: str | None = None


class WithdrawalAsked(NamedTuple):
    """What is asked for by who withdraws an allocation."""

    reason: str
    by: str


class Withdrawal(NamedTuple):
    """That an allocation was withdrawn, and when we learned it (microseconds)."""

    reason: str
    by: str
    withdrawn_at: int


@dataclass(frozen=True, slots=True)
class Allocation:
    """Serials of a product (14 digits), since when we know of them, and whether they count yet."""

    allocation_id: str
    gtin: str
    serials: SerialRange
    reason: str
    by: str
    allocated_at: int
    withdrawal: Withdrawal | None = None

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/allocation.schema.json`)."""
        withdrawal = self.withdrawal
        return {
            "allocation_id": self.allocation_id,
            "gtin": self.gtin,
            "first": self.serials.first,
            "last": self.serials.last,
            "reason": self.reason,
            "by": self.by,
            "allocated_at": utc_text(self.allocated_at),
            "withdrawal": None
            if withdrawal is None
            else {
                "reason": withdrawal.reason,
                "by": withdrawal.by,
                "withdrawn_at": utc_text(withdrawal.withdrawn_at),
            },
        }


Learned = tuple[int, Decision]
"""A decision, and when it was recorded (microseconds)."""


def folded(decisions: Iterable[Learned]) -> dict[str, Allocation]:
    """Return the allocations that there are after these decisions, in order, by name."""
    found: dict[str, Allocation] = {}
    for learned, decision in decisions:
        match decision:
            case SerialsAllocated():
                found[decision.allocation_id] = Allocation(
                    allocation_id=decision.allocation_id,
                    gtin=decision.gtin,
                    serials=SerialRange(decision.first, decision.last),
                    reason=decision.reason,
                    by=decision.by,
                    allocated_at=learned,
                )
            case AllocationWithdrawn(allocation_id=name):
                withdrawal = Withdrawal(decision.reason, decision.by, learned)
                found[name] = replace(found[name], withdrawal=withdrawal)
    return found


def ranges_in(allocations: Iterable[Allocation]) -> Mapping[str, list[SerialRange]]:
    """Return the ranges that count, by the key of the product."""
    ranges: dict[str, list[SerialRange]] = {}
    for allocation in allocations:
        if allocation.withdrawal is None:
            ranges.setdefault(f"01/{allocation.gtin}", []).append(allocation.serials)
    return ranges


def about(allocation_id: str) -> list[Selector]:
    """Return what selects the decisions on an allocation."""
    return [Selector(LIFECYCLE, (allocation_tag(allocation_id),))]


class Allocate(Slice[Decision]):
    """
    Allocates serials, unless another allocation has the name.

    The same one again is the same; after it was withdrawn it is made anew.
    """

    def __init__(self, asked: Asked, *, allocation_id: str) -> None:
        """`asked` was read by `asked.py`."""
        self.asked = asked
        self.allocation_id = allocation_id
        self.taken_by: tuple[str, str, str] | None = None
        self.counts = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.allocation_id)

    @event(SerialsAllocated)
    def _(self, gtin: str, first: str, last: str) -> None:
        self.taken_by = (gtin, first, last)
        self.counts = True

    @event(AllocationWithdrawn)
    def _(self) -> None:
        self.counts = False

    def execute(self) -> None:
        """Decide; `AllocationTakenError` when it cannot be."""
        asked = self.asked
        serials = (asked.gtin, asked.serials.first, asked.serials.last)
        if self.taken_by not in (None, serials):
            raise AllocationTakenError(self.allocation_id)
        if self.counts:
            return
        self.trigger_event(
            SerialsAllocated,
            (allocation_tag(self.allocation_id),),
            allocation_id=self.allocation_id,
            gtin=asked.gtin,
            first=asked.serials.first,
            last=asked.serials.last,
            reason=asked.reason,
            by=asked.by,
        )


class Withdraw(Slice[Decision]):
    """Withdraws an allocation, once."""

    def __init__(self, allocation_id: str, asked: WithdrawalAsked) -> None:
        self.allocation_id = allocation_id
        self.asked = asked
        self.is_there = False
        self.is_withdrawn = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.allocation_id)

    @event(SerialsAllocated)
    def _(self) -> None:
        self.is_there = True

    @event(AllocationWithdrawn)
    def _(self) -> None:
        self.is_withdrawn = True

    def execute(self) -> None:
        """Decide; `NotFoundError` or `AllocationWithdrawnError` when it cannot be."""
        if not self.is_there:
            raise no_allocation(self.allocation_id)
        if self.is_withdrawn:
            raise AllocationWithdrawnError(self.allocation_id)
        self.trigger_event(
            AllocationWithdrawn,
            (allocation_tag(self.allocation_id),),
            allocation_id=self.allocation_id,
            reason=self.asked.reason,
            by=self.asked.by,
        )


def no_allocation(allocation_id: str) -> NotFoundError:
    """Return what is raised for a name that no allocation has."""
    return NotFoundError(f"there is no allocation named {allocation_id!r}")
