"""
The query language row by row, as the standard and its schemas spell it, and cases for each row.

`NAMES` is written from the standard (EPCIS 2.0, §8.2.7.1, and 1.2 where that has more), and from
nothing of `query/`: what is missing there is a name that is refused. `CASES` are made of tables of
what some events say: of each parameter one that finds, and one that does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

COMPARISONS = ("GT", "GE", "LT", "LE")
OPERATORS = ("EQ", *COMPARISONS)

# --- the names ---

BOUNDED = ("eventTime", "recordTime", "errorDeclarationTime", "time", "startTime", "endTime")
LISTED = (
    "action",
    "bizStep",
    "disposition",
    "persistentDisposition_set",
    "persistentDisposition_unset",
    "readPoint",
    "bizLocation",
    "transformationID",
    "eventID",
    "errorReason",
    "correctiveEventID",
    "type",
    "deviceID",
    "dataProcessingMethod",
    "bizRules",
    "microorganism",
    "chemicalSubstance",
    "stringValue",
    "hexBinaryValue",
    "uriValue",
    "booleanValue",
    # Of the draft of the tests alone.
    "deviceMetadata",
    "rawData",
    "time",
)
MATCHED = (
    "epc",
    "parentID",
    "inputEPC",
    "outputEPC",
    "anyEPC",
    "epcClass",
    "inputEPCClass",
    "outputEPCClass",
    "anyEPCClass",
)
EXISTING = ("errorDeclaration", "sensorElementList", "sensorElement")
# Of each what it is a measure of: the schema has no EQ for some, and nobody is refused for it.
MEASURES = ("value", "minValue", "maxValue", "meanValue", "sDev", "percValue")
ENTRIES = {"bizTransaction": "po", "source": "owning_party", "destination": "possessing_party"}
SCOPES = (
    "",
    "ILMD_",
    "ERROR_DECLARATION_",
    "SENSORELEMENT_",
    "SENSORMETADATA_",
    "SENSORREPORT_",
    "readPoint_",
    "bizLocation_",
)
# Fields whose values may have master data.
WITH_MASTER_DATA = (
    "readPoint",
    "bizLocation",
    "epcClass",
    "bizTransaction",
    "source",
    "destination",
    "bizStep",
    "disposition",
    "ex:place",
)
CITY = "urn:epcglobal:cbv:mda#city"


def names() -> Iterator[str]:
    """Yield the name of every parameter that says something of an event."""
    yield "eventType"
    yield from (f"{bound}_{name}" for name, bound in product(BOUNDED, ("GE", "LT")))
    # The official schema has this spelling of them.
    yield from (f"{bound}_errorDeclaration_Time" for bound in ("GE", "LT"))
    yield from (f"EQ_{name}" for name in LISTED)
    yield from (f"WD_{name}" for name in ("readPoint", "bizLocation"))
    yield from (f"MATCH_{name}" for name in MATCHED)
    yield from (f"EXISTS_{name}" for name in EXISTING)
    yield from (f"{operator}_quantity" for operator in OPERATORS)
    yield from (f"{operator}_percRank" for operator in OPERATORS)
    yield from (f"{operator}_quantity_KGM" for operator in OPERATORS)
    yield from (f"{operator}_{name}_CEL" for name, operator in product(MEASURES, OPERATORS))
    # The draft of the tests has them without a unit.
    yield from (f"{operator}_{name}" for name, operator in product(MEASURES, OPERATORS))
    yield from (f"EQ_{name}_{kind}" for name, kind in ENTRIES.items())
    for operator, inner, scope in product((*OPERATORS, "EXISTS"), ("", "INNER_"), SCOPES):
        yield f"{operator}_{inner}{scope}"
    yield from (f"HASATTR_{field}" for field in WITH_MASTER_DATA)
    # The official schema has the second spelling.
    for spelling, field in product(("EQATTR", "EQ_ATTR"), WITH_MASTER_DATA):
        yield f"{spelling}_{field}_{CITY}"


NAMES = tuple(names())
"""All of them; what ends in an underscore ends in the name of somebody's field."""

