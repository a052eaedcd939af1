"""The commands that ask what partners said: events, document, conflicts, masterdata, verify."""

from __future__ import annotations

import re
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated, Any

import orjson
import typer

from epcis_repo import errors
from epcis_repo.cli.exit_codes import ANSWER_IS_NO
from epcis_repo.cli.files import written_file
from epcis_repo.cli.options import After, Db, Json, Out, Url
from epcis_repo.cli.output import (
    data,
    print_bytes,
    print_json,
    print_text,
    shown,
    table_of,
    words,
)
from epcis_repo.cli.questions.asking import CONFLICTS, DOCUMENT, EVENTS, MASTER_DATA, VERIFY
from epcis_repo.cli.repository import At
from epcis_repo.cli.telling import tell_page, telling
from epcis_repo.gs1 import parse_scan
from epcis_repo.verification import product_identifier


def events_command(
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PARAM=VALUE …]", help="Such as EQ_bizStep=shipping."),
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show the events that match EPCIS query parameters, in order of capture."""
    pairs = []
    for text in parameters or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise errors.QueryParameterError(name, expected="PARAM=VALUE", found=text)
        pairs.append((name, value))
    page = At(db, url).ask(EVENTS, pairs)
    if json:
        print_bytes(page.body)
    else:
        table = table_of("event time", "type", "action", "step", "disposition", "event")
        for event in page.value["epcisBody"]["queryResults"]["resultsBody"]["eventList"]:
            table.add_row(*(shown(event.get(name, "")) for name in _SHOWN))
        data.print(table)
    if page.next_page_token is not None:
        words.print(f"more: nextPageToken={page.next_page_token}")


_SHOWN = ("eventTime", "type", "action", "bizStep", "disposition", "eventID")


def document_command(
    digest: Annotated[str, typer.Argument(metavar="DIGEST", help="The SHA-256 of its bytes.")],
    out: Out = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Give a document as it was received, byte for byte; receipts and conflicts have its DIGEST."""
    # With --json alone it is only told what there is.
    unwritten = nullcontext(lambda _piece: None) if json else nullcontext(print_text)
    with unwritten if out is None else written_file(out) as write:
        said = At(db, url).ask(DOCUMENT, digest, write)
    if json:
        print_json(said)


def conflicts_command(
    event: Annotated[str | None, typer.Option(metavar="EVENTID", help="Only those of one.")] = None,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List the eventIDs that came again with other content, and the documents that brought them."""
    page = At(db, url).ask(CONFLICTS, event_id=event, token=after)
    tell_page(page, _say_conflicts, json=json)


def _say_conflicts(value: dict[str, Any]) -> None:
    table = table_of("found at", "event", "of the document", "event number")
    for found in value["conflicts"]:
        cells = (found["foundAt"], found["eventID"], found["document"], found["eventNumber"])
        table.add_row(*(shown(str(cell)) for cell in cells))
    data.print(table)


@telling(MASTER_DATA, of_a_thing=False)
def master_data_command(value: dict[str, Any]) -> None:
    """Show what partners said of a product, a place or a party, and what it is part of."""
    data.print(f"[bold]{shown(value['id']['epc'])}[/]")
    for said in value["in_force"]:
        vocabulary = _last_word(said["vocabulary"])
        data.print(f"{shown(vocabulary)} {shown(said['id'])}", soft_wrap=True)
        for attribute in said["attributes"]:
            name, text = _last_word(attribute["id"]), attribute["attribute"]
            shown_text = text if isinstance(text, str) else orjson.dumps(text).decode()
            data.print(f"  {shown(name)}: {shown(shown_text)}", soft_wrap=True)
        by = "" if said["said_by"] is None else f" by {shown(said['said_by'])}"
        data.print(f"  said at {said['said_at']}{by}", soft_wrap=True)
    for name, relatives in (("part of", value["parents"]), ("its parts", value["children"])):
        for relative in relatives:
            level = "" if relative["level"] == 1 else f" (level {relative['level']})"
            data.print(f"{name}: {shown(relative['id'])}{level}", soft_wrap=True)
    if value["earlier_count"]:
        words.print(f"{value['earlier_count']} other statements: --json shows the newest of them")


def _last_word(name: str) -> str:
    """Return the part of a URI that tells it from its neighbours."""
    return re.split("[#/:]", name)[-1] or name


def verify_command(
    scan: Annotated[str, typer.Argument(metavar="SCAN", help="Element string or Digital Link.")],
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Verify a product identifier: GTIN, serial, lot and expiry against the commissioning."""
    today = datetime.now(UTC).date()
    parsed = parse_scan(scan, today=today)
    for warning in parsed.warnings:
        words.print(f"[yellow]warning:[/] {shown(warning)}")
    product = product_identifier(parsed)
    verified = At(db, url).ask(VERIFY, product)
    if json:
        print_json(verified.value)
        words.print(shown(verified.sentence))
    else:
        data.print(shown(verified.sentence))
    raise typer.Exit(0 if verified.value["data"]["verified"] else ANSWER_IS_NO)
