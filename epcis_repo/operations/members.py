"""
What is asked for in a JSON object, member by member: what each has to be, and how it is read.

A reader raises `ValueError` for what is not that. What is wrong with one member of a list raises
`MemberError`, with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from epcis_repo.errors import IdentifierError, ScanError, ValidationError, Violation
from epcis_repo.gs1 import Identifier
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_moment
from epcis_repo.operations.asked import IDENTIFIER_EXPECTED, identifier_asked
from epcis_repo.operations.naming import epc_of

_TEXT_LENGTH_MAX = 1_000
NAME_LENGTH_MAX = 200
NAME_EXPECTED = (
    f"1 to {NAME_LENGTH_MAX} printable characters, no slash, no blank at either end, not only dots"
)
TEXT_EXPECTED = f"a text of 1 to {_TEXT_LENGTH_MAX} printable characters"
MOMENT_EXPECTED = f"a date, or {DATE_TIME_EXPECTED}"

Member = tuple[str, Callable[[Any], Any]]
"""What is expected of a member, and what reads it."""


class MemberError(ValueError):
    """A member of a list is not what is expected."""

    def __init__(self, number: int, expected: str, found: Any) -> None:
        super().__init__(expected)
        self.number = number
        self.expected = expected
        self.found = found


def read_members(
    value: Any,
    members: Mapping[str, Member],
    *,
    rule: str,
    required: Sequence[str] = (),
    secret: Collection[str] = (),
) -> dict[str, Any]:
    """
    Return what the members of an object say; `ValidationError` for the first that is wrong.

    What is in a `secret` one is not repeated in an answer that somebody may log.
    """
    if not isinstance(value, dict):
        raise wrong(rule, "", "a JSON object", value)
    given = {}
    for name, member in value.items():
        if name not in members:
            raise wrong(rule, f"/{name}", f"one of {', '.join(members)}", name)
        expected, read = members[name]
        try:
            given[name] = read(member)
        except MemberError as error:
            raise wrong(rule, f"/{name}/{error.number}", error.expected, error.found) from None
        except ValueError:
            found = type(member).__name__ if name in secret else member
            raise wrong(rule, f"/{name}", expected, found) from None
    for name in required:
        if name not in given:
            raise wrong(rule, f"/{name}", members[name][0], None)
    return given


def wrong(rule: str, pointer: str, expected: str, found: Any) -> ValidationError:
    """Return what to raise for a member, or for one that is not there (None)."""
    text = found if isinstance(found, str) else "nothing" if found is None else repr(found)
    return ValidationError([Violation(pointer, rule, expected, text)])


def read_text(value: Any) -> str:
    """Return a text that says something, and that every database takes."""
    if not isinstance(value, str) or len(value) > _TEXT_LENGTH_MAX or not value.isprintable():
        raise ValueError(value)
    if not value.strip():
        raise ValueError(value)
    return value


def read_name(value: Any) -> str:
    """Return a name that can be a segment of a path."""
    text = read_text(value)
    if len(text) > NAME_LENGTH_MAX or "/" in text or text != text.strip() or not text.strip("."):
        raise ValueError(value)
    return text


def read_moment(value: Any) -> int:
    """Return a moment in microseconds; a date is the whole of that day, to its end."""
    return parse_moment(value if isinstance(value, str) else "")


def read_list(value: Any, *, length_max: int) -> list[Any]:
    """Return a list that is neither empty nor too long."""
    if not isinstance(value, list) or not 1 <= len(value) <= length_max:
        raise ValueError(value)
    return value


def read_identifiers(
    value: Any, *, length_max: int, refusal: Callable[[Identifier], str | None] = lambda _: None
) -> tuple[tuple[str, Identifier], ...]:
    """
    Return texts with the identifiers that they are, each of these once.

    Where there is a `refusal` of one, it says what is expected instead.
    """
    found: dict[str, tuple[str, Identifier]] = {}
    for number, text in enumerate(read_list(value, length_max=length_max)):
        if not isinstance(text, str) or not text.isprintable():
            raise MemberError(number, IDENTIFIER_EXPECTED, text)
        try:
            identifier = identifier_asked(text)
        except IdentifierError as error:
            raise MemberError(number, f"{error.part}: {error.expected}", text) from None
        except ScanError:
            raise MemberError(number, IDENTIFIER_EXPECTED, text) from None
        if (expected := refusal(identifier)) is not None:
            raise MemberError(number, expected, text)
        found.setdefault(identifier.key, (text, identifier))
    return tuple(found.values())


def epc_asked(text: str, identifier: Identifier) -> str:
    """Return the EPC of what was asked for by `text`."""
    # A URN says how long the company prefix is, which nothing else does.
    return text if text.startswith("urn:epc:") else epc_of(identifier.key)
