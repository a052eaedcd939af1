"""Checks a document against the standard; decides nothing about what to do with a violation."""

from epcis_repo.validation.rules import RULES, Rule
from epcis_repo.validation.validate import IdentifiedEvent, validate

__all__ = ["RULES", "IdentifiedEvent", "Rule", "validate"]
