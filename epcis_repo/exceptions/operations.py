"""Opening exceptions, by hand or from findings, deciding on them, getting and listing them."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Any, NamedTuple

from epcis_repo.errors import KeyReusedError, NotFoundError, QueryParameterError
from epcis_repo.exceptions.asked import Asked, Sought
from epcis_repo.exceptions.causes import Cause, causes
from epcis_repo.exceptions.errors import ExceptionTakenError
from epcis_repo.exceptions.events import (
    ExceptionAmended,
    ExceptionCleared,
    ExceptionContained,
    ExceptionDecision,
    ExceptionMoved,
    ExceptionOpened,
)
from epcis_repo.exceptions.kinds import KINDS
from epcis_repo.exceptions.reading import (
    Opened,
    exceptions_named,
    lots_of,
    opened_about,
    opened_as,
    opened_before,
    said_by,
    shown_now,
)
from epcis_repo.exceptions.rules import (
    Decide,
    DecideOnException,
    ExceptionCase,
    Shown,
    deciding,
    due_of,
    names_in,
    no_exception,
    opening,
    raising,
    reviewing,
    shown_by,
)
from epcis_repo.findings import Finding, Findings, Known, findings
from epcis_repo.gs1 import SCHEMES, Identifier, parse_identifier
from epcis_repo.holds import one_hold
from epcis_repo.model.times import utc_text
from epcis_repo.operations.idempotency import IdempotencyKey
from epcis_repo.operations.reach import reach_of
from epcis_repo.projections.lives import Lives
from epcis_repo.projections.lot_story import serials_of
from epcis_repo.projections.story import MOMENT_MAX
from epcis_repo.recorders.decisions import Documents, decide
from epcis_repo.store import EventStore, Reading, log

NOTHING_ELSE = Known()
# The names of exceptions that are opened without one, under a key.
_NAMES = uuid.uuid5(uuid.NAMESPACE_URL, "urn:epcis-repo:exceptions-opened")
# So many are looked at together for a page.
_TOGETHER = 200
_POSITION_MAX = 2**63 - 1
_GONE = "what was found is found no more, in what is known now"


class Became(StrEnum):
    """What became of an exception when findings of its cause were looked for."""

    OPENED = auto()
    AMENDED = auto()
    REOPENED = auto()
    LESSENED = auto()
    RESOLVED = auto()
    UNCHANGED = auto()


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception that findings are of, and what became of it."""

    case: ExceptionCase
    became: Became


class Opening(NamedTuple):
    """An exception that was asked for, and whether it was there `again`: by the same request."""

    case: ExceptionCase
    again: bool


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    """Some exceptions, the newest first; the token asks for those that are older."""

    exceptions: Sequence[ExceptionCase]
    next_page_token: str | None


async def open_exception(
    store: EventStore,
    asked: Asked,
    *,
    key: IdempotencyKey | None = None,
    now: int,
    documents: Documents = (),
) -> Opening:
    """
    Open an exception, and return it; `ExceptionTakenError` when another has its name.

    Under a `key` the same request again opens nothing, and is answered as it was; another raises
    `KeyReusedError`. The `documents` that it rests on are kept in the same transaction.
    """
    exception_class = asked.exception_class or KINDS[asked.kind or ""].exception_class
    opened = ExceptionOpened(
        exception_id=asked.exception_id or _name(key),
        reason=asked.reason,
        by=asked.by,
        documents=[],
        exception_class=exception_class.value,
        kind=asked.kind,
        cause=None,
        things=[*asked.things],
        transactions=[*asked.transactions],
        partner=asked.partner,
        events=[*asked.events],
        findings=[],
        owner=asked.owner,
        due=due_of(exception_class, now) if asked.due is None else utc_text(asked.due),
    )
    opened = _with(opened, documents)
    name, what = opened.exception_id, opening(opened)
    try:
        case = await decide_case(store, name, what, now=now, documents=documents)
    except ExceptionTakenError:
        if key is None:
            raise
        case = (await one_exception(store, name)).as_opened
        said = case.history[0].decision
        # Where nobody says when it is due, that depends on when it was opened.
        if asked.due is None:
            opened = replace(opened, due=utc_text(case.due))
        if said == opened:
            return Opening(case, again=True)
        if asked.exception_id is not None:
            raise
        raise KeyReusedError(key.key) from None
    return Opening(case, again=False)


