"""The resources of named queries (EPCIS 2.0, §12.8): defined, listed, asked, and deleted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.clock import clock
from epcis_repo.errors import (
    QueryTooComplexError,
)
from epcis_repo.named_queries import (
    create_query,
    definition,
    delete_query,
    named_queries,
    named_query,
)
from epcis_repo.operations.events import answer
from epcis_repo.query import name_before, token_after
from epcis_repo.rest.events import page_of_events
from epcis_repo.rest.pages import next_page, page_asked, page_parameters
from epcis_repo.rest.representations import JSON_FORMS
from epcis_repo.rest.requests import (
    IN_MEMORY_MAX,
    accepted,
    identifier_in,
    recent_of,
    store_of,
)
from epcis_repo.rest.sent import json_sent

_JSON = "application/json"


async def post_query(request: Request) -> Response:
    """Give a name to a query."""
    body = await json_sent(request, "a query", size_max=IN_MEMORY_MAX, beyond=QueryTooComplexError)
    defined = definition(body)
    named = await create_query(store_of(request), defined.name, defined.query, now=clock())
    headers = {"Location": f"/epcis/queries/{quote(named.name, safe='')}"}
    return Response(orjson.dumps(named.value()), 201, headers, _JSON)


async def get_queries(request: Request) -> Response:
    """Return the queries that have a name, in order of it, a page of them."""
    media_type = accepted(request, JSON_FORMS)
    asked = page_asked(request)
    there = await named_queries(store_of(request))
    names = [named.name for named in there]
    start = 0 if asked.token is None else bisect_right(names, name_before(asked.token))
    end = start + asked.per_page
    token = token_after(names[end - 1]) if end < len(there) else None
    body = orjson.dumps([named.value() for named in there[start:end]])
    return Response(body, 200, next_page(request, page_parameters(request), token), media_type)


async def get_query(request: Request) -> Response:
    """Return the definition of a query."""
    media_type = accepted(request, JSON_FORMS)
    named = await named_query(store_of(request), identifier_in(request, "name"))
    return Response(orjson.dumps(named.value()), 200, media_type=media_type)


async def delete_query_named(request: Request) -> Response:
    """Take the name of a query away."""
    await delete_query(store_of(request), identifier_in(request, "name"), now=clock())
    return Response(None, 204)


async def get_query_events(request: Request) -> Response:
    """Return the events that match a named query, a page of them."""
    named = await named_query(store_of(request), identifier_in(request, "name"))
    # What has a name cannot be narrowed by who asks: he would get the answer to another query.
    query = named.event_query(page_parameters(request))
    page = await answer(
        store_of(request),
        query,
        now=clock(),
        query_name=named.name,
        recent=recent_of(request),
    )
    return page_of_events(request, page)


async def announce_query(request: Request) -> Mapping[str, str]:
    """Say nothing more of a query; `NotFoundError` where there is none."""
    await named_query(store_of(request), identifier_in(request, "name"))
    return {}
