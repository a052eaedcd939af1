"""The grammar of queries, without a store."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.errors import QueryParameterError
from epcis_repo.query import PARAMETERS, parse_query
from epcis_repo.query.parameters import PER_PAGE_DEFAULT, PER_PAGE_MAX


class TestParseQuery:
    def test_of_nothing_asks_for_everything(self) -> None:
        """
        Without parameters there are no predicates, and a page is of the usual size.
        """
        query = parse_query([])

        assert (query.predicates, query.epcs, query.after) == ((), (), 0)
        assert query.per_page == PER_PAGE_DEFAULT

    @given(
        st.lists(
            st.tuples(
                st.sampled_from([*PARAMETERS, "perPage", "nextPageToken"]) | st.text(), st.text()
            )
        )
    )
    def test_is_a_query_or_a_refusal(self, pairs: list[tuple[str, str]]) -> None:
        """
        Whatever comes in is a query, or is refused with the name of a parameter that came.
        """
        try:
            parse_query(pairs)
        except QueryParameterError as error:
            assert error.parameter in dict(pairs)  # noqa: PT017 - most texts are refused, not all

    def test_token_comes_back_as_the_position(self) -> None:
        """
        A token stands for the position that it was made of.
        """
        first = parse_query([("EQ_action", "ADD"), ("perPage", "5")])

        token = first.next_page_token(123)
        second = parse_query([("perPage", "5"), ("nextPageToken", token), ("EQ_action", "ADD")])

        assert second.after == 123

    @pytest.mark.parametrize("position", ["-1", "9" * 30, "1.5", "", "x", "1_0"])
    def test_refuses_a_forged_position(self, position: str) -> None:
        """
        A token with the right fingerprint and no position of a log is refused, too.
        """
        token = parse_query([]).next_page_token(1)
        fingerprint = base64.urlsafe_b64decode(token).decode().partition(".")[2]
        forged = base64.urlsafe_b64encode(f"{position}.{fingerprint}".encode()).decode()

        with pytest.raises(QueryParameterError):
            parse_query([("nextPageToken", forged)])

    def test_page_has_a_largest_size(self) -> None:
        """
        What asks for more in one page than anybody may gets the largest page.
        """
        assert parse_query([("perPage", str(PER_PAGE_MAX + 1))]).per_page == PER_PAGE_MAX

    @pytest.mark.parametrize("text", ["a\x00", "a\ud800", "a\x1b[2J", "a||b", "|", ""])
    def test_refuses_what_no_database_takes(self, text: str) -> None:
        """
        Control characters, halves of surrogates and empty members are in no identifier.
        """
        with pytest.raises(QueryParameterError) as refusal:
            parse_query([("EQ_eventID", text)])

        assert refusal.value.parameter == "EQ_eventID"
