"""What documents say of products, places and parties: recorded where it is news, and answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.bindings import RENDERERS
from epcis_repo.errors import NotFoundError, ScanError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.model.documents import QueryResults, VocabularyElement
from epcis_repo.operations import capture as capture_module
from epcis_repo.operations import chunks, preparing
from epcis_repo.operations.capture import capture
from epcis_repo.operations.master_data import master_data
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.projections import rebuild
from epcis_repo.store import EventStore
from tests.conftest import FreshStores
from tests.operations.reports import HOUR, NOW, PACK, at, commissioned, named, shipped
from tests.operations.sayings import (
    CLASS,
    DEALER,
    HALL,
    MAKER,
    MDA,
    MEDIA_TYPES,
    OFFICE,
    PLANT,
    PRODUCT,
    SHELF,
    element,
    known_of,
    names_in,
    places,
    product,
    say,
    saying,
    sayings,
)

FORMS = list(MEDIA_TYPES)


class TestCapture:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize(
        "events", [(), (commissioned(1, PACK),)], ids=["alone", "beside events"]
    )
    async def test_records_what_a_header_says(
        self, store: EventStore, form: str, events: tuple[Any, ...]
    ) -> None:
        """
        Each element of each vocabulary is an event of the log, in every format, whether or not
        the document has events.
        """
        receipt = await say(
            store, saying(product(), places(element(PLANT, name="Plant")), events=events), form=form
        )

        assert (receipt.recorded, receipt.statements) == (len(events), 2)
        assert names_in(await known_of(store, PRODUCT)) == ["Examplol"]
        assert names_in(await known_of(store, PLANT)) == ["Plant"]

    async def test_records_nothing_of_what_is_refused(self, store: EventStore) -> None:
        """
        A document that is refused for an event brings no master data either.
        """
        await say(store, saying(product(), events=(named("urn:x:1", commissioned(1, PACK)),)))
        contradiction = named("urn:x:1", shipped(2, PACK))

        with pytest.raises(Exception, match="urn:x:1"):
            await say(store, saying(product("Other"), hour=2, events=(contradiction,)))

        assert len(await sayings(store)) == 1

    async def test_that_proceeds_records_it(self, store: EventStore) -> None:
        """
        Where some events cannot be recorded and the others are, the master data is, too.
        """
        body = RENDERERS["json-ld"](saying(product(), events=(commissioned(1, PACK),)))
        body = body.replace(b'"eventList":[', b'"eventList":[{"type":"Nothing"},')

        receipt = await capture(
            store,
            body,
            "application/json",
            now=NOW,
            capture_error_behaviour=CaptureErrorBehaviour.PROCEED,
        )

        assert (receipt.recorded, receipt.failed, receipt.statements) == (1, 1, 1)
        assert len(await sayings(store)) == 1

    async def test_is_in_the_tree_with_its_document(self, store: EventStore) -> None:
        """
        Statements are leaves of the tree like events, with the digest of the document that
        brought them, and the check of the log finds all of it as it should be.
        """
        documents = [
            saying(product(), events=(commissioned(1, PACK),)),
            saying(product(), places(element(PLANT, name="Plant")), hour=2),
        ]
        receipts = [await say(store, document) for document in documents]

        async with store.reading() as session:
            rows = await session.fetch(
                "SELECT l.document FROM leaf l JOIN events e"
                " ON e.part = l.part AND e.position = l.position"
                " WHERE l.part = $1 AND e.type = 'MasterDataReceived' ORDER BY l.position",
                session.part,
            )
        assert [digest.hex() for (digest,) in rows] == [receipt.document for receipt in receipts]
        assert (await check_integrity(store, None)).altered == 0

    async def test_of_a_query_for_master_data(self, store: EventStore) -> None:
        """
        What another repository answered to a query for master data is said by whoever sends it.
        """
        results = QueryResults(query_name="SimpleMasterDataQuery", vocabularies=(product(),))

        asked = saying(vocabularies=None, events=None, query_results=results, sender=None)
        await say(store, asked, form="xml-2.0")

        assert names_in(await known_of(store, PRODUCT)) == ["Examplol"]

    async def test_keeps_ilmd_with_its_events(self, store: EventStore) -> None:
        """
        A lot and an expiry are of an event, and no master data of a header.
        """
        await say(store, saying(vocabularies=None, events=(commissioned(1, PACK),)))

        assert await sayings(store) == []


class TestLongDocument:
    @pytest.fixture(autouse=True)
    def _short_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(preparing, "READ_WHOLE_MAX", 100)
        monkeypatch.setattr(chunks, "LONG_SIZE", 100)
        monkeypatch.setattr(chunks, "CHUNK_LENGTH", 3)
        monkeypatch.setattr(capture_module, "CHUNK_LENGTH", 2)

    @pytest.mark.parametrize("form", FORMS)
    async def test_says_what_a_short_one_does(self, store: EventStore, form: str) -> None:
        """
        Read in pieces and recorded in chunks, the header is taken in as a whole.
        """
        events = tuple(commissioned(hour, f"{PACK}{hour}") for hour in range(8))
        sites = (element(f"urn:epc:id:sgln:0300010.0000{n}.0", name=f"{n}") for n in range(5))

        receipt = await say(store, saying(product(), places(*sites), events=events), form=form)

        assert (receipt.recorded, receipt.statements) == (8, 6)
        assert names_in(await known_of(store, "urn:epc:id:sgln:0300010.00003.0")) == ["3"]
        assert (await check_integrity(store, None)).altered == 0

    async def test_may_have_its_header_last(self, store: EventStore) -> None:
        """
        In JSON nobody says that the header comes first.
        """
        body = RENDERERS["json-ld"](saying(product(), events=(commissioned(1, PACK),) * 3))
        begin = body.index(b'"epcisHeader"')
        end = body.index(b'"epcisBody"')
        header, rest = body[begin:end].rstrip(b","), body[:begin] + body[end:]
        last = rest[: rest.rindex(b"}")] + b"," + header + b"}"

        receipt = await capture(store, last, "application/json", now=NOW)

        assert receipt.statements == 1


class TestNews:
    async def test_is_not_what_comes_again(self, store: EventStore) -> None:
        """
        The same document, and another with the same master data, add no statement.
        """
        for note in ("urn:x:a", "urn:x:a", "urn:x:b"):
            await say(store, saying(product(), note=note))
        await say(store, saying(product(), hour=5, events=(commissioned(1, PACK),)))

        assert len(await sayings(store)) == 1

    @pytest.mark.parametrize("again", FORMS)
    @pytest.mark.parametrize("first", FORMS)
    async def test_is_not_the_same_in_another_format(
        self, store: EventStore, first: str, again: str
    ) -> None:
        """
        A partner who changes from XML to JSON-LD repeats himself.
        """
        document = saying(product(), places(element(PLANT, HALL, SHELF, name="Plant")))
        await say(store, document, form=first)

        receipt = await say(store, replace(document, id="urn:x:again"), form=again)

        assert receipt.statements == 0

    async def test_is_not_what_another_sender_says_too(self, store: EventStore) -> None:
        """
        Who agrees with what is in force adds nothing to it.
        """
        await say(store, saying(product()))

        receipt = await say(store, saying(product(), hour=2, sender=DEALER))

        assert receipt.statements == 0

    async def test_comes_once_of_two_who_contradict_each_other(self, store: EventStore) -> None:
        """
        However often two senders say different things, the log has each of them once.
        """
        for hour in range(10):
            await say(store, saying(product("EXAMPLOL"), hour=hour, sender=DEALER))
            await say(store, saying(product("Examplol"), hour=hour + 0.5))

        assert len(await sayings(store)) == 2
        assert names_in(await known_of(store, PRODUCT)) == ["Examplol"]

    async def test_is_what_was_true_before_and_is_again(self, store: EventStore) -> None:
        """
        An address that is changed and changed back has three statements.
        """
        for hour, name in enumerate(["Old", "New", "Old"]):
            await say(store, saying(product(name), hour=hour))

        assert len(await sayings(store)) == 3
        assert names_in(await known_of(store, PRODUCT)) == ["Old"]

    async def test_is_found_among_documents_that_come_together(self, store: EventStore) -> None:
        """
        Of those that are written in one transaction, each is compared with those before it.
        """
        documents = [
            saying(product(name), hour=hour, note=f"urn:x:{hour}")
            for hour, name in enumerate(["A", "A", "B", "B", "A"])
        ]

        await asyncio.gather(*(say(store, document) for document in documents))

        assert names_in(await known_of(store, PRODUCT, as_of=at(1.5))) == ["A"]
        assert names_in(await known_of(store, PRODUCT, as_of=at(3.5))) == ["B"]
        assert names_in(await known_of(store, PRODUCT)) == ["A"]
        assert len(await sayings(store)) == 3

    async def test_of_two_who_come_together_is_that_of_each(self, store: EventStore) -> None:
        """
        Also within one transaction each of them repeats himself.
        """
        documents = [
            saying(product(name), hour=hour, sender=sender, note=f"urn:x:{name}:{hour}")
            for hour in range(4)
            for name, sender in (("EXAMPLOL", DEALER), ("Examplol", MAKER))
        ]

        await asyncio.gather(*(say(store, document) for document in documents))

        assert len(await sayings(store)) == 2

    @pytest.mark.parametrize(
        ("late", "count"),
        [
            pytest.param("Old", 2, id="what was in force then"),
            pytest.param("New", 3, id="what was said later"),
            pytest.param("Other", 3, id="something else"),
        ],
    )
    async def test_is_told_as_of_then(self, store: EventStore, late: str, count: int) -> None:
        """
        A document that comes late is compared with what was said before it was made.
        """
        await say(store, saying(product("Old"), hour=1))
        await say(store, saying(product("New"), hour=5))

        await say(store, saying(product(late), hour=3))

        assert len(await sayings(store)) == count
        assert names_in(await known_of(store, PRODUCT, as_of=at(4))) == [late]

    async def test_is_of_one_vocabulary(self, store: EventStore) -> None:
        """
        What is said of a place as a read point says nothing of it as a business location.
        """
        kinds = [f"urn:epcglobal:epcis:vtype:{kind}" for kind in ("ReadPoint", "BusinessLocation")]

        await say(store, saying(*(places(element(PLANT, name=kind), kind=kind) for kind in kinds)))

        assert names_in(await known_of(store, PLANT)) == kinds

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(
        names=st.lists(st.sampled_from("ABC"), min_size=1, max_size=8),
        together=st.integers(1, 4),
    )
    async def test_is_every_change_of_what_a_sender_says(
        self, fresh_store: FreshStores, names: list[str], together: int
    ) -> None:
        """
        Whatever a sender says one after the other, the log has each change, and the answer as of
        any moment is what he said last by then.
        """
        async with fresh_store() as store:
            for first in range(0, len(names), together):
                some = list(enumerate(names))[first : first + together]
                await asyncio.gather(
                    *(
                        say(store, saying(product(name), hour=hour, note=f"urn:x:{hour}"))
                        for hour, name in some
                    )
                )

            changes = 1 + sum(one != other for one, other in pairwise(names))
            assert len(await sayings(store)) == changes
            for hour, name in enumerate(names):
                assert names_in(await known_of(store, PRODUCT, as_of=at(hour + 0.5))) == [name]


class TestTwoClocks:
    async def test_answer_as_of_a_moment(self, store: EventStore) -> None:
        """
        What was said later does not count, and what is not in force any more can be read.
        """
        await say(store, saying(product("Old"), hour=1))
        await say(store, saying(product("New"), hour=5))

        assert names_in(await known_of(store, PRODUCT, as_of=at(3))) == ["Old"]
        now = await known_of(store, PRODUCT)
        assert names_in(now) == ["New"]
        assert [item.statement.attributes[0][1] for item in now.earlier] == ["Old"]

    async def test_put_what_arrives_late_where_it_belongs(self, store: EventStore) -> None:
        """
        A document that was made earlier and comes later changes nothing that was said since.
        """
        await say(store, saying(product("New"), hour=5))

        await say(store, saying(product("Old"), hour=1))

        assert names_in(await known_of(store, PRODUCT)) == ["New"]
        assert names_in(await known_of(store, PRODUCT, as_of=at(2))) == ["Old"]

    async def test_answer_with_what_was_known(self, store: EventStore) -> None:
        """
        What came in afterwards was not known then, whenever it was made.
        """
        await say(store, saying(product("Old"), hour=1))
        later = RENDERERS["json-ld"](saying(product("Corrected"), hour=2))
        await capture(store, later, "application/json", now=NOW + 1_000_000)

        assert names_in(await known_of(store, PRODUCT, known_at=NOW)) == ["Old"]
        assert names_in(await known_of(store, PRODUCT)) == ["Corrected"]

    async def test_let_nobody_speak_for_the_future(self, store: EventStore) -> None:
        """
        Who dates a document years ahead is not believed longer than until the next is made.
        """
        today = (NOW - at(0)) / HOUR
        await say(store, saying(product("Wrong clock"), hour=today + 50_000))

        after = RENDERERS["json-ld"](saying(product("Right"), hour=today + 1))
        await capture(store, after, "application/json", now=NOW + 2 * HOUR)

        assert names_in(await known_of(store, PRODUCT)) == ["Right"]


class TestIdentifiers:
    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param("urn:epc:idpat:sgtin:0300010.012345.*", id="pattern"),
            pytest.param("https://id.gs1.org/01/00300010123455", id="Digital Link"),
            pytest.param("(01)00300010123455", id="element string"),
            pytest.param("00300010123455", id="GTIN-14"),
            pytest.param("300010123455", id="GTIN-12"),
            pytest.param("urn:epc:id:sgtin:0300010.012345.A1", id="a thing of the class"),
            pytest.param("(01)00300010123455(21)A1", id="a scan of it"),
            pytest.param("urn:epc:class:lgtin:0300010.012345.L1", id="a lot of it"),
        ],
    )
    async def test_of_a_product_in_any_spelling(self, store: EventStore, asked: str) -> None:
        """
        What is said of a class is found by all that names it or a thing or a lot of it.
        """
        await say(store, saying(product()))

        assert names_in(await known_of(store, asked)) == ["Examplol"]

    @pytest.mark.parametrize(
        "asked",
        [
            pytest.param("urn:epc:id:sgln:0300010.00001.0", id="SGLN"),
            pytest.param("https://id.gs1.org/414/0300010000015", id="Digital Link"),
            pytest.param("(414)0300010000015", id="element string"),
            pytest.param("0300010000015", id="GLN"),
            pytest.param("urn:epc:id:pgln:0300010.00001", id="PGLN"),
        ],
    )
    async def test_of_a_place_in_any_spelling(self, store: EventStore, asked: str) -> None:
        """
        A place is found by its GLN, however that is written, and so is the party that has it.
        """
        await say(store, saying(places(element(PLANT, name="Plant"))))

        assert names_in(await known_of(store, asked)) == ["Plant"]

    async def test_of_a_thing_come_before_those_of_its_class(self, store: EventStore) -> None:
        """
        Both are told, the nearer first.
        """
        one = product("This one", "urn:epc:id:sgtin:0300010.012345.A1")
        await say(store, saying(product("All of them"), one))

        known = await known_of(store, "urn:epc:id:sgtin:0300010.012345.A1")

        assert names_in(known) == ["This one", "All of them"]

    async def test_may_be_of_a_kind_that_nobody_knows(self, store: EventStore) -> None:
        """
        What is no identifier is found by its text, of any length.
        """
        for identifier in ("https://example.com/sites/7", "Hall 7", "x" * 5_000):
            await say(store, saying(places(element(identifier, name=identifier))))

            assert names_in(await known_of(store, identifier)) == [identifier]

    @pytest.mark.parametrize(
        ("asked", "error"),
        [
            pytest.param("urn:epc:id:sgln:0300010.00007.0", NotFoundError, id="not known"),
            pytest.param("0300010000015", NotFoundError, id="a GLN"),
            pytest.param("Hall 7", ScanError, id="no identifier"),
        ],
    )
    async def test_of_which_nothing_was_said(
        self, store: EventStore, asked: str, error: type[Exception]
    ) -> None:
        """
        Who asks for something else is told so, and what an identifier would be.
        """
        await say(store, saying(product()))

        with pytest.raises(error):
            await master_data(store, asked)

    async def test_of_which_nothing_was_said_by_then(self, store: EventStore) -> None:
        """
        Neither a moment before the first word nor one before we knew it has an answer.
        """
        await say(store, saying(product(), hour=2))

        for clocks in ({"as_of": at(1)}, {"known_at": NOW - 1}):
            with pytest.raises(NotFoundError, match="by then"):
                await known_of(store, PRODUCT, **clocks)


class TestHierarchy:
    async def test_goes_up_and_down(self, store: EventStore) -> None:
        """
        Children and parents are told at every level, also of what is known as a child alone.
        """
        await say(
            store,
            saying(
                places(
                    element(OFFICE, PLANT, name="Site"), element(PLANT, HALL), element(HALL, SHELF)
                )
            ),
        )

        top, bottom = await known_of(store, OFFICE), await known_of(store, SHELF)

        assert [tuple(item) for item in top.children] == [(PLANT, 1), (HALL, 2), (SHELF, 3)]
        assert [tuple(item) for item in bottom.parents] == [(HALL, 1), (PLANT, 2), (OFFICE, 3)]
        assert (top.parents, bottom.children, bottom.in_force) == ([], [], [])

    async def test_is_that_of_the_moment(self, store: EventStore) -> None:
        """
        What was moved to another place is part of the one before no longer.
        """
        await say(store, saying(places(element(PLANT, SHELF)), hour=1))
        await say(store, saying(places(element(PLANT, HALL), element(OFFICE, SHELF)), hour=5))

        before = await known_of(store, SHELF, as_of=at(3))
        now = await known_of(store, SHELF)

        assert [item.id for item in before.parents] == [PLANT]
        assert [item.id for item in now.parents] == [OFFICE]

    async def test_may_go_round(self, store: EventStore) -> None:
        """
        Whoever says that two places are within each other gets an answer all the same.
        """
        await say(store, saying(places(element(PLANT, HALL), element(HALL, PLANT))))

        known = await known_of(store, PLANT)

        assert [tuple(item) for item in known.children] == [(HALL, 1)]
        assert [tuple(item) for item in known.parents] == [(HALL, 1)]


class TestWhatIsSaid:
    async def test_without_a_value_is_not_said(self, store: EventStore) -> None:
        """
        An attribute that is empty, and a list of no children, are as if they were not there.
        """
        await say(
            store,
            saying(
                places(VocabularyElement(id=PLANT, attributes=((f"{MDA}city", ""),), children=()))
            ),
        )

        [item] = (await known_of(store, PLANT)).in_force
        assert (item.statement.attributes, item.statement.children) == ((), ())

    async def test_is_kept_as_it_came(self, store: EventStore) -> None:
        """
        Numbers keep their digits, and what has several values has them in order.
        """
        value = {"measurement": {"@measurementUnitCode": "KGM", "#text": "3.50"}}
        said = (("urn:x#weight", value), ("urn:x#alias", "b"), ("urn:x#alias", "a"))
        document = saying(places(VocabularyElement(id=PLANT, attributes=said)))
        body = RENDERERS["json-ld"](document).replace(b'"3.50"', b"3.50")

        await capture(store, body, "application/json", now=NOW)

        [item] = (await known_of(store, PLANT)).in_force
        assert [name for name, _ in item.statement.attributes] == [name for name, _ in said]
        assert str(item.statement.attributes[0][1]["measurement"]["#text"]) == "3.50"
        assert item.statement.said_by == "414/0300010000091"
        assert CLASS not in item.statement.vocabulary

    async def test_is_there_after_a_rebuild(self, store: EventStore) -> None:
        """
        It is read from the log itself, which a rebuild leaves alone.
        """
        await say(store, saying(product(), sender=MAKER, events=(commissioned(1, PACK),)))

        await rebuild(store)

        assert names_in(await known_of(store, PRODUCT)) == ["Examplol"]
        assert (await check_integrity(store, None)).altered == 0
