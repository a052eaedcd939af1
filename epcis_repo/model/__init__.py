"""What the standard talks about, as immutable values: events, documents, times, and their words."""

from epcis_repo.model.documents import Document, Vocabulary, VocabularyElement
from epcis_repo.model.events import (
    AggregationEvent,
    AssociationEvent,
    BizTransaction,
    ErrorDeclaration,
    Event,
    ObjectEvent,
    PersistentDisposition,
    Place,
    QuantityElement,
    SensorElement,
    SensorMetadata,
    SensorReport,
    SourceOrDestination,
    TransactionEvent,
    TransformationEvent,
)
from epcis_repo.model.times import Timestamp, parse_timestamp

__all__ = [
    "AggregationEvent",
    "AssociationEvent",
    "BizTransaction",
    "Document",
    "ErrorDeclaration",
    "Event",
    "ObjectEvent",
    "PersistentDisposition",
    "Place",
    "QuantityElement",
    "SensorElement",
    "SensorMetadata",
    "SensorReport",
    "SourceOrDestination",
    "Timestamp",
    "TransactionEvent",
    "TransformationEvent",
    "Vocabulary",
    "VocabularyElement",
    "parse_timestamp",
]
