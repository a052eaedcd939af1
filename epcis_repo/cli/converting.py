"""The command that writes a document in another way: convert."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import typer

from epcis_repo import errors
from epcis_repo.bindings import sniff
from epcis_repo.bindings.formats import FORMATS
from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.cli.files import document_file, written_file
from epcis_repo.cli.options import Format, Json, Out
from epcis_repo.cli.output import print_json, print_text, say_more, shown, words
from epcis_repo.clock import clock
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.operations.convert import Converted, Remarks, Shape, Target, convert

_SNIFFED = 1_024
_REMARKS_SHOWN = 20


def convert_command(
    name: Annotated[str, typer.Argument(metavar="FILE", help="A document; - is stdin.")],
    form: Annotated[Format, typer.Option("--to", help="The format to write.")],
    shape: Annotated[
        Shape | None,
        typer.Option("--as", help="What to write the events in; as they came when not given."),
    ] = None,
    epcs: Annotated[
        EpcFormat,
        typer.Option("--epc-format", help="How to spell identifiers, as GS1-EPC-Format says."),
    ] = EpcFormat.NO_PREFERENCE,
    cbv: Annotated[
        CbvXmlFormat,
        typer.Option("--cbv-format", help="How to spell CBV words in XML: GS1-CBV-XML-Format."),
    ] = CbvXmlFormat.NO_PREFERENCE,
    lossy: Annotated[
        bool, typer.Option("--lossy", help="Leave out what the format has no place for.")
    ] = False,
    out: Out = None,
    json: Json = False,
) -> None:
    """Write a document in another format, version or spelling; nothing is recorded."""
    if json and out is None:
        raise errors.SettingsError("--json reports on stdout: name the file to write with -o")
    if form is Format.XML_1_2 and cbv is CbvXmlFormat.ALWAYS_WEB_URI:
        raise errors.SettingsError("EPCIS 1.2 has words of the CBV as URNs: Web URIs came with 2.0")
    target = Target(form, shape, epcs, cbv, lossy)
    try:
        with document_file(name) as body:
            media_type = sniff(body.read(_SNIFFED))
            converted = convert(body, media_type, target, now=clock())
    except errors.UnsayableError:
        title = FORMATS[form].title
        words.print(f"{shown(name)}: not written; with --lossy, what {title} has no place for is")
        words.print("left out, and named as here")
        raise
    try:
        with nullcontext(print_text) if out is None else written_file(out) as write:
            for piece in converted.pieces():
                write(piece)
    finally:
        converted.close()
    _report(name, form, converted, json=json)


def _report(name: str, form: Format, converted: Converted, *, json: bool) -> None:
    if json:
        print_json(
            {
                "file": name,
                "format": str(form),
                "events": converted.events,
                "lost": _values(converted.lost),
                "lostCount": converted.lost.count,
                "notes": _values(converted.notes),
                "noteCount": converted.notes.count,
            }
        )
        return
    words.print(f"{shown(name)}: {converted.events} events, now {FORMATS[form].title}")
    for word, remarks in (("lost", converted.lost), ("note", converted.notes)):
        for remark in remarks.first[:_REMARKS_SHOWN]:
            words.print(f"  {word}: {shown(str(remark))}")
        say_more(remarks.count - _REMARKS_SHOWN)


def _values(remarks: Remarks) -> list[dict[str, object]]:
    return [
        {"event": remark.event, "field": remark.field, "text": remark.text}
        for remark in remarks.first
    ]
