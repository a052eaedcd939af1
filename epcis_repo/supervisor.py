"""
Keeps work going that has no end: a task that fails unseen would be missed weeks later.

What ends by an error is logged with it and begun again, after a pause that grows while that happens
again and again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)

PAUSE_SECONDS_MIN = 1.0
PAUSE_SECONDS_MAX = 300.0


async def keep_up(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """
    Do `work` until it is cancelled, or ends by itself.

    What has gone well for as long as the longest pause begins with the shortest again.
    """
    pause = PAUSE_SECONDS_MIN
    while True:
        began = clock()
        try:
            await work()
        except Exception:  # noqa: BLE001 - whatever it is, the work goes on
            if clock() - began >= PAUSE_SECONDS_MAX:
                pause = PAUSE_SECONDS_MIN
            _log.exception("%s ended by an error; it begins again in %g seconds", name, pause)
        else:
            return
        await sleep(pause)
        pause = min(2 * pause, PAUSE_SECONDS_MAX)
