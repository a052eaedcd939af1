"""Taking a document in: whole or not at all, and durable before it is answered."""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

import orjson

from epcis_repo.bindings import parse_document
from epcis_repo.bindings.jsonld import render_event
from epcis_repo.errors import DuplicateEventError, NotFoundError
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED
from epcis_repo.evidence.tree import extend
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.model.what import What
from epcis_repo.projections import LoggedEvent, identity_of, project
from epcis_repo.projections.logged import logged
from epcis_repo.store import (
    EventData,
    EventStore,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
    Writing,
    load_statements,
    log,
)
from epcis_repo.validation import validate

_STATEMENTS = load_statements("epcis_repo.operations", "capture.sql")

# A body beyond this (in bytes) is parsed on a thread, so that others are served meanwhile.
_SMALL = 65_536


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What the log says of a capture, itself an event of it.

    `events` is how many the document had; `recorded` how many of them were new. A document
    that comes again has no effect and gets the first receipt, with `repeated` set.
    """

    capture_id: str
    created: str
    document: str
    media_type: str
    events: int
    recorded: int
    event_ids: tuple[str, ...] = ()
    repeated: bool = False

    def value(self) -> dict[str, Any]:
        """Return the capture job as EPCIS 2.0, §12.6 has it, and what we add to it."""
        return {
            "captureID": self.capture_id,
            "createdAt": self.created,
            "finishedAt": self.created,
            "running": False,
            "success": True,
            "captureErrorBehaviour": "rollback",
            "errors": [],
            "events": self.events,
            "recorded": self.recorded,
            "document": self.document,
            "repeated": self.repeated,
        }


@dataclass(frozen=True, slots=True)
class _Sent:
    """An event of a document that may be recorded, with the bytes that the log will keep."""

    event_id: str
    event: Event
    what: What
    data: bytes

    @property
    def identity(self) -> str:
        return identity_of(self.event, self.event_id)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A document that may be recorded: all the work that needs no database is done."""

    digest: str
    body: bytes
    media_type: str
    sent: Sequence[_Sent]
    now: int


async def capture(store: EventStore, body: bytes, media_type: str, *, now: int) -> Receipt:
    """
    Record the events of the document in `body`, and keep its bytes.

    Everything is durable, indexed and folded when this returns. Raises `ValidationError` with
    every violation, or `DuplicateEventError`, and then nothing of the document is recorded.
    """
    if len(body) <= _SMALL:
        prepared = _prepare(body, media_type, now)
    else:
        with _collector_at_rest():
            prepared = await asyncio.to_thread(_prepare, body, media_type, now)
    return await store.write(_record, prepared)


async def _record(
    session: Writing, documents: Sequence[_Prepared]
) -> Sequence[Receipt | DuplicateEventError]:
    """Record documents that came together; answer each with its receipt, or why it is refused."""
    with _collector_at_rest():
        # No one else writes meanwhile, so what the log does not have now is new.
        receipts = await _receipts(session, [_tag(document.digest) for document in documents])
        known = await _recorded(session, documents)
        now = await log.record_time(session, max(document.now for document in documents))
        answers: list[Receipt | DuplicateEventError] = []
        accepted: list[tuple[_Prepared, Receipt, list[_Sent]]] = []
        for document in documents:
            if (first := receipts.get(document.digest)) is not None:
                answers.append(replace(first, repeated=True))
                continue
            together = [*(event for _, _, new in accepted for event in new), *document.sent]
            sent = [await _named(session, event, together) for event in document.sent]
            try:
                new = _new_among(sent, known)
            except DuplicateEventError as error:
                answers.append(error)
                continue
            known.update((event.identity, event.data) for event in new)
            receipt = Receipt(
                capture_id=_uuid(document.digest, "capture"),
                created=utc_text(now),
                document=document.digest,
                media_type=document.media_type,
                events=len(sent),
                recorded=len(new),
                event_ids=tuple(event.event_id for event in sent),
            )
            receipts[document.digest] = receipt
            answers.append(receipt)
            accepted.append((document, receipt, new))
        # All is decided; from here on everything is written.
        await log.keep(session, [(d.digest, d.body, d.media_type) for d, _, _ in accepted])
        data = [
            item
            for _, receipt, new in accepted
            for item in (*map(_event_data, new), _receipt_data(receipt))
        ]
        appended = await log.append(session, data, now=now)
        await extend(session, appended)
        recorded = iter(appended)
        events: list[LoggedEvent] = []
        for _, _, new in accepted:
            events += [_logged(event, next(recorded)) for event in new]
            next(recorded)  # the receipt, which no read model is folded from
        await project(session, events)
    return answers


