"""What the receipt of a capture, itself an event of the log, says of the events before it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from epcis_repo.store import RecordedEvent
from epcis_repo.store.envelope import opened

DOCUMENT_CAPTURED = "DocumentCaptured"
CONFLICT_FOUND = "ConflictFound"
CAPTURE_SUBMITTED = "CaptureSubmitted"
FINDING_MADE = "FindingMade"


@dataclass(frozen=True, slots=True)
class CapturedDocument:
    """A document that was kept, and at which positions its events stand."""

    capture_id: str
    document: str
    media_type: str
    positions: range
    idempotency_tag: str | None = None
    partner: str | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """What the receipt is found by."""
        named = () if self.idempotency_tag is None else (self.idempotency_tag,)
        return f"capture {self.capture_id}", f"document {self.document}", *named


@lru_cache(maxsize=8)
def receipt_in(event: RecordedEvent) -> CapturedDocument:
    """Return what the receipt says: its document brought the new events right before it."""
    assert event.type == DOCUMENT_CAPTURED
    value = json.loads(event.data)
    # Its master data stands between its events and the receipt.
    count = value["recorded"] + value.get("statements", 0)
    return CapturedDocument(
        capture_id=value["capture_id"],
        document=value["document"],
        media_type=value["media_type"],
        positions=range(event.position - count, event.position),
        idempotency_tag=value.get("idempotency_tag"),
        partner=value.get("partner"),
    )


@dataclass(frozen=True, slots=True)
class SubmittedDocument:
    """A document that was kept, to be captured afterwards."""

    document: str
    idempotency_tag: str | None


def submitted_document(data: bytes) -> SubmittedDocument:
    """Return what it says that a document was submitted."""
    value = json.loads(data)
    return SubmittedDocument(value["document"], value["idempotency_tag"])


def kept_with(event: RecordedEvent) -> tuple[str, str | None] | None:
    """
    Return digest and media type of the document that was kept when `event` was recorded.

    What is only submitted names no media type: nobody knows yet whether it is one.
    """
    if event.type == DOCUMENT_CAPTURED:
        receipt = receipt_in(event)
        return receipt.document, receipt.media_type
    if event.type == CONFLICT_FOUND:
        value = json.loads(opened(event)[1])
        return value["document"], value["media_type"]
    if event.type == CAPTURE_SUBMITTED:
        return submitted_document(opened(event)[1]).document, None
    if event.type == FINDING_MADE:
        value = json.loads(opened(event)[1])
        # What was captured has its receipt.
        return None if value["captured"] else (value["document"], None)
    return None


def documents_in(events: Iterable[RecordedEvent]) -> dict[int, str]:
    """Return the digest of the document that each came in whose receipt is among `events`."""
    receipts = (receipt_in(event) for event in events if event.type == DOCUMENT_CAPTURED)
    return {position: r.document for r in receipts for position in r.positions}
