"""The commands that look after a store: init, migrate, backup, restore, doctor, rebuild."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated

import typer

from epcis_repo import errors
from epcis_repo.cli.exit_codes import ANSWER_IS_NO
from epcis_repo.cli.options import Db, Json
from epcis_repo.cli.output import data, print_json, shown, words
from epcis_repo.cli.running import log_key, log_key_if_there, place, run
from epcis_repo.clock import clock
from epcis_repo.evidence.keys import LogKey
from epcis_repo.projections import rebuild
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import open_store
from epcis_repo.store.merging import merge_all
from epcis_repo.store.opening import sqlite_path
from epcis_repo.upkeep.backup import backup
from epcis_repo.upkeep.doctor import Finding, Level, examine
from epcis_repo.upkeep.restore import restore
from epcis_repo.upkeep.versions import migrate, prepare
from epcis_repo.upkeep.years import archive, attach


def init_command(db: Db = None, json: Json = False) -> None:
    """Make the store and the key of the log, where they are not there yet."""
    settings = read_settings(db=db)
    key_is_new = not settings.key.exists()
    store_is_new = run(settings, prepare, prepared=False)
    key = log_key(settings)
    if json:
        print_json(
            {
                "store": place(settings),
                "storeMade": store_is_new,
                "key": str(settings.key),
                "keyMade": key_is_new,
                "publicKey": str(key.verifier),
            }
        )
    made = {True: "made", False: "there already:"}
    words.print(f"{made[store_is_new]} the store {shown(place(settings))}")
    words.print(
        f"{made[key_is_new]} the key {shown(str(settings.key))}, {shown(str(key.verifier))}"
    )
    if key_is_new:
        _say_keep_the_key(key)


def migrate_command(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")
    ] = False,
    db: Db = None,
    json: Json = False,
) -> None:
    """Bring an older database to this version. First stop what uses it, and make a backup."""
    settings = read_settings(db=db)
    done = run(settings, lambda store: migrate(store, dry_run=dry_run), prepared=False)
    if json:
        print_json({"steps": [str(step) for step in done.steps], "done": not dry_run})
    for step in done.steps:
        words.print(f"{'would run' if dry_run else 'ran'} {shown(str(step))}")
    if not done.steps:
        words.print("the database is of this version")
    elif done.events:
        words.print(f"{done.events} events folded")


def backup_command(
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="The file to write.")],
    db: Db = None,
    json: Json = False,
) -> None:
    """Write all that is recorded to a file, of one moment, while captures go on."""
    settings = read_settings(db=db)
    key = log_key_if_there(settings)
    made = run(settings, lambda store: backup(store, dest, key, now=clock()))
    if json:
        print_json(made.value())
    words.print(f"{made.head} events, root {made.root_hash}, are in {shown(str(dest))}")
    if key is not None:
        words.print(f"the key {shown(str(settings.key))} is not: keep it elsewhere")


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
    key = log_key_if_there(settings)
    restored = run(
        settings,
        lambda store: restore(store, source, key, new_epoch=new_epoch, now=clock()),
        prepared=False,
    )
    new_key = restored.new_key
    if json:
        print_json(
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
            f"the log goes on as {shown(new_key.verifier.name)}: tell who relies on it its new "
            f"key, {shown(str(new_key.verifier))}"
        )
        _say_keep_the_key(new_key)
    elif key is None:
        words.print(
            f"there is no key {shown(str(settings.key))}: put it back before anything is signed, "
            "or a new one is made, which nobody knows"
        )


def archive_command(
    year: Annotated[int, typer.Argument(metavar="YEAR", help="A finished year, the oldest here.")],
    dest: Annotated[Path, typer.Argument(metavar="DEST", help="The file to write.")],
    db: Db = None,
    json: Json = False,
) -> None:
    """
    Write a finished year to a file and take what was reported in it out of the database.

    Only on PostgreSQL. Receipts, conflicts, decisions and documents stay, and so does the tree.
    """
    settings = read_settings(db=db)
    key = log_key_if_there(settings)
    made = run(settings, lambda store: archive(store, year, dest, key, now=clock()))
    if json:
        print_json(made.value())
    words.print(
        f"{made.archived} events of {year} are in {shown(str(dest))}, and not here any more"
    )
    words.print("keep that file, and a copy of it: backups do not have what is in it")


def attach_command(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="What archive has written.")],
    db: Db = None,
    json: Json = False,
) -> None:
    """Bring an archived year back from its file. The file stays."""
    made = run(read_settings(db=db), lambda store: attach(store, source, now=clock()))
    if json:
        print_json({"year": made.year, "events": made.archived})
    words.print(f"{made.archived} events of {made.year} are here again")


def _say_keep_the_key(key: LogKey) -> None:
    words.print(
        f"keep a copy of {shown(str(key.path))} elsewhere: backups do not have it; what it signed "
        f"last is in {shown(str(key.last_path))}"
    )


def doctor_command(db: Db = None, json: Json = False) -> None:
    """Say what is not as it should be around the store, and what to do about it."""
    settings = read_settings(db=db)
    findings = asyncio.run(_examined(settings))
    if json:
        print_json({"findings": [finding.value() for finding in findings]})
    else:
        colours = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}
        for found in findings:
            level = f"[{colours[found.level]}]{found.level:<8}[/]"
            data.print(f"{level}{found.about}: {shown(found.found)}", soft_wrap=True)
            if found.advice is not None:
                data.print(f"        {shown(found.advice)}", soft_wrap=True)
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
            now=clock(),
        )
    finally:
        await store.close()


def rebuild_command(db: Db = None, json: Json = False) -> None:
    """Drop every read model and fold the whole log again."""
    started = time.monotonic()
    count = run(read_settings(db=db), rebuild)
    if json:
        print_json({"events": count})
    words.print(f"{count} events folded in {time.monotonic() - started:.1f} s")


def compact_command(db: Db = None, json: Json = False) -> None:
    """Merge the parts of the index of identifiers, as a server does when it has time."""
    started = time.monotonic()
    count = run(read_settings(db=db), merge_all)
    if json:
        print_json({"buckets": count})
    words.print(f"buckets left: {count}, after {time.monotonic() - started:.1f} s")
