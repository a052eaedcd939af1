"""What may become of a capture job, without a store."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from epcis_repo.capture_jobs.events import CaptureFailed, CaptureFinished, CaptureSubmitted
from epcis_repo.capture_jobs.rules import AdvanceJob, folded, unended_in
from epcis_repo.evidence.receipts import CAPTURE_SUBMITTED
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.problems import problem
from epcis_repo.operations.receipts import Receipt
from epcis_repo.recorders.decisions import Decision

SUBMITTED = CaptureSubmitted("a", "digest", "rollback", "2026-01-01T00:00:00.000Z", None)
OTHER = CaptureSubmitted("b", "digest", "proceed", "2026-01-01T00:00:01.000Z", "idempotency x")
FINISHED = CaptureFinished("a", "a", "2026-01-01T00:00:02.000Z")
REFUSED = problem(400, "ValidationException", "no", "no")
FAILED = CaptureFailed("a", [REFUSED], "2026-01-01T00:00:03.000Z")
RECEIPT = Receipt("a", "2026-01-01T00:00:02.000Z", "digest", "application/json", 3, 2)


def decided(step: CaptureSubmitted | CaptureFinished | CaptureFailed, *before: Decision) -> bool:
    """Whether a step is taken after those before it."""
    slice_ = AdvanceJob(step)
    for decision in before:
        decision.mutate(slice_)
    slice_.execute()
    new = slice_.collect_events()
    assert [tagged.decision for tagged in new] in ([], [step])
    return bool(new)


class TestAStep:
    @pytest.mark.parametrize(
        ("before", "step", "is_taken"),
        [
            pytest.param([], SUBMITTED, True, id="a job begins"),
            pytest.param([SUBMITTED], SUBMITTED, False, id="it runs already"),
            pytest.param([SUBMITTED], FINISHED, True, id="it ends"),
            pytest.param([SUBMITTED], FAILED, True, id="it fails"),
            pytest.param([SUBMITTED, FINISHED], FINISHED, False, id="it has ended"),
            pytest.param([SUBMITTED, FINISHED], FAILED, False, id="it has ended well"),
            pytest.param([SUBMITTED, FAILED], FINISHED, False, id="it has failed"),
            pytest.param([SUBMITTED, FAILED], SUBMITTED, True, id="it is tried again"),
            pytest.param([], FINISHED, False, id="nobody began it"),
        ],
    )
    def test_is_taken_once(
        self, before: Sequence[Decision], step: Decision, is_taken: bool
    ) -> None:
        """
        What runs can end, what does not run can begin, and nothing else.
        """
        assert isinstance(step, CaptureSubmitted | CaptureFinished | CaptureFailed)

        assert decided(step, *before) == is_taken


class TestSubmission:
    def test_has_the_name_by_which_others_know_it(self) -> None:
        """
        The integrity check looks for the document of what was submitted.
        """
        assert CaptureSubmitted.TOPIC == CAPTURE_SUBMITTED

    def test_is_found_by_its_key(self) -> None:
        """
        The tags of a submission are the job's, and that of its idempotency key.
        """
        slice_ = AdvanceJob(OTHER)
        slice_.execute()

        [tagged] = slice_.collect_events()
        assert tagged.tags == ["capture b", "idempotency x"]


class TestUnended:
    @pytest.mark.parametrize(
        ("lives", "unended"),
        [
            pytest.param([SUBMITTED, OTHER], ["a", "b"], id="in order"),
            pytest.param([SUBMITTED, OTHER, FINISHED], ["b"], id="one has ended"),
            pytest.param([SUBMITTED, OTHER, FAILED], ["b"], id="one has failed"),
            pytest.param([SUBMITTED, FAILED, OTHER, SUBMITTED], ["b", "a"], id="tried again"),
        ],
    )
    def test_are_those_that_nobody_ended(
        self, lives: Sequence[Decision], unended: list[str]
    ) -> None:
        """
        What has to be run is what was submitted and has not ended since, in that order.
        """
        assert unended_in(lives) == unended


class TestAJob:
    def test_runs_until_it_is_told_that_it_has_ended(self) -> None:
        """
        That its events are recorded is not the end of a job: it ends with its own decision.
        """
        lives: tuple[Decision | Receipt, ...] = (SUBMITTED, RECEIPT)
        for length in (1, 2):
            value = folded(lives[:length])["a"].value()

            assert (value["running"], value["success"], value["errors"]) == (True, True, ())
            assert "finishedAt" not in value
            assert "recorded" not in value

    def test_that_finished_says_what_was_recorded(self) -> None:
        """
        Its times are its own, all else is that of the receipt.
        """
        value = folded([SUBMITTED, RECEIPT, FINISHED])["a"].value()

        assert (value["createdAt"], value["finishedAt"]) == (SUBMITTED.created, FINISHED.finished)
        assert (value["running"], value["success"]) == (False, True)
        assert (value["events"], value["recorded"], value["repeated"]) == (3, 2, False)

    def test_that_failed_says_why(self) -> None:
        """
        Its errors are as they were recorded.
        """
        value = folded([SUBMITTED, FAILED])["a"].value()

        assert (value["running"], value["success"]) == (False, False)
        assert value["errors"] == (REFUSED,)

    def test_that_is_tried_again_runs(self) -> None:
        """
        What it failed for is forgotten.
        """
        job = folded([SUBMITTED, FAILED, SUBMITTED])["a"]

        assert (job.running, job.errors) == (True, ())

    def test_of_what_another_recorded_has_the_receipt_of_that(self) -> None:
        """
        It says that all was recorded before, and under which name is its own affair.
        """
        finished = CaptureFinished("b", "a", "2026-01-01T00:00:09.000Z")

        value = folded([OTHER, finished, RECEIPT])["b"].value()

        assert (value["captureID"], value["repeated"]) == ("b", True)
        assert value["captureErrorBehaviour"] == "proceed"
        assert value["events"] == 3

    def test_that_failed_may_be_captured_by_somebody_else(self) -> None:
        """
        The receipt that came last is what counts.
        """
        job = folded([SUBMITTED, FAILED, RECEIPT])["a"]

        assert (job.running, job.errors, job.receipt) == (False, (), RECEIPT)

    def test_of_a_receipt_is_the_receipt(self) -> None:
        """
        A document that was recorded before it was answered has a job that never ran.
        """
        job = folded([RECEIPT])["a"]

        assert job.value() == RECEIPT.value()
        assert job.capture_error_behaviour is CaptureErrorBehaviour.ROLLBACK
