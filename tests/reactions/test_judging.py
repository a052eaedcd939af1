"""What is found in what has just come in is what would be found by looking at each thing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import NamedTuple

import pytest

from epcis_repo.bindings.jsonld import parse_event, render_event
from epcis_repo.findings import RULES, Finding, Hold, Known, SerialRange, judge
from epcis_repo.findings.batch import News
from epcis_repo.findings.reading import read_lives, with_master_data
from epcis_repo.model.events import Event, Place
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.reactions.judging import judge_news
from epcis_repo.reactions.reading import news_between
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from tests.conftest import FreshStores
from tests.findings.cases import (
    BOX,
    BOXES,
    NOTHING,
    ROWS,
    THIRD_PACK,
    TRANSFER,
    Row,
    begun,
    looked_at,
)
from tests.findings.test_rules import row_ids
from tests.operations.chains import chain, documents
from tests.operations.reports import (
    CASE,
    MDA,
    NOW,
    OTHER_PACK,
    PACK,
    PALLET,
    PLANT,
    WHOLESALER,
    at,
    commissioned,
    key,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    unpacked,
)

# `make fuzz` looks further.
CHAINS = 150 if "EPCIS_REPO_FUZZ" in os.environ else 6
HERD = 3

_NAMES = re.compile(
    rb'(?P<head>urn:epc:id:(?:sgtin|grai):[0-9.]+\.)(?P<serial>[A-Za-z0-9]+)"'
    rb'|(?P<sscc>urn:epc:id:sscc:[0-9]+\.)(?P<number>[0-9]+)"'
    rb'|"eventID":"(?P<name>[^"]+)"'
)


def like(event: Event, number: int) -> Event:
    """The same, with other things: the first has its own."""
    if number == 0:
        return event

    def other(match: re.Match[bytes]) -> bytes:
        if match["head"]:
            return b'%b%bc%d"' % (match["head"], match["serial"], number)
        if match["sscc"]:
            length = len(match["number"])
            return b'%b%0*d"' % (match["sscc"], length, int(match["number"]) + 1000 * number)
        return b'"eventID":"%b:%d"' % (match["name"], number)

    return parse_event(_NAMES.sub(other, render_event(event, {"cbvmda": "urn:epcglobal:cbv:mda"})))


def herd(events: Sequence[Event], name: str, *, first: int, size: int = HERD) -> list[Event]:
    """The events of several things that are alike."""
    named_so = [named(f"urn:x:{name}:{n}", event) for n, event in enumerate(events)]
    return [like(event, first + n) for n in range(size) for event in named_so]


Told = set[tuple[object, ...]]


def told(findings: Iterable[Finding], keys: Iterable[str] | None = None) -> Told:
    """Findings as they are told of each thing."""
    only = None if keys is None else {*keys}
    return {
        (
            finding.rule.id,
            key,
            finding.event.event_id,
            finding.contradicts and finding.contradicts.event_id,
            finding.others,
            *finding.words.items(),
        )
        for finding in findings
        for key in finding.keys
        if only is None or key in only
    }


def things_in(news: Iterable[News]) -> set[str]:
    return {key for item in news for keys in item.named.values() for key in keys if " " not in key}


async def looks_as(store: EventStore, known: Known, *, after: int, now: int, are_all: bool) -> Told:
    """
    Look at what came after a position, and at all things one by one: what is found is alike.

    Returns it.
    """
    async with store.reading(long=True) as session:
        until = await head(session)
        news = await news_between(session, after, until)
        everything = things_in(await news_between(session, 0, until))
        judged = await judge_news(
            session, news, known, RULES, until=until, now=now, are_all=are_all
        )
        lives = await read_lives(
            session,
            Lives(session, until),
            sorted(everything),
            until=until,
            moment=MOMENT_MAX,
            now=now,
            apart={hold.key for hold in known.holds},
        )
        known = await with_master_data(session, known, lives, until=until, moment=MOMENT_MAX)
        every = judge(lives, known)
    named = things_in(news)
    assert told(judged.findings, named) == told(every, named)
    assert told(judged.findings) <= told(every)
    assert {key for finding in judged.findings for key in finding.keys} <= judged.names.keys()
    return told(judged.findings)


@pytest.mark.parametrize("are_all", [True, False], ids=["all that came", "a part of it"])
@pytest.mark.parametrize("row", ROWS, ids=row_ids)
async def test_finds_what_breaks_a_rule_beside_what_keeps_it(
    store: EventStore, row: Row, are_all: bool
) -> None:
    """
    Of things that are alike in all but what a rule looks at, those are found that break it: in a
    document of all of them, and in one after the other.
    """
    # Of the first of what breaks it something may be known that is known of no other.
    kept, broken = herd(row.keeps, "kept", first=10), herd(row.breaks, "broken", first=0)
    other = [*herd(row.keeps, "other", first=20), *herd(row.breaks, "another", first=30)]
    now, recorded = at(row.now), at(row.recorded)

    await report(store, *other, *kept, now=recorded)
    await looks_as(store, row.known, after=0, now=now, are_all=are_all)
    async with store.reading() as session:
        before = await head(session)
    await report(store, *broken, now=recorded)

    await looks_as(store, row.known, after=before, now=now, are_all=are_all)


class Twins(NamedTuple):
    """What happened to two that differ in one thing: one of them breaks a rule by that."""

    both: Sequence[Sequence[Event]]
    known: Known = NOTHING
    recorded: float = 30


EXPIRES = begun(PACK, itemExpirationDate="2026-01-01")


def filled(hour: float) -> list[Event]:
    """A pack that is put into a case on a pallet, which is shipped when the pack has expired."""
    return [
        EXPIRES,
        commissioned(1, CASE, PALLET),
        packed(2, PALLET, CASE),
        packed(hour, CASE, PACK),
        shipped(27, PALLET),
    ]


def held(hour: float) -> list[Event]:
    """A pack that is held while it is in a case that is shipped."""
    return [
        commissioned(1, PACK, CASE),
        packed(2, CASE, PACK),
        observed(hour, PACK, biz_step="holding"),
        shipped(4, CASE),
    ]


TWINS = {
    "the day": Twins([[EXPIRES, shipped(hour, PACK)] for hour in (20, 27)]),
    "whether it was told late": Twins(
        [[commissioned(hour, PACK)] for hour in (1, 3)], recorded=365 * 24 + 2
    ),
    "whether it was told ahead": Twins([[commissioned(hour, PACK)] for hour in (1, 3)], recorded=2),
    "what is in it": Twins(
        [
            [
                commissioned(1, CASE, PALLET),
                commissioned(1, PACK),
                commissioned(1, OTHER_PACK, ilmd={f"{MDA}lotNumber": lot}),
                packed(2, CASE, PACK),
                packed(3, CASE, OTHER_PACK),
            ]
            for lot in ("L1", "L2")
        ]
    ),
    "where its case was when it was held": Twins([held(3), held(5)]),
    "where its case was when it was filled": Twins([filled(26), filled(28)]),
    "whether anything is named that left it": Twins(
        [[commissioned(1, CASE, PACK), unpacked(2, CASE, *children)] for children in ((), (PACK,))]
    ),
    "how many are in it": Twins(
        [
            [
                commissioned(1, BOX, *(PACK, OTHER_PACK, THIRD_PACK)[:count]),
                packed(2, BOX, *(PACK, OTHER_PACK, THIRD_PACK)[:count]),
            ]
            for count in (2, 3)
        ],
        known=Known(pack_sizes={BOXES: 2}),
    ),
    "whether both are of one moment": Twins(
        [[observed(1, PACK, biz_step="inspecting"), commissioned(hour, PACK)] for hour in (1, 2)]
    ),
    "whether it is held": Twins(
        [[commissioned(1, PACK), shipped(3, PACK)] for _ in range(2)],
        known=Known(holds=[Hold(key(PACK), "H", at(2))]),
    ),
    "whether its case is held": Twins(
        [[commissioned(1, PACK, CASE), packed(2, CASE, PACK), shipped(3, CASE)] for _ in range(2)],
        known=Known(holds=[Hold(key(CASE), "H", at(1))]),
    ),
    "whether its serial was allocated": Twins(
        [[commissioned(1, PACK)] for _ in range(2)],
        known=Known(ranges={"01/00300010123455": [SerialRange("A1c1", "A1c9")]}),
    ),
    "where it was seen": Twins(
        [
            [
                commissioned(1, PACK),
                TRANSFER,
                received(3, PACK),
                looked_at(9, PACK, read_point=Place(id=place)),
            ]
            for place in (PLANT, WHOLESALER)
        ]
    ),
}


@pytest.mark.parametrize("other_first", [False, True], ids=["one first", "other first"])
@pytest.mark.parametrize("twins", TWINS.values(), ids=TWINS.keys())
async def test_tells_twins_apart(store: EventStore, twins: Twins, other_first: bool) -> None:
    """
    Of two things that differ in nothing but one moment, place or name that a rule looks at, that is
    found which breaks it.
    """
    # The second has other things, so that what is known of the first holds for it alone.
    both = [herd(some, f"t{n}", first=n, size=1) for n, some in enumerate(twins.both)]
    if other_first:
        both.reverse()
    async with store.reading() as session:
        before = await head(session)

    await report(store, *both[0], *both[1], now=at(twins.recorded))

    found = await looks_as(store, twins.known, after=before, now=0, are_all=True)
    # By the names of the events that show it.
    of_each = [
        {
            (rule, str(thing).rpartition("/")[0])
            for rule, thing, name, *_ in found
            if f":t{n}:" in str(name)
        }
        for n in range(2)
    ]
    assert of_each[0] != of_each[1]


async def test_finds_the_same_in_chains_of_chance(fresh_store: FreshStores) -> None:
    """
    Of whatever happens, late, twice, shuffled and corrected, the same is found document by document
    as of each thing.
    """
    for seed in range(CHAINS):
        chances = Random(seed)
        async with fresh_store() as store:
            chains = [chain(number, chances, later=30) for number in range(2)]
            for number, events in enumerate(documents(chains, chances)):
                async with store.reading() as session:
                    before = await head(session)
                many = [like(event, n) for n in range(HERD) for event in events]
                await report(store, *many, now=NOW + number, note=f"urn:x:{seed}:{number}")
                await looks_as(store, Known(), after=before, now=NOW, are_all=True)
