"""
What became of things: custody, lineage, what differs between moments, what was corrected, what is
not as it should be; and what is in a container, in short or leaf by leaf.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from epcis_repo.allocations import known_beside
from epcis_repo.clock import clock
from epcis_repo.errors import QueryParameterError
from epcis_repo.findings import findings, findings_value
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.contents import contents, counts_value, leaves
from epcis_repo.operations.corrections import correction, correction_value
from epcis_repo.operations.custody import custody, custody_value
from epcis_repo.operations.diff import Clock, diff
from epcis_repo.operations.lineage import lineage, lineage_value
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import clocks, identifier_in, moment_of, store_of


def _json(value: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), 200, headers, "application/json")


async def get_custody(request: Request) -> Response:
    """Return who had a thing, owned it, and where it was; as of one moment, known at another."""
    identifier = identifier_asked(identifier_in(request, "id"))
    return _json(custody_value(await custody(store_of(request), identifier, **clocks(request))))


async def get_lineage(request: Request) -> Response:
    """Return what a thing was made of and what was made of it, through generations."""
    identifier = identifier_asked(identifier_in(request, "id"))
    return _json(lineage_value(await lineage(store_of(request), identifier, **clocks(request))))


async def get_diff(request: Request) -> Response:
    """Return as text how the history of a thing differs between two moments of one clock."""
    identifier = identifier_asked(identifier_in(request, "id"))
    moments = clocks(request, besides=("from", "to", "by"))
    asked = request.query_params
    by = asked.get("by", Clock.KNOWN_AT)
    if by not in list(Clock):
        raise QueryParameterError("by", expected="as_of or known_at", found=by)
    if moments[by] is not None:
        raise QueryParameterError(by, expected="from and to alone", found=by)
    before, after = (moment_of(name, asked.get(name, "")) for name in ("from", "to"))
    text = await diff(store_of(request), identifier, before, after, by=Clock(by), **moments)
    return Response(text, 200, media_type="text/plain")


async def get_counts(request: Request) -> Response:
    """Return how much of what is in a container, by level and by class."""
    identifier = identifier_asked(identifier_in(request, "id"))
    return _json(counts_value(await contents(store_of(request), identifier, **clocks(request))))


async def get_leaves(request: Request) -> Response:
    """Return whatever is in a container and has nothing in it itself: an EPC in each line."""
    identifier = identifier_asked(identifier_in(request, "id"))
    chunks = leaves(store_of(request), identifier, **clocks(request))
    # What is not there is told before anything is sent.
    first = await anext(chunks, None) or ()

    async def lines() -> AsyncIterator[bytes]:
        yield _lines(first)
        async for chunk in chunks:
            yield _lines(chunk)

    return StreamingResponse(lines(), media_type="text/plain")


def _lines(epcs: Iterable[str]) -> bytes:
    return "".join(f"{epc}\n" for epc in epcs).encode()


async def get_correction(request: Request) -> Response:
    """Return what was declared in error, what is true instead, and what that puts in doubt."""
    moments = clocks(request, besides=("nextPageToken",))
    if moments["as_of"] is not None:
        expected = "known_at: a correction is of all that had been recorded"
        raise QueryParameterError("as_of", expected=expected, found="as_of")
    asked = request.query_params
    found = await correction(
        store_of(request),
        identifier_in(request, "event_id"),
        known_at=moments["known_at"],
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.multi_items(), found.next_page_token)
    return _json(correction_value(found), headers)


async def get_findings(request: Request) -> Response:
    """Return what cannot be so, or must not, of what is known of a thing or a lot."""
    identifier = identifier_asked(identifier_in(request, "id"))
    moments, asked = clocks(request, besides=("nextPageToken",)), request.query_params
    found = await findings(
        store_of(request),
        identifier,
        now=clock(),
        as_of=moments["as_of"],
        known_at=moments["known_at"],
        known=await known_beside(store_of(request), known_at=moments["known_at"]),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.multi_items(), found.next_page_token)
    return _json(findings_value(found), headers)
