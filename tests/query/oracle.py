"""
SimpleEventQuery the slow and obvious way: one event after the other, as JSON, in memory.

Written from the standard's words (EPCIS 1.2 and 2.0, §8.2.7.1) and from nothing of `query/`, so
that where the two disagree one of them is wrong. It knows the posted form of a query: lists are
lists, numbers are numbers. Identifiers are the same where their Digital Links are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from epcis_repo.bindings.names import STANDARD_PREFIXES
from epcis_repo.errors import EpcisError
from epcis_repo.gs1 import digital_link, parse_identifier, urn

Json = Mapping[str, Any]

# What a word of the CBV may be written with, in front of it.
VOCABULARIES = {
    "bizStep": ("urn:epcglobal:cbv:bizstep:", "BizStep-"),
    "disposition": ("urn:epcglobal:cbv:disp:", "Disp-"),
    "bizTransaction": ("urn:epcglobal:cbv:btt:", "BTT-"),
    "source": ("urn:epcglobal:cbv:sdt:", "SDT-"),
    "destination": ("urn:epcglobal:cbv:sdt:", "SDT-"),
    "reason": ("urn:epcglobal:cbv:er:", "ER-"),
}
# The lists that each MATCH parameter looks into.
EPC_LISTS = {
    "epc": ("epcList", "childEPCs"),
    "parentID": ("parentID",),
    "inputEPC": ("inputEPCList",),
    "outputEPC": ("outputEPCList",),
    "anyEPC": ("epcList", "childEPCs", "parentID", "inputEPCList", "outputEPCList"),
}
CLASS_LISTS = {
    "epcClass": ("quantityList", "childQuantityList"),
    "inputEPCClass": ("inputQuantityList",),
    "outputEPCClass": ("outputQuantityList",),
    "anyEPCClass": (
        "quantityList",
        "childQuantityList",
        "inputQuantityList",
        "outputQuantityList",
    ),
}
EXISTENCES = {
    "errorDeclaration": "errorDeclaration",
    "sensorElementList": "sensorElementList",
    "sensorElement": "sensorElementList",
}
# What one of a unit is in the first of its kind, and what its zero is there.
UNITS = {
    "KEL": ("temperature", 1, 0),
    "CEL": ("temperature", 1, 273.15),
    "FAH": ("temperature", 5 / 9, 459.67 * 5 / 9),
    "KGM": ("mass", 1, 0),
    "GRM": ("mass", 0.001, 0),
    "LBR": ("mass", 0.45359237, 0),
    "LTR": ("volume", 1, 0),
    "MLT": ("volume", 0.001, 0),
    "P1": ("number", 0.01, 0),
    "C62": ("number", 1, 0),
}


def answer(
    events: Sequence[Json], query: Json, prefixes: Mapping[str, str], *, within: Json | None = None
) -> list[int]:
    """
    Return which of `events`, in order of capture, a query finds, and in which order.

    `prefixes` are those of the events. `within` has the children of places, by their id.
    """
    declared = {**STANDARD_PREFIXES, **prefixes}
    for entry in query.get("@context", []):
        if isinstance(entry, dict):
            declared |= entry
    how = {"@context", "orderBy", "orderDirection", "eventCountLimit", "maxEventCount"}
    asked = {name: value for name, value in query.items() if name not in how and value != []}
    found = [
        place
        for place, event in enumerate(events)
        if all(_holds(event, name, value, declared, within or {}) for name, value in asked.items())
    ]
    if (by := query.get("orderBy")) is not None:
        descending = query.get("orderDirection", "DESC") == "DESC"
        if by == "eventTime":
            found.sort(key=lambda place: (_instant(events[place]["eventTime"]), place))
        if descending:
            found.reverse()
    return found[: query.get("eventCountLimit", len(found))]


def _holds(event: Json, name: str, wanted: Any, prefixes: Json, within: Json) -> bool:
    if name == "eventType":
        return event["type"] in wanted
    operator, _, field = name.partition("_")
    if operator == "MATCH":
        if field in EPC_LISTS:
            return _any_matches(_texts(event, EPC_LISTS[field]), wanted, of_classes=False)
        return _any_matches(_epc_classes(event, CLASS_LISTS[field]), wanted, of_classes=True)
    if operator == "WD":
        places = [place for text in wanted for place in _descendants(text, within)]
        return any(_same(_id(event, field), place) for place in places)
    if operator == "EXISTS" and field in EXISTENCES:
        return wanted is False or bool(event.get(EXISTENCES[field]))
    if (found := _standard(event, field)) is not None:
        values, equal = found
        return any(_compares(operator, value, wanted, equal) for value in values)
    return _extension(event, operator, field, wanted, prefixes)


# --- values ---


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _is_time(value: Any) -> bool:
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
    return isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    return bool(one == other or _link(one) == _link(other))


def _link(text: str) -> str:
    try:
        return digital_link(parse_identifier(text)) if ":" in text else text
    except EpcisError:
        return text


def _bare(vocabulary: str, word: str) -> str:
    urn_beginning, name = VOCABULARIES[vocabulary]
    for beginning in (
        urn_beginning,
        f"https://ref.gs1.org/cbv/{name}",
        f"http://ref.gs1.org/cbv/{name}",
        f"cbv:{name}",
    ):
        word = word.removeprefix(beginning)
    return word


def _texts(event: Json, names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        value = event.get(name, [])
        found += [value] if isinstance(value, str) else value
    return found


def _epc_classes(event: Json, names: Sequence[str]) -> list[str]:
    return [element["epcClass"] for name in names for element in event.get(name, [])]


def _id(event: Json, field: str) -> str | None:
    place = event.get(field)
    return None if place is None else place["id"]


def _descendants(place: str, within: Json) -> list[str]:
    found = [place]
    for other in found:
        found += [child for child in within.get(other, []) if child not in found]
    return found


# --- the standard's fields ---


def _standard(event: Json, field: str) -> tuple[list[Any], Any] | None:
    """Return the values of a field that the standard names, and when two of them are equal."""
    for kind in ("bizTransaction", "source", "destination"):
        if field.startswith(f"{kind}_"):
            wanted = _bare(kind, field.removeprefix(f"{kind}_"))
            entries = event.get(f"{kind}List", [])
            found = [e[kind] for e in entries if "type" in e and _bare(kind, e["type"]) == wanted]
            return found, _same
    if field not in FIELDS:
        return _measures(event, field)
    wheres, name, equal = FIELDS[field]
    values = [leaves_of(part.get(name)) for where in wheres for part in parts_of(event, where)]
    return [value for flat in values for value in flat], equal


def parts_of(event: Json, where: str) -> list[Json]:
    """Return the parts of an event that a word of `FIELDS` or `SCOPES` means."""
    elements = event.get("sensorElementList", [])
    parts: dict[str, list[Json]] = {
        "event": [event],
        "declaration": [event.get("errorDeclaration", {})],
        "persistent": [event.get("persistentDisposition", {})],
        "metadata": [element.get("sensorMetadata", {}) for element in elements],
        "report": [report for element in elements for report in element.get("sensorReport", [])],
        "element": elements,
        "readPoint": [event.get("readPoint", {})],
        "bizLocation": [event.get("bizLocation", {})],
        "ilmd": [event.get("ilmd", {})],
    }
    return parts[where]


def _exactly(one: Any, other: Any) -> bool:
    return bool(one == other)


def _same_octets(one: str, other: str) -> bool:
    return one.lower() == other.lower()


def _same_word(vocabulary: str) -> Any:
    return lambda one, other: _bare(vocabulary, one) == _bare(vocabulary, other)


def _same_measurement(one: str, other: str) -> bool:
    return _measured(one) == _measured(other)


def _measured(text: str) -> str:
    return re.sub(r"^(gs1:|https?://(www\.|ref\.)?gs1\.org/voc/)", "", text)


# Where a field stands, its name there, and when two of its values are equal.
_SENSOR = ("metadata", "report")
FIELDS: dict[str, tuple[tuple[str, ...], str, Any]] = {
    **{name: (("event",), name, _exactly) for name in ("eventTime", "recordTime")},
    **{name: (("event",), name, _exactly) for name in ("action", "eventID")},
    **{name: (("event",), name, _same_word(name)) for name in ("bizStep", "disposition")},
    "transformationID": (("event",), "transformationID", _same),
    "readPoint": (("readPoint",), "id", _same),
    "bizLocation": (("bizLocation",), "id", _same),
    "errorDeclarationTime": (("declaration",), "declarationTime", _exactly),
    "errorDeclaration_Time": (("declaration",), "declarationTime", _exactly),
    "errorReason": (("declaration",), "reason", _same_word("reason")),
    "correctiveEventID": (("declaration",), "correctiveEventIDs", _exactly),
    "persistentDisposition_set": (("persistent",), "set", _same_word("disposition")),
    "persistentDisposition_unset": (("persistent",), "unset", _same_word("disposition")),
    "time": (_SENSOR, "time", lambda one, other: _instant(one) == _instant(other)),
    "startTime": (("metadata",), "startTime", _exactly),
    "endTime": (("metadata",), "endTime", _exactly),
    "type": (("report",), "type", _same_measurement),
    "deviceID": (_SENSOR, "deviceID", _same),
    "hexBinaryValue": (("report",), "hexBinaryValue", _same_octets),
    **{
        name: (_SENSOR, name, _exactly)
        for name in ("deviceMetadata", "rawData", "dataProcessingMethod", "bizRules")
    },
    **{
        name: (("report",), name, _exactly)
        for name in ("microorganism", "chemicalSubstance", "stringValue", "uriValue")
    },
    **{name: (("report",), name, _exactly) for name in ("booleanValue", "percRank")},
}


def _measures(event: Json, field: str) -> tuple[list[Any], Any] | None:
    match = re.fullmatch(
        "(quantity|value|minValue|maxValue|meanValue|sDev|percValue)(?:_([A-Z0-9]{2,4}))?", field
    )
    if match is None:
        return None
    attribute, unit = match.groups()
    parts = parts_of(event, "report")
    if attribute == "quantity":
        parts = [q for name in CLASS_LISTS["anyEPCClass"] for q in event.get(name, [])]
    found = []
    for part in parts:
        value = part.get(attribute)
        if value is not None and unit is not None:
            value = _in_unit(value, part.get("uom"), unit, has_zero=attribute != "sDev")
        if value is not None:
            found.append(value)
    return found, _about


def _about(one: Any, other: Any) -> bool:
    """Whether two numbers are equal, but for what a conversion in floating point leaves over."""
    if not isinstance(one, float):
        return Fraction(str(one)) == Fraction(str(other))
    return abs(one - float(other)) <= 1e-9 * abs(float(other))


def _in_unit(value: Any, unit: str | None, wanted: str, *, has_zero: bool) -> Any:
    if unit == wanted:
        return value
    if unit not in UNITS or wanted not in UNITS or UNITS[unit][0] != UNITS[wanted][0]:
        return None
    _, factor, zero = UNITS[unit]
    _, other_factor, other_zero = UNITS[wanted]
    first = float(value) * factor + (zero if has_zero else 0)
    return (first - (other_zero if has_zero else 0)) / other_factor


def _compares(operator: str, value: Any, wanted: Any, equal: Any) -> bool:
    if operator == "EQ":
        members = wanted if isinstance(wanted, list) else [wanted]
        return any(equal(value, member) for member in members)
    if _is_time(value):
        value, wanted = _instant(value), _instant(wanted)
    else:
        value, wanted = Fraction(str(value)), Fraction(str(wanted))
    return bool(
        {"GT": value > wanted, "GE": value >= wanted, "LT": value < wanted, "LE": value <= wanted}[
            operator
        ]
    )


# --- identifiers and patterns ---


def _any_matches(texts: Sequence[str], wanted: Sequence[str], *, of_classes: bool) -> bool:
    return any(matches(text, pattern, of_classes) for text in texts for pattern in wanted)


def matches(text: str, pattern: str, of_classes: bool) -> bool:
    if re.fullmatch(r"https?://[^/]+/01/\d{14}", pattern):
        # A GTIN by itself is the class of all its things.
        pattern = str(urn(parse_identifier(pattern), company_prefix_length=6))
    is_pattern = pattern.startswith("urn:epc:idpat:") or "*" in pattern
    if not is_pattern:
        return _same(text, pattern)
    *_, scheme, components = pattern.split(":")
    wanted = components.split(".")
    for spelling in _urns(text):
        kind, found_scheme, found = spelling.split(":")[2:5]
        if found_scheme != scheme:
            continue
        if not of_classes and kind == "idpat":
            continue
        parts = found.split(".", len(wanted) - 1)
        if len(parts) == len(wanted) and all(map(_component_matches, parts, wanted)):
            return True
    return False


def _component_matches(found: str, wanted: str) -> bool:
    if wanted == "*":
        return True
    if between := re.fullmatch(r"\[(\d+)-(\d+)\]", wanted):
        number = found.isdecimal() and not found.startswith("0")
        return number and int(between[1]) <= int(found) <= int(between[2])
    return found == wanted


def _urns(text: str) -> Iterator[str]:
    """Yield the URNs that an identifier may have: a link does not say how long its prefix is."""
    if text.startswith("urn:epc:"):
        yield text
        return
    for length in range(6, 13):
        try:
            spelling = urn(parse_identifier(text), company_prefix_length=length)
        except EpcisError:
            continue
        if spelling.startswith("urn:epc:"):
            yield spelling


# --- extensions ---


SCOPES = {
    "ILMD": "ilmd",
    "ERROR_DECLARATION": "declaration",
    "SENSORELEMENT": "element",
    "SENSORMETADATA": "metadata",
    "SENSORREPORT": "report",
    "readPoint": "readPoint",
    "bizLocation": "bizLocation",
}


def _extension(event: Json, operator: str, field: str, wanted: Any, prefixes: Json) -> bool:
    inner = field.startswith("INNER_")
    rest = field.removeprefix("INNER_")
    where = "event"
    for scope, stands in SCOPES.items():
        if rest.startswith(f"{scope}_"):
            rest, where = rest.removeprefix(f"{scope}_"), stands
            break
    name = _uri(rest, prefixes)
    found: list[Any] = []
    for part in parts_of(event, where):
        for member, value in part.items():
            # Only extensions have a namespace.
            if ":" not in member:
                continue
            if inner:
                found += _nested(value, name, prefixes)
            elif _uri(member, prefixes) == name:
                found += leaves_of(value)
    if operator == "EXISTS":
        return wanted is False or bool(found)
    return any(_extension_compares(operator, value, wanted) for value in found)


def _uri(name: str, prefixes: Json) -> str:
    """Return a name with namespace and local name joined by #, whatever it is written with."""
    prefix, _, local = name.partition(":")
    namespace = prefixes.get(prefix)
    if namespace is not None and "#" not in name:
        if namespace.rstrip(":#") == "urn:epcglobal:cbv:mda":
            namespace = "urn:epcglobal:cbv:mda"
        return f"{namespace}#{local}"
    return name


