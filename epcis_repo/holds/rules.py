"""What may become of a hold, and what has. Pure: decisions in, decisions and holds out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Any, NamedTuple

from epcis_repo.errors import KeyReusedError, NotFoundError, QueryParameterError
from epcis_repo.gs1 import canonical_key
from epcis_repo.holds.errors import HoldReleasedError, HoldTakenError
from epcis_repo.holds.events import LIFECYCLE, HoldPlaced, HoldReleased, held_tag, hold_tag
from epcis_repo.model.times import parse_moment, utc_text
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.reach import lot_key
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event


class Kind(StrEnum):
    """
    What a hold is for. A mock recall holds nothing: it is there to be answered, and kept as the
    proof that it was.
    """

    HOLD = auto()
    RECALL = auto()
    MOCK_RECALL = auto()


@dataclass(frozen=True, slots=True)
class Asked:
    """
    What is asked for by who places a hold: `held` are EPCs, `since` is in microseconds.

    Without `since` it holds from now on, and without `hold_id` it gets a name.
    """

    kind: Kind
    held: tuple[str, ...]
    reason: str
    by: str
    since: int | None = None
    hold_id: str | None = None
    recall_class: str | None = None

    @property
    def content(self) -> str:
        """What it says, as a text: the same things in any order say the same."""
        keys = sorted(map(canonical_key, self.held))
        return json.dumps([self.kind, keys, self.reason, self.by, self.since, self.recall_class])

    def is_said_by(self, placed: HoldPlaced) -> bool:
        """Whether a hold that was placed says the same."""
        since = None if self.since is None else parse_moment(placed.since)
        other = Asked(
            kind=Kind(placed.kind),
            held=tuple(placed.held),
            reason=placed.reason,
            by=placed.by,
            since=since,
            recall_class=placed.recall_class,
        )
        return self.content == other.content


class ReleaseAsked(NamedTuple):
    """What is asked for by who releases a hold; without `until` it holds until now."""

    reason: str
    by: str
    until: int | None = None


class Release(NamedTuple):
    """That a hold was released: until when it held, and when we learned it."""

    reason: str
    by: str
    until: int
    released_at: int


@dataclass(frozen=True, slots=True)
class Hold:
    """
    A hold or a recall on what has these EPCs, placed at a `position` of the log.

    It lasts from the event time `since` until before that of its release; `placed_at` is when we
    learned it. Times are in microseconds.
    """

    hold_id: str
    kind: Kind
    held: tuple[str, ...]
    reason: str
    by: str
    since: int
    placed_at: int
    position: int
    recall_class: str | None = None
    release: Release | None = None

    @property
    def keys(self) -> Sequence[str]:
        """The keys of what it is on."""
        return [canonical_key(epc) for epc in self.held]

    def lasts_at(self, moment: int) -> bool:
        """Whether something is held by it at an event time."""
        is_over = self.release is not None and self.release.until <= moment
        return self.kind is not Kind.MOCK_RECALL and self.since <= moment and not is_over

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/hold.schema.json`)."""
        release = self.release
        return {
            "hold_id": self.hold_id,
            "kind": self.kind.value,
            "recall_class": self.recall_class,
            "of": list(self.held),
            "reason": self.reason,
            "by": self.by,
            "since": utc_text(self.since),
            "placed_at": utc_text(self.placed_at),
            "release": None
            if release is None
            else {
                "reason": release.reason,
                "by": release.by,
                "until": utc_text(release.until),
                "released_at": utc_text(release.released_at),
            },
        }


Learned = tuple[int, int, Decision]
"""The position of a decision, when it was recorded (microseconds), and what it is."""


def folded(decisions: Iterable[Learned]) -> dict[str, Hold]:
    """Return the holds that there are after these decisions, in order, by name."""
    found: dict[str, Hold] = {}
    for position, learned, decision in decisions:
        match decision:
            case HoldPlaced():
                found[decision.hold_id] = Hold(
                    hold_id=decision.hold_id,
                    kind=Kind(decision.kind),
                    held=tuple(decision.held),
                    reason=decision.reason,
                    by=decision.by,
                    since=parse_moment(decision.since),
                    placed_at=learned,
                    position=position,
                    recall_class=decision.recall_class,
                )
            case HoldReleased(hold_id=hold_id):
                release = Release(
                    reason=decision.reason,
                    by=decision.by,
                    until=parse_moment(decision.until),
                    released_at=learned,
                )
                found[hold_id] = replace(found[hold_id], release=release)
    return found


