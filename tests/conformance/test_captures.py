"""What the conformance document asks of captures (branch 1)."""

from __future__ import annotations

import re
from itertools import count
from typing import Any

import pytest
from starlette.testclient import TestClient

from epcis_repo.bindings import RENDERERS, parse_document
from epcis_repo.model.times import parse_timestamp
from tests.conformance.rows import holds
from tests.conformance.sending import refuses, takes
from tests.rest.documents import CASE, CONTEXT, JSON, PALLET, UNIT, XML, document, event, packing
from tests.rest.serving import captured, events_of, problem

_numbers = count(1)
CLASS = "urn:epc:idpat:sgtin:030001.0012345.*"
LOT = "urn:epc:class:lgtin:030001.0012345.A1"
TAG = "urn:epc:tag:sgtin-96:3.030001.0012345.1"
GLN = "urn:epc:id:sgln:0300010.00001.0"
PO = [{"type": "po", "bizTransaction": "urn:x:po:1"}]
QUANTITY = [{"epcClass": CLASS, "quantity": 3}]


def own() -> dict[str, str]:
    """An eventID that no other test has."""
    return {"eventID": f"urn:x:{next(_numbers)}"}


ALL_FIELDS = {
    "bizStep": "shipping",
    "disposition": "in_transit",
    "readPoint": {"id": GLN},
    "bizLocation": {"id": "urn:epc:id:sgln:0300010.00002.0"},
    "bizTransactionList": PO,
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:0300010.00001"}],
    "destinationList": [{"type": "location", "destination": GLN}],
    "persistentDisposition": {"set": ["completeness_verified"], "unset": ["expired"]},
    "certificationInfo": "https://example.com/certificate/1",
    "sensorElementList": [
        {
            "sensorMetadata": {"time": "2026-01-01T00:00:00Z", "deviceID": "urn:epc:id:giai:1.2"},
            "sensorReport": [{"type": "Temperature", "value": 20, "uom": "CEL"}],
        }
    ],
}
ILMD = {"ilmd": {"cbvmda:lotNumber": "A1", "cbvmda:itemExpirationDate": "2030-01-01"}}
TYPES: dict[str, dict[str, Any]] = {
    "ObjectEvent": {"action": "ADD", "quantityList": QUANTITY, **ILMD},
    "AggregationEvent": {
        "epcList": None,
        "action": "ADD",
        "parentID": PALLET.format(1),
        "childEPCs": [CASE.format(1)],
        "childQuantityList": QUANTITY,
    },
    "TransactionEvent": {
        "action": "ADD",
        "parentID": PALLET.format(1),
        "quantityList": QUANTITY,
    },
    "TransformationEvent": {
        "action": None,
        "epcList": None,
        "inputEPCList": [UNIT.format(1)],
        "inputQuantityList": QUANTITY,
        "outputEPCList": [UNIT.format(2)],
        "outputQuantityList": QUANTITY,
        "transformationID": "urn:epc:id:gdti:0300010.00001.1",
        **ILMD,
    },
    "AssociationEvent": {
        "epcList": None,
        "action": "ADD",
        "parentID": "urn:epc:id:grai:0300010.00001.1",
        "childEPCs": [UNIT.format(1)],
        "childQuantityList": QUANTITY,
    },
}


def of_type(name: str, **members: Any) -> dict[str, Any]:
    """An event of a type with all fields."""
    return event(1, type=name, **{**own(), **ALL_FIELDS, **TYPES[name], **members})


