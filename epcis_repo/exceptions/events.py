"""What is recorded of exceptions: each decision with who, why, and the documents it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True, kw_only=True)
class ExceptionDecision(Decision):
    """What all of them have; `documents` are the digests of what was kept with it."""

    exception_id: str
    reason: str
    by: str
    documents: list[str]

    def apply(self, obj: Any) -> None:
        """See `Decision.apply`: whoever looks at a decision on an exception folds it."""
        obj.learn(self)


@dataclass(frozen=True, kw_only=True)
class ExceptionOpened(ExceptionDecision):
    """
    Somebody, or a rule, has said that goods and data do not agree, or that goods are not fit.

    `exception_class` is one of `kinds.ExceptionClass`, `kind` a name in `kinds.KINDS` or of the
    opener's own. `things` are EPCs, `transactions` and `events` what else it is about by name, and
    `findings` those that showed it, as `causes.Shown` has them. `cause` is what findings of one
    cause have in common; None where a person opened it. `thread` is that of the messages about it,
    where this is not its own name.
    """

    exception_class: str
    kind: str | None
    cause: str | None
    things: list[str]
    transactions: list[str]
    partner: str | None
    events: list[str]
    findings: list[dict[str, Any]]
    owner: str | None
    due: str
    thread: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExceptionAmended(ExceptionDecision):
    """It is about more than was known; a `partner` takes the place of the one before."""

    things: list[str]
    transactions: list[str]
    partner: str | None
    events: list[str]
    findings: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ExceptionCleared(ExceptionDecision):
    """What these findings showed is found no more, of the things that they name here."""

    findings: list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class ExceptionMoved(ExceptionDecision):
    """It has taken a `rules.Step`. Reopened, it is `due` anew."""

    step: str
    due: str | None


@dataclass(frozen=True, kw_only=True)
class ExceptionAssigned(ExceptionDecision):
    """It has an owner, or another one."""

    owner: str


@dataclass(frozen=True, kw_only=True)
class ExceptionRescheduled(ExceptionDecision):
    """It is due at another moment."""

    due: str


@dataclass(frozen=True, kw_only=True)
class ExceptionContained(ExceptionDecision):
    """What it is about goes to nobody while a hold lasts, which has the name `hold_id`."""

    hold_id: str


@dataclass(frozen=True, kw_only=True)
class ExceptionCommented(ExceptionDecision):
    """Somebody had something to say: the reason is the comment."""


@dataclass(frozen=True, kw_only=True)
class ExceptionExplained(ExceptionDecision):
    """Its root cause was found, one of `rules.RootCause`: the last that was, counts."""

    root_cause: str


@dataclass(frozen=True, kw_only=True)
class ExceptionActionPlanned(ExceptionDecision):
    """
    Something is to be done, which the reason says; `action` is one of `rules.ActionKind`. `owner`
    does it, until it is `due`, where somebody says so.
    """

    action: str
    owner: str | None = None
    due: str | None = None


@dataclass(frozen=True, kw_only=True)
class ExceptionActionDone(ExceptionDecision):
    """What was planned under a number, from 1, is done; the reason says what came of it."""

    number: int


@dataclass(frozen=True, kw_only=True)
class ExceptionActionChecked(ExceptionDecision):
    """What was done has helped, or not; the reason says what shows it."""

    number: int
    effective: bool


LIFECYCLE = (
    ExceptionOpened,
    ExceptionAmended,
    ExceptionCleared,
    ExceptionMoved,
    ExceptionAssigned,
    ExceptionRescheduled,
    ExceptionContained,
    ExceptionCommented,
    ExceptionExplained,
    ExceptionActionPlanned,
    ExceptionActionDone,
    ExceptionActionChecked,
)


def exception_tag(exception_id: str) -> str:
    """Return what the decisions on an exception are found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for these tags.
    return f"exception {exception_id}"


def concerned_tags(keys: Iterable[str]) -> list[str]:
    """Return what the exceptions about some things are found by."""
    return [f"excepted {key}" for key in keys]