# --- what some events say ---

UNIT, OTHER_UNIT = (f"urn:epc:id:sgtin:030001.0012345.{n}" for n in (1, 2))
MADE_OF, MADE = (f"urn:epc:id:sgtin:030001.{n}012345.7" for n in (2, 3))
PALLET = "urn:epc:id:sscc:030001.41234567890"
LOT, IN_LOT, OUT_LOT, OTHER_LOT = (f"urn:epc:class:lgtin:030001.{n}012345.L" for n in range(4))
PLANT, ROOM, OTHER_PLACE = (f"urn:epc:id:sgln:030001.00000{n}.0" for n in (1, 2, 3))
MAKER, OTHER_PARTY = (f"urn:epc:id:pgln:030001.00000{n}" for n in (8, 9))
PO, OTHER_PO = (f"urn:epcglobal:cbv:bt:0300010000010:PO{n}" for n in (1, 2))
AT = "https://example.com/{}"
MOMENT, BEFORE, AFTER = (f"2026-01-1{n}T00:00:00Z" for n in (5, 4, 6))

# Fields of others, wherever they stand: a number, a time and a text, and the same within another.
THEIRS = {
    "ex:number": 5,
    "ex:moment": MOMENT,
    "ex:word": "a",
    "ex:in": {"ex:deep": {"ex:number2": 5, "ex:moment2": MOMENT, "ex:word2": "a"}},
}
FULL = {
    "type": "ObjectEvent",
    "eventID": "urn:x:f",
    "eventTime": MOMENT,
    "eventTimeZoneOffset": "+00:00",
    "action": "ADD",
    "bizStep": "commissioning",
    "disposition": "active",
    "persistentDisposition": {"set": ["damaged"], "unset": ["recalled"]},
    "readPoint": {"id": PLANT, **THEIRS},
    "bizLocation": {"id": ROOM, **THEIRS},
    "epcList": [UNIT],
    "quantityList": [{"epcClass": LOT, "quantity": 5, "uom": "KGM"}],
    "bizTransactionList": [{"type": "po", "bizTransaction": PO}],
    "sourceList": [{"type": "owning_party", "source": MAKER}],
    "destinationList": [{"type": "possessing_party", "destination": MAKER}],
    "ilmd": THEIRS,
    "errorDeclaration": {
        "declarationTime": MOMENT,
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:x:c"],
        **THEIRS,
    },
    "sensorElementList": [
        {
            "sensorMetadata": {
                "time": MOMENT,
                "startTime": MOMENT,
                "endTime": MOMENT,
                "deviceID": AT.format("device"),
                "deviceMetadata": AT.format("about"),
                "rawData": AT.format("raw"),
                "dataProcessingMethod": AT.format("method"),
                "bizRules": AT.format("rules"),
                **THEIRS,
            },
            "sensorReport": [
                {
                    "type": "Temperature",
                    **dict.fromkeys((*MEASURES, "percRank"), 5),
                    "uom": "CEL",
                    "microorganism": AT.format("organism"),
                    "chemicalSubstance": AT.format("substance"),
                    "stringValue": "a",
                    "hexBinaryValue": "F7",
                    "uriValue": AT.format("uri"),
                    "booleanValue": True,
                    **THEIRS,
                }
            ],
            **THEIRS,
        }
    ],
    "ex:place": PLANT,
    **THEIRS,
}
WHEN = {"eventTime": BEFORE, "eventTimeZoneOffset": "+00:00"}
EVENTS: dict[str, dict[str, Any]] = {
    # Full of everything that one event can say; bare; and what other types are for.
    "f": FULL,
    "b": {"type": "ObjectEvent", **WHEN, "action": "OBSERVE", "epcList": [OTHER_UNIT]},
    "p": {
        "type": "AggregationEvent",
        **WHEN,
        "action": "OBSERVE",
        "parentID": PALLET,
        "childEPCs": [OTHER_UNIT],
    },
    "t": {
        "type": "TransformationEvent",
        **WHEN,
        "transformationID": AT.format("transformation"),
        "inputEPCList": [MADE_OF],
        "outputEPCList": [MADE],
        "inputQuantityList": [{"epcClass": IN_LOT, "quantity": 3, "uom": "KGM"}],
        "outputQuantityList": [{"epcClass": OUT_LOT, "quantity": 3, "uom": "KGM"}],
    },
}
CHILDREN = {PLANT: [ROOM]}
# What master data says of each thing that the full event names: the city where it is.
DESCRIBED = (
    PLANT,
    ROOM,
    LOT,
    PO,
    MAKER,
    "urn:epcglobal:cbv:bizstep:commissioning",
    "urn:epcglobal:cbv:disp:active",
)