class TestEvents:
    @holds("M1", "M17", "M38")
    @pytest.mark.parametrize("name", TYPES)
    def test_of_every_type_come_back_with_every_field(self, house: TestClient, name: str) -> None:
        """
        An event with all its fields is taken, and answered as it was, recordTime apart.
        """
        sent = of_type(name)

        [found] = takes(house, sent)

        del found["recordTime"]
        assert found == sent
        asked = {"eventType": name, "EQ_eventID": sent["eventID"]}
        assert len(events_of(house.get("/epcis/events", params=asked))) == 1

    @holds("M17")
    @pytest.mark.parametrize("name", TYPES)
    @pytest.mark.parametrize(
        "field",
        ["eventTime", "eventTimeZoneOffset", "action", "bizTransactionList"],
    )
    def test_without_what_they_must_have_are_refused(
        self, house: TestClient, name: str, field: str
    ) -> None:
        """
        What the type requires is there, or nothing of the document is taken.
        """
        if field == "bizTransactionList" and name != "TransactionEvent":
            return
        if field == "action" and name == "TransformationEvent":
            return

        assert refuses(house, of_type(name, **{field: None}))

    @holds("M3", "M38")
    def test_keep_what_others_have_added(self, house: TestClient) -> None:
        """
        Extensions of any kind come back as they were, and events are found by them.
        """
        added = {"ex:text": "a b", "ex:number": 1.25, "ex:nested": {"ex:inner": [1, "two"]}}
        sent = event(1, **own(), **added)
        body = document(sent).replace(b'jsonld"]', b'jsonld", {"ex": "https://ex.com/"}]')
        captured(house, body)

        headers = {"GS1-Extensions": "ex=https://ex.com/"}
        for asked in (
            {"EQ_ex:text": "a b"},
            {"EQ_ex:number": "1.25"},
            {"EQ_INNER_ex:inner": "two"},
        ):
            answer = house.get("/epcis/events", params=asked, headers=headers)
            [found] = events_of(answer)
            assert {name: found[name] for name in added} == added
            assert {"ex": "https://ex.com/"} in answer.json()["@context"]

    @holds("M5", "M6", "R13")
    def test_have_the_record_time_of_the_repository(self, house: TestClient) -> None:
        """
        What a sender says of recordTime is ignored; every answer has when it was recorded.
        """
        before = parse_timestamp("2026-06-01T00:00:00Z").microseconds
        sent = [
            event(1, recordTime="2006-11-29T18:00:00Z", **own()),
            packing(PALLET.format(1), UNIT.format(1), **own()),
        ]

        found = takes(house, *sent)

        recorded = {parse_timestamp(e["recordTime"]).microseconds for e in found}
        assert len(recorded) == 1
        assert min(recorded) > before
        by_time = {"GE_recordTime": found[0]["recordTime"], "perPage": "1000"}
        ids = {e["eventID"] for e in events_of(house.get("/epcis/events", params=by_time))}
        assert {e["eventID"] for e in sent} <= ids
        paths = (
            f"/epcis/events/{sent[0]['eventID']}",
            f"/epcis/epcs/{UNIT.format(1)}/events?perPage=1000",
            "/epcis/eventTypes/ObjectEvent/events?perPage=1000",
        )
        for path in paths:
            assert all("recordTime" in e for e in events_of(house.get(path)))

    @holds("M7")
    @pytest.mark.parametrize("offset", ["+05:30", "-08:00", "+14:00", "-14:00", "+00:00"])
    def test_keep_their_offset(self, house: TestClient, offset: str) -> None:
        """
        The offset comes back letter by letter, in JSON and in XML.
        """
        sent = event(1, eventTimeZoneOffset=offset, **own())

        [found] = takes(house, sent)

        assert found["eventTimeZoneOffset"] == offset
        answer = house.get(f"/epcis/events/{sent['eventID']}", headers={"Accept": XML})
        [parsed] = parse_document(answer.content, XML).events or ()
        assert parsed.event_time_zone_offset == offset

    @holds("M7")
    @pytest.mark.parametrize(
        "offset", ["+14:30", "5:30", "Z", "+1:00", "+0530", "+05:60", "", "UTC", None]
    )
    def test_with_another_offset_are_refused(self, house: TestClient, offset: str | None) -> None:
        """
        What is no offset of a time zone is not taken, and no offset is none either.
        """
        assert refuses(house, event(1, eventTimeZoneOffset=offset, **own()))

    @holds("M52")
    def test_have_times_with_a_zone(self, house: TestClient) -> None:
        """
        A time without a zone is refused, and one with another means the same moment.
        """
        assert refuses(house, event(1, eventTime="2026-01-01T00:00:00", **own()))
        declared = {"declarationTime": "2026-01-01T00:00:00", "reason": "incorrect_data"}
        assert refuses(house, event(1, errorDeclaration=declared, **own()))

        [found] = takes(house, event(1, eventTime="2026-05-01T02:00:00+02:00", **own()))

        asked = {"GE_eventTime": "2026-05-01T00:00:00Z", "LT_eventTime": "2026-05-01T00:00:01Z"}
        [again] = events_of(house.get("/epcis/events", params=asked))
        assert again == found

    @holds("M53")
    @pytest.mark.parametrize(
        ("field", "content"),
        [
            ("bizStep", ""),
            ("disposition", " "),
            ("parentID", ""),
            ("eventID", ""),
            ("readPoint", ""),
            ("readPoint", "<id></id>"),
            ("bizLocation", "<id/>"),
            ("sourceList", '<source type="urn:epcglobal:cbv:sdt:owning_party"></source>'),
            ("destinationList", '<destination type="urn:epcglobal:cbv:sdt:location"/>'),
        ],
    )
    def test_with_an_empty_text_are_as_without(
        self, house: TestClient, field: str, content: str
    ) -> None:
        """
        In XML an empty text is no text: the event is the one that lacks the field.
        """
        parent = {"parentID": PALLET.format(1), "bizTransactionList": PO}
        sent = event(next(_numbers), type="TransactionEvent", **ALL_FIELDS | parent | own())
        body = RENDERERS["xml-2.0"](parse_document(document(sent), JSON))
        tag = field.encode()
        whole = re.compile(rb"<%b>.*?</%b>" % (tag, tag))
        assert whole.search(body)
        emptied = whole.sub(b"<%b>%b</%b>" % (tag, content.encode(), tag), body)
        lacking = whole.sub(b"", body)
        if field != "eventID":
            lacking = lacking.replace(sent["eventID"].encode(), own()["eventID"].encode())

        captured(house, emptied, XML)
        captured(house, lacking, XML)

        asked = {"GE_eventTime": sent["eventTime"], "EQ_bizTransaction_po": "urn:x:po:1"}
        found = events_of(house.get("/epcis/events?perPage=1000", params=asked))
        one, other = found[-2:]
        for value in (one, other):
            del value["recordTime"], value["eventID"]
        assert one == other
        assert field not in one

    @holds("M53", "M102")
    @pytest.mark.parametrize("action", ["ADD", "OBSERVE", "DELETE"])
    def test_with_an_empty_epc_are_refused(self, house: TestClient, action: str) -> None:
        """
        In XML, too, an entry that names nothing is no EPC: without it a DELETE would be of all.
        """
        sent = packing(PALLET.format(1), UNIT.format(1), action=action, **own())
        body = RENDERERS["xml-2.0"](parse_document(document(sent), JSON))
        emptied = re.sub(rb"<epc>.*?</epc>", b"<epc/>", body)
        assert emptied != body

        answer = house.post("/epcis/capture", content=emptied, headers={"Content-Type": XML})

        problem(answer, 400, "ValidationException")
        asked = {"EQ_eventID": sent["eventID"]}
        assert events_of(house.get("/epcis/events", params=asked)) == []

    @holds("M53")
    def test_with_an_empty_transaction_are_as_without_it(self, house: TestClient) -> None:
        """
        A business transaction without a text is none, and an event that must have one is refused.
        """
        sent = event(1, type="TransactionEvent", bizTransactionList=PO, **own())
        body = RENDERERS["xml-2.0"](parse_document(document(sent), JSON))
        empty = b"<bizTransactionList><bizTransaction/>"
        more, alone = (
            body.replace(b"<bizTransactionList>", empty),
            re.sub(rb"<bizTransactionList>.*</bizTransaction>", empty, body),
        )

        answer = house.post("/epcis/capture", content=alone, headers={"Content-Type": XML})
        captured(house, more, XML)

        assert "bizTransactionList" in problem(answer, 400, "ValidationException")["detail"]
        [found] = events_of(house.get("/epcis/events", params={"EQ_eventID": sent["eventID"]}))
        assert found["bizTransactionList"] == PO


