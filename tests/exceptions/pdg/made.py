"""Messages that we make up: each member once, and in a word what partners write to one another."""

from __future__ import annotations

import json
from typing import Any

from jsonschema import Draft202012Validator

from tests.shared_data import shared

CASE_UUID = "5f0c2c0a-0d5b-4f5e-9a70-1d2b3c4d5e6f"
WHOLESALER = {
    "vp": None,
    "gln": "0300010000022",
    "email": "returns@wholesaler.example",
    "phone": "+1 555 0100",
}
MAKER = {"gln": "0300010000015", "email": "exceptions@maker.example"}
GTIN, OTHER_GTIN = "00300010123455", "10300010123452"

MISSING_DATA = {
    "exception_item_uuid": "item-missing-data",
    "product_gtin": GTIN,
    "observation_source": "Packing Slip",
    "resolution_request": "Send new data",
    "product_serial": "A1",
}
MISSING_PRODUCT = {
    "exception_item_uuid": "item-missing-product",
    "file_id": "shipment 4711.xml",
    "product_gtin": GTIN,
    "product_serial": "A2",
    "resolution_request": "Send product",
}
MISALIGNED = {
    "exception_item_uuid": "item-misaligned",
    "received_product_gtin": GTIN,
    "received_product_lot": "L1",
    "received_product_expiry": "271231",
    "received_product_serial": "A3",
    "product_data_gtin": GTIN,
    "product_data_lot": "L2",
    "product_data_expiry": "271231",
    "product_data_serial": None,
    "resolution_request": "Send new data",
}
OVERAGE = {
    "exception_item_uuid": "item-overage",
    "gtin": GTIN,
    "quantity_ordered": 10,
    "quantity_received": 12,
    "resolution_request": "Debit account",
}
UNDERAGE = {
    "exception_item_uuid": "item-underage",
    "gtin": OTHER_GTIN,
    "quantity_ordered": 5,
    "quantity_received": 4,
    "resolution_request": "Credit account",
}
GLN_ERROR = {
    "exception_item_uuid": "item-gln",
    "invalid_gln": "0300010000099",
    "proposed_gln": "0300010000022",
    "resolution_request": "Send new data",
}
GTIN_ERROR = {"exception_item_uuid": "item-gtin", "invalid_gtin": OTHER_GTIN, "proposed_gtin": None}


def report_value(message_uuid: str = "report-1", **members: Any) -> dict[str, Any]:
    """A report about nothing yet, by the wholesaler."""
    return {
        "message_uuid": message_uuid,
        "exception_case_uuid": CASE_UUID,
        "timestamp": 1_767_261_600,
        "po_number": "PO-1",
        "sender_information": WHOLESALER,
        "case_resolved": False,
        **members,
    }


def response_value(message_uuid: str = "response-1", **members: Any) -> dict[str, Any]:
    """A response that says nothing yet, by the manufacturer."""
    return {
        "message_uuid": message_uuid,
        "exception_case_uuid": CASE_UUID,
        "timestamp": 1_767_265_200,
        "sender_information": MAKER,
        "po_number": "PO-1",
        **members,
    }


def official(name: str) -> Draft202012Validator:
    """PDG's own schema of a report or a response; the test skips where it is absent."""
    path = shared(f"pdg-exceptions/schemas/{name}_schema.json")
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


WHOLE_REPORT = report_value(
    exceptions={
        "missing_product_data": [MISSING_DATA],
        "missing_product": [MISSING_PRODUCT],
        "data_misalignment": [MISALIGNED],
        "overages": [OVERAGE],
        "underages": [UNDERAGE],
        "master_data_errors": {"gln_errors": [GLN_ERROR], "gtin_errors": [GTIN_ERROR]},
    },
    other_errors=["The seal of the pallet was broken."],
)
WHOLE_RESPONSE = response_value(
    response_items=[
        {
            "exception_item_uuid": "item-overage",
            "resolution_response": "Reject",
            "comments": "We shipped ten.",
            "alternative_resolution": {
                "alternative_resolution": "Return product",
                "follow_up": "Phone",
                "follow_up_details": "ask for the returns desk",
            },
        },
        {
            "exception_item_uuid": "item-misaligned",
            "resolution_response": "Accept",
            "comments": None,
            "alternative_resolution": {"alternative_resolution": None, "follow_up": None},
        },
    ],
    additional_notes="The data will come today.",
)
