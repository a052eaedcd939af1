"""
What a parameter looks at in an event. Each field yields its values, none where the event has none.

Texts that mean one thing come out alike: words of the CBV bare, identifiers as canonical keys,
times in microseconds, numbers in the unit that is asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Any, Protocol

from epcis_repo.gs1 import canonical_keys, cbv
from epcis_repo.gs1.unit_factors import converted
from epcis_repo.model.events import (
    WAS,
    ErrorDeclaration,
    Event,
    Extensions,
    QuantityElement,
    SensorElement,
    SensorMetadata,
    SensorReport,
)
from epcis_repo.model.found_by import reference_key
from epcis_repo.model.times import Timestamp
from epcis_repo.model.what import EPC_LISTS, QUANTITY_LISTS, Role
from epcis_repo.query.values import FieldName, exact


class Field(Protocol):
    """Something of an event."""

    def values(self, event: Event) -> Iterable[Any]:
        """Return its values in an event."""
        ...

    @property
    def trace(self) -> str:
        """What the JSON of an event has in it, without the quotes, that has such a value."""
        ...


@dataclass(frozen=True, slots=True)
class Standard:
    """A field that the standard names, by its parameter's name."""

    name: str

    def values(self, event: Event) -> Iterable[Any]:
        """See `Field.values`."""
        return _STANDARD[self.name][1](event)

    @property
    def trace(self) -> str:
        """See `Field.trace`."""
        return _STANDARD[self.name][0]


QUANTITY_EVENT = "QuantityEvent"


def _types(event: Event) -> Iterator[str]:
    yield type(event).__name__
    # What is no longer a type of its own says what it was.
    if event.extensions.get(WAS) == QUANTITY_EVENT:
        yield QUANTITY_EVENT


def measurement_type(text: str) -> str:
    """Return a type of measurement as JSON has it: `Temperature`."""
    for beginning in _MEASUREMENT_TYPE_BEGINNINGS:
        if text.startswith(beginning):
            return text[len(beginning) :]
    return text


_MEASUREMENT_TYPE_BEGINNINGS = (
    "gs1:",
    *(
        f"{scheme}://{host}gs1.org/voc/"
        for scheme in ("https", "http")
        for host in ("", "www.", "ref.")
    ),
)


def _times(*times: Timestamp | None) -> Iterator[int]:
    return (time.microseconds for time in times if time is not None)


def _some(*values: Any) -> Iterator[Any]:
    # An empty text is as if the field was not there (EPCIS 1.2, §9.5).
    return (value for value in values if value is not None and value != "")


def _bare(vocabulary: cbv.Vocabulary, *words: str | None) -> Iterator[str]:
    return (cbv.bare_word(vocabulary, word) for word in _some(*words))


def _keys(*texts: str | None) -> Iterator[str]:
    return map(reference_key, _some(*texts))


def _elements(event: Event) -> tuple[SensorElement, ...]:
    return event.sensor_element_list or ()


def _metadata(event: Event) -> Iterator[SensorMetadata]:
    return (e.sensor_metadata for e in _elements(event) if e.sensor_metadata is not None)


def _reports(event: Event) -> Iterator[SensorReport]:
    return chain.from_iterable(element.sensor_report for element in _elements(event))


def _quantities(event: Event) -> Iterator[QuantityElement]:
    return chain.from_iterable(getattr(event, name, None) or () for name in QUANTITY_LISTS)


def _of_report(attribute: str) -> Callable[[Event], Iterator[Any]]:
    return lambda event: _some(*(getattr(report, attribute) for report in _reports(event)))


def _of_both(attribute: str) -> Callable[[Event], Iterator[Any]]:
    """Return what yields an attribute that is said of a report, or once for all of an element."""
    return lambda event: _some(
        *(getattr(part, attribute) for part in chain(_metadata(event), _reports(event)))
    )


def _of_metadata(attribute: str) -> Callable[[Event], Iterator[int]]:
    return lambda event: _times(*(getattr(metadata, attribute) for metadata in _metadata(event)))


def _declarations(event: Event) -> tuple[ErrorDeclaration, ...]:
    return () if event.error_declaration is None else (event.error_declaration,)


