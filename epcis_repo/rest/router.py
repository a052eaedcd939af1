"""
The router: a table of resources, and what answers from it.

- A resource is a row: a path, what answers each method, and the GS1-* headers of its set. `HEAD`
  is there with `GET`, and `OPTIONS` everywhere; any other method is refused with those it has.
- A path is matched as it was sent, before anything in it is decoded: a serial may have a slash in
  it. The first row that fits counts.
- What an endpoint raises becomes a problem document here, whichever resource it is.

A web framework would match routes, solve what a function depends on, and go through half a dozen
layers of middleware, which takes as long as reading a small document does. None of that matters to
functions that take the request and return the response.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from epcis_repo.errors import EpcisError, NotFoundError
from epcis_repo.rest.gs1_headers import (
    EXTENSIONS,
    NONE,
    HeaderSet,
    as_header,
    prefixes_said,
    said_in,
)
from epcis_repo.rest.kept import KeptAnswers, end_of_log, key_of_answer
from epcis_repo.rest.problems import failure_of, method_refused, problem_of, target_refused
from epcis_repo.rest.requests import raw_path

Endpoint = Callable[[Request], Awaitable[Response]]
Announcer = Callable[[Request], Awaitable[Mapping[str, str]]]

# What a proxy lets through is less, as a rule. A next page may have a longer query than the first.
TARGET_SIZE_MAX = 32 << 10
_TOKEN_SIZE_MAX = 1 << 10


async def _nothing_more(_request: Request) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True)
class Resource:
    """
    What is at a path. `{name}` in it is one segment, `{name:path}` are one or more.

    `announces` gives what `OPTIONS` says besides what its set of headers does, and raises
    `NotFoundError` for one of many that is not there. What is got from one that `is_of_log` depends
    on the request and the log alone.
    """

    path: str
    methods: Mapping[str, Endpoint]
    headers: HeaderSet = NONE
    announces: Announcer = field(default=_nothing_more)
    is_of_log: bool = False

    @cached_property
    def allow(self) -> str:
        """The methods, as the header Allow has them."""
        methods = ["OPTIONS", *self.methods]
        if "GET" in methods:
            methods.insert(methods.index("GET") + 1, "HEAD")
        return ", ".join(dict.fromkeys(methods))

    @cached_property
    def on_all(self) -> list[tuple[bytes, bytes]]:
        """What every answer has, as it is sent."""
        return [
            (name.lower().encode(), value.encode()) for name, value in self.headers.on_all.items()
        ]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a path is matched with, as it was sent."""
        pieces = re.split(r"\{(\w+)(:path)?\}", self.path)
        pattern = re.escape(pieces[0])
        for name, more, literal in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
            pattern += f"(?P<{name}>{'.+' if more else '[^/]+'}){re.escape(literal)}"
        return re.compile(pattern, re.DOTALL)


class Router:
    """Answers HTTP from a table of resources; what is no HTTP goes on to the application."""

    def __init__(self, app: ASGIApp, resources: Iterable[Resource]) -> None:
        self._app = app
        self._kept = KeptAnswers()
        self._exact: dict[str, Resource] = {}
        # Those with something of the caller's in the path, by what the path begins with.
        self._by_beginning: dict[str, list[Resource]] = defaultdict(list)
        for resource in resources:
            if "{" in resource.path:
                self._by_beginning[_beginning(resource.path)].append(resource)
            else:
                self._exact[resource.path] = resource

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        resource = None
        try:
            resource = self._resource_at(request)
            response = await self._answer(request, resource)
        except EpcisError as error:
            response = _completed(problem_of(request, error), request, resource)
        except ClientDisconnect:
            # Nobody reads it: the client went away before its request had ended.
            response = Response(status_code=400)
        except Exception:
            await _completed(failure_of(request), request, resource)(scope, receive, send)
            # The server logs it, with its traceback.
            raise
        await response(scope, receive, send)

    async def _answer(self, request: Request, resource: Resource) -> Response:
        is_of_log = resource.is_of_log and request.method == "GET"
        if not is_of_log or not self._kept.was_asked(key := key_of_answer(request)):
            return _completed(await _fresh_answer(request, resource), request, resource)
        position = await end_of_log(request)
        response = self._kept.find(key, position)
        if response is None:
            response = _completed(await _fresh_answer(request, resource), request, resource)
            self._kept.keep(key, position, response)
        return response

    def _resource_at(self, request: Request) -> Resource:
        path = raw_path(request)
        resource = self._exact.get(path)
        if resource is not None:
            return resource
        for resource in self._by_beginning.get(_beginning(path), ()):
            if match := resource.pattern.fullmatch(path):
                request.scope["path_params"] = match.groupdict()
                return resource
        raise NotFoundError(f"there is nothing at {path}; GET / lists what there is")


def _beginning(path: str) -> str:
    """Return the part of a path by which resources are told apart: two segments, or one."""
    first, _, rest = path[1:].partition("/")
    return f"{first}/{rest.partition('/')[0]}" if first == "epcis" else first


async def _fresh_answer(request: Request, resource: Resource) -> Response:
    query: bytes = request.scope["query_string"]
    longest = TARGET_SIZE_MAX + (_TOKEN_SIZE_MAX if b"nextPageToken=" in query else 0)
    if len(raw_path(request)) + len(query) > longest:
        return target_refused(request, TARGET_SIZE_MAX)
    # The server sends no body where HEAD asks.
    method = "GET" if request.method == "HEAD" else request.method
    endpoint = resource.methods.get(method)
    if endpoint is None and method != "OPTIONS":
        return method_refused(request, resource.allow)
    request.scope["gs1_headers"] = said_in(request, resource.headers.read.get(method, {}))
    if endpoint is not None:
        return await endpoint(request)
    own = await resource.announces(request)
    return Response(None, 204, {**resource.headers.announced, **own, "Allow": resource.allow})


def _completed(response: Response, request: Request, resource: Resource | None) -> Response:
    """Return an answer with what every answer of a resource has."""
    if resource is None:
        return response
    response.raw_headers += resource.on_all
    if (prefixes := prefixes_said(request)) and EXTENSIONS not in response.headers:
        # An answer without extensions of its own says which the request has used.
        response.headers[EXTENSIONS] = as_header(prefixes)
    return response