def _name(key: IdempotencyKey | None) -> str:
    """Return the name of an exception that is given none: under a key always the same."""
    return str(uuid.uuid4() if key is None else uuid.uuid5(_NAMES, key.tag))


async def decide_on(
    store: EventStore,
    decision: ExceptionDecision,
    *,
    now: int,
    version: int | None = None,
    documents: Documents = (),
) -> ExceptionCase:
    """
    Decide on an exception, and return what it is then.

    Raises `NotFoundError` when there is none, or not the hold that it names, `ExceptionStateError`
    for what cannot be decided in its state, and `ExceptionChangedError` when it is no longer of
    `version`, where one is said.
    """
    if isinstance(decision, ExceptionContained):
        await one_hold(store, decision.hold_id)
    what = deciding(_with(decision, documents), version=version, now=now)
    return await decide_case(store, decision.exception_id, what, now=now, documents=documents)


async def decide_case(
    store: EventStore,
    exception_id: str,
    what: Decide,
    *,
    now: int,
    documents: Documents = (),
) -> ExceptionCase:
    """
    Decide on an exception as it is, in one piece, and return what it is then.

    `what` is given the exception, or None where there is none, and returns what is decided; it is
    asked again whenever somebody else was first. It may decide nothing, and raises what keeps it.
    """
    # No exception has such a name, and no database takes it.
    if not exception_id.isprintable():
        raise no_exception(exception_id)
    await decide(
        store,
        lambda: DecideOnException(exception_id, what, now=now),
        now=now,
        documents=documents,
    )
    return await one_exception(store, exception_id)


def _with(decision: ExceptionDecision, documents: Documents) -> Any:
    return replace(decision, documents=[*decision.documents, *(name for name, _, _ in documents)])


async def raise_findings(
    store: EventStore,
    identifiers: Iterable[Identifier],
    *,
    exception_ids: Iterable[str] = (),
    by: str,
    known: Known = NOTHING_ELSE,
    now: int,
) -> list[Raised]:
    """
    Make exceptions of what is not as it should be with things, or with the serials of lots.

    There is one for each cause, opened if it is new. Findings that are new to it are added to it,
    and reopen it where it was over; others change nothing. Of the exceptions that there were about
    these things, and of those that are named, findings that are no more are cleared; the last of
    them resolves it. Where a year is archived nobody can tell, and nothing is cleared.

    So it may be done again at any time, and what was raised stands when it raises what `findings`
    does of one that comes later, or `NotFoundError` for a name. `known` is to be all that is known:
    what was found by more of it would be found no more.
    """
    raised: dict[str, Raised] = {}
    again = {name: await one_exception(store, name) for name in exception_ids}
    for identifier in identifiers:
        # Read before what is found, so that whatever is not found was there, and is no more.
        before = await _found_about(store, identifier)
        try:
            async with aclosing(_found(store, identifier, known=known, now=now)) as pages:
                async for page in pages:
                    for cause in await _causes(store, page.found, page.names):
                        _add(raised, await _raised(store, cause, by=by, now=now))
        except NotFoundError:
            # Nothing is known any more of what was declared in error as a whole.
            if not before:
                raise
        again = {case.exception_id: case for case in before} | again
    for case in again.values():
        looked = await look_again(store, case.exception_id, by=by, known=known, now=now)
        _add(raised, looked)
    return list(raised.values())


def _add(raised: dict[str, Raised], found: Raised) -> None:
    """Add what became of an exception; a cause may go on on a page, and with a thing, after."""
    before = raised.get(found.case.exception_id)
    if before is not None and before.became is not Became.UNCHANGED:
        found = replace(found, became=before.became)
    raised[found.case.exception_id] = found


