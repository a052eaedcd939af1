"""What the receipt of a capture, itself an event of the log, says of the events before it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from epcis_repo.store import RecordedEvent

DOCUMENT_CAPTURED = "DocumentCaptured"


@dataclass(frozen=True, slots=True)
class CapturedDocument:
    """A document that was kept, and at which positions its events stand."""

    capture_id: str
    document: str
    media_type: str
    positions: range

    @property
    def tags(self) -> tuple[str, ...]:
        """What the receipt is found by."""
        return f"capture {self.capture_id}", f"document {self.document}"


@lru_cache(maxsize=8)
def receipt_in(event: RecordedEvent) -> CapturedDocument:
    """Return what the receipt says: its document brought the new events right before it."""
    assert event.type == DOCUMENT_CAPTURED
    value = json.loads(event.data)
    return CapturedDocument(
        capture_id=value["capture_id"],
        document=value["document"],
        media_type=value["media_type"],
        positions=range(event.position - value["recorded"], event.position),
    )


def documents_in(events: Iterable[RecordedEvent]) -> dict[int, str]:
    """Return the digest of the document that each came in whose receipt is among `events`."""
    receipts = (receipt_in(event) for event in events if event.type == DOCUMENT_CAPTURED)
    return {position: r.document for r in receipts for position in r.positions}
