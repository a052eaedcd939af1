"""Submitting documents, running the jobs of those, getting and listing all jobs."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from tempfile import TemporaryFile
from typing import IO

from epcis_repo.bindings import reader_of, sniff
from epcis_repo.capture_jobs.events import CaptureFailed, CaptureFinished, CaptureSubmitted
from epcis_repo.capture_jobs.rules import LIFECYCLE, AdvanceJob, Job, folded, job_of, unended_in
from epcis_repo.errors import (
    EpcisError,
    NotFoundError,
    QueryParameterError,
    StoreUnavailableError,
    ValidationError,
    Violation,
)
from epcis_repo.evidence.receipts import CAPTURE_SUBMITTED, DOCUMENT_CAPTURED
from epcis_repo.model.times import utc_text
from epcis_repo.operations.capture import capture, repetition_of
from epcis_repo.operations.chunks import Chunks, no_room
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.preparing import (
    CaptureErrorBehaviour,
    Door,
    Prepared,
    capture_id_of,
    digest_of,
)
from epcis_repo.operations.problems import Problem, problems_of
from epcis_repo.operations.receipts import Receipt, capture_tag, receipt_of
from epcis_repo.recorders.decisions import Decision, Selector, decide, decision_of, decisions
from epcis_repo.store import EventStore, Reading, RecordedEvent, load_statements
from epcis_repo.store.documents import kept, pieces

STATEMENTS = load_statements("epcis_repo.capture_jobs", "jobs.sql")

_log = logging.getLogger(__name__)

_SNIFFED = 1_024
_POSITION_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, the newest first; the token asks for those that are older."""

    jobs: Sequence[Job]
    next_page_token: str | None


async def submit(
    store: EventStore,
    body: bytes | IO[bytes],
    media_type: str,
    *,
    now: int,
    key: IdempotencyKey | None = None,
    capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK,
) -> Job:
    """
    Keep the document in `body`, and return the job that will capture it.

    The job is durable when this returns; somebody has to `run` it. What was captured, or is about
    to be, has its job already, and no other; what failed is tried again, unless it comes under the
    same `key`. Raises `UnsupportedMediaTypeError`, `ValidationError` for what is plainly not of the
    media type, and `KeyReusedError`.
    """
    _refuse_another(media_type, body)
    digest = await asyncio.to_thread(digest_of, body)
    unread = Prepared(
        digest=digest,
        body=body,
        media_type=media_type,
        chunks=Chunks(),
        events=0,
        now=now,
        capture_error_behaviour=capture_error_behaviour,
        key=key,
    )
    if (receipt := await repetition_of(store, unread)) is not None:
        return job_of(receipt)
    capture_id = capture_id_of(digest, capture_error_behaviour)
    known = None if key is None else await _job(store, capture_id)
    if known is not None and known.idempotency_tag == unread.key_tag:
        return replace(known, replayed=True)
    submitted = CaptureSubmitted(
        capture_id=capture_id,
        document=digest,
        capture_error_behaviour=capture_error_behaviour,
        created=utc_text(now),
        idempotency_tag=unread.key_tag,
    )
    documents = [(digest, body, media_type)]
    await decide(store, lambda: AdvanceJob(submitted), now=now, documents=documents)
    return await job(store, capture_id)


async def run(
    store: EventStore,
    capture_id: str,
    *,
    clock: Callable[[], int],
    events_max: int | None = None,
    door: Door | None = None,
) -> None:
    """
    Capture the document of a job, and end the job; one that has ended is left as it is.

    A job may be run again after it was broken off at any place, or by two at the same time: its
    document is captured once. Raises `StoreUnavailableError`, and then it runs on.
    """
    found = await job(store, capture_id)
    if not found.running:
        return
    ending: CaptureFinished | CaptureFailed
    try:
        receipt = await _captured(store, found, now=clock(), events_max=events_max, door=door)
        ending = CaptureFinished(capture_id, receipt.capture_id, utc_text(clock()))
    except StoreUnavailableError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the job ends with it
        ending = CaptureFailed(capture_id, _problems_of(error, capture_id), utc_text(clock()))
    await decide(store, lambda: AdvanceJob(ending), now=clock())


async def _captured(
    store: EventStore, found: Job, *, now: int, events_max: int | None, door: Door | None
) -> Receipt:
    tag = found.idempotency_tag
    with TemporaryFile() as body:
        media_type = await _fetch(store, found.document, body)
        return await capture(
            store,
            body,
            media_type,
            now=now,
            key=None if tag is None else IdempotencyKey.of_tag(tag),
            capture_error_behaviour=found.capture_error_behaviour,
            events_max=events_max,
            door=door,
        )


