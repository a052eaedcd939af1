"""What may be asked of an exception, and what is said of anything else."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.errors import QueryParameterError, ValidationError
from epcis_repo.exceptions import (
    DECISIONS,
    KINDS,
    ExceptionClass,
    LookedAt,
    Sought,
    State,
    exception_asked,
    exception_decision_asked,
    findings_asked,
    sought_asked,
)
from epcis_repo.exceptions.asked import LOOKED_AT_MAX, THINGS_MAX
from epcis_repo.exceptions.events import ExceptionAmended, ExceptionRescheduled
from epcis_repo.gs1 import parse_identifier
from tests.operations.reports import CASE, PACK, at, key

WHY = {"reason": "two packs too few", "by": "Ann"}
ASKED: dict[str, Any] = {**WHY, "kind": "shortage"}
WHAT: dict[str, dict[str, Any]] = {
    "amend": {"things": [PACK]},
    "assign": {"owner": "Bob"},
    "reschedule": {"due": "2030-01-01"},
    "explain": {"root_cause": "man"},
    "plan_action": {"action": "corrective"},
    "finish_action": {"number": 1},
    "check_action": {"number": 1, "effective": True},
    "contain": {"hold_id": "H1"},
}
# What may be said besides.
MORE: dict[str, dict[str, Any]] = {"plan_action": {"owner": "Bob", "due": "2030-01-01"}}


def test_an_exception_is_about_things_in_any_spelling() -> None:
    """
    A pack, a case and a lot are named by one EPC each, however they are written.
    """
    spelt = [PACK, "(01)00300010123455(21)A1", "003000100000000015", "(01)00300010123455(10)L1"]

    asked = exception_asked({**ASKED, "things": spelt, "transactions": ["a", "a", "b"]})

    assert asked.things == (PACK, CASE, "urn:epc:class:lgtin:030001.0012345.L1")
    assert asked.transactions == ("a", "b")
    assert (asked.exception_class, asked.kind, asked.due) == (None, "shortage", None)


def test_a_date_is_the_whole_of_it() -> None:
    """
    What is due on a date may take all of that day.
    """
    assert exception_asked({**ASKED, "due": "2026-01-01"}).due == at(24) - 1
    asked = exception_decision_asked("E1", {"decision": "reschedule", **WHY, "due": "2026-01-01"})
    assert isinstance(asked.decision, ExceptionRescheduled)
    assert asked.decision.due == "2026-01-01T23:59:59.999999Z"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_ours_is_enough(kind: str) -> None:
    """
    Its class is in the table; a kind of another's own takes a class with it.
    """
    assert exception_asked({**WHY, "kind": kind}).kind == kind
    with pytest.raises(ValidationError, match="/class"):
        exception_asked({**WHY, "kind": f"{kind}-of-ours"})
    asked = exception_asked({**WHY, "kind": f"{kind}-of-ours", "class": "data_issue"})
    assert asked.exception_class is ExceptionClass.DATA_ISSUE


@pytest.mark.parametrize("word", DECISIONS)
def test_a_decision_takes_what_it_needs_and_nothing_else(word: str) -> None:
    """
    Each decision is made of who, why and what it takes; without that, or with more, it is none.
    """
    sound = {"decision": word, **WHY, **WHAT.get(word, {})}

    asked = exception_decision_asked("E1", {**sound, "version": 3})

    assert asked.version == 3
    assert (asked.decision.exception_id, asked.decision.by) == ("E1", "Ann")
    assert asked.decision.documents == []
    for name in sound:
        with pytest.raises(ValidationError):
            exception_decision_asked("E1", {k: v for k, v in sound.items() if k != name})
    exception_decision_asked("E1", {**sound, **MORE.get(word, {})})
    members = {"owner", "due", "root_cause", "action", "number", "effective", "hold_id"}
    for name in members - sound.keys() - MORE.get(word, {}).keys():
        with pytest.raises(ValidationError, match=f"/{name}"):
            exception_decision_asked("E1", {**sound, name: "man"})


def test_an_action_is_checked_by_yes_or_no() -> None:
    """
    Whether it has helped is a flag and no word.
    """
    asked = {"decision": "check_action", **WHY, "number": 1}

    for effective in ("yes", 1, None):
        with pytest.raises(ValidationError, match="/effective"):
            exception_decision_asked("E1", {**asked, "effective": effective})


def test_an_amendment_has_what_was_said() -> None:
    """
    What is not said is not added.
    """
    asked = exception_decision_asked("E1", {"decision": "amend", **WHY, "partner": "one"})

    assert asked.decision == ExceptionAmended(
        exception_id="E1",
        documents=[],
        things=[],
        transactions=[],
        partner="one",
        events=[],
        findings=[],
        **WHY,
    )


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        pytest.param([], "", id="no object"),
        pytest.param({}, "/reason", id="nothing"),
        pytest.param(WHY, "/class", id="no class"),
        pytest.param({**ASKED, "class": "other"}, "/class", id="no class of HDA's"),
        pytest.param({**ASKED, "class": []}, "/class", id="a list for a class"),
        pytest.param({**ASKED, "kind": "A kind"}, "/kind", id="no word"),
        pytest.param({**ASKED, "kind": 5}, "/kind", id="a number for a kind"),
        pytest.param({**ASKED, "things": []}, "/things", id="about nothing"),
        pytest.param({**ASKED, "things": PACK}, "/things", id="no list"),
        pytest.param({**ASKED, "things": [PACK] * (THINGS_MAX + 1)}, "/things", id="too much"),
        pytest.param({**ASKED, "things": [PACK, 5]}, "/things/1", id="a number for a thing"),
        pytest.param({**ASKED, "things": ["a pack"]}, "/things/0", id="no identifier"),
        pytest.param({**ASKED, "things": ["urn:x:\0"]}, "/things/0", id="what no database takes"),
        pytest.param(
            {**ASKED, "things": ["(01)00300010123456(21)A1"]}, "/things/0", id="a check digit"
        ),
        pytest.param({**ASKED, "events": ["a", " "]}, "/events/1", id="a blank event"),
        pytest.param({**ASKED, "transactions": 5}, "/transactions", id="a number of orders"),
        pytest.param({**ASKED, "reason": " "}, "/reason", id="no reason"),
        pytest.param({**ASKED, "by": None}, "/by", id="by nobody"),
        pytest.param({**ASKED, "reason": "a\nb"}, "/reason", id="lines"),
        pytest.param({**ASKED, "owner": "x" * 1_001}, "/owner", id="a long name"),
        pytest.param({**ASKED, "due": "soon"}, "/due", id="no moment"),
        pytest.param({**ASKED, "due": 5}, "/due", id="a number for a moment"),
        pytest.param({**ASKED, "exception_id": "a/b"}, "/exception_id", id="a slash"),
        pytest.param({**ASKED, "exception_id": "findings"}, "/exception_id", id="another path"),
        pytest.param({**ASKED, "state": "open"}, "/state", id="a state"),
    ],
)
def test_what_is_no_exception_is_refused_with_its_place(value: Any, pointer: str) -> None:
    """
    Whoever gets it wrong is told where, what would be right, and what was found.
    """
    with pytest.raises(ValidationError) as refused:
        exception_asked(value)

    (violation,) = refused.value.violations
    assert violation.pointer == pointer
    assert violation.expected
    assert violation.found


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        pytest.param([], "", id="no object"),
        pytest.param(WHY, "/decision", id="nothing decided"),
        pytest.param({**WHY, "decision": "burn"}, "/decision", id="no decision"),
        pytest.param({**WHY, "decision": ["begin"]}, "/decision", id="a list of decisions"),
        pytest.param({"decision": "begin", "by": "Ann"}, "/reason", id="no reason"),
        pytest.param({**WHY, "decision": "amend"}, "", id="nothing to amend"),
        pytest.param({**WHY, "decision": "assign"}, "/owner", id="nobody to own it"),
        pytest.param({**WHY, "decision": "comment", "version": 0}, "/version", id="version 0"),
        pytest.param({**WHY, "decision": "comment", "version": True}, "/version", id="a flag"),
        pytest.param({**WHY, "decision": "comment", "version": "1"}, "/version", id="a text"),
        pytest.param(
            {**WHY, "decision": "explain", "root_cause": "luck"}, "/root_cause", id="luck"
        ),
        pytest.param(
            {**WHY, "decision": "finish_action", "number": 1.0}, "/number", id="a fraction"
        ),
        pytest.param({**WHY, "decision": "amend", "things": ["x"]}, "/things/0", id="no thing"),
    ],
)
def test_what_is_no_decision_is_refused_with_its_place(value: Any, pointer: str) -> None:
    """
    The same of decisions.
    """
    with pytest.raises(ValidationError) as refused:
        exception_decision_asked("E1", value)

    assert [violation.pointer for violation in refused.value.violations] == [pointer]


def test_what_is_looked_at_is_named_once() -> None:
    """
    Things, lots and exceptions are looked at once each; so many at a time, and by somebody.
    """
    asked = findings_asked({"of": [PACK, "(01)00300010123455(21)A1", CASE], "by": "Ann"})

    assert asked == LookedAt((parse_identifier(PACK), parse_identifier(CASE)), (), "Ann")
    again = findings_asked({"exceptions": ["E1", "E2", "E1"], "by": "Ann"})
    assert again == LookedAt((), ("E1", "E2"), "Ann")
    for wrong in (
        {"of": [PACK]},
        {"by": "Ann"},
        {"of": [PACK] * (LOOKED_AT_MAX + 1), "by": "x"},
        {"exceptions": ["E1"] * (LOOKED_AT_MAX + 1), "by": "x"},
        {"exceptions": [1], "by": "x"},
        {"exceptions": [], "by": "x"},
    ):
        with pytest.raises(ValidationError):
            findings_asked(wrong)


def test_what_is_sought_is_named_by_parameters() -> None:
    """
    A parameter is read as what it names, and refused by name where it is none.
    """
    asked = {"state": "in_work", "class": "data_issue", "overdue": "true", "id": PACK}

    assert sought_asked(asked) == Sought(
        state=State.IN_WORK,
        exception_class=ExceptionClass.DATA_ISSUE,
        overdue=True,
        key=key(PACK),
    )
    for name, text in (("state", "new"), ("overdue", "1"), ("id", "a\0"), ("due", "x")):
        with pytest.raises(QueryParameterError, match=name):
            sought_asked({name: text})
