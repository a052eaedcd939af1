"""
Findings of a capture: what the rules found in what had come in, as the log has it.

What is found of a thing changes with what comes later; that something was found, and when, does
not. A finding is an event of the log whose identity is what it says, so that it is made once,
however often the rules look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from epcis_repo.evidence.receipts import FINDING_MADE
from epcis_repo.findings import Finding
from epcis_repo.gs1 import canonical_key
from epcis_repo.model.times import utc_text
from epcis_repo.reactions.rules import AT_THE_DOOR, Reaction
from epcis_repo.store import EventData, RecordedEvent
from epcis_repo.store.envelope import enveloped, opened


class Origin(NamedTuple):
    """Who sent what broke a rule, in which document; None where no event that came in did."""

    partner: str | None = None
    document: str | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class FindingMade:
    """
    A finding of a capture, what became of it, and when it was made (microseconds).

    `epcs` are the things that it is about. The event of the `origin` is in the log where it was
    captured, by the eventID of the event that shows it or of that which it contradicts.
    """

    value: Mapping[str, Any]
    position: int
    made_at: int

    def said(self) -> dict[str, Any]:
        """Return it as JSON (`schemas/findings-made.schema.json`)."""
        return {**self.value, "made_at": utc_text(self.made_at), "position": self.position}


def finding_data(
    finding: Finding, reaction: Reaction, origin: Origin, names: Mapping[str, str]
) -> EventData:
    """Return the event of the log that says it."""
    captured = reaction not in AT_THE_DOOR
    contradicts = finding.contradicts
    value = {
        "rule": finding.rule.id,
        "number": finding.rule.number,
        "severity": finding.rule.severity.value,
        "reaction": reaction.value,
        "captured": captured,
        "partner": origin.partner,
        "document": origin.document,
        "event_number": origin.number,
        "epcs": [names[key] for key in finding.keys],
        "event_id": finding.event.event_id,
        "event_time": utc_text(finding.event.time),
        "contradicts": None if contradicts is None else contradicts.event_id,
        "others": [names[key] for key in finding.others],
        "words": _words(finding),
        "sentence": finding.sentence(names),
        "what_to_do": finding.rule.what_to_do,
    }
    # What is kept out may come again in another document, and be captured once it may.
    told = [*_said(finding), *finding.keys, None if captured else origin.document]
    identity = f"finding {sha256(orjson.dumps(told)).hexdigest()}"
    events = {finding.event.event_id, *(() if contradicts is None else (contradicts.event_id,))}
    tags = [
        rule_tag(finding.rule.id),
        *(event_tag(event_id) for event_id in sorted(events)),
        *(thing_tag(key) for key in finding.keys),
    ]
    if origin.partner is not None:
        tags.append(partner_tag(origin.partner))
    return enveloped(EventData(FINDING_MADE, identity, orjson.dumps(value), tuple(tags)))


def _said(finding: Finding) -> list[Any]:
    """Return what tells a finding from others, but for the things that it is about."""
    contradicts = finding.contradicts and finding.contradicts.event_id
    words = [*_words(finding).items()]
    return [finding.rule.id, finding.event.event_id, contradicts, [*finding.others], words]


def _words(finding: Finding) -> dict[str, str]:
    return {name: str(finding.words[name]) for name in sorted(finding.words)}


def made(recorded: RecordedEvent) -> FindingMade:
    """Return the finding that an event of the log is."""
    value = orjson.loads(opened(recorded)[1])
    return FindingMade(value, recorded.position, recorded.record_time)


def unmade(findings: Iterable[Finding], before: Iterable[FindingMade]) -> list[Finding]:
    """Return of findings what was not among those that were made of what was captured before."""
    known: dict[bytes, set[str]] = {}
    for item in before:
        if item.value["captured"]:
            keys = map(canonical_key, item.value["epcs"])
            known.setdefault(_said_in(item.value), set()).update(keys)
    new = []
    for finding in findings:
        seen = known.get(orjson.dumps(_said(finding)), ())
        if left := tuple(key for key in finding.keys if key not in seen):
            new.append(replace(finding, keys=left))
    return new


def _said_in(value: Mapping[str, Any]) -> bytes:
    others = [canonical_key(epc) for epc in value["others"]]
    words = [*value["words"].items()]
    return orjson.dumps([value["rule"], value["event_id"], value["contradicts"], others, words])


# No URI has a blank in it, so no partner's identifier can be taken for one of these tags.
def rule_tag(rule: str) -> str:
    """Return what the findings by a rule are found by."""
    return f"found by {rule}"


def partner_tag(key: str) -> str:
    """Return what the findings in what a partner sent are found by."""
    return f"found from {_word(key)}"


def event_tag(event_id: str) -> str:
    """Return what the findings that an event shows, or is contradicted by, are found by."""
    return f"found at {_word(event_id)}"


def thing_tag(key: str) -> str:
    """Return what the findings about a thing are found by."""
    return f"found of {key}"


def _word(text: str) -> str:
    # What a header says of its sender may be anything, and of any length.
    return text if len(text) <= 300 else f"sha256:{sha256(text.encode()).hexdigest()}"
