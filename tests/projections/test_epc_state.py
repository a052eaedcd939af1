"""What the table of states keeps of a name."""

import pytest

from epcis_repo.gs1 import canonical_key
from epcis_repo.projections.epc_state import states_of
from epcis_repo.store import EventStore
from tests.operations.reports import observed, report


@pytest.mark.parametrize(
    ("text", "length"),
    [
        pytest.param("urn:epc:id:sgtin:030001.0012345.1.2", 6, id="a serial with a dot"),
        pytest.param("urn:epc:id:sscc:0614141.1234567890", 7, id="a container"),
        pytest.param("urn:epc:id:gsrnp:0614141.1234567890", 7, id="a long scheme"),
        pytest.param("urn:epc:id:bic:CSQU3054383", None, id="no company prefix"),
        pytest.param("https://id.gs1.org/01/00300010123455/21/1", None, id="a Digital Link"),
        pytest.param("https://example.org/a.b", None, id="a private URI"),
    ],
)
async def test_knows_how_a_name_is_parted(store: EventStore, text: str, length: int | None) -> None:
    """
    The length of the company prefix is that of the sender's URN, where that has one.
    """
    await report(store, observed(1, text))

    async with store.reading() as session:
        [state] = (await states_of(session, [canonical_key(text)])).values()

    assert state.company_prefix_length == length