_SENSORS, _DECLARED = "sensorElementList", "errorDeclaration"
_STANDARD: dict[str, tuple[str, Callable[[Event], Iterable[Any]]]] = {
    "eventType": ("type", _types),
    "eventTime": ("eventTime", lambda e: _times(e.event_time)),
    "recordTime": ("", lambda e: _times(e.record_time)),
    "action": ("action", lambda e: _some(getattr(e, "action", None))),
    "bizStep": ("bizStep", lambda e: _bare(cbv.BIZ_STEP, e.biz_step)),
    "disposition": ("disposition", lambda e: _bare(cbv.DISPOSITION, e.disposition)),
    "persistentDisposition_set": (
        "persistentDisposition",
        lambda e: _bare(cbv.DISPOSITION, *((p := e.persistent_disposition) and p.set) or ()),
    ),
    "persistentDisposition_unset": (
        "persistentDisposition",
        lambda e: _bare(cbv.DISPOSITION, *((p := e.persistent_disposition) and p.unset) or ()),
    ),
    "readPoint": ("readPoint", lambda e: _keys(e.read_point.id if e.read_point else None)),
    "bizLocation": ("bizLocation", lambda e: _keys(e.biz_location.id if e.biz_location else None)),
    "transformationID": (
        "transformationID",
        lambda e: _keys(getattr(e, "transformation_id", None)),
    ),
    "eventID": ("", lambda e: _some(e.event_id)),
    "errorDeclaration": (_DECLARED, _declarations),
    "errorDeclarationTime": (
        _DECLARED,
        lambda e: _times(*(d.declaration_time for d in _declarations(e))),
    ),
    "errorReason": (
        _DECLARED,
        lambda e: _bare(cbv.ERROR_REASON, *(d.reason for d in _declarations(e))),
    ),
    "correctiveEventID": (
        _DECLARED,
        lambda e: chain.from_iterable(d.corrective_event_ids or () for d in _declarations(e)),
    ),
    "sensorElementList": (_SENSORS, _elements),
    "time": (_SENSORS, lambda e: _times(*_of_both("time")(e))),
    "startTime": (_SENSORS, _of_metadata("start_time")),
    "endTime": (_SENSORS, _of_metadata("end_time")),
    "type": (_SENSORS, lambda e: map(measurement_type, _of_report("type")(e))),
    "deviceID": (_SENSORS, lambda e: _keys(*_of_both("device_id")(e))),
    "deviceMetadata": (_SENSORS, _of_both("device_metadata")),
    "rawData": (_SENSORS, _of_both("raw_data")),
    "dataProcessingMethod": (_SENSORS, _of_both("data_processing_method")),
    "bizRules": (_SENSORS, _of_both("biz_rules")),
    "microorganism": (_SENSORS, _of_report("microorganism")),
    "chemicalSubstance": (_SENSORS, _of_report("chemical_substance")),
    "stringValue": (_SENSORS, _of_report("string_value")),
    # The value is octets, in whatever digits.
    "hexBinaryValue": (_SENSORS, lambda e: map(str.upper, _of_report("hex_binary_value")(e))),
    "uriValue": (_SENSORS, _of_report("uri_value")),
    "booleanValue": (_SENSORS, _of_report("boolean_value")),
    "percRank": (_SENSORS, lambda e: _exact(_of_report("perc_rank")(e))),
    # What else may have master data.
    "bizStep URN": ("bizStep", lambda e: _some(e.biz_step and cbv.urn(cbv.BIZ_STEP, e.biz_step))),
    "disposition URN": (
        "disposition",
        lambda e: _some(e.disposition and cbv.urn(cbv.DISPOSITION, e.disposition)),
    ),
    "epcClass": ("epcClass", lambda e: _keys(*(q.epc_class for q in _quantities(e)))),
    "bizTransaction": (
        "bizTransactionList",
        lambda e: _keys(*(x.biz_transaction for x in e.biz_transaction_list or ())),
    ),
    "source": ("sourceList", lambda e: _keys(*(x.id for x in e.source_list or ()))),
    "destination": ("destinationList", lambda e: _keys(*(x.id for x in e.destination_list or ()))),
}


def _exact(values: Iterable[int | Decimal]) -> Iterator[Fraction]:
    return (number for value in values if (number := exact(value)) is not None)


@dataclass(frozen=True, slots=True)
class Named:
    """The canonical keys of what an event names, in some of its roles."""

    roles: frozenset[Role]
    trace: str = ""

    def values(self, event: Event) -> Iterator[str]:
        """See `Field.values`."""
        for role, texts_of in _NAMED:
            if role in self.roles:
                yield from canonical_keys(texts_of(event))


def _classes(attribute: str) -> Callable[[Event], Iterable[str]]:
    return lambda event: [q.epc_class for q in getattr(event, attribute, None) or ()]


def _listed(attribute: str) -> Callable[[Event], Iterable[str]]:
    return lambda event: getattr(event, attribute, None) or ()


