"""The application at an address of its own, for clients that know nothing but that."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from epcis_repo.app import create_app
from epcis_repo.settings import Settings

_START_SECONDS_MAX = 30.0


@contextmanager
def served(db: str, keys: Path, *, at_port: int = 0, **settings: Any) -> Iterator[str]:
    """
    The address of the application with its store at `db` and its keys in a folder.

    It is at any port that is free, unless one is named.
    """
    settings = {"key": keys / "epcis.key", "webhook_key": keys / "webhook.key", **settings}
    app = create_app(Settings(db=db, **settings))
    config = uvicorn.Config(app, port=at_port, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS_MAX
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started
        [socket] = server.servers[0].sockets
        yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
