"""
What is asked for by who opens an exception, decides on one, or seeks some: JSON in, values out.

A decision is a row in `_DECISIONS`: what it takes, and the event that it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, NamedTuple, TypeVar

from epcis_repo.errors import (
    IdentifierError,
    QueryParameterError,
    ScanError,
)
from epcis_repo.exceptions.events import (
    ExceptionActionChecked,
    ExceptionActionDone,
    ExceptionActionPlanned,
    ExceptionAmended,
    ExceptionAssigned,
    ExceptionCommented,
    ExceptionContained,
    ExceptionDecision,
    ExceptionExplained,
    ExceptionMoved,
    ExceptionRescheduled,
)
from epcis_repo.exceptions.kinds import KINDS, ExceptionClass
from epcis_repo.exceptions.rules import ActionKind, RootCause, State, Step
from epcis_repo.gs1 import Identifier
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import IDENTIFIER_EXPECTED, identifier_asked
from epcis_repo.operations.members import (
    MOMENT_EXPECTED,
    NAME_EXPECTED,
    NAME_LENGTH_MAX,
    TEXT_EXPECTED,
    Member,
    MemberError,
    epc_asked,
    read_identifiers,
    read_list,
    read_members,
    read_moment,
    read_name,
    read_text,
    wrong,
)

# So many at once; what is more is a lot, or is in a container.
THINGS_MAX = 1_000
# The findings of so many things or lots are looked for at once.
LOOKED_AT_MAX = 100
_NUMBER_MAX = 1_000_000
# What else is there below the exceptions cannot be one of them.
_PATHS = {"findings", "messages"}
_NAME_EXPECTED = f"{NAME_EXPECTED}, and not {' or '.join(sorted(_PATHS))}"
_KIND_NAME = re.compile("[a-z0-9]+([_-][a-z0-9]+)*")

_FLAGS = {"true": True, "false": False}

E = TypeVar("E", bound=StrEnum)
_read = partial(read_members, rule="exception")
_wrong = partial(wrong, "exception")


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is asked for by who opens an exception: `things` are EPCs, `due` is in microseconds.

    One of `exception_class` and `kind` is there. Without `due` it is due as its class is, and
    without `exception_id` it gets a name.
    """

    reason: str
    by: str
    exception_class: ExceptionClass | None = None
    kind: str | None = None
    things: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    partner: str | None = None
    events: tuple[str, ...] = ()
    owner: str | None = None
    due: int | None = None
    exception_id: str | None = None


class DecisionAsked(NamedTuple):
    """A decision on an exception, and the version that it is for, where one is said."""

    decision: ExceptionDecision
    version: int | None


class LookedAt(NamedTuple):
    """Whose findings are looked for, those of things, of lots or of exceptions, and by whom."""

    identifiers: tuple[Identifier, ...]
    exceptions: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True)
class Sought:
    """
    Which exceptions are sought: all of what is said holds for each.

    `key` is that of a thing, a container or a lot: sought are those about it, about what it is of
    or in, and about what is in it. `thread` is that of the messages about them.
    """

    state: State | None = None
    exception_class: ExceptionClass | None = None
    kind: str | None = None
    owner: str | None = None
    partner: str | None = None
    overdue: bool | None = None
    key: str | None = None
    thread: str | None = None


def exception_asked(value: Any) -> Asked:
    """Return what a JSON object asks to be opened; `ValidationError` says what is wrong with it."""
    given = _read(value, _OPENING, required=("reason", "by"))
    if "class" not in given and given.get("kind") not in KINDS:
        raise _wrong("/class", _one_of(ExceptionClass), None)
    given["exception_class"] = given.pop("class", None)
    return Asked(**given)


def exception_decision_asked(exception_id: str, value: Any) -> DecisionAsked:
    """Return the decision that a JSON object asks for, likewise."""
    if not isinstance(value, dict):
        raise _wrong("", "a JSON object", value)
    word = value.get("decision")
    if not isinstance(word, str) or word not in _DECISIONS:
        raise _wrong("/decision", f"one of {', '.join(_DECISIONS)}", word)
    row = _DECISIONS[word]
    given_with = {**row.takes, **row.may_take, **row.may_have}
    members = {"decision": _A_TEXT, **_WHY, "version": _VERSION, **given_with}
    given = _read(value, members, required=("reason", "by", *row.takes))
    del given["decision"]
    version = given.pop("version", None)
    if row.may_take and not given.keys() & row.may_take.keys():
        raise _wrong("", f"one of {', '.join(row.may_take)}", "none of them")
    made = {**row.unsaid, **{name: _said(member) for name, member in given.items()}}
    return DecisionAsked(row.makes(exception_id=exception_id, documents=[], **made), version)


def findings_asked(value: Any) -> LookedAt:
    """Return whose findings a JSON object asks to be made exceptions of, likewise."""
    given = _read(value, _LOOKING, required=("by",))
    if not given.keys() & {"of", "exceptions"}:
        raise _wrong("/of", f"{_LOOKING['of'][0]}, or exceptions", None)
    return LookedAt(given.get("of", ()), given.get("exceptions", ()), given["by"])


def sought_asked(asked: Mapping[str, str]) -> Sought:
    """Return what the parameters of a query seek; `QueryParameterError` names what is wrong."""
    given = {}
    for name, text in asked.items():
        if name not in _SOUGHT:
            raise QueryParameterError(name, expected=f"one of {', '.join(_SOUGHT)}", found=text)
        expected, read = _SOUGHT[name]
        try:
            given[name] = read(text)
        except ValueError:
            raise QueryParameterError(name, expected=expected, found=text) from None
    given["exception_class"] = given.pop("class", None)
    given["key"] = given.pop("id", None)
    return Sought(**given)


