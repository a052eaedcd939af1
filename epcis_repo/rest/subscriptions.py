"""
The resources of subscriptions (EPCIS 2.0, §12.8), and our own for what becomes of deliveries.

Whoever subscribes by HTTP gets JSON, in the spelling that his request asks for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.clock import clock
from epcis_repo.errors import (
    QueryParameterError,
)
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.times import utc_text
from epcis_repo.named_queries import named_query
from epcis_repo.query import per_page_asked
from epcis_repo.rest.gs1_headers import (
    CBV_XML_FORMAT,
    EPC_FORMAT,
    said,
    subscription_limit_of,
)
from epcis_repo.rest.pages import next_page, page_asked, page_parameters
from epcis_repo.rest.representations import JSON_FORMS
from epcis_repo.rest.requests import (
    accepted,
    identifier_in,
    settings_of,
    store_of,
)
from epcis_repo.rest.sent import json_sent
from epcis_repo.subscriptions import (
    Sender,
    Subscribed,
    asked_in,
    deliveries,
    open_webhook_key,
    public_text,
    replay,
    subscribe,
    subscription,
    subscriptions,
    unsubscribe,
)

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"
_BODY_SIZE_MAX = 64 << 10
_OF_DELIVERIES = ("subscriptionID", "perPage", "nextPageToken")


async def post_subscription(request: Request) -> Response:
    """Subscribe to a named query."""
    body = await json_sent(request, "a subscription", size_max=_BODY_SIZE_MAX)
    store, name, formats = store_of(request), identifier_in(request, "name"), said(request)
    await named_query(store, name)
    asked = asked_in(
        body,
        name,
        epc_format=formats.get(EPC_FORMAT, EpcFormat.ALWAYS_DIGITAL_LINK),
        cbv_xml_format=formats.get(CBV_XML_FORMAT, CbvXmlFormat.NO_PREFERENCE),
    )
    settings = settings_of(request)
    sender, limit = Sender(settings.webhook_networks), settings.subscription_limit
    subscribed = await subscribe(store, asked, now=clock(), reach=sender.check, limit=limit)
    place = f"{_subscriptions_path(name)}/{quote(_id_of(subscribed), safe='')}"
    return Response(orjson.dumps(subscribed.value()), 201, {"Location": place}, _JSON)


async def get_subscriptions(request: Request) -> Response:
    """Return the subscriptions to a query in order of their creation, a page of them."""
    media_type = accepted(request, JSON_FORMS)
    asked, name = page_asked(request), identifier_in(request, "name")
    await named_query(store_of(request), name)
    page = await subscriptions(store_of(request), name, per_page=asked.per_page, token=asked.token)
    headers = next_page(request, page_parameters(request), page.next_page_token)
    body = orjson.dumps([subscribed.value() for subscribed in page.subscriptions])
    return Response(body, 200, headers, media_type)


async def get_subscription(request: Request) -> Response:
    """Return a subscription; its secret is nowhere in it."""
    media_type = accepted(request, JSON_FORMS)
    subscribed = await _subscribed(request)
    return Response(orjson.dumps(subscribed.value()), 200, media_type=media_type)


async def delete_subscription(request: Request) -> Response:
    """End a subscription."""
    name, subscription_id = _names_in(request)
    await unsubscribe(store_of(request), subscription_id, query_name=name, now=clock())
    return Response(None, 204)


async def announce_subscriptions(request: Request) -> Mapping[str, str]:
    """Say how many subscriptions there may be to all queries; `NotFoundError` without this one."""
    await named_query(store_of(request), identifier_in(request, "name"))
    return subscription_limit_of(settings_of(request))


async def announce_subscription(request: Request) -> Mapping[str, str]:
    """Say from which record time on events are still to be told."""
    subscribed = await _subscribed(request)
    return {"GS1-Query-Min-Record-Time": utc_text(subscribed.progress.min_record_time)}


async def get_deliveries(request: Request) -> Response:
    """Return what is on its way to subscribers, and what was given up, a page of it."""
    asked = request.query_params
    for name, text in asked.multi_items():
        if name not in _OF_DELIVERIES or len(asked.getlist(name)) > 1:
            expected = f"{' or '.join(_OF_DELIVERIES)}, once"
            raise QueryParameterError(name, expected=expected, found=text)
    page = await deliveries(
        store_of(request),
        subscription_id=asked.get("subscriptionID"),
        per_page=per_page_asked(asked.get("perPage")),
        token=asked.get("nextPageToken"),
    )
    headers = next_page(request, asked.multi_items(), page.next_page_token)
    return Response(orjson.dumps({"deliveries": page.deliveries}), 200, headers, _JSON)


async def post_replay(request: Request) -> Response:
    """Have a delivery that was given up attempted once more."""
    await replay(store_of(request), identifier_in(request, "delivery_id"), now=clock())
    return Response(None, 204)


async def get_webhook_key(request: Request) -> Response:
    """Return the public key of what is delivered (Standard Webhooks, 1.0.0)."""
    signer = await asyncio.to_thread(open_webhook_key, settings_of(request).webhook_key)
    return Response(f"{public_text(signer)}\n", media_type=_TEXT)


async def _subscribed(request: Request) -> Subscribed:
    name, subscription_id = _names_in(request)
    return await subscription(store_of(request), subscription_id, query_name=name)


def _names_in(request: Request) -> tuple[str, str]:
    return identifier_in(request, "name"), identifier_in(request, "subscription_id")


def _id_of(subscribed: Subscribed) -> str:
    return subscribed.subscription.subscription_id


def _subscriptions_path(name: str) -> str:
    return f"/epcis/queries/{quote(name, safe='')}/subscriptions"
