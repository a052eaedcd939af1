"""Pages that are put together from what the log has are those that reading its events gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from epcis_repo.bindings import RENDERERS
from epcis_repo.bindings.jsonld import parse_jsonld, render_event
from epcis_repo.bindings.spelling import CbvXmlFormat, spell_event, spelling_for
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.events import Event
from epcis_repo.operations.events import Page
from epcis_repo.query import EventRow
from tests.model.strategies import NAMESPACES, events
from tests.rest.documents import CONTEXT, event

NOW = 1_767_225_600_000_000
EX = {"ex": "https://ex.com/"}
NEVER = (EpcFormat.NEVER_TRANSLATES, CbvXmlFormat.NEVER_TRANSLATES)
DEFAULT = (EpcFormat.ALWAYS_DIGITAL_LINK, CbvXmlFormat.NO_PREFERENCE)
LINK = "https://id.gs1.org/01/00300010123455/21/1"


def page_of(*recorded: tuple[Event, Mapping[str, str]]) -> Page:
    """The page of some events, each with the prefixes that it came with."""
    rows = []
    for n, (known, prefixes) in enumerate(recorded, 1):
        event_id = f"urn:x:{n}" if known.event_id is None else known.event_id
        # A capture leaves away what its sender says of when it was recorded elsewhere.
        data = render_event(replace(known, record_time=None), prefixes)
        rows.append(EventRow(n, event_id, NOW + n, data))
    return Page(rows, None, NOW, "q")


def sent(prefixes: Mapping[str, str] | None = None, **members: Any) -> tuple[Event, dict[str, str]]:
    """An event as it is read, and the prefixes that it came with."""
    value = {"@context": [CONTEXT, dict(prefixes or {})], **event(1, **members)}
    document = parse_jsonld(json.dumps(value).encode())
    [known] = document.events or ()
    return known, dict(prefixes or {})


def read(page: Page, epcs: EpcFormat, words: CbvXmlFormat) -> bytes:
    """What reading, spelling and writing the events of a page gives."""
    spelling = spelling_for("json-ld", epcs, words)
    spelt = tuple(spell_event(known, spelling)[0] for known in page.document.events or ())
    return RENDERERS["json-ld"](replace(page.document, events=spelt))


@given(st.lists(events(), max_size=3), st.sampled_from(EpcFormat), st.sampled_from(CbvXmlFormat))
def test_are_the_same(found: list[Event], epcs: EpcFormat, words: CbvXmlFormat) -> None:
    """
    Whatever the events are, a page is put together as it would be written, or not at all.
    """
    page = page_of(*((known, NAMESPACES) for known in found))

    joined = page.as_recorded(epcs, words)

    assert joined is None or joined.body == read(page, epcs, words)


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        pytest.param([sent()], NEVER, id="as captured"),
        pytest.param([sent(eventID="urn:x:a"), sent()], NEVER, id="with and without an eventID"),
        pytest.param([sent(EX, **{"ex:a": 1.50})], NEVER, id="an extension"),
        pytest.param(
            [sent(EX, **{"ex:a": 1}), sent(EX, **{"ex:b": 2}), sent()], NEVER, id="extensions"
        ),
        pytest.param(
            [sent({"creationDate": "https://ex.com/"}, **{"creationDate:a": 1})],
            NEVER,
            id="a prefix with the name of a member",
        ),
        pytest.param(
            [sent(EX, **{"ex:a": 1}), sent({"o": "https://o.com/"}, **{"o:a": 1})],
            NEVER,
            id="extensions of two",
        ),
        pytest.param([sent(epcList=[LINK])], DEFAULT, id="links"),
        pytest.param([sent()], (EpcFormat.ALWAYS_URN, DEFAULT[1]), id="URNs"),
        pytest.param([sent(bizStep="shipping")], NEVER, id="a word"),
        pytest.param([], DEFAULT, id="nothing"),
        pytest.param([sent(), sent(epcList=[LINK])], DEFAULT, id="URNs as links"),
        pytest.param(
            [sent(epcList=["URN:EPC:id:sgtin:030001.0012345.1"])], DEFAULT, id="in capitals"
        ),
        pytest.param(
            [sent(epcList=[LINK])], (EpcFormat.ALWAYS_URN, DEFAULT[1]), id="links as URNs"
        ),
        pytest.param(
            [sent(epcList=[LINK], disposition="urn:epcglobal:cbv:disp:non_sellable_expired")],
            DEFAULT,
            id="a word that was withdrawn",
        ),
        pytest.param(
            [sent(epcList=[LINK], bizStep="https://ref.gs1.org/cbv/BizStep-shipping")],
            DEFAULT,
            id="a word as a URI",
        ),
        pytest.param([sent(EX, **{"ex:a": 1}), sent()], DEFAULT, id="extensions as links"),
    ],
)
def test_are_put_together(
    recorded: list[tuple[Event, dict[str, str]]], asked: tuple[EpcFormat, CbvXmlFormat]
) -> None:
    """
    An event is spelt by itself, and a page is what its events are, with their prefixes.
    """
    page = page_of(*recorded)

    joined = page.as_recorded(*asked)

    assert joined is not None
    assert joined.body == read(page, *asked)
    assert joined.prefixes == {p: ns for _, prefixes in recorded for p, ns in prefixes.items()}


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        pytest.param(
            [sent(EX, **{"ex:a": 1}), sent({"ex": "https://o.com/"}, **{"ex:a": 1})],
            NEVER,
            id="one prefix for two",
        ),
        pytest.param(
            [sent(EX, **{"ex:a": 1}), sent({"o": EX["ex"]}, **{"o:a": 1})],
            NEVER,
            id="two prefixes for one",
        ),
    ],
)
def test_are_read_where_they_must_be(
    recorded: list[tuple[Event, dict[str, str]]], asked: tuple[EpcFormat, CbvXmlFormat]
) -> None:
    """
    Where prefixes do not go together, somebody has to read the events to make others up.
    """
    assert page_of(*recorded).as_recorded(*asked) is None


def test_words_within_an_extension_are_no_reason_to_look_no_further() -> None:
    """
    A list of EPCs in an extension that comes first is not taken for the event's own.
    """
    place = {"id": "https://example.com/place", "ex:in": {"a": 1, "epcList": ["x"]}}
    recorded = sent(
        EX,
        epcList=[LINK],
        readPoint=place,
        bizTransactionList=[
            {"type": "https://ref.gs1.org/cbv/BTT-po", "bizTransaction": "urn:x:1"}
        ],
    )

    page = page_of(recorded)

    joined = page.as_recorded(*DEFAULT)
    assert joined is not None
    assert joined.body == read(page, *DEFAULT)
    assert b'"bizTransactionList":[{"type":"po","bizTransaction":"urn:x:1"}]' in joined.body
