"""F3: the disk gives errors: each capture is refused cleanly, or recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from epcis_repo.errors import StoreUnavailableError
from epcis_repo.evidence.operations import prepare
from epcis_repo.operations.capture import capture
from epcis_repo.store import open_store
from tests.faults.disk import FaultyDisk, Operation, checkpointing_often, closed
from tests.faults.reports import report
from tests.faults.trial import FULL, Trial
from tests.faults.verdict import SOUND, verdict_of
from tests.rest.documents import JSON

REPORTS = [report("script", number) for number in range(12 if FULL else 6)]
Answers = list[tuple[str, str]]
ERRORS: dict[str, type[apsw.Error]] = {"EIO": apsw.IOError, "ENOSPC": apsw.FullError}


def failing(error: type[apsw.Error], first: int, last: int) -> Callable[[Operation], None]:
    """A disk on which the operations from the first to the last fail."""

    def fault(operation: Operation) -> None:
        if first <= operation.number <= last:
            # A full disk has taken as much as had room.
            if error is apsw.FullError:
                operation.do_half()
            raise error("the disk failed, as it was told to")

    return fault


async def send_all(db: str) -> tuple[Answers, int]:
    """Capture the reports one by one; what was acknowledged, and how many were refused."""
    answers: Answers = []
    refused = 0
    store = open_store(db)
    try:
        await prepare(store)
        for one in REPORTS:
            try:
                receipt = await capture(store, one.body, JSON, now=time.time_ns() // 1000)
            except StoreUnavailableError:
                refused += 1
            else:
                answers.append((one.digest, receipt.capture_id))
    finally:
        await closed(store, Path(db.removeprefix("sqlite:///")))
    return answers, refused


class TestError:
    @pytest.mark.parametrize("lasts", [1, 12], ids=["once", "for a while"])
    @pytest.mark.parametrize("error", ERRORS)
    async def test_of_any_operation_refuses_or_records(
        self, trial: Trial, tmp_path: Path, error: str, lasts: int
    ) -> None:
        """
        Whatever operation fails, once or for a while: a capture is acknowledged and there, or
        refused with the reason, and afterwards everything can be sent again and is there once.
        """
        failures = refusals = 0
        for number, chances in trial.rounds(short=7, full=100_000):
            at = 1 + number if FULL else 1 + number * 55 + chances.randrange(55)
            db = f"sqlite:///{tmp_path / f'{at}.db'}"
            answers: Answers = []
            refused = 0
            with checkpointing_often(), FaultyDisk(failing(ERRORS[error], at, at + lasts)) as disk:
                try:
                    answers, refused = await send_all(db)
                except StoreUnavailableError:
                    refusals += 1  # it did not even start
            again, refused_again = await send_all(db)
            store = open_store(db)
            verdict = await verdict_of(store, REPORTS, [*answers, *again])
            await store.close()
            assert (verdict, refused_again) == (SOUND, 0), at
            for path in tmp_path.glob(f"{at}.db*"):
                path.unlink()
            if disk.count < at:
                break
            failures += 1
            refusals += refused

        assert refusals
        how = "one operation" if lasts == 1 else f"{lasts} operations"
        trial.tell(
            "F3",
            f"{error} at {how}",
            f"{failures} failures, each at an operation of {len(REPORTS)} captures",
            f"0 lost, 0 partial, 0 twice; {refusals} refusals",
        )
