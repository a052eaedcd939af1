"""The life of an exception: what may be decided on it in which state, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.exceptions import (
    KINDS,
    ActionKind,
    ExceptionCase,
    ExceptionChangedError,
    ExceptionClass,
    ExceptionStateError,
    ExceptionTakenError,
    RootCause,
    State,
    Step,
)
from epcis_repo.exceptions.events import (
    LIFECYCLE,
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
    ExceptionOpened,
    ExceptionRescheduled,
)
from epcis_repo.exceptions.kinds import CLOCKS
from epcis_repo.exceptions.rules import (
    OVER,
    TRANSITIONS,
    Checked,
    Signed,
    after,
    clearing,
    deciding,
    due_of,
    opening,
    raising,
    reviewing,
)
from epcis_repo.findings import RULES
from epcis_repo.gs1 import canonical_key as key
from epcis_repo.model.times import utc_text
from tests.operations.reports import CASE, HOUR, NOW, OTHER_PACK, PACK, at

WHY: dict[str, Any] = {"exception_id": "E1", "reason": "it is so", "by": "QA", "documents": []}
NOTHING: dict[str, Any] = {"things": [], "transactions": [], "events": [], "findings": []}
OPENED = ExceptionOpened(
    **WHY | NOTHING | {"things": [PACK]},
    exception_class="data_issue",
    kind="wrong_lot",
    cause=None,
    partner=None,
    owner=None,
    due=utc_text(at(72)),
)
WAYS: dict[State, tuple[Step, ...]] = {
    State.OPEN: (),
    State.IN_WORK: (Step.BEGIN,),
    State.WAITING_FOR_PARTNER: (Step.ASK_PARTNER,),
    State.RESOLVED: (Step.RESOLVE,),
    State.APPROVED: (Step.RESOLVE, Step.APPROVE),
    State.CLOSED: (Step.RESOLVE, Step.APPROVE, Step.CLOSE),
}


@dataclass
class Life:
    """An exception that is decided on, one decision after the other."""

    case: ExceptionCase = field(default_factory=lambda: after(None, OPENED, NOW))

    def decide(
        self, decision: ExceptionDecision, *, version: int | None = None, now: int = NOW
    ) -> ExceptionCase:
        for decided in deciding(decision, version=version, now=now)(self.case):
            self.case = after(self.case, decided, now)
        return self.case

    def take(self, *steps: Step, now: int = NOW, **more: Any) -> ExceptionCase:
        for step in steps:
            who = {"by": "the second"} if step is Step.APPROVE else {}
            self.decide(ExceptionMoved(**WHY | who | more, step=step, due=None), now=now)
        return self.case


def amended(**more: Any) -> ExceptionAmended:
    return ExceptionAmended(**WHY | NOTHING | {"partner": None} | more)


OTHERS: list[ExceptionDecision] = [
    amended(things=[CASE]),
    ExceptionAssigned(**WHY, owner="the warehouse"),
    ExceptionRescheduled(**WHY, due=utc_text(at(5))),
    ExceptionExplained(**WHY, root_cause="man"),
    ExceptionContained(**WHY, hold_id="H1"),
    ExceptionActionPlanned(**WHY, action="correction"),
]


class TestSteps:
    @pytest.mark.parametrize(("state", "step"), [*product(State, Step)])
    def test_lead_where_the_table_says_and_are_refused_elsewhere(
        self, state: State, step: Step
    ) -> None:
        """
        From each state each step leads to the one state of the table, or is refused by name.
        """
        life = Life()
        assert life.take(*WAYS[state]).state is state

        if (state, step) in TRANSITIONS:
            assert life.take(step).state is TRANSITIONS[state, step]
        else:
            with pytest.raises(ExceptionStateError, match=f"is {state}.*not {step}"):
                life.take(step)
            assert life.case.state is state

    def test_reach_every_state_and_none_is_the_last(self) -> None:
        """
        Each state is reached, and from each there is a way on: what comes back is reopened.
        """
        assert {State.OPEN, *TRANSITIONS.values()} == {*State}
        assert {state for state, _ in TRANSITIONS} == {*State}
        assert {case for case in TRANSITIONS if case[1] is Step.REOPEN} == {
            (state, Step.REOPEN) for state in OVER
        }

    def test_keep_who_resolved_approved_and_closed_it(self) -> None:
        """
        Who took each of these steps, why and when, is there until it is reopened.
        """
        life = Life()
        life.take(Step.RESOLVE, reason="new data came", now=at(1))
        life.take(Step.APPROVE, reason="I have seen it", now=at(2))
        closed = life.take(Step.CLOSE, reason="filed", now=at(3))

        assert closed.resolution == Signed("QA", "new data came", at(1))
        assert closed.approval == Signed("the second", "I have seen it", at(2))
        assert closed.closing == Signed("QA", "filed", at(3))
        reopened = life.take(Step.REOPEN)
        assert (reopened.resolution, reopened.approval, reopened.closing) == (None, None, None)
        assert reopened.times_reopened == 1

    @pytest.mark.parametrize("by", ["QA", "qa", " Q\u0041 "])
    def test_of_approving_are_anothers(self, by: str) -> None:
        """
        Who has resolved it does not approve it himself, however he writes his name.
        """
        life = Life()
        life.take(Step.RESOLVE)

        with pytest.raises(ExceptionStateError, match="resolved by 'QA': somebody else"):
            life.take(Step.APPROVE, by=by)
        assert life.take(Step.APPROVE, by="Ann").state is State.APPROVED

    def test_of_approving_are_anothers_each_time(self) -> None:
        """
        Reopened and resolved by the one who approved it before, it takes somebody else again.
        """
        life = Life()
        life.take(Step.RESOLVE, Step.APPROVE, Step.REOPEN)
        life.take(Step.RESOLVE, by="the second")

        with pytest.raises(ExceptionStateError, match="somebody else"):
            life.take(Step.APPROVE)
        assert life.take(Step.APPROVE, by="QA").state is State.APPROVED

    def test_of_beginning_makes_an_owner(self) -> None:
        """
        Who begins with what is nobody's owns it; what is somebody's stays his.
        """
        assert Life().take(Step.BEGIN, by="Ann").owner == "Ann"
        life = Life()
        life.decide(ExceptionAssigned(**WHY, owner="Bob"))
        assert life.take(Step.BEGIN, by="Ann").owner == "Bob"

    def test_of_closing_wait_for_all_actions(self) -> None:
        """
        An exception is closed when everything that was planned for it is done.
        """
        life = Life()
        life.decide(ExceptionActionPlanned(**WHY, action="correction"))
        life.take(Step.RESOLVE, Step.APPROVE)

        with pytest.raises(ExceptionStateError, match="actions are done: 1"):
            life.take(Step.CLOSE)
        life.decide(ExceptionActionDone(**WHY, number=1))
        assert life.take(Step.CLOSE).state is State.CLOSED

    @pytest.mark.parametrize("action", ["corrective", "preventive"])
    def test_of_closing_wait_for_what_shows_that_they_helped(self, action: str) -> None:
        """
        What is to mend the cause has to be shown to have done so; what has not is done again.
        """
        life = Life()
        life.decide(ExceptionActionPlanned(**WHY, action="correction"))
        life.decide(ExceptionActionPlanned(**WHY, action=action))
        for number in (1, 2):
            life.decide(ExceptionActionDone(**WHY, number=number))
        life.take(Step.RESOLVE, Step.APPROVE)

        with pytest.raises(ExceptionStateError, match="shown to have helped: 2"):
            life.take(Step.CLOSE)
        life.decide(ExceptionActionChecked(**WHY, number=2, effective=False))
        with pytest.raises(ExceptionStateError, match="actions are done: 2"):
            life.take(Step.CLOSE)
        life.decide(ExceptionActionDone(**WHY, number=2))
        with pytest.raises(ExceptionStateError, match="shown to have helped: 2"):
            life.take(Step.CLOSE)
        life.decide(
            ExceptionActionChecked(**WHY | {"reason": "no more of it"}, number=2, effective=True)
        )
        closed = life.take(Step.CLOSE)

        assert closed.state is State.CLOSED
        assert closed.actions[1].checked == Checked(True, "no more of it", "QA")


class TestClocks:
    @pytest.mark.parametrize("exception_class", ExceptionClass)
    def test_run_as_long_as_the_class_has_it(self, exception_class: ExceptionClass) -> None:
        """
        What is unfit may take 24 hours, what goes without the other 48, all else three days.
        """
        hours = {"unavailable_for_distribution": 24, "product_no_data": 48, "data_no_product": 48}

        due = due_of(exception_class, at(0))

        assert due == utc_text(at(hours.get(exception_class, 72)))

    def test_are_over_when_the_moment_has_passed(self) -> None:
        """
        It is overdue after the moment that it is due at, and not before, until it is resolved.
        """
        life = Life()

        assert [life.case.is_overdue(now) for now in (at(72), at(72) + 1)] == [False, True]
        for step in (Step.BEGIN, Step.ASK_PARTNER):
            assert life.take(step).is_overdue(at(73))
        for step in (Step.RESOLVE, Step.APPROVE, Step.CLOSE):
            assert not life.take(step).is_overdue(at(73))

    def test_are_set_anew(self) -> None:
        """
        Another moment counts from when it is said.
        """
        life = Life()

        assert life.decide(ExceptionRescheduled(**WHY, due=utc_text(at(5)))).due == at(5)
        assert life.case.is_overdue(at(6))

    def test_begin_again_when_it_is_reopened(self) -> None:
        """
        What comes back is due when it would be if it were new.
        """
        life = Life()
        life.take(Step.RESOLVE, Step.APPROVE, Step.CLOSE)

        assert life.take(Step.REOPEN, now=at(100)).due == at(172)


class TestDecisions:
    def test_are_all_kept_in_order(self) -> None:
        """
        The history has each decision with who, when and why, and the state that it led to.
        """
        life = Life()
        for hour, decision in enumerate(OTHERS, start=1):
            life.decide(decision, now=at(hour))
        life.take(Step.RESOLVE, now=at(9))

        history = life.case.history
        assert [past.decision for past in history[:-1]] == [OPENED, *OTHERS]
        assert [past.at for past in history[1:]] == [*map(at, range(1, 7)), at(9)]
        assert [past.state for past in history] == [State.OPEN] * 7 + [State.RESOLVED]
        assert life.case.version == len(history) == 8

    def test_add_to_what_it_is_about(self) -> None:
        """
        What is added is there once, behind what was; another partner takes the place of the one.
        """
        life = Life()
        life.decide(amended(things=[PACK, OTHER_PACK], transactions=["urn:x:po:1"], partner="one"))
        case = life.decide(amended(events=["urn:x:1"], partner="another"))

        assert case.things == (PACK, OTHER_PACK)
        assert (case.transactions, case.events) == (("urn:x:po:1",), ("urn:x:1",))
        assert case.partner == "another"

    def test_explain_it_and_may_do_so_better(self) -> None:
        """
        The last root cause that was found counts; those before are in the history.
        """
        life = Life()
        for root_cause in RootCause:
            case = life.decide(ExceptionExplained(**WHY, root_cause=root_cause))
            assert case.root_cause is not None
            assert case.root_cause.root_cause is root_cause

    def test_plan_actions_and_finish_each_once(self) -> None:
        """
        Actions have numbers from 1, and an outcome once they are done; then they are.
        """
        life = Life()
        for action in ActionKind:
            life.decide(ExceptionActionPlanned(**WHY | {"reason": f"a {action}"}, action=action))
        case = life.decide(ExceptionActionDone(**WHY | {"reason": "it helped"}, number=2))

        assert [(a.number, a.kind, a.outcome) for a in case.actions] == [
            (1, ActionKind.CORRECTION, None),
            (2, ActionKind.CORRECTIVE, "it helped"),
            (3, ActionKind.PREVENTIVE, None),
        ]
        for number, said in ((2, "is done"), (4, "no action 4"), (0, "no action 0")):
            with pytest.raises(ExceptionStateError, match=said):
                life.decide(ExceptionActionDone(**WHY, number=number))
        for number, said in ((1, "not done yet"), (4, "no action 4"), (0, "no action 0")):
            with pytest.raises(ExceptionStateError, match=said):
                life.decide(ExceptionActionChecked(**WHY, number=number, effective=True))

    def test_plan_who_acts_until_when(self) -> None:
        """
        An action may have somebody who does it, and a moment at which it is due.
        """
        planned = ExceptionActionPlanned(
            **WHY, action="preventive", owner="the line", due=utc_text(at(9))
        )
        [action] = Life().decide(planned).actions

        assert (action.owner, action.due, action.is_done) == ("the line", at(9), False)

    def test_contain_it_by_holds(self) -> None:
        """
        The holds by which what it is about goes to nobody are named, each once.
        """
        life = Life()
        for hold_id in ("H1", "H2", "H1"):
            life.decide(ExceptionContained(**WHY, hold_id=hold_id))

        assert life.case.holds == ("H1", "H2")

    @pytest.mark.parametrize("decision", OTHERS, ids=lambda decision: type(decision).__name__)
    @pytest.mark.parametrize("steps", [(), (Step.CLOSE,)])
    def test_are_refused_on_what_was_approved(
        self, decision: ExceptionDecision, steps: tuple[Step, ...]
    ) -> None:
        """
        An exception is as it was approved, and closed, until it is reopened; comments are always
        taken.
        """
        life = Life()
        life.take(Step.RESOLVE, Step.APPROVE, *steps)

        with pytest.raises(ExceptionStateError, match=r"is (approved|closed): reopen it"):
            life.decide(decision)
        life.decide(ExceptionCommented(**WHY))
        life.take(Step.REOPEN)
        life.decide(decision)

    def test_for_another_version_are_refused(self) -> None:
        """
        Who has read what was then decided on by somebody else is told so, with both versions.
        """
        life = Life()
        life.decide(ExceptionCommented(**WHY), version=1)

        with pytest.raises(ExceptionChangedError, match="version 2, no longer of 1"):
            life.decide(ExceptionCommented(**WHY), version=1)

    def test_take_an_exception(self) -> None:
        """
        Nothing is decided on what nobody opened, and nothing is opened twice.
        """
        with pytest.raises(NotFoundError, match="'E1'"):
            deciding(ExceptionCommented(**WHY), version=None, now=NOW)(None)
        with pytest.raises(ExceptionTakenError, match="'E1'"):
            opening(OPENED)(Life().case)
        with pytest.raises(ExceptionTakenError):
            Life().decide(OPENED)


def found(event_id: str, *epcs: str) -> dict[str, Any]:
    """A finding as a decision has it."""
    return {"event_id": event_id, "epcs": [*epcs], "sentence": "it is so"}


def opened_by(*findings: dict[str, Any]) -> ExceptionOpened:
    """What findings of one cause open."""
    return replace(OPENED, kind="lot-expiry", cause="lot-expiry of it", findings=[*findings])


class TestClearing:
    def clear(self, life: Life, *gone: tuple[str, str]) -> list[ExceptionDecision]:
        what = clearing("E1", frozenset(gone), reason="found no more", by="Ann")
        decided = [*what(life.case)]
        for decision in decided:
            life.case = after(life.case, decision, NOW)
        return decided

    def find(self, life: Life, *findings: dict[str, Any]) -> None:
        for decision in raising(opened_by(*findings), now=NOW)(life.case):
            life.case = after(life.case, decision, NOW)

    def test_resolves_with_the_last_of_its_findings(self) -> None:
        """
        What is found no more is told; when nothing is left that was found, it is resolved by that.
        """
        life = Life(after(None, opened_by(found("a", PACK, OTHER_PACK), found("b", PACK)), NOW))

        first = self.clear(life, ("a", key(PACK)), ("x", key(PACK)))
        assert (len(first), life.case.state) == (1, State.OPEN)
        assert [item["epcs"] for item in life.case.findings] == [[OTHER_PACK], [PACK]]
        assert [item["epcs"] for item in life.case.cleared] == [[PACK]]
        second = self.clear(life, ("a", key(OTHER_PACK)), ("b", key(PACK)))

        assert (len(second), life.case.state) == (2, State.RESOLVED)
        assert life.case.resolution == Signed("Ann", "found no more", NOW)
        assert life.case.findings == ()
        assert life.case.things == (PACK, OTHER_PACK)

    def test_of_nothing_decides_nothing(self) -> None:
        """
        What it does not show, or shows no more, is not cleared; what nobody opened is not there.
        """
        life = Life(after(None, opened_by(found("a", PACK)), NOW))

        assert self.clear(life, ("a", key(OTHER_PACK)), ("b", key(PACK))) == []
        self.clear(life, ("a", key(PACK)))
        assert self.clear(life, ("a", key(PACK))) == []
        with pytest.raises(NotFoundError):
            clearing("E1", frozenset(), reason="so", by="Ann")(None)

    @pytest.mark.parametrize("steps", [(), (Step.APPROVE,), (Step.APPROVE, Step.CLOSE)])
    def test_lets_it_come_back(self, steps: tuple[Step, ...]) -> None:
        """
        What was cleared, and is found again, reopens it; what stands is known and does not.
        """
        life = Life(after(None, opened_by(found("a", PACK)), NOW))
        self.clear(life, ("a", key(PACK)))
        life.take(*steps)

        self.find(life, found("a", PACK))
        assert (life.case.state, life.case.times_reopened) == (State.OPEN, 1)
        assert [item["epcs"] for item in life.case.findings] == [[PACK]]
        assert life.case.cleared == ()
        version = life.case.version
        self.find(life, found("a", PACK))
        assert life.case.version == version

    def test_goes_with_what_comes_back(self) -> None:
        """
        What is so again and what is so no more is told at once; it stays open while any is so.
        """
        life = Life(after(None, opened_by(found("a", PACK), found("b", OTHER_PACK)), NOW))
        self.clear(life, ("a", key(PACK)))
        gone, back = {("b", key(OTHER_PACK))}, {("a", key(PACK)), ("x", key(PACK))}
        what = reviewing("E1", gone=gone, back=back, reason="no more", by="Ann", now=NOW)

        for decision in what(life.case):
            life.case = after(life.case, decision, NOW)

        assert life.case.state is State.OPEN
        assert [item["event_id"] for item in life.case.findings] == ["a"]
        assert [item["event_id"] for item in life.case.cleared] == ["b"]
        assert what(life.case) == []
        with pytest.raises(NotFoundError):
            what(None)

    def test_leaves_what_is_over_where_it_is(self) -> None:
        """
        What somebody has resolved or closed before is told of it, and stays resolved or closed.
        """
        for steps in ((Step.RESOLVE,), (Step.RESOLVE, Step.APPROVE, Step.CLOSE)):
            life = Life(after(None, opened_by(found("a", PACK)), NOW))
            state = life.take(*steps).state

            self.clear(life, ("a", key(PACK)))

            assert (life.case.state, life.case.findings) == (state, ())


class TestTables:
    def test_have_a_kind_for_each_rule_about_things(self) -> None:
        """
        What any rule finds is of a class, and has something in common; nothing else has.
        """
        found = {kind for kind, row in KINDS.items() if row.shared is not None}

        assert found == {rule.id for rule in RULES}

    def test_agree_with_the_catalogue(self) -> None:
        """
        A rule that cites a class of HDA's guidelines finds exceptions of that class.
        """
        cited = {
            rule.id: name.replace(" ", "_").replace(",", "")
            for rule in RULES
            for _, _, name in [rule.clause.partition("HDA exceptions 2023: ")]
            if name
        }

        assert len(cited) > 5
        assert {kind: KINDS[kind].exception_class.value for kind in cited} == cited

    def test_have_each_class(self) -> None:
        """
        Each class has a clock, kinds that people see, and kinds that rules find.
        """
        for found in (True, False):
            rows = [row for row in KINDS.values() if (row.shared is not None) is found]
            assert {row.exception_class for row in rows} == {*ExceptionClass}
        assert CLOCKS.keys() == {*ExceptionClass}
        assert {*CLOCKS.values()} == {24 * HOUR, 48 * HOUR, 72 * HOUR}

    def test_name_every_decision(self) -> None:
        """
        All that is recorded of an exception is in the lifecycle by which it is read.
        """
        assert {*LIFECYCLE} == {*ExceptionDecision.__subclasses__()}
