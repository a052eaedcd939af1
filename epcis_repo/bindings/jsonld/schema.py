"""What the JSON Schema of EPCIS 2.0 says of a value, in findings as the reader has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from epcis_repo.bindings.misfits import Finding, Step, misfit
from epcis_repo.bindings.schemas import FINDINGS_MAX, schema_path, with_untold

FILE = "epcis-2.0.schema.json"


def findings_of(value: Any, part: str) -> tuple[Finding, ...]:
    """Return what keeps `value` from being a `part`, which is a name in the schema's `$defs`."""
    validator = _validator(part)
    # Nearly all are valid, and to be told just that costs a fraction.
    if validator.is_valid(value):
        return ()
    errors = islice(_errors(validator, value), FINDINGS_MAX)
    return tuple(finding for error in errors for finding in _findings(error, value))


def with_untold_of(told: Iterable[Finding], others: Iterable[Finding]) -> list[Finding]:
    """Return the reader's findings, and those of the schema that say something else."""
    return with_untold(told, others, _is_told)


@cache
def _schema() -> Any:
    return json.loads(schema_path(FILE).read_text(encoding="utf-8"))


@cache
def _validator(part: str) -> jsonschema_rs.Draft202012Validator:
    # Expressions of the plain kind take time linear in the text, whatever somebody sends.
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/$defs/{part}", "$defs": _schema()["$defs"]},
        validate_formats=True,
        pattern_options=jsonschema_rs.RegexOptions(),
    )


def _errors(
    validator: jsonschema_rs.Draft202012Validator, value: Any
) -> Iterator[jsonschema_rs.ValidationError]:
    # All errors are made before the first is told, each with what it is about: of what is large,
    # the first alone.
    if not _is_large(value):
        yield from validator.iter_errors(value)
        return
    try:
        validator.validate(value)
    except jsonschema_rs.ValidationError as error:
        yield error


def _is_large(value: Any) -> bool:
    seen, waiting = 0, [value]
    while waiting and seen <= _SIZE_MAX:
        value = waiting.pop()
        if isinstance(value, dict | list):
            seen += len(value)
            waiting += list(value.values()) if isinstance(value, dict) else value
    return seen > _SIZE_MAX


_SIZE_MAX = 5_000


def _findings(error: jsonschema_rs.ValidationError, value: Any) -> Iterator[Finding]:
    steps, kind = tuple(error.instance_path), error.kind
    *way, _ = error.schema_path
    violated = _at(_schema(), way)
    match kind:
        case Kind.Required():
            yield Finding(steps, "required", kind.property, "none")
        case Kind.AnyOf() if all(isinstance(e.kind, Kind.Required) for [e] in kind.context):
            yield Finding(steps, "required", violated["title"], "none of them")
        case Kind.AdditionalProperties():
            expected = "what EPCIS has here"
            if "patternProperties" in violated:
                expected += ", or an extension, which has a prefix: ex:name"
            for name in kind.unexpected:
                found = misfit(expected, name, rule="schema").findings[0]
                yield replace(found, steps=(*steps, name))
        case _:
            rule = "type" if isinstance(kind, Kind.Type) else "schema"
            found = misfit(violated["title"], _at(value, steps), rule=rule).findings[0]
            yield replace(found, steps=steps)


def _at(value: Any, steps: Iterable[Step]) -> Any:
    for step in steps:
        value = value[step]
    return value


def _is_told(other: Finding, one: Finding) -> bool:
    if "required" in (other.rule, one.rule):
        # What is missing is known by its name, which comes first.
        names = {finding.expected.partition(",")[0] for finding in (other, one)}
        return (other.rule, other.steps) == (one.rule, one.steps) and len(names) == 1
    length = min(len(other.steps), len(one.steps))
    return other.steps[:length] == one.steps[:length]