def _problems_of(error: Exception, capture_id: str) -> list[Problem]:
    if isinstance(error, EpcisError):
        return problems_of(error)
    _log.error("the capture job %s failed", capture_id, exc_info=error)
    return problems_of(
        EpcisError(
            "an error that is not the sender's; nothing was recorded, and sending the document "
            f"again is safe. The log of the server has it as {capture_id}"
        )
    )


async def unended(store: EventStore) -> list[str]:
    """Return the captureIDs of all jobs that have to be run, in the order of submission."""
    async with store.reading() as session:
        every = decisions(session, Selector(LIFECYCLE))
        return unended_in([tagged.decision async for tagged in every])


async def job(store: EventStore, capture_id: str) -> Job:
    """Return a job; `NotFoundError` when there is none of that name."""
    try:
        found = await _job(store, str(uuid.UUID(capture_id)))
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError(f"there is no capture {capture_id}")
    return found


async def _job(store: EventStore, capture_id: str) -> Job | None:
    async with store.reading() as session:
        _, found = await _lives(session, [capture_id])
    return found.get(capture_id)


async def jobs(store: EventStore, *, per_page: int, token: str | None = None) -> JobPage:
    """Return a page of all jobs that there are, those that began last first."""
    before = _before(token)
    async with store.reading() as session:
        beginnings: list[tuple[int, str]] = []
        for kind, id_of in _BEGINNINGS.items():
            # One more than is shown tells whether there is a next page.
            values = session.part, kind, before, per_page + 1
            rows = await session.fetch(STATEMENTS["select_beginnings"], *values)
            beginnings += [(row[0], id_of(*row[1:])) for row in rows]
        beginnings.sort(reverse=True)
        shown = beginnings[:per_page]
        first_positions, found = await _lives(session, [capture_id for _, capture_id in shown])
    # A job that was submitted has a receipt, too, and may have been submitted again: it is shown
    # where it began. So there are fewer on this page, which no one minds.
    page = [found[name] for position, name in shown if first_positions[name] == position]
    more = len(beginnings) > per_page
    return JobPage(page, str(shown[-1][0]) if more else None)


def _id_of_captured(event_id: str, _data: bytes) -> str:
    return event_id.removeprefix(capture_tag(""))


def _id_of_submitted(event_id: str, data: bytes) -> str:
    return _life(RecordedEvent(0, 0, CAPTURE_SUBMITTED, event_id, data)).capture_id


# The types of the events that jobs begin with, and how these name the job.
_BEGINNINGS = {DOCUMENT_CAPTURED: _id_of_captured, CAPTURE_SUBMITTED: _id_of_submitted}


async def _lives(
    session: Reading, capture_ids: Sequence[str]
) -> tuple[dict[str, int], dict[str, Job]]:
    """Return the positions at which jobs begin, and the jobs, by captureID."""
    first_positions: dict[str, int] = {}
    lives: list[Decision | Receipt] = []
    asked = set(capture_ids)
    while asked:
        tags = [capture_tag(capture_id) for capture_id in asked]
        rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags)
        others = set[str]()
        for recorded in (RecordedEvent(*row) for row in rows):
            life = _life(recorded)
            first_positions.setdefault(life.capture_id, recorded.position)
            lives.append(life)
            if isinstance(life, CaptureFinished):
                others.add(life.receipt)
        # What was recorded under the name of another job has its receipt there.
        asked = others - first_positions.keys()
    return first_positions, folded(lives)


def _life(recorded: RecordedEvent) -> Receipt | CaptureSubmitted | CaptureFinished | CaptureFailed:
    if recorded.type == DOCUMENT_CAPTURED:
        return receipt_of(recorded.data)
    step = decision_of(recorded)
    assert isinstance(step, LIFECYCLE)
    return step


async def _fetch(store: EventStore, digest: str, file: IO[bytes]) -> str:
    """Write a document that was kept to `file`, and return its media type."""
    async with store.reading(long=True) as session:
        document = await kept(session, digest)
        async for piece in pieces(session, document):
            try:
                await asyncio.to_thread(file.write, piece)
            except OSError as error:
                raise no_room(error) from error
    file.seek(0)
    return document.media_type


def _refuse_another(media_type: str, body: bytes | IO[bytes]) -> None:
    # The bytes are kept under the media type that they come with, and for ever. Whoever gave the
    # wrong one has to hear of it before that.
    reader = reader_of(media_type)
    if isinstance(body, bytes):
        beginning = body[:_SNIFFED]
    else:
        body.seek(0)
        beginning = body.read(_SNIFFED)
    found = sniff(beginning)
    if reader_of(found) is not reader:
        raise ValidationError([Violation("", "media-type", media_type, found)])


def _before(token: str | None) -> int:
    if token is None:
        return _POSITION_MAX
    if not (token.isascii() and token.isdecimal() and int(token[:20]) <= _POSITION_MAX):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
