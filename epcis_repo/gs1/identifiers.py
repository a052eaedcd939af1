"""
Identifiers of things, classes, places and parties, in each way that they are written.

An `Identifier` is the same value whether it came from an EPC URN, a GS1 Digital Link, an
element string or a canonical key. The canonical key is what the repository indexes: the
path of the canonical Digital Link, or the URI itself where there is no Digital Link form.
It needs no table of company prefixes, so an identifier with an unknown prefix has one too.

Rules kept here:
- Check digits are verified where they come in and computed where they go out.
- A URI that is no EPC URN and no Digital Link is a private URI, never an error.
- A key with the right shape and the wrong check digit is an error, never a private URI.
- The fast path of `canonical_key` returns what the parsers would have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from urllib.parse import quote, unquote

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import check_digit, element_strings, reference
from epcis_repo.gs1.schemes import PRIVATE_URI, SCHEMES, SHORT_NAMES, Scheme, X

DIGITAL_LINK_DOMAIN = "https://id.gs1.org/"


class Level(StrEnum):
    """What an identifier names: one thing, or a class of them."""

    INSTANCE = "instance"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Identifier:
    """
    A parsed identifier; made by the parsers of this module only.

    `value` is the GS1 key, with its check digit, and `serial` what makes it an instance (or
    the lot of an LGTIN), both as raw characters. Where there is no Digital Link form, `value`
    is the URI. The length of the company prefix is known only to URNs and is no part of
    what is identified.
    """

    scheme: Scheme
    value: str
    serial: str | None = None
    company_prefix_length: int | None = field(default=None, compare=False)

    @property
    def level(self) -> Level | None:
        """Instance or class; None for a private URI, which does not say."""
        if self.scheme is PRIVATE_URI:
            return None
        is_class = self.scheme.class_level or (self.scheme.has_pattern and self.serial is None)
        return Level.CLASS if is_class else Level.INSTANCE

    @property
    def key(self) -> str:
        """The canonical key, as `canonical_key` returns it."""
        if self.scheme.ai is None:
            return self.value
        path = f"{self.scheme.ai}/{_link_escaped(self.value)}"
        if self.scheme.serial is None or self.serial is None:
            return path
        joint = f"/{self.scheme.serial.ai}/" if self.scheme.serial.ai else ""
        return f"{path}{joint}{_link_escaped(self.serial)}"


def _link_escaped(text: str) -> str:
    # Values hold characters of set 82 at most, so letters and digits are ASCII.
    return text if text.isalnum() else quote(text, safe="")


# --- the hot path ---

# What precedes a serial, as it was written, with what precedes it in the key and the length
# that the serial may have. Only what has parsed is remembered, and only where any letters
# and digits are a good serial. Emptied when full, so hostile input costs time, never memory.
_KNOWN_HEADS: dict[str, tuple[str, int]] = {}
_KNOWN_HEADS_MAX = 65_536
_KNOWN_HEAD_LENGTH_MAX = 100


def canonical_key(text: str) -> str:
    """
    Return the key under which the repository knows the URI `text`.

    `urn:epc:id:sgtin:030001.0001234.11` and any Digital Link to the same pack give
    `01/00300010012346/21/11`. A private URI, and an EPC without a Digital Link form, is
    its own key. Raises `IdentifierError` for an EPC or a Digital Link that is wrong, and
    for what is no absolute URI.
    """
    head, _, serial = text.rpartition("." if text[:4] == "urn:" else "/")
    known = _KNOWN_HEADS.get(head)
    if known and serial.isalnum() and serial.isascii() and len(serial) <= known[1]:
        return known[0] + serial
    return _parsed_key(text) if len(text) <= _KNOWN_HEAD_LENGTH_MAX else _parse_uri(text).key


# A container is named again in each event of its way: packed, put on a pallet, shipped.
@lru_cache(maxsize=16_384)
def _parsed_key(text: str) -> str:
    identifier = _parse_uri(text)
    _remember(text, identifier)
    return identifier.key


def canonical_keys(texts: Iterable[str]) -> list[str]:
    """Return the canonical key of each of `texts`."""
    return keys_and_class(texts)[0]


def keys_and_class(texts: Iterable[str]) -> tuple[list[str], str | None]:
    """
    Return the canonical key of each of `texts`, and what precedes the serial in all of them.

    None where that differs, or where it was not seen at a glance.
    """
    texts = list(texts)
    keys, key_head = _keys_of_a_list(texts)
    return (list(map(canonical_key, texts)), None) if keys is None else (keys, key_head)


# Below so many, one by one is as fast.
_LIST_LENGTH_MIN = 8


def _keys_of_a_list(texts: list[str]) -> tuple[list[str] | None, str | None]:
    """
    Return the keys of serials that all have one known head, as those of a lot do; else None.

    They are looked at as one text, so that only those are looked at by themselves that have more
    than letters and digits. With them comes what precedes the serials.
    """
    if len(texts) < _LIST_LENGTH_MIN:
        return None, None
    first, joint = min(texts), "."
    if first[:4] != "urn:":
        joint = "/"
    head = first.rpartition(joint)[0]
    # What the first and the last by alphabet begin with, all begin with.
    if (known := _KNOWN_HEADS.get(head)) is None or not max(texts).startswith(head + joint):
        return None, None
    key_head, length_max = known
    begin = len(head) + 1
    lengths = {*map(len, texts)}
    if min(lengths) <= begin:
        return None, None
    serials = [text[begin:] for text in texts]
    joined = "".join(serials)
    # Of bytes it takes a third of the time to see that they are letters and digits.
    if max(lengths) <= begin + length_max and joined.isascii() and joined.encode().isalnum():
        return [key_head + serial for serial in serials], key_head
    if not joined.isascii():
        return None, None
    keys = [
        key_head + serial if serial.isalnum() and len(serial) <= length_max else canonical_key(text)
        for serial, text in zip(serials, texts, strict=True)
    ]
    # What looks like a serial may be more of a Digital Link, and lead to another class.
    are_alike = joint == "." or all(key.startswith(key_head) for key in keys)
    return keys, key_head if are_alike else None


def _remember(text: str, identifier: Identifier) -> None:
    serial, component = identifier.serial, identifier.scheme.serial
    if serial is None or component is None or not serial.isalnum():
        return
    if component.characters != X or component.blank:
        return
    if text.startswith("urn:"):
        joint = "."
    # After `?` or `#`, what looks like the serial of a Digital Link is none.
    elif component.ai is not None and "?" not in text and "#" not in text:
        joint = f"/{component.ai}/"
    else:
        return
    head = text[: -len(serial) - 1]
    if text.endswith(joint + serial) and len(head) <= _KNOWN_HEAD_LENGTH_MAX:
        if len(_KNOWN_HEADS) >= _KNOWN_HEADS_MAX:
            _KNOWN_HEADS.clear()
        _KNOWN_HEADS[head] = (identifier.key[: -len(serial)], component.length_max)


# --- parsing ---

_URNS = {row.urn_prefix: (row, False) for row in SCHEMES.values()}
_URNS |= {row.pattern_prefix: (row, True) for row in SCHEMES.values() if row.has_pattern}

_ROWS_BY_AI: dict[str, list[Scheme]] = {}
for _row in SCHEMES.values():
    if _row.ai is not None:
        _ROWS_BY_AI.setdefault(_row.ai, []).append(_row)

_PRIMARY_NAMES = {name for name, ai in SHORT_NAMES.items() if ai in _ROWS_BY_AI} | {*_ROWS_BY_AI}
_QUALIFIERS = {
    ai: {name for row in rows for name in row.qualifiers}
    | {row.serial.ai for row in rows if row.serial and row.serial.ai}
    for ai, rows in _ROWS_BY_AI.items()
}
# A primary AI and its qualifiers, each with a value, are all that a Digital Link ends in.
_LINK_SEGMENTS_MAX = 2 + 2 * max(map(len, _QUALIFIERS.values()))

_HTTP_PATH = re.compile(r"https?://[^/?#]+/([^?#]*)", re.IGNORECASE)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_COMPANY_PREFIX = re.compile("[0-9]{6,12}")
_GTIN = re.compile("[0-9]{8}|[0-9]{12,14}")
_GTIN_AND_SERIAL = re.compile(r"([0-9]{8}|[0-9]{12,14})(?:\s+|\s*[/,.]\s*)(\S+)")

# What a URN may contain as it is; all else is escaped (TDS §6.3, GS3A3Char and CPRefChar).
_TDS_ESCAPED = re.compile(r"(?:[!'()*+,\-.0-9:;=A-Z_a-z]|%[0-9A-Fa-f]{2})*")
_TDS_LITERALS = "!'()*+,:;="


def parse_identifier(text: str) -> Identifier:
    """
    Return the identifier that a person has scanned, typed or pasted.

    That is a URI, a canonical key, an element string, an SSCC (18 digits), a GTIN (8, 12,
    13 or 14 digits; a GLN has to be given as `(414)…`), or a GTIN and a serial with spaces,
    a slash, a comma or a dot between. Digits that could be one of the last three are not
    read as an element string unless they have brackets or a symbology identifier. Raises
    `IdentifierError` if a part of it is wrong, `ScanError` if it is none of these.
    """
    text = text.strip()
    if _ABSOLUTE.match(text):
        return _parse_uri(text)
    if (elements := _path_elements(text.split("/", _LINK_SEGMENTS_MAX))) is not None:
        return _from_elements(elements, text)
    if len(text) == 18 and text.isascii() and text.isdigit():
        return _from_elements({"00": text}, text)
    if _GTIN.fullmatch(text):
        return _from_elements({"01": text}, text)
    if match := _GTIN_AND_SERIAL.fullmatch(text):
        return _from_elements({"01": match[1], "21": match[2]}, text)
    return parse_element_string(text)


def parse_element_string(text: str) -> Identifier:
    """Return what the element string `text`, with or without brackets, identifies."""
    return _from_elements(element_strings.split(text), text)


def from_elements(elements: Mapping[str, str]) -> Identifier:
    """Return what the values of these application identifiers name; the first key counts."""
    return _from_elements(elements, "".join(f"({ai}){elements[ai]}" for ai in elements))


def parse_digital_link(text: str) -> Identifier:
    """Return what the GS1 Digital Link `text`, of any domain, identifies."""
    elements = link_elements(text)
    if elements is None:
        raise IdentifierError(text, part="URI", expected="a GS1 Digital Link")
    return _from_elements(elements, text)


def link_elements(text: str) -> dict[str, str] | None:
    """Return the elements in the path of a GS1 Digital Link, None for any other URI."""
    match = _HTTP_PATH.match(text)
    if match is None:
        return None
    segments = match[1].rsplit("/", _LINK_SEGMENTS_MAX)[-_LINK_SEGMENTS_MAX:]
    for start in range(len(segments) - 1):
        if segments[start] in _PRIMARY_NAMES:
            elements = _path_elements(segments[start:])
            if elements is not None:
                return elements
    return None


def parse_urn(text: str) -> Identifier:
    """Return what the URN `text`, of an EPC or a class of EPCs, identifies."""
    kind, _, rest = text[8:].partition(":")
    name, _, body = rest.partition(":")
    if text[:8].lower() != "urn:epc:" or kind not in ("id", "idpat", "class"):
        # Tag and raw URNs are about memory, and no event may have them (EPCIS §6.4).
        expected = "urn:epc:id:, urn:epc:idpat: or urn:epc:class:"
        raise IdentifierError(text, part="URN", expected=expected)
    if (found := _URNS.get(f"urn:epc:{kind}:{name}:")) is None:
        names = [urn.split(":")[3] for urn in _URNS if urn.startswith(f"urn:epc:{kind}:")]
        expected = f"one of {', '.join(names)}"
        raise IdentifierError(text, part="scheme", expected=expected, found=name)
    scheme, is_pattern = found
    if scheme.ai is None:
        if not scheme.pattern.fullmatch(body):
            expected = f"what the {name} scheme allows"
            raise IdentifierError(text, part=name, expected=expected, found=body)
        return Identifier(scheme, text)
    return _parse_components(scheme, is_pattern, body, text)


def _parse_components(scheme: Scheme, is_pattern: bool, body: str, text: str) -> Identifier:
    # The last component may contain dots.
    parts = body.split(".", len(scheme.components) - 1)
    if len(parts) != len(scheme.components):
        expected = f"{len(scheme.components)}: {', '.join(scheme.components)}"
        raise IdentifierError(text, part="components", expected=expected, found=body)
    prefix = parts[0]
    if not _COMPANY_PREFIX.fullmatch(prefix):
        expected = "6 to 12 digits"
        raise IdentifierError(text, part="company prefix", expected=expected, found=prefix)

    key = _number_key(scheme, parts, text) if scheme.digits else _text_key(scheme, parts, text)
    if is_pattern and parts[-1] != "*":
        raise IdentifierError(text, part=scheme.components[-1], expected="*", found=parts[-1])
    if is_pattern or scheme.serial is None:
        return Identifier(scheme, key, None, len(prefix))

    serial = _unescaped(parts[-1], scheme.serial.name, text)
    if not scheme.serial.pattern.fullmatch(serial):
        part, expected = scheme.serial.name, scheme.serial.expected
        raise IdentifierError(text, part=part, expected=expected, found=parts[-1])
    return Identifier(scheme, key, None if serial == scheme.serial.blank else serial, len(prefix))


def _number_key(scheme: Scheme, parts: list[str], text: str) -> str:
    prefix, ref, *others = parts
    counts = others[: len(scheme.counts)]
    lengths = (scheme.digits - len(prefix), *scheme.counts)
    for part, length, found in zip(scheme.components[1:], lengths, (ref, *counts), strict=False):
        if not _is_number(found, length):
            raise IdentifierError(text, part=part, expected=f"{length} digits", found=found)
    at = 1 if scheme.indicator else 0
    key = f"{scheme.lead}{ref[:at]}{prefix}{ref[at:]}"
    return key + check_digit.compute(key) + "".join(counts)


def _text_key(scheme: Scheme, parts: list[str], text: str) -> str:
    prefix, ref = parts[0], _unescaped(parts[1], scheme.reference, text)
    if not ref or not scheme.pattern.fullmatch(prefix + ref):
        expected = scheme.expected_reference(len(prefix))
        raise IdentifierError(text, part=scheme.reference, expected=expected, found=parts[1])
    return prefix + ref


def _is_number(text: str, length: int) -> bool:
    return len(text) == length and text.isascii() and (text.isdigit() or not length)


def _unescaped(component: str, part: str, text: str) -> str:
    if not _TDS_ESCAPED.fullmatch(component):
        expected = "letters, digits, !'()*+,-.:;=_ and %-escapes for \"%&/<>?#"
        raise IdentifierError(text, part=part, expected=expected, found=component)
    return unquote(component)


def _parse_uri(text: str) -> Identifier:
    if text[:8].lower() == "urn:epc:":
        return parse_urn(text)
    elements = link_elements(text)
    if elements is not None:
        return _from_elements(elements, text)
    if PRIVATE_URI.pattern.fullmatch(text):
        return Identifier(PRIVATE_URI, text)
    raise IdentifierError(text, part="URI", expected="an absolute URI")


def _path_elements(segments: list[str]) -> dict[str, str] | None:
    """Return the elements if `segments` are a primary AI, its value and its qualifiers."""
    names = [SHORT_NAMES.get(name, name) for name in segments[::2]]
    primary = names[0]
    if primary not in _ROWS_BY_AI or len(segments) % 2:
        return None
    if len(set(names)) < len(names) or not _QUALIFIERS[primary].issuperset(names[1:]):
        return None
    elements = dict(zip(names, map(unquote, segments[1::2]), strict=True))
    scheme = _ROWS_BY_AI[primary][0]
    return elements if scheme.pattern.fullmatch(_padded(scheme, elements[primary])) else None


def _from_elements(elements: Mapping[str, str], text: str) -> Identifier:
    primary = next((ai for ai in elements if ai in _ROWS_BY_AI), None)
    if primary is None:
        expected = "one that identifies something, such as 01 or 00"
        found = ", ".join(elements)
        raise IdentifierError(text, part="application identifier", expected=expected, found=found)
    rows = _ROWS_BY_AI[primary]
    scheme = next((row for row in rows if row.serial and row.serial.ai in elements), rows[0])
    match = scheme.pattern.fullmatch(_padded(scheme, elements[primary]))
    if match is None:
        raise IdentifierError(
            text, part=f"({primary})", expected=scheme.expected_value, found=elements[primary]
        )
    value, serial = match.groups()
    if scheme.check_digit_at:
        check_digit.verify(value[: scheme.check_digit_at], within=text)
    if scheme.serial is None:
        return Identifier(scheme, value)
    if scheme.serial.ai is not None:
        serial = elements.get(scheme.serial.ai, scheme.serial.blank)
        given = scheme.serial.ai in elements
        if given and not scheme.serial.pattern.fullmatch(serial):
            raise IdentifierError(
                text, part=scheme.serial.name, expected=scheme.serial.expected, found=serial
            )
    return Identifier(scheme, value, None if serial == scheme.serial.blank else serial)


def _padded(scheme: Scheme, value: str) -> str:
    return value.rjust(scheme.digits + 1, "0") if len(value) in scheme.shorter else value


# --- rendering ---


def urn(identifier: Identifier, *, company_prefix_length: int | None = None) -> str:
    """
    Return `identifier` as an EPC URN.

    The URN shows where the company prefix ends: as given here, else as it was in the URN
    that `identifier` came from, else as GS1 has published. Raises `IdentifierError` when
    none of them says; the Digital Link can always be had. A private URI is returned as it is.
    """
    scheme, value = identifier.scheme, identifier.value
    if scheme.ai is None:
        return value
    value = value[len(scheme.lead) :]
    indicator = value[:1] if scheme.indicator else ""
    end = scheme.digits or len(value)
    number, counts = value[len(indicator) : end], value[end + 1 :]
    length = (
        company_prefix_length
        or identifier.company_prefix_length
        or reference.company_prefix_length(number)
    )
    if length is None:
        expected = "one whose length GS1 has published, or to be told its length"
        raise IdentifierError(identifier.key, part="company prefix", expected=expected)
    prefix, ref = number[:length], number[length:]
    if not _COMPANY_PREFIX.fullmatch(prefix) or not (ref or scheme.digits):
        expected = f"{length} digits, 6 to 12 in all, and a reference"
        raise IdentifierError(identifier.key, part="company prefix", expected=expected)

    components = [prefix, indicator + quote(ref, safe=_TDS_LITERALS)]
    for count in scheme.counts:
        components.append(counts[:count])
        counts = counts[count:]
    if scheme.serial is None:
        return scheme.urn_prefix + ".".join(components)
    if identifier.serial is None and scheme.has_pattern:
        return scheme.pattern_prefix + ".".join([*components, "*"])
    serial = quote(identifier.serial or scheme.serial.blank, safe=_TDS_LITERALS)
    return scheme.urn_prefix + ".".join([*components, serial])


def digital_link(identifier: Identifier) -> str:
    """Return `identifier` as canonical GS1 Digital Link, or as its URI if it has none."""
    if identifier.scheme.ai is None:
        return identifier.value
    return DIGITAL_LINK_DOMAIN + identifier.key


def element_string(identifier: Identifier, *, bracketed: bool = True) -> str:
    """
    Return `identifier` as an element string, with brackets or as a scanner would send it.

    Raises `IdentifierError` for what has no GS1 key: a private URI and EPCs known by URN alone.
    """
    scheme, value, serial = identifier.scheme, identifier.value, identifier.serial
    if scheme.ai is None:
        raise IdentifierError(value, part="scheme", expected="one with a GS1 key")
    elements = [(scheme.ai, value)]
    if scheme.serial is not None and serial is not None:
        if scheme.serial.ai is None:
            elements = [(scheme.ai, value + serial)]
        else:
            elements.append((scheme.serial.ai, serial))
    if bracketed:
        return "".join(f"({ai}){value}" for ai, value in elements)
    primary = reference.application_identifier(scheme.ai)
    separator = element_strings.GS if primary is not None and primary.delimited else ""
    return separator.join(ai + value for ai, value in elements)
