"""
The commands about what becomes of what breaks a rule about things: set-reaction, found, judge,
quarantine and what is decided on it; and about which serials were allocated.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from epcis_repo.cli.options import After, Db, Json, KnownAt, Url, clocks, given
from epcis_repo.cli.output import data, print_json, shown, table_of, words
from epcis_repo.cli.questions.reacting import (
    ALLOCATE,
    ALLOCATIONS,
    DISMISS_QUARANTINE,
    FINDINGS_MADE,
    QUARANTINE,
    QUARANTINED,
    RELEASE_QUARANTINE,
    SET_REACTION,
    WITHDRAW_ALLOCATION,
)
from epcis_repo.cli.repository import At
from epcis_repo.cli.running import run
from epcis_repo.cli.telling import tell_page
from epcis_repo.clock import clock
from epcis_repo.errors import QueryParameterError
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.reactions import judge_all
from epcis_repo.settings import read_settings
from epcis_repo.store import EventStore

_PER_PAGE = 30

PerPage = Annotated[int, typer.Option(min=1, help="So many at most.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why.")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who decides it.")]
CaptureID = Annotated[str, typer.Argument(metavar="CAPTUREID", help="As `quarantine` lists it.")]
Gtin = typer.Argument(metavar="GTIN", help="A product: 8, 12, 13 or 14 digits.")


class ReactionAsked(StrEnum):
    """What can be set, and to take back what was."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    RAISE = "raise"
    OBSERVE = "observe"
    DEFAULT = "default"


