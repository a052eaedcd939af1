"""Every command that asks, and capture, of a server as of a store."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from epcis_repo.cli import COMMANDS
from tests.cli.running import Ran, run
from tests.exceptions.pdg.made import CASE_UUID, WHOLE_REPORT
from tests.rest.documents import CASE, UNIT, commissioning, document, event, packing
from tests.rest.served import served

EVENTS = document(
    commissioning(1, 2, lot="L1", expiry="2030-01-31"),
    packing(CASE.format(1), UNIT.format(1), UNIT.format(2)),
    event(3, eventID="urn:x:3", epcList=[CASE.format(1)], bizStep="shipping"),
    event(
        3,
        eventID="urn:x:3",
        epcList=[CASE.format(1)],
        bizStep="shipping",
        errorDeclaration={"declarationTime": "2026-01-02T00:00:00Z"},
    ),
)
NAMED = {
    "id": "urn:epc:idpat:sgtin:030001.0012345.*",
    "attributes": [{"id": "urn:epcglobal:cbv:mda#regulatedProductName", "attribute": "Examplol"}],
}
CLASSES = {"type": "urn:epcglobal:epcis:vtype:EPCClass", "vocabularyElementList": [NAMED]}
HEADER = {"epcisMasterData": {"vocabularyList": [CLASSES]}}
BODY = json.dumps({**json.loads(EVENTS), "epcisHeader": HEADER}).encode()
SCAN = "(01)00300010123455(21)1(17)300131(10)L1"
ASKED = {
    "events": ("EQ_bizStep=shipping",),
    "conflicts": (),
    "history": (UNIT.format(1),),
    "contents": (CASE.format(1), "--as-of", "2026-01-03"),
    "counts": (CASE.format(1),),
    "leaves": (CASE.format(1),),
    "custody": (UNIT.format(1),),
    "lineage": (UNIT.format(1),),
    "findings": (UNIT.format(1),),
    "rules": ("--set", "--known-at", "2100-01-01"),
    "found": (UNIT.format(1), "--known-at", "2100-01-01"),
    "quarantine": ("--all",),
    "allocations": ("00300010123455",),
    "holds": ("--all",),
    "exceptions": (UNIT.format(1), "--not-overdue", "--as-of", "2026-01-03"),
    "exception": ("E1",),
    "messages": (CASE_UUID,),
    "reconcile": ("(01)00300010123455(10)L1", "--row", "in_stock"),
    "recall": ("R1", "--as-of", "2026-01-02"),
    "raise-exceptions": (UNIT.format(1), "--by", "Ann"),
    "diff": (UNIT.format(1), "2025-01-01", "2026-01-03", "--by", "as_of"),
    "correction": ("urn:x:3",),
    "masterdata": (UNIT.format(1),),
    "verify": (SCAN,),
    "subscriptions": (),
    "deliveries": (),
    "checkpoint": (),
    "proof": ("urn:x:3",),
}
# What no JSON is asked of.
PLAIN = {"leaves", "diff", "checkpoint", "proof"}
# When it was answered.
NOW = re.compile(r'"(verificationTimestamp|creationDate)": ?"[^"]+"')


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A store, and where it is served."""
    folder = tmp_path_factory.mktemp("both")
    db = f"sqlite:///{folder / 'epcis.db'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPCIS_REPO_KEY", str(folder / "epcis.key"))
        with served(db, folder) as url:
            captured = run("capture", "-", "--url", url, stdin=BODY)
            assert (captured.code, captured.out) == (0, "-: 4 events\n"), captured.err
            asked = ("--recall", "R1", "--reason", "split tablets", "--by", "QA")
            held = run("hold", "(01)00300010123455(10)L1", *asked, "--url", url)
            assert held.code == 0, held.err
            asked = ("--kind", "shortage", "--reason", "one is missing", "--by", "Ann")
            name = ("--name", "E1", "--due", "2100-01-01")
            opened = run("open-exception", CASE.format(1), *asked, *name, "--url", url)
            assert opened.code == 0, opened.err
            why = ("--reason", "it is there", "--by", "Ann")
            decided = run("decide-exception", "E1", "resolve", *why, "--url", url)
            assert decided.code == 0, decided.err
            # The first has recorded what there is to be raised.
            raised = run("raise-exceptions", UNIT.format(1), "--by", "Ann", "--url", url)
            assert raised.code == 0, raised.err
            report = json.dumps(WHOLE_REPORT).encode()
            taken = run("take-message", "-", "--url", url, stdin=report)
            assert taken.code == 0, taken.err
            who = ("--by", "Ann", "--email", "ann@maker.example")
            answer = ("write-message", CASE_UUID, "response", *who, "--answer", "Accept")
            written = run(*answer, "--url", url)
            assert written.code == 0, written.err
            sent = json.loads(written.out)["message_uuid"]
            assert run("messages", CASE_UUID, sent, "--url", url).out == written.out
            yield db, url


def said(ran: Ran) -> tuple[int, str]:
    return ran.code, NOW.sub("", ran.out)


