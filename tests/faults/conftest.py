"""What every test of a fault may ask for, and the table of what was found."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest
from rich.console import Console
from rich.table import Table

from tests.faults.cluster import Cluster, running_cluster
from tests.faults.forking import Fork, forking
from tests.faults.trial import FULL, SEED, Row, Trial

_ROWS = pytest.StashKey[list[Row]]()


@pytest.fixture
def trial(request: pytest.FixtureRequest) -> Trial:
    """How much of a fault this test does, and by which chances."""
    return Trial(request.node.nodeid, request.config.stash.setdefault(_ROWS, []))


@pytest.fixture(scope="session")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fork]:
    """What starts processes that are killed."""
    with forking(tmp_path_factory.mktemp("fork")) as fork:
        yield fork


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that waits for the disk, as in production, and may be killed."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster_url(cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database in that cluster."""
    with cluster.server.database() as url:
        yield url


@pytest.fixture(params=["sqlite_url", "cluster_url"], ids=["sqlite", "postgresql"])
def durable_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database that keeps what it has committed, of each kind."""
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Say beside a failure how it is had again."""
    report = yield
    trial = getattr(item, "funcargs", {}).get("trial")
    if report.failed and isinstance(trial, Trial):
        report.sections.append(("once more", trial.replay))
    return report


def pytest_terminal_summary(config: pytest.Config) -> None:
    """Print what was done of each fault, and what was found."""
    rows = config.stash.get(_ROWS, [])
    if not FULL or not rows:
        return
    table = Table(title=f"Faults, seed {SEED}", box=None, title_justify="left")
    for header in ("", "fault", "done", "found", "seconds"):
        table.add_column(header, justify="right" if header == "seconds" else "left")
    for row in sorted(rows, key=lambda row: (int(row.fault[1:]), row.what)):
        table.add_row(row.fault, row.what, row.done, row.found, f"{row.seconds:.0f}")
    Console(width=160).print(table)
