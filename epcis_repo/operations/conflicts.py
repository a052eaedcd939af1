"""
Conflicts: an eventID that came again with other content.

The recorded event stands, and the document that contradicts it is refused as a whole. What it
said is kept all the same, with a finding in the log: somebody has to ask its sender which of
the two is true.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from epcis_repo.errors import QueryParameterError
from epcis_repo.evidence.receipts import CONFLICT_FOUND
from epcis_repo.model.times import utc_text
from epcis_repo.store import EventData, EventStore, Query, QueryItem, log
from epcis_repo.store.envelope import enveloped, opened

PAGE_SIZE = 100
_POSITION_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Conflict:
    """
    What came under a taken eventID: which event of which document.

    Both contents are told by their event hash (CBV 2.0, §8.9). `event_number` counts from 1.
    `identity` is that of the event in the log, or of the declaration that it was in error.
    """

    event_id: str
    identity: str
    recorded_hash: str
    sent_hash: str
    document: str
    media_type: str
    event_number: int

    @property
    def finding_id(self) -> str:
        """The identity of the finding: the same document has the same, however often it comes."""
        return f"conflict {self.document} {self.event_number}"


@dataclass(frozen=True, slots=True)
class FoundConflict:
    """A conflict as the log has it."""

    conflict: Conflict
    position: int
    record_time: int

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/conflicts.schema.json`)."""
        conflict = self.conflict
        return {
            "eventID": conflict.event_id,
            "recordedHash": conflict.recorded_hash,
            "sentHash": conflict.sent_hash,
            "document": conflict.document,
            "mediaType": conflict.media_type,
            "eventNumber": conflict.event_number,
            "foundAt": utc_text(self.record_time),
            "position": self.position,
        }


@dataclass(frozen=True, slots=True)
class ConflictPage:
    """Some conflicts in the order in which they were found; the token asks for those after."""

    conflicts: Sequence[FoundConflict]
    next_page_token: str | None


def finding(conflict: Conflict) -> EventData:
    """Return the event of the log that says it."""
    value = {name: getattr(conflict, name) for name in Conflict.__dataclass_fields__}
    tags = (f"conflict {conflict.event_id}",)
    return enveloped(EventData(CONFLICT_FOUND, conflict.finding_id, orjson.dumps(value), tags=tags))


async def conflicts(
    store: EventStore, *, event_id: str | None = None, token: str | None = None
) -> ConflictPage:
    """Return a page of the conflicts that were found, all or those of one eventID."""
    tags = () if event_id is None else (f"conflict {event_id}",)
    query, after = Query((QueryItem((CONFLICT_FOUND,), tags),)), _after(token)
    async with store.reading() as session:
        # One more than is shown tells whether there is a next page.
        events = [e async for e in log.read(session, query, after=after, limit=PAGE_SIZE + 1)]
    found = [
        FoundConflict(Conflict(**orjson.loads(opened(e)[1])), e.position, e.record_time)
        for e in events[:PAGE_SIZE]
    ]
    more = len(events) > PAGE_SIZE
    return ConflictPage(found, str(found[-1].position) if more else None)


def _after(token: str | None) -> int:
    if token is None:
        return 0
    if not (token.isascii() and token.isdecimal() and int(token[:20]) <= _POSITION_MAX):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
