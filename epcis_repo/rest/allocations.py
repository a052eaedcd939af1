"""
Allocations of serials: made, listed, withdrawn.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.allocations import (
    allocate,
    allocation_asked,
    allocation_value,
    allocations,
    allocations_value,
    gtin_asked,
    one_allocation,
    withdraw,
    withdrawal_asked,
)
from epcis_repo.bindings.json_loader import load_json
from epcis_repo.clock import clock
from epcis_repo.errors import QueryParameterError
from epcis_repo.query import per_page_asked
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import identifier_in, moment_of, store_of
from epcis_repo.rest.sent import json_sent

_JSON = "application/json"
_BODY_SIZE_MAX = 1 << 16
_ASKED = ("gtin", "known_at", "perPage", "nextPageToken")


async def post_allocation(request: Request) -> Response:
    """Allocate serials of a product: whatever has another is found."""
    body = await json_sent(request, "an allocation", size_max=_BODY_SIZE_MAX)
    found = await allocate(store_of(request), allocation_asked(load_json(body)), now=clock())
    location = {"Location": f"/allocations/{quote(found.allocation_id, safe='')}"}
    return _json(allocation_value(found), 201, location)


async def get_allocations(request: Request) -> Response:
    """Return all allocations that were made, or those of a product."""
    asked = request.query_params
    for name, text in asked.multi_items():
        if name not in _ASKED or len(asked.getlist(name)) > 1:
            raise QueryParameterError(name, expected=f"{' or '.join(_ASKED)}, once", found=text)
    gtin, known_at = asked.get("gtin"), asked.get("known_at")
    page = await allocations(
        store_of(request),
        gtin=None if gtin is None else gtin_asked("gtin", gtin),
        known_at=None if known_at is None else moment_of("known_at", known_at),
        per_page=per_page_asked(asked.get("perPage")),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.multi_items(), page.next_page_token)
    return _json(allocations_value(page), headers=headers)


async def get_allocation(request: Request) -> Response:
    """Return an allocation, whether it counts or was withdrawn."""
    name = identifier_in(request, "allocation_id")
    return _json(allocation_value(await one_allocation(store_of(request), name)))


async def post_withdrawal(request: Request) -> Response:
    """Withdraw an allocation; it is kept, with the reason."""
    name = identifier_in(request, "allocation_id")
    body = await json_sent(request, "a withdrawal", size_max=_BODY_SIZE_MAX)
    asked = withdrawal_asked(load_json(body))
    return _json(allocation_value(await withdraw(store_of(request), name, asked, now=clock())))


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, _JSON)
