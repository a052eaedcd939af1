"""Queries and events of every kind: what is found is what the slow evaluation finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings.json_loader import load_trusted_json
from epcis_repo.bindings.jsonld import render_event
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.query import parse_json_query
from epcis_repo.store import EventStore
from tests.conftest import FreshStores
from tests.model.strategies import NAMESPACES
from tests.operations.reports import NOW
from tests.query.asking import event_ids, record
from tests.query.oracle import answer
from tests.query.strategies import CONTEXT, queries, worlds

# Each finds its own world; so many are asked of each.
QUERIES = 12


def said(event: Event) -> dict[str, Any]:
    """An event as JSON has it."""
    value = load_trusted_json(render_event(event, NAMESPACES))
    return {**value, "recordTime": utc_text(NOW)}


async def recorded(store: EventStore, happened: Sequence[Event]) -> None:
    await record(store, [(event, render_event(event, NAMESPACES)) for event in happened])


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(st.data(), worlds())
async def test_finds_what_the_oracle_finds(
    fresh_store: FreshStores, data: st.DataObject, happened: list[Event]
) -> None:
    """
    Of any events, any query finds those that the slow evaluation finds, in the same order.
    """
    as_json = [said(event) for event in happened]
    async with fresh_store() as store:
        await recorded(store, happened)
        for _ in range(QUERIES):
            query = {"@context": CONTEXT, **data.draw(queries(as_json))}
            expected = [f"urn:x:{place}" for place in answer(as_json, query, NAMESPACES)]
            assert await event_ids(store, parse_json_query(query)) == expected, query
