"""What is not JSON, or not JSON that everybody reads in the same way, is refused with its place."""

from __future__ import annotations

import json
import time
import tracemalloc
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.bindings.json_loader import (
    DEPTH_MAX,
    decode_quickly,
    load_json,
    load_quickly,
    load_trusted_json,
    parse_number,
)
from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.documents import Document

MEGA = 1_000_000


def refusal(body: bytes) -> Violation:
    with pytest.raises(ValidationError) as caught:
        load_json(body)
    assert len(caught.value.violations) == 1
    return caught.value.violations[0]


@pytest.mark.parametrize(
    ("body", "place", "expected", "found"),
    [
        pytest.param(b"", "", "a JSON document", "nothing", id="empty"),
        pytest.param(b" \r\n\t", "", "a JSON document", "nothing", id="blanks"),
        pytest.param(b"\xef\xbb\xbf", "", "a JSON document", "nothing", id="byte order mark alone"),
        pytest.param(b"%PDF-1.7\n", "", "line 1, column 1", "%PDF", id="PDF"),
        pytest.param(b"%PDF-1.7\n\xe2\xe3", "", "UTF-8", "0xe2 at offset 9", id="binary PDF"),
        pytest.param(b'{"a":\n  {', "", "line 2, column 4", "the end", id="cut short"),
        pytest.param(b'\n\n  {"a": 1,}', "", "line 3, column 1", "}", id="comma at the end"),
        pytest.param(b"{'a': 1}", "", "line 1, column 2", "'a'", id="single quotes"),
        pytest.param(b'{"a": 1} {"b": 2}', "", "line 1, column 10", '{"b"', id="trailing garbage"),
        pytest.param(b'{"a": "x', "", "line 1, column 7", '"x', id="text without end"),
        pytest.param(b'{"a": "\t"}', "", "line 1, column 8", "\t", id="raw control character"),
        pytest.param(b'{"a": .5}', "", "line 1, column 7", ".5", id="no digit before the point"),
        pytest.param(b'{"a": 01}', "", "line 1, column 8", "1}", id="leading zero"),
        pytest.param('{"a": "é"}'.encode("latin-1"), "", "UTF-8", "0xe9", id="Latin-1"),
        pytest.param('{"a": 1}'.encode("utf-16"), "", "UTF-8", "offset 0", id="UTF-16 with mark"),
        pytest.param('{"a": 1}'.encode("utf-16-le"), "", "column 2", "\\u0000", id="UTF-16"),
        pytest.param(b'{"a": "\xed\xa0\x80"}', "", "UTF-8", "0xed", id="surrogate in UTF-8"),
        pytest.param(b'{"a": "\xc0\x80"}', "", "UTF-8", "0xc0", id="overlong NUL"),
        pytest.param(b'{"a": 1, "a": 2}', "", "once", "a twice", id="member twice"),
        pytest.param(
            b'{"a": [1, {"b/c": {"d": 1, "\\u0064": 1, "d": 2}}]}',
            "/a/1/b~1c",
            "once",
            "d 3 times",
            id="member three times, deep down and once escaped",
        ),
        pytest.param(
            b'{"a": {"\\ud800": 1, "\\ud800": 2}}', "/a", "once", "? twice", id="surrogate twice"
        ),
        pytest.param(b'{"a": [NaN]}', "/a/0", "a JSON number", "NaN", id="NaN"),
        pytest.param(b'{"a": Infinity}', "/a", "a JSON number", "Infinity", id="Infinity"),
        pytest.param(b'{"a": -Infinity}', "/a", "a JSON number", "-Infinity", id="-Infinity"),
        pytest.param(b"NaN", "", "a JSON number", "NaN", id="NaN alone"),
        pytest.param(b'{"a": 1e999}', "/a", "below 1.8e308", "1e999", id="infinite to others"),
        pytest.param(b'{"a": -1.5E+309}', "/a", "below 1.8e308", "-1.5E+309", id="just infinite"),
        pytest.param(b'{"a": 1' + b"0" * 400 + b"}", "/a", "1.8e308", "10000", id="long integer"),
        pytest.param(b'{"a": 0e99999999999}', "/a", "three digits", "0e9", id="huge exponent"),
        pytest.param(b'{"a": 1e-1000}', "/a", "three digits", "1e-1000", id="tiny exponent"),
        pytest.param(b'{"a": ["x\\u0000y"]}', "/a/0", "without NUL", "x\\u0000y", id="NUL"),
        pytest.param(b'{"a": {"\\u0000": 1}}', "/a", "without NUL", "\\u0000", id="NUL in a name"),
        pytest.param(b'["\\ud83d"]', "/0", "surrogate", "?", id="first half of a pair"),
        pytest.param(b'["\\ude00"]', "/0", "surrogate", "?", id="second half of a pair"),
        pytest.param(b'["\\ude00\\ud83d"]', "/0", "surrogate", "??", id="pair the wrong way round"),
        pytest.param(b'{"\\udfff": 1}', "", "surrogate", "?", id="half a pair in a name"),
        pytest.param(b'"\\ud800"', "", "surrogate", "?", id="half a pair alone"),
    ],
)
def test_refuses(body: bytes, place: str, expected: str, found: str) -> None:
    """
    Each fault says where it is, what was expected and what was found, in text that can be kept.
    """
    violation = refusal(body)

    assert violation.pointer == place
    assert expected in violation.expected
    assert found in violation.found
    assert "\0" not in str(violation)
    str(violation).encode()


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(b'\xef\xbb\xbf{"a": 1}', {"a": 1}, id="byte order mark"),
        pytest.param(b' \n{"a": 1}\r\n', {"a": 1}, id="blanks around"),
        pytest.param(b'{"a": {"b": 1}, "b": {"a": 1}}', {"a": {"b": 1}, "b": {"a": 1}}, id="reuse"),
        pytest.param(b'["\\ud83d\\ude00"]', ["\U0001f600"], id="whole surrogate pair"),
        pytest.param(b'"NaN, Infinity, \\\\u0000"', "NaN, Infinity, \\u0000", id="in text"),
        pytest.param(b'{"": 0}', {"": 0}, id="empty name"),
        pytest.param(b"[1E308, -1e-999, 0e999]", [Decimal("1E308"), Decimal("-1e-999"), 0], id="e"),
    ],
)
def test_accepts(body: bytes, value: object) -> None:
    """
    What only looks suspicious is read as it stands.
    """
    assert load_json(body) == value


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "-7",
        "999999999999999999",
        "9223372036854775808",
        "-18446744073709551617",
        "12345678901234567890123456789012345678901234567890",
        "9" * 300,
        "0.1",
        "1.10",
        "0.1000000000000000055511151231257827",
        "-0.0",
        "1E-7",
        "1.5E+300",
        "0." + "123456789" * 1000,
    ],
    ids=lambda text: text[:24],
)
def test_numbers_keep_every_digit(text: str) -> None:
    """
    A number is written again digit by digit, and is the same when the log is read.
    """
    value = load_json(f'{{"ex:n": {text}}}'.encode())

    body = render_jsonld(Document(extensions=value))

    assert f'"ex:n":{text}'.encode() in body
    assert load_json(body)["ex:n"] == load_trusted_json(body)["ex:n"] == value["ex:n"]
    assert isinstance(value["ex:n"], int | Decimal)


