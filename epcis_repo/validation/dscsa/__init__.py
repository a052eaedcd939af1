"""
What the GS1 US guideline for DSCSA and traceability asks of a document beyond the standard.

Release 1.2 and 1.3 differ in their marks: an element that says which release it is (1.3 alone),
how the SBDH identifies parties, the type code of an NDC, the form of direct purchase statements.
Both are content with EPCIS 1.2 in XML; what they ask is asked of any document here. Sections are
those of the guideline's example (§2.2.1.1); what that does not show is from the CBV, or from the
rules of OpenSCS for the same files.

These rules refuse no capture. An error says that the document does not do for DSCSA.
"""

from __future__ import annotations

from epcis_repo.model.events import ObjectEvent
from epcis_repo.validation.dscsa import across, events, header, master_data
from epcis_repo.validation.rule import Rule, Severity

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_EXAMPLE = "GS1 US guideline R1.3, §2.2.1.1"
_BOTH = "GS1 US guideline R1.2 and R1.3"
_OBJECTS = (ObjectEvent,)

# fmt: off
DSCSA: tuple[Rule, ...] = (
    # The header
    Rule(1001, "dscsa-sbdh", _EXAMPLE,
         "A document has a Standard Business Document Header.",
         _ERROR, around=header.header_has_an_sbdh),
    Rule(1002, "dscsa-sbdh-party", _EXAMPLE,
         "Sender and receiver are SGLN URNs with Authority GS1, in release 1.2 GLNs.",
         _ERROR, around=header.parties_of_the_sbdh_are_identified),
    Rule(1003, "dscsa-release", _EXAMPLE,
         "A document says that it is of release 1.3.",
         _WARNING, around=header.release_is_said),
    Rule(1004, "dscsa-release-mixed", _BOTH,
         "A document has the marks of one release.",
         _WARNING, across=header.MarksOfOneRelease),
    Rule(1005, "dscsa-statement", _EXAMPLE,
         "Who ships affirms the transaction statement, with a legal notice.",
         _ERROR, across=header.StatementWhereOwnersChange),
    # Master data
    Rule(1101, "dscsa-product", _EXAMPLE,
         "Each GTIN that is commissioned has master data.",
         _ERROR, across=master_data.ProductsAreDescribed),
    Rule(1102, "dscsa-product-attributes", _EXAMPLE,
         "A product has NDC, name, manufacturer, dosage form, strength and container size.",
         _ERROR, around=master_data.products_have_what_dscsa_asks),
    Rule(1103, "dscsa-ndc", _BOTH,
         "An NDC has its type code and its form.",
         _ERROR, around=master_data.products_have_an_ndc),
    Rule(1104, "dscsa-location", _EXAMPLE,
         "Both ends of a shipment have master data.",
         _ERROR, across=master_data.LocationsAreDescribed),
    Rule(1105, "dscsa-location-attributes", _EXAMPLE,
         "A location has a name and an address.",
         _ERROR, around=master_data.locations_have_an_address),
    # Each event
    Rule(1201, "dscsa-step", "CBV 2.0, §11",
         "An event has a business step.",
         _ERROR, events.events_have_a_step),
    Rule(1202, "dscsa-step-event", "CBV 2.0, §7.1",
         "A step is reported by its type of event and its action.",
         _ERROR, events.steps_have_their_events),
    Rule(1203, "dscsa-step-disposition", "CBV 2.0, §7.1",
         "A step is followed by a disposition that fits.",
         _WARNING, events.steps_have_their_dispositions),
    Rule(1204, "dscsa-urn", "OPC OpenSCS 1.02, C.2",
         "What an event names is an EPC URN.",
         _ERROR, events.things_are_named_by_urns),
    Rule(1205, "dscsa-epc", "OPC OpenSCS 1.02, C.2",
         "What an event names is a pack or a container.",
         _ERROR, events.things_are_packs_or_containers),
    Rule(1206, "dscsa-place", "OPC OpenSCS 1.02, C.2",
         "Places and parties are SGLN URNs.",
         _ERROR, events.places_are_named_by_urns),
    Rule(1207, "dscsa-lot", _EXAMPLE,
         "Packs are commissioned with lot and expiry.",
         _ERROR, events.packs_have_a_lot, of=_OBJECTS),
    Rule(1208, "dscsa-container-lot", _EXAMPLE,
         "Containers are commissioned without master data.",
         _WARNING, events.containers_have_no_lot, of=_OBJECTS),
    Rule(1209, "dscsa-read-point", _EXAMPLE,
         "An event says where it happened.",
         _ERROR, events.events_say_where),
    Rule(1210, "dscsa-biz-location", _EXAMPLE,
         "What stays has a location, and what is shipped has none.",
         _WARNING, events.steps_have_their_location),
    Rule(1211, "dscsa-owner", _EXAMPLE,
         "A shipment has the owner before and the owner after.",
         _ERROR, events.shipments_have_owners),
    Rule(1212, "dscsa-ship-location", "GS1 US guideline R1.3",
         "A shipment has the location that it leaves and the one that it goes to.",
         _WARNING, events.shipments_have_locations),
    Rule(1213, "dscsa-papers", _EXAMPLE,
         "A shipment has a purchase order and a despatch advice.",
         _ERROR, events.shipments_have_papers),
    Rule(1214, "dscsa-paper-form", _EXAMPLE,
         "A paper is named by the GLN of whose it is, and its number.",
         _ERROR, events.papers_are_numbered_by_parties, about=("biz_transaction_list",)),
    Rule(1215, "dscsa-ship-container", "OPC OpenSCS 1.02, C.2, rule 3",
         "What is shipped is a logistic unit with an SSCC.",
         _WARNING, events.shipments_are_of_containers),
    Rule(1216, "dscsa-drop-shipment", _EXAMPLE,
         "A shipment says whether it is a drop shipment.",
         _WARNING, events.shipments_say_whether_dropped),
    Rule(1217, "dscsa-direct-purchase", _BOTH,
         "A direct purchase is true (1.2), or has a qualifier and a statement (1.3).",
         _ERROR, events.direct_purchases_are_stated),
    # All events
    Rule(1301, "dscsa-commissioned-once", "OPC OpenSCS 1.02, C.2, rule 1",
         "A thing is commissioned once.",
         _ERROR, across=across.CommissionedOnce),
    Rule(1302, "dscsa-commissioned", "OPC OpenSCS 1.02, C.2, rule 1",
         "What is packed or shipped is commissioned in the document, before.",
         _WARNING, across=across.CommissionedBefore),
    Rule(1303, "dscsa-one-container", "OPC OpenSCS 1.02, C.2, rule 2",
         "A thing is in one container at a time.",
         _ERROR, across=across.InOneContainer),
    Rule(1304, "dscsa-packing-order", "OPC OpenSCS 1.02, C.2, rule 4",
         "A container is filled before it is put into another.",
         _WARNING, across=across.PackedFromWithin),
    Rule(1305, "dscsa-lot-expiry", _EXAMPLE,
         "A lot of a product expires on one day.",
         _ERROR, across=across.OneExpiryOfALot),
)
# fmt: on
