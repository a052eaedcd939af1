"""The server and the commands as processes of their own, over a real connection."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx2
import pytest

from tests.rest.documents import JSON, XML, document, event
from tests.rest.serving import SAMPLE, log_of
from tests.shared_data import shared

ROOT = Path(__file__).parent.parent.parent
START_SECONDS_MAX = 30.0
COMMAND = [sys.executable, "-m", "epcis_repo.cli"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


class Process:
    """A server that was started by the command line."""

    def __init__(self, *arguments: str, log: Path) -> None:
        self._log = log
        with log.open("wb") as stream:
            self._process = subprocess.Popen(
                [*COMMAND, "serve", "--port", "0", *arguments],
                stdout=subprocess.PIPE,
                stderr=stream,
                env=ENVIRONMENT,
            )
        self.client = httpx2.Client(base_url=self._address(), timeout=10)

    @property
    def pid(self) -> int:
        return self._process.pid

    def workers(self, *, but: int | None = None) -> set[int]:
        """The two processes that answer, once there are two beside the one that was killed."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            with suppress(FileNotFoundError):  # one that ends while we look
                pids = {int(pid) for pid in children.read_text("ascii").split()} - {but}
                commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
                found = {pid for pid, command in commands.items() if b"spawn_main" in command}
                if len(found) == 2:
                    return found
            time.sleep(0.05)
        raise AssertionError(self.words)

    @property
    def words(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def _address(self) -> str:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self._process.poll() is None:
            # The socket listens before its address is said, so nobody asks too early.
            if match := re.search(r"serving .* at (http://\S+)/\n", self.words):
                return match[1]
            time.sleep(0.02)
        self._process.kill()
        self._process.communicate()
        raise AssertionError(self.words)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, bytes]:
        """End the server as its operator would; its exit code, and what it put on stdout."""
        self.client.close()
        if self._process.poll() is None:
            self._process.send_signal(number)
        try:
            out, _ = self._process.communicate(timeout=20)
        finally:
            self._process.kill()
        return self._process.returncode, out


@contextmanager
def server(*arguments: str, log: Path) -> Iterator[Process]:
    process = Process(*arguments, log=log)
    try:
        yield process
    finally:
        process.stop()


