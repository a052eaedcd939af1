"""The resources of the ledger: signed checkpoint, key, tiles (c2sp.org/tlog-tiles) and proofs."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from epcis_repo.evidence.keys import LogKey, open_key
from epcis_repo.evidence.operations import checkpoint, proof, tile
from epcis_repo.rest.requests import identifier_in, raw_path, settings_of, store_of

TEXT = "text/plain; charset=utf-8"
# A client that asks again within this time may get the checkpoint that a proxy has.
_SHORT = {"Cache-Control": "public, max-age=1"}
# Hashes that are served at a path never change.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


async def get_checkpoint(request: Request) -> Response:
    """Return the signed checkpoint of the log as it is (c2sp.org/tlog-checkpoint)."""
    return Response(await checkpoint(store_of(request), await _key(request)), 200, _SHORT, TEXT)


async def get_key(request: Request) -> Response:
    """Return the public key of the log; who relies on it compares it with one he was given."""
    key = await _key(request)
    return Response(f"{key.verifier}\n", 200, _SHORT, TEXT)


async def get_tile(request: Request) -> Response:
    """Return the hashes of a tile, the first of them for a partial one."""
    hashes = await tile(store_of(request), raw_path(request).removeprefix("/"))
    return Response(hashes, 200, _FOREVER, "application/octet-stream")


async def get_proof(request: Request) -> Response:
    """Return the proof file that an event is in the log (c2sp.org/tlog-proof)."""
    event_id = identifier_in(request, "event_id")
    found = await proof(store_of(request), await _key(request), event_id)
    headers = {"Content-Disposition": 'attachment; filename="event.tlog-proof"'}
    return Response(found, 200, headers, TEXT)


async def _key(request: Request) -> LogKey:
    settings = settings_of(request)
    return await asyncio.to_thread(open_key, settings.key, settings.origin)
