"""Long documents on the command line: from a file, from stdin, from a pipe."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from tests.cli.running import run
from tests.rest.documents import UNIT, document, event
from tests.rest.serving import log_of

MANY = [event(n, epcList=[UNIT.format(f"{n}A{m}") for m in range(100)]) for n in range(500)]
LONG = document(*MANY)


class TestCapture:
    @pytest.mark.parametrize("source", ["file", "stdin", "pipe"])
    def test_takes_a_long_document(self, store_url: str, tmp_path: Path, source: str) -> None:
        """
        Wherever two megabytes come from, they are captured once.
        """
        path = tmp_path / "document"
        path.write_bytes(LONG)
        first = run("capture", str(path), "--json", db=store_url)
        name, stdin, writer = str(path), b"", None
        if source == "stdin":
            name, stdin = "-", LONG
        if source == "pipe":
            name = str(tmp_path / "pipe")
            os.mkfifo(name)
            writer = threading.Thread(target=Path(name).write_bytes, args=(LONG,))
            writer.start()

        again = run("capture", name, "--json", db=store_url, stdin=stdin)

        if writer is not None:
            writer.join()
        assert (first.code, again.code) == (0, 0)
        assert (first.json["recorded"], first.json["repeated"]) == (500, False)
        assert again.json == first.json | {"file": name, "repeated": True}

    def test_refuses_a_long_document_with_every_violation(
        self, store_url: str, tmp_path: Path
    ) -> None:
        """
        Twenty are shown of more than a thousand, and their number.
        """
        path = tmp_path / "document"
        path.write_bytes(document(*[e | {"action": "LOOK", "epcList": 1} for e in MANY * 3]))

        ran = run("capture", str(path), db=store_url)

        assert ran.code == 3
        assert "(and 2999 more)" in ran.err
        assert "… and 2980 more" in ran.err
        assert "event 11, /epcisBody/eventList/10/epcList" not in ran.err
        assert "event 10, /epcisBody/eventList/9/epcList" in ran.err
        assert log_of(store_url) == (0, 0)
