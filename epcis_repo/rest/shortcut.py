"""
The way past the framework, for the one request that comes by the thousand.

Matching routes, solving what a function depends on and half a dozen layers of middleware take as
long as reading a small document does. None of that matters to a resource with one path, one
method and a function that takes the request and returns the response.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

Endpoint = Callable[[Request], Awaitable[Response]]
ErrorHandler = Callable[[Request, Exception], Awaitable[Response]]


class Shortcut:
    """Answers what `endpoints` has by method and path; all else goes on to the application."""

    def __init__(
        self,
        app: ASGIApp,
        endpoints: Mapping[tuple[str, str], Endpoint],
        handlers: Mapping[Any, ErrorHandler],
    ) -> None:
        """`handlers` answer what an endpoint raises, the first whose class it is."""
        self._app = app
        self._endpoints = endpoints
        self._handlers = handlers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        endpoint = None
        if scope["type"] == "http":
            endpoint = self._endpoints.get((scope["method"], scope["path"]))
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await endpoint(request)
        except tuple(self._handlers) as error:
            handler = next(h for cls, h in self._handlers.items() if isinstance(error, cls))
            response = await handler(request, error)
        await response(scope, receive, send)
