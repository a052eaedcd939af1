"""Rules about who has a thing, and about when and where it is said to have been."""

from __future__ import annotations

from collections.abc import Iterator

from epcis_repo.errors import IdentifierError
from epcis_repo.findings.life import Known, Life
from epcis_repo.findings.rule import Find, Found, found
from epcis_repo.gs1 import SCHEMES, parse_identifier
from epcis_repo.model.master_data import key_of
from epcis_repo.model.times import utc_text
from epcis_repo.projections.custody import Gap, Named
from epcis_repo.projections.lifecycle import Lifecycle
from epcis_repo.projections.story import Entry

SOMEBODY = "somebody unknown"
_DAY = 86_400_000_000
_PLACES_AND_PARTIES = (SCHEMES["sgln"], SCHEMES["pgln"])
_ENDS = (("sourceList", "source"), ("destinationList", "destination"))


def gap(which: Gap) -> Find:
    """Return the rule that custody has no gap of this kind, but what follows from another gap."""

    def find(life: Life, _known: Known) -> Iterator[Found]:
        entries = {entry.event_id: entry for entry in life.entries}
        unsure: set[Named | None] = set()
        for finding in life.custody.findings:
            if finding.gap is Gap.RECEIVED_NEVER_SHIPPED:
                # Who has it since then is known by where it was received, if at all.
                unsure.add(finding.second)
            follows = finding.gap is Gap.TWO_HOLDERS and finding.first in unsure
            if finding.gap is which and not follows:
                parties = {"first": finding.first, "second": finding.second}
                said = {name: party.text if party else SOMEBODY for name, party in parties.items()}
                yield found(entries[finding.event_id], None, **said)

    return find


def shipped_not_received(life: Life, known: Known) -> Iterator[Found]:
    """What was shipped arrives in the time that a way takes."""
    last = life.end
    # Who uses it has it, and another rule asks for his receipt.
    if last.since is None or last.state is not Lifecycle.SHIPPED or last.is_doubted:
        return
    under_way = life.until - last.since.said.event_time
    if under_way > known.limits.on_the_way:
        yield found(last.since, None, days=under_way // _DAY)


def event_ahead_of_its_record(life: Life, known: Known) -> Iterator[Found]:
    """What is told has happened."""
    for moment in life.own:
        entry = moment.entry
        if entry.said.event_time - entry.record_time > known.limits.ahead:
            yield found(entry, None, recorded=utc_text(entry.record_time))


def event_told_late(life: Life, known: Known) -> Iterator[Found]:
    """What has happened is told in time."""
    for moment in life.own:
        entry = moment.entry
        late = entry.record_time - entry.said.event_time
        if late > known.limits.stale:
            yield found(entry, None, days=late // _DAY)


def place_is_unknown(life: Life, known: Known) -> Iterator[Found]:
    """Master data says which places and parties there are, if there is any of such."""
    seen: set[str] = set()
    for moment in life.own if known.places is not None else ():
        for text in places_in(moment.entry):
            keys = place_keys(text)
            if keys and text not in seen and not any(key in (known.places or ()) for key in keys):
                seen.add(text)
                yield found(moment.entry, None, place=text)


def places_in(entry: Entry) -> Iterator[str]:
    """Yield the places and parties that an event names, as it names them."""
    for place in (entry.said.read_point, entry.said.biz_location):
        if place is not None:
            yield place
    for name, member in _ENDS:
        for end in entry.header.get(name) or ():
            yield end[member]


def place_keys(text: str) -> tuple[str, ...]:
    """Return the keys under which a place or party may be known; none where it has no GLN."""
    try:
        identifier = parse_identifier(key_of(text))
    except IdentifierError:
        return ()
    if identifier.scheme not in _PLACES_AND_PARTIES:
        return ()
    gln = identifier.value
    # What is known of a site is known of each of its rooms, and of a party whatever it is called.
    return identifier.key, f"414/{gln}", f"417/{gln}"
