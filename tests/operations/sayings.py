"""Master data that documents bring, in a word each."""

from __future__ import annotations

from typing import Any

from epcis_repo.bindings import RENDERERS
from epcis_repo.model.documents import Document, Vocabulary, VocabularyElement
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.capture import capture
from epcis_repo.operations.master_data import Known, master_data
from epcis_repo.operations.receipts import Receipt
from epcis_repo.projections.stated import MASTER_DATA_RECEIVED
from epcis_repo.store import EventStore, Query, QueryItem, RecordedEvent, log
from tests.operations.reports import NOW, at

MDA = "urn:epcglobal:cbv:mda#"
CLASS, LOCATION = "urn:epcglobal:epcis:vtype:EPCClass", "urn:epcglobal:epcis:vtype:Location"
MEDIA_TYPES = {
    "json-ld": "application/ld+json",
    "xml-2.0": "application/xml",
    "xml-1.2": "application/xml",
}

PRODUCT = "urn:epc:idpat:sgtin:0300010.012345.*"
PLANT, OFFICE = "urn:epc:id:sgln:0300010.00001.0", "urn:epc:id:sgln:0300010.00002.0"
HALL, SHELF = "urn:epc:id:sgln:0300010.00001.H1", "urn:epc:id:sgln:0300010.00001.S1"
VALUE = {"@unit": "KGM", "#text": "3.5"}
MAKER, DEALER = "urn:epc:id:sgln:0300010.00009.0", "urn:epc:id:sgln:0300020.00009.0"


def element(identifier: str, *children: str, **attributes: Any) -> VocabularyElement:
    """What is said of an identifier; the names of attributes are those of the CBV."""
    return VocabularyElement(
        id=identifier,
        attributes=tuple((f"{MDA}{name}", value) for name, value in attributes.items()),
        children=children or None,
    )


def product(name: str = "Examplol", identifier: str = PRODUCT) -> Vocabulary:
    return Vocabulary(type=CLASS, elements=(element(identifier, regulatedProductName=name),))


def places(*elements: VocabularyElement, kind: str = LOCATION) -> Vocabulary:
    return Vocabulary(type=kind, elements=elements)


def saying(
    *vocabularies: Vocabulary,
    hour: float | None = 1,
    sender: str | None = MAKER,
    events: tuple[Event, ...] | None = (),
    note: str | None = None,
    **members: Any,
) -> Document:
    """A document that was made at an hour; another `note` makes it another document."""
    made = None if hour is None else Timestamp(utc_text(at(hour)), at(hour))
    whole: dict[str, Any] = {
        "schema_version": "2.0",
        "creation_date": made,
        "sender": sender,
        "receiver": None if sender is None else DEALER,
        "vocabularies": vocabularies,
        "events": events,
        "id": note,
    }
    return Document(**whole | members)


async def say(store: EventStore, document: Document, *, form: str = "json-ld") -> Receipt:
    """Capture it."""
    return await capture(store, RENDERERS[form](document), MEDIA_TYPES[form], now=NOW)


async def sayings(store: EventStore) -> list[RecordedEvent]:
    """All that the log has of master data."""
    async with store.reading() as session:
        query = Query((QueryItem((MASTER_DATA_RECEIVED,)),))
        return [event async for event in log.read(session, query)]


async def known_of(store: EventStore, asked: str, **clocks: int) -> Known:
    return await master_data(store, asked, **clocks)


def names_in(known: Known) -> list[Any]:
    """The first attribute of each statement in force."""
    return [item.statement.attributes[0][1] for item in known.in_force]
