"""What partners have said, and whether a product is what it says it is."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import orjson

from epcis_repo.bindings import RENDERERS
from epcis_repo.cli.questions.things import AboutThing, of_thing_there
from epcis_repo.cli.repository import Here, Moments, Question, Value, Writer
from epcis_repo.client import Client, Listed
from epcis_repo.clock import clock
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.documents import received
from epcis_repo.operations.events import events
from epcis_repo.operations.master_data import master_data, master_data_value
from epcis_repo.verification import ProductIdentifier, sentence_of, verification_value, verify


async def _events(here: Here, parameters: list[tuple[str, str]]) -> Listed:
    page = await events(here.store, parameters, now=clock())
    return Listed(RENDERERS["json-ld"](page.document), page.next_page_token)


async def _events_there(client: Client, parameters: list[tuple[str, str]]) -> Listed:
    return await client.events_page(parameters)


EVENTS = Question(_events, _events_there)


async def _document(here: Here, digest: str, write: Writer) -> Value:
    document = await received(here.store, digest)
    try:
        for piece in document.pieces():
            write(piece)
    finally:
        document.close()
    said = {"document": document.digest, "mediaType": document.media_type}
    return said | {"size": document.size}


async def _document_there(client: Client, digest: str, write: Writer) -> Value:
    size = 0
    async with client.document(digest) as answer, aclosing(answer.aiter_bytes()) as pieces:
        async for piece in pieces:
            write(piece)
            size += len(piece)
    said = {"document": digest.lower(), "mediaType": answer.headers["Content-Type"]}
    return said | {"size": size}


DOCUMENT = Question(_document, _document_there)


async def _conflicts(here: Here, *, event_id: str | None, token: str | None) -> Listed:
    page = await conflicts(here.store, event_id=event_id, token=token)
    value = {"conflicts": [found.value() for found in page.conflicts]}
    return Listed(orjson.dumps(value), page.next_page_token)


async def _conflicts_there(client: Client, *, event_id: str | None, token: str | None) -> Listed:
    return await client.conflicts(event_id=event_id, token=token)


CONFLICTS = Question(_conflicts, _conflicts_there)


async def _master_data(here: Here, identifier: str, moments: Moments) -> Value:
    return master_data_value(await master_data(here.store, identifier, **moments))


MASTER_DATA: AboutThing = Question(_master_data, partial(of_thing_there, Client.master_data))


class Verified(NamedTuple):
    """What is answered to a verification request, and the same in a sentence."""

    value: Value
    sentence: str


async def _verify(here: Here, product: ProductIdentifier) -> Verified:
    verdict = await verify(here.store, product, today=datetime.now(UTC).date())
    value = verification_value(verdict, now=clock(), gln=here.settings.gln, corr_uuid=None)
    return Verified(value, verdict.sentence)


async def _verify_there(client: Client, product: ProductIdentifier) -> Verified:
    expiry = f"{product.expiry:%y%m%d}"
    value = await client.verify(
        gtin=product.gtin, serial=product.serial, lot=product.lot, expiry=expiry
    )
    said = value["data"]
    codes = (said.get("verificationFailureReason"), said.get("additionalInfo"))
    return Verified(value, sentence_of(*codes))


VERIFY = Question(_verify, _verify_there)
