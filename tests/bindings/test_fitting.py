"""What XML has no place for is told, each part by itself, and the rest can be written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from epcis_repo.bindings.formats import FORMATS
from epcis_repo.bindings.xml import parse_xml_document
from epcis_repo.bindings.xml.fitting import fit_event, fit_frame
from epcis_repo.bindings.xml.writing import XmlWriter
from epcis_repo.errors import InputError
from epcis_repo.model.documents import Document, QueryResults, Vocabulary, VocabularyElement
from epcis_repo.model.events import (
    AssociationEvent,
    BizTransaction,
    Event,
    ObjectEvent,
    PersistentDisposition,
    Place,
    SensorElement,
    SensorMetadata,
    SensorReport,
)
from epcis_repo.model.times import parse_timestamp
from tests.model.strategies import documents, events

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
quick = settings(max_examples=40, deadline=None, suppress_health_check=SLOW)

TIME = parse_timestamp("2026-01-31T12:00:00Z")
GOOD = ObjectEvent(
    event_time=TIME,
    event_time_zone_offset="+00:00",
    action="ADD",
    epc_list=("urn:example:obj:1", "urn:example:obj:2"),
    extensions={"{urn:x}good": "1"},
)
REPORT = SensorReport(type="Temperature", extensions={"{urn:x}good": "1"})
ENDED = "urn:example:obj:\x07"
NAME = "bad name"

# What an event says beside the good, what is lost of it in a version, and what is left.
LOSSES = [
    pytest.param(
        {"sensor_element_list": (SensorElement(sensor_report=(REPORT,)),)},
        "1.2",
        ["sensorElementList"],
        {},
        id="sensor data in 1.2",
    ),
    pytest.param(
        {"persistent_disposition": PersistentDisposition(set=("damaged",))},
        "1.2",
        ["persistentDisposition"],
        {},
        id="persistentDisposition in 1.2",
    ),
    pytest.param(
        {"certification_info": "urn:x:1"}, "1.2", ["certificationInfo"], {}, id="certificate in 1.2"
    ),
    pytest.param(
        {"certification_info": ("urn:x:1", "urn:x:2")},
        "2.0",
        ["certificationInfo"],
        {"certification_info": ("urn:x:1",)},
        id="two certificates",
    ),
    pytest.param(
        {"extensions": {"{urn:x}good": "1", NAME: 1}}, "2.0", [NAME], {}, id="name of an extension"
    ),
    pytest.param(
        {"extensions": {"{urn:x}good": "1", "plain": 1}},
        "2.0",
        ["plain"],
        {},
        id="extension without a namespace",
    ),
    pytest.param(
        {"extensions": {"{urn:x}good": "1", "{urn:x}a": {"{urn:x}b": "\x07"}}},
        "2.0",
        ["{urn:x}a"],
        {},
        id="control character deep in an extension",
    ),
    pytest.param(
        {"read_point": Place(id="urn:x:1", extensions={"plain": 1, "{urn:x}a": "2"})},
        "2.0",
        ["readPoint/plain"],
        {"read_point": Place(id="urn:x:1", extensions={"{urn:x}a": "2"})},
        id="extension of a place",
    ),
    pytest.param(
        {"biz_location": Place(id=ENDED)}, "2.0", ["bizLocation"], {}, id="place without a name"
    ),
    pytest.param(
        {"epc_list": ("urn:example:obj:1", ENDED, "urn:example:obj:2")},
        "2.0",
        ["epcList/2"],
        {},
        id="one EPC of three",
    ),
    pytest.param(
        {
            "biz_transaction_list": (
                BizTransaction(biz_transaction="urn:x:1", extensions={"{urn:x}a": {"b": "c"}}),
                BizTransaction(biz_transaction="urn:x:2"),
            )
        },
        "2.0",
        ["bizTransactionList/1/{urn:x}a"],
        {
            "biz_transaction_list": (
                BizTransaction(biz_transaction="urn:x:1"),
                BizTransaction(biz_transaction="urn:x:2"),
            )
        },
        id="an attribute with members",
    ),
    pytest.param(
        {
            "sensor_element_list": (
                SensorElement(
                    sensor_metadata=SensorMetadata(device_id="d", extensions={"plain": 1}),
                    sensor_report=(REPORT, replace(REPORT, extensions={"{urn:x}a": [1, 2]})),
                ),
            )
        },
        "2.0",
        ["sensorElementList/1/plain", "sensorElementList/1/{urn:x}a"],
        {
            "sensor_element_list": (
                SensorElement(
                    sensor_metadata=SensorMetadata(device_id="d"),
                    sensor_report=(REPORT, SensorReport(type="Temperature")),
                ),
            )
        },
        id="extensions of sensor data",
    ),
    pytest.param(
        {"ilmd": {"{urn:x}lot": "1", "#text": "loose", "extension": "2"}},
        "2.0",
        ["ilmd/#text", "ilmd/extension"],
        {"ilmd": {"{urn:x}lot": "1"}},
        id="master data that XML would read in another way",
    ),
]


class TestFitEvent:
    @pytest.mark.parametrize(("said", "version", "lost", "left"), LOSSES)
    def test_loses_what_has_no_place_and_nothing_else(
        self, said: dict[str, Any], version: str, lost: list[str], left: dict[str, Any]
    ) -> None:
        """
        Each part that is lost is named with the way to it; all else is written and read again.
        """
        event = replace(GOOD, **said)
        with pytest.raises(InputError):
            XmlWriter({}, version).event(event)

        fit, remarks = fit_event(event, version)

        assert [remark.field for remark in remarks] == lost
        assert all(remark.text for remark in remarks)
        assert fit == replace(GOOD, **left)
        body = FORMATS[f"xml-{version}"].writer({}).whole(Document(events=(fit,)))
        [again] = parse_xml_document(body).events or ()
        assert again.extensions == fit.extensions

    def test_has_no_form_for_an_association_in_1_2(self) -> None:
        """
        An event of a type that a version has not is lost as a whole.
        """
        event = AssociationEvent(
            event_time=TIME, event_time_zone_offset="+00:00", action="ADD", parent_id="urn:x:1"
        )

        fit, [remark] = fit_event(event, "1.2")

        assert fit is None
        assert str(remark) == "AssociationEvent: EPCIS 1.2 XML has no such event"

    def test_leaves_no_event_that_is_about_nothing(self) -> None:
        """
        What says only what sensors saw says nothing in version 1.2, and does not pretend to.
        """
        event = replace(
            GOOD, epc_list=None, sensor_element_list=(SensorElement(sensor_report=(REPORT,)),)
        )

        fit, remarks = fit_event(event, "1.2")

        assert fit is None
        assert [remark.field for remark in remarks] == ["sensorElementList", "ObjectEvent"]

    @pytest.mark.parametrize("version", ["1.2", "2.0"])
    @quick
    @given(event=events())
    def test_always_leaves_what_can_be_written(self, version: str, event: Event) -> None:
        """
        Whatever JSON says, the rest can be written; where nothing is lost, the rest is all.
        """
        fit, lost = fit_event(event, version)

        assert bool(lost) == (fit != event)
        if fit is not None:
            XmlWriter({}, version).event(fit)


class TestFitFrame:
    @pytest.mark.parametrize(
        ("document", "lost"),
        [
            pytest.param(Document(sender="me"), ["sender"], id="sender without receiver"),
            pytest.param(Document(extensions={NAME: 1, "{urn:x}a": 1}), [NAME], id="extension"),
            pytest.param(
                Document(header_extensions={"plain": 1}), ["epcisHeader/plain"], id="header"
            ),
            pytest.param(Document(body_extensions={"plain": 1}), ["epcisBody/plain"], id="body"),
            pytest.param(Document(id="\x07"), ["id"], id="id"),
            pytest.param(
                Document(query_results=QueryResults(query_name="q", extensions={"plain": 1})),
                ["epcisBody/queryResults/plain"],
                id="query results",
            ),
            pytest.param(
                Document(
                    vocabularies=(
                        Vocabulary(
                            type="urn:x",
                            elements=(VocabularyElement(id="urn:y", extensions={"plain": 1}),),
                        ),
                    )
                ),
                ["epcisHeader/epcisMasterData/1/plain"],
                id="master data",
            ),
        ],
    )
    def test_loses_what_has_no_place_around_the_events(
        self, document: Document, lost: list[str]
    ) -> None:
        """
        What is around the events is looked at part by part, too.
        """
        fit, remarks = fit_frame(document, "2.0")

        assert [remark.field for remark in remarks] == lost
        XmlWriter({}, "2.0").around(fit)

    @quick
    @given(document=documents())
    def test_always_leaves_what_can_be_written(self, document: Document) -> None:
        """
        Whatever stands around the events in JSON, the rest of it can be written.
        """
        fit, _ = fit_frame(document, "2.0")

        XmlWriter({}, "2.0").around(fit)


@quick
@given(document=documents())
def test_json_has_a_place_for_everything(document: Document) -> None:
    """
    Nothing that the model has is lost in JSON.
    """
    form = FORMATS["json-ld"]

    assert form.fit_frame(document) == (document, [])
    for event in document.events or ():
        assert form.fit_event(event) == (event, [])
