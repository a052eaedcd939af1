"""Rules about what is in what."""

from __future__ import annotations

from collections.abc import Iterator

from epcis_repo.findings.life import Known, Life, event_at, packs
from epcis_repo.findings.rule import Found, found
from epcis_repo.model.what import Role
from epcis_repo.projections.lifecycle import Step
from epcis_repo.projections.story import Entry, end_of

# To be of any use, a thing is taken out of what it is in.
_OPENS = frozenset({Step.DISPENSE, Step.SAMPLE, Step.TRANSFORM})
# What was filled has gone its way with these.
_ON_ITS_WAY = frozenset({Step.SHIP, Step.RECEIVE})


def in_two_parents(life: Life, _known: Known) -> Iterator[Found]:
    """What is packed was taken out of what it was in before."""
    for moment in life.own:
        parent, inside = moment.entry.said.parent_id, moment.inside
        enters = packs(moment.entry, Role.CHILD, "ADD", "OBSERVE")
        if enters and parent and inside and inside.container != parent:
            packed = life.entry_at(inside.begins)
            yield found(moment.entry, packed, parent, inside.container)


def unpacked_without_being_packed(life: Life, _known: Known) -> Iterator[Found]:
    """What is taken out was in there, and what is emptied had something in it."""
    holds_classes = False
    for moment in life.own:
        entry = moment.entry
        parent, inside, order = entry.said.parent_id, moment.inside, entry.said.order
        if packs(entry, Role.CHILD, "DELETE") and parent:
            if inside is None or inside.container != parent:
                earlier = None if inside is None else life.entry_at(inside.begins)
                left = [stay.ends for stay in life.stays if stay.level == 1 and stay.ends <= order]
                if earlier is None and left:
                    earlier = life.entry_at(max(left))
                yield found(entry, earlier, parent)
        elif packs(entry, Role.PARENT, "DELETE"):
            if entry.said.empties and not holds_classes and not life.content_before(order):
                ends = [end_of(stay) for stay in life.content if end_of(stay) < order]
                yield found(entry, life.entry_at(max(ends)) if ends else None, life.key)
        elif packs(entry, Role.PARENT, "ADD", "OBSERVE"):
            holds_classes |= "childQuantityList" in entry.header


def contains_itself(life: Life, _known: Known) -> Iterator[Found]:
    """Nothing is in itself, however many containers there are between."""
    for moment in life.own:
        circle = life.circles.get(moment.entry.said.position)
        if circle is not None:
            yield found(moment.entry, life.entry_at(circle.since), circle.container)


def filled_after_put_away(life: Life, _known: Known) -> Iterator[Found]:
    """A container is filled before it is put into another."""
    for moment in life.own:
        is_circle = moment.entry.said.position in life.circles
        if moment.inside and packs(moment.entry, Role.PARENT, "ADD") and not is_circle:
            put_away = life.entry_at(moment.inside.begins)
            yield found(moment.entry, put_away, life.key, moment.inside.container)


def packed_again_unlisted(life: Life, _known: Known) -> Iterator[Found]:
    """
    A container that went its way with its content is opened before it is packed again.

    Who fills one in several steps has not sent it off in between.
    """
    filled: Entry | None = None
    has_gone = False
    for moment in life.moments:
        entry = moment.entry
        if packs(entry, Role.PARENT, "DELETE"):
            filled, has_gone = None, False
        elif packs(entry, Role.PARENT, "ADD"):
            inside = life.content_before(entry.said.order)
            unlisted = [child for child in inside if child not in life.named_at(entry)]
            if filled is not None and has_gone and unlisted:
                yield found(entry, event_at(filled), life.key, count=len(unlisted))
            filled, has_gone = entry, False
        elif moment.step in _ON_ITS_WAY:
            has_gone = True


def shipped_empty(life: Life, _known: Known) -> Iterator[Found]:
    """Somebody said what is in a logistic unit before it was shipped."""
    holds_classes = False
    for moment in life.own:
        entry = moment.entry
        if packs(entry, Role.PARENT, "ADD", "OBSERVE"):
            holds_classes |= "childQuantityList" in entry.header
        is_unit = moment.step is Step.SHIP and life.key.startswith("00/")
        if is_unit and not holds_classes and not life.content_before(entry.said.order):
            yield found(entry, None, life.key)


def used_while_packed(life: Life, _known: Known) -> Iterator[Found]:
    """What is dispensed, sampled or used up was taken out of its case."""
    for moment in life.own:
        if moment.step in _OPENS and moment.inside is not None:
            packed = life.entry_at(moment.inside.begins)
            yield found(moment.entry, packed, moment.inside.container)


def holds_more_than_fits(life: Life, known: Known) -> Iterator[Found]:
    """A pack of a class has no more in it than its master data says."""
    size = known.pack_sizes.get(life.product or "")
    for moment in () if size is None else life.own:
        if packs(moment.entry, Role.PARENT, "ADD"):
            count = len(life.content_after(moment.entry.said.order)) + _counted(moment.entry)
            if size is not None and count > size:
                yield found(moment.entry, None, life.key, count=count, size=size)


def _counted(entry: Entry) -> int:
    """Return how many things of classes an event packs; what is weighed or measured is none."""
    quantities = entry.header.get("childQuantityList") or ()
    return int(sum(q.get("quantity", 0) for q in quantities if "uom" not in q))
