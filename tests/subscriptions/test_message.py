"""What a delivery says, in the format of its subscriber."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from epcis_repo.bindings import parse_document
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.events import Event, SensorElement, SensorReport
from epcis_repo.subscriptions import deliveries
from tests.operations.reports import attached, named, observed, report
from tests.subscriptions.receiver import TAKE, status
from tests.subscriptions.telling import EPC, HOUR, Story
from tests.validation.judges import our_xml_schema

DAY = 24 * HOUR
AS_CAPTURED = EpcFormat.NO_PREFERENCE


ASSOCIATION = named("urn:x:tied", attached(1, EPC.format("A2"), EPC.format("A3")))
MEASURED = named(
    "urn:x:warm",
    observed(
        2,
        EPC.format("A4"),
        sensor_element_list=(SensorElement(sensor_report=(SensorReport(type="Temperature"),)),),
    ),
)
NO_CHARACTER = "{https://ns.example.com/}a\u0001b"
ODD = named("urn:x:odd", observed(3, EPC.format("A5"), extensions={NO_CHARACTER: "5"}))


async def told(story: Story, *events: Event, **members: Any) -> list[bytes]:
    """The deliveries of some events that were captured together."""
    subscribed = await story.subscribe(**members)
    await report(story.store, *events, now=story.clock())
    await story.settle(story.deliveries(subscribed), until=story.clock() + DAY)
    for request in story.receiver.came:
        assert request.headers["content-type"] == "application/xml"
    return [request.body for request in story.receiver.came]


def things_in(body: bytes) -> list[str]:
    """The last parts of the EPCs in a delivery."""
    return [str(epc.text).rpartition(".")[2] for epc in etree.fromstring(body).iterfind(".//epc")]


def reason_in(body: bytes, version: str) -> str:
    """Why a delivery says that there is more to say, which is as the schema has it."""
    [exception] = etree.fromstring(body).iterfind("EPCISBody/*")
    assert etree.QName(exception).localname == "ImplementationException"
    our_xml_schema(f"control-{version}").assertValid(etree.ElementTree(exception))
    assert exception.findtext("severity") == "ERROR"
    assert exception.findtext("queryName") == "all"
    assert exception.findtext("subscriptionID")
    return str(exception.findtext("reason"))


class TestInXML:
    async def test_says_what_the_version_has_a_place_for(self, story: Story) -> None:
        """
        What version 1.2 cannot say keeps nothing of the rest from being told, and is told by name.
        """
        events = ASSOCIATION, observed(0, EPC.format("A1")), MEASURED
        answer, more = await told(story, *events, form="xml-1.2", epc_format=AS_CAPTURED)

        document = parse_document(answer, "application/xml")
        assert [type(event).__name__ for event in document.events or ()] == ["ObjectEvent"] * 2
        assert things_in(answer) == ["A1", "A4"]
        reason = reason_in(more, "1.2")
        assert "urn:x:tied (AssociationEvent)" in reason
        assert "urn:x:warm (sensorElementList)" in reason

    async def test_says_nothing_but_the_name_of_what_has_no_place_at_all(
        self, story: Story
    ) -> None:
        """
        Where no part of any event can be said there is no empty answer beside that.
        """
        [more] = await told(story, ASSOCIATION, form="xml-1.2", epc_format=AS_CAPTURED)

        assert "urn:x:tied" in reason_in(more, "1.2")

    @pytest.mark.parametrize("version", ["1.2", "2.0"])
    async def test_names_what_no_xml_can_say(self, story: Story, version: str) -> None:
        """
        A name with a character that XML has not is told of in characters that it has.
        """
        form = f"xml-{version}"
        answer, more = await told(story, ODD, form=form, epc_format=AS_CAPTURED)

        assert things_in(answer) == ["A5"]
        assert "urn:x:odd" in reason_in(more, version)
        assert "\ufffd" in reason_in(more, version)

    async def test_names_it_once_and_in_its_turn(self, story: Story) -> None:
        """
        A receiver that fails gets both in the order that they had, each under its own name.
        """
        story.receiver.answers = [status(500), TAKE, status(500), status(413), TAKE]

        await told(story, MEASURED, form="xml-1.2", epc_format=AS_CAPTURED)

        names = [request.delivery_id for request in story.receiver.came]
        assert names == [names[0]] * 2 + [names[2]] * 3
        assert names[0] != names[2]
        answer, more = story.receiver.taken
        assert things_in(answer.body) == ["A4"]
        assert "urn:x:warm" in reason_in(more.body, "1.2")

    async def test_names_of_an_event_no_more_than_a_few_parts(self, story: Story) -> None:
        """
        However many parts of an event have no place, the reason can be read.
        """
        odd = {f"{{https://ns.example.com/}}a\u0001{number}": "5" for number in range(50)}
        event = named("urn:x:odd", observed(3, EPC.format("A5"), extensions=odd))

        _, more = await told(story, event, form="xml-1.2", epc_format=AS_CAPTURED)

        assert "and 45 more" in reason_in(more, "1.2")

    async def test_given_up_it_is_a_dead_letter_that_says_the_same(self, story: Story) -> None:
        """
        Who was never told finds it among what was given up.
        """
        story.receiver.then = status(500)
        subscribed = await story.subscribe(form="xml-1.2", epc_format=AS_CAPTURED)
        await report(story.store, ASSOCIATION, now=story.clock())
        await story.settle(story.deliveries(subscribed), until=story.clock() + 5 * DAY)

        [letter] = (await deliveries(story.store)).deliveries
        assert letter["givenUp"]
        assert letter["problem"]["type"] == "epcisException:ImplementationException"
        assert "urn:x:tied (AssociationEvent)" in letter["problem"]["detail"]

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
        events = observed(0, EPC.format("A1")), ASSOCIATION
        [body] = await told(story, *events, form="xml-2.0", epc_format=epc_format)

        root = etree.fromstring(body)
        assert root.findtext(".//epc") == epc
        assert len(root.findall(".//EventList/*")) == 2
