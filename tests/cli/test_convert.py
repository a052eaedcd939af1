"""Documents in another format on the command line, and documents as they were received."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from epcis_repo.bindings import XML, parse_document, sniff
from tests.cli.running import run
from tests.rest.documents import UNIT, document, event
from tests.rest.serving import must_be_valid

ROOT = Path(__file__).parent.parent.parent
SHIPMENT = str(ROOT / "fixtures" / "shipment.xml")
RECEIPT = str(ROOT / "fixtures" / "receipt.jsonld")
SENSED = {"sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": 4.5}]}]}


class TestConvert:
    @pytest.mark.parametrize("name", [SHIPMENT, RECEIPT])
    @pytest.mark.parametrize("form", ["json-ld", "xml-2.0", "xml-1.2"])
    def test_writes_the_document_to_stdout_and_words_to_stderr(self, name: str, form: str) -> None:
        """
        The data is the document and nothing else; what was done is said apart.
        """
        ran = run("convert", name, "--to", form)

        body = ran.out.encode()
        source = Path(name).read_bytes()
        assert ran.code == 0
        assert len(parse_document(body, sniff(body)).events or ()) == len(
            parse_document(source, sniff(source)).events or ()
        )
        assert "events, now EPCIS" in ran.err

    def test_reads_stdin_and_writes_a_file(self, tmp_path: Path) -> None:
        """
        The file is there under its name when it is whole, and nothing is beside it.
        """
        out = tmp_path / "out.xml"

        ran = run(
            "convert", "-", "--to", "xml-2.0", "-o", str(out), stdin=document(event(1), event(2))
        )

        assert (ran.code, ran.out) == (0, "")
        assert len(parse_document(out.read_bytes(), XML).events or ()) == 2
        assert [path.name for path in tmp_path.iterdir()] == ["out.xml"]

    def test_spells_as_it_is_asked(self) -> None:
        """
        The options are the values of the standard's headers.
        """
        asked = ["--epc-format", "Always_GS1_Digital_Link", "--cbv-format", "Always_Web_URI"]

        ran = run("convert", SHIPMENT, "--to", "xml-2.0", *asked)

        assert "<epc>https://id.gs1.org/01/00312345678906/21/S1</epc>" in ran.out
        assert "<bizStep>https://ref.gs1.org/cbv/BizStep-commissioning</bizStep>" in ran.out
        assert "urn:epcglobal:cbv:bizstep" not in ran.out

    def test_names_what_stays_as_it_was(self) -> None:
        """
        An identifier that cannot be spelt as asked is named with its event and its field.
        """
        asked = ["--to", "json-ld", "--epc-format", "Always_GS1_Digital_Link"]

        ran = run("convert", "-", *asked, stdin=document(event(1), event(2, epcList=["urn:x:1"])))

        assert ran.code == 0
        assert "note: event 2, epcList: urn:x:1 stays as received" in ran.err

    def test_makes_an_answer_of_a_document(self) -> None:
        """
        The shape is another where that is wanted.
        """
        ran = run("convert", SHIPMENT, "--to", "json-ld", "--as", "query")

        assert ran.json["type"] == "EPCISQueryDocument"

    def test_refuses_what_would_be_lost(self, tmp_path: Path) -> None:
        """
        Without --lossy nothing is written, and all that has no place is named.
        """
        out = tmp_path / "out.xml"
        body = document(event(1, **SENSED), event(2), event(3, certificationInfo="urn:x:1"))

        ran = run("convert", "-", "--to", "xml-1.2", "-o", str(out), stdin=body)

        assert (ran.code, ran.out) == (3, "")
        assert "event 1, sensorElementList: EPCIS 1.2 XML has no place for it" in ran.err
        assert "event 3, certificationInfo: EPCIS 1.2 XML has no place for it" in ran.err
        assert "--lossy" in ran.err
        assert not list(tmp_path.iterdir())

    def test_leaves_out_what_it_may_and_names_it(self) -> None:
        """
        With --lossy the rest is written, and what is missing is said.
        """
        body = document(event(1, **SENSED), event(2))

        ran = run("convert", "-", "--to", "xml-1.2", "--lossy", stdin=body)

        assert ran.code == 0
        assert "sensorElementList" not in ran.out
        assert "lost: event 1, sensorElementList: EPCIS 1.2 XML has no place for it" in ran.err

    def test_reports_to_programs(self, tmp_path: Path) -> None:
        """
        With --json the report is data, and the document goes to a file.
        """
        out = tmp_path / "out.xml"
        body = document(event(1, **SENSED), event(2, bizStep="sampling"))

        ran = run(
            *("convert", "-", "--to", "xml-1.2", "--lossy", "--json", "-o", str(out)), stdin=body
        )

        must_be_valid(ran.json, "conversion")
        assert ran.json == {
            "file": "-",
            "format": "xml-1.2",
            "events": 2,
            "lost": [
                {
                    "event": 1,
                    "field": "sensorElementList",
                    "text": "EPCIS 1.2 XML has no place for it",
                }
            ],
            "lostCount": 1,
            "notes": [
                {
                    "event": 2,
                    "field": "bizStep",
                    "text": "sampling is a word that came with CBV 2.0",
                }
            ],
            "noteCount": 1,
        }

    def test_tells_every_violation_of_a_bad_document(self) -> None:
        """
        What cannot be read is refused as a capture of it would be.
        """
        ran = run("convert", "-", "--to", "xml-2.0", stdin=document(event(action="LOOK"), event()))

        assert (ran.code, ran.out) == (3, "")
        assert "event 1, /epcisBody/eventList/0/action" in ran.err

    @pytest.mark.parametrize(
        ("arguments", "code", "words"),
        [
            pytest.param(["missing.xml", "--to", "json-ld"], 3, "No such file", id="no file"),
            pytest.param([SHIPMENT], 2, "--to", id="no format"),
            pytest.param([SHIPMENT, "--to", "csv"], 2, "csv", id="unknown format"),
            pytest.param(
                [SHIPMENT, "--to", "json-ld", "--epc-format", "always"],
                2,
                "Always_EPC_URN",
                id="unknown spelling",
            ),
            pytest.param(
                [SHIPMENT, "--to", "json-ld", "--json"], 2, "-o", id="report and document"
            ),
            pytest.param(
                [SHIPMENT, "--to", "xml-1.2", "--cbv-format", "Always_Web_URI"],
                2,
                "URN",
                id="Web URIs in 1.2",
            ),
            pytest.param(
                [SHIPMENT, "--to", "json-ld", "-o", "missing/out"], 3, "missing/out", id="no folder"
            ),
            pytest.param(
                [SHIPMENT, "--to", "json-ld", "--as", "event"], 3, "exactly one", id="many alone"
            ),
        ],
    )
    def test_refuses_with_a_sentence_and_an_exit_code(
        self, arguments: list[str], code: int, words: str
    ) -> None:
        """
        What is wrong is said on stderr; nothing is on stdout.
        """
        ran = run("convert", *arguments)

        assert (ran.code, ran.out) == (code, "")
        assert words in " ".join(ran.err.split())
        assert "Traceback" not in ran.err

    def test_writes_to_what_is_no_file(self) -> None:
        """
        A device or a pipe is written to as it is.
        """
        assert run("convert", SHIPMENT, "--to", "json-ld", "-o", os.devnull).code == 0
        assert Path(os.devnull).is_char_device()

    def test_holds_little_of_a_long_document(self, tmp_path: Path) -> None:
        """
        A document of 60 MB is converted in a fraction of the memory that its events would take.
        """
        source, out = tmp_path / "long.json", tmp_path / "long.xml"
        one = json.dumps(event(epcList=[UNIT.format(f"1A{n}") for n in range(1_000)]))
        begin, _, end = document().decode().partition("[]")
        with source.open("w") as file:
            file.write(begin + "[" + one)
            for _ in range(1_500):
                file.write("," + one)
            file.write("]" + end)
        size = source.stat().st_size
        script = (
            "import resource, sys; from epcis_repo.cli import main\n"
            f"resource.setrlimit(resource.RLIMIT_AS, ({_ROOM}, {_ROOM}))\nmain()"
        )

        done = subprocess.run(
            [sys.executable, "-c", script, "convert", str(source), "--to", "xml-1.2", "-o", out],
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert size > 60_000_000
        assert out.stat().st_size > size


# All that the process may address, code and libraries included; the document as a tree of
# elements alone would take more.
_ROOM = 400 << 20


class TestDocument:
    def test_gives_the_bytes_as_they_were_received(self, store_url: str, tmp_path: Path) -> None:
        """
        Whatever was made of a document, its digest gets back what was sent.
        """
        body, out = Path(SHIPMENT).read_bytes(), tmp_path / "out"
        captured = run("capture", SHIPMENT, "--json", db=store_url).json

        to_file = run("document", captured["document"], "-o", str(out), db=store_url)
        to_stdout = run("document", captured["document"].upper(), db=store_url)

        assert captured["document"] == sha256(body).hexdigest()
        assert (to_file.code, to_file.out, out.read_bytes()) == (0, "", body)
        assert to_stdout.out.encode() == body

    def test_says_what_is_kept(self, sqlite_url: str) -> None:
        """
        With --json it is told and not shown.
        """
        captured = run("capture", SHIPMENT, "--json", db=sqlite_url).json

        ran = run("document", captured["document"], "--json", db=sqlite_url)

        assert ran.json == {
            "document": captured["document"],
            "mediaType": "application/xml",
            "size": Path(SHIPMENT).stat().st_size,
        }

    @pytest.mark.parametrize("digest", ["0" * 64, "sha256", "../epcis.db"])
    def test_is_not_there_under_another_name(self, sqlite_url: str, digest: str) -> None:
        """
        What is no digest of a document is found nowhere.
        """
        ran = run("document", digest, db=sqlite_url)

        assert (ran.code, ran.out) == (4, "")
        assert digest in ran.err
