"""Answers in pages (EPCIS 2.0, §12.4): what a request may ask of them, and where the next is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.clock import clock
from epcis_repo.errors import QueryParameterError
from epcis_repo.model.times import utc_text
from epcis_repo.operations.problems import problem
from epcis_repo.query import per_page_asked
from epcis_repo.rest.problems import problem_response
from epcis_repo.rest.requests import raw_path

# What is promised of a token, in microseconds: a day.
TOKEN_HOLDS = 86_400_000_000

Parameters = Iterable[tuple[str, str]]


class PageAsked(NamedTuple):
    """How many of a list a request asks for, and past which token."""

    per_page: int
    token: str | None


def page_parameters(request: Request) -> list[tuple[str, str]]:
    """Return what a request asks that may ask for a page and nothing else."""
    asked = request.query_params
    for name, text in asked.multi_items():
        if name not in ("perPage", "nextPageToken"):
            raise QueryParameterError(name, expected="perPage or nextPageToken", found=text)
        if len(asked.getlist(name)) > 1:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
    return asked.multi_items()


def page_asked(request: Request) -> PageAsked:
    """Return which page of a list is asked for."""
    asked = dict(page_parameters(request))
    return PageAsked(per_page_asked(asked.get("perPage")), asked.get("nextPageToken"))


def next_page(request: Request, parameters: Parameters, token: str | None) -> dict[str, str]:
    """Return the headers that lead on, to the same parameters with another token."""
    if token is None:
        return {}
    again = [(name, text) for name, text in parameters if name != "nextPageToken"]
    query = urlencode([*again, ("nextPageToken", token)])
    return {
        "Link": f'<{raw_path(request)}?{query}>; rel="next"',
        # A token says all that is needed, so it holds for longer; nobody should rely on it.
        "GS1-Next-Page-Token-Expires": utc_text(clock() + TOKEN_HOLDS),
    }


async def delete_token(request: Request) -> Response:
    """Say that there is nothing to free (EPCIS 2.0, §12.4)."""
    detail = (
        "a token says by itself where a list goes on: nothing is kept for it that could be freed, "
        "and it cannot be taken back"
    )
    value = problem(501, "ImplementationException", "Tokens are not kept", detail)
    return problem_response(request, value)
