"""F5 and F7: PostgreSQL is killed, restarted, cuts connections, and refuses to wait for locks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from typing import Any

import asyncpg
import pytest

from tests.faults.clients import crowd, health
from tests.faults.cluster import Cluster
from tests.faults.forking import Fork
from tests.faults.reports import Journal
from tests.faults.trial import Trial
from tests.faults.verdict import SOUND, compared

# Connections of the program; the one who disturbs is not among them.
OTHERS = "datname = current_database() AND pid <> pg_backend_pid()"
CUT_ONE = f"""
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE {OTHERS} AND backend_type = 'client backend' ORDER BY random() LIMIT 1
"""


class TestCluster:
    def test_that_is_killed_serves_again_without_help(
        self, trial: Trial, fork: Fork, cluster: Cluster, cluster_url: str, tmp_path: Path
    ) -> None:
        """
        SIGKILL of the whole PostgreSQL under four writers, again and again: clients are told to
        come back, and once it is ready again nobody is refused; nothing is lost or in part.
        """
        clients = crowd(Journal(tmp_path / "journal"))
        server = fork.start("serve", cluster_url)
        address = server.address()
        kills = 0
        for _, chances in trial.rounds(short=1, full=100):
            with clients.sending_to(address):
                clients.wait_for(chances.randint(1, 20))
                cluster.kill()
                assert health(address) == 503
                cluster.start()
                assert health(address) == 200
                refused = clients.refused
                clients.wait_for(20)
                # Four may have been on their way to be refused when it was ready.
                assert clients.refused <= refused + len(clients.clients)
            kills += 1
        clients.settle(address)
        server.kill()

        verdict = compared(cluster_url, clients.sent, clients.journal.answers())

        assert clients.surprises == []
        assert verdict == SOUND
        trial.tell(
            "F5",
            "SIGKILL of PostgreSQL and all its processes",
            f"{kills} kills, {clients.answered} captures acknowledged",
            f"0 lost, 0 partial, 0 twice; {clients.refused} times 503, "
            f"{clients.repeated} recorded, answered at the retry",
        )


async def cut(connection: Any, _chances: Random) -> int:
    """End one connection of the program, whatever it does at that moment."""
    return len(await connection.fetch(CUT_ONE))


async def hold(connection: Any, chances: Random) -> int:
    """Keep others from the head of the log for longer than they are willing to wait."""
    async with connection.transaction():
        await connection.execute("SELECT * FROM log_head FOR UPDATE")
        await asyncio.sleep(chances.uniform(0.02, 0.06))
    return 1


async def cancel(connection: Any, _chances: Random) -> int:
    """Cancel whatever statement the program is running, as an administrator may."""
    found = await connection.fetch(
        f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {OTHERS} AND state = 'active'"
    )
    return len(found)


Disturbance = Callable[[Any, Random], Awaitable[int]]
DISTURBANCES: dict[str, tuple[str, Disturbance]] = {
    "connections cut": ("lock_timeout = 0", cut),
    "lock timeouts": ("lock_timeout = 5", hold),
    "statements cancelled": ("lock_timeout = 0", cancel),
    "serializable by default": ("default_transaction_isolation = serializable", hold),
}


class TestConnection:
    @pytest.mark.parametrize("name", DISTURBANCES)
    def test_that_is_disturbed_loses_nothing(
        self, trial: Trial, fork: Fork, cluster_url: str, tmp_path: Path, name: str
    ) -> None:
        """
        In the midst of a capture or of its commit: clients are told to come back, or get the
        answer of their first try, and nothing is lost, in part or twice.
        """
        setting, disturb = DISTURBANCES[name]
        clients = crowd(Journal(tmp_path / "journal"))

        async def chaos(rounds: list[Random]) -> int:
            patient = {"lock_timeout": "0", "default_transaction_isolation": "read committed"}
            connection: Any = await asyncpg.connect(cluster_url, server_settings=patient)
            try:
                done = 0
                for chances in rounds:
                    done += await disturb(connection, chances)
                    await asyncio.sleep(chances.uniform(0, 0.03))
                return done
            finally:
                await connection.close()

        async def set_default() -> None:
            connection: Any = await asyncpg.connect(cluster_url)
            database = await connection.fetchval("SELECT current_database()")
            await connection.execute(f'ALTER DATABASE "{database}" SET {setting}')
            await connection.close()

        fork.start("rebuild", cluster_url).wait()  # which makes the tables
        asyncio.run(set_default())
        server = fork.start("serve", cluster_url)
        address = server.address()
        with clients.sending_to(address):
            clients.wait_for(1)
            done = asyncio.run(chaos([c for _, c in trial.rounds(short=12, full=1_000)]))
            time.sleep(0.1)
            clients.wait_for(4)
        clients.settle(address)
        server.kill()

        verdict = compared(cluster_url, clients.sent, clients.journal.answers())

        assert clients.surprises == []
        assert done
        assert verdict == SOUND
        trial.tell(
            "F7",
            f"PostgreSQL: {name}",
            f"{done} times, {clients.answered} captures acknowledged",
            f"0 lost, 0 partial, 0 twice; {clients.refused} times 503",
        )