Case = tuple[str, Any, str]
"""A parameter, a value, and the letters of the events that have it."""


def _of_lists() -> Iterator[Case]:
    rows: dict[str, tuple[str, str]] = {
        "bizStep": ("commissioning", "packing"),
        "disposition": ("active", "in_transit"),
        "persistentDisposition_set": ("damaged", "recalled"),
        "persistentDisposition_unset": ("recalled", "damaged"),
        "readPoint": (PLANT, ROOM),
        "bizLocation": (ROOM, PLANT),
        "errorReason": ("incorrect_data", "did_not_occur"),
        "correctiveEventID": ("urn:x:c", "urn:x:f"),
        "eventID": ("urn:x:f", "urn:x:c"),
        "type": ("Temperature", "Humidity"),
        "deviceID": (AT.format("device"), AT.format("about")),
        "deviceMetadata": (AT.format("about"), AT.format("raw")),
        "rawData": (AT.format("raw"), AT.format("about")),
        "dataProcessingMethod": (AT.format("method"), AT.format("rules")),
        "bizRules": (AT.format("rules"), AT.format("method")),
        "microorganism": (AT.format("organism"), AT.format("substance")),
        "chemicalSubstance": (AT.format("substance"), AT.format("organism")),
        "stringValue": ("a", "A"),
        "hexBinaryValue": ("f7", "F8"),
        "uriValue": (AT.format("uri"), AT.format("URI")),
    }
    for name, (value, other) in rows.items():
        yield f"EQ_{name}", [value], "f"
        yield f"EQ_{name}", [other, value], "f"
        yield f"EQ_{name}", [other], ""
    yield "EQ_action", ["ADD"], "f"
    yield "EQ_action", ["OBSERVE"], "bp"
    yield "EQ_action", ["DELETE"], ""
    yield "EQ_transformationID", [AT.format("transformation")], "t"
    yield "EQ_transformationID", [AT.format("other")], ""
    yield "EQ_booleanValue", True, "f"
    yield "EQ_booleanValue", False, ""
    yield "eventType", ["ObjectEvent"], "fb"
    yield "eventType", ["AggregationEvent", "TransformationEvent"], "pt"
    yield "eventType", ["AssociationEvent"], ""
    for name, kind in ENTRIES.items():
        value, other = (PO, OTHER_PO) if name == "bizTransaction" else (MAKER, OTHER_PARTY)
        yield f"EQ_{name}_{kind}", [value], "f"
        yield f"EQ_{name}_{kind}", [other], ""
        # The value is there, and is of another type.
        yield f"EQ_{name}_other", [value], ""
    for name, has in (("readPoint", PLANT), ("bizLocation", ROOM)):
        yield f"WD_{name}", [has], "f"
        yield f"WD_{name}", [PLANT], "f"
        yield f"WD_{name}", [OTHER_PLACE], ""


