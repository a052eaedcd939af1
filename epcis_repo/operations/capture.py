"""Taking a document in: whole or not at all, and durable before it is answered."""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

import orjson

from epcis_repo.bindings import parse_document
from epcis_repo.bindings.jsonld import render_event
from epcis_repo.errors import DuplicateEventError, NotFoundError
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
    load_statements,
    log,
)
from epcis_repo.validation import validate

_STATEMENTS = load_statements("epcis_repo.operations", "capture.sql")

DOCUMENT_CAPTURED = "DocumentCaptured"
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


async def capture(store: EventStore, body: bytes, media_type: str, *, now: int) -> Receipt:
    """
    Record the events of the document in `body`, and keep its bytes.

    Everything is durable, indexed and folded when this returns. Raises `ValidationError` with
    every violation, or `DuplicateEventError`, and then nothing of the document is recorded.
    """
    with _collector_at_rest():
        digest, sent = await _prepared(body, media_type)
        async with store.writing() as session:
            # No one else writes meanwhile, so what the log does not have now is new.
            first = await _receipt(session, _tag(digest))
            if first is not None:
                return replace(first, repeated=True)
            sent = [await _named(session, event, sent) for event in sent]
            known = await _recorded(session, sent)
            new = []
            for event in sent:
                if event.identity not in known:
                    known[event.identity] = event.data
                    new.append(event)
                elif known[event.identity] != event.data:
                    raise DuplicateEventError(event.event_id)
            now = await log.record_time(session, now)
            receipt = Receipt(
                capture_id=_uuid(digest, "capture"),
                created=utc_text(now),
                document=digest,
                media_type=media_type,
                events=len(sent),
                recorded=len(new),
                event_ids=tuple(event.event_id for event in sent),
            )
            await log.keep(session, digest, body, media_type)
            appended = await log.append(
                session, [*map(_event_data, new), _receipt_data(receipt)], now=now
            )
            await project(
                session,
                [
                    LoggedEvent(
                        position=recorded.position,
                        record_time=recorded.record_time,
                        event_id=event.event_id,
                        event=event.event,
                        what=event.what,
                        data=event.data,
                    )
                    for event, recorded in zip(new, appended[:-1], strict=True)
                ],
            )
        return receipt


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


async def _prepared(body: bytes, media_type: str) -> tuple[str, list[_Sent]]:
    if len(body) <= _SMALL:
        return _prepare(body, media_type)
    return await asyncio.to_thread(_prepare, body, media_type)


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


def _prepare(body: bytes, media_type: str) -> tuple[str, list[_Sent]]:
    document = parse_document(body, media_type)
    digest = sha256(body).hexdigest()
    sent = []
    for number, identified in enumerate(validate(document)):
        # EPCIS 2.0, §12.6: a recordTime that comes in means nothing here.
        event = replace(identified.event, record_time=None)
        event_id = event.event_id or f"urn:uuid:{_uuid(digest, str(number))}"
        data = render_event(event, document.namespaces)
        sent.append(_Sent(event_id, event, identified.what, data))
    return digest, sent


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
    return EventData(kind, event.identity, event.data, tuple(event.what.keys()))


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
        value = orjson.loads(recorded.data)
        return Receipt(**value | {"event_ids": tuple(value["event_ids"])})
    return None


async def _recorded(session: Reading, sent: Sequence[_Sent]) -> dict[str, bytes]:
    """Return those of the identities that the log has, with their bytes."""
    rows = await session.fetch(
        _STATEMENTS["select_recorded"], session.part, [event.identity for event in sent]
    )
    return dict(rows)
