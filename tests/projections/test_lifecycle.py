"""The tables of the life of a thing: which step an event is, and what a step leads to."""

from __future__ import annotations

from itertools import product

import pytest

from epcis_repo.gs1.cbv import BIZ_STEP, DISPOSITION
from epcis_repo.model.what import Role
from epcis_repo.projections.lifecycle import (
    SAYINGS,
    TRANSITIONS,
    Lifecycle,
    Step,
    lifecycle_after,
    step_in,
    transitions,
)
from epcis_repo.projections.said import Said


def said(
    kind: str = "ObjectEvent",
    action: str | None = "OBSERVE",
    biz_step: str | None = None,
    disposition: str | None = None,
    role: Role = Role.OBJECT,
) -> Said:
    """What an event says of a thing, as far as its life is concerned."""
    before, after = ("a", role, 1, 1, kind, action), (None,) * 5
    return Said(*before, biz_step, disposition, *after, 0, None)


@pytest.mark.parametrize(
    ("event", "step"),
    [
        pytest.param(said(action="ADD", biz_step="commissioning"), Step.COMMISSION, id="begun"),
        pytest.param(said(action="DELETE"), Step.DECOMMISSION, id="ended"),
        pytest.param(said(action="DELETE", biz_step="destroying"), Step.DESTROY, id="destroyed"),
        pytest.param(said(biz_step="destroying"), None, id="on its way to be destroyed"),
        pytest.param(said(biz_step="shipping", disposition="in_transit"), Step.SHIP, id="shipped"),
        pytest.param(said(biz_step="receiving"), Step.RECEIVE, id="received"),
        pytest.param(said(biz_step="holding"), Step.HOLD, id="held"),
        pytest.param(
            said(biz_step="shipping", disposition="recalled"), Step.SHIP, id="sent back, recalled"
        ),
        pytest.param(said(biz_step="stocking", disposition="recalled"), Step.HOLD, id="recalled"),
        pytest.param(
            said(biz_step="dispensing", disposition="dispensed"), Step.DISPENSE, id="dispensed"
        ),
        pytest.param(
            said(biz_step="dispensing", disposition="partially_dispensed"), None, id="opened"
        ),
        pytest.param(said(disposition="stolen", biz_step="shipping"), Step.STEAL, id="stolen"),
        pytest.param(said(disposition="unknown"), Step.LOSE, id="lost"),
        pytest.param(said(biz_step="https://a.example/steps#exporting"), Step.EXPORT, id="abroad"),
        pytest.param(said("AggregationEvent", "ADD", role=Role.CHILD), Step.PACK, id="packed"),
        pytest.param(
            said("AggregationEvent", "ADD", "receiving", role=Role.CHILD),
            Step.RECEIVE,
            id="received in its case",
        ),
        pytest.param(
            said("AggregationEvent", "DELETE", role=Role.CHILD), Step.UNPACK, id="unpacked"
        ),
        pytest.param(said("AggregationEvent", "ADD", role=Role.PARENT), None, id="packed into"),
        pytest.param(said("AssociationEvent", "ADD", role=Role.CHILD), None, id="attached"),
        pytest.param(said("TransformationEvent", None, role=Role.INPUT), Step.TRANSFORM, id="used"),
        pytest.param(
            said("TransformationEvent", None, role=Role.OUTPUT), Step.COMMISSION, id="made"
        ),
        pytest.param(said(biz_step="shipping", role=Role.CLASS), None, id="some of its class"),
        pytest.param(said(biz_step="storing"), None, id="nothing in particular"),
    ],
)
def test_an_event_is_a_step(event: Said, step: Step | None) -> None:
    """
    What is done to a thing is told by action, business step and disposition, the gravest first.
    """
    assert step_in(event) == step


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param("commission pack ship receive dispense", "dispensed", id="the usual way"),
        pytest.param("commission pack unpack", "commissioned", id="unpacked"),
        pytest.param("receive pack unpack ship", "shipped", id="nobody said that it began"),
        pytest.param("commission ship void_ship", "commissioned", id="never left"),
        pytest.param("commission dispense ship", "dispensed", id="dispensed is not shipped"),
        pytest.param("commission dispense commission", "reactivated", id="in use again"),
        pytest.param("commission decommission activate", "reactivated", id="active again"),
        pytest.param("commission hold activate ship", "shipped", id="released"),
        pytest.param("commission sample activate", "reactivated", id="a sample put back"),
        pytest.param("commission lose receive", "received", id="found"),
        pytest.param("commission steal receive", "stolen", id="stolen stays stolen"),
        pytest.param("commission steal decommission", "decommissioned", id="a stolen number"),
        pytest.param("commission destroy commission", "destroyed", id="destroyed is the end"),
        pytest.param("commission transform ship", "transformed", id="used up"),
        pytest.param("commission pack commission", "packed", id="commissioned twice"),
    ],
)
def test_a_life(steps: str, state: str) -> None:
    """
    A life is walked step by step; one that leads nowhere leaves the thing what it was.
    """
    reached = None
    for step in steps.split():
        reached = lifecycle_after(reached, Step(step))

    assert reached == state


def test_every_state_and_step_is_of_some_use() -> None:
    """
    No state cannot be reached, no step is never taken, and nothing leaves the destroyed.
    """
    assert set(TRANSITIONS.values()) == set(Lifecycle)
    assert {step for _, step in TRANSITIONS} == set(Step) == {row.step for row in SAYINGS} - {None}
    assert {to for (state, _), to in TRANSITIONS.items() if state == Lifecycle.DESTROYED} == {
        Lifecycle.DESTROYED
    }


def test_another_regime_is_other_rows() -> None:
    """
    Where an export ends the life of a pack for good, the table says so and nothing else changes.
    """
    rows = [
        (Step.COMMISSION, (None,), Lifecycle.COMMISSIONED),
        (Step.EXPORT, (Lifecycle.COMMISSIONED,), Lifecycle.EXPORTED),
    ]
    strict = transitions(rows)
    walk = [Step.COMMISSION, Step.EXPORT, Step.ACTIVATE]

    usual = abroad = None
    for step in walk:
        usual, abroad = lifecycle_after(usual, step), lifecycle_after(abroad, step, strict)

    assert (usual, abroad) == (Lifecycle.REACTIVATED, Lifecycle.EXPORTED)


def test_words_of_the_standard_are_its_words() -> None:
    """
    But for what it has no word for, the table is written in words of the CBV.
    """
    words = {word for row in SAYINGS for word in (*row.biz_steps, *row.dispositions)}

    assert words - {*BIZ_STEP.words, *DISPOSITION.words} == {"exporting", "exported", "lost"}


def test_no_row_is_hidden_by_one_before_it() -> None:
    """
    Each row is the first that fits some event.
    """
    kinds = ("ObjectEvent", "AggregationEvent", "TransformationEvent", "AssociationEvent")
    steps = {None, *(word for row in SAYINGS for word in row.biz_steps)}
    dispositions = {None, *(word for row in SAYINGS for word in row.dispositions)}
    reached = set()
    for facts in product(kinds, Role, ("ADD", "DELETE", None), steps, dispositions):
        kind, role, action, step, disposition = facts
        own = (kind, role, action, step, disposition)
        for number, (_, *wanted) in enumerate(SAYINGS):
            if all(not some or fact in some for fact, some in zip(own, wanted, strict=True)):
                reached.add(number)
                break

    assert reached == set(range(len(SAYINGS)))
