"""SimpleMasterDataQuery: each of its parameters, what is refused, and all against an oracle."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from epcis_repo.errors import QueryParameterError, QueryTooComplexError, QueryTooLargeError
from epcis_repo.model.documents import Vocabulary, VocabularyElement
from epcis_repo.operations.master_data import master_data_answer
from epcis_repo.query import vocabularies
from epcis_repo.query.master_data import parse_master_data_query
from epcis_repo.store import EventStore
from tests.conformance.rows import holds
from tests.conftest import FreshStores
from tests.operations.reports import NOW
from tests.operations.sayings import (
    CLASS,
    HALL,
    LOCATION,
    MDA,
    OFFICE,
    PLANT,
    PRODUCT,
    SHELF,
    VALUE,
    element,
    places,
    product,
    say,
    saying,
)
from tests.own_parts import postgres_url as postgres_url
from tests.query.master_data_oracle import Elements, answer, link, said

BOTH = {"includeAttributes": True, "includeChildren": True}
PARTY = "urn:epcglobal:epcis:vtype:Party"


async def found(store: EventStore, **query: Any) -> Elements:
    """What a query finds, in the words of the oracle."""
    parsed = parse_master_data_query({**BOTH, **query})
    document = await master_data_answer(store, parsed, now=NOW)
    assert document.query_results is not None
    return [
        (
            vocabulary.type,
            link(item.id),
            sorted(said(item)),
            sorted({link(child) for child in item.children or ()}),
        )
        for vocabulary in document.query_results.vocabularies or ()
        for item in vocabulary.elements
    ]


async def names(store: EventStore, **query: Any) -> list[str]:
    """The identifiers of what a query finds, in the order of the answer."""
    return [name for _, name, _, _ in await found(store, **query)]


def links(*identifiers: str) -> list[str]:
    return [link(text) for text in identifiers]


@pytest.fixture
async def known(store: EventStore) -> EventStore:
    """A store that knows a product, and a plant with a hall with a shelf, and an office."""
    document = saying(
        product(),
        places(
            element(PLANT, HALL, name="Plant", city="Basel"),
            element(HALL, SHELF, name="Hall"),
            element(SHELF, name="Shelf"),
            element(OFFICE, name="Office", city="Bern"),
        ),
        places(element(PLANT, name="Plant Ltd"), kind=PARTY),
    )
    await say(store, document)
    return store


class TestParameters:
    @holds("M19")
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            pytest.param({}, [PRODUCT, PLANT, HALL, SHELF, OFFICE, PLANT], id="nothing asked"),
            pytest.param({"vocabularyName": [CLASS]}, [PRODUCT], id="vocabularyName"),
            pytest.param(
                {"vocabularyName": [CLASS, PARTY]}, [PRODUCT, PLANT], id="vocabularyName, two"
            ),
            pytest.param({"EQ_name": [PLANT]}, [PLANT, PLANT], id="EQ_name"),
            pytest.param(
                {"EQ_name": [link(OFFICE), PRODUCT]}, [PRODUCT, OFFICE], id="EQ_name, as a link"
            ),
            pytest.param({"WD_name": [HALL]}, [HALL, SHELF], id="WD_name"),
            pytest.param(
                {"WD_name": [PLANT], "EQ_name": [SHELF, OFFICE]}, [SHELF], id="WD_name and EQ_name"
            ),
            pytest.param({"HASATTR": [f"{MDA}city"]}, [PLANT, OFFICE], id="HASATTR"),
            pytest.param(
                {"HASATTR": ["urn:epcglobal:cbv:mda:city"]}, [PLANT, OFFICE], id="HASATTR, colon"
            ),
            pytest.param({f"EQATTR_{MDA}city": ["Bern", "Rome"]}, [OFFICE], id="EQATTR"),
            pytest.param({f"EQATTR_{MDA}city": ["bern"]}, [], id="EQATTR, another case"),
            pytest.param(
                {f"EQATTR_{MDA}city": ["Basel"], f"EQATTR_{MDA}name": ["Hall"]}, [], id="two EQATTR"
            ),
            pytest.param({"vocabularyName": []}, None, id="an empty list"),
            pytest.param({"EQ_name": ""}, None, id="an empty text"),
            pytest.param({"maxElementCount": 6}, None, id="maxElementCount"),
        ],
    )
    async def test_find(
        self, known: EventStore, query: dict[str, Any], expected: list[str] | None
    ) -> None:
        """
        Each parameter finds what the standard says, and one without a value is as good as none.
        """
        everything = [PRODUCT, PLANT, HALL, SHELF, OFFICE, PLANT]
        wanted = everything if expected is None else expected

        assert sorted(await names(known, **query)) == sorted(links(*wanted))

    async def test_answer_in_one_order(self, known: EventStore) -> None:
        """
        Vocabularies come in order of their types, and what is in them in order of the keys,
        whenever it was said.
        """
        earlier = "urn:epc:idpat:sgtin:0300010.012344.*"
        await say(known, saying(product("Other", earlier), hour=2))

        answered = [(kind, name) for kind, name, _, _ in await found(known)]

        assert answered == sorted(answered)
        assert links(earlier, PRODUCT) == [name for kind, name in answered if kind == CLASS]

    @holds("M19")
    async def test_say_which_attributes_are_answered(self, known: EventStore) -> None:
        """
        attributeNames takes away attributes, and no elements.
        """
        answered = await found(known, EQ_name=[PLANT, HALL], attributeNames=[f"{MDA}city"])

        attributes = {(kind, name): said for kind, name, said, _ in answered}
        assert attributes == {
            (LOCATION, link(PLANT)): [(f"{MDA}city", "Basel")],
            (LOCATION, link(HALL)): [],
            (PARTY, link(PLANT)): [],
        }

    @holds("M19", "M46")
    async def test_leave_attributes_away(self, known: EventStore) -> None:
        """
        Without includeAttributes there are none, whatever attributeNames says; they are asked
        for all the same.
        """
        [(_, name, attributes, children)] = await found(
            known,
            includeAttributes=False,
            attributeNames=[f"{MDA}city"],
            HASATTR=[f"{MDA}city"],
            WD_name=[PLANT],
        )

        assert (name, attributes, children) == (link(PLANT), [], links(HALL))

    @holds("M19")
    async def test_leave_children_away(self, known: EventStore) -> None:
        """
        Without includeChildren there are none, and the attributes stay.
        """
        [(_, _, attributes, children)] = await found(known, includeChildren=False, EQ_name=[HALL])

        assert (attributes, children) == ([(f"{MDA}name", "Hall")], [])

    @holds("M19", "M47")
    async def test_limit_the_answer(self, known: EventStore) -> None:
        """
        More elements than maxElementCount are no answer, and exactly as many are one.
        """
        assert len(await found(known, maxElementCount=6)) == 6

        with pytest.raises(
            QueryTooLargeError, match=r"^6 elements .* more than 5, .*maxElementCount"
        ):
            await found(known, maxElementCount=5)


class TestRefusals:
    @pytest.mark.parametrize(
        ("query", "words"),
        [
            pytest.param({"EQ_nmae": ["x"]}, "such as EQ_name", id="unknown"),
            pytest.param({"EQ_action": ["ADD"]}, "SimpleMasterDataQuery", id="of events"),
            pytest.param({"EQATTR_": ["x"]}, "SimpleMasterDataQuery", id="no attribute"),
            pytest.param({"includeAttributes": "yes"}, "true or false", id="no boolean"),
            pytest.param({"includeAttributes": ""}, "has to say it", id="required and empty"),
            pytest.param({"includeChildren": None}, "true or false", id="required and void"),
            pytest.param({"vocabularyName": [5]}, "URIs", id="numbers"),
            pytest.param({"maxElementCount": -1}, "from 0", id="negative"),
            pytest.param({"maxElementCount": ["1"]}, "from 0", id="a list"),
            pytest.param({"HASATTR": [""]}, "names of attributes", id="an empty name"),
        ],
    )
    def test_name_the_parameter(self, query: dict[str, Any], words: str) -> None:
        """
        What is unknown, ill-typed or missing is refused by name.
        """
        with pytest.raises(QueryParameterError, match=words) as refused:
            parse_master_data_query({**BOTH, **query})

        assert refused.value.parameter == next(iter(query))

    @holds("M24")
    @pytest.mark.parametrize("name", BOTH)
    def test_ask_for_what_is_required(self, name: str) -> None:
        """
        A query has to say whether it wants attributes and children.
        """
        with pytest.raises(QueryParameterError) as refused:
            parse_master_data_query({other: True for other in BOTH if other != name})

        assert refused.value.parameter == name

    async def test_have_a_limit_of_their_own(
        self, known: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A query that limits nothing is answered as far as one answer goes.
        """
        monkeypatch.setattr(vocabularies, "_ANSWERED_MAX", 5)

        with pytest.raises(QueryTooLargeError, match="answered at once"):
            await found(known)
        assert len(await found(known, vocabularyName=[LOCATION])) == 4

    async def test_end_the_search_for_everything(
        self, known: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Where too much was said to look at all of it, what is named is answered still.
        """
        monkeypatch.setattr(vocabularies, "_LOOKED_AT_MAX", 5)

        with pytest.raises(QueryTooComplexError, match="EQ_name"):
            await found(known)
        assert await names(known, EQ_name=[OFFICE]) == links(OFFICE)


# --- against the oracle ---

IDS = [PLANT, HALL, SHELF, OFFICE, PRODUCT, link(PLANT), link(PRODUCT), "urn:ex:place"]
ATTRIBUTES = [f"{MDA}name", f"{MDA}city", "urn:ex:attributes#city"]
TEXTS = ["Basel", "Bern", "3.5", ""]
KINDS = [LOCATION, CLASS]
SPELLINGS = [*ATTRIBUTES, "urn:epcglobal:cbv:mda:city"]


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3)


@st.composite
def elements(draw: st.DrawFn) -> VocabularyElement:
    attributes = draw(
        st.dictionaries(st.sampled_from(ATTRIBUTES), st.sampled_from([*TEXTS, VALUE]), max_size=3)
    )
    return VocabularyElement(
        id=draw(st.sampled_from(IDS)),
        attributes=tuple(attributes.items()),
        children=tuple(draw(some(IDS))) or None,
    )


@st.composite
def documents(draw: st.DrawFn) -> tuple[Vocabulary, ...]:
    def name(item: VocabularyElement) -> str:
        return link(item.id)

    return tuple(
        Vocabulary(type=kind, elements=tuple(items))
        for kind in KINDS
        if (items := draw(st.lists(elements(), max_size=4, unique_by=name)))
    )


QUERIES = st.fixed_dictionaries(
    {"includeAttributes": st.booleans(), "includeChildren": st.booleans()},
    optional={
        "vocabularyName": some(KINDS),
        "attributeNames": some(SPELLINGS),
        "EQ_name": some(IDS),
        "WD_name": some(IDS),
        "HASATTR": some(SPELLINGS),
        **{f"EQATTR_{name}": some(TEXTS[:3]) for name in SPELLINGS},
    },
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(documents(), min_size=1, max_size=3), st.lists(QUERIES, min_size=8, max_size=8))
async def test_finds_what_the_oracle_finds(
    fresh_store: FreshStores,
    spoken: list[tuple[Vocabulary, ...]],
    queries: list[dict[str, Any]],
) -> None:
    """
    Of whatever a sender has said, any query finds what the slow evaluation finds.
    """
    async with fresh_store() as store:
        for hour, vocabularies_said in enumerate(spoken, 1):
            await say(store, saying(*vocabularies_said, hour=hour))
        for query in queries:
            assert sorted(await found(store, **query)) == answer(spoken, query), query
