"""
In which row of the account of a lot a serial is, and what became of a shipment. Pure.

- How a life has ended is the row, whatever was before: `ENDS`.
- What was shipped and not received since is shipped out, as long as nobody says that it arrived.
- All else is in stock where its maker has it, or has it again, and received where another has: the
  maker is who shipped it first, or if nobody said who that was, whoever is where it was before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import StrEnum, auto
from typing import NamedTuple

from epcis_repo.projections.custody import Custody, Handling, Named, fold
from epcis_repo.projections.lifecycle import Lifecycle, State, Step
from epcis_repo.projections.story import Entry


class Row(StrEnum):
    """The rows of the account: what was commissioned is the sum of them."""

    IN_STOCK = auto()
    SHIPPED_OUT = auto()
    RECEIVED = auto()
    DISPENSED = auto()
    EXPORTED = auto()
    DESTROYED = auto()
    SAMPLED = auto()
    LOST_OR_STOLEN = auto()
    DECOMMISSIONED = auto()
    OTHER = auto()


class Difference(StrEnum):
    """What does not add up about a serial."""

    MISSING = auto()
    """It was not received, though others of its shipment were."""
    NEVER_COMMISSIONED = auto()
    """It was named together with serials of the lot, and nobody has put it into use."""
    OTHER_LOT = auto()
    """It was put into use as of this lot, and as of another."""


ENDS: Mapping[State, Row] = {
    Lifecycle.DISPENSED: Row.DISPENSED,
    Lifecycle.EXPORTED: Row.EXPORTED,
    Lifecycle.DESTROYED: Row.DESTROYED,
    Lifecycle.SAMPLED: Row.SAMPLED,
    Lifecycle.LOST: Row.LOST_OR_STOLEN,
    Lifecycle.STOLEN: Row.LOST_OR_STOLEN,
    Lifecycle.DECOMMISSIONED: Row.DECOMMISSIONED,
    # Its serial is out of use, and what it was is in something else.
    Lifecycle.TRANSFORMED: Row.OTHER,
}


class Transfer(NamedTuple):
    """A way from one to another: its first shipping, and its first receiving, if any."""

    shipped: Entry
    received: Entry | None


def transfers(entries: Iterable[Entry]) -> list[Transfer]:
    """Return the ways that a thing has gone; one that was not shipped after all is none."""
    ways: list[Transfer] = []
    is_under_way = False
    for entry in entries:
        match entry.step:
            case Step.SHIP if not is_under_way:
                ways.append(Transfer(entry, None))
                is_under_way = True
            case Step.RECEIVE if is_under_way:
                ways[-1] = ways[-1]._replace(received=entry)
                is_under_way = False
            case Step.VOID_SHIP if is_under_way:
                ways.pop()
                is_under_way = False
            case _:
                pass
    return ways


def is_under_way(ways: Sequence[Transfer]) -> bool:
    """Whether the last way has not ended."""
    return bool(ways) and ways[-1].received is None


def row_of(state: State, ways: Sequence[Transfer], handled: Iterable[Handling]) -> Row:
    """Return the row of a thing, from its state, its ways, and what is said of its custody."""
    if (end := ENDS.get(state)) is not None:
        return end
    if is_under_way(ways):
        return Row.SHIPPED_OUT
    handlings = list(handled)
    return Row.IN_STOCK if _is_with_its_maker(handlings, fold(handlings)) else Row.RECEIVED


def _is_with_its_maker(handlings: Sequence[Handling], custody: Custody) -> bool:
    if not custody.possessors:
        # Nobody has ever given it to anybody.
        return True
    first, last = custody.possessors[0], custody.possessors[-1]
    receipts = {handling.event_id for handling in handlings if handling.step is Step.RECEIVE}
    if first.begun_by not in receipts:
        return last.who.key == first.who.key
    # The maker is not named, so that the first of whom we know is who has received it.
    homes = _places_before_leaving(handlings)
    where = custody.places[-1].who if custody.places else None
    return where is not None and where.key in homes


def _places_before_leaving(handlings: Iterable[Handling]) -> set[str]:
    homes: set[str] = set()
    for handling in handlings:
        if handling.step is Step.RECEIVE:
            break
        homes |= {place.key for place in handling.places}
    return homes


def holder_of(custody: Custody) -> Named | None:
    """Return who has a thing at present, if anybody of whom we know."""
    last = custody.possessors[-1] if custody.possessors else None
    return last.who if last is not None and last.ends is None else None


def place_of(custody: Custody) -> Named | None:
    """Return where a thing is at present, if anywhere of which we know."""
    last = custody.places[-1] if custody.places else None
    return last.who if last is not None and last.ends is None else None


class Arrival(NamedTuple):
    """
    What became of a thing after it was shipped: the receipts of it, by position.

    `is_twice` says that one of them tells again what another has told.
    """

    receipts: tuple[int, ...] = ()
    is_twice: bool = False


def arrival_of(entries: Sequence[Entry], shipped_by: Collection[int]) -> Arrival | None:
    """
    Return how a thing arrived that one of these events (positions) shipped.

    None where none did, or it was not shipped after all. What was shipped on by another event
    after it was received is on another way.
    """
    named: list[tuple[str, str | None]] = []
    receipts: list[int] = []
    is_shipped = False
    for entry in entries:
        position = entry.said.position
        match entry.step:
            case Step.SHIP if position in shipped_by:
                is_shipped = True
            case Step.SHIP if receipts:
                break
            case Step.RECEIVE if is_shipped:
                receipts.append(position)
                named.append((entry.said.key, entry.said.biz_step))
            case Step.VOID_SHIP if is_shipped and not receipts:
                is_shipped = False
            case _:
                pass
    if not is_shipped:
        return None
    return Arrival(tuple(receipts), is_twice=any(n > 1 for n in Counter(named).values()))


class Verdict(StrEnum):
    """What of a shipment was found where it arrived, or by who scanned it."""

    MATCHED = auto()
    MISSING = auto()
    EXTRA = auto()
    DUPLICATE = auto()
    """It was found, and found once more."""


def verdict(*, is_shipped: bool, is_found: bool) -> Verdict | None:
    """Return what is said of a thing on one side; None where it is on neither."""
    if is_shipped:
        return Verdict.MATCHED if is_found else Verdict.MISSING
    return Verdict.EXTRA if is_found else None
