"""The resources: each function is a request turned into a call of an operation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import IO, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo import __version__
from epcis_repo.bindings import JSON_LD, RENDERERS, XML, read_events
from epcis_repo.errors import (
    InputError,
    NotAcceptableError,
    QueryParameterError,
    ScanError,
    ValidationError,
    Violation,
)
from epcis_repo.gs1 import expiry_date
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.capture import capture, capture_receipt
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.events import Page, event, events, recorded
from epcis_repo.operations.history import history, history_value
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.requests import (
    accepted,
    body_of,
    clocks,
    identifier_after,
    path_segments,
    raw_path,
)
from epcis_repo.settings import Settings
from epcis_repo.store import EventStore
from epcis_repo.store.log import head
from epcis_repo.verification import ProductIdentifier, verification_value, verify

router = APIRouter()

# Media type → the format that answers it. The first is what a client gets that does not say.
EVENT_FORMATS = {
    "application/json": "json-ld",
    JSON_LD: "json-ld",
    XML: "xml-2.0",
    "text/xml": "xml-2.0",
}
_VERSIONS = {"GS1-EPCIS-Version": "2.0.0", "GS1-CBV-Version": "2.0.0"}


def _store(request: Request) -> EventStore:
    store: EventStore = request.app.state.store
    return store


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _now() -> int:
    return time.time_ns() // 1000


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, "application/json")


def _document(request: Request, document: Document, headers: dict[str, str]) -> Response:
    media_type = accepted(request, tuple(EVENT_FORMATS))
    try:
        body = RENDERERS[EVENT_FORMATS[media_type]](document)
    except InputError as error:
        # A JSON extension may have a name or a character that XML has not.
        raise NotAcceptableError(f"{error}; accept application/json for these events") from None
    return Response(body, 200, _VERSIONS | headers, media_type)


@router.post("/epcis/capture", status_code=202)
async def post_capture(request: Request) -> Response:
    """Record a document, whole or not at all (EPCIS 2.0, §12.6)."""
    with key_of(request, endpoint="capture") as key:
        media_type = request.headers.get("content-type", "")
        async with body_of(request, size_max=_settings(request).capture_size_max) as body:
            receipt = await capture(_store(request), body, media_type, now=_now(), key=key)
    headers = _VERSIONS | {"Location": f"/epcis/capture/{receipt.capture_id}"}
    return _json(receipt.value(), 202, headers | (REPLAYED if receipt.replayed else {}))


@router.get("/epcis/capture/{capture_id}")
async def get_capture(request: Request) -> Response:
    """Return a capture job (EPCIS 2.0, §12.6)."""
    capture_id = identifier_after(request, "/epcis/capture/")
    receipt = await capture_receipt(_store(request), capture_id)
    return _json(receipt.value(), headers=_VERSIONS)


@router.post("/epcis/events", status_code=201)
async def post_event(request: Request) -> Response:
    """Record exactly one event and return it (EPCIS 2.0, §12.7)."""
    with key_of(request, endpoint="events") as key:
        media_type = request.headers.get("content-type", "")
        async with body_of(request, size_max=_settings(request).capture_size_max) as body:
            sent = await asyncio.to_thread(_only_event, body, media_type)
            receipt = await capture(_store(request), body, media_type, now=_now(), key=key)
    [event_id] = receipt.event_ids
    headers = _VERSIONS | {"Location": f"/epcis/events/{quote(event_id, safe='')}"}
    answer = await recorded(_store(request), sent, event_id)
    headers |= REPLAYED if receipt.replayed else {}
    return Response(answer, 201, headers, "application/json")


def _only_event(body: bytes | IO[bytes], media_type: str) -> Event:
    first, count = None, 0
    for found in read_events(body, media_type):
        first, count = first or found.event, found.number
    if first is None or count > 1:
        violation = Violation("", "one-event", "exactly one event", f"{count} events")
        raise ValidationError([violation])
    return first


@router.get("/epcis/events")
async def get_events(request: Request) -> Response:
    """Return the events that match the query, a page of them (EPCIS 2.0, §12.7)."""
    return await _answer(request, request.query_params.multi_items())


@router.get("/epcis/events/{event_id:path}")
async def get_event(request: Request) -> Response:
    """Return an event, and the declarations that it was in error (EPCIS 2.0, §12.7)."""
    event_id = identifier_after(request, "/epcis/events/")
    return _document(request, await event(_store(request), event_id, now=_now()), {})


@router.get("/epcis/epcs/{epc:path}/events")
async def get_epc_events(request: Request) -> Response:
    """Return the events that name an EPC: the query MATCH_anyEPC (EPCIS 2.0, §12.8)."""
    epc = identifier_after(request, "/epcis/epcs/", "/events")
    asked = request.query_params.multi_items()
    return await _answer(request, [("MATCH_anyEPC", epc), *asked], implied="MATCH_anyEPC")


async def _answer(
    request: Request, parameters: Iterable[tuple[str, str]], *, implied: str | None = None
) -> Response:
    asked = list(parameters)
    page: Page = await events(_store(request), asked, now=_now())
    headers = {}
    if page.next_page_token is not None:
        again = [(n, v) for n, v in asked if n not in (implied, "nextPageToken")]
        query = urlencode([*again, ("nextPageToken", page.next_page_token)])
        headers["Link"] = f'<{raw_path(request)}?{query}>; rel="next"'
    return _document(request, page.document, headers)


@router.get("/conflicts")
async def get_conflicts(request: Request) -> Response:
    """Return the eventIDs that came again with other content, in the order of being found."""
    asked = request.query_params
    for name, text in asked.multi_items():
        # PostgreSQL stores no NUL, so nothing that is recorded has one in its name.
        if name not in ("eventID", "nextPageToken") or "\0" in text:
            raise QueryParameterError(name, expected="eventID or nextPageToken", found=text)
    page = await conflicts(
        _store(request), event_id=asked.get("eventID"), token=asked.get("nextPageToken")
    )
    headers = {}
    if page.next_page_token is not None:
        query = urlencode({**asked, "nextPageToken": page.next_page_token})
        headers["Link"] = f'<{raw_path(request)}?{query}>; rel="next"'
    return _json({"conflicts": [found.value() for found in page.conflicts]}, headers=headers)


@router.get("/history/{id:path}")
async def get_history(request: Request) -> Response:
    """Return the life of a thing; `as_of` and `known_at` are the two clocks."""
    identifier = identifier_asked(identifier_after(request, "/history/"))
    story = await history(_store(request), identifier, **clocks(request))
    return _json(history_value(story))


@router.get("/contents/{id:path}")
async def get_contents(request: Request) -> Response:
    """Return what is in a container; `as_of` and `known_at` are the two clocks."""
    identifier = identifier_asked(identifier_after(request, "/contents/"))
    found = await contents(_store(request), identifier, **clocks(request))
    return _json(contents_value(found))


@router.get("/verify/gtin/{rest:path}")
async def get_verification(request: Request) -> Response:
    """
    Answer a verification request (GS1 US, Lightweight Messaging Standard R1.3).

    The standard asks with 14 digits; a GTIN of 8, 12 or 13 names the same product, so it is
    answered too. Parameters that we do not use, such as `context`, are the requestor's affair.
    """
    asked = request.query_params
    link_type = asked.get("linkType", "verificationService")
    if link_type != "verificationService":
        raise QueryParameterError("linkType", expected="verificationService", found=link_type)
    segments = path_segments(request)[2:]
    if segments[0:6:2] != ["gtin", "lot", "ser"] or len(segments) != 6 or not all(segments):
        expected = "/verify/gtin/{gtin}/lot/{lot}/ser/{serial}"
        raise QueryParameterError("path", expected=expected, found=raw_path(request))
    now = _now()
    today = datetime.fromtimestamp(now / 1e6, UTC).date()
    _, gtin, _, lot, _, serial = segments
    expiry = _expiry(asked.get("exp", ""), today)
    product = ProductIdentifier(gtin=gtin, serial=serial, lot=lot, expiry=expiry)
    verdict = await verify(_store(request), product, today=today)
    gln, corr_uuid = _settings(request).gln, asked.get("corrUUID")
    return _json(verification_value(verdict, now=now, gln=gln, corr_uuid=corr_uuid))


def _expiry(text: str, today: date) -> date:
    try:
        return expiry_date(text, today=today)
    except ScanError:
        expected = "the expiry as YYMMDD, such as 270331 (or 270300: the last of that month)"
        raise QueryParameterError("exp", expected=expected, found=text) from None


@router.get("/health")
async def get_health(request: Request) -> Response:
    """Say whether the store answers, where its log ends, and why nothing is written, if so."""
    async with _store(request).reading(snapshot=False) as session:
        position = await head(session)
    value = {"status": "ok", "version": __version__, "head": position}
    if (distress := _store(request).distress()) is not None:
        # Still 200: who takes us out of service for it would end the reading, too.
        value |= {"status": "read-only", "reason": str(distress)}
    return _json(value)


@router.get("/")
async def get_root(request: Request) -> Response:
    """Say what is where."""
    paths = sorted({route.path for route in router.routes if hasattr(route, "path")} - {"/"})
    return _json({"name": "epcis-repo", "version": __version__, "resources": paths})
