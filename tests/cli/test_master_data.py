"""What partners said of products, places and parties, at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from epcis_repo.bindings import RENDERERS
from tests.cli.running import run
from tests.operations.sayings import (
    DEALER,
    HALL,
    OFFICE,
    PLANT,
    VALUE,
    element,
    places,
    product,
    saying,
)
from tests.rest.serving import must_be_valid

GTIN = "(01)00300010123455"


@pytest.fixture
def db(store_url: str, tmp_path: Path) -> str:
    """A store in which two documents have said something, and nothing has happened."""
    documents = [
        saying(product("Old"), places(element(OFFICE, PLANT), element(PLANT, HALL, weight=VALUE))),
        saying(product("New"), hour=48, sender=DEALER),
    ]
    for number, document in enumerate(documents):
        file = tmp_path / f"{number}.jsonld"
        file.write_bytes(RENDERERS["json-ld"](document))
        assert run("capture", str(file), db=store_url).out.endswith("statements of master data\n")
    return store_url


def test_is_shown_in_words(db: str) -> None:
    """
    A person reads what is in force, who said it and when, and how much else was said.
    """
    shown = run("masterdata", GTIN, db=db)

    assert (shown.code, shown.err) == (0, "1 other statements: --json shows the newest of them\n")
    assert shown.out.splitlines() == [
        "urn:epc:idpat:sgtin:0300010.012345.*",
        "EPCClass urn:epc:idpat:sgtin:0300010.012345.*",
        "  regulatedProductName: New",
        "  said at 2026-01-03T00:00:00.000Z by 414/0300020000098",
    ]


def test_shows_what_a_place_is_in(db: str) -> None:
    """
    With its parts, and values that are more than a text.
    """
    lines = run("masterdata", PLANT, db=db).out.splitlines()

    assert '  weight: {"@unit":"KGM","#text":"3.5"}' in lines
    assert f"part of: {OFFICE}" in lines
    assert f"its parts: {HALL}" in lines
    assert f"its parts: {HALL} (level 2)" in run("masterdata", OFFICE, db=db).out.splitlines()


def test_is_given_to_programs(db: str) -> None:
    """
    `--json` has all of it, and `--as-of` that of a moment.
    """
    now = run("masterdata", GTIN, "--json", db=db).json
    then = run("masterdata", GTIN, "--as-of", "2026-01-02", "--json", db=db).json

    for value, count in ((now, 1), (then, 0)):
        must_be_valid(value, "masterdata")
        assert value["earlier_count"] == count
    assert then["in_force"][0]["attributes"][0]["attribute"] == "Old"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["urn:epc:id:sgln:0300010.00007.0"], 4, "has master data of", id="unknown"),
        pytest.param([GTIN, "--as-of", "2020-01-01"], 4, "by then", id="too early"),
        pytest.param(["Hall 7"], 3, "expected an EPC URN", id="no identifier"),
    ],
)
def test_says_that_there_is_none(db: str, arguments: list[str], code: int, said: str) -> None:
    """
    With a sentence, and a code that a script can tell.
    """
    ran = run("masterdata", *arguments, db=db)

    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
