"""
What was kept aside: listed, released or dismissed.

The document is kept, and says which of its events are to be captured. A release captures them as a
capture of its own, in one transaction with the decision, so that nothing is released and not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from epcis_repo.errors import AppendConditionFailed, NotFoundError, QueryParameterError
from epcis_repo.model.times import utc_text
from epcis_repo.operations.capture import capture
from epcis_repo.operations.chunks import no_room
from epcis_repo.operations.preparing import Admission, CaptureErrorBehaviour, drawn_uuid
from epcis_repo.reactions.asked import WhyAsked
from epcis_repo.reactions.errors import QuarantineOverError
from epcis_repo.reactions.events import (
    QUARANTINE,
    EventsQuarantined,
    QuarantineDismissed,
    QuarantineReleased,
    quarantine_tag,
)
from epcis_repo.reactions.made import FindingMade
from epcis_repo.reactions.reading import findings_named, quarantine_lives, quarantined_before
from epcis_repo.recorders.decisions import (
    Decision,
    Selector,
    Slice,
    decide,
    decision_of,
    event,
    recorded_as,
)
from epcis_repo.store import (
    AppendCondition,
    EventStore,
    Query,
    QueryItem,
    Reading,
    RecordedEvent,
)
from epcis_repo.store.documents import kept, pieces

_POSITION_MAX = 2**63 - 1
# So many are looked at together for a page.
_TOGETHER = 200


class State(StrEnum):
    """What has become of what was kept aside."""

    WAITING = auto()
    RELEASED = auto()
    DISMISSED = auto()


@dataclass(frozen=True, slots=True)
class Decided:
    """Who has released or dismissed it, why and when; `captured_as` is the capture of a release."""

    reason: str
    by: str
    at: int
    captured_as: str | None = None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """
    Events of a document that were kept aside, by the captureID of the capture that did so.

    They are those of these `numbers`; all, where there are none.
    """

    capture_id: str
    document: str
    capture_error_behaviour: CaptureErrorBehaviour
    partner: str | None
    events: int
    numbers: tuple[int, ...]
    finding_ids: tuple[str, ...]
    since: int
    position: int
    state: State = State.WAITING
    decided: Decided | None = None
    findings: Sequence[FindingMade] = ()

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/quarantined.schema.json`)."""
        decided = self.decided
        return {
            "capture_id": self.capture_id,
            "state": self.state.value,
            "document": self.document,
            "partner": self.partner,
            "events": self.events,
            "event_numbers": list(self.numbers),
            "since": utc_text(self.since),
            "findings": [finding.said() for finding in self.findings],
            "decided": None
            if decided is None
            else {
                "reason": decided.reason,
                "by": decided.by,
                "at": utc_text(decided.at),
                "captured_as": decided.captured_as,
            },
        }


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """Some of what was kept aside, the newest first; the token asks for what is older."""

    quarantined: Sequence[Quarantined]
    next_page_token: str | None


async def quarantined(
    store: EventStore, *, every: bool, per_page: int, token: str | None = None
) -> QuarantinePage:
    """Return a page of what was kept aside and waits, or of `every` that ever was."""
    position = _before(token)
    shown: list[Quarantined] = []
    async with store.reading() as session:
        while len(shown) <= per_page:
            begun = await quarantined_before(session, position, limit=_TOGETHER)
            if not begun:
                break
            position = begun[-1].position
            found = await _lives(session, begun)
            shown += [each for each in found if every or each.state is State.WAITING]
        page = [await _with_findings(session, each) for each in shown[:per_page]]
    more = len(shown) > per_page
    return QuarantinePage(page, str(page[-1].position) if more else None)


async def one_quarantined(store: EventStore, capture_id: str) -> Quarantined:
    """Return what a capture has kept aside; `NotFoundError` where that is nothing."""
    async with store.reading() as session:
        return await _with_findings(session, await _one(session, capture_id))


async def release(store: EventStore, capture_id: str, asked: WhyAsked, *, now: int) -> Quarantined:
    """
    Have what was kept aside captured, and return it.

    Raises `NotFoundError`, `QuarantineOverError`, and what `capture` does where an eventID was
    taken meanwhile; then it waits on.
    """
    waiting = await _waiting(store, capture_id)
    released_as = drawn_uuid(waiting.document, f"released {waiting.capture_id}")
    said = QuarantineReleased(waiting.capture_id, released_as, asked.reason, asked.by)
    tag = quarantine_tag(waiting.capture_id)
    over = QueryItem(tuple(decision.TOPIC for decision in QUARANTINE[1:]), (tag,))
    admission = Admission(
        capture_id=waiting.capture_id,
        numbers=frozenset(waiting.numbers),
        decided=recorded_as(said, [tag]),
        condition=AppendCondition(Query((over,))),
    )
    with TemporaryFile() as body:
        media_type = await _fetch(store, waiting.document, body)
        try:
            await capture(
                store,
                body,
                media_type,
                now=now,
                capture_error_behaviour=waiting.capture_error_behaviour,
                admission=admission,
            )
        except AppendConditionFailed:
            await _waiting(store, capture_id)
            raise
    return await one_quarantined(store, capture_id)


