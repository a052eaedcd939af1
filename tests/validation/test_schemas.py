"""The schemas themselves: whole, of one's own, in the package, and asked about every event."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from threading import Thread
from typing import Any

import jsonschema
import pytest
import xmlschema
from lxml import etree

from epcis_repo.bindings import JSON_LD, READERS, XML, read_events
from epcis_repo.bindings.jsonld.schema import is_valid
from epcis_repo.bindings.schemas import schema_path
from epcis_repo.bindings.xml.schema import known_message
from epcis_repo.errors import ValidationError, Violation
from epcis_repo.model.documents import FoundEvent
from epcis_repo.model.events import ObjectEvent
from epcis_repo.model.times import parse_timestamp
from epcis_repo.validation import CATALOGUE, examine, judged, validate
from tests.validation.judges import our_json, violations_of
from tests.validation.schema_differences import SOUND

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "schemas" / "epcis"
XSDS = sorted(FOLDER.glob("*.xsd"))
# What has no namespace gets one from who includes it.
WHOLE_XSDS = [path for path in XSDS if path.name != "parts.xsd"]
EVENT = "/EPCISDocument/EPCISBody/EventList/ObjectEvent[1]"
JSON_EVENT = "/epcisBody/eventList/0"


class TestFiles:
    @pytest.mark.parametrize("path", WHOLE_XSDS, ids=lambda path: path.name)
    def test_are_schemas_to_two_validators(self, path: Path) -> None:
        """
        Both compile each XML Schema, and read nothing but files for it.
        """
        etree.XMLSchema(etree.parse(path, etree.XMLParser(no_network=True)))
        xmlschema.XMLSchema(str(path), allow="local")

    @pytest.mark.parametrize("path", XSDS, ids=lambda path: path.name)
    def test_name_only_each_other(self, path: Path) -> None:
        """
        A schema takes others by the name of a file beside it.
        """
        named = [text for element in etree.parse(path).iter() for name, text in element.items()
                 if name == "schemaLocation"]  # fmt: skip

        assert all((FOLDER / str(text)).exists() for text in named)

    def test_in_json_is_a_schema(self) -> None:
        """
        The JSON Schema is one, refers to itself alone, and says of each part what it is.
        """
        schema = our_json()

        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema["$id"].startswith("urn:")
        assert all(ref.startswith("#/$defs/") for ref in _references(schema))
        assert {ref.removeprefix("#/$defs/") for ref in _references(schema)} == set(schema["$defs"])
        assert all(part.get("title") for part in schema["$defs"].values())

    def test_travel_in_the_wheel(self, tmp_path: Path) -> None:
        """
        What is installed has every schema, and finds it where it is looked for.
        """
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        [wheel] = tmp_path.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(tmp_path / "installed")

        ours = sorted(FOLDER.iterdir())
        asked = "import sys; from epcis_repo.bindings.schemas import schema_path as where\n"
        asked += "for name in sys.argv[1:]: print(where(name))"
        found = subprocess.run(
            [sys.executable, "-c", asked, *(path.name for path in ours)],
            cwd=tmp_path / "installed",
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        assert len(found) == len(ours)
        for path, installed in zip(ours, map(Path, found), strict=True):
            assert installed.is_relative_to((tmp_path / "installed").resolve())
            assert installed.read_bytes() == path.read_bytes()

    def test_that_are_not_there_are_named(self) -> None:
        """
        Who asks for another is told which one is missing.
        """
        with pytest.raises(FileNotFoundError, match=r"epcis-3\.0\.xsd"):
            schema_path("epcis-3.0.xsd")


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(ref := schema.get("$ref"), str):
            yield ref
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def changed(format_: str, old: str, new: str) -> bytes:
    assert old in SOUND[format_]
    return SOUND[format_].replace(old, new, 1).encode()


def media_type(format_: str) -> str:
    return JSON_LD if format_.startswith("json") else XML


_READ_POINT = "<readPoint><id>urn:epc:id:sgln:030001.111111.0</id></readPoint>"
_TRANSFORMATION = """<TransformationEvent><eventTime>2026-01-31T12:00:00Z</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><inputEPCList><epc>urn:x:y</epc></inputEPCList>
<outputEPCList><epc>urn:x:z</epc></outputEPCList></TransformationEvent>"""

# What a schema alone sees: format, what is changed, and what must be said of it.
FAULTS = {
    "an element too late": (
        "2.0", f"<action>ADD</action>{_READ_POINT}", f"{_READ_POINT}<action>ADD</action>",
        f"{EVENT}/readPoint", "element-order", "action here", "<readPoint>",
    ),
    "a list that 1.2 requires": (
        "1.2", "<epcList><epc>urn:epc:id:sgtin:030001.0012345.1</epc></epcList><action>OBSERVE",
        "<action>ADD", f"{EVENT}/action", "element-order", "epcList", "<action>",
    ),
    "a field of 2.0 in 1.2": (
        "1.2", "<action>OBSERVE</action>", "<action>OBSERVE</action><quantityList/>",
        f"{EVENT}/quantityList", "element-order", "extension", "<quantityList>",
    ),
    "a field outside its wrapper": (
        "1.2", "</eventTimeZoneOffset>", "</eventTimeZoneOffset><eventID>urn:x:y</eventID>",
        f"{EVENT}/eventID", "element-order", "baseExtension", "<eventID>",
    ),
    "a type outside its wrapper": (
        "1.2", "</ObjectEvent><extension>", f"</ObjectEvent>{_TRANSFORMATION}<extension>",
        "/EPCISDocument/EPCISBody/EventList/TransformationEvent[1]", "element-order",
        "an event of a type that may stand here", "<TransformationEvent>",
    ),
    "an attribute of a list": (
        "2.0", "<epcList>", '<epcList ex:count="1">',
        f"{EVENT}/epcList/@{{https://ns.example.com/epcis/}}count", "unknown-attribute", "EPCIS",
        "count",
    ),
    "text in a report": (
        "2.0", ' value="4.5"/>', ' value="4.5">warm</sensorReport>',
        f"{EVENT}/sensorElementList/sensorElement/sensorReport", "schema", "attributes alone",
        "warm",
    ),
    "text between elements": (
        "2.0", "<action>", "and<action>", EVENT, "schema", "elements alone", "text",
    ),
    "a wrapper with no event in it": (
        "1.2", "</EventList>", "<extension/></EventList>",
        "/EPCISDocument/EPCISBody/EventList/extension[2]", "event-type", "ObjectEvent", "extension",
    ),
    "text between events": (
        "2.0", "</EventList>", "end</EventList>", "/EPCISDocument/EPCISBody/EventList", "schema",
        "elements alone", "text",
    ),
    "a report behind an extension": (
        "2.0", "</sensorElement>",
        '<ex:note/><sensorReport type="gs1:Temperature" value="5"/></sensorElement>',
        f"{EVENT}/sensorElementList/sensorElement/sensorReport[2]", "element-order", "nothing more",
        "<sensorReport>",
    ),
    "a header in the wrong order": (
        "2.0", "<EPCISHeader>", "<EPCISHeader><EPCISMasterData/>",
        "/EPCISDocument/EPCISHeader/EPCISMasterData", "element-order", "extension",
        "<EPCISMasterData>",
    ),
    "a name in the body": (
        "json", '"eventList":', '"events":[],"eventList":', "/epcisBody/events", "schema",
        "prefix", "events",
    ),
    "a context that is none": (
        "json", '{"ex":"https://ns.example.com/epcis/"}', '{"ex":"https://ns.example.com/epcis/"},7',
        "/@context/2", "type", "prefixes", "7",
    ),
}  # fmt: skip


class TestWhatASchemaAloneSees:
    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_is_refused_with_its_place(self, fault: tuple[str, ...]) -> None:
        """
        It is said where it is, what would be right and what is there, by a rule of the catalogue.
        """
        format_, old, new, pointer, rule, expected, found = fault

        violations = violations_of(changed(format_, old, new), media_type(format_))

        [violation] = [v for v in violations if v.rule == rule]
        assert violation.pointer == pointer
        assert expected in violation.expected
        assert found in violation.found
        assert (violation.line is None) == format_.startswith("json")
        assert rule in {row.id for row in CATALOGUE}

    @pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
    def test_is_the_same_however_it_is_read(self, fault: tuple[str, ...]) -> None:
        """
        Capture of a short document, capture of a long one and `validate` refuse it alike.
        """
        body, kind = changed(*fault[:3]), media_type(fault[0])

        assert tuple(_in_pieces(body, kind)) == violations_of(body, kind)
        assert {v.pointer for v in _examined(body, kind)} >= {
            v.pointer for v in violations_of(body, kind)
        }
        with pytest.raises(ValidationError):
            READERS[kind].check(body)

    def test_does_not_keep_rules_from_being_told(self) -> None:
        """
        An event that the schema refuses is held against the rules all the same.
        """
        body = changed("2.0", "<action>ADD", "<x:x xmlns:x='urn:x'/><action>OBSERVE")

        assert {v.rule for v in violations_of(body, XML)} == {"element-order", "object-ilmd"}

    @pytest.mark.parametrize(
        ("old", "new", "rule"),
        [
            pytest.param('"bizStep":"shipping"', '"bizStep":"shiping"', "word-uri", id="a word"),
            pytest.param('"ex:more"', '"more"', "extension-name", id="a name"),
            pytest.param('"quantity":10', '"quantity":10,"uom":"kg"', "uom-code", id="a unit"),
            pytest.param('"type":"Temperature",', "", "sensor-type", id="a report without type"),
            pytest.param('"action":"ADD"', '"action":"add"', "action", id="an action"),
            pytest.param('"value":4.5', '"value":"4.5"', "type", id="a number"),
        ],
    )
    def test_is_told_once(self, old: str, new: str, rule: str) -> None:
        """
        What the schema sees, and the reader or a rule, too, is said once, in their words.
        """
        [violation] = violations_of(changed("json", old, new), JSON_LD)

        assert violation.rule == rule

    def test_is_seen_in_an_event_that_stands_alone(self) -> None:
        """
        A bare event is held against the schema as one in a document is.
        """
        body = b"""<ObjectEvent><eventTime>2026-01-31T12:00:00Z</eventTime>
