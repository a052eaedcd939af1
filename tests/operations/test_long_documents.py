"""A document of any length: recorded in many chunks as it would be in one, and all or nothing."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from epcis_repo.errors import (
    DuplicateEventError,
    EpcisError,
    InputError,
    KeyReusedError,
    StoreFullError,
    ValidationError,
)
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.model.events import Event
from epcis_repo.operations import chunks, preparing
from epcis_repo.operations.capture import capture
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.operations.receipts import Receipt
from epcis_repo.projections import PROJECTIONS
from epcis_repo.store import EventStore, documents, open_store
from epcis_repo.store.log import head
from tests.operations.reports import (
    CASE,
    JSON_LD,
    NOW,
    OTHER_PACK,
    PACK,
    commissioned,
    declared_in_error,
    document,
    named,
    observed,
    packed,
    shipped,
    unpacked,
)
from tests.store.facts import whole

ROOT = Path(__file__).parent.parent.parent
MEGA = 1_000_000


def packs(count: int) -> list[str]:
    return [f"urn:epc:id:sgtin:030001.0012345.{number}" for number in range(count)]


def numbered(count: int, hour: float = 1) -> list[Event]:
    """Events with eventIDs of their own."""
    return [named(f"urn:x:{n}", observed(hour, pack)) for n, pack in enumerate(packs(count))]


def short_chunks(patch: pytest.MonkeyPatch) -> None:
    """Have every document of four events or more be a long one."""
    patch.setattr(chunks, "CHUNK_LENGTH", 3)
    patch.setattr(preparing, "READ_WHOLE_MAX", 0)
    patch.setattr(documents, "PIECE_SIZE", 1_000)


@pytest.fixture
def in_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every document of four events or more is a long one."""
    short_chunks(monkeypatch)


@pytest.fixture
def open_files() -> Iterator[None]:
    """Nothing that was opened is left open."""
    before = len(list(Path("/dev/fd").iterdir()))
    yield
    assert len(list(Path("/dev/fd").iterdir())) == before


TABLES = {
    "events": "position, record_time, type, event_id, data",
    "event_tag": "bucket, tag, position, role",
    "event_index": "position, event_id, type, event_time, record_time, parent_id, empties, header",
    "leaf": "position, document",
    "tile": "level, idx, width",
    "document": "digest, media_type, size",
    "log_head": "head, record_time, bucket, bucket_tags",
}


async def rows_of(store: EventStore) -> dict[str, list[tuple[Any, ...]]]:
    """All that is recorded, but for what is drawn at random."""
    async with store.reading() as session:
        return {
            table: sorted(
                map(
                    tuple,
                    await session.fetch(
                        f"SELECT {columns} FROM {table} WHERE part = $1", session.part
                    ),
                ),
                key=repr,
            )
            for table, columns in TABLES.items()
        }


async def answer_of(store: EventStore, body: bytes, key: str | None = None) -> Receipt | str:
    """What a sender is told."""
    name = None if key is None else idempotency_key(key, endpoint="capture")
    try:
        return await capture(store, io.BytesIO(body), JSON_LD, now=NOW, key=name)
    except EpcisError as error:
        return f"{type(error).__name__}: {error}"


ANONYMOUS = packed(2, CASE, PACK, OTHER_PACK)
MANY = [commissioned(1, *packs(40)), *numbered(9), packed(3, CASE, *packs(20)), unpacked(4, CASE)]
# What comes, document after document.
STORIES: dict[str, Sequence[Sequence[Event]]] = {
    "events of all kinds": [MANY],
    "the same document again": [MANY, MANY],
    "some of it again in another document": [numbered(4), [*numbered(12), shipped(9, PACK)]],
    "all of it again in another document": [numbered(12), [*reversed(numbered(12))]],
    "the same event twice in one document": [[*numbered(7), *numbered(7)]],
    "an event that contradicts another of the document": [[*numbered(7), *numbered(2, hour=5)]],
    "an event that contradicts the log": [numbered(3), [shipped(9, PACK), *numbered(12, hour=5)]],
    "events that contradict log and document": [
        numbered(3),
        [*numbered(3, hour=5), *numbered(9), named("urn:x:8", shipped(2, PACK))],
    ],
    "the contradicting document again": [numbered(3), numbered(9, hour=5), numbered(9, hour=5)],
    "a declaration behind its original": [[*numbered(8), declared_in_error(numbered(8)[1])]],
    "a declaration of what the log has": [
        numbered(2), [*MANY[-2:], *map(declared_in_error, numbered(2))]
    ],
    "declarations without eventID, behind and before": [
        [ANONYMOUS, *numbered(5), declared_in_error(ANONYMOUS)],
        [declared_in_error(unpacked(5, CASE)), *MANY[:4], unpacked(5, CASE)],
    ],
    "declarations without eventID of what the log has": [
        [ANONYMOUS, shipped(1, PACK)],
        [*MANY, declared_in_error(ANONYMOUS), declared_in_error(shipped(1, PACK))],
    ],
    "a declaration without eventID of two equal events": [
        [ANONYMOUS, *numbered(5), ANONYMOUS, *[declared_in_error(ANONYMOUS, n) for n in (7, 8)]],
    ],
    "a declaration of nothing that is known": [[*numbered(5), declared_in_error(ANONYMOUS)]],
    "a declaration twice": [[*numbered(5), *[declared_in_error(numbered(1)[0])] * 2]],
}  # fmt: skip


