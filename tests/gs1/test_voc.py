"""Terms of the GS1 Web Vocabulary, as JSON and as XML have them."""

from __future__ import annotations

import pytest

from epcis_repo.gs1.voc import ALERT_TYPES, MEASUREMENT_TYPES, bare_term, compact_term


@pytest.mark.parametrize(
    ("terms", "size"),
    [
        pytest.param(MEASUREMENT_TYPES, 72, id="measurement types"),
        pytest.param(ALERT_TYPES, 2, id="alerts"),
    ],
)
def test_every_term_has_two_spellings(terms: frozenset[str], size: int) -> None:
    """
    A bare word and its compact name are the same term.
    """
    assert len(terms) == size
    for term in terms:
        assert compact_term(terms, term) == f"gs1:{term}"
        assert bare_term(terms, f"gs1:{term}") == term


@pytest.mark.parametrize("text", ["gs1:Surprise", "ex:Temperature", "temperature", "", "gs1:"])
def test_what_is_no_term_passes_through(text: str) -> None:
    """
    A company's own type of measurement is unchanged.
    """
    assert bare_term(MEASUREMENT_TYPES, text) == text
    assert compact_term(MEASUREMENT_TYPES, text) == text
