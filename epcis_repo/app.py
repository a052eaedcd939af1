"""The one place where everything is put together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from epcis_repo import __version__
from epcis_repo.capture_jobs import Runner
from epcis_repo.errors import EpcisError
from epcis_repo.projections.event_hashes import keep_hashed
from epcis_repo.rest.captures import post_capture
from epcis_repo.rest.problems import failure_of, http_problem_of, nothing_for, problem_of
from epcis_repo.rest.rules import router
from epcis_repo.rest.shortcut import Shortcut
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import open_store
from epcis_repo.store.durability import refuse_lapses
from epcis_repo.store.merging import keep_merged
from epcis_repo.upkeep.versions import prepare


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application; it opens the store that `settings` name when it starts."""
    chosen = read_settings() if settings is None else settings

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        store = open_store(chosen.db, part=chosen.part)
        try:
            if not chosen.unsafe_not_durable:
                await refuse_lapses(store)
            await prepare(store)
            app.state.store, app.state.settings = store, chosen
            # The idempotency keys of requests that are being answered.
            app.state.in_progress = set()
            runner = Runner(
                store, clock=lambda: time.time_ns() // 1000, events_max=chosen.capture_limit
            )
            app.state.runner = runner
            merging = keep_merged(store, processes=chosen.workers)
            behind = (runner.run(), merging, keep_hashed(store))
            running = [asyncio.create_task(work) for work in behind]
            try:
                yield
            finally:
                # What was being captured is captured after the next start, and merges go on then.
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
        finally:
            await store.close()

    # The interactive pages would load scripts from another host; the description is ours.
    app = FastAPI(
        title="epcis-repo",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # To send a client from `/health/` to `/health`, the framework would name the host that
        # the client said it was talking to.
        redirect_slashes=False,
    )
    app.include_router(router)
    handlers = {
        EpcisError: problem_of,
        HTTPException: http_problem_of,
        ClientDisconnect: nothing_for,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)
    app.add_exception_handler(Exception, failure_of)
    app.add_middleware(
        Shortcut, endpoints={("POST", "/epcis/capture"): post_capture}, handlers=handlers
    )
    return app
