"""Rules for the what dimension: what an event names, and as what (EPCIS 2.0, §7.3.3 and §7.4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from epcis_repo.errors import IdentifierError, ScanError
from epcis_repo.gs1 import Level, parse_identifier
from epcis_repo.gs1.units import QUANTITY_KINDS, kind_of_unit
from epcis_repo.model.events import (
    FIELDS,
    AggregationEvent,
    AssociationEvent,
    Event,
    Field,
    Kind,
    ObjectEvent,
    QuantityElement,
    TransactionEvent,
    TransformationEvent,
)
from epcis_repo.model.what import EPC_LISTS, What
from epcis_repo.validation.rule import Fault, Seen

# An index of PostgreSQL takes rows of up to 2,704 bytes, of whatever partners write.
IDENTIFIER_SIZE_MAX = 1_000


def _fields_of_kind(*kinds: Kind) -> dict[type[Event], tuple[Field, ...]]:
    return {cls: tuple(f for f in fields if f.kind in kinds) for cls, fields in FIELDS.items()}


_EPC_LISTS = _fields_of_kind(Kind.EPCS)
_QUANTITY_LISTS = _fields_of_kind(Kind.QUANTITIES)
_IDENTIFIERS = _fields_of_kind(Kind.EPCS, Kind.QUANTITIES, Kind.TEXT)
# An empty list of things may mean all of them, and before EPCIS 2.0 it has to be there.
_OTHER_LISTS = _fields_of_kind(
    Kind.BIZ_TRANSACTIONS, Kind.SOURCES, Kind.DESTINATIONS, Kind.SENSOR_ELEMENTS
)

# The field of `What` that has the keys of a list.
_KEYS_OF = {
    "epc_list": "epcs",
    "child_epcs": "children",
    "input_epc_list": "inputs",
    "output_epc_list": "outputs",
    "quantity_list": "classes",
    "child_quantity_list": "classes",
    "input_quantity_list": "input_classes",
    "output_quantity_list": "output_classes",
}


# --- what must be there ---


def object_event_names_something(event: ObjectEvent, seen: Seen) -> Iterator[Fault]:
    if not (event.epc_list or event.quantity_list or event.sensor_element_list):
        expected = "an EPC in epcList, a quantityList or a sensorElementList"
        yield Fault(("epcList",), expected, "none")


def sensors_alone_say_where(event: ObjectEvent, seen: Seen) -> Iterator[Fault]:
    # The schema wants a readPoint; the text is content with a bizLocation.
    if event.epc_list or event.quantity_list or event.read_point or event.biz_location:
        return
    if event.sensor_element_list:
        yield Fault(("readPoint",), "a readPoint or a bizLocation", "none")


def parent_when_it_changes(event: AggregationEvent, seen: Seen) -> Iterator[Fault]:
    if event.parent_id is None and event.action != "OBSERVE":
        expected = f"a parentID, which an aggregation {event.action} has"
        yield Fault(("parentID",), expected, "none")


def children_when_aggregated(
    event: AggregationEvent | AssociationEvent, seen: Seen
) -> Iterator[Fault]:
    if not (event.child_epcs or event.child_quantity_list) and event.action != "DELETE":
        yield Fault(("childEPCs",), "a child in childEPCs or childQuantityList", "none")


def association_has_a_parent(event: AssociationEvent, seen: Seen) -> Iterator[Fault]:
    if event.parent_id is None:
        yield Fault(("parentID",), "a parentID, which every association has", "none")


def transaction_is_named(event: TransactionEvent, seen: Seen) -> Iterator[Fault]:
    if not event.biz_transaction_list:
        yield Fault(("bizTransactionList",), "at least one bizTransaction", "none")


def transaction_names_something(event: TransactionEvent, seen: Seen) -> Iterator[Fault]:
    if event.action != "DELETE" and not (event.epc_list or event.quantity_list or event.parent_id):
        yield Fault(("epcList",), "an EPC in epcList or a quantityList", "none")


def transformation_has_both_ends(event: TransformationEvent, seen: Seen) -> Iterator[Fault]:
    inputs = event.input_epc_list or event.input_quantity_list
    outputs = event.output_epc_list or event.output_quantity_list
    if inputs and outputs:
        return
    if event.transformation_id is None:
        if not inputs:
            expected = "an input, since there is no transformationID"
            yield Fault(("inputEPCList",), expected, "none")
        if not outputs:
            expected = "an output, since there is no transformationID"
            yield Fault(("outputEPCList",), expected, "none")
    elif not (inputs or outputs):
        yield Fault(("inputEPCList",), "an input or an output", "none")


def lists_have_something_in_them(event: Event, seen: Seen) -> Iterator[Fault]:
    for member in _OTHER_LISTS[type(event)]:
        if getattr(event, member.name) == ():
            yield Fault((member.standard,), "something in the list, or no list", "an empty list")
    disposition = event.persistent_disposition
    for name in ("set", "unset") if disposition else ():
        if getattr(disposition, name) == ():
            steps = ("persistentDisposition", name)
            yield Fault(steps, "something in the list, or no list", "an empty list")


def things_are_named_once(event: Event, seen: Seen) -> Iterator[Fault]:
    for member, keys in _named_in(event, seen, _EPC_LISTS):
        if len(set(keys)) == len(keys):
            continue
        first: dict[str, int] = {}
        for index, key in enumerate(keys):
            if key and first.setdefault(key, index) != index:
                text = getattr(event, member.name)[index]
                yield Fault((member.standard, index), "each thing once", text)


# --- things, classes and places ---


def things_are_no_classes(event: Event, seen: Seen) -> Iterator[Fault]:
    parent = seen.what.parent
    if parent and _level_of(parent) == Level.CLASS:
        yield Fault(("parentID",), _A_THING, getattr(event, "parent_id", ""))
    if seen.names_plain_things:
        return
    for member, keys in _named_in(event, seen, _EPC_LISTS):
        for index, key in enumerate(keys):
            if key and _level_of(key) == Level.CLASS:
                text = getattr(event, member.name)[index]
                yield Fault((member.standard, index), _A_THING, text)


_A_THING = "one thing, with its serial number; classes stand in a quantityList"


def classes_are_no_things(event: Event, seen: Seen) -> Iterator[Fault]:
    for member, keys in _named_in(event, seen, _QUANTITY_LISTS):
        for index, key in enumerate(keys):
            if key and _level_of(key) == Level.INSTANCE:
                text = getattr(event, member.name)[index].epc_class
                expected = "a class of things, such as a GTIN with or without a lot"
                yield Fault((member.standard, index, "epcClass"), expected, text)


def things_are_no_places(event: Event, seen: Seen) -> Iterator[Fault]:
    parent = seen.what.parent
    if parent and parent.startswith(_PLACE) and not isinstance(event, AssociationEvent):
        yield Fault(("parentID",), _AN_OBJECT, getattr(event, "parent_id", ""))
    if seen.names_plain_things:
        return
    for member, keys in _named_in(event, seen, _EPC_LISTS):
        for index, key in enumerate(keys):
            if key.startswith(_PLACE):
                text = getattr(event, member.name)[index]
                yield Fault((member.standard, index), _AN_OBJECT, text)


_PLACE = "414/"
_AN_OBJECT = "an object; a place is a readPoint, a bizLocation, a source or a destination"


def _named_in(
    event: Event, seen: Seen, lists: dict[type[Event], tuple[Field, ...]]
) -> Iterator[tuple[Field, Sequence[str]]]:
    """Yield each list that has something in it, and its canonical keys."""
    for member in lists[type(event)]:
        if keys := getattr(seen.what, _KEYS_OF[member.name]):
            yield member, keys


def are_plain_things(what: What) -> bool:
    """Whether each list is of packs with serials or of containers, which nearly every one is."""
    for name, role in EPC_LISTS.items():
        if not (keys := getattr(what, _KEYS_OF[name])):
            continue
        # What the first and the last by alphabet begin with, all begin with.
        head = what.alike.get(role)
        first, last = (min(keys), max(keys)) if head is None else (head, head)
        if first[:_GTIN_HEAD] == last[:_GTIN_HEAD] and first[_JOINT:_GTIN_HEAD] == "/21/":
            continue
        if first[:3] != last[:3] or first[:3] not in ("00/", "01/"):
            return False
        # A slash within a serial would be escaped.
        if first[:3] == "01/" and "".join(keys).count("/21/") < len(keys):
            return False
    return True


# How a key of a pack begins: 01/, a GTIN of 14 digits, /21/.
_JOINT, _GTIN_HEAD = 17, 21


@lru_cache(maxsize=1_024)
def _level_of(key: str) -> Level | None:
    try:
        return parse_identifier(key).level
    except (IdentifierError, ScanError):
        # A private URI may look like anything.
        return None


# --- quantities ---


def quantities_are_positive(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, quantity in _quantities(event):
        if quantity.quantity is not None and quantity.quantity <= 0:
            yield Fault((*steps, "quantity"), "a quantity above 0", str(quantity.quantity))


def counts_are_whole(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, quantity in _quantities(event):
        if quantity.quantity is None or quantity.uom is not None:
            continue
        if quantity.quantity != int(quantity.quantity):
            expected = "a whole number, or a uom that says of what it is a quantity"
            yield Fault((*steps, "quantity"), expected, str(quantity.quantity))


def units_have_a_quantity(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, quantity in _quantities(event):
        if quantity.uom is not None and quantity.quantity is None:
            yield Fault((*steps, "uom"), "no uom without a quantity", quantity.uom)


def units_are_codes(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, quantity in _quantities(event):
        if quantity.uom is not None and not _COMMON_CODE.fullmatch(quantity.uom):
            expected = "a common code of UN/CEFACT Recommendation 20, such as KGM"
            yield Fault((*steps, "uom"), expected, quantity.uom)


_COMMON_CODE = re.compile("[A-Z0-9]{2,3}", re.ASCII)


def units_are_of_quantities(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, quantity in _quantities(event):
        kind = None if quantity.uom is None else kind_of_unit(quantity.uom)
        if kind is not None and kind not in QUANTITY_KINDS:
            yield Fault((*steps, "uom"), _OF_A_QUANTITY, f"{quantity.uom}, a unit of {kind}")


def units_are_known(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, quantity in _quantities(event):
        uom = quantity.uom
        if uom is not None and _COMMON_CODE.fullmatch(uom) and kind_of_unit(uom) is None:
            yield Fault((*steps, "uom"), _OF_A_QUANTITY, uom)


_OF_A_QUANTITY = "a unit of length, area, volume or mass, such as MTR, MTK, LTR or KGM"


def _quantities(event: Event) -> Iterator[tuple[tuple[str, int], QuantityElement]]:
    for member in _QUANTITY_LISTS[type(event)]:
        for index, quantity in enumerate(getattr(event, member.name) or ()):
            yield (member.standard, index), quantity


# --- a limit of ours ---


def identifiers_have_a_limit(event: Event, seen: Seen) -> Iterator[Fault]:
    alike = seen.what.alike
    for member in _IDENTIFIERS[type(event)]:
        # What is alike has been parsed, as far as the serial, and none of that is long.
        if not (content := getattr(event, member.name)) or EPC_LISTS.get(member.name) in alike:
            continue
        texts = [content] if member.kind is Kind.TEXT else content
        if member.kind is Kind.QUANTITIES:
            texts = [quantity.epc_class for quantity in content]
        # A character has four bytes at most, so nearly every list is done with here.
        if 4 * max(map(len, texts)) <= IDENTIFIER_SIZE_MAX:
            continue
        for index, text in enumerate(texts):
            if len(text.encode()) > IDENTIFIER_SIZE_MAX:
                steps: tuple[str | int, ...] = (member.standard, index)
                expected = f"an identifier of {IDENTIFIER_SIZE_MAX} bytes at most"
                yield Fault(steps[:1] if member.kind is Kind.TEXT else steps, expected, text)
