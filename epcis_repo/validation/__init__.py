"""
Checks a document against the standard; decides nothing about what to do with a violation.

`rules.py` is the standard's part of the catalogue. The functions of its rows stand in a module for
each dimension of an event (`what`, `when`, `where`, `why`, `how`), and in `identity`, `extensions`
and `header`. `dscsa/` has the rules of those who ask for more.
"""

from epcis_repo.validation.catalogue import CATALOGUE, PROFILES, catalogue_value, severity_of
from epcis_repo.validation.rule import Rule, Severity
from epcis_repo.validation.rules import RULES
from epcis_repo.validation.validate import Identified, IdentifiedEvent, examine, judged, validate

__all__ = [
    "CATALOGUE",
    "PROFILES",
    "RULES",
    "Identified",
    "IdentifiedEvent",
    "Rule",
    "Severity",
    "catalogue_value",
    "examine",
    "judged",
    "severity_of",
    "validate",
]
