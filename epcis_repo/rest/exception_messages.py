"""
Messages about exceptions: taken from partners, written to them, listed, and as they were.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.clock import clock
from epcis_repo.errors import (
    QueryParameterError,
)
from epcis_repo.exceptions import exception_value
from epcis_repo.exceptions.pdg import (
    MEDIA_TYPE,
    message_about,
    messages_about,
    messages_value,
    take_message,
    write_message_about,
)
from epcis_repo.rest.requests import identifier_in, moment_of, store_of
from epcis_repo.rest.sent import json_sent

# Some ten thousand items.
_BODY_SIZE_MAX = 4 << 20


async def post_message(request: Request) -> Response:
    """Take a partner's message, and return the exception that it is about, as it is then."""
    body, now = await json_sent(request, "a message", size_max=_BODY_SIZE_MAX), clock()
    taken = await take_message(store_of(request), body, now=now)
    headers = {"Location": _place(taken.case.exception_id)}
    if taken.again:
        headers["Idempotent-Replayed"] = "true"
    return _json(exception_value(taken.case, now=now), headers)


async def get_messages(request: Request) -> Response:
    """Return which messages about an exception were exchanged."""
    known_at = None
    for name, text in request.query_params.multi_items():
        if name != "known_at" or known_at is not None:
            raise QueryParameterError(name, expected="known_at, once", found=text)
        known_at = moment_of(name, text)
    name = identifier_in(request, "exception_id")
    return _json(messages_value(await messages_about(store_of(request), name, known_at=known_at)))


async def post_message_about(request: Request) -> Response:
    """Write a message about an exception, for the caller to send, and keep it."""
    name = identifier_in(request, "exception_id")
    asked = load_json(await json_sent(request, "a message", size_max=_BODY_SIZE_MAX))
    written = await write_message_about(store_of(request), name, asked, now=clock())
    place = f"{_place(name)}/messages/{quote(written.message_uuid, safe='')}"
    return Response(written.body, 201, {"Location": place}, MEDIA_TYPE)


async def get_message(request: Request) -> Response:
    """Return a message about an exception, byte for byte."""
    names = (identifier_in(request, name) for name in ("exception_id", "message_uuid"))
    return Response(await message_about(store_of(request), *names), media_type=MEDIA_TYPE)


def _json(value: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), 200, headers, MEDIA_TYPE)


def _place(exception_id: str) -> str:
    return f"/exceptions/{quote(exception_id, safe='')}"
