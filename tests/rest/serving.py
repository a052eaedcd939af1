"""The application over HTTP, without a network, and what its answers must look like."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response
from jsonschema import Draft202012Validator
from lxml import etree
from starlette.testclient import TestClient

from epcis_repo.app import create_app
from epcis_repo.settings import Settings
from epcis_repo.store import open_store
from epcis_repo.store.log import head
from tests.rest.documents import JSON

SCHEMAS = Path(__file__).parent.parent.parent / "schemas"
SAMPLE = "dscsa/GS1_US_Pharma_Example_2_2_1_1.xml"


@contextmanager
def serving(db: str, **settings: Any) -> Iterator[TestClient]:
    """
    A client of the application with its store at `db`, from its start to its end.

    It wants identifiers as they were captured, unless a test says otherwise.
    """
    app = create_app(Settings(db=db, **settings))
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["GS1-EPC-Format"] = "Never_Translates"
        yield client


def captured(client: TestClient, body: bytes, media_type: str = JSON) -> dict[str, Any]:
    """Capture a document, which must be taken, and return its receipt."""
    answer = client.post("/epcis/capture", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 202, answer.text
    value: dict[str, Any] = answer.json()
    return value


def events_of(answer: Response) -> list[dict[str, Any]]:
    """The events of a query's answer."""
    assert answer.status_code == 200, answer.text
    events: list[dict[str, Any]] = answer.json()["epcisBody"]["queryResults"]["resultsBody"][
        "eventList"
    ]
    return events


def problem(answer: Response, status: int, name: str | None = None) -> dict[str, Any]:
    """The problem document that `answer` must be, in JSON or in XML."""
    assert answer.status_code == status, answer.text
    value = problem_value(answer)
    must_be_valid(value, "problem")
    assert value["status"] == status
    if name is not None:
        assert value["type"] == f"epcisException:{name}"
    return value


def problem_value(answer: Response) -> dict[str, Any]:
    """What a problem document says, whatever its form."""
    if answer.headers["Content-Type"] == "application/problem+xml":
        root = etree.fromstring(answer.content)
        assert root.tag == "{urn:epcglobal:epcis:xsd:2}EPCISException"
        value = {child.tag: child.text or "" for child in root if not child.tag.startswith("{")}
        return {**value, "status": int(value["status"])}
    assert answer.headers["Content-Type"] == "application/problem+json"
    value = answer.json()
    assert isinstance(value, dict)
    return value


@cache
def _validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


def must_be_valid(value: Any, schema: str) -> None:
    """Fail with every place at which `value` is not what the schema says."""
    errors = [
        f"{error.json_path}: {error.message}" for error in _validator(schema).iter_errors(value)
    ]
    if errors:
        pytest.fail("\n".join(errors))


def log_of(db: str) -> tuple[int, int]:
    """The head of the log at `db`, and how many documents are kept: what a refusal leaves alone."""

    async def look() -> tuple[int, int]:
        store = open_store(db)
        try:
            async with store.reading() as session:
                [(documents,)] = await session.fetch("SELECT count(*) FROM document")
                return await head(session), documents
        finally:
            await store.close()

    return asyncio.run(look())
