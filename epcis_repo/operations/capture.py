"""
Taking a document in: whole or not at all, and durable before it is answered.

Short documents that come together are decided together, with a few statements for all of them.
A long one is decided and recorded chunk by chunk, in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice
from typing import IO, Any

import orjson

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.errors import DuplicateEventError, EpcisError, KeyReusedError, NotFoundError
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED
from epcis_repo.evidence.tree import extend
from epcis_repo.gs1 import cbv
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.operations.conflicts import Conflict, finding
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.preparing import EVENT_IDS_MAX, Prepared, Sent, drawn_uuid, prepare
from epcis_repo.projections import placed, project
from epcis_repo.projections.logged import logged
from epcis_repo.store import (
    EventData,
    EventStore,
    Query,
    QueryItem,
    Reading,
    Writing,
    load_statements,
    log,
)
from epcis_repo.store.documents import keep
from epcis_repo.store.envelope import enveloped

_STATEMENTS = load_statements("epcis_repo.operations", "capture.sql")

CAPTURE_REPEATED = "CaptureRepeated"

# A body beyond this (in bytes) is parsed on a thread, so that others are served meanwhile.
_SMALL = 65_536
# So many contradictions of one document are noted; the document itself, which is kept, has all.
_CONFLICTS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What the log says of a capture, itself an event of it.

    `events` is how many the document had, `event_ids` which, if they are few; `recorded` how many
    of them were new. A document that comes again has no effect and gets the first receipt, with
    `repeated` set. A request that comes again under its idempotency key gets the answer that it
    got; `replayed` says so.
    """

    capture_id: str
    created: str
    document: str
    media_type: str
    events: int
    recorded: int
    event_ids: tuple[str, ...] = ()
    repeated: bool = False
    idempotency_tag: str | None = None
    replayed: bool = False

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


