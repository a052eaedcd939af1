"""A year is taken out of the log and brought back: what is said meanwhile, and what is the same."""

from __future__ import annotations

import asyncio
import zipfile
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from epcis_repo.errors import (
    ArchivedError,
    BackupError,
    NotFoundError,
    StoreUnavailableError,
    YearError,
)
from epcis_repo.evidence.errors import TreeError
from epcis_repo.evidence.integrity import check_integrity
from epcis_repo.evidence.keys import LogKey
from epcis_repo.evidence.operations import check_proof, checkpoint, proof
from epcis_repo.exceptions import Became, one_exception, raise_findings
from epcis_repo.gs1 import parse_identifier, parse_scan
from epcis_repo.ledger import verify_checkpoint
from epcis_repo.operations.contents import contents, contents_value
from epcis_repo.operations.events import event, events
from epcis_repo.operations.history import history_value
from epcis_repo.projections import rebuild
from epcis_repo.reactions import judge_all
from epcis_repo.store import EventStore, RecordedEvent, open_store, partitions
from epcis_repo.store.merging import merge_all
from epcis_repo.store.partitions import moments_of
from epcis_repo.upkeep.backup import backup
from epcis_repo.upkeep.doctor import examine
from epcis_repo.upkeep.restore import restore
from epcis_repo.upkeep.versions import SCHEMAS, prepare
from epcis_repo.upkeep.years import archive, attach
from epcis_repo.verification import product_identifier, verify
from tests.evidence.logs import alter
from tests.operations.reports import (
    CASE,
    PACK,
    commissioned,
    named,
    observed,
    packed,
    received,
    report,
    shipped,
    story_of,
)
from tests.rest.serving import must_be_valid
from tests.store.facts import NOW, all_of
from tests.upkeep.conftest import Opener

YEARS = (2023, 2024, 2025)
DAY = 86_400_000_000
LATER = "urn:epc:id:sgtin:030001.0012345.B1"


def in_year(year: int, day: int = 100) -> int:
    """A moment of a year."""
    return moments_of(year).start + day * DAY


@pytest.fixture
def store_url(postgres_url: str) -> str:
    """Only PostgreSQL keeps years apart."""
    return postgres_url


async def fill(store: EventStore) -> None:
    """
    Three years: a pack that is commissioned and packed in 2023, seen in 2024, and shipped in its
    case in 2025; another that begins in 2025; and in each year an event under a name of its own.
    """
    await report(store, commissioned(1, PACK), packed(2, CASE, PACK), now=in_year(2023))
    for year in YEARS:
        seen = named(f"urn:x:{year}", observed(3, f"urn:epc:id:sgtin:030001.0012345.Y{year}"))
        await report(store, seen, now=in_year(year, 150))
    await report(store, observed(4, PACK), now=in_year(2024, 200))
    await report(store, commissioned(5, LATER), shipped(6, CASE), now=in_year(2025, 200))


@pytest.fixture
async def filled(store: EventStore) -> EventStore:
    """A log of three years."""
    await fill(store)
    return store


async def rows_in(store: EventStore) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    found = {}
    async with store.reading() as session:
        for table in (table for schema in SCHEMAS for table in schema.tables):
            columns = await session.columns(table)
            rows = await session.fetch(f"SELECT {', '.join(columns)} FROM {table}")
            found[table] = sorted((tuple(row) for row in rows), key=repr)
    return found


async def intact(store: EventStore, key: LogKey | None = None) -> list[int]:
    """The years that `fsck` misses, where it finds nothing else."""
    signed = None if key is None else verify_checkpoint(key.last_signed(), [key.verifier])
    found = await check_integrity(store, signed)
    assert found.alterations == ()
    must_be_valid(found.value(), "integrity")
    return [year.year for year in found.archived]


async def complaints(store: EventStore) -> list[str]:
    """What `fsck` finds."""
    return [str(found) for found in (await check_integrity(store, None)).alterations]


