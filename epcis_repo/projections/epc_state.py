"""
The state of a thing: lifecycle, disposition, last place, lot, expiry. A pure fold.

What the events say that name the thing itself, and what those say that name a container of it
(`operations/history.py` finds them).
"""

from __future__ import annotations

from typing import NamedTuple

from epcis_repo.projections.lifecycle import (
    ITS_OWN,
    SHARED_WITH_CONTENT,
    State,
    Step,
    lifecycle_after,
    step_in,
)
from epcis_repo.projections.said import Said


class EpcState(NamedTuple):
    """
    What is true of a thing after an event, at `event_time`.

    `expiry` is a date as the commissioning event has it. `commissioned_at` is the position of
    that event, None for a thing that nobody commissioned here.
    """

    lifecycle: State
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    lot: str | None
    expiry: str | None
    commissioned_at: int | None
    event_time: int
    position: int


def after(state: EpcState | None, said: Said, *, level: int = 0, unpacks: bool = False) -> EpcState:
    """
    Return the state of a thing after an event.

    The event names the thing itself, or with a `level` the container that it was in so many
    levels up; `unpacks` says that it took the thing out of there without naming it.
    """
    before = state or _NOTHING
    step = step_for(said, level=level, unpacks=unpacks)
    is_told = level == 0 or step_in(said) not in ITS_OWN
    begins = level == 0 and step == Step.COMMISSION
    # A place is said with both its words, or with the one that there is.
    has_place = said.read_point or said.biz_location
    return EpcState(
        lifecycle_after(before.lifecycle, step),
        (said.disposition if is_told else None) or before.disposition,
        said.read_point if has_place else before.read_point,
        said.biz_location if has_place else before.biz_location,
        (said.lot if begins else None) or before.lot,
        (said.expiry if begins else None) or before.expiry,
        said.position if begins else before.commissioned_at,
        said.event_time,
        said.position,
    )


def step_for(said: Said, *, level: int, unpacks: bool) -> Step | None:
    """Return what an event does to a thing that it names, or a container of which it names."""
    step = step_in(said)
    if level == 0 or step in SHARED_WITH_CONTENT:
        return step
    return Step.UNPACK if unpacks else None


_NOTHING = EpcState(None, None, None, None, None, None, None, 0, 0)
