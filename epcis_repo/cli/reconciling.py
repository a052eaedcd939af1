"""The command that asks whether what was said adds up: of a lot, or of a shipment."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

import typer

from epcis_repo.cli.files import read
from epcis_repo.cli.options import After, AsOf, Db, Json, KnownAt, Url, clocks
from epcis_repo.cli.output import data, say_more, shown, table_of, words
from epcis_repo.cli.questions.reconciling import LOT_ACCOUNT, SHIPMENT_ACCOUNT
from epcis_repo.cli.repository import At
from epcis_repo.cli.telling import tell_page
from epcis_repo.errors import IdentifierError, QueryParameterError, ScanError
from epcis_repo.gs1 import SCHEMES, Identifier, parse_identifier
from epcis_repo.reconciliation import PER_PAGE, Row, Verdict, scans_in


def reconcile_command(
    identifier: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="A lot, as (01)…(10)…; or a shipment: its despatch advice, its order, its SSCC.",
        ),
    ],
    row: Annotated[Row | None, typer.Option(help="Of a lot: list the serials of this row.")] = None,
    only: Annotated[
        Verdict | None, typer.Option(help="Of a shipment: list that of which this is said.")
    ] = None,
    scans: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="What was scanned: lines, or a JSON array; - is stdin."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    per_page: Annotated[int, typer.Option(min=1, help="So many are listed at most.")] = PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Account for a lot serial by serial, or for a shipment as shipped, received and scanned."""
    at, moments, lot = At(db, url), clocks(as_of, known_at), _lot(identifier)
    if lot is not None:
        _refuse("--only", only, "a shipment")
        _refuse("--scans", scans, "a shipment")
        account = at.ask(LOT_ACCOUNT, lot, moments, row=row, per_page=per_page, token=after)
    else:
        _refuse("--row", row, "a lot")
        texts = None if scans is None else _scans(read(scans))
        account = at.ask(
            SHIPMENT_ACCOUNT,
            identifier,
            moments,
            scans=texts,
            only=only,
            per_page=per_page,
            token=after,
        )
    tell_page(account, _say_shipment if lot is None else _say_lot, json=json)


def _lot(text: str) -> Identifier | None:
    """Return the lot that a text is; None for what is a shipment, whose name may be any text."""
    with suppress(IdentifierError, ScanError):
        identifier = parse_identifier(text)
        return identifier if identifier.scheme is SCHEMES["lgtin"] else None
    return None


def _refuse(option: str, found: str | None, what: str) -> None:
    if found is not None:
        raise QueryParameterError(option, expected=f"{what} to be asked about", found=found)


def _scans(body: bytes) -> list[str]:
    # No identifier begins like an array.
    return scans_in(body, is_json=body.lstrip().startswith(b"["))


def _say_lot(value: dict[str, Any]) -> None:
    data.print(f"[bold]{shown(value['id']['epc'])}[/]")
    table = table_of("", "how many")
    table.add_row("commissioned", str(value["commissioned"]))
    for row, count in value["rows"].items():
        if count:
            table.add_row(f"  {row.replace('_', ' ')}", str(count))
    for level in value["levels"]:
        told = ", ".join(f"{n} {row.replace('_', ' ')}" for row, n in level["rows"].items() if n)
        of = f" of {shown(level['class'])}" if level["class"] else ""
        table.add_row(f"in it at level {level['level']}{of}", f"{level['count']}: {told}")
    declared = value["declared"]
    if declared["quantity"] is not None:
        differs = f"{declared['quantity']:g}, {declared['difference']:+g} of those commissioned"
        table.add_row("declared by quantity", differs)
    for kind, count in value["differences"].items():
        if count:
            table.add_row(kind.replace("_", " "), str(count))
    data.print(table)
    if not value["serials"]:
        return
    table = table_of("serial", "row", "with", "at", "what does not add up")
    for serial in value["serials"]:
        told = ", ".join(item["sentence"] for item in serial["differences"])
        row = (serial["row"] or "").replace("_", " ")
        cells = (serial["epc"], row, serial["holder"] or "", serial["place"] or "", told)
        table.add_row(*map(shown, cells))
    data.print(table)


def _say_shipment(value: dict[str, Any]) -> None:
    data.print(f"[bold]{shown(value['shipment'])}[/]")
    table = table_of("", "how many", *(verdict.value for verdict in Verdict))
    table.add_row("shipped", str(value["shipped"]["things"]), *[""] * len(Verdict))
    sides = ("received", "scanned")
    for name in sides:
        if value[name] is not None:
            counts = [value[name][verdict] for verdict in Verdict]
            found = value[name][Verdict.MATCHED] + value[name][Verdict.EXTRA]
            table.add_row(name, str(found), *map(str, counts))
    data.print(table)
    if value["things"]:
        table = table_of("what", "in", *sides)
        for thing in value["things"]:
            told = [
                f"{thing[name] or ''}{', twice' if thing[f'{name}_twice'] else ''}"
                for name in sides
            ]
            table.add_row(*map(shown, (thing["epc"], thing["container"] or "", *told)))
        data.print(table)
    unread = value["scanned"]["unread"] if value["scanned"] else []
    for scan in unread:
        words.print(f"scan {scan['number']}: {shown(scan['reason'])}")
    if unread:
        say_more(value["scanned"]["unread_count"] - len(unread))
