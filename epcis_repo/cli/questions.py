"""
The table of what a repository can be asked: of each question how a store that is opened here
answers, and how a server does. A command asks, and does not know which of them it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import IO, Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

import orjson

from epcis_repo.bindings import RENDERERS
from epcis_repo.cli.running import log_key, now, opened
from epcis_repo.client import Captured, Client, Listed, connect, error_of
from epcis_repo.evidence.operations import checkpoint, proof
from epcis_repo.exceptions import (
    decide_on,
    exception_asked,
    exception_decision_asked,
    exception_value,
    exceptions,
    exceptions_value,
    findings_asked,
    one_exception,
    open_exception,
    raise_findings,
    raised_value,
    sought_asked,
)
from epcis_repo.exceptions.pdg import (
    message_about,
    messages_about,
    messages_value,
    take_message,
    write_message_about,
)
from epcis_repo.findings import findings, findings_value
from epcis_repo.gs1 import Identifier
from epcis_repo.holds import (
    every_hold,
    hold_asked,
    holds,
    holds_reaching,
    holds_value,
    known_holds,
    one_hold,
    place_hold,
    recall,
    recall_value,
    release_asked,
    release_hold,
    unit_value,
    units,
)
from epcis_repo.model.times import utc_text
from epcis_repo.operations.asked import identifier_asked
from epcis_repo.operations.capture import capture
from epcis_repo.operations.conflicts import conflicts
from epcis_repo.operations.contents import contents, contents_value, counts_value, leaves
from epcis_repo.operations.corrections import correction, correction_value
from epcis_repo.operations.custody import custody, custody_value
from epcis_repo.operations.diff import Clock, diff
from epcis_repo.operations.documents import received
from epcis_repo.operations.events import events
from epcis_repo.operations.history import history, history_value
from epcis_repo.operations.idempotency import idempotency_key
from epcis_repo.operations.lineage import lineage, lineage_value
from epcis_repo.operations.master_data import master_data, master_data_value
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.reconciliation import (
    lot_account_value,
    read_scans,
    reconcile_lot,
    reconcile_shipment,
    row_asked,
    shipment_account_value,
    verdict_asked,
)
from epcis_repo.settings import Settings, read_settings
from epcis_repo.store import EventStore
from epcis_repo.subscriptions import Subscribed, deliveries, replay, subscriptions
from epcis_repo.verification import ProductIdentifier, sentence_of, verification_value, verify

P = ParamSpec("P")
T = TypeVar("T")
Value = dict[str, Any]
Moments = Mapping[str, Any]

_PER_PAGE = 1_000


class Here(NamedTuple):
    """A store that is opened here, and what it was opened with."""

    store: EventStore
    settings: Settings


@dataclass(frozen=True, slots=True)
class Question(Generic[P, T]):
    """What is asked in one way of a store that is opened here, in another of a server."""

    here: Callable[Concatenate[Here, P], Awaitable[T]]
    there: Callable[Concatenate[Client, P], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository that can be asked, wherever it is."""

    where: Here | Client

    async def ask(self, question: Question[P, T], *given: P.args, **more: P.kwargs) -> T:
        """Return the answer to a question."""
        if isinstance(self.where, Client):
            return await question.there(self.where, *given, **more)
        return await question.here(self.where, *given, **more)


@dataclass(frozen=True, slots=True)
class At:
    """Where a command asks: a server at an address, else the store that the settings name."""

    db: str | None
    url: str | None

    def run(self, work: Callable[[Repository], Awaitable[T]]) -> T:
        """Open the repository, do the work and close it again."""

        async def working() -> T:
            async with self._reached() as repository:
                return await work(repository)

        return asyncio.run(working())

    def ask(self, question: Question[P, T], *given: P.args, **more: P.kwargs) -> T:
        """Open the repository for one question."""
        return self.run(lambda repository: repository.ask(question, *given, **more))

    def ask_about(
        self,
        question: Question[Concatenate[str, P], T],
        identifier: str,
        *given: P.args,
        **more: P.kwargs,
    ) -> T:
        """Ask about a thing; before anything is opened, whether that is an identifier at all."""
        identifier_asked(identifier)
        return self.ask(question, identifier, *given, **more)

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[Repository]:
        if self.url is not None:
            async with connect(self.url) as client:
                yield Repository(client)
            return
        settings = read_settings(db=self.db)
        async with opened(settings) as store:
            yield Repository(Here(store, settings))


