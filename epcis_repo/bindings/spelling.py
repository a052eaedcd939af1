"""
Events and documents with identifiers and standard words in the spelling that is asked for.

Translated are what the standard's headers are about (EPCIS 2.0, §12.2): EPCs, classes, parents,
places, sources and destinations, and with them the names of master data, which would no longer
be found otherwise; and the words of the CBV. Business transactions, eventIDs and extensions are
somebody's own names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Any

from epcis_repo.errors import Remark
from epcis_repo.gs1 import cbv, voc
from epcis_repo.gs1.spelling import EpcFormat, Kept, spelt_epcs, without_links
from epcis_repo.model.documents import Document, Vocabulary
from epcis_repo.model.events import (
    FIELDS,
    PARENT_ID,
    BizTransaction,
    ErrorDeclaration,
    Event,
    Kind,
    PersistentDisposition,
    Place,
    QuantityElement,
    SensorElement,
    SensorReport,
    SourceOrDestination,
)


class CbvXmlFormat(StrEnum):
    """The values of GS1-CBV-XML-Format."""

    NO_PREFERENCE = "No_Preference"
    ALWAYS_WEB_URI = "Always_Web_URI"
    ALWAYS_URN = "Always_URN"
    NEVER_TRANSLATES = "Never_Translates"


SpellEpcs = Callable[[Sequence[str]], tuple[tuple[str, ...], Kept | None]]
SpellWord = Callable[[cbv.Vocabulary, str], str]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How identifiers and words are to be spelt; None is as they are."""

    epcs: SpellEpcs | None
    word: SpellWord | None
    terms: Callable[[frozenset[str], str], str] | None = None


def spelling_for(form: str, epcs: EpcFormat, words: CbvXmlFormat) -> Spelling:
    """Return the spelling of a format, `json-ld`, `xml-2.0` or `xml-1.2`, for who asks so."""
    spell_epcs: SpellEpcs | None = None
    if form == "xml-1.2" and epcs is EpcFormat.NO_PREFERENCE:
        # Digital Links came with version 2.0.
        spell_epcs = without_links
    elif epcs in (EpcFormat.ALWAYS_DIGITAL_LINK, EpcFormat.ALWAYS_URN):
        spell_epcs = partial(spelt_epcs, form=epcs)
    word = _WORDS[form].get(words)
    return Spelling(spell_epcs, word, voc.bare_term if word is cbv.bare_word else None)


def are_spelt_already(events: Iterable[bytes], epcs: EpcFormat, words: CbvXmlFormat) -> bool:
    """
    Whether the log has events as JSON-LD spells them for who asks so, by a look at their text.

    No also where something else in them looks like what would be spelt otherwise.
    """
    trace = _TRACES_OF_EPCS.get(epcs)
    has_words = words is not CbvXmlFormat.NEVER_TRANSLATES
    for data in events:
        if trace is not None and trace in data.lower():
            return False
        if has_words:
            # All words of the standard come before the first list of EPCs, which is most of an
            # event. In an extension such a list may come before them, but then within an object.
            head, _, rest = data.partition(_FIRST_LISTS.get(data[9:15], b"\0"))
            if rest and head.count(b"{") != head.count(b"}") + 1:
                head = data
            if b"cbv:" in head or b"/cbv/" in head or b'"gs1:' in head:
                return False
    return True


# What is in another spelling than the one asked for has this in it.
_TRACES_OF_EPCS = {EpcFormat.ALWAYS_DIGITAL_LINK: b"urn:epc:", EpcFormat.ALWAYS_URN: b'"http'}
# By how the type begins that an event has first: the list of EPCs that it most often has.
_FIRST_LISTS = {
    b"Object": b',"epcList":[',
    b"Aggreg": b',"childEPCs":[',
    b"Associ": b',"childEPCs":[',
    b"Transa": b',"epcList":[',
    b"Transf": b',"inputEPCList":[',
}


