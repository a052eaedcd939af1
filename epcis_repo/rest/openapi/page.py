"""The description as a page to read: without scripts, and without anything from elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

Value = dict[str, Any]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: #8881; max-height: 24rem; overflow: auto; padding: .75rem }
summary { cursor: pointer } details { border-top: 1px solid #8884; padding: .5rem 0 }
table { border-collapse: collapse } td, th { padding: .15rem 1rem .15rem 0; text-align: left;
vertical-align: top } b { display: inline-block; min-width: 5rem }
:root { color-scheme: light dark }
"""


def page(description: Value) -> str:
    """Return the page of a description."""
    return "".join(_page(description))


def _page(value: Value) -> Iterator[str]:
    info = value["info"]
    yield f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(info['title'])}</title>"
    yield f"<meta name=viewport content='width=device-width'><style>{_STYLE}</style>"
    yield f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
    yield f"<p>{_prose(info['summary'])}</p><p>{_prose(info['description'])}</p>"
    yield "<p><a href=openapi.json>openapi.json</a> has all of this for programs.</p><nav><ul>"
    for tag in value["tags"]:
        name = escape(tag["name"])
        yield f"<li><a href='#{name}'>{name}</a>: {_prose(tag['description'])}"
    yield "<li><a href=#parameters>Parameters of queries</a></ul></nav>"
    for tag in value["tags"]:
        yield f"<h2 id='{escape(tag['name'])}'>{escape(tag['name'])}</h2>"
        for path, item in (*value["paths"].items(), *value["webhooks"].items()):
            for method, operation in item.items():
                if tag["name"] in operation["tags"] and method != "options":
                    yield from _operation(method, path, operation, value)
    yield "<h2 id=parameters>Parameters of queries</h2>"
    shared = value["components"]["parameters"].items()
    yield from _table(of for name, of in shared if name.startswith("query."))
    yield "</html>"


def _operation(method: str, path: str, operation: Value, whole: Value) -> Iterator[str]:
    yield f"<details id='{operation['operationId']}'><summary><b>{method.upper()}</b> "
    yield f"<code>{escape(path)}</code> {_prose(operation['summary'])}</summary>"
    if "description" in operation:
        yield f"<p>{_prose(operation['description'])}</p>"
    said = [_found(parameter, whole) for parameter in operation["parameters"]]
    in_query = [parameter for parameter in said if parameter["in"] == "query"]
    if len(in_query) > _MANY:
        yield "<p>The <a href=#parameters>parameters of queries</a>, and these:</p>"
        said = [parameter for parameter in said if parameter not in in_query]
    yield from _table(said)
    body = operation.get("requestBody", {}).get("content", {})
    if body:
        yield f"<h4>Body: {escape(', '.join(body))}</h4>"
        yield from _examples(body)
    for status, answer in operation["responses"].items():
        found = _found(answer, whole)
        yield f"<h4>{status}: {_prose(found['description'])}</h4>"
        headers = ", ".join(found.get("headers", ()))
        forms = ", ".join(found.get("content", ()))
        yield f"<p>{escape(' · '.join(filter(None, (forms, headers))))}</p>"
        yield from _examples(found.get("content", {}))
    yield "</details>"


# A list of so many is told once, at the end of the page.
_MANY = 10


def _found(value: Value, whole: Value) -> Value:
    if (reference := value.get("$ref")) is None:
        return value
    for step in reference.removeprefix("#/").split("/"):
        whole = whole[step]
    return whole


def _table(said: Iterable[Value]) -> Iterator[str]:
    rows = list(said)
    if not rows:
        return
    yield "<table><tr><th>in<th>name<th>what<th>example"
    for row in rows:
        name = escape(row["name"]) + (" (required)" if row["required"] else "")
        example = escape(str(row.get("example", "")))
        yield f"<tr><td>{row['in']}<td><code>{name}</code><td>{_prose(row['description'])}"
        yield f"<td><code>{example}</code>"
    yield "</table>"


def _examples(content: Value) -> Iterator[str]:
    examples = [form["example"] for form in content.values() if "example" in form]
    # Those of media types that are alike are alike.
    for example in examples[:1]:
        text = (
            example
            if isinstance(example, str)
            else json.dumps(example, indent=2, ensure_ascii=False)
        )
        yield f"<pre>{escape(text)}</pre>"


def _prose(text: str) -> str:
    """Return a text with what stands between backticks as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if n % 2 else piece for n, piece in enumerate(pieces))
