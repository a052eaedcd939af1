"""
The table of all resources: what is where, what it answers, and with which headers.

To add one, add a row. The first that fits a path counts, so what is longer comes first.
"""

from __future__ import annotations

from functools import cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from epcis_repo import __version__
from epcis_repo.operations.top_level import TOP_LEVEL
from epcis_repo.rest import (
    allocations,
    captures,
    events,
    evidence,
    exception_messages,
    exceptions,
    holds,
    look_ups,
    named_queries,
    reactions,
    reconciliation,
    soap,
    stories,
    subscriptions,
)
from epcis_repo.rest.gs1_headers import STANDARD, SUBSCRIPTION
from epcis_repo.rest.openapi import description, page
from epcis_repo.rest.pages import delete_token
from epcis_repo.rest.requests import store_of
from epcis_repo.rest.router import Resource
from epcis_repo.rest.top_level import collection, top_level_resources
from epcis_repo.store.archived import archived_years
from epcis_repo.store.log import head

# EPCIS 2.0, §12.2: exactly these nine.
_TOP = ("events", *TOP_LEVEL, "capture", "queries")


async def get_top(request: Request) -> Response:
    """Return the names of what there is (EPCIS 2.0, §12.2)."""
    return collection(request, _TOP)


async def get_root(_request: Request) -> Response:
    """Say what is where."""
    paths = sorted({resource.path for resource in RESOURCES} - {"/"})
    return _json({"name": "epcis-repo", "version": __version__, "resources": paths})


async def get_health(request: Request) -> Response:
    """
    Say whether the store answers, where its log ends, and what is not as usual.

    That is which years are archived, and why nothing is written, if so.
    """
    async with store_of(request).reading(snapshot=False) as session:
        position = await head(session)
        archived = [away.year for away in await archived_years(session)]
    value = {"status": "ok", "version": __version__, "head": position}
    if archived:
        value["archivedYears"] = archived
    if (distress := store_of(request).distress()) is not None:
        # Still 200: who takes us out of service for it would end the reading, too.
        value |= {"status": "read-only", "reason": str(distress)}
    return _json(value)


async def get_description(_request: Request) -> Response:
    """Describe all resources, in OpenAPI 3.1."""
    return Response(_described()[0], media_type="application/json")


async def get_docs(_request: Request) -> Response:
    """Describe all resources on a page to read."""
    return Response(_described()[1], 200, _NOTHING_ELSE, "text/html; charset=utf-8")


# The page needs nothing but itself, wherever it is read.
_NOTHING_ELSE = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}


@cache
def _described() -> tuple[bytes, bytes]:
    value = description(RESOURCES)
    return orjson.dumps(value), page(value).encode()


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


_QUERY = "/epcis/queries/{name}"

