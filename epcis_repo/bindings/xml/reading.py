"""EPCIS XML to documents. Words of the CBV are URNs there and bare words here, as in JSON."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from decimal import Decimal
from typing import IO, Any, NamedTuple

from lxml import etree

from epcis_repo.bindings.json_loader import parse_number
from epcis_repo.bindings.misfits import Finding, Misfits, misfit
from epcis_repo.bindings.names import SBDH_ROOT
from epcis_repo.bindings.xml.dialects import Straightener
from epcis_repo.bindings.xml.layouts import (
    DOCUMENT_ID,
    DOCUMENT_TYPES,
    LAYOUTS,
    MEMBERS,
    NAMESPACES,
    OF_HEADER,
    QUANTITY_EVENT,
    QUANTITY_LAYOUTS,
    REQUIRED_EMPTY,
    WRAPPERS,
    is_foreign,
    names_in,
)
from epcis_repo.bindings.xml.parser import GrowingXml, line_of, parse_xml, refuse_depth
from epcis_repo.bindings.xml.schema import findings_of, findings_of_event, with_untold_of
from epcis_repo.bindings.xml.values import (
    add_member,
    attributes_of,
    element_value,
    tag_of,
)
from epcis_repo.bindings.xml.words import REPORT_WORDS, word_in
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.gs1 import cbv
from epcis_repo.model.documents import (
    MASTER_DATA_DOCUMENT,
    NO_PREFIX,
    Document,
    FoundEvent,
    QueryResults,
    Scan,
    Vocabulary,
    VocabularyElement,
)
from epcis_repo.model.events import (
    ACTIONS,
    EVENT_TYPES,
    FIELDS,
    REQUIRED,
    SENSOR_METADATA_FIELDS,
    SENSOR_REPORT_FIELDS,
    WAS,
    BizTransaction,
    ErrorDeclaration,
    Event,
    Field,
    Kind,
    ObjectEvent,
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


def parse_xml_document(body: bytes, *, checked: bool = False) -> Document:
    """
    Return the EPCISDocument or EPCISQueryDocument in `body`, of version 1.0 to 1.2 or 2.0.

    Raises `ValidationError` with every violation of every event, each with XPath and line. Where
    it is `checked`, the schema has its say before, and is content with one.
    """
    root = parse_xml(body)
    straightener = Straightener()
    straightener.straighten(root)
    has_moved = straightener.has_moved
    if (version := _version_of_bare(root)) is not None:
        bare, faults_of_bare = _bare_document(root, version, checked=checked, has_moved=has_moved)
        if bare is None or faults_of_bare:
            raise ValidationError(faults_of_bare)
        return bare
    if checked:
        # Nearly all are valid, and one look at a whole document costs less than one at each event.
        kind = etree.QName(root)
        if faults := findings_of(root, _schema_name(*_version(kind, root)), limit=1):
            # The others, and which event each is about, who looks at them one by one can say.
            place = f"/{kind.localname}"
            raise ValidationError([_violation(fault, place, None, root) for fault in faults])
    frame = _frame(root, has_moved=has_moved)
    found = [] if frame.event_list is None else list(_event_elements(frame.event_list, frame.path))
    violations = list(frame.violations)
    events = None if frame.event_list is None else _read_events(found, frame.version, violations)
    if violations:
        raise ValidationError(violations)
    return Document(
        events=events,
        places=tuple(place for _, place in found),
        lines=tuple(line_of(element) or 0 for element, _ in found),
        **frame.members,
    )


def scan_xml(file: IO[bytes], *, checked: bool = False) -> Scan:
    """
    Yield what is in the document in `file`, in order: each event, or what is wrong with it.

    Raises `ValidationError` where it breaks off being XML. Returns what is beside the events.
    """
    xml = GrowingXml(file)
    level: _Level | None = None
    number, straightener = 0, Straightener()
    for is_whole in xml.steps:
        straightener.straighten(xml.root)
        if _version_of_bare(xml.root) is not None:
            continue
        try:
            version, schema = _version(etree.QName(xml.root), xml.root)
        except ValidationError as error:
            # It is none of ours. Whether it is XML at all comes before that.
            _drain(xml)
            raise error from None
        level = level or _first_level(xml.root, is_query=schema == "query")
        namespaces = _namespaces(xml.root, has_moved=straightener.has_moved)
        for element, place, depth in () if level is None else level.take(is_whole=is_whole):
            xml.taken()
            number += 1
            try:
                refuse_depth(element, depth)
                event, findings = _read_found(element, version, checked=checked)
            except ValidationError as error:
                yield from error.violations
            except Misfits as misfits:
                yield from (_violation(f, place, number, element) for f in misfits.findings)
            else:
                faults = tuple(_violation(f, place, number, element) for f in findings)
                line = line_of(element) or 0
                yield FoundEvent(event, number, place, line, namespaces, faults=faults)
    try:
        refuse_depth(xml.root)
    except ValidationError as error:
        yield from error.violations
        return None
    if (version_of_bare := _version_of_bare(xml.root)) is not None:
        # It is a document of its own.
        bare, violations = _bare_document(
            xml.root, version_of_bare, checked=checked, has_moved=straightener.has_moved
        )
        if bare is None:
            yield from violations
            return None
        yield from (found._replace(faults=violations) for found in bare.found())
        return bare
    frame = _frame(xml.root, checked=checked, has_moved=straightener.has_moved)
    yield from frame.violations
    events = None if frame.event_list is None else ()
    return None if frame.violations else Document(events=events, **frame.members)


def _drain(xml: GrowingXml) -> None:
    for _ in xml.steps:
        for child in xml.root[:-1]:
            xml.root.remove(child)
            xml.taken()


class _Level:
    """A list of events that grows at its end: the event list, or a wrapper in it."""

    def __init__(self, element: etree._Element, path: str) -> None:
        self._element = element
        self._depth = sum(1 for _ in element.iterancestors()) + 2
        self.path = path
        self._counts: dict[str, int] = {}
        self._open: _Level | None = None

    def take(self, *, is_whole: bool) -> Iterator[tuple[etree._Element, str, int]]:
        """Yield the events that are whole, each with its place and depth, and take them out."""
        children = list(self._element)
        for child in children:
            child_is_whole = is_whole or child is not children[-1]
            within, self._open = self._open, None
            if within is None and (child_is_whole or child.tag == "extension"):
                place = self._place(str(child.tag))
                if child.tag == "extension" and (len(child) or not child_is_whole):
                    within = _Level(child, place)
                else:
                    yield child, place, self._depth
            if within is not None:
                yield from within.take(is_whole=child_is_whole)
                if child_is_whole and within.is_empty:
                    yield child, within.path, self._depth
            if child_is_whole:
                self._keep_text_of(child)
                self._element.remove(child)
            else:
                self._open = within

    @property
    def is_empty(self) -> bool:
        return not self._counts

    def _keep_text_of(self, child: etree._Element) -> None:
        # Text that stands around the events is no event, and is looked at in the end.
        texts = (self._element.text, child.text if child.tag == "extension" else None, child.tail)
        if any(texts):
            self._element.text = "".join(text for text in texts if text and text.strip()) or None

    def _place(self, tag: str) -> str:
        self._counts[tag] = self._counts.get(tag, 0) + 1
        return f"{self.path}/{tag}[{self._counts[tag]}]"


def _first_level(root: etree._Element, *, is_query: bool) -> _Level | None:
    """Return the event list, as soon as it has begun."""
    element, kind = root, etree.QName(root)
    query = (f"{{{kind.namespace}}}QueryResults", "resultsBody") if is_query else ()
    for tag in ("EPCISBody", *query, "EventList"):
        found = next((child for child in _children(element) if tag_of(child) == tag), None)
        if found is None:
            return None
        element = found
    return _Level(element, f"/{kind.localname}" + (_QUERY_PATH if is_query else _PATH))


def _version_of_bare(root: etree._Element) -> str | None:
    """Return the version of an event that stands alone, None where `root` is none."""
    kind = etree.QName(root)
    if kind.localname not in (*EVENT_TYPES, QUANTITY_EVENT):
        return None
    if not kind.namespace:
        return "1.2" if kind.localname == QUANTITY_EVENT else "2.0"
    return next((v for v, namespace in NAMESPACES.items() if kind.namespace == namespace), None)


def _bare_document(
    root: etree._Element, version: str, *, checked: bool, has_moved: bool
) -> tuple[Document | None, tuple[Violation, ...]]:
    """Return the document that an event is by itself, and what is wrong with it."""
    root.tag = etree.QName(root).localname
    place, namespaces = f"/{root.tag}", _namespaces(root, has_moved=has_moved)
    try:
        event, faults = _read_found(root, version, checked=checked)
    except Misfits as misfits:
        return None, tuple(_violation(f, place, 1, root) for f in misfits.findings)
    document = Document(
        events=(event,),
        namespaces=namespaces,
        is_bare=True,
        places=(place,),
        lines=(line_of(root) or 0,),
    )
    return document, tuple(_violation(f, place, 1, root) for f in faults)


class _Frame(NamedTuple):
    """All of a document but its events."""

    version: str
    event_list: etree._Element | None
    path: str
    members: dict[str, Any]
    violations: list[Violation]


def _namespaces(root: etree._Element, *, has_moved: bool) -> dict[str, str]:
    """Return the prefixes that a document declares, none for that of elements that were moved."""
    declared = {p: ns for p, ns in root.nsmap.items() if p is not None}
    namespace = etree.QName(root).namespace
    if not has_moved or namespace is None:
        return declared
    own = {p: ns for p, ns in declared.items() if ns != namespace}
    return {NO_PREFIX: namespace} | own


def _schema_name(version: str, schema: str) -> str:
    return f"{schema}-{version}"


def _frame(root: etree._Element, *, has_moved: bool, checked: bool = False) -> _Frame:
    kind = etree.QName(root)
    version, schema = _version(kind, root)
    faults = findings_of(root, _schema_name(version, schema)) if checked else ()
    findings: list[Finding] = []
    parts, extensions = _parts(
        root, ("EPCISHeader", "EPCISBody"), findings, "schemaVersion", "creationDate"
    )
    creation_date, created = None, root.get("creationDate")
    try:
        creation_date = None if created is None else _timestamp(created)
    except Misfits as misfits:
        findings += misfits.within("@creationDate")
    header = _member(parts, "EPCISHeader", _read_header, root, findings) or {}
    for name in [name for name in extensions if name.startswith(OF_HEADER)]:
        add_member(header.setdefault("header_extensions", {}), name, extensions.pop(name))
    content = _member(parts, "EPCISBody", _BODY_READERS[schema], root, findings, required=True)
    content = content or {}
    if "VocabularyList" in content:
        header["vocabularies"] = (header.get("vocabularies") or ()) + content["VocabularyList"]
    if schema == "masterdata":
        extensions = {WAS: MASTER_DATA_DOCUMENT} | extensions
    place = f"/{kind.localname}"
    members = {
        "schema_version": root.get("schemaVersion"),
        "creation_date": creation_date,
        "namespaces": _namespaces(root, has_moved=has_moved),
        "id": extensions.pop(f"@{DOCUMENT_ID}", None),
        "query_results": content.get("QueryResults"),
        "body_extensions": content.get("extensions", {}),
        "extensions": extensions,
        **header,
    }
    return _Frame(
        version=version,
        event_list=content.get("EventList"),
        path=place + (_QUERY_PATH if schema == "query" else _PATH),
        members=members,
        violations=[
            _violation(finding, place, None, root) for finding in with_untold_of(findings, faults)
        ],
    )


_PATH = "/EPCISBody/EventList"
_QUERY_PATH = "/EPCISBody/QueryResults/resultsBody/EventList"


def _version(kind: etree.QName, root: etree._Element) -> tuple[str, str]:
    """Return the version of a document, and what its schema is called."""
    for schema, (name, namespaces) in DOCUMENT_TYPES.items():
        for version, namespace in namespaces.items():
            if (kind.localname, kind.namespace) == (name, namespace):
                return version, schema
    *names, last = (name for name, _ in DOCUMENT_TYPES.values())
    expected = f"{', '.join(names)} or {last} in a namespace of EPCIS 1.2 or 2.0, such as "
    expected += NAMESPACES["2.0"]
    raise _refusal(f"/{kind.localname}", "document-type", expected, str(kind), root)


def _read_body(element: etree._Element) -> dict[str, Any]:
    findings: list[Finding] = []
    parts, extensions = _parts(element, ("EventList",), findings)
    if findings:
        raise Misfits(findings)
    return {**parts, "extensions": extensions}


def _read_query_body(element: etree._Element) -> dict[str, Any]:
    findings: list[Finding] = []
    namespace = etree.QName(element.getroottree().getroot()).namespace
    results = f"{{{namespace}}}QueryResults"
    parts, extensions = _parts(element, (results,), findings)
    body = _member(parts, results, _read_query_results, element, findings, required=True)
    if findings:
        raise Misfits(findings)
    return {**body, "extensions": extensions}


def _read_master_data_body(element: etree._Element) -> dict[str, Any]:
    # What a header may have beside events stands alone here (EPCIS 2.0, §9.7).
    findings: list[Finding] = []
    parts, extensions = _parts(element, ("VocabularyList",), findings)
    vocabularies = _member(parts, "VocabularyList", _read_vocabularies, element, findings)
    if findings:
        raise Misfits(findings)
    return {"VocabularyList": vocabularies or (), "extensions": extensions}


_BODY_READERS: dict[str, Callable[[etree._Element], dict[str, Any]]] = {
    "epcis": _read_body,
    "query": _read_query_body,
    "masterdata": _read_master_data_body,
}


def _read_query_results(element: etree._Element) -> dict[str, Any]:
    findings: list[Finding] = []
    known = ("queryName", "subscriptionID", "resultsBody")
    parts, extensions = _parts(element, known, findings)
    name = _member(parts, "queryName", _text, element, findings) or "SimpleEventQuery"
    subscription_id = _member(parts, "subscriptionID", _text, element, findings)
    body = _member(parts, "resultsBody", _read_results_body, element, findings, required=True)
    if findings:
        raise Misfits(findings)
    results = QueryResults(
        query_name=name,
        subscription_id=subscription_id,
        vocabularies=body.get("VocabularyList"),
        extensions=extensions,
    )
    return {"QueryResults": results, "EventList": body.get("EventList")}


def _read_results_body(element: etree._Element) -> dict[str, Any]:
    findings: list[Finding] = []
    parts, _ = _parts(element, ("EventList", "VocabularyList"), findings)
    vocabularies = _member(parts, "VocabularyList", _read_vocabularies, element, findings)
    if findings:
        raise Misfits(findings)
    return {"EventList": parts.get("EventList"), "VocabularyList": vocabularies}


def _event_elements(event_list: etree._Element, path: str) -> Iterator[tuple[etree._Element, str]]:
    counts: dict[str, int] = {}
    for element in event_list:
        tag = str(element.tag)
        counts[tag] = counts.get(tag, 0) + 1
        place = f"{path}/{tag}[{counts[tag]}]"
        if tag == "extension" and len(element):
            yield from _event_elements(element, place)
        else:
            yield element, place


def _read_events(
    found: list[tuple[etree._Element, str]], version: str, violations: list[Violation]
) -> tuple[Event, ...]:
    events: list[Event] = []
    for number, (element, place) in enumerate(found, 1):
        try:
            events.append(_read_event(element, version))
        except Misfits as misfits:
            violations += (_violation(f, place, number, element) for f in misfits.findings)
    return tuple(events)


def _read_found(
    element: etree._Element, version: str, *, checked: bool
) -> tuple[Event, tuple[Finding, ...]]:
    """Return an event, and what the schema has against it."""
    faults = findings_of_event(element, version) if checked else ()
    try:
        return _read_event(element, version), faults
    except Misfits as misfits:
        raise Misfits(with_untold_of(misfits.findings, faults)) from None


def _read_event(element: etree._Element, version: str) -> Event:
    if element.tag == QUANTITY_EVENT and version in QUANTITY_LAYOUTS:
        return _read_quantity_event(element, version)
    cls = EVENT_TYPES.get(str(element.tag))
    if cls is None or cls not in LAYOUTS[version]:
        types = ", ".join(t.__name__ for t in LAYOUTS[version])
        raise misfit(f"one of {types}, as EPCIS {version} has", str(element.tag), rule="event-type")
    findings: list[Finding] = []
    parts, extensions = _parts(element, MEMBERS[cls], findings)
    values = _read_fields(element, cls, version, parts, findings)
    if findings:
        raise Misfits(findings)
    values["extensions"] = extensions
    return cls.of(values)


def _read_quantity_event(element: etree._Element, version: str) -> ObjectEvent:
    findings: list[Finding] = []
    known = names_in(*QUANTITY_LAYOUTS[version]) | {"epcClass", "quantity"}
    parts, extensions = _parts(element, known, findings)
    epc_class = _member(parts, "epcClass", _filled_text, element, findings, required=True)
    quantity = _member(parts, "quantity", _read_count, element, findings, required=True)
    parts = {tag: child for tag, child in parts.items() if tag in MEMBERS[ObjectEvent]}
    values = _read_fields(element, ObjectEvent, version, parts, findings, action="OBSERVE")
    if findings:
        raise Misfits(findings)
    return ObjectEvent(
        **values,
        quantity_list=(QuantityElement(epc_class=epc_class, quantity=quantity),),
        extensions={WAS: QUANTITY_EVENT} | extensions,
    )


def _read_count(element: etree._Element) -> int | Decimal:
    return _number(_text(element))


def _read_fields(
    element: etree._Element,
    cls: type[Event],
    version: str,
    parts: Mapping[str, etree._Element],
    findings: list[Finding],
    **values: Any,
) -> dict[str, Any]:
    """Return what `parts` say of the fields of `cls`, beside the `values` that are known."""
    readers, required_empty = _FIELD_READERS[cls], REQUIRED_EMPTY.get((version, cls))
    for tag, child in parts.items():
        name, read = readers[tag]
        try:
            value = read(child)
        except Misfits as misfits:
            findings += (_at_line(f, child) for f in misfits.within(_step(child, element)))
            continue
        # EPCIS 1.2, §9.5: an optional text that is empty counts as absent, and so does a list
        # that is there only because 1.2 requires it.
        if value or (value != "" and (value != () or tag != required_empty)):
            values[name] = value
    for name, tag in _REQUIRED_FIELDS[cls]:
        if tag not in parts and not values.get(name):
            expected = f"{tag}, which every {cls.__name__} has"
            findings.append(Finding((), "required", expected, "none", line_of(element)))
    return values


def _parts(
    element: etree._Element,
    known: Container[str],
    findings: list[Finding],
    *attributes: str,
    repeated: str | None = None,
) -> tuple[dict[str, etree._Element], dict[str, Any]]:
    """
    Part what `element` holds: the `known` elements by tag, each once, and the extensions.

    What is neither, nor `repeated`, nor in `attributes`, is a finding (EPCIS 1.2, §9.1).
    """
    parts: dict[str, etree._Element] = {}
    extensions = _foreign_attributes(element, findings, *attributes)
    extensions = {f"@{name}": value for name, value in extensions.items()}
    for child in _children(element):
        tag = child.tag
        # Nearly all that there is, and no name of the standard's has another spelling.
        if tag in known and tag not in parts:
            parts[tag] = child
            continue
        tag = tag_of(child)
        if tag == repeated:
            continue
        if tag in parts:
            findings.append(
                Finding(
                    (_step(child, element),),
                    "duplicate-element",
                    f"{tag} once",
                    "it twice",
                    line_of(child),
                )
            )
        elif is_foreign(tag):
            add_member(extensions, tag, element_value(child))
        else:
            findings.append(
                Finding(
                    (_step(child, element),),
                    "unknown-element",
                    _FOREIGN,
                    f"<{tag}>",
                    line_of(child),
                )
            )
    return parts, extensions


_FOREIGN = "what EPCIS has here, or an extension in a namespace of its own"


def _foreign_attributes(
    element: etree._Element, findings: list[Finding], *known: str
) -> dict[str, Any]:
    extensions: dict[str, Any] = {}
    if not element.keys():
        return extensions
    for name, value in attributes_of(element).items():
        if is_foreign(name):
            extensions[name] = value
        elif name not in known:
            findings.append(
                Finding((f"@{name}",), "unknown-attribute", _FOREIGN, name, line_of(element))
            )
    return extensions


def _children(element: etree._Element) -> list[etree._Element]:
    children: list[etree._Element] = []
    for child in element:
        if child.tag in WRAPPERS:
            children += _children(child)
        else:
            children.append(child)
    return children


def _children_called(tag: str, element: etree._Element) -> Iterator[etree._Element]:
    return (child for child in _children(element) if child.tag == tag)


def _step(child: etree._Element, element: etree._Element) -> str:
    # The wrappers in between belong to the way.
    step, parent = str(child.tag), child.getparent()
    while parent is not None and parent is not element:
        step, parent = f"{parent.tag}/{step}", parent.getparent()
    return step


def _member(
    parts: Mapping[str, etree._Element],
    tag: str,
    read: Callable[[etree._Element], Any],
    element: etree._Element,
    findings: list[Finding],
    *,
    required: bool = False,
) -> Any:
    """Return what a part of `element` says; add to `findings` where it does not fit."""
    child = parts.get(tag)
    if child is None:
        if required:
            findings.append(Finding((), "required", tag, "none", line_of(element)))
        return None
    try:
        return read(child)
    except Misfits as misfits:
        findings += (_at_line(f, child) for f in misfits.within(_step(child, element)))
        return None


def _text(element: etree._Element) -> str:
    if len(element):
        raise misfit("text alone", f"<{element[0].tag}>")
    return (element.text or "").strip()


def _timestamp(text: str) -> Timestamp:
    try:
        return parse_timestamp(text.strip())
    except ValueError:
        raise misfit(DATE_TIME_EXPECTED, text, rule="date-time") from None


def _read_time(element: etree._Element) -> Timestamp:
    return _timestamp(_text(element))


def _read_zone_offset(element: etree._Element) -> str:
    text = _text(element)
    if not is_zone_offset(text):
        raise misfit(ZONE_OFFSET_EXPECTED, text, rule="zone-offset")
    return text


def _read_action(element: etree._Element) -> str:
    text = _text(element)
    if text not in ACTIONS:
        raise misfit(f"one of {', '.join(ACTIONS)}", text, rule="action")
    return text


def _word_of(vocabulary: cbv.Vocabulary) -> Callable[[etree._Element], str]:
    return lambda element: word_in(vocabulary, _text(element))


def _number(text: str) -> int | Decimal:
    try:
        return parse_number(text.strip())
    except ValueError:
        raise misfit("a number", text) from None


def _boolean(text: str) -> bool:
    if text.strip() not in ("true", "false", "1", "0"):
        raise misfit("true or false", text)
    return text.strip() in ("true", "1")


def _texts_of(tag: str) -> Callable[[etree._Element], tuple[str, ...]]:
    # These lists have nearly all that there is in a document; libxml2 looks into them faster.
    is_nested = etree.XPath("boolean(*/*)")

    def read(element: etree._Element) -> tuple[str, ...]:
        texts = tuple([(child.text or "").strip() for child in element.iterchildren(tag)])
        if len(texts) != len(element) or is_nested(element):
            return _each(_text, tag)(element)
        return texts

    return read


def _each(
    read: Callable[[etree._Element], Any], tag: str
) -> Callable[[etree._Element], tuple[Any, ...]]:
    def read_all(element: etree._Element) -> tuple[Any, ...]:
        results: list[Any] = []
        findings: list[Finding] = []
        for index, child in enumerate(element, 1):
            try:
                if child.tag != tag:
                    raise misfit(f"a {tag} element", f"<{child.tag}>")
                results.append(read(child))
            except Misfits as misfits:
                findings += (_at_line(f, child) for f in misfits.within(f"*[{index}]"))
        if findings:
            raise Misfits(findings)
        return tuple(results)

    return read_all


def _read_place(element: etree._Element) -> Place | None:
    # Nearly every one has an id, and nothing else.
    only = element[0] if len(element) == 1 and not element.keys() else None
    if only is not None and only.tag == "id" and not len(only) and (text := _text(only)):
        return plain_place(text)
    findings: list[Finding] = []
    parts, extensions = _parts(element, ("id",), findings)
    # EPCIS 1.2, §9.5: an empty text counts as absent, and so does a place of nothing else.
    known = parts.get("id")
    has_id = known is not None and (len(known) or _text(known))
    if not (has_id or findings or extensions or (element.text or "").strip()):
        return None
    identifier = _member(parts, "id", _filled_text, element, findings, required=True)
    if findings:
        raise Misfits(findings)
    return Place(id=identifier, extensions=extensions)


def _filled_text(element: etree._Element) -> str:
    text = _text(element)
    if not text:
        raise misfit("an identifier", "none", rule="required")
    return text


def _read_quantity(element: etree._Element) -> QuantityElement:
    findings: list[Finding] = []
    parts, extensions = _parts(element, ("epcClass", "quantity", "uom"), findings)
    epc_class = _member(parts, "epcClass", _text, element, findings, required=True)
    quantity = _member(parts, "quantity", _read_number, element, findings)
    uom = _member(parts, "uom", _text, element, findings)
    if findings:
        raise Misfits(findings)
    return QuantityElement(
        epc_class=epc_class, quantity=quantity, uom=uom or None, extensions=extensions
    )


def _read_number(element: etree._Element) -> int | Decimal | None:
    text = _text(element)
    return _number(text) if text else None


def _read_biz_transaction(element: etree._Element) -> BizTransaction | None:
    identifier, kind, extensions = _typed_text(element, cbv.BIZ_TRANSACTION_TYPE)
    if not (identifier or extensions):
        return None
    return BizTransaction(biz_transaction=identifier, type=kind or None, extensions=extensions)


def _read_source_or_destination(element: etree._Element) -> SourceOrDestination | None:
    identifier, kind, extensions = _typed_text(element, cbv.SOURCE_DEST_TYPE)
    if not kind:
        raise misfit("an attribute type", "none", rule="required")
    if not (identifier or extensions):
        return None
    return SourceOrDestination(id=identifier, type=kind, extensions=extensions)


def _typed_text(
    element: etree._Element, vocabulary: cbv.Vocabulary
) -> tuple[str, str, dict[str, Any]]:
    findings: list[Finding] = []
    extensions = _foreign_attributes(element, findings, "type")
    if findings:
        raise Misfits(findings)
    return _text(element), word_in(vocabulary, element.get("type", "").strip()), extensions


def _filled(
    read: Callable[[etree._Element], tuple[Any, ...]],
) -> Callable[[etree._Element], tuple[Any, ...] | None]:
    # An entry that says nothing is none, and a list with no other is absent (EPCIS 1.2, §9.5).
    def read_filled(element: etree._Element) -> tuple[Any, ...] | None:
        entries = read(element)
        filled = tuple(entry for entry in entries if entry is not None)
        return filled if filled or not entries else None

    return read_filled


def _read_persistent_disposition(element: etree._Element) -> PersistentDisposition:
    words: dict[str, list[str]] = {}
    for child in element:
        if child.tag not in ("set", "unset"):
            raise misfit("set and unset elements", f"<{child.tag}>")
        word = word_in(cbv.DISPOSITION, _text(child))
        words.setdefault(str(child.tag), []).append(word)
    if not words:
        raise misfit("set or unset elements", "none")
    return PersistentDisposition(**{name: tuple(texts) for name, texts in words.items()})


def _read_error_declaration(element: etree._Element) -> ErrorDeclaration:
    findings: list[Finding] = []
    known = ("declarationTime", "reason", "correctiveEventIDs")
    parts, extensions = _parts(element, known, findings)
    declared = _member(parts, "declarationTime", _read_time, element, findings, required=True)
    reason = _member(parts, "reason", _word_of(cbv.ERROR_REASON), element, findings)
    corrective = _member(
        parts, "correctiveEventIDs", _texts_of("correctiveEventID"), element, findings
    )
    if findings:
        raise Misfits(findings)
    return ErrorDeclaration(
        declaration_time=declared,
        reason=reason or None,
        corrective_event_ids=corrective,
        extensions=extensions,
    )


_ATTRIBUTE_READERS: dict[Kind, Callable[[str], Any]] = {
    Kind.TIME: _timestamp,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
}


def _word_of_report(name: str) -> Callable[[str], str]:
    return REPORT_WORDS[name][0] if name in REPORT_WORDS else str


def _read_attributes(element: etree._Element, members: tuple[Field, ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    findings: list[Finding] = []
    known = (member.standard for member in members)
    extensions = _foreign_attributes(element, findings, *known)
    for member in members:
        text = element.get(member.standard)
        if text:
            try:
                reader = _ATTRIBUTE_READERS.get(member.kind, _word_of_report(member.name))
                values[member.name] = reader(text)
            except Misfits as misfits:
                findings += misfits.within(f"@{member.standard}")
    if len(element):
        findings += misfit("attributes alone", f"<{element[0].tag}>").findings
    if findings:
        raise Misfits(findings)
    return {**values, "extensions": extensions}


def _read_sensor_element(element: etree._Element) -> SensorElement:
    findings: list[Finding] = []
    parts, extensions = _parts(element, ("sensorMetadata",), findings, repeated="sensorReport")
    metadata = _member(parts, "sensorMetadata", _read_sensor_metadata, element, findings)
    reports: list[SensorReport] = []
    for number, child in enumerate(_children_called("sensorReport", element), 1):
        try:
            reports.append(SensorReport(**_read_attributes(child, SENSOR_REPORT_FIELDS)))
        except Misfits as misfits:
            findings += (_at_line(f, child) for f in misfits.within(f"sensorReport[{number}]"))
    if findings:
        raise Misfits(findings)
    return SensorElement(
        sensor_metadata=metadata, sensor_report=tuple(reports), extensions=extensions
    )


def _read_sensor_metadata(element: etree._Element) -> SensorMetadata:
    return SensorMetadata(**_read_attributes(element, SENSOR_METADATA_FIELDS))


def _read_ilmd(element: etree._Element) -> dict[str, Any]:
    # 1.2 has one more wrapper in some partners' documents; what it holds is the master data.
    # Names without a namespace are not the standard's, and some partners write them.
    members: dict[str, Any] = {f"@{name}": text for name, text in attributes_of(element).items()}
    for child in _children(element):
        add_member(members, tag_of(child), element_value(child))
    return members


READERS: dict[Kind, Callable[[etree._Element], Any]] = {
    Kind.TIME: _read_time,
    Kind.ZONE_OFFSET: _read_zone_offset,
    Kind.TEXT: _text,
    Kind.ACTION: _read_action,
    Kind.BIZ_STEP: _word_of(cbv.BIZ_STEP),
    Kind.DISPOSITION: _word_of(cbv.DISPOSITION),
    Kind.EPCS: _texts_of("epc"),
    Kind.QUANTITIES: _each(_read_quantity, "quantityElement"),
    Kind.PLACE: _read_place,
    Kind.BIZ_TRANSACTIONS: _filled(_each(_read_biz_transaction, "bizTransaction")),
    Kind.SOURCES: _filled(_each(_read_source_or_destination, "source")),
    Kind.DESTINATIONS: _filled(_each(_read_source_or_destination, "destination")),
    Kind.SENSOR_ELEMENTS: _each(_read_sensor_element, "sensorElement"),
    Kind.PERSISTENT_DISPOSITION: _read_persistent_disposition,
    Kind.CERTIFICATION_INFO: _text,
    Kind.ERROR_DECLARATION: _read_error_declaration,
    Kind.ILMD: _read_ilmd,
}


# By type and tag: the attribute of an event, and what reads it.
_FIELD_READERS = {
    cls: {tag: (member.name, READERS[member.kind]) for tag, member in members.items()}
    for cls, members in MEMBERS.items()
}
_REQUIRED_FIELDS = {
    cls: [(member.name, member.standard) for member in members if member.name in REQUIRED]
    for cls, members in FIELDS.items()
}


def _read_header(element: etree._Element) -> dict[str, Any]:
    findings: list[Finding] = []
    parts, extensions = _parts(element, (SBDH_ROOT, "EPCISMasterData"), findings)
    sbdh = _member(parts, SBDH_ROOT, element_value, element, findings)
    vocabularies = _member(parts, "EPCISMasterData", _read_master_data, element, findings)
    if findings:
        raise Misfits(findings)
    if sbdh is not None and not isinstance(sbdh, dict):
        sbdh = {"#text": sbdh} if sbdh else {}
    return {"sbdh": sbdh, "vocabularies": vocabularies, "header_extensions": extensions}


def _read_master_data(element: etree._Element) -> tuple[Vocabulary, ...]:
    findings: list[Finding] = []
    parts, _ = _parts(element, ("VocabularyList",), findings)
    vocabularies = _member(parts, "VocabularyList", _read_vocabularies, element, findings)
    if findings:
        raise Misfits(findings)
    return vocabularies or ()


def _read_vocabularies(element: etree._Element) -> tuple[Vocabulary, ...]:
    return _each(_read_vocabulary, "Vocabulary")(element)


def _read_vocabulary(element: etree._Element) -> Vocabulary:
    findings: list[Finding] = []
    kind = _required_attribute(element, "type", findings)
    parts, extensions = _parts(element, ("VocabularyElementList",), findings, "type")
    read_elements = _each(_read_vocabulary_element, "VocabularyElement")
    elements = _member(parts, "VocabularyElementList", read_elements, element, findings)
    if findings:
        raise Misfits(findings)
    return Vocabulary(type=kind, elements=elements or (), extensions=extensions)


def _read_vocabulary_element(element: etree._Element) -> VocabularyElement:
    findings: list[Finding] = []
    identifier = _required_attribute(element, "id", findings)
    parts, extensions = _parts(element, ("children",), findings, "id", repeated="attribute")
    children = _member(parts, "children", _texts_of("id"), element, findings)
    attributes = tuple(
        (_required_attribute(child, "id", findings), element_value(child, "id"))
        for child in _children_called("attribute", element)
    )
    if findings:
        raise Misfits(findings)
    return VocabularyElement(
        id=identifier, attributes=attributes, children=children, extensions=extensions
    )


def _required_attribute(element: etree._Element, name: str, findings: list[Finding]) -> str:
    text = element.get(name)
    if text is None:
        findings.append(Finding((), "required", f"an attribute {name}", "none", line_of(element)))
    return text or ""


def _at_line(finding: Finding, element: etree._Element) -> Finding:
    if finding.line is not None:
        return finding
    return Finding(finding.steps, finding.rule, finding.expected, finding.found, line_of(element))


def _violation(
    finding: Finding, place: str, number: int | None, element: etree._Element
) -> Violation:
    pointer = "".join(f"/{step}" for step in finding.steps)
    line = line_of(element) if finding.line is None else finding.line
    return Violation(place + pointer, finding.rule, finding.expected, finding.found, number, line)


def _refusal(
    pointer: str, rule: str, expected: str, found: str, element: etree._Element
) -> ValidationError:
    return ValidationError([Violation(pointer, rule, expected, found, line=line_of(element))])
