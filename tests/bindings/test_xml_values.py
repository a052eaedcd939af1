"""Foreign XML as values: the table of `xml_values`, row by row, in both directions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from epcis_repo.bindings.xml.values import append_value, element_name, element_value, fill_element

NS = "urn:x"
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def read(inner: str) -> Any:
    """The value of an element `{urn:x}a` with `inner` for its rest."""
    return element_value(etree.fromstring(f'<x:a xmlns:x="{NS}" {inner}'))


def write(value: Any) -> str:
    """What is within an element after `value` was written to it as `{urn:x}a`."""
    root = etree.Element("root", nsmap={"x": NS})
    append_value(root, f"{{{NS}}}a", value)
    text = etree.tostring(root, encoding="unicode")
    return text.removeprefix(f'<root xmlns:x="{NS}">').removesuffix("</root>")


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        pytest.param("/>", "", id="empty"),
        pytest.param(">t</x:a>", "t", id="text"),
        pytest.param("> t\n</x:a>", " t\n", id="text with blanks"),
        pytest.param("><b>1</b></x:a>", {"b": "1"}, id="element"),
        pytest.param("><x:b>1</x:b></x:a>", {"{urn:x}b": "1"}, id="element in a namespace"),
        pytest.param("><b>1</b><b/></x:a>", {"b": ["1", ""]}, id="list"),
        pytest.param("><b/><b/><c/></x:a>", {"b": ["", ""], "c": ""}, id="list and another"),
        pytest.param('> <b c="1"/> </x:a>', {"b": {"@c": "1"}}, id="blanks between"),
        pytest.param('b="1"/>', {"@b": "1"}, id="attribute"),
        pytest.param('x:b="1">t</x:a>', {"@{urn:x}b": "1", "#text": "t"}, id="text and attribute"),
        pytest.param(f'{XSI} xsi:nil="true"/>', None, id="null"),
    ],
)
def test_an_element_is_a_value_and_back(inner: str, value: Any) -> None:
    """
    The value says what the element said, and is written as the same element.
    """
    assert read(inner) == value
    again = etree.fromstring(f'<root xmlns:x="{NS}">{write(value)}</root>')[0]
    assert element_value(again) == value


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(">t<b>1</b></x:a>", id="text before"),
        pytest.param("><b>1</b>t</x:a>", id="text after"),
        pytest.param("><b>1</b><c>2</c><b>3</b></x:a>", id="names that take turns"),
        pytest.param('b="1">t<x:b xmlns:y="urn:y" y:c="2"> 1 </x:b></x:a>', id="all of it"),
    ],
)
def test_what_a_value_cannot_say_is_kept_as_xml(inner: str) -> None:
    """
    The element is kept whole, in order, and without the declarations around it.
    """
    around = f'<r xmlns:x="{NS}" xmlns:unused="urn:unused"><x:a {inner}</r>'

    value = element_value(etree.fromstring(around)[0])

    assert set(value) == {"#xml"}
    assert "unused" not in value["#xml"]
    written = etree.fromstring(f'<root xmlns:x="{NS}">{write(value)}</root>')[0]
    assert element_value(written) == value
    assert etree.tostring(written, method="c14n", exclusive=True) == etree.tostring(
        etree.fromstring(around)[0], method="c14n", exclusive=True
    )


@pytest.mark.parametrize(
    ("value", "again"),
    [
        pytest.param(1, "1", id="integer"),
        pytest.param(Decimal("1.50"), "1.50", id="decimal"),
        pytest.param(True, "true", id="true"),
        pytest.param({"b": ["1"]}, {"b": "1"}, id="list of one"),
        pytest.param({"b": [["1", "2"], ["3"]]}, {"b": ["1", "2", "3"]}, id="list of lists"),
        pytest.param({"b": [], "c": "1"}, {"c": "1"}, id="empty list"),
        pytest.param({}, "", id="empty object"),
        pytest.param({"#text": "t"}, "t", id="text alone"),
        pytest.param({"http://x/y#z": "1"}, {"{http://x/y#}z": "1"}, id="URI as a name"),
    ],
)
def test_what_xml_cannot_say_comes_back_as_what_is_next_to_it(value: Any, again: Any) -> None:
    """
    The limits of XML are those of the table, and no others.
    """
    root = etree.fromstring(f'<root xmlns:x="{NS}">{write(value)}</root>')

    assert element_value(root[0]) == again


@pytest.mark.parametrize(
    "spelt", ["urn:epcglobal:cbv:mda", "urn:epcglobal:cbv:mda:", "urn:epcglobal:cbv:mda#"]
)
def test_cbv_master_data_has_one_namespace(spelt: str) -> None:
    """
    The three spellings that partners use are one name.
    """
    element = etree.fromstring(f'<a xmlns:m="{spelt}" m:b="1"><m:c>2</m:c></a>')

    assert element_value(element) == {
        "@{urn:epcglobal:cbv:mda}b": "1",
        "{urn:epcglobal:cbv:mda}c": "2",
    }


@pytest.mark.parametrize("name", ["", "1a", "a b", "a:", "{}a", "{urn:x}", "#text", ":a", "{urn:x"])
def test_what_cannot_be_a_name(name: str) -> None:
    """
    A name that XML has not is refused.
    """
    with pytest.raises(ValueError):
        element_name(name)


def test_a_value_says_nothing_twice() -> None:
    """
    An attribute that is there already stays what it is.
    """
    root = etree.Element("root", id="1")

    with pytest.raises(ValueError, match="already"):
        fill_element(root, {"@id": "2"})

    assert root.get("id") == "1"
