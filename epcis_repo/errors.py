"""
Every error as one tree, one class per meaning.

    EpcisError
    ├── InputError                   what we were given is wrong; nothing of it was recorded
    │   ├── IdentifierError          not an identifier, or a wrong one: says which part
    │   ├── ScanError                not something that a person could have scanned or typed
    │   ├── ValidationError          a document breaks the standard: a list of violations
    │   ├── UnsupportedMediaTypeError
    │   ├── CaptureLimitExceededError
    │   ├── QueryParameterError      a parameter of a query: unknown, repeated or ill-typed
    │   └── SettingsError            a setting or a database address
    ├── NotFoundError                no event, capture or identifier of that name
    ├── DuplicateEventError          an eventID that is taken, with other content
    ├── NotAcceptableError           no media type that the client asked for
    └── StoreError
        ├── AppendConditionFailed    another event was first
        └── StoreUnavailableError    the store cannot be reached or written: says what to do
            └── StoreBusyError       too many wait to write: come back later

A wrong call by our own code is an `assert` or a `TypeError`, never one of these.
The facts travel as attributes; `rest/problems.py` and `cli.py` turn a class into a status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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


class ValidationError(InputError):
    """A document that breaks the standard; every violation that was found is listed."""

    def __init__(self, violations: Sequence[Violation], *, document: str | None = None) -> None:
        assert violations
        first, more = violations[0], len(violations) - 1
        text = f"{first}" if not more else f"{first} (and {more} more)"
        super().__init__(text if document is None else f"{document}: {text}")
        self.violations = tuple(violations)


class UnsupportedMediaTypeError(InputError):
    """A body of a kind that no binding reads."""


class CaptureLimitExceededError(InputError):
    """A body that is larger than one capture may be."""

    def __init__(self, *, size_max: int) -> None:
        super().__init__(
            f"a capture may hold {size_max} bytes at most; send the events in several documents"
        )
        self.size_max = size_max


class QueryParameterError(InputError):
    """A query parameter that is unknown, repeated or of the wrong type."""

    def __init__(self, parameter: str, *, expected: str, found: str) -> None:
        super().__init__(f"{parameter}: expected {expected}, found {_quoted(found)}")
        self.parameter = parameter
        self.expected = expected
        self.found = found


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


class NotAcceptableError(EpcisError):
    """The client accepts no media type that this resource has."""


class StoreError(EpcisError):
    """The event store refused."""


class AppendConditionFailed(StoreError):  # noqa: N818 - the name of a verdict, as in the DCB literature
    """An event that the append condition forbids is already recorded; nothing was appended."""


class StoreUnavailableError(StoreError):
    """The store cannot be reached, read or written; the message says what to do."""


class StoreBusyError(StoreUnavailableError):
    """Too many writers wait already; nothing was recorded."""

    def __init__(self, *, waiting: int) -> None:
        super().__init__(f"{waiting} captures wait to be recorded already: try again in a moment")
        self.waiting = waiting


def _quoted(text: str) -> str:
    # A violation must stay readable when what was found is ten megabytes of brackets.
    return repr(text) if len(text) <= 80 else f"{text[:60]!r}… ({len(text)} characters)"
