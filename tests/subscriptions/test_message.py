"""What a delivery says, in the format of its subscriber."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from epcis_repo.bindings import parse_document
from epcis_repo.gs1.spelling import EpcFormat
from tests.operations.reports import attached, observed, report
from tests.subscriptions.telling import EPC, Story


async def told(story: Story, **members: Any) -> bytes:
    """The delivery of an observation and of a thing that was fastened to another."""
    subscribed = await story.subscribe(**members)
    events = (observed(0, EPC.format("A1")), attached(1, EPC.format("A2"), EPC.format("A3")))
    await report(story.store, *events, now=story.clock())
    await story.settle(story.deliveries(subscribed))
    [request] = story.receiver.came
    assert request.headers["content-type"] == "application/xml"
    return request.body


class TestInXML:
    async def test_says_what_the_version_has_a_place_for(self, story: Story) -> None:
        """
        What version 1.2 cannot say is left out, rather than keep all that comes after it.
        """
        body = await told(story, form="xml-1.2", epc_format=EpcFormat.NO_PREFERENCE)

        document = parse_document(body, "application/xml")
        assert [type(event).__name__ for event in document.events or ()] == ["ObjectEvent"]
        root = etree.fromstring(body)
        assert root.findtext(".//queryName") == "all"
        assert root.findtext(".//subscriptionID")

    @pytest.mark.parametrize(
        ("epc_format", "epc"),
        [
            (EpcFormat.ALWAYS_URN, "urn:epc:id:sgtin:030001.0012345.A1"),
            (EpcFormat.ALWAYS_DIGITAL_LINK, "https://id.gs1.org/01/00300010123455/21/A1"),
        ],
    )
    async def test_spells_identifiers_as_asked_for(
        self, story: Story, epc_format: EpcFormat, epc: str
    ) -> None:
        """
        In version 2.0 all comes, in the spelling of the subscription.
        """
        body = await told(story, form="xml-2.0", epc_format=epc_format)

        root = etree.fromstring(body)
        assert root.findtext(".//epc") == epc
        assert len(root.findall(".//EventList/*")) == 2
