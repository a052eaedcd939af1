"""Names of extensions mean what their own document says, whatever others have said before."""

from __future__ import annotations

from epcis_repo.bindings import names
from epcis_repo.bindings.names import Names

EX = {"ex": "https://ns.example.com/"}


def test_a_prefix_means_what_its_document_declares() -> None:
    """
    Of two documents with one prefix each has its own namespace, however often they take turns.
    """
    for namespace in ("urn:a", "urn:b") * 2:
        assert Names({"ex": namespace}).expand_members({"ex:n": 1}) == {f"{{{namespace}}}n": 1}


def test_a_prefix_that_is_made_up_is_its_documents_own() -> None:
    """
    It means nothing in another document of the same prefixes, which makes up its own.
    """
    one, other, third = Names(EX), Names(EX), Names(EX)

    assert one.compact("{urn:a}n") == "ns1:n"
    assert other.compact("{urn:b}n") == "ns1:n"
    assert one.compact_members({"{urn:a}n": 1, "{urn:c}n": 2}) == {"ns1:n": 1, "ns2:n": 2}
    assert third.expand_members({"ns1:n": 1}) == {"ns1:n": 1}
    assert (one.used, other.used) == ({"ns1": "urn:a", "ns2": "urn:c"}, {"ns1": "urn:b"})


def test_no_more_is_remembered_than_partners_use() -> None:
    """
    Names without end, or without number, or after endless prefixes, are understood and forgotten.
    """
    long = "n" * 2_000
    known = Names(EX)
    for number in range(1_000):
        known.expand_members({f"ex:n{number}": 1})
    for number in range(200):
        declared = Names({f"p{number}": "urn:" + "x" * 2_000})
        assert declared.expand_members({f"p{number}:n": 1}) == {"{urn:" + "x" * 2_000 + "}n": 1}

    assert known.expand_members({f"ex:{long}": 1}) == {f"{{https://ns.example.com/}}{long}": 1}
    remembered = known._meanings.names
    assert len(remembered) <= 200
    assert max(map(len, remembered)) < 1_000
    assert names._known_meanings.cache_info().currsize <= 64
