"""Rules for each event by itself: how a step is reported, and what a shipment says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from epcis_repo.gs1 import cbv
from epcis_repo.model.events import AggregationEvent, Event, ObjectEvent
from epcis_repo.validation.dscsa.said import (
    FALSE,
    HC,
    MDA,
    TRUE,
    disposition_of,
    step_of,
    text_at,
    text_of,
)
from epcis_repo.validation.rule import Fault, Seen
from epcis_repo.validation.why import is_cbv_transaction

# CBV 2.0, §7.1, and the guideline: what a step is reported by, and which dispositions follow it.
_STEPS: dict[str, tuple[type[Event], tuple[str, ...], tuple[str, ...]]] = {
    "commissioning": (ObjectEvent, ("ADD",), ("active",)),
    "packing": (AggregationEvent, ("ADD",), ("in_progress",)),
    "unpacking": (AggregationEvent, ("DELETE",), ("in_progress",)),
    "shipping": (ObjectEvent, ("OBSERVE",), ("in_transit", "returned")),
    "void_shipping": (ObjectEvent, ("OBSERVE",), ("in_progress",)),
    "receiving": (
        ObjectEvent,
        ("OBSERVE",),
        ("in_progress", "sellable_not_accessible", "returned", "damaged"),
    ),
    "inspecting": (
        ObjectEvent,
        ("OBSERVE",),
        ("non_sellable_other", "sellable_not_accessible", "damaged"),
    ),
    "holding": (
        ObjectEvent,
        ("OBSERVE",),
        ("non_sellable_other", "recalled", "expired", "no_pedigree_match"),
    ),
    "decommissioning": (ObjectEvent, ("DELETE",), ("inactive",)),
    "destroying": (ObjectEvent, ("DELETE",), ("destroyed",)),
    "dispensing": (ObjectEvent, ("OBSERVE", "DELETE"), ("dispensed", "partially_dispensed")),
}


def events_have_a_step(event: Event, seen: Seen) -> Iterator[Fault]:
    if not event.biz_step:
        yield Fault(("bizStep",), "a business step", "none")


def steps_have_their_events(event: Event, seen: Seen) -> Iterator[Fault]:
    if (row := _STEPS.get(step_of(event))) is None:
        return
    kind, actions, _ = row
    action = getattr(event, "action", None)
    if not isinstance(event, kind):
        expected = f"{kind.__name__} {' or '.join(actions)} for {step_of(event)}"
        yield Fault((), expected, f"{type(event).__name__} {action or ''}".strip())
    elif action not in actions:
        yield Fault(("action",), f"{' or '.join(actions)} for {step_of(event)}", str(action))


def steps_have_their_dispositions(event: Event, seen: Seen) -> Iterator[Fault]:
    if (row := _STEPS.get(step_of(event))) is not None and disposition_of(event) not in row[2]:
        expected = f"{' or '.join(row[2])} after {step_of(event)}"
        yield Fault(("disposition",), expected, event.disposition or "none")


def things_are_named_by_urns(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, text in _named(event):
        if not text.startswith("urn:epc:"):
            yield Fault(steps, "an EPC URN, such as urn:epc:id:sgtin:…", text)


def things_are_packs_or_containers(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, text in _named(event):
        if text.startswith("urn:epc:") and not text.startswith(_PACKS_AND_CONTAINERS):
            yield Fault(steps, "an SGTIN or an SSCC", text)


_PACKS_AND_CONTAINERS = ("urn:epc:id:sgtin:", "urn:epc:id:sscc:")


def places_are_named_by_urns(event: Event, seen: Seen) -> Iterator[Fault]:
    places = ((event.read_point, "readPoint"), (event.biz_location, "bizLocation"))
    for place, standard in places:
        if place is not None and not place.id.startswith("urn:epc:id:sgln:"):
            yield Fault((standard, "id"), "an SGLN URN, urn:epc:id:sgln:…", place.id)
    for ends, standard, member in _ends(event):
        for index, end in enumerate(ends):
            if not end.id.startswith(("urn:epc:id:sgln:", "urn:epc:id:pgln:")):
                yield Fault((standard, index, member), "an SGLN URN, urn:epc:id:sgln:…", end.id)


def packs_have_a_lot(event: ObjectEvent, seen: Seen) -> Iterator[Fault]:
    if step_of(event) != "commissioning" or not any(k.startswith("01/") for k in seen.what.epcs):
        return
    for name, is_right, expected in _LOT_AND_EXPIRY:
        text = text_of((event.ilmd or {}).get(f"{MDA}{name}", ""))
        if not is_right.fullmatch(text):
            yield Fault(("ilmd", f"{MDA}{name}"), expected, text or "none")


_LOT_AND_EXPIRY = (
    ("lotNumber", re.compile(r"\S.{0,19}"), "a lot of up to 20 characters"),
    ("itemExpirationDate", re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a date, such as 2028-12-31"),
)


def containers_have_no_lot(event: ObjectEvent, seen: Seen) -> Iterator[Fault]:
    if event.ilmd and seen.what.epcs and all(k.startswith("00/") for k in seen.what.epcs):
        yield Fault(("ilmd",), "no master data of a lot for an SSCC", "ilmd")


def events_say_where(event: Event, seen: Seen) -> Iterator[Fault]:
    if event.read_point is None:
        yield Fault(("readPoint",), "a read point", "none")


def steps_have_their_location(event: Event, seen: Seen) -> Iterator[Fault]:
    step = step_of(event)
    if step == "shipping" and event.biz_location is not None:
        yield Fault(("bizLocation",), "none, since what is shipped leaves", event.biz_location.id)
    elif step in ("commissioning", "packing", "receiving") and event.biz_location is None:
        yield Fault(("bizLocation",), f"where it is after {step}", "none")


def shipments_have_owners(event: Event, seen: Seen) -> Iterator[Fault]:
    yield from _without_end(event, "owning_party")


def shipments_have_locations(event: Event, seen: Seen) -> Iterator[Fault]:
    yield from _without_end(event, "location")


def _without_end(event: Event, kind: str) -> Iterator[Fault]:
    for ends, standard, member in _ends(event) if step_of(event) == "shipping" else ():
        if kind not in [cbv.bare_word(cbv.SOURCE_DEST_TYPE, end.type) for end in ends]:
            yield Fault((standard,), f"a {member} of type {kind}", "none")


def shipments_have_papers(event: Event, seen: Seen) -> Iterator[Fault]:
    if step_of(event) != "shipping" or disposition_of(event) == "returned":
        return
    types = {_type(transaction.type) for transaction in event.biz_transaction_list or ()}
    for word, name in (("po", "purchase order"), ("desadv", "despatch advice")):
        if word not in types:
            yield Fault(
                ("bizTransactionList",), f"a bizTransaction of type {word}, a {name}", "none"
            )


def papers_are_numbered_by_parties(event: Event, seen: Seen) -> Iterator[Fault]:
    for index, transaction in enumerate(event.biz_transaction_list or ()):
        if not is_cbv_transaction(transaction.biz_transaction):
            steps = ("bizTransactionList", index, "bizTransaction")
            expected = "urn:epcglobal:cbv:bt:, the GLN of whose paper it is, a colon, its number"
            yield Fault(steps, expected, transaction.biz_transaction)


def shipments_are_of_containers(event: Event, seen: Seen) -> Iterator[Fault]:
    if step_of(event) == "shipping" and disposition_of(event) != "returned":
        for index, key in enumerate(seen.what.epcs):
            if key and not key.startswith("00/"):
                expected = "a logistic unit, with an SSCC"
                yield Fault(("epcList", index), expected, text_at(event, "epcList", index))


def shipments_say_whether_dropped(event: Event, seen: Seen) -> Iterator[Fault]:
    if step_of(event) == "shipping":
        text = text_of(event.extensions.get(f"{HC}dropShipment", ""))
        if text not in (*TRUE, *FALSE):
            yield Fault((f"{HC}dropShipment",), "dropShipment, true or false", text or "none")


def direct_purchases_are_stated(event: Event, seen: Seen) -> Iterator[Fault]:
    for name, members in _PURCHASES.items():
        purchase = event.extensions.get(f"{HC}{name}")
        steps = (f"{HC}{name}",)
        if purchase is None or (name == "directPurchase" and text_of(purchase) in TRUE):
            continue
        if not isinstance(purchase, Mapping):
            yield Fault(steps, "true, or a qualifier and a statement", text_of(purchase))
            continue
        qualifier = text_of(purchase.get("@qualifier", ""))
        if qualifier not in _QUALIFIERS:
            expected = f"a qualifier, {' or '.join(_QUALIFIERS)}"
            yield Fault((*steps, "@qualifier"), expected, qualifier or "none")
        for member in members if qualifier == _QUALIFIERS[1] else members[:1]:
            if not purchase.get(f"{HC}{member}"):
                yield Fault((*steps, f"{HC}{member}"), f"a {member}", "none")


_QUALIFIERS = ("ENTIRELY_DIRECT", "PARTIALLY_DIRECT")
_PURCHASES = {
    "directPurchase": ("directPurchaseStatement", "indirectPurchaseEPCs"),
    "receivedDirectPurchaseFromPrevWhlsDist": ("receivedDirectPurchaseFromPrevWhlsDistStatement",),
}


def _type(text: str | None) -> str:
    return cbv.bare_word(cbv.BIZ_TRANSACTION_TYPE, text or "")


def _named(event: Event) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield what an event names, one by one; of a list that is all URNs of packs, nothing."""
    if (parent := getattr(event, "parent_id", None)) is not None:
        yield ("parentID",), parent
    for name, standard in _LISTS:
        texts = getattr(event, name, None) or ()
        # What the first and the last by alphabet begin with, all begin with.
        if texts and not all(
            text.startswith(_PACKS_AND_CONTAINERS[0]) for text in (min(texts), max(texts))
        ):
            yield from (((standard, index), text) for index, text in enumerate(texts))


_LISTS = (
    ("epc_list", "epcList"),
    ("child_epcs", "childEPCs"),
    ("input_epc_list", "inputEPCList"),
    ("output_epc_list", "outputEPCList"),
)


def _ends(event: Event) -> Iterator[tuple[Any, str, str]]:
    yield event.source_list or (), "sourceList", "source"
    yield event.destination_list or (), "destinationList", "destination"
