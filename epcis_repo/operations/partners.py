"""Who a partner is: from whom a document comes, by its header, else by what its events say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from epcis_repo.bindings.sbdh import members_of
from epcis_repo.errors import IdentifierError, ScanError
from epcis_repo.gs1 import SCHEMES, canonical_key, cbv, parse_identifier
from epcis_repo.model.documents import Document

_PARTIES = (SCHEMES["sgln"], SCHEMES["pgln"])
_GLN_LENGTH = 13
# Whose it was is who sent it; else who had it, else where it was.
_ENDS = ("owning_party", "possessing_party", "location")


# Few partners send, over and over.
@lru_cache(maxsize=4_096)
def partner_key(text: str) -> str:
    """Return what a partner is told by: its GLN, however that is written; else the text itself."""
    text = text.strip()
    if text.isascii() and text.isdecimal() and len(text) == _GLN_LENGTH:
        return text
    try:
        identifier = parse_identifier(canonical_key(text))
    except (IdentifierError, ScanError):
        return text
    return identifier.value if identifier.scheme in _PARTIES else identifier.key


def sender_of(document: Document | None) -> str | None:
    """Return the key of who has sent a document, as its header says, None where it says nothing."""
    if document is None:
        return None
    text = document.sender or members_of(document.sbdh).get("sender") or ""
    return partner_key(text) or None


def source_of(header: Mapping[str, Any]) -> str | None:
    """Return the key of who a transfer is from, as an event in JSON says, None where it is none."""
    sources = {
        cbv.bare_word(cbv.SOURCE_DEST_TYPE, end["type"]): end["source"]
        for end in header.get("sourceList") or ()
    }
    found = next((sources[kind] for kind in _ENDS if kind in sources), None)
    return None if found is None else partner_key(found)
