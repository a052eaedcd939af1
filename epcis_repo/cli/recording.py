"""The commands by which events come in: capture, and demo, which writes documents for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from epcis_repo import errors
from epcis_repo.bindings import RENDERERS, sniff
from epcis_repo.cli.exit_codes import EXIT_CODES, say_error
from epcis_repo.cli.files import document_file, size_of
from epcis_repo.cli.options import Db, Format, Json, Url
from epcis_repo.cli.output import (
    data,
    print_bytes,
    print_json,
    progress_bar,
    say_more,
    shown,
    words,
)
from epcis_repo.cli.questions.recording import CAPTURE
from epcis_repo.cli.repository import At, Repository
from epcis_repo.client import Captured
from epcis_repo.demo import generate_chain
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.operations.preparing import CaptureErrorBehaviour

_SNIFFED = 1_024
_FAILURES_SHOWN = 20


def capture_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Documents; - is stdin.")],
    db: Db = None,
    url: Url = None,
    json: Json = False,
    under: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            metavar="KEY",
            help="A name for this capture: again under the same one, it has the same answer.",
        ),
    ] = None,
    proceed: Annotated[
        bool,
        typer.Option("--proceed", help="Record what can be of a document with bad events, too."),
    ] = False,
) -> None:
    """Record the events of documents, each whole or not at all."""
    if under is not None and len(files) > 1:
        raise errors.SettingsError("--idempotency-key names one capture: give one FILE with it")
    if under is not None:
        idempotency_key(under, endpoint="capture")
    behaviour = CaptureErrorBehaviour.PROCEED if proceed else CaptureErrorBehaviour.ROLLBACK
    sizes = [size_of(name) for name in files]

    async def capture_all(repository: Repository) -> int:
        code = 0
        with progress_bar(sum(sizes)) as progress:
            task = progress.add_task("capture", total=sum(sizes))
            for name, size in zip(files, sizes, strict=True):
                try:
                    with document_file(name) as body:
                        media_type = sniff(body.read(_SNIFFED))
                        captured = await repository.ask(
                            CAPTURE, body, media_type, under=under, behaviour=behaviour
                        )
                    _show_receipt(name, captured, json=json)
                    code = max(code, _say_failures(name, captured.job))
                except (errors.InputError, errors.KeyReusedError) as error:
                    # One bad document does not keep the others out.
                    words.print(f"{shown(name)}: refused, nothing of it was recorded")
                    code = max(code, say_error(error))
                except errors.DuplicateEventError as error:
                    words.print(
                        f"{shown(name)}: refused, none of its events was recorded; "
                        "epcis-repo conflicts lists what it contradicts"
                    )
                    code = max(code, say_error(error))
                progress.advance(task, size)
        return code

    raise typer.Exit(At(db, url).run(capture_all))


def _show_receipt(name: str, captured: Captured, *, json: bool) -> None:
    receipt = captured.job
    if json:
        # One line for each document, so that many are as easily read as one.
        print_bytes(orjson.dumps({"file": name, **receipt}))
        return
    note = ""
    if captured.replayed:
        note = ", recorded before under this key: this is the answer that it got"
    elif receipt["repeated"]:
        note = ", all recorded before: this document was captured already"
    elif before := receipt["events"] - receipt["recorded"] - receipt["failed"]:
        note = f", {before} of them recorded before"
    elif receipt["masterData"] and not receipt["events"]:
        note = f", {receipt['masterData']} statements of master data"
    if receipt.get("quarantined"):
        note = f", {receipt['quarantined']} of them kept aside: epcis-repo quarantine tells why"
    data.print(f"{shown(name)}: {receipt['events']} events{note}", soft_wrap=True)


def _say_failures(name: str, receipt: dict[str, Any]) -> int:
    """Say what of a document was not recorded, and return the exit code for that."""
    if not receipt["failed"]:
        # What is kept aside is not recorded either, as yet.
        return EXIT_CODES[errors.InputError] if receipt.get("quarantined") else 0
    words.print(f"{shown(name)}: {receipt['failed']} of its events could not be recorded")
    for error in receipt["errors"][:_FAILURES_SHOWN]:
        words.print(f"  {shown(error['detail'])}")
    say_more(receipt["failed"] - _FAILURES_SHOWN)
    return EXIT_CODES[errors.InputError]


def demo(
    folder: Annotated[Path, typer.Argument(help="Where to write the documents.")],
    units: Annotated[int, typer.Option(min=1_000, help="How many packs of medicine.")] = 2_000,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    form: Annotated[Format, typer.Option("--format", help="The format.")] = Format.XML_1_2,
    clean: Annotated[
        bool, typer.Option("--clean", help="Without the errors that real partners make.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a realistic pharma chain, from the manufacturer to pharmacies, as documents."""
    chain = generate_chain(seed=seed, units=units, errors=not clean)
    suffix = ".jsonld" if form is Format.JSON_LD else ".xml"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        names = []
        for document in chain.documents:
            path = folder / f"{document.name}{suffix}"
            path.write_bytes(RENDERERS[form](document.document))
            names.append(str(path))
    except OSError as error:
        raise errors.InputError(f"cannot write to {folder}: {error.strerror}") from error
    if json:
        print_json({"files": names})
    else:
        for name in names:
            data.print(shown(name), soft_wrap=True)
    words.print(f"{len(names)} documents; capture them with: epcis-repo capture {folder}/*{suffix}")
