"""Processes that deliver, killed at any moment, and what a subscriber has seen of it."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from asyncio import StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from epcis_repo.store.postgres import PostgresReading
from epcis_repo.subscriptions import deliveries
from tests.subscriptions.receiver import TAKE, status
from tests.subscriptions.telling import Clock, Story

ROOT = Path(__file__).parent.parent.parent
KILLS = 6
A_DAY = 86_400
WAIT_SECONDS = 60


@asynccontextmanager
async def delivering(url: str, offset: int) -> AsyncIterator[None]:
    """Have a process of its own deliver, and kill it in the end."""
    part = str(PostgresReading.part if url.startswith("postgres") else 1)
    command = [sys.executable, "-m", "tests.subscriptions.delivering", url, part, str(offset)]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        yield
        assert process.returncode is None, "it ended by itself"
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_processes_that_are_killed_lose_nothing(story: Story, store_url: str) -> None:
    """
    Everything that was captured is taken in its order, and nothing twice by another name.
    """
    chance = random.Random(7)

    async def moody(writer: StreamWriter) -> None:
        request = story.receiver.came[-1]
        await asyncio.sleep(chance.random() / 20)
        if chance.random() < 0.2:
            await status(500)(writer)
        else:
            story.receiver.taken.append(request)
            await TAKE(writer)

    story.receiver.then = moody
    story.clock = Clock(time.time_ns() // 1000)
    await story.subscribe()
    names: list[str] = []
    numbers = count()

    async def capture_more() -> None:
        names.append(f"A{next(numbers)}")
        story.clock.now = time.time_ns() // 1000
        await story.capture(names[-1])

    for kill in range(KILLS):
        async with delivering(store_url, kill * A_DAY):
            before, began = len(story.receiver.came), time.monotonic()
            while len(story.receiver.came) < before + 1 + chance.randrange(4):
                assert time.monotonic() < began + WAIT_SECONDS
                await capture_more()
                await asyncio.sleep(chance.random() / 10)
    story.receiver.then = TAKE
    async with delivering(store_url, KILLS * A_DAY):
        async with asyncio.timeout(WAIT_SECONDS):
            while (
                len(story.receiver.names) < len(names) or (await deliveries(story.store)).deliveries
            ):
                await asyncio.sleep(0.05)

    assert story.receiver.names == names
    by_name = {request.delivery_id: request.body for request in story.receiver.came}
    assert all(by_name[request.delivery_id] == request.body for request in story.receiver.came)
