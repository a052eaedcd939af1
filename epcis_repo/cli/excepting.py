"""The commands about exceptions: list and show them, open, raise and decide on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from epcis_repo.cli.options import After, AsOf, Db, Json, KnownAt, Under, Url, clocks, given
from epcis_repo.cli.output import data, print_json, shown, table_of
from epcis_repo.cli.questions.excepting import (
    DECIDE_ON_EXCEPTION,
    EXCEPTION,
    EXCEPTIONS,
    OPEN_EXCEPTION,
    RAISE_EXCEPTIONS,
)
from epcis_repo.cli.repository import At
from epcis_repo.cli.telling import tell_page
from epcis_repo.errors import QueryParameterError
from epcis_repo.exceptions import DECISIONS, ActionKind, ExceptionClass, RootCause, State

_PER_PAGE = 30
_SHOWN = 10

ExceptionID = Annotated[
    str, typer.Argument(metavar="EXCEPTIONID", help="As `exceptions` lists it.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why, or in which words.")]
By = Annotated[str, typer.Option(metavar="NAME", help="Who decides it.")]
Class = Annotated[
    ExceptionClass | None,
    typer.Option("--class", help="What is wrong, by HDA's five classes."),
]
Kind = Annotated[
    str | None,
    typer.Option(metavar="KIND", help="What it is of that class: shortage, a rule's name, …"),
]
Owner = Annotated[str | None, typer.Option(metavar="NAME", help="Who works on it.")]
Partner = Annotated[str | None, typer.Option(metavar="ID", help="Who is asked about it.")]
Due = Annotated[
    str | None, typer.Option(metavar="T", help="When it is due: a date, or date and time.")
]
Transactions = Annotated[
    list[str] | None,
    typer.Option("--transaction", metavar="ID", help="A business transaction; once for each."),
]
Events = Annotated[
    list[str] | None, typer.Option("--event", metavar="EVENTID", help="An event; once for each.")
]


def exceptions_command(
    identifier: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="Only those about it, its lot, what it is in, or what is in it.",
        ),
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only those in one state.")] = None,
    exception_class: Class = None,
    kind: Kind = None,
    owner: Owner = None,
    partner: Partner = None,
    overdue: Annotated[
        bool | None,
        typer.Option("--overdue/--not-overdue", help="Only those, or only the others."),
    ] = None,
    thread: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only those of a thread of messages.")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    per_page: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = _PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List exceptions, the newest first."""
    moments = clocks(as_of, known_at)
    if as_of is not None and identifier is None:
        raise QueryParameterError("--as-of", expected="an ID with it", found="none")
    is_overdue = None if overdue is None else str(overdue).lower()
    sought = {
        "id": identifier,
        "state": state and state.value,
        "class": exception_class and exception_class.value,
        "kind": kind,
        "owner": owner,
        "partner": partner,
        "overdue": is_overdue,
        "thread": thread,
    }
    page = At(db, url).ask(EXCEPTIONS, given(sought), moments, per_page=per_page, token=after)
    tell_page(page, _say_list, json=json)


def exception_command(
    exception: ExceptionID,
    known_at: KnownAt = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Show an exception, with all that was decided on it."""
    moment = clocks(None, known_at)["known_at"]
    _say(At(db, url).ask(EXCEPTION, exception, known_at=moment), json=json)


def open_exception_command(
    reason: Reason,
    by: By,
    identifiers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…]", help="Things, containers, or lots: (01)…(10)…"),
    ] = None,
    exception_class: Class = None,
    kind: Kind = None,
    name: Annotated[
        str | None, typer.Option(metavar="EXCEPTIONID", help="Its name, if it is to have one.")
    ] = None,
    transactions: Transactions = None,
    events: Events = None,
    partner: Partner = None,
    owner: Owner = None,
    due: Due = None,
    under: Under = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Open an exception: goods and data do not agree, or goods are not fit."""
    asked = {
        "exception_id": name,
        "class": exception_class and exception_class.value,
        "kind": kind,
        "things": identifiers or None,
        "transactions": transactions or None,
        "events": events or None,
        "partner": partner,
        "reason": reason,
        "by": by,
        "owner": owner,
        "due": due,
    }
    _say(At(db, url).ask(OPEN_EXCEPTION, given(asked), under=under), json=json)


def raise_exceptions_command(
    by: Annotated[str, typer.Option(metavar="NAME", help="Who looks.")],
    identifiers: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…]", help="Things, containers, or lots: (01)…(10)…"),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--exception", metavar="EXCEPTIONID", help="What it found is looked at once more."
        ),
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """
    Make exceptions of what `findings` says of things or lots: one for each cause.

    Of exceptions that there were about them, what is found no more is cleared.
    """
    value = At(db, url).ask(RAISE_EXCEPTIONS, identifiers or [], names or [], by)
    if json:
        print_json(value)
        return
    _say_table(value["exceptions"], "became")
    if not value["exceptions"]:
        data.print("nothing is found")


