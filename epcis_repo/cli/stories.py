"""The commands that tell what became of things: history, diff, custody, lineage and the like."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from epcis_repo import errors
from epcis_repo.cli.options import After, AsOf, Db, Id, Json, KnownAt, Url, clocks
from epcis_repo.cli.output import data, print_text, shown, table_of, words
from epcis_repo.cli.questions.stories import (
    CORRECTION,
    CUSTODY,
    DIFF,
    FINDINGS,
    HISTORY,
    LINEAGE,
)
from epcis_repo.cli.repository import At
from epcis_repo.cli.telling import say_archived, tell_page, telling
from epcis_repo.operations.asked import moment_asked
from epcis_repo.operations.diff import Clock


def history_command(
    identifier: Id,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    per_page: Annotated[int | None, typer.Option(min=1, help="So many events at most.")] = None,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Replay the life of a serial, lot or container, with what happened to whatever it was in."""
    moments = clocks(as_of, known_at)
    story = At(db, url).ask_about(HISTORY, identifier, moments, per_page=per_page, token=after)
    tell_page(story, _say_history, json=json)


def _say_history(value: dict[str, Any]) -> None:
    state = value["state"] or {}
    data.print(f"[bold]{shown(value['id']['epc'])}[/]")
    for name in ("lifecycle", "disposition", "biz_location", "read_point", "lot", "expiry"):
        if state.get(name):
            data.print(f"  {name.replace('_', ' ')}: {shown(state[name])}")
    if value["things"] is not None:
        data.print(f"  serials: {value['things']}")
    table = table_of("event time", "what happened", "where", "how it is known")
    for entry in value["events"]:
        table.add_row(
            entry["event_time"],
            _words_of(entry),
            shown(entry["read_point"] or entry["biz_location"] or ""),
            _how_known(entry),
        )
    data.print(table)
    say_archived(value["archived_years"])


def _how_known(entry: dict[str, Any]) -> str:
    of = f" of {entry['things']}" if entry["things"] else ""
    return (
        f"inferred from {shown(entry['inferred_from'])}{of}"
        if entry["inferred"]
        else f"reported{of}"
    )


def _words_of(entry: dict[str, Any]) -> str:
    what = entry["biz_step"] or f"{entry['type']} {entry['action'] or ''}".strip()
    text = shown(f"{what} ({entry['disposition']})" if entry["disposition"] else what)
    if entry["in_error"]:
        instead = [i for d in entry["declarations"] for i in d["corrective_event_ids"]]
        said = f", true instead: {', '.join(map(shown, instead))}" if instead else ""
        return f"[strike]{text}[/] declared in error{said}"
    if entry["declares_error"]:
        return f"declares in error: {text}"
    return (
        f"{text}, instead of {', '.join(map(shown, entry['corrects']))}"
        if entry["corrects"]
        else text
    )


@telling(CUSTODY)
def custody_command(value: dict[str, Any]) -> None:
    """Show who owned a thing, who had it and where it was, and what of that does not fit."""
    data.print(f"[bold]{shown(value['id']['epc'])}[/]")
    table = table_of("what", "who or where", "from", "to")
    for name, what in (("owners", "owned by"), ("possessors", "with"), ("places", "at")):
        for period in value[name]:
            since, until = period["from"] or "nobody knows", period["to"] or ""
            table.add_row(what, shown(period["who"]), since, until)
    data.print(table)
    for finding in value["findings"]:
        data.print(f"{finding['event_time']} {shown(finding['sentence'])}", soft_wrap=True)


@telling(LINEAGE)
def lineage_command(value: dict[str, Any]) -> None:
    """Show what a thing or a lot was made of, and what was made of it, through generations."""
    data.print(f"[bold]{shown(value['id']['epc'])}[/]")
    for name, what in (("back", "made of"), ("forward", "made into")):
        data.print(what if value[name] else f"{what}: nothing that is known")
        for relative in value[name]:
            making = value["makings"][relative["making"]]
            when = making["events"][0]["event_time"]
            # A generation further away stands further in.
            margin = "  " * relative["generation"]
            data.print(f"{margin}{shown(relative['epc'])}  {when}", soft_wrap=True)


def diff_command(
    identifier: Id,
    before: Annotated[str, typer.Argument(metavar="FROM", help="A date, or date and time.")],
    after: Annotated[str, typer.Argument(metavar="TO", help="A date, or date and time.")],
    by: Annotated[Clock, typer.Option(help="The clock of both.")] = Clock.KNOWN_AT,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    db: Db = None,
    url: Url = None,
) -> None:
    """Show what was learned of a thing between two moments, or with --by as_of what happened."""
    moments = clocks(as_of, known_at)
    if moments[by] is not None:
        raise errors.QueryParameterError(
            f"--{by.replace('_', '-')}", expected="FROM and TO alone", found="another moment of it"
        )
    begin, end = moment_asked("FROM", before), moment_asked("TO", after)
    text = At(db, url).ask_about(DIFF, identifier, moments, begin, end, by)
    print_text(text.encode())
    if not text:
        words.print("nothing differs")


def findings_command(
    identifier: Id,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Say what cannot be so, or must not, of what is known of a thing or a lot, and what to do."""
    moments = clocks(as_of, known_at)
    found = At(db, url).ask_about(FINDINGS, identifier, moments, token=after)
    tell_page(found, _say_findings, json=json)


def _say_findings(value: dict[str, Any]) -> None:
    data.print(f"[bold]{shown(value['id']['epc'])}[/]")
    for finding in value["findings"]:
        said = f"{finding['severity']} {finding['rule']}: {finding['sentence']}"
        data.print(f"{finding['event_time']} {shown(said)}", soft_wrap=True)
        for epc in finding["epcs"]:
            if epc != value["id"]["epc"]:
                data.print(f"  {shown(epc)}", soft_wrap=True)
        events = [finding["event_id"]]
        if finding["contradicts"] is not None:
            events.append(f"contradicts {finding['contradicts']['event_id']}")
        data.print(f"  {shown(', '.join(events))}", soft_wrap=True)
        data.print(f"  {finding['what_to_do']}", soft_wrap=True)
    if not value["findings"]:
        data.print("nothing is found")


def correction_command(
    event_id: Annotated[str, typer.Argument(metavar="EVENTID", help="What was in error.")],
    known_at: KnownAt = None,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show why an event was in error, what is true instead, and what was built on it."""
    moment = clocks(None, known_at)["known_at"]
    found = At(db, url).ask(CORRECTION, event_id, known_at=moment, token=after)
    tell_page(found, _say_correction, json=json)


def _say_correction(value: dict[str, Any]) -> None:
    for declaration in value["declarations"]:
        reason = f" ({shown(declaration['reason'])})" if declaration["reason"] else ""
        data.print(f"declared in error at {shown(declaration['declared_at'])}{reason}")
    for event in value["corrective_events"]:
        here = "" if event["position"] else " (not recorded here)"
        data.print(f"true instead: {shown(event['event_id'])}{here}", soft_wrap=True)
    table = table_of("in doubt", "what happened", "to", "because", "event")
    for doubt in value["in_doubt"]:
        cells = (
            doubt["event_time"],
            doubt["biz_step"] or "",
            doubt["epc"],
            f"{doubt['because'].replace('_', ' ')} {doubt['inferred_from'] or ''}".strip(),
            doubt["event_id"],
        )
        table.add_row(*map(shown, cells))
    if value["in_doubt"]:
        data.print(table)
    else:
        data.print("nothing was built on it")
