"""A document that is read event by event is read as it is when it is read as a whole."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Generator
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from epcis_repo.bindings import JSON_LD, RENDERERS, XML, json_pieces, read_events
from epcis_repo.bindings.json_loader import decode_quickly
from epcis_repo.bindings.limits import PIECE_SIZE
from epcis_repo.bindings.xml import parser
from epcis_repo.errors import VIOLATIONS_KEPT, ValidationError, Violation
from epcis_repo.model.documents import Document, FoundEvent
from epcis_repo.validation import validate
from tests.model.strategies import JSON, XML_1_2, XML_2_0, Format, documents
from tests.rest.documents import BAD_DOCUMENTS, BadDocument, event
from tests.shared_data import shared, shared_files

Outcome = list[FoundEvent] | tuple[Violation, ...]

MEGA = 1_000_000
EVENT = json.dumps(event(1, **{"ex:note": "Aé€😀"}), ensure_ascii=False)
CONTEXT = '{"ex": "https://ns.example.com/"}'
_XML_EVENT = """<{0}><eventTime>2026-01-01T00:00:{1:02}Z</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset>
<epcList><epc>urn:epc:id:sgtin:030001.0012345.{1}</epc></epcList><action>OBSERVE</action></{0}>"""
_XML = """<?xml version="1.0" encoding="UTF-8"?>
<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0"
 creationDate="2026-01-01T00:00:00Z"><EPCISBody><EventList>
%s
</EventList></EPCISBody></e:EPCISDocument>"""


def xml_event(number: int, kind: str = "ObjectEvent") -> str:
    return _XML_EVENT.format(kind, number % 60)


def xml_document(*events: str) -> bytes:
    return (_XML % "\n".join(events)).encode()


def json_document(*events: str, before: str = "", after: str = "") -> bytes:
    """A document with `events`, and members before and after its body."""
    return (
        f'{{"type": "EPCISDocument", "@context": [{CONTEXT}], {before}'
        f'"epcisBody": {{"eventList": [{", ".join(events)}]}}{after}}}'
    ).encode()


def as_a_whole(body: bytes, media_type: str) -> Outcome:
    """What is found by who has all of the document in memory."""
    return outcome(body, media_type)


def in_pieces(body: bytes | IO[bytes], media_type: str) -> Outcome:
    """What is found by who reads it from a file."""
    return outcome(io.BytesIO(body) if isinstance(body, bytes) else body, media_type)


def outcome(source: bytes | IO[bytes], media_type: str) -> Outcome:
    found: list[FoundEvent] = []

    def noted() -> Generator[FoundEvent, None, Document | None]:
        events = read_events(source, media_type)
        while True:
            try:
                found.append(next(events))
            except StopIteration as end:
                beside: Document | None = end.value
                return beside
            yield found[-1]

    try:
        for _ in validate(noted()):
            pass
    except ValidationError as error:
        return error.violations
    return found


@pytest.fixture(params=[1, 7, 64, 1 << 16], ids=lambda size: f"{size} bytes at a time")
def piece_size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How much is read at a time."""
    size: int = request.param
    monkeypatch.setattr(json_pieces, "PIECE_SIZE", size)
    monkeypatch.setattr(parser, "CHUNK", size)
    return size


@pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.id) for bad in BAD_DOCUMENTS])
def test_bad_documents_are_refused_alike(bad: BadDocument, piece_size: int) -> None:
    """
    Every fault that we know has the same rule, place, event, line and words.
    """
    if len(bad.body) > MEGA and piece_size < 64:
        pytest.skip("so many pieces of so long a document say nothing more")
    violations = as_a_whole(bad.body, bad.media_type)

    assert violations
    assert in_pieces(bad.body, bad.media_type) == violations


