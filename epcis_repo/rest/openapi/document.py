"""
The description of all resources in OpenAPI 3.1: made of the table of resources, the table of
operations, and our schemas.

A path, its methods, the summary of each and the GS1-* headers are those of the resource itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from epcis_repo import __version__
from epcis_repo.rest.openapi import parameters
from epcis_repo.rest.openapi.operation import Content, Of, Operation
from epcis_repo.rest.openapi.operations import (
    CAPTURING,
    EVIDENCE,
    EXCEPTIONS,
    HOLDING,
    OPERATIONS,
    QUERYING,
    REACTIONS,
    SERVICE,
    SOAP,
    SUBSCRIBING,
    THINGS,
)
from epcis_repo.rest.openapi.parameters import Described
from epcis_repo.rest.openapi.schemas import EPCIS, components, reference
from epcis_repo.rest.problems import KINDS, PROBLEM, PROBLEM_XML
from epcis_repo.rest.router import Resource

Value = dict[str, Any]

_ABOUT = (
    "Every answer that is an error is a problem document (RFC 9457). `HEAD` is there with each "
    "`GET`, `OPTIONS` everywhere; any other method is 405, any other path 404. The examples are "
    "the answers of an empty repository to the requests that are shown, one after the other."
)
_TAGS = {
    CAPTURING: "Documents come in, whole or not at all.",
    QUERYING: "Events go out: by query, by eventID, by value (EPCIS 2.0, §12.7 and §12.8).",
    SUBSCRIBING: "Who subscribes to a query is told what it finds.",
    THINGS: "What is known of a thing, folded from the log.",
    HOLDING: "What is to go to nobody: held or recalled, and where all of it is.",
    EXCEPTIONS: "What does not agree, or is not fit: a case until it is closed, with its clock.",
    REACTIONS: "What becomes of what breaks a rule about things, and what was found so.",
    EVIDENCE: "What proves that the log only grows (RFC 6962, C2SP).",
    SOAP: "The query control interface as before 2.0; the WSDL describes it.",
    SERVICE: "The repository itself.",
}
# What any operation may be refused with, and any of the standard's.
_ALWAYS, _OF_STANDARD = (414, 500, 503), (400, 406)
_TITLES = {414: ["The URI is too long"], 501: ["Tokens are not kept"]}
_RETRIED = (409, 503, 507)


def template_of(path: str) -> str:
    """Return the path of a resource as OpenAPI has it."""
    return re.sub(r"\{(\w+)(:path)?\}", r"{\1}", path)


def path_of(operation: Operation) -> str:
    """Return the path of an operation as OpenAPI has it."""
    return operation.path or template_of(operation.row.partition(" ")[2])


def name_of(operation: Operation) -> str:
    """Return what an operation is called: method and path."""
    return f"{operation.row.partition(' ')[0]} {path_of(operation)}"


@cache
def answered() -> Mapping[str, Any]:
    """Return what the examples were answered, by the name of the operation."""
    found: dict[str, Any] = json.loads(
        Path(__file__).with_name("examples.json").read_text(encoding="utf-8")
    )
    return found


def description(resources: Iterable[Resource]) -> Value:
    """Return the description of `resources`."""
    by_path = {resource.path: resource for resource in resources}
    paths: dict[str, Value] = {}
    for operation in OPERATIONS:
        method, _, path = operation.row.partition(" ")
        item = paths.setdefault(path_of(operation), {})
        item[method.lower()] = _described(operation, method, by_path[path])
        item.setdefault("options", _options(operation, by_path[path]))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "epcis-repo",
            "summary": "A log of supply-chain facts that only grows, and answers folded from it.",
            "description": _ABOUT,
            "version": __version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": what} for name, what in _TAGS.items()],
        "paths": paths,
        "webhooks": {"your address": {"post": _delivery()}},
        "components": {
            "schemas": components(),
            "parameters": dict(_shared_parameters()),
            "responses": {f"problem-{status}": _problem(status) for status in _statuses()},
        },
    }


def _described(operation: Operation, method: str, resource: Resource) -> Value:
    summary, *more = _said_of(resource.methods[method])
    value: Value = {
        "operationId": _id_of(name_of(operation)),
        "tags": [operation.tag],
        "summary": summary,
    }
    if text := " ".join([*more, operation.more]).strip():
        value["description"] = text
    value["parameters"] = [*_parameters(operation, method, resource)]
    if operation.body:
        value["requestBody"] = {
            "required": True,
            "content": _with_example(operation.body, operation.sent.body),
        }
    value["responses"] = _responses(operation, resource)
    return value


def _said_of(endpoint: object) -> list[str]:
    """Return the paragraphs of a docstring, the first of which is what an endpoint does."""
    paragraphs = (getattr(endpoint, "__doc__", None) or "").strip().split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs]


def _id_of(name: str) -> str:
    # The first of the standard's resources is there with and without a slash at its end.
    distinct = re.sub(r"(?<=\w)/$", " slash", name.lower())
    return re.sub("[^a-z0-9]+", "-", distinct).strip("-")


def _parameters(operation: Operation, method: str, resource: Resource) -> Iterator[Value]:
    sent = operation.sent
    for name in re.findall(r"\{(\w+)\}", path_of(operation)):
        yield _parameter("path", name, parameters.PATH[name], _resolved(sent.path[name]))
    for name in operation.query:
        if name in sent.query:
            yield _parameter("query", name, parameters.QUERY[name], sent.query[name])
        else:
            yield {"$ref": f"#/components/parameters/query.{name}"}
    for name in (*operation.headers, *resource.headers.read.get(method, ())):
        yield {"$ref": f"#/components/parameters/header.{name}"}


def _parameter(where: str, name: str, described: Described, example: object = None) -> Value:
    schema, text = described
    required = where == "path" or name in parameters.REQUIRED
    value = {"name": name, "in": where, "required": required, "description": text, "schema": schema}
    return value if example is None else {**value, "example": example}


def _shared_parameters() -> Iterator[tuple[str, Value]]:
    for where, table in (("query", parameters.QUERY), ("header", parameters.HEADERS)):
        for name, described in table.items():
            yield f"{where}.{name}", _parameter(where, name, described)


def _resolved(value: str | Of) -> str:
    if isinstance(value, str):
        return value
    member: str = answered()[value.operation]["body"][value.member]
    return member


def _responses(operation: Operation, resource: Resource) -> Value:
    example = answered().get(name_of(operation), {})
    found: Value = {}
    for status, answer in operation.answers.items():
        is_shown = example.get("status") == status
        value: Value = {"description": answer.what}
        if headers := {
            **{
                name: {"required": True, "schema": {"const": text}}
                for name, text in resource.headers.on_all.items()
            },
            **{name: _header(name) for name in answer.headers},
        }:
            value["headers"] = headers
        if answer.content:
            value["content"] = _with_example(
                answer.content, example.get("body") if is_shown else None
            )
        found[str(status)] = value
    statuses = {*_ALWAYS, *operation.refusals, *(_OF_STANDARD if resource.headers.on_all else ())}
    for status in sorted(statuses):
        problem = {"$ref": f"#/components/responses/problem-{status}"}
        if str(status) in found:
            found[str(status)]["content"] |= _PROBLEMS
        elif example.get("status") == status:
            found[str(status)] = _problem(status, example["body"])
        else:
            found[str(status)] = problem
    return found


def _header(name: str) -> Value:
    schema, text = parameters.ANSWERED[name]
    return {"description": text, "schema": schema}


def _with_example(content: Content, example: Any) -> Value:
    """Return media types with their schemas, an example with those that it is of."""
    found: Value = {}
    for media_type, schema in content.items():
        found[media_type] = {"schema": schema} if schema else {}
        is_of_it = media_type.endswith("json") != isinstance(example, str) or media_type == "*/*"
        if example is not None and is_of_it:
            found[media_type]["example"] = example
    return found


_PROBLEMS: Value = {
    PROBLEM: {"schema": reference("problem")},
    PROBLEM_XML: {"schema": {"type": "string", "minLength": 1}},
}


def _problem(status: int, example: Any = None) -> Value:
    kinds = [title for known, _, title in KINDS.values() if known == status]
    value: Value = {"description": "; ".join(dict.fromkeys(kinds or _TITLES[status]))}
    if status in _RETRIED:
        value["headers"] = {"Retry-After": _header("Retry-After")}
    value["content"] = json.loads(json.dumps(_PROBLEMS))
    if example is not None:
        value["content"][PROBLEM]["example"] = example
    return value


def _statuses() -> list[int]:
    refused = (status for operation in OPERATIONS for status in operation.refusals)
    return sorted({*_ALWAYS, *_OF_STANDARD, 404, *refused})


def _options(operation: Operation, resource: Resource) -> Value:
    path = path_of(operation)
    statuses = {*_ALWAYS, *(_OF_STANDARD if resource.headers.on_all else ())}
    if "{" in path and resource.headers.on_all:
        statuses.add(404)
    headers = {
        name: {"required": True, "schema": {"type": "string", "minLength": 1}}
        for name in ("Allow", *resource.headers.on_all, *resource.headers.announced)
    }
    headers["Allow"]["example"] = resource.allow
    names = re.findall(r"\{(\w+)\}", path)
    return {
        "operationId": _id_of(f"OPTIONS {path}"),
        "tags": [operation.tag],
        "summary": "Say what there is to do, and how.",
        "parameters": [
            *(
                # What resources of our own allow, they allow whatever stands there.
                _parameter(
                    "path",
                    name,
                    (parameters.SOME_TEXT, parameters.PATH[name][1]),
                    _resolved(operation.sent.path[name]),
                )
                for name in names
            ),
            *(
                {"$ref": f"#/components/parameters/header.{name}"}
                for name in resource.headers.read.get("OPTIONS", ())
            ),
        ],
        "responses": {
            "204": {"description": "It is in the headers.", "headers": headers},
            **{
                str(status): {"$ref": f"#/components/responses/problem-{status}"}
                for status in sorted(statuses)
            },
        },
    }


def _delivery() -> Value:
    text = {"type": "string", "minLength": 1}
    said = {
        "webhook-id": "The name of the delivery, with each attempt the same.",
        "webhook-timestamp": "When it was attempted, in seconds since 1970.",
        "webhook-signature": "That of Standard Webhooks; GET /webhook-key gives the key.",
        "GS1-Signature": "`sha256=` and the HMAC of the body under the signatureToken, if any.",
    }
    return {
        "operationId": "delivery",
        "tags": [SUBSCRIBING],
        "summary": "What a subscriber is brought.",
        "parameters": [
            {
                "name": name,
                "in": "header",
                "required": name != "GS1-Signature",
                "description": what,
                "schema": text,
            }
            for name, what in said.items()
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": reference(f"{EPCIS}.EPCISQueryDocument")},
                "application/xml": {"schema": text},
                PROBLEM: {"schema": reference("problem")},
            },
        },
        "responses": {
            "2XX": {"description": "It was taken, within 30 seconds."},
            "413": {"description": "It comes again in halves."},
            "default": {"description": "It is attempted again."},
        },
    }
