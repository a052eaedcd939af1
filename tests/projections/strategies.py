"""
Hypothesis strategies: small worlds in which everything happens that partners report, in any
order, sensible or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.gs1 import digital_link, parse_identifier
from epcis_repo.model.documents import Document
from epcis_repo.model.events import (
    AggregationEvent,
    AssociationEvent,
    ErrorDeclaration,
    Event,
    ObjectEvent,
    Place,
    TransactionEvent,
    TransformationEvent,
)
from epcis_repo.model.events import BizTransaction as Transaction
from epcis_repo.model.times import Timestamp, utc_text

MINUTE = 60_000_000
BEGINNING = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z

UNITS = tuple(f"urn:epc:id:sgtin:030001.0012345.{n}" for n in range(4))
CASES = tuple(f"urn:epc:id:sscc:030001.0000000000{n}" for n in range(3))
PALLET = "urn:epc:id:sscc:030001.09999999999"
LOGGER = "urn:epc:id:giai:030001.LOGGER"
THINGS = (*UNITS, *CASES, PALLET, LOGGER)

MDA = "{urn:epcglobal:cbv:mda}"
PLACES = tuple(f"urn:epc:id:sgln:030001.00000{n}.0" for n in range(3))


def moment(minute: int) -> Timestamp:
    """The moment so many minutes after the beginning of the world."""
    microseconds = BEGINNING + minute * MINUTE
    return Timestamp(utc_text(microseconds), microseconds)


def linked(text: str) -> str:
    """The same thing as a Digital Link, which does not show where its company prefix ends."""
    return digital_link(parse_identifier(text))


def thing(among: Sequence[str]) -> st.SearchStrategy[str]:
    """One of them, as URN or, less often, as Digital Link."""
    return st.sampled_from([*among, *among, *map(linked, among)])


def things(among: Sequence[str], *, at_least: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(thing(among), min_size=at_least, max_size=3).map(tuple)


places = st.none() | st.sampled_from(PLACES).map(lambda text: Place(id=text))
biz_steps = st.none() | st.sampled_from(
    [
        *("commissioning", "packing", "shipping", "destroying", "holding", "sampling"),
        *("urn:epcglobal:cbv:bizstep:receiving", "void_shipping", "https://a.example/b/exporting"),
    ]
)
dispositions = st.none() | st.sampled_from(
    [
        *("active", "in_transit", "dispensed", "destroyed", "stolen", "unknown"),
        "urn:epcglobal:cbv:disp:recalled",
    ]
)
ilmds = st.none() | st.fixed_dictionaries(
    {}, optional={f"{MDA}lotNumber": st.just("L1"), f"{MDA}itemExpirationDate": st.just("2027")}
)
actions = st.sampled_from(["ADD", "OBSERVE", "DELETE"])


@st.composite
def packings(draw: st.DrawFn) -> dict[str, Any]:
    """The members of an aggregation or association: a DELETE may name no children."""
    action = draw(actions)
    children = draw(things(THINGS, at_least=0 if action == "DELETE" else 1))
    return {
        "action": action,
        "parent_id": draw(thing([*CASES, PALLET, LOGGER, UNITS[0]])),
        "child_epcs": children or draw(st.sampled_from([None, ()])),
    }


@st.composite
def events(draw: st.DrawFn, number: int, minute: int) -> Event:
    """Something that happened in a minute, with the number as its identity."""
    dimensions: dict[str, Any] = {
        "event_time": moment(minute),
        "event_time_zone_offset": "+00:00",
        "event_id": f"urn:uuid:{UUID(int=number, version=4)}",
        "biz_step": draw(biz_steps),
        "disposition": draw(dispositions),
        "read_point": draw(places),
        "biz_location": draw(places),
    }
    match draw(st.sampled_from(["object", "packing", "packing", "packing", "transform", "sell"])):
        case "object":
            action = draw(actions)
            ilmd = draw(ilmds) if action == "ADD" else None
            return ObjectEvent(
                **dimensions, action=action, epc_list=draw(things(THINGS)), ilmd=ilmd
            )
        case "packing":
            kind = draw(st.sampled_from([AggregationEvent, AggregationEvent, AssociationEvent]))
            return kind(**dimensions, **draw(packings()))
        case "transform":
            return TransformationEvent(
                **dimensions,
                input_epc_list=draw(things(UNITS)),
                output_epc_list=draw(things(UNITS)),
                ilmd=draw(ilmds),
            )
        case _:
            return TransactionEvent(
                **dimensions,
                action="ADD",
                parent_id=draw(st.none() | thing(THINGS)),
                epc_list=draw(things(THINGS)),
                biz_transaction_list=(Transaction(biz_transaction="urn:x:po:1", type="po"),),
            )


@st.composite
def worlds(draw: st.DrawFn, *, distinct_times: bool = False) -> list[list[Event]]:
    """
    What partners report, in the order in which it arrives, a list of events for each document.

    Some events are declared in error, before or after they arrive themselves.
    """
    minutes = draw(st.lists(st.integers(1, 30), max_size=10, unique=distinct_times))
    happened = [draw(events(number, minute)) for number, minute in enumerate(minutes)]
    declared = [
        replace(event, error_declaration=ErrorDeclaration(declaration_time=moment(99)))
        for event in happened
        if draw(st.integers(0, 4)) == 0
    ]
    return draw(deliveries([*happened, *declared]))


@st.composite
def deliveries(draw: st.DrawFn, reports: Sequence[Event]) -> list[list[Event]]:
    """The same reports in some order, cut into documents somewhere."""
    arriving = draw(st.permutations(reports))
    documents: list[list[Event]] = []
    for report in arriving:
        if not documents or draw(st.booleans()):
            documents.append([])
        documents[-1].append(report)
    return documents


def body_of(events: Sequence[Event]) -> bytes:
    """The document that brings these events."""
    document = Document(
        events=tuple(events), schema_version="2.0", creation_date=moment(0), namespaces={}
    )
    return render_jsonld(document)