class TestIdentifiers:
    @holds("M10", "M14", "M102", "M103")
    @pytest.mark.parametrize("bad", [TAG, CLASS, "urn:epc:id:sgtin:030001.1"])
    @pytest.mark.parametrize("action", ["ADD", "OBSERVE", "DELETE"])
    def test_are_pure_identities(self, house: TestClient, bad: str, action: str) -> None:
        """
        A tag, a pattern or half an EPC is no thing: neither as an object, nor as a child or parent.
        """
        transaction = {"type": "TransactionEvent", "bizTransactionList": PO, "action": action}

        assert refuses(house, event(1, epcList=[bad], action=action, **own()))
        assert refuses(house, packing(PALLET.format(1), bad, action=action, **own()))
        assert refuses(house, packing(bad, UNIT.format(1), action=action, **own()))
        assert refuses(house, event(1, **transaction, epcList=[bad], **own()))
        assert refuses(house, event(1, **transaction, parentID=bad, **own()))

    @holds("M102")
    @pytest.mark.parametrize("bad", ["not a uri", "", "12345", "urn:", "http://[bad"])
    @pytest.mark.parametrize("action", ["ADD", "OBSERVE", "DELETE"])
    def test_are_uris(self, house: TestClient, bad: str, action: str) -> None:
        """
        What is no URI is no EPC.
        """
        transaction = {"type": "TransactionEvent", "bizTransactionList": PO, "action": action}

        assert refuses(house, event(1, epcList=[bad], action=action, **own()))
        assert refuses(house, packing(PALLET.format(1), bad, action=action, **own()))
        assert refuses(house, event(1, **transaction, epcList=[bad], **own()))


