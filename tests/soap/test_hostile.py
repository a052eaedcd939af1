"""Whatever is sent to /soap, it is answered in SOAP, reaches nothing and changes nothing."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree
from starlette.testclient import TestClient

from tests.rest.documents import document, event
from tests.rest.serving import captured, log_of, problem, serving
from tests.soap.envelopes import envelope, fault, param, poll, strings

SECRET = "what-no-partner-may-see"
SOUND = poll()
TEXT_XML = "text/xml; charset=utf-8"


@pytest.fixture(scope="module")
def server() -> Iterator[socket.socket]:
    """A server that nobody must connect to: what does, waits to be accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("secret") / "secret.txt"
    file.write_text(SECRET, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'epcis.db'}"


@pytest.fixture(scope="module")
def target(db: str) -> Iterator[TestClient]:
    with serving(db) as client:
        captured(client, document(event(1)))
        yield client


def laughs(levels: int) -> str:
    entities = "".join(
        f'<!ENTITY l{n} "{10 * f"&l{n - 1};" if n else "ha"}">' for n in range(levels)
    )
    return f"<!DOCTYPE e [{entities}]>"


Make = Callable[[str, str], bytes]


def asking(text: str, prolog: str = "") -> Make:
    """A poll with a text for the name of the query; `{server}` and `{file}` are filled in."""

    def make(server: str, file: str) -> bytes:
        filled = (prolog + poll(query=text).decode()).replace("{server}", server)
        return filled.replace("{file}", file).encode()

    return make


def as_is(body: bytes) -> Make:
    return lambda _server, _file: body


