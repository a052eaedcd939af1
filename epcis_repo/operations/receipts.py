"""
Receipts: what the log says of a capture, itself an event of it.

The receipt of a document that was recorded before it was answered is all there is of its job.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import orjson

from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.problems import Problem
from epcis_repo.store import EventData
from epcis_repo.store.envelope import enveloped

CAPTURE_REPEATED = "CaptureRepeated"


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What was captured of a document, and when.

    `events` is how many the document had, `event_ids` which, if they are few; `recorded` how many
    of them were new. A document that comes again has no effect and gets the first receipt, with
    `repeated` set. A request that comes again under its idempotency key gets the answer that it
    got; `replayed` says so.

    `statements` is how many of master data were new.

    `failed` is how many of the events could not be recorded where the `capture_error_behaviour` is
    to proceed, and `errors` the problems of them, of the first if there are very many.

    `quarantined` is how many are kept aside until somebody decides on them; their problems are
    among the `errors`. `partner` is the key of who sent the document, where its header says so.
    """

    capture_id: str
    created: str
    document: str
    media_type: str
    events: int
    recorded: int
    statements: int = 0
    event_ids: tuple[str, ...] = ()
    repeated: bool = False
    idempotency_tag: str | None = None
    replayed: bool = False
    capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK
    failed: int = 0
    errors: tuple[Problem, ...] = ()
    quarantined: int = 0
    partner: str | None = None

    def kept_as(self, media_type: str) -> Receipt:
        """Return it with the media type under which the document is kept: the first it came as."""
        return self if media_type == self.media_type else replace(self, media_type=media_type)

    def value(self) -> dict[str, Any]:
        """Return the capture job as EPCIS 2.0, §12.6 has it, and what we add to it."""
        aside = {"quarantined": self.quarantined} if self.quarantined else {}
        return {
            "captureID": self.capture_id,
            "createdAt": self.created,
            "finishedAt": self.created,
            "running": False,
            "success": not (self.failed or self.quarantined),
            "captureErrorBehaviour": self.capture_error_behaviour,
            "errors": self.errors,
            "events": self.events,
            "recorded": self.recorded,
            "masterData": self.statements,
            "failed": self.failed,
            **aside,
            "document": self.document,
            "repeated": self.repeated,
        }


def capture_tag(capture_id: str) -> str:
    """Return what all is found by that the log has of a capture."""
    # No URI has a blank in it, so no partner's identifier can be taken for this tag.
    return f"capture {capture_id}"


def document_tag(digest: str) -> str:
    """Return what the receipts of a document are found by."""
    return f"document {digest}"


def receipt_data(receipt: Receipt) -> EventData:
    """Return the event of the log that is the receipt."""
    named = () if receipt.idempotency_tag is None else (receipt.idempotency_tag,)
    tag = capture_tag(receipt.capture_id)
    tags = (tag, document_tag(receipt.document), *named)
    return EventData(type=DOCUMENT_CAPTURED, event_id=tag, data=_as_data(receipt), tags=tags)


def repeat_data(receipt: Receipt) -> EventData:
    """Return what keeps the answer to a key whose document had come before without it."""
    assert receipt.idempotency_tag is not None
    tag = receipt.idempotency_tag
    return enveloped(EventData(CAPTURE_REPEATED, tag, _as_data(receipt), tags=(tag,)))


def receipt_of(data: bytes) -> Receipt:
    """Return the receipt that was written to `data`."""
    value = orjson.loads(data)
    return Receipt(
        **value
        | {
            "event_ids": tuple(value["event_ids"]),
            "capture_error_behaviour": CaptureErrorBehaviour(
                value.get("capture_error_behaviour", "rollback")
            ),
            "errors": tuple(value.get("errors", ())),
        }
    )


# What most receipts would say nothing in.
_OF_PROCEEDING = ("capture_error_behaviour", "failed", "errors")
_WRITTEN = tuple(
    name
    for name in Receipt.__dataclass_fields__
    if name not in ("replayed", "statements", "quarantined", "partner", *_OF_PROCEEDING)
)


def _as_data(receipt: Receipt) -> bytes:
    proceeded = receipt.capture_error_behaviour is CaptureErrorBehaviour.PROCEED
    names = _WRITTEN + _OF_PROCEEDING if proceeded else _WRITTEN
    if receipt.quarantined:
        names += tuple(name for name in ("quarantined", "errors") if name not in names)
    names += tuple(name for name in ("statements", "partner") if getattr(receipt, name))
    return orjson.dumps({name: getattr(receipt, name) for name in names})
