"""
What becomes of what breaks a rule about things. Pure: decisions in, reactions out.

A table says it for each rule where nobody has said anything else. What a chain sends whose events
come late, or one before the other, is recorded in any case: to refuse it, or to keep it aside, is
for somebody to choose.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from epcis_repo.findings import RULES
from epcis_repo.model.times import utc_text
from epcis_repo.operations.partners import partner_key
from epcis_repo.reactions.events import ReactionSet, reaction_tag
from epcis_repo.recorders.decisions import Decision, Selector, Slice, event


class Reaction(StrEnum):
    """What becomes of an event by which a rule about things is broken."""

    REJECT = "reject"
    """It is refused, as any bad event is; it is kept with what was found."""
    QUARANTINE = "quarantine"
    """It is kept aside: nobody finds it until somebody has it captured, or dismisses it."""
    RAISE = "raise"
    """It is captured, and what was found is an exception."""
    OBSERVE = "observe"
    """It is captured, and what was found is in the log, for who looks."""


AT_THE_DOOR = frozenset({Reaction.REJECT, Reaction.QUARANTINE})
"""The reactions that keep an event from being captured."""

_RAISE, _OBSERVE = Reaction.RAISE, Reaction.OBSERVE

# What cannot be so, or must not have happened, is a case. What may be so, or is mended by what
# comes late as often as not, is in the log for who looks.
# fmt: off
DEFAULTS: Mapping[str, Reaction] = {
    "commissioned-twice":        _RAISE,
    "used-before-commissioning": _OBSERVE,
    "never-commissioned":        _OBSERVE,
    "lot-expiry":                _RAISE,
    "case-lot":                  _RAISE,
    "rework-unlinked":           _OBSERVE,
    "unknown-gtin":              _OBSERVE,
    "unknown-gln":               _OBSERVE,
    "serial-range":              _RAISE,
    "pack-size":                 _OBSERVE,
    "two-parents":               _OBSERVE,
    "unpacked-not-packed":       _OBSERVE,
    "contains-itself":           _RAISE,
    "filled-late":               _OBSERVE,
    "repacked-unlisted":         _OBSERVE,
    "shipped-empty":             _OBSERVE,
    "used-while-packed":         _OBSERVE,
    "shipped-decommissioned":    _RAISE,
    "shipped-destroyed":         _RAISE,
    "shipped-on-hold":           _RAISE,
    "shipped-expired":           _RAISE,
    "shipped-recalled":          _RAISE,
    "shipped-gone":              _RAISE,
    "dispensed-twice":           _RAISE,
    "dispensed-unfit":           _RAISE,
    "used-after-end":            _RAISE,
    "used-in-transit":           _OBSERVE,
    "shipped-not-received":      _RAISE,
    "received-not-shipped":      _OBSERVE,
    "shipped-twice":             _OBSERVE,
    "received-by-another":       _OBSERVE,
    "two-holders":               _OBSERVE,
    "event-ahead":               _OBSERVE,
    "event-stale":               _OBSERVE,
}
# fmt: on

# Whether something was received in time only time shows: nobody can be refused for it.
BY_THE_CLOCK = frozenset({"shipped-not-received"})


class Asked(NamedTuple):
    """What is asked for by who sets a reaction: None for the one that there was before."""

    reaction: Reaction | None
    reason: str
    by: str
    partner: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """A reaction that somebody has set, for a partner or for every one (None)."""

    rule: str
    partner: str | None
    reaction: Reaction
    reason: str
    by: str
    set_at: int

    def value(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/reactions.schema.json`)."""
        return {
            "partner": self.partner,
            "reaction": self.reaction.value,
            "reason": self.reason,
            "by": self.by,
            "set_at": utc_text(self.set_at),
        }


@dataclass(frozen=True)
class Reactions:
    """What somebody has set, by the rule and by the key of the partner, None for every one."""

    settings: Mapping[tuple[str, str | None], Setting] = field(default_factory=dict)

    def to(self, rule: str, partner: str | None) -> Reaction:
        """Return what becomes of what breaks a rule, where a partner sent it, or nobody knows."""
        for who in dict.fromkeys((partner, None)):
            if (setting := self.settings.get((rule, who))) is not None:
                return setting.reaction
        return DEFAULTS[rule]

    def rules_at_the_door(self, partner: str | None) -> list[str]:
        """Return the rules by which what a partner sends may be kept from being captured."""
        return [rule.id for rule in RULES if self.to(rule.id, partner) in AT_THE_DOOR]

    @cached_property
    def partners_at_the_door(self) -> set[str | None]:
        """For whom anything is set that keeps events from being captured; None for every one."""
        return {who for (_, who), s in self.settings.items() if s.reaction in AT_THE_DOOR}

    def of(self, rule: str) -> list[Setting]:
        """Return what is set for a rule, that for every partner first."""
        mine = [setting for (name, _), setting in self.settings.items() if name == rule]
        return sorted(mine, key=lambda setting: (setting.partner is not None, setting.partner))


Learned = tuple[int, ReactionSet]
"""A decision, and when it was recorded (microseconds)."""


def after(reactions: Reactions, decisions: Iterable[Learned]) -> Reactions:
    """Return the reactions after some more decisions, in order."""
    settings = dict(reactions.settings)
    for learned, decision in decisions:
        who = None if decision.partner is None else partner_key(decision.partner)
        if decision.reaction is None:
            settings.pop((decision.rule, who), None)
        else:
            settings[decision.rule, who] = Setting(
                rule=decision.rule,
                partner=decision.partner,
                reaction=Reaction(decision.reaction),
                reason=decision.reason,
                by=decision.by,
                set_at=learned,
            )
    return Reactions(settings)


class SetReaction(Slice[Decision]):
    """Sets the reaction to a rule. Who sets what is set already changes nothing."""

    def __init__(self, rule: str, asked: Asked) -> None:
        """`asked` was read by `asked.py`."""
        self.rule = rule
        self.asked = asked
        self.reactions = Reactions()

    def consistency_boundary(self) -> list[Selector]:
        """See `Perspective.consistency_boundary`."""
        return [Selector((ReactionSet,), (reaction_tag(self.rule),))]

    @event(ReactionSet)
    def _(self, partner: str | None, reaction: str | None, reason: str, by: str) -> None:
        said = ReactionSet(self.rule, partner, reaction, reason, by)
        self.reactions = after(self.reactions, [(0, said)])

    def execute(self) -> None:
        """Decide."""
        asked = self.asked
        who = None if asked.partner is None else partner_key(asked.partner)
        before = self.reactions.settings.get((self.rule, who))
        if (before and before.reaction) == asked.reaction:
            return
        self.trigger_event(
            ReactionSet,
            (reaction_tag(self.rule),),
            rule=self.rule,
            partner=asked.partner,
            reaction=None if asked.reaction is None else asked.reaction.value,
            reason=asked.reason,
            by=asked.by,
        )
