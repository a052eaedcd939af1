"""
The command line. Data goes to stdout, words to stderr; `--json` gives data for programs.

Exit codes: 0 done; 1 the answer is no (a product is not verified, a proof does not hold,
something recorded was altered, a log contradicts itself, a store is not well);
2 the command line is wrong;
3 what was given is wrong, and nothing of it was recorded; 4 nothing of that name is recorded;
5 the event is recorded already with other content; 6 the store cannot be used, or no log answers.
"""

from __future__ import annotations

import asyncio
import io
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Annotated, Any, TypeVar

import orjson
import typer
import uvicorn
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.tree import Tree

from epcis_repo import __version__, errors
from epcis_repo.bindings import RENDERERS, sniff
from epcis_repo.demo import Chain, Status, generate_chain
from epcis_repo.evidence.errors import KeyFileError, TreeError
from epcis_repo.evidence.integrity import Integrity, check_integrity
from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.evidence.operations import check_proof, checkpoint, proof
from epcis_repo.gs1 import parse_scan
from epcis_repo.ledger import (
    EvidenceError,
    ForkError,
    Signer,
    VerifierKey,
    parse_verifier_key,
    verify_checkpoint,
)
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import identifier_asked, moment_asked
from epcis_repo.operations.capture import Receipt, capture
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.events import events
from epcis_repo.operations.history import history, history_value
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.projections import rebuild
from epcis_repo.projections.derived import READ_MODELS
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.durability import refuse_lapses
from epcis_repo.store.log import head
from epcis_repo.store.opening import sqlite_path
from epcis_repo.upkeep.backup import backup
from epcis_repo.upkeep.doctor import Finding, Level, examine
from epcis_repo.upkeep.restore import restore
from epcis_repo.upkeep.versions import migrate, prepare
from epcis_repo.verification import product_identifier, verification_value, verify
from epcis_repo.witness import (
    LogUnreachableError,
    RefusedError,
    Witnessed,
    open_witness_key,
    reach,
    witness,
)

T = TypeVar("T")

app = typer.Typer(
    name="epcis-repo",
    help="An event-sourced EPCIS repository: capture what partners report, replay any serial's "
    "life, verify products.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong command line, 3 wrong input (nothing "
    "recorded), 4 not found, 5 conflict with what is recorded, 6 store or log not available.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
# What is piped is not cut to the width of a terminal that is not there. The colons of a URN mean
# no emoji: `urn:x:1` would be printed with a cross in it.
data = Console(emoji=False, highlight=False, width=None if sys.stdout.isatty() else 10_000)
words = Console(emoji=False, highlight=False, stderr=True, soft_wrap=True)

ANSWER_IS_NO = 1
# The most particular class of an error counts.
EXIT_CODES: dict[type[Exception], int] = {
    errors.SettingsError: 2,
    errors.QueryParameterError: 2,
    errors.InputError: 3,
    errors.NotFoundError: 4,
    errors.DuplicateEventError: 5,
    errors.KeyReusedError: 5,
    errors.StoreError: 6,
    # The log is not what was signed, or cannot be proved to be: `fsck` tells more.
    ForkError: ANSWER_IS_NO,
    TreeError: ANSWER_IS_NO,
    KeyFileError: 2,
    RefusedError: ANSWER_IS_NO,
    LogUnreachableError: 6,
}
_VIOLATIONS_SHOWN = 20
_LONG_FILE = 1_000_000
_SNIFFED = 1_024
_LONG_LOG = 100_000

Db = Annotated[
    str | None,
    typer.Option(
        "--db",
        envvar="EPCIS_REPO_DB",
        help="sqlite:///path or postgresql://…; sqlite:///epcis.db when not given.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Give data for programs.")]
Id = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="URN, Digital Link, element string, SSCC digits, or GTIN and serial.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="T", help="What was true then: a date, or date and time."),
]
KnownAt = Annotated[
    str | None,
    typer.Option("--known-at", metavar="T", help="What was known then: a date, or date and time."),
]


