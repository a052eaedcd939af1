"""What may become of an exception, and what has. Pure: decisions in, decisions and cases out."""

from __future__ import annotations

import uuid
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
    concerned_tags,
    exception_tag,
)
from epcis_repo.exceptions.kinds import CLOCKS, ExceptionClass
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.times import parse_moment, utc_text
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event

# What a partner reports besides in a thread has one name for each class.
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:epcis-repo:exceptions-in-threads")


class State(StrEnum):
    """Where an exception is on its way."""

    OPEN = auto()
    IN_WORK = auto()
    WAITING_FOR_PARTNER = auto()
    RESOLVED = auto()
    APPROVED = auto()
    CLOSED = auto()


class Step(StrEnum):
    """What takes it on."""

    BEGIN = auto()
    ASK_PARTNER = auto()
    HEAR_PARTNER = auto()
    RESOLVE = auto()
    APPROVE = auto()
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
    (State.RESOLVED, Step.APPROVE): State.APPROVED,
    (State.RESOLVED, Step.REOPEN): State.OPEN,
    (State.APPROVED, Step.CLOSE): State.CLOSED,
    (State.APPROVED, Step.REOPEN): State.OPEN,
    (State.CLOSED, Step.REOPEN): State.OPEN,
}

# Its clock stands still in these.
OVER = frozenset({State.RESOLVED, State.APPROVED, State.CLOSED})
# What it is about is not added to in these: it would be another than the one that was approved.
SEALED = frozenset({State.APPROVED, State.CLOSED})


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


# What mends the cause has to be shown to have mended it; what mends the case is seen to.
TO_BE_CHECKED = frozenset({ActionKind.CORRECTIVE, ActionKind.PREVENTIVE})


class Explained(NamedTuple):
    """Its root cause, and in which words."""

    root_cause: RootCause
    reason: str
    by: str


class Signed(NamedTuple):
    """Who has taken a step, in which words, and when we learned it (microseconds)."""

    by: str
    reason: str
    at: int


class Checked(NamedTuple):
    """Whether an action has helped, what shows it, and who says so."""

    effective: bool
    evidence: str
    by: str


@dataclass(frozen=True, slots=True)
class Action:
    """
    What is to be done, or was: `outcome` is what came of it, None until it is done.

    One that has not helped is to be done again: its last check stays until that is.
    """

    number: int
    kind: ActionKind
    what: str
    by: str
    owner: str | None = None
    due: int | None = None
    outcome: str | None = None
    done_by: str | None = None
    checked: Checked | None = None

    @property
    def is_done(self) -> bool:
        """Whether there is an outcome."""
        return self.outcome is not None

    @property
    def is_proven(self) -> bool:
        """Whether nothing is left to be shown of it."""
        helped = self.checked is not None and self.checked.effective
        return self.is_done and (helped or self.kind not in TO_BE_CHECKED)


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
    opened with, `cause` what its findings have in common; those that are found no more are
    `cleared`. `thread` is the name of that of the messages about it, which is mostly its own.
    """

    exception_id: str
    exception_class: ExceptionClass
    kind: str | None
    state: State
    reason: str
    by: str
    opened_at: int
    due: int
    thread: str
    owner: str | None = None
    cause: str | None = None
    partner: str | None = None
    things: tuple[str, ...] = ()
    transactions: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    cleared: tuple[Mapping[str, Any], ...] = ()
    holds: tuple[str, ...] = ()
    root_cause: Explained | None = None
    actions: tuple[Action, ...] = ()
    resolution: Signed | None = None
    approval: Signed | None = None
    closing: Signed | None = None
    times_reopened: int = 0
    history: tuple[Past, ...] = ()

    @property
    def version(self) -> int:
        """How many decisions there were."""
        return len(self.history)

    @property
    def as_opened(self) -> ExceptionCase:
        """What it was when it was opened."""
        first = self.history[0]
        return after(None, first.decision, first.at)

    def is_overdue(self, now: int) -> bool:
        """Whether somebody should have resolved it by a moment."""
        return self.state not in OVER and self.due < now

    @property
    def shown(self) -> frozenset[Shown]:
        """Of which events its findings are, each with the key of a thing."""
        return shown_by(self.findings)

    @property
    def steps(self) -> Sequence[Step]:
        """The steps that it can take from here."""
        return [step for state, step in TRANSITIONS if state is self.state]


Shown = tuple[str, str]
"""An event that shows something, by its name, and the key of the thing of which it does."""


def shown_by(findings: Iterable[Mapping[str, Any]]) -> frozenset[Shown]:
    """Return what findings show."""
    return frozenset(
        (finding["event_id"], canonical_key(epc)) for finding in findings for epc in finding["epcs"]
    )


def parted(
    findings: Iterable[Mapping[str, Any]], shown: Collection[Shown]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return findings with those of their things that are among `shown`, and with all others."""
    among: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []
    for finding in findings:
        sides: tuple[list[str], list[str]] = ([], [])
        for epc in finding["epcs"]:
            sides[(finding["event_id"], canonical_key(epc)) not in shown].append(epc)
        for found, epcs in zip((among, beside), sides, strict=True):
            if epcs:
                found.append({**finding, "epcs": epcs})
    return among, beside


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
        case = _changed(case, decision, at)
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
        thread=opened.thread or opened.exception_id,
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
        # What has come back is found again.
        cleared=tuple(parted(case.cleared, shown_by(said.findings))[1]),
    )


