"""Asking a store, and what it answers in short."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from epcis_repo.model.events import Event
from epcis_repo.model.what import what_of
from epcis_repo.operations.events import Page, answer
from epcis_repo.projections import LoggedEvent, placed, project, rows_of
from epcis_repo.query import EventQuery, parse_json_query, parse_query
from epcis_repo.store import EventData, EventStore
from epcis_repo.store.log import append
from tests.operations.reports import NOW

EX = "https://ns.example.com/epcis/"
PREFIXES = {"ex": EX}


async def page_of(store: EventStore, *asked: tuple[str, str]) -> Page:
    """A page of what a URL asks for."""
    return await answer(store, parse_query(asked, prefixes=PREFIXES), now=NOW)


async def found(store: EventStore, query: EventQuery) -> list[Event]:
    """All that a query finds, on one page."""
    page = await answer(store, query, now=NOW)
    assert page.next_page_token is None
    return list(page.document.events or ())


async def event_ids(store: EventStore, query: EventQuery) -> list[str]:
    """The eventIDs of all that a query finds, in the order of the answer."""
    return [event.event_id or "" for event in await found(store, query)]


def posted(**query: Any) -> EventQuery:
    """A query as it is posted."""
    return parse_json_query({"@context": [PREFIXES], **query})


async def every_page(
    store: EventStore, asked: Mapping[str, str], *, per_page: int
) -> list[Sequence[str]]:
    """The eventIDs on each page of an answer."""
    pages: list[Sequence[str]] = []
    more: dict[str, str] = {}
    while True:
        page = await page_of(store, *{**asked, "perPage": str(per_page), **more}.items())
        pages.append([event.event_id or "" for event in page.document.events or ()])
        if page.next_page_token is None:
            return pages
        more = {"nextPageToken": page.next_page_token}


async def record(store: EventStore, events: Sequence[tuple[Event, bytes]]) -> None:
    """
    Record events that no capture has looked at, so that they may say anything that has a form.

    What is recorded and indexed of each is what a capture records and indexes.
    """
    async with store.writing() as session:
        data, rows = [], []
        for number, (event, written) in enumerate(events):
            what = what_of(event)
            item = LoggedEvent(0, 0, event.event_id or f"urn:x:{number}", event, what, written)
            roles = {int(role): keys for role, keys in what.by_role().items()}
            kind = type(event).__name__
            data.append(EventData(kind, f"{item.event_id} {number}", written, roles=roles))
            rows.append(rows_of(item))
        recorded = await append(session, data, now=NOW)
        await project(
            session, [placed(row, event) for row, event in zip(rows, recorded, strict=True)]
        )
