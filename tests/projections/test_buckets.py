"""However many buckets the tags lie in, whoever asks finds the same."""

from __future__ import annotations

import pytest

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.gs1 import parse_identifier
from epcis_repo.operations.contents import contents as contents_of
from epcis_repo.operations.contents import contents_value
from epcis_repo.operations.events import events
from epcis_repo.operations.history import history_value
from epcis_repo.store import EventStore, buckets, merging
from tests.conftest import FreshStores
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_PACK,
    PACK,
    PALLET,
    commissioned,
    packed,
    received,
    report,
    shipped,
    story_of,
    unpacked,
)


async def report_all(store: EventStore) -> None:
    """Have the short life of two packs be reported."""
    await report(store, commissioned(1, PACK, OTHER_PACK))
    await report(store, packed(2, CASE, PACK, OTHER_PACK), packed(3, PALLET, CASE))
    await report(store, shipped(4, PALLET))
    await report(store, received(5, PALLET), unpacked(6, CASE, PACK))


async def asked(store: EventStore) -> object:
    """What is answered then."""
    page = await events(store, [("MATCH_anyEPC", PACK)], now=NOW)
    of_product = "urn:epc:idpat:sgtin:030001.0012345.*"
    by_product = await events(store, [("MATCH_anyEPC", of_product)], now=NOW)
    return (
        [history_value(await story_of(store, thing)) for thing in (PACK, OTHER_PACK, PALLET)],
        contents_value(await contents_of(store, parse_identifier(PALLET))),
        page.document.events,
        by_product.document.events,
    )


async def told(store: EventStore) -> object:
    """What is answered after a short life of two packs, and nothing is altered."""
    await report_all(store)
    assert (await check_integrity(store, None)).altered == 0
    return await asked(store)


async def count_of_buckets(store: EventStore) -> int:
    """How many buckets are looked into."""
    async with store.reading() as session:
        rows = await session.fetch("SELECT 1 FROM tag_bucket WHERE part = $1", session.part)
    return len(rows)


async def test_of_tags_are_all_looked_into(
    fresh_store: FreshStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A bucket for each capture, or one for all: histories, contents and queries are the same.
    """
    async with fresh_store() as store:
        in_one = await told(store)
    monkeypatch.setattr(buckets, "BUCKET_TAGS", 1)
    async with fresh_store() as store:
        in_many = await told(store)
        assert await count_of_buckets(store) == 4

    assert in_many == in_one


async def test_are_looked_into_while_they_are_merged(
    fresh_store: FreshStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Each time some tags have moved, histories, contents and queries are what they were before,
    and the integrity check finds every tag where it belongs.
    """
    monkeypatch.setattr(buckets, "BUCKET_TAGS", 1)
    monkeypatch.setattr(merging, "BUCKETS_MERGED", 3)
    monkeypatch.setattr(merging, "SLICE_TAGS", 3)
    async with fresh_store() as store:
        await report_all(store)
        before, slices = await asked(store), 0

        while await store.write(merging.merge_slice, False):
            slices += 1
            assert await asked(store) == before
            assert (await check_integrity(store, None)).altered == 0

        assert slices > 5
        assert await count_of_buckets(store) == 2
