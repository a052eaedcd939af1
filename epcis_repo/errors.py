"""
Every error as one tree, one class per meaning.

    EpcisError
    ├── InputError                   what we were given is wrong; nothing of it was recorded
    │   ├── IdentifierError          not an identifier, or a wrong one: says which part
    │   ├── ScanError                not something that a person could have scanned or typed
    │   ├── ValidationError          a document breaks the standard: a list of violations
    │   ├── UnsayableError           a format has no place for a part of a document: says which
    │   ├── UnsupportedMediaTypeError
    │   ├── CaptureLimitExceededError
    │   ├── QueryParameterError      a parameter of a query: unknown, repeated or ill-typed
    │   ├── QueryTooLargeError       a query that more matches than it allows
    │   ├── QueryTooComplexError     a query whose answer nobody waits for: says how to narrow it
    │   ├── HeaderError              a header of a request that has a value it cannot have
    │   ├── IdempotencyKeyError      not a name that a request can have
    │   ├── BackupError              a file that is no backup, or a damaged one
    │   ├── YearError                a year that cannot be archived or attached
    │   └── SettingsError            a setting or a database address
    ├── NotFoundError                no event, capture or identifier of that name
    ├── DuplicateEventError          an eventID that is taken, with other content
    ├── KeyReusedError               an idempotency key that another request had
    ├── RequestInProgressError       the same request is being answered at this moment
    ├── NotAcceptableError           no media type that the client asked for
    └── StoreError
        ├── AppendConditionFailed    another event was first
        ├── ArchivedError            what it takes is in a year that is archived: attach it
        ├── DamagedDocumentError     a kept document is not what was kept
        ├── SchemaVersionError       the database is of another version: says what to do
        ├── NotDurableError          the database may forget what it has acknowledged
        ├── StoreNotEmptyError       a backup goes into an empty store only
        └── StoreUnavailableError    the store cannot be reached or written: says what to do
            ├── StoreBusyError       too many wait to write: come back later
            ├── StoreFullError       the disk is full: reading goes on
            └── WritesStoppedError   the disk failed: reading goes on until a restart

A wrong call by our own code is an `assert` or a `TypeError`, never one of these.
The facts travel as attributes; `operations/problems.py` and `cli/exit_codes.py` turn a class
into a status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NoReturn


class EpcisError(Exception):
    """Something went wrong in the repository."""


class InputError(EpcisError):
    """What was given is not right; nothing of it was recorded."""


class IdentifierError(InputError):
    """A string that is not the identifier it is said to be."""

    def __init__(self, value: str, *, part: str, expected: str, found: str | None = None) -> None:
        """`part` is the component at fault, such as `check digit`, in GS1's words."""
        found = value if found is None else found
        super().__init__(f"{part}: expected {expected}, found {_quoted(found)} in {_quoted(value)}")
        self.value = value
        self.part = part
        self.expected = expected
        self.found = found


class ScanError(InputError):
    """A scan or typed text that names no product, container or place."""


@dataclass(frozen=True, slots=True)
class Violation:
    """
    One finding in a document.

    `pointer` is a JSON pointer (RFC 6901) or an XPath, `line` the line of an XML
    document, `event` the number of the event in the document, from 1, or None for
    what concerns the document as a whole. `rule` is a short, stable name.
    """

    pointer: str
    rule: str
    expected: str
    found: str
    event: int | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.pointer or "the document"
        if self.line is not None:
            place = f"{place} (line {self.line})"
        if self.event is not None:
            place = f"event {self.event}, {place}"
        return f"{place}: expected {self.expected}, found {_quoted(self.found)}"


