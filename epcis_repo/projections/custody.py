"""
Custody: who owned a thing, who had it in hand, and where it was, from when to when. A pure fold.

- Shipping is where a transfer begins, receiving where it ends. From the one to the other nobody
  has the thing in hand, and it is owned by whom it was: an owning_party among the destinations is
  who owns it at the end (CBV 2.0, §7.4.2).
- Who possesses is said by possessing_party, else by owning_party; where a receipt says neither, it
  is whom the thing was shipped to, else the place where it was received. Who says his name at that
  place afterwards, when he ships it or receives it once more, is who has had it there. That another
  firm at that place received it and did not say so, no event tells: then it is said of the wrong
  one, from the receipt on.
- Who was the first to ship a thing had it from its commissioning on; of what was not commissioned
  here nobody knows since when.
- What does not fit is named, and nothing is made up to make it fit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum, auto
from typing import NamedTuple

from epcis_repo.projections.lifecycle import Step

OWNING, POSSESSING, LOCATION = "owning_party", "possessing_party", "location"


class Named(NamedTuple):
    """A party or place: the key that it is compared by, and what it was called."""

    key: str
    text: str


class Handling(NamedTuple):
    """
    What an event says of the custody of a thing.

    `sources` and `destinations` are by type; `places` are where it was read, and where it was then.
    """

    time: int
    event_id: str
    step: Step | None
    places: tuple[Named, ...] = ()
    sources: Mapping[str, Named] = {}
    destinations: Mapping[str, Named] = {}


@dataclass(frozen=True, slots=True)
class Period:
    """
    That somebody had a thing, or that it was somewhere, from a moment on until before another.

    `begins` is None where nobody knows since when, `ends` while it lasts; the events that began
    and ended it are None in these cases.
    """

    who: Named
    begins: int | None
    begun_by: str | None
    ends: int | None = None
    ended_by: str | None = None


class Gap(StrEnum):
    """What does not fit."""

    SHIPPED_NEVER_RECEIVED = auto()
    RECEIVED_NEVER_SHIPPED = auto()
    RECEIVED_BY_ANOTHER = auto()
    TWO_HOLDERS = auto()


class Finding(NamedTuple):
    """A gap or an overlap, the event that shows it, and the parties: who had it before first."""

    gap: Gap
    time: int
    event_id: str
    first: Named | None
    second: Named | None


@dataclass(frozen=True, slots=True)
class Custody:
    """What is known of the custody of a thing, each in order of time."""

    owners: tuple[Period, ...]
    possessors: tuple[Period, ...]
    places: tuple[Period, ...]
    findings: tuple[Finding, ...]


def fold(handlings: Iterable[Handling]) -> Custody:
    """Return the custody of a thing to which all this happened, in story order."""
    folding = _Folding()
    for handling in handlings:
        folding.add(handling)
    return folding.result()


class _Track:
    """Periods of one kind, of which one at most is open."""

    def __init__(self) -> None:
        self.periods: list[Period] = []

    @property
    def now(self) -> Named | None:
        """Who it is at present."""
        last = self.periods[-1] if self.periods else None
        return last.who if last is not None and last.ends is None else None

    def begin(self, who: Named, since: Handling | None) -> None:
        """Begin a period, since nobody knows when if no event began it."""
        moment = (None, None) if since is None else (since.time, since.event_id)
        self.periods.append(Period(who, *moment))

    def end(self, by: Handling) -> None:
        if self.now is not None:
            self.periods[-1] = replace(self.periods[-1], ends=by.time, ended_by=by.event_id)

    def change(self, who: Named, by: Handling) -> None:
        """Begin another period, unless it is the same that lasts."""
        if not _same(who, self.now):
            self.end(by)
            self.begin(who, by)

    def name(self, who: Named) -> None:
        """Say who it is that the last period is of."""
        self.periods[-1] = replace(self.periods[-1], who=who)

    def take_back(self, ended: Handling) -> None:
        """Have a period last that this event has ended."""
        if self.periods and self.periods[-1].ended_by == ended.event_id:
            self.periods[-1] = replace(self.periods[-1], ends=None, ended_by=None)


@dataclass(frozen=True, slots=True)
class _Transit:
    """What was shipped and not received yet."""

    shipped: Handling
    giver: Named | None
    taker: Named | None
    next_owner: Named | None


@dataclass
class _Folding:
    owners: _Track = field(default_factory=_Track)
    possessors: _Track = field(default_factory=_Track)
    places: _Track = field(default_factory=_Track)
    findings: list[Finding] = field(default_factory=list)
    first: Handling | None = None
    transit: _Transit | None = None
    # Who has it, if all that is known of him is where he received it.
    unnamed: Named | None = None
    # Where each was seen to have it, by the key of the holder; None for the first, yet unknown.
    seen_at: dict[str | None, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, handling: Handling) -> None:
        self.first = self.first or handling
        match handling.step:
            case Step.SHIP:
                self._ship(handling)
            case Step.RECEIVE:
                self._receive(handling)
            case Step.VOID_SHIP:
                self._void(handling)
            case Step.STEAL | Step.LOSE:
                # Whose it is does not change by that.
                self._end(handling, self.possessors, self.places)
            case Step.DISPENSE | Step.DESTROY | Step.TRANSFORM:
                self._see(handling)
                self._end(handling, self.owners, self.possessors, self.places)
            case _:
                self._see(handling)

    def result(self) -> Custody:
        if self.transit is not None:
            self._never_received(self.transit)
        tracks = (self.owners, self.possessors, self.places)
        owners, possessors, places = (tuple(track.periods) for track in tracks)
        # A shipment that is never received is found late, and happened when it was shipped.
        findings = sorted(self.findings, key=lambda finding: finding.time)
        return Custody(owners, possessors, places, tuple(findings))

    def _ship(self, shipped: Handling) -> None:
        said, taker = _possessing(shipped.sources), _possessing(shipped.destinations)
        transit = self.transit
        if transit is not None:
            # The pallet's shipping and the case's are one, and so are seller's and carrier's.
            if _same(said or transit.giver, transit.giver) and _same(taker, transit.taker):
                return
            self._never_received(transit)
        holder = self._holder_by_name(said, shipped)
        if holder is not None and said is not None and not _same(holder, said):
            self._find(Gap.TWO_HOLDERS, shipped, holder, said)
            self.possessors.end(shipped)
        giver = said or holder
        if giver is not None:
            if self.possessors.now is None:
                self.possessors.begin(giver, self._beginning(self.possessors))
            self.seen_at[giver.key] |= {place.key for place in shipped.places}
            self.seen_at[giver.key] |= self.seen_at.pop(None, set())
        self._end(shipped, self.possessors, self.places)
        self._owned_by(shipped.sources.get(OWNING), shipped)
        self.transit = _Transit(shipped, giver, taker, shipped.destinations.get(OWNING))

    def _receive(self, received: Handling) -> None:
        transit, self.transit = self.transit, None
        said = _possessing(received.destinations)
        holder = self._holder_by_name(said, received)
        taker = said or self._taker(received, transit)
        if transit is None and (holder is None or not _same(holder, taker)):
            giver = holder or _possessing(received.sources)
            self._find(Gap.RECEIVED_NEVER_SHIPPED, received, giver, taker)
            if holder is None and giver is not None:
                self.possessors.begin(giver, self._beginning(self.possessors))
                self.possessors.end(received)
        elif transit is not None and transit.taker and not _same(transit.taker, taker):
            self._find(Gap.RECEIVED_BY_ANOTHER, received, transit.taker, taker)
        if taker is not None:
            self.possessors.change(taker, received)
        self._owned_by(received.sources.get(OWNING), received)
        owner = received.destinations.get(OWNING) or (transit.next_owner if transit else None)
        if owner is not None:
            self.owners.change(owner, received)
        self._see(received)

    def _holder_by_name(self, said: Named | None, handling: Handling) -> Named | None:
        """Return who has it, who may be known by name now."""
        holder, unnamed = self.possessors.now, self.unnamed
        if said is None:
            return holder
        self.unnamed = None
        if holder is None or unnamed is None or not _same(holder, unnamed):
            return holder
        if not self._is_place_of(holder, handling.places):
            return holder
        self.possessors.name(said)
        self.seen_at[said.key] |= self.seen_at[holder.key]
        return said

    def _taker(self, received: Handling, transit: _Transit | None) -> Named | None:
        """Return who receives and does not say who he is: whom it was sent to, or his place."""
        if transit is not None and transit.taker is not None:
            self.unnamed = None
            return transit.taker
        holder = self.possessors.now
        if holder is not None and self._is_place_of(holder, received.places):
            return holder
        place = received.places[0] if received.places else None
        if not _same(place, holder):
            self.unnamed = place
        return place

    def _void(self, voided: Handling) -> None:
        if self.transit is not None:
            for track in (self.possessors, self.places):
                track.take_back(self.transit.shipped)
        self.transit = None
        self._see(voided)

    def _see(self, handling: Handling) -> None:
        """Take note of where it is, and of whoever has it still when another has it, too."""
        where = handling.places
        if LOCATION in handling.destinations and not where:
            where = (handling.destinations[LOCATION],)
        if not where:
            return
        self.places.change(where[-1], handling)
        holder = self.possessors.now
        if holder is None:
            if not self.possessors.periods and self.transit is None:
                self.seen_at[None] |= {place.key for place in where}
            return
        others = {period.who.key: period.who for period in self.possessors.periods}
        for other in others.values():
            is_theirs = not _same(other, holder) and self._is_place_of(other, where)
            if is_theirs and not self._is_place_of(holder, where):
                # Each time that it is seen there says the same.
                self.seen_at[holder.key] |= {place.key for place in where}
                self._find(Gap.TWO_HOLDERS, handling, other, holder)
                return
        self.seen_at[holder.key] |= {place.key for place in where}

    def _is_place_of(self, holder: Named, places: Iterable[Named]) -> bool:
        return any(place.key in self.seen_at[holder.key] for place in places)

    def _owned_by(self, owner: Named | None, handling: Handling) -> None:
        """Take note of who owns it at the beginning of a transfer."""
        if owner is None:
            return
        if self.owners.periods:
            self.owners.change(owner, handling)
        else:
            self.owners.begin(owner, self._beginning(self.owners))

    def _beginning(self, track: _Track) -> Handling | None:
        """Return since when somebody has it of whom nobody knew before: the commissioning."""
        first = self.first
        is_known = first is not None and first.step == Step.COMMISSION
        return first if is_known and not track.periods else None

    def _end(self, by: Handling, *tracks: _Track) -> None:
        for track in tracks:
            track.end(by)

    def _never_received(self, transit: _Transit) -> None:
        self._find(Gap.SHIPPED_NEVER_RECEIVED, transit.shipped, transit.giver, transit.taker)

    def _find(self, gap: Gap, by: Handling, first: Named | None, second: Named | None) -> None:
        self.findings.append(Finding(gap, by.time, by.event_id, first, second))


def _possessing(parties: Mapping[str, Named]) -> Named | None:
    return parties.get(POSSESSING) or parties.get(OWNING)


def _same(one: Named | None, other: Named | None) -> bool:
    return (one and one.key) == (other and other.key)
