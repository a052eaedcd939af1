"""The server as a process of its own, as an operator starts it; and a bare one beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.load import Address

START_SECONDS_MAX = 30.0
_COMMAND = (sys.executable, "-m", "epcis_repo.cli", "serve", "--port", "0")
_BARE = (sys.executable, "-m", "benchmarks.bare")


@contextmanager
def serving(url: str, folder: Path, *, workers: int = 1, judging: bool = True) -> Iterator[Address]:
    """
    The address of `epcis-repo serve` on the database at `url`; `folder` is for its log.

    Of a log that nobody has judged it would judge all meanwhile, unless it is told not to.
    """
    command = [*_COMMAND, "--db", url, "--workers", str(workers)]
    with _running(command, folder, EPCIS_REPO_JUDGING=str(int(judging))) as address:
        yield address


@contextmanager
def serving_bytes(body: bytes, media_type: str, folder: Path) -> Iterator[Address]:
    """The address of a bare server that answers everything with the same bytes."""
    file = folder / "answer"
    file.write_bytes(body)
    with _running([*_BARE, str(file), media_type], folder) as address:
        yield address


@contextmanager
def _running(command: Sequence[str], folder: Path, **settings: str) -> Iterator[Address]:
    log = folder / "server.log"
    environment = {**os.environ, **settings}
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environment
        )
    try:
        yield _address(process, log)
    finally:
        process.terminate()
        process.wait()


def _address(process: subprocess.Popen[bytes], log: Path) -> Address:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        # The socket listens before its address is said, so nobody asks too early.
        if match := re.search(r" at http://(\S+):(\d+)/\n", log.read_text(encoding="utf-8")):
            return match[1], int(match[2])
        time.sleep(0.02)
    raise RuntimeError(f"the server did not start: {log.read_text(encoding='utf-8')}")
