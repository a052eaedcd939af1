"""
The lives of all things of a few events, slowly and without a database: sort what stands by event
time, and walk through it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from epcis_repo.bindings.jsonld import render_event
from epcis_repo.findings.life import Circle, Life, Mate
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.events import AggregationEvent, AssociationEvent, Event
from epcis_repo.model.found_by import class_of
from epcis_repo.model.what import Role, what_of
from epcis_repo.projections.containment import Interval
from epcis_repo.projections.event_index import row_of
from epcis_repo.projections.logged import LoggedEvent
from epcis_repo.projections.said import Said
from epcis_repo.projections.story import AFTER_ALL, MOMENT_MAX, Entry, Order, Stay

Inside = dict[tuple[str, str], tuple[str, Order]]
"""By child and relation, what it is in and since when."""


@dataclass
class _Life:
    """What the walk finds out about a thing; open stays are by container, level and the like."""

    entries: list[Entry] = field(default_factory=list)
    stays: list[Stay] = field(default_factory=list)
    open: dict[tuple[str, str, str, int], Order] = field(default_factory=dict)
    circles: dict[int, Circle] = field(default_factory=dict)
    lots: list[tuple[Order, str]] = field(default_factory=list)


def logged(events: Sequence[Event], *, recorded: int) -> list[LoggedEvent]:
    """The events as a log would have them that got them in this order, at one moment."""
    return [
        LoggedEvent(
            position=place,
            record_time=recorded,
            event_id=event.event_id or f"urn:x:{place}",
            event=event,
            what=what_of(event),
            data=render_event(event, {"cbvmda": "urn:epcglobal:cbv:mda"}),
        )
        for place, event in enumerate(events, 1)
    ]


def lives_in(log: Sequence[LoggedEvent], *, now: int, as_of: int = MOMENT_MAX) -> list[Life]:
    """The life of each thing that is named."""
    declared = {item.event_id for item in log if item.event.error_declaration}
    stands = [i for i in log if i.event_id not in declared and i.order[0] <= as_of]
    stands.sort(key=lambda item: item.order)
    things = list(dict.fromkeys(key for item in stands for key in _roles(item)))
    lives: dict[str, _Life] = {thing: _Life() for thing in things}
    inside: Inside = {}
    content: defaultdict[str, list[Interval]] = defaultdict(list)
    for item in stands:
        before = {thing: _above(thing, inside) for thing in things}
        was = dict(inside)
        left = _move(item, inside)
        for pair in was.keys() | inside.keys():
            if was.get(pair) != inside.get(pair):
                _note_content(pair, was.get(pair), item, content)
        for thing, life in lives.items():
            after = _above(thing, inside)
            _tell(life, thing, item, [*before[thing], *after], is_left=thing in left)
            _stay(life, after, item.order, inside)
            _see_circle(life, thing, item, inside)
    for thing, life in lives.items():
        life.stays += [
            Stay(c, w, r, n, since, AFTER_ALL) for (c, w, r, n), since in life.open.items()
        ]
        life.stays.sort(key=lambda stay: (stay.level, stay.begins))
        for (child, relation), (parent, since) in inside.items():
            if parent == thing and relation == "aggregation":
                content[thing].append(_interval(child, parent, since, None))
    return [
        Life(
            keys=[thing],
            until=now if as_of == MOMENT_MAX else as_of,
            entries=life.entries,
            stays=life.stays,
            content=content[thing],
            named={i.position: set(i.what.children) for i in stands if i.what.parent == thing},
            lots={other: of.lots for other, of in lives.items()},
            mates=_mates(stands, thing, life.lots[-1][1] if life.lots else None),
            circles=life.circles,
        )
        for thing, life in lives.items()
        if any(entry.level == 0 for entry in life.entries)
    ]


def _roles(item: LoggedEvent) -> dict[str, int]:
    """As what an event names things, the most telling role of each."""
    what = item.what
    by_role = {
        Role.PARENT: [what.parent] if what.parent else [],
        Role.OBJECT: what.epcs,
        Role.CHILD: what.children,
        Role.INPUT: what.inputs,
        Role.OUTPUT: what.outputs,
    }
    return {key: int(role) for role, keys in by_role.items() for key in keys}


def _above(thing: str, inside: Inside) -> list[tuple[str, str, str, int]]:
    """What a thing is in at every level: container, what is directly in it, relation, level."""
    found: list[tuple[str, str, str, int]] = []
    level, number = [thing], 0
    while level and number < 50:
        number += 1
        further = []
        for within in level:
            for relation in ("aggregation", "association"):
                parent = inside.get((within, relation), (thing, None))[0]
                if parent != thing and all(parent != container for container, *_ in found):
                    found.append((parent, within, relation, number))
                    further.append(parent)
        level = further
    return found


def _move(item: LoggedEvent, inside: Inside) -> set[str]:
    """Move things, and return those that were taken out without being named."""
    event = item.event
    if not isinstance(event, AggregationEvent | AssociationEvent):
        return set()
    relation = "aggregation" if isinstance(event, AggregationEvent) else "association"
    parent, named = canonical_key(event.parent_id or ""), item.what.children
    if event.action != "DELETE":
        for child in named:
            if inside.get((child, relation), ("", None))[0] != parent:
                inside[child, relation] = parent, item.order
        return set()
    is_all = not named and not event.child_quantity_list
    gone = {
        child
        for (child, kind), (container, _) in inside.items()
        if kind == relation and container == parent and (is_all or child in named)
    }
    for child in gone:
        del inside[child, relation]
    return gone - {*named}


def _note_content(
    pair: tuple[str, str],
    was: tuple[str, Order] | None,
    item: LoggedEvent,
    content: Mapping[str, list[Interval]],
) -> None:
    child, relation = pair
    if was is not None and relation == "aggregation":
        content[was[0]].append(_interval(child, *was, item.order))


def _interval(child: str, parent: str, since: Order, until: Order | None) -> Interval:
    begin = int(since[0]), int(since[1])
    end = (None, None) if until is None else (int(until[0]), int(until[1]))
    return Interval(child, "aggregation", *begin, parent, *end)


def _tell(
    life: _Life,
    thing: str,
    item: LoggedEvent,
    containers: Sequence[tuple[str, str, str, int]],
    *,
    is_left: bool,
) -> None:
    roles = _roles(item)
    ways = sorted((n, c) for c, _, _, n in containers if c in roles)
    met = (0, thing) if thing in roles else next(iter(ways), None)
    if met is None:
        return
    level, key = met
    row = row_of(item)
    said = Said(
        *(key, roles[key], item.position, row.event_time, row.type, row.action, row.biz_step),
        *(row.disposition, row.read_point, row.biz_location, row.lot, row.expiry),
        *(row.parent_id, row.empties, row.company_prefixes),
    )
    if level == 0 and row.lot and (row.action == "ADD" or row.type == "TransformationEvent"):
        life.lots.append((item.order, row.lot))
    life.entries.append(
        Entry(
            said=said,
            event_id=item.event_id,
            record_time=item.record_time,
            container=key if level else None,
            level=level,
            declares_error=False,
            header=orjson.loads(item.data),
            unpacks=level > 0 and is_left,
        )
    )


def _stay(
    life: _Life,
    now: Sequence[tuple[str, str, str, int]],
    order: Order,
    inside: Inside,
) -> None:
    """Begin and end stays; one that begins anew at its container is another."""
    lasts = {*now}
    for way, since in [*life.open.items()]:
        container, within, relation, _ = way
        since_when = inside.get((within, relation), (None, order))
        if way not in lasts or (since_when[0] == container and since_when[1] == order != since):
            life.stays.append(Stay(*way, since, order))
            del life.open[way]
    for way in now:
        life.open.setdefault(way, order)


def _see_circle(life: _Life, thing: str, item: LoggedEvent, inside: Inside) -> None:
    """See whether the event has put a thing into itself."""
    now: Order = item.order
    within, ways = thing, list[Order]()
    for _ in range(50):
        if (within, "aggregation") not in inside:
            return
        parent, begun = inside[within, "aggregation"]
        if parent == thing:
            if now in (*ways, begun):
                # It came to be in the container with the last of the ways between.
                life.circles.setdefault(item.position, Circle(within, min(max(ways), begun)))
            return
        ways.append(begun)
        within = parent


def _mates(stands: Sequence[LoggedEvent], thing: str, lot: str | None) -> list[Mate]:
    product = class_of(thing)
    if lot is None or product is None:
        return []
    rows = [(item, row_of(item)) for item in stands]
    return [
        Mate(item.order, item.event_id, row.expiry)
        for item, row in rows
        if row.lot == lot and row.expiry is not None and _has_class(item, product)
    ]


def _has_class(item: LoggedEvent, product: str) -> bool:
    named: Collection[str] = (*_roles(item), *item.what.classes)
    return any(class_of(key) == product for key in named)
