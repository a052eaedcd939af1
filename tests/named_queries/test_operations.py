"""The life of named queries, on the log."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import NotFoundError, QueryParameterError
from epcis_repo.evidence.tree import tree_size
from epcis_repo.named_queries import (
    NamedQuery,
    QueryNameTakenError,
    create_query,
    delete_query,
    named_queries,
    named_query,
)
from epcis_repo.named_queries.rules import about, standing
from epcis_repo.query import parse_query
from epcis_repo.recorders.decisions import decisions
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head
from tests.conftest import FreshStores
from tests.operations.reports import NOW, commissioned, report
from tests.store.facts import all_of

SHIPPED: dict[str, Any] = {"EQ_bizStep": ["shipping"], "GE_eventTime": "2026-01-01T00:00:00Z"}
ADDED: dict[str, Any] = {"EQ_action": ["ADD"]}
NAMES = ("a", "A", "a b", "é")


class TestCreating:
    async def test_gives_a_name_to_a_query(self, store: EventStore) -> None:
        """
        What was created is there under its name, with its parameters as they were given.
        """
        await create_query(store, "shipped", SHIPPED, now=NOW)

        assert await named_query(store, "shipped") == NamedQuery("shipped", SHIPPED)

    async def test_refuses_a_name_that_is_taken(self, store: EventStore) -> None:
        """
        A query keeps its name and its parameters, whoever else wants the name.
        """
        await create_query(store, "mine", SHIPPED, now=NOW)

        with pytest.raises(QueryNameTakenError, match="'mine'"):
            await create_query(store, "mine", ADDED, now=NOW)

        assert await named_query(store, "mine") == NamedQuery("mine", SHIPPED)

    @pytest.mark.parametrize("name", ["SimpleEventQuery", "SimpleMasterDataQuery"])
    async def test_refuses_the_predefined_names(self, store: EventStore, name: str) -> None:
        """
        The names of the standard's own queries are taken from the beginning.
        """
        with pytest.raises(QueryNameTakenError):
            await create_query(store, name, {}, now=NOW)

    async def test_records_nothing_of_what_is_refused(self, store: EventStore) -> None:
        """
        A query that could not be asked leaves the log as it was.
        """
        with pytest.raises(QueryParameterError):
            await create_query(store, "mine", {"EQ_bizStpe": ["shipping"]}, now=NOW)

        assert await all_of(store) == []

    async def test_by_eight_at_once_is_done_once(self, store: EventStore) -> None:
        """
        Of those who want a name at the same time one gets it, and the others hear that it is taken.
        """
        for number in range(10):
            name = f"n{number}"
            answers = await asyncio.gather(
                *(
                    create_query(store, name, {"EQ_eventID": [f"{writer}"]}, now=NOW)
                    for writer in range(8)
                ),
                return_exceptions=True,
            )

            [won] = [answer for answer in answers if isinstance(answer, NamedQuery)]
            assert [type(answer) for answer in answers].count(QueryNameTakenError) == 7
            assert await named_query(store, name) == won


class TestDeleting:
    async def test_makes_the_name_free(self, store: EventStore) -> None:
        """
        A deleted query is gone, and its name may be that of another.
        """
        await create_query(store, "mine", SHIPPED, now=NOW)

        await delete_query(store, "mine", now=NOW)

        with pytest.raises(NotFoundError, match="'mine'"):
            await named_query(store, "mine")
        await create_query(store, "mine", ADDED, now=NOW)
        assert await named_query(store, "mine") == NamedQuery("mine", ADDED)

    @pytest.mark.parametrize("name", ["other", "SimpleEventQuery", "", "a/b", "\x00", "\ud800"])
    async def test_of_what_is_not_there_is_refused(self, store: EventStore, name: str) -> None:
        """
        A name that no query has, or could have, is not found.
        """
        with pytest.raises(NotFoundError):
            await delete_query(store, name, now=NOW)
        with pytest.raises(NotFoundError):
            await named_query(store, name)

    async def test_by_eight_at_once_is_done_once(self, store: EventStore) -> None:
        """
        Of those who delete a query at the same time one does, and the others find none.
        """
        await create_query(store, "mine", SHIPPED, now=NOW)

        answers = await asyncio.gather(
            *(delete_query(store, "mine", now=NOW) for _ in range(8)), return_exceptions=True
        )

        assert sorted(map(str, map(type, answers))) == sorted(
            map(str, [type(None), *[NotFoundError] * 7])
        )


class TestAsking:
    async def test_lists_all_by_name(self, store: EventStore) -> None:
        """
        All queries that have a name are listed in its order, and no other.
        """
        for name in ("b", "c", "a"):
            await create_query(store, name, ADDED, now=NOW)
        await delete_query(store, "c", now=NOW)

        assert await named_queries(store) == [NamedQuery("a", ADDED), NamedQuery("b", ADDED)]

    async def test_a_named_query_asks_what_its_parameters_ask(self, store: EventStore) -> None:
        """
        What is stored is the query that the same parameters are in a URL.
        """
        await create_query(store, "shipped", SHIPPED, now=NOW)

        named = await named_query(store, "shipped")

        assert named.event_query() == parse_query(
            [("EQ_bizStep", "shipping"), ("GE_eventTime", "2026-01-01T00:00:00Z")]
        )


class TestTheLog:
    async def test_has_the_decisions_among_the_captures(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        Decisions stand in the one log, in the tree, and are there when it is opened again.
        """
        await report(store, commissioned(1, "urn:epc:id:sgtin:030001.0012345.A1"))
        await create_query(store, "shipped", SHIPPED, now=NOW)
        await report(store, commissioned(2, "urn:epc:id:sgtin:030001.0012345.A2"))

        again = open_store(store_url)
        assert await named_queries(again) == [NamedQuery("shipped", SHIPPED)]
        async with again.reading() as session:
            assert await tree_size(session) == await head(session) == 5
        await again.close()

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        st.lists(
            st.tuples(st.sampled_from(NAMES), st.none() | st.sampled_from([SHIPPED, ADDED, {}])),
            max_size=12,
        )
    )
    async def test_replayed_is_what_it_was(
        self, fresh_store: FreshStores, story: list[tuple[str, dict[str, Any] | None]]
    ) -> None:
        """
        The decisions up to any position give the queries that there were then.
        """
        async with fresh_store() as store:
            there: dict[str, NamedQuery] = {}
            history = [dict(there)]
            for name, query in story:
                try:
                    if query is None:
                        await delete_query(store, name, now=NOW)
                        del there[name]
                    else:
                        there[name] = await create_query(store, name, query, now=NOW)
                except (NotFoundError, QueryNameTakenError):
                    assert (name in there) == (query is not None)
                    continue
                history.append(dict(there))
                assert await named_queries(store) == [there[name] for name in sorted(there)]

            async with store.reading() as session:
                made = [tagged.decision async for tagged in decisions(session, about())]
            replayed = [standing(made[:length]) for length in range(len(made) + 1)]
            assert replayed == history
