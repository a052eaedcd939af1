"""The read models against a slow and obvious fold, their rebuild, and other orders of arrival."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.model.events import (
    AggregationEvent,
    AssociationEvent,
    Event,
)
from epcis_repo.operations.capture import capture
from epcis_repo.operations.contents import contents
from epcis_repo.operations.history import history
from epcis_repo.projections import PROJECTIONS, rebuild
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.story import Stay
from epcis_repo.store import EventStore
from tests.conftest import FreshStores
from tests.projections.lifecycle_oracle import became, deed, roles
from tests.projections.strategies import MDA, THINGS, body_of, deliveries, moment, worlds

NOW = 1_780_000_000_000_000
World = list[list[Event]]

some = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
few = settings(some, max_examples=12)


async def deliver(store: EventStore, world: World) -> None:
    """Capture each document, one second after the other."""
    for number, document in enumerate(world):
        await capture(store, body_of(document), "application/ld+json", now=NOW + number)


async def table(store: EventStore, name: str) -> set[tuple[Any, ...]]:
    """All rows of a read model, with all their columns but the part."""
    async with store.reading() as session:
        rows = await session.fetch(f"SELECT * FROM {name} WHERE part = $1", session.part)
    assert len(rows) == len(set(map(tuple, rows)))
    return {tuple(row)[1:] for row in rows}


async def tables(store: EventStore) -> dict[str, set[tuple[Any, ...]]]:
    """All rows of all read models."""
    return {
        name: await table(store, name) for projection in PROJECTIONS for name in projection.TABLES
    }


async def stays(store: EventStore) -> set[tuple[Any, ...]]:
    """All stays of all things."""
    async with store.reading() as session:
        found = await Lives(session).stays([canonical_key(thing) for thing in THINGS])
    return {tuple(stay) for line in found.values() for stay in line}


async def states(store: EventStore) -> set[tuple[Any, ...]]:
    """The states of all things."""
    async with store.reading() as session:
        found = await Lives(session).states([canonical_key(thing) for thing in THINGS])
    return {(key, *state) for key, state in found.items()}


# The oracle -------------------------------------------------------------------------------


def facts_of(world: World) -> list[tuple[int, int, Event]]:
    """What stands, in story order: time, position, event. Each document ends with a receipt."""
    arrived: list[tuple[int, int, Event]] = []
    position = 0
    for document in world:
        for event in document:
            position += 1
            arrived.append((event.event_time.microseconds, position, event))
        position += 1
    declared = {event.event_id for _, _, event in arrived if event.error_declaration}
    stands = [fact for fact in arrived if fact[2].event_id not in declared]
    return sorted(stands, key=lambda fact: fact[:2])


def keys(epcs: Sequence[str] | None) -> list[str]:
    return [canonical_key(epc) for epc in epcs or ()]


def stays_by_walking(world: World) -> set[tuple[Any, ...]]:
    """Every stay, found by moving the things about one by one."""
    inside: dict[tuple[str, str], tuple[str, int, int]] = {}
    stays: set[tuple[Any, ...]] = set()

    def leave(relation: str, child: str, time: int, position: int) -> None:
        parent, since, began = inside.pop((relation, child))
        stays.add((child, relation, since, began, parent, time, position))

    for time, position, event in facts_of(world):
        if not isinstance(event, AggregationEvent | AssociationEvent) or event.parent_id is None:
            continue
        relation = "aggregation" if isinstance(event, AggregationEvent) else "association"
        parent = canonical_key(event.parent_id)
        named = list(dict.fromkeys(keys(event.child_epcs)))
        within = [c for (r, c), stay in inside.items() if r == relation and stay[0] == parent]
        if event.action == "DELETE":
            for child in within:
                if child in named or not named:
                    leave(relation, child, time, position)
            continue
        for child in named:
            if child in within:
                continue
            if (relation, child) in inside:
                leave(relation, child, time, position)
            inside[relation, child] = (parent, time, position)
    for (relation, child), (parent, since, began) in inside.items():
        stays.add((child, relation, since, began, parent, None, None))
    return stays


def states_by_walking(world: World) -> set[tuple[Any, ...]]:
    """Every state, found by telling each thing what each event says of it."""
    states: dict[str, dict[str, Any]] = {}
    for time, position, event in facts_of(world):
        # What has several roles in an event is there as the last of them.
        as_what = {canonical_key(text): role for role, text in roles(event)}
        for key, role in as_what.items():
            state = states.setdefault(key, {})
            state["time"], state["position"] = time, position
            if event.disposition:
                state["disposition"] = event.disposition.rpartition(":")[2]
            if event.read_point or event.biz_location:
                state["read point"] = event.read_point and event.read_point.id
                state["location"] = event.biz_location and event.biz_location.id
            done = deed(event, role)
            state["lifecycle"] = became(state.get("lifecycle"), done)
            if done == "commission":
                state["commissioned"] = position
                ilmd = getattr(event, "ilmd", None) or {}
                for name in ("lotNumber", "itemExpirationDate"):
                    if f"{MDA}{name}" in ilmd:
                        state[name] = ilmd[f"{MDA}{name}"]
    columns = (
        *("lifecycle", "disposition", "read point", "location", "lotNumber"),
        *("itemExpirationDate", "commissioned", "time", "position"),
    )
    return {(key, *(state.get(column) for column in columns)) for key, state in states.items()}


# The properties ---------------------------------------------------------------------------


@some
@given(world=worlds())
async def test_containment_is_what_a_walk_finds(fresh_store: FreshStores, world: World) -> None:
    """
    Whatever arrives whenever, the stays are those of moving each thing by hand in time order.
    """
    async with fresh_store() as store:
        await deliver(store, world)

        assert await stays(store) == stays_by_walking(world)


@some
@given(world=worlds())
async def test_states_are_what_a_walk_finds(fresh_store: FreshStores, world: World) -> None:
    """
    Whatever arrives whenever, the states are those of telling each thing in time order.
    """
    async with fresh_store() as store:
        await deliver(store, world)

        assert await states(store) == states_by_walking(world)


@some
@given(world=worlds())
async def test_a_rebuild_gives_the_same_rows(fresh_store: FreshStores, world: World) -> None:
    """
    Dropped and folded again from the log, every read model has the same rows, to the byte.
    """
    async with fresh_store() as store:
        await deliver(store, world)
        before = await tables(store)

        count = await rebuild(store)

        assert await tables(store) == before
        assert count == sum(map(len, world))


@few
@given(data=st.data(), world=worlds(distinct_times=True))
async def test_the_order_of_arrival_does_not_show(
    fresh_store: FreshStores, data: st.DataObject, world: World
) -> None:
    """
    The same events in another order and in other documents give the same stays and states.
    """
    again = data.draw(deliveries([event for document in world for event in document]))
    found = []
    for order in (world, again):
        async with fresh_store() as store:
            await deliver(store, order)
            # All but the positions.
            found.append(
                (
                    {(c, relation, t, p, to) for c, relation, t, _, p, to, _ in await stays(store)},
                    {(*state[:7], state[7] is None, state[8]) for state in await states(store)},
                )
            )

    assert found[0] == found[1]


# Two clocks -------------------------------------------------------------------------------


async def answers(store: EventStore, **clocks: Any) -> list[Any]:
    """
    The history and the contents of everything.

    Without spellings, which are not dated, and without positions, which tell how many other
    events there are.
    """
    found: list[Any] = []
    for thing in THINGS:
        identifier = parse_identifier(thing)
        try:
            story = await history(store, identifier, **clocks)
            within = await contents(store, identifier, **clocks)
        except NotFoundError:
            found.append(None)
            continue
        found += [
            [
                (entry.event_id, entry.role, entry.container, entry.in_error, entry.header)
                for entry in story.entries
            ],
            [(replace(stay, begins=(0, 0), ends=(0, 0)), *spans(stay)) for stay in story.stays],
            story.state
            and story.state._replace(position=0, commissioned_at=story.state.commissioned_at and 1),
            (within.parents, within.contents, within.levels),
        ]
    return found


def spans(stay: Stay) -> tuple[float, float]:
    return stay.begins[0], stay.ends[0]


@few
@given(world=worlds())
async def test_known_at_is_what_was_known(fresh_store: FreshStores, world: World) -> None:
    """
    Asked what was known then, the log answers as it would have answered then.
    """
    async with fresh_store() as store:
        await deliver(store, world)
        later = [await answers(store, known_at=NOW + number) for number in range(len(world))]

    for number in range(len(world)):
        async with fresh_store() as store:
            await deliver(store, world[: number + 1])
            assert await answers(store) == later[number]


@few
@given(world=worlds(), minute=st.integers(0, 31))
async def test_as_of_is_what_had_happened(
    fresh_store: FreshStores, world: World, minute: int
) -> None:
    """
    Asked what was true then, the log answers as if nothing had happened since.
    """
    until = moment(minute).microseconds
    async with fresh_store() as store:
        await deliver(store, world)
        found = await answers(store, as_of=until)

    async with fresh_store() as store:
        happened = [
            [event for event in document if event.event_time.microseconds <= until]
            for document in world
        ]
        await deliver(store, happened)
        assert await answers(store) == found


@few
@given(world=worlds(), minute=st.integers(0, 31))
async def test_both_clocks_together(fresh_store: FreshStores, world: World, minute: int) -> None:
    """
    What was known then about an earlier moment is what a store with only that would say.
    """
    until, half = moment(minute).microseconds, len(world) // 2
    async with fresh_store() as store:
        await deliver(store, world)
        found = await answers(store, as_of=until, known_at=NOW + half)

    async with fresh_store() as store:
        await deliver(store, world[: half + 1])
        assert await answers(store, as_of=until) == found


@some
@given(world=worlds())
async def test_histories_and_states_agree(fresh_store: FreshStores, world: World) -> None:
    """
    The state at the end of the story of a thing that never was in another is its read model.
    """
    async with fresh_store() as store:
        await deliver(store, world)
        known = {row[0]: row[1:] for row in await states(store)}
        for thing in THINGS:
            try:
                story = await history(store, parse_identifier(thing))
            except NotFoundError:
                continue
            if story.stays:
                continue
            assert story.state == known.get(parse_identifier(thing).key)