# --- what comes in ---


async def _capture(
    here: Here,
    body: IO[bytes],
    media_type: str,
    *,
    under: str | None,
    behaviour: CaptureErrorBehaviour,
) -> Captured:
    key = None if under is None else idempotency_key(under, endpoint="capture")
    receipt = await capture(
        here.store, body, media_type, now=now(), key=key, capture_error_behaviour=behaviour
    )
    return Captured(receipt.value(), receipt.replayed)


async def _capture_there(
    client: Client,
    body: IO[bytes],
    media_type: str,
    *,
    under: str | None,
    behaviour: CaptureErrorBehaviour,
) -> Captured:
    captured = await client.capture(
        body, media_type, idempotency_key=under, capture_error_behaviour=behaviour
    )
    job = captured.job
    if job["running"]:
        job = await client.ended(job["captureID"])
    if "events" not in job:
        # A long document is refused after it was taken.
        raise error_of(job["errors"][0])
    return Captured(job, captured.replayed)


CAPTURE = Question(_capture, _capture_there)


# --- what goes out ---


async def _events(here: Here, parameters: list[tuple[str, str]]) -> Listed:
    page = await events(here.store, parameters, now=now())
    return Listed(RENDERERS["json-ld"](page.document), page.next_page_token)


async def _events_there(client: Client, parameters: list[tuple[str, str]]) -> Listed:
    return await client.events_page(parameters)


EVENTS = Question(_events, _events_there)

Writer = Callable[[bytes], object]


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


# --- what is known of things ---


async def _of_thing(
    operation: Callable[..., Awaitable[Any]],
    value_of: Callable[[Any], Value],
    here: Here,
    identifier: str,
    moments: Moments,
) -> Value:
    return value_of(await operation(here.store, identifier_asked(identifier), **moments))


async def _of_thing_there(
    method: Callable[..., Awaitable[Value]], client: Client, identifier: str, moments: Moments
) -> Value:
    return await method(client, identifier, **_texts(moments))


async def _master_data(here: Here, identifier: str, moments: Moments) -> Value:
    return master_data_value(await master_data(here.store, identifier, **moments))


def _texts(moments: Moments) -> dict[str, str | None]:
    return {name: None if at is None else utc_text(at) for name, at in moments.items()}


AboutThing = Question[[str, Moments], Value]


async def _history(
    here: Here, identifier: str, moments: Moments, *, per_page: int | None, token: str | None
) -> Listed:
    thing = identifier_asked(identifier)
    story = await history(here.store, thing, **moments, per_page=per_page, token=token)
    return Listed(orjson.dumps(history_value(story)), story.next_page_token)


async def _history_there(
    client: Client, identifier: str, moments: Moments, *, per_page: int | None, token: str | None
) -> Listed:
    return await client.history(identifier, **_texts(moments), per_page=per_page, token=token)


HISTORY = Question(_history, _history_there)
CONTENTS: AboutThing = Question(
    partial(_of_thing, contents, contents_value), partial(_of_thing_there, Client.contents)
)
COUNTS: AboutThing = Question(
    partial(_of_thing, contents, counts_value), partial(_of_thing_there, Client.counts)
)
CUSTODY: AboutThing = Question(
    partial(_of_thing, custody, custody_value), partial(_of_thing_there, Client.custody)
)
LINEAGE: AboutThing = Question(
    partial(_of_thing, lineage, lineage_value), partial(_of_thing_there, Client.lineage)
)
MASTER_DATA: AboutThing = Question(_master_data, partial(_of_thing_there, Client.master_data))


