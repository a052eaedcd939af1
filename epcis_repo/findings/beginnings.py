"""Rules about how things begin: commissioning, lots, serials, products."""

from __future__ import annotations

from collections.abc import Iterator

from epcis_repo.findings.life import EventAt, Known, Life, event_at, packs
from epcis_repo.findings.rule import Found, found
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.what import Role
from epcis_repo.projections.lifecycle import TRANSITIONS, Step
from epcis_repo.projections.lineage import REWORK_STEPS

_DAY_LENGTH = len("2027-12-31")


def commissioned_twice(life: Life, _known: Known) -> Iterator[Found]:
    """What came to its end may be put into use again, and what is in use may not."""
    for moment in life.own:
        begun, is_again = moment.before.commissioned, moment.step is Step.COMMISSION
        if begun is not None and is_again and (moment.before.state, moment.step) not in TRANSITIONS:
            yield found(moment.entry, event_at(begun))


def used_before_commissioning(life: Life, _known: Known) -> Iterator[Found]:
    """The first that is told of a thing is its commissioning; for one moment arrival decides."""
    begun = next((m.entry for m in life.own if m.step is Step.COMMISSION), None)
    if begun is not None and life.own[0].entry.said.event_time < begun.said.event_time:
        yield found(life.own[0].entry, event_at(begun))


def never_commissioned(life: Life, _known: Known) -> Iterator[Found]:
    """Packs and logistic units are commissioned; an asset or a place of old need not be."""
    is_made = life.key.startswith("00/") or (life.key.startswith("01/") and "/21/" in life.key)
    if is_made and life.own and all(m.step is not Step.COMMISSION for m in life.own):
        yield found(life.own[0].entry)


def expiry_differs_in_lot(life: Life, _known: Known) -> Iterator[Found]:
    """The first commissioning of a lot says when all of it expires."""
    if not life.mates:
        return
    first = life.mates[0]
    for moment in life.own:
        expiry = moment.entry.said.expiry
        if moment.step is Step.COMMISSION and expiry and _day(expiry) != _day(first.expiry):
            at = EventAt(first.event_id, int(first.order[0]))
            yield found(moment.entry, at, expiry=expiry, other=first.expiry)


def lot_differs_in_case(life: Life, _known: Known) -> Iterator[Found]:
    """A case that was commissioned with a lot has packs of that lot; seen from either."""
    for moment in life.own:
        entry = moment.entry
        if packs(entry, Role.CHILD, "ADD"):
            case = life.container_from(entry)
            others = [] if case is None else [case]
        elif packs(entry, Role.PARENT, "ADD"):
            others = [k for k in life.content_after(entry.said.order) if k in life.named_at(entry)]
        else:
            continue
        for other in others:
            lot = life.lot_of(other, entry.said.order)
            if moment.before.lot and lot and moment.before.lot != lot:
                yield found(entry, None, other, lot=moment.before.lot, other=lot)
                break


def product_is_unknown(life: Life, known: Known) -> Iterator[Found]:
    """Master data says which products there are, if there is any of products."""
    is_product = known.products is not None and life.product is not None and life.own
    if is_product and life.product not in (known.products or ()):
        yield found(life.own[0].entry, gtin=(life.product or "").removeprefix("01/"))


def serial_is_not_allocated(life: Life, known: Known) -> Iterator[Found]:
    """Where serials of a product were allocated, no others are in use."""
    wrong = [key for key in life.keys if known.is_not_allocated(key)] if life.own else ()
    if wrong:
        begun = (m.entry for m in life.own if m.step is Step.COMMISSION)
        entry = next(begun, life.own[0].entry)
        for key in wrong:
            yield found(entry, serial=parse_identifier(key).serial or "")._replace(keys=(key,))


def rework_has_no_transaction(life: Life, _known: Known) -> Iterator[Found]:
    """Old and new serials of a rework find each other by their business transaction."""
    for moment in life.own:
        said, header = moment.entry.said, moment.entry.header
        is_half = said.type == "ObjectEvent" and said.action != "OBSERVE"
        if is_half and said.biz_step in REWORK_STEPS and not header.get("bizTransactionList"):
            yield found(moment.entry, step=said.biz_step)


def _day(expiry: str) -> str:
    # Some partners send a date and time; the day is what is printed on the pack.
    return expiry[:_DAY_LENGTH]
