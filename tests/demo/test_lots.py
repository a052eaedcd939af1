"""Documents to measure with: one lot, or one event."""

import pytest

from epcis_repo.bindings import RENDERERS
from epcis_repo.demo import DemoDocument, generate_lot, generate_small_documents
from epcis_repo.model import AggregationEvent, ObjectEvent
from tests.demo import oracle


class TestLot:
    @pytest.mark.parametrize("units", [1, 24, 25, 5000])
    def test_is_packed_and_shipped(self, units: int) -> None:
        """
        Every unit is commissioned, in a case on a pallet, and on its way.
        """
        document = generate_lot(seed=3, units=units, cases_per_pallet=10)

        things = oracle.fold([DemoDocument("lot", "", "", document)])

        found = [thing for epc, thing in things.items() if ":sgtin:0399991.0" in epc]
        assert len(found) == units
        assert {thing.status for thing in found} == {"in transit"}
        for thing in found:
            assert thing.parent is not None
            assert ":sscc:" in (things[thing.parent].parent or "")

    def test_is_commissioned_in_events_of_a_size(self) -> None:
        """
        Units are commissioned in one event, or in several of the size asked for.
        """

        def sizes(epcs_per_event: int | None) -> list[int]:
            document = generate_lot(seed=3, units=2500, epcs_per_event=epcs_per_event)
            return [
                len(event.epc_list or ())
                for event in document.events or ()
                if isinstance(event, ObjectEvent) and ":sgtin:0399991.0" in str(event.epc_list)
            ]

        assert sizes(None) == [2500]
        assert sizes(1000) == [1000, 1000, 500]

    def test_has_cases_and_pallets_of_a_size(self) -> None:
        """
        Cases and pallets hold what was asked for, the last of each what is left.
        """
        document = generate_lot(seed=3, units=250, units_per_case=48, cases_per_pallet=4)

        sizes = [
            len(event.child_epcs or ())
            for event in document.events or ()
            if isinstance(event, AggregationEvent)
        ]

        assert sizes == [48, 48, 48, 48, 48, 10, 4, 2]

    def test_is_the_same_for_the_same_seed(self) -> None:
        """
        One seed, one lot; another seed, another lot.
        """
        first, again, other = (
            RENDERERS["json-ld"](generate_lot(seed=seed, units=100)) for seed in (1, 1, 2)
        )

        assert first == again
        assert first != other

    def test_has_at_least_a_unit(self) -> None:
        """
        A lot of nothing is refused.
        """
        with pytest.raises(ValueError, match="at least one unit"):
            generate_lot(seed=1, units=0)


class TestSmallDocuments:
    def test_have_one_event_each(self) -> None:
        """
        As many documents as asked for, of one event with one unit, which is sound.
        """
        documents = list(generate_small_documents(seed=1, count=10))

        assert [len(document.events or ()) for document in documents] == [1] * 10
        things = oracle.fold(DemoDocument(str(n), "", "", d) for n, d in enumerate(documents))
        assert [thing.status for thing in things.values()] == [
            "dispensed",
            "dispensed",
            "in transit",
        ]

    @pytest.mark.parametrize("name", RENDERERS)
    def test_have_every_form(self, name: str) -> None:
        """
        A small document can be rendered in every format.
        """
        for document in generate_small_documents(seed=1, count=4):
            assert RENDERERS[name](document)
