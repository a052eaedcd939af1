"""Every statement that a query runs finds its rows by an index, on both databases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from epcis_repo.bindings.jsonld import render_event
from epcis_repo.evidence.operations import prepare
from epcis_repo.model.events import BizTransaction, Event, Place
from epcis_repo.query import parse_query, select_page
from epcis_repo.query.of_one_tag import Asked, positions_of
from epcis_repo.query.plan import plan_of
from epcis_repo.store import EventStore, Reading, open_store
from epcis_repo.store.sqlite import spelt_for_sqlite
from tests.operations.reports import named, observed, packed
from tests.plans import postgresql_plan, reads_all_of_an_index
from tests.query.asking import record

EVENTS = 3_000
PRODUCT = "urn:epc:id:sgtin:030001.0012345.{}"
CASE = "urn:epc:id:sscc:030001.{:011}"
PRODUCTS = "urn:epc:idpat:sgtin:030001.0012345.*"
BEGINNING = [("perPage", "20")]

# What is asked, by what it is about.
ASKED: dict[str, list[tuple[str, str]]] = {
    "an EPC": [("MATCH_anyEPC", PRODUCT.format("7x1"))],
    "some EPCs": [("MATCH_epc", f"{PRODUCT.format('7x1')}|{PRODUCT.format('8x1')}")],
    "a product": [("MATCH_anyEPC", PRODUCTS)],
    "a product, the latest first": [("MATCH_epc", PRODUCTS), ("orderBy", "recordTime")],
    "a product, by time": [("MATCH_epc", PRODUCTS), ("orderBy", "eventTime")],
    "a range of a product": [("MATCH_anyEPC", "urn:epc:idpat:sgtin:030001.0012345.[1-9]")],
    "the products of a company": [("MATCH_anyEPC", "urn:epc:idpat:sgtin:030001.*.*")],
    "the pallets of a company": [("MATCH_parentID", "urn:epc:idpat:sscc:030001.*")],
    "an eventID": [("EQ_eventID", "urn:x:7|urn:x:8")],
    "a time": [
        ("GE_eventTime", "2026-01-01T00:07:00Z"),
        ("LT_eventTime", "2026-01-01T00:09:00Z"),
    ],
    "a time, in order": [("GE_eventTime", "2026-01-01T00:07:00Z"), ("orderBy", "eventTime")],
    "everything, by time": [("orderBy", "eventTime"), ("orderDirection", "ASC")],
    "a time of recording": [("GE_recordTime", "2026-01-01T00:00:00Z")],
    "a transaction": [("EQ_bizTransaction_po", "urn:x:po:7")],
    "a place": [("EQ_bizLocation", "urn:epc:id:sgln:030001.000001.0")],
    "a place and a product": [
        ("EQ_bizLocation", "urn:epc:id:sgln:030001.000001.0"),
        ("MATCH_epc", PRODUCTS),
    ],
    "a step": [("EQ_bizStep", "shipping")],
    "a lot": [("EQ_ILMD_cbvmda:lotNumber", "L1")],
    "an extension": [("EXISTS_urn:x#a", "true")],
    "everything": [],
}


class Listening:
    """A session that remembers what it was asked."""

    def __init__(self, session: Reading) -> None:
        self._session = session
        self.part = session.part
        self.dialect = session.dialect
        self.asked: list[tuple[str, Sequence[Any]]] = []

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        self.asked.append((statement, values))
        return await self._session.fetch(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def event(number: int) -> Event:
    """Of each three events one has a transaction, and one packs."""
    dimensions: dict[str, Any] = {"biz_location": Place(id="urn:epc:id:sgln:030001.000001.0")}
    units = [PRODUCT.format(f"{number}x{n}") for n in range(3)]
    if number % 3 == 0:
        return packed(number / 60, CASE.format(number), *units)
    if number % 3 == 1:
        transaction = BizTransaction(biz_transaction=f"urn:x:po:{number}", type="po")
        dimensions["biz_transaction_list"] = (transaction,)
    return observed(number / 60, *units, **dimensions)


async def fill(store: EventStore) -> None:
    await prepare(store)
    for start in range(0, EVENTS, 500):
        events = [named(f"urn:x:{n}", event(n)) for n in range(start, start + 500)]
        await record(store, [(event, render_event(event, {})) for event in events])
    async with store.writing() as session:
        await session.analyze(("events", "event_index", "event_tag", "tag_bucket"))


async def statements(store: EventStore, name: str) -> list[tuple[str, Sequence[Any]]]:
    """What is asked of the database for the first and for the second page of a query."""
    asked: list[tuple[str, Sequence[Any]]] = []
    more: list[tuple[str, str]] = []
    tag = plan_of(parse_query(ASKED[name]).predicates).only_tag
    if tag is not None:
        async with store.reading() as session:
            listening = Listening(session)
            await positions_of(listening, [Asked(*tag, 0), Asked("01/other", (4,), 7)])
            asked += listening.asked
    for _ in range(2):
        async with store.reading() as session:
            listening = Listening(session)
            _, token = await select_page(listening, parse_query([*BEGINNING, *ASKED[name], *more]))
            asked += listening.asked
        if token is None:
            break
        more = [("nextPageToken", token)]
    assert asked
    return asked


async def test_sqlite_searches(sqlite_url: str, subtests: pytest.Subtests) -> None:
    """
    No table is scanned, and nothing is sorted that an index has in order.
    """
    store = open_store(sqlite_url)
    await fill(store)
    for name in ASKED:
        for statement, values in await statements(store, name):
            explained = f"EXPLAIN QUERY PLAN {spelt_for_sqlite(statement)}"
            async with store.reading() as session:
                rows = await session.fetch(explained, *values)
            plan = "\n".join(row[3] for row in rows)
            with subtests.test(f"{name}: {statement[:60]}"):
                assert "SEARCH" in plan
                assert not re.search(r"SCAN (?!carray|found|CONSTANT)", plan), plan
                if "ORDER BY i.event_time" in statement or "ORDER BY i.position" in statement:
                    is_sorted = "USE TEMP B-TREE FOR ORDER BY" in plan
                    assert not is_sorted or "i.position = any" in statement, plan
    await store.close()


async def test_postgresql_searches(postgres_url: str, subtests: pytest.Subtests) -> None:
    """
    No table is read from end to end, nor an index from where the part begins to where it ends.
    """
    store = open_store(postgres_url)
    await fill(store)
    for name in ASKED:
        for statement, values in await statements(store, name):
            plan = await postgresql_plan(store, statement, *values, as_if_large=True)
            if "One-Time Filter: false" in plan or re.search(r"Subplans Removed: \d+$", plan):
                # Of years in which nothing was recorded.
                continue
            with subtests.test(f"{name}: {statement[:60]}"):
                assert "Index Cond" in plan, plan
                assert "Seq Scan" not in plan, plan
                if "log_head" not in statement:
                    assert not reads_all_of_an_index(plan), plan
    await store.close()


@pytest.mark.parametrize("name", ["a product", "a product, the latest first", "a place", "a step"])
async def test_the_last_page_costs_what_the_first_does(store: EventStore, name: str) -> None:
    """
    A page reads as many rows, wherever in the log it is.
    """
    await fill(store)
    counts: list[int] = []
    more: list[tuple[str, str]] = []
    while True:
        async with store.reading() as session:
            counting = Counting(session)
            _, token = await select_page(counting, parse_query([*BEGINNING, *ASKED[name], *more]))
        counts.append(counting.rows)
        if token is None:
            break
        more = [("nextPageToken", token)]

    assert max(counts) <= 2 * counts[0]
    assert max(counts) < EVENTS // 2


class Counting(Listening):
    """A session that counts the rows that it gives."""

    rows = 0

    async def fetch(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        found = await super().fetch(statement, *values)
        self.rows += len(found)
        return found
