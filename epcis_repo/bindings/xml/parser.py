"""
The one place where XML from outside becomes a tree. Hardened: no entity is expanded, nothing
is fetched, and a document type declaration is refused before what follows it is read.
Nesting beyond `DEPTH_MAX` is refused, too: an element and a list of it are two levels in JSON,
so what is accepted here fits what `json_loader` accepts.

EPCIS documents have no DTD, and every known attack on XML parsers begins with one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import IO, Any

from lxml import etree

from epcis_repo.bindings.limits import HELD_SIZE_MAX, too_long
from epcis_repo.errors import ValidationError, Violation

DEPTH_MAX = 32
CHUNK = 65_536


def parse_xml(body: bytes) -> etree._Element:
    """Return the root element of `body`; `ValidationError` with the line when there is none."""
    if not body.strip():
        raise _nothing()
    _root_tag(lambda: _chunks_of(body))
    try:
        root = etree.fromstring(body, etree.XMLParser(**_HARDENED))
    except etree.XMLSyntaxError as error:
        raise _not_xml(error) from None
    refuse_depth(root)
    return root


class GrowingXml:
    """
    A document that is parsed while it is read: `root` is its tree as far as it has come.

    `steps` yields each time that there is more of it, and whether it is whole. Only the last
    element of each that is not closed may still grow; who takes out those before it keeps the
    tree small. He says so with `taken`: more than an event may be is not held.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        tag = _root_tag(self._chunks)
        if tag is None and not any(chunk.strip() for chunk in self._chunks()):
            raise _nothing()
        # The start of one element alone: lxml keeps each that it is asked for.
        self._parser = etree.XMLPullParser(events=("start",), tag=tag, **_HARDENED)
        self._held = 0
        self._line = 1
        self.root: Any = None
        self.steps = self._grow()

    def _chunks(self) -> Iterator[bytes]:
        self._file.seek(0)
        return iter(lambda: self._file.read(CHUNK), b"")

    def _grow(self) -> Iterator[bool]:
        try:
            for chunk in self._chunks():
                self._parser.feed(chunk)
                for fault in self._parser.feed_error_log.filter_from_fatals():
                    # lxml ends the document at an entity that nobody defined, and says nothing.
                    raise _ill_formed(fault.line, fault.column, fault.message)
                for _, element in self._parser.read_events():
                    self.root = element if self.root is None else self.root
                self._held += len(chunk)
                self._line += chunk.count(b"\n")
                if self._held > HELD_SIZE_MAX:
                    [finding] = too_long(f"before line {self._line}").findings
                    raise _refusal(finding.rule, finding.expected, finding.found, self._line)
                if self.root is not None:
                    yield False
            self.root = self._parser.close()
        except etree.XMLSyntaxError as error:
            raise _not_xml(error) from None
        yield True

    def taken(self) -> None:
        """Have what was read so far no longer counted: it was taken out of the tree."""
        self._held = 0


def refuse_depth(element: etree._Element, depth: int = 1) -> None:
    """Raise `ValidationError` if something in `element`, which is at `depth`, is too deep."""
    deeper: Any = _below(DEPTH_MAX + 1 - depth)(element)
    if deeper:
        expected = f"elements nested at most {DEPTH_MAX} deep"
        raise _refusal("depth", expected, f"<{deeper[0].tag}>", line_of(deeper[0]))


@cache
def _below(levels: int) -> etree.XPath:
    return etree.XPath("/".join("*" * levels))


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


def _root_tag(chunks: Callable[[], Iterator[bytes]]) -> str | None:
    """Return the tag of the root, None without one; refuse a document type declaration."""
    # A prolog ends where the root element starts. Reading just so far shows the declaration
    # in whatever encoding the document has, before anything in it could be used.
    prolog = etree.XMLPullParser(events=("start",), **_HARDENED)
    try:
        for chunk in chunks():
            prolog.feed(chunk)
            root: Any
            for _, root in prolog.read_events():
                declared = root.getroottree().docinfo.internalDTD
                if declared is not None:
                    doctype = f"<!DOCTYPE {declared.name}"
                    line = _line_of(b"<!DOCTYPE", chunks())
                    expected = "a document without a document type declaration"
                    raise _refusal("doctype", expected, doctype, line)
                return str(root.tag)
    except etree.XMLSyntaxError as error:
        raise _not_xml(error) from None
    return None


def _line_of(mark: bytes, chunks: Iterable[bytes]) -> int:
    line, text = 1, b""
    for chunk in chunks:
        text += chunk
        if (found := text.find(mark)) >= 0:
            return line + text.count(b"\n", 0, found)
        # The mark may be cut in two.
        text, done = text[-len(mark) :], text[: -len(mark)]
        line += done.count(b"\n")
    return 1


def _chunks_of(body: bytes) -> Iterator[bytes]:
    return (body[start : start + CHUNK] for start in range(0, len(body), CHUNK))


def _nothing() -> ValidationError:
    return _refusal("xml", "an XML document", "nothing: the body is empty", 1)


def _not_xml(error: etree.XMLSyntaxError) -> ValidationError:
    line, column = error.position
    message = (error.msg or "no XML").removesuffix(f", line {line}, column {column}")
    return _ill_formed(line, column, message)


def _ill_formed(line: int, column: int, message: str) -> ValidationError:
    # Whether libxml2 says the line in its message, too, depends on how it was given the text.
    expected = f"well-formed XML at column {column}"
    return _refusal("xml", expected, message.strip().removesuffix(f" line {line}"), line)


def _refusal(rule: str, expected: str, found: str, line: int | None) -> ValidationError:
    return ValidationError([Violation("", rule, expected, found, line=line)])