class TestInManyChunks:
    @pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
    async def test_all_is_as_in_one(
        self, fresh_store: Any, story: Sequence[Sequence[Event]], open_files: None
    ) -> None:
        """
        Answers, log, tags, read models, tree, documents: nothing tells how long a document was.
        """
        outcomes = []
        for length in (None, 1, 3):
            async with fresh_store() as store:
                with pytest.MonkeyPatch.context() as patch:
                    if length is not None:
                        short_chunks(patch)
                        patch.setattr(chunks, "CHUNK_LENGTH", length)
                    answers = [
                        await answer_of(store, document(*events, note=f"urn:n:{number % 2}"))
                        for number, events in enumerate(story)
                    ]
                outcomes.append((answers, await rows_of(store)))
                patch.setattr(documents, "PIECE_SIZE", 1_000 if length else documents.PIECE_SIZE)
                assert (await check_integrity(store, None)).altered == 0
                patch.undo()

        assert outcomes[0] == outcomes[1] == outcomes[2]

    async def test_a_key_has_one_answer(self, fresh_store: Any, in_chunks: None) -> None:
        """
        Idempotency keys mean for a long document what they mean for a short one.
        """
        outcomes = []
        for padding in (0, 8):
            async with fresh_store() as store:
                first, other = document(*numbered(1 + padding)), document(shipped(2, PACK), *MANY)
                answers = [
                    await answer_of(store, first, "a"),
                    await answer_of(store, first, "a"),
                    await answer_of(store, first, "b"),
                    await answer_of(store, other, "a"),
                    await answer_of(store, other, "b"),
                    await answer_of(store, other, "c"),
                ]
            outcomes.append(
                [
                    (a.repeated, a.replayed) if isinstance(a, Receipt) else a.partition(":")[0]
                    for a in answers
                ]
            )

        assert outcomes[0] == outcomes[1]
        assert outcomes[0][3] == outcomes[0][4] == KeyReusedError.__name__

    async def test_a_document_is_kept_to_the_byte(self, store: EventStore, in_chunks: None) -> None:
        """
        A document of many pieces comes back as it was sent.
        """
        body = b" \n" + document(*numbered(30)) + b"\n" * 1_000

        receipt = await capture(store, io.BytesIO(body), JSON_LD, now=NOW)

        async with store.reading() as session:
            assert await whole(session, receipt.document) == (body, JSON_LD)

    async def test_short_ones_go_on_beside_it(self, store: EventStore, in_chunks: None) -> None:
        """
        Long and short documents that come at once are all recorded, each whole.
        """
        bodies = [document(*numbered(9 if n % 3 else 2), note=f"urn:n:{n}") for n in range(9)]

        answers = await asyncio.gather(*(answer_of(store, body) for body in bodies))

        assert all(isinstance(answer, Receipt) for answer in answers)
        assert sum(a.recorded for a in answers if isinstance(a, Receipt)) == 9
        assert (await check_integrity(store, None)).altered == 0

    async def test_few_event_ids_are_in_a_receipt(self, store: EventStore, in_chunks: None) -> None:
        """
        A receipt says which events a document had, unless it had many.
        """
        few = await capture(store, document(*numbered(10)), JSON_LD, now=NOW)
        many = await capture(store, document(*numbered(11)), JSON_LD, now=NOW)

        assert few.event_ids == tuple(f"urn:x:{n}" for n in range(10))
        assert (many.events, many.event_ids) == (11, ())


