"""Capture: whole or nothing, once, and to the byte."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.capture_jobs import job
from epcis_repo.errors import (
    DuplicateEventError,
    NotFoundError,
    UnsupportedMediaTypeError,
    ValidationError,
)
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED
from epcis_repo.model.events import EVENT_TYPES, Event
from epcis_repo.model.times import Timestamp
from epcis_repo.operations import preparing
from epcis_repo.operations.capture import capture
from epcis_repo.projections import PROJECTIONS
from epcis_repo.store import EventStore, RecordedEvent, open_store
from epcis_repo.store.log import read
from tests.operations.reports import (
    CASE,
    JSON_LD,
    NOW,
    OTHER_PACK,
    PACK,
    at,
    commissioned,
    declared_in_error,
    document,
    named,
    observed,
    packed,
    report,
    shipped,
    story_of,
    told,
)
from tests.shared_data import shared
from tests.store.facts import whole


async def log_of(store: EventStore) -> list[RecordedEvent]:
    """The whole log."""
    async with store.reading() as session:
        return [event async for event in read(session)]


async def events_of(store: EventStore) -> list[Event]:
    """The EPCIS events of the log."""
    return [parse_event(e.data) for e in await log_of(store) if e.type in EVENT_TYPES]


async def counts(store: EventStore) -> dict[str, int]:
    """How many rows each table has."""
    tables = ["events", "event_tag", "document"]
    tables += [table for projection in PROJECTIONS for table in projection.TABLES]
    async with store.reading() as session:
        return {
            name: len(await session.fetch(f"SELECT 1 FROM {name} WHERE part = $1", session.part))
            for name in tables
        }


class TestADocument:
    async def test_is_recorded_whole(self, store: EventStore) -> None:
        """
        Its events come in their order, then the receipt; the receipt says what happened.
        """
        body = document(commissioned(1, PACK, CASE), packed(2, CASE, PACK), shipped(3, CASE))

        receipt = await capture(store, body, JSON_LD, now=NOW)

        log = await log_of(store)
        assert [event.type for event in log] == [
            *("ObjectEvent", "AggregationEvent", "ObjectEvent"),
            DOCUMENT_CAPTURED,
        ]
        assert {event.record_time for event in log} == {NOW}
        assert (receipt.events, receipt.recorded, receipt.repeated) == (3, 3, False)
        assert receipt.event_ids == tuple(event.event_id for event in log[:-1])
        assert receipt.created == "2026-05-28T20:26:40.000Z"
        assert (await job(store, receipt.capture_id)).receipt == receipt

    async def test_is_kept_to_the_byte(self, store: EventStore) -> None:
        """
        The bytes come back as they were sent, blanks and all, under their own digest.
        """
        body = b" \n\t" + document(commissioned(1, PACK)).replace(b",", b" ,\r\n") + b"\n\n"

        receipt = await capture(store, body, "application/ld+json; charset=utf-8", now=NOW)

        async with store.reading() as session:
            found = await whole(session, receipt.document)
        assert found == (body, "application/ld+json; charset=utf-8")

    async def test_that_breaks_a_rule_leaves_nothing(self, store: EventStore) -> None:
        """
        Every violation of every event is listed, and no good event of the document is recorded.
        """
        body = document(
            commissioned(1, PACK),
            observed(2, "urn:epc:id:sgtin:030001.0012345", "urn:epc:id:sscc:1"),
            replace(packed(3, CASE), child_epcs=None),
            replace(shipped(4, PACK), event_id="a b", ilmd={}),
        )

        with pytest.raises(ValidationError) as caught:
            await capture(store, body, JSON_LD, now=NOW)

        found = [(v.event, v.pointer.rpartition("eventList/")[2]) for v in caught.value.violations]
        assert found == [
            (2, "1/epcList/0"),
            (2, "1/epcList/1"),
            (3, "2/childEPCs"),
            (4, "3/eventID"),
            (4, "3/ilmd"),
        ]
        assert set((await counts(store)).values()) == {0}

    @pytest.mark.parametrize(
        ("body", "media_type", "error"),
        [
            pytest.param(b"", JSON_LD, ValidationError, id="empty"),
            pytest.param(b"{", JSON_LD, ValidationError, id="cut short"),
            pytest.param(document(commissioned(1, PACK)), "application/xml", ValidationError),
            pytest.param(b"{}", "text/csv", UnsupportedMediaTypeError, id="no binding"),
        ],
    )
    async def test_that_cannot_be_read_leaves_nothing(
        self, store: EventStore, body: bytes, media_type: str, error: type[Exception]
    ) -> None:
        """
        What is no document is refused before anything is written.
        """
        with pytest.raises(error):
            await capture(store, body, media_type, now=NOW)

        assert set((await counts(store)).values()) == {0}

    async def test_that_fails_halfway_leaves_nothing(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        When a read model cannot be folded, neither the events nor the document are there.
        """

        async def fail(*_: object) -> None:
            raise RuntimeError

        with monkeypatch.context() as broken:
            broken.setattr(PROJECTIONS[-1], "project", fail)
            with pytest.raises(RuntimeError):
                await report(store, commissioned(1, PACK), packed(2, CASE, PACK))

        assert set((await counts(store)).values()) == {0}
        assert (await report(store, commissioned(1, PACK))).recorded == 1

    async def test_without_events_gets_a_receipt(self, store: EventStore) -> None:
        """
        An empty list of events, and master data alone, are captured like any other document.
        """
        empty = await report(store)
        header = document().replace(b'"eventList":[]', b"")
        bare = await capture(store, header, JSON_LD, now=NOW)

        for receipt in (empty, bare):
            assert (receipt.events, receipt.recorded, receipt.event_ids) == (0, 0, ())
        assert [event.type for event in await log_of(store)] == [DOCUMENT_CAPTURED] * 2

    async def test_may_be_the_answer_to_a_query(self, store: EventStore) -> None:
        """
        An EPCISQueryDocument brings its events as an EPCISDocument does.
        """
        value = json.loads(document(commissioned(1, PACK)))
        body = {"resultsBody": value["epcisBody"], "queryName": "SimpleEventQuery"}
        value |= {"type": "EPCISQueryDocument", "epcisBody": {"queryResults": body}}

        receipt = await capture(store, json.dumps(value).encode(), JSON_LD, now=NOW)

        assert receipt.recorded == 1
        assert (await story_of(store, PACK)).entries

    async def test_that_is_large_is_captured_like_any_other(self, store: EventStore) -> None:
        """
        A document that is parsed on a thread has the same effect.
        """
        epcs = [f"urn:epc:id:sgtin:030001.0012345.{n}" for n in range(3000)]

        receipt = await report(store, commissioned(1, *epcs))

        assert receipt.recorded == 1
        for epc in (epcs[0], epcs[-1]):
            assert (await story_of(store, epc)).state is not None

    async def test_of_a_partner_is_captured(self, store: EventStore) -> None:
        """
        The example of GS1 US, in XML of version 1.2, is recorded event by event.
        """
        body = shared("dscsa/GS1_US_Pharma_Example_2_2_1_1.xml").read_bytes()

        receipt = await capture(store, body, "application/xml", now=NOW)

        assert receipt.recorded == receipt.events == len(await events_of(store)) == 8


