"""What is found in what was captured: as of a moment, as known at another, whatever came first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.errors import NotFoundError, QueryParameterError, ScanError
from epcis_repo.findings import (
    Hold,
    Known,
    SerialRange,
    findings,
    findings_value,
    judge,
    operations,
)
from epcis_repo.findings.life import Life
from epcis_repo.findings.reading import read_lives
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.model.documents import Document, Vocabulary, VocabularyElement
from epcis_repo.model.events import Event, Place
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.capture import capture
from epcis_repo.projections.lives import EVERYTHING, Lives
from epcis_repo.projections.logged import LoggedEvent
from epcis_repo.projections.story import MOMENT_MAX, end_of
from epcis_repo.store import EventStore
from epcis_repo.store.log import head_at
from tests.conftest import FreshStores
from tests.findings.cases import (
    ALL,
    BOX,
    LOT,
    ROWS,
    THIRD_PACK,
    Row,
    begun,
    ended,
    looked_at,
    under_names,
)
from tests.findings.lives import lives_in
from tests.findings.test_rules import sentences
from tests.operations.chains import MINUTES, chain, documents, moment
from tests.operations.reports import (
    CASE,
    JSON_LD,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    PLANT,
    at,
    declared_in_error,
    named,
    packed,
    report,
    shipped,
)
from tests.operations.test_against_oracle import deliver

CHAINS = 100
# `make fuzz` looks further.
SEEDS = range(20 if "EPCIS_REPO_FUZZ" in os.environ else 2)
PLACE = Place(id=PLANT)
WRONG = named("urn:x:wrong", packed(3, OTHER_CASE, PACK))


async def value_of(store: EventStore, text: str, **asked: Any) -> dict[str, Any]:
    asked.setdefault("now", at(20))
    return findings_value(await findings(store, parse_identifier(text), **asked))


def rules(value: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in value["findings"]]


class TestFindings:
    async def test_are_told_with_what_they_contradict(self, store: EventStore) -> None:
        """
        A finding has its rule, a sentence in the names of its sender, the things, both events, and
        what to do.
        """
        first = named("urn:x:first", packed(2, CASE, PACK))
        await report(store, ALL, first, WRONG)

        value = await value_of(store, PACK)

        assert value["id"]["epc"] == PACK
        [finding] = value["findings"]
        assert (finding["number"], finding["rule"], finding["severity"]) == (
            *(2201, "two-parents"),
            "error",
        )
        assert finding["sentence"] == f"in {OTHER_CASE}, and never taken out of {CASE}"
        assert finding["epcs"] == [PACK]
        assert finding["event_id"] == "urn:x:wrong"
        assert finding["contradicts"]["event_id"] == "urn:x:first"
        assert "Scan both" in finding["what_to_do"]

    async def test_are_of_two_clocks(self, store: EventStore) -> None:
        """
        Before it happened, and before it was known, nothing was wrong; once it is declared in
        error, nothing is any more, and what was known before is still what it was.
        """
        await report(store, ALL, packed(2, CASE, PACK), now=NOW)
        await report(store, WRONG, now=NOW + 1)
        await report(store, declared_in_error(WRONG), now=NOW + 2)

        assert rules(await value_of(store, PACK, as_of=at(2.5), known_at=NOW + 1)) == []
        assert rules(await value_of(store, PACK, known_at=NOW)) == []
        assert rules(await value_of(store, PACK, known_at=NOW + 1)) == ["two-parents"]
        assert rules(await value_of(store, PACK)) == []

    async def test_are_those_of_the_moment_that_is_asked_about(self, store: EventStore) -> None:
        """
        What is under way has not been missing yet, as of when it was not.
        """
        await report(store, ALL, shipped(2, PACK))

        assert rules(await value_of(store, PACK, now=at(30 * 24))) == ["shipped-not-received"]
        assert rules(await value_of(store, PACK, now=at(30 * 24), as_of=at(48))) == []

    async def test_about_a_lot_are_those_of_its_serials(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What one event shows of several serials is told once, page by page.
        """
        await report(store, begun(PACK, OTHER_PACK), begun(CASE, OTHER_CASE))
        await report(store, packed(2, CASE, PACK, OTHER_PACK), ended(3, PACK))
        await report(store, packed(4, OTHER_CASE, PACK, OTHER_PACK))

        value = await value_of(store, LOT)

        assert value["things"] == 2
        told = {(f["rule"], *f["epcs"]) for f in value["findings"]}
        assert told == {("two-parents", PACK, OTHER_PACK), ("used-after-end", PACK)}
        monkeypatch.setattr(operations, "THINGS_PER_PAGE", 1)
        first = await findings(store, parse_identifier(LOT), now=at(20))
        token = first.next_page_token
        second = await findings(store, parse_identifier(LOT), now=at(20), token=token)
        pages = (findings_value(first), findings_value(second))
        assert [rules(page) for page in pages] == [
            ["two-parents", "used-after-end"],
            ["two-parents"],
        ]
        assert second.next_page_token is None

    async def test_are_of_the_serial_that_they_are_about(self, store: EventStore) -> None:
        """
        What went the same way as another is not on hold for that, nor outside of what was
        allocated, nor of the other's product.
        """
        both = replace(shipped(3, PACK), epc_list=(PACK, OTHER_PACK))
        await report(store, begun(PACK, OTHER_PACK, THIRD_PACK, BOX), both)
        hold = Hold(canonical_key(PACK), "hold 7", at(2))
        serials = {"01/00300010123455": [SerialRange("A2", "A9")]}
        await told_of(store, "EPCClass", "urn:epc:idpat:sgtin:030001.0012345.*")

        value = await value_of(store, LOT, known=Known(holds=[hold], ranges=serials))
        others = await lives_of(store, THIRD_PACK, BOX)

        told = {(f["rule"], *f["epcs"]) for f in value["findings"]}
        assert told == {("shipped-on-hold", PACK), ("serial-range", PACK)}
        assert [life.keys for life in others] == [[canonical_key(THIRD_PACK)], [canonical_key(BOX)]]

    async def test_know_what_master_data_tells_of(self, store: EventStore) -> None:
        """
        Where there is master data of products and places, what it does not tell of is unknown, and
        told once.
        """
        events = (begun(PACK, OTHER_PACK), begun(CASE), packed(2, CASE, PACK, OTHER_PACK))
        await report(store, *events, looked_at(4, PACK, biz_location=PLACE))
        before = await value_of(store, PACK)

        await told_of(store, "EPCClass", "urn:epc:idpat:sgtin:030001.0099999.*")
        await told_of(store, "Location", "urn:epc:id:sgln:030001.000009.0")
        value = await value_of(store, PACK)
        await told_of(store, "EPCClass", "urn:epc:idpat:sgtin:030001.0012345.*")
        await told_of(store, "Location", "urn:epc:id:sgln:030001.000001.0")

        assert rules(before) == []
        assert rules(value) == ["unknown-gtin", "unknown-gln"]
        assert rules(await value_of(store, PACK)) == []

    async def test_know_how_many_fit(self, store: EventStore) -> None:
        """
        A case has no more in it than master data says that its product has.
        """
        await report(store, begun(PACK, OTHER_PACK, BOX), packed(2, BOX, PACK, OTHER_PACK))
        size = ("urn:example:totalQuantityOfNextLowerLevelTradeItem", "1")
        await told_of(store, "EPCClass", "urn:epc:idpat:sgtin:030001.1012345.*", size)

        value = await value_of(store, BOX)

        assert rules(value) == ["pack-size"]
        assert "has 2 in it, where its product has 1" in value["findings"][0]["sentence"]

    async def test_are_of_what_is_named(self, store: EventStore) -> None:
        """
        What no event names is not found, nor before it happened; a class is none of its things.
        """
        await report(store, ALL)

        for text, clocks in ((f"{PACK}9", {}), (PACK, {"as_of": at(0.5)})):
            with pytest.raises(NotFoundError):
                await value_of(store, text, **clocks)
        with pytest.raises(ScanError, match="about a lot"):
            await value_of(store, "(01)00300010123455")
        with pytest.raises(NotFoundError):
            await value_of(store, "(01)00300010123455(10)L9")
        with pytest.raises(QueryParameterError):
            await value_of(store, LOT, token="x")

    @pytest.mark.parametrize(
        "rule", ["contains-itself", "repacked-unlisted", "shipped-empty", "lot-expiry", "case-lot"]
    )
    async def test_are_those_of_the_rules(self, store: EventStore, rule: str) -> None:
        """
        What was captured is found as it is without a database, and what is near to it is not.
        """
        row = next(row for row in ROWS if row.rule == rule)

        assert await rules_broken(store, row, row.breaks) == {rule}

    @pytest.mark.parametrize(
        "rule", ["contains-itself", "repacked-unlisted", "shipped-empty", "lot-expiry", "case-lot"]
    )
    async def test_are_none_next_to_it(self, store: EventStore, rule: str) -> None:
        """
        What is nearly the same breaks no rule.
        """
        row = next(row for row in ROWS if row.rule == rule)

        assert await rules_broken(store, row, row.keeps) == set()


