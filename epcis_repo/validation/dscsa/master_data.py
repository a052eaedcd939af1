"""Rules for master data: the products and the places that a document is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from epcis_repo.bindings.names import CBVMDA
from epcis_repo.model.documents import Document, VocabularyElement
from epcis_repo.model.events import Event
from epcis_repo.validation.dscsa.said import key_of, step_of, text_of
from epcis_repo.validation.header import HEADER, element_steps
from epcis_repo.validation.rule import AcrossEvents, Fault, Seen

# The type codes of an NDC, by the release of the guideline that has them.
NDC_CODES = {"FDA_NDC_11": "1.2", "US_FDA_NDC": "1.3"}

# So many products and places of a document are remembered.
REMEMBERED_MAX = 1 << 17


class ProductsAreDescribed(AcrossEvents):
    """Master data for each GTIN that is commissioned."""

    def __init__(self) -> None:
        self._gtins: set[str] = set()

    def event(self, event: Event, number: int, seen: Seen) -> Iterable[Fault]:
        if step_of(event) == "commissioning" and len(self._gtins) < REMEMBERED_MAX:
            self._gtins |= {key[:17] for key in seen.what.epcs if key.startswith("01/")}
        return ()

    def end(self, document: Document) -> Iterator[Fault]:
        described = {key_of(element.id) for _, _, element in _elements(document, "EPCClass")}
        for gtin in sorted(self._gtins - described):
            expected = f"a vocabulary element of EPCClass for the GTIN {gtin[3:]}"
            yield Fault((*HEADER, "epcisMasterData"), expected, "none")


def products_have_what_dscsa_asks(document: Document, seen: Seen) -> Iterator[Fault]:
    for steps, attributes in products(document):
        if missing := [name for name in _OF_PRODUCTS if not text_of(attributes.get(name, ""))]:
            yield Fault(steps, f"the attributes {', '.join(missing)}", "none")


_OF_PRODUCTS = (
    "additionalTradeItemIdentification",
    "additionalTradeItemIdentificationTypeCode",
    "regulatedProductName",
    "manufacturerOfTradeItemPartyName",
    "dosageFormType",
    "strengthDescription",
    "netContentDescription",
)


def products_have_an_ndc(document: Document, seen: Seen) -> Iterator[Fault]:
    for steps, attributes in products(document):
        code = text_of(attributes.get("additionalTradeItemIdentificationTypeCode", ""))
        if code and code not in NDC_CODES:
            yield Fault(steps, "the type code US_FDA_NDC, in release 1.2 FDA_NDC_11", code)
        ndc = text_of(attributes.get("additionalTradeItemIdentification", ""))
        if ndc and code in NDC_CODES and not _NDC.fullmatch(ndc):
            yield Fault(steps, "an NDC: three numbers of ten or eleven digits in all", ndc)


_NDC = re.compile(r"[0-9]{4,5}-[0-9]{3,4}-[0-9]{1,2}|[0-9]{10,11}", re.ASCII)


class LocationsAreDescribed(AcrossEvents):
    """Master data for both ends of each shipment."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}

    def event(self, event: Event, number: int, seen: Seen) -> Iterable[Fault]:
        if step_of(event) == "shipping" and len(self._places) < REMEMBERED_MAX:
            for end in (*(event.source_list or ()), *(event.destination_list or ())):
                if key := key_of(end.id):
                    self._places[key] = end.id
        return ()

    def end(self, document: Document) -> Iterator[Fault]:
        described = {key_of(element.id) for _, _, element in _elements(document, "Location")}
        for key in sorted(self._places.keys() - described):
            expected = f"a vocabulary element of Location for {self._places[key]}"
            yield Fault((*HEADER, "epcisMasterData"), expected, "none")


def locations_have_an_address(document: Document, seen: Seen) -> Iterator[Fault]:
    for vocabulary, number, element in _elements(document, "Location"):
        attributes = _attributes(element)
        if missing := [name for name in _OF_LOCATIONS if not text_of(attributes.get(name, ""))]:
            steps = element_steps(vocabulary, number)
            yield Fault(steps, f"the attributes {', '.join(missing)}", "none")


_OF_LOCATIONS = ("name", "streetAddressOne", "city", "state", "postalCode", "countryCode")


def _elements(document: Document, kind: str) -> Iterator[tuple[int, int, VocabularyElement]]:
    for index, vocabulary in enumerate(document.vocabularies or ()):
        for number, element in enumerate(vocabulary.elements):
            if vocabulary.type == f"urn:epcglobal:epcis:vtype:{kind}":
                yield index, number, element


def products(document: Document) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    for index, number, element in _elements(document, "EPCClass"):
        yield element_steps(index, number), _attributes(element)


def _attributes(element: VocabularyElement) -> dict[str, Any]:
    return {name.removeprefix(f"{CBVMDA}#"): value for name, value in element.attributes}
