"""The resources of events (EPCIS 2.0, §12.7): queried, got by eventID, captured one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import IO
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings import read_events
from epcis_repo.clock import clock
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.events import Event
from epcis_repo.operations.capture import capture
from epcis_repo.operations.events import Page, event, events, recorded
from epcis_repo.rest.gs1_headers import prefixes_said
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.representations import represented, represented_page
from epcis_repo.rest.requests import (
    body_of,
    door_of,
    identifier_in,
    recent_of,
    settings_of,
    store_of,
)


async def post_event(request: Request) -> Response:
    """Record exactly one event and return it."""
    with key_of(request, endpoint="events") as key:
        media_type = request.headers.get("content-type", "")
        async with body_of(request, size_max=settings_of(request).capture_size_max) as body:
            sent = await asyncio.to_thread(_only_event, body, media_type)
            receipt = await capture(
                store_of(request), body, media_type, now=clock(), key=key, door=door_of(request)
            )
    if receipt.quarantined:
        # There is no event yet, and its job says why.
        location = {"Location": f"/epcis/capture/{receipt.capture_id}"}
        return Response(orjson.dumps(receipt.value()), 202, location, "application/json")
    [event_id] = receipt.event_ids
    headers = {"Location": f"/epcis/events/{quote(event_id, safe='')}"}
    answer = await recorded(store_of(request), sent, event_id)
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


async def get_events(request: Request) -> Response:
    """Return the events that match the query, a page of them."""
    return page_of_events(request, await events_asked(request))


async def get_event(request: Request) -> Response:
    """Return an event, and the declarations that it was in error."""
    document = await event(store_of(request), _event_id_in(request), now=clock())
    return represented(request, document)


async def announce_event(request: Request) -> Mapping[str, str]:
    """Say nothing more of an event; `NotFoundError` where there is none."""
    await event(store_of(request), _event_id_in(request), now=clock())
    return {}


def _event_id_in(request: Request) -> str:
    event_id = identifier_in(request, "event_id")
    if event_id.startswith("ni:") and (version := request.url.query):
        # An event hash that was pasted as it is has its version behind a question mark.
        event_id += f"?{version}"
    return event_id


async def events_asked(request: Request, *implied: tuple[str, str]) -> Page:
    """Return the events that match the query of a request and what its path implies."""
    asked = [*implied, *request.query_params.multi_items()]
    return await events(
        store_of(request),
        asked,
        now=clock(),
        prefixes=prefixes_said(request),
        recent=recent_of(request),
    )


def page_of_events(request: Request, page: Page) -> Response:
    """Return a page of events as the request asks for it, and how to get the next."""
    asked = request.query_params.multi_items()
    return represented_page(request, page, next_page(request, asked, page.next_page_token))
