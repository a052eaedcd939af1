"""
Writing a document in another format, version or spelling.

It is read event by event, and what was written of each is put aside, so that a document of any
length can be converted, and nothing is given out of one that cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import IO, Any

from epcis_repo.bindings import read_events
from epcis_repo.bindings.formats import FORMATS, Format, Writer
from epcis_repo.bindings.jsonld import SCHEMA_VERSION
from epcis_repo.bindings.sbdh import members_of, sbdh_of
from epcis_repo.bindings.spelling import (
    CbvXmlFormat,
    Spelling,
    spell_event,
    spell_header,
    spelling_for,
)
from epcis_repo.errors import (
    VIOLATIONS_KEPT,
    InputError,
    Remark,
    UnsayableError,
    ValidationError,
    Violation,
    Violations,
)
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document, FoundEvent, InPieces, QueryResults
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.chunks import Chunks


class Shape(StrEnum):
    """What stands around the events: a document to capture, the answer to a query, or nothing."""

    DOCUMENT = "document"
    QUERY = "query"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Target:
    """
    What a document is to become: a format in `FORMATS`, in which spelling, and in which shape.

    Without a `shape` it keeps its own. `lossy` leaves out what the format has no place for.
    """

    form: str
    shape: Shape | None = None
    epcs: EpcFormat = EpcFormat.NO_PREFERENCE
    words: CbvXmlFormat = CbvXmlFormat.NO_PREFERENCE
    lossy: bool = False

    @property
    def spelling(self) -> Spelling:
        return spelling_for(self.form, self.epcs, self.words)


class Remarks:
    """Remarks as they are made: the first of them, and the number of all."""

    def __init__(self) -> None:
        self.first: list[Remark] = []
        self.count = 0

    def add(self, remarks: Iterable[Remark], event: int | None = None) -> None:
        """Add remarks on an event, or on the document as a whole."""
        for remark in remarks:
            self.count += 1
            if len(self.first) < VIOLATIONS_KEPT:
                self.first.append(replace(remark, event=event))

    def refuse(self) -> None:
        """Raise `UnsayableError` if there are any."""
        if self.count:
            raise UnsayableError(self.first, count=self.count)


@dataclass(frozen=True, slots=True)
class Converted:
    """
    A document that was converted, and what is to be said of it.

    `events` is how many came, `notes` what stays as it was or was replaced, `lost` what was left
    out.
    """

    events: int
    notes: Remarks
    lost: Remarks
    before: bytes = field(repr=False)
    behind: bytes = field(repr=False)
    between: bytes = field(repr=False)
    chunks: Chunks = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the document, one piece after the other."""
        yield self.before
        is_first = True
        for chunk in self.chunks:
            for (data,) in chunk:
                yield data if is_first else self.between + data
                is_first = False
        yield self.behind

    def close(self) -> None:
        """Let go of what was put aside."""
        self.chunks.close()


def convert(body: IO[bytes], media_type: str, target: Target, *, now: int) -> Converted:
    """
    Return the document in `body` as `target` says; one that has no date is of `now`.

    Raises `ValidationError` with every violation of what the formats demand, and `UnsayableError`
    with all that the format has no place for, unless that may be left out.
    """
    form, spelling = FORMATS[target.form], target.spelling
    events, violations = _Events(form, spelling), Violations()
    try:
        scanned = InPieces(read_events(body, media_type))
        try:
            for found in scanned:
                violations.add(found.faults)
                if not violations.count:
                    events.add(found)
        except ValidationError as error:
            violations.refuse_with(error)
        violations.refuse()
        assert scanned.beside is not None
        document = _shaped(scanned.beside, target, events, now)
        document, lost = form.fit_frame(spell_header(document, spelling))
        events.lost.add(lost)
        if not target.lossy:
            events.lost.refuse()
        return events.within(document)
    except BaseException:
        events.chunks.close()
        raise


