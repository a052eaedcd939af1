"""A document: events on their way between partners, with its header (EPCIS 2.0, §9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from epcis_repo.model.events import Event, Extensions
from epcis_repo.model.times import Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class VocabularyElement:
    """One piece of master data: an identifier and its attributes (§9.4)."""

    id: str
    attributes: tuple[tuple[str, Any], ...] = ()
    children: tuple[str, ...] | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """Master data of one type, such as EPCClass or Location (§9.4)."""

    type: str
    elements: tuple[VocabularyElement, ...] = ()
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResults:
    """What makes a document the answer to a query (§8.2.8)."""

    query_name: str
    subscription_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    An EPCISDocument, or an EPCISQueryDocument where `query_results` is there.

    `namespaces` maps each declared prefix to its namespace. `context` is the JSON-LD
    `@context` as received. `sbdh` is the Standard Business Document Header as a value
    (see `bindings/xml/values.py`), `header_extensions` what else the header holds, such as the
    US healthcare statement. `places` has, for each event, the JSON pointer or XPath at which
    it stood, and `lines` its line in an XML document: what a violation points to.
    """

    events: tuple[Event, ...] | None = ()
    schema_version: str | None = None
    creation_date: Timestamp | None = None
    namespaces: Mapping[str, str] = field(default_factory=dict)
    context: Any = None
    id: str | None = None
    sender: str | None = None
    receiver: str | None = None
    instance_identifier: str | None = None
    sbdh: Extensions | None = None
    vocabularies: tuple[Vocabulary, ...] | None = None
    header_extensions: Extensions = field(default_factory=dict)
    query_results: QueryResults | None = None
    extensions: Extensions = field(default_factory=dict)
    places: tuple[str, ...] = field(default=(), compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False)

    def found(self) -> Iterator[FoundEvent]:
        """Yield the events, each with where it stood."""
        for index, event in enumerate(self.events or ()):
            place = self.places[index] if index < len(self.places) else f"/{index}"
            line = self.lines[index] if self.lines else None
            yield FoundEvent(event, index + 1, place, line, self.namespaces)


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """
    An event, and where in its document it stood.

    `number` counts from 1; `place` is a JSON pointer or an XPath, `line` that of an XML document;
    `namespaces` are those of the document.
    """

    event: Event
    number: int
    place: str
    line: int | None
    namespaces: Mapping[str, str]
