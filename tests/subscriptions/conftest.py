"""What every test of subscriptions may ask for."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from epcis_repo.store import EventStore
from epcis_repo.upkeep.versions import prepare
from tests.conftest import FreshStores
from tests.own_parts import postgres_url as postgres_url
from tests.own_parts import store as store
from tests.subscriptions.receiver import Receiver, receiving
from tests.subscriptions.telling import Story


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A subscriber's server that takes what comes."""
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def story(store: EventStore, receiver: Receiver) -> Story:
    """A store with a query for everything, and that server."""
    story = Story(store, receiver)
    await story.query()
    return story


class StoresWithAllTables(FreshStores):
    """Empty stores of one kind that may have subscriptions."""

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[EventStore]:
        async with super().__call__() as store:
            await prepare(store)
            yield store


@pytest.fixture
def fresh_store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> FreshStores:
    """What opens one more empty store, of each kind."""
    return StoresWithAllTables(store_url, monkeypatch)
