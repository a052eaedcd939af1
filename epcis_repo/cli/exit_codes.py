"""What an error is for whoever called the command: a sentence, and an exit code."""

from __future__ import annotations

from epcis_repo import errors
from epcis_repo.allocations import AllocationTakenError, AllocationWithdrawnError
from epcis_repo.cli.output import say_more, shown, words
from epcis_repo.evidence.errors import KeyFileError, TreeError
from epcis_repo.exceptions import (
    ExceptionChangedError,
    ExceptionStateError,
    ExceptionTakenError,
)
from epcis_repo.exceptions.pdg import MessageTakenError, StrangerError
from epcis_repo.holds import HoldReleasedError, HoldTakenError
from epcis_repo.ledger import ForkError
from epcis_repo.reactions import QuarantineOverError
from epcis_repo.subscriptions import NotDeadError
from epcis_repo.witness import LogUnreachableError, RefusedError

ANSWER_IS_NO = 1
# The most particular class of an error counts.
EXIT_CODES: dict[type[Exception], int] = {
    errors.SettingsError: 2,
    errors.QueryParameterError: 2,
    errors.InputError: 3,
    errors.NotFoundError: 4,
    errors.DuplicateEventError: 5,
    errors.KeyReusedError: 5,
    NotDeadError: 5,
    AllocationTakenError: 5,
    AllocationWithdrawnError: 5,
    QuarantineOverError: 5,
    HoldTakenError: 5,
    HoldReleasedError: 5,
    ExceptionTakenError: 5,
    ExceptionStateError: 5,
    ExceptionChangedError: 5,
    MessageTakenError: 5,
    StrangerError: 5,
    errors.StoreError: 6,
    # The log is not what was signed, or cannot be proved to be: `fsck` tells more.
    ForkError: ANSWER_IS_NO,
    TreeError: ANSWER_IS_NO,
    KeyFileError: 2,
    RefusedError: ANSWER_IS_NO,
    LogUnreachableError: 6,
}
_VIOLATIONS_SHOWN = 20


def say_error(error: errors.EpcisError) -> int:
    """Say what is wrong, and return the exit code for it."""
    words.print(f"[bold red]error:[/] {shown(str(error))}")
    match error:
        case errors.ValidationError(violations=found) | errors.UnsayableError(lost=found):
            if len(found) > 1:
                for item in found[:_VIOLATIONS_SHOWN]:
                    words.print(f"  {shown(str(item))}")
                say_more(error.count - _VIOLATIONS_SHOWN)
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)
