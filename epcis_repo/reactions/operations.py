"""Setting and showing reactions, and listing what was found at captures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from epcis_repo.errors import QueryParameterError
from epcis_repo.findings import rules_value
from epcis_repo.operations.partners import partner_key
from epcis_repo.reactions.asked import known_rule
from epcis_repo.reactions.made import FindingMade, event_tag, partner_tag, rule_tag, thing_tag
from epcis_repo.reactions.reading import all_reactions, findings_before
from epcis_repo.reactions.rules import DEFAULTS, Asked, Reactions, SetReaction
from epcis_repo.recorders.decisions import decide
from epcis_repo.store import EventStore, log
from epcis_repo.validation import catalogue_value

_POSITION_MAX = 2**63 - 1


class Sought(NamedTuple):
    """Which findings of captures are sought: all of what is said holds for each."""

    rule: str | None = None
    partner: str | None = None
    event_id: str | None = None
    key: str | None = None

    @property
    def tags(self) -> list[str]:
        """What those are found by that are sought."""
        tags = [] if self.rule is None else [rule_tag(known_rule(self.rule))]
        tags += [] if self.partner is None else [partner_tag(partner_key(self.partner))]
        tags += [] if self.event_id is None else [event_tag(self.event_id)]
        tags += [] if self.key is None else [thing_tag(self.key)]
        return tags


@dataclass(frozen=True, slots=True)
class FindingPage:
    """Some findings of captures, the newest first; the token asks for those that are older."""

    findings: Sequence[FindingMade]
    next_page_token: str | None


async def set_reaction(store: EventStore, rule: str, asked: Asked, *, now: int) -> dict[str, Any]:
    """Set what becomes of what breaks a rule, and return that as JSON."""
    await decide(store, lambda: SetReaction(rule, asked), now=now)
    return await reactions_to(store, rule)


async def reactions_to(
    store: EventStore, rule: str, *, known_at: int | None = None
) -> dict[str, Any]:
    """
    Return what becomes of what breaks a rule, as was known at `known_at`.

    `NotFoundError` for what is no rule about things.
    """
    return reactions_value(known_rule(rule), await _reactions(store, known_at))


async def every_rule(store: EventStore, *, known_at: int | None = None) -> dict[str, Any]:
    """Return the catalogue of all rules as JSON (`schemas/rules.schema.json`)."""
    return all_rules_value(await _reactions(store, known_at))


def all_rules_value(reactions: Reactions) -> dict[str, Any]:
    """Return the catalogue, with what becomes of what breaks a rule."""
    about_things = [
        {**rule, "reactions": reactions_value(rule["rule"], reactions)} for rule in rules_value()
    ]
    about_documents = [{**rule, "reactions": None} for rule in catalogue_value()]
    return {"rules": [*about_documents, *about_things]}


def reactions_value(rule: str, reactions: Reactions) -> dict[str, Any]:
    """Return the reactions to a rule as JSON (`schemas/reactions.schema.json`)."""
    return {
        "rule": rule,
        "default": DEFAULTS[rule].value,
        "set": [setting.value() for setting in reactions.of(rule)],
    }


async def findings_made(
    store: EventStore,
    sought: Sought,
    *,
    known_at: int | None = None,
    per_page: int,
    token: str | None = None,
) -> FindingPage:
    """Return a page of the findings of captures that are sought, as was known at `known_at`."""
    before = _before(token)
    async with store.reading() as session:
        if known_at is not None:
            before = min(before, await log.head_at(session, known_at) + 1)
        # One more than is shown tells whether there is a next page.
        found = await findings_before(session, before, tags=sought.tags, limit=per_page + 1)
    page = found[:per_page]
    return FindingPage(page, str(page[-1].position) if len(found) > per_page else None)


def findings_made_value(page: FindingPage) -> dict[str, Any]:
    """Return findings of captures as JSON (`schemas/findings-made.schema.json`)."""
    return {"findings": [finding.said() for finding in page.findings]}


async def _reactions(store: EventStore, known_at: int | None) -> Reactions:
    async with store.reading() as session:
        until = await (log.head(session) if known_at is None else log.head_at(session, known_at))
        return await all_reactions(session, until)


def _before(token: str | None) -> int:
    if token is None:
        return _POSITION_MAX
    if not (token.isascii() and token.isdecimal() and int(token[:20]) <= _POSITION_MAX):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
