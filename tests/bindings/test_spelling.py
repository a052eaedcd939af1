"""Events in the spelling that is asked for: which fields, which words, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings.spelling import CbvXmlFormat, spell_event, spell_header, spelling_for
from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document, Vocabulary, VocabularyElement
from epcis_repo.model.event_hash import event_hash
from epcis_repo.model.events import (
    AggregationEvent,
    BizTransaction,
    ErrorDeclaration,
    Event,
    ObjectEvent,
    PersistentDisposition,
    Place,
    QuantityElement,
    SensorElement,
    SensorReport,
    SourceOrDestination,
)
from epcis_repo.model.times import parse_timestamp
from epcis_repo.model.what import what_of
from tests.model.strategies import events

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
quick = settings(max_examples=40, deadline=None, suppress_health_check=SLOW)

AS_RECEIVED = EpcFormat.NEVER_TRANSLATES
URN, LINK = "urn:epc:id:sgln:0614141.00001.0", "https://id.gs1.org/414/0614141000012"
TIME = parse_timestamp("2026-01-31T12:00:00Z")
PACKED = AggregationEvent(
    event_time=TIME,
    event_time_zone_offset="+00:00",
    action="ADD",
    event_id=URN,
    parent_id=URN,
    child_epcs=(URN, URN),
    child_quantity_list=(QuantityElement(epc_class=URN, quantity=1),),
    read_point=Place(id=URN, extensions={"{urn:x}y": URN}),
    biz_location=Place(id=URN),
    source_list=(SourceOrDestination(type="location", id=URN),),
    destination_list=(SourceOrDestination(type="location", id=URN),),
    biz_transaction_list=(BizTransaction(biz_transaction=URN),),
    extensions={"{urn:x}y": URN},
)


def test_identifiers_of_things_and_places_are_translated_and_names_of_others_are_not() -> None:
    """
    EPCs, classes, parents, places and both ends are spelt anew; eventIDs, business transactions
    and extensions stay.
    """
    spelling = spelling_for("json-ld", EpcFormat.ALWAYS_DIGITAL_LINK, CbvXmlFormat.NO_PREFERENCE)

    spelt, remarks = spell_event(PACKED, spelling)

    assert remarks == []
    assert spelt == replace(
        PACKED,
        parent_id=LINK,
        child_epcs=(LINK, LINK),
        child_quantity_list=(QuantityElement(epc_class=LINK, quantity=1),),
        read_point=Place(id=LINK, extensions={"{urn:x}y": URN}),
        biz_location=Place(id=LINK),
        source_list=(SourceOrDestination(type="location", id=LINK),),
        destination_list=(SourceOrDestination(type="location", id=LINK),),
    )


def test_master_data_is_found_under_the_names_that_events_have() -> None:
    """
    Elements and their children are spelt as the events are; what is no identifier stays.
    """
    element = VocabularyElement(id=URN, children=(URN,))
    word = VocabularyElement(id="urn:epcglobal:cbv:bizstep:shipping")
    document = Document(vocabularies=(Vocabulary(type="urn:x", elements=(element, word)),))
    spelling = spelling_for("xml-2.0", EpcFormat.ALWAYS_DIGITAL_LINK, CbvXmlFormat.NO_PREFERENCE)

    [vocabulary] = spell_header(document, spelling).vocabularies or ()

    assert vocabulary.elements == (VocabularyElement(id=LINK, children=(LINK,)), word)


def worded(text: str) -> ObjectEvent:
    return ObjectEvent(
        event_time=TIME,
        event_time_zone_offset="+00:00",
        action="OBSERVE",
        epc_list=(URN,),
        biz_step=text,
    )


BARE, WORD_URN = "shipping", "urn:epcglobal:cbv:bizstep:shipping"
WEB, COMPACT = "https://ref.gs1.org/cbv/BizStep-shipping", "cbv:BizStep-shipping"
OWN = "https://example.com/steps/shipping"

# The format, what is asked for, and what the bare word, URN, Web URI and compact name become.
# XML writes a bare word that is left as its URN.
WORDS = [
    ("json-ld", "No_Preference", [BARE, BARE, BARE, BARE]),
    ("json-ld", "Always_Web_URI", [BARE, BARE, BARE, BARE]),
    ("json-ld", "Always_URN", [BARE, BARE, BARE, BARE]),
    ("json-ld", "Never_Translates", [BARE, WORD_URN, WEB, COMPACT]),
    ("xml-2.0", "No_Preference", [BARE, WORD_URN, WEB, COMPACT]),
    ("xml-2.0", "Always_Web_URI", [WEB, WEB, WEB, WEB]),
    ("xml-2.0", "Always_URN", [WORD_URN, WORD_URN, WORD_URN, WORD_URN]),
    ("xml-2.0", "Never_Translates", [BARE, WORD_URN, WEB, COMPACT]),
    ("xml-1.2", "No_Preference", [WORD_URN, WORD_URN, WORD_URN, WORD_URN]),
    ("xml-1.2", "Never_Translates", [WORD_URN, WORD_URN, WORD_URN, WORD_URN]),
]


@pytest.mark.parametrize(("form", "words", "expected"), WORDS)
def test_words_are_spelt_as_format_and_client_want(
    form: str, words: str, expected: list[str]
) -> None:
    """
    JSON has bare words and version 1.2 URNs; XML 2.0 does as it is asked. A company's own word
    is its own.
    """
    spelling = spelling_for(form, AS_RECEIVED, CbvXmlFormat(words))

    for text, becomes in zip([BARE, WORD_URN, WEB, COMPACT, OWN], [*expected, OWN], strict=True):
        spelt, remarks = spell_event(worded(text), spelling)
        assert (spelt.biz_step, remarks) == (becomes, [])


def test_every_field_with_words_is_spelt() -> None:
    """
    Types, reasons, conditions, components and terms of sensor reports are words, too.
    """
    event = replace(
        worded(WEB),
        disposition="https://ref.gs1.org/cbv/Disp-active",
        biz_transaction_list=(BizTransaction(biz_transaction=URN, type="cbv:BTT-po"),),
        source_list=(SourceOrDestination(type="https://ref.gs1.org/cbv/SDT-location", id=URN),),
        persistent_disposition=PersistentDisposition(set=("cbv:Disp-damaged",)),
        error_declaration=ErrorDeclaration(
            declaration_time=TIME, reason="https://ref.gs1.org/cbv/ER-incorrect_data"
        ),
        sensor_element_list=(
            SensorElement(
                sensor_report=(
                    SensorReport(type="gs1:Temperature", component="cbv:Comp-x"),
                    SensorReport(exception="gs1:ALARM_CONDITION"),
                )
            ),
        ),
    )

    spelt, remarks = spell_event(
        event, spelling_for("json-ld", AS_RECEIVED, CbvXmlFormat.NO_PREFERENCE)
    )

    assert remarks == []
    assert spelt == replace(
        worded(BARE),
        disposition="active",
        biz_transaction_list=(BizTransaction(biz_transaction=URN, type="po"),),
        source_list=(SourceOrDestination(type="location", id=URN),),
        persistent_disposition=PersistentDisposition(set=("damaged",)),
        error_declaration=ErrorDeclaration(declaration_time=TIME, reason="incorrect_data"),
        sensor_element_list=(
            SensorElement(
                sensor_report=(
                    SensorReport(type="Temperature", component="x"),
                    SensorReport(exception="ALARM_CONDITION"),
                )
            ),
        ),
    )


WITHDRAWN = "urn:epcglobal:cbv:disp:non_sellable_expired"


@pytest.mark.parametrize(
    ("form", "disposition"),
    [
        pytest.param("json-ld", "expired", id="json-ld"),
        pytest.param("xml-2.0", "urn:epcglobal:cbv:disp:expired", id="xml-2.0"),
        pytest.param("xml-1.2", WITHDRAWN, id="xml-1.2"),
    ],
)
def test_words_that_were_withdrawn_have_successors(form: str, disposition: str) -> None:
    """
    Version 2.0 has not the words of CBV 1.0: their successors stand for them, and it is said.
    """
    spelling = spelling_for(form, AS_RECEIVED, CbvXmlFormat.NO_PREFERENCE)

    spelt, remarks = spell_event(replace(worded(BARE), disposition=WITHDRAWN), spelling)

    assert spelt.disposition == disposition
    assert [remark.field for remark in remarks] == ([] if form == "xml-1.2" else ["disposition"])


def test_words_that_version_1_2_does_not_know_are_named() -> None:
    """
    A word that came with CBV 2.0 is written all the same: nothing else says it.
    """
    spelling = spelling_for("xml-1.2", AS_RECEIVED, CbvXmlFormat.NO_PREFERENCE)

    spelt, [remark] = spell_event(worded("sampling"), spelling)

    assert spelt.biz_step == "urn:epcglobal:cbv:bizstep:sampling"
    assert str(remark) == "bizStep: sampling is a word that came with CBV 2.0"


def test_version_1_2_has_no_digital_links() -> None:
    """
    Where nobody says how identifiers are to be spelt, version 1.2 has URNs for Digital Links.
    """
    spelling = spelling_for("xml-1.2", EpcFormat.NO_PREFERENCE, CbvXmlFormat.NO_PREFERENCE)

    spelt, remarks = spell_event(replace(worded(BARE), epc_list=(LINK, "urn:x:1")), spelling)

    assert isinstance(spelt, ObjectEvent)
    assert spelt.epc_list == (URN, "urn:x:1")
    assert remarks == []


def keys_of(event: Event) -> object:
    try:
        return what_of(event)
    except IdentifierError as error:
        return error.value


@quick
@given(
    event=events(),
    form=st.sampled_from(["json-ld", "xml-2.0", "xml-1.2"]),
    epcs=st.sampled_from(EpcFormat),
    words=st.sampled_from(CbvXmlFormat),
)
def test_says_the_same_in_every_spelling(
    event: Event, form: str, epcs: EpcFormat, words: CbvXmlFormat
) -> None:
    """
    Keys and event hash do not tell in which spelling an event is.
    """
    spelt, _ = spell_event(event, spelling_for(form, epcs, words))

    assert keys_of(spelt) == keys_of(event)
    if not isinstance(keys_of(event), str):
        assert event_hash(spelt) == event_hash(event)
    places = [place for place in (event.read_point, event.biz_location) if place]
    again = [place for place in (spelt.read_point, spelt.biz_location) if place]
    assert [canonical_key(p.id) for p in again] == [canonical_key(p.id) for p in places]
