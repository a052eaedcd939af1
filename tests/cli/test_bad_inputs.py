"""What is refused at the command line: a sentence on stderr, an exit code, nothing on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.rest.documents import BAD_DOCUMENTS, UNIT, BadDocument, document, event
from tests.rest.serving import log_of

NOWHERE = "postgresql://nobody:secret@127.0.0.1:1/nothing"


class TestBadDocument:
    @pytest.mark.parametrize("bad", [pytest.param(bad, id=bad.id) for bad in BAD_DOCUMENTS])
    def test_is_refused_with_its_place_and_leaves_no_trace(
        self, store_url: str, tmp_path: Path, bad: BadDocument
    ) -> None:
        """
        Every fault is named with its place, what was expected and what was found; the log and
        the kept documents are as before.
        """
        path = tmp_path / "bad"
        path.write_bytes(bad.body)
        run("capture", "-", db=store_url, stdin=document(event(9999)))
        before = log_of(store_url)

        ran = run("capture", str(path), "--json", db=store_url)

        assert (ran.code, ran.out) == (3, "")
        assert f"{path}: refused, nothing of it was recorded" in ran.err
        for finding in bad.findings if bad.shell is None else ():
            assert finding.pointer in ran.err
            assert finding.expected in ran.err
            assert finding.found in ran.err
            assert finding.line is None or f"(line {finding.line})" in ran.err
            assert finding.event is None or f"event {finding.event}, " in ran.err
        assert bad.shell is None or bad.shell in ran.err
        assert len(ran.err) < 5_000
        assert "Traceback" not in ran.err
        assert log_of(store_url) == before

    def test_does_not_keep_good_ones_out(self, store_url: str, tmp_path: Path) -> None:
        """
        Of several files those that are good are recorded, and the exit code says that one was
        not.
        """
        names = []
        for number, body in enumerate((document(event(1)), b"", document(event(2)))):
            path = tmp_path / f"{number}.json"
            path.write_bytes(body)
            names.append(str(path))

        ran = run("capture", *names, str(tmp_path / "missing"), "--json", db=store_url)

        assert ran.code == 3
        assert len(ran.out.splitlines()) == 2
        assert log_of(store_url) == (4, 2)
        assert "1.json: refused" in ran.err
        assert "missing: No such file" in ran.err


# The arguments, the exit code, and what the sentence says.
REFUSALS = [
    pytest.param(["history", "foo"], 3, ["foo", "URN", "Digital Link", "SSCC"], id="no identifier"),
    pytest.param(["contents", "foo"], 3, ["element string"], id="no container"),
    pytest.param(
        ["history", "(01)00300010123456(21)1"], 3, ["check digit", "expected 5"], id="check digit"
    ),
    pytest.param(["history", UNIT.format("nobody")], 4, ["never captured"], id="unknown serial"),
    pytest.param(
        ["contents", UNIT.format("nobody")], 4, ["never captured"], id="unknown container"
    ),
    pytest.param(["verify", "foo"], 3, ["foo"], id="no scan"),
    pytest.param(["verify", "(01)00300010123455(21)11"], 3, ["lot (10)", "expiry (17)"], id="half"),
    pytest.param(
        ["verify", "(01)00300010123455(21)11(10)A(17)250327"], 4, ["00300010123455"], id="GTIN"
    ),
    pytest.param(["capture", "missing.xml"], 3, ["missing.xml", "No such file"], id="no file"),
    pytest.param(["capture", "."], 3, ["directory"], id="folder"),
    pytest.param(["capture"], 2, ["FILE"], id="no argument"),
    pytest.param(["surprise"], 2, ["surprise"], id="no command"),
    pytest.param(["events", "EQ_bizStep"], 2, ["PARAM=VALUE"], id="no value"),
    pytest.param(["events", "EQ_surprise=1"], 2, ["EQ_surprise", "such as EQ_"], id="no parameter"),
    pytest.param(["events", "EQ_action=LOOK"], 2, ["EQ_action", "LOOK"], id="no action"),
    pytest.param(["events", "EQ_eventID=\udcff"], 2, ["EQ_eventID"], id="half a character"),
    pytest.param(
        ["history", UNIT.format(1), "--as-of", "soon"], 2, ["--as-of", "soon"], id="as of"
    ),
    pytest.param(
        ["contents", UNIT.format(1), "--known-at", "2026-01-01T00:00"], 2, ["zone"], id="known at"
    ),
    pytest.param(["serve", "--port", "99999"], 2, ["PORT", "65535"], id="port"),
    pytest.param(["serve", "--host", "192.0.2.1", "--port", "0"], 2, ["--host"], id="host"),
    pytest.param(["demo", "x", "--units", "1"], 2, ["1000"], id="too few units"),
]


class TestRefusal:
    @pytest.mark.parametrize(("arguments", "code", "words"), REFUSALS)
    def test_is_a_sentence_and_an_exit_code(
        self,
        sqlite_url: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
        code: int,
        words: list[str],
    ) -> None:
        """
        What is wrong is said on stderr, with what would do; nothing is on stdout.
        """
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("EPCIS_REPO_DB", sqlite_url)

        ran = run(*arguments)

        assert (ran.code, ran.out) == (code, "")
        for word in words:
            assert word in " ".join(ran.err.split())
        assert "Traceback" not in ran.err

    def test_other_content_is_a_conflict(self, store_url: str) -> None:
        """
        An eventID that is taken by other content ends with the code of a conflict.
        """
        run("capture", "-", db=store_url, stdin=document(event(1, eventID="urn:x:1")))

        ran = run("capture", "-", db=store_url, stdin=document(event(2, eventID="urn:x:1")))

        assert (ran.code, ran.out) == (5, "")
        assert "urn:x:1" in ran.err
        assert "declare" in ran.err


def unwritable(tmp_path: Path) -> str:
    if os.geteuid() == 0:
        # Nothing keeps root out of a folder but a file system that takes nothing.
        if not sys.platform.startswith("linux"):
            pytest.skip("root may write every folder here")
        return "/proc/epcis.db"
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    return str(folder / "epcis.db")


STORES: dict[str, tuple[Callable[[Path], str], str]] = {
    "a folder": (lambda tmp_path: f"sqlite:///{tmp_path}", "name a file in it"),
    "in no folder": (lambda tmp_path: f"sqlite:///{tmp_path}/no/epcis.db", "create it"),
    "no database": (lambda tmp_path: f"sqlite:///{tmp_path}/text", "not touched"),
    "not writable": (lambda tmp_path: f"sqlite:///{unwritable(tmp_path)}", "may write"),
    "down": (lambda _: NOWHERE, "see that the server runs"),
}


class TestStore:
    @pytest.mark.parametrize("name", STORES)
    @pytest.mark.parametrize(
        "arguments",
        [["capture", "-"], ["events"], ["history", UNIT.format(1)], ["rebuild"], ["serve"]],
        ids=lambda arguments: arguments[0],
    )
    def test_that_cannot_be_used_says_what_to_do(
        self, tmp_path: Path, name: str, arguments: list[str]
    ) -> None:
        """
        Every command says what to do about its store, ends with 6, and shows no password.
        """
        (tmp_path / "text").write_text("no database " * 100)
        address, advice = STORES[name]

        ran = run(*arguments, db=address(tmp_path), stdin=document(event()))

        assert (ran.code, ran.out) == (6, "")
        assert advice in ran.err
        assert "secret" not in ran.err
        assert "Traceback" not in ran.err

    @pytest.mark.parametrize("db", ["", "epcis.db", "mysql://x", "sqlite:///", "sqlite://x"])
    def test_address_that_is_none_is_a_wrong_command_line(self, db: str) -> None:
        """
        What names no database is answered with what would.
        """
        ran = run("events", db=db)

        assert (ran.code, ran.out) == (2, "")
        assert "sqlite:///path/to/file" in ran.err
