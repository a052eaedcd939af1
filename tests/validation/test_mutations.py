"""
A chain without faults breaks no rule of documents, and what breaks one breaks it alone in the midst
of the chain, too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from epcis_repo.bindings import JSON_LD, XML, sniff
from epcis_repo.bindings.jsonld import render_jsonld
from epcis_repo.bindings.limits import HELD_SIZE_MAX
from epcis_repo.demo import generate_chain
from epcis_repo.errors import ValidationError
from epcis_repo.validation import CATALOGUE, PROFILES
from tests.validation.documents import (
    CASE,
    CONTEXT,
    UNIT,
    as_json,
    as_xml,
    document,
    findings,
)
from tests.validation.test_dscsa import (
    DSCSA,
    LOT,
    SBDH,
    Change,
    changed,
    commissioning,
    packing,
    put_header,
)
from tests.validation.test_dscsa import ROWS as DSCSA_ROWS
from tests.validation.test_rules import ELSEWHERE, READ_ROWS, ROWS, Row, ids, in_format

# `make chains` takes 5,000 events.
IS_LONG = "EPCIS_REPO_FUZZ" in os.environ
UNITS, EVENTS_MIN = (12_000, 5_000) if IS_LONG else (300, 200)
FIRST_EVENT = "/epcisBody/eventList/"
OF_THE_PROFILE = {rule: broken for rule, broken, _ in DSCSA_ROWS} | {"dscsa-sbdh": put_header(SBDH)}


@cache
def chain() -> list[dict[str, Any]]:
    """The events of a chain in which nobody makes a mistake, without what others have added."""
    made = generate_chain(seed=7, units=UNITS, errors=False, units_per_case=6, cases_per_pallet=4)
    documents = [json.loads(render_jsonld(sent.document)) for sent in made.documents]
    events = [event for value in documents for event in value["epcisBody"].get("eventList", ())]
    assert len(events) >= EVENTS_MIN
    # Whose names not every document that is tried explains.
    return [{n: member for n, member in event.items() if ":" not in n} for event in events]


@cache
def spliced(*, is_xml: bool) -> bytes:
    """The chain as what may stand at the beginning of the events of a document."""
    if not is_xml:
        return b"".join(as_json(event) + b", " for event in chain())
    # The names in it are explained at the root, where the document that is tried has only its own.
    bare = [{n: member for n, member in event.items() if n != "ilmd"} for event in chain()]
    return as_xml(document(*bare)).partition(b"<EventList>")[2].partition(b"</EventList>")[0]


def in_the_midst(value: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """A document with the chain around its own events, and how many precede those."""
    before = chain()[: len(chain()) // 2]
    after = chain()[len(before) :]
    if "@context" not in value:
        # Each event of it has one of its own.
        before, after = ([{**e, "@context": [CONTEXT]} for e in some] for some in (before, after))
    events = value["epcisBody"]["eventList"]
    return {**value, "epcisBody": {"eventList": [*before, *events, *after]}}, len(before)


def at_its_place(pointer: str, preceding: int) -> str:
    """The place of a fault where so many events precede the document's own."""
    if not pointer.startswith(FIRST_EVENT):
        return pointer
    number, slash, rest = pointer.removeprefix(FIRST_EVENT).partition("/")
    return f"{FIRST_EVENT}{int(number) + preceding}{slash}{rest}"


@pytest.mark.parametrize("media_type", [JSON_LD, XML], ids=["JSON", "XML"])
def test_a_chain_without_faults_has_none(media_type: str) -> None:
    """
    Nothing is found where nobody made a mistake.
    """
    assert findings(in_format(document(*chain()), media_type), media_type) == []


@pytest.mark.parametrize(
    "case", [pytest.param(row, id=f"{number} {row.rule}") for number, row in enumerate(ROWS)]
)
def test_a_fault_breaks_its_rule_alone(case: Row) -> None:
    """
    What breaks a rule is found in the midst of a chain, by that rule, once, at its place.
    """
    media_type = case.formats[0]
    value, preceding = in_the_midst(case.broken)

    [violation] = findings(in_format(value, media_type, case.version), media_type)

    assert violation.rule == case.rule
    if media_type == JSON_LD:
        assert violation.pointer == at_its_place(case.pointer, preceding)