async def capture_receipt(store: EventStore, capture_id: str) -> Receipt:
    """Return the receipt of a capture; `NotFoundError` when there is none of that name."""
    try:
        name = str(uuid.UUID(capture_id))
    except ValueError:
        receipt = None
    else:
        async with store.reading() as session:
            receipt = await _receipt(session, f"capture {name}")
    if receipt is None:
        raise NotFoundError(f"there is no capture {capture_id}")
    return receipt


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    # What a capture makes are trees without cycles. The collector would go through hundreds of
    # thousands of them again and again, a quarter of the time of a large document, for nothing.
    at_work = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if at_work:
            gc.enable()


def _prepare(body: bytes, media_type: str, now: int) -> _Prepared:
    document = parse_document(body, media_type)
    digest = sha256(body).hexdigest()
    sent = []
    for number, identified in enumerate(validate(document)):
        # EPCIS 2.0, §12.6: a recordTime that comes in means nothing here.
        event = identified.event
        if event.record_time is not None:
            event = replace(event, record_time=None)
        event_id = event.event_id or f"urn:uuid:{_uuid(digest, str(number))}"
        data = render_event(event, document.namespaces)
        sent.append(_Sent(event_id, event, identified.what, data))
    return _Prepared(digest, body, media_type, sent, now)


def _new_among(sent: Sequence[_Sent], known: Mapping[str, bytes]) -> list[_Sent]:
    """Return what is not known; `DuplicateEventError` for what is, with other content."""
    new: dict[str, _Sent] = {}
    for event in sent:
        before = new[event.identity].data if event.identity in new else known.get(event.identity)
        if before is None:
            new[event.identity] = event
        elif before != event.data:
            raise DuplicateEventError(event.event_id)
    return list(new.values())


def _logged(event: _Sent, recorded: RecordedEvent) -> LoggedEvent:
    return LoggedEvent(
        position=recorded.position,
        record_time=recorded.record_time,
        event_id=event.event_id,
        event=event.event,
        what=event.what,
        data=event.data,
    )


async def _named(session: Reading, declaration: _Sent, sent: Sequence[_Sent]) -> _Sent:
    """
    Return `declaration` under the eventID of the event that it declares in error.

    Where the original had no eventID of its own, the declaration has none either, and is
    otherwise identical to it (EPCIS 2.0, §7.4.1.2). What declares nothing is returned as it is,
    and so is what declares an event that we do not have.
    """
    if declaration.event.event_id is not None or declaration.event.error_declaration is None:
        return declaration
    original = replace(declaration.event, error_declaration=None)
    for other in sent:
        if other.event == original:
            return replace(declaration, event_id=other.event_id)
    # The first few names do: what has all of them is compared in full.
    tags = tuple(islice(declaration.what.keys(), 3))
    same_names = Query((QueryItem((type(original).__name__,), tags),))
    if tags:
        async for recorded in log.read(session, same_names):
            if (found := logged(recorded)).event == original:
                return replace(declaration, event_id=found.event_id)
    return declaration


def _uuid(digest: str, name: str) -> str:
    # In the form of version 4, which the CBV asks of an eventID, but drawn from the document:
    # who sends it again, after an answer that he never saw, meets the same events.
    drawn = sha256(f"{digest} {name}".encode()).digest()
    return str(uuid.UUID(bytes=drawn[:16], version=4))


def _tag(digest: str) -> str:
    # No URI has a blank in it, so no partner's identifier can be taken for this tag.
    return f"document {digest}"


def _event_data(event: _Sent) -> EventData:
    kind = type(event.event).__name__
    return EventData(kind, event.identity, event.data, roles=event.what.by_role())


def _receipt_data(receipt: Receipt) -> EventData:
    return EventData(
        type=DOCUMENT_CAPTURED,
        event_id=f"capture {receipt.capture_id}",
        data=orjson.dumps({name: getattr(receipt, name) for name in Receipt.__dataclass_fields__}),
        tags=(f"capture {receipt.capture_id}", _tag(receipt.document)),
    )


async def _receipt(session: Reading, tag: str) -> Receipt | None:
    query = Query((QueryItem((DOCUMENT_CAPTURED,), (tag,)),))
    async for recorded in log.read(session, query, limit=1):
        return _receipt_of(recorded.data)
    return None


def _receipt_of(data: bytes) -> Receipt:
    value = orjson.loads(data)
    return Receipt(**value | {"event_ids": tuple(value["event_ids"])})


async def _receipts(session: Reading, tags: Sequence[str]) -> dict[str, Receipt]:
    """Return the receipts of documents that came before, by digest."""
    rows = await session.fetch(_STATEMENTS["select_receipts"], session.part, tags)
    receipts = (_receipt_of(data) for (data,) in rows)
    return {receipt.document: receipt for receipt in receipts}


async def _recorded(session: Reading, documents: Sequence[_Prepared]) -> dict[str, bytes]:
    """Return those of the identities that the log has, with their bytes."""
    identities = [event.identity for document in documents for event in document.sent]
    rows = await session.fetch(_STATEMENTS["select_recorded"], session.part, identities)
    return dict(rows)
