"""The parameters that the official files of EPCIS 2.0 name are all understood."""

from __future__ import annotations

import json
import re
from typing import Any

from epcis_repo.query import PARAMETERS, parse_json_query, parse_query
from tests.shared_data import shared

# What the patterns of names leave open, and what may stand there.
OPEN = {
    r"[a-z][a-zA-Z0-9]*\:\w+": "ex:a",
    "[A-Z0-9]{2,4}": "CEL",
    "[a-z][a-zA-Z0-9_]+": "po",
    r"\w+_\w+": "readPoint_city",
}
TEXTS = {
    "eventType": "ObjectEvent",
    "EQ_action": "ADD",
    "orderBy": "eventTime",
    "orderDirection": "ASC",
    "EQ_booleanValue": True,
    "EQ_hexBinaryValue": "F7A0",
}
NUMBER, TIME = 5, "2026-01-01T00:00:00Z"


def value_for(name: str, schema: dict[str, Any]) -> Any:
    """A value that the schema of a parameter allows."""
    if name in TEXTS:
        return [TEXTS[name]] if schema.get("type") == "array" else TEXTS[name]
    kind = schema.get("type") or str(schema["$ref"]).rpartition("/")[2]
    if kind == "array":
        is_number = "decimal" in str(schema) or schema["items"].get("type") == "number"
        return [NUMBER] if is_number else ["urn:epc:id:sgtin:030001.0012345.1"]
    if kind in ("number", "integer", "decimal"):
        return NUMBER
    return TIME if kind != "string-array-or-date-string-or-number" else ["a"]


def test_of_the_query_schema_is_every_parameter() -> None:
    """
    Each property of the schema for posted queries, and each pattern of names, is a parameter.
    """
    schema = json.loads(shared("gs1/query-schema.json").read_text(encoding="utf-8"))
    query = schema["definitions"]["EPCIS-Query"]
    # Most of the patterns have one escape too many.
    patterns = {
        pattern.strip("^$").replace("\\\\", "\\"): value
        for pattern, value in query["patternProperties"].items()
    }
    for pattern, found in OPEN.items():
        patterns = {name.replace(pattern, found): value for name, value in patterns.items()}
    named = {**query["properties"], **patterns}
    named.pop("@context")

    for name, value in named.items():
        asked = {"@context": {"ex": "urn:x:"}, name: value_for(name, value)}
        if name == "eventCountLimit":
            asked["orderBy"] = "eventTime"
        parse_json_query(asked)
    assert len(named) > 160


def test_of_the_interface_is_every_parameter() -> None:
    """
    Each parameter of a query that the description of the HTTP interface names is one.
    """
    text = shared("gs1/openapi.yaml").read_text(encoding="utf-8")
    operators = "EQ|GE|GT|LE|LT|MATCH|WD|EXISTS|HASATTR|EQATTR"
    named = set(re.findall(rf"name: '?\"?((?:{operators})_\w+|eventType)\b", text))

    assert len(named) > 40
    for name in named - PARAMETERS.keys():
        parse_query([(name, "")])
