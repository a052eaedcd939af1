"""From a parsed document to events that may be recorded, or every reason why not."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from epcis_repo.errors import IdentifierError, ValidationError, Violation, Violations
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.documents import Document, Found, FoundEvent, InPieces, Scan
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import EVENT_TYPES, FIELDS, Event
from epcis_repo.model.what import What, what_of, wrong_identifiers
from epcis_repo.validation.extensions import are_plain
from epcis_repo.validation.identity import EventIDs
from epcis_repo.validation.places import place_around, place_of
from epcis_repo.validation.rule import AcrossEvents, EventCheck, Fault, Rule, Seen, Severity
from epcis_repo.validation.rules import RULES
from epcis_repo.validation.what import are_plain_things


class IdentifiedEvent(NamedTuple):
    """An event that keeps the rules, with the canonical keys of what it names."""

    found: FoundEvent
    what: What

    @property
    def event(self) -> Event:
        return self.found.event


Identified = Generator[IdentifiedEvent, None, Document | None]
"""The events of a document that may be recorded, and then what is beside them."""

Checks = Sequence[tuple[Callable[[Event], Any] | None, Sequence[tuple[Rule, EventCheck]]]]
"""Checks of events of one type, with what tells whether an event has what they are about."""


def _checks(rules: Iterable[Rule]) -> dict[type[Event], Checks]:
    """Return the checks by type of event, so that none is made for nothing."""
    checked = [(rule, rule.check) for rule in rules if rule.check is not None]
    by_type: dict[type[Event], Checks] = {}
    for cls in EVENT_TYPES.values():
        has = {member.name for member in FIELDS[cls]}
        mine = [
            (tuple(name for name in rule.about if name in has), (rule, check))
            for rule, check in checked
            if cls in rule.of and (not rule.about or not has.isdisjoint(rule.about))
        ]
        by_type[cls] = [
            (_has_one_of(about), [pair for _, pair in group])
            for about, group in groupby(mine, itemgetter(0))
        ]
    return by_type


def _has_one_of(about: tuple[str, ...]) -> Callable[[Event], Any] | None:
    if not about:
        return None
    found = attrgetter(*about)
    # Of one name it is the value, of several all of them.
    return found if len(about) == 1 else lambda event: any(found(event))


# What keeps an event from being recorded.
_ERRORS = _checks(rule for rule in RULES if rule.severity is Severity.ERROR)


def validate(events: Found) -> Identified:
    """
    Yield the events of a document, identified, until one breaks a rule.

    Raises `ValidationError` at the end, with the violations of all events, and those that reading
    has found: one bad event never hides another's. Returns what is beside the events.
    """
    violations, read = Violations(), InPieces(events)
    try:
        for found in read:
            verdict = judged(found)
            if not isinstance(verdict, IdentifiedEvent):
                violations.add(verdict)
            elif not violations.count:
                yield verdict
    except ValidationError as error:
        violations.refuse_with(error)
    violations.refuse()
    return read.beside


def judged(found: FoundEvent) -> IdentifiedEvent | list[Violation]:
    """Return an event, identified, or every reason why it may not be recorded."""
    what, unidentified = _identified(found)
    violations = [*_faults_of(found, _seen(found, what), _ERRORS), *unidentified]
    violations += _untold(found, violations)
    return violations or IdentifiedEvent(found, what)


def examine(
    scan: Scan, *, is_xml: bool, now: int, rules: Sequence[Rule] = RULES
) -> Generator[Violation, None, int]:
    """
    Yield whatever there is to find in a document, in order, and return how many events it has.

    Where the document breaks off, that is the last of it. What is remembered of it has a limit, so
    it may be of any length.
    """
    checks, event_ids = _checks(rules), EventIDs()
    memories = [(rule, rule.across()) for rule in rules if rule.across is not None]
    count, document = 0, None
    while True:
        try:
            found = next(scan)
        except StopIteration as end:
            document = end.value
            break
        except ValidationError as error:
            yield from error.violations
            break
        if isinstance(found, Violation):
            # One event may have several.
            count = max(count, found.event or 0)
            yield found
            continue
        count = found.number
        what, unidentified = _identified(found)
        repeats, declares = None, None
        if found.event.event_id is not None and not unidentified:
            content = hash(event_hash(found.event, what=what))
            repeats, declares = event_ids.earlier(found.event, found.number, content)
        seen = _seen(found, what)._replace(now=now, repeats=repeats, declares=declares)
        yield from _faults_of(found, seen, checks)
        yield from unidentified
        if found.faults:
            yield from _untold(found, [*unidentified, *_faults_of(found, seen, _ERRORS)])
        for rule, memory in memories:
            for fault in memory.event(found.event, found.number, seen):
                yield _violation(found, rule, fault)
    if document is not None:
        yield from _around(
            document,
            memories,
            Seen(What(), is_xml=is_xml, has_contexts_elsewhere=False, now=now),
            rules,
        )
    return count


def _untold(found: FoundEvent, told: Sequence[Violation]) -> Iterator[Violation]:
    """Yield what the schema has against an event, where no rule that refuses it has said so."""
    if not found.faults:
        return
    # There may be thousands of those, and few of these.
    places = {_INDEX.sub("", violation.pointer) for violation in told}
    in_order = sorted(places)
    for fault in found.faults:
        place = _INDEX.sub("", fault.pointer)
        steps, within = place.split("/"), f"{place}/"
        next_told = bisect_left(in_order, within)
        if any("/".join(steps[:length]) in places for length in range(1, len(steps) + 1)):
            continue
        if next_told == len(in_order) or not in_order[next_told].startswith(within):
            yield fault


_INDEX = re.compile(r"\[\d+\]")


def _identified(found: FoundEvent) -> tuple[What, list[Violation]]:
    """Return the keys of what an event names, and what of it is no identifier."""
    try:
        return what_of(found.event), []
    except IdentifierError:
        # Asked again one by one, so that each wrong identifier is named.
        wrong = set[str]()
        violations = list(_identifier_violations(found, wrong))
        return what_of(found.event, partial(_keys_without, wrong)), violations


def _keys_without(wrong: Container[str], texts: Sequence[str]) -> tuple[list[str], None]:
    return ["" if text in wrong else canonical_key(text) for text in texts], None


def _seen(found: FoundEvent, what: What) -> Seen:
    return Seen(
        what,
        found.line is not None,
        bool(found.contexts),
        names_plain_things=are_plain_things(what),
        has_plain_extensions=are_plain(found.event),
    )


def _faults_of(
    found: FoundEvent, seen: Seen, by_type: dict[type[Event], Checks]
) -> Iterator[Violation]:
    event = found.event
    for has_one, checks in by_type[type(event)]:
        if has_one is not None and not has_one(event):
            continue
        for rule, check in checks:
            for fault in check(event, seen):
                yield _violation(found, rule, fault)


def _violation(found: FoundEvent, rule: Rule, fault: Fault) -> Violation:
    place = place_of(found, fault)
    return Violation(place, rule.id, fault.expected, fault.found, found.number, found.line)


def _around(
    document: Document,
    memories: Sequence[tuple[Rule, AcrossEvents]],
    seen: Seen,
    rules: Sequence[Rule],
) -> Iterator[Violation]:
    faults = [
        (rule, fault)
        for rule in rules
        if rule.around is not None
        for fault in rule.around(document, seen)
    ]
    faults += [(rule, fault) for rule, memory in memories for fault in memory.end(document)]
    for rule, fault in faults:
        place = place_around(document, fault, is_xml=seen.is_xml)
        yield Violation(place, rule.id, fault.expected, fault.found)


def _identifier_violations(found: FoundEvent, wrong: set[str]) -> Iterator[Violation]:
    """Yield a violation for each identifier that is wrong, and add it to those."""
    standard = {field.name: field.standard for field in FIELDS[type(found.event)]}
    for name, number, error in wrong_identifiers(found.event):
        wrong.add(error.value)
        steps = (standard[name],) if number is None else (standard[name], number)
        expected = f"{error.expected} as {error.part}"
        was = f"{error.found} in {error.value}" if error.found != error.value else error.value
        place = place_of(found, Fault(steps, expected, was))
        yield Violation(place, "identifier", expected, was, found.number, found.line)
