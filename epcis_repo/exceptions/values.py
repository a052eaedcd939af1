"""Exceptions as JSON: one with all that was decided on it, and a line of a list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from epcis_repo.exceptions.events import (
    ExceptionActionChecked,
    ExceptionActionDone,
    ExceptionActionPlanned,
    ExceptionAmended,
    ExceptionAssigned,
    ExceptionCleared,
    ExceptionCommented,
    ExceptionContained,
    ExceptionDecision,
    ExceptionExplained,
    ExceptionMoved,
    ExceptionOpened,
    ExceptionRescheduled,
)
from epcis_repo.exceptions.operations import ExceptionPage, Raised
from epcis_repo.exceptions.rules import ExceptionCase, Past, Signed
from epcis_repo.findings import RULES
from epcis_repo.model.times import utc_text

_WHAT_TO_DO = {rule.id: rule.what_to_do for rule in RULES}
# A decision in the word that it is asked for by. A step is its own.
_WORDS: dict[type[ExceptionDecision], str] = {
    ExceptionOpened: "open",
    ExceptionAmended: "amend",
    ExceptionCleared: "clear",
    ExceptionAssigned: "assign",
    ExceptionRescheduled: "reschedule",
    ExceptionContained: "contain",
    ExceptionCommented: "comment",
    ExceptionExplained: "explain",
    ExceptionActionPlanned: "plan_action",
    ExceptionActionDone: "finish_action",
    ExceptionActionChecked: "check_action",
}
# What each of them has, and says by itself.
_ELSEWHERE = {"exception_id", "reason", "by", "documents", "step"}
# A word of Python has another name in it.
_NAMES = {"exception_class": "class"}


def exception_value(case: ExceptionCase, *, now: int) -> dict[str, Any]:
    """Return an exception as JSON (`schemas/exception.schema.json`)."""
    root_cause = case.root_cause
    return {
        **_line(case, now=now),
        "what_to_do": _WHAT_TO_DO.get(case.kind or ""),
        "cause": case.cause,
        "things": list(case.things),
        "transactions": list(case.transactions),
        "events": list(case.events),
        "findings": list(case.findings),
        "cleared": list(case.cleared),
        "holds": list(case.holds),
        "thread": case.thread,
        "root_cause": None
        if root_cause is None
        else {
            "root_cause": root_cause.root_cause.value,
            "reason": root_cause.reason,
            "by": root_cause.by,
        },
        "actions": [
            {
                "number": action.number,
                "action": action.kind.value,
                "what": action.what,
                "by": action.by,
                "owner": action.owner,
                "due": None if action.due is None else utc_text(action.due),
                "overdue": not action.is_done and action.due is not None and action.due < now,
                "outcome": action.outcome,
                "done_by": action.done_by,
                "checked": None if action.checked is None else action.checked._asdict(),
            }
            for action in case.actions
        ],
        "resolution": _signed_value(case.resolution),
        "approval": _signed_value(case.approval),
        "closing": _signed_value(case.closing),
        "steps": [step.value for step in case.steps],
        "history": [
            _past_value(past, version) for version, past in enumerate(case.history, start=1)
        ],
    }


def exceptions_value(page: ExceptionPage, *, now: int) -> dict[str, Any]:
    """Return a list of exceptions as JSON (`schemas/exceptions.schema.json`)."""
    return {"exceptions": [_counted(case, now=now) for case in page.exceptions]}


def raised_value(raised: Iterable[Raised], *, now: int) -> dict[str, Any]:
    """Return what became of exceptions as JSON (`schemas/exceptions-raised.schema.json`)."""
    return {
        "exceptions": [
            {**_counted(found.case, now=now), "became": found.became.value} for found in raised
        ]
    }


def _counted(case: ExceptionCase, *, now: int) -> dict[str, Any]:
    return {**_line(case, now=now), "things": len(case.things)}


def _line(case: ExceptionCase, *, now: int) -> dict[str, Any]:
    return {
        "exception_id": case.exception_id,
        "class": case.exception_class.value,
        "kind": case.kind,
        "state": case.state.value,
        "owner": case.owner,
        "due": utc_text(case.due),
        "overdue": case.is_overdue(now),
        "reason": case.reason,
        "by": case.by,
        "opened_at": utc_text(case.opened_at),
        "partner": case.partner,
        "times_reopened": case.times_reopened,
        "version": case.version,
    }


def _signed_value(signed: Signed | None) -> dict[str, Any] | None:
    if signed is None:
        return None
    return {"by": signed.by, "reason": signed.reason, "at": utc_text(signed.at)}


def _past_value(past: Past, version: int) -> dict[str, Any]:
    decision = past.decision
    word = decision.step if isinstance(decision, ExceptionMoved) else _WORDS[type(decision)]
    said = {name: value for name, value in decision.as_dict().items() if value is not None}
    return {
        "version": version,
        "decision": word,
        "reason": decision.reason,
        "by": decision.by,
        "at": utc_text(past.at),
        "state": past.state.value,
        "documents": decision.documents,
        "said": {
            _NAMES.get(name, name): len(value) if isinstance(value, list) else value
            for name, value in said.items()
            if name not in _ELSEWHERE
        },
    }
