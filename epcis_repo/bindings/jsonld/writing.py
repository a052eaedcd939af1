"""
Documents to EPCIS JSON-LD, as a whole or event by event, and events to the form in which the log
keeps them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from epcis_repo.bindings.names import SBDH_ROOT, Names, declarable, declared_prefixes
from epcis_repo.model.documents import Document, Vocabulary
from epcis_repo.model.events import (
    ERROR_DECLARATION_FIELDS,
    FIELDS,
    QUANTITY_FIELDS,
    SENSOR_METADATA_FIELDS,
    SENSOR_REPORT_FIELDS,
    Event,
    Field,
    Kind,
    PersistentDisposition,
    SensorElement,
)

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
SCHEMA_VERSION = "2.0"

Writer = Callable[[Any, Names], Any]


def render_jsonld(document: Document) -> bytes:
    """Return `document` as JSON-LD: an EPCISDocument, EPCISQueryDocument or a bare event."""
    return JsonLdWriter(document.namespaces).whole(document)


class JsonLdWriter:
    """
    Writes documents that have the same namespaces, or one of them piece by piece: its events
    first, with commas between, and then what stands around them.
    """

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._names = Names(namespaces)

    def whole(self, document: Document) -> bytes:
        """Return a document, or where it is bare the event in it."""
        events = document.events
        values = None if events is None else [event_value(e, self._names) for e in events]
        if document.is_bare and values:
            return _dump({"@context": self._context(document), **values[0]})
        return self._document(document, values)

    def event(self, event: Event) -> bytes:
        """Return an event as it stands in a document, between what `around` returns."""
        return _dump(event_value(event, self._names))

    def around(self, document: Document) -> tuple[bytes, bytes]:
        """Return what stands before the events of a document, and behind them."""
        # No JSON that we write has a NUL in it.
        mark = None if document.events is None else [orjson.Fragment(b"\0")]
        before, _, behind = self._document(document, mark).partition(b"\0")
        return before, behind

    def _document(self, document: Document, events: list[Any] | None) -> bytes:
        names = self._names
        # EPCIS 2.0, §9.3: a body has a list of events, also where there are none.
        body: dict[str, Any] = {"eventList": [] if events is None else events}
        if (results := document.query_results) is not None:
            if results.vocabularies is not None:
                body["vocabularyList"] = [_vocabulary_value(v, names) for v in results.vocabularies]
            answer = {
                "queryName": results.query_name,
                "subscriptionID": results.subscription_id,
                "resultsBody": body,
            }
            body = {"queryResults": _present(answer) | names.compact_members(results.extensions)}
        header = names.compact_members(document.header_extensions)
        if document.sbdh is not None:
            header = names.compact_members({SBDH_ROOT: document.sbdh}) | header
        if document.vocabularies is not None:
            header["epcisMasterData"] = {
                "vocabularyList": [_vocabulary_value(v, names) for v in document.vocabularies]
            }
        members = {
            "type": "EPCISDocument" if document.query_results is None else "EPCISQueryDocument",
            "id": document.id,
            "schemaVersion": _schema_version(document),
            "creationDate": document.creation_date and document.creation_date.text,
            "sender": document.sender,
            "receiver": document.receiver,
            "instanceIdentifier": document.instance_identifier,
            "epcisHeader": header or None,
            "epcisBody": body | names.compact_members(document.body_extensions),
        }
        value = _present(members) | names.compact_members(document.extensions)
        return _dump({"@context": self._context(document)} | value)

    def _context(self, document: Document) -> Any:
        context = [CONTEXT] if document.context is None else document.context
        declared = declared_prefixes(context)
        used = self._names.used
        if document.context is None:
            # XML has prefixes in values, too, such as that of a company's own type of sensor data.
            used = declarable(document.namespaces) | used
        missing = [{p: ns} for p, ns in sorted(used.items()) if p not in declared]
        if not missing:
            return context
        return [*(context if isinstance(context, list) else [context]), *missing]


def _schema_version(document: Document) -> str | None:
    # JSON came with version 2.0: what was XML of an earlier version no longer is.
    version = document.schema_version
    return SCHEMA_VERSION if version is not None and version.startswith("1.") else version


def render_event(event: Event, namespaces: Mapping[str, str]) -> bytes:
    """
    Return `event` alone, with the prefixes that it uses and no others in its `@context`.

    This is how the log keeps it: the same event gives the same bytes.
    """
    names = Names(namespaces)
    value = event_value(event, names)
    if names.used:
        value = {"@context": dict(sorted(names.used.items())), **value}
    return _dump(value)


def event_value(event: Event, names: Names) -> dict[str, Any]:
    """Return `event` as what JSON has, in the order of `FIELDS`, extensions last."""
    value = {"type": type(event).__name__}
    return value | _members_value(event, FIELDS[type(event)], names)


def _members_value(source: Any, members: tuple[Field, ...], names: Names) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for member in members:
        content = getattr(source, member.name)
        if content is not None:
            writer = WRITERS.get(member.kind)
            value[member.standard] = content if writer is None else writer(content, names)
    if source.extensions:
        value |= names.compact_members(source.extensions)
    return value


def _typed(member: str, attribute: str) -> Writer:
    def write(content: Any, names: Names) -> list[dict[str, Any]]:
        return [
            _present({"type": item.type, member: getattr(item, attribute)})
            | names.compact_members(item.extensions)
            for item in content
        ]

    return write


def _members_of(members: tuple[Field, ...]) -> Writer:
    return lambda content, names: [_members_value(item, members, names) for item in content]


def _write_sensor_elements(content: tuple[SensorElement, ...], names: Names) -> list[Any]:
    return [
        _present(
            {
                "sensorMetadata": element.sensor_metadata
                and _members_value(element.sensor_metadata, SENSOR_METADATA_FIELDS, names),
                "sensorReport": [
                    _members_value(report, SENSOR_REPORT_FIELDS, names)
                    for report in element.sensor_report
                ],
            }
        )
        | names.compact_members(element.extensions)
        for element in content
    ]


def _write_persistent_disposition(content: PersistentDisposition, names: Names) -> dict[str, Any]:
    return {
        name: words for name in ("set", "unset") if (words := getattr(content, name)) is not None
    }


WRITERS: dict[Kind, Writer] = {
    Kind.TIME: lambda content, names: content.text,
    Kind.QUANTITIES: _members_of(QUANTITY_FIELDS),
    Kind.PLACE: lambda content, names: (
        {"id": content.id} | names.compact_members(content.extensions)
    ),
    Kind.BIZ_TRANSACTIONS: _typed("bizTransaction", "biz_transaction"),
    Kind.SOURCES: _typed("source", "id"),
    Kind.DESTINATIONS: _typed("destination", "id"),
    Kind.SENSOR_ELEMENTS: _write_sensor_elements,
    Kind.PERSISTENT_DISPOSITION: _write_persistent_disposition,
    Kind.ERROR_DECLARATION: lambda content, names: _members_value(
        content, ERROR_DECLARATION_FIELDS, names
    ),
    Kind.ILMD: lambda content, names: names.compact_members(content),
}


def _vocabulary_value(vocabulary: Vocabulary, names: Names) -> dict[str, Any]:
    return {
        "type": vocabulary.type,
        "vocabularyElementList": [
            _present(
                {
                    "id": element.id,
                    "attributes": [
                        {"id": name, "attribute": names.compact_value(value)}
                        for name, value in element.attributes
                    ],
                    "children": element.children,
                }
            )
            | names.compact_members(element.extensions)
            for element in vocabulary.elements
        ],
        **names.compact_members(vocabulary.extensions),
    }


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=_number)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value).encode())
    raise TypeError(f"{type(value).__name__} has no JSON form")
