"""The header Idempotency-Key: who sends a request again gets the answer that it had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import Request

from epcis_repo.errors import IdempotencyKeyError, RequestInProgressError
from epcis_repo.operations.idempotency import IdempotencyKey, idempotency_key

HEADER = "Idempotency-Key"
REPLAYED = {"Idempotent-Replayed": "true"}


@contextmanager
def key_of(request: Request, *, endpoint: str) -> Iterator[IdempotencyKey | None]:
    """
    Give the key of a request, None where it has none.

    Raises `RequestInProgressError` while another request with the same key is answered in this
    process: a client that was too impatient, whose first request may yet be refused.
    """
    sent = request.headers.getlist(HEADER)
    if not sent:
        yield None
        return
    if len(sent) > 1:
        raise IdempotencyKeyError(f"{HEADER} stands {len(sent)} times: a request has one key")
    key = idempotency_key(sent[0], endpoint=endpoint)
    in_progress: set[str] = request.app.state.in_progress
    if key.tag in in_progress:
        raise RequestInProgressError(key.key)
    in_progress.add(key.tag)
    try:
        yield key
    finally:
        in_progress.discard(key.tag)