class _ContradictedError(DuplicateEventError):
    """A long document contradicts what is recorded: what was written of it is taken back."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(conflicts[0].event_id)
        self.conflicts = conflicts


async def capture(
    store: EventStore,
    body: bytes | IO[bytes],
    media_type: str,
    *,
    now: int,
    key: IdempotencyKey | None = None,
) -> Receipt:
    """
    Record the events of the document in `body`, and keep its bytes.

    Everything is durable, indexed and folded when this returns. Raises `ValidationError` with
    every violation, `DuplicateEventError`, or `KeyReusedError` for another body under the same
    `key`, and then no event of the document is recorded. A `body` that is a file is never in
    memory as a whole; it is left open.
    """
    if isinstance(body, bytes) and len(body) <= _SMALL:
        with _collector_at_rest():
            prepared = prepare(body, media_type, now)
    else:
        prepared = await asyncio.to_thread(prepare, body, media_type, now)
    document = replace(prepared, key=key)
    with closing(document.chunks):
        if not document.chunks.are_long:
            return await store.write(_record, document)
        try:
            # A work of its own, so that no other document waits in the same group.
            return await store.write(partial(_record_long), document)
        except _ContradictedError as error:
            await store.write(partial(_note_conflicts, error.conflicts), document)
            raise DuplicateEventError(error.event_id) from None


async def _record(
    session: Writing, documents: Sequence[Prepared]
) -> Sequence[Receipt | EpcisError]:
    """Record documents that came together; answer each with its receipt, or why it is refused."""
    with _collector_at_rest():
        # No one else writes meanwhile, so what the log does not have now is new.
        before = await _before(session, documents)
        sent_by = [(document, next(document.sent())) for document in documents]
        known = await _recorded(session, [event for _, sent in sent_by for event in sent])
        now = await log.record_time(session, max(document.now for document in documents))
        answers: list[Receipt | EpcisError] = []
        accepted: list[tuple[Prepared, Receipt, list[Sent]]] = []
        refused: list[Prepared] = []
        notes: dict[str, EventData] = {}
        for document, sent in sent_by:
            if (answer := before.answer_to(document, notes)) is not None:
                answers.append(answer)
                continue
            together = [event for _, _, new in accepted for event in new]
            named = [await _named(session, event, together) for event in sent]
            try:
                new, conflicts = _new_among(named, known, {}, document)
            except DuplicateEventError as error:
                answers.append(error)
                continue
            if conflicts:
                answers.append(DuplicateEventError(conflicts[0].event_id))
                notes |= _by_id(*map(finding, conflicts))
                refused.append(document)
                continue
            known.update((event.identity, event.data) for event in new)
            receipt = _receipt_for(document, len(new), _few(named), now)
            before.note(receipt)
            answers.append(receipt)
            accepted.append((document, receipt, new))
        # All is decided; from here on everything is written.
        kept = [*(document for document, _, _ in accepted), *refused]
        await keep(session, [(d.digest, d.body, d.media_type) for d in kept])
        items: list[Sent | EventData] = []
        for _, receipt, new in accepted:
            items += [*new, _receipt_data(receipt)]
        await _append(session, [*items, *await _not_recorded(session, notes)], now=now)
    return answers


async def _record_long(
    session: Writing, documents: Sequence[Prepared]
) -> Sequence[Receipt | EpcisError]:
    """
    Record a document of many chunks, and answer it with its receipt, or why it is refused.

    What the log has of a chunk is looked up when the chunks before it are there, so that an event
    which comes twice in the document is found as any other, and no chunk is remembered. It goes on
    so when something contradicts the log, since the document may contradict itself, too.
    """
    [document] = documents
    before = await _before(session, documents)
    now = await log.record_time(session, document.now)
    notes: dict[str, EventData] = {}
    if (answer := before.answer_to(document, notes)) is not None:
        await _append(session, await _not_recorded(session, notes), now=now)
        return [answer]
    first = await log.head(session) + 1
    recorded, event_ids = 0, tuple[str, ...]()
    conflicts: list[Conflict] = []
    for sent in document.sent():
        with _collector_at_rest():
            named = [await _named(session, event, ()) for event in sent]
            known, mine = await _recorded_before(session, named, first)
            new, contradicting = _new_among(named, known, mine, document)
            conflicts += contradicting[: _CONFLICTS_MAX - len(conflicts)]
            await _append(session, new, now=now, document=document)
            recorded += len(new)
            event_ids += _few(named)[: EVENT_IDS_MAX + 1 - len(event_ids)]
    if conflicts:
        raise _ContradictedError(conflicts)
    await keep(session, [(document.digest, document.body, document.media_type)])
    receipt = _receipt_for(document, recorded, event_ids, now)
    await _append(session, [_receipt_data(receipt)], now=now, document=document)
    return [receipt]


async def _note_conflicts(
    conflicts: Sequence[Conflict], session: Writing, documents: Sequence[Prepared]
) -> Sequence[None]:
    """Keep a long document that was refused, with what it contradicts."""
    [document] = documents
    await keep(session, [(document.digest, document.body, document.media_type)])
    notes = await _not_recorded(session, _by_id(*map(finding, conflicts)))
    await _append(session, notes, now=document.now)
    return [None]


async def _append(
    session: Writing,
    items: Sequence[Sent | EventData],
    *,
    now: int,
    document: Prepared | None = None,
) -> None:
    """
    Append to the log, the tree and the read models.

    The events came in the document whose receipt follows them among `items`, or in `document`.
    """
    data = [_event_data(item) if isinstance(item, Sent) else item for item in items]
    recorded = await log.append(session, data, now=now)
    placed_by = [pair for pair in zip(items, recorded, strict=True) if isinstance(pair[0], Sent)]
    came_in = None
    if document is not None:
        came_in = {event.position: document.digest for _, event in placed_by}
    await extend(session, recorded, documents=came_in)
    rows = [placed(item.rows, event) for item, event in placed_by if isinstance(item, Sent)]
    await project(session, rows)


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


@dataclass(slots=True)
class _Before:
    """What came before: the receipts of documents, by digest, and of keys, by tag."""

    receipts: dict[str, Receipt]
    answered: dict[str | None, Receipt]

    def answer_to(
        self, document: Prepared, notes: dict[str, EventData]
    ) -> Receipt | KeyReusedError | None:
        """Return what a document gets that came before; add to `notes` what must be recorded."""
        if document.key is not None and (known := self.answered.get(document.key.tag)) is not None:
            if known.document != document.digest:
                return KeyReusedError(document.key.key)
            return replace(known, replayed=True)
        first = self.receipts.get(document.digest)
        if first is None:
            return None
        repeat = replace(first, repeated=True, idempotency_tag=document.key_tag)
        if repeat.idempotency_tag is not None:
            self.answered[repeat.idempotency_tag] = repeat
            notes |= _by_id(_repeat_data(repeat))
        return repeat

    def note(self, receipt: Receipt) -> None:
        """Have a receipt found by those that come after."""
        self.receipts[receipt.document] = receipt
        if receipt.idempotency_tag is not None:
            self.answered[receipt.idempotency_tag] = receipt


def _new_among(
    sent: Sequence[Sent], known: Mapping[str, bytes], mine: Mapping[str, bytes], document: Prepared
) -> tuple[list[Sent], list[Conflict]]:
    """
    Return what is not known, and what contradicts the known.

    `mine` is what was recorded of this document before. Raises `DuplicateEventError` for one that
    contradicts itself.
    """
    new: dict[str, Sent] = {}
    conflicts = []
    for event in sent:
        earlier = new[event.identity].data if event.identity in new else mine.get(event.identity)
        if earlier is not None:
            if not _is_again(event, earlier):
                raise DuplicateEventError(event.event_id)
        elif (before := known.get(event.identity)) is None:
            new[event.identity] = event
        elif not _is_again(event, before):
            conflicts.append(
                Conflict(
                    event_id=event.event_id,
                    identity=event.identity,
                    recorded_hash=event_hash(parse_event(before)),
                    sent_hash=event_hash(event.event),
                    document=document.digest,
                    media_type=document.media_type,
                    event_number=event.number,
                )
            )
    return list(new.values()), conflicts


def _is_again(event: Sent, data: bytes) -> bool:
    return event.data == data or _says_the_same(event.event, parse_event(data))


def _says_the_same(one: Event, other: Event) -> bool:
    """Whether two events under one eventID differ in nothing but words: in format or spelling."""
    # The event hash leaves a declaration out, which an identity here has no more of than its time.
    return _declared(one) == _declared(other) and event_hash(one) == event_hash(other)


def _declared(event: Event) -> tuple[Any, ...] | None:
    declared = event.error_declaration
    if declared is None:
        return None
    reason = declared.reason and cbv.bare_word(cbv.ERROR_REASON, declared.reason)
    return reason, sorted(declared.corrective_event_ids or ()), declared.extensions


async def _named(session: Reading, declaration: Sent, together: Sequence[Sent]) -> Sent:
    """
    Return `declaration` under the eventID of the event that it declares in error.

    Where that had no eventID, and is not in the same document (`Prepared.originals`), it is looked
    for in those that came `together` with it, and in the log. What declares nothing is returned
    as it is, and so is what declares an event that we do not have.
    """
    if not (declaration.declares and declaration.is_nameless):
        return declaration
    original = replace(declaration.event, error_declaration=None)
    for other in together:
        if other.is_nameless and not other.declares and other.event == original:
            return declaration.under(other.event_id)
    # The first few names do: what has all of them is compared in full.
    tags = tuple(islice(chain.from_iterable(declaration.roles.values()), 3))
    same_names = Query((QueryItem((declaration.type,), tags),))
    if tags:
        async for recorded in log.read(session, same_names):
            if (found := logged(recorded)).event == original:
                return declaration.under(found.event_id)
    return declaration


def _tag(digest: str) -> str:
    # No URI has a blank in it, so no partner's identifier can be taken for this tag.
    return f"document {digest}"


def _event_data(event: Sent) -> EventData:
    return EventData(event.type, event.identity, event.data, roles=event.roles)


def _few(events: Sequence[Sent]) -> tuple[str, ...]:
    """Return the eventIDs of so many that a receipt has them, or of one more."""
    return tuple(event.event_id for event in events[: EVENT_IDS_MAX + 1])


def _receipt_for(
    document: Prepared, recorded: int, event_ids: tuple[str, ...], now: int
) -> Receipt:
    return Receipt(
        capture_id=drawn_uuid(document.digest, "capture"),
        created=utc_text(now),
        document=document.digest,
        media_type=document.media_type,
        events=document.events,
        recorded=recorded,
        event_ids=event_ids if len(event_ids) <= EVENT_IDS_MAX else (),
        idempotency_tag=document.key_tag,
    )


def _receipt_data(receipt: Receipt) -> EventData:
    named = () if receipt.idempotency_tag is None else (receipt.idempotency_tag,)
    return EventData(
        type=DOCUMENT_CAPTURED,
        event_id=f"capture {receipt.capture_id}",
        data=_as_data(receipt),
        tags=(f"capture {receipt.capture_id}", _tag(receipt.document), *named),
    )


def _repeat_data(receipt: Receipt) -> EventData:
    """Return what keeps the answer to a key whose document had come before without it."""
    assert receipt.idempotency_tag is not None
    tag = receipt.idempotency_tag
    return enveloped(EventData(CAPTURE_REPEATED, tag, _as_data(receipt), tags=(tag,)))


def _as_data(receipt: Receipt) -> bytes:
    fields = (name for name in Receipt.__dataclass_fields__ if name != "replayed")
    return orjson.dumps({name: getattr(receipt, name) for name in fields})


async def _receipt(session: Reading, tag: str) -> Receipt | None:
    query = Query((QueryItem((DOCUMENT_CAPTURED,), (tag,)),))
    async for recorded in log.read(session, query, limit=1):
        return _receipt_of(recorded.data)
    return None


def _receipt_of(data: bytes) -> Receipt:
    value = orjson.loads(data)
    return Receipt(**value | {"event_ids": tuple(value["event_ids"])})


async def _before(session: Reading, documents: Sequence[Prepared]) -> _Before:
    tags = [_tag(document.digest) for document in documents]
    rows = await session.fetch(_STATEMENTS["select_receipts"], session.part, tags)
    receipts = (_receipt_of(data) for (data,) in rows)
    of_documents = {receipt.document: receipt for receipt in receipts}
    keys = [document.key.tag for document in documents if document.key is not None]
    if not keys:
        return _Before(of_documents, {})
    rows = await session.fetch(_STATEMENTS["select_receipts"], session.part, keys)
    # A receipt that carries its tags has them in a line before it.
    receipts = (_receipt_of(data.rpartition(b"\n")[2]) for (data,) in rows)
    return _Before(of_documents, {receipt.idempotency_tag: receipt for receipt in receipts})


def _by_id(*events: EventData) -> dict[str, EventData]:
    return {event.event_id: event for event in events}


async def _not_recorded(session: Reading, notes: Mapping[str, EventData]) -> list[EventData]:
    """Return those of `notes` that the log has not yet: it takes each once."""
    recorded = await _among_recorded(session, list(notes))
    return [event for event_id, event in notes.items() if event_id not in recorded]


async def _recorded(session: Reading, events: Sequence[Sent]) -> dict[str, bytes]:
    """Return those of the identities of `events` that the log has, with their bytes."""
    found = await _among_recorded(session, [event.identity for event in events])
    return {identity: data for identity, (data, _) in found.items()}


async def _recorded_before(
    session: Reading, events: Sequence[Sent], first: int
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the same by whether it was there before the event at position `first`, or is since."""
    found = await _among_recorded(session, [event.identity for event in events])
    known = {identity: data for identity, (data, position) in found.items() if position < first}
    mine = {identity: data for identity, (data, position) in found.items() if position >= first}
    return known, mine


async def _among_recorded(
    session: Reading, identities: Sequence[str]
) -> dict[str, tuple[bytes, int]]:
    if not identities:
        return {}
    rows = await session.fetch(_STATEMENTS["select_recorded"], session.part, identities)
    return {identity: (data, position) for identity, data, position in rows}
