"""Every statement about holds finds its rows by an index, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.evidence.operations import prepare
from epcis_repo.holds import hold_asked, place_hold
from epcis_repo.holds.events import HoldPlaced, held_tag, hold_tag
from epcis_repo.holds.reading import STATEMENTS
from epcis_repo.projections import event_index
from epcis_repo.store import EventStore, open_store
from tests.operations.reports import NOW
from tests.plans import postgresql_searches, sqlite_searches
from tests.query.test_plans import PRODUCT, fill

KEY = "01/00300010123455/21/7x1"
LAST = 2**62
# Each with its values after the part.
ASKED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "a thing and what is on it": (
        event_index.STATEMENTS["select_said_beside"],
        ([KEY, held_tag(KEY)], LAST),
    ),
    "those on some things": (STATEMENTS["select_held"], ([held_tag(KEY)], LAST)),
    "the next": (STATEMENTS["select_placed"], (HoldPlaced.TOPIC, 7, LAST, 31)),
    "those at some places": (STATEMENTS["select_at"], ([7, 8],)),
    "some by name": (STATEMENTS["select_lives"], ([hold_tag("H1")], LAST)),
}


async def filled(url: str) -> EventStore:
    store = open_store(url)
    await prepare(store)
    asked = {"of": [PRODUCT.format("7x1")], "reason": "a complaint", "by": "QA"}
    # Before the events, which go into the log without the tree.
    await place_hold(store, hold_asked(asked), now=NOW)
    await fill(store)
    return store


async def test_sqlite_searches(sqlite_url: str, subtests: pytest.Subtests) -> None:
    """
    No table is scanned.
    """
    store = await filled(sqlite_url)
    await sqlite_searches(store, ASKED, subtests)
    await store.close()


async def test_postgresql_searches(postgres_url: str, subtests: pytest.Subtests) -> None:
    """
    No table is read from end to end where an index leads to the rows.
    """
    store = await filled(postgres_url)
    await postgresql_searches(store, ASKED, subtests)
    await store.close()
