"""
What seller and buyer do when product and data do not agree: GS1 US's choreographies 1-1A to 3-1B.

Each is a row: what is reported before and after the exchange of messages, what the rules find then,
and what the two write to one another. Serials and quantities are made from a seed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from epcis_repo.gs1 import parse_identifier
from epcis_repo.model.events import BizTransaction, Event, ObjectEvent, SourceOrDestination
from tests.operations.reports import (
    MDA,
    commissioned,
    declared_in_error,
    named,
    observed,
    packed,
    received,
    shipped,
    unpacked,
)

DAY = 24.0
# When it is looked at: what is under way for three weeks is missing then, and later all is mended.
BEFORE, AFTER = 40 * DAY, 60 * DAY
SHIPPED, RECEIVED, OPENED, MENDED, ENDED = 2 * DAY, 3 * DAY, 4 * DAY, 45 * DAY, 46 * DAY

SELLER_GLN, BUYER_GLN = "0300010000015", "0300010000022"
SELLER, BUYER = "urn:epc:id:pgln:030001.000001", "urn:epc:id:pgln:030001.000002"
ANOTHER = "urn:epc:id:pgln:030001.000009"
OWNING, PO, DESADV = "owning_party", "po", "desadv"
GTIN = "00300010123455"
LOT, OTHER_LOT = "L1", "L2"

Events = Sequence[Event]


@dataclass(frozen=True)
class Delivery:
    """What was sold: cases of packs, what else came, and the papers."""

    number: str
    cases: Mapping[str, tuple[str, ...]]
    extra: Mapping[str, tuple[str, ...]]
    stranger: str
    po_number: str

    @property
    def packs(self) -> tuple[str, ...]:
        """All packs that were sold."""
        return tuple(pack for packs in self.cases.values() for pack in packs)

    @property
    def last_case(self) -> str:
        """One of the cases."""
        return [*self.cases][-1]

    @property
    def last_pack(self) -> str:
        """One of the packs in it."""
        return self.cases[self.last_case][-1]

    @property
    def others(self) -> tuple[str, ...]:
        """The cases but for that one."""
        return tuple(case for case in self.cases if case != self.last_case)

    @property
    def order(self) -> str:
        """The order, as events name it."""
        return f"urn:epcglobal:cbv:bt:{BUYER_GLN}:{self.po_number}"

    @property
    def advice(self) -> str:
        """The despatch advice, likewise."""
        return f"urn:epcglobal:cbv:bt:{SELLER_GLN}:D-{self.number}"


def delivery(number: str, seed: int) -> Delivery:
    """What is sold in the choreography of a number."""
    random = Random(f"{number} {seed}")
    serials = iter(random.sample(range(10**6, 10**7), 60))
    containers = iter(random.sample(range(10**9, 10**10), 9))

    def case_of(count: int) -> tuple[str, tuple[str, ...]]:
        packs = tuple(f"urn:epc:id:sgtin:030001.0012345.{next(serials)}" for _ in range(count))
        return f"urn:epc:id:sscc:030001.0{next(containers)}", packs

    size = random.randint(2, 5)
    cases = dict(case_of(size) for _ in range(random.randint(2, 4)))
    extra = dict([case_of(size)])
    [stranger] = case_of(1)[1]
    return Delivery(number, cases, extra, stranger, f"PO-{random.randint(1, 9999)}")


def made(d: Delivery, *, lot: str = LOT) -> list[Event]:
    """All of it is commissioned and packed, by the seller."""
    ilmd = {f"{MDA}lotNumber": lot, f"{MDA}itemExpirationDate": "2027-12-31"}
    every = {**d.cases, **d.extra}
    packs = [pack for packs in every.values() for pack in packs]
    return [
        named(f"urn:x:{d.number}:made", commissioned(1, *packs, d.stranger, ilmd=ilmd)),
        named(f"urn:x:{d.number}:cased", commissioned(1, *every, ilmd=None)),
        *(packed(2, case, *inside) for case, inside in every.items()),
    ]


def sold(event: ObjectEvent, d: Delivery, *things: str, to: str = BUYER) -> ObjectEvent:
    """An event about things that go from the seller to the buyer under the papers."""
    return replace(
        event,
        epc_list=things,
        source_list=(SourceOrDestination(type=OWNING, id=SELLER),),
        destination_list=(SourceOrDestination(type=OWNING, id=to),),
        biz_transaction_list=(
            BizTransaction(type=PO, biz_transaction=d.order),
            BizTransaction(type=DESADV, biz_transaction=d.advice),
        ),
    )


def shipping(d: Delivery, *things: str, hour: float = SHIPPED, **more: Any) -> Event:
    """Things that the seller says that he has shipped."""
    name = f"urn:x:{d.number}:shipped:{hour}"
    return named(name, sold(shipped(hour, things[0]), d, *things, **more))


def receiving(d: Delivery, *things: str, hour: float = RECEIVED) -> Event:
    """Things that the buyer has received."""
    return sold(received(hour, things[0]), d, *things)


def sent_back(*things: str) -> list[Event]:
    """Things that the buyer returns, and the seller gets."""
    ends = {
        "source_list": (SourceOrDestination(type=OWNING, id=BUYER),),
        "destination_list": (SourceOrDestination(type=OWNING, id=SELLER),),
        "disposition": "returned",
    }
    gone = shipped(MENDED, things[0], **{**ends, "read_point": received(0, "").read_point})
    back = received(ENDED, things[0], **{**ends, "read_point": shipped(0, "").read_point})
    return [replace(event, epc_list=things) for event in (gone, back)]


def corrected(event: Event, *better: Event) -> list[Event]:
    """An event that is declared in error, and what is true instead."""
    return [declared_in_error(event, MENDED), *better]


@dataclass(frozen=True)
class Choreography:
    """
    One of them. `tells` are the events before the exchange and `mends` those after it, `finds` the
    rules that find something before and `finds_after` those after. Of what was shipped against what
    was received `missing` and `extra` are told before; in the end things are in the states `ends`,
    of a lot and with somebody.

    The exception that is exchanged is raised by the rule `raises`, or opened by somebody, as of the
    kind `opens`; it is of `exception_class` with the buyer, and of `class_there` with the seller
    where the words of the message make it another. `asks` is what the buyer has written, in the
    section `section`, and `answers` what the seller answers.
    """

    number: str
    title: str
    exception_class: str
    section: str
    tells: Callable[[Delivery], Events]
    ends: Collection[tuple[str, str | None, str | None]]
    asks: Callable[[Delivery], Mapping[str, Any]]
    finds: Collection[str] = ()
    raises: str | None = None
    opens: str | None = None
    class_there: str | None = None
    about: Callable[[Delivery], Iterable[str]] = field(default=lambda d: d.packs)
    answers: Mapping[str, Any] = field(default_factory=lambda: {"resolution_response": "Accept"})
    mends: Callable[[Delivery], Events] = field(default=lambda _: ())
    finds_after: Collection[str] = ()
    missing: Callable[[Delivery], Iterable[str]] = field(default=lambda _: ())
    extra: Callable[[Delivery], Iterable[str]] = field(default=lambda _: ())


def overage(d: Delivery, count: int, resolution: str) -> dict[str, Any]:
    """The buyer asks for something about more than he has ordered."""
    ordered = len(d.packs)
    item = {
        "gtin": GTIN,
        "quantity_ordered": ordered,
        "quantity_received": ordered + count,
        "resolution_request": resolution,
    }
    return {"exceptions": {"overages" if count > 0 else "underages": [item]}}


def misaligned(d: Delivery, **differing: str) -> dict[str, Any]:
    """The buyer asks for new data of a pack that is another than its data says."""
    is_so = {"gtin": GTIN, "lot": LOT, "expiry": "271231", "serial": serial(d.last_pack)}
    item = {f"received_product_{name}": text for name, text in is_so.items()}
    item |= {f"product_data_{name}": text for name, text in {**is_so, **differing}.items()}
    return {"exceptions": {"data_misalignment": [{**item, "resolution_request": "Send new data"}]}}


def serial(epc: str) -> str:
    return parse_identifier(epc).serial or ""


def extra_packs(d: Delivery) -> tuple[str, ...]:
    return tuple(pack for packs in d.extra.values() for pack in packs)


def all_of(d: Delivery) -> Event:
    return shipping(d, *d.cases)


def with_extra(d: Delivery) -> Events:
    """A case more has come than was shipped."""
    return [*made(d), all_of(d), receiving(d, *d.cases, *d.extra)]


def with_concealed(d: Delivery) -> Events:
    """A case that was opened had one pack more in it than it was said to have."""
    return [
        *made(d),
        all_of(d),
        receiving(d, *d.cases),
        unpacked(OPENED, d.last_case, *d.cases[d.last_case]),
        receiving(d, d.stranger, hour=OPENED + 1),
    ]


def of_wrong_lot(d: Delivery) -> Events:
    """All of it was commissioned as of another lot than it is of."""
    return [*made(d, lot=OTHER_LOT), all_of(d), receiving(d, *d.cases)]


def swapped(d: Delivery) -> Event:
    """The shipping, with the serial of a pack that stayed in the place of one that went."""
    return shipping(d, *(pack for pack in d.packs if pack != d.last_pack), d.stranger)


def with_wrong_serial(d: Delivery) -> Events:
    """Loose packs, of which one was shipped under the serial of another."""
    ilmd = {f"{MDA}lotNumber": LOT, f"{MDA}itemExpirationDate": "2027-12-31"}
    return [
        commissioned(1, *d.packs, d.stranger, ilmd=ilmd),
        swapped(d),
        receiving(d, *d.packs),
    ]


def to_another(d: Delivery) -> Event:
    return shipping(d, *d.cases, to=ANOTHER)


def without_data(d: Delivery) -> Events:
    """Nothing was ever told of what came."""
    return [receiving(d, *d.packs)]


def short_of_a_case(d: Delivery) -> Events:
    """One case less has come than was shipped."""
    return [*made(d), all_of(d), receiving(d, *d.others)]


def short_inside(d: Delivery) -> Events:
    """A case that was opened had one pack less in it than it was said to have."""
    opened = unpacked(OPENED, d.last_case, *left_in(d))
    return [*made(d), all_of(d), receiving(d, *d.cases), opened]


def left_in(d: Delivery) -> Sequence[str]:
    return [pack for pack in d.cases[d.last_case] if pack != d.last_pack]


def last_packing(d: Delivery) -> Event:
    return packed(2, d.last_case, *d.cases[d.last_case])


def lost(d: Delivery) -> Events:
    """Nothing has come of what was shipped."""
    return [*made(d), all_of(d)]


def damaged(d: Delivery) -> Events:
    """A case has come that is damaged."""
    seen = observed(OPENED, d.last_case, biz_step="inspecting", disposition="damaged")
    return [*made(d), all_of(d), receiving(d, *d.cases), seen]


def destroyed(d: Delivery) -> Events:
    """The buyer destroys the case and what is in it."""
    things = (*d.cases[d.last_case], d.last_case)
    opened = unpacked(MENDED, d.last_case)
    end = observed(ENDED, *things, action="DELETE", biz_step="destroying", disposition="destroyed")
    return [opened, replace(end, read_point=received(0, "").read_point)]


# fmt: off
CHOREOGRAPHIES = (
    Choreography(
        "1-1A", "overage, the buyer keeps it", "product_no_data", "overages",
        ends={("received", LOT, BUYER)}, extra=extra_packs,
        tells=with_extra, finds={"received-not-shipped"}, raises="received-not-shipped",
        about=extra_packs, asks=lambda d: overage(d, len(extra_packs(d)), "Debit account"),
        mends=lambda d: [shipping(d, *d.extra, hour=SHIPPED + 1)],
    ),
    Choreography(
        "1-1B", "overage, the buyer returns it", "product_no_data", "overages",
        ends={("received", LOT, SELLER)}, extra=extra_packs,
        tells=with_extra, finds={"received-not-shipped"}, raises="received-not-shipped",
        about=extra_packs, asks=lambda d: overage(d, len(extra_packs(d)), "Return product"),
        # That it came without data stays true.
        mends=lambda d: sent_back(*d.extra), finds_after={"received-not-shipped"},
    ),
    Choreography(
        "1-2", "wrong lot for the whole shipment", "data_issue", "data_misalignment",
        ends={("received", LOT, BUYER)},
        tells=of_wrong_lot, opens="wrong_lot", asks=lambda d: misaligned(d, lot=OTHER_LOT),
        mends=lambda d: corrected(made(d, lot=OTHER_LOT)[0], named("urn:x:better", made(d)[0])),
    ),
    Choreography(
        "1-3A", "concealed overage, the buyer keeps it", "product_no_data", "overages",
        ends={("received", LOT, BUYER)}, extra=lambda d: [d.stranger],
        tells=with_concealed, finds={"received-not-shipped"}, raises="received-not-shipped",
        about=lambda d: [d.stranger], asks=lambda d: overage(d, 1, "Debit account"),
        mends=lambda d: [shipping(d, d.stranger, hour=SHIPPED + 1)],
    ),
    Choreography(
        "1-3B", "concealed overage, the buyer returns it", "product_no_data", "overages",
        ends={("received", LOT, SELLER)}, extra=lambda d: [d.stranger],
        tells=with_concealed, finds={"received-not-shipped"}, raises="received-not-shipped",
        about=lambda d: [d.stranger], asks=lambda d: overage(d, 1, "Return product"),
        mends=lambda d: sent_back(d.stranger), finds_after={"received-not-shipped"},
    ),
    Choreography(
        "1-4A", "wrong serial in the shipping event", "product_no_data", "data_misalignment",
        ends={("received", LOT, BUYER), ("commissioned", LOT, None)},
        missing=lambda d: [d.stranger], extra=lambda d: [d.last_pack],
        tells=with_wrong_serial, finds={"received-not-shipped", "shipped-not-received"},
        raises="received-not-shipped", class_there="data_issue",
        about=lambda d: [d.last_pack, d.stranger],
        asks=lambda d: misaligned(d, serial=serial(d.stranger)),
        mends=lambda d: corrected(
            swapped(d), named("urn:x:better", shipping(d, *d.packs, hour=SHIPPED + 1))
        ),
    ),
    Choreography(
        "1-4B", "wrong sold-to", "data_issue", "other_errors",
        ends={("received", LOT, BUYER)},
        tells=lambda d: [*made(d), to_another(d), receiving(d, *d.cases)],
        finds={"received-by-another"}, raises="received-by-another",
        asks=lambda d: {"other_errors": [f"{d.po_number} was sold to us, and not to {ANOTHER}"]},
        answers={"additional_notes": "The data will come anew."},
        mends=lambda d: corrected(to_another(d), shipping(d, *d.cases, hour=SHIPPED + 1)),
    ),
    Choreography(
        "1-5", "no data", "product_no_data", "missing_product_data",
        ends={("received", LOT, BUYER)}, extra=lambda d: d.packs,
        tells=without_data, finds={"never-commissioned", "received-not-shipped"},
        raises="received-not-shipped", asks=lambda d: {"observation_source": "Scan"},
        mends=lambda d: [*made(d), all_of(d)],
    ),
    Choreography(
        "2-1A", "shortage, the buyer wants the product", "data_no_product", "underages",
        ends={("received", LOT, BUYER)}, missing=lambda d: d.cases[d.last_case],
        tells=short_of_a_case, finds={"shipped-not-received"}, raises="shipped-not-received",
        about=lambda d: d.cases[d.last_case],
        asks=lambda d: overage(d, -len(d.cases[d.last_case]), "Send product"),
        mends=lambda d: [receiving(d, d.last_case, hour=MENDED)],
    ),
    Choreography(
        "2-1B", "shortage, the buyer cancels", "data_no_product", "underages",
        ends={("packed", LOT, None)}, missing=lambda d: d.cases[d.last_case],
        tells=short_of_a_case, finds={"shipped-not-received"}, raises="shipped-not-received",
        about=lambda d: d.cases[d.last_case],
        asks=lambda d: overage(d, -len(d.cases[d.last_case]), "Credit account"),
        mends=lambda d: corrected(all_of(d), shipping(d, *d.others, hour=SHIPPED + 1)),
    ),
    Choreography(
        "2-2", "concealed shortage", "data_no_product", "missing_product",
        ends={("commissioned", LOT, None)},
        tells=short_inside, opens="concealed_shortage", about=lambda d: [d.last_pack],
        asks=lambda d: {"resolution_request": "Credit account", "file_id": d.advice},
        # It was never packed.
        mends=lambda d: corrected(last_packing(d), packed(2, d.last_case, *left_in(d))),
    ),
    Choreography(
        "2-3", "undelivered", "data_no_product", "missing_product",
        ends={("lost", LOT, SELLER)}, missing=lambda d: d.packs,
        tells=lost, finds={"shipped-not-received"}, raises="shipped-not-received",
        asks=lambda d: {"resolution_request": "Credit account"},
        mends=lambda d: [
            observed(MENDED, *d.cases, biz_step="shipping", disposition="unknown")
        ],
    ),
    Choreography(
        "3-1A", "damaged, the buyer returns it", "unavailable_for_distribution", "other_errors",
        ends={("received", None, SELLER)},
        tells=damaged, opens="damaged", class_there="data_issue", about=lambda d: [d.last_case],
        asks=lambda d: {}, answers={"additional_notes": "Send it back."},
        mends=lambda d: sent_back(d.last_case),
    ),
    Choreography(
        "3-1B", "damaged, to be destroyed", "unavailable_for_distribution", "other_errors",
        ends={("destroyed", None, BUYER)},
        tells=damaged, opens="damaged", class_there="data_issue", about=lambda d: [d.last_case],
        asks=lambda d: {}, answers={"additional_notes": "Destroy it, and tell us."},
        mends=destroyed,
    ),
)
# fmt: on
