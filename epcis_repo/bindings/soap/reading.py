"""
Requests over SOAP: envelopes to messages, and what stands in them.

The schema says whether a message is as it should be. What it leaves open is the value of a
parameter, which is of the type that `xsi:type` names: it becomes what JSON would have.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

from epcis_repo.bindings.json_loader import parse_number
from epcis_repo.bindings.soap.errors import EnvelopeError
from epcis_repo.bindings.soap.operations import ENVELOPE, OPERATIONS, VERSIONS
from epcis_repo.bindings.xml.parser import line_of, parse_xml
from epcis_repo.bindings.xml.schema import findings_of
from epcis_repo.bindings.xml.values import XSI
from epcis_repo.errors import QueryParameterError, ValidationError, Violation
from epcis_repo.model.times import DATE_TIME_EXPECTED, parse_timestamp

_XSD = "http://www.w3.org/2001/XMLSchema"
# What some toolkits name the types of XML Schema by, since they have the same names there.
_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
_NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
_PATH = "/Envelope/Body"
# There are some three hundred that a query could have.
_PARAMS_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Untyped:
    """The value of a parameter that names no type: it is what the parameter takes it for."""

    text: str


@dataclass(frozen=True, slots=True)
class Message:
    """A request: the version of EPCIS that it speaks, and the element that says what is asked."""

    version: str
    element: etree._Element

    @property
    def operation(self) -> str:
        """One of `OPERATIONS`."""
        return etree.QName(self.element).localname

    def members(self) -> dict[str, Any]:
        """
        Return what it says, by the standard's names, as JSON would have it.

        `params` has the values of the parameters by name, `Untyped` where no type is given. Raises
        `ValidationError` for a message that is not as the schema says, and `QueryParameterError`
        for a parameter that comes twice, or has a value that is not of its own type.
        """
        self._refuse_many()
        params = [
            ((param.findtext("name") or "").strip(), value)
            for param in self.element.iterfind("params/param")
            if (value := param.find("value")) is not None
        ]
        # Anything may stand in a value: it is read, and then no business of the schema's.
        said = [(name, _given(name, value)) for name, value in params]
        for _, value in params:
            value.clear()
        self._refuse_misfits()
        given = dict[str, Any]()
        for name, value_or_error in said:
            if isinstance(value_or_error, QueryParameterError):
                raise value_or_error
            if name in given:
                expected, found = "each parameter once", f"{name} twice"
                raise QueryParameterError(name, expected=expected, found=found)
            given[name] = value_or_error
        members = {str(child.tag): _member(child) for child in self.element}
        return members | {"params": given} if "params" in members else members

    def _refuse_many(self) -> None:
        params = self.element.find("params")
        if params is not None and len(params) > _PARAMS_MAX:
            place, found = f"{_PATH}/{self.operation}/params", f"{len(params)} elements"
            raise _refusal(place, f"{_PARAMS_MAX} parameters at most", params, found=found)

    def _refuse_misfits(self) -> None:
        place = f"{_PATH}/{self.operation}"
        found = [
            Violation(
                "/".join([place, *map(str, finding.steps)]),
                finding.rule,
                finding.expected,
                finding.found,
                line=finding.line or line_of(self.element),
            )
            for finding in findings_of(self.element, f"control-{self.version}")
        ]
        if found:
            raise ValidationError(found)


def parse_message(body: bytes) -> Message:
    """
    Return the request in an envelope.

    Raises `EnvelopeError` for what SOAP has a word for, and `ValidationError` for what is no
    request, each with its place.
    """
    root = parse_xml(body)
    kind = etree.QName(root)
    if kind.localname == "Envelope" and kind.namespace != ENVELOPE:
        raise EnvelopeError(
            "VersionMismatch",
            f"this is SOAP 1.1, whose envelope is in {ENVELOPE}; found {kind.namespace}",
        )
    if kind.localname != "Envelope":
        raise _refusal("", "an Envelope of SOAP 1.1", root)
    for entry in root.iterfind(f"{{{ENVELOPE}}}Header/*"):
        actor = entry.get(f"{{{ENVELOPE}}}actor")
        if entry.get(f"{{{ENVELOPE}}}mustUnderstand") == "1" and actor in (None, _NEXT):
            raise EnvelopeError("MustUnderstand", f"nobody here understands the header {entry.tag}")
    body_of_it = root.find(f"{{{ENVELOPE}}}Body")
    if body_of_it is None:
        raise _refusal("/Envelope", "a Body", root)
    asked = list(body_of_it)
    if len(asked) != 1:
        raise _refusal(_PATH, "one operation", body_of_it, found=f"{len(asked)} elements")
    [element] = asked
    kind = etree.QName(element)
    if kind.namespace not in VERSIONS or kind.localname not in OPERATIONS:
        expected = f"one of {', '.join(OPERATIONS)} in {' or '.join(VERSIONS)}"
        raise _refusal(_PATH, expected, element)
    return Message(VERSIONS[kind.namespace], element)


def _refusal(
    place: str, expected: str, element: etree._Element, *, found: str | None = None
) -> ValidationError:
    found = f"<{element.tag}>" if found is None else found
    return ValidationError([Violation(place, "soap", expected, found, line=line_of(element))])


def _member(element: etree._Element) -> Any:
    if len(element):
        return {str(child.tag): _member(child) for child in element}
    text = (element.text or "").strip()
    return text in ("true", "1") if element.tag == "reportIfEmpty" else text


# --- the value of a parameter ---


def _given(name: str, element: etree._Element) -> Any:
    """Return the value of a parameter, or the error that it is."""
    try:
        return _value(name, element)
    except QueryParameterError as error:
        return error


def _value(name: str, element: etree._Element) -> Any:
    declared = element.get(f"{{{XSI}}}type")
    if element.get(f"{{{XSI}}}nil") in ("true", "1"):
        # EPCIS 1.2, §8.2.5: an empty value is as good as none.
        return ""
    if declared is None:
        return _strings(name, element) if len(element) else Untyped((element.text or "").strip())
    prefix, _, local = declared.strip().rpartition(":")
    namespace = element.nsmap.get(prefix or None)
    if namespace in VERSIONS and local == "ArrayOfString":
        return _strings(name, element)
    if namespace in VERSIONS and local == "VoidHolder":
        return None
    if namespace not in (_XSD, _ENCODING) or local not in _TYPES:
        expected = "a value of a type of XML Schema, an ArrayOfString or a VoidHolder"
        raise QueryParameterError(name, expected=expected, found=declared)
    read, expected = _TYPES[local]
    text = element.text or ""
    if len(element):
        raise QueryParameterError(name, expected=expected, found=f"<{element[0].tag}>")
    try:
        return read(text)
    except ValueError:
        raise QueryParameterError(name, expected=expected, found=text) from None


def _strings(name: str, element: etree._Element) -> list[str]:
    for child in element:
        if child.tag != "string" or len(child):
            expected = "elements <string> with text"
            raise QueryParameterError(name, expected=expected, found=f"<{child.tag}>")
    return [child.text or "" for child in element]


def _moment(text: str) -> str:
    parse_timestamp(text.strip())
    return text.strip()


def _number(text: str) -> int | Decimal:
    return parse_number(text.strip())


def _whole(text: str) -> int:
    number = parse_number(text.strip())
    if not isinstance(number, int):
        raise ValueError(text)  # noqa: TRY004 - it is a text of another form
    return number


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[_known(text.strip())]


def _known(text: str) -> str:
    if text not in ("true", "1", "false", "0"):
        raise ValueError(text)
    return text


_TEXTS = ("string", "normalizedString", "token", "anyURI", "NMTOKEN", "Name", "NCName")
_WHOLES = (
    "integer",
    "int",
    "long",
    "short",
    "byte",
    "nonNegativeInteger",
    "positiveInteger",
    "unsignedLong",
    "unsignedInt",
    "unsignedShort",
    "unsignedByte",
)
_TYPES: dict[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys(_TEXTS, (str, "text")),
    **dict.fromkeys(_WHOLES, (_whole, "a whole number")),
    **dict.fromkeys(("decimal", "double", "float"), (_number, "a number")),
    **dict.fromkeys(("dateTime", "dateTimeStamp"), (_moment, DATE_TIME_EXPECTED)),
    "boolean": (_boolean, "true or false"),
}
