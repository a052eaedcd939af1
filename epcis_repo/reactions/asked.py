"""What is asked for by who sets a reaction, or decides on what was kept aside: JSON to values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from epcis_repo.errors import NotFoundError
from epcis_repo.operations.members import TEXT_EXPECTED, Member, read_members, read_text, wrong
from epcis_repo.reactions.rules import AT_THE_DOOR, BY_THE_CLOCK, DEFAULTS, Asked, Reaction

_DEFAULT = "default"
_EXPECTED = f"one of {', '.join(Reaction)}, or {_DEFAULT}"
_NAME_LENGTH_MAX = 300


class WhyAsked(NamedTuple):
    """Who decides on what was kept aside, and why."""

    reason: str
    by: str


def reaction_asked(rule: str, value: Any) -> Asked:
    """
    Return the reaction to a rule that a JSON object asks for.

    Raises `NotFoundError` for a rule that is none about things, and `ValidationError`.
    """
    known_rule(rule)
    given = read_members(value, _REACTION, rule="reaction", required=("reaction", "reason", "by"))
    reaction = None if given["reaction"] == _DEFAULT else Reaction(given["reaction"])
    if rule in BY_THE_CLOCK and reaction in AT_THE_DOOR:
        expected = "raise or observe: whether this rule is broken, only time shows"
        raise wrong("reaction", "/reaction", expected, given["reaction"])
    return Asked(reaction, given["reason"], given["by"], given.get("partner"))


def why_asked(value: Any) -> WhyAsked:
    """Return who decides and why, as a JSON object has it; `ValidationError` says what is wrong."""
    return WhyAsked(**read_members(value, _WHY, rule="quarantine", required=("reason", "by")))


def known_rule(rule: str) -> str:
    """Return the short name of a rule about things; `NotFoundError` for what is none."""
    if rule not in DEFAULTS:
        raise NotFoundError(f"there is no rule about things named {rule!r}")
    return rule


def _reaction(value: Any) -> str:
    return _DEFAULT if value == _DEFAULT else Reaction(value).value


def _partner(value: Any) -> str:
    text = read_text(value)
    if len(text) > _NAME_LENGTH_MAX or text != text.strip():
        raise ValueError(value)
    return text


_WHY: dict[str, Member] = {"reason": (TEXT_EXPECTED, read_text), "by": (TEXT_EXPECTED, read_text)}
_REACTION: Mapping[str, Member] = {
    "reaction": (_EXPECTED, _reaction),
    "partner": ("who sends: a GLN, a URI of it, or what the header says", _partner),
    **_WHY,
}
