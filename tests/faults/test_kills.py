"""F1: the server is killed at random instants, and its clients go on with the next one."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.clients import crowd
from tests.faults.forking import Fork
from tests.faults.reports import Journal
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, compared


class TestServer:
    def test_that_is_killed_has_kept_every_promise(
        self, trial: Trial, fork: Fork, durable_url: str, tmp_path: Path
    ) -> None:
        """
        SIGKILL while several clients capture, again and again: what was acknowledged is there,
        no document in part, and nothing twice, though each sends again what was not answered.
        """
        clients = crowd(Journal(tmp_path / "journal"))
        kills = 0
        for _, chances in trial.rounds(short=5, full=1_000):
            server = fork.start("serve", durable_url)
            with clients.sending_to(server.address()):
                # Most kills hit a server at work, every fifth one that is still starting.
                if chances.random() < 0.8:
                    clients.wait_for(1)
                time.sleep(chances.uniform(0, 0.03))
                server.kill()
            kills += 1
        server = fork.start("serve", durable_url)
        clients.settle(server.address())
        server.kill()

        verdict = compared(durable_url, clients.sent, clients.journal.answers())

        assert clients.surprises == []
        assert verdict == SOUND
        assert clients.answered > kills / 2
        trial.tell(
            "F1",
            f"SIGKILL of the server, {durable_url.partition(':')[0]}",
            f"{kills} kills, {clients.answered} captures acknowledged",
            f"0 lost, 0 partial, 0 twice; {clients.repeated} recorded, answered at the retry",
        )
