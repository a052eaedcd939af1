"""What is done in a process that is killed meanwhile; each deed by its name."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from epcis_repo.cli import main
from epcis_repo.evidence.keys import open_key
from epcis_repo.evidence.operations import checkpoint, prepare
from epcis_repo.operations.capture import capture
from epcis_repo.projections import rebuild
from epcis_repo.store import EventStore, open_store
from tests.faults.disk import FaultyDisk, Operation, checkpointing_often
from tests.faults.reports import Journal, report
from tests.rest.documents import JSON

DIED = 77


def command(*arguments: str) -> None:
    """Run a command, as a shell would."""
    sys.argv = ["epcis-repo", *arguments]
    main()


def serve(db: str) -> None:
    """Serve over HTTP, at any port that is free."""
    command("serve", "--port", "0", "--db", db)


def capture_some(
    db: str,
    folder: str,
    count: int,
    *,
    dies_at: int | None = None,
    torn: bool = False,
    stopped: bool = False,
    answers_early: bool = False,
) -> None:
    """
    Capture `count` reports, and sign a checkpoint now and then.

    Dies at a numbered operation on the files of the database, having done half of it if it is
    `torn`. With `stopped` it waits to be continued. `answers_early` is how it must not be.
    """
    journal = Journal(Path(folder) / "journal")

    async def work() -> None:
        store = open_store(db)
        await prepare(store)
        key = open_key(Path(folder) / "log.key", "log.example/faults")
        for number in range(count):
            one = report("script", number)
            if answers_early:
                journal.told(one, {"captureID": "early"})
            receipt = await capture(store, one.body, JSON, now=time.time_ns() // 1000)
            if not answers_early:
                journal.told(one, receipt.value())
            if number % 8 == 3:
                await checkpoint(store, key)
        await store.close()

    if stopped:
        os.kill(os.getpid(), signal.SIGSTOP)
    with ExitStack() as stack:
        stack.enter_context(checkpointing_often())
        if dies_at is not None:
            stack.enter_context(FaultyDisk(_dying(dies_at, torn=torn)))
        asyncio.run(work())


def rebuild_all(db: str, *, dies_at: int | None = None) -> None:
    """Make all read models anew."""

    async def work() -> None:
        store: EventStore = open_store(db)
        await rebuild(store)
        await store.close()

    with ExitStack() as stack:
        if dies_at is not None:
            stack.enter_context(FaultyDisk(_dying(dies_at)))
        asyncio.run(work())


def _dying(at: int, *, torn: bool = False) -> Callable[[Operation], None]:
    def fault(operation: Operation) -> None:
        if operation.number == at:
            if torn:
                operation.do_half()
            os._exit(DIED)

    return fault


DEEDS: dict[str, Callable[..., Any]] = {
    "command": command,
    "serve": serve,
    "capture": capture_some,
    "rebuild": rebuild_all,
}
