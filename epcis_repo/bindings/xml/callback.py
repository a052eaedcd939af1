"""What a subscriber is told in XML beside the answers to his query (EPCIS 2.0, §8.2.9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree

from epcis_repo.bindings.xml.layouts import QUERY_NAMESPACES
from epcis_repo.bindings.xml.problem import text_of

# The others are nothing that a query can come to when nobody waits for the answer.
_TOO_LARGE = "QueryTooLargeException"
_IMPLEMENTATION = "ImplementationException"


def render_callback_exception(version: str, problem: Mapping[str, Any], created: str) -> bytes:
    """Return the document that says in a version what a problem document says, made then."""
    namespace = QUERY_NAMESPACES[version]
    is_too_large = problem["type"].endswith(f":{_TOO_LARGE}")
    name = _TOO_LARGE if is_too_large else _IMPLEMENTATION
    root = etree.Element(f"{{{namespace}}}EPCISQueryDocument", nsmap={"epcisq": namespace})
    root.set("schemaVersion", version)
    root.set("creationDate", created)
    body = etree.SubElement(root, "EPCISBody")
    exception = etree.SubElement(body, f"{{{namespace}}}{name}")
    etree.SubElement(exception, "reason").text = text_of(problem["detail"])
    if not is_too_large:
        etree.SubElement(exception, "severity").text = "ERROR"
    for member in ("queryName", "subscriptionID"):
        etree.SubElement(exception, member).text = text_of(problem[member])
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