# Each is a fault of the document around the events, or of the text itself.
FAULTS = {
    "empty": b"",
    "blanks": b" \r\n\t",
    "byte order mark alone": b"\xef\xbb\xbf",
    "byte order mark": b"\xef\xbb\xbf" + json_document(EVENT),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf" + json_document(EVENT),
    "a list": b"[1, 2]",
    "a number": b"12345678901234567890",
    "a text": b'"EPCISDocument"',
    "garbage behind": json_document(EVENT) + b"\n {}",
    "Latin-1": json_document(EVENT).replace("é".encode(), "é".encode("latin-1")),
    "cut in a character": json_document(EVENT)[: json_document(EVENT).index("€".encode()) + 1],
    "no comma between events": json_document(f"{EVENT} {EVENT}"),
    "comma behind the last event": json_document(EVENT, ""),
    "comma behind the last event, and blanks": json_document(EVENT, " \n "),
    "comma before the first event": json_document("", EVENT),
    "comma behind the last member": json_document(EVENT, after=", \n"),
    "no colon": json_document(EVENT, before='"id" "x", '),
    "no value": json_document(EVENT, before='"id": , '),
    "no name": json_document(EVENT, before="1: 2, "),
    "single quotes": json_document(EVENT, before="'id': 2, "),
    "list that ends like an object": json_document(EVENT).replace(b"]}}", b"}}}"),
    "object that ends like a list": json_document(EVENT).replace(b"]}}", b"]]}"),
    "not closed": json_document(EVENT)[:-1],
    "member twice": json_document(EVENT, after=', "id": 1, "sender": "s", "id": 1'),
    "body twice": json_document(EVENT, after=', "epcisBody": {"eventList": []}'),
    "body three times": json_document(
        EVENT, after=2 * f', "epcisBody": {{"eventList": [{EVENT}]}}'
    ),
    "events twice": json_document(EVENT).replace(b"]}}", f'], "eventList": [{EVENT}]}}}}'.encode()),
    "member twice in an event": json_document(EVENT, EVENT[:-1] + ', "action": "ADD"}', EVENT),
    "NaN in an event": json_document(EVENT, EVENT[:-1] + ', "ex:n": [1, NaN]}', EVENT),
    "NUL in an event": json_document(EVENT, EVENT[:-1] + ', "ex:n": "\\u0000"}'),
    "half a pair in an event": json_document(EVENT, EVENT[:-1] + ', "ex:n": {"\\ud800": 1}}'),
    "whole pair in an event": json_document(EVENT, EVENT[:-1] + ', "ex:n": "\\ud83d\\ude00"}'),
    "NUL in a name": json_document(EVENT, after=', "\\u0000": 1'),
    "huge number": json_document(EVENT, after=', "ex:n": 1e999'),
    "number at the end": json_document(EVENT, after=', "ex:n": 1234567890123456789'),
    "too deep in an event": json_document(EVENT, EVENT[:-1] + f', "n": {"[" * 61}{"]" * 61}}}'),
    "just deep enough": json_document(EVENT, EVENT[:-1] + f', "n": {"[" * 60}{"]" * 60}}}'),
    "too deep beside": json_document(EVENT, after=f', "n": {"[" * 64}{"]" * 64}'),
    "too deep for the decoder": json_document(EVENT, "[" * 5_000, EVENT),
    "wrong type of document": json_document(EVENT).replace(b"EPCISDocument", b"EpcisDocument"),
    "no type of document": json_document(EVENT).replace(b'"type": "EPCISDocument", ', b"", 1),
    "type of document no text": json_document(EVENT).replace(b'"EPCISDocument"', b"[1]"),
    "context no context": json_document(EVENT).replace(CONTEXT.encode(), b"7"),
    "events no list": json_document(EVENT).replace(b"[{", b'{"a": [{').replace(b"]}}", b"]}}}"),
    "events null": b'{"type": "EPCISDocument", "@context": [], "epcisBody": {"eventList": null}}',
    "body no object": b'{"type": "EPCISDocument", "@context": [], "epcisBody": []}',
    "no body": b'{"type": "EPCISDocument", "@context": []}',
    "no events": json_document(),
    "events that are none": json_document("1", EVENT, "null", "[]", '"x"'),
    "bad header and bad event": json_document(EVENT, "{}", after=', "creationDate": "today"'),
    "names twice": json_document(EVENT, after=', "ex:a": 1, "https://ns.example.com/a": 2').replace(
        CONTEXT.encode(), b'{"ex": "https://ns.example.com/", "ey": "https://ns.example.com/"}'
    ).replace(b'"https://ns.example.com/a"', b'"ey:a"'),
    "query document with the events of the other": json_document(EVENT).replace(
        b"EPCISDocument", b"EPCISQueryDocument"
    ),
    "document with the events of a query": json_document().replace(
        b'"eventList": []',
        f'"queryResults": {{"resultsBody": {{"eventList": [{EVENT}]}}}}'.encode(),
    ),
    "bare event": EVENT.encode(),
    "bare event with a body": f'{EVENT[:-1]}, "epcisBody": {{"eventList": [{EVENT}]}}}}'.encode(),
    "bare event with a bad body": EVENT[:-1].encode() + b', "epcisBody": {"eventList": [NaN]}}',
}  # fmt: skip


