"""
All of a capture that needs no database: reading, checking and writing down what may be recorded.

A document of any length is read event by event, and what was made of each goes into chunks.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import file_digest, sha256
from io import BytesIO
from typing import IO, NamedTuple, Protocol

import orjson

from epcis_repo.bindings import read_events, scan_events
from epcis_repo.bindings.jsonld import parse_event, render_event
from epcis_repo.errors import (
    CaptureLimitExceededError,
    ValidationError,
    Violation,
    Violations,
)
from epcis_repo.model.documents import InPieces
from epcis_repo.model.events import Event
from epcis_repo.model.what import What, what_of
from epcis_repo.operations.chunks import LONG_LENGTH, Chunks
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.partners import sender_of
from epcis_repo.operations.statements import SentStatement, sent_statements
from epcis_repo.projections import LoggedEvent, Rows, identity_of, rows_of
from epcis_repo.store import AppendCondition, EventData, RecordedEvent, Writing
from epcis_repo.validation import Identified, IdentifiedEvent, judged, validate

# A longer one is read in pieces, also where it is in memory already: that is faster.
READ_WHOLE_MAX = 1 << 20
# A receipt says which events a document had, if they are so few.
EVENT_IDS_MAX = 10
# So many are read and checked, some milliseconds long, before others may go first.
_EVENTS_IN_A_ROW = 16
# Declarations without eventID are looked at together, after all events are known.
_NAMELESS_SIZE_MAX = 16 << 20


class CaptureErrorBehaviour(StrEnum):
    """What becomes of a document when some of its events cannot be recorded (§12.6)."""

    ROLLBACK = "rollback"
    PROCEED = "proceed"


class Sent(NamedTuple):
    """
    An event of a document that may be recorded, with all that the database will have of it.

    `number` is its place in the document, from 1. `rows` say nothing yet of where in the log it
    stands. `declares` says that it is an error declaration, `is_nameless` that it has no eventID
    but the one that was assigned.
    """

    number: int
    event_id: str
    identity: str
    type: str
    data: bytes
    roles: Mapping[int, tuple[str, ...]]
    rows: Rows
    declares: bool
    is_nameless: bool

    @property
    def event(self) -> Event:
        return parse_event(self.data)

    def under(self, event_id: str) -> Sent:
        """Return it under the eventID of the event that it declares in error."""
        event = self.event
        named = _sent(self.number, event, what_of(event), event_id, self.data)
        return named._replace(is_nameless=False)


class Broken(NamedTuple):
    """
    That an event, by its number in the document, breaks what somebody has set: it is refused, or
    `is_aside` until somebody decides. `notes` say it in the log.
    """

    number: int
    violation: Violation
    is_aside: bool
    notes: Sequence[EventData]


class Door(Protocol):
    """Who looks at what comes in, in the transaction that records it (`reactions/door.py`)."""

    @property
    def decision(self) -> str:
        """The type of the decisions that it goes by."""
        ...

    @property
    def position(self) -> int:
        """As far as this it knows of them."""
        ...

    def learn(self, decided: Iterable[RecordedEvent]) -> None:
        """Take note of all such decisions that stand past its position."""
        ...

    def looks_at(self, document: Prepared) -> bool:
        """Whether it has anything to look for in a document."""
        ...

    async def look(
        self,
        session: Writing,
        document: Prepared,
        recorded: Sequence[tuple[Sent, RecordedEvent]] | None,
        *,
        after: int,
        until: int,
    ) -> Sequence[Broken]:
        """
        Return what keeps events of a document from being recorded, which now they are.

        They stand past the position `after`; `recorded` are all of them, unless they are many.
        """
        ...

    def aside(self, document: Prepared) -> EventData:
        """Return what says in the log that events of a document are kept aside."""
        ...


@dataclass(frozen=True, slots=True)
class Admission:
    """
    That somebody lets in what was kept aside of a document.

    That are the events of these `numbers`, all where there are none. `decided` says so in the log,
    if nobody has decided otherwise meanwhile.
    """

    capture_id: str
    numbers: frozenset[int]
    decided: EventData
    condition: AppendCondition


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A document that may be recorded.

    `events` is how many it has, `statements` its master data. Where it is to proceed, `refused` are
    the violations of the events that may not be recorded. `originals` has, by the eventIDs that
    were assigned to declarations without one, those of the events in the document that they declare
    in error.

    `partner` is who sent it, by the key of the header's sender. `door` is who looks at it, `held`
    what was found then: it is recorded without that. An `admission` lets in what was kept aside.
    """

    digest: str
    body: bytes | IO[bytes]
    media_type: str
    chunks: Chunks
    events: int
    now: int
    statements: Sequence[SentStatement] = ()
    originals: Mapping[str, str] = field(default_factory=dict)
    capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK
    refused: Violations = field(default_factory=Violations)
    key: IdempotencyKey | None = None
    partner: str | None = None
    door: Door | None = None
    held: tuple[Broken, ...] = ()
    admission: Admission | None = None

    @property
    def proceeds(self) -> bool:
        return self.capture_error_behaviour is CaptureErrorBehaviour.PROCEED

    @property
    def is_long(self) -> bool:
        """Whether it is too much to be recorded together with others."""
        return self.chunks.are_long or len(self.statements) > LONG_LENGTH

    @property
    def is_aside(self) -> bool:
        """Whether all of it is kept aside, since it is recorded whole or not at all."""
        return bool(self.held) and not self.proceeds

    @property
    def aside(self) -> int:
        """How many of its events are kept aside."""
        numbers = {broken.number for broken in self.held if broken.is_aside}
        return self.events if self.is_aside else len(numbers)

    def has_part(self, number: int) -> bool:
        """Whether the event of a number is to be recorded."""
        if self.is_aside:
            return False
        if self.admission is not None and self.admission.numbers:
            return number in self.admission.numbers
        return all(broken.number != number for broken in self.held)

    @property
    def key_tag(self) -> str | None:
        return None if self.key is None else self.key.tag

    def sent(self) -> Iterator[list[Sent]]:
        """Yield the events, a chunk of them at a time."""
        for chunk in self.chunks:
            events = [Sent._make(values) for values in chunk]
            if self.originals:
                events = [self._named(event) for event in events]
            yield events

    def _named(self, event: Sent) -> Sent:
        original = self.originals.get(event.event_id) if event.declares else None
        return event if original is None else event.under(original)