<eventTimeZoneOffset>+00:00</eventTimeZoneOffset><action>OBSERVE</action>
<epcList><epc>urn:x:y</epc></epcList></ObjectEvent>"""

        [violation] = violations_of(body, XML)

        assert (violation.pointer, violation.rule) == ("/ObjectEvent/epcList", "element-order")
        assert violation.line == 3

    @pytest.mark.parametrize(
        ("format_", "old", "new", "count"),
        [
            pytest.param("2.0", "<epc>", '<epc ex:a="">urn:a:1</epc>', 1_000, id="XML"),
            pytest.param("2.0", "<epc>", '<epc ex:a="">urn:a:1</epc>', 60_000, id="long XML"),
            pytest.param("json", '"epcList":[', "1,", 1_000, id="JSON"),
            pytest.param("json", '"epcList":[', "1,", 20_000, id="long JSON"),
        ],
    )  # fmt: skip
    def test_is_told_by_the_hundred(self, format_: str, old: str, new: str, count: int) -> None:
        """
        However much the schema has against one event, some of it is told, and not in hours.
        """
        after = new * count + (old if format_ == "2.0" else "")
        body = changed(format_, old, after if format_ == "2.0" else old + after)
        kind = media_type(format_)

        with pytest.raises(ValidationError):
            READERS[kind].check(body)
        faults = [v for v in _scanned_faults(body, kind) if v.rule == "unknown-attribute"]

        assert len(faults) <= 100
        assert faults or format_ == "json"

    @pytest.mark.parametrize("part", sorted(our_json()["$defs"]))
    def test_is_judged_as_the_schema_is_written(self, part: str) -> None:
        """
        That references are followed before anything is judged changes no verdict.
        """
        values = [None, 1, "", "x", "x:y", [], [1], [{}], {}, {"type": part}, {"id": ""}, *_EVENTS]

        verdicts = [is_valid(value, part) for value in values]

        assert verdicts == [not _has_faults(value, part) for value in values]

    @pytest.mark.parametrize(
        ("pointer", "is_told"),
        [
            pytest.param("/epcList/0", False, id="there"),
            pytest.param("/epcList", False, id="around"),
            pytest.param("/epcList/0/ex:a", False, id="within"),
            pytest.param("", False, id="around all"),
            pytest.param("/epcList/1", True, id="beside"),
            pytest.param("/epcList/00", True, id="of a longer name"),
            pytest.param("/epcList/0!", True, id="of a name that comes before what is within"),
            pytest.param("/bizStep", True, id="elsewhere"),
        ],
    )
    def test_is_told_where_no_rule_says_anything(self, pointer: str, is_told: bool) -> None:
        """
        What the schema has against a place is not said where a rule has spoken of it.
        """
        event = ObjectEvent(
            event_time=parse_timestamp("2026-01-31T12:00:00Z"),
            event_time_zone_offset="+00:00",
            action="OBSERVE",
            epc_list=("no URI", "urn:x:1"),
        )
        fault = Violation(pointer, "schema", "something", "something else", 1)

        verdict = judged(FoundEvent(event, 1, "", None, {}, (), (fault,)))

        assert isinstance(verdict, list)
        assert [violation.rule for violation in verdict] == ["identifier"] + ["schema"] * is_told

    def test_is_put_into_words_once(self) -> None:
        """
        Who sends one fault in a thousand events has it told in all of them, and read in one.
        """
        old = SOUND["2.0"].partition("<EventList>")[2].partition("</EventList>")[0]
        body = changed("2.0", old, old.replace("<eventTimeZoneOffset>", "<a/>$0", 1) * 300)
        body = body.replace(b"$0", b"<eventTimeZoneOffset>")
        known_message.cache_clear()

        faults = [v for v in _in_pieces(body, XML) if v.rule == "unknown-element"]

        assert len(faults) == 300
        assert known_message.cache_info().misses in (1, 2)

    def test_is_told_by_each_thread_of_its_own_document(self) -> None:
        """
        Documents that are checked at the same time do not mix what is wrong with them.
        """
        bodies = [
            changed("2.0", "</EventList>", "</EventList>" + f"<n{number}/>") for number in range(4)
        ]
        found: list[set[str]] = [set() for _ in bodies]

        def check(number: int) -> None:
            for _ in range(25):
                found[number] |= {v.pointer for v in violations_of(bodies[number], XML)}

        threads = [Thread(target=check, args=(number,)) for number in range(len(bodies))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert found == [{f"/EPCISDocument/EPCISBody/n{number}"} for number in range(4)]


_EVENTS = json.loads(SOUND["json"])["epcisBody"]["eventList"]


def _has_faults(value: Any, part: str) -> bool:
    schema = {"$ref": f"#/$defs/{part}", "$defs": our_json()["$defs"]}
    return bool(list(jsonschema.Draft202012Validator(schema).iter_errors(value)))


def _in_pieces(body: bytes, kind: str) -> tuple[Violation, ...]:
    try:
        for _ in validate(read_events(BytesIO(body), kind)):
            pass
    except ValidationError as error:
        return error.violations
    return ()


def _scanned_faults(body: bytes, kind: str) -> list[Violation]:
    found = list(READERS[kind].scan(BytesIO(body)))
    return [fault for event in found if isinstance(event, FoundEvent) for fault in event.faults]


def _examined(body: bytes, kind: str) -> Iterator[Violation]:
    yield from examine(READERS[kind].scan(BytesIO(body)), is_xml=kind == XML, now=2**52)
