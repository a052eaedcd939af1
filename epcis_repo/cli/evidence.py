"""The commands about evidence: checkpoint, proof, check-proof, key, witness, fsck."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from epcis_repo import errors
from epcis_repo.cli.exit_codes import ANSWER_IS_NO
from epcis_repo.cli.files import read
from epcis_repo.cli.options import Db, Json, Url
from epcis_repo.cli.output import data, print_json, print_text, say_more, say_progress, shown, words
from epcis_repo.cli.questions.evidence import CHECKPOINT, PROOF
from epcis_repo.cli.repository import At
from epcis_repo.cli.running import log_key, log_key_if_there, run
from epcis_repo.evidence.integrity import Integrity, check_integrity
from epcis_repo.evidence.operations import check_proof
from epcis_repo.ledger import (
    EvidenceError,
    Signer,
    VerifierKey,
    parse_verifier_key,
    verify_checkpoint,
)
from epcis_repo.model.times import utc_text
from epcis_repo.projections.derived import READ_MODELS
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import EventStore
from epcis_repo.witness import Witnessed, open_witness_key, reach, witness


def checkpoint_command(db: Db = None, url: Url = None) -> None:
    """Sign the log as it is, unless it does not continue what was signed before."""
    print_text(At(db, url).ask(CHECKPOINT))


def proof_command(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="An eventID.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; stdout without.")] = None,
    db: Db = None,
    url: Url = None,
) -> None:
    """Write the proof that an event is in the log, for anybody who has the public key."""
    found = At(db, url).ask(PROOF, event)
    if out is None:
        print_text(found)
        return
    try:
        out.write_bytes(found)
    except OSError as error:
        raise errors.InputError(f"cannot write {out}: {error.strerror}") from error
    words.print(f"check it with: epcis-repo check-proof {shown(str(out))} --key PUBLIC_KEY")


def check_proof_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A .tlog-proof file; - is stdin.")],
    key: Annotated[
        str,
        typer.Option(metavar="PUBLIC_KEY", help="What `epcis-repo key` shows, or a file with it."),
    ],
    json: Json = False,
) -> None:
    """Check a proof offline: it takes the file and the log's public key, nothing else."""
    verifier = _verifier(key)
    try:
        entry, signed = check_proof(read(file), verifier)
    except EvidenceError as error:
        if json:
            print_json({"holds": False, "part": error.part, "reason": error.reason})
        words.print(f"the proof does not hold: {shown(str(error))}")
        raise typer.Exit(ANSWER_IS_NO) from None
    document = entry.document_sha256 and entry.document_sha256.hex()
    if json:
        print_json(
            {
                "holds": True,
                "eventID": entry.event_id,
                "type": entry.type,
                "position": entry.position,
                "recordTime": utc_text(entry.record_time),
                "dataSha256": entry.data_sha256.hex(),
                "documentSha256": document,
                "origin": signed.origin,
                "treeSize": signed.size,
                "rootHash": signed.root.hex(),
            }
        )
        return
    data.print(f"[bold]{shown(entry.event_id)}[/] is in the log {shown(signed.origin)}")
    data.print(f"  {shown(entry.type)} at position {entry.position} of {signed.size}")
    data.print(f"  recorded: {utc_text(entry.record_time)}")
    data.print(f"  SHA-256 of its data: {entry.data_sha256.hex()}")
    if document:
        data.print(f"  SHA-256 of the document it came in: {document}")


def key_command(
    of_witness: Annotated[
        bool, typer.Option("--witness", help="That of the witness, which checks cosignatures.")
    ] = False,
) -> None:
    """Show the public key of the log, which checks its checkpoints and proofs."""
    settings = read_settings()
    verifier = _witness_key(settings).key if of_witness else log_key(settings).verifier
    data.print(shown(str(verifier)), soft_wrap=True)


def witness_command(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where a log is served.")],
    verifier: Annotated[
        str | None,
        typer.Option(
            metavar="PUBLIC_KEY",
            envvar="EPCIS_REPO_VERIFIER",
            help="The log's key, or a file with it; without, the one that was seen first.",
            show_default=False,
        ),
    ] = None,
    state: Annotated[
        Path, typer.Option(metavar="FILE", help="What was seen last: a file for each log.")
    ] = Path("witness.state"),
    json: Json = False,
) -> None:
    """Co-sign the checkpoint of a log, unless it contradicts the one that was seen before."""
    signer = _witness_key(read_settings())
    trusted = None if verifier is None else _verifier(verifier)

    async def look() -> Witnessed:
        async with reach(url) as log:
            return await witness(log, signer, state, log_key=trusted, now=int(time.time()))

    found = asyncio.run(look())
    if json:
        print_json(
            {
                "origin": found.checkpoint.origin,
                "treeSize": found.checkpoint.size,
                "rootHash": found.checkpoint.root.hex(),
                "firstUse": found.before is None,
                "sizeBefore": None if found.before is None else found.before.size,
                "checkpoint": found.note.decode(),
            }
        )
    else:
        print_text(found.note)
    if found.before is None:
        given = "" if verifier is not None else f" and its key {shown(str(found.log_key))}"
        words.print(
            f"first use: {found.checkpoint.size} entries{given} are trusted as they are; compare "
            "with what others have seen"
        )
    else:
        words.print(
            f"co-signed: {found.checkpoint.size} entries, which go on from the "
            f"{found.before.size} that were seen before"
        )


def fsck_command(db: Db = None, json: Json = False) -> None:
    """Check that all that is stored is what was recorded, and name what is not."""
    settings = read_settings(db=db)

    async def check(store: EventStore) -> Integrity:
        key = log_key_if_there(settings)
        signed = None if key is None else verify_checkpoint(key.last_signed(), [key.verifier])
        return await check_integrity(store, signed, progress=say_progress)

    found = run(settings, check)
    if json:
        print_json(found.value())
    for alteration in found.alterations:
        words.print(f"[bold red]altered:[/] {shown(str(alteration))}")
    say_more(found.altered - len(found.alterations))
    if any(alteration.place in READ_MODELS for alteration in found.alterations):
        words.print("where nothing but a read model differs, epcis-repo rebuild makes it anew")
    for away in found.archived:
        words.print(
            f"{away.year} is archived: {away.events} events at positions {away.first} to "
            f"{away.last} are not here to check"
        )
    verdict = f"{found.altered} altered" if found.altered else "all as recorded"
    words.print(f"{found.events} events checked: {verdict}")
    raise typer.Exit(ANSWER_IS_NO if found.altered else 0)


def _witness_key(settings: Settings) -> Signer:
    return open_witness_key(settings.witness_key, settings.witness_name)


def _verifier(key: str) -> VerifierKey:
    is_file = Path(key).is_file()
    return parse_verifier_key(read(key).decode(errors="replace").strip() if is_file else key)
