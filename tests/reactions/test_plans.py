"""Every statement about reactions and allocations finds its rows by an index, on both databases."""

from __future__ import annotations

from typing import Any

import pytest

from epcis_repo.allocations import allocate, allocation_asked
from epcis_repo.evidence.operations import prepare
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED, FINDING_MADE
from epcis_repo.operations.capture import _STATEMENTS as CAPTURE
from epcis_repo.reactions.events import QUARANTINE, ReactionSet, quarantine_tag
from epcis_repo.reactions.made import event_tag, rule_tag
from epcis_repo.reactions.reading import STATEMENTS
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import STATEMENTS as LOG
from epcis_repo.store.sqlite import spelt_for_sqlite
from tests.operations.reports import NOW
from tests.plans import postgresql_searches, sqlite_searches
from tests.query.test_plans import fill
from tests.reactions.sending import react

LAST = 2**62
_ASIDE = [decision.TOPIC for decision in QUARANTINE]
# Each with its values after the part.
ASKED: dict[str, tuple[str, tuple[Any, ...]]] = {
    "what a capture goes by": (CAPTURE["select_before"], (["document x"], "ReactionSet", 0)),
    "what was decided": (LOG["select_whole_type"], (ReactionSet.TOPIC, LAST)),
    "findings of events": (STATEMENTS["select_tagged"], ([event_tag("urn:x:1")], FINDING_MADE)),
    "findings by name": (STATEMENTS["select_named"], (["finding 1"],)),
    "the newest findings": (STATEMENTS["select_before"], (FINDING_MADE, LAST, 10)),
    "the newest of a rule": (
        STATEMENTS["select_tagged_before"],
        (FINDING_MADE, LAST, 10, [rule_tag("event-ahead")], 1),
    ),
    "what became of what was kept aside": (
        STATEMENTS["select_lives"],
        ([quarantine_tag("x")], _ASIDE),
    ),
    "receipts": (STATEMENTS["select_receipts"], (DOCUMENT_CAPTURED, 7, 10)),
    "what was captured": (STATEMENTS["select_news"], (7, 9)),
    "what was shipped": (STATEMENTS["select_news_of_step"], (7, 9, "shipping")),
}


async def filled(url: str) -> EventStore:
    store = open_store(url)
    await prepare(store)
    # Before the events, which go into the log without the tree.
    await react(store, "reject")
    said = {"gtin": "00300010123455", "first": "1", "last": "9", "reason": "batch 7", "by": "QA"}
    await allocate(store, allocation_asked(said), now=NOW)
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


async def test_sqlite_goes_by_the_type(sqlite_url: str, subtests: pytest.Subtests) -> None:
    """
    What is decided is found among the events of its type, not by going through the log.
    """
    store = await filled(sqlite_url)
    names = ("what a capture goes by", "what was decided")
    async with store.reading() as session:
        for name in names:
            statement, values = ASKED[name]
            explained = f"EXPLAIN QUERY PLAN {spelt_for_sqlite(statement)}"
            rows = await session.fetch(explained, session.part, *values)
            with subtests.test(name):
                assert any("events_type (part=? AND type=?" in row[3] for row in rows), rows
    await store.close()
