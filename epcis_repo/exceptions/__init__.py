"""
Exceptions: that goods and data do not agree, or goods are not fit; each a case until it is closed.

An exception is a decision with a lifecycle: `events.py` is what is recorded of it, `rules.py`
decides and folds, pure; `asked.py` reads what is asked for, and `values.py` says it. `kinds.py` is
the table of what there is, by HDA's five classes, and `causes.py` what findings have in common, so
that those of one cause are one exception. There is no read model: an exception is found by its name
or by the tags of its things (`reading.py`), and folded when somebody asks (`operations.py`). Who
follows the log keeps in mind which of them what comes in may change (`watched.py`).
"""

from epcis_repo.exceptions.asked import (
    DECISIONS,
    Asked,
    DecisionAsked,
    LookedAt,
    Sought,
    exception_asked,
    exception_decision_asked,
    findings_asked,
    sought_asked,
)
from epcis_repo.exceptions.errors import (
    ExceptionChangedError,
    ExceptionStateError,
    ExceptionTakenError,
)
from epcis_repo.exceptions.kinds import KINDS, ExceptionClass
from epcis_repo.exceptions.operations import (
    Became,
    ExceptionPage,
    Raised,
    decide_case,
    decide_on,
    exceptions,
    look_again,
    one_exception,
    open_exception,
    raise_findings,
    raise_found,
)
from epcis_repo.exceptions.rules import (
    ActionKind,
    ExceptionCase,
    Past,
    RootCause,
    Shown,
    State,
    Step,
)
from epcis_repo.exceptions.values import exception_value, exceptions_value, raised_value
from epcis_repo.exceptions.watched import Watched

__all__ = [
    "DECISIONS",
    "KINDS",
    "ActionKind",
    "Asked",
    "Became",
    "DecisionAsked",
    "ExceptionCase",
    "ExceptionChangedError",
    "ExceptionClass",
    "ExceptionPage",
    "ExceptionStateError",
    "ExceptionTakenError",
    "LookedAt",
    "Past",
    "Raised",
    "RootCause",
    "Shown",
    "Sought",
    "State",
    "Step",
    "Watched",
    "decide_case",
    "decide_on",
    "exception_asked",
    "exception_decision_asked",
    "exception_value",
    "exceptions",
    "exceptions_value",
    "findings_asked",
    "look_again",
    "one_exception",
    "open_exception",
    "raise_findings",
    "raise_found",
    "raised_value",
    "sought_asked",
]
