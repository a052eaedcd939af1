"""Rules about what is done with things that it cannot, or must not, be done with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum, auto
from typing import NamedTuple

from epcis_repo.errors import IdentifierError
from epcis_repo.findings.life import ENDED, EventAt, Hold, Known, Life, Moment, event_at
from epcis_repo.findings.rule import Find, Found, found
from epcis_repo.gs1 import from_elements
from epcis_repo.model.found_by import class_of
from epcis_repo.model.times import utc_text
from epcis_repo.operations.custody import handlings
from epcis_repo.projections.custody import OWNING, POSSESSING, Named
from epcis_repo.projections.lifecycle import Lifecycle, Step
from epcis_repo.projections.story import Entry

_ISO_DATE = re.compile(r"\d{4}-\d\d-\d\d")

# CBV 2.0, §7.2: what is shipped so goes back, or to its end, and to nobody who is to have it.
NOT_FOR_SALE = frozenset(
    {
        *("returned", "recalled", "expired", "damaged", "disposed", "destroyed"),
        *("non_sellable_other", "no_pedigree_match"),
    }
)


class Unfit(StrEnum):
    """Why something is not to go to anybody."""

    ON_HOLD = auto()
    EXPIRED = auto()
    RECALLED = auto()


class Reason(NamedTuple):
    """Why it is unfit, and who said so when, where that was an event or a decision."""

    why: Unfit
    said: EventAt | None


def shipped_while(*states: Lifecycle) -> Find:
    """Return the rule that what has one of these states is not shipped, in anything either."""

    def find(life: Life, _known: Known) -> Iterator[Found]:
        for moment in life.moments:
            is_shipped = moment.step is Step.SHIP and not moment.before.is_doubted
            if is_shipped and moment.before.state in states:
                yield found(moment.entry, _since(moment), state=moment.before.state)

    return find


def shipped_unfit(why: Unfit) -> Find:
    """Return the rule that what is unfit is not shipped, but back or to its end."""

    def find(life: Life, known: Known) -> Iterator[Found]:
        for moment in life.moments:
            if moment.step is Step.SHIP and moment.entry.said.disposition not in NOT_FOR_SALE:
                for reason in _reasons(life, moment, known):
                    if reason.why is why:
                        yield found(moment.entry, reason.said, expiry=moment.before.expiry)

    return find


def dispensed_unfit(life: Life, known: Known) -> Iterator[Found]:
    """What is on hold, expired or recalled reaches no patient."""
    for moment in life.moments:
        if moment.step is Step.DISPENSE:
            for reason in _reasons(life, moment, known):
                yield found(moment.entry, reason.said, why=reason.why.replace("_", " "))
                break


def dispensed_twice(life: Life, _known: Known) -> Iterator[Found]:
    """What one patient has got, no other gets."""
    for moment in life.moments:
        is_again = moment.step is Step.DISPENSE and moment.before.state is Lifecycle.DISPENSED
        if is_again and not moment.before.is_doubted:
            yield found(moment.entry, _since(moment))


def used_after_its_end(life: Life, _known: Known) -> Iterator[Found]:
    """What has come to its end goes nowhere, unless the table of the lifecycle says how."""
    for moment in life.moments:
        has_own_rule = moment.step in (Step.SHIP, Step.COMMISSION) or (
            moment.step is Step.DISPENSE and moment.before.state is Lifecycle.DISPENSED
        )
        if moment.is_contradiction and not has_own_rule and not moment.before.is_doubted:
            yield found(moment.entry, _since(moment), state=moment.before.state)


def used_in_transit(life: Life, _known: Known) -> Iterator[Found]:
    """What was shipped is received before anything else is done with it."""
    for moment in life.moments:
        if moment.is_in_transit and not moment.before.is_doubted:
            yield found(moment.entry, _since(moment))


def shipped_twice(life: Life, _known: Known) -> Iterator[Found]:
    """
    What was shipped is received before it is shipped again.

    A pallet's shipping and its cases' are one, if nothing says that they go to different parties.
    """
    for moment in life.moments:
        before = moment.before.since
        again = moment.step is Step.SHIP and moment.before.state is Lifecycle.SHIPPED
        if not again or before is None or moment.before.is_doubted:
            continue
        if moment.entry.container == before.container or _parties_differ(moment.entry, before):
            yield found(moment.entry, event_at(before))


def _since(moment: Moment) -> EventAt | None:
    return None if moment.before.since is None else event_at(moment.before.since)


def _reasons(life: Life, moment: Moment, known: Known) -> Iterator[Reason]:
    """Yield why a thing is unfit just before an event; what has ended has rules of its own."""
    if moment.before.state in ENDED:
        return
    time = moment.entry.said.event_time
    said = _since(moment)
    disposition = moment.before.since.said.disposition if moment.before.since is not None else None
    held = _HELD_FOR.get(disposition or "", Unfit.ON_HOLD)
    reasons: dict[Unfit, EventAt | None] = {}
    if moment.before.state is Lifecycle.HELD:
        reasons[held] = said
    for hold in _holds(life, moment, known):
        why = Unfit.RECALLED if hold.is_recall else Unfit.ON_HOLD
        reasons.setdefault(why, EventAt(hold.name, hold.begins))
    # On its last day it has not expired yet.
    has_day = moment.before.expiry is not None and _ISO_DATE.match(moment.before.expiry)
    if has_day and has_day[0] < utc_text(time)[:10]:
        begun = moment.before.commissioned
        reasons.setdefault(Unfit.EXPIRED, None if begun is None else event_at(begun))
    yield from (Reason(why, said) for why, said in reasons.items())


_HELD_FOR = {"recalled": Unfit.RECALLED, "expired": Unfit.EXPIRED}


def _holds(life: Life, moment: Moment, known: Known) -> Iterator[Hold]:
    if not known.holds:
        return
    order, time = moment.entry.said.order, moment.entry.said.event_time
    # The nearest first.
    keys = (life.key, lot_key(life.key, moment.before.lot), *life.containers(order))
    for key in dict.fromkeys(keys):
        for hold in known.holds_on.get(key or "", ()):
            if hold.begins <= time and (hold.ends is None or time < hold.ends):
                yield hold


def lot_key(key: str, lot: str | None) -> str | None:
    """Return the key of the lot that a thing is of; None where there can be no such lot."""
    product = class_of(key) or ""
    if lot is None or not product.startswith("01/"):
        return None
    try:
        return from_elements({"01": product.split("/")[1], "10": lot}).key
    except IdentifierError:
        # A partner's lot may have characters that no lot of GS1 has.
        return None


def _parties_differ(one: Entry, other: Entry) -> bool:
    """Whether two shippings say that they are from or to different parties."""
    this, that = handlings([one, other])
    ends = ((this.sources, that.sources), (this.destinations, that.destinations))
    parties = [(_party(mine), _party(theirs)) for mine, theirs in ends]
    return any(mine and theirs and mine != theirs for mine, theirs in parties)


def _party(parties: Mapping[str, Named]) -> str | None:
    named = parties.get(POSSESSING) or parties.get(OWNING)
    return None if named is None else named.key
