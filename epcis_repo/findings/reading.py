"""
Reads the lives of some things at once, and what master data says of what is in them.

However many things they are, there is a read for each level of what they were in, and a few for all
of them. What the same events name went the same way: the serials of a lot have few lives.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from epcis_repo.findings.life import Circle, Known, Life, Mate
from epcis_repo.findings.transfers import place_keys, places_in
from epcis_repo.model.found_by import Link, class_of, class_tag, link_tag
from epcis_repo.model.what import Role
from epcis_repo.projections.containment import RELATIONS, Interval
from epcis_repo.projections.lifecycle import Step, step_in
from epcis_repo.projections.lives import Lives, packed_in
from epcis_repo.projections.master_data import MasterData
from epcis_repo.projections.said import Said
from epcis_repo.projections.stated import Stated, tag_of
from epcis_repo.projections.stories import Place, entries_of, places_of, told_at
from epcis_repo.projections.story import AFTER_ALL, Order, Stay, end_of, stays_of
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.findings", "findings.sql")

_AGGREGATION = RELATIONS["AggregationEvent"]
# GS1's name for how many of the next lower level a pack has, in whatever namespace.
_PACK_SIZE = "totalQuantityOfNextLowerLevelTradeItem"
# The keys of a kind lie between these two.
_PRODUCTS = ("01/", "010")
_PLACES = ("414/", "4140")


async def read_lives(
    session: Reading,
    lives: Lives,
    keys: Collection[str],
    *,
    until: int,
    moment: int,
    now: int,
    apart: Collection[str] = (),
) -> list[Life]:
    """
    Return the lives of those of `keys` that an event names itself.

    Up to a moment, as known at position `until`, as `lives` is; `now` is where they end, then.
    What is known of those that stand `apart` holds for no other thing.
    """
    alike = await _alike(lives, keys, apart)
    keys = alike.keys()
    stays = await _stays(lives, keys, moment)
    content = await _content(session, lives, keys, until=until, moment=moment)
    containers = {stay.container for line in stays.values() for stay in line}
    inside = {stay.child for line in content.values() for stay in line}
    said = await lives.said({*keys, *containers, *inside})
    circles = await _circles(lives, stays, containers)
    lots = {key: _lots(said[key]) for key in containers | inside}
    places = {key: places_of(said, key, stays[key], moment) for key in keys}
    positions = {said.position for line in places.values() for said, _, _ in line}
    told = await told_at(session, positions)
    mates = await _mates(session, places, until=until, moment=moment)
    return [
        Life(
            keys=alike[key],
            until=now,
            entries=tuple(entries_of(line, stays[key], told)),
            stays=tuple(stays[key]),
            content=tuple(content.get(key, ())),
            named=_named(said, content.get(key, ())),
            lots=lots,
            mates=mates.get(key, ()),
            circles=circles.get(key, {}),
        )
        for key, line in places.items()
        if any(level == 0 for _, _, level in line)
    ]


async def with_master_data(
    session: Reading, known: Known, lives: Collection[Life], *, until: int, moment: int
) -> Known:
    """Return what is known beside, with what master data in force has of these things."""
    products = {life.product for life in lives if life.product is not None}
    places = {
        key
        for life in lives
        for entry in life.entries
        if entry.level == 0
        for text in places_in(entry)
        for key in place_keys(text)
    }
    data = MasterData(session, as_of=moment, until=until)
    has = [await _has_any(session, kind, until) for kind in (_PRODUCTS, _PLACES)]
    in_force = await data.in_force({*(products if has[0] else ()), *(places if has[1] else ())})
    stated = {key: said for key, said in in_force.items() if said}
    return replace(
        known,
        products=products & stated.keys() if has[0] else None,
        places=places & stated.keys() if has[1] else None,
        pack_sizes={
            **known.pack_sizes,
            **{key: size for key, said in stated.items() if (size := _pack_size(said)) is not None},
        },
    )


async def _alike(
    lives: Lives, keys: Collection[str], apart: Collection[str]
) -> dict[str, Sequence[str]]:
    """Return the keys by the first of those that the same events name, as the same."""
    said = await lives.said(keys)
    alike: dict[tuple[object, ...], list[str]] = {}
    for key in keys:
        line = said[key]
        # An event has one parent, so that what had something in it has a life of its own.
        named = [(item.position, item.role) for item in line]
        alike.setdefault((key if key in apart else class_of(key), *named), []).append(key)
    return {keys[0]: keys for keys in alike.values()}


async def _stays(lives: Lives, keys: Collection[str], moment: int) -> dict[str, list[Stay]]:
    """Return where each was in up to a moment, level by level."""
    # One read for each level of all of them; then each is followed without any.
    level, passed = {*keys}, set[str]()
    while level:
        found = await lives.stays(level)
        passed |= level
        level = {stay.parent for line in found.values() for stay in line} - passed
    last = (moment, float("inf"))
    return {
        key: [
            stay if stay.ends <= last else replace(stay, ends=AFTER_ALL)
            async for stay in stays_of(lives, key)
            if stay.begins <= last
        ]
        for key in keys
    }


async def _content(
    session: Reading, lives: Lives, keys: Collection[str], *, until: int, moment: int
) -> dict[str, list[Interval]]:
    """Return what was packed directly in each up to a moment, from when to when."""
    said = await lives.said(keys)
    parents = {
        key
        for key in keys
        if any(s.role == Role.PARENT and RELATIONS.get(s.type) == _AGGREGATION for s in said[key])
    }
    if not parents:
        return {}
    content: dict[str, list[Interval]] = defaultdict(list)
    for line in (await lives.stays(await packed_in(session, parents, until))).values():
        for stay in line:
            is_so = stay.relation == _AGGREGATION and stay.from_time <= moment
            if is_so and stay.parent in parents:
                lasts = stay.to_time is None or stay.to_time > moment
                open_yet = stay._replace(to_time=None, to_position=None)
                content[stay.parent].append(open_yet if lasts else stay)
    return content


async def _circles(
    lives: Lives, stays: Mapping[str, Sequence[Stay]], containers: Collection[str]
) -> dict[str, dict[int, Circle]]:
    """Return by which events each came to be in itself."""
    above = await lives.stays(containers)
    circles: dict[str, dict[int, Circle]] = defaultdict(dict)
    for key, line in stays.items():
        for stay in line:
            for interval in above.get(stay.container, ()):
                if interval.parent != key or interval.relation != stay.relation:
                    continue
                inner, outer = sorted((stay.begins, (interval.from_time, interval.from_position)))
                if outer < stay.ends and outer < end_of(interval):
                    circles[key].setdefault(int(outer[1]), Circle(stay.container, inner))
    return circles


def _lots(said: Iterable[Said]) -> Sequence[tuple[Order, str]]:
    """Return of which lots a thing was put into use, and when."""
    begun = (item for item in said if step_in(item) is Step.COMMISSION)
    return [(item.order, item.lot) for item in begun if item.lot is not None]


def _named(
    said: Mapping[str, Sequence[Said]], content: Sequence[Interval]
) -> Mapping[int, Collection[str]]:
    """Return which of a container's content each event names as children."""
    named: dict[int, set[str]] = defaultdict(set)
    for child in {stay.child for stay in content}:
        for item in said[child]:
            if item.role == Role.CHILD:
                named[item.position].add(child)
    return named


