"""What validate says of documents, without touching a database; and the list of rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from epcis_repo.cli.checking import Profile
from epcis_repo.findings import RULES
from epcis_repo.validation import CATALOGUE, PROFILES
from tests.cli.running import run
from tests.rest.documents import BAD_DOCUMENTS, PDF, UNIT, BadDocument, document, event, packing
from tests.shared_data import shared
from tests.validation.documents import EVENT_ID, as_json, as_xml
from tests.validation.documents import document as sound_document
from tests.validation.documents import event as sound_event

DSCSA = "dscsa/GS1_US_Pharma_Example_2_2_1_1.xml"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test has a store, and none may make one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EPCIS_REPO_DB", "postgresql://nobody@127.0.0.1:1/nothing")


def write(tmp_path: Path, name: str, body: bytes) -> str:
    path = tmp_path / name
    path.write_bytes(body)
    return str(path)


def lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


class TestValidate:
    def test_of_a_sound_document_says_how_many_events_it_has(self, tmp_path: Path) -> None:
        """
        Nothing to say is said, the exit code is 0, and nothing is written anywhere.
        """
        name = write(tmp_path, "sound.json", as_json(sound_document(sound_event())))

        ran = run("validate", name)

        assert (ran.code, ran.err) == (0, "")
        assert ran.out == f"{name}: 1 event, no errors, no warnings\n"
        assert [path.name for path in tmp_path.iterdir()] == ["sound.json"]

    def test_says_where_what_and_what_would_be_right(self, tmp_path: Path) -> None:
        """
        A finding has file, severity, rule, event, line, place, what was expected and found.
        """
        packed = sound_event("AggregationEvent", parentID=None, eventID=EVENT_ID.format(2))
        body = as_xml(sound_document(sound_event(), packed))
        name = write(tmp_path, "bad.xml", body)

        ran = run("validate", name)

        assert ran.code == 3
        finding, summary = ran.out.splitlines()
        assert finding == (
            f"{name}: error aggregation-parent: event 2, "
            "/EPCISDocument/EPCISBody/EventList/AggregationEvent[1]/parentID (line 2): "
            "expected a parentID, which an aggregation ADD has, found 'none'"
        )
        assert summary == f"{name}: 2 events, 1 error, no warnings"

    def test_gives_lines_of_json(self, tmp_path: Path) -> None:
        """
        A program gets a line for each finding, and one for each document.
        """
        name = write(tmp_path, "bad.json", document(event(1, bizStep="urn:epcglobal:cbv:x")))

        ran = run("validate", name, "--json")

        finding, summary = lines(ran.out)
        assert finding == {
            "file": name,
            "severity": "warning",
            "rule": "word-unknown",
            "event": 1,
            "line": None,
            "pointer": "/epcisBody/eventList/0/bizStep",
            "expected": "a word of BizStep in the CBV, or a URI of one's own",
            "found": "urn:epcglobal:cbv:x",
        }
        assert summary == {"file": name, "events": 1, "errors": 0, "warnings": 1}

    def test_passes_a_document_with_warnings(self, tmp_path: Path) -> None:
        """
        What keeps nothing from being captured leaves the exit code 0.
        """
        name = write(tmp_path, "old.json", document(event(1, bizStep="urn:epcglobal:cbv:x")))

        assert run("validate", name).code == 0

    def test_tells_of_every_event_whoever_finds_it(self, tmp_path: Path) -> None:
        """
        What reading finds in one event hides nothing of what rules find in others.
        """
        bad = [
            event(1, eventTime="yesterday"),
            packing("urn:epc:id:sscc:030001.41234567890", UNIT.format(1), parentID=None),
            event(3, action="LOOK"),
            event(4, epcList=["https://id.gs1.org/01/00300010123456/21/1"]),
        ]
        name = write(tmp_path, "bad.json", document(*bad))

        found = lines(run("validate", name, "--json").out)

        assert [(f["event"], f["rule"]) for f in found[:-1]] == [
            (1, "date-time"),
            (2, "aggregation-parent"),
            (3, "action"),
            (4, "identifier"),
        ]
        assert found[-1]["events"] == 4

    @pytest.mark.parametrize("media", ["json", "xml"])
    def test_tells_what_was_found_before_a_document_breaks_off(
        self, tmp_path: Path, media: str
    ) -> None:
        """
        Where a document is no JSON or XML any more is said after what was found until there.
        """
        bad = sound_event("AggregationEvent", parentID=None)
        value = sound_document(bad, *(sound_event(eventID=None) for _ in range(3_000)))
        body = as_json(value) if media == "json" else as_xml(value)
        name = write(tmp_path, "cut", body[: len(body) - len(body) // 4])

        found = lines(run("validate", name, "--json").out)

        assert found[0]["rule"] == "aggregation-parent"
        assert found[-2]["rule"] == media
        assert found[-1]["errors"] == 2

    def test_looks_at_every_file(self, tmp_path: Path) -> None:
        """
        A file that is none, or no document, keeps no other from being looked at.
        """
        sound = write(tmp_path, "sound.json", as_json(sound_document(sound_event())))
        pdf = write(tmp_path, "a.pdf", PDF)

        ran = run("validate", str(tmp_path / "missing"), pdf, sound, "--json")

        assert ran.code == 3
        assert "missing: No such file" in ran.err
        refused, of_pdf, of_sound = lines(ran.out)
        assert (refused["file"], refused["rule"], of_pdf["errors"]) == (pdf, "media-type", 1)
        assert (of_sound["file"], of_sound["errors"]) == (sound, 0)

    def test_reads_stdin(self) -> None:
        """
        A document may come through a pipe.
        """
        ran = run("validate", "-", stdin=as_json(sound_document(sound_event())))

        assert (ran.code, ran.out) == (0, "-: 1 event, no errors, no warnings\n")

    @pytest.mark.parametrize("bad", BAD_DOCUMENTS, ids=lambda bad: bad.id)
    def test_finds_what_capture_refuses(self, tmp_path: Path, bad: BadDocument) -> None:
        """
        What is refused when it is captured is an error here, with the same place.
        """
        name = write(tmp_path, "bad", bad.body)

        ran = run("validate", name, "--json")

        found = lines(ran.out)[:-1]
        assert ran.code == 3
        for finding in bad.findings if bad.shell is None else ():
            assert any(f["pointer"] == finding.pointer for f in found)
        assert "Traceback" not in ran.err


class TestProfile:
    def test_passes_the_example_of_the_guideline(self) -> None:
        """
        What the guideline shows is as the profile wants it.
        """
        ran = run("validate", str(shared(DSCSA)), "--profile", "dscsa")

        assert ran.code == 0
        assert ran.out.endswith("8 events, no errors, no warnings\n")

    def test_asks_for_more_than_the_standard(self, tmp_path: Path) -> None:
        """
        A document may keep the standard and not do for a profile.
        """
        name = write(tmp_path, "sound.json", as_json(sound_document(sound_event())))

        ran = run("validate", name, "--profile", "dscsa", "--json")

        rules = {f["rule"] for f in lines(ran.out)[:-1]}
        assert ran.code == 3
        assert "dscsa-sbdh" in rules
        assert all(name.startswith("dscsa-") for name in rules)

    def test_is_one_of_those_that_there_are(self) -> None:
        """
        The command line offers each profile, and refuses another name with those that there are.
        """
        ran = run("validate", "-", "--profile", "emvs")

        assert {profile.value for profile in Profile} == PROFILES.keys()
        assert ran.code == 2
        assert "dscsa" in ran.err


class TestRules:
    def test_are_listed(self) -> None:
        """
        The list has a line for each rule; as data it says as much.
        """
        shown, told = run("rules"), run("rules", "--json")

        rules = [*(rule.id for rule in CATALOGUE), *(rule.id for rule in RULES)]
        assert [rule["rule"] for rule in told.json["rules"]] == rules
        assert len(shown.out.splitlines()) == len(rules) + 1
        assert "aggregation-parent" in shown.out