class TestWhat:
    @holds("M13")
    def test_of_an_aggregation_has_a_parent(self, house: TestClient) -> None:
        """
        Whoever adds or removes says to what; who only observes need not.
        """
        for action in ("ADD", "DELETE"):
            assert refuses(
                house, packing("", UNIT.format(1), parentID=None, action=action, **own())
            )
            takes(house, packing(PALLET.format(2), UNIT.format(1), action=action, **own()))
        takes(house, packing("", UNIT.format(1), parentID=None, action="OBSERVE", **own()))

    @holds("M113")
    def test_of_an_aggregation_has_children(self, house: TestClient) -> None:
        """
        Whoever adds or observes says what; who empties the parent need not.
        """
        for action in ("ADD", "OBSERVE"):
            assert refuses(house, packing(PALLET.format(3), childEPCs=None, action=action, **own()))
        takes(house, packing(PALLET.format(3), childEPCs=None, action="DELETE", **own()))

    @holds("M114")
    def test_of_a_transaction_has_objects(self, house: TestClient) -> None:
        """
        Whoever adds or observes says what; who ends the transaction for all need not.
        """
        transaction = {"type": "TransactionEvent", "bizTransactionList": PO, "epcList": None}
        for action in ("ADD", "OBSERVE"):
            assert refuses(house, event(1, **transaction, action=action, **own()))
            takes(house, event(1, **transaction, action=action, quantityList=QUANTITY, **own()))
        takes(house, event(1, **transaction, action="DELETE", **own()))

    @holds("M115", "M116")
    def test_of_a_transformation_has_both_ends(self, house: TestClient) -> None:
        """
        Inputs and outputs, or an ID by which the other end is found.
        """
        ends = {"inputEPCList": [UNIT.format(1)], "outputQuantityList": QUANTITY}
        whole = {"type": "TransformationEvent", "action": None, "epcList": None, **ends}
        takes(house, event(1, **whole, **own()))
        for end in ends:
            assert refuses(house, event(1, **{**whole, end: None}, **own()))
            takes(house, event(1, **{**whole, end: None}, transformationID="urn:x:t:1", **own()))
        nothing = {**whole, **dict.fromkeys(ends)}
        assert refuses(house, event(1, **nothing, transformationID="urn:x:t:1", **own()))

    @holds("M112")
    def test_has_ilmd_where_it_begins(self, house: TestClient) -> None:
        """
        Master data of a lot comes with what is commissioned or made, and with nothing else.
        """
        for action in ("OBSERVE", "DELETE"):
            assert refuses(house, event(1, action=action, **ILMD, **own()))
        [found] = takes(house, event(1, action="ADD", **ILMD, **own()))
        assert found["ilmd"] == ILMD["ilmd"]


