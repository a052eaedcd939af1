"""
Containment: which parent a thing was in, from when to when. A pure fold.

An interval for each stay, of aggregations and of associations apart. A thing is in one parent
at a time: being added to, or seen in, another ends the stay before. DELETE without children
takes out all of them; the event that ends a stay is kept with it.

What a container goes through is never written to its content: who asks for a bottle's history
goes up through these intervals (`operations/history.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Each event type makes a relation of its own: a logger attached to a pallet is not in its box.
RELATIONS = {"AggregationEvent": "aggregation", "AssociationEvent": "association"}
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


class Move(NamedTuple):
    """Into a parent, or out of it. Moves sort in story order."""

    time: int
    position: int
    parent: str
    enters: bool


Line = tuple[str, str]
"""A child and a relation: what has one parent at a time."""


def fold(child: str, relation: str, moves: Iterable[Move]) -> Iterator[Interval]:
    """Yield the stays that `moves`, in story order, make."""
    current: Interval | None = None
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
