"""The stories of many things at once are those of each."""

from __future__ import annotations

from random import Random

import pytest

from epcis_repo.gs1 import canonical_key
from epcis_repo.projections import stories
from epcis_repo.projections.stories import stories_of
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.projections.thing_story import story_of
from epcis_repo.store import EventStore, log
from tests.operations.chains import MINUTES, chain, documents, moment
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    commissioned,
    key,
    packed,
    report,
    shipped,
)
from tests.operations.test_against_oracle import deliver

CHAINS = 20


@pytest.mark.parametrize("seed", range(2))
async def test_are_those_of_each(
    store: EventStore, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Of all things of chains of chance, asked together, each has the events that stand of its own
    story, and was where that says, on both clocks.
    """
    monkeypatch.setattr(stories, "_AT_A_TIME", 7)
    chances = Random(seed)
    chains = [chain(number, chances) for number in range(CHAINS)]
    await deliver(store, documents(chains, chances))
    things = [canonical_key(text) for one in chains for text in one.things]

    for as_of, known_at in ((MOMENT_MAX, NOW + 99), (moment(MINUTES / 2), NOW + 8)):
        async with store.reading() as session:
            until = await log.head_at(session, known_at)
            told_of = stories_of(session, things, until=until, moment=as_of)
            by_key = {thing: story async for story in told_of for thing in story.keys}
            for thing in things:
                alone = await story_of(session, thing, until=until, moment=as_of)
                shared = by_key.get(thing)
                expected = [entry for entry in alone.entries if entry.stands]
                told = [] if shared is None else shared.entries
                assert [(e.said.position, e.container, e.step) for e in told] == [
                    (e.said.position, e.container, e.step) for e in expected
                ]
                assert shared is None or shared.state == alone.state
                stays = () if shared is None else shared.stays
                assert [(s.container, s.begins, s.ends) for s in stays] == [
                    (s.container, s.begins, s.ends) for s in alone.stays
                ]


async def test_are_told_once_where_they_are_alike(store: EventStore) -> None:
    """
    What the same events name goes one way; what holds something, its own.
    """
    await report(store, commissioned(1, PACK, OTHER_PACK, CASE, OTHER_CASE))
    await report(store, packed(2, CASE, PACK, OTHER_PACK), packed(3, PALLET, CASE))
    await report(store, shipped(4, PALLET))
    things = [*map(key, (PACK, OTHER_PACK, CASE, OTHER_CASE, PALLET))]

    async with store.reading() as session:
        until = await log.head(session)
        asked = [*things, key("urn:epc:id:sscc:030001.00000000099")]
        told_of = stories_of(session, asked, until=until, moment=MOMENT_MAX)
        found = [story async for story in told_of]

    assert [list(story.keys) for story in found] == [things[:2], *([t] for t in things[2:])]
    assert [len(story.entries) for story in found] == [4, 4, 1, 2]
