"""F2: a capturing process dies at each of its operations on the disk, one after the other."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.deeds import DIED
from tests.faults.forking import Child, Fork
from tests.faults.reports import Journal, report
from tests.faults.trial import FULL, Trial
from tests.faults.verdict import SOUND, Verdict, compared

CAPTURES = 20 if FULL else 6
REPORTS = [report("script", number) for number in range(CAPTURES)]
# What changes a file, and what makes a change last; some have several names (? is for those
# that a machine may not have). Each thread counts its own.
SYSTEM_CALLS = {
    "pwrite": "pwrite64",
    "write": "write",
    "fdatasync": "fdatasync",
    "fsync": "fsync",
    "ftruncate": "ftruncate",
    "unlink": "?unlink,?unlinkat",
    "rename": "?rename,?renameat,?renameat2",
}
TRACER_SECONDS_MAX = 30.0


def died_at(
    fork: Fork, folder: Path, at: int, *, torn: bool = False, answers_early: bool = False
) -> tuple[int, Verdict]:
    """Have the script die at an operation; its exit code, and what is wrong with the store."""
    folder.mkdir()
    db = f"sqlite:///{folder / 'epcis.db'}"
    options = {"dies_at": at, "torn": torn, "answers_early": answers_early}
    code = fork.start("capture", db, str(folder), CAPTURES, **options).wait()
    verdict = compared(db, REPORTS, Journal(folder / "journal").answers())
    shutil.rmtree(folder)
    return code, verdict


class TestProcess:
    @pytest.mark.parametrize("torn", [False, True], ids=["before", "halfway"])
    def test_that_dies_at_any_operation_keeps_what_it_acknowledged(
        self, trial: Trial, fork: Fork, tmp_path: Path, torn: bool
    ) -> None:
        """
        Before any write, sync, truncation and removal, or with half of a write done: nothing
        acknowledged is lost, nothing is there in part, and the store opens as if it had not been.
        """
        deaths = 0
        # All of them; in short some, none of them further apart than the next from its neighbour.
        for number, chances in trial.rounds(short=12, full=100_000):
            at = 1 + number if FULL else 1 + number * 40 + chances.randrange(40)
            code, verdict = died_at(fork, tmp_path / str(at), at, torn=torn)
            assert verdict == SOUND, at
            if code == 0:
                break
            assert code == DIED
            deaths += 1

        assert deaths
        how = "halfway through it" if torn else "before it"
        trial.tell(
            "F2",
            f"death at an operation on the files, {how}",
            f"{deaths} deaths, each at an operation of {CAPTURES} captures",
            "0 lost, 0 partial, 0 twice",
        )

    def test_that_answers_early_is_seen(self, trial: Trial, fork: Fork, tmp_path: Path) -> None:
        """
        The control: were a capture acknowledged before it is committed, these deaths would show.
        """
        lost = 0
        rounds = list(trial.rounds(short=6, full=60))
        for number, chances in rounds:
            at = 60 + chances.randrange(200)
            folder = tmp_path / str(number)
            lost += bool(died_at(fork, folder, at, answers_early=True)[1].lost)

        assert lost
        trial.tell(
            "F2", "control: an answer before the commit", f"{len(rounds)} deaths", f"{lost} lose"
        )


@pytest.fixture(scope="module")
def strace() -> str:
    """The program that injects what the kernel does, where it may."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed, so no system call can be made to kill")
    tried = subprocess.run(
        [found, "-e", "trace=none", "true"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"strace may not trace here: {tried.stderr.strip()}")
    return found


class TestSystemCall:
    @pytest.mark.parametrize("call", SYSTEM_CALLS)
    def test_that_kills_loses_nothing(
        self, trial: Trial, fork: Fork, strace: str, tmp_path: Path, call: str
    ) -> None:
        """
        Killed as it enters a system call, the first, the second and so on of each kind, in
        whichever thread: what was acknowledged is there, and nothing is in part.
        """
        deaths = 0
        for number, chances in trial.rounds(short=2, full=100_000):
            at = 1 + number if FULL else 1 + number * chances.randrange(1, 8)
            folder = tmp_path / str(at)
            folder.mkdir()
            db = f"sqlite:///{folder / 'epcis.db'}"
            child = fork.start("capture", db, str(folder), CAPTURES, stopped=True)
            child.wait_until_stopped()
            with traced(strace, child, SYSTEM_CALLS[call], at):
                code = child.wait()
            verdict = compared(db, REPORTS, Journal(folder / "journal").answers())
            shutil.rmtree(folder)
            assert verdict == SOUND, at
            if code == 0:
                break
            assert code == -signal.SIGKILL, child.words
            deaths += 1

        assert deaths
        trial.tell(
            "F2",
            f"SIGKILL at a system call, {call}",
            f"{deaths} deaths, {CAPTURES} captures",
            "0 lost, 0 partial, 0 twice",
        )


@contextmanager
def traced(strace: str, child: Child, call: str, at: int) -> Iterator[None]:
    """Attach the tracer to a stopped process, to kill it at a system call, and let it go on."""
    # Only what is traced is killed.
    expressions = ("-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={at}")
    tracer = subprocess.Popen(
        [strace, "-f", "-p", str(child.pid), "-o", os.devnull, *expressions],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert tracer.stderr is not None
    try:
        said = tracer.stderr.readline()
        assert "attached" in said, said
        os.kill(child.pid, signal.SIGCONT)
        yield
    finally:
        tracer.communicate(timeout=TRACER_SECONDS_MAX)