def urn_of_1_2(vocabulary: cbv.Vocabulary, text: str) -> str:
    """Return a word as version 1.2 has it: a URN, also where it was withdrawn since."""
    return text if text.startswith("urn:") else cbv.urn(vocabulary, text)


# JSON has bare words whatever is asked for XML; version 1.2 has URNs. What has no row stays as
# it came.
_WORDS: dict[str, dict[CbvXmlFormat, SpellWord]] = {
    "json-ld": {
        CbvXmlFormat.NO_PREFERENCE: cbv.bare_word,
        CbvXmlFormat.ALWAYS_WEB_URI: cbv.bare_word,
        CbvXmlFormat.ALWAYS_URN: cbv.bare_word,
    },
    "xml-2.0": {
        CbvXmlFormat.NO_PREFERENCE: cbv.in_force,
        CbvXmlFormat.ALWAYS_WEB_URI: cbv.web_uri,
        CbvXmlFormat.ALWAYS_URN: cbv.urn,
    },
    "xml-1.2": dict.fromkeys(CbvXmlFormat, urn_of_1_2),
}


def spell_event(event: Event, spelling: Spelling) -> tuple[Event, list[Remark]]:
    """Return `event` in a spelling, and what is to be said of it: what stays, what was replaced."""
    speller = _Speller(spelling)
    changed: dict[str, Any] = {}
    for member in FIELDS[type(event)]:
        content = getattr(event, member.name)
        spell = _SPELLERS.get(member.kind)
        if member is PARENT_ID:
            spell = _Speller.epc
        if spell is None or not content:
            continue
        spelt = spell(speller, member.standard, content)
        if spelt != content:
            changed[member.name] = spelt
    return (replace(event, **changed) if changed else event), speller.remarks


def spell_header(document: Document, spelling: Spelling) -> Document:
    """Return `document` with the names of its master data in a spelling."""
    if not document.vocabularies:
        return document
    return replace(document, vocabularies=_spelt(document.vocabularies, spelling))


def spell_answer(document: Document, spelling: Spelling) -> Document:
    """Return the answer to a query with its events, or its master data, in a spelling."""
    if document.events is not None:
        spelt = tuple(spell_event(event, spelling)[0] for event in document.events)
        document = replace(document, events=spelt)
    results = document.query_results
    if results is not None and results.vocabularies is not None:
        results = replace(results, vocabularies=_spelt(results.vocabularies, spelling))
        document = replace(document, query_results=results)
    return document


def _spelt(vocabularies: Sequence[Vocabulary], spelling: Spelling) -> tuple[Vocabulary, ...]:
    return tuple(map(_Speller(spelling).vocabulary, vocabularies))


