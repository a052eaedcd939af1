"""
What people ask: is this product genuine, what happened to it, what is in this case.

The baseline is one row of the event index, read by its key.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date
from random import Random
from statistics import median

from benchmarks.amounts import Amounts
from benchmarks.documents import Things, rendered, things_in
from benchmarks.figures import Figure
from benchmarks.places import Place, take
from benchmarks.raw import row_read
from benchmarks.timing import seconds
from epcis_repo.demo import generate_lot
from epcis_repo.gs1 import parse_identifier
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.history import history, history_value
from epcis_repo.store import EventStore, log
from epcis_repo.verification import verify

LookUp = Callable[[EventStore, Things, Random], Awaitable[object]]

# Before the expiry of whatever is made from a seed.
TODAY = date(2026, 6, 1)
_ROW = "one row"


async def verification(store: EventStore, things: Things, chances: Random) -> object:
    """Verify any of the products."""
    return await verify(store, chances.choice(things.products), today=TODAY)


async def history_of_a_unit(store: EventStore, things: Things, chances: Random) -> object:
    """Replay the life of any of the products."""
    return history_value(await history(store, chances.choice(things.products).identifier))


async def contents_of_a_case(store: EventStore, things: Things, chances: Random) -> object:
    """Look into any of the cases."""
    return contents_value(await contents(store, parse_identifier(chances.choice(things.cases))))


LOOK_UPS: dict[str, LookUp] = {
    "verification": verification,
    "history of a unit": history_of_a_unit,
    "contents of a case": contents_of_a_case,
}


async def measure(place: Place, amounts: Amounts) -> list[Figure]:
    """Return what each look-up takes in a log of one lot."""
    chances = Random(1)
    lot = generate_lot(seed=1, units=amounts.units)
    things = things_in(lot, amounts.look_ups, seed=1)
    body = rendered(lot)
    del lot
    milliseconds: dict[str, list[float]] = defaultdict(list)
    async with place.opened() as store:
        await take(store, body)
        async with store.reading() as session:
            head = await log.head(session)

        async def any_row(store: EventStore, _things: Things, chances: Random) -> object:
            return await row_read(store, chances.randint(1, head))

        for _ in range(amounts.look_ups):
            for what, look_up in {_ROW: any_row, **LOOK_UPS}.items():
                spent = await seconds(look_up(store, things, chances))
                milliseconds[what].append(spent * 1000)
    row = median(milliseconds[_ROW])
    return [
        Figure(place.name, f"{what}, median", median(milliseconds[what]), row, "ms")
        for what in LOOK_UPS
    ]
