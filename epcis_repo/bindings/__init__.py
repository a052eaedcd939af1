"""
Bytes to documents and back, by media type. No I/O: the caller reads and writes the bytes, or
gives the open file of a document that is too long for the memory.

`READERS` and `RENDERERS` are the tables; `sniff` finds the media type of a file that says none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import IO, NamedTuple

from epcis_repo.bindings.jsonld import parse_jsonld, render_jsonld, scan_jsonld
from epcis_repo.bindings.xml import parse_xml_document, render_xml_document, scan_xml
from epcis_repo.errors import UnsupportedMediaTypeError, ValidationError, Violation, Violations
from epcis_repo.model.documents import Document, Found, FoundEvent, InPieces, Scan

JSON_LD = "application/ld+json"
XML = "application/xml"


class Reader(NamedTuple):
    """
    What reads a media type: a document as a whole, or its events one by one out of a file.

    Both find the same events and the same violations. `check` and `scan` ask the schema, too; what
    it has against an event, `scan` tells with the event, and `check` refuses all. Of what is longer
    than `check_size_max`, `scan` is the faster.
    """

    parse: Callable[[bytes], Document]
    check: Callable[[bytes], Document]
    scan: Callable[[IO[bytes]], Scan]
    check_size_max: int


_JSON_LD_READER = Reader(
    parse_jsonld,
    partial(parse_jsonld, checked=True),
    partial(scan_jsonld, checked=True),
    check_size_max=1 << 15,
)
# The more elements are looked at together, the longer it takes to say where many faults are.
_XML_READER = Reader(
    parse_xml_document,
    partial(parse_xml_document, checked=True),
    partial(scan_xml, checked=True),
    check_size_max=1 << 17,
)

READERS: dict[str, Reader] = {
    JSON_LD: _JSON_LD_READER,
    "application/json": _JSON_LD_READER,
    XML: _XML_READER,
    "text/xml": _XML_READER,
}

# So much of a file is read before the events in it are given out. Who reads and who then looks at
# them use other code and other memory: if they took turns at each event, neither would find any
# of it where the processor left it, and a capture would take a fifth longer.
_TOGETHER_SIZE = 1 << 17

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
    return reader_of(media_type).parse(body)


def read_events(body: bytes | IO[bytes], media_type: str) -> Found:
    """
    Yield the events of a document one by one, and then raise what `parse_document` does.

    A file is never held as a whole. Nothing may be recorded before the last event has come. Each
    event is held against the schema of its version, and has with it what speaks against it.
    Returns what is beside the events.
    """
    reader = reader_of(media_type)
    if isinstance(body, bytes) and len(body) <= reader.check_size_max:
        try:
            document = reader.check(body)
        except ValidationError:
            # It is refused for the same once more, after the events that can be read.
            pass
        else:
            yield from document.found()
            return document
    if isinstance(body, bytes):
        body = BytesIO(body)
    around, within, too_deep = Violations(), Violations(), Violations()
    scanned = InPieces(reader.scan(body))
    together: list[FoundEvent] = []
    begun = 0
    try:
        for found in scanned:
            if isinstance(found, FoundEvent):
                if body.tell() - begun > _TOGETHER_SIZE:
                    yield from together
                    together, begun = [], body.tell()
                together.append(found)
            elif found.rule == "depth":
                too_deep.add([found])
            else:
                (around if found.event is None else within).add([found])
    except ValidationError:
        yield from together
        raise
    yield from together
    # As where it is read as a whole: nothing else is looked at in what is too deep.
    too_deep.refuse_first()
    around.before(within).refuse()
    return scanned.beside


def scan_events(file: IO[bytes], media_type: str) -> Scan:
    """
    Yield what is in a document, in order: each event, or in its place what is wrong with it.

    Raises `ValidationError` where the document breaks off. Returns what is beside the events,
    None where that is not as it should be.
    """
    return reader_of(media_type).scan(file)


def reader_of(media_type: str) -> Reader:
    """Return what reads a media type; `UnsupportedMediaTypeError` where nothing does."""
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
