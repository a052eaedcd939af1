"""A document: events on their way between partners, with its header (EPCIS 2.0, §9)."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from epcis_repo.errors import Violation
from epcis_repo.model.events import WAS, Event, Extensions
from epcis_repo.model.times import Timestamp

T = TypeVar("T")

# XML has documents of master data alone. In the model such a one has no events, its master data
# where a header has it, and says in this extension what it was.
MASTER_DATA_DOCUMENT = "EPCISMasterDataDocument"
# For the namespace of EPCIS in XML, where elements within the document were in it, too, or it was
# declared nowhere.
NO_PREFIX = ""


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
    """
    What makes a document the answer to a query (§8.2.8).

    `vocabularies` are what SimpleMasterDataQuery answers.
    """

    query_name: str
    subscription_id: str | None = None
    vocabularies: tuple[Vocabulary, ...] | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """
    An EPCISDocument, or an EPCISQueryDocument where `query_results` is there, or an event by
    itself where it `is_bare`.

    `namespaces` maps each declared prefix to its namespace. `context` is the JSON-LD
    `@context` as received. `sbdh` is the Standard Business Document Header as a value
    (see `bindings/xml/values.py`), `header_extensions` what else the header holds, such as the
    US healthcare statement, `body_extensions` what the body holds beside the events. `places`
    has, for each event, the JSON pointer or XPath at which it stood, and `lines` its line in an
    XML document: what a violation points to.
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
    body_extensions: Extensions = field(default_factory=dict)
    query_results: QueryResults | None = None
    extensions: Extensions = field(default_factory=dict)
    is_bare: bool = False
    places: tuple[str, ...] = field(default=(), compare=False)
    lines: tuple[int, ...] = field(default=(), compare=False)

    @property
    def is_master_data(self) -> bool:
        """Whether it was an EPCISMasterDataDocument, and says nothing else now."""
        claims = self.extensions.get(WAS) == MASTER_DATA_DOCUMENT
        return claims and not (self.events or self.query_results)

    def found(self) -> Iterator[FoundEvent]:
        """Yield the events, each with where it stood."""
        contexts = contexts_elsewhere(self.context)
        for index, event in enumerate(self.events or ()):
            place = self.places[index] if index < len(self.places) else f"/{index}"
            line = self.lines[index] if self.lines else None
            yield FoundEvent(event, index + 1, place, line, self.namespaces, contexts)


class FoundEvent(NamedTuple):
    """
    An event, and where in its document it stood.

    `number` counts from 1; `place` is a JSON pointer or an XPath, `line` that of an XML document;
    `namespaces` are those of the document, `contexts` the addresses at which it declares more.
    `faults` is what the schema has against it: none in an event that may be recorded.
    """

    event: Event
    number: int
    place: str
    line: int | None
    namespaces: Mapping[str, str]
    contexts: tuple[str, ...] = ()
    faults: tuple[Violation, ...] = ()


Scan = Generator[FoundEvent | Violation, None, Document | None]
"""What is found in a document that is read in pieces, and then what is beside its events."""

Found = Generator[FoundEvent, None, Document | None]
"""The events of a document, one by one, and then what is beside them."""


class InPieces(Iterable[T]):
    """What is found in a document, one by one, and `beside`, once all of it has come, the rest."""

    __slots__ = ("_found", "beside")

    def __init__(self, found: Generator[T, None, Document | None]) -> None:
        self._found = found
        self.beside: Document | None = None

    def __iter__(self) -> Iterator[T]:
        self.beside = yield from self._found


def contexts_elsewhere(context: Any) -> tuple[str, ...]:
    """Return the addresses in a JSON-LD `@context`, other than that of the standard's own."""
    entries = context if isinstance(context, list) else [context]
    return tuple(e for e in entries if isinstance(e, str) and not _EPCIS_CONTEXT.fullmatch(e))


# Of any version, also where the drafts of 2.0 lay.
_EPCIS_CONTEXT = re.compile(
    r"https://(?:ref\.gs1\.org/standards|gs1\.github\.io)/(?:epcis|EPCIS)/.*context\.jsonld"
)
