"""What may become of an exception, and what has. Pure: decisions in, decisions and cases out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Any, NamedTuple

from epcis_repo.errors import NotFoundError
from epcis_repo.exceptions.errors import (
    ExceptionChangedError,
    ExceptionStateError,
    ExceptionTakenError,
)
from epcis_repo.exceptions.events import (
    LIFECYCLE,
    ExceptionActionDone,
    ExceptionActionPlanned,
    ExceptionAmended,
    ExceptionAssigned,
    ExceptionCommented,
    ExceptionDecision,
    ExceptionExplained,
    ExceptionMoved,
    ExceptionOpened,
    ExceptionRescheduled,
    concerned_tags,
    exception_tag,
)
from epcis_repo.exceptions.kinds import CLOCKS, ExceptionClass
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.times import parse_moment, utc_text
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event


class State(StrEnum):
    """Where an exception is on its way."""

    OPEN = auto()
    IN_WORK = auto()
    WAITING_FOR_PARTNER = auto()
    RESOLVED = auto()
    CLOSED = auto()


class Step(StrEnum):
    """What takes it on."""

    BEGIN = auto()
    ASK_PARTNER = auto()
    HEAR_PARTNER = auto()
    RESOLVE = auto()
    CLOSE = auto()
    REOPEN = auto()


TRANSITIONS: Mapping[tuple[State, Step], State] = {
    (State.OPEN, Step.BEGIN): State.IN_WORK,
    (State.OPEN, Step.ASK_PARTNER): State.WAITING_FOR_PARTNER,
    (State.OPEN, Step.RESOLVE): State.RESOLVED,
    (State.IN_WORK, Step.ASK_PARTNER): State.WAITING_FOR_PARTNER,
    (State.IN_WORK, Step.RESOLVE): State.RESOLVED,
    (State.WAITING_FOR_PARTNER, Step.HEAR_PARTNER): State.IN_WORK,
    (State.WAITING_FOR_PARTNER, Step.RESOLVE): State.RESOLVED,
    (State.RESOLVED, Step.CLOSE): State.CLOSED,
    (State.RESOLVED, Step.REOPEN): State.OPEN,
    (State.CLOSED, Step.REOPEN): State.OPEN,
}

# Its clock stands still in these.
OVER = frozenset({State.RESOLVED, State.CLOSED})


class RootCause(StrEnum):
    """What it came from in the end: the six of the fishbone."""

    MATERIAL = auto()
    METHOD = auto()
    MACHINE = auto()
    MAN = auto()
    MEASUREMENT = auto()
    ENVIRONMENT = auto()


class ActionKind(StrEnum):
    """What an action is for: to mend it, to mend its cause, to keep it from happening elsewhere."""

    CORRECTION = auto()
    CORRECTIVE = auto()
    PREVENTIVE = auto()


class Explained(NamedTuple):
    """Its root cause, and in which words."""

    root_cause: RootCause
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Action:
    """What is to be done, or was: `outcome` is what came of it, None until it is done."""

    number: int
    kind: ActionKind
    what: str
    by: str
    outcome: str | None = None
    done_by: str | None = None


class Past(NamedTuple):
    """What was decided, when we learned it (microseconds), and the state that it led to."""

    decision: ExceptionDecision
    at: int
    state: State


@dataclass(frozen=True, slots=True)
class ExceptionCase:
    """
    An exception, as all that was decided on it makes it. Times are in microseconds.

    `version` is how many decisions there were, `history` all of them. `reason` is what it was
    opened with, `cause` what its findings have in common.
    """

    exception_id: str
    exception_class: ExceptionClass
    kind: str | None
    state: State
    reason: str
    by: str
    opened_at: int
    due: int
    owner: str | None = None
    cause: str | None = None
    partner: str | None = None
    things: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    root_cause: Explained | None = None
    actions: tuple[Action, ...] = ()
    resolution: str | None = None
    closing: str | None = None
    times_reopened: int = 0
    history: tuple[Past, ...] = ()

    @property
    def version(self) -> int:
        """How many decisions there were."""
        return len(self.history)

    def is_overdue(self, now: int) -> bool:
        """Whether somebody should have resolved it by a moment."""
        return self.state not in OVER and self.due < now

    @property
    def shown(self) -> Collection[tuple[str, str]]:
        """Of which events its findings are, each with the key of a thing."""
        return {
            (finding["event_id"], canonical_key(epc))
            for finding in self.findings
            for epc in finding["epcs"]
        }

    @property
    def steps(self) -> Sequence[Step]:
        """The steps that it can take from here."""
        return [step for state, step in TRANSITIONS if state is self.state]


Learned = tuple[int, Decision]
"""A decision, and when it was recorded (microseconds)."""


def folded(decisions: Iterable[Learned]) -> dict[str, ExceptionCase]:
    """Return the exceptions that there are after these decisions, in order, by name."""
    found: dict[str, ExceptionCase] = {}
    for at, decision in decisions:
        if isinstance(decision, ExceptionDecision):
            name = decision.exception_id
            found[name] = after(found.get(name), decision, at)
    return found


def after(case: ExceptionCase | None, decision: ExceptionDecision, at: int) -> ExceptionCase:
    """Return what a decision that was recorded at a moment makes of an exception."""
    if isinstance(decision, ExceptionOpened):
        case = _opened(decision, at)
    else:
        assert case is not None, f"{decision.exception_id} was never opened"
        case = _changed(case, decision)
    return replace(case, history=(*case.history, Past(decision, at, case.state)))


def _opened(opened: ExceptionOpened, at: int) -> ExceptionCase:
    case = ExceptionCase(
        exception_id=opened.exception_id,
        exception_class=ExceptionClass(opened.exception_class),
        kind=opened.kind,
        state=State.OPEN,
        reason=opened.reason,
        by=opened.by,
        opened_at=at,
        due=parse_moment(opened.due),
        owner=opened.owner,
        cause=opened.cause,
    )
    return _with_more(case, opened)


def _with_more(case: ExceptionCase, said: ExceptionOpened | ExceptionAmended) -> ExceptionCase:
    shown = [epc for finding in said.findings for epc in finding["epcs"]]
    showing = [finding["event_id"] for finding in said.findings]
    return replace(
        case,
        partner=case.partner if said.partner is None else said.partner,
        things=_all_of(case.things, said.things, shown),
        transactions=_all_of(case.transactions, said.transactions),
        events=_all_of(case.events, said.events, showing),
        findings=(*case.findings, *said.findings),
    )


def _all_of(*lists: Iterable[str]) -> tuple[str, ...]:
    """Return what is in any of these, each once, in the order in which it came."""
    return tuple(dict.fromkeys(text for some in lists for text in some))


def _changed(case: ExceptionCase, decision: ExceptionDecision) -> ExceptionCase:
    match decision:
        case ExceptionMoved():
            return _moved(case, decision)
        case ExceptionAmended():
            return _with_more(case, decision)
        case ExceptionAssigned(owner=owner):
            return replace(case, owner=owner)
        case ExceptionRescheduled(due=due):
            return replace(case, due=parse_moment(due))
        case ExceptionExplained():
            root_cause = RootCause(decision.root_cause)
            return replace(case, root_cause=Explained(root_cause, decision.reason, decision.by))
        case ExceptionActionPlanned():
            number = len(case.actions) + 1
            action = Action(number, ActionKind(decision.action), decision.reason, decision.by)
            return replace(case, actions=(*case.actions, action))
        case ExceptionActionDone(number=number):
            actions = [*case.actions]
            actions[number - 1] = replace(
                actions[number - 1], outcome=decision.reason, done_by=decision.by
            )
            return replace(case, actions=tuple(actions))
        case ExceptionCommented():
            return case
    raise AssertionError(decision)


def _moved(case: ExceptionCase, moved: ExceptionMoved) -> ExceptionCase:
    step = Step(moved.step)
    case = replace(case, state=TRANSITIONS[case.state, step])
    if step is Step.BEGIN:
        # Who begins with what is nobody's has it.
        return replace(case, owner=case.owner or moved.by)
    if step is Step.RESOLVE:
        return replace(case, resolution=moved.reason)
    if step is Step.CLOSE:
        return replace(case, closing=moved.reason)
    if step is Step.REOPEN:
        assert moved.due is not None
        again = case.times_reopened + 1
        due = parse_moment(moved.due)
        return replace(case, resolution=None, closing=None, due=due, times_reopened=again)
    return case


def about(exception_id: str) -> list[Selector]:
    """Return what selects the decisions on an exception."""
    return [Selector(LIFECYCLE, (exception_tag(exception_id),))]


def tags_of(decision: ExceptionDecision) -> list[str]:
    """Return what a decision is found by: its exception, and the things that it names."""
    tags = [exception_tag(decision.exception_id)]
    if isinstance(decision, ExceptionOpened | ExceptionAmended):
        shown = (epc for finding in decision.findings for epc in finding["epcs"])
        epcs = dict.fromkeys([*decision.things, *shown])
        tags += concerned_tags(dict.fromkeys(map(canonical_key, epcs)))
    return tags


Decide = Callable[[ExceptionCase | None], Sequence[ExceptionDecision]]
"""What is decided on an exception as it is; nothing, where there is none to be."""


class DecideOnException(Slice[Decision]):
    """Decides on an exception as it is at that moment, whatever is decided."""

    def __init__(self, exception_id: str, decide: Decide, *, now: int) -> None:
        """`decide` raises what keeps it from being decided."""
        self.exception_id = exception_id
        self.decide = decide
        self.now = now
        self.case: ExceptionCase | None = None
        self.decided: Sequence[ExceptionDecision] = ()

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.exception_id)

    # The library reads the decisions for a slice that is told of some. All of them come to `learn`
    # as well, so that what is decided on is what anybody reads.
    @event(ExceptionOpened)
    def _(self) -> None:
        assert self.case is None

    def learn(self, decision: ExceptionDecision) -> None:
        """Fold a decision. When it was recorded decides nothing."""
        self.case = after(self.case, decision, self.now)

    def execute(self) -> None:
        """Decide."""
        self.decided = self.decide(self.case)
        for decision in self.decided:
            self.trigger_event(type(decision), tags_of(decision), **decision.as_dict())


def opening(opened: ExceptionOpened) -> Decide:
    """Return what opens an exception, unless another has its name."""

    def decide(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        if case is not None:
            raise ExceptionTakenError(opened.exception_id)
        return [opened]

    return decide


def raising(opened: ExceptionOpened, *, now: int) -> Decide:
    """
    Return what makes an exception of findings of one cause, or adds to it what is new of them.

    What was shown before changes nothing. What was not comes back, where the exception was over:
    it is reopened, and due when one that is opened now would be.
    """

    def decide(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        if case is None:
            return [opened]
        new = _new(opened.findings, case.shown)
        if not new:
            return []
        amended = ExceptionAmended(
            exception_id=opened.exception_id,
            reason=opened.reason,
            by=opened.by,
            documents=opened.documents,
            things=[],
            transactions=opened.transactions,
            partner=None,
            events=[],
            findings=new,
        )
        if case.state not in OVER:
            return [amended]
        reopened = ExceptionMoved(
            exception_id=opened.exception_id,
            reason=opened.reason,
            by=opened.by,
            documents=opened.documents,
            step=Step.REOPEN.value,
            due=due_of(case.exception_class, now),
        )
        return [reopened, amended]

    return decide


def _new(
    findings: Iterable[Mapping[str, Any]], shown: Collection[tuple[str, str]]
) -> list[dict[str, Any]]:
    """Return what findings show that is not among what was shown before."""
    new = []
    for finding in findings:
        event_id = finding["event_id"]
        epcs = [epc for epc in finding["epcs"] if (event_id, canonical_key(epc)) not in shown]
        if epcs:
            new.append({**finding, "epcs": epcs})
    return new


def deciding(decision: ExceptionDecision, *, version: int | None, now: int) -> Decide:
    """
    Return what decides on an exception that is there, if it is of `version` yet, where one is said.

    Reopened, it is due when one that is opened now would be, unless another moment is said.
    """

    def decide(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        if case is None:
            raise no_exception(decision.exception_id)
        if version is not None and version != case.version:
            raise ExceptionChangedError(case.exception_id, expected=version, actual=case.version)
        _check(case, decision)
        if isinstance(decision, ExceptionMoved) and decision.step == Step.REOPEN:
            return [replace(decision, due=decision.due or due_of(case.exception_class, now))]
        return [decision]

    return decide


def _check(case: ExceptionCase, decision: ExceptionDecision) -> None:
    """Raise `ExceptionStateError` where that cannot be decided."""
    name = f"the exception {case.exception_id!r}"
    match decision:
        case ExceptionMoved(step=step):
            if (case.state, Step(step)) not in TRANSITIONS:
                raise ExceptionStateError(
                    f"{name} is {case.state}: what can be done is {', '.join(case.steps)}, "
                    f"not {step}"
                )
            undone = [str(action.number) for action in case.actions if action.outcome is None]
            if step == Step.CLOSE and undone:
                raise ExceptionStateError(
                    f"{name} cannot be closed before its actions are done: {', '.join(undone)}"
                )
        case ExceptionCommented():
            # There may be something to say at any time.
            return
        case _ if case.state is State.CLOSED:
            raise ExceptionStateError(f"{name} is closed: reopen it, or comment on it")
        case ExceptionActionDone(number=number):
            if not 1 <= number <= len(case.actions):
                raise ExceptionStateError(f"{name} has no action {number}")
            if case.actions[number - 1].outcome is not None:
                raise ExceptionStateError(f"the action {number} of {name} is done")
        case ExceptionOpened():
            raise ExceptionTakenError(case.exception_id)


def due_of(exception_class: ExceptionClass, now: int) -> str:
    """Return when what is opened now is due, as its class has it."""
    return utc_text(now + CLOCKS[exception_class])


def no_exception(exception_id: str) -> NotFoundError:
    """Return what is raised for a name that no exception has."""
    return NotFoundError(f"there is no exception named {exception_id!r}")
