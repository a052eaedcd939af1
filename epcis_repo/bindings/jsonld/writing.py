"""Documents to EPCIS JSON-LD, and events to the form in which the log keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from epcis_repo.bindings.names import SBDH_ROOT, Names, declared_prefixes
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
    """Return `document` as JSON-LD, an EPCISDocument or EPCISQueryDocument."""
    names = Names(document.namespaces)
    events = None if document.events is None else [event_value(e, names) for e in document.events]
    body: dict[str, Any] = {} if events is None else {"eventList": events}
    if document.query_results is not None:
        answer = {
            "queryName": document.query_results.query_name,
            "subscriptionID": document.query_results.subscription_id,
            "resultsBody": body,
        }
        body = {"queryResults": _present(answer)}
    header = names.compact_value(dict(document.header_extensions))
    if document.sbdh is not None:
        header = names.compact_value({SBDH_ROOT: dict(document.sbdh)}) | header
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
        "epcisBody": body,
    }
    value = _present(members) | names.compact_value(dict(document.extensions))
    return _dump({"@context": _context(document, names)} | value)


def _schema_version(document: Document) -> str | None:
    # JSON came with version 2.0: what was XML of an earlier version no longer is.
    version = document.schema_version
    return SCHEMA_VERSION if version is not None and version.startswith("1.") else version


def _context(document: Document, names: Names) -> Any:
    context = [CONTEXT] if document.context is None else document.context
    declared = declared_prefixes(context)
    missing = [{p: ns} for p, ns in sorted(names.used.items()) if p not in declared]
    if not missing:
        return context
    return [*(context if isinstance(context, list) else [context]), *missing]


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
        value |= names.compact_value(dict(source.extensions))
    return value


def _typed(member: str, attribute: str) -> Writer:
    def write(content: Any, names: Names) -> list[dict[str, Any]]:
        return [
            _present({"type": item.type, member: getattr(item, attribute)})
            | names.compact_value(dict(item.extensions))
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
        | names.compact_value(dict(element.extensions))
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
        {"id": content.id} | names.compact_value(dict(content.extensions))
    ),
    Kind.BIZ_TRANSACTIONS: _typed("bizTransaction", "biz_transaction"),
    Kind.SOURCES: _typed("source", "id"),
    Kind.DESTINATIONS: _typed("destination", "id"),
    Kind.SENSOR_ELEMENTS: _write_sensor_elements,
    Kind.PERSISTENT_DISPOSITION: _write_persistent_disposition,
    Kind.ERROR_DECLARATION: lambda content, names: _members_value(
        content, ERROR_DECLARATION_FIELDS, names
    ),
    Kind.ILMD: lambda content, names: names.compact_value(dict(content)),
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
            | names.compact_value(dict(element.extensions))
            for element in vocabulary.elements
        ],
        **names.compact_value(dict(vocabulary.extensions)),
    }


def _present(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _dump(value: Any) -> bytes:
    return orjson.dumps(value, default=_number)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value).encode())
    raise TypeError(f"{type(value).__name__} has no JSON form")
