"""Answers and faults as envelopes of SOAP 1.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from epcis_repo.bindings.soap.operations import ENVELOPE
from epcis_repo.bindings.xml.layouts import QUERY_NAMESPACES
from epcis_repo.bindings.xml.problem import text_of
from epcis_repo.bindings.xml.writing import XmlWriter
from epcis_repo.model.documents import Document

# What we have written ourselves may be longer than what we would read of others.
_OURS = etree.XMLParser(huge_tree=True, resolve_entities=False, no_network=True)


@dataclass(frozen=True, slots=True)
class Fault:
    """
    A fault: its code in SOAP 1.1, and the reason.

    `exception` is the one of the standard that it is, None where SOAP has said all; `members`
    are what the exception has besides the reason, in order.
    """

    code: str
    reason: str
    exception: str | None = None
    members: Mapping[str, str] = field(default_factory=dict)


def render_strings(version: str, name: str, strings: Iterable[str]) -> bytes:
    """Return the answer whose element `name` has some texts."""
    envelope, result = _answer(version, name)
    for string in strings:
        etree.SubElement(result, "string").text = string
    return _written(envelope)


def render_text(version: str, name: str, text: str) -> bytes:
    """Return the answer whose element `name` has a text."""
    envelope, result = _answer(version, name)
    result.text = text
    return _written(envelope)


def render_void(version: str, name: str) -> bytes:
    """Return the answer whose element `name` says nothing but that it is done."""
    envelope, _ = _answer(version, name)
    return _written(envelope)


def render_query_results(version: str, document: Document) -> bytes:
    """
    Return the answer to a poll: the QueryResults of `document`.

    Raises `InputError` for what the version has no place for.
    """
    written = XmlWriter(document.namespaces, version).whole(document)
    root = etree.fromstring(written, _OURS)
    # A prefix may be used within a value alone, where nobody else looks for it.
    declared = {prefix: ns for prefix, ns in root.nsmap.items() if prefix is not None}
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={**declared, "soapenv": ENVELOPE})
    body = etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    results = root.find(f"EPCISBody/{{{QUERY_NAMESPACES[version]}}}QueryResults")
    assert results is not None, "it is the answer to a query"
    body.append(results)
    return _written(envelope)


def render_fault(version: str, fault: Fault) -> bytes:
    """Return a fault in the words of a version."""
    namespace = QUERY_NAMESPACES[version]
    envelope = _envelope(version)
    element = etree.SubElement(envelope[0], f"{{{ENVELOPE}}}Fault")
    reason = text_of(fault.reason)
    etree.SubElement(element, "faultcode").text = f"soapenv:{fault.code}"
    etree.SubElement(element, "faultstring").text = reason
    if fault.exception is not None:
        detail = etree.SubElement(element, "detail")
        exception = etree.SubElement(detail, f"{{{namespace}}}{fault.exception}")
        etree.SubElement(exception, "reason").text = reason
        for name, text in fault.members.items():
            etree.SubElement(exception, name).text = text_of(text)
    return _written(envelope)


def _answer(version: str, name: str) -> tuple[etree._Element, etree._Element]:
    envelope = _envelope(version)
    return envelope, etree.SubElement(envelope[0], f"{{{QUERY_NAMESPACES[version]}}}{name}")


def _envelope(version: str) -> etree._Element:
    """Return an envelope with an empty body."""
    nsmap = {"soapenv": ENVELOPE, "epcisq": QUERY_NAMESPACES[version]}
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap=nsmap)
    etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    return envelope


def _written(envelope: etree._Element) -> bytes:
    return etree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