async def look_again(
    store: EventStore,
    exception_id: str,
    among: Collection[Shown] | None = None,
    *,
    by: str,
    known: Known,
    now: int,
) -> Raised:
    """
    Look again at what an exception's findings show, or have shown: all of it, or what is `among`.

    What is so no more is cleared, and the last of it resolves it; what was cleared and is so again
    comes back, and reopens it. Where a year is archived nobody can tell, and nothing changes.
    """
    case = await one_exception(store, exception_id)
    cleared = shown_by(case.cleared)
    asked = case.shown | cleared if among is None else frozenset(among)
    keys = {key for _, key in asked & (case.shown | cleared)}
    shown = await shown_now(store, case.kind, keys, known=known, now=now)
    if shown is None:
        return Raised(case, Became.UNCHANGED)
    gone, back = asked & case.shown - shown, asked & cleared & shown
    if not gone and not back:
        return Raised(case, Became.UNCHANGED)
    what = reviewing(exception_id, gone=gone, back=back, reason=_GONE, by=by, now=now)
    decided = await decide(store, lambda: DecideOnException(exception_id, what, now=now), now=now)
    return Raised(await one_exception(store, exception_id), became(decided.decided))


async def _found_about(store: EventStore, identifier: Identifier) -> list[ExceptionCase]:
    """Return the exceptions that have findings about a thing, or about a serial of a lot."""
    async with store.reading(long=True) as session:
        until = await log.head(session)
        keys: Collection[str] = [identifier.key]
        if identifier.scheme is SCHEMES["lgtin"]:
            keys = await serials_of(session, identifier, until=until, moment=MOMENT_MAX)
        opened = await opened_about(session, keys, until)
        found = await exceptions_named(session, [name for _, name in opened], until)
    return [case for case in found.values() if case.findings]


async def _found(
    store: EventStore, identifier: Identifier, *, known: Known, now: int
) -> AsyncGenerator[Findings, None]:
    token: str | None = None
    while True:
        page = await findings(store, identifier, now=now, known=known, token=token)
        yield page
        token = page.next_page_token
        if token is None:
            return


async def raise_found(
    store: EventStore, found: Sequence[Finding], names: Mapping[str, str], *, by: str, now: int
) -> None:
    """Make exceptions of findings, likewise; `names` are the EPCs of their things, by key."""
    for cause in await _causes(store, found, names):
        await _raised(store, cause, by=by, now=now)


async def _causes(
    store: EventStore, found: Sequence[Finding], names: Mapping[str, str]
) -> list[Cause]:
    if not found:
        return []
    keys = {key for finding in found for key in finding.keys}
    async with store.reading(long=True) as session:
        said = await said_by(session, {finding.event.event_id for finding in found})
        lots = await lots_of(Lives(session), keys)
    return causes(found, names=names, said=said, lots=lots)


async def _raised(store: EventStore, cause: Cause, *, by: str, now: int) -> Raised:
    opened = ExceptionOpened(
        exception_id=cause.exception_id,
        reason=cause.reason,
        by=by,
        documents=[],
        exception_class=cause.exception_class.value,
        kind=cause.rule.id,
        cause=cause.text,
        things=[],
        transactions=[*cause.transactions],
        partner=cause.partner,
        events=[],
        findings=[*cause.findings],
        owner=None,
        due=due_of(cause.exception_class, now),
    )
    decided = await decide(
        store,
        lambda: DecideOnException(opened.exception_id, raising(opened, now=now), now=now),
        now=now,
    )
    case = await one_exception(store, opened.exception_id)
    return Raised(case, became(decided.decided))


