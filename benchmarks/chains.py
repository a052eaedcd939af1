"""
Chains that inspectors ask about: packs in a carton in a case on a pallet in a container, each of
them with twenty events of its own and of what it was in; and a truck with more packs than anybody
counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from epcis_repo.bindings import RENDERERS
from epcis_repo.model import AggregationEvent, Document, ObjectEvent
from epcis_repo.model.events import ErrorDeclaration, Event, SourceOrDestination
from epcis_repo.model.events import Place as Location
from epcis_repo.model.times import Timestamp, utc_text

PACKS = 100
EVENTS = 20

_PACK = "urn:epc:id:sgtin:0399993.012345.{}"
_CONTAINER = "urn:epc:id:sscc:0399993.{:010}"
_SELLER, _BUYER = "urn:epc:id:pgln:0399993.00001", "urn:epc:id:pgln:0399993.00002"
_PLANT, _STORE = "urn:epc:id:sgln:0399993.00001.0", "urn:epc:id:sgln:0399993.00002.0"
_ILMD = "{urn:epcglobal:cbv:mda}"
_START = 1_767_225_600_000_000
_HOUR = 3_600_000_000
# The numbers of containers begin with that of their chain; those of a truck follow all others.
_PER_CHAIN, _OF_A_TRUCK = 10, 1_000_000_000
# What happens to the container on its way, and to the pallet when it is out of it.
_ON_THE_WAY = ("loading", "shipping", "departing", "arriving", "receiving")
_IN_STORE = ("accepting", *("storing", "inspecting", "cycle_counting") * 4)
_PACKS_PER_CASE, _CASES_PER_PALLET = 50, 40


@dataclass(frozen=True, slots=True)
class Chain:
    """
    The packs of a chain, and what all of them were in, the nearest first.

    The last container is the one in which they should have been said to be at once.
    """

    number: int
    packs: Sequence[str]
    containers: Sequence[str]

    def events(self) -> tuple[Event, ...]:
        """Return what happened: each pack has `EVENTS` in its history."""
        *nested, _ = self.containers
        contents = (self.packs, *((inner,) for inner in nested))
        events = [_commissioning(self.packs, f"C{self.number}")]
        for parent, children in zip(nested, contents, strict=False):
            events.append(_packing(len(events) + 1, parent, children))
        events += [
            _seen(len(events) + n, step, nested[-1]) for n, step in enumerate(_ON_THE_WAY, 1)
        ]
        events.append(_packing(len(events) + 1, nested[-1], (), action="DELETE"))
        left = EVENTS - len(events)
        events += [
            _seen(len(events) + n, step, nested[-2]) for n, step in enumerate(_IN_STORE[:left], 1)
        ]
        return self._under_names(events)

    def correction(self) -> tuple[Event, Event]:
        """Return that the packs were in another carton: a declaration, and what is true instead."""
        _, wrong, *_ = self.events()
        instead = _packing(2, self.containers[-1], self.packs)
        right = replace(instead, event_id=f"{wrong.event_id}:right")
        declared = ErrorDeclaration(
            declaration_time=_moment(EVENTS + 1), corrective_event_ids=(str(right.event_id),)
        )
        return replace(wrong, error_declaration=declared), right

    def _under_names(self, events: Sequence[Event]) -> tuple[Event, ...]:
        return tuple(
            replace(event, event_id=f"urn:x:chain:{self.number}:{place}")
            for place, event in enumerate(events)
        )


def chain(number: int) -> Chain:
    """Return one of many chains, no thing in two of them."""
    return Chain(
        number,
        tuple(_PACK.format(f"{number:06}{pack:03}X") for pack in range(PACKS)),
        tuple(_CONTAINER.format(number * _PER_CHAIN + level) for level in range(5)),
    )


@dataclass(frozen=True, slots=True)
class Truck:
    """A truck that was loaded, shipped and unloaded, and a moment in which all was in it."""

    epc: str
    packs: int
    loaded_at: int


def truck(packs: int) -> tuple[Truck, bytes]:
    """Return a truck with so many packs, in cases of 50 on pallets of 40, and what tells of it."""
    epc = _CONTAINER.format(_OF_A_TRUCK)
    events: list[Event] = []
    pallets: dict[str, list[str]] = {}
    for case in range(-(-packs // _PACKS_PER_CASE)):
        first = case * _PACKS_PER_CASE
        last = min(packs, first + _PACKS_PER_CASE)
        some = [_PACK.format(f"T{pack:09}X") for pack in range(first, last)]
        number = _CONTAINER.format(_OF_A_TRUCK + 1 + case)
        pallet = _CONTAINER.format(2 * _OF_A_TRUCK + case // _CASES_PER_PALLET)
        pallets.setdefault(pallet, []).append(number)
        events += [_commissioning(some, "T"), _packing(2, number, some)]
    events += [_packing(3, pallet, cases) for pallet, cases in pallets.items()]
    events += [
        _packing(4, epc, [*pallets]),
        _seen(5, "shipping", epc),
        _packing(9, epc, (), action="DELETE"),
    ]
    named = [replace(event, event_id=f"urn:x:truck:{n}") for n, event in enumerate(events)]
    return Truck(epc, packs, _START + 6 * _HOUR), document(named)


def document(events: Sequence[Event]) -> bytes:
    """Return the document that brings these events."""
    return RENDERERS["json-ld"](
        Document(events=tuple(events), schema_version="2.0", creation_date=_moment(EVENTS + 1))
    )


def _commissioning(packs: Sequence[str], lot: str) -> Event:
    ilmd = {f"{_ILMD}lotNumber": lot}
    says = _says(1, "commissioning")
    return ObjectEvent(**says, action="ADD", epc_list=tuple(packs), ilmd=ilmd)


def _packing(hour: int, parent: str, children: Sequence[str], action: str = "ADD") -> Event:
    says = _says(hour, "packing" if action == "ADD" else "unpacking")
    return AggregationEvent(
        **says, action=action, parent_id=parent, child_epcs=tuple(children) or None
    )


def _seen(hour: int, step: str, epc: str) -> Event:
    event = ObjectEvent(**_says(hour, step), action="OBSERVE", epc_list=(epc,))
    if step not in ("shipping", "receiving"):
        return event
    ends = [SourceOrDestination(type="owning_party", id=party) for party in (_SELLER, _BUYER)]
    return replace(event, source_list=(ends[0],), destination_list=(ends[1],))


def _says(hour: int, step: str) -> dict[str, Any]:
    place = Location(id=_STORE if step in (*_ON_THE_WAY[-1:], *_IN_STORE) else _PLANT)
    return {
        "event_time": _moment(hour),
        "event_time_zone_offset": "+00:00",
        "biz_step": step,
        "disposition": "in_progress",
        "read_point": place,
        "biz_location": place,
    }


def _moment(hour: int) -> Timestamp:
    microseconds = _START + hour * _HOUR
    return Timestamp(utc_text(microseconds), microseconds)
