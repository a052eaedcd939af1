"""The top-level resources (EPCIS 2.0, §12.8): which values there are, and the events of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings.jsonld import CONTEXT
from epcis_repo.errors import QueryParameterError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.operations.top_level import TOP_LEVEL, refuse_unknown, values
from epcis_repo.rest.events import events_asked, page_of_events
from epcis_repo.rest.gs1_headers import EPC_FORMAT, STANDARD, prefixes_said, said
from epcis_repo.rest.pages import next_page, page_asked, page_parameters
from epcis_repo.rest.representations import JSON_FORMS
from epcis_repo.rest.requests import accepted, identifier_in, store_of
from epcis_repo.rest.router import Endpoint, Resource

# EPCIS 2.0, §12.2: what there is below each of the values.
_SUB_RESOURCES = ("events",)


def top_level_resources() -> Iterable[Resource]:
    """Yield the resources of each kind of values: all of them, one of them, the events of one."""
    for name in TOP_LEVEL:
        path = f"/epcis/{name}"
        announces = _announce_value(name)
        yield Resource(path, {"GET": _get_values(name)}, STANDARD, is_of_log=True)
        # The events come first: a Digital Link that was pasted into the path goes on for long.
        yield Resource(
            f"{path}/{{value:path}}/events",
            {"GET": _get_events(name)},
            STANDARD,
            announces,
            is_of_log=True,
        )
        yield Resource(f"{path}/{{value:path}}", {"GET": _get_value(name)}, STANDARD, announces)


def collection(
    request: Request,
    members: Iterable[str],
    prefixes: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return names or values as the standard lists them, with the prefixes of the client's."""
    media_type = accepted(request, JSON_FORMS)
    context: Any = [CONTEXT, dict(prefixes)] if prefixes else CONTEXT
    value = {
        "@context": context,
        "type": "Collection",
        "member": [_compact(member, prefixes or {}) for member in members],
    }
    return Response(orjson.dumps(value), 200, headers, media_type)


def _compact(text: str, prefixes: Mapping[str, str]) -> str:
    for prefix, namespace in prefixes.items():
        if text.startswith(namespace) and len(text) > len(namespace):
            return f"{prefix}:{text[len(namespace) :]}"
    return text


def _get_values(name: str) -> Endpoint:
    async def get_values(request: Request) -> Response:
        """Return the values that there are, a page of them."""
        asked = page_asked(request)
        epc_format = said(request).get(EPC_FORMAT, EpcFormat.ALWAYS_DIGITAL_LINK)
        page = await values(
            store_of(request),
            name,
            per_page=asked.per_page,
            token=asked.token,
            epc_format=epc_format,
        )
        headers = next_page(request, page_parameters(request), page.next_page_token)
        if TOP_LEVEL[name].are_things:
            headers |= {EPC_FORMAT: epc_format, "Vary": EPC_FORMAT}
        return collection(request, page.values, prefixes_said(request), headers)

    return get_values


def _get_value(name: str) -> Endpoint:
    async def get_value(request: Request) -> Response:
        """Return what there is below a value."""
        for parameter, text in request.query_params.multi_items():
            raise QueryParameterError(parameter, expected="none", found=text)
        await _refuse_unknown(request, name)
        return collection(request, _SUB_RESOURCES)

    return get_value


def _get_events(name: str) -> Endpoint:
    parameter = TOP_LEVEL[name].parameter

    async def get_events(request: Request) -> Response:
        """Return the events that have a value, a page of them."""
        page = await events_asked(request, (parameter, _value_in(request, name)))
        if not page.rows and page.next_page_token is None:
            # Hardly anybody asks for what there is not, so it is looked for afterwards.
            await _refuse_unknown(request, name)
        return page_of_events(request, page)

    return get_events


def _announce_value(name: str) -> Any:
    async def announce(request: Request) -> Mapping[str, str]:
        """Say nothing more of a value; `NotFoundError` where no event has it."""
        await _refuse_unknown(request, name)
        return {}

    return announce


async def _refuse_unknown(request: Request, name: str) -> None:
    value = _value_in(request, name)
    await refuse_unknown(store_of(request), name, value, prefixes_said(request))


def _value_in(request: Request, name: str) -> str:
    """Return the value in the path; where it has a prefix that means a URI, that."""
    text = identifier_in(request, "value")
    prefix, colon, local = text.partition(":")
    namespace = prefixes_said(request).get(prefix)
    # Words are understood with and without their prefix, since events keep them as they came.
    if namespace is None or not colon or not TOP_LEVEL[name].are_things:
        return text
    return namespace + local
