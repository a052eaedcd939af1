"""Identifiers in the spelling that is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.gs1 import canonical_key, digital_link, parse_urn
from epcis_repo.gs1.spelling import EpcFormat, spelt_epcs, without_links
from tests.gs1.strategies import PUBLISHED_PREFIX, WITH_GS1_KEY, epc_urns, serials, urns

LINK, URN = EpcFormat.ALWAYS_DIGITAL_LINK, EpcFormat.ALWAYS_URN
PACK_URN = "urn:epc:id:sgtin:0614141.107346.2018"
PACK_LINK = "https://id.gs1.org/01/10614141073464/21/2018"
# No country has these numbers yet, so GS1 says nothing about company prefixes among them.
UNPUBLISHED = "https://id.gs1.org/01/01700001000014/21/1"

# An identifier, its Digital Link and its URN; None where it stays as it is.
SPELLINGS = [
    pytest.param(PACK_URN, PACK_LINK, PACK_URN, id="SGTIN"),
    pytest.param(PACK_LINK, PACK_LINK, PACK_URN, id="Digital Link"),
    pytest.param(
        "https://example.com/a/01/10614141073464/21/2018",
        "https://example.com/a/01/10614141073464/21/2018",
        PACK_URN,
        id="Digital Link of another domain",
    ),
    pytest.param(
        "urn:epc:id:sgtin:0614141.107346.a%2Fb",
        "https://id.gs1.org/01/10614141073464/21/a%2Fb",
        "urn:epc:id:sgtin:0614141.107346.a%2Fb",
        id="serial with a slash",
    ),
    pytest.param(
        "https://id.gs1.org/01/10614141073464",
        "https://id.gs1.org/01/10614141073464",
        "urn:epc:idpat:sgtin:0614141.107346.*",
        id="GTIN",
    ),
    pytest.param(
        "https://id.gs1.org/01/10614141073464/10/L1",
        "https://id.gs1.org/01/10614141073464/10/L1",
        "urn:epc:class:lgtin:0614141.107346.L1",
        id="lot",
    ),
    pytest.param(
        "https://id.gs1.org/414/0614141000012/254/0",
        "https://id.gs1.org/414/0614141000012/254/0",
        "urn:epc:id:sgln:0614141.00001.0",
        id="location without extension",
    ),
    pytest.param(
        "https://id.gs1.org/8003/00614141000012A",
        "https://id.gs1.org/8003/00614141000012A",
        "urn:epc:id:grai:0614141.00001.A",
        id="serial within the key",
    ),
    pytest.param(
        "urn:epc:id:imovn:9176187", None, "urn:epc:id:imovn:9176187", id="no Digital Link"
    ),
    pytest.param("urn:example:obj:1", None, None, id="private URN"),
    pytest.param("https://example.com/obj/1", None, None, id="private address"),
    pytest.param("geo:1,2", None, None, id="geo"),
    pytest.param(UNPUBLISHED, UNPUBLISHED, None, id="company prefix of unknown length"),
    pytest.param(
        "https://id.gs1.org/01/10614141073464/10/L1/21/2018",
        "https://id.gs1.org/01/10614141073464/10/L1/21/2018",
        None,
        id="serial and lot",
    ),
    pytest.param(
        f"{PACK_LINK}?17=250101", f"{PACK_LINK}?17=250101", None, id="Digital Link with attributes"
    ),
    pytest.param("https://id.gs1.org/01/10614141073465/21/1", None, None, id="wrong check digit"),
]


class TestSpeltEpcs:
    @pytest.mark.parametrize(("text", "link", "urn"), SPELLINGS)
    def test_says_what_stays(self, text: str, link: str | None, urn: str | None) -> None:
        """
        Each identifier is spelt as asked for; where it cannot be, it stays, and why is said.
        """
        for form, expected in ((LINK, link), (URN, urn)):
            [spelt], kept = spelt_epcs([text], form)

            assert spelt == (text if expected is None else expected)
            assert (kept is None) == (expected is not None)
            assert kept is None or (kept.first == text and kept.why)

    def test_names_the_first_and_counts_the_others(self) -> None:
        """
        Of thousands that stay one is named.
        """
        texts = ["urn:x:1", PACK_URN, "urn:x:2", "urn:x:3"]

        spelt, kept = spelt_epcs(texts, LINK)

        assert spelt == ("urn:x:1", PACK_LINK, "urn:x:2", "urn:x:3")
        assert str(kept).startswith("urn:x:1 and 2 more stay as received: scheme: expected one")

    @pytest.mark.parametrize("form", [EpcFormat.NO_PREFERENCE, EpcFormat.NEVER_TRANSLATES])
    def test_leaves_alone_what_nobody_asked_for(self, form: EpcFormat) -> None:
        """
        As received is as received, whatever it is.
        """
        texts = [PACK_LINK, PACK_URN, "nothing of all this"]

        assert spelt_epcs(texts, form) == (tuple(texts), None)

    @given(texts=st.lists(epc_urns, max_size=12), form=st.sampled_from(EpcFormat))
    def test_changes_no_key(self, texts: list[str], form: EpcFormat) -> None:
        """
        What was named is what is named, in any spelling.
        """
        spelt, _ = spelt_epcs(texts, form)

        assert [canonical_key(text) for text in spelt] == [canonical_key(text) for text in texts]

    @given(
        texts=st.lists(
            st.sampled_from(WITH_GS1_KEY).flatmap(lambda s: urns(s, prefixes=PUBLISHED_PREFIX)),
            max_size=12,
        )
    )
    def test_comes_back_where_the_company_prefix_is_published(self, texts: list[str]) -> None:
        """
        URNs become Digital Links, and URNs of the same things again.
        """
        links, kept = spelt_epcs(texts, LINK)
        assert kept is None

        again, kept = spelt_epcs(links, URN)

        assert kept is None
        # A GTIN does not say whether its serials would be those of a UPUI.
        assert [parse_urn(text).key for text in again] == [parse_urn(text).key for text in texts]

    @given(lot=st.lists(serials, max_size=30))
    def test_looks_at_the_head_of_a_lot_once_and_at_odd_serials_each(self, lot: list[str]) -> None:
        """
        Serials of one product are spelt as each of them would be by itself.
        """
        things = [replace(parse_urn(PACK_URN), serial=serial) for serial in lot]
        links = [digital_link(thing) for thing in things]

        spelt, kept = spelt_epcs(links, URN)

        assert kept is None
        assert [parse_urn(text) for text in spelt] == things


def test_what_is_no_digital_link_says_nothing_where_links_are_to_go() -> None:
    """
    A format without Digital Links is not the place to hear about every private name.
    """
    spelt, kept = without_links([PACK_LINK, "urn:x:1", "geo:1,2", UNPUBLISHED])

    assert spelt == (PACK_URN, "urn:x:1", "geo:1,2", UNPUBLISHED)
    assert kept is not None
    assert (kept.number, kept.first) == (1, UNPUBLISHED)
    assert without_links(["urn:x:1", "geo:1,2"]) == (("urn:x:1", "geo:1,2"), None)
