"""Exceptions on the log: opened by hand and from findings, decided on, found again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from epcis_repo.errors import KeyReusedError, NotFoundError, QueryParameterError
from epcis_repo.evidence.tree import tree_size
from epcis_repo.exceptions import (
    Became,
    ExceptionCase,
    ExceptionChangedError,
    ExceptionClass,
    ExceptionStateError,
    ExceptionTakenError,
    Sought,
    State,
    decide_on,
    exception_asked,
    exception_decision_asked,
    exceptions,
    look_again,
    one_exception,
    open_exception,
    operations,
    raise_findings,
    reading,
)
from epcis_repo.findings import Hold, Known
from epcis_repo.findings import operations as finding
from epcis_repo.gs1 import canonical_key, parse_identifier
from epcis_repo.holds import hold_asked, place_hold
from epcis_repo.model.events import BizTransaction, Event
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.store import EventStore
from epcis_repo.store.documents import kept
from epcis_repo.store.log import head
from tests.operations.reports import (
    CASE,
    NOW,
    OTHER_CASE,
    OTHER_PACK,
    PACK,
    PALLET,
    at,
    commissioned,
    declared_in_error,
    named,
    packed,
    received,
    report,
    shipped,
    unpacked,
)
from tests.operations.test_custody import BUYER, MAKER, sold

LOT = "(01)00300010123455(10)L1"
DESADV = "urn:epcglobal:cbv:bt:030001000001:D1"
# What is a word of Python, too.
DATA_ISSUE: dict[str, Any] = {"class": "data_issue"}
WHY = {"reason": "two packs too few", "by": "Ann"}
KEY = idempotency_key("K1", endpoint="exceptions")


async def opened(store: EventStore, *, now: int = NOW, **asked: Any) -> ExceptionCase:
    asking = exception_asked({"kind": "shortage", **WHY, **asked})
    return (await open_exception(store, asking, now=now)).case


async def decided(
    store: EventStore, name: str, word: str, *, now: int = NOW, **asked: Any
) -> ExceptionCase:
    who = {"by": "Bob"} if word == "approve" else {}
    found = exception_decision_asked(name, {"decision": word, **WHY, **who, **asked})
    return await decide_on(store, found.decision, version=found.version, now=now)


async def raised(store: EventStore, text: str, *, now: int = NOW, **more: Any) -> dict[str, str]:
    """What became of exceptions when the findings of something were looked for, by kind."""
    found = await raise_findings(store, [parse_identifier(text)], by="Ann", now=now, **more)
    return {str(item.case.kind): item.became.value for item in found}


async def names(store: EventStore, *, now: int = NOW, **sought: Any) -> list[str]:
    page = await exceptions(store, Sought(**sought), per_page=1_000, now=now)
    return [case.exception_id for case in page.exceptions]


async def only(store: EventStore) -> ExceptionCase:
    (name,) = await names(store)
    return await one_exception(store, name)


def under(event: Event, transaction: str, name: str) -> Event:
    """An event of a delivery, between the maker and the buyer."""
    said = (BizTransaction(type="desadv", biz_transaction=transaction),)
    return named(name, replace(sold(event), biz_transaction_list=said))


async def lost(store: EventStore, *packs: str, transaction: str = DESADV, now: int = NOW) -> None:
    """Packs that were received, and never shipped to whom received them."""
    await report(store, commissioned(1, *packs), now=now, note=f"begun {packs}")
    for pack in packs:
        event = under(received(4, pack), transaction, f"urn:x:received:{pack}")
        await report(store, event, now=now, note=f"received {pack}")


class TestOpening:
    async def test_records_who_what_and_why(self, store: EventStore) -> None:
        """
        An exception has its class by its kind, what it is about, and when it is due.
        """
        case = await opened(
            store, exception_id="E1", things=[PACK, CASE], transactions=[DESADV], partner=MAKER
        )

        assert case == await one_exception(store, "E1")
        assert case.exception_class is ExceptionClass.DATA_NO_PRODUCT
        assert (case.things, case.transactions, case.partner) == ((PACK, CASE), (DESADV,), MAKER)
        assert (case.state, case.reason, case.by) == (State.OPEN, WHY["reason"], "Ann")
        assert (case.opened_at, case.due, case.version) == (NOW, NOW + at(48) - at(0), 1)

    async def test_takes_another_class_and_clock_where_they_are_said(
        self, store: EventStore
    ) -> None:
        """
        Who opens it may know better than the tables, and may have a kind of his own.
        """
        case = await opened(
            store, kind="a-kind-of-ours", due="2030-01-01", owner="Bob", **DATA_ISSUE
        )

        assert (case.exception_class.value, case.kind) == ("data_issue", "a-kind-of-ours")
        assert (case.owner, case.is_overdue(NOW)) == ("Bob", False)
        assert not case.is_overdue(at(24 * 365 * 4 + 24 * 2) - 1)
        assert case.is_overdue(at(24 * 365 * 4 + 24 * 2))

    async def test_refuses_a_name_that_was_ever_taken(self, store: EventStore) -> None:
        """
        A name is that of one exception, also once it is closed.
        """
        await opened(store, exception_id="E1")
        for word in ("resolve", "approve", "close"):
            await decided(store, "E1", word)

        with pytest.raises(ExceptionTakenError, match="'E1'"):
            await opened(store, exception_id="E1")

    async def test_gives_a_name_where_none_is_given(self, store: EventStore) -> None:
        """
        Two without names are two.
        """
        one, other = await opened(store), await opened(store)

        assert await names(store) == [other.exception_id, one.exception_id]

    async def test_by_eight_at_once_happens_once(self, store: EventStore) -> None:
        """
        Of those who want one name at the same time one gets it.
        """
        answers = await asyncio.gather(
            *(opened(store, exception_id="E1") for _ in range(8)), return_exceptions=True
        )

        assert sum(isinstance(answer, ExceptionTakenError) for answer in answers) == 7
        assert (await one_exception(store, "E1")).version == 1

    async def test_keeps_the_documents_that_it_rests_on(self, store: EventStore) -> None:
        """
        A message of a partner is kept with the decision that it led to, byte for byte.
        """
        body = b'{"message_uuid": "1"}'
        digest = sha256(body).hexdigest()
        documents = [(digest, body, "application/json")]

        case, _ = await open_exception(
            store, exception_asked({"kind": "shortage", **WHY}), now=NOW, documents=documents
        )

        assert [past.decision.documents for past in case.history] == [[digest]]
        async with store.reading() as session:
            assert (await kept(session, digest)).size == len(body)


class TestOpeningUnderAKey:
    @pytest.mark.parametrize("more", [{}, {"exception_id": "E1"}, {"due": "2026-01-01"}])
    async def test_opens_it_once(self, store: EventStore, more: dict[str, Any]) -> None:
        """
        The same request again has the answer that it had, whatever was decided since.
        """
        asked = exception_asked({"kind": "shortage", "things": [CASE, PACK], **WHY, **more})
        first = await open_exception(store, asked, key=KEY, now=NOW)
        await decided(store, first.case.exception_id, "begin")

        again = await open_exception(store, asked, key=KEY, now=NOW + 999)

        assert (first.again, again.again) == (False, True)
        assert again.case == first.case
        assert len(await names(store)) == 1

    @pytest.mark.parametrize(
        "more",
        [
            pytest.param({"reason": "three packs too few"}, id="reason"),
            pytest.param({"things": [PACK]}, id="things"),
            pytest.param({"due": "2026-01-01"}, id="due"),
        ],
    )
    async def test_refuses_another_request(self, store: EventStore, more: dict[str, Any]) -> None:
        """
        What a key was given to, it stays with.
        """
        asked = {"kind": "shortage", **WHY}
        await open_exception(store, exception_asked(asked), key=KEY, now=NOW)

        with pytest.raises(KeyReusedError):
            await open_exception(store, exception_asked({**asked, **more}), key=KEY, now=NOW)

        assert len(await names(store)) == 1

    async def test_keeps_to_the_name_that_is_said(self, store: EventStore) -> None:
        """
        A name that another exception has is taken, under whatever key.
        """
        await opened(store, exception_id="E1")
        asked = exception_asked({"kind": "overage", **WHY, "exception_id": "E1"})

        with pytest.raises(ExceptionTakenError):
            await open_exception(store, asked, key=KEY, now=NOW)

    async def test_by_eight_at_once_opens_one(self, store: EventStore) -> None:
        """
        Of requests that come at once one opens it, and the others have its answer.
        """
        asked = exception_asked({"kind": "shortage", **WHY})

        answers = await asyncio.gather(
            *(open_exception(store, asked, key=KEY, now=NOW + n) for n in range(8))
        )

        assert sorted(answer.again for answer in answers) == [False, *[True] * 7]
        assert len({answer.case.exception_id for answer in answers}) == 1

    async def test_is_another_under_another_key(self, store: EventStore) -> None:
        """
        Who gives two keys has two exceptions, and who gives none as many as he asks for.
        """
        asked = exception_asked({"kind": "shortage", **WHY})
        other = idempotency_key("K2", endpoint="exceptions")

        for key in (KEY, other, None, None):
            await open_exception(store, asked, key=key, now=NOW)

        assert len(await names(store)) == 4


class TestDeciding:
    async def test_is_part_of_the_log(self, store: EventStore) -> None:
        """
        Each decision is an event, and a leaf of the tree.
        """
        await opened(store, exception_id="E1")
        for word in ("begin", "comment", "resolve"):
            await decided(store, "E1", word)

        async with store.reading() as session:
            assert await head(session) == await tree_size(session) == 4

    async def test_on_what_is_not_there_is_refused(self, store: EventStore) -> None:
        """
        A name that no exception has, or can have, is not found.
        """
        for name in ("E2", "", "\0", "\ud800"):
            with pytest.raises(NotFoundError):
                await decided(store, name, "comment")
            with pytest.raises(NotFoundError):
                await one_exception(store, name)

    async def test_names_a_hold_that_there_is(self, store: EventStore) -> None:
        """
        What contains it is a hold; a name that none has is refused.
        """
        await opened(store, exception_id="E1", things=[PACK])

        with pytest.raises(NotFoundError, match="'H1'"):
            await decided(store, "E1", "contain", hold_id="H1")
        await place_hold(store, hold_asked({"of": [PACK], "hold_id": "H1", **WHY}), now=NOW)

        assert (await decided(store, "E1", "contain", hold_id="H1")).holds == ("H1",)

    async def test_by_two_at_once_on_one_version_happens_once(self, store: EventStore) -> None:
        """
        Of two who have read the same and decide, one is told that somebody else was first.
        """
        await opened(store, exception_id="E1")

        answers = await asyncio.gather(
            *(
                decided(store, "E1", "assign", owner=owner, version=1)
                for owner in ("Ann", "Bob", "Cid", "Dan")
            ),
            return_exceptions=True,
        )

        assert sum(isinstance(answer, ExceptionChangedError) for answer in answers) == 3
        case = await one_exception(store, "E1")
        assert case.version == 2
        assert case in answers

    async def test_by_two_at_once_without_one_goes_by_the_state(self, store: EventStore) -> None:
        """
        Who says no version is told only if his step is not there any more; comments all are.
        """
        await opened(store, exception_id="E1")

        steps = await asyncio.gather(
            *(decided(store, "E1", "begin") for _ in range(4)), return_exceptions=True
        )
        await asyncio.gather(*(decided(store, "E1", "comment") for _ in range(4)))

        assert sum(isinstance(answer, ExceptionStateError) for answer in steps) == 3
        assert (await one_exception(store, "E1")).version == 6

    async def test_adds_what_it_is_about(self, store: EventStore) -> None:
        """
        What is added later is found by that, in its place among the others.
        """
        await opened(store, exception_id="E1", things=[PACK])
        await opened(store, exception_id="E2", things=[OTHER_PACK])
        await decided(store, "E1", "amend", things=["(01)00300010123455(21)A2"])

        assert await names(store, key=canonical_key(OTHER_PACK)) == ["E2", "E1"]
        assert await names(store, key=canonical_key(PACK)) == ["E1"]
        assert await names(store, key=canonical_key(CASE)) == []


class TestFindings:
    async def test_of_one_cause_are_one_exception(self, store: EventStore) -> None:
        """
        However many serials of a delivery nobody told of, it is one; another delivery is another.
        """
        await lost(store, PACK, OTHER_PACK)
        await lost(store, "urn:epc:id:sgtin:030001.0012345.A3", transaction="urn:x:D2")

        became = await raise_findings(store, [parse_identifier(LOT)], by="Ann", now=NOW)

        assert [item.became for item in became] == [Became.OPENED] * 2
        first = became[0].case
        assert (first.kind, first.by) == ("received-not-shipped", "Ann")
        assert first.exception_class is ExceptionClass.PRODUCT_NO_DATA
        assert (first.things, first.transactions) == ((PACK, OTHER_PACK), (DESADV,))
        assert (first.partner, len(first.events), len(first.findings)) == (MAKER, 2, 2)
        assert first.cause == f"received-not-shipped in {DESADV}"
        for pack in (PACK, OTHER_PACK):
            assert await names(store, key=canonical_key(pack)) == [first.exception_id]

    async def test_that_were_found_before_change_nothing(self, store: EventStore) -> None:
        """
        The same findings again, of a lot or of a thing, in whatever state, record nothing.
        """
        await lost(store, PACK, OTHER_PACK)
        await raised(store, LOT)
        case = await only(store)

        for word in ("begin", "ask_partner", "resolve", "approve", "close"):
            await decided(store, case.exception_id, word)
            async with store.reading() as session:
                position = await head(session)
            for text in (LOT, PACK):
                became = await raised(store, text, now=NOW + 1)
                assert became == {"received-not-shipped": "unchanged"}
            async with store.reading() as session:
                assert await head(session) == position

    async def test_that_are_new_are_added(self, store: EventStore) -> None:
        """
        Another serial of the delivery is added to the exception that there is, and it goes on.
        """
        await lost(store, PACK)
        await raised(store, LOT)
        await decided(store, (await only(store)).exception_id, "begin")
        await lost(store, OTHER_PACK)

        assert await raised(store, LOT) == {"received-not-shipped": "amended"}

        case = await only(store)
        assert (case.state, case.things) == (State.IN_WORK, (PACK, OTHER_PACK))
        assert [len(item["epcs"]) for item in case.findings] == [1, 1]

    @pytest.mark.parametrize("steps", [("resolve",), ("resolve", "approve", "close")])
    async def test_that_are_new_reopen_what_is_over(
        self, store: EventStore, steps: tuple[str, ...]
    ) -> None:
        """
        When the cause comes back, its exception is open again, due anew, with all its history.
        """
        await lost(store, PACK)
        await raised(store, LOT)
        name = (await only(store)).exception_id
        for word in steps:
            await decided(store, name, word)
        await lost(store, OTHER_PACK)

        assert await raised(store, LOT, now=NOW + 7) == {"received-not-shipped": "reopened"}

        case = await only(store)
        assert (case.exception_id, case.state, case.times_reopened) == (name, State.OPEN, 1)
        assert case.due == NOW + 7 + at(48) - at(0)
        assert case.version == 1 + len(steps) + 2
        assert case.things == (PACK, OTHER_PACK)

    async def test_by_eight_at_once_are_one_exception(self, store: EventStore) -> None:
        """
        Of those who look at the same time, one opens it, and to the others it is known.
        """
        await lost(store, PACK)

        answers = await asyncio.gather(*(raised(store, LOT) for _ in range(8)))

        became = sorted(answer["received-not-shipped"] for answer in answers)
        assert became == ["opened"] + ["unchanged"] * 7

    async def test_of_several_rules_are_several(self, store: EventStore) -> None:
        """
        What is shipped while it is held, and packed twice, has an exception of each class.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK))
        await report(store, named("urn:x:wrong", packed(3, OTHER_CASE, PACK)))
        await report(store, sold(shipped(4, OTHER_CASE)))
        held = Known(holds=[Hold(canonical_key(PACK), "H1", at(0))])

        became = await raised(store, PACK, now=at(5), known=held)

        assert became == {"two-parents": "opened", "shipped-on-hold": "opened"}
        found = await exceptions(store, Sought(), per_page=9, now=at(5))
        by_kind = {case.kind: case for case in found.exceptions}
        assert by_kind["shipped-on-hold"].partner == BUYER
        assert by_kind["two-parents"].cause == "two-parents of 01/00300010123455 in lot L1"

    async def test_of_several_things_with_one_cause_are_one_exception(
        self, store: EventStore
    ) -> None:
        """
        Who looks at two packs of a delivery is told once of what they have in common.
        """
        await lost(store, PACK, OTHER_PACK)

        packs = [parse_identifier(pack) for pack in (PACK, OTHER_PACK)]
        (found,) = await raise_findings(store, packs, by="Ann", now=NOW)

        assert (found.became, found.case.things) == (Became.OPENED, (PACK, OTHER_PACK))

    async def test_of_what_is_sound_are_none(self, store: EventStore) -> None:
        """
        Nothing is recorded of a thing with which all is as it should be.
        """
        await report(store, commissioned(1, PACK))

        assert await raised(store, PACK) == {}
        assert await names(store) == []

    async def test_of_what_nobody_named_are_not_found(self, store: EventStore) -> None:
        """
        A thing that no event names is not sound: nobody knows it.
        """
        with pytest.raises(NotFoundError):
            await raised(store, PACK)

    async def test_of_a_long_lot_are_found_page_by_page(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A cause that goes on over pages of serials is one exception, with all of them.
        """
        monkeypatch.setattr(finding, "THINGS_PER_PAGE", 1)
        await lost(store, PACK, OTHER_PACK)

        assert await raised(store, LOT) == {"received-not-shipped": "opened"}

        assert (await only(store)).things == (PACK, OTHER_PACK)


class TestFindingsThatAreNoMore:
    async def test_resolve_their_exception(self, store: EventStore) -> None:
        """
        When what was found was declared in error, its exception is resolved by who looks again.
        """
        event = under(received(4, PACK), DESADV, "urn:x:received")
        await report(store, commissioned(1, PACK), event)
        await raised(store, PACK)
        await report(store, declared_in_error(event, 9))

        assert await raised(store, PACK, now=NOW + 1) == {"received-not-shipped": "resolved"}

        case = await only(store)
        assert (case.state, case.findings, case.things) == (State.RESOLVED, (), (PACK,))
        assert [item["epcs"] for item in case.cleared] == [[PACK]]
        assert case.resolution is not None
        assert (case.resolution.by, case.resolution.at) == ("Ann", NOW + 1)
        assert "found no more" in case.resolution.reason
        assert await raised(store, PACK, now=NOW + 2) == {}

    async def test_are_told_while_others_stand(self, store: EventStore) -> None:
        """
        An exception with findings that stand goes on, and says which do not any more.
        """
        await lost(store, PACK)
        event = under(received(4, OTHER_PACK), DESADV, "urn:x:other")
        await report(store, commissioned(1, OTHER_PACK), event)
        await raised(store, LOT)
        await report(store, declared_in_error(event, 9))

        # Whichever thing of it is asked about, all of it is looked at.
        assert await raised(store, PACK) == {"received-not-shipped": "lessened"}

        case = await only(store)
        assert case.state is State.OPEN
        assert [item["epcs"] for item in case.findings] == [[PACK]]
        assert [item["epcs"] for item in case.cleared] == [[OTHER_PACK]]

    async def test_reopen_it_when_they_come_back(self, store: EventStore) -> None:
        """
        The same finding of the same event, once it is found again, opens the exception again.
        """
        await lost(store, PACK)
        await raised(store, PACK)
        late = named("urn:x:shipped", sold(shipped(3, PACK)))
        await report(store, late)
        assert await raised(store, PACK) == {"received-not-shipped": "resolved"}
        await report(store, declared_in_error(late, 9))

        assert await raised(store, PACK) == {"received-not-shipped": "reopened"}

        case = await only(store)
        assert (case.state, case.times_reopened, case.cleared) == (State.OPEN, 1, ())
        assert [item["epcs"] for item in case.findings] == [[PACK]]

    async def test_are_looked_for_by_the_name_of_their_exception(self, store: EventStore) -> None:
        """
        Who works on an exception asks by its name; one without findings stays as it is.
        """
        await lost(store, PACK)
        await raised(store, PACK)
        name = (await only(store)).exception_id
        await opened(store, exception_id="E1", things=[PACK])
        await report(store, named("urn:x:shipped", sold(shipped(3, PACK))))

        found = await raise_findings(store, [], exception_ids=["E1", name], by="Bob", now=NOW)

        assert [item.became for item in found] == [Became.UNCHANGED, Became.RESOLVED]
        with pytest.raises(NotFoundError):
            await raise_findings(store, [], exception_ids=["E2"], by="Bob", now=NOW)

    async def test_of_several_things_are_looked_for_together(self, store: EventStore) -> None:
        """
        Each exception about any of the things, and each that is named, is told of once.
        """
        packs = [PACK, OTHER_PACK, "urn:epc:id:sgtin:030001.0012345.A3"]
        for number, pack in enumerate(packs):
            await lost(store, pack, transaction=f"urn:x:D{number}")
        things = [parse_identifier(pack) for pack in packs]
        opened = await raise_findings(store, things, by="Ann", now=NOW)
        for number, pack in enumerate(packs):
            await report(store, named(f"urn:x:shipped:{number}", sold(shipped(3, pack))))

        last = opened[-1].case.exception_id
        found = await raise_findings(store, things[:2], exception_ids=[last], by="Ann", now=NOW)

        assert {item.case.exception_id for item in found} == {
            item.case.exception_id for item in opened
        }
        assert [item.became for item in found] == [Became.RESOLVED] * 3

    async def test_of_what_was_all_in_error_are_no_more_either(self, store: EventStore) -> None:
        """
        A thing of which nothing is known any more has no findings, and its exception none.
        """
        event = under(received(4, PACK), DESADV, "urn:x:received")
        await report(store, event)
        became = await raised(store, PACK)
        await report(store, declared_in_error(event, 9))

        assert await raised(store, PACK) == dict.fromkeys(became, "resolved")

    async def test_of_holds_go_with_them(self, store: EventStore) -> None:
        """
        A hold that was released before the shipment leaves no finding of that.
        """
        await report(store, commissioned(1, PACK), sold(shipped(4, PACK)))
        held = Known(holds=[Hold(canonical_key(PACK), "H1", at(0))])
        assert await raised(store, PACK, now=at(5), known=held) == {"shipped-on-hold": "opened"}
        over = Known(holds=[Hold(canonical_key(PACK), "H1", at(0), at(3))])

        assert await raised(store, PACK, now=at(5), known=held) == {"shipped-on-hold": "unchanged"}
        assert await raised(store, PACK, now=at(5), known=over) == {"shipped-on-hold": "resolved"}

    async def test_are_looked_for_among_some(self, store: EventStore) -> None:
        """
        Who knows which of them may be others now has no more looked at, and what comes back does.
        """
        await lost(store, PACK, OTHER_PACK)
        [raised_of] = await raise_findings(store, [parse_identifier(LOT)], by="Ann", now=NOW)
        name = raised_of.case.exception_id
        late = [named(f"urn:x:{n}", sold(shipped(3, p))) for n, p in enumerate((PACK, OTHER_PACK))]
        await report(store, *late)
        one, other = sorted(raised_of.case.shown, key=lambda shown: shown[1])
        who: dict[str, Any] = {"by": "Bob", "known": Known(), "now": NOW}

        lessened = await look_again(store, name, {one}, **who)
        await report(store, declared_in_error(late[0], 9))
        left = await look_again(store, name, {other}, **who)
        back = await look_again(store, name, {one, ("urn:x:none", other[1])}, **who)

        assert lessened.became is Became.LESSENED
        assert lessened.case.shown == frozenset({other})
        assert left.became is Became.RESOLVED
        assert (back.became, back.case.shown) == (Became.REOPENED, frozenset({one}))

    @pytest.mark.parametrize("together", [1, 2])
    async def test_are_looked_for_some_at_a_time(
        self, store: EventStore, together: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        However many things an exception is about, all of them are looked at.
        """
        monkeypatch.setattr(reading, "_TOGETHER", together)
        packs = [f"urn:epc:id:sgtin:030001.0012345.B{number}" for number in range(3)]
        await lost(store, *packs)
        await raised(store, LOT)
        await report(store, named("urn:x:shipped", sold(shipped(3, packs[1]))))

        assert await raised(store, LOT) == {"received-not-shipped": "lessened"}

        case = await only(store)
        assert [item["epcs"] for item in case.cleared] == [[packs[1]]]


class TestKnowing:
    async def test_is_of_a_moment(self, store: EventStore) -> None:
        """
        What was known of an exception at a moment is what had been decided by then.
        """
        await opened(store, exception_id="E1", now=NOW)
        await decided(store, "E1", "begin", now=NOW + 10)
        await decided(store, "E1", "resolve", now=NOW + 20)

        for moment, state in ((0, State.OPEN), (10, State.IN_WORK), (99, State.RESOLVED)):
            case = await one_exception(store, "E1", known_at=NOW + moment)
            assert case.state is state
            page = await exceptions(store, Sought(), per_page=9, known_at=NOW + moment, now=0)
            assert page.exceptions == [case]
        with pytest.raises(NotFoundError):
            await one_exception(store, "E1", known_at=NOW - 1)
        page = await exceptions(store, Sought(), per_page=9, known_at=NOW - 1, now=NOW)
        assert page.exceptions == []

    async def test_of_what_is_overdue_is_of_that_moment_too(self, store: EventStore) -> None:
        """
        What was overdue then is asked by the clock of then.
        """
        await opened(store, exception_id="E1", now=at(0))
        await decided(store, "E1", "resolve", now=at(60))

        for moment, overdue in ((at(1), []), (at(50), ["E1"]), (at(61), [])):
            page = await exceptions(
                store, Sought(overdue=True), per_page=9, known_at=moment, now=NOW
            )
            assert [case.exception_id for case in page.exceptions] == overdue


class TestListing:
    async def test_finds_what_is_sought(self, store: EventStore) -> None:
        """
        Each parameter narrows it by itself, and all of them hold together.
        """
        await opened(store, exception_id="E1", things=[PACK], owner="Ann", partner=MAKER)
        await opened(store, exception_id="E2", kind="damaged", things=[PALLET])
        await opened(store, exception_id="E3", kind="wrong_lot", owner="Ann", due="2020-01-01")
        await decided(store, "E2", "begin", by="Bob")

        sought: dict[str, tuple[dict[str, Any], list[str]]] = {
            "all": ({}, ["E3", "E2", "E1"]),
            "state": ({"state": State.OPEN}, ["E3", "E1"]),
            "class": ({"exception_class": ExceptionClass.UNAVAILABLE_FOR_DISTRIBUTION}, ["E2"]),
            "kind": ({"kind": "shortage"}, ["E1"]),
            "owner": ({"owner": "Ann"}, ["E3", "E1"]),
            "partner": ({"partner": MAKER}, ["E1"]),
            "overdue": ({"overdue": True}, ["E3"]),
            "not overdue": ({"overdue": False}, ["E2", "E1"]),
            "thing": ({"key": canonical_key(PALLET)}, ["E2"]),
            "two": ({"owner": "Ann", "overdue": False}, ["E1"]),
            "none": ({"owner": "Bob", "state": State.OPEN}, []),
        }
        for what, (given, expected) in sought.items():
            assert await names(store, **given) == expected, what

    async def test_finds_those_about_its_lot_and_its_containers(self, store: EventStore) -> None:
        """
        Who asks about a pack is told of what is about its lot, its case and its pallet; who asks
        about those, of what is about the pack; and of nothing beside them.
        """
        await report(store, commissioned(1, PACK, OTHER_PACK), packed(2, CASE, PACK))
        await report(store, packed(2, OTHER_CASE, OTHER_PACK), packed(3, PALLET, CASE))
        about = {"pack": PACK, "case": CASE, "pallet": PALLET, "lot": LOT, "other": OTHER_CASE}
        for name, thing in about.items():
            await opened(store, exception_id=name, things=[thing])

        reaching = {
            PACK: ["lot", "pallet", "case", "pack"],
            CASE: ["lot", "pallet", "case", "pack"],
            PALLET: ["lot", "pallet", "case", "pack"],
            LOT: ["lot", "pack"],
            OTHER_CASE: ["other", "lot"],
            OTHER_PACK: ["other", "lot"],
        }
        for thing, expected in reaching.items():
            key = parse_identifier(thing).key
            assert await names(store, key=key) == expected, thing

    async def test_finds_those_about_its_containers_as_of_a_moment(self, store: EventStore) -> None:
        """
        A pack is in its case from one event to another, and what is about the case goes with that.
        """
        await report(store, commissioned(1, PACK), packed(2, CASE, PACK), unpacked(6, CASE, PACK))
        await opened(store, exception_id="E1", things=[CASE])
        sought = Sought(key=canonical_key(PACK))

        for moment, expected in ((at(1), 0), (at(3), 1), (at(7), 0), (None, 0)):
            page = await exceptions(store, sought, per_page=9, as_of=moment, now=NOW)
            assert len(page.exceptions) == expected

    @pytest.mark.parametrize("together", [1, 2, 200])
    async def test_goes_on_page_by_page(
        self, store: EventStore, together: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Pages have each once, the newest first, however many are looked at together.
        """
        monkeypatch.setattr(operations, "_TOGETHER", together)
        for number in range(7):
            owner = "Ann" if number % 2 else "Bob"
            await opened(store, exception_id=f"E{number}", owner=owner, things=[PACK])

        for sought, expected in (
            (Sought(), [f"E{number}" for number in range(6, -1, -1)]),
            (Sought(owner="Bob"), ["E6", "E4", "E2", "E0"]),
            (Sought(key=canonical_key(PACK), owner="Ann"), ["E5", "E3", "E1"]),
        ):
            for per_page in (1, 2, 4):
                found: list[str] = []
                token: str | None = None
                while True:
                    page = await exceptions(store, sought, per_page=per_page, token=token, now=NOW)
                    assert len(page.exceptions) <= per_page
                    found += [case.exception_id for case in page.exceptions]
                    token = page.next_page_token
                    if token is None:
                        break
                assert found == expected

    @pytest.mark.parametrize("token", ["", "x", "-1", "1.5", "9" * 30, "²"])
    async def test_takes_no_token_that_it_did_not_give(self, store: EventStore, token: str) -> None:
        """
        What is no token is refused by name.
        """
        with pytest.raises(QueryParameterError, match="nextPageToken"):
            await exceptions(store, Sought(), per_page=1, token=token, now=NOW)
