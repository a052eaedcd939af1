"""Every statement about exceptions finds its rows by an index, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.evidence.operations import prepare
from epcis_repo.exceptions import exception_asked, open_exception
from epcis_repo.exceptions.events import ExceptionOpened, concerned_tags, exception_tag
from epcis_repo.exceptions.reading import STATEMENTS
from epcis_repo.store import EventStore, open_store
from tests.operations.reports import NOW
from tests.plans import postgresql_searches, sqlite_searches
from tests.query.test_plans import PRODUCT, fill

KEY = "01/00300010123455/21/7x1"
LAST = 2**62
# Each with its values after the part.
ASKED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "the newest": (STATEMENTS["select_opened"], (ExceptionOpened.TOPIC, LAST, 200)),
    "what was decided since": (STATEMENTS["select_decided"], (ExceptionOpened.TOPIC, 7, 1_000)),
    "some by name": (STATEMENTS["select_lives"], ([exception_tag("E1")], LAST)),
    "those about a thing": (STATEMENTS["select_lives"], (concerned_tags([KEY]), LAST)),
    "what events say": (STATEMENTS["select_said"], (["urn:x:1", "urn:x:2"],)),
}


async def filled(url: str) -> EventStore:
    store = open_store(url)
    await prepare(store)
    asked = {"kind": "damaged", "things": [PRODUCT.format("7x1")], "reason": "wet", "by": "QA"}
    # Before the events, which go into the log without the tree.
    await open_exception(store, exception_asked(asked), now=NOW)
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