async def _mates(
    session: Reading, places: Mapping[str, Sequence[Place]], *, until: int, moment: int
) -> dict[str, Sequence[Mate]]:
    """Return how the lot was put into use that each thing is of."""
    lots: dict[str, tuple[str, str]] = {}
    for key, line in places.items():
        begun = _lots(said for said, _, level in line if level == 0)
        product = class_of(key)
        if begun and product is not None:
            lots[key] = product, begun[-1][1]
    mates: dict[tuple[str, str], Sequence[Mate]] = {}
    for product, lot in {*lots.values()}:
        tags = link_tag(Link.LOT, lot), class_tag(product)
        rows = await session.fetch(STATEMENTS["select_mates"], session.part, *tags, until, moment)
        mates[product, lot] = [
            Mate((time, position), event_id, expiry) for time, position, event_id, expiry in rows
        ]
    return {key: mates[lot] for key, lot in lots.items()}


async def _has_any(session: Reading, kind: tuple[str, str], until: int) -> bool:
    """Whether there is master data of any product, or of any place."""
    tags = [tag_of(end) for end in kind]
    rows = await session.fetch(STATEMENTS["select_stated_between"], session.part, *tags, until)
    return bool(rows)


def _pack_size(said: Mapping[str, Stated]) -> int | None:
    for item in said.values():
        for name, value in item.statement.attributes:
            text = str(value)
            if name.endswith(_PACK_SIZE) and text.isascii() and text.isdecimal():
                return int(text[:18])
    return None
