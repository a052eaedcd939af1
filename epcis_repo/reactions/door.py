"""
Who looks at what comes in, where somebody has set that what breaks a rule is kept out.

It looks in the transaction that records it, in whose turn nobody else records anything: of two that
may not both be captured, one is. Whatever was found, the document is recorded as a whole before, so
that it is judged as anybody would judge it afterwards, and taken back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from epcis_repo.allocations import known_in
from epcis_repo.errors import RuleBroken
from epcis_repo.findings import RULES, Finding
from epcis_repo.findings.batch import News
from epcis_repo.operations.partners import source_of
from epcis_repo.operations.preparing import Broken, Prepared, Sent, capture_id_of
from epcis_repo.reactions.events import EventsQuarantined, ReactionSet, quarantine_tag
from epcis_repo.reactions.judging import Judged, judge_news, news_sent
from epcis_repo.reactions.made import Origin, finding_data
from epcis_repo.reactions.reading import learned, news_between
from epcis_repo.reactions.rules import AT_THE_DOOR, Reaction, Reactions, after
from epcis_repo.recorders.decisions import recorded_as
from epcis_repo.store import EventData, RecordedEvent, Writing

# So many events of a long document are looked at together.
_POSITIONS = 2_000


class ReactionsDoor:
    """The door of one store in one process (`operations.preparing.Door`)."""

    decision: str = ReactionSet.TOPIC

    def __init__(self) -> None:
        self.position = 0
        self._reactions = Reactions()

    def learn(self, decided: Iterable[RecordedEvent]) -> None:
        """See `Door.learn`."""
        in_order = sorted(decided, key=lambda event: event.position)
        if in_order:
            self._reactions = after(self._reactions, learned(in_order))
            self.position = in_order[-1].position

    def looks_at(self, document: Prepared) -> bool:
        """See `Door.looks_at`. Who sent it may be known of each of its events alone."""
        for_whom = self._reactions.partners_at_the_door
        if document.admission is not None or not for_whom:
            return False
        if document.partner is None or None in for_whom:
            return True
        return document.partner in for_whom

    async def look(
        self,
        session: Writing,
        document: Prepared,
        recorded: Sequence[tuple[Sent, RecordedEvent]] | None,
        *,
        after: int,
        until: int,
    ) -> list[Broken]:
        """See `Door.look`."""
        known = await known_in(session, until)
        rules = [rule for rule in RULES if self._may_keep_out(rule.id)]
        broken: list[Broken] = []
        async for news in _pages(session, recorded, after=after, until=until):
            judged = await judge_news(
                session, news, known, rules, until=until, are_all=recorded is not None
            )
            if judged.findings:
                broken += self._broken(document, news, judged)
        return broken

    def aside(self, document: Prepared) -> EventData:
        """See `Door.aside`."""
        capture_id = capture_id_of(document.digest, document.capture_error_behaviour)
        aside = sorted({broken.number for broken in document.held if broken.is_aside})
        said = EventsQuarantined(
            capture_id=capture_id,
            document=document.digest,
            capture_error_behaviour=document.capture_error_behaviour,
            partner=document.partner,
            events=document.aside,
            numbers=[] if document.is_aside else aside,
            findings=[note.event_id for broken in document.held for note in broken.notes],
        )
        return recorded_as(said, [quarantine_tag(capture_id)])

    def _may_keep_out(self, rule: str) -> bool:
        settings = self._reactions.of(rule)
        return any(setting.reaction in AT_THE_DOOR for setting in settings)

    def _broken(self, document: Prepared, news: Sequence[News], judged: Judged) -> list[Broken]:
        """Return which events break what is set for who sent them."""
        sent = {item.event_id: item for item in news}
        numbers = _numbers(document, sent.keys())
        broken = []
        for finding in judged.findings:
            name = _culprit(finding, sent)
            if name is None:
                continue
            partner = document.partner or source_of(sent[name].header)
            reaction = self._reactions.to(finding.rule.id, partner)
            if reaction not in AT_THE_DOOR:
                continue
            origin = Origin(partner, document.digest, numbers[name])
            note = finding_data(finding, reaction, origin, judged.names)
            broken.append(
                Broken(
                    number=numbers[name],
                    violation=_violation(finding, numbers[name], judged.names),
                    is_aside=reaction is Reaction.QUARANTINE,
                    notes=(note,),
                )
            )
        return broken


def _culprit(finding: Finding, sent: Mapping[str, News]) -> str | None:
    """Return which of the events that were sent a finding is by; None where it is by none."""
    if finding.event.event_id in sent:
        return finding.event.event_id
    contradicts = finding.contradicts
    return contradicts.event_id if contradicts and contradicts.event_id in sent else None


def _numbers(document: Prepared, event_ids: Iterable[str]) -> dict[str, int]:
    wanted = {*event_ids}
    return {
        event.event_id: event.number
        for chunk in document.sent()
        for event in chunk
        if event.event_id in wanted
    }


def _violation(finding: Finding, number: int, names: Mapping[str, str]) -> RuleBroken:
    """Return what a finding is to who sent the event."""
    return RuleBroken(
        pointer="",
        rule=finding.rule.id,
        expected=finding.rule.what,
        found=finding.sentence(names),
        event=number,
        epcs=tuple(names[key] for key in finding.keys),
        event_id=finding.event.event_id,
        contradicts=finding.contradicts and finding.contradicts.event_id,
        what_to_do=finding.rule.what_to_do,
    )


async def _pages(
    session: Writing,
    recorded: Sequence[tuple[Sent, RecordedEvent]] | None,
    *,
    after: int,
    until: int,
) -> AsyncIterator[list[News]]:
    """Yield what was recorded, all of it together unless it is long."""
    if recorded is not None:
        yield [news_sent(sent, event) for sent, event in recorded]
        return
    while after < until:
        end = min(after + _POSITIONS, until)
        yield await news_between(session, after, end)
        after = end