def prepare(
    body: bytes | IO[bytes],
    media_type: str,
    now: int,
    *,
    key: IdempotencyKey | None = None,
    capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK,
    events_max: int | None = None,
    door: Door | None = None,
    admission: Admission | None = None,
    make_way: Callable[[], None] | None = None,
) -> Prepared:
    """
    Return the document in `body`, ready to be recorded; `make_way` is called now and then.

    Raises what `read_events` and `validate` do, and `CaptureLimitExceededError` for more than
    `events_max` events. Where it is to proceed, `ValidationError` is of the document alone.
    """
    digest = digest_of(body)
    chunks, nameless, refused, count = Chunks(), _Nameless(), Violations(), 0
    if capture_error_behaviour is CaptureErrorBehaviour.PROCEED:
        events = _sound(BytesIO(body) if isinstance(body, bytes) else body, media_type, refused)
    elif isinstance(body, bytes) and len(body) > READ_WHOLE_MAX:
        events = validate(read_events(BytesIO(body), media_type))
    else:
        events = validate(read_events(body, media_type))
    read = InPieces(events)
    try:
        for count, identified in enumerate(read, 1):
            _refuse_more(count + refused.events, events_max)
            if make_way is not None and count % _EVENTS_IN_A_ROW == 0:
                make_way()
            event, namespaces = identified.event, identified.found.namespaces
            number = identified.found.number
            if event.record_time is not None:
                # EPCIS 2.0, §12.6: a recordTime that comes in means nothing here.
                event = replace(event, record_time=None)
            event_id = event.event_id or f"urn:uuid:{drawn_uuid(digest, str(number - 1))}"
            data = render_event(event, namespaces)
            sent = _sent(number, event, identified.what, event_id, data)
            chunks.add(tuple(sent), len(data))
            if sent.declares and sent.is_nameless:
                original = replace(event, error_declaration=None)
                nameless.add(sent, render_event(original, namespaces))
        _refuse_more(count + refused.events, events_max)
        return Prepared(
            digest=digest,
            body=body,
            media_type=media_type,
            chunks=chunks,
            events=count + refused.events,
            now=now,
            statements=sent_statements(read.beside, digest, now, capture_error_behaviour),
            originals=nameless.originals(chunks),
            capture_error_behaviour=capture_error_behaviour,
            refused=refused,
            key=key,
            partner=sender_of(read.beside),
            door=door,
            admission=admission,
        )
    except BaseException:
        chunks.close()
        raise


