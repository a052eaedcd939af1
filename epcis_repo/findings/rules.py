"""
All that is to be true of things, whoever reported it, by number: the catalogue.

A document may keep every rule of the standard and still say what cannot be so: these rules look at
all that is known of a thing, in the order in which it happened. They refuse nothing, and find the
same whatever came first. A rule yields what it found and knows nothing of what becomes of it; its
function is in the module of what it is about. Names and numbers stay; they go on where those of
the rules for documents end.

Which rules there are, requirements of traceability say (B1 to B3, C1, E1), the file rules of
OpenSCS, and the exceptions that trading partners have words for (HDA's guidelines for exceptions of
2023); how a thing goes through its life, the table of transitions.
"""

from __future__ import annotations

from epcis_repo.findings import beginnings, packing, transfers, uses
from epcis_repo.findings.rule import Severity, ThingRule
from epcis_repo.findings.uses import Unfit
from epcis_repo.projections.custody import Gap
from epcis_repo.projections.lifecycle import Lifecycle

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_OPENSCS = "OPC OpenSCS 1.02, C.2"
_NO_PRODUCT = "HDA exceptions 2023: data, no product"
_NO_DATA = "HDA exceptions 2023: product, no data"
_DATA = "HDA exceptions 2023: data issue"
_UNAVAILABLE = "HDA exceptions 2023: unavailable for distribution"
_ASK = "Ask its sender which of the two is true; the other is declared in error."
_STOP = "Keep it where it is, and find out who shipped it and why."

