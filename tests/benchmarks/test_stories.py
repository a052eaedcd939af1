"""Every story runs to its end, on every kind of database, as small as can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from benchmarks import hostile
from benchmarks.__main__ import STORELESS, STORIES
from benchmarks.amounts import Amounts
from benchmarks.figures import Figure
from benchmarks.formats import NO_STORE
from benchmarks.places import Place
from tests.rest.hostile_documents import HOSTILE

TINY = Amounts(
    rounds=1,
    units=100,
    events=(10, 20),
    epcs=100,
    small=8,
    clients=(1, 2),
    workers=(2,),
    look_ups=10,
    proofs=2,
    rows=300,
    packs=100,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a story is told: databases of each kind."""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        return Place("PostgreSQL", tmp_path, server.database)
    numbers = count()

    @contextmanager
    def database() -> Iterator[str]:
        yield f"sqlite:///{tmp_path / str(next(numbers))}.db"

    return Place("SQLite", tmp_path, database)


@pytest.mark.parametrize("story", STORIES)
async def test_is_told(story: str, place: Place) -> None:
    """
    A story ends with figures of the store that it was told of, no two of them under one name.
    """
    figures = await STORIES[story](place, TINY)

    assert {figure.store for figure in figures} == {place.name}
    assert_sound(figures)


@pytest.mark.parametrize("story", STORELESS)
def test_is_told_without_a_store(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Where no database has a part, the figures are of none.
    """
    some = {case.media_type: case for case in HOSTILE}
    monkeypatch.setattr(hostile, "HOSTILE", tuple(some.values()))

    figures = STORELESS[story](TINY)

    assert {figure.store for figure in figures} == {NO_STORE}
    assert_sound(figures)


def assert_sound(figures: list[Figure]) -> None:
    assert all(figure.ours >= 0 and (figure.raw is None or figure.raw > 0) for figure in figures)
    assert len({(figure.what, figure.unit) for figure in figures}) == len(figures)
