"""Who owned a thing, who had it and where it was, and what of that does not fit. A pure fold."""

from __future__ import annotations

import pytest

from epcis_repo.projections.custody import Custody, Gap, Handling, Named, Period, fold
from epcis_repo.projections.lifecycle import Step

TYPES = {"o": "owning_party", "p": "possessing_party", "l": "location"}
COMMISSION, PACK, SHIP, RECEIVE = Step.COMMISSION, Step.PACK, Step.SHIP, Step.RECEIVE


def named(text: str) -> Named:
    return Named(text, text)


def parties(text: str) -> dict[str, Named]:
    """`o=A p=B` as parties by type."""
    pairs = (part.partition("=") for part in text.split())
    return {TYPES[kind]: named(who) for kind, _, who in pairs}


def handled(
    time: int, step: Step | None, places: str = "", sources: str = "", destinations: str = ""
) -> Handling:
    """An event of an hour: places with blanks between, parties as `o=A p=B`."""
    where = tuple(map(named, places.split()))
    return Handling(time, f"e{time}", step, where, parties(sources), parties(destinations))


def spans(periods: tuple[Period, ...]) -> list[tuple[str, int | None, int | None]]:
    return [(period.who.text, period.begins, period.ends) for period in periods]


def gaps(found: Custody) -> list[tuple[Gap, int, str | None, str | None]]:
    return [
        (f.gap, f.time, f.first and f.first.text, f.second and f.second.text)
        for f in found.findings
    ]


MADE = handled(1, COMMISSION, "plant")
SENT = handled(3, SHIP, "plant", "o=Maker", "o=Buyer")


class TestATransfer:
    def test_passes_from_hand_to_hand(self) -> None:
        """
        Whoever ships first had it from its beginning; until it is received, nobody has it in
        hand, and it is the seller's.
        """
        found = fold([MADE, SENT, handled(5, RECEIVE, "store")])

        assert spans(found.possessors) == [("Maker", 1, 3), ("Buyer", 5, None)]
        assert spans(found.owners) == [("Maker", 1, 5), ("Buyer", 5, None)]
        assert spans(found.places) == [("plant", 1, 3), ("store", 5, None)]
        assert gaps(found) == []
        assert [(p.begun_by, p.ended_by) for p in found.possessors] == [
            *(("e1", "e3"), ("e5", None)),
        ]

    def test_tells_the_owner_from_who_has_it(self) -> None:
        """
        A warehouse may have what is another's.
        """
        sent = handled(3, SHIP, "plant", "o=Maker p=Maker", "o=Buyer p=Warehouse")

        found = fold([MADE, sent, handled(5, RECEIVE, "dock shelf")])

        assert spans(found.possessors)[-1] == ("Warehouse", 5, None)
        assert spans(found.owners)[-1] == ("Buyer", 5, None)
        assert spans(found.places)[-1] == ("shelf", 5, None)

    def test_of_what_was_not_begun_here_has_no_beginning(self) -> None:
        """
        Of what came from elsewhere nobody knows since when the sender had it.
        """
        found = fold([handled(2, PACK, "plant"), SENT, handled(5, RECEIVE, "store")])

        assert spans(found.possessors)[0] == ("Maker", None, 3)
        assert spans(found.owners)[0] == ("Maker", None, 5)

    def test_may_be_told_twice(self) -> None:
        """
        The pallet's shipping and the case's, and a receipt for each, are one transfer.
        """
        again = [handled(4, SHIP, "plant", "o=Maker", "o=Buyer"), handled(6, RECEIVE, "store")]

        found = fold([MADE, SENT, again[0], handled(5, RECEIVE, "store"), again[1]])

        assert spans(found.possessors) == [("Maker", 1, 3), ("Buyer", 5, None)]
        assert gaps(found) == []

    def test_may_be_taken_back(self) -> None:
        """
        What was not shipped after all never left.
        """
        found = fold([MADE, SENT, handled(4, Step.VOID_SHIP, "plant")])

        assert spans(found.possessors) == [("Maker", 1, None)]
        assert spans(found.places) == [("plant", 1, None)]
        assert gaps(found) == []

    def test_without_parties_is_told_by_places(self) -> None:
        """
        Where nobody says who he is, whoever has the place has the thing.
        """
        found = fold([MADE, handled(3, SHIP, "plant"), handled(5, RECEIVE, "store")])

        assert (spans(found.possessors), spans(found.owners)) == ([("store", 5, None)], [])

    def test_is_seen_on_its_way(self) -> None:
        """
        A hub that is passed is where the thing is, and nobody's.
        """
        found = fold([MADE, SENT, handled(4, None, "hub"), handled(5, RECEIVE, "store")])

        assert ("hub", 4, 5) in spans(found.places)
        assert spans(found.possessors) == [("Maker", 1, 3), ("Buyer", 5, None)]

    @pytest.mark.parametrize("step", [Step.DISPENSE, Step.DESTROY, Step.TRANSFORM])
    def test_ends_with_the_thing(self, step: Step) -> None:
        """
        What is gone is nobody's and nowhere.
        """
        found = fold([MADE, SENT, handled(5, RECEIVE, "store"), handled(7, step, "store")])

        for periods in (found.owners, found.possessors, found.places):
            assert periods[-1].ends == 7

    @pytest.mark.parametrize("step", [Step.STEAL, Step.LOSE])
    def test_out_of_hand_is_still_somebodys(self, step: Step) -> None:
        """
        What was stolen or lost has its owner, and nobody has it.
        """
        found = fold([MADE, SENT, handled(5, RECEIVE, "store"), handled(7, step, "store")])

        assert (found.possessors[-1].ends, found.owners[-1].ends) == (7, None)