RESOURCES: tuple[Resource, ...] = (
    # The root of the standard's resources, with and without the slash that it has there.
    Resource("/epcis", {"GET": get_top}, STANDARD),
    Resource("/epcis/", {"GET": get_top}, STANDARD),
    Resource(
        "/epcis/capture",
        {"POST": captures.post_capture, "GET": captures.get_captures},
        STANDARD,
        captures.announce_captures,
    ),
    Resource(
        "/epcis/capture/{capture_id}",
        {"GET": captures.get_capture},
        STANDARD,
        captures.announce_capture,
    ),
    Resource(
        "/epcis/events",
        {"GET": events.get_events, "POST": events.post_event},
        STANDARD,
        is_of_log=True,
    ),
    Resource(
        "/epcis/events/{event_id:path}",
        {"GET": events.get_event},
        STANDARD,
        events.announce_event,
    ),
    *top_level_resources(),
    Resource(
        "/epcis/queries",
        {"GET": named_queries.get_queries, "POST": named_queries.post_query},
        STANDARD,
    ),
    Resource(
        _QUERY,
        {"GET": named_queries.get_query, "DELETE": named_queries.delete_query_named},
        STANDARD,
        named_queries.announce_query,
    ),
    Resource(
        f"{_QUERY}/events",
        {"GET": named_queries.get_query_events},
        STANDARD,
        named_queries.announce_query,
        is_of_log=True,
    ),
    Resource(
        f"{_QUERY}/subscriptions",
        {"GET": subscriptions.get_subscriptions, "POST": subscriptions.post_subscription},
        STANDARD,
        subscriptions.announce_subscriptions,
    ),
    Resource(
        f"{_QUERY}/subscriptions/{{subscription_id}}",
        {"GET": subscriptions.get_subscription, "DELETE": subscriptions.delete_subscription},
        SUBSCRIPTION,
        subscriptions.announce_subscription,
    ),
    Resource("/epcis/nextPageToken/{token}", {"DELETE": delete_token}, STANDARD),
    # Our own.
    Resource("/documents/{digest}", {"GET": look_ups.get_document}),
    Resource("/conflicts", {"GET": look_ups.get_conflicts}),
    Resource("/history/{id:path}", {"GET": look_ups.get_history}),
    Resource("/lots/{gtin}/{lot}", {"GET": look_ups.get_lot}),
    Resource("/contents/{id:path}", {"GET": look_ups.get_contents}),
    Resource("/counts/{id:path}", {"GET": stories.get_counts}),
    Resource("/leaves/{id:path}", {"GET": stories.get_leaves}),
    Resource("/custody/{id:path}", {"GET": stories.get_custody}),
    Resource("/lineage/{id:path}", {"GET": stories.get_lineage}),
    Resource("/diff/{id:path}", {"GET": stories.get_diff}),
    Resource("/findings", {"GET": reactions.get_findings_made}),
    Resource("/findings/{id:path}", {"GET": stories.get_findings}),
    Resource("/corrections/{event_id:path}", {"GET": stories.get_correction}),
    Resource("/holds", {"GET": holds.get_holds, "POST": holds.post_hold}),
    Resource("/holds/{hold_id}", {"GET": holds.get_hold}),
    Resource("/holds/{hold_id}/release", {"POST": holds.post_release}),
    Resource("/recalls/{hold_id}", {"GET": holds.get_recall}),
    Resource("/recalls/{hold_id}/units", {"GET": holds.get_recalled_units}),
    Resource(
        "/exceptions",
        {"GET": exceptions.get_exceptions, "POST": exceptions.post_exception},
    ),
    Resource("/exceptions/findings", {"POST": exceptions.post_findings}),
    Resource("/exceptions/messages", {"POST": exception_messages.post_message}),
    Resource("/exceptions/{exception_id}", {"GET": exceptions.get_exception}),
    Resource("/exceptions/{exception_id}/decisions", {"POST": exceptions.post_exception_decision}),
    Resource(
        "/exceptions/{exception_id}/messages",
        {"GET": exception_messages.get_messages, "POST": exception_messages.post_message_about},
    ),
    Resource(
        "/exceptions/{exception_id}/messages/{message_uuid}",
        {"GET": exception_messages.get_message},
    ),
    Resource("/reconciliation/lots/{gtin}/{lot}", {"GET": reconciliation.get_lot_account}),
    Resource(
        "/reconciliation/shipments/{shipment:path}",
        {
            "GET": reconciliation.get_shipment_account,
            "POST": reconciliation.post_shipment_account,
        },
    ),
    Resource("/masterdata/{id:path}", {"GET": look_ups.get_master_data}),
    Resource("/verify/gtin/{rest:path}", {"GET": look_ups.get_verification}),
    Resource("/rules", {"GET": reactions.get_rules}),
    Resource(
        "/rules/{rule}/reactions",
        {"GET": reactions.get_reactions, "POST": reactions.post_reaction},
    ),
    Resource("/quarantine", {"GET": reactions.get_quarantine}),
    Resource("/quarantine/{capture_id}", {"GET": reactions.get_quarantined}),
    Resource("/quarantine/{capture_id}/release", {"POST": reactions.post_quarantine_release}),
    Resource("/quarantine/{capture_id}/dismiss", {"POST": reactions.post_quarantine_dismissal}),
    Resource(
        "/allocations",
        {"GET": allocations.get_allocations, "POST": allocations.post_allocation},
    ),
    Resource("/allocations/{allocation_id}", {"GET": allocations.get_allocation}),
    Resource("/allocations/{allocation_id}/withdraw", {"POST": allocations.post_withdrawal}),
    Resource("/checkpoint", {"GET": evidence.get_checkpoint}),
    Resource("/key", {"GET": evidence.get_key}),
    Resource("/tile/{path:path}", {"GET": evidence.get_tile}),
    Resource("/proof/{event_id:path}", {"GET": evidence.get_proof}),
    Resource("/deliveries", {"GET": subscriptions.get_deliveries}),
    Resource("/deliveries/{delivery_id}/replay", {"POST": subscriptions.post_replay}),
    Resource("/webhook-key", {"GET": subscriptions.get_webhook_key}),
    Resource("/soap", {"GET": soap.get_soap, "POST": soap.post_soap}),
    Resource("/soap/{name}", {"GET": soap.get_soap_schema}),
    Resource("/openapi.json", {"GET": get_description}),
    Resource("/docs", {"GET": get_docs}),
    Resource("/health", {"GET": get_health}),
    Resource("/", {"GET": get_root}),
)