async def _leaves(here: Here, identifier: str, moments: Moments, write: Writer) -> None:
    async for epcs in leaves(here.store, identifier_asked(identifier), **moments):
        write("".join(f"{epc}\n" for epc in epcs).encode())


async def _leaves_there(client: Client, identifier: str, moments: Moments, write: Writer) -> None:
    async with aclosing(client.leaves(identifier, **_texts(moments))) as pieces:
        async for piece in pieces:
            write(piece)


LEAVES = Question(_leaves, _leaves_there)


async def _diff(
    here: Here, identifier: str, moments: Moments, before: int, after: int, by: Clock
) -> str:
    thing = identifier_asked(identifier)
    return await diff(here.store, thing, before, after, by=by, **moments)


async def _diff_there(
    client: Client, identifier: str, moments: Moments, before: int, after: int, by: Clock
) -> str:
    clocks = _texts(moments)
    return await client.diff(identifier, utc_text(before), utc_text(after), by=by, **clocks)


DIFF = Question(_diff, _diff_there)


async def _findings(here: Here, identifier: str, moments: Moments, *, token: str | None) -> Listed:
    thing = identifier_asked(identifier)
    known = await known_holds(here.store, known_at=moments["known_at"])
    found = await findings(here.store, thing, now=now(), **moments, known=known, token=token)
    return Listed(orjson.dumps(findings_value(found)), found.next_page_token)


async def _findings_there(
    client: Client, identifier: str, moments: Moments, *, token: str | None
) -> Listed:
    return await client.findings(identifier, **_texts(moments), token=token)


FINDINGS = Question(_findings, _findings_there)


async def _correction(
    here: Here, event_id: str, *, known_at: int | None, token: str | None
) -> Listed:
    found = await correction(here.store, event_id, known_at=known_at, token=token)
    return Listed(orjson.dumps(correction_value(found)), found.next_page_token)


async def _correction_there(
    client: Client, event_id: str, *, known_at: int | None, token: str | None
) -> Listed:
    moment = None if known_at is None else utc_text(known_at)
    return await client.correction(event_id, known_at=moment, token=token)


CORRECTION = Question(_correction, _correction_there)


# --- holds ---


async def _hold(here: Here, asked: Value) -> Value:
    return (await place_hold(here.store, hold_asked(asked), now=now())).value()


async def _hold_there(client: Client, asked: Value) -> Value:
    return await client.place_hold(asked)


HOLD = Question(_hold, _hold_there)


async def _release(here: Here, hold_id: str, asked: Value) -> Value:
    return (await release_hold(here.store, hold_id, release_asked(asked), now=now())).value()


async def _release_there(client: Client, hold_id: str, asked: Value) -> Value:
    return await client.release_hold(hold_id, asked)


RELEASE = Question(_release, _release_there)


async def _holds(here: Here, identifier: str | None, moments: Moments, *, every: bool) -> Value:
    if every:
        return holds_value(await every_hold(here.store, known_at=moments["known_at"]))
    if identifier is None:
        return holds_value(await holds(here.store, **moments, now=now()))
    thing = identifier_asked(identifier)
    return holds_value(await holds_reaching(here.store, thing, **moments, now=now()))


async def _holds_there(
    client: Client, identifier: str | None, moments: Moments, *, every: bool
) -> Value:
    return await client.holds(identifier, every=every, **_texts(moments))


HOLDS = Question(_holds, _holds_there)


async def _recall(here: Here, hold_id: str, moments: Moments) -> Value:
    return recall_value(await recall(here.store, hold_id, **moments, now=now()))


async def _recall_there(client: Client, hold_id: str, moments: Moments) -> Value:
    return await client.recall(hold_id, **_texts(moments))


RECALL = Question(_recall, _recall_there)


async def _recalled(here: Here, hold_id: str, moments: Moments, write: Writer) -> None:
    hold = await one_hold(here.store, hold_id, known_at=moments["known_at"])
    async for some in units(here.store, hold, **moments, now=now()):
        write(b"".join(orjson.dumps(unit_value(unit)) + b"\n" for unit in some))


