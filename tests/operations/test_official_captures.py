"""Every official example in a real store: what is recorded of it, and what refuses the others."""

from __future__ import annotations

from dataclasses import replace

import pytest

from epcis_repo.bindings import sniff
from epcis_repo.bindings.jsonld import parse_event
from epcis_repo.errors import ValidationError
from epcis_repo.model.events import EVENT_TYPES
from epcis_repo.operations.capture import capture
from epcis_repo.operations.documents import received
from epcis_repo.store import EventStore
from epcis_repo.store.log import read as read_log
from tests.operations.reports import NOW
from tests.operations.test_official_conversions import EXAMPLES, OTHERS, body_of, read
from tests.shared_data import shared

WITH_DOCTYPE = {
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_1.xml",
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_2.xml",
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_3.xml",
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_4.xml",
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_5.xml",
    "gs1/xml/WithEventHashID/event_with_identical_hash_id_6.xml",
    "gs1/xml/WithFullCombinationOfFields/aggregation_event_all_possible_fields.xml",
    "gs1/xml/WithFullCombinationOfFields/association_event_all_possible_fields.xml",
    "gs1/xml/WithFullCombinationOfFields/masterdata_all_possible_fields.xml",
    "gs1/xml/WithFullCombinationOfFields/object_event_all_possible_fields.xml",
    "gs1/xml/WithFullCombinationOfFields/transaction_event_all_possible_fields.xml",
    "gs1/xml/WithFullCombinationOfFields/transformation_event_all_possible_fields.xml",
}


RULES_OF = dict.fromkeys(WITH_DOCTYPE, "doctype") | {
    path: "duplicate-member" if path.endswith("jsonld") else "document-type" for path in OTHERS
}


@pytest.mark.parametrize("path", EXAMPLES)
async def test_is_recorded_as_it_came(path: str, store: EventStore) -> None:
    """
    The log has each event of an example, equal to what was sent, and the document to the byte.
    """
    body = body_of(path)
    sent = [replace(event, record_time=None) for event in read(body).events or ()]

    receipt = await capture(store, body, sniff(body), now=NOW)

    async with store.reading() as session:
        log = [event async for event in read_log(session)]
    kept = await received(store, receipt.document)
    assert [parse_event(event.data) for event in log if event.type in EVENT_TYPES] == sent
    assert b"".join(kept.pieces()) == body
    kept.close()


@pytest.mark.parametrize("path", sorted({*OTHERS, *WITH_DOCTYPE}))
async def test_is_refused_and_not_recorded(path: str, store: EventStore) -> None:
    """
    What is no document to be read, or has a document type declaration, leaves nothing behind.
    """
    body = shared(path).read_bytes()

    with pytest.raises(ValidationError) as caught:
        await capture(store, body, sniff(body), now=NOW)

    assert caught.value.violations[0].rule == RULES_OF[path]
    async with store.reading() as session:
        assert [event async for event in read_log(session)] == []


def test_no_other_file_has_a_document_type_declaration() -> None:
    """
    The examples that are refused for theirs are those that have one.
    """
    having = {path for path in EXAMPLES if b"<!DOCTYPE" in shared(path).read_bytes()}

    assert having == WITH_DOCTYPE