class TestQuantities:
    @holds("M104", "M105", "M106", "M107", "M108", "M109")
    @pytest.mark.parametrize(
        "quantity",
        [
            pytest.param({"uom": "KGM"}, id="a unit without a quantity"),
            pytest.param({"quantity": 1.5}, id="a part of a thing"),
            pytest.param({"quantity": 0}, id="nothing"),
            pytest.param({"quantity": -1}, id="less than nothing"),
            pytest.param({"quantity": 0, "uom": "KGM"}, id="no weight"),
            pytest.param({"quantity": -0.5, "uom": "KGM"}, id="a negative weight"),
            pytest.param({"quantity": 1, "uom": "KILO"}, id="no common code"),
            pytest.param({"quantity": 1, "uom": "CEL"}, id="a temperature"),
        ],
    )
    def test_that_cannot_be_are_refused(self, house: TestClient, quantity: dict[str, Any]) -> None:
        """
        A number of things is whole and positive, a measure is positive and in a unit of amount.
        """
        listed = [{"epcClass": CLASS, **quantity}]

        assert refuses(house, event(1, epcList=None, quantityList=listed, **own()))
        assert refuses(
            house,
            packing(PALLET.format(1), childEPCs=None, childQuantityList=listed, **own()),
        )

    @holds("M104", "M105", "M106", "M110", "M111")
    @pytest.mark.parametrize(
        "quantity",
        [
            {"epcClass": CLASS},
            {"epcClass": CLASS, "quantity": 200},
            {"epcClass": LOT, "quantity": 0.5, "uom": "KGM"},
            {"epcClass": LOT, "quantity": 2, "uom": "MTR"},
        ],
    )
    def test_that_can_be_come_back(self, house: TestClient, quantity: dict[str, Any]) -> None:
        """
        Classes, by GTIN or by lot, with a number, a measure, or neither.
        """
        [found] = takes(house, event(1, epcList=None, quantityList=[quantity], **own()))

        assert found["quantityList"] == [quantity]

    @holds("M110", "M111")
    @pytest.mark.parametrize(
        "bad", ["urn:epc:idpat:sgtin:030001.*.*", "urn:epc:class:lgtin:030001.0012345", TAG]
    )
    def test_are_of_a_class(self, house: TestClient, bad: str) -> None:
        """
        What names no product, and no lot of one, has no quantity.
        """
        listed = [{"epcClass": bad, "quantity": 1}]

        assert refuses(house, event(1, epcList=None, quantityList=listed, **own()))


class TestSensors:
    @holds("M121")
    def test_report_something(self, house: TestClient) -> None:
        """
        An element without a report says nothing.
        """
        elements: list[dict[str, Any]] = [
            {"sensorReport": []},
            {"sensorMetadata": {"deviceID": "urn:x:1"}},
        ]
        for element in elements:
            assert refuses(house, event(1, sensorElementList=[element], **own()))

    @holds("M122")
    def test_have_measured_before(self, house: TestClient) -> None:
        """
        A time of a measurement has a zone; one after the event is told by `validate`.
        """
        report = [{"type": "Temperature", "value": 20, "uom": "CEL"}]

        def element(time: str) -> dict[str, Any]:
            return {"sensorMetadata": {"time": time}, "sensorReport": report}

        assert refuses(house, event(1, sensorElementList=[element("2026-01-01T00:00:00")], **own()))
        takes(house, event(1, sensorElementList=[element("2025-12-31T00:00:00Z")], **own()))
        rules = {rule["rule"]: rule for rule in house.get("/rules").json()["rules"]}
        assert rules["sensor-time"]["severity"] == "warning"


