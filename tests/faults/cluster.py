"""A PostgreSQL cluster of our own that can be killed, started again and looked into."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests import postgres_server as postgres

GONE_SECONDS_MAX = 30.0


class Cluster:
    """
    The cluster in a folder, with fsync, checksums and its own socket.

    Every start is another server process on the same data.
    """

    def __init__(
        self, folder: Path, account: postgres.Account, binaries: postgres.Binaries
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._account = account
        self._binaries = binaries
        self._incarnation: ExitStack | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.pid = 0

    @property
    def server(self) -> postgres.Server:
        """What gives away databases."""
        url = f"postgresql://postgres@/postgres?host={self.folder}&port=5432"
        return postgres.Server(url, self._account, self.pid)

    def create(self) -> None:
        """Make the cluster, with nothing in it."""
        initdb = [
            *(str(self._binaries.folder / "initdb"), f"--pgdata={self.data}"),
            *("--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8"),
            *("--no-sync", "--no-instructions", "--data-checksums", "--wal-segsize=1"),
        ]
        postgres._run(initdb, self._account, self.folder)

    def start(self) -> None:
        """Start a server process, and return when it is ready."""
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "port": "5432",
            "min_wal_size": "2MB",
            "max_wal_size": "16MB",
            "shared_buffers": "16MB",
            "restart_after_crash": "on",
        }
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        # What the one before said of itself must not be taken for the word of this one.
        status = self.data / "postmaster.pid"
        if status.exists():
            status.unlink()
        log_path = self.folder / "server.log"
        with log_path.open("ab") as log:
            process = subprocess.Popen(
                [str(self._binaries.folder / "postgres"), f"-D{self.data}", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=postgres._environment(self.folder),
                start_new_session=True,
                **postgres._identity(self._account),
            )
        self.pid, self._process = process.pid, process
        self._incarnation = stack = ExitStack()
        stack.callback(postgres._stop, process)
        stack.enter_context(postgres._guardian(process.pid, self._account, self.folder))
        postgres._wait_until_ready(process, status, log_path)

    def runs(self) -> bool:
        """Whether the server process is there, and has not ended by itself."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Stop it in order."""
        if self._incarnation is not None:
            self._incarnation.close()
            self._incarnation = None

    def kill(self) -> None:
        """Kill the server process and all its children with SIGKILL, none of them warned."""
        # Stopped, it cannot start another child while its children are looked for.
        os.kill(self.pid, signal.SIGSTOP)
        children = _children(self.pid)
        for pid in (*children, self.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.stop()
        # As long as one of them lives, PostgreSQL refuses to start on their memory.
        deadline = time.monotonic() + GONE_SECONDS_MAX
        while any(_lives(pid) for pid in children):
            assert time.monotonic() < deadline, children
            time.sleep(0.002)


@contextmanager
def running_cluster(folder: Path | None = None) -> Iterator[Cluster]:
    """A running cluster, in `folder` or a folder of its own; it is gone afterwards."""
    account = postgres.server_account()
    place = folder or Path(tempfile.mkdtemp(prefix="epcis-repo-pg-", dir=postgres.SOCKET_PARENT))
    # A copy of the binaries, where one is needed, has no place on a disk that is to be full.
    software = Path(tempfile.mkdtemp(prefix="epcis-repo-pg-", dir=postgres.SOCKET_PARENT))
    try:
        for path in (place, software):
            os.chown(path, account.uid, account.gid)
        binaries = postgres.usable_binaries(account, software, postgres.SOURCES)
        cluster = Cluster(place, account, binaries)
        cluster.create()
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(software, ignore_errors=True)
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _children(pid: int) -> list[int]:
    if Path("/proc/self/stat").exists():
        return [child for child, parent in _processes() if parent == pid]
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in listed.stdout.splitlines())
    return [int(child) for child, parent in rows if int(parent) == pid]


def _processes() -> Iterator[tuple[int, int]]:
    """Yield each process and its parent."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # of one that has ended meanwhile
            # The name of the program, in brackets, may be anything.
            yield int(path.parent.name), int(path.read_text().rpartition(")")[2].split()[1])


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