@pytest.mark.parametrize("rule", READ_ROWS)
def test_what_cannot_be_read_breaks_its_rule_alone(rule: str) -> None:
    """
    What cannot be read is found behind a chain, by the rule that it breaks, and by no other.
    """
    body, _ = READ_ROWS[rule]
    is_xml = body.startswith(b"<")
    mark = b"<EventList>" if is_xml else b'"eventList": ['
    assert body.count(mark) == 1

    found = findings(body.replace(mark, mark + spliced(is_xml=is_xml)), XML if is_xml else JSON_LD)

    assert ids(found) == [rule]


def in_an_event(body: bytes, old: bytes, new: bytes) -> bytes:
    """The document with a part of an event in its midst replaced."""
    at = body.index(old, len(body) // 2)
    return body[:at] + new + body[at + len(old) :]


def with_zone_first(body: bytes) -> bytes:
    """The document with the zone of an event in its midst before the time."""
    time, zone = b"<eventTime>", b"<eventTimeZoneOffset>"
    begin = body.index(time, len(body) // 2)
    middle, end = body.index(zone, begin), body.index(b"<action>", begin)
    return body[:begin] + body[middle:end] + body[begin:middle] + body[end:]


# What is wrong with the chain as it is written: by rule, the format, and what is done to the bytes.
AS_WRITTEN: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "media-type": (JSON_LD, lambda body: b"events\n" + body),
    "size": (
        JSON_LD,
        lambda body: in_an_event(
            body, b'"action"', b'"ex:more": "' + b"x" * HELD_SIZE_MAX + b'", "action"'
        ),
    ),
    "element-order": (XML, with_zone_first),
    "schema": (XML, lambda body: in_an_event(body, b"<action>", b"then<action>")),
}


@pytest.mark.parametrize("rule", AS_WRITTEN)
def test_what_is_written_wrongly_breaks_its_rule_alone(rule: str) -> None:
    """
    Of a chain that is written as nobody may, one rule is broken, once; written well, none.
    """
    media_type, written = AS_WRITTEN[rule]
    body = in_format(document(*chain()), media_type)

    assert found_in(body) == []
    assert found_in(written(body)) == [rule]


def found_in(body: bytes) -> list[str]:
    """The rules that a file breaks of which nobody says what it is."""
    try:
        return ids(findings(body, sniff(body)))
    except ValidationError as error:
        return ids([*error.violations])


@cache
def shipped_together() -> list[dict[str, Any]]:
    """More that a manufacturer may say of a shipment: cases that are filled, a pack in each."""
    return [
        event
        for number in range(1_000, 1_000 + EVENTS_MIN // 3)
        for event in (
            commissioning(1, UNIT.format(number), ilmd=LOT),
            commissioning(2, CASE.format(number), ilmd=LOT),
            packing(3, CASE.format(number), UNIT.format(number)),
        )
    ]


def with_more(value: dict[str, Any]) -> bytes:
    value["epcisBody"]["eventList"] += shipped_together()
    return as_json(value)


def test_a_long_shipment_keeps_the_profile() -> None:
    """
    Nothing is found in a long shipment as the guideline has it.
    """
    assert findings(with_more(changed(lambda _: None)), JSON_LD, DSCSA) == []


@pytest.mark.parametrize("rule", OF_THE_PROFILE)
def test_a_fault_in_a_long_shipment_breaks_its_rule_alone(rule: str) -> None:
    """
    What breaks a rule of the profile is found in a long shipment, by no other rule.
    """
    broken: Change = OF_THE_PROFILE[rule]

    found = findings(with_more(changed(broken)), JSON_LD, DSCSA)

    assert {violation.rule for violation in found} == {rule}


def test_there_is_a_fault_for_each_rule() -> None:
    """
    What a rule is for is put into a chain, but for what is no matter of one.
    """
    tried = {row.rule for row in ROWS} | READ_ROWS.keys() | AS_WRITTEN.keys()

    # That there are several events is no fault of a chain: tests/rest/test_long_bodies.py posts one
    # where one event is wanted.
    assert ELSEWHERE.keys() - AS_WRITTEN.keys() == {"one-event"}
    assert tried | OF_THE_PROFILE.keys() | {"one-event"} == {rule.id for rule in CATALOGUE}
    assert PROFILES.keys() == {"dscsa"}
