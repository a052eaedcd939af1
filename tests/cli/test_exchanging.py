"""Messages about exceptions at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Ran, run
from tests.exceptions.pdg.made import CASE_UUID, OVERAGE, WHOLE_REPORT, report_value
from tests.rest.serving import must_be_valid

WHO = ("--by", "QA", "--email", "qa@maker.example")


def take(db: str, value: Any, *more: str) -> Ran:
    return run("take-message", "-", *more, db=db, stdin=json.dumps(value).encode())


def test_a_thread_is_played(store_url: str) -> None:
    """
    A person takes a report, answers it, takes the last word, and looks at what was exchanged.
    """
    taken = take(store_url, WHOLE_REPORT)
    answered = run("write-message", CASE_UUID, "response", *WHO, "--answer", "Accept", db=store_url)
    last = take(store_url, report_value("report-2", case_resolved=True))
    listed = run("messages", CASE_UUID, db=store_url)

    assert (taken.out, taken.code) == (f"-: {CASE_UUID} is open, version 1\n", 0)
    assert len(answered.json["response_items"]) == 7
    assert last.out.startswith(f"-: {CASE_UUID} is resolved")
    rows = [line.split()[:3] for line in listed.out.splitlines()[1:]]
    assert [row[1:] for row in rows] == [
        ["report,", "received"],
        ["response,", "written"],
        ["report,", "received"],
    ]
    shown = run("messages", CASE_UUID, answered.json["message_uuid"], db=store_url)
    assert shown.out == answered.out


def test_a_report_says_what_it_is_given(store_url: str, tmp_path: Path) -> None:
    """
    Items come from a file, what is asked for and what else there is to say from the command.
    """
    items = tmp_path / "items.json"
    items.write_text(json.dumps({"overages": [OVERAGE]}))
    opened = ("open-exception", "--kind", "overage", "--name", "E1", "--reason", "x", "--by", "QA")
    assert run(*opened, db=store_url).code == 0

    written = run(
        *("write-message", "E1", "report", *WHO, "--order", "PO-1", "--items", str(items)),
        *("--note", "Please hurry.", "--gln", "0300010000015"),
        db=store_url,
    )
    derived = run(
        *("write-message", "E1", "report", *WHO, "--resolution", "Return product"), db=store_url
    )

    must_be_valid(written.json, "exception-message")
    assert written.json["exceptions"]["overages"] == [OVERAGE]
    assert written.json["other_errors"] == ["Please hurry."]
    assert written.json["sender_information"]["gln"] == "0300010000015"
    # The order is that of the message before.
    assert (derived.json["po_number"], derived.json["other_errors"]) == ("PO-1", ["x"])


def test_is_data_for_programs(store_url: str) -> None:
    """
    The same as JSON, in the schemas of the interface.
    """
    taken = take(store_url, WHOLE_REPORT, "--json").json

    assert taken.pop("file") == "-"
    must_be_valid(taken, "exception")
    must_be_valid(run("messages", CASE_UUID, "--json", db=store_url).json, "exception-messages")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param(("write-message", CASE_UUID, "report", *WHO, "--answer", "Accept"), 2, id="2"),
        pytest.param(
            ("write-message", CASE_UUID, "response", *WHO, "--resolution", "Send product"),
            2,
            id="2, of a report",
        ),
        pytest.param(("take-message", "nothing.json"), 3, id="3"),
        pytest.param(("messages", "nobody's"), 4, id="4"),
        pytest.param(("messages", CASE_UUID, "another"), 4, id="4, a message"),
    ],
)
def test_is_refused_with_a_code(store_url: str, arguments: tuple[str, ...], code: int) -> None:
    """
    What is wrong is 2 or 3, what is not there 4.
    """
    take(store_url, WHOLE_REPORT)

    ran = run(*arguments, db=store_url)

    assert (ran.code, ran.out) == (code, "")


def test_does_not_take_the_name_of_another(store_url: str) -> None:
    """
    Another message of the same name is 5, and one that breaks the schema 3, with every violation.
    """
    take(store_url, WHOLE_REPORT)

    other = take(store_url, report_value(po_number="PO-2"))
    broken = take(store_url, report_value(timestamp="now", po_number=None))

    assert (other.code, broken.code) == (5, 3)
    assert "/timestamp" in broken.err
    assert "/po_number" in broken.err
