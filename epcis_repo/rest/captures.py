"""The resources for capturing documents: the jobs, each got by its captureID, and all in a list."""

from __future__ import annotations

from collections.abc import Mapping
from os import SEEK_END
from typing import IO

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings import XML
from epcis_repo.bindings.xml import render_capture_job
from epcis_repo.capture_jobs import Job, Runner, job, jobs, submit
from epcis_repo.clock import clock
from epcis_repo.operations.capture import capture
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.receipts import Receipt
from epcis_repo.rest.gs1_headers import CAPTURE_ERROR_BEHAVIOUR, limits_of, said
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.pages import next_page, page_asked, page_parameters
from epcis_repo.rest.requests import (
    accepted,
    body_of,
    door_of,
    identifier_in,
    settings_of,
    store_of,
)

# RFC 7240, §4.1
_ASYNC = "respond-async"
_JSON = "application/json"
_IN_XML = (XML, "text/xml")


async def post_capture(request: Request) -> Response:
    """
    Capture a document (EPCIS 2.0, §12.6): at once, or afterwards when it is long.

    The job that is answered has ended if it was captured at once.
    """
    behaviour: CaptureErrorBehaviour = said(request).get(
        CAPTURE_ERROR_BEHAVIOUR, CaptureErrorBehaviour.ROLLBACK
    )
    is_async = _prefers_async(request)
    settings, store = settings_of(request), store_of(request)
    with key_of(request, endpoint="capture") as key:
        media_type = request.headers.get("content-type", "")
        async with body_of(request, size_max=settings.capture_size_max) as body:
            answer: Job | Receipt
            if is_async or _size(body) > settings.capture_async_size:
                runner: Runner = request.app.state.runner
                runner.refuse_more()
                answer = await submit(
                    store, body, media_type, now=clock(), key=key, capture_error_behaviour=behaviour
                )
                if answer.running:
                    runner.add(answer.capture_id)
            else:
                answer = await capture(
                    store,
                    body,
                    media_type,
                    now=clock(),
                    key=key,
                    capture_error_behaviour=behaviour,
                    events_max=settings.capture_limit,
                    door=door_of(request),
                )
    headers = {"Location": f"/epcis/capture/{answer.capture_id}"}
    if answer.replayed:
        headers |= REPLAYED
    if is_async:
        headers["Preference-Applied"] = _ASYNC
    return Response(orjson.dumps(answer.value()), 202, headers, _JSON)


async def get_captures(request: Request) -> Response:
    """Return the capture jobs, those that began last first, a page of them (EPCIS 2.0, §12.6)."""
    accepted(request, (_JSON,))
    asked = page_asked(request)
    page = await jobs(store_of(request), per_page=asked.per_page, token=asked.token)
    headers = next_page(request, page_parameters(request), page.next_page_token)
    values = [found.value() for found in page.jobs]
    return Response(orjson.dumps(values), 200, headers, _JSON)


async def get_capture(request: Request) -> Response:
    """Return a capture job (EPCIS 2.0, §12.6)."""
    media_type = accepted(request, (_JSON, *_IN_XML))
    value = (await _job(request)).value()
    body = render_capture_job(value) if media_type in _IN_XML else orjson.dumps(value)
    return Response(body, 200, media_type=media_type)


async def announce_captures(request: Request) -> Mapping[str, str]:
    """Say what may be captured, and how (EPCIS 2.0, §12.2)."""
    # `all` is both: rollback and proceed.
    return limits_of(settings_of(request)) | {CAPTURE_ERROR_BEHAVIOUR: "all"}


async def announce_capture(request: Request) -> Mapping[str, str]:
    """Say nothing more of a capture job; `NotFoundError` where there is none."""
    await _job(request)
    return {}


async def _job(request: Request) -> Job:
    return await job(store_of(request), identifier_in(request, "capture_id"))


def _prefers_async(request: Request) -> bool:
    # Hardly anybody has one.
    preferences = [value for name, value in request.headers.raw if name == b"prefer"]
    return any(
        preference.partition(b";")[0].strip().lower() == _ASYNC.encode()
        for value in preferences
        for preference in value.split(b",")
    )


def _size(body: bytes | IO[bytes]) -> int:
    return len(body) if isinstance(body, bytes) else body.seek(0, SEEK_END)
