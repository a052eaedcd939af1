"""
The world of a chain: its units and containers, and the documents that tell of them.

A `Draft` is a document that somebody at a site is writing while goods move. Each of its
verbs writes what the standard says of that step and changes the truth with it, so the two
agree; `object_event` and `aggregation_event` only write, which is how mistakes are made.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from epcis_repo.bindings.names import CBVMDA, SBDH
from epcis_repo.demo.calendar import Clock
from epcis_repo.demo.numbers import Numbers
from epcis_repo.demo.parties import CASE, PARTY_OF, UNIT, Product, Site
from epcis_repo.demo.truth import STATUS_AFTER, STATUSES, Lot, PartnerError, Status, Truth
from epcis_repo.model import (
    AggregationEvent,
    BizTransaction,
    Document,
    Event,
    ObjectEvent,
    SourceOrDestination,
    Vocabulary,
    VocabularyElement,
)

HC = "http://epcis.gs1us.org/hc/ns"
MDA = "urn:epcglobal:cbv:mda#"
NAMESPACES = {
    "cbvmda": CBVMDA,
    "gs1ushc": HC,
    "sbdh": SBDH,
}
LEGAL_NOTICE = "Seller has complied with each applicable subsection of FDCA Sec. 581(27)(A)-(G)."

SITES = tuple(PARTY_OF)
_SITE_NUMBER = {site: number for number, site in enumerate(SITES)}
_CODE = {status: code for code, status in enumerate(STATUSES)}

# How long a step takes, in seconds, on the clock of whoever does it.
SECONDS = {
    "commissioning": 60,
    "packing": 8,
    "unpacking": 20,
    "shipping": 900,
    "receiving": 240,
}
_SECONDS_ELSE = 120


@dataclass(slots=True, eq=False)
class Container:
    """A case, tote or pallet with what is in it now."""

    number: int
    epc: str
    units: Sequence[int] = ()
    containers: list[Container] = field(default_factory=list)
    lot: Lot | None = None


class World:
    """Everything there is in a chain, and the drafts of its documents."""

    def __init__(self, seed: int) -> None:
        self.numbers = Numbers(seed)
        self.lots: list[Lot] = []
        self.epcs: list[str] = []
        self.statuses = bytearray()
        self.locations = bytearray()
        self.parents = array("q")
        self.containers: list[Container] = []
        self.container_parents = array("q")
        self.drafts: list[Draft] = []
        self._references = 0

    def add_lot(self, product: Product, number: str, expiry: str, units: int) -> Lot:
        """Return a new lot, of which no unit has been commissioned yet."""
        start = len(self.epcs)
        head = product.urn(UNIT)
        self.epcs += [head + s for s in self.numbers.serials(units, product.serial_length)]
        self.statuses += bytes(units)
        self.locations += bytes(units)
        self.parents.extend([-1] * units)
        lot = Lot(product, number, expiry, range(start, start + units))
        self.lots.append(lot)
        return lot

    def draft(
        self, name: str, site: Site, *, to: Site, at: int, products: Sequence[Product] = ()
    ) -> Draft:
        """
        Begin a document at a site, with master data of `products` in its header.

        Nobody begins on the second: it is up to two hours after `at`.
        """
        draft = Draft(self, name, site, to, at + self.numbers.below(7_200), products)
        self.drafts.append(draft)
        return draft

    def reference(self) -> int:
        """Return the next number of a business document."""
        self._references += 1
        return 4_500_000 + self._references * 17

    def units_in(self, container: Container) -> Iterator[Sequence[int]]:
        """Yield the units in `container` and in what it contains."""
        yield container.units
        for inner in container.containers:
            yield from self.units_in(inner)

    def new_container(self, epc: str, lot: Lot | None) -> Container:
        """Return a new, empty container."""
        container = Container(len(self.containers), epc, lot=lot)
        self.containers.append(container)
        self.container_parents.append(-1)
        return container

    def put(self, parent: Container, units: Sequence[int], containers: list[Container]) -> None:
        """Put things into `parent`, which is empty."""
        parent.units, parent.containers = units, containers
        self._set_parents(units, parent.number)
        for container in containers:
            self.container_parents[container.number] = parent.number

    def take_out(self, parent: Container, units: Sequence[int]) -> None:
        """Take some of the units out of `parent`."""
        taken = set(units)
        parent.units = [unit for unit in parent.units if unit not in taken]
        self._set_parents(units, -1)

    def empty(self, parent: Container) -> None:
        """Take everything out of `parent`."""
        self._set_parents(parent.units, -1)
        for container in parent.containers:
            self.container_parents[container.number] = -1
        parent.units, parent.containers = (), []

    def _set_parents(self, units: Sequence[int], parent: int) -> None:
        if isinstance(units, range):
            self.parents[units.start : units.stop] = array("q", [parent]) * len(units)
            return
        for unit in units:
            self.parents[unit] = parent

    def mark(
        self,
        units: Sequence[int],
        containers: Sequence[Container],
        status: Status | None,
        site: Site,
    ) -> None:
        """Say where `units` and those in `containers` are and, unless None, what they are now."""
        groups = [units, *(group for c in containers for group in self.units_in(c))]
        for group in groups:
            _fill(self.locations, group, _SITE_NUMBER[site])
            if status is not None:
                _fill(self.statuses, group, _CODE[status])

    def top_container(self, unit: int) -> Container | None:
        """Return the outermost container of `unit`, None if it is loose."""
        number = self.parents[unit]
        while number >= 0 and self.container_parents[number] >= 0:
            number = self.container_parents[number]
        return None if number < 0 else self.containers[number]

    def status(self, unit: int) -> Status:
        """Return what `unit` is now."""
        return STATUSES[self.statuses[unit]]

    def is_at(self, unit: int, site: Site) -> bool:
        """Whether `unit` was last seen at `site`."""
        return SITES[self.locations[unit]] is site

    def truth(self, errors: Sequence[PartnerError]) -> Truth:
        """Return the truth as it is now."""
        return Truth(
            epcs=self.epcs,
            lots=self.lots,
            sites=SITES,
            statuses=self.statuses,
            locations=self.locations,
            parents=self.parents,
            container_epcs=[container.epc for container in self.containers],
            container_parents=self.container_parents,
            errors=errors,
        )


class Draft:
    """A document in the making: its events, and the clock of the site that writes it."""

    def __init__(
        self, world: World, name: str, site: Site, to: Site, at: int, products: Sequence[Product]
    ) -> None:
        self.world = world
        self.name = name
        self.sender = site
        self.receiver = to
        self.sold = False
        self.events: list[Event] = []
        self.products = products
        self.clock = Clock(site, at)

    @property
    def moment(self) -> int:
        """When the last event of it happened, in seconds since 1970."""
        return self.clock.moment

    def move(self, site: Site, at: int) -> None:
        """Go on at another site of the same party."""
        assert at >= self.moment
        self.clock = Clock(site, at)

    # What is written -----------------------------------------------------------------

    def object_event(
        self,
        biz_step: str,
        disposition: str,
        epc_list: Sequence[str],
        *,
        action: str = "OBSERVE",
        **fields: Any,
    ) -> ObjectEvent:
        """Write an ObjectEvent of now, and change nothing."""
        event = ObjectEvent(
            action=action, epc_list=tuple(epc_list), **self._base(biz_step, disposition), **fields
        )
        self.events.append(event)
        return event

    def aggregation_event(
        self, biz_step: str, action: str, parent_id: str, child_epcs: Sequence[str] | None
    ) -> AggregationEvent:
        """Write an AggregationEvent of now, and change nothing."""
        event = AggregationEvent(
            action=action,
            parent_id=parent_id,
            child_epcs=None if child_epcs is None else tuple(child_epcs),
            **self._base(biz_step, "in_progress"),
        )
        self.events.append(event)
        return event

    def _base(self, biz_step: str, disposition: str) -> dict[str, Any]:
        clock = self.clock
        clock.forward(SECONDS.get(biz_step, _SECONDS_ELSE))
        fields: dict[str, Any] = {
            "event_time": clock.timestamp(),
            "event_time_zone_offset": clock.zone_offset,
            "event_id": self.world.numbers.event_id(),
            "biz_step": biz_step,
            "disposition": disposition,
            "read_point": clock.site.place,
        }
        # What leaves has no business location until it arrives (CBV, shipping).
        if biz_step != "shipping":
            fields["biz_location"] = clock.site.place
        return fields

    # What happens --------------------------------------------------------------------

    def commission_units(self, lot: Lot, *, epcs_per_event: int) -> None:
        """Give every unit of `lot` its serial number."""
        units = lot.units
        for start in range(units.start, units.stop, epcs_per_event):
            epcs = self.world.epcs[start : min(start + epcs_per_event, units.stop)]
            self.object_event("commissioning", "active", epcs, action="ADD", ilmd=ilmd(lot))
        self.world.mark(units, (), Status.IN_STOCK, self.clock.site)

    def commission_cases(self, lot: Lot, count: int, *, epcs_per_event: int) -> list[Container]:
        """Return new cases for `lot`."""
        head = lot.product.urn(CASE)
        serials = self.world.numbers.serials(count, lot.product.serial_length)
        cases = [self.world.new_container(head + serial, lot) for serial in serials]
        for start in range(0, count, epcs_per_event):
            epcs = [case.epc for case in cases[start : start + epcs_per_event]]
            self.object_event("commissioning", "active", epcs, action="ADD", ilmd=ilmd(lot))
        return cases

    def commission_logistic_unit(self) -> Container:
        """Return a new pallet or tote, known by its SSCC."""
        epc = self.world.numbers.sscc(self.clock.site.company_prefix)
        self.object_event("commissioning", "active", [epc], action="ADD")
        return self.world.new_container(epc, None)

    def pack(
        self, parent: Container, units: Sequence[int] = (), containers: Sequence[Container] = ()
    ) -> None:
        """Pack units, containers or both into `parent`, which is empty."""
        epcs = [*self._epcs(units), *(container.epc for container in containers)]
        self.aggregation_event("packing", "ADD", parent.epc, epcs)
        self.world.put(parent, units, list(containers))
        self.world.mark(units, containers, None, self.clock.site)

    def unpack(self, parent: Container, *, listed: bool = True) -> None:
        """Take everything out of `parent`; not `listed` says so by listing nothing."""
        contents = [*self._epcs(parent.units), *(inner.epc for inner in parent.containers)]
        self.aggregation_event("unpacking", "DELETE", parent.epc, contents if listed else None)
        self.world.mark((), (parent,), None, self.clock.site)
        self.world.empty(parent)

    def take_out(self, parent: Container, units: Sequence[int]) -> None:
        """Take some units out of `parent`."""
        self.aggregation_event("unpacking", "DELETE", parent.epc, self._epcs(units))
        self.world.take_out(parent, units)
        self.world.mark(units, (), None, self.clock.site)

    def observe(
        self,
        biz_step: str,
        disposition: str,
        units: Sequence[int] = (),
        containers: Sequence[Container] = (),
        *,
        action: str = "OBSERVE",
        **fields: Any,
    ) -> ObjectEvent:
        """Do a step with whole containers, loose units or both."""
        epcs = [*self._epcs(units), *(container.epc for container in containers)]
        event = self.object_event(biz_step, disposition, epcs, action=action, **fields)
        status = STATUS_AFTER.get((biz_step, disposition))
        if status is not None:
            self.world.mark(units, containers, status, self.clock.site)
        return event

    def ship(self, containers: Sequence[Container], *, drop_shipment: bool = False) -> None:
        """Ship containers to the receiver of the document, who bought them."""
        seller, buyer = PARTY_OF[self.sender], PARTY_OF[self.receiver]
        self.sold = True
        self.observe(
            "shipping",
            "in_transit",
            (),
            containers,
            biz_transaction_list=(
                self._biz_transaction("po", buyer.gln, "PO"),
                self._biz_transaction("desadv", self.clock.site.gln, "DEL"),
            ),
            source_list=_ends(seller.office, self.clock.site),
            destination_list=_ends(buyer.office, self.receiver),
            extensions={f"{{{HC}}}dropShipment": "true" if drop_shipment else "false"},
        )

    def ship_back(self, units: Sequence[int]) -> None:
        """Return loose units to the receiver of the document."""
        owner, buyer = PARTY_OF[self.sender], PARTY_OF[self.receiver]
        self.observe(
            "shipping",
            "returned",
            units,
            biz_transaction_list=(self._biz_transaction("rma", buyer.gln, "RMA"),),
            source_list=_ends(owner.office, self.clock.site),
            destination_list=_ends(buyer.office, self.receiver),
        )

    def _biz_transaction(self, kind: str, gln: str, prefix: str) -> BizTransaction:
        number = self.world.reference()
        return BizTransaction(
            type=kind, biz_transaction=f"urn:epcglobal:cbv:bt:{gln}:{prefix}{number}"
        )

    def _epcs(self, units: Sequence[int]) -> Sequence[str]:
        if isinstance(units, range):
            return self.world.epcs[units.start : units.stop]
        return [self.world.epcs[unit] for unit in units]

    # What is sent --------------------------------------------------------------------

    def document(self) -> Document:
        """
        Return what has been written, with the header of GS1 US's guideline R1.3.

        The transaction statement and master data go with what changes its owner.
        """
        sender, receiver = PARTY_OF[self.sender], PARTY_OF[self.receiver]
        created = self.clock.timestamp()
        instance = str(self.world.reference())
        header: dict[str, Any] = {f"{{{HC}}}guidelineVersion": "GS1 US DSCSA R1.3"}
        vocabularies = None
        if self.sold:
            header[f"{{{HC}}}dscsaTransactionStatement"] = {
                f"{{{HC}}}affirmTransactionStatement": "true",
                f"{{{HC}}}legalNotice": LEGAL_NOTICE,
            }
        if self.sold or self.products:
            places = (sender.office, *sender.sites, receiver.office, self.receiver)
            vocabularies = _vocabularies(self.products, list(dict.fromkeys(places)))
        return Document(
            events=tuple(self.events),
            schema_version="2.0",
            creation_date=created,
            namespaces=NAMESPACES,
            sender=sender.office.sgln,
            receiver=receiver.office.sgln,
            instance_identifier=instance,
            sbdh=_sbdh(sender.office, receiver.office, instance, created.text),
            vocabularies=vocabularies,
            header_extensions=header,
        )


def _fill(column: bytearray, units: Sequence[int], value: int) -> None:
    if isinstance(units, range):
        column[units.start : units.stop] = bytes([value]) * len(units)
        return
    for unit in units:
        column[unit] = value


def ilmd(lot: Lot) -> dict[str, Any]:
    """Return the instance and lot master data of `lot`."""
    return {
        f"{{{CBVMDA}}}lotNumber": lot.number,
        f"{{{CBVMDA}}}itemExpirationDate": lot.expiry,
    }


def _ends(owner: Site, location: Site) -> tuple[SourceOrDestination, ...]:
    return (
        SourceOrDestination(type="owning_party", id=owner.sgln),
        SourceOrDestination(type="location", id=location.sgln),
    )


def _sbdh(sender: Site, receiver: Site, instance: str, created: str) -> dict[str, Any]:
    def partner(site: Site) -> dict[str, Any]:
        return {f"{{{SBDH}}}Identifier": {"@Authority": "GS1", "#text": site.sgln}}

    return {
        f"{{{SBDH}}}HeaderVersion": "1.0",
        f"{{{SBDH}}}Sender": partner(sender),
        f"{{{SBDH}}}Receiver": partner(receiver),
        f"{{{SBDH}}}DocumentIdentification": {
            f"{{{SBDH}}}Standard": "EPCglobal",
            f"{{{SBDH}}}TypeVersion": "1.0",
            f"{{{SBDH}}}InstanceIdentifier": instance,
            f"{{{SBDH}}}Type": "Events",
            f"{{{SBDH}}}CreationDateAndTime": created,
        },
    }


def _vocabularies(products: Sequence[Product], sites: Sequence[Site]) -> tuple[Vocabulary, ...]:
    classes = Vocabulary(
        type="urn:epcglobal:epcis:vtype:EPCClass",
        elements=tuple(
            VocabularyElement(
                id=product.pattern(indicator),
                attributes=(
                    (f"{MDA}additionalTradeItemIdentification", product.ndc),
                    (f"{MDA}additionalTradeItemIdentificationTypeCode", "US_FDA_NDC"),
                    (f"{MDA}regulatedProductName", product.name),
                    (f"{MDA}manufacturerOfTradeItemPartyName", product.manufacturer),
                    (f"{MDA}dosageFormType", product.form),
                    (f"{MDA}strengthDescription", product.strength),
                    (f"{MDA}netContentDescription", product.container_size),
                ),
            )
            for product in products
            for indicator in (UNIT, CASE)
        ),
    )
    locations = Vocabulary(
        type="urn:epcglobal:epcis:vtype:Location",
        elements=tuple(
            VocabularyElement(
                id=site.sgln,
                attributes=(
                    (f"{MDA}name", site.name),
                    (f"{MDA}streetAddressOne", site.street),
                    (f"{MDA}city", site.city),
                    (f"{MDA}state", site.state),
                    (f"{MDA}postalCode", site.postal_code),
                    (f"{MDA}countryCode", "US"),
                ),
            )
            for site in sites
        ),
    )
    return classes, locations
