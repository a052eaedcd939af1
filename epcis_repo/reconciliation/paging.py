"""Pages of an account: which come when, and the position that all of them are as of."""

from __future__ import annotations

import re
from typing import NamedTuple

from epcis_repo.errors import QueryParameterError

# A page has so many of a list, if nobody says how many.
PER_PAGE = 1_000

_TOKEN = re.compile("([0-9]{1,9})\\.([0-9]{1,18})", re.ASCII)


class Page(NamedTuple):
    """How many come before a page, and the position that it is as of; None for the first."""

    begin: int = 0
    until: int | None = None


def page_of(token: str | None) -> Page:
    """Return the page that a token asks for."""
    if token is None:
        return Page()
    if (match := _TOKEN.fullmatch(token)) is None:
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return Page(int(match[1]), int(match[2]))


def token_after(end: int, count: int, until: int) -> str | None:
    """Return the token of the page after so many of a list of `count`; None after the last."""
    return f"{end}.{until}" if end < count else None
