"""What tests over HTTP may ask for."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.rest.serving import serving


@pytest.fixture
def client(store_url: str) -> Iterator[TestClient]:
    """A client of the application with a fresh store, of each kind."""
    with serving(store_url) as client:
        yield client


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client that the tests of a module share, for questions that change nothing."""
    with serving(f"sqlite:///{tmp_path_factory.mktemp('quick') / 'epcis.db'}") as client:
        yield client
