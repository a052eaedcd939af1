"""Things are named as their sender names them."""

from contextlib import suppress

import pytest

from epcis_repo.errors import IdentifierError
from epcis_repo.gs1 import canonical_key
from epcis_repo.operations.naming import epc_of, names_of
from epcis_repo.store import EventStore
from tests.operations.reports import observed, report, story_of


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("urn:epc:id:sgtin:030001.0012345.1.2", id="a serial with a dot"),
        pytest.param("urn:epc:id:sgtin:03000100.12345.1", id="a longer company prefix"),
        pytest.param("urn:epc:id:sscc:0614141.1234567890", id="a container"),
        pytest.param("urn:epc:id:gsrnp:0614141.1234567890", id="a long scheme"),
        pytest.param("urn:epc:id:bic:CSQU3054383", id="no company prefix"),
        pytest.param("https://example.org/a.b", id="a private URI"),
    ],
)
async def test_with_the_company_prefix_that_the_sender_has(store: EventStore, text: str) -> None:
    """
    An EPC URN is parted where its sender parts it, also beside others that are parted elsewhere.

    No company prefix of GS1 is the beginning of another, so one of them at most fits.
    """
    others = ["urn:epc:id:sgtin:030009.0999999.1", "urn:epc:id:sgtin:061415099.0999.1"]
    await report(store, observed(1, *others, text))

    story = await story_of(store, text)

    assert story.names[canonical_key(text)] == text


async def test_by_the_table_of_gs1_where_the_sender_does_not_say(store: EventStore) -> None:
    """
    What came as a Digital Link is named by the published length of its company prefix.
    """
    await report(store, observed(1, "https://id.gs1.org/01/00300010123455/21/1"))

    story = await story_of(store, "(01)00300010123455(21)1")

    assert story.names["01/00300010123455/21/1"].startswith("urn:epc:id:sgtin:03")


@pytest.mark.parametrize(
    "head",
    [
        "urn:epc:id:sgtin:030001.0012345.",
        "urn:epc:id:sscc:0614141.1",
        "urn:epc:id:grai:0614141.12345.",
        "urn:epc:id:giai:0614141.",
        "urn:epc:class:lgtin:030001.0012345.",
        "urn:epc:id:sgln:0614141.12345.",
        "https://id.gs1.org/01/00300010123455/21/",
        "https://id.gs1.org/8010/061414112345/8011/",
    ],
)
@pytest.mark.parametrize("prefixes", ["030001 0614141", ""])
def test_alike_whether_alone_or_with_others(head: str, prefixes: str) -> None:
    """
    A thousand serials of a class have the names that each has by itself, whatever is in them.
    """
    serials = ["123456789", "234567890", "00012", "0A1b", "A%2F1", "a-b", "1.2", "x", "%2B"]
    keys = []
    for serial in serials:
        with suppress(IdentifierError):
            keys.append(canonical_key(head + serial))

    assert len(keys) > 1
    assert names_of(dict.fromkeys(keys, prefixes)) == {key: epc_of(key, prefixes) for key in keys}
