"""The table of resources: what each path answers to each method, with which headers and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from lxml import etree
from starlette.testclient import TestClient

from epcis_repo.rest.gs1_headers import STANDARD
from epcis_repo.rest.resources import RESOURCES
from epcis_repo.rest.router import TARGET_SIZE_MAX, Resource
from tests.conformance.rows import holds
from tests.rest.documents import CONTEXT, JSON, UNIT, XML, bare, document, event
from tests.rest.serving import captured, events_of, problem, serving
from tests.shared_data import shared

GATE = "urn:epc:id:sgln:0300010.00001.0"
OF_THE_STANDARD = [resource for resource in RESOURCES if resource.headers.on_all]
# What stands in a path where the table has a name in braces.
THERE = {
    "/epcis/eventTypes": "ObjectEvent",
    "/epcis/epcs": UNIT.format(1),
    "/epcis/bizSteps": "shipping",
    "/epcis/bizLocations": GATE,
    "/epcis/readPoints": GATE,
    "/epcis/dispositions": "active",
    "/epcis/events": "urn:x:1",
    "/epcis/queries": "q",
    "/epcis/nextPageToken": "x",
}
DISCOVERED = {
    "GS1-EPCIS-Version": r"\d+(\.\d+)*",
    "GS1-EPCIS-Min": r"\d+(\.\d+)*",
    "GS1-EPCIS-Max": r"\d+(\.\d+)*",
    "GS1-CBV-Version": r"\d+(\.\d+)*",
    "GS1-CBV-Min": r"\d+(\.\d+)*",
    "GS1-CBV-Max": r"\d+(\.\d+)*",
    "GS1-EPC-Format": "No_Preference|Always_GS1_Digital_Link|Always_EPC_URN|Never_Translates",
    "GS1-CBV-XML-Format": "No_Preference|Always_Web_URI|Always_URN|Never_Translates",
    "GS1-Extensions": r"[^,=]+=[^,=]+(,[^,=]+=[^,=]+)*",
    "GS1-Vendor-Version": ".+",
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of a repository that has one of each."""
    folder = tmp_path_factory.mktemp("one")
    keys = {"key": folder / "log.key", "webhook_key": folder / "webhook.key"}
    with serving(f"sqlite:///{folder / 'epcis.db'}", **keys) as client:
        sent = event(1, eventID="urn:x:1", readPoint={"id": GATE}, bizLocation={"id": GATE})
        THERE["/epcis/capture"] = captured(client, document(sent))["captureID"]
        query = {"name": "q", "query": {"EQ_action": ["OBSERVE"]}}
        assert client.post("/epcis/queries", json=query).status_code == 201
        yield client


def path_of(resource: Resource) -> str:
    """A path of a resource that is there, where its row is of many."""
    beginning, _, _ = resource.path.partition("/{")
    return re.sub(r"\{\w+(:path)?\}", lambda _: quote(THERE[beginning], safe=""), resource.path)


def rows(resources: list[Resource]) -> list[object]:
    return [pytest.param(resource, id=resource.path) for resource in resources]