def _of_things() -> Iterator[Case]:
    rows = {
        "epc": ((UNIT, "f"), (OTHER_UNIT, "bp"), (PALLET, ""), (MADE, "")),
        "parentID": ((PALLET, "p"), (UNIT, "")),
        "inputEPC": ((MADE_OF, "t"), (MADE, "")),
        "outputEPC": ((MADE, "t"), (MADE_OF, "")),
        "anyEPC": ((UNIT, "f"), (PALLET, "p"), (MADE_OF, "t"), (MADE, "t"), (LOT, "")),
        "epcClass": ((LOT, "f"), (IN_LOT, "")),
        "inputEPCClass": ((IN_LOT, "t"), (LOT, ""), (OUT_LOT, "")),
        "outputEPCClass": ((OUT_LOT, "t"), (IN_LOT, "")),
        "anyEPCClass": ((LOT, "f"), (IN_LOT, "t"), (OUT_LOT, "t"), (OTHER_LOT, "")),
    }
    for name, asked in rows.items():
        for text, letters in asked:
            yield f"MATCH_{name}", [text], letters
            yield f"MATCH_{name}", [_pattern_of(text), "urn:epc:idpat:sgtin:999999.*.*"], letters
            yield f"MATCH_{name}", [_pattern_of(text).replace("030001", "030002")], ""


def _pattern_of(text: str) -> str:
    """Return the pattern of all that differ from an identifier in the last component alone."""
    kind = "class:lgtin" if ":class:" in text else f"idpat:{text.split(':')[3]}"
    *known, last = text.rpartition(":")[2].split(".")
    # Those of one product are told apart, so that a pattern finds what its identifier does.
    star = "*" if ":class:" in text or ":sscc:" in text else f"[{last}-{last}]"
    return f"urn:epc:{kind}:{'.'.join([*known, star])}"


def _of_times() -> Iterator[Case]:
    for name in (*BOUNDED, "errorDeclaration_Time"):
        if name == "recordTime":
            continue
        others = "bpt" if name == "eventTime" else ""
        yield f"GE_{name}", MOMENT, "f"
        yield f"GE_{name}", AFTER, ""
        yield f"LT_{name}", AFTER, f"f{others}"
        yield f"LT_{name}", MOMENT, others
        yield f"LT_{name}", BEFORE, ""
        # The same moment in another zone.
        yield f"GE_{name}", MOMENT.replace("T00:00:00Z", "T01:00:00+01:00"), "f"
    for bound, finds, finds_not in (("GE", "2020", "2999"), ("LT", "2999", "2020")):
        yield f"{bound}_recordTime", f"{finds}-01-01T00:00:00Z", "fbpt"
        yield f"{bound}_recordTime", f"{finds_not}-01-01T00:00:00Z", ""
    yield "EQ_time", MOMENT, "f"
    yield "EQ_time", AFTER, ""


