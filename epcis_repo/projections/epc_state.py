"""
The state of a thing: lifecycle, disposition, last place, lot, expiry. A pure fold.

What the events that name the thing itself say; what happens to a container is added when it
is asked for (`operations/history.py`).
"""

from __future__ import annotations

from typing import NamedTuple

from epcis_repo.model.what import Role
from epcis_repo.projections.said import Said


class EpcState(NamedTuple):
    """
    What is true of a thing after an event, at `event_time`; or what that event alone says.

    `expiry` is a date as the commissioning event has it. `commissioned_at` is the position of
    that event, None for a thing that nobody commissioned here.
    """

    lifecycle: str | None
    disposition: str | None
    read_point: str | None
    biz_location: str | None
    lot: str | None
    expiry: str | None
    commissioned_at: int | None
    event_time: int
    position: int


# (role, action) → lifecycle, and where the business step or disposition says more, that.
LIFECYCLE = {
    (Role.OBJECT, "ADD"): "commissioned",
    (Role.OBJECT, "DELETE"): "decommissioned",
    (Role.OUTPUT, None): "commissioned",
    (Role.INPUT, None): "transformed",
}
LIFECYCLE_BY_BIZ_STEP = {("DELETE", "destroying"): "destroyed"}
LIFECYCLE_BY_DISPOSITION = {"dispensed": "dispensed", "destroyed": "destroyed"}
BEGINS = "commissioned"


def after(state: EpcState | None, step: EpcState) -> EpcState:
    """Return the state of a thing after what an event says."""
    if state is None:
        return step
    has_place = step.read_point or step.biz_location
    return EpcState(
        step.lifecycle or state.lifecycle,
        step.disposition or state.disposition,
        step.read_point if has_place else state.read_point,
        step.biz_location if has_place else state.biz_location,
        step.lot or state.lot,
        step.expiry or state.expiry,
        state.commissioned_at if step.commissioned_at is None else step.commissioned_at,
        step.event_time,
        step.position,
    )


def step_of(said: Said) -> EpcState:
    """Return what one event says of the state of a thing that it names."""
    lifecycle = None
    if said.type in ("ObjectEvent", "TransformationEvent"):
        lifecycle = (
            LIFECYCLE_BY_BIZ_STEP.get((said.action or "", said.biz_step or ""))
            or LIFECYCLE_BY_DISPOSITION.get(said.disposition or "")
            or LIFECYCLE.get((Role(said.role), said.action))
        )
    begins = lifecycle == BEGINS
    return EpcState(
        lifecycle,
        said.disposition,
        said.read_point,
        said.biz_location,
        said.lot if begins else None,
        said.expiry if begins else None,
        said.position if begins else None,
        said.event_time,
        said.position,
    )
