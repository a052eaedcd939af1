"""What a document says of places, parties and products, whatever its form."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.bindings import RENDERERS, parse_document
from epcis_repo.bindings.statements import statements_in
from epcis_repo.model.documents import Document, Vocabulary, VocabularyElement
from epcis_repo.model.master_data import Statement, content_of
from epcis_repo.model.times import Timestamp
from tests.shared_data import shared

NOW = 1_780_000_000_000_000
SBDH = "{http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader}"
PLANT = "urn:epc:id:sgln:0300010.00001.0"
DIGEST = "0" * 64


def element(*attributes: tuple[str, Any], **members: Any) -> VocabularyElement:
    return VocabularyElement(**{"id": PLANT, "attributes": attributes} | members)


def said(document: Document) -> list[Statement]:
    return [*statements_in(document, DIGEST, NOW)]


def saying(*elements: VocabularyElement, **members: Any) -> Document:
    vocabulary = Vocabulary(type="urn:x:vtype", elements=elements)
    return Document(**{"vocabularies": (vocabulary,)} | members)


def content(*attributes: tuple[str, Any], **members: Any) -> str:
    [statement] = said(saying(element(*attributes, **members)))
    return content_of(statement)


MASTER_DATA_DOCUMENT = b"""<?xml version="1.0" encoding="UTF-8"?>
<m:EPCISMasterDataDocument xmlns:m="urn:epcglobal:epcis-masterdata:xsd:%d"
 schemaVersion="%s" creationDate="2026-01-01T00:00:00Z">