def held_tags(key: str, lot: str | None) -> list[str]:
    """Return what the holds on a thing and on its lot are found by."""
    keys = (key, lot_key(key, lot))
    return [held_tag(name) for name in keys if name is not None]


def about(hold_id: str) -> list[Selector]:
    """Return what selects the decisions on a hold."""
    return [Selector(LIFECYCLE, (hold_tag(hold_id),))]


class PlaceHold(Slice[Decision]):
    """
    Places a hold, unless another has the name: it is given once, since a hold is kept.

    Where nobody has said a name, `hold_id` is made of the key of the request, or of what is asked
    for. Then what has the name is the answer to that request (`is_again`); without a key only as
    long as it was not released (`is_over`).
    """

    def __init__(
        self, asked: Asked, *, hold_id: str, key: IdempotencyKey | None = None, now: int
    ) -> None:
        """`asked` was read by `asked.py`."""
        self.asked = asked
        self.hold_id = hold_id
        self.key = key
        self.now = now
        self.placed: HoldPlaced | None = None
        self.is_again = False
        self.is_over = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.hold_id)

    @event(HoldPlaced)
    def _placed(
        self,
        hold_id: str,
        kind: str,
        held: list[str],
        reason: str,
        by: str,
        since: str,
        recall_class: str | None,
    ) -> None:
        self.placed = HoldPlaced(hold_id, kind, held, reason, by, since, recall_class)

    @event(HoldReleased)
    def _released(self) -> None:
        self.is_over = True

    def execute(self) -> None:
        """Decide; `HoldTakenError` or `KeyReusedError` when it cannot be."""
        asked = self.asked
        if self.placed is not None:
            self.is_again = asked.is_said_by(self.placed)
            if self.key is None and asked.hold_id is not None:
                raise HoldTakenError(self.hold_id)
            if self.is_again:
                # Who asks under a key is answered as he was, whatever has become of it.
                self.is_over = self.is_over and self.key is None
                return
            assert self.key is not None
            raise HoldTakenError(self.hold_id) if asked.hold_id else KeyReusedError(self.key.key)
        since = self.now if asked.since is None else asked.since
        held = dict.fromkeys(canonical_key(epc) for epc in asked.held)
        self.trigger_event(
            HoldPlaced,
            (hold_tag(self.hold_id), *map(held_tag, held)),
            hold_id=self.hold_id,
            kind=asked.kind.value,
            held=list(asked.held),
            reason=asked.reason,
            by=asked.by,
            since=utc_text(since),
            recall_class=asked.recall_class,
        )


class ReleaseHold(Slice[Decision]):
    """Releases a hold, once, and no earlier than it holds from."""

    def __init__(self, hold_id: str, asked: ReleaseAsked, *, now: int) -> None:
        self.hold_id = hold_id
        self.asked = asked
        self.now = now
        self.since: int | None = None
        self.is_released = False

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return about(self.hold_id)

    @event(HoldPlaced)
    def _(self, since: str) -> None:
        self.since = parse_moment(since)

    @event(HoldReleased)
    def _(self) -> None:
        self.is_released = True

    def execute(self) -> None:
        """Decide; `NotFoundError`, `HoldReleasedError` or `QueryParameterError` if it cannot be."""
        if self.since is None:
            raise no_hold(self.hold_id)
        if self.is_released:
            raise HoldReleasedError(self.hold_id)
        # One that is to begin later, and is released now, never holds.
        until = max(self.now, self.since) if self.asked.until is None else self.asked.until
        if until < self.since:
            begin = utc_text(self.since)
            expected = f"a moment from {begin} on, since when it holds"
            raise QueryParameterError("until", expected=expected, found=utc_text(until))
        self.trigger_event(
            HoldReleased,
            (hold_tag(self.hold_id),),
            hold_id=self.hold_id,
            reason=self.asked.reason,
            by=self.asked.by,
            until=utc_text(until),
        )


def no_hold(hold_id: str) -> NotFoundError:
    """Return what is raised for a name that no hold has."""
    return NotFoundError(f"there is no hold named {hold_id!r}")
