"""
A repository at an address: what its resources answer, as values and errors of this library.

A value is what the JSON Schema of its resource says. What is listed in pages is iterated over, and
the next page is asked for when the one before has been read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2
import orjson

from epcis_repo.client.errors import ServerUnreachableError, error_of, problem_in
from epcis_repo.client.listening import listen
from epcis_repo.errors import SettingsError
from epcis_repo.gs1.spelling import EpcFormat
from epcis_repo.operations.preparing import CaptureErrorBehaviour
from epcis_repo.rest.gs1_headers import CAPTURE_ERROR_BEHAVIOUR, EPC_FORMAT

Value = dict[str, Any]
Parameters = Iterable[tuple[str, str]]

# A large document is captured before it is answered, unless somebody says otherwise.
_TIMEOUT = httpx2.Timeout(30, read=600)
_PIECE = 1 << 16
# Between two looks at a job.
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Captured:
    """The job of a document; `replayed` says that it is the answer to an earlier request."""

    job: Value
    replayed: bool


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of something: the body as it came, and the token for the page after."""

    body: bytes
    next_page_token: str | None

    @property
    def value(self) -> Any:
        return orjson.loads(self.body)


class Client:
    """What can be asked of a repository; made by `connect`."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def capture(
        self,
        body: bytes | IO[bytes],
        media_type: str,
        *,
        idempotency_key: str | None = None,
        capture_error_behaviour: CaptureErrorBehaviour = CaptureErrorBehaviour.ROLLBACK,
    ) -> Captured:
        """Capture a document and return its job, which still runs if the document is long."""
        headers = {"Content-Type": media_type, CAPTURE_ERROR_BEHAVIOUR: capture_error_behaviour}
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        content = body if isinstance(body, bytes) else _pieces(body)
        answer = await self._answer("POST", "epcis/capture", headers=headers, content=content)
        return Captured(_value(answer), "Idempotent-Replayed" in answer.headers)

    async def capture_event(self, event: Value) -> Value:
        """Record one event, and return it with its eventID."""
        headers = {"Content-Type": "application/json"}
        content = orjson.dumps(event)
        return _value(await self._answer("POST", "epcis/events", headers=headers, content=content))

    async def job(self, capture_id: str) -> Value:
        """Return a capture job."""
        return await self._get(f"epcis/capture/{_segment(capture_id)}")

    async def ended(self, capture_id: str) -> Value:
        """Return a capture job once it has ended."""
        while (job := await self.job(capture_id))["running"]:  # noqa: ASYNC110 - it runs elsewhere
            await asyncio.sleep(_PAUSE_SECONDS)
        return job

    def jobs(self) -> AsyncIterator[Value]:
        """Yield the capture jobs, the newest first."""
        return self._all("epcis/capture", lambda found: found)

    async def events_page(self, parameters: Parameters = (), *, query: str | None = None) -> Listed:
        """Return a page of the events that match, or that a named query finds, as it came."""
        path = "epcis/events" if query is None else f"epcis/queries/{_segment(query)}/events"
        return await self._page(path, parameters)

    def events(
        self, parameters: Parameters = (), *, query: str | None = None
    ) -> AsyncIterator[Value]:
        """Yield the events that match, or that a named query finds."""
        path = "epcis/events" if query is None else f"epcis/queries/{_segment(query)}/events"
        return self._all(path, _events_in, parameters)

    def listen(self, query: str, *, since: str | None = None) -> AsyncIterator[Value]:
        """
        Yield the events that a named query finds as they are captured, until it is deleted.

        Each comes once, also when the server is restarted meanwhile. Who is restarted himself
        gives as `since` the recordTime of the last one that he knows, and gets those of that
        moment again.
        """
        return listen(str(self._http.base_url), query, since)

    async def event(self, event_id: str) -> list[Value]:
        """Return an event, and the declarations that it was in error."""
        return _events_in(await self._get(f"epcis/events/{_segment(event_id)}"))

    async def history(
        self,
        identifier: str,
        *,
        as_of: str | None = None,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return the life of a thing, `as_of` a moment and as `known_at` another: a page of it."""
        asked = _given({"as_of": as_of, "known_at": known_at, **_paged(per_page, token)})
        return await self._page(f"history/{_segment(identifier)}", asked)

    async def contents(self, identifier: str, **clocks: str | None) -> Value:
        """Return what is in a container, likewise."""
        return await self._get(f"contents/{_segment(identifier)}", _given(clocks))

    async def counts(self, identifier: str, **clocks: str | None) -> Value:
        """Return how much of what is in a container, likewise."""
        return await self._get(f"counts/{_segment(identifier)}", _given(clocks))

    async def leaves(self, identifier: str, **clocks: str | None) -> AsyncGenerator[bytes, None]:
        """Yield, likewise, whatever has nothing in it itself: lines, in pieces as they come."""
        asked = [*_given(clocks)]
        async with self._sent("GET", f"leaves/{_segment(identifier)}", params=asked) as answer:
            async for piece in answer.aiter_bytes():
                yield piece

    async def diff(
        self, identifier: str, before: str, after: str, *, by: str, **clocks: str | None
    ) -> str:
        """Return how a history differs between two moments of the clock `by`, as text."""
        asked = [("from", before), ("to", after), ("by", by), *_given(clocks)]
        path = f"diff/{_segment(identifier)}"
        return (await self._answer("GET", path, params=asked)).text

    async def custody(self, identifier: str, **clocks: str | None) -> Value:
        """Return who owned a thing, who had it and where it was, likewise."""
        return await self._get(f"custody/{_segment(identifier)}", _given(clocks))

    async def lineage(self, identifier: str, **clocks: str | None) -> Value:
        """Return what a thing was made of, and what was made of it, likewise."""
        return await self._get(f"lineage/{_segment(identifier)}", _given(clocks))

    async def findings(
        self,
        identifier: str,
        *,
        as_of: str | None = None,
        known_at: str | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return what is not as it should be with a thing or a lot, likewise: a page of it."""
        asked = _given({"as_of": as_of, "known_at": known_at, "nextPageToken": token})
        return await self._page(f"findings/{_segment(identifier)}", asked)

    async def place_hold(
        self, asked: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Value:
        """Hold or recall a thing, a lot or a container; `asked` is what POST /holds takes."""
        more = None if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return await self._post("holds", asked, more)

    async def release_hold(self, hold_id: str, asked: Mapping[str, Any]) -> Value:
        """Release a hold; `asked` says who does, and why."""
        return await self._post(f"holds/{_segment(hold_id)}/release", asked)

    async def holds(
        self,
        identifier: str | None = None,
        *,
        every: bool = False,
        as_of: str | None = None,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return a page of the holds that last, that reach a thing, or that ever were."""
        asked = {"id": identifier, "all": "true" if every else None}
        clocks = {"as_of": as_of, "known_at": known_at}
        return await self._page("holds", _given({**asked, **clocks, **_paged(per_page, token)}))

    async def hold(self, hold_id: str, *, known_at: str | None = None) -> Value:
        """Return a hold."""
        return await self._get(f"holds/{_segment(hold_id)}", _given({"known_at": known_at}))

    async def recall(self, hold_id: str, **clocks: str | None) -> Value:
        """Return how much a recall or hold is on, by who has it and in which state."""
        return await self._get(f"recalls/{_segment(hold_id)}", _given(clocks))

    async def recalled_units(
        self, hold_id: str, **clocks: str | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield, likewise, where each thing is: lines of JSON, in pieces as they come."""
        asked, path = [*_given(clocks)], f"recalls/{_segment(hold_id)}/units"
        async with self._sent("GET", path, params=asked) as answer:
            async for piece in answer.aiter_bytes():
                yield piece

    async def open_exception(
        self, asked: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> Value:
        """Open an exception; `asked` is what POST /exceptions takes."""
        more = None if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return await self._post("exceptions", asked, more)

    async def decide_on_exception(self, exception_id: str, asked: Mapping[str, Any]) -> Value:
        """Decide on an exception; `asked` says what, who does, and why."""
        return await self._post(f"exceptions/{_segment(exception_id)}/decisions", asked)

    async def raise_findings(
        self, identifiers: Iterable[str] = (), *, exceptions: Iterable[str] = (), by: str
    ) -> Value:
        """
        Make exceptions of what is not as it should be with things or lots.

        Of these, and of the `exceptions`, what is found no more is cleared.
        """
        asked = {"of": [*identifiers], "exceptions": [*exceptions]}
        said = {name: listed for name, listed in asked.items() if listed}
        return await self._post("exceptions/findings", {**said, "by": by})

    async def exceptions(
        self,
        sought: Mapping[str, str],
        *,
        as_of: str | None = None,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return a page of the exceptions that are sought, by the parameters of GET /exceptions."""
        clocks = {"as_of": as_of, "known_at": known_at}
        asked = _given({**sought, **clocks, **_paged(per_page, token)})
        return await self._page("exceptions", asked)

    async def exception(self, exception_id: str, *, known_at: str | None = None) -> Value:
        """Return an exception, with all that was decided on it."""
        path = f"exceptions/{_segment(exception_id)}"
        return await self._get(path, _given({"known_at": known_at}))

    async def take_message(self, body: bytes) -> Value:
        """Take a partner's message about an exception, and return that."""
        headers = {"Content-Type": "application/json"}
        path = "exceptions/messages"
        return _value(await self._answer("POST", path, headers=headers, content=body))

    async def write_message(self, exception_id: str, asked: Mapping[str, Any]) -> bytes:
        """Have a message about an exception written, and return its bytes."""
        path = f"exceptions/{_segment(exception_id)}/messages"
        headers = {"Content-Type": "application/json"}
        content = orjson.dumps(asked)
        return (await self._answer("POST", path, headers=headers, content=content)).content

    async def messages(self, exception_id: str, *, known_at: str | None = None) -> Value:
        """Return which messages about an exception were exchanged."""
        path = f"exceptions/{_segment(exception_id)}/messages"
        return await self._get(path, _given({"known_at": known_at}))

    async def message(self, exception_id: str, message_uuid: str) -> bytes:
        """Return a message about an exception as it was sent."""
        path = f"exceptions/{_segment(exception_id)}/messages/{_segment(message_uuid)}"
        return (await self._answer("GET", path)).content

    async def correction(
        self, event_id: str, *, known_at: str | None = None, token: str | None = None
    ) -> Listed:
        """Return a page of what an error declaration means for other events."""
        asked = _given({"known_at": known_at, "nextPageToken": token})
        return await self._page(f"corrections/{_segment(event_id)}", asked)

    async def lot_account(
        self,
        gtin: str,
        lot: str,
        *,
        row: str | None = None,
        as_of: str | None = None,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return the account of a lot, likewise, with a page of the serials of a row."""
        asked = _given(
            {"row": row, "as_of": as_of, "known_at": known_at, **_paged(per_page, token)}
        )
        return await self._page(f"reconciliation/lots/{_segment(gtin)}/{_segment(lot)}", asked)

    async def shipment_account(
        self,
        shipment: str,
        *,
        scans: Sequence[str] | None = None,
        only: str | None = None,
        as_of: str | None = None,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return what became of a shipment, likewise, and of what was scanned; a page of it."""
        asked = _given(
            {"only": only, "as_of": as_of, "known_at": known_at, **_paged(per_page, token)}
        )
        path = f"reconciliation/shipments/{_segment(shipment)}"
        if scans is None:
            return await self._page(path, asked)
        headers, content = {"Content-Type": "application/json"}, orjson.dumps(scans)
        answer = await self._answer("POST", path, params=[*asked], headers=headers, content=content)
        return Listed(answer.content, _token_in(answer))

    async def master_data(self, identifier: str, **clocks: str | None) -> Value:
        """Return what is known of a product, place or party, likewise."""
        return await self._get(f"masterdata/{_segment(identifier)}", _given(clocks))

    async def verify(self, *, gtin: str, serial: str, lot: str, expiry: str) -> Value:
        """Return the verdict on a product identifier; `expiry` is YYMMDD."""
        path = "verify/gtin/{}/lot/{}/ser/{}".format(*map(_segment, (gtin, lot, serial)))
        return await self._get(path, [("exp", expiry)])

    async def conflicts(self, *, event_id: str | None = None, token: str | None = None) -> Listed:
        """Return a page of the eventIDs that came again with other content."""
        return await self._page("conflicts", _given({"eventID": event_id, "nextPageToken": token}))

    @asynccontextmanager
    async def document(self, digest: str) -> AsyncIterator[httpx2.Response]:
        """Give the answer from which a document, as it was received, is yet to be read."""
        async with self._sent("GET", f"documents/{_segment(digest)}") as answer:
            yield answer

    async def rules(self, *, known_at: str | None = None) -> list[Value]:
        """Return the rules that documents are checked against, and those about things."""
        found = await self._get("rules", _given({"known_at": known_at}))
        rules: list[Value] = found["rules"]
        return rules

    async def set_reaction(self, rule: str, asked: Mapping[str, Any]) -> Value:
        """Set what becomes of what breaks a rule; `asked` is what POST …/reactions takes."""
        return await self._post(f"rules/{_segment(rule)}/reactions", asked)

    async def reactions(self, rule: str, *, known_at: str | None = None) -> Value:
        """Return what becomes of what breaks a rule."""
        asked = _given({"known_at": known_at})
        return await self._get(f"rules/{_segment(rule)}/reactions", asked)

    async def findings_made(
        self,
        sought: Mapping[str, str],
        *,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return a page of what was found at captures, by the parameters of GET /findings."""
        asked = _given({**sought, "known_at": known_at, **_paged(per_page, token)})
        return await self._page("findings", asked)

    async def quarantine(
        self, *, every: bool = False, per_page: int | None = None, token: str | None = None
    ) -> Listed:
        """Return a page of what was kept aside and waits, or of all that ever was."""
        asked = {"all": "true" if every else None, **_paged(per_page, token)}
        return await self._page("quarantine", _given(asked))

    async def quarantined(self, capture_id: str) -> Value:
        """Return what a capture has kept aside."""
        return await self._get(f"quarantine/{_segment(capture_id)}")

    async def release_quarantine(self, capture_id: str, asked: Mapping[str, Any]) -> Value:
        """Have captured what was kept aside; `asked` says who does, and why."""
        return await self._post(f"quarantine/{_segment(capture_id)}/release", asked)

    async def dismiss_quarantine(self, capture_id: str, asked: Mapping[str, Any]) -> Value:
        """Decide that what was kept aside is not to be captured, likewise."""
        return await self._post(f"quarantine/{_segment(capture_id)}/dismiss", asked)

    async def allocate(self, asked: Mapping[str, Any]) -> Value:
        """Allocate serials of a product; `asked` is what POST /allocations takes."""
        return await self._post("allocations", asked)

    async def allocations(
        self,
        gtin: str | None = None,
        *,
        known_at: str | None = None,
        per_page: int | None = None,
        token: str | None = None,
    ) -> Listed:
        """Return a page of the allocations that were made, all or those of a product."""
        asked = {"gtin": gtin, "known_at": known_at, **_paged(per_page, token)}
        return await self._page("allocations", _given(asked))

    async def allocation(self, allocation_id: str) -> Value:
        """Return an allocation."""
        return await self._get(f"allocations/{_segment(allocation_id)}")

    async def withdraw_allocation(self, allocation_id: str, asked: Mapping[str, Any]) -> Value:
        """Have an allocation count no more; `asked` says who does, and why."""
        return await self._post(f"allocations/{_segment(allocation_id)}/withdraw", asked)

    async def create_query(self, name: str, query: Mapping[str, Any]) -> Value:
        """Give a name to a query."""
        return await self._post("epcis/queries", {"name": name, "query": query})

    def queries(self) -> AsyncIterator[Value]:
        """Yield the named queries, in order of their names."""
        return self._all("epcis/queries", lambda found: found)

    async def query(self, name: str) -> Value:
        """Return a named query."""
        return await self._get(f"epcis/queries/{_segment(name)}")

    async def delete_query(self, name: str) -> None:
        """Delete a named query."""
        await self._answer("DELETE", f"epcis/queries/{_segment(name)}")

    async def subscribe(self, query: str, asked: Mapping[str, Any]) -> Value:
        """Subscribe to a named query."""
        return await self._post(f"epcis/queries/{_segment(query)}/subscriptions", asked)

    def subscriptions(self, query: str) -> AsyncIterator[Value]:
        """Yield the subscriptions to a named query, in order of their creation."""
        return self._all(f"epcis/queries/{_segment(query)}/subscriptions", lambda found: found)

    async def unsubscribe(self, query: str, subscription_id: str) -> None:
        """End a subscription."""
        path = f"epcis/queries/{_segment(query)}/subscriptions/{_segment(subscription_id)}"
        await self._answer("DELETE", path)

    def deliveries(self) -> AsyncIterator[Value]:
        """Yield what is on its way to subscribers, and what was given up."""
        return self._all("deliveries", lambda found: found["deliveries"])

    async def replay(self, delivery_id: str) -> None:
        """Have a delivery that was given up attempted once more."""
        await self._answer("POST", f"deliveries/{_segment(delivery_id)}/replay")

    async def checkpoint(self) -> bytes:
        """Return the signed checkpoint of the log."""
        return (await self._answer("GET", "checkpoint")).content

    async def key(self) -> bytes:
        """Return the key that the log says is its own."""
        return (await self._answer("GET", "key")).content

    async def proof(self, event_id: str) -> bytes:
        """Return the proof that an event is in the log."""
        return (await self._answer("GET", f"proof/{_segment(event_id)}")).content

    async def health(self) -> Value:
        """Return whether the repository is well."""
        return await self._get("health")

    async def _get(self, path: str, parameters: Parameters = ()) -> Value:
        return _value(await self._answer("GET", path, params=[*parameters]))

    async def _post(
        self, path: str, value: Mapping[str, Any], more: Mapping[str, str] | None = None
    ) -> Value:
        headers = {"Content-Type": "application/json", **(more or {})}
        content = orjson.dumps(value)
        return _value(await self._answer("POST", path, headers=headers, content=content))

    async def _page(self, path: str, parameters: Parameters = ()) -> Listed:
        answer = await self._answer("GET", path, params=[*parameters])
        return Listed(answer.content, _token_in(answer))

    async def _all(
        self, path: str, members: Any, parameters: Parameters = ()
    ) -> AsyncIterator[Value]:
        asked = [*parameters]
        while True:
            page = await self._page(path, asked)
            for member in members(page.value):
                yield member
            if page.next_page_token is None:
                return
            asked = [pair for pair in asked if pair[0] != "nextPageToken"]
            asked.append(("nextPageToken", page.next_page_token))

    async def _answer(self, method: str, path: str, **sent: Any) -> httpx2.Response:
        async with self._sent(method, path, **sent) as answer:
            await answer.aread()
        return answer

    @asynccontextmanager
    async def _sent(self, method: str, path: str, **sent: Any) -> AsyncIterator[httpx2.Response]:
        """Give an answer that is yet to be read; an error where it is a problem document."""
        try:
            async with self._http.stream(method, path, **sent) as answer:
                if not answer.is_success:
                    body = await answer.aread()
                    raise error_of(problem_in(str(answer.url), answer.status_code, body))
                yield answer
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            reason = str(error) or type(error).__name__
            raise ServerUnreachableError(
                f"no answer from {self._http.base_url} ({reason})"
            ) from error


@asynccontextmanager
async def connect(url: str) -> AsyncIterator[Client]:
    """Open the way to the repository at `url`, such as `https://epcis.example`."""
    try:
        scheme, host = httpx2.URL(url).scheme, httpx2.URL(url).host
    except httpx2.InvalidURL as error:
        raise SettingsError(f"{url!r} is no address ({error})") from error
    if scheme not in ("http", "https") or not host:
        raise SettingsError(
            f"{url!r} is no address of a repository: give one such as https://epcis.example"
        )
    # What is asked for is what was captured, as it is from a store.
    headers = {"Accept": "application/json, */*;q=0.5", EPC_FORMAT: EpcFormat.NEVER_TRANSLATES}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT) as http:
        yield Client(http)


def _segment(text: str) -> str:
    return quote(text, safe="")


def _paged(per_page: int | None, token: str | None) -> dict[str, str | None]:
    return {"perPage": None if per_page is None else str(per_page), "nextPageToken": token}


def _given(parameters: Mapping[str, str | None]) -> Parameters:
    return [(name, text) for name, text in parameters.items() if text is not None]


def _value(answer: httpx2.Response) -> Value:
    try:
        value: Value = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        raise ServerUnreachableError(f"{answer.url} answers with no JSON") from None
    return value


def _events_in(document: Value) -> list[Value]:
    found: list[Value] = document["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return found


def _token_in(answer: httpx2.Response) -> str | None:
    url = answer.links.get("next", {}).get("url")
    return None if url is None else dict(parse_qsl(urlsplit(url).query)).get("nextPageToken")


async def _pieces(file: IO[bytes]) -> AsyncIterator[bytes]:
    file.seek(0)
    while piece := await asyncio.to_thread(file.read, _PIECE):
        yield piece
