"""Capture that proceeds: what can be recorded is, and what cannot is told, each by its number."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from epcis_repo.capture_jobs import job
from epcis_repo.errors import (
    VIOLATIONS_KEPT,
    CaptureLimitExceededError,
    DuplicateEventError,
    KeyReusedError,
    ValidationError,
)
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.receipts import CONFLICT_FOUND
from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.operations.capture import capture
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.receipts import Receipt
from epcis_repo.store import EventStore
from epcis_repo.store.log import read
from tests.conftest import FreshStores
from tests.operations.mixtures import (
    BY_NAME,
    FORMATS,
    GIVEN,
    JSON,
    MEMBERS,
    TAKEN,
    XML,
    Mixture,
    as_json,
    event,
    mixtures,
)
from tests.operations.reports import NOW
from tests.operations.test_long_documents import short_chunks
from tests.store.facts import whole

PROCEED = CaptureErrorBehaviour.PROCEED
SHORT_AND_LONG = pytest.mark.parametrize("is_long", [False, True], ids=["short", "long"])
EVERY_KIND = Mixture(["good", *MEMBERS, "good"])


async def send(
    store: EventStore,
    body: bytes,
    media_type: str = JSON,
    *,
    key: str | None = None,
    capture_error_behaviour: CaptureErrorBehaviour = PROCEED,
    events_max: int | None = None,
) -> Receipt:
    """Capture a document, proceeding if nothing else is said."""
    return await capture(
        store,
        body,
        media_type,
        now=NOW,
        key=None if key is None else idempotency_key(key, endpoint="capture"),
        capture_error_behaviour=capture_error_behaviour,
        events_max=events_max,
    )


async def take(store: EventStore) -> None:
    """Have the eventID TAKEN be another's."""
    await send(store, as_json([event(999, eventID=TAKEN)]))


async def recorded(store: EventStore) -> list[str]:
    """The eventIDs of all that is recorded, in order, but for the one that was TAKEN before."""
    async with store.reading() as session:
        return [e.event_id async for e in read(session) if e.type in EVENT_TYPES][1:]


async def types_of(store: EventStore) -> list[str]:
    async with store.reading() as session:
        return [e.type async for e in read(session)]


def must_tell(receipt: Receipt, mixture: Mixture) -> None:
    """Every bad event is told with its number and what is wrong with it, and no good one."""
    told = {error["event"]: error for error in receipt.errors}
    assert [error["event"] for error in receipt.errors] == sorted(mixture.bad)
    for number, kind in mixture.bad.items():
        is_taken = kind in BY_NAME
        name = "ResourceAlreadyExistsException" if is_taken else "ValidationException"
        assert told[number]["type"] == f"epcisException:{name}"
        assert told[number]["status"] == (409 if is_taken else 400)
        if is_taken:
            assert MEMBERS[kind]["eventID"] in told[number]["detail"]
            continue
        violations = told[number]["violations"]
        assert {violation["event"] for violation in violations} == {number}
        assert len(violations) == len(MEMBERS[kind])
        for violation in violations:
            assert violation["rule"]
            assert any(member in violation["pointer"] for member in MEMBERS[kind])


