"""
Bytes to documents and back, by media type. No I/O: the caller reads and writes the bytes, or
gives the open file of a document that is too long for the memory.

`READERS` and `RENDERERS` are the tables; `sniff` finds the media type of a file that says none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, NamedTuple

from epcis_repo.bindings.jsonld import parse_jsonld, read_jsonld_events, render_jsonld
from epcis_repo.bindings.xml import parse_xml_document, read_xml_events, render_xml_document
from epcis_repo.errors import UnsupportedMediaTypeError, ValidationError, Violation
from epcis_repo.model.documents import Document, FoundEvent

JSON_LD = "application/ld+json"
XML = "application/xml"


class Reader(NamedTuple):
    """
    What reads a media type: a document as a whole, or its events one by one out of a file.

    Both find the same events, and refuse the same with the same violations.
    """

    parse: Callable[[bytes], Document]
    events: Callable[[IO[bytes]], Iterator[FoundEvent]]


_JSON_LD_READER = Reader(parse_jsonld, read_jsonld_events)
_XML_READER = Reader(parse_xml_document, read_xml_events)

READERS: dict[str, Reader] = {
    JSON_LD: _JSON_LD_READER,
    "application/json": _JSON_LD_READER,
    XML: _XML_READER,
    "text/xml": _XML_READER,
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
    return _reader(media_type).parse(body)


def read_events(body: bytes | IO[bytes], media_type: str) -> Iterator[FoundEvent]:
    """
    Yield the events of a document one by one, and then raise what `parse_document` does.

    A file is never held as a whole. Nothing may be recorded before the last event has come.
    """
    reader = _reader(media_type)
    if isinstance(body, bytes):
        yield from reader.parse(body).found()
    else:
        yield from reader.events(body)


def _reader(media_type: str) -> Reader:
    reader = READERS.get(media_type.partition(";")[0].strip().lower())
    if reader is None:
        known = ", ".join(READERS)
        raise UnsupportedMediaTypeError(f"a document is one of {known}; this is {media_type!r}")
    return reader


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
