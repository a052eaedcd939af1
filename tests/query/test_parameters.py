"""The grammar of queries, without a store."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.errors import QueryParameterError
from epcis_repo.query import PARAMETERS, parse_json_query, parse_query
from epcis_repo.query.paging import PER_PAGE_DEFAULT, PER_PAGE_MAX, Cursor, Order
from epcis_repo.query.values import Given, field_name, name_spellings

HOW = ["orderBy", "orderDirection", "eventCountLimit", "maxEventCount", "perPage", "nextPageToken"]
OF_FAMILIES = [
    "EQ_ex:a",
    "GT_INNER_ILMD_urn:x#a",
    "EXISTS_SENSORREPORT_https://example.com/a",
    "EQ_bizTransaction_po",
    "LE_value_CEL",
    "HASATTR_readPoint",
    "EQATTR_ex:a_b",
]


class TestParseQuery:
    def test_of_nothing_asks_for_everything(self) -> None:
        """
        Without parameters there are no predicates, in order of capture, a page of the usual size.
        """
        query = parse_query([])

        assert (query.predicates, query.order, query.cursor) == ((), Order(), Cursor())
        assert query.limits.per_page == PER_PAGE_DEFAULT

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([*PARAMETERS, *HOW, *OF_FAMILIES]) | st.text(),
                st.sampled_from(["1", "true", "2026-01-01T00:00:00Z", "urn:x:a|b"]) | st.text(),
            )
        )
    )
    def test_is_a_query_or_a_refusal(self, pairs: list[tuple[str, str]]) -> None:
        """
        Whatever comes in is a query, or is refused with the name of a parameter that came.
        """
        try:
            parse_query(pairs, prefixes={"ex": "urn:x:"})
        except QueryParameterError as error:
            assert error.parameter in dict(pairs)  # noqa: PT017 - most texts are refused, not all

    @given(
        st.dictionaries(
            st.sampled_from([*PARAMETERS, *HOW, *OF_FAMILIES]),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner),
                max_leaves=4,
            ),
        )
    )
    def test_of_json_is_a_query_or_a_refusal(self, query: dict[str, Any]) -> None:
        """
        Whatever is posted is a query, or is refused with the name of a parameter that it has.
        """
        try:
            parse_json_query({"@context": {"ex": "urn:x:"}, **query})
        except QueryParameterError as error:
            assert error.parameter in query  # noqa: PT017 - most values are refused, not all

    @pytest.mark.parametrize(
        ("asked", "expected"),
        [
            ("EQ_bizStpe=x", "EQ_bizStep"),
            ("GE_bizStep=x", "EQ_bizStep"),
            ("EQ_flavour=x", "SimpleEventQuery"),
            ("EQ_nobody:flavour=x", "a prefix that was declared"),
            ("EQ_#flavour=x", "namespace#name"),
            ("EQ_value_celsius=1", "SimpleEventQuery"),
            ("EQ_action=eat", "ADD, OBSERVE, DELETE"),
            ("EQ_action=ADD|", "ADD, OBSERVE, DELETE"),
            ("eventType=Surprise", "AggregationEvent"),
            ("GE_eventTime=2026-01-01T00:00:00", "with a zone"),
            ("LT_recordTime=now", "with a zone"),
            ("GE_ex:a=yesterday", "a number or a time with a zone"),
            ("GE_ex:a=2026-01-01T00:00:00", "a number or a time with a zone"),
            ("EXISTS_errorDeclaration=maybe", "true"),
            ("EQ_booleanValue=yes", "true or false"),
            ("EQ_hexBinaryValue=F7|some", "hexadecimal digits"),
            ("EQ_quantity=some", "a number"),
            ("GT_quantity=1|2", "a number"),
            ("GT_quantity=1e999", "a number"),
            ("EQ_percRank=NaN", "a number"),
            ("MATCH_anyEPC=foo", "an EPC"),
            ("MATCH_epcClass=urn:epc:class:lgtin:1", "a class"),
            ("EQATTR_ex:a_b_c=x", "one _ between"),
            ("orderBy=bizStep", "eventTime, recordTime"),
            ("orderDirection=UP", "ASC or DESC"),
            ("eventCountLimit=0", "from 1"),
            ("eventCountLimit=5", "with orderBy"),
            ("maxEventCount=-1", "from 0"),
            ("maxEventCount=x", "from 0"),
        ],
    )
    def test_says_what_was_expected(self, asked: str, expected: str) -> None:
        """
        What is unknown or ill-typed is refused with its name, and with what would have done.
        """
        name, _, text = asked.partition("=")

        with pytest.raises(QueryParameterError) as refusal:
            parse_query([(name, text)], prefixes={"ex": "urn:x:"})

        assert refusal.value.parameter == name
        assert expected in str(refusal.value)

    @pytest.mark.parametrize("name", ["EQ_action", "perPage", "orderBy", "EQ_urn:x#a"])
    def test_refuses_a_parameter_that_comes_twice(self, name: str) -> None:
        """
        The list of a parameter is one value, so a parameter comes once.
        """
        values = {"EQ_action": "ADD", "perPage": "5", "orderBy": "eventTime"}
        pair = (name, values.get(name, "x"))

        with pytest.raises(QueryParameterError, match="twice"):
            parse_query([pair, pair])

    @pytest.mark.parametrize("name", [*sorted(PARAMETERS), *HOW[:4], *OF_FAMILIES])
    def test_takes_an_empty_value_for_none(self, name: str) -> None:
        """
        A parameter with an empty value asks for nothing, but for what needs no value.
        """
        query = parse_query([(name, "")], prefixes={"ex": "urn:x:"})

        assert len(query.predicates) == name.startswith("EXISTS_")

    def test_limits_go_with_an_order(self) -> None:
        """
        The first so many are those of an order, and are not counted beforehand.
        """
        order = [("orderBy", "eventTime"), ("eventCountLimit", "5")]
        assert parse_query(order).limits.count == 5

        with pytest.raises(QueryParameterError, match="without maxEventCount"):
            parse_query([*order, ("maxEventCount", "5")])

    @pytest.mark.parametrize(
        ("asked", "is_descending"), [({}, True), ({"orderDirection": "ASC"}, False)]
    )
    def test_the_latest_come_first(self, asked: dict[str, str], is_descending: bool) -> None:
        """
        An order is from the latest to the first, unless it is said otherwise.
        """
        query = parse_query([("orderBy", "eventTime"), *asked.items()])

        assert query.order == Order("eventTime", is_descending)

    @pytest.mark.parametrize("text", ["a\x00", "a\ud800", "a\x1b[2J", "a||b", "|"])
    def test_refuses_what_no_database_takes(self, text: str) -> None:
        """
        Control characters, halves of surrogates and empty members are in no identifier.
        """
        with pytest.raises(QueryParameterError) as refusal:
            parse_query([("EQ_eventID", text)])

        assert refusal.value.parameter == "EQ_eventID"


class TestToken:
    def test_comes_back_as_the_cursor(self) -> None:
        """
        A token stands for the place that it was made of, in whatever order the parameters come.
        """
        first = parse_query([("EQ_action", "ADD|DELETE"), ("perPage", "5")])

        token = first.next_page_token(Cursor(123, -5, 200, 7))
        again = [("perPage", "5"), ("nextPageToken", token), ("EQ_action", "DELETE|ADD")]

        assert parse_query(again).cursor == Cursor(123, -5, 200, 7)

    @pytest.mark.parametrize(
        "numbers",
        [
            "-1.0.0.0",
            f"{'9' * 30}.0.0.0",
            "1.5",
            "",
            "x.0.0.0",
            "1_0.0.0.0",
            "1.0.-2.0",
            "1.0.0.0.0",
        ],
    )
    def test_refuses_a_forged_place(self, numbers: str) -> None:
        """
        A token with the right fingerprint and no place of a log is refused, too.
        """
        token = parse_query([]).next_page_token(Cursor(1))
        fingerprint = base64.urlsafe_b64decode(token).decode().rpartition(".")[2]
        forged = base64.urlsafe_b64encode(f"{numbers}.{fingerprint}".encode()).decode()

        with pytest.raises(QueryParameterError):
            parse_query([("nextPageToken", forged)])

    def test_is_of_one_query(self) -> None:
        """
        A token with other parameters than it was given with is refused.
        """
        token = parse_query([("EQ_action", "ADD")]).next_page_token(Cursor(1))

        for other in ([], [("EQ_action", "DELETE")], [("EQ_action", "ADD"), ("perPage", "5")]):
            with pytest.raises(QueryParameterError, match="nextPageToken"):
                parse_query([*other, ("nextPageToken", token)])

    def test_page_has_a_largest_size(self) -> None:
        """
        What asks for more in one page than anybody may gets the largest page.
        """
        asked = [("perPage", str(PER_PAGE_MAX + 1))]

        assert parse_query(asked).limits.per_page == PER_PAGE_MAX


class TestFieldName:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("ex:a", "{https://example.com/}a"),
            ("https://example.com/#a", "{https://example.com/}a"),
            ("https://example.com/a", "{https://example.com/}a"),
            ("https://example.com/a", "https://example.com/a"),
            ("urn:example:ns#a", "{urn:example:ns}a"),
            ("cbvmda:lotNumber", "{urn:epcglobal:cbv:mda}lotNumber"),
            ("urn:epcglobal:cbv:mda#lotNumber", "{urn:epcglobal:cbv:mda}lotNumber"),
            ("urn:epcglobal:cbv:mda:lotNumber", "{urn:epcglobal:cbv:mda}lotNumber"),
            ("#plain", "plain"),
        ],
    )
    def test_is_one_name_in_every_spelling(self, text: str, name: str) -> None:
        """
        A field is meant by prefix and name, and by its namespace however that is joined to it.
        """
        asked = field_name("EQ", text, {"ex": "https://example.com/"})

        assert asked.is_of(name)
        assert name.endswith(asked.ending)

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("ex:a", "{https://example.com/}b"),
            ("ex:a", "{https://example.com/other/}a"),
            ("urn:example:nsa", "{urn:example:ns}a"),
            ("#plain", "{urn:x:}plain"),
        ],
    )
    def test_is_no_other_name(self, text: str, name: str) -> None:
        """
        Another name is another field, and so is the same in another namespace.
        """
        assert not field_name("EQ", text, {"ex": "https://example.com/"}).is_of(name)

    @given(st.sampled_from(["{urn:x:}", "{https://example.com/}", "", "@"]), st.text(min_size=1))
    def test_ends_with_what_its_spellings_end_with(self, namespace: str, local: str) -> None:
        """
        What a name ends with is found in an event, whatever it is joined with there.
        """
        for spelling in name_spellings(namespace + local):
            if "#" in spelling and spelling.isprintable() and not spelling.endswith("#"):
                assert local.endswith(field_name("EQ", spelling, {}).ending)


def test_a_value_of_nothing_is_empty() -> None:
    """
    An empty text and an empty list are no value; nothing, zero and false are.
    """
    assert Given("").is_empty
    assert Given([]).is_empty
    assert not any(Given(value).is_empty for value in (None, 0, False))
