"""Documents that are captured after they were answered: once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import io
from itertools import count
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings import XML
from epcis_repo.capture_jobs import Job, Runner, job, jobs, operations, submit, unended
from epcis_repo.capture_jobs import runner as running
from epcis_repo.capture_jobs.operations import run
from epcis_repo.capture_jobs.rules import AdvanceJob
from epcis_repo.errors import (
    KeyReusedError,
    NotFoundError,
    QueryParameterError,
    StoreBusyError,
    StoreFullError,
    UnsupportedMediaTypeError,
    ValidationError,
)
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED
from epcis_repo.operations.capture import capture
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.recorders.decisions import decide
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head, read
from tests.conftest import FreshStores
from tests.evidence.logs import alter
from tests.operations.mixtures import JSON, as_json, as_xml, event
from tests.operations.reports import NOW
from tests.operations.test_long_documents import short_chunks
from tests.store.facts import whole

PROCEED = CaptureErrorBehaviour.PROCEED
GOOD = as_json([event(1), event(2)])
BAD = as_json([event(1), event(2, action="LOOK"), event(3, epcList=["urn:epc:id:sscc:1"])])
OTHER = as_json([event(7)])


def clock() -> int:
    return NOW + 1_000_000


async def hand_in(
    store: EventStore,
    body: bytes | IO[bytes] = GOOD,
    media_type: str = JSON,
    *,
    now: int = NOW,
    key: str | None = None,
    capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK,
) -> Job:
    """Submit a document."""
    name = None if key is None else idempotency_key(key, endpoint="capture")
    return await submit(
        store, body, media_type, now=now, key=name, capture_error_behaviour=capture_error_behaviour
    )


async def done(store: EventStore, body: bytes | IO[bytes] = GOOD, **how: Any) -> Job:
    """Submit a document and run its job."""
    submitted = await hand_in(store, body, **how)
    await run(store, submitted.capture_id, clock=clock)
    return await job(store, submitted.capture_id)


async def types_of(store: EventStore) -> list[str]:
    async with store.reading() as session:
        return [e.type async for e in read(session)]


class TestSubmitting:
    async def test_keeps_the_document_and_records_no_event(self, store: EventStore) -> None:
        """
        When it is answered the bytes are there, and a job that runs; nothing else is.
        """
        submitted = await hand_in(store)

        assert submitted.running
        assert await types_of(store) == ["CaptureSubmitted"]
        assert await job(store, submitted.capture_id) == submitted
        assert await unended(store) == [submitted.capture_id]
        async with store.reading() as session:
            assert await whole(session, submitted.document) == (GOOD, JSON)

    async def test_of_a_file_keeps_all_of_it(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A long document comes as a file, and is captured from what was kept.
        """
        short_chunks(monkeypatch)
        body = as_xml([event(n) for n in range(40)])

        ended = await done(store, io.BytesIO(body), media_type=XML)

        assert ended.receipt is not None
        assert (ended.receipt.recorded, ended.running) == (40, False)
        async with store.reading() as session:
            assert await whole(session, ended.document) == (body, XML)

    @pytest.mark.parametrize(
        ("body", "media_type", "error"),
        [
            pytest.param(GOOD, "text/csv", UnsupportedMediaTypeError, id="no binding"),
            pytest.param(GOOD, XML, ValidationError, id="JSON that is said to be XML"),
            pytest.param(as_xml([event(1)]), JSON, ValidationError, id="XML said to be JSON"),
            pytest.param(b"", JSON, ValidationError, id="nothing"),
        ],
    )
    async def test_refuses_what_it_is_plainly_not(
        self, store: EventStore, body: bytes, media_type: str, error: type[Exception]
    ) -> None:
        """
        Bytes are kept for ever under the media type that they came with, so that is looked at.
        """
        with pytest.raises(error):
            await hand_in(store, body, media_type=media_type)

        assert await types_of(store) == []

    async def test_what_is_there_has_its_job_already(self, store: EventStore) -> None:
        """
        What was captured, or waits for that, is not submitted again, however it came.
        """
        receipt = await capture(store, GOOD, JSON, now=NOW)
        waiting = await hand_in(store, OTHER)
        before = await types_of(store)

        again = [await hand_in(store), await hand_in(store, capture_error_behaviour=PROCEED)]
        waiting_again = await hand_in(store, OTHER)

        for found in again:
            assert (found.capture_id, found.running) == (receipt.capture_id, False)
            assert found.value()["repeated"]
        assert waiting_again == waiting
        assert await types_of(store) == before

    async def test_by_many_at_once_is_one_job(self, store: EventStore, store_url: str) -> None:
        """
        Two processes that get the same document at the same time submit it once.
        """
        other = open_store(store_url)

        submitted = await asyncio.gather(
            *(hand_in(each, now=NOW + n) for n in range(4) for each in (store, other))
        )
        await other.close()

        assert len(set(submitted)) == 1
        assert await types_of(store) == ["CaptureSubmitted"]


