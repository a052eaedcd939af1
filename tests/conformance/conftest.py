"""What tests of conformance may ask for."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from tests.rest.serving import serving


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A repository that the tests of a module share: each has eventIDs and things of its own."""
    with serving(f"sqlite:///{tmp_path_factory.mktemp('house') / 'epcis.db'}") as client:
        yield client
