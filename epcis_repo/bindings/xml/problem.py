"""
A problem document as XML (EPCIS 2.0, §12.5), alone and as one of the errors of a capture job.

It has what the schema of the standard has a place for, and behind that, in a namespace of ours,
the violations of a document that was refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from epcis_repo.bindings.xml.layouts import NAMESPACES

OURS = "urn:epcis-repo:problem"
_MEMBERS = ("type", "title", "status", "detail", "instance")
# What was found in a document may have characters that no XML has.
_NO_CHARACTER = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_problem(problem: Mapping[str, Any]) -> bytes:
    """Return the problem document that `problem` is as JSON."""
    namespace = NAMESPACES["2.0"]
    root = etree.Element(f"{{{namespace}}}EPCISException", nsmap={"epcis": namespace, "repo": OURS})
    append_problem(root, problem)
    for violation in problem.get("violations", ()):
        element = etree.SubElement(root, f"{{{OURS}}}violation")
        for name, value in violation.items():
            if value is not None:
                element.set(name, text_of(value))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def append_problem(parent: etree._Element, problem: Mapping[str, Any]) -> None:
    """Add what the standard has a place for of a problem document."""
    append_members(parent, problem, _MEMBERS)


def append_members(parent: etree._Element, values: Mapping[str, Any], names: Iterable[str]) -> None:
    """Add an element for each of these members that there is."""
    for name in names:
        if name in values:
            etree.SubElement(parent, name).text = text_of(values[name])


def text_of(value: Any) -> str:
    """Return a value of JSON as XML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return " ".join(map(text_of, value))
    return _NO_CHARACTER.sub("\ufffd", str(value))