OWN_NAMESPACES = ["https://example.com/ns/", "urn:example:ns", "urn:oid:1.2.3.4"]


class TestExtensions:
    @holds("M49")
    @pytest.mark.parametrize("namespace", OWN_NAMESPACES)
    def test_have_a_namespace_of_their_own(self, house: TestClient, namespace: str) -> None:
        """
        A URL, a URN or an OID is one, in JSON and in XML.
        """
        sent = event(1, **own(), **{"ex:field": "x"})
        body = document(sent).replace(b'jsonld"]', f'jsonld", {{"ex": "{namespace}"}}]'.encode())
        captured(house, body)

        answer = house.get(f"/epcis/events/{sent['eventID']}", headers={"Accept": XML})
        again = answer.content.replace(sent["eventID"].encode(), own()["eventID"].encode())
        captured(house, again, XML)

        headers = {"GS1-Extensions": f"mine={namespace}"}
        asked = {"EQ_mine:field": "x"}
        assert len(events_of(house.get("/epcis/events", params=asked, headers=headers))) == 2

    @holds("M49")
    def test_without_one_are_refused(self, house: TestClient) -> None:
        """
        A prefix that nobody declared, and a name in a namespace of the standard's, are none.
        """
        assert refuses(house, event(1, **own(), **{"nobody:field": "x"}))
        known = parse_document(document(event(1, **own())), JSON)
        body = RENDERERS["xml-2.0"](known)
        for name in ("epcis:field", "nobody:field"):
            bad = body.replace(b"</action>", f"</action><{name}>x</{name}>".encode())
            assert bad != body
            answer = house.post("/epcis/capture", content=bad, headers={"Content-Type": XML})
            problem(answer, 400, "ValidationException")

    @holds("M119")
    def test_of_the_standard_itself_have_none(self) -> None:
        """
        What versions 1.1 and 1.2 added stands in `extension`, without a namespace.
        """
        known = parse_document(document(of_type("ObjectEvent", **WITHOUT_2_0)), JSON)

        body = RENDERERS["xml-1.2"](known)

        assert b"<extension>" in body
        assert b"<quantityList>" in body
        assert b"<sourceList>" in body


WITHOUT_2_0 = dict.fromkeys(("persistentDisposition", "certificationInfo", "sensorElementList"))


class TestHeader:
    @holds("M50", "M51")
    def test_has_what_the_standard_fixes(self) -> None:
        """
        A header that is made has its fixed values and every required field.
        """
        value = {"sender": GLN, "receiver": "urn:epc:id:sgln:0300010.00002.0"}
        body = document(event(1, **own())).replace(
            b'"type": "EPCISDocument",',
            b'"type": "EPCISDocument", "sender": "%b", "receiver": "%b",'
            b'"instanceIdentifier": "123",'
            % (value["sender"].encode(), value["receiver"].encode()),
        )

        written = RENDERERS["xml-2.0"](parse_document(body, JSON)).decode()

        for name, text in {
            "HeaderVersion": "1.0",
            "Standard": "EPCglobal",
            "TypeVersion": "1.0",
            "InstanceIdentifier": "123",
            "Type": "Events",
            "CreationDateAndTime": "2026-01-01T00:00:00Z",
        }.items():
            assert f":{name}>{text}</" in written
        assert written.count(":Identifier") >= 4


