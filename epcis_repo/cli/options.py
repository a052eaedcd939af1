"""What several commands are asked in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from epcis_repo.operations.asked import moment_asked

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        envvar="EPCIS_REPO_DB",
        help="sqlite:///path or postgresql://…; sqlite:///epcis.db when not given.",
        show_default=False,
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="EPCIS_REPO_URL",
        help="Where a repository is served, which is asked in place of a store.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Give data for programs.")]
Out = Annotated[
    str | None,
    typer.Option("-o", "--out", metavar="OUT", help="The file to write, in place of stdout."),
]
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="URN, Digital Link, element string, SSCC digits, or GTIN and serial.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="What was true then: a date, or date and time."),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="T", help="What was known then: a date, or date and time."),
]

After = Annotated[
    str | None,
    typer.Option("--after", metavar="TOKEN", help="The page after: what the one before says."),
]
Under = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        metavar="KEY",
        help="A name for this request: again under the same one, it has the same answer.",
    ),
]


class Format(StrEnum):
    """The formats that documents are written in."""

    JSON_LD = "json-ld"
    XML_2_0 = "xml-2.0"
    XML_1_2 = "xml-1.2"


def clocks(as_of: str | None, known_at: str | None) -> dict[str, int | None]:
    """Return the moments that `--as-of` and `--known-at` ask about, in microseconds."""
    return {
        "as_of": None if as_of is None else moment_asked("--as-of", as_of),
        "known_at": None if known_at is None else moment_asked("--known-at", known_at),
    }


def given(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was asked for, without what nobody said."""
    return {name: value for name, value in asked.items() if value is not None}