class _Events:
    """The events of one document as they are written, and what there is to say of them."""

    def __init__(self, form: Format, spelling: Spelling) -> None:
        self._form, self._spelling = form, spelling
        self._writer: Writer | None = None
        self._last: Event | None = None
        self.chunks = Chunks()
        self.count = self.unrecorded = 0
        self.notes, self.lost = Remarks(), Remarks()

    def add(self, found: FoundEvent) -> None:
        """Write one more event, or as much of it as the format has a place for."""
        self.count += 1
        self.unrecorded += found.event.record_time is None
        # All events of a document have its namespaces.
        self._writer = self._writer or self._form.writer(found.namespaces)
        event, notes = spell_event(found.event, self._spelling)
        rest: Event | None = event
        try:
            data = self._writer.event(event)
        except InputError:
            rest, lost = self._form.fit_event(event)
            self.lost.add(lost, found.number)
            # Of what is lost nobody needs to know how it was spelt.
            gone = {remark.field for remark in lost}
            notes = [note for note in notes if note.field not in gone]
            data = b"" if rest is None else self._writer.event(rest)
        if rest is not None:
            self.notes.add(notes, found.number)
            self._last = rest
            self.chunks.add((data,), len(data))

    def within(self, document: Document) -> Converted:
        """Return the events with what is around them."""
        writer = self._writer or self._form.writer(document.namespaces)
        chunks, between = self.chunks, self._form.between
        if document.is_bare:
            chunks.close()
            chunks = Chunks()
            events = () if self._last is None else (self._last,)
            before, behind = writer.whole(replace(document, events=events)), b""
        else:
            before, behind = writer.around(document)
        return Converted(self.count, self.notes, self.lost, before, behind, between, chunks)


def _shaped(document: Document, target: Target, events: _Events, now: int) -> Document:
    """Return what is around the events in the shape that is wanted, and note what that changes."""
    shape = target.shape or _shape_of(document)
    if shape is Shape.EVENT:
        if events.count != 1:
            violation = Violation("", "one-event", "exactly one event", f"{events.count} events")
            raise ValidationError([violation])
        alone = Document(namespaces=document.namespaces, context=document.context, is_bare=True)
        events.lost.add(
            Remark(name, "an event that stands alone has nothing around it")
            for name in _AROUND
            if getattr(document, name)
        )
        return alone
    results, changed = document.query_results, dict[str, Any]()
    if shape is Shape.DOCUMENT and results is not None:
        events.notes.add([Remark("queryResults", f"it was the answer to {results.query_name}")])
        changed = {"query_results": None, "vocabularies": document.vocabularies}
        if results.vocabularies is not None and document.vocabularies is None:
            changed["vocabularies"] = results.vocabularies
        elif results.vocabularies is not None:
            events.lost.add([Remark("vocabularyList", "the header has master data of its own")])
        if results.extensions:
            events.lost.add(
                [Remark("queryResults", "a document has no place for extensions of it")]
            )
    if shape is Shape.QUERY and results is None:
        changed = {"query_results": QueryResults(query_name="SimpleEventQuery")}
        if events.unrecorded:
            text = f"{events.unrecorded} events have none, as each in the answer to a query has"
            events.notes.add([Remark("recordTime", text)])
    if document.creation_date is None:
        changed["creation_date"] = Timestamp(utc_text(now), now)
    if target.form == "json-ld":
        said = members_of(document.sbdh)
        changed |= {name: said[name] for name in said if getattr(document, name) is None}
    version = document.schema_version or SCHEMA_VERSION
    shaped = replace(document, **changed, schema_version=version, is_bare=False)
    in_header = shaped.vocabularies is not None and not shaped.is_master_data
    if target.form == "xml-1.2" and in_header and sbdh_of(shaped) is None:
        text = "version 1.2 has none without a business document header, and there is none"
        events.notes.add([Remark("EPCISHeader", text)])
    return shaped


# What a document may have around its events, beside what every document has.
_AROUND = (
    "id",
    "sender",
    "receiver",
    "instance_identifier",
    "sbdh",
    "vocabularies",
    "header_extensions",
    "body_extensions",
    "extensions",
)


def _shape_of(document: Document) -> Shape:
    if document.is_bare:
        return Shape.EVENT
    return Shape.DOCUMENT if document.query_results is None else Shape.QUERY
