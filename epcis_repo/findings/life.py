"""
What the rules look at: the life of one thing up to a moment, and what else is known.

A life has the events that stand, in event-time order, those of containers included, each with what
was true of the thing just before. So neither the order of arrival nor a corrected event shows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.what import Role
from epcis_repo.operations.custody import handlings
from epcis_repo.projections.containment import Interval
from epcis_repo.projections.custody import Custody, fold
from epcis_repo.projections.epc_state import EpcState, after
from epcis_repo.projections.lifecycle import TRANSITIONS, Lifecycle, State, Step
from epcis_repo.projections.story import Entry, Order, Stay, end_of

_MINUTE = 60_000_000
_DAY = 24 * 60 * _MINUTE

# From these a thing comes back by a few steps only: any other contradicts what ended it.
ENDED = frozenset(
    {
        *(Lifecycle.SAMPLED, Lifecycle.DISPENSED, Lifecycle.EXPORTED, Lifecycle.TRANSFORMED),
        *(Lifecycle.DECOMMISSIONED, Lifecycle.DESTROYED, Lifecycle.STOLEN, Lifecycle.LOST),
    }
)
# Before it is received again, nobody can do these with what was shipped.
TAKES_RECEIPT = frozenset(
    {
        *(Step.PACK, Step.UNPACK, Step.SAMPLE, Step.DISPENSE, Step.TRANSFORM),
        *(Step.DECOMMISSION, Step.DESTROY),
    }
)
# To come out of a container, or not to have been shipped after all, is no use of a thing.
_NO_USE = (None, Step.UNPACK, Step.VOID_SHIP)


class EventAt(NamedTuple):
    """An event, or what else somebody decided, by its name, and when that was."""

    event_id: str
    time: int


class Mate(NamedTuple):
    """That serials of a lot were put into use, with which expiry."""

    order: Order
    event_id: str
    expiry: str


class Circle(NamedTuple):
    """That a thing was put into itself: into a container that was in it since a place."""

    container: str
    since: Order


class Hold(NamedTuple):
    """
    That a serial, a lot or a container, and what is in it, is not to go to anybody.

    It is known by its name, and lasts from one moment (microseconds) until before another, or yet.
    """

    key: str
    name: str
    begins: int
    ends: int | None = None
    is_recall: bool = False


@dataclass(frozen=True, slots=True)
class SerialRange:
    """The serials that were allocated from one to another, both included."""

    first: str
    last: str

    def has(self, serial: str) -> bool:
        """Whether a serial is one of them: as numbers where all are, else those as long."""
        ends = (self.first, serial, self.last)
        if all(end.isascii() and end.isdecimal() for end in ends):
            return int(self.first) <= int(serial) <= int(self.last)
        return len({*map(len, ends)}) == 1 and self.first <= serial <= self.last


class Limits(NamedTuple):
    """What is too long, in microseconds: for a clock ahead, for news, for a way."""

    ahead: int = 5 * _MINUTE
    stale: int = 365 * _DAY
    on_the_way: int = 21 * _DAY


LIMITS = Limits()


@dataclass(frozen=True)
class Known:
    """
    What is known beside the events.

    `ranges` are those that were allocated, by the key of the GTIN (`01/…`); of others nobody says
    anything. `products` and `places` are the keys of those, of what was asked about, that master
    data tells of, None where there is no master data of such. `pack_sizes` is how many of the next
    lower level a product has.
    """

    holds: Sequence[Hold] = ()
    ranges: Mapping[str, Sequence[SerialRange]] = field(default_factory=dict)
    products: Collection[str] | None = None
    places: Collection[str] | None = None
    pack_sizes: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = LIMITS

    def is_not_allocated(self, key: str) -> bool:
        """Whether it is the key of a pack with a serial that is in none of its product's ranges."""
        product = product_of(key)
        ranges = self.ranges.get(product) if product is not None else None
        if not ranges:
            return False
        serial = parse_identifier(key).serial or ""
        return not any(allocated.has(serial) for allocated in ranges)

    @cached_property
    def holds_on(self) -> Mapping[str, Sequence[Hold]]:
        """The holds by what they are on."""
        holds: dict[str, list[Hold]] = {}
        for hold in self.holds:
            holds.setdefault(hold.key, []).append(hold)
        return holds


@dataclass(frozen=True, slots=True)
class Standing:
    """
    What is true of a thing between two of its events.

    `since` is the event that made it what it is, `commissioned` the last that put it into use.
    `is_doubted` says that an event since then contradicts that: what follows from it is no news.
    """

    told: EpcState | None = None
    since: Entry | None = None
    commissioned: Entry | None = None
    is_doubted: bool = False

    @property
    def state(self) -> State:
        return None if self.told is None else self.told.lifecycle

    @property
    def lot(self) -> str | None:
        return None if self.told is None else self.told.lot

    @property
    def expiry(self) -> str | None:
        return None if self.told is None else self.told.expiry


