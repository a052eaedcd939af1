"""
The one resource that a WebSocket is opened on: the events of a named query (EPCIS 2.0, §12.8).

Each message to the client is a text: an EPCISQueryDocument in JSON, or a problem document. What a
client sends is not read.
"""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from starlette.requests import Request
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from epcis_repo.bindings.spelling import CbvXmlFormat
from epcis_repo.clock import clock
from epcis_repo.errors import EpcisError, StoreUnavailableError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.model.times import utc_text
from epcis_repo.rest.gs1_headers import CBV_XML_FORMAT, EPC_FORMAT, STANDARD, said_in
from epcis_repo.rest.problems import problem_of
from epcis_repo.rest.requests import store_of
from epcis_repo.subscriptions import Listener, asked_in_query, listener

_log = logging.getLogger(__name__)

# So many listen to one process; each of them looks at the log four times a second.
LISTENERS_MAX = 200
# RFC 6455, §7.4.1: all is said; and something went wrong here.
_DONE, _FAILED = 1000, 1011


async def listen(socket: WebSocket) -> None:
    """Tell a client what a query finds, until it hangs up or the query is deleted."""
    # It has all that is read of a request: headers, path, query and application.
    request = cast("Request", socket)
    listening: set[WebSocket] = socket.app.state.listening
    try:
        if len(listening) >= LISTENERS_MAX:
            raise StoreUnavailableError(
                f"{LISTENERS_MAX} listen already: connect again later, or subscribe to a webhook"
            )
        said = said_in(request, STANDARD.read["GET"])
        asked = asked_in_query(
            socket.query_params.multi_items(),
            socket.path_params["name"],
            epc_format=said.get(EPC_FORMAT, EpcFormat.ALWAYS_DIGITAL_LINK),
            cbv_xml_format=said.get(CBV_XML_FORMAT, CbvXmlFormat.NO_PREFERENCE),
        )
        who = await listener(store_of(request), asked, clock=clock)
    except EpcisError as error:
        await socket.send_denial_response(problem_of(request, error))
        return
    since = utc_text(who.min_record_time).encode()
    await socket.accept(headers=[(b"gs1-query-min-record-time", since)])
    listening.add(socket)
    telling = asyncio.create_task(_tell(socket, who))
    try:
        await _hung_up(socket, telling)
    finally:
        listening.discard(socket)
        telling.cancel()
        await asyncio.wait([telling])


async def _tell(socket: WebSocket, who: Listener) -> None:
    try:
        async for message in who.messages():
            await socket.send_text(message.body.decode())
        await socket.close(_DONE, "the query was deleted")
    except WebSocketDisconnect:
        pass
    except Exception:  # noqa: BLE001 - whatever it is, the client has to connect anew
        _log.exception("a listener could not be told")
        await socket.close(_FAILED)


async def _hung_up(socket: WebSocket, telling: asyncio.Task[None]) -> None:
    """Return when the client has hung up, or there is no more to tell; what it sends is dropped."""
    while not telling.done():
        received = asyncio.create_task(socket.receive())
        await asyncio.wait((telling, received), return_when=asyncio.FIRST_COMPLETED)
        if not received.done():
            received.cancel()
            await asyncio.wait([received])
        elif received.result()["type"] == "websocket.disconnect":
            return


ROUTES = (WebSocketRoute("/epcis/queries/{name}/events", listen),)
