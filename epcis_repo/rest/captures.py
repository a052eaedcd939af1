"""
The resources for capturing documents: the jobs, each got by its captureID, and all in a list.

They join those of `routes.py` in one router, so that `GET /` lists them all.
"""

from __future__ import annotations

import time
from os import SEEK_END
from typing import IO, Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings import XML
from epcis_repo.bindings.xml import render_capture_job
from epcis_repo.capture_jobs import Job, Runner, job, jobs, submit
from epcis_repo.errors import QueryParameterError
from epcis_repo.model.times import utc_text
from epcis_repo.operations.capture import capture
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.receipts import Receipt
from epcis_repo.query import per_page_asked
from epcis_repo.rest.gs1_headers import (
    CAPTURE_ERROR_BEHAVIOUR,
    DISCOVERY,
    EXTENSIONS,
    IN_CAPTURES,
    IN_QUESTIONS,
    VERSIONS,
    limits_of,
    said_in,
)
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.requests import accepted, body_of, identifier_after, raw_path
from epcis_repo.rest.routes import TOKEN_HOLDS, router
from epcis_repo.settings import Settings
from epcis_repo.store import EventStore

__all__ = ["post_capture", "router"]

# RFC 7240, §4.1
_ASYNC = "respond-async"
_JSON = "application/json"
_IN_XML = (XML, "text/xml")


@router.post("/epcis/capture", status_code=202)
async def post_capture(request: Request) -> Response:
    """
    Capture a document (EPCIS 2.0, §12.6): at once, or afterwards when it is long.

    The job that is answered has ended if it was captured at once.
    """
    said = said_in(request, IN_CAPTURES)
    behaviour: CaptureErrorBehaviour = said.get(
        CAPTURE_ERROR_BEHAVIOUR, CaptureErrorBehaviour.ROLLBACK
    )
    is_async = _prefers_async(request)
    settings, store = _settings(request), _store(request)
    with key_of(request, endpoint="capture") as key:
        media_type = request.headers.get("content-type", "")
        async with body_of(request, size_max=settings.capture_size_max) as body:
            answer: Job | Receipt
            if is_async or _size(body) > settings.capture_async_size:
                runner: Runner = request.app.state.runner
                runner.refuse_more()
                answer = await submit(
                    store, body, media_type, now=_now(), key=key, capture_error_behaviour=behaviour
                )
                if answer.running:
                    runner.add(answer.capture_id)
            else:
                answer = await capture(
                    store,
                    body,
                    media_type,
                    now=_now(),
                    key=key,
                    capture_error_behaviour=behaviour,
                    events_max=settings.capture_limit,
                )
    headers = _headers(said)
    headers["Location"] = f"/epcis/capture/{answer.capture_id}"
    if answer.replayed:
        headers |= REPLAYED
    if is_async:
        headers["Preference-Applied"] = _ASYNC
    return Response(orjson.dumps(answer.value()), 202, headers, _JSON)


@router.get("/epcis/capture")
async def get_captures(request: Request) -> Response:
    """Return the capture jobs, those that began last first, a page of them (EPCIS 2.0, §12.6)."""
    said = said_in(request, IN_QUESTIONS)
    accepted(request, (_JSON,))
    asked = request.query_params
    for name, text in asked.multi_items():
        if name not in ("perPage", "nextPageToken"):
            raise QueryParameterError(name, expected="perPage or nextPageToken", found=text)
        if len(asked.getlist(name)) > 1:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
    page = await jobs(
        _store(request),
        per_page=per_page_asked(asked.get("perPage")),
        token=asked.get("nextPageToken"),
    )
    headers = _headers(said)
    if page.next_page_token is not None:
        query = urlencode({**asked, "nextPageToken": page.next_page_token})
        headers["Link"] = f'<{raw_path(request)}?{query}>; rel="next"'
        headers["GS1-Next-Page-Token-Expires"] = utc_text(_now() + TOKEN_HOLDS)
    values = [found.value() for found in page.jobs]
    return Response(orjson.dumps(values), 200, headers, _JSON)


@router.get("/epcis/capture/{capture_id}")
async def get_capture(request: Request) -> Response:
    """Return a capture job (EPCIS 2.0, §12.6)."""
    said = said_in(request, IN_QUESTIONS)
    media_type = accepted(request, (_JSON, *_IN_XML))
    value = (await _job(request)).value()
    body = render_capture_job(value) if media_type in _IN_XML else orjson.dumps(value)
    return Response(body, 200, _headers(said), media_type)


@router.options("/epcis/capture", status_code=204)
async def options_of_captures(request: Request) -> Response:
    """Tell what may be captured, and how (EPCIS 2.0, §12.2)."""
    said_in(request, IN_QUESTIONS)
    # `all` is both: rollback and proceed.
    own = {"Allow": "OPTIONS, POST, GET", CAPTURE_ERROR_BEHAVIOUR: "all"}
    return Response(None, 204, DISCOVERY | limits_of(_settings(request)) | own)


@router.options("/epcis/capture/{capture_id}", status_code=204)
async def options_of_capture(request: Request) -> Response:
    """Tell what there is of a capture job (EPCIS 2.0, §12.2)."""
    said_in(request, IN_QUESTIONS)
    await _job(request)
    return Response(None, 204, DISCOVERY | {"Allow": "OPTIONS, GET"})


async def _job(request: Request) -> Job:
    return await job(_store(request), identifier_after(request, "/epcis/capture/"))


def _headers(said: dict[str, Any]) -> dict[str, str]:
    headers = dict(VERSIONS)
    if EXTENSIONS in said:
        headers[EXTENSIONS] = said[EXTENSIONS]
    return headers


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


def _store(request: Request) -> EventStore:
    store: EventStore = request.app.state.store
    return store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _now() -> int:
    return time.time_ns() // 1000
