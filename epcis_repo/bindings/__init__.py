"""
Bytes to documents and back, by media type. No I/O: the caller reads and writes the bytes.

`PARSERS` and `RENDERERS` are the tables; `sniff` finds the media type of a file that says none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from epcis_repo.bindings.jsonld import parse_jsonld, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document
from epcis_repo.errors import UnsupportedMediaTypeError, ValidationError, Violation
from epcis_repo.model.documents import Document

JSON_LD = "application/ld+json"
XML = "application/xml"

PARSERS: dict[str, Callable[[bytes], Document]] = {
    JSON_LD: parse_jsonld,
    "application/json": parse_jsonld,
    XML: parse_xml_document,
    "text/xml": parse_xml_document,
}

# By the name that a person gives the format.
RENDERERS: dict[str, Callable[[Document], bytes]] = {
    "json-ld": render_jsonld,
    "xml-2.0": partial(render_xml_document, version="2.0"),
    "xml-1.2": partial(render_xml_document, version="1.2"),
}


def parse_document(body: bytes, media_type: str) -> Document:
    """
    Return the document in `body`.

    Raises `UnsupportedMediaTypeError` where no binding reads `media_type`, and
    `ValidationError` with every violation that was found.
    """
    name = media_type.partition(";")[0].strip().lower()
    parser = PARSERS.get(name)
    if parser is None:
        known = ", ".join(PARSERS)
        raise UnsupportedMediaTypeError(f"a document is one of {known}; this is {media_type!r}")
    return parser(body)


def sniff(body: bytes) -> str:
    """Return the media type of `body` by its first character; `ValidationError` if it has none."""
    start = body[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")
    if start.startswith(b"<"):
        return XML
    if start.startswith((b"{", b"[")):
        return JSON_LD
    found = start[:16].decode("latin-1") if start else "nothing: the file is empty"
    expected = "an EPCIS document, in XML or JSON-LD"
    raise ValidationError([Violation("", "media-type", expected, found)])
