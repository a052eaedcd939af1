"""What the commands do, one by one."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from epcis_repo import __version__
from epcis_repo.bindings import parse_document, sniff
from tests.cli.running import run
from tests.rest.documents import CASE, UNIT, commissioning, document, event, packing
from tests.rest.serving import log_of, must_be_valid


class TestCapture:
    def test_reads_stdin(self, store_url: str) -> None:
        """
        `-` is what is piped in.
        """
        ran = run("capture", "-", db=store_url, stdin=document(event(1), event(2)))

        assert (ran.code, ran.out, ran.err) == (0, "-: 2 events\n", "")

    def test_says_what_was_recorded_before(self, store_url: str) -> None:
        """
        A document that comes again, and one whose events are known, are told apart.
        """
        first = document(event(1, eventID="urn:x:1"))
        more = document(event(1, eventID="urn:x:1"), event(2))
        run("capture", "-", db=store_url, stdin=first)

        assert "captured already" in run("capture", "-", db=store_url, stdin=first).out
        assert "1 of them recorded before" in run("capture", "-", db=store_url, stdin=more).out

    def test_proceeds_when_it_may(self, store_url: str) -> None:
        """
        The good events of a document are recorded, and each bad one is told.
        """
        taken = event(3, eventID="urn:x:1", action="ADD")
        body = document(event(1, eventID="urn:x:1"), event(2, action="LOOK"), taken, event(4))

        refused = run("capture", "-", db=store_url, stdin=body)
        ran = run("capture", "-", "--proceed", db=store_url, stdin=body)
        as_json = run("capture", "-", "--proceed", "--json", db=store_url, stdin=body)

        assert (refused.code, refused.out) == (3, "")
        assert (ran.code, ran.out) == (3, "-: 4 events\n")
        assert "2 of its events could not be recorded" in ran.err
        assert "event 2, /epcisBody/eventList/1/action" in ran.err
        assert "urn:x:1 is already recorded" in ran.err
        assert as_json.code == 3
        receipt = ran_line(as_json.out)
        assert (receipt["recorded"], receipt["failed"], receipt["repeated"]) == (2, 2, True)

    def test_gives_a_line_of_json_for_each_file(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        A receipt names its file, whatever the file is called, and stands in a line of its own.
        """
        names = [str(tmp_path / name) for name in ("a [bold] 1.json", "b" * 200 + ".json")]
        for number, name in enumerate(names):
            Path(name).write_bytes(document(event(number)))

        ran = run("capture", *names, "--json", db=sqlite_url)

        receipts = [ran_line(line) for line in ran.out.splitlines()]
        assert [receipt["file"] for receipt in receipts] == names
        in_words = run("capture", *names, db=sqlite_url).out.splitlines()
        assert [line.partition(": ")[0] for line in in_words] == names


