"""The resources: each function is a request turned into a call of an operation."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from datetime import UTC, date, datetime
from typing import IO, Any
from urllib.parse import quote, urlencode

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from epcis_repo import __version__
from epcis_repo.bindings import read_events
from epcis_repo.errors import (
    QueryParameterError,
    ScanError,
    ValidationError,
    Violation,
)
from epcis_repo.gs1 import expiry_date
from epcis_repo.model.events import Event
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.capture import capture
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.documents import received
from epcis_repo.operations.events import Page, event, events, recorded
from epcis_repo.operations.history import history, history_value
from epcis_repo.operations.master_data import master_data, master_data_value
from epcis_repo.rest.gs1_headers import EXTENSIONS, IN_CAPTURES, IN_QUERIES, VERSIONS, said_in
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.representations import represented
from epcis_repo.rest.requests import (
    body_of,
    clocks,
    identifier_after,
    path_segments,
    raw_path,
)
from epcis_repo.settings import Settings
from epcis_repo.store import EventStore
from epcis_repo.store.archived import archived_years
from epcis_repo.store.log import head
from epcis_repo.verification import ProductIdentifier, verification_value, verify

router = APIRouter()

# What is promised of a token, in microseconds: a day.
TOKEN_HOLDS = 86_400_000_000


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


@router.post("/epcis/events", status_code=201)
async def post_event(request: Request) -> Response:
    """Record exactly one event and return it (EPCIS 2.0, §12.7)."""
    said_in(request, IN_CAPTURES)
    with key_of(request, endpoint="events") as key:
        media_type = request.headers.get("content-type", "")
        async with body_of(request, size_max=_settings(request).capture_size_max) as body:
            sent = await asyncio.to_thread(_only_event, body, media_type)
            receipt = await capture(_store(request), body, media_type, now=_now(), key=key)
    [event_id] = receipt.event_ids
    headers = VERSIONS | {"Location": f"/epcis/events/{quote(event_id, safe='')}"}
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
    if event_id.startswith("ni:") and (version := request.url.query):
        # An event hash that was pasted as it is has its version behind a question mark.
        event_id += f"?{version}"
    return represented(request, await event(_store(request), event_id, now=_now()), {})


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
    prefixes = said_in(request, IN_QUERIES).get(EXTENSIONS)
    now = _now()
    page: Page = await events(_store(request), asked, now=now, prefixes=prefixes)
    headers = {}
    if page.next_page_token is not None:
        again = [(n, v) for n, v in asked if n not in (implied, "nextPageToken")]
        query = urlencode([*again, ("nextPageToken", page.next_page_token)])
        headers["Link"] = f'<{raw_path(request)}?{query}>; rel="next"'
        # A token says all that is needed, so it holds for longer; nobody should rely on it.
        headers["GS1-Next-Page-Token-Expires"] = utc_text(now + TOKEN_HOLDS)
    return represented(request, page.document, headers)


@router.get("/documents/{digest}")
async def get_document(request: Request) -> Response:
    """Return a document as it was received, byte for byte; receipts have its SHA-256."""
    document = await received(_store(request), identifier_after(request, "/documents/"))

    async def body() -> AsyncIterator[bytes]:
        with closing(document):
            for piece in document.pieces():
                yield piece

    headers = {"Content-Length": str(document.size), "ETag": f'"{document.digest}"'}
    return StreamingResponse(body(), 200, headers, document.media_type)


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


@router.get("/masterdata/{id:path}")
async def get_master_data(request: Request) -> Response:
    """Return what is known of a product, place or party; `as_of` and `known_at` are two clocks."""
    asked = identifier_after(request, "/masterdata/")
    return _json(master_data_value(await master_data(_store(request), asked, **clocks(request))))


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
    """
    Say whether the store answers, where its log ends, and what is not as usual.

    That is which years are archived, and why nothing is written, if so.
    """
    async with _store(request).reading(snapshot=False) as session:
        position = await head(session)
        archived = [away.year for away in await archived_years(session)]
    value = {"status": "ok", "version": __version__, "head": position}
    if archived:
        value["archivedYears"] = archived
    if (distress := _store(request).distress()) is not None:
        # Still 200: who takes us out of service for it would end the reading, too.
        value |= {"status": "read-only", "reason": str(distress)}
    return _json(value)


@router.get("/")
async def get_root(request: Request) -> Response:
    """Say what is where."""
    paths = sorted({route.path for route in router.routes if hasattr(route, "path")} - {"/"})
    return _json({"name": "epcis-repo", "version": __version__, "resources": paths})
