"""What events are found by beside the things that they name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.gs1 import canonical_key, digital_link, keys_and_class, parse_identifier
from epcis_repo.model.events import BizTransaction, ErrorDeclaration, Place, SourceOrDestination
from epcis_repo.model.found_by import (
    Link,
    class_of,
    class_tags,
    link_tag,
    links_of,
    reference_key,
)
from epcis_repo.model.times import parse_timestamp
from epcis_repo.model.what import Role, what_of
from tests.gs1.strategies import epc_urns
from tests.operations.reports import CASE, MDA, OTHER_PACK, PACK, PLANT, commissioned, packed


class TestClass:
    @given(epc_urns)
    def test_of_a_thing_is_that_of_its_class(self, text: str) -> None:
        """
        What a key has in common with others of its class begins it, and no other class's key.
        """
        identifier = parse_identifier(text)
        beginning = class_of(identifier.key)

        if identifier.scheme.serial is None or identifier.scheme.ai is None:
            assert beginning is None
        else:
            assert beginning is not None
            assert identifier.key.startswith(beginning)
            bare = replace(identifier, serial=None).key
            assert beginning.startswith(bare)

    @given(st.lists(epc_urns.map(canonical_key), min_size=1, max_size=12))
    def test_tags_are_those_of_each(self, keys: list[str]) -> None:
        """
        Things have the tags that each of them has, however many there are.
        """
        one_by_one = {tag for key in keys for tag in class_tags([key])}

        assert set(class_tags(keys)) == one_by_one
        assert len(class_tags(keys)) == len(one_by_one)

    def test_of_links_that_say_more_is_that_of_each(self) -> None:
        """
        Links that begin alike may be of things of several classes: lots, and a thing of one.
        """
        beginning = "https://example.com/01/00300010123455/10/"
        lots = [f"{beginning}L{number}" for number in range(12)]
        keys_and_class(lots)
        assert keys_and_class(lots)[1] == "01/00300010123455/10/"

        keys, alike = keys_and_class([*lots, f"{beginning}L1/21/S1"])

        assert keys[-1] == "01/00300010123455/21/S1"
        assert alike is None


class TestReference:
    @pytest.mark.parametrize(
        "text",
        [
            "urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427",
            "ni:///sha-256;1b4e28ba?ver=CBV2.0",
            "urn:epcglobal:cbv:bt:0300010000015:PO-9",
            "urn:jaif:id:25S",
            "no URI",
            "",
        ],
    )
    def test_is_the_text_where_there_is_no_other_spelling(self, text: str) -> None:
        """
        What is neither an EPC nor a Digital Link is known by what it is written as.
        """
        assert reference_key(text) == text

    @given(epc_urns, st.sampled_from([str, str.upper, str.title]))
    def test_is_the_key_of_a_thing(self, text: str, spell: Callable[[str], str]) -> None:
        """
        A reference to a thing has its canonical key, in whatever case its URN or link begins.
        """
        link = digital_link(parse_identifier(text))

        for written, begin in ((text, len("urn:epc:")), (link, len("https:"))):
            spelt = spell(written[:begin]) + written[begin:]
            assert reference_key(spelt) == canonical_key(spelt)


class TestLinks:
    def test_are_what_an_event_refers_to(self) -> None:
        """
        Places, transactions, parties, lots and events that take an event's place are tags of it,
        and words that are none of the standard's.
        """
        declared = ErrorDeclaration(
            declaration_time=parse_timestamp("2026-01-01T00:00:00Z"),
            corrective_event_ids=("urn:x:instead",),
        )
        event = commissioned(
            1,
            PACK,
            biz_location=Place(id="https://example.com/414/0300010000022"),
            biz_transaction_list=(BizTransaction(biz_transaction="urn:x:po:1", type="po"),),
            source_list=(SourceOrDestination(type="location", id=PLANT),),
            destination_list=(SourceOrDestination(type="location", id="urn:x:there"),),
            error_declaration=declared,
            disposition="https://example.com/disp/own",
        )

        assert links_of(event) == {
            Link.READ_POINT: ("read 414/0300010000015",),
            Link.BIZ_LOCATION: ("in 414/0300010000022",),
            Link.DISPOSITION: ("disposition https://example.com/disp/own",),
            Link.BIZ_TRANSACTION: ("for urn:x:po:1",),
            Link.SOURCE: ("from 414/0300010000015",),
            Link.DESTINATION: ("to urn:x:there",),
            Link.CORRECTIVE_EVENT: ("instead urn:x:instead",),
            Link.LOT: ("lot L1",),
        }

    def test_of_one_place_are_one(self) -> None:
        """
        Where a thing was read and then is has one tag, whether it is both or either.
        """
        here = Place(id=PLANT)

        found = [
            links_of(commissioned(1, PACK, read_point=read, biz_location=then))
            for read, then in ((here, here), (here, None), (None, here))
        ]

        key = "414/0300010000015"
        places = (Link.PLACE, Link.READ_POINT, Link.BIZ_LOCATION)
        assert [[tags.get(link) for link in places] for tags in found] == [
            [(f"at {key}",), None, None],
            [None, (f"read {key}",), None],
            [None, None, (f"in {key}",)],
        ]

    @pytest.mark.parametrize(
        ("word", "tags"),
        [
            ("shipping", None),
            ("urn:epcglobal:cbv:bizstep:shipping", None),
            ("urn:x:Step", ("step urn:x:Step",)),
        ],
    )
    def test_of_a_step_are_of_custom_ones_alone(
        self, word: str, tags: tuple[str, ...] | None
    ) -> None:
        """
        A word of the CBV is in every log and has no tag; another has one, as it is written.
        """
        assert links_of(commissioned(1, PACK, biz_step=word)).get(Link.BIZ_STEP) == tags

    @pytest.mark.parametrize(
        ("lot", "tags"),
        [
            (["A", "B"], ("lot A", "lot B")),
            ({"#text": "A", "@lang": "en"}, ("lot A",)),
            (7, ("lot 7",)),
            (Decimal("7.50"), ("lot 15/2",)),
            ("", ()),
            (True, ()),
        ],
    )
    def test_of_a_lot_is_whatever_says_it(self, lot: object, tags: tuple[str, ...]) -> None:
        """
        A lot may be there twice, have attributes, or be a number.
        """
        event = commissioned(1, PACK, ilmd={f"{MDA}lotNumber": lot})

        assert links_of(event).get(Link.LOT, ()) == tags

    @pytest.mark.parametrize("text", ["a b", "\x00", "\ud800", "ä", "x" * 301, "a\nb"])
    def test_of_what_no_index_takes_is_a_hash(self, text: str) -> None:
        """
        A transaction may be any text; what no index takes is known by its hash.
        """
        tag = link_tag(Link.BIZ_TRANSACTION, text)

        assert tag.startswith("for sha256:")
        assert tag != link_tag(Link.BIZ_TRANSACTION, text + "x")


def test_things_come_before_their_classes() -> None:
    """
    An event is found by the things that it names in a role, and then by the classes of these.
    """
    found_by = what_of(packed(1, CASE, PACK, OTHER_PACK)).by_role()

    keys = [canonical_key(text) for text in (PACK, OTHER_PACK)]
    assert found_by[Role.CHILD] == (*keys, "of 01/00300010123455/21/")
    assert found_by[Role.PARENT] == (canonical_key(CASE),)
