"""
All of a capture that needs no database: reading, checking and writing down what may be recorded.

A document of any length is read event by event, and what was made of each goes into chunks.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import file_digest, sha256
from io import BytesIO
from typing import IO, NamedTuple

import orjson

from epcis_repo.bindings import read_events
from epcis_repo.bindings.jsonld import parse_event, render_event
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.events import Event
from epcis_repo.model.what import What, what_of
from epcis_repo.operations.chunks import Chunks
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.projections import LoggedEvent, Rows, identity_of, rows_of
from epcis_repo.validation import validate

# A longer one is read in pieces, also where it is in memory already: that is faster.
READ_WHOLE_MAX = 1 << 20
# A receipt says which events a document had, if they are so few.
EVENT_IDS_MAX = 10
# Declarations without eventID are looked at together, after all events are known.
_NAMELESS_SIZE_MAX = 16 << 20


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


@dataclass(frozen=True, slots=True)
class Prepared:
    """
    A document that may be recorded.

    `originals` has, by the eventIDs that were assigned to declarations without one, those of the
    events in the document that they declare in error.
    """

    digest: str
    body: bytes | IO[bytes]
    media_type: str
    chunks: Chunks
    events: int
    now: int
    originals: Mapping[str, str] = field(default_factory=dict)
    key: IdempotencyKey | None = None

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


def prepare(body: bytes | IO[bytes], media_type: str, now: int) -> Prepared:
    """
    Return the document in `body`, ready to be recorded.

    Raises what `read_events` and `validate` do.
    """
    digest = _digest(body)
    source = BytesIO(body) if isinstance(body, bytes) and len(body) > READ_WHOLE_MAX else body
    chunks, nameless, count = Chunks(), _Nameless(), 0
    try:
        for count, identified in enumerate(validate(read_events(source, media_type)), 1):
            event, namespaces = identified.event, identified.found.namespaces
            if event.record_time is not None:
                # EPCIS 2.0, §12.6: a recordTime that comes in means nothing here.
                event = replace(event, record_time=None)
            event_id = event.event_id or f"urn:uuid:{drawn_uuid(digest, str(count - 1))}"
            data = render_event(event, namespaces)
            sent = _sent(count, event, identified.what, event_id, data)
            chunks.add(tuple(sent), len(data))
            if sent.declares and sent.is_nameless:
                original = replace(event, error_declaration=None)
                nameless.add(sent, render_event(original, namespaces))
        return Prepared(digest, body, media_type, chunks, count, now, nameless.originals(chunks))
    except BaseException:
        chunks.close()
        raise


def drawn_uuid(digest: str, name: str) -> str:
    """Return the UUID of something in the document with this digest."""
    # In the form of version 4, which the CBV asks of an eventID, but drawn from the document:
    # who sends it again, after an answer that he never saw, meets the same events.
    drawn = sha256(f"{digest} {name}".encode()).digest()
    return str(uuid.UUID(bytes=drawn[:16], version=4))


def _digest(body: bytes | IO[bytes]) -> str:
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