def _compared(least: Any, value: Any, most: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield what a value is compared with, and whether it holds."""
    yield from (("GT", least, True), ("GT", value, False), ("GE", value, True))
    yield from (("GE", most, False), ("LT", most, True), ("LT", value, False))
    yield from (("LE", value, True), ("LE", least, False))


def _of_numbers() -> Iterator[Case]:
    # Of each the least, the value and the most; in another unit of the kind, too.
    rows: dict[str, tuple[Any, Any, Any]] = {
        **dict.fromkeys(("percRank", *MEASURES), (4, 5, 6)),
        **{f"{name}_CEL": (4.5, 5, 5.5) for name in MEASURES},
        # A deviation has no zero.
        **{f"{name}_KEL": (278, 278.15, 279) for name in MEASURES if name != "sDev"},
        "sDev_KEL": (4, 5, 6),
    }
    for name, bounds in rows.items():
        yield f"EQ_{name}", [bounds[1]], "f"
        yield f"EQ_{name}", [bounds[2]], ""
        for operator, bound, holds in _compared(*bounds):
            yield f"{operator}_{name}", bound, "f" if holds else ""
    for unit, kilos in (("", 1), ("_KGM", 1), ("_GRM", 1000)):
        yield f"EQ_quantity{unit}", [5 * kilos], "f"
        yield f"EQ_quantity{unit}", [4 * kilos, 3 * kilos], "t"
        yield f"EQ_quantity{unit}", [4 * kilos], ""
        for operator, bound, letters in (
            ("GT", 3, "f"), ("GT", 5, ""), ("GE", 5, "f"), ("GE", 6, ""),
            ("LT", 5, "t"), ("LT", 3, ""), ("LE", 3, "t"), ("LE", 2, ""),
        ):  # fmt: skip
            yield f"{operator}_quantity{unit}", bound * kilos, letters
    yield "GE_quantity_LTR", 0, ""
    yield "GE_value_KGM", 0, ""


def _of_existence() -> Iterator[Case]:
    for name in EXISTING:
        yield f"EXISTS_{name}", 1, "f"
        yield f"EXISTS_{name}", False, "fbpt"


def _of_theirs() -> Iterator[Case]:
    """Yield what asks for the fields of others, in each scope; `2` is what stands within one."""
    for scope, inner in product(SCOPES, (False, True)):
        before, within = ("INNER_", "2") if inner else ("", "")
        field = f"{before}{scope}ex:{{}}{within}"
        number, moment, word = map(field.format, ("number", "moment", "word"))
        yield f"EXISTS_{number}", 1, "f"
        yield f"EXISTS_{word}", True, "f"
        yield f"EXISTS_{word}x", 1, ""
        # What stands within is not what stands there, and the other way round.
        other = field.format("number").removesuffix("2") if inner else f"{number}2"
        yield f"EXISTS_{other}", 1, ""
        yield f"EQ_{other}", 5, ""
        yield f"EQ_{number}", 5, "f"
        yield f"EQ_{number}", [6, 5], "f"
        yield f"EQ_{number}", 6, ""
        yield f"EQ_{word}", ["b", "a"], "f"
        yield f"EQ_{word}", ["A"], ""
        yield f"EQ_{moment}", MOMENT.replace("T00:00:00Z", "T01:00:00+01:00"), "f"
        yield f"EQ_{moment}", AFTER, ""
        for of, bounds in ((number, (4, 5, 6)), (moment, (BEFORE, MOMENT, AFTER))):
            for operator, bound, holds in _compared(*bounds):
                yield f"{operator}_{of}", bound, "f" if holds else ""
        # By the namespace itself, as XML and SOAP have it.
        yield f"GE_{number.replace('ex:', 'https://ns.example.com/epcis/#')}", 5, "f"
        yield f"GE_{number.replace('ex:', 'https://ns.example.org/epcis/#')}", 5, ""


def _of_master_data() -> Iterator[Case]:
    for field in WITH_MASTER_DATA:
        yield f"HASATTR_{field}", [CITY], "f"
        yield f"HASATTR_{field}", ["cbvmda:street", "cbvmda:city"], "f"
        yield f"HASATTR_{field}", ["cbvmda:street"], ""
        for spelling in ("EQATTR", "EQ_ATTR"):
            yield f"{spelling}_{field}_{CITY}", ["Bonn"], "f"
            yield f"{spelling}_{field}_{CITY}", ["Rome"], ""


CASES: tuple[Case, ...] = (
    *_of_lists(),
    *_of_things(),
    *_of_times(),
    *_of_numbers(),
    *_of_existence(),
    *_of_theirs(),
)
BY_MASTER_DATA: tuple[Case, ...] = tuple(_of_master_data())


def master_data_holds(event: Mapping[str, Any], name: str, wanted: list[str]) -> bool:
    """Whether the things that an event has in a field are in a city that is asked for."""
    field = name.removesuffix(f"_{CITY}")
    for spelling in ("HASATTR_", "EQATTR_", "EQ_ATTR_"):
        field = field.removeprefix(spelling)
    said = {
        "epcClass": [q["epcClass"] for q in event.get("quantityList", ())],
        "bizStep": [f"urn:epcglobal:cbv:bizstep:{event.get('bizStep')}"],
        "disposition": [f"urn:epcglobal:cbv:disp:{event.get('disposition')}"],
        "ex:place": [event.get("ex:place")],
        **{
            kind: [entry[kind] for entry in event.get(f"{kind}List", ())]
            for kind in ("bizTransaction", "source", "destination")
        },
        **{
            place: [event[place]["id"]] if place in event else []
            for place in ("readPoint", "bizLocation")
        },
    }
    is_described = any(thing in DESCRIBED for thing in said[field])
    if name.startswith("HASATTR_"):
        return is_described and any(text in (CITY, "cbvmda:city") for text in wanted)
    return is_described and "Bonn" in wanted
