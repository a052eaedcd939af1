"""A small world, what is true in it at the end, and the many ways in which its reports arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.projections.lifecycle_oracle import REACHES_CONTENT, became
from tests.rest.documents import CASE, PALLET, UNIT, commissioning, document, event, packing

Event = dict[str, Any]
PLANT, WHOLESALER, PHARMACY = (f"urn:epc:id:sgln:030001.00000{n}.0" for n in range(1, 4))


def at(place: str, *, stays: bool = True) -> Event:
    """The members that say where something happened, and where the thing is afterwards."""
    here = {"readPoint": {"id": place}}
    return here | ({"bizLocation": {"id": place}} if stays else {})


def world(chances: Random) -> list[Event]:
    """
    Some units from their making to their end, in the order in which it happened.

    No two events are of one moment, so the order of events is that of their times.
    """
    units = [UNIT.format(n) for n in range(chances.randint(6, 12))]
    cases = [CASE.format(n) for n in range(3)]
    pallet = PALLET.format(0)
    happened: list[Event] = []

    def then(value: Event, **members: Any) -> None:
        number = len(happened)
        time = f"2026-02-{1 + number // 24:02}T{number % 24:02}:00:00Z"
        happened.append(value | {"eventTime": time, "eventID": f"urn:x:{number}"} | members)

    for unit in units:
        lot = chances.choice(["L1", "L2"])
        then(commissioning(lot=lot, expiry="2028-12-31", epcList=[unit], **at(PLANT)))
    where = {unit: chances.choice(cases) for unit in units}
    for unit in units:
        then(packing(where[unit], unit, **at(PLANT)))
    # Put into another case, which nobody reports as taken out of the first.
    for unit in chances.sample(units, 2):
        where[unit] = chances.choice(cases)
        then(packing(where[unit], unit, **at(PLANT)))
    then(packing(pallet, *cases, **at(PLANT)))
    moving: Event = {"bizStep": "shipping", "disposition": "in_transit"}
    then(event(epcList=[pallet], **moving, **at(PLANT, stays=False)))
    arrived: Event = {"bizStep": "receiving", "disposition": "sellable_not_accessible"}
    then(event(epcList=[pallet], **arrived, **at(WHOLESALER)))
    # Everything out of the pallet, by no name.
    then(packing(pallet, action="DELETE", bizStep="unpacking", **at(WHOLESALER)))
    for case in chances.sample(cases, 2):
        then(event(epcList=[case], **moving, **at(WHOLESALER, stays=False)))
        then(event(epcList=[case], **arrived, **at(PHARMACY)))
        inside = [unit for unit in units if where[unit] == case]
        if inside:
            then(packing(case, *inside, action="DELETE", bizStep="unpacking", **at(PHARMACY)))
        for unit in inside:
            then(event(epcList=[unit], bizStep="dispensing", disposition="dispensed"))
    for unit in chances.sample(units, 1):
        ending: Event = {"action": "DELETE", "bizStep": "destroying", "disposition": "destroyed"}
        then(event(epcList=[unit], **ending, **at(PLANT)))
    return happened


@dataclass
class Thing:
    """What is true of a thing, as an answer has it, and the stays that it was in itself."""

    lifecycle: str | None = None
    disposition: str | None = None
    read_point: str | None = None
    biz_location: str | None = None
    lot: str | None = None
    expiry: str | None = None
    stays: list[tuple[str, str, str | None]] = field(default_factory=list)

    @property
    def parent(self) -> str | None:
        """What it is in now."""
        return self.stays[-1][0] if self.stays and self.stays[-1][2] is None else None

    def leave(self, time: str) -> None:
        parent, since, _ = self.stays[-1]
        self.stays[-1] = (parent, since, time)


class Oracle:
    """What is true of everything: each event, in the order in which it happened, moves things."""

    def __init__(self, happened: Iterable[Event]) -> None:
        self.things: dict[str, Thing] = defaultdict(Thing)
        for told in happened:
            names = [*told.get("epcList", ()), *told.get("childEPCs", ())]
            names += [told["parentID"]] if "parentID" in told else []
            # Who is in there when it happens, before or after it, goes through it as well.
            concerned = self._with_content(names)
            if "parentID" in told:
                self._move(told)
            concerned |= self._with_content(names)
            for name in concerned:
                self._place(self.things[name], told)
            done = _done(told)
            named = [*told.get("epcList", ()), *told.get("childEPCs", ())]
            for name in concerned if done in REACHES_CONTENT else named:
                thing = self.things[name]
                thing.lifecycle = became(thing.lifecycle, done)
            for name in told.get("epcList", ()):
                self._describe(self.things[name], told)

    def _with_content(self, names: Iterable[str]) -> set[str]:
        found = set(names)
        for name in names:
            inside = [child for child, thing in self.things.items() if thing.parent == name]
            found |= self._with_content(inside)
        return found

    def _move(self, told: Event) -> None:
        parent, time = told["parentID"], told["eventTime"]
        if told["action"] == "DELETE":
            content = [child for child, thing in self.things.items() if thing.parent == parent]
            for child in told["childEPCs"] or content:
                if self.things[child].parent == parent:
                    self.things[child].leave(time)
            return
        for child in map(self.things.__getitem__, told["childEPCs"]):
            if child.parent != parent:
                if child.parent is not None:
                    child.leave(time)
                child.stays.append((parent, time, None))

    def _place(self, thing: Thing, told: Event) -> None:
        thing.disposition = told.get("disposition", thing.disposition)
        if "readPoint" in told or "bizLocation" in told:
            thing.read_point = told.get("readPoint", {}).get("id", thing.read_point)
            thing.biz_location = told.get("bizLocation", {}).get("id", thing.biz_location)

    def _describe(self, thing: Thing, told: Event) -> None:
        if told.get("bizStep") == "commissioning":
            thing.lot = told["ilmd"]["cbvmda:lotNumber"]
            thing.expiry = told["ilmd"]["cbvmda:itemExpirationDate"]


def _done(told: Event) -> str | None:
    """What an event does to the things that it names, in the words of `became`."""
    if "parentID" in told:
        return "unpack" if told["action"] == "DELETE" else "pack"
    ends = {"dispensed": "dispense", "destroyed": "destroy"}
    steps = {"commissioning": "commission", "shipping": "ship", "receiving": "receive"}
    return ends.get(told.get("disposition", "")) or steps.get(told.get("bizStep", ""))


@dataclass(frozen=True)
class Delivery:
    """One try to deliver a document: whole, cut short, or given up in the middle."""

    body: bytes
    how: str


def deliveries(happened: Sequence[Event], chances: Random) -> list[Delivery]:
    """
    The same reports, some twice, out of order and late, and some first in part.

    What was cut short or given up comes again, whole, at some later time.
    """
    arriving = list(happened)
    chances.shuffle(arriving)
    documents: list[bytes] = []
    while arriving:
        count = chances.randint(1, 4)
        together, arriving = arriving[:count], arriving[count:]
        # A partner who repeats an event in another document, too.
        documents.append(document(*together, *chances.choices(happened, k=chances.randint(0, 1))))
    tries: list[tuple[float, Delivery]] = []
    for place, body in enumerate(documents):
        whole = place + chances.random() * 10
        tries.append((whole, Delivery(body, "whole")))
        if chances.random() < 0.3:
            tries.append((whole + chances.random() * 1_000, Delivery(body, "whole")))
        if chances.random() < 0.1:
            tries.append((place - chances.random(), Delivery(body, "given up")))
        if chances.random() < 0.1:
            cut = body[: chances.randrange(1, len(body))]
            tries.append((place - chances.random(), Delivery(cut, "cut short")))
    tries.sort(key=lambda entry: entry[0])
    return [delivery for _, delivery in tries]
