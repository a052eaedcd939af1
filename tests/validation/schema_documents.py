"""
Documents for those who judge documents: valid ones with every field of the standard, and what
becomes of them by one or two strokes of the pen.

All chance comes from the `Random` that is passed, so that a document can be had again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from lxml import etree

from epcis_repo.bindings.jsonld import parse_jsonld
from epcis_repo.bindings.xml import render_xml_document
from epcis_repo.model.events import EVENT_TYPES, FIELDS, Event, Kind

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
EX = "https://ns.example.com/epcis/"
EPC, OTHER_EPC = "urn:epc:id:sgtin:030001.0012345.1", "https://id.gs1.org/01/00300010123455/21/2"
SSCC, SGLN = "urn:epc:id:sscc:030001.00000000001", "urn:epc:id:sgln:030001.111111.0"
LOT = "urn:epc:class:lgtin:030001.0012345.L1"
TIME = "2026-01-31T12:00:00Z"
QUANTITIES = [{"epcClass": LOT, "quantity": 10}, {"epcClass": LOT, "quantity": 2.5, "uom": "KGM"}]
PLACE = {"id": SGLN}

# A valid value or several for each kind of field, and for fields of a kind that differ.
VALUES: dict[Kind | str, tuple[Any, ...]] = {
    Kind.TIME: (TIME, "2026-01-31T12:00:00.123+05:30"),
    Kind.ZONE_OFFSET: ("+00:00", "-05:00", "+14:00"),
    "eventID": ("urn:uuid:0b9d5a4e-5b0e-4a3c-9f55-6d1c2d1f0a01",),
    Kind.ACTION: ("ADD", "OBSERVE", "DELETE"),
    Kind.BIZ_STEP: ("shipping", "https://example.com/step", "ex:step"),
    Kind.DISPOSITION: ("active", "https://example.com/disposition"),
    Kind.EPCS: ([EPC], [EPC, OTHER_EPC]),
    "parentID": (SSCC,),
    Kind.QUANTITIES: (QUANTITIES, QUANTITIES[:1]),
    Kind.PLACE: (PLACE, {"id": "https://id.gs1.org/414/0300011111116", "ex:bay": "7"}),
    Kind.BIZ_TRANSACTIONS: (
        [{"type": "po", "bizTransaction": "urn:example:po:1"}],
        [{"bizTransaction": "urn:example:po:1"}],
    ),
    Kind.SOURCES: ([{"type": "owning_party", "source": SGLN}],),
    Kind.DESTINATIONS: ([{"type": "location", "destination": SGLN}],),
    Kind.SENSOR_ELEMENTS: (
        [{"sensorReport": [{"type": "Temperature", "value": 4.5, "uom": "CEL"}]}],
        [
            {
                "sensorMetadata": {"time": TIME, "deviceID": "urn:epc:id:giai:030001.S1"},
                "sensorReport": [
                    {"type": "Humidity", "exception": "ALARM_CONDITION"},
                    {"type": "ex:seen", "booleanValue": True, "hexBinaryValue": "F0"},
                ],
                "ex:note": "n",
            }
        ],
    ),
    Kind.PERSISTENT_DISPOSITION: ({"set": ["active"], "unset": ["expired"]}, {"set": ["damaged"]}),
    Kind.CERTIFICATION_INFO: ("https://example.com/certificate",),
    Kind.ERROR_DECLARATION: (
        {"declarationTime": "2026-02-01T00:00:00Z", "reason": "incorrect_data"},
        {"declarationTime": "2026-02-01T00:00:00Z", "correctiveEventIDs": ["urn:uuid:1"]},
    ),
    Kind.ILMD: ({"cbvmda:lotNumber": "L1", "ex:more": {"ex:a": "1"}},),
    "transformationID": ("urn:example:transformation:1",),
}
VALUES[Kind.SENSOR_ELEMENTS][1][0]["sensorReport"][0]["type"] = "RelativeHumidity"
NEEDED = {"bizTransactionList", "parentID", "epcList", "childEPCs", "inputEPCList", "outputEPCList"}
NOT_IN_1_2 = {"sensorElementList", "persistentDisposition", "certificationInfo"}


def json_event(random: Random, cls: type[Event], *, without: frozenset[str] = frozenset()) -> Any:
    """An event with some of all fields that its type has."""
    event: dict[str, Any] = {"type": cls.__name__}
    for field in FIELDS[cls]:
        is_needed = field.standard in {"eventTime", "eventTimeZoneOffset", "action", *NEEDED}
        if field.standard in without or not (is_needed or random.random() < 0.4):
            continue
        values = VALUES.get(field.standard) or VALUES[field.kind]
        event[field.standard] = copy.deepcopy(random.choice(values))
    if "ilmd" in event and "action" in event:
        event["action"] = "ADD"
    if random.random() < 0.3:
        event["ex:more"] = random.choice(["text", {"ex:a": ["1", "2"], "ex:b": "3"}])
    return event


def json_document(random: Random, *, of_1_2: bool = False) -> Any:
    """A document, an answer to a query or an event by itself, valid whoever is asked."""
    types = [cls for name, cls in EVENT_TYPES.items() if not (of_1_2 and name[:2] == "As")]
    without = frozenset(NOT_IN_1_2 if of_1_2 else ())
    events = [
        json_event(random, random.choice(types), without=without)
        for _ in range(random.choice([0, 1, 1, 2]))
    ]
    start = {"@context": [CONTEXT, {"ex": EX}]}
    dates = {"schemaVersion": "2.0", "creationDate": TIME}
    chance = random.random()
    if chance < 0.15 and events and not of_1_2:
        return start | events[0]
    if chance < 0.3:
        results = {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": events}}
        body = {"queryResults": results}
        return {**start, "type": "EPCISQueryDocument", **dates, "epcisBody": body}
    element = {"id": SGLN, "attributes": [{"id": "urn:epcglobal:cbv:mda#name", "attribute": "n"}]}
    if random.random() < 0.5:
        element["children"] = [SGLN]
    vocabulary = {"type": "urn:epcglobal:epcis:vtype:Location", "vocabularyElementList": [element]}
    header = {"epcisHeader": {"epcisMasterData": {"vocabularyList": [vocabulary]}}}
    return {
        **start,
        "type": "EPCISDocument",
        **dates,
        **(header if random.random() < 0.4 and not of_1_2 else {}),
        "epcisBody": {"eventList": events},
    }


SBDH = """<s:StandardBusinessDocumentHeader
 xmlns:s="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader">