class TestArchived:
    async def test_takes_no_finding_with_it(
        self, store: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        What was found of a year that is away is found no more, and its exception stays as it is:
        nobody can tell whether it was corrected.
        """
        await report(store, commissioned(1, PACK), received(4, PACK), now=in_year(2023))
        await report(store, observed(7, PACK), now=in_year(2024))
        pack = [parse_identifier(PACK)]
        opened = await raise_findings(store, pack, by="Ann", now=NOW)
        await archive(store, 2023, tmp_path / "2023.zip", key, now=NOW)

        again = await raise_findings(store, pack, by="Ann", now=NOW)

        kinds = [{item.case.kind: item.became for item in found} for found in (opened, again)]
        assert [found["received-not-shipped"] for found in kinds] == [
            Became.OPENED,
            Became.UNCHANGED,
        ]

    async def test_takes_none_with_it_for_who_follows(
        self, store: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        Nor is it cleared by who judges what comes in about the same things afterwards.
        """
        await report(store, commissioned(1, PACK), received(4, PACK), now=in_year(2023))
        pack = [parse_identifier(PACK)]
        opened = await raise_findings(store, pack, by="Ann", now=NOW)
        await archive(store, 2023, tmp_path / "2023.zip", key, now=NOW)

        await report(store, observed(7, PACK), now=in_year(2024))
        await judge_all(store, now=NOW)

        for item in opened:
            case = await one_exception(store, item.case.exception_id)
            assert case.findings == item.case.findings

    async def test_is_away_and_the_rest_is_here(
        self, filled: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        Of the year there is what is ours, its receipts; of other years there is all; the log is
        intact, with the checkpoint that was signed before and with the next.
        """
        whole = await all_of(filled)
        before = await checkpoint(filled, key)

        made = await archive(filled, 2023, tmp_path / "2023.zip", key, now=NOW)

        here = await all_of(filled)
        gone = [e for e in whole if e not in here]
        assert [e.type for e in gone] == ["ObjectEvent", "AggregationEvent", "ObjectEvent"]
        assert here[:-1] == [e for e in whole if e not in gone]
        assert here[-1].type == "YearArchived"
        assert (made.archived, made.checkpoint) == (3, before.decode())
        assert await intact(filled, key) == [2023]
        await checkpoint(filled, key)
        assert await intact(filled, key) == [2023]

    async def test_is_told_where_it_is_missing(
        self, filled: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        A history and what is in a container say which years are not in them, and whoever asks
        for what is away is told that it is, not that it never was.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", key, now=NOW)

        story = history_value(await story_of(filled, PACK))
        assert [e["event_time_utc"][11:13] for e in story["events"]] == ["04"]
        assert story["state"]["lifecycle"] is None
        assert story["archived_years"] == [2023]
        must_be_valid(story, "history")
        found = contents_value(await contents(filled, parse_identifier(CASE)))
        assert (found["total"], found["archived_years"]) == (0, [2023])
        must_be_valid(found, "contents")
        with pytest.raises(NotFoundError, match=r"that is here .*2023 is archived"):
            await story_of(filled, "urn:epc:id:sgtin:030001.0012345.Y2023")
        with pytest.raises(NotFoundError, match=r"that is here .*2023 is archived"):
            await contents(filled, parse_identifier("urn:epc:id:sscc:030001.00000000009"))
        with pytest.raises(ArchivedError, match="urn:x:2023 is recorded in 2023, which is"):
            await event(filled, "urn:x:2023", now=NOW)
        with pytest.raises(ArchivedError, match="2023"):
            await proof(filled, key, "urn:x:2023")
        with pytest.raises(NotFoundError, match="urn:x:none is recorded"):
            await event(filled, "urn:x:none", now=NOW)

    async def test_verifies_what_began_later_and_nothing_else(
        self, filled: EventStore, tmp_path: Path
    ) -> None:
        """
        Of a serial whose commissioning may be away nothing is said, neither yes nor no.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
        digits = "(01)00300010123455(21){}(10)L1(17)271231"

        async def verified(serial: str) -> bool:
            product = product_identifier(parse_scan(digits.format(serial)))
            return (await verify(filled, product, today=date(2026, 5, 1))).verified

        assert await verified("B1")
        for serial in ("A1", "never"):
            with pytest.raises(ArchivedError, match="2023"):
                await verified(serial)

    async def test_is_told_by_the_doctor(self, filled: EventStore, tmp_path: Path) -> None:
        """
        Who looks after the store sees which years are away, and where they were.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)

        findings = await examine(
            filled, file=None, key=tmp_path / "no.key", origin="x", unsafe=True, now=NOW
        )

        [found] = [finding for finding in findings if finding.about == "archived"]
        assert found.found == "2023 is archived: 3 events at positions 1 to 4"

    async def test_leaves_proofs_and_queries_of_the_rest(
        self, filled: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        An event of another year is proved and found as before.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", key, now=NOW)

        entry, _ = check_proof(await proof(filled, key, "urn:x:2024"), key.verifier)
        page = await events(filled, [("EQ_action", "OBSERVE")], now=NOW)

        assert entry.event_id == "urn:x:2024"
        assert len(page.document.events or ()) == 4

    async def test_takes_captures_as_before(self, filled: EventStore, tmp_path: Path) -> None:
        """
        What comes is recorded, however the clock is set; a document of that year that comes
        again has no effect; an event of it in another document is refused, and nothing said of it.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
        before = len(await all_of(filled))

        again = await report(
            filled, commissioned(1, PACK), packed(2, CASE, PACK), now=in_year(2023)
        )
        assert again.repeated
        seen = named("urn:x:2023", observed(3, "urn:epc:id:sgtin:030001.0012345.Y2023"))
        with pytest.raises(ArchivedError, match="urn:x:2023 is recorded in a year"):
            await report(filled, seen, observed(7, PACK), note="urn:x:another", now=NOW)
        assert len(await all_of(filled)) == before

        await report(filled, observed(8, PACK), now=in_year(2023, 300))
        here = await all_of(filled)
        assert len(here) == before + 2
        assert here[-1].record_time >= here[before - 1].record_time
        assert await intact(filled) == [2023]

    async def test_is_rebuilt_without_it(self, filled: EventStore, tmp_path: Path) -> None:
        """
        Every read model equals its rebuild.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
        before = await rows_in(filled)

        await rebuild(filled)

        assert (await rows_in(filled))["event_index"] == before["event_index"]
        assert await intact(filled) == [2023]

    async def test_is_archived_of_every_part(
        self, store_url: str, opened: Opener, filled: EventStore, tmp_path: Path
    ) -> None:
        """
        A year goes of all logs in the database together, and comes back to each.
        """
        other = open_store(store_url, part=2)
        third = open_store(store_url, part=3)
        for one in (other, third):
            await prepare(one)
        await report(other, observed(1, PACK), now=in_year(2023))
        before = await rows_in(other)

        made = await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)

        assert made.archived == 4
        for one in (filled, other, third):
            assert await intact(one) == [2023]
        await attach(filled, tmp_path / "2023.zip", now=NOW)
        for one in (filled, other, third):
            assert await intact(one) == []
        after = await rows_in(other)
        assert after["event_tag"] == before["event_tag"]
        assert after["event_index"] == before["event_index"]
        await other.close()
        await third.close()

    @pytest.mark.parametrize(
        ("deed", "found"),
        [
            pytest.param(
                "INSERT INTO archived_event SELECT part, position, event_id FROM events"
                " WHERE position = 7; DELETE FROM event_index WHERE position = 7;"
                " DELETE FROM event_tag WHERE position = 7; DELETE FROM events WHERE position = 7",
                "archived events at position 7: not archived",
                id="an event of another year is made one of it",
            ),
            pytest.param(
                "INSERT INTO archived_event SELECT part, position, event_id FROM events"
                " WHERE position = 3; DELETE FROM event_tag WHERE position = 3;"
                " DELETE FROM events WHERE position = 3",
                "archived events: not those of 2023",
                id="a receipt of the year is made one of it",
            ),
            pytest.param(
                "DELETE FROM archived_event WHERE position = 2",
                "event at position 2: missing",
                id="an event is forgotten",
            ),
            pytest.param(
                "UPDATE archived_event SET event_id = 'x' WHERE position = 2",
                "archived events: not those of 2023",
                id="an identity is freed",
            ),
        ],
    )
    async def test_hides_nothing_else(
        self, filled: EventStore, store_url: str, tmp_path: Path, deed: str, found: str
    ) -> None:
        """
        Who takes out more than was archived is found, however he notes it.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)

        for statement in deed.split(";"):
            await alter(store_url, statement)

        assert any(found in said for said in await complaints(filled))


class TestAttached:
    async def test_is_what_it_was(self, filled: EventStore, tmp_path: Path, key: LogKey) -> None:
        """
        Every row of every table is there again, byte for byte; besides, the log says what was
        done.
        """
        await checkpoint(filled, key)
        before = await rows_in(filled)
        story = await story_of(filled, PACK)
        for year in (2023, 2024):
            await archive(filled, year, tmp_path / f"{year}.zip", key, now=NOW)
        assert await intact(filled, key) == [2023, 2024]

        for year in (2024, 2023):
            await attach(filled, tmp_path / f"{year}.zip", now=NOW)

        after = await rows_in(filled)
        said = [RecordedEvent(*row[1:]) for row in after["events"] if row not in before["events"]]
        assert [e.type for e in said] == ["YearArchived"] * 2 + ["YearAttached"] * 2
        for table in before.keys() - {"log_head", "tile", "tag_bucket"}:
            rows = [row for row in after[table] if row in before[table]]
            assert rows == before[table], table
            new = len(after[table]) - len(rows)
            assert new == (4 if table in ("events", "leaf") else 0), table
        buckets = [{row[1] for row in rows["tag_bucket"]} for rows in (before, after)]
        assert buckets[0] <= buckets[1]
        assert await story_of(filled, PACK) == story
        assert await intact(filled, key) == []

    async def test_may_be_archived_again(self, filled: EventStore, tmp_path: Path) -> None:
        """
        Back and away again, as often as it takes; the same events are in each file.
        """
        digests = set()
        for number in range(3):
            path = tmp_path / f"{number}.zip"
            made = await archive(filled, 2023, path, None, now=NOW + number)
            digests.add(made.tables["events"].sha256)
            assert await intact(filled) == [2023]
            await attach(filled, path, now=NOW + number)
            assert await intact(filled) == []

        assert len(digests) == 1

    async def test_goes_on_with_what_was_captured_meanwhile(
        self, filled: EventStore, tmp_path: Path
    ) -> None:
        """
        What came while a year was away, and what came before it, make one story.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
        await report(filled, observed(9, PACK), now=NOW)
        await attach(filled, tmp_path / "2023.zip", now=NOW)

        story = history_value(await story_of(filled, PACK))

        assert [e["biz_step"] for e in story["events"]] == [
            "commissioning",
            "packing",
            None,
            "shipping",
            None,
        ]
        assert story["state"]["lifecycle"] == "shipped"
        assert story["archived_years"] == []
        assert await intact(filled) == []

    async def test_is_found_whatever_was_merged(
        self, filled: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        Buckets of tags that are merged before, while the year is away and after do no harm.
        """
        monkeypatch.setattr("epcis_repo.store.buckets.RUN_TAGS", 1)
        for number in range(20):
            epc = f"urn:epc:id:sgtin:030001.0012345.M{number}"
            await report(filled, observed(number, epc), now=in_year(2025, 300))
        before = await rows_in(filled)
        for year in YEARS:
            await archive(filled, year, tmp_path / f"{year}.zip", None, now=NOW)
        await merge_all(filled)
        for year in reversed(YEARS):
            await attach(filled, tmp_path / f"{year}.zip", now=NOW)
        await merge_all(filled)

        after = await rows_in(filled)
        unplaced = [
            sorted((part, tag, position, role) for part, _, tag, position, role in rows)
            for rows in (before["event_tag"], after["event_tag"])
        ]
        assert unplaced[0] == unplaced[1]
        assert await intact(filled) == []


class TestFile:
    async def test_says_what_it_is_of(
        self, filled: EventStore, tmp_path: Path, key: LogKey
    ) -> None:
        """
        The year, where it stood in each part, the tree and the checkpoint of that time, the
        digest of each table; and the log has the digest of the events.
        """
        made = await archive(filled, 2023, tmp_path / "2023.zip", key, now=NOW)

        with zipfile.ZipFile(tmp_path / "2023.zip") as file:
            value = orjson.loads(file.read("manifest.json"))
        must_be_valid(value, "year")
        assert value == made.value()
        assert value["parts"]["1"]["firstPosition"] == 1
        assert value["parts"]["1"]["lastPosition"] == 5
        said = (await all_of(filled))[-1]
        assert value["tables"]["events"]["sha256"].encode() in said.data
        assert (tmp_path / "2023.zip").stat().st_mode & 0o077 == 0

    async def test_of_another_log_is_refused(
        self, filled: EventStore, opened: Opener, other_postgres_url: str, tmp_path: Path
    ) -> None:
        """
        A year goes back to where it came from.
        """
        other = await opened(other_postgres_url)
        await prepare(other)
        await fill(other)
        for store, name in ((filled, "ours"), (other, "theirs")):
            await archive(store, 2023, tmp_path / f"{name}.zip", None, now=NOW)

        with pytest.raises(YearError, match="of another log"):
            await attach(filled, tmp_path / "theirs.zip", now=NOW)

    async def test_that_was_changed_is_refused(self, filled: EventStore, tmp_path: Path) -> None:
        """
        Also by who sets its digests right: each event is compared with its leaf of the tree.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
        damaged, forged = tmp_path / "damaged.zip", tmp_path / "forged.zip"
        with zipfile.ZipFile(tmp_path / "2023.zip") as file:
            texts = {name: file.read(name) for name in file.namelist()}
        texts["events.jsonl"] = texts["events.jsonl"].replace(b"urn:x:2023", b"urn:x:2024")
        _write(damaged, texts)
        manifest = orjson.loads(texts["manifest.json"])
        manifest["tables"]["events"]["sha256"] = sha256(texts["events.jsonl"]).hexdigest()
        _write(forged, texts | {"manifest.json": orjson.dumps(manifest)})

        with pytest.raises(BackupError, match="not what the manifest says"):
            await attach(filled, damaged, now=NOW)
        with pytest.raises(TreeError, match="urn:x:2024, position 4, is not what was recorded"):
            await attach(filled, forged, now=NOW)

        assert await intact(filled) == [2023]
        await attach(filled, tmp_path / "2023.zip", now=NOW)
        assert await intact(filled) == []

    async def test_is_not_taken_for_a_backup(self, filled: EventStore, tmp_path: Path) -> None:
        """
        Nor a backup for it; each error names the command that takes the file.
        """
        await backup(filled, tmp_path / "b.zip", None, now=NOW)
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)

        with pytest.raises(BackupError, match="epcis-repo restore takes it"):
            await attach(filled, tmp_path / "b.zip", now=NOW)
        with pytest.raises(BackupError, match="epcis-repo attach takes it"):
            await restore(filled, tmp_path / "2023.zip", None, now=NOW)


def _write(path: Path, texts: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as file:
        for member, text in texts.items():
            file.writestr(member, text)


class TestRefused:
    async def test_changes_nothing(self, filled: EventStore, tmp_path: Path) -> None:
        """
        A year that is not over, not here or not the oldest, and a file that is there already.
        """
        before = await rows_in(filled)
        (tmp_path / "there.zip").write_text("mine")

        for year, name, error, message in (
            (2026, "a.zip", YearError, "not over"),
            (2027, "a.zip", YearError, "not over"),
            (2024, "a.zip", YearError, "2023 is here: years are archived from the oldest"),
            (2020, "a.zip", YearError, "nothing that partners reported in 2020"),
            (2023, "there.zip", BackupError, "is there already"),
        ):
            with pytest.raises(error, match=message):
                await archive(filled, year, tmp_path / name, None, now=NOW)

        assert await rows_in(filled) == before
        assert [path.name for path in tmp_path.glob("*.zip*")] == ["there.zip"]

    async def test_of_a_year_that_is_away_or_here(self, filled: EventStore, tmp_path: Path) -> None:
        """
        Once is enough; and what goes last comes back first.
        """
        for year in (2023, 2024):
            await archive(filled, year, tmp_path / f"{year}.zip", None, now=NOW)

        with pytest.raises(YearError, match="2023 is archived already"):
            await archive(filled, 2023, tmp_path / "again.zip", None, now=NOW)
        with pytest.raises(YearError, match="2024 is archived, too"):
            await attach(filled, tmp_path / "2023.zip", now=NOW)
        await attach(filled, tmp_path / "2024.zip", now=NOW)
        with pytest.raises(YearError, match="2024 is not archived here"):
            await attach(filled, tmp_path / "2024.zip", now=NOW)

    async def test_of_events_that_were_altered(
        self, filled: EventStore, store_url: str, tmp_path: Path
    ) -> None:
        """
        What is put away for years is what was recorded.
        """
        await alter(store_url, "UPDATE events SET event_id = 'x' WHERE position = 2")

        with pytest.raises(TreeError, match="position 2, is not what was recorded"):
            await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)

        assert not list(tmp_path.glob("*.zip"))

    async def test_on_sqlite(self, opened: Opener, tmp_path: Path) -> None:
        """
        It keeps all in one file; the sentence says what would do.
        """
        store = await opened(f"sqlite:///{tmp_path / 'epcis.db'}")
        await prepare(store)
        await fill(store)

        with pytest.raises(YearError, match="only a log on PostgreSQL"):
            await archive(store, 2023, tmp_path / "2023.zip", None, now=NOW)


class TestMeanwhile:
    async def test_captures_and_answers_go_on(self, filled: EventStore, tmp_path: Path) -> None:
        """
        While years go and come, all that is captured is there, and each history is one of before
        or one of after.
        """
        going_on = True
        captured: list[str] = []

        async def write() -> None:
            while going_on:
                epc = f"urn:epc:id:sgtin:030001.0012345.W{len(captured)}"
                await report(filled, observed(1, epc), now=NOW)
                captured.append(epc)

        async def ask() -> set[tuple[int, tuple[int, ...]]]:
            seen = set()
            while going_on:
                story = await story_of(filled, PACK)
                seen.add((len(story.entries), story.archived))
            return seen

        writing, asking = asyncio.create_task(write()), asyncio.create_task(ask())
        for number in range(3):
            await archive(filled, 2023, tmp_path / f"{number}.zip", None, now=NOW)
            await attach(filled, tmp_path / f"{number}.zip", now=NOW)
        going_on = False
        await writing
        seen = await asking

        # A year that went while somebody read is away, even where he had it still; whoever is
        # told that all is there has had all.
        assert all(count == 4 for count, archived in seen if archived == ())
        assert {archived for _, archived in seen} <= {(), (2023,)}
        for epc in captured:
            assert len((await story_of(filled, epc)).entries) == 1
        assert await intact(filled) == []

    async def test_a_long_reading_is_not_broken(
        self, filled: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """
        A backup or a check that is under way has what it began with; who wants to take out a year
        is told to come again, and has changed nothing.
        """
        monkeypatch.setattr(partitions, "_LOCK_ATTEMPTS", 2)
        before = await rows_in(filled)
        async with filled.reading(long=True) as session:
            with pytest.raises(StoreUnavailableError, match="reading for long"):
                await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
            [(count,)] = await session.fetch("SELECT count(*) FROM events")

        assert count == len(before["events"])
        assert await rows_in(filled) == before
        await archive(filled, 2023, tmp_path / "second.zip", None, now=NOW)
        assert await intact(filled) == [2023]


class TestBackup:
    async def test_has_what_is_here(
        self,
        filled: EventStore,
        opened: Opener,
        other_postgres_url: str,
        tmp_path: Path,
        key: LogKey,
    ) -> None:
        """
        A log with a year away is backed up and restored; the year can be attached there, too.
        """
        before = await rows_in(filled)
        await archive(filled, 2023, tmp_path / "2023.zip", key, now=NOW)
        await backup(filled, tmp_path / "b.zip", key, now=NOW)
        target = await opened(other_postgres_url)

        await restore(target, tmp_path / "b.zip", key, now=NOW)

        assert await intact(target, key) == [2023]
        await attach(target, tmp_path / "2023.zip", now=NOW)
        assert await intact(target, key) == []
        assert (await rows_in(target))["event_index"] == before["event_index"]

    async def test_goes_to_postgresql_only(
        self, filled: EventStore, opened: Opener, tmp_path: Path
    ) -> None:
        """
        Nothing could be attached to a SQLite file, nor would it know whose identities are taken.
        """
        await archive(filled, 2023, tmp_path / "2023.zip", None, now=NOW)
        await backup(filled, tmp_path / "b.zip", None, now=NOW)
        target = await opened(f"sqlite:///{tmp_path / 'restored.db'}")

        with pytest.raises(BackupError, match=r"2023 is archived: .* PostgreSQL"):
            await restore(target, tmp_path / "b.zip", None, now=NOW)
