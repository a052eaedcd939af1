"""What is recorded of holds and recalls."""

from __future__ import annotations

from dataclasses import dataclass

from epcis_repo.recorders.decisions import Decision


@dataclass(frozen=True)
class HoldPlaced(Decision):
    """
    Somebody holds something, or recalls it, from an event time on.

    `held` are the EPCs of the things, containers and lots; `kind` is one of `rules.Kind`.
    """

    hold_id: str
    kind: str
    held: list[str]
    reason: str
    by: str
    since: str
    recall_class: str | None


@dataclass(frozen=True)
class HoldReleased(Decision):
    """Somebody released what was held, from an event time on."""

    hold_id: str
    reason: str
    by: str
    until: str


LIFECYCLE = (HoldPlaced, HoldReleased)


def hold_tag(hold_id: str) -> str:
    """Return what the decisions on a hold are found by."""
    # No URI has a blank in it, so no partner's identifier can be taken for these tags.
    return f"hold {hold_id}"


def held_tag(key: str) -> str:
    """Return what the holds on something are found by."""
    return f"held {key}"