def test_accepted_numbers_are_finite_to_others() -> None:
    """
    Whoever takes numbers for doubles can read what we accept.
    """
    body = b"[" + b"9" * 308 + b", 1.7e308, -1e-999]"

    assert load_json(body)
    assert orjson.loads(body)


@pytest.mark.parametrize(
    "text", ["", "NaN", "sNaN", "INF", "-Infinity", "1_000", "١٢", "0x1F", "1e", "--1", "1,5", " 1"]
)
def test_a_number_is_ascii_digits(text: str) -> None:
    """
    Python's wider idea of a number is not ours.
    """
    with pytest.raises(ValueError):
        parse_number(text)


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + "1" + closing * depth).encode()


class TestDepth:
    @pytest.mark.parametrize(
        ("opening", "closing"),
        [pytest.param("[", "]", id="lists"), pytest.param('{"a":', "}", id="objects")],
    )
    def test_is_limited(self, opening: str, closing: str) -> None:
        """
        The deepest level that is allowed is accepted, the next is refused.
        """
        load_json(nested(DEPTH_MAX, opening, closing))
        violation = refusal(nested(DEPTH_MAX + 1, opening, closing))

        assert violation.rule == "depth"
        assert f"at most {DEPTH_MAX}" in violation.expected

    def test_counts_no_brackets_in_texts(self) -> None:
        """
        Brackets within a text are text, also after an escaped quotation mark.
        """
        text = '\\"[[[[' * 100

        assert load_json(json.dumps([text]).encode()) == [text]

    @pytest.mark.parametrize(
        "parts",
        [
            pytest.param((b"", b"[", 10 * MEGA), id="brackets"),
            pytest.param((b"", b'{"a":', 2 * MEGA), id="objects"),
            pytest.param((b"", b'[{"a":', 2 * MEGA), id="alternating"),
            pytest.param((b"[" * 2000 + b'"', b"\\", 5 * MEGA), id="brackets, then a text"),
        ],
    )
    def test_costs_nothing_to_refuse(self, parts: tuple[bytes, bytes, int]) -> None:
        """
        Ten megabytes of brackets are refused at once, in the memory that the text needs.
        """
        begin, repeated, times = parts
        body = begin + repeated * times
        tracemalloc.start()
        started = time.monotonic()

        violation = refusal(body)

        seconds, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert violation.rule == "depth"
        assert "line 1, column" in violation.found
        assert seconds < 3
        assert peak < 4 * len(body) + MEGA


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'["' + b"\\" * (5 * MEGA), id="text of backslashes without end"),
        pytest.param(b'["' + b'\\"' * (3 * MEGA), id="text of escaped quotes without end"),
        pytest.param(b"[" + b"1" * MEGA + b"]", id="a number of a million digits"),
        pytest.param(b"[1." + b"1" * MEGA + b"e999]", id="a fraction of a million digits"),
        pytest.param(
            b"{" + b",".join(b'"%d":1' % n for n in range(MEGA // 4)) + b',"9":1}',
            id="many members, the first of two far from the second",
        ),
        pytest.param(b"[" + b'{"a":1},' * (MEGA // 4) + b"NaN]", id="a fault after much"),
        pytest.param(b'["' + b"\\u00e9" * MEGA + b'\\ud800"]', id="a surrogate after much"),
    ],
)
def test_refuses_in_linear_time(body: bytes) -> None:
    """
    No text makes the loader go back on itself.
    """
    started = time.monotonic()

    refusal(body)

    assert time.monotonic() - started < 3


def digits_kept(value: Any) -> bool:
    """Whether there is no number in a value that was made of digits that are lost."""
    if isinstance(value, dict | list):
        return all(map(digits_kept, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float)


class TestReadQuickly:
    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('{"a":{"b":[1,"c",true,null,{}]},"é":"€😀"}', id="all kinds"),
            pytest.param('{ "a" : [ 1 , 2 ] ,\n\t"b": {} }', id="blanks"),
            pytest.param('{"a":-0,"b":9007199254740991}', id="the largest of integers"),
            pytest.param('{"a":' + "[" * 63 + "]" * 63 + "}", id="just deep enough"),
            pytest.param(f'{{"a":[{",".join(["[]"] * 100)}]}}', id="many lists"),
            pytest.param(f'{{"a":[{",".join(["{}"] * 200)}]}}', id="many objects"),
            pytest.param(f'{{"a":"{"x" * 100_000}"}}', id="long"),
        ],
    )
    def test_is_what_is_read(self, text: str) -> None:
        """
        What has nothing in it that others read in another way is read by the quick parser.
        """
        value = load_quickly(text.encode())

        assert value == load_json(text.encode())
        assert decode_quickly(f"[{text}, {{}}", 1) == (value, len(text) + 1)

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('{"a":1,"a":1}', id="member twice"),
            pytest.param('{"a":{"b":1, "b":2}}', id="member twice, further down"),
            pytest.param('{"a":1,"\\u0061":1}', id="member twice, once escaped"),
            pytest.param('{"a":"b","a" :"c"}', id="member twice, with a blank"),
            pytest.param('{"a":"\\u0000"}', id="NUL"),
            pytest.param('{"a":"\\ud800"}', id="half a pair"),
            pytest.param('{"a":9007199254740993}', id="integer beyond a double"),
            pytest.param('{"a":1e999}', id="infinite"),
            pytest.param('{"a":NaN}', id="NaN"),
            pytest.param('{"a":' + "[" * 64 + "]" * 64 + "}", id="too deep by lists"),
            pytest.param('{"a":' * 65 + "1" + "}" * 65, id="too deep by objects"),
            pytest.param('{"a":[' * 33 + "]}" * 33, id="too deep by both"),
            pytest.param('{"a":"}"}', id="brace in a text"),
            pytest.param('{"a":1', id="cut"),
            pytest.param('{"a":1}}', id="more"),
            pytest.param('{"a":01}', id="leading zero"),
            pytest.param('{"a":"\t"}', id="control character"),
            pytest.param(f'{{"a":"{"x" * 2 * MEGA}"}}', id="too long"),
            pytest.param("[1]", id="list"),
            pytest.param("null", id="null"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_leaves_alone_what_others_read_in_another_way(self, text: str) -> None:
        """
        What is refused, or has digits that are to be kept, is for who looks at every character.
        """
        assert load_quickly(text.encode()) is None

    @pytest.mark.parametrize("digits", ["1.10", "0.0", "1E2", "1234567890123456789012", "-1e-400"])
    def test_makes_a_double_of_digits_that_are_to_be_kept(self, digits: str) -> None:
        """
        Who looks at numbers sees of each that it is not what was written.
        """
        assert isinstance(load_quickly(f'{{"a":{digits}}}'.encode())["a"], float)

    def test_leaves_bytes_alone_that_are_no_text(self) -> None:
        """
        Bytes that are not UTF-8 are for who says where.
        """
        assert load_quickly('{"a":"é"}'.encode("latin-1")) is None

    def test_knows_what_is_cut(self) -> None:
        """
        An object that does not end where the text does is another matter than one with a fault.
        """
        assert decode_quickly('[{"a":{"b":1}', 1) == (None, -1)
        assert decode_quickly('[{"a":1,"a":1},', 1) == (None, 0)

    @given(
        value=st.dictionaries(
            st.text(max_size=3),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
                lambda inner: (
                    st.lists(inner, max_size=4)
                    | st.dictionaries(st.text(max_size=2), inner, max_size=4)
                ),
                max_leaves=12,
            ),
            max_size=5,
        ),
        ascii_only=st.booleans(),
        blanks=st.booleans(),
        stroke=st.none() | st.tuples(st.integers(0, 200), st.sampled_from('"\\{}[]:,0e.- ')),
    )
    def test_never_says_anything_else(
        self, value: Any, ascii_only: bool, blanks: bool, stroke: tuple[int, str] | None
    ) -> None:
        """
        Of any text, it is what `load_json` has, but for numbers that are doubles.
        """
        text = json.dumps(value, ensure_ascii=ascii_only, separators=None if blanks else (",", ":"))
        if stroke is not None:
            text = text[: stroke[0]] + stroke[1] + text[stroke[0] + 1 :]
        body = text.encode(errors="replace")

        quick = load_quickly(body)

        if quick is not None:
            exact = load_json(body)
            assert list(quick) == list(exact)
            if digits_kept(quick):
                assert quick == exact