class _Speller:
    """Spells the fields of one event, and notes what there is to say of them."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self.remarks: list[Remark] = []

    def epcs(self, field: str, content: Sequence[str]) -> tuple[str, ...]:
        if self._spelling.epcs is None:
            return tuple(content)
        spelt, kept = self._spelling.epcs(content)
        if kept is not None:
            self.remarks.append(Remark(field, str(kept)))
        return spelt

    def epc(self, field: str, content: str) -> str:
        return self.epcs(field, (content,))[0]

    def quantities(
        self, field: str, content: tuple[QuantityElement, ...]
    ) -> tuple[QuantityElement, ...]:
        classes = self.epcs(f"{field}/epcClass", [item.epc_class for item in content])
        return tuple(
            replace(item, epc_class=spelt) for item, spelt in zip(content, classes, strict=True)
        )

    def place(self, field: str, content: Place) -> Place:
        spelt = self.epc(f"{field}/id", content.id)
        return content if spelt == content.id else replace(content, id=spelt)

    def word(self, vocabulary: cbv.Vocabulary, field: str, content: str) -> str:
        spell = self._spelling.word
        spelt = content if spell is None else spell(vocabulary, content)
        if spelt != content and content in vocabulary.withdrawn:
            text = f"{content} was withdrawn with CBV 1.1; its successor is {spelt}"
            self.remarks.append(Remark(field, text))
        if spell is urn_of_1_2 and cbv.bare_word(vocabulary, content) in vocabulary.newer:
            self.remarks.append(Remark(field, f"{content} is a word that came with CBV 2.0"))
        return spelt

    def ends(
        self, field: str, content: tuple[SourceOrDestination, ...]
    ) -> tuple[SourceOrDestination, ...]:
        spelt = self.epcs(field, [item.id for item in content])
        return tuple(
            replace(item, id=end, type=self.word(cbv.SOURCE_DEST_TYPE, field, item.type))
            for item, end in zip(content, spelt, strict=True)
        )

    def biz_transactions(
        self, field: str, content: tuple[BizTransaction, ...]
    ) -> tuple[BizTransaction, ...]:
        return tuple(
            item
            if item.type is None
            else replace(item, type=self.word(cbv.BIZ_TRANSACTION_TYPE, field, item.type))
            for item in content
        )

    def persistent_disposition(
        self, field: str, content: PersistentDisposition
    ) -> PersistentDisposition:
        spell = partial(self.word, cbv.DISPOSITION, field)
        return PersistentDisposition(
            set=None if content.set is None else tuple(map(spell, content.set)),
            unset=None if content.unset is None else tuple(map(spell, content.unset)),
        )

    def error_declaration(self, field: str, content: ErrorDeclaration) -> ErrorDeclaration:
        if content.reason is None:
            return content
        reason = self.word(cbv.ERROR_REASON, f"{field}/reason", content.reason)
        return replace(content, reason=reason)

    def sensor_elements(
        self, field: str, content: tuple[SensorElement, ...]
    ) -> tuple[SensorElement, ...]:
        return tuple(
            replace(
                element,
                sensor_report=tuple(self._report(field, item) for item in element.sensor_report),
            )
            for element in content
        )

    def _report(self, field: str, report: SensorReport) -> SensorReport:
        changed: dict[str, Any] = {}
        if report.component is not None:
            changed["component"] = self.word(cbv.COMPONENT, field, report.component)
        if (term := self._spelling.terms) is not None:
            if report.type is not None:
                changed["type"] = term(voc.MEASUREMENT_TYPES, report.type)
            if report.exception is not None:
                changed["exception"] = term(voc.ALERT_TYPES, report.exception)
        return replace(report, **changed) if changed else report

    def vocabulary(self, vocabulary: Vocabulary) -> Vocabulary:
        elements = vocabulary.elements
        names = self._names([element.id for element in elements])
        return replace(
            vocabulary,
            elements=tuple(
                replace(
                    element,
                    id=name,
                    children=None if element.children is None else self._names(element.children),
                )
                for element, name in zip(elements, names, strict=True)
            ),
        )

    def _names(self, names: Sequence[str]) -> tuple[str, ...]:
        # Master data is also of what is no EPC, such as a word, so what stays says nothing.
        return tuple(names) if self._spelling.epcs is None else self._spelling.epcs(names)[0]


_SPELLERS: dict[Kind, Callable[[_Speller, str, Any], Any]] = {
    Kind.EPCS: _Speller.epcs,
    Kind.QUANTITIES: _Speller.quantities,
    Kind.PLACE: _Speller.place,
    Kind.SOURCES: _Speller.ends,
    Kind.DESTINATIONS: _Speller.ends,
    Kind.BIZ_STEP: lambda speller, field, text: speller.word(cbv.BIZ_STEP, field, text),
    Kind.DISPOSITION: lambda speller, field, text: speller.word(cbv.DISPOSITION, field, text),
    Kind.BIZ_TRANSACTIONS: _Speller.biz_transactions,
    Kind.PERSISTENT_DISPOSITION: _Speller.persistent_disposition,
    Kind.ERROR_DECLARATION: _Speller.error_declaration,
    Kind.SENSOR_ELEMENTS: _Speller.sensor_elements,
}
