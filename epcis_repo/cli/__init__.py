"""
The command line. Data goes to stdout, words to stderr; `--json` gives data for programs.

Exit codes: 0 done; 1 the answer is no (a product is not verified, a proof does not hold,
something recorded was altered, a log contradicts itself, a store is not well);
2 the command line is wrong;
3 what was given is wrong, and nothing of it was recorded (with `capture --proceed`, the rest was);
4 nothing of that name is recorded;
5 the event is recorded already with other content;
6 the store cannot be used, or no server answers.

The commands stand in modules by what they are about, which do not know each other: `asking.py`,
`stories.py`, `containing.py`, `holding.py`, `reacting.py`, `excepting.py`, `exchanging.py`,
`reconciling.py`, `recording.py`, `checking.py`, `converting.py`, `serving.py`, `subscribers.py`,
`evidence.py`, `upkeep.py`. They share their `options.py`, the `files.py` that they read and write,
what they are `running.py` an operation with, the `repository.py` that they ask, which is a store or
a server, and the `questions/` that it can be asked, what is alike in `telling.py` the answers, and
how they speak: `output.py`, `exit_codes.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import typer

from epcis_repo import __version__, errors
from epcis_repo.cli import (
    asking,
    checking,
    containing,
    converting,
    evidence,
    excepting,
    exchanging,
    holding,
    reacting,
    reconciling,
    recording,
    serving,
    stories,
    subscribers,
    upkeep,
)
from epcis_repo.cli.exit_codes import say_error
from epcis_repo.cli.output import data, take_any_character


def version() -> None:
    """Show the version."""
    data.print(__version__)


# In the order in which `--help` lists them.
COMMANDS: dict[str, Callable[..., None]] = {
    "serve": serving.serve,
    "capture": recording.capture_command,
    "validate": checking.validate_command,
    "rules": checking.rules_command,
    "convert": converting.convert_command,
    "events": asking.events_command,
    "document": asking.document_command,
    "conflicts": asking.conflicts_command,
    "history": stories.history_command,
    "contents": containing.contents_command,
    "counts": containing.counts_command,
    "leaves": containing.leaves_command,
    "diff": stories.diff_command,
    "custody": stories.custody_command,
    "lineage": stories.lineage_command,
    "findings": stories.findings_command,
    "correction": stories.correction_command,
    "found": reacting.found_command,
    "judge": reacting.judge_command,
    "set-reaction": reacting.set_reaction_command,
    "quarantine": reacting.quarantine_command,
    "release-quarantine": reacting.release_quarantine_command,
    "dismiss-quarantine": reacting.dismiss_quarantine_command,
    "allocate": reacting.allocate_command,
    "allocations": reacting.allocations_command,
    "withdraw-allocation": reacting.withdraw_allocation_command,
    "hold": holding.hold_command,
    "release": holding.release_command,
    "holds": holding.holds_command,
    "recall": holding.recall_command,
    "exceptions": excepting.exceptions_command,
    "exception": excepting.exception_command,
    "open-exception": excepting.open_exception_command,
    "raise-exceptions": excepting.raise_exceptions_command,
    "decide-exception": excepting.decide_exception_command,
    "take-message": exchanging.take_message_command,
    "write-message": exchanging.write_message_command,
    "messages": exchanging.messages_command,
    "reconcile": reconciling.reconcile_command,
    "masterdata": asking.master_data_command,
    "verify": asking.verify_command,
    "subscriptions": subscribers.subscriptions_command,
    "deliveries": subscribers.deliveries_command,
    "replay": subscribers.replay_command,
    "init": upkeep.init_command,
    "migrate": upkeep.migrate_command,
    "backup": upkeep.backup_command,
    "restore": upkeep.restore_command,
    "archive": upkeep.archive_command,
    "attach": upkeep.attach_command,
    "doctor": upkeep.doctor_command,
    "rebuild": upkeep.rebuild_command,
    "compact": upkeep.compact_command,
    "checkpoint": evidence.checkpoint_command,
    "proof": evidence.proof_command,
    "check-proof": evidence.check_proof_command,
    "key": evidence.key_command,
    "witness": evidence.witness_command,
    "fsck": evidence.fsck_command,
    "demo": recording.demo,
    "version": version,
}

app = typer.Typer(
    name="epcis-repo",
    help="An event-sourced EPCIS repository: capture what partners report, replay any serial's "
    "life, verify products.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong command line, 3 wrong input (nothing "
    "recorded), 4 not found, 5 conflict with what is recorded, 6 store or log not available.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _name, _command in COMMANDS.items():
    app.command(_name)(_command)


def main() -> None:
    """Run a command; an error becomes a sentence and an exit code."""
    take_any_character()
    try:
        app()
    except errors.EpcisError as error:
        raise SystemExit(say_error(error)) from None
