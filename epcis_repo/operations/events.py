"""Asking for events: by query, by eventID."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property

import orjson

from epcis_repo.bindings.jsonld import (
    CONTEXT,
    SCHEMA_VERSION,
    Joined,
    event_value,
    join_pieces,
    parse_event_with_prefixes,
)
from epcis_repo.bindings.names import Names
from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.errors import NotFoundError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document, QueryResults
from epcis_repo.model.event_hash import sha_256_in
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp, utc_text
from epcis_repo.operations.hashed import rows_with_hash
from epcis_repo.operations.recent import RecentEvents
from epcis_repo.projections import identity_of
from epcis_repo.query import (
    EventQuery,
    EventRow,
    looks_long,
    page_of_one_tag,
    parse_query,
    select_event,
    select_page,
    select_whole,
)
from epcis_repo.store import EventStore
from epcis_repo.store.archived import refuse_archived

# EPCIS 2.0, §8.2.7.1: the name of a query that has none of its own.
SIMPLE_EVENT_QUERY = "SimpleEventQuery"


@dataclass(frozen=True)
class Page:
    """Part of an answer; `next_page_token` asks for the part after it, None is the last."""

    rows: Sequence[EventRow]
    next_page_token: str | None
    now: int
    query_name: str = SIMPLE_EVENT_QUERY
    recent: RecentEvents = field(default_factory=RecentEvents)

    @cached_property
    def document(self) -> Document:
        """The events in a document; they are read for it."""
        return query_document(self.rows, now=self.now, query_name=self.query_name)

    def as_recorded(self, epcs: EpcFormat, words: CbvXmlFormat) -> Joined | None:
        """Return it as JSON-LD in a spelling, None where its events have to be read together."""
        pieces = self.recent.pieces(self.rows, epcs, words)
        if pieces is None:
            return None
        creation_date = Timestamp(utc_text(self.now), self.now)
        return join_pieces(pieces, query_name=self.query_name, creation_date=creation_date)


async def events(
    store: EventStore,
    parameters: Iterable[tuple[str, str]],
    *,
    now: int,
    prefixes: Mapping[str, str] | None = None,
    recent: RecentEvents | None = None,
) -> Page:
    """
    Return the events that match every parameter of a URL, a page of them.

    They come in order of capture unless a parameter asks for another. `prefixes` are those that
    were declared for the names of extensions.
    """
    return await answer(store, parse_query(parameters, prefixes=prefixes), now=now, recent=recent)


async def answer(
    store: EventStore,
    query: EventQuery,
    *,
    now: int,
    query_name: str = SIMPLE_EVENT_QUERY,
    recent: RecentEvents | None = None,
) -> Page:
    """Return the events that match a query, a page of them; `recent` need not be read for it."""
    recent = RecentEvents() if recent is None else recent
    page = await page_of_one_tag(store, query, recent.rows)
    if page is None:
        async with store.reading(snapshot=False, long=looks_long(query)) as session:
            page = await select_page(session, query)
    rows, token = page
    recent.remember(rows)
    return Page(rows, token, now, query_name, recent)


async def whole_answer(store: EventStore, query: EventQuery, *, now: int) -> Document:
    """
    Return all events that match a query.

    Raises `QueryTooLargeError` or `QueryTooComplexError` for what is not answered at once.
    """
    async with store.reading(snapshot=False, long=looks_long(query)) as session:
        rows = await select_whole(session, query)
    return query_document(rows, now=now)


async def event(store: EventStore, event_id: str, *, now: int) -> Document:
    """
    Return an event and the declarations that it was in error; `NotFoundError` without.

    An event hash names every event that has it, whatever eventID it has.
    """
    async with store.reading(snapshot=False) as session:
        rows = await select_event(session, event_id)
    if (digest := sha_256_in(event_id)) is not None:
        found = {row.position: row for row in (*rows, *await rows_with_hash(store, digest))}
        rows = [found[position] for position in sorted(found)]
    if not rows:
        async with store.reading(snapshot=False) as session:
            await refuse_archived(session, event_id)
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
    documents = (query_document([row], now=0) for row in rows)
    for document in documents:
        [known] = document.events or ()
        if identity_of(known, event_id) == identity:
            names = Names(document.namespaces)
            value = event_value(known, names)
            context = [CONTEXT, *([names.used] if names.used else [])]
            return orjson.dumps({"@context": context, **value}, default=_number)
    raise NotFoundError(f"no event with the eventID {event_id} is recorded")


def _number(value: Decimal) -> orjson.Fragment:
    return orjson.Fragment(str(value))


def query_document(
    rows: Sequence[EventRow], *, now: int, query_name: str = SIMPLE_EVENT_QUERY
) -> Document:
    """Return the answer to a query, each event with its recordTime and eventID."""
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
        query_results=QueryResults(query_name=query_name),
    )
