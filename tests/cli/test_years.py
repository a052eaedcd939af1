"""Archiving a year and attaching it again at the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from epcis_repo.store import open_store
from epcis_repo.upkeep.versions import prepare
from tests.cli.running import run
from tests.operations.reports import PACK
from tests.rest.serving import must_be_valid, problem, serving
from tests.upkeep.test_years import LATER, fill


@pytest.fixture(autouse=True)
def key_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The operator's key, in a file of this test."""
    path = tmp_path / "log.key"
    monkeypatch.setenv("EPCIS_REPO_KEY", str(path))
    return path


async def make(url: str) -> None:
    """A log of the years 2023 to 2025."""
    store = open_store(url)
    await prepare(store)
    await fill(store)
    await store.close()


@pytest.fixture
def db(postgres_url: str) -> str:
    """A database on PostgreSQL with three years in it."""
    asyncio.run(make(postgres_url))
    return postgres_url


class TestYears:
    def test_go_and_come_back(self, db: str, tmp_path: Path) -> None:
        """
        What was done is said, whoever asks meanwhile is told what is missing, and then all is as
        before.
        """
        file = tmp_path / "2023.zip"
        before = run("history", PACK, "--json", db=db)

        away = run("archive", "2023", str(file), "--json", db=db)
        history = run("history", PACK, db=db)
        check = run("fsck", "--json", db=db)
        words = run("fsck", db=db)
        found = run("attach", str(file), "--json", db=db)

        assert (away.code, away.json["year"]) == (0, 2023)
        must_be_valid(away.json, "year")
        assert "3 events of 2023 are in" in away.err
        assert "not in it: what was recorded in 2023, archived" in history.err
        must_be_valid(check.json, "integrity")
        assert [year["year"] for year in check.json["archived"]] == [2023]
        assert "2023 is archived: 3 events at positions 1 to 4 are not here to check" in words.err
        assert (found.code, found.json) == (0, {"year": 2023, "events": 3})
        assert "3 events of 2023 are here again" in found.err
        assert run("history", PACK, "--json", db=db).json == before.json
        assert "archived" not in run("fsck", db=db).err

    def test_say_what_is_wrong(self, db: str, tmp_path: Path) -> None:
        """
        A year that cannot go, and a file that is none, are wrong input; what is away is not
        available.
        """
        assert run("archive", "2024", str(tmp_path / "a.zip"), db=db).code == 3
        assert run("attach", str(tmp_path / "a.zip"), db=db).code == 3
        run("archive", "2023", str(tmp_path / "2023.zip"), db=db)

        verified = run("verify", "(01)00300010123455(21)A1(10)L1(17)271231", db=db)

        assert verified.code == 6
        assert "epcis-repo attach" in verified.err
        assert run("history", LATER, db=db).code == 0


def test_health_says_which_years_are_away(db: str, tmp_path: Path) -> None:
    """
    Whoever watches the service sees it, while all is well.
    """
    with serving(db) as client:
        assert "archivedYears" not in client.get("/health").json()
        run("archive", "2023", str(tmp_path / "2023.zip"), db=db)
        health = client.get("/health").json()
        verified = client.get("/verify/gtin/00300010123455/lot/L1/ser/A1?exp=271231")

    assert (health["status"], health["archivedYears"]) == ("ok", [2023])
    assert "2023 is archived" in problem(verified, 503)["detail"]