class Format(StrEnum):
    """The formats that documents are written in."""

    JSON_LD = "json-ld"
    XML_2_0 = "xml-2.0"
    XML_1_2 = "xml-1.2"


def _shown(text: str) -> str:
    """Return a text of others so that a terminal shows it and obeys nothing in it."""
    return escape(text if text.isprintable() else text.encode("unicode_escape").decode())


def main() -> None:
    """Run a command; an error becomes a sentence and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that has no such character shows its number.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except errors.EpcisError as error:
        raise SystemExit(_say(error)) from None


def _say(error: errors.EpcisError) -> int:
    words.print(f"[bold red]error:[/] {_shown(str(error))}")
    if isinstance(error, errors.ValidationError) and len(error.violations) > 1:
        for violation in error.violations[:_VIOLATIONS_SHOWN]:
            words.print(f"  {_shown(str(violation))}")
        if (more := error.count - _VIOLATIONS_SHOWN) > 0:
            words.print(f"  … and {more} more")
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)


@app.command()
def serve(
    db: Db = None,
    host: Annotated[str | None, typer.Option(help="The address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen at.")] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Capture a sample chain first if the log is empty.")
    ] = False,
) -> None:
    """Serve over HTTP."""
    settings = read_settings(db=db, host=host, port=port)
    # Opened here first, so that a store that cannot be used is told as by any other command.
    _run(settings, lambda store: _capture_sample(store, settings) if sample else asyncio.sleep(0))
    from epcis_repo.app import create_app  # here, since the other commands start without it

    server = uvicorn.Server(uvicorn.Config(create_app(settings), log_level="warning"))
    # Uvicorn finishes what it is answering, and then raises the signal again: it has been obeyed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    with _listening(settings) as listener:
        port = listener.getsockname()[1]
        words.print(f"serving {_shown(_place(settings))} at http://{settings.host}:{port}/")
        if sample:
            words.print(f"try http://{settings.host}:{port}/history/{_sample_unit()}")
        server.run(sockets=[listener])


@app.command("capture")
def capture_command(
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help="Documents; - is stdin.")],
    db: Db = None,
    json: Json = False,
    under: Annotated[
        str | None,
        typer.Option(
            "--idempotency-key",
            metavar="KEY",
            help="A name for this capture: again under the same one, it has the same answer.",
        ),
    ] = None,
) -> None:
    """Record the events of documents, each whole or not at all."""
    if under is not None and len(files) > 1:
        raise errors.SettingsError("--idempotency-key names one capture: give one FILE with it")
    key = None if under is None else idempotency_key(under, endpoint="capture")
    settings = read_settings(db=db)
    sizes = [_size(name) for name in files]

    async def capture_all(store: EventStore) -> int:
        code = 0
        with _progress(sum(sizes)) as progress:
            task = progress.add_task("capture", total=sum(sizes))
            for name, size in zip(files, sizes, strict=True):
                try:
                    with _document_file(name) as body:
                        media_type = sniff(body.read(_SNIFFED))
                        receipt = await capture(store, body, media_type, now=_now(), key=key)
                    _show_receipt(name, receipt, json=json)
                except (errors.InputError, errors.KeyReusedError) as error:
                    # One bad document does not keep the others out.
                    words.print(f"{_shown(name)}: refused, nothing of it was recorded")
                    code = max(code, _say(error))
                except errors.DuplicateEventError as error:
                    words.print(
                        f"{_shown(name)}: refused, none of its events was recorded; "
                        "epcis-repo conflicts lists what it contradicts"
                    )
                    code = max(code, _say(error))
                progress.advance(task, size)
        return code

    raise typer.Exit(_run(settings, capture_all))


@app.command("events")
def events_command(
    parameters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PARAM=VALUE …]", help="Such as EQ_bizStep=shipping."),
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Show the events that match EPCIS query parameters, in order of capture."""
    pairs = []
    for text in parameters or ():
        name, equals, value = text.partition("=")
        if not equals:
            raise errors.QueryParameterError(name, expected="PARAM=VALUE", found=text)
        pairs.append((name, value))
    page = _run(read_settings(db=db), lambda store: events(store, pairs, now=_now()))
    if json:
        _print_bytes(RENDERERS["json-ld"](page.document))
    else:
        table = _table("event time", "type", "action", "step", "disposition", "event")
        for event in page.document.events or ():
            cells = (
                event.event_time.text,
                type(event).__name__,
                getattr(event, "action", None),
                event.biz_step,
                event.disposition,
                event.event_id,
            )
            table.add_row(*(_shown(cell or "") for cell in cells))
        data.print(table)
    if page.next_page_token is not None:
        words.print(f"more: nextPageToken={page.next_page_token}")


