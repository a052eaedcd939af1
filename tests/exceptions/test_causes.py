"""What findings have in common, and that those of one cause are one exception."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from epcis_repo.exceptions import KINDS
from epcis_repo.exceptions.causes import EventSaid, causes
from epcis_repo.exceptions.reading import event_said
from epcis_repo.findings import RULES, Finding
from epcis_repo.findings.life import EventAt
from tests.operations.reports import at

RULE = {rule.id: rule for rule in RULES}
PACKS = [f"01/00300010123455/21/A{n}" for n in range(1, 5)]
SSCC = "00/003000100000000015"
NAMES = {key: f"the name of {key}" for key in (*PACKS, SSCC)}
PO, DESADV = "urn:epcglobal:cbv:bt:0300010000015:PO1", "urn:epcglobal:cbv:bt:0300010000015:D1"
MAKER, BUYER = "urn:epc:id:pgln:030001.000001", "urn:epc:id:pgln:030001.000002"
DELIVERED = EventSaid(DESADV, MAKER, BUYER, "urn:epc:id:sgln:030001.000001.0")


# Whatever a sentence may have in it.
WORDS = {
    *("place", "days", "gtin", "lot", "other", "first", "second", "expiry", "step", "serial"),
    *("count", "size", "state", "why", "recorded"),
}


def finding(rule: str, *keys: str, event_id: str = "urn:x:1", **words: str) -> Finding:
    said = words or dict.fromkeys(WORDS, "x")
    return Finding(RULE[rule], keys, EventAt(event_id, at(4)), EventAt("R1", 0), (SSCC, SSCC), said)


def shared(*findings: Finding, said: Any = None, lots: Any = None) -> list[tuple[str, int]]:
    """Causes in short: what each shares, and how many findings it has."""
    found = causes(findings, names=NAMES, said=said or {}, lots=lots or {})
    return [(cause.shared, len(cause.findings)) for cause in found]


def test_a_delivery_that_nobody_told_of_is_one() -> None:
    """
    The serials of a delivery have one cause, in however many events; those of another have theirs.
    """
    said = {"urn:x:1": DELIVERED, "urn:x:2": DELIVERED, "urn:x:3": EventSaid(PO)}
    found = [finding("shipped-not-received", key, event_id="urn:x:1") for key in PACKS[:2]]
    found += [finding("shipped-not-received", PACKS[2], event_id="urn:x:2")]
    found += [finding("shipped-not-received", PACKS[3], event_id="urn:x:3")]

    assert shared(*found, said=said) == [(f"in {DESADV}", 3), (f"in {PO}", 1)]


def test_a_delivery_without_a_number_is_its_event() -> None:
    """
    Where an event names no transaction, the things in it have it in common.
    """
    one, other = (finding("shipped-twice", *PACKS, event_id=f"urn:x:{n}") for n in (1, 2))

    assert shared(one, one, other) == [("by event urn:x:1", 2), ("by event urn:x:2", 1)]


def test_a_lot_is_one_and_things_of_two_lots_are_two() -> None:
    """
    One finding about things of two lots has two causes, each with the things that are of it.
    """
    lots = dict.fromkeys(PACKS[:3], "L1") | {PACKS[3]: "L2"}

    found = causes([finding("commissioned-twice", *PACKS)], names=NAMES, said={}, lots=lots)

    assert [(cause.shared, len(cause.findings[0]["epcs"])) for cause in found] == [
        ("of 01/00300010123455 in lot L1", 3),
        ("of 01/00300010123455 in lot L2", 1),
    ]


@pytest.mark.parametrize(
    ("rule", "key", "said", "expected"),
    [
        pytest.param("two-parents", PACKS[0], None, "of 01/00300010123455", id="no lot"),
        pytest.param("two-parents", SSCC, None, f"of {SSCC}", id="no product"),
        pytest.param("unknown-gtin", PACKS[0], None, "of 01/00300010123455", id="a product"),
        pytest.param("event-ahead", PACKS[0], DELIVERED, "by 417/0300010000015", id="a partner"),
        pytest.param(
            "event-stale",
            PACKS[0],
            DELIVERED._replace(source=None),
            "at 414/0300010000015",
            id="a place",
        ),
        pytest.param("event-stale", PACKS[0], None, "by event urn:x:1", id="nobody"),
        pytest.param("unknown-gln", PACKS[0], None, "with urn:x:place", id="what it names"),
    ],
)
def test_what_is_shared_is_the_first_that_is_known(
    rule: str, key: str, said: EventSaid | None, expected: str
) -> None:
    """
    Without a lot it is the product, without a product the thing, without a partner the place.
    """
    words = {"place": "urn:x:place"} if rule == "unknown-gln" else {}

    found = shared(finding(rule, key, **words), said={"urn:x:1": said} if said else {})

    assert found == [(expected, 1)]


def test_two_rules_are_two_causes() -> None:
    """
    What breaks two rules has two causes, though it is of one delivery.
    """
    found = [finding("received-not-shipped", PACKS[0]), finding("two-holders", PACKS[0])]

    assert len(causes(found, names=NAMES, said={"urn:x:1": DELIVERED}, lots={})) == 2


@pytest.mark.parametrize("rule", RULE)
def test_every_rule_has_causes(rule: str) -> None:
    """
    Whatever a rule finds is of a cause, of the class of the rule, and shows the finding whole.
    """
    item = finding(rule, PACKS[0])

    (cause,) = causes([item], names=NAMES, said={}, lots={})

    assert cause.exception_class is KINDS[rule].exception_class
    assert cause.findings == (
        {
            "rule": rule,
            "event_id": "urn:x:1",
            "event_time": "2026-01-01T04:00:00.000Z",
            "contradicts": "R1",
            "sentence": item.sentence(NAMES),
            "epcs": [NAMES[PACKS[0]]],
        },
    )


def test_who_is_asked_is_as_the_rule_has_it() -> None:
    """
    The seller is asked for what he did not tell, the buyer for what did not arrive.
    """
    rows = {"received-not-shipped": MAKER, "shipped-not-received": BUYER, "lot-expiry": None}

    for rule, partner in rows.items():
        item = finding(rule, PACKS[0])
        (cause,) = causes([item], names=NAMES, said={"urn:x:1": DELIVERED}, lots={})
        assert (cause.partner, cause.transactions) == (partner, (DESADV,))


def test_the_order_does_not_show() -> None:
    """
    However findings are shuffled, there are the same causes under the same names.
    """
    said = {"urn:x:1": DELIVERED}
    found = [finding("shipped-not-received", key, event_id="urn:x:1") for key in PACKS]
    found += [finding("commissioned-twice", key, event_id=f"urn:x:{key}") for key in PACKS]
    expected = {(c.text, c.exception_id) for c in causes(found, names=NAMES, said=said, lots={})}

    for seed in range(5):
        Random(seed).shuffle(found)
        again = causes(found, names=NAMES, said=said, lots={})
        assert {(cause.text, cause.exception_id) for cause in again} == expected
    assert len(expected) == 2


def test_the_delivery_is_the_despatch_advice_before_the_order() -> None:
    """
    Of the transactions of an event the one nearest to the goods counts, in whatever spelling.
    """
    order = {"type": "po", "bizTransaction": PO}
    advice = {"type": "urn:epcglobal:cbv:btt:desadv", "bizTransaction": DESADV}
    other = {"bizTransaction": "urn:x:7"}

    for listed, delivery in (
        ([order, advice, other], DESADV),
        ([other, order], PO),
        ([other], "urn:x:7"),
        ([], None),
    ):
        assert event_said({"bizTransactionList": listed}, None).delivery == delivery


def test_the_ends_of_a_delivery_are_who_trades() -> None:
    """
    The owning party of an end is asked before the one that has the goods.
    """
    header = {
        "sourceList": [
            {"type": "possessing_party", "source": "urn:x:carrier"},
            {"type": "https://ref.gs1.org/cbv/SDT-owning_party", "source": MAKER},
        ],
        "destinationList": [{"type": "location", "destination": BUYER}],
    }

    assert event_said(header, None) == EventSaid(None, MAKER, BUYER, None)
