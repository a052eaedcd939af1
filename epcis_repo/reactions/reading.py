"""Reads reactions, what was found at captures, and what was kept aside, from the log."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from epcis_repo.evidence.receipts import FINDING_MADE
from epcis_repo.findings.batch import News
from epcis_repo.reactions.events import QUARANTINE, EventsQuarantined, ReactionSet, quarantine_tag
from epcis_repo.reactions.judging import news_read
from epcis_repo.reactions.made import FindingMade, made
from epcis_repo.reactions.rules import Learned, Reactions, after
from epcis_repo.recorders.decisions import Decision, decision_of
from epcis_repo.store import Reading, RecordedEvent, load_statements
from epcis_repo.store.log import all_of_types

STATEMENTS = load_statements("epcis_repo.reactions", "reactions.sql")

_QUARANTINE = [decision.TOPIC for decision in QUARANTINE]


async def all_reactions(session: Reading, until: int) -> Reactions:
    """Return what somebody has set, as known at position `until`."""
    return after(Reactions(), learned(await all_of_types(session, [ReactionSet.TOPIC], until)))


def learned(recorded: Iterable[RecordedEvent]) -> Iterator[Learned]:
    """Yield decisions on reactions, each with when it was recorded."""
    for event in recorded:
        decision = decision_of(event)
        assert isinstance(decision, ReactionSet)
        yield event.record_time, decision


async def findings_tagged(session: Reading, tags: Collection[str]) -> list[FindingMade]:
    """Return the findings of captures that have any of these tags."""
    if not tags:
        return []
    rows = await session.fetch(
        STATEMENTS["select_tagged"], session.part, sorted(tags), FINDING_MADE
    )
    return [made(RecordedEvent(*row)) for row in rows]


async def findings_named(session: Reading, identities: Collection[str]) -> list[FindingMade]:
    """Return the findings of captures that have these identities."""
    if not identities:
        return []
    rows = await session.fetch(STATEMENTS["select_named"], session.part, sorted(identities))
    return [made(RecordedEvent(*row)) for row in rows]


async def identities_among(session: Reading, identities: Collection[str]) -> set[str]:
    """Return which of these identities events have."""
    if not identities:
        return set()
    rows = await session.fetch(STATEMENTS["select_named"], session.part, sorted(identities))
    return {recorded.event_id for recorded in (RecordedEvent(*row) for row in rows)}


async def findings_before(
    session: Reading, position: int, *, tags: Sequence[str], limit: int
) -> list[FindingMade]:
    """Return findings of captures before a position, that have all of these tags, newest first."""
    statement, values = STATEMENTS["select_before"], [session.part, FINDING_MADE, position, limit]
    if tags:
        # A finding is sought by few of them: those that have one of each are those with all.
        statement = STATEMENTS["select_tagged_before"]
        values += [list(tags), len(tags)]
    rows = await session.fetch(statement, *values)
    return [made(RecordedEvent(*row)) for row in rows]


async def quarantined_before(session: Reading, position: int, *, limit: int) -> list[RecordedEvent]:
    """Return what says that events were kept aside, before a position, the newest first."""
    values = session.part, EventsQuarantined.TOPIC, position, limit
    return [
        RecordedEvent(*row) for row in await session.fetch(STATEMENTS["select_before"], *values)
    ]


async def quarantine_lives(
    session: Reading, capture_ids: Collection[str]
) -> list[tuple[RecordedEvent, Decision]]:
    """Return all that was decided on what was kept aside by these captures, in order."""
    tags = [quarantine_tag(capture_id) for capture_id in capture_ids]
    rows = await session.fetch(STATEMENTS["select_lives"], session.part, tags, _QUARANTINE)
    return [(event, decision_of(event)) for event in (RecordedEvent(*row) for row in rows)]


async def news_between(
    session: Reading, after: int, until: int, *, step: str | None = None
) -> list[News]:
    """Return what the events of partners tell between two positions: all, or those of a step."""
    values: list[Any] = [session.part, after, until]
    statement = STATEMENTS["select_news"]
    if step is not None:
        statement, values = STATEMENTS["select_news_of_step"], [*values, step]
    return [news_read(row) for row in await session.fetch(statement, *values)]