class TestAnyMixture:
    @SHORT_AND_LONG
    @pytest.mark.parametrize("media_type", FORMATS)
    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(mixture=mixtures)
    @example(mixture=EVERY_KIND)
    async def test_is_recorded_as_far_as_it_can_be(
        self, fresh_store: FreshStores, media_type: str, is_long: bool, mixture: Mixture
    ) -> None:
        """
        Exactly the good events are recorded, in their order, and exactly the bad ones are told;
        sent again it adds nothing, and the mended document adds exactly the mended ones.
        """
        as_bytes = FORMATS[media_type]
        body, mended = as_bytes(mixture.events()), as_bytes(mixture.mended())
        async with fresh_store() as store:
            with pytest.MonkeyPatch.context() as patch:
                if is_long:
                    short_chunks(patch)
                await take(store)
                first = await send(store, body, media_type)
                after_first = await recorded(store)
                again = await send(store, body, media_type)
                after_again = await recorded(store)
                whole_again = await send(store, mended, media_type)
                after_mended = await recorded(store)
                assert (await check_integrity(store, None)).altered == 0

        assert after_first == mixture.good
        assert (first.events, first.recorded) == (len(mixture.kinds) + 1, len(mixture.good))
        assert first.failed == len(mixture.bad)
        must_tell(first, mixture)
        assert again == replace(first, repeated=True)
        assert after_again == after_first
        assert after_mended == [*mixture.good, *(f"urn:x:{n - 1}" for n in mixture.bad)]
        # Where there was nothing to mend, it is the document that came first.
        assert whole_again.failed == 0
        assert whole_again.repeated if not mixture.bad else whole_again.recorded == len(mixture.bad)

    @given(mixture=mixtures)
    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @example(mixture=Mixture(["good", "taken"]))
    @example(mixture=Mixture(["given", "good"]))
    async def test_is_whole_or_nothing_when_it_may_not_proceed(
        self, fresh_store: FreshStores, mixture: Mixture
    ) -> None:
        """
        The same document, sent without a word, is recorded only if it has no bad event, also
        when it was recorded in part before.
        """
        body = as_json(mixture.events())
        async with fresh_store() as store:
            await take(store)
            await send(store, body)
            try:
                await send(store, body, capture_error_behaviour=CaptureErrorBehaviour.ROLLBACK)
                refused = False
            except (ValidationError, DuplicateEventError):
                refused = True
            after = await recorded(store)

        assert refused == bool(mixture.bad)
        assert after == mixture.good

    @SHORT_AND_LONG
    @given(stories=st.lists(mixtures, min_size=2, max_size=4))
    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    async def test_may_come_with_others(
        self, fresh_store: FreshStores, is_long: bool, stories: list[Mixture]
    ) -> None:
        """
        Documents that arrive together are each told their own: the events of all are recorded
        once, and what failed in each is what fails when it comes alone.
        """
        bodies = [as_json(mixture.events()) for mixture in stories]
        async with fresh_store() as store:
            with pytest.MonkeyPatch.context() as patch:
                if is_long:
                    short_chunks(patch)
                await take(store)
                receipts = await asyncio.gather(*(send(store, body) for body in bodies))
                after = await recorded(store)
                assert (await check_integrity(store, None)).altered == 0

        for receipt, mixture in zip(receipts, stories, strict=True):
            must_tell(receipt, mixture)
        assert sorted(after) == sorted({name for mixture in stories for name in mixture.good})


