"""
Names of extensions: `prefix:local` in a document, `{namespace}local` in the model.

A name whose prefix nobody declared, or that is a URI itself, stays as it came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache
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


# Of so many sets of prefixes what names mean is remembered, of so many names each, none of them
# longer.
_SETS_MAX = 64
_REMEMBERED_MAX = 200
_LENGTH_MAX = 1_000

# Types of values that have no names in them.
_PLAIN = frozenset({str, int, bool, Decimal, type(None)})
# More members than this are looked at all at once before each is.
_FEW = 16


def _is_spelt(value: Mapping[str, Any], mark: str) -> bool:
    """Whether nothing in a long object has a name with the `mark` of another spelling."""
    if len(value) <= _FEW or mark in "".join(value):
        return False
    return _PLAIN.issuperset(map(type, value.values()))


@dataclass(frozen=True, slots=True)
class _Meanings:
    """What prefixes stand for, and the reverse; and what `names` are in full, as far as asked."""

    namespaces: dict[str, str]
    prefixes: dict[str, str]
    names: dict[str, str]

    @classmethod
    def of(cls, declared: Iterable[tuple[str, str]]) -> _Meanings:
        own = {prefix: canonical_namespace(name) for prefix, name in declared}
        namespaces = {**STANDARD_PREFIXES, **own}
        # The document's own prefix wins over a standard one of the same namespace.
        return cls(namespaces, {name: prefix for prefix, name in namespaces.items()}, {})


@lru_cache(maxsize=_SETS_MAX)
def _known_meanings(declared: tuple[tuple[str, str], ...]) -> _Meanings:
    return _Meanings.of(declared)


class Names:
    """The prefixes of one document, for reading and for writing."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self.declared = dict(namespaces)
        self.used: dict[str, str] = {}
        self._has_own = False

    # Most events have no name that needs them.
    @cached_property
    def _meanings(self) -> _Meanings:
        declared = tuple(self.declared.items())
        few = sum(len(prefix) + len(namespace) for prefix, namespace in declared) < _LENGTH_MAX
        return _known_meanings(declared) if few else _Meanings.of(declared)

    def expand(self, name: str) -> str:
        """Return `{namespace}local` for `prefix:local`, or `name` where that means nothing."""
        if name.startswith("@"):
            return f"@{self.expand(name[1:])}"
        prefix, colon, local = name.partition(":")
        if not colon or local.startswith("//"):
            return name
        namespace = self._meanings.namespaces.get(prefix)
        return name if namespace is None else f"{{{namespace}}}{local}"

    # Partners have few names, and each of them in every document.
    def _remembered(self, name: str) -> str:
        names = self._meanings.names
        expanded = names.get(name)
        if expanded is None:
            expanded = self.expand(name)
            if len(names) < _REMEMBERED_MAX and len(name) < _LENGTH_MAX:
                names[name] = expanded
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
        prefix = self._meanings.prefixes.get(namespace) or self._made_up(namespace)
        if STANDARD_PREFIXES.get(prefix) != namespace:
            self.used[prefix] = namespace
        return prefix

    def _made_up(self, namespace: str) -> str:
        """Return a new prefix for `namespace`."""
        if not self._has_own:
            # Others, who have declared the same, have not made up anything.
            self._meanings = _Meanings.of(self.declared.items())
            self._has_own = True
        own = self._meanings
        prefix = next(name for n in count(1) if (name := f"ns{n}") not in own.namespaces)
        own.prefixes[namespace], own.namespaces[prefix] = prefix, namespace
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
                expanded = self._remembered(name)
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
