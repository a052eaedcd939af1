"""How a SOAP client of others reaches the application without a network."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient
from zeep.transports import Transport


class Offline(Transport):
    """Asks the application, and nobody else."""

    def __init__(self, client: TestClient) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # it has no types
        self._client = client

    def load(self, url: str) -> bytes:
        answer = self._client.get(url)
        assert answer.status_code == 200, url
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        return answer.content

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Any:
        return self._client.post(address, content=message, headers=headers)