class TestRunning:
    async def test_captures_as_ever(self, store: EventStore) -> None:
        """
        The job ends with the receipt that the document would have had at once.
        """
        ended = await done(store)

        assert ended.receipt is not None
        assert (ended.running, ended.receipt.recorded, ended.receipt.repeated) == (False, 2, False)
        assert ended.receipt.capture_id == ended.capture_id
        assert (ended.created, ended.finished) == (
            "2026-05-28T20:26:40.000Z",
            "2026-05-28T20:26:41.000Z",
        )
        assert await types_of(store) == [
            "CaptureSubmitted",
            *["ObjectEvent"] * 2,
            DOCUMENT_CAPTURED,
            "CaptureFinished",
        ]
        assert await unended(store) == []
        assert (await check_integrity(store, None)).altered == 0

    async def test_tells_what_is_wrong(self, store: EventStore) -> None:
        """
        A document that must be whole fails: nothing is recorded, and each bad event is told.
        """
        ended = await done(store, BAD)

        value = ended.value()
        assert (value["running"], value["success"]) == (False, False)
        assert [error["event"] for error in value["errors"]] == [2, 3]
        assert value["errors"][0]["type"] == "epcisException:ValidationException"
        assert "LOOK" in value["errors"][0]["detail"]
        assert await types_of(store) == ["CaptureSubmitted", "CaptureFailed"]
        assert await unended(store) == []

    async def test_may_proceed(self, store: EventStore) -> None:
        """
        What can be recorded is, as it would be at once.
        """
        ended = await done(store, BAD, capture_error_behaviour=PROCEED)

        value = ended.value()
        assert (value["recorded"], value["failed"], value["success"]) == (1, 2, False)
        assert value["captureErrorBehaviour"] == "proceed"

    @pytest.mark.parametrize(
        ("body", "name"),
        [
            pytest.param(as_json([event(7, eventID="urn:x:1")]), "ResourceAlreadyExistsException"),
            pytest.param(as_json([event(8), event(9)]), "CaptureLimitExceededException"),
            pytest.param(GOOD[:-30], "ValidationException"),
        ],
        ids=["an eventID that is taken", "too many events", "cut short"],
    )
    async def test_fails_for_whatever_refuses_a_document(
        self, store: EventStore, body: bytes, name: str
    ) -> None:
        """
        What would be an answer to the request is an error of the job.
        """
        await capture(store, as_json([event(1)]), JSON, now=NOW)
        submitted = await hand_in(store, body)

        await run(store, submitted.capture_id, clock=clock, events_max=1)

        [error] = (await job(store, submitted.capture_id)).errors
        assert error["type"] == f"epcisException:{name}"

    async def test_fails_for_a_fault_of_ours(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """
        The sender learns that it was not his, and nothing of our insides; the log has those.
        """

        async def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret of ours")

        monkeypatch.setattr(operations, "capture", fail)

        ended = await done(store)

        [error] = ended.errors
        assert (error["status"], "secret" in str(error)) == (500, False)
        assert ended.capture_id in error["detail"]
        assert "secret of ours" in caplog.text

    async def test_leaves_alone_what_has_ended(self, store: EventStore) -> None:
        """
        A job that is run again changes nothing.
        """
        ended = await done(store)
        before = await types_of(store)

        await run(store, ended.capture_id, clock=clock)

        assert await types_of(store) == before

    async def test_by_two_at_once_records_once(self, store: EventStore, store_url: str) -> None:
        """
        Processes that do not know of each other may run the same job.
        """
        submitted = await hand_in(store)
        other = open_store(store_url)

        await asyncio.gather(
            *(run(each, submitted.capture_id, clock=clock) for each in (store, other) * 2)
        )
        await other.close()

        assert sorted(await types_of(store)) == sorted(
            ["CaptureSubmitted", "CaptureFinished", DOCUMENT_CAPTURED, *["ObjectEvent"] * 2]
        )

    @pytest.mark.parametrize("place", ["capture", "decide"])
    async def test_that_breaks_off_is_done_again(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch, place: str
    ) -> None:
        """
        Before the document is recorded or after, before the job has ended: once it is all there.
        """
        submitted = await hand_in(store)

        async def full(*_: object, **__: object) -> None:
            raise StoreFullError

        with monkeypatch.context() as broken:
            broken.setattr(operations, place, full)
            with pytest.raises(StoreFullError):
                await run(store, submitted.capture_id, clock=clock)
            assert (await job(store, submitted.capture_id)).running
        await run(store, submitted.capture_id, clock=clock)

        ended = await job(store, submitted.capture_id)
        assert ended.receipt is not None
        assert (ended.receipt.recorded, ended.receipt.repeated) == (2, False)
        assert (await types_of(store)).count(DOCUMENT_CAPTURED) == 1

    @pytest.mark.parametrize("behaviour", CaptureErrorBehaviour)
    async def test_after_somebody_sent_it_at_once_ends_all_the_same(
        self, store: EventStore, behaviour: CaptureErrorBehaviour
    ) -> None:
        """
        While a job waits its document may be captured at once: then there is no more to do.
        """
        submitted = await hand_in(store, capture_error_behaviour=behaviour)
        receipt = await capture(store, GOOD, JSON, now=NOW)

        await run(store, submitted.capture_id, clock=clock)

        ended = await job(store, submitted.capture_id)
        assert ended.receipt is not None
        assert (ended.running, ended.receipt.recorded) == (False, receipt.recorded)
        assert ended.value()["captureErrorBehaviour"] == behaviour
        assert (await types_of(store)).count(DOCUMENT_CAPTURED) == 1

    async def test_of_what_failed_may_be_asked_for_again(self, store: EventStore) -> None:
        """
        What could not be captured may be possible tomorrow: it is tried again, with the same bytes.
        """
        failed = await done(store, BAD)
        again = await hand_in(store, BAD, now=NOW + 5_000_000)

        assert (failed.running, again.running) == (False, True)
        assert again.capture_id == failed.capture_id
        assert again.errors == ()
        assert (await check_integrity(store, None)).altered == 0


class TestEvidence:
    async def test_covers_what_was_submitted(self, store: EventStore, store_url: str) -> None:
        """
        The bytes that wait to be captured are checked as those that were, and the job says why
        nothing came of bytes that were altered.
        """
        submitted = await hand_in(store)
        assert (await check_integrity(store, None)).altered == 0
        async with store.reading() as session:
            part = session.part

        await alter(store_url, "UPDATE document SET body = $1 WHERE part = $2", b"altered", part)

        [found] = (await check_integrity(store, None)).alterations
        assert (found.place, found.differs) == (f"document {submitted.document}", ("bytes",))
        await run(store, submitted.capture_id, clock=clock)
        [error] = (await job(store, submitted.capture_id)).errors
        assert (error["status"], "fsck" in error["detail"]) == (500, True)

    async def test_holds_for_one_document_under_two_media_types(self, store: EventStore) -> None:
        """
        Bytes are kept once, under the media type that they came with first, whatever comes later.
        """
        await hand_in(store, GOOD)
        await capture(store, GOOD, "application/ld+json; charset=utf-8", now=NOW)

        assert (await check_integrity(store, None)).altered == 0


class TestAKey:
    async def test_has_one_answer(self, store: EventStore) -> None:
        """
        The same request gets its job, as that is by then, and no other job is begun.
        """
        first = await hand_in(store, key="k")
        waiting = await hand_in(store, key="k")
        await run(store, first.capture_id, clock=clock)
        ended = await hand_in(store, key="k")

        assert (first.replayed, waiting.replayed, ended.replayed) == (False, True, True)
        assert (waiting.running, ended.running) == (True, False)
        assert {waiting.capture_id, ended.capture_id} == {first.capture_id}

    async def test_of_another_body_is_refused(self, store: EventStore) -> None:
        """
        While the job waits and after it has ended, whichever way the other body comes.
        """
        first = await hand_in(store, key="k")
        name = idempotency_key("k", endpoint="capture")
        for is_done in (False, True):
            if is_done:
                await run(store, first.capture_id, clock=clock)
            with pytest.raises(KeyReusedError):
                await hand_in(store, OTHER, key="k")
            with pytest.raises(KeyReusedError):
                await capture(store, OTHER, JSON, now=NOW, key=name)

        assert (await capture(store, GOOD, JSON, now=NOW, key=name)).replayed

    async def test_of_a_job_that_failed_is_answered_so(self, store: EventStore) -> None:
        """
        Who only asks again has nothing done again.
        """
        await done(store, BAD, key="k")

        again = await hand_in(store, BAD, key="k")

        assert (again.replayed, again.running) == (True, False)

    async def test_of_what_was_captured_before_keeps_its_answer(self, store: EventStore) -> None:
        """
        The answer to a key is kept also where there was nothing to submit.
        """
        await capture(store, GOOD, JSON, now=NOW)

        first = await hand_in(store, key="k")
        again = await hand_in(store, key="k")
        with pytest.raises(KeyReusedError):
            await hand_in(store, OTHER, key="k")

        assert (first.replayed, again.replayed) == (False, True)


class TestGetting:
    @pytest.mark.parametrize("capture_id", ["", "x", "a\0b", "../../etc", "1" * 32])
    async def test_what_is_not_there_says_so(self, store: EventStore, capture_id: str) -> None:
        """
        Whatever stands where a captureID should be, there is no such job.
        """
        await hand_in(store)

        with pytest.raises(NotFoundError):
            await job(store, capture_id)


async def pages(store: EventStore, per_page: int) -> list[list[str]]:
    """The captureIDs of all jobs, page by page."""
    found, token = [], None
    while True:
        page = await jobs(store, per_page=per_page, token=token)
        found.append([each.capture_id for each in page.jobs])
        token = page.next_page_token
        if token is None:
            return found


class TestListing:
    async def test_has_every_job_once_the_newest_first(self, store: EventStore) -> None:
        """
        Those that were captured at once and afterwards, that run, failed or were tried again.
        """
        names = [
            (await capture(store, OTHER, JSON, now=NOW)).capture_id,
            (await done(store)).capture_id,
            (await done(store, BAD)).capture_id,
            (await capture(store, as_json([event(8)]), JSON, now=NOW)).capture_id,
            (await hand_in(store, as_json([event(9)]))).capture_id,
        ]
        await hand_in(store, BAD)
        await capture(store, as_json([event(9)]), JSON, now=NOW)

        for per_page in (1, 2, 3, 100):
            found = await pages(store, per_page)

            assert [name for page in found for name in page] == names[::-1]
            assert all(len(page) <= per_page for page in found)
        [page] = [await jobs(store, per_page=100)]
        for listed in page.jobs:
            assert listed == await job(store, listed.capture_id)

    async def test_of_nothing_is_empty(self, store: EventStore) -> None:
        """
        An empty log has no jobs, and no next page.
        """
        page = await jobs(store, per_page=10)

        assert (list(page.jobs), page.next_page_token) == ([], None)

    @settings(
        max_examples=10,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        st.lists(st.sampled_from(["at once", "submitted", "run"]), min_size=1, max_size=8),
        st.integers(min_value=1, max_value=3),
    )
    async def test_goes_on_while_others_capture(
        self, fresh_store: FreshStores, story: list[str], per_page: int
    ) -> None:
        """
        Who follows the pages meets every job that was there when he began, once and in order,
        whatever is captured, submitted and ended between two pages.
        """
        numbers = count(1)
        async with fresh_store() as store:

            async def happen(kind: str) -> str:
                body = as_json([event(next(numbers))])
                if kind == "at once":
                    return (await capture(store, body, JSON, now=NOW)).capture_id
                submitted = await hand_in(store, body)
                if kind == "run":
                    await run(store, submitted.capture_id, clock=clock)
                return submitted.capture_id

            names = [await happen(kind) for kind in story]
            met: list[str] = []
            token: str | None = None
            while True:
                page = await jobs(store, per_page=per_page, token=token)
                met += [each.capture_id for each in page.jobs]
                token = page.next_page_token
                if token is None:
                    break
                await happen(story[len(met) % len(story)])
                for name in await unended(store):
                    await run(store, name, clock=clock)

        assert met == names[::-1]

    @pytest.mark.parametrize("token", ["", "x", "-1", "9" * 30, "1.5", "\u0663"])
    async def test_refuses_a_token_of_nobody(self, store: EventStore, token: str) -> None:
        """
        Only a page before gives a token.
        """
        with pytest.raises(QueryParameterError):
            await jobs(store, per_page=10, token=token)


async def until_nothing_waits(store: EventStore, runner: Runner) -> None:
    """Have a runner run until all jobs have ended."""
    task = asyncio.create_task(runner.run())
    async with asyncio.timeout(30):
        while await unended(store):
            assert not task.done()
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])


