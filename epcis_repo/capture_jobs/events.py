"""What is recorded of a document that is captured after it was answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True)
class CaptureSubmitted(Decision):
    """A document is to be captured; its bytes were kept in the same transaction."""

    capture_id: str
    document: str
    capture_error_behaviour: str
    created: str
    idempotency_tag: str | None


@dataclass(frozen=True)
class CaptureFinished(Decision):
    """
    The document was captured.

    `receipt` is the captureID of its receipt: of another job, where that had recorded all of it.
    """

    capture_id: str
    receipt: str
    finished: str


@dataclass(frozen=True)
class CaptureFailed(Decision):
    """Nothing of the document was recorded; `errors` are the problem documents that say why."""

    capture_id: str
    errors: list[dict[str, Any]]
    finished: str
