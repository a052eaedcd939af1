"""
What is known of things: histories, contents, master data, verification; and what came in as it did.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, date, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from epcis_repo.clock import clock
from epcis_repo.errors import QueryParameterError, ScanError
from epcis_repo.gs1 import Identifier, expiry_date
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.documents import received
from epcis_repo.operations.history import PER_PAGE, history, history_value
from epcis_repo.operations.master_data import master_data, master_data_value
from epcis_repo.query import per_page_asked
from epcis_repo.reconciliation import lot_of
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import (
    clocks,
    identifier_in,
    path_segments,
    raw_path,
    settings_of,
    store_of,
)
from epcis_repo.verification import ProductIdentifier, verification_value, verify


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, "application/json")


async def get_document(request: Request) -> Response:
    """Return a document as it was received, byte for byte; receipts have its SHA-256."""
    document = await received(store_of(request), identifier_in(request, "digest"))

    async def body() -> AsyncIterator[bytes]:
        with closing(document):
            for piece in document.pieces():
                yield piece

    headers = {"Content-Length": str(document.size), "ETag": f'"{document.digest}"'}
    return StreamingResponse(body(), 200, headers, document.media_type)


async def get_conflicts(request: Request) -> Response:
    """Return the eventIDs that came again with other content, in the order of being found."""
    asked = request.query_params
    for name, text in asked.multi_items():
        # PostgreSQL stores no NUL, so nothing that is recorded has one in its name.
        if name not in ("eventID", "nextPageToken") or "\0" in text:
            raise QueryParameterError(name, expected="eventID or nextPageToken", found=text)
    page = await conflicts(
        store_of(request), event_id=asked.get("eventID"), token=asked.get("nextPageToken")
    )
    headers = next_page(request, asked.multi_items(), page.next_page_token)
    return _json({"conflicts": [found.value() for found in page.conflicts]}, headers=headers)


async def get_history(request: Request) -> Response:
    """Return the life of a thing or lot; `as_of` and `known_at` are the two clocks."""
    return await _history(request, identifier_asked(identifier_in(request, "id")))


async def get_lot(request: Request) -> Response:
    """Return the life of a lot, likewise, for who has its GTIN and its number apart."""
    return await _history(
        request, lot_of(identifier_in(request, "gtin"), identifier_in(request, "lot"))
    )


async def _history(request: Request, identifier: Identifier) -> Response:
    asked = request.query_params
    story = await history(
        store_of(request),
        identifier,
        **clocks(request, besides=("perPage", "nextPageToken")),
        per_page=per_page_asked(asked.get("perPage", str(PER_PAGE))),
        token=asked.get("nextPageToken"),
    )
    return _json(
        history_value(story), headers=next_page(request, asked.multi_items(), story.next_page_token)
    )


async def get_contents(request: Request) -> Response:
    """Return what is in a container; `as_of` and `known_at` are the two clocks."""
    identifier = identifier_asked(identifier_in(request, "id"))
    found = await contents(store_of(request), identifier, **clocks(request))
    return _json(contents_value(found))


async def get_master_data(request: Request) -> Response:
    """Return what is known of a product, place or party; `as_of` and `known_at` are two clocks."""
    asked = identifier_in(request, "id")
    return _json(master_data_value(await master_data(store_of(request), asked, **clocks(request))))


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
    now = clock()
    today = datetime.fromtimestamp(now / 1e6, UTC).date()
    _, gtin, _, lot, _, serial = segments
    expiry = _expiry(asked.get("exp", ""), today)
    product = ProductIdentifier(gtin=gtin, serial=serial, lot=lot, expiry=expiry)
    verdict = await verify(store_of(request), product, today=today)
    gln, corr_uuid = settings_of(request).gln, asked.get("corrUUID")
    return _json(verification_value(verdict, now=now, gln=gln, corr_uuid=corr_uuid))


def _expiry(text: str, today: date) -> date:
    try:
        return expiry_date(text, today=today)
    except ScanError:
        expected = "the expiry as YYMMDD, such as 270331 (or 270300: the last of that month)"
        raise QueryParameterError("exp", expected=expected, found=text) from None
