"""The JSON Schemas that describe our answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.rest.serving import SCHEMAS

OURS = sorted(SCHEMAS.glob("*.schema.json"))
# What partners add to their messages is kept.
OPEN = {"exception-message.schema.json", "exception-message-asked.schema.json"}


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if "properties" in schema and "type" in schema:
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


class TestSchemas:
    def test_are_all_there(self) -> None:
        """
        Each kind of answer has a schema.
        """
        names = {path.name.removesuffix(".schema.json") for path in OURS}
        assert names >= {"capture", "contents", "history", "problem", "verification"}

    @pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
    def test_are_strict_and_explain_themselves(self, path: Path) -> None:
        """
        A schema is valid itself, names no host, lets nothing in that it does not know, but for the
        messages of others, and has a sentence for every member.
        """
        schema = json.loads(path.read_text(encoding="utf-8"))

        Draft202012Validator.check_schema(schema)
        assert schema["$id"].startswith("urn:")
        assert list(objects(schema))
        for item in objects(schema):
            assert item["additionalProperties"] in (
                (False, True) if path.name in OPEN else (False,)
            )
            for name, member in item["properties"].items():
                assert member.get("description"), name
