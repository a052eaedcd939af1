"""
Containment: which parent a thing was in, from when to when.

An interval for each stay, of aggregations and of associations apart. A thing is in one parent
at a time: being added to, or seen in, another ends the stay before. DELETE without children
takes out all of them; the event that ends a stay is kept with it.

What a container goes through is never written to its content: who asks for a bottle's history
goes up through these intervals (`operations/history.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from operator import itemgetter
from typing import NamedTuple

from epcis_repo.model.events import AggregationEvent, AssociationEvent
from epcis_repo.projections.logged import Batch, LoggedEvent, events_naming
from epcis_repo.store import Reading, Writing, load_statements

STATEMENTS = load_statements("epcis_repo.projections", "containment.sql")
SCHEMA = STATEMENTS["schema"]
TABLES = ("containment", "emptied")

# Each event type makes a relation of its own: a logger attached to a pallet is not in its box.
RELATIONS = {AggregationEvent: "aggregation", AssociationEvent: "association"}
_TYPES = tuple(cls.__name__ for cls in RELATIONS)
# Nobody packs this deep. Whoever reports it gets an answer that ends there, and no other
# waits for it.
LEVELS_MAX = 50


class Interval(NamedTuple):
    """A stay of `child` in `parent`; open while `to_time` is None."""

    child: str
    relation: str
    from_time: int
    from_position: int
    parent: str
    to_time: int | None
    to_position: int | None

    @property
    def last_change(self) -> tuple[int, int]:
        """The moment of its latest change, in story order."""
        if self.to_time is None or self.to_position is None:
            return self.from_time, self.from_position
        return self.to_time, self.to_position


class Move(NamedTuple):
    """Into a parent, or out of it. Moves sort in story order."""

    time: int
    position: int
    parent: str
    enters: bool


Line = tuple[str, str]
"""A child and a relation: what has one parent at a time."""


async def project(session: Writing, batch: Batch) -> None:
    """Fold the moves of `batch` onto the intervals; anew from the log where it must be."""
    moves: dict[Line, list[Move]] = defaultdict(list)
    emptied: list[tuple[str, str, int, int]] = []
    for item in batch.facts:
        relation = RELATIONS.get(type(item.event))
        if relation is None:
            continue
        if (parent := _emptied_by(item)) is not None:
            emptied.append((parent, relation, *item.order))
        for child, move in moves_of(item):
            moves[child, relation].append(move)
    await _add_emptied(session, batch)
    await _add_moves_of_all(session, moves, emptied)
    fallen = [item for item in batch.fallen if type(item.event) in RELATIONS]
    anew = {child for item in fallen for child in item.what.children}
    anew |= await _children(session, {p for p in map(_emptied_by, fallen) if p is not None})
    anew |= await _entering_what_was_emptied(session, moves)

    known: dict[Line, list[Interval]] = defaultdict(list)
    for interval in await _intervals(session, {child for child, _ in moves} | anew):
        known[interval.child, interval.relation].append(interval)
    for new in moves.values():
        if len(new) > 1:
            new.sort()
    named = await _named_since(session, moves)
    for (child, relation), new in moves.items():
        # What came late goes between moves that left no trace, too: seen again where it was,
        # taken out of where it was not. So any later event that names the child counts.
        time, position, *_ = new[0]
        stays = known.get((child, relation), ())
        if named.get(child, time) > time or any(s.last_change > (time, position) for s in stays):
            anew.add(child)
    changed = {
        (child, relation): _fold_on(child, relation, known.get((child, relation), []), new)
        for (child, relation), new in moves.items()
        if child not in anew
    }
    if anew:
        changed |= {(child, relation): [] for child in anew for relation in RELATIONS.values()}
        changed |= await fold_anew(session, anew, until=batch.until)
    await _write(session, known, changed)


async def fold_anew(
    session: Reading, children: Collection[str], *, until: int
) -> dict[Line, list[Interval]]:
    """
    Return the intervals of `children` from the log, as far as position `until`.

    A child's moves are those of the events that name it and of those that emptied a parent
    which it was ever in.
    """
    moves: dict[Line, list[Move]] = defaultdict(list)
    for item in await events_naming(session, children, types=_TYPES, until=until):
        for child, move in moves_of(item):
            if child in children:
                moves[child, RELATIONS[type(item.event)]].append(move)
    within: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (child, relation), known in moves.items():
        for move in known:
            within[move.parent, relation].add(child)
    parents = {parent for parent, _ in within}
    for item in await events_naming(session, parents, types=_TYPES, until=until):
        if (parent := _emptied_by(item)) is not None:
            relation = RELATIONS[type(item.event)]
            for child in within.get((parent, relation), ()):
                moves[child, relation].append(Move(*item.order, parent, enters=False))
    return {
        (child, relation): list(fold(child, relation, None, sorted(known)))
        for (child, relation), known in moves.items()
    }


def fold(
    child: str, relation: str, current: Interval | None, moves: Iterable[Move]
) -> Iterator[Interval]:
    """Yield the stays that `moves`, in story order, make of one that may be going on."""
    for move in moves:
        stays = current is not None and current.parent == move.parent
        if move.enters == stays:
            # Seen again where it is, or taken out of where it is not: nothing changes.
            continue
        if current is not None:
            yield current._replace(to_time=move.time, to_position=move.position)
        current = None
        if move.enters:
            current = Interval(child, relation, *move[:3], None, None)
    if current is not None:
        yield current


def moves_of(item: LoggedEvent) -> Iterator[tuple[str, Move]]:
    """Yield each child that the event names, with where it goes."""
    if item.what.parent is None:
        return
    enters = getattr(item.event, "action", None) != "DELETE"
    move = Move(*item.order, item.what.parent, enters)
    for child in item.what.children:
        yield child, move


def _emptied_by(item: LoggedEvent) -> str | None:
    # EPCIS 2.0, §7.4.3: DELETE that names no children takes out all of them. One that names
    # only quantities does not.
    event = item.event
    empties = (
        getattr(event, "action", None) == "DELETE"
        and not item.what.children
        and not getattr(event, "child_quantity_list", None)
    )
    return item.what.parent if empties else None


def _fold_on(child: str, relation: str, stays: list[Interval], moves: list[Move]) -> list[Interval]:
    if not stays and len(moves) == 1:
        # Nearly all children of a lot: new, and packed once.
        move = moves[0]
        return [Interval(child, relation, *move[:3], None, None)] if move.enters else []
    current = next((stay for stay in stays if stay.to_time is None), None)
    ended = [stay for stay in stays if stay.to_time is not None]
    return [*ended, *fold(child, relation, current, moves)]


async def _add_emptied(session: Writing, batch: Batch) -> None:
    # Declared in error or not: the table only warns that a late arrival needs a second look.
    rows = [
        (session.part, parent, RELATIONS[type(item.event)], *item.order)
        for item in batch.events
        if type(item.event) in RELATIONS and item.event.error_declaration is None
        if (parent := _emptied_by(item)) is not None
    ]
    columns = ("part", "parent", "relation", "event_time", "position")
    await session.insert("emptied", columns, sorted(rows))


async def _add_moves_of_all(
    session: Reading,
    moves: dict[Line, list[Move]],
    emptied: list[tuple[str, str, int, int]],
) -> None:
    if not emptied:
        return
    content: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (child, relation), known in moves.items():
        for move in known:
            content[move.parent, relation].add(child)
    parents = sorted({parent for parent, *_ in emptied})
    rows = await session.fetch(STATEMENTS["select_children"], session.part, parents)
    for parent, relation, child in rows:
        content[parent, relation].add(child)
    for parent, relation, time, position in emptied:
        for child in content[parent, relation]:
            moves[child, relation].append(Move(time, position, parent, enters=False))


async def _children(session: Reading, parents: Collection[str]) -> set[str]:
    if not parents:
        return set()
    rows = await session.fetch(STATEMENTS["select_children"], session.part, sorted(parents))
    return {child for _, _, child in rows}


async def _entering_what_was_emptied(session: Reading, moves: dict[Line, list[Move]]) -> set[str]:
    # A child that is reported late to have entered a parent which was emptied meanwhile left
    # it with the others, though nobody named it then.
    parents = sorted({move.parent for known in moves.values() for move in known if move.enters})
    if not parents:
        return set()
    rows = await session.fetch(STATEMENTS["select_emptied"], session.part, parents)
    emptied = {(parent, relation): time for parent, relation, time in rows}
    if not emptied:
        return set()
    return {
        child
        for (child, relation), known in moves.items()
        for move in known
        if move.enters and emptied.get((move.parent, relation), move.time - 1) >= move.time
    }


async def _named_since(session: Reading, moves: dict[Line, list[Move]]) -> dict[str, int]:
    # The states are folded after this, so they tell what was known before the batch.
    if not moves:
        return {}
    first = min(new[0].time for new in moves.values())
    children = sorted({child for child, _ in moves})
    rows = await session.fetch(STATEMENTS["select_named_since"], session.part, children, first)
    return dict(rows)


async def _intervals(session: Reading, children: Collection[str]) -> list[Interval]:
    if not children:
        return []
    rows = await session.fetch(STATEMENTS["select_intervals"], session.part, list(children))
    return [Interval(*row) for row in rows]


async def _write(
    session: Writing, known: dict[Line, list[Interval]], changed: dict[Line, list[Interval]]
) -> None:
    stale = sorted({child for child, relation in changed if known.get((child, relation))})
    if stale:
        await session.execute(STATEMENTS["delete_intervals"], session.part, stale)
        gone = set(stale)
        kept = {line: stays for line, stays in known.items() if line[0] in gone}
        changed = kept | changed
    rows = [(session.part, *stay) for stays in changed.values() for stay in stays]
    # In the order of the key a page is written once, not once for each of its rows.
    rows.sort(key=itemgetter(1))
    await session.insert("containment", ("part", *Interval._fields), rows)
