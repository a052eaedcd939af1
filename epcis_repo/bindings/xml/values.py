"""
An XML element as a value that JSON could carry, and back.

| XML                              | value                                       |
| -------------------------------- | ------------------------------------------- |
| text alone                       | text                                        |
| `<name>` within                  | a member `{namespace}name`; several, a list |
| attribute                        | a member `@name`, or `@{namespace}name`     |
| text beside attributes           | a member `#text`                            |
| `xsi:nil="true"` alone           | null                                        |
| text and elements mixed, or      | a member `#xml`: the element, canonical     |
| names that take turns (a, b, a)  |                                             |

The standard has no mapping for foreign XML elements; this one loses nothing of them. XML knows
only text, though, so what JSON alone can say comes back as what is next to it:

| JSON                             | comes back from XML as                      |
| -------------------------------- | ------------------------------------------- |
| a number, true or false          | the text of it                              |
| a list of one, or within a list  | its members, one after the other            |
| an empty list                    | nothing                                     |
| an empty object                  | empty text                                  |
| an object of `#text` alone       | the text                                    |
| a name that is a URI             | `{namespace}name`                           |

Anything else that XML cannot carry is refused with `ValueError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from lxml import etree

from epcis_repo.bindings.names import canonical_namespace
from epcis_repo.bindings.xml.parser import parse_xml

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_NIL = f"{{{XSI}}}nil"
_NAME = re.compile(r"(?:\{[^}]+\})?[^\W\d][\w.\-]*")
_URI_AND_LOCAL_NAME = re.compile(r"([^\W\d].*[/#:])([^\W\d][\w.\-]*)")


def tag_of(element: etree._Element) -> str:
    """Return the name of `element`, its namespace in the one spelling."""
    return _spelt(str(element.tag))


def attributes_of(element: etree._Element) -> dict[str, str]:
    """Return the attributes of `element`, their namespaces in the one spelling."""
    return {_spelt(str(name)): str(value) for name, value in element.items()}


# A document has few names, and each of them very often.
@lru_cache(maxsize=1_024)
def _spelt(name: str) -> str:
    namespace, brace, local = name[1:].partition("}")
    return f"{{{canonical_namespace(namespace)}}}{local}" if brace else name


def element_value(element: etree._Element, *known: str) -> Any:
    """Return the content and attributes of `element` as a value, without the `known` ones."""
    attributes = {}
    if element.keys():
        attributes = {n: text for n, text in attributes_of(element).items() if n not in known}
    if not attributes and not len(element):
        return element.text or ""
    if attributes == {_NIL: "true"} and not len(element) and not element.text:
        return None
    members: dict[str, Any] = {f"@{name}": text for name, text in attributes.items()}
    previous = None
    for child in element:
        name = tag_of(child)
        if name in members and name != previous:
            return {"#xml": _canonical_text(element)}
        add_member(members, name, element_value(child))
        previous = name
    if len(element):
        texts = (element.text, *(child.tail for child in element))
        return (
            {"#xml": _canonical_text(element)} if any(t and t.strip() for t in texts) else members
        )
    if element.text:
        members["#text"] = element.text
    return members


def add_member(members: dict[str, Any], name: str, value: Any) -> None:
    """Add to `members` one more element `name`: several are a list."""
    if name not in members:
        members[name] = value
    elif isinstance(members[name], list):
        members[name].append(value)
    else:
        members[name] = [members[name], value]


def append_value(parent: etree._Element, name: str, value: Any) -> None:
    """Append to `parent` what `value` says of an element `name`: one, or one for each of a list."""
    if isinstance(value, list | tuple):
        for item in value:
            append_value(parent, name, item)
    elif isinstance(value, Mapping) and "#xml" in value:
        # It may come from JSON, so it is as foreign as any document.
        element = parse_xml(str(value["#xml"]).encode())
        if len(value) > 1 or tag_of(element) != _spelt(element_name(name)):
            raise ValueError(f"#xml of {name} is not just an element of that name")
        parent.append(element)
    else:
        fill_element(etree.SubElement(parent, element_name(name)), value)


def fill_element(element: etree._Element, value: Any) -> None:
    """Give `element` the content and attributes that `value` says."""
    if value is None:
        element.set(_NIL, "true")
    elif isinstance(value, Mapping):
        for name, member in value.items():
            if name == "#text" and not element.text:
                element.text = value_text(member)
            elif name.startswith("@"):
                set_attribute(element, name[1:], member)
            else:
                append_value(element, name, member)
    else:
        element.text = value_text(value)


def set_attribute(element: etree._Element, name: str, value: Any) -> None:
    """Give `element` one more attribute."""
    if element.get(element_name(name)) is not None:
        raise ValueError(f"{element.tag} has an attribute {name} already")
    element.set(element_name(name), value_text(value))


def value_text(value: Any) -> str:
    """Return a text, number or boolean as XML writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | Decimal):
        return str(value)
    raise ValueError(f"{value!r} is not the text that XML has room for")


def element_name(name: str) -> str:
    """Return `name` as lxml has it; a URI is parted before its last segment."""
    if _NAME.fullmatch(name):
        return name
    if match := _URI_AND_LOCAL_NAME.fullmatch(name):
        return f"{{{match[1]}}}{match[2]}"
    raise ValueError(f"{name!r} cannot be the name of an XML element")


def _canonical_text(element: etree._Element) -> str:
    # Canonical, so that it says nothing of the document around it (exclusive C14N).
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False).decode()
