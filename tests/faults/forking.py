"""
Processes that are there at once, because one that has imported everything forks them.

To import the program takes most of a second, to fork less than a hundredth of one. The parent
does nothing but fork, kill and wait, in one thread and without an event loop; nothing of a
deed was begun before the fork. It kills only those that it has not waited for yet, so a
number that has become another process's is never meant.
"""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
START_SECONDS_MAX = 60.0


class Fork:
    """The parent, seen from the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            text=True,
        )
        self._count = 0

    def start(self, deed: str, *arguments: Any, **options: Any) -> Child:
        """Fork a process that does a deed."""
        self._count += 1
        log = self._folder / f"{deed}-{self._count}.log"
        # Here before anybody looks into it.
        log.touch()
        return Child(self, self._ask("start", deed, str(log), arguments, options), log)

    def ask(self, command: str, pid: int) -> int:
        """Have a child killed or waited for; the status of a wait is returned."""
        return self._ask(command, pid)

    def _ask(self, *command: Any) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(command)}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the parent, and with it whoever is left."""
        self._process.communicate()


@dataclass(frozen=True)
class Child:
    """A process that was forked."""

    fork: Fork
    pid: int
    log: Path

    def kill(self) -> None:
        """Kill it with SIGKILL, and return when it is gone."""
        self.fork.ask("kill", self.pid)

    def wait(self) -> int:
        """Wait until it has ended, and return its exit code; less than 0 is a signal."""
        return os.waitstatus_to_exitcode(self.fork.ask("wait", self.pid))

    def wait_until_stopped(self) -> None:
        """Return when it has stopped itself, to be continued by whoever wants to."""
        self.fork.ask("stopped", self.pid)

    @property
    def words(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def address(self) -> tuple[str, int]:
        """Where it serves, once it says so."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if match := re.search(r"serving .* at http://(\S+):(\d+)/\n", self.words):
                return match[1], int(match[2])
            time.sleep(0.002)
        raise AssertionError(f"the server does not start:\n{self.words}")


@contextmanager
def forking(folder: Path) -> Iterator[Fork]:
    """What forks, for as long as the context lasts."""
    fork = Fork(folder)
    try:
        yield fork
    finally:
        fork.close()


def _fork(deed: str, log: str, arguments: list[Any], options: dict[str, Any]) -> int:
    from tests.faults.deeds import DEEDS

    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        # The pipes are the parent's: a child that held them would keep it from ending.
        for number, path, flags in (
            (0, os.devnull, os.O_RDONLY),
            (1, os.devnull, os.O_WRONLY),
            (2, log, os.O_WRONLY | os.O_APPEND),
        ):
            file = os.open(path, flags)
            os.dup2(file, number)
            os.close(file)
        DEEDS[deed](*arguments, **options)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - it is this process's last word
        sys.excepthook(*sys.exc_info())
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    import tests.faults.deeds  # noqa: F401 - what every child needs
    from epcis_repo.app import create_app  # noqa: F401 - the same

    gc.freeze()
    alive: set[int] = set()
    try:
        for line in sys.stdin:
            command, *rest = json.loads(line)
            if command == "start":
                answer = _fork(*rest)
                alive.add(answer)
            else:
                [answer] = rest
                assert answer in alive
                if command == "kill":
                    os.kill(answer, signal.SIGKILL)
                _, status = os.waitpid(answer, os.WUNTRACED if command == "stopped" else 0)
                if command != "stopped":
                    alive.discard(answer)
                answer = status
            sys.stdout.write(f"{answer}\n")
            sys.stdout.flush()
    finally:
        for pid in alive:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    _serve()