def _said(member: Any) -> Any:
    """Return a member as an event has it, in JSON."""
    return [*member] if isinstance(member, tuple) else member


def _name(value: Any) -> str:
    text = read_name(value)
    if text in _PATHS:
        raise ValueError(value)
    return text


def _kind(value: Any) -> str:
    text = read_text(value)
    if len(text) > NAME_LENGTH_MAX or not _KIND_NAME.fullmatch(text):
        raise ValueError(value)
    return text


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _NUMBER_MAX:
        raise ValueError(value)
    return value


def _moment_text(value: Any) -> str:
    return utc_text(read_moment(value))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004 - what somebody sent is wrong, not a call
    return value


def _texts(value: Any, *, length_max: int = THINGS_MAX) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for number, text in enumerate(read_list(value, length_max=length_max)):
        try:
            found[read_text(text)] = None
        except ValueError:
            raise MemberError(number, TEXT_EXPECTED, text) from None
    return tuple(found)


def _things(value: Any) -> tuple[str, ...]:
    found = read_identifiers(value, length_max=THINGS_MAX)
    return tuple(epc_asked(text, identifier) for text, identifier in found)


def _looked_at(value: Any) -> tuple[Identifier, ...]:
    found = read_identifiers(value, length_max=LOOKED_AT_MAX)
    return tuple(identifier for _, identifier in found)


def _key(text: str) -> str:
    # PostgreSQL stores no NUL, so nothing has one in its name.
    if not text.isprintable():
        raise ValueError(text)
    try:
        return identifier_asked(text).key
    except (IdentifierError, ScanError):
        raise ValueError(text) from None


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise ValueError(text)
    return _FLAGS[text]


def _one_of(names: type[StrEnum]) -> str:
    return f"one of {', '.join(names)}"


def _named(names: type[E]) -> Member:
    return _one_of(names), lambda value: names(value)


_THINGS_EXPECTED = f"a list of 1 to {THINGS_MAX} identifiers"
_TEXTS_EXPECTED = f"a list of 1 to {THINGS_MAX} texts"
_KIND_EXPECTED = "words of small letters and digits, parted by - or _"
_A_TEXT: Member = (TEXT_EXPECTED, read_text)
_WHY: dict[str, Member] = {"reason": _A_TEXT, "by": _A_TEXT}
_VERSION: Member = ("the number of a version", _number)
_ACTION: Member = ("the number of an action", _number)
_WHAT: dict[str, Member] = {
    "things": (_THINGS_EXPECTED, _things),
    "transactions": (_TEXTS_EXPECTED, _texts),
    "events": (_TEXTS_EXPECTED, _texts),
    "partner": _A_TEXT,
}
_OPENING: Mapping[str, Member] = {
    "exception_id": (_NAME_EXPECTED, _name),
    "class": _named(ExceptionClass),
    "kind": (_KIND_EXPECTED, _kind),
    **_WHAT,
    **_WHY,
    "owner": _A_TEXT,
    "due": (MOMENT_EXPECTED, read_moment),
}
_LOOKING: Mapping[str, Member] = {
    "of": (f"a list of 1 to {LOOKED_AT_MAX} identifiers", _looked_at),
    "exceptions": (
        f"a list of 1 to {LOOKED_AT_MAX} names",
        partial(_texts, length_max=LOOKED_AT_MAX),
    ),
    "by": _A_TEXT,
}
_SOUGHT: Mapping[str, Member] = {
    "state": _named(State),
    "class": _named(ExceptionClass),
    "kind": (_KIND_EXPECTED, _kind),
    "owner": _A_TEXT,
    "partner": _A_TEXT,
    "overdue": ("true or false", _flag),
    "id": (IDENTIFIER_EXPECTED, _key),
    "thread": _A_TEXT,
}


class _Row(NamedTuple):
    """
    A decision that can be asked for: the event that it is, what it takes, of what it may take some,
    at least one, and what it may have; `unsaid` is what the event has where nothing is said.
    """

    makes: Callable[..., ExceptionDecision]
    takes: Mapping[str, Member] = {}
    may_take: Mapping[str, Member] = {}
    may_have: Mapping[str, Member] = {}
    unsaid: Mapping[str, Any] = {}


def _nothing_said() -> dict[str, Any]:
    return {"things": [], "transactions": [], "events": [], "partner": None, "findings": []}


_DECISIONS: Mapping[str, _Row] = {
    **{step.value: _Row(partial(ExceptionMoved, step=step.value, due=None)) for step in Step},
    "amend": _Row(ExceptionAmended, may_take=_WHAT, unsaid=_nothing_said()),
    "assign": _Row(ExceptionAssigned, {"owner": _A_TEXT}),
    "reschedule": _Row(ExceptionRescheduled, {"due": (MOMENT_EXPECTED, _moment_text)}),
    "contain": _Row(ExceptionContained, {"hold_id": (NAME_EXPECTED, read_name)}),
    "comment": _Row(ExceptionCommented),
    "explain": _Row(ExceptionExplained, {"root_cause": _named(RootCause)}),
    "plan_action": _Row(
        ExceptionActionPlanned,
        {"action": _named(ActionKind)},
        may_have={"owner": _A_TEXT, "due": (MOMENT_EXPECTED, _moment_text)},
    ),
    "finish_action": _Row(ExceptionActionDone, {"number": _ACTION}),
    "check_action": _Row(
        ExceptionActionChecked, {"number": _ACTION, "effective": ("true or false", _boolean)}
    ),
}
DECISIONS = tuple(_DECISIONS)
"""What can be decided on an exception, in a word each."""
