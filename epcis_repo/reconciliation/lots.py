"""The account of a lot: what was put into use is the sum of what became of it, serial by serial."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from epcis_repo.errors import QueryParameterError
from epcis_repo.gs1 import Identifier, from_elements
from epcis_repo.model.found_by import Link, class_of, link_tag
from epcis_repo.model.times import utc_text
from epcis_repo.operations.contents import class_text
from epcis_repo.operations.custody import handlings
from epcis_repo.operations.history import not_found
from epcis_repo.operations.naming import epc_of, identifier_value
from epcis_repo.projections.containment import RELATIONS
from epcis_repo.projections.custody import Custody, Handling, fold
from epcis_repo.projections.lifecycle import State, Step, step_in
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.lot_story import serials_of
from epcis_repo.projections.said import Said
from epcis_repo.projections.stories import SharedStory, gone_together, stories_of
from epcis_repo.projections.story import AFTER_ALL, MOMENT_MAX, Entry
from epcis_repo.reconciliation.paging import PER_PAGE, page_of, token_after
from epcis_repo.reconciliation.reading import Told, events_at, inside, referring
from epcis_repo.reconciliation.rules import (
    Difference,
    Row,
    holder_of,
    is_under_way,
    place_of,
    row_of,
    transfers,
)
from epcis_repo.store import EventStore, Reading, log
from epcis_repo.store.archived import archived_years, years_away

SENTENCES = {
    Difference.MISSING: "not received, though others of its shipment were",
    Difference.NEVER_COMMISSIONED: "named together with serials of the lot, never commissioned",
    Difference.OTHER_LOT: "commissioned as of this lot, and as of another",
}

_AGGREGATION = RELATIONS["AggregationEvent"]


class Fate(NamedTuple):
    """
    What became of things that went the same way.

    `lots` are those that they were put into use as of, `lot` the last of them. `arrived` are the
    first shippings of the ways that have ended, by position, `under_way` is that of the one that
    has not; `inside` are the containers that they are in, each with its level.
    """

    keys: Sequence[str]
    row: Row
    is_commissioned: bool
    lot: str | None
    lots: frozenset[str]
    arrived: tuple[int, ...]
    under_way: int | None
    inside: tuple[tuple[str, int], ...]
    lifecycle: State
    event_time: int


class Level(NamedTuple):
    """How many containers of a class have serials of the lot in them, so many levels up, by row."""

    level: int
    beginning: str | None
    rows: Mapping[Row, int]


class Declared(NamedTuple):
    """That an event puts so many of the lot into use, by quantity."""

    event_id: str
    event_time: int
    quantity: float


class Serial(NamedTuple):
    """
    A serial, what became of it, and what does not add up about it.

    It is in no row where it is no part of the account: of another lot, or never commissioned.
    """

    key: str
    row: Row | None
    fate: Fate
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class LotAccount:
    """
    The account of a lot: `rows` have each serial that was commissioned once.

    `serials` are a page of those that were asked for: of a row, or else those with a difference;
    `custody` is that of the first of those that went the same way. What was recorded in the years
    that are `archived` is not in it.
    """

    identifier: Identifier
    as_of: int | None
    known_at: int | None
    rows: Mapping[Row, int]
    levels: Sequence[Level]
    declared: Sequence[Declared]
    differences: Mapping[Difference, int]
    serials: Sequence[Serial]
    custody: Mapping[str, Custody]
    names: Mapping[str, str]
    archived: tuple[int, ...] = ()
    next_page_token: str | None = None

    @property
    def commissioned(self) -> int:
        """How many serials of the lot were put into use."""
        return sum(self.rows.values())


def lot_of(gtin: str, lot: str) -> Identifier:
    """Return the identifier of a lot; `IdentifierError` for one that there cannot be."""
    return from_elements({"01": gtin, "10": lot})


async def reconcile_lot(
    store: EventStore,
    lot: Identifier,
    *,
    as_of: int | None = None,
    known_at: int | None = None,
    row: Row | None = None,
    per_page: int = PER_PAGE,
    token: str | None = None,
) -> LotAccount:
    """
    Return the account of a lot at `as_of`, as was known at `known_at` (microseconds).

    With those of its serials that are in a `row`, or else about which something does not add up,
    after the page whose token is given. Raises `NotFoundError` where nothing of it is known.
    """
    begin, at = page_of(token)
    async with store.reading(long=True) as session:
        away = await archived_years(session)
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        until = until if at is None else min(until, at)
        moment = MOMENT_MAX if as_of is None else as_of
        keys = await serials_of(session, lot, until=until, moment=moment)
        declared = await _declared(session, lot, until=until, moment=moment)
        if not keys and not declared:
            raise not_found(lot.key, as_of=as_of, known_at=known_at, archived=away)
        judge = _Judge(session, lot, until, moment)
        fates = [fate async for fate in judge.fates(keys)]
        levels = await _levels(judge, fates)
        fates += await _strangers(judge, keys)
        serials = _serials(lot, fates, await _arrived(judge, fates))
        wanted = [s for s in serials if (s.differences if row is None else s.row is row)]
        shown = sorted(wanted, key=lambda serial: serial.key)
        page = shown[begin : begin + per_page]
        custody = await judge.custody({serial.fate.keys[0] for serial in page})
        names = await _names(Lives(session, until), lot, page, keys)
    return LotAccount(
        identifier=lot,
        as_of=as_of,
        known_at=known_at,
        rows=Counter(serial.row for serial in serials if serial.row is not None),
        levels=levels,
        declared=declared,
        differences=Counter(item for serial in serials for item in serial.differences),
        serials=page,
        custody=custody,
        names=names,
        archived=await years_away(store, away),
        next_page_token=token_after(begin + len(page), len(shown), until),
    )


@dataclass
class _Judge:
    """
    Finds out what became of things.

    What an event says of custody it says of many, so it is `said` once. `positions` are those of
    the events that name the things themselves.
    """

    session: Reading
    lot: Identifier
    until: int
    moment: int
    said: dict[tuple[int, Step | None], Handling] = field(default_factory=dict)
    positions: set[int] = field(default_factory=set)

    async def fates(self, keys: Collection[str]) -> AsyncIterator[Fate]:
        """Yield what became of things, for those that went the same way together."""
        async for story in self.stories(keys):
            self.positions |= {e.said.position for e in story.entries if e.level == 0}
            yield self._fate(story)

    async def custody(self, keys: Collection[str]) -> dict[str, Custody]:
        """Return the custody of each of `keys`, of which no two went the same way."""
        # Most serials are only counted, so that theirs is not folded for it.
        return {
            story.keys[0]: fold(map(self._handling, story.entries))
            async for story in self.stories(keys)
        }

    def stories(self, keys: Collection[str]) -> AsyncIterator[SharedStory]:
        """Yield the stories of things."""
        return stories_of(self.session, sorted(keys), until=self.until, moment=self.moment)

    def _fate(self, story: SharedStory) -> Fate:
        ways, state = transfers(story.entries), story.state
        assert state is not None
        lots = {
            entry.said.lot
            for entry in story.entries
            if entry.level == 0 and entry.step is Step.COMMISSION and entry.said.lot
        }
        # A container at several levels counts at the lowest; the stays come level by level.
        inside = {
            stay.container: stay.level
            for stay in reversed(story.stays)
            if stay.ends == AFTER_ALL and stay.relation == _AGGREGATION
        }
        return Fate(
            keys=story.keys,
            row=row_of(state.lifecycle, ways, map(self._handling, story.entries)),
            is_commissioned=state.commissioned_at is not None,
            lot=state.lot,
            lots=frozenset(lots),
            arrived=tuple(way.shipped.said.position for way in ways if way.received is not None),
            under_way=ways[-1].shipped.said.position if is_under_way(ways) else None,
            inside=tuple(inside.items()),
            lifecycle=state.lifecycle,
            event_time=state.event_time,
        )

    def _handling(self, entry: Entry) -> Handling:
        at = entry.said.position, entry.step
        if (known := self.said.get(at)) is None:
            [known] = handlings([entry])
            self.said[at] = known
        return known


async def _strangers(judge: _Judge, keys: Collection[str]) -> list[Fate]:
    """Return those that events name together with serials of the lot, and nobody commissioned."""
    known, beginning = {*keys}, f"{_gtin(judge.lot)}/21/"
    named = {
        key
        for event in await events_at(judge.session, judge.positions)
        for key in event.things()
        if key.startswith(beginning) and key not in known
    }
    # What is of another lot may well stand beside it.
    together = await gone_together(judge.session, sorted(named), until=judge.until)
    said = await Lives(judge.session, judge.until).said(together)
    unknown = [
        key
        for first, alike in together.items()
        if not any(_commissions(item, judge.moment) for item in said[first])
        for key in alike
    ]
    return [fate async for fate in judge.fates(unknown)]


def _commissions(said: Said, moment: int) -> bool:
    return said.event_time <= moment and step_in(said) is Step.COMMISSION


async def _levels(judge: _Judge, fates: Iterable[Fate]) -> list[Level]:
    """Return the containers that have serials of the lot in them, at the lowest level of each."""
    lowest: dict[str, int] = {}
    for fate in fates:
        for container, level in fate.inside:
            lowest[container] = min(level, lowest.get(container, level))
    own = _Judge(judge.session, judge.lot, judge.until, judge.moment, judge.said)
    rows: defaultdict[tuple[int, str | None], Counter[Row]] = defaultdict(Counter)
    async for fate in own.fates(sorted(lowest)):
        for key in fate.keys:
            rows[lowest[key], class_of(key)][fate.row] += 1
    return [
        Level(level, beginning, rows[level, beginning])
        for level, beginning in sorted(rows, key=lambda item: (item[0], item[1] or ""))
    ]


async def _declared(
    session: Reading, lot: Identifier, *, until: int, moment: int
) -> list[Declared]:
    """Return which events put how many of the lot into use, by quantity."""
    gtin = _gtin(lot)
    of_lot = await referring(session, lot.key, until=until, moment=moment)
    of_class = await referring(session, gtin, until=until, moment=moment)
    # A quantity of the product is one of the lot where the event says of which it is.
    number = link_tag(Link.LOT, lot.serial or "")
    lots = {told.position for told in await referring(session, number, until=until, moment=moment)}
    found: dict[int, tuple[Told, set[str]]] = {told.position: (told, {lot.key}) for told in of_lot}
    for told in of_class:
        if told.position in lots:
            found.setdefault(told.position, (told, set()))[1].add(gtin)
    return [
        Declared(told.event_id, told.event_time, quantity)
        for told, keys in sorted(found.values(), key=lambda item: item[0].order)
        if told.begins_a_lot and (quantity := told.quantity_of(keys))
    ]


async def _arrived(judge: _Judge, fates: Sequence[Fate]) -> set[int]:
    """Return the positions of the shippings of which anything has arrived, of whatever lot."""
    arrived = {position for fate in fates for position in fate.arrived}
    ours = {key for fate in fates for key in fate.keys}
    under_way = {fate.under_way for fate in fates if fate.under_way is not None} - arrived
    shippings = await events_at(judge.session, under_way)
    sent = {(key, event.order) for event in shippings for key in event.things()}
    lives = Lives(judge.session, judge.until)
    packing = await inside(judge.session, lives, sent, until=judge.until)
    others = {leaf for key, order in sent for leaf in packing.leaves(key, order)}
    others |= {key for key, _ in sent}
    async for story in judge.stories(others - ours):
        ended = (way for way in transfers(story.entries) if way.received is not None)
        arrived |= {way.shipped.said.position for way in ended}
    return arrived


def _serials(lot: Identifier, fates: Sequence[Fate], arrived: Collection[int]) -> list[Serial]:
    """Return each serial with its row, and what does not add up about it."""
    found: list[Serial] = []
    for fate in fates:
        # The last that was said is in force, and a serial is in the account of one lot alone.
        is_part = fate.is_commissioned and (lot.serial not in fate.lots or fate.lot == lot.serial)
        row = fate.row if is_part else None
        told = {
            Difference.MISSING: row is Row.SHIPPED_OUT and fate.under_way in arrived,
            Difference.NEVER_COMMISSIONED: not fate.is_commissioned,
            Difference.OTHER_LOT: bool(fate.lots - {lot.serial}),
        }
        differences = tuple(kind for kind, is_so in told.items() if is_so)
        found += [Serial(key, row, fate, differences) for key in fate.keys]
    return found


async def _names(
    lives: Lives, lot: Identifier, page: Sequence[Serial], keys: Sequence[str]
) -> dict[str, str]:
    """Return the names of the lot, and of the serials of a page, as their senders write them."""
    # Those that went the same way were named by the same events, with one prefix.
    alike = {serial.key: serial.fate.keys[0] for serial in page}
    alike[lot.key] = keys[0] if keys else lot.key
    prefixes = await lives.company_prefixes({*alike.values()})
    return {key: epc_of(key, prefixes[first]) for key, first in alike.items()}


def _gtin(lot: Identifier) -> str:
    """Return the key of the product of a lot."""
    return lot.key.partition("/10/")[0]


def row_asked(text: str | None) -> Row | None:
    """Return the row of an account that `text` names."""
    if text is None or text in list(Row):
        return None if text is None else Row(text)
    raise QueryParameterError("row", expected=f"one of {', '.join(Row)}", found=text)


def lot_account_value(account: LotAccount) -> dict[str, Any]:
    """Return the account of a lot as JSON (`schemas/lot-account.schema.json`)."""
    declared = sum(item.quantity for item in account.declared)
    return {
        "id": identifier_value(account.names[account.identifier.key]),
        "as_of": None if account.as_of is None else utc_text(account.as_of),
        "known_at": None if account.known_at is None else utc_text(account.known_at),
        "commissioned": account.commissioned,
        "rows": _rows_value(account.rows),
        "levels": [
            {
                "level": level.level,
                "class": class_text(level.beginning),
                "count": sum(level.rows.values()),
                "rows": _rows_value(level.rows),
            }
            for level in account.levels
        ],
        "declared": {
            "quantity": declared if account.declared else None,
            "difference": declared - account.commissioned if account.declared else None,
            "events": [
                {
                    "event_id": item.event_id,
                    "event_time": utc_text(item.event_time),
                    "quantity": item.quantity,
                }
                for item in account.declared
            ],
        },
        "differences": {kind.value: account.differences.get(kind, 0) for kind in Difference},
        "serials": [_serial_value(serial, account) for serial in account.serials],
        "archived_years": list(account.archived),
    }


def _rows_value(rows: Mapping[Row, int]) -> dict[str, int]:
    return {row.value: rows.get(row, 0) for row in Row}


def _serial_value(serial: Serial, account: LotAccount) -> dict[str, Any]:
    fate, custody = serial.fate, account.custody[serial.fate.keys[0]]
    holder, place = holder_of(custody), place_of(custody)
    return {
        "epc": account.names[serial.key],
        "row": serial.row,
        "lifecycle": fate.lifecycle,
        "holder": None if holder is None else holder.text,
        "place": None if place is None else place.text,
        "event_time": utc_text(fate.event_time),
        "differences": [
            {"difference": kind, "sentence": SENTENCES[kind]} for kind in serial.differences
        ],
    }
