"""
Taking a document in: whole or not at all, and durable before it is answered.

Who asks to proceed has all of it recorded that can be, and is told what cannot.

Short documents that come together are decided together, with a few statements for all of them.
A long one is decided and recorded chunk by chunk, in a transaction of its own.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from io import SEEK_END
from itertools import chain, islice
from typing import IO, Any, NamedTuple

from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.errors import (
    VIOLATIONS_KEPT,
    DuplicateEventError,
    EpcisError,
    KeyReusedError,
    ValidationError,
    Violations,
)
from epcis_repo.evidence.receipts import CAPTURE_SUBMITTED, submitted_document
from epcis_repo.evidence.tags import REPORTED_TYPES
from epcis_repo.evidence.tree import extend
from epcis_repo.gs1 import cbv
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.operations.chunks import CHUNK_LENGTH
from epcis_repo.operations.conflicts import Conflict, finding
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.preparing import (
    EVENT_IDS_MAX,
    Admission,
    Broken,
    CaptureErrorBehaviour,
    Door,
    Prepared,
    Sent,
    capture_id_of,
    drawn_uuid,
    prepare,
)
from epcis_repo.operations.problems import Problem, as_problem, problems_aside, problems_in
from epcis_repo.operations.receipts import (
    Receipt,
    document_tag,
    receipt_data,
    receipt_of,
    repeat_data,
)
from epcis_repo.operations.statements import hearsay
from epcis_repo.projections import placed, project
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
from epcis_repo.store.documents import keep

_STATEMENTS = load_statements("epcis_repo.operations", "capture.sql")

# A body beyond this (in bytes) is parsed on a thread, so that others are served meanwhile.
_SMALL = 65_536
# Up to this, one at a time: threads that compute take the interpreter's lock from one another and
# from the writer, and four of them do less than one. What takes seconds keeps nobody waiting.
_MIDDLING = 8 << 20
_READER = ThreadPoolExecutor(1, thread_name_prefix="reader")
# So many contradictions of one document are noted; the document itself, which is kept, has all.
_CONFLICTS_MAX = 10_000
# So often a document is recorded anew without what was found in it the time before.
_LOOKS_MAX = 8


class _ContradictedError(DuplicateEventError):
    """A long document contradicts what is recorded: what was written of it is taken back."""

    def __init__(self, conflicts: Sequence[Conflict]) -> None:
        super().__init__(conflicts[0].event_id)
        self.conflicts = conflicts


class _LookedAtError(EpcisError):
    """Somebody looks at a document, which is to be recorded by itself for that."""


class _HeldError(EpcisError):
    """Events of a document break what somebody has set: all that was written is taken back."""

    def __init__(self, held: Sequence[Broken]) -> None:
        super().__init__("events break what somebody has set")
        self.held = tuple(held)


async def capture(
    store: EventStore,
    body: bytes | IO[bytes],
    media_type: str,
    *,
    now: int,
    key: IdempotencyKey | None = None,
    capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK,
    events_max: int | None = None,
    door: Door | None = None,
    admission: Admission | None = None,
) -> Receipt:
    """
    Record the events of the document in `body`, and keep its bytes.

    Everything is durable, indexed and folded when this returns. Raises `ValidationError` with
    every violation, `DuplicateEventError`, `CaptureLimitExceededError` for more than `events_max`
    events, or `KeyReusedError` for another body under the same `key`, and then no event of the
    document is recorded. Where the `capture_error_behaviour` is to proceed, events that are not
    valid, or contradict what is recorded, are left out and told in the receipt. A `body` that is a
    file is never in memory as a whole; it is left open.

    Where there is a `door`, it may refuse events, as those that are not valid, or keep them aside.
    By an `admission` what was kept aside is captured; `AppendConditionFailed` where it is no more.
    """
    read = partial(
        prepare,
        body,
        media_type,
        now,
        key=key,
        capture_error_behaviour=capture_error_behaviour,
        events_max=events_max,
        door=door,
        admission=admission,
    )
    length = _length_of(body)
    if length <= _SMALL:
        with collector_at_rest():
            document = read()
    elif length <= _MIDDLING:
        read = partial(read, make_way=store.make_way)
        document = await asyncio.get_running_loop().run_in_executor(_READER, read)
    else:
        document = await asyncio.to_thread(partial(read, make_way=store.make_way))
    is_alone = document.is_long or admission is not None
    with closing(document.chunks):
        for _ in range(_LOOKS_MAX):
            try:
                if not is_alone:
                    return await store.write(_record, document)
                # A work of its own, so that no other document waits in the same group.
                return await store.write(partial(_record_long), document)
            except _ContradictedError as error:
                await store.write(partial(_note_conflicts, error.conflicts), document)
                raise DuplicateEventError(error.event_id) from None
            except _LookedAtError:
                is_alone = True
            except _HeldError as error:
                document = replace(document, held=(*document.held, *error.held))
                if document.is_aside and not all(broken.is_aside for broken in document.held):
                    break
        await store.write(partial(_note_held), document)
    raise ValidationError([broken.violation for broken in document.held])


def _length_of(body: bytes | IO[bytes]) -> int:
    return len(body) if isinstance(body, bytes) else body.seek(0, SEEK_END)


async def repetition_of(store: EventStore, document: Prepared) -> Receipt | None:
    """
    Return what a document gets that came before, and keep that for its key; None for a new one.

    Raises `KeyReusedError` as `capture` does. Of the document no more is looked at than what names
    it.
    """
    return await store.write(partial(_answer_repetition), document)


async def _record(
    session: Writing, documents: Sequence[Prepared]
) -> Sequence[Receipt | EpcisError]:
    """Record documents that came together; answer each with its receipt, or why it is refused."""
    with collector_at_rest():
        # No one else writes meanwhile, so what the log does not have now is new.
        before = await _before(session, documents)
        sent_by = [(document, next(document.sent())) for document in documents]
        known = await _recorded(session, [event for _, sent in sent_by for event in sent])
        told = await hearsay(
            session, [said for document in documents for said in document.statements]
        )
        now = await log.record_time(session, max(document.now for document in documents))
        answers: list[Receipt | EpcisError] = []
        accepted: list[tuple[Prepared, Receipt, list[Sent], list[EventData]]] = []
        refused: list[Prepared] = []
        conflicts: list[Conflict] = []
        notes: dict[str, EventData] = {}
        for document, sent in sent_by:
            if (answer := before.answer_to(document, notes)) is not None:
                answers.append(answer)
                continue
            if document.door is not None and document.door.looks_at(document):
                answers.append(_LookedAtError())
                continue
            together = [event for _, _, new, _ in accepted for event in new]
            named = [await _named(session, event, together) for event in sent]
            verdict = _verdict_on(named, known, {}, document)
            if not document.proceeds and (error := verdict.error()) is not None:
                answers.append(error)
                if not verdict.doubled:
                    conflicts += verdict.conflicts
                    refused.append(document)
                continue
            conflicts += verdict.conflicts
            known.update((event.identity, event.data) for event in verdict.new)
            failures = _Failures()
            failures.add(verdict)
            news = list(told.news(document.statements))
            counts = _Counts(len(verdict.new), len(news), _few(named))
            receipt = _receipt(document, counts, failures, now)
            before.note(receipt)
            answers.append(receipt)
            accepted.append((document, receipt, verdict.new, news))
        # All is decided; from here on everything is written.
        documents_kept = [*(document for document, _, _, _ in accepted), *refused]
        media_types = await _keep(session, documents_kept)
        items: list[Sent | EventData] = []
        for _, receipt, new, news in accepted:
            as_kept = receipt.kept_as(media_types[receipt.document])
            items += [*new, *news, receipt_data(as_kept)]
        notes |= _findings(conflicts, media_types)
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
    admission = document.admission
    if admission is not None:
        await log.append(session, (), admission.condition, now=document.now)
    elif (answer := await _answered(session, document)) is not None:
        return [answer]
    now = await log.record_time(session, document.now)
    first = await log.head(session) + 1
    recorded, event_ids = 0, tuple[str, ...]()
    conflicts: list[Conflict] = []
    failures = _Failures()
    written: list[tuple[Sent, RecordedEvent]] | None = None
    for number, chunk in enumerate(document.sent()):
        sent = [event for event in chunk if document.has_part(event.number)]
        with collector_at_rest():
            named = [await _named(session, event, ()) for event in sent]
            known, mine = await _recorded_before(session, named, first)
            verdict = _verdict_on(named, known, mine, document)
            if verdict.doubled and not document.proceeds:
                raise DuplicateEventError(verdict.doubled[0].event_id)
            conflicts += verdict.conflicts[: _CONFLICTS_MAX - len(conflicts)]
            failures.add(verdict)
            appended = await _append(session, verdict.new, now=now, document=document)
            # Of more than a chunk nobody remembers all.
            written = appended if number == 0 else None
            recorded += len(verdict.new)
            event_ids += _few(named)[: EVENT_IDS_MAX + 1 - len(event_ids)]
    if conflicts and not document.proceeds:
        raise _ContradictedError(conflicts)
    await _look(session, document, written, after=first - 1)
    statements = () if document.is_aside else document.statements
    told = await hearsay(session, statements)
    news = list(told.news(statements))
    for first_of_some in range(0, len(news), CHUNK_LENGTH):
        some = news[first_of_some : first_of_some + CHUNK_LENGTH]
        await _append(session, some, now=now, document=document)
    media_types = await _keep(session, [document])
    receipt = _receipt(document, _Counts(recorded, len(news), event_ids), failures, now)
    data = receipt_data(receipt.kept_as(media_types[document.digest]))
    notes = await _not_recorded(session, _findings(conflicts, media_types) | _notes_on(document))
    decided = [] if admission is None else [admission.decided]
    if document.aside and document.door is not None:
        decided.append(document.door.aside(document))
    await _append(session, [data, *notes, *decided], now=now, document=document)
    return [receipt]


async def _look(
    session: Writing,
    document: Prepared,
    written: Sequence[tuple[Sent, RecordedEvent]] | None,
    *,
    after: int,
) -> None:
    """Raise `_HeldError` where the door finds what keeps events from being recorded."""
    door = document.door
    if door is None or document.is_aside or not door.looks_at(document):
        return
    until = await log.head(session)
    if held := await door.look(session, document, written, after=after, until=until):
        raise _HeldError(held)


async def _answer_repetition(
    session: Writing, documents: Sequence[Prepared]
) -> Sequence[Receipt | EpcisError | None]:
    [document] = documents
    return [await _answered(session, document)]


async def _answered(session: Writing, document: Prepared) -> Receipt | KeyReusedError | None:
    """Return the answer to a document that came before, and record what must be of it."""
    notes: dict[str, EventData] = {}
    answer = (await _before(session, [document])).answer_to(document, notes)
    await _append(session, await _not_recorded(session, notes), now=document.now)
    return answer


async def _note_conflicts(
    conflicts: Sequence[Conflict], session: Writing, documents: Sequence[Prepared]
) -> Sequence[None]:
    """Keep a long document that was refused, with what it contradicts."""
    media_types = await _keep(session, documents)
    notes = await _not_recorded(session, _findings(conflicts, media_types))
    [document] = documents
    await _append(session, notes, now=document.now)
    return [None]


async def _note_held(session: Writing, documents: Sequence[Prepared]) -> Sequence[None]:
    """Keep a document that the door has refused, with what was found in it."""
    [document] = documents
    await _keep(session, documents)
    notes = await _not_recorded(session, _notes_on(document))
    await _append(session, notes, now=document.now)
    return [None]


def _notes_on(document: Prepared) -> dict[str, EventData]:
    return _by_id(*(note for broken in document.held for note in broken.notes))


async def _keep(session: Writing, documents: Sequence[Prepared]) -> dict[str, str]:
    """Keep documents, and return the media types under which they are kept, by digest."""
    return await keep(session, [(d.digest, d.body, d.media_type) for d in documents])


async def _append(
    session: Writing,
    items: Sequence[Sent | EventData],
    *,
    now: int,
    document: Prepared | None = None,
) -> list[tuple[Sent, RecordedEvent]]:
    """
    Append to the log, the tree and the read models; return where the events stand that were sent.

    What partners say came in the document whose receipt follows it among `items`, or in `document`.
    """
    data = [_event_data(item) if isinstance(item, Sent) else item for item in items]
    recorded = await log.append(session, data, now=now)
    placed_by = [
        (item, event) for item, event in zip(items, recorded, strict=True) if isinstance(item, Sent)
    ]
    came_in = None
    if document is not None:
        came_in = {e.position: document.digest for e in recorded if e.type in REPORTED_TYPES}
    await extend(session, recorded, documents=came_in)
    await project(session, [placed(item.rows, event) for item, event in placed_by])
    return placed_by


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Have nobody look for cycles meanwhile."""
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
    """
    What came before: the receipts of documents, by digest, and of keys, by tag.

    `submitted` has the documents that wait to be captured, by the tags of their keys.
    """

    receipts: dict[str, Receipt]
    answered: dict[str | None, Receipt]
    submitted: dict[str | None, str]

    def answer_to(
        self, document: Prepared, notes: dict[str, EventData]
    ) -> Receipt | KeyReusedError | None:
        """Return what a document gets that came before; add to `notes` what must be recorded."""
        if document.key is not None:
            known = self.answered.get(document.key.tag)
            named = self.submitted.get(document.key.tag) if known is None else known.document
            if named not in (None, document.digest):
                return KeyReusedError(document.key.key)
            if known is not None:
                return replace(known, replayed=True)
        first = self.receipts.get(document.digest)
        if first is None or (first.failed and not document.proceeds):
            # What was recorded in part may yet be asked for as a whole.
            return None
        repeat = replace(first, repeated=True, idempotency_tag=document.key_tag)
        if repeat.idempotency_tag is not None:
            self.answered[repeat.idempotency_tag] = repeat
            notes |= _by_id(repeat_data(repeat))
        return repeat

    def note(self, receipt: Receipt) -> None:
        """Have a receipt found by those that come after."""
        self.receipts[receipt.document] = receipt
        if receipt.idempotency_tag is not None:
            self.answered[receipt.idempotency_tag] = receipt


