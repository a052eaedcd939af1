"""All rules that there are: those of the standard, and those of profiles, who ask for more."""

from __future__ import annotations

from typing import Any

from epcis_repo.validation.dscsa import DSCSA
from epcis_repo.validation.rule import Rule, Severity
from epcis_repo.validation.rules import READ, RULES

PROFILES: dict[str, tuple[Rule, ...]] = {"dscsa": DSCSA}
"""Further rules, by the name of who asks for them."""

CATALOGUE: tuple[Rule, ...] = (*READ, *RULES, *(row for rows in PROFILES.values() for row in rows))
"""Every rule that a violation may name."""

_BY_ID = {rule.id: rule for rule in CATALOGUE}


def severity_of(rule_id: str) -> Severity:
    """Return what becomes of a document that breaks a rule."""
    return _BY_ID[rule_id].severity


def catalogue_value() -> list[dict[str, Any]]:
    """Return the catalogue as JSON."""
    profile_of = {rule.id: name for name, rules in PROFILES.items() for rule in rules}
    return [
        {
            "number": rule.number,
            "rule": rule.id,
            "severity": rule.severity.value,
            "clause": rule.clause,
            "what": rule.what,
            "profile": profile_of.get(rule.id),
            "about": "documents",
            "what_to_do": None,
        }
        for rule in CATALOGUE
    ]
