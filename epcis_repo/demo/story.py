"""
What happens to the goods, from the plant to the patient, when nobody makes a mistake.

`tell` is the story; each part of it writes the documents of those who take part in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from epcis_repo.demo.calendar import DAY, HOUR, midnight
from epcis_repo.demo.lots import EPCS_PER_EVENT, manufacture, pack_left_over, palletise, years_after
from epcis_repo.demo.parties import (
    DISTRIBUTOR_DC,
    MANUFACTURER_DC,
    OUTLETS,
    PLANT,
    PRODUCTS,
    Site,
)
from epcis_repo.demo.truth import Lot, Status
from epcis_repo.demo.world import Container, Draft, World
from epcis_repo.model import ErrorDeclaration

LOTS_MIN = 4
_UNITS_PER_LOT = 100_000
_SHORT_LIFE_DAYS = 150
# An outlet dispenses on 28 days of ten hours, so many units at a time on average.
_DISPENSING_SECONDS = 28 * 10 * HOUR
_UNITS_AT_A_TIME = 6

OUTLET_SITES = tuple(outlet.sites[0] for outlet in OUTLETS)


@dataclass(slots=True)
class Story:
    """
    Where goods are while the story is told.

    The distributor has sealed `cases` and `loose` units, each outlet a shelf of units.
    The drafts of a lot are kept by its place in `world.lots`.
    """

    world: World
    units_per_case: int
    cases_per_pallet: int
    now: int
    cases: dict[str, list[Container]] = field(default_factory=dict)
    loose: list[int] = field(default_factory=list)
    shelves: dict[Site, list[int]] = field(default_factory=dict)
    shipped: dict[Site, list[Container]] = field(default_factory=dict)
    decommissioned: list[int] = field(default_factory=list)
    plant_drafts: list[Draft] = field(default_factory=list)
    dc_drafts: list[Draft] = field(default_factory=list)
    dispensing_drafts: dict[Site, Draft] = field(default_factory=dict)

    @property
    def recalled(self) -> Lot:
        """The lot that is recalled in the end."""
        return self.world.lots[1]

    @property
    def short_dated(self) -> Lot:
        """The lot that expires while it is on the shelves."""
        return self.world.lots[2]

    def take(self, shelf: list[int], count: int) -> list[int]:
        """Take up to `count` units off a shelf, none of them of the lot that is recalled."""
        recalled = self.recalled.units
        taken = [unit for unit in shelf if unit not in recalled][:count]
        remove(shelf, taken)
        return taken

    def later(self, days: int, drafts: Sequence[Draft]) -> None:
        """Let the last of `drafts` be finished, and `days` pass."""
        self.now = max(draft.moment for draft in drafts) + days * DAY


def tell(story: Story, *, units: int, start: date) -> None:
    """Let everything happen; afterwards the world has the drafts and the truth."""
    _make_and_ship_lots(story, units, start)
    _fill_orders(story)
    _receive_at_outlets(story)
    _return_goods(story)
    _dispense(story)
    _lose_a_case(story)
    _hold_what_expired(story)
    _recall(story)
    _ship_once_more(story)


def _make_and_ship_lots(story: Story, units: int, start: date) -> None:
    """Make one lot after the other; most pallets of each go to the distributor."""
    world, plant_moment = story.world, story.now
    count = max(LOTS_MIN, -(-units // _UNITS_PER_LOT))
    receipts = []
    for index in range(count):
        size = units // count + (index < units % count)
        # The short-dated lot was made of old bulk: it expires before its units are sold.
        expiry = start + timedelta(_SHORT_LIFE_DAYS) if index == 2 else years_after(start, 2)
        product = PRODUCTS[index % len(PRODUCTS)]
        number = f"L{product.name[0]}{index + 1:03}{'ABCDEFGH'[world.numbers.below(8)]}"
        plant = world.draft(
            f"manufacturer-lot-{number}",
            PLANT,
            to=DISTRIBUTOR_DC,
            at=plant_moment,
            products=[product],
        )
        lot = world.add_lot(product, number, expiry.isoformat(), size)
        # At least one unit is left over, so that every lot has its odd case.
        samples = 2 if (size - 2) % story.units_per_case else 3
        cases, left_over = manufacture(
            plant,
            lot,
            units_per_case=story.units_per_case,
            epcs_per_event=EPCS_PER_EVENT,
            samples=samples,
        )
        plant_moment = plant.moment + DAY // 2

        dc = world.draft(
            f"manufacturer-shipment-{number}",
            MANUFACTURER_DC,
            to=DISTRIBUTOR_DC,
            at=plant.moment + 2 * DAY,
            products=[product],
        )
        cases = pack_left_over(dc, lot, left_over) + cases
        # Enough pallets that some are shipped and some stay.
        cases_per_pallet = min(story.cases_per_pallet, max(2, len(cases) // 3))
        pallets = palletise(dc, cases, cases_per_pallet)
        pallets_kept = max(1, len(pallets) // 10)
        dc.ship(pallets[:-pallets_kept])
        story.plant_drafts.append(plant)
        story.dc_drafts.append(dc)

        receipts.append(_receive_pallets(story, lot, pallets[:-pallets_kept], dc.moment))
    story.later(1, receipts)


def _receive_pallets(story: Story, lot: Lot, pallets: Sequence[Container], shipped: int) -> Draft:
    receipt = story.world.draft(
        f"distributor-receipt-{lot.number}",
        DISTRIBUTOR_DC,
        to=MANUFACTURER_DC,
        at=shipped + 2 * DAY,
    )
    receipt.observe("receiving", "in_progress", (), pallets)
    cases = story.cases[lot.number] = []
    for index, pallet in enumerate(pallets):
        cases += pallet.containers
        # EPCIS, §7.4.3: a DELETE that lists no children means all of them.
        receipt.unpack(pallet, listed=index % 2 == 0)
    return receipt


def _fill_orders(story: Story) -> None:
    """Open some cases, and ship whole cases on pallets and mixed units in totes."""
    world = story.world
    for_totes: list[int] = []
    for_pallets: list[Container] = []
    picking = world.draft("distributor-picking", DISTRIBUTOR_DC, to=DISTRIBUTOR_DC, at=story.now)
    for index, lot in enumerate(world.lots):
        cases = story.cases[lot.number]
        for _ in range(max(1, len(cases) // 20)):
            case = cases.pop()
            half = len(case.units) // 2
            for_totes += case.units[:half]
            if index % 2:
                story.loose += case.units[half:]
                picking.unpack(case)
            else:
                # The other half stays in the opened case.
                picking.take_out(case, case.units[:half])
        # The odd case stands first and stays; so does at least half of the others.
        count = (len(cases) - 1) // 2
        for_pallets += cases[-count:]
        del cases[-count:]
    story.later(0, [picking])

    shipments = []
    for number, outlet in enumerate(OUTLET_SITES):
        shipment = world.draft(
            f"distributor-shipment-{slug(outlet)}",
            DISTRIBUTOR_DC,
            to=outlet,
            at=story.now,
            products=PRODUCTS,
        )
        cases = for_pallets[number :: len(OUTLET_SITES)]
        logistic_units = palletise(shipment, cases, story.cases_per_pallet)
        units = for_totes[number :: len(OUTLET_SITES)]
        for at in range(0, len(units), story.units_per_case):
            tote = shipment.commission_logistic_unit()
            shipment.pack(tote, units[at : at + story.units_per_case])
            logistic_units.append(tote)
        shipment.ship(logistic_units)
        story.shipped[outlet] = logistic_units
        shipments.append(shipment)
    story.later(1, shipments)


def _receive_at_outlets(story: Story) -> None:
    """Each outlet receives its pallets and totes and unpacks everything."""
    receipts = []
    for outlet in OUTLET_SITES:
        receipt = story.world.draft(
            f"{slug(outlet)}-receipt", outlet, to=DISTRIBUTOR_DC, at=story.now
        )
        shelf = story.shelves[outlet] = []
        logistic_units = story.shipped[outlet]
        receipt.observe("receiving", "in_progress", (), logistic_units)
        for index, logistic_unit in enumerate(logistic_units):
            cases = logistic_unit.containers
            shelf += logistic_unit.units
            receipt.unpack(logistic_unit, listed=index % 3 != 2)
            for case in cases:
                shelf += case.units
                receipt.unpack(case)
        story.world.numbers.shuffle(shelf)
        receipts.append(receipt)
    story.later(1, receipts)


def _return_goods(story: Story) -> None:
    """Two outlets return what seems saleable; the distributor restocks most of it."""
    receipts = []
    for outlet in OUTLET_SITES[:2]:
        shelf = story.shelves[outlet]
        units = story.take(shelf, max(3, len(shelf) // 50))
        sending = story.world.draft(
            f"{slug(outlet)}-return", outlet, to=DISTRIBUTOR_DC, at=story.now
        )
        sending.ship_back(units)

        receipt = story.world.draft(
            f"distributor-return-receipt-{slug(outlet)}",
            DISTRIBUTOR_DC,
            to=outlet,
            at=sending.moment + 2 * DAY,
        )
        receipt.observe("receiving", "returned", units)
        # The first stays as it is: it waits for the answer to its verification.
        damaged, saleable = units[1:2], units[2:]
        receipt.observe("inspecting", "damaged", damaged)
        receipt.observe("destroying", "destroyed", damaged, action="DELETE")
        receipt.observe("inspecting", "sellable_not_accessible", saleable)
        receipt.observe("stocking", "sellable_accessible", saleable)
        receipts.append(receipt)
    story.later(1, receipts)


def _dispense(story: Story) -> None:
    """Outlets dispose of what is damaged and dispense more than half of the rest."""
    world = story.world
    for index, outlet in enumerate(OUTLET_SITES):
        shelf = story.shelves[outlet]
        draft = world.draft(f"{slug(outlet)}-dispensing", outlet, to=outlet, at=story.now)
        story.dispensing_drafts[outlet] = draft
        damaged = story.take(shelf, max(1, len(shelf) // 300))
        draft.observe("inspecting", "damaged", damaged)
        if index % 2:
            draft.observe("destroying", "destroyed", damaged, action="DELETE")
        else:
            draft.observe("decommissioning", "inactive", damaged, action="DELETE")
            story.decommissioned += damaged
        to_correct = story.take(shelf, 2)

        # The first unit of each lot stays, so that every shelf has some of what was delivered.
        stays = [next((u for u in shelf if u in lot.units), -1) for lot in world.lots]
        remove(shelf, stays)
        sold = shelf[: len(shelf) * 6 // 10]
        # However much there is to do, it takes four weeks at most.
        pause = min(2 * HOUR, _DISPENSING_SECONDS * _UNITS_AT_A_TIME // len(sold))
        at = 0
        while at < len(sold):
            count = 1 + world.numbers.below(2 * _UNITS_AT_A_TIME - 1)
            draft.observe("dispensing", "dispensed", sold[at : at + count])
            draft.clock.forward(pause)
            at += count
        if index == 3:
            _dispense_one_for_another(story, draft, to_correct)
        if index == 4:
            _destroy_what_stays(story, draft, to_correct[:1])
    story.later(3, list(story.dispensing_drafts.values()))


def _dispense_one_for_another(story: Story, draft: Draft, units: Sequence[int]) -> None:
    """One unit is dispensed and another recorded, which is declared in error two days later."""
    dispensed, recorded = units
    epcs = story.world.epcs
    wrong = draft.object_event("dispensing", "dispensed", [epcs[recorded]])
    correction = story.world.draft(
        f"{slug(draft.sender)}-correction-incorrect-data",
        draft.sender,
        to=draft.sender,
        at=draft.moment + 2 * DAY,
    )
    right = correction.observe("dispensing", "dispensed", [dispensed])
    # The corrected event happened when the wrong one was said to have.
    right = replace(
        right,
        event_time=wrong.event_time,
        event_time_zone_offset=wrong.event_time_zone_offset,
    )
    assert right.event_id is not None
    declaration = ErrorDeclaration(
        declaration_time=correction.clock.timestamp(),
        reason="incorrect_data",
        corrective_event_ids=(right.event_id,),
    )
    correction.events[:] = [right, replace(wrong, error_declaration=declaration)]


def _destroy_what_stays(story: Story, draft: Draft, units: Sequence[int]) -> None:
    """A unit is said to be destroyed, and the event is declared not to have occurred."""
    epcs = [story.world.epcs[unit] for unit in units]
    wrong = draft.object_event("destroying", "destroyed", epcs, action="DELETE")
    correction = story.world.draft(
        f"{slug(draft.sender)}-correction-did-not-occur",
        draft.sender,
        to=draft.sender,
        at=draft.moment + DAY,
    )
    declaration = ErrorDeclaration(
        declaration_time=correction.clock.timestamp(), reason="did_not_occur"
    )
    correction.events.append(replace(wrong, error_declaration=declaration))


def _lose_a_case(story: Story) -> None:
    """A case is found missing when the distributor counts its stock."""
    count = story.world.draft(
        "distributor-stock-taking", DISTRIBUTOR_DC, to=DISTRIBUTOR_DC, at=story.now
    )
    case = story.cases[story.world.lots[0].number].pop()
    count.observe("stock_taking", "stolen", (), [case])
    story.later(1, [count])


def _hold_what_expired(story: Story) -> None:
    """An outlet finds expired units on its shelf."""
    lot, world = story.short_dated, story.world
    expired = midnight(date.fromisoformat(lot.expiry)) + 2 * DAY
    for outlet in OUTLET_SITES:
        units = _in_stock(world, lot, outlet)
        if units:
            hold = world.draft(
                f"{slug(outlet)}-expired", outlet, to=outlet, at=max(story.now, expired)
            )
            hold.observe("holding", "expired", units)
            story.later(1, [hold])
            return


def _recall(story: Story) -> None:
    """One lot is recalled: everybody holds what is left of it, in whole containers if sealed."""
    world, lot = story.world, story.recalled
    holds = []
    for site in (MANUFACTURER_DC, DISTRIBUTOR_DC, *OUTLET_SITES):
        loose, containers = [], dict[int, Container]()
        for unit in _in_stock(world, lot, site):
            top = world.top_container(unit)
            if top is None:
                loose.append(unit)
            else:
                containers[top.number] = top
        if loose or containers:
            hold = world.draft(f"{slug(site)}-recall", site, to=MANUFACTURER_DC, at=story.now)
            hold.observe("holding", "recalled", loose, list(containers.values()))
            holds.append(hold)
    story.later(1, holds)


def _ship_once_more(story: Story) -> None:
    """The last shipment is on its way when the story ends."""
    shipment = story.world.draft(
        f"distributor-last-shipment-{slug(OUTLET_SITES[0])}",
        DISTRIBUTOR_DC,
        to=OUTLET_SITES[0],
        at=story.now,
        products=PRODUCTS[:1],
    )
    case = story.cases[story.world.lots[3].number].pop()
    shipment.ship(palletise(shipment, [case], 1))
    story.later(1, [shipment])


def _in_stock(world: World, lot: Lot, site: Site) -> list[int]:
    return [
        unit
        for unit in lot.units
        if world.status(unit) is Status.IN_STOCK and world.is_at(unit, site)
    ]


def remove(shelf: list[int], units: Sequence[int]) -> None:
    """Take `units` off a shelf, where they may not be."""
    taken = set(units)
    shelf[:] = [unit for unit in shelf if unit not in taken]


def slug(site: Site) -> str:
    """Return the name of `site` as names of documents have it."""
    return site.name.lower().replace(" ", "-")
