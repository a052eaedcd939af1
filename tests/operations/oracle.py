"""
Histories, hierarchies, states, custody and lineage once more, slowly: sort all events by event
time, drop those that were declared in error, and walk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from epcis_repo.gs1 import canonical_key
from epcis_repo.model.events import AggregationEvent, Event, ObjectEvent, TransformationEvent
from epcis_repo.projections.logged import LoggedEvent
from tests.operations.reports import MDA
from tests.projections.lifecycle_oracle import REACHES_CONTENT, became, deed, roles

ITS_OWN = ("commission", "decommission", "transform", "sample")


class Told(NamedTuple):
    """An event of a history, and in what it was found."""

    item: LoggedEvent
    container: str | None
    in_error: bool


@dataclass
class Life:
    """What the walk finds out about a thing."""

    told: list[Told] = field(default_factory=list)
    lifecycle: str | None = None
    disposition: str | None = None
    lot: str | None = None
    handled: list[tuple[LoggedEvent, str | None]] = field(default_factory=list)


@dataclass
class Walked:
    """All that is known at one moment of another."""

    lives: defaultdict[str, Life]
    inside: dict[str, str]
    stands: list[LoggedEvent]


def walk(log: Sequence[LoggedEvent], things: Sequence[str], as_of: int, known_at: int) -> Walked:
    """Walk through what had happened and was known, for these things (keys)."""
    known = [item for item in log if item.record_time <= known_at]
    declared = {item.event_id for item in known if item.event.error_declaration}
    happened = sorted((item for item in known if item.order[0] <= as_of), key=lambda i: i.order)
    lives: defaultdict[str, Life] = defaultdict(Life)
    inside: dict[str, str] = {}
    stands: list[LoggedEvent] = []
    for item in happened:
        event, is_void = item.event, item.event_id in declared
        as_what = {canonical_key(text): role for role, text in roles(event)}
        before = {thing: ancestors(thing, inside) for thing in things}
        left = set() if is_void else move(event, inside)
        for thing in things:
            # What it was in just before counts as well as what it is in just after.
            ways = (before[thing], ancestors(thing, inside))
            met = (0, thing) if thing in as_what else None
            for level, key in sorted({(n, key) for way in ways for n, key in enumerate(way, 1)}):
                met = met or ((level, key) if key in as_what else None)
            if met is None:
                continue
            level, key = met
            life = lives[thing]
            is_error = is_void and event.error_declaration is None
            life.told.append(Told(item, key if level else None, is_error))
            if not is_void:
                live(life, item, deed(event, as_what[key]), level, is_left=thing in left)
        if not is_void:
            stands.append(item)
    return Walked(lives, inside, stands)


def ancestors(thing: str, inside: Mapping[str, str]) -> list[str]:
    found: list[str] = []
    while thing in inside:
        thing = inside[thing]
        found.append(thing)
    return found


def move(event: Event, inside: dict[str, str]) -> set[str]:
    """Move things, and return those that were taken out without being named."""
    if not isinstance(event, AggregationEvent):
        return set()
    parent = canonical_key(event.parent_id or "")
    named = {canonical_key(text) for text in event.child_epcs or ()}
    if event.action != "DELETE":
        inside |= dict.fromkeys(named, parent)
        return set()
    out = {child for child, of in inside.items() if of == parent and (child in named or not named)}
    for child in out:
        del inside[child]
    return out - named


def live(life: Life, item: LoggedEvent, done: str | None, level: int, *, is_left: bool) -> None:
    """Tell a thing what an event says of it, or of a container so many levels up."""
    event = item.event
    if level == 0 or done not in ITS_OWN:
        life.disposition = event.disposition or life.disposition
    if level and done not in REACHES_CONTENT:
        done = "unpack" if is_left else None
    if level == 0 and done == "commission":
        life.lot = (getattr(event, "ilmd", None) or {}).get(f"{MDA}lotNumber") or life.lot
    life.lifecycle = became(life.lifecycle, done)
    life.handled.append((item, done))


# Custody ----------------------------------------------------------------------------------


def gln(text: str) -> str:
    return canonical_key(text).split("/")[1]


def custody(life: Life) -> dict[str, Any]:  # noqa: C901 - a story, told in order
    """Owners, possessors and places as (who, from, to), and the gaps as (what, when)."""
    owners: list[list[Any]] = []
    holders: list[list[Any]] = []
    places: list[list[Any]] = []
    gaps: list[tuple[int, str]] = []
    way: dict[str, Any] = {}
    seen: defaultdict[Any, set[str]] = defaultdict(set)
    # Who has it, if all that is known of him is where he received it.
    unnamed: Any = None
    start = None
    if life.handled and life.handled[0][1] == "commission":
        start = life.handled[0][0].order[0]

    def now(track: list[list[Any]]) -> Any:
        return track[-1][0] if track and track[-1][2] is None else None

    def end(time: int, *tracks: list[list[Any]]) -> None:
        for track in tracks:
            if now(track) is not None:
                track[-1][2] = time

    def begin(track: list[list[Any]], who: str, time: int) -> None:
        if now(track) != who:
            end(time, track)
            track.append([who, time, None])

    def own(who: str | None, time: int) -> None:
        if who and not owners:
            owners.append([who, start, None])
        elif who:
            begin(owners, who, time)

    def introduce(who: str | None, where: list[str]) -> None:
        """Who says his name where somebody without one has it, is that one."""
        if who and unnamed and now(holders) == unnamed and seen[unnamed] & {*where}:
            holders[-1][0] = who
            seen[who].update(seen[unnamed])

    def look(item: LoggedEvent) -> None:
        event, time = item.event, item.order[0]
        where = [gln(place.id) for place in (event.read_point, event.biz_location) if place]
        if not where:
            return
        begin(places, where[-1], time)
        holder = now(holders)
        if holder is None:
            if not holders and not way:
                seen[None].update(where)
            return
        others = {who for who, _, _ in holders} - {holder}
        if any(seen[who] & {*where} for who in others) and not seen[holder] & {*where}:
            gaps.append((time, "two_holders"))
        seen[holder].update(where)

    for item, done in life.handled:
        event, time = item.event, item.order[0]
        sources, goals = (
            {end.type: gln(end.id) for end in ends or ()}
            for ends in (event.source_list, event.destination_list)
        )
        giver, taker = (
            e.get("possessing_party") or e.get("owning_party") for e in (sources, goals)
        )
        where = [gln(place.id) for place in (event.read_point, event.biz_location) if place]
        if done == "ship":
            if way:
                if (giver or way["giver"]) == way["giver"] and taker == way["taker"]:
                    continue
                gaps.append((way["time"], "shipped_never_received"))
            introduce(giver, where)
            unnamed = None if giver else unnamed
            holder = now(holders)
            if holder and giver and holder != giver:
                gaps.append((time, "two_holders"))
                end(time, holders)
            giver = giver or holder
            if giver and now(holders) is None:
                holders.append([giver, start if not holders else None, None])
            if giver:
                seen[giver].update(where, seen.pop(None, ()))
            end(time, holders, places)
            own(sources.get("owning_party"), time)
            way = {"giver": giver, "taker": taker, "time": time, "id": item.event_id}
            way |= {"owner": goals.get("owning_party")}
        elif done == "receive":
            introduce(taker, where)
            holder, was = now(holders), way
            way = {}
            taker = taker or was.get("taker")
            unnamed = None if taker else unnamed
            if taker is None:
                is_there = holder is not None and seen[holder] & {*where}
                taker = holder if is_there else next(iter(where), None)
                unnamed = unnamed if is_there or taker == holder else taker
            if not was and (holder is None or holder != taker):
                gaps.append((time, "received_never_shipped"))
                if holder is None and giver:
                    holders.append([giver, start if not holders else None, time])
            elif was and was["taker"] and was["taker"] != taker:
                gaps.append((time, "received_by_another"))
            if taker:
                begin(holders, taker, time)
            own(sources.get("owning_party"), time)
            owner = goals.get("owning_party") or was.get("owner")
            if owner:
                begin(owners, owner, time)
            look(item)
        elif done == "void_ship":
            for track in (holders, places):
                if way and track and track[-1][2] == way["time"]:
                    track[-1][2] = None
            way = {}
            look(item)
        elif done in ("steal", "lose"):
            end(time, holders, places)
        else:
            look(item)
            if done in ("dispense", "destroy", "transform"):
                end(time, owners, holders, places)
    if way:
        gaps.append((way["time"], "shipped_never_received"))
    spans = {
        name: [tuple(period) for period in track]
        for name, track in (("owners", owners), ("possessors", holders), ("places", places))
    }
    return {**spans, "findings": sorted(gaps, key=lambda gap: gap[0])}


# Lineage ----------------------------------------------------------------------------------


def lineage(walked: Walked, key: str, *, forward: bool) -> dict[str, int]:
    """Whatever is made of a thing, or it of that, with the generation."""
    edges: defaultdict[str, set[str]] = defaultdict(set)
    for inputs, outputs in makings(walked.stands):
        for one, others in (
            ((i, outputs) for i in inputs) if forward else ((o, inputs) for o in outputs)
        ):
            edges[one] |= others
    found, level, generation = {key: 0}, {key}, 0
    while level:
        generation += 1
        level = {other for one in level for other in edges[one]} - found.keys()
        found |= dict.fromkeys(level, generation)
    del found[key]
    return found


def makings(stands: Sequence[LoggedEvent]) -> Iterator[tuple[set[str], set[str]]]:
    together: defaultdict[Any, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for item in stands:
        event = item.event
        if isinstance(event, TransformationEvent):
            inputs, outputs = together[event.transformation_id or item.position]
            inputs |= {canonical_key(text) for text in event.input_epc_list or ()}
            outputs |= {canonical_key(text) for text in event.output_epc_list or ()}
    yield from together.values()


# Lots -------------------------------------------------------------------------------------


def lot(walked: Walked, number: str) -> dict[int, int]:
    """Where the events stand that concern the serials of a lot, and how many each concerns."""
    serials = {
        canonical_key(text)
        for item in walked.stands
        if isinstance(item.event, ObjectEvent)
        and (item.event.ilmd or {}).get(f"{MDA}lotNumber") == number
        for text in item.event.epc_list or ()
        if "sgtin" in text
    }
    counts: defaultdict[int, int] = defaultdict(int)
    for serial in serials:
        for told in walked.lives[serial].told:
            counts[told.item.position] += 1
    return dict(counts)
