"""What is found in a document, what capture makes of it, and what it costs to look."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import IO, cast

import pytest

from epcis_repo.bindings import JSON_LD, XML, json_pieces, read_events, scan_events
from epcis_repo.errors import ValidationError
from epcis_repo.validation import (
    PROFILES,
    RULES,
    Severity,
    examine,
    identity,
    master_data,
    severity_of,
    validate,
)
from epcis_repo.validation.dscsa import across
from epcis_repo.validation.dscsa import master_data as dscsa_master_data
from tests.validation.documents import NOW, UNIT, as_json, as_xml, document, event, findings
from tests.validation.test_rules import CASES, Row, in_format

# The log decides this, since it knows what was recorded before, too.
DECIDED_BY_THE_LOG = {"event-id-conflict"}


def is_refused(body: bytes, media_type: str) -> bool:
    try:
        for _ in validate(read_events(body, media_type)):
            pass
    except ValidationError:
        return True
    return False


class TestSeverity:
    @pytest.mark.parametrize(("case", "media_type"), CASES)
    def test_says_whether_capture_refuses(self, case: Row, media_type: str) -> None:
        """
        A document with an error is refused when it is captured, one with a warning is not.
        """
        body = in_format(case.broken, media_type, case.version)

        is_error = severity_of(case.rule) is Severity.ERROR

        assert is_refused(body, media_type) == (is_error and case.rule not in DECIDED_BY_THE_LOG)


class TestPlace:
    def test_in_xml_before_2_0_has_the_wrappers(self) -> None:
        """
        An XPath leads through the elements in which a field stands there.
        """
        value = document(event(eventID="7", sourceList=[{"type": "location", "source": "x"}]))

        found = findings(as_xml(value, "1.2"), XML)

        place = "/EPCISDocument/EPCISBody/EventList/ObjectEvent[1]"
        assert [violation.pointer for violation in found] == [
            f"{place}/extension/sourceList/*[1]",
            f"{place}/baseExtension/eventID",
        ]

    def test_in_xml_is_an_attribute_where_json_has_a_member(self) -> None:
        """
        Sensors and types are told of at their attributes.
        """
        report = {"type": "Warmth", "value": 1}
        value = document(event(sensorElementList=[{"sensorReport": [report]}]))

        [found] = findings(as_xml(value), XML)

        assert found.pointer.endswith("/sensorElementList/*[1]/sensorReport[1]/@type")


class Growing:
    """A file with a document of as many events as one likes, which nobody holds."""

    def __init__(self, count: int) -> None:
        whole = as_json(document({}))
        self._begin, _, self._end = whole.partition(b"{}")
        self._count = count
        self.seek(0)

    def seek(self, offset: int) -> int:
        assert offset == 0
        self._rest = self._texts()
        self._held = b""
        return 0

    def _texts(self) -> Iterator[bytes]:
        yield self._begin
        for number in range(self._count):
            # How identifiers are spelt is remembered for all documents together.
            units = [UNIT.format(f"{number % 20}N{place}") for place in range(100)]
            name = f"urn:x:{number}"
            value = event(eventID=name, bizStep="commissioning", epcList=units)
            yield b"," * (number > 0) + json.dumps(value).encode()
        yield self._end

    def read(self, size: int = -1) -> bytes:
        while len(self._held) < size and (text := next(self._rest, None)) is not None:
            self._held += text
        taken, self._held = self._held[:size], self._held[size:]
        return taken


def peak(count: int) -> int:
    """The memory that is held at most, in bytes, while a document is looked at."""
    rules = (*RULES, *PROFILES["dscsa"])
    tracemalloc.start()
    scan = scan_events(cast("IO[bytes]", Growing(count)), JSON_LD)
    found = sum(1 for _ in examine(scan, is_xml=False, now=NOW, rules=rules))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found > count
    return most


def test_a_long_document_takes_no_more_memory_than_a_short_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    Of four times as many events no more is held at a time, once all that is remembered is full.
    """
    monkeypatch.setattr(json_pieces, "PIECE_SIZE", 4_096)
    for module in (identity, master_data, across, dscsa_master_data):
        monkeypatch.setattr(module, "REMEMBERED_MAX", 100)
    peak(100)

    # The longer document has 2.5 MB more.
    assert peak(800) < peak(200) + 1_000_000
