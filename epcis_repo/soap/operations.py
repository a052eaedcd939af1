"""Envelopes to answers: each operation of the query control interface, once for all versions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

from epcis_repo.bindings.formats import FORMATS, unsayable
from epcis_repo.bindings.soap import (
    OPERATIONS,
    Untyped,
    parse_message,
    render_fault,
    render_query_results,
    render_strings,
    render_text,
    render_void,
)
from epcis_repo.bindings.spelling import CbvXmlFormat, spell_answer, spelling_for
from epcis_repo.errors import EpcisError, InputError, QueryParameterError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_timestamp
from epcis_repo.named_queries import named_queries, named_query
from epcis_repo.named_queries.rules import PREDEFINED
from epcis_repo.operations.events import whole_answer
from epcis_repo.operations.master_data import master_data_answer
from epcis_repo.query import parse_json_query
from epcis_repo.query.master_data import parse_master_data_query, reader_of_master_data
from epcis_repo.query.paging import PER_PAGE_MAX
from epcis_repo.query.parameters import reader_of
from epcis_repo.query.untyped import typed
from epcis_repo.query.values import Given
from epcis_repo.soap.faults import fault_of
from epcis_repo.store import EventStore
from epcis_repo.subscriptions import Asked as Subscribing
from epcis_repo.subscriptions import (
    SubscriptionControlsError,
    subscribe,
    subscriptions,
    unsubscribe,
)

EVENTS, MASTER_DATA = PREDEFINED
# Who sends what nobody understands is most likely to speak this.
_VERSION = "1.2"

Members = Mapping[str, Any]


class Answer(NamedTuple):
    """An envelope that answers another; a fault says so to HTTP, too."""

    body: bytes
    is_fault: bool


Reach = Callable[[str], Awaitable[None]]
"""Raises `DestinationError` for an address that nothing would be delivered to."""


class Asked(NamedTuple):
    """
    A request: the store that it is about, what it says, in which version, and when.

    `reach` and `limit` are as `subscribe` has them.
    """

    store: EventStore
    version: str
    operation: str
    members: Members
    now: int
    reach: Reach | None
    limit: int | None


async def respond(
    store: EventStore,
    body: bytes,
    *,
    now: int,
    reach: Reach | None = None,
    limit: int | None = None,
) -> Answer:
    """
    Return the answer to a request, in the version of EPCIS that it speaks.

    `reach` and `limit` are as `subscribe` has them.
    """
    version, operation, members = _VERSION, None, dict[str, Any]()
    try:
        # Others are served while a long one is read.
        message = await asyncio.to_thread(parse_message, body)
        version, operation = message.version, message.operation
        members = await asyncio.to_thread(message.members)
        asked = Asked(store, version, operation, members, now, reach, limit)
        return Answer(await _ANSWERS[operation](asked), is_fault=False)
    except EpcisError as error:
        fault = fault_of(
            error,
            operation,
            query_name=members.get("queryName"),
            subscription_id=members.get("subscriptionID"),
        )
        return Answer(render_fault(version, fault), is_fault=True)


def refusal(error: EpcisError) -> Answer:
    """Return the fault for a request that was not read."""
    return Answer(render_fault(_VERSION, fault_of(error)), is_fault=True)


# --- the operations ---


async def _query_names(asked: Asked) -> bytes:
    named = [query.name for query in await named_queries(asked.store)]
    return render_strings(asked.version, _result(asked), [*PREDEFINED, *named])


async def _standard_version(asked: Asked) -> bytes:
    return render_text(asked.version, _result(asked), asked.version)


async def _vendor_version(asked: Asked) -> bytes:
    # Empty: there is nothing in it that is not in the standard (§8.2.5).
    return render_text(asked.version, _result(asked), "")


async def _poll(asked: Asked) -> bytes:
    name, params = asked.members["queryName"], asked.members["params"]
    if name == MASTER_DATA:
        query = parse_master_data_query(_values(params, reader_of_master_data))
        document = await master_data_answer(asked.store, query, now=asked.now)
    else:
        query_of_events = parse_json_query(await _query_of(asked.store, name, params))
        document = await whole_answer(asked.store, query_of_events, now=asked.now)
    assert document.query_results is not None, "it is the answer to a query"
    results = replace(document.query_results, query_name=name)
    document = replace(document, query_results=results)
    return await asyncio.to_thread(_represented, document, asked.version)


async def _subscription_ids(asked: Asked) -> bytes:
    name = asked.members["queryName"]
    if name not in PREDEFINED:
        await named_query(asked.store, name)
    found, token = list[str](), None
    while True:
        page = await subscriptions(asked.store, name, per_page=PER_PAGE_MAX, token=token)
        found += (each.subscription.subscription_id for each in page.subscriptions)
        if (token := page.next_page_token) is None:
            return render_strings(asked.version, _result(asked), found)


async def _subscribe(asked: Asked) -> bytes:
    """Subscribe; what is delivered is XML of the version of the request."""
    name, params = asked.members["queryName"], asked.members["params"]
    query: Members = {}
    # Of the one for master data, nobody has to know what is wrong with it, too.
    if name != MASTER_DATA:
        query = await _query_of(asked.store, name, params)
        parse_json_query(query)
    controls = asked.members["controls"]
    wanted = Subscribing(
        query_name=name,
        dest=asked.members["dest"],
        schedule=_schedule(controls),
        report_if_empty=controls["reportIfEmpty"],
        initial_record_time=_initial_record_time(controls),
        query={name: _storable(name, value) for name, value in query.items()},
        epc_format=EpcFormat.NO_PREFERENCE,
        form=f"xml-{asked.version}",
        subscription_id=asked.members["subscriptionID"],
    )
    await subscribe(asked.store, wanted, now=asked.now, reach=asked.reach, limit=asked.limit)
    return render_void(asked.version, _result(asked))


async def _unsubscribe(asked: Asked) -> bytes:
    await unsubscribe(asked.store, asked.members["subscriptionID"], now=asked.now)
    return render_void(asked.version, _result(asked))


def _schedule(controls: Members) -> Mapping[str, str]:
    # §8.2.5.2: exactly one of them. What a trigger means is for the two sides to agree on.
    if "trigger" in controls:
        expected = "a schedule, since nothing here is triggered from outside"
        raise SubscriptionControlsError("trigger", expected=expected, found=controls["trigger"])
    if "schedule" not in controls:
        raise SubscriptionControlsError("schedule", expected="a schedule", found="none")
    # An element without any in it has come as an empty text.
    schedule: Mapping[str, str] = controls["schedule"] or {}
    return schedule


def _initial_record_time(controls: Members) -> int | None:
    name = "initialRecordTime"
    if (text := controls.get(name)) is None:
        return None
    try:
        return parse_timestamp(text).microseconds
    except ValueError:
        raise SubscriptionControlsError(name, expected=DATE_TIME_EXPECTED, found=text) from None


def _storable(name: str, value: Any) -> Any:
    """Return the value of a parameter as a decision is kept, which is plain JSON with doubles."""
    if not isinstance(value, Decimal):
        return value
    number = float(value)
    if Decimal(repr(number)) != value:
        expected = "a number with no more digits than a double has"
        raise QueryParameterError(name, expected=expected, found=str(value))
    return number


async def _query_of(store: EventStore, name: str, params: Members) -> Members:
    """Return the query for events that has a name, with the parameters that are given for it."""
    if name == EVENTS:
        return _values(params, reader_of)
    named = await named_query(store, name)
    for given in params:
        expected = f"no parameters, since {name} has its own"
        raise QueryParameterError(given, expected=expected, found=given)
    return named.query


def _values(params: Members, reader_of: Callable[[str], Callable[[Given], Any]]) -> Members:
    """Return the parameters with values that JSON would have: what has no type gets one."""
    return {
        name: typed(value.text, reader_of(name)) if isinstance(value, Untyped) else value
        for name, value in params.items()
    }


def _represented(document: Document, version: str) -> bytes:
    """Return an answer in a version; `UnsayableError` with all that it has no place for."""
    name = f"xml-{version}"
    # Everything as it was captured, as far as the version has words for it.
    spelling = spelling_for(name, EpcFormat.NO_PREFERENCE, CbvXmlFormat.NO_PREFERENCE)
    spelt = spell_answer(document, spelling)
    try:
        return render_query_results(version, spelt)
    except InputError:
        raise unsayable(FORMATS[name], spelt) from None


def _result(asked: Asked) -> str:
    return OPERATIONS[asked.operation].result


_ANSWERS: dict[str, Callable[[Asked], Awaitable[bytes]]] = {
    "GetQueryNames": _query_names,
    "GetStandardVersion": _standard_version,
    "GetVendorVersion": _vendor_version,
    "GetSubscriptionIDs": _subscription_ids,
    "Poll": _poll,
    "Subscribe": _subscribe,
    "Unsubscribe": _unsubscribe,
}