HOSTILE: dict[str, tuple[Make, str]] = {
    "doctype": (asking("a", "<!DOCTYPE e>"), "ValidationException"),
    "billion laughs": (asking("&l9;", laughs(10)), "ValidationException"),
    "quadratic blow-up": (
        asking("&a;" * 5_000, f'<!DOCTYPE e [<!ENTITY a "{"a" * 50_000}">]>'),
        "ValidationException",
    ),
    "entity that names itself": (
        asking("&a;", '<!DOCTYPE e [<!ENTITY a "&a;">]>'),
        "ValidationException",
    ),
    "external entity, file": (
        asking("&a;", '<!DOCTYPE e [<!ENTITY a SYSTEM "{file}">]>'),
        "ValidationException",
    ),
    "external entity, server": (
        asking("&a;", '<!DOCTYPE e [<!ENTITY a SYSTEM "{server}">]>'),
        "ValidationException",
    ),
    "external subset": (asking("a", '<!DOCTYPE e SYSTEM "{server}">'), "ValidationException"),
    "undefined entity": (asking("&nobody;"), "ValidationException"),
    "inclusion": (
        asking('<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{file}"/>'),
        "ValidationException",
    ),
    "schema elsewhere": (
        asking('</queryName><queryName xsi:schemaLocation="urn:x {server}">a'),
        "ValidationException",
    ),
    "thirty thousand levels": (
        as_is(envelope("<a>" * 30_000 + "</a>" * 30_000)),
        "ValidationException",
    ),
    "forty levels in a value": (
        as_is(poll(param("EQ_action", "<a>" * 40 + "</a>" * 40))),
        "ValidationException",
    ),
    "fifty thousand parameters": (
        as_is(poll(*(param(f"EQ_{number}", "a") for number in range(50_000)))),
        "ValidationException",
    ),
    "fifty thousand things that do not belong": (
        as_is(poll("<a/>" * 50_000)),
        "ValidationException",
    ),
    "a name of a megabyte": (as_is(poll(param("E" * 1_000_000, "a"))), "QueryParameterException"),
    "a query of a megabyte": (as_is(poll(query="E" * 1_000_000)), "NoSuchNameException"),
    "a number of a megabyte": (
        as_is(poll(param("maxEventCount", "9" * 1_000_000, "xsd:int"))),
        "QueryParameterException",
    ),
    "a number of a megabyte without a type": (
        as_is(poll(param("maxEventCount", "9" * 1_000_000))),
        "QueryParameterException",
    ),
    "a NUL": (as_is(SOUND.replace(b"SimpleEventQuery", b"a\0b")), "ValidationException"),
    "half a character": (
        as_is(SOUND.replace(b"SimpleEventQuery", b"a\xc3")),
        "ValidationException",
    ),
    "cut short": (as_is(SOUND[:-20]), "ValidationException"),
    "something behind": (as_is(SOUND + b"<a/>"), "ValidationException"),
    "compressed": (as_is(gzip.compress(SOUND)), "ValidationException"),
    "JSON": (as_is(b'{"queryName": "SimpleEventQuery"}'), "ValidationException"),
    "nothing": (as_is(b""), "ValidationException"),
    "a document to capture": (
        as_is(b'<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:1"/>'),
        "ValidationException",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_is_refused(
    target: TestClient, db: str, server: socket.socket, secret: Path, name: str
) -> None:
    """
    It is answered with the fault of the standard, short, and no server is asked, no file read and
    nothing recorded.
    """
    make, exception = HOSTILE[name]
    host, port = server.getsockname()
    before = log_of(db)

    body = make(f"http://{host}:{port}/x", secret.as_uri())
    answer = target.post("/soap", content=body, headers={"Content-Type": "text/xml"})

    assert answer.status_code == 500
    assert answer.headers["Content-Type"] == TEXT_XML
    assert fault(answer.content)[:2] == ("Client", exception)
    assert SECRET not in answer.text
    assert len(answer.content) < 100_000
    assert log_of(db) == before
    with pytest.raises(BlockingIOError):
        server.accept()


class TestOverHttp:
    def test_takes_what_is_large_and_sound(self, target: TestClient) -> None:
        """
        A query for fifty thousand things is answered.
        """
        epcs = [f"urn:epc:id:sgtin:030001.0012345.{number}" for number in range(50_000)]
        body = poll(param("MATCH_epc", strings(*epcs), "q:ArrayOfString"))

        answer = target.post("/soap", content=body, headers={"Content-Type": "text/xml"})

        assert answer.status_code == 200
        assert answer.text.count("<ObjectEvent>") == 1

    def test_refuses_what_is_too_large(self, target: TestClient) -> None:
        """
        More than 4 MiB are not read, whether or not the request says how many it has.
        """
        body = poll(query="a" * (4 << 20))

        for content in (body, iter([body[:1000], body[1000:]])):
            answer = target.post("/soap", content=content, headers={"Content-Type": "text/xml"})
            assert answer.status_code == 413
            assert fault(answer.content)[:2] == ("Client", "ValidationException")

    @pytest.mark.parametrize("media_type", ["application/json", "application/soap+xml", ""])
    def test_refuses_what_is_no_xml(self, target: TestClient, media_type: str) -> None:
        """
        Another media type is 415, and a fault, too.
        """
        answer = target.post("/soap", content=SOUND, headers={"Content-Type": media_type})

        assert answer.status_code == 415
        assert fault(answer.content)[1] == "ValidationException"

    @pytest.mark.parametrize(
        "media_type", ["text/xml", 'TEXT/XML; charset="utf-8"', "application/xml"]
    )
    def test_needs_no_action(self, target: TestClient, media_type: str) -> None:
        """
        SOAPAction says nothing that the envelope does not.
        """
        for action in ({}, {"SOAPAction": '""'}, {"SOAPAction": "urn:anything"}):
            headers = {"Content-Type": media_type, **action}
            answer = target.post("/soap", content=SOUND, headers=headers)
            assert (answer.status_code, answer.headers["Content-Type"]) == (200, TEXT_XML)

    def test_is_described_for_whoever_asks(self, target: TestClient) -> None:
        """
        The WSDL has the address in it by which it was asked for; without a version it is that of
        1.2, and in whatever case it is asked for.
        """
        headers = {"Host": "epcis.example.org:8443"}

        for asked, namespace in (
            ("wsdl", "epcis:wsdl:1"),
            ("WSDL", "epcis:wsdl:1"),
            ("wsdl=1.2", "epcis:wsdl:1"),
            ("wsdl=2.0", "epcis:wsdl:2"),
        ):
            answer = target.get(f"/soap?{asked}", headers=headers)
            assert 'location="http://epcis.example.org:8443/soap"' in answer.text
            assert f'targetNamespace="urn:epcglobal:{namespace}"' in answer.text

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            pytest.param("/soap", 404, id="nothing asked"),
            pytest.param("/soap?wsdl=3", 400, id="no such version"),
            pytest.param("/soap?wsdl&other=1", 404, id="something else, too"),
            pytest.param("/soap/query-1.1.xsd", 404, id="no such schema"),
            pytest.param("/soap/..%2Fepcis-2.0.schema.json", 404, id="another folder"),
            pytest.param("/soap/epcis-2.0.schema.json", 404, id="no schema of XML"),
        ],
    )
    def test_has_nothing_else_to_get(self, target: TestClient, path: str, status: int) -> None:
        """
        What is not described is a problem document, as everywhere.
        """
        problem(target.get(path), status)

    def test_repeats_no_host_that_is_none(self, target: TestClient) -> None:
        """
        What is no name of a host does not come back in the WSDL as something else than text.
        """
        answer = target.get("/soap?wsdl", headers={"Host": 'a"/><b'})

        assert answer.status_code == 200
        assert etree.fromstring(answer.content).find(".//b") is None
