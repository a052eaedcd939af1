"""Append and read agree with the in-memory recorder of the library whose model this is."""

from collections.abc import Sequence
from dataclasses import dataclass

from eventsourcing.dcb.api import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from eventsourcing.dcb.popo import InMemoryDCBRecorder
from eventsourcing.persistence import IntegrityError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import AppendConditionFailed
from epcis_repo.store import AppendCondition, EventData, EventStore, Query, QueryItem
from epcis_repo.store.log import head
from tests.conftest import FreshStores
from tests.store.facts import all_of, record

# Few, so that queries meet events; some that SQL or a pattern could take for something else.
TYPES = ("Made", "Moved", "made")
TAGS = ("x", "y", "X", "x y", "%", "'; --", "é")


@dataclass(frozen=True)
class Append:
    """Events as type and tags, and the condition under which they are appended."""

    events: tuple[tuple[str, tuple[str, ...]], ...]
    condition: AppendCondition | None


@dataclass(frozen=True)
class Read:
    """What is asked of the log."""

    query: Query
    after: int
    limit: int | None


def some_of(words: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(words), max_size=3).map(tuple)


items = st.builds(QueryItem, types=some_of(TYPES), tags=some_of(TAGS))
queries = st.builds(Query, items=st.lists(items, max_size=3).map(tuple))
afters = st.integers(0, 12)
events = st.tuples(st.sampled_from(TYPES), some_of(TAGS))
conditions = st.builds(AppendCondition, fail_if_events_match=queries, after=afters)
steps = st.lists(
    st.builds(
        Append,
        events=st.lists(events, min_size=1, max_size=4).map(tuple),
        condition=st.none() | conditions,
    )
    | st.builds(Read, query=queries, after=afters, limit=st.none() | st.integers(0, 5)),
    max_size=12,
)


def theirs(query: Query) -> DCBQuery:
    return DCBQuery(
        items=[DCBQueryItem(types=list(i.types), tags=list(i.tags)) for i in query.items]
    )


async def assert_agreement(store: EventStore, story: Sequence[Append | Read]) -> None:
    """Tell the story to both and compare every answer."""
    recorder = InMemoryDCBRecorder()
    for number, step in enumerate(story):
        if isinstance(step, Read):
            found = [
                (event.position, event.type, event.data)
                for event in await all_of(store, step.query, after=step.after, limit=step.limit)
            ]
            expected = recorder.read(theirs(step.query), after=step.after, limit=step.limit)
            assert found == [(e.position, e.event.type, e.event.data) for e in expected]
            continue
        names = [f"{number}-{index}" for index in range(len(step.events))]
        ours = [
            EventData(kind, name, name.encode(), tags)
            for name, (kind, tags) in zip(names, step.events, strict=True)
        ]
        condition = None
        if step.condition is not None:
            forbidden = theirs(step.condition.fail_if_events_match)
            condition = DCBAppendCondition(forbidden, after=step.condition.after)
        try:
            last: int | None = recorder.append(
                [DCBEvent(type=e.type, data=e.data, tags=list(e.tags)) for e in ours], condition
            )
        except IntegrityError:
            last = None
        try:
            position: int | None = (await record(store, ours, step.condition))[-1].position
        except AppendConditionFailed:
            position = None
        assert position == last
    async with store.reading() as session:
        assert await head(session) == (recorder.read().head or 0)


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=steps)
async def test_agrees(fresh_store: FreshStores, story: list[Append | Read]) -> None:
    """
    Positions, refusals and answers are those of the library's own recorder.
    """
    async with fresh_store() as store:
        await assert_agreement(store, story)
