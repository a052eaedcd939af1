"""
Who judges a document: the reader with the rules, our schemas, and those of the standard, each by
a native validator and by another one for a second opinion.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema
import jsonschema_rs
import xmlschema
from lxml import etree

from epcis_repo.bindings import JSON_LD, XML, parse_document, read_events
from epcis_repo.bindings.schemas import schema_path
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.times import parse_timestamp
from epcis_repo.validation import validate
from tests.shared_data import shared

# By the namespace of a root: our file, that of the standard.
XML_SCHEMAS = {
    "urn:epcglobal:epcis:xsd:1": ("epcis-1.2", "xsd-1.2/EPCglobal-epcis-1_2"),
    "urn:epcglobal:epcis:xsd:2": ("epcis-2.0", "xsd-2.0/EPCglobal-epcis-2_0"),
    "urn:epcglobal:epcis-query:xsd:1": ("query-1.2", "xsd-1.2/EPCglobal-epcis-query-1_2"),
    "urn:epcglobal:epcis-query:xsd:2": ("query-2.0", "xsd-2.0/EPCglobal-epcis-query-2_0"),
    "urn:epcglobal:epcis-masterdata:xsd:1": (
        "masterdata-1.2",
        "xsd-1.2/EPCglobal-epcis-masterdata-1_2",
    ),
    "urn:epcglobal:epcis-masterdata:xsd:2": (
        "masterdata-2.0",
        "xsd-2.0/EPCglobal-epcis-masterdata-2_0",
    ),
}


@dataclass(frozen=True)
class Verdicts:
    """What each has against a document: nothing, where it is accepted."""

    reader: tuple[Violation, ...]
    ours: tuple[Violation, ...]
    schema: tuple[str, ...]
    second: tuple[str, ...]
    official: tuple[str, ...]


def verdicts_on_json(value: Any) -> Verdicts:
    """Return what all have against a JSON document."""
    body = json.dumps(value).encode()
    return Verdicts(
        _refused(body, JSON_LD),
        violations_of(body, JSON_LD),
        tuple(map(_shown, our_json_schema().iter_errors(value))),
        tuple(map(_shown_second, second_json_schema().iter_errors(value))),
        tuple(map(_shown, official_json_schema().iter_errors(value))),
    )


def verdicts_on_xml(root: etree._Element) -> Verdicts:
    """Return what all have against an XML document."""
    body = etree.tostring(root, encoding="utf-8")
    root = etree.fromstring(body)
    ours, official = XML_SCHEMAS[str(etree.QName(root).namespace)]
    return Verdicts(
        _refused(body, XML),
        violations_of(body, XML),
        _errors(our_xml_schema(ours), root),
        tuple(str(error.reason) for error in second_xml_schema(ours).iter_errors(body.decode())),
        _errors(official_xml_schema(official), root),
    )


def violations_of(body: bytes, media_type: str) -> tuple[Violation, ...]:
    """Return why a document may not be captured."""
    try:
        for _ in validate(read_events(body, media_type)):
            pass
    except ValidationError as error:
        return error.violations
    return ()


def _refused(body: bytes, media_type: str) -> tuple[Violation, ...]:
    try:
        parse_document(body, media_type)
    except ValidationError as error:
        return error.violations
    return ()


def _shown(error: jsonschema_rs.ValidationError) -> str:
    return f"/{'/'.join(map(str, error.instance_path))}: {error.message}"


def _shown_second(error: jsonschema.ValidationError) -> str:
    return f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"


def _errors(schema: etree.XMLSchema, root: etree._Element) -> tuple[str, ...]:
    if schema.validate(root):
        return ()
    errors: Any = schema.error_log
    return tuple(f"{error.path}: {error.message}" for error in errors)


@cache
def our_json() -> Any:
    return json.loads(schema_path("epcis-2.0.schema.json").read_text(encoding="utf-8"))


@cache
def our_json_schema() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(our_json(), validate_formats=True)


@cache
def second_json_schema() -> jsonschema.Draft202012Validator:
    checker = jsonschema.FormatChecker(())

    @checker.checks("date-time", raises=ValueError)
    def _is_time(text: object) -> bool:
        return not isinstance(text, str) or bool(parse_timestamp(text))

    return jsonschema.Draft202012Validator(our_json(), format_checker=checker)


@cache
def official_json_schema() -> jsonschema_rs.Draft7Validator:
    schema = json.loads(shared("gs1/EPCIS-JSON-Schema.json").read_text())
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


@cache
def our_xml_schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(schema_path(f"{name}.xsd")))


@cache
def second_xml_schema(name: str) -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(schema_path(f"{name}.xsd")), allow="local")


@cache
def official_xml_schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(shared(f"gs1/{name}.xsd")))
