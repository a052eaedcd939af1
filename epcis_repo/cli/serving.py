"""The command that serves over HTTP, with a sample to begin with if one likes."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer
import uvicorn
from uvicorn.supervisors import Multiprocess

from epcis_repo import errors
from epcis_repo.bindings import RENDERERS, sniff
from epcis_repo.cli.options import Db
from epcis_repo.cli.output import shown, words
from epcis_repo.cli.running import place, run
from epcis_repo.cli.workers import Workers, reserve
from epcis_repo.clock import clock
from epcis_repo.demo import Chain, Status, generate_chain
from epcis_repo.operations.capture import capture
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import EventStore
from epcis_repo.store.log import head


def serve(
    db: Db = None,
    host: Annotated[str | None, typer.Option(help="The address to listen at.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen at.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="How many processes answer; one for each core is enough.")
    ] = None,
    sample: Annotated[
        bool, typer.Option("--sample", help="Capture a sample chain first if the log is empty.")
    ] = False,
) -> None:
    """Serve over HTTP."""
    settings = read_settings(db=db, host=host, port=port, workers=workers)
    # Opened here first, so that a store that cannot be used is told as by any other command.
    run(settings, lambda store: _capture_sample(store, settings) if sample else asyncio.sleep(0))
    config = uvicorn.Config(
        partial(_application, settings),
        factory=True,
        workers=settings.workers,
        # One that is busy, or still starting on a busy machine, is not one that hangs.
        timeout_worker_healthcheck=60,
        log_level="warning",
        # Nobody is told of requests at that level, and to put it into words takes a tenth of one.
        access_log=False,
    )
    # Elsewhere the kernel does not divide those who come among sockets of one port.
    shares = settings.workers > 1 and sys.platform == "linux"
    with _listening(settings, reserve if shares else _listener) as listener:
        if shares:
            Workers(config, listener, partial(_say, settings, listener, sample=sample)).run()
            return
        _say(settings, listener, sample=sample)
        if settings.workers == 1:
            _serve_alone(config, listener)
        else:
            Multiprocess(config, [listener]).run()


def _say(settings: Settings, listener: socket.socket, *, sample: bool) -> None:
    port = listener.getsockname()[1]
    words.print(f"serving {shown(place(settings))} at http://{settings.host}:{port}/")
    if sample:
        words.print(f"try http://{settings.host}:{port}/history/{_sample_unit()}")


def _serve_alone(config: uvicorn.Config, listener: socket.socket) -> None:
    # Uvicorn finishes what it is answering, and then raises the signal again: it has been obeyed.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    uvicorn.Server(config).run(sockets=[listener])


def _application(settings: Settings) -> object:
    """Return the application, in the process that is to serve it."""
    from epcis_repo.app import create_app  # here, since the other commands start without it

    app = create_app(settings)
    settle_process()
    return app


def settle_process() -> None:
    """Have this process do what a server does best, from now on."""
    # What is there by now stays until the end. The collector would go through all of it with
    # every few hundred requests, a tenth of what they take.
    gc.freeze()
    # What is left to it are requests and documents, trees without cycles for the most part: to go
    # through a document that is being read again and again is a fifth of the reading.
    gc.set_threshold(20_000, 20, 100)
    # A thread that has done a little in the database waits so long (in seconds) until the one
    # that reads a document lets it go on; with the usual five milliseconds, four times as long.
    sys.setswitchinterval(0.0005)


def _listening(
    settings: Settings, listen: Callable[[int, str, int], socket.socket]
) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return listen(family, settings.host, settings.port)
    except OSError as error:
        raise errors.SettingsError(
            f"cannot listen at {settings.host}:{settings.port} ({error.strerror}): choose "
            "another address with --host or another port with --port; port 0 is any that is free"
        ) from None


def _listener(family: int, host: str, port: int) -> socket.socket:
    return socket.create_server((host, port), family=family)


def _sample_chain() -> Chain:
    return generate_chain(seed=1, units=2_000)


def _sample_unit() -> str:
    """Return a pack of the sample whose story has an end: it was dispensed."""
    return next(unit.epc for unit in _sample_chain().truth if unit.status is Status.DISPENSED)


async def _capture_sample(store: EventStore, settings: Settings) -> None:
    async with store.reading(snapshot=False) as session:
        if await head(session):
            return
    words.print(f"{place(settings)} is empty: capturing a sample chain")
    for document in _sample_chain().documents:
        body = RENDERERS["xml-1.2"](document.document)
        await capture(store, body, sniff(body), now=clock())
