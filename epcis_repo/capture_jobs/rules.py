"""What may become of a capture job, and what has. Pure: decisions in, decisions and jobs out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from epcis_repo.capture_jobs.events import CaptureFailed, CaptureFinished, CaptureSubmitted
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.problems import Problem
from epcis_repo.operations.receipts import Receipt, capture_tag
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event

LIFECYCLE = (CaptureSubmitted, CaptureFinished, CaptureFailed)


@dataclass(frozen=True, slots=True)
class Job:
    """
    A capture job.

    It runs until it has `finished`; then it has the `receipt` of what was captured, or `errors`,
    and nothing was. `replayed` is as in a receipt.
    """

    capture_id: str
    document: str
    capture_error_behaviour: CaptureErrorBehaviour
    created: str
    finished: str | None = None
    receipt: Receipt | None = None
    errors: tuple[Problem, ...] = ()
    idempotency_tag: str | None = None
    replayed: bool = False

    @property
    def running(self) -> bool:
        return self.finished is None

    def value(self) -> dict[str, Any]:
        """Return it as EPCIS 2.0, §12.6 has it, and what we add to it."""
        own = {
            "captureID": self.capture_id,
            "createdAt": self.created,
            "finishedAt": self.finished,
            "running": self.running,
            "captureErrorBehaviour": self.capture_error_behaviour,
        }
        if self.receipt is not None:
            return self.receipt.value() | own
        if self.finished is None:
            del own["finishedAt"]
        said = {"success": not self.errors, "errors": self.errors, "document": self.document}
        return own | said


def job_of(receipt: Receipt) -> Job:
    """Return the job of a document that was recorded before it was answered."""
    return Job(
        capture_id=receipt.capture_id,
        document=receipt.document,
        capture_error_behaviour=receipt.capture_error_behaviour,
        created=receipt.created,
        finished=receipt.created,
        receipt=receipt,
        idempotency_tag=receipt.idempotency_tag,
        replayed=receipt.replayed,
    )


def unended_in(decisions: Iterable[Decision]) -> list[str]:
    """Return the captureIDs of the jobs that have not ended, in the order of submission."""
    found: dict[str, None] = {}
    for decision in decisions:
        match decision:
            case CaptureSubmitted(capture_id=capture_id):
                found[capture_id] = None
            case CaptureFinished(capture_id=capture_id) | CaptureFailed(capture_id=capture_id):
                found.pop(capture_id, None)
    return list(found)


def folded(lives: Iterable[Decision | Receipt]) -> dict[str, Job]:
    """Return the jobs, by captureID, of which all that happened is among `lives`, in order."""
    jobs: dict[str, Job] = {}
    every = list(lives)
    receipts = {life.capture_id: life for life in every if isinstance(life, Receipt)}
    for life in every:
        match life:
            case Receipt(capture_id=capture_id):
                # While the job runs, it has yet to be told that its document was captured.
                if capture_id not in jobs or not jobs[capture_id].running:
                    jobs[capture_id] = job_of(life)
            case CaptureSubmitted(capture_id=capture_id):
                jobs[capture_id] = Job(
                    capture_id=capture_id,
                    document=life.document,
                    capture_error_behaviour=CaptureErrorBehaviour(life.capture_error_behaviour),
                    created=life.created,
                    idempotency_tag=life.idempotency_tag,
                )
            case CaptureFinished(capture_id=capture_id, finished=finished):
                receipt = receipts[life.receipt]
                if receipt.capture_id != capture_id:
                    receipt = replace(receipt, repeated=True)
                jobs[capture_id] = replace(jobs[capture_id], finished=finished, receipt=receipt)
            case CaptureFailed(capture_id=capture_id, finished=finished, errors=errors):
                jobs[capture_id] = replace(
                    jobs[capture_id], finished=finished, errors=tuple(errors)
                )
    return jobs


def about(capture_id: str) -> list[Selector]:
    """Return what selects the decisions on a job."""
    return [Selector(LIFECYCLE, (capture_tag(capture_id),))]


class AdvanceJob(Slice[Decision]):
    """
    Takes a step in the life of a job, unless somebody has taken it before.

    What runs can end, once, though two processes may have run it; what does not run can be
    submitted: a job that failed may be tried again.
    """

    def __init__(self, step: CaptureSubmitted | CaptureFinished | CaptureFailed) -> None:
        self.step = step
        self.is_running = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.step.capture_id)

    @event(CaptureSubmitted)
    def _(self) -> None:
        self.is_running = True

    @event(CaptureFinished)
    def _(self) -> None:
        self.is_running = False

    @event(CaptureFailed)
    def _(self) -> None:
        self.is_running = False

    def execute(self) -> None:
        """Decide."""
        begins = isinstance(self.step, CaptureSubmitted)
        if begins == self.is_running:
            return
        tags = [capture_tag(self.step.capture_id)]
        if isinstance(self.step, CaptureSubmitted) and self.step.idempotency_tag is not None:
            tags.append(self.step.idempotency_tag)
        self.trigger_event(type(self.step), tags, **self.step.as_dict())
