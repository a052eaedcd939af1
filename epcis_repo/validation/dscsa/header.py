"""Rules for the header: who sends what to whom, and the transaction statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from epcis_repo.gs1 import check_digit
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event
from epcis_repo.validation.dscsa.master_data import NDC_CODES, products
from epcis_repo.validation.dscsa.said import HC, TRUE, header_member, step_of, text_of
from epcis_repo.validation.header import HEADER, sbdh_member, sbdh_steps, sbdh_text
from epcis_repo.validation.rule import AcrossEvents, Fault, Seen


def header_has_an_sbdh(document: Document, seen: Seen) -> Iterator[Fault]:
    if document.sbdh is None:
        yield Fault(HEADER, "a StandardBusinessDocumentHeader", "none")


def parties_of_the_sbdh_are_identified(document: Document, seen: Seen) -> Iterator[Fault]:
    for party in ("Sender", "Receiver") if document.sbdh is not None else ():
        text = sbdh_text(document, party, "Identifier") or ""
        authority = _authority(document, party)
        if authority == "GLN":
            is_right = _GLN.fullmatch(text) and check_digit.compute(text[:-1]) == text[-1]
        else:
            is_right = authority in ("GS1", "SGLN") and text.startswith("urn:epc:id:sgln:")
        if not is_right:
            expected = "an SGLN URN with Authority GS1, or in release 1.2 the digits of a GLN"
            found = f"{text or 'none'} with Authority {authority or 'none'}"
            yield Fault(sbdh_steps(party, "Identifier"), expected, found)


_GLN = re.compile("[0-9]{13}", re.ASCII)


def _authority(document: Document, party: str) -> str | None:
    identifier = sbdh_member(document, party, "Identifier")
    authority = identifier.get("@Authority") if isinstance(identifier, Mapping) else None
    return None if authority is None else str(authority)


def release_is_said(document: Document, seen: Seen) -> Iterator[Fault]:
    version = header_member(document, "guidelineVersion")
    if version is None or text_of(version) != _RELEASE_1_3:
        expected = f"guidelineVersion {_RELEASE_1_3}, which release 1.2 has not"
        found = "none" if version is None else text_of(version)
        yield Fault(HEADER, expected, found)


_RELEASE_1_3 = "GS1 US DSCSA R1.3"


class StatementWhereOwnersChange(AcrossEvents):
    """The transaction statement, in a document that ships."""

    def __init__(self) -> None:
        self._ships = False

    def event(self, event: Event, number: int, seen: Seen) -> Iterable[Fault]:
        self._ships = self._ships or step_of(event) == "shipping"
        return ()

    def end(self, document: Document) -> Iterator[Fault]:
        if not self._ships:
            return
        statement = header_member(document, "dscsaTransactionStatement")
        if not isinstance(statement, Mapping):
            yield Fault(HEADER, "a dscsaTransactionStatement of the seller", "none")
            return
        steps = (*HEADER, f"{HC}dscsaTransactionStatement")
        affirmed = statement.get(f"{HC}affirmTransactionStatement")
        if text_of(affirmed) not in TRUE:
            place = (*steps, f"{HC}affirmTransactionStatement")
            yield Fault(place, "true", "none" if affirmed is None else text_of(affirmed))
        if not text_of(statement.get(f"{HC}legalNotice") or ""):
            yield Fault(steps, "a legalNotice", "none")


class MarksOfOneRelease(AcrossEvents):
    """Marks of release 1.2 and of 1.3, which no document has both."""

    def __init__(self) -> None:
        self._marks: dict[str, list[str]] = {"1.2": [], "1.3": []}

    def event(self, event: Event, number: int, seen: Seen) -> Iterable[Fault]:
        purchase = event.extensions.get(f"{HC}directPurchase")
        if purchase is not None:
            self._note("1.3" if isinstance(purchase, Mapping) else "1.2", "directPurchase")
        for name in ("dropShipment", "transactionDate"):
            if f"{HC}{name}" in event.extensions:
                self._note("1.3", name)
        return ()

    def end(self, document: Document) -> Iterator[Fault]:
        if header_member(document, "guidelineVersion") is not None:
            self._note("1.3", "guidelineVersion")
        for party in ("Sender", "Receiver"):
            release = {"GLN": "1.2", "GS1": "1.3"}.get(_authority(document, party) or "")
            if release is not None:
                self._note(release, f"Authority {_authority(document, party)}")
        for _, attributes in products(document):
            code = text_of(attributes.get("additionalTradeItemIdentificationTypeCode", ""))
            if code in NDC_CODES:
                self._note(NDC_CODES[code], code)
        old, new = self._marks["1.2"], self._marks["1.3"]
        if old and new:
            found = f"{', '.join(old)} of release 1.2, {', '.join(new)} of 1.3"
            yield Fault(HEADER, "marks of one release", found)

    def _note(self, release: str, mark: str) -> None:
        if mark not in self._marks[release]:
            self._marks[release].append(mark)