async def lives_of(store: EventStore, *texts: str) -> list[Life]:
    """The lives of some things, as all is known."""
    keys = [canonical_key(text) for text in texts]
    async with store.reading() as session:
        lives = Lives(session)
        return await read_lives(
            session, lives, keys, until=EVERYTHING, moment=MOMENT_MAX, now=at(20)
        )


async def rules_broken(store: EventStore, row: Row, events: Sequence[Event]) -> set[str]:
    """The rules that things break of which these events tell."""
    await report(store, *under_names(events), now=at(row.recorded))
    found: set[str] = set()
    for text in (PACK, OTHER_PACK, THIRD_PACK, BOX, CASE, OTHER_CASE, PALLET):
        try:
            found |= {*rules(await value_of(store, text, known=row.known))}
        except NotFoundError:
            continue
    return found


async def told_of(
    store: EventStore, vocabulary: str, name: str, *attributes: tuple[str, Any]
) -> None:
    """Have a document tell of a product or a place."""
    element = VocabularyElement(id=name, attributes=attributes or (("urn:example:name", "x"),))
    kind = f"urn:epcglobal:epcis:vtype:{vocabulary}"
    body = Document(
        events=(),
        schema_version="2.0",
        creation_date=Timestamp(utc_text(NOW), NOW),
        vocabularies=(Vocabulary(type=kind, elements=(element,)),),
    )
    await capture(store, render_jsonld(body), JSON_LD, now=NOW)


