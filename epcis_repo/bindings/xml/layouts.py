"""
Where each field stands in EPCIS XML, by version: the tables that reading and writing share.

All versions are one binding over two layouts: 1.0 and 1.1 have the namespaces of 1.2, and what
they have not yet is absent. Reading takes a field wherever a layout knows a place for it; writing
keeps the order.
"""

from __future__ import annotations

from typing import Any

from epcis_repo.model.documents import MASTER_DATA_DOCUMENT
from epcis_repo.model.events import (
    FIELDS,
    AggregationEvent,
    AssociationEvent,
    Event,
    Field,
    ObjectEvent,
    TransactionEvent,
    TransformationEvent,
)

NAMESPACES = {"1.2": "urn:epcglobal:epcis:xsd:1", "2.0": "urn:epcglobal:epcis:xsd:2"}
QUERY_NAMESPACES = {
    "1.2": "urn:epcglobal:epcis-query:xsd:1",
    "2.0": "urn:epcglobal:epcis-query:xsd:2",
}
MASTER_DATA_NAMESPACES = {
    "1.2": "urn:epcglobal:epcis-masterdata:xsd:1",
    "2.0": "urn:epcglobal:epcis-masterdata:xsd:2",
}
# By the schema that they have: what documents are called, and in which namespace.
DOCUMENT_TYPES = {
    "epcis": ("EPCISDocument", NAMESPACES),
    "query": ("EPCISQueryDocument", QUERY_NAMESPACES),
    "masterdata": (MASTER_DATA_DOCUMENT, MASTER_DATA_NAMESPACES),
}
# EPCIS 2.0, §9.5: a header has no place for extensions any more, so those of US healthcare, which
# belong to it, stand at the end of the document.
OF_HEADER = "{http://epcis.gs1us.org/hc/ns}"
# JSON-LD has an id for a document. XML has none of its own; this is how it says what something is.
DOCUMENT_ID = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
STANDARD_NAMESPACES = tuple(
    namespace for _, by_version in DOCUMENT_TYPES.values() for namespace in by_version.values()
)

Layout = tuple[Any, ...]

_BASE_1_2: Layout = (
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    ("baseExtension", ("eventID", "errorDeclaration")),
)
_BASE_2_0: Layout = (
    "eventTime",
    "recordTime",
    "eventTimeZoneOffset",
    "eventID",
    "errorDeclaration",
    "certificationInfo",
)
_WHY_AND_WHERE: Layout = ("action", "bizStep", "disposition", "readPoint", "bizLocation")
_ENDS: Layout = ("sourceList", "destinationList")
_HOW: Layout = ("sensorElementList", "persistentDisposition")
_TRANSFORMATION: Layout = (
    "inputEPCList",
    "inputQuantityList",
    "outputEPCList",
    "outputQuantityList",
    "transformationID",
    *_WHY_AND_WHERE[1:],
    "bizTransactionList",
    *_ENDS,
)

# Where each field stands: a name, or a wrapper with the names in it (EPCIS 1.2, §9.5, which
# put what came after 1.0 into <extension>; EPCIS 2.0, §9.5, which has it all side by side).
LAYOUTS: dict[str, dict[type[Event], Layout]] = {
    "1.2": {
        ObjectEvent: (
            *_BASE_1_2,
            "epcList",
            *_WHY_AND_WHERE,
            "bizTransactionList",
            ("extension", ("quantityList", *_ENDS, "ilmd")),
        ),
        AggregationEvent: (
            *_BASE_1_2,
            "parentID",
            "childEPCs",
            *_WHY_AND_WHERE,
            "bizTransactionList",
            ("extension", ("childQuantityList", *_ENDS)),
        ),
        TransactionEvent: (
            *_BASE_1_2,
            "bizTransactionList",
            "parentID",
            "epcList",
            *_WHY_AND_WHERE,
            ("extension", ("quantityList", *_ENDS)),
        ),
        TransformationEvent: (*_BASE_1_2, *_TRANSFORMATION, "ilmd"),
    },
    "2.0": {
        ObjectEvent: (
            *_BASE_2_0,
            "epcList",
            *_WHY_AND_WHERE,
            "bizTransactionList",
            "quantityList",
            *_ENDS,
            *_HOW,
            "ilmd",
        ),
        AggregationEvent: (
            *_BASE_2_0,
            "parentID",
            "childEPCs",
            *_WHY_AND_WHERE,
            "bizTransactionList",
            "childQuantityList",
            *_ENDS,
            *_HOW,
        ),
        TransactionEvent: (
            *_BASE_2_0,
            "bizTransactionList",
            "parentID",
            "epcList",
            *_WHY_AND_WHERE,
            "quantityList",
            *_ENDS,
            *_HOW,
        ),
        TransformationEvent: (*_BASE_2_0, *_TRANSFORMATION, *_HOW, "ilmd"),
        AssociationEvent: (
            *_BASE_2_0,
            "parentID",
            "childEPCs",
            "childQuantityList",
            *_WHY_AND_WHERE,
            "bizTransactionList",
            *_ENDS,
            *_HOW,
        ),
    },
}

# EPCIS 1.2, §7.4.4: versions before 2.0 count a class of objects in an event of its own. In the
# model it is an ObjectEvent that observes the quantity, and says in an extension what it was.
QUANTITY_EVENT = "QuantityEvent"
QUANTITY_LAYOUTS: dict[str, tuple[Layout, Layout]] = {
    # What stands before the class and the quantity, and what behind.
    "1.2": (_BASE_1_2, (*_WHY_AND_WHERE[1:], "bizTransactionList")),
}

# EPCIS 1.2, §9.5: these elements are required there even when they are empty.
REQUIRED_EMPTY = {
    ("1.2", ObjectEvent): "epcList",
    ("1.2", AggregationEvent): "childEPCs",
    ("1.2", TransactionEvent): "epcList",
}
# EPCIS 2.0, §9.5: these elements hold something or are not there; an empty list says as much.
NEVER_EMPTY = {
    "bizTransactionList",
    "sourceList",
    "destinationList",
    "sensorElementList",
    "persistentDisposition",
    "certificationInfo",
}
# EPCIS 1.2, §9.5: event types that came after 1.0 stand within <extension>.
WRAPPED_TYPES: dict[str, set[type[Event]]] = {"1.2": {TransformationEvent}, "2.0": set()}

MEMBERS: dict[type[Event], dict[str, Field]] = {
    cls: {member.standard: member for member in members} for cls, members in FIELDS.items()
}
# They hold what came after the version that first had them; what they hold belongs outside.
WRAPPERS = ("extension", "baseExtension")


def is_foreign(name: str) -> bool:
    return name.startswith("{") and name[1:].partition("}")[0] not in STANDARD_NAMESPACES


def names_in(*layouts: Layout) -> set[str]:
    """Return the names of all fields in `layouts`, without those of wrappers."""
    names: set[str] = set()
    for entry in (entry for layout in layouts for entry in layout):
        names |= {entry} if isinstance(entry, str) else names_in(entry[1])
    return names
