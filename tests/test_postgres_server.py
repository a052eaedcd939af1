"""The PostgreSQL that the tests run on is a real one, private, and gone afterwards."""

import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from tests import postgres_server as module
from tests.postgres_server import (
    SOURCES,
    URL_VARIABLE,
    VERSION_MIN,
    NoPostgresError,
    Server,
    binaries_of_package,
    running_server,
    server_account,
    usable_binaries,
)


async def fetch_value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def folder_of(server: Server) -> Path:
    return Path(parse_qs(urlsplit(server.url).query)["host"][0])


def owner(path: Path) -> int:
    return path.stat().st_uid


class TestFixture:
    async def test_gives_a_server_that_is_new_enough(self, postgres_url: str) -> None:
        """
        What we test on is PostgreSQL 14 or newer.
        """
        number = await fetch_value(postgres_url, "SELECT current_setting('server_version_num')")

        assert int(str(number)) >= VERSION_MIN * 10_000

    @pytest.mark.parametrize("turn", [1, 2])
    async def test_gives_each_test_an_empty_database(self, postgres_url: str, turn: int) -> None:
        """
        A table that one test makes is not there for the next.
        """
        connection = await asyncpg.connect(postgres_url)
        try:
            tables = await connection.fetch(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = 'public'"
            )
            await connection.execute("CREATE TABLE left_behind (turn int)")
        finally:
            await connection.close()

        assert tables == []

    async def test_keeps_text_as_utf_8_and_sorts_it_by_bytes(self, postgres_url: str) -> None:
        """
        No test depends on the locale of the machine it runs on.
        """
        encoding = await fetch_value(postgres_url, "SHOW server_encoding")
        collation = await fetch_value(
            postgres_url, "SELECT datcollate FROM pg_database WHERE datname = current_database()"
        )

        assert encoding == "UTF8"
        if not os.environ.get(URL_VARIABLE):
            assert collation == "C"


class TestDatabase:
    async def test_is_dropped_with_connections_open(self, postgres_server: Server) -> None:
        """
        A test that forgets to close its connection leaves no database behind.
        """
        with postgres_server.database() as url:
            connection = await asyncpg.connect(url)
        name = urlsplit(url).path.removeprefix("/")

        left = await fetch_value(
            postgres_server.url, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"
        )

        assert left == 0
        connection.terminate()

    async def test_is_made_on_the_server_that_the_environment_names(
        self, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A server that is already there is used as it is, and is not stopped.
        """
        monkeypatch.setenv(URL_VARIABLE, postgres_server.url)

        with running_server() as server, server.database() as url:
            name = await fetch_value(url, "SELECT current_database()")

        assert server.pid is None
        assert urlsplit(url).path == f"/{name}"
        assert await fetch_value(postgres_server.url, "SELECT 1") == 1


class TestServerFromThePackage:
    async def test_runs_apart_and_leaves_nothing(self) -> None:
        """
        The binaries of the package suffice. The server is private and gone afterwards.
        """
        with running_server(source="package", fsync=True) as server:
            folder = folder_of(server)
            number = await fetch_value(server.url, "SELECT current_setting('server_version_num')")
            fsync = await fetch_value(server.url, "SHOW fsync")
            network = await fetch_value(server.url, "SHOW listen_addresses")
            mode = folder.stat().st_mode & 0o777
            assert server.account is not None
            assert owner(folder / "data") == server.account.uid

        assert int(str(number)) >= VERSION_MIN * 10_000
        assert (fsync, network, mode) == ("on", "", 0o700)
        assert not folder.exists()
        assert server.pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(server.pid, 0)

    def test_is_gone_after_an_error_too(self) -> None:
        """
        A failing test stops the server like any other.
        """
        started: list[Server] = []

        def fail() -> None:
            with running_server(source="package") as server:
                started.append(server)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()

        assert started[0].pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(started[0].pid, 0)

    def test_is_gone_after_a_kill_too(self) -> None:
        """
        Nobody can prevent SIGKILL; still no server and no folder is left behind.
        """
        script = (
            "from tests.postgres_server import running_server\n"
            "with running_server(source='package') as server:\n"
            "    print(server.pid, server.url, flush=True)\n"
            "    input()\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            cwd=Path(__file__).parent.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with process:
            assert process.stdout is not None
            pid, url = process.stdout.readline().split()
            process.kill()
        folder = folder_of(Server(url, account=None, pid=int(pid)))

        deadline = time.monotonic() + 20
        while folder.exists() and time.monotonic() < deadline:
            time.sleep(0.05)

        assert not folder.exists()

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root starts a server as somebody else")
    async def test_is_copied_for_a_user_who_may_not_read_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Binaries in root's closed folder are copied for the server's user; the folder stays closed.
        """
        package = binaries_of_package()[0].relocatable[0].parent
        libraries = package.with_name(f"{package.name}.libs")
        closed = tmp_path / "closed"
        closed.mkdir(mode=0o700)
        for part in filter(Path.exists, (package, libraries)):
            (closed / part.name).symlink_to(part)
        monkeypatch.syspath_prepend(closed)

        with running_server(source="package") as server:
            folder = folder_of(server)
            program = Path(f"/proc/{server.pid}/exe").readlink()

            assert program.is_relative_to(folder)
            assert closed.stat().st_mode & 0o777 == 0o700
            assert await fetch_value(server.url, "SELECT 1") == 1


class TestAccount:
    async def test_is_never_root(self, postgres_server: Server) -> None:
        """
        Root starts the server as somebody else; anyone else starts it as themselves.
        """
        if postgres_server.pid is None:
            pytest.skip(f"the server of {URL_VARIABLE} is not ours")
        uid = owner(folder_of(postgres_server) / "data" / "postmaster.pid")

        assert uid != 0
        assert uid == server_account().uid


class TestNoPostgres:
    def test_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """
        Without a server the tests fail with the ways to get one; they are never skipped.
        """
        monkeypatch.setattr(module, "SOURCES", dict.fromkeys(SOURCES, list))

        with pytest.raises(NoPostgresError, match="apt-get install postgresql"):
            usable_binaries(server_account(), tmp_path, SOURCES)
