"""
Whatever arrives whenever, we answer what a slow walk through all events finds, on both clocks.

Hundreds of chains are in one log, so that each question has much that it must not find.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.model.events import EVENT_TYPES, Event
from epcis_repo.operations.capture import capture
from epcis_repo.operations.contents import Content, contents
from epcis_repo.operations.custody import custody, custody_value
from epcis_repo.operations.history import history, history_value
from epcis_repo.operations.lineage import lineage, lineage_value
from epcis_repo.projections.logged import LoggedEvent, logged
from epcis_repo.store import EventStore, Query, QueryItem
from epcis_repo.store.log import read
from tests.conftest import FreshStores
from tests.operations import oracle
from tests.operations.chains import MINUTES, Chain, chain, documents, moment
from tests.operations.reports import NOW, document, key

CHAINS = 100
# `make chains` looks further.
SEEDS = range(20 if "EPCIS_REPO_FUZZ" in os.environ else 2)


async def deliver(store: EventStore, world: Sequence[Sequence[Event]]) -> list[LoggedEvent]:
    """Capture each document, one microsecond after the other, and return what the log has."""
    for number, events in enumerate(world):
        await capture(store, document(*events), "application/ld+json", now=NOW + number)
    query = Query((QueryItem(types=tuple(EVENT_TYPES)),))
    async with store.reading() as session:
        return [logged(event) async for event in read(session, query)]


@pytest.mark.parametrize("seed", SEEDS)
async def test_we_find_what_a_walk_finds(store: EventStore, seed: int) -> None:
    """
    Histories, states, hierarchies, custody, lineage and lots are those of the oracle, for things
    of each chain at moments of chance.
    """
    chances = Random(seed)
    chains = [chain(number, chances) for number in range(CHAINS)]
    log = await deliver(store, documents(chains, chances))
    of_chain = {one.lot: {event.event_id for event in one.events} for one in chains}

    for one in chains:
        own = [item for item in log if item.event_id in of_chain[one.lot]]
        as_of = moment(chances.randint(1, MINUTES + 2))
        known_at = NOW + chances.randint(0, 15)
        things = [canonical_key(text) for text in one.things]
        walked = oracle.walk(own, things, as_of, known_at)
        for text in chances.sample(one.things, 3):
            await compare(store, text, walked, as_of=as_of, known_at=known_at)
        await compare_lot(store, one, walked, as_of=as_of, known_at=known_at)


async def compare(store: EventStore, text: str, walked: oracle.Walked, **clocks: Any) -> None:
    """Ask everything of a thing, and hold it against what was walked."""
    thing, identifier = key(text), parse_identifier(text)
    life = walked.lives.get(thing)
    if life is None:
        with pytest.raises(NotFoundError):
            await history(store, identifier, **clocks)
        return
    story = await history(store, identifier, **clocks)
    assert [(e.said.position, e.container, e.in_error) for e in story.entries] == [
        (told.item.position, told.container, told.in_error) for told in life.told
    ]
    state = story.state
    assert (state and (state.lifecycle, state.disposition, state.lot)) == (
        (life.lifecycle, life.disposition, life.lot) if life.handled else None
    )
    value = custody_value(await custody(store, identifier, **clocks))
    assert custody_told(value) == oracle.custody(life)
    value = lineage_value(await lineage(store, identifier, **clocks))
    for name, forward in (("back", False), ("forward", True)):
        found = {key(relative["epc"]): relative["generation"] for relative in value[name]}
        assert found == oracle.lineage(walked, thing, forward=forward)
    within = await contents(store, identifier, **clocks)
    assert within.parents == tuple(oracle.ancestors(thing, walked.inside))
    assert set(pairs(thing, within.contents)) == {
        (child, parent)
        for child, parent in walked.inside.items()
        if thing in oracle.ancestors(child, walked.inside)
    }


def pairs(parent: str, inside: Sequence[Content]) -> list[tuple[str, str]]:
    """What is directly in what."""
    return [
        pair
        for content in inside
        for pair in [(content.key, parent), *pairs(content.key, content.contents)]
    ]


def custody_told(value: dict[str, Any]) -> dict[str, Any]:
    """Custody as the oracle tells it."""

    def time(text: str | None) -> int | None:
        minute = next((m for m in range(200) if text == utc(m)), None)
        return None if text is None else moment(minute or 0)

    spans = {
        name: [(oracle.gln(p["who"]), time(p["from"]), time(p["to"])) for p in value[name]]
        for name in ("owners", "possessors", "places")
    }
    findings = [(time(f["event_time"]), str(f["finding"])) for f in value["findings"]]
    return {**spans, "findings": findings}


def utc(minute: int) -> str:
    return f"2026-01-01T{minute // 60:02}:{minute % 60:02}:00.000Z"


async def compare_lot(store: EventStore, one: Chain, walked: oracle.Walked, **clocks: Any) -> None:
    """Ask for the story of a chain's lot, and hold it against those of its serials."""
    identifier = parse_identifier(f"(01)00300010123455(10){one.lot}")
    expected = oracle.lot(walked, one.lot)
    try:
        story = await history(store, identifier, **clocks)
    except NotFoundError:
        assert expected == {}
        return
    assert dict(story.concerned) == expected


@pytest.mark.parametrize("seed", SEEDS)
async def test_the_order_of_arrival_does_not_show(fresh_store: FreshStores, seed: int) -> None:
    """
    The same events in another order, and in other documents, give the same answers as of any
    moment, as long as no two have one time.
    """
    chances = Random(seed)
    chains = [chain(number, chances, later=0.5) for number in range(CHAINS // 10)]
    asked = [
        (text, moment(chances.randint(1, MINUTES + 2)))
        for one in chains
        for text in chances.sample(one.things, 2)
    ]
    found = []
    for _ in range(2):
        async with fresh_store() as store:
            await deliver(store, documents(chains, chances))
            found.append([await answers(store, text, as_of) for text, as_of in asked])

    assert found[0] == found[1]


async def answers(store: EventStore, text: str, as_of: int) -> Any:
    """All that is known of a thing, without where it stands in the log and since when."""
    identifier = parse_identifier(text)
    try:
        story = history_value(await history(store, identifier, as_of=as_of))
    except NotFoundError:
        return None
    for entry in story["events"]:
        del entry["position"], entry["record_time"]
        for declaration in entry["declarations"]:
            del declaration["record_time"]
    # An event and the declaration that it was in error have one time.
    story["events"].sort(key=lambda e: (e["event_time_utc"], e["event_id"], e["declares_error"]))
    within = await contents(store, identifier, as_of=as_of)
    return (
        story,
        custody_value(await custody(store, identifier, as_of=as_of)),
        lineage_value(await lineage(store, identifier, as_of=as_of)),
        (within.parents, within.contents, within.levels),
    )
