"""
What a document says of places, parties and products: the master data beside its events.

- The values in a header are those of the moment at which the document was made (EPCIS 1.2, §6.1.1).
  None is made later than it comes, whatever the clock of its sender says.
- An attribute without a value, and an empty list of children, say nothing (EPCIS 1.2, §9.5).
- What a query for master data has found is said by whoever answers it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from epcis_repo.bindings.sbdh import members_of
from epcis_repo.gs1.identifiers import DIGITAL_LINK_DOMAIN
from epcis_repo.model.documents import Document, Vocabulary, VocabularyElement
from epcis_repo.model.master_data import Statement, key_of

_GLN_LENGTH = 13


def statements_in(document: Document, digest: str, now: int) -> Sequence[Statement]:
    """Return what the document with this digest, which comes at `now`, says of each identifier."""
    if document.vocabularies is None and document.query_results is None:
        # As nearly all that brings a single event.
        return ()
    made = document.creation_date
    said_at = now if made is None else min(made.microseconds, now)
    said_by = _sender_of(document)
    return [
        Statement(
            vocabulary=vocabulary.type,
            id=element.id.strip(),
            attributes=tuple((name, value) for name, value in element.attributes if _says(value)),
            children=element.children or (),
            extensions=element.extensions,
            said_at=said_at,
            said_by=said_by,
            document=digest,
        )
        for vocabulary, element in _elements(document)
    ]


def _elements(document: Document) -> Iterator[tuple[Vocabulary, VocabularyElement]]:
    results = document.query_results
    for vocabularies in (document.vocabularies, results and results.vocabularies):
        for vocabulary in vocabularies or ():
            for element in vocabulary.elements:
                yield vocabulary, element


def _says(value: Any) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ([], {})


def _sender_of(document: Document) -> str | None:
    """Return who sent a document, by the canonical key of what it gives."""
    text = (document.sender or members_of(document.sbdh).get("sender") or "").strip()
    if text.isdecimal() and len(text) == _GLN_LENGTH:
        # The header of a 1.2 document may have the GLN alone; it is that of a place.
        text = f"{DIGITAL_LINK_DOMAIN}414/{text}"
    return key_of(text) or None
