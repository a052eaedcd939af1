"""The one place where everything is put together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI

from epcis_repo import __version__
from epcis_repo.capture_jobs import Runner
from epcis_repo.clock import clock
from epcis_repo.operations.recent import RecentEvents
from epcis_repo.projections.event_hashes import keep_hashed
from epcis_repo.reactions import Judge, ReactionsDoor
from epcis_repo.rest.openapi import description
from epcis_repo.rest.resources import RESOURCES
from epcis_repo.rest.router import Router
from epcis_repo.rest.sockets import ROUTES
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import open_store
from epcis_repo.store.durability import refuse_lapses
from epcis_repo.store.merging import keep_merged
from epcis_repo.subscriptions import Deliverer, Sender, open_webhook_key
from epcis_repo.supervisor import keep_up
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
            app.state.recent = RecentEvents()
            # The idempotency keys of requests that are being answered.
            app.state.in_progress = set()
            # Who has a WebSocket open.
            app.state.listening = set()
            app.state.door = ReactionsDoor()
            runner = Runner(
                store, clock=clock, events_max=chosen.capture_limit, door=app.state.door
            )
            app.state.runner = runner
            deliverer = Deliverer(
                store,
                post=Sender(chosen.webhook_networks).post,
                signer=partial(open_webhook_key, chosen.webhook_key),
                clock=clock,
            )
            # What goes on behind the requests, for as long as there are any.
            behind: dict[str, Callable[[], Awaitable[None]]] = {
                "running capture jobs": runner.run,
                "merging buckets": partial(keep_merged, store, processes=chosen.workers),
                "hashing events": partial(keep_hashed, store),
                "delivering to subscribers": deliverer.run,
            }
            if chosen.judging:
                own = partial(open_store, chosen.db, part=chosen.part)
                behind["judging what was captured"] = Judge(own, clock=clock).run
            running = [asyncio.create_task(keep_up(name, work)) for name, work in behind.items()]
            try:
                yield
            finally:
                # What was being captured is captured after the next start, and merges go on then.
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
        finally:
            await store.close()

    # The router answers what is HTTP, and all else is a WebSocket. Tools that ask an application
    # for its description get ours.
    app = FastAPI(
        title="epcis-repo",
        version=__version__,
        openapi_url=None,
        lifespan=lifespan,
        # It would ask with each request whether somebody measures: a third of the router's time.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.openapi = partial(description, RESOURCES)  # type: ignore[method-assign]
    app.router.routes.extend(ROUTES)
    app.add_middleware(Router, resources=RESOURCES)
    return app
