"""The commands that look at documents and record nothing: validate, rules."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from typing import IO, Annotated, Any

import orjson
import typer

from epcis_repo import errors
from epcis_repo.bindings import XML, scan_events, sniff
from epcis_repo.cli.exit_codes import EXIT_CODES, say_error
from epcis_repo.cli.files import document_file
from epcis_repo.cli.options import Db, Json, KnownAt, Url, clocks
from epcis_repo.cli.output import data, print_bytes, print_json, shown, table_of, words
from epcis_repo.cli.questions.reacting import RULES as REACTED
from epcis_repo.cli.repository import At
from epcis_repo.clock import clock
from epcis_repo.operations.problems import violation_value
from epcis_repo.reactions import Reactions, all_rules_value
from epcis_repo.validation import (
    PROFILES,
    RULES,
    Rule,
    Severity,
    examine,
    severity_of,
)

_SNIFFED = 1_024
_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


class Profile(StrEnum):
    """Who asks for more than the standard."""

    DSCSA = "dscsa"


def validate_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Documents; - is stdin.")],
    profile: Annotated[
        Profile | None, typer.Option(help="Ask for what these partners ask for, too.")
    ] = None,
    json: Json = False,
) -> None:
    """
    Say all that is wrong with documents, and record nothing.

    Errors keep a document from being captured, warnings do not. The exit code is 0 where there is
    no error in any of them.
    """
    rules = RULES if profile is None else (*RULES, *PROFILES[profile])
    code = 0
    for name in files:
        try:
            with document_file(name) as body:
                if _say_findings(name, body, rules, json=json)[Severity.ERROR]:
                    code = EXIT_CODES[errors.InputError]
        except errors.InputError as error:
            # One that cannot be read does not keep the others out.
            code = max(code, say_error(error))
    raise typer.Exit(code)


def _say_findings(
    name: str, body: IO[bytes], rules: tuple[Rule, ...], *, json: bool
) -> Counter[Severity]:
    """Say what there is to say of a document as it is found; return how much of it."""
    found = Counter[Severity]()

    def say(violation: errors.Violation) -> None:
        severity = severity_of(violation.rule)
        found[severity] += 1
        if json:
            value = {"file": name, "severity": severity.value, **violation_value(violation)}
            print_bytes(orjson.dumps(value))
            return
        level = f"[{_COLOURS[severity]}]{severity}[/]"
        data.print(
            f"{shown(name)}: {level} {violation.rule}: {shown(str(violation))}", soft_wrap=True
        )

    events = 0
    try:
        media_type = sniff(body.read(_SNIFFED))
        scan = scan_events(body, media_type)
        findings = examine(scan, is_xml=media_type == XML, now=clock(), rules=rules)
        while True:
            say(next(findings))
    except StopIteration as end:
        events = end.value
    except errors.ValidationError as error:
        for violation in error.violations:
            say(violation)
    if json:
        counts = {f"{severity.value}s": found[severity] for severity in Severity}
        print_bytes(orjson.dumps({"file": name, "events": events, **counts}))
    else:
        said = ", ".join(_count(found[severity], severity.value) for severity in Severity)
        data.print(f"{shown(name)}: {_count(events, 'event')}, {said}", soft_wrap=True)
    return found


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number or 'no'} {what}s"


def rules_command(
    is_set: Annotated[
        bool, typer.Option("--set", help="With the reactions that somebody has set in a store.")
    ] = False,
    known_at: KnownAt = None,
    db: Db = None,
    url: Url = None,
    json: Json = False,
) -> None:
    """
    List the rules that documents are checked against, and those about things, by number.

    No store is asked, unless it is for what was --set in it.
    """
    if is_set:
        value = At(db, url).ask(REACTED, known_at=clocks(None, known_at)["known_at"])
    elif known_at is not None:
        raise errors.QueryParameterError("--known-at", expected="--set with it", found=known_at)
    else:
        value = all_rules_value(Reactions())
    if json:
        print_json(value)
        return
    table = table_of("number", "rule", "severity", "clause", "what it says", "what becomes of it")
    for rule in value["rules"]:
        cells = (rule["number"], rule["rule"], rule["severity"], rule["clause"], rule["what"])
        table.add_row(*(shown(str(cell)) for cell in cells), shown(_becomes(rule["reactions"])))
    data.print(table)
    words.print("errors keep a document from being captured, warnings do not; dscsa is a profile")
    about_things = next(rule for rule in value["rules"] if rule["reactions"] is not None)
    words.print(
        f"from {about_things['number']} on they are about things: what breaks them is captured, "
        "unless epcis-repo set-reaction says otherwise"
    )


def _becomes(reactions: dict[str, Any] | None) -> str:
    if reactions is None:
        return ""
    set_so = [f"{each['partner'] or 'everybody'}: {each['reaction']}" for each in reactions["set"]]
    return "; ".join([*set_so, f"else {reactions['default']}" if set_so else reactions["default"]])
