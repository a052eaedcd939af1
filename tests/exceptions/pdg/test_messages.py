"""Messages are read strictly, and written as they came."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from epcis_repo.errors import ValidationError, Violation
from epcis_repo.exceptions.pdg.messages import (
    ContactInformation,
    ExceptionReport,
    ExceptionResponse,
    OveragesUnderages,
    Resolution,
)
from epcis_repo.exceptions.pdg.reading import INTEGER_MAX, read_message
from epcis_repo.exceptions.pdg.writing import write_message
from tests.exceptions.pdg.made import (
    OVERAGE,
    WHOLE_REPORT,
    WHOLE_RESPONSE,
    official,
    report_value,
    response_value,
)
from tests.rest.serving import SCHEMAS
from tests.shared_data import shared, shared_files

WHOLE = {"report": WHOLE_REPORT, "response": WHOLE_RESPONSE}
EXAMPLES = shared_files("pdg-exceptions/examples", "*.json")
# What may stand where something else should, one of each kind that JSON has.
STRANGERS: tuple[Any, ...] = (None, "x", "Accept", 5, 5.0, 1.5, True, [], ["x"], {}, [{}])


def read(value: Any) -> Any:
    return read_message(json.dumps(value).encode())


def written(value: Any) -> Any:
    return json.loads(write_message(read(value)))


def violations(value: Any) -> list[Violation]:
    """What is wrong with a message, nothing if it is read."""
    try:
        read(value)
    except ValidationError as error:
        return [*error.violations]
    return []


def places(value: Any, *steps: str | int) -> Iterator[tuple[str | int, ...]]:
    """Yield where everything is in a value."""
    if isinstance(value, dict | list):
        for step, member in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*steps, step)
            yield from places(member, *steps, step)


def with_defect(value: Any, steps: tuple[str | int, ...], *others: Any) -> Any:
    """The value with something else at a place, or nothing."""
    value = inner = copy.deepcopy(value)
    for step in steps[:-1]:
        inner = inner[step]
    if others:
        inner[steps[-1]] = others[0]
    else:
        del inner[steps[-1]]
    return value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_written_as_they_were_read(path: Path) -> None:
    """
    Each of PDG's examples comes out again as it came in.
    """
    shared("pdg-exceptions/examples")
    body = path.read_bytes()

    again = write_message(read_message(body))

    assert json.loads(again) == json.loads(body)


@pytest.mark.parametrize("name", WHOLE)
class TestAgainstTheSchema:
    def test_what_is_whole_is_read(self, name: str) -> None:
        """
        A message with every member is read, valid, and written as it was.
        """
        value = WHOLE[name]

        assert written(value) == value
        assert official(name).is_valid(value)

    def test_the_same_is_refused(self, name: str) -> None:
        """
        A message with one defect of any kind at any place is refused where the official schema
        refuses it, and nowhere else.
        """
        judge, whole = official(name), WHOLE[name]
        defects = [
            with_defect(whole, steps, *others)
            for steps in places(whole)
            for others in ((), *((stranger,) for stranger in STRANGERS))
        ]
        verdicts = [(judge.is_valid(defect), violations(defect) == []) for defect in defects]

        assert len(defects) > 250
        assert {ours for _, ours in verdicts} == {True, False}
        assert [
            d for d, (theirs, ours) in zip(defects, verdicts, strict=True) if theirs != ours
        ] == []

    def test_our_own_schema_says_the_same(self, name: str) -> None:
        """
        The schema of the interface refuses what the official one does.
        """
        path = SCHEMAS / "exception-message.schema.json"
        schema = json.loads(path.read_text(encoding="utf-8"))
        part = {"report": "ExceptionReport", "response": "ExceptionResponse"}[name]
        ours = Draft202012Validator({**schema, "anyOf": [{"$ref": f"#/$defs/{part}"}]})
        judge, whole = official(name), WHOLE[name]

        for steps in places(whole):
            for others in ((), *((stranger,) for stranger in STRANGERS)):
                defect = with_defect(whole, steps, *others)
                assert ours.is_valid(defect) == judge.is_valid(defect), (steps, others)

    def test_a_defect_is_told_where_it_is(self, name: str) -> None:
        """
        What is of another kind is told with its own pointer, what is missing with that of what
        misses it.
        """
        judge, whole = official(name), WHOLE[name]
        for steps in places(whole):
            pointer = "".join(f"/{step}" for step in steps)
            of_no_kind = with_defect(whole, steps, 1.5)
            assert [v.pointer for v in violations(of_no_kind)] == [pointer]
            without = with_defect(whole, steps)
            if isinstance(steps[-1], str) and not judge.is_valid(without):
                [violation] = violations(without)
                told = violation.pointer, violation.rule, violation.expected
                assert told == (pointer.rpartition("/")[0], "required", steps[-1])

    def test_what_nobody_knows_is_kept(self, name: str) -> None:
        """
        Members that no schema has come out again, at any place, with every digit.
        """
        unknown = {"ours": [None, {"deep": 1}], "https://example.org/x": "text"}
        whole = WHOLE[name]
        more = unknown | whole
        for steps in places(whole):
            inner: Any = whole
            for step in steps:
                inner = inner[step]
            if isinstance(inner, dict):
                more = with_defect(more, steps, {**inner, **unknown})

        assert written(more) == more
        assert official(name).is_valid(more)


def test_digits_are_kept() -> None:
    """
    A number of an unknown member keeps its digits.
    """
    body = json.dumps(report_value())[:-1] + ', "weight": 0.10000000000000000000001}'

    again = write_message(read_message(body.encode()))

    assert json.loads(again, parse_float=Decimal)["weight"] == Decimal("0.10000000000000000000001")


class TestReading:
    def test_gives_values(self) -> None:
        """
        A report is a value with the names of the schema.
        """
        assert read(report_value(exceptions={"overages": [OVERAGE]})).exceptions.overages == (
            OveragesUnderages("item-overage", "00300010123455", 10, 12, Resolution.DEBIT_ACCOUNT),
        )

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            pytest.param(report_value(), ExceptionReport, id="says whether it is resolved"),
            pytest.param(response_value(response_items=[]), ExceptionResponse, id="has answers"),
            pytest.param(response_value(), ExceptionResponse, id="has neither"),
        ],
    )
    def test_knows_a_report_by_what_it_has(self, value: Any, kind: type) -> None:
        """
        What has a member of reports is a report, all else a response.
        """
        assert type(read(value)) is kind

    def test_tells_all_that_is_wrong(self) -> None:
        """
        Every violation is named with its place, its rule, what would be right and what was found.
        """
        value = report_value(
            timestamp="now",
            sender_information={"phone": None},
            exceptions={"overages": [OVERAGE, {**OVERAGE, "resolution_request": "Please"}]},
        )
        del value["po_number"]

        assert [(v.pointer, v.rule, v.found) for v in violations(value)] == [
            ("/timestamp", "type", "now"),
            ("", "required", "none"),
            ("/sender_information", "required", "none"),
            ("/exceptions/overages/1/resolution_request", "word", "Please"),
        ]

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param(b"", id="empty"),
            pytest.param(b"{", id="cut short"),
            pytest.param(b"[]", id="a list"),
            pytest.param(b'{"case_resolved":true,"case_resolved":false}', id="a member twice"),
            pytest.param(b"\xff{}", id="not UTF-8"),
        ],
    )
    def test_refuses_what_is_no_message(self, body: bytes) -> None:
        """
        What is no JSON object, or one that two parsers would read in two ways, is refused.
        """
        with pytest.raises(ValidationError):
            read_message(body)

    @pytest.mark.parametrize("name", ["message_uuid", "exception_case_uuid"])
    @pytest.mark.parametrize("text", ["", " ", "a/b", "..", "a\nb", "x" * 201, " x"])
    def test_refuses_names_that_nothing_is_found_by(self, name: str, text: str) -> None:
        """
        A message and its case have names that a path and an index take.
        """
        [violation] = violations(report_value(**{name: text}))

        assert (violation.pointer, violation.rule) == (f"/{name}", "limit")

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            (f"{INTEGER_MAX}", None),
            (f"{INTEGER_MAX + 1}", "limit"),
            ("1e300", "limit"),
            ("12345678901234567890123", "limit"),
            ("1.2e1", None),
            ("1.25e1", "type"),
        ],
    )
    def test_takes_integers_that_everybody_takes(self, text: str, rule: str | None) -> None:
        """
        An integer is one however it is written, and no larger than a double keeps.
        """
        body = json.dumps(report_value(timestamp=0)).replace(
            '"timestamp": 0', f'"timestamp": {text}'
        )
        found = None
        try:
            read_message(body.encode())
        except ValidationError as error:
            found = error.violations[0].rule

        assert found == rule


class TestWriting:
    def test_leaves_out_what_is_not_said(self) -> None:
        """
        A member that may be left out is, one that has to say that there is none does.
        """
        sender = ContactInformation(email="a@b.example")

        assert json.loads(write_message(ExceptionResponse("m", "c", 1, sender, "P"))) == {
            "message_uuid": "m",
            "exception_case_uuid": "c",
            "timestamp": 1,
            "sender_information": {"email": "a@b.example"},
            "po_number": "P",
        }

    @given(st.binary(max_size=200))
    def test_is_reached_by_messages_alone(self, body: bytes) -> None:
        """
        Whatever comes is read or refused in words, and nothing else happens.
        """
        try:
            message = read_message(body)
        except ValidationError:
            return

        assert read_message(write_message(message)) == message