_NAMED: tuple[tuple[Role, Callable[[Event], Iterable[str]]], ...] = (
    (Role.PARENT, lambda event: _some(getattr(event, "parent_id", None))),
    *zip((Role.OBJECT, Role.CHILD, Role.INPUT, Role.OUTPUT), map(_listed, EPC_LISTS), strict=True),
    *zip(
        (Role.CLASS, Role.CLASS, Role.INPUT_CLASS, Role.OUTPUT_CLASS),
        map(_classes, QUANTITY_LISTS),
        strict=True,
    ),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list of transactions, sources or destinations has under a type, in one entry."""

    name: str
    types: frozenset[str]

    def values(self, event: Event) -> Iterator[str]:
        """See `Field.values`."""
        vocabulary, entries = ENTRIES[self.name]
        for kind, text in entries(event):
            if kind is not None and cbv.bare_word(vocabulary, kind) in self.types:
                yield reference_key(text)

    @property
    def trace(self) -> str:
        """See `Field.trace`."""
        return f"{self.name}List"


ENTRIES: dict[str, tuple[cbv.Vocabulary, Callable[[Event], Iterable[tuple[str | None, str]]]]] = {
    "bizTransaction": (
        cbv.BIZ_TRANSACTION_TYPE,
        lambda event: [(x.type, x.biz_transaction) for x in event.biz_transaction_list or ()],
    ),
    "source": (
        cbv.SOURCE_DEST_TYPE,
        lambda event: [(x.type, x.id) for x in event.source_list or ()],
    ),
    "destination": (
        cbv.SOURCE_DEST_TYPE,
        lambda event: [(x.type, x.id) for x in event.destination_list or ()],
    ),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """
    Numbers that have a unit, in the unit that is asked about; in any, where none is.

    `attribute` is that of a quantity element or of a sensor report.
    """

    attribute: str
    uom: str | None

    def values(self, event: Event) -> Iterator[Fraction]:
        """See `Field.values`."""
        parts: Iterable[QuantityElement | SensorReport] = (
            _quantities(event) if self.attribute == "quantity" else _reports(event)
        )
        for part in parts:
            value = getattr(part, self.attribute)
            number = None if value is None else exact(value)
            if number is not None and self.uom is not None:
                # A deviation is the same on scales that begin elsewhere.
                is_difference = self.attribute == "s_dev"
                unit = part.uom or ""
                number = converted(number, unit, self.uom, is_difference=is_difference)
            if number is not None:
                yield number

    @property
    def trace(self) -> str:
        """See `Field.trace`."""
        return "quantity" if self.attribute == "quantity" else _SENSORS


@dataclass(frozen=True, slots=True)
class Extension:
    """
    An extension field: immediately in its scope, or nested at any depth in a field of it.

    Its values are as JSON has them.
    """

    scope: str
    name: FieldName
    is_inner: bool = False

    def values(self, event: Event) -> Iterator[Any]:
        """See `Field.values`."""
        for members in SCOPES[self.scope](event):
            if self.is_inner:
                for value in members.values():
                    yield from _nested(value, self.name)
            else:
                for name, value in members.items():
                    if self.name.is_of(name):
                        yield from _leaves(value)

    @property
    def trace(self) -> str:
        """See `Field.trace`."""
        return self.name.ending


def _nested(value: Any, name: FieldName) -> Iterator[Any]:
    if isinstance(value, list):
        for member in value:
            yield from _nested(member, name)
    elif isinstance(value, Mapping):
        for key, member in value.items():
            if name.is_of(key):
                yield from _leaves(member)
            yield from _nested(member, name)


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the values of a field: each member of a list, the text of what has attributes."""
    if isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif isinstance(value, Mapping) and ("#text" in value or "@value" in value):
        yield value.get("#text", value.get("@value"))
    elif value not in (None, "", {}):
        yield value


SCOPES: dict[str, Callable[[Event], Iterable[Extensions]]] = {
    "": lambda event: (event.extensions,),
    "ILMD": lambda event: (getattr(event, "ilmd", None) or {},),
    "ERROR_DECLARATION": lambda event: (d.extensions for d in _declarations(event)),
    "SENSORELEMENT": lambda event: (element.extensions for element in _elements(event)),
    "SENSORMETADATA": lambda event: (metadata.extensions for metadata in _metadata(event)),
    "SENSORREPORT": lambda event: (report.extensions for report in _reports(event)),
    "readPoint": lambda event: () if event.read_point is None else (event.read_point.extensions,),
    "bizLocation": lambda event: (
        () if event.biz_location is None else (event.biz_location.extensions,)
    ),
}
"""Where extensions stand, by the word that parameters have for it."""
