"""What really happened to each unit, whatever the documents say."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from epcis_repo.demo.parties import PARTY_OF, UNIT, Product, Site


class Status(StrEnum):
    """What a unit is at the end of the story."""

    IN_STOCK = "in stock"
    IN_TRANSIT = "in transit"
    RETURNED = "returned"
    RECALLED = "recalled"
    EXPIRED = "expired"
    STOLEN = "stolen"
    SAMPLED = "sampled"
    DISPENSED = "dispensed"
    DECOMMISSIONED = "decommissioned"
    DESTROYED = "destroyed"


STATUSES = tuple(Status)

# What an observation says of the things observed. Steps that are not here change nothing.
STATUS_AFTER: dict[tuple[str, str], Status] = {
    ("commissioning", "active"): Status.IN_STOCK,
    ("shipping", "in_transit"): Status.IN_TRANSIT,
    ("receiving", "in_progress"): Status.IN_STOCK,
    ("shipping", "returned"): Status.IN_TRANSIT,
    ("receiving", "returned"): Status.RETURNED,
    ("stocking", "sellable_accessible"): Status.IN_STOCK,
    ("holding", "recalled"): Status.RECALLED,
    ("holding", "expired"): Status.EXPIRED,
    ("stock_taking", "stolen"): Status.STOLEN,
    ("sampling", "non_sellable_other"): Status.SAMPLED,
    ("dispensing", "dispensed"): Status.DISPENSED,
    ("decommissioning", "inactive"): Status.DECOMMISSIONED,
    ("destroying", "destroyed"): Status.DESTROYED,
}


@dataclass(frozen=True, slots=True)
class Lot:
    """A lot: `units` are the numbers of its units in the chain."""

    product: Product
    number: str
    expiry: str
    units: range


@dataclass(frozen=True, slots=True)
class UnitTruth:
    """
    One unit at the end of the story.

    `holder` is the GLN of the party that last had it in hand, `location` that of the site;
    what is in transit is still with its sender. `parent` is the container that it is in,
    `top` the outermost one.
    """

    epc: str
    gtin: str
    lot: str
    expiry: str
    holder: str
    location: str
    parent: str | None
    top: str | None
    status: Status


@dataclass(frozen=True, slots=True)
class PartnerError:
    """
    A mistake that was put into the documents.

    `name` is a key of `PARTNER_ERRORS`, `identifiers` are the EPCs concerned, `documents` the
    names of the documents in which it shows and `event_ids` the events, where there are any.
    """

    name: str
    identifiers: tuple[str, ...]
    documents: tuple[str, ...]
    event_ids: tuple[str, ...] = ()


class Truth:
    """
    The truth about every unit of a chain, in the order in which they were commissioned.

    It is kept in arrays; the facts of a unit are put together when they are asked for.
    """

    def __init__(
        self,
        *,
        epcs: Sequence[str],
        lots: Sequence[Lot],
        sites: Sequence[Site],
        statuses: bytearray,
        locations: bytearray,
        parents: array[int],
        container_epcs: Sequence[str],
        container_parents: Sequence[int],
        errors: Sequence[PartnerError],
    ) -> None:
        self.lots = tuple(lots)
        self.errors = tuple(errors)
        self._epcs = epcs
        self._sites = sites
        self._statuses = statuses
        self._locations = locations
        self._parents = parents
        self._container_epcs = container_epcs
        self._container_parents = container_parents

    def __len__(self) -> int:
        return len(self._epcs)

    def __iter__(self) -> Iterator[UnitTruth]:
        for lot in self.lots:
            for number in lot.units:
                yield self._unit(number, lot)

    def __contains__(self, epc: object) -> bool:
        return epc in self._numbers

    def __getitem__(self, epc: str) -> UnitTruth:
        number = self._numbers[epc]
        return self._unit(number, next(lot for lot in self.lots if number in lot.units))

    def counts(self, lot: Lot) -> dict[Status, int]:
        """Return how many units of `lot` there are of each status."""
        statuses = self._statuses[lot.units.start : lot.units.stop]
        counts = {status: statuses.count(code) for code, status in enumerate(STATUSES)}
        return {status: count for status, count in counts.items() if count}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {epc: number for number, epc in enumerate(self._epcs)}

    def _unit(self, number: int, lot: Lot) -> UnitTruth:
        site = self._sites[self._locations[number]]
        parent = top = self._parents[number]
        while top >= 0 and self._container_parents[top] >= 0:
            top = self._container_parents[top]
        return UnitTruth(
            epc=self._epcs[number],
            gtin=lot.product.gtin(UNIT),
            lot=lot.number,
            expiry=lot.expiry,
            holder=PARTY_OF[site].gln,
            location=site.gln,
            parent=None if parent < 0 else self._container_epcs[parent],
            top=None if top < 0 else self._container_epcs[top],
            status=STATUSES[self._statuses[number]],
        )
