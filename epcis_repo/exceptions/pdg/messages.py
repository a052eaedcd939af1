"""
The messages that partners exchange about exceptions: PDG's ExceptionReport and ExceptionResponse.

Values and members have the names of the schemas (August 2024). `MEMBERS` is the grammar: reader and
writer only walk it. What a partner adds, and what he says is null, is in `others` and goes out
again as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

Others = Mapping[str, Any]


class Resolution(StrEnum):
    """What a reporter asks for, or a partner offers in its place."""

    SEND_NEW_DATA = "Send new data"
    SEND_PRODUCT = "Send product"
    RETURN_PRODUCT = "Return product"
    SEND_BACK_PRODUCT = "Send back product"
    CREDIT_ACCOUNT = "Credit account"
    DEBIT_ACCOUNT = "Debit account"


class ObservationSource(StrEnum):
    """What showed that there is product without data."""

    SCAN = "Scan"
    PACKING_SLIP = "Packing Slip"
    ASN = "ASN"
    OTHER = "Other"


class ResolutionResponse(StrEnum):
    """What a partner says to what he is asked for."""

    ACCEPT = "Accept"
    REJECT = "Reject"


class FollowUpMethod(StrEnum):
    """How an alternative is to be talked over."""

    EMAIL = "Email"
    PHONE = "Phone"


@dataclass(frozen=True, slots=True)
class ContactInformation:
    """Who sends a message; `vp` is a verifiable presentation of his credentials, as a text."""

    email: str
    vp: str | None = None
    gln: str | None = None
    phone: str | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductNoEPCISDescription:
    """Product that came without data."""

    exception_item_uuid: str
    product_gtin: str
    observation_source: ObservationSource
    resolution_request: Resolution
    product_serial: str | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EPCISNoProductDescription:
    """Data, in a file, of product that did not come."""

    exception_item_uuid: str
    file_id: str
    product_gtin: str
    product_serial: str
    resolution_request: Resolution
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataMisalignmentDescription:
    """Product that is another than its data says."""

    exception_item_uuid: str
    received_product_gtin: str
    received_product_lot: str
    received_product_expiry: str
    received_product_serial: str | None
    product_data_gtin: str
    product_data_lot: str
    product_data_expiry: str
    product_data_serial: str | None
    resolution_request: Resolution
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OveragesUnderages:
    """More, or less, of a product than was ordered."""

    exception_item_uuid: str
    gtin: str
    quantity_ordered: int
    quantity_received: int
    resolution_request: Resolution
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GLNError:
    """A GLN that is not right, and what may be."""

    exception_item_uuid: str
    invalid_gln: str
    proposed_gln: str | None = None
    resolution_request: Resolution | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GTINError:
    """A GTIN that is not right, and what may be."""

    exception_item_uuid: str
    invalid_gtin: str
    proposed_gtin: str | None = None
    resolution_request: Resolution | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MasterDataErrors:
    """What is wrong with master data."""

    gln_errors: tuple[GLNError, ...] | None = None
    gtin_errors: tuple[GTINError, ...] | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a report is about, by kind."""

    missing_product_data: tuple[ProductNoEPCISDescription, ...] | None = None
    missing_product: tuple[EPCISNoProductDescription, ...] | None = None
    data_misalignment: tuple[DataMisalignmentDescription, ...] | None = None
    overages: tuple[OveragesUnderages, ...] | None = None
    underages: tuple[OveragesUnderages, ...] | None = None
    master_data_errors: MasterDataErrors | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExceptionReport:
    """What is wrong with a delivery, and what is asked for; or that all of it is resolved."""

    message_uuid: str
    exception_case_uuid: str
    timestamp: int
    po_number: str
    sender_information: ContactInformation
    case_resolved: bool
    exceptions: Exceptions | None = None
    other_errors: tuple[str, ...] | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AlternativeResolution:
    """What a partner offers in place of what he is asked for."""

    alternative_resolution: Resolution | None
    follow_up: FollowUpMethod | None
    follow_up_details: str | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseItem:
    """What a partner says to one item of a report."""

    exception_item_uuid: str
    resolution_response: ResolutionResponse
    comments: str | None = None
    alternative_resolution: AlternativeResolution | None = None
    others: Others = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """What a partner says to a report."""

    message_uuid: str
    exception_case_uuid: str
    timestamp: int
    sender_information: ContactInformation
    po_number: str
    response_items: tuple[ResponseItem, ...] | None = None
    additional_notes: str | None = None
    others: Others = field(default_factory=dict)


