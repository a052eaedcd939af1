"""How long something takes."""

from __future__ import annotations

import time
from collections.abc import Awaitable


async def seconds(work: Awaitable[object]) -> float:
    """Return how long it takes to wait for `work`."""
    started = time.perf_counter()
    await work
    return time.perf_counter() - started
