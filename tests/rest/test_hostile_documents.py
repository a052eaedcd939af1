"""Whatever is sent, it costs little, reaches nothing, and leaves nothing behind."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.rest.documents import XML
from tests.rest.hostile_documents import HOSTILE, SECRET, Hostile, Surroundings
from tests.rest.serving import log_of, problem, serving

ROOT = Path(__file__).parent.parent.parent
CASES = [pytest.param(hostile, id=hostile.id) for hostile in HOSTILE]


@pytest.fixture(scope="module")
def server() -> Iterator[socket.socket]:
    """A server that nobody must connect to: what does, waits to be accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


@pytest.fixture(scope="module")
def around(server: socket.socket, tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    secret = tmp_path_factory.mktemp("secret") / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    host, port = server.getsockname()
    return Surroundings(f"http://{host}:{port}/x", secret.as_uri())


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('hostile') / 'epcis.db'}"


@pytest.fixture(scope="module")
def target(db: str) -> Iterator[TestClient]:
    with serving(db) as client:
        yield client


class TestHostile:
    @pytest.mark.parametrize("hostile", CASES)
    def test_has_its_answer(
        self,
        target: TestClient,
        db: str,
        server: socket.socket,
        around: Surroundings,
        hostile: Hostile,
    ) -> None:
        """
        It is taken, or refused by the rule that it breaks and nothing of it recorded; no server
        is asked, no file read, and the answer is short.
        """
        before = log_of(db)

        answer = target.post(
            "/epcis/capture",
            content=hostile.make(around),
            headers=[(b"Content-Type", hostile.media_type.encode())],
        )

        if hostile.status == 400 and hostile.rule is None:
            assert answer.status_code == 202, answer.text
        else:
            value = problem(answer, hostile.status)
            assert hostile.rule is None or value["violations"][0]["rule"] == hostile.rule
            assert log_of(db) == before
        assert SECRET not in answer.text
        assert len(answer.content) < 600_000
        with pytest.raises(BlockingIOError):
            server.accept()

    def test_is_of_many_kinds(self) -> None:
        """
        There are sixty in XML and forty in JSON at least, and each is refused for its own reason.
        """
        in_xml = [hostile for hostile in HOSTILE if hostile.media_type == XML]

        assert len(in_xml) >= 60
        assert len(HOSTILE) - len(in_xml) >= 40
        assert len({hostile.id for hostile in HOSTILE}) == len(HOSTILE)


# What a process does with each of them that may have so much more memory than when it began. It
# says how long each took, as a multiple of what a sound document of a megabyte takes.
MEMORY = 64 << 20
COSTS = """
import gc, json, resource, sys, time
from epcis_repo.bindings import READERS, read_events
from epcis_repo.errors import ValidationError
from epcis_repo.validation import validate
from tests.rest.documents import JSON, XML, document, event
from tests.rest.hostile_documents import HOSTILE, MEGA, Surroundings, xml

def taken(body, media_type):
    began = time.process_time()
    try:
        for _ in validate(read_events(body, media_type)):
            pass
    except ValidationError:
        pass
    return time.process_time() - began

one = xml().partition("<EventList>")[2].partition("</EventList>")[0]
many = MEGA // 250
sound = {JSON: document(*map(event, range(many))), XML: xml(events=one * many).encode()}
usual = max(taken(body, media_type) for media_type, body in sound.items())
del sound
gc.collect()
with open("/proc/self/statm", encoding="ascii") as file:
    begin = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (begin + int(sys.argv[1]),) * 2)
costs = {}
for hostile in HOSTILE:
    if hostile.media_type in READERS:
        try:
            costs[hostile.id] = taken(hostile.make(Surroundings()), hostile.media_type) / usual
        except MemoryError:
            costs[hostile.id] = None
print(json.dumps(costs))
"""


class TestCost:
    @pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
    def test_is_little(self) -> None:
        """
        None takes more than 64 MiB, or many times as long as a sound document of a megabyte.
        """
        done = subprocess.run(
            [sys.executable, "-c", COSTS, str(MEMORY)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stderr[-2_000:]
        costs = json.loads(done.stdout)
        assert len(costs) >= 100
        assert [name for name, cost in costs.items() if cost is None] == []
        assert {name: cost for name, cost in costs.items() if cost > 20} == {}
