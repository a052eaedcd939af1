"""A process that delivers until somebody kills it: `python -m … URL PART OFFSET_SECONDS`."""

from __future__ import annotations

import asyncio
import sys
import time

from epcis_repo.store import open_store
from epcis_repo.subscriptions import Deliverer, Sender
from tests.subscriptions.telling import HERE, SIGNER


async def deliver(url: str, part: int, offset: int) -> None:
    """Deliver by a clock that is ahead, so that nobody waits for what the last one has left."""
    store = open_store(url, part=part)
    await Deliverer(
        store,
        post=Sender(HERE, timeout_seconds=1).post,
        signer=lambda: SIGNER,
        clock=lambda: time.time_ns() // 1000 + offset * 1_000_000,
    ).run()


if __name__ == "__main__":
    _, url, part, offset = sys.argv
    asyncio.run(deliver(url, int(part), int(offset)))