def decide_exception_command(
    exception: ExceptionID,
    decision: Annotated[
        str, typer.Argument(metavar="DECISION", help=f"One of {', '.join(DECISIONS)}.")
    ],
    reason: Reason,
    by: By,
    identifiers: Annotated[
        list[str] | None,
        typer.Option("--thing", metavar="ID", help="With amend: a thing; once for each."),
    ] = None,
    transactions: Transactions = None,
    events: Events = None,
    partner: Partner = None,
    owner: Annotated[
        str | None, typer.Option(metavar="NAME", help="With assign, plan_action.")
    ] = None,
    due: Annotated[
        str | None, typer.Option(metavar="T", help="With reschedule, plan_action.")
    ] = None,
    root_cause: Annotated[RootCause | None, typer.Option(help="With explain.")] = None,
    action: Annotated[ActionKind | None, typer.Option(help="With plan_action.")] = None,
    number: Annotated[
        int | None, typer.Option(min=1, help="With finish_action, check_action: of which.")
    ] = None,
    effective: Annotated[
        bool | None,
        typer.Option("--effective/--not-effective", help="With check_action: whether it helped."),
    ] = None,
    hold: Annotated[
        str | None, typer.Option(metavar="HOLDID", help="With contain: what holds its things.")
    ] = None,
    version: Annotated[
        int | None, typer.Option(min=1, help="Only if nothing was decided since this version.")
    ] = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Decide on an exception: a step, a comment, an owner, a root cause, an action."""
    asked = {
        "decision": decision,
        "reason": reason,
        "by": by,
        "things": identifiers or None,
        "transactions": transactions or None,
        "events": events or None,
        "partner": partner,
        "owner": owner,
        "due": due,
        "root_cause": root_cause and root_cause.value,
        "action": action and action.value,
        "number": number,
        "effective": effective,
        "hold_id": hold,
        "version": version,
    }
    _say(At(db, url).ask(DECIDE_ON_EXCEPTION, exception, given(asked)), json=json)


def _say_list(value: dict[str, Any]) -> None:
    _say_table(value["exceptions"], "partner")


def _say_table(exceptions: Sequence[dict[str, Any]], last: str) -> None:
    table = table_of(
        "exception", "class", "kind", "state", "due", "owner", "things", "reason", last
    )
    for case in exceptions:
        cells = (case["exception_id"], _words(case["class"]), case["kind"] or "")
        more = (case["owner"] or "", str(case["things"]), case["reason"], case[last] or "")
        table.add_row(*map(shown, (*cells, _words(case["state"]), _due(case), *more)))
    data.print(table)


def _say(case: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(case)
    else:
        _say_exception(case)


def _say_exception(case: dict[str, Any]) -> None:
    kind = "" if case["kind"] is None else f": {case['kind']}"
    data.print(f"[bold]{shown(case['exception_id'])}[/] {shown(_words(case['class']) + kind)}")
    _say_line(f"{_words(case['state'])}, due {_due(case)}, version {case['version']}")
    for name in ("owner", "partner", "cause", "what_to_do"):
        if case[name] is not None:
            _say_line(f"{_words(name)}: {case[name]}")
    if case["thread"] != case["exception_id"]:
        _say_line(f"thread: {case['thread']}")
    for name in ("resolution", "approval", "closing"):
        if (signed := case[name]) is not None:
            _say_line(f"{name}: {signed['reason']}, by {signed['by']} at {signed['at']}")
    for name in ("things", "transactions", "events", "holds"):
        for text in case[name][:_SHOWN]:
            _say_line(f"{name[:-1]}: {text}")
        if len(case[name]) > _SHOWN:
            _say_line(f"… and {len(case[name]) - _SHOWN} more {name}")
    if (found := case["root_cause"]) is not None:
        _say_line(f"root cause: {found['root_cause']}, by {found['by']}: {found['reason']}")
    for action in case["actions"]:
        _say_line(f"action {action['number']}, {action['action']}: {_acted(action)}")
    for past in case["history"]:
        _say_line(f"{past['at']} {_words(past['decision'])}, by {past['by']}: {past['reason']}")


def _acted(action: dict[str, Any]) -> str:
    """Return what is to be done, by whom and when, what came of it, and whether it helped."""
    who = " ".join(filter(None, (action["owner"], action["due"] and f"until {action['due']}")))
    said = [action["what"], "to be done" if action["outcome"] is None else action["outcome"]]
    if (checked := action["checked"]) is not None:
        helped = "has helped" if checked["effective"] else "has not helped"
        said.append(f"{helped}: {checked['evidence']}")
    return f"{said[0]}{who and f' ({who})'}: {'; '.join(said[1:])}"


def _say_line(text: str) -> None:
    data.print(f"  {shown(text)}", soft_wrap=True)


def _due(case: dict[str, Any]) -> str:
    return f"{case['due']} (overdue)" if case["overdue"] else str(case["due"])


def _words(name: str) -> str:
    return name.replace("_", " ")
