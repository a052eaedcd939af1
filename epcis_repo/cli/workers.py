"""
Several processes that answer at one port, each with its share of those who connect.

Of processes that wait at one socket the quickest to wake takes all who come at that time, and keeps
them for as long as they stay. Each has a socket of its own at the port, and the kernel divides the
callers among them; one that dies takes its socket along.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

Address = tuple[Any, ...]


def reserve(family: int, host: str, port: int) -> socket.socket:
    """
    Return a socket that keeps an address for the workers; nobody is let in by it.

    Raises `OSError` when somebody else is there.
    """
    # Whoever shares his port would be joined by one more without a word.
    with socket.create_server((host, port), family=family) as alone:
        address = alone.getsockname()
    return _at(family, address)


class _Shared(socket.socket):
    """A socket whose copy in another process is another one at the same address."""

    def __reduce__(self) -> tuple[Callable[..., socket.socket], tuple[int, Address]]:
        return _at, (self.family, self.getsockname())


def _at(family: int, address: Address) -> socket.socket:
    shared = _Shared(family, socket.SOCK_STREAM)
    if family == socket.AF_INET6:
        # Else it would be that of IPv4, too, which may be somebody else's.
        shared.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(address)
    return shared


class Workers(Multiprocess):
    """The processes; `ready` is called when all of them listen."""

    def __init__(
        self, config: uvicorn.Config, reserved: socket.socket, ready: Callable[[], None]
    ) -> None:
        super().__init__(config, [reserved])
        self._ready = ready

    def init_processes(self) -> None:
        """Begin the workers, and wait for them."""
        super().init_processes()
        seconds = self.config.timeout_worker_healthcheck
        if all(process.wait_until_ready(seconds) for process in self.processes):
            self._ready()
