"""What is not XML, or more than XML without a DTD, is refused with its line."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from epcis_repo.bindings.xml import parse_xml_document
from epcis_repo.bindings.xml.parser import DEPTH_MAX, parse_xml
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.events import ObjectEvent

NS = "urn:epcglobal:epcis:xsd:2"
EVENT = """<ObjectEvent><eventTime>2026-01-31T12:00:00Z</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><epcList><epc>{epc}</epc></epcList>
<action>OBSERVE</action></ObjectEvent>"""
DOCUMENT = f"""<epcis:EPCISDocument xmlns:epcis="{NS}" schemaVersion="2.0"
 creationDate="2026-01-31T12:00:00Z"><EPCISBody><EventList>{EVENT}</EventList></EPCISBody>
</epcis:EPCISDocument>"""
EPC = "urn:epc:id:sgtin:030001.0012345.1"

BILLION_LAUGHS = (
    '<!DOCTYPE a [<!ENTITY l0 "lol">'
    + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)


def document(epc: str = EPC, *, before: str = "") -> bytes:
    return (before + DOCUMENT.format(epc=epc)).encode()


def refusal(body: bytes) -> Violation:
    with pytest.raises(ValidationError) as caught:
        parse_xml_document(body)
    return caught.value.violations[0]


def epcs(body: bytes) -> tuple[str, ...]:
    [event] = parse_xml_document(body).events or ()
    assert isinstance(event, ObjectEvent)
    return event.epc_list or ()


@pytest.mark.parametrize(
    ("body", "line", "expected", "found"),
    [
        pytest.param(b"", 1, "an XML document", "nothing", id="empty"),
        pytest.param(b" \n ", 1, "an XML document", "nothing", id="blanks"),
        pytest.param(b"%PDF-1.7\n", 1, "well-formed", "Start tag expected", id="PDF"),
        pytest.param(b'{"type": 1}', 1, "well-formed", "Start tag expected", id="JSON"),
        pytest.param(b"<a>\n<b></a>", 2, "well-formed", "mismatch", id="tags crossed"),
        pytest.param(b"<a>\n<b>\n", 3, "well-formed", "Premature end", id="cut short"),
        pytest.param(b"<!-- no root -->", 1, "well-formed", "", id="comment alone"),
        pytest.param(b"<a/>\n<b/>", 2, "well-formed", "Extra content", id="two roots"),
        pytest.param(b"<a>\n&bomb;</a>", 2, "well-formed", "Entity 'bomb'", id="unknown entity"),
        pytest.param(b"<a>\n<x:b/></a>", 2, "well-formed", "prefix x", id="undeclared prefix"),
        pytest.param(b'<a b="1" b="2"/>', 1, "well-formed", "redefined", id="attribute twice"),
        pytest.param(b"<a>\x01</a>", 1, "well-formed", "", id="control character"),
        pytest.param(b"<a>&#0;</a>", 1, "well-formed", "", id="NUL by reference"),
        pytest.param(b"<a>\xe9</a>", 1, "well-formed", "", id="not UTF-8"),
        pytest.param(b'<?xml version="1.0" encoding="x-no"?><a/>', 1, "", "", id="encoding"),
    ],
)
def test_refuses_what_is_not_xml(body: bytes, line: int, expected: str, found: str) -> None:
    """
    Each fault says on which line it is, what was expected and what was found.
    """
    violation = refusal(body)

    assert violation.rule == "xml"
    assert violation.line == line
    assert expected in violation.expected
    assert found in violation.found


@pytest.mark.parametrize("size", range(0, len(DOCUMENT), 9))
def test_refuses_a_document_cut_anywhere(size: int) -> None:
    """
    Half a document is none.
    """
    assert refusal(document()[:size]).rule == "xml"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("<!DOCTYPE a>", id="plain"),
        pytest.param('<!DOCTYPE a SYSTEM "http://localhost:1/a.dtd">', id="external"),
        pytest.param('<!DOCTYPE a PUBLIC "-//x//y" "a.dtd">', id="public"),
        pytest.param('<!DOCTYPE a [<!ENTITY x "y">]>', id="entity"),
        pytest.param('<!DOCTYPE a [<!ENTITY % p "<!ELEMENT a ANY>"> %p;]>', id="parameter entity"),
        pytest.param('<!DOCTYPE a [<!ATTLIST a b CDATA "c">]>', id="default attribute"),
        pytest.param(BILLION_LAUGHS, id="billion laughs"),
        pytest.param(f'<!DOCTYPE a [<!ENTITY x "{"y" * 100_000}">]>', id="quadratic"),
        pytest.param("<!-- -->" * 9000 + "<!DOCTYPE a>", id="after 70 KB of comments"),
        pytest.param("\n<?pi x?>\n<!DOCTYPE a>", id="after a processing instruction"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_refuses_a_document_type_declaration(before: str, encoding: str) -> None:
    """
    Wherever it stands and however it is encoded, before an entity could be used.
    """
    started = time.monotonic()

    violation = refusal((before + DOCUMENT.format(epc="&x;&l9;" * 100)).encode(encoding))

    assert violation.rule == "doctype"
    assert violation.found == "<!DOCTYPE a"
    if encoding == "utf-8":
        assert violation.line == before.count("\n") + 1
    assert time.monotonic() - started < 1


class Listener(http.server.BaseHTTPRequestHandler):
    """Counts who asks."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    """A server at home, and what it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (Listener,), {"asked": asked})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


