"""Words of the standard in XML: URNs and `gs1:` names there, bare words in the model as in JSON."""

from __future__ import annotations

from collections.abc import Callable

from epcis_repo.gs1 import cbv, voc


def word_in(vocabulary: cbv.Vocabulary, text: str) -> str:
    """Return a word as the model has it."""
    # Only the URN of a word in force: a withdrawn one keeps its own, and a Web URI is a
    # spelling that JSON knows too.
    if cbv.is_cbv(vocabulary, text) and cbv.urn(vocabulary, text) == text:
        return cbv.bare_word(vocabulary, text)
    return text


def word_out(vocabulary: cbv.Vocabulary, text: str) -> str:
    """Return a word as XML has it: what is not a bare word stays as it is."""
    return text if ":" in text else cbv.urn(vocabulary, text)


Respell = Callable[[str], str]

# EPCIS 2.0, §7.3.7.1.2: the attributes of a sensor report that have words, read and written.
REPORT_WORDS: dict[str, tuple[Respell, Respell]] = {
    "type": (
        lambda text: voc.bare_term(voc.MEASUREMENT_TYPES, text),
        lambda text: voc.compact_term(voc.MEASUREMENT_TYPES, text),
    ),
    "exception": (
        lambda text: voc.bare_term(voc.ALERT_TYPES, text),
        lambda text: voc.compact_term(voc.ALERT_TYPES, text),
    ),
    "component": (
        lambda text: word_in(cbv.COMPONENT, text),
        lambda text: word_out(cbv.COMPONENT, text),
    ),
}