async def dismiss(store: EventStore, capture_id: str, asked: WhyAsked, *, now: int) -> Quarantined:
    """
    Decide that what was kept aside is not to be captured, and return it.

    Raises `NotFoundError` and `QuarantineOverError`.
    """
    waiting = await _waiting(store, capture_id)
    await decide(store, lambda: Dismiss(waiting.capture_id, asked), now=now)
    return await one_quarantined(store, capture_id)


class Dismiss(Slice[Decision]):
    """Dismisses what was kept aside, unless somebody has decided on it."""

    def __init__(self, capture_id: str, asked: WhyAsked) -> None:
        self.capture_id = capture_id
        self.asked = asked
        self.state = State.WAITING

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return [Selector(QUARANTINE, (quarantine_tag(self.capture_id),))]

    @event(QuarantineReleased)
    def _(self) -> None:
        self.state = State.RELEASED

    @event(QuarantineDismissed)
    def _(self) -> None:
        self.state = State.DISMISSED

    def execute(self) -> None:
        """Decide; `QuarantineOverError` when it cannot be."""
        if self.state is not State.WAITING:
            raise QuarantineOverError(self.capture_id, self.state)
        self.trigger_event(
            QuarantineDismissed,
            (quarantine_tag(self.capture_id),),
            capture_id=self.capture_id,
            reason=self.asked.reason,
            by=self.asked.by,
        )


def folded(lives: Iterable[tuple[RecordedEvent, Decision]]) -> dict[str, Quarantined]:
    """Return what was kept aside, of which all that was decided is among these, by captureID."""
    found: dict[str, Quarantined] = {}
    for recorded, said in lives:
        at = recorded.record_time
        match said:
            case EventsQuarantined(capture_id=name):
                found[name] = Quarantined(
                    capture_id=name,
                    document=said.document,
                    capture_error_behaviour=CaptureErrorBehaviour(said.capture_error_behaviour),
                    partner=said.partner,
                    events=said.events,
                    numbers=tuple(said.numbers),
                    finding_ids=tuple(said.findings),
                    since=at,
                    position=recorded.position,
                )
            case QuarantineReleased(capture_id=name):
                decided = Decided(said.reason, said.by, at, said.released_as)
                found[name] = replace(found[name], state=State.RELEASED, decided=decided)
            case QuarantineDismissed(capture_id=name):
                decided = Decided(said.reason, said.by, at)
                found[name] = replace(found[name], state=State.DISMISSED, decided=decided)
    return found


def quarantine_value(page: QuarantinePage) -> dict[str, Any]:
    """Return a page of what was kept aside as JSON (`schemas/quarantine.schema.json`)."""
    return {"quarantine": [each.value() for each in page.quarantined]}


async def _waiting(store: EventStore, capture_id: str) -> Quarantined:
    async with store.reading() as session:
        found = await _one(session, capture_id)
    if found.state is not State.WAITING:
        raise QuarantineOverError(found.capture_id, found.state)
    return found


async def _one(session: Reading, capture_id: str) -> Quarantined:
    try:
        name = str(UUID(capture_id))
    except ValueError:
        name = ""
    found = folded(await quarantine_lives(session, [name])) if name else {}
    if name not in found:
        raise NotFoundError(f"there is nothing in quarantine of a capture {capture_id}")
    return found[name]


async def _lives(session: Reading, begun: Sequence[RecordedEvent]) -> list[Quarantined]:
    names = []
    for recorded in begun:
        said = decision_of(recorded)
        assert isinstance(said, EventsQuarantined)
        names.append(said.capture_id)
    found = folded(await quarantine_lives(session, names))
    return [found[name] for name in names]


async def _with_findings(session: Reading, found: Quarantined) -> Quarantined:
    return replace(found, findings=await findings_named(session, found.finding_ids))


async def _fetch(store: EventStore, digest: str, file: IO[bytes]) -> str:
    """Write a document that was kept to `file`, and return its media type."""
    async with store.reading(long=True) as session:
        document = await kept(session, digest)
        async for piece in pieces(session, document):
            try:
                file.write(piece)
            except OSError as error:
                raise no_room(error) from error
    file.seek(0)
    return document.media_type


def _before(token: str | None) -> int:
    if token is None:
        return _POSITION_MAX
    if not (token.isascii() and token.isdecimal() and int(token[:20]) <= _POSITION_MAX):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
