"""
Reactions: what becomes of events that break a rule about things, by the rule and who sent them.

`rules.py` is the table of what becomes of them where nobody has said anything, and folds what
somebody has; `events.py` is what is recorded of that. What is to be kept out is looked for in the
transaction of the capture (`door.py`), all else behind the captures (`following.py`, on a thread of
`runner.py`), both by the same look at what has come in (`judging.py`); what was found is an event
of the log (`made.py`). What was kept aside waits to be released or dismissed (`quarantine.py`).
"""

from epcis_repo.reactions.asked import reaction_asked, why_asked
from epcis_repo.reactions.door import ReactionsDoor
from epcis_repo.reactions.errors import QuarantineOverError
from epcis_repo.reactions.following import is_behind, judge_all
from epcis_repo.reactions.operations import (
    FindingPage,
    Sought,
    all_rules_value,
    every_rule,
    findings_made,
    findings_made_value,
    reactions_to,
    set_reaction,
)
from epcis_repo.reactions.quarantine import (
    QuarantinePage,
    State,
    dismiss,
    one_quarantined,
    quarantine_value,
    quarantined,
    release,
)
from epcis_repo.reactions.rules import DEFAULTS, Reaction, Reactions
from epcis_repo.reactions.runner import Judge

__all__ = [
    "DEFAULTS",
    "FindingPage",
    "Judge",
    "QuarantineOverError",
    "QuarantinePage",
    "Reaction",
    "Reactions",
    "ReactionsDoor",
    "Sought",
    "State",
    "all_rules_value",
    "dismiss",
    "every_rule",
    "findings_made",
    "findings_made_value",
    "is_behind",
    "judge_all",
    "one_quarantined",
    "quarantine_value",
    "quarantined",
    "reaction_asked",
    "reactions_to",
    "release",
    "set_reaction",
    "why_asked",
]
