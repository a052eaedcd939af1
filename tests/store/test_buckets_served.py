"""Who merges buckets: a server beside what it is asked, and a command."""

from __future__ import annotations

import asyncio
import time

import pytest

from epcis_repo.store import EventData, buckets, merging, open_store
from epcis_repo.upkeep.versions import prepare
from tests.cli.running import run
from tests.rest.serving import serving
from tests.store.facts import record


@pytest.fixture
def db(store_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with three buckets, which are enough for a merge."""
    monkeypatch.setattr(buckets, "RUN_TAGS", 4)
    monkeypatch.setattr(merging, "RUN_TAGS", 4)
    monkeypatch.setattr(merging, "BUCKETS_MERGED", 3)
    monkeypatch.setattr(merging, "_LOOK_SECONDS", 0.01)

    async def fill() -> None:
        store = open_store(store_url)
        await prepare(store)
        for name in ("a", "b", "c"):
            await record(
                store, [EventData("Noted", name, b"", tuple(f"{name}{n}" for n in range(9)))]
            )
        await store.close()

    asyncio.run(fill())
    return store_url


def count_of_buckets(db: str) -> int:
    """How many buckets are looked into."""

    async def count() -> int:
        store = open_store(db)
        async with store.reading() as session:
            rows = await session.fetch("SELECT 1 FROM tag_bucket WHERE part = $1", session.part)
        await store.close()
        return len(rows)

    return asyncio.run(count())


def test_a_server_merges_while_it_serves(db: str) -> None:
    """
    Nobody has to ask for it.
    """
    before = count_of_buckets(db)

    with serving(db) as client:
        while count_of_buckets(db) > 1:
            time.sleep(0.01)
            assert client.get("/health").status_code == 200

    assert before == 3


def test_a_command_merges_all(db: str) -> None:
    """
    It says how many are left; run again, it leaves them.
    """
    first = run("compact", db=db)
    again = run("compact", "--json", db=db)

    assert (first.code, first.out) == (0, "")
    assert "buckets left: 1," in first.err
    assert again.json == {"buckets": 1}
