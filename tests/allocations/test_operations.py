"""Allocations on the log, and what the rules make of them."""

from __future__ import annotations

import pytest

from epcis_repo.allocations import (
    AllocationTakenError,
    AllocationWithdrawnError,
    allocate,
    allocation_asked,
    allocations,
    known_beside,
    one_allocation,
    withdraw,
    withdrawal_asked,
)
from epcis_repo.errors import NotFoundError
from epcis_repo.findings import Hold, SerialRange
from epcis_repo.holds import hold_asked, place_hold
from epcis_repo.store import EventStore
from tests.operations.reports import NOW, PACK, at, key

GTIN = "00300010123455"
WHY = {"reason": "batch 7", "by": "Serialization"}


def serials(first: str, last: str, **more: str) -> dict[str, str]:
    return {"gtin": GTIN, "first": first, "last": last, **WHY, **more}


async def test_are_kept_with_who_when_and_why(store: EventStore) -> None:
    """
    An allocation has its serials, who made it, why, and since when we know of it.
    """
    made = await allocate(store, allocation_asked(serials("1", "100")), now=NOW)

    assert made == await one_allocation(store, made.allocation_id)
    assert (made.gtin, made.serials) == (GTIN, SerialRange("1", "100"))
    assert (made.reason, made.by, made.allocated_at) == ("batch 7", "Serialization", NOW)


async def test_are_made_once(store: EventStore) -> None:
    """
    The same serials again are the same allocation, until it is withdrawn; others cannot have its
    name.
    """
    named = serials("1", "100", allocation_id="B7")
    first = await allocate(store, allocation_asked(named), now=NOW)
    again = await allocate(store, allocation_asked(named), now=NOW + 1)
    with pytest.raises(AllocationTakenError):
        await allocate(store, allocation_asked({**named, "last": "200"}), now=NOW + 2)
    await withdraw(store, "B7", withdrawal_asked(WHY), now=NOW + 3)

    anew = await allocate(store, allocation_asked(named), now=NOW + 4)

    assert first == again
    assert (anew.allocated_at, anew.withdrawal) == (NOW + 4, None)


async def test_are_withdrawn_once(store: EventStore) -> None:
    """
    A withdrawal keeps the allocation with both reasons, and there is one.
    """
    made = await allocate(store, allocation_asked(serials("1", "9")), now=NOW)

    found = await withdraw(store, made.allocation_id, withdrawal_asked(WHY), now=NOW + 1)

    assert found.withdrawal is not None
    assert (found.withdrawal.by, found.withdrawal.withdrawn_at) == ("Serialization", NOW + 1)
    with pytest.raises(AllocationWithdrawnError):
        await withdraw(store, made.allocation_id, withdrawal_asked(WHY), now=NOW + 2)
    with pytest.raises(NotFoundError):
        await withdraw(store, "nobody's", withdrawal_asked(WHY), now=NOW + 2)


async def test_have_pages(store: EventStore) -> None:
    """
    They are listed in the order in which they were made, by product, page by page.
    """
    for n in range(3):
        await allocate(store, allocation_asked(serials(f"{n}0", f"{n}9")), now=NOW)
    other = serials("1", "9") | {"gtin": "10300010123452"}
    await allocate(store, allocation_asked(other), now=NOW)

    first = await allocations(store, gtin=GTIN, per_page=2)
    rest = await allocations(store, gtin=GTIN, per_page=2, token=first.next_page_token)

    found = [*first.allocations, *rest.allocations]
    assert [each.serials.first for each in found] == ["00", "10", "20"]
    assert rest.next_page_token is None


async def test_are_known_beside_what_is_held(store: EventStore) -> None:
    """
    Rules look at the ranges that count and at the holds, as was known at a moment.
    """
    made = await allocate(store, allocation_asked(serials("1", "9")), now=NOW)
    held = hold_asked({"of": [PACK], **WHY, "hold_id": "H", "since": "2026-01-01T01:00:00Z"})
    await place_hold(store, held, now=NOW + 1)
    await withdraw(store, made.allocation_id, withdrawal_asked(WHY), now=NOW + 2)

    first = await known_beside(store, known_at=NOW)
    both = await known_beside(store, known_at=NOW + 1)
    now = await known_beside(store)

    assert (first.holds, first.ranges) == ([], {f"01/{GTIN}": [SerialRange("1", "9")]})
    assert (both.holds, both.ranges) == ([Hold(key(PACK), "H", at(1))], first.ranges)
    assert (now.holds, now.ranges) == (both.holds, {})
