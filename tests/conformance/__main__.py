"""Writes the list of requirements and tests anew: `python -m tests.conformance`."""

from tests.conformance.listing import README, rendered

README.write_text(rendered(), encoding="utf-8")
