"""What a manufacturer does with a lot, and documents of one lot or one event to measure with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from epcis_repo.demo.calendar import DAY, midnight
from epcis_repo.demo.parties import (
    DISTRIBUTOR_DC,
    MANUFACTURER_DC,
    OUTLETS,
    PLANT,
    PRODUCTS,
)
from epcis_repo.demo.truth import Lot
from epcis_repo.demo.world import Container, Draft, World
from epcis_repo.model import Document

START = date(2026, 1, 5)

# OpenSCS, Annex C, rule 5: as many SGTINs in a commissioning event as practical.
EPCS_PER_EVENT = 5_000


def generate_lot(
    *,
    seed: int,
    units: int,
    units_per_case: int = 24,
    cases_per_pallet: int = 100,
    epcs_per_event: int | None = None,
    start: date = START,
) -> Document:
    """
    Return one document without errors: a lot commissioned, packed, palletised and shipped.

    Every unit is packed, the last case and pallet may hold fewer. All units are
    commissioned in one event unless `epcs_per_event` says otherwise.
    """
    if min(units, units_per_case, cases_per_pallet) < 1:
        raise ValueError("a lot has at least one unit, a case one unit and a pallet one case")
    world = World(seed)
    draft = world.draft("lot", PLANT, to=DISTRIBUTOR_DC, at=midnight(start), products=PRODUCTS[:1])
    lot = world.add_lot(PRODUCTS[0], "LT001A", years_after(start, 2).isoformat(), units)
    cases, left_over = manufacture(
        draft, lot, units_per_case=units_per_case, epcs_per_event=epcs_per_event or units
    )
    if left_over:
        cases += pack_left_over(draft, lot, left_over)
    draft.move(MANUFACTURER_DC, draft.moment + DAY)
    draft.ship(palletise(draft, cases, cases_per_pallet))
    return draft.document()


def generate_small_documents(*, seed: int, count: int, start: date = START) -> Iterator[Document]:
    """
    Yield `count` documents of one event each.

    They tell of one unit after the other: commissioned, shipped, received, dispensed.
    """
    world = World(seed)
    outlet = OUTLETS[0].sites[0]
    lot = world.add_lot(PRODUCTS[0], "LT001A", years_after(start, 2).isoformat(), (count + 3) // 4)
    moment = midnight(start)
    for number in range(count):
        unit, step = divmod(number, 4)
        one = Lot(lot.product, lot.number, lot.expiry, range(unit, unit + 1))
        site = PLANT if step < 2 else outlet
        draft = Draft(world, "event", site, outlet, moment, ())
        if step == 0:
            draft.commission_units(one, epcs_per_event=1)
        elif step == 1:
            draft.observe("shipping", "in_transit", one.units)
        elif step == 2:
            draft.observe("receiving", "in_progress", one.units)
        else:
            draft.observe("dispensing", "dispensed", one.units)
        moment = draft.moment
        yield draft.document()


def manufacture(
    draft: Draft, lot: Lot, *, units_per_case: int, epcs_per_event: int, samples: int = 0
) -> tuple[list[Container], range]:
    """
    Commission `lot` and its cases, retain samples and pack what makes full cases.

    Returns the cases and the units that are left over.
    """
    draft.commission_units(lot, epcs_per_event=epcs_per_event)
    start, stop = lot.units.start + samples, lot.units.stop
    if samples:
        draft.observe("sampling", "non_sellable_other", range(lot.units.start, start))
    count = (stop - start) // units_per_case
    cases = draft.commission_cases(lot, count, epcs_per_event=epcs_per_event)
    for case in cases:
        draft.pack(case, range(start, start + units_per_case))
        start += units_per_case
    return cases, range(start, stop)


def pack_left_over(draft: Draft, lot: Lot, units: range) -> list[Container]:
    """Return the odd case, which holds fewer units than the others."""
    cases = draft.commission_cases(lot, 1, epcs_per_event=1)
    draft.pack(cases[0], units)
    return cases


def palletise(draft: Draft, cases: Sequence[Container], cases_per_pallet: int) -> list[Container]:
    """Put cases on new pallets, the last of which may hold fewer."""
    pallets = []
    for at in range(0, len(cases), cases_per_pallet):
        pallet = draft.commission_logistic_unit()
        draft.pack(pallet, (), cases[at : at + cases_per_pallet])
        pallets.append(pallet)
    return pallets


def years_after(day: date, years: int) -> date:
    """Return the last day of that month, `years` later, as expiry dates are given."""
    year, month = day.year + years, day.month
    next_month = date(year + month // 12, month % 12 + 1, 1)
    return date.fromordinal(next_month.toordinal() - 1)
