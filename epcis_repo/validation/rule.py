"""What a rule is, what it looks at, and what it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from epcis_repo.model.documents import Document
from epcis_repo.model.events import EVENT_TYPES, Event
from epcis_repo.model.what import What


class Severity(StrEnum):
    """What becomes of a document that breaks a rule."""

    ERROR = "error"
    """It is refused; one that breaks a profile does not do for those who ask for that."""
    WARNING = "warning"
    """It is captured: nothing is lost by it. `epcis-repo validate` tells it."""


class Fault(NamedTuple):
    """
    What a rule found: the steps to it, in the names of JSON and counted from 0; what would be
    right; what is there.
    """

    steps: tuple[str | int, ...]
    expected: str
    found: str


class Earlier(NamedTuple):
    """An event that came before in the same document, by its number."""

    number: int
    says_the_same: bool


class Seen(NamedTuple):
    """
    What a rule may know beside the event.

    `what` has an empty key for an identifier that is wrong. `has_contexts_elsewhere` says that
    prefixes may be declared where nobody looks. A capture knows neither the time, in microseconds,
    nor which earlier event of the document it `repeats` or `declares` in error.

    What is true of nearly every event is found out once: its lists name packs with serials or
    containers, and its extensions are in namespaces of others.
    """

    what: What
    is_xml: bool
    has_contexts_elsewhere: bool
    names_plain_things: bool = False
    has_plain_extensions: bool = False
    now: int | None = None
    repeats: Earlier | None = None
    declares: Earlier | None = None


class AcrossEvents:
    """A rule that remembers, of one document. What it remembers has a limit."""

    def event(self, event: Event, number: int, seen: Seen) -> Iterable[Fault]:
        """Look at the next event, whose place is in the document `number`, from 1."""
        raise NotImplementedError

    def end(self, document: Document) -> Iterable[Fault]:
        """Look at what is beside the events, after all of them."""
        return ()


EventCheck = Callable[[Any, Seen], Iterable[Fault]]
DocumentCheck = Callable[[Document, Seen], Iterable[Fault]]


@dataclass(frozen=True, slots=True)
class Rule:
    """
    A demand of the standard: its number, its short, stable name, its clause, and what it says.

    `check` looks at an event of the types in `of` that has one of the attributes that it is
    `about`, if it is about any; `around` at what is beside the events; `across` at all of them,
    with a memory of its own for each document. Where a rule has none of them, whoever makes an
    event of the text sees to it.
    """

    number: int
    id: str
    clause: str
    what: str
    severity: Severity
    check: EventCheck | None = None
    around: DocumentCheck | None = None
    across: Callable[[], AcrossEvents] | None = None
    of: tuple[type[Event], ...] = tuple(EVENT_TYPES.values())
    about: tuple[str, ...] = ()