class TestTheTable:
    @holds("R1")
    @pytest.mark.parametrize("resource", rows([r for r in RESOURCES if "{" not in r.path]))
    def test_answers_what_it_says(self, one: TestClient, resource: Resource) -> None:
        """
        `OPTIONS` names the methods, which are those that are answered, and no others.
        """
        allow = one.options(resource.path).headers["Allow"].split(", ")

        assert set(allow) == {"OPTIONS", *resource.methods} | (
            {"HEAD"} if "GET" in resource.methods else set()
        )
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE"):
            answer = one.request(method, resource.path)
            assert (answer.status_code == 405) is (method not in allow)
            if method not in allow:
                assert answer.headers["Allow"] == ", ".join(allow)

    @pytest.mark.parametrize("resource", rows([r for r in RESOURCES if "{" in r.path]))
    def test_answers_nothing_else_below(self, one: TestClient, resource: Resource) -> None:
        """
        The same where something of the caller's is in the path.
        """
        path = re.sub(r"\{\w+(:path)?\}", "x", resource.path)

        answer = one.request("PUT", path)

        assert set(answer.headers["Allow"].split(", ")) >= {"OPTIONS", *resource.methods}
        problem(answer, 405)

    def test_has_the_methods_of_the_standard(self) -> None:
        """
        Every path of the published interface is there, with every method that it has there.
        """
        text = shared("gs1/openapi.yaml").read_text(encoding="utf-8")
        paths = text.partition("\npaths:\n")[2].partition("\ncomponents:")[0]
        standard = {
            re.sub(r"\{\w+\}", "x", path): set(re.findall(r"^    (\w+):$", body, re.MULTILINE))
            for path, body in re.findall(
                r"^  (/\S*):\n(.*?)(?=^  /|\Z)", paths, re.MULTILINE | re.DOTALL
            )
        }
        ours = {
            re.sub(r"\{\w+(:path)?\}", "x", r.path).removeprefix("/epcis") or "/": {
                method.lower() for method in ("OPTIONS", *r.methods)
            }
            for r in OF_THE_STANDARD
        }

        missing = {
            path: methods - ours.get(path, set()) - {"parameters"}
            for path, methods in standard.items()
        }

        assert len(standard) == 29
        assert {path: methods for path, methods in missing.items() if methods} == {}


class TestDiscovery:
    @holds("R1")
    @pytest.mark.parametrize(
        "resource", rows([r for r in OF_THE_STANDARD if r.headers is STANDARD])
    )
    def test_tells_all_headers(self, one: TestClient, resource: Resource) -> None:
        """
        Every resource of the standard says which versions, forms and extensions there are.
        """
        answer = one.options(path_of(resource))

        assert (answer.status_code, answer.content) == (204, b"")
        for name, pattern in DISCOVERED.items():
            assert re.fullmatch(pattern, answer.headers[name]), name

    @holds("R27")
    @pytest.mark.parametrize(
        "path",
        [
            *("/epcis/events/urn:x:no", "/epcis/capture/no", "/epcis/queries/no"),
            *("/epcis/queries/no/events", "/epcis/epcs/urn:x:no", "/epcis/epcs/urn:x:no/events"),
        ],
    )
    def test_finds_nothing_where_there_is_nothing(self, one: TestClient, path: str) -> None:
        """
        Of what is not there nobody is told how to ask for it.
        """
        problem(one.options(path), 404, "NoSuchResourceException")


# Requests that are answered in all ways: well, and with each kind of error.
ANSWERS = [
    ("GET", "/epcis", 200),
    ("GET", "/epcis/events", 200),
    ("GET", "/epcis/events/urn:x:1", 200),
    ("GET", "/epcis/events/urn:x:no", 404),
    ("GET", "/epcis/events?EQ_x=y", 400),
    ("GET", "/epcis/epcs", 200),
    ("GET", f"/epcis/epcs/{UNIT.format(1)}", 200),
    ("GET", f"/epcis/epcs/{UNIT.format(1)}/events", 200),
    ("GET", "/epcis/capture", 200),
    ("POST", "/epcis/capture", 415),
    ("POST", "/epcis/events", 415),
    ("POST", "/epcis/queries", 415),
    ("GET", "/epcis/queries", 200),
    ("GET", "/epcis/queries/q", 200),
    ("GET", "/epcis/queries/q/events", 200),
    ("DELETE", "/epcis/queries/no", 404),
    ("DELETE", "/epcis/nextPageToken/x", 501),
    ("PUT", "/epcis/events", 405),
    ("OPTIONS", "/epcis/events", 204),
]