class TestAReceipt:
    async def test_of_a_document_in_part_is_its_job(self, store: EventStore) -> None:
        """
        The job has not succeeded, says what was recorded, and is there afterwards as it was told.
        """
        receipt = await send(store, as_json([event(1), event(2, action="LOOK"), event(3)]))

        value = receipt.value()
        assert (value["success"], value["running"]) == (False, False)
        assert value["captureErrorBehaviour"] == "proceed"
        assert (value["events"], value["recorded"], value["failed"]) == (3, 2, 1)
        assert value["errors"][0]["detail"].startswith("event 2, /epcisBody/eventList/1/action")
        assert (await job(store, receipt.capture_id)).receipt == receipt

    async def test_of_nothing_is_one_all_the_same(self, store: EventStore) -> None:
        """
        A document of bad events alone was taken; its bytes are kept, and none of its events.
        """
        body = as_json([event(1, action="LOOK")])

        receipt = await send(store, body)

        assert (receipt.events, receipt.recorded, receipt.failed) == (1, 0, 1)
        async with store.reading() as session:
            assert await whole(session, receipt.document) == (body, JSON)

    async def test_of_a_good_document_says_no_more_than_any(self, store: EventStore) -> None:
        """
        Where nothing fails, to proceed is to record the whole, and it is the same document then.
        """
        body = as_json([event(1), event(2)])

        first = await send(store, body)
        again = await send(store, body, capture_error_behaviour=CaptureErrorBehaviour.ROLLBACK)

        assert (first.failed, first.errors, first.value()["success"]) == (0, (), True)
        assert again == replace(first, repeated=True)

    @pytest.mark.parametrize("media_type", FORMATS)
    async def test_counts_more_than_it_tells(self, store: EventStore, media_type: str) -> None:
        """
        Of a document with thousands of bad events the first are told, and all are counted.
        """
        count = VIOLATIONS_KEPT + 200
        events = [event(n, action="LOOK" if n % 10 else "ADD") for n in range(count)]

        receipt = await send(store, FORMATS[media_type](events), media_type)

        assert (receipt.events, receipt.recorded) == (count, count // 10)
        assert receipt.failed == count - count // 10
        told = [error["event"] for error in receipt.errors]
        assert told == [n + 1 for n in range(count) if n % 10][:VIOLATIONS_KEPT]

    async def test_cuts_short_what_was_found(self, store: EventStore) -> None:
        """
        A receipt is read whenever its document comes again: it does not repeat what is long.
        """
        receipt = await send(store, as_json([event(1, action="LOOK" * 10_000)]))

        assert len(json.dumps(receipt.value())) < 2_000


class TestADocument:
    @pytest.mark.parametrize(
        ("body", "media_type"),
        [
            pytest.param(b"", JSON, id="empty"),
            pytest.param(as_json([event(1), event(2)])[:-30], JSON, id="cut short"),
            pytest.param(b"<a>", XML, id="not XML"),
            pytest.param(as_json([event(1)]).replace(b"EPCISDoc", b"Doc"), JSON, id="not ours"),
            pytest.param(
                as_json([event(1), event(2)]).replace(
                    b'"creationDate": "2026', b'"creationDate": "once in 2026'
                ),
                JSON,
                id="a bad header",
            ),
            pytest.param(
                as_json([event(1), event(2)]).replace(b'"action"', b'"action": "ADD", "action"', 1),
                JSON,
                id="a member twice",
            ),
        ],
    )
    async def test_that_cannot_be_read_is_refused(
        self, store: EventStore, body: bytes, media_type: str
    ) -> None:
        """
        What is wrong with the document itself is wrong with every event in it.
        """
        with pytest.raises(ValidationError) as caught:
            await send(store, body, media_type)

        assert caught.value.violations[0].event is None
        assert await types_of(store) == []

    async def test_may_have_too_many_events(self, store: EventStore) -> None:
        """
        Bad events count as any.
        """
        events = [event(1), event(2, action="LOOK"), event(3, action="LOOK")]

        with pytest.raises(CaptureLimitExceededError, match="2 events"):
            await send(store, as_json(events), events_max=2)
        receipt = await send(store, as_json(events), events_max=3)

        assert receipt.events == 3

    @SHORT_AND_LONG
    async def test_that_contradicts_the_log_leaves_a_finding(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch, is_long: bool
    ) -> None:
        """
        Somebody has to ask the sender which content is true, whatever else was recorded. It is
        found once, also if the document was refused as a whole before.
        """
        if is_long:
            short_chunks(monkeypatch)
        await take(store)
        body = as_json([event(1), event(2, eventID=TAKEN), event(3), event(4)])
        with pytest.raises(DuplicateEventError):
            await send(store, body, capture_error_behaviour=CaptureErrorBehaviour.ROLLBACK)

        receipt = await send(store, body, "application/ld+json")

        assert (receipt.recorded, receipt.failed) == (3, 1)
        [found] = (await conflicts(store)).conflicts
        assert (found.conflict.event_id, found.conflict.event_number) == (TAKEN, 2)
        assert (await types_of(store)).count(CONFLICT_FOUND) == 1
        assert (await check_integrity(store, None)).altered == 0

    async def test_gives_the_same_names_whatever_fails(self, fresh_store: FreshStores) -> None:
        """
        An event without eventID gets the one that it has when the document is recorded whole.
        """
        events = [event(n) for n in range(1, 4)]
        for value in events:
            del value["eventID"]
        body = as_json(events)
        async with fresh_store() as store:
            names = (await capture(store, body, JSON, now=NOW)).event_ids
        async with fresh_store() as store:
            proceeding = (await send(store, body)).event_ids

        assert proceeding == names


class TestAKey:
    async def test_has_one_answer(self, store: EventStore) -> None:
        """
        The same request is answered as it was, errors and all; another body is refused.
        """
        body = as_json([event(1), event(2, action="LOOK")])

        first = await send(store, body, key="k")
        again = await send(store, body, key="k")
        with pytest.raises(KeyReusedError):
            await send(store, as_json([event(1)]), key="k")

        assert (first.replayed, again.replayed) == (False, True)
        assert again.value() == first.value()


@pytest.mark.parametrize("as_bytes", FORMATS.values(), ids=FORMATS)
async def test_a_file_is_left_open(
    store: EventStore, as_bytes: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A document that comes as a file proceeds as any, and is the caller's to close.
    """
    short_chunks(monkeypatch)
    file = io.BytesIO(as_bytes([event(n, action="LOOK" if n == 5 else "ADD") for n in range(9)]))

    receipt = await capture(
        store, file, JSON if as_bytes is as_json else XML, now=NOW, capture_error_behaviour=PROCEED
    )

    assert (receipt.recorded, receipt.failed, file.closed) == (8, 1, False)
    assert GIVEN not in receipt.event_ids
