"""Our JSON Schemas as components of the description: each by its name, and each of its parts."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from epcis_repo.bindings.schemas import schema_path

EPCIS = "epcis-2.0"
# Those that an operation names; the part after the dot is one of the `$defs` of the file.
_FILES = (
    "allocation",
    "allocation-asked",
    "allocations",
    "capture",
    "collection",
    "conflicts",
    "contents",
    "correction",
    "counts",
    "custody",
    "deliveries",
    "exception",
    "exception-asked",
    "exception-decision-asked",
    "exception-findings-asked",
    "exception-message",
    "exception-message-asked",
    "exception-messages",
    "exceptions",
    "exceptions-raised",
    "findings",
    "findings-made",
    "health",
    "history",
    "hold",
    "hold-asked",
    "holds",
    "lineage",
    "lot-account",
    "masterdata",
    "named-query",
    "problem",
    "quarantine",
    "quarantine-asked",
    "quarantined",
    "reaction-asked",
    "reactions",
    "recall",
    "release-asked",
    "resources",
    "rules",
    "shipment-account",
    "subscription",
    "subscription-asked",
    "unit",
    "verification",
    "withdrawal-asked",
)
_AT = "#/components/schemas/"


def reference(name: str) -> dict[str, Any]:
    """Return what stands in place of the component `name`, such as `epcis-2.0.event`."""
    return {"$ref": f"{_AT}{name}"}


def list_of(name: str) -> dict[str, Any]:
    """Return the schema of a list of the component `name`."""
    return {"type": "array", "items": reference(name)}


@cache
def components() -> dict[str, Any]:
    """Return all components by name."""
    epcis = schema_path(f"{EPCIS}.schema.json")
    # Ours lie beside the folder of those of EPCIS.
    ours = {name: epcis.parent.parent / f"{name}.schema.json" for name in _FILES}
    found: dict[str, Any] = {}
    for name, path in {**ours, EPCIS: epcis}.items():
        found |= _parts(name, path)
    return found


def _parts(name: str, path: Path) -> dict[str, Any]:
    """Return a schema and its `$defs` side by side: many readers know no `$defs`, and no `$id`."""
    schema = json.loads(path.read_text(encoding="utf-8"))
    for word in ("$id", "$schema"):
        del schema[word]
    parts = schema.pop("$defs", {})
    side_by_side = {name: schema, **{f"{name}.{part}": value for part, value in parts.items()}}
    return {part: _moved(value, name) for part, value in side_by_side.items()}


def _moved(value: Any, name: str) -> Any:
    """Return a schema whose references lead to where the parts are now."""
    if isinstance(value, list):
        return [_moved(member, name) for member in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{_AT}{name}.{member.removeprefix('#/$defs/')}"
        if key == "$ref"
        else _moved(member, name)
        for key, member in value.items()
    }
