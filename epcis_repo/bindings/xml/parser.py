"""
The one place where XML from outside becomes a tree. Hardened: no entity is expanded, nothing
is fetched, and a document type declaration is refused before what follows it is read.
Nesting beyond `DEPTH_MAX` is refused, too: an element and a list of it are two levels in JSON,
so what is accepted here fits what `json_loader` accepts.

EPCIS documents have no DTD, and every known attack on XML parsers begins with one.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from epcis_repo.errors import ValidationError, Violation

DEPTH_MAX = 32
_CHUNK = 65_536
_DEEPER = etree.XPath("/" + "/*" * (DEPTH_MAX + 1))


def parse_xml(body: bytes) -> etree._Element:
    """Return the root element of `body`; `ValidationError` with the line when there is none."""
    if not body.strip():
        raise _refusal("xml", "an XML document", "nothing: the body is empty", 1)
    _refuse_doctype(body)
    try:
        root = etree.fromstring(body, etree.XMLParser(**_HARDENED))
    except etree.XMLSyntaxError as error:
        raise _not_xml(error) from None
    deeper: Any = _DEEPER(root)
    if deeper:
        expected = f"elements nested at most {DEPTH_MAX} deep"
        raise _refusal("depth", expected, f"<{deeper[0].tag}>", line_of(deeper[0]))
    return root


def line_of(element: etree._Element) -> int | None:
    """Return the line of the document on which `element` starts."""
    line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs say `...`
    return line


# huge_tree stays off: libxml2 then bounds depth, the length of a text and what entities amplify.
_HARDENED: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "dtd_validation": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
    "recover": False,
}


def _refuse_doctype(body: bytes) -> None:
    # A prolog ends where the root element starts. Reading just so far shows the declaration
    # in whatever encoding the document has, before anything in it could be used.
    prolog = etree.XMLPullParser(events=("start",), **_HARDENED)
    try:
        for start in range(0, len(body), _CHUNK):
            prolog.feed(body[start : start + _CHUNK])
            root: Any
            for _, root in prolog.read_events():
                declared = root.getroottree().docinfo.internalDTD
                if declared is not None:
                    doctype = f"<!DOCTYPE {declared.name}"
                    line = body[: max(body.find(b"<!DOCTYPE"), 0)].count(b"\n") + 1
                    expected = "a document without a document type declaration"
                    raise _refusal("doctype", expected, doctype, line)
                return
    except etree.XMLSyntaxError as error:
        raise _not_xml(error) from None


def _not_xml(error: etree.XMLSyntaxError) -> ValidationError:
    line, column = error.position
    expected = f"well-formed XML at column {column}"
    found = (error.msg or "no XML").removesuffix(f", line {line}, column {column}")
    return _refusal("xml", expected, found, line)


def _refusal(rule: str, expected: str, found: str, line: int | None) -> ValidationError:
    return ValidationError([Violation("", rule, expected, found, line=line)])