class TestAGap:
    def test_is_what_was_shipped_and_never_received(self) -> None:
        """
        What has not arrived is named, with both ends of its way.
        """
        assert gaps(fold([MADE, SENT])) == [(Gap.SHIPPED_NEVER_RECEIVED, 3, "Maker", "Buyer")]

    def test_is_what_was_shipped_on_without_a_receipt(self) -> None:
        """
        Who ships it on must have had it, and nobody knows since when.
        """
        onward = handled(6, SHIP, "store", "o=Buyer", "o=Pharmacy")

        found = fold([MADE, SENT, onward, handled(7, RECEIVE, "shop")])

        assert gaps(found) == [(Gap.SHIPPED_NEVER_RECEIVED, 3, "Maker", "Buyer")]
        assert spans(found.possessors) == [
            *(("Maker", 1, 3), ("Buyer", None, 6), ("Pharmacy", 7, None)),
        ]

    def test_is_what_was_received_and_never_shipped(self) -> None:
        """
        A receipt takes it from whoever had it, and says so.
        """
        received = handled(5, RECEIVE, "store", "o=Maker", "o=Buyer")

        found = fold([MADE, received, handled(9, RECEIVE, "shop", "", "o=Pharmacy")])

        assert gaps(found) == [
            (Gap.RECEIVED_NEVER_SHIPPED, 5, "Maker", "Buyer"),
            (Gap.RECEIVED_NEVER_SHIPPED, 9, "Buyer", "Pharmacy"),
        ]
        assert spans(found.possessors) == [
            *(("Maker", 1, 5), ("Buyer", 5, 9), ("Pharmacy", 9, None)),
        ]

    def test_is_what_another_received(self) -> None:
        """
        What was sent to one and received by another is with the other.
        """
        found = fold([MADE, SENT, handled(5, RECEIVE, "shop", "", "o=Pharmacy")])

        assert gaps(found) == [(Gap.RECEIVED_BY_ANOTHER, 5, "Buyer", "Pharmacy")]
        assert spans(found.possessors)[-1] == ("Pharmacy", 5, None)