def with_master_data(identifier: str, *, children: str = "", attribute: str = "Ours") -> bytes:
    """A document of EPCIS 1.2 with a location in its header."""
    return f"""<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:1" schemaVersion="1.2"
 creationDate="2026-01-01T00:00:00Z"><EPCISHeader>
<sbdh:StandardBusinessDocumentHeader
 xmlns:sbdh="http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader">
<sbdh:HeaderVersion>1.0</sbdh:HeaderVersion><sbdh:Sender><sbdh:Identifier>{GLN}</sbdh:Identifier>
</sbdh:Sender><sbdh:Receiver><sbdh:Identifier>{GLN}</sbdh:Identifier></sbdh:Receiver>
<sbdh:DocumentIdentification><sbdh:Standard>EPCglobal</sbdh:Standard>
<sbdh:TypeVersion>1.0</sbdh:TypeVersion><sbdh:InstanceIdentifier>1</sbdh:InstanceIdentifier>
<sbdh:Type>Events</sbdh:Type>
<sbdh:CreationDateAndTime>2026-01-01T00:00:00Z</sbdh:CreationDateAndTime>
</sbdh:DocumentIdentification></sbdh:StandardBusinessDocumentHeader>
<extension><EPCISMasterData><VocabularyList>
<Vocabulary type="urn:epcglobal:epcis:vtype:BusinessLocation"><VocabularyElementList>
<VocabularyElement id="{identifier}">
<attribute id="urn:epcglobal:cbv:mda:name">{attribute}</attribute>{children}
</VocabularyElement></VocabularyElementList></Vocabulary></VocabularyList></EPCISMasterData>
</extension></EPCISHeader><EPCISBody><EventList/></EPCISBody></epcis:EPCISDocument>""".encode()


class TestMasterData:
    @holds("M54")
    def test_is_of_a_time_with_a_zone(self, house: TestClient) -> None:
        """
        A document whose time has no zone is not of any time.
        """
        body = with_master_data(GLN).replace(b"00:00:00Z", b"00:00:00")

        answer = house.post("/epcis/capture", content=body, headers={"Content-Type": XML})

        problem(answer, 400, "ValidationException")

    @holds("M56")
    def test_with_an_empty_list_of_children_has_none(self, house: TestClient) -> None:
        """
        An empty list of children says the same as none.
        """
        name = "urn:epc:id:sgln:0300010.00010.0"
        captured(house, with_master_data(name), XML)
        before = house.get(f"/masterdata/{name}").json()

        captured(house, with_master_data(name, children="<children/>"), XML)

        # Who repeats himself adds nothing.
        assert house.get(f"/masterdata/{name}").json() == before
        assert before["children"] == []

    @holds("M55")
    def test_with_an_empty_text_says_nothing(self, house: TestClient) -> None:
        """
        An attribute without a value is no attribute.
        """
        name = "urn:epc:id:sgln:0300010.00020.0"
        captured(house, with_master_data(name, attribute=""), XML)

        answer = house.get(f"/masterdata/{name}")

        assert "cbv:mda:name" not in answer.text


class TestHttp:
    @holds("M60", "M63", "R3")
    @pytest.mark.parametrize("count", [1, 10])
    def test_takes_documents(self, house: TestClient, count: int) -> None:
        """
        A document is posted to a URL, and its job says that all of it was captured.
        """
        body = document(*(event(n, **own()) for n in range(count)))

        answer = house.post("/epcis/capture", content=body, headers={"Content-Type": JSON})

        assert answer.status_code == 202
        job = house.get(answer.headers["Location"]).json()
        assert (job["running"], job["success"], job["recorded"]) == (False, True, count)

    @holds("M63")
    def test_takes_answers_of_queries(self, house: TestClient) -> None:
        """
        What one repository answers another takes.
        """
        sent = event(1, **own())
        captured(house, document(sent))
        body = house.get("/epcis/events", params={"EQ_eventID": sent["eventID"]}).content

        again = house.post("/epcis/capture", content=body, headers={"Content-Type": JSON})

        assert CONTEXT.encode() in body
        assert again.status_code == 202

    @holds("M63", "R4")
    def test_takes_all_or_nothing(self, house: TestClient) -> None:
        """
        Nine good events and a bad one are none.
        """
        good = [event(n, **own()) for n in range(9)]

        assert refuses(house, *good, event(10, action="LOOK", **own()))
