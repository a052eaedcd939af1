"""
Whether what was said adds up: the account of a lot, and what became of a shipment.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

import asyncio
from typing import IO

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.errors import (
    CaptureLimitExceededError,
    QueryTooComplexError,
    UnsupportedMediaTypeError,
)
from epcis_repo.query import per_page_asked
from epcis_repo.reconciliation import (
    PER_PAGE,
    Scans,
    lot_account_value,
    lot_of,
    read_scans,
    reconcile_lot,
    reconcile_shipment,
    row_asked,
    scans_in,
    shipment_account_value,
    verdict_asked,
)
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import body_of, clocks, identifier_in, store_of

_JSON, _TEXT = "application/json", "text/plain"
_PAGE = ("perPage", "nextPageToken")
# As many scans as there may be, each a long Digital Link.
_SCANS_SIZE_MAX = 32 << 20


async def get_lot_account(request: Request) -> Response:
    """Return the account of a lot: each serial in one row, and what does not add up."""
    asked = request.query_params
    account = await reconcile_lot(
        store_of(request),
        lot_of(identifier_in(request, "gtin"), identifier_in(request, "lot")),
        **clocks(request, besides=("row", *_PAGE)),
        row=row_asked(asked.get("row")),
        per_page=per_page_asked(asked.get("perPage", str(PER_PAGE))),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.multi_items(), account.next_page_token)
    return Response(orjson.dumps(lot_account_value(account)), 200, headers, _JSON)


async def get_shipment_account(request: Request) -> Response:
    """Return a shipment as it was shipped and as it was received."""
    return await _shipment_account(request, None)


async def post_shipment_account(request: Request) -> Response:
    """Hold a list of scans against a shipment; nothing is recorded."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in (_JSON, _TEXT):
        raise UnsupportedMediaTypeError(f"scans are {_TEXT} or {_JSON}; this is {media_type!r}")
    try:
        async with body_of(request, size_max=_SCANS_SIZE_MAX) as sent:
            body = sent if isinstance(sent, bytes) else _whole(sent)
    except CaptureLimitExceededError:
        raise QueryTooComplexError(f"scans may have {_SCANS_SIZE_MAX} bytes") from None
    texts = scans_in(body, is_json=media_type == _JSON)
    # So many take a second or two, in which others are answered.
    return await _shipment_account(request, await asyncio.to_thread(read_scans, texts))


async def _shipment_account(request: Request, scans: Scans | None) -> Response:
    asked = request.query_params
    account = await reconcile_shipment(
        store_of(request),
        identifier_in(request, "shipment"),
        scans=scans,
        **clocks(request, besides=("only", *_PAGE)),
        only=verdict_asked(asked.get("only")),
        per_page=per_page_asked(asked.get("perPage", str(PER_PAGE))),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.multi_items(), account.next_page_token)
    return Response(orjson.dumps(shipment_account_value(account)), 200, headers, _JSON)


def _whole(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()