class TestAgain:
    async def test_has_no_second_effect(self, store: EventStore, store_url: str) -> None:
        """
        The same bytes get the first receipt, today, tomorrow and from another store object.
        """
        body = document(commissioned(1, PACK), named("urn:x:1", shipped(2, PACK)))
        first = await capture(store, body, JSON_LD, now=NOW)
        before = await counts(store)

        second = await capture(store, body, "application/json", now=NOW + 1)
        other = open_store(store_url)
        third = await capture(other, body, JSON_LD, now=NOW - 1)
        await other.close()

        assert first.repeated is False
        assert second == third == replace(first, repeated=True)
        assert await counts(store) == before

    async def test_at_once_has_one_effect(self, store: EventStore, store_url: str) -> None:
        """
        Of many who send the same document at the same time one records it, all get its receipt.
        """
        body = document(commissioned(1, PACK), named("urn:x:1", shipped(2, PACK)))
        other = open_store(store_url)

        receipts = await asyncio.gather(
            *(
                capture(each, body, JSON_LD, now=NOW + n)
                for n in range(6)
                for each in (store, other)
            )
        )
        await other.close()

        assert [receipt.repeated for receipt in receipts].count(False) == 1
        assert len({replace(receipt, repeated=True) for receipt in receipts}) == 1
        assert len(await log_of(store)) == 3

    async def test_after_a_change_of_how_we_write_events_has_no_effect(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A document is known by its bytes, not by those that we made of it.
        """
        body = document(named("urn:x:1", commissioned(1, PACK)))
        first = await capture(store, body, JSON_LD, now=NOW)
        monkeypatch.setattr(preparing, "render_event", lambda *_: b'{"changed": true}')

        assert await capture(store, body, JSON_LD, now=NOW) == replace(first, repeated=True)

    async def test_in_another_document_the_same_event_is_not_recorded_again(
        self, store: EventStore
    ) -> None:
        """
        An event that comes again under its eventID is counted and not recorded.
        """
        event = named("urn:x:1", commissioned(1, PACK))
        await report(store, event)

        receipt = await report(store, event, shipped(2, PACK))

        assert (receipt.events, receipt.recorded) == (2, 1)
        assert len(await events_of(store)) == 2
        assert len((await story_of(store, PACK)).entries) == 2

    async def test_in_one_document_the_same_event_is_recorded_once(self, store: EventStore) -> None:
        """
        A document that says the same under the same eventID twice has two events, one new.
        """
        event = named("urn:x:1", commissioned(1, PACK))

        receipt = await report(store, event, event)

        assert (receipt.events, receipt.recorded) == (2, 1)
        assert receipt.event_ids == ("urn:x:1", "urn:x:1")
        assert len(await events_of(store)) == 1

    async def test_under_a_taken_name_is_refused(self, store: EventStore) -> None:
        """
        Another event under a recorded eventID is refused with all that came with it.
        """
        await report(store, named("urn:x:1", commissioned(1, PACK)))
        before = await events_of(store)

        with pytest.raises(DuplicateEventError) as caught:
            await report(store, shipped(2, PACK), named("urn:x:1", shipped(3, PACK)))

        assert caught.value.event_id == "urn:x:1"
        assert await events_of(store) == before
        assert (await counts(store))["event_index"] == 1

    async def test_in_one_document_a_name_has_one_meaning(self, store: EventStore) -> None:
        """
        Two events of one document that differ cannot share an eventID.
        """
        with pytest.raises(DuplicateEventError) as caught:
            await report(
                store, named("urn:x:1", commissioned(1, PACK)), named("urn:x:1", shipped(3, PACK))
            )

        assert caught.value.event_id == "urn:x:1"
        assert set((await counts(store)).values()) == {0}

    async def test_anonymous_events_of_two_documents_are_two(self, store: EventStore) -> None:
        """
        Without an eventID there is no telling whether something happened once or twice.
        """
        await report(store, commissioned(1, PACK), note="urn:x:first")
        await report(store, commissioned(1, PACK), note="urn:x:second")

        assert len(await events_of(store)) == 2


class TestEventIDs:
    async def test_are_assigned_where_there_are_none(self, store: EventStore) -> None:
        """
        Each anonymous event gets a UUID of version 4, as the CBV asks; others keep theirs.
        """
        given = "ni:///sha-256;0123?ver=CBV2.0"

        receipt = await report(store, commissioned(1, PACK), named(given, shipped(2, PACK)))

        assigned, kept_id = receipt.event_ids
        assert kept_id == given
        assert assigned.startswith("urn:uuid:")
        assert UUID(assigned).version == 4
        assert UUID(receipt.capture_id).version == 4

    async def test_are_those_of_the_document(self, fresh_store: Any) -> None:
        """
        The same document gets the same eventIDs anywhere; another document gets others.
        """
        found = []
        for note in ("urn:x:a", "urn:x:a", "urn:x:b"):
            async with fresh_store() as store:
                event = commissioned(1, PACK)
                found.append((await report(store, event, event, note=note)).event_ids)

        assert found[0] == found[1]
        assert len({*found[0], *found[2]}) == 4

    async def test_are_not_written_into_what_was_sent(self, store: EventStore) -> None:
        """
        The recorded event says what its sender said, and no eventID that he did not give.
        """
        await report(store, commissioned(1, PACK))

        [event] = await events_of(store)
        assert event == commissioned(1, PACK)


class TestRecordTimes:
    async def test_of_others_mean_nothing(self, store: EventStore) -> None:
        """
        A recordTime that comes in is not ours, so it is neither kept nor part of the content.
        """
        moment = Timestamp("2001-01-01T00:00:00Z", 978_307_200_000_000)
        event = named("urn:x:1", commissioned(1, PACK))
        await report(store, replace(event, record_time=moment))

        receipt = await report(store, event)

        assert receipt.recorded == 0
        assert await events_of(store) == [event]
        assert (await log_of(store))[0].record_time == NOW

    async def test_are_what_the_receipt_says(self, store: EventStore) -> None:
        """
        When the clock was set back, the receipt has the time that the log has.
        """
        await report(store, commissioned(1, PACK), now=NOW)

        receipt = await report(store, shipped(2, PACK), now=NOW - 3_600_000_000)

        assert receipt.created == "2026-05-28T20:26:40.000Z"
        assert (await log_of(store))[-1].record_time == NOW


class TestErrorDeclarations:
    async def test_carry_the_event_id_of_their_original(self, store: EventStore) -> None:
        """
        The eventID that is taken by the original is right for its declaration, once.
        """
        event = named("urn:x:1", commissioned(1, PACK))
        await report(store, event)

        receipt = await report(store, declared_in_error(event))
        again = await report(store, declared_in_error(event), note="urn:x:again")

        assert (receipt.recorded, receipt.event_ids) == (1, ("urn:x:1",))
        assert again.recorded == 0
        assert len(await events_of(store)) == 2

    async def test_may_come_with_or_before_their_original(self, fresh_store: Any) -> None:
        """
        Whatever the order, the original does not stand.
        """
        event = named("urn:x:1", commissioned(1, PACK))
        declaration = declared_in_error(event)
        for documents in (
            [[event, declaration]],
            [[declaration, event]],
            [[declaration], [event]],
            [[event], [declaration]],
        ):
            async with fresh_store() as store:
                for events in documents:
                    await report(store, *events)
                story = await story_of(store, PACK)

                assert story.state is None
                assert [entry.in_error for entry in story.entries if not entry.declares_error] == [
                    True
                ]

    async def test_that_differ_are_two(self, store: EventStore) -> None:
        """
        An event may be declared in error twice, at two times.
        """
        event = named("urn:x:1", commissioned(1, PACK))

        await report(store, event, declared_in_error(event, 50), declared_in_error(event, 51))

        assert len(await events_of(store)) == 3

    @pytest.mark.parametrize("apart", [False, True], ids=["in one document", "in two documents"])
    async def test_without_event_id_mean_the_event_that_is_otherwise_the_same(
        self, store: EventStore, apart: bool
    ) -> None:
        """
        Where the original had no eventID, its declaration has none, and is found by its content.
        """
        event = packed(2, CASE, PACK, OTHER_PACK)
        other = packed(3, CASE, PACK)
        declaration = declared_in_error(event)
        documents: list[list[Event]] = [[event, other, declaration]]
        if apart:
            documents = [[event, other], [declaration]]

        receipts = [await report(store, *events) for events in documents]

        assert receipts[-1].event_ids[-1] == receipts[0].event_ids[0]
        story = await story_of(store, PACK)
        assert [(told(entry)[0], entry.in_error) for entry in story.entries] == [
            (2, True),
            (2, False),
            (3, False),
        ]
        assert [stay.begins[0] for stay in story.stays] == [at(3)]

    async def test_without_event_id_may_arrive_together_with_their_original(
        self, store: EventStore
    ) -> None:
        """
        Captures that share a database transaction find one another's events.
        """
        event = packed(2, CASE, PACK)

        _, original, declaration = await asyncio.gather(
            report(store, commissioned(1, PACK)),
            report(store, event),
            report(store, declared_in_error(event)),
        )

        assert declaration.event_ids == original.event_ids
        assert (await story_of(store, PACK)).stays == ()

    async def test_of_something_unknown_are_recorded(self, store: EventStore) -> None:
        """
        The original may live with somebody else.
        """
        receipt = await report(store, declared_in_error(commissioned(1, PACK)))

        assert receipt.recorded == 1
        assert UUID(receipt.event_ids[0]).version == 4
        assert (await story_of(store, PACK)).state is None

    async def test_strike_out_an_event_for_all_that_it_named(self, store: EventStore) -> None:
        """
        A declaration that was cut short still means the whole event of its eventID.
        """
        await report(store, named("urn:x:1", packed(1, CASE, PACK, OTHER_PACK)))

        await report(store, declared_in_error(named("urn:x:1", packed(1, CASE, PACK))))

        story = await story_of(store, OTHER_PACK)
        assert story.stays == ()
        assert [entry.in_error for entry in story.entries] == [True]


class TestHostileInput:
    @pytest.mark.parametrize(
        "text",
        [
            "document 0000",
            "urn:x:document 0000",
            "https://example.org/a b",
            " urn:x:1",
            "capture:\u00a01",
            "",
        ],
    )
    async def test_cannot_name_a_thing_like_a_receipt(self, store: EventStore, text: str) -> None:
        """
        Tags of receipts have a blank in them, and nothing with a blank is an identifier.
        """
        with pytest.raises(ValidationError):
            await report(store, observed(1, text))

    @pytest.mark.parametrize(
        "event_id", ["capture 1", "urn:x:1 declared in error at 2026", "a\u00a0b", "\n", ""]
    )
    async def test_cannot_name_an_event_like_a_receipt_or_a_declaration(
        self, store: EventStore, event_id: str
    ) -> None:
        """
        Identities of receipts and declarations have a blank in them, and no eventID has.
        """
        with pytest.raises(ValidationError):
            await report(store, named(event_id, commissioned(1, PACK)))

    async def test_cannot_make_a_document_seem_captured(self, store: EventStore) -> None:
        """
        Private URIs that look like our own tags are things like any other.
        """
        body = document(commissioned(1, PACK))
        first = await capture(store, body, JSON_LD, now=NOW)
        await report(
            store, observed(2, f"document:{first.document}", f"capture:{first.capture_id}")
        )

        assert (await job(store, first.capture_id)).receipt == first
        assert (await capture(store, body, JSON_LD, now=NOW)).repeated

    @pytest.mark.parametrize(
        "event",
        [
            pytest.param(observed(1, "urn:x:" + "0123456789abcdef" * 500), id="an EPC"),
            pytest.param(observed(1, "urn:x:" + "é" * 500), id="an EPC of wide characters"),
            pytest.param(packed(1, "urn:x:" + "0123456789abcdef" * 500, PACK), id="a parent"),
            pytest.param(named("urn:x:" + "1357" * 2000, observed(1, PACK)), id="an eventID"),
        ],
    )
    async def test_cannot_overfill_an_index(self, store: EventStore, event: Event) -> None:
        """
        An identifier that no index could hold is a violation, not a failure of the database.
        """
        with pytest.raises(ValidationError, match="1000 bytes at most"):
            await report(store, event)

    async def test_may_be_long(self, store: EventStore) -> None:
        """
        What is just within the limit is recorded, and declared in error with any precision.
        """
        digits = "".join(f"{n * 7919 % 1000003:06d}" for n in range(160))
        event = named(f"urn:x:{digits}", observed(1, f"urn:y:{digits}"))
        moment = Timestamp(f"2026-01-01T00:00:00.{digits * 10}Z", at(0))
        await report(store, event)
        declaration = declared_in_error(event)
        assert declaration.error_declaration is not None
        declared = replace(declaration.error_declaration, declaration_time=moment)

        receipt = await report(store, replace(event, error_declaration=declared))

        assert receipt.recorded == 1

    @pytest.mark.parametrize("capture_id", ["", "x", "a\0b", "\ud800", "../../etc", "1" * 32])
    async def test_cannot_ask_for_a_strange_receipt(
        self, store: EventStore, capture_id: str
    ) -> None:
        """
        Whatever stands where a capture's name should be, there is no such capture.
        """
        with pytest.raises(NotFoundError):
            await job(store, capture_id)


class TestManyAtOnce:
    async def test_are_all_recorded_in_some_order(self, store: EventStore, store_url: str) -> None:
        """
        Captures that arrive together through two stores each stand together in the log.
        """
        other = open_store(store_url)
        receipts = await asyncio.gather(
            *(
                report(each, commissioned(n, f"{PACK}{n}"), packed(n, CASE, f"{PACK}{n}"))
                for n in range(8)
                for each in (store, other)
            )
        )
        await other.close()

        log = await log_of(store)
        assert [event.position for event in log] == list(range(1, 25))
        assert [receipt.repeated for receipt in receipts].count(False) == 8
        assert all(is_receipt_last(group) for group in groups_of_three(log))
        assert all(a.record_time <= b.record_time for a, b in pairwise(log))


def groups_of_three(log: list[RecordedEvent]) -> Iterable[list[RecordedEvent]]:
    return (log[start : start + 3] for start in range(0, len(log), 3))


def is_receipt_last(group: list[RecordedEvent]) -> bool:
    return [event.type == DOCUMENT_CAPTURED for event in group] == [False, False, True]
