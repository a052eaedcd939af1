"""The life of holds on the log, and what they reach, on two clocks."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.allocations import known_beside
from epcis_repo.errors import KeyReusedError, NotFoundError, QueryParameterError
from epcis_repo.evidence.tree import tree_size
from epcis_repo.findings import findings, findings_value
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.holds import (
    Hold,
    HoldReleasedError,
    HoldTakenError,
    hold_asked,
    holds,
    holds_reaching,
    one_hold,
    place_hold,
    reading,
    release_asked,
    release_hold,
)
from epcis_repo.holds.reading import holds_named
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.store import EventStore, Reading, open_store
from epcis_repo.store.log import head
from tests.conftest import FreshStores
from tests.operations import oracle
from tests.operations.chains import MINUTES, chain, documents, moment
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    at,
    commissioned,
    packed,
    report,
    shipped,
    unpacked,
)
from tests.operations.test_against_oracle import deliver

LOT = "(01)00300010123455(10)L1"
WHY = {"reason": "a complaint", "by": "QA"}
KINDS = ("hold", "recall", "mock_recall")
CHAINS = 40


async def place(store: EventStore, *of: str, now: int = NOW, **more: Any) -> Hold:
    return (await place_hold(store, hold_asked({"of": [*of], **WHY, **more}), now=now)).hold


async def release(store: EventStore, hold_id: str, *, now: int = NOW, **more: Any) -> Hold:
    return await release_hold(store, hold_id, release_asked({**WHY, **more}), now=now)


def hour(n: float) -> str:
    """A moment as whoever asks writes it."""
    return f"2026-01-01T{int(n):02}:{int(n * 60) % 60:02}:00Z"


async def reaching(store: EventStore, text: str, **clocks: Any) -> list[tuple[str, str, int]]:
    """What reaches something: the names of the holds, how, and how many things."""
    asked = {"now": NOW, "per_page": 1_000, **clocks}
    page = await holds_reaching(store, parse_identifier(text), **asked)
    return [(r.hold.hold_id, str(r.how), r.things or 0) for r in page.holds]


async def listed(store: EventStore, **asked: Any) -> list[Hold]:
    """The holds that last, or every one, as they were placed."""
    page = await holds(store, **{"now": NOW, "per_page": 1_000, **asked})
    assert page.next_page_token is None
    return [reached.hold for reached in page.holds]


class TestPlacing:
    async def test_records_who_when_and_why(self, store: EventStore) -> None:
        """
        A hold has what it is on, since when, who placed it and why, and when we learned it.
        """
        hold = await place(store, PACK, hold_id="H1", since=hour(2))

        assert hold == await one_hold(store, "H1")
        assert (hold.held, hold.since, hold.placed_at) == ((PACK,), at(2), NOW)
        assert (hold.reason, hold.by, hold.release) == ("a complaint", "QA", None)

    async def test_gives_a_name_where_none_is_given(self, store: EventStore) -> None:
        """
        A hold without a name gets one of its own, and holds from now on.
        """
        one, other = await place(store, PACK), await place(store, OTHER_PACK)

        assert one.hold_id != other.hold_id
        assert one.since == NOW
        assert await listed(store, every=True) == [one, other]

    async def test_of_the_same_without_a_name_happens_once(self, store: EventStore) -> None:
        """
        The same things by the same person for the same reason are one hold, as long as it lasts;
        whatever differs makes another.
        """
        first = await place(store, PACK, OTHER_PACK)

        assert await place(store, OTHER_PACK, "(01)00300010123455(21)A1", now=NOW + 1) == first
        others = [
            await place(store, PACK),
            *[
                await place(store, PACK, OTHER_PACK, now=NOW, **more)
                for more in ({"by": "Bob"}, {"reason": "another"}, {"since": hour(1)})
            ],
        ]
        assert len({first.hold_id, *(hold.hold_id for hold in others)}) == 5

    async def test_of_what_was_released_is_another(self, store: EventStore) -> None:
        """
        What is held again after it was released is held by another hold, each time.
        """
        names = []
        for number in range(3):
            hold = await place(store, PACK, now=NOW + number)
            assert await place(store, PACK, now=NOW + number) == hold
            names.append(hold.hold_id)
            await release(store, hold.hold_id, now=NOW + number)

        assert len({*names}) == 3

    async def test_of_the_same_by_eight_at_once_happens_once(self, store: EventStore) -> None:
        """
        Who sends the same many times at the same moment gets one hold.
        """
        found = await asyncio.gather(*(place(store, PACK) for _ in range(8)))

        assert len({hold.hold_id for hold in found}) == 1
        assert len(await listed(store, every=True)) == 1

    async def test_under_a_key_is_that_requests(self, store: EventStore) -> None:
        """
        A key is that of one request, whatever became of its hold; two keys are two requests.
        """
        keys = [idempotency_key(text, endpoint="holds") for text in ("K1", "K2")]
        asked = hold_asked({"of": [PACK], **WHY})

        first, second = [await place_hold(store, asked, key=key, now=NOW) for key in keys]
        await release(store, first.hold.hold_id)
        again = await place_hold(store, asked, key=keys[0], now=NOW + 1)

        assert first.hold.hold_id != second.hold.hold_id
        assert (first.again, again.again) == (False, True)
        assert again.hold == await one_hold(store, first.hold.hold_id)
        with pytest.raises(KeyReusedError, match="K1"):
            await place_hold(store, hold_asked({"of": [CASE], **WHY}), key=keys[0], now=NOW)

    async def test_of_a_name_under_a_key_may_be_asked_again(self, store: EventStore) -> None:
        """
        A name is taken, but for the request that has taken it.
        """
        key = idempotency_key("K1", endpoint="holds")
        asked = hold_asked({"of": [PACK], "hold_id": "H1", **WHY})
        await place_hold(store, asked, key=key, now=NOW)

        assert (await place_hold(store, asked, key=key, now=NOW)).again
        with pytest.raises(HoldTakenError):
            await place_hold(
                store, hold_asked({"of": [CASE], "hold_id": "H1", **WHY}), key=key, now=NOW
            )

    async def test_refuses_a_name_that_was_ever_taken(self, store: EventStore) -> None:
        """
        The number of a recall is that of one recall, also once it is over.
        """
        await place(store, PACK, kind="recall", hold_id="R1")
        await release(store, "R1")

        with pytest.raises(HoldTakenError, match="'R1'"):
            await place(store, OTHER_PACK, kind="recall", hold_id="R1")

    async def test_by_eight_at_once_happens_once(self, store: EventStore) -> None:
        """
        Of those who want one name at the same time one gets it.
        """
        answers = await asyncio.gather(
            *(place(store, PACK, hold_id="H1") for _ in range(8)), return_exceptions=True
        )

        assert sum(isinstance(answer, HoldTakenError) for answer in answers) == 7


class TestReleasing:
    async def test_keeps_the_hold(self, store: EventStore) -> None:
        """
        What is released is there, with both reasons, and holds no more.
        """
        await place(store, PACK, hold_id="H1", since=hour(2))

        hold = await release(store, "H1", until=hour(5), now=NOW + 1)

        assert hold.release is not None
        assert (hold.release.until, hold.release.released_at) == (at(5), NOW + 1)
        assert await one_hold(store, "H1") == hold
        for as_of, lasting in ((at(2) - 1, 0), (at(2), 1), (at(5) - 1, 1), (at(5), 0), (None, 0)):
            assert len(await listed(store, as_of=as_of, now=NOW + 1)) == lasting

    async def test_of_what_is_not_held_is_refused(self, store: EventStore) -> None:
        """
        Nothing is released that nobody holds, that was released, or before it is held.
        """
        await place(store, PACK, hold_id="H1", since=hour(2))

        for name in ("H2", "", "\0", "\ud800"):
            with pytest.raises(NotFoundError):
                await release(store, name)
        with pytest.raises(QueryParameterError, match="until"):
            await release(store, "H1", until=hour(1))
        await release(store, "H1")
        with pytest.raises(HoldReleasedError):
            await release(store, "H1")

    async def test_of_what_is_to_begin_has_it_never_hold(self, store: EventStore) -> None:
        """
        A hold that begins later, and is released before, holds at no moment.
        """
        await place(store, PACK, hold_id="H1", since="2030-01-01")
        await release(store, "H1")

        for as_of in (NOW, at(24 * 365 * 4), at(24 * 365 * 5)):
            assert await listed(store, as_of=as_of) == []

    async def test_by_eight_at_once_happens_once(self, store: EventStore) -> None:
        """
        Of those who release a hold at the same time one does.
        """
        await place(store, PACK, hold_id="H1")

        answers = await asyncio.gather(
            *(release(store, "H1") for _ in range(8)), return_exceptions=True
        )

        assert sum(isinstance(answer, HoldReleasedError) for answer in answers) == 7


class TestPages:
    async def test_have_each_once(self, store: EventStore) -> None:
        """
        Pages of any length have each hold once, in each of the ways in which it reaches a thing.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK, OTHER_PACK))
        names = [f"H{number}" for number in range(4)]
        for name in names:
            await place(store, CASE, PACK, hold_id=name, since=hour(0))

        for per_page in (1, 2, 3, 9):
            found: list[tuple[str, str]] = []
            token: str | None = None
            while True:
                page = await holds_reaching(
                    store, parse_identifier(CASE), per_page=per_page, token=token, now=NOW
                )
                assert len(page.holds) <= per_page
                found += [(reached.hold.hold_id, str(reached.how)) for reached in page.holds]
                token = page.next_page_token
                if token is None:
                    break
            assert found == [(name, how) for name in names for how in ("content", "itself")]

    async def test_go_on_past_what_was_released(self, store: EventStore) -> None:
        """
        The page after one whose last hold is over begins with the next that lasts.
        """
        for number in range(3):
            await place(store, PACK, hold_id=f"H{number}")
        first = await holds(store, per_page=1, now=NOW)
        await release(store, "H0")

        page = await holds(store, per_page=1, token=first.next_page_token, now=NOW + 1)

        assert [reached.hold.hold_id for reached in page.holds] == ["H1"]

    @pytest.mark.parametrize("token", ["", "x", "1", "-1", "1-ü", "9" * 30 + "-"])
    async def test_take_no_token_that_they_did_not_give(
        self, store: EventStore, token: str
    ) -> None:
        """
        What is no token is refused by name.
        """
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await holds(store, per_page=1, token=token, now=NOW)
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await holds_reaching(store, parse_identifier(PACK), per_page=1, token=token, now=NOW)

    async def test_have_all_that_last_wherever_they_are(self, store: EventStore) -> None:
        """
        Pages of any length have each hold that lasts, once, however many between are over.
        """
        for number in range(23):
            await place(store, PACK, hold_id=f"H{number}", since=hour(0))
        for number in range(23):
            if number % 7 != 3:
                await release(store, f"H{number}", until=hour(1))

        for every in (False, True):
            expected = [f"H{n}" for n in range(23) if every or n % 7 == 3]
            for per_page in (1, 2, 3, 4, 30):
                found: list[str] = []
                token: str | None = None
                while token is not None or not found:
                    page = await holds(store, every=every, per_page=per_page, token=token, now=NOW)
                    assert len(page.holds) <= per_page
                    found += [reached.hold.hold_id for reached in page.holds]
                    token = page.next_page_token
                    if token is None:
                        break
                assert found == expected

    async def test_cost_as_much_as_they_have(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A page reads its own holds and one more, wherever it is, and however many there are.
        """
        read: list[int] = []

        async def counted(session: Reading, names: Collection[str], until: int) -> dict[str, Hold]:
            read.append(len(names))
            return await holds_named(session, names, until)

        monkeypatch.setattr(reading, "holds_named", counted)
        for number in range(20):
            await place(store, PACK, hold_id=f"H{number}", since=hour(0))
        thing = parse_identifier(PACK)
        first = await holds(store, per_page=3, now=NOW)
        read.clear()

        for every in (False, True):
            await holds(store, every=every, per_page=3, token=first.next_page_token, now=NOW)
        before = (await holds_reaching(store, thing, per_page=3, now=NOW)).next_page_token
        await holds_reaching(store, thing, per_page=3, token=before, now=NOW)

        assert read == [4] * 4


class TestReaching:
    async def test_goes_up_and_down(self, store: EventStore) -> None:
        """
        A hold on a case reaches the pack in it and the pallet that it is on, and nothing beside it.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK))
        await report(store, packed(2, OTHER_CASE, OTHER_PACK), packed(3, PALLET, CASE, OTHER_CASE))
        await place(store, CASE, hold_id="H1", since=hour(0))

        assert await reaching(store, CASE) == [("H1", "itself", 1)]
        assert await reaching(store, PACK) == [("H1", "container", 1)]
        assert await reaching(store, PALLET) == [("H1", "content", 1)]
        assert await reaching(store, OTHER_CASE) == await reaching(store, OTHER_PACK) == []

    async def test_is_by_lot(self, store: EventStore) -> None:
        """
        A hold on a lot reaches its packs, and whatever has some of them in it, with how many.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK, OTHER_PACK))
        await place(store, LOT, kind="recall", hold_id="R1", since=hour(0))

        assert await reaching(store, PACK) == [("R1", "lot", 1)]
        assert await reaching(store, CASE) == [("R1", "content", 2)]
        assert await reaching(store, LOT) == [("R1", "itself", 1)]
        assert await reaching(store, "(01)00300010123455(10)L2") == []

    async def test_of_a_lot_are_those_on_its_serials(self, store: EventStore) -> None:
        """
        Who asks for a lot is told of the serials of it that are held.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK))
        await place(store, PACK, OTHER_PACK, hold_id="H1")

        assert await reaching(store, LOT) == [("H1", "content", 2)]

    async def test_is_as_of_the_moment(self, store: EventStore) -> None:
        """
        A hold on a case reaches a pack as long as that is in it, and since it was known.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), unpacked(6, CASE, PACK))
        await place(store, CASE, hold_id="H1", since=hour(4), now=NOW + 1)

        assert await reaching(store, PACK, as_of=at(3)) == []
        assert await reaching(store, PACK, as_of=at(5)) == [("H1", "container", 1)]
        assert await reaching(store, PACK, as_of=at(7)) == []
        assert await reaching(store, PACK, as_of=at(5), known_at=NOW) == []

    async def test_needs_no_event(self, store: EventStore) -> None:
        """
        What nobody has told of yet may be held; a mock recall reaches nothing.
        """
        await place(store, PACK, hold_id="H1")
        await place(store, OTHER_PACK, kind="mock_recall", hold_id="M1")

        assert await reaching(store, PACK) == [("H1", "itself", 1)]
        assert await reaching(store, OTHER_PACK) == []

    @pytest.mark.parametrize("seed", range(2))
    async def test_is_what_a_walk_finds(self, store: EventStore, seed: int) -> None:
        """
        Whatever happened in whatever order, holds reach what they do by the slow oracle.
        """
        chances = Random(seed)
        chains = [chain(number, chances) for number in range(CHAINS)]
        log = await deliver(store, documents(chains, chances))
        of_chain = {one.lot: {event.event_id for event in one.events} for one in chains}

        found = 0
        for one in chains:
            lot = f"(01)00300010123455(10){one.lot}"
            on = chances.choice([*one.things, lot, lot])
            hold = await place(store, on, since=hour(0), now=NOW + 1_000)
            own = [item for item in log if item.event_id in of_chain[one.lot]]
            as_of = moment(chances.randint(1, MINUTES + 2))
            things = [canonical_key(text) for text in one.things]
            walked = oracle.walk(own, things, as_of, NOW + 1_000)
            for text in one.things:
                expected = walk(walked, things, canonical_key(text), hold.keys[0])
                reached = await reaching(store, text, as_of=as_of)
                assert reached == [(hold.hold_id, *how) for how in sorted(expected.items())], text
                found += len(reached)
        assert found > CHAINS


def walk(walked: oracle.Walked, things: list[str], thing: str, held: str) -> dict[str, int]:
    """How a hold on a key reaches a thing, and how many things it reaches so."""

    def is_held(key: str) -> bool:
        lot, beginning = walked.lives[key].lot, key.partition("/21/")[0]
        return held in (key, f"{beginning}/10/{lot}")

    above = oracle.ancestors(thing, walked.inside)
    below = [other for other in things if thing in oracle.ancestors(other, walked.inside)]
    found = {}
    if held == thing:
        found["itself"] = 1
    elif is_held(thing):
        found["lot"] = 1
    if any(map(is_held, above)):
        found["container"] = 1
    if count := sum(map(is_held, below)):
        found["content"] = count
    return found


class TestKnowing:
    async def test_has_findings_see_them(self, store: EventStore) -> None:
        """
        What was shipped while it was held breaks a rule, from the moment on at which it is known; a
        mock recall is none.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), shipped(4, CASE))
        await place(store, PACK, kind="mock_recall", hold_id="M1", since=hour(3), now=NOW)
        await place(store, CASE, hold_id="H1", since=hour(3), now=NOW + 1)
        await place(store, LOT, kind="recall", hold_id="R1", since=hour(3), now=NOW + 2)

        told = []
        for known_at in (NOW, NOW + 1, NOW + 2):
            known = await known_beside(store, known_at=known_at)
            pack = parse_identifier(PACK)
            found = await findings(store, pack, now=at(5), known_at=known_at, known=known)
            told.append({finding["rule"] for finding in findings_value(found)["findings"]})

        assert told[0] & {"shipped-on-hold", "shipped-recalled"} == set()
        assert told[1] & {"shipped-on-hold", "shipped-recalled"} == {"shipped-on-hold"}
        assert told[2] >= {"shipped-on-hold", "shipped-recalled"}


