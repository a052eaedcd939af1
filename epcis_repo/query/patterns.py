"""
The values of MATCH parameters: identifiers, and patterns that many match (EPCIS 2.0, §8.2.7.1.1).

A pattern is that of the EPC Tag Data Standard: `urn:epc:idpat:sgtin:0614141.112345.*`, in which
components from some place on are `*`. Three more forms say what cannot be said so: a pattern of
lots is `urn:epc:class:lgtin:0614141.112345.*`; the last component may be a range of serials,
`[1-99]`, as in patterns of tags; a GTIN by itself, as a Digital Link, stands for all its things.

Identifiers are compared by canonical key, so a pattern finds URNs and Digital Links alike. A
Digital Link does not show where its company prefix ends: it has the one that it begins with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import SCHEMES, Identifier, Level, Scheme, parse_identifier, parse_urn
from epcis_repo.model.found_by import class_of, class_tag
from epcis_repo.query.predicates import Matching, Pattern
from epcis_repo.query.values import Given, words

_URN = re.compile(r"urn:epc:(idpat|class):([a-z]+):(.*)")
_RANGE = re.compile(r"\[([0-9]{1,20})-([0-9]{1,20})\]")
_COMPANY_PREFIX = re.compile("[0-9]{6,12}")
# In a key whatever is no letter or digit is escaped, so a slash is only between its parts.
_PART = "[^/]+"


def instances(given: Given) -> Matching:
    """Read what things may be: EPCs, and patterns of them."""
    return _read(given, of_classes=False)


def classes(given: Given) -> Matching:
    """Read what classes may be. A `*` stands for any component, and for one that is `*` as well."""
    return _read(given, of_classes=True)


def _read(given: Given, *, of_classes: bool) -> Matching:
    keys, patterns = set[str](), list[Pattern]()
    for text in words(given):
        urn = _URN.fullmatch(text)
        if urn is not None and (urn[1] == "idpat" or "*" in text or _RANGE.search(text)):
            found = _of_urn(text, *urn.groups(), of_classes=of_classes)
        else:
            identifier = parse_identifier(text)
            of_all = identifier.level is Level.CLASS and identifier.serial is None
            found = _of_class(identifier, of_classes=of_classes) if of_all else identifier.key
        if isinstance(found, str):
            keys.add(found)
        else:
            patterns.append(found)
    return Matching(frozenset(keys), tuple(patterns))


def _of_urn(text: str, kind: str, name: str, body: str, *, of_classes: bool) -> Pattern | str:
    scheme = SCHEMES.get(name)
    if scheme is None or scheme.class_level != (kind == "class"):
        expected = "one of the EPC schemes, and class only for lgtin"
        raise IdentifierError(text, part="scheme", expected=expected, found=f"{kind}:{name}")
    components = scheme.components if scheme.ai else ("component",) * _component_count(scheme)
    parts = body.split(".", len(components) - 1)
    if len(parts) != len(components) or not parts[0]:
        expected = f"{len(components)}: {', '.join(components)}"
        raise IdentifierError(text, part="components", expected=expected, found=body)
    known = parts.index("*") if "*" in parts else len(parts)
    if set(parts[known:]) - {"*"}:
        raise IdentifierError(text, part="pattern", expected="nothing but * after a *", found=body)
    if scheme.ai is None:
        return _of_text(scheme, parts[:known], len(parts), text)
    serials = _RANGE.fullmatch(parts[-1]) if scheme.serial is not None else None
    if known == len(parts) and serials is None:
        return parse_urn(f"{scheme.urn_prefix}{body}").key
    if scheme.serial is not None and known >= len(parts) - 1:
        # Any serial will do to learn what precedes it in the key.
        known_key = parse_urn(f"{scheme.urn_prefix}{'.'.join(parts[:-1])}.1").key
        return _of_serials(scheme, known_key, serials, of_classes=of_classes)
    return _of_companies(scheme, parts[:known], text, of_classes=of_classes)


def _component_count(scheme: Scheme) -> int:
    return scheme.urn_only.count(r"\.") + 1


def _of_text(scheme: Scheme, known: Sequence[str], count: int, text: str) -> Pattern | str:
    """Return what matches a scheme whose keys are URNs."""
    if len(known) == count:
        return parse_urn(scheme.urn_prefix + ".".join(known)).key
    beginning = scheme.urn_prefix + "".join(f"{part}." for part in known)
    expression = re.escape(beginning) + r"\.".join(["[^.]*"] * (count - len(known)))
    return Pattern(expression, ranges=_ranges([beginning]) if known else ())


def _of_class(identifier: Identifier, *, of_classes: bool) -> Pattern:
    """Return what matches all things of a class."""
    scheme = identifier.scheme
    assert scheme.serial is not None
    joint = f"/{scheme.serial.ai}/" if scheme.serial.ai else ""
    return _of_serials(scheme, f"{identifier.key}{joint}1", None, of_classes=of_classes)


def _of_serials(
    scheme: Scheme, known_key: str, serials: re.Match[str] | None, *, of_classes: bool
) -> Pattern:
    """Return what differs from a key in its serial, or has none."""
    beginning = class_of(known_key)
    assert scheme.serial is not None
    assert beginning is not None
    bare = beginning.removesuffix(f"/{scheme.serial.ai}/")
    tags = {class_tag(beginning)}
    if serials is not None:
        low, high = (int(number) for number in serials.groups())
        if low > high:
            raise IdentifierError(serials[0], part="range", expected="the lower number first")
        expression = f"{re.escape(beginning)}({_PART})"
        return Pattern(expression, tuple(tags), serials=(low, high))
    needs_serial = _needs_serial(scheme, of_classes=of_classes)
    expression = re.escape(bare) + _serial_expression(scheme, needs_serial=needs_serial)
    if not needs_serial:
        tags.add(class_tag(bare))
    # Where a class has a tag that its things do not have, there is nothing more to look at.
    is_exact = scheme.serial.ai is not None or not needs_serial
    return Pattern(expression, tuple(sorted(tags)), is_exact=is_exact)


def _needs_serial(scheme: Scheme, *, of_classes: bool) -> bool:
    """Whether what has no serial is something else: a class, where things are asked for."""
    may_be_absent = of_classes or (scheme.serial is not None and scheme.serial.blank != "")
    return scheme.class_level or not may_be_absent


def _serial_expression(scheme: Scheme, *, needs_serial: bool) -> str:
    if scheme.serial is None:
        return ""
    serial = f"/{scheme.serial.ai}/{_PART}" if scheme.serial.ai else _PART
    return serial if needs_serial else f"(?:{serial})?"


def _of_companies(scheme: Scheme, known: Sequence[str], text: str, *, of_classes: bool) -> Pattern:
    """Return what matches a company prefix, or any, and what is known behind it."""
    prefix, *others = known or [""]
    if prefix and not _COMPANY_PREFIX.fullmatch(prefix):
        raise IdentifierError(text, part="company prefix", expected="6 to 12 digits", found=prefix)
    if others:
        # All but the last of the numbers that an ITIP counts its pieces with.
        filled = [*known, *("0" * length for length in scheme.counts[len(others) - 1 :])]
        value = parse_urn(f"{scheme.urn_prefix}{'.'.join(filled)}.1").value
        beginnings = [value[: -sum(scheme.counts[len(others) - 1 :])]]
    else:
        # The first digit of the reference goes before the prefix.
        indicators = "0123456789" if scheme.indicator and prefix else ("",)
        beginnings = [f"{scheme.lead}{indicator}{prefix}" for indicator in indicators]
    beginning = "|".join(beginnings)
    rest = _PART
    if scheme.digits:
        rest = f"[0-9]{{{scheme.check_digit_at + sum(scheme.counts) - len(beginnings[0])}}}"
    needs_serial = _needs_serial(scheme, of_classes=of_classes)
    serial = _serial_expression(scheme, needs_serial=needs_serial)
    paths = [f"{scheme.ai}/{begun}" for begun in beginnings]
    return Pattern(
        f"{scheme.ai}/(?:{beginning}){rest}{serial}",
        ranges=_ranges([class_tag(p) for p in paths] if scheme.serial else paths) if known else (),
    )


def _ranges(beginnings: Sequence[str]) -> tuple[tuple[str, str], ...]:
    # All that follows in a key comes before this in every order of characters.
    return tuple((beginning, beginning + "\x7f") for beginning in beginnings)
