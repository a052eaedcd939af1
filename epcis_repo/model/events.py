"""
The five event types and their elements (EPCIS 2.0, §7), as frozen values.

Names are the standard's in snake_case. Texts are as received: a business step may be a bare
word, a URN or a Web URI, an identifier a URN or a Digital Link; whoever compares them asks
`gs1`. `None` is an absent field and `()` an empty list: the difference is kept, because what
came in goes out unchanged.

`extensions` holds every other member, by name: `{namespace}local` where a namespace is known,
else the name as it came. Values are what JSON has: text, `int`, `Decimal`, `bool`, `None`,
list and dict; `bindings/xml/values.py` says how an XML element becomes one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum, auto
from functools import lru_cache
from typing import Any, Self

from epcis_repo.model.times import Timestamp

Extensions = Mapping[str, Any]
Number = int | Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantityElement:
    """A quantity of a class of objects (§7.3.3.3)."""

    epc_class: str
    quantity: Number | None = None
    uom: str | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A read point or business location (§7.3.5)."""

    id: str
    extensions: Extensions = field(default_factory=dict)


# A partner ships from few places, and to few.
@lru_cache(maxsize=4_096)
def plain_place(identifier: str) -> Place:
    """Return the place of which nothing is said but its `identifier`."""
    return Place(id=identifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class BizTransaction:
    """A business transaction that the event took part in (§7.3.5.3)."""

    biz_transaction: str
    type: str | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOrDestination:
    """One end of a transfer, of a type such as owning_party (§7.3.5.4)."""

    type: str
    id: str
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersistentDisposition:
    """Conditions that hold until they are unset (§7.3.5.5)."""

    set: tuple[str, ...] | None = None
    unset: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDeclaration:
    """Says that the event of the same eventID was in error (§7.4.1.2); hides nothing."""

    declaration_time: Timestamp
    reason: str | None = None
    corrective_event_ids: tuple[str, ...] | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorMetadata:
    """What holds for every report of a sensor element (§7.3.7.1.1)."""

    time: Timestamp | None = None
    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    biz_rules: str | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorReport:
    """One observation of a sensor (§7.3.7.1.2)."""

    type: str | None = None
    exception: str | None = None
    device_id: str | None = None
    device_metadata: str | None = None
    raw_data: str | None = None
    data_processing_method: str | None = None
    time: Timestamp | None = None
    microorganism: str | None = None
    chemical_substance: str | None = None
    value: Number | None = None
    component: str | None = None
    string_value: str | None = None
    boolean_value: bool | None = None
    hex_binary_value: str | None = None
    uri_value: str | None = None
    min_value: Number | None = None
    max_value: Number | None = None
    mean_value: Number | None = None
    s_dev: Number | None = None
    perc_rank: Number | None = None
    perc_value: Number | None = None
    uom: str | None = None
    coordinate_reference_system: str | None = None
    biz_rules: str | None = None
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorElement:
    """Reports of sensors with what they have in common (§7.3.7.1)."""

    sensor_metadata: SensorMetadata | None = None
    sensor_report: tuple[SensorReport, ...] = ()
    extensions: Extensions = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all five types have (§7.4.1). Never made itself, only as one of the five."""

    event_time: Timestamp
    event_time_zone_offset: str
    record_time: Timestamp | None = None
    event_id: str | None = None
    error_declaration: ErrorDeclaration | None = None
    certification_info: str | tuple[str, ...] | None = None
    biz_step: str | None = None
    disposition: str | None = None
    read_point: Place | None = None
    biz_location: Place | None = None
    biz_transaction_list: tuple[BizTransaction, ...] | None = None
    source_list: tuple[SourceOrDestination, ...] | None = None
    destination_list: tuple[SourceOrDestination, ...] | None = None
    sensor_element_list: tuple[SensorElement, ...] | None = None
    persistent_disposition: PersistentDisposition | None = None
    extensions: Extensions = field(default_factory=dict)

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """
        Return the event that `cls(**values)` is, at a tenth of its cost: each field of a frozen
        class is set by a call of its own.

        The values become the event's own, and have to have all that is required, and `extensions`.
        """
        event = object.__new__(cls)
        object.__setattr__(event, "__dict__", values)
        return event


@dataclass(frozen=True, kw_only=True)
class ObjectEvent(Event):
    """Something happened to objects (§7.4.2)."""

    action: str
    epc_list: tuple[str, ...] | None = None
    quantity_list: tuple[QuantityElement, ...] | None = None
    ilmd: Extensions | None = None


@dataclass(frozen=True, kw_only=True)
class AggregationEvent(Event):
    """Objects were put into, seen in or taken out of a parent (§7.4.3)."""

    action: str
    parent_id: str | None = None
    child_epcs: tuple[str, ...] | None = None
    child_quantity_list: tuple[QuantityElement, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class TransactionEvent(Event):
    """Objects became or ceased to be part of business transactions (§7.4.4)."""

    action: str
    parent_id: str | None = None
    epc_list: tuple[str, ...] | None = None
    quantity_list: tuple[QuantityElement, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class TransformationEvent(Event):
    """Inputs were used up and outputs came of them (§7.4.5)."""

    input_epc_list: tuple[str, ...] | None = None
    input_quantity_list: tuple[QuantityElement, ...] | None = None
    output_epc_list: tuple[str, ...] | None = None
    output_quantity_list: tuple[QuantityElement, ...] | None = None
    transformation_id: str | None = None
    ilmd: Extensions | None = None


@dataclass(frozen=True, kw_only=True)
class AssociationEvent(Event):
    """Objects were attached for long to an object or a place (§7.4.6)."""

    action: str
    parent_id: str | None = None
    child_epcs: tuple[str, ...] | None = None
    child_quantity_list: tuple[QuantityElement, ...] | None = None


class Kind(Enum):
    """How a field is written; each binding has a reader and a writer for every kind."""

    # It is looked up for each field of each event, and that of an Enum takes longer than the rest.
    __hash__ = object.__hash__

    TIME = auto()
    ZONE_OFFSET = auto()
    TEXT = auto()
    ACTION = auto()
    BIZ_STEP = auto()
    DISPOSITION = auto()
    EPCS = auto()
    QUANTITIES = auto()
    PLACE = auto()
    BIZ_TRANSACTIONS = auto()
    SOURCES = auto()
    DESTINATIONS = auto()
    SENSOR_ELEMENTS = auto()
    PERSISTENT_DISPOSITION = auto()
    CERTIFICATION_INFO = auto()
    ERROR_DECLARATION = auto()
    ILMD = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    TEXTS = auto()
    ERROR_REASON = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """A field: its attribute here, its name in the standard, and how it is written."""

    name: str
    standard: str
    kind: Kind


_BASE = (
    Field("event_time", "eventTime", Kind.TIME),
    Field("record_time", "recordTime", Kind.TIME),
    Field("event_time_zone_offset", "eventTimeZoneOffset", Kind.ZONE_OFFSET),
    Field("event_id", "eventID", Kind.TEXT),
    Field("error_declaration", "errorDeclaration", Kind.ERROR_DECLARATION),
    Field("certification_info", "certificationInfo", Kind.CERTIFICATION_INFO),
)
_ACTION = Field("action", "action", Kind.ACTION)
_EPC_LIST = Field("epc_list", "epcList", Kind.EPCS)
_QUANTITY_LIST = Field("quantity_list", "quantityList", Kind.QUANTITIES)
_PARENT_ID = Field("parent_id", "parentID", Kind.TEXT)
_CHILD_EPCS = Field("child_epcs", "childEPCs", Kind.EPCS)
_CHILD_QUANTITY_LIST = Field("child_quantity_list", "childQuantityList", Kind.QUANTITIES)
_ILMD = Field("ilmd", "ilmd", Kind.ILMD)
_SHARED = (
    Field("biz_step", "bizStep", Kind.BIZ_STEP),
    Field("disposition", "disposition", Kind.DISPOSITION),
    Field("read_point", "readPoint", Kind.PLACE),
    Field("biz_location", "bizLocation", Kind.PLACE),
    Field("biz_transaction_list", "bizTransactionList", Kind.BIZ_TRANSACTIONS),
    Field("source_list", "sourceList", Kind.SOURCES),
    Field("destination_list", "destinationList", Kind.DESTINATIONS),
    Field("sensor_element_list", "sensorElementList", Kind.SENSOR_ELEMENTS),
    Field("persistent_disposition", "persistentDisposition", Kind.PERSISTENT_DISPOSITION),
)

EVENT_TYPES: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        ObjectEvent,
        AggregationEvent,
        TransactionEvent,
        TransformationEvent,
        AssociationEvent,
    )
}

# EPCIS 2.0, §7.4: which fields a type has. The order is that of the JSON we write.
FIELDS: dict[type[Event], tuple[Field, ...]] = {
    ObjectEvent: (*_BASE, _ACTION, *_SHARED, _EPC_LIST, _QUANTITY_LIST, _ILMD),
    AggregationEvent: (*_BASE, _ACTION, *_SHARED, _PARENT_ID, _CHILD_EPCS, _CHILD_QUANTITY_LIST),
    TransactionEvent: (*_BASE, _ACTION, *_SHARED, _PARENT_ID, _EPC_LIST, _QUANTITY_LIST),
    TransformationEvent: (
        *_BASE,
        *_SHARED,
        Field("input_epc_list", "inputEPCList", Kind.EPCS),
        Field("input_quantity_list", "inputQuantityList", Kind.QUANTITIES),
        Field("output_epc_list", "outputEPCList", Kind.EPCS),
        Field("output_quantity_list", "outputQuantityList", Kind.QUANTITIES),
        Field("transformation_id", "transformationID", Kind.TEXT),
        _ILMD,
    ),
    AssociationEvent: (*_BASE, _ACTION, *_SHARED, _PARENT_ID, _CHILD_EPCS, _CHILD_QUANTITY_LIST),
}

# EPCIS 2.0, §7.3.7.1: attributes in XML, members in JSON.
SENSOR_METADATA_FIELDS = (
    Field("time", "time", Kind.TIME),
    Field("start_time", "startTime", Kind.TIME),
    Field("end_time", "endTime", Kind.TIME),
    Field("device_id", "deviceID", Kind.TEXT),
    Field("device_metadata", "deviceMetadata", Kind.TEXT),
    Field("raw_data", "rawData", Kind.TEXT),
    Field("data_processing_method", "dataProcessingMethod", Kind.TEXT),
    Field("biz_rules", "bizRules", Kind.TEXT),
)
SENSOR_REPORT_FIELDS = (
    Field("type", "type", Kind.TEXT),
    Field("exception", "exception", Kind.TEXT),
    Field("device_id", "deviceID", Kind.TEXT),
    Field("device_metadata", "deviceMetadata", Kind.TEXT),
    Field("raw_data", "rawData", Kind.TEXT),
    Field("data_processing_method", "dataProcessingMethod", Kind.TEXT),
    Field("time", "time", Kind.TIME),
    Field("microorganism", "microorganism", Kind.TEXT),
    Field("chemical_substance", "chemicalSubstance", Kind.TEXT),
    Field("value", "value", Kind.NUMBER),
    Field("component", "component", Kind.TEXT),
    Field("string_value", "stringValue", Kind.TEXT),
    Field("boolean_value", "booleanValue", Kind.BOOLEAN),
    Field("hex_binary_value", "hexBinaryValue", Kind.TEXT),
    Field("uri_value", "uriValue", Kind.TEXT),
    Field("min_value", "minValue", Kind.NUMBER),
    Field("max_value", "maxValue", Kind.NUMBER),
    Field("mean_value", "meanValue", Kind.NUMBER),
    Field("s_dev", "sDev", Kind.NUMBER),
    Field("perc_rank", "percRank", Kind.NUMBER),
    Field("perc_value", "percValue", Kind.NUMBER),
    Field("uom", "uom", Kind.TEXT),
    Field("coordinate_reference_system", "coordinateReferenceSystem", Kind.TEXT),
    Field("biz_rules", "bizRules", Kind.TEXT),
)
QUANTITY_FIELDS = (
    Field("epc_class", "epcClass", Kind.TEXT),
    Field("quantity", "quantity", Kind.NUMBER),
    Field("uom", "uom", Kind.TEXT),
)
ERROR_DECLARATION_FIELDS = (
    Field("declaration_time", "declarationTime", Kind.TIME),
    Field("reason", "reason", Kind.ERROR_REASON),
    Field("corrective_event_ids", "correctiveEventIDs", Kind.TEXTS),
)

EVENT_ID, RECORD_TIME, PARENT_ID = _BASE[3], _BASE[1], _PARENT_ID
REQUIRED = frozenset({"event_time", "event_time_zone_offset", "action"})
ACTIONS = ("ADD", "OBSERVE", "DELETE")

# Where the model has another type for what it is in a version or format, this extension says which
# type it had.
WAS = "{http://purl.org/dc/terms/}type"