def _refuse_more(count: int, events_max: int | None) -> None:
    if events_max is not None and count > events_max:
        raise CaptureLimitExceededError(f"{events_max} events at most")


def _sound(file: IO[bytes], media_type: str, refused: Violations) -> Identified:
    """
    Yield the events that may be recorded, and add to `refused` what is wrong with the others.

    Raises `ValidationError` at the end where something is wrong that is of no single event.
    """
    around, scanned = Violations(), InPieces(scan_events(file, media_type))
    for found in scanned:
        if isinstance(found, Violation):
            (around if found.event is None else refused).add([found])
        elif isinstance(verdict := judged(found), IdentifiedEvent):
            yield verdict
        else:
            refused.add(verdict)
    if around.count:
        around.before(refused).refuse()
    return scanned.beside


def drawn_uuid(digest: str, name: str) -> str:
    """Return the UUID of something in the document with this digest."""
    # In the form of version 4, which the CBV asks of an eventID, but drawn from the document:
    # who sends it again, after an answer that he never saw, meets the same events.
    drawn = sha256(f"{digest} {name}".encode()).digest()
    return str(uuid.UUID(bytes=drawn[:16], version=4))


def capture_id_of(digest: str, capture_error_behaviour: CaptureErrorBehaviour) -> str:
    """Return the captureID of the document with this digest."""
    # Recorded in part, it may come again to be recorded whole: that is another job.
    proceeds = capture_error_behaviour is CaptureErrorBehaviour.PROCEED
    return drawn_uuid(digest, "capture proceeding" if proceeds else "capture")


def digest_of(body: bytes | IO[bytes]) -> str:
    """Return the SHA-256 of a document, in hex, under which it is known and kept."""
    if isinstance(body, bytes):
        return sha256(body).hexdigest()
    body.seek(0)
    return file_digest(body, "sha256").hexdigest()  # type: ignore[arg-type]  # it reads into buffers


def _sent(number: int, event: Event, what: What, event_id: str, data: bytes) -> Sent:
    item = LoggedEvent(0, 0, event_id, event, what, data)
    return Sent(
        number=number,
        event_id=event_id,
        identity=identity_of(event, event_id),
        type=type(event).__name__,
        data=data,
        roles={int(role): keys for role, keys in what.by_role().items()},
        rows=tuple(tuple(row) for row in rows_of(item)),
        declares=event.error_declaration is not None,
        is_nameless=event.event_id is None,
    )


class _Nameless:
    """
    Error declarations without eventID, until all events of the document are known.

    Where the original had no eventID of its own, the declaration has none either, and is
    otherwise identical to it (EPCIS 2.0, §7.4.1.2).
    """

    def __init__(self) -> None:
        self._of_content: dict[bytes, list[Sent]] = defaultdict(list)
        self._size = 0

    def add(self, declaration: Sent, original: bytes) -> None:
        """Add a declaration, of an event that would be written as `original`."""
        self._size += len(declaration.data)
        if self._size > _NAMELESS_SIZE_MAX:
            expected = f"declarations without eventID of {_NAMELESS_SIZE_MAX} bytes at most"
            raise ValidationError([Violation("", "size", expected, "more", declaration.number)])
        self._of_content[_content(original)].append(declaration)

    def originals(self, chunks: Chunks) -> dict[str, str]:
        """Return the eventIDs of the originals by those that the declarations were assigned."""
        originals: dict[str, str] = {}
        for chunk in chunks if self._of_content else ():
            for event in map(Sent._make, chunk):
                if not event.is_nameless or event.declares:
                    continue
                for declaration in self._of_content.get(_content(event.data), ()):
                    # Their numbers may differ in a digit that no double has.
                    if event.event == replace(declaration.event, error_declaration=None):
                        originals.setdefault(declaration.event_id, event.event_id)
        return originals


def _content(data: bytes) -> bytes:
    """Return what equal events have in common, in whatever order they say it."""
    return sha256(orjson.dumps(orjson.loads(data), option=orjson.OPT_SORT_KEYS)).digest()
