"""EPCIS JSON-LD to documents. Texts keep their spelling, unknown members their place."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import IO, Any, NamedTuple, TypeVar

from epcis_repo.bindings.json_loader import load_json, load_quickly, load_trusted_json
from epcis_repo.bindings.json_pieces import JsonInPieces, Path
from epcis_repo.bindings.jsonld.schema import findings_of, is_valid, with_untold_of
from epcis_repo.bindings.misfits import Finding, Misfits, each, json_pointer, misfit
from epcis_repo.bindings.names import SBDH_ROOT, Names, declared_prefixes
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.documents import (
    Document,
    FoundEvent,
    QueryResults,
    Scan,
    Vocabulary,
    VocabularyElement,
    contexts_elsewhere,
)
from epcis_repo.model.events import (
    ACTIONS,
    ERROR_DECLARATION_FIELDS,
    EVENT_TYPES,
    FIELDS,
    QUANTITY_FIELDS,
    REQUIRED,
    SENSOR_METADATA_FIELDS,
    SENSOR_REPORT_FIELDS,
    BizTransaction,
    ErrorDeclaration,
    Event,
    Field,
    Kind,
    PersistentDisposition,
    Place,
    QuantityElement,
    SensorElement,
    SensorMetadata,
    SensorReport,
    SourceOrDestination,
    plain_place,
)
from epcis_repo.model.times import (
    DATE_TIME_EXPECTED,
    ZONE_OFFSET_EXPECTED,
    Timestamp,
    is_zone_offset,
    parse_timestamp,
)

T = TypeVar("T")
Reader = Callable[[Any, Names], Any]


def parse_jsonld(body: bytes, *, checked: bool = False) -> Document:
    """
    Return the document in `body`: an EPCISDocument, EPCISQueryDocument or a bare event.

    Raises `ValidationError` with every violation of every event, each at its JSON pointer. Where
    it is `checked`, the schema has its say, too, and those of one event are enough.
    """
    quick = load_quickly(body)
    if isinstance(quick, dict) and not _has_doubles(quick.get("@context")):
        try:
            return _document(quick, checked=checked)
        except ValidationError:
            # It has a fault, or a number of which each digit is asked for.
            pass
    return _document(load_json(body), checked=checked)


def _has_doubles(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_doubles, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


def scan_jsonld(file: IO[bytes], *, checked: bool = False) -> Scan:
    """
    Yield what is in the document in `file`, in order: each event, or what is wrong with it.

    Raises `ValidationError` where it breaks off being JSON. Returns what is beside the events.
    """
    lists, decided = set(EVENT_LISTS.values()), None
    while True:
        file.seek(0)
        pieces, unread = JsonInPieces(file, lists), 0
        for path, index, value in pieces.items():
            decided = decided or _decided(pieces.value)
            if decided is None or path != decided.path:
                unread += 1
                continue
            _, pointer, names, contexts = decided
            place = f"{pointer}/{index}"
            if pieces.is_quick:
                event = _sound_event(value, names)
                if event is not None:
                    yield FoundEvent(event, index + 1, place, None, names.declared, contexts)
                    continue
                # It has a fault, or a number of which each digit is asked for.
                value = pieces.exactly()
                if value is None:
                    continue
            try:
                event, findings = _read_found(value, names, checked=checked)
            except Misfits as misfits:
                yield from (_violation(f, place, index + 1) for f in misfits.findings)
            else:
                faults = tuple(_violation(f, place, index + 1) for f in findings)
                yield FoundEvent(event, index + 1, place, None, names.declared, contexts, faults)
        if unread and _is_bare_event(pieces.value):
            # What was taken for its events is a part of it that we do not know.
            lists = set()
        elif unread and decided is None:
            # What the prefixes mean stands behind the events, or nowhere.
            decided = _decided(dict.fromkeys(_DECISIVE) | pieces.value)
        else:
            break
    return (yield from _rest(pieces.value, checked=checked))


def _rest(source: Any, *, checked: bool) -> Scan:
    """Yield what is wrong beside the events, or the event that is a document of its own."""
    if isinstance(source, dict) and _is_bare_event(source):
        bare, violations = _bare_document(source, checked=checked)
        if bare is None:
            yield from violations
            return None
        yield from (found._replace(faults=violations) for found in bare.found())
        return bare
    try:
        document = _document(source, checked=checked)
    except ValidationError as error:
        yield from error.violations
        return None
    return document


EVENT_LISTS: dict[str, Path] = {
    "EPCISDocument": ("epcisBody", "eventList"),
    "EPCISQueryDocument": ("epcisBody", "queryResults", "resultsBody", "eventList"),
}
"""Where the events of a document stand, by its type."""
_POINTERS = {kind: json_pointer(path) for kind, path in EVENT_LISTS.items()}

_DECISIVE = frozenset({"type", "@context"})


class _Decided(NamedTuple):
    """Where the events stand, and what their prefixes mean."""

    path: Path | None
    pointer: str
    names: Names
    contexts: tuple[str, ...]


def _decided(source: dict[str, Any]) -> _Decided | None:
    """Return what is known of all events, None where that is to come."""
    if not source.keys() >= _DECISIVE:
        return None
    context = source["@context"]
    path = EVENT_LISTS.get(str(source["type"]))
    names = Names(declared_prefixes(context))
    return _Decided(path, json_pointer(path or ()), names, contexts_elsewhere(context))


def _document(source: Any, *, checked: bool) -> Document:
    if not isinstance(source, dict):
        raise _refusal("", "type", "an EPCIS document, which is a JSON object", source)
    document_type = source.get("type")
    if document_type in tuple(EVENT_LISTS):
        is_query = document_type == "EPCISQueryDocument"
        return _read_document(source, is_query=is_query, checked=checked)
    if _is_bare_event(source):
        bare, violations = _bare_document(source, checked=checked)
        if bare is None or violations:
            raise ValidationError(violations)
        return bare
    expected = "EPCISDocument, EPCISQueryDocument or one of " + ", ".join(EVENT_TYPES)
    raise _refusal("/type", "document-type", expected, source.get("type", "no type"))


def _bare_document(
    source: dict[str, Any], *, checked: bool
) -> tuple[Document | None, tuple[Violation, ...]]:
    """Return the document that an event is by itself, and what is wrong with it."""
    context = source.get("@context")
    namespaces = declared_prefixes(context)
    try:
        event, faults = _read_found(source, Names(namespaces), checked=checked)
    except Misfits as misfits:
        return None, tuple(_violation(f, "", 1) for f in misfits.findings)
    document = Document(
        events=(event,), context=context, namespaces=namespaces, is_bare=True, places=("",)
    )
    return document, tuple(_violation(f, "", 1) for f in faults)


def _is_bare_event(source: dict[str, Any]) -> bool:
    kind = source.get("type")
    return kind not in tuple(EVENT_LISTS) and ("eventTime" in source or kind in tuple(EVENT_TYPES))


def parse_event(data: bytes) -> Event:
    """
    Return the event that `render_event` wrote to `data`.

    Raises `ValidationError` when it is not: somebody has altered what the log keeps.
    """
    return parse_event_with_prefixes(data)[0]


def parse_event_with_prefixes(data: bytes) -> tuple[Event, dict[str, str]]:
    """Return the event that `render_event` wrote to `data`, and the prefixes that it uses."""
    try:
        source = _object(load_trusted_json(data), "an event, which is a JSON object")
        prefixes = declared_prefixes(source.pop("@context", None))
        return _read_event(source, Names(prefixes)), prefixes
    except Misfits as misfits:
        raise ValidationError([_violation(f, "", None) for f in misfits.findings]) from None
    except ValueError as error:
        raise _refusal("", "json", "an event in JSON, as it was recorded", str(error)) from None


def _read_document(source: dict[str, Any], *, is_query: bool, checked: bool) -> Document:
    read_body, document_type = (
        (_read_query_body, "EPCISQueryDocument") if is_query else (_read_body, "EPCISDocument")
    )
    # Events are looked at one by one, here as where they come one by one.
    frame = _without_events(source, EVENT_LISTS[document_type])
    faults = findings_of(frame, document_type) if checked else ()
    context = source.pop("@context", None)
    namespaces = declared_prefixes(context)
    names = Names(namespaces)
    source.pop("type")
    findings: list[Finding] = []
    creation_date = _member(source, "creationDate", _read_time, names, findings)
    texts = {
        name: _member(source, standard, _read_text, names, findings)
        for name, standard in _DOCUMENT_TEXTS.items()
    }
    header = _member(source, "epcisHeader", _read_header, names, findings) or {}
    body = _member(source, "epcisBody", read_body, names, findings, required=True) or {}
    event_list = body.get("eventList")
    try:
        extensions = names.expand_members(source)
    except Misfits as misfits:
        extensions = {}
        findings += misfits.findings
    base = _POINTERS[document_type]
    places = tuple(f"{base}/{index}" for index in range(len(event_list or ())))
    findings = with_untold_of(findings, faults)
    violations = [_violation(finding, "", None) for finding in findings]
    events = None
    if event_list is not None:
        events = _read_events(event_list, names, places, violations, checked=checked)
    if violations:
        raise ValidationError(violations)
    return Document(
        events=events,
        creation_date=creation_date,
        namespaces=namespaces,
        context=context,
        body_extensions=body.get("extensions", {}),
        query_results=body.get("queryResults"),
        extensions=extensions,
        places=places,
        **texts,
        **header,
    )


def _without_events(value: Any, path: Path) -> Any:
    """Return a document without the events of the list at `path`."""
    if not path:
        return [] if isinstance(value, list) else value
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return value | {path[0]: _without_events(value[path[0]], path[1:])}


_DOCUMENT_TEXTS = {
    "id": "id",
    "schema_version": "schemaVersion",
    "sender": "sender",
    "receiver": "receiver",
    "instance_identifier": "instanceIdentifier",
}


def _read_body(value: Any, names: Names) -> dict[str, Any]:
    source = dict(_object(value, "epcisBody, which is a JSON object"))
    event_list = _event_list(source)
    return {"eventList": event_list, "extensions": names.expand_members(source)}


def _read_query_body(value: Any, names: Names) -> dict[str, Any]:
    findings: list[Finding] = []
    source = dict(_object(value, "epcisBody, which is a JSON object"))
    body = _member(source, "queryResults", _read_query_results, names, findings, required=True)
    if findings:
        raise Misfits(findings)
    return {**body, "extensions": names.expand_members(source)}


def _read_query_results(value: Any, names: Names) -> dict[str, Any]:
    findings: list[Finding] = []
    source = {"queryName": "SimpleEventQuery"} | _object(value, "queryResults, a JSON object")
    name = _member(source, "queryName", _read_text, names, findings)
    subscription_id = _member(source, "subscriptionID", _read_text, names, findings)
    body = _member(source, "resultsBody", _read_results_body, names, findings, required=True)
    if findings:
        raise Misfits(findings)
    results = QueryResults(
        query_name=name,
        subscription_id=subscription_id,
        vocabularies=body["vocabularyList"],
        extensions=names.expand_members(source),
    )
    return {"queryResults": results, "eventList": body["eventList"]}


def _read_results_body(value: Any, names: Names) -> dict[str, Any]:
    findings: list[Finding] = []
    source = dict(_object(value, "resultsBody, which is a JSON object"))
    event_list = _event_list(source)
    vocabularies = _member(source, "vocabularyList", _read_vocabularies, names, findings)
    if findings:
        raise Misfits(findings)
    return {"eventList": event_list, "vocabularyList": vocabularies}


def _event_list(source: dict[str, Any]) -> list[Any] | None:
    event_list = source.pop("eventList", None)
    if event_list is not None and not isinstance(event_list, list):
        raise misfit("a list of events", event_list, step="eventList")
    return event_list


def _object(value: Any, expected: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise misfit(expected, value)
    return value


def _member(
    source: dict[str, Any],
    standard: str,
    read: Reader,
    names: Names,
    findings: list[Finding],
    *,
    required: bool = False,
) -> Any:
    """Take a member out of `source` and return what it says; add a misfit to `findings`."""
    if standard not in source:
        if required:
            findings.append(Finding((), "required", standard, "none"))
        return None
    try:
        return read(source.pop(standard), names)
    except Misfits as misfits:
        findings += misfits.within(standard)
        return None


def _read_events(
    source: list[Any],
    names: Names,
    places: tuple[str, ...],
    violations: list[Violation],
    *,
    checked: bool,
) -> tuple[Event, ...]:
    events: list[Event] = []
    for number, (value, place) in enumerate(zip(source, places, strict=True), 1):
        if checked and violations:
            break
        try:
            event, findings = _read_found(value, names, checked=checked)
        except Misfits as misfits:
            violations += (_violation(f, place, number) for f in misfits.findings)
        else:
            events.append(event)
            violations += (_violation(f, place, number) for f in findings)
    return tuple(events)


def _read_found(source: Any, names: Names, *, checked: bool) -> tuple[Event, tuple[Finding, ...]]:
    """Return an event, and what the schema has against it."""
    if not checked:
        return _read_event(source, names), ()
    event = _sound_event(source, names)
    if event is not None:
        return event, ()
    # The schema comes first, since reading takes the value apart.
    cls = _type_of(source)
    faults = () if cls is None else findings_of(source, cls.__name__)
    try:
        return _read_event(source, names), faults
    except Misfits as misfits:
        raise Misfits(with_untold_of(misfits.findings, faults)) from None


def _sound_event(source: Any, names: Names) -> Event | None:
    """Return an event that nothing is to be said against, neither by the schema nor here."""
    cls = _type_of(source)
    if cls is None or not is_valid(source, cls.__name__):
        return None
    try:
        return _read_valid(cls, source, names)
    except Misfits:
        return None


def _type_of(source: Any) -> type[Event] | None:
    kind = source.get("type") if isinstance(source, dict) else None
    return EVENT_TYPES.get(kind) if isinstance(kind, str) else None


def _read_event(source: Any, names: Names) -> Event:
    if not isinstance(source, dict):
        raise misfit("an event, which is a JSON object", source)
    if "@context" in source:
        context = source.pop("@context")
        names = Names(names.declared | declared_prefixes(context))
    cls = _type_of(source)
    if cls is None:
        kind = source.get("type")
        found = "no type" if kind is None else kind
        raise misfit(f"one of {', '.join(EVENT_TYPES)}", found, rule="event-type", step="type")
    return _read_members(cls, source, names, ignored=("type",))


def _read_valid(cls: type[Event], source: dict[str, Any], names: Names) -> Event:
    """Return an event that is as the schema has it, without a second look at what that has seen."""
    if "@context" in source:
        names = Names(names.declared | declared_prefixes(source["@context"]))
    values: dict[str, Any] = {}
    others: dict[str, Any] = {}
    as_it_stands, readers = _AS_IT_STANDS[cls], _VALID_READERS[cls]
    for standard, value in source.items():
        if (name := as_it_stands.get(standard)) is not None:
            values[name] = value
        elif (member := readers.get(standard)) is not None:
            name, read = member
            values[name] = read(value, names)
        elif standard not in _OF_NO_FIELD:
            others[standard] = value
    values["extensions"] = names.expand_members(others) if others else others
    return cls.of(values)


def _read_members(
    cls: type[T], source: dict[str, Any], names: Names, *, ignored: tuple[str, ...] = ()
) -> T:
    values: dict[str, Any] = {}
    others: dict[str, Any] = {}
    findings: list[Finding] = []
    readers = _MEMBER_READERS[cls]
    for standard, value in source.items():
        member = readers.get(standard)
        if member is None:
            if standard not in ignored:
                others[standard] = value
            continue
        name, read = member
        try:
            values[name] = read(value, names)
        except Misfits as misfits:
            findings += misfits.within(standard)
    for standard in _REQUIRED[cls]:
        if standard not in source:
            expected = f"{standard}, which every {cls.__name__} has"
            findings.append(Finding((), "required", expected, "none"))
    try:
        values["extensions"] = names.expand_members(others) if others else others
    except Misfits as misfits:
        findings += misfits.findings
    if findings:
        raise Misfits(findings)
    return cls(**values)


def _read_text(value: Any, names: Names) -> str:
    if not isinstance(value, str):
        raise misfit("text", value)
    return value


def _read_texts(value: Any, names: Names) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise misfit("a list of texts", value)
    if set(map(type, value)) - {str}:
        return each(lambda text: _read_text(text, names), value)
    return tuple(value)


def _read_time(value: Any, names: Names) -> Timestamp:
    try:
        return parse_timestamp(_read_text(value, names))
    except ValueError:
        raise misfit(DATE_TIME_EXPECTED, value, rule="date-time") from None


def _read_zone_offset(value: Any, names: Names) -> str:
    if not (isinstance(value, str) and is_zone_offset(value)):
        raise misfit(ZONE_OFFSET_EXPECTED, value, rule="zone-offset")
    return value


def _read_action(value: Any, names: Names) -> str:
    if value not in ACTIONS:
        raise misfit(f"one of {', '.join(ACTIONS)}", value, rule="action")
    return str(value)


def _read_number(value: Any, names: Names) -> int | Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise misfit("a number", value)
    return value


def _read_boolean(value: Any, names: Names) -> bool:
    if not isinstance(value, bool):
        raise misfit("true or false", value)
    return value


def _list(value: Any, what: str) -> list[Any]:
    if not isinstance(value, list):
        raise misfit(f"a list of {what}", value)
    return value


def _struct(cls: type[T], what: str) -> Callable[[Any, Names], T]:
    def read(value: Any, names: Names) -> T:
        if not isinstance(value, dict):
            raise misfit(f"{what}, which is a JSON object", value)
        return _read_members(cls, value, names)

    return read


def _list_of(read: Callable[[Any, Names], T], what: str) -> Callable[[Any, Names], tuple[T, ...]]:
    return lambda value, names: each(lambda item: read(item, names), _list(value, what))


def _read_place(value: Any, names: Names) -> Place:
    findings: list[Finding] = []
    expected = 'an object with an id, such as {"id": "urn:epc:id:sgln:…"}'
    source = dict(_object(value, expected))
    identifier = _member(source, "id", _read_text, names, findings, required=True)
    if findings:
        raise Misfits(findings)
    return Place(id=identifier, extensions=names.expand_members(source))


def _read_typed(
    cls: Callable[..., T], member: str, attribute: str, *, needs_type: bool
) -> Callable[[Any, Names], T]:
    def read(value: Any, names: Names) -> T:
        findings: list[Finding] = []
        source = dict(_object(value, f"an object with {member}"))
        identifier = _member(source, member, _read_text, names, findings, required=True)
        kind = _member(source, "type", _read_text, names, findings, required=needs_type)
        if findings:
            raise Misfits(findings)
        extensions = names.expand_members(source)
        return cls(**{attribute: identifier, "type": kind, "extensions": extensions})

    return read


def _read_persistent_disposition(value: Any, names: Names) -> PersistentDisposition:
    if not isinstance(value, dict) or not value or value.keys() - {"set", "unset"}:
        raise misfit("an object with set, unset or both", value)
    findings: list[Finding] = []
    source = dict(value)
    words = {name: _member(source, name, _read_texts, names, findings) for name in value}
    if findings:
        raise Misfits(findings)
    return PersistentDisposition(**words)


def _read_certification_info(value: Any, names: Names) -> str | tuple[str, ...]:
    return value if isinstance(value, str) else _read_texts(value, names)


def _read_ilmd(value: Any, names: Names) -> dict[str, Any]:
    return names.expand_members(
        _object(value, "instance and lot master data, which is a JSON object")
    )


def _read_sensor_element(value: Any, names: Names) -> SensorElement:
    findings: list[Finding] = []
    source = dict(_object(value, "a sensor element, which is a JSON object"))
    metadata = _member(source, "sensorMetadata", _read_sensor_metadata, names, findings)
    reports = _member(source, "sensorReport", _read_sensor_reports, names, findings, required=True)
    if findings:
        raise Misfits(findings)
    extensions = names.expand_members(source)
    return SensorElement(sensor_metadata=metadata, sensor_report=reports, extensions=extensions)


_read_sensor_metadata = _struct(SensorMetadata, "sensor metadata")
_read_sensor_reports = _list_of(_struct(SensorReport, "a sensor report"), "sensor reports")
_read_error_declaration = _struct(ErrorDeclaration, "an error declaration")

READERS: dict[Kind, Reader] = {
    Kind.TIME: _read_time,
    Kind.ZONE_OFFSET: _read_zone_offset,
    Kind.TEXT: _read_text,
    Kind.ACTION: _read_action,
    Kind.BIZ_STEP: _read_text,
    Kind.DISPOSITION: _read_text,
    Kind.ERROR_REASON: _read_text,
    Kind.EPCS: _read_texts,
    Kind.TEXTS: _read_texts,
    Kind.NUMBER: _read_number,
    Kind.BOOLEAN: _read_boolean,
    Kind.QUANTITIES: _list_of(_struct(QuantityElement, "a quantity element"), "quantity elements"),
    Kind.PLACE: _read_place,
    Kind.BIZ_TRANSACTIONS: _list_of(
        _read_typed(BizTransaction, "bizTransaction", "biz_transaction", needs_type=False),
        "business transactions",
    ),
    Kind.SOURCES: _list_of(
        _read_typed(SourceOrDestination, "source", "id", needs_type=True), "sources"
    ),
    Kind.DESTINATIONS: _list_of(
        _read_typed(SourceOrDestination, "destination", "id", needs_type=True), "destinations"
    ),
    Kind.SENSOR_ELEMENTS: _list_of(_read_sensor_element, "sensor elements"),
    Kind.PERSISTENT_DISPOSITION: _read_persistent_disposition,
    Kind.CERTIFICATION_INFO: _read_certification_info,
    Kind.ERROR_DECLARATION: _read_error_declaration,
    Kind.ILMD: _read_ilmd,
}

# What the schema has nothing against is a text, as it is, or a list of texts.
_TEXTS_OF_VALID = frozenset(
    {Kind.ZONE_OFFSET, Kind.TEXT, Kind.ACTION, Kind.BIZ_STEP, Kind.DISPOSITION}
)
_READERS_OF_VALID: dict[Kind, Reader] = {
    Kind.EPCS: lambda value, names: tuple(value),
    Kind.PLACE: lambda value, names: (
        plain_place(value["id"]) if len(value) == 1 else _read_place(value, names)
    ),
}

_STRUCTURES: dict[type, tuple[Field, ...]] = {
    **FIELDS,
    QuantityElement: QUANTITY_FIELDS,
    SensorMetadata: SENSOR_METADATA_FIELDS,
    SensorReport: SENSOR_REPORT_FIELDS,
    ErrorDeclaration: ERROR_DECLARATION_FIELDS,
}
# By type and member: the attribute, and what reads it. To look up a kind each time takes as long as
# reading a short text.
_MEMBER_READERS = {
    cls: {member.standard: (member.name, READERS[member.kind]) for member in members}
    for cls, members in _STRUCTURES.items()
}
# The same for an event that the schema has nothing against.
_AS_IT_STANDS = {
    cls: {m.standard: m.name for m in members if m.kind in _TEXTS_OF_VALID}
    for cls, members in FIELDS.items()
}
_VALID_READERS = {
    cls: {
        m.standard: (m.name, _READERS_OF_VALID.get(m.kind, READERS[m.kind]))
        for m in members
        if m.kind not in _TEXTS_OF_VALID
    }
    for cls, members in FIELDS.items()
}
_OF_NO_FIELD = frozenset({"type", "@context"})
_REQUIRED = {
    cls: [
        member.standard
        for member in members
        if member.name in (*REQUIRED, "epc_class", "declaration_time")
    ]
    for cls, members in _STRUCTURES.items()
}


def _read_header(value: Any, names: Names) -> dict[str, Any]:
    findings: list[Finding] = []
    source = dict(_object(value, "epcisHeader, which is a JSON object"))
    vocabularies = _member(source, "epcisMasterData", _read_master_data, names, findings)
    if findings:
        raise Misfits(findings)
    extensions = names.expand_members(source)
    sbdh = extensions.pop(SBDH_ROOT, None)
    if sbdh is not None and not isinstance(sbdh, dict):
        raise misfit("a Standard Business Document Header, which is a JSON object", sbdh)
    return {"vocabularies": vocabularies, "header_extensions": extensions, "sbdh": sbdh}


def _read_master_data(value: Any, names: Names) -> tuple[Vocabulary, ...]:
    findings: list[Finding] = []
    source = dict(_object(value, "epcisMasterData, which is a JSON object"))
    vocabularies = _member(source, "vocabularyList", _read_vocabularies, names, findings)
    if findings:
        raise Misfits(findings)
    return vocabularies or ()


def _read_vocabulary(value: Any, names: Names) -> Vocabulary:
    findings: list[Finding] = []
    source = dict(_object(value, "a vocabulary, which is a JSON object"))
    kind = _member(source, "type", _read_text, names, findings, required=True)
    elements = _member(source, "vocabularyElementList", _read_vocabulary_elements, names, findings)
    if findings:
        raise Misfits(findings)
    return Vocabulary(type=kind, elements=elements or (), extensions=names.expand_members(source))


def _read_vocabulary_element(value: Any, names: Names) -> VocabularyElement:
    findings: list[Finding] = []
    source = dict(_object(value, "a vocabulary element, which is a JSON object"))
    identifier = _member(source, "id", _read_text, names, findings, required=True)
    attributes = _member(source, "attributes", _read_attributes, names, findings)
    children = _member(source, "children", _read_texts, names, findings)
    if findings:
        raise Misfits(findings)
    return VocabularyElement(
        id=identifier,
        attributes=attributes or (),
        children=children,
        extensions=names.expand_members(source),
    )


def _read_attribute(value: Any, names: Names) -> tuple[str, Any]:
    findings: list[Finding] = []
    source = dict(_object(value, "an object with id and attribute"))
    identifier = _member(source, "id", _read_text, names, findings, required=True)
    content = _member(source, "attribute", _read_any, names, findings, required=True)
    if findings:
        raise Misfits(findings)
    return identifier, content


def _read_any(value: Any, names: Names) -> Any:
    return names.expand_value(value)


_read_attributes = _list_of(_read_attribute, "attributes")
_read_vocabulary_elements = _list_of(_read_vocabulary_element, "vocabulary elements")
_read_vocabularies = _list_of(_read_vocabulary, "vocabularies")


def _violation(finding: Finding, place: str, event: int | None) -> Violation:
    pointer = place + json_pointer(finding.steps)
    return Violation(pointer, finding.rule, finding.expected, finding.found, event)


def _refusal(pointer: str, rule: str, expected: str, found: Any) -> ValidationError:
    finding = misfit(expected, found, rule=rule).findings[0]
    return ValidationError([_violation(finding, pointer, None)])
