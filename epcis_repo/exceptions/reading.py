"""Reads exceptions from the log, what events say that causes look at, and what is so yet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson

from epcis_repo.exceptions.causes import EventSaid
from epcis_repo.exceptions.events import (
    ExceptionAmended,
    ExceptionCleared,
    ExceptionDecision,
    ExceptionMoved,
    ExceptionOpened,
    concerned_tags,
    exception_tag,
)
from epcis_repo.exceptions.rules import ExceptionCase, Shown, folded
from epcis_repo.findings import RULES, Known
from epcis_repo.findings.operations import judge
from epcis_repo.findings.reading import read_lives, with_master_data
from epcis_repo.gs1 import cbv
from epcis_repo.projections.lifecycle import Step, step_in
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.recorders.decisions import Decision, decision_of
from epcis_repo.store import EventStore, Reading, RecordedEvent, load_statements, log
from epcis_repo.store.archived import archived_years

STATEMENTS = load_statements("epcis_repo.exceptions", "exceptions.sql")

# So many things are looked at again together.
_TOGETHER = 10_000
# Which of the transactions that an event names is the delivery: the first of these that is there.
_DELIVERIES = ("desadv", "bol", "inv", "po")
# Which party of an end is asked: who trades, else who has it.
_PARTIES = ("owning_party", "possessing_party", "location")
# The decisions by which what findings show stands, or does not.
_ON_FINDINGS = (ExceptionOpened, ExceptionAmended, ExceptionCleared, ExceptionMoved)
_PAGE = 1_000

Opened = tuple[int, str]
"""The position at which an exception was opened, and its name."""


async def exceptions_named(
    session: Reading, names: Collection[str], until: int
) -> dict[str, ExceptionCase]:
    """Return the exceptions of these names, in the order in which they were opened."""
    tags = [exception_tag(name) for name in names]
    rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags, until)
    return folded((recorded.record_time, decision) for recorded, decision in _decisions(rows))


async def exceptions_decided(session: Reading, after: int) -> set[str]:
    """Return on which exceptions anything was decided past a position that their findings show."""
    names: set[str] = set()
    for decision in _ON_FINDINGS:
        position, page = after, _PAGE
        while page == _PAGE:
            values = session.part, decision.TOPIC, position, _PAGE
            rows = await session.fetch(STATEMENTS["select_decided"], *values)
            names |= {decided.exception_id for _, decided in _decisions(rows)}
            position, page = rows[-1][0] if rows else position, len(rows)
    return names


async def opened_before(session: Reading, position: int, *, limit: int) -> list[Opened]:
    """Return which exceptions were opened before a position, the newest first."""
    rows = await session.fetch(
        STATEMENTS["select_opened"], session.part, ExceptionOpened.TOPIC, position, limit
    )
    return _opened(rows)


async def opened_about(session: Reading, keys: Collection[str], until: int) -> list[Opened]:
    """Return which exceptions are about any of some things as known then, the newest first."""
    found = await session.fetch(
        STATEMENTS["select_lives"], session.part, concerned_tags(keys), until
    )
    # What a thing was added to later was opened before.
    return await opened_as(
        session, {decision.exception_id for _, decision in _decisions(found)}, until
    )


async def opened_as(session: Reading, names: Collection[str], until: int) -> list[Opened]:
    """Return which exceptions there are of these names, likewise."""
    tags = [exception_tag(name) for name in names]
    rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags, until)
    return _opened(rows)[::-1]


async def shown_now(
    store: EventStore, kind: str | None, keys: Iterable[str], *, known: Known, now: int
) -> frozenset[Shown] | None:
    """
    Return what the rule of a kind shows now of things.

    None, where a year is archived: what is away may be what shows it.
    """
    keys = sorted({*keys})
    rules = [rule for rule in RULES if rule.id == kind]
    shown: set[Shown] = set()
    for first in range(0, len(keys), _TOGETHER):
        some = keys[first : first + _TOGETHER]
        async with store.reading(long=True) as session:
            if await archived_years(session):
                return None
            until = await log.head(session)
            clocks = {"until": until, "moment": MOMENT_MAX}
            apart = {hold.key for hold in known.holds}
            lives = await read_lives(
                session, Lives(session, until), some, **clocks, now=now, apart=apart
            )
            beside = await with_master_data(session, known, lives, **clocks)
        found = judge(lives, beside, rules)
        shown |= {(finding.event.event_id, key) for finding in found for key in finding.keys}
    return frozenset(shown)


async def said_by(session: Reading, event_ids: Collection[str]) -> dict[str, EventSaid]:
    """Return what these events say of the delivery that they are of."""
    rows = await session.fetch(STATEMENTS["select_said"], session.part, sorted(event_ids))
    return {
        event_id: event_said(orjson.loads(header), biz_location or read_point)
        for event_id, header, biz_location, read_point in rows
    }


def event_said(header: Mapping[str, Any], place: str | None) -> EventSaid:
    """Return what the header of an event says of a delivery."""
    transactions = {
        cbv.bare_word(cbv.BIZ_TRANSACTION_TYPE, said.get("type", "")): said["bizTransaction"]
        for said in header.get("bizTransactionList") or ()
    }
    return EventSaid(
        delivery=_first(transactions, _DELIVERIES),
        source=_first(_ends(header.get("sourceList"), "source"), _PARTIES),
        destination=_first(_ends(header.get("destinationList"), "destination"), _PARTIES),
        place=place,
    )


def _ends(ends: Sequence[Mapping[str, str]] | None, name: str) -> dict[str, str]:
    return {cbv.bare_word(cbv.SOURCE_DEST_TYPE, end["type"]): end[name] for end in ends or ()}


def _first(texts: Mapping[str, str], order: Sequence[str]) -> str | None:
    """Return the text of the first kind that there is, else any."""
    found = [texts[kind] for kind in order if kind in texts]
    return next(iter(found or texts.values()), None)


async def lots_of(lives: Lives, keys: Collection[str]) -> dict[str, str]:
    """Return as of which lot things were put into use, the last that was said."""
    said = await lives.said(keys)
    return {
        key: item.lot
        for key in keys
        for item in said[key]
        if item.lot and step_in(item) is Step.COMMISSION
    }


def _decisions(
    rows: Iterable[tuple[Any, ...]],
) -> Iterable[tuple[RecordedEvent, ExceptionDecision]]:
    for recorded in (RecordedEvent(*row) for row in rows):
        decision: Decision = decision_of(recorded)
        assert isinstance(decision, ExceptionDecision)
        yield recorded, decision


def _opened(rows: Iterable[tuple[Any, ...]]) -> list[Opened]:
    return [
        (recorded.position, decision.exception_id)
        for recorded, decision in _decisions(rows)
        if isinstance(decision, ExceptionOpened)
    ]