class _Verdict(NamedTuple):
    """
    What becomes of some events of a document.

    `new` are to be recorded, `conflicts` contradict what the log had before, `doubled` contradict
    others of their document.
    """

    new: list[Sent]
    conflicts: list[Conflict]
    doubled: list[Sent]

    def error(self) -> DuplicateEventError | None:
        """Return why a document is refused that is recorded whole or not at all."""
        wrong = [event.event_id for event in self.doubled]
        wrong += [conflict.event_id for conflict in self.conflicts]
        return DuplicateEventError(wrong[0]) if wrong else None


def _verdict_on(
    sent: Sequence[Sent], known: Mapping[str, bytes], mine: Mapping[str, bytes], document: Prepared
) -> _Verdict:
    """Decide on events; `mine` is what was recorded of their document before, `known` of others."""
    new: dict[str, Sent] = {}
    conflicts, doubled = [], []
    for event in sent:
        earlier = new[event.identity].data if event.identity in new else mine.get(event.identity)
        if earlier is not None:
            if not _is_again(event, earlier):
                doubled.append(event)
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
    return _Verdict(list(new.values()), conflicts, doubled)


@dataclass(slots=True)
class _Failures:
    """The events of a document whose eventIDs are taken: how many, and the first of them."""

    count: int = 0
    _first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, verdict: _Verdict) -> None:
        """Add those of a verdict."""
        if not (verdict.conflicts or verdict.doubled):
            return
        taken = [(conflict.event_number, conflict.event_id) for conflict in verdict.conflicts]
        taken += [(event.number, event.event_id) for event in verdict.doubled]
        self.count += len(taken)
        self._first += sorted(taken)[: VIOLATIONS_KEPT - len(self._first)]

    def problems(self) -> list[Problem]:
        """Return what is said of them."""
        return [as_problem(DuplicateEventError(name), event=number) for number, name in self._first]


