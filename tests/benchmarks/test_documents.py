"""What is sent: it has to be what the figures say it is."""

from __future__ import annotations

import pytest

from benchmarks.documents import (
    FORMATS,
    document_of,
    names_in,
    one_event_of,
    rendered,
    small_documents,
    things_in,
    units_in,
)
from benchmarks.look_ups import TODAY
from benchmarks.places import take
from benchmarks.raw import tag_rows
from epcis_repo.demo import generate_lot
from epcis_repo.gs1 import parse_identifier
from epcis_repo.model import Document
from epcis_repo.operations.contents import contents
from epcis_repo.store import EventStore
from epcis_repo.verification import verify

LOT = generate_lot(seed=1, units=100, epcs_per_event=30)

DOCUMENTS = [
    pytest.param(document_of(100, seed=1), id="many events"),
    pytest.param(one_event_of(100, seed=1), id="one event"),
    pytest.param(LOT, id="a lot"),
]


class TestDocuments:
    @pytest.mark.parametrize("events", [100, 1_000, 10_000])
    def test_have_as_many_events_as_they_are_called_by(self, events: int) -> None:
        """
        A document of so many events has exactly so many, and tells its lot's story to the end.
        """
        document = document_of(events, seed=1)

        sent = document.events or ()
        assert len(sent) == events
        assert sent[-1].biz_step == "shipping"
        assert 45 < names_in(document) / events < 50

    @pytest.mark.parametrize("document", DOCUMENTS)
    @pytest.mark.parametrize("name", FORMATS)
    async def test_name_as_many_things_as_their_capture_records(
        self, store: EventStore, document: Document, name: str
    ) -> None:
        """
        What is counted as EPC rows are the rows of the index of EPCs, in either format.
        """
        await take(store, rendered(document, name))

        assert len(await tag_rows(store)) == names_in(document)

    def test_of_a_lot_commission_its_units(self) -> None:
        """
        Serials are those of units: cases and pallets are no serials of a lot.
        """
        assert units_in(LOT) == 100
        assert units_in(one_event_of(70, seed=1)) == 70

    def test_from_other_seeds_have_nothing_in_common(self) -> None:
        """
        A log can be filled with one after the other, and each adds all that it names.
        """
        one, other = (things_in(document_of(100, seed=seed), 10_000, seed=1) for seed in (1, 2))

        assert len(one.products) == units_in(document_of(100, seed=1))
        assert not set(one.products) & set(other.products)
        assert not set(small_documents(8, seed=1)) & set(small_documents(8, seed=2))


class TestThings:
    async def test_are_in_the_log_that_is_asked(self, store: EventStore) -> None:
        """
        What is looked up is there: a product verifies, a case is full of units.
        """
        await take(store, rendered(LOT))

        things = things_in(LOT, 3, seed=1)

        assert (len(things.products), len(things.cases)) == (3, 3)
        for product in things.products:
            assert (await verify(store, product, today=TODAY)).verified
        for case in things.cases:
            found = await contents(store, parse_identifier(case))
            assert (len(found.levels), found.levels[0] in (24, 4)) == (1, True)
