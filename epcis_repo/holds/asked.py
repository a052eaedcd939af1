"""What is asked for by who places or releases a hold: JSON in, values out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from epcis_repo.gs1 import SCHEMES, Identifier, Level
from epcis_repo.holds.rules import Asked, Kind, ReleaseAsked
from epcis_repo.operations.members import (
    MOMENT_EXPECTED,
    NAME_EXPECTED,
    TEXT_EXPECTED,
    Member,
    epc_asked,
    read_identifiers,
    read_members,
    read_moment,
    read_name,
    read_text,
    wrong,
)

# So many at once; what is more is a lot, or is in a container.
HELD_MAX = 1_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_read = partial(read_members, rule="hold")
_wrong = partial(wrong, "hold")


def hold_asked(value: Any) -> Asked:
    """Return what a JSON object asks to be held; `ValidationError` says what is wrong with it."""
    given = _read(value, _HOLD, required=("of", "reason", "by"))
    kind = given.get("kind", Kind.HOLD)
    if kind is not Kind.HOLD and "hold_id" not in given:
        raise _wrong("/hold_id", f"the number of the recall: {NAME_EXPECTED}", None)
    if kind is Kind.HOLD and "recall_class" in given:
        raise _wrong("/recall_class", "none, where nothing is recalled", given["recall_class"])
    return Asked(
        kind=kind,
        held=given["of"],
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


def _held(value: Any) -> tuple[str, ...]:
    """Return the EPCs of what is to be held, each once."""
    found = read_identifiers(value, length_max=HELD_MAX, refusal=_refusal)
    return tuple(epc_asked(text, identifier) for text, identifier in found)


def _refusal(identifier: Identifier) -> str | None:
    if identifier.level is Level.CLASS and identifier.scheme is not SCHEMES["lgtin"]:
        return "one thing, or a lot: this is a class of things"
    return None


def _kind(value: Any) -> Kind:
    return Kind(value)


def _since(value: Any) -> int:
    # What is held from a date on is held the whole of that day, and until a date as well.
    is_date = isinstance(value, str) and _DATE.fullmatch(value)
    return read_moment(f"{value}T00:00:00Z" if is_date else value)


_WHY: dict[str, Member] = {"reason": (TEXT_EXPECTED, read_text), "by": (TEXT_EXPECTED, read_text)}
_HOLD: Mapping[str, Member] = {
    "kind": (f"one of {', '.join(Kind)}", _kind),
    "hold_id": (NAME_EXPECTED, read_name),
    "of": (f"a list of 1 to {HELD_MAX} identifiers", _held),
    **_WHY,
    "since": (MOMENT_EXPECTED, _since),
    "recall_class": (TEXT_EXPECTED, read_text),
}
_RELEASE: Mapping[str, Member] = {**_WHY, "until": (MOMENT_EXPECTED, read_moment)}
