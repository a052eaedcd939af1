"""Patterns of EPCs and of classes, without a store."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key, digital_link, parse_identifier
from epcis_repo.model.found_by import class_tags
from epcis_repo.model.what import Role
from epcis_repo.query.fields import Named
from epcis_repo.query.patterns import classes, instances
from epcis_repo.query.plan import plan_of
from epcis_repo.query.predicates import Predicate
from epcis_repo.query.values import Given
from tests.query.oracle import matches
from tests.query.strategies import epcs, patterns_of


@st.composite
def pairs(draw: st.DrawFn) -> tuple[str, str]:
    """An identifier, and a pattern of it or of another."""
    text = draw(epcs)
    other = draw(epcs)
    return text, draw(st.sampled_from([*patterns_of([text]), *patterns_of([text, other])]))


class TestPattern:
    @given(pairs())
    def test_matches_component_by_component(self, pair: tuple[str, str]) -> None:
        """
        An identifier matches where each of its components is that of the pattern, or that is `*`.
        """
        text, pattern = pair
        key = canonical_key(text)

        if not text.startswith("urn:epc:idpat:"):
            assert instances(Given(pattern)).passes(key) == matches(text, pattern, False)
        assert classes(Given(pattern)).passes(key) == matches(text, pattern, True)

    @given(pairs())
    def test_of_a_urn_matches_the_link(self, pair: tuple[str, str]) -> None:
        """
        The Digital Link of what matches is matched as well.
        """
        text, pattern = pair
        link = digital_link(parse_identifier(text))

        for read in (instances, classes):
            test = read(Given(pattern))
            assert test.passes(canonical_key(link)) == test.passes(canonical_key(text))

    @given(pairs())
    def test_is_found_by_its_tags(self, pair: tuple[str, str]) -> None:
        """
        Whatever matches has one of the tags by which it is looked for, and where these are all
        that is asked, nothing else has.
        """
        text, pattern = pair
        key = canonical_key(text)
        tags = {key, *class_tags([key])}
        for read, role in ((instances, Role.OBJECT), (classes, Role.CLASS)):
            test = read(Given(pattern))
            plan = plan_of((Predicate("MATCH", Named(frozenset([role])), test),))
            if not plan.lookups:
                continue
            [lookup] = plan.lookups
            is_found = any(
                tag in lookup.tags or any(low <= tag < high for low, high in lookup.ranges)
                for tag in tags
            )
            assert is_found >= test.passes(key)
            if not plan.rest:
                assert is_found == test.passes(key)

    @pytest.mark.parametrize(
        ("pattern", "part"),
        [
            pytest.param("urn:epc:idpat:sgtin:030001.*.5", "pattern", id="a star before the last"),
            pytest.param("urn:epc:idpat:sgtin:030001.*", "components", id="a component too few"),
            pytest.param("urn:epc:idpat:sgtin:030001..*", "reference", id="an empty component"),
            pytest.param("urn:epc:idpat:sgtin:0300.*.*", "company prefix", id="a short prefix"),
            pytest.param("urn:epc:idpat:sgtin:030001.00123*.*", "reference", id="a star within"),
            pytest.param(
                "urn:epc:idpat:sgtin:030001.[1-9].*", "reference", id="a range of products"
            ),
            pytest.param(
                "urn:epc:idpat:sgtin:030001.0012345.[9-1]", "range", id="a range reversed"
            ),
            pytest.param("urn:epc:idpat:lgtin:030001.0012345.*", "scheme", id="lots as things"),
            pytest.param("urn:epc:class:sgtin:030001.0012345.*", "scheme", id="things as lots"),
            pytest.param("urn:epc:idpat:nothing:1.*", "scheme", id="no scheme"),
        ],
    )
    def test_refuses_what_is_none(self, pattern: str, part: str) -> None:
        """
        What looks like a pattern and is none is refused, with the part that is wrong.
        """
        with pytest.raises(IdentifierError, match=part):
            instances(Given(pattern))