def set_reaction_command(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="As `rules` lists it.")],
    reaction: Annotated[
        ReactionAsked, typer.Argument(help="What becomes of an event by which it is broken.")
    ],
    reason: Reason,
    by: By,
    partner: Annotated[
        str | None,
        typer.Option(metavar="GLN", help="Only of what this partner sends; else of everybody's."),
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Set what becomes of what breaks a rule about things, from the next capture on."""
    asked = {"reaction": reaction.value, "partner": partner, "reason": reason, "by": by}
    found = At(db, url).ask(SET_REACTION, rule, given(asked))
    if json:
        print_json(found)
        return
    data.print(f"{found['rule']}: {found['default']}, where nothing is set")
    for setting in found["set"]:
        said = f"  {setting['partner'] or 'everybody'}: {setting['reaction']}, "
        said += f"by {setting['by']}: {setting['reason']}"
        data.print(shown(said), soft_wrap=True)


def found_command(
    identifier: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Only those about this thing.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(metavar="RULE", help="Only those by this rule.")
    ] = None,
    partner: Annotated[
        str | None, typer.Option(metavar="GLN", help="Only those in what this partner sent.")
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--event", metavar="EVENTID", help="Only those of this event.")
    ] = None,
    known_at: KnownAt = None,
    per_page: PerPage = _PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List what the rules found in what came in, when it came, the newest first."""
    if identifier is not None:
        identifier_asked(identifier)
    sought = {"epc": identifier, "rule": rule, "sender": partner, "eventID": event_id}
    page = At(db, url).ask(
        FINDINGS_MADE,
        given(sought),
        known_at=clocks(None, known_at)["known_at"],
        per_page=per_page,
        token=after,
    )
    tell_page(page, _say_found, json=json)


def _say_found(value: dict[str, Any]) -> None:
    for finding in value["findings"]:
        _say_finding(finding)
    if not value["findings"]:
        data.print("nothing was found")


def _say_finding(finding: dict[str, Any], *, within: str = "") -> None:
    said = f"{finding['made_at']} {finding['rule']}, {finding['reaction']}: {finding['sentence']}"
    data.print(f"{within}{shown(said)}", soft_wrap=True)
    for epc in finding["epcs"]:
        data.print(f"{within}  {shown(epc)}", soft_wrap=True)
    events = [finding["event_id"]]
    if finding["contradicts"] is not None:
        events.append(f"contradicts {finding['contradicts']}")
    if finding["partner"] is not None:
        events.append(f"from {finding['partner']}")
    data.print(f"{within}  {shown(', '.join(events))}", soft_wrap=True)
    data.print(f"{within}  {finding['what_to_do']}", soft_wrap=True)


def judge_command(db: Db = None, json: Json = False) -> None:
    """Hold all that was captured against the rules about things, as a server does behind it."""
    started = time.monotonic()

    async def judge(store: EventStore) -> None:
        await judge_all(store, now=clock())

    run(read_settings(db=db), judge)
    seconds = time.monotonic() - started
    if json:
        print_json({"seconds": round(seconds, 3)})
    words.print(f"all that was captured is judged, in {seconds:.1f} s; epcis-repo found lists it")


def quarantine_command(
    capture_id: Annotated[
        str | None, typer.Argument(metavar="[CAPTUREID]", help="Only what this capture kept.")
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="What was released or dismissed, too.")
    ] = False,
    per_page: PerPage = _PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List what was kept aside by a reaction, and waits to be released or dismissed."""
    if capture_id is not None:
        if every or after is not None:
            raise QueryParameterError("CAPTUREID", expected="nothing beside it", found=capture_id)
        _say_quarantined(At(db, url).ask(QUARANTINED, capture_id), json=json)
        return
    page = At(db, url).ask(QUARANTINE, every=every, per_page=per_page, token=after)
    tell_page(page, _say_quarantine, json=json)


def _say_quarantine(value: dict[str, Any]) -> None:
    for found in value["quarantine"]:
        _say_one(found)
    if not value["quarantine"]:
        data.print("nothing is kept aside")


def release_quarantine_command(
    capture_id: CaptureID,
    reason: Reason,
    by: By,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Have captured what was kept aside."""
    asked = {"reason": reason, "by": by}
    _say_quarantined(At(db, url).ask(RELEASE_QUARANTINE, capture_id, asked), json=json)


def dismiss_quarantine_command(
    capture_id: CaptureID,
    reason: Reason,
    by: By,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Decide that what was kept aside is never captured; it stays kept, with the reason."""
    asked = {"reason": reason, "by": by}
    _say_quarantined(At(db, url).ask(DISMISS_QUARANTINE, capture_id, asked), json=json)


def _say_quarantined(found: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(found)
    else:
        _say_one(found)


def _say_one(found: dict[str, Any]) -> None:
    numbers = ", ".join(map(str, found["event_numbers"])) or "all"
    data.print(f"[bold]{found['capture_id']}[/] {found['state']}, since {found['since']}")
    data.print(f"  events {numbers} of the document {found['document']}", soft_wrap=True)
    if found["partner"] is not None:
        data.print(f"  from {shown(found['partner'])}")
    for finding in found["findings"]:
        _say_finding(finding, within="  ")
    if (decided := found["decided"]) is not None:
        said = f"{found['state']} by {decided['by']}: {decided['reason']}"
        data.print(f"  {shown(said)}", soft_wrap=True)
        if decided["captured_as"] is not None:
            data.print(f"  captured as {decided['captured_as']}")


def allocate_command(
    gtin: Annotated[str, Gtin],
    first: Annotated[str, typer.Argument(metavar="SERIAL", help="The first.")],
    last: Annotated[
        str, typer.Argument(metavar="SERIAL", help="The last: as long, or both of digits.")
    ],
    reason: Reason,
    by: By,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Its name, if it is to have one.")
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Allocate serials of a product: each of its serials that is in no range is found from now."""
    asked = {
        "allocation_id": name,
        "gtin": gtin,
        "first": first,
        "last": last,
        "reason": reason,
        "by": by,
    }
    _say_allocations([At(db, url).ask(ALLOCATE, given(asked))], json=json)


def allocations_command(
    gtin: Annotated[str | None, Gtin] = None,
    known_at: KnownAt = None,
    per_page: PerPage = _PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List which serials were allocated, of all products or of one."""
    moment = clocks(None, known_at)["known_at"]
    page = At(db, url).ask(ALLOCATIONS, gtin, known_at=moment, per_page=per_page, token=after)
    tell_page(page, lambda value: _say_table(value["allocations"]), json=json)


def withdraw_allocation_command(
    allocation: Annotated[str, typer.Argument(metavar="NAME", help="As `allocations` lists it.")],
    reason: Reason,
    by: By,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Have an allocation count no more; it is kept, with the reason."""
    asked = {"reason": reason, "by": by}
    _say_allocations([At(db, url).ask(WITHDRAW_ALLOCATION, allocation, asked)], json=json)


def _say_allocations(found: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        print_json(found[0])
    else:
        _say_table(found)


def _say_table(found: list[dict[str, Any]]) -> None:
    table = table_of("allocation", "GTIN", "first", "last", "by", "reason", "withdrawn")
    for each in found:
        withdrawal = each["withdrawal"]
        said = "" if withdrawal is None else f"by {withdrawal['by']}: {withdrawal['reason']}"
        cells = (each[name] for name in ("allocation_id", "gtin", "first", "last", "by", "reason"))
        table.add_row(*map(shown, cells), shown(said))
    data.print(table)
