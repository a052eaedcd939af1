"""From a parsed document to events that may be recorded, or every reason why not."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.errors import IdentifierError, ValidationError, Violation
from epcis_repo.model.documents import Document
from epcis_repo.model.events import FIELDS, Event
from epcis_repo.model.what import What, what_of, wrong_identifiers
from epcis_repo.validation.rules import RULES


@dataclass(frozen=True, slots=True)
class IdentifiedEvent:
    """An event that keeps the rules, with the canonical keys of what it names."""

    event: Event
    what: What


def validate(document: Document) -> list[IdentifiedEvent]:
    """
    Return the events of `document`, identified.

    Raises `ValidationError` with every violation of every event: one bad event never hides
    another's.
    """
    identified: list[IdentifiedEvent] = []
    violations: list[Violation] = []
    for index, event in enumerate(document.events or ()):
        violations += _violations_of(event, document, index)
        try:
            identified.append(IdentifiedEvent(event, what_of(event)))
        except IdentifierError:
            # Asked again one by one, so that each wrong identifier is named.
            violations += _identifier_violations(event, document, index)
    if violations:
        raise ValidationError(violations)
    return identified


def _violations_of(event: Event, document: Document, index: int) -> list[Violation]:
    return [
        Violation(f"{place}/{field}", rule.id, expected, found, index + 1, line)
        for place, line in [_place(document, index)]
        for rule in RULES
        for field, expected, found in rule.check(event)
    ]


def _identifier_violations(event: Event, document: Document, index: int) -> list[Violation]:
    place, line = _place(document, index)
    standard = {field.name: field.standard for field in FIELDS[type(event)]}
    violations = []
    for name, number, error in wrong_identifiers(event):
        pointer = f"{place}/{standard[name]}"
        if number is not None:
            # A JSON pointer counts from 0, an XPath from 1.
            pointer += f"/{number}" if line is None else f"/*[{number + 1}]"
        expected = f"{error.expected} as {error.part}"
        found = f"{error.found} in {error.value}" if error.found != error.value else error.value
        violations.append(Violation(pointer, "identifier", expected, found, index + 1, line))
    return violations


def _place(document: Document, index: int) -> tuple[str, int | None]:
    place = document.places[index] if index < len(document.places) else f"/{index}"
    return place, document.lines[index] if document.lines else None
