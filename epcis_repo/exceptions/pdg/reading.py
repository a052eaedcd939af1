"""
Bytes to messages. Strict where the schemas are, and lossless: whatever they leave open is kept.

What they allow and we could not keep or answer is refused besides, by the rule `limit`: an
identifier by which a message, a case or an item is to be known again, and integers that a program
which takes every number for a double would change.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.bindings.misfits import json_pointer
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.exceptions.pdg.messages import (
    MEMBERS,
    ExceptionReport,
    ExceptionResponse,
    Grammar,
    Listed,
    Member,
    Message,
)

UUID_LENGTH_MAX = 200
INTEGER_MAX = 2**53 - 1
_VIOLATIONS_MAX = 1_000

# A response has none of these. Without them a report that forgets to say whether the case is
# resolved would be told that it is a poor response.
_OF_REPORTS = ("exceptions", "other_errors", "case_resolved")
_IDENTIFIERS = ("message_uuid", "exception_case_uuid", "exception_item_uuid")
_UUID_EXPECTED = (
    f"1 to {UUID_LENGTH_MAX} printable characters, such as those of a UUID, no slash, no blank at "
    "either end, not only dots"
)

T = TypeVar("T")
Steps = tuple[str | int, ...]


def read_message(body: bytes) -> Message:
    """Return the message in `body`; `ValidationError` names all that is wrong with it."""
    value = load_json(body)
    is_report = isinstance(value, dict) and any(name in value for name in _OF_REPORTS)
    return read_whole(ExceptionReport, value) if is_report else read_whole(ExceptionResponse, value)


def read_whole(kind: type[T], value: Any, members: Grammar = MEMBERS) -> T:
    """Return a JSON value as of a kind that is in the grammar, or raise what is wrong with it."""
    reader = _Reader(members)
    found = reader.read(kind, value, ())
    if reader.violations:
        raise ValidationError(reader.violations[:_VIOLATIONS_MAX], count=len(reader.violations))
    assert isinstance(found, kind)
    return found


# Stands for what was read and did not fit; there is a violation for it.
_WRONG: Final = object()


class _Reader:
    """Reads one message, and gathers what is wrong with it."""

    def __init__(self, members: Grammar) -> None:
        self.members = members
        self.violations: list[Violation] = []

    def read(self, kind: type | Listed, value: Any, steps: Steps) -> Any:
        """Return `value` as of a kind, `_WRONG` if it is not."""
        if isinstance(kind, Listed):
            if not isinstance(value, list):
                return self._wrong(steps, "type", "a list", value)
            found = [self.read(kind.of, member, (*steps, i)) for i, member in enumerate(value)]
            return tuple(found)
        if kind in self.members:
            return self._read_members(kind, value, steps)
        if issubclass(kind, StrEnum):
            if not isinstance(value, str) or value not in list(kind):
                return self._wrong(steps, "word", f"one of {', '.join(kind)}", value)
            return kind(value)
        return self._read_plain(kind, value, steps)

    def _read_members(self, kind: type, value: Any, steps: Steps) -> Any:
        if not isinstance(value, dict):
            return self._wrong(steps, "type", "an object", value)
        members = self.members[kind]
        said: dict[str, Any] = {}
        others = {name: member for name, member in value.items() if name not in members}
        for name, member in members.items():
            at = (*steps, name)
            if name not in value:
                if member.required:
                    self._wrong(steps, "required", name, "none")
                continue
            if value[name] is None and member.nullable:
                others[name] = None
                continue
            said[name] = self._read_member(name, member, value[name], at)
        if self.violations:
            return _WRONG
        absent = {name: None for name, m in members.items() if m.required and name not in said}
        return kind(**absent, **said, others=others)

    def _read_member(self, name: str, member: Member, value: Any, steps: Steps) -> Any:
        found = self.read(member.kind, value, steps)
        if name in _IDENTIFIERS and isinstance(found, str) and not _is_identifier(found):
            return self._wrong(steps, "limit", _UUID_EXPECTED, value)
        return found

    def _read_plain(self, kind: type, value: Any, steps: Steps) -> Any:
        if kind is str:
            return value if isinstance(value, str) else self._wrong(steps, "type", "a text", value)
        if kind is bool:
            fits = isinstance(value, bool)
            return value if fits else self._wrong(steps, "type", "true or false", value)
        # An integer may be written with a fraction of nothing, and flags are none.
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            return self._wrong(steps, "type", "an integer", value)
        # What is larger by far has no remainder that could be told.
        if not -INTEGER_MAX <= value <= INTEGER_MAX:
            return self._wrong(steps, "limit", f"an integer within {INTEGER_MAX}", value)
        return self._wrong(steps, "type", "an integer", value) if value % 1 else int(value)

    def _wrong(self, steps: Steps, rule: str, expected: str, found: Any) -> Any:
        pointer = json_pointer(steps)
        self.violations.append(Violation(pointer, rule, expected, _shown(found)))
        return _WRONG


def _is_identifier(text: str) -> bool:
    # It is found by, and a case is a segment of a path.
    if not text.isprintable() or len(text) > UUID_LENGTH_MAX or "/" in text:
        return False
    return text == text.strip() and bool(text.strip("."))


def _shown(value: Any) -> str:
    match value:
        case str():
            return value or "an empty text"
        case bool():
            return "true" if value else "false"
        case Mapping():
            return "an object"
        case list():
            return "a list"
        case None:
            return "null"
        case _:
            return str(value)