def _all_of(*lists: Iterable[str]) -> tuple[str, ...]:
    """Return what is in any of these, each once, in the order in which it came."""
    return tuple(dict.fromkeys(text for some in lists for text in some))


def _changed(case: ExceptionCase, decision: ExceptionDecision, at: int) -> ExceptionCase:
    match decision:
        case ExceptionMoved():
            return _moved(case, decision, at)
        case ExceptionAmended():
            return _with_more(case, decision)
        case ExceptionCleared():
            _, standing = parted(case.findings, shown_by(decision.findings))
            cleared = (*case.cleared, *decision.findings)
            return replace(case, findings=tuple(standing), cleared=cleared)
        case ExceptionContained(hold_id=hold_id):
            return replace(case, holds=_all_of(case.holds, (hold_id,)))
        case ExceptionAssigned(owner=owner):
            return replace(case, owner=owner)
        case ExceptionRescheduled(due=due):
            return replace(case, due=parse_moment(due))
        case ExceptionExplained():
            root_cause = RootCause(decision.root_cause)
            return replace(case, root_cause=Explained(root_cause, decision.reason, decision.by))
        case ExceptionActionPlanned():
            action = Action(
                number=len(case.actions) + 1,
                kind=ActionKind(decision.action),
                what=decision.reason,
                by=decision.by,
                owner=decision.owner,
                due=None if decision.due is None else parse_moment(decision.due),
            )
            return replace(case, actions=(*case.actions, action))
        case ExceptionActionDone(number=number):
            done = {"outcome": decision.reason, "done_by": decision.by, "checked": None}
            return _acted(case, number, **done)
        case ExceptionActionChecked(number=number, effective=effective):
            checked = Checked(effective, decision.reason, decision.by)
            again = {} if effective else {"outcome": None, "done_by": None}
            return _acted(case, number, checked=checked, **again)
        case ExceptionCommented():
            return case
    raise AssertionError(decision)


def _acted(case: ExceptionCase, number: int, **changes: Any) -> ExceptionCase:
    actions = [*case.actions]
    actions[number - 1] = replace(actions[number - 1], **changes)
    return replace(case, actions=tuple(actions))


def _moved(case: ExceptionCase, moved: ExceptionMoved, at: int) -> ExceptionCase:
    step = Step(moved.step)
    case = replace(case, state=TRANSITIONS[case.state, step])
    if step is Step.BEGIN:
        # Who begins with what is nobody's has it.
        return replace(case, owner=case.owner or moved.by)
    signed = Signed(moved.by, moved.reason, at)
    if step is Step.RESOLVE:
        return replace(case, resolution=signed)
    if step is Step.APPROVE:
        return replace(case, approval=signed)
    if step is Step.CLOSE:
        return replace(case, closing=signed)
    if step is Step.REOPEN:
        assert moved.due is not None
        case = replace(case, resolution=None, approval=None, closing=None)
        again = case.times_reopened + 1
        return replace(case, due=parse_moment(moved.due), times_reopened=again)
    return case


def name_in(thread: str, exception_class: ExceptionClass) -> str:
    """Return the name of the exception of a class that a thread has beside that of its own name."""
    return str(uuid.uuid5(_NAMES, f"{thread} {exception_class}"))


def names_in(thread: str) -> list[str]:
    """Return the names that the exceptions of a thread may have."""
    return [thread, *(name_in(thread, exception_class) for exception_class in ExceptionClass)]


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
        _, new = parted(opened.findings, case.shown)
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