def became(decided: Sequence[ExceptionDecision]) -> Became:
    """Return what these decisions made of an exception."""
    match decided:
        case [ExceptionOpened(), *_]:
            return Became.OPENED
        case [ExceptionMoved(), *_]:
            return Became.REOPENED
        case [ExceptionAmended(), *_]:
            return Became.AMENDED
        case [ExceptionCleared(), ExceptionMoved()]:
            return Became.RESOLVED
        case [ExceptionCleared()]:
            return Became.LESSENED
    return Became.UNCHANGED


async def one_exception(
    store: EventStore, exception_id: str, *, known_at: int | None = None
) -> ExceptionCase:
    """Return an exception, as was known at `known_at`; `NotFoundError` when there was none."""
    if not exception_id.isprintable():
        raise no_exception(exception_id)
    async with store.reading() as session:
        until = await _until(session, known_at)
        found = await exceptions_named(session, [exception_id], until)
    if exception_id not in found:
        raise no_exception(exception_id)
    return found[exception_id]


async def exceptions(
    store: EventStore,
    sought: Sought,
    *,
    per_page: int,
    token: str | None = None,
    as_of: int | None = None,
    known_at: int | None = None,
    now: int,
) -> ExceptionPage:
    """
    Return a page of the exceptions that are sought, as was known at `known_at`.

    Whether they are overdue is asked of that moment, too. What the thing that they are about is in,
    or has in it, is asked as of a moment by itself.
    """
    before = _before(token)
    moment = now if known_at is None else known_at
    # One more than is shown tells whether there is a next page.
    shown: list[tuple[int, ExceptionCase]] = []
    async with store.reading(long=True) as session:
        until = await _until(session, known_at)
        among = await _among(session, sought, until=until, moment=now if as_of is None else as_of)
        async with aclosing(_opened(session, among, before, until)) as pages:
            async for opened in pages:
                found = await exceptions_named(session, [name for _, name in opened], until)
                shown += [
                    (at, found[name]) for at, name in opened if fits(found[name], sought, moment)
                ]
                if len(shown) > per_page:
                    break
    page = shown[:per_page]
    more = len(shown) > per_page
    return ExceptionPage([case for _, case in page], str(page[-1][0]) if more else None)


async def _among(
    session: Reading, sought: Sought, *, until: int, moment: int
) -> Sequence[Opened] | None:
    """Return among which exceptions those are that are sought, the newest first; None for all."""
    if sought.key is not None:
        thing = parse_identifier(sought.key)
        reached = await reach_of(session, thing, until=until, moment=moment)
        return await opened_about(session, reached, until)
    if sought.thread is not None:
        return await opened_as(session, names_in(sought.thread), until)
    return None


async def _opened(
    session: Reading, among: Sequence[Opened] | None, before: int, until: int
) -> AsyncGenerator[Sequence[Opened], None]:
    """Yield which exceptions were opened before a position, the newest first, some at a time."""
    if among is not None:
        left = [opened for opened in among if opened[0] < before]
        for first in range(0, len(left), _TOGETHER):
            yield left[first : first + _TOGETHER]
        return
    position = min(before, until + 1)
    while opened := await opened_before(session, position, limit=_TOGETHER):
        yield opened
        position = opened[-1][0]


def fits(case: ExceptionCase, sought: Sought, moment: int) -> bool:
    """Whether an exception is what is sought, but for the thing that it is about."""
    alike: Mapping[str, Any] = {
        "state": sought.state,
        "exception_class": sought.exception_class,
        "kind": sought.kind,
        "owner": sought.owner,
        "partner": sought.partner,
    }
    is_alike = all(value is None or getattr(case, name) == value for name, value in alike.items())
    return is_alike and sought.overdue in (None, case.is_overdue(moment))


async def _until(session: Reading, known_at: int | None) -> int:
    return await (log.head(session) if known_at is None else log.head_at(session, known_at))


def _before(token: str | None) -> int:
    if token is None:
        return _POSITION_MAX
    if not (token.isascii() and token.isdecimal() and int(token[:20]) <= _POSITION_MAX):
        expected = "the token of the page before"
        raise QueryParameterError("nextPageToken", expected=expected, found=token)
    return int(token)
