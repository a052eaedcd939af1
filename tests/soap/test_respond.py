"""Envelopes to envelopes: every operation in both versions, and every fault of the standard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from epcis_repo.bindings.xml import parse_xml_document
from epcis_repo.model.documents import Document
from epcis_repo.model.events import BizTransaction, SensorElement, SensorReport
from epcis_repo.model.times import utc_text
from epcis_repo.named_queries import create_query
from epcis_repo.query import select
from epcis_repo.soap import operations, respond
from epcis_repo.store import EventStore
from epcis_repo.subscriptions import DestinationError, subscription
from tests.conformance.rows import holds
from tests.operations.reports import (
    NOW,
    PACK,
    attached,
    commissioned,
    named,
    observed,
    quantity,
    report,
    shipped,
)
from tests.operations.sayings import (
    HALL,
    LOCATION,
    MDA,
    PLANT,
    PRODUCT,
    element,
    places,
    product,
    say,
    saying,
)
from tests.soap.envelopes import (
    FORMS,
    MASTER_DATA,
    QUERY,
    answered,
    envelope,
    fault,
    ids_of,
    param,
    poll,
    strings,
    subscribing,
    texts_of,
    unsubscribing,
)
from tests.subscriptions.receiver import receiving
from tests.subscriptions.telling import Story

PURCHASE_ORDER = (BizTransaction(biz_transaction="urn:x:po", type="po"),)
EVENT_IDS = {"1.2": ".//baseExtension/eventID", "2.0": ".//eventID"}


async def asked(store: EventStore, body: bytes) -> Any:
    """What answers a request, which must not be a fault."""
    answer = await respond(store, body, now=NOW)
    assert not answer.is_fault, answer.body.decode()
    return answered(answer.body)


async def refused(store: EventStore, body: bytes) -> tuple[str, str | None, str]:
    """The fault that a request must be answered with."""
    answer = await respond(store, body, now=NOW)
    assert answer.is_fault, answer.body.decode()
    return fault(answer.body)


@pytest.mark.parametrize("version", FORMS)
class TestOperations:
    @holds("M21", "M22")
    async def test_tell_the_versions(self, store: EventStore, version: str) -> None:
        """
        The standard's version is that of the request, and the vendor's empty: there are no
        extensions to it.
        """
        standard = await asked(store, envelope("<q:GetStandardVersion/>", version))
        vendor = await asked(store, envelope("<q:GetVendorVersion/>", version))

        assert standard.tag == f"{{{QUERY[version]}}}GetStandardVersionResult"
        assert (standard.text, vendor.text) == (version, None)

    @holds("M18")
    async def test_tell_the_names_of_queries(self, store: EventStore, version: str) -> None:
        """
        Both predefined queries are there, and whatever else has a name.
        """
        await create_query(store, "mine", {"EQ_action": ["ADD"]}, now=NOW)

        result = await asked(store, envelope("<q:GetQueryNames/>", version))

        assert texts_of(result, "string") == ["SimpleEventQuery", MASTER_DATA, "mine"]

    @holds("M6", "M18", "M33", "M35", "M37", "M38")
    async def test_find_events(self, store: EventStore, version: str) -> None:
        """
        A poll finds what the query finds, with the name of the query and no subscriptionID, as
        XML that the schema of the version allows.
        """
        made = named("urn:x:made", commissioned(1, PACK))
        await report(store, made, named("urn:x:sent", shipped(2, PACK)))

        body = poll(param("EQ_action", strings("ADD"), "q:ArrayOfString"), version=version)
        results = await asked(store, body)

        assert results.tag == f"{{{QUERY[version]}}}QueryResults"
        assert results.findtext("queryName") == "SimpleEventQuery"
        assert results.find("subscriptionID") is None
        [event] = document_of(results, version).events or ()
        assert event == replace(made, record_time=event.record_time)
        assert event.record_time is not None
        assert event.record_time.text == utc_text(NOW)

    async def test_find_what_a_named_query_finds(self, store: EventStore, version: str) -> None:
        """
        A query that somebody has named is polled by its name, and has no other parameters.
        """
        await report(store, named("urn:x:1", commissioned(1, PACK)), shipped(2, PACK))
        await create_query(store, "mine", {"EQ_action": ["ADD"]}, now=NOW)

        results = await asked(store, poll(query="mine", version=version))

        assert results.findtext("queryName") == "mine"
        assert texts_of(results, EVENT_IDS[version]) == ["urn:x:1"]
        more = poll(param("EQ_action", strings("ADD")), query="mine", version=version)
        assert (await refused(store, more))[:2] == ("Client", "QueryParameterException")

    async def test_find_nothing(self, store: EventStore, version: str) -> None:
        """
        A query that nothing matches is answered with an empty list.
        """
        results = await asked(store, poll(version=version))

        assert len(results.find("resultsBody/EventList")) == 0

    @holds("M18", "M33")
    async def test_find_master_data(self, store: EventStore, version: str) -> None:
        """
        A poll for master data finds vocabularies, with attributes and children as asked.
        """
        await say(store, saying(product(), places(element(PLANT, HALL, name="Plant"))))
        params = [
            param("includeAttributes", "true", "xsd:boolean"),
            param("includeChildren", "true"),
            param(f"EQATTR_{MDA}name", strings("Plant"), "q:ArrayOfString"),
        ]

        results = await asked(store, poll(*params, query=MASTER_DATA, version=version))

        assert results.findtext("queryName") == MASTER_DATA
        [vocabulary] = results.iterfind("resultsBody/VocabularyList/Vocabulary")
        [found] = vocabulary.iterfind("VocabularyElementList/VocabularyElement")
        assert (vocabulary.get("type"), found.get("id")) == (LOCATION, PLANT)
        assert [(a.get("id"), a.text) for a in found.iterfind("attribute")] == [
            (f"{MDA}name", "Plant")
        ]
        assert texts_of(found, "children/id") == [HALL]
        parsed_results = document_of(results, version).query_results
        assert parsed_results is not None
        [parsed] = parsed_results.vocabularies or ()
        assert parsed.elements == (element(PLANT, HALL, name="Plant"),)

    @holds("M18")
    async def test_subscribe_until_unsubscribed(self, store: EventStore, version: str) -> None:
        """
        A subscription is there from being asked for to being ended, by the name that it was given.
        """
        result = await asked(store, subscribing(version, subscription_id="S 1"))
        assert result.tag == f"{{{QUERY[version]}}}SubscribeResult"
        assert texts_of(await asked(store, ids_of("SimpleEventQuery", version)), "*") == ["S 1"]

        result = await asked(store, unsubscribing("S 1", version))
        assert result.tag == f"{{{QUERY[version]}}}UnsubscribeResult"
        assert texts_of(await asked(store, ids_of("SimpleEventQuery", version)), "*") == []

    @holds("M6", "M34", "M37", "M38", "M88", "M89")
    async def test_deliver_xml_of_the_version(self, store: EventStore, version: str) -> None:
        """
        What is captured after a subscription comes to its destination as the query document of
        the version in which it was made, with the names of the query and the subscription.
        """
        async with receiving() as receiver:
            story = Story(store, receiver)
            params = param("EQ_action", strings("ADD"), "q:ArrayOfString")
            await asked(store, subscribing(version, params=params, dest=receiver.url))
            subscribed = await subscription(store, "S1")
            made = named("urn:x:1", commissioned(1, PACK))
            await report(store, made, shipped(2, PACK))
            await story.settle(story.deliveries(subscribed), until=NOW + 120_000_000)

        [delivery] = receiver.taken
        root = etree.fromstring(delivery.body)
        assert root.tag == f"{{{QUERY[version]}}}EPCISQueryDocument"
        document = parse_xml_document(delivery.body, checked=True)
        results = document.query_results
        assert results is not None
        assert (results.query_name, results.subscription_id) == ("SimpleEventQuery", "S1")
        [event] = document.events or ()
        assert event == replace(made, record_time=event.record_time)


def document_of(results: Any, version: str) -> Document:
    """The document that has these results in it; it must be valid."""
    namespace = QUERY[version]
    root = etree.Element(f"{{{namespace}}}EPCISQueryDocument", nsmap={"q": namespace})
    root.set("schemaVersion", version)
    root.set("creationDate", utc_text(NOW))
    etree.SubElement(root, "EPCISBody").append(results)
    return parse_xml_document(etree.tostring(root), checked=True)


class TestAnswers:
    async def test_are_as_captured(self, store: EventStore) -> None:
        """
        A Digital Link stays one in 2.0, and is a URN in 1.2, which knows no links.
        """
        link = "https://id.gs1.org/01/00300010123455/21/A1"
        await report(store, observed(1, link))

        for version, spelt in (("2.0", link), ("1.2", "urn:epc:id:sgtin:030001.0012345.A1")):
            results = await asked(store, poll(version=version))
            assert texts_of(results, ".//epc") == [spelt]

    async def test_of_master_data_are_as_said(self, store: EventStore) -> None:
        """
        The same is true of what master data is about.
        """
        link = "https://id.gs1.org/414/0300010000015"
        await say(store, saying(places(element(link, name="Plant"))))
        both = param("includeAttributes", "true") + param("includeChildren", "true")

        for version, spelt in (("2.0", link), ("1.2", "urn:epc:id:sgln:030001.000001.0")):
            results = await asked(store, poll(both, query=MASTER_DATA, version=version))
            found = results.find(".//VocabularyElement")
            assert found.get("id") == spelt

    async def test_declare_what_only_a_value_uses(self, store: EventStore) -> None:
        """
        A prefix that stands in a value alone means in the answer what it meant in the document.
        """
        xsi = "{http://www.w3.org/2001/XMLSchema-instance}"
        fields = {"{https://ns.example.com/}weight": {f"@{xsi}type": "xsd:int", "#text": "5"}}
        await report(store, observed(1, PACK, extensions=fields))

        results = await asked(store, poll())

        [weight] = results.iterfind(".//{https://ns.example.com/}weight")
        assert weight.get(f"{xsi}type") == "xsd:int"
        assert weight.nsmap["xsd"] == "http://www.w3.org/2001/XMLSchema"

    async def test_keep_extensions_with_their_namespaces(self, store: EventStore) -> None:
        """
        A field of a partner's comes out of a poll as it went in.
        """
        fields = {"{https://ns.example.com/}weight": {"@unit": "KGM", "#text": "5"}}
        event = named("urn:x:1", observed(1, PACK, extensions=fields))
        await report(store, event)

        results = await asked(store, poll(param("EQ_https://ns.example.com/#weight", "5")))

        [found] = document_of(results, "1.2").events or ()
        assert found.extensions == fields

    async def test_are_whole(self, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        There are no pages over SOAP: all that is found comes in one answer, in order.
        """
        monkeypatch.setattr(select, "PER_PAGE_MAX", 3)
        names = [f"urn:x:{number}" for number in range(8)]
        for name in names:
            await report(store, named(name, observed(1, PACK)))

        for params in ([], [param("orderBy", "eventTime"), param("orderDirection", "ASC")]):
            results = await asked(store, poll(*params))
            assert texts_of(results, EVENT_IDS["1.2"]) == names

    async def test_are_of_the_log_as_it_was(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        What is captured while an answer is put together is not in it, so that it comes to an end.
        """
        monkeypatch.setattr(select, "PER_PAGE_MAX", 1)
        turn = select.select_page

        async def capture_and_turn(session: Any, query: Any) -> Any:
            await report(store, named(f"urn:x:late:{query.cursor.given}", observed(1, PACK)))
            return await turn(session, query)

        for number in range(3):
            await report(store, named(f"urn:x:{number}", observed(1, PACK)))
        monkeypatch.setattr(select, "select_page", capture_and_turn)

        results = await asked(store, poll())

        assert texts_of(results, EVENT_IDS["1.2"]) == ["urn:x:0", "urn:x:1", "urn:x:2"]

    @pytest.mark.parametrize(
        ("limit", "most", "few"),
        [("_WHOLE_MAX", 4, 4), ("PAGE_SIZE_MAX", 500, 1)],
        ids=["events", "bytes"],
    )
    async def test_are_refused_where_they_are_too_large(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, few: int
    ) -> None:
        """
        More than one answer may have is no answer, and neither is a part of it.
        """
        monkeypatch.setattr(select, "PER_PAGE_MAX", 2)
        monkeypatch.setattr(select, limit, most)
        for number in range(5):
            await report(store, named(f"urn:x:{number}", observed(number, PACK)))

        code, exception, reason = await refused(store, poll())
        assert (code, exception) == ("Client", "QueryTooLargeException")
        assert "GE_recordTime" in reason
        fewer = poll(param("orderBy", "eventTime"), param("eventCountLimit", f"{few}", "xsd:int"))
        assert len(texts_of(await asked(store, fewer), EVENT_IDS["1.2"])) == few

    async def test_are_refused_where_too_much_has_to_be_looked_into(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A query that would have the whole of a large log looked into is too complex.
        """
        monkeypatch.setattr(select, "_LOOKED_INTO_MAX", 1)
        monkeypatch.setattr(select, "READ_TOGETHER", 1)
        monkeypatch.setattr(select, "_WHOLE_PAGES_MAX", 3)
        for number in range(5):
            await report(store, named(f"urn:x:{number}", observed(number, PACK)))

        body = poll(param("EXISTS_https://ns.example.com/#nothing", "", "q:VoidHolder"))

        assert (await refused(store, body))[:2] == ("Client", "QueryTooComplexException")

    @pytest.mark.parametrize(
        "event",
        [
            pytest.param(attached(1, PLANT, PACK), id="an AssociationEvent"),
            pytest.param(
                observed(
                    1,
                    PACK,
                    sensor_element_list=(
                        SensorElement(sensor_report=(SensorReport(type="Temperature"),)),
                    ),
                ),
                id="sensor data",
            ),
        ],
    )
    async def test_leave_nothing_out(self, store: EventStore, event: Any) -> None:
        """
        What 1.2 has no place for is no answer in 1.2, which says what that is; 2.0 has it.
        """
        await report(store, named("urn:x:1", event))

        code, exception, reason = await refused(store, poll())

        assert (code, exception) == ("Server", "ImplementationException")
        assert "event 1" in reason
        results = await asked(store, poll(version="2.0"))
        assert texts_of(results, EVENT_IDS["2.0"]) == ["urn:x:1"]


class TestParameters:
    @holds("M23", "M67")
    @pytest.mark.parametrize(
        ("name", "content", "kind"),
        [
            pytest.param("EQ_action", strings("ADD", "DELETE"), "q:ArrayOfString", id="list"),
            pytest.param("EQ_action", strings("ADD"), None, id="list without a type"),
            pytest.param("EQ_action", "ADD", "xsd:string", id="one text"),
            pytest.param("EQ_action", "ADD", None, id="text without a type"),
            pytest.param("LT_eventTime", utc_text(NOW), "xsd:dateTime", id="time"),
            pytest.param("LT_eventTime", utc_text(NOW), None, id="time without a type"),
            pytest.param("GE_quantity", "5", "xsd:int", id="number"),
            pytest.param("GE_quantity", "4.5", "xsd:double", id="number with a fraction"),
            pytest.param("EQ_quantity", "5", None, id="number without a type"),
            pytest.param(f"EXISTS_ILMD_{MDA}lotNumber", "", "q:VoidHolder", id="void"),
            pytest.param(f"EXISTS_ILMD_{MDA}lotNumber", "", None, id="void without a type"),
            pytest.param(f"EXISTS_ILMD_{MDA}lotNumber", "1", None, id="one for the void"),
            pytest.param(f"EQ_ILMD_{MDA}lotNumber", strings("L1"), "q:ArrayOfString", id="ILMD"),
            pytest.param(f"EQ_ILMD_{MDA}lotNumber", "L1", None, id="ILMD without a type"),
            pytest.param(
                "EQ_bizStep",
                strings("urn:epcglobal:cbv:bizstep:commissioning"),
                "q:ArrayOfString",
                id="the URN of a word",
            ),
            pytest.param(
                "EQ_bizTransaction_urn:epcglobal:cbv:btt:po", strings("urn:x:po"), None, id="type"
            ),
            pytest.param("EQ_disposition", "", None, id="nothing"),
            pytest.param("EQ_disposition", "", "q:ArrayOfString", id="no texts"),
            pytest.param("maxEventCount", "2", None, id="limit"),
        ],
    )
    async def test_find_what_they_ask_for(
        self, store: EventStore, name: str, content: str, kind: str | None
    ) -> None:
        """
        A value finds the event that has it, whether or not it says of which type it is; an empty
        one is as good as none.
        """
        made = commissioned(
            1,
            PACK,
            quantity_list=(quantity(PRODUCT),),
            biz_transaction_list=PURCHASE_ORDER,
        )
        await report(store, named("urn:x:1", made))

        assert texts_of(await asked(store, poll(param(name, content, kind))), EVENT_IDS["1.2"]) == [
            "urn:x:1"
        ]

    @pytest.mark.parametrize(
        ("name", "content", "kind"),
        [
            pytest.param("EQ_action", strings("DELETE"), "q:ArrayOfString", id="another text"),
            pytest.param("EQ_action", strings("add|ADD"), None, id="a bar joins no texts"),
            pytest.param("EQ_bizStep", "shipping|commissioning", None, id="nor without a type"),
            pytest.param("GE_quantity", "5.5", "xsd:double", id="a larger number"),
            pytest.param("GE_eventTime", utc_text(NOW), None, id="a later time"),
        ],
    )
    async def test_find_nothing_else(
        self, store: EventStore, name: str, content: str, kind: str | None
    ) -> None:
        """
        What has another value is not found, and never what a bar would join.
        """
        await report(store, commissioned(1, PACK, quantity_list=(quantity(PRODUCT),)))

        answer = await respond(store, poll(param(name, content, kind)), now=NOW)

        if answer.is_fault:
            assert fault(answer.body)[1] == "QueryParameterException"
            assert "|" in content
        else:
            assert texts_of(answered(answer.body), EVENT_IDS["1.2"]) == []

    @holds("M25", "M26", "M27", "M39", "M40", "M41", "M42", "M43", "M65", "M66")
    @pytest.mark.parametrize(
        "params",
        [
            pytest.param([param("EQ_actoin", "ADD")], id="unknown"),
            pytest.param([param("", "ADD")], id="without a name"),
            pytest.param([param("EQ_action", "ADD"), param("EQ_action", "ADD")], id="twice"),
            pytest.param([param("EQ_action", strings("LOOK"))], id="no such action"),
            pytest.param([param("EQ_action", "5", "xsd:int")], id="a number for texts"),
            pytest.param([param("GE_eventTime", "2026-01-01T00:00:00")], id="no zone"),
            pytest.param(
                [param("GE_eventTime", "2026-01-01T00:00:00", "xsd:dateTime")], id="typed, no zone"
            ),
            pytest.param([param("maxEventCount", "many")], id="no number"),
            pytest.param([param("maxEventCount", "2", "xsd:string")], id="a text for a number"),
            pytest.param([param("maxEventCount", strings("2"))], id="a list for a number"),
            pytest.param([param("orderBy", "quantity")], id="orderBy"),
            pytest.param(
                [param("orderBy", "eventTime"), param("orderDirection", "UP")], id="orderDirection"
            ),
            pytest.param([param("eventCountLimit", "1")], id="limit without orderBy"),
            pytest.param(
                [
                    param("orderBy", "eventTime"),
                    param("eventCountLimit", "1"),
                    param("maxEventCount", "1"),
                ],
                id="two limits",
            ),
            pytest.param([param("perPage", "5")], id="pages"),
        ],
    )
    async def test_are_refused(self, store: EventStore, params: list[str]) -> None:
        """
        What the standard refuses in a parameter is a QueryParameterException.
        """
        assert (await refused(store, poll(*params)))[:2] == ("Client", "QueryParameterException")

    async def test_without_a_type_are_texts_first(self, store: EventStore) -> None:
        """
        What may be a text or a number is a text: lot 007 is not lot 7.
        """
        name = f"EQ_ILMD_{MDA}lotNumber"
        ilmd = {"{urn:epcglobal:cbv:mda}lotNumber": "7"}
        await report(store, named("urn:x:7", commissioned(1, PACK, ilmd=ilmd)))

        for text, expected in (("7", ["urn:x:7"]), ("007", [])):
            results = await asked(store, poll(param(name, text)))
            assert texts_of(results, EVENT_IDS["1.2"]) == expected

    @holds("M44")
    async def test_limit_the_answer(self, store: EventStore) -> None:
        """
        More events than maxEventCount are a QueryTooLargeException that names the query.
        """
        await report(store, observed(1, PACK), shipped(2, PACK))

        answer = await respond(store, poll(param("maxEventCount", "1", "xsd:int")), now=NOW)

        assert fault(answer.body)[1] == "QueryTooLargeException"
        exception = answered(answer.body).find("detail")[0]
        assert exception.findtext("queryName") == "SimpleEventQuery"


CONTROLS = "<schedule><second>0</second></schedule>"
REPORT = "<reportIfEmpty>true</reportIfEmpty>"


class TestFaults:
    @holds("M20", "M24", "M28", "M30", "M32", "M45", "M69", "M87")
    @pytest.mark.parametrize(
        ("body", "exception"),
        [
            pytest.param(poll(query="Nope"), "NoSuchNameException", id="no such query"),
            pytest.param(ids_of("Nope"), "NoSuchNameException", id="subscriptions to no query"),
            pytest.param(subscribing(query="Nope"), "NoSuchNameException", id="to no query"),
            pytest.param(poll(query=MASTER_DATA), "QueryParameterException", id="required"),
            pytest.param(
                subscribing(query=MASTER_DATA), "SubscribeNotPermittedException", id="master data"
            ),
            pytest.param(unsubscribing(), "NoSuchSubscriptionException", id="no subscription"),
            pytest.param(subscribing(dest=""), "InvalidURIException", id="no destination"),
            pytest.param(subscribing(dest="nowhere"), "InvalidURIException", id="no URI"),
            pytest.param(subscribing(dest="ftp://a/"), "InvalidURIException", id="no such scheme"),
            pytest.param(
                subscribing(params=param("EQ_actoin", "ADD")),
                "QueryParameterException",
                id="subscribing to what nobody can ask",
            ),
            pytest.param(
                subscribing(params=param("EQ_action", strings("LOOK"))),
                "QueryParameterException",
                id="subscribing to what cannot be",
            ),
            pytest.param(
                subscribing(params=param("GE_quantity", "0.1" + "0" * 20 + "1")),
                "QueryParameterException",
                id="a number of more digits than are kept",
            ),
            pytest.param(
                subscribing(controls=REPORT), "SubscriptionControlsException", id="no schedule"
            ),
            pytest.param(
                subscribing(controls=f"<schedule/>{REPORT}"),
                "SubscriptionControlsException",
                id="an empty schedule",
            ),
            pytest.param(
                subscribing(controls=f"<schedule><second>61</second></schedule>{REPORT}"),
                "SubscriptionControlsException",
                id="no such second",
            ),
            pytest.param(
                subscribing(controls=f"<trigger>urn:x</trigger>{REPORT}"),
                "SubscriptionControlsException",
                id="a trigger",
            ),
            pytest.param(
                subscribing(controls=f"{CONTROLS}<trigger>urn:x</trigger>{REPORT}"),
                "SubscriptionControlsException",
                id="a schedule and a trigger",
            ),
            pytest.param(
                subscribing(
                    controls="<schedule><dayOfMonth>30</dayOfMonth><month>2</month></schedule>"
                    f"{REPORT}"
                ),
                "SubscriptionControlsException",
                id="a day that never is",
            ),
            pytest.param(
                subscribing(
                    controls=f"{CONTROLS}<initialRecordTime>2026-01-01T00:00:00"
                    f"</initialRecordTime>{REPORT}"
                ),
                "SubscriptionControlsException",
                id="no zone",
            ),
            pytest.param(
                subscribing(subscription_id=""), "SubscriptionControlsException", id="no name"
            ),
            pytest.param(
                subscribing(controls=CONTROLS), "ValidationException", id="no reportIfEmpty"
            ),
            pytest.param(b"XYZ", "ValidationException", id="no XML"),
            pytest.param(envelope("<q:Test/>"), "ValidationException", id="no operation"),
        ],
    )
    async def test_are_those_of_the_standard(
        self, store: EventStore, body: bytes, exception: str
    ) -> None:
        """
        What is wrong with a request is told by the standard's exception, and changes nothing.
        """
        assert (await refused(store, body))[:2] == ("Client", exception)
        assert texts_of(await asked(store, ids_of("SimpleEventQuery")), "*") == []

    async def test_tell_of_a_name_that_is_taken(self, store: EventStore) -> None:
        """
        A subscription has its name for itself; it is free again when it has ended.
        """
        await asked(store, subscribing())

        assert (await refused(store, subscribing()))[1] == "DuplicateSubscriptionException"
        await asked(store, unsubscribing())
        await asked(store, subscribing())

    async def test_tell_of_too_many_subscriptions(self, store: EventStore) -> None:
        """
        Where there are as many as there may be, nothing is wrong with the request.
        """
        await asked(store, subscribing())

        answer = await respond(store, subscribing(subscription_id="S2"), now=NOW, limit=1)

        code, exception, reason = fault(answer.body)
        assert (code, exception) == ("Server", "ImplementationException")
        assert "EPCIS_REPO_SUBSCRIPTION_LIMIT" in reason
        assert texts_of(await asked(store, ids_of("SimpleEventQuery")), "*") == ["S1"]

    async def test_tell_of_what_cannot_be_reached(self, store: EventStore) -> None:
        """
        Where nothing would be delivered to, there is no subscription.
        """

        async def reach(dest: str) -> None:
            raise DestinationError(dest)

        answer = await respond(store, subscribing(), now=NOW, reach=reach)

        assert fault(answer.body)[:2] == ("Client", "InvalidURIException")

    @pytest.mark.parametrize("version", FORMS)
    async def test_are_in_the_version_of_the_request(self, store: EventStore, version: str) -> None:
        """
        The exception is an element of the namespace in which the operation was asked for.
        """
        answer = await respond(store, poll(query="Nope", version=version), now=NOW)

        exception = answered(answer.body).find("detail")[0]
        assert exception.tag == f"{{{QUERY[version]}}}NoSuchNameException"

    async def test_have_codes_of_soap(self, store: EventStore) -> None:
        """
        What SOAP has a word for has that, and no exception of the standard's.
        """
        header = '<s:Header><x:a xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header>'

        code, exception, _ = await refused(store, envelope("<q:Poll/>", header=header))

        assert (code, exception) == ("MustUnderstand", None)

    async def test_can_be_written_whatever_was_captured(self, store: EventStore) -> None:
        """
        What XML has no character for is told, and does not break the fault that tells it.
        """
        fields = {"{https://ns.example.com/}a\u0001b": "5"}
        await report(store, observed(1, PACK, extensions=fields))

        code, exception, reason = await refused(store, poll())

        assert (code, exception) == ("Server", "ImplementationException")
        assert "a\ufffdb" in reason

    async def test_can_be_written_whatever_was_sent(self, store: EventStore) -> None:
        """
        What is repeated of a request is text, also where it looks like something else.
        """
        body = poll(query="&lt;/faultstring>&amp;]]&gt;")

        assert "</faultstring>" in (await refused(store, body))[2]


class TestSubscriptions:
    @holds("M18")
    async def test_are_all_named(self, store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        getSubscriptionIDs has those of one query, all of them, in the order of their creation.
        """
        monkeypatch.setattr(operations, "PER_PAGE_MAX", 2)
        await create_query(store, "mine", {"EQ_action": ["ADD"]}, now=NOW)
        for number in range(5):
            await asked(store, subscribing(subscription_id=f"S{number}"))
        await asked(store, subscribing(query="mine", subscription_id="other"))

        ids = texts_of(await asked(store, ids_of("SimpleEventQuery")), "string")

        assert ids == ["S0", "S1", "S2", "S3", "S4"]
        assert texts_of(await asked(store, ids_of("mine")), "string") == ["other"]
        assert texts_of(await asked(store, ids_of(MASTER_DATA)), "string") == []

    async def test_keep_what_they_were_asked_for(self, store: EventStore) -> None:
        """
        A subscription has the parameters, the schedule and the times that came with it.
        """
        body = subscribing(
            params=param("GE_quantity", "0.5", "xsd:double") + param("maxEventCount", "7"),
            controls="<schedule><second>0,30</second><hour>[1-5]</hour></schedule>"
            f"<initialRecordTime>2026-01-01T01:00:00+01:00</initialRecordTime>{REPORT}",
        )

        await asked(store, body)

        kept = (await subscription(store, "S1")).subscription
        assert (kept.query_name, kept.form) == ("SimpleEventQuery", "xml-1.2")
        assert kept.query == {"GE_quantity": 0.5, "maxEventCount": 7}
        assert kept.schedule == {"second": "0,30", "hour": "[1-5]"}
        assert kept.report_if_empty
        assert kept.initial_record_time == "2026-01-01T00:00:00.000Z"