class _Counts(NamedTuple):
    """How many events and statements of a document were new, and what events it had, if few."""

    events: int
    statements: int
    event_ids: tuple[str, ...]


def _receipt(document: Prepared, counts: _Counts, failures: _Failures, now: int) -> Receipt:
    # What is let in of a document was found good; the others had their answer.
    refused = document.refused if document.admission is None else Violations()
    problems: list[Problem] = []
    held = [broken.violation for broken in document.held if not broken.is_aside]
    aside = [broken.violation for broken in document.held if broken.is_aside]
    if refused.count or failures.count or document.held:
        problems = [*problems_in(refused.first), *failures.problems()]
        problems += [*problems_in(held), *problems_aside(aside)]
        problems.sort(key=lambda problem: int(problem["event"]))
    return Receipt(
        capture_id=_capture_id(document),
        created=utc_text(now),
        document=document.digest,
        media_type=document.media_type,
        events=len(_admitted(document)) or document.events,
        recorded=counts.events,
        statements=counts.statements,
        event_ids=counts.event_ids if len(counts.event_ids) <= EVENT_IDS_MAX else (),
        idempotency_tag=document.key_tag,
        capture_error_behaviour=document.capture_error_behaviour,
        failed=refused.events + failures.count + len({violation.event for violation in held}),
        errors=tuple(problems[:VIOLATIONS_KEPT]),
        quarantined=document.aside,
        partner=document.partner,
    )


