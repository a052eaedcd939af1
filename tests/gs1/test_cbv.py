"""Every word of the CBV in each of its spellings."""

from __future__ import annotations

import pytest

from epcis_repo.gs1 import cbv
from epcis_repo.gs1.cbv import Vocabulary

VOCABULARIES = [
    pytest.param(cbv.BIZ_STEP, 41, id="bizStep"),
    pytest.param(cbv.DISPOSITION, 33, id="disposition"),
    pytest.param(cbv.BIZ_TRANSACTION_TYPE, 13, id="bizTransaction type"),
    pytest.param(cbv.SOURCE_DEST_TYPE, 3, id="source and destination type"),
    pytest.param(cbv.ERROR_REASON, 2, id="error reason"),
    pytest.param(cbv.COMPONENT, 14, id="component"),
]


@pytest.mark.parametrize(("vocabulary", "size"), VOCABULARIES)
def test_every_spelling_becomes_every_other(vocabulary: Vocabulary, size: int) -> None:
    """
    Bare word, URN, Web URI and compact form are the same word.
    """
    assert len(set(vocabulary.words)) == size
    for word in vocabulary.words:
        urn = f"urn:epcglobal:cbv:{vocabulary.urn_name}:{word}"
        web_uri = f"https://ref.gs1.org/cbv/{vocabulary.web_name}-{word}"
        curie = f"cbv:{vocabulary.web_name}-{word}"
        for text in (word, urn, web_uri, web_uri.replace("https:", "http:"), curie):
            assert cbv.is_cbv(vocabulary, text)
            assert cbv.bare_word(vocabulary, text) == word
            assert cbv.urn(vocabulary, text) == urn
            assert cbv.web_uri(vocabulary, text) == web_uri


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("https://example.com/steps/shipping", id="own URI"),
        pytest.param("urn:epcglobal:cbv:bizstep:shiping", id="misspelt"),
        pytest.param("urn:epcglobal:cbv:disp:shipping", id="other vocabulary"),
        pytest.param("Shipping", id="other case"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_not_cbv_passes_through(text: str) -> None:
    """
    A company's own word is unchanged, and known not to be the standard's.
    """
    assert not cbv.is_cbv(cbv.BIZ_STEP, text)
    assert cbv.bare_word(cbv.BIZ_STEP, text) == text
    assert cbv.urn(cbv.BIZ_STEP, text) == text
    assert cbv.web_uri(cbv.BIZ_STEP, text) == text


def test_deprecated_dispositions_have_successors() -> None:
    """
    The URNs of CBV 1.0 mean what replaced them; there never were other spellings.
    """
    text = "urn:epcglobal:cbv:disp:non_sellable_expired"

    assert cbv.bare_word(cbv.DISPOSITION, text) == "expired"
    assert cbv.urn(cbv.DISPOSITION, text) == "urn:epcglobal:cbv:disp:expired"
    assert not cbv.is_cbv(cbv.DISPOSITION, "non_sellable_expired")


def test_the_examples_are_right() -> None:
    """
    One word of each vocabulary, as the standard prints it.
    """
    assert cbv.urn(cbv.BIZ_STEP, "shipping") == "urn:epcglobal:cbv:bizstep:shipping"
    assert cbv.web_uri(cbv.DISPOSITION, "active") == "https://ref.gs1.org/cbv/Disp-active"
    assert cbv.urn(cbv.BIZ_TRANSACTION_TYPE, "po") == "urn:epcglobal:cbv:btt:po"
    assert cbv.urn(cbv.SOURCE_DEST_TYPE, "location") == "urn:epcglobal:cbv:sdt:location"
    assert cbv.urn(cbv.ERROR_REASON, "did_not_occur") == "urn:epcglobal:cbv:er:did_not_occur"
    assert cbv.web_uri(cbv.COMPONENT, "x") == "https://ref.gs1.org/cbv/Comp-x"
