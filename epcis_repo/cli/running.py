"""What an operation is run with: the store and the key that the settings name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.settings import Settings
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.durability import refuse_lapses
from epcis_repo.upkeep.versions import prepare

T = TypeVar("T")


def run(
    settings: Settings, work: Callable[[EventStore], Awaitable[T]], *, prepared: bool = True
) -> T:
    """Open the store, do the work and close it again."""

    async def working() -> T:
        async with opened(settings, prepared=prepared) as store:
            return await work(store)

    return asyncio.run(working())


@asynccontextmanager
async def opened(settings: Settings, *, prepared: bool = True) -> AsyncIterator[EventStore]:
    store = open_store(settings.db, part=settings.part)
    try:
        if not settings.unsafe_not_durable:
            await refuse_lapses(store)
        if prepared:
            await prepare(store)
        yield store
    finally:
        await store.close()


def log_key(settings: Settings) -> LogKey:
    """Return the key of the log, a new one if there is none."""
    return open_key(settings.key, settings.origin)


def log_key_if_there(settings: Settings) -> LogKey | None:
    """Return the key, None if there is none: nothing was signed then, and to look makes none."""
    return log_key(settings) if settings.key.exists() else None


def place(settings: Settings) -> str:
    """Return the address of the store without the password that it may hold."""
    scheme, _, rest = settings.db.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
