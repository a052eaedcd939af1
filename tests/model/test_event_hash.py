"""The event hash: equal for equal meaning, and what others publish as vectors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings import RENDERERS, XML, parse_document, sniff
from epcis_repo.bindings.jsonld import parse_event, parse_jsonld, render_event, render_jsonld
from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import digital_link, parse_urn
from epcis_repo.model.documents import Document
from epcis_repo.model.event_hash import ALGORITHMS, event_hash, pre_hash
from epcis_repo.model.events import Event
from epcis_repo.model.times import Timestamp
from epcis_repo.model.what import QUANTITY_LISTS, what_of
from tests.conformance.rows import holds
from tests.gs1.strategies import epc_urns
from tests.model.strategies import (
    JSON,
    NAMESPACES,
    XML_1_2,
    XML_2_0,
    Format,
    error_declarations,
    events,
    timestamps,
)
from tests.shared_data import SHARED, shared, shared_files

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
quick = settings(max_examples=40, deadline=None, suppress_health_check=SLOW)

CONTEXT = {
    "ex": "https://ns.example.com/epcis/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
SGTIN = "urn:epc:id:sgtin:0614141.107346."
SGTIN_LINK = "https://id.gs1.org/01/10614141073464/21/"


def event(**members: Any) -> Event:
    """An event of JSON, by default an ObjectEvent; extensions as `ex__name`."""
    value = {
        "@context": CONTEXT,
        "type": "ObjectEvent",
        "eventTime": "2026-03-02T09:00:00-05:00",
        "eventTimeZoneOffset": "-05:00",
        **({} if members.get("type") == "TransformationEvent" else {"action": "OBSERVE"}),
        **{name.replace("__", ":"): value for name, value in members.items()},
    }
    [found] = parse_jsonld(json.dumps(value).encode()).events or ()
    return found


BEGIN = "eventTime=2026-03-02T14:00:00.000ZeventTimeZoneOffset=-05:00"
OBSERVED = f"eventType=ObjectEvent{BEGIN}action=OBSERVE"


# --- vectors ---

# Where a vector says what no reader of meanings can: its words, ours, and why.
DIFFERENCES = {
    "SensorDataExamples": (
        # That is what a double makes of the twenty-four digits of a stringValue.
        "111100001111000003641344",
        "111100001111000011110000",
    ),
    "epcisDocWithVariousEventTypes": (
        # One namespace has two spellings, of XML and of the JSON-LD context.
        "{urn:epcglobal:cbv:mda:}",
        "{urn:epcglobal:cbv:mda}",
    ),
}
# Their pre-hash strings are damaged; the hashes beside them are not.
DAMAGED = {
    "epcisDocWithAllGS1Keys",
    "epcisDocWithCustomSchemaInContext",
    "epcisDocWithDefaultSchemaInContext",
}
# Two of the query documents are none by the standard's own schema.
REPAIRS = {
    "epcisQueryDocument.xml": [(b"QueryResults>", b"epcisq:QueryResults>")],
    "epcisXmlQueryDocHavingEventWithIgnoreFields.xml": [
        (b"<queryName>", b"<EPCISBody><epcisq:QueryResults><queryName>"),
        (b"</resultsBody>", b"</resultsBody></epcisq:QueryResults></EPCISBody>"),
    ],
}
# What a repository has added to events, and their documents name as to be left out.
ADDED = {
    "{https://repository-x.example.com/}hash",
    "{https://ns.example.com/epcis/}captureID",
    "{https://ns.example.com/epcis/}testField1",
    "{https://ns.example.com/epcis/}testField2",
}

VECTORS = [
    path
    for pattern in ("*.jsonld", "*.xml")
    for path in shared_files("event-hash/examples", pattern)
]


def read_vector(path: Path) -> Document:
    body = path.read_bytes()
    for wrong, right in REPAIRS.get(path.name, []):
        assert wrong in body
        body = body.replace(wrong, right)
    return parse_document(body, sniff(body))


def without_added(found: Event) -> Event:
    kept = {name: value for name, value in found.extensions.items() if name not in ADDED}
    return replace(found, extensions=kept)


def pre_hashes_beside(path: Path, count: int) -> list[str | None]:
    beside = path.with_suffix(".prehashes")
    if path.stem in DAMAGED or not beside.exists():
        return [None] * count
    return [line.strip() for line in beside.read_text().strip().splitlines()]


@holds("R31")
@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in VECTORS])
def test_vector(path: Path) -> None:
    """
    What is published with the standard, strings and hashes, is what we find.
    """
    document = read_vector(shared(str(path.relative_to(SHARED))))
    hashes = path.with_suffix(".hashes").read_text().split()
    theirs, ours = DIFFERENCES.get(path.stem, ("", ""))

    found = [pre_hash(without_added(e)) for e in document.events or ()]
    texts = [text.replace(ours, theirs) for text in found]

    for text, expected in zip(texts, pre_hashes_beside(path, len(texts)), strict=True):
        assert expected in (None, text)
    assert [hashed(text) for text in texts] == hashes
    assert ours in "".join(found)


def hashed(text: str) -> str:
    return f"ni:///sha-256;{hashlib.sha256(text.encode()).hexdigest()}?ver=CBV2.0"


EQUALS = shared_files("event-hash/expected_equal", "*.*")


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in EQUALS])
def test_events_published_as_equal(path: Path) -> None:
    """
    Events that are published as spellings of one have one hash.
    """
    document = read_vector(shared(str(path.relative_to(SHARED))))

    assert len(document.events or ()) > 1
    assert len({event_hash(e) for e in document.events or ()}) == 1


# --- by hand ---


@holds("R31")
@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(
            event(epcList=[f"{SGTIN}2", f"{SGTIN}10"], bizStep="shipping", disposition="active"),
            f"eventType=ObjectEvent{BEGIN}"
            f"epcListepc={SGTIN_LINK}10epc={SGTIN_LINK}2"
            "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-shipping"
            "disposition=https://ref.gs1.org/cbv/Disp-active",
            id="ObjectEvent",
        ),
        pytest.param(
            event(
                type="AggregationEvent",
                parentID="urn:epc:id:sscc:0614141.1234567890",
                childEPCs=[f"{SGTIN}1"],
                childQuantityList=[{"epcClass": "urn:epc:idpat:sgtin:0614141.107346.*"}],
            ),
            f"eventType=AggregationEvent{BEGIN}parentID=https://id.gs1.org/00/106141412345678908"
            f"childEPCsepc={SGTIN_LINK}1childQuantityListquantityElement"
            "epcClass=https://id.gs1.org/01/10614141073464action=OBSERVE",
            id="AggregationEvent",
        ),
        pytest.param(
            event(
                type="TransactionEvent",
                epcList=[f"{SGTIN}1"],
                parentID=f"{SGTIN}9",
                bizTransactionList=[{"bizTransaction": "urn:epcglobal:cbv:bt:0614141000005:7"}],
            ),
            f"eventType=TransactionEvent{BEGIN}parentID={SGTIN_LINK}9epcListepc={SGTIN_LINK}1"
            "action=OBSERVEbizTransactionList"
            "bizTransaction=urn:epcglobal:cbv:bt:0614141000005:7",
            id="TransactionEvent",
        ),
        pytest.param(
            event(
                type="TransformationEvent",
                inputEPCList=[f"{SGTIN}1"],
                inputQuantityList=[{"epcClass": "urn:epc:class:lgtin:0614141.107346.L1"}],
                outputEPCList=[f"{SGTIN}2"],
                outputQuantityList=[{"epcClass": "urn:epc:class:lgtin:0614141.107346.L2"}],
                transformationID="urn:example:xform:obj:1",
            ),
            f"eventType=TransformationEvent{BEGIN}inputEPCListepc={SGTIN_LINK}1"
            "inputQuantityListquantityElement"
            "epcClass=https://id.gs1.org/01/10614141073464/10/L1"
            f"outputEPCListepc={SGTIN_LINK}2outputQuantityListquantityElement"
            "epcClass=https://id.gs1.org/01/10614141073464/10/L2"
            "transformationID=urn:example:xform:obj:1",
            id="TransformationEvent",
        ),
        pytest.param(
            event(
                type="AssociationEvent",
                parentID="urn:epc:id:sgln:0614141.07346.0",
                childEPCs=["urn:epc:id:giai:0614141.SENS-1"],
            ),
            f"eventType=AssociationEvent{BEGIN}parentID=https://id.gs1.org/414/0614141073467"
            "childEPCsepc=https://id.gs1.org/8004/0614141SENS-1action=OBSERVE",
            id="AssociationEvent",
        ),
        pytest.param(
            event(
                quantityList=[
                    {"epcClass": "urn:example:class:b", "quantity": 7},
                    {"epcClass": "urn:example:class:a", "quantity": 2.50, "uom": "KGM"},
                ]
            ),
            f"eventType=ObjectEvent{BEGIN}quantityList"
            "quantityElementepcClass=urn:example:class:aquantity=2.5uom=KGM"
            "quantityElementepcClass=urn:example:class:bquantity=7action=OBSERVE",
            id="quantities",
        ),
        pytest.param(
            event(
                readPoint={"id": "urn:epc:id:sgln:0614141.07346.12", "ex:b": 1, "ex:a": "x"},
                bizLocation={"id": "geo:50.9,6.9"},
            ),
            f"{OBSERVED}readPointid=https://id.gs1.org/414/0614141073467/254/12"
            "{https://ns.example.com/epcis/}a=x{https://ns.example.com/epcis/}b=1"
            "bizLocationid=geo:50.9,6.9",
            id="places and what extends them",
        ),
        pytest.param(
            event(
                sourceList=[{"type": "owning_party", "source": "urn:epc:id:pgln:0614141.00000"}],
                destinationList=[
                    {"type": "location", "destination": "urn:example:b"},
                    {"type": "location", "destination": "urn:example:a"},
                ],
                bizTransactionList=[{"type": "po", "bizTransaction": "urn:example:po"}],
                ilmd={"cbvmda:lotNumber": "L42"},
                ex__last="z",
            ),
            f"{OBSERVED}bizTransactionListtype=https://ref.gs1.org/cbv/BTT-po"
            "bizTransaction=urn:example:po"
            "destinationListtype=https://ref.gs1.org/cbv/SDT-locationdestination=urn:example:a"
            "type=https://ref.gs1.org/cbv/SDT-locationdestination=urn:example:b"
            "ilmd{urn:epcglobal:cbv:mda}lotNumber=L42"
            "sourceListtype=https://ref.gs1.org/cbv/SDT-owning_party"
            "source=https://id.gs1.org/417/0614141000005"
            "{https://ns.example.com/epcis/}last=z",
            id="what stands behind, sorted by name",
        ),
        pytest.param(
            event(persistentDisposition={"unset": ["active"], "set": ["stolen", "damaged"]}),
            f"{OBSERVED}persistentDispositionset=https://ref.gs1.org/cbv/Disp-damaged"
            "set=https://ref.gs1.org/cbv/Disp-stolenunset=https://ref.gs1.org/cbv/Disp-active",
            id="persistent disposition",
        ),
        pytest.param(
            event(certificationInfo=["https://example.com/b", "https://example.com/a"]),
            f"eventType=ObjectEvent{BEGIN}certificationInfo=https://example.com/a"
            "certificationInfo=https://example.com/baction=OBSERVE",
            id="certifications",
        ),
        pytest.param(
            event(
                sensorElementList=[
                    {
                        "sensorMetadata": {"time": "2026-03-02T13:00:00.1005Z"},
                        "sensorReport": [
                            {"type": "Temperature", "value": 26.0, "uom": "CEL", "ex:own": "1.0"},
                            {"type": "ex:Own", "booleanValue": True, "component": "x"},
                            {"exception": "ALARM_CONDITION", "bizRules": "urn:example:rules"},
                        ],
                        "ex:after": "y",
                    }
                ]
            ),
            f"{OBSERVED}sensorElementListsensorElement"
            "sensorMetadatatime=2026-03-02T13:00:00.101Z"
            "sensorReportexception=https://gs1.org/voc/ALARM_CONDITION"
            "sensorReporttype=ex:Owncomponent=https://ref.gs1.org/cbv/Comp-xbooleanValue=true"
            "sensorReporttype=https://gs1.org/voc/Temperaturevalue=26uom=CEL"
            "{https://ns.example.com/epcis/}own=1"
            "{https://ns.example.com/epcis/}after=y"
            "sensorElementListsensorElementsensorReportbizRules=urn:example:rules",
            id="sensor reports",
        ),
        pytest.param(
            event(
                ex__list=["b", "a"],
                ex__nested={"ex:y": [3, 1], "@unit": "KGM", "#text": " 5.0 "},
                ex__nothing=None,
                ex__blank="",
                ex__no=False,
            ),
            OBSERVED + "{https://ns.example.com/epcis/}blank"
            "{https://ns.example.com/epcis/}list=a{https://ns.example.com/epcis/}list=b"
            "{https://ns.example.com/epcis/}nested=5unit=KGM"
            "{https://ns.example.com/epcis/}y=1{https://ns.example.com/epcis/}y=3"
            "{https://ns.example.com/epcis/}no=false"
            "{https://ns.example.com/epcis/}nothing"
            "{http://www.w3.org/2001/XMLSchema-instance}nil=true",
            id="extensions",
        ),
        pytest.param(
            event(
                epcList=[],
                quantityList=[],
                sourceList=[],
                sensorElementList=[],
                certificationInfo=[],
                bizStep=" ",
                ex__none=[],
            ),
            OBSERVED,
            id="what is empty says nothing",
        ),
    ],
)
def test_pre_hash(found: Event, expected: str) -> None:
    """
    Names and values stand in the order of the standard, lists sorted.
    """
    assert pre_hash(found) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1.50", "1.5", id="zeros behind"),
        pytest.param("007", "7", id="zeros before"),
        pytest.param("+5.", "5", id="sign"),
        pytest.param("-0.0", "0", id="minus nothing"),
        pytest.param("1.5E3", "1500", id="exponent"),
        pytest.param("1e-7", "0.0000001", id="small"),
        pytest.param(
            "12345678901234567890.10", "12345678901234567890.1", id="longer than a double"
        ),
        pytest.param("1" * 40 + ".5", "1" * 40 + ".5", id="longer than a decimal's context"),
        pytest.param("1e999999999", "1e999999999", id="an exponent that would fill the memory"),
        pytest.param("1_000", "1_000", id="not a number"),
        pytest.param("٣", "٣", id="digits of another script"),
        pytest.param("NaN", "NaN", id="not a number by name"),
        pytest.param("2026-03-02", "2026-03-02", id="a date"),
        pytest.param(
            "urn:epcglobal:cbv:bizstep:packing", "https://ref.gs1.org/cbv/BizStep-packing"
        ),
        pytest.param("cbv:Disp-active", "https://ref.gs1.org/cbv/Disp-active", id="CURIE of CBV"),
        pytest.param("gs1:Count", "https://gs1.org/voc/Count", id="CURIE of GS1"),
        pytest.param("https://ref.gs1.org/voc/Count", "https://gs1.org/voc/Count", id="newer home"),
        pytest.param("packing", "packing", id="a bare word outside its field"),
        pytest.param("ex:thing", "ex:thing", id="a CURIE of a partner's own"),
        pytest.param(f"{SGTIN}7", f"{SGTIN_LINK}7", id="URN"),
        pytest.param(
            "https://x.example/gtin/10614141073464/ser/7?a=b", f"{SGTIN_LINK}7", id="link"
        ),
        pytest.param(
            "HTTPS://x.example/01/10614141073464", SGTIN_LINK[:-4], id="a link in capitals"
        ),
        pytest.param("urn:epc:id:sgtin:wrong", "urn:epc:id:sgtin:wrong", id="a wrong URN"),
        pytest.param(f"{SGTIN}a'b;c=d", f"{SGTIN_LINK}a'b;c=d", id="what stays as it is"),
        pytest.param(f"{SGTIN}a!(b)*+,:", f"{SGTIN_LINK}a%21%28b%29%2A%2B%2C%3A", id="escaped"),
        pytest.param("note: all good", "note: all good", id="words"),
    ],
)
def test_values_of_extensions(text: str, expected: str) -> None:
    """
    A value that is a number, a word of a vocabulary or an identifier has one spelling.
    """
    assert pre_hash(event(ex__a=text)) == f"{OBSERVED}{{https://ns.example.com/epcis/}}a={expected}"


@pytest.mark.parametrize(
    "serials",
    [
        pytest.param(["1", "2"], id="plain"),
        pytest.param(["a!", "a'", "a-"], id="one stays as it is, another is escaped"),
    ],
)
@pytest.mark.parametrize(
    "private",
    [
        pytest.param([], id="GS1 alone"),
        pytest.param(["http://a.example/x", "urn:x:y"], id="private"),
    ],
)
def test_epcs_are_sorted_as_they_are_spelt(serials: list[str], private: list[str]) -> None:
    """
    Neither escapes nor private URIs upset the order of a list.
    """
    epcs = [*private, *(SGTIN + serial for serial in serials)]
    links = [SGTIN_LINK + serial.replace("!", "%21") for serial in serials]
    expected = sorted(f"epc={uri}" for uri in [*private, *links])

    assert f"epcList{''.join(expected)}action" in pre_hash(event(epcList=epcs))


def test_space_around_a_value_says_nothing() -> None:
    """
    A word or term is the same with space around it.
    """
    padded = event(bizStep=" packing\n", sensorElementList=[{"sensorReport": [{"type": " Count"}]}])
    trimmed = event(bizStep="packing", sensorElementList=[{"sensorReport": [{"type": "Count"}]}])

    assert pre_hash(padded) == pre_hash(trimmed)


@pytest.mark.parametrize(
    ("written", "hashed_as"),
    [
        pytest.param("2026-03-02T14:00:00.1415Z", "2026-03-02T14:00:00.142Z", id="up"),
        pytest.param("2026-03-02T14:00:00.1405Z", "2026-03-02T14:00:00.141Z", id="half, up"),
        pytest.param("2026-03-02T14:00:00.1404999Z", "2026-03-02T14:00:00.140Z", id="down"),
        pytest.param("2025-12-31T23:59:59.9996Z", "2026-01-01T00:00:00.000Z", id="a year on"),
        pytest.param(
            "9999-12-31T23:59:59.9999Z", "9999-12-31T23:59:59.999Z", id="the last there is"
        ),
    ],
)
def test_times_are_rounded_to_milliseconds(written: str, hashed_as: str) -> None:
    """
    A moment is hashed as its nearest millisecond in UTC.
    """
    assert f"eventTime={hashed_as}event" in pre_hash(event(eventTime=written))


def test_names_that_are_uris_need_no_prefix() -> None:
    """
    A full name and one with a prefix are one name.
    """
    whole = {"https://ns.example.com/epcis/a": 1}

    assert pre_hash(event(**whole)) == pre_hash(event(ex__a=1))


def test_attributes_count_as_elements() -> None:
    """
    XML may say in an attribute what JSON says in a member.
    """
    assert pre_hash(event(ex__a={"@ex:b": 1})) == pre_hash(event(ex__a={"ex:b": 1}))


def test_comments_are_left_out() -> None:
    """
    What is written for people, at whatever depth, is no part of an event.
    """
    commented = event(ex__a={"rdfs:comment": "x", "ex:b": 1}, rdfs__comment="y")

    assert pre_hash(commented) == pre_hash(event(ex__a={"ex:b": 1}))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_form_of_the_hash(algorithm: str) -> None:
    """
    The hash is a `ni` URI that names its algorithm and the version of the CBV.
    """
    expected = hashlib.new(
        algorithm.replace("sha-", "sha").replace("-", "_"), OBSERVED.encode()
    ).hexdigest()

    assert event_hash(event(), algorithm) == f"ni:///{algorithm};{expected}?ver=CBV2.0"


def test_refuses_what_is_no_identifier() -> None:
    """
    An event that names nothing has no hash, as it has no keys.
    """
    with pytest.raises(IdentifierError):
        event_hash(event(epcList=["not an identifier"]))


# --- whatever the event ---


@st.composite
def named_events(draw: st.DrawFn, carried_by: Format = JSON) -> Event:
    """Events whose what dimension holds identifiers, as what is captured has."""
    found = draw(events(carried_by))
    values: dict[str, Any] = {
        name: tuple(replace(q, epc_class=draw(epc_urns)) for q in quantities)
        for name in QUANTITY_LISTS
        if (quantities := getattr(found, name, None)) is not None
    }
    if getattr(found, "parent_id", None) is not None:
        values["parent_id"] = draw(epc_urns)
    return replace(found, **values)


@pytest.mark.parametrize("format_", [pytest.param(f, id=f.name) for f in (XML_2_0, XML_1_2)])
@quick
@given(data=st.data())
def test_equal_in_every_format(format_: Format, data: st.DataObject) -> None:
    """
    An event hashes alike in all the formats that can carry it.
    """
    found = data.draw(named_events(format_))
    document = Document(events=(found,), namespaces=NAMESPACES, schema_version="2.0")

    xml = parse_document(RENDERERS[format_.name](document), XML)
    newer = parse_document(RENDERERS["xml-2.0"](xml), XML)
    json_ld = parse_jsonld(render_jsonld(newer))

    for again in (xml, newer, json_ld):
        assert [pre_hash(e) for e in again.events or ()] == [pre_hash(found)]


def test_equal_where_xml_has_only_texts() -> None:
    """
    Numbers, truth and nothing hash alike as JSON and as the texts that XML makes of them.
    """
    found = event(ex__a=[1.50, True, None, {}, [2, [3]]], ex__b=[], ex__c={"#text": 7})
    document = Document(events=(found,), namespaces=CONTEXT, schema_version="2.0")

    [again] = parse_document(RENDERERS["xml-2.0"](document), XML).events or ()

    assert again != found
    assert pre_hash(again) == pre_hash(found)


@quick
@given(found=named_events())
def test_unaffected_by_prefixes(found: Event) -> None:
    """
    It is the namespace that counts, not its prefix.
    """
    renamed = {f"other-{prefix}": namespace for prefix, namespace in NAMESPACES.items()}

    assert pre_hash(parse_event(render_event(found, renamed))) == pre_hash(found)


@quick
@given(found=named_events())
def test_unaffected_by_the_order_of_lists(found: Event) -> None:
    """
    Lists are hashed as what they hold, members as what they are named.
    """
    assert pre_hash(reversed_lists(found)) == pre_hash(found)


def reversed_lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: reversed_lists(value[name]) for name in reversed(value)}
    if isinstance(value, list | tuple):
        return type(value)(map(reversed_lists, reversed(value)))
    if is_dataclass(value) and not isinstance(value, Timestamp | type):
        return replace(
            value, **{f.name: reversed_lists(getattr(value, f.name)) for f in fields(value)}
        )
    return value


@quick
@given(found=named_events(), id_=st.text(), data=st.data())
def test_unaffected_by_what_is_ignored(found: Event, id_: str, data: st.DataObject) -> None:
    """
    When it was recorded, under which ID, and whether in error, is no part of what happened.
    """
    again = replace(
        found,
        event_id=id_,
        record_time=data.draw(timestamps()),
        error_declaration=data.draw(error_declarations(JSON)),
    )

    assert event_hash(again) == event_hash(found)


@given(
    moment=st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)),  # noqa: DTZ001 - as drawn
    hours=st.integers(-14, 14),
)
def test_unaffected_by_the_zone_of_a_moment(moment: datetime, hours: int) -> None:
    """
    One moment hashes alike in whatever zone it is written.
    """
    utc = moment.replace(tzinfo=UTC)
    there = utc.astimezone(timezone(timedelta(hours=hours)))

    assert pre_hash(event(eventTime=there.isoformat())) == pre_hash(
        event(eventTime=utc.isoformat())
    )


@quick
@given(urns=st.lists(epc_urns, min_size=3, max_size=6))
def test_unaffected_by_the_spelling_of_identifiers(urns: list[str]) -> None:
    """
    A URN and any Digital Link to the same thing hash alike, wherever they stand.
    """
    links = [
        digital_link(parse_urn(text)).replace("https://id.gs1.org", "https://x.example/go")
        for text in urns
    ]

    assert pre_hash(naming(links)) == pre_hash(naming(urns))


def naming(texts: list[str]) -> Event:
    first, second, *others = texts
    return event(
        type="TransactionEvent",
        parentID=first,
        epcList=others,
        quantityList=[{"epcClass": second}],
        readPoint={"id": first},
        bizTransactionList=[{"bizTransaction": second}],
        sourceList=[{"type": "location", "source": first}],
        ex__thing={"ex:part": second},
    )


@quick
@given(found=named_events())
def test_what_may_be_given(found: Event) -> None:
    """
    Who knows already what an event names gets the same hash.
    """
    assert event_hash(found, what=what_of(found)) == event_hash(found)


@quick
@given(data=st.data())
def test_changed_by_any_change(data: st.DataObject) -> None:
    """
    Any other text, number or moment in an event makes it another.
    """
    found = data.draw(named_events())
    changed = data.draw(st.sampled_from(list(changes(found))))

    assert event_hash(changed) != event_hash(found)


IGNORED = {"event_id", "record_time", "error_declaration"}
OTHER_EPC = "urn:epc:id:sgtin:0614141.107346.ANOTHER"


def changes(value: Any) -> Iterator[Any]:
    """Yield `value` with one thing in it changed, for each thing."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from ({**value, name: changed} for changed in changes(member))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            for changed in changes(item):
                yield type(value)([*value[:index], changed, *value[index + 1 :]])
    elif is_dataclass(value) and not isinstance(value, Timestamp | type):
        for field in fields(value):
            if field.name not in IGNORED:
                for changed in changes(getattr(value, field.name)):
                    yield replace(value, **{field.name: changed})
    elif value is not None:
        yield changed_leaf(value)


def changed_leaf(value: Any) -> Any:
    if isinstance(value, Timestamp):
        # Towards 1970, so as to stay in the calendar.
        second = 1_000_000 if value.microseconds < 0 else -1_000_000
        return replace(value, microseconds=value.microseconds + second)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | Decimal):
        return Decimal(value).copy_negate() if value else 1
    assert isinstance(value, str)
    return OTHER_EPC if value.startswith("urn:epc:") else value + "x"


def test_changes_reach_every_field() -> None:
    """
    The test above changes whatever there is to change.
    """
    found = event(
        epcList=[f"{SGTIN}1"],
        quantityList=[{"epcClass": f"{SGTIN}2", "quantity": 1}],
        readPoint={"id": "urn:example:x", "ex:a": {"ex:b": [True]}},
    )

    # Time, zone, EPC, class, quantity, action, place and what it is extended by.
    assert len(list(changes(found))) == 8
