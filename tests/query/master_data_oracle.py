"""
SimpleMasterDataQuery the slow and obvious way: one document after the other, in memory.

Written from the standard's words (EPCIS 1.2 and 2.0, §8.2.7.2) and from nothing of `query/`.
Identifiers are the same where their Digital Links are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from epcis_repo.errors import EpcisError
from epcis_repo.gs1 import digital_link, parse_identifier
from epcis_repo.model.documents import Vocabulary, VocabularyElement

Elements = list[tuple[str, str, list[tuple[str, str]], list[str]]]
"""Vocabulary, identifier, attributes and children of each element, all of them in order."""


def answer(documents: Sequence[Sequence[Vocabulary]], query: Mapping[str, Any]) -> Elements:
    """Return what a query finds in `documents`, which one sender has made one after the other."""
    in_force = {
        (vocabulary.type, link(element.id)): element
        for document in documents
        for vocabulary in document
        for element in vocabulary.elements
    }
    asked = {name: value for name, value in query.items() if value != []}
    return sorted(
        (
            kind,
            name,
            _attributes(element, asked) if asked["includeAttributes"] else [],
            sorted({link(child) for child in element.children or ()})
            if asked["includeChildren"]
            else [],
        )
        for (kind, name), element in in_force.items()
        if all(_holds(kind, element, asked, parameter, in_force) for parameter in asked)
    )


def _holds(
    kind: str,
    element: VocabularyElement,
    asked: Mapping[str, Any],
    parameter: str,
    in_force: Mapping[tuple[str, str], VocabularyElement],
) -> bool:
    wanted = asked[parameter]
    if parameter == "vocabularyName":
        return kind in wanted
    if parameter == "EQ_name":
        return link(element.id) in map(link, wanted)
    if parameter == "WD_name":
        within = {link(text) for text in wanted}
        for _ in in_force:
            within |= {
                link(child)
                for (_, name), parent in in_force.items()
                if name in within
                for child in parent.children or ()
            }
        return link(element.id) in within
    if parameter == "HASATTR":
        return any(same_name(name, other) for name, _ in said(element) for other in wanted)
    if parameter.startswith("EQATTR_"):
        attribute = parameter.removeprefix("EQATTR_")
        return any(same_name(name, attribute) and text in wanted for name, text in said(element))
    return True


def _attributes(element: VocabularyElement, asked: Mapping[str, Any]) -> list[tuple[str, str]]:
    names = asked.get("attributeNames")
    return sorted(
        (name, text)
        for name, text in said(element)
        if names is None or any(same_name(name, other) for other in names)
    )


def said(element: VocabularyElement) -> list[tuple[str, str]]:
    """The attributes of an element that have a value, each value as a text."""
    texts = [
        (name, value["#text"] if isinstance(value, Mapping) else value)
        for name, value in element.attributes
    ]
    return [(name, text) for name, text in texts if text]


def same_name(one: str, other: str) -> bool:
    """Whether two names of attributes are one; the CBV's may be joined by a colon, too."""
    colon, joined = "urn:epcglobal:cbv:mda:", "urn:epcglobal:cbv:mda#"
    return one.replace(colon, joined) == other.replace(colon, joined)


def link(text: str) -> str:
    try:
        return digital_link(parse_identifier(text))
    except EpcisError:
        return text