ELSEWHERE = [
    pytest.param('<!DOCTYPE a [<!ENTITY x SYSTEM "{url}">]>', "&x;", id="entity"),
    pytest.param('<!DOCTYPE a [<!ENTITY % x SYSTEM "{url}"> %x;]>', "", id="parameter entity"),
    pytest.param('<!DOCTYPE a SYSTEM "{url}">', "", id="DTD"),
    pytest.param('<?xml-stylesheet type="text/xsl" href="{url}"?>', "", id="stylesheet"),
    pytest.param(
        "",
        '<x:include xmlns:x="http://www.w3.org/2001/XInclude" href="{url}" parse="text"/>',
        id="XInclude",
    ),
    pytest.param(
        "",
        '<b xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="urn:x {url}"/>',
        id="schema location",
    ),
]


@pytest.mark.parametrize(("before", "inside"), ELSEWHERE)
def test_reads_nothing_from_elsewhere(
    before: str, inside: str, tmp_path: Path, listener: tuple[str, list[str]]
) -> None:
    """
    Neither a file nor a server is asked for what a document points to.
    """
    (tmp_path / "secret").write_text("the secret")
    for url in ((tmp_path / "secret").as_uri(), f"{listener[0]}/secret"):
        body = document(inside.format(url=url), before=before.format(url=url))
        try:
            shown = repr(parse_xml_document(body))
        except ValidationError as error:
            shown = repr(error.violations)

        assert "the secret" not in shown
    assert listener[1] == []


def nested(depth: int) -> bytes:
    return b"<a>" * depth + b"</a>" * depth


@pytest.mark.parametrize("depth", [DEPTH_MAX + 1, 255, 257, 100_000])
def test_refuses_depth(depth: int) -> None:
    """
    Nesting is limited, by us first and by the parser for more.
    """
    parse_xml(nested(DEPTH_MAX))
    with pytest.raises(ValidationError) as caught:
        parse_xml(nested(depth))

    assert caught.value.violations[0].line == 1


@pytest.mark.parametrize(
    "epc",
    [
        pytest.param(EPC, id="plain"),
        pytest.param(f"\n  {EPC}\t", id="blanks around"),
        pytest.param(f"<![CDATA[{EPC}]]>", id="CDATA"),
        pytest.param(f"{EPC[:9]}<!-- c -->{EPC[9:]}", id="comment within"),
        pytest.param(f"<!-- c -->{EPC}", id="comment before"),
        pytest.param(f"{EPC[:9]}<?pi x?>{EPC[9:]}", id="processing instruction within"),
        pytest.param(f"{EPC[:9]}<![CDATA[{EPC[9:]}]]>", id="half CDATA"),
        pytest.param(f"{EPC[:-1]}&#x31;", id="character reference"),
    ],
)
def test_reads_text_however_it_is_written(epc: str) -> None:
    """
    The same text is the same identifier.
    """
    assert epcs(document(epc)) == (EPC,)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_reads_every_declared_encoding(encoding: str) -> None:
    """
    The declaration or the byte order mark says how the bytes are read.
    """
    name = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{name}"?>' + DOCUMENT.format(epc="urn:x:é")

    assert epcs(text.encode(encoding)) == ("urn:x:é",)


@pytest.mark.parametrize("prefix", ["epcis", "p", "n1", "EPCIS", "épcis"])
def test_reads_any_prefix(prefix: str) -> None:
    """
    A prefix is only a prefix.
    """
    body = document().decode().replace("epcis:EPCIS", f"{prefix}:EPCIS")

    assert epcs(body.replace("xmlns:epcis", f"xmlns:{prefix}").encode()) == (EPC,)


def test_reads_a_root_in_the_default_namespace() -> None:
    """
    The root may have the default namespace, whether or not what is within has it, too.
    """
    body = document().decode().replace("epcis:EPCIS", "EPCIS").replace("xmlns:epcis", "xmlns")
    within = body.replace("<EPCISBody", '<EPCISBody xmlns=""')

    assert epcs(within.encode()) == epcs(body.encode()) == (EPC,)


@pytest.mark.parametrize(
    "root",
    [
        pytest.param(f'<e:Envelope xmlns:e="{NS}"/>', id="other name"),
        pytest.param('<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:3"/>', id="namespace"),
        pytest.param(f'<e:EPCISQueryDocument xmlns:e="{NS}"/>', id="query in the event namespace"),
        pytest.param("<html><body/></html>", id="HTML"),
    ],
)
def test_refuses_another_root(root: str) -> None:
    """
    A document of another kind is named, with those that there are.
    """
    violation = refusal(f"\n{root}".encode())

    assert violation.rule == "document-type"
    assert violation.line == 2
    assert "EPCISDocument, EPCISQueryDocument or" in violation.expected


def test_knows_lines_beyond_65535() -> None:
    """
    The line of a fault is right in a long document, too.
    """
    body = document().replace(b"<action>", b"\n" * 70_000 + b"<action>IN").decode()

    assert refusal(body.encode()).line == 70_004


def test_survives_many_attributes_and_elements() -> None:
    """
    Breadth is no depth.
    """
    attributes = " ".join(f'a{n}="1"' for n in range(20_000))

    root = parse_xml(f"<a {attributes}>{'<b/>' * 20_000}</a>".encode())

    assert len(root.attrib) == len(root) == 20_000