class TestServer:
    def test_gives_the_same_answers_after_a_restart(self, store_url: str, tmp_path: Path) -> None:
        """
        What was captured over HTTP is there after SIGTERM, which is a clean end, and a restart.
        """
        questions = [
            "/history/urn:epc:id:sgtin:030001.0012345.11",
            "/contents/urn:epc:id:sscc:030001.41234567890",
            "/history/https://id.gs1.org/01/00300010123455/21/11",
            "/epcis/epcs/https:%2f%2fid.gs1.org%2f01%2f00300010123455%2f21%2f11/events",
        ]
        body = shared(SAMPLE).read_bytes()
        with server("--db", store_url, log=tmp_path / "first") as first:
            answer = first.client.post(
                "/epcis/capture", content=body, headers={"Content-Type": XML}
            )
            assert (answer.status_code, answer.json()["events"]) == (202, 8)
            before = [first.client.get(path) for path in questions]
            assert [a.status_code for a in before] == [200] * len(questions)
            assert first.stop() == (0, b"")
            assert "Traceback" not in first.words
        with server("--db", store_url, log=tmp_path / "second") as second:
            after = [second.client.get(path) for path in questions]
            location = answer.headers["Location"]
            assert second.client.get(location).json() == answer.json()
            assert second.stop(signal.SIGINT) == (0, b"")

        without_date = re.compile(rb'"creationDate":"[^"]*"')
        assert [without_date.sub(b"", a.content) for a in before] == [
            without_date.sub(b"", a.content) for a in after
        ]

    def test_fills_an_empty_store_once(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        `--sample` captures the sample chain into an empty log, and leaves any other alone.
        """
        heads = []
        for start in ("first", "second"):
            with server("--db", sqlite_url, "--sample", log=tmp_path / start) as process:
                heads.append(process.client.get("/health").json()["head"])
                [shipped] = process.client.get(
                    "/epcis/events", params={"EQ_bizStep": "shipping", "perPage": "1"}
                ).json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
                epc = shipped["epcList"][0]
                assert process.client.get(f"/history/{epc}").status_code == 200
                assert ("capturing a sample chain" in process.words) == (start == "first")

        assert heads[0] == heads[1] > 100

    def test_survives_rude_clients(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        A client that leaves in the middle of a body, or speaks no HTTP, leaves no trace in the
        log and no traceback on stderr.
        """
        with server("--db", sqlite_url, log=tmp_path / "log") as process:
            address = (process.client.base_url.host, process.client.base_url.port)
            for request in (
                b"POST /epcis/capture HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                b"Content-Length: 1000\r\n\r\n" + document(event())[:100],
                b"GET /history/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
                b"\x16\x03\x01 no http\r\n\r\n",
            ):
                with socket.create_connection(address, timeout=10) as connection:
                    connection.sendall(request)
            # Answered after them, so they have been dealt with.
            for _ in range(5):
                assert process.client.get("/health").json()["head"] == 0
                time.sleep(0.05)

            assert process.stop()[0] == 0
            assert "Traceback" not in process.words

    @pytest.mark.parametrize(
        ("announced", "sent"),
        [
            pytest.param(b"Content-Length: 100001", b"", id="announced"),
            pytest.param(
                b"Transfer-Encoding: chunked",
                (b"2710\r\n" + b"[" * 10_000 + b"\r\n") * 11,
                id="in chunks",
            ),
        ],
    )
    def test_refuses_a_body_before_it_has_ended(
        self,
        sqlite_url: str,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        announced: bytes,
        sent: bytes,
    ) -> None:
        """
        A body that says it is too long is refused unread, and another as soon as it is: its
        sender has the answer while there is more to send.
        """
        monkeypatch.setitem(ENVIRONMENT, "EPCIS_REPO_CAPTURE_SIZE_MAX", "100000")
        with server("--db", sqlite_url, log=tmp_path / "log") as process:
            address = (process.client.base_url.host, process.client.base_url.port)
            with socket.create_connection(address, timeout=10) as connection:
                connection.sendall(
                    b"POST /epcis/capture HTTP/1.1\r\nHost: x\r\n"
                    b"Content-Type: application/json\r\n" + announced + b"\r\n\r\n" + sent
                )
                answer = connection.recv(10_000)

            assert answer.startswith(b"HTTP/1.1 413 ")
            assert b"gs1-epcis-capture-file-size-limit: 100000" in answer.lower()

    def test_answers_with_several_processes(self, store_url: str, tmp_path: Path) -> None:
        """
        Workers share the port and take turns at the log; one that is killed is replaced, and
        who asked it in vain gets the same answer from another.
        """
        bodies = [document(event(number)) for number in range(40)]
        with server("--db", store_url, "--workers", "2", log=tmp_path / "log") as process:

            def capture(body: bytes) -> int:
                for _ in range(100):
                    with suppress(httpx2.TransportError):
                        # A connection of its own, which either worker may take.
                        return httpx2.post(
                            process.client.base_url.join("/epcis/capture"),
                            content=body,
                            headers={"Content-Type": JSON},
                        ).status_code
                    time.sleep(0.1)
                raise AssertionError("nobody answers")

            [first, second] = process.workers()
            with ThreadPoolExecutor(8) as clients:
                codes = clients.map(capture, bodies)
                os.kill(first, signal.SIGKILL)
                assert set(codes) == {202}
            assert second in process.workers(but=first)
            assert process.stop()[0] == 0

        assert log_of(store_url) == (80, 40)

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they share one socket")
    def test_divides_those_who_come_among_its_processes(
        self, sqlite_url: str, tmp_path: Path
    ) -> None:
        """
        Partners who keep their connections are not all with the worker that woke first.
        """
        with ExitStack() as connections:
            process = connections.enter_context(
                server("--db", sqlite_url, "--workers", "2", log=tmp_path / "log")
            )
            url = process.client.base_url

            def sockets(pid: int) -> int:
                names = (fd.readlink().name for fd in Path(f"/proc/{pid}/fd").iterdir())
                return sum(name.startswith("socket:") for name in names)

            before = {pid: sockets(pid) for pid in process.workers()}
            for _ in range(40):
                client = connections.enter_context(httpx2.Client(base_url=url))
                assert client.get("/").status_code == 200
            taken = [sockets(pid) - count for pid, count in before.items()]

        assert sum(taken) == 40
        # Of forty tosses of a coin, fewer than five heads or tails come once in ten million times.
        assert min(taken) >= 5

    @pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they share one socket")
    def test_says_that_a_port_is_another_servers(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        Workers of two servers would share the callers of one port, so the second is refused.
        """
        with server("--db", sqlite_url, "--workers", "2", log=tmp_path / "log") as process:
            ran = subprocess.run(
                [
                    *COMMAND,
                    *("serve", "--db", sqlite_url, "--workers", "2"),
                    *("--port", str(process.client.base_url.port)),
                ],
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                timeout=START_SECONDS_MAX,
                check=False,
            )

        assert ran.returncode == 2
        assert "cannot listen" in ran.stderr

    def test_says_that_a_port_is_taken(self, sqlite_url: str) -> None:
        """
        Another server's port is no place to listen, and the sentence says what else to do.
        """
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            ran = subprocess.run(
                [*COMMAND, "serve", "--db", sqlite_url, "--port", port],
                env=ENVIRONMENT,
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )

        assert (ran.returncode, ran.stdout) == (2, "")
        assert "--port" in ran.stderr
        assert "Traceback" not in ran.stderr


class TestProcess:
    def test_pipes_documents_in_and_data_out(self, store_url: str) -> None:
        """
        As a real process, `capture -` reads what is piped in, and a reader that has seen
        enough ends nothing with a traceback.
        """
        environment = ENVIRONMENT | {"EPCIS_REPO_DB": store_url}
        body = document(*(event(number) for number in range(1000)))
        captured = subprocess.run(
            [*COMMAND, "capture", "-"], input=body, env=environment, capture_output=True, check=True
        )
        assert captured.stdout == b"-: 1000 events\n"

        reader = subprocess.Popen(
            [*COMMAND, "events", "--json", "perPage=1000"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert reader.stdout is not None
        assert reader.stderr is not None
        reader.stdout.close()

        assert reader.stderr.read() == b""
        reader.wait()
        reader.stderr.close()
        assert log_of(store_url) == (1001, 1)

    def test_speaks_ascii_where_it_must(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        A terminal that knows only ASCII ends no command with a traceback.
        """
        environment = ENVIRONMENT | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
        path = tmp_path / "document.json"
        path.write_bytes(document(event(1, bizStep="urn:x:Grüße")))

        for arguments in (["capture", str(path)], ["events"], ["history", "foo"]):
            ran = subprocess.run(
                [*COMMAND, *arguments, "--db", sqlite_url],
                env=environment | {"PYTHONIOENCODING": "ascii"},
                capture_output=True,
                check=False,
            )
            assert b"Traceback" not in ran.stderr
            assert ran.returncode == (3 if "foo" in arguments else 0)
