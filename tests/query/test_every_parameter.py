"""Every parameter of SimpleEventQuery: what it finds among some events, and what it does not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from epcis_repo.operations.capture import capture
from epcis_repo.query import PARAMETERS, parse_query
from epcis_repo.store import EventStore
from tests.operations.reports import JSON_LD, NOW
from tests.query.asking import EX, PREFIXES, event_ids, found, posted
from tests.query.oracle import answer
from tests.rest.documents import CONTEXT

SGTIN, LGTIN = "urn:epc:id:sgtin:030001.0012345.{}", "urn:epc:class:lgtin:030001.0012345.{}"
LINK = "https://example.com/01/00300010123455/21/{}"
OTHER = "urn:epc:id:sgtin:030001.1012345.{}"
PALLET, TOTE = "urn:epc:id:sscc:030001.41234567890", "urn:epc:id:grai:030001.123456.T1"
PLANT, DOCK, SHOP = (f"urn:epc:id:sgln:030001.00000{n}.0" for n in (1, 2, 3))
ROOM = "urn:epc:id:sgln:030001.000001.R7"
MAKER, BUYER = "urn:epc:id:pgln:030001.000008", "urn:epc:id:pgln:030001.000009"
LOGGER = "urn:epc:id:giai:030001.LOGGER1"
PO, OTHER_PO = "urn:epcglobal:cbv:bt:0300010000010:PO1", "urn:epcglobal:cbv:bt:0300010000010:PO2"
INVOICE = "urn:epc:id:gdti:030001.000004.I1"
OWN_STEP, OWN_TYPE = "https://example.com/steps/own", "https://example.com/types/own"

TEMPERATURE = {
    "sensorMetadata": {
        "time": "2026-01-02T00:00:00Z",
        "startTime": "2026-01-01T22:00:00Z",
        "endTime": "2026-01-01T23:00:00Z",
        "deviceID": LOGGER,
        "deviceMetadata": "https://example.com/meta/1",
        "rawData": "https://example.com/raw/1",
        "dataProcessingMethod": "https://example.com/method/1",
        "bizRules": "https://example.com/rules/1",
        "ex:calibrated": "2025-12-01T00:00:00Z",
    },
    "sensorReport": [
        {
            "type": "Temperature",
            "value": 20,
            "minValue": 18.5,
            "maxValue": 21,
            "meanValue": 19.25,
            "sDev": 0.5,
            "percRank": 95,
            "percValue": 20.5,
            "uom": "CEL",
            "ex:channel": 3,
        },
    ],
    "ex:logger": {"ex:position": "door"},
}
OTHER_SENSORS = {
    "sensorReport": [
        {
            "type": "gs1:Temperature",
            "value": 263.15,
            "uom": "KEL",
            "time": "2026-01-03T00:00:00Z",
            "deviceID": "https://id.gs1.org/8004/030001LOGGER2",
            "deviceMetadata": "https://example.com/meta/2",
            "rawData": "https://example.com/raw/2",
            "dataProcessingMethod": "https://example.com/method/2",
        },
        {"type": "https://example.com/own/type", "stringValue": "a|b", "booleanValue": True},
        {
            "type": "https://example.com/own/type",
            "hexBinaryValue": "F7A0",
            "uriValue": "https://example.com/uri/1",
            "microorganism": "https://example.com/organism/1",
            "chemicalSubstance": "https://example.com/substance/1",
        },
    ],
}


def event(kind: str, day: int, **members: Any) -> dict[str, Any]:
    at = {"eventTime": f"2026-01-{day:02}T12:00:00Z", "eventTimeZoneOffset": "+00:00"}
    action = {} if kind == "TransformationEvent" else {"action": "OBSERVE"}
    return {"type": kind, **at, **action, **members}


COMMISSIONED = event(
    "ObjectEvent",
    1,
    action="ADD",
    bizStep="commissioning",
    disposition="active",
    readPoint={"id": PLANT, "ex:gate": {"ex:number": 4}},
    bizLocation={"id": ROOM, "ex:zone": "cold"},
    epcList=[SGTIN.format(1), SGTIN.format(40)],
    ilmd={
        "cbvmda:lotNumber": "007",
        "cbvmda:itemExpirationDate": "2027-03-31",
        "ex:made": {"ex:line": [1, 2], "ex:at": "2026-01-01T06:00:00+06:00"},
        "ex:strength": 7.5,
    },
)

# By eventID: `urn:x:` and the letter.
EVENTS: dict[str, dict[str, Any]] = {
    "a": COMMISSIONED,
    "b": event(
        "ObjectEvent",
        2,
        bizStep=OWN_STEP,
        disposition="in_transit",
        readPoint={"id": DOCK},
        bizLocation={"id": "https://id.gs1.org/414/0300010000015"},
        epcList=[LINK.format(2)],
        bizTransactionList=[
            {"type": "po", "bizTransaction": PO},
            {"type": OWN_TYPE, "bizTransaction": INVOICE},
            {"bizTransaction": OTHER_PO},
        ],
        sourceList=[{"type": "owning_party", "source": MAKER}],
        destinationList=[
            {"type": "owning_party", "destination": BUYER},
            {"type": "possessing_party", "destination": MAKER},
        ],
    ),
    "c": event(
        "AggregationEvent",
        3,
        action="ADD",
        bizStep="packing",
        parentID=PALLET,
        childEPCs=[OTHER.format(7)],
        childQuantityList=[{"epcClass": LGTIN.format("L2"), "quantity": 12}],
    ),
    "d": event(
        "TransactionEvent",
        4,
        action="DELETE",
        parentID=PALLET,
        epcList=[SGTIN.format(2)],
        bizTransactionList=[{"type": "po", "bizTransaction": OTHER_PO}],
    ),
    "e": event(
        "TransformationEvent",
        5,
        transformationID="https://example.com/transformation/1",
        inputEPCList=[SGTIN.format(3)],
        inputQuantityList=[{"epcClass": LGTIN.format("L3"), "quantity": 0.5, "uom": "KGM"}],
        outputEPCList=[OTHER.format(8)],
        outputQuantityList=[
            {"epcClass": "urn:epc:idpat:sgtin:030001.0012345.*", "quantity": 200, "uom": "GRM"}
        ],
        ilmd={"cbvmda:lotNumber": "7"},
    ),
    "f": event("AssociationEvent", 6, parentID=TOTE, childEPCs=[LOGGER]),
    "g": event(
        "ObjectEvent",
        7,
        quantityList=[{"epcClass": LGTIN.format("L2"), "quantity": 3}],
        persistentDisposition={"set": ["damaged"], "unset": ["completeness_verified"]},
    ),
    "h": event("ObjectEvent", 8, epcList=[SGTIN.format(4)], sensorElementList=[TEMPERATURE]),
    "i": event("ObjectEvent", 9, epcList=[SGTIN.format(5)], sensorElementList=[OTHER_SENSORS]),
    "j": event(
        "ObjectEvent",
        10,
        epcList=[SGTIN.format(6)],
        **{
            "ex:count": 5,
            "ex:text": "5",
            "ex:grade": ["A", "B"],
            "ex:checked": "2026-01-10T00:00:00Z",
            "ex:nested": {"ex:deep": [{"ex:deeper": 9}], "ex:word": "inside"},
            "ex:flag": True,
            "ex:empty": "",
        },
    ),
    "k": event("ObjectEvent", 11, epcList=[SGTIN.format(9)], **{"ex:count": -2, "ex:place": PLANT}),
}
# The last declares the first in error, under the same eventID.
DECLARATION = COMMISSIONED | {
    "errorDeclaration": {
        "declarationTime": "2026-02-01T00:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:x:b"],
        "ex:by": "Ann",
        "ex:why": {"ex:code": 3},
    }
}
ALL = "abcdefghijkA"
MASTER_DATA = [
    {
        "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
        "vocabularyElementList": [
            {
                "id": PLANT,
                "attributes": [
                    {"id": "urn:epcglobal:cbv:mda#city", "attribute": "Bonn"},
                    {"id": "urn:epcglobal:cbv:mda#name", "attribute": "Plant"},
                ],
                "children": [ROOM],
            },
            {"id": DOCK, "attributes": [{"id": "urn:x:gates#count", "attribute": "4"}]},
        ],
    }
]

# What is asked as it is posted, and the events that are found, in order of capture; `A` is the
# declaration that `a` was in error.
ASKED: list[tuple[dict[str, Any], str]] = [
    ({"eventType": ["ObjectEvent"]}, "abghijkA"),
    ({"eventType": ["AggregationEvent", "TransformationEvent"]}, "ce"),
    ({"eventType": ["AssociationEvent", "TransactionEvent"]}, "df"),
    ({"eventType": ["https://example.com/OtherEvent"]}, ""),
    ({"eventType": ["QuantityEvent"]}, ""),
    ({"GE_eventTime": "2026-01-09T12:00:00Z"}, "ijk"),
    ({"GE_eventTime": "2026-01-09T13:00:00.000001+01:00"}, "jk"),
    ({"LT_eventTime": "2026-01-02T12:00:00Z"}, "aA"),
    ({"GE_eventTime": "2026-01-02T00:00:00Z", "LT_eventTime": "2026-01-04T00:00:00Z"}, "bc"),
    ({"GE_recordTime": "2020-01-01T00:00:00Z"}, ALL),
    ({"GE_recordTime": "2999-01-01T00:00:00Z"}, ""),
    ({"LT_recordTime": "2020-01-01T00:00:00Z"}, ""),
    ({"LT_recordTime": "2999-01-01T00:00:00Z"}, ALL),
    ({"EQ_action": ["ADD"]}, "acA"),
    ({"EQ_action": ["DELETE", "ADD"]}, "acdA"),
    ({"EQ_bizStep": ["commissioning"]}, "aA"),
    ({"EQ_bizStep": ["urn:epcglobal:cbv:bizstep:packing"]}, "c"),
    ({"EQ_bizStep": ["https://ref.gs1.org/cbv/BizStep-packing", OWN_STEP]}, "bc"),
    ({"EQ_bizStep": ["Packing"]}, ""),
    ({"EQ_disposition": ["in_transit", "urn:epcglobal:cbv:disp:active"]}, "abA"),
    ({"EQ_disposition": ["damaged"]}, ""),
    ({"EQ_persistentDisposition_set": ["damaged"]}, "g"),
    ({"EQ_persistentDisposition_set": ["urn:epcglobal:cbv:disp:damaged"]}, "g"),
    ({"EQ_persistentDisposition_set": ["completeness_verified"]}, ""),
    ({"EQ_persistentDisposition_unset": ["completeness_verified"]}, "g"),
    ({"EQ_persistentDisposition_unset": ["damaged"]}, ""),
    ({"EQ_readPoint": [PLANT]}, "aA"),
    ({"EQ_readPoint": ["https://id.gs1.org/414/0300010000022"]}, "b"),
    ({"EQ_readPoint": [ROOM]}, ""),
    ({"EQ_bizLocation": [PLANT]}, "b"),
    ({"EQ_bizLocation": [ROOM, SHOP]}, "aA"),
    ({"EQ_bizLocation": [DOCK]}, ""),
    ({"WD_readPoint": [PLANT]}, "aA"),
    ({"WD_readPoint": [SHOP]}, ""),
    ({"WD_bizLocation": [PLANT]}, "abA"),
    ({"WD_bizLocation": [ROOM]}, "aA"),
    ({"WD_bizLocation": [PLANT], "EQ_bizLocation": [ROOM]}, "aA"),
    ({"EQ_transformationID": ["https://example.com/transformation/1"]}, "e"),
    ({"EQ_transformationID": ["https://example.com/transformation/2"]}, ""),
    ({"MATCH_epc": [SGTIN.format(1)]}, "aA"),
    ({"MATCH_epc": [SGTIN.format(2)]}, "bd"),
    ({"MATCH_epc": ["https://id.gs1.org/01/00300010123455/21/2"]}, "bd"),
    ({"MATCH_epc": [LINK.format(1), OTHER.format(7)]}, "acA"),
    ({"MATCH_epc": [PALLET]}, ""),
    ({"MATCH_epc": [SGTIN.format(3)]}, ""),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:030001.0012345.*"]}, "abdhijkA"),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:030001.0012345.[1-4]"]}, "abdhA"),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:030001.0012345.9"]}, "k"),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:030001.*.*"]}, "abcdhijkA"),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:*.*.*"]}, "abcdhijkA"),
    ({"MATCH_epc": ["urn:epc:idpat:sgtin:030002.*.*"]}, ""),
    ({"MATCH_epc": ["urn:epc:idpat:giai:030001.*"]}, "f"),
    ({"MATCH_epc": ["https://id.gs1.org/01/10300010123452"]}, "c"),
    ({"MATCH_epc": [LGTIN.format("L2")]}, ""),
    ({"MATCH_parentID": [PALLET]}, "cd"),
    ({"MATCH_parentID": ["urn:epc:idpat:grai:030001.123456.*"]}, "f"),
    ({"MATCH_parentID": ["urn:epc:idpat:sscc:030001.*"]}, "cd"),
    ({"MATCH_parentID": [SGTIN.format(1)]}, ""),
    ({"MATCH_inputEPC": [SGTIN.format(3)]}, "e"),
    ({"MATCH_inputEPC": [OTHER.format(8)]}, ""),
    ({"MATCH_outputEPC": ["urn:epc:idpat:sgtin:030001.1012345.*"]}, "e"),
    ({"MATCH_outputEPC": [SGTIN.format(3)]}, ""),
    ({"MATCH_anyEPC": ["urn:epc:idpat:sgtin:030001.1012345.*"]}, "ce"),
    ({"MATCH_anyEPC": [PALLET, SGTIN.format(3)]}, "cde"),
    ({"MATCH_anyEPC": [LGTIN.format("L2")]}, ""),
    ({"MATCH_epcClass": [LGTIN.format("L2")]}, "cg"),
    ({"MATCH_epcClass": ["https://id.gs1.org/01/00300010123455/10/L2"]}, "cg"),
    ({"MATCH_epcClass": ["urn:epc:class:lgtin:030001.0012345.*"]}, "cg"),
    ({"MATCH_epcClass": ["urn:epc:class:lgtin:030001.*.*"]}, "cg"),
    ({"MATCH_epcClass": ["urn:epc:idpat:sgtin:030001.0012345.*"]}, ""),
    ({"MATCH_inputEPCClass": [LGTIN.format("L3")]}, "e"),
    ({"MATCH_inputEPCClass": [LGTIN.format("L2")]}, ""),
    ({"MATCH_outputEPCClass": ["urn:epc:idpat:sgtin:030001.*.*"]}, "e"),
    ({"MATCH_outputEPCClass": ["urn:epc:idpat:sgtin:030001.0012345.*"]}, "e"),
    ({"MATCH_outputEPCClass": ["https://id.gs1.org/01/00300010123455"]}, "e"),
    ({"MATCH_outputEPCClass": ["urn:epc:idpat:sgtin:030001.0012345.400"]}, ""),
    ({"MATCH_anyEPCClass": ["urn:epc:class:lgtin:*.*.*"]}, "ceg"),
    ({"MATCH_anyEPCClass": [LGTIN.format("L9")]}, ""),
    ({"EQ_quantity": [3, 12]}, "cg"),
    ({"EQ_quantity": [4]}, ""),
    ({"GT_quantity": 12}, "e"),
    ({"GE_quantity": 12}, "ce"),
    ({"LT_quantity": 3}, "e"),
    ({"LE_quantity": 3}, "eg"),
    ({"GT_quantity": 200}, ""),
    ({"EQ_quantity_GRM": [500]}, "e"),
    ({"EQ_quantity_KGM": [0.2]}, "e"),
    ({"GT_quantity_GRM": 500}, ""),
    ({"GE_quantity_GRM": 500}, "e"),
    ({"LT_quantity_KGM": 0.2}, ""),
    ({"LE_quantity_KGM": 0.2}, "e"),
    ({"EQ_quantity_LTR": [0.5]}, ""),
    ({"EQ_eventID": ["urn:x:a", "urn:x:g"]}, "agA"),
    ({"EQ_eventID": ["urn:x:z"]}, ""),
    ({"EXISTS_errorDeclaration": 1}, "A"),
    ({"EXISTS_errorDeclaration": False}, ALL),
    ({"GE_errorDeclarationTime": "2026-02-01T00:00:00Z"}, "A"),
    ({"GE_errorDeclaration_Time": "2026-02-01T00:00:00Z"}, "A"),
    ({"LT_errorDeclarationTime": "2026-02-01T00:00:00Z"}, ""),
    ({"LT_errorDeclarationTime": "2026-02-02T00:00:00Z"}, "A"),
    ({"GE_errorDeclaration_Time": "2026-02-01T00:00:01Z"}, ""),
    ({"LT_errorDeclaration_Time": "2026-02-01T00:00:01Z"}, "A"),
    ({"EQ_errorReason": ["urn:epcglobal:cbv:er:incorrect_data"]}, "A"),
    ({"EQ_errorReason": ["did_not_occur"]}, ""),
    ({"EQ_correctiveEventID": ["urn:x:b"]}, "A"),
    ({"EQ_correctiveEventID": ["urn:x:a"]}, ""),
    ({"EXISTS_sensorElementList": 1}, "hi"),
    ({"EXISTS_sensorElementList": False}, ALL),
    ({"EXISTS_sensorElement": True}, "hi"),
    ({"EXISTS_sensorElement": False}, ALL),
    ({"GE_time": "2026-01-03T00:00:00Z"}, "i"),
    ({"LT_time": "2026-01-03T00:00:00Z"}, "h"),
    ({"EQ_time": "2026-01-03T01:00:00+01:00"}, "i"),
    ({"EQ_time": "2026-01-04T00:00:00Z"}, ""),
    ({"GE_startTime": "2026-01-01T22:00:00Z"}, "h"),
    ({"LT_startTime": "2026-01-01T22:00:00Z"}, ""),
    ({"GE_endTime": "2026-01-01T23:00:00.1Z"}, ""),
    ({"LT_endTime": "2026-01-01T23:00:00.1Z"}, "h"),
    ({"GE_endTime": "2026-01-01T23:00:00Z"}, "h"),
    ({"GE_startTime": "2026-01-01T22:00:01Z"}, ""),
    ({"LT_startTime": "2026-01-01T22:00:01Z"}, "h"),
    ({"LT_endTime": "2026-01-01T23:00:00Z"}, ""),
    ({"EQ_type": ["Temperature"]}, "hi"),
    ({"EQ_type": ["gs1:Temperature"]}, "hi"),
    ({"EQ_type": ["https://gs1.org/voc/Temperature"]}, "hi"),
    ({"EQ_type": ["https://example.com/own/type"]}, "i"),
    ({"EQ_type": ["Humidity"]}, ""),
    ({"EQ_deviceID": [LOGGER]}, "h"),
    ({"EQ_deviceID": ["urn:epc:id:giai:030001.LOGGER2"]}, "i"),
    ({"EQ_deviceID": ["urn:epc:id:giai:030001.LOGGER3"]}, ""),
    ({"EQ_deviceMetadata": ["https://example.com/meta/1", "https://example.com/meta/2"]}, "hi"),
    ({"EQ_deviceMetadata": ["https://example.com/meta/3"]}, ""),
    ({"EQ_rawData": ["https://example.com/raw/2"]}, "i"),
    ({"EQ_rawData": ["https://example.com/raw/3"]}, ""),
    ({"EQ_dataProcessingMethod": ["https://example.com/method/1"]}, "h"),
    ({"EQ_dataProcessingMethod": ["https://example.com/method/3"]}, ""),
    ({"EQ_bizRules": ["https://example.com/rules/1"]}, "h"),
    ({"EQ_bizRules": ["https://example.com/rules/2"]}, ""),
    ({"EQ_microorganism": ["https://example.com/organism/1"]}, "i"),
    ({"EQ_microorganism": ["https://example.com/organism/2"]}, ""),
    ({"EQ_chemicalSubstance": ["https://example.com/substance/1"]}, "i"),
    ({"EQ_chemicalSubstance": ["https://example.com/substance/2"]}, ""),
    ({"EQ_stringValue": ["a|b"]}, "i"),
    ({"EQ_stringValue": ["a"]}, ""),
    ({"EQ_booleanValue": True}, "i"),
    ({"EQ_booleanValue": False}, ""),
    ({"EQ_hexBinaryValue": ["f7a0"]}, "i"),
    ({"EQ_hexBinaryValue": ["f7a1"]}, ""),
    ({"EQ_uriValue": ["https://example.com/uri/1"]}, "i"),
    ({"EQ_uriValue": ["https://example.com/uri/2"]}, ""),
    ({"EQ_percRank": [95]}, "h"),
    ({"EQ_percRank": [94]}, ""),
    ({"GE_percRank": 95}, "h"),
    ({"GT_percRank": 95}, ""),
    ({"LE_percRank": 95}, "h"),
    ({"LT_percRank": 95}, ""),
    ({"GT_percRank": 94}, "h"),
    ({"LT_percRank": 96}, "h"),
    ({"GE_percRank": 96}, ""),
    ({"LE_percRank": 94}, ""),
    # Families: lists with types.
    ({"EQ_bizTransaction_po": [PO]}, "b"),
    ({"EQ_bizTransaction_po": [OTHER_PO, PO]}, "bd"),
    ({"EQ_bizTransaction_urn:epcglobal:cbv:btt:po": [OTHER_PO]}, "d"),
    ({"EQ_bizTransaction_inv": [PO]}, ""),
    ({f"EQ_bizTransaction_{OWN_TYPE}": [INVOICE]}, "b"),
    ({f"EQ_bizTransaction_{OWN_TYPE}": ["https://id.gs1.org/253/0300010000046I1"]}, "b"),
    ({"EQ_source_owning_party": [MAKER]}, "b"),
    ({"EQ_source_owning_party": ["https://id.gs1.org/417/0300010000084"]}, "b"),
    ({"EQ_source_possessing_party": [MAKER]}, ""),
    ({"EQ_destination_owning_party": [BUYER]}, "b"),
    ({"EQ_destination_urn:epcglobal:cbv:sdt:possessing_party": [MAKER]}, "b"),
    ({"EQ_destination_possessing_party": [BUYER]}, ""),
    # Families: measures, in any unit of their kind.
    ({"EQ_value_CEL": [20]}, "h"),
    ({"EQ_value_KEL": [293.15]}, "h"),
    ({"EQ_value_FAH": [68]}, "h"),
    ({"EQ_value_CEL": [-10]}, "i"),
    ({"GE_value_KEL": 280}, "h"),
    ({"GT_value_KEL": 293.15}, ""),
    ({"LT_value_CEL": 0}, "i"),
    ({"LE_value_KEL": 293.15}, "hi"),
    ({"GT_value_P1": 1}, ""),
    ({"EQ_value": [20]}, "h"),
    ({"GE_minValue_CEL": 18.5}, "h"),
    ({"LT_minValue_CEL": 18.5}, ""),
    ({"GT_maxValue_KEL": 294}, "h"),
    ({"LE_maxValue_CEL": 20}, ""),
    ({"EQ_meanValue_CEL": [19.25]}, "h"),
    ({"GE_meanValue_CEL": 20}, ""),
    ({"EQ_sDev_KEL": [0.5]}, "h"),
    ({"GE_sDev": 0.6}, ""),
    ({"LT_sDev_FAH": 1}, "h"),
    ({"GE_percValue": 20}, "h"),
    ({"LT_percValue_CEL": 20}, ""),
    # Families: extensions of the event.
    ({"EQ_ex:count": 5}, "j"),
    ({"EQ_ex:count": [5, -2]}, "jk"),
    ({"EQ_ex:count": ["5"]}, ""),
    ({"GT_ex:count": 0}, "j"),
    ({"GE_ex:count": -2}, "jk"),
    ({"LT_ex:count": 5}, "k"),
    ({"LE_ex:count": -3}, ""),
    ({"EQ_ex:text": ["5"]}, "j"),
    ({"EQ_ex:text": 5}, "j"),
    ({"EQ_ex:grade": ["B"]}, "j"),
    ({"EQ_ex:grade": ["b"]}, ""),
    ({"EQ_ex:checked": "2026-01-10T01:00:00+01:00"}, "j"),
    ({"EQ_ex:checked": ["2026-01-10T01:00:00+01:00"]}, ""),
    ({"GE_ex:checked": "2026-01-10T00:00:00Z"}, "j"),
    ({"GT_ex:checked": "2026-01-10T00:00:00Z"}, ""),
    ({"EQ_ex:flag": ["true"]}, "j"),
    ({"EXISTS_ex:nested": 1}, "j"),
    ({"EXISTS_ex:empty": 1}, ""),
    ({"EXISTS_ex:deep": 1}, ""),
    ({"EXISTS_ex:count": 1}, "jk"),
    ({f"EQ_{EX}#count": 5}, "j"),
    ({"EXISTS_INNER_ex:deep": 1}, "j"),
    ({"EXISTS_INNER_ex:count": 1}, ""),
    ({"EQ_INNER_ex:deeper": 9}, "j"),
    ({"GT_INNER_ex:deeper": 9}, ""),
    ({"GE_INNER_ex:deeper": 9}, "j"),
    ({"LT_INNER_ex:deeper": 9.5}, "j"),
    ({"LE_INNER_ex:deeper": 8}, ""),
    ({"EQ_INNER_ex:word": ["inside"]}, "j"),
    # Families: instance and lot master data.
    ({"EQ_ILMD_cbvmda:lotNumber": ["007"]}, "aA"),
    ({"EQ_ILMD_urn:epcglobal:cbv:mda#lotNumber": ["7"]}, "e"),
    ({"EQ_ILMD_cbvmda:lotNumber": 7}, "aeA"),
    ({"EQ_ILMD_cbvmda:lotNumber": ["L"]}, ""),
    ({"GT_ILMD_ex:strength": 7}, "aA"),
    ({"GE_ILMD_ex:strength": 8}, ""),
    ({"LT_ILMD_ex:strength": 7.5}, ""),
    ({"LE_ILMD_ex:strength": 7.5}, "aA"),
    ({"EXISTS_ILMD_cbvmda:lotNumber": 1}, "aeA"),
    ({"EXISTS_ILMD_ex:line": 1}, ""),
    ({"EXISTS_INNER_ILMD_ex:line": 1}, "aA"),
    ({"EQ_INNER_ILMD_ex:line": [2]}, "aA"),
    ({"GT_INNER_ILMD_ex:line": 2}, ""),
    ({"GE_INNER_ILMD_ex:at": "2026-01-01T00:00:00Z"}, "aA"),
    ({"LT_INNER_ILMD_ex:at": "2026-01-01T00:00:00Z"}, ""),
    ({"LE_INNER_ILMD_ex:line": 1}, "aA"),
    # Families: extensions of error declarations.
    ({"EQ_ERROR_DECLARATION_ex:by": ["Ann"]}, "A"),
    ({"EQ_ERROR_DECLARATION_ex:by": ["Bob"]}, ""),
    ({"EXISTS_ERROR_DECLARATION_ex:why": 1}, "A"),
    ({"EXISTS_ERROR_DECLARATION_ex:code": 1}, ""),
    ({"EXISTS_INNER_ERROR_DECLARATION_ex:code": 1}, "A"),
    ({"EQ_INNER_ERROR_DECLARATION_ex:code": 3}, "A"),
    ({"GT_INNER_ERROR_DECLARATION_ex:code": 3}, ""),
    # Families: extensions of sensor elements, of what holds for all reports, and of reports.
    ({"EXISTS_SENSORELEMENT_ex:logger": 1}, "h"),
    ({"EXISTS_SENSORELEMENT_ex:channel": 1}, ""),
    ({"EQ_INNER_SENSORELEMENT_ex:position": ["door"]}, "h"),
    ({"GE_SENSORMETADATA_ex:calibrated": "2025-12-01T00:00:00Z"}, "h"),
    ({"GT_SENSORMETADATA_ex:calibrated": "2025-12-01T00:00:00Z"}, ""),
    ({"EXISTS_SENSORMETADATA_ex:calibrated": 1}, "h"),
    ({"EXISTS_INNER_SENSORMETADATA_ex:calibrated": 1}, ""),
    ({"EQ_SENSORREPORT_ex:channel": [3, 4]}, "h"),
    ({"LT_SENSORREPORT_ex:channel": 3}, ""),
    ({"EXISTS_SENSORREPORT_ex:channel": 1}, "h"),
    ({"EXISTS_INNER_SENSORREPORT_ex:channel": 1}, ""),
    # Families: extensions of places.
    ({"EQ_bizLocation_ex:zone": ["cold"]}, "aA"),
    ({"EQ_bizLocation_ex:zone": ["warm"]}, ""),
    ({"EXISTS_readPoint_ex:gate": 1}, "aA"),
    ({"EXISTS_readPoint_ex:number": 1}, ""),
    ({"EQ_INNER_readPoint_ex:number": 4}, "aA"),
    ({"GT_INNER_readPoint_ex:number": 4}, ""),
    ({"EXISTS_INNER_bizLocation_ex:zone": 1}, ""),
    # All of them must hold, and of a list that repeats any entry will do.
    ({"EQ_type": ["https://example.com/own/type"], "LT_value_CEL": 0}, "i"),
    ({"EQ_action": ["ADD"], "MATCH_anyEPC": [PALLET]}, "c"),
    ({"EQ_bizStep": ["packing"], "EQ_disposition": ["active"]}, ""),
    ({"EQ_bizStep": []}, ALL),
]
# Those that ask for master data.
BY_MASTER_DATA: list[tuple[dict[str, Any], str]] = [
    ({"HASATTR_readPoint": ["urn:epcglobal:cbv:mda#city"]}, "aA"),
    ({"HASATTR_readPoint": ["cbvmda:city", "urn:x:gates#count"]}, "abA"),
    ({"HASATTR_readPoint": ["urn:epcglobal:cbv:mda#street"]}, ""),
    ({"HASATTR_bizLocation": ["cbvmda:city"]}, "b"),
    ({"HASATTR_ex:place": ["cbvmda:city"]}, "k"),
    ({"EQATTR_readPoint_urn:epcglobal:cbv:mda#city": ["Bonn", "Rome"]}, "aA"),
    ({"EQ_ATTR_readPoint_urn:epcglobal:cbv:mda#city": ["Bonn"]}, "aA"),
    ({"EQATTR_readPoint_urn:epcglobal:cbv:mda#city": ["Rome"]}, ""),
    ({"EQATTR_readPoint_urn:x:gates#count": ["4"]}, "b"),
    ({"EQATTR_ex:place_cbvmda:name": ["Plant"]}, "k"),
]


def document() -> bytes:
    named = {f"urn:x:{letter}": said for letter, said in EVENTS.items()}
    events = [{**said, "eventID": event_id} for event_id, said in named.items()]
    return json.dumps(
        {
            "@context": [CONTEXT, PREFIXES],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-01-01T00:00:00Z",
            "epcisHeader": {"epcisMasterData": {"vocabularyList": MASTER_DATA}},
            "epcisBody": {"eventList": [*events, {**DECLARATION, "eventID": "urn:x:a"}]},
        }
    ).encode()


@pytest.fixture
async def twelve(store: EventStore) -> EventStore:
    """A store with the events above."""
    await capture(store, document(), JSON_LD, now=NOW)
    return store


async def letters(store: EventStore, query: dict[str, Any]) -> str:
    events = await found(store, posted(**query))
    return "".join(
        "A" if event.error_declaration else (event.event_id or "").removeprefix("urn:x:")
        for event in events
    )


async def test_finds_what_it_asks_for(twelve: EventStore, subtests: pytest.Subtests) -> None:
    """
    Each parameter finds the events that have what it asks for, and no other.
    """
    for query, expected in (*ASKED, *BY_MASTER_DATA):
        with subtests.test(json.dumps(query)):
            assert await letters(twelve, query) == expected


def test_the_oracle_agrees(subtests: pytest.Subtests) -> None:
    """
    The slow evaluation of the same queries over the same events finds the same.
    """
    recorded = {"recordTime": "2026-06-01T00:00:00Z"}
    events: list[dict[str, Any]] = [
        {**said, **recorded, "eventID": f"urn:x:{letter}"} for letter, said in EVENTS.items()
    ]
    events.append({**DECLARATION, **recorded, "eventID": "urn:x:a"})
    for query, expected in ASKED:
        with subtests.test(json.dumps(query)):
            places = answer(events, query, PREFIXES, within={PLANT: [ROOM]})
            assert "".join(ALL[place] for place in places) == expected


async def test_a_url_asks_the_same(twelve: EventStore, subtests: pytest.Subtests) -> None:
    """
    What is posted as a list, a number or nothing stands in a URL as a text, and finds the same.
    """
    for query, expected in (*ASKED, *BY_MASTER_DATA):
        if any(_says_more_than_a_url(name, value) for name, value in query.items()):
            continue
        asked = [(name, _in_url(value)) for name, value in query.items()]
        with subtests.test(str(asked)):
            events = await found(twelve, parse_query(asked, prefixes=PREFIXES))
            said = ["A" if e.error_declaration else (e.event_id or "")[-1] for e in events]
            assert "".join(said) == expected


def _says_more_than_a_url(name: str, value: Any) -> bool:
    # That a text is no number, that a number is no text, and what has the separator in it.
    members = value if isinstance(value, list) else [value]
    of_extension = name.startswith("EQ_") and ("ex:" in name or "ILMD" in name)
    return (
        any("|" in str(member) for member in members)
        or (of_extension and any(str(member).strip("-").isdecimal() for member in members))
        or (of_extension and isinstance(value, list) and str(members[0])[:4] == "2026")
    )


def _in_url(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(_in_url(member) for member in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_parameter_is_asked() -> None:
    """
    Each parameter with a fixed name finds something here, and each finds less than everything.
    """
    for name in PARAMETERS:
        expected = [matches for query, matches in ASKED if name in query]
        assert any(expected), name
        assert any(len(matches) < len(ALL) for matches in expected), name


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param("EQ_ex:text=5", "j", id="a text, or a number"),
        pytest.param("EQ_ex:count=5", "j", id="a number, or a text"),
        pytest.param("EQ_ex:count=5.0", "j", id="a number in other digits"),
        pytest.param("EQ_ex:text=5.0", "", id="a text letter by letter"),
        pytest.param("EQ_ILMD_cbvmda:lotNumber=7", "e", id="a lot is a text"),
        pytest.param("EQ_ILMD_cbvmda:lotNumber=007", "aA", id="a lot with zeros"),
        pytest.param("EQ_ex:checked=2026-01-10T01:00:00 01:00", "j", id="a plus that is a blank"),
        pytest.param("EQ_ex:grade=B|C", "j", id="a list"),
        pytest.param("EXISTS_ex:flag=", "j", id="nothing"),
        pytest.param("EXISTS_ex:flag=0", "j", id="an integer"),
        pytest.param("EQ_bizStep=", ALL, id="an empty value is none"),
        pytest.param("EQ_bizStep=ex:own", "", id="a prefix in a value"),
    ],
)
async def test_a_text_of_a_url_has_no_type(twelve: EventStore, asked: str, expected: str) -> None:
    """
    A text of a URL equals the same text, and the number or the time that it may stand for.
    """
    name, _, value = asked.partition("=")

    events = await found(twelve, parse_query([(name, value)], prefixes=PREFIXES))

    said = ["A" if e.error_declaration else (e.event_id or "")[-1] for e in events]
    assert "".join(said) == expected


async def test_a_declared_prefix_is_the_uri_that_it_means(twelve: EventStore) -> None:
    """
    A word with a prefix that the query declares finds the URI, as one of the event does.
    """
    prefixes = {"steps": "https://example.com/steps/", "types": "https://example.com/types/"}
    asked = [("EQ_bizStep", "steps:own"), ("EQ_bizTransaction_types:own", INVOICE)]

    assert await event_ids(twelve, parse_query(asked, prefixes=prefixes)) == ["urn:x:b"]
