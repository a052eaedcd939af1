"""
The one place where JSON from outside becomes values. Hardened: what two parsers could read
in two ways, or a store could not keep, is refused, each with its place.

- A member that occurs twice in an object: the second would hide the first (RFC 8259, §4).
- NaN and the infinities, which are not JSON, and numbers that some parsers take for infinite.
- NUL and lone surrogates, which no text column keeps.
- Nesting beyond `DEPTH_MAX`, and bytes that are not UTF-8.

Numbers with a fraction or an exponent become `Decimal`, so that no digit is lost.

Nearly all texts have nothing of that kind. `decode_quickly` has the quick parser read them, which
sees none of it, and then looks whether anything was lost.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from threading import local
from typing import Any

import orjson

from epcis_repo.bindings.misfits import Finding, Misfits, Step, json_pointer, misfit, storable
from epcis_repo.errors import ValidationError, Violation

DEPTH_MAX = 64
BLANKS = " \t\r\n"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NOTHING = ("json", "a JSON document", "nothing: the body is empty")
_EXPONENT_DIGITS_MAX = 3
_INTEGER_DIGITS_64_BITS = 18


def load_json(body: bytes) -> Any:
    """Return the value in `body`; `ValidationError` with line and column when there is none."""
    body = body.removeprefix(BYTE_ORDER_MARK)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf_8(error, error.start) from None
    if not text.strip():
        raise refusal(*NOTHING)
    _seen.flaw = False
    try:
        value = _DECODER.decode(text.strip(BLANKS))
    except (RecursionError, json.JSONDecodeError) as error:
        # How deep the decoder goes before it gives up is another matter with each Python, so
        # depth comes first, whatever it said.
        deep = where_too_deep(text)
        if deep is not None or isinstance(error, RecursionError):
            raise too_deep(place_in(text, deep or 0)) from None
        # The decoder saw the text from its first character that is not a blank.
        offset = error.pos + len(text) - len(text.lstrip(BLANKS))
        raise not_json(error.msg, place_in(text, offset), text[offset : offset + 20]) from None
    try:
        refuse_flaws(value, text, 0, len(text))
    except Misfits as misfits:
        raise refused(misfits.findings[0]) from None
    return value


def decode_at(text: str, start: int) -> tuple[Any, int]:
    """Return the value that begins at `start`, before `refuse_flaws`, and where it ends."""
    _seen.flaw = False
    return _DECODER.raw_decode(text, start)


def load_quickly(body: bytes) -> Any:
    """
    Return the object in `body` as `decode_quickly` does; None where `load_json` has to be asked.
    """
    try:
        text = body.removeprefix(BYTE_ORDER_MARK).decode("utf-8").strip(BLANKS)
    except UnicodeDecodeError:
        return None
    value, end = decode_quickly(text, 0) if text.startswith("{") else (None, 0)
    return value if end == len(text) else None


def decode_quickly(text: str, start: int, depth: int = 0) -> tuple[Any, int]:
    """
    Return the object that begins at `start`, where it is in `depth` other values, and its end.

    It is what `decode_at` returns, in half the time and with nothing in it that is refused, but for
    numbers with a fraction or very many digits, which are doubles here: who meets one has to ask
    `decode_at`. So has who gets None for a value, unless `text` ends before the object does: then
    the end is -1.
    """
    end, objects = _end_of_object(text, start)
    if end <= 0 or end - start > _QUICK_SIZE_MAX:
        return None, min(end, 0)
    # Without escapes each quotation mark begins or ends a text.
    if text.find("\\", start, end) >= 0:
        return None, 0
    data = text[start:end].encode()
    try:
        value = orjson.loads(data)
        # No integer beyond 53 bits, since some of them are a `Decimal`.
        again = orjson.dumps(value, option=orjson.OPT_STRICT_INTEGER)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None, 0
    # Of two members of one name the second hides the first, whose name is a text less.
    if again != data and again.count(b'"') != data.count(b'"'):
        return None, 0
    levels = DEPTH_MAX - depth
    if objects > levels or _has_brackets(text, "[", start, end, levels - objects):
        try:
            _refuse_flaws(value, levels, _SUSPECTS)
        except Misfits:
            return None, 0
    return value, end


def _end_of_object(text: str, start: int) -> tuple[int, int]:
    """
    Return where the object ends that begins at `start`, and how many there are in it with itself.

    A brace within a text misleads, but what ends there is no JSON. The end is -1 where `text` ends
    before, and 0 where there are so many objects that it is quicker to read them.
    """
    opening, closing, depth = start, start, 0
    for objects in range(1, _OBJECTS_MAX):
        closing = text.find("}", closing + 1)
        if closing < 0:
            return -1, 0
        while 0 <= opening < closing:
            depth += 1
            opening = text.find("{", opening + 1)
        depth -= 1
        if depth == 0:
            return closing + 1, objects
    return 0, 0


_OBJECTS_MAX = 256
# The quick parser takes a dozen times the memory of the text, and ends the process where it gets
# none.
_QUICK_SIZE_MAX = 1 << 20


def load_trusted_json(data: bytes) -> Any:
    """Return the value in `data`, which `load_json` accepted before; numbers as it reads them."""
    return _TRUSTING_DECODER.decode(data.decode())


@dataclass(frozen=True, slots=True)
class _Flaw:
    """Stands in the value for what is refused, until the walk knows its place."""

    rule: str
    expected: str
    found: str

    def __post_init__(self) -> None:
        """Tell the reader of this document that there is something to look for."""
        _seen.flaw = True


class _Seen(local):
    """What was met in the document that this thread is reading."""

    flaw = False


_seen = _Seen()
_SUSPECTS = frozenset({dict, list, _Flaw})
_SUSPECTS_AND_TEXT = _SUSPECTS | {str}


def refuse_flaws(value: Any, text: str, start: int, end: int, depth: int = 0) -> None:
    """
    Raise `Misfits` for the first thing that is refused in the value that was decoded last.

    It stands in `text` from `start` to `end`, and in `depth` other values.
    """
    # Only an escape can bring a NUL or half a surrogate pair through UTF-8 and the decoder.
    backslash = text.find("\\", start, end)
    escapes = backslash >= 0 and text.find("\\u", backslash, end) >= 0
    levels = DEPTH_MAX - depth
    if _seen.flaw or escapes or _has_brackets(text, "{[", start, end, levels):
        _refuse_flaws(value, levels, _SUSPECTS_AND_TEXT if escapes else _SUSPECTS)


def _has_brackets(text: str, brackets: str, start: int, end: int, count: int) -> bool:
    """Whether there are more than `count` of these `brackets`, which begin an object or a list."""
    # A text has few of them, and to look for the next takes a fraction of counting all.
    for bracket in brackets:
        at = text.find(bracket, start, end)
        while at >= 0 and count >= 0:
            count -= 1
            at = text.find(bracket, at + 1, end)
    return count < 0


def _refuse_flaws(value: Any, levels: int, suspects: frozenset[type]) -> None:
    if isinstance(value, _Flaw):
        raise misfit(value.expected, value.found, rule=value.rule)
    if isinstance(value, str):
        refuse_unstorable(value)
        return
    if levels == 0:
        raise misfit(_DEPTH_EXPECTED, value, rule="depth")
    if not isinstance(value, dict | list):
        return
    if isinstance(value, list) and suspects.isdisjoint(map(type, value)):
        return
    for step, member in value.items() if isinstance(value, dict) else enumerate(value):
        if str in suspects and isinstance(step, str):
            refuse_unstorable(step)
        if type(member) in suspects:
            try:
                _refuse_flaws(member, levels - 1, suspects)
            except Misfits as misfits:
                raise Misfits(misfits.within(step)) from None


def where_too_deep(text: str, start: int = 0, depth: int = 0) -> int | None:
    """Return where `text` goes too deep; at `start` it is at `depth`."""
    # Reading the text again for the place costs nothing to those who send no such thing.
    for token in _NESTING.finditer(text, start):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token.group(), 0)
        if depth > DEPTH_MAX:
            return token.start()
    return None


_DEPTH_EXPECTED = f"JSON nested at most {DEPTH_MAX} deep"

# Brackets within strings are not nesting, so a string is one token, and one without an end goes
# to the end of the text. The possessive quantifiers keep a hostile text from making this go back.
_NESTING = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


def place_in(text: str, offset: int, line: int = 1, column: int = 1) -> str:
    """Return the place of a character in words; `text` begins at `line` and `column`."""
    begins = text.rfind("\n", 0, offset) + 1
    line += text.count("\n", 0, offset)
    return f"line {line}, column {offset - begins + (1 if begins else column)}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Flaw:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    return _Flaw(*doubled(Counter(name for name, _ in pairs)))


def doubled(names: Counter[str]) -> tuple[str, str, str]:
    """Return what is wrong with an object whose members have these `names`: rule and words."""
    name, times = names.most_common(1)[0]
    found = f"{name} {'twice' if times == 2 else f'{times} times'}"
    return "duplicate-member", "every member of an object once", found


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


def _integer(text: str) -> int | Decimal | _Flaw:
    # The decoder has seen to it that these are digits.
    return int(text) if len(text) <= _INTEGER_DIGITS_64_BITS else _number(text)


def _constant(text: str) -> _Flaw:
    return _Flaw("number", "a JSON number", text)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_number,
    parse_int=_integer,
    parse_constant=_constant,
)
_TRUSTING_DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=parse_number)


def refuse_unstorable(text: str) -> None:
    """Raise `Misfits` for a text that no column keeps."""
    if "\0" in text:
        raise misfit("text without NUL", text, rule="text")
    if storable(text) != text:
        raise misfit("whole characters, no lone surrogate", text, rule="text")


def refusal(rule: str, expected: str, found: str) -> ValidationError:
    """Return what to raise for a text that is no JSON document of ours."""
    return refused(misfit(expected, found, rule=rule).findings[0])


def refused(finding: Finding, *steps: Step) -> ValidationError:
    """Return what to raise for a flaw of a value that is at `steps`."""
    pointer = json_pointer((*steps, *finding.steps))
    return ValidationError([Violation(pointer, finding.rule, finding.expected, finding.found)])


def not_utf_8(error: UnicodeDecodeError, offset: int) -> ValidationError:
    """Return what to raise for bytes that are no text."""
    return refusal("encoding", "UTF-8", f"byte {error.object[error.start]:#x} at offset {offset}")


def not_json(reason: str, place: str, found: str) -> ValidationError:
    """Return what to raise for a text that breaks off being JSON, in the decoder's words."""
    return refusal("json", f"JSON at {place} ({reason})", found or "the end of the document")


def too_deep(place: str) -> ValidationError:
    """Return what to raise for what stands in more values than we read."""
    return refusal("depth", _DEPTH_EXPECTED, f"a deeper value at {place}")
