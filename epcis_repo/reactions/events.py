"""What is recorded of reactions, and of what was kept aside by one."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True)
class ReactionSet(Decision):
    """
    Somebody has said what becomes of what breaks a rule, whoever sends it, or a `partner` does.

    `reaction` is one of `rules.Reaction`; None where it is to be as if nothing had been said.
    """

    rule: str
    partner: str | None
    reaction: str | None
    reason: str
    by: str


@dataclass(frozen=True)
class EventsQuarantined(Decision):
    """
    Events of a document were kept aside: those of these numbers, from 1; all, where there are none.

    They are named by the captureID of the capture that did so.
    """

    capture_id: str
    document: str
    capture_error_behaviour: str
    partner: str | None
    events: int
    numbers: list[int]
    findings: list[str]


@dataclass(frozen=True)
class QuarantineReleased(Decision):
    """Somebody has had captured what was kept aside, by another capture."""

    capture_id: str
    released_as: str
    reason: str
    by: str


@dataclass(frozen=True)
class QuarantineDismissed(Decision):
    """Somebody has decided that what was kept aside is not to be captured."""

    capture_id: str
    reason: str
    by: str


QUARANTINE = (EventsQuarantined, QuarantineReleased, QuarantineDismissed)


# No URI has a blank in it, so no partner's identifier can be taken for one of these tags.
def reaction_tag(rule: str) -> str:
    """Return what the decisions on the reactions to a rule are found by."""
    return f"reaction to {rule}"


def quarantine_tag(capture_id: str) -> str:
    """Return what the decisions on what was kept aside are found by."""
    return f"quarantine {capture_id}"