def clearing(exception_id: str, gone: Collection[Shown], *, reason: str, by: str) -> Decide:
    """
    Return what says that an exception's findings are `gone`, as far as they stand.

    It is resolved with the last of them, unless it is over: nothing of what opened it is so.
    """

    def decide(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        if case is None:
            raise no_exception(exception_id)
        cleared, standing = parted(case.findings, gone)
        if not cleared:
            return []
        said: dict[str, Any] = {
            "exception_id": exception_id,
            "reason": reason,
            "by": by,
            "documents": [],
        }
        decisions: list[ExceptionDecision] = [ExceptionCleared(**said, findings=cleared)]
        if not standing and case.state not in OVER:
            decisions.append(ExceptionMoved(**said, step=Step.RESOLVE.value, due=None))
        return decisions

    return decide


def reviewing(
    exception_id: str,
    *,
    gone: Collection[Shown],
    back: Collection[Shown],
    reason: str,
    by: str,
    now: int,
) -> Decide:
    """
    Return what says that of an exception's findings some are `gone`, likewise, and others `back`.

    What was cleared before, and is so again, is raised as anything new to it is: with what was said
    of it then.
    """

    def decide(case: ExceptionCase | None) -> Sequence[ExceptionDecision]:
        if case is None:
            raise no_exception(exception_id)
        decided: list[ExceptionDecision] = []
        again, _ = parted(case.cleared, back)
        if again:
            opened = ExceptionOpened(
                exception_id=exception_id,
                reason=again[0]["sentence"],
                by=by,
                documents=[],
                exception_class=case.exception_class.value,
                kind=case.kind,
                cause=case.cause,
                things=[],
                transactions=[],
                partner=None,
                events=[],
                findings=again,
                owner=None,
                due=due_of(case.exception_class, now),
            )
            decided += raising(opened, now=now)(case)
        for decision in decided:
            case = after(case, decision, now)
        return [*decided, *clearing(exception_id, gone, reason=reason, by=by)(case)]

    return decide


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
            _check_signing(case, Step(step), decision.by, name)
        case ExceptionCommented():
            # There may be something to say at any time.
            return
        case _ if case.state is State.CLOSED:
            raise ExceptionStateError(f"{name} is closed: reopen it, or comment on it")
        case ExceptionActionDone(number=number):
            if _action(case, number, name).is_done:
                raise ExceptionStateError(f"the action {number} of {name} is done")
        case ExceptionActionChecked(number=number):
            if not _action(case, number, name).is_done:
                raise ExceptionStateError(f"the action {number} of {name} is not done yet")
        case _ if case.state in SEALED:
            raise ExceptionStateError(f"{name} is approved: reopen it, close it, or comment on it")
        case ExceptionOpened():
            raise ExceptionTakenError(case.exception_id)


def _check_signing(case: ExceptionCase, step: Step, by: str, name: str) -> None:
    """Raise `ExceptionStateError` where a step waits for somebody, or for something, else."""
    if step is Step.APPROVE:
        assert case.resolution is not None
        if _person(by) == _person(case.resolution.by):
            raise ExceptionStateError(
                f"{name} was resolved by {case.resolution.by!r}: somebody else has to approve it"
            )
    if step is Step.CLOSE:
        undone = [action for action in case.actions if not action.is_done]
        unproven = [action for action in case.actions if not action.is_proven]
        for left, what in ((undone, "are done"), (unproven, "are shown to have helped")):
            if left:
                numbers = ", ".join(str(action.number) for action in left)
                raise ExceptionStateError(
                    f"{name} cannot be closed before its actions {what}: {numbers}"
                )


def _person(by: str) -> str:
    """Return what is the same of a name, however it is written."""
    return " ".join(by.split()).casefold()


def _action(case: ExceptionCase, number: int, name: str) -> Action:
    if not 1 <= number <= len(case.actions):
        raise ExceptionStateError(f"{name} has no action {number}")
    return case.actions[number - 1]


def due_of(exception_class: ExceptionClass, now: int) -> str:
    """Return when what is opened now is due, as its class has it."""
    return utc_text(now + CLOCKS[exception_class])


def no_exception(exception_id: str) -> NotFoundError:
    """Return what is raised for a name that no exception has."""
    return NotFoundError(f"there is no exception named {exception_id!r}")