@pytest.mark.parametrize("body", FAULTS.values(), ids=FAULTS)
def test_faults_around_the_events_are_told_alike(body: bytes, piece_size: int) -> None:
    """
    What is wrong with the text, or with the document around its events, is said in the same words.
    """
    assert in_pieces(body, JSON_LD) == as_a_whole(body, JSON_LD)


@pytest.mark.parametrize("size", range(0, len(json_document(EVENT, EVENT)), 5))
def test_json_that_is_cut_anywhere_is_refused_alike(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An upload that breaks off is refused for the end that it has.
    """
    monkeypatch.setattr(json_pieces, "PIECE_SIZE", 16)
    body = json_document(EVENT, EVENT)[:size]

    violations = as_a_whole(body, JSON_LD)

    assert isinstance(violations, tuple)
    assert in_pieces(body, JSON_LD) == violations


def with_member(text: str) -> str:
    return f'{EVENT[:-1]}, "ex:n": {text}}}'


# Events that the quick parser reads as they are, and such that it does not do for.
UNLIKE = {
    "plain": EVENT,
    "with a fraction": with_member("1.10"),
    "with a fraction deep down": with_member('{"ex:m": [[0.1000000000000000055]]}'),
    "with an exponent": with_member("1E2"),
    "with many digits": with_member("12345678901234567890"),
    "with as many digits as a double has not": with_member("9007199254740993"),
    "beyond a double": with_member("1e999"),
    "with braces in a text": with_member('"}{ {{"'),
    "with an escape": with_member('"\\n\\""'),
    "with a member twice": with_member("1") + ', "ex:n": 1}',
    "with a fault": EVENT.replace("OBSERVE", "LOOK"),
    "with many objects": with_member(f"[{', '.join(['{}'] * 300)}]"),
    "with lists too deep": with_member("[" * 61 + "]" * 61),
    "longer than a piece": with_member(f'"{"x" * 70_000}"'),
}  # fmt: skip


@pytest.mark.parametrize("number", [1, 40])
@pytest.mark.parametrize("unlike", UNLIKE.values(), ids=UNLIKE)
def test_events_beside_such_as_are_read_slowly_are_read_alike(unlike: str, number: int) -> None:
    """
    One event that has to be looked at twice, or all of them, changes nothing about the others.
    """
    body = json_document(*[EVENT, unlike] * number, EVENT)

    assert in_pieces(body, JSON_LD) == as_a_whole(body, JSON_LD)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        pytest.param(json_document(*[EVENT] * 9)[:-4], JSON_LD, id="JSON"),
        pytest.param(xml_document(*map(xml_event, range(9)))[:-40], XML, id="XML"),
    ],
)
def test_what_stands_before_the_place_where_it_breaks_off_is_found(
    body: bytes, media_type: str
) -> None:
    """
    The events of a document that is cut short come, and then it is refused.
    """
    found: list[int] = []

    with pytest.raises(ValidationError):
        found.extend(each.number for each in read_events(io.BytesIO(body), media_type))

    assert found == [1, 2, 3, 4, 5, 6, 7, 8]


def test_who_has_seen_enough_may_stop() -> None:
    """
    The events that were read already are not forced upon who has closed the document.
    """
    events = read_events(io.BytesIO(json_document(*[EVENT] * 9)), JSON_LD)

    next(events)
    events.close()

    assert list(events) == []


def test_digits_are_kept() -> None:
    """
    A number is what its sender wrote, and not the double next to it.
    """
    numbers = ["1.10", "0.1000000000000000055", "12345678901234567890", "1E+2"]

    found = in_pieces(json_document(*map(with_member, numbers)), JSON_LD)

    extensions = [each.event.extensions for each in found if isinstance(each, FoundEvent)]
    assert [str(e["{https://ns.example.com/}n"]) for e in extensions] == numbers


@pytest.mark.parametrize("text", ["1.5", '"\\n"'], ids=["fraction", "escape"])
def test_no_more_than_an_eighth_is_read_twice(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where the quick parser does not do it is left alone, but for a try now and then.
    """
    tries: list[int] = []

    def counted(whole: str, start: int, depth: int) -> tuple[Any, int]:
        tries.append(start)
        return decode_quickly(whole, start, depth)

    monkeypatch.setattr(json_pieces, "decode_quickly", counted)

    in_pieces(json_document(*[with_member(text)] * 800), JSON_LD)

    assert 100 <= len(tries) <= 8 + 800 // 7


@pytest.mark.parametrize(
    "item", [pytest.param("1", id="that are no objects"), pytest.param(EVENT, id="that are")]
)
def test_no_more_is_read_ahead_than_it_takes(item: str) -> None:
    """
    The first item of a long list comes when little more than it was read.
    """
    file = io.BytesIO(f'{{"list": [{", ".join([item] * 100_000)}]}}'.encode())

    next(json_pieces.JsonInPieces(file, [("list",)]).items())

    assert file.tell() <= 2 * PIECE_SIZE


XML_FAULTS = {
    "empty": b"",
    "blanks": b" \n\n ",
    "comment alone": b"<!-- nothing -->",
    "PDF": b"%PDF-1.7",
    "tags crossed": xml_document(xml_event(1), "<ObjectEvent></objectEvent>"),
    "unknown entity": xml_document(xml_event(1), xml_event(2).replace("OBSERVE", "&bomb;")),
    "DOCTYPE": b"<!--" + b"\n" * 1000 + b"-->\n<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a>&b;</a>",
    "two roots": xml_document(xml_event(1)) + b"<a/>",
    "too deep in an event": xml_document(
        xml_event(1), xml_event(2).replace("OBSERVE", "<a>" * 28 + "</a>" * 28), xml_event(3)
    ),
    "wrong root": xml_document(xml_event(1)).replace(b"xsd:2", b"xsd:3"),
    "unknown event": xml_document(xml_event(1), xml_event(2, "LostEvent"), xml_event(3)),
    "bad events": xml_document(
        *(xml_event(n).replace("OBSERVE", "LOOK" if n % 3 else "ADD") for n in range(9))
    ),
    "events in wrappers": xml_document(
        "<extension>" + xml_event(1) + xml_event(2, "LostEvent") + xml_event(3) + "</extension>",
        xml_event(4).replace("OBSERVE", "LOOK"),
        "<extension><extension>" + xml_event(5).replace("Z<", "<") + "</extension></extension>",
        xml_event(6).replace("OBSERVE", "LOOK"),
    ),
    "two lists": xml_document(xml_event(1), "</EventList><EventList>", xml_event(2)),
    "two bodies": xml_document(
        xml_event(1), "</EventList></EPCISBody><EPCISBody><EventList>", xml_event(2)
    ),
    "no list": xml_document().replace(b"EventList", b"EventLists"),
    "bad header and bad event": xml_document(xml_event(1).replace("OBSERVE", "LOOK")).replace(
        b"<EPCISBody>", b"<EPCISHeader><a/></EPCISHeader><EPCISBody>"
    ),
    "header behind": xml_document(xml_event(1)).replace(
        b"</EPCISBody>",
        b"</EPCISBody><EPCISHeader><EPCISMasterData/></EPCISHeader>",
    ),
    "undeclared prefix": xml_document(xml_event(1), "<x:a/>"),
    "attribute twice": xml_document(xml_event(1), "<a b='1' b='2'/>"),
    "control character": xml_document(xml_event(1), "\x01"),
    "not UTF-8": xml_document(xml_event(1)).replace(b"OBSERVE", b"\xe9"),
    "unknown encoding": xml_document(xml_event(1)).replace(b"UTF-8", b"x-no"),
    "an identity that is no name": xml_document(xml_event(1), "<a xml:id='1'/>"),
    "text between": xml_document(xml_event(1), "some text", xml_event(2)),
    "comments between": xml_document("<!-- -->", xml_event(1), "<?a b?>", xml_event(2), "<!-- -->"),
    "no events": xml_document(),
}


@pytest.mark.parametrize("body", XML_FAULTS.values(), ids=XML_FAULTS)
def test_faults_in_xml_are_told_alike(body: bytes, piece_size: int) -> None:
    """
    What is wrong with the text, the document or an event is said in the same words and lines.
    """
    assert in_pieces(body, XML) == as_a_whole(body, XML)


@pytest.mark.parametrize("size", range(0, len(xml_document(xml_event(1), xml_event(2))), 9))
def test_xml_that_is_cut_anywhere_is_refused_alike(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An upload that breaks off is refused for the end that it has.
    """
    monkeypatch.setattr(parser, "CHUNK", 16)
    body = xml_document(xml_event(1), xml_event(2))[:size]

    violations = as_a_whole(body, XML)

    assert isinstance(violations, tuple)
    assert in_pieces(body, XML) == violations


@pytest.mark.parametrize(
    "path", shared_files("gs1", "*.jsonld") + shared_files("gs1", "*.xml"), ids=lambda p: p.name
)
def test_official_examples_are_read_alike(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    GS1's own documents, good and bad, have the same events in the same places.
    """
    monkeypatch.setattr(json_pieces, "PIECE_SIZE", 100)
    monkeypatch.setattr(parser, "CHUNK", 100)
    body, media_type = shared(str(path)).read_bytes(), XML if path.suffix == ".xml" else JSON_LD

    assert in_pieces(body, media_type) == as_a_whole(body, media_type)


fuzz = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
FORMATS = [pytest.param(f, id=f.name) for f in (JSON, XML_2_0, XML_1_2)]


@pytest.mark.parametrize("format_", FORMATS)
@fuzz
@given(data=st.data())
def test_any_document_is_read_alike(data: st.DataObject, format_: Format) -> None:
    """
    All types of events, headers and extensions, in all formats, as they are and with a byte gone.
    """
    body = RENDERERS[format_.name](data.draw(documents(format_)))
    media_type = JSON_LD if format_ is JSON else XML
    place = data.draw(st.integers(0, len(body) - 1))
    size = data.draw(st.integers(1, 200))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_pieces, "PIECE_SIZE", size)
        patch.setattr(parser, "CHUNK", size)
        for text in (body, body[:place] + body[place + 1 :]):
            assert in_pieces(text, media_type) == as_a_whole(text, media_type)


ORDERS = st.permutations(["type", "@context", "epcisBody", "schemaVersion", "ex:a", "epcisHeader"])
MISSING = st.sets(st.sampled_from(["@context", "ex:a"]))


@fuzz
@given(order=ORDERS, events=st.integers(0, 4), missing=MISSING)
def test_members_may_come_in_any_order(order: list[str], events: int, missing: set[str]) -> None:
    """
    What the prefixes of the events mean may stand behind them, or nowhere.
    """
    members = {
        "type": "EPCISDocument",
        "@context": {"ex": "https://ns.example.com/"},
        "schemaVersion": "2.0",
        "epcisHeader": {"ex:b": {"ex:c": 1}},
        "ex:a": [{"ex:d": 1}],
        "epcisBody": {"eventList": [event(n, **{"ex:note": n}) for n in range(events)]},
    }
    body = json.dumps({name: members[name] for name in order if name not in missing}).encode()

    found = in_pieces(body, JSON_LD)

    assert found == as_a_whole(body, JSON_LD)
    assert len(found) == events


class _Generated(io.RawIOBase):
    """A file that is made while it is read, so that only its reader takes memory."""

    def __init__(self, start: bytes, item: bytes, times: int, end: bytes) -> None:
        super().__init__()
        self._parts = start, item, times, end
        self.seek(0)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._told

    def seek(self, offset: int, _whence: int = 0, /) -> int:
        assert offset == 0
        start, item, times, end = self._parts
        self._rest = iter([start, *[item * 100] * (times // 100), end])
        self._text = b""
        self._told = 0
        return 0

    def read(self, size: int = -1, /) -> bytes:
        while len(self._text) < size and (more := next(self._rest, b"")):
            self._text += more
        text, self._text = self._text[:size], self._text[size:]
        self._told += len(text)
        return text


def _peak_of(file: Any, media_type: str) -> tuple[int, int]:
    """How many events were read, and how much memory that took."""
    tracemalloc.start()
    try:
        count = sum(1 for _ in read_events(file, media_type))
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_long_document_is_never_held_as_a_whole() -> None:
    """
    Some megabytes are read with a few, and the prefixes may stand behind the events.
    """
    # Of plain letters, which take a byte each.
    item = (json.dumps(event(1)) + ",\n").encode()
    start, end = b'{"epcisBody": {"eventList": [', f"{EVENT}]}}, ".encode()
    end += f'"@context": {CONTEXT}, "type": "EPCISDocument"}}'.encode()
    file = _Generated(start, item, 25_000, end)

    count, peak = _peak_of(file, JSON_LD)

    assert count == 25_001
    assert peak < len(item) * 25_000


def long_text() -> str:
    return "x" * 40 * MEGA


# Made when its turn comes: all of them are a quarter of a gigabyte.
TOO_LONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "event": (lambda: json_document(EVENT[:-1] + f', "n": "{long_text()}"}}'), JSON_LD),
    "member": (lambda: json_document(EVENT, after=f', "n": "{long_text()}"'), JSON_LD),
    "members": (
        lambda: json_document(
            EVENT, after="".join(f', "n{n}": "{long_text()[:MEGA]}"' for n in range(40))
        ),
        JSON_LD,
    ),
    "name": (lambda: json_document(EVENT, after=f', "{long_text()}": 1'), JSON_LD),
    "XML event": (
        lambda: xml_document(
            "<ObjectEvent>" + f"<a>{'b' * 93}</a>" * (2 * MEGA // 5) + "</ObjectEvent>"
        ),
        XML,
    ),
    "XML header": (
        lambda: xml_document().replace(b"<EPCISBody>", b"<EPCISHeader>" + b"<a/>" * 10 * MEGA), XML
    ),
}  # fmt: skip


@pytest.mark.parametrize(("made", "media_type"), TOO_LONG.values(), ids=TOO_LONG)
def test_what_must_be_held_has_a_limit(made: Callable[[], bytes], media_type: str) -> None:
    """
    An event, or what is no event, that would take much memory is refused with its place.
    """
    [violation] = in_pieces(made(), media_type)

    assert isinstance(violation, Violation)
    assert violation.rule == "size"


def test_a_million_faults_are_counted_and_the_first_are_told() -> None:
    """
    What is said of a bad document does not grow with it.
    """
    item = EVENT.replace("OBSERVE", "LOOK") + ", "
    file = io.BytesIO(json_document(item * 5_000 + EVENT))

    with pytest.raises(ValidationError) as caught:
        list(read_events(file, JSON_LD))

    assert len(caught.value.violations) == VIOLATIONS_KEPT
    assert caught.value.count == 5_000
    assert [v.event for v in caught.value.violations][-1] == VIOLATIONS_KEPT


def test_lines_are_counted_beyond_what_a_parser_keeps_in_sixteen_bits() -> None:
    """
    The line of a late event is that in the document.
    """
    body = xml_document("\n" * 100_000, xml_event(1), "\n" * 100_000, xml_event(2, "LostEvent"))

    [violation] = in_pieces(body, XML)

    assert isinstance(violation, Violation)
    assert violation.line == body[: body.index(b"<LostEvent")].count(b"\n") + 1 > 1 << 16
    assert as_a_whole(body, XML) == (violation,)


def test_no_tree_is_left_behind() -> None:
    """
    What was taken out of a growing tree is gone from it, with the blanks behind.
    """
    body = xml_document(*(xml_event(n) for n in range(500)))

    xml = parser.GrowingXml(io.BytesIO(body))
    sizes = []
    for _ in xml.steps:
        [events] = xml.root.iter("EventList")
        for done in events[:-1]:
            events.remove(done)
        sizes.append(len(etree.tostring(xml.root)))

    assert len(sizes) > 2
    assert max(sizes) < 1_500
