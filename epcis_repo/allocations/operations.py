"""Allocating serials, withdrawing and listing allocations; and all that is known beside events."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from epcis_repo.allocations.reading import all_allocations
from epcis_repo.allocations.rules import (
    Allocate,
    Allocation,
    Asked,
    Withdraw,
    WithdrawalAsked,
    no_allocation,
    ranges_in,
)
from epcis_repo.errors import QueryParameterError
from epcis_repo.findings import Hold, Known
from epcis_repo.holds import Kind
from epcis_repo.holds.reading import all_holds
from epcis_repo.recorders.decisions import decide
from epcis_repo.store import EventStore, Reading, log

# The names of allocations without one are made of what they allocate, so that each is made once.
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:epcis-repo:allocations")


@dataclass(frozen=True, slots=True)
class AllocationPage:
    """Some allocations, in the order in which they were made; the token asks for those after."""

    allocations: Sequence[Allocation]
    next_page_token: str | None


async def allocate(store: EventStore, asked: Asked, *, now: int) -> Allocation:
    """
    Allocate serials, and return the allocation; asked for once more it is the same.

    Raises `AllocationTakenError` when another has its name.
    """
    serials = f"{asked.gtin} {asked.serials.first} {asked.serials.last}"
    allocation_id = asked.allocation_id or str(uuid.uuid5(_NAMES, serials))
    await decide(store, lambda: Allocate(asked, allocation_id=allocation_id), now=now)
    return await one_allocation(store, allocation_id)


async def withdraw(
    store: EventStore, allocation_id: str, asked: WithdrawalAsked, *, now: int
) -> Allocation:
    """
    Withdraw an allocation, and return it.

    Raises `NotFoundError` when there is none, and `AllocationWithdrawnError` when it was before.
    """
    await one_allocation(store, allocation_id)
    await decide(store, lambda: Withdraw(allocation_id, asked), now=now)
    return await one_allocation(store, allocation_id)


async def one_allocation(store: EventStore, allocation_id: str) -> Allocation:
    """Return an allocation; `NotFoundError` when there is none of that name."""
    async with store.reading() as session:
        found = await all_allocations(session, await log.head(session))
    if allocation_id not in found:
        raise no_allocation(allocation_id)
    return found[allocation_id]


async def allocations(
    store: EventStore,
    *,
    gtin: str | None = None,
    known_at: int | None = None,
    per_page: int,
    token: str | None = None,
) -> AllocationPage:
    """Return a page of all allocations that were ever made, or of those of a product."""
    async with store.reading() as session:
        found = await all_allocations(session, await _until(session, known_at))
    fit = [each for each in found.values() if gtin is None or each.gtin == gtin]
    begin = _begin(token)
    after = begin + per_page
    return AllocationPage(fit[begin:after], str(after) if after < len(fit) else None)


async def known_beside(store: EventStore, *, known_at: int | None = None) -> Known:
    """Return what rules about things look at beside the events, as was known at `known_at`."""
    async with store.reading() as session:
        return await known_in(session, await _until(session, known_at))


async def known_in(session: Reading, until: int) -> Known:
    """Return the same, as known at position `until`: what is held, and what was allocated."""
    holds = await all_holds(session, until)
    held = [
        Hold(
            key=key,
            name=hold.hold_id,
            begins=hold.since,
            ends=None if hold.release is None else hold.release.until,
            is_recall=hold.kind is Kind.RECALL,
        )
        for hold in holds.values()
        if hold.kind is not Kind.MOCK_RECALL
        for key in hold.keys
    ]
    ranges = ranges_in((await all_allocations(session, until)).values())
    return Known(holds=held, ranges=ranges)


def allocation_value(allocation: Allocation) -> dict[str, Any]:
    """Return an allocation as JSON (`schemas/allocation.schema.json`)."""
    return allocation.value()


def allocations_value(page: AllocationPage) -> dict[str, Any]:
    """Return a page of allocations as JSON (`schemas/allocations.schema.json`)."""
    return {"allocations": [allocation.value() for allocation in page.allocations]}


async def _until(session: Reading, known_at: int | None) -> int:
    return await (log.head(session) if known_at is None else log.head_at(session, known_at))


def _begin(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and len(token) < 10):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
