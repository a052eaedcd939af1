"""
The one place where JSON from outside becomes values. Hardened: what two parsers could read
in two ways, or a store could not keep, is refused, each with its place.

- A member that occurs twice in an object: the second would hide the first (RFC 8259, §4).
- NaN and the infinities, which are not JSON, and numbers that some parsers take for infinite.
- NUL and lone surrogates, which no text column keeps.
- Nesting beyond `DEPTH_MAX`, and bytes that are not UTF-8.

Numbers with a fraction or an exponent become `Decimal`, so that no digit is lost.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from epcis_repo.bindings.misfits import Finding, Misfits, json_pointer, misfit, storable
from epcis_repo.errors import ValidationError, Violation

DEPTH_MAX = 64
_BLANKS = " \t\r\n"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EXPONENT_DIGITS_MAX = 3
_INTEGER_DIGITS_64_BITS = 18


def load_json(body: bytes) -> Any:
    """Return the value in `body`; `ValidationError` with line and column when there is none."""
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {body[error.start]:#x} at offset {error.start}"
        raise _refusal("encoding", "UTF-8", found) from None
    if not text.strip():
        raise _refusal("json", "a JSON document", "nothing: the body is empty")
    try:
        value = _DECODER.decode(text.strip(_BLANKS))
    except (RecursionError, json.JSONDecodeError) as error:
        # How deep the decoder goes before it gives up is another matter with each Python, so
        # depth comes first, whatever it said.
        deep = _where_too_deep(text)
        if deep is not None or isinstance(error, RecursionError):
            found = f"a deeper value at {_place(text, deep or 0)}"
            raise _refusal("depth", _DEPTH_EXPECTED, found) from None
        # The decoder saw the text from its first character that is not a blank.
        offset = error.pos + len(text) - len(text.lstrip(_BLANKS))
        found = text[offset : offset + 20] or "the end of the document"
        raise _refusal("json", f"JSON at {_place(text, offset)} ({error.msg})", found) from None
    try:
        # Only an escape can bring a NUL or half a surrogate pair through UTF-8 and the decoder.
        _refuse_flaws(value, DEPTH_MAX, _SUSPECTS_AND_TEXT if "\\u" in text else _SUSPECTS)
    except Misfits as misfits:
        raise ValidationError([_violation(finding) for finding in misfits.findings]) from None
    return value


def load_trusted_json(data: bytes) -> Any:
    """Return the value in `data`, which `load_json` accepted before; numbers as it reads them."""
    return _TRUSTING_DECODER.decode(data.decode())


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in the value for what is refused, until the walk knows its place."""

    rule: str
    expected: str
    found: str


_SUSPECTS = frozenset({dict, list, _Flaw})
_SUSPECTS_AND_TEXT = _SUSPECTS | {str}


def _refuse_flaws(value: Any, levels: int, suspects: frozenset[type]) -> None:
    if isinstance(value, _Flaw):
        raise misfit(value.expected, value.found, rule=value.rule)
    if isinstance(value, str):
        _refuse_unstorable(value)
        return
    if levels == 0:
        raise misfit(_DEPTH_EXPECTED, value, rule="depth")
    if not isinstance(value, dict | list):
        return
    for step, member in value.items() if isinstance(value, dict) else enumerate(value):
        if str in suspects and isinstance(step, str):
            _refuse_unstorable(step)
        if type(member) in suspects:
            try:
                _refuse_flaws(member, levels - 1, suspects)
            except Misfits as misfits:
                raise Misfits(misfits.within(step)) from None


def _where_too_deep(text: str) -> int | None:
    # Reading the text again for the place costs nothing to those who send no such thing.
    depth = 0
    for token in _NESTING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth > DEPTH_MAX:
            return token.start()
    return None


_DEPTH_EXPECTED = f"JSON nested at most {DEPTH_MAX} deep"

# Brackets within strings are not nesting, so a string is one token, and one without an end goes
# to the end of the text. The possessive quantifiers keep a hostile text from making this go back.
_NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def _place(text: str, offset: int) -> str:
    line, column = text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)
    return f"line {line}, column {column}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    name, times = Counter(name for name, _ in pairs).most_common(1)[0]
    found = f"{name} {'twice' if times == 2 else f'{times} times'}"
    return _Flaw("duplicate-member", "every member of an object once", found)


def parse_number(text: str) -> int | Decimal:
    """
    Return the number that JSON or XML writes as `text`, digit by digit.

    `ValueError` for what is none, or is too large for those who take every number for a double.
    """
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    # What does not fit 64 bits is kept as text would be.
    if len(text) <= _INTEGER_DIGITS_64_BITS and text.lstrip("+-").isdecimal():
        return int(text)
    _, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-0")) > _EXPONENT_DIGITS_MAX or math.isinf(float(text)):
        raise ValueError(text)
    return Decimal(text)


_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")


def _number(text: str) -> int | Decimal | _Flaw:
    try:
        return parse_number(text)
    except ValueError:
        return _Flaw("number", "a number below 1.8e308, its exponent of three digits", text)


def _constant(text: str) -> _Flaw:
    return _Flaw("number", "a JSON number", text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_number,
    parse_int=_number,
    parse_constant=_constant,
)
_TRUSTING_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=parse_number)


def _refuse_unstorable(text: str) -> None:
    if "\0" in text:
        raise misfit("text without NUL", text, rule="text")
    if storable(text) != text:
        raise misfit("whole characters, no lone surrogate", text, rule="text")


def _refusal(rule: str, expected: str, found: str) -> ValidationError:
    return ValidationError([_violation(misfit(expected, found, rule=rule).findings[0])])


def _violation(finding: Finding) -> Violation:
    return Violation(json_pointer(finding.steps), finding.rule, finding.expected, finding.found)
