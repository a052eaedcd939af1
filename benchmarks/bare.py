"""
What a web server does when nothing is asked of it: a Starlette route that returns bytes.

A process of its own, with the settings of the server that it is compared with.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def main() -> None:
    """Serve the bytes of a file, with the media type that is said."""
    file, media_type = sys.argv[1:]
    body = Path(file).read_bytes()

    async def answer(_request: Request) -> Response:
        return Response(body, media_type=media_type)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    server = uvicorn.Server(uvicorn.Config(app, port=0, access_log=False, log_level="error"))
    socket = server.config.bind_socket()
    # Before its address is said, so that nobody asks too early.
    socket.listen()
    host, port = socket.getsockname()
    print(f"serving at http://{host}:{port}/", flush=True)
    server.run([socket])


if __name__ == "__main__":
    main()
