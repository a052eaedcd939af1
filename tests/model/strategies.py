"""
Hypothesis strategies: events and documents with every field of the standard, extensions and all.

`carried_by` restricts them to what a format can say and have read back unchanged; each
restriction stands beside its reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from epcis_repo.gs1 import cbv, digital_link, voc
from epcis_repo.model.documents import Document, QueryResults, Vocabulary, VocabularyElement
from epcis_repo.model.events import (
    ACTIONS,
    ERROR_DECLARATION_FIELDS,
    EVENT_TYPES,
    FIELDS,
    QUANTITY_FIELDS,
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
)
from epcis_repo.model.times import Timestamp, parse_timestamp
from tests.gs1.strategies import epc_urns, identifiers_with_gs1_key

GS1USHC = "http://epcis.gs1us.org/hc/ns"
NAMESPACES = {
    "ex": "https://ns.example.com/epcis/",
    "other": "urn:example:other",
    "cbvmda": "urn:epcglobal:cbv:mda",
    "gs1ushc": GS1USHC,
    "sbdh": "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader",
}
SBDH = f"{{{NAMESPACES['sbdh']}}}"


@dataclass(frozen=True)
class Format:
    """What a format can carry beyond what all can."""

    name: str
    is_xml: bool
    is_1_2: bool = False


JSON = Format("json-ld", is_xml=False)
XML_2_0 = Format("xml-2.0", is_xml=True)
XML_1_2 = Format("xml-1.2", is_xml=True, is_1_2=True)
FORMATS = (JSON, XML_2_0, XML_1_2)

# EPCIS 1.2, §7.4: what came with 2.0 has no place there.
NOT_IN_1_2 = {"certificationInfo", "sensorElementList", "persistentDisposition"}
# An XML list without entries says nothing about the list: it has no form (XSD: minOccurs 1), or
# stands in 1.2 for one that is absent.
XML_LISTS_MIN = 1
NEVER_EMPTY = {Kind.BIZ_TRANSACTIONS, Kind.SOURCES, Kind.DESTINATIONS, Kind.SENSOR_ELEMENTS}


# The zone is drawn apart; it may not lead out of the calendar.
_FIRST, _LAST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001 - as said


@st.composite
def timestamps(draw: st.DrawFn) -> Timestamp:
    moment = draw(st.datetimes(_FIRST, _LAST))
    digits = draw(st.sampled_from(["", ".0", ".123", ".123456", ".123456789"]))
    zone = draw(st.sampled_from(["Z", "+00:00", "-05:00", "+05:30", "-14:00", "+14:00"]))
    return parse_timestamp(f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + digits + zone)


# What XML can write: every character but the controls, and those that Unicode keeps for none.
_CHARACTERS = st.characters(
    codec="utf-8", exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"
)
_JSON_CHARACTERS = st.characters(codec="utf-8", exclude_characters="\0")


@cache
def texts(format_: Format) -> st.SearchStrategy[str]:
    """Texts with something in them: XML reads an empty one as absent and trims the others."""
    if format_.is_xml:
        return st.text(_CHARACTERS, min_size=1, max_size=12).filter(lambda t: t == t.strip() != "")
    return st.text(_JSON_CHARACTERS, max_size=12)


numbers: st.SearchStrategy[int | Decimal] = (
    st.integers(-(10**17), 10**17)
    | st.integers(-(10**40), 10**40).map(Decimal)
    | st.decimals(-1000, 1000, allow_nan=False, allow_infinity=False, places=3)
    | st.sampled_from(["1E-9", "0.10", "12345678901234567890.0123456789", "1.5E+300"]).map(Decimal)
)


@cache
def words(vocabulary: cbv.Vocabulary, format_: Format) -> st.SearchStrategy[str]:
    own = st.sampled_from(["https://example.com/words/own", "urn:example:word", "own_word"])
    standard = st.sampled_from(vocabulary.words)
    if format_.is_1_2:
        return standard | own
    # In XML a standard word is a URN, for which the model has the bare word, or in 2.0 a Web URI.
    spelt = (cbv.web_uri,) if format_.is_xml else (cbv.urn, cbv.web_uri)
    return (
        standard
        | own
        | standard.flatmap(
            lambda word: st.sampled_from([spell(vocabulary, word) for spell in spelt])
        )
    )


# What may be named, in each spelling: EPCs and classes of every scheme, and what is one's own.
identifiers: st.SearchStrategy[str] = (
    epc_urns
    | identifiers_with_gs1_key.map(digital_link)
    | st.sampled_from(
        [
            "https://brand.example.com/01/04012345111118/21/9?17=281231",
            "https://brand.example.com/obj/1",
            "urn:example:obj:1",
        ]
    )
)

local_names = st.sampled_from(["a", "b1", "long-name", "dot.ted", "_x", "naïve", "ns1"])
extension_names = st.builds(
    lambda namespace, local: f"{{{namespace}}}{local}",
    st.sampled_from([NAMESPACES["ex"], NAMESPACES["other"], NAMESPACES["cbvmda"]]),
    local_names,
)


@cache
def values(format_: Format) -> st.SearchStrategy[Any]:
    """What an extension may hold. XML has only texts, and lists only of two or more elements."""
    text = texts(format_)
    if format_.is_xml:
        attribute_names = extension_names.map("@{}".format)
        attributes = st.dictionaries(attribute_names, text, max_size=2)
        leaves = (
            text
            | st.none()
            | st.builds(
                lambda content, members: {**members, "#text": content},
                text,
                st.dictionaries(attribute_names, text, min_size=1, max_size=2),
            )
        )
        return st.recursive(
            leaves,
            lambda inner: st.builds(
                lambda own, members: {**own, **members},
                attributes,
                st.dictionaries(
                    extension_names | local_names,
                    inner | st.lists(inner, min_size=2, max_size=3),
                    min_size=1,
                    max_size=3,
                ),
            ),
            max_leaves=4,
        )
    scalars = text | numbers | st.booleans() | st.none()
    # A name that nobody declared stays as it came.
    undeclared = st.sampled_from(
        ["plain", "https://example.com/name", "nobody:declared", "{odd", "{urn:x}//y"]
    )
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(extension_names | undeclared, inner, max_size=3)
        ),
        max_leaves=4,
    )


@cache
def extensions(format_: Format) -> st.SearchStrategy[dict[str, Any]]:
    content = values(format_)
    if format_.is_xml:
        content = content | st.lists(content, min_size=2, max_size=3)
    return st.dictionaries(extension_names, content, max_size=2)


@cache
def attribute_extensions(format_: Format) -> st.SearchStrategy[dict[str, Any]]:
    """Extensions of what is an element without content in XML: attributes."""
    if format_.is_xml:
        return st.dictionaries(extension_names, texts(format_), max_size=1)
    return extensions(format_)


def _fields(
    members: tuple[Field, ...], format_: Format, required: frozenset[str] = frozenset()
) -> dict[str, st.SearchStrategy[Any]]:
    return {
        member.name: of_kind(member.kind, format_)
        if member.name in required
        else st.none() | of_kind(member.kind, format_)
        for member in members
        if not (format_.is_1_2 and member.standard in NOT_IN_1_2)
    }


def _tuples(
    items: st.SearchStrategy[Any], format_: Format, kind: Kind | None = None
) -> st.SearchStrategy[tuple[Any, ...]]:
    has_none = format_.is_1_2 or (format_.is_xml and kind in NEVER_EMPTY)
    min_size = XML_LISTS_MIN if has_none else 0
    return st.lists(items, min_size=min_size, max_size=3).map(tuple)


@cache
def quantities(format_: Format) -> st.SearchStrategy[QuantityElement]:
    fields = _fields(QUANTITY_FIELDS, format_, frozenset({"epc_class"}))
    return st.builds(QuantityElement, **fields, extensions=extensions(format_))


@cache
def places(format_: Format) -> st.SearchStrategy[Place]:
    return st.builds(Place, id=identifiers, extensions=extensions(format_))


@cache
def sources_or_destinations(format_: Format) -> st.SearchStrategy[SourceOrDestination]:
    return st.builds(
        SourceOrDestination,
        type=words(cbv.SOURCE_DEST_TYPE, format_),
        id=identifiers,
        extensions=attribute_extensions(format_),
    )


@cache
def biz_transactions(format_: Format) -> st.SearchStrategy[BizTransaction]:
    return st.builds(
        BizTransaction,
        biz_transaction=texts(format_),
        type=st.none() | words(cbv.BIZ_TRANSACTION_TYPE, format_),
        extensions=attribute_extensions(format_),
    )


@cache
def persistent_dispositions(format_: Format) -> st.SearchStrategy[PersistentDisposition]:
    listed = st.lists(words(cbv.DISPOSITION, format_), min_size=1, max_size=2).map(tuple)
    return st.builds(
        PersistentDisposition, set=st.none() | listed, unset=st.none() | listed
    ).filter(lambda p: bool(p.set or p.unset))


@cache
def error_declarations(format_: Format) -> st.SearchStrategy[ErrorDeclaration]:
    fields = _fields(ERROR_DECLARATION_FIELDS, format_, frozenset({"declaration_time"}))
    return st.builds(ErrorDeclaration, **fields, extensions=extensions(format_))


@cache
def sensor_elements(format_: Format) -> st.SearchStrategy[SensorElement]:
    own = attribute_extensions(format_)
    metadata = st.builds(SensorMetadata, **_fields(SENSOR_METADATA_FIELDS, format_), extensions=own)
    standard = {
        "type": st.sampled_from(sorted(voc.MEASUREMENT_TYPES)),
        "exception": st.sampled_from(sorted(voc.ALERT_TYPES)),
        "component": words(cbv.COMPONENT, format_),
    }
    fields = _fields(SENSOR_REPORT_FIELDS, format_)
    fields |= {name: fields[name] | word for name, word in standard.items()}
    report = st.builds(SensorReport, **fields, extensions=own)
    return st.builds(
        SensorElement,
        sensor_metadata=st.none() | metadata,
        sensor_report=st.lists(report, max_size=2).map(tuple),
        extensions=extensions(format_),
    )


@cache
def certification_info(format_: Format) -> st.SearchStrategy[str | tuple[str, ...]]:
    # XML has room for one, and does not say whether JSON had it in a list.
    one = texts(format_)
    return one if format_.is_xml else one | st.lists(one, max_size=2).map(tuple)


@cache
def of_kind(kind: Kind, format_: Format) -> st.SearchStrategy[Any]:
    """Return the values of a kind of field."""
    text = texts(format_)
    strategies: Mapping[Kind, st.SearchStrategy[Any]] = {
        Kind.TIME: timestamps(),
        Kind.ZONE_OFFSET: st.sampled_from(["+00:00", "-05:00", "+05:30", "+14:00", "-13:59"]),
        Kind.TEXT: text,
        Kind.ACTION: st.sampled_from(ACTIONS),
        Kind.BIZ_STEP: words(cbv.BIZ_STEP, format_),
        Kind.DISPOSITION: words(cbv.DISPOSITION, format_),
        Kind.ERROR_REASON: words(cbv.ERROR_REASON, format_),
        Kind.EPCS: _tuples(identifiers, format_),
        Kind.TEXTS: _tuples(text, format_),
        Kind.NUMBER: numbers,
        Kind.BOOLEAN: st.booleans(),
        Kind.CERTIFICATION_INFO: certification_info(format_),
    }
    if kind in strategies:
        return strategies[kind]
    structures = {
        Kind.QUANTITIES: lambda: _tuples(quantities(format_), format_),
        Kind.PLACE: lambda: places(format_),
        Kind.BIZ_TRANSACTIONS: lambda: _tuples(biz_transactions(format_), format_, kind),
        Kind.SOURCES: lambda: _tuples(sources_or_destinations(format_), format_, kind),
        Kind.DESTINATIONS: lambda: _tuples(sources_or_destinations(format_), format_, kind),
        Kind.SENSOR_ELEMENTS: lambda: _tuples(sensor_elements(format_), format_, kind),
        Kind.PERSISTENT_DISPOSITION: lambda: persistent_dispositions(format_),
        Kind.ERROR_DECLARATION: lambda: error_declarations(format_),
        Kind.ILMD: lambda: extensions(format_),
    }
    return st.deferred(structures[kind])


def event_types(format_: Format) -> list[type[Event]]:
    return [c for c in EVENT_TYPES.values() if not (format_.is_1_2 and "Assoc" in c.__name__)]


@cache
def events(carried_by: Format = JSON) -> st.SearchStrategy[Event]:
    """Events of all types that `carried_by` can carry, what was a QuantityEvent included."""
    of_types = st.sampled_from(event_types(carried_by))
    return quantity_events(carried_by) | of_types.flatmap(lambda c: events_of(c, carried_by))


# EPCIS 1.2, §7.4.4: all that a QuantityEvent says, beside its class and quantity.
_OF_QUANTITY_EVENTS = {
    "event_time",
    "event_time_zone_offset",
    "record_time",
    "event_id",
    "error_declaration",
    "biz_step",
    "disposition",
    "read_point",
    "biz_location",
    "biz_transaction_list",
}


@cache
def quantity_events(format_: Format) -> st.SearchStrategy[Event]:
    """Observations of a quantity that were QuantityEvents, as the model has them."""
    members = tuple(f for f in FIELDS[ObjectEvent] if f.name in _OF_QUANTITY_EVENTS)
    counted = st.builds(QuantityElement, epc_class=identifiers, quantity=st.integers(0, 2**31 - 1))
    return st.builds(
        ObjectEvent,
        **_fields(members, format_, REQUIRED),
        action=st.just("OBSERVE"),
        quantity_list=st.tuples(counted),
        extensions=extensions(format_).map(lambda others: {WAS: "QuantityEvent"} | others),
    )


def events_of(cls: type[Event], carried_by: Format = JSON) -> st.SearchStrategy[Event]:
    fields = _fields(FIELDS[cls], carried_by, REQUIRED)
    return st.builds(cls, **fields, extensions=extensions(carried_by))


@cache
def vocabularies(format_: Format) -> st.SearchStrategy[Vocabulary]:
    element = st.builds(
        VocabularyElement,
        id=identifiers,
        attributes=st.lists(
            st.tuples(st.sampled_from(["urn:epcglobal:cbv:mda#name", "urn:x#y"]), values(format_)),
            max_size=2,
        ).map(tuple),
        children=st.none() | _tuples(identifiers, format_),
        extensions=extensions(format_),
    )
    return st.builds(
        Vocabulary,
        type=st.sampled_from(["urn:epcglobal:epcis:vtype:EPCClass", "urn:example:vtype"]),
        elements=st.lists(element, max_size=2).map(tuple),
        extensions=extensions(format_),
    )


sbdhs = st.just(
    {
        f"{SBDH}HeaderVersion": "1.0",
        f"{SBDH}Sender": {
            f"{SBDH}Identifier": {"@Authority": "GS1", "#text": "urn:epc:id:sgln:030001.111111.0"}
        },
        f"{SBDH}DocumentIdentification": {
            f"{SBDH}Standard": "EPCglobal",
            f"{SBDH}InstanceIdentifier": "1100220001",
        },
    }
)
transaction_statements = st.just(
    {
        f"{{{GS1USHC}}}guidelineVersion": "GS1 US DSCSA R1.3",
        f"{{{GS1USHC}}}dscsaTransactionStatement": {
            f"{{{GS1USHC}}}affirmTransactionStatement": "true",
            f"{{{GS1USHC}}}legalNotice": "Seller has complied with each applicable subsection.",
        },
    }
)


@cache
def documents(carried_by: Format = JSON) -> st.SearchStrategy[Document]:
    """
    Documents that `carried_by` can carry, of its own version.

    `sender`, `receiver` and `instanceIdentifier` are JSON's; XML says them in its SBDH.
    """
    text = texts(carried_by)
    json_only = (
        {}
        if carried_by.is_xml
        else {
            "sender": st.none() | text,
            "receiver": st.none() | text,
            "instance_identifier": st.none() | text,
        }
    )
    listed = st.none() | st.lists(vocabularies(carried_by), max_size=2).map(tuple)
    return st.builds(
        Document,
        events=st.lists(events(carried_by), max_size=3).map(tuple),
        schema_version=st.just("1.2" if carried_by.is_1_2 else "2.0"),
        creation_date=st.none() | timestamps(),
        namespaces=st.just(NAMESPACES),
        sbdh=st.none() | sbdhs,
        id=st.none() | text,
        vocabularies=listed,
        header_extensions=header_extensions(carried_by) | transaction_statements,
        body_extensions=extensions(carried_by),
        query_results=st.none()
        | st.builds(
            QueryResults,
            query_name=text,
            subscription_id=st.none() | text,
            vocabularies=listed,
            extensions=extensions(carried_by),
        ),
        extensions=extensions(carried_by),
        **json_only,
    ).map(lambda document: _without_body_of_answer(document) if carried_by.is_xml else document)


def _without_body_of_answer(document: Document) -> Document:
    # Nothing stands in the body of an answer in XML but the answer: events, or master data.
    if (results := document.query_results) is None:
        return document
    has_none = results.vocabularies is not None and not document.events
    events = None if has_none else document.events
    return replace(document, events=events, body_extensions={})


def header_extensions(format_: Format) -> st.SearchStrategy[dict[str, Any]]:
    """Extensions of the header, where only attributes and those of US healthcare can be in 2.0."""
    if format_.is_xml and not format_.is_1_2:
        return st.dictionaries(extension_names.map("@{}".format), texts(format_), max_size=1)
    return extensions(format_)