class TestAnOverlap:
    def test_is_what_the_sender_has_still(self) -> None:
        """
        What was received, and is then seen where its sender has his goods, two have at once.
        """
        found = fold([MADE, SENT, handled(5, RECEIVE, "store"), handled(6, None, "plant")])

        assert gaps(found) == [(Gap.TWO_HOLDERS, 6, "Maker", "Buyer")]

    def test_is_seen_by_where_it_was_before_anybody_said_whose_it_is(self) -> None:
        """
        Where a thing was before its first shipping is a place of whoever shipped it.
        """
        before = [MADE, handled(2, PACK, "line"), SENT]

        found = fold([*before, handled(5, RECEIVE, "store"), handled(6, None, "line")])

        assert gaps(found) == [(Gap.TWO_HOLDERS, 6, "Maker", "Buyer")]

    def test_is_what_is_shipped_by_one_who_does_not_have_it(self) -> None:
        """
        A shipment by a third, while the second has it, is named.
        """
        sold = handled(7, SHIP, "shop", "o=Pharmacy", "o=Patient")

        found = fold([MADE, SENT, handled(5, RECEIVE, "store"), sold])

        assert (Gap.TWO_HOLDERS, 7, "Buyer", "Pharmacy") in gaps(found)

    def test_is_none_where_the_receiver_says_his_name_later(self) -> None:
        """
        Who received it, and said only where, is who ships it from there.
        """
        received = handled(5, RECEIVE, "store")

        found = fold([MADE, received, handled(7, SHIP, "store", "o=Buyer", "o=Pharmacy")])

        assert spans(found.possessors) == [("Buyer", 5, 7)]
        assert gaps(found) == [
            (Gap.RECEIVED_NEVER_SHIPPED, 5, None, "store"),
            (Gap.SHIPPED_NEVER_RECEIVED, 7, "Buyer", "Pharmacy"),
        ]

    def test_is_none_where_a_receipt_is_told_again_with_a_name(self) -> None:
        """
        The pallet's receipt says where, the case's who: it was received once.
        """
        received = [handled(5, RECEIVE, "store"), handled(6, RECEIVE, "store", "", "o=Buyer")]

        found = fold([MADE, *received])

        assert spans(found.possessors) == [("Buyer", 5, None)]
        assert gaps(found) == [(Gap.RECEIVED_NEVER_SHIPPED, 5, None, "store")]

    def test_is_what_is_shipped_from_elsewhere_than_it_was_received(self) -> None:
        """
        Who ships from another place than that where somebody without a name has it, is another.
        """
        received = handled(5, RECEIVE, "store")

        found = fold([MADE, received, handled(7, SHIP, "shop", "o=Pharmacy", "o=Patient")])

        assert (Gap.TWO_HOLDERS, 7, "store", "Pharmacy") in gaps(found)

    def test_is_none_when_it_was_not_shipped_after_all(self) -> None:
        """
        Who takes back a shipping by which he said his name has it, by that name.
        """
        sent = handled(7, SHIP, "store", "o=Buyer", "o=Pharmacy")
        back = handled(8, Step.VOID_SHIP, "store")

        found = fold([MADE, handled(5, RECEIVE, "store"), sent, back])

        assert spans(found.possessors) == [("Buyer", 5, None)]
        assert Gap.TWO_HOLDERS not in [gap for gap, *_ in gaps(found)]

    def test_is_none_when_it_was_sent_back(self) -> None:
        """
        A return is a transfer like any other.
        """
        back = [
            handled(6, SHIP, "store", "o=Buyer", "o=Maker"),
            handled(7, RECEIVE, "plant"),
            handled(8, None, "plant"),
        ]

        found = fold([MADE, SENT, handled(5, RECEIVE, "store"), *back])

        assert gaps(found) == []
        assert [who for who, _, _ in spans(found.possessors)] == ["Maker", "Buyer", "Maker"]


def test_nothing_is_made_up() -> None:
    """
    Of what nobody shipped or received only the places are known.
    """
    found = fold([MADE, handled(2, PACK, "line")])

    assert (found.owners, found.possessors, found.findings) == ((), (), ())
    assert spans(found.places) == [("plant", 1, 2), ("line", 2, None)]
