"""Chains of chance: some things, what happens to them, and the documents that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from epcis_repo.model.events import (
    AggregationEvent,
    ErrorDeclaration,
    Event,
    ObjectEvent,
    Place,
    SourceOrDestination,
    TransformationEvent,
)
from epcis_repo.model.times import Timestamp, utc_text
from tests.operations.reports import MDA, at

MINUTES = 60
PLACES = tuple(f"urn:epc:id:sgln:030001.00000{n}.0" for n in range(3))
PARTIES = tuple(f"urn:epc:id:pgln:030001.00000{n}" for n in range(3))
STEPS = (
    *("shipping", "receiving", "shipping", "receiving", "holding", "inspecting", "void_shipping"),
    *("sampling", "dispensing", "stocking"),
)
DISPOSITIONS = (None, None, None, "active", "recalled", "stolen", "unknown", "sellable_accessible")


@dataclass(frozen=True)
class Chain:
    """The things of a chain, by level, its lot, and its events as they happened."""

    units: Sequence[str]
    cases: Sequence[str]
    pallets: Sequence[str]
    lot: str
    events: list[Event] = field(default_factory=list)

    @property
    def things(self) -> Sequence[str]:
        return (*self.units, *self.cases, *self.pallets)


def chain(number: int, chances: Random, *, later: float = 0) -> Chain:
    """
    A chain in which everything happens in any order, sensible or not, some of it in error.

    What is true instead happened so many minutes later.
    """
    found = Chain(
        units=[f"urn:epc:id:sgtin:030001.0012345.{number}U{n}" for n in range(4)],
        cases=[f"urn:epc:id:sscc:030001.1{number:06}{n:04}" for n in range(2)],
        pallets=[f"urn:epc:id:sscc:030001.2{number:06}{n:04}" for n in range(1)],
        lot=f"L{number}",
    )
    minutes = chances.sample(range(MINUTES), 16)
    first = replace(_commissioned(found, chances, found.units[:3]), **_when(0))
    happened = [first, *(replace(_event(found, chances), **_when(m + 1)) for m in minutes)]
    for index, event in enumerate(happened):
        named = replace(event, event_id=f"urn:x:{number}:{index}")
        found.events.append(named)
        if chances.random() < 0.2:
            found.events.extend(_corrected(found, named, f"{number}:{index}", chances, later))
    return found


def documents(chains: Sequence[Chain], chances: Random) -> list[list[Event]]:
    """All that happened in some order, late, and some of it twice, a list for each document."""
    arriving = [event for one in chains for event in one.events]
    arriving += chances.sample(arriving, len(arriving) // 10)
    chances.shuffle(arriving)
    size = max(1, len(arriving) // 12)
    # An event comes once in a document.
    return [
        list(
            {(e.event_id, e.error_declaration is None): e for e in arriving[n : n + size]}.values()
        )
        for n in range(0, len(arriving), size)
    ]


def moment(minute: float) -> int:
    """The moment so many minutes after the beginning, in microseconds."""
    return at(minute / 60)


def _when(minute: float) -> dict[str, Any]:
    return {"event_time": Timestamp(utc_text(moment(minute)), moment(minute))}


def _corrected(found: Chain, event: Event, name: str, chances: Random, later: float) -> list[Event]:
    """A declaration that an event was in error, and perhaps what is true instead."""
    instead: list[Event] = []
    if chances.random() < 0.7:
        minute = (event.event_time.microseconds - moment(0)) / 60_000_000
        right = replace(_event(found, chances), event_id=f"urn:x:{name}:right")
        instead = [replace(right, **_when(minute + later))]
    declared = ErrorDeclaration(
        declaration_time=Timestamp(utc_text(moment(99)), moment(99)),
        corrective_event_ids=tuple(str(right.event_id) for right in instead) or None,
    )
    return [replace(event, error_declaration=declared), *instead]


def _dimensions(chances: Random) -> dict[str, Any]:
    place, other = chances.choice((None, *PLACES)), chances.choice((None, None, *PLACES))
    return {
        "event_time": Timestamp(utc_text(moment(0)), moment(0)),
        "event_time_zone_offset": "+00:00",
        "disposition": chances.choice(DISPOSITIONS),
        "read_point": place and Place(id=place),
        "biz_location": other and Place(id=other),
    }


def _event(found: Chain, chances: Random) -> Event:
    kind = chances.choice(["object"] * 5 + ["pack"] * 4 + ["unpack", "commission", "end", "make"])
    dimensions = _dimensions(chances)
    match kind:
        case "object":
            return ObjectEvent(
                **dimensions,
                **_transfer(chances),
                action="OBSERVE",
                biz_step=chances.choice(STEPS),
                epc_list=(chances.choice(found.things),),
            )
        case "commission":
            return _commissioned(found, chances, [chances.choice(found.things)])
        case "end":
            step = chances.choice(("decommissioning", "destroying"))
            epcs = (chances.choice(found.things),)
            return ObjectEvent(**dimensions, action="DELETE", biz_step=step, epc_list=epcs)
        case "make":
            units, count = chances.sample(found.units, 3), chances.randint(1, 2)
            return TransformationEvent(
                **dimensions,
                input_epc_list=tuple(units[:count]),
                output_epc_list=tuple(units[count:]),
                transformation_id=chances.choice((None, f"urn:x:t:{found.lot}")),
            )
        case _:
            parents, children = chances.choice(
                [(found.cases, found.units), (found.pallets, found.cases)]
            )
            count = chances.randint(0 if kind == "unpack" else 1, 2)
            return AggregationEvent(
                **dimensions,
                action="DELETE" if kind == "unpack" else chances.choice(("ADD", "ADD", "OBSERVE")),
                biz_step=chances.choice((None, "packing")),
                parent_id=chances.choice(parents),
                child_epcs=tuple(chances.sample(children, count)) or None,
            )


def _commissioned(found: Chain, chances: Random, epcs: Sequence[str]) -> Event:
    return ObjectEvent(
        **_dimensions(chances),
        action="ADD",
        biz_step="commissioning",
        epc_list=tuple(epcs),
        ilmd={f"{MDA}lotNumber": found.lot},
    )


def _transfer(chances: Random) -> dict[str, Any]:
    """Parties of a transfer, or none."""
    ends: dict[str, Any] = {}
    for name in ("source_list", "destination_list"):
        kinds = chances.choice([(), ("owning_party",), ("owning_party", "possessing_party")])
        parties = [SourceOrDestination(type=kind, id=chances.choice(PARTIES)) for kind in kinds]
        ends[name] = tuple(parties) or None
    return ends
