"""One identifier, however it is written."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from epcis_repo.errors import IdentifierError, InputError, ScanError
from epcis_repo.gs1 import (
    SCHEMES,
    Identifier,
    Level,
    Scheme,
    digital_link,
    element_string,
    from_elements,
    parse_digital_link,
    parse_element_string,
    parse_identifier,
    parse_urn,
    urn,
)
from epcis_repo.gs1.element_strings import _BRACKETED_AI, _SEPARATOR
from tests.gs1.strategies import (
    ANY_PREFIX,
    CSET82,
    PUBLISHED_PREFIX,
    WITH_GS1_KEY,
    escaped,
    identifiers,
    identifiers_with_gs1_key,
    urns,
)

each_scheme = pytest.mark.parametrize("scheme", SCHEMES.values(), ids=SCHEMES)
each_scheme_with_gs1_key = pytest.mark.parametrize(
    "scheme", WITH_GS1_KEY, ids=lambda scheme: scheme.name
)

# What errors call the components.
ITEM = "indicator and item reference"
EXTENSION = "extension and serial reference"
SERIAL = "serial number"
UP_TO_20 = "1 to 20 characters of set 82"

GTIN = "01/04012345111118"
GLN = "414/4012345000054"
GSRN = "8018/401234500000067657"

# URN and path of the canonical Digital Link, as the CBV's event hash has them.
VECTORS = [
    ("sgtin:4012345.011111.9876", "01/04012345111118/21/9876"),
    ("sgtin:4012345.011111.98%22", "01/04012345111118/21/98%22"),
    ("sgtin:415056789012.0.987654", "01/04150567890128/21/987654"),
    (
        "sgtin:0614141.812345.6789%2F%26%25%22!%3F()",
        "01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29",
    ),
    ("sscc:4012345.3111111111", "00/340123451111111111"),
    ("sscc:4012345.0000000333", "00/040123450000003338"),
    ("sgln:4012345.00005.122", "414/4012345000054/254/122"),
    ("sgln:4012345.00005.0", "414/4012345000054"),
    ("pgln:4000001.00000", "417/4000001000005"),
    ("pgln:999999999999.", "417/9999999999994"),
    ("grai:4012345.00022.334455", "8003/04012345000221334455"),
    ("giai:4012345.ABC345", "8004/4012345ABC345"),
    ("gsrn:4012345.0000006765", "8018/401234500000067657"),
    ("gsrnp:4012345.0000000007", "8017/401234500000000074"),
    ("gdti:4012345.00009.PO-4711", "253/4012345000092PO-4711"),
    ("gdti:987659999999..9", "253/98765999999929"),
    ("cpi:0614141.11111111111111-A%23%2F.1234", "8010/061414111111111111111-A%23%2F/8011/1234"),
    ("sgcn:4012345.99999.44", "255/401234599999044"),
    ("ginc:0614141.xyz47%2F11", "401/0614141xyz47%2F11"),
    ("gsin:4012345.222333444", "402/40123452223334442"),
    ("itip:4012345.011111.01.02.987", "8006/040123451111180102/21/987"),
    (
        "upui:1234567.098765.51qIgY)%3C%26Jp3*j7SDB",
        "01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7SDB",
    ),
]
CLASS_VECTORS = [
    ("urn:epc:class:lgtin:4012345.012345.Lot987", "01/04012345123456/10/Lot987"),
    ("urn:epc:idpat:sgtin:4054739.099914.*", "01/04054739999148"),
    ("urn:epc:idpat:grai:4012345.66666.*", "8003/04012345666663"),
    ("urn:epc:idpat:gdti:4012345.55555.*", "253/4012345555554"),
    ("urn:epc:idpat:sgcn:4012345.99999.*", "255/4012345999990"),
    ("urn:epc:idpat:cpi:4012345.ABC.*", "8010/4012345ABC"),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "8006/040123451234560102"),
]
ALL_VECTORS = [(f"urn:epc:id:{short}", path) for short, path in VECTORS] + CLASS_VECTORS


def published(scheme: Scheme) -> st.SearchStrategy[Identifier]:
    """Identifiers whose company prefix can be looked up."""
    return urns(scheme, prefixes=PUBLISHED_PREFIX).map(parse_urn)


class TestUrn:
    """EPC URNs, of instances and classes."""

    @pytest.mark.parametrize(("text", "path"), ALL_VECTORS, ids=[v[0] for v in ALL_VECTORS])
    def test_becomes_the_canonical_digital_link(self, text: str, path: str) -> None:
        """
        The examples of the event hash hold, and lead back to the URN.
        """
        identifier = parse_urn(text)

        assert digital_link(identifier) == f"https://id.gs1.org/{path}"
        assert identifier.key == path
        assert urn(identifier) == text

    @each_scheme
    @given(data=st.data())
    def test_round_trip(self, scheme: Scheme, data: st.DataObject) -> None:
        """
        What a URN names is rendered as the same URN.
        """
        text = data.draw(urns(scheme, prefixes=ANY_PREFIX))

        assert urn(parse_urn(text)) == text

    @pytest.mark.parametrize("character", CSET82)
    def test_every_character_of_a_serial_survives(self, character: str) -> None:
        """
        Each character of set 82 comes back from each way to write it.
        """
        text = f"urn:epc:id:sgtin:4012345.011111.a{escaped(character)}1"
        identifier = parse_urn(text)

        assert identifier.serial == f"a{character}1"
        assert urn(identifier) == text
        assert parse_digital_link(digital_link(identifier)) == identifier
        assert parse_element_string(element_string(identifier)) == identifier
        assert parse_identifier(identifier.key) == identifier

    def test_cset_82_is_complete(self) -> None:
        """
        The tests above look at as many characters as the set's name says.
        """
        assert len(set(CSET82)) == 82

    def test_a_serial_may_contain_dots(self) -> None:
        """
        Only the dots before the last component separate.
        """
        assert parse_urn("urn:epc:id:sgtin:4012345.011111.a.b.").serial == "a.b."

    def test_a_star_is_a_serial_in_an_epc_and_a_class_in_a_pattern(self) -> None:
        """
        `*` says "all" in patterns only.
        """
        instance = parse_urn("urn:epc:id:sgtin:4012345.011111.*")
        pattern = parse_urn("urn:epc:idpat:sgtin:4012345.011111.*")

        assert (instance.serial, instance.level) == ("*", Level.INSTANCE)
        assert (pattern.serial, pattern.level) == (None, Level.CLASS)

    def test_escapes_may_be_in_lower_case(self) -> None:
        """
        `%2f` and `%2F` are the same character, and needless escapes are none.
        """
        prefix = "urn:epc:id:sgtin:4012345.011111."
        assert (
            parse_urn(f"{prefix}a%2fb")
            == parse_urn(f"{prefix}a%2Fb")
            == parse_urn(f"{prefix}%61%2Fb")
        )

    def test_the_prefix_of_a_urn_is_case_insensitive(self) -> None:
        """
        `URN:EPC:` is `urn:epc:` (RFC 8141).
        """
        text = "sscc:4012345.3111111111"
        assert parse_urn(f"URN:EPC:id:{text}") == parse_urn(f"urn:epc:id:{text}")

    @pytest.mark.parametrize(
        ("text", "part"),
        [
            pytest.param("id:sgtln:4012345.011111.1", "scheme", id="unknown scheme"),
            pytest.param("id:lgtin:4012345.011111.1", "scheme", id="lgtin is a class"),
            pytest.param("idpat:sscc:4012345.*", "scheme", id="scheme without classes"),
            pytest.param("tag:sgtin-96:3.4012345.011111.1", "URN", id="tag"),
            pytest.param("raw:96.x30", "URN", id="raw"),
            pytest.param("pat:sgtin-96:3.4012345.011111.*", "URN", id="pat"),
            pytest.param("id:sgtin:4012345.011111", "components", id="one too few"),
            pytest.param("id:sgtin:40123.01111111.1", "company prefix", id="prefix too short"),
            pytest.param("id:sgtin:4012345012345..1", "company prefix", id="prefix too long"),
            pytest.param("id:sgtin:401234².011111.1", "company prefix", id="other digits"),
            pytest.param("id:sgtin:4012345.01111.1", ITEM, id="reference too short"),
            pytest.param("id:sscc:4012345.31111111111", EXTENSION, id="reference too long"),
            pytest.param("id:sscc:4012345.311111111.1", EXTENSION, id="component too many"),
            pytest.param("id:sgtin:4012345.011111.", SERIAL, id="no serial"),
            pytest.param(f"id:sgtin:4012345.011111.{21 * '1'}", SERIAL, id="serial too long"),
            pytest.param("id:sgtin:4012345.011111.a/b", SERIAL, id="unescaped"),
            pytest.param("id:sgtin:4012345.011111.a%2", SERIAL, id="half an escape"),
            pytest.param("id:sgtin:4012345.011111.%C3%A9", SERIAL, id="escaped, not in set 82"),
            pytest.param("id:sgtin:4012345.011111.é", SERIAL, id="not in set 82"),
            pytest.param("id:sgtin:4012345.011111.1\n", SERIAL, id="line break"),
            pytest.param("idpat:sgtin:4012345.011111.1", SERIAL, id="no star"),
            pytest.param("idpat:sgtin:4012345.*.*", ITEM, id="two stars"),
            pytest.param("id:sgcn:4012345.99999.A", SERIAL, id="letter in a number"),
            pytest.param("id:cpi:4012345.abc.1", "component/part reference", id="lower case"),
            pytest.param("id:giai:4012345.", "individual asset reference", id="no reference"),
            pytest.param("id:itip:4012345.011111.1.02.9", "piece", id="piece of one digit"),
            pytest.param("id:imovn:917618", "imovn", id="IMO number too short"),
            pytest.param("id:gid:095.1.1", "gid", id="leading zero"),
        ],
    )
    def test_refuses(self, text: str, part: str) -> None:
        """
        An error names the component at fault, in GS1's words.
        """
        with pytest.raises(IdentifierError) as error:
            parse_urn(f"urn:epc:{text}")

        assert error.value.part == part
        assert error.value.value == f"urn:epc:{text}"

    def test_says_which_length_the_reference_should_have(self) -> None:
        """
        The message lets the sender see what to correct.
        """
        with pytest.raises(IdentifierError, match="expected 6 digits, found '01111'"):
            parse_urn("urn:epc:id:sgtin:4012345.01111.1")


class TestCompanyPrefix:
    """Where the company prefix ends, which only URNs show."""

    @each_scheme_with_gs1_key
    @given(data=st.data())
    def test_a_published_prefix_needs_no_telling(self, scheme: Scheme, data: st.DataObject) -> None:
        """
        A Digital Link becomes the URN it was made from, if GS1 publishes the prefix.
        """
        identifier = data.draw(published(scheme))
        assume(scheme.name != "upui" or identifier.serial is not None)

        assert urn(parse_digital_link(digital_link(identifier))) == urn(identifier)

    def test_an_unknown_prefix_has_no_urn_until_its_length_is_told(self) -> None:
        """
        Without its length the prefix cannot be cut off, and the error says so.
        """
        identifier = parse_digital_link("https://id.gs1.org/417/9999999999994")

        with pytest.raises(IdentifierError) as error:
            urn(identifier)

        assert error.value.part == "company prefix"
        assert urn(identifier, company_prefix_length=12) == "urn:epc:id:pgln:999999999999."

    def test_is_no_part_of_what_is_identified(self) -> None:
        """
        From a URN or from a Digital Link, it is the same thing.
        """
        from_urn = parse_urn("urn:epc:id:sscc:4012345.3111111111")
        from_link = parse_digital_link("https://id.gs1.org/00/340123451111111111")

        assert from_urn == from_link
        assert hash(from_urn) == hash(from_link)

    def test_a_prefix_longer_than_the_digits_of_a_text_is_not_cut_short(self) -> None:
        """
        Digits that GS1 has not published as a prefix are not passed off as one.
        """
        with pytest.raises(IdentifierError):
            urn(parse_digital_link("https://id.gs1.org/8004/7773964A1"))


class TestDigitalLink:
    """GS1 Digital Links, and URIs that look alike."""

    @each_scheme_with_gs1_key
    @given(data=st.data())
    def test_round_trip(self, scheme: Scheme, data: st.DataObject) -> None:
        """
        The canonical Digital Link leads back to the identifier.
        """
        identifier = data.draw(urns(scheme, prefixes=ANY_PREFIX).map(parse_urn))
        parsed = parse_digital_link(digital_link(identifier))

        assert (parsed.value, parsed.serial) == (identifier.value, identifier.serial)
        assert parsed.level == identifier.level
        # The class of a UPUI is the trade item, whose own scheme is SGTIN.
        assert parsed.scheme == identifier.scheme or identifier.level is Level.CLASS

    @pytest.mark.parametrize(
        ("path", "key"),
        [
            pytest.param(GTIN, GTIN, id="class"),
            pytest.param("gtin/04012345111118/ser/1", f"{GTIN}/21/1", id="short names"),
            pytest.param(f"shop/x/{GTIN}/21/1", f"{GTIN}/21/1", id="prefix"),
            pytest.param(f"00/{GTIN}", GTIN, id="AI in the prefix"),
            pytest.param("01/4012345111118/21/1", f"{GTIN}/21/1", id="GTIN-13"),
            pytest.param("01/614141123452", "01/00614141123452", id="GTIN-12"),
            pytest.param("01/95012346", "01/00000095012346", id="GTIN-8"),
            pytest.param(f"{GTIN}/10/L/21/S", f"{GTIN}/21/S", id="lot and serial"),
            pytest.param(f"{GTIN}/21/S/10/L", f"{GTIN}/21/S", id="any order"),
            pytest.param(f"{GTIN}/22/V/10/L/21/S", f"{GTIN}/21/S", id="variant"),
            pytest.param(f"{GTIN}/cpv/V/lot/L", f"{GTIN}/10/L", id="lot"),
            pytest.param(f"{GTIN}/21/S?17=261231#x", f"{GTIN}/21/S", id="query"),
            pytest.param(f"{GTIN}/21/a%2fb+c", f"{GTIN}/21/a%2Fb%2Bc", id="escapes"),
            pytest.param(f"{GLN}/254/0", GLN, id="extension 0"),
            pytest.param("gln/4012345000054/glnx/9", f"{GLN}/254/9", id="extension"),
            pytest.param(f"{GSRN}/8019/1", GSRN, id="service relation instance"),
        ],
    )
    @pytest.mark.parametrize("domain", ["https://id.gs1.org", "HTTP://example.com:8080"])
    def test_has_one_key_however_it_is_written(self, domain: str, path: str, key: str) -> None:
        """
        Domain, prefix, names, order, padding and query do not change what is identified.
        """
        assert parse_digital_link(f"{domain}/{path}").key == key

    @pytest.mark.parametrize(
        ("path", "key"),
        [
            ("sscc/340123451111111111", "00/340123451111111111"),
            ("gtin/04012345111118", "01/04012345111118"),
            ("gdti/4012345000092PO-4711", "253/4012345000092PO-4711"),
            ("gcn/401234599999044", "255/401234599999044"),
            ("ginc/4012345333", "401/4012345333"),
            ("gsin/40123452223334442", "402/40123452223334442"),
            ("gln/4012345000054/glnx/122", "414/4012345000054/254/122"),
            ("party/4000001000005", "417/4000001000005"),
            ("grai/04012345000221334455", "8003/04012345000221334455"),
            ("giai/4012345ABC345", "8004/4012345ABC345"),
            ("itip/040123451111180102/ser/987", "8006/040123451111180102/21/987"),
            ("cpid/4012345ABC/cpsn/123", "8010/4012345ABC/8011/123"),
            ("gsrnp/401234500000000074", "8017/401234500000000074"),
            ("gsrn/401234500000067657", "8018/401234500000067657"),
        ],
    )
    def test_short_names_stand_for_application_identifiers(self, path: str, key: str) -> None:
        """
        Links of the first Digital Link standard are still understood.
        """
        assert parse_digital_link(f"https://example.com/{path}").key == key

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("https://example.org/obj/01/abc", id="no GTIN"),
            pytest.param("https://example.org/01/04012345111118/99/x", id="unknown qualifier"),
            pytest.param("https://example.org/01/04012345111118/21", id="qualifier without value"),
            pytest.param("https://example.org/01/04012345111118/21/a/21/b", id="qualifier twice"),
            pytest.param("https://example.org/?x=/01/04012345111118", id="in the query"),
            pytest.param("https://example.org", id="no path"),
            pytest.param("https://example.org/8004/abc", id="GIAI without a prefix"),
            pytest.param("https://example.org/" + 1_000 * "01/", id="deep path"),
        ],
    )
    def test_other_uris_are_private(self, text: str) -> None:
        """
        A path that only resembles a Digital Link is a company's own affair.
        """
        identifier = parse_identifier(text)

        assert (identifier.key, identifier.level) == (text, None)
        assert digital_link(identifier) == urn(identifier) == text
        with pytest.raises(IdentifierError, match="expected a GS1 Digital Link"):
            parse_digital_link(text)

    @pytest.mark.parametrize(
        ("path", "part", "expected"),
        [
            pytest.param("01/04012345111117", "check digit", "8", id="GTIN"),
            pytest.param("01/4012345111117", "check digit", "8", id="GTIN-13"),
            pytest.param("00/340123451111111112", "check digit", "1", id="SSCC"),
            pytest.param("8003/04012345000220A", "check digit", "1", id="GRAI"),
            pytest.param("8006/040123451111170102", "check digit", "8", id="ITIP"),
            pytest.param(f"{GTIN}/21/{21 * '1'}", SERIAL, UP_TO_20, id="serial too long"),
            pytest.param(f"{GTIN}/21/", SERIAL, UP_TO_20, id="serial empty"),
            pytest.param(f"{GTIN}/21/a%20b", SERIAL, UP_TO_20, id="space in the serial"),
        ],
    )
    def test_a_wrong_key_is_an_error(self, path: str, part: str, expected: str) -> None:
        """
        What is certainly a Digital Link is not kept with a mistake in it.
        """
        with pytest.raises(IdentifierError) as error:
            parse_digital_link(f"https://id.gs1.org/{path}")

        assert (error.value.part, error.value.expected) == (part, expected)


class TestElementString:
    """Element strings, printed and scanned."""

    @each_scheme_with_gs1_key
    @pytest.mark.parametrize("bracketed", [True, False], ids=["bracketed", "unbracketed"])
    @given(data=st.data())
    def test_round_trip(self, scheme: Scheme, bracketed: bool, data: st.DataObject) -> None:
        """
        An element string leads back to the identifier, with and without brackets.
        """
        identifier = data.draw(urns(scheme, prefixes=ANY_PREFIX).map(parse_urn))
        raw = identifier.value + (identifier.serial or "")
        assume(not _BRACKETED_AI.search(raw))
        assume(not _SEPARATOR.search(raw))

        text = element_string(identifier, bracketed=bracketed)

        assert parse_element_string(text).key == identifier.key

    @pytest.mark.parametrize(
        ("text", "bracketed", "unbracketed"),
        [
            pytest.param(
                "urn:epc:id:sgtin:4012345.011111.11",
                "(01)04012345111118(21)11",
                "01040123451111182111",
                id="fixed length, no separator",
            ),
            pytest.param(
                "urn:epc:id:cpi:4012345.ABC.1",
                "(8010)4012345ABC(8011)1",
                "80104012345ABC\x1d80111",
                id="variable length, separator",
            ),
            pytest.param(
                "urn:epc:id:grai:4012345.00022.33",
                "(8003)0401234500022133",
                "80030401234500022133",
                id="one element",
            ),
        ],
    )
    def test_separates_where_a_scanner_would(
        self, text: str, bracketed: str, unbracketed: str
    ) -> None:
        """
        A separator follows what has no length of its own, unless it is the end.
        """
        identifier = parse_urn(text)

        assert element_string(identifier) == bracketed
        assert element_string(identifier, bracketed=False) == unbracketed

    def test_needs_a_gs1_key(self) -> None:
        """
        What is known by a URN alone has no element string.
        """
        with pytest.raises(IdentifierError, match="GS1 key"):
            element_string(parse_urn("urn:epc:id:imovn:9176187"))

    def test_is_made_from_values(self) -> None:
        """
        A GTIN and a serial are enough, and short GTINs are padded.
        """
        identifier = from_elements({"01": "4012345111118", "21": "A/1", "10": "L"})

        assert identifier == parse_urn("urn:epc:id:sgtin:4012345.011111.A%2F1")

    def test_has_to_identify_something(self) -> None:
        """
        A lot and a date alone are no identifier.
        """
        with pytest.raises(IdentifierError, match="application identifier"):
            parse_element_string("(10)L(17)261231")


class TestAnythingAPersonHas:
    """Whatever is typed into a search field."""

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("urn:epc:id:sgtin:4012345.011111.11", id="URN"),
            pytest.param(" https://x.org/01/04012345111118/21/11\n", id="Digital Link"),
            pytest.param("01/04012345111118/21/11", id="key"),
            pytest.param("(01)04012345111118(21)11", id="brackets"),
            pytest.param("(01) 04012345111118 (21) 11", id="brackets and spaces"),
            pytest.param("01040123451111182111\x1d17261231", id="scan"),
            pytest.param("]d201040123451111182111\x1d10L", id="]d2"),
            pytest.param("]C1\x1d01040123451111182111", id="]C1 and FNC1"),
            pytest.param("]e001040123451111182111", id="]e0"),
            pytest.param("]Q301040123451111182111", id="]Q3"),
            pytest.param("~01040123451111182111|17261231", id="~ and |"),
            pytest.param("01040123451111182111{GS}17261231", id="{GS}"),
            pytest.param("01040123451111182111<GS>17261231", id="<GS>"),
            pytest.param("01040123451111182111%1D17261231", id="%1D"),
            pytest.param("01040123451111182111\\x1d17261231", id="backslash x1d"),
            pytest.param("01040123451111182111^17261231", id="^"),
            pytest.param("04012345111118 11", id="GTIN and serial, space"),
            pytest.param("04012345111118   11", id="spaces"),
            pytest.param("04012345111118.11", id="dot"),
            pytest.param("04012345111118/11", id="slash"),
            pytest.param("4012345111118, 11", id="GTIN-13, comma"),
        ],
    )
    def test_is_the_same_pack(self, text: str) -> None:
        """
        Scanned, typed or pasted, it is the same pack.
        """
        assert parse_identifier(text).key == "01/04012345111118/21/11"

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            pytest.param("340123451111111111", "00/340123451111111111", id="SSCC"),
            pytest.param("00340123451111111111", "00/340123451111111111", id="SSCC with AI"),
            pytest.param("04012345111118", "01/04012345111118", id="GTIN-14"),
            pytest.param("4012345111118", "01/04012345111118", id="GTIN-13"),
            pytest.param("(414)4012345000054", "414/4012345000054", id="GLN"),
            pytest.param("urn:epc:id:imovn:9176187", "urn:epc:id:imovn:9176187", id="URN alone"),
            pytest.param("urn:uuid:a", "urn:uuid:a", id="private URN"),
            pytest.param("geo:1,2", "geo:1,2", id="geo"),
        ],
    )
    def test_is_understood(self, text: str, key: str) -> None:
        """
        What can be told from its form needs no form to choose.
        """
        assert parse_identifier(text).key == key

    @given(identifiers)
    def test_its_own_key_is_understood(self, identifier: Identifier) -> None:
        """
        A key that we have shown can be typed in again.
        """
        assert parse_identifier(identifier.key).key == identifier.key

    @pytest.mark.parametrize(
        ("text", "error"),
        [
            pytest.param("", ScanError, id="empty"),
            pytest.param("  ", ScanError, id="blank"),
            pytest.param("hello", ScanError, id="a word"),
            pytest.param("340123451111111112", IdentifierError, id="SSCC mistyped"),
            pytest.param("04012345111117 11", IdentifierError, id="GTIN mistyped"),
            pytest.param("(01)0401234511111(21)11", IdentifierError, id="GTIN too short"),
            pytest.param("(01)04012345111118(21)1(21)2", ScanError, id="AI twice"),
            pytest.param("(05)04012345111118", ScanError, id="AI unknown"),
            pytest.param("010401234511111", ScanError, id="cut short"),
            pytest.param("010401234511111٨", ScanError, id="other digits"),
            pytest.param("https://x y", IdentifierError, id="space in a URI"),
            pytest.param("(10)" + 9_000 * "A", ScanError, id="far too long"),
        ],
    )
    def test_is_refused(self, text: str, error: type[InputError]) -> None:
        """
        What names nothing is an error, with a message that stays short.
        """
        with pytest.raises(error) as caught:
            parse_identifier(text)

        assert len(str(caught.value)) < 300

    @given(st.text() | st.text("0123456789()[]dC1/.:%21\x1d urn:epcid"))
    @example("]")
    @example("(")
    @example("/")
    @example("01/")
    @example("https://[/01/04012345111118")
    def test_never_fails_otherwise(self, text: str) -> None:
        """
        Whatever is typed, the answer is an identifier or an error of ours.
        """
        try:
            parse_identifier(text)
        except InputError:
            return


class TestLevel:
    """Instances and classes."""

    @given(identifiers_with_gs1_key)
    def test_only_a_class_lacks_a_serial_that_its_scheme_has(self, identifier: Identifier) -> None:
        """
        A pattern and a lot are classes, everything else is one thing.
        """
        is_pattern = urn(identifier).startswith(("urn:epc:idpat:", "urn:epc:class:"))

        assert (identifier.level is Level.CLASS) == is_pattern


def test_agrees_with_the_event_hash_of_the_cbv() -> None:
    """
    With our Digital Links, an event with every GS1 key has the hash that GS1 publishes.
    """
    examples = Path(__file__).parents[3] / "shared" / "data" / "event-hash" / "examples"
    document = examples / "epcisDocWithAllGS1Keys.jsonld"
    if not document.exists():
        pytest.skip(f"the event hash generator's examples are not beside the checkout: {document}")
    (event,) = json.loads(document.read_text())["epcisBody"]["eventList"]

    def links(uris: list[str]) -> list[str]:
        return sorted(digital_link(parse_identifier(uri)) for uri in uris)

    # What is hashed, for the few fields that this event has (CBV 2.0, §8.9.2).
    prehash = "".join(
        [
            "eventType=ObjectEventeventTime=2023-03-27T11:30:00.000ZeventTimeZoneOffset=+01:00",
            "epcList",
            *(f"epc={link}" for link in links(event["epcList"])),
            "quantityList",
            *(
                f"quantityElementepcClass={link}"
                for link in links([element["epcClass"] for element in event["quantityList"]])
            ),
            "action=OBSERVEbizStep=https://ref.gs1.org/cbv/BizStep-other",
            *(f"readPointid={link}" for link in links([event["readPoint"]["id"]])),
        ]
    )
    event_hash = f"ni:///sha-256;{sha256(prehash.encode()).hexdigest()}?ver=CBV2.0"

    assert event_hash == document.with_suffix(".hashes").read_text().strip()