_EPCS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class RuleBroken(Violation):
    """
    A rule about things that an event breaks, in what is known of them.

    It is about things of these EPCs. `event_id` is the event that shows it, `contradicts` an
    earlier one that cannot be true besides, where there is one.
    """

    epcs: tuple[str, ...] = ()
    event_id: str = ""
    contradicts: str | None = None
    what_to_do: str = ""

    def __str__(self) -> str:
        more = len(self.epcs) - _EPCS_SHOWN
        epcs = ", ".join(self.epcs[:_EPCS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        against = f", which contradicts event {self.contradicts}" if self.contradicts else ""
        return (
            f"event {self.event}: {epcs}: {self.found}, by event {self.event_id}{against}; "
            f"{self.expected} {self.what_to_do}"
        )


class ValidationError(InputError):
    """
    A document that breaks the standard; every violation that was found is listed.

    Of a document that was read in pieces the first of them are; `count` says how many there are.
    """

    def __init__(
        self,
        violations: Sequence[Violation],
        *,
        document: str | None = None,
        count: int | None = None,
    ) -> None:
        assert violations
        self.violations = tuple(violations)
        self.count = len(self.violations) if count is None else count
        first, more = violations[0], self.count - 1
        text = f"{first}" if not more else f"{first} (and {more} more)"
        super().__init__(text if document is None else f"{document}: {text}")


VIOLATIONS_KEPT = 1_000
"""How many violations are told of one document; of more, their number."""


class Violations:
    """
    Violations as they are found: the first of them, the number of all, and of how many events.

    What is found of one event is found before anything of the next.
    """

    __slots__ = ("_first", "_last_event", "count", "events")

    def __init__(self) -> None:
        self._first: list[Violation] = []
        self._last_event: int | None = None
        self.count = 0
        self.events = 0

    @property
    def first(self) -> Sequence[Violation]:
        return self._first

    def add(self, violations: Iterable[Violation]) -> None:
        """Add violations, after those that were found before."""
        for violation in violations:
            self.count += 1
            if violation.event not in (None, self._last_event):
                self._last_event = violation.event
                self.events += 1
            if len(self._first) < VIOLATIONS_KEPT:
                self._first.append(violation)

    def before(self, others: Violations) -> Violations:
        """Return these, and `others` after them."""
        whole = Violations()
        whole.add(self._first)
        whole.add(others._first)
        whole.count = self.count + others.count
        whole.events = self.events + others.events
        return whole

    def refuse(self) -> None:
        """Raise `ValidationError` if there are any."""
        if self.count:
            raise ValidationError(self._first, count=self.count)

    def refuse_first(self) -> None:
        """Raise `ValidationError` for the first of them alone, if there are any."""
        if self.count:
            raise ValidationError(self._first[:1])

    def refuse_with(self, error: ValidationError) -> NoReturn:
        """Raise `ValidationError` for these and those of `error`, in the order of the events."""
        every = sorted([*error.violations, *self._first], key=lambda found: found.event or 0)
        raise ValidationError(every[:VIOLATIONS_KEPT], count=self.count + error.count) from None


@dataclass(frozen=True, slots=True)
class Remark:
    """
    What has to be said of one part of a document that was written in another way than it came.

    `field` is the standard's name, with the way to it within the event; `event` is the number
    of the event in the document, from 1, or None for what concerns the document as a whole.
    """

    field: str
    text: str
    event: int | None = None

    def __str__(self) -> str:
        place = self.field if self.event is None else f"event {self.event}, {self.field}"
        return f"{place}: {self.text}"


class UnsayableError(InputError):
    """A format has no place for a part of the document; all that was found is listed."""

    def __init__(self, lost: Sequence[Remark], *, count: int | None = None) -> None:
        assert lost
        self.lost = tuple(lost)
        self.count = len(self.lost) if count is None else count
        more = self.count - 1
        super().__init__(f"{lost[0]}" if not more else f"{lost[0]} (and {more} more)")


class UnsupportedMediaTypeError(InputError):
    """A body of a kind that no binding reads."""


class CaptureLimitExceededError(InputError):
    """A body that is larger than one capture may be, or that has more events."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"a capture may hold {expected}; send the events in several documents")
        self.expected = expected


class QueryParameterError(InputError):
    """A query parameter that is unknown, repeated or of the wrong type."""

    def __init__(self, parameter: str, *, expected: str, found: str) -> None:
        super().__init__(f"{parameter}: expected {expected}, found {_quoted(found)}")
        self.parameter = parameter
        self.expected = expected
        self.found = found


class HeaderError(InputError):
    """A header of a request that has a value it cannot have."""

    def __init__(self, header: str, *, expected: str, found: str) -> None:
        super().__init__(f"{header}: expected {expected}, found {_quoted(found)}")
        self.header = header
        self.expected = expected
        self.found = found


class QueryTooLargeError(InputError):
    """A query that more matches than it allows, or than one answer may have."""

    def __init__(self, said: str | None = None, *, count_max: int) -> None:
        """`said` is what there is to say where it is not for `maxEventCount`."""
        super().__init__(
            said
            or f"more than {count_max} events match, which is what maxEventCount allows; narrow "
            "the query, or read the answer page by page, without maxEventCount"
        )
        self.count_max = count_max


class QueryTooComplexError(InputError):
    """A query that would have too many events looked at; the message says how to narrow it."""


class BackupError(InputError):
    """A file that is no backup of a store, or not the one that was written."""


class YearError(InputError):
    """A year that cannot be archived, or not be attached; nothing was changed."""


class IdempotencyKeyError(InputError):
    """An idempotency key that cannot be one."""


class SettingsError(InputError):
    """A setting that cannot be used; the message says what would do."""


class NotFoundError(EpcisError):
    """Nothing of that name is recorded."""


class DuplicateEventError(EpcisError):
    """An eventID that is already recorded with other content."""

    def __init__(self, event_id: str) -> None:
        super().__init__(
            f"event {event_id} is already recorded with other content; recorded events never "
            "change: declare the recorded one in error and send the corrected event under an "
            "eventID of its own"
        )
        self.event_id = event_id


class KeyReusedError(EpcisError):
    """An idempotency key under which another body came before; nothing was recorded."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"the idempotency key {_quoted(key)} was another request's, whose body was another: "
            "give each request a key of its own, and send it again under the same one only as it "
            "was"
        )
        self.key = key


class RequestInProgressError(EpcisError):
    """A request with the same idempotency key is being answered; nothing was done for this one."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"a request with the idempotency key {_quoted(key)} is being answered: ask again in a "
            "moment, and get the same answer"
        )
        self.key = key


class NotAcceptableError(EpcisError):
    """The client accepts no media type that this resource has."""


class StoreError(EpcisError):
    """The event store refused."""


class AppendConditionFailed(StoreError):  # noqa: N818 - the name of a verdict, as in the DCB literature
    """An event that the append condition forbids is already recorded; nothing was appended."""


class ArchivedError(StoreError):
    """What it takes to answer, or to record, is in a year that is archived."""

    def __init__(self, said: str) -> None:
        """`said` is what is known of it."""
        super().__init__(
            f"{said}: nothing more can be said or recorded until epcis-repo attach has brought "
            "that year back"
        )


class DamagedDocumentError(StoreError):
    """A document that is not what was kept under its digest."""

    def __init__(self, digest: str) -> None:
        super().__init__(
            f"the document {digest} is not what was kept: epcis-repo fsck tells what else is not "
            "as it was recorded"
        )
        self.digest = digest


class SchemaVersionError(StoreError):
    """The database is not of the version that this program works with; nothing was touched."""


class NotDurableError(StoreError):
    """The database may forget what it has acknowledged: it is set up so, or is known to."""


class StoreNotEmptyError(StoreError):
    """Something is recorded already where a backup was to be restored; nothing was touched."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached, read or written; the message says what to do."""


class StoreBusyError(StoreUnavailableError):
    """Too many writers wait already; nothing was recorded."""

    def __init__(self, *, waiting: int) -> None:
        super().__init__(f"{waiting} captures wait to be recorded already: try again in a moment")
        self.waiting = waiting


class StoreFullError(StoreUnavailableError):
    """There is no room on the disk; nothing was recorded. Once there is, writing goes on."""


class WritesStoppedError(StoreUnavailableError):
    """The disk may not have kept what it was given; nothing is written until a restart."""


def _quoted(text: str) -> str:
    # A violation must stay readable when what was found is ten megabytes of brackets.
    return repr(text) if len(text) <= 80 else f"{text[:60]!r}… ({len(text)} characters)"
