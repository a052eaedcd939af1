"""The commands about exceptions: list and show them, open, raise and decide on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from epcis_repo.cli.options import After, Db, Json, KnownAt, Url, clocks
from epcis_repo.cli.output import data, print_json, shown, table_of
from epcis_repo.cli.questions import (
    DECIDE_ON_EXCEPTION,
    EXCEPTION,
    EXCEPTIONS,
    OPEN_EXCEPTION,
    RAISE_EXCEPTIONS,
    At,
)
from epcis_repo.cli.telling import tell_page
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
        str | None, typer.Argument(metavar="[ID]", help="Only those about one thing.")
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
    known_at: KnownAt = None,
    per_page: Annotated[int, typer.Option(min=1, max=1_000, help="So many at most.")] = _PER_PAGE,
    after: After = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """List exceptions, the newest first."""
    moment = clocks(None, known_at)["known_at"]
    is_overdue = None if overdue is None else str(overdue).lower()
    sought = {
        "id": identifier,
        "state": state and state.value,
        "class": exception_class and exception_class.value,
        "kind": kind,
        "owner": owner,
        "partner": partner,
        "overdue": is_overdue,
    }
    page = At(db, url).ask(
        EXCEPTIONS, _given(sought), known_at=moment, per_page=per_page, token=after
    )
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
    _say(At(db, url).ask(OPEN_EXCEPTION, _given(asked)), json=json)


def raise_exceptions_command(
    identifiers: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="Things, containers, or lots: (01)…(10)…"),
    ],
    by: Annotated[str, typer.Option(metavar="NAME", help="Who looks.")],
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """Make exceptions of what `findings` says of things or lots: one for each cause."""
    value = At(db, url).ask(RAISE_EXCEPTIONS, identifiers, by)
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
    owner: Annotated[str | None, typer.Option(metavar="NAME", help="With assign.")] = None,
    due: Annotated[str | None, typer.Option(metavar="T", help="With reschedule.")] = None,
    root_cause: Annotated[RootCause | None, typer.Option(help="With explain.")] = None,
    action: Annotated[ActionKind | None, typer.Option(help="With plan_action.")] = None,
    number: Annotated[
        int | None, typer.Option(min=1, help="With finish_action: of which action.")
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
        "version": version,
    }
    _say(At(db, url).ask(DECIDE_ON_EXCEPTION, exception, _given(asked)), json=json)


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
        return
    kind = "" if case["kind"] is None else f": {case['kind']}"
    data.print(f"[bold]{shown(case['exception_id'])}[/] {shown(_words(case['class']) + kind)}")
    _say_line(f"{_words(case['state'])}, due {_due(case)}, version {case['version']}")
    for name in ("owner", "partner", "cause", "what_to_do", "resolution", "closing"):
        if case[name] is not None:
            _say_line(f"{_words(name)}: {case[name]}")
    for name in ("things", "transactions", "events"):
        for text in case[name][:_SHOWN]:
            _say_line(f"{name[:-1]}: {text}")
        if len(case[name]) > _SHOWN:
            _say_line(f"… and {len(case[name]) - _SHOWN} more {name}")
    if (found := case["root_cause"]) is not None:
        _say_line(f"root cause: {found['root_cause']}, by {found['by']}: {found['reason']}")
    for action in case["actions"]:
        outcome = "to be done" if action["outcome"] is None else action["outcome"]
        _say_line(f"action {action['number']}, {action['action']}: {action['what']}: {outcome}")
    for past in case["history"]:
        _say_line(f"{past['at']} {_words(past['decision'])}, by {past['by']}: {past['reason']}")


def _say_line(text: str) -> None:
    data.print(f"  {shown(text)}", soft_wrap=True)


def _due(case: dict[str, Any]) -> str:
    return f"{case['due']} (overdue)" if case["overdue"] else str(case["due"])


def _words(name: str) -> str:
    return name.replace("_", " ")


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value is not None}