@dataclass(frozen=True, slots=True)
class Moment:
    """An event of a life, what was true of the thing just before, and what it was packed in."""

    entry: Entry
    step: Step | None
    before: Standing
    inside: Stay | None

    @property
    def is_contradiction(self) -> bool:
        """Whether it cannot be what happened to a thing that had come to its end."""
        state = self.before.state
        is_use = self.step not in _NO_USE and (state, self.step) not in TRANSITIONS
        return state in ENDED and is_use

    @property
    def is_in_transit(self) -> bool:
        """Whether it takes a receipt that nobody has reported."""
        is_opened = packs(self.entry, Role.PARENT, "ADD", "DELETE")
        return self.before.state is Lifecycle.SHIPPED and (is_opened or self.step in TAKES_RECEIPT)

    def after(self) -> Standing:
        """Return what is true of the thing then."""
        entry, before = self.entry, self.before
        leads = (before.state, self.step) in TRANSITIONS
        contradicts = self.is_contradiction or self.is_in_transit
        return Standing(
            told=after(before.told, entry.said, level=entry.level, unpacks=entry.unpacks),
            since=entry if leads else before.since,
            commissioned=entry if self.step is Step.COMMISSION else before.commissioned,
            is_doubted=not leads and (before.is_doubted or contradicts),
        )


@dataclass(frozen=True)
class Life:
    """
    All that rules look at of one thing, until a moment; or of several that went the same way.

    The `keys` of those differ in the serial alone: whatever names one of them, names all.
    `content` is what was packed directly in it, from when to when, and `named` what its own events
    name as their children, by position. `lots` are those of which the things that it was in, or had
    in it, were put into use, and since when.
    `mates` are its lot's, in order. `circles` are how it came to be in itself, by the position of
    the event by which it did.
    """

    keys: Sequence[str]
    until: int
    entries: Sequence[Entry]
    stays: Sequence[Stay] = ()
    content: Sequence[Interval] = ()
    named: Mapping[int, Collection[str]] = field(default_factory=dict)
    lots: Mapping[str, Sequence[tuple[Order, str]]] = field(default_factory=dict)
    mates: Sequence[Mate] = ()
    circles: Mapping[int, Circle] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The key of the thing, or of the first of them."""
        return self.keys[0]

    @property
    def product(self) -> str | None:
        """The key of the GTIN of a pack; None for all else."""
        return product_of(self.key)

    @cached_property
    def moments(self) -> Sequence[Moment]:
        """Its events, one after the other."""
        return tuple(self._moments())

    @property
    def end(self) -> Standing:
        """What is true of it in the end."""
        return self.moments[-1].after() if self.moments else Standing()

    @cached_property
    def custody(self) -> Custody:
        """Who had it, and what of that does not fit."""
        return fold(handlings(self.entries))

    @cached_property
    def own(self) -> Sequence[Moment]:
        """The events that name the thing itself."""
        return tuple(moment for moment in self.moments if moment.entry.level == 0)

    def entry_at(self, place: Order) -> EventAt | None:
        """Return the event at a place of its story."""
        at = (entry for entry in self.entries if entry.said.position == place[1])
        return next((event_at(entry) for entry in at), None)

    def container_from(self, entry: Entry) -> str | None:
        """Return what an event of its own put it into."""
        into = (stay.container for stay in self.stays if stay.begins[1] == entry.said.position)
        return next(into, None)

    def named_at(self, entry: Entry) -> Collection[str]:
        """Return what an event of its own names as its children."""
        return self.named.get(entry.said.position, ())

    def lot_of(self, other: str, order: Order) -> str | None:
        """Return the lot of something that it was in, or had in it, at a place of its story."""
        said = (lot for since, lot in reversed(self.lots.get(other, ())) if since <= order)
        return next(said, None)

    def containers(self, order: Order) -> Sequence[str]:
        """Return all that it was in just before a place of its story."""
        return [stay.container for stay in self.stays if stay.begins < order <= stay.ends]

    def content_before(self, order: Order) -> Sequence[str]:
        """Return what was packed in it just before a place of its story."""
        return [stay.child for stay in self.content if _begin(stay) < order <= end_of(stay)]

    def content_after(self, order: Order) -> Sequence[str]:
        """Return what was packed in it just after a place of its story."""
        return [stay.child for stay in self.content if _begin(stay) <= order < end_of(stay)]

    def _moments(self) -> Iterator[Moment]:
        packed = [s for s in self.stays if s.level == 1 and s.relation == "aggregation"]
        standing = Standing()
        for entry in self.entries:
            order = entry.said.order
            inside = next((s for s in packed if s.begins < order <= s.ends), None)
            moment = Moment(entry, entry.step, standing, inside)
            yield moment
            standing = moment.after()


def product_of(key: str) -> str | None:
    """Return the key of the GTIN of a pack; None for all else."""
    ai, _, rest = key.partition("/")
    return f"01/{rest.partition('/')[0]}" if ai == "01" else None


def event_at(entry: Entry) -> EventAt:
    """Return the name and the time of an event."""
    return EventAt(entry.event_id, entry.said.event_time)


def packs(entry: Entry, role: Role, *actions: str) -> bool:
    """Whether an event packs the thing, or with the role of a parent into it, by these actions."""
    said = entry.said
    is_packing = said.type == "AggregationEvent" and said.role == role
    return entry.level == 0 and is_packing and said.action in actions


def _begin(stay: Interval) -> Order:
    return stay.from_time, stay.from_position
