"""The one spelling of a value in a pre-hash string."""

from __future__ import annotations

import re
from decimal import Decimal

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key, cbv
from epcis_repo.gs1.identifiers import DIGITAL_LINK_DOMAIN

# GS1's own terms have had two homes; the vectors know the first.
_GS1_TERMS = "https://gs1.org/voc/"
_GS1_TERM = re.compile(r"gs1:|https?://(?:ref\.)?gs1\.org/voc/")
_VOCABULARIES = (
    cbv.BIZ_STEP,
    cbv.DISPOSITION,
    cbv.BIZ_TRANSACTION_TYPE,
    cbv.SOURCE_DEST_TYPE,
    cbv.ERROR_REASON,
    cbv.COMPONENT,
)
# A bare word means nothing outside its own field.
_WEB_URIS = {
    spelling: uri
    for vocabulary in _VOCABULARIES
    for spelling, uri in vocabulary.web_uris.items()
    if ":" in spelling
}
_IDENTIFIER = re.compile(r"urn:epc:|https?:", re.IGNORECASE)
# Three digits of exponent at most: more would make a gigabyte of ten characters.
_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]{1,3})?")
_NUMBER_BEGINS = frozenset("+-.0123456789")


def text_of(content: str) -> str:
    """Return a text that is not known to be of a vocabulary: it may be anything."""
    text = content.strip()
    if text[:1] in _NUMBER_BEGINS:
        return number_of(Decimal(text)) if _NUMBER.fullmatch(text) else text
    if ":" not in text:
        return text
    if (uri := _WEB_URIS.get(text)) is not None:
        return uri
    if match := _GS1_TERM.match(text):
        return _GS1_TERMS + text[match.end() :]
    if _IDENTIFIER.match(text):
        try:
            return link_of(canonical_key(text))
        except IdentifierError:
            return text
    return text


def number_of(content: int | Decimal) -> str:
    """Return a number digit by digit, without zeros that say nothing and without exponent."""
    text = f"{content:f}" if isinstance(content, Decimal) else str(content)
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def scalar_of(content: str | int | Decimal) -> str:
    """Return a text, number or boolean, as an extension may hold it."""
    if isinstance(content, bool):
        return "true" if content else "false"
    return text_of(content) if isinstance(content, str) else number_of(content)


def word_of(vocabulary: cbv.Vocabulary, content: str) -> str:
    """Return a word of `vocabulary` as its Web URI, any other text as `text_of` does."""
    return vocabulary.web_uris.get(content.strip()) or text_of(content)


def gs1_term_of(content: str) -> str:
    """Return a type of measurement or exception; JSON has bare words for GS1's terms."""
    text = content.strip()
    return text_of(text if ":" in text or not text else f"gs1:{text}")


# What canonical keys escape and pre-hash strings do not.
_LITERALS = {"%27": "'", "%3B": ";", "%3D": "="}


def link_of(key: str) -> str:
    """Return the URI of a canonical key: the Digital Link, or itself where it has none."""
    # Keys of GS1 begin with an application identifier, other URIs with a letter.
    if key > ":":
        return key
    if "%" in key:
        for escape, literal in _LITERALS.items():
            key = key.replace(escape, literal)
    return DIGITAL_LINK_DOMAIN + key
