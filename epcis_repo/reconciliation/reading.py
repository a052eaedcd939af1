"""Reads whole events, with all that their lists name, and what was in a container at a moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from epcis_repo.gs1 import canonical_key, canonical_keys
from epcis_repo.model.what import Role
from epcis_repo.projections.containment import LEVELS_MAX
from epcis_repo.projections.lifecycle import Step, step_in
from epcis_repo.projections.lives import Lives, packed_in
from epcis_repo.projections.said import Said
from epcis_repo.projections.stories import gone_together
from epcis_repo.projections.story import Order, end_of
from epcis_repo.store import Reading, load_statements

STATEMENTS = load_statements("epcis_repo.reconciliation", "reconciliation.sql")

_EPC_LISTS = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITY_LISTS = ("quantityList", "outputQuantityList")
_COMMISSIONING = "commissioning"


class Told(NamedTuple):
    """An event with all that it names; times in microseconds."""

    position: int
    event_time: int
    event_id: str
    type: str
    action: str | None
    biz_step: str | None
    disposition: str | None
    value: Mapping[str, Any]

    @property
    def order(self) -> Order:
        """The place in a story."""
        return self.event_time, self.position

    @property
    def step(self) -> Step | None:
        """What it does to the things that it names."""
        return step_in(
            Said(
                key="",
                role=Role.OBJECT,
                position=self.position,
                event_time=self.event_time,
                type=self.type,
                action=self.action,
                biz_step=self.biz_step,
                disposition=self.disposition,
                read_point=None,
                biz_location=None,
                lot=None,
                expiry=None,
                parent_id=None,
                empties=0,
                company_prefixes=None,
            )
        )

    @property
    def begins_a_lot(self) -> bool:
        """Whether it puts into use what it names by quantity: a QuantityEvent only observes it."""
        is_told = self.action == "OBSERVE" and self.biz_step == _COMMISSIONING
        return self.action == "ADD" or is_told or "outputQuantityList" in self.value

    def things(self) -> list[str]:
        """Return the keys of the things that it names."""
        texts = [text for name in _EPC_LISTS for text in self.value.get(name) or ()]
        parent = self.value.get("parentID")
        return canonical_keys(texts if parent is None else [*texts, parent])

    def quantity_of(self, keys: Collection[str]) -> float:
        """Return how many of these classes it names, without what is measured in a unit."""
        return sum(
            float(element["quantity"])
            for name in _QUANTITY_LISTS
            for element in self.value.get(name) or ()
            if "quantity" in element and "uom" not in element
            if canonical_key(element["epcClass"]) in keys
        )


async def referring(session: Reading, tag: str, *, until: int, moment: int) -> list[Told]:
    """Return the events that stand and have a tag, in order of time."""
    rows = await session.fetch(STATEMENTS["select_referring"], session.part, tag, until, moment)
    return _told(rows)


async def events_at(session: Reading, positions: Collection[int]) -> list[Told]:
    """Return the events at these positions, in order of time."""
    if not positions:
        return []
    rows = await session.fetch(STATEMENTS["select_at"], session.part, sorted(positions))
    return _told(rows)


def _told(rows: Iterable[Sequence[Any]]) -> list[Told]:
    told = [Told._make((*row[:-1], orjson.loads(row[-1]))) for row in rows]
    # In SQL it would be gone through by time, however few are asked for.
    return sorted(told, key=lambda event: event.order)


class Inside:
    """What was in containers, each at a moment of its own."""

    def __init__(self, below: Mapping[tuple[str, Order], Sequence[str]]) -> None:
        self._below = below

    def leaves(self, key: str, order: Order) -> dict[str, str | None]:
        """
        Return what was in a container and had nothing in it, with what it was directly in.

        What had nothing in it is a leaf itself, and in nothing.
        """
        found: dict[str, str | None] = {}
        passed = {key}
        waiting: list[tuple[str, str | None]] = [(key, None)]
        while waiting:
            thing, within = waiting.pop()
            children = [c for c in self._below.get((thing, order), ()) if c not in passed]
            passed.update(children)
            waiting += [(child, thing) for child in children]
            if not children:
                found[thing] = within
        return found

    def orders(self) -> dict[str, Order]:
        """Return for each thing that had something in it a place at which it had."""
        return dict(self._below.keys())


async def inside(
    session: Reading, lives: Lives, wanted: Collection[tuple[str, Order]], *, until: int
) -> Inside:
    """Return what was in each of these at the place of a story, at every level."""
    below: defaultdict[tuple[str, Order], list[str]] = defaultdict(list)
    level, passed = {*wanted}, set[tuple[str, Order]]()
    for _ in range(LEVELS_MAX):
        if not level:
            break
        passed |= level
        orders: defaultdict[str, list[Order]] = defaultdict(list)
        for parent, order in level:
            orders[parent].append(order)
        children = await packed_in(session, orders, until)
        together = await gone_together(session, sorted(children), until=until)
        level = set()
        for first, stays in (await lives.stays(together)).items():
            for stay in stays:
                begin, end = (stay.from_time, stay.from_position), end_of(stay)
                for order in orders.get(stay.parent, ()):
                    # What an event takes out by its name was in there for that event, too.
                    if begin <= order <= end:
                        below[stay.parent, order] += together[first]
                        # What went together with others has nothing in it.
                        if len(together[first]) == 1:
                            level.add((first, order))
        level -= passed
    return Inside(below)
