"""What comes in: documents."""

from __future__ import annotations

from typing import IO

from epcis_repo.cli.repository import Here, Question
from epcis_repo.client import Captured, Client, error_of
from epcis_repo.clock import clock
from epcis_repo.operations.capture import capture
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.reactions import ReactionsDoor


async def _capture(
    here: Here,
    body: IO[bytes],
    media_type: str,
    *,
    under: str | None,
    behaviour: CaptureErrorBehaviour,
) -> Captured:
    key = None if under is None else idempotency_key(under, endpoint="capture")
    receipt = await capture(
        here.store,
        body,
        media_type,
        now=clock(),
        key=key,
        capture_error_behaviour=behaviour,
        door=ReactionsDoor(),
    )
    return Captured(receipt.value(), receipt.replayed)


async def _capture_there(
    client: Client,
    body: IO[bytes],
    media_type: str,
    *,
    under: str | None,
    behaviour: CaptureErrorBehaviour,
) -> Captured:
    captured = await client.capture(
        body, media_type, idempotency_key=under, capture_error_behaviour=behaviour
    )
    job = captured.job
    if job["running"]:
        job = await client.ended(job["captureID"])
    if "events" not in job:
        # A long document is refused after it was taken.
        raise error_of(job["errors"][0])
    return Captured(job, captured.replayed)


CAPTURE = Question(_capture, _capture_there)
