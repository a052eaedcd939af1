"""The description of the resources: it is complete, and what it says is what happens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from httpx2 import Response
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from epcis_repo.rest.openapi import OPERATIONS, answered, name_of, path_of
from epcis_repo.rest.resources import RESOURCES
from tests.rest import examples
from tests.rest.serving import serving

Description = dict[str, Any]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Description:
    """The description, as it is served."""
    with serving(f"sqlite:///{tmp_path_factory.mktemp('one') / 'epcis.db'}") as client:
        answer = client.get("/openapi.json")
    assert answer.status_code == 200
    value: Description = answer.json()
    return value


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Response]:
    """What each example is answered, by the name of its operation."""
    folder = tmp_path_factory.mktemp("examples")
    return {name_of(operation): answer for operation, answer in examples.answers(folder)}


def operations_in(described: Description) -> Iterator[tuple[str, Description]]:
    for path, item in described["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def found(described: Description, value: Description) -> Description:
    """What a reference leads to."""
    if "$ref" not in value:
        return value
    target: Any = described
    for step in value["$ref"].removeprefix("#/").split("/"):
        target = target[step]
    assert isinstance(target, dict)
    return target


def misfits(described: Description, schema: Description, value: Any) -> list[str]:
    """Why `value` is not what a schema of the description says."""
    whole = {**schema, "components": described["components"]}
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(whole, format_checker=checker)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


class TestDescription:
    def test_has_every_resource_and_no_other(self) -> None:
        """
        Each method of each resource is described, and what is described is there.
        """
        there = {
            f"{method} {resource.path}" for resource in RESOURCES for method in resource.methods
        }

        assert {operation.row for operation in OPERATIONS} == there

    def test_says_what_each_path_allows(self, described: Description) -> None:
        """
        A path of the description is answered by the resource that it is of, with these methods.
        """
        of_path = {path_of(operation): operation.row for operation in OPERATIONS}

        for path, item in described["paths"].items():
            example = re.sub(r"\{\w+\}", "x", path)
            resource = next(r for r in RESOURCES if r.pattern.fullmatch(example))
            assert resource.path == of_path[path].partition(" ")[2]
            assert {method.upper() for method in item} == {*resource.methods, "OPTIONS"}

    def test_is_whole(self, described: Description) -> None:
        """
        Every reference leads somewhere, every schema is one, and no two operations share a name.
        """
        text = json.dumps(described)
        for reference in set(re.findall(r'"\$ref": "([^"]+)"', text)):
            assert found(described, {"$ref": reference})
        for schema in described["components"]["schemas"].values():
            Draft202012Validator.check_schema(schema)
        names = [operation["operationId"] for _, operation in operations_in(described)]
        assert len(names) == len(set(names))

    def test_has_a_word_for_everything(self, described: Description) -> None:
        """
        Operations, parameters and answers say what they are.
        """
        for name, operation in operations_in(described):
            assert operation["summary"].endswith("."), name
            said = [found(described, value) for value in operation["parameters"]]
            said += [found(described, value) for value in operation["responses"].values()]
            assert all(value["description"] for value in said), name


class TestExamples:
    @pytest.mark.parametrize(
        "name", [name_of(each) for each in OPERATIONS if each.row not in examples.DESCRIPTIONS]
    )
    def test_are_answered_as_written(
        self, name: str, described: Description, answers: dict[str, Response]
    ) -> None:
        """
        An example has the status and the answer that the description shows, but for times, names
        and signatures that are made anew, and the headers that it promises.
        """
        answer, [method, path] = answers[name], name.split()
        told = examples.without_what_varies(answered()[name]["body"])

        assert answer.status_code == answered()[name]["status"]
        assert examples.without_what_varies(examples.told(answer)) == told
        shown = described["paths"][path][method.lower()]["responses"][str(answer.status_code)]
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        content = found(described, shown).get("content", {})
        assert not content or media_type in content or "*/*" in content
        for header, value in found(described, shown).get("headers", {}).items():
            assert header in answer.headers or not value.get("required"), header

    def test_fit_their_schemas(self, described: Description) -> None:
        """
        Every example of a parameter, a body or an answer is what its schema says.
        """
        seen = 0
        for name, operation in operations_in(described):
            shown = [found(described, value) for value in operation["parameters"]]
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for body in bodies:
                shown += found(described, body).get("content", {}).values()
            for form in shown:
                if "example" in form:
                    seen += 1
                    assert misfits(described, form.get("schema", {}), form["example"]) == [], name
        assert seen > len(OPERATIONS)

    def test_are_there_for_each_operation(self, described: Description) -> None:
        """
        Whatever an example is answered is shown, but for bytes and what has no body.
        """
        for name, told in answered().items():
            method, path = name.split()
            answer = described["paths"][path][method.lower()]["responses"][str(told["status"])]
            content = found(described, answer).get("content", {})
            assert told["body"] is None or any("example" in form for form in content.values())


class _Page(HTMLParser):
    """What a page has: its tags, and what it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.links: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.links.add(value or "")
            elif name == "id":
                self.ids.add(value or "")
            assert not name.startswith("on"), name


class TestPage:
    def test_needs_nothing_from_elsewhere(self, quick: TestClient) -> None:
        """
        The page has no scripts, and leads to itself and to the description alone.
        """
        answer = quick.get("/docs")
        page = _Page()
        page.feed(answer.text)

        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not page.tags & {"script", "link", "img", "iframe", "object", "embed"}
        own = {link.removeprefix("#") for link in page.links if link.startswith("#")}
        assert page.links - {f"#{name}" for name in own} == {"openapi.json"}
        assert own <= page.ids

    def test_has_every_operation(self, quick: TestClient, described: Description) -> None:
        """
        Whoever reads finds each method of each path, with its example.
        """
        page = _Page()
        page.feed(quick.get("/docs").text)

        for name, operation in operations_in(described):
            if not name.startswith("OPTIONS"):
                assert operation["operationId"] in page.ids
        assert "delivery" in page.ids
        assert "Examplol" in quick.get("/docs").text
