"""What is sent by whom, what somebody sets for that, and what is in the log of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.errors import NotFoundError
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.documents import Document
from epcis_repo.model.events import Event, SourceOrDestination
from epcis_repo.model.times import Timestamp
from epcis_repo.operations.capture import capture
from epcis_repo.operations.history import history
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.operations.receipts import Receipt
from epcis_repo.reactions import (
    ReactionsDoor,
    Sought,
    findings_made,
    reaction_asked,
    set_reaction,
)
from epcis_repo.store import EventStore
from tests.operations.reports import JSON_LD, NOW, PACK, at, commissioned, named

MAKER, BUYER = "0614141000005", "0399990000023"
TWICE = "commissioned-twice"
FIRST, AGAIN = (
    named("urn:x:first", commissioned(1, PACK)),
    named("urn:x:again", commissioned(5, PACK)),
)
PROCEED = CaptureErrorBehaviour.PROCEED


def from_whom(event: Event, gln: str) -> Event:
    """The event, as one of a transfer from somebody."""
    owner = SourceOrDestination(type="owning_party", id=f"https://id.gs1.org/417/{gln}")
    return replace(event, source_list=(owner,), destination_list=(owner,))


def body_of(*events: Event, sender: str | None = None, note: str | None = None) -> bytes:
    """A document of these events; another `note` makes it another document."""
    created = Timestamp("2026-01-01T00:00:00Z", at(0))
    return render_jsonld(
        Document(
            events=events,
            schema_version="2.0",
            creation_date=created,
            id=note,
            sender=sender,
            receiver=sender and BUYER,
            instance_identifier=sender and "1",
        )
    )


async def send(
    store: EventStore,
    *events: Event,
    door: ReactionsDoor | None = None,
    sender: str | None = None,
    note: str | None = None,
    now: int = NOW,
    **more: Any,
) -> Receipt:
    """Capture a document of these events, by a door."""
    body = body_of(*events, sender=sender, note=note)
    return await capture(store, body, JSON_LD, now=now, door=door or ReactionsDoor(), **more)


async def react(
    store: EventStore,
    reaction: str,
    rule: str = TWICE,
    *,
    partner: str | None = None,
    now: int = NOW,
) -> dict[str, Any]:
    """Set the reaction to a rule."""
    said = {"reaction": reaction, "reason": "agreed with partners", "by": "QA"}
    asked = reaction_asked(rule, said | ({} if partner is None else {"partner": partner}))
    return await set_reaction(store, rule, asked, now=now)


async def made(store: EventStore, **sought: Any) -> list[tuple[str, str, Sequence[str]]]:
    """The findings of captures, the oldest first: rule, reaction, and what they are about."""
    page = await findings_made(store, Sought(**sought), per_page=1_000)
    values = [finding.value for finding in page.findings[::-1]]
    return [(value["rule"], value["reaction"], value["epcs"]) for value in values]


async def steps_of(store: EventStore, text: str) -> list[str]:
    """The eventIDs in the history of a thing; none where there is none."""
    try:
        return [e.event_id for e in (await history(store, parse_identifier(text))).entries]
    except NotFoundError:
        return []
