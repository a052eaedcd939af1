"""A shipment as it was shipped, as it was received, and as somebody has scanned it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from epcis_repo.errors import IdentifierError, NotFoundError, QueryParameterError, ScanError
from epcis_repo.gs1 import Level, parse_identifier
from epcis_repo.model.found_by import Link, link_tag
from epcis_repo.model.times import utc_text
from epcis_repo.operations.naming import names_of
from epcis_repo.projections.lifecycle import Step
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.stories import SharedStory, stories_of
from epcis_repo.projections.story import MOMENT_MAX, Order
from epcis_repo.reconciliation.paging import PER_PAGE, page_of, token_after
from epcis_repo.reconciliation.reading import Inside, Told, events_at, inside, referring
from epcis_repo.reconciliation.rules import (
    Arrival,
    Verdict,
    arrival_of,
    is_under_way,
    transfers,
    verdict,
)
from epcis_repo.reconciliation.scans import UNREAD_TOLD, Scans
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import archived_years, named, years_away


class Thing(NamedTuple):
    """
    Something that holds nothing, on each side: shipped, received, scanned.

    `container` is what it was in directly, where it was shipped or else where it was found.
    """

    key: str
    container: str | None
    received: Verdict | None
    scanned: Verdict | None
    received_twice: bool
    scanned_twice: bool

    @property
    def on_receipt(self) -> Sequence[Verdict]:
        """What is said of it where it was received."""
        twice = [Verdict.DUPLICATE] if self.received_twice else []
        return twice if self.received is None else [self.received, *twice]

    @property
    def on_scan(self) -> Sequence[Verdict]:
        """What is said of it by who scanned it."""
        twice = [Verdict.DUPLICATE] if self.scanned_twice else []
        return twice if self.scanned is None else [self.scanned, *twice]


@dataclass(frozen=True, slots=True)
class ShipmentAccount:
    """
    What became of a shipment: `things` are a page of those that were asked for.

    Those are of a verdict, or else all but what is on every side. What was recorded in the years
    that are `archived` is not in it.
    """

    text: str
    as_of: int | None
    known_at: int | None
    shippings: Sequence[Told]
    receipts: Sequence[Told]
    shipped: int
    received: Mapping[Verdict, int]
    scanned: Mapping[Verdict, int] | None
    scans: Scans | None
    things: Sequence[Thing]
    names: Mapping[str, str] = field(default_factory=dict)
    archived: tuple[int, ...] = ()
    next_page_token: str | None = None


Found = dict[str, str | None]
"""Things that hold nothing, with what each is in directly."""


@dataclass(frozen=True, slots=True)
class _View:
    """What is known at a position, up to a moment."""

    session: Reading
    lives: Lives
    until: int
    moment: int

    def stories(self, keys: Iterable[str]) -> AsyncIterator[SharedStory]:
        return stories_of(self.session, sorted(keys), until=self.until, moment=self.moment)

    async def inside(self, wanted: set[tuple[str, Order]]) -> Inside:
        return await inside(self.session, self.lives, wanted, until=self.until)

    async def referring(self, transaction: str) -> list[Told]:
        tag = link_tag(Link.BIZ_TRANSACTION, transaction)
        return await referring(self.session, tag, until=self.until, moment=self.moment)


class _Sent(NamedTuple):
    """
    What was shipped at which places of its story, and by which events.

    `receipts` are those that refer to the same transaction.
    """

    things: set[tuple[str, Order]]
    shippings: Sequence[Told]
    receipts: Sequence[Told]


async def reconcile_shipment(
    store: EventStore,
    text: str,
    *,
    scans: Scans | None = None,
    as_of: int | None = None,
    known_at: int | None = None,
    only: Verdict | None = None,
    per_page: int = PER_PAGE,
    token: str | None = None,
) -> ShipmentAccount:
    """
    Return what became of a shipment by `as_of`, as was known at `known_at` (microseconds).

    It is known by a business transaction, or as a thing that was shipped, the last time that it
    was. `scans` are what somebody has found of it; nothing is recorded of them. Of the things those
    are told of which it is `only` said, or else all that is not matched on every side, after the
    page whose token is given. Raises `NotFoundError` where nothing was shipped or received as that.
    """
    begin, at = page_of(token)
    async with store.reading(long=True) as session:
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        until = until if at is None else min(until, at)
        view = _View(session, Lives(session, until), until, MOMENT_MAX if as_of is None else as_of)
        sent = await _sent(view, text)
        if not sent.shippings and not sent.receipts:
            gone = f"; what was recorded in {named(away)} is archived" if away else ""
            raise NotFoundError(f"nothing that is known was shipped or received as {text}{gone}")
        packing = await view.inside(sent.things)
        shipped, arrivals = await _shipped(view, sent, packing)
        receipts = await _receipts(view, sent, arrivals.values())
        extra = await _extra(view, sent, receipts, {*shipped, *packing.orders()})
        scanned = None if scans is None else await _scanned(view, packing, shipped, scans)
        things = _things(shipped, arrivals, extra, scanned)
        shown = [thing for thing in things if _is_shown(thing, only)]
        page = shown[begin : begin + per_page]
        keys = {key for thing in page for key in (thing.key, thing.container) if key is not None}
        names = names_of(await view.lives.company_prefixes(keys))
    return ShipmentAccount(
        text=text,
        as_of=as_of,
        known_at=known_at,
        shippings=sent.shippings,
        receipts=receipts,
        shipped=len(shipped),
        received=Counter(verdict for thing in things for verdict in thing.on_receipt),
        scanned=None
        if scans is None
        else Counter(verdict for thing in things for verdict in thing.on_scan),
        scans=scans,
        things=page,
        names=names,
        archived=await years_away(store, away),
        next_page_token=token_after(begin + len(page), len(shown), until),
    )


async def _sent(view: _View, text: str) -> _Sent:
    """Return what was shipped under a transaction, or else as a thing, the last time."""
    told = await view.referring(text)
    shippings = [event for event in told if event.step is Step.SHIP]
    receipts = [event for event in told if event.step is Step.RECEIVE]
    if shippings or receipts:
        things = {(key, event.order) for event in shippings for key in event.things()}
        return _Sent(things, shippings, receipts)
    identifier = None
    with suppress(IdentifierError, ScanError):
        identifier = parse_identifier(text)
    if identifier is None or identifier.level is Level.CLASS:
        return _Sent(set(), (), ())
    story = await anext(view.stories([identifier.key]), None)
    ways = () if story is None else transfers(story.entries)
    if not ways:
        return _Sent(set(), (), ())
    first = ways[-1].shipped.said
    shippings = await events_at(view.session, [first.position])
    return _Sent({(identifier.key, first.order)}, shippings, ())


async def _shipped(view: _View, sent: _Sent, packing: Inside) -> tuple[Found, dict[str, Arrival]]:
    """Return what was shipped, but for what was not after all, and how it arrived."""
    found: Found = {}
    for key, order in sorted(sent.things):
        # Who names a case and what is in it names the same once.
        for leaf, container in packing.leaves(key, order).items():
            found[leaf] = found.get(leaf) or container
    positions = {event.position for event in sent.shippings}
    arrivals: dict[str, Arrival] = {}
    async for story in view.stories(found):
        if (arrival := arrival_of(story.entries, positions)) is not None:
            arrivals |= dict.fromkeys(story.keys, arrival)
    return {key: container for key, container in found.items() if key in arrivals}, arrivals


async def _receipts(view: _View, sent: _Sent, arrivals: Iterable[Arrival]) -> list[Told]:
    """Return the events that received any of it, or refer to the transaction."""
    positions = {position for arrival in arrivals for position in arrival.receipts}
    return await events_at(view.session, positions | {event.position for event in sent.receipts})


async def _extra(
    view: _View, sent: _Sent, receipts: Sequence[Told], shipped: Collection[str]
) -> Found:
    """Return what was received with it and is no part of it."""
    things = {(key, event.order) for event in receipts for key in event.things()}
    unpacking = await view.inside(things)
    referring = {event.position for event in sent.receipts}
    extra: Found = {}
    of_others: dict[str, tuple[str | None, Order]] = {}
    for event in receipts:
        for key in event.things():
            for leaf, container in unpacking.leaves(key, event.order).items():
                if leaf in shipped:
                    continue
                if event.position in referring:
                    extra[leaf] = container
                else:
                    of_others[leaf] = container, event.order
    # A receipt that does not say of what may be that of several shipments.
    async for story in view.stories(of_others.keys() - extra.keys()):
        for key in story.keys:
            container, order = of_others[key]
            if not is_under_way(transfers(e for e in story.entries if e.said.order < order)):
                extra[key] = container
    return extra


class _Scanned(NamedTuple):
    found: Found
    twice: set[str]


async def _scanned(view: _View, packing: Inside, shipped: Found, scans: Scans) -> _Scanned:
    """Return what was scanned, with what is in it: as it was shipped, or else as it is."""
    orders = packing.orders()
    now: Order = (view.moment, float("inf"))
    others = {(key, now) for key in scans.counts if key not in orders and key not in shipped}
    content = await view.inside(others)
    found: Found = {}
    twice: set[str] = set()
    for key, count in scans.counts.items():
        if key in shipped:
            leaves = {key: shipped[key]}
        elif key in orders:
            leaves = packing.leaves(key, orders[key])
        else:
            leaves = content.leaves(key, now)
        found |= leaves
        # A case and what is in it may be scanned each; only the same code twice is.
        twice |= leaves.keys() if count > 1 else set()
    return _Scanned(found, twice)


def _things(
    shipped: Found, arrivals: Mapping[str, Arrival], extra: Found, scanned: _Scanned | None
) -> list[Thing]:
    """Return all that is on any side, in the order of keys."""
    scans = {} if scanned is None else scanned.found
    twice = set() if scanned is None else scanned.twice
    things = []
    for key in sorted({*shipped, *extra, *scans}):
        is_shipped, arrival = key in shipped, arrivals.get(key, Arrival())
        is_received = bool(arrival.receipts) or key in extra
        container = next((side[key] for side in (shipped, extra, scans) if key in side), None)
        things.append(
            Thing(
                key=key,
                container=container,
                received=verdict(is_shipped=is_shipped, is_found=is_received),
                scanned=None
                if scanned is None
                else verdict(is_shipped=is_shipped, is_found=key in scans),
                received_twice=arrival.is_twice,
                scanned_twice=key in twice,
            )
        )
    return things


def _is_shown(thing: Thing, only: Verdict | None) -> bool:
    verdicts = {*thing.on_receipt, *thing.on_scan}
    return verdicts != {Verdict.MATCHED} if only is None else only in verdicts


def verdict_asked(text: str | None) -> Verdict | None:
    """Return the verdict that `text` names."""
    if text is None or text in list(Verdict):
        return None if text is None else Verdict(text)
    raise QueryParameterError("only", expected=f"one of {', '.join(Verdict)}", found=text)


def shipment_account_value(account: ShipmentAccount) -> dict[str, Any]:
    """Return what became of a shipment as JSON (`schemas/shipment-account.schema.json`)."""
    scans = account.scans
    return {
        "shipment": account.text,
        "as_of": None if account.as_of is None else utc_text(account.as_of),
        "known_at": None if account.known_at is None else utc_text(account.known_at),
        "shipped": {"things": account.shipped, "events": _events_value(account.shippings)},
        "received": {
            **_verdicts_value(account.received),
            "events": _events_value(account.receipts),
        },
        "scanned": None
        if scans is None or account.scanned is None
        else {
            **_verdicts_value(account.scanned),
            "scans": scans.total,
            "unread": [unread._asdict() for unread in scans.unread[:UNREAD_TOLD]],
            "unread_count": len(scans.unread),
        },
        "things": [_thing_value(thing, account.names) for thing in account.things],
        "archived_years": list(account.archived),
    }


def _verdicts_value(counts: Mapping[Verdict, int]) -> dict[str, int]:
    return {item.value: counts.get(item, 0) for item in Verdict}


def _events_value(events: Iterable[Told]) -> list[dict[str, str]]:
    return [
        {"event_id": event.event_id, "event_time": utc_text(event.event_time)} for event in events
    ]


def _thing_value(thing: Thing, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "epc": names[thing.key],
        "container": None if thing.container is None else names[thing.container],
        "received": thing.received,
        "scanned": thing.scanned,
        "received_twice": thing.received_twice,
        "scanned_twice": thing.scanned_twice,
    }