async def _recalled_there(client: Client, hold_id: str, moments: Moments, write: Writer) -> None:
    async with aclosing(client.recalled_units(hold_id, **_texts(moments))) as pieces:
        async for piece in pieces:
            write(piece)


RECALLED_UNITS = Question(_recalled, _recalled_there)


# --- exceptions ---


async def _open_exception(here: Here, asked: Value) -> Value:
    moment = now()
    case = await open_exception(here.store, exception_asked(asked), now=moment)
    return exception_value(case, now=moment)


async def _open_exception_there(client: Client, asked: Value) -> Value:
    return await client.open_exception(asked)


OPEN_EXCEPTION = Question(_open_exception, _open_exception_there)


async def _decide(here: Here, exception_id: str, asked: Value) -> Value:
    found, moment = exception_decision_asked(exception_id, asked), now()
    case = await decide_on(here.store, found.decision, version=found.version, now=moment)
    return exception_value(case, now=moment)


async def _decide_there(client: Client, exception_id: str, asked: Value) -> Value:
    return await client.decide_on_exception(exception_id, asked)


DECIDE_ON_EXCEPTION = Question(_decide, _decide_there)


async def _raise(here: Here, identifiers: list[str], by: str) -> Value:
    asked, moment = findings_asked({"of": identifiers, "by": by}), now()
    known = await known_holds(here.store)
    raised = await raise_findings(
        here.store, asked.identifiers, by=asked.by, known=known, now=moment
    )
    return raised_value(raised, now=moment)


async def _raise_there(client: Client, identifiers: list[str], by: str) -> Value:
    return await client.raise_findings(identifiers, by=by)


RAISE_EXCEPTIONS = Question(_raise, _raise_there)


async def _exceptions(
    here: Here, sought: dict[str, str], *, known_at: int | None, per_page: int, token: str | None
) -> Listed:
    moment = now()
    page = await exceptions(
        here.store,
        sought_asked(sought),
        per_page=per_page,
        token=token,
        known_at=known_at,
        now=moment,
    )
    value = exceptions_value(page, now=moment if known_at is None else known_at)
    return Listed(orjson.dumps(value), page.next_page_token)


async def _exceptions_there(
    client: Client,
    sought: dict[str, str],
    *,
    known_at: int | None,
    per_page: int,
    token: str | None,
) -> Listed:
    moment = None if known_at is None else utc_text(known_at)
    return await client.exceptions(sought, known_at=moment, per_page=per_page, token=token)


EXCEPTIONS = Question(_exceptions, _exceptions_there)


async def _exception(here: Here, exception_id: str, *, known_at: int | None) -> Value:
    case = await one_exception(here.store, exception_id, known_at=known_at)
    return exception_value(case, now=now() if known_at is None else known_at)


async def _exception_there(client: Client, exception_id: str, *, known_at: int | None) -> Value:
    moment = None if known_at is None else utc_text(known_at)
    return await client.exception(exception_id, known_at=moment)


EXCEPTION = Question(_exception, _exception_there)


async def _take_message(here: Here, body: bytes) -> Value:
    moment = now()
    return exception_value((await take_message(here.store, body, now=moment)).case, now=moment)


async def _take_message_there(client: Client, body: bytes) -> Value:
    return await client.take_message(body)


TAKE_MESSAGE = Question(_take_message, _take_message_there)


async def _write_message(here: Here, exception_id: str, asked: Value) -> bytes:
    return (await write_message_about(here.store, exception_id, asked, now=now())).body


async def _write_message_there(client: Client, exception_id: str, asked: Value) -> bytes:
    return await client.write_message(exception_id, asked)


WRITE_MESSAGE = Question(_write_message, _write_message_there)


async def _messages(here: Here, exception_id: str, *, known_at: int | None) -> Value:
    return messages_value(await messages_about(here.store, exception_id, known_at=known_at))


async def _messages_there(client: Client, exception_id: str, *, known_at: int | None) -> Value:
    moment = None if known_at is None else utc_text(known_at)
    return await client.messages(exception_id, known_at=moment)


