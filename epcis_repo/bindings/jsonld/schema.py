"""What the JSON Schema of EPCIS 2.0 says of a value, in findings as the reader has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Any

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind as Kind

from epcis_repo.bindings.misfits import Finding, Step, misfit
from epcis_repo.bindings.schemas import FINDINGS_MAX, schema_path, with_untold

FILE = "epcis-2.0.schema.json"


def is_valid(value: Any, part: str) -> bool:
    """Whether `value` is a `part`. To be told just that costs a fraction of being told why not."""
    return _judge_of(part)(value)


def findings_of(value: Any, part: str) -> tuple[Finding, ...]:
    """Return what keeps `value` from being a `part`, which is a name in the schema's `$defs`."""
    if is_valid(value, part):
        return ()
    errors = islice(_errors(_validator(part), value), FINDINGS_MAX)
    return tuple(finding for error in errors for finding in _findings(error, value))


def with_untold_of(told: Iterable[Finding], others: Iterable[Finding]) -> list[Finding]:
    """Return the reader's findings, and those of the schema that say something else."""
    return with_untold(told, others, _is_told)


@cache
def _schema() -> Any:
    return json.loads(schema_path(FILE).read_text(encoding="utf-8"))


@cache
def _validator(part: str) -> jsonschema_rs.Draft202012Validator:
    return _compiled({"$ref": f"#/$defs/{part}", "$defs": _schema()["$defs"]})


# A tenth of the time goes into following references, which only who tells of a fault needs.
@cache
def _judge_of(part: str) -> Callable[[Any], bool]:
    return _compiled(_written_out({"$ref": f"#/$defs/{part}"})).is_valid


def _compiled(schema: Any) -> jsonschema_rs.Draft202012Validator:
    # Expressions of the plain kind take time linear in the text, whatever somebody sends.
    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions()
    )


def _written_out(schema: Any) -> Any:
    """Return a part of the schema with what it refers to in its place."""
    if isinstance(schema, list):
        return [_written_out(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    members = {name: _written_out(member) for name, member in schema.items()}
    name = members.pop("$ref", "").removeprefix("#/$defs/")
    # What stands beside a reference is said more narrowly there.
    return _written_out(_schema()["$defs"][name]) | members if name else members


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
        if (other.rule, other.steps) != (one.rule, one.steps):
            return False
        # What is missing is known by its name, which comes first.
        return other.expected.partition(",")[0] == one.expected.partition(",")[0]
    length = min(len(other.steps), len(one.steps))
    return other.steps[:length] == one.steps[:length]
