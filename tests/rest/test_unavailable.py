"""A store that cannot be used: what clients are told, and that service comes back."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from epcis_repo.errors import StoreUnavailableError
from tests.postgres_server import running_server
from tests.rest.documents import JSON, document, event
from tests.rest.serving import captured, problem, serving


class TestStore:
    def test_that_goes_down_is_503_with_advice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        While PostgreSQL is down, every resource says so and when to try again.
        """
        monkeypatch.delenv("EPCIS_REPO_TEST_POSTGRES", raising=False)
        with running_server() as server, serving(server.create_database()) as client:
            captured(client, document(event(1)))
            assert server.pid is not None
            os.kill(server.pid, signal.SIGQUIT)
            # Its sessions answer until the signal has reached them, too.
            while client.get("/health").status_code == 200:
                time.sleep(0.01)

            answers = [
                client.get("/health"),
                client.get("/epcis/events"),
                client.post(
                    "/epcis/capture", content=document(event(2)), headers={"Content-Type": JSON}
                ),
            ]

            for answer in answers:
                value = problem(answer, 503, "ImplementationException")
                assert answer.headers["Retry-After"].isdecimal()
                assert "see that the server runs" in value["detail"]

    def test_that_cannot_be_opened_keeps_the_service_from_starting(self, tmp_path: Path) -> None:
        """
        A service without a store does not pretend to be one.
        """
        with pytest.raises(StoreUnavailableError), serving(f"sqlite:///{tmp_path}"):
            pass