@dataclass(frozen=True)
class Deed:
    """Something decided: on which hold, of which kind, from or until which hour."""

    hold_id: str
    kind: str | None
    hour: int


DEEDS = st.builds(
    Deed,
    st.sampled_from(["H1", "H2"]),
    st.sampled_from([*KINDS, None, None, None]),
    st.integers(0, 5),
)


class TestTheLog:
    async def test_has_the_decisions_among_the_captures(
        self, store: EventStore, store_url: str
    ) -> None:
        """
        Holds stand in the one log, in the tree, and are there when it is opened again.
        """
        hold = await place(store, PACK, hold_id="H1")
        await report(store, commissioned(2, PACK))

        again = open_store(store_url)
        assert await one_hold(again, "H1") == hold
        async with again.reading() as session:
            assert await tree_size(session) == await head(session) == 3
        await again.close()

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(DEEDS, max_size=8), st.integers(0, 6), st.integers(0, 9))
    async def test_tells_any_moment_of_any_other(
        self, fresh_store: FreshStores, deeds: list[Deed], as_of: int, known: int
    ) -> None:
        """
        As of any hour, as known after any decision, those last that a walk through the decisions
        finds.
        """
        async with fresh_store() as store:
            lasting: dict[str, tuple[str, int, int]] = {}
            expected: dict[str, tuple[str, int, int]] = {}
            for number, deed in enumerate(deeds):
                now, name = NOW + number, deed.hold_id
                try:
                    if deed.kind is not None:
                        more = {"kind": deed.kind, "hold_id": name, "since": hour(deed.hour)}
                        await place(store, PACK, now=now, **more)
                        assert name not in lasting
                        lasting[name] = (deed.kind, deed.hour, 99)
                    else:
                        await release(store, name, now=now, until=hour(deed.hour))
                        kind, since, until = lasting[name]
                        assert until == 99
                        assert since <= deed.hour
                        lasting[name] = (kind, since, deed.hour)
                except (HoldTakenError, HoldReleasedError, NotFoundError, QueryParameterError):
                    is_taken = deed.kind is not None and name in lasting
                    kind, since, until = lasting.get(name, ("", 99, 0))
                    is_free = deed.kind is None and (until != 99 or deed.hour < since)
                    assert is_taken or is_free
                if number <= known:
                    expected = dict(lasting)

            known_at = NOW + known
            clocks = {"as_of": at(as_of), "known_at": known_at, "now": NOW + 99}
            found = await listed(store, **clocks)
            reached = await reaching(store, PACK, as_of=at(as_of), known_at=known_at)

            names = [
                name
                for name, (kind, since, until) in expected.items()
                if kind != "mock_recall" and since <= as_of < until
            ]
            assert [hold.hold_id for hold in found] == names
            assert reached == [(name, "itself", 1) for name in names]
            every = await listed(store, every=True, known_at=known_at)
            assert [hold.hold_id for hold in every] == [*expected]