# fmt: off
RULES: tuple[ThingRule, ...] = (
    # How things begin
    ThingRule(2001, "commissioned-twice", f"{_OPENSCS}, rule 1",
              "A serial is given to one thing, once.", _ERROR,
              "commissioned once more",
              "Hold all that has the serial: there may be two of it. " + _ASK,
              beginnings.commissioned_twice),
    ThingRule(2002, "used-before-commissioning", f"{_OPENSCS}, rule 1",
              "The first that happens to a thing is its commissioning.", _ERROR,
              "used before it was commissioned",
              "Ask both senders for the times; what has the wrong one is declared in error.",
              beginnings.used_before_commissioning),
    ThingRule(2003, "never-commissioned", f"{_OPENSCS}, rule 1",
              "Packs and logistic units are commissioned.", _WARNING,
              "used, and never commissioned",
              "Ask the manufacturer for the commissioning; without one the serial is suspect.",
              beginnings.never_commissioned),
    ThingRule(2004, "lot-expiry", "GS1 US guideline R1.3, §2.2.1.1",
              "A lot of a product expires on one day.", _ERROR,
              "commissioned with expiry {expiry}, others of the lot with {other}",
              "Compare with what is printed on the packs, and have the wrong one corrected.",
              beginnings.expiry_differs_in_lot),
    ThingRule(2005, "case-lot", "GS1 US guideline R1.3, §2.2.1.1",
              "What is packed in a case that has a lot is of that lot.", _ERROR,
              "packed as of lot {lot} together with {0} of lot {other}",
              "Open the case and scan: either a lot or a serial is wrong.",
              beginnings.lot_differs_in_case),
    ThingRule(2006, "rework-unlinked", "CBV 2.0, §7.1; EPCIS 2.0, §7.4.2",
              "Old and new serials of a rework have a business transaction in common.", _WARNING,
              "{step} without the business transaction that leads to the other serial",
              "Ask for the number of the rework order, and for the event with it.",
              beginnings.rework_has_no_transaction),
    # What is known of products, places and serials
    ThingRule(2101, "unknown-gtin", "EPCIS 2.0, §6.5",
              "A product is one that master data tells of.", _WARNING,
              "GTIN {gtin} has no master data",
              "Ask the manufacturer for the product's master data, or whether it is his.",
              beginnings.product_is_unknown),
    ThingRule(2102, "unknown-gln", "EPCIS 2.0, §6.5",
              "A place or party is one that master data tells of.", _WARNING,
              "{place} has no master data",
              "Ask the partner which of his places that is.",
              transfers.place_is_unknown),
    ThingRule(2103, "serial-range", "DSCSA, section 582(b)(2)",
              "Where serials of a product were allocated, no others are in use.", _ERROR,
              "serial {serial} was not allocated",
              "Hold it as suspect, and ask the manufacturer whether the serial is his.",
              beginnings.serial_is_not_allocated),
    ThingRule(2104, "pack-size", f"{_OPENSCS}, rule 2",
              "A pack has no more in it than its product has.", _WARNING,
              "{0} has {count} in it, where its product has {size}",
              "Count what is in it: one that is not there was packed, or not taken out.",
              packing.holds_more_than_fits),
    # What is in what
    ThingRule(2201, "two-parents", f"{_OPENSCS}, rule 2",
              "A thing is in one container at a time.", _ERROR,
              "in {0}, and never taken out of {1}",
              "Scan both containers; the event that has it in the wrong one is declared in error.",
              packing.in_two_parents),
    ThingRule(2202, "unpacked-not-packed", "EPCIS 2.0, §7.4.3",
              "What is taken out of a container was in it.", _ERROR,
              "taken out of {0}, where nobody has put it",
              "Ask who packed it for the missing event.",
              packing.unpacked_without_being_packed),
    ThingRule(2203, "contains-itself", "EPCIS 2.0, §7.4.3",
              "Nothing is in itself, through however many containers.", _ERROR,
              "put into itself, by way of {0}",
              _ASK, packing.contains_itself),
    ThingRule(2204, "filled-late", f"{_OPENSCS}, rule 4",
              "A container is filled before it is put into another.", _WARNING,
              "{0} was filled when it was in {1} already",
              "Ask for the times of both packings: clocks differ, or one was written down later.",
              packing.filled_after_put_away),
    ThingRule(2205, "repacked-unlisted", "EPCIS 2.0, §7.4.3",
              "What was on its way with its content is opened before it is packed again.", _WARNING,
              "{0} was packed again, and {count} that were in it are not listed",
              "Scan what is in it; what is not there any more is reported as unpacked.",
              packing.packed_again_unlisted),
    ThingRule(2206, "shipped-empty", f"{_OPENSCS}, rule 3; {_NO_DATA}",
              "What is in a logistic unit is known when it is shipped.", _WARNING,
              "{0} was shipped, and nobody said what is in it",
              "Ask the seller for the packing; until then it cannot be received by inference.",
              packing.shipped_empty),
    ThingRule(2207, "used-while-packed", "EPCIS 2.0, §7.4.3",
              "What is dispensed, sampled or used up was taken out of its container.", _WARNING,
              "used while it was in {0}",
              "Have the unpacking reported: what is in the container is known wrongly.",
              packing.used_while_packed),
    # What is done with things
    ThingRule(2301, "shipped-decommissioned", "CBV 2.0, §7.1",
              "What is decommissioned is not shipped.", _ERROR,
              "shipped after it was {state}", _STOP,
              uses.shipped_while(Lifecycle.DECOMMISSIONED)),
    ThingRule(2302, "shipped-destroyed", "CBV 2.0, §7.1",
              "What is destroyed is not shipped.", _ERROR,
              "shipped after it was {state}",
              "Hold it as suspect: another thing may have its serial. " + _ASK,
              uses.shipped_while(Lifecycle.DESTROYED)),
    ThingRule(2303, "shipped-on-hold", _UNAVAILABLE,
              "What is on hold is shipped to nobody, but back.", _ERROR,
              "shipped while on hold", _STOP,
              uses.shipped_unfit(Unfit.ON_HOLD)),
    ThingRule(2304, "shipped-expired", _UNAVAILABLE,
              "What has expired is shipped to nobody, but back.", _ERROR,
              "shipped after it had expired, on {expiry}", _STOP,
              uses.shipped_unfit(Unfit.EXPIRED)),
    ThingRule(2305, "shipped-recalled", _UNAVAILABLE,
              "What is recalled is shipped to nobody, but back.", _ERROR,
              "shipped while recalled",
              "Tell its receiver at once not to use it, and have it sent back.",
              uses.shipped_unfit(Unfit.RECALLED)),
    ThingRule(2306, "shipped-gone", "CBV 2.0, §7.1",
              "What was dispensed, sampled, exported, used up or stolen is not shipped.", _ERROR,
              "shipped after it was {state}", _STOP,
              uses.shipped_while(Lifecycle.SAMPLED, Lifecycle.DISPENSED, Lifecycle.EXPORTED,
                                 Lifecycle.TRANSFORMED, Lifecycle.STOLEN)),
    ThingRule(2307, "dispensed-twice", "CBV 2.0, §7.1",
              "A pack is dispensed once.", _ERROR,
              "dispensed once more",
              "Hold all that has the serial: there may be two of it. " + _ASK,
              uses.dispensed_twice),
    ThingRule(2308, "dispensed-unfit", _UNAVAILABLE,
              "What is on hold, expired or recalled is not dispensed.", _ERROR,
              "dispensed while {why}",
              "Tell whoever dispensed it at once, and the patient through him.",
              uses.dispensed_unfit),
    ThingRule(2309, "used-after-end", "CBV 2.0, §7.1",
              "What has come to its end is used no more.", _ERROR,
              "used after it was {state}", _ASK,
              uses.used_after_its_end),
    ThingRule(2310, "used-in-transit", _NO_DATA,
              "What was shipped is received before anything else is done with it.", _WARNING,
              "used after it was shipped, and before anybody received it",
              "Ask whoever used it for his receipt.",
              uses.used_in_transit),
    # Who has it
    ThingRule(2401, "shipped-not-received", _NO_PRODUCT,
              "What is shipped is received within three weeks.", _WARNING,
              "shipped, and not received for {days} days",
              "Ask the receiver; what did not arrive is lost, stolen, or was never shipped.",
              transfers.shipped_not_received),
    ThingRule(2402, "received-not-shipped", _NO_DATA,
              "What is received was shipped.", _WARNING,
              "received by {second}, and never shipped by {first}",
              "Ask the seller for his shipping event; keep the product apart until it is there.",
              transfers.gap(Gap.RECEIVED_NEVER_SHIPPED)),
    ThingRule(2403, "shipped-twice", _NO_PRODUCT,
              "What was shipped is received before it is shipped again.", _WARNING,
              "shipped once more, and not received in between",
              "Ask for the receipt; where one shipping was told twice, one is declared in error.",
              uses.shipped_twice),
    ThingRule(2404, "received-by-another", _DATA,
              "What is shipped is received by whom it was shipped to.", _WARNING,
              "shipped to {first}, and received by {second}",
              "Ask the seller to whom he sold it, and have the wrong event corrected.",
              transfers.gap(Gap.RECEIVED_BY_ANOTHER)),
    ThingRule(2405, "two-holders", _DATA,
              "A thing is in the hands of one at a time.", _ERROR,
              "{first} and {second} both have it",
              "Have both look for it: there may be two of it.",
              transfers.gap(Gap.TWO_HOLDERS)),
    # When it was told
    ThingRule(2501, "event-ahead", "EPCIS 2.0, §7.3.1",
              "An event has happened when it is told; five minutes ahead, as clocks differ.",
              _WARNING,
              "told at {recorded}, before it happened",
              "Have the clock of the sender looked at, and the event corrected.",
              transfers.event_ahead_of_its_record),
    ThingRule(2502, "event-stale", "EPCIS 2.0, §7.3.1",
              "An event is told within a year.", _WARNING,
              "told {days} days after it happened",
              "Ask whether the year is right.",
              transfers.event_told_late),
)
# fmt: on
