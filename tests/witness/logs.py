"""Logs that are served over a real connection, and what dishonest holders of their key do."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import uvicorn

from epcis_repo.app import create_app
from epcis_repo.evidence.keys import last_path_of
from epcis_repo.evidence.operations import prepare
from epcis_repo.ledger import EMPTY_ROOT, Checkpoint, parse_signer_key, sign_checkpoint
from epcis_repo.settings import Settings
from epcis_repo.store import EventStore, open_store
from tests.evidence.logs import alter, flipped, record, values_of

ORIGIN = "epcis-repo"
START_SECONDS_MAX = 30.0


@contextmanager
def served(db: str, key: Path) -> Iterator[str]:
    """The address at which the log in `db` is served, until the end."""
    app = create_app(Settings(db=db, key=key, origin=ORIGIN))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS_MAX
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


async def _with_store(db: str, *names: str) -> EventStore:
    store = open_store(db)
    await prepare(store)
    await record(store, *names)
    return store


def grown(db: str, *names: str) -> str:
    """The log in `db`, with more entries."""

    async def work() -> None:
        await (await _with_store(db, *names)).close()

    asyncio.run(work())
    return db


def forget(key: Path) -> None:
    """Have the key forget what it signed, as only its holder can."""
    signer = parse_signer_key(key.read_text().strip())
    empty = Checkpoint(signer.key.name, 0, EMPTY_ROOT)
    note = sign_checkpoint(empty, [signer], last_signed=None, consistency=[])
    last_path_of(key).write_bytes(note)


def rewrite(db: str, key: Path, position: int) -> str:
    """Alter an event, make the whole tree anew, and have the key sign that."""

    async def work() -> None:
        store = await _with_store(db)
        [data] = await values_of(store, "events", ["data"], f"position = {position}")
        changes = f"UPDATE events SET data = $1 WHERE part = $2 AND position = {position}"
        await alter(db, changes, flipped(data), 1)
        for table in ("tile", "leaf"):
            await alter(db, f"DELETE FROM {table} WHERE part = $1", 1)
        await prepare(store)
        await store.close()

    asyncio.run(work())
    forget(key)
    return db


def roll_back(db: str, key: Path, size: int) -> str:
    """Put the log back to what it was with `size` entries, and have the key sign that."""

    async def work() -> None:
        store = await _with_store(db)
        for table in ("events", "leaf"):
            await alter(db, f"DELETE FROM {table} WHERE part = $1 AND position > $2", 1, size)
        await alter(db, "UPDATE log_head SET head = $2 WHERE part = $1", 1, size)
        for table in ("tile", "leaf"):
            await alter(db, f"DELETE FROM {table} WHERE part = $1", 1)
        await prepare(store)
        await store.close()

    asyncio.run(work())
    forget(key)
    return db


@contextmanager
def shown(pages: Mapping[str, bytes], *, endless: bool = False) -> Iterator[str]:
    """The address of what calls itself a log and has these pages, by path; over and over."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.end_headers()
            self.wfile.write(body or b"no such page")
            with suppress(ConnectionError):
                while endless:
                    self.wfile.write(body or b"no such page")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def pages_of(url: str, *tiles: str) -> dict[str, bytes]:
    """What the log at `url` shows to a witness."""
    paths = ["/checkpoint", "/key", *tiles]
    with httpx2.Client(base_url=url) as client:
        return {path: client.get(path).raise_for_status().content for path in paths}