@pytest.mark.parametrize("seed", SEEDS)
async def test_we_find_what_a_walk_finds(store: EventStore, seed: int) -> None:
    """
    In chains of chance the rules find in what is read of the log what they find in a slow walk
    through all events, at moments of chance.
    """
    chances = Random(seed)
    chains = [chain(number, chances) for number in range(CHAINS)]
    log = await deliver(store, documents(chains, chances))
    seen = set[str]()

    for one in chains:
        names = {event.event_id for event in one.events}
        own = [item for item in log if item.event_id in names]
        as_of = moment(chances.randint(1, MINUTES + 2))
        known_at = NOW + chances.randint(0, 15)
        walked = walk(own, as_of, known_at)
        async with store.reading() as session:
            until = await head_at(session, known_at)
            keys = [canonical_key(text) for text in one.things]
            read = await read_lives(
                session, Lives(session, until), keys, until=until, moment=as_of, now=as_of
            )
        found = judge(read, Known())
        assert [sentences(item) for item in found] == [
            sentences(item) for item in judge(walked, Known())
        ]
        assert packings(read) == packings(walked)
        seen |= {item.rule.id for item in found}

    # What never happens proves nothing.
    assert len(seen) > 12


def walk(log: Sequence[LoggedEvent], as_of: int, known_at: int) -> list[Life]:
    """The lives in what had happened and was known."""
    known = [item for item in log if item.record_time <= known_at]
    return lives_in(known, now=as_of, as_of=as_of)


def packings(lives: Sequence[Life]) -> dict[str, object]:
    """Where things were in, and what was in them."""
    return {
        key: (
            sorted((s.container, s.level, s.begins, s.ends) for s in life.stays),
            sorted((stay.child, *stay[2:4], end_of(stay)) for stay in life.content),
        )
        for life in lives
        for key in life.keys
    }


async def test_the_order_of_arrival_does_not_show(fresh_store: FreshStores) -> None:
    """
    The same events in another order, and in other documents, give the same findings as of any
    moment, as long as no two have one time.
    """
    chances = Random(5)
    chains = [chain(number, chances, later=0.5) for number in range(10)]
    asked = [
        (canonical_key(text), moment(chances.randint(1, MINUTES + 2)))
        for one in chains
        for text in chances.sample(one.things, 3)
    ]
    found = []
    for _ in range(2):
        async with fresh_store() as store:
            await deliver(store, documents(chains, chances))
            async with store.reading() as session:
                until = await head_at(session, NOW + 1_000)
                told = [
                    await read_lives(
                        session, Lives(session, until), [key], until=until, moment=then, now=then
                    )
                    for key, then in asked
                ]
            found.append([[sentences(f) for f in judge(lives, Known())] for lives in told])

    assert found[0] == found[1]
    assert any(found[0])