@app.command("conflicts")
def conflicts_command(
    event: Annotated[str | None, typer.Option(metavar="EVENTID", help="Only those of one.")] = None,
    after: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="The page after: what the one before says.")
    ] = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """List the eventIDs that came again with other content, and the documents that brought them."""
    settings = read_settings(db=db)
    page = _run(settings, lambda store: conflicts(store, event_id=event, token=after))
    found = [conflict.value() for conflict in page.conflicts]
    if json:
        _print_json({"conflicts": found})
    else:
        table = _table("found at", "event", "of the document", "event number")
        for value in found:
            cells = (value["foundAt"], value["eventID"], value["document"], value["eventNumber"])
            table.add_row(*(_shown(str(cell)) for cell in cells))
        data.print(table)
    if page.next_page_token is not None:
        words.print(f"more: --after {page.next_page_token}")


@app.command("history")
def history_command(
    identifier: Id,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Replay the life of a serial or container, with what happened to whatever it was in."""
    thing, clocks = identifier_asked(identifier), _clocks(as_of, known_at)
    story = _run(read_settings(db=db), lambda store: history(store, thing, **clocks))
    value = history_value(story)
    if json:
        _print_json(value)
        return
    state = value["state"] or {}
    data.print(f"[bold]{_shown(value['id']['epc'])}[/]")
    for name in ("lifecycle", "disposition", "biz_location", "read_point", "lot", "expiry"):
        if state.get(name):
            data.print(f"  {name.replace('_', ' ')}: {_shown(state[name])}")
    table = _table("event time", "what happened", "where", "how it is known")
    for entry in value["events"]:
        table.add_row(
            entry["event_time"],
            _words_of(entry),
            _shown(entry["read_point"] or entry["biz_location"] or ""),
            f"inferred from {_shown(entry['inferred_from'])}" if entry["inferred"] else "reported",
        )
    data.print(table)


@app.command("contents")
def contents_command(
    identifier: Id,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    db: Db = None,
    json: Json = False,
) -> None:
    """Show what is in a container, at every level, and what it is in itself."""
    thing, clocks = identifier_asked(identifier), _clocks(as_of, known_at)
    found = _run(read_settings(db=db), lambda store: contents(store, thing, **clocks))
    value = contents_value(found)
    if json:
        _print_json(value)
        return
    tree = Tree(f"[bold]{_shown(value['id']['epc'])}[/]")
    _grow(tree, value["contents"])
    data.print(tree)
    counts = ", ".join(f"{count} at level {n}" for n, count in enumerate(value["levels"], 1))
    data.print(f"in it: {counts or 'nothing'}")
    data.print(f"it is in: {_shown(value['parent'] or 'nothing')}")


@app.command("verify")
def verify_command(
    scan: Annotated[str, typer.Argument(metavar="SCAN", help="Element string or Digital Link.")],
    db: Db = None,
    json: Json = False,
) -> None:
    """Verify a product identifier: GTIN, serial, lot and expiry against the commissioning."""
    today = datetime.now(UTC).date()
    parsed = parse_scan(scan, today=today)
    for warning in parsed.warnings:
        words.print(f"[yellow]warning:[/] {_shown(warning)}")
    product = product_identifier(parsed)
    settings = read_settings(db=db)
    verdict = _run(settings, lambda store: verify(store, product, today=today))
    if json:
        gln = settings.gln
        _print_json(verification_value(verdict, now=_now(), gln=gln, corr_uuid=None))
        words.print(_shown(verdict.sentence))
    else:
        data.print(_shown(verdict.sentence))
    raise typer.Exit(0 if verdict.verified else ANSWER_IS_NO)


@app.command("init")
def init_command(db: Db = None, json: Json = False) -> None:
    """Make the store and the key of the log, where they are not there yet."""
    settings = read_settings(db=db)
    key_is_new = not settings.key.exists()
    store_is_new = _run(settings, prepare, prepared=False)
    key = _key(settings)
    if json:
        _print_json(
            {
                "store": _place(settings),
                "storeMade": store_is_new,
                "key": str(settings.key),
                "keyMade": key_is_new,
                "publicKey": str(key.verifier),
            }
        )
    made = {True: "made", False: "there already:"}
    words.print(f"{made[store_is_new]} the store {_shown(_place(settings))}")
    words.print(
        f"{made[key_is_new]} the key {_shown(str(settings.key))}, {_shown(str(key.verifier))}"
    )
    if key_is_new:
        _say_keep_the_key(key)


@app.command("migrate")
def migrate_command(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """Bring an older database to this version. First stop what uses it, and make a backup."""
    settings = read_settings(db=db)
    done = _run(settings, lambda store: migrate(store, dry_run=dry_run), prepared=False)
    if json:
        _print_json({"steps": [str(step) for step in done.steps], "done": not dry_run})
    for step in done.steps:
        words.print(f"{'would run' if dry_run else 'ran'} {_shown(str(step))}")
    if not done.steps:
        words.print("the database is of this version")
    elif done.events:
        words.print(f"{done.events} events folded")


@app.command("backup")
def backup_command(
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="The file to write.")],
    db: Db = None,
    json: Json = False,
) -> None:
    """Write all that is recorded to a file, of one moment, while captures go on."""
    settings = read_settings(db=db)
    # Without a key, nothing was signed; to make a backup is no reason to make one.
    key = _key(settings) if settings.key.exists() else None
    made = _run(settings, lambda store: backup(store, dest, key, now=_now()))
    if json:
        _print_json(made.value())
    words.print(f"{made.head} events, root {made.root_hash}, are in {_shown(str(dest))}")
    if key is not None:
        words.print(f"the key {_shown(str(settings.key))} is not: keep it elsewhere")


@app.command("restore")
def restore_command(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="What backup has written.")],
    new_epoch: Annotated[
        bool,
        typer.Option(
            "--new-epoch",
            help="Go on under another origin in any case: where the key comes from a backup, too, "
            "it may have signed more than it knows.",
        ),
    ] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """
    Fill an empty store from a backup, whichever kind of store that was made of.

    Where the key has signed more than is restored, the log begins a new epoch: another origin and
    another key, so that nobody takes the restored log for a fork.
    """
    settings = read_settings(db=db)
    key = _key(settings) if settings.key.exists() else None
    restored = _run(
        settings,
        lambda store: restore(store, source, key, new_epoch=new_epoch, now=_now()),
        prepared=False,
    )
    new_key = restored.new_key
    if json:
        _print_json(
            {
                "events": restored.manifest.head,
                "rootHash": restored.manifest.root_hash,
                "origin": None if new_key is None else new_key.verifier.name,
                "publicKey": None if new_key is None else str(new_key.verifier),
            }
        )
    words.print(f"{restored.manifest.head} events restored, root {restored.manifest.root_hash}")
    if new_key is not None:
        words.print(
            f"the log goes on as {_shown(new_key.verifier.name)}: tell who relies on it its new "
            f"key, {_shown(str(new_key.verifier))}"
        )
        _say_keep_the_key(new_key)
    elif key is None:
        words.print(
            f"there is no key {_shown(str(settings.key))}: put it back before anything is signed, "
            "or a new one is made, which nobody knows"
        )


@app.command("doctor")
def doctor_command(db: Db = None, json: Json = False) -> None:
    """Say what is not as it should be around the store, and what to do about it."""
    settings = read_settings(db=db)
    findings = asyncio.run(_examined(settings))
    if json:
        _print_json({"findings": [finding.value() for finding in findings]})
    else:
        colours = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}
        for found in findings:
            level = f"[{colours[found.level]}]{found.level:<8}[/]"
            data.print(f"{level}{found.about}: {_shown(found.found)}", soft_wrap=True)
            if found.advice is not None:
                data.print(f"        {_shown(found.advice)}", soft_wrap=True)
    raise typer.Exit(ANSWER_IS_NO if any(f.level is Level.ERROR for f in findings) else 0)


async def _examined(settings: Settings) -> list[Finding]:
    file = sqlite_path(settings.db)
    if file is not None and not file.exists():
        # To look at a database is no reason to make one.
        advice = "run epcis-repo init to have one made, or name another with --db"
        return [Finding(Level.ERROR, "database", f"there is no {file}", advice)]
    try:
        store = open_store(settings.db, part=settings.part)
    except errors.StoreUnavailableError as error:
        return [Finding(Level.ERROR, "database", "it cannot be used", str(error))]
    try:
        return await examine(
            store,
            file=file,
            key=settings.key,
            origin=settings.origin,
            unsafe=settings.unsafe_not_durable,
            now=_now(),
        )
    finally:
        await store.close()


@app.command("rebuild")
def rebuild_command(db: Db = None, json: Json = False) -> None:
    """Drop every read model and fold the whole log again."""
    started = time.monotonic()
    count = _run(read_settings(db=db), rebuild)
    if json:
        _print_json({"events": count})
    words.print(f"{count} events folded in {time.monotonic() - started:.1f} s")


@app.command("checkpoint")
def checkpoint_command(db: Db = None) -> None:
    """Sign the log as it is, unless it does not continue what was signed before."""
    settings = read_settings(db=db)
    signed = _run(settings, lambda store: checkpoint(store, _key(settings)))
    _print_text(signed)


@app.command("proof")
def proof_command(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="An eventID.")],
    out: Annotated[Path | None, typer.Option(help="The file to write; stdout without.")] = None,
    db: Db = None,
) -> None:
    """Write the proof that an event is in the log, for anybody who has the public key."""
    settings = read_settings(db=db)
    found = _run(settings, lambda store: proof(store, _key(settings), event))
    if out is None:
        _print_text(found)
        return
    try:
        out.write_bytes(found)
    except OSError as error:
        raise errors.InputError(f"cannot write {out}: {error.strerror}") from error
    words.print(f"check it with: epcis-repo check-proof {_shown(str(out))} --key PUBLIC_KEY")


@app.command("check-proof")
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
        entry, signed = check_proof(_read(file), verifier)
    except EvidenceError as error:
        if json:
            _print_json({"holds": False, "part": error.part, "reason": error.reason})
        words.print(f"the proof does not hold: {_shown(str(error))}")
        raise typer.Exit(ANSWER_IS_NO) from None
    document = entry.document_sha256 and entry.document_sha256.hex()
    if json:
        _print_json(
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
    data.print(f"[bold]{_shown(entry.event_id)}[/] is in the log {_shown(signed.origin)}")
    data.print(f"  {_shown(entry.type)} at position {entry.position} of {signed.size}")
    data.print(f"  recorded: {utc_text(entry.record_time)}")
    data.print(f"  SHA-256 of its data: {entry.data_sha256.hex()}")
    if document:
        data.print(f"  SHA-256 of the document it came in: {document}")


@app.command("key")
def key_command(
    of_witness: Annotated[
        bool, typer.Option("--witness", help="That of the witness, which checks cosignatures.")
    ] = False,
) -> None:
    """Show the public key of the log, which checks its checkpoints and proofs."""
    settings = read_settings()
    verifier = _witness_key(settings).key if of_witness else _key(settings).verifier
    data.print(_shown(str(verifier)), soft_wrap=True)


@app.command("witness")
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
    log_key = None if verifier is None else _verifier(verifier)

    async def look() -> Witnessed:
        async with reach(url) as log:
            return await witness(log, signer, state, log_key=log_key, now=int(time.time()))

    found = asyncio.run(look())
    if json:
        _print_json(
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
        _print_text(found.note)
    if found.before is None:
        given = "" if verifier is not None else f" and its key {_shown(str(found.log_key))}"
        words.print(
            f"first use: {found.checkpoint.size} entries{given} are trusted as they are; compare "
            "with what others have seen"
        )
    else:
        words.print(
            f"co-signed: {found.checkpoint.size} entries, which go on from the "
            f"{found.before.size} that were seen before"
        )


@app.command("fsck")
def fsck_command(db: Db = None, json: Json = False) -> None:
    """Check that all that is stored is what was recorded, and name what is not."""
    settings = read_settings(db=db)

    async def check(store: EventStore) -> Integrity:
        # Without a key, nothing was signed; to check is no reason to make one.
        signed = None
        if settings.key.exists():
            key = _key(settings)
            signed = verify_checkpoint(key.last_signed(), [key.verifier])
        return await check_integrity(store, signed, progress=_say_progress)

    found = _run(settings, check)
    if json:
        _print_json(found.value())
    for alteration in found.alterations:
        words.print(f"[bold red]altered:[/] {_shown(str(alteration))}")
    if (more := found.altered - len(found.alterations)) > 0:
        words.print(f"  … and {more} more")
    if any(alteration.place in READ_MODELS for alteration in found.alterations):
        words.print("where nothing but a read model differs, epcis-repo rebuild makes it anew")
    verdict = f"{found.altered} altered" if found.altered else "all as recorded"
    words.print(f"{found.events} events checked: {verdict}")
    raise typer.Exit(ANSWER_IS_NO if found.altered else 0)


@app.command()
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
        _print_json({"files": names})
    else:
        for name in names:
            data.print(_shown(name), soft_wrap=True)
    words.print(f"{len(names)} documents; capture them with: epcis-repo capture {folder}/*{suffix}")


@app.command()
def version() -> None:
    """Show the version."""
    data.print(__version__)


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise errors.SettingsError(
            f"cannot listen at {settings.host}:{settings.port} ({error.strerror}): choose "
            "another address with --host or another port with --port; port 0 is any that is free"
        ) from None


def _sample_chain() -> Chain:
    return generate_chain(seed=1, units=2_000)


def _sample_unit() -> str:
    """Return a pack of the sample whose story has an end: it was dispensed."""
    return next(unit.epc for unit in _sample_chain().truth if unit.status is Status.DISPENSED)


async def _capture_sample(store: EventStore, settings: Settings) -> None:
    async with store.reading(snapshot=False) as session:
        if await head(session):
            return
    words.print(f"{_place(settings)} is empty: capturing a sample chain")
    for document in _sample_chain().documents:
        body = RENDERERS[Format.XML_1_2](document.document)
        await capture(store, body, sniff(body), now=_now())


def _run(
    settings: Settings, work: Callable[[EventStore], Awaitable[T]], *, prepared: bool = True
) -> T:
    """Open the store, do the work and close it again."""

    async def run() -> T:
        async with _opened(settings, prepared=prepared) as store:
            return await work(store)

    return asyncio.run(run())


@asynccontextmanager
async def _opened(settings: Settings, *, prepared: bool = True) -> AsyncIterator[EventStore]:
    store = open_store(settings.db, part=settings.part)
    try:
        if not settings.unsafe_not_durable:
            await refuse_lapses(store)
        if prepared:
            await prepare(store)
        yield store
    finally:
        await store.close()


def _key(settings: Settings) -> LogKey:
    return open_key(settings.key, settings.origin)


def _witness_key(settings: Settings) -> Signer:
    return open_witness_key(settings.witness_key, settings.witness_name)


def _verifier(key: str) -> VerifierKey:
    is_file = Path(key).is_file()
    return parse_verifier_key(_read(key).decode(errors="replace").strip() if is_file else key)


def _say_keep_the_key(key: LogKey) -> None:
    words.print(
        f"keep a copy of {_shown(str(key.path))} elsewhere: backups do not have it; what it signed "
        f"last is in {_shown(str(key.last_path))}"
    )


def _say_progress(done: int, size: int) -> None:
    # A line for each tenth of a log that takes a while.
    if size >= _LONG_LOG and done < size and done * 10 // size > (done - 2_048) * 10 // size:
        words.print(f"{done} of {size} events")


def _size(name: str) -> int:
    path = Path(name)
    return path.stat().st_size if path.is_file() else 0


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise errors.InputError(f"cannot read {name}: {error.strerror}") from error


@contextmanager
def _document_file(name: str) -> Iterator[IO[bytes]]:
    """Open a document; what comes through a pipe goes to a temporary file first."""
    with ExitStack() as files:
        try:
            if name == "-":
                source: IO[bytes] = sys.stdin.buffer
            else:
                source = files.enter_context(Path(name).open("rb"))
            if name == "-" or not source.seekable():
                pipe, source = source, files.enter_context(TemporaryFile())
                shutil.copyfileobj(pipe, source)
                source.seek(0)
        except OSError as error:
            raise errors.InputError(f"cannot read {name}: {error.strerror}") from error
        yield source


def _progress(size: int) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeElapsedColumn(),
        console=words,
        transient=True,
        disable=size < _LONG_FILE or not words.is_terminal,
    )


def _clocks(as_of: str | None, known_at: str | None) -> dict[str, int | None]:
    return {
        "as_of": None if as_of is None else moment_asked("--as-of", as_of),
        "known_at": None if known_at is None else moment_asked("--known-at", known_at),
    }


def _now() -> int:
    return time.time_ns() // 1000


def _place(settings: Settings) -> str:
    # Without the password that an address may hold.
    scheme, _, rest = settings.db.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _show_receipt(name: str, receipt: Receipt, *, json: bool) -> None:
    if json:
        # One line for each document, so that many are as easily read as one.
        _print_bytes(orjson.dumps({"file": name, **receipt.value()}))
        return
    note = ""
    if receipt.replayed:
        note = ", recorded before under this key: this is the answer that it got"
    elif receipt.repeated:
        note = ", all recorded before: this document was captured already"
    elif receipt.recorded < receipt.events:
        note = f", {receipt.events - receipt.recorded} of them recorded before"
    data.print(f"{_shown(name)}: {receipt.events} events{note}", soft_wrap=True)


def _table(*headers: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for header in headers:
        # An identifier is never cut: what does not fit goes on in the next line.
        table.add_column(header, overflow="fold")
    return table


def _words_of(entry: dict[str, Any]) -> str:
    what = entry["biz_step"] or f"{entry['type']} {entry['action'] or ''}".strip()
    text = _shown(f"{what} ({entry['disposition']})" if entry["disposition"] else what)
    if entry["in_error"]:
        return f"[strike]{text}[/] declared in error"
    return f"declares in error: {text}" if entry["declares_error"] else text


def _grow(tree: Tree, inside: list[dict[str, Any]]) -> None:
    for content in inside:
        _grow(tree.add(_shown(content["epc"])), content["contents"])


def _print_text(text: bytes) -> None:
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def _print_json(value: Any) -> None:
    _print_bytes(orjson.dumps(value, option=orjson.OPT_INDENT_2))


def _print_bytes(body: bytes) -> None:
    sys.stdout.buffer.write(body + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