def ran_line(line: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(line)
    must_be_valid(value, "capture")
    return value


class TestDb:
    def test_option_wins_over_the_environment(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        `--db` counts, else `EPCIS_REPO_DB`, else a file in the current folder.
        """
        monkeypatch.chdir(tmp_path)
        given, named, usual = (f"sqlite:///{tmp_path / name}.db" for name in ("a", "b", "epcis"))
        monkeypatch.setenv("EPCIS_REPO_DB", named)
        run("capture", "-", db=given, stdin=document(event(1)))
        run("capture", "-", stdin=document(event(1), event(2)))
        monkeypatch.delenv("EPCIS_REPO_DB")
        run("capture", "-", stdin=document())

        assert [log_of(db)[0] for db in (given, named, usual)] == [2, 3, 1]


class TestEvents:
    def test_pages_with_a_token(self, store_url: str) -> None:
        """
        What does not fit is announced on stderr, by the token that asks for it.
        """
        run("capture", "-", db=store_url, stdin=document(*(event(n) for n in range(5))))

        first = run("events", "perPage=3", "--json", db=store_url)
        more = first.err.strip().removeprefix("more: ")
        second = run("events", "perPage=3", more, "--json", db=store_url)

        pages = [
            ran.json["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            for ran in (first, second)
        ]
        assert [len(page) for page in pages] == [3, 2]
        assert second.err == ""

    def test_shows_what_partners_wrote_and_obeys_nothing_in_it(self, sqlite_url: str) -> None:
        """
        Brackets, colons and control characters in a partner's texts are shown, never acted on.
        """
        names = ["urn:x:[bold]", "urn:x:[/red]", "urn:smile:heart:1", "urn:x:\x1b[2J", "urn:x:a\\"]
        places = {"readPoint": {"id": "urn:x:[/]:fire:"}, "bizStep": "urn:x:[/b]"}
        body = document(*(event(1, eventID=name, **places) for name in names))
        assert run("capture", "-", db=sqlite_url, stdin=body).code == 0

        shown = run("events", db=sqlite_url)
        told = run("history", UNIT.format(1), db=sqlite_url)

        assert (shown.code, told.code) == (0, 0)
        for name in (*names[:3], names[4], r"urn:x:\x1b[2J", "urn:x:[/b]"):
            assert name in shown.out
        assert "urn:x:[/]:fire:" in told.out
        assert "\x1b" not in shown.out + told.out


class TestHistory:
    def test_shows_what_is_declared_in_error(self, store_url: str) -> None:
        """
        An event that was declared in error stays in the story, and says so.
        """
        wrong = event(1, eventID="urn:x:1", bizStep="shipping")
        declared = wrong | {"errorDeclaration": {"declarationTime": "2026-02-01T00:00:00Z"}}
        body = document(commissioning(1, lot="A", expiry="2030-01-01"), wrong, declared)
        run("capture", "-", db=store_url, stdin=body)

        ran = run("history", UNIT.format(1), db=store_url)

        assert "shipping declared in error" in ran.out
        assert "declares in error: shipping" in ran.out

    def test_knows_what_was_known_then(self, store_url: str) -> None:
        """
        Before anything was recorded here, nothing was known.
        """
        run("capture", "-", db=store_url, stdin=document(event(1)))

        now = run("history", UNIT.format(1), "--known-at", "2999-01-01", "--json", db=store_url)
        then = run("history", UNIT.format(1), "--known-at", "2020-01-01", db=store_url)

        must_be_valid(now.json, "history")
        assert (now.code, then.code) == (0, 4)


class TestContents:
    def test_of_a_thing_that_holds_nothing_is_nothing(self, store_url: str) -> None:
        """
        A unit in a case holds nothing, and is in the case.
        """
        run("capture", "-", db=store_url, stdin=document(packing(CASE.format(1), UNIT.format(1))))

        ran = run("contents", UNIT.format(1), db=store_url)

        assert "in it: nothing" in ran.out
        assert f"it is in: {CASE.format(1)}" in ran.out


class TestDemo:
    @pytest.mark.parametrize("form", ["json-ld", "xml-1.2", "xml-2.0"])
    def test_writes_documents_that_capture_takes(
        self, sqlite_url: str, tmp_path: Path, form: str
    ) -> None:
        """
        The same seed gives the same bytes, another seed others, and all of them can be captured.
        """
        written = {}
        for folder, seed in (("a", "1"), ("b", "1"), ("c", "2")):
            ran = run(
                "demo",
                str(tmp_path / folder),
                "--seed",
                seed,
                "--format",
                form,
                "--json",
                "--units",
                "1000",
            )
            assert ran.code == 0
            names = ran.json["files"]
            written[folder] = {Path(name).name: Path(name).read_bytes() for name in names}
            assert len(names) == len(list((tmp_path / folder).iterdir())) > 1

        assert written["a"] == written["b"] != written["c"]
        for body in written["a"].values():
            assert parse_document(body, sniff(body)).events is not None
        paths = sorted(str(path) for path in (tmp_path / "a").iterdir())
        ran = run("capture", *paths, db=sqlite_url)
        assert ran.code == 0, ran.err
        assert len(ran.out.splitlines()) == len(paths)

    def test_says_where_it_cannot_write(self, tmp_path: Path) -> None:
        """
        A folder that cannot be made is named, with the reason.
        """
        (tmp_path / "file").touch()

        ran = run("demo", str(tmp_path / "file" / "demo"))

        assert (ran.code, ran.out) == (3, "")
        assert "cannot write to" in ran.err


class TestHelp:
    @pytest.mark.parametrize(
        "command",
        ["serve", "capture", "events", "history", "contents", "verify", "rebuild", "demo"],
    )
    def test_of_every_command_is_on_stdout(self, command: str) -> None:
        """
        Help is what was asked for, so it is data.
        """
        ran = run(command, "--help")

        assert (ran.code, ran.err) == (0, "")
        assert command in ran.out

    def test_lists_the_exit_codes(self) -> None:
        """
        Who writes a script finds what the codes mean.
        """
        words = " ".join(run("--help").out.split())

        for code in range(7):
            assert f"{code} " in words.partition("Exit codes:")[2]

    def test_version_is_ours(self) -> None:
        """
        The version is that of the package.
        """
        assert run("version").out.strip() == __version__


class TestIdempotencyKey:
    def test_names_a_capture(self, store_url: str) -> None:
        """
        The same file under the same key has the same answer; another file is a conflict.
        """
        body = document(event(1))
        capture = ["capture", "-", "--idempotency-key", "k1"]

        first = run(*capture, "--json", db=store_url, stdin=body)
        again = run(*capture, "--json", db=store_url, stdin=body)
        in_words = run(*capture, db=store_url, stdin=body)
        other = run(*capture, db=store_url, stdin=document(event(2)))

        assert first.json == again.json
        assert "under this key" in in_words.out
        assert (other.code, other.out) == (5, "")
        assert "'k1'" in other.err
        assert log_of(store_url) == (2, 1)

    def test_is_of_one_file(self, sqlite_url: str) -> None:
        """
        Several captures cannot share a name.
        """
        ran = run("capture", "a", "b", "--idempotency-key", "k1", db=sqlite_url)

        assert (ran.code, ran.out) == (2, "")
        assert "one FILE" in ran.err

    def test_that_is_none_is_wrong_input(self, sqlite_url: str) -> None:
        """
        A key that could not be kept is told before anything is read.
        """
        assert run("capture", "-", "--idempotency-key", "a b", db=sqlite_url).code == 3


class TestConflicts:
    def test_are_listed(self, store_url: str) -> None:
        """
        What was refused since its eventID was taken is found with its document.
        """
        run("capture", "-", db=store_url, stdin=document(event(1, eventID="urn:x:1")))
        body = document(event(2, eventID="urn:x:2"), event(3, eventID="urn:x:1"))
        assert run("conflicts", "--json", db=store_url).json == {"conflicts": []}

        refused = run("capture", "-", db=store_url, stdin=body)

        assert refused.code == 5
        assert "epcis-repo conflicts" in refused.err
        value = run("conflicts", "--json", db=store_url).json
        must_be_valid(value, "conflicts")
        [found] = value["conflicts"]
        assert (found["eventID"], found["eventNumber"]) == ("urn:x:1", 2)
        assert found["document"] == sha256(body).hexdigest()
        assert found["document"] in run("conflicts", "--event", "urn:x:1", db=store_url).out
        assert (
            run("conflicts", "--event", "urn:x:2", "--json", db=store_url).json["conflicts"] == []
        )
