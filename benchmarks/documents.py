"""What is sent: documents made from seeds, no serial in two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from random import Random

from epcis_repo.bindings import RENDERERS
from epcis_repo.bindings.names import CBVMDA
from epcis_repo.demo import generate_lot, generate_small_documents
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model import AggregationEvent, Document, ObjectEvent
from epcis_repo.verification import ProductIdentifier

# The format, by the name that the figures have for it.
FORMATS = {"JSON-LD": "json-ld", "XML 1.2": "xml-1.2"}

# With these, an event names about fifty things: a case full of units, with or without the case.
UNITS_PER_CASE = 48
CASES_PER_PALLET = 100


@dataclass(frozen=True, slots=True)
class Things:
    """What can be asked about: product identifiers of units, and the EPCs of cases they are in."""

    products: tuple[ProductIdentifier, ...]
    cases: tuple[str, ...]

    def __add__(self, other: Things) -> Things:
        """Return those of both."""
        return Things(self.products + other.products, self.cases + other.cases)


def rendered(document: Document, name: str = "JSON-LD") -> bytes:
    """Return the bytes of a document in one of `FORMATS`."""
    return RENDERERS[FORMATS[name]](document)


def document_of(events: int, *, seed: int) -> Document:
    """Return the whole story of a lot in (at least, by a few) so many events."""
    cases = next(cases for cases in count(1) if _events_of(cases) >= events)
    return generate_lot(
        seed=seed,
        units=cases * UNITS_PER_CASE,
        units_per_case=UNITS_PER_CASE,
        cases_per_pallet=CASES_PER_PALLET,
        epcs_per_event=UNITS_PER_CASE,
    )


def one_event_of(epcs: int, *, seed: int) -> Document:
    """Return a document whose one event commissions so many units."""
    lot = generate_lot(seed=seed, units=epcs)
    return replace(lot, events=(lot.events or ())[:1])


def small_documents(count: int, *, seed: int) -> list[bytes]:
    """Return documents of one event that names one thing, as they are sent."""
    return [rendered(document) for document in generate_small_documents(seed=seed, count=count)]


def units_in(document: Document) -> int:
    """Return how many units a lot's document commissions."""
    return sum(len(event.epc_list or ()) for event in _of_units(document))


def names_in(document: Document) -> int:
    """Return how many things the events of a document name: the rows of the index of EPCs."""
    return sum(
        len(getattr(event, "epc_list", None) or ())
        + len(getattr(event, "child_epcs", None) or ())
        + (getattr(event, "parent_id", None) is not None)
        for event in document.events or ()
    )


def things_in(document: Document, limit: int, *, seed: int) -> Things:
    """Return some units and cases of a lot's document, any of them, up to `limit` of each."""
    chances = Random(seed)
    commissioned = _of_units(document)
    units = [epc for event in commissioned for epc in event.epc_list or ()]
    ilmd = commissioned[0].ilmd or {}
    lot, expiry = (ilmd[f"{{{CBVMDA}}}{name}"] for name in ("lotNumber", "itemExpirationDate"))
    known = set(units)
    cases = [
        event.parent_id
        for event in document.events or ()
        if isinstance(event, AggregationEvent)
        and event.parent_id is not None
        and event.child_epcs
        and event.child_epcs[0] in known
    ]
    return Things(
        tuple(_product(epc, lot, expiry) for epc in _some(units, limit, chances)),
        tuple(_some(cases, limit, chances)),
    )


def _events_of(cases: int) -> int:
    pallets = -(-cases // CASES_PER_PALLET)
    commissioned = cases + -(-cases // UNITS_PER_CASE) + pallets
    packed = cases + pallets
    shipped = 1
    return commissioned + packed + shipped


def _of_units(document: Document) -> list[ObjectEvent]:
    """Return the events that commission units: the first ones, all of the same lot and GTIN."""
    events = [e for e in document.events or () if isinstance(e, ObjectEvent) and e.epc_list]
    gtin = _class_of(events[0])
    return [e for e in events if e.action == "ADD" and _class_of(e) == gtin]


def _class_of(event: ObjectEvent) -> str:
    return (event.epc_list or ("",))[0].rpartition(".")[0]


def _product(epc: str, lot: str, expiry: str) -> ProductIdentifier:
    unit = parse_identifier(epc)
    return ProductIdentifier(unit.value, unit.serial or "", lot, date.fromisoformat(expiry))


def _some(epcs: Sequence[str], limit: int, chances: Random) -> list[str]:
    return chances.sample(epcs, min(limit, len(epcs)))
