"""Rules for what partners add: names of extensions, master data in an event (EPCIS 2.0, §9.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from epcis_repo.model.events import Event, ObjectEvent
from epcis_repo.validation.rule import Fault, Seen

Steps = tuple[str | int, ...]

_EPCIS_NAMESPACES = (
    "https://ref.gs1.org/epcis/",
    "urn:epcglobal:epcis:xsd:1",
    "urn:epcglobal:epcis:xsd:2",
)
_MDA = "{urn:epcglobal:cbv:mda}"
# CBV 2.0, §10: what is said of a place or a party, and what of a trade item, whatever its lot.
_OF_PLACES = frozenset(
    {
        "name",
        "streetAddressOne",
        "streetAddressTwo",
        "streetAddressThree",
        "city",
        "state",
        "postalCode",
        "countryCode",
        "latitude",
        "longitude",
        "site",
        "sst",
        "ssa",
        "ssd",
    }
)
_OF_TRADE_ITEMS = frozenset(
    {
        "additionalTradeItemIdentification",
        "additionalTradeItemIdentificationTypeCode",
        "regulatedProductName",
        "manufacturerOfTradeItemPartyName",
        "dosageFormType",
        "strengthDescription",
        "netContentDescription",
        "tradeItemDescription",
        "descriptionShort",
        "labelDescription",
        "functionalName",
    }
)
# Schemes of URIs that are names as they are, without two slashes.
_NAMING_SCHEMES = frozenset({"urn", "tag", "info", "did", "data", "geo", "oid"})
_LOCAL_NAME = re.compile(r"[^\W\d][\w.\-]*")


def ilmd_only_when_added(event: ObjectEvent, seen: Seen) -> Iterator[Fault]:
    if event.ilmd is not None and event.action != "ADD":
        yield Fault(("ilmd",), "ilmd only with action ADD", f"action {event.action}")


def prefixes_are_declared(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.has_plain_extensions or seen.has_contexts_elsewhere:
        return
    for steps, names in _named(event):
        for name in names:
            prefix, colon, rest = name.lstrip("@").partition(":")
            if not colon or name.lstrip("@").startswith("{") or rest.startswith("//"):
                continue
            if _LOCAL_NAME.fullmatch(prefix) and prefix.lower() not in _NAMING_SCHEMES:
                expected = f"a prefix {prefix} that the @context declares, or a URI"
                yield Fault((*steps, name), expected, name)


def extensions_have_a_namespace(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.has_plain_extensions:
        return
    for steps, names in _named(event):
        # What partners write into the master data of a lot without a namespace is another rule's.
        for name in names if steps != ("ilmd",) else ():
            if ":" not in name and not name.startswith(("{", "@")):
                expected = "what EPCIS has here, or an extension: a URI, or a name with a prefix"
                yield Fault((*steps, name), expected, name)


def master_data_has_a_namespace(event: Event, seen: Seen) -> Iterator[Fault]:
    for name in getattr(event, "ilmd", None) or ():
        if ":" not in name and not name.startswith(("{", "@", "#")):
            yield Fault(("ilmd", name), "a name with a prefix, such as cbvmda:lotNumber", name)


def extensions_are_in_namespaces_of_others(event: Event, seen: Seen) -> Iterator[Fault]:
    if seen.has_plain_extensions:
        return
    for steps, names in _named(event):
        for name in names:
            namespace, brace, local = name.lstrip("@")[1:].partition("}")
            if brace and namespace in _EPCIS_NAMESPACES:
                expected = "an extension in a namespace of one's own"
                yield Fault((*steps, name), expected, f"{local} in that of EPCIS")


def closed_elements_have_no_extensions(event: Event, seen: Seen) -> Iterator[Fault]:
    for steps, extensions in _closed(event):
        for name in extensions:
            expected = f"nothing but what EPCIS has in a member of {steps[0]}"
            yield Fault((*steps, name), expected, name)


def master_data_is_not_of_places(event: Event, seen: Seen) -> Iterator[Fault]:
    yield from _of(event, _OF_PLACES, "no attribute of a place or party, which is no master data")


def master_data_is_of_lots(event: Event, seen: Seen) -> Iterator[Fault]:
    expected = "an attribute of the lot or the thing; those of the trade item are in the header"
    yield from _of(event, _OF_TRADE_ITEMS, expected)


def _of(event: Event, names: frozenset[str], expected: str) -> Iterator[Fault]:
    for name in getattr(event, "ilmd", None) or ():
        if name.removeprefix(_MDA) in names and name.startswith(_MDA):
            yield Fault(("ilmd", name), expected, name.removeprefix(_MDA))


def are_plain(event: Event) -> bool:
    """Whether all names of extensions are in namespaces, and none in one of EPCIS."""
    for _, names in _named(event):
        for name in names:
            if name[:1] != "{" or name.startswith(_IN_EPCIS):
                return False
    return True


_IN_EPCIS = tuple(f"{{{namespace}}}" for namespace in _EPCIS_NAMESPACES)


def _named(event: Event) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    """Yield whatever has names that are not the standard's, and where it stands."""
    if event.extensions:
        yield (), event.extensions
    if ilmd := getattr(event, "ilmd", None):
        yield ("ilmd",), ilmd
    for place, standard in ((event.read_point, "readPoint"), (event.biz_location, "bizLocation")):
        if place is not None and place.extensions:
            yield (standard,), place.extensions
    if event.error_declaration is not None and event.error_declaration.extensions:
        yield ("errorDeclaration",), event.error_declaration.extensions
    for index, element in enumerate(event.sensor_element_list or ()):
        steps: Steps = ("sensorElementList", index)
        yield steps, element.extensions
        if element.sensor_metadata is not None:
            yield (*steps, "sensorMetadata"), element.sensor_metadata.extensions
        for number, report in enumerate(element.sensor_report):
            yield (*steps, "sensorReport", number), report.extensions


def _closed(event: Event) -> Iterator[tuple[Steps, Mapping[str, Any]]]:
    for name, standard in _CLOSED:
        for index, item in enumerate(getattr(event, name, None) or ()):
            if item.extensions:
                yield (standard, index), item.extensions


_CLOSED = (
    ("quantity_list", "quantityList"),
    ("child_quantity_list", "childQuantityList"),
    ("input_quantity_list", "inputQuantityList"),
    ("output_quantity_list", "outputQuantityList"),
    ("biz_transaction_list", "bizTransactionList"),
    ("source_list", "sourceList"),
    ("destination_list", "destinationList"),
)
