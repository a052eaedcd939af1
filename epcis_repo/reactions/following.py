"""
Who holds what has come in against the rules about things, some way behind the captures.

It follows the log, some documents at a time, and keeps with its findings how far it has come: what
was broken off anywhere is gone on with, and nothing is found twice. What only time shows, it looks
for when the time has come. At the exceptions that what has come in may change it looks again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from epcis_repo.allocations import known_beside, known_in
from epcis_repo.evidence.receipts import DOCUMENT_CAPTURED, CapturedDocument, receipt_in
from epcis_repo.exceptions import Shown, Watched, look_again, raise_found
from epcis_repo.findings import RULES, Finding
from epcis_repo.findings.batch import News
from epcis_repo.findings.life import LIMITS
from epcis_repo.operations.partners import source_of
from epcis_repo.reactions.judging import judge_news
from epcis_repo.reactions.made import Origin, event_tag, finding_data, unmade
from epcis_repo.reactions.reading import (
    STATEMENTS,
    all_reactions,
    findings_tagged,
    identities_among,
    news_between,
)
from epcis_repo.reactions.rules import AT_THE_DOOR, BY_THE_CLOCK, Reaction
from epcis_repo.recorders.tracking import follow, followed_until
from epcis_repo.store import EventStore, Reading, RecordedEvent
from epcis_repo.store.log import head, head_at

BY = "epcis-repo"
"""Who raises exceptions of what is found so."""

# So many events are looked at together, and those of one document are if they are not many more:
# half a second of a processor.
_EVENTS = 2_000
_EVENTS_MAX = 8_000
_RECEIPTS = 1_000
# So many positions are looked through for what was shipped.
_POSITIONS = 50_000

_AT_CAPTURE = tuple(rule for rule in RULES if rule.id not in BY_THE_CLOCK)
_IN_TIME = tuple(rule for rule in RULES if rule.id in BY_THE_CLOCK)
_NAMES_AT_CAPTURE = frozenset(rule.id for rule in _AT_CAPTURE)
_AFTER_ALL = 2**62
# How far each of the two has come is kept under these names.
_OF_CAPTURES, _OF_THE_CLOCK = "rules about things", "rules about things, by the clock"


class _Made(NamedTuple):
    """A new finding, what becomes of it, and who sent what it is by."""

    finding: Finding
    reaction: Reaction
    origin: Origin


class _Looked(NamedTuple):
    """How far somebody has looked, what was found, and what to look at again, by exception."""

    until: int
    made: Sequence[_Made] = ()
    names: Mapping[str, str] = {}
    doubted: Mapping[str, Collection[Shown]] = {}


async def judge_next(store: EventStore, watched: Watched, *, now: int) -> bool | None:
    """
    Hold the next documents against the rules, and record what is found.

    `watched` is what whoever judges has in mind of the exceptions in the store, none to begin with.
    Returns whether there were any; None where somebody else was as far meanwhile.
    """
    async with store.reading(long=True) as session:
        after = await followed_until(session, _OF_CAPTURES)
        looked = await _captured(session, watched, after=after)
    return await _record(store, _OF_CAPTURES, looked, now=now)


async def judge_in_time(store: EventStore, *, now: int) -> bool | None:
    """Look for what should have come to an end by now, likewise."""
    async with store.reading(long=True) as session:
        after = await followed_until(session, _OF_THE_CLOCK)
        looked = await _shipped(session, after=after, now=now)
    return await _record(store, _OF_THE_CLOCK, looked, now=now)


async def judge_all(store: EventStore, *, now: int) -> None:
    """Hold all that was captured against the rules, as far as nobody has done it yet."""
    watched = Watched()
    for judge in (partial(judge_next, store, watched), partial(judge_in_time, store)):
        while await judge(now=now) is not False:
            pass


async def is_behind(store: EventStore) -> bool:
    """Whether something was captured that nobody has held against the rules yet."""
    async with store.reading() as session:
        return bool(await _receipts(session, await followed_until(session, _OF_CAPTURES), 1))


async def last_captured(store: EventStore) -> int:
    """Return where the last receipt of a capture stands, 0 where there is none."""
    async with store.reading(snapshot=False) as session:
        values = session.part, DOCUMENT_CAPTURED, _AFTER_ALL, 1
        rows = await session.fetch(STATEMENTS["select_before"], *values)
    return int(rows[0][0]) if rows else 0


async def _record(store: EventStore, name: str, looked: _Looked | None, *, now: int) -> bool | None:
    if looked is None:
        return False
    cases = [made.finding for made in looked.made if made.reaction is Reaction.RAISE]
    if cases:
        # First: what the log has as found is not raised again.
        await raise_found(store, cases, looked.names, by=BY, now=now)
    if looked.doubted:
        # As is known now, and not as was with what came in: the log may be far ahead.
        known = await known_beside(store)
        for exception_id, shown in looked.doubted.items():
            await look_again(store, exception_id, shown, by=BY, known=known, now=now)
    found = {e.event_id: e for e in (finding_data(*made, looked.names) for made in looked.made)}
    # An identity that is taken would keep all that comes after it from being looked at, for ever.
    async with store.reading(snapshot=False) as session:
        taken = await identities_among(session, found)
    events = [event for identity, event in found.items() if identity not in taken]
    return await follow(store, name, looked.until, events, now=now) or None


async def _captured(session: Reading, watched: Watched, *, after: int) -> _Looked | None:
    """Return what is found in the next documents past a position, as was known with them."""
    documents: list[CapturedDocument] = []
    count, until = 0, after
    for recorded in await _receipts(session, after, _RECEIPTS):
        document = receipt_in(recorded)
        if documents and count + len(document.positions) > _EVENTS:
            break
        documents.append(document)
        count, until = count + len(document.positions), recorded.position
    if not documents:
        return None
    await watched.catch_up(session)
    known, made, names = await known_in(session, until), list[_Made](), dict[str, str]()
    doubted: dict[str, set[Shown]] = {}
    are_all = count <= _EVENTS_MAX
    first = documents[0].positions.start
    async for news in _pages(session, first - 1, until, are_all=are_all):
        judged = await judge_news(session, news, known, _AT_CAPTURE, until=until, are_all=are_all)
        made += await _made(session, judged.findings, news, until)
        names |= judged.names
        judged_by = judged.groups, judged.findings, _NAMES_AT_CAPTURE
        for exception_id, shown in watched.concerned(news, *judged_by).items():
            doubted.setdefault(exception_id, set()).update(shown)
    return _Looked(until, made, names, doubted)


async def _shipped(session: Reading, *, after: int, now: int) -> _Looked | None:
    """Return what was shipped so long ago that somebody should have received it."""
    until = min(await head_at(session, now - LIMITS.on_the_way), after + _POSITIONS)
    if until <= after:
        return None
    news = await news_between(session, after, until, step="shipping")
    if not news:
        return _Looked(until)
    last = await head(session)
    known = await known_in(session, last)
    judged = await judge_news(session, news, known, _IN_TIME, until=last, now=now, are_all=False)
    return _Looked(until, await _made(session, judged.findings, news, last), judged.names)


async def _receipts(session: Reading, after: int, limit: int) -> list[RecordedEvent]:
    values = session.part, DOCUMENT_CAPTURED, after, limit
    rows = await session.fetch(STATEMENTS["select_receipts"], *values)
    return [RecordedEvent(*row) for row in rows]


async def _pages(
    session: Reading, after: int, until: int, *, are_all: bool
) -> AsyncIterator[list[News]]:
    """Yield the events that were captured between two positions, together or some at a time."""
    while after < until:
        end = until if are_all else min(after + _EVENTS, until)
        yield await news_between(session, after, end)
        after = end


async def _made(
    session: Reading, findings: Sequence[Finding], news: Sequence[News], until: int
) -> list[_Made]:
    """Return the findings that nobody has made, with what somebody has set for who sent them."""
    if not findings:
        return []
    reactions = await all_reactions(session, until)
    tags = {event_tag(finding.event.event_id) for finding in findings}
    made = []
    sent = {item.event_id: item for item in news}
    for finding in unmade(findings, await findings_tagged(session, tags)):
        origin = await _origin(session, finding, sent)
        reaction = reactions.to(finding.rule.id, origin.partner)
        # It is captured: somebody let it in, or has set that since.
        made.append(_Made(finding, Reaction.RAISE if reaction in AT_THE_DOOR else reaction, origin))
    return made


async def _origin(session: Reading, finding: Finding, sent: Mapping[str, News]) -> Origin:
    """Return who sent the event that a finding is by, the one that came last."""
    names = [finding.event.event_id]
    names += [] if finding.contradicts is None else [finding.contradicts.event_id]
    came = [sent[name] for name in names if name in sent]
    if not came:
        return Origin()
    last = max(came, key=lambda item: item.position)
    # The receipt of a document follows its events.
    [receipt] = await _receipts(session, last.position, 1)
    document = receipt_in(receipt)
    partner = document.partner or source_of(last.header)
    return Origin(partner, document.document)
