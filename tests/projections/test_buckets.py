"""However many buckets the tags lie in, whoever asks finds the same."""

from __future__ import annotations

import pytest

from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.gs1 import parse_identifier
from epcis_repo.operations.contents import contents as contents_of
from epcis_repo.operations.contents import contents_value
from epcis_repo.operations.events import events
from epcis_repo.operations.history import history_value
from epcis_repo.store import EventStore, log
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


async def told(store: EventStore) -> object:
    """What is answered after a short life of two packs."""
    await report(store, commissioned(1, PACK, OTHER_PACK))
    await report(store, packed(2, CASE, PACK, OTHER_PACK), packed(3, PALLET, CASE))
    await report(store, shipped(4, PALLET))
    await report(store, received(5, PALLET), unpacked(6, CASE, PACK))
    page = await events(store, [("MATCH_anyEPC", PACK)], now=NOW)
    of_product = "urn:epc:idpat:sgtin:030001.0012345.*"
    by_product = await events(store, [("MATCH_anyEPC", of_product)], now=NOW)
    return (
        [history_value(await story_of(store, thing)) for thing in (PACK, OTHER_PACK, PALLET)],
        contents_value(await contents_of(store, parse_identifier(PALLET))),
        page.document.events,
        by_product.document.events,
    )


async def test_of_tags_are_all_looked_into(
    fresh_store: FreshStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A bucket for each capture, or one for all: histories, contents and queries are the same, and
    the integrity check finds every tag where it belongs.
    """
    async with fresh_store() as store:
        in_one = await told(store)
    monkeypatch.setattr(log, "BUCKET_TAGS", 1)
    async with fresh_store() as store:
        in_many = await told(store)
        async with store.reading() as session:
            rows = await session.fetch(
                "SELECT DISTINCT bucket FROM event_tag WHERE part = $1", session.part
            )
        assert len(rows) == 4
        assert (await check_integrity(store, None)).altered == 0

    assert in_many == in_one
