"""Parts of a log: each by itself, wherever it lies."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.operations import prepare
from epcis_repo.evidence.tree import tree_size
from epcis_repo.gs1 import parse_identifier
from epcis_repo.operations.history import history
from epcis_repo.projections import rebuild
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head, read
from tests.operations.reports import (
    CASE,
    OTHER_PACK,
    PACK,
    commissioned,
    packed,
    report,
    shipped,
    story_of,
)
from tests.postgres_server import running_server

TENANTS = (1, 2, 3, 4)


@pytest.fixture
async def parts() -> AsyncIterator[Mapping[int, EventStore]]:
    """The part of each tenant, the even ones on one server and the odd ones on another."""
    async with AsyncExitStack() as stack:
        urls = [stack.enter_context(running_server()).create_database() for _ in range(2)]
        stores = {tenant: open_store(urls[tenant % 2], part=tenant) for tenant in TENANTS}
        for store in stores.values():
            stack.push_async_callback(store.close)
            await prepare(store)
        yield stores


async def test_each_is_a_log_by_itself_on_any_server(parts: Mapping[int, EventStore]) -> None:
    """
    Positions, identities, read models and tree of a part know nothing of the others, on the
    same server or not.
    """
    for tenant, store in parts.items():
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK))
        for hour in range(tenant):
            await report(store, shipped(3 + hour, CASE))
    await report(parts[3], commissioned(1, OTHER_PACK))

    for tenant, store in parts.items():
        length = 3 + 2 * tenant + (2 if tenant == 3 else 0)
        async with store.reading() as session:
            assert session.part == tenant
            assert await head(session) == await tree_size(session) == length
            assert [event.position async for event in read(session)] == [*range(1, length + 1)]
        story = await story_of(store, PACK)
        assert len(story.entries) == 2 + tenant
        assert (await check_integrity(store, None)).altered == 0
        if tenant != 3:
            with pytest.raises(NotFoundError):
                await history(store, parse_identifier(OTHER_PACK))


async def test_one_is_rebuilt_without_touching_the_others(
    parts: Mapping[int, EventStore],
) -> None:
    """
    What is folded anew is what the part's own log says, and nobody else's is lost.
    """
    for store in parts.values():
        await report(store, commissioned(1, PACK))

    assert await rebuild(parts[1]) == 1

    for store in parts.values():
        assert len((await story_of(store, PACK)).entries) == 1


async def test_one_of_a_file_is_by_itself(sqlite_url: str) -> None:
    """
    Two tenants may share a file, too.
    """
    first, second = open_store(sqlite_url, part=1), open_store(sqlite_url, part=2)
    for store in (first, second):
        await prepare(store)
        await report(store, commissioned(1, PACK))
    await report(second, shipped(2, PACK))

    assert len((await story_of(first, PACK)).entries) == 1
    assert len((await story_of(second, PACK)).entries) == 2
    for store in (first, second):
        assert (await check_integrity(store, None)).altered == 0
        await store.close()
