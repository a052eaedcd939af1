"""
Exceptions: opened by hand or from findings, decided on, listed.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.allocations import known_beside
from epcis_repo.bindings.json_loader import load_json
from epcis_repo.clock import clock
from epcis_repo.errors import (
    QueryParameterError,
)
from epcis_repo.exceptions import (
    decide_on,
    exception_asked,
    exception_decision_asked,
    exception_value,
    exceptions,
    exceptions_value,
    findings_asked,
    one_exception,
    open_exception,
    raise_findings,
    raised_value,
    sought_asked,
)
from epcis_repo.query import per_page_asked
from epcis_repo.rest.idempotency import REPLAYED, key_of
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import identifier_in, moment_of, store_of
from epcis_repo.rest.sent import json_sent

_JSON = "application/json"
# A thousand identifiers, transactions and events, as long as they may be.
_BODY_SIZE_MAX = 4 << 20
_PAGE = ("perPage", "nextPageToken", "as_of", "known_at")


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, _JSON)


async def post_exception(request: Request) -> Response:
    """Open an exception: what does not agree, or is not fit, and what it is about."""
    with key_of(request, endpoint="exceptions") as key:
        body = await json_sent(request, "an exception", size_max=_BODY_SIZE_MAX)
        asked, now = exception_asked(load_json(body)), clock()
        case, again = await open_exception(store_of(request), asked, key=key, now=now)
    location = {"Location": f"/exceptions/{quote(case.exception_id, safe='')}"}
    headers = {**location, **(REPLAYED if again else {})}
    # Sent again, it has the answer that it had: whether it was due by then is a part of that.
    return _json(exception_value(case, now=case.opened_at), 201, headers)


async def post_findings(request: Request) -> Response:
    """
    Make exceptions of what is not as it should be with things or lots: one for each cause.

    Of what there was before, clear what is found no more.
    """
    body = await json_sent(request, "what to look at", size_max=_BODY_SIZE_MAX)
    asked, store, now = findings_asked(load_json(body)), store_of(request), clock()
    raised = await raise_findings(
        store,
        asked.identifiers,
        exception_ids=asked.exceptions,
        by=asked.by,
        known=await known_beside(store),
        now=now,
    )
    return _json(raised_value(raised, now=now))


async def get_exceptions(request: Request) -> Response:
    """Return exceptions, the newest first: all, or those that are sought."""
    asked = _once(request)
    sought = sought_asked({name: text for name, text in asked.items() if name not in _PAGE})
    as_of, known_at, now = _moment(request, "as_of"), _moment(request, "known_at"), clock()
    if as_of is not None and sought.key is None:
        # What is decided has one clock: the other is that of what is in what.
        raise QueryParameterError("as_of", expected="it with id alone", found="no id")
    page = await exceptions(
        store_of(request),
        sought,
        per_page=per_page_asked(asked.get("perPage")),
        token=asked.get("nextPageToken"),
        as_of=as_of,
        known_at=known_at,
        now=now,
    )
    headers = next_page(request, asked.items(), page.next_page_token)
    moment = now if known_at is None else known_at
    return _json(exceptions_value(page, now=moment), headers=headers)


async def get_exception(request: Request) -> Response:
    """Return an exception, with all that was decided on it."""
    _once(request, ("known_at",))
    name, known_at = identifier_in(request, "exception_id"), _moment(request, "known_at")
    case = await one_exception(store_of(request), name, known_at=known_at)
    return _json(exception_value(case, now=clock() if known_at is None else known_at))


async def post_exception_decision(request: Request) -> Response:
    """Decide on an exception: take it a step on, assign it, comment on it, explain it."""
    name = identifier_in(request, "exception_id")
    asked = exception_decision_asked(
        name, load_json(await json_sent(request, "a decision", size_max=_BODY_SIZE_MAX))
    )
    now = clock()
    case = await decide_on(store_of(request), asked.decision, version=asked.version, now=now)
    return _json(exception_value(case, now=now))


def _once(request: Request, names: Collection[str] | None = None) -> dict[str, str]:
    """Return the parameters of a query, each of which is there once, and one of `names`."""
    asked = request.query_params
    for name, text in asked.multi_items():
        if len(asked.getlist(name)) > 1:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
        if names is not None and name not in names:
            raise QueryParameterError(name, expected=" or ".join(names), found=text)
    return dict(asked)


def _moment(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    return None if text is None else moment_of(name, text)