Message = ExceptionReport | ExceptionResponse


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of what is of a kind."""

    of: type


class Member(NamedTuple):
    """Of which kind a member is: a text, a number, a flag, a word, a value or a list of these."""

    kind: type | Listed
    required: bool = False
    nullable: bool = False


Grammar = Mapping[type, Mapping[str, Member]]
"""What each kind of value has, by name."""


def required(kind: type | Listed) -> Member:
    """Return a member that has to be there."""
    return Member(kind, required=True)


def optional(kind: type | Listed) -> Member:
    """Return a member that may be left out, or null."""
    return Member(kind, nullable=True)


def said(kind: type) -> Member:
    """Return a member that has to be there, also to say that there is none."""
    return Member(kind, required=True, nullable=True)


# Each member stands where its schema has it, and so in what we write.
MEMBERS: Grammar = {
    ContactInformation: {
        "vp": optional(str),
        "gln": optional(str),
        "email": required(str),
        "phone": optional(str),
    },
    ProductNoEPCISDescription: {
        "exception_item_uuid": required(str),
        "product_gtin": required(str),
        "observation_source": required(ObservationSource),
        "resolution_request": required(Resolution),
        "product_serial": optional(str),
    },
    EPCISNoProductDescription: {
        "exception_item_uuid": required(str),
        "file_id": required(str),
        "product_gtin": required(str),
        "product_serial": required(str),
        "resolution_request": required(Resolution),
    },
    DataMisalignmentDescription: {
        "exception_item_uuid": required(str),
        "received_product_gtin": required(str),
        "received_product_lot": required(str),
        "received_product_expiry": required(str),
        "received_product_serial": said(str),
        "product_data_gtin": required(str),
        "product_data_lot": required(str),
        "product_data_expiry": required(str),
        "product_data_serial": said(str),
        "resolution_request": required(Resolution),
    },
    OveragesUnderages: {
        "exception_item_uuid": required(str),
        "gtin": required(str),
        "quantity_ordered": required(int),
        "quantity_received": required(int),
        "resolution_request": required(Resolution),
    },
    GLNError: {
        "exception_item_uuid": required(str),
        "invalid_gln": required(str),
        "proposed_gln": optional(str),
        "resolution_request": optional(Resolution),
    },
    GTINError: {
        "exception_item_uuid": required(str),
        "invalid_gtin": required(str),
        "proposed_gtin": optional(str),
        "resolution_request": optional(Resolution),
    },
    MasterDataErrors: {
        "gln_errors": optional(Listed(GLNError)),
        "gtin_errors": optional(Listed(GTINError)),
    },
    Exceptions: {
        "missing_product_data": optional(Listed(ProductNoEPCISDescription)),
        "missing_product": optional(Listed(EPCISNoProductDescription)),
        "data_misalignment": optional(Listed(DataMisalignmentDescription)),
        "overages": optional(Listed(OveragesUnderages)),
        "underages": optional(Listed(OveragesUnderages)),
        "master_data_errors": optional(MasterDataErrors),
    },
    ExceptionReport: {
        "message_uuid": required(str),
        "exception_case_uuid": required(str),
        "timestamp": required(int),
        "po_number": required(str),
        "sender_information": required(ContactInformation),
        "exceptions": optional(Exceptions),
        "other_errors": optional(Listed(str)),
        "case_resolved": required(bool),
    },
    AlternativeResolution: {
        "alternative_resolution": said(Resolution),
        "follow_up": said(FollowUpMethod),
        "follow_up_details": optional(str),
    },
    ResponseItem: {
        "exception_item_uuid": required(str),
        "resolution_response": required(ResolutionResponse),
        "comments": optional(str),
        "alternative_resolution": optional(AlternativeResolution),
    },
    ExceptionResponse: {
        "message_uuid": required(str),
        "exception_case_uuid": required(str),
        "timestamp": required(int),
        "sender_information": required(ContactInformation),
        "po_number": required(str),
        "response_items": optional(Listed(ResponseItem)),
        "additional_notes": optional(str),
    },
}