def _admitted(document: Prepared) -> frozenset[int]:
    return frozenset() if document.admission is None else document.admission.numbers


def _capture_id(document: Prepared) -> str:
    if document.admission is not None:
        return drawn_uuid(document.digest, f"released {document.admission.capture_id}")
    return capture_id_of(document.digest, document.capture_error_behaviour)


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


def _event_data(event: Sent) -> EventData:
    return EventData(event.type, event.identity, event.data, roles=event.roles)


def _few(events: Sequence[Sent]) -> tuple[str, ...]:
    """Return the eventIDs of so many that a receipt has them, or of one more."""
    return tuple(event.event_id for event in events[: EVENT_IDS_MAX + 1])


async def _before(session: Reading, documents: Sequence[Prepared]) -> _Before:
    tags = [document_tag(document.digest) for document in documents]
    door = next((document.door for document in documents if document.door is not None), None)
    decision, position = (None, 0) if door is None else (door.decision, door.position)
    values = session.part, tags, decision, position
    found = [
        RecordedEvent(*row) for row in await session.fetch(_STATEMENTS["select_before"], *values)
    ]
    if door is not None:
        door.learn([event for event in found if event.type == decision])
    receipts = [receipt_of(event.data) for event in found if event.type != decision]
    # Of a document that was recorded in part and then as a whole, the whole counts; so does what
    # was released of one that was kept aside.
    receipts.sort(key=lambda receipt: (not receipt.failed, not receipt.quarantined))
    of_documents = {receipt.document: receipt for receipt in receipts}
    before = _Before(of_documents, {}, {})
    keys = [document.key.tag for document in documents if document.key is not None]
    rows = await session.fetch(_STATEMENTS["select_receipts"], session.part, keys) if keys else []
    for kind, data in rows:
        # What carries its tags has them in a line before it.
        data = data.rpartition(b"\n")[2]
        if kind == CAPTURE_SUBMITTED:
            submitted = submitted_document(data)
            before.submitted[submitted.idempotency_tag] = submitted.document
        else:
            receipt = receipt_of(data)
            before.answered[receipt.idempotency_tag] = receipt
    return before


def _findings(
    conflicts: Sequence[Conflict], media_types: Mapping[str, str]
) -> dict[str, EventData]:
    found = (replace(c, media_type=media_types[c.document]) for c in conflicts)
    return _by_id(*map(finding, found))


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
