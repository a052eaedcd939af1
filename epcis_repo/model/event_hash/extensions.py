"""
What extensions and master data say in a pre-hash string: `{namespace}name=value`, sorted.

An attribute counts as an element, so JSON and XML are alike (`bindings/xml/values.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from epcis_repo.model.event_hash.spelling import scalar_of

_COMMENT = "{http://www.w3.org/2000/01/rdf-schema#}comment"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil=true"
_URI_AND_LOCAL_NAME = re.compile(r"([^{].*[/#:])([^/#:]+)")


def extension_parts(members: Mapping[str, Any]) -> list[str]:
    """Return what each of `members` says, sorted."""
    parts = [
        part
        for name, value in members.items()
        if name != _COMMENT
        for part in _parts(_one_spelling(name), value)
    ]
    parts.sort()
    return parts


def extension_text(members: Mapping[str, Any]) -> str:
    """Return what all of `members` say."""
    return "".join(extension_parts(members)) if members else ""


def _one_spelling(name: str) -> str:
    name = name.removeprefix("@")
    # A name that is a URI is one whose prefix was never introduced.
    if match := _URI_AND_LOCAL_NAME.fullmatch(name):
        return f"{{{match[1]}}}{match[2]}"
    return name


def _parts(name: str, value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [part for item in value for part in _parts(name, item)]
    if value is None:
        return [name + _NIL]
    if not isinstance(value, Mapping):
        return [_equation(name, value)]
    text = value.get("#text")
    if not isinstance(text, str | int | Decimal):
        return [name + extension_text(value)]
    within = {member: content for member, content in value.items() if member != "#text"}
    return [_equation(name, text) + extension_text(within)]


def _equation(name: str, value: str | int | Decimal) -> str:
    text = scalar_of(value)
    # An extension that is there and empty says more than one that is absent.
    return f"{name}={text}" if text else name
