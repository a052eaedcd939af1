"""
Master data, statement by statement: what one document says of one identifier (EPCIS 2.0, §6.5).

- Two statements say the same when they differ in words alone: in the format, the order, the
  spelling of an identifier or of an attribute's name. Texts count character by character, so that
  a postal code which gets its zero back is news.
- What is no identifier is known by its text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.events import Extensions

# CBV 2.0, §10: XML joins the two parts of a name with #, some of the CBV's own with a colon, and
# JSON may have the prefix that the context declares.
_CBV_ATTRIBUTE = "urn:epcglobal:cbv:mda#"
_CBV_ATTRIBUTE_SPELLINGS = (_CBV_ATTRIBUTE, "urn:epcglobal:cbv:mda:", "cbvmda:")

Attribute = tuple[str, Any]
"""The name of an attribute, and its value as JSON has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    What a document says of one identifier, as an element of one vocabulary.

    `said_at` is the moment of which it is true, in microseconds; `said_by` the sender of the
    document, None where it names none; `document` its digest.
    """

    vocabulary: str
    id: str
    attributes: tuple[Attribute, ...] = ()
    children: tuple[str, ...] = ()
    extensions: Extensions = field(default_factory=dict)
    said_at: int
    said_by: str | None
    document: str

    @property
    def key(self) -> str:
        """The canonical key of what it is about."""
        return key_of(self.id)

    @property
    def child_keys(self) -> tuple[str, ...]:
        """The canonical keys of its children, each once."""
        return tuple(dict.fromkeys(map(key_of, self.children)))


def key_of(text: str) -> str:
    """Return the canonical key of an identifier, the text itself where it is none."""
    try:
        return canonical_key(text)
    except IdentifierError:
        return text


def attribute_name(name: str) -> str:
    """Return the one spelling of the name of an attribute."""
    for spelling in _CBV_ATTRIBUTE_SPELLINGS:
        if name.startswith(spelling):
            return _CBV_ATTRIBUTE + name[len(spelling) :]
    return name


def content_of(statement: Statement) -> str:
    """Return what tells a statement from one that says something else of the same identifier."""
    attributes = sorted(
        (attribute_name(name), orjson.dumps(plain(item), option=orjson.OPT_SORT_KEYS))
        for name, value in statement.attributes
        for item in (value if isinstance(value, list) else [value])
    )
    said = [
        [[name, item.decode()] for name, item in attributes],
        sorted(statement.child_keys),
        plain(statement.extensions),
    ]
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def plain(value: Any) -> Any:
    """Return a value as XML would have it, which knows only text."""
    match value:
        case Mapping():
            return {name: plain(member) for name, member in value.items()}
        case list():
            return [plain(member) for member in value]
        case str():
            return value.strip()
        case bool():
            return "true" if value else "false"
        case None:
            return None
    return str(value)