class TestAsking:
    @pytest.mark.parametrize("command", ASKED)
    def test_is_the_same_of_both(self, command: str, places: tuple[str, str]) -> None:
        """
        A server answers a command with what its store does, in words and for programs.
        """
        db, url = places
        forms: list[list[str]] = [[]] if command in PLAIN else [[], ["--json"]]

        for form in forms:
            of_store = run(command, *ASKED[command], *form, db=db)
            of_server = run(command, *ASKED[command], *form, "--url", url)

            assert said(of_server)[0] == said(of_store)[0] == 0, of_server.err + of_store.err
            if command == "events" and form:
                assert events_in(of_server) == events_in(of_store)
            elif command not in ("checkpoint", "proof"):
                # A checkpoint is signed anew, with the time in it.
                assert said(of_server) == said(of_store)

    def test_is_there_for_each_command(self) -> None:
        """
        Who asks what is recorded may ask a server: no command that takes a store is left out but
        those that look after it.
        """
        upkeep = {
            *("init", "migrate", "backup", "restore", "archive", "attach", "doctor", "rebuild"),
            *("compact", "fsck", "serve", "judge"),
        }
        takes_store = {
            name for name, command in COMMANDS.items() if "db" in command.__annotations__
        }
        takes_url = {
            name
            for name, command in COMMANDS.items()
            if {"db", "url"} <= command.__annotations__.keys()
        }

        assert takes_url == takes_store - upkeep
        decide = {"capture", "replay", "hold", "release", "open-exception", "decide-exception"}
        decide |= {"take-message", "write-message", "set-reaction", "allocate"}
        decide |= {"release-quarantine", "dismiss-quarantine", "withdraw-allocation"}
        assert takes_url == {*ASKED, *decide, "document"}

    def test_gives_a_document(self, places: tuple[str, str], tmp_path: Path) -> None:
        """
        A document comes byte for byte from either.
        """
        db, url = places
        digest = json.loads(run("capture", "-", "--json", "--url", url, stdin=BODY).out)["document"]
        file = tmp_path / "document"

        assert run("document", digest, "-o", str(file), "--url", url).code == 0
        assert file.read_bytes() == BODY
        as_json = run("document", digest, "--json", "--url", url)
        assert as_json.json == run("document", digest, "--json", db=db).json

    def test_fails_alike(self, places: tuple[str, str]) -> None:
        """
        An error has the exit code that it has of a store; nobody at the address is 6.
        """
        db, url = places
        for asked in (
            ("history", UNIT.format(9)),
            ("history", "nothing"),
            ("events", "EQ_step=shipping"),
            ("document", "0" * 64),
            ("replay", "nobody-s"),
            ("recall", "nobody-s"),
            ("release", "nobody-s", "--reason", "none", "--by", "QA"),
            ("hold", "01", "--reason", "none", "--by", "QA"),
            ("exception", "nobody-s"),
            ("exceptions", "nothing"),
            ("open-exception", "--reason", "none", "--by", "QA"),
            ("decide-exception", "E1", "begin", "--reason", "none", "--by", "QA"),
            ("raise-exceptions", UNIT.format(9), "--by", "QA"),
            ("take-message", "-"),
            ("write-message", "nobody-s", "report", "--by", "QA", "--email", "a@b.example"),
            ("messages", "nobody-s"),
            ("messages", CASE_UUID, "nobody-s"),
            ("capture", "-", "--idempotency-key", "a b"),
        ):
            assert run(*asked, "--url", url).code == run(*asked, db=db).code != 0

        assert run("history", UNIT.format(1), "--url", "http://127.0.0.1:9").code == 6
        assert run("history", UNIT.format(1), "--url", "nowhere").code == 2


class TestCapture:
    def test_refuses_alike(self, places: tuple[str, str]) -> None:
        """
        A bad document is refused with its violations, and with --proceed told as far as it is bad.
        """
        _, url = places
        body = document(event(5, action="LOOK"), event(6, action="LOOK"), event(7))

        refused = run("capture", "-", "--url", url, stdin=body)
        proceeded = run("capture", "-", "--proceed", "--url", url, stdin=body)

        assert (refused.code, refused.out) == (3, "")
        assert "event 2, /epcisBody/eventList/1/action" in refused.err
        assert (proceeded.code, proceeded.out) == (3, "-: 3 events\n")
        assert "2 of its events could not be recorded" in proceeded.err

    def test_waits_for_a_long_one(self, tmp_path: Path) -> None:
        """
        What the server captures after it has answered is waited for, and refused in the end.
        """
        with served(f"sqlite:///{tmp_path / 'epcis.db'}", tmp_path, capture_async_size=0) as url:
            taken = run("capture", "-", "--url", url, stdin=BODY)
            refused = run("capture", "-", "--url", url, stdin=document(event(1, action="LOOK")))

        assert (taken.code, taken.out) == (0, "-: 4 events\n")
        assert refused.code == 3


def events_in(ran: Ran) -> object:
    return ran.json["epcisBody"]