class TestARunner:
    async def test_runs_what_was_left_and_what_is_added(self, store: EventStore) -> None:
        """
        Jobs of a process that has gone come first, in their order, and then those of this one.
        """
        for number in range(3):
            await hand_in(store, as_json([event(number)]))
        runner = Runner(store, clock=clock)
        runner.add((await hand_in(store, as_json([event(3)]))).capture_id)

        await until_nothing_waits(store, runner)

        async with store.reading() as session:
            ids = [e.event_id async for e in read(session) if e.type == "ObjectEvent"]
        assert ids == [f"urn:x:{number}" for number in range(4)]

    async def test_waits_for_a_disk_that_is_full(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A job does not fail for what will pass.
        """
        monkeypatch.setattr(running, "RETRY_SECONDS", 0.01)
        await hand_in(store)
        calls = []

        async def full_at_first(*arguments: Any, **options: Any) -> Any:
            calls.append(arguments)
            if len(calls) < 3:
                raise StoreFullError
            return await capture(*arguments, **options)

        monkeypatch.setattr(operations, "capture", full_at_first)

        await until_nothing_waits(store, Runner(store, clock=clock))

        assert len(calls) == 3
        assert (await types_of(store)).count("ObjectEvent") == 2

    async def test_goes_on_after_a_job_that_cannot_be_ended(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        One job that nobody can end does not keep the others waiting.
        """
        first = await hand_in(store)
        second = await hand_in(store, OTHER)

        async def fail_for_the_first(*arguments: Any, **options: Any) -> Any:
            step = arguments[1]()
            if isinstance(step, AdvanceJob) and step.step.capture_id == first.capture_id:
                raise RuntimeError
            return await decide(*arguments, **options)

        monkeypatch.setattr(operations, "decide", fail_for_the_first)
        task = asyncio.create_task(Runner(store, clock=clock).run())
        async with asyncio.timeout(30):
            while (await job(store, second.capture_id)).running:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

        assert await unended(store) == [first.capture_id]

    async def test_that_is_stopped_leaves_the_job_to_the_next(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A server that ends in the midst of a job has recorded nothing of it, or all.
        """
        short_chunks(monkeypatch)
        await hand_in(store, as_json([event(n) for n in range(200)]))
        task = asyncio.create_task(Runner(store, clock=clock).run())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        async with store.reading() as session:
            left_at = await head(session)

        await until_nothing_waits(store, Runner(store, clock=clock))

        assert left_at in (1, 202, 203)
        assert (await types_of(store)).count("ObjectEvent") == 200
        assert (await types_of(store)).count(DOCUMENT_CAPTURED) == 1

    async def test_takes_so_many_and_no_more(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Who finds too many jobs waiting is told to come back.
        """
        monkeypatch.setattr(running, "WAITING_MAX", 2)
        runner = Runner(store, clock=clock)
        for name in ("a", "b"):
            runner.refuse_more()
            runner.add(name)

        with pytest.raises(StoreBusyError):
            runner.refuse_more()
