"""Documents in another format, version, spelling and shape: what stays, what goes, what is said."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest

from epcis_repo.bindings import parse_document, sniff
from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.errors import UnsayableError, ValidationError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.documents import Document
from epcis_repo.operations.convert import Converted, Shape, Target, convert
from tests.rest.documents import CONTEXT, UNIT, bare, document, event, packing

NOW = 1_770_000_000_000_000
FORMS = ["json-ld", "xml-2.0", "xml-1.2"]
SENSED = {"sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 4.5}]}]}


def converted(body: bytes, form: str, **target: Any) -> tuple[Document, Converted]:
    """The document that `body` becomes, and what was said of it."""
    done = convert(BytesIO(body), sniff(body), Target(form, **target), now=NOW)
    written = b"".join(done.pieces())
    done.close()
    return parse_document(written, sniff(written)), done


def query_document(*events: dict[str, Any], **results: Any) -> bytes:
    body = {"queryName": "q", "resultsBody": {"eventList": events}} | results
    value = {
        "@context": [CONTEXT],
        "type": "EPCISQueryDocument",
        "epcisBody": {"queryResults": body},
    }
    return json.dumps(value).encode()


class TestEvents:
    @pytest.mark.parametrize("form", FORMS)
    def test_come_out_in_order(self, form: str) -> None:
        """
        Every event of a document is in what it becomes, in its place.
        """
        body = document(*(event(number) for number in range(1, 30)))

        again, done = converted(body, form)

        assert again.events == parse_document(body, sniff(body)).events
        assert (done.events, done.notes.count, done.lost.count) == (29, 0, 0)

    @pytest.mark.parametrize("form", FORMS)
    def test_may_be_none(self, form: str) -> None:
        """
        A document without events is a document.
        """
        again, done = converted(document(), form)

        assert again.events == ()
        assert done.events == 0

    def test_that_are_bad_are_all_told(self) -> None:
        """
        A document that cannot be read is told with every violation, and nothing is written.
        """
        body = document(event(1, action="LOOK"), event(2), event(3, eventTime="soon", action="X"))

        with pytest.raises(ValidationError) as caught:
            converted(body, "xml-2.0")

        found = [(violation.event, violation.rule) for violation in caught.value.violations]
        assert {number for number, _ in found} == {1, 3}
        assert (3, "date-time") in found


class TestLosses:
    def test_refuse_the_document(self) -> None:
        """
        Without leave nothing is left out: every part that has no place is named, with its event.
        """
        body = document(event(1), event(2, **SENSED), event(3, certificationInfo="urn:x:1"))

        with pytest.raises(UnsayableError) as caught:
            converted(body, "xml-1.2")

        assert [str(remark) for remark in caught.value.lost] == [
            "event 2, sensorElementList: EPCIS 1.2 XML has no place for it",
            "event 3, certificationInfo: EPCIS 1.2 XML has no place for it",
        ]

    def test_are_left_out_and_named_where_that_is_wanted(self) -> None:
        """
        With leave the rest is written, and the report has what is missing.
        """
        body = document(
            event(1, **SENSED),
            packing("urn:x:1", "urn:x:2", type="AssociationEvent"),
            event(3),
        )

        again, done = converted(body, "xml-1.2", lossy=True)

        assert [getattr(e, "epc_list", None) for e in again.events or ()] == [
            (UNIT.format(1),),
            (UNIT.format(3),),
        ]
        assert done.events == 3
        assert [(remark.event, remark.field) for remark in done.lost.first] == [
            (1, "sensorElementList"),
            (2, "AssociationEvent"),
        ]

    def test_of_the_header_are_losses_too(self) -> None:
        """
        What stands around the events is not dropped in silence, either.
        """
        body = json.loads(document(event())) | {"sender": "me", "rdfs:comment": "\x07"}

        with pytest.raises(UnsayableError) as caught:
            converted(json.dumps(body).encode(), "xml-2.0")

        assert [remark.field for remark in caught.value.lost] == [
            "sender",
            "{http://www.w3.org/2000/01/rdf-schema#}comment",
        ]


class TestNotes:
    def test_tell_what_cannot_be_spelt_as_asked(self) -> None:
        """
        An identifier that has no such spelling stays, with its event, its field and the reason.
        """
        body = document(event(1), event(2, epcList=["urn:x:1"]))

        again, done = converted(body, "json-ld", epcs=EpcFormat.ALWAYS_DIGITAL_LINK)

        assert [getattr(e, "epc_list", None) for e in again.events or ()] == [
            ("https://id.gs1.org/01/00300010123455/21/1",),
            ("urn:x:1",),
        ]
        [note] = done.notes.first
        assert str(note).startswith("event 2, epcList: urn:x:1 stays as received: scheme: ")

    def test_are_as_many_as_there_are_and_no_list_without_end(self) -> None:
        """
        Of thousands of remarks the first thousand are kept, and their number.
        """
        body = document(*(event(n, epcList=["urn:x:1"]) for n in range(1, 1103)))

        _, done = converted(body, "xml-2.0", epcs=EpcFormat.ALWAYS_DIGITAL_LINK)

        assert (len(done.notes.first), done.notes.count) == (1000, 1102)


class TestShapes:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize(
        ("body", "shape"),
        [
            pytest.param(document(event()), Shape.DOCUMENT, id="document"),
            pytest.param(query_document(event()), Shape.QUERY, id="query"),
            pytest.param(bare(event()), Shape.EVENT, id="event"),
        ],
    )
    def test_stay_where_nobody_wants_another(self, form: str, body: bytes, shape: Shape) -> None:
        """
        A document stays a document, an answer an answer, an event an event.
        """
        again, _ = converted(body, form)

        assert again.is_bare == (shape is Shape.EVENT)
        assert (again.query_results is not None) == (shape is Shape.QUERY)
        assert again.events == parse_document(body, sniff(body)).events

    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("shape", Shape)
    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(document(event()), id="document"),
            pytest.param(query_document(event()), id="query"),
            pytest.param(bare(event()), id="event"),
        ],
    )
    def test_become_any_other(self, form: str, shape: Shape, body: bytes) -> None:
        """
        An answer can be captured, a document be an answer, and one event stand with and without.
        """
        again, _ = converted(body, form, shape=shape)

        assert again.is_bare == (shape is Shape.EVENT)
        assert (again.query_results is not None) == (shape is Shape.QUERY)
        assert again.events == parse_document(body, sniff(body)).events
        assert again.is_bare or again.creation_date is not None

    def test_of_one_event_want_one(self) -> None:
        """
        Two events do not stand alone.
        """
        with pytest.raises(ValidationError, match="exactly one event"):
            converted(document(event(1), event(2)), "json-ld", shape=Shape.EVENT)

    def test_of_one_event_have_no_header(self) -> None:
        """
        What stood around an event that is to stand alone is lost, and named.
        """
        body = json.dumps(json.loads(document(event())) | {"id": "urn:x:1"}).encode()

        with pytest.raises(UnsayableError, match="id: an event that stands alone"):
            converted(body, "json-ld", shape=Shape.EVENT)

    def test_of_an_answer_want_a_time_of_recording(self) -> None:
        """
        Each event in an answer has its recordTime; who makes one of something else is told.
        """
        _, done = converted(document(event(1), event(2)), "json-ld", shape=Shape.QUERY)

        assert [str(note) for note in done.notes.first] == [
            "recordTime: 2 events have none, as each in the answer to a query has"
        ]

    def test_keep_the_master_data_of_an_answer(self) -> None:
        """
        What a query of master data answered is in the header of the document that it becomes.
        """
        listed = {"type": "urn:x", "vocabularyElementList": [{"id": "urn:x:1"}]}
        results = {"eventList": [], "vocabularyList": [listed]}
        body = query_document(resultsBody=results)

        again, _ = converted(body, "xml-2.0", shape=Shape.DOCUMENT)

        [vocabulary] = again.vocabularies or ()
        assert vocabulary.elements[0].id == "urn:x:1"


class TestHeaders:
    def test_of_json_are_business_document_headers_of_xml_and_come_back(self) -> None:
        """
        Sender, receiver and instance identifier are what a reader of each format looks for.
        """
        said = {"sender": "urn:x:s", "receiver": "urn:x:r", "instanceIdentifier": "i-1"}
        body = json.dumps(json.loads(document(event())) | said).encode()

        older, _ = converted(body, "xml-1.2")
        again, _ = converted(render_jsonld(older), "json-ld")

        assert older.sbdh is not None
        assert (again.sender, again.receiver, again.instance_identifier) == (*said.values(),)

    def test_without_a_business_document_are_noted_in_1_2(self) -> None:
        """
        Version 1.2 has no header without one; the document is written, and it is said.
        """
        header = {"epcisMasterData": {"vocabularyList": [{"type": "urn:x"}]}}
        body = json.dumps(json.loads(document(event())) | {"epcisHeader": header}).encode()

        again, done = converted(body, "xml-1.2")

        assert again.vocabularies is not None
        assert [note.field for note in done.notes.first] == ["EPCISHeader"]


def test_long_documents_are_put_aside() -> None:
    """
    What does not fit into one chunk comes out all the same, once and in order.
    """
    texts = [f"urn:x:{'a' * 5_000}:{number}" for number in range(4_000)]
    body = document(*(event(number, epcList=[text]) for number, text in enumerate(texts)))

    again, done = converted(body, "json-ld")

    assert done.chunks.are_long
    assert [getattr(e, "epc_list", None) for e in again.events or ()] == [(t,) for t in texts]
    assert replace(again, events=()) == replace(parse_document(body, sniff(body)), events=())
