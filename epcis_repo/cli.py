"""
The command line. Data goes to stdout, words to stderr; `--json` gives data for programs.

Exit codes: 0 done; 1 the answer is no (a product is not verified, a proof does not hold,
something recorded was altered); 2 the command line is wrong;
3 what was given is wrong, and nothing of it was recorded; 4 nothing of that name is recorded;
5 the event is recorded already with other content; 6 the store cannot be used.
"""

from __future__ import annotations

import asyncio
import io
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

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
from epcis_repo.evidence.operations import check_proof, checkpoint, prepare, proof
from epcis_repo.gs1 import parse_scan
from epcis_repo.ledger import EvidenceError, ForkError, parse_verifier_key, verify_checkpoint
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import identifier_asked, moment_asked
from epcis_repo.operations.capture import Receipt, capture
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.events import events
from epcis_repo.operations.history import history, history_value
from epcis_repo.projections import rebuild
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import EventStore, open_store
from epcis_repo.store.log import head
from epcis_repo.verification import product_identifier, verification_value, verify

T = TypeVar("T")

app = typer.Typer(
    name="epcis-repo",
    help="An event-sourced EPCIS repository: capture what partners report, replay any serial's "
    "life, verify products.",
    epilog="Exit codes: 0 done, 1 the answer is no, 2 wrong command line, 3 wrong input (nothing "
    "recorded), 4 not found, 5 conflict with what is recorded, 6 store not available.",
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
    errors.StoreError: 6,
    # The log is not what was signed, or cannot be proved to be: `fsck` tells more.
    ForkError: ANSWER_IS_NO,
    TreeError: ANSWER_IS_NO,
    KeyFileError: 2,
}
_VIOLATIONS_SHOWN = 20
_LONG_FILE = 1_000_000
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
        if (more := len(error.violations) - _VIOLATIONS_SHOWN) > 0:
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
) -> None:
    """Record the events of documents, each whole or not at all."""
    settings = read_settings(db=db)
    sizes = [_size(name) for name in files]

    async def capture_all(store: EventStore) -> int:
        code = 0
        with _progress(sum(sizes)) as progress:
            task = progress.add_task("capture", total=sum(sizes))
            for name, size in zip(files, sizes, strict=True):
                try:
                    body = _read(name)
                    receipt = await capture(store, body, sniff(body), now=_now())
                    _show_receipt(name, receipt, json=json)
                except (errors.InputError, errors.DuplicateEventError) as error:
                    # One bad document does not keep the others out.
                    words.print(f"{_shown(name)}: refused, nothing of it was recorded")
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
    is_file = Path(key).is_file()
    verifier = parse_verifier_key(_read(key).decode(errors="replace").strip() if is_file else key)
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
def key_command() -> None:
    """Show the public key of the log, which checks its checkpoints and proofs."""
    data.print(_shown(str(_key(read_settings()).verifier)), soft_wrap=True)


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


def _run(settings: Settings, work: Callable[[EventStore], Awaitable[T]]) -> T:
    """Open the store, do the work and close it again."""

    async def run() -> T:
        async with _opened(settings) as store:
            return await work(store)

    return asyncio.run(run())


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[EventStore]:
    store = open_store(settings.db)
    try:
        await prepare(store)
        yield store
    finally:
        await store.close()


def _key(settings: Settings) -> LogKey:
    return open_key(settings.key, settings.origin)


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
    if receipt.repeated:
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
