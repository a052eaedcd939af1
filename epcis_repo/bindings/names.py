"""
Names of extensions: `prefix:local` in a document, `{namespace}local` in the model.

A name whose prefix nobody declared, or that is a URI itself, stays as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Any

from epcis_repo.bindings.misfits import Misfits, each, misfit

CBVMDA = "urn:epcglobal:cbv:mda"
SBDH = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
SBDH_ROOT = f"{{{SBDH}}}StandardBusinessDocumentHeader"

# Prefixes that the EPCIS 2.0 context declares, so that documents need not.
STANDARD_PREFIXES = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": CBVMDA,
    "gs1": "https://gs1.org/voc/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}


def declared_prefixes(context: Any) -> dict[str, str]:
    """Return the prefixes that a JSON-LD `@context` declares inline; nothing is fetched."""
    entries = context if isinstance(context, list) else [context]
    declared: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, dict):
            for prefix, meaning in entry.items():
                namespace = meaning.get("@id") if isinstance(meaning, dict) else meaning
                if isinstance(namespace, str) and not prefix.startswith("@"):
                    declared[prefix] = namespace
    return declared


def declarable(namespaces: Mapping[str, str]) -> dict[str, str]:
    """Return what of the prefixes of an XML document a JSON-LD `@context` may declare."""
    return {
        prefix: namespace
        for prefix, namespace in namespaces.items()
        # The standard context protects its own, and those of XML and EPCIS mean nothing there.
        if prefix not in STANDARD_PREFIXES and not namespace.startswith(_OF_XML)
    }


_OF_XML = ("urn:epcglobal:", "http://www.w3.org/", SBDH)


def canonical_namespace(namespace: str) -> str:
    """
    Return the one spelling of `namespace`.

    The JSON-LD context ends that of CBV master data with a colon, since it joins the two
    parts of a name; XML does not.
    """
    return CBVMDA if namespace in (f"{CBVMDA}:", f"{CBVMDA}#") else namespace


_REMEMBERED_MAX = 1_000

# Types of values that have no names in them.
_PLAIN = frozenset({str, int, bool, Decimal, type(None)})
# More members than this are looked at all at once before each is.
_FEW = 16


def _is_spelt(value: Mapping[str, Any], mark: str) -> bool:
    """Whether nothing in a long object has a name with the `mark` of another spelling."""
    if len(value) <= _FEW or mark in "".join(value):
        return False
    return _PLAIN.issuperset(map(type, value.values()))


class Names:
    """The prefixes of one document, for reading and for writing."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self.declared = dict(namespaces)
        self.used: dict[str, str] = {}
        self._expanded: dict[str, str] = {}

    # Most events have no name that needs them.
    @cached_property
    def _namespaces(self) -> dict[str, str]:
        own = {prefix: canonical_namespace(name) for prefix, name in self.declared.items()}
        return {**STANDARD_PREFIXES, **own}

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        # The document's own prefix wins over a standard one of the same namespace.
        return {namespace: prefix for prefix, namespace in self._namespaces.items()}

    def expand(self, name: str) -> str:
        """Return `{namespace}local` for `prefix:local`, or `name` where that means nothing."""
        if name.startswith("@"):
            return f"@{self.expand(name[1:])}"
        prefix, colon, local = name.partition(":")
        if not colon or local.startswith("//"):
            return name
        namespace = self._namespaces.get(prefix)
        return name if namespace is None else f"{{{namespace}}}{local}"

    # A document has few names, and each of them very often.
    def _remembered(self, name: str) -> str:
        expanded = self.expand(name)
        if len(self._expanded) < _REMEMBERED_MAX:
            self._expanded[name] = expanded
        return expanded

    def compact(self, name: str) -> str:
        """Return `prefix:local` for `{namespace}local`, with a new prefix where none is known."""
        if name.startswith("@{"):
            return f"@{self.compact(name[1:])}"
        namespace, brace, local = name[1:].partition("}")
        if not (name.startswith("{") and brace) or local.startswith("//"):
            return name
        return f"{self.prefix(namespace)}:{local}"

    def prefix(self, namespace: str) -> str:
        """Return the prefix of `namespace`, made up where there is none; remember its use."""
        if namespace not in self._prefixes:
            free = next(name for n in count(1) if (name := f"ns{n}") not in self._namespaces)
            self._prefixes[namespace], self._namespaces[free] = free, namespace
        prefix = self._prefixes[namespace]
        if STANDARD_PREFIXES.get(prefix) != namespace:
            self.used[prefix] = namespace
        return prefix

    def expand_value(self, value: Any) -> Any:
        """Return `value` with the names of all objects in it expanded; `Misfits` for one twice."""
        if isinstance(value, dict):
            return self.expand_members(value)
        if isinstance(value, list):
            return list(each(self.expand_value, value))
        if isinstance(value, float):
            # The quick parser made it of digits that are to be kept.
            raise misfit("a number with its digits", str(value), rule="number")
        return value

    def expand_members(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of one object, as `expand_value` does."""
        if _is_spelt(value, ":"):
            return dict(value)
        members: dict[str, Any] = {}
        for name, member in value.items():
            expanded = name
            if ":" in name:
                expanded = self._expanded.get(name) or self._remembered(name)
            # Two prefixes of one namespace would let one member hide the other.
            if expanded in members:
                found = f"{expanded} twice"
                raise misfit("every member of an object once", found, rule="duplicate-member")
            if type(member) in _PLAIN:
                members[expanded] = member
                continue
            try:
                members[expanded] = self.expand_value(member)
            except Misfits as misfits:
                raise Misfits(misfits.within(name)) from None
        return members

    def compact_members(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return the members of one object, as `compact_value` does."""
        if _is_spelt(value, "{"):
            return dict(value)
        return {
            self.compact(name) if "{" in name else name: (
                member if type(member) in _PLAIN else self.compact_value(member)
            )
            for name, member in value.items()
        }

    def compact_value(self, value: Any) -> Any:
        """Return `value` with the names of all objects in it compacted."""
        if isinstance(value, Mapping):
            return self.compact_members(value)
        if isinstance(value, list):
            return [self.compact_value(member) for member in value]
        return value
