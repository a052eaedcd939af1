"""
The life of a thing: what an event does to it, and what becomes of it. Two tables.

`SAYINGS` tells which step an event is for a thing that it names, `TRANSITIONS` what the thing is
after a step, given what it was. A step without a row there leaves the thing what it was: what was
destroyed is not shipped. Where the law has other states or other ways between them, that is
another table of transitions; the folds only walk it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum, auto
from functools import lru_cache
from typing import NamedTuple

from epcis_repo.model.what import Role
from epcis_repo.projections.said import Said


class Lifecycle(StrEnum):
    """What a thing is. `COMMISSIONED` is in use, and nothing besides."""

    COMMISSIONED = auto()
    PACKED = auto()
    SHIPPED = auto()
    RECEIVED = auto()
    HELD = auto()
    SAMPLED = auto()
    DISPENSED = auto()
    EXPORTED = auto()
    TRANSFORMED = auto()
    DECOMMISSIONED = auto()
    DESTROYED = auto()
    STOLEN = auto()
    LOST = auto()
    REACTIVATED = auto()


class Step(StrEnum):
    """What an event does to a thing that it names."""

    COMMISSION = auto()
    PACK = auto()
    UNPACK = auto()
    SHIP = auto()
    VOID_SHIP = auto()
    RECEIVE = auto()
    HOLD = auto()
    ACTIVATE = auto()
    SAMPLE = auto()
    DISPENSE = auto()
    EXPORT = auto()
    TRANSFORM = auto()
    DECOMMISSION = auto()
    DESTROY = auto()
    STEAL = auto()
    LOSE = auto()


class Saying(NamedTuple):
    """An event that is a step: it has one of each of these; where none is named, any will do."""

    step: Step | None
    types: Collection[str] = ()
    roles: Collection[int] = ()
    actions: Collection[str] = ()
    biz_steps: Collection[str] = ()
    dispositions: Collection[str] = ()


_OBJECT, _AGGREGATION = ("ObjectEvent",), ("AggregationEvent",)
_DELETE = ("DELETE",)

# The first row that fits counts. Of words that are not the standard's, such as `exporting`, the
# last part of the URI is looked at.
SAYINGS: tuple[Saying, ...] = (
    # To be attached to something is no step of a life; nor is what becomes of the classes.
    Saying(None, types=("AssociationEvent",)),
    Saying(None, roles=(Role.CLASS, Role.INPUT_CLASS, Role.OUTPUT_CLASS)),
    Saying(Step.TRANSFORM, roles=(Role.INPUT,)),
    Saying(Step.COMMISSION, roles=(Role.OUTPUT,)),
    Saying(Step.COMMISSION, types=_OBJECT, actions=("ADD",)),
    # CBV 2.0, §7.2: what is left of a pack that was opened may still be dispensed.
    Saying(None, dispositions=("partially_dispensed",)),
    Saying(Step.DESTROY, dispositions=("destroyed",)),
    Saying(Step.DISPENSE, dispositions=("dispensed", "retail_sold")),
    Saying(Step.STEAL, dispositions=("stolen",)),
    Saying(Step.LOSE, dispositions=("unknown", "lost")),
    Saying(Step.EXPORT, dispositions=("exported",)),
    Saying(Step.EXPORT, biz_steps=("exporting",)),
    Saying(Step.SAMPLE, biz_steps=("sampling",)),
    Saying(Step.DISPENSE, biz_steps=("dispensing", "retail_selling")),
    Saying(Step.DESTROY, types=_OBJECT, actions=_DELETE, biz_steps=("destroying",)),
    Saying(Step.DECOMMISSION, types=_OBJECT, actions=_DELETE),
    Saying(Step.SHIP, biz_steps=("shipping",)),
    Saying(Step.VOID_SHIP, biz_steps=("void_shipping",)),
    Saying(Step.RECEIVE, biz_steps=("receiving", "accepting")),
    Saying(Step.HOLD, biz_steps=("holding",)),
    Saying(Step.HOLD, dispositions=("recalled",)),
    Saying(Step.UNPACK, types=_AGGREGATION, roles=(Role.CHILD,), actions=_DELETE),
    Saying(Step.PACK, types=_AGGREGATION, roles=(Role.CHILD,)),
    Saying(Step.ACTIVATE, dispositions=("active", "sellable_accessible")),
)

# What happens to a container happens to what is in it; but a container that is put into use or
# taken out of it, packed or unpacked itself, says nothing of its content's life, and of samples and
# inputs those are named that are meant.
SHARED_WITH_CONTENT = frozenset(
    {
        *(Step.SHIP, Step.VOID_SHIP, Step.RECEIVE, Step.HOLD, Step.ACTIVATE, Step.DISPENSE),
        *(Step.EXPORT, Step.DESTROY, Step.STEAL, Step.LOSE),
    }
)
# Of its own beginning or end not even the disposition is its content's.
ITS_OWN = frozenset({Step.COMMISSION, Step.DECOMMISSION, Step.TRANSFORM, Step.SAMPLE})

_IN_HAND = (
    None,
    Lifecycle.COMMISSIONED,
    Lifecycle.PACKED,
    Lifecycle.RECEIVED,
    Lifecycle.REACTIVATED,
)
_IN_USE = (*_IN_HAND, Lifecycle.SHIPPED, Lifecycle.HELD)
_GONE = (Lifecycle.SAMPLED, Lifecycle.DISPENSED, Lifecycle.EXPORTED, Lifecycle.LOST)

State = Lifecycle | None
"""What a thing is; None where no event that stands has said it."""

Transitions = Mapping[tuple[State, Step], State]


def transitions(
    rows: Collection[tuple[Step, Collection[State], State]],
) -> dict[tuple[State, Step], State]:
    """Return a table, given for each step from what it leads to what."""
    return {(state, step): to for step, states, to in rows for state in states}


TRANSITIONS: Transitions = transitions(
    (
        (Step.COMMISSION, (None,), Lifecycle.COMMISSIONED),
        # Its serial is given to nothing else, so it is the same thing again.
        (
            Step.COMMISSION,
            (*_GONE, Lifecycle.DECOMMISSIONED, Lifecycle.TRANSFORMED),
            Lifecycle.REACTIVATED,
        ),
        (Step.PACK, _IN_HAND, Lifecycle.PACKED),
        # Where it was unpacked, it is what it was before in all but name.
        (Step.UNPACK, (Lifecycle.PACKED,), Lifecycle.COMMISSIONED),
        (Step.SHIP, (*_IN_USE, Lifecycle.LOST), Lifecycle.SHIPPED),
        (Step.VOID_SHIP, (Lifecycle.SHIPPED,), Lifecycle.COMMISSIONED),
        (Step.RECEIVE, (*_IN_USE, Lifecycle.LOST), Lifecycle.RECEIVED),
        (Step.HOLD, (*_IN_USE, Lifecycle.LOST), Lifecycle.HELD),
        (
            Step.ACTIVATE,
            (*_GONE, Lifecycle.HELD, Lifecycle.DECOMMISSIONED),
            Lifecycle.REACTIVATED,
        ),
        (Step.SAMPLE, _IN_USE, Lifecycle.SAMPLED),
        (Step.DISPENSE, _IN_USE, Lifecycle.DISPENSED),
        (Step.EXPORT, _IN_USE, Lifecycle.EXPORTED),
        (Step.TRANSFORM, (*_IN_USE, Lifecycle.DECOMMISSIONED), Lifecycle.TRANSFORMED),
        (
            Step.DECOMMISSION,
            (*_IN_USE, *_GONE, Lifecycle.STOLEN, Lifecycle.TRANSFORMED),
            Lifecycle.DECOMMISSIONED,
        ),
        # What has come to its end has come to it, whatever else is said.
        (Step.DESTROY, (None, *Lifecycle), Lifecycle.DESTROYED),
        (Step.STEAL, (*_IN_USE, *_GONE, Lifecycle.DECOMMISSIONED), Lifecycle.STOLEN),
        (Step.LOSE, _IN_USE, Lifecycle.LOST),
    )
)


def lifecycle_after(
    state: State, step: Step | None, transitions: Transitions = TRANSITIONS
) -> State:
    """Return what a thing is after a step that may lead nowhere."""
    return state if step is None else transitions.get((state, step), state)


def step_in(said: Said) -> Step | None:
    """Return what an event does to the thing that it says something of."""
    return _step(said.type, said.role, said.action, said.biz_step, said.disposition)


# Partners say few different things, and the history of a lot asks for each of its serials.
@lru_cache(maxsize=4_096)
def _step(
    kind: str, role: int, action: str | None, biz_step: str | None, disposition: str | None
) -> Step | None:
    facts = (kind, role, action, _last_word(biz_step), _last_word(disposition))
    for step, *wanted in SAYINGS:
        if all(not some or fact in some for fact, some in zip(facts, wanted, strict=True)):
            return step
    return None


def _last_word(text: str | None) -> str | None:
    # Of what the standard has the rows have the bare word.
    return None if text is None else re.split("[#/:]", text)[-1]