MESSAGES = Question(_messages, _messages_there)


async def _message(here: Here, exception_id: str, message_uuid: str) -> bytes:
    return await message_about(here.store, exception_id, message_uuid)


async def _message_there(client: Client, exception_id: str, message_uuid: str) -> bytes:
    return await client.message(exception_id, message_uuid)


MESSAGE = Question(_message, _message_there)


# --- verification ---


async def _lot_account(
    here: Here,
    lot: Identifier,
    moments: Moments,
    *,
    row: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    account = await reconcile_lot(
        here.store, lot, **moments, row=row_asked(row), per_page=per_page, token=token
    )
    return Listed(orjson.dumps(lot_account_value(account)), account.next_page_token)


async def _lot_account_there(
    client: Client,
    lot: Identifier,
    moments: Moments,
    *,
    row: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    gtin, number = lot.value, lot.serial or ""
    return await client.lot_account(
        gtin, number, row=row, **_texts(moments), per_page=per_page, token=token
    )


LOT_ACCOUNT = Question(_lot_account, _lot_account_there)


async def _shipment_account(
    here: Here,
    shipment: str,
    moments: Moments,
    *,
    scans: Sequence[str] | None,
    only: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    account = await reconcile_shipment(
        here.store,
        shipment,
        scans=None if scans is None else read_scans(scans),
        **moments,
        only=verdict_asked(only),
        per_page=per_page,
        token=token,
    )
    return Listed(orjson.dumps(shipment_account_value(account)), account.next_page_token)


async def _shipment_account_there(
    client: Client,
    shipment: str,
    moments: Moments,
    *,
    scans: Sequence[str] | None,
    only: str | None,
    per_page: int,
    token: str | None,
) -> Listed:
    clocks = _texts(moments)
    return await client.shipment_account(
        shipment, scans=scans, only=only, **clocks, per_page=per_page, token=token
    )


SHIPMENT_ACCOUNT = Question(_shipment_account, _shipment_account_there)


class Verified(NamedTuple):
    """What is answered to a verification request, and the same in a sentence."""

    value: Value
    sentence: str


async def _verify(here: Here, product: ProductIdentifier) -> Verified:
    verdict = await verify(here.store, product, today=datetime.now(UTC).date())
    value = verification_value(verdict, now=now(), gln=here.settings.gln, corr_uuid=None)
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


# --- subscribers ---


async def _subscriptions(here: Here) -> list[Value]:
    found: list[Subscribed] = []
    page = await subscriptions(here.store, None, per_page=_PER_PAGE)
    found += page.subscriptions
    while (token := page.next_page_token) is not None:
        page = await subscriptions(here.store, None, per_page=_PER_PAGE, token=token)
        found += page.subscriptions
    return [{"queryName": one.subscription.query_name, **one.value()} for one in found]


async def _subscriptions_there(client: Client) -> list[Value]:
    found = [
        {"queryName": query["name"], **subscription}
        async for query in client.queries()
        async for subscription in client.subscriptions(query["name"])
    ]
    return sorted(found, key=lambda subscription: str(subscription["createdAt"]))


SUBSCRIPTIONS = Question(_subscriptions, _subscriptions_there)
DELIVERIES: Question[[], list[Value]] = Question(
    lambda here: deliveries(here.store), Client.deliveries
)


async def _replay(here: Here, delivery_id: str) -> None:
    await replay(here.store, delivery_id, now=now())


async def _replay_there(client: Client, delivery_id: str) -> None:
    await client.replay(delivery_id)


REPLAY = Question(_replay, _replay_there)


# --- evidence ---


async def _proof(here: Here, event_id: str) -> bytes:
    return await proof(here.store, log_key(here.settings), event_id)


async def _proof_there(client: Client, event_id: str) -> bytes:
    return await client.proof(event_id)


CHECKPOINT: Question[[], bytes] = Question(
    lambda here: checkpoint(here.store, log_key(here.settings)), Client.checkpoint
)
PROOF = Question(_proof, _proof_there)
