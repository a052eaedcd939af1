"""
What is not as it should be with things: rules about what can be true of them, and what they find.

`rules.py` is the catalogue, with the functions of its rows beside it by what they are about
(`beginnings`, `packing`, `uses`, `transfers`); each is a function of a life (`life.py`), which
`reading.py` reads, of many things at once. `operations.py` asks.
"""

from epcis_repo.findings.life import Hold, Known, Limits, SerialRange
from epcis_repo.findings.operations import (
    Finding,
    Findings,
    findings,
    findings_value,
    judge,
    rules_value,
)
from epcis_repo.findings.rule import Severity, ThingRule
from epcis_repo.findings.rules import RULES

__all__ = [
    "RULES",
    "Finding",
    "Findings",
    "Hold",
    "Known",
    "Limits",
    "SerialRange",
    "Severity",
    "ThingRule",
    "findings",
    "findings_value",
    "judge",
    "rules_value",
]
