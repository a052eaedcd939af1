"""The commands about holds and recalls: hold, release, holds, recall."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from epcis_repo.cli.options import After, AsOf, Db, Json, KnownAt, Under, Url, clocks, given
from epcis_repo.cli.output import data, print_json, print_text, shown, table_of
from epcis_repo.cli.questions.holding import HOLD, HOLDS, ONE_HOLD, RECALL, RECALLED_UNITS, RELEASE
from epcis_repo.cli.repository import At
from epcis_repo.cli.telling import say_archived, tell_page
from epcis_repo.errors import QueryParameterError
from epcis_repo.holds import Kind
from epcis_repo.operations.asked import identifier_asked

_PER_PAGE = 30

HoldID = Annotated[
    str, typer.Argument(metavar="HOLDID", help="As `holds` lists it; of a recall, its number.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who decides it.")]


def hold_command(
    identifiers: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="Things, containers, or lots: (01)…(10)…"),
    ],
    reason: Reason,
    by: By,
    since: Annotated[
        str | None,
        typer.Option(metavar="T", help="From when on; a date, or date and time. Else from now on."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="HOLDID", help="Its name, if it is to have one.")
    ] = None,
    recall_number: Annotated[
        str | None,
        typer.Option("--recall", metavar="NUMBER", help="It is a recall, of this number."),
    ] = None,
    mock_recall: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="It is a drill of a recall, which holds nothing."),
    ] = None,
    recall_class: Annotated[
        str | None,
        typer.Option("--class", metavar="CLASS", help="Of a recall, such as I, II, III."),
    ] = None,
    under: Under = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Hold things, lots, or containers with what is in them; or recall them."""
    kinds = {Kind.HOLD: name, Kind.RECALL: recall_number, Kind.MOCK_RECALL: mock_recall}
    named = [(kind, number) for kind, number in kinds.items() if number is not None]
    if len(named) > 1:
        expected = "one of --name, --recall and --mock-recall"
        raise QueryParameterError("--name", expected=expected, found=f"{len(named)} of them")
    kind, hold_id = named[0] if named else (Kind.HOLD, None)
    asked = {
        "kind": kind.value,
        "hold_id": hold_id,
        "of": identifiers,
        "recall_class": recall_class,
        "reason": reason,
        "by": by,
        "since": since,
    }
    _say(At(db, url).ask(HOLD, given(asked), under=under), json=json)


def release_command(
    hold: HoldID,
    reason: Reason,
    by: By,
    until: Annotated[
        str | None,
        typer.Option(metavar="T", help="Until when; a date, or date and time. Else until now."),
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Release what is held or recalled; the hold is kept, with both reasons."""
    asked = {"reason": reason, "by": by, "until": until}
    _say(At(db, url).ask(RELEASE, hold, given(asked)), json=json)


def holds_command(
    identifier: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="Only those that reach it, or are on what is in it."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="HOLDID", help="Only this one, whether it lasts or not.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Those that were released, too, and mock recalls.")
    ] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    per_page: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = _PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List what is held and recalled, or show one hold."""
    moments = clocks(as_of, known_at)
    if name is not None:
        if every or identifier or as_of:
            expected = "no other option but --known-at"
            raise QueryParameterError("--name", expected=expected, found="one of them")
        _say(At(db, url).ask(ONE_HOLD, name, known_at=moments["known_at"]), json=json)
        return
    if every and (identifier or as_of):
        raise QueryParameterError("--all", expected="neither ID nor --as-of", found="one of them")
    if identifier is not None:
        identifier_asked(identifier)
    page = At(db, url).ask(HOLDS, identifier, moments, every=every, per_page=per_page, token=after)
    tell_page(page, _say_holds, json=json)


def _say_holds(value: dict[str, Any]) -> None:
    table = table_of("hold", "kind", "of", "since", "until", "by", "reason", "how")
    for hold in value["holds"]:
        how = "" if hold["how"] is None else f"{hold['how']}: {hold['things']}"
        until = hold["release"]["until"] if hold["release"] else ""
        what = ", ".join(hold["of"][:3]) + (" …" if len(hold["of"]) > 3 else "")
        cells = (hold["hold_id"], _kind(hold), what, hold["since"], until)
        table.add_row(*map(shown, (*cells, hold["by"], hold["reason"], how)))
    data.print(table)


def recall_command(
    hold: HoldID,
    units: Annotated[
        bool, typer.Option("--units", help="A JSON object for each thing, a line each.")
    ] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show where everything is that a recall or hold is on: who has it, in which state."""
    at, moments = At(db, url), clocks(as_of, known_at)
    if units:
        at.ask(RECALLED_UNITS, hold, moments, print_text)
        return
    value = at.ask(RECALL, hold, moments)
    if json:
        print_json(value)
        return
    _say_hold(value["hold"])
    table = table_of("holder", "state", "units", "inferred", "doubtful")
    for total in value["totals"]:
        counts = [str(total[name]) for name in ("units", "inferred", "doubtful")]
        table.add_row(shown(total["holder"] or "nobody knows"), total["state"] or "", *counts)
    data.print(table)
    data.print(f"units: {value['units']}")
    say_archived(value["archived_years"])


def _say(hold: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(hold)
    else:
        _say_hold(hold)


def _say_hold(hold: dict[str, Any]) -> None:
    data.print(f"[bold]{shown(hold['hold_id'])}[/] {shown(_kind(hold))}")
    for epc in hold["of"]:
        data.print(f"  {shown(epc)}", soft_wrap=True)
    said = f"since {hold['since']}, by {hold['by']}: {hold['reason']}"
    data.print(f"  {shown(said)}", soft_wrap=True)
    if (release := hold["release"]) is not None:
        said = f"released, until {release['until']}, by {release['by']}: {release['reason']}"
        data.print(f"  {shown(said)}", soft_wrap=True)


def _kind(hold: dict[str, Any]) -> str:
    name = str(hold["kind"]).replace("_", " ")
    return name if hold["recall_class"] is None else f"{name}, class {hold['recall_class']}"
