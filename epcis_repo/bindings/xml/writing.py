"""
Documents to EPCIS XML, as a whole or event by event.

Bare words of the CBV are written as URNs; other spellings stay in 2.0, and become URNs in 1.2,
which knows no others. What a version has no place for is refused; `fitting.py` can tell all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from lxml import etree

from epcis_repo.bindings.names import SBDH_ROOT, STANDARD_PREFIXES
from epcis_repo.bindings.sbdh import sbdh_of
from epcis_repo.bindings.spelling import CbvXmlFormat, spell_event, spelling_for
from epcis_repo.bindings.xml.layouts import (
    DOCUMENT_ID,
    DOCUMENT_TYPES,
    LAYOUTS,
    MEMBERS,
    NAMESPACES,
    NEVER_EMPTY,
    QUANTITY_EVENT,
    QUANTITY_LAYOUTS,
    REQUIRED_EMPTY,
    STANDARD_NAMESPACES,
    WRAPPED_TYPES,
    WRAPPERS,
    Layout,
    is_foreign,
    names_in,
)
from epcis_repo.bindings.xml.values import (
    append_value,
    element_name,
    fill_element,
    set_attribute,
    value_text,
)
from epcis_repo.bindings.xml.words import REPORT_WORDS, word_out
from epcis_repo.errors import InputError
from epcis_repo.gs1 import cbv
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document, Vocabulary
from epcis_repo.model.events import (
    EVENT_TYPES,
    FIELDS,
    SENSOR_METADATA_FIELDS,
    SENSOR_REPORT_FIELDS,
    WAS,
    ErrorDeclaration,
    Event,
    Field,
    Kind,
    ObjectEvent,
    PersistentDisposition,
    Place,
    QuantityElement,
    SensorElement,
)
from epcis_repo.model.times import Timestamp


def render_xml_document(document: Document, version: str) -> bytes:
    """
    Return `document` as XML of `version`, "1.2" or "2.0".

    Raises `InputError` for what the version has no place for.
    """
    return XmlWriter(document.namespaces, version).whole(document)


class XmlWriter:
    """
    Writes documents that have the same namespaces, or one of them piece by piece: its events
    first, and then what stands around them.

    Everything raises `InputError` for what the version has no place for.
    """

    def __init__(self, namespaces: Mapping[str, str], version: str) -> None:
        self._version = version
        self._has_events = False
        self._namespaces = {
            prefix: namespace
            for prefix, namespace in namespaces.items()
            if namespace not in ("", *STANDARD_NAMESPACES) and _PREFIX.fullmatch(prefix)
        }

    def whole(self, document: Document) -> bytes:
        """Return a document, or where it is bare the event in it."""
        return self._written(document)

    def event(self, event: Event) -> bytes:
        """Return an event as it stands in a document, between what `around` returns."""
        self._has_events = True
        body = self._written(Document(events=(event,)))
        return body[body.index(_BEGINS) + len(_BEGINS) : body.rindex(_ENDS)]

    def around(self, document: Document) -> tuple[bytes, bytes]:
        """Return what stands before the events of a document, and behind them."""
        events = document.events and ()
        body = self._written(replace(document, events=events), with_mark=True)
        before, _, behind = body.partition(_MARK)
        return before, behind

    def _written(self, document: Document, *, with_mark: bool = False) -> bytes:
        try:
            body = self._serialised(document, with_mark=with_mark)
            used = {
                prefix: namespace
                for prefix, namespace in _KNOWN.items()
                if prefix not in self._namespaces and any(sign in body for sign in _SIGNS[prefix])
            }
            if used:
                self._namespaces = used | self._namespaces
                body = self._serialised(document, with_mark=with_mark)
        except ValueError as error:
            # From lxml and `values.py`: characters and names that XML has not.
            raise InputError(f"XML cannot have it: {error}") from None
        return body

    def _serialised(self, document: Document, *, with_mark: bool) -> bytes:
        schema = "epcis" if document.query_results is None else "query"
        if not (document.events or self._has_events):
            if document.is_master_data:
                schema = "masterdata"
            answer = document.query_results
            if document.is_master_data or (answer and answer.vocabularies is not None):
                # EPCIS 2.0, §9.7: events or master data. In JSON there is a list of both.
                document = replace(document, events=None)
        root = _root(document, schema, self._version, self._namespaces)
        if document.is_bare:
            root = next(root.iter(*EVENT_TYPES, QUANTITY_EVENT))
            root.tag = f"{{{NAMESPACES[self._version]}}}{root.tag}"
        elif with_mark and (event_list := root.find(".//EventList")) is not None:
            event_list.append(etree.ProcessingInstruction("events"))
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True, with_tail=False)


# Prefixes that an XML document may declare; `ns1` and its like are for lxml to make up.
_PREFIX = re.compile(r"(?!xml|ns[0-9]+$)[^\W\d][\w.\-]*")
_BEGINS, _ENDS = b"<EventList>", b"</EventList>"
# There is no other: a reader leaves all of them out.
_MARK = b"<?events ?>"
# Prefixes that JSON need not declare. lxml would make up others; and one that stands in a value is
# no name to it at all.
_KNOWN = STANDARD_PREFIXES | {"xsd": "http://www.w3.org/2001/XMLSchema"}
del _KNOWN["epcis"]
_SIGNS = {
    prefix: [sign.encode() for sign in (f'"{prefix}:', f">{prefix}:", f'="{namespace}"')]
    for prefix, namespace in _KNOWN.items()
}


def _root(
    document: Document, schema: str, version: str, prefixes: Mapping[str, str]
) -> etree._Element:
    kind, namespaces = DOCUMENT_TYPES[schema]
    namespace, prefix = namespaces[version], _ROOT_PREFIXES[schema]
    nsmap = {p: ns for p, ns in prefixes.items() if p != prefix}
    if document.id is not None:
        nsmap = {"rdf": etree.QName(DOCUMENT_ID).namespace} | nsmap
    root = etree.Element(f"{{{namespace}}}{kind}", nsmap={prefix: namespace, **nsmap})
    root.set("schemaVersion", version)
    if document.creation_date is not None:
        root.set("creationDate", document.creation_date.text)
    if document.id is not None:
        root.set(DOCUMENT_ID, document.id)
    vocabularies, extensions = document.vocabularies, document.extensions
    if schema == "masterdata":
        vocabularies, extensions = None, {n: v for n, v in extensions.items() if n != WAS}
    moved = _write_header(root, document, vocabularies, version)
    body = parent = etree.SubElement(root, "EPCISBody")
    if schema == "masterdata" and document.vocabularies:
        _write_vocabularies(body, document.vocabularies)
    if (results := document.query_results) is not None:
        answer = etree.SubElement(body, f"{{{namespace}}}QueryResults")
        etree.SubElement(answer, "queryName").text = results.query_name
        if results.subscription_id is not None:
            etree.SubElement(answer, "subscriptionID").text = results.subscription_id
        parent = etree.SubElement(answer, "resultsBody")
        write_extensions(answer, results.extensions)
    if document.events is not None:
        event_list = etree.SubElement(parent, "EventList")
        for event in document.events:
            _write_event(event_list, event, version)
    if results is not None and results.vocabularies is not None:
        _write_vocabularies(parent, results.vocabularies)
    if results is not None and document.body_extensions:
        raise InputError("in EPCIS XML the body of an answer holds nothing but the answer")
    write_extensions(body, document.body_extensions)
    write_extensions(root, moved)
    write_extensions(root, extensions)
    return root


_ROOT_PREFIXES = {"epcis": "epcis", "query": "epcisq", "masterdata": "epcismd"}


def write_extensions(element: etree._Element, extensions: Mapping[str, Any]) -> None:
    for name in extensions:
        if name.startswith("#") or not is_foreign(element_name(name.removeprefix("@"))):
            raise InputError(
                f"{name} has no namespace of its own, so EPCIS XML has no place for it"
            )
    fill_element(element, extensions)


def _write_header(
    root: etree._Element,
    document: Document,
    vocabularies: tuple[Vocabulary, ...] | None,
    version: str,
) -> Mapping[str, Any]:
    """Write the header, and return what of it the version wants at the end of the document."""
    sbdh, extensions, moved = sbdh_of(document), document.header_extensions, dict[str, Any]()
    if version == "2.0":
        moved = {name: value for name, value in extensions.items() if not name.startswith("@")}
        extensions = {name: value for name, value in extensions.items() if name.startswith("@")}
    if sbdh is None and vocabularies is None and not extensions:
        return moved
    header = etree.SubElement(root, "EPCISHeader")
    if sbdh is not None:
        append_value(header, SBDH_ROOT, sbdh)
    if vocabularies is not None:
        master_data = etree.SubElement(etree.SubElement(header, "extension"), "EPCISMasterData")
        _write_vocabularies(master_data, vocabularies)
    write_extensions(header, extensions)
    return moved


def _write_vocabularies(parent: etree._Element, vocabularies: tuple[Vocabulary, ...]) -> None:
    vocabulary_list = etree.SubElement(parent, "VocabularyList")
    for vocabulary in vocabularies:
        _write_vocabulary(vocabulary_list, vocabulary)


def _write_vocabulary(parent: etree._Element, vocabulary: Vocabulary) -> None:
    element = etree.SubElement(parent, "Vocabulary", type=vocabulary.type)
    elements = etree.SubElement(element, "VocabularyElementList")
    for item in vocabulary.elements:
        child = etree.SubElement(elements, "VocabularyElement", id=item.id)
        for name, value in item.attributes:
            if isinstance(value, Mapping) and "#xml" in value:
                append_value(child, "attribute", value)
            else:
                fill_element(etree.SubElement(child, "attribute", id=name), value)
        if item.children is not None:
            _write_texts("id")(etree.SubElement(child, "children"), item.children)
        write_extensions(child, item.extensions)
    write_extensions(element, vocabulary.extensions)


def _write_event(event_list: etree._Element, event: Event, version: str) -> None:
    cls = type(event)
    layout = LAYOUTS[version].get(cls)
    if layout is None:
        raise InputError(f"{cls.__name__} has no form in EPCIS {version} XML")
    if version == "1.2":
        event, _ = spell_event(event, _SPELLING_OF_1_2)
    if isinstance(event, ObjectEvent) and (counted := _counted(event, version)) is not None:
        _write_quantity_event(event_list, event, counted, version)
        return
    parent = event_list
    if cls in WRAPPED_TYPES[version]:
        parent = etree.SubElement(event_list, "extension")
    element = etree.SubElement(parent, cls.__name__)
    placed = _write_layout(element, event, layout, REQUIRED_EMPTY.get((version, cls)))
    for member in FIELDS[cls]:
        content = getattr(event, member.name)
        if content is not None and member.standard not in placed and not is_empty(content):
            raise InputError(f"{member.standard} has no place in EPCIS {version} XML")
    write_extensions(element, event.extensions)


_SPELLING_OF_1_2 = spelling_for("xml-1.2", EpcFormat.NEVER_TRANSLATES, CbvXmlFormat.NO_PREFERENCE)


def _counted(event: ObjectEvent, version: str) -> QuantityElement | None:
    """Return the one quantity of what was a QuantityEvent, and can be one in `version` again."""
    if version not in QUANTITY_LAYOUTS or event.extensions.get(WAS) != QUANTITY_EVENT:
        return None
    # JSON may claim it of an event that says more.
    known = names_in(*QUANTITY_LAYOUTS[version]) | {"action", "quantityList"}
    others = (member for member in FIELDS[ObjectEvent] if member.standard not in known)
    if event.action != "OBSERVE" or any(getattr(event, m.name) is not None for m in others):
        return None
    match event.quantity_list:
        case (QuantityElement(quantity=int() | Decimal(), uom=None) as counted,):
            return None if counted.extensions else counted
    return None


def _write_quantity_event(
    event_list: etree._Element, event: ObjectEvent, counted: QuantityElement, version: str
) -> None:
    element = etree.SubElement(event_list, QUANTITY_EVENT)
    before, behind = QUANTITY_LAYOUTS[version]
    _write_layout(element, event, before, None)
    _write_quantity(element, counted)
    _write_layout(element, event, behind, None)
    write_extensions(element, {n: v for n, v in event.extensions.items() if n != WAS})


def _write_layout(
    element: etree._Element, event: Event, layout: Layout, required_empty: str | None
) -> set[str]:
    placed: set[str] = set()
    for entry in layout:
        if isinstance(entry, tuple):
            wrapper = etree.Element(entry[0])
            placed |= _write_layout(wrapper, event, entry[1], None)
            if len(wrapper):
                element.append(wrapper)
            continue
        placed.add(entry)
        member = MEMBERS[type(event)][entry]
        content = getattr(event, member.name)
        if content is not None and not (entry in NEVER_EMPTY and is_empty(content)):
            WRITERS[member.kind](etree.SubElement(element, entry), content)
        elif entry == required_empty:
            etree.SubElement(element, entry)
    return placed


def is_empty(content: Any) -> bool:
    if isinstance(content, PersistentDisposition):
        return not (content.set or content.unset)
    return isinstance(content, tuple) and not content


Writer = Callable[[etree._Element, Any], None]  # noqa: SLF001 - it has no public name


def _write_text(element: etree._Element, content: str) -> None:
    element.text = content


def _write_time(element: etree._Element, content: Timestamp) -> None:
    element.text = content.text


def _word(vocabulary: cbv.Vocabulary) -> Writer:
    def write(element: etree._Element, content: str) -> None:
        element.text = word_out(vocabulary, content)

    return write


def _write_texts(tag: str) -> Writer:
    def write(element: etree._Element, content: tuple[str, ...]) -> None:
        for text in content:
            etree.SubElement(element, tag).text = text

    return write


def _write_quantities(element: etree._Element, content: tuple[QuantityElement, ...]) -> None:
    for item in content:
        _write_quantity(etree.SubElement(element, "quantityElement"), item)


def _write_quantity(element: etree._Element, content: QuantityElement) -> None:
    etree.SubElement(element, "epcClass").text = content.epc_class
    if content.quantity is not None:
        etree.SubElement(element, "quantity").text = _number_text(content.quantity)
    if content.uom is not None:
        etree.SubElement(element, "uom").text = content.uom
    write_extensions(element, content.extensions)


def _number_text(number: int | Decimal) -> str:
    return f"{number:f}" if isinstance(number, Decimal) else str(number)


def _write_place(element: etree._Element, content: Place) -> None:
    etree.SubElement(element, "id").text = content.id
    write_extensions(element, content.extensions)


def _typed(tag: str, attribute: str, vocabulary: cbv.Vocabulary) -> Writer:
    def write(element: etree._Element, content: tuple[Any, ...]) -> None:
        for item in content:
            child = etree.SubElement(element, tag)
            if item.type is not None:
                child.set("type", word_out(vocabulary, item.type))
            child.text = getattr(item, attribute)
            write_attribute_extensions(child, item.extensions)

    return write


def _write_persistent_disposition(element: etree._Element, content: PersistentDisposition) -> None:
    # EPCIS 2.0, §9.5: unset comes before set.
    for name in ("unset", "set"):
        for word in getattr(content, name) or ():
            etree.SubElement(element, name).text = word_out(cbv.DISPOSITION, word)


def _write_certification_info(element: etree._Element, content: str | tuple[str, ...]) -> None:
    texts = (content,) if isinstance(content, str) else content
    if len(texts) != 1:
        raise InputError("EPCIS XML has room for one certificationInfo")
    element.text = texts[0]


def _write_error_declaration(element: etree._Element, content: ErrorDeclaration) -> None:
    etree.SubElement(element, "declarationTime").text = content.declaration_time.text
    if content.reason is not None:
        etree.SubElement(element, "reason").text = word_out(cbv.ERROR_REASON, content.reason)
    if content.corrective_event_ids is not None:
        corrective = etree.SubElement(element, "correctiveEventIDs")
        _write_texts("correctiveEventID")(corrective, content.corrective_event_ids)
    write_extensions(element, content.extensions)


def _write_attributes(element: etree._Element, content: Any, members: tuple[Field, ...]) -> None:
    for member in members:
        value = getattr(content, member.name)
        if isinstance(value, Timestamp):
            element.set(member.standard, value.text)
        elif value is not None and member.name in REPORT_WORDS:
            element.set(member.standard, REPORT_WORDS[member.name][1](value))
        elif value is not None:
            element.set(member.standard, value_text(value))
    write_attribute_extensions(element, content.extensions)


def write_attribute_extensions(element: etree._Element, extensions: Mapping[str, Any]) -> None:
    # The standard's members are attributes here in XML, and so are the others.
    for name, value in extensions.items():
        if not is_foreign(element_name(name)):
            raise InputError(
                f"{name} has no namespace of its own, so EPCIS XML has no place for it"
            )
        set_attribute(element, name, value)


def _write_sensor_elements(element: etree._Element, content: tuple[SensorElement, ...]) -> None:
    for item in content:
        child = etree.SubElement(element, "sensorElement")
        if item.sensor_metadata is not None:
            metadata = etree.SubElement(child, "sensorMetadata")
            _write_attributes(metadata, item.sensor_metadata, SENSOR_METADATA_FIELDS)
        for report in item.sensor_report:
            written = etree.SubElement(child, "sensorReport")
            _write_attributes(written, report, SENSOR_REPORT_FIELDS)
        write_extensions(child, item.extensions)


def _write_ilmd(element: etree._Element, content: Mapping[str, Any]) -> None:
    for name in content:
        if name.startswith("#") or name in WRAPPERS:
            raise InputError(f"ilmd with {name} would be read in another way from EPCIS XML")
    fill_element(element, content)


WRITERS: dict[Kind, Writer] = {
    Kind.TIME: _write_time,
    Kind.ZONE_OFFSET: _write_text,
    Kind.TEXT: _write_text,
    Kind.ACTION: _write_text,
    Kind.BIZ_STEP: _word(cbv.BIZ_STEP),
    Kind.DISPOSITION: _word(cbv.DISPOSITION),
    Kind.EPCS: _write_texts("epc"),
    Kind.QUANTITIES: _write_quantities,
    Kind.PLACE: _write_place,
    Kind.BIZ_TRANSACTIONS: _typed("bizTransaction", "biz_transaction", cbv.BIZ_TRANSACTION_TYPE),
    Kind.SOURCES: _typed("source", "id", cbv.SOURCE_DEST_TYPE),
    Kind.DESTINATIONS: _typed("destination", "id", cbv.SOURCE_DEST_TYPE),
    Kind.SENSOR_ELEMENTS: _write_sensor_elements,
    Kind.PERSISTENT_DISPOSITION: _write_persistent_disposition,
    Kind.CERTIFICATION_INFO: _write_certification_info,
    Kind.ERROR_DECLARATION: _write_error_declaration,
    Kind.ILMD: _write_ilmd,
}
