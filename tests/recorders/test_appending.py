"""Appends that come together: each is recorded or refused for itself."""

from __future__ import annotations

import asyncio

from epcis_repo.errors import AppendConditionFailed
from epcis_repo.evidence.operations import prepare
from epcis_repo.evidence.tree import tree_size
from epcis_repo.recorders.appending import Appending, _record, record
from epcis_repo.store import (
    AppendCondition,
    EventData,
    EventStore,
    Query,
    QueryItem,
    open_store,
)
from epcis_repo.store.log import head
from tests.operations.reports import PACK, commissioned, report
from tests.postgres_server import Server
from tests.store.facts import NOW, facts, names_of


def appending(*names: str, unless: str | None = None) -> Appending:
    """Facts with a tag of their own name, refused where there is one with the tag `unless`."""
    events = [EventData("Noted", name, b"", (name[:1],)) for name in names]
    forbidden = None if unless is None else AppendCondition(Query((QueryItem(tags=(unless,)),)))
    return Appending(events, NOW, forbidden)


async def together(store: EventStore, *items: Appending) -> list[list[int] | str]:
    """Where each was recorded, or that it was refused, of those who share a transaction."""
    await record(store, Appending(facts("first"), NOW))
    async with store.writing() as session:
        answers = await _record(session, items)
    return [
        "refused" if isinstance(answer, AppendConditionFailed) else [e.position for e in answer]
        for answer in answers
    ]


class TestTogether:
    async def test_each_sees_those_before_it(self, store: EventStore) -> None:
        """
        A condition holds against what comes in the same group, and the first one wins.
        """
        answers = await together(
            store,
            appending("a1", unless="a"),
            appending("a2", unless="a"),
            appending("b1", "b2", unless="b"),
            appending("b3", unless="b"),
            appending("c1"),
        )

        assert answers == [[2], "refused", [3, 4], "refused", [5]]
        assert await names_of(store) == ["first", "a1", "b1", "b2", "c1"]

    async def test_an_identity_is_given_once(self, store: EventStore) -> None:
        """
        An identity is refused that the log has, that one before has taken, or that comes twice;
        one that was refused is free.
        """
        answers = await together(
            store,
            appending("a", "first"),
            appending("b", "b"),
            appending("b"),
            appending("c", "b"),
            appending("a", "c"),
        )

        assert answers == ["refused", "refused", [2], "refused", [3, 4]]

    async def test_the_tree_grows_with_the_log(self, store: EventStore) -> None:
        """
        Every event has its leaf, whoever recorded it, and a refused one has none.
        """
        await asyncio.gather(
            record(store, appending("a1", unless="a")),
            record(store, appending("a2", unless="a")),
            report(store, commissioned(1, PACK)),
            record(store, appending("d", "e")),
            return_exceptions=True,
        )

        async with store.reading() as session:
            assert await head(session) == await tree_size(session) == 5

    async def test_nothing_is_recorded_of_nothing(self, store: EventStore) -> None:
        """
        An append without events needs no position and no leaf.
        """
        assert await record(store, Appending((), NOW)) == []


async def test_postgresql_counts_its_rows_as_the_log_grows(postgres_server: Server) -> None:
    """
    With ten events the database knows that there are ten, without anybody's capture.
    """
    with postgres_server.database() as url:
        store = open_store(url)
        await prepare(store)

        await record(store, Appending(facts(*"abcdefghij"), NOW))

        async with store.reading() as session:
            counted = await session.fetch("SELECT reltuples FROM pg_class WHERE relname = 'events'")
        assert [tuple(row) for row in counted] == [(10.0,)]
        await store.close()