<s:HeaderVersion>1.0</s:HeaderVersion>
<s:Sender><s:Identifier Authority="SGLN">urn:epc:id:sgln:030001.111111.0</s:Identifier></s:Sender>
<s:Receiver><s:Identifier>urn:epc:id:sgln:030001.111112.0</s:Identifier></s:Receiver>
<s:DocumentIdentification><s:Standard>EPCglobal</s:Standard><s:TypeVersion>1.0</s:TypeVersion>
<s:InstanceIdentifier>i</s:InstanceIdentifier><s:Type>Events</s:Type>
<s:CreationDateAndTime>2026-01-31T12:00:00Z</s:CreationDateAndTime></s:DocumentIdentification>
</s:StandardBusinessDocumentHeader>"""


def xml_document(random: Random, version: str) -> etree._Element:
    """A document or an answer to a query in XML, valid whoever is asked."""
    of_1_2 = version == "1.2"
    while "eventTime" in (value := json_document(random, of_1_2=of_1_2)):
        pass
    body = render_xml_document(parse_jsonld(json.dumps(value).encode()), version)
    root = etree.fromstring(body)
    if random.random() < 0.3:
        header = root.find("EPCISHeader")
        if header is None:
            header = etree.Element("EPCISHeader")
            root.insert(0, header)
        header.insert(0, etree.fromstring(SBDH))
    return root


# Strokes ----------------------------------------------------------------------------------

JUNK: tuple[Any, ...] = (
    None, True, 0, -1, 2.5, "", " ", "x", "two words", "urn:x:y", "ex:a", "shiping", "shipping",
    "urn:epcglobal:cbv:bizstep:shipping", "https://ref.gs1.org/cbv/BizStep-shipping", "add", "ADD",
    "2026-01-31T12:00:00", "2026-02-30T12:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z",
    "2026-01-31t12:00:00z", "2026-01-31", "yesterday", "Z", "+5:30", "+15:00", "urn:epc:id:sgtin:1",
    "http://[bad", "%zz", "ü:ü", [], {}, [1], ["urn:x:y"], ["urn:x:y", "urn:x:y"], {"id": SGLN},
    {"ex:a": 1}, {"plain": 1}, EPC, LOT, SSCC, "ObjectEvent", "QuantityEvent", "ex:Event",
)  # fmt: skip
NAMES = (
    "plain", "ex:more", "undeclared:name", "https://example.com/name", "@ex:attribute", "type",
    "id", "@context", "eventID", "parentID", "epcList", "action", "ilmd", "persistentDisposition",
    "sensorElementList", "quantity", "source", "bizTransactionList", "recordTime", "value", "naïve",
)  # fmt: skip


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container in a JSON value with each key that it has."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places_in(value[key])


def with_a_stroke(value: Any, random: Random) -> Any:
    """A JSON document with one thing changed."""
    value = copy.deepcopy(value)
    container, key = random.choice(list(places_in(value)))
    stroke = random.choice(("drop", "junk", "junk", "empty", "rename", "add", "twice", "move"))
    inner = container[key]
    if stroke == "drop":
        del container[key]
    elif stroke == "junk":
        container[key] = copy.deepcopy(random.choice(JUNK))
    elif stroke == "empty":
        container[key] = type(inner)() if isinstance(inner, dict | list) else ""
    elif stroke == "rename" and isinstance(container, dict):
        container[random.choice((*NAMES, f"{key}s", f"ex:{key}", key.upper()))] = container.pop(key)
    elif stroke == "twice" and isinstance(container, list):
        container.insert(key, copy.deepcopy(inner))
    elif stroke == "move":
        other, place = random.choice(list(places_in(value)))
        other[place] = copy.deepcopy(inner)
    else:
        target = inner if isinstance(inner, dict) else value
        target[random.choice(NAMES)] = copy.deepcopy(random.choice(JUNK))
    return value


TEXTS = (
    *(text for text in JUNK if isinstance(text, str)),
    "1E3", "INF", "NaN", "1e999", " 10 ", " ADD ", "1_0", "10", "true", "yes", "F0F", "2.0.0",
    "urn:epcglobal:cbv:disp:active",
)  # fmt: skip
TAGS = (
    "extension", "baseExtension", "x", f"{{{EX}}}x", "{urn:epcglobal:epcis:xsd:2}x",
    "{urn:epcglobal:epcis:xsd:1}x", "eventID", "eventTime", "action", "epc", "epcList", "ilmd",
    "parentID", "bizStep", "readPoint", "id", "quantity", "uom", "set", "unset", "reason",
    "children", "ObjectEvent", "TransformationEvent", "QuantityEvent", "sensorReport",
    "VocabularyElement",
)  # fmt: skip
ATTRIBUTES = (
    "type", "id", "x", f"{{{EX}}}x", "schemaVersion", "creationDate", "value", "time", "uom",
    "hexBinaryValue", "booleanValue", "{http://www.w3.org/2001/XMLSchema-instance}nil",
    "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation",
)  # fmt: skip
Stroke = Callable[[etree._Element, Random], None]


def _drop(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _twice(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.insert(parent.index(element), copy.deepcopy(element))


def _elsewhere(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)
        parent.insert(random.randint(0, len(parent)), element)


def _rename(element: etree._Element, random: Random) -> None:
    element.tag = random.choice((*TAGS, f"{etree.QName(element).localname}s"))


def _text(element: etree._Element, random: Random) -> None:
    element.text = random.choice(TEXTS)


def _attribute(element: etree._Element, random: Random) -> None:
    names = [str(name) for name in element.keys()]  # noqa: SIM118 - an element's keys
    element.set(random.choice((*names, *ATTRIBUTES)), random.choice(TEXTS))


def _no_attribute(element: etree._Element, random: Random) -> None:
    for name in list(element.attrib)[:1]:
        del element.attrib[name]


def _child(element: etree._Element, random: Random) -> None:
    child = etree.Element(random.choice(TAGS))
    child.text = random.choice((None, *TEXTS))
    element.insert(random.randint(0, len(element)), child)


def _wrap(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        wrapper = etree.Element(random.choice(("extension", "baseExtension", f"{{{EX}}}x")))
        parent.replace(element, wrapper)
        wrapper.append(element)


def _unwrap(element: etree._Element, random: Random) -> None:
    parent = element.getparent()
    if parent is not None:
        index = parent.index(element)
        parent[index : index + 1] = list(element)


def _empty(element: etree._Element, random: Random) -> None:
    element[:] = []
    element.text = None


def _tail(element: etree._Element, random: Random) -> None:
    if element.getparent() is not None:
        element.tail = random.choice(("text", "\n  "))


STROKES: tuple[Stroke, ...] = (
    _drop, _twice, _elsewhere, _elsewhere, _rename, _text, _text, _attribute, _attribute,
    _no_attribute, _child, _child, _wrap, _unwrap, _empty, _tail,
)  # fmt: skip


def xml_with_a_stroke(root: etree._Element, random: Random) -> etree._Element:
    """An XML document with one thing changed."""
    root = copy.deepcopy(root)
    elements = [element for element in root.iter() if not str(element.tag).startswith("{http:")]
    random.choice(STROKES)(random.choice(elements), random)
    return root
