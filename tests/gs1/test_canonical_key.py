"""The canonical key: one for each thing, quickly."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key, canonical_keys, digital_link, parse_urn
from epcis_repo.gs1 import identifiers as module
from tests.gs1.strategies import CSET82, epc_urns, escaped

SGTIN = "urn:epc:id:sgtin:4012345.011111."
LINK = "https://id.gs1.org/01/04012345111118/21/"

serials = st.text(string.ascii_letters + string.digits + "²é٣.%*", max_size=32)
tails = serials | st.sampled_from(["0", "*", "a?x=1", "a#b", "a/10/L", "%41", "a/", ""])


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    module._KNOWN_HEADS.clear()
    yield
    module._KNOWN_HEADS.clear()


def outcome(text: str, *, remembering: bool) -> str:
    """The key or the error, with or without what earlier calls have left behind."""
    if not remembering:
        module._KNOWN_HEADS.clear()
    try:
        return canonical_key(text)
    except IdentifierError as error:
        return f"{error.part}: {error}"


@given(first=epc_urns, as_link=st.booleans(), tail=tails)
@example(first=f"{SGTIN}1", as_link=False, tail=21 * "1")
@example(first="urn:epc:id:sgln:4012345.00005.1", as_link=False, tail="0")
@example(first="urn:epc:id:sgln:4012345.00005.1", as_link=True, tail="0")
@example(first="urn:epc:id:sgcn:4012345.99999.44", as_link=False, tail="A")
@example(first="urn:epc:class:lgtin:4012345.011111.a", as_link=True, tail="²")
def test_the_fast_path_says_what_the_slow_path_says(first: str, as_link: bool, tail: str) -> None:
    """
    Having seen a head before never changes an answer, right or wrong.
    """
    first = digital_link(parse_urn(first)) if as_link else first
    second = first[: max(first.rfind("."), first.rfind("/")) + 1] + tail
    expected = outcome(second, remembering=False)
    canonical_key(first)

    assert outcome(second, remembering=True) == expected


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(f"{LINK}A/10/A", f"{LINK}A/10/B", id="lot equal to the serial"),
        pytest.param(f"{LINK}T?x=/21/T", f"{LINK}T?x=/21/U", id="serial in the query"),
        pytest.param(f"{LINK}T#/21/T", f"{LINK}T#/21/U", id="serial in the fragment"),
        pytest.param(f"{SGTIN}a.b", f"{SGTIN}a.c", id="dot in the serial"),
        pytest.param(f"{LINK[:-3]}10/A", f"{LINK[:-3]}10/B", id="lot"),
        pytest.param(f"{LINK[:-3]}10/A/21/A", f"{LINK[:-3]}10/A/21/B", id="lot, then serial"),
    ],
)
def test_remembers_no_head_that_would_mislead(first: str, second: str) -> None:
    """
    What comes before the last separator is trusted only where it decides.
    """
    expected = outcome(second, remembering=False)
    canonical_key(first)

    assert outcome(second, remembering=True) == expected


@given(epc_urns)
def test_is_the_key_of_the_parsed_identifier(text: str) -> None:
    """
    A URN and its Digital Link have the key of what they identify.
    """
    identifier = parse_urn(text)

    assert canonical_key(text) == canonical_key(digital_link(identifier)) == identifier.key


@pytest.mark.parametrize("character", CSET82)
def test_has_one_spelling_for_each_character(character: str) -> None:
    """
    URN escapes and Digital Link escapes of the same serial meet in one key.
    """
    text = f"{SGTIN}a{escaped(character)}"

    assert canonical_key(text) == canonical_key(f"{LINK}a%{ord(character):02x}")
    assert set(canonical_key(text)) <= set(string.ascii_letters + string.digits + "-._~%/")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("urn:epc:id:gid:95100000.12345.400", id="EPC without a Digital Link"),
        pytest.param("urn:epcglobal:cbv:bt:4012345000054:PO1", id="business transaction"),
        pytest.param("urn:example:obj:1", id="private URN"),
        pytest.param("http://example.com/obj/1", id="private URL"),
        pytest.param("ni:///sha-256;abc?ver=CBV2.0", id="event hash"),
        pytest.param("geo:47.1,-8.2", id="geo"),
        pytest.param("http://[2001:db8::7]:80/obj/1", id="address of a host"),
        pytest.param("http://a@[::1]", id="address of a host alone"),
        pytest.param("urn:example:obj:[1]", id="brackets without a host"),
        pytest.param("http://example.com/obj/[1", id="bracket behind the host"),
    ],
)
def test_other_uris_are_their_own_key(text: str) -> None:
    """
    What has no Digital Link form is kept as it came.
    """
    assert canonical_key(text) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("04012345111118", id="digits"),
        pytest.param("01/04012345111118", id="a key"),
        pytest.param("example.com/01/04012345111118", id="no scheme"),
        pytest.param("urn:", id="nothing after the colon"),
        pytest.param("urn:a b", id="space"),
        pytest.param("urn:a\x00", id="NUL"),
        pytest.param("urn:a\ud800", id="half a surrogate pair"),
        pytest.param("http://[bad", id="bracket without an end"),
        pytest.param("http://bad]/obj/1", id="bracket without a beginning"),
        pytest.param("http://[host]/obj/1", id="no address in brackets"),
        pytest.param("http://[::1]bad/obj/1", id="more behind an address"),
        pytest.param("urn:epc:tag:sgtin-96:3.4012345.011111.1", id="tag URN"),
        pytest.param("urn:epc:id:sgtin:4012345.011111", id="no serial"),
        pytest.param(f"{LINK[:-5]}7/21/1", id="check digit"),
    ],
)
def test_refuses(text: str) -> None:
    """
    What is no absolute URI, or a wrong EPC, has no key.
    """
    with pytest.raises(IdentifierError):
        canonical_key(text)


def test_an_unknown_company_prefix_has_a_key() -> None:
    """
    Prefixes that GS1 has not published are captured like any other.
    """
    assert canonical_key("urn:epc:id:pgln:999999999999.") == "417/9999999999994"


def test_keys_of_many_are_the_keys_of_each() -> None:
    """
    The bulk form keeps the order.
    """
    texts = [f"{SGTIN}{number}" for number in range(3)]

    assert canonical_keys(iter(texts)) == [canonical_key(text) for text in texts]


HEADS = [
    *("urn:epc:id:sgtin:0401234.011111.", "urn:epc:id:sgtin:0401234.022222."),
    *("urn:epc:id:grai:0401234.11111.", "urn:epc:id:giai:0401234.", "urn:epc:id:sscc:0401234."),
    *("https://id.gs1.org/01/04012345111118/21/", "https://id.gs1.org/8004/0401234"),
    *("https://id.gs1.org/01/04012345111118?a=/21/", "urn:uuid:", "https://example.org/a/"),
]
SERIALS = st.sampled_from(["", "1", "a/b", "a.b", "%2F", "ü", "٣", "9" * 20, "9" * 21, "x y"])


@example(head=HEADS[0], odd_head=HEADS[1], odd_serial="1", place=3)
@given(
    head=st.sampled_from(HEADS),
    odd_head=st.none() | st.sampled_from(HEADS),
    odd_serial=SERIALS,
    place=st.integers(0, 8),
)
def test_keys_of_a_list_are_the_keys_of_each(
    head: str, odd_head: str | None, odd_serial: str, place: int
) -> None:
    """
    Looked at as one text, a list has the keys, or the error, of each: also where one is odd.
    """
    texts = [f"{head}7{number}" for number in range(8)]
    texts.insert(place, f"{odd_head or head}{odd_serial}")
    for head in HEADS:
        with suppress(IdentifierError):
            canonical_key(f"{head}77")

    def outcome(keys: Callable[[], list[str]]) -> list[str] | str:
        try:
            return keys()
        except IdentifierError as error:
            return str(error)

    assert outcome(lambda: canonical_keys(texts)) == outcome(lambda: [*map(canonical_key, texts)])


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    However many heads are sent, and however long, few are kept.
    """
    monkeypatch.setattr(module, "_KNOWN_HEADS_MAX", 10)
    for number in range(100):
        canonical_key(f"https://{number}.example/01/04012345111118/21/1")
        canonical_key(f"https://{number:0200}.example/01/04012345111118/21/1")

    assert 0 < len(module._KNOWN_HEADS) <= 10
    assert max(map(len, module._KNOWN_HEADS)) <= 100
