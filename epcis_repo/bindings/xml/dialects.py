"""
What some partners write for EPCIS XML, made into what the standard has.

There the root is in a namespace, and what EPCIS has within it in none. Some declare the namespace
of the root for everything, without a prefix; others declare none at all.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from lxml import etree

from epcis_repo.bindings.xml.layouts import DOCUMENT_TYPES, STANDARD_NAMESPACES


class _Dialect(Enum):
    STANDARD = auto()
    """Whatever is wrong is a fault."""
    NO_NAMESPACE = auto()
    """The root is in none."""
    ONE_NAMESPACE = auto()
    """All may be in that of the root."""


# The one element within a document that has the namespace of the root.
_ANSWER = "QueryResults"
_NAMESPACES = dict(DOCUMENT_TYPES.values())
_OF_EPCIS = tuple(f"{{{namespace}}}*" for namespace in STANDARD_NAMESPACES)


class Straightener:
    """
    Puts the elements of one document where the standard has them; `has_moved` says whether any.

    What has a prefix stays where it is: nobody wrote that by mistake.
    """

    def __init__(self) -> None:
        self._dialect: _Dialect | None = None
        self.has_moved = False

    def straighten(self, root: etree._Element) -> None:
        """Look at all elements that have come so far."""
        self._dialect = self._dialect or _dialect_of(root)
        if self._dialect is _Dialect.NO_NAMESPACE:
            self.has_moved = True
            if root.tag in _NAMESPACES:
                root.tag = f"{{{_namespace_of(root)}}}{root.tag}"
            for answer in root.iterfind(f"EPCISBody/{_ANSWER}"):
                answer.tag = f"{{{etree.QName(root).namespace}}}{_ANSWER}"
        elif self._dialect is _Dialect.ONE_NAMESPACE:
            element: Any  # the stubs know no element without a prefix
            for element in list(root.iter(*_OF_EPCIS)):
                name = etree.QName(element).localname
                if element is not root and element.prefix is None and name != _ANSWER:
                    element.tag = name
                    self.has_moved = True


def _dialect_of(root: etree._Element) -> _Dialect:
    if root.tag in _NAMESPACES:
        return _Dialect.NO_NAMESPACE
    is_default = root.nsmap.get(None) in STANDARD_NAMESPACES
    return _Dialect.ONE_NAMESPACE if is_default else _Dialect.STANDARD


def _namespace_of(root: etree._Element) -> str:
    version = "1.2" if (root.get("schemaVersion") or "").startswith("1") else "2.0"
    return _NAMESPACES[str(root.tag)][version]
