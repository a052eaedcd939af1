"""What is found in what has just come in is what would be found by looking at each thing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from random import Random

import pytest

from epcis_repo.bindings.jsonld import parse_event, render_event
from epcis_repo.findings import RULES, Finding, Known, judge
from epcis_repo.findings.batch import News
from epcis_repo.findings.reading import read_lives, with_master_data
from epcis_repo.model.events import Event
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.reactions.judging import judge_news
from epcis_repo.reactions.reading import news_between
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from tests.conftest import FreshStores
from tests.findings.cases import ROWS, Row
from tests.findings.test_rules import row_ids
from tests.operations.chains import chain, documents
from tests.operations.reports import NOW, at, named, report

# `make fuzz` looks further.
CHAINS = 150 if "EPCIS_REPO_FUZZ" in os.environ else 12
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


def herd(events: Sequence[Event], name: str, *, first: int) -> list[Event]:
    """The events of several things that are alike."""
    named_so = [named(f"urn:x:{name}:{n}", event) for n, event in enumerate(events)]
    return [like(event, first + n) for n in range(HERD) for event in named_so]


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


async def looks_as(store: EventStore, known: Known, *, after: int, now: int, are_all: bool) -> None:
    """Look at what came after a position, and at all things one by one: what is found is alike."""
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