<EPCISBody>%s</EPCISBody>
</m:EPCISMasterDataDocument>
"""
VOCABULARY_LIST = b"""<VocabularyList><Vocabulary type="urn:x:vtype"><VocabularyElementList>
<VocabularyElement id="urn:epc:id:sgln:0300010.00001.0">
<attribute id="urn:x#name">Plant</attribute>
<children><id>urn:epc:id:sgln:0300010.00001.H1</id></children>
</VocabularyElement></VocabularyElementList></Vocabulary></VocabularyList>"""


class TestDocument:
    def test_of_dscsa_says_products_and_places(self) -> None:
        """
        The published example of a shipment has two products and four places, said by its sender.
        """
        path = shared("dscsa/GS1_US_Pharma_Example_2_2_1_1.xml")
        document = parse_document(path.read_bytes(), "application/xml")

        statements = said(document)

        kinds = [statement.vocabulary.rpartition(":")[2] for statement in statements]
        assert {kind: kinds.count(kind) for kind in kinds} == {"EPCClass": 2, "Location": 4}
        assert {statement.said_by for statement in statements} == {"414/0300011111116"}
        attributes = dict(statements[0].attributes)
        assert attributes["urn:epcglobal:cbv:mda#additionalTradeItemIdentification"]

    @pytest.mark.parametrize(("number", "version"), [(1, b"1.2"), (2, b"2.0")])
    @pytest.mark.parametrize("body", [VOCABULARY_LIST, b""], ids=["something", "nothing"])
    def test_may_be_of_master_data_alone(self, number: int, version: bytes, body: bytes) -> None:
        """
        An EPCISMasterDataDocument says what a header does, and has no events.
        """
        text = MASTER_DATA_DOCUMENT % (number, version, body)

        document = parse_document(text, "application/xml")

        assert document.events is None
        assert [statement.id for statement in said(document)] == ([PLANT] if body else [])

    def test_without_master_data_says_nothing(self) -> None:
        """
        Nearly all documents of a single event are such.
        """
        assert said(Document(sender="urn:x:a")) == []


class TestMoment:
    @pytest.mark.parametrize(
        ("made", "at"),
        [
            pytest.param(Timestamp("2026-01-01T00:00:00Z", 5), 5, id="when it was made"),
            pytest.param(Timestamp("2099-01-01T00:00:00Z", NOW + 1), NOW, id="not after it came"),
            pytest.param(None, NOW, id="when it came, if it does not say"),
        ],
    )
    def test_is_that_of_the_document(self, made: Timestamp | None, at: int) -> None:
        """
        The values are those of the moment at which the document was made.
        """
        [statement] = said(saying(element(), creation_date=made))

        assert statement.said_at == at


class TestSender:
    @pytest.mark.parametrize(
        ("members", "sender"),
        [
            pytest.param(
                {"sender": "urn:epc:id:sgln:0300010.00001.0"}, "414/0300010000015", id="URN"
            ),
            pytest.param(
                {"sender": "https://id.gs1.org/414/0300010000015"}, "414/0300010000015", id="link"
            ),
            pytest.param({"sender": "0300010000015"}, "414/0300010000015", id="GLN"),
            pytest.param({"sender": "The Maker"}, "The Maker", id="name"),
            pytest.param({"sender": " "}, None, id="blank"),
            pytest.param({}, None, id="nobody"),
            pytest.param(
                {"sbdh": {f"{SBDH}Sender": {f"{SBDH}Identifier": {"#text": "0300010000015"}}}},
                "414/0300010000015",
                id="business document header",
            ),
        ],
    )
    def test_is_known_in_any_spelling(self, members: dict[str, Any], sender: str | None) -> None:
        """
        Whoever writes his identifier in another way is no other.
        """
        [statement] = said(saying(element(), **members))

        assert statement.said_by == sender


class TestContent:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param(
                content(("urn:epcglobal:cbv:mda#name", "a")),
                content(("urn:epcglobal:cbv:mda:name", "a")),
                id="colon in the name of an attribute",
            ),
            pytest.param(
                content(("urn:epcglobal:cbv:mda#name", "a")),
                content(("cbvmda:name", "a")),
                id="prefix in it",
            ),
            pytest.param(
                content(("a", "1"), ("b", "2")), content(("b", "2"), ("a", "1")), id="order"
            ),
            pytest.param(
                content(("a", ["1", "2"])), content(("a", "1"), ("a", "2")), id="list of values"
            ),
            pytest.param(content(("a", 10)), content(("a", "10")), id="number"),
            pytest.param(content(("a", Decimal("3.50"))), content(("a", "3.50")), id="fraction"),
            pytest.param(content(("a", True)), content(("a", "true")), id="boolean"),
            pytest.param(content(("a", "x")), content(("a", " x\n")), id="blanks"),
            pytest.param(content(("a", "x")), content(("a", "x"), ("b", "")), id="nothing"),
            pytest.param(
                content(children=(PLANT,)),
                content(children=("https://id.gs1.org/414/0300010000015", PLANT)),
                id="spelling of a child",
            ),
        ],
    )
    def test_is_equal_of_what_says_the_same(self, one: str, other: str) -> None:
        """
        The format, the order and the spelling are no news.
        """
        assert one == other

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param(content(("a", "x")), content(("a", "y")), id="value"),
            pytest.param(content(("a", "x")), content(("b", "x")), id="name"),
            pytest.param(content(("a", "x")), content(), id="nothing"),
            pytest.param(content(("zip", "00501")), content(("zip", "501")), id="leading zeros"),
            pytest.param(content(children=(PLANT,)), content(), id="child"),
            pytest.param(content(), content(extensions={"{urn:x}a": "1"}), id="extension"),
            pytest.param(
                content(("a", {"b": "1"})), content(("a", {"b": "2"})), id="within a value"
            ),
        ],
    )
    def test_differs_of_what_says_something_else(self, one: str, other: str) -> None:
        """
        Whatever has another meaning is news, a zero that was lost included.
        """
        assert one != other

    @given(
        names=st.lists(st.text("abc", min_size=1), max_size=4, unique=True),
        values=st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["C"])), max_size=4
        ),
    )
    def test_is_equal_in_all_formats(self, names: list[str], values: list[str]) -> None:
        """
        What is written as XML or JSON-LD and read again says what it said.
        """
        attributes = [(f"urn:x#{n}", v) for n, v in zip(names, values, strict=False)]
        document = saying(element(*attributes), events=(), schema_version="2.0")
        media_types = {"json-ld": "application/json", "xml-2.0": "application/xml"}

        contents = {
            content_of(statement)
            for form, media_type in media_types.items()
            for statement in said(parse_document(RENDERERS[form](document), media_type))
        }

        assert contents == {content(*attributes)}
