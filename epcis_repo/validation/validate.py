"""From a parsed document to events that may be recorded, or every reason why not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from epcis_repo.errors import IdentifierError, Violation, Violations
from epcis_repo.model.documents import FoundEvent
from epcis_repo.model.events import FIELDS, Event
from epcis_repo.model.what import What, what_of, wrong_identifiers
from epcis_repo.validation.rules import RULES


@dataclass(frozen=True, slots=True)
class IdentifiedEvent:
    """An event that keeps the rules, with the canonical keys of what it names."""

    found: FoundEvent
    what: What

    @property
    def event(self) -> Event:
        return self.found.event


def validate(events: Iterable[FoundEvent]) -> Iterator[IdentifiedEvent]:
    """
    Yield the events of a document, identified, until one breaks a rule.

    Raises `ValidationError` at the end, with the violations of all events: one bad event never
    hides another's.
    """
    violations = Violations()
    for found in events:
        violations.add(_violations_of(found))
        try:
            what = what_of(found.event)
        except IdentifierError:
            # Asked again one by one, so that each wrong identifier is named.
            violations.add(_identifier_violations(found))
            continue
        if not violations.count:
            yield IdentifiedEvent(found, what)
    violations.refuse()


def _violations_of(found: FoundEvent) -> Iterator[Violation]:
    for rule in RULES:
        for field, expected, was in rule.check(found.event):
            pointer = f"{found.place}/{field}"
            yield Violation(pointer, rule.id, expected, was, found.number, found.line)


def _identifier_violations(found: FoundEvent) -> Iterator[Violation]:
    standard = {field.name: field.standard for field in FIELDS[type(found.event)]}
    for name, number, error in wrong_identifiers(found.event):
        pointer = f"{found.place}/{standard[name]}"
        if number is not None:
            # A JSON pointer counts from 0, an XPath from 1.
            pointer += f"/{number}" if found.line is None else f"/*[{number + 1}]"
        expected = f"{error.expected} as {error.part}"
        was = f"{error.found} in {error.value}" if error.found != error.value else error.value
        yield Violation(pointer, "identifier", expected, was, found.number, found.line)
