"""
Which kinds of exceptions there are, and of which class each is: a table.

The classes are the five of HDA's guidelines of 2023. What rules about things find is of the kind
that has the name of the rule; what people see and no event shows has kinds of its own, after the
scenarios of GS1 US for exceptions with serialized product. A class says how long it may take.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import NamedTuple

_HOUR = 3_600_000_000


class ExceptionClass(StrEnum):
    """What is wrong, in the words of those who trade with one another."""

    DATA_ISSUE = auto()
    PRODUCT_NO_DATA = auto()
    DATA_NO_PRODUCT = auto()
    PACKAGING_AND_LABELLING = auto()
    UNAVAILABLE_FOR_DISTRIBUTION = auto()


CLOCKS: Mapping[ExceptionClass, int] = {
    # Whoever is told of illegitimate product has 24 hours to tell others (DSCSA, 582(b)(4)).
    ExceptionClass.UNAVAILABLE_FOR_DISTRIBUTION: 24 * _HOUR,
    # Nobody may use what has no data, and no transaction may be unanswered for longer.
    ExceptionClass.PRODUCT_NO_DATA: 48 * _HOUR,
    ExceptionClass.DATA_NO_PRODUCT: 48 * _HOUR,
    # Three days are what trading partners give each other.
    ExceptionClass.DATA_ISSUE: 72 * _HOUR,
    ExceptionClass.PACKAGING_AND_LABELLING: 72 * _HOUR,
}
"""How long an exception of a class may take, in microseconds, where nobody says another time."""


class Shared(StrEnum):
    """What findings of one cause have in common, beside the rule."""

    DELIVERY = auto()
    """The business transaction that their events name; else the event."""
    LOT = auto()
    """The lot of the things; else their product."""
    PRODUCT = auto()
    """The product of the things; else each thing."""
    PARTNER = auto()
    """Who shipped, as the events say; else the place where they happened."""
    WORDS = auto()
    """What the finding itself names, such as a place."""


class End(StrEnum):
    """Who is asked: the one end of a delivery, or the other."""

    SOURCE = auto()
    DESTINATION = auto()


class KindRow(NamedTuple):
    """
    The class of a kind; of what rules find, too, what is one cause, and whom to ask about it.
    """

    exception_class: ExceptionClass
    shared: Shared | None = None
    asks: End | None = None


_DATA, _NO_DATA = ExceptionClass.DATA_ISSUE, ExceptionClass.PRODUCT_NO_DATA
_NO_PRODUCT = ExceptionClass.DATA_NO_PRODUCT
_PACKAGING = ExceptionClass.PACKAGING_AND_LABELLING
_UNAVAILABLE = ExceptionClass.UNAVAILABLE_FOR_DISTRIBUTION
_SOURCE, _DESTINATION = End.SOURCE, End.DESTINATION

# fmt: off
KINDS: Mapping[str, KindRow] = {
    # What rules find, by the names of the rules
    "commissioned-twice":        KindRow(_DATA, Shared.LOT),
    "used-before-commissioning": KindRow(_DATA, Shared.LOT),
    "never-commissioned":        KindRow(_NO_DATA, Shared.PRODUCT),
    "lot-expiry":                KindRow(_DATA, Shared.LOT),
    "case-lot":                  KindRow(_PACKAGING, Shared.LOT),
    "rework-unlinked":           KindRow(_DATA, Shared.LOT),
    "unknown-gtin":              KindRow(_DATA, Shared.PRODUCT),
    "unknown-gln":               KindRow(_DATA, Shared.WORDS),
    "serial-range":              KindRow(_UNAVAILABLE, Shared.LOT),
    "pack-size":                 KindRow(_PACKAGING, Shared.LOT),
    "two-parents":               KindRow(_DATA, Shared.LOT),
    "unpacked-not-packed":       KindRow(_DATA, Shared.LOT),
    "contains-itself":           KindRow(_DATA, Shared.LOT),
    "filled-late":               KindRow(_DATA, Shared.LOT),
    "repacked-unlisted":         KindRow(_DATA, Shared.LOT),
    "shipped-empty":             KindRow(_NO_DATA, Shared.DELIVERY, _SOURCE),
    "used-while-packed":         KindRow(_DATA, Shared.LOT),
    "shipped-decommissioned":    KindRow(_UNAVAILABLE, Shared.DELIVERY, _SOURCE),
    "shipped-destroyed":         KindRow(_UNAVAILABLE, Shared.DELIVERY, _SOURCE),
    "shipped-on-hold":           KindRow(_UNAVAILABLE, Shared.DELIVERY, _DESTINATION),
    "shipped-expired":           KindRow(_UNAVAILABLE, Shared.DELIVERY, _SOURCE),
    "shipped-recalled":          KindRow(_UNAVAILABLE, Shared.DELIVERY, _DESTINATION),
    "shipped-gone":              KindRow(_UNAVAILABLE, Shared.DELIVERY, _SOURCE),
    "dispensed-twice":           KindRow(_UNAVAILABLE, Shared.LOT),
    "dispensed-unfit":           KindRow(_UNAVAILABLE, Shared.LOT),
    "used-after-end":            KindRow(_DATA, Shared.LOT),
    "used-in-transit":           KindRow(_NO_DATA, Shared.LOT),
    "shipped-not-received":      KindRow(_NO_PRODUCT, Shared.DELIVERY, _DESTINATION),
    "received-not-shipped":      KindRow(_NO_DATA, Shared.DELIVERY, _SOURCE),
    "shipped-twice":             KindRow(_NO_PRODUCT, Shared.DELIVERY, _SOURCE),
    "received-by-another":       KindRow(_DATA, Shared.DELIVERY, _SOURCE),
    "two-holders":               KindRow(_DATA, Shared.DELIVERY, _SOURCE),
    "event-ahead":               KindRow(_DATA, Shared.PARTNER, _SOURCE),
    "event-stale":               KindRow(_DATA, Shared.PARTNER, _SOURCE),
    # What people see
    "no_data":                   KindRow(_NO_DATA),
    "overage":                   KindRow(_NO_DATA),
    "concealed_overage":         KindRow(_NO_DATA),
    "wrong_serial":              KindRow(_DATA),
    "wrong_lot":                 KindRow(_DATA),
    "wrong_buyer":               KindRow(_DATA),
    "wrong_data":                KindRow(_DATA),
    "unreadable_data":           KindRow(_DATA),
    "wrong_master_data":         KindRow(_DATA),
    "shortage":                  KindRow(_NO_PRODUCT),
    "concealed_shortage":        KindRow(_NO_PRODUCT),
    "undelivered":               KindRow(_NO_PRODUCT),
    "unreadable_label":          KindRow(_PACKAGING),
    "wrong_label":               KindRow(_PACKAGING),
    "wrong_packaging":           KindRow(_PACKAGING),
    "damaged":                   KindRow(_UNAVAILABLE),
    "expired":                   KindRow(_UNAVAILABLE),
    "recalled":                  KindRow(_UNAVAILABLE),
    "suspect":                   KindRow(_UNAVAILABLE),
}
# fmt: on