def _nested(value: Any, name: str, prefixes: Json) -> list[Any]:
    found: list[Any] = []
    if isinstance(value, list):
        for member in value:
            found += _nested(member, name, prefixes)
    elif isinstance(value, dict):
        for key, member in value.items():
            if _uri(key, prefixes) == name:
                found += leaves_of(member)
            found += _nested(member, name, prefixes)
    return found


def leaves_of(value: Any) -> list[Any]:
    """Return the values of a field: it may be a list, and a value may have attributes."""
    if isinstance(value, list):
        return [leaf for member in value for leaf in leaves_of(member)]
    if isinstance(value, dict) and ("#text" in value or "@value" in value):
        return [value.get("#text", value.get("@value"))]
    return [] if value in (None, "", {}) else [value]


def _extension_compares(operator: str, value: Any, wanted: Any) -> bool:
    if operator == "EQ" and isinstance(wanted, list):
        return any(_extension_equals(value, member) for member in wanted)
    if operator == "EQ":
        if isinstance(wanted, str) and _is_time(wanted) and _is_time(value):
            return _instant(value) == _instant(wanted)
        return _extension_equals(value, wanted)
    if _is_number(wanted):
        number = _number_of(value)
        return number is not None and _compares(operator, number, wanted, None)
    return _is_time(value) and _compares(operator, value, wanted, None)


def _extension_equals(value: Any, wanted: Any) -> bool:
    if _is_number(wanted):
        number = _number_of(value)
        return number is not None and bool(number == Decimal(str(wanted)))
    if isinstance(value, bool):
        return bool(str(value).lower() == wanted)
    return isinstance(value, str) and bool(value == wanted)


def _number_of(value: Any) -> Decimal | None:
    """Return a number, also one that stands in a text, as all do in XML."""
    if _is_number(value):
        return Decimal(str(value))
    if isinstance(value, str) and re.fullmatch(
        r"[+-]?(\d+(\.\d*)?|\.\d+)([Ee][+-]?\d{1,4})?", value, re.ASCII
    ):
        number = Decimal(value)
        return number if abs(number.adjusted()) <= 308 else None
    return None
