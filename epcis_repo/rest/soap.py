"""
The resource of the query control interface over SOAP: requests, the WSDL, and the schemas to it.

SOAP 1.1 has its own rules for HTTP (§6): a fault is a 500, whosever it is.
"""

from __future__ import annotations

from typing import IO

from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings.soap import SCHEMAS, VERSIONS, render_wsdl, schema_file
from epcis_repo.clock import clock
from epcis_repo.errors import (
    CaptureLimitExceededError,
    InputError,
    NotFoundError,
    QueryParameterError,
    UnsupportedMediaTypeError,
)
from epcis_repo.rest.requests import body_of, identifier_in, settings_of, store_of
from epcis_repo.soap import refusal, respond
from epcis_repo.subscriptions import Sender

_XML = "text/xml; charset=utf-8"
_READ = ("text/xml", "application/xml")
# A query with fifty thousand EPCs in it.
_SIZE_MAX = 4 << 20
# Schemas are of a version of the standard, and that does not change; ours may be mended.
_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}
# It has the address in it by which it was asked for.
_FOR_NOBODY_ELSE = {"Cache-Control": "private, no-store"}


async def post_soap(request: Request) -> Response:
    """Answer a request of the query control interface (EPCIS 1.2 and 2.0, §11.2)."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _READ:
        expected = " or ".join(_READ)
        unknown = UnsupportedMediaTypeError(f"SOAP 1.1 is {expected}; this is {media_type!r}")
        return Response(refusal(unknown).body, 415, media_type=_XML)

    async def reach(dest: str) -> None:
        await Sender(settings_of(request).webhook_networks).check(dest)

    try:
        async with body_of(request, size_max=_SIZE_MAX) as body:
            envelope = _bytes_of(body)
        limit = settings_of(request).subscription_limit
        answer = await respond(store_of(request), envelope, now=clock(), reach=reach, limit=limit)
    except CaptureLimitExceededError:
        too_long = InputError(f"a request has {_SIZE_MAX} bytes at most; ask in several")
        return Response(refusal(too_long).body, 413, media_type=_XML)
    return Response(answer.body, 500 if answer.is_fault else 200, media_type=_XML)


def _bytes_of(body: bytes | IO[bytes]) -> bytes:
    if isinstance(body, bytes):
        return body
    body.seek(0)
    return body.read()


async def get_soap(request: Request) -> Response:
    """Return the WSDL: `?wsdl` that of EPCIS 1.2, `?wsdl=2.0` that of 2.0."""
    asked = {name.lower(): text for name, text in request.query_params.multi_items()}
    version = asked.pop("wsdl", None)
    if version is None or asked:
        raise NotFoundError("SOAP requests are sent by POST; GET /soap?wsdl describes them")
    version = version or "1.2"
    if version not in VERSIONS.values():
        expected = "1.2 or 2.0"
        raise QueryParameterError("wsdl", expected=expected, found=version)
    # The schemas are at relative addresses, so that those hold behind whatever stands before us.
    address = str(request.url.replace(query=""))
    wsdl = render_wsdl(version, address=address, schemas="soap/")
    return Response(wsdl, 200, _FOR_NOBODY_ELSE, _XML)


async def get_soap_schema(request: Request) -> Response:
    """Return one of the schemas that the WSDL leads to."""
    name = identifier_in(request, "name")
    if name not in SCHEMAS:
        raise NotFoundError(f"there is no schema {name!r}; GET /soap?wsdl names the first of them")
    return Response(schema_file(name), 200, _FOR_AN_HOUR, _XML)
