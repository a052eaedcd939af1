"""Asking for events: by query, by eventID."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import orjson

from epcis_repo.bindings.jsonld import (
    CONTEXT,
    SCHEMA_VERSION,
    event_value,
    parse_event_with_prefixes,
)
from epcis_repo.bindings.names import Names
from epcis_repo.errors import NotFoundError
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.projections import identity_of
from epcis_repo.query import EventRow, parse_query, select_event, select_page
from epcis_repo.store import EventStore


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an answer; `next_page_token` asks for the part after it, None is the last."""

    document: Document
    next_page_token: str | None


async def events(store: EventStore, parameters: Iterable[tuple[str, str]], *, now: int) -> Page:
    """Return the events that match every parameter, a page of them, in order of capture."""
    query = parse_query(parameters)
    async with store.reading(snapshot=False) as session:
        rows, token = await select_page(session, query)
    return Page(query_document(rows, now=now), token)


async def event(store: EventStore, event_id: str, *, now: int) -> Document:
    """Return an event and the declarations that it was in error; `NotFoundError` without."""
    async with store.reading(snapshot=False) as session:
        rows = await select_event(session, event_id)
    if not rows:
        raise NotFoundError(f"no event with the eventID {event_id} is recorded")
    return query_document(rows, now=now)


async def recorded(store: EventStore, sent: Event, event_id: str) -> bytes:
    """
    Return the event that was recorded of `sent`, by itself, as JSON-LD.

    An eventID is also that of the declarations that its event was in error, so `sent` says
    which of them is meant.
    """
    identity = identity_of(sent, event_id)
    async with store.reading(snapshot=False) as session:
        rows = await select_event(session, event_id)
    answers = (query_document([row], now=0) for row in rows)
    for answer in answers:
        [known] = answer.events or ()
        if identity_of(known, event_id) == identity:
            names = Names(answer.namespaces)
            value = event_value(known, names)
            context = [CONTEXT, *([names.used] if names.used else [])]
            return orjson.dumps({"@context": context, **value}, default=_number)
    raise NotFoundError(f"no event with the eventID {event_id} is recorded")


def _number(value: Decimal) -> orjson.Fragment:
    return orjson.Fragment(str(value))


def query_document(rows: Sequence[EventRow], *, now: int) -> Document:
    """Return the answer of SimpleEventQuery, each event with its recordTime and eventID."""
    found, namespaces = [], dict[str, str]()
    for row in rows:
        known, prefixes = parse_event_with_prefixes(row.data)
        # A prefix that two documents used for different things keeps the first meaning;
        # the renderer makes one up for the other.
        namespaces = prefixes | namespaces
        recorded = Timestamp(utc_text(row.record_time), row.record_time)
        found.append(replace(known, event_id=row.event_id, record_time=recorded))
    return Document(
        events=tuple(found),
        schema_version=SCHEMA_VERSION,
        creation_date=Timestamp(utc_text(now), now),
        namespaces=namespaces,
        query_results=QueryResults(query_name="SimpleEventQuery"),
    )
