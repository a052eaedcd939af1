"""
What findings have in common: those of one cause are one exception. Pure.

A shipment of which nobody has told has a finding for each serial in it, and one cause. Which it is,
`kinds.py` has for each rule: a delivery, a lot, a product, a partner. A cause has one name, however
often its findings are found, and in whatever order.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from epcis_repo.exceptions.kinds import KINDS, End, ExceptionClass, Shared
from epcis_repo.findings import Finding, ThingRule
from epcis_repo.model.found_by import reference_key
from epcis_repo.model.times import utc_text

# The names of exceptions that were found are made of their causes, so that each has one for ever.
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:epcis-repo:exceptions")


class EventSaid(NamedTuple):
    """What an event says of the delivery that it is of."""

    delivery: str | None = None
    source: str | None = None
    destination: str | None = None
    place: str | None = None

    def end(self, which: End | None) -> str | None:
        """Return who is at one end of it."""
        return {None: None, End.SOURCE: self.source, End.DESTINATION: self.destination}[which]


NOTHING = EventSaid()


@dataclass(frozen=True, slots=True)
class Cause:
    """
    What is behind some findings of a rule.

    `shared` is what they have in common, `reason` what the first of them says. `findings` are as an
    exception shows them, with the EPCs of those of their things that have it in common.
    """

    rule: ThingRule
    shared: str
    reason: str
    partner: str | None = None
    transactions: tuple[str, ...] = ()
    findings: tuple[dict[str, Any], ...] = ()

    @property
    def text(self) -> str:
        """Its name: the rule, and what is shared."""
        return f"{self.rule.id} {self.shared}"

    @property
    def exception_id(self) -> str:
        """The name of the exception that it is."""
        return str(uuid.uuid5(_NAMES, self.text))

    @property
    def exception_class(self) -> ExceptionClass:
        """The class of that."""
        return KINDS[self.rule.id].exception_class


def causes(
    findings: Iterable[Finding],
    *,
    names: Mapping[str, str],
    said: Mapping[str, EventSaid],
    lots: Mapping[str, str],
) -> list[Cause]:
    """
    Return the causes of findings, in the order of the first finding of each.

    `names` are the EPCs of things by their keys, `said` what events say by eventID, and `lots`
    which lot each thing is of, where that is known.
    """
    together: dict[tuple[str, str], list[tuple[Finding, list[str]]]] = {}
    for finding in findings:
        event = said.get(finding.event.event_id, NOTHING)
        keys: dict[str, list[str]] = {}
        for key in finding.keys:
            keys.setdefault(_shared(finding, key, event, lots.get(key)), []).append(key)
        for shared, some in keys.items():
            together.setdefault((finding.rule.id, shared), []).append((finding, some))
    return [_cause(shared, found, names, said) for (_, shared), found in together.items()]


def _cause(
    shared: str,
    found: Sequence[tuple[Finding, Sequence[str]]],
    names: Mapping[str, str],
    said: Mapping[str, EventSaid],
) -> Cause:
    first, _ = found[0]
    events = [said.get(finding.event.event_id, NOTHING) for finding, _ in found]
    asked = [event.end(KINDS[first.rule.id].asks) for event in events]
    return Cause(
        rule=first.rule,
        shared=shared,
        reason=first.sentence(names),
        partner=next((partner for partner in asked if partner is not None), None),
        transactions=tuple(dict.fromkeys(e.delivery for e in events if e.delivery is not None)),
        findings=tuple(_shown(finding, keys, names) for finding, keys in found),
    )


def _shown(finding: Finding, keys: Sequence[str], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "rule": finding.rule.id,
        "event_id": finding.event.event_id,
        "event_time": utc_text(finding.event.time),
        "contradicts": finding.contradicts and finding.contradicts.event_id,
        "sentence": finding.sentence(names),
        "epcs": [names[key] for key in keys],
    }


def _shared(finding: Finding, key: str, event: EventSaid, lot: str | None) -> str:
    """Return what a finding has in common with others about a thing: the first that is known."""
    shared = KINDS[finding.rule.id].shared
    assert shared is not None, finding.rule.id
    return next(_ways(shared, finding, key, event, lot))


def _ways(
    shared: Shared, finding: Finding, key: str, event: EventSaid, lot: str | None
) -> Iterator[str]:
    product = _product(key)
    if shared is Shared.DELIVERY and event.delivery is not None:
        yield f"in {reference_key(event.delivery)}"
    if shared is Shared.LOT and lot is not None and product is not None:
        yield in_lot(product, lot)
    if shared in (Shared.LOT, Shared.PRODUCT):
        # Containers are of no product, and each is a thing by itself.
        yield f"of {product or key}"
    if shared is Shared.PARTNER and event.source is not None:
        yield f"by {reference_key(event.source)}"
    if shared is Shared.PARTNER and event.place is not None:
        yield f"at {reference_key(event.place)}"
    if shared is Shared.WORDS and finding.words:
        yield "with " + ", ".join(str(finding.words[name]) for name in sorted(finding.words))
    yield f"by event {finding.event.event_id}"


def in_lot(product: str, lot: str) -> str:
    """Return what findings about a lot of a product have in common."""
    return f"of {product} in lot {lot}"


def _product(key: str) -> str | None:
    """Return the key of the GTIN of a pack; None for all else."""
    ai, _, rest = key.partition("/")
    return f"01/{rest.partition('/')[0]}" if ai == "01" else None
