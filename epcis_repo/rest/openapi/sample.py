"""
The documents of the examples: a bottle is commissioned and packed, its case shipped and received.

Whoever sends the examples one after the other to an empty repository gets the answers that are
shown.
"""

from __future__ import annotations

from typing import Any

from epcis_repo.bindings.jsonld import CONTEXT

BOTTLE = "urn:epc:id:sgtin:0312345.067890.S1"
CASE = "urn:epc:id:sgtin:0312345.167890.C1"
PLANT = "urn:epc:id:sgln:0312345.00001.0"
PHARMACY = "urn:epc:id:sgln:0399999.00002.0"
GTIN, LOT, SERIAL, EXPIRY = "00312345678906", "L42", "S1", "281231"
SHIPPED = "urn:uuid:5f6b0a1e-6f0b-4b0e-9a53-0c1d5a4b7e21"
RECEIVED = "urn:uuid:0d9f6a52-8f0a-4a3c-b0de-3a5c2b6f1e77"


def _event(kind: str, hour: int, **members: Any) -> dict[str, Any]:
    when = {"eventTime": f"2026-03-02T{hour:02}:00:00-05:00", "eventTimeZoneOffset": "-05:00"}
    return {"type": kind, **when, **members}


RECEIPT: dict[str, Any] = {
    "@context": CONTEXT,
    **_event(
        "ObjectEvent",
        16,
        eventID=RECEIVED,
        action="OBSERVE",
        bizStep="receiving",
        disposition="in_progress",
        epcList=[CASE],
        readPoint={"id": PHARMACY},
        bizLocation={"id": PHARMACY},
    ),
}
SHIPMENT: dict[str, Any] = {
    "@context": [CONTEXT, {"cbvmda": "urn:epcglobal:cbv:mda"}],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-02T20:00:00Z",
    "epcisHeader": {
        "epcisMasterData": {
            "vocabularyList": [
                {
                    "type": "urn:epcglobal:epcis:vtype:EPCClass",
                    "vocabularyElementList": [
                        {
                            "id": "urn:epc:idpat:sgtin:0312345.067890.*",
                            "attributes": [
                                {
                                    "id": "urn:epcglobal:cbv:mda#regulatedProductName",
                                    "attribute": "Examplol",
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    },
    "epcisBody": {
        "eventList": [
            _event(
                "ObjectEvent",
                9,
                action="ADD",
                bizStep="commissioning",
                disposition="active",
                epcList=[BOTTLE],
                readPoint={"id": PLANT},
                bizLocation={"id": PLANT},
                ilmd={"cbvmda:lotNumber": LOT, "cbvmda:itemExpirationDate": "2028-12-31"},
            ),
            _event(
                "AggregationEvent",
                10,
                action="ADD",
                bizStep="packing",
                disposition="in_progress",
                parentID=CASE,
                childEPCs=[BOTTLE],
                readPoint={"id": PLANT},
                bizLocation={"id": PLANT},
            ),
            _event(
                "ObjectEvent",
                12,
                eventID=SHIPPED,
                action="OBSERVE",
                bizStep="shipping",
                disposition="in_transit",
                epcList=[CASE],
                readPoint={"id": PLANT},
            ),
        ]
    },
}
POLL = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:q="urn:epcglobal:epcis-query:xsd:2"><soapenv:Body><q:GetStandardVersion/>'
    "</soapenv:Body></soapenv:Envelope>"
)