class TestVersions:
    @pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
    def test_are_on_every_answer(
        self, one: TestClient, method: str, path: str, status: int
    ) -> None:
        """
        Whatever is answered, it says of which version it is, once.
        """
        answer = one.request(method, path)

        assert answer.status_code == status, answer.text
        for name in ("GS1-EPCIS-Version", "GS1-CBV-Version"):
            assert answer.headers.get_list(name) == ["2.0.0"]

    def test_are_on_failures_of_ours(
        self, one: TestClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        An answer that nobody foresaw has them, too.
        """

        async def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("epcis_repo.rest.events.events", fail)

        answer = one.get("/epcis/events?EQ_bizStep=shipping")

        problem(answer, 500, "ImplementationException")
        assert answer.headers["GS1-EPCIS-Version"] == "2.0.0"

    @pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
    @pytest.mark.parametrize(
        ("header", "value", "refused"),
        [
            ("GS1-EPCIS-Min", "3.0", 406),
            ("GS1-EPCIS-Max", "1.2", 406),
            ("GS1-CBV-Min", "2.1", 406),
            ("GS1-CBV-Max", "1", 406),
            ("GS1-CBV-Max", "two", 400),
            ("GS1-EPC-Format", "Sometimes", 406),
            ("GS1-CBV-XML-Format", "always_urn", 406),
            ("GS1-Extensions", "ex", 400),
        ],
    )
    def test_that_are_not_had_are_refused(
        self,
        one: TestClient,
        method: str,
        path: str,
        status: int,
        header: str,
        value: str,
        refused: int,
    ) -> None:
        """
        Every resource refuses what it cannot answer in, before it does anything.
        """
        if method == "PUT" or (method in ("POST", "DELETE") and header != "GS1-Extensions"):
            return

        answer = one.request(method, path, headers={header: value})

        assert header in problem(answer, refused)["detail"]

    def test_of_a_body_are_refused_in_every_post(self, one: TestClient) -> None:
        """
        What is sent in a version that is not read is not read.
        """
        for path in ("/epcis/capture", "/epcis/events", "/epcis/queries"):
            answer = one.post(path, content=b"{}", headers={"GS1-EPCIS-Version": "3.0"})
            problem(answer, 406, "NotAcceptableException")


class TestExtensions:
    def test_of_a_request_come_back(self, one: TestClient) -> None:
        """
        An answer without extensions says which the request has used, whatever it is.
        """
        headers = {"GS1-Extensions": "ex=https://example.org/ext, a=urn:b"}

        for method, path, _ in ANSWERS:
            answer = one.request(method, path, headers=headers)
            if method not in ("PUT", "OPTIONS"):
                assert answer.headers["GS1-Extensions"] == "ex=https://example.org/ext,a=urn:b"

    @pytest.mark.parametrize("epc_format", ["Never_Translates", "Always_GS1_Digital_Link"])
    def test_of_events_are_named(self, client: TestClient, epc_format: str) -> None:
        """
        An answer that has extensions names them, with the prefixes that it uses.
        """
        sent = bare({**event(1), "ex:weight": 5}).replace(
            f'["{CONTEXT}"]'.encode(), f'["{CONTEXT}", {{"ex": "https://ex.com/"}}]'.encode()
        )
        client.post("/epcis/events", content=sent, headers={"Content-Type": JSON})

        answer = client.get("/epcis/events", headers={"GS1-EPC-Format": epc_format})

        assert answer.headers["GS1-Extensions"] == "ex=https://ex.com/"
        assert events_of(answer)[0]["ex:weight"] == 5


class TestHead:
    @pytest.mark.parametrize("path", [path for method, path, _ in ANSWERS if method == "GET"])
    def test_is_get_without_a_body(self, one: TestClient, path: str) -> None:
        """
        The same status and headers, and nothing behind them.
        """
        whole, head = one.get(path), one.head(path)

        assert (head.status_code, head.content) == (whole.status_code, b"")
        for name in ("content-type", "link", "allow"):
            assert head.headers.get(name) == whole.headers.get(name)

    def test_is_not_where_nothing_is_got(self, one: TestClient) -> None:
        """
        What has no `GET` has no `HEAD`.
        """
        assert one.head("/epcis/nextPageToken/x").status_code == 405


PROBLEMS = [
    ("GET", "/nope", 404, "NoSuchResourceException"),
    ("GET", "/epcis/nope", 404, "NoSuchResourceException"),
    ("PUT", "/epcis/events", 405, "ImplementationException"),
    ("POST", "/epcis/capture", 415, "UnsupportedMediaTypeException"),
    ("GET", "/epcis/events?EQ_x=y", 400, "QueryParameterException"),
    ("GET", "/epcis/events?maxEventCount=0", 413, "QueryTooLargeException"),
    ("GET", "/epcis/events?a=" + "b" * TARGET_SIZE_MAX, 414, "URITooLongException"),
    ("GET", "/history/" + "b" * TARGET_SIZE_MAX, 414, "URITooLongException"),
    ("DELETE", "/epcis/nextPageToken/x", 501, "ImplementationException"),
]


class TestProblems:
    @holds("R9", "R28", "R29")
    @pytest.mark.parametrize(("method", "path", "status", "name"), PROBLEMS)
    @pytest.mark.parametrize(
        ("accept", "form"),
        [
            (None, "json"),
            ("*/*", "json"),
            (JSON, "json"),
            ("text/html", "json"),
            (XML, "xml"),
            ("text/xml", "xml"),
            ("application/problem+xml", "xml"),
            ("application/problem+json, application/xml;q=0.5", "json"),
        ],
    )
    def test_come_in_the_form_that_is_accepted(
        self,
        one: TestClient,
        method: str,
        path: str,
        status: int,
        name: str,
        accept: str | None,
        form: str,
    ) -> None:
        """
        Every error is a problem document of the standard's name, in JSON or in XML.
        """
        answer = one.request(method, path, headers={} if accept is None else {"Accept": accept})

        problem(answer, status, name)
        assert answer.headers["Content-Type"] == f"application/problem+{form}"

    def test_name_what_is_not_acceptable(self, one: TestClient) -> None:
        """
        Who accepts nothing that there is gets his problem in JSON.
        """
        problem(one.get("/epcis/events", headers={"Accept": "image/png"}), 406)

    def test_are_valid_xml(self, one: TestClient) -> None:
        """
        The standard's schema has a place for all of it, for our list of violations, too.
        """
        schema = etree.XMLSchema(etree.parse(shared("gs1/xsd-2.0") / "EPCglobal-epcis-2_0.xsd"))
        body = document(event(1, action="\u0001LOOK"), event(2, eventTime="yesterday"))
        headers = {"Content-Type": JSON, "Accept": XML}

        answers = [
            one.post("/epcis/capture", content=body, headers=headers),
            *(one.request(method, path, headers=headers) for method, path, *_ in PROBLEMS),
        ]

        for answer in answers:
            schema.assertValid(etree.fromstring(answer.content))
        found = etree.fromstring(answers[0].content).findall("{urn:epcis-repo:problem}violation")
        assert [(item.get("event"), item.get("pointer")) for item in found] == [
            ("1", "/epcisBody/eventList/0/action"),
            ("2", "/epcisBody/eventList/1/eventTime"),
        ]

    def test_of_a_long_uri_leave_room_for_a_token(self, one: TestClient) -> None:
        """
        Who may ask for the first page may ask for the next, which has a longer query.
        """
        captured(one, document(*(event(n) for n in range(2, 5))))
        path = f"/epcis/events?perPage=1&MATCH_anyEPC={UNIT.format(2)}|{UNIT.format(3)}"
        path += "|urn:x:" + "y" * 500 * ((TARGET_SIZE_MAX - len(path)) // 506)

        first = one.get(path)
        second = one.get(first.links["next"]["url"])

        assert [len(events_of(answer)) for answer in (first, second)] == [1, 1]
