"""
Holds and recalls: placed, listed, released; and where everything is that they are on.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.clock import clock
from epcis_repo.errors import (
    QueryParameterError,
)
from epcis_repo.holds import (
    Unit,
    hold_asked,
    holds,
    holds_reaching,
    holds_value,
    one_hold,
    place_hold,
    recall,
    recall_value,
    release_asked,
    release_hold,
    unit_value,
    units,
)
from epcis_repo.operations.asked import IDENTIFIER_EXPECTED, identifier_asked
from epcis_repo.query import per_page_asked
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import clocks, identifier_in, store_of
from epcis_repo.rest.sent import json_sent

_JSON = "application/json"
_LINES = "application/jsonl"
# A thousand identifiers, as long as they may be.
_BODY_SIZE_MAX = 2 << 20


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, _JSON)


async def post_hold(request: Request) -> Response:
    """Hold or recall a thing, a lot, or a container with what is in it."""
    with key_of(request, endpoint="holds") as key:
        asked = hold_asked(load_json(await json_sent(request, "a hold", size_max=_BODY_SIZE_MAX)))
        hold, again = await place_hold(store_of(request), asked, key=key, now=clock())
    headers = {"Location": f"/holds/{quote(hold.hold_id, safe='')}", **(REPLAYED if again else {})}
    return _json(hold.value(), 201, headers)


async def get_holds(request: Request) -> Response:
    """Return the holds that last, or those that reach a thing; on two clocks, a page of them."""
    store, asked = store_of(request), request.query_params
    moments = _clocks_once(request, ("id", "all", "perPage", "nextPageToken"))
    every = asked.get("all", "false")
    if every not in ("true", "false") or (every == "true" and "id" in asked):
        raise QueryParameterError("all", expected="true or false, and no id", found=every)
    if every == "true" and moments["as_of"] is not None:
        raise QueryParameterError("as_of", expected="known_at alone, with all", found="as_of")
    asking: dict[str, Any] = {
        **moments,
        "per_page": per_page_asked(asked.get("perPage")),
        "token": asked.get("nextPageToken"),
        "now": clock(),
    }
    if "id" in asked:
        # PostgreSQL stores no NUL, so nothing that is held has one in its name.
        if "\0" in asked["id"]:
            raise QueryParameterError("id", expected=IDENTIFIER_EXPECTED, found=asked["id"])
        identifier = identifier_asked(asked["id"])
        page = await holds_reaching(store, identifier, **asking)
    else:
        page = await holds(store, every=every == "true", **asking)
    headers = next_page(request, asked.multi_items(), page.next_page_token)
    return _json(holds_value(page.holds), headers=headers)


async def get_hold(request: Request) -> Response:
    """Return a hold, whether it lasts or was released."""
    moments = _clocks_once(request, ())
    if moments["as_of"] is not None:
        expected = "known_at: a hold says itself from when to when it holds"
        raise QueryParameterError("as_of", expected=expected, found="as_of")
    name = identifier_in(request, "hold_id")
    return _json((await one_hold(store_of(request), name, known_at=moments["known_at"])).value())


async def post_release(request: Request) -> Response:
    """Release a hold; it is kept, with the reason."""
    name = identifier_in(request, "hold_id")
    asked = release_asked(load_json(await json_sent(request, "a release", size_max=_BODY_SIZE_MAX)))
    return _json((await release_hold(store_of(request), name, asked, now=clock())).value())


async def get_recall(request: Request) -> Response:
    """Count what a recall or hold is on, by who has it and in which state."""
    name, moments = identifier_in(request, "hold_id"), _clocks_once(request, ())
    return _json(recall_value(await recall(store_of(request), name, **moments, now=clock())))


async def get_recalled_units(request: Request) -> Response:
    """Return where each thing is that a recall or hold is on: a JSON object in each line."""
    store, moments = store_of(request), _clocks_once(request, ())
    name = identifier_in(request, "hold_id")
    # What is not there is told before anything is sent.
    hold = await one_hold(store, name, known_at=moments["known_at"])

    async def lines() -> AsyncIterator[bytes]:
        async for some in units(store, hold, **moments, now=clock()):
            yield _lines(some)

    return StreamingResponse(lines(), media_type=_LINES)


def _lines(some: Iterable[Unit]) -> bytes:
    return b"".join(orjson.dumps(unit_value(unit)) + b"\n" for unit in some)


def _clocks_once(request: Request, besides: Collection[str]) -> dict[str, int | None]:
    """Return the moments that are asked about, where each parameter is there once."""
    for name in besides:
        if len(request.query_params.getlist(name)) > 1:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
    return clocks(request, besides=besides)