class TestNothingIsLeft:
    @pytest.mark.parametrize("place", [0, 5, 13], ids=["begin", "middle", "end"])
    async def test_of_a_document_with_a_bad_event(
        self, store: EventStore, in_chunks: None, open_files: None, place: int
    ) -> None:
        """
        Each bad event is told with its place, wherever it stands, and none is recorded.
        """
        value = json.loads(document(*numbered(14)))
        events = value["epcisBody"]["eventList"]
        events[place]["epcList"] = ["urn:epc:id:sscc:1"]
        events[place]["ilmd"] = {}

        with pytest.raises(ValidationError) as caught:
            await capture(store, io.BytesIO(json.dumps(value).encode()), JSON_LD, now=NOW)

        found = [(v.event, v.pointer) for v in caught.value.violations]
        base = f"/epcisBody/eventList/{place}"
        assert found == [(place + 1, f"{base}/ilmd"), (place + 1, f"{base}/epcList/0")]
        async with store.reading() as session:
            assert await head(session) == 0

    async def test_of_a_document_that_breaks_off(
        self, store: EventStore, in_chunks: None, open_files: None
    ) -> None:
        """
        An upload that was cut short is refused, however many good events it begins with.
        """
        body = document(*numbered(14))[:-40]

        with pytest.raises(ValidationError, match="Unterminated string"):
            await capture(store, io.BytesIO(body), JSON_LD, now=NOW)

        async with store.reading() as session:
            assert await head(session) == 0

    async def test_of_one_that_fails_halfway(
        self, store: EventStore, in_chunks: None, open_files: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        When a read model cannot be written in the midst of it, what was written is taken back.
        """
        good, calls = PROJECTIONS[-1].project, 0

        async def fail_later(*arguments: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == 3:
                raise RuntimeError
            await good(*arguments)

        before = await rows_of(store)
        with monkeypatch.context() as broken:
            broken.setattr(PROJECTIONS[-1], "project", fail_later)
            with pytest.raises(RuntimeError):
                await capture(store, io.BytesIO(document(*MANY)), JSON_LD, now=NOW)

        assert calls == 3
        assert await rows_of(store) == before
        assert isinstance(await answer_of(store, document(*MANY)), Receipt)

    async def test_of_one_that_contradicts_the_log_late(
        self, store: EventStore, in_chunks: None, open_files: None
    ) -> None:
        """
        The chunks before the contradiction are not recorded; the document and the finding are.
        """
        await answer_of(store, document(*numbered(1)))
        body = document(*MANY[:1], *numbered(9)[1:], named("urn:x:0", shipped(5, PACK)))

        with pytest.raises(DuplicateEventError, match="urn:x:0"):
            await capture(store, io.BytesIO(body), JSON_LD, now=NOW)

        rows = await rows_of(store)
        assert [row[2] for row in rows["events"]] == [
            "ObjectEvent",
            "DocumentCaptured",
            "ConflictFound",
        ]
        assert len(rows["document"]) == 2

    async def test_of_a_file_that_changes_meanwhile(
        self, store: EventStore, in_chunks: None, tmp_path: Path
    ) -> None:
        """
        What is kept are the bytes that were read, or nothing is.
        """
        path = tmp_path / "document.json"
        path.write_bytes(document(*MANY))

        with path.open("rb") as file:
            prepared = preparing.prepare(file, JSON_LD, NOW)
            path.write_bytes(document(*MANY).replace(b"commissioning", b"inspecting   "))
            with pytest.raises(InputError, match="changed"):
                async with store.writing() as session:
                    await documents.keep(session, [(prepared.digest, file, JSON_LD)])
        prepared.chunks.close()

        assert (await rows_of(store))["document"] == []

    async def test_in_the_folder_for_temporary_files(
        self, store: EventStore, in_chunks: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        The folder is the one of the system, and where nothing can be written the error says so.
        """
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        assert isinstance(await answer_of(store, document(*MANY)), Receipt)
        assert [path for path in tmp_path.iterdir() if "epcis" not in path.name] == []
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

        with pytest.raises(StoreFullError, match="TMPDIR"):
            await capture(store, document(*numbered(8)), JSON_LD, now=NOW)


# Captures a long document, tells when some chunks of it are written, and waits to be killed.
DYING = """
import asyncio, io, sys, time
from epcis_repo.operations import chunks, preparing
from epcis_repo.operations.capture import capture
from epcis_repo.projections import PROJECTIONS
from epcis_repo.store import open_store
from epcis_repo.store.postgres import PostgresReading
chunks.CHUNK_LENGTH, preparing.READ_WHOLE_MAX = 3, 0
PostgresReading.part = int(sys.argv[3])
good, calls = PROJECTIONS[-1].project, []
async def project(*arguments):
    await good(*arguments)
    calls.append(None)
    if len(calls) == 3:
        print("written", flush=True)
        time.sleep(600)
PROJECTIONS[-1].project = project
async def main():
    store = open_store(sys.argv[1])
    await capture(store, open(sys.argv[2], "rb"), "application/ld+json", now=1)
asyncio.run(main())
"""


class TestAKill:
    async def test_while_it_is_written_leaves_nothing(
        self, store: EventStore, store_url: str, tmp_path: Path
    ) -> None:
        """
        Some chunks are with the database when the process dies: none of them is there then.
        """
        path = tmp_path / "document.json"
        path.write_bytes(document(*MANY))
        async with store.reading() as session:
            part = session.part
        with subprocess.Popen(
            [sys.executable, "-c", DYING, store_url, str(path), str(part)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            assert await asyncio.to_thread(process.stdout.readline) == b"written\n"
            before = await rows_of(store)
            process.send_signal(signal.SIGKILL)

        assert {name: rows for name, rows in before.items() if rows and name != "log_head"} == {}
        again = open_store(store_url)
        receipt = await capture(again, path.read_bytes(), JSON_LD, now=NOW)
        assert (receipt.recorded, receipt.repeated) == (len(MANY), False)
        assert (await check_integrity(again, None)).altered == 0
        await again.close()


# Prints the most memory that this process ever had, in megabytes.
MEASURED = """
import resource, runpy, sys
def peak():
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size // (1 << 20 if sys.platform == "darwin" else 1 << 10)
"""
CAPTURING = f"""{MEASURED}
from epcis_repo.cli import main
start = peak()
sys.argv = ["epcis-repo", "capture", "--db", sys.argv[1], sys.argv[2]]
try:
    main()
except SystemExit as end:
    assert not end.code
print(peak() - start)
"""
READING = f"""{MEASURED}
from epcis_repo.bindings import read_events
start = peak()
with open(sys.argv[1], "rb") as file:
    print(sum(1 for _ in read_events(file, "application/xml")), file=sys.stderr)
print(peak() - start)
"""


def printed_by(script: str, *arguments: str) -> int:
    """The number that a process of its own prints last."""
    run = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, cwd=ROOT, check=True
    )
    return int(run.stdout.split()[-1])


class TestMemory:
    def test_does_not_grow_with_the_document(self, sqlite_url: str, tmp_path: Path) -> None:
        """
        Sixty megabytes are captured with a hundred or two, half of them the database's cache.
        """
        path = tmp_path / "document.json"
        [event] = json.loads(document(*numbered(1)))["epcisBody"]["eventList"]
        start, end = document().split(b"[]")
        with path.open("wb") as file:
            file.write(start + b"[")
            number = 0
            while file.tell() < 60 * MEGA:
                event["eventID"] = f"urn:x:{number}"
                event["epcList"] = [f"{PACK}{number * 4_000 + n}" for n in range(4_000)]
                file.write((b", " if number else b"") + json.dumps(event).encode())
                number += 1
            file.write(b"]" + end)

        assert printed_by(CAPTURING, sqlite_url, str(path)) < 250

    def test_does_not_grow_with_a_tree(self, tmp_path: Path) -> None:
        """
        Sixty megabytes of XML are read with a few.
        """
        path = tmp_path / "document.xml"
        epcs = "".join(f"<epc>{PACK}{n}</epc>" for n in range(4_000))
        event = (
            "<ObjectEvent><eventTime>2026-01-01T00:00:00Z</eventTime><eventTimeZoneOffset>+00:00"
            f"</eventTimeZoneOffset><epcList>{epcs}</epcList><action>OBSERVE</action></ObjectEvent>"
        )
        path.write_text(
            '<e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:2"><EPCISBody><EventList>'
            + event * (60 * MEGA // len(event))
            + "</EventList></EPCISBody></e:EPCISDocument>"
        )

        assert printed_by(READING, str(path)) < 60


async def test_one_event_of_many_serials_is_recorded(store: EventStore) -> None:
    """
    Two hundred thousand serials in one event are as many tags of one event.
    """
    epcs = packs(200_000)

    receipt = await capture(store, document(commissioned(1, *epcs)), JSON_LD, now=NOW)

    assert receipt == replace(receipt, events=1, recorded=1)
    async with store.reading() as session:
        [(count,)] = await session.fetch(
            # A tag with a blank in it is what else the event is asked for by.
            "SELECT count(*) FROM event_tag"
            " WHERE part = $1 AND position = 1 AND tag NOT LIKE '% %'",
            session.part,
        )
    assert count == 200_000
