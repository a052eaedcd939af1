"""Rules for who an event is: eventID, error declaration, certification (EPCIS 2.0, §7.4.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from epcis_repo.gs1 import cbv
from epcis_repo.model.events import Event
from epcis_repo.validation.rule import Earlier, Fault, Seen

_NO_BLANKS = re.compile(r"\S+")
# CBV 2.0, §8.9: a UUID of version 1 or 4, or the event hash.
_UUID = re.compile(
    r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[14][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    re.IGNORECASE,
)
_HASH = re.compile(r"ni:///sha-256;[0-9a-f]{64}\?ver=CBV2\.[0-9]+", re.IGNORECASE)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:\S+")

# Of so many events of a document the eventIDs are remembered; the database has all of them.
REMEMBERED_MAX = 1 << 18


def event_id_has_no_blanks(event: Event, seen: Seen) -> Iterator[Fault]:
    # No more than this is asked, since many write a UUID without its urn:uuid:.
    if event.event_id is not None and not _NO_BLANKS.fullmatch(event.event_id):
        yield Fault(("eventID",), "a URI, which has no blanks", event.event_id)


def event_id_has_a_form_of_the_cbv(event: Event, seen: Seen) -> Iterator[Fault]:
    text = event.event_id
    if text is None or not _NO_BLANKS.fullmatch(text):
        return
    if not (_UUID.fullmatch(text) or _HASH.fullmatch(text)):
        expected = "urn:uuid: and a UUID of version 1 or 4, or the event hash, ni:///sha-256;…"
        yield Fault(("eventID",), expected, text)


def corrective_events_are_uris(event: Event, seen: Seen) -> Iterator[Fault]:
    declared = event.error_declaration
    for index, text in enumerate(declared.corrective_event_ids or () if declared else ()):
        if not _URI.fullmatch(text):
            steps = ("errorDeclaration", "correctiveEventIDs", index)
            yield Fault(steps, "the eventID of an event, a URI", text or "an empty text")


def corrections_are_other_events(event: Event, seen: Seen) -> Iterator[Fault]:
    declared = event.error_declaration
    if declared is None or event.event_id is None:
        return
    for index, text in enumerate(declared.corrective_event_ids or ()):
        if text == event.event_id:
            steps = ("errorDeclaration", "correctiveEventIDs", index)
            yield Fault(steps, "the eventID of another event, which says it right", text)


def what_did_not_occur_has_no_correction(event: Event, seen: Seen) -> Iterator[Fault]:
    declared = event.error_declaration
    if declared is None or not declared.corrective_event_ids or declared.reason is None:
        return
    if cbv.bare_word(cbv.ERROR_REASON, declared.reason) == "did_not_occur":
        steps = ("errorDeclaration", "correctiveEventIDs")
        expected = "none for what did not occur, or the reason incorrect_data"
        yield Fault(steps, expected, ", ".join(declared.corrective_event_ids))


def errors_are_declared_after_the_event(event: Event, seen: Seen) -> Iterator[Fault]:
    declared = event.error_declaration
    if declared is None:
        return
    time = declared.declaration_time
    if time.microseconds < event.event_time.microseconds:
        expected = f"a time after that of the event, {event.event_time.text}"
        yield Fault(("errorDeclaration", "declarationTime"), expected, time.text)


def certifications_are_uris(event: Event, seen: Seen) -> Iterator[Fault]:
    found = event.certification_info
    one = isinstance(found, str)
    for index, text in enumerate([found] if isinstance(found, str) else found or ()):
        if not _URI.fullmatch(text):
            steps: tuple[str | int, ...] = ("certificationInfo", index)
            yield Fault(steps[:1] if one else steps, "a URI", text or "an empty text")


def event_ids_come_once(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.repeats is not None and seen.repeats.says_the_same:
        found = f"that of event {seen.repeats.number}, which says the same"
        yield Fault(("eventID",), _OF_NO_OTHER, found)


def event_ids_name_one_event(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.repeats is not None and not seen.repeats.says_the_same:
        found = f"that of event {seen.repeats.number}, which says other things"
        yield Fault(("eventID",), _OF_NO_OTHER, found)


_OF_NO_OTHER = "an eventID that no other event of the document has"


def declarations_repeat_their_events(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.declares is not None and not seen.declares.says_the_same:
        expected = f"all that event {seen.declares.number} says, which it declares in error"
        yield Fault(("errorDeclaration",), expected, "other content")


class EventIDs:
    """The eventIDs of a document, and what was said under each first."""

    def __init__(self) -> None:
        self._first: dict[int, tuple[int, int]] = {}

    def earlier(
        self, event: Event, number: int, content: int
    ) -> tuple[Earlier | None, Earlier | None]:
        """Return what `event` repeats and what it declares in error, and remember it."""
        if event.event_id is None:
            return None, None
        # An event and a declaration that it was in error have the same eventID, once each.
        declared = event.error_declaration
        time = None if declared is None else declared.declaration_time.microseconds
        name = hash((event.event_id, time))
        repeats = self._earlier(name, content)
        if repeats is None and len(self._first) < REMEMBERED_MAX:
            self._first[name] = number, content
        original = hash((event.event_id, None))
        return repeats, None if time is None else self._earlier(original, content)

    def _earlier(self, name: int, content: int) -> Earlier | None:
        first = self._first.get(name)
        return None if first is None else Earlier(first[0], says_the_same=first[1] == content)
