"""What is asked for by who places or releases a hold: JSON in, values out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from epcis_repo.errors import IdentifierError, ScanError, ValidationError, Violation
from epcis_repo.gs1 import SCHEMES, Level
from epcis_repo.holds.rules import Asked, Kind, ReleaseAsked
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_moment
from epcis_repo.operations.asked import IDENTIFIER_EXPECTED, identifier_asked
from epcis_repo.operations.naming import epc_of

# So many at once; what is more is a lot, or is in a container.
HELD_MAX = 1_000
_TEXT_LENGTH_MAX = 1_000
_NAME_LENGTH_MAX = 200
_RULE = "hold"
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_NAME_EXPECTED = (
    f"1 to {_NAME_LENGTH_MAX} printable characters, no slash, no blank at either end, not only dots"
)
_TEXT_EXPECTED = f"a text of 1 to {_TEXT_LENGTH_MAX} printable characters"

Member = tuple[str, Callable[[Any], Any]]
"""What is expected of a member, and how it is read; a `ValueError` says that it is not that."""


def hold_asked(value: Any) -> Asked:
    """Return what a JSON object asks to be held; `ValidationError` says what is wrong with it."""
    given = _read(value, _HOLD, required=("of", "reason", "by"))
    kind = given.get("kind", Kind.HOLD)
    if kind is not Kind.HOLD and "hold_id" not in given:
        raise _wrong("/hold_id", f"the number of the recall: {_NAME_EXPECTED}", None)
    if kind is Kind.HOLD and "recall_class" in given:
        raise _wrong("/recall_class", "none, where nothing is recalled", given["recall_class"])
    return Asked(
        kind=kind,
        held=_held(given["of"]),
        reason=given["reason"],
        by=given["by"],
        since=given.get("since"),
        hold_id=given.get("hold_id"),
        recall_class=given.get("recall_class"),
    )


def release_asked(value: Any) -> ReleaseAsked:
    """Return what a JSON object asks of a release, likewise."""
    given = _read(value, _RELEASE, required=("reason", "by"))
    return ReleaseAsked(given["reason"], given["by"], given.get("until"))


def _read(
    value: Any, members: Mapping[str, Member], *, required: tuple[str, ...]
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong("", "a JSON object", value)
    given = {}
    for name, member in value.items():
        if name not in members:
            raise _wrong(f"/{name}", f"one of {', '.join(members)}", name)
        expected, read = members[name]
        try:
            given[name] = read(member)
        except ValueError:
            raise _wrong(f"/{name}", expected, member) from None
    for name in required:
        if name not in given:
            raise _wrong(f"/{name}", members[name][0], None)
    return given


def _held(texts: list[Any]) -> tuple[str, ...]:
    """Return the EPCs of what is to be held, each once."""
    epcs: dict[str, str] = {}
    for number, text in enumerate(texts):
        pointer = f"/of/{number}"
        if not isinstance(text, str) or not text.isprintable():
            raise _wrong(pointer, IDENTIFIER_EXPECTED, text)
        try:
            identifier = identifier_asked(text)
        except IdentifierError as error:
            raise _wrong(pointer, f"{error.part}: {error.expected}", text) from None
        except ScanError:
            raise _wrong(pointer, IDENTIFIER_EXPECTED, text) from None
        if identifier.level is Level.CLASS and identifier.scheme is not SCHEMES["lgtin"]:
            raise _wrong(pointer, "one thing, or a lot: this is a class of things", text)
        # A URN says how long the company prefix is, which nothing else does.
        is_urn = text.startswith("urn:epc:")
        epcs.setdefault(identifier.key, text if is_urn else epc_of(identifier.key))
    return tuple(epcs.values())


def _kind(value: Any) -> Kind:
    return Kind(value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list) or not 1 <= len(value) <= HELD_MAX:
        raise ValueError(value)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_LENGTH_MAX or not value.isprintable():
        raise ValueError(value)
    if not value.strip():
        raise ValueError(value)
    return value


def _name(value: Any) -> str:
    # It is a segment of a path.
    text = _text(value)
    if len(text) > _NAME_LENGTH_MAX or "/" in text or text != text.strip() or not text.strip("."):
        raise ValueError(value)
    return text


def _since(value: Any) -> int:
    # What is held from a date on is held the whole of that day, and until a date as well.
    is_date = isinstance(value, str) and _DATE.fullmatch(value)
    return _until(f"{value}T00:00:00Z" if is_date else value)


def _until(value: Any) -> int:
    return parse_moment(value if isinstance(value, str) else "")


_MOMENT_EXPECTED = f"a date, or {DATE_TIME_EXPECTED}"
_WHY: dict[str, Member] = {"reason": (_TEXT_EXPECTED, _text), "by": (_TEXT_EXPECTED, _text)}
_HOLD: Mapping[str, Member] = {
    "kind": (f"one of {', '.join(Kind)}", _kind),
    "hold_id": (_NAME_EXPECTED, _name),
    "of": (f"a list of 1 to {HELD_MAX} identifiers", _list),
    **_WHY,
    "since": (_MOMENT_EXPECTED, _since),
    "recall_class": (_TEXT_EXPECTED, _text),
}
_RELEASE: Mapping[str, Member] = {**_WHY, "until": (_MOMENT_EXPECTED, _until)}


def _wrong(pointer: str, expected: str, found: Any) -> ValidationError:
    text = found if isinstance(found, str) else "nothing" if found is None else repr(found)
    return ValidationError([Violation(pointer, _RULE, expected, text)])
