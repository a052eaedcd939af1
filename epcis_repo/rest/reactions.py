"""
Reactions to what breaks a rule, what was found at captures, and what was kept aside.

Each function is a request turned into a call of an operation.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings.json_loader import load_json
from epcis_repo.clock import clock
from epcis_repo.errors import QueryParameterError
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.query import per_page_asked
from epcis_repo.reactions import (
    Sought,
    dismiss,
    every_rule,
    findings_made,
    findings_made_value,
    one_quarantined,
    quarantine_value,
    quarantined,
    reaction_asked,
    reactions_to,
    release,
    set_reaction,
    why_asked,
)
from epcis_repo.rest.pages import next_page
from epcis_repo.rest.requests import identifier_in, moment_of, store_of
from epcis_repo.rest.sent import json_sent

_JSON = "application/json"
_BODY_SIZE_MAX = 1 << 16
_PAGE = ("perPage", "nextPageToken")
_FLAGS = {"true": True, "false": False}


async def get_rules(request: Request) -> Response:
    """Return the catalogue: what a violation or a finding names, and what becomes of it."""
    _once(request, ("known_at",))
    return _json(await every_rule(store_of(request), known_at=_known_at(request)))


async def get_reactions(request: Request) -> Response:
    """Return what becomes of what breaks a rule about things, by who sends it."""
    _once(request, ("known_at",))
    rule = identifier_in(request, "rule")
    return _json(await reactions_to(store_of(request), rule, known_at=_known_at(request)))


async def post_reaction(request: Request) -> Response:
    """Set what becomes of what breaks a rule, for a partner or every one."""
    rule = identifier_in(request, "rule")
    body = await json_sent(request, "a reaction", size_max=_BODY_SIZE_MAX)
    asked = reaction_asked(rule, load_json(body))
    return _json(await set_reaction(store_of(request), rule, asked, now=clock()))


async def get_findings_made(request: Request) -> Response:
    """Return what the rules have found in what was captured, or kept out, the newest first."""
    asked = _once(request, ("rule", "sender", "eventID", "epc", "known_at", *_PAGE))
    epc = asked.get("epc")
    page = await findings_made(
        store_of(request),
        Sought(
            rule=asked.get("rule"),
            partner=_printable("sender", asked.get("sender")),
            event_id=_printable("eventID", asked.get("eventID")),
            key=None if epc is None else identifier_asked(epc).key,
        ),
        known_at=_known_at(request),
        per_page=per_page_asked(asked.get("perPage")),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.items(), page.next_page_token)
    return _json(findings_made_value(page), headers=headers)


async def get_quarantine(request: Request) -> Response:
    """Return what was kept aside and waits, the newest first; or all that ever was."""
    asked = _once(request, ("all", *_PAGE))
    every = asked.get("all", "false")
    if every not in _FLAGS:
        raise QueryParameterError("all", expected="true or false", found=every)
    page = await quarantined(
        store_of(request),
        every=_FLAGS[every],
        per_page=per_page_asked(asked.get("perPage")),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.items(), page.next_page_token)
    return _json(quarantine_value(page), headers=headers)


async def get_quarantined(request: Request) -> Response:
    """Return what a capture has kept aside, and what has become of it."""
    found = await one_quarantined(store_of(request), identifier_in(request, "capture_id"))
    return _json(found.value())


async def post_quarantine_release(request: Request) -> Response:
    """Have captured what was kept aside."""
    return await _decided(request, release)


async def post_quarantine_dismissal(request: Request) -> Response:
    """Decide that what was kept aside is not to be captured."""
    return await _decided(request, dismiss)


async def _decided(request: Request, decide: Any) -> Response:
    name = identifier_in(request, "capture_id")
    body = await json_sent(request, "a decision", size_max=_BODY_SIZE_MAX)
    found = await decide(store_of(request), name, why_asked(load_json(body)), now=clock())
    return _json(found.value())


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(value), status, headers, _JSON)


def _once(request: Request, names: Collection[str]) -> dict[str, str]:
    """Return the parameters of a query, each of which is there once, and one of `names`."""
    asked = request.query_params
    for name, text in asked.multi_items():
        if name not in names:
            raise QueryParameterError(name, expected=" or ".join(names), found=text)
        if len(asked.getlist(name)) > 1:
            raise QueryParameterError(name, expected="each parameter once", found=f"{name} twice")
    return dict(asked)


def _known_at(request: Request) -> int | None:
    text = request.query_params.get("known_at")
    return None if text is None else moment_of("known_at", text)


def _printable(name: str, text: str | None) -> str | None:
    # PostgreSQL stores no NUL, so nothing has one in its name.
    if text is not None and not text.isprintable():
        raise QueryParameterError(name, expected="printable characters", found=text)
    return text
